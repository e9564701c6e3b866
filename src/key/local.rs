//! A key in this process, with its certificate.

use std::fmt;

use super::file::KeyFile;
use super::own::Own;
use super::private::PrivateKey;
use crate::error::{ErrorCode, KeyError, Result};
use crate::limits::Limits;
use crate::pki::Certificate;
use crate::provider::Signer;
use crate::secret::Secret;
use crate::signature::{SignatureAlgorithm, SignatureValue, ToBeSigned};
use crate::time::Time;

/// A private key from a file, ready to sign, with its certificate and issuers.
pub struct LocalKey {
    chain: Vec<Certificate>,
    own: Own,
    key: Backend,
    warnings: Vec<&'static str>,
}

enum Backend {
    #[cfg(feature = "aws-lc")]
    Aws(super::sign_aws::AwsKey),
    #[cfg(not(feature = "aws-lc"))]
    Pure(super::sign_pure::PureKey),
}

impl LocalKey {
    /// Opens a PFX, PEM or PKCS#8 file.
    ///
    /// `alias` chooses one of several keys by its friendly name or its localKeyId in hexadecimal digits. When the
    /// first of `certificates` is the key's, it is taken; else, of all that are the key's there and in the file, the one
    /// that began last: [`LocalKey::valid_at`] knows the time. Issuers are taken from both. Which password forms a
    /// PFX uses (UTF-16, UTF-8 or Latin-1, nothing or a zero for an empty one) is found out.
    ///
    /// # Errors
    /// [`Error::Key`](crate::Error::Key): `key.password` for a wrong password and for damage, which can't be told
    /// apart; `key.several` names the keys; `key.certificate` when no certificate has the key's public half;
    /// `key.risk` for RSA in a build without the feature `aws-lc`, see
    /// [`LocalKey::dangerous_allow_unhardened_rsa`]. [`Error::Certificate`](crate::Error::Certificate) when the key
    /// is too weak to sign with. [`Error::LimitExceeded`](crate::Error::LimitExceeded) before
    /// a key derivation that would take too long.
    pub fn open(
        bytes: &[u8],
        password: Option<&Secret>,
        alias: Option<&str>,
        certificates: &[Certificate],
        limits: &Limits,
    ) -> Result<LocalKey> {
        let file = KeyFile::open(bytes, password, alias, limits)?;
        LocalKey::assemble(file, certificates, Rsa::Hardened)
    }

    /// As [`LocalKey::open`], but RSA is also signed with where there is no implementation that is hardened
    /// against timing attacks (RUSTSEC-2023-0071): only for machines where nobody can measure.
    ///
    /// # Errors
    /// As [`LocalKey::open`], without `key.risk`.
    pub fn dangerous_allow_unhardened_rsa(
        bytes: &[u8],
        password: Option<&Secret>,
        alias: Option<&str>,
        certificates: &[Certificate],
        limits: &Limits,
    ) -> Result<LocalKey> {
        let file = KeyFile::open(bytes, password, alias, limits)?;
        LocalKey::assemble(file, certificates, Rsa::Unhardened)
    }

    /// The same key with the certificate that [`Certificate::choose`] finds for `now` among several of its own.
    #[must_use]
    pub fn valid_at(self, now: Time) -> LocalKey {
        LocalKey { chain: self.own.chain(Some(now)), ..self }
    }

    /// The key's certificate.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        self.chain.first()
    }

    /// All certificates of the key, of which [`LocalKey::certificate`] is the one to use.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        self.own.of_key()
    }

    /// What the caller should be told about the file, such as a missing MAC.
    #[must_use]
    pub fn warnings(&self) -> &[&'static str] {
        &self.warnings
    }

    pub(super) fn assemble(file: KeyFile, certificates: &[Certificate], rsa: Rsa) -> Result<LocalKey> {
        let public = file.key.public_key()?;
        public.check_strength()?;
        let own = Own::new(certificates, file.certificates, |one| one.key().is_same_key(&public))?;
        let key = Backend::new(&file.key, rsa)?;
        Ok(LocalKey { chain: own.chain(None), own, key, warnings: file.warnings })
    }
}

impl Signer for LocalKey {
    fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    fn sign(&self, to_be_signed: &ToBeSigned) -> Result<SignatureValue> {
        let value = match &self.key {
            #[cfg(feature = "aws-lc")]
            Backend::Aws(key) => key.sign(to_be_signed),
            #[cfg(not(feature = "aws-lc"))]
            Backend::Pure(key) => key.sign(to_be_signed),
        };
        let value = value.ok_or_else(|| KeyError::new(ErrorCode::KeyFailed))?;
        Ok(match to_be_signed.algorithm() {
            SignatureAlgorithm::RsaPkcs1(_) | SignatureAlgorithm::RsaPss(_) => SignatureValue::rsa(value),
            SignatureAlgorithm::Ecdsa(..) => SignatureValue::ecdsa_der(value),
            SignatureAlgorithm::Ed25519 => SignatureValue::eddsa(value),
        })
    }
}

impl fmt::Debug for LocalKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LocalKey").field("certificate", &self.certificate()).finish_non_exhaustive()
    }
}

/// Whether RSA may be signed with by code that is not hardened against timing attacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rsa {
    Hardened,
    Unhardened,
}

impl Backend {
    #[cfg(feature = "aws-lc")]
    fn new(key: &PrivateKey, _: Rsa) -> Result<Backend> {
        super::sign_aws::AwsKey::new(key).map(Backend::Aws).ok_or_else(|| damaged().into())
    }

    #[cfg(not(feature = "aws-lc"))]
    fn new(key: &PrivateKey, rsa: Rsa) -> Result<Backend> {
        if matches!(key, PrivateKey::Rsa(_)) && rsa == Rsa::Hardened {
            return Err(KeyError::new(ErrorCode::KeyRisk).into());
        }
        super::sign_pure::PureKey::new(key).map(Backend::Pure).ok_or_else(|| damaged().into())
    }
}

fn damaged() -> KeyError {
    KeyError::new(ErrorCode::KeyMalformed)
}

#[cfg(test)]
mod tests;
