//! From a certificate to one that is trusted (RFC 5280, 6).
//!
//! In: the certificate, others that may be issuers, the trusted ones, a time and a purpose. Out: a path that holds at
//! that time, or the addresses where a missing issuer may be. Names only propose an issuer; its key decides. Decided
//! here and nowhere else: what is trusted. Revocation is looked up by others, certificate by certificate.

mod check;
mod search;

use std::collections::BTreeMap;

use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::pki::name::NameKey;
use crate::pki::{Certificate, Verified};
use crate::time::Time;

/// Certificates that are trusted because the caller says so: key and name count, their validity does not.
///
/// There may be thousands: they are found by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Anchors {
    by_name: BTreeMap<NameKey, Vec<Certificate>>,
    verified: Verified,
}

impl Anchors {
    /// Trusts these, and nobody else.
    pub(crate) fn new(certificates: impl IntoIterator<Item = Certificate>) -> Self {
        let mut by_name: BTreeMap<NameKey, Vec<Certificate>> = BTreeMap::new();
        for certificate in certificates {
            by_name.entry(NameKey::of(certificate.subject_der())).or_default().push(certificate);
        }
        Anchors { by_name, verified: Verified::default() }
    }

    /// Whether nobody is trusted.
    pub(crate) fn is_empty(&self) -> bool {
        self.by_name.is_empty()
    }

    /// Whether this very certificate is trusted.
    pub(crate) fn contains(&self, certificate: &Certificate) -> bool {
        self.named(&NameKey::of(certificate.subject_der())).contains(certificate)
    }

    /// Signatures that were verified on the way to them.
    pub(crate) fn verified(&self) -> &Verified {
        &self.verified
    }

    /// Those of a name.
    fn named(&self, name: &NameKey) -> &[Certificate] {
        self.by_name.get(name).map_or(&[], Vec::as_slice)
    }
}

/// What the key of the first certificate is used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Signing documents.
    Signer,
    /// Signing time-stamps: this is the only purpose, and the extension is critical (RFC 3161, 2.3).
    Timestamping,
    /// Signing OCSP answers for the CA that issued it.
    OcspSigning,
    /// Signing CRLs.
    CrlSigning,
    /// Issuing certificates.
    Ca,
}

/// The certificate, its issuers in order, and a trusted certificate at the end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Path(Vec<Certificate>);

impl Path {
    /// All of them; one alone is itself trusted.
    pub(crate) fn certificates(&self) -> &[Certificate] {
        &self.0
    }

    /// Each certificate below the trusted one, with its issuer: those that can be revoked.
    pub(crate) fn pairs(&self) -> impl Iterator<Item = (&Certificate, &Certificate)> {
        self.0.iter().zip(self.0.iter().skip(1))
    }
}

/// What a search came to.
#[derive(Debug)]
pub(crate) enum Built {
    /// The first path that holds.
    Path(Path),
    /// None so far: issuers are missing, and the certificates say where they may be.
    Missing(Missing),
}

/// What to fetch before another try.
#[derive(Debug)]
pub(crate) struct Missing {
    /// Addresses over HTTP, in order of preference, for each certificate whose issuer is missing.
    pub(crate) issuers: Vec<(Certificate, Vec<String>)>,
    /// What to report when there is nothing else to try.
    pub(crate) error: Error,
}

impl Built {
    /// The path; where an issuer is missing, the error.
    pub(crate) fn into_path(self) -> Result<Path> {
        match self {
            Built::Path(path) => Ok(path),
            Built::Missing(missing) => Err(missing.error),
        }
    }
}

/// Looks for a path from `target` through `known` to one of `anchors` that holds at `at`.
///
/// Every certificate below the anchor must be valid at `at` (shell model). Of several paths the first that holds is
/// taken; `known` may hold anything, in any order.
///
/// # Errors
/// `certificate.path` with the rule that is broken and the certificate that breaks it; `limit.exceeded`.
pub(crate) fn build(
    target: &Certificate,
    known: &[Certificate],
    anchors: &Anchors,
    at: Time,
    purpose: Purpose,
    limits: &Limits,
) -> Result<Built> {
    search::Search::new(target, known, anchors, at, purpose, limits).run()
}

#[cfg(test)]
mod tests;
