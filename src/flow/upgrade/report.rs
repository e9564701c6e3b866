//! What an upgrade did, as values.

use crate::error::Error;
use crate::signing::Level;
use crate::time::Time;

/// What an upgrade came to so far.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct UpgradeReport {
    /// The lowest level of the signatures that were not left out.
    pub level: Level,
    /// Whether nothing was to do.
    pub is_unchanged: bool,
    /// The time-stamps that were added, in order.
    pub time_stamps: Vec<AddedTimeStamp>,
    /// What was fetched about revocation.
    pub revocation: Vec<FetchedRevocation>,
    /// Signatures that stay as they are, by field or signature file, and why.
    pub left_out: Vec<(String, Error)>,
    /// Until when the last archive time-stamp counts: the end of its certificate.
    pub protected_until: Option<Time>,
}

/// A time-stamp that was added.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddedTimeStamp {
    /// The host that gave it, where it was named.
    pub host: Option<String>,
    /// The time of the stamp, with the fraction it carries.
    pub time: String,
    /// Its serial number in hexadecimal digits.
    pub serial: String,
    /// Its policy in dotted form.
    pub policy: String,
}

/// An OCSP response or a revocation list that was fetched and embedded.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FetchedRevocation {
    /// `ocsp` or `crl`.
    pub kind: &'static str,
    /// Where it was asked for.
    pub url: Option<String>,
    /// The moment that it speaks of.
    pub this_update: Time,
}

/// What an upgrade would take.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Forecast {
    /// Time-stamps.
    pub time_stamps: usize,
    /// What is known to be asked for otherwise. What the time-stamps' certificates need comes on top.
    pub fetches: Vec<crate::evidence::Fetch>,
    /// About how many bytes are added.
    pub bytes: u64,
}
