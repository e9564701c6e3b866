"""What pyHanko takes to prepare: `with_pyhanko.py CERTIFICATE.der FILE…`. Prints nanoseconds of CPU time for one document.

As with `eseal prepare`: the document is read, a field and a place for the signature are added, it is hashed, and the
attributes that are signed are made. No key, no network, nothing written.
"""

import asyncio
import io
import sys
import time

from asn1crypto import x509
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers
from pyhanko_certvalidator.registry import SimpleCertificateStore


async def prepare(signer, data):
    writer = IncrementalPdfFileWriter(io.BytesIO(data))
    meta = signers.PdfSignatureMetadata(
        field_name="Signature1", md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES
    )
    digest, _, _ = await signers.PdfSigner(meta, signer).async_digest_doc_for_signing(writer, bytes_reserved=8192)
    attributes = await signer.signed_attrs(digest.document_digest, "sha256", use_pades=True)
    return attributes.dump()


def main():
    certificate = x509.Certificate.load(open(sys.argv[1], "rb").read())
    # The value is not asked for; its length is that of an RSA-2048 key.
    signer = signers.ExternalSigner(certificate, SimpleCertificateStore(), signature_value=256)
    documents = [open(name, "rb").read() for name in sys.argv[2:]]

    async def all_of_them():
        for data in documents:
            await prepare(signer, data)

    asyncio.run(prepare(signer, documents[0]))
    begun = time.process_time_ns()
    asyncio.run(all_of_them())
    print((time.process_time_ns() - begun) // len(documents))


main()
