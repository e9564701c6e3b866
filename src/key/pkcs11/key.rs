//! A key on a token, ready to sign.

use std::fmt;

use cryptoki::mechanism::eddsa::{EddsaParams, EddsaSignatureScheme};
use cryptoki::mechanism::rsa::{PkcsMgfType, PkcsPssParams};
use cryptoki::mechanism::{Mechanism, MechanismType};
use cryptoki::object::ObjectHandle;

use super::Pkcs11Token;
use super::fault::fault_of;
use super::objects::{Key, certificates};
use super::sessions::Sessions;
use crate::der;
use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{ErrorCode, KeyError, Result};
use crate::key::Pkcs11Uri;
use crate::key::own::Own;
use crate::limits::Limits;
use crate::pki::{self, Certificate};
use crate::provider::Signer;
use crate::secret::Secret;
use crate::signature::{SignatureAlgorithm, SignatureValue, ToBeSigned};
use crate::time::Time;

/// A private key on a PKCS#11 token, with its certificate and issuers.
///
/// Threads sign at the same time as long as there are sessions; the others wait for one.
pub struct Pkcs11Key {
    chain: Vec<Certificate>,
    own: Own,
    handle: ObjectHandle,
    sessions: Sessions,
}

impl Pkcs11Key {
    /// Logs in to the token and finds the key that `uri` and `alias` name (its label, or its id in hexadecimal digits).
    ///
    /// The PIN is given to the token once and not kept. When the first of `certificates` is the key's, it is taken; else,
    /// of all that are the key's there and on the token, the one that began last: [`Pkcs11Key::valid_at`] knows the
    /// time. Issuers are taken from both. Up to `sessions` sessions are opened, as many as the token gives, at least one.
    ///
    /// # Errors
    /// [`Error::Key`](crate::Error::Key): `key.pin` and `key.pin-locked`, after which this token is not asked again;
    /// `key.none`, `key.several`, `key.certificate`, `key.pin-each-time`, `key.gone`.
    /// [`Error::Certificate`](crate::Error::Certificate) when the key is too weak to sign with.
    pub fn open(
        token: &Pkcs11Token,
        uri: &Pkcs11Uri,
        alias: Option<&str>,
        pin: Option<&Secret>,
        certificates: &[Certificate],
        sessions: usize,
        limits: &Limits,
    ) -> Result<Pkcs11Key> {
        let session = token.open_session().map_err(fault_of)?;
        token.login(&session, pin)?;
        let key = Key::find(&session, uri, alias, limits)?;
        if key.wants_pin_each_time {
            return Err(KeyError::new(ErrorCode::KeyPinEachTime).into());
        }
        let there = self::certificates(&session, limits)?;
        let own = key.certificates(&session, certificates, there, limits)?;
        let chain = own.chain(None);
        chain.first().map_or(Ok(()), |own| own.key().check_strength())?;
        Ok(Pkcs11Key { chain, own, handle: key.handle, sessions: Sessions::new(token.clone(), session, sessions)? })
    }

    /// The same key with the certificate that [`Certificate::choose`] finds for `now` among several of its own.
    #[must_use]
    pub fn valid_at(self, now: Time) -> Pkcs11Key {
        Pkcs11Key { chain: self.own.chain(Some(now)), ..self }
    }

    /// All certificates of the key, of which the first of the chain is the one to use.
    #[must_use]
    pub fn certificates(&self) -> &[Certificate] {
        self.own.of_key()
    }

    /// How many threads can sign at the same time.
    #[must_use]
    pub fn sessions(&self) -> usize {
        self.sessions.count()
    }

    fn value(&self, mechanism: &Mechanism<'_>, data: &[u8]) -> Result<Vec<u8>> {
        self.sessions.with(|session| session.sign(mechanism, self.handle, data))
    }
}

impl Signer for Pkcs11Key {
    fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    fn sign(&self, to_be_signed: &ToBeSigned) -> Result<SignatureValue> {
        let impossible = || KeyError::new(ErrorCode::KeyMechanism);
        match (to_be_signed.algorithm(), to_be_signed.digest()) {
            (SignatureAlgorithm::RsaPkcs1(_), Some(digest)) => {
                self.value(&Mechanism::RsaPkcs, &digest_info(digest)).map(SignatureValue::rsa)
            }
            (SignatureAlgorithm::RsaPss(algorithm), Some(digest)) => {
                let parameters = pss(algorithm).ok_or_else(impossible)?;
                self.value(&Mechanism::RsaPkcsPss(parameters), digest.as_bytes()).map(SignatureValue::rsa)
            }
            (SignatureAlgorithm::Ecdsa(curve, _), Some(digest)) => {
                // What is longer than the order is cut at its right end, by us: not every token does.
                let bytes = digest.as_bytes();
                let bytes = bytes.get(..curve.order_bytes()).unwrap_or(bytes);
                self.value(&Mechanism::Ecdsa, bytes).map(SignatureValue::ecdsa_fixed)
            }
            (SignatureAlgorithm::Ed25519, _) => {
                let pure = EddsaParams::new(EddsaSignatureScheme::Pure);
                self.value(&Mechanism::Eddsa(pure), to_be_signed.as_bytes()).map(SignatureValue::eddsa)
            }
            (_, None) => Err(impossible().into()),
        }
    }
}

impl fmt::Debug for Pkcs11Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pkcs11Key").field("certificate", &self.chain.first()).finish_non_exhaustive()
    }
}

/// DigestInfo (RFC 8017, 9.2): the mechanism that takes it is on every token, those that hash are not.
fn digest_info(digest: &Digest) -> Vec<u8> {
    let value = der::tlv(der::OCTET_STRING, &[digest.as_bytes()]);
    der::sequence(&[&pki::digest_algorithm_der(digest.algorithm()), &value])
}

fn pss(algorithm: DigestAlgorithm) -> Option<PkcsPssParams> {
    let (hash_alg, mgf) = match algorithm {
        DigestAlgorithm::Sha256 => (MechanismType::SHA256, PkcsMgfType::MGF1_SHA256),
        DigestAlgorithm::Sha384 => (MechanismType::SHA384, PkcsMgfType::MGF1_SHA384),
        DigestAlgorithm::Sha512 => (MechanismType::SHA512, PkcsMgfType::MGF1_SHA512),
        DigestAlgorithm::Sha1ForLegacyValidation => return None,
    };
    Some(PkcsPssParams { hash_alg, mgf, s_len: algorithm.len_bytes().try_into().ok()? })
}
