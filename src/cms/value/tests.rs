use super::*;
use crate::digest::{DigestAlgorithm, from_hex, to_hex};
use crate::signature::{Curve, SignatureAlgorithm};

fn parse(pem: &[u8]) -> Certificate {
    Certificate::parse(pem).unwrap()
}

fn rsa() -> Certificate {
    parse(include_bytes!("../../../testdata/pki/rsa2048.pem"))
}

fn p256() -> Certificate {
    parse(include_bytes!("../../../testdata/pki/p256.pem"))
}

struct Vectors(serde_json::Value);

impl Vectors {
    fn read() -> Self {
        Vectors(serde_json::from_str(include_str!("../../../testdata/vectors/signatures.json")).unwrap())
    }

    fn message(&self) -> &[u8] {
        self.0["message"].as_str().unwrap().as_bytes()
    }

    fn value(&self, kind: &str, matches: impl Fn(&serde_json::Value) -> bool) -> Vec<u8> {
        let found = self.0[kind].as_array().unwrap().iter().find(|case| matches(case)).unwrap();
        from_hex(found["value"].as_str().unwrap().as_bytes()).unwrap()
    }

    fn good(&self, certificate: &str, algorithm: &str) -> Vec<u8> {
        self.value("good", |c| {
            c["certificate"] == certificate && c["algorithm"] == algorithm && c["digest"] == "sha256"
        })
    }
}

fn to_be_signed(message: &[u8], certificate: &Certificate) -> ToBeSigned {
    ToBeSigned::new(message.to_vec(), certificate.key().algorithm().unwrap())
}

fn outcome(value: SignatureValue, certificate: &Certificate, to_be_signed: &ToBeSigned) -> &'static str {
    match accept_value(&value, certificate, to_be_signed) {
        Ok(_) => "accepted",
        Err(error) => error.code().as_str(),
    }
}

#[test]
fn rsa_values_are_as_long_as_the_modulus() {
    let vectors = Vectors::read();
    let (certificate, good) = (rsa(), vectors.good("rsa2048", "pkcs1"));
    let asked = to_be_signed(vectors.message(), &certificate);
    let check = |value: SignatureValue| outcome(value, &certificate, &asked);
    assert_eq!(check(SignatureValue::rsa(good.clone())), "accepted");
    assert_eq!(check(SignatureValue::undeclared(good.clone())), "accepted");
    assert_eq!(check(SignatureValue::rsa(good[1..].to_vec())), "signature.encoding");
    assert_eq!(check(SignatureValue::rsa([&good[..], &[0]].concat())), "signature.encoding");
    assert_eq!(check(SignatureValue::rsa(to_hex(&good).into_bytes())), "signature.encoding");
    assert_eq!(check(SignatureValue::ecdsa_der(good.clone())), "signature.encoding");
    assert_eq!(check(SignatureValue::eddsa(good)), "signature.encoding");
    assert_eq!(check(SignatureValue::rsa(vec![0xff; 256])), "signature.mismatch");
    assert_eq!(check(SignatureValue::rsa(Vec::new())), "signature.encoding");
}

#[test]
fn wrong_signatures_are_a_mismatch() {
    let vectors = Vectors::read();
    let asked = to_be_signed(vectors.message(), &rsa());
    for case in vectors.0["bad"].as_array().unwrap() {
        if case["algorithm"] == "pkcs1" {
            let value = from_hex(case["value"].as_str().unwrap().as_bytes()).unwrap();
            assert_eq!(outcome(SignatureValue::rsa(value), &rsa(), &asked), "signature.mismatch", "{}", case["what"]);
        }
    }
    let asked = to_be_signed(vectors.message(), &p256());
    let hashed_twice = vectors.value("bad", |c| c["certificate"] == "p256");
    assert_eq!(outcome(SignatureValue::ecdsa(hashed_twice), &p256(), &asked), "signature.mismatch");
    let swapped = to_be_signed(b"another document of the batch", &rsa());
    let value = vectors.good("rsa2048", "pkcs1");
    assert_eq!(outcome(SignatureValue::rsa(value), &rsa(), &swapped), "signature.mismatch");
}

#[test]
fn ec_values_are_strict_der_or_r_and_s() {
    let vectors = Vectors::read();
    let (certificate, der) = (p256(), vectors.good("p256", "ecdsa"));
    let asked = to_be_signed(vectors.message(), &certificate);
    let check = |value: SignatureValue| outcome(value, &certificate, &asked);
    let parsed = p256::ecdsa::Signature::from_der(&der).unwrap();
    let fixed = parsed.to_bytes().to_vec();
    for value in [
        SignatureValue::ecdsa_der(der.clone()),
        SignatureValue::ecdsa_fixed(fixed.clone()),
        SignatureValue::ecdsa(der.clone()),
        SignatureValue::ecdsa(fixed.clone()),
    ] {
        assert_eq!(accept_value(&value, &certificate, &asked).unwrap(), der);
    }
    let with_trailing = [&der[..], &[0]].concat();
    let long_length = [&[0x30, 0x81], &der[1..]].concat();
    let swapped = [&fixed[32..], &fixed[..32]].concat();
    for (value, expected) in [
        (SignatureValue::ecdsa_der(fixed.clone()), "signature.encoding"),
        (SignatureValue::ecdsa_fixed(der.clone()), "signature.encoding"),
        (SignatureValue::ecdsa(with_trailing), "signature.encoding"),
        (SignatureValue::ecdsa(long_length), "signature.encoding"),
        (SignatureValue::ecdsa(fixed[..63].to_vec()), "signature.encoding"),
        (SignatureValue::ecdsa(vec![0; 64]), "signature.encoding"),
        (SignatureValue::ecdsa(vec![0xff; 64]), "signature.encoding"),
        (SignatureValue::rsa(der), "signature.encoding"),
        (SignatureValue::ecdsa(swapped), "signature.mismatch"),
        (SignatureValue::ecdsa(Vec::new()), "signature.encoding"),
    ] {
        assert_eq!(check(value.clone()), expected, "{value:?}");
    }
}

#[test]
fn undeclared_values_of_either_form_are_told_apart_by_verifying() {
    // 64 bytes that are r ‖ s and strict DER at once: SEQUENCE of 62 bytes with two numbers of 29 bytes.
    let mut both = vec![0x30, 62, 2, 29];
    both.extend([1; 29]);
    both.extend([2, 29]);
    both.extend([1; 29]);
    assert_eq!(both.len(), 64);
    let key = p256();
    let algorithm = SignatureAlgorithm::Ecdsa(Curve::P256, DigestAlgorithm::Sha256);
    let forms = value_forms(&SignatureValue::ecdsa(both.clone()), key.key(), algorithm).unwrap();
    assert_eq!(forms.len(), 2);
    assert_eq!(forms[0], both);
}

#[test]
fn ed25519_values_have_64_bytes() {
    let vectors = Vectors::read();
    let certificate = parse(include_bytes!("../../../testdata/pki/ed25519.pem"));
    let asked = to_be_signed(vectors.message(), &certificate);
    assert_eq!(asked.digest(), None);
    let good = vectors.value("good", |c| c["certificate"] == "ed25519");
    assert_eq!(outcome(SignatureValue::eddsa(good.clone()), &certificate, &asked), "accepted");
    assert_eq!(outcome(SignatureValue::undeclared(good.clone()), &certificate, &asked), "accepted");
    assert_eq!(outcome(SignatureValue::eddsa(good[1..].to_vec()), &certificate, &asked), "signature.encoding");
    assert_eq!(outcome(SignatureValue::ecdsa_der(good), &certificate, &asked), "signature.encoding");
    let digest = DigestAlgorithm::Sha512.digest(vectors.message());
    assert_eq!(outcome(SignatureValue::eddsa(digest.as_bytes()), &certificate, &asked), "signature.mismatch");
}
