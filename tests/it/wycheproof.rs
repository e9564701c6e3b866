//! The signature vectors of Wycheproof through [`Certificate::verify_signature`]: by bytes and by digest, which are two
//! implementations where AWS-LC is in.

use eseal::{Certificate, Curve, Digest, DigestAlgorithm, Message, SignatureAlgorithm, SignatureValue};
use wycheproof::{HashFunction, TestResult, ecdsa, eddsa, rsa_pkcs1_verify, rsa_pss_verify};

/// How many vectors there were, and how many of them verified.
#[derive(Debug, Default, PartialEq)]
struct Count {
    vectors: usize,
    verified: usize,
}

impl Count {
    /// One vector: both ways lead to `expected`.
    fn check(
        &mut self,
        certificate: &Certificate,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        value: &SignatureValue,
        expected: bool,
        what: &str,
    ) {
        let found = certificate.verify_signature(algorithm, message, value).unwrap();
        assert_eq!(found, expected, "{algorithm}, {what}");
        let digest = algorithm.digest().digest(message);
        let by_digest = certificate.verify_signature(algorithm, Message::Digest(&digest), value);
        match algorithm {
            SignatureAlgorithm::Ed25519 => assert!(by_digest.is_err(), "Ed25519 signs bytes"),
            _ => assert_eq!(by_digest.unwrap(), expected, "{algorithm} by digest, {what}"),
        }
        self.vectors += 1;
        self.verified += usize::from(found);
    }
}

#[test]
fn rsa_pkcs1_vectors() {
    use rsa_pkcs1_verify::{TestFlag, TestName, TestSet};
    let mut count = Count::default();
    for name in TestName::all() {
        for group in TestSet::load(name).unwrap().test_groups {
            let Some(digest) = known(group.hash) else { continue };
            let certificate = certificate(&group.der);
            for test in group.tests {
                // Acceptable ones lack the NULL of the DigestInfo (or have a short key): they are refused here; only
                // signatures of other makers that are looked at are read so.
                let is_without_null = test.flags.contains(&TestFlag::MissingNull);
                let expected = match test.result {
                    TestResult::Valid => true,
                    TestResult::Invalid => false,
                    TestResult::Acceptable => !is_without_null,
                };
                let value = SignatureValue::rsa(test.sig.to_vec());
                let what = format!("{name:?} {}: {} {:?}", test.tc_id, test.comment, test.flags);
                count.check(&certificate, SignatureAlgorithm::RsaPkcs1(digest), &test.msg, &value, expected, &what);
            }
        }
    }
    println!("RSA PKCS#1 v1.5: {count:?}");
    assert!(count.vectors > 2_500 && count.verified > 80, "{count:?}");
}

#[test]
fn rsa_pss_vectors() {
    use rsa_pss_verify::{TestName, TestSet};
    let (mut count, mut others) = (Count::default(), 0);
    for name in TestName::all() {
        for group in TestSet::load(name).unwrap().test_groups {
            let Some(digest) = known(group.hash) else { continue };
            let certificate = certificate(&group.der);
            // Another MGF or salt than RFC 8702 and PAdES have is another algorithm: nothing of it verifies by ours. A
            // key that is for SHA-1 alone is for no signature.
            let may_be_ours = group.mgf_hash == Some(group.hash) && certificate.key().algorithm().is_ok();
            let is_ours = may_be_ours && group.salt_size == digest.len_bytes();
            // What is wrong by the parameters of its group, for it has the salt that ours have.
            let changed = format!("s_len changed to {}", digest.len_bytes());
            for test in group.tests {
                let is_changed_to_ours = may_be_ours && !is_ours && test.comment == changed;
                let expected = is_ours && test.result != TestResult::Invalid || is_changed_to_ours;
                let value = SignatureValue::rsa(test.sig.to_vec());
                let what = format!("{name:?} {}: {} {:?}", test.tc_id, test.comment, test.flags);
                count.check(&certificate, SignatureAlgorithm::RsaPss(digest), &test.msg, &value, expected, &what);
                others += usize::from(!is_ours && test.result == TestResult::Valid);
            }
        }
    }
    println!("RSA PSS: {count:?}, of other parameters {others}");
    assert!(count.vectors > 500 && count.verified > 100 && others > 100, "{count:?}, {others}");
}

#[test]
fn ecdsa_vectors() {
    use ecdsa::{TestGroupTypeId, TestName, TestSet};
    let (mut der, mut fixed) = (Count::default(), Count::default());
    for name in TestName::all() {
        for group in TestSet::load(name).unwrap().test_groups {
            let (Some(curve), Some(digest)) = (curve(group.key.curve), known(group.hash)) else { continue };
            let (certificate, algorithm) = (certificate(&group.der), SignatureAlgorithm::Ecdsa(curve, digest));
            for test in group.tests {
                // There are no acceptable ones: DER is strict, and r ‖ s has its width.
                assert_ne!(test.result, TestResult::Acceptable, "{name:?} {}", test.tc_id);
                let expected = test.result == TestResult::Valid;
                let what = format!("{name:?} {}: {} {:?}", test.tc_id, test.comment, test.flags);
                let (count, value) = match group.test_type {
                    TestGroupTypeId::Ecdsa => (&mut der, SignatureValue::ecdsa_der(test.sig.to_vec())),
                    TestGroupTypeId::EcdsaP1363 => (&mut fixed, SignatureValue::ecdsa_fixed(test.sig.to_vec())),
                    TestGroupTypeId::EcdsaBitcoin => continue,
                };
                count.check(&certificate, algorithm, &test.msg, &value, expected, &what);
            }
        }
    }
    println!("ECDSA: DER {der:?}, P1363 {fixed:?}");
    assert!(der.vectors > 2_000 && der.verified > 500, "{der:?}");
    assert!(fixed.vectors > 1_000 && fixed.verified > 400, "{fixed:?}");
}

#[test]
fn ed25519_vectors() {
    let mut count = Count::default();
    for group in eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups {
        let certificate = certificate(&group.der);
        for test in group.tests {
            let expected = test.result == TestResult::Valid;
            let value = SignatureValue::eddsa(test.sig.to_vec());
            let what = format!("{}: {} {:?}", test.tc_id, test.comment, test.flags);
            count.check(&certificate, SignatureAlgorithm::Ed25519, &test.msg, &value, expected, &what);
        }
    }
    println!("Ed25519: {count:?}");
    assert!(count.vectors > 100 && count.verified > 50, "{count:?}");
}

#[test]
fn a_value_of_another_algorithm_does_not_verify() {
    let group = eddsa::TestSet::load(eddsa::TestName::Ed25519).unwrap().test_groups.remove(0);
    let certificate = certificate(&group.der);
    let test = group.tests.iter().find(|test| test.result == TestResult::Valid).unwrap();
    let value = SignatureValue::eddsa(test.sig.to_vec());
    let verify = |algorithm| certificate.verify_signature(algorithm, &test.msg[..], &value).unwrap();
    assert!(verify(SignatureAlgorithm::Ed25519));
    assert!(!verify(SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256)));
    assert!(!verify(SignatureAlgorithm::Ecdsa(Curve::P256, DigestAlgorithm::Sha256)));
    let other: Digest = DigestAlgorithm::Sha384.digest(&test.msg);
    let algorithm = SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256);
    assert!(certificate.verify_signature(algorithm, &other, &value).is_err());
}

fn known(hash: HashFunction) -> Option<DigestAlgorithm> {
    Some(match hash {
        HashFunction::Sha1 => DigestAlgorithm::Sha1ForLegacyValidation,
        HashFunction::Sha2_256 => DigestAlgorithm::Sha256,
        HashFunction::Sha2_384 => DigestAlgorithm::Sha384,
        HashFunction::Sha2_512 => DigestAlgorithm::Sha512,
        _ => return None,
    })
}

fn curve(curve: wycheproof::EllipticCurve) -> Option<Curve> {
    Some(match curve {
        wycheproof::EllipticCurve::Secp256r1 => Curve::P256,
        wycheproof::EllipticCurve::Secp384r1 => Curve::P384,
        wycheproof::EllipticCurve::Secp521r1 => Curve::P521,
        _ => return None,
    })
}

/// A certificate that nobody signed, for the key of a vector.
fn certificate(spki: &[u8]) -> Certificate {
    let algorithm = tlv(0x30, &[&tlv(6, &[&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0b]]), &[5, 0]]);
    let attribute = tlv(0x30, &[&tlv(6, &[&[0x55, 4, 3]]), &tlv(0x0c, &[b"vector"])]);
    let name = tlv(0x30, &[&tlv(0x31, &[&attribute])]);
    let validity = tlv(0x30, &[&tlv(0x17, &[b"250101000000Z"]), &tlv(0x17, &[b"350101000000Z"])]);
    let fields: [&[u8]; 7] = [&tlv(0xa0, &[&[2, 1, 2]]), &[2, 1, 1], &algorithm, &name, &validity, &name, spki];
    let to_be_signed = tlv(0x30, &fields);
    Certificate::from_der(&tlv(0x30, &[&to_be_signed, &algorithm, &tlv(3, &[&[0, 0]])])).unwrap()
}

fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let len = content.len();
    let length: Vec<u8> = match len {
        0..=127 => vec![u8::try_from(len).unwrap()],
        128..=255 => vec![0x81, u8::try_from(len).unwrap()],
        _ => [&[0x82][..], &u16::try_from(len).unwrap().to_be_bytes()].concat(),
    };
    [&[tag][..], &length, &content].concat()
}
