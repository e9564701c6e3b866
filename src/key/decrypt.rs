//! An RSA key that decrypts: by AWS-LC, which is hardened against timing attacks, or not at all.

use super::file::KeyFile;
use super::private::PrivateKey;
use crate::der;
use crate::error::{ErrorCode, KeyError, Result};
use crate::limits::Limits;
use crate::pki::{PublicKey, oid};
use crate::secret::Secret;

/// A private RSA key, to decrypt with.
pub(crate) struct DecryptingKey {
    backend: Backend,
    public: PublicKey,
}

impl DecryptingKey {
    /// Opens a PFX, PEM or PKCS#8 file, and shows the DER of its RSAPrivateKey to `look` once.
    ///
    /// # Errors
    /// As [`LocalKey::open`](crate::key::LocalKey::open), without a look at certificates; `key.unsupported` for keys
    /// of another kind than RSA; `key.risk` in a build without the feature `aws-lc`.
    pub(crate) fn open<T>(
        bytes: &[u8],
        password: Option<&Secret>,
        alias: Option<&str>,
        limits: &Limits,
        look: impl FnOnce(&[u8]) -> T,
    ) -> Result<(DecryptingKey, T)> {
        let file = KeyFile::open(bytes, password, alias, limits)?;
        let public = file.key.public_key()?;
        let PrivateKey::Rsa(pkcs1) = &file.key else {
            return Err(KeyError::new(ErrorCode::KeyUnsupported).into());
        };
        public.check_strength()?;
        Ok((DecryptingKey { backend: Backend::new(pkcs1)?, public }, look(pkcs1)))
    }

    /// The public half as SubjectPublicKeyInfo.
    pub(crate) fn spki_der(&self) -> Vec<u8> {
        let numbers = self.public.rsa_parts().map(|(key, _, _)| key).unwrap_or_default();
        der::sequence(&[&rsa_algorithm(), &der::tlv(der::BIT_STRING, &[&[0], numbers])])
    }

    /// The public half.
    #[cfg(test)]
    pub(crate) fn public(&self) -> &PublicKey {
        &self.public
    }

    /// The plain text under OAEP with SHA-1. That there is none must not be seen outside.
    pub(crate) fn oaep_sha1(&self, encrypted: &[u8]) -> Option<Secret> {
        self.backend.oaep_sha1(encrypted)
    }

    /// The plain text under PKCS#1 v1.5. That there is none must not be seen outside.
    pub(crate) fn pkcs1(&self, encrypted: &[u8]) -> Option<Secret> {
        self.backend.pkcs1(encrypted)
    }
}

fn rsa_algorithm() -> Vec<u8> {
    der::sequence(&[&der::tlv(der::OID, &[oid::RSA]), &[der::NULL, 0]])
}

#[cfg(feature = "aws-lc")]
use aws::Backend;

#[cfg(feature = "aws-lc")]
mod aws {
    use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey};
    use aws_lc_rs::rsa::{Pkcs1PrivateDecryptingKey, PrivateDecryptingKey};
    use zeroize::Zeroizing;

    use super::rsa_algorithm;
    use crate::der;
    use crate::error::{ErrorCode, KeyError, Result};
    use crate::secret::Secret;

    pub(super) struct Backend {
        oaep: OaepPrivateDecryptingKey,
        pkcs1: Pkcs1PrivateDecryptingKey,
    }

    impl Backend {
        pub(super) fn new(pkcs1: &[u8]) -> Result<Backend> {
            let wrapped = Zeroizing::new(der::tlv(der::OCTET_STRING, &[pkcs1]));
            let pkcs8 = Zeroizing::new(der::sequence(&[&[der::INTEGER, 1, 0], &rsa_algorithm(), &wrapped]));
            let read = || PrivateDecryptingKey::from_pkcs8(&pkcs8).ok();
            let keys =
                || Some((OaepPrivateDecryptingKey::new(read()?).ok()?, Pkcs1PrivateDecryptingKey::new(read()?).ok()?));
            let (oaep, pkcs1) = keys().ok_or_else(|| KeyError::new(ErrorCode::KeyMalformed))?;
            Ok(Backend { oaep, pkcs1 })
        }

        pub(super) fn oaep_sha1(&self, encrypted: &[u8]) -> Option<Secret> {
            let mut room = Zeroizing::new(vec![0; self.oaep.min_output_size()]);
            let plain = self.oaep.decrypt(&OAEP_SHA1_MGF1SHA1, encrypted, &mut room, None).ok()?;
            Some(Secret::new(plain.to_vec()))
        }

        pub(super) fn pkcs1(&self, encrypted: &[u8]) -> Option<Secret> {
            let mut room = Zeroizing::new(vec![0; self.pkcs1.min_output_size()]);
            let plain = self.pkcs1.decrypt(encrypted, &mut room).ok()?;
            Some(Secret::new(plain.to_vec()))
        }
    }
}

/// There is none.
#[cfg(not(feature = "aws-lc"))]
enum Backend {}

#[cfg(not(feature = "aws-lc"))]
impl Backend {
    fn new(_: &[u8]) -> Result<Backend> {
        Err(KeyError::new(ErrorCode::KeyRisk).into())
    }

    fn oaep_sha1(&self, _: &[u8]) -> Option<Secret> {
        match *self {}
    }

    fn pkcs1(&self, _: &[u8]) -> Option<Secret> {
        match *self {}
    }
}
