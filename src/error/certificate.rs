//! Faults of certificates.

use std::fmt;

use super::PathFault;
use super::code::ErrorCode;
use crate::digest::Digest;

/// Why a certificate can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateError {
    /// What is wrong with it.
    pub code: ErrorCode,
    /// The end or beginning of its validity, or when it was revoked, where that is the reason.
    pub time: Option<crate::Time>,
    /// The size of its key in bits, where that is the reason.
    pub bits: Option<u32>,
    /// What is wrong on the way to a trusted certificate, where that is the reason.
    pub fault: Option<PathFault>,
    /// The certificate on that way whose fault it is (RFC 4514).
    pub subject: Option<String>,
    /// SHA-256 of the certificate that an answer about revocation speaks of.
    pub certificate: Option<Box<Digest>>,
    /// Whether it is the certificate that all documents of a run are signed with: see [`CertificateError::shared`].
    pub is_shared: bool,
}

impl CertificateError {
    /// A fault without further facts.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        CertificateError {
            code,
            time: None,
            bits: None,
            fault: None,
            subject: None,
            certificate: None,
            is_shared: false,
        }
    }

    /// Adds the moment that matters.
    #[must_use]
    pub fn time(self, time: crate::Time) -> Self {
        CertificateError { time: Some(time), ..self }
    }

    /// Adds the key size.
    #[must_use]
    pub fn bits(self, bits: u32) -> Self {
        CertificateError { bits: Some(bits), ..self }
    }

    /// Adds what is wrong on the way to a trusted certificate, and with which one.
    #[must_use]
    pub fn on_path(self, fault: PathFault, subject: impl Into<String>) -> Self {
        CertificateError { fault: Some(fault), subject: Some(subject.into()), ..self }
    }

    /// Says that all documents of the run are signed with this certificate: the fault is then the run's.
    #[must_use]
    pub fn shared(self) -> Self {
        CertificateError { is_shared: true, ..self }
    }

    /// Whether an answer says that the certificate with this SHA-256 is revoked, or on hold.
    #[must_use]
    pub fn speaks_against(&self, certificate: &Digest) -> bool {
        matches!(self.code, ErrorCode::CertificateRevoked | ErrorCode::CertificateOnHold)
            && self.certificate.as_deref() == Some(certificate)
    }
}

impl fmt::Display for CertificateError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.message())?;
        if let Some(fault) = self.fault {
            write!(f, ": {fault}")?;
        }
        if let Some(subject) = &self.subject {
            write!(f, " ({subject})")?;
        }
        if let Some(time) = self.time {
            write!(f, ": {time}")?;
        }
        if let Some(bits) = self.bits {
            write!(f, ": {bits} bits")?;
        }
        Ok(())
    }
}
