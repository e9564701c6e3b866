//! Decryption of key files: PBES2 (RFC 8018) and the schemes of PKCS #12 (RFC 7292, appendix C).

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt as _, InnerIvInit as _, KeyIvInit};
use zeroize::Zeroizing;

use super::kdf::{self, Budget, Password, Purpose};
use crate::der::{self, Element, Reader};
use crate::digest::DigestAlgorithm;
use crate::error::{ErrorCode, KeyError, Result};
use crate::pki::AlgorithmIdentifier;

/// Decrypts what is encrypted by `algorithm`. A wrong password usually shows as wrong padding: `key.password`.
pub(super) fn decrypt(
    algorithm: &AlgorithmIdentifier<'_>,
    password: &Password,
    data: &[u8],
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>> {
    let parameters = algorithm.parameters.ok_or_else(malformed)?;
    match algorithm.oid {
        PBES2 => pbes2(parameters, password, data, budget),
        SHA1_3DES_3 => legacy::<24>(parameters, password, budget, |key, iv| unpad_3des(key, iv, data)),
        SHA1_3DES_2 => legacy::<16>(parameters, password, budget, |key, iv| unpad::<des::TdesEde2>(key, iv, data)),
        SHA1_RC2_128 => legacy::<16>(parameters, password, budget, |key, iv| unpad_rc2(key, iv, data)),
        SHA1_RC2_40 => legacy::<5>(parameters, password, budget, |key, iv| unpad_rc2(key, iv, data)),
        _ => Err(unsupported().into()),
    }
}

/// PBKDF2 as it is asked for by `kdf`, for a key of `length` bytes.
pub(super) fn derive_pbkdf2(
    kdf: &AlgorithmIdentifier<'_>,
    password: &Password,
    length: Option<usize>,
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>> {
    if kdf.oid != PBKDF2 {
        return Err(unsupported().into());
    }
    let mut inside = reader(kdf.parameters.ok_or_else(malformed)?).sequence()?;
    let salt = inside.read(der::OCTET_STRING)?.octets()?;
    let iterations = inside.read(der::INTEGER)?.small()?;
    let stated = inside.optional(der::INTEGER)?.map(|element| small_length(&element)).transpose()?;
    let digest = match inside.is_empty() {
        true => DigestAlgorithm::Sha1ForLegacyValidation,
        false => hmac_digest(AlgorithmIdentifier::read(&mut inside)?.oid).ok_or_else(unsupported)?,
    };
    inside.end()?;
    let length = match (length, stated) {
        (Some(length), Some(stated)) if length != stated => return Err(malformed().into()),
        (Some(length), _) | (None, Some(length)) if length <= MAX_KEY_BYTES => length,
        _ => return Err(malformed().into()),
    };
    if iterations == 0 {
        return Err(malformed().into());
    }
    budget.take(iterations)?;
    kdf::pbkdf2(password.bytes(), &salt, iterations, digest, length)
}

/// The digest of an HMAC's object identifier.
pub(super) fn hmac_digest(oid: &[u8]) -> Option<DigestAlgorithm> {
    match oid {
        HMAC_SHA1 => Some(DigestAlgorithm::Sha1ForLegacyValidation),
        HMAC_SHA256 => Some(DigestAlgorithm::Sha256),
        HMAC_SHA384 => Some(DigestAlgorithm::Sha384),
        HMAC_SHA512 => Some(DigestAlgorithm::Sha512),
        _ => None,
    }
}

fn pbes2(parameters: &[u8], password: &Password, data: &[u8], budget: &mut Budget) -> Result<Zeroizing<Vec<u8>>> {
    let mut inside = reader(parameters).sequence()?;
    let kdf = AlgorithmIdentifier::read(&mut inside)?;
    let cipher = AlgorithmIdentifier::read(&mut inside)?;
    inside.end()?;
    let iv = reader(cipher.parameters.ok_or_else(malformed)?).read(der::OCTET_STRING)?.content();
    let length = match cipher.oid {
        AES_128_CBC => 16,
        AES_192_CBC | DES_EDE3_CBC => 24,
        AES_256_CBC => 32,
        _ => return Err(unsupported().into()),
    };
    let key = derive_pbkdf2(&kdf, password, Some(length), budget)?;
    let plain = match cipher.oid {
        AES_128_CBC => unpad::<aes::Aes128>(&key, iv, data),
        AES_192_CBC => unpad::<aes::Aes192>(&key, iv, data),
        AES_256_CBC => unpad::<aes::Aes256>(&key, iv, data),
        _ => unpad_3des(&key, iv, data),
    };
    plain.ok_or_else(|| wrong_password().into())
}

fn legacy<const KEY_BYTES: usize>(
    parameters: &[u8],
    password: &Password,
    budget: &mut Budget,
    unpad: impl Fn(&[u8], &[u8]) -> Option<Zeroizing<Vec<u8>>>,
) -> Result<Zeroizing<Vec<u8>>> {
    let mut inside = reader(parameters).sequence()?;
    let salt = inside.read(der::OCTET_STRING)?.octets()?;
    let iterations = inside.read(der::INTEGER)?.small()?;
    inside.end()?;
    // Key and IV are derived one by one.
    budget.take(iterations)?;
    budget.take(iterations)?;
    let sha1 = DigestAlgorithm::Sha1ForLegacyValidation;
    let key = kdf::pkcs12(password, &salt, iterations, sha1, Purpose::Key, KEY_BYTES);
    let iv = kdf::pkcs12(password, &salt, iterations, sha1, Purpose::Iv, 8);
    unpad(&key, &iv).ok_or_else(|| wrong_password().into())
}

fn unpad<C>(key: &[u8], iv: &[u8], data: &[u8]) -> Option<Zeroizing<Vec<u8>>>
where
    C: cbc::cipher::BlockCipherDecrypt + cbc::cipher::KeyInit,
    cbc::Decryptor<C>: KeyIvInit + cbc::cipher::BlockModeDecrypt,
{
    let cipher = <cbc::Decryptor<C> as KeyIvInit>::new_from_slices(key, iv).ok()?;
    cipher.decrypt_padded_vec::<Pkcs7>(data).ok().map(Zeroizing::new)
}

fn unpad_3des(key: &[u8], iv: &[u8], data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    unpad::<des::TdesEde3>(key, iv, data)
}

fn unpad_rc2(key: &[u8], iv: &[u8], data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let cipher = rc2::Rc2::new_with_eff_key_len(key, key.len() * 8);
    let cipher = cbc::Decryptor::inner_iv_slice_init(cipher, iv).ok()?;
    cipher.decrypt_padded_vec::<Pkcs7>(data).ok().map(Zeroizing::new)
}

fn small_length(element: &Element<'_>) -> Result<usize> {
    usize::try_from(element.small()?).map_err(|_| element.fault())
}

fn reader(bytes: &[u8]) -> Reader<'_> {
    Reader::ber(bytes, 16, ErrorCode::KeyMalformed)
}

fn malformed() -> KeyError {
    KeyError::new(ErrorCode::KeyMalformed)
}

fn unsupported() -> KeyError {
    KeyError::new(ErrorCode::KeyUnsupported)
}

fn wrong_password() -> KeyError {
    KeyError::new(ErrorCode::KeyPassword)
}

const MAX_KEY_BYTES: usize = 64;

const PBKDF2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c";
const PBES2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
const SHA1_3DES_3: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x03";
const SHA1_3DES_2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x04";
const SHA1_RC2_128: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x05";
const SHA1_RC2_40: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x06";
const DES_EDE3_CBC: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x03\x07";
const AES_128_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x02";
const AES_192_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x16";
const AES_256_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x2a";
const HMAC_SHA1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x07";
const HMAC_SHA256: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x09";
const HMAC_SHA384: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x0a";
const HMAC_SHA512: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x0b";
