use super::*;
use crate::digest::from_hex;
use crate::pki::Certificate;

fn certificate(name: &str) -> Certificate {
    let pem: &[u8] = match name {
        "rsa2048" => include_bytes!("../../../testdata/pki/rsa2048.pem"),
        "rsa4096" => include_bytes!("../../../testdata/pki/rsa4096.pem"),
        "weak1024" => include_bytes!("../../../testdata/pki/weak1024.pem"),
        "p256" => include_bytes!("../../../testdata/pki/p256.pem"),
        "p384" => include_bytes!("../../../testdata/pki/p384.pem"),
        "p521" => include_bytes!("../../../testdata/pki/p521.pem"),
        "ed25519" => include_bytes!("../../../testdata/pki/ed25519.pem"),
        other => panic!("no certificate {other}"),
    };
    Certificate::parse(pem).unwrap()
}

struct Case {
    what: String,
    certificate: Certificate,
    algorithm: SignatureAlgorithm,
    value: Vec<u8>,
}

fn cases(kind: &str) -> (Vec<u8>, Vec<Case>) {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../../testdata/vectors/signatures.json")).unwrap();
    let read = |case: &serde_json::Value| {
        let text = |name: &str| case[name].as_str().unwrap();
        let digest = match text("digest") {
            "sha1" => DigestAlgorithm::Sha1ForLegacyValidation,
            name => DigestAlgorithm::from_name(name).unwrap(),
        };
        let certificate = certificate(text("certificate"));
        let algorithm = match (text("algorithm"), certificate.key().kind()) {
            ("pkcs1", _) => SignatureAlgorithm::RsaPkcs1(digest),
            ("pss", _) => SignatureAlgorithm::RsaPss(digest),
            ("ecdsa", KeyKind::Ec(curve)) => SignatureAlgorithm::Ecdsa(curve, digest),
            ("ed25519", _) => SignatureAlgorithm::Ed25519,
            other => panic!("{other:?}"),
        };
        let what = format!("{} {} {algorithm}", case["what"].as_str().unwrap_or("good"), text("certificate"));
        Case { what, certificate, algorithm, value: from_hex(text("value").as_bytes()).unwrap() }
    };
    let message = vectors["message"].as_str().unwrap().as_bytes().to_vec();
    (message, vectors[kind].as_array().unwrap().iter().map(read).collect())
}

/// The verdict, after both libraries were asked and agreed.
fn verdict(key: &PublicKey, algorithm: SignatureAlgorithm, message: &[u8], value: &[u8]) -> bool {
    let verdict = key.verify(algorithm, message, value);
    let pure = key.is_sound_value(algorithm, value) && verify_pure::verify(key, algorithm, message, value);
    assert_eq!(verdict, pure, "{algorithm}");
    verdict
}

#[test]
fn both_libraries_accept_what_openssl_signed() {
    let (message, cases) = cases("good");
    assert_eq!(cases.len(), 29);
    for case in &cases {
        let key = case.certificate.key();
        assert!(verdict(key, case.algorithm, &message, &case.value), "{}", case.what);
        // A second algorithm with the same key, and the first again: what was prepared is not mixed up.
        for other in &cases {
            let same = std::ptr::eq(case, other);
            assert_eq!(
                verdict(key, other.algorithm, &message, &other.value) && other.certificate == case.certificate,
                other.certificate == case.certificate,
                "{} {}",
                case.what,
                other.what
            );
            assert!(!same || key.verify(case.algorithm, &message, &case.value));
        }
    }
}

#[test]
fn both_libraries_refuse_wrong_values() {
    let (message, wrong) = cases("bad");
    assert_eq!(wrong.len(), 11);
    for case in &wrong {
        assert!(!verdict(case.certificate.key(), case.algorithm, &message, &case.value), "{}", case.what);
    }
    let (_, good) = cases("good");
    for case in &good {
        let key = case.certificate.key();
        assert!(!verdict(key, case.algorithm, b"another message", &case.value), "{}", case.what);
        let mut changed = case.value.clone();
        *changed.last_mut().unwrap() ^= 1;
        assert!(!verdict(key, case.algorithm, &message, &changed), "{}", case.what);
        for wrong in [&case.value[1..], &[&case.value[..], &[0]].concat(), &[&[0], &case.value[..]].concat(), &[]] {
            assert!(!verdict(key, case.algorithm, &message, wrong), "{}", case.what);
        }
        for other in &good {
            if other.algorithm != case.algorithm {
                assert!(!verdict(key, other.algorithm, &message, &case.value), "{} as {}", case.what, other.what);
            }
        }
    }
}

#[test]
fn an_rsa_value_is_below_the_modulus() {
    let (message, good) = cases("good");
    let case = good.iter().find(|case| case.what.contains("weak1024")).unwrap();
    let (_, modulus, _) = case.certificate.key().rsa_parts().unwrap();
    // s + n signs as well, arithmetically.
    let mut sum = Vec::new();
    let mut carry = 0;
    for (a, b) in case.value.iter().rev().zip(modulus.iter().rev()) {
        let digit = u16::from(*a) + u16::from(*b) + carry;
        sum.insert(0, digit.to_be_bytes()[1]);
        carry = digit >> 8;
    }
    assert!(!verdict(case.certificate.key(), case.algorithm, &message, &sum));
    assert!(!verdict(case.certificate.key(), case.algorithm, &message, modulus));
}

#[test]
fn a_digest_info_without_null_is_accepted_only_when_asked_for() {
    let (message, wrong) = cases("bad");
    for case in &wrong {
        let accepted = case.certificate.key().verify_without_null(case.algorithm, &message, &case.value);
        assert_eq!(accepted, case.what.starts_with("DigestInfo without NULL"), "{}", case.what);
    }
}

#[test]
fn the_algorithm_follows_from_the_key() {
    use DigestAlgorithm::{Sha1ForLegacyValidation as Sha1, Sha256, Sha384, Sha512};
    let with = |name: &str, digest, padding| {
        certificate(name).key().with(digest, padding).map_err(|error| error.code().as_str())
    };
    let default = |name: &str| with(name, None, Padding::Pkcs1);
    assert_eq!(default("rsa2048"), Ok(SignatureAlgorithm::RsaPkcs1(Sha256)));
    assert_eq!(default("p256"), Ok(SignatureAlgorithm::Ecdsa(Curve::P256, Sha256)));
    assert_eq!(default("p384"), Ok(SignatureAlgorithm::Ecdsa(Curve::P384, Sha384)));
    assert_eq!(default("p521"), Ok(SignatureAlgorithm::Ecdsa(Curve::P521, Sha512)));
    assert_eq!(default("ed25519"), Ok(SignatureAlgorithm::Ed25519));
    assert_eq!(default("weak1024"), Err("certificate.key.weak"));
    assert_eq!(with("rsa2048", Some(Sha512), Padding::Pss), Ok(SignatureAlgorithm::RsaPss(Sha512)));
    assert_eq!(with("p384", Some(Sha256), Padding::Pkcs1), Ok(SignatureAlgorithm::Ecdsa(Curve::P384, Sha256)));
    assert_eq!(with("p256", None, Padding::Pss), Err("certificate.algorithm"));
    assert_eq!(with("ed25519", Some(Sha256), Padding::Pkcs1), Err("certificate.algorithm"));
    assert_eq!(with("ed25519", Some(Sha512), Padding::Pkcs1), Ok(SignatureAlgorithm::Ed25519));
    assert_eq!(with("rsa2048", Some(Sha1), Padding::Pkcs1), Err("certificate.algorithm"));
}

#[test]
fn keys_for_pss_alone_keep_their_restriction() {
    let (rsa, _, _) =
        certificate("rsa2048").key().rsa_parts().map(|(der, m, e)| (der.to_vec(), m.to_vec(), e.to_vec())).unwrap();
    let restricted = crate::pki::signature_algorithm_der(SignatureAlgorithm::RsaPss(DigestAlgorithm::Sha384));
    let free = der::sequence(&[&der::tlv(der::OID, &[oid::RSA_PSS])]);
    let unknown = der::sequence(&[&der::tlv(der::OID, &[oid::RSA_PSS]), &[0x30, 0]]);
    let key = |algorithm: &[u8]| {
        let spki = der::sequence(&[algorithm, &der::tlv(der::BIT_STRING, &[&[0], &rsa])]);
        PublicKey::from_spki(&spki, ErrorCode::CertificateMalformed).unwrap()
    };
    assert_eq!(key(&restricted).kind(), KeyKind::RsaPss { bits: 2048 });
    assert_eq!(key(&restricted).algorithm().unwrap(), SignatureAlgorithm::RsaPss(DigestAlgorithm::Sha384));
    assert!(key(&restricted).with(Some(DigestAlgorithm::Sha256), Padding::Pss).is_err());
    assert_eq!(key(&free).algorithm().unwrap(), SignatureAlgorithm::RsaPss(DigestAlgorithm::Sha256));
    assert_eq!(key(&unknown).algorithm().unwrap_err().code(), ErrorCode::CertificateAlgorithm, "SHA-1");
    assert!(key(&free).is_same_key(certificate("rsa2048").key()));
}

#[test]
fn unknown_kinds_are_read_and_refused() {
    let explicit = der::sequence(&[&der::tlv(der::OID, &[oid::EC]), &[0x30, 0]]);
    let brainpool = der::sequence(&[
        &der::tlv(der::OID, &[oid::EC]),
        &der::tlv(der::OID, &[b"\x2b\x24\x03\x03\x02\x08\x01\x01\x07"]),
    ]);
    let compressed = der::sequence(&[&der::tlv(der::OID, &[oid::EC]), &der::tlv(der::OID, &[oid::P256])]);
    for (algorithm, point) in [(explicit, vec![4; 65]), (brainpool, vec![4; 65]), (compressed, vec![2; 33])] {
        let spki = der::sequence(&[&algorithm, &der::tlv(der::BIT_STRING, &[&[0], &point])]);
        let key = PublicKey::from_spki(&spki, ErrorCode::CertificateMalformed).unwrap();
        assert_eq!(key.kind(), KeyKind::Other);
        assert_eq!(key.check_strength().unwrap_err().code(), ErrorCode::CertificateKeyUnsupported);
    }
}

#[test]
fn weak_exponents_are_refused() {
    let (_, modulus, _) =
        certificate("rsa2048").key().rsa_parts().map(|(d, m, e)| (d.to_vec(), m.to_vec(), e.to_vec())).unwrap();
    for (exponent, good) in [(&[1][..], false), (&[2], false), (&[3], true), (&[1, 0, 0], false), (&[0], false)] {
        let rsa = der::sequence(&[&der::tlv(der::INTEGER, &[&[0], &modulus]), &der::tlv(der::INTEGER, &[exponent])]);
        let algorithm = der::sequence(&[&der::tlv(der::OID, &[oid::RSA]), &[5, 0]]);
        let spki = der::sequence(&[&algorithm, &der::tlv(der::BIT_STRING, &[&[0], &rsa])]);
        let key = PublicKey::from_spki(&spki, ErrorCode::CertificateMalformed).unwrap();
        assert_eq!(key.check_strength().is_ok(), good, "{exponent:?}");
        assert!(!key.verify(SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256), b"", &[1; 256]));
    }
}
