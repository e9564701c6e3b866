//! Exchanges side by side: so many at once, fair by host, and one for all who ask the same.
//!
//! In: requests, and what to do with their answers. Out: the answers. Decided here and nowhere else: which request goes
//! next. A thread lives as long as there is something to send.

use std::collections::BTreeMap;
use std::fmt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::address::Address;
use crate::error::{ErrorCode, ServiceError};
use crate::evidence::{Evidence, Fetch};
use crate::provider::{Clock, Transport};
use crate::time::Time;

/// An answer, or why there is none, with the times when it was asked for and when it came.
#[derive(Debug, Clone)]
pub(super) struct Arrival {
    pub(super) evidence: Evidence,
    pub(super) asked: Time,
    pub(super) received: Time,
}

type Receiver = Box<dyn FnOnce(Arrival) + Send>;

/// The threads that wait for services.
pub(super) struct Pool {
    transport: Arc<dyn Transport>,
    clock: Arc<dyn Clock>,
    requests: usize,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    waiting: Vec<Job>,
    /// Exchanges that are going on, by host.
    running: BTreeMap<String, usize>,
    threads: usize,
    flights: BTreeMap<[u8; 32], Vec<Flight>>,
}

struct Job {
    fetch: Fetch,
    host: String,
    asked: Time,
    /// When this is set, it is not sent any more.
    unless: Option<Arc<AtomicBool>>,
    receiver: Receiver,
}

/// A question that is out, and who waits for its answer.
struct Flight {
    asked: Time,
    receivers: Vec<Receiver>,
}

impl Pool {
    pub(super) fn new(transport: Arc<dyn Transport>, clock: Arc<dyn Clock>, requests: usize) -> Arc<Self> {
        Arc::new(Pool { transport, clock, requests: requests.max(1), inner: Mutex::default() })
    }

    /// Sends `fetch`, and gives the answer to `receiver`, in another thread.
    pub(super) fn send(self: &Arc<Self>, fetch: Fetch, asked: Time, receiver: impl FnOnce(Arrival) + Send + 'static) {
        self.send_unless(None, fetch, asked, receiver);
    }

    /// As [`Pool::send`], but not after `unless` is set: then there is no answer.
    pub(super) fn send_unless(
        self: &Arc<Self>,
        unless: Option<Arc<AtomicBool>>,
        fetch: Fetch,
        asked: Time,
        receiver: impl FnOnce(Arrival) + Send + 'static,
    ) {
        let host = host_of(&fetch);
        self.push(Job { fetch, host, asked, unless, receiver: Box::new(receiver) });
    }

    /// How many requests are out or wait, by host.
    pub(super) fn waiting(&self) -> BTreeMap<String, usize> {
        let inner = self.lock();
        let mut all = inner.running.clone();
        for job in &inner.waiting {
            let count = all.entry(job.host.clone()).or_default();
            *count = count.saturating_add(1);
        }
        all
    }

    /// As [`Pool::send`], unless the same question is out already and not too old: then its answer serves.
    pub(super) fn ask(self: &Arc<Self>, fetch: Fetch, asked: Time, receiver: impl FnOnce(Arrival) + Send + 'static) {
        let id = fetch.id();
        let mut inner = self.lock();
        let flights = inner.flights.entry(id).or_default();
        let is_new_enough = |flight: &&mut Flight| fetch.not_older_than().is_none_or(|limit| flight.asked >= limit);
        if let Some(flight) = flights.iter_mut().find(is_new_enough) {
            flight.receivers.push(Box::new(receiver));
            return;
        }
        flights.push(Flight { asked, receivers: vec![Box::new(receiver)] });
        drop(inner);
        let pool = Arc::clone(self);
        self.send(fetch, asked, move |arrival| {
            for receiver in pool.landed(&id, asked) {
                receiver(arrival.clone());
            }
        });
    }

    fn landed(&self, id: &[u8; 32], asked: Time) -> Vec<Receiver> {
        let mut inner = self.lock();
        let Some(flights) = inner.flights.get_mut(id) else { return Vec::new() };
        let at = flights.iter().position(|flight| flight.asked == asked);
        let receivers = at.map(|at| flights.remove(at).receivers).unwrap_or_default();
        if flights.is_empty() {
            inner.flights.remove(id);
        }
        receivers
    }

    fn push(self: &Arc<Self>, job: Job) {
        let mut inner = self.lock();
        inner.waiting.push(job);
        // A host that has nothing running gets a thread of its own even when others hold all.
        if inner.next(self.requests).is_some() && inner.threads < 2 * self.requests {
            inner.threads += 1;
            let pool = Arc::clone(self);
            if std::thread::Builder::new().name("eseal-request".to_owned()).spawn(move || pool.work()).is_err() {
                inner.threads -= 1;
                if inner.threads == 0 {
                    drop(inner);
                    // Better slow than never.
                    self.lock().threads += 1;
                    self.work();
                }
            }
        }
    }

    fn work(&self) {
        loop {
            let mut inner = self.lock();
            let Some(job) = inner.next(self.requests).map(|at| inner.waiting.remove(at)) else {
                inner.threads = inner.threads.saturating_sub(1);
                return;
            };
            *inner.running.entry(job.host.clone()).or_default() += 1;
            drop(inner);
            let Job { fetch, host, asked, unless, receiver } = job;
            let is_withdrawn = unless.is_some_and(|unless| unless.load(Ordering::Relaxed));
            let exchange = || match is_withdrawn {
                true => Evidence::failure(fetch.id(), ServiceError::new(ErrorCode::ServiceOffline, fetch.role())),
                false => self.transport.exchange(&fetch),
            };
            let evidence = catch_unwind(AssertUnwindSafe(exchange)).unwrap_or_else(|_| {
                let fault = ServiceError::new(ErrorCode::ServiceUnreachable, fetch.role());
                Evidence::failure(fetch.id(), fault.host(host.clone()).detail("a panic was caught"))
            });
            let received = self.clock.now().unwrap_or(asked);
            {
                let mut inner = self.lock();
                if let Some(running) = inner.running.get_mut(&host) {
                    *running = running.saturating_sub(1);
                }
                inner.running.retain(|_, running| *running > 0);
            }
            // Whoever receives must not be able to end the thread: others wait for it.
            let _ = catch_unwind(AssertUnwindSafe(|| receiver(Arrival { evidence, asked, received })));
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    /// The job that goes next: of the hosts that wait, the one that has the least running; of its jobs the first.
    fn next(&self, requests: usize) -> Option<usize> {
        let all: usize = self.running.values().sum();
        let running = |job: &Job| self.running.get(&job.host).copied().unwrap_or(0);
        let (at, least) = self.waiting.iter().map(running).enumerate().min_by_key(|(_, running)| *running)?;
        (all < requests || (least == 0 && all < 2 * requests)).then_some(at)
    }
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pool").field("requests", &self.requests).finish_non_exhaustive()
    }
}

/// The host that a request goes to first.
fn host_of(fetch: &Fetch) -> String {
    let address = fetch.urls().first().and_then(|url| Address::parse(url));
    address.map(|address| address.host().to_owned()).unwrap_or_default()
}
