"""See ./corpora: every ASiC-E container gets one more signature, under its own name and under odd ones."""

import argparse
import json
import os
import shutil
import subprocess
import tempfile
import zipfile

ASICE = b"application/vnd.etsi.asic-e+zip"
ODD = ["", ".sce", ".bdoc", ".zip", ".docx"]


def main():
    p = argparse.ArgumentParser()
    p.add_argument("folders", nargs="+")
    p.add_argument("--part", action="store_true")
    for name in ("validate", "pki"):
        p.add_argument("--" + name, required=True)
    a = p.parse_args()
    with tempfile.TemporaryDirectory() as work:
        raise SystemExit(run(a, work))


def run(a, work):
    before, odd = os.path.join(work, "before"), os.path.join(work, "odd")
    names = collect(a, before)
    os.makedirs(odd)
    renamed = {}
    for i, name in enumerate(names):
        other = os.path.splitext(name)[0] + f"-{i}" + ODD[i % len(ODD)]
        shutil.copy(os.path.join(before, name), os.path.join(odd, other))
        renamed[other] = name
    bad = 0
    verdicts = judge(a, before, names)
    for folder, of in ((before, {name: name for name in names}), (odd, renamed)):
        after = folder + "-signed"
        # Named one by one, and found in their folder.
        inputs = [folder] if folder == odd else [os.path.join(folder, name) for name in names]
        lines = seal(a, work, inputs, after)
        for line in lines:
            name = os.path.basename(line["input"])
            if "error" in line:
                print(f"NOT SIGNED: {name}: {line['error']['code']}: {line['error']['message']}")
                bad = 1
            elif os.path.basename(line["output"]) != name:
                print(f"NOT UNDER ITS NAME: {name}: {line['output']}")
                bad = 1
        missing = set(of) - {os.path.basename(line["input"]) for line in lines}
        for name in sorted(missing):
            print(f"NOT FOUND: {name}")
            bad = 1
        signed = [os.path.basename(line["output"]) for line in lines if "error" not in line and "output" in line]
        for name, found in judge(a, after, signed).items():
            earlier = verdicts[of[name]]
            lost = [one for one in earlier if found.get(one) != earlier[one]]
            new = {one: found[one] for one in found if one not in earlier}
            if lost or list(new.values()) != [True]:
                print(f"NOT ACCEPTED: {name}: earlier verdicts changed: {lost}, new ones: {new}")
                bad = 1
    print(f"{len(names)} containers, each twice; {sum(map(len, verdicts.values()))} earlier signatures")
    return bad


def collect(a, target):
    """All ASiC-E containers but those that are odd on purpose, whatever their names; for `--part` every third of many."""
    os.makedirs(target)
    names, seen = [], set()
    for folder in a.folders:
        for path in sorted(os.path.join(top, f) for top, _, fs in os.walk(folder) for f in fs if os.path.basename(top) != "faults"):
            if not os.path.isfile(path) or not is_container(path):
                continue
            with open(path, "rb") as f:
                data = f.read()
            if data in seen:
                continue
            seen.add(data)
            name = os.path.basename(path)
            names.append(name if name not in names else f"{len(names)}-{name}")
            shutil.copy(path, os.path.join(target, names[-1]))
    if a.part and len(names) > 6:
        for name in [n for i, n in enumerate(names) if i % 3]:
            os.remove(os.path.join(target, name))
        names = names[::3]
    return names


def is_container(path):
    with open(path, "rb") as f:
        if f.read(4) != b"PK\x03\x04":
            return False
    try:
        with zipfile.ZipFile(path) as z:
            first = min(z.infolist(), key=lambda entry: entry.header_offset, default=None)
            return first is not None and first.filename == "mimetype" and z.read(first) == ASICE
    except (zipfile.BadZipFile, OSError, RuntimeError):
        return False


def seal(a, work, inputs, out):
    password = os.path.join(work, "password")
    with open(password, "w") as f:
        f.write("test\n")
    done = subprocess.run([os.environ["ESEAL"], "seal", *inputs, "--key", f"{a.pki}/pfx/eseal-p256.p12", "--password-file", password, "--out", out, "--json"], stdout=subprocess.PIPE, text=True)
    if done.returncode not in (0, 1):
        raise SystemExit(f"eseal seal ended with {done.returncode}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def judge(a, folder, names):
    """What is thought of each signature of each container, by the entry that it is in."""
    if not names:
        return {}
    paths = [os.path.join(folder, name) for name in names]
    done = subprocess.run([f"{a.validate}/validate-asice", "--trust", f"{a.pki}/root.pem", "--offline", "--json", *paths], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    results = json.loads(done.stdout)
    results = results if isinstance(results, list) else [results]
    entry = lambda one: one.get("file") or one.get("container_file") or one["id"]
    return {os.path.basename(r["file"]): {(entry(s), n): s["ok"] for n, s in enumerate(r["signatures"])} for r in results}


if __name__ == "__main__":
    main()
