#!/usr/bin/env python3
"""Packs NIST's PKITS into one file: pkits.py CERTIFICATES-AND-VECTORS CRLS > pkits.json

The first is src/crypto/x509/testdata/nist-pkits of Go 1.24 or later (certificates, and the cases out of NIST's paper
as vectors.json), the second tests/fixtures/nist_pkits/crls of pyhanko-certvalidator 0.33.0. Both hold the files of NIST.
"""

import base64
import json
import os
import sys

source, crls = sys.argv[1], sys.argv[2]


def files(folder, suffix):
    for name in sorted(os.listdir(folder)):
        if name.endswith(suffix):
            with open(os.path.join(folder, name), "rb") as f:
                yield name, base64.b64encode(f.read()).decode()


with open(os.path.join(source, "vectors.json")) as f:
    cases = json.load(f)
out = {
    "certificates": dict(files(os.path.join(source, "certs"), ".crt")),
    "crls": dict(files(crls, ".crl")),
    "cases": [
        {
            "name": case["Name"],
            "path": case["CertPath"],
            "crls": case["CRLPath"],
            "valid": case["ShouldValidate"],
            "policies": case["InitialPolicySet"],
            "inhibit": [
                key
                for key, name in (("mapping", "PolicyMappingInhibit"), ("any", "AnyPolicyInhibit"), ("none", "ExplicitPolicy"))
                if case["Initial" + name]
            ],
        }
        for case in cases
    ],
}
json.dump(out, sys.stdout, indent=0, sort_keys=True)
print()
