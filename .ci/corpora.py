"""See ./corpora. Needs pyHanko, so it runs in the validators' environment."""

import argparse
import concurrent.futures
import gzip
import hashlib
import io
import json
import logging
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections import Counter, defaultdict

from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.sign import fields, signers

HERE = os.path.dirname(os.path.abspath(__file__))


def main():
    p = argparse.ArgumentParser()
    p.add_argument("packages", nargs="+")
    p.add_argument("--part", action="store_true")
    for name in ("cache", "validate", "pki"):
        p.add_argument("--" + name, required=True)
    a = p.parse_args()
    logging.disable(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as work:
        run(a, work)


def run(a, work):
    files = collect(a, os.path.join(work, "in"))
    print(f"{len(files)} files, no two alike")
    sealed, refused = seal(a, work, files)
    judged = judge(a, [os.path.join(work, "out", name) for name in sealed])
    rows = defaultdict(Counter)
    findings = {}
    with concurrent.futures.ProcessPoolExecutor(2) as pool:
        paths = [os.path.join(work, "in", name) for name in files]
        makers = dict(zip(files, pool.map(producer, paths)))
        doubtful = [name for name in files if name in refused or judged.get(name)]
        others = dict(zip(doubtful, pool.map(opinion, [(a.pki, os.path.join(work, "in", name)) for name in doubtful])))
        rivals = rival_verdicts(a, work, [name for name in doubtful if name not in refused and others[name][1]])
    for name in files:
        row = rows[makers[name]]
        row["files"] += 1
        if name in refused:
            row["refused " + refused[name]] += 1
            if others[name] == (True, True):
                findings[name] = "refused", refused[name]
        elif not judged[name]:
            row["accepted"] += 1
        elif name in rivals or others[name] != (True, True):
            # The original is at fault: pyHanko's own signature on it is judged no better.
            row["signed, but the original has faults"] += 1
        else:
            row["not accepted"] += 1
            findings[name] = "not accepted", judged[name]
    print_table(rows)
    raise SystemExit(compare(findings, set(files), a.part))


def collect(a, target):
    """All PDFs under flat names PACKAGE--NAME; of equal files one. For `--part` every second."""
    os.makedirs(target)
    seen, names = set(), []
    for package in a.packages:
        top = next(t for t in (os.path.join(a.cache, kind, package) for kind in ("pypi", "debian")) if os.path.exists(t))
        found = sorted(os.path.join(folder, f) for folder, _, fs in os.walk(top) for f in fs if f.lower().endswith((".pdf", ".pdf.gz")))
        for path in found:
            if not os.path.isfile(path):
                continue
            with (gzip.open if path.endswith(".gz") else open)(path, "rb") as f:
                data = f.read()
            digest = hashlib.sha256(data).digest()
            if digest in seen:
                continue
            seen.add(digest)
            base = os.path.basename(path).removesuffix(".gz")
            name = f"{package}--{base}"
            if name in names:
                name = f"{package}--{os.path.basename(os.path.dirname(path))}--{base}"
            names.append(name)
            with open(os.path.join(target, name), "wb") as f:
                f.write(data)
    if a.part:
        for name in [n for i, n in enumerate(names) if i % 2]:
            os.remove(os.path.join(target, name))
        names = names[::2]
    return names


def seal(a, work, files):
    password = os.path.join(work, "password")
    with open(password, "w") as f:
        f.write("test\n")
    done = subprocess.run([os.environ["ESEAL"], "seal", "--files-from", "-", "--key", f"{a.pki}/pfx/eseal-p256.p12", "--password-file", password,
                           "--out", os.path.join(work, "out"), "--json"], input="".join(os.path.join(work, "in", name) + "\n" for name in files), stdout=subprocess.PIPE, text=True)
    if done.returncode not in (0, 1):
        raise SystemExit(f"eseal seal ended with {done.returncode}")
    lines = [json.loads(line) for line in done.stdout.splitlines()]
    refused = {os.path.basename(line["input"]): line["error"]["code"] for line in lines if "error" in line}
    return [os.path.basename(line["output"]) for line in lines if "error" not in line], refused


def judge(a, paths):
    """What is said against each signed file; empty: accepted. Signatures of others do not count."""
    out = {}
    # Two calls side by side, each in portions that Java's memory can take.
    portions = [paths[i : i + 30] for i in range(0, len(paths), 30)]
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        for results in pool.map(lambda portion: validate(a, portion), portions):
            for r in results:
                ours = [s for s in r["signatures"] if s.get("coverage") == "ENTIRE_FILE"] or [{"ok": False, "findings": [{"state": "fail", "check": "coverage", "by": "own", "msg": "no signature over the whole file"}]}]
                faults = [f for part in (ours[-1], r) for f in part["findings"] if f["state"] == "fail" and not about_others(f)]
                out[os.path.basename(r["file"])] = "" if ours[-1]["ok"] and not faults else "; ".join(sorted({f"{f['check']} ({f['by']}): {f['msg']}"[:120] for f in faults})) or "signature"
    return out


def about_others(finding):
    return finding["check"] in ("file", "pdfsig") and finding["by"] in ("DSS", "pdfsig")


def validate(a, paths, dss=True):
    """DSS draws every page to compare it, which takes minutes for a few files: those the others judge without it."""
    command = [f"{a.validate}/validate-pades", "--trust", f"{a.pki}/root.pem", "--offline", "--lenient", "--no-strict-syntax", "--json", *([] if dss else ["--no-dss"]), *paths]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True) as process:
        try:
            text = process.communicate(timeout=60 + 2 * len(paths) if dss else None)[0]
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
            if len(paths) > 1:
                half = len(paths) // 2
                return validate(a, paths[:half]) + validate(a, paths[half:])
            print(f"DSS takes too long: {os.path.basename(paths[0])}")
            return validate(a, paths, dss=False)
    results = json.loads(text)
    return results if isinstance(results, list) else [results]


def producer(path):
    text = subprocess.run(["pdfinfo", path], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout.decode(errors="replace")
    found = re.search(r"^Producer: +(.*)$", text, re.M)
    name = re.split(r"[-, ]*(?:version )?v?\d|\(| - |;", found[1].strip())[0].strip() if found else ""
    return name or "(none named)"


def opinion(args):
    """Whether qpdf and pyHanko take the original: (no fault and no warning, can be signed)."""
    pki, path = args
    sound = subprocess.run(["qpdf", "--check", path], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0
    return sound, bool(rival(pki, path))


def rival(pki, path):
    signer = signers.SimpleSigner.load_pkcs12(f"{pki}/pfx/eseal-p256.p12", passphrase=b"test")
    out = io.BytesIO()
    try:
        with open(path, "rb") as f:
            meta = signers.PdfSignatureMetadata(field_name="Rival", md_algorithm="sha256", subfilter=fields.SigSeedSubFilter.PADES)
            signers.PdfSigner(meta, signer).sign_pdf(IncrementalPdfFileWriter(f), output=out)
    except Exception:  # whatever it says, it means no
        return b""
    return out.getvalue()


def rival_verdicts(a, work, names):
    """Those of `names` whose signature by pyHanko is not accepted either."""
    folder = os.path.join(work, "rival")
    os.makedirs(folder)
    for name in names:
        with open(os.path.join(folder, name), "wb") as f:
            f.write(rival(a.pki, os.path.join(work, "in", name)))
    verdicts = judge(a, [os.path.join(folder, name) for name in names]) if names else {}
    shutil.rmtree(folder)
    return {name for name, fault in verdicts.items() if fault}


def print_table(rows):
    print("\n| producer | files | signed and accepted | signed, original has faults | not accepted | refused |\n|---|--:|--:|--:|--:|---|")
    total, others = Counter(), Counter()
    few = [maker for maker, row in rows.items() if row["files"] < 4]
    for maker, row in sorted(rows.items(), key=lambda r: (-r[1]["files"], r[0])):
        total += row
        if maker in few:
            others += row
        else:
            print_row(maker, row)
    print_row(f"{len(few)} others", others)
    print_row("**all**", total)


def print_row(maker, row):
    refused = ", ".join(f"{n} × `{key[8:]}`" for key, n in sorted(row.items()) if key.startswith("refused "))
    print(f"| {maker} | {row['files']} | {row['accepted']} | {row['signed, but the original has faults']} | {row['not accepted']} | {refused} |")


def compare(findings, files, part):
    """Findings against the list of known ones, both ways."""
    known = {}
    with open(os.path.join(HERE, "corpora-known.tsv")) as f:
        for line in f:
            if line.strip() and not line.startswith("#"):
                name, what, why = line.rstrip("\n").split("\t")
                known[name] = what, why
    bad = 0
    print()
    for name, (what, detail) in sorted(findings.items()):
        if known.get(name, ("",))[0] not in (detail, what):
            print(f"NEW: {name}: {what}: {detail}")
            bad = 1
        else:
            print(f"known: {name}: {what}: {known[name][1]}")
    for name in sorted(known):
        if name in files and name not in findings:
            print(f"NO LONGER: {name}: take it out of .ci/corpora-known.tsv")
            bad = 1
        elif name not in files and not part:
            print(f"gone: {name} is in no package any more")
    return bad


if __name__ == "__main__":
    main()
