use super::super::TstInfo;
use super::*;
use crate::digest::{Digest, DigestAlgorithm, from_hex};
use crate::key::LocalKey;
use crate::pki::{digest_algorithm_der, signature_algorithm_der};
use crate::provider::Signer as _;
use crate::signature::ToBeSigned;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/testdata/cms/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn parse(bytes: &[u8]) -> Result<(SignedData, usize)> {
    SignedData::parse(bytes, &Limits::default())
}

fn index() -> Vec<serde_json::Value> {
    let index: serde_json::Value = serde_json::from_slice(&file("index.json")).unwrap();
    index["cases"].as_array().unwrap().clone()
}

#[test]
fn signatures_of_other_programs_are_read_and_verify() {
    let cases = index();
    assert_eq!(cases.len(), 6);
    for case in &cases {
        assert_eq!(case.as_object().unwrap().len(), 9, "every field is used");
        let text = |field: &str| case[field].as_str().unwrap();
        let number = |field: &str| usize::try_from(case[field].as_u64().unwrap()).unwrap();
        let name = text("file");
        let bytes = file(name);
        let (signed, length) = parse(&bytes).unwrap();
        assert_eq!(length, number("bytes"), "{name}");
        assert_eq!(signed.certificates().len(), number("certificates"), "{name}");
        assert_eq!(signed.unreadable_certificates(), 0, "{name}");
        let [signer] = signed.signers() else { panic!("{name}") };
        assert_eq!(signer.time_stamps().len(), number("time_stamps"), "{name}");
        let algorithm = DigestAlgorithm::from_name(text("digest")).unwrap();
        assert_eq!(signer.digest_algorithm(), Some(algorithm), "{name}");
        assert_eq!(signer.digest_oid(), algorithm.oid());
        assert_eq!(signer.algorithm().unwrap().to_string(), text("algorithm"), "{name}");
        assert_eq!(signer.verifies(), Some(true), "{name}");
        assert_ne!(signer.names_its_certificate(), Some(false), "{name}");
        assert_eq!(signer.content_type().unwrap(), signed.content_type(), "{name}");
        let field = format!("content_{}", algorithm.name().replace('-', "").to_lowercase());
        let covered = from_hex(text(&field).as_bytes()).unwrap();
        if signed.is_time_stamp() {
            let stamp = TstInfo::parse(signed.content().unwrap()).unwrap();
            let imprint =
                format!("content_{}", stamp.imprint_algorithm().unwrap().name().replace('-', "").to_lowercase());
            assert_eq!(stamp.imprint(), from_hex(text(&imprint).as_bytes()).unwrap(), "{name}");
            let inside = algorithm.digest(signed.content().unwrap());
            assert_eq!(signer.digest_matches(&inside), Some(true), "{name}");
        } else {
            assert_eq!(signer.digest_matches(&Digest::new(algorithm, &covered).unwrap()), Some(true), "{name}");
            assert_eq!(signer.digest_matches(&algorithm.digest(b"another")), Some(false), "{name}");
            if let Some(content) = signed.content() {
                assert_eq!(content, b"hello\n");
            }
        }
        for token in signer.time_stamps() {
            let (token, _) = parse(token).unwrap();
            assert!(token.is_time_stamp());
            let stamp = TstInfo::parse(token.content().unwrap()).unwrap();
            assert_eq!(stamp.stamps(signer.value()), Some(true), "{name}");
            assert_eq!(stamp.stamps(b"another"), Some(false), "{name}");
            assert!(stamp.time_text().starts_with(stamp.time().to_string().trim_end_matches('Z')));
            assert!(stamp.policy().contains('.'));
            assert_eq!(token.signers()[0].verifies(), Some(true), "{name}");
        }
    }
}

#[test]
fn a_changed_value_does_not_verify() {
    let bytes = file("dss-b-rsa.der");
    let (signed, length) = parse(&bytes).unwrap();
    let mut changed = bytes.clone();
    assert!(bytes[..length].ends_with(signed.signers()[0].value()));
    changed[length - 1] ^= 1;
    assert_eq!(parse(&changed).unwrap().0.signers()[0].verifies(), Some(false));
}

#[test]
fn no_cut_and_no_changed_byte_panics() {
    for name in ["openssl-indefinite.der", "openssl-key-id-pss.der"] {
        let bytes = file(name);
        for length in 0..bytes.len() {
            assert!(parse(&bytes[..length]).is_err(), "{name} {length}");
        }
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 0x81;
            if let Ok((signed, length)) = parse(&changed) {
                assert!(length <= changed.len());
                let _ = format!("{signed:?}");
            }
        }
    }
}

#[test]
fn limits_are_kept() {
    let bytes = file("pyhanko-t-rsa.der");
    let with = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        SignedData::parse(&bytes, &limits).map_err(|error| error.code())
    };
    assert_eq!(with(|limits| limits.cms_bytes = 1_000).unwrap_err(), ErrorCode::LimitExceeded);
    assert_eq!(with(|limits| limits.certificates = 2).unwrap_err(), ErrorCode::LimitExceeded);
    assert_eq!(with(|limits| limits.der_depth = 5).unwrap_err(), ErrorCode::LimitExceeded);
    assert_eq!(with(|limits| limits.certificate_bytes = 100).unwrap().0.unreadable_certificates(), 3);
}

/// A SignedData around `attributes`, which are signed in the order they are given in.
fn signed_with(attributes: &[Vec<u8>]) -> (SignedData, Vec<u8>) {
    let pem = |name: &str| std::fs::read(format!("{}/testdata/keys/{name}.pem", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let certificates = Certificate::parse_all(&pem("ec-certificate")).unwrap();
    let key = LocalKey::open(&pem("ec"), None, None, &certificates, &Limits::default()).unwrap();
    let certificate = key.certificate().unwrap();
    let algorithm = certificate.key().algorithm().unwrap();
    let set = der::tlv(der::SET, &[&attributes.concat()]);
    let value = key.sign(&ToBeSigned::new(set.clone(), algorithm)).unwrap();
    let digest = digest_algorithm_der(algorithm.digest());
    let signer = der::sequence(&[
        &[der::INTEGER, 1, 1],
        &der::sequence(&[certificate.issuer_der(), certificate.serial_der()]),
        &digest,
        &der::tlv(der::context(0), &[&attributes.concat()]),
        &signature_algorithm_der(algorithm),
        &der::tlv(der::OCTET_STRING, &[value.as_bytes()]),
    ]);
    let fields = der::sequence(&[
        &[der::INTEGER, 1, 1],
        &der::tlv(der::SET, &[&digest]),
        &der::sequence(&[&der::tlv(der::OID, &[oid::DATA])]),
        &der::tlv(der::context(0), &[certificate.as_der()]),
        &der::tlv(der::SET, &[&signer]),
    ]);
    let whole = der::sequence(&[&der::tlv(der::OID, &[oid::SIGNED_DATA]), &der::tlv(der::context(0), &[&fields])]);
    (parse(&whole).unwrap().0, set)
}

fn attribute(kind: &[u8], value: &[u8]) -> Vec<u8> {
    der::sequence(&[&der::tlv(der::OID, &[kind]), &der::tlv(der::SET, &[value])])
}

fn usual_attributes() -> [Vec<u8>; 2] {
    let digest = DigestAlgorithm::Sha256.digest(b"x");
    [
        attribute(oid::CONTENT_TYPE, &der::tlv(der::OID, &[oid::DATA])),
        attribute(oid::MESSAGE_DIGEST, &der::tlv(der::OCTET_STRING, &[digest.as_bytes()])),
    ]
}

#[test]
fn the_received_order_decides() {
    let [content_type, message_digest] = usual_attributes();
    for (attributes, odd) in [
        ([content_type.clone(), message_digest.clone()], false),
        ([message_digest.clone(), content_type.clone()], true),
    ] {
        let (signed, set) = signed_with(&attributes);
        let signer = &signed.signers()[0];
        assert_eq!(signer.signed_attributes(), Some(set.as_slice()));
        assert_eq!(signer.verifies(), Some(true));
        assert_eq!(signer.remarks().iter().any(|remark| remark.contains("DER order")), odd);
        assert_eq!(signer.digest_matches(&DigestAlgorithm::Sha256.digest(b"x")), Some(true));
        assert_eq!(signer.digest_matches(&DigestAlgorithm::Sha384.digest(b"x")), Some(false));
    }
}

#[test]
fn doubled_and_foreign_attributes_are_noticed() {
    let [content_type, message_digest] = usual_attributes();
    let other = attribute(oid::MESSAGE_DIGEST, &der::tlv(der::OCTET_STRING, &[&[0; 32]]));
    let (signed, _) = signed_with(&[content_type.clone(), other, message_digest.clone()]);
    assert_eq!(signed.signers()[0].digest_matches(&DigestAlgorithm::Sha256.digest(b"x")), Some(false));

    let protected = |digest, signature: &[u8]| {
        let tagged = der::tlv(der::context(1), &[&der::tlv(der::OID, &[signature])]);
        attribute(oid::ALGORITHM_PROTECTION, &der::sequence(&[&digest_algorithm_der(digest), &tagged]))
    };
    for (attribute, odd) in [
        (protected(DigestAlgorithm::Sha256, oid::ECDSA_SHA256), false),
        (protected(DigestAlgorithm::Sha384, oid::ECDSA_SHA256), true),
        (protected(DigestAlgorithm::Sha256, oid::RSA_SHA256), true),
    ] {
        let (signed, _) = signed_with(&[content_type.clone(), attribute, message_digest.clone()]);
        let remarks = signed.signers()[0].remarks();
        assert_eq!(remarks.iter().any(|remark| remark.contains("protected algorithms")), odd);
    }
}

#[test]
fn the_signed_hash_names_the_certificate() {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../../testdata/vectors/signing-certificate-v2.json")).unwrap();
    let [content_type, message_digest] = usual_attributes();
    for name in ["sha256_with_issuer_serial", "sha256_without_issuer_serial", "sha384_with_issuer_serial"] {
        let foreign = from_hex(vectors[name].as_str().unwrap().as_bytes()).unwrap();
        let (signed, _) = signed_with(&[content_type.clone(), message_digest.clone(), foreign]);
        assert_eq!(signed.signers()[0].names_its_certificate(), Some(false), "{name}: another certificate's");
        assert_eq!(signed.signers()[0].verifies(), Some(true));
    }
    let (signed, _) = signed_with(&[content_type, message_digest]);
    assert_eq!(signed.signers()[0].names_its_certificate(), None);
}
