//! What a signature shall be: certificates, algorithm, level, options.

use std::fmt;

use crate::cms::Identity;
use crate::digest::DigestAlgorithm;
use crate::error::{CertificateError, ErrorCode, Misuse, Result};
use crate::pki::{Certificate, Padding, issuers_of};
use crate::signature::SignatureAlgorithm;
use crate::signing::claims::{Claims, Commitment, Policy, text};
use crate::time::Time;
use crate::xml::Canonicalization;
use crate::zip::Compress;

/// A baseline level of EN 319 142-1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Level {
    /// B-B: the signature alone.
    Bb,
    /// B-T: a time-stamp proves that the signature existed.
    Bt,
    /// B-LT: certificates and revocation data are in the document.
    Blt,
    /// B-LTA: an archive time-stamp protects all of it, and can be renewed.
    Blta,
}

impl Level {
    /// The name, such as `B-B`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Level::Bb => "B-B",
            Level::Bt => "B-T",
            Level::Blt => "B-LT",
            Level::Blta => "B-LTA",
        }
    }

    /// The level named `b-b`, `b-t`, `b-lt` or `b-lta`, in either case.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        let all = [Level::Bb, Level::Bt, Level::Blt, Level::Blta];
        let found = all.into_iter().find(|level| level.as_str().eq_ignore_ascii_case(name));
        found.ok_or_else(|| Misuse::new("level is not b-b, b-t, b-lt or b-lta").into())
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Whose signature it is, and how it is made. One plan serves any number of documents.
///
/// All that can be wrong with it for every document is refused here, before anything is hashed.
#[derive(Clone)]
pub struct Plan {
    certificate: Certificate,
    issuers: Vec<Certificate>,
    algorithm: SignatureAlgorithm,
    digest: Option<DigestAlgorithm>,
    padding: Padding,
    identity: Identity,
    level: Level,
    labels: Labels,
    claims: Claims,
    canonicalization: Canonicalization,
    compress: Compress,
    field: Option<String>,
    reserved_bytes: Option<usize>,
    allow_expired: bool,
    require_sound: bool,
}

// A session is known by this text of its plan, and its nonce comes from it: what version 0.1 did not have stands here
// only where it is used, so that a session prepared by 0.1 answers its digest again.
impl fmt::Debug for Plan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = f.debug_struct("Plan");
        text.field("certificate", &self.certificate)
            .field("issuers", &self.issuers)
            .field("algorithm", &self.algorithm)
            .field("digest", &self.digest)
            .field("padding", &self.padding)
            .field("identity", &self.identity)
            .field("level", &self.level)
            .field("labels", &self.labels)
            .field("claims", &self.claims)
            .field("canonicalization", &self.canonicalization)
            .field("compress", &self.compress)
            .field("field", &self.field)
            .field("reserved_bytes", &self.reserved_bytes)
            .field("allow_expired", &self.allow_expired);
        if self.require_sound {
            text.field("require_sound", &self.require_sound);
        }
        text.finish()
    }
}

/// The texts that stand beside a signature.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Labels {
    pub(crate) name: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) contact: Option<String>,
}

impl Plan {
    /// A signature with the key of `certificate`, whose issuers may be given in any order.
    ///
    /// The algorithm follows from the key: see [`PublicKey::algorithm`](crate::PublicKey::algorithm).
    /// Self-signed roots among the issuers are left out of the signature.
    ///
    /// # Errors
    /// [`Error::Certificate`](crate::Error::Certificate) when the key is weak or unknown, the
    /// certificate is not for signing, or one of `chain` did not issue another.
    pub fn new(certificate: Certificate, chain: &[Certificate]) -> Result<Self> {
        certificate.key().check_strength()?;
        if !certificate.may_sign_documents() {
            return Err(CertificateError::new(ErrorCode::CertificateUsage).into());
        }
        let issuers = issuers_of(&certificate, chain)?;
        let algorithm = certificate.key().algorithm()?;
        let identity = Identity::new(&certificate, &issuers, algorithm);
        Ok(Plan {
            certificate,
            issuers,
            algorithm,
            digest: None,
            padding: Padding::Pkcs1,
            identity,
            level: Level::Bb,
            labels: Labels::default(),
            claims: Claims::default(),
            canonicalization: Canonicalization::default(),
            compress: Compress::default(),
            field: None,
            reserved_bytes: None,
            allow_expired: false,
            require_sound: false,
        })
    }

    /// Another digest than the key's size suggests.
    ///
    /// # Errors
    /// [`Error::Certificate`](crate::Error::Certificate) when the key can't be used with it.
    pub fn digest(mut self, digest: DigestAlgorithm) -> Result<Self> {
        self.digest = Some(digest);
        self.with_algorithm()
    }

    /// RSASSA-PSS in place of PKCS#1 v1.5.
    ///
    /// # Errors
    /// [`Error::Certificate`](crate::Error::Certificate) when the key is none of RSA.
    pub fn pss(mut self) -> Result<Self> {
        self.padding = Padding::Pss;
        self.with_algorithm()
    }

    /// The level to reach; it sizes the room for the signature.
    #[must_use]
    pub fn level(self, level: Level) -> Self {
        Plan { level, ..self }
    }

    /// Signs in the existing empty field of this full name, or in a new one of this name.
    #[must_use]
    pub fn field(self, name: impl Into<String>) -> Self {
        Plan { field: Some(name.into()), ..self }
    }

    /// Why it is signed.
    #[must_use]
    pub fn reason(mut self, text: impl Into<String>) -> Self {
        self.labels.reason = Some(text.into());
        self
    }

    /// Where it is signed.
    #[must_use]
    pub fn location(mut self, text: impl Into<String>) -> Self {
        self.labels.location = Some(text.into());
        self
    }

    /// Who signs, in words; the certificate says it anyway.
    #[must_use]
    pub fn name(mut self, text: impl Into<String>) -> Self {
        self.labels.name = Some(text.into());
        self
    }

    /// How to reach the signer.
    #[must_use]
    pub fn contact(mut self, text: impl Into<String>) -> Self {
        self.labels.contact = Some(text.into());
        self
    }

    /// A role the signer claims, in words; each call adds one. Containers carry it.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) when the text is empty or has characters that XML 1.0 can't hold.
    pub fn role(mut self, role: impl Into<String>) -> Result<Self> {
        self.claims.roles.push(text(role.into())?);
        Ok(self)
    }

    /// The city where it is signed. Containers carry it.
    ///
    /// # Errors
    /// As [`Plan::role`].
    pub fn city(mut self, city: impl Into<String>) -> Result<Self> {
        self.claims.city = Some(text(city.into())?);
        Ok(self)
    }

    /// The country where it is signed. Containers carry it.
    ///
    /// # Errors
    /// As [`Plan::role`].
    pub fn country(mut self, country: impl Into<String>) -> Result<Self> {
        self.claims.country = Some(text(country.into())?);
        Ok(self)
    }

    /// What the signer commits to: `proof-of-origin`, `-receipt`, `-delivery`, `-sender`, `-approval` or
    /// `-creation`, or a dotted object identifier; each call adds one. Containers carry it.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) for any other name.
    pub fn commitment(mut self, name: &str) -> Result<Self> {
        self.claims.commitments.push(Commitment::from_name(name)?);
        Ok(self)
    }

    /// The policy under which it is signed. Containers carry it.
    #[must_use]
    pub fn policy(mut self, policy: Policy) -> Self {
        self.claims.policy = Some(policy);
        self
    }

    /// How the signed parts of a container's signature are written before they are hashed.
    #[must_use]
    pub fn canonicalization(self, canonicalization: Canonicalization) -> Self {
        Plan { canonicalization, ..self }
    }

    /// How the data files of a new container are packed.
    #[must_use]
    pub fn compress(self, compress: Compress) -> Self {
        Plan { compress, ..self }
    }

    /// Room for the signature in bytes, in place of the estimate.
    #[must_use]
    pub fn reserve(self, bytes: usize) -> Self {
        Plan { reserved_bytes: Some(bytes), ..self }
    }

    /// Signs although the certificate has expired or is not valid yet. Validators will refuse the
    /// result, unless they are told of an earlier time.
    #[must_use]
    pub fn allow_expired(self) -> Self {
        Plan { allow_expired: true, ..self }
    }

    /// Refuses a document with an earlier signature that is not sound: `signature.broken`, or `signature.kind` for one
    /// of a kind that is not looked at. Without this they are remarked: see
    /// [`Prepared::unsound`](crate::Prepared::unsound).
    #[must_use]
    pub fn require_sound(self) -> Self {
        Plan { require_sound: true, ..self }
    }

    pub(crate) fn requires_sound(&self) -> bool {
        self.require_sound
    }

    /// How many earlier signatures are looked at.
    pub(crate) fn earlier_to_look_at(&self) -> usize {
        if self.require_sound { usize::MAX } else { EARLIER_LOOKED_AT }
    }

    /// The signer's certificate.
    #[must_use]
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// The algorithm the key must use.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// Makes sure that the certificate is valid at `time`.
    pub(crate) fn check_time(&self, time: Time) -> Result<()> {
        let (from, to) = (self.certificate.not_before(), self.certificate.not_after());
        let error = if self.allow_expired {
            return Ok(());
        } else if time > to {
            CertificateError::new(ErrorCode::CertificateExpired).time(to)
        } else if time < from {
            CertificateError::new(ErrorCode::CertificateNotYetValid).time(from)
        } else {
            return Ok(());
        };
        Err(error.into())
    }

    pub(crate) fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The signer's certificate and its issuers without roots, in order.
    pub(crate) fn embedded(&self) -> impl Iterator<Item = &Certificate> {
        std::iter::once(&self.certificate).chain(&self.issuers)
    }

    pub(crate) fn wanted_level(&self) -> Level {
        self.level
    }

    pub(crate) fn labels(&self) -> &Labels {
        &self.labels
    }

    pub(crate) fn claims(&self) -> &Claims {
        &self.claims
    }

    pub(crate) fn wanted_canonicalization(&self) -> Canonicalization {
        self.canonicalization
    }

    pub(crate) fn wanted_compress(&self) -> Compress {
        self.compress
    }

    pub(crate) fn field_name(&self) -> Option<&str> {
        self.field.as_deref()
    }

    pub(crate) fn reserved_bytes(&self) -> Option<usize> {
        self.reserved_bytes
    }

    fn with_algorithm(mut self) -> Result<Self> {
        self.algorithm = self.certificate.key().with(self.digest, self.padding)?;
        self.identity = Identity::new(&self.certificate, &self.issuers, self.algorithm);
        Ok(self)
    }
}

/// So many earlier signatures are looked at where nothing depends on it.
const EARLIER_LOOKED_AT: usize = 16;
