//! What preparations wait for, to tell whose a value is that does not verify where it was given.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::error::{MadeOver, Mismatch};
use crate::flow::StateSummary;
use crate::pki::{Certificate, value_forms};
use crate::signature::{SignatureValue, ToBeSigned};

/// The values that sessions wait for, each with its session's `T`: of each what the key must sign and its certificate,
/// not the document.
#[derive(Debug, Default)]
pub struct Awaited<T> {
    all: Vec<(T, Value)>,
    /// Numbers of those that are known by a digest, by its hexadecimal digits.
    by_digest: BTreeMap<String, usize>,
    verified: AtomicUsize,
}

#[derive(Debug)]
struct Value {
    certificate: Certificate,
    to_be_signed: ToBeSigned,
}

impl<T: PartialEq> Awaited<T> {
    /// Those of saved preparations.
    #[must_use]
    pub fn new(states: impl IntoIterator<Item = (T, StateSummary)>) -> Self {
        let value = |(id, state): (T, StateSummary)| {
            let (certificate, to_be_signed) = (state.certificate()?.clone(), state.to_be_signed().clone());
            Some((id, Value { certificate, to_be_signed }))
        };
        let all: Vec<(T, Value)> = states.into_iter().filter_map(value).collect();
        let digest = |(n, (_, value)): (usize, &(T, Value))| Some((value.to_be_signed.digest()?.to_hex(), n));
        let by_digest = all.iter().enumerate().filter_map(digest).collect();
        Awaited { all, by_digest, verified: AtomicUsize::new(0) }
    }

    /// The session that waits for a value which did not verify for session `own`.
    ///
    /// Where RSA shows the digest that was signed it is looked up. Other values are verified, up to 10,000 times in
    /// all: where each value of many is wrong, what is said of the first ones is enough.
    #[must_use]
    pub fn whose(&self, own: &T, value: &SignatureValue, mismatch: &Mismatch) -> Option<&T> {
        let found = match &mismatch.made_over {
            Some(MadeOver::OtherDigest { digest, .. }) => self.by_digest.get(digest).and_then(|n| self.all.get(*n)),
            None | Some(MadeOver::OtherKey { subject: None }) => self.all.iter().find(|(other, awaited)| {
                let may_look = || self.verified.fetch_add(1, Ordering::Relaxed) < VERIFICATIONS;
                other != own && may_look() && awaited.is_signed_by(value)
            }),
            Some(_) => None,
        };
        found.map(|(id, _)| id).filter(|id| *id != own)
    }
}

impl Value {
    fn is_signed_by(&self, value: &SignatureValue) -> bool {
        let (key, algorithm) = (self.certificate.key(), self.to_be_signed.algorithm());
        let forms = value_forms(value, key, algorithm).unwrap_or_default();
        forms.iter().any(|form| key.verify(algorithm, self.to_be_signed.as_bytes(), form))
    }
}

impl Mismatch {
    /// Whether it may be another session's value: nothing else is known to be wrong with it.
    #[must_use]
    pub fn may_be_of_another(&self) -> bool {
        let made_over = self.made_over.as_ref();
        made_over
            .is_none_or(|found| matches!(found, MadeOver::OtherDigest { .. } | MadeOver::OtherKey { subject: None }))
    }
}

// Wrong values cost a call no more than verifying so many.
const VERIFICATIONS: usize = 10_000;
