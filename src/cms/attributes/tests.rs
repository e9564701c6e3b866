use super::super::{SignedData, accept_value, signed_data, signed_data_len_max, time_stamp_attribute};
use super::*;
use crate::digest::{from_hex, to_hex};
use crate::limits::Limits;
use crate::pki::KeyKind;
use crate::signature::{Curve, SignatureValue, ToBeSigned};

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

fn signer() -> Certificate {
    let vector = json(include_str!("../../../testdata/vectors/certificate.json"));
    Certificate::parse(vector["certificate"].as_str().unwrap().as_bytes()).unwrap()
}

#[test]
fn signing_certificate_is_byte_for_byte() {
    let vectors = json(include_str!("../../../testdata/vectors/signing-certificate-v2.json"));
    let hex = |name: &str| vectors[name].as_str().unwrap().to_owned();
    assert_eq!(to_hex(&signing_certificate_v2(&signer(), DigestAlgorithm::Sha256)), hex("sha256_with_issuer_serial"));
    assert_eq!(to_hex(&signing_certificate_v2(&signer(), DigestAlgorithm::Sha384)), hex("sha384_with_issuer_serial"));
}

#[test]
fn attributes_and_signed_data_are_byte_for_byte() {
    let vectors = json(include_str!("../../../testdata/vectors/cms.json"));
    let algorithm = SignatureAlgorithm::Ecdsa(Curve::P256, DigestAlgorithm::Sha256);
    let identity = Identity::new(&signer(), &[], algorithm);
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 2);
    for case in cases {
        assert_eq!(case.as_object().unwrap().len(), 11, "every field is used");
        let text = |name: &str| case[name].as_str();
        let name = text("name").unwrap();
        let bytes = |name: &str| from_hex(text(name).unwrap().as_bytes()).unwrap();
        let digest = Digest::new(DigestAlgorithm::Sha256, &bytes("message_digest")).unwrap();
        if let Some(content) = text("content") {
            assert_eq!(DigestAlgorithm::Sha256.digest(content.as_bytes()), digest, "{name}");
        }
        let attributes = signed_attributes(&identity, &digest);
        if let Some(expected) = text("signed_attributes") {
            assert_eq!(to_hex(&attributes), expected, "{name}");
        }
        assert_eq!(message_digest_of(&attributes).unwrap(), digest.as_bytes());
        let to_be_signed = ToBeSigned::new(attributes.clone(), algorithm);
        let signed_digest = to_be_signed.digest().unwrap();
        assert_eq!(signed_digest.to_hex(), text("signed_attributes_sha256").unwrap(), "{name}");
        if let Some(base64) = text("digest_base64") {
            use base64::Engine as _;
            assert_eq!(base64::engine::general_purpose::STANDARD.encode(signed_digest.as_bytes()), base64);
        }
        let value = accept_value(&SignatureValue::ecdsa_der(bytes("signature_der")), &signer(), &to_be_signed).unwrap();
        if text("signature_fixed").is_some() {
            for fixed in
                [SignatureValue::ecdsa_fixed(bytes("signature_fixed")), SignatureValue::ecdsa(bytes("signature_fixed"))]
            {
                assert_eq!(accept_value(&fixed, &signer(), &to_be_signed).unwrap(), value);
            }
        }
        let cms = signed_data(&identity, &attributes, &value, None);
        assert_eq!(Some(crate::source::to_u64(cms.len())), case["cms_bytes"].as_u64(), "{name}");
        assert_eq!(DigestAlgorithm::Sha256.digest(&cms).to_hex(), text("cms_sha256").unwrap(), "{name}");
        assert!(to_hex(&cms).contains(text("stored_start").unwrap()));
        assert!(cms.len() <= signed_data_len_max(&identity));
    }
}

#[test]
fn the_set_is_sorted_for_every_digest() {
    for digest in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512] {
        let identity = Identity::new(&signer(), &[], SignatureAlgorithm::Ecdsa(Curve::P256, digest));
        let message_digest = digest.digest(b"x");
        let attributes = signed_attributes(&identity, &message_digest);
        assert_eq!(message_digest_of(&attributes).unwrap(), message_digest.as_bytes());
        let mut reader = Reader::der(&attributes, ErrorCode::CmsMalformed);
        let mut set = reader.read(der::SET).unwrap().reader().unwrap();
        reader.end().unwrap();
        let mut found = Vec::new();
        while !set.is_empty() {
            found.push(set.element().unwrap().raw());
        }
        assert!(found.is_sorted());
        assert_eq!(found.len(), 3);
    }
}

#[test]
fn lengths_are_never_above_the_estimate() {
    for pem in [
        &include_bytes!("../../../testdata/pki/rsa4096.pem")[..],
        include_bytes!("../../../testdata/pki/p521.pem"),
        include_bytes!("../../../testdata/pki/ed25519.pem"),
    ] {
        let signer = Certificate::parse(pem).unwrap();
        let algorithm = signer.key().algorithm().unwrap();
        let identity = Identity::new(&signer, &[], algorithm);
        let attributes = signed_attributes(&identity, &algorithm.digest().digest(b"x"));
        let longest = match signer.key().kind() {
            KeyKind::Rsa { .. } => 512,
            KeyKind::Ec(_) => 3 + 2 * (2 + 66),
            _ => 64,
        };
        let cms = signed_data(&identity, &attributes, &vec![1; longest], None);
        let estimate = signed_data_len_max(&identity);
        assert!(cms.len() <= estimate && estimate <= cms.len() + 4, "{} {estimate}", cms.len());
    }
}

#[test]
fn a_time_stamp_goes_beside_the_value() {
    let algorithm = SignatureAlgorithm::Ecdsa(Curve::P256, DigestAlgorithm::Sha256);
    let identity = Identity::new(&signer(), &[], algorithm);
    let attributes = signed_attributes(&identity, &DigestAlgorithm::Sha256.digest(b"document"));
    let token = include_bytes!("../../../testdata/services/dss-signaturetimestamp.tst");
    let content = time_stamp_attribute(token);
    // Attribute { 1.2.840.113549.1.9.16.2.14, SET { token } }
    let head = from_hex(b"060b2a864886f70d010910020e31").unwrap();
    assert_eq!(&content[4..4 + head.len()], head);
    let bare = signed_data(&identity, &attributes, &[7; 64], None);
    let stamped = signed_data(&identity, &attributes, &[7; 64], Some(&content));
    assert!(stamped.len() > bare.len() + token.len());
    let (read, length) = SignedData::parse(&stamped, &Limits::default()).unwrap();
    assert_eq!(length, stamped.len());
    assert_eq!(read.signers()[0].time_stamps(), [token]);
    assert_eq!(read.signers()[0].value(), [7; 64]);
}
