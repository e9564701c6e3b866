//! How far a document is to be raised, and whom to believe on the way.

use std::sync::Arc;

use crate::der;
use crate::digest::DigestAlgorithm;
use crate::error::{Misuse, Result};
use crate::limits::Limits;
use crate::pki::Certificate;
use crate::pki::path::Anchors;
use crate::signing::Level;
use crate::time::Time;

/// The level to reach, the certificates that are trusted, and what time-stamps shall be like.
///
/// One plan serves any number of documents; a copy costs nothing.
#[derive(Debug, Clone)]
pub struct UpgradePlan {
    pub(super) level: Level,
    pub(super) anchors: Arc<Anchors>,
    pub(super) known: Arc<Vec<Certificate>>,
    pub(super) digest: DigestAlgorithm,
    pub(super) policy: Option<String>,
    pub(super) has_nonce: bool,
    pub(super) renew: Renew,
    pub(super) limits: Limits,
}

/// What is done with a document that is at the level already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Renew {
    Never,
    Always,
    /// When what protects it ends before this moment.
    EndingBefore(Time),
}

impl UpgradePlan {
    /// Raises to `level`; only paths that end at one of `trusted` count.
    ///
    /// At B-T nobody need be trusted: time-stamps are then checked in all but their path.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) when nobody is trusted and the level is B-LT or above: what is embedded
    /// there has to be proved first.
    pub fn new(level: Level, trusted: impl IntoIterator<Item = Certificate>) -> Result<Self> {
        let trusted: Vec<Certificate> = trusted.into_iter().collect();
        if trusted.is_empty() && level > Level::Bt {
            return Err(Misuse::new("B-LT and B-LTA need certificates that are trusted").into());
        }
        Ok(UpgradePlan {
            level,
            anchors: Arc::new(Anchors::new(trusted)),
            known: Arc::default(),
            digest: DigestAlgorithm::Sha256,
            policy: None,
            has_nonce: true,
            renew: Renew::Never,
            limits: Limits::default(),
        })
    }

    /// Certificates that may be issuers, so that they need not be fetched; they are not trusted for that.
    #[must_use]
    pub fn known(self, certificates: impl IntoIterator<Item = Certificate>) -> Self {
        UpgradePlan { known: Arc::new(certificates.into_iter().collect()), ..self }
    }

    /// The digest of time-stamps: SHA-256 where nothing is said.
    ///
    /// For a document that is signed and raised in one go, and for large ones, the digest of the signature is taken
    /// instead where another one would mean to read the document again.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) for SHA-1.
    pub fn digest(self, digest: DigestAlgorithm) -> Result<Self> {
        if digest == DigestAlgorithm::Sha1ForLegacyValidation {
            return Err(Misuse::new("time-stamps are not asked for with SHA-1").into());
        }
        Ok(UpgradePlan { digest, ..self })
    }

    /// The policy that time-stamps shall have, in dotted form.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) when it is no object identifier.
    pub fn policy(self, policy: &str) -> Result<Self> {
        der::oid(policy).ok_or_else(|| Misuse::new("the policy is no object identifier"))?;
        Ok(UpgradePlan { policy: Some(policy.to_owned()), ..self })
    }

    /// Time-stamps are asked for without a nonce, for services that do not return it.
    ///
    /// That the answer is this request's is then told by what is stamped alone, and that it is no old one by its time.
    #[must_use]
    pub fn without_nonce(self) -> Self {
        UpgradePlan { has_nonce: false, ..self }
    }

    /// Also what is at the level already gets another archive time-stamp.
    #[must_use]
    pub fn renew(self) -> Self {
        UpgradePlan { renew: Renew::Always, ..self }
    }

    /// Also what is at the level already gets another archive time-stamp, if its last one ends before `time`.
    #[must_use]
    pub fn renew_ending_before(self, time: Time) -> Self {
        UpgradePlan { renew: Renew::EndingBefore(time), ..self }
    }

    /// Other bounds on what services may answer.
    #[must_use]
    pub fn limits(self, limits: &Limits) -> Self {
        UpgradePlan { limits: limits.clone(), ..self }
    }

    /// The level to reach.
    #[must_use]
    pub fn level(&self) -> Level {
        self.level
    }
}
