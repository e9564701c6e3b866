use rsa::pkcs8::DecodePrivateKey as _;
use rsa::traits::SignatureScheme as _;
use signature::Signer as _;
use signature::hazmat::PrehashSigner as _;

use super::super::{accept_value, accept_value_among};
use super::*;
use crate::digest::Digest;
use crate::error::Error;
use crate::pki::{Padding, oid};
use crate::signature::SignatureValue;

macro_rules! pem {
    ($name:literal) => {
        include_str!(concat!("../../../testdata/keys/", $name, ".pem"))
    };
}

const SHA256: DigestAlgorithm = DigestAlgorithm::Sha256;

fn certificate(pem: &str) -> Certificate {
    Certificate::parse(pem.as_bytes()).unwrap()
}

/// Signed attributes with a message-digest.
fn attributes() -> Vec<u8> {
    let digest = SHA256.digest(b"a document");
    let value = der::tlv(der::SET, &[&der::tlv(der::OCTET_STRING, &[digest.as_bytes()])]);
    der::tlv(der::SET, &[&der::sequence(&[&der::tlv(der::OID, &[oid::MESSAGE_DIGEST]), &value])])
}

fn asked(certificate: &Certificate, padding: Padding) -> ToBeSigned {
    ToBeSigned::new(attributes(), certificate.key().with(None, padding).unwrap())
}

#[track_caller]
fn told(value: SignatureValue, certificate: &Certificate, asked: &ToBeSigned) -> Option<MadeOver> {
    match accept_value(&value, certificate, asked) {
        Err(Error::SignatureMismatch(mismatch)) => mismatch.made_over,
        other => panic!("{other:?}"),
    }
}

/// Bytes that are told to be random: nothing here hangs on them.
struct NotRandom;

impl rand_core::TryRng for NotRandom {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(7)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(7)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill(7);
        Ok(())
    }
}

impl rand_core::TryCryptoRng for NotRandom {}

fn rsa_key() -> rsa::RsaPrivateKey {
    rsa::RsaPrivateKey::from_pkcs8_pem(pem!("rsa")).unwrap()
}

/// A value over these bytes behind the padding of PKCS#1 v1.5.
fn padded(bytes: &[u8]) -> Vec<u8> {
    rsa::Pkcs1v15Sign::new_unprefixed().sign(None::<&mut NotRandom>, &rsa_key(), bytes).unwrap()
}

fn info(hash: DigestAlgorithm, octets: &[u8]) -> Vec<u8> {
    let algorithm = crate::pki::digest_algorithm_der(hash);
    der::sequence(&[&algorithm, &der::tlv(der::OCTET_STRING, &[octets])])
}

fn info_of(hash: DigestAlgorithm, message: &[u8]) -> Vec<u8> {
    info(hash, hash.digest(message).as_bytes())
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::prelude::BASE64_STANDARD.encode(bytes)
}

/// What signers do to the bytes, as a message that is hashed then; and what is told.
fn hashed_messages(bytes: &[u8], digest: &Digest) -> Vec<(Vec<u8>, MadeOver)> {
    let text = |text, is_hashed| MadeOver::DigestText { text, is_hashed };
    let hex = digest.to_hex();
    vec![
        (digest.as_bytes().to_vec(), MadeOver::DigestHashed),
        (hex.clone().into_bytes(), text("hexadecimal text", true)),
        (format!("{hex}\n").into_bytes(), text("hexadecimal text with a line end", true)),
        (hex.to_uppercase().into_bytes(), text("hexadecimal text in capitals", true)),
        (base64(digest.as_bytes()).into_bytes(), text("base64 text", true)),
        (format!("{}\r\n", base64(digest.as_bytes())).into_bytes(), text("base64 text with a line end", true)),
        (info(digest.algorithm(), digest.as_bytes()), MadeOver::DigestInfoHashed),
        (base64(bytes).into_bytes(), MadeOver::BytesAsText { text: "base64 text" }),
        (to_hex(bytes).into_bytes(), MadeOver::BytesAsText { text: "hexadecimal text" }),
    ]
}

#[test]
fn rsa_shows_what_was_signed() {
    let (certificate, bytes) = (certificate(pem!("rsa-certificate")), attributes());
    let asked = asked(&certificate, Padding::Pkcs1);
    let told = |padding: &[u8]| told(SignatureValue::rsa(padded(padding)), &certificate, &asked);
    let digest = *asked.digest().unwrap();
    for (message, expected) in hashed_messages(&bytes, &digest) {
        assert_eq!(told(&info_of(SHA256, &message)), Some(expected.clone()), "in a DigestInfo");
        assert_eq!(told(SHA256.digest(&message).as_bytes()), Some(expected.clone()), "without one");
        // The digest went through another hash on its way.
        assert_eq!(told(&info_of(DigestAlgorithm::Sha512, &message)), Some(expected), "by another hash");
    }
    let other = |name: &str| Some(MadeOver::OtherHash { name: name.to_owned() });
    assert_eq!(told(&info_of(DigestAlgorithm::Sha512, &bytes)), other("SHA-512"));
    assert_eq!(told(&info_of(DigestAlgorithm::Sha1ForLegacyValidation, &bytes)), other("SHA-1"));
    // SHA-224 and something that nobody knows.
    let mut foreign = info_of(SHA256, &bytes);
    foreign[14] = 4;
    assert_eq!(told(&foreign), other("SHA-224"));
    foreign[14] = 99;
    assert_eq!(told(&foreign), other("2.16.840.1.101.3.4.2.99"));
    assert_eq!(told(digest.as_bytes()), Some(MadeOver::NoDigestInfo));
    assert_eq!(told(b"something else"), Some(MadeOver::NoDigestInfo));
    assert_eq!(told(&bytes), Some(MadeOver::NotHashed));
    assert_eq!(told(&info(SHA256, &info(SHA256, digest.as_bytes()))), Some(MadeOver::DigestInfo));
    let text = |text| Some(MadeOver::DigestText { text, is_hashed: false });
    assert_eq!(told(&info(SHA256, digest.to_hex().as_bytes())), text("hexadecimal text"));
    assert_eq!(told(base64(digest.as_bytes()).as_bytes()), text("base64 text"));
    let document = SHA256.digest(b"a document");
    assert_eq!(told(&info(SHA256, document.as_bytes())), Some(MadeOver::DocumentDigest));
    let unknown = SHA256.digest(b"something else");
    let expected = |name| Some(MadeOver::OtherDigest { name, digest: unknown.to_hex() });
    assert_eq!(told(&info(SHA256, unknown.as_bytes())), expected(Some("SHA-256")));
    assert_eq!(told(unknown.as_bytes()), expected(None));
    // A DigestInfo without NULL, which is no value of ours.
    let oid = der::tlv(der::OID, &[oid::SHA256]);
    let bare = der::sequence(&[&der::sequence(&[&oid]), &der::tlv(der::OCTET_STRING, &[digest.as_bytes()])]);
    assert_eq!(told(&bare), Some(MadeOver::NoNull));
}

#[test]
fn rsa_shows_other_paddings_byte_orders_and_keys() {
    let certificate = certificate(pem!("rsa-certificate"));
    let (pkcs1, pss) = (asked(&certificate, Padding::Pkcs1), asked(&certificate, Padding::Pss));
    let digest = *pkcs1.digest().unwrap();
    let with_salt = |salt: usize, digest: &[u8]| {
        let scheme = rsa::Pss::<sha2::Sha256>::new_with_salt(salt);
        SignatureValue::rsa(scheme.sign(Some(&mut NotRandom), &rsa_key(), digest).unwrap())
    };
    let longest = 256 - 2 - 32;
    for salt in [0, 20, 32, longest] {
        let found = told(with_salt(salt, digest.as_bytes()), &certificate, &pkcs1);
        assert_eq!(found, Some(MadeOver::OtherPadding { found: "PSS".to_owned(), asked: "PKCS#1 v1.5" }));
        let twice = with_salt(salt, SHA256.digest(digest.as_bytes()).as_bytes());
        assert_eq!(told(twice.clone(), &certificate, &pkcs1), Some(MadeOver::DigestHashed));
        assert_eq!(told(twice, &certificate, &pss), Some(MadeOver::DigestHashed));
        assert_eq!(told(with_salt(salt, &[1; 32]), &certificate, &pss), None, "of this key, over what nobody knows");
    }
    let Some(MadeOver::OtherPadding { found, .. }) = told(with_salt(longest, digest.as_bytes()), &certificate, &pss)
    else {
        panic!("another salt is another padding")
    };
    assert_eq!(found, "PSS with a salt of 222 bytes and MGF1 with SHA-256");
    let right = padded(&info_of(SHA256, &attributes()));
    let found = told(SignatureValue::rsa(right.clone()), &certificate, &pss);
    assert_eq!(found, Some(MadeOver::OtherPadding { found: "PKCS#1 v1.5".to_owned(), asked: "PSS" }));
    let backwards: Vec<u8> = right.iter().rev().copied().collect();
    let found = told(SignatureValue::rsa(backwards), &certificate, &pkcs1);
    assert_eq!(found, Some(MadeOver::ByteOrder { order: "little-endian" }));
    // Another key's, which is known or not; and what is too large a number for any.
    let other = Certificate::parse(include_bytes!("../../../testdata/pki/rsa2048.pem")).unwrap();
    let asked = ToBeSigned::new(attributes(), other.key().algorithm().unwrap());
    let Err(Error::SignatureMismatch(found)) =
        accept_value_among(&SignatureValue::rsa(right.clone()), &other, std::slice::from_ref(&certificate), &asked)
    else {
        panic!("another key's value is a mismatch")
    };
    assert_eq!(found.made_over, Some(MadeOver::OtherKey { subject: Some(certificate.subject().to_owned()) }));
    for value in [right, vec![0xff; 256], vec![0; 256]] {
        let found = told(SignatureValue::rsa(value), &other, &asked);
        assert_eq!(found, Some(MadeOver::OtherKey { subject: None }));
    }
}

#[test]
fn values_of_ec_keys_are_guessed() {
    let (certificate, bytes) = (certificate(pem!("ec-certificate")), attributes());
    let asked = asked(&certificate, Padding::Pkcs1);
    let key = p256::ecdsa::SigningKey::from_pkcs8_pem(pem!("ec")).unwrap();
    let sign = |digest: &[u8]| -> p256::ecdsa::Signature { key.sign_prehash(digest).unwrap() };
    let told = |value: SignatureValue| told(value, &certificate, &asked);
    let both = |digest: &[u8]| {
        let value = sign(digest);
        let fixed = told(SignatureValue::undeclared(value.to_bytes().to_vec()));
        assert_eq!(fixed, told(SignatureValue::ecdsa_der(value.to_der().as_bytes().to_vec())));
        fixed
    };
    let digest = *asked.digest().unwrap();
    for (message, expected) in hashed_messages(&bytes, &digest) {
        assert_eq!(both(SHA256.digest(&message).as_bytes()), Some(expected));
    }
    let name = || "SHA-512".to_owned();
    assert_eq!(both(DigestAlgorithm::Sha512.digest(&bytes).as_bytes()), Some(MadeOver::OtherHash { name: name() }));
    assert_eq!(both(SHA256.digest(b"a document").as_bytes()), Some(MadeOver::DocumentDigest));
    let text = MadeOver::DigestText { text: "hexadecimal text", is_hashed: false };
    assert_eq!(both(digest.to_hex().as_bytes()), Some(text), "cut to the curve's size");
    assert_eq!(both(SHA256.digest(b"something else").as_bytes()), None);
    let right = sign(digest.as_bytes()).to_bytes().to_vec();
    let (r, s) = right.split_at(32);
    let backwards = |part: &[u8]| part.iter().rev().copied().collect::<Vec<u8>>();
    for (value, expected) in [
        ([backwards(r), backwards(s)].concat(), "little-endian"),
        ([s, r].concat(), "in two halves that are swapped"),
        (backwards(&right), "little-endian, and its halves are swapped"),
    ] {
        // A number may be too large the other way round.
        if crate::pki::ecdsa_der_from_fixed(&value, Curve::P256).is_some() {
            assert_eq!(told(SignatureValue::ecdsa_fixed(value)), Some(MadeOver::ByteOrder { order: expected }));
        }
    }
    let other = Certificate::parse(include_bytes!("../../../testdata/pki/p256.pem")).unwrap();
    let value = SignatureValue::ecdsa_fixed(right);
    let Err(Error::SignatureMismatch(found)) =
        accept_value_among(&value, &other, std::slice::from_ref(&certificate), &asked)
    else {
        panic!("another key's value is a mismatch")
    };
    assert_eq!(found.made_over, Some(MadeOver::OtherKey { subject: Some(certificate.subject().to_owned()) }));
    assert_eq!(self::told(value, &other, &asked), None);
}

#[test]
fn values_of_ed25519_keys_are_guessed() {
    let (certificate, bytes) = (certificate(pem!("ed25519-certificate")), attributes());
    let asked = asked(&certificate, Padding::Pkcs1);
    let key = ed25519_dalek::SigningKey::from_pkcs8_pem(pem!("ed25519")).unwrap();
    let told =
        |message: &[u8]| told(SignatureValue::eddsa(key.sign(message).to_bytes().to_vec()), &certificate, &asked);
    for hash in [DigestAlgorithm::Sha512, SHA256] {
        assert_eq!(told(hash.digest(&bytes).as_bytes()), Some(MadeOver::DigestNotBytes { name: hash.name() }));
    }
    let text = MadeOver::DigestText { text: "hexadecimal text", is_hashed: false };
    assert_eq!(told(DigestAlgorithm::Sha512.digest(&bytes).to_hex().as_bytes()), Some(text));
    assert_eq!(told(base64(&bytes).as_bytes()), Some(MadeOver::BytesAsText { text: "base64 text" }));
    assert_eq!(told(SHA256.digest(b"a document").as_bytes()), Some(MadeOver::DocumentDigest));
    assert_eq!(told(b"something else"), None);
}

#[test]
fn digests_of_references_are_those_of_files() {
    let certificate = certificate(pem!("rsa-certificate"));
    let file = SHA256.digest(b"a file");
    let text = format!("<ds:SignedInfo><ds:DigestValue>{}</ds:DigestValue></ds:SignedInfo>", base64(file.as_bytes()));
    let asked = ToBeSigned::new(text.into_bytes(), certificate.key().algorithm().unwrap());
    let value = SignatureValue::rsa(padded(&info(SHA256, file.as_bytes())));
    assert_eq!(told(value, &certificate, &asked), Some(MadeOver::DocumentDigest));
}

#[test]
fn a_mismatch_says_it_in_a_line() {
    let all = [
        (
            MadeOver::OtherSession { id: "ab".into(), name: Some("b\u{7}.pdf".into()) },
            r#"that of session ab ("b\u{7}.pdf")"#,
        ),
        (MadeOver::DigestHashed, "the digest was hashed once more"),
        (MadeOver::OtherHash { name: "SHA-512".into() }, "made with SHA-512"),
        (MadeOver::OtherKey { subject: Some("CN=x".into()) }, r#"the key of "CN=x""#),
    ];
    for (made_over, part) in all {
        let word = made_over.as_str();
        let text = Error::from(Mismatch::new(Some(made_over))).to_string();
        assert!(text.starts_with("the value does not verify with the certificate: ") && text.contains(part), "{text}");
        assert!(word.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'), "{word}");
    }
    assert_eq!(Error::from(Mismatch::default()).to_string(), "the value does not verify with the certificate");
}
