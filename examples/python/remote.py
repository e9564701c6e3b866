#!/usr/bin/env python3
"""Signs documents with a key that `eseal` never sees.

    remote.py --cert signer.pem --key signer.key --out signed contract.pdf …

The key is used by the command `openssl`; a signing service would be called at the same place (`sign`).
"""

import argparse
import base64
import json
import os
import subprocess
import sys
import tempfile

ESEAL = os.environ.get("ESEAL", "eseal")


def lines(arguments, given=None):
    """Runs `eseal` and returns its lines of JSON: one for each document, in the order of the documents."""
    # The values are a few hundred bytes a document, so all of them are handed over at once.
    ended = subprocess.run([ESEAL, "--json", *arguments], input=given, stdout=subprocess.PIPE, text=True)
    # 0: all good, 1: some documents failed, and their lines say why. Everything else is about the run.
    if ended.returncode not in (0, 1):
        sys.exit(f"eseal {arguments[0]} ended with {ended.returncode}")
    return [json.loads(line) for line in ended.stdout.splitlines()]


def sign(key, prepared):
    """The signature value over a digest."""
    name = prepared["digest_algorithm"].replace("-", "").lower()
    command = ["openssl", "pkeyutl", "-sign", "-inkey", key, "-pkeyopt", f"digest:{name}"]
    return subprocess.run(command, input=base64.b64decode(prepared["digest"]), stdout=subprocess.PIPE, check=True).stdout


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    arguments.add_argument("--cert", required=True)
    arguments.add_argument("--key", required=True)
    arguments.add_argument("--out", required=True)
    arguments.add_argument("--store", help="keep the states here (default: a folder for this run)")
    arguments.add_argument("documents", nargs="+")
    given = arguments.parse_args()

    with tempfile.TemporaryDirectory() as folder:
        store = given.store or os.path.join(folder, "store")
        prepared = lines(["prepare", "--cert", given.cert, "--store", store, "--", *given.documents])
        failed = [line for line in prepared if "error" in line]
        values = [
            {"id": line["id"], "signature": base64.b64encode(sign(given.key, line)).decode()}
            for line in prepared
            if "error" not in line
        ]
        finished = []
        if values:
            text = "".join(json.dumps(value) + "\n" for value in values)
            finished = lines(["finalize", "--store", store, "--values", "-", "--out", given.out], text)
        failed += [line for line in finished if "error" in line]

    for line in finished:
        if "error" not in line:
            print(f"{line['input']}: {line['level']} in {line['output']}")
    for line in failed:
        print(f"{line['input']}: {line['error']['code']}: {line['error']['message']}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
