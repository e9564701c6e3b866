#!/usr/bin/env python3
"""Recorded the answers in this folder, once: they are committed as they came out.

    record.py PKI_STATE PORT FOREIGN     with the Python of the test PKI (asn1crypto, cryptography)

From the running test PKI: what its services and their faults answer. From FOREIGN: OCSP answers that DSS,
libdigidocpp and pyHanko put into signed files. The rest is made here with keys that are thrown away: what no
service of the test PKI can be brought to say. `index.json` has a case for each question to each answer.
"""

import base64
import glob
import hashlib
import json
import os
import re
import sys
import urllib.request
import zipfile
import zlib
from datetime import datetime, timedelta, timezone

from asn1crypto import algos, cms, core, ocsp, tsp, x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

state, port, foreign = sys.argv[1:4]
here = os.path.dirname(os.path.abspath(__file__))
base = f"http://127.0.0.1:{port}"
utc = timezone.utc
cases = {"timestamp": [], "tokens": [], "ocsp": []}
saved = set()


def save(name, data):
    assert name not in saved, name
    saved.add(name)
    with open(os.path.join(here, name), "wb") as f:
        f.write(data)
    return name


def certificate(name):
    with open(f"{state}/out/certs/{name}.der", "rb") as f:
        return f.read()


def post(path, body, kind, headers=None):
    request = urllib.request.Request(base + path, body, {"Content-Type": kind, **(headers or {})})
    return urllib.request.urlopen(request, timeout=60).read()


def text(moment):
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def now():
    return datetime.now(utc)


# --- time-stamps ---------------------------------------------------------------------------------------------------

DATA = b"hello\n"
NONCE = bytes.fromhex("7e2c91023bb43e7b")


def query(algorithm="sha256", nonce=NONCE, policy=None):
    fields = {
        "version": 1,
        "message_imprint": {
            "hash_algorithm": {"algorithm": algorithm, "parameters": core.Null()},
            "hashed_message": hashlib.new(algorithm, DATA).digest(),
        },
        "cert_req": True,
    }
    if nonce is not None:
        fields["nonce"] = int.from_bytes(nonce, "big")
    if policy:
        fields["req_policy"] = policy
    return tsp.TimeStampReq(fields).dump()


def stamp(name, answer, expected, algorithm="sha256", nonce=NONCE, policy=None, at=None):
    cases["timestamp"].append({
        "file": save(name + ".tsr", answer),
        "digest": algorithm,
        "nonce": None if nonce is None else nonce.hex(),
        "policy": policy,
        "request": query(algorithm, nonce, policy).hex(),
        "now": text(at or now()),
        "expected": expected,
    })


def recorded_stamps():
    kind = "application/timestamp-query"
    ask = lambda path, **options: post(path, query(**options), kind)
    tsa = "/main/tsa/tsa"
    for algorithm in ("sha256", "sha384", "sha512"):
        stamp(f"good-{algorithm}", ask(tsa, algorithm=algorithm), "ok", algorithm=algorithm)
    stamp("good-ec", ask("/main/tsa/tsa-ec"), "ok")
    stamp("good-without-nonce", ask(tsa, nonce=None), "ok", nonce=None)
    stamp("good-policy", ask(tsa, policy="1.3.6.1.4.1.4146.2.3"), "ok", policy="1.3.6.1.4.1.4146.2.3")
    stamp("other-policy", ask(tsa, policy="1.2.3"), "timestamp.policy", policy="1.2.3")
    stamp("without-chain", ask("/main/tsa/tsa-nochain"), "ok")
    stamp("expired", ask("/main/tsa/tsa-expired"), "timestamp.certificate")
    # Revoked, or an impostor's: nothing is wrong with the tokens themselves.
    stamp("revoked", ask("/main/tsa/tsa-revoked"), "ok")
    stamp("rogue", ask("/rogue/tsa/tsa"), "ok")
    old = post(tsa, query(), kind, {"X-Certomancer-Fake-Time": "2024-05-01T00:00:00+00:00"})
    stamp("old", old, "timestamp.time")
    stamp("old-then", old, "ok", at=datetime(2024, 5, 1, 0, 4, tzinfo=utc))
    stamp("other-digest", ask(tsa), "timestamp.imprint", algorithm="sha384")
    for fault, expected in {
        "empty": "timestamp.malformed", "garbage": "timestamp.malformed", "html": "timestamp.malformed",
        "truncated": "timestamp.malformed", "rejected": "timestamp.rejected", "wrongimprint": "timestamp.imprint",
        "wrongnonce": "timestamp.nonce", "nonce-missing": "timestamp.nonce", "badsig": "timestamp.signature",
    }.items():
        stamp(f"fault-{fault}", ask(f"/faults/tsa/{fault}"), expected)


# --- a little PKI that is thrown away ------------------------------------------------------------------------------


def name(common):
    return x509.Name.build({"country_name": "LV", "organization_name": "eseal test", "common_name": common})


def sign(key, data, digest=hashes.SHA256()):
    return key.sign(data, ec.ECDSA(digest))


def key_info(key):
    der = key.public_key().public_bytes(serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    return x509.PublicKeyInfo.load(der)


def name_otherwise(common):
    """What `name` writes as UTF8String, as PrintableString in small letters and with more blanks."""
    part = lambda kind, value: x509.RelativeDistinguishedName([x509.NameTypeAndValue(
        {"type": kind, "value": x509.DirectoryString("printable_string", core.PrintableString(value))})])
    country = x509.RelativeDistinguishedName([x509.NameTypeAndValue({"type": "country_name", "value": core.PrintableString("LV")})])
    return x509.Name("", x509.RDNSequence([country, part("organization_name", " eseal  Test"), part("common_name", common)]))


serials = iter(range(1000, 2000))


def make(subject, issuer=None, key=None, purposes=None, critical=True, ca=False, usage=("digital_signature",),
         since=datetime(2020, 1, 1, tzinfo=utc), until=datetime(2049, 1, 1, tzinfo=utc), no_check=False, more=(),
         issuer_name=None):
    """A certificate with its key: (asn1crypto certificate, private key)."""
    key = key or ec.generate_private_key(ec.SECP256R1())
    issuer_certificate, issuer_key = issuer or (None, key)
    extensions = [
        {"extn_id": "basic_constraints", "critical": True, "extn_value": {"ca": ca}},
        {"extn_id": "key_usage", "critical": True, "extn_value": set(usage)},
    ]
    if purposes:
        extensions.append({"extn_id": "extended_key_usage", "critical": critical, "extn_value": purposes})
    if no_check:
        extensions.append({"extn_id": "ocsp_no_check", "critical": False, "extn_value": core.Null()})
    extensions += more
    body = x509.TbsCertificate({
        "version": "v3", "serial_number": next(serials), "signature": {"algorithm": "sha256_ecdsa"},
        "issuer": issuer_name or (issuer_certificate.subject if issuer_certificate else name(subject)),
        "validity": {"not_before": x509.Time({"utc_time": since}), "not_after": x509.Time({"utc_time": until})},
        "subject": name(subject), "subject_public_key_info": key_info(key), "extensions": extensions,
    })
    whole = x509.Certificate({"tbs_certificate": body, "signature_algorithm": {"algorithm": "sha256_ecdsa"},
                              "signature_value": sign(issuer_key, body.dump())})
    return x509.Certificate.load(whole.dump()), key


class Accuracy(core.Sequence):
    _fields = [("seconds", core.Integer), ("millis", core.Integer, {"implicit": 0}), ("micros", core.Integer, {"implicit": 1})]


def token(signer, at, attribute="signing_certificate_v2", named=None, content_type="tst_info", digest=None, version="v3",
          embedded=True, signers=1, changes=None, null=True, sha1=False):
    cert, key = signer
    algorithm = {"algorithm": "sha256"}
    if null:
        algorithm["parameters"] = core.Null()
    info = tsp.TSTInfo({
        "version": "v1", "policy": "1.2.3.4",
        "message_imprint": {"hash_algorithm": algorithm, "hashed_message": hashlib.sha256(DATA).digest()},
        "serial_number": 7, "gen_time": at, "nonce": int.from_bytes(NONCE, "big"), **(changes or {}),
    })
    content = info.dump()
    named = hashlib.sha256((named or cert).dump()).digest()
    attributes = [
        {"type": "content_type", "values": [content_type]},
        {"type": "message_digest", "values": [digest or hashlib.sha256(content).digest()]},
    ]
    if attribute:
        attributes.append({"type": attribute, "values": [{"certs": [{"cert_hash": named}]}]})
    attributes = cms.CMSAttributes(attributes)
    signer_info = cms.SignerInfo({
        "version": "v1", "sid": {"issuer_and_serial_number": {"issuer": cert.issuer, "serial_number": cert.serial_number}},
        "digest_algorithm": {"algorithm": "sha256"}, "signed_attrs": attributes,
        "signature_algorithm": {"algorithm": "sha1_ecdsa" if sha1 else "sha256_ecdsa"},
        "signature": sign(key, attributes.dump(), hashes.SHA1() if sha1 else hashes.SHA256()),
    })
    signed = cms.SignedData({
        "version": version, "digest_algorithms": [{"algorithm": "sha256"}],
        "encap_content_info": {"content_type": "tst_info", "content": core.ParsableOctetString(content)},
        "certificates": [cert] if embedded else [], "signer_infos": [signer_info] * signers,
    })
    return cms.ContentInfo({"content_type": "signed_data", "content": signed}).dump()


def der(tag, *parts):
    content = b"".join(parts)
    if len(content) < 128:
        return bytes([tag, len(content)]) + content
    octets = len(content).to_bytes((len(content).bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(octets)]) + octets + content


def granted(token):
    return der(0x30, b"\x30\x03\x02\x01\x00", token)


def indefinite(element):
    """The same in BER: constructed elements, not below the signed ones, with indefinite lengths."""
    def parts(content):
        at = 0
        while at < len(content):
            head = 2 if content[at + 1] < 128 else 2 + (content[at + 1] & 127)
            length = content[at + 1] if head == 2 else int.from_bytes(content[at + 2:at + head], "big")
            yield content[at], content[at:at + head + length], content[at + head:at + head + length]
            at += head + length

    def convert(raw, depth):
        (tag, whole, content), = parts(raw)
        if not tag & 0x20 or depth == 0 or (tag == 0xA0 and depth < 3):
            return whole
        return bytes([tag, 0x80]) + b"".join(convert(part, depth - 1) for _, part, _ in parts(content)) + b"\0\0"

    return convert(element, 4)


def made_stamps():
    at = now()
    good = make("Time", purposes=["time_stamping"])
    put = lambda case, expected, **options: stamp(f"made-{case}", granted(token(good, at, **options)), expected)
    put("good", "ok")
    put("accuracy", "ok", changes={"accuracy": {"seconds": 1, "millis": 500, "micros": 1}, "ordering": True,
                                   "tsa": x509.GeneralName("directory_name", good[0].subject)})
    put("without-null", "ok", null=False)
    put("fraction", "ok", changes={"gen_time": at.replace(microsecond=120000)})
    put("critical-extension", "timestamp.malformed",
        changes={"extensions": [{"extn_id": "1.2.3.4.5", "critical": True, "extn_value": b"\x05\x00"}]})
    put("extension", "ok", changes={"extensions": [{"extn_id": "1.2.3.4.5", "extn_value": b"\x05\x00"}]})
    put("sha1", "timestamp.signature", sha1=True)
    put("not-named", "timestamp.certificate", attribute=None)
    put("other-named", "timestamp.certificate", named=make("Other")[0])
    put("without-certificate", "timestamp.certificate", embedded=False)
    put("other-type", "timestamp.signature", content_type="data")
    put("other-content", "timestamp.signature", digest=bytes(32))
    put("version-1", "timestamp.malformed", version="v1")
    put("two-signers", "timestamp.malformed", signers=2)
    put("negative-nonce", "timestamp.nonce", changes={"nonce": -int.from_bytes(NONCE, "big")})
    plain = token(good, at)
    stamp("made-indefinite", granted(indefinite(plain)), "ok")
    stamp("made-only-token", plain, "timestamp.malformed")
    stamp("made-trailing", granted(plain) + b"\0", "timestamp.malformed")
    stamp("made-no-token", der(0x30, b"\x30\x03\x02\x01\x00"), "timestamp.malformed")
    stamp("made-signature", granted(open(os.path.join(here, "../cms/dss-b-rsa.der"), "rb").read().rstrip(b"\0")),
          "timestamp.malformed")
    waiting = der(0x30, der(0x30, b"\x02\x01\x03"))
    stamp("made-waiting", waiting, "timestamp.unavailable")
    failure = der(0x30, der(0x30, b"\x02\x01\x02", der(0x30, der(0x0C, "rīt \x1b[2J".encode())), b"\x03\x05\x06\0\0\0\x40"))
    stamp("made-system-failure", failure, "timestamp.unavailable")
    for case, options in {
        "usage-not-critical": {"purposes": ["time_stamping"], "critical": False},
        "two-usages": {"purposes": ["time_stamping", "code_signing"]},
        "without-usage": {},
        "other-usage": {"purposes": ["ocsp_signing"]},
        "ca": {"purposes": ["time_stamping"], "ca": True, "usage": ("digital_signature", "key_cert_sign")},
        "key-agreement": {"purposes": ["time_stamping"], "usage": ("key_agreement",)},
        "not-yet-valid": {"purposes": ["time_stamping"], "since": at + timedelta(days=30)},
    }.items():
        stamp(f"made-{case}", granted(token(make("Time", **options), at)), "timestamp.certificate")


# --- OCSP ----------------------------------------------------------------------------------------------------------


def identifier(cert, issuer, algorithm="sha1"):
    return ocsp.CertId({
        "hash_algorithm": {"algorithm": algorithm, "parameters": core.Null()},
        "issuer_name_hash": hashlib.new(algorithm, issuer.subject.dump()).digest(),
        "issuer_key_hash": hashlib.new(algorithm, bytes(issuer.public_key["public_key"])).digest(),
        "serial_number": cert.serial_number,
    })


def question(cert, issuer, algorithm="sha1", nonce=None):
    body = {"request_list": [{"req_cert": identifier(cert, issuer, algorithm)}]}
    if nonce is not None:
        body["request_extensions"] = [{"extn_id": "nonce", "extn_value": nonce}]
    return ocsp.OCSPRequest({"tbs_request": body}).dump()


def answer(case, data, expected, cert, issuer, at=None, request=None, digest="sha1", nonce=None, not_older_than=None,
           known=(), delegate=None, basic=False):
    cases["ocsp"].append({
        "file": save(case + ".ors", data), "is_basic": basic,
        "certificate": cert, "issuer": issuer, "known": list(known), "digest": digest,
        "nonce": None if nonce is None else nonce.hex(), "request": None if request is None else request.hex(),
        "at": text(at or now()), "not_older_than": None if not_older_than is None else text(not_older_than),
        "delegate": delegate, "expected": expected,
    })


def recorded_answers():
    kind = "application/ocsp-request"
    load = lambda which: x509.Certificate.load(certificate(which))
    for which in ("revoked", "onhold", "tsa", "tsa-revoked"):
        save(which + ".cer", certificate(which))
    path = lambda which: f"{which}.cer" if which in ("revoked", "onhold", "tsa", "tsa-revoked") else f"../pki/{which}.pem"

    def ask(case, which, issuer, expected, digest="sha1", nonce=None, service=None, judged=None, **options):
        request = question(load(which), load(issuer), digest, nonce)
        data = post(service or f"/main/ocsp/{issuer}", request, kind)
        answer(case, data, expected, path(judged or which), path(issuer), digest=digest, nonce=nonce,
               request=None if judged else request, delegate="no-check" if expected == "ok" or expected.startswith("certificate.") else None,
               **options)

    ask("good", "p256", "i1", "ok")
    ask("good-sha256", "p256", "i1", "ok", digest="sha256")
    ask("good-nonce", "p256", "i1", "ok", nonce=bytes(range(1, 17)))
    ask("good-ec", "p521", "e1", "ok")
    ask("good-root", "i1", "root", "ok")
    ask("good-tsa", "tsa", "root", "ok")
    ask("revoked", "revoked", "i1", "certificate.revoked")
    ask("revoked-tsa", "tsa-revoked", "root", "certificate.revoked")
    ask("on-hold", "onhold", "i1", "certificate.on-hold")
    ask("other-certificate", "p256", "i1", "ocsp.certificate", judged="rsa2048")
    ask("later", "p256", "i1", "ocsp.stale", at=now() + timedelta(hours=1))
    ask("earlier", "p256", "i1", "ocsp.stale", at=now() - timedelta(hours=1))
    ask("not-newer", "p256", "i1", "ocsp.stale", not_older_than=now() + timedelta(minutes=1))
    ask("newer", "p256", "i1", "ok", not_older_than=now() - timedelta(minutes=1))
    for fault, expected in {
        "empty": "ocsp.malformed", "garbage": "ocsp.malformed", "html": "ocsp.malformed", "truncated": "ocsp.malformed",
        "trylater": "ocsp.unavailable", "unauthorized": "ocsp.status", "malformed": "ocsp.status", "stale": "ocsp.stale",
        "badsig": "ocsp.signature",
    }.items():
        ask(f"fault-{fault}", "p256", "i1", expected, service=f"/faults/ocsp/{fault}")


def foreign_answers():
    """One answer of each maker and format for each certificate."""
    certificates = {}
    for file in sorted(glob.glob(f"{state}/out/certs/*.der")):
        with open(file, "rb") as f:
            cert = x509.Certificate.load(f.read())
        certificates[cert.issuer.dump(), cert.serial_number] = os.path.basename(file)[:-4], cert
    by_subject = {cert.subject.dump(): which for which, cert in certificates.values()}
    seen = set()
    for file in sorted(glob.glob(f"{foreign}/*")):
        maker = os.path.basename(file).split("-")[0] + "-" + file.rsplit(".", 1)[-1]
        found = []
        if file.endswith(".asice"):
            with zipfile.ZipFile(file) as archive:
                for entry in archive.namelist():
                    values = re.findall(rb"EncapsulatedOCSPValue[^>]*>([^<]+)<", archive.read(entry))
                    found += [base64.b64decode(re.sub(rb"\s|&#13;|&#xD;", b"", value)) for value in values]
        elif file.endswith(".pdf"):
            with open(file, "rb") as f:
                pdf = f.read()
            for start in re.finditer(rb"stream\r?\n", pdf):
                data = pdf[start.end():]
                try:
                    data = zlib.decompressobj().decompress(data)
                except zlib.error:
                    pass
                if data[:1] == b"\x30":
                    found.append(data)
        for data in found:
            try:
                length = len(core.Sequence.load(data).dump())
                read = ocsp.OCSPResponse.load(data[:length])
                body = read.basic_ocsp_response["tbs_response_data"]
            except (ValueError, TypeError, KeyError, AttributeError):
                continue
            single = body["responses"][0]
            serial = single["cert_id"]["serial_number"].native
            for (issuer, number), (which, _) in certificates.items():
                issuer_name = by_subject.get(issuer)
                if number != serial or issuer_name not in ("root", "i1", "e1") or (maker, which) in seen:
                    continue
                hashed = hashlib.sha1(issuer).digest()
                if single["cert_id"]["issuer_name_hash"].native != hashed:
                    continue
                if not os.path.exists(os.path.join(here, f"../pki/{which}.pem")):
                    continue
                seen.add((maker, which))
                answer(f"{maker}-{which}", data[:length], "ok", f"../pki/{which}.pem", f"../pki/{issuer_name}.pem",
                       at=body["produced_at"].native, delegate="no-check")


def foreign_tokens():
    """One token of each maker, format and place."""
    for file in sorted(glob.glob(f"{foreign}/*")):
        maker = os.path.basename(file).split("-")[0]
        found = {}
        if file.endswith(".asice"):
            with zipfile.ZipFile(file) as archive:
                for entry in archive.namelist():
                    xml = archive.read(entry)
                    for place in ("SignatureTimeStamp", "ArchiveTimeStamp"):
                        for element in re.findall(rf"<[^>]*{place}\b.*?</[^>]*{place}>".encode(), xml, re.S):
                            value = re.search(rb"EncapsulatedTimeStamp[^>]*>([^<]+)<", element)
                            found[place] = base64.b64decode(re.sub(rb"\s|&#13;|&#xD;", b"", value[1]))
        elif file.endswith(".pdf"):
            with open(file, "rb") as f:
                for value in re.findall(rb"/Contents ?<([0-9A-Fa-f]+)>", f.read()):
                    data = bytes.fromhex(value.decode())
                    signed = cms.ContentInfo.load(data)["content"]
                    if signed["encap_content_info"]["content_type"].native == "tst_info":
                        found["DocTimeStamp"] = data
                    for attribute in signed["signer_infos"][0]["unsigned_attrs"] or []:
                        if attribute["type"].native == "signature_time_stamp_token":
                            found["attribute"] = attribute["values"][0].dump()
        for place, data in found.items():
            name = f"{maker}-{place}.tst".lower()
            if name in saved:
                continue
            info = cms.ContentInfo.load(data)["content"]["encap_content_info"]["content"].parsed
            imprint = info["message_imprint"]
            cases["tokens"].append({
                "file": save(name, data), "digest": imprint["hash_algorithm"]["algorithm"].native,
                "imprint": imprint["hashed_message"].native.hex(), "time": text(info["gen_time"].native),
            })


def made_answers():
    ca = make("CA", ca=True, usage=("key_cert_sign",))
    answers_about(ca, make("Person", ca, usage=("non_repudiation",)), now().replace(microsecond=0))


def expired_answers():
    at = datetime(2030, 1, 1, tzinfo=utc)
    ca = make("CA", ca=True, usage=("key_cert_sign",))
    person = make("Person", ca, usage=("non_repudiation",), until=at - timedelta(days=10))
    save("expired-ca.cer", ca[0].dump())
    save("expired-person.cer", person[0].dump())
    for case, expected, status, cutoff in (
        ("forgotten", "ocsp.expired", "good", None),
        ("remembered", "ok", "good", 11),
        ("remembered-less", "ocsp.expired", "good", 9),
        ("revoked", "certificate.revoked", "revoked", None),
    ):
        fields = {"cert_id": identifier(person[0], ca[0]), "this_update": at,
                  "cert_status": ocsp.CertStatus(status, core.Null() if status == "good" else ocsp.RevokedInfo(
                      {"revocation_time": at - timedelta(days=20)}))}
        if cutoff:
            fields["single_extensions"] = [{"extn_id": "archive_cutoff", "extn_value": at - timedelta(days=cutoff)}]
        body = ocsp.ResponseData({"responder_id": ocsp.ResponderId("by_name", ca[0].subject), "produced_at": at, "responses": [fields]})
        basic = ocsp.BasicOCSPResponse({"tbs_response_data": body, "signature_algorithm": {"algorithm": "sha256_ecdsa"},
                                        "signature": sign(ca[1], body.dump())}).dump()
        answer(f"expired-{case}", basic, expected, "expired-person.cer", "expired-ca.cer", at=at, basic=True,
               delegate=None if expected.startswith("ocsp") else "issuer")


def answers_about(ca, person, at):
    other_ca = make("CA", ca=True, usage=("key_cert_sign",))
    delegate = make("Responder", ca, purposes=["ocsp_signing"])
    trusted = make("Responder", ca, purposes=["ocsp_signing"], no_check=True)
    save("made-ca.cer", ca[0].dump())
    save("made-person.cer", person[0].dump())
    save("made-responder.cer", trusted[0].dump())

    def single(status="good", since=None, until=timedelta(hours=1), cert=person, issuer=ca, extensions=None, value=None):
        fields = {"cert_id": identifier(cert[0], issuer[0]), "this_update": at + (since or timedelta()),
                  "cert_status": ocsp.CertStatus(status, value if value is not None else core.Null())}
        if until is not None:
            fields["next_update"] = at + until
        if extensions:
            fields["single_extensions"] = extensions
        return fields

    def response(signer, singles=None, embedded=True, by_key=False, produced=None, extensions=None, certificates=None,
                 sha1=False, responder_name=None):
        cert, key = signer
        named = {"name": "by_key", "value": hashlib.sha1(bytes(cert.public_key["public_key"])).digest()} if by_key else {
            "name": "by_name", "value": responder_name or cert.subject}
        body = {"responder_id": ocsp.ResponderId(**named), "produced_at": at + (produced or timedelta()),
                "responses": singles or [single()]}
        if extensions:
            body["response_extensions"] = extensions
        body = ocsp.ResponseData(body)
        basic = {"tbs_response_data": body,
                 "signature_algorithm": {"algorithm": "sha1_ecdsa" if sha1 else "sha256_ecdsa"},
                 "signature": sign(key, body.dump(), hashes.SHA1() if sha1 else hashes.SHA256())}
        if embedded:
            basic["certs"] = certificates or [cert]
        return ocsp.BasicOCSPResponse(basic).dump()

    def full(basic):
        return der(0x30, b"\x0a\x01\x00", der(0xA0, der(0x30, der(6, bytes.fromhex("2b0601050507300101")), der(4, basic))))

    def put(case, expected, signer=trusted, delegate=None, basic=False, at=at, nonce=None, not_older_than=None, known=(), about="made-person.cer", **options):
        data = response(signer, **options)
        is_ok = expected == "ok" or expected.startswith("certificate.")
        answer(f"made-{case}", data if basic else full(data), expected, about, "made-ca.cer", at=at,
               nonce=nonce, not_older_than=not_older_than, known=known, basic=basic,
               delegate=(delegate or "no-check") if is_ok else None)

    put("good", "ok")
    put("bare", "ok", basic=True)
    put("by-key", "ok", by_key=True)
    put("to-be-checked", "ok", delegate, delegate="check")
    put("issuer", "ok", ca, delegate="issuer", embedded=False)
    put("issuer-by-key", "ok", ca, delegate="issuer", by_key=True)
    put("without-certificate", "ocsp.responder", embedded=False)
    put("known-certificate", "ok", embedded=False, known=["made-responder.cer"])
    put("many-certificates", "ok", certificates=[ca[0], person[0], delegate[0], trusted[0]])
    put("namesake-issuer", "ocsp.responder", other_ca)
    put("namesake-key", "ocsp.signature", other_ca, embedded=False)
    put("namesake-delegate", "ocsp.responder", make("Responder", other_ca, purposes=["ocsp_signing"]))
    put("without-usage", "ocsp.responder", make("Responder", ca))
    put("other-usage", "ocsp.responder", make("Responder", ca, purposes=["time_stamping"]))
    put("not-for-signing", "ocsp.responder", make("Responder", ca, purposes=["ocsp_signing"], usage=("key_agreement",)))
    put("self-made", "ocsp.responder", make("Responder", purposes=["ocsp_signing"]))
    put("below-a-responder", "ocsp.responder", make("Responder 2", make("Sub", ca, ca=True), purposes=["ocsp_signing"]))
    put("by-the-person", "ocsp.responder", person)
    put("expired-responder", "ocsp.responder",
        make("Responder", ca, purposes=["ocsp_signing"], until=datetime(2025, 1, 1, tzinfo=utc)))
    put("unknown-critical", "ocsp.responder", make("Responder", ca, purposes=["ocsp_signing"],
        more=[{"extn_id": "1.2.3.4", "critical": True, "extn_value": b"\x05\x00"}]))
    put("about-itself", "ocsp.responder", singles=[single(cert=trusted)], about="made-responder.cer")
    # The same names, written otherwise: another kind of string, other cases and blanks.
    put("name-otherwise", "ok", responder_name=name_otherwise("responder"))
    put("issuer-name-otherwise", "ok", make("Responder", ca, purposes=["ocsp_signing"], no_check=True, issuer_name=name_otherwise("ca")))
    put("sha1", "ocsp.signature", sha1=True)
    put("unknown", "ocsp.unknown", singles=[single("unknown")])
    gone = ocsp.RevokedInfo({"revocation_time": at - timedelta(days=1)})
    because = lambda reason: ocsp.RevokedInfo({"revocation_time": at - timedelta(days=1), "revocation_reason": reason})
    put("revoked", "certificate.revoked", singles=[single("revoked", value=gone)])
    put("revoked-reason", "certificate.revoked", singles=[single("revoked", value=because("key_compromise"))])
    put("on-hold", "certificate.on-hold", singles=[single("revoked", value=because("certificate_hold"))])
    put("removed", "certificate.on-hold", singles=[single("revoked", value=because("remove_from_crl"))])
    put("no-end", "ok", singles=[single(until=None)])
    put("no-end-old", "ocsp.stale", singles=[single(until=None)], at=at + timedelta(hours=25))
    put("future", "ocsp.stale", singles=[single(since=timedelta(minutes=10))])
    put("future-within-skew", "ok", singles=[single(since=timedelta(seconds=30))], produced=timedelta(seconds=30))
    put("ended", "ocsp.stale", singles=[single(since=timedelta(hours=-2), until=timedelta(hours=-1))])
    put("signed-before", "ocsp.stale", singles=[single()], produced=timedelta(hours=-1))
    put("signed-later", "ok", singles=[single(since=timedelta(hours=-1))], not_older_than=at)
    put("others", "ok", singles=[single("revoked", value=gone, cert=delegate), single(), single("unknown", cert=trusted)])
    put("worse-counts", "certificate.revoked", singles=[single(), single("revoked", value=gone)])
    put("latest-counts", "ok", singles=[single("revoked", value=because("certificate_hold"), since=timedelta(hours=-1)), single()])
    put("other-issuer", "ocsp.certificate", singles=[single(issuer=other_ca)])
    put("cutoff", "ok", singles=[single(extensions=[{"extn_id": "archive_cutoff", "extn_value": at - timedelta(days=900)}])])
    put("critical", "ocsp.malformed", singles=[single(extensions=[{"extn_id": "1.2.3.4", "critical": True, "extn_value": b"\x05\x00"}])])
    put("not-critical", "ok", extensions=[{"extn_id": "1.2.3.4", "extn_value": b"\x05\x00"}])
    put("other-nonce", "ocsp.nonce", nonce=bytes(8), extensions=[{"extn_id": "nonce", "extn_value": bytes(7) + b"\1"}])
    put("no-nonce", "ok", nonce=bytes(8))
    put("unasked-nonce", "ok", extensions=[{"extn_id": "nonce", "extn_value": bytes(8)}])


recorded_stamps()
made_stamps()
recorded_answers()
foreign_tokens()
foreign_answers()
made_answers()
expired_answers()
with open(os.path.join(here, "index.json"), "w") as f:
    f.write("{\n")
    for n, (theme, list_of) in enumerate(cases.items()):
        f.write(f'"{theme}": [\n' + ",\n".join(json.dumps(case) for case in list_of) + "\n]" + (",\n" if n < 2 else "\n"))
    f.write("}\n")
print({theme: len(list_of) for theme, list_of in cases.items()})
