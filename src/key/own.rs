//! Which of several certificates of one key is used.

use crate::error::{ErrorCode, KeyError, Result};
use crate::pki::{self, Certificate};
use crate::time::Time;

/// The certificates of a key, and those among which their issuers are.
#[derive(Clone)]
pub(super) struct Own {
    of_key: Vec<Certificate>,
    others: Vec<Certificate>,
}

impl Own {
    /// Takes the certificates of a key, by `is_own`, out of those that were `given` and those that were `found` with
    /// the key. When the first of those given is the key's, it was named, and no other counts.
    ///
    /// # Errors
    /// `key.certificate` when there is none.
    pub(super) fn new(
        given: &[Certificate],
        found: Vec<Certificate>,
        is_own: impl Fn(&Certificate) -> bool,
    ) -> Result<Own> {
        let named = given.first().filter(|first| is_own(first)).cloned();
        let all = given.iter().cloned().chain(found);
        let (mut of_key, others): (Vec<_>, Vec<_>) = all.partition(|certificate| is_own(certificate));
        if let Some(named) = named {
            of_key = vec![named];
        }
        if of_key.is_empty() {
            return Err(KeyError::new(ErrorCode::KeyCertificate).into());
        }
        Ok(Own { of_key, others })
    }

    /// All certificates of the key among which one is taken.
    pub(super) fn of_key(&self) -> &[Certificate] {
        &self.of_key
    }

    /// The certificate to use at `now`, and its issuers behind it.
    pub(super) fn chain(&self, now: Option<Time>) -> Vec<Certificate> {
        let Some(own) = pki::newest_of(&self.of_key, now) else { return Vec::new() };
        let (issuers, _) = pki::issuers(own, &self.others);
        std::iter::once(own.clone()).chain(issuers).collect()
    }
}
