#!/bin/sh
# Makes the key files of this folder anew: ec.p12 of the folder above, as other programs write it.
#   JARS=FOLDER ./make.sh     FOLDER holds bcprov, bcutil and bcpkix (jdk18on 1.84) of BouncyCastle
# Needs OpenSSL 3.0, keytool of OpenJDK 17, certutil and pk12util of NSS. All passwords are `test`, or as the name says.
# Like ../make.sh, it makes other bytes each time, and no test minds.
set -eu
cd "$(dirname "$0")"
rm -f ./*.p12 ./*.pem
t=$(mktemp -d); trap 'rm -rf "$t"' EXIT
quiet() { "$@" >"$t/log" 2>&1 || { cat "$t/log" >&2; exit 1; }; }
key=../ec.pem certificate=../ec-certificate.pem
# Few iterations: the tests open each file several times.
export_() { # FILE PASSWORD, then more arguments
    file=$1; password=$2; shift 2
    quiet openssl pkcs12 -export -inkey "$key" -in "$certificate" -certfile ../ca.pem -name 'test ec' -iter 200 \
        -passout "pass:$password" -out "$file.p12" "$@"
}

# OpenSSL: each scheme of PKCS #12 and PKCS #5, each cipher and MAC beyond those of ../make.sh
for pbe in SHA1-RC4-128 SHA1-RC4-40 SHA1-3DES SHA1-2DES SHA1-RC2-128 SHA1-RC2-40 MD5-DES SHA1-DES MD5-RC2-64 SHA1-RC2-64; do
    export_ "openssl-$(echo "$pbe" | tr A-Z a-z)" test -legacy -keypbe "PBE-$pbe" -certpbe "PBE-$pbe" -macalg sha1
done
for cipher in AES-128 AES-192 AES-256 CAMELLIA-128 CAMELLIA-192 CAMELLIA-256 ARIA-128 ARIA-192 ARIA-256 DES-EDE3; do
    export_ "openssl-$(echo "$cipher" | tr A-Z a-z)" test -keypbe "$cipher-CBC" -certpbe "$cipher-CBC"
done
for cipher in DES RC2 RC2-64 RC2-40; do
    export_ "openssl-pbes2-$(echo "$cipher" | tr A-Z a-z)" test -legacy -keypbe "$cipher-CBC" -certpbe "$cipher-CBC"
done
for mac in md5 sha1 sha224 sha256 sha384 sha512 sha512-224 sha512-256; do export_ "openssl-mac-$mac" test -macalg "$mac"; done
export_ openssl-plain test -keypbe NONE -certpbe NONE
export_ openssl-plain-no-mac test -keypbe NONE -certpbe NONE -nomac
for password in 'pārole' 'Grüße'; do
    export_ "openssl-password-$(printf %s "$password" | od -An -tx1 | tr -d ' \n')" "$password"
done
# A password in Latin-1, as an old Windows terminal sends it
export_ openssl-password-4772fcdf65 "$(printf 'Gr\374\337e')"
export_ openssl-password-4772fcdf65-3des "$(printf 'Gr\374\337e')" -legacy -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES

# PKCS #8 by scrypt and by the schemes of old, and PEM with headers as OpenSSL 1 wrote it
quiet openssl pkcs8 -topk8 -in "$key" -passout pass:test -scrypt -scrypt_N 1024 -scrypt_r 8 -scrypt_p 2 -out pkcs8-scrypt.pem
for pbe in MD5-DES SHA1-DES MD5-RC2-64 SHA1-RC2-64 SHA1-RC4-128; do
    quiet openssl pkcs8 -topk8 -in "$key" -passout pass:test -v1 "PBE-$pbe" -provider legacy -provider default \
        -out "pkcs8-$(echo "$pbe" | tr A-Z a-z).pem"
done
quiet openssl ec -in "$key" -out "$t/ec.pem"
for cipher in aes128 aes192 aes256 des3 des camellia256 aria256; do
    quiet openssl ec -provider legacy -provider default -in "$t/ec.pem" "-$cipher" -passout pass:test -out "headers-ec-$cipher.pem"
done
for cipher in aes128 aes256 des3; do
    quiet openssl rsa -traditional -in ../rsa.pem "-$cipher" -passout pass:test -out "headers-rsa-$cipher.pem"
done

# As Windows exports: its attributes, 3DES with SHA-1, and AES-256 with SHA-256. Windows itself can't be run here.
export_ windows-3des test -legacy -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-3DES -macalg sha1 \
    -LMK -keysig -CSP 'Microsoft Enhanced RSA and AES Cryptographic Provider'
export_ windows-3des-rc2 test -legacy -keypbe PBE-SHA1-3DES -certpbe PBE-SHA1-RC2-40 -macalg sha1 \
    -LMK -keyex -CSP 'Microsoft Software Key Storage Provider'
export_ windows-aes256 test -keypbe AES-256-CBC -certpbe AES-256-CBC -macalg sha256 \
    -LMK -CSP 'Microsoft Software Key Storage Provider'

# keytool
java() { # FILE, then more properties
    file=$1; shift
    quiet keytool -importkeystore -srckeystore "$t/from.p12" -srcstoretype PKCS12 -srcstorepass testing -srcalias 'test ec' \
        -destkeystore "$file.p12" -deststoretype PKCS12 -deststorepass testing -noprompt \
        -J-Dkeystore.pkcs12.certPbeIterationCount=200 -J-Dkeystore.pkcs12.keyPbeIterationCount=200 \
        -J-Dkeystore.pkcs12.macIterationCount=200 "$@"
}
export_ "$t/from" testing
java keytool-default-testing
for scheme in SHA1AndRC2_40 SHA1AndRC2_128 SHA1AndRC4_40 SHA1AndRC4_128 SHA1AndDESede HmacSHA1AndAES_128 HmacSHA224AndAES_256 HmacSHA384AndAES_128 HmacSHA512AndAES_256; do
    java "keytool-$(echo "$scheme" | tr A-Z_ a-z-)-testing" "-J-Dkeystore.pkcs12.certProtectionAlgorithm=PBEWith$scheme" \
        "-J-Dkeystore.pkcs12.keyProtectionAlgorithm=PBEWith$scheme"
done
for mac in SHA1 SHA224 SHA384 SHA512 SHA512/224 SHA512/256; do
    java "keytool-mac-$(echo "$mac" | tr A-Z/ a-z-)-testing" "-J-Dkeystore.pkcs12.macAlgorithm=HmacPBE$mac"
done
java keytool-no-mac-testing -J-Dkeystore.pkcs12.macAlgorithm=NONE
java keytool-no-mac-plain-certificate-testing -J-Dkeystore.pkcs12.macAlgorithm=NONE -J-Dkeystore.pkcs12.certProtectionAlgorithm=NONE
java keytool-legacy-testing -J-Dkeystore.pkcs12.legacy

# NSS
mkdir "$t/nss"; printf 'test' >"$t/password"
quiet certutil -N -d "sql:$t/nss" --empty-password
quiet pk12util -i ../ec.p12 -d "sql:$t/nss" -w "$t/password"
nss() { # FILE, then more arguments
    file=$1; shift
    quiet pk12util -o "$file.p12" -n 'test ec' -d "sql:$t/nss" -w "$t/password" "$@"
}
nss nss-default
# Each of these is derived 600,000 times, and nothing says otherwise: one of each kind is enough.
nss nss-camellia-256-mac-sha-512 -c CAMELLIA-256-CBC -C CAMELLIA-256-CBC -M SHA-512
nss nss-3des -c 'PKCS #12 V2 PBE With SHA-1 And 3KEY Triple DES-CBC' -C 'PKCS #12 V2 PBE With SHA-1 And 40 Bit RC2 CBC'
nss nss-rc4 -c 'PKCS #12 V2 PBE With SHA-1 And 128 Bit RC4' -C 'PKCS #12 V2 PBE With SHA-1 And 40 Bit RC4'
printf 'pārole' >"$t/password"
nss nss-rc2-password-70c481726f6c65 -c RC2-CBC -C RC2-CBC

# BouncyCastle
quiet env java -cp "$JARS/*" Bc.java ../ec.p12 .

# What no program here writes
for hash in sha1 sha384; do quiet python3 pbmac1.py openssl-plain-no-mac.p12 "made-pbmac1-$hash.p12" "$hash"; done
