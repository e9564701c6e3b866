//! Decryption of key files: PBES1 and PBES2 (RFC 8018), the schemes of PKCS #12 (RFC 7292, appendix C), and what
//! OpenSSL writes into the headers of a PEM block.

use cbc::cipher::block_padding::Pkcs7;
use cbc::cipher::{BlockModeDecrypt as _, InnerIvInit as _, KeyInit as _, KeyIvInit, StreamCipher as _};
use zeroize::Zeroizing;

use super::kdf::{self, Budget, Hash, Password, Purpose, Scrypt};
use crate::der::{self, Element, Reader};
use crate::error::{ErrorCode, KeyError, Result};
use crate::pki::AlgorithmIdentifier;

/// Decrypts what is encrypted by `algorithm`. A wrong password usually shows as wrong padding: `key.password`.
pub(super) fn decrypt(
    algorithm: &AlgorithmIdentifier<'_>,
    password: &Password,
    data: &[u8],
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>> {
    if algorithm.oid == PBES2 {
        return pbes2(algorithm.parameters.ok_or_else(malformed)?, password, data, budget);
    }
    let Some(scheme) = Scheme::of(algorithm.oid) else { return Err(unsupported(algorithm.oid).into()) };
    let mut inside = reader(algorithm.parameters.ok_or_else(malformed)?).sequence()?;
    let salt = inside.read(der::OCTET_STRING)?.octets()?;
    let iterations = inside.read(der::INTEGER)?.small()?;
    inside.end()?;
    scheme.decrypt(password, &salt, iterations, data, budget)
}

/// Decrypts a PEM block as OpenSSL encrypted it before PKCS #8, by a cipher of this name.
pub(super) fn decrypt_pem(name: &str, iv: &[u8], password: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    let cipher = Cipher::named(name).ok_or_else(|| KeyError::new(ErrorCode::KeyUnsupported).detail(name))?;
    let salt = iv.get(..PEM_SALT_BYTES).ok_or_else(malformed)?;
    if iv.len() != cipher.iv_bytes() {
        return Err(malformed().into());
    }
    let key = kdf::openssl_pem(password, salt, cipher.key_bytes());
    cipher.decrypt(&key, iv, data).ok_or_else(|| wrong_password().into())
}

/// The key that `kdf` asks for, of `length` bytes.
pub(super) fn derive(
    kdf: &AlgorithmIdentifier<'_>,
    password: &Password,
    length: Option<usize>,
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>> {
    let mut inside = reader(kdf.parameters.ok_or_else(malformed)?).sequence()?;
    let salt = inside.read(der::OCTET_STRING)?.octets()?;
    match kdf.oid {
        PBKDF2 => {
            let iterations = inside.read(der::INTEGER)?.small()?;
            let stated = inside.optional(der::INTEGER)?.map(|element| small_length(&element)).transpose()?;
            let hash = match inside.is_empty() {
                true => Hash::Sha1,
                false => {
                    let prf = AlgorithmIdentifier::read(&mut inside)?;
                    Hash::of_hmac(prf.oid).ok_or_else(|| unsupported(prf.oid))?
                }
            };
            inside.end()?;
            let length = agreed(length, stated)?;
            if iterations == 0 {
                return Err(malformed().into());
            }
            // Each piece of the key as long as a hash costs as much as the first.
            for _ in 0..length.div_ceil(hash.len_bytes()).max(1) {
                budget.take(iterations)?;
            }
            kdf::pbkdf2(password.bytes(), &salt, iterations, hash, length)
        }
        SCRYPT => {
            let cost = inside.read(der::INTEGER)?.small()?;
            let block = inside.read(der::INTEGER)?.small()?;
            let lanes = inside.read(der::INTEGER)?.small()?;
            let stated = inside.optional(der::INTEGER)?.map(|element| small_length(&element)).transpose()?;
            inside.end()?;
            let length = agreed(length, stated)?;
            kdf::scrypt(password.bytes(), &salt, Scrypt { cost, block, lanes }, length, budget)
        }
        other => Err(unsupported(other).into()),
    }
}

/// What the parameters say of the length of a key must be what the cipher needs.
fn agreed(needed: Option<usize>, stated: Option<usize>) -> Result<usize> {
    match (needed, stated) {
        (Some(needed), Some(stated)) if needed != stated => Err(malformed().into()),
        (Some(length), _) | (None, Some(length)) if length <= MAX_KEY_BYTES => Ok(length),
        _ => Err(malformed().into()),
    }
}

fn pbes2(parameters: &[u8], password: &Password, data: &[u8], budget: &mut Budget) -> Result<Zeroizing<Vec<u8>>> {
    let mut inside = reader(parameters).sequence()?;
    let kdf = AlgorithmIdentifier::read(&mut inside)?;
    let scheme = AlgorithmIdentifier::read(&mut inside)?;
    inside.end()?;
    let parameters = scheme.parameters.ok_or_else(malformed)?;
    let plain = match Cipher::of(scheme.oid) {
        Some(cipher) => {
            let iv = reader(parameters).read(der::OCTET_STRING)?.content();
            let key = derive(&kdf, password, Some(cipher.key_bytes()), budget)?;
            cipher.decrypt(&key, iv, data)
        }
        None if scheme.oid == RC2_CBC => {
            let mut inside = reader(parameters).sequence()?;
            let version = inside.read(der::INTEGER)?.small()?;
            let iv = inside.read(der::OCTET_STRING)?.content();
            // RFC 8018, B.2.3: the effective length in bits, by a table below 256.
            let bits = match version {
                160 => 40,
                120 => 64,
                58 => 128,
                256..=1024 => version,
                _ => return Err(unsupported(scheme.oid).into()),
            };
            let bits = usize::try_from(bits).map_err(|_| malformed())?;
            // Beside the effective length nobody says how long the key is but the derivation: RFC 2898 left it out.
            let key = match derive(&kdf, password, None, budget) {
                Ok(key) => key,
                Err(_) => derive(&kdf, password, Some(bits.div_ceil(8)), budget)?,
            };
            unpad_rc2(&key, bits, iv, data)
        }
        None => {
            let length = match scheme.oid {
                AES_128_GCM => 16,
                AES_192_GCM => 24,
                AES_256_GCM => 32,
                other => return Err(unsupported(other).into()),
            };
            let mut inside = reader(parameters).sequence()?;
            let nonce = inside.read(der::OCTET_STRING)?.content();
            let tag = inside.optional(der::INTEGER)?.map_or(Ok(12), |element| small_length(&element))?;
            let key = derive(&kdf, password, Some(length), budget)?;
            open_gcm(&key, nonce, tag, data)?
        }
    };
    plain.ok_or_else(|| wrong_password().into())
}

/// A scheme that is named as a whole: hash, derivation and cipher.
#[derive(Debug, Clone, Copy)]
enum Scheme {
    /// Of PKCS #12, with SHA-1: a cipher with the bytes of its key.
    Pkcs12(Pkcs12Cipher, usize),
    /// PBES1, with PBKDF1.
    Pbes1(Hash, Pbes1Cipher),
}

#[derive(Debug, Clone, Copy)]
enum Pkcs12Cipher {
    Rc4,
    Des,
    Rc2,
}

#[derive(Debug, Clone, Copy)]
enum Pbes1Cipher {
    Des,
    Rc2,
}

impl Scheme {
    fn of(oid: &[u8]) -> Option<Scheme> {
        let [start @ .., last] = oid else { return None };
        match (start, last) {
            (PKCS12_SCHEMES, 1) => Some(Scheme::Pkcs12(Pkcs12Cipher::Rc4, 16)),
            (PKCS12_SCHEMES, 2) => Some(Scheme::Pkcs12(Pkcs12Cipher::Rc4, 5)),
            (PKCS12_SCHEMES, 3) => Some(Scheme::Pkcs12(Pkcs12Cipher::Des, 24)),
            (PKCS12_SCHEMES, 4) => Some(Scheme::Pkcs12(Pkcs12Cipher::Des, 16)),
            (PKCS12_SCHEMES, 5) => Some(Scheme::Pkcs12(Pkcs12Cipher::Rc2, 16)),
            (PKCS12_SCHEMES, 6) => Some(Scheme::Pkcs12(Pkcs12Cipher::Rc2, 5)),
            (PKCS5, 3) => Some(Scheme::Pbes1(Hash::Md5, Pbes1Cipher::Des)),
            (PKCS5, 6) => Some(Scheme::Pbes1(Hash::Md5, Pbes1Cipher::Rc2)),
            (PKCS5, 10) => Some(Scheme::Pbes1(Hash::Sha1, Pbes1Cipher::Des)),
            (PKCS5, 11) => Some(Scheme::Pbes1(Hash::Sha1, Pbes1Cipher::Rc2)),
            _ => None,
        }
    }

    fn decrypt(
        self,
        password: &Password,
        salt: &[u8],
        iterations: u32,
        data: &[u8],
        budget: &mut Budget,
    ) -> Result<Zeroizing<Vec<u8>>> {
        budget.take(iterations)?;
        let plain = match self {
            Scheme::Pkcs12(cipher, length) => {
                let mut derived = |purpose, length| -> Result<_> {
                    // Key and initialization vector are derived one by one.
                    budget.take(iterations)?;
                    Ok(kdf::pkcs12(password, salt, iterations, Hash::Sha1, purpose, length))
                };
                let key = kdf::pkcs12(password, salt, iterations, Hash::Sha1, Purpose::Key, length);
                match cipher {
                    Pkcs12Cipher::Rc4 => rc4(&key, data),
                    Pkcs12Cipher::Rc2 => unpad_rc2(&key, length * 8, &derived(Purpose::Iv, 8)?, data),
                    Pkcs12Cipher::Des if length == 16 => unpad::<des::TdesEde2>(&key, &derived(Purpose::Iv, 8)?, data),
                    Pkcs12Cipher::Des => unpad::<des::TdesEde3>(&key, &derived(Purpose::Iv, 8)?, data),
                }
            }
            Scheme::Pbes1(hash, cipher) => {
                let derived = kdf::pbkdf1(password.bytes(), salt, iterations, hash);
                let (key, iv) = derived.split_at_checked(8).ok_or_else(malformed)?;
                match cipher {
                    Pbes1Cipher::Des => unpad::<des::Des>(key, iv, data),
                    Pbes1Cipher::Rc2 => unpad_rc2(key, 64, iv, data),
                }
            }
        };
        plain.ok_or_else(|| wrong_password().into())
    }
}

/// A block cipher in CBC mode, padded as PKCS #7 says.
#[derive(Debug, Clone, Copy)]
enum Cipher {
    Des,
    DesEde3,
    Aes128,
    Aes192,
    Aes256,
    Camellia128,
    Camellia192,
    Camellia256,
    Aria128,
    Aria192,
    Aria256,
}

impl Cipher {
    fn of(oid: &[u8]) -> Option<Cipher> {
        match oid {
            DES_CBC => Some(Cipher::Des),
            DES_EDE3_CBC => Some(Cipher::DesEde3),
            AES_128_CBC => Some(Cipher::Aes128),
            AES_192_CBC => Some(Cipher::Aes192),
            AES_256_CBC => Some(Cipher::Aes256),
            CAMELLIA_128_CBC => Some(Cipher::Camellia128),
            CAMELLIA_192_CBC => Some(Cipher::Camellia192),
            CAMELLIA_256_CBC => Some(Cipher::Camellia256),
            ARIA_128_CBC => Some(Cipher::Aria128),
            ARIA_192_CBC => Some(Cipher::Aria192),
            ARIA_256_CBC => Some(Cipher::Aria256),
            _ => None,
        }
    }

    /// By the name that OpenSSL gives it in PEM.
    fn named(name: &str) -> Option<Cipher> {
        match name.to_ascii_uppercase().as_str() {
            "DES-CBC" => Some(Cipher::Des),
            "DES-EDE3-CBC" => Some(Cipher::DesEde3),
            "AES-128-CBC" => Some(Cipher::Aes128),
            "AES-192-CBC" => Some(Cipher::Aes192),
            "AES-256-CBC" => Some(Cipher::Aes256),
            "CAMELLIA-128-CBC" => Some(Cipher::Camellia128),
            "CAMELLIA-192-CBC" => Some(Cipher::Camellia192),
            "CAMELLIA-256-CBC" => Some(Cipher::Camellia256),
            "ARIA-128-CBC" => Some(Cipher::Aria128),
            "ARIA-192-CBC" => Some(Cipher::Aria192),
            "ARIA-256-CBC" => Some(Cipher::Aria256),
            _ => None,
        }
    }

    fn key_bytes(self) -> usize {
        match self {
            Cipher::Des => 8,
            Cipher::Aes128 | Cipher::Camellia128 | Cipher::Aria128 => 16,
            Cipher::DesEde3 | Cipher::Aes192 | Cipher::Camellia192 | Cipher::Aria192 => 24,
            Cipher::Aes256 | Cipher::Camellia256 | Cipher::Aria256 => 32,
        }
    }

    fn iv_bytes(self) -> usize {
        if matches!(self, Cipher::Des | Cipher::DesEde3) { 8 } else { 16 }
    }

    fn decrypt(self, key: &[u8], iv: &[u8], data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
        match self {
            Cipher::Des => unpad::<des::Des>(key, iv, data),
            Cipher::DesEde3 => unpad::<des::TdesEde3>(key, iv, data),
            Cipher::Aes128 => unpad::<aes::Aes128>(key, iv, data),
            Cipher::Aes192 => unpad::<aes::Aes192>(key, iv, data),
            Cipher::Aes256 => unpad::<aes::Aes256>(key, iv, data),
            Cipher::Camellia128 => unpad::<camellia::Camellia128>(key, iv, data),
            Cipher::Camellia192 => unpad::<camellia::Camellia192>(key, iv, data),
            Cipher::Camellia256 => unpad::<camellia::Camellia256>(key, iv, data),
            Cipher::Aria128 => unpad::<aria::Aria128>(key, iv, data),
            Cipher::Aria192 => unpad::<aria::Aria192>(key, iv, data),
            Cipher::Aria256 => unpad::<aria::Aria256>(key, iv, data),
        }
    }
}

fn unpad<C>(key: &[u8], iv: &[u8], data: &[u8]) -> Option<Zeroizing<Vec<u8>>>
where
    C: cbc::cipher::BlockCipherDecrypt + cbc::cipher::KeyInit,
    cbc::Decryptor<C>: KeyIvInit + cbc::cipher::BlockModeDecrypt,
{
    let cipher = <cbc::Decryptor<C> as KeyIvInit>::new_from_slices(key, iv).ok()?;
    cipher.decrypt_padded_vec::<Pkcs7>(data).ok().map(Zeroizing::new)
}

fn unpad_rc2(key: &[u8], bits: usize, iv: &[u8], data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let is_sound = (1..=128).contains(&key.len()) && (1..=1024).contains(&bits);
    let cipher = is_sound.then(|| rc2::Rc2::new_with_eff_key_len(key, bits))?;
    let cipher = cbc::Decryptor::inner_iv_slice_init(cipher, iv).ok()?;
    cipher.decrypt_padded_vec::<Pkcs7>(data).ok().map(Zeroizing::new)
}

/// RC4 has no padding: that a password is wrong shows in what comes out.
fn rc4(key: &[u8], data: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let mut plain = Zeroizing::new(data.to_vec());
    rc4::Rc4::new_from_slice(key).ok()?.apply_keystream(&mut plain);
    Some(plain)
}

/// What AES-GCM holds under a whole tag behind the data. `None`: another key, or damage.
fn open_gcm(key: &[u8], nonce: &[u8], tag: usize, data: &[u8]) -> Result<Option<Zeroizing<Vec<u8>>>> {
    let (Ok(nonce), 16) = (<[u8; 12]>::try_from(nonce), tag) else {
        return Err(KeyError::new(ErrorCode::KeyUnsupported).detail("AES-GCM with a short tag or an odd nonce").into());
    };
    fn open<A: aes_gcm::KeyInit + aes_gcm::aead::AeadInOut>(key: &[u8], nonce: &[u8], plain: &mut Vec<u8>) -> bool {
        let nonce = aes_gcm::aead::Nonce::<A>::try_from(nonce);
        let cipher = A::new_from_slice(key);
        matches!((cipher, nonce), (Ok(cipher), Ok(nonce)) if cipher.decrypt_in_place(&nonce, b"", plain).is_ok())
    }
    let mut plain = Zeroizing::new(data.to_vec());
    let is_open = match key.len() {
        16 => open::<aes_gcm::Aes128Gcm>(key, &nonce, &mut plain),
        24 => open::<aes_gcm::AesGcm<aes::Aes192, aes_gcm::aead::consts::U12>>(key, &nonce, &mut plain),
        _ => open::<aes_gcm::Aes256Gcm>(key, &nonce, &mut plain),
    };
    Ok(is_open.then_some(plain))
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

/// What is not known, by its object identifier.
fn unsupported(oid: &[u8]) -> KeyError {
    KeyError::new(ErrorCode::KeyUnsupported).detail(der::oid_text(oid))
}

fn wrong_password() -> KeyError {
    KeyError::new(ErrorCode::KeyPassword)
}

/// BouncyCastle writes 256, meaning bits.
const MAX_KEY_BYTES: usize = 1_024;
const PEM_SALT_BYTES: usize = 8;

/// `1.2.840.113549.1.5`
const PKCS5: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05";
/// `1.2.840.113549.1.12.1`
const PKCS12_SCHEMES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01";
const PBKDF2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0c";
const PBES2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
const SCRYPT: &[u8] = b"\x2b\x06\x01\x04\x01\xda\x47\x04\x0b";
const DES_CBC: &[u8] = b"\x2b\x0e\x03\x02\x07";
const RC2_CBC: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x03\x02";
const DES_EDE3_CBC: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x03\x07";
const AES_128_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x02";
const AES_192_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x16";
const AES_256_CBC: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x2a";
const AES_128_GCM: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x06";
const AES_192_GCM: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x1a";
const AES_256_GCM: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x01\x2e";
const CAMELLIA_128_CBC: &[u8] = b"\x2a\x83\x08\x8c\x9a\x4b\x3d\x01\x01\x01\x02";
const CAMELLIA_192_CBC: &[u8] = b"\x2a\x83\x08\x8c\x9a\x4b\x3d\x01\x01\x01\x03";
const CAMELLIA_256_CBC: &[u8] = b"\x2a\x83\x08\x8c\x9a\x4b\x3d\x01\x01\x01\x04";
const ARIA_128_CBC: &[u8] = b"\x2a\x83\x1a\x8c\x9a\x6e\x01\x01\x02";
const ARIA_192_CBC: &[u8] = b"\x2a\x83\x1a\x8c\x9a\x6e\x01\x01\x07";
const ARIA_256_CBC: &[u8] = b"\x2a\x83\x1a\x8c\x9a\x6e\x01\x01\x0c";
