//! What a list says about a certificate, after all checks.

use super::scope::{self, Reasons};
use super::{Crl, fault};
use crate::error::{ErrorCode, Result};
use crate::limits::Limits;
use crate::pki::Certificate;
use crate::pki::revocation::Revocation;
use crate::time::Time;

/// A certificate, and who made the list: what the list has to be about, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    certificate: &'a Certificate,
    signer: &'a Certificate,
    at: Time,
    not_older_than: Option<Time>,
    skew_seconds: u64,
}

impl<'a> Question<'a> {
    /// Asks about `certificate` at the moment `at`, in a list of `signer`: the certificate's issuer, or whoever else
    /// the certificate says, with a path of its own to the same anchor.
    pub(crate) fn new(certificate: &'a Certificate, signer: &'a Certificate, at: Time) -> Self {
        Question { certificate, signer, at, not_older_than: None, skew_seconds: 0 }
    }

    /// Wants a list that was made at `time` or later; clocks that differ are not allowed for here.
    #[must_use]
    pub(crate) fn not_older_than(self, time: Time) -> Self {
        Question { not_older_than: Some(time), ..self }
    }

    /// Allows for clocks that differ by so much.
    #[must_use]
    pub(crate) fn skew_seconds(self, seconds: u64) -> Self {
        Question { skew_seconds: seconds, ..self }
    }
}

/// What a list says about a certificate.
#[derive(Debug, Clone)]
pub(crate) struct Status {
    /// When and why it was revoked; `None`: it is not on the list.
    pub(crate) revocation: Option<Revocation>,
    pub(crate) this_update: Time,
    pub(crate) next_update: Option<Time>,
    /// The reasons that the list is complete for.
    pub(crate) reasons: Reasons,
}

impl Crl {
    /// What the list says about the question's certificate, if it is about it, of the right time, and signed by who
    /// may.
    ///
    /// # Errors
    /// [`Error::Service`](crate::Error::Service) with a code `crl.…`; a revoked certificate is none, see
    /// [`Status::require_good`].
    pub(crate) fn check(&self, question: &Question<'_>, limits: &Limits) -> Result<Status> {
        let certificate = question.certificate;
        if self.extensions.has_unknown_critical {
            return Err(fault(ErrorCode::CrlExtension).into());
        }
        if self.is_delta() {
            return Err(fault(ErrorCode::CrlDelta).into());
        }
        let reasons = scope::reasons(self, certificate)?.ok_or_else(|| fault(ErrorCode::CrlScope))?;
        if !self.is_signed_by(question.signer, question.at)? {
            return Err(fault(ErrorCode::CrlSignature).into());
        }
        self.check_times(question, limits)?;
        let revocation = self.entry(certificate)?;
        // What expired before may have been taken from the list.
        let is_kept = certificate.not_after() >= self.this_update
            || self.extensions.expired_since.is_some_and(|since| certificate.not_after() >= since);
        if revocation.is_none() && !is_kept {
            return Err(fault(ErrorCode::CrlExpired).time(self.this_update).into());
        }
        Ok(Status { revocation, this_update: self.this_update, next_update: self.next_update, reasons })
    }

    fn check_times(&self, question: &Question<'_>, limits: &Limits) -> Result<()> {
        let at = question.at.as_unix();
        let skew = i64::try_from(question.skew_seconds).unwrap_or(i64::MAX);
        let stale = |why: &str, time| Err(fault(ErrorCode::CrlStale).detail(why).time(time).into());
        let made = self.this_update;
        if made.as_unix() > at.saturating_add(skew) {
            return Err(fault(ErrorCode::CrlFuture).time(made).into());
        }
        let age = i64::try_from(limits.ocsp_age_seconds).unwrap_or(i64::MAX);
        match self.next_update {
            Some(next) if next.as_unix() < at.saturating_sub(skew) => return stale("it ended", next),
            None if made.as_unix() < at.saturating_sub(age) => return stale("it is too old and names no end", made),
            _ => {}
        }
        match question.not_older_than {
            Some(least) if made < least => stale("it is older than what it has to confirm", made),
            _ => Ok(()),
        }
    }
}

impl Status {
    /// Refuses a certificate that is revoked or on hold, and a list that is not complete for all reasons: where lists
    /// share the reasons, [`Reasons`] of all of them have to be put together.
    ///
    /// # Errors
    /// `certificate.revoked`, `certificate.on-hold`, `crl.scope`.
    pub(crate) fn require_good(&self) -> Result<()> {
        match &self.revocation {
            Some(revocation) => Err(revocation.error()),
            None if !self.reasons.are_all() => {
                Err(fault(ErrorCode::CrlScope).detail("it is for some reasons only").into())
            }
            None => Ok(()),
        }
    }
}
