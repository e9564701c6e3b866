//! Drives upgrades over a network, or over files: one, or many that share what they ask.
//!
//! In: upgrades, services to ask, a way to reach them. Out: upgrades that have arrived, or as far as they got and why.
//! Decided here: whom to ask and when, what is tried again, and what serves more than one document. What an answer says
//! is the upgrade's affair.

use std::fmt;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

#[cfg_attr(not(feature = "http"), allow(dead_code, reason = "the HTTP client alone needs all of it"))]
mod address;
mod cache;
mod complete;
mod fetch;
mod folder;
mod gauge;
#[cfg(feature = "http")]
mod http;
mod pace;
mod pool;
mod questions;
mod signers;
mod stamps;
#[cfg(test)]
mod tests;
#[cfg_attr(not(feature = "http"), allow(dead_code, reason = "the HTTP client alone needs all of it"))]
mod tsa;
mod work;

pub use cache::Cache;
pub use fetch::Fetched;
pub use folder::FolderTransport;
pub use gauge::Gauge;
#[cfg(feature = "http")]
pub use http::{Http, HttpSettings};
pub use signers::SignerState;
pub use tsa::Tsa;

use crate::error::{Error, ErrorCode, Result, ServiceError};
use crate::flow::Upgrade;
use crate::limits::Limits;
use crate::provider::{Clock, Transport};
use gauge::Meter;
use pace::Pace;
use pool::Pool;
use signers::Signers;

/// Services and how they are used. What it learns about them lasts as long as it does: one run, one value.
pub struct Services {
    pool: Arc<Pool>,
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    tsas: Vec<Tsa>,
    paces: Vec<Mutex<Pace>>,
    cache: Cache,
    is_offline: bool,
    requests: usize,
    workers: usize,
    patience: Duration,
    /// The first wait before something is tried again; it doubles.
    unit: Duration,
    cancel: Arc<AtomicBool>,
    /// What ends it in order, and how long that may take.
    finish: Option<(Arc<AtomicBool>, Duration)>,
    /// When that is over.
    deadline: OnceLock<Instant>,
    signers: Signers,
    meter: Arc<Meter>,
}

impl Services {
    /// Asks over `transport`, 16 requests at once, with one worker for steps and a cache in memory.
    #[must_use]
    pub fn new(transport: Arc<dyn Transport>, clock: Arc<dyn Clock>) -> Self {
        Services {
            pool: Pool::new(Arc::clone(&transport), Arc::clone(&clock), REQUESTS),
            transport,
            clock,
            tsas: Vec::new(),
            paces: Vec::new(),
            cache: Cache::default(),
            is_offline: false,
            requests: REQUESTS,
            workers: 1,
            patience: PATIENCE,
            unit: UNIT,
            cancel: Arc::default(),
            finish: None,
            deadline: OnceLock::new(),
            signers: Signers::default(),
            meter: Arc::default(),
        }
    }

    /// Time-stamping services in order of preference. The next one is asked when one fails, rests after a fault, has
    /// reached its rate, or has spent its budget.
    #[must_use]
    pub fn tsas(self, tsas: Vec<Tsa>) -> Self {
        Services { tsas, ..self }.paced()
    }

    /// How many requests may be out at once; at least one.
    #[must_use]
    pub fn requests(self, requests: usize) -> Self {
        let requests = requests.max(1);
        let pool = Pool::new(Arc::clone(&self.transport), Arc::clone(&self.clock), requests);
        Services { requests, pool, ..self }.paced()
    }

    /// How many threads do the steps of many upgrades; at least one.
    #[must_use]
    pub fn workers(self, workers: usize) -> Self {
        Services { workers: workers.max(1), ..self }
    }

    /// Nobody is asked: answers come from files, or requests go there. Only the first of the time-stamping services
    /// counts then, for its digest and policy, and neither its rate nor its budget.
    #[must_use]
    pub fn offline(self) -> Self {
        Services { is_offline: true, ..self }.paced()
    }

    /// The answers that are shared.
    #[must_use]
    pub fn cache(self, cache: Cache) -> Self {
        Services { cache, ..self }
    }

    /// How long a question waits for the time-stamps that it shall be newer than, and for its own repetition:
    /// 20 seconds, as long as an exchange may take.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Services { patience, ..self }
    }

    /// Stops when `stop` is set: upgrades that have not arrived end with [`Error::Cancelled`].
    #[must_use]
    pub fn cancel_on(self, stop: &Arc<AtomicBool>) -> Self {
        Services { cancel: Arc::clone(stop), ..self }
    }

    /// Ends in order when `stop` is set: from then on no upgrade gets its first time-stamp. What holds one, or has
    /// asked a service for it, is finished, also with the archive time-stamp that it lacks, as long as that takes less
    /// than `within` from when it is noticed. The others end with [`Error::Cancelled`].
    #[must_use]
    pub fn finish_on(self, stop: &Arc<AtomicBool>, within: Duration) -> Self {
        Services { finish: Some((Arc::clone(stop), within)), ..self }
    }

    /// A look at what they are doing.
    #[must_use]
    pub fn gauge(&self) -> Gauge {
        Gauge::new(&self.pool, &self.meter)
    }

    /// Drives one upgrade until its level is reached; [`Upgrade::step`] and [`Upgrade::output`] then give the document.
    ///
    /// As with [`Services::complete_all`], a signer who is revoked buys no time-stamp.
    ///
    /// # Errors
    /// What the upgrade says, or a service. The upgrade comes with it as far as it got: it can be saved, or tried again.
    pub fn complete(&self, mut upgrade: Upgrade) -> Result<Upgrade, Box<Unfinished>> {
        if let Some(error) = self.turned_down(&upgrade) {
            return finished(upgrade, Some(Err(error)));
        }
        let result = complete::complete_all(self, std::slice::from_mut(&mut upgrade)).pop();
        finished(upgrade, result)
    }

    /// Drives many at once: all time-stamps first, then each question once, which serves all who have it.
    ///
    /// The results are in the order given; one failure is one document's failure.
    ///
    /// For what was signed here and has no time-stamp yet, and is to reach B-LT or more, it is asked first whether the
    /// signer is revoked: see [`Services::signer_state`]. What he has signed then ends with that, and costs no
    /// time-stamp. Where nobody knows, it goes on; without a network nobody is asked.
    pub fn complete_all(&self, upgrades: Vec<Upgrade>) -> Vec<Result<Upgrade, Box<Unfinished>>> {
        let mut ends = Vec::with_capacity(upgrades.len());
        let mut open = Vec::with_capacity(upgrades.len());
        for upgrade in upgrades {
            match self.turned_down(&upgrade) {
                Some(error) => ends.push(Some(finished(upgrade, Some(Err(error))))),
                None => {
                    ends.push(None);
                    open.push(upgrade);
                }
            }
        }
        let results = complete::complete_all(self, &mut open);
        let mut driven = open.into_iter().zip(results);
        let ends = ends
            .into_iter()
            .filter_map(|end| end.or_else(|| driven.next().map(|(upgrade, result)| finished(upgrade, Some(result)))));
        ends.collect()
    }

    /// Brings answers to the requests in `directory` that have none there: those that a run without network wrote.
    ///
    /// The request for a time-stamp goes to the services in order of preference until one answers it. What an answer
    /// says is looked at by the run that asked.
    ///
    /// # Errors
    /// What the system says about the directory; what became of a request is said with it.
    pub fn fetch(&self, directory: &Path, limits: &Limits) -> Result<Vec<Fetched>> {
        fetch::fetch(self, directory, limits)
    }

    /// Gives each service a pace of its own.
    fn paced(mut self) -> Self {
        if self.is_offline {
            self.tsas.truncate(1);
            self.tsas.iter_mut().for_each(|tsa| (tsa.rate, tsa.budget) = (None, None));
        }
        // A few more than are sent at once, so that the next one is at hand when an answer comes.
        let most = self.requests.saturating_add(self.requests / 4);
        let paces = self.tsas.iter().map(|tsa| Mutex::new(Pace::new(tsa, most, self.unit))).collect();
        let meter = Meter::of(self.tsas.iter().map(|tsa| tsa.url.clone()));
        Services { paces, meter, ..self }
    }

    fn with_pace<R: Default>(&self, tsa: usize, look: impl FnOnce(&mut Pace) -> R) -> R {
        let pace = self.paces.get(tsa).map(|pace| pace.lock().unwrap_or_else(PoisonError::into_inner));
        pace.map(|mut pace| look(&mut pace)).unwrap_or_default()
    }

    /// How long a service wants to be left alone.
    fn rest_of(&self, fault: &ServiceError) -> Duration {
        let until = fault.time.filter(|_| fault.code == ErrorCode::ServiceUnavailable);
        let left = until.zip(self.clock.now().ok()).map(|(until, now)| until.as_unix().saturating_sub(now.as_unix()));
        match left.and_then(|left| u64::try_from(left).ok()) {
            Some(seconds) => Duration::from_secs(seconds),
            None if fault.status == Some(429) => pace::LONGEST,
            None => Duration::ZERO,
        }
    }
}

impl fmt::Debug for Services {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Services").field("tsas", &self.tsas).field("requests", &self.requests).finish_non_exhaustive()
    }
}

/// An upgrade that did not arrive: nothing that was reached is lost.
#[derive(Debug)]
#[non_exhaustive]
pub struct Unfinished {
    /// Why.
    pub error: Error,
    /// As far as it got.
    pub upgrade: Upgrade,
}

impl fmt::Display for Unfinished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for Unfinished {}

fn finished(upgrade: Upgrade, result: Option<Result<()>>) -> Result<Upgrade, Box<Unfinished>> {
    match result.unwrap_or(Err(Error::Bug("an upgrade has no result"))) {
        Ok(()) => Ok(upgrade),
        Err(error) => Err(Box::new(Unfinished { error, upgrade })),
    }
}

const REQUESTS: usize = 16;
const UNIT: Duration = Duration::from_secs(1);
const PATIENCE: Duration = Duration::from_secs(20);
