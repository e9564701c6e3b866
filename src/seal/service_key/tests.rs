use std::io::Write as _;
use std::process::{Command, Stdio};

use super::*;
use crate::error::Error;
use crate::provider::Entropy;
use crate::seal::encrypt_password;

const KEYS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/keys");
const PADDINGS: [PasswordPadding; 2] = [PasswordPadding::Pkcs1, PasswordPadding::OaepSha1];

/// The system's random bytes.
struct System;

impl Entropy for System {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        getrandom::fill(buffer).map_err(|_| Error::Bug("no random bytes"))
    }
}

fn read(name: &str) -> Vec<u8> {
    std::fs::read(format!("{KEYS}/{name}")).unwrap()
}

fn open(name: &str) -> Result<ServiceKey> {
    ServiceKey::open(&read(name), Some(&Secret::from("test".to_owned())), None, &Limits::default())
}

fn encrypt(password: &[u8], padding: PasswordPadding) -> String {
    let key = open("rsa.pem").unwrap().public_pem();
    encrypt_password(key.as_bytes(), &Secret::new(password.to_vec()), padding, &System).unwrap()
}

/// Everything that does not hold a password: for each, what is wrong.
fn refused(key: &ServiceKey) -> Vec<(&'static str, String)> {
    let sound = STANDARD.decode(encrypt(b"test", PasswordPadding::Pkcs1)).unwrap();
    let with = |at: usize, by: u8| {
        let mut bytes = sound.clone();
        bytes[at] ^= by;
        STANDARD.encode(bytes)
    };
    let modulus = key.key.public().rsa_parts().unwrap().1;
    let raw = |message: &[u8]| openssl(key, "none", message).unwrap_or_else(|| STANDARD.encode(message));
    let mut unpadded = vec![7; 256];
    unpadded[0] = 0;
    let mut short_padding = vec![0, 2, 1, 2, 3, 0];
    short_padding.resize(256, 9);
    let mut no_end = vec![5; 256];
    no_end[..2].copy_from_slice(&[0, 2]);
    // The same with an end, to show that it is the end which lacks.
    let mut sound_padding = no_end.clone();
    sound_padding[251..].copy_from_slice(b"\0test");
    if let Some(sound) = openssl(key, "none", &sound_padding) {
        assert_eq!(key.decrypt_password(&sound).expose(), b"test");
    }
    let mut signature = vec![0xff; 256];
    signature[..2].copy_from_slice(&[0, 1]);
    signature[250] = 0;
    vec![
        ("one bit changed", with(0, 1)),
        ("another bit changed", with(255, 0x80)),
        ("nothing", String::new()),
        ("not base64", "?".repeat(344)),
        ("one byte", STANDARD.encode([1])),
        ("too short", STANDARD.encode(&sound[1..])),
        ("too long", STANDARD.encode([&sound[..], &[0]].concat())),
        ("above the modulus", STANDARD.encode([0xff; 256])),
        ("the modulus", STANDARD.encode(modulus)),
        ("zero", STANDARD.encode([0; 256])),
        ("no padding", raw(&unpadded)),
        ("a padding below eight bytes", raw(&short_padding)),
        ("a padding without end", raw(&no_end)),
        ("the padding of signatures", raw(&signature)),
        ("an empty password", encrypt(b"", PasswordPadding::Pkcs1)),
        ("an empty password in the other padding", encrypt(b"", PasswordPadding::OaepSha1)),
        ("to another key", {
            let lvrtc = crate::seal::LVRTC_PRODUCTION_KEY.as_bytes();
            encrypt_password(lvrtc, &Secret::new(b"test".to_vec()), PasswordPadding::Pkcs1, &System).unwrap()
        }),
    ]
}

/// Encrypted by OpenSSL; `None` where there is none.
fn openssl(key: &ServiceKey, padding: &str, message: &[u8]) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let public = folder.path().join("public.pem");
    std::fs::write(&public, key.public_pem()).unwrap();
    let mut openssl = Command::new("openssl")
        .args(["pkeyutl", "-encrypt", "-pubin", "-pkeyopt", &format!("rsa_padding_mode:{padding}"), "-inkey"])
        .arg(&public)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    openssl.stdin.take().unwrap().write_all(message).unwrap();
    let encrypted = openssl.wait_with_output().unwrap().stdout;
    assert_eq!(encrypted.len(), 256);
    Some(STANDARD.encode(encrypted))
}

#[test]
fn what_is_encrypted_to_the_public_half_is_read_in_either_padding() {
    for name in ["rsa.pem", "rsa-traditional.pem", "rsa.p12"] {
        let key = open(name).unwrap();
        for padding in PADDINGS {
            for password in ["x", "pārole🔑", &"y".repeat(256 - 42)] {
                let encrypted = encrypt(password.as_bytes(), padding);
                assert_eq!(key.decrypt_password(&encrypted).expose(), password.as_bytes());
                let (first, rest) = encrypted.split_at(76);
                assert_eq!(key.decrypt_password(&format!(" {first}\r\n{rest}\n")).expose(), password.as_bytes());
            }
        }
    }
}

#[test]
fn openssl_reads_the_public_half_and_is_read() {
    let key = open("rsa.pem").unwrap();
    for padding in ["pkcs1", "oaep"] {
        let Some(encrypted) = openssl(&key, padding, "pārole".as_bytes()) else { return };
        assert_eq!(key.decrypt_password(&encrypted).expose(), "pārole".as_bytes());
    }
}

#[test]
fn whatever_is_wrong_gives_a_password_that_nobody_knows() {
    let key = open("rsa.pem").unwrap();
    let mut seen = Vec::new();
    for (what, encrypted) in refused(&key) {
        let password = key.decrypt_password(&encrypted).expose().to_vec();
        assert_eq!(password.len(), 32, "{what}");
        assert_eq!(password, key.decrypt_password(&encrypted).expose(), "{what}: the same each time");
        seen.push(password);
    }
    // Neither does one of them tell another: the two that are no ciphertext at all stand for one.
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), refused(&key).len() - 1);
}

#[test]
fn the_substitute_hangs_on_the_private_key() {
    let other = ServiceKey { seed: Zeroizing::new([1; 32]), ..open("rsa.pem").unwrap() };
    let (one, two) = (open("rsa.pem").unwrap().decrypt_password(""), other.decrypt_password(""));
    assert_ne!(one.expose(), two.expose());
}

#[test]
fn a_padding_fault_and_a_wrong_password_are_one_error() {
    let key = open("rsa.pem").unwrap();
    let limits = Limits::default();
    let opened = |file: &str, encrypted: &str| key.open_key(&read(file), encrypted, &[], &limits);
    for file in ["ec.p12", "legacy.p12", "no-mac.p12", "ec-encrypted.pem"] {
        let wrong = opened(file, &encrypt(b"guess", PasswordPadding::Pkcs1)).unwrap_err();
        assert_eq!(wrong.code(), ErrorCode::KeyEncryptedPassword);
        for (what, encrypted) in refused(&key) {
            let error = opened(file, &encrypted).unwrap_err();
            assert_eq!(format!("{error:?} {error}"), format!("{wrong:?} {wrong}"), "{file}: {what}");
        }
    }
    for padding in PADDINGS {
        assert!(opened("ec.p12", &encrypt(b"test", padding)).is_ok());
    }
    // What does not hang on the password is said as it is.
    assert_eq!(opened("ca.pem", "").unwrap_err().code(), ErrorCode::KeyNone);
}

#[test]
fn an_empty_password_opens_nothing() {
    // It would be tried in two forms, and the time would tell that it was decrypted.
    let key = open("rsa.pem").unwrap();
    for file in ["empty-password.p12", "empty-password-legacy.p12"] {
        let file = std::fs::read(format!("{KEYS}/{file}")).or_else(|_| std::fs::read(format!("{KEYS}/pfx/{file}")));
        let opened = key.open_key(&file.unwrap(), &encrypt(b"", PasswordPadding::Pkcs1), &[], &Limits::default());
        assert_eq!(opened.unwrap_err().code(), ErrorCode::KeyEncryptedPassword);
    }
}

#[test]
fn one_padding_alone_may_be_asked_for() {
    for only in PADDINGS {
        let key = open("rsa.pem").unwrap().only(only);
        for padding in PADDINGS {
            let password = key.decrypt_password(&encrypt(b"test", padding));
            assert_eq!(password.expose() == b"test", padding == only);
        }
    }
}

#[test]
fn only_strong_rsa_keys_serve() {
    for (name, code) in [("ec.pem", ErrorCode::KeyUnsupported), ("ca.pem", ErrorCode::KeyNone)] {
        assert_eq!(open(name).unwrap_err().code(), code);
    }
    let wrong = ServiceKey::open(&read("rsa.p12"), Some(&Secret::from("no".to_owned())), None, &Limits::default());
    assert_eq!(wrong.unwrap_err().code(), ErrorCode::KeyPassword);
    assert_eq!(format!("{:?}", open("rsa.pem").unwrap()), "ServiceKey { .. }");
}
