//! A password, encrypted to the public key of a service.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use rsa::traits::PaddingScheme as _;

use crate::der;
use crate::error::{Error, ErrorCode, KeyError, Misuse, Result};
use crate::pki::{self, Certificate, KeyKind, PublicKey};
use crate::provider::Entropy;
use crate::secret::Secret;

/// How the password is padded.
// Complete: the services' texts name these two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PasswordPadding {
    /// RSAES-PKCS1-v1_5.
    #[default]
    Pkcs1,
    /// RSAES-OAEP with SHA-1 for label and MGF1.
    OaepSha1,
}

/// Encrypts `password` (its bytes as they are: UTF-8 for the services) to the RSA key in `key`, as base64.
///
/// `key` is a SubjectPublicKeyInfo or a certificate, in PEM or DER. Each call gives another result. Whether the
/// key is the service's is the caller's to know.
///
/// # Errors
/// [`Error::Key`]: `key.public-malformed` when there is no RSA key of 2,048 to 8,192 bits;
/// `key.password-too-long` when the password does not fit. What `entropy` says.
pub fn encrypt_password(
    key: &[u8],
    password: &Secret,
    padding: PasswordPadding,
    entropy: &dyn Entropy,
) -> Result<String> {
    let public = read_key(key).ok_or_else(|| KeyError::new(ErrorCode::PublicKeyMalformed))?;
    let overhead = match padding {
        PasswordPadding::Pkcs1 => 11,
        PasswordPadding::OaepSha1 => 42,
    };
    let fault = || KeyError::new(ErrorCode::PublicKeyMalformed);
    let (_, modulus, exponent) = public.rsa_parts().ok_or_else(fault)?;
    if password.expose().len() + overhead > modulus.len() {
        return Err(KeyError::new(ErrorCode::PasswordTooLong).into());
    }
    let public = pki::rsa_key(modulus, exponent).ok_or_else(fault)?;
    let mut random = Random { entropy, fault: None, left: RANDOM_BYTES_MAX };
    let encrypted = match padding {
        PasswordPadding::Pkcs1 => rsa::Pkcs1v15Encrypt.encrypt(&mut random, &public, password.expose()),
        PasswordPadding::OaepSha1 => rsa::Oaep::<sha1::Sha1>::new().encrypt(&mut random, &public, password.expose()),
    };
    match (encrypted, random.fault) {
        (_, Some(fault)) => Err(fault),
        (Ok(encrypted), None) => Ok(STANDARD.encode(encrypted)),
        (Err(_), None) => Err(KeyError::new(ErrorCode::KeyFailed).into()),
    }
}

/// The public key of LVRTC's production service, as its documentation printed it.
pub const LVRTC_PRODUCTION_KEY: &str = "-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAwtU0hglHMxwBTNQqymiv
unJJGUprC7e3cHsDEKuXB32WwgZtPvFojbWIEDApOpZYL8f9JIPkzyeQnTiLnMf+
T86UiGAzRYTBd8tqaKINIXFHv+OqVvOTcBIm8UCc7vWChMdw7nm9A/LfHtPrtmPf
d8qZqHaP73wqcPMeGRe930DnjRYgzp/y3fuuaZjIJOGU7cICO1wietMXEVfmqkF2
FBhyfj16CMeOuAKCYA9VGGIEwJBuJmS2eqUc7t8/IHohdb61D1U9UVwRaNDB6R9r
UL2BW2S1LgoNEaKZMwckdd9NhO1R8Psvicx5R/liRZBIVTMAWKW3JDre8vaVMc5C
wwIDAQAB
-----END PUBLIC KEY-----
";

/// SHA-256 of that key's DER.
pub const LVRTC_PRODUCTION_KEY_SHA256: &str = "b68606d8cc0bcc2362793981172a81dfaffb0ff159b9cd770c777ed57425ce48";

/// The day from which that key is in use.
pub const LVRTC_PRODUCTION_KEY_VALID_FROM: &str = "2024-01-05";

/// The caller's random bytes as the library wants them; it drops the reason of a fault, so that is kept here.
struct Random<'a> {
    entropy: &'a dyn Entropy,
    fault: Option<Error>,
    /// Bytes that may still be drawn: the library draws again and again where zeros come.
    left: usize,
}

impl Random<'_> {
    fn array<const N: usize>(&mut self) -> Result<[u8; N]> {
        let mut bytes = [0; N];
        rand_core::TryRng::try_fill_bytes(self, &mut bytes)?;
        Ok(bytes)
    }
}

impl rand_core::TryRng for Random<'_> {
    type Error = Error;

    fn try_next_u32(&mut self) -> Result<u32> {
        self.array().map(u32::from_ne_bytes)
    }

    fn try_next_u64(&mut self) -> Result<u64> {
        self.array().map(u64::from_ne_bytes)
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<()> {
        let drawn = match self.left.checked_sub(buffer.len()) {
            Some(left) => {
                self.left = left;
                self.entropy.fill(buffer)
            }
            None => Err(Misuse::new("the source of random bytes gives zeros").into()),
        };
        drawn.inspect_err(|fault| self.fault = Some(fault.clone()))
    }
}

impl rand_core::TryCryptoRng for Random<'_> {}

fn read_key(bytes: &[u8]) -> Option<PublicKey> {
    let code = ErrorCode::PublicKeyMalformed;
    let ders: Vec<Vec<u8>> = if bytes.first() == Some(&der::SEQUENCE) {
        vec![bytes.to_vec()]
    } else {
        pki::blocks(bytes)?.into_iter().map(|block| block.bytes.to_vec()).collect()
    };
    let [der] = ders.as_slice() else { return None };
    let key = match Certificate::from_der(der) {
        Ok(certificate) => certificate.key().clone(),
        Err(_) => PublicKey::from_spki(der, code).ok()?,
    };
    matches!(key.kind(), KeyKind::Rsa { .. }).then_some(())?;
    key.check_strength().is_ok().then_some(key)
}

const RANDOM_BYTES_MAX: usize = 65_536;

#[cfg(test)]
mod tests;
