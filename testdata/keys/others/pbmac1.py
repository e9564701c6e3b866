#!/usr/bin/env python3
"""Puts a MAC by RFC 9579 behind a PFX that has none, by hashes with which no program at hand writes one: pbmac1.py IN OUT sha1|sha384. Password `test`."""

import hashlib
import hmac
import sys


def tlv(tag, *parts):
    content = b"".join(parts)
    n = len(content)
    octets = n.to_bytes((n.bit_length() + 7) // 8, "big")
    return bytes([tag]) + (bytes([n]) if n < 128 else bytes([128 | len(octets)]) + octets) + content


def element(data):
    length, at = data[1], 2
    if length & 128:
        at = 2 + (length & 127)
        length = int.from_bytes(data[2:at], "big")
    return data[at : at + length], data[at + length :]


with open(sys.argv[1], "rb") as f:
    inside, _ = element(f.read())
_, after_version = element(inside)
info, _ = element(after_version)
_, tagged = element(info)
safe, _ = element(element(tagged)[0])
salt, times = b"8 octets", 2048
name = sys.argv[3]
length = hashlib.new(name).digest_size
algorithm = tlv(0x30, bytes.fromhex("06082a864886f70d02" + {"sha1": "07", "sha384": "0a"}[name]), b"\5\0")
kdf = tlv(0x30, bytes.fromhex("06092a864886f70d01050c"), tlv(0x30, tlv(4, salt), tlv(2, times.to_bytes(2, "big")), tlv(2, bytes([length])), algorithm))
scheme = tlv(0x30, bytes.fromhex("06092a864886f70d01050e"), tlv(0x30, kdf, algorithm))
value = hmac.new(hashlib.pbkdf2_hmac(name, b"test", salt, times, length), safe, name).digest()
mac = tlv(0x30, tlv(0x30, scheme, tlv(4, value)), tlv(4, b"NOT USED"), tlv(2, b"\1"))
with open(sys.argv[2], "wb") as f:
    f.write(tlv(0x30, inside, mac))
