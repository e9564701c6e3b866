//! One unit on its way: which stage it is in, and what it waits for.

use std::sync::Arc;

use super::Settings;
use super::carrier::Wanted;
use super::plan::{Renew, UpgradePlan};
use crate::answers::ValidationData;
use crate::answers::timestamp::Request;
use crate::error::{Error, ErrorCode, Refusal};
use crate::evidence::Fetch;
use crate::signing::{Level, Stamp, Subject, TOKEN_BYTES};
use crate::time::Time;

/// What is to be done next, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stage {
    /// Get the first time-stamp.
    Stamp,
    /// Collect what proves signatures and time-stamps.
    Collect,
    /// Get an archive time-stamp.
    Archive,
    Done,
}

/// What gets time-stamps of its own.
#[derive(Debug)]
pub(super) struct Unit {
    pub(super) stage: Stage,
    pub(super) level: Level,
    pub(super) pending: Option<Pending>,
    /// Room for the token of a document time-stamp, in bytes.
    pub(super) room: usize,
    /// For each subject why it is left as it is.
    pub(super) left_out: Vec<Option<Error>>,
    /// What the document holds to prove it; read again after it was changed.
    pub(super) held: Option<Arc<ValidationData>>,
    /// How many time-stamps were taken: each has another nonce.
    pub(super) steps: u64,
}

/// A time-stamp that was asked for.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) wanted: Wanted,
    pub(super) request: Request,
    pub(super) fetch: Fetch,
    pub(super) settings: Settings,
}

impl Unit {
    /// Where a unit with these subjects begins.
    pub(super) fn new(subjects: &[Subject], plan: &UpgradePlan) -> Self {
        let left_out = faults(subjects);
        let sound = || subjects.iter().zip(&left_out).filter(|(_, fault)| fault.is_none()).map(|(subject, _)| subject);
        let has_sound = sound().next().is_some();
        let is_protected = has_sound && sound().all(|subject| subject.protector().is_some());
        let is_stamped = has_sound && sound().all(|subject| !subject.stamps.is_empty());
        let level = match (is_protected, is_stamped) {
            (true, _) => Level::Blta,
            (false, true) => Level::Bt,
            (false, false) => Level::Bb,
        };
        let ends = sound().filter_map(protected_until).min();
        let is_renewal = is_protected
            && plan.level == Level::Blta
            && match plan.renew {
                Renew::Never => false,
                Renew::Always => true,
                Renew::EndingBefore(time) => ends.is_some_and(|end| end < time),
            };
        let stage = match level {
            _ if !has_sound => Stage::Done,
            Level::Blta if is_renewal => Stage::Collect,
            level if level >= plan.level => Stage::Done,
            Level::Bb => Stage::Stamp,
            _ => Stage::Collect,
        };
        Unit { stage, level, pending: None, room: TOKEN_BYTES, left_out, held: None, steps: 0 }
    }

    /// Whether nothing of it can be raised.
    pub(super) fn is_left_out(&self) -> bool {
        self.left_out.iter().all(Option::is_some)
    }

    /// The stage after data were put in, or were there already.
    pub(super) fn after_data(&mut self, plan: &UpgradePlan) {
        self.level = self.level.max(Level::Blt);
        self.stage = if plan.level == Level::Blta { Stage::Archive } else { Stage::Done };
    }

    /// The stage after an archive time-stamp.
    pub(super) fn after_archive(&mut self) {
        self.level = Level::Blta;
        self.stage = Stage::Done;
    }

    /// The stage after the first time-stamp.
    pub(super) fn after_stamp(&mut self, plan: &UpgradePlan) {
        self.level = self.level.max(Level::Bt);
        self.stage = if plan.level > Level::Bt { Stage::Collect } else { Stage::Done };
    }
}

/// Until when the last archive time-stamp of a signature counts.
pub(super) fn protected_until(subject: &Subject) -> Option<Time> {
    subject.protector().and_then(ends)
}

/// When the certificate of a time-stamp ends.
pub(super) fn ends(stamp: &Stamp) -> Option<Time> {
    stamp.token.certificate().ok().map(|certificate| certificate.not_after())
}

/// For each subject why it can't be raised, whatever services say.
pub(super) fn faults(subjects: &[Subject]) -> Vec<Option<Error>> {
    subjects.iter().map(fault_of).collect()
}

fn fault_of(subject: &Subject) -> Option<Error> {
    let nameless = || Refusal::new(ErrorCode::SignatureBroken).file(&subject.name).detail("the signer is not known");
    match (&subject.fault, &subject.signer) {
        (Some(fault), _) => Some(fault.clone()),
        (None, None) => Some(nameless().into()),
        (None, Some(_)) => None,
    }
}
