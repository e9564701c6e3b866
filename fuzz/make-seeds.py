#!/usr/bin/env python3
"""Makes the seeds of the targets that do not start from the sample PDFs. Needs openssl; run once, the seeds are committed.

The states (fuzz/seeds/state) are those of testdata/pdf/minimal.pdf under the example's key, before and after `finalize`.
"""

import io
import json
import os
import re
import struct
import subprocess
import sys
import tempfile
import zipfile
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
PDF = os.path.join(HERE, "..", "testdata", "pdf")
OTHERS = os.path.join(HERE, "..", "testdata", "keys", "others")
sys.path.insert(0, os.path.join(HERE, "..", "testdata"))
sys.dont_write_bytecode = True

import vector  # noqa: E402


def save(target, name, data):
    folder = os.path.join(HERE, "seeds", target)
    os.makedirs(folder, exist_ok=True)
    with open(os.path.join(folder, name), "wb") as f:
        f.write(data)


def filters():
    """A dictionary, a line end, the data."""
    rows = b"".join(bytes([kind]) + bytes((i * kind + j) & 255 for j in range(7)) for i, kind in enumerate((0, 1, 2, 3, 4, 2, 2)))
    for name, keys, data in (
        ("none", "", b"plain"),
        ("flate", "/Filter /FlateDecode", zlib.compress(b"flate " * 40)),
        ("flate-twice", "/Filter [/FlateDecode /FlateDecode]", zlib.compress(zlib.compress(b"twice " * 40))),
        ("flate-short-name", "/F null /Filter [/Fl] /DecodeParms [null]", zlib.compress(b"short")),
        ("flate-cut", "/Filter /FlateDecode", zlib.compress(b"cut short " * 40)[:-9]),
        ("flate-raw", "/Filter /FlateDecode", zlib.compress(b"no header" * 9)[2:]),
        ("bomb", "/Filter /FlateDecode", zlib.compress(bytes(3 << 20), 9)),
        ("predictor-15", "/Filter /FlateDecode /DecodeParms << /Predictor 15 /Columns 7 >>", zlib.compress(rows)),
        ("predictor-rgb", "/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 2 /Colors 3 /BitsPerComponent 8 >>", zlib.compress(rows[:49])),
        ("predictor-bits", "/Filter /FlateDecode /DecodeParms << /Predictor 10 /Columns 55 /BitsPerComponent 1 >>", zlib.compress(rows)),
        ("predictor-tiff", "/Filter /FlateDecode /DecodeParms << /Predictor 2 /Columns 8 >>", zlib.compress(rows)),
        ("predictor-wide", "/Filter /FlateDecode /DecodeParms << /Predictor 12 /Columns 2147483647 /Colors 32 >>", zlib.compress(rows)),
        ("hex", "/Filter /ASCIIHexDecode", b"48656C6C6F>"),
        ("lzw", "/Filter /LZWDecode", bytes.fromhex("800B6050220C0C8501")),
    ):
        save("pdf_filters", name, f"<< {keys} >>\n".encode() + data)


def bombs():
    """Small files that ask for much: each object in a deflated object stream of its own."""

    def packed(objects, name):
        out, rows, number = bytearray(b"%PDF-1.7\n"), {}, 1000
        for key, body in objects.items():
            head = b"%d 0 " % key
            data = zlib.compress(head + body, 9)
            rows[number], rows[key] = (1, len(out), 0), (2, number, 0)
            out += b"%d 0 obj\n<</Type/ObjStm/N 1/First %d/Filter/FlateDecode/Length %d>>\nstream\n" % (number, len(head), len(data))
            out += data + b"\nendstream\nendobj\n"
            number += 1
        rows[number] = (1, len(out), 0)
        index = b" ".join(b"%d 1" % key for key in sorted(rows))
        data = zlib.compress(b"".join(struct.pack(">BII", *rows[key]) for key in sorted(rows)), 9)
        at = len(out)
        out += b"%d 0 obj\n<</Type/XRef/Size %d/W[1 4 4]/Index[%s]/Root 1 0 R/Filter/FlateDecode/Length %d>>\nstream\n" % (number, number + 1, index, len(data))
        out += data + b"\nendstream\nendobj\nstartxref\n%d\n%%%%EOF\n" % at
        save("pdf_open", name, bytes(out))

    def document(form, **more):
        objects = {1: b"<</Type/Catalog/Pages 2 0 R/AcroForm 4 0 R>>", 2: b"<</Type/Pages/Kids[3 0 R]/Count 1>>", 3: b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 9 9]>>", 4: form}
        return objects | {int(key[1:]): body for key, body in more.items()}

    for name, item in (("numbers", b"0 "), ("arrays", b"[]"), ("dictionaries", b"<<>>"), ("strings", b"()"), ("references", b"1 0 R "), ("names", b"/" + b"n" * 1000), ("nested", b"[<</A " * 45 + b"0" + b">>]" * 45)):
        packed(document(b"<</Fields[]/X[" + item * (300_000 // len(item)) + b"]>>"), "bomb-" + name)
    packed(document(b"<</Fields[]/X<<" + b"".join(b"/%x 0" % n for n in range(2_000)) + b">>>>"), "bomb-keys")
    big = b"/X[" + b"0 " * 100_000 + b"]>>"
    packed(document(b"<</Fields[%s]>>" % b" ".join(b"%d 0 R" % (10 + n) for n in range(20)), **{f"o{10 + n}": b"<</FT/Tx/T(f%d)" % n + big for n in range(20)}), "bomb-fields")
    packed(document(b"<</Fields[%s]>>" % b" ".join(b"%d 0 R" % (10 + n) for n in range(20)), o5=b"[" + b"6 0 R " * 50_000 + b"]", o6=b"<</T(a)>>", **{f"o{10 + n}": b"<</T(x)/Kids 5 0 R>>" for n in range(20)}), "bomb-shared-kids")
    packed(document(b"<</Fields[9 0 R]>>", o9=b"<</T(" + b"n" * 100_000 + b")/Kids[%s]>>" % b" ".join(b"%d 0 R" % (10 + n) for n in range(40)), **{f"o{10 + n}": b"<</FT/Tx/T(%d)/Parent 9 0 R>>" % n for n in range(40)}), "bomb-field-names")
    packed(document(b"<</Fields[%s]>>" % b" ".join(b"%d 0 R" % (10 + n) for n in range(40)), o5=b"<" + b"30" * 50_000 + b">", o6=b"<</Type/Sig/SubFilter/ETSI.CAdES.detached/ByteRange[0 9 99 9]/Contents 5 0 R>>", **{f"o{10 + n}": b"<</FT/Sig/T(s%d)/V 6 0 R>>" % n for n in range(40)}), "bomb-shared-hole")


def signatures():
    """The CMS out of the signed samples, and the example's."""
    for name in ("minimal-signed", "docmdp-2", "fieldmdp-all", "signed-twice"):
        with open(os.path.join(PDF, name + ".pdf"), "rb") as f:
            data = f.read()
        for i, text in enumerate(re.findall(rb"/Contents <([0-9A-Fa-f]+)>", data)):
            raw = bytes.fromhex(text.decode())
            save("cms", f"{name}-{i}.der", raw[: 4 + int.from_bytes(raw[2:4], "big")])
    with tempfile.TemporaryDirectory() as folder:
        key, certificate, content = (os.path.join(folder, n) for n in ("key.pem", "cert.pem", "content"))
        write(key, vector.pem("PRIVATE KEY", vector.private_key()))
        write(certificate, vector.pem("CERTIFICATE", vector.CERTIFICATE))
        write(content, "hello\n")
        base = ["openssl", "cms", "-sign", "-binary", "-in", content, "-signer", certificate, "-inkey", key, "-outform", "DER"]
        for name, options in (("detached", []), ("attached", ["-nodetach"]), ("cades", ["-cades"]), ("no-attributes", ["-noattr"]), ("no-certificates", ["-nocerts"]), ("indefinite", ["-stream", "-nodetach"])):
            save("cms", f"openssl-{name}.der", subprocess.run(base + options, check=True, stdout=subprocess.PIPE).stdout)
        base = ["openssl", "pkcs12", "-export", "-in", certificate, "-inkey", key, "-name", "example"]
        for name, options in (("aes", ["-passout", "pass:test"]), ("legacy-rc2", ["-legacy", "-passout", "pass:test"]), ("legacy-3des", ["-legacy", "-descert", "-passout", "pass:test"]), ("no-mac", ["-nomac", "-passout", "pass:test"]),
                              ("empty", ["-passout", "pass:"]), ("sha512", ["-macalg", "sha512", "-passout", "pass:test"]), ("plain", ["-keypbe", "NONE", "-certpbe", "NONE", "-passout", "pass:test"])):
            save("pfx", f"{name}.p12", subprocess.run([*base, "-iter", "100", *options], check=True, stdout=subprocess.PIPE).stdout)
        for name in ("openssl-plain", "openssl-sha1-rc4-128", "openssl-aes-256"):
            with open(os.path.join(OTHERS, f"{name}.p12"), "rb") as f:
                save("pfx", f"{name}-ber.p12", ber(f.read()))
        for name in ("bc-built-pbmac1-sha256.p12", "bc-built-scrypt.p12", "openssl-md5-rc2-64.p12", "openssl-pbes2-rc2-40.p12", "headers-ec-des3.pem", "pkcs8-scrypt.pem"):
            with open(os.path.join(OTHERS, name), "rb") as f:
                save("pfx", name, f.read())
        save("pfx", "pkcs8.pem", vector.pem("PRIVATE KEY", vector.private_key()).encode())
        for name, options in (("aes", ["-v2", "aes256"]), ("3des", ["-v1", "PBE-SHA1-3DES"])):
            save("pfx", f"pkcs8-{name}.pem", subprocess.run(["openssl", "pkcs8", "-topk8", "-in", key, "-iter", "100", "-passout", "pass:test", *options], check=True, stdout=subprocess.PIPE).stdout)


def ber(der, size=100):
    """The same with indefinite lengths, long lengths, and octet strings in parts."""
    out = b""
    while der:
        length, at = der[1], 2
        if length & 0x80:
            at = 2 + (length & 0x7F)
            length = int.from_bytes(der[2:at], "big")
        tag, content, der = der[0], der[at : at + length], der[at + length :]
        if tag & 0x20:
            out += bytes([tag, 0x80]) + ber(content, size) + bytes(2)
        elif tag == 4:
            parts = (content[i : i + size] for i in range(0, len(content), size))
            out += b"\x24\x80" + b"".join(b"\x04\x82" + struct.pack(">H", len(part)) + part for part in parts) + bytes(2)
        else:
            out += bytes([tag, 0x84]) + struct.pack(">I", len(content)) + content
    return out


def values():
    """ECDSA values as DER and as r and s side by side, sound and nearly so."""
    r, s = (int.from_bytes(vector.VALUE[i : i + 32], "big") for i in (4, 39))
    assert vector.VALUE[2:4] == b"\x02\x20" and vector.VALUE[36:39] == b"\x02\x21\0"
    save("sig_value", "der", vector.VALUE)
    for bytes_ in (32, 48, 66):
        save("sig_value", f"fixed-{bytes_}", r.to_bytes(bytes_, "big") + s.to_bytes(bytes_, "big"))
    save("sig_value", "zero", bytes(64))
    save("sig_value", "small", bytes.fromhex("3006020101020101"))
    save("sig_value", "long-length", b"\x30\x81" + vector.VALUE[1:])
    save("sig_value", "needless-zero", bytes.fromhex("300702020001020101"))
    save("sig_value", "negative", bytes.fromhex("30060201810201ff"))
    save("sig_value", "tail", vector.VALUE + b"\0")
    save("certificate", "example.der", vector.CERTIFICATE)


class Pipe(io.RawIOBase):
    """A file that can't be sought in: sizes then come after the data."""

    def __init__(self):
        self.data = b""

    def writable(self):
        return True

    def write(self, data):
        self.data += bytes(data)
        return len(data)


def zips():
    """Containers and other ZIPs as Python writes them; `hand` is as small as they get."""
    mimetype, text = b"application/vnd.etsi.asic-e+zip", b"some text, and some text again\n" * 9

    def entry(name, **more):
        info = zipfile.ZipInfo(name)
        info.compress_type = zipfile.ZIP_DEFLATED
        for key, value in more.items():
            setattr(info, key, value)
        return info

    def seed(name, fill, file=None, comment=b"", end=b""):
        file = file or io.BytesIO()
        with zipfile.ZipFile(file, "w") as z:
            fill(z)
            z.comment = comment
        data = file.data if isinstance(file, Pipe) else file.getvalue()
        save("zip_open", name, data + end)
        return data

    def container(z):
        z.writestr(entry("mimetype", compress_type=zipfile.ZIP_STORED), mimetype)
        z.writestr(entry("L\u012bgums 1+2.pdf"), text)
        z.writestr(entry("META-INF/manifest.xml"), b"<manifest/>")
        z.writestr(entry("META-INF/signatures0.xml", comment=b"EDOC/2.0; LIB/2.10.1"), b"<signatures/>" * 9)

    def wide(z):
        for name, kind in (("stored", zipfile.ZIP_STORED), ("deflated", zipfile.ZIP_DEFLATED)):
            with z.open(entry(name, compress_type=kind), "w", force_zip64=True) as f:
                f.write(text)

    def odd(z):
        z.writestr(entry("folder/", compress_type=zipfile.ZIP_STORED, external_attr=0o40755 << 16 | 0x10), b"")
        z.writestr(entry("folder/empty", compress_type=zipfile.ZIP_STORED, external_attr=0o100644 << 16), b"")
        z.writestr(entry("with-time", extra=b"UT\x05\0\x01abcd"), text)

    inner = seed("container", container)
    seed("streamed", container, file=Pipe())
    seed("wide", wide)
    seed("wide-streamed", wide, file=Pipe())
    seed("odd", odd, comment=b"LIB DigiDoc4j/DEV")
    seed("nested", lambda z: z.writestr(entry("inner.asice", compress_type=zipfile.ZIP_STORED), inner))
    seed("bomb", lambda z: z.writestr(entry("zeros"), bytes(2 << 20)))
    seed("trailing", container, end=b"\n")
    seed("slip", lambda z: z.writestr(entry("../a"), b""))
    seed("empty", lambda z: None)
    hand = seed("hand", lambda z: z.writestr(entry("a", compress_type=zipfile.ZIP_STORED), b"a"))
    # The same with a ZIP64 end record, which it does not need.
    offset, size = 32, 47
    record = b"PK\x06\x06" + struct.pack("<QHHIIQQQQ", 44, 45, 45, 0, 0, 1, 1, size, offset)
    record += b"PK\x06\x07" + struct.pack("<IQI", 0, offset + size, 1)
    end = b"PK\x05\x06" + struct.pack("<HHHHIIH", 0, 0, 1, 1, size, 0xFFFFFFFF, 0)
    listed = '<manifest:manifest xmlns:manifest="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0"><manifest:file-entry manifest:full-path="aťb.txt" manifest:media-type="text/plain"/></manifest:manifest>'
    old = io.BytesIO()
    with zipfile.ZipFile(old, "w") as z:
        for name, text_ in (("mimetype", mimetype.decode()), ("aXb.txt", "one"), ("META-INF/manifest.xml", listed)):
            z.writestr(name, text_)
    save("zip_open", "old-names", old.getvalue().replace(b"aXb.txt", b"a\x9cb.txt"))
    save("zip_open", "wide-end", hand[: offset + size] + record + end)


def containers():
    """How it is packed, then files: name, line end, length in units of 16, content."""
    def file(name, content):
        assert len(content) % 16 == 0
        return name.encode() + b"\n" + bytes([len(content) // 16]) + content

    text = b"some text, and some text again\n\n" * 20
    files = [file("a.txt", text[:640]), file("empty", b""), file("dir/L\u012bgums 1+2 (a&b) 'c' #d.pdf", text[:32])]
    for how in range(8):
        save("container_round_trip", f"how-{how}", bytes([how]) + b"".join(files))
    save("container_round_trip", "refused", b"\0" + file("../a", b"") + file("META-INF/b", b""))


def names():
    """A name, a media type and a role, to go through a signature and back."""
    save("xades_read", "name", "Līgums 1+2 (a&b).pdf\napplication/pdf\nValdes <loceklis>\r\n".encode())
    save("xades_read", "name-only", "dir/ä%20 #?;🖋.txt".encode())
    save("xades_read", "colon", b"it's:1\ntext/plain; charset=\"utf-8\"\n]]>&#13;\t")


def xml():
    """The documents of the vectors, and one for each way to be refused.

    The others of xml_tree, with a maker's name, are signature files of containers signed with test keys.
    """
    with open(os.path.join(HERE, "..", "testdata", "vectors", "canonical.json"), encoding="utf-8") as f:
        for document in json.load(f)["documents"]:
            save("canonical", document["name"].replace(" ", "-") + ".xml", document["text"].encode())
    for name, data in (
        ("doctype", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
        ("duplicate-attribute", b"<a xmlns:p='urn:a' xmlns:q='urn:a' p:b='' q:b=''/>"),
        ("duplicate-id", b"<a Id='1'><b ID='1'/></a>"),
        ("encoding", b"<?xml version='1.0' encoding='UTF-7'?><a/>"),
        ("namespace", b"<a xmlns='relative'/>"),
        ("nesting", b"<a>" * 101),
        ("utf-16", "\ufeff<a/>".encode("utf-16-le")),
    ):
        save("xml_tree", name + ".xml", data)


def lanes():
    """Messages around the ends of blocks, of many pieces, and more of them than there are lanes."""
    save("digest_lanes", "empty", b"")
    blocks = [0, 1, 54, 55, 56, 57, 63, 64, 65, 66, 70, 127]
    save("digest_lanes", "one-piece-each", b"".join(bytes([0x80 | n]) + bytes(range(7)) for n in blocks * 4))
    save("digest_lanes", "one-message", b"".join(bytes([n & 0x7F]) + bytes([n] * 7) for n in range(128)))
    save("digest_lanes", "uneven", bytes((n * n + n // 7) % 256 for n in range(6000)))


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


filters()
signatures()
values()
zips()
names()
xml()
containers()
lanes()
