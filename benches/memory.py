#!/usr/bin/env python3
"""Peak memory of a long batch: `eseal seal` over 1,000 and over 100,000 tiny documents from a manifest on standard input.

    benches/memory.py ESEAL [COUNT]

Prints both peaks and fails when that of COUNT (100,000) is above 1.2 times that of 1,000 plus 256 bytes a document.
Results go to a folder in memory (/dev/shm) where there is one, without sync: memory is what is measured, not the disk.
Each document is one of the same few input files with a name and a reference of its own, as a stream of them would be.
"""
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
KEYS = ROOT / "testdata" / "keys"


def peak(eseal, count, folder):
    """Bytes of the largest resident set of one run."""
    out = folder / f"out-{count}"
    # Results are removed as they are told of, so that they do not fill the memory that is measured beside them.
    command = [eseal, "seal", "--manifest", "-", "--json", "--no-sync", "--jobs", "2",
               "--key", KEYS / "ec.pem", "--cert", KEYS / "ec-certificate.pem"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, cwd=folder)
    feeder = os.fork()
    if feeder == 0:
        process.stdout.close()
        with process.stdin as lines:
            for n in range(count):
                line = f'{{"input":"tiny.pdf","output":"{out}/{n:06}.pdf","ref":"{n:06}"}}\n'
                lines.write(line.encode())
        os._exit(0)
    process.stdin.close()
    done = 0
    for line in process.stdout:
        assert b'"output"' in line, line
        os.remove(out / f"{done:06}.pdf")
        done += 1
    _, status, usage = os.wait4(process.pid, 0)
    os.waitpid(feeder, 0)
    assert status == 0 and done == count, (status, done)
    return usage.ru_maxrss * 1024


def main():
    eseal = pathlib.Path(sys.argv[1]).resolve()
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 100_000
    shared = pathlib.Path("/dev/shm")
    folder = pathlib.Path(tempfile.mkdtemp(dir=shared if shared.is_dir() else None))
    try:
        shutil.copy(ROOT / "testdata" / "pdf" / "minimal.pdf", folder / "tiny.pdf")
        small, large = peak(eseal, 1_000, folder), peak(eseal, count, folder)
    finally:
        shutil.rmtree(folder)
    bound = 1.2 * small + 256 * count
    print(f"1,000 documents: {small / 2**20:.1f} MiB; {count:,}: {large / 2**20:.1f} MiB, "
          f"{large / small:.2f} times; {(large - small) / count:.0f} bytes a document more; bound {bound / 2**20:.1f} MiB")
    sys.exit(large > bound)


if __name__ == "__main__":
    main()
