"""The worked example: a PDF of 405 bytes, and the same file signed with a key that everybody knows.

Written by hand from the description, and compared with the digests that two other validators agreed on.
"""

import base64
import hashlib

# C=LV, CN="h8 test", self-signed; its private key is SHA-256("h8 test key P-256").
CERTIFICATE = base64.b64decode(
    "MIIBQDCB5qADAgECAgIBAjAKBggqhkjOPQQDAjAfMQswCQYDVQQGEwJMVjEQMA4GA1UEAwwHaDggdGVzdDAeFw0yNTAxMDEwMDAwMDBaFw0zNTAxMDEwMDAwMDBaMB8xCzAJBgNV"
    "BAYTAkxWMRAwDgYDVQQDDAdoOCB0ZXN0MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEp03rO2uXDpVZMESrAm01Ca6OcXsAQ8HxyONeTdPVM253PjPgWdKEPTATex3VwzPj/J/3"
    "SZZNAvff88kzkXwz1qMSMBAwDgYDVR0PAQH/BAQDAgZAMAoGCCqGSM49BAMCA0kAMEYCIQDO635dBWsCxA8xirAnt1LsUg+Sf6VkzHN5GUvXCP+G0QIhAKQoqxsNYQtGdNt/Mcwe"
    "C/D+Mg9xMGbiXpZ2cWWiSoMJ")
KEY = hashlib.sha256(b"h8 test key P-256").digest()
ISSUER_AND_SERIAL = bytes.fromhex("3025301f310b3009060355040613024c563110300e06035504030c0768382074657374" + "02020102")
SIGNING_CERTIFICATE = bytes.fromhex(
    "3062060b2a864886f70d010910022f31533051304f304d04207d4ec59587b0d366133b95585793fb5232d6abc6629cb5048856a0a4724099ea30293023a421301f310b3009"
    "060355040613024c563110300e06035504030c076838207465737402020102")
VALUE = bytes.fromhex(
    "304502200efbbe322179cb60ac981799e9b39dec093e5780c80c78c2e85afe270516b22b0221009ded46d1350eb4248130766be8e4d73d23701f1195696aadfae4a0e0f1faf9d3")

BASE = """%PDF-1.7
1 0 obj
<< /Type /Catalog /Pages 2 0 R >>
endobj
2 0 obj
<< /Type /Pages /Kids [3 0 R] /Count 1 >>
endobj
3 0 obj
<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] >>
endobj
xref
0 4
0000000000 65535 f \n0000000009 00000 n \n0000000058 00000 n \n0000000115 00000 n \ntrailer
<< /Size 4 /Root 1 0 R /ID [<00112233445566778899AABBCCDDEEFF> <00112233445566778899AABBCCDDEEFF>] >>
startxref
186
%%EOF
"""
TAIL = """1 0 obj
<< /Type /Catalog /Pages 2 0 R /AcroForm 4 0 R >>
endobj
3 0 obj
<< /Type /Page /Parent 2 0 R /MediaBox [0 0 200 200] /Annots [5 0 R] >>
endobj
4 0 obj
<< /Fields [5 0 R] /SigFlags 3 >>
endobj
5 0 obj
<< /Type /Annot /Subtype /Widget /FT /Sig /T (Signature1) /F 132 /Rect [0 0 0 0] /P 3 0 R /V 6 0 R >>
endobj
6 0 obj
<< /Type /Sig /Filter /Adobe.PPKLite /SubFilter /ETSI.CAdES.detached /M (D:20260102030405Z) /ByteRange [0 881 2931 285]                     /Contents <HOLE> >>
endobj
xref
0 2
0000000000 65535 f \n0000000405 00000 n \n3 4
0000000470 00000 n \n0000000557 00000 n \n0000000606 00000 n \n0000000723 00000 n \ntrailer
<< /Size 7 /Root 1 0 R /Prev 186 /ID [<00112233445566778899AABBCCDDEEFF> <FFEEDDCCBBAA99887766554433221100>] >>
startxref
2942
%%EOF
"""


def der(tag, *parts):
    content = b"".join(parts)
    size = len(content)
    length = bytes([size]) if size < 128 else bytes([0x80 | (size.bit_length() + 7) // 8]) + size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag]) + length + content


def oid(text):
    first, second, *rest = map(int, text.split("."))
    out = bytes([40 * first + second])
    for number in rest:
        groups = [number & 127]
        while number := number >> 7:
            groups.append(number & 127 | 128)
        out += bytes(reversed(groups))
    return der(6, out)


def cms(digest):
    """A detached SignedData over content of this digest; its value fits the example alone."""
    attributes = b"".join((
        der(0x30, oid("1.2.840.113549.1.9.3"), der(0x31, oid("1.2.840.113549.1.7.1"))),
        der(0x30, oid("1.2.840.113549.1.9.4"), der(0x31, der(4, digest))),
        SIGNING_CERTIFICATE))
    check(der(0x31, attributes), "5b3f80000acb75918318f9e195dbab459f3cafc2f4da0042b558d157d1a39c93")
    sha256 = der(0x30, oid("2.16.840.1.101.3.4.2.1"), b"\5\0")
    signer = der(0x30, b"\2\1\1", ISSUER_AND_SERIAL, sha256, der(0xA0, attributes), der(0x30, oid("1.2.840.10045.4.3.2")), der(4, VALUE))
    data = der(0x30, b"\2\1\1", der(0x31, sha256), der(0x30, oid("1.2.840.113549.1.7.1")), der(0xA0, CERTIFICATE), der(0x31, signer))
    return der(0x30, oid("1.2.840.113549.1.7.2"), der(0xA0, data))


def private_key():
    """The key as PKCS#8, with the public point that the certificate names."""
    point = CERTIFICATE[CERTIFICATE.index(b"\x03\x42\0\4") + 3:][:65]
    key = der(0x30, b"\2\1\1", der(4, KEY), der(0xA1, der(3, b"\0" + point)))
    return der(0x30, b"\2\1\0", der(0x30, oid("1.2.840.10045.2.1"), oid("1.2.840.10045.3.1.7")), der(4, key))


def pem(label, data):
    text = base64.b64encode(data).decode()
    lines = "\n".join(text[i : i + 64] for i in range(0, len(text), 64))
    return f"-----BEGIN {label}-----\n{lines}\n-----END {label}-----\n"


def check(data, digest):
    found = hashlib.sha256(data).hexdigest()
    assert found == digest, f"{len(data)} bytes, {found} instead of {digest}"
    return data


def base():
    return check(BASE.encode(), "00abe9c59efe9d1317a88e4b3de3a6ad53184e24058acabb29bd3080a62d275b")


def signed():
    head, tail = (BASE + TAIL).encode().split(b"<HOLE>")
    digest = hashlib.sha256(head + tail)
    assert digest.hexdigest() == "29155f5086e0085f958b269ed21426849ad050ec04098d38610c10ee1fd923b1", digest.hexdigest()
    value = check(cms(digest.digest()), "30780e353a4a961bee0f8fd9e268f2a07eab88c289b12220b83b6c5962c69187")
    filled = value.hex().upper().ljust(2048, "0").encode()
    return check(head + b"<" + filled + b">" + tail, "5b19261e612e7b9b7e5c6c85cc498dface6b80f23a20b910d3977f2e5ef91b5e")
