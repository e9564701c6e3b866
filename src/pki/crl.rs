//! Certificate revocation lists (RFC 5280, 5): a list of any length is read in windows, none of its entries is kept.
//!
//! In: the list's bytes, a certificate, and the certificate of the list's issuer. Out: whether the list speaks about
//! that certificate, and what it says. Whether the list's issuer is to be trusted is decided by its path, elsewhere.

mod check;
mod entries;
mod fields;
mod scope;

use std::ops::Range;

use crate::digest::Digest;
use crate::error::{Error, ErrorCode, Result, ServiceError};
use crate::evidence::Role;
use crate::pki::extensions::KeyUsage;
use crate::pki::revocation::Revocation;
use crate::pki::{AlgorithmIdentifier, Certificate, pem, same_name, strength};
use crate::source::Source;
use crate::time::Time;

pub(crate) use check::Question;
pub(crate) use scope::Reasons;

/// The DER of the first list in PEM, or of one in bare base64.
pub(crate) fn from_pem(text: &[u8]) -> Option<Vec<u8>> {
    let block = pem::blocks(text)?.into_iter().find(|block| matches!(&*block.label, "X509 CRL" | "CRL"));
    block.map(|block| block.bytes.to_vec()).or_else(|| pem::bare_base64(text))
}

/// A list: its fields, and where its entries are.
#[derive(Debug, Clone)]
pub(crate) struct Crl {
    source: Source,
    to_be_signed: Range<u64>,
    /// AlgorithmIdentifier of the signature.
    algorithm: Vec<u8>,
    value: Vec<u8>,
    /// Of what is signed; `None` where the algorithm does not sign a digest, or is not known.
    digest: Option<Digest>,
    issuer: Vec<u8>,
    this_update: Time,
    next_update: Option<Time>,
    entries: Range<u64>,
    entry_count: u64,
    extensions: fields::Extensions,
}

impl Crl {
    /// What it was read from: these bytes are embedded.
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// Whether it is the same list: the same bytes are signed, with the same value.
    pub(crate) fn is_same_as(&self, other: &Crl) -> bool {
        self.source.len() == other.source.len()
            && self.digest == other.digest
            && self.value == other.value
            && self.issuer == other.issuer
            && self.this_update == other.this_update
    }

    /// The Name of whoever made it.
    pub(crate) fn issuer_der(&self) -> &[u8] {
        &self.issuer
    }

    /// When it was made.
    pub(crate) fn this_update(&self) -> Time {
        self.this_update
    }

    /// When there will be another one.
    pub(crate) fn next_update(&self) -> Option<Time> {
        self.next_update
    }

    /// How many certificates it lists.
    pub(crate) fn entry_count(&self) -> u64 {
        self.entry_count
    }

    /// Certificates that expired since then stay on the list (ISO/IEC 9594-8, 9.5.2.9).
    pub(crate) fn expired_since(&self) -> Option<Time> {
        self.extensions.expired_since
    }

    /// Whether it lists changes only.
    pub(crate) fn is_delta(&self) -> bool {
        self.extensions.is_delta
    }

    /// What the list says about `certificate`, which may be of another issuer than the list's where the list is an
    /// indirect one. Nothing else is checked.
    ///
    /// # Errors
    /// Reading faults.
    pub(crate) fn entry(&self, certificate: &Certificate) -> Result<Option<Revocation>> {
        entries::find(self, certificate)
    }

    /// Whether `signer` made the list: its name is the issuer's, its key may sign lists and made the signature, and
    /// nobody could forge it at `at`.
    pub(crate) fn is_signed_by(&self, signer: &Certificate, at: Time) -> Result<bool> {
        let may_sign = signer.extensions()?.key_usage.is_none_or(KeyUsage::signs_crls);
        if !may_sign || !same_name(signer.subject_der(), &self.issuer) {
            return Ok(false);
        }
        let mut reader = crate::der::Reader::der(&self.algorithm, ErrorCode::CrlMalformed);
        let Some(algorithm) = AlgorithmIdentifier::read(&mut reader)?.signature(signer.key(), None) else {
            return Ok(false);
        };
        if !strength::is_strong(algorithm, signer.key(), at) {
            return Ok(false);
        }
        Ok(match &self.digest {
            Some(digest) => signer.key().verify_digest(algorithm, digest, &self.value),
            // Ed25519 signs the bytes themselves, all at once.
            None => signer.key().verify(algorithm, &self.source.window(self.to_be_signed.clone())?, &self.value),
        })
    }
}

fn fault(code: ErrorCode) -> ServiceError {
    ServiceError::new(code, Role::Crl)
}

/// What stands at `offset` is not as it has to be.
fn malformed(offset: u64) -> Error {
    ServiceError { offset: Some(offset), ..fault(ErrorCode::CrlMalformed) }.into()
}

#[cfg(test)]
mod tests;
