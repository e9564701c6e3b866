//! Many climbs at once, driven by one loop: steps go to workers, requests to the pool, and what comes back decides.
//!
//! In: climbs. Out: climbs that have arrived, or why not. Decided here and nowhere else: which time-stamping service a
//! climb asks, when a question is sent, and what is tried again.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::Services;
use super::pace::{LONGEST, Ticket};
use super::pool::Arrival;
use super::questions::Questions;
use super::work::{Climb, Next, StampWith, Task, Tasks};
use crate::error::{Error, ErrorCode, Result};
use crate::evidence::{Evidence, Fetch, Role};
use crate::time::Time;

/// Drives all of them, and says in the order given what became of each.
pub(super) fn complete_all<C: Climb>(services: &Services, climbs: &mut [C]) -> Vec<Result<()>> {
    let slots: Vec<Mutex<&mut C>> = climbs.iter_mut().map(Mutex::new).collect();
    let count = slots.len();
    let perform = |task: Task| {
        let index = task.index;
        let Some(slot) = slots.get(index) else { return Event::Stepped(index, Err(Error::Bug("no such climb"))) };
        Event::Stepped(index, task.run(*slot.lock().unwrap_or_else(PoisonError::into_inner)))
    };
    let tasks = Tasks::new();
    let (sender, receiver) = mpsc::channel();
    // A single one needs no other thread.
    let workers = if count > 1 { services.workers.min(count) } else { 0 };
    std::thread::scope(|scope| {
        let _closing = tasks.close_on_drop();
        for _ in 0..workers {
            let (sender, tasks, perform) = (sender.clone(), &tasks, &perform);
            scope.spawn(move || {
                while let Some(task) = tasks.take() {
                    if sender.send(perform(task)).is_err() {
                        break;
                    }
                }
            });
        }
        let tasks = (workers > 0).then_some(&tasks);
        let mut run = Run::new(services, count, sender, tasks, &perform);
        (0..count).for_each(|index| run.begin(index));
        run.drive(&receiver);
        run.finish()
    })
}

/// What the loop is told.
pub(super) enum Event {
    Stepped(usize, Result<Next>),
    /// The answer to a time-stamp request of a climb, of the service with this number.
    Stamped(usize, usize, Ticket, Arrival),
    /// The answer to a question.
    Answered(usize, Arrival),
}

pub(super) struct Run<'a> {
    pub(super) services: &'a Services,
    pub(super) sender: Sender<Event>,
    tasks: Option<&'a Tasks>,
    perform: &'a dyn Fn(Task) -> Event,
    local: VecDeque<Event>,
    pub(super) climbs: Vec<Climber>,
    /// Climbs without a result.
    open: usize,
    /// Climbs whose first time-stamps are not known to be there.
    pub(super) unstamped: usize,
    /// Time-stamp requests that wait for their turn.
    pub(super) stamps: VecDeque<(usize, Fetch)>,
    pub(super) questions: Questions,
    /// Climbs that go on at a later moment.
    later: BTreeMap<(Instant, usize), ()>,
}

/// One climb and what is known about it.
pub(super) struct Climber {
    /// A step of it is being done.
    pub(super) is_out: bool,
    pub(super) result: Option<Result<()>>,
    /// Answers that are missing before the next step.
    pub(super) missing: BTreeSet<[u8; 32]>,
    supplies: Vec<(Evidence, Time)>,
    /// Answers of the last step, to be forgotten where they turn out to be of no use.
    given: Vec<Given>,
    /// The service whose digest and policy the climb's requests have.
    pub(super) made_for: Option<usize>,
    /// Time-stamps whose answers the next step looks at.
    pub(super) stamps: Vec<(usize, Ticket)>,
    /// Requests for time-stamps that are out.
    pub(super) awaited: usize,
    /// The services that gave its last time-stamps.
    pub(super) stamped_by: Vec<usize>,
    pub(super) is_stamped: bool,
    /// Tries by service; [`NEVER_AGAIN`]: it is not asked again.
    pub(super) tries: Vec<u32>,
    pub(super) fault: Option<Error>,
    pub(super) switches: u32,
    retries: u32,
    /// How often kept answers were asked for anew.
    renewals: u32,
    steps: u32,
}

struct Given {
    fetch: Fetch,
    received: Time,
    is_kept: bool,
}

impl<'a> Run<'a> {
    pub(super) fn new(
        services: &'a Services,
        count: usize,
        sender: Sender<Event>,
        tasks: Option<&'a Tasks>,
        perform: &'a dyn Fn(Task) -> Event,
    ) -> Self {
        Run {
            services,
            sender,
            tasks,
            perform,
            local: VecDeque::new(),
            climbs: Vec::with_capacity(count),
            open: count,
            unstamped: count,
            stamps: VecDeque::new(),
            questions: Questions::default(),
            later: BTreeMap::new(),
        }
    }

    pub(super) fn begin(&mut self, index: usize) {
        let climber = Climber {
            is_out: false,
            result: None,
            missing: BTreeSet::new(),
            supplies: Vec::new(),
            given: Vec::new(),
            made_for: None,
            stamps: Vec::new(),
            awaited: 0,
            stamped_by: Vec::new(),
            is_stamped: false,
            tries: vec![0; self.services.tsas.len()],
            fault: None,
            switches: 0,
            retries: 0,
            renewals: 0,
            steps: 0,
        };
        self.climbs.push(climber);
        let first = self.preferred(index, now());
        self.step(index, false, first);
    }

    fn drive(&mut self, receiver: &Receiver<Event>) {
        while self.open > 0 {
            self.look_for_the_end();
            if let Some(event) = self.local.pop_front() {
                self.handle(event);
                continue;
            }
            // Whatever is there is handled first: then more is known when it is decided what to send.
            if let Ok(event) = receiver.try_recv() {
                self.handle(event);
                continue;
            }
            self.services.meter.queued(self.stamps.len());
            let wake = [self.wake_climbs(), self.send_stamps(), self.send_questions()].into_iter().flatten().min();
            if self.open == 0 || !self.local.is_empty() {
                continue;
            }
            let wait = wake.map_or(LOOK_FOR_CANCEL, |wake| wake.saturating_duration_since(now()).min(LOOK_FOR_CANCEL));
            match receiver.recv_timeout(wait) {
                Ok(event) => self.handle(event),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
    }

    fn finish(self) -> Vec<Result<()>> {
        self.services.meter.queued(0);
        let left = || Err(Error::Bug("a climb was left alone"));
        self.climbs.into_iter().map(|climber| climber.result.unwrap_or_else(left)).collect()
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Stepped(index, result) => self.stepped(index, result),
            Event::Stamped(index, tsa, ticket, arrival) => self.stamped(index, tsa, ticket, arrival),
            Event::Answered(question, arrival) => self.answered(question, &arrival),
        }
    }

    /// Hands a climb to the workers, with the answers that it has got.
    pub(super) fn step(&mut self, index: usize, retry: bool, tsa: Option<usize>) {
        let is_free = |climber: &&mut Climber| !climber.is_out && climber.result.is_none();
        let Some(climber) = self.climbs.get_mut(index).filter(is_free) else { return };
        climber.is_out = true;
        let tsa = tsa.filter(|tsa| climber.made_for != Some(*tsa));
        let stamp_with = tsa.and_then(|at| self.services.tsas.get(at)).map(|tsa| StampWith {
            digest: tsa.digest,
            policy: tsa.policy.clone(),
            has_nonce: tsa.has_nonce,
        });
        climber.made_for = tsa.or(climber.made_for);
        climber.steps += 1;
        let supplies = std::mem::take(&mut climber.supplies);
        let task = Task { index, supplies, retry, stamp_with };
        match self.tasks {
            Some(tasks) => tasks.push(task),
            None => self.local.push_back((self.perform)(task)),
        }
    }

    fn stepped(&mut self, index: usize, result: Result<Next>) {
        let Some(climber) = self.climbs.get_mut(index) else { return };
        climber.is_out = false;
        let stamps = std::mem::take(&mut climber.stamps);
        let given = std::mem::take(&mut climber.given);
        let (steps, had_fault) = (climber.steps, climber.fault.is_some());
        let fault = match &result {
            Err(Error::Service(fault)) => Some((**fault).clone()),
            _ => None,
        };
        let refused = fault.as_ref().filter(|fault| fault.role == Role::Timestamp);
        let had_stamps = !stamps.is_empty();
        if had_stamps {
            climber.stamped_by = stamps.iter().map(|(tsa, _)| *tsa).collect();
        }
        let is_none = refused.is_some_and(|fault| is_no_stamp(fault.code));
        for (tsa, ticket) in stamps {
            if is_none {
                self.services.meter.was_none(tsa);
            }
            match refused.filter(|fault| fault.host.is_none() || fault.host == self.host_of(tsa)) {
                Some(fault) => self.tsa_failed(index, tsa, ticket, fault),
                None => self.services.with_pace(tsa, |pace| pace.good(ticket)),
            }
        }
        match result {
            Ok(Next::Done) => self.end(index, Ok(())),
            Ok(Next::Need(fetches)) => {
                if fetches.is_empty() || steps > MOST_STEPS {
                    return self.end(index, Err(Error::Bug("an upgrade does not get on")));
                }
                let wants_stamp = fetches.iter().any(|fetch| fetch.role() == Role::Timestamp);
                if had_stamps || !wants_stamp {
                    self.is_stamped(index);
                }
                if had_stamps && let Some(climber) = self.climbs.get_mut(index) {
                    climber.fault = None;
                    if wants_stamp {
                        // The next time-stamp is another matter.
                        climber.tries.fill(0);
                    }
                }
                self.need(index, fetches);
            }
            Err(error) => match fault {
                Some(fault) if fault.role == Role::Timestamp => {
                    // Found out later, when the issuers of its certificate had been fetched.
                    let is_known = had_stamps || had_fault || self.turned_down(index, &fault);
                    if is_known { self.next_tsa(index, error) } else { self.end(index, Err(error)) }
                }
                Some(fault) => self.refused(index, error, &[fault.role], given),
                None if speaks_against(error.code()) => self.refused(index, error, &[Role::Ocsp, Role::Crl], given),
                None => self.end(index, Err(error)),
            },
        }
    }

    fn need(&mut self, index: usize, fetches: Vec<Fetch>) {
        let Some(climber) = self.climbs.get_mut(index) else { return };
        let ids = fetches.iter().map(Fetch::id).collect();
        let is_asked = std::mem::replace(&mut climber.missing, ids);
        for fetch in fetches.into_iter().filter(|fetch| !is_asked.contains(&fetch.id())) {
            match fetch.role() {
                Role::Timestamp => self.stamps.push_back((index, fetch)),
                _ => self.ask(index, fetch),
            }
        }
    }

    /// An answer for a climb; with the last one it goes on.
    pub(super) fn supply(&mut self, index: usize, evidence: Evidence, received: Time, of: Option<(&Fetch, bool)>) {
        let Some(climber) = self.climbs.get_mut(index).filter(|climber| climber.result.is_none()) else { return };
        if let Some((fetch, is_kept)) = of {
            climber.given.push(Given { fetch: fetch.clone(), received, is_kept });
        }
        let was_missing = climber.missing.remove(&evidence.fetch_id());
        climber.supplies.push((evidence, received));
        if was_missing && climber.missing.is_empty() {
            self.step(index, false, None);
        }
    }

    /// An answer other than a time-stamp was refused: one that was kept is asked for anew, and a passing fault again.
    fn refused(&mut self, index: usize, error: Error, roles: &[Role], given: Vec<Given>) {
        let of_role = || given.iter().filter(|one| roles.contains(&one.fetch.role()));
        of_role().for_each(|one| self.services.cache.forget(&one.fetch, one.received));
        let Some(climber) = self.climbs.get_mut(index) else { return };
        if of_role().any(|one| one.is_kept) && climber.renewals < RENEWALS {
            climber.renewals += 1;
            return self.step(index, true, None);
        }
        if error.code() == ErrorCode::OcspUnavailable && climber.retries < RETRIES {
            let at = after(now(), self.services.unit.saturating_mul(1 << climber.retries));
            climber.retries += 1;
            self.later.insert((at, index), ());
            return;
        }
        self.end(index, Err(error));
    }

    fn wake_climbs(&mut self) -> Option<Instant> {
        let now = now();
        while let Some((at, index)) = self.later.keys().next().copied() {
            if at > now {
                return Some(at);
            }
            self.later.remove(&(at, index));
            self.step(index, true, None);
        }
        None
    }

    fn is_stamped(&mut self, index: usize) {
        if let Some(climber) = self.climbs.get_mut(index).filter(|climber| !climber.is_stamped) {
            climber.is_stamped = true;
            self.unstamped = self.unstamped.saturating_sub(1);
        }
    }

    pub(super) fn end(&mut self, index: usize, result: Result<()>) {
        self.is_stamped(index);
        let Some(climber) = self.climbs.get_mut(index).filter(|climber| climber.result.is_none()) else { return };
        climber.result = Some(result);
        self.open = self.open.saturating_sub(1);
        for (tsa, ticket) in std::mem::take(&mut climber.stamps) {
            self.services.with_pace(tsa, |pace| pace.forget(ticket));
        }
    }

    /// Ends what is to end: all of it, or what holds no time-stamp.
    fn look_for_the_end(&mut self) {
        if self.services.cancel.load(Ordering::Relaxed) {
            return self.end_all(|_| true);
        }
        let Some((stop, within)) = &self.services.finish else { return };
        if stop.load(Ordering::Relaxed) {
            let now = now();
            let deadline = *self.services.deadline.get_or_init(|| after(now, *within));
            self.end_all(|climber| now >= deadline || !climber.holds_stamp());
        }
    }

    /// Ends those climbs that a worker does not have in hand.
    fn end_all(&mut self, is_to_end: impl Fn(&Climber) -> bool) {
        for index in 0..self.climbs.len() {
            if self.climbs.get(index).is_some_and(|climber| !climber.is_out && is_to_end(climber)) {
                self.end(index, Err(Error::Cancelled));
            }
        }
    }
}

impl Climber {
    /// Whether a time-stamp was bought for it, or may have been.
    pub(super) fn holds_stamp(&self) -> bool {
        self.is_stamped || self.awaited > 0 || !self.stamps.is_empty()
    }
}

/// Whether an answer that was refused so holds no time-stamp.
fn is_no_stamp(code: ErrorCode) -> bool {
    use ErrorCode::{TimestampMalformed, TimestampRejected, TimestampUnavailable};
    matches!(code, TimestampMalformed | TimestampRejected | TimestampUnavailable)
}

/// Whether an answer says that a certificate is no good: one that was kept may be out of date.
fn speaks_against(code: ErrorCode) -> bool {
    matches!(code, ErrorCode::CertificateRevoked | ErrorCode::CertificateOnHold)
}

/// Faults that a second try may find gone.
pub(super) fn is_passing(code: ErrorCode) -> bool {
    use ErrorCode::{OcspUnavailable, ServiceUnavailable, ServiceUnreachable, TimestampUnavailable};
    matches!(code, ServiceUnreachable | ServiceUnavailable | OcspUnavailable | TimestampUnavailable)
}

#[expect(clippy::disallowed_methods, reason = "it spaces requests and ends waiting; no result depends on it")]
pub(super) fn now() -> Instant {
    Instant::now()
}

pub(super) fn after(now: Instant, wait: Duration) -> Instant {
    now.checked_add(wait.min(LONGEST)).unwrap_or(now)
}

pub(super) const RETRIES: u32 = 2;
pub(super) const NEVER_AGAIN: u32 = u32::MAX;
// For the signer, and for each time-stamping service.
const RENEWALS: u32 = 8;
// Stamp, answers, archive stamp, and what may be fetched in between; a document that wants more runs in circles.
const MOST_STEPS: u32 = 200;
const LOOK_FOR_CANCEL: Duration = Duration::from_millis(100);
