use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::pki::KeyKind;
use crate::signature::Curve;

macro_rules! pem {
    ($name:literal) => {
        Certificate::parse(include_bytes!(concat!("../../../testdata/pki/", $name, ".pem"))).unwrap()
    };
}

fn vector() -> (serde_json::Value, Vec<u8>) {
    let vector: serde_json::Value =
        serde_json::from_str(include_str!("../../../testdata/vectors/certificate.json")).unwrap();
    let der = STANDARD.decode(vector["certificate"].as_str().unwrap()).unwrap();
    (vector, der)
}

#[test]
fn reads_the_worked_example() {
    let (vector, der) = vector();
    let certificate = Certificate::from_der(&der).unwrap();
    let text = |name: &str| vector[name].as_str().unwrap().to_owned();
    assert_eq!(Some(crate::source::to_u64(der.len())), vector["certificate_bytes"].as_u64());
    assert_eq!(certificate.sha256().to_hex(), text("sha256"));
    assert_eq!(DigestAlgorithm::Sha1ForLegacyValidation.digest(&der).to_hex(), text("sha1"));
    assert!(DigestAlgorithm::Sha384.digest(&der).to_hex().starts_with(&text("sha384_start")));
    assert_eq!(certificate.subject(), text("subject"));
    assert_eq!(certificate.issuer(), text("subject"));
    assert_eq!(certificate.serial(), text("serial"));
    assert_eq!(certificate.not_before().to_string(), text("not_before"));
    assert_eq!(certificate.not_after().to_string(), text("not_after"));
    let scalar = DigestAlgorithm::Sha256.digest(text("private_scalar_text").as_bytes());
    assert_eq!(scalar.to_hex(), text("private_scalar"));
    let secret = p256::SecretKey::from_slice(scalar.as_bytes()).unwrap();
    let point = secret.public_key().to_sec1_bytes();
    assert!(certificate.spki_der().ends_with(&point));
    assert_eq!(certificate.key().kind(), KeyKind::Ec(Curve::P256));
    assert!(certificate.is_self_signed() && certificate.may_sign_documents() && !certificate.is_ca());
    assert_eq!(vector.as_object().unwrap().len(), 12, "every field is used");
}

#[test]
fn pem_der_and_bare_base64_are_the_same() {
    let (vector, der) = vector();
    let bare = vector["certificate"].as_str().unwrap();
    let pem = format!("subject=x\n-----BEGIN CERTIFICATE-----\n{bare}\n-----END CERTIFICATE-----\n");
    let certificate = Certificate::from_der(&der).unwrap();
    for bytes in [der.as_slice(), bare.as_bytes(), pem.as_bytes()] {
        assert_eq!(Certificate::parse(bytes).unwrap(), certificate);
    }
    assert_eq!(Certificate::parse_all(pem.repeat(2).as_bytes()).unwrap().len(), 2);
    for bytes in [&b""[..], b"x", b"-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----", &der[..323]] {
        assert_eq!(Certificate::parse(bytes).unwrap_err().code(), ErrorCode::CertificateMalformed);
    }
    assert!(Certificate::from_der(&[der.as_slice(), &[0]].concat()).is_err(), "trailing byte");
}

#[test]
fn names_are_written_as_rfc_4514_has_them() {
    let subject = "organizationIdentifier=NTRLV-00000000000,CN=Piemēra Zīmogs TEST eSeal RSA,\
                   O=SIA \\\"Piemēra\\, Zīmogs\\\" \\+ TEST,C=LV";
    let certificate = pem!("eseal-rsa");
    assert_eq!(certificate.subject(), subject);
    assert_eq!(certificate.common_name().as_deref(), Some("Piemēra Zīmogs TEST eSeal RSA"));
    assert_eq!(certificate.serial(), "100c");
    assert_eq!(certificate.not_after().to_string(), "2040-01-01T00:00:00Z");
}

#[test]
fn issuers_are_found_by_name_and_signature() {
    let (root, i1, e1) = (pem!("root"), pem!("i1"), pem!("e1"));
    assert!(root.is_self_signed() && root.is_ca() && i1.is_ca() && !i1.is_self_signed());
    assert!(root.issued(&i1) && root.issued(&e1) && !i1.issued(&e1));
    for leaf in [pem!("rsa2048"), pem!("rsa4096"), pem!("p256"), pem!("p384"), pem!("ed25519"), pem!("eseal-p256")] {
        assert!(i1.issued(&leaf) && !e1.issued(&leaf) && !root.issued(&leaf), "{leaf:?}");
        assert!(!leaf.is_ca() && leaf.may_sign_documents());
    }
    assert!(e1.issued(&pem!("p521")) && e1.issued(&pem!("eseal-p384")));
    assert!(pem!("authn").may_sign_documents(), "digitalSignature");
    assert!(!pem!("auth").may_sign_documents(), "key agreement only");
}

#[test]
fn no_cut_and_no_changed_byte_panics() {
    let (_, der) = vector();
    for length in 0..der.len() {
        assert!(Certificate::from_der(&der[..length]).is_err());
    }
    for at in 0..der.len() {
        for bit in 0..8 {
            let mut changed = der.clone();
            changed[at] ^= 1 << bit;
            if let Ok(certificate) = Certificate::from_der(&changed) {
                let _ = (certificate.is_self_signed(), certificate.key().algorithm(), format!("{certificate:?}"));
            }
        }
    }
}
