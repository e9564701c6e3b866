#!/usr/bin/env python3
"""Makes the sample PDFs that need other people's software: qpdf 11 and pyHanko 0.38. Run once; the files are committed.

The values of pyHanko differ at each run (ECDSA), and so does the encrypted file; the rest is the same each time.
"""

import io
import os
import subprocess
import tempfile

from asn1crypto import keys, x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore

import demo
import make
import vector


def qpdf(data, *options):
    with tempfile.TemporaryDirectory() as folder:
        source, target = os.path.join(folder, "in.pdf"), os.path.join(folder, "out.pdf")
        with open(source, "wb") as f:
            f.write(data)
        subprocess.run(["qpdf", *options, source, target], check=True)
        with open(target, "rb") as f:
            return f.read()


def signer():
    """The example's key, which everybody knows; its certificate is its own root."""
    key = ec.derive_private_key(int.from_bytes(vector.KEY, "big"), ec.SECP256R1())
    der = key.private_bytes(serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return signers.SimpleSigner(x509.Certificate.load(vector.CERTIFICATE), keys.PrivateKeyInfo.load(der), SimpleCertificateStore())


def sign(data, name="Signature1", **options):
    meta = signers.PdfSignatureMetadata(field_name=name, md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES, **options)
    out = io.BytesIO()
    signers.PdfSigner(meta, signer()).sign_pdf(IncrementalPdfFileWriter(io.BytesIO(data)), output=out)
    return out.getvalue()


def certified(level):
    data = make.table(f"Certified, changes of level {level}")
    return sign(data, certify=True, docmdp_permissions=fields.MDPPerm(level))


def locked(fields_):
    """A signed field whose lock takes in the fields named; an empty field `Other` is left."""
    lock = f"/Lock << /Type /SigFieldLock /Action {fields_} >> "
    other = make.FIELD.replace("Approval", "Other")
    data = make.field(lock, "Locked by a signature", o7=f"<< {other} >>", o3=make.PAGE.replace("/Contents", "/Annots [6 0 R 7 0 R] /Contents"),
                      o1="<< /Type /Catalog /Pages 2 0 R /AcroForm << /Fields [6 0 R 7 0 R] /SigFlags 1 >> >>")
    return sign(data, "Approval")


FILES = {
    "demo/minutes": lambda: qpdf(demo.minutes(), "--linearize", "--deterministic-id"),
    "linearized": lambda: qpdf(make.table("Linearized"), "--linearize", "--deterministic-id"),
    "linearized-stream": lambda: qpdf(make.table("Linearized"), "--linearize", "--deterministic-id", "--object-streams=generate"),
    "encrypted": lambda: qpdf(make.table("Encrypted"), "--encrypt", "", "owner", "256", "--"),
    "docmdp-1": lambda: certified(1),
    "docmdp-2": lambda: certified(2),
    "docmdp-3": lambda: certified(3),
    "fieldmdp-all": lambda: locked("/All"),
    "fieldmdp-exclude": lambda: locked("/Exclude /Fields [(Other)]"),
    "signed-twice": lambda: sign(sign(make.packed("Signed twice")), "Signature2"),
}

if __name__ == "__main__":
    folder = os.path.join(os.path.dirname(os.path.abspath(__file__)), "pdf")
    for name, produce in FILES.items():
        with open(os.path.join(folder, name + ".pdf"), "wb") as f:
            f.write(produce())
        print(name)
