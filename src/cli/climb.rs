//! The way to a higher level: which one, whom to believe, whom to ask, and what comes of it.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use eseal::batch::SessionClimb;
use eseal::error::Misuse;
use eseal::service::{Services, SignerState, Unfinished};
use eseal::{Certificate, Error, ErrorCode, Level, Limits, Moment, Result, Time, Upgrade, UpgradePlan};

use super::asking::Asking;
use super::ledger::{Ledger, Note, Once};
use super::report::printable;
use super::run::{Ends, Ready};
use super::signing::{moment, read_certificates};
use super::{Outcome, Stop, args};
use crate::cli::config::Common;

/// What the documents of a run share on their way to a higher level.
pub(crate) struct Climb {
    trusted: Vec<Certificate>,
    known: Vec<Certificate>,
    renew: Renew,
    accept_lower: bool,
    pub(crate) asking: Asking,
    moment: Moment,
    limits: Limits,
    plans: Mutex<BTreeMap<Level, UpgradePlan>>,
    services: OnceLock<Services>,
    has_warned: AtomicBool,
    /// Who signs all of the run, and the level that all of it is to reach.
    signer: Option<(Vec<Certificate>, Level)>,
    told: Once,
    ledger: Arc<Ledger>,
}

/// What is done with a document that is at the level already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Renew {
    Never,
    Always,
    EndingBefore(Time),
}

/// How a climb ended.
pub(crate) type Climbed = Result<Upgrade, Box<Unfinished>>;

impl Climb {
    /// What was typed, with `chain` as certificates that may be issuers.
    pub(crate) fn new(
        args: &args::Climb,
        chain: &[PathBuf],
        time: &args::Moment,
        ask: Option<&Path>,
        common: &Common,
    ) -> Outcome<Climb> {
        let moment = moment(time)?;
        let read = |paths: &[PathBuf]| -> Outcome<Vec<Certificate>> {
            let mut all = Vec::new();
            for path in paths {
                all.extend(read_certificates(path, &common.limits)?);
            }
            Ok(all)
        };
        Ok(Climb {
            trusted: read(&args.trust)?,
            known: read(chain)?,
            renew: Renew::Never,
            accept_lower: args.accept_lower,
            asking: Asking::climbing(args, ask, time.time.as_ref().map(|_| moment.time()), common)?,
            moment,
            limits: common.limits.clone(),
            plans: Mutex::default(),
            services: OnceLock::new(),
            has_warned: AtomicBool::new(false),
            signer: None,
            told: Once::default(),
            ledger: Arc::clone(&common.ledger),
        })
    }

    /// The same for what is done now, over no folder of open requests.
    pub(crate) fn now(args: &args::Climb, chain: &[PathBuf], common: &Common) -> Outcome<Climb> {
        Climb::new(args, chain, &args::Moment { time: None, nonce: None }, None, common)
    }

    /// All documents are signed by the first of these certificates, and raised to `level`: what speaks against it ends
    /// the run.
    pub(crate) fn signed_by(self, chain: &[Certificate], level: Level) -> Climb {
        Climb { signer: Some((chain.to_vec(), level)), ..self }
    }

    /// With another moment than the one that was typed or drawn.
    pub(crate) fn at(self, moment: Moment) -> Climb {
        Climb { moment, ..self }
    }

    /// What is done with documents that are at the level already.
    pub(crate) fn renewing(self, renew: Renew) -> Climb {
        Climb { renew, plans: Mutex::default(), ..self }
    }

    /// The moment that those of all documents are derived from.
    pub(crate) fn moment(&self) -> Moment {
        self.moment
    }

    /// What is missing for this level, in words.
    pub(crate) fn check(&self, level: Level) -> Result<()> {
        if level > Level::Bb && !self.asking.has_somebody() {
            return Err(Misuse::new("a level above B-B needs --tsa URL, or answers with --evidence DIR").into());
        }
        if level > Level::Bt && self.trusted.is_empty() {
            return Err(Misuse::new("B-LT and B-LTA need --trust FILE").into());
        }
        Ok(())
    }

    /// As [`Climb::check`], as wrong use of the command.
    pub(crate) fn check_use(&self, level: Level) -> Outcome<()> {
        match self.check(level) {
            Err(Error::Misuse(misuse)) => Err(Stop::Usage(misuse.what.into())),
            other => other.map_err(Stop::about("--level")),
        }
    }

    /// What is to be said once a run where time-stamps are believed without a path.
    pub(crate) fn warning(&self, level: Level) -> Option<String> {
        let is_first = || !self.has_warned.swap(true, Ordering::Relaxed);
        (level == Level::Bt && self.trusted.is_empty() && is_first()).then(|| NOT_CHECKED.to_owned())
    }

    /// The plan for this level.
    pub(crate) fn plan(&self, level: Level) -> Result<UpgradePlan> {
        let mut plans = self.plans.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(plan) = plans.get(&level) {
            return Ok(plan.clone());
        }
        let plan = UpgradePlan::new(level, self.trusted.iter().cloned())?
            .known(self.known.iter().cloned())
            .limits(&self.limits);
        let plan = match self.renew {
            Renew::Never => plan,
            Renew::Always => plan.renew(),
            Renew::EndingBefore(time) => plan.renew_ending_before(time),
        };
        plans.insert(level, plan.clone());
        Ok(plan)
    }

    /// The services; `workers` threads do what lies between their answers.
    pub(crate) fn services(&self, workers: usize, ends: &Ends) -> Outcome<Services> {
        self.asking.services(workers, &self.limits, ends)
    }

    /// What sessions have to know of all this.
    pub(crate) fn of_sessions<'a>(&self, services: &'a Services) -> SessionClimb<'a> {
        let climb = SessionClimb::new(services, self.trusted.clone()).known(self.known.clone());
        if self.accept_lower { climb.accept_lower() } else { climb }
    }

    /// Raises all of them as far as they get, and hands them back in their order.
    pub(crate) fn complete_all(&self, upgrades: Vec<Upgrade>, workers: usize, ends: &Ends) -> Outcome<Vec<Climbed>> {
        let services = match self.services.get() {
            Some(services) => services,
            // Whoever raises nothing needs no services.
            None => {
                let services = self.asking.services(workers, &self.limits, ends)?;
                self.ledger.watch(services.gauge());
                self.services.get_or_init(|| services)
            }
        };
        self.check_path(services)?;
        let climbed = services.complete_all(upgrades);
        self.tell_signers(services);
        Ok(climbed)
    }

    /// Ends the run where the signer's certificate leads to nobody who is trusted: no document would get there.
    fn check_path(&self, services: &Services) -> Outcome<()> {
        let Some((chain, level)) = self.signer.as_ref().filter(|(_, level)| *level > Level::Bt) else { return Ok(()) };
        if self.accept_lower || self.asking.is_offline() {
            return Ok(());
        }
        let plan = self.plan(*level).map_err(Stop::about("--trust"))?;
        match services.signer_state(&plan, chain) {
            Ok(SignerState::Unknown(Error::Certificate(fault))) if fault.code == ErrorCode::CertificatePath => {
                Err(Stop::Error("the signer's certificate".into(), fault.shared().into()))
            }
            _ => Ok(()),
        }
    }

    /// Says of whom nobody knows whether he is revoked.
    pub(crate) fn tell_signers(&self, services: &Services) {
        for (signer, state) in services.signers() {
            let Ok(SignerState::Unknown(error)) = state else { continue };
            if error.code() != ErrorCode::Cancelled && self.told.is_new(&signer.sha256().to_hex()) {
                let subject = printable(signer.subject());
                let text = format!(
                    "eseal: {subject}: whether it is revoked was not known before the first time-stamp: {error} [{}]",
                    error.code()
                );
                self.ledger.say_later(Note::new("signer-unknown", text));
            }
        }
    }

    /// Whether all signers that were asked about are revoked, or on hold.
    pub(crate) fn is_every_signer_refused(&self) -> bool {
        let signers = self.services.get().map(Services::signers).unwrap_or_default();
        !signers.is_empty() && signers.iter().all(|(_, state)| state.is_err())
    }

    /// What speaks against the certificate that all documents are signed with is the run's fault.
    fn of_run(&self, error: Error) -> Error {
        let signer = self.signer.as_ref().and_then(|(chain, _)| chain.first());
        match (error, signer) {
            (Error::Certificate(fault), Some(signer)) if fault.speaks_against(&signer.sha256()) => {
                fault.shared().into()
            }
            (error, _) => error,
        }
    }

    /// The document as far as it got, and why it is not to be written, if so.
    pub(crate) fn settle(&self, name: &str, wanted: Level, climbed: Climbed, ready: &mut Ready) -> (Upgrade, bool) {
        let unfinished = match climbed {
            Ok(upgrade) => return (upgrade, true),
            Err(unfinished) => *unfinished,
        };
        let Unfinished { error, upgrade, .. } = unfinished;
        let reached = upgrade.reached();
        if self.accept_lower && may_stay_lower(&error) {
            let name = printable(name);
            let text = format!("eseal: {name}: {reached} instead of {wanted}: {error} [{}]", error.code());
            ready.notes.push(Note::new("level-lower", text));
            return (upgrade, true);
        }
        ready.unfinished = Some((self.of_run(error), reached));
        (upgrade, false)
    }
}

/// Whether a document may be written at the level that was reached. What says that the signature is worth nothing,
/// and what the services have no part in, is no matter of levels.
fn may_stay_lower(error: &Error) -> bool {
    match error {
        Error::Service(_) => true,
        Error::Certificate(error) => error.code == ErrorCode::CertificatePath,
        _ => false,
    }
}

const NOT_CHECKED: &str = "eseal: without --trust nobody checks who gave the time-stamps";
