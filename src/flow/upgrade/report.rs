//! What an upgrade did, as values.

use super::answers::{Answers, Content};
use super::carrier::Carrier;
use super::unit::{Stage, protected_until};
use super::{Evidences, Proof, Upgrade};
use crate::error::{Error, Result};
use crate::evidence::Fetch;
use crate::pki::path::Purpose;
use crate::signing::{Level, StampKind, TOKEN_BYTES};
use crate::source::to_u64;
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
    pub fetches: Vec<Fetch>,
    /// About how many bytes are added.
    pub bytes: u64,
}

impl Upgrade {
    /// What was done so far.
    #[must_use]
    pub fn report(&self) -> UpgradeReport {
        let mut left_out = Vec::new();
        let mut ends: Option<Time> = None;
        for (number, unit) in self.units.iter().enumerate() {
            for (subject, fault) in self.carrier.subjects(number).iter().zip(&unit.left_out) {
                match fault {
                    Some(error) => left_out.push((subject.name.clone(), error.clone())),
                    None => ends = [ends, protected_until(subject)].into_iter().flatten().min(),
                }
            }
        }
        UpgradeReport {
            level: self.reached(),
            is_unchanged: !self.carrier.is_changed() && self.is_done(),
            time_stamps: self.added.clone(),
            revocation: revocation(&self.answers),
            left_out,
            protected_until: ends,
        }
    }

    /// What it would take, before anything is asked.
    ///
    /// # Errors
    /// As [`Upgrade::step`].
    pub fn forecast(&mut self) -> Result<Forecast> {
        let mut forecast = Forecast { time_stamps: 0, fetches: Vec::new(), bytes: 0 };
        for (number, unit) in self.units.iter().enumerate() {
            if unit.is_left_out() || unit.stage == Stage::Done {
                continue;
            }
            let stamps = usize::from(unit.stage == Stage::Stamp) + usize::from(self.plan.level == Level::Blta);
            forecast.time_stamps = forecast.time_stamps.saturating_add(stamps);
            forecast.bytes = forecast.bytes.saturating_add(to_u64(stamps.saturating_mul(stamp_bytes(&self.carrier))));
            if self.plan.level < Level::Blt {
                continue;
            }
            forecast.bytes = forecast.bytes.saturating_add(DATA_BYTES);
            let held = self.carrier.held(number)?;
            for subject in self.carrier.subjects(number) {
                let known: Vec<_> = subject.certificates.clone();
                let (answers, limits) = (&self.answers, &self.plan.limits);
                let evidences = Evidences { plan: &self.plan, held: &held, known: &known, answers, limits };
                let is_protected = subject.stamps.iter().any(|stamp| stamp.kind == StampKind::Archive);
                let at = subject.existed_at().unwrap_or(self.moment.time());
                if let (false, Some(signer)) = (is_protected, &subject.signer)
                    && let Proof::Open(fetches) =
                        self.proved.prove(signer, Purpose::Signer, at, &evidences, &mut Vec::new())?
                {
                    let is_new = |fetch: &Fetch| forecast.fetches.iter().all(|other| other.id() != fetch.id());
                    let new: Vec<Fetch> = fetches.into_iter().filter(is_new).collect();
                    forecast.fetches.extend(new);
                }
            }
        }
        Ok(forecast)
    }
}

fn revocation(answers: &Answers) -> Vec<FetchedRevocation> {
    let found = answers.iter().filter_map(|(_, answer)| {
        let (kind, this_update) = match &answer.content {
            Ok(Content::Ocsp(response)) => ("ocsp", response.this_update()),
            Ok(Content::Crl(crl)) => ("crl", crl.this_update()),
            _ => return None,
        };
        Some(FetchedRevocation { kind, url: answer.url.clone(), this_update })
    });
    found.collect()
}

/// What a time-stamp adds: a PDF writes its room in hexadecimal digits, and objects around it.
fn stamp_bytes(carrier: &Carrier) -> usize {
    match carrier {
        Carrier::Pdf(_) | Carrier::Fresh(_) => 2 * TOKEN_BYTES + 2_048,
        Carrier::Container(_) => TOKEN_BYTES,
    }
}

/// What certificates and revocation data come to where no long list is among them.
const DATA_BYTES: u64 = 12 << 10;
