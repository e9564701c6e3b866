#!/usr/bin/env python3
"""Writes the sample PDFs beside it: `./make.py` makes all that need nothing but Python, byte for byte the same on each run.

Files by qpdf and pyHanko are made by others.py and committed; README.md says which.
"""

import hashlib
import os
import re
import zlib

import demo
import vector
from writer import ID, Pdf, stream

PAGE = "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 300 300] /Contents 4 0 R /Resources << /Font << /F1 5 0 R >> >> >>"
FONT = "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>"


def body(text, **more):
    """Five objects: catalog, pages, page, content, font. `more` replaces or adds: o1="…"."""
    out = {
        1: "<< /Type /Catalog /Pages 2 0 R >>",
        2: "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        3: PAGE,
        4: stream(f"BT /F1 18 Tf 30 200 Td ({text}) Tj ET".encode()),
        5: FONT,
    }
    out |= {int(key[1:]): value for key, value in more.items()}
    return out


def table(text, eol=b"\n", ident=True, trailer="", version="1.7", size=None, startxref=None, **more):
    pdf = Pdf(version, eol)
    for n, o in sorted(body(text, **more).items()):
        pdf.add(n, o)
    pdf.table(trailer, ident=ident, size=size, startxref=startxref)
    return pdf.data


def packed(text, extends="", **more):
    pdf, objects = Pdf(), body(text, **more)
    pdf.add(4, objects.pop(4))
    pdf.pack(max(objects) + 1, objects, extends)
    pdf.xref_stream(pdf.size)
    return pdf.data


def revised(eol=b"\n"):
    """Four revisions: an object added, freed, its number used again; the catalog rewritten."""
    pdf = Pdf("1.5", eol)
    for n, o in body("Revisions", o6="[(note)]").items():
        pdf.add(n, o)
    at = pdf.table()
    pdf.freed = {0: 65535, 6: 1}
    at = pdf.table(prev=at)
    pdf.add(4, stream(b"BT /F1 18 Tf 30 200 Td (Third revision) Tj ET"))
    pdf.add(6, "[(another note)]", 1)
    at = pdf.table(prev=at)
    pdf.add(1, "<< /Type /Catalog /Pages 2 0 R /Lang (en) /Version /1.7 >>")
    pdf.table(prev=at)
    return pdf.data


def mixed():
    """A table first, then an update with a cross-reference stream: the update's kind is what counts."""
    pdf = Pdf()
    for n, o in body("Table, then stream").items():
        pdf.add(n, o)
    at = pdf.table()
    pdf.add(4, stream(b"BT /F1 18 Tf 30 200 Td (Table, then stream) Tj ET", pack=True))
    pdf.xref_stream(6, prev=at)
    return pdf.data


def hybrid(font=FONT, hidden=5):
    """A table for old viewers, and a stream with one object more. With `hidden` 3 the two readings differ on the page."""
    pdf, objects = Pdf(), body("Hybrid")
    objects.pop(5)
    for n, o in objects.items():
        pdf.add(n, o)
    pdf.pack(6, {5: font} if hidden == 5 else {5: font, 3: PAGE.replace("300 300", "200 200")})
    at = pdf.xref_stream(7, only=(6,))
    pdf.offsets.pop(6), pdf.offsets.pop(7)
    pdf.table(f"/XRefStm {at}")
    return pdf.data


FIELD = ("/Type /Annot /Subtype /Widget /FT /Sig /T (Approval) /F 4 /P 3 0 R /Rect [30 30 130 70]")


def field(more="", text="Existing field", **objects):
    catalog = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R] /SigFlags 1 >> >>"
    page = PAGE.replace("/Contents", "/Annots [6 0 R] /Contents")
    return table(text, **({"o1": catalog, "o3": page, "o6": f"<< {FIELD} {more}>>"} | objects))


def fields(*names):
    """Signature fields of these names, some of them twice."""
    refs = " ".join(f"{6 + i} 0 R" for i in range(len(names)))
    return table("Field names", o1=f"<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [{refs}] >> >>",
                 o3=PAGE.replace("/Contents", f"/Annots [{refs}] /Contents"),
                 **{f"o{6 + i}": f"<< {FIELD.replace('Approval', name)} >>" for i, name in enumerate(names)})


def separate():
    """Field `A.Sig` below a parent, its widget an object of its own, Annots an array of its own, AcroForm indirect."""
    return table("Field and widget apart", o1="<< /Type /Catalog /Pages 2 0 R /AcroForm 6 0 R >>", o3=PAGE.replace("/Contents", "/Annots 10 0 R /Contents"),
                 o6="<< /Fields 11 0 R >>", o7="<< /T (A) /FT /Sig /Kids [8 0 R] >>", o8="<< /T (Sig) /Parent 7 0 R /Kids [9 0 R] >>",
                 o9="<< /Type /Annot /Subtype /Widget /Parent 8 0 R /F 4 /P 3 0 R /Rect [30 30 130 70] >>", o10="[9 0 R]", o11="[7 0 R]")


def prev_cycle():
    pdf = Pdf()
    for n, o in body("Prev cycle").items():
        pdf.add(n, o)
    at = len(pdf.data)
    pdf.table(f"/Prev {at}")
    return pdf.data


def bomb():
    """An object stream of 70 MiB of blanks in 72 KB: more than the default limit of one stream."""
    pdf, objects = Pdf(), body("Bomb")
    pdf.add(4, objects.pop(4))
    inside = {n: o for n, o in objects.items()}
    inside[2] += " " * (70 << 20)
    pdf.pack(6, inside)
    pdf.xref_stream(7)
    return pdf.data


def extends_cycle():
    pdf, objects = Pdf(), body("Extends cycle")
    pdf.add(4, objects.pop(4))
    pdf.pack(6, {1: objects[1], 2: objects[2]}, "/Extends 7 0 R")
    pdf.pack(7, {3: objects[3], 5: objects[5]}, "/Extends 6 0 R")
    pdf.xref_stream(8)
    return pdf.data


def shifted(data):
    """Every offset of the table seven too small."""
    return re.sub(rb"(\d{10}) 00000 n", lambda m: b"%010d 00000 n" % (int(m[1]) - 7), data)


PLAIN = table("Sample text")
LONG = table("Length cycle", o4=b"<< /Length 4 0 R >>\nstream\nBT ET\nendstream")
LOCK = "/Lock << /Type /SigFieldLock /Action /Include /Fields [(Name)] >> "
SEED = "/SV << /Type /SV /Ff 3 /Filter /Adobe.PPKLite /SubFilter [/ETSI.CAdES.detached] /DigestMethod [(SHA256) (SHA384)] >> "
XFA = "<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [] /XFA [(template) 6 0 R] >> >>"
SIGNED = "/V << /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /ByteRange [0 9999999 9999999 99999999] /Contents <3000> >> "

FILES = {
    "table-lf": lambda: PLAIN,
    "table-cr": lambda: table("CR", b"\r"),
    "table-crlf": lambda: table("CR LF", b"\r\n"),
    "no-id": lambda: table("No ID", ident=False),
    "no-eol": lambda: PLAIN.rstrip(b"\n"),
    "xref-stream": lambda: packed("Cross-reference stream"),
    "xref-stream-no-id": lambda: packed("No ID").replace(f" /ID [{ID} {ID}]".encode(), b""),
    "revisions": revised,
    "table-then-stream": mixed,
    "hybrid": hybrid,
    "hybrid-two-pages": lambda: hybrid(hidden=3),
    "existing-field": field,
    "existing-field-lock": lambda: field(LOCK, "Field with a lock"),
    "existing-field-seed": lambda: field(SEED, "Field with seed values"),
    "existing-field-seed-sha1": lambda: field(SEED.replace("/Ff 3", "/Ff 64").replace("(SHA256) (SHA384)", "(SHA1)"), "Seed values that nobody should meet"),
    "field-and-widget": separate,
    "field-names": lambda: fields("Signature1", "Signature3"),
    "duplicate-field-names": lambda: fields("Approval", "Approval"),
    "byte-range-beyond": lambda: field(SIGNED, "ByteRange beyond the file"),
    "xfa": lambda: table("XFA form", o1=XFA, o6=stream(b"<template xmlns='http://www.xfa.org/schema/xfa-template/3.0/'/>")),
    "header-junk": lambda: b"Content-Type: application/pdf\r\n\r\n" + PLAIN,
    "tail-junk": lambda: PLAIN + b"5 0 obj\n<< /Type /Font >>\nendobj\n",
    "tail-nul": lambda: PLAIN + b"\0" * 512,
    "broken-xref": lambda: shifted(table("Wrong offsets")),
    "startxref-beyond": lambda: table("startxref beyond", startxref=99999),
    "prev-cycle": prev_cycle,
    "length-cycle": lambda: LONG,
    "extends-cycle": extends_cycle,
    "kids-cycle": lambda: table("Kids cycle", o2="<< /Type /Pages /Kids [2 0 R] /Count 1 >>"),
    "parent-cycle": lambda: field("/Parent 6 0 R ", "Parent cycle"),
    "deep-nesting": lambda: table("Deep nesting", o1="<< /Type /Catalog /Pages 2 0 R /Deep " + "[" * 1000 + "]" * 1000 + " >>"),
    "objstm-bomb": bomb,
    "size-2-31": lambda: table("Size 2^31", size=1 << 31),
    "minimal": vector.base,
    "minimal-signed": vector.signed,
}


def main():
    here = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pdf")
    os.makedirs(os.path.join(here, "demo"), exist_ok=True)
    os.makedirs(os.path.join(here, "..", "pki"), exist_ok=True)
    made = {name: make() for name, make in FILES.items()}
    # The minutes become a linearized file, by qpdf: others.py.
    made |= {f"demo/{name}": make() for name, make in demo.ALL.items() if name != "minutes"}
    for name, data in sorted(made.items()):
        with open(os.path.join(here, name + ".pdf"), "wb") as f:
            f.write(data)
        print(f"{len(data):7} {hashlib.sha256(data).hexdigest()[:16]} {name}.pdf")
    for name, text in (("example", vector.pem("CERTIFICATE", vector.CERTIFICATE)), ("example.key", vector.pem("PRIVATE KEY", vector.private_key()))):
        with open(os.path.join(here, "..", "pki", name + ".pem"), "w") as f:
            f.write(text)


if __name__ == "__main__":
    main()
