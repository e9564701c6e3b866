//! The climb from B-B to B-T, B-LT and B-LTA, as steps: what is needed, and what to do with it.
//!
//! In: a signed document, a plan, and answers of services as they come. Out: requests, and at last the document.
//! Nothing is sent here, and no clock is read. An answer is checked before anything is built on it. All is a function
//! of document, plan, moment and answers: so a saved upgrade is its answers, and resuming is doing it again.

mod plan;
mod report;

pub use plan::UpgradePlan;
pub use report::{AddedTimeStamp, FetchedRevocation, Forecast, UpgradeReport};

use crate::asice::Container;
use crate::digest::DigestAlgorithm;
use crate::error::{Error, Result};
use crate::evidence::{Evidence, Fetch};
use crate::flow::{Inputs, Signed};
use crate::limits::Limits;
use crate::output::Output;
use crate::pdf;
use crate::signing::Level;
use crate::time::{Moment, Time};

/// A signed document on its way to a higher level.
#[derive(Debug)]
pub struct Upgrade {
    plan: UpgradePlan,
}

/// What comes next.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step {
    /// The level is reached, or nothing more can be done: the document to write.
    Done(Output),
    /// Answers to these are needed, all of them; the same are named again until they are supplied.
    Need(Vec<Fetch>),
}

const TODO: Error = Error::Bug("not yet");

impl Upgrade {
    pub(super) fn of_pdf(_document: &pdf::Document, _plan: &UpgradePlan, _moment: Moment) -> Result<Self> {
        Err(TODO)
    }

    pub(super) fn of_container(_container: &Container, _plan: &UpgradePlan, _moment: Moment) -> Result<Self> {
        Err(TODO)
    }

    pub(super) fn of_signed(_signed: Signed, _plan: &UpgradePlan, _moment: Moment) -> Result<Self> {
        Err(TODO)
    }

    /// Takes up what [`Upgrade::to_state`] saved.
    ///
    /// # Errors
    /// [`Error::State`](crate::Error::State).
    pub fn resume(_state: &[u8], _inputs: impl Into<Inputs>, _limits: &Limits) -> Result<Self> {
        Err(TODO)
    }

    /// What is needed next, or the result.
    ///
    /// # Errors
    /// Why the level can't be reached: a fault of the document or its certificates, or an answer, or its lack, for
    /// which there is no substitute. What was reached is kept; after [`Upgrade::retry`] it can be tried again.
    pub fn step(&mut self) -> Result<Step> {
        Err(TODO)
    }

    /// Takes the answer to a request, in any order; `received` is the time when it came.
    ///
    /// An answer to something that was not asked is left alone. Whether it is good is said by the next step.
    pub fn supply(&mut self, _evidence: Evidence, _received: Time) {}

    /// Forgets failures and answers that were refused: the next step asks again.
    pub fn retry(&mut self) {}

    /// Time-stamps are asked for with another digest and policy from here on: services differ.
    ///
    /// # Errors
    /// As [`UpgradePlan::digest`] and [`UpgradePlan::policy`].
    pub fn stamp_with(&mut self, digest: DigestAlgorithm, policy: Option<&str>) -> Result<()> {
        let mut plan = self.plan.clone().digest(digest)?;
        plan.policy = None;
        self.plan = policy.map_or(Ok(plan.clone()), |policy| plan.policy(policy))?;
        Ok(())
    }

    /// The level that was reached: the lowest of the signatures that are not left out.
    #[must_use]
    pub fn reached(&self) -> Level {
        Level::Bb
    }

    /// The document as far as it got.
    ///
    /// # Errors
    /// Reading faults.
    pub fn output(&self) -> Result<Output> {
        Err(TODO)
    }

    /// What was done so far.
    #[must_use]
    pub fn report(&self) -> UpgradeReport {
        UpgradeReport {
            level: Level::Bb,
            is_unchanged: false,
            time_stamps: Vec::new(),
            revocation: Vec::new(),
            left_out: Vec::new(),
            protected_until: None,
        }
    }

    /// What it would take, before anything is asked.
    ///
    /// # Errors
    /// As [`Upgrade::step`].
    pub fn forecast(&mut self) -> Result<Forecast> {
        Err(TODO)
    }

    /// What to keep so that nothing that was reached is lost: the value that has verified, and every good answer.
    ///
    /// # Errors
    /// [`Error::Bug`](crate::Error::Bug) only.
    pub fn to_state(&self) -> Result<Vec<u8>> {
        Err(TODO)
    }
}
