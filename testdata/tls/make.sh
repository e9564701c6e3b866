#!/bin/sh
# Makes an issuer, a server's and a client's certificate for tests of TLS.
set -eu
cd "$(dirname "$0")"
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1.key"; }
leaf() {
    key "$1"
    openssl req -new -key "$1.key" -subj "/CN=$1" -out "$1.csr"
    printf 'basicConstraints=CA:FALSE\nextendedKeyUsage=%s\nsubjectAltName=IP:127.0.0.1\n' "$2" > "$1.ext"
    openssl x509 -req -in "$1.csr" -CA ca.pem -CAkey ca.key -set_serial "$3" -days 36500 -extfile "$1.ext" -out "$1.pem"
    rm "$1.csr" "$1.ext"
}
key ca
openssl req -x509 -new -key ca.key -subj /CN=ca -days 36500 -addext keyUsage=critical,keyCertSign -out ca.pem
leaf server serverAuth 1
leaf client clientAuth 2
rm ca.key
