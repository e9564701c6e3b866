"""Makes containers of one file each with libdigidocpp, without the key: `libdigidocpp.py CERTIFICATE.der OUT FILE…`.

Prints the time of one in nanoseconds, by the clock, and the size of the last. Needs pydigidoc from PyPI, which has libdigidocpp in it.
"""

import os
import shutil
import sys
import tempfile
import time

import pydigidoc

certificate, out, files = sys.argv[1], sys.argv[2], sys.argv[3:]
folder = tempfile.mkdtemp()
cache = os.path.join(folder, "cache")
shutil.copytree(os.path.join(os.path.dirname(pydigidoc.__file__), "schema"), cache)
configuration = pydigidoc.DigiDocConf(cache)
configuration.set_log_level(0)
# Nothing here is about trust, and nobody is to be asked.
configuration.set_tslurl("http://127.0.0.1:9/none.xml")
pydigidoc.Conf.init(configuration)
configuration.thisown = False
pydigidoc.initialize_lib("bench", cache)
der = open(certificate, "rb").read()


def make(file):
    target = os.path.join(out, os.path.basename(file) + ".asice")
    container = pydigidoc.Container.create(target)
    container.add_data_file(file, "application/octet-stream")
    signer = pydigidoc.ExternalSigner(der)
    signer.set_profile("BES")
    container.prepare_signature(signer)
    container.save()
    return target


make(files[0])
begun = time.perf_counter_ns()
for file in files:
    last = make(file)
spent = time.perf_counter_ns() - begun
print(spent // len(files), os.path.getsize(last))
shutil.rmtree(folder)
