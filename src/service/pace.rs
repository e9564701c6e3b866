//! How fast a time-stamping service is asked, and how it is left alone after a fault.
//!
//! In: moments, and what became of requests. Out: whether it is its turn. Nothing is sent and no clock is read here.

use std::time::{Duration, Instant};

use super::tsa::Tsa;
use crate::error::Error;

/// What is kept about one service between requests.
#[derive(Debug)]
pub(super) struct Pace {
    every: Duration,
    /// The rest after a first fault.
    unit: Duration,
    budget: u64,
    /// Requests that may be out at once.
    most: usize,
    out: usize,
    /// Not before this, for the rate.
    next: Option<Instant>,
    /// Not before this, after a fault.
    rest: Option<Instant>,
    /// Faults since the last good answer. Those that were on their way together count once.
    faults: u32,
    last: Option<Error>,
    /// After a fault one request goes alone, until it is known what became of it.
    trial: bool,
    round: u64,
}

/// Whose turn it is.
#[derive(Debug, Clone, Default)]
pub(super) enum Turn {
    #[default]
    Now,
    /// When this moment has come.
    At(Instant),
    /// When an answer has come.
    Busy,
    /// Not now: it failed again and again.
    Failing(Error),
    /// Not in this run.
    Spent,
}

/// A request that is out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Ticket {
    round: u64,
    is_trial: bool,
}

impl Pace {
    pub(super) fn new(tsa: &Tsa, most: usize, unit: Duration) -> Self {
        let every = tsa.rate.map_or(Duration::ZERO, |rate| MINUTE / rate.max(1));
        Pace {
            every,
            unit,
            budget: tsa.budget.unwrap_or(u64::MAX),
            most,
            out: 0,
            next: None,
            rest: None,
            faults: 0,
            last: None,
            trial: false,
            round: 0,
        }
    }

    pub(super) fn turn(&self, now: Instant) -> Turn {
        if self.budget == 0 {
            return Turn::Spent;
        }
        if let Some(rest) = self.rest.filter(|rest| *rest > now) {
            return match &self.last {
                Some(error) if self.faults >= GIVES_UP || rest.duration_since(now) > LONGEST => {
                    Turn::Failing(error.clone())
                }
                _ => Turn::At(rest),
            };
        }
        match self.next.filter(|next| *next > now) {
            _ if self.out >= self.most || self.trial => Turn::Busy,
            Some(next) => Turn::At(next),
            None => Turn::Now,
        }
    }

    /// A request goes out.
    pub(super) fn begin(&mut self, now: Instant) -> Ticket {
        self.out = self.out.saturating_add(1);
        self.budget = self.budget.saturating_sub(u64::from(self.budget != u64::MAX));
        self.next = now.checked_add(self.every);
        self.trial = self.faults > 0;
        Ticket { round: self.round, is_trial: self.trial }
    }

    /// Its answer, or the lack of one, is there.
    pub(super) fn landed(&mut self, is_answer: bool) {
        self.out = self.out.saturating_sub(1);
        if !is_answer {
            self.budget = self.budget.saturating_add(u64::from(self.budget != u64::MAX));
        }
    }

    /// It was not sent after all.
    pub(super) fn unasked(&mut self, ticket: Ticket) {
        self.landed(false);
        self.forget(ticket);
        self.next = None;
    }

    /// The answer was good.
    pub(super) fn good(&mut self, ticket: Ticket) {
        self.forget(ticket);
        if ticket.round == self.round {
            (self.faults, self.rest, self.last) = (0, None, None);
        }
    }

    /// There was none, or it was not good. `weight` is how many faults it counts for; `at_least`, how long to rest.
    pub(super) fn bad(&mut self, now: Instant, ticket: Ticket, error: &Error, weight: u32, at_least: Duration) {
        self.forget(ticket);
        let rest = match ticket.round == self.round {
            true => {
                self.faults = self.faults.saturating_add(weight.max(1));
                self.round = self.round.wrapping_add(1);
                let exponent = self.faults.saturating_sub(1).min(6);
                self.unit.saturating_mul(1 << exponent).min(LONGEST).max(at_least)
            }
            // It was on its way when another one failed.
            false => at_least,
        };
        self.last = Some(error.clone());
        self.rest = self.rest.max(now.checked_add(rest));
    }

    /// Nobody will know what became of it.
    pub(super) fn forget(&mut self, ticket: Ticket) {
        self.trial = self.trial && !ticket.is_trial;
    }
}

const MINUTE: Duration = Duration::from_secs(60);
/// The longest back-off of our own, and the longest that anybody waits for a service.
pub(super) const LONGEST: Duration = Duration::from_secs(60);
/// From so many faults on nobody waits for the next trial.
pub(super) const GIVES_UP: u32 = 3;

#[cfg(test)]
#[expect(clippy::disallowed_methods, reason = "moments are made from a first one; no result depends on it")]
mod tests {
    use super::*;

    fn fault() -> Error {
        Error::Bug("a fault")
    }

    fn at(pace: &Pace, now: Instant, begun: Instant) -> Option<u128> {
        match pace.turn(now) {
            Turn::Now => Some(0),
            Turn::At(at) => Some(at.duration_since(begun).as_millis()),
            _ => None,
        }
    }

    #[test]
    fn rate_spaces_requests_and_the_budget_ends_them() {
        let begun = Instant::now();
        let tsa = Tsa::new("http://a").unwrap().rate(120).budget(2);
        let mut pace = Pace::new(&tsa, 16, Duration::from_secs(1));
        assert_eq!(at(&pace, begun, begun), Some(0));
        pace.begin(begun);
        assert_eq!(at(&pace, begun, begun), Some(500));
        let later = begun + Duration::from_millis(500);
        pace.begin(later);
        assert!(matches!(pace.turn(later + MINUTE), Turn::Spent));
        pace.landed(false);
        assert_eq!(at(&pace, later + MINUTE, begun), Some(0), "no answer, no time-stamp");
    }

    #[test]
    fn a_fault_makes_it_rest_longer_each_time_and_is_tried_alone() {
        let mut now = Instant::now();
        let mut pace = Pace::new(&Tsa::new("http://a").unwrap(), 16, Duration::from_secs(1));
        let together: Vec<Ticket> = (0..16).map(|_| pace.begin(now)).collect();
        assert!(matches!(pace.turn(now), Turn::Busy));
        for ticket in together {
            pace.landed(false);
            pace.bad(now, ticket, &fault(), 1, Duration::ZERO);
        }
        for seconds in [1, 2] {
            assert_eq!(at(&pace, now, now), Some(seconds * 1000));
            now += Duration::from_millis(u64::try_from(seconds).unwrap() * 1000);
            let trial = pace.begin(now);
            assert!(matches!(pace.turn(now), Turn::Busy), "one alone");
            pace.landed(true);
            assert!(matches!(pace.turn(now), Turn::Busy), "until its answer was looked at");
            pace.bad(now, trial, &fault(), 1, Duration::ZERO);
        }
        assert!(matches!(pace.turn(now), Turn::Failing(_)));
        now += Duration::from_secs(4);
        let trial = pace.begin(now);
        pace.landed(true);
        pace.good(trial);
        assert_eq!(at(&pace, now, now), Some(0));
    }

    #[test]
    fn what_the_service_says_counts_even_beyond_the_longest_rest() {
        let now = Instant::now();
        let mut pace = Pace::new(&Tsa::new("http://a").unwrap(), 16, Duration::from_secs(1));
        let ticket = pace.begin(now);
        pace.landed(false);
        pace.bad(now, ticket, &fault(), 1, Duration::from_secs(1200));
        assert!(matches!(pace.turn(now + Duration::from_secs(1100)), Turn::Failing(_)));
        assert_eq!(at(&pace, now + Duration::from_secs(1190), now), Some(1_200_000));
        assert_eq!(at(&pace, now + Duration::from_secs(1200), now), Some(0));
    }
}
