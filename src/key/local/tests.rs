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
            assert_eq!(code(LocalKey::open(bytes, None, None, &[], &limits)), "key.password-missing");
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
    assert_eq!(code(open(file!("ec-certificate.pem"), "")), "key.none");
    assert_eq!(code(open(b"", "")), "key.malformed");
    assert_eq!(code(open(b"%PDF-1.7", "")), "key.malformed");
    let two = [file!("ec.pem"), file!("rsa.pem")].concat();
    assert_eq!(code(open(&two, "")), "key.several");
}

/// Key files of other programs: the password stands in their names, in hexadecimal digits behind `password-`.
#[test]
fn what_other_programs_write_opens_and_signs() {
    let makers = open_all(|name| !SLOW.contains(&name));
    let least = [
        ("bc", 11),
        ("made", 2),
        ("headers", 10),
        ("keytool", 18),
        ("nss", 2),
        ("openssl", 34),
        ("pkcs8", 5),
        ("windows", 3),
    ];
    for (maker, least) in least {
        assert!(makers.get(maker).is_some_and(|count| *count >= least), "{maker}: {makers:?}");
    }
}

#[test]
#[ignore = "1,800,000 iterations a file, and the other test has two of the kind"]
fn the_other_forms_of_nss_open_and_sign() {
    assert_eq!(open_all(|name| SLOW.contains(&name)).get("nss"), Some(&SLOW.len()));
}

const SLOW: [&str; 3] = ["nss-3des", "nss-rc4", "nss-camellia-256-mac-sha-512"];

/// Opens the files whose names are `wanted` and signs with them; how many there are of each maker.
fn open_all(wanted: impl Fn(&str) -> bool) -> std::collections::BTreeMap<String, usize> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/keys/others");
    let certificates = [file!("ec-certificate.pem"), file!("rsa-certificate.pem")].concat();
    let certificates = Certificate::parse_all(&certificates).unwrap();
    let mut makers = std::collections::BTreeMap::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_string_lossy().into_owned();
        let is_pfx = path.extension().is_some_and(|end| end == "p12");
        if !is_pfx && path.extension().is_none_or(|end| end != "pem") || !wanted(&name) {
            continue;
        }
        let password = match name.split_once("password-").and_then(|(_, digits)| digits.split('-').next()) {
            Some(digits) => {
                (0..digits.len() / 2).map(|n| u8::from_str_radix(&digits[2 * n..2 * n + 2], 16).unwrap()).collect()
            }
            None if name.ends_with("-testing") => b"testing".to_vec(),
            None => b"test".to_vec(),
        };
        let bytes = std::fs::read(&path).unwrap();
        let open = |password: Vec<u8>| {
            let limits = Limits::default();
            LocalKey::dangerous_allow_unhardened_rsa(&bytes, Some(&Secret::new(password)), None, &certificates, &limits)
        };
        assert!(needs_password(&bytes), "{name}");
        let key = open(password).unwrap_or_else(|error| panic!("{name}: {error}"));
        signs(&key);
        // Under AES-GCM each part has a MAC of its own, and BouncyCastle writes no other.
        let has_none = name.contains("no-mac") || name.ends_with("gcm");
        assert_eq!(key.warnings().len(), usize::from(has_none), "{name}");
        if is_pfx {
            assert!(key.certificate().is_some_and(|own| own.subject() == "CN=Test key ec"), "{name}");
        }
        // These take the longest: many iterations.
        if !name.contains("plain-no-mac") && !name.starts_with("nss") && !name.starts_with("bc-pkcs12") {
            assert_eq!(code(open(b"wrong".to_vec())), "key.password", "{name}");
        }
        *makers.entry(name.split('-').next().unwrap().to_owned()).or_insert(0) += 1;
    }
    makers
}

#[test]
fn a_password_is_the_same_in_whatever_encoding_it_was_typed() {
    for (name, typed) in [
        ("openssl-password-4772fcdf65-3des", "Grüße"),
        ("openssl-password-4772fcdf65", "Grüße"),
        ("openssl-password-4772c3bcc39f65", "Grüße"),
    ] {
        let path = format!("{}/testdata/keys/others/{name}.p12", env!("CARGO_MANIFEST_DIR"));
        let bytes = std::fs::read(path).unwrap();
        // OpenSSL takes what is no UTF-8 byte by byte, which is Latin-1.
        signs(&open(&bytes, typed).unwrap_or_else(|error| panic!("{name}: {error}")));
    }
}

#[test]
fn a_line_end_behind_a_key_file_is_no_part_of_it_and_nothing_else_may_follow() {
    let der = |pem: &[u8]| crate::pki::blocks(pem).unwrap().remove(0).bytes.to_vec();
    let ber = include_bytes!("../../../testdata/keys/others/bc-pkcs12.p12").to_vec();
    for bytes in [file!("ec.p12").to_vec(), ber, der(file!("ec.pem")), der(file!("ec-encrypted.pem"))] {
        for end in ["\n", "\r\n", "\n\n \t\r\n", "\0\0\0", "\r\n\0"] {
            let behind = [&bytes, end.as_bytes()].concat();
            signs(&open(&behind, "test").unwrap());
        }
        for end in ["0", "\n0", "\u{1a}", "\u{30}\0", "\0\u{30}"] {
            let error = open(&[&bytes, end.as_bytes()].concat(), "test").unwrap_err();
            let at = bytes.len() + usize::from(end.starts_with(['\n', '\0']));
            assert_eq!(
                (error.code().as_str(), error.offset()),
                ("key.malformed", Some(crate::source::to_u64(at))),
                "{end:?}"
            );
        }
        assert_eq!(code(open(&bytes[..bytes.len() - 1], "test")), "key.malformed");
    }
    let marked = [b"\xef\xbb\xbf", file!("ec-encrypted.pem")].concat();
    assert!(needs_password(&marked));
    signs(&open(&marked, "test").unwrap());
}

#[test]
fn lines_of_pem_end_as_any_system_ends_them() {
    for pem in [file!("ec-encrypted.pem"), &include_bytes!("../../../testdata/keys/others/headers-ec-aes128.pem")[..]] {
        let text = str::from_utf8(pem).unwrap();
        for end in ["\r\n", "\r", "\n\n"] {
            signs(&open(text.replace('\n', end).as_bytes(), "test").unwrap());
        }
        signs(&open(format!("\u{feff}Bag Attributes\n    friendlyName: x\n{text}\nend\n").as_bytes(), "test").unwrap());
    }
}

#[test]
fn key_files_of_other_kinds_are_told_by_name() {
    let certificate = crate::pki::blocks(file!("ec-certificate.pem")).unwrap().remove(0).bytes;
    for (bytes, wanted, part) in [
        (&b"\xfe\xed\xfe\xed\0\0\0\x02\0\0\0\x01"[..], "key.unsupported", "Java keystore (JKS)"),
        (b"\xce\xce\xce\xce\0\0\0\x02\0\0\0\x01", "key.unsupported", "JCEKS"),
        (b"\0\0\0\x02\0\0\0\x14\x01\x02", "key.unsupported", "BKS"),
        (b"PuTTY-User-Key-File-3: ssh-rsa\r\n", "key.unsupported", "PuTTY"),
        (b"-----BEGIN OPENSSH PRIVATE KEY-----\nAQID\n-----END OPENSSH PRIVATE KEY-----", "key.unsupported", "OpenSSH"),
        (b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAQ=\n=abcd\n-----END", "key.unsupported", "OpenPGP"),
        (b"-----BEGIN PUBLIC KEY-----\nAQID\n-----END PUBLIC KEY-----", "key.none", "only PUBLIC KEY"),
        (file!("ec-certificate.pem"), "key.none", "only CERTIFICATE"),
        (&certificate, "key.none", "a certificate"),
    ] {
        let error = open(bytes, "test").unwrap_err();
        assert!(error.code().as_str() == wanted && error.to_string().contains(part), "{error}");
        assert!(!needs_password(bytes), "{part}");
    }
}

#[test]
fn a_wrong_password_of_old_pem_is_never_damage() {
    for pem in [
        &include_bytes!("../../../testdata/keys/others/headers-ec-des3.pem")[..],
        include_bytes!("../../../testdata/keys/others/headers-ec-aes256.pem"),
        include_bytes!("../../../testdata/keys/others/headers-rsa-aes128.pem"),
    ] {
        // Of so many some leave a sound padding.
        for n in 0..1_000 {
            assert_eq!(code(open(pem, &format!("wrong {n}"))), "key.password", "{n}");
        }
    }
}

#[test]
fn ber_of_any_cut_is_read_and_bounded() {
    let bytes = include_bytes!("../../../testdata/keys/others/bc-pkcs12.p12");
    signs(&open(bytes, "test").unwrap());
    // Each OCTET STRING of the outer file in parts of one byte, in parts of parts.
    let (plain, _) = der::definite(bytes, 64, ErrorCode::KeyMalformed).unwrap();
    let split = in_small_parts(&plain);
    assert!(split.len() > 2 * plain.len());
    signs(&open(&split, "test").unwrap());
    let limits = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        code(LocalKey::open(bytes, Some(&secret("test")), None, &[], &limits))
    };
    assert_eq!(limits(|limits| limits.der_depth = 3), "limit.exceeded");
    let deep = [&[0x30, 0x80].repeat(400_000)[..], &[0, 0].repeat(100_000)].concat();
    assert_eq!(code(open(&deep, "test")), "limit.exceeded");
    for length in (0..bytes.len()).step_by(3) {
        assert_eq!(code(open(&bytes[..length], "test")), "key.malformed", "{length}");
    }
}

/// The element with indefinite lengths, and its octet strings in parts of one byte within parts.
fn in_small_parts(bytes: &[u8]) -> Vec<u8> {
    let mut reader = der::Reader::der(bytes, ErrorCode::KeyMalformed);
    let mut out = Vec::new();
    while !reader.is_empty() {
        let element = reader.element().unwrap();
        match element.tag() {
            tag if tag & 0x20 != 0 => {
                out.extend([&[tag, 0x80], &in_small_parts(element.content())[..], &[0, 0]].concat())
            }
            der::OCTET_STRING => {
                out.extend([0x24, 0x80]);
                for part in element.content().chunks(3) {
                    let bytes: Vec<u8> = part.iter().flat_map(|byte| [4, 1, *byte]).collect();
                    out.extend(der::tlv(0x24, &[&bytes]));
                }
                out.extend([0, 0]);
            }
            _ => out.extend(element.raw()),
        }
    }
    out
}

#[test]
fn scrypt_is_bounded_before_it_takes_memory() {
    let bytes = include_bytes!("../../../testdata/keys/others/pkcs8-scrypt.pem");
    let certificates = Certificate::parse_all(file!("ec-certificate.pem")).unwrap();
    let open = |change: fn(&mut Limits)| {
        let mut limits = Limits::default();
        change(&mut limits);
        code(LocalKey::open(bytes, Some(&secret("test")), None, &certificates, &limits))
    };
    // N 1024, r 8, p 2: 1 MiB, and 2 KiB for the lanes.
    assert_eq!(open(|_| {}), "opened");
    assert_eq!(open(|limits| limits.scrypt_bytes = (1 << 20) + 2047), "limit.exceeded");
    assert_eq!(open(|limits| limits.scrypt_bytes = (1 << 20) + 2048), "opened");
    assert_eq!(open(|limits| limits.scrypt_bytes_sum = (2 << 20) - 1), "limit.exceeded");
}

#[test]
fn an_unknown_algorithm_is_named() {
    let mut bytes = crate::pki::blocks(file!("ec-encrypted.pem")).unwrap().remove(0).bytes.to_vec();
    let aes = b"\x60\x86\x48\x01\x65\x03\x04\x01\x2a";
    let at = bytes.windows(aes.len()).position(|window| window == aes).unwrap();
    bytes[at + 8] = 0x7f;
    let error = open(&bytes, "test").unwrap_err();
    assert_eq!(error.code().as_str(), "key.unsupported");
    assert!(error.to_string().contains("2.16.840.1.101.3.4.1.127"), "{error}");
    let odd =
        String::from_utf8(include_bytes!("../../../testdata/keys/others/headers-ec-aes128.pem").to_vec()).unwrap();
    let error = open(odd.replace("AES-128-CBC", "IDEA-CBC").as_bytes(), "test").unwrap_err();
    assert!(error.code().as_str() == "key.unsupported" && error.to_string().contains("IDEA-CBC"), "{error}");
    for bad in ["AES-128-CBC,00", "AES-128-CBC", ""] {
        let start = odd.find("AES-128-CBC").unwrap();
        let end = odd[start..].find('\n').unwrap() + start;
        let cut = [&odd[..start], bad, &odd[end..]].concat();
        assert!(["key.malformed", "key.unsupported"].contains(&code(open(cut.as_bytes(), "test"))), "{bad}");
    }
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
        (file!("others/headers-ec-aes256.pem"), Some("test")),
        (file!("others/bc-pkcs12.p12"), Some("test")),
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
