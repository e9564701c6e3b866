//! Which of several certificates of one key counts: after a renewal there are two, and one of them has run out.

use super::Certificate;
use crate::time::Time;

impl Certificate {
    /// The certificate to use out of a file that may hold several of one key, and the others of other keys.
    ///
    /// Of all that have the key of the first, the one that is valid at `now` is taken: one that is for signing rather
    /// than for proving who somebody is, and of several the one that began last. When none is valid, it is the one
    /// that ran out last. `None` for an empty list.
    #[must_use]
    pub fn choose(all: &[Certificate], now: Time) -> Option<(Certificate, Vec<Certificate>)> {
        let first = all.first()?;
        let (own, others): (Vec<_>, Vec<_>) =
            all.iter().cloned().partition(|one| one == first || one.key().is_same_key(first.key()));
        Some((newest_of(&own, Some(now))?.clone(), others))
    }
}

/// The certificate to use of several of one key, as [`Certificate::choose`] says; without a time the one that
/// began last.
pub(crate) fn newest_of(of_key: &[Certificate], now: Option<Time>) -> Option<&Certificate> {
    // Of equal ones the first counts: that is the one `min_by_key` gives.
    of_key.iter().min_by_key(|certificate| {
        let (from, to) = (certificate.not_before(), certificate.not_after());
        let is_for_else = !certificate.may_sign_documents() || certificate.is_for_authentication();
        let (standing, rank) = match now {
            Some(now) if to < now => (Standing::Expired, -to.as_unix()),
            // The one that begins first is the first that can be used.
            Some(now) if now < from => (Standing::NotYetValid, from.as_unix()),
            _ => (Standing::Valid, -from.as_unix()),
        };
        (standing, is_for_else, rank)
    })
}

/// The better the earlier.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Standing {
    Valid,
    Expired,
    NotYetValid,
}
