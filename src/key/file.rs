//! What sort of key file it is, and what comes out of it.

use base64::prelude::{BASE64_STANDARD, Engine};
use zeroize::Zeroizing;

use super::kdf::{Budget, Password};
use super::pfx;
use super::private::PrivateKey;
use crate::der::{self, Reader};
use crate::error::{ErrorCode, KeyError, Limit, Result};
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
    match Form::of(bytes) {
        Ok(Form::Pfx | Form::EncryptedPkcs8) => true,
        Ok(Form::Pem(blocks)) => blocks.iter().any(|block| block.label == ENCRYPTED_PKCS8 || block.has_headers),
        Ok(Form::Pkcs8 | Form::Pkcs1 | Form::Sec1) | Err(_) => false,
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
    let (label, der) = match Form::of(bytes)? {
        Form::Pfx => {
            let empty = Secret::new(Vec::new());
            let contents = pfx::open(bytes, password.unwrap_or(&empty), limits)?;
            let key = contents.keys.into_iter().next().ok_or_else(|| KeyError::new(ErrorCode::KeyNone))?;
            (PKCS8, key.pkcs8)
        }
        Form::Pem(blocks) => match blocks.into_iter().find(|block| block.label == ENCRYPTED_PKCS8) {
            Some(block) => (PKCS8, decrypted(&block.bytes, password, limits)?),
            None => return Ok(Secret::new(bytes.to_vec())),
        },
        Form::EncryptedPkcs8 => (PKCS8, decrypted(bytes, password, limits)?),
        Form::Pkcs8 => (PKCS8, Zeroizing::new(bytes.to_vec())),
        Form::Pkcs1 => ("RSA PRIVATE KEY", Zeroizing::new(bytes.to_vec())),
        Form::Sec1 => ("EC PRIVATE KEY", Zeroizing::new(bytes.to_vec())),
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

enum Form {
    Pfx,
    Pem(Vec<Block>),
    Pkcs8,
    EncryptedPkcs8,
    Pkcs1,
    Sec1,
}

impl Form {
    fn of(bytes: &[u8]) -> Result<Form> {
        if bytes.first() != Some(&der::SEQUENCE) {
            return match pki::blocks(bytes) {
                Some(blocks) if !blocks.is_empty() => Ok(Form::Pem(blocks)),
                _ => Err(KeyError::new(ErrorCode::KeyMalformed).into()),
            };
        }
        if pfx::is_pfx(bytes) {
            return Ok(Form::Pfx);
        }
        let mut inside = Reader::der(bytes, ErrorCode::KeyMalformed).sequence()?;
        if inside.peek() == Some(der::SEQUENCE) {
            return Ok(Form::EncryptedPkcs8);
        }
        let version = inside.read(der::INTEGER)?;
        match (inside.peek(), version.small()?) {
            (Some(der::SEQUENCE), _) => Ok(Form::Pkcs8),
            (Some(der::INTEGER), _) => Ok(Form::Pkcs1),
            (Some(der::OCTET_STRING), 1) => Ok(Form::Sec1),
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
        match Form::of(bytes)? {
            Form::Pfx => open_pfx(bytes, password, alias, limits),
            Form::Pem(blocks) => open_pem(&blocks, password, limits),
            Form::Pkcs8 => PrivateKey::from_pkcs8(bytes).map(KeyFile::bare),
            Form::EncryptedPkcs8 => open_encrypted(bytes, password, limits).map(KeyFile::bare),
            Form::Pkcs1 => PrivateKey::from_pkcs1(bytes).map(KeyFile::bare),
            Form::Sec1 => PrivateKey::from_sec1(bytes, None).map(KeyFile::bare),
        }
    }

    fn bare(key: PrivateKey) -> KeyFile {
        KeyFile { key, certificates: Vec::new(), warnings: Vec::new() }
    }
}

fn open_pfx(bytes: &[u8], password: Option<&Secret>, alias: Option<&str>, limits: &Limits) -> Result<KeyFile> {
    let empty = Secret::new(Vec::new());
    let contents = pfx::open(bytes, password.unwrap_or(&empty), limits)?;
    let names = || contents.keys.iter().map(pfx::KeyBag::name).collect::<Vec<_>>();
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
            // The encryption of old OpenSSL files derives its key by one MD5.
            _ if block.has_headers => return Err(KeyError::new(ErrorCode::KeyUnsupported).into()),
            "PRIVATE KEY" => keys.push(PrivateKey::from_pkcs8(&block.bytes)?),
            ENCRYPTED_PKCS8 => keys.push(open_encrypted(&block.bytes, password, limits)?),
            "RSA PRIVATE KEY" => keys.push(PrivateKey::from_pkcs1(&block.bytes)?),
            "EC PRIVATE KEY" => keys.push(PrivateKey::from_sec1(&block.bytes, None)?),
            _ => {}
        }
    }
    let count = keys.len();
    match (keys.pop(), count) {
        (Some(key), 1) => Ok(KeyFile { key, certificates, warnings: Vec::new() }),
        (None, _) => Err(KeyError::new(ErrorCode::KeyNone).into()),
        _ => Err(KeyError::several((1..=count).map(|n| format!("key {n}")).collect()).into()),
    }
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
const PEM_COLUMNS: usize = 64;
const ENCRYPTED_PKCS8: &str = "ENCRYPTED PRIVATE KEY";
const NO_MAC: &str = "the key file has no MAC: nobody would notice if it had been changed";
