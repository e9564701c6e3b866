//! The public key of a certificate: its kind, what it may sign with, whether a value verifies.

use std::fmt;

use super::algorithm::{AlgorithmIdentifier, Pss, read_pss};
use super::oid;
use super::{ecdsa, verify_pure};
use crate::der::{self, Reader};
use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{CertificateError, ErrorCode, Result};
use crate::signature::{Curve, SignatureAlgorithm};

/// What sort of key it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyKind {
    /// RSA for any padding.
    Rsa {
        /// Length of the modulus.
        bits: u32,
    },
    /// RSA for PSS alone.
    RsaPss {
        /// Length of the modulus.
        bits: u32,
    },
    /// A key on a named curve.
    Ec(Curve),
    /// Ed25519.
    Ed25519,
    /// Anything else: it is read, but neither signed nor verified with.
    Other,
}

/// How an RSA signature is padded; keys of other kinds have none.
// Complete: RFC 8017 has these two.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Padding {
    /// PKCS#1 v1.5; keys that are for PSS alone use PSS all the same.
    #[default]
    Pkcs1,
    /// PSS.
    Pss,
}

/// A public key.
#[derive(Clone)]
pub struct PublicKey {
    kind: KeyKind,
    pub(super) material: Material,
    #[cfg(feature = "aws-lc")]
    pub(super) prepared: super::verify_aws::Prepared,
}

#[derive(Clone)]
pub(super) enum Material {
    /// `der` is the RSAPublicKey; both numbers are without leading zeros.
    Rsa {
        der: Vec<u8>,
        modulus: Vec<u8>,
        exponent: Vec<u8>,
        restriction: Restriction,
        /// The modulus stands there as a negative number: its leading zero was left out.
        is_negative: bool,
    },
    /// A point as SEC 1 writes it.
    Ec {
        curve: Curve,
        point: Vec<u8>,
    },
    Ed25519([u8; 32]),
    Other,
}

#[derive(Clone, Copy)]
pub(super) enum Restriction {
    None,
    Pss(Pss),
    /// Parameters that are not understood.
    Unknown,
}

impl PublicKey {
    /// Reads a SubjectPublicKeyInfo; keys of unknown kinds are read as [`KeyKind::Other`].
    pub(crate) fn from_spki(spki: &[u8], code: ErrorCode) -> Result<Self> {
        let mut outer = Reader::der(spki, code);
        let mut inside = outer.sequence()?;
        outer.end()?;
        let algorithm = AlgorithmIdentifier::read(&mut inside)?;
        let bits = inside.read(der::BIT_STRING)?.bit_bytes()?;
        inside.end()?;
        let material = match algorithm.oid {
            oid::RSA => rsa(bits, Restriction::None, code)?,
            oid::RSA_PSS => {
                let unknown_or = |pss| pss_restriction(pss).unwrap_or(Restriction::Unknown);
                rsa(bits, algorithm.parameters.map_or(Restriction::None, unknown_or), code)?
            }
            oid::EC => ec(algorithm.parameters, bits),
            oid::ED25519 => bits.try_into().map_or(Material::Other, Material::Ed25519),
            _ => Material::Other,
        };
        let kind = match &material {
            Material::Rsa { modulus, .. } if algorithm.oid == oid::RSA => KeyKind::Rsa { bits: bit_length(modulus) },
            Material::Rsa { modulus, .. } => KeyKind::RsaPss { bits: bit_length(modulus) },
            Material::Ec { curve, .. } => KeyKind::Ec(*curve),
            Material::Ed25519(_) => KeyKind::Ed25519,
            Material::Other => KeyKind::Other,
        };
        Ok(PublicKey {
            kind,
            material,
            #[cfg(feature = "aws-lc")]
            prepared: super::verify_aws::Prepared::default(),
        })
    }

    /// What sort of key it is.
    #[must_use]
    pub fn kind(&self) -> KeyKind {
        self.kind
    }

    /// The algorithm that goes with the key: RSA with SHA-256 and PKCS#1 v1.5, PSS where the key is for PSS
    /// alone, ECDSA with the digest of the curve's size, Ed25519.
    ///
    /// # Errors
    /// As [`PublicKey::with`].
    pub fn algorithm(&self) -> Result<SignatureAlgorithm> {
        self.with(None, Padding::default())
    }

    /// The algorithm with another digest or padding than the key's own choice.
    ///
    /// # Errors
    /// [`Error::Certificate`](crate::Error::Certificate) when the key is too weak or of an unknown kind, or when
    /// it can't be used so: PSS without RSA, another digest than the key is restricted to, SHA-1.
    pub fn with(&self, digest: Option<DigestAlgorithm>, padding: Padding) -> Result<SignatureAlgorithm> {
        self.check_strength()?;
        let unfit = || CertificateError::new(ErrorCode::CertificateAlgorithm);
        if digest == Some(DigestAlgorithm::Sha1ForLegacyValidation) {
            return Err(unfit().into());
        }
        match (self.kind, padding) {
            (KeyKind::Rsa { .. }, Padding::Pkcs1) => {
                Ok(SignatureAlgorithm::RsaPkcs1(digest.unwrap_or(DigestAlgorithm::Sha256)))
            }
            (KeyKind::Rsa { .. } | KeyKind::RsaPss { .. }, _) => {
                let Some(own) = self.pss_digest() else { return Err(unfit().into()) };
                match (own, digest) {
                    (Some(own), Some(asked)) if own != asked => Err(unfit().into()),
                    (own, asked) => Ok(SignatureAlgorithm::RsaPss(own.or(asked).unwrap_or(DigestAlgorithm::Sha256))),
                }
            }
            (KeyKind::Ec(curve), Padding::Pkcs1) => {
                Ok(SignatureAlgorithm::Ecdsa(curve, digest.unwrap_or(curve.digest())))
            }
            (KeyKind::Ed25519, Padding::Pkcs1) if matches!(digest, None | Some(DigestAlgorithm::Sha512)) => {
                Ok(SignatureAlgorithm::Ed25519)
            }
            _ => Err(unfit().into()),
        }
    }

    /// Whether the key is strong enough to sign with, and written as it must be: RSA of 2,048 to 8,192 bits with an
    /// odd exponent of at least 3, a named curve that is known, Ed25519.
    ///
    /// # Errors
    /// [`Error::Certificate`](crate::Error::Certificate) with the code `certificate.key.weak`,
    /// `certificate.key.encoding` or `certificate.key.unsupported`.
    pub fn check_strength(&self) -> Result<()> {
        let weak = |bits| CertificateError::new(ErrorCode::CertificateKeyWeak).bits(bits);
        let unsupported = || CertificateError::new(ErrorCode::CertificateKeyUnsupported);
        match (self.kind, &self.material) {
            (KeyKind::Rsa { .. } | KeyKind::RsaPss { .. }, Material::Rsa { is_negative: true, .. }) => {
                Err(CertificateError::new(ErrorCode::CertificateKeyEncoding).into())
            }
            (KeyKind::Rsa { bits } | KeyKind::RsaPss { bits }, Material::Rsa { modulus, exponent, .. }) => {
                let odd = |number: &[u8]| number.last().is_some_and(|b| b & 1 == 1);
                if bits < 2048 || !odd(exponent) || exponent.as_slice() == [1] || !odd(modulus) {
                    return Err(weak(bits).into());
                }
                if bits > 8192 { Err(unsupported().bits(bits).into()) } else { Ok(()) }
            }
            (KeyKind::Ec(_) | KeyKind::Ed25519, _) => Ok(()),
            _ => Err(unsupported().into()),
        }
    }

    /// Whether `value`, as CMS has it (RSA: modulus length, ECDSA: DER, Ed25519: 64 bytes), signs `message`.
    pub(crate) fn verify(&self, algorithm: SignatureAlgorithm, message: &[u8], value: &[u8]) -> bool {
        if !self.is_sound_value(algorithm, value) {
            return false;
        }
        #[cfg(feature = "aws-lc")]
        if let Some(verdict) = super::verify_aws::verify(self, algorithm, message, value) {
            return verdict;
        }
        verify_pure::verify(self, algorithm, message, value)
    }

    /// Whether `value` signs what has this digest, where the signed bytes are too many to be held: never for Ed25519.
    pub(crate) fn verify_digest(&self, algorithm: SignatureAlgorithm, digest: &Digest, value: &[u8]) -> bool {
        self.is_sound_value(algorithm, value) && verify_pure::verify_digest(self, algorithm, digest, value)
    }

    /// Whether `value` is an RSA signature whose DigestInfo lacks the NULL: some signers make such, nothing of
    /// ours does.
    pub(crate) fn verify_without_null(&self, algorithm: SignatureAlgorithm, message: &[u8], value: &[u8]) -> bool {
        self.is_sound_value(algorithm, value) && verify_pure::verify_without_null(self, algorithm, message, value)
    }

    /// What RSA padded before it was signed, as long as the modulus; `None` where the value can't be one of this key's.
    pub(crate) fn recover(&self, value: &[u8]) -> Option<Vec<u8>> {
        match &self.material {
            Material::Rsa { modulus, exponent, .. } if value.len() == modulus.len() && value < modulus.as_slice() => {
                verify_pure::recover(modulus, exponent, value)
            }
            _ => None,
        }
    }

    /// Whether a value of an EC key, in DER, signs these bytes, whatever they are, in the place of a digest.
    pub(crate) fn verify_prehash(&self, hashed: &[u8], value: &[u8]) -> bool {
        match &self.material {
            Material::Ec { curve, point } => verify_pure::ecdsa(*curve, point, hashed, value).is_some(),
            _ => false,
        }
    }

    /// Whether it may be used so; how strong it is, is another question.
    pub(crate) fn is_for(&self, algorithm: SignatureAlgorithm) -> bool {
        match (self.kind, algorithm) {
            (KeyKind::Rsa { .. }, SignatureAlgorithm::RsaPkcs1(_) | SignatureAlgorithm::RsaPss(_)) => true,
            (KeyKind::RsaPss { .. }, SignatureAlgorithm::RsaPss(digest)) => {
                self.pss_digest().is_some_and(|own| own.is_none_or(|own| own == digest))
            }
            (KeyKind::Ec(own), SignatureAlgorithm::Ecdsa(curve, _)) => own == curve,
            (KeyKind::Ed25519, SignatureAlgorithm::Ed25519) => true,
            _ => false,
        }
    }

    pub(crate) fn is_rsa(&self) -> bool {
        matches!(self.kind, KeyKind::Rsa { .. } | KeyKind::RsaPss { .. })
    }

    /// Length of the longest value in the form of CMS.
    pub(crate) fn value_bytes_max(&self) -> usize {
        match &self.material {
            Material::Rsa { modulus, .. } => modulus.len(),
            // Two integers of full width with a sign octet, their headers, and the header around them.
            Material::Ec { curve, .. } => 2 * (curve.order_bytes() + 3) + 3,
            Material::Ed25519(_) => 64,
            Material::Other => 0,
        }
    }

    /// RSAPublicKey, modulus and exponent, of an RSA key.
    pub(crate) fn rsa_parts(&self) -> Option<(&[u8], &[u8], &[u8])> {
        match &self.material {
            Material::Rsa { der, modulus, exponent, .. } => Some((der, modulus, exponent)),
            _ => None,
        }
    }

    /// The point of an EC key, as SEC 1 writes it.
    pub(crate) fn ec_point(&self) -> Option<&[u8]> {
        match &self.material {
            Material::Ec { point, .. } => Some(point),
            _ => None,
        }
    }

    /// The point of an EC or Ed25519 key.
    #[cfg(feature = "pkcs11")]
    pub(crate) fn point(&self) -> Option<&[u8]> {
        match &self.material {
            Material::Ed25519(point) => Some(point),
            _ => self.ec_point(),
        }
    }

    /// Whether both are the same key, however they are wrapped.
    pub(crate) fn is_same_key(&self, other: &PublicKey) -> bool {
        match (&self.material, &other.material) {
            (Material::Rsa { modulus: m, exponent: e, .. }, Material::Rsa { modulus, exponent, .. }) => {
                m == modulus && e == exponent
            }
            (Material::Ec { curve: c, point: p }, Material::Ec { curve, point }) => c == curve && p == point,
            (Material::Ed25519(a), Material::Ed25519(b)) => a == b,
            _ => false,
        }
    }

    fn is_sound_value(&self, algorithm: SignatureAlgorithm, value: &[u8]) -> bool {
        match (&self.material, algorithm) {
            (Material::Rsa { modulus, .. }, SignatureAlgorithm::RsaPkcs1(_) | SignatureAlgorithm::RsaPss(_)) => {
                value.len() == modulus.len() && value < modulus.as_slice()
            }
            (Material::Ec { curve, .. }, SignatureAlgorithm::Ecdsa(asked, _)) => {
                *curve == asked && ecdsa::is_strict_ecdsa_der(value, *curve)
            }
            (Material::Ed25519(_), SignatureAlgorithm::Ed25519) => value.len() == 64,
            _ => false,
        }
    }

    /// `None`: the restriction is not understood; `Some(None)`: there is none.
    fn pss_digest(&self) -> Option<Option<DigestAlgorithm>> {
        match &self.material {
            Material::Rsa { restriction: Restriction::None, .. } => Some(None),
            // RFC 4055, 3.1: the salt length of the key is the least that a signature may have.
            Material::Rsa { restriction: Restriction::Pss(pss), .. }
                if pss.digest != DigestAlgorithm::Sha1ForLegacyValidation
                    && pss.salt_bytes <= pss.digest.len_bytes() =>
            {
                Some(Some(pss.digest))
            }
            _ => None,
        }
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PublicKey").field(&self.kind).finish()
    }
}

fn rsa(bits: &[u8], restriction: Restriction, code: ErrorCode) -> Result<Material> {
    let mut outer = Reader::der(bits, code);
    let mut inside = outer.sequence()?;
    outer.end()?;
    // Estonia's identity cards of 2013 and 2014 lack the zero before the highest bit. There is one way to read that
    // number, and whoever verifies with it needs it; nothing is signed with such a certificate.
    let modulus = inside.read(der::INTEGER)?;
    let (modulus, is_negative) = match modulus.content() {
        negative @ [0x80..=0xff, ..] => (negative.to_vec(), true),
        _ => (modulus.unsigned()?.to_vec(), false),
    };
    let exponent = inside.read(der::INTEGER)?.unsigned()?.to_vec();
    inside.end()?;
    Ok(Material::Rsa { der: bits.to_vec(), modulus, exponent, restriction, is_negative })
}

fn ec(parameters: Option<&[u8]>, point: &[u8]) -> Material {
    let named = |parameters: &[u8]| {
        let curve = match parameters.split_at_checked(2)? {
            (_, oid::P256) => Curve::P256,
            (_, oid::P384) => Curve::P384,
            (_, oid::P521) => Curve::P521,
            _ => return None,
        };
        let width = curve.order_bytes();
        let uncompressed = point.len() == 1 + 2 * width && point.first() == Some(&4);
        uncompressed.then_some(Material::Ec { curve, point: point.to_vec() })
    };
    parameters.and_then(named).unwrap_or(Material::Other)
}

fn pss_restriction(parameters: &[u8]) -> Option<Restriction> {
    read_pss(parameters).map(Restriction::Pss)
}

fn bit_length(magnitude: &[u8]) -> u32 {
    let bytes = u32::try_from(magnitude.len()).unwrap_or(u32::MAX / 8);
    bytes * 8 - magnitude.first().map_or(0, |b| b.leading_zeros())
}

#[cfg(test)]
mod tests;
