use super::super::needs_password;
use super::*;
use crate::der;
use crate::error::Error;
use crate::pki::{KeyKind, oid};
use crate::signature::Curve;

macro_rules! file {
    ($name:literal) => {
        &include_bytes!(concat!("../../../testdata/keys/", $name))[..]
    };
}

fn secret(text: &str) -> Secret {
    Secret::from(text.to_owned())
}

fn open(bytes: &[u8], password: &str) -> Result<LocalKey> {
    let certificates = Certificate::parse_all(file!("ec-certificate.pem")).unwrap();
    LocalKey::dangerous_allow_unhardened_rsa(bytes, Some(&secret(password)), None, &certificates, &Limits::default())
}

fn code<T>(result: Result<T>) -> &'static str {
    result.map_or_else(|error| error.code().as_str(), |_| "opened")
}

fn signs(key: &LocalKey) {
    let certificate = key.certificate().unwrap();
    let public = certificate.key();
    let mut algorithms = vec![public.algorithm().unwrap()];
    for digest in [crate::DigestAlgorithm::Sha256, crate::DigestAlgorithm::Sha384, crate::DigestAlgorithm::Sha512] {
        for padding in [crate::Padding::Pkcs1, crate::Padding::Pss] {
            algorithms.extend(public.with(Some(digest), padding));
        }
    }
    for algorithm in algorithms {
        let asked = ToBeSigned::new(b"to be signed".to_vec(), algorithm);
        let value = key.sign(&asked).unwrap();
        assert!(crate::cms::accept_value(&value, certificate, &asked).is_ok(), "{algorithm}");
    }
}

#[test]
fn every_form_of_pfx_opens_and_signs() {
    for (name, bytes, password, issuers) in [
        ("ec", file!("ec.p12"), "test", 1),
        ("ec384", file!("ec384.p12"), "test", 1),
        ("ec521", file!("ec521.p12"), "test", 1),
        ("ed25519", file!("ed25519.p12"), "test", 1),
        ("rsa", file!("rsa.p12"), "test", 1),
        ("aes128-sha512", file!("aes128-sha512.p12"), "test", 0),
        ("sha384", file!("sha384.p12"), "test", 0),
        ("legacy", file!("legacy.p12"), "test", 1),
        ("legacy-3des", file!("legacy-3des.p12"), "test", 0),
        ("legacy-2des-rc2", file!("legacy-2des-rc2.p12"), "test", 0),
        ("no-mac", file!("no-mac.p12"), "test", 0),
        ("iterations", file!("iterations.p12"), "test", 0),
        ("empty-password", file!("empty-password.p12"), "", 1),
        ("empty-password-legacy", file!("empty-password-legacy.p12"), "", 0),
        ("unicode-password", file!("unicode-password.p12"), "pārole🔑", 0),
        ("unicode-password-legacy", file!("unicode-password-legacy.p12"), "pārole🔑", 0),
        ("plain-certificate", file!("plain-certificate.p12"), "test", 0),
    ] {
        assert!(needs_password(bytes), "{name}");
        let key = open(bytes, password).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(key.chain().len(), 1 + issuers, "{name}");
        assert_eq!(key.warnings().len(), usize::from(name == "no-mac"), "{name}");
        signs(&key);
        assert_eq!(code(open(bytes, "wrong")), "key.password", "{name}");
    }
    assert_eq!(code(open(file!("no-key.p12"), "test")), "key.none");
}

#[test]
fn every_form_of_pem_opens_and_signs() {
    for (bytes, encrypted) in [
        (file!("ec.pem"), false),
        (file!("ec-encrypted.pem"), true),
        (file!("ec-encrypted-des3.pem"), true),
        (file!("ec-encrypted-v1.pem"), true),
        (file!("ec-traditional.pem"), false),
    ] {
        assert_eq!(needs_password(bytes), encrypted);
        signs(&open(bytes, "test").unwrap());
        if encrypted {
            assert_eq!(code(open(bytes, "wrong")), "key.password");
            let limits = Limits::default();
            assert_eq!(code(LocalKey::open(bytes, None, None, &[], &limits)), "key.password");
        }
    }
    assert_eq!(open(file!("ec-traditional.pem"), "").unwrap().chain().len(), 2, "certificates of the same file");
    let rsa = Certificate::parse_all(file!("rsa-certificate.pem")).unwrap();
    for bytes in [file!("rsa.pem"), file!("rsa-traditional.pem")] {
        let limits = Limits::default();
        signs(&LocalKey::dangerous_allow_unhardened_rsa(bytes, None, None, &rsa, &limits).unwrap());
        let der = crate::pki::blocks(bytes).unwrap().remove(0).bytes;
        assert!(LocalKey::dangerous_allow_unhardened_rsa(&der, None, None, &rsa, &limits).is_ok());
        let hardened = code(LocalKey::open(bytes, None, None, &rsa, &limits));
        assert_eq!(hardened, if cfg!(feature = "aws-lc") { "opened" } else { "key.risk" });
        assert_eq!(code(LocalKey::open(bytes, None, None, &[], &limits)), "key.certificate");
        assert_eq!(code(open(bytes, "")), "key.certificate", "another key's certificate");
    }
    assert_eq!(code(open(file!("rsa-traditional-encrypted.pem"), "test")), "key.unsupported");
    assert_eq!(code(open(file!("ec-certificate.pem"), "")), "key.none");
    assert_eq!(code(open(b"", "")), "key.malformed");
    assert_eq!(code(open(b"%PDF-1.7", "")), "key.malformed");
    let two = [file!("ec.pem"), file!("rsa.pem")].concat();
    assert_eq!(code(open(&two, "")), "key.several");
}

#[test]
fn damage_has_no_other_code_than_a_wrong_password() {
    let bytes = file!("legacy-3des.p12");
    for at in (0..bytes.len()).step_by(7) {
        let mut changed = bytes.to_vec();
        changed[at] ^= 1;
        let found = code(open(&changed, "test"));
        // What is seen before the MAC, and the MAC's own iterations, may say more.
        let fine = ["key.password", "key.malformed", "key.unsupported", "limit.exceeded"];
        assert!(fine.contains(&found), "{found} at {at}");
    }
    for length in (0..bytes.len()).step_by(11) {
        assert_eq!(code(open(&bytes[..length], "test")), "key.malformed");
    }
}

#[test]
fn limits_come_before_derivations() {
    let strict = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        LocalKey::open(file!("iterations.p12"), Some(&secret("test")), None, &[], &limits)
    };
    assert_eq!(code(strict(|_| {})), "opened");
    assert_eq!(code(strict(|limits| limits.kdf_iterations = 99_999)), "limit.exceeded");
    assert_eq!(code(strict(|limits| limits.kdf_iterations_sum = 150_000)), "limit.exceeded");
    assert_eq!(code(strict(|limits| limits.pfx_bags = 1)), "limit.exceeded");
    assert_eq!(code(strict(|limits| limits.key_bytes = 100)), "limit.exceeded");
}

/// An unencrypted PFX without MAC, from bags.
fn pfx_of(bags: &[Vec<u8>]) -> Vec<u8> {
    let parts: Vec<&[u8]> = bags.iter().map(Vec::as_slice).collect();
    let data = |content: &[u8]| {
        let octets = der::tlv(der::OCTET_STRING, &[content]);
        der::sequence(&[&der::tlv(der::OID, &[oid::DATA]), &der::tlv(der::context(0), &[&octets])])
    };
    let safe = der::sequence(&[&data(&der::sequence(&parts))]);
    der::sequence(&[&[der::INTEGER, 1, 3], &data(&safe)])
}

fn key_bag(pem: &[u8], name: Option<&str>, id: Option<&[u8]>) -> Vec<u8> {
    let attribute =
        |oid: &[u8], value: &[u8]| der::sequence(&[&der::tlv(der::OID, &[oid]), &der::tlv(der::SET, &[value])]);
    let mut attributes = Vec::new();
    if let Some(name) = name {
        let units: Vec<u8> = name.encode_utf16().flat_map(u16::to_be_bytes).collect();
        attributes.extend(attribute(b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x14", &der::tlv(0x1e, &[&units])));
    }
    if let Some(id) = id {
        attributes.extend(attribute(b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x15", &der::tlv(der::OCTET_STRING, &[id])));
    }
    let pkcs8 = crate::pki::blocks(pem).unwrap().remove(0).bytes;
    der::sequence(&[
        &der::tlv(der::OID, &[b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x01"]),
        &der::tlv(der::context(0), &[&pkcs8]),
        &der::tlv(der::SET, &[&attributes]),
    ])
}

#[test]
fn one_of_several_keys_is_chosen_by_name() {
    let bags = [
        key_bag(file!("ec.pem"), Some("līgumi"), None),
        key_bag(file!("ec384.pem"), None, Some(&[0xab, 0xcd])),
        key_bag(file!("rsa.pem"), None, None),
    ];
    let bytes = pfx_of(&bags);
    let certificates: Vec<Certificate> = [file!("ec-certificate.pem"), file!("ec384-certificate.pem")]
        .iter()
        .map(|pem| Certificate::parse(pem).unwrap())
        .collect();
    let open = |alias| LocalKey::open(&bytes, None, alias, &certificates, &Limits::default());
    let Err(Error::Key(error)) = open(None) else { panic!("several keys were taken for one") };
    assert_eq!(error, KeyError::several(vec!["līgumi".into(), "abcd".into(), "(without a name)".into()]));
    assert_eq!(open(Some("līgumi")).unwrap().certificate().unwrap().key().kind(), KeyKind::Ec(Curve::P256));
    assert_eq!(open(Some("ABCD")).unwrap().certificate().unwrap().key().kind(), KeyKind::Ec(Curve::P384));
    assert_eq!(code(open(Some("other"))), "key.several");
}

#[test]
fn ber_and_nested_bags_are_read() {
    let inner = der::sequence(&[&key_bag(file!("ec.pem"), None, None)]);
    let nested = der::sequence(&[
        &der::tlv(der::OID, &[b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x06"]),
        &der::tlv(der::context(0), &[&inner]),
    ]);
    let bytes = pfx_of(&[nested]);
    signs(&open(&bytes, "").unwrap());
    // The outermost SEQUENCE with an indefinite length.
    let content = der::Reader::der(&bytes, ErrorCode::KeyMalformed).element().unwrap().content();
    let indefinite = [&[0x30, 0x80], content, &[0, 0]].concat();
    signs(&open(&indefinite, "").unwrap());
}

#[test]
fn nothing_secret_is_printed() {
    let key = open(file!("ec.p12"), "test").unwrap();
    let text = format!("{key:?}");
    assert!(text.starts_with("LocalKey { certificate: Some(Certificate { subject: \"CN=Test key ec\""), "{text}");
    assert_eq!(text.matches("CN=").count(), 1);
}

/// All files of a test PKI whose folder is named when the tests are built: `ESEAL_TEST_PFX=… cargo test`.
#[test]
fn a_whole_folder_of_pfx_files_opens() {
    let Some(folder) = option_env!("ESEAL_TEST_PFX") else { return };
    let mut count = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let password = match name.rsplit('-').next().unwrap() {
            "emptypass" => "",
            "unicodepass" => "pārole🔑",
            _ => "test",
        };
        let opened = open(&std::fs::read(&path).unwrap(), password);
        match opened {
            Ok(key) => signs(&key),
            Err(error) => assert!(name.ends_with("nokey") || name.starts_with("weak"), "{name}: {error}"),
        }
        count += 1;
    }
    assert!(count > 20, "{count}");
}

#[test]
fn a_key_is_handed_on_as_pem_whatever_its_file_is() {
    let limits = Limits::default();
    let pem = |bytes: &[u8], password: Option<&str>| {
        let password = password.map(secret);
        super::super::to_pem(bytes, password.as_ref(), &limits)
    };
    let plain = LocalKey::open(
        file!("ec.pem"),
        None,
        None,
        &Certificate::parse_all(file!("ec-certificate.pem")).unwrap(),
        &limits,
    );
    let plain = plain.unwrap();
    let asked = ToBeSigned::new(b"to be signed".to_vec(), plain.certificate().unwrap().key().algorithm().unwrap());
    for (bytes, password) in [
        (file!("ec.pem"), None),
        (file!("ec-traditional.pem"), None),
        (file!("ec-encrypted.pem"), Some("test")),
        (file!("ec.p12"), Some("test")),
    ] {
        let text = pem(bytes, password).unwrap();
        assert!(!needs_password(text.expose()));
        let value = open(text.expose(), "").unwrap().sign(&asked).unwrap();
        assert!(crate::cms::accept_value(&value, plain.certificate().unwrap(), &asked).is_ok());
    }
    assert_eq!(code(pem(file!("ec-encrypted.pem"), Some("wrong"))), "key.password");
    assert_eq!(code(pem(file!("ec-certificate.pem"), None)), "key.none");
}
