//! That a certificate was taken back: what CRLs and OCSP answers say alike.

use crate::error::{CertificateError, Error, ErrorCode};
use crate::time::Time;

/// When and why a certificate was taken back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Revocation {
    pub(crate) time: Time,
    pub(crate) reason: Option<Reason>,
}

impl Revocation {
    /// Whether it may be lifted again.
    pub(crate) fn is_hold(&self) -> bool {
        matches!(self.reason, Some(Reason::CertificateHold | Reason::RemoveFromCrl))
    }

    /// `certificate.revoked` or `certificate.on-hold`.
    pub(crate) fn error(&self) -> Error {
        let code = if self.is_hold() { ErrorCode::CertificateOnHold } else { ErrorCode::CertificateRevoked };
        CertificateError::new(code).time(self.time).into()
    }
}

/// Why a certificate was revoked (RFC 5280, 5.3.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    Unspecified,
    KeyCompromise,
    CaCompromise,
    AffiliationChanged,
    Superseded,
    CessationOfOperation,
    CertificateHold,
    RemoveFromCrl,
    PrivilegeWithdrawn,
    AaCompromise,
    /// A number that has no name.
    Other(u32),
}

impl Reason {
    pub(crate) fn from_number(number: u32) -> Self {
        match number {
            0 => Reason::Unspecified,
            1 => Reason::KeyCompromise,
            2 => Reason::CaCompromise,
            3 => Reason::AffiliationChanged,
            4 => Reason::Superseded,
            5 => Reason::CessationOfOperation,
            6 => Reason::CertificateHold,
            8 => Reason::RemoveFromCrl,
            9 => Reason::PrivilegeWithdrawn,
            10 => Reason::AaCompromise,
            other => Reason::Other(other),
        }
    }
}
