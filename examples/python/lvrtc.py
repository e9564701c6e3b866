#!/usr/bin/env python3
"""A client of LVRTC's SignAPI, with `eseal lvrtc` in the place of the service.

    lvrtc.py --cert signer.pem --key signer.key --store S --out signed [--level b-lt --tsa URL --trust roots.pem] FILE…

Each file gets a session: start, upload, CalculateDigest, the key signs, finalizeSigning, download, close. Requests and
answers are those of the service; only who is called is another (`call`). Sign at your signing service where `sign` is.
"""

import argparse
import base64
import json
import os
import subprocess
import sys

ESEAL = os.environ.get("ESEAL", "eseal")


class Failed(Exception):
    """The call failed as a whole."""


def call(given, verb, *arguments, request=None):
    """One call of the service: what is under `data` in its answer."""
    options = ["--level", given.level]
    for name in ("tsa", "trust"):
        for value in getattr(given, name):
            options += [f"--{name}", value]
    command = [ESEAL, "lvrtc", "--store", given.store, *options, verb, *arguments]
    text = None if request is None else json.dumps(request)
    ended = subprocess.run(command, input=text, stdout=subprocess.PIPE, text=True)
    # 1: the answer is there, and a session in it carries an error. More: there may be no answer at all.
    answer = json.loads(ended.stdout) if ended.stdout else {}
    if "data" not in answer:
        raise Failed(f"{verb}: {answer.get('error', {}).get('code', ended.returncode)}")
    return answer["data"]


def sign(key, row):
    """The signature value over the digest of a session."""
    # RSA and P-256 keys sign SHA-256 in this contract, P-384 keys SHA-384.
    name = row.get("digest_algorithm", "SHA256").lower()
    command = ["openssl", "pkeyutl", "-sign", "-inkey", key, "-pkeyopt", f"digest:{name}"]
    value = subprocess.run(command, input=base64.b64decode(row["digest"]), stdout=subprocess.PIPE, check=True).stdout
    return base64.b64encode(value).decode()


def sign_together(given, sessions, as_pdf):
    """Signs sessions that share their flags, and returns the error of each that was not signed."""
    request = {
        "sessions": [{"sessionId": session} for session in sessions],
        "certificate": open(given.cert).read(),
        "signAsPdf": as_pdf,
        "createNewEdoc": not as_pdf,
    }
    digests = call(given, "calculate-digest", request=request)["sessionDigests"]
    errors = {row["sessionId"]: row["error"] for row in digests if row.get("error")}
    # Where a person signs, `digests_summary` of the same answer goes into the authorisation.
    values = [
        {"sessionId": row["sessionId"], "signatureValue": sign(given.key, row)}
        for row in digests
        if row["sessionId"] not in errors
    ]
    if values:
        results = call(given, "finalize-signing", request={"sessionSignatureValues": values})["results"]
        errors |= {row["sessionId"]: row["error"] for row in results if row.get("error")}
    return errors


def main():
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    for name in ("cert", "key", "store", "out"):
        arguments.add_argument(f"--{name}", required=True)
    arguments.add_argument("--level", default="b-b")
    arguments.add_argument("--tsa", action="append", default=[])
    arguments.add_argument("--trust", action="append", default=[])
    arguments.add_argument("files", nargs="+")
    given = arguments.parse_args()
    os.makedirs(given.out, exist_ok=True)

    files, errors = {}, {}
    for path in given.files:
        session = call(given, "start")["sessionId"]
        call(given, "upload", session, path)
        files[session] = path
    for as_pdf in (True, False):
        group = [session for session, path in files.items() if path.endswith(".pdf") == as_pdf]
        if group:
            errors |= sign_together(given, group, as_pdf)

    for session, path in files.items():
        if session in errors:
            # It stays: where a service was down, the same finalizeSigning goes on from there.
            print(f"{path}: {errors[session]['code']}: {errors[session]['message']}", file=sys.stderr)
            continue
        document = call(given, "list", session)[0]
        out = os.path.join(given.out, document["name"])
        call(given, "download", session, "--out", out)
        call(given, "close", session)
        print(f"{path}: {out}")
    return 1 if errors else 0


if __name__ == "__main__":
    try:
        sys.exit(main())
    except Failed as error:
        sys.exit(str(error))
