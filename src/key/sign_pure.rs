//! Signing without C code. EC and Ed25519 are constant in time; RSA is not hardened as well.

use rsa::pkcs1::DecodeRsaPrivateKey as _;
use rsa::traits::SignatureScheme as _;
use signature::Signer as _;
use signature::hazmat::PrehashSigner as _;

use super::private::PrivateKey;
use crate::digest::{Digest, DigestAlgorithm};
use crate::signature::{Curve, SignatureAlgorithm, ToBeSigned};

/// A private key in the hands of the pure Rust libraries, which wipe it when it is dropped.
pub(super) enum PureKey {
    Rsa(Box<rsa::RsaPrivateKey>),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(Box<p521::ecdsa::SigningKey>),
    Ed25519(Box<ed25519_dalek::SigningKey>),
}

impl PureKey {
    /// `None` when the library refuses the key.
    pub(super) fn new(key: &PrivateKey) -> Option<Self> {
        Some(match key {
            PrivateKey::Rsa(pkcs1) => PureKey::Rsa(Box::new(rsa::RsaPrivateKey::from_pkcs1_der(pkcs1).ok()?)),
            PrivateKey::Ec(Curve::P256, scalar) => PureKey::P256(p256::ecdsa::SigningKey::from_slice(scalar).ok()?),
            PrivateKey::Ec(Curve::P384, scalar) => PureKey::P384(p384::ecdsa::SigningKey::from_slice(scalar).ok()?),
            PrivateKey::Ec(Curve::P521, scalar) => {
                PureKey::P521(Box::new(p521::ecdsa::SigningKey::from_slice(scalar).ok()?))
            }
            PrivateKey::Ed25519(seed) => PureKey::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(seed))),
        })
    }

    /// The value in the form of CMS; `None` when key and algorithm do not fit, or the library fails.
    pub(super) fn sign(&self, to_be_signed: &ToBeSigned) -> Option<Vec<u8>> {
        let digest = to_be_signed.digest();
        match (self, to_be_signed.algorithm()) {
            (PureKey::Rsa(key), SignatureAlgorithm::RsaPkcs1(_)) => rsa_pkcs1(key, digest?),
            (PureKey::Rsa(key), SignatureAlgorithm::RsaPss(_)) => rsa_pss(key, digest?),
            (PureKey::P256(key), SignatureAlgorithm::Ecdsa(Curve::P256, _)) => {
                let value: p256::ecdsa::Signature = key.sign_prehash(&wide(digest?, Curve::P256)).ok()?;
                Some(value.to_der().as_bytes().to_vec())
            }
            (PureKey::P384(key), SignatureAlgorithm::Ecdsa(Curve::P384, _)) => {
                let value: p384::ecdsa::Signature = key.sign_prehash(&wide(digest?, Curve::P384)).ok()?;
                Some(value.to_der().as_bytes().to_vec())
            }
            (PureKey::P521(key), SignatureAlgorithm::Ecdsa(Curve::P521, _)) => {
                let value: p521::ecdsa::Signature = key.sign_prehash(&wide(digest?, Curve::P521)).ok()?;
                Some(value.to_der().as_bytes().to_vec())
            }
            (PureKey::Ed25519(key), SignatureAlgorithm::Ed25519) => {
                Some(key.try_sign(to_be_signed.as_bytes()).ok()?.to_bytes().to_vec())
            }
            _ => None,
        }
    }
}

/// The digest, with zeros in front up to the curve's width: the libraries refuse much shorter ones.
fn wide(digest: &Digest, curve: Curve) -> Vec<u8> {
    let zeros = curve.order_bytes().saturating_sub(digest.as_bytes().len());
    [vec![0; zeros], digest.as_bytes().to_vec()].concat()
}

fn rsa_pkcs1(key: &rsa::RsaPrivateKey, digest: &Digest) -> Option<Vec<u8>> {
    let scheme = match digest.algorithm() {
        DigestAlgorithm::Sha256 => rsa::Pkcs1v15Sign::new::<sha2::Sha256>(),
        DigestAlgorithm::Sha384 => rsa::Pkcs1v15Sign::new::<sha2::Sha384>(),
        DigestAlgorithm::Sha512 => rsa::Pkcs1v15Sign::new::<sha2::Sha512>(),
        DigestAlgorithm::Sha1ForLegacyValidation => return None,
    };
    scheme.sign(Some(&mut SystemRandom), key, digest.as_bytes()).ok()
}

fn rsa_pss(key: &rsa::RsaPrivateKey, digest: &Digest) -> Option<Vec<u8>> {
    let (random, hashed) = (Some(&mut SystemRandom), digest.as_bytes());
    match digest.algorithm() {
        DigestAlgorithm::Sha256 => rsa::Pss::<sha2::Sha256>::new().sign(random, key, hashed).ok(),
        DigestAlgorithm::Sha384 => rsa::Pss::<sha2::Sha384>::new().sign(random, key, hashed).ok(),
        DigestAlgorithm::Sha512 => rsa::Pss::<sha2::Sha512>::new().sign(random, key, hashed).ok(),
        DigestAlgorithm::Sha1ForLegacyValidation => None,
    }
}

/// The system's random bytes, for blinding and salts: a key's own affair, as it is in AWS-LC.
struct SystemRandom;

impl rand_core::TryRng for SystemRandom {
    type Error = getrandom::Error;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        getrandom::u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        getrandom::u64()
    }

    fn try_fill_bytes(&mut self, buffer: &mut [u8]) -> Result<(), Self::Error> {
        getrandom::fill(buffer)
    }
}

impl rand_core::TryCryptoRng for SystemRandom {}
