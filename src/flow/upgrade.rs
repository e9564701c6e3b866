//! The climb from B-B to B-T, B-LT and B-LTA, as steps: what is needed, and what to do with it.
//!
//! In: a signed document, a plan, and answers of services as they come. Out: requests, and at last the document.
//! Nothing is sent here, and no clock is read. An answer is checked before anything is built on it. All is a function
//! of document, plan, moment and answers: so a saved upgrade is its answers, and resuming is doing it again.

mod advance;
mod answers;
mod carrier;
mod collect;
mod early;
mod plan;
mod report;
mod saved;
mod unit;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

pub use early::SignerQuestion;
pub use plan::UpgradePlan;
pub use report::{AddedTimeStamp, FetchedRevocation, Forecast, UpgradeReport};

use self::answers::Answers;
use self::carrier::{Carrier, Fresh};
use self::collect::{Evidences, Proof, Proved};
use self::unit::{Stage, Unit, faults};
use crate::asice::{self, Container};
use crate::digest::DigestAlgorithm;
use crate::error::{ErrorCode, Refusal, Result};
use crate::evidence::{Evidence, Fetch, Role};
use crate::flow::essentials::{Body, Essentials};
use crate::flow::{Format, Inputs};
use crate::output::Output;
use crate::pades;
use crate::pdf;
use crate::pki::Certificate;
use crate::signing::Level;
use crate::time::{Moment, Time};

/// A signed document on its way to a higher level.
///
/// ```no_run
/// # fn send(_: &eseal::Fetch) -> eseal::Evidence { unimplemented!() }
/// # fn now() -> eseal::Time { unimplemented!() }
/// # fn main() -> eseal::Result<()> {
/// # let (document, root, moment): (eseal::Document, eseal::Certificate, eseal::Moment) = unimplemented!();
/// use eseal::{Level, Step, UpgradePlan};
///
/// let plan = UpgradePlan::new(Level::Blt, [root])?;
/// let mut upgrade = document.upgrade(&plan, moment)?;
/// let output = loop {
///     match upgrade.step()? {
///         Step::Done(output) => break output,
///         Step::Need(fetches) => fetches.iter().for_each(|fetch| upgrade.supply(send(fetch), now())),
///         _ => unreachable!(),
///     }
/// };
/// # let _ = output;
/// # Ok(())
/// # }
/// ```
pub struct Upgrade {
    plan: UpgradePlan,
    moment: Moment,
    carrier: Carrier,
    units: Vec<Unit>,
    /// Open requests by their id.
    asked: BTreeMap<[u8; 32], Fetch>,
    answers: Answers,
    proved: Proved,
    added: Vec<AddedTimeStamp>,
    origin: Began,
    /// How the time-stamps were asked for that were taken, by unit and step.
    settings: BTreeMap<(u64, u64), Settings>,
}

/// What an upgrade began with.
#[derive(Debug)]
enum Began {
    Signed(Arc<Signature>),
    /// The length of what somebody signed.
    Document(u64),
}

/// A signature that was made here.
#[derive(Debug)]
struct Signature {
    essentials: Essentials,
    /// In the encoding of CMS.
    value: Vec<u8>,
}

/// How a time-stamp is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Settings {
    digest: DigestAlgorithm,
    policy: Option<String>,
    has_nonce: bool,
}

/// What comes next.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step {
    /// The level is reached, or there is nothing to do: the document to write.
    Done(Output),
    /// Answers to these are needed, all of them; the same are named again until they are supplied.
    Need(Vec<Fetch>),
}

impl Upgrade {
    pub(super) fn of_pdf(document: &pdf::Document, plan: &UpgradePlan, moment: Moment) -> Result<Self> {
        let extension = pades::Extension::open(document, &[plan.digest])?;
        Upgrade::new(Carrier::Pdf(Box::new(extension)), Began::Document(document.source().len()), plan, moment)
    }

    pub(super) fn of_container(container: &Container, plan: &UpgradePlan, moment: Moment) -> Result<Self> {
        let extension = asice::Extension::open(container, &[plan.digest])?;
        Upgrade::new(Carrier::Container(Box::new(extension)), Began::Document(container.source().len()), plan, moment)
    }

    pub(super) fn of_signed(
        inputs: Inputs,
        essentials: Essentials,
        value: Vec<u8>,
        plan: &UpgradePlan,
        moment: Moment,
    ) -> Result<Self> {
        let signature = Arc::new(Signature { essentials, value });
        let Signature { essentials, value } = &*signature;
        let carrier = match &essentials.body {
            Body::Pdf(_) => Carrier::Fresh(Box::new(Fresh::new(inputs, Arc::clone(&signature), &plan.limits)?)),
            Body::Container(draft) => {
                let given = match draft.is_new() {
                    true => asice::Given::Files(inputs.files()?.to_vec()),
                    false => asice::Given::Container(inputs.document()?.clone()),
                };
                let extension = asice::Extension::signed(draft, given, value, essentials.algorithm, &plan.limits)?;
                Carrier::Container(Box::new(extension))
            }
        };
        Upgrade::new(carrier, Began::Signed(signature), plan, moment)
    }

    fn new(carrier: Carrier, origin: Began, plan: &UpgradePlan, moment: Moment) -> Result<Self> {
        let units: Vec<Unit> = (0..carrier.units()).map(|unit| Unit::new(carrier.subjects(unit), plan)).collect();
        let mut faults = units.iter().flat_map(|unit| &unit.left_out);
        match faults.clone().next() {
            None => return Err(Refusal::new(ErrorCode::DocumentUnsigned).into()),
            Some(Some(first)) if faults.all(Option::is_some) => return Err(first.clone()),
            _ => {}
        }
        Ok(Upgrade {
            plan: plan.clone(),
            moment,
            carrier,
            units,
            asked: BTreeMap::new(),
            answers: Answers::default(),
            proved: Proved::default(),
            added: Vec::new(),
            origin,
            settings: BTreeMap::new(),
        })
    }

    /// What is needed next, or the result.
    ///
    /// # Errors
    /// Why the level can't be reached: a fault of the document or its certificates, or an answer, or its lack, for
    /// which there is no substitute. What was reached is kept; after [`Upgrade::retry`] it can be tried again.
    pub fn step(&mut self) -> Result<Step> {
        match self.needs()? {
            open if open.is_empty() => self.output().map(Step::Done),
            open => Ok(Step::Need(open)),
        }
    }

    /// Goes on as far as the answers allow; what is needed next, nothing where it is done.
    pub(crate) fn needs(&mut self) -> Result<Vec<Fetch>> {
        // What is asked about revocation has to be later than all of the first time-stamps.
        let mut open = self.advance_all(Stage::Stamp)?;
        if open.is_empty() {
            open = self.advance_all(Stage::Done)?;
        }
        if !open.is_empty() {
            self.asked = open.iter().map(|fetch| (fetch.id(), fetch.clone())).collect();
            return Ok(open);
        }
        // One signature that can't be raised does not stop the others; where there are no others, it is the result.
        let mut faults = self.units.iter().flat_map(|unit| &unit.left_out);
        match faults.clone().flatten().next() {
            Some(first) if faults.all(Option::is_some) => Err(first.clone()),
            _ => Ok(Vec::new()),
        }
    }

    /// Brings all units on, but not beyond a stage, and puts together what they need.
    fn advance_all(&mut self, last: Stage) -> Result<Vec<Fetch>> {
        let mut open: Vec<Fetch> = Vec::new();
        for number in 0..self.units.len() {
            for fetch in self.advance(number, last)? {
                match open.iter_mut().find(|other| other.id() == fetch.id()) {
                    // One answer for both has to be of the later time.
                    Some(other) if other.not_older_than() < fetch.not_older_than() => *other = fetch,
                    Some(_) => {}
                    None => open.push(fetch),
                }
            }
        }
        Ok(open)
    }

    /// Takes the answer to a request, in any order; `received` is the time when it came.
    ///
    /// An answer to something that was not asked is left alone. Whether it is good is said by the next step.
    pub fn supply(&mut self, evidence: Evidence, received: Time) {
        if let Some(fetch) = self.asked.get(&evidence.fetch_id()) {
            self.answers.add(fetch, &evidence, received, &self.plan.limits);
        }
    }

    /// Forgets failures and answers that were refused, and takes up again what was left out for them: the next step
    /// asks again.
    pub fn retry(&mut self) {
        self.answers.forget_failures();
        for (number, unit) in self.units.iter_mut().enumerate() {
            unit.left_out = faults(self.carrier.subjects(number));
        }
    }

    /// Time-stamps are asked for with another digest and policy from here on: services differ.
    ///
    /// # Errors
    /// As [`UpgradePlan::digest`] and [`UpgradePlan::policy`].
    pub fn stamp_with(&mut self, digest: DigestAlgorithm, policy: Option<&str>) -> Result<()> {
        if digest == self.plan.digest && policy == self.plan.policy.as_deref() {
            return Ok(());
        }
        let plan = UpgradePlan { policy: None, ..self.plan.clone() }.digest(digest)?;
        self.plan = match policy {
            Some(policy) => plan.policy(policy)?,
            None => plan,
        };
        self.units.iter_mut().for_each(|unit| unit.pending = None);
        Ok(())
    }

    /// Time-stamps are asked for with a nonce from here on, or without.
    pub(crate) fn stamp_nonce(&mut self, is_sent: bool) {
        if is_sent != self.plan.has_nonce {
            self.plan.has_nonce = is_sent;
            self.units.iter_mut().for_each(|unit| unit.pending = None);
        }
    }

    /// The certificates of whoever signed it here, first his own, while no time-stamp was bought for it and the level
    /// wants to know whether he is revoked.
    pub(crate) fn signer_to_ask_about(&self) -> Option<(&UpgradePlan, &[Certificate])> {
        let Began::Signed(signature) = &self.origin else { return None };
        let is_unstamped = self.units.iter().any(|unit| unit.stage == Stage::Stamp && !unit.is_left_out());
        let is_to_buy = is_unstamped && self.answers.count(Role::Timestamp) == 0;
        (is_to_buy && self.plan.level > Level::Bt).then_some((&self.plan, &signature.essentials.certificates))
    }

    /// The format of the document.
    #[must_use]
    pub fn format(&self) -> Format {
        match &self.carrier {
            Carrier::Pdf(_) | Carrier::Fresh(_) => Format::Pdf,
            Carrier::Container(_) => Format::Asice,
        }
    }

    /// The level that was reached: the lowest of the signatures that are not left out.
    #[must_use]
    pub fn reached(&self) -> Level {
        let are_all_left_out = self.units.iter().all(Unit::is_left_out);
        let raised = self.units.iter().filter(|unit| are_all_left_out || !unit.is_left_out());
        raised.map(|unit| unit.level).min().unwrap_or(Level::Bb)
    }

    /// The document as far as it got.
    ///
    /// # Errors
    /// Reading faults.
    pub fn output(&self) -> Result<Output> {
        let modified = match &self.origin {
            Began::Signed(signature) => signature.essentials.moment.time(),
            Began::Document(_) => self.moment.time(),
        };
        self.carrier.output(modified)
    }

    /// Whether every unit is done.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.units.iter().all(|unit| unit.stage == Stage::Done)
    }
}

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let stages: Vec<Stage> = self.units.iter().map(|unit| unit.stage).collect();
        f.debug_struct("Upgrade").field("level", &self.plan.level).field("stages", &stages).finish_non_exhaustive()
    }
}
