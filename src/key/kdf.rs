//! Keys from passwords: PBKDF1, PBKDF2 (RFC 8018), scrypt (RFC 7914), the derivation of PKCS #12 (RFC 7292,
//! appendix B), and OpenSSL's own of old PEM files.

use zeroize::Zeroizing;

use crate::error::{ErrorCode, KeyError, Limit, Result};
use crate::limits::Limits;
use crate::secret::Secret;

/// A hash that key files are derived and checked with; none of them is for signing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hash {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha512Cut224,
    Sha512Cut256,
}

/// Calls a generic function with the type that computes a hash.
macro_rules! with_hash {
    ($hash:expr, $function:ident($($argument:expr),*)) => {
        match $hash {
            Hash::Md5 => $function::<md5::Md5>($($argument),*),
            Hash::Sha1 => $function::<sha1::Sha1>($($argument),*),
            Hash::Sha224 => $function::<sha2::Sha224>($($argument),*),
            Hash::Sha256 => $function::<sha2::Sha256>($($argument),*),
            Hash::Sha384 => $function::<sha2::Sha384>($($argument),*),
            Hash::Sha512 => $function::<sha2::Sha512>($($argument),*),
            Hash::Sha512Cut224 => $function::<sha2::Sha512_224>($($argument),*),
            Hash::Sha512Cut256 => $function::<sha2::Sha512_256>($($argument),*),
        }
    };
}

impl Hash {
    /// The hash of an object identifier.
    pub(super) fn of(oid: &[u8]) -> Option<Hash> {
        let nist = |last| match last {
            1 => Some(Hash::Sha256),
            2 => Some(Hash::Sha384),
            3 => Some(Hash::Sha512),
            4 => Some(Hash::Sha224),
            5 => Some(Hash::Sha512Cut224),
            6 => Some(Hash::Sha512Cut256),
            _ => None,
        };
        match oid {
            MD5 => Some(Hash::Md5),
            SHA1 => Some(Hash::Sha1),
            [start @ .., last] if start == NIST_HASHES => nist(*last),
            _ => None,
        }
    }

    /// The hash under the HMAC of an object identifier.
    pub(super) fn of_hmac(oid: &[u8]) -> Option<Hash> {
        let [start @ .., last] = oid else { return None };
        match last {
            6 if start == RSA_HASHES => Some(Hash::Md5),
            7 if start == RSA_HASHES => Some(Hash::Sha1),
            8 if start == RSA_HASHES => Some(Hash::Sha224),
            9 if start == RSA_HASHES => Some(Hash::Sha256),
            10 if start == RSA_HASHES => Some(Hash::Sha384),
            11 if start == RSA_HASHES => Some(Hash::Sha512),
            12 if start == RSA_HASHES => Some(Hash::Sha512Cut224),
            13 if start == RSA_HASHES => Some(Hash::Sha512Cut256),
            _ => None,
        }
    }

    /// Bytes of its value.
    pub(super) fn len_bytes(self) -> usize {
        match self {
            Hash::Md5 => 16,
            Hash::Sha1 => 20,
            Hash::Sha224 | Hash::Sha512Cut224 => 28,
            Hash::Sha256 | Hash::Sha512Cut256 => 32,
            Hash::Sha384 => 48,
            Hash::Sha512 => 64,
        }
    }

    /// Bytes of a block that it takes in at once.
    fn block_bytes(self) -> usize {
        match self {
            Hash::Md5 | Hash::Sha1 | Hash::Sha224 | Hash::Sha256 => 64,
            Hash::Sha384 | Hash::Sha512 | Hash::Sha512Cut224 | Hash::Sha512Cut256 => 128,
        }
    }

    /// The hash of `parts`, hashed again until it was hashed `times` times.
    fn value(self, parts: &[&[u8]], times: u32) -> Zeroizing<Vec<u8>> {
        fn value<H: hmac::digest::Digest>(parts: &[&[u8]], times: u32) -> Zeroizing<Vec<u8>> {
            let mut state = H::new();
            parts.iter().for_each(|part| state.update(part));
            let mut value = state.finalize();
            for _ in 1..times {
                value = H::digest(&value);
            }
            Zeroizing::new(value.to_vec())
        }
        with_hash!(self, value(parts, times))
    }
}

/// How many iterations a file may still ask for.
pub(super) struct Budget {
    each: u64,
    sum: u64,
    used: u64,
    scrypt_bytes: u64,
    scrypt_sum: u64,
    scrypt_used: u64,
}

impl Budget {
    /// What `limits` allow one file.
    pub(super) fn new(limits: &Limits) -> Self {
        Budget {
            each: limits.kdf_iterations,
            sum: limits.kdf_iterations_sum,
            used: 0,
            scrypt_bytes: limits.scrypt_bytes,
            scrypt_sum: limits.scrypt_bytes_sum,
            scrypt_used: 0,
        }
    }

    /// Takes `iterations`, before anything is derived.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`](crate::Error::LimitExceeded)
    pub(super) fn take(&mut self, iterations: u32) -> Result<()> {
        let asked = u64::from(iterations);
        if asked > self.each {
            return Err(Limit::new("kdf_iterations", self.each, asked).into());
        }
        self.used = self.used.saturating_add(asked);
        if self.used > self.sum {
            return Err(Limit::new("kdf_iterations_sum", self.sum, self.used).into());
        }
        Ok(())
    }

    /// Takes the memory of one scrypt, and the time that it takes to go through it, before anything is derived.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`](crate::Error::LimitExceeded)
    fn take_scrypt(&mut self, cost: u32, block: u32, lanes: u32) -> Result<()> {
        let bytes = |factor: u32| u64::from(block).saturating_mul(128).saturating_mul(u64::from(factor));
        let (memory, beside) = (bytes(cost), bytes(lanes));
        let held = memory.saturating_add(beside);
        if held > self.scrypt_bytes {
            return Err(Limit::new("scrypt_bytes", self.scrypt_bytes, held).into());
        }
        self.scrypt_used = self.scrypt_used.saturating_add(memory.saturating_mul(u64::from(lanes)));
        if self.scrypt_used > self.scrypt_sum {
            return Err(Limit::new("scrypt_bytes_sum", self.scrypt_sum, self.scrypt_used).into());
        }
        Ok(())
    }
}

/// A password in the two forms that PKCS #12 files use.
#[derive(PartialEq, Eq)]
pub(super) struct Password {
    /// UTF-16 in big-endian order with a zero at the end, for the derivation of PKCS #12.
    wide: Zeroizing<Vec<u8>>,
    /// As it was typed, for the derivations that take bytes.
    bytes: Zeroizing<Vec<u8>>,
}

impl Password {
    /// The forms that are worth trying, the likeliest first.
    ///
    /// An empty password is written as nothing by some, as a zero by others. One beyond ASCII is UTF-16 and UTF-8 by
    /// the standards; OpenSSL before 1.1 widened each byte by itself, NSS once gave the wide form to PBKDF2, and
    /// others gave it Latin-1.
    pub(super) fn forms(secret: &Secret) -> Vec<Password> {
        let bytes = secret.expose();
        // What is no UTF-8 was typed in some one-byte encoding; Latin-1 is the likeliest.
        let latin = || Zeroizing::new(bytes.iter().copied().map(char::from).collect::<String>());
        let text = str::from_utf8(bytes).map_or_else(|_| latin(), |text| Zeroizing::new(text.to_owned()));
        let form = |wide: &str, bytes: &[u8]| Password { wide: wide_of(wide), bytes: Zeroizing::new(bytes.to_vec()) };
        let mut forms = vec![form(&text, bytes)];
        if bytes.is_empty() {
            forms.push(Password { wide: Zeroizing::default(), bytes: Zeroizing::default() });
        }
        if !bytes.is_ascii() {
            forms.push(form(&latin(), bytes));
            forms.push(form(&text, text.as_bytes()));
            forms.push(form(&text, &wide_of(&text)));
            let narrow = text.chars().map(|c| u8::try_from(u32::from(c)).ok()).collect::<Option<Vec<u8>>>();
            forms.extend(narrow.map(Zeroizing::new).map(|narrow| form(&text, &narrow)));
        }
        let mut found: Vec<Password> = Vec::with_capacity(forms.len());
        for form in forms {
            if !found.contains(&form) {
                found.push(form);
            }
        }
        found
    }

    /// The password as bytes, for PBKDF2 and scrypt.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Whether the derivation of PKCS #12 sees the same in both.
    pub(super) fn is_as_wide(&self, other: &Password) -> bool {
        self.wide == other.wide
    }
}

fn wide_of(text: &str) -> Zeroizing<Vec<u8>> {
    let mut wide = Zeroizing::new(Vec::with_capacity(text.len() * 2 + 2));
    wide.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
    wide.extend([0, 0]);
    wide
}

/// What a derived value of PKCS #12 is for.
#[derive(Debug, Clone, Copy)]
pub(super) enum Purpose {
    Key = 1,
    Iv = 2,
    Mac = 3,
}

/// `length` bytes by the derivation of PKCS #12.
pub(super) fn pkcs12(
    password: &Password,
    salt: &[u8],
    iterations: u32,
    hash: Hash,
    purpose: Purpose,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let block = hash.block_bytes();
    let id = match purpose {
        Purpose::Key => 1,
        Purpose::Iv => 2,
        Purpose::Mac => 3,
    };
    let fill = |bytes: &[u8]| -> Zeroizing<Vec<u8>> {
        let whole = bytes.len().div_ceil(block) * block;
        Zeroizing::new(bytes.iter().copied().cycle().take(whole).collect())
    };
    let mut input = Zeroizing::new([fill(salt).as_slice(), &fill(&password.wide)].concat());
    let mut out = Zeroizing::new(Vec::with_capacity(length + hash.len_bytes()));
    while out.len() < length {
        let value = hash.value(&[&vec![id; block], &input], iterations);
        out.extend_from_slice(&value);
        let addend: Zeroizing<Vec<u8>> = Zeroizing::new(value.iter().copied().cycle().take(block).collect());
        for chunk in input.chunks_exact_mut(block) {
            add_one_more(chunk, &addend);
        }
    }
    out.truncate(length);
    out
}

/// Sixteen bytes by PBKDF1: a key and an initialization vector of eight each.
pub(super) fn pbkdf1(password: &[u8], salt: &[u8], iterations: u32, hash: Hash) -> Zeroizing<Vec<u8>> {
    let mut value = hash.value(&[password, salt], iterations);
    value.truncate(16);
    value
}

/// `length` bytes as OpenSSL derives them for PEM: MD5 of the last value, the password and the salt, once.
pub(super) fn openssl_pem(password: &[u8], salt: &[u8], length: usize) -> Zeroizing<Vec<u8>> {
    let mut out = Zeroizing::new(Vec::with_capacity(length + Hash::Md5.len_bytes()));
    let mut value: Zeroizing<Vec<u8>> = Zeroizing::default();
    while out.len() < length {
        value = Hash::Md5.value(&[&value, password, salt], 1);
        out.extend_from_slice(&value);
    }
    out.truncate(length);
    out
}

/// `length` bytes by PBKDF2.
pub(super) fn pbkdf2(
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    hash: Hash,
    length: usize,
) -> Result<Zeroizing<Vec<u8>>> {
    fn derive<H>(password: &[u8], salt: &[u8], iterations: u32, out: &mut [u8]) -> bool
    where
        H: hmac::EagerHash<Core: Sync>,
    {
        pbkdf2::pbkdf2::<hmac::Hmac<H>>(password, salt, iterations, out).is_ok()
    }
    let mut out = Zeroizing::new(vec![0; length]);
    let is_derived = with_hash!(hash, derive(password, salt, iterations, &mut out));
    if is_derived { Ok(out) } else { Err(KeyError::new(ErrorCode::KeyUnsupported).into()) }
}

/// What scrypt is asked for.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scrypt {
    /// N, a power of two.
    pub(super) cost: u32,
    /// r
    pub(super) block: u32,
    /// p
    pub(super) lanes: u32,
}

/// `length` bytes by scrypt.
pub(super) fn scrypt(
    password: &[u8],
    salt: &[u8],
    asked: Scrypt,
    length: usize,
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>> {
    let malformed = || KeyError::new(ErrorCode::KeyMalformed);
    if asked.cost < 2 || !asked.cost.is_power_of_two() {
        return Err(malformed().into());
    }
    budget.take_scrypt(asked.cost, asked.block, asked.lanes)?;
    let log = u8::try_from(asked.cost.ilog2()).map_err(|_| malformed())?;
    let parameters = scrypt::Params::new(log, asked.block, asked.lanes).map_err(|_| malformed())?;
    let mut out = Zeroizing::new(vec![0; length]);
    scrypt::scrypt(password, salt, &parameters, &mut out).map_err(|_| malformed())?;
    Ok(out)
}

/// Whether `mac` is the HMAC of `message` under `key`.
pub(super) fn is_hmac(hash: Hash, key: &[u8], message: &[u8], mac: &[u8]) -> bool {
    fn verify<H: hmac::EagerHash>(key: &[u8], message: &[u8], mac: &[u8]) -> bool {
        use hmac::{KeyInit as _, Mac as _};
        hmac::Hmac::<H>::new_from_slice(key).is_ok_and(|state| state.chain_update(message).verify_slice(mac).is_ok())
    }
    with_hash!(hash, verify(key, message, mac))
}

/// `number += addend + 1`, big-endian, modulo its width.
fn add_one_more(number: &mut [u8], addend: &[u8]) {
    let mut carry = 1_u16;
    for (digit, add) in number.iter_mut().rev().zip(addend.iter().rev()) {
        let [high, low] = (u16::from(*digit) + u16::from(*add) + carry).to_be_bytes();
        *digit = low;
        carry = u16::from(high);
    }
}

const MD5: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02\x05";
const SHA1: &[u8] = b"\x2b\x0e\x03\x02\x1a";
/// `2.16.840.1.101.3.4.2`, under which NIST numbers its hashes.
const NIST_HASHES: &[u8] = b"\x60\x86\x48\x01\x65\x03\x04\x02";
/// `1.2.840.113549.2`, under which RSA numbered hashes and HMACs.
const RSA_HASHES: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x02";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_derivation_of_pkcs12_is_that_of_other_libraries() {
        // `openssl kdf PKCS12KDF` of OpenSSL 3: password `smeg`, and a salt, from its own test data.
        let password = Password::forms(&Secret::from("smeg".to_owned())).remove(0);
        let salt = [0x0a, 0x58, 0xcf, 0x64, 0x53, 0x0d, 0x82, 0x3f];
        let sha1 = Hash::Sha1;
        let key = pkcs12(&password, &salt, 1, sha1, Purpose::Key, 24);
        assert_eq!(crate::digest::to_hex(&key), "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3");
        let iv = pkcs12(&password, &salt, 1, sha1, Purpose::Iv, 8);
        assert_eq!(crate::digest::to_hex(&iv), "79993dfe048d3b76");
    }

    #[test]
    fn passwords_beyond_the_basic_plane_take_two_units() {
        let forms = Password::forms(&Secret::from("ā🔑".to_owned()));
        assert_eq!(forms[0].wide.as_slice(), [0x01, 0x01, 0xd8, 0x3d, 0xdd, 0x11, 0, 0]);
        let empty: Vec<_> = Password::forms(&Secret::new(Vec::new())).iter().map(|form| form.wide.to_vec()).collect();
        assert_eq!(empty, [vec![0, 0], Vec::new()]);
    }

    #[test]
    fn a_password_beyond_ascii_is_tried_as_others_wrote_it() {
        let seen = |bytes: &[u8]| -> Vec<(Vec<u8>, Vec<u8>)> {
            let forms = Password::forms(&Secret::new(bytes.to_vec()));
            forms.iter().map(|form| (form.wide.to_vec(), form.bytes.to_vec())).collect()
        };
        let pair = |wide: &[u8], bytes: &[u8]| (wide.to_vec(), bytes.to_vec());
        assert_eq!(seen(b"a"), [pair(&[0, 97, 0, 0], b"a")]);
        let wide = [0, 0xe9, 0, 0];
        let openssl = [0, 0xc3, 0, 0xa9, 0, 0];
        assert_eq!(
            seen("é".as_bytes()),
            [pair(&wide, &[0xc3, 0xa9]), pair(&openssl, &[0xc3, 0xa9]), pair(&wide, &wide), pair(&wide, &[0xe9])]
        );
        // Typed in Latin-1, the file made from UTF-8.
        assert_eq!(seen(&[0xe9]), [pair(&wide, &[0xe9]), pair(&wide, &[0xc3, 0xa9]), pair(&wide, &wide)]);
        assert_eq!(seen("ā".as_bytes()).len(), 3, "not in Latin-1");
    }

    #[test]
    fn costs_are_counted_before_anything_is_derived() {
        let limits = Limits {
            kdf_iterations: 10,
            kdf_iterations_sum: 15,
            scrypt_bytes: 1 << 20,
            scrypt_bytes_sum: 3 << 20,
            ..Limits::default()
        };
        let mut budget = Budget::new(&limits);
        budget.take(10).unwrap();
        assert!(budget.take(11).is_err() && budget.take(6).is_err());
        let mut take = |cost, block, lanes| budget.take_scrypt(cost, block, lanes).is_ok();
        assert!(take(1 << 9, 8, 2), "1 MiB in all");
        assert!(!take(1 << 10, 8, 1), "1 MiB and a bit");
        assert!(take(1 << 9, 8, 1) && take(1 << 9, 8, 3));
        assert!(!take(1 << 9, 8, 1), "too much time in all");
        assert!(!take(u32::MAX, u32::MAX, u32::MAX));
    }

    #[test]
    fn scrypt_is_that_of_rfc_7914() {
        let mut budget = Budget::new(&Limits::default());
        let asked = Scrypt { cost: 16, block: 1, lanes: 1 };
        let out = scrypt(b"", b"", asked, 64, &mut budget).unwrap();
        assert!(
            crate::digest::to_hex(&out).starts_with("77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442")
        );
        for cost in [0, 1, 3, 15] {
            let asked = Scrypt { cost, ..asked };
            assert!(scrypt(b"", b"", asked, 64, &mut budget).is_err(), "{cost}");
        }
    }
}
