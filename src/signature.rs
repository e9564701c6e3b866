//! What goes to the key, what comes back, and by which algorithm.

use std::fmt;

use crate::digest::{Digest, DigestAlgorithm};

/// An elliptic curve.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Curve {
    /// secp256r1.
    P256,
    /// secp384r1.
    P384,
    /// secp521r1.
    P521,
}

impl Curve {
    /// Length of r and of s in bytes, when both have full width.
    #[must_use]
    pub fn order_bytes(self) -> usize {
        match self {
            Curve::P256 => 32,
            Curve::P384 => 48,
            Curve::P521 => 66,
        }
    }

    /// The digest that goes with the curve's size.
    #[must_use]
    pub fn digest(self) -> DigestAlgorithm {
        match self {
            Curve::P256 => DigestAlgorithm::Sha256,
            Curve::P384 => DigestAlgorithm::Sha384,
            Curve::P521 => DigestAlgorithm::Sha512,
        }
    }
}

/// A signature algorithm with its digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SignatureAlgorithm {
    /// RSASSA-PKCS1-v1_5.
    RsaPkcs1(DigestAlgorithm),
    /// RSASSA-PSS with MGF1 over the same digest and a salt as long as the digest.
    RsaPss(DigestAlgorithm),
    /// ECDSA.
    Ecdsa(Curve, DigestAlgorithm),
    /// Ed25519, which signs the bytes themselves; the document is hashed with SHA-512 (RFC 8419).
    Ed25519,
}

impl SignatureAlgorithm {
    /// The digest of the document and, but for Ed25519, of what is signed.
    #[must_use]
    pub fn digest(self) -> DigestAlgorithm {
        match self {
            SignatureAlgorithm::RsaPkcs1(digest)
            | SignatureAlgorithm::RsaPss(digest)
            | SignatureAlgorithm::Ecdsa(_, digest) => digest,
            SignatureAlgorithm::Ed25519 => DigestAlgorithm::Sha512,
        }
    }

    /// The object identifier of CMS in dotted form.
    #[must_use]
    pub fn oid(self) -> &'static str {
        use DigestAlgorithm::{Sha1ForLegacyValidation, Sha256, Sha384, Sha512};
        match self {
            SignatureAlgorithm::RsaPkcs1(Sha256) => "1.2.840.113549.1.1.11",
            SignatureAlgorithm::RsaPkcs1(Sha384) => "1.2.840.113549.1.1.12",
            SignatureAlgorithm::RsaPkcs1(Sha512) => "1.2.840.113549.1.1.13",
            SignatureAlgorithm::RsaPkcs1(Sha1ForLegacyValidation) => "1.2.840.113549.1.1.5",
            SignatureAlgorithm::RsaPss(_) => "1.2.840.113549.1.1.10",
            SignatureAlgorithm::Ecdsa(_, Sha256) => "1.2.840.10045.4.3.2",
            SignatureAlgorithm::Ecdsa(_, Sha384) => "1.2.840.10045.4.3.3",
            SignatureAlgorithm::Ecdsa(_, Sha512) => "1.2.840.10045.4.3.4",
            SignatureAlgorithm::Ecdsa(_, Sha1ForLegacyValidation) => "1.2.840.10045.4.1",
            SignatureAlgorithm::Ed25519 => "1.3.101.112",
        }
    }
}

impl fmt::Display for SignatureAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SignatureAlgorithm::RsaPkcs1(d) => write!(f, "RSASSA-PKCS1-v1_5 with {}", d.name()),
            SignatureAlgorithm::RsaPss(d) => write!(f, "RSASSA-PSS with {}", d.name()),
            SignatureAlgorithm::Ecdsa(_, d) => write!(f, "ECDSA with {}", d.name()),
            SignatureAlgorithm::Ed25519 => f.write_str("Ed25519"),
        }
    }
}

/// What the key must sign.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToBeSigned {
    bytes: Vec<u8>,
    algorithm: SignatureAlgorithm,
    digest: Option<Digest>,
}

impl ToBeSigned {
    pub(crate) fn new(bytes: Vec<u8>, algorithm: SignatureAlgorithm) -> Self {
        let digest = match algorithm {
            SignatureAlgorithm::Ed25519 => None,
            other => Some(other.digest().digest(&bytes)),
        };
        ToBeSigned { bytes, algorithm, digest }
    }

    /// The bytes that are signed: for PDFs the DER of the signed attributes as a SET (RFC 5652, 5.4).
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The digest that an RSA or EC key signs; `None` for Ed25519, which signs the bytes themselves.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The algorithm to sign with.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }
}

/// What a signature is over: the bytes, or their digest where they are not at hand.
// Complete: nothing else is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Message<'a> {
    /// The bytes themselves.
    Bytes(&'a [u8]),
    /// Their digest; not for Ed25519, which signs bytes.
    Digest(&'a Digest),
}

impl<'a> From<&'a [u8]> for Message<'a> {
    fn from(bytes: &'a [u8]) -> Self {
        Message::Bytes(bytes)
    }
}

impl<'a> From<&'a Digest> for Message<'a> {
    fn from(digest: &'a Digest) -> Self {
        Message::Digest(digest)
    }
}

/// What came back from the key, with its encoding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureValue {
    pub(crate) bytes: Vec<u8>,
    pub(crate) encoding: Encoding,
}

/// How a signature value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Encoding {
    /// As long as the modulus, big-endian.
    Rsa,
    /// 64 bytes (RFC 8032).
    Eddsa,
    /// DER `SEQUENCE { r, s }`.
    EcdsaDer,
    /// r and s, each as long as the curve's order.
    EcdsaFixed,
    /// Not said: for EC keys strict DER or exactly r and s of full width, whichever verifies.
    Undeclared,
}

impl SignatureValue {
    /// An RSA value, as long as the modulus.
    #[must_use]
    pub fn rsa(bytes: impl Into<Vec<u8>>) -> Self {
        SignatureValue { bytes: bytes.into(), encoding: Encoding::Rsa }
    }

    /// An Ed25519 value of 64 bytes.
    #[must_use]
    pub fn eddsa(bytes: impl Into<Vec<u8>>) -> Self {
        SignatureValue { bytes: bytes.into(), encoding: Encoding::Eddsa }
    }

    /// An ECDSA value as DER `SEQUENCE { r, s }`.
    #[must_use]
    pub fn ecdsa_der(bytes: impl Into<Vec<u8>>) -> Self {
        SignatureValue { bytes: bytes.into(), encoding: Encoding::EcdsaDer }
    }

    /// An ECDSA value as r ‖ s, each of full width.
    #[must_use]
    pub fn ecdsa_fixed(bytes: impl Into<Vec<u8>>) -> Self {
        SignatureValue { bytes: bytes.into(), encoding: Encoding::EcdsaFixed }
    }

    /// An ECDSA value in either encoding: the one that verifies counts.
    #[must_use]
    pub fn ecdsa(bytes: impl Into<Vec<u8>>) -> Self {
        SignatureValue::undeclared(bytes)
    }

    /// A value of whatever kind the certificate's key makes.
    #[must_use]
    pub fn undeclared(bytes: impl Into<Vec<u8>>) -> Self {
        SignatureValue { bytes: bytes.into(), encoding: Encoding::Undeclared }
    }

    /// The bytes as they came.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Their encoding.
    #[must_use]
    pub fn encoding(&self) -> Encoding {
        self.encoding
    }
}
