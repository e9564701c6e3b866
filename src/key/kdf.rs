//! Keys from passwords: PBKDF2 (RFC 8018) and the derivation of PKCS #12 (RFC 7292, appendix B).

use zeroize::Zeroizing;

use crate::digest::DigestAlgorithm;
use crate::error::{ErrorCode, KeyError, Limit, Result};
use crate::limits::Limits;
use crate::secret::Secret;

/// How many iterations a file may still ask for.
pub(super) struct Budget {
    each: u64,
    sum: u64,
    used: u64,
}

impl Budget {
    /// What `limits` allow one file.
    pub(super) fn new(limits: &Limits) -> Self {
        Budget { each: limits.kdf_iterations, sum: limits.kdf_iterations_sum, used: 0 }
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
}

/// A password in the two forms that PKCS #12 files use.
pub(super) struct Password {
    /// UTF-16 in big-endian order with a zero at the end, for the derivation of PKCS #12.
    wide: Zeroizing<Vec<u8>>,
    /// As it was typed, for PBKDF2.
    bytes: Zeroizing<Vec<u8>>,
}

impl Password {
    /// The forms that are worth trying: an empty password is written as nothing by some, as a zero by others.
    pub(super) fn forms(secret: &Secret) -> Vec<Password> {
        let bytes = secret.expose();
        // What is no UTF-8 was typed in some one-byte encoding; Latin-1 is the likeliest.
        let text = Zeroizing::new(match std::str::from_utf8(bytes) {
            Ok(text) => text.to_owned(),
            Err(_) => bytes.iter().copied().map(char::from).collect(),
        });
        let mut wide = Zeroizing::new(Vec::with_capacity(bytes.len() * 2 + 2));
        wide.extend(text.encode_utf16().flat_map(u16::to_be_bytes));
        wide.extend([0, 0]);
        let with = |wide| Password { wide, bytes: Zeroizing::new(bytes.to_vec()) };
        if bytes.is_empty() { vec![with(wide), with(Zeroizing::default())] } else { vec![with(wide)] }
    }

    /// The password as bytes, for PBKDF2.
    pub(super) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
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
    digest: DigestAlgorithm,
    purpose: Purpose,
    length: usize,
) -> Zeroizing<Vec<u8>> {
    let block = match digest {
        DigestAlgorithm::Sha1ForLegacyValidation | DigestAlgorithm::Sha256 => 64,
        DigestAlgorithm::Sha384 | DigestAlgorithm::Sha512 => 128,
    };
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
    let mut out = Zeroizing::new(Vec::with_capacity(length + digest.len_bytes()));
    while out.len() < length {
        let mut hash = digest.digest(&Zeroizing::new([&vec![id; block][..], &input].concat()));
        for _ in 1..iterations {
            hash = digest.digest(hash.as_bytes());
        }
        out.extend_from_slice(hash.as_bytes());
        let addend: Zeroizing<Vec<u8>> = Zeroizing::new(hash.as_bytes().iter().copied().cycle().take(block).collect());
        for chunk in input.chunks_exact_mut(block) {
            add_one_more(chunk, &addend);
        }
    }
    out.truncate(length);
    out
}

/// `length` bytes by PBKDF2.
pub(super) fn pbkdf2(
    password: &[u8],
    salt: &[u8],
    iterations: u32,
    digest: DigestAlgorithm,
    length: usize,
) -> Result<Zeroizing<Vec<u8>>> {
    let mut out = Zeroizing::new(vec![0; length]);
    let derived = match digest {
        DigestAlgorithm::Sha256 => pbkdf2::pbkdf2::<hmac::Hmac<sha2::Sha256>>(password, salt, iterations, &mut out),
        DigestAlgorithm::Sha384 => pbkdf2::pbkdf2::<hmac::Hmac<sha2::Sha384>>(password, salt, iterations, &mut out),
        DigestAlgorithm::Sha512 => pbkdf2::pbkdf2::<hmac::Hmac<sha2::Sha512>>(password, salt, iterations, &mut out),
        DigestAlgorithm::Sha1ForLegacyValidation => {
            pbkdf2::pbkdf2::<hmac::Hmac<sha1::Sha1>>(password, salt, iterations, &mut out)
        }
    };
    derived.map_err(|_| KeyError::new(ErrorCode::KeyUnsupported))?;
    Ok(out)
}

/// Whether `mac` is the HMAC of `message` under `key`.
pub(super) fn is_hmac(digest: DigestAlgorithm, key: &[u8], message: &[u8], mac: &[u8]) -> bool {
    fn verify<M: hmac::Mac + hmac::KeyInit>(key: &[u8], message: &[u8], mac: &[u8]) -> bool {
        <M as hmac::KeyInit>::new_from_slice(key)
            .is_ok_and(|state| state.chain_update(message).verify_slice(mac).is_ok())
    }
    match digest {
        DigestAlgorithm::Sha256 => verify::<hmac::Hmac<sha2::Sha256>>(key, message, mac),
        DigestAlgorithm::Sha384 => verify::<hmac::Hmac<sha2::Sha384>>(key, message, mac),
        DigestAlgorithm::Sha512 => verify::<hmac::Hmac<sha2::Sha512>>(key, message, mac),
        DigestAlgorithm::Sha1ForLegacyValidation => verify::<hmac::Hmac<sha1::Sha1>>(key, message, mac),
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_derivation_of_pkcs12_is_that_of_other_libraries() {
        // `openssl kdf PKCS12KDF` of OpenSSL 3: password `smeg`, and a salt, from its own test data.
        let password = Password::forms(&Secret::from("smeg".to_owned())).remove(0);
        let salt = [0x0a, 0x58, 0xcf, 0x64, 0x53, 0x0d, 0x82, 0x3f];
        let sha1 = DigestAlgorithm::Sha1ForLegacyValidation;
        let key = pkcs12(&password, &salt, 1, sha1, Purpose::Key, 24);
        assert_eq!(crate::digest::to_hex(&key), "8aaae6297b6cb04642ab5b077851284eb7128f1a2a7fbca3");
        let iv = pkcs12(&password, &salt, 1, sha1, Purpose::Iv, 8);
        assert_eq!(crate::digest::to_hex(&iv), "79993dfe048d3b76");
    }

    #[test]
    fn passwords_beyond_the_basic_plane_take_two_units() {
        let forms = Password::forms(&Secret::from("ā🔑".to_owned()));
        assert_eq!(forms.len(), 1);
        assert_eq!(forms[0].wide.as_slice(), [0x01, 0x01, 0xd8, 0x3d, 0xdd, 0x11, 0, 0]);
        let empty: Vec<_> = Password::forms(&Secret::new(Vec::new())).iter().map(|form| form.wide.to_vec()).collect();
        assert_eq!(empty, [vec![0, 0], Vec::new()]);
    }

    #[test]
    fn iterations_are_counted_before_anything_is_derived() {
        let mut budget = Budget { each: 10, sum: 15, used: 0 };
        budget.take(10).unwrap();
        assert!(budget.take(11).is_err() && budget.take(6).is_err());
    }
}
