//! Which certificates were seen to be signed by which.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::Certificate;
use crate::digest::Digest;

/// Signatures between certificates that have verified: in a batch the same few stand under every document.
///
/// Copies share what they know. It is bounded: when it is full, it begins anew.
#[derive(Debug, Clone, Default)]
pub(crate) struct Verified(Arc<Mutex<BTreeSet<(Digest, Digest)>>>);

impl Verified {
    /// Whether the key of `issuer` signed `certificate`; verified once.
    pub(crate) fn is_signed_by(&self, certificate: &Certificate, issuer: &Certificate) -> bool {
        let pair = (certificate.sha256(), issuer.sha256());
        if self.0.lock().unwrap_or_else(PoisonError::into_inner).contains(&pair) {
            return true;
        }
        // The lock is not held meanwhile: others go on.
        let is_signed = certificate.is_signed_by(issuer.key());
        if is_signed {
            let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= MOST {
                known.clear();
            }
            known.insert(pair);
        }
        is_signed
    }
}

const MOST: usize = 4_096;
