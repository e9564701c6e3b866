#!/bin/sh
# Makes the key files of this folder anew with OpenSSL 3: public test keys, password `test` unless the name says
# otherwise. The tests compare nothing with bytes of these files, so new keys change no test.
set -eu
cd "$(dirname "$0")"
rm -f ./*.pem ./*.p12
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT
quiet() { "$@" 2>"$t/log" || { cat "$t/log" >&2; exit 1; }; }
quiet openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$t/ca.key" -out ca.pem \
    -days 9000 -subj "/CN=Test key CA" -addext "keyUsage=critical,keyCertSign"
leaf() { # NAME, then arguments of genpkey
    name=$1; shift
    quiet openssl genpkey "$@" -out "$name.pem"
    quiet openssl req -new -key "$name.pem" -subj "/CN=Test key $name" -out "$t/csr"
    printf 'keyUsage=critical,nonRepudiation\n' >"$t/ext"
    quiet openssl x509 -req -in "$t/csr" -CA ca.pem -CAkey "$t/ca.key" -CAcreateserial -CAserial "$t/serial" \
        -days 8900 -extfile "$t/ext" -out "$name-certificate.pem"
}
leaf ec -algorithm EC -pkeyopt ec_paramgen_curve:P-256
leaf ec384 -algorithm EC -pkeyopt ec_paramgen_curve:P-384
leaf ec521 -algorithm EC -pkeyopt ec_paramgen_curve:P-521
leaf ed25519 -algorithm ED25519
leaf rsa -algorithm RSA -pkeyopt rsa_keygen_bits:2048
pfx() { # FILE KEY PASSWORD, then more arguments
    file=$1; key=$2; password=$3; shift 3
    quiet openssl pkcs12 -export -inkey "$key.pem" -in "$key-certificate.pem" -name "test $key" \
        -passout "pass:$password" -out "$file.p12" "$@"
}
for key in ec ec384 ec521 ed25519 rsa; do pfx "$key" "$key" test -certfile ca.pem; done
pfx aes128-sha512 ec test -keypbe AES-128-CBC -certpbe AES-192-CBC -macalg sha512
pfx sha384 ec test -macalg sha384
pfx legacy ec test -legacy -certfile ca.pem
pfx legacy-3des ec test -legacy -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1
pfx legacy-2des-rc2 ec test -legacy -keypbe PBE-SHA1-2DES -certpbe PBE-SHA1-RC2-128 -macalg sha1
pfx no-mac ec test -nomac
pfx iterations ec test -iter 100000
pfx empty-password ec '' -certfile ca.pem
pfx empty-password-legacy ec '' -legacy
pfx unicode-password ec 'pārole🔑'
pfx unicode-password-legacy ec 'pārole🔑' -legacy
pfx plain-certificate ec test -certpbe NONE
quiet openssl pkcs12 -export -nokeys -in ec-certificate.pem -passout pass:test -out no-key.p12
quiet openssl pkcs8 -topk8 -in ec.pem -passout pass:test -v2 aes-256-cbc -v2prf hmacWithSHA512 -out ec-encrypted.pem
quiet openssl pkcs8 -topk8 -in ec.pem -passout pass:test -v2 des3 -v2prf hmacWithSHA1 -out ec-encrypted-des3.pem
quiet openssl pkcs8 -topk8 -in ec.pem -passout pass:test -v1 PBE-SHA1-3DES -out ec-encrypted-v1.pem
quiet openssl ec -in ec.pem -out ec-traditional.pem
quiet openssl ecparam -name prime256v1 -out "$t/parameters"
cat "$t/parameters" ec-traditional.pem ec-certificate.pem ca.pem >"$t/all"; mv "$t/all" ec-traditional.pem
quiet openssl rsa -traditional -in rsa.pem -out rsa-traditional.pem
quiet openssl rsa -traditional -in rsa.pem -aes128 -passout pass:test -out rsa-traditional-encrypted.pem
