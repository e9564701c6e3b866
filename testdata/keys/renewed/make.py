#!/usr/bin/env python3
"""Certificates of one key after renewals, and one whose RSA modulus lacks its leading zero: python3 make.py ESEAL

Needs the module cryptography, OpenSSL 3, and the command `eseal` (its path is the argument), which writes the PDF whose
signature OpenSSL then makes. The issuer's key is thrown away. Other bytes come out each time; no test minds.
"""

import datetime
import os
import re
import subprocess
import sys
import tempfile

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

HERE = os.path.dirname(os.path.abspath(__file__))
KEYS = os.path.join(HERE, "..")
ISSUER = ec.generate_private_key(ec.SECP256R1())
ISSUER_NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test renewal CA")])
NO_USE = dict.fromkeys(("digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement", "key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False)


def key(name):
    with open(os.path.join(KEYS, name + ".pem"), "rb") as f:
        return serialization.load_pem_private_key(f.read(), None)


def certificate(public, name, begin, end, use="content_commitment"):
    year = lambda y: datetime.datetime(y, 1, 1)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(ISSUER_NAME).public_key(public).serial_number(x509.random_serial_number())
    builder = builder.not_valid_before(year(begin)).not_valid_after(year(end)).add_extension(x509.KeyUsage(**{**NO_USE, use: True}), True)
    return builder.sign(ISSUER, hashes.SHA256()).public_bytes(serialization.Encoding.DER)


def save(name, data):
    with open(os.path.join(HERE, name), "wb") as f:
        f.write(data)


def pem(der):
    return x509.load_der_x509_certificate(der).public_bytes(serialization.Encoding.PEM)


def pem_of(der):
    import base64
    text = base64.encodebytes(der).replace(b"\n", b"")
    lines = b"\n".join(text[i : i + 64] for i in range(0, len(text), 64))
    return b"-----BEGIN CERTIFICATE-----\n" + lines + b"\n-----END CERTIFICATE-----\n"


def element(data):
    """Tag, content, rest."""
    length, at = data[1], 2
    if length & 0x80:
        at = 2 + (length & 0x7F)
        length = int.from_bytes(data[2:at], "big")
    return data[0], data[at : at + length], data[at + length :]


def tlv(tag, content):
    n = len(content)
    if n < 0x80:
        return bytes([tag, n]) + content
    octets = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def without_zero(data, modulus):
    """The same elements, but the INTEGER of the modulus begins with its highest bit."""
    out = b""
    while data:
        tag, content, data = element(data)
        if tag == 2 and content == b"\0" + modulus:
            content = modulus
        elif tag & 0x20:
            content = without_zero(content, modulus)
        elif tag == 3 and content[:2] == b"\0\x30" and modulus in content:
            content = b"\0" + without_zero(content[1:], modulus)
        out += tlv(tag, content)
    return out


def negative(public):
    modulus = public.public_numbers().n.to_bytes(256, "big")
    assert modulus[0] & 0x80
    _, whole, _ = element(certificate(public, "Test key without zero", 2020, 2120))
    tag, signed, rest = element(whole)
    signed = without_zero(tlv(tag, signed), modulus)
    _, _, value = element(rest)
    algorithm = rest[: len(rest) - len(value)]
    return tlv(0x30, signed + algorithm + tlv(3, b"\0" + ISSUER.sign(signed, ec.ECDSA(hashes.SHA256()))))


def main(eseal):
    public = key("ec").public_key()
    for name, begin, end in (("old", 2019, 2021), ("older", 2017, 2019), ("new", 2022, 2120), ("newer", 2024, 2120), ("next", 2119, 2125)):
        save(name + ".pem", pem(certificate(public, "Test key " + name, begin, end)))
    rsa = key("rsa").public_key()
    der = negative(rsa)
    save("negative.pem", pem_of(der))
    with tempfile.TemporaryDirectory() as t:
        path = lambda name: os.path.join(t, name)
        pdf = os.path.join(KEYS, "..", "pdf", "minimal.pdf")
        subprocess.run([eseal, "seal", pdf, "--key", os.path.join(KEYS, "rsa.pem"), "--cert", os.path.join(KEYS, "rsa-certificate.pem"), "--reserve", "4096", "--out", t, "--quiet"], check=True)
        with open(path("minimal.pdf"), "rb") as f:
            signed = f.read()
        a, b, c, d = map(int, re.search(rb"/ByteRange *\[ *(\d+) +(\d+) +(\d+) +(\d+)", signed).groups())
        with open(path("content"), "wb") as f:
            f.write(signed[a : a + b] + signed[c : c + d])
        cms = subprocess.run(["openssl", "cms", "-sign", "-binary", "-cades", "-md", "sha256", "-in", path("content"), "-signer", os.path.join(HERE, "negative.pem"), "-inkey", os.path.join(KEYS, "rsa.pem"), "-outform", "DER"], check=True, stdout=subprocess.PIPE).stdout
        hexed = cms.hex().encode().ljust(c - b - 2, b"0")
        save("negative.pdf", signed[: b + 1] + hexed + signed[c - 1 :])


main(sys.argv[1])
