//! What sort of key file it is, and what comes out of it.

use base64::prelude::{BASE64_STANDARD, Engine};
use zeroize::Zeroizing;

use super::cipher;
use super::foreign;
use super::kdf::{Budget, Password};
use super::pfx;
use super::private::PrivateKey;
use crate::der::{self, Reader};
use crate::error::{ErrorCode, KeyError, Limit, Malformed, Result};
use crate::limits::Limits;
use crate::pki::{self, Block, Certificate};
use crate::secret::Secret;
use crate::source::to_u64;

/// A key file after it was opened.
pub(super) struct KeyFile {
    pub(super) key: PrivateKey,
    pub(super) certificates: Vec<Certificate>,
    pub(super) warnings: Vec<&'static str>,
}

/// Whether a password must be known to open the key file.
///
/// `true` for each PFX, also for one whose password is empty.
#[must_use]
pub fn needs_password(bytes: &[u8]) -> bool {
    match Form::of(bytes, &Limits::default()) {
        Ok(Form::Pfx(_) | Form::EncryptedPkcs8(_)) => true,
        Ok(Form::Pem(blocks)) => blocks.iter().any(is_encrypted),
        Ok(Form::Pkcs8(_) | Form::Pkcs1(_) | Form::Sec1(_)) | Err(_) => false,
    }
}

/// The one private key of a file, as PEM without a password: for those who have to hand on the key itself, as TLS does.
///
/// What is encrypted comes out as PKCS#8, everything else in the form it has.
///
/// # Errors
/// [`Error::Key`](crate::Error::Key): `key.password`, `key.none`, `key.several`, `key.malformed`.
pub fn to_pem(bytes: &[u8], password: Option<&Secret>, limits: &Limits) -> Result<Secret> {
    if to_u64(bytes.len()) > limits.key_bytes {
        return Err(Limit::new("key_bytes", limits.key_bytes, to_u64(bytes.len())).into());
    }
    // Whether it is a key at all is looked at in any case.
    KeyFile::open(bytes, password, None, limits)?;
    let (label, der) = match Form::of(bytes, limits)? {
        Form::Pfx(pfx) => {
            let empty = Secret::new(Vec::new());
            let contents = pfx::open(&pfx, password.unwrap_or(&empty), limits)?;
            let key = contents.keys.into_iter().next().ok_or_else(|| KeyError::new(ErrorCode::KeyNone))?;
            (PKCS8.to_owned(), key.pkcs8)
        }
        Form::Pem(blocks) => match blocks.into_iter().find(is_encrypted) {
            Some(block) if block.label == ENCRYPTED_PKCS8 => {
                (PKCS8.to_owned(), decrypted(&block.bytes, password, limits)?)
            }
            Some(block) => {
                let der = decrypted_pem(&block, password)?;
                (block.label, der)
            }
            None => return Ok(Secret::new(pki::without_mark(bytes).to_vec())),
        },
        Form::EncryptedPkcs8(der) => (PKCS8.to_owned(), decrypted(&der, password, limits)?),
        Form::Pkcs8(der) => (PKCS8.to_owned(), der),
        Form::Pkcs1(der) => (PKCS1.to_owned(), der),
        Form::Sec1(der) => (SEC1.to_owned(), der),
    };
    let text = Zeroizing::new(BASE64_STANDARD.encode(&*der));
    let mut pem = Vec::with_capacity(text.len() + 100);
    pem.extend_from_slice(format!("-----BEGIN {label}-----\n").as_bytes());
    for line in text.as_bytes().chunks(PEM_COLUMNS) {
        pem.extend_from_slice(line);
        pem.push(b'\n');
    }
    pem.extend_from_slice(format!("-----END {label}-----\n").as_bytes());
    Ok(Secret::new(pem))
}

/// What a file is; DER comes [definite](der::definite) and without what stood behind it.
enum Form {
    Pfx(Zeroizing<Vec<u8>>),
    Pem(Vec<Block>),
    Pkcs8(Zeroizing<Vec<u8>>),
    EncryptedPkcs8(Zeroizing<Vec<u8>>),
    Pkcs1(Zeroizing<Vec<u8>>),
    Sec1(Zeroizing<Vec<u8>>),
}

impl Form {
    fn of(bytes: &[u8], limits: &Limits) -> Result<Form> {
        if bytes.first() != Some(&der::SEQUENCE) {
            if let Some(other) = foreign::kind(bytes) {
                return Err(KeyError::new(ErrorCode::KeyUnsupported).detail(other).into());
            }
            return match pki::blocks(bytes) {
                Some(blocks) if !blocks.is_empty() => Ok(Form::Pem(blocks)),
                _ => Err(KeyError::new(ErrorCode::KeyMalformed).into()),
            };
        }
        let (der, length) = der::definite(bytes, limits.der_depth, ErrorCode::KeyMalformed)?;
        // An editor leaves a line end behind the last byte, a device fills its block; nothing else may follow.
        let behind = bytes.get(length..).unwrap_or_default();
        if let Some(at) = behind.iter().position(|byte| !byte.is_ascii_whitespace() && *byte != 0) {
            return Err(Malformed::at(ErrorCode::KeyMalformed, to_u64(length + at)).into());
        }
        if pfx::is_pfx(&der) {
            return Ok(Form::Pfx(der));
        }
        let mut inside = Reader::der(&der, ErrorCode::KeyMalformed).sequence()?;
        if inside.peek() == Some(der::SEQUENCE) {
            if Certificate::from_der(&der).is_ok() {
                return Err(KeyError::new(ErrorCode::KeyNone).detail("a certificate").into());
            }
            return Ok(Form::EncryptedPkcs8(der));
        }
        let version = inside.read(der::INTEGER)?.small()?;
        match (inside.peek(), version) {
            (Some(der::SEQUENCE), _) => Ok(Form::Pkcs8(der)),
            (Some(der::INTEGER), _) => Ok(Form::Pkcs1(der)),
            (Some(der::OCTET_STRING), 1) => Ok(Form::Sec1(der)),
            _ => Err(inside.fault()),
        }
    }
}

impl KeyFile {
    /// Opens a file of any form.
    pub(super) fn open(
        bytes: &[u8],
        password: Option<&Secret>,
        alias: Option<&str>,
        limits: &Limits,
    ) -> Result<KeyFile> {
        if to_u64(bytes.len()) > limits.key_bytes {
            return Err(Limit::new("key_bytes", limits.key_bytes, to_u64(bytes.len())).into());
        }
        KeyFile::of(Form::of(bytes, limits)?, password, alias, limits).map_err(|error| match password {
            // Nothing was tried but the empty one.
            None if error.code() == ErrorCode::KeyPassword => KeyError::new(ErrorCode::KeyPasswordMissing).into(),
            _ => error,
        })
    }

    fn of(form: Form, password: Option<&Secret>, alias: Option<&str>, limits: &Limits) -> Result<KeyFile> {
        match form {
            Form::Pfx(pfx) => open_pfx(&pfx, password, alias, limits),
            Form::Pem(blocks) => open_pem(&blocks, password, limits),
            Form::Pkcs8(der) => PrivateKey::from_pkcs8(&der).map(KeyFile::bare),
            Form::EncryptedPkcs8(der) => open_encrypted(&der, password, limits).map(KeyFile::bare),
            Form::Pkcs1(der) => PrivateKey::from_pkcs1(&der).map(KeyFile::bare),
            Form::Sec1(der) => PrivateKey::from_sec1(&der, None).map(KeyFile::bare),
        }
    }

    fn bare(key: PrivateKey) -> KeyFile {
        KeyFile { key, certificates: Vec::new(), warnings: Vec::new() }
    }
}

fn open_pfx(bytes: &[u8], password: Option<&Secret>, alias: Option<&str>, limits: &Limits) -> Result<KeyFile> {
    let empty = Secret::new(Vec::new());
    let contents = pfx::open(bytes, password.unwrap_or(&empty), limits)?;
    let names = || pfx::KeyBag::names(&contents.keys);
    let key = match (contents.keys.as_slice(), alias) {
        ([], _) => return Err(KeyError::new(ErrorCode::KeyNone).into()),
        (keys, Some(alias)) => {
            let mut called = keys.iter().filter(|key| key.is_called(alias));
            match (called.next(), called.next()) {
                (Some(key), None) => key,
                _ => return Err(KeyError::several(names()).into()),
            }
        }
        ([key], None) => key,
        _ => return Err(KeyError::several(names()).into()),
    };
    Ok(KeyFile {
        key: PrivateKey::from_pkcs8(&key.pkcs8)?,
        warnings: if contents.has_mac { Vec::new() } else { vec![NO_MAC] },
        certificates: contents.certificates,
    })
}

fn open_pem(blocks: &[Block], password: Option<&Secret>, limits: &Limits) -> Result<KeyFile> {
    let mut keys = Vec::new();
    let mut certificates = Vec::new();
    for block in blocks {
        match block.label.as_str() {
            "CERTIFICATE" | "X509 CERTIFICATE" => certificates.push(Certificate::from_der(&block.bytes)?),
            ENCRYPTED_PKCS8 => keys.push(open_encrypted(&block.bytes, password, limits)?),
            label @ (PKCS8 | PKCS1 | SEC1) if block.encryption.is_some() => {
                let der = decrypted_pem(block, password)?;
                // A wrong key leaves a sound padding once in 256 times.
                keys.push(from_der(label, &der).map_err(|_| KeyError::new(ErrorCode::KeyPassword))?);
            }
            label @ (PKCS8 | PKCS1 | SEC1) => keys.push(from_der(label, &block.bytes)?),
            _ => {}
        }
    }
    let count = keys.len();
    match (keys.pop(), count) {
        (Some(key), 1) => Ok(KeyFile { key, certificates, warnings: Vec::new() }),
        (None, _) => {
            let mut labels: Vec<&str> = blocks.iter().map(|block| block.label.as_str()).collect();
            labels.dedup();
            Err(KeyError::new(ErrorCode::KeyNone).detail(foreign::listed(&labels)).into())
        }
        _ => Err(KeyError::several((1..=count).map(|n| format!("key {n}")).collect()).into()),
    }
}

/// The key of a PEM block that is not encrypted.
fn from_der(label: &str, der: &[u8]) -> Result<PrivateKey> {
    match label {
        PKCS1 => PrivateKey::from_pkcs1(der),
        SEC1 => PrivateKey::from_sec1(der, None),
        _ => PrivateKey::from_pkcs8(der),
    }
}

/// Whether a password opens the block, in the way of PKCS #8 or in that of OpenSSL before it.
fn is_encrypted(block: &Block) -> bool {
    block.label == ENCRYPTED_PKCS8 || matches!(&*block.label, PKCS8 | PKCS1 | SEC1) && block.encryption.is_some()
}

/// What a block holds that says by headers how it is encrypted.
fn decrypted_pem(block: &Block, password: Option<&Secret>) -> Result<Zeroizing<Vec<u8>>> {
    let wrong = || KeyError::new(ErrorCode::KeyPassword);
    let encryption = block.encryption.clone().unwrap_or_default();
    let password = password.ok_or_else(wrong)?;
    let mut result: Result<Zeroizing<Vec<u8>>> = Err(wrong().into());
    for form in Password::forms(password) {
        result = cipher::decrypt_pem(&encryption.cipher, &encryption.iv, form.bytes(), &block.bytes)
            .and_then(|plain| pfx::only_sequence(&plain));
        if result.as_ref().map_err(crate::Error::code) != Err(ErrorCode::KeyPassword) {
            break;
        }
    }
    result
}

fn open_encrypted(bytes: &[u8], password: Option<&Secret>, limits: &Limits) -> Result<PrivateKey> {
    PrivateKey::from_pkcs8(&decrypted(bytes, password, limits)?)
}

fn decrypted(bytes: &[u8], password: Option<&Secret>, limits: &Limits) -> Result<Zeroizing<Vec<u8>>> {
    let wrong = || KeyError::new(ErrorCode::KeyPassword);
    let password = password.ok_or_else(wrong)?;
    let mut budget = Budget::new(limits);
    let mut result: Result<Zeroizing<Vec<u8>>> = Err(wrong().into());
    for form in Password::forms(password) {
        let mut reader = Reader::der(bytes, ErrorCode::KeyMalformed);
        result = pfx::decrypt_pkcs8(&mut reader, &form, &mut budget);
        if result.as_ref().map_err(crate::Error::code) != Err(ErrorCode::KeyPassword) {
            break;
        }
    }
    result
}

const PKCS8: &str = "PRIVATE KEY";
const PKCS1: &str = "RSA PRIVATE KEY";
const SEC1: &str = "EC PRIVATE KEY";
const PEM_COLUMNS: usize = 64;
const ENCRYPTED_PKCS8: &str = "ENCRYPTED PRIVATE KEY";
const NO_MAC: &str = "the key file has no MAC: nobody would notice if it had been changed";
