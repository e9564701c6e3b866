//! The house's own service key: it opens what callers encrypt to it, the password of the key they send along.
//!
//! In: the key's file, and the password as base64. Out: the password, or one that nobody can guess. Decided here: that
//! a fault of the padding is no fault to be seen, so that nobody can use this key to find out what others encrypted.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::{Digest as _, Sha256};
use zeroize::Zeroizing;

use super::PasswordPadding;
use crate::error::{ErrorCode, KeyError, Result};
use crate::key::{DecryptingKey, LocalKey};
use crate::limits::Limits;
use crate::pki::Certificate;
use crate::secret::Secret;

/// An RSA key to which the callers of this house encrypt their passwords, as they would to that of LVRTC.
pub struct ServiceKey {
    key: DecryptingKey,
    /// What the passwords are derived from that stand for those that can't be decrypted.
    seed: Zeroizing<[u8; 32]>,
    only: Option<PasswordPadding>,
}

impl ServiceKey {
    /// Opens the RSA key in a PFX, PEM or PKCS#8 file. `alias` chooses one of several in a PFX.
    ///
    /// # Errors
    /// As [`LocalKey::open`], but that no certificate is looked for: `key.password`, `key.several` and so on;
    /// `key.unsupported` when it is no RSA key, `key.risk` in a build without the feature `aws-lc`.
    pub fn open(bytes: &[u8], password: Option<&Secret>, alias: Option<&str>, limits: &Limits) -> Result<ServiceKey> {
        let (key, seed) = DecryptingKey::open(bytes, password, alias, limits, |private| {
            Zeroizing::new(
                Sha256::new().chain_update(b"eseal: in place of a password").chain_update(private).finalize().into(),
            )
        })?;
        Ok(ServiceKey { key, seed, only: None })
    }

    /// Takes this padding alone. Without it both are taken, as the texts of the service name both.
    #[must_use]
    pub fn only(mut self, padding: PasswordPadding) -> Self {
        self.only = Some(padding);
        self
    }

    /// The public half, to give to the callers: SubjectPublicKeyInfo in PEM.
    #[must_use]
    pub fn public_pem(&self) -> String {
        let base64 = STANDARD.encode(self.key.spki_der());
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        let mut rest = base64.as_str();
        while let Some((line, after)) = rest.split_at_checked(64) {
            pem.extend([line, "\n"]);
            rest = after;
        }
        if !rest.is_empty() {
            pem.extend([rest, "\n"]);
        }
        pem.push_str("-----END PUBLIC KEY-----\n");
        pem
    }

    /// The password in what a caller sent: base64, line breaks allowed.
    ///
    /// It never fails. What can't be decrypted, for whatever reason, gives 32 bytes that nobody can guess who has not
    /// the private key, the same ones each time (RFC 5246, 7.4.7.1, has the idea): the wrong password is then
    /// noticed by whoever tries it, as any wrong one is. [`ServiceKey::open_key`] does both. So does an empty one: files
    /// write it in two ways, and trying both would tell by the time it takes that it was decrypted.
    #[must_use]
    pub fn decrypt_password(&self, encrypted: &str) -> Secret {
        let text: String = encrypted.split_ascii_whitespace().collect();
        let encrypted = STANDARD.decode(text).unwrap_or_default();
        let substitute = self.substitute(&encrypted);
        // Each step is done in any case, so that the time does not tell which of them gave something.
        let oaep = self.key.oaep_sha1(&encrypted);
        let pkcs1 = self.key.pkcs1(&encrypted);
        let password = match self.only {
            Some(PasswordPadding::OaepSha1) => oaep,
            Some(PasswordPadding::Pkcs1) => pkcs1,
            // What is padded by PKCS#1 never passes for OAEP, whose padding has a hash in it.
            None => oaep.or(pkcs1),
        };
        password.filter(|password| !password.expose().is_empty()).unwrap_or(substitute)
    }

    /// Opens a caller's key file with the password that came with it.
    ///
    /// # Errors
    /// `key.encrypted-password` when the password is wrong, damaged, encrypted to another key or with another
    /// padding: these can't be told apart. Else as [`LocalKey::open`].
    pub fn open_key(
        &self,
        file: &[u8],
        encrypted_password: &str,
        certificates: &[Certificate],
        limits: &Limits,
    ) -> Result<LocalKey> {
        let password = self.decrypt_password(encrypted_password);
        LocalKey::open(file, Some(&password), None, certificates, limits).map_err(|error| match error.code() {
            ErrorCode::KeyPassword => KeyError::new(ErrorCode::KeyEncryptedPassword).into(),
            _ => error,
        })
    }

    fn substitute(&self, encrypted: &[u8]) -> Secret {
        let mac = Hmac::<Sha256>::new_from_slice(self.seed.as_slice()).map(|mac| mac.chain_update(encrypted));
        // HMAC takes keys of any length.
        Secret::new(mac.map_or_else(|_| self.seed.to_vec(), |mac| mac.finalize().into_bytes().to_vec()))
    }
}

impl fmt::Debug for ServiceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServiceKey").finish_non_exhaustive()
    }
}

#[cfg(test)]
#[cfg(feature = "aws-lc")]
mod tests;
