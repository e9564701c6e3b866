use std::io::Write as _;
use std::process::{Command, Stdio};

use super::*;
use crate::digest::{DigestAlgorithm, to_hex};

const PADDINGS: [PasswordPadding; 2] = [PasswordPadding::Pkcs1, PasswordPadding::OaepSha1];
const KEY: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/keys/rsa.pem");

/// The system's random bytes.
struct System;

impl Entropy for System {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        getrandom::fill(buffer).map_err(|_| Error::Bug("no random bytes"))
    }
}

struct Zeros;

impl Entropy for Zeros {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        buffer.fill(0);
        Ok(())
    }
}

struct Broken;

impl Entropy for Broken {
    fn fill(&self, _: &mut [u8]) -> Result<()> {
        Err(Error::Cancelled)
    }
}

fn certificate() -> &'static [u8] {
    include_bytes!("../../../testdata/keys/rsa-certificate.pem")
}

fn encrypt(password: &[u8], padding: PasswordPadding) -> Result<Vec<u8>> {
    let base64 = encrypt_password(certificate(), &Secret::new(password.to_vec()), padding, &System)?;
    Ok(STANDARD.decode(base64).unwrap())
}

#[test]
fn the_service_reads_what_was_typed() {
    for padding in PADDINGS {
        for password in ["", "x", "pārole🔑", &"y".repeat(256 - 42)] {
            let encrypted = encrypt(password.as_bytes(), padding).unwrap();
            assert_eq!(encrypted.len(), 256);
            assert_ne!(encrypted, encrypt(password.as_bytes(), padding).unwrap(), "each call gives another result");
            if let Some(plain) = openssl_decrypt(&encrypted, padding) {
                assert_eq!(plain, password.as_bytes());
            }
            #[cfg(feature = "aws-lc")]
            assert_eq!(aws_decrypt(&encrypted, padding), password.as_bytes());
        }
    }
}

#[test]
fn a_password_that_does_not_fit_is_refused_whole() {
    for (padding, longest) in [(PasswordPadding::Pkcs1, 245), (PasswordPadding::OaepSha1, 214)] {
        assert!(encrypt(&vec![b'x'; longest], padding).is_ok());
        let error = encrypt(&vec![b'x'; longest + 1], padding).unwrap_err();
        assert_eq!(error.code(), ErrorCode::PasswordTooLong);
    }
}

#[test]
fn only_strong_rsa_keys_are_taken() {
    let spki = Certificate::parse(certificate()).unwrap().spki_der().to_vec();
    let code = |key: &[u8]| {
        let encrypted = encrypt_password(key, &Secret::new(Vec::new()), PasswordPadding::Pkcs1, &System);
        encrypted.map_or_else(|error| error.code().as_str(), |_| "encrypted")
    };
    assert_eq!(code(&spki), "encrypted");
    assert_eq!(code(LVRTC_PRODUCTION_KEY.as_bytes()), "encrypted");
    for key in [
        &include_bytes!("../../../testdata/pki/p256.pem")[..],
        include_bytes!("../../../testdata/pki/weak1024.pem"),
        include_bytes!("../../../testdata/keys/rsa.pem"),
        &spki[..200],
        b"",
        b"password",
    ] {
        assert_eq!(code(key), "key.public-malformed");
    }
}

#[test]
fn faults_of_the_random_source_are_reported() {
    let with = |entropy: &dyn Entropy, padding| {
        encrypt_password(certificate(), &Secret::new(vec![1]), padding, entropy).unwrap_err().code()
    };
    for padding in PADDINGS {
        assert_eq!(with(&Broken, padding), ErrorCode::Cancelled);
    }
    assert_eq!(with(&Zeros, PasswordPadding::Pkcs1), ErrorCode::Misuse);
}

#[test]
fn the_printed_key_has_its_fingerprint() {
    let blocks = pki::blocks(LVRTC_PRODUCTION_KEY.as_bytes()).unwrap();
    let digest = DigestAlgorithm::Sha256.digest(&blocks[0].bytes);
    assert_eq!(to_hex(digest.as_bytes()), LVRTC_PRODUCTION_KEY_SHA256);
}

/// `None` where there is no `openssl`.
fn openssl_decrypt(encrypted: &[u8], padding: PasswordPadding) -> Option<Vec<u8>> {
    let mode = match padding {
        PasswordPadding::Pkcs1 => "rsa_padding_mode:pkcs1",
        PasswordPadding::OaepSha1 => "rsa_padding_mode:oaep",
    };
    let mut openssl = Command::new("openssl")
        .args(["pkeyutl", "-decrypt", "-inkey", KEY, "-pkeyopt", mode])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .ok()?;
    openssl.stdin.take().unwrap().write_all(encrypted).unwrap();
    Some(openssl.wait_with_output().unwrap().stdout)
}

#[cfg(feature = "aws-lc")]
fn aws_decrypt(encrypted: &[u8], padding: PasswordPadding) -> Vec<u8> {
    use aws_lc_rs::rsa::{
        OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, Pkcs1PrivateDecryptingKey, PrivateDecryptingKey,
    };
    let pkcs8 = pki::blocks(&std::fs::read(KEY).unwrap()).unwrap().remove(0).bytes;
    let key = PrivateDecryptingKey::from_pkcs8(&pkcs8).unwrap();
    let mut buffer = vec![0; 512];
    match padding {
        PasswordPadding::Pkcs1 => {
            Pkcs1PrivateDecryptingKey::new(key).unwrap().decrypt(encrypted, &mut buffer).unwrap().to_vec()
        }
        PasswordPadding::OaepSha1 => {
            let key = OaepPrivateDecryptingKey::new(key).unwrap();
            key.decrypt(&OAEP_SHA1_MGF1SHA1, encrypted, &mut buffer, None).unwrap().to_vec()
        }
    }
}
