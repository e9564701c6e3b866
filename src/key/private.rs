//! Private keys as they stand in files: PKCS #8, and the older forms of RSA and EC.

use zeroize::Zeroizing;

use crate::der::{self, Reader};
use crate::error::{ErrorCode, KeyError, Result};
use crate::pki::{AlgorithmIdentifier, PublicKey, oid};
use crate::signature::Curve;

/// A private key, not yet in the hands of a library.
pub(super) enum PrivateKey {
    /// RSAPrivateKey (RFC 8017, A.1.2).
    Rsa(Zeroizing<Vec<u8>>),
    /// The scalar in full width.
    Ec(Curve, Zeroizing<Vec<u8>>),
    Ed25519(Zeroizing<[u8; 32]>),
}

impl PrivateKey {
    /// Reads a PrivateKeyInfo, or the newer OneAsymmetricKey.
    pub(super) fn from_pkcs8(bytes: &[u8]) -> Result<Self> {
        let mut outer = Reader::der(bytes, ErrorCode::KeyMalformed);
        let mut inside = outer.sequence()?;
        outer.end()?;
        inside.read(der::INTEGER)?.small()?;
        let algorithm = AlgorithmIdentifier::read(&mut inside)?;
        let key = inside.read(der::OCTET_STRING)?.content();
        match algorithm.oid {
            oid::RSA | oid::RSA_PSS => PrivateKey::from_pkcs1(key),
            oid::EC => PrivateKey::from_sec1(key, algorithm.parameters),
            oid::ED25519 => {
                let mut inner = Reader::der(key, ErrorCode::KeyMalformed);
                let seed = inner.read(der::OCTET_STRING)?;
                inner.end()?;
                let seed = seed.content().try_into().map_err(|_| seed.fault())?;
                Ok(PrivateKey::Ed25519(Zeroizing::new(seed)))
            }
            _ => Err(unsupported().into()),
        }
    }

    /// Reads an RSAPrivateKey.
    pub(super) fn from_pkcs1(bytes: &[u8]) -> Result<Self> {
        let mut outer = Reader::der(bytes, ErrorCode::KeyMalformed);
        let mut inside = outer.sequence()?;
        outer.end()?;
        if inside.read(der::INTEGER)?.small()? != 0 {
            return Err(unsupported().into());
        }
        for _ in 0..8 {
            inside.read(der::INTEGER)?.unsigned()?;
        }
        inside.end()?;
        Ok(PrivateKey::Rsa(Zeroizing::new(bytes.to_vec())))
    }

    /// Reads an ECPrivateKey; the curve is that of `parameters` where they are given.
    pub(super) fn from_sec1(bytes: &[u8], parameters: Option<&[u8]>) -> Result<Self> {
        let mut outer = Reader::der(bytes, ErrorCode::KeyMalformed);
        let mut inside = outer.sequence()?;
        outer.end()?;
        if inside.read(der::INTEGER)?.small()? != 1 {
            return Err(inside.fault());
        }
        let scalar = inside.read(der::OCTET_STRING)?;
        let own =
            inside.optional(der::context(0))?.map(|tagged| Ok::<_, crate::Error>(tagged.reader()?.element()?.raw()));
        let parameters = match (parameters, own.transpose()?) {
            (Some(given), _) => given,
            (None, Some(own)) => own,
            (None, None) => return Err(unsupported().into()),
        };
        let curve = match parameters.split_at_checked(2) {
            Some((_, oid::P256)) => Curve::P256,
            Some((_, oid::P384)) => Curve::P384,
            Some((_, oid::P521)) => Curve::P521,
            _ => return Err(unsupported().into()),
        };
        // Full width by the standard; some writers leave leading zeros out.
        let missing = curve.order_bytes().checked_sub(scalar.content().len()).ok_or_else(|| scalar.fault())?;
        let padded = std::iter::repeat_n(0, missing).chain(scalar.content().iter().copied()).collect();
        Ok(PrivateKey::Ec(curve, Zeroizing::new(padded)))
    }

    /// The public half, which decides which certificate goes with the key.
    pub(super) fn public_key(&self) -> Result<PublicKey> {
        let (algorithm, bits) = match self {
            PrivateKey::Rsa(pkcs1) => {
                let mut inside = Reader::der(pkcs1, ErrorCode::KeyMalformed).sequence()?;
                inside.read(der::INTEGER)?;
                let (modulus, exponent) = (inside.read(der::INTEGER)?.raw(), inside.read(der::INTEGER)?.raw());
                let algorithm = der::sequence(&[&der::tlv(der::OID, &[oid::RSA]), &[der::NULL, 0]]);
                (algorithm, der::sequence(&[modulus, exponent]))
            }
            PrivateKey::Ec(curve, scalar) => {
                let (name, point) = match curve {
                    Curve::P256 => (oid::P256, point_p256(scalar)),
                    Curve::P384 => (oid::P384, point_p384(scalar)),
                    Curve::P521 => (oid::P521, point_p521(scalar)),
                };
                let point = point.ok_or_else(|| KeyError::new(ErrorCode::KeyMalformed))?;
                (der::sequence(&[&der::tlv(der::OID, &[oid::EC]), &der::tlv(der::OID, &[name])]), point)
            }
            PrivateKey::Ed25519(seed) => {
                let point = ed25519_dalek::SigningKey::from_bytes(seed).verifying_key().to_bytes();
                (der::sequence(&[&der::tlv(der::OID, &[oid::ED25519])]), point.to_vec())
            }
        };
        let spki = der::sequence(&[&algorithm, &der::tlv(der::BIT_STRING, &[&[0], &bits])]);
        PublicKey::from_spki(&spki, ErrorCode::KeyMalformed)
    }
}

fn point_p256(scalar: &[u8]) -> Option<Vec<u8>> {
    p256::ecdsa::SigningKey::from_slice(scalar).ok().map(|key| key.verifying_key().to_sec1_bytes().into())
}

fn point_p384(scalar: &[u8]) -> Option<Vec<u8>> {
    p384::ecdsa::SigningKey::from_slice(scalar).ok().map(|key| key.verifying_key().to_sec1_bytes().into())
}

fn point_p521(scalar: &[u8]) -> Option<Vec<u8>> {
    p521::ecdsa::SigningKey::from_slice(scalar).ok().map(|key| key.verifying_key().to_sec1_bytes().into())
}

fn unsupported() -> KeyError {
    KeyError::new(ErrorCode::KeyUnsupported)
}
