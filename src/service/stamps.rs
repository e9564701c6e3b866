//! Time-stamps of climbs: which service is asked, when, and what follows from its answer.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Instant;

use super::complete::{Event, NEVER_AGAIN, RETRIES, Run, is_passing, now};
use super::pace::{GIVES_UP, Ticket, Turn};
use super::pool::Arrival;
use crate::error::{Error, ErrorCode, Misuse, ServiceError};
use crate::evidence::{Fetch, Role};

/// Whom a climb may ask.
enum Choice {
    Now(usize),
    At(Instant),
    Busy,
    None(Error),
}

impl Run<'_> {
    /// The answer of a time-stamping service is there.
    pub(super) fn stamped(&mut self, index: usize, tsa: usize, ticket: Ticket, arrival: Arrival) {
        let fault = arrival.evidence.content().err().cloned();
        let is_offline = fault.as_ref().is_some_and(|fault| fault.code == ErrorCode::ServiceOffline);
        self.services
            .with_pace(tsa, |pace| if is_offline { pace.unasked(ticket) } else { pace.landed(fault.is_none()) });
        let is_over = self.climbs.get(index).is_none_or(|climber| climber.result.is_some());
        if let Some(climber) = self.climbs.get_mut(index) {
            climber.awaited = climber.awaited.saturating_sub(1);
            if fault.is_some() && !climber.holds_stamp() && self.services.ends() {
                // Whom it was asked of makes no difference any more.
                self.services.with_pace(tsa, |pace| pace.forget(ticket));
                return self.end(index, Err(Error::Cancelled));
            }
        }
        if fault.is_none() && !self.services.is_offline {
            self.services.meter.bought(tsa);
        }
        match &fault {
            Some(fault) if is_offline => {
                // Nobody was asked: it is no fault of the service, and to ask another one for the same is no help.
                if let Some(climber) = self.climbs.get_mut(index) {
                    climber.tries.fill(NEVER_AGAIN);
                    climber.fault = Some(fault.clone().into());
                }
            }
            Some(fault) => self.tsa_failed(index, tsa, ticket, fault),
            None if is_over => self.services.with_pace(tsa, |pace| pace.forget(ticket)),
            None => {
                if let Some(climber) = self.climbs.get_mut(index) {
                    climber.stamps.push((tsa, ticket));
                }
            }
        }
        self.supply(index, arrival.evidence, arrival.received, None);
    }

    pub(super) fn tsa_failed(&mut self, index: usize, tsa: usize, ticket: Ticket, fault: &ServiceError) {
        let error = Error::from(fault.clone());
        // The whole timeout was spent: nobody else shall wait as long for the same.
        let weight = if fault.code == ErrorCode::ServiceTimeout { GIVES_UP } else { 1 };
        let at_least = self.services.rest_of(fault);
        let now = now();
        self.services.with_pace(tsa, |pace| pace.bad(now, ticket, &error, weight, at_least));
        let Some(climber) = self.climbs.get_mut(index) else { return };
        if let Some(tries) = climber.tries.get_mut(tsa) {
            *tries = if is_passing(fault.code) { tries.saturating_add(1) } else { NEVER_AGAIN };
        }
        climber.fault = Some(error);
    }

    /// A time-stamp that seemed good was refused after all: its service is not asked again. Whether there was one.
    pub(super) fn turned_down(&mut self, index: usize, fault: &ServiceError) -> bool {
        let Some(climber) = self.climbs.get_mut(index) else { return false };
        let stamped_by = std::mem::take(&mut climber.stamped_by);
        let mut is_known = false;
        for tsa in stamped_by {
            if fault.host.is_some() && fault.host != self.host_of(tsa) {
                continue;
            }
            if let Some(climber) = self.climbs.get_mut(index) {
                climber.tries.iter_mut().skip(tsa).take(1).for_each(|tries| *tries = NEVER_AGAIN);
                climber.fault = Some(fault.clone().into());
                is_known = true;
            }
        }
        is_known
    }

    /// A climb got no good time-stamp: it makes another request, if there is anybody to ask.
    pub(super) fn next_tsa(&mut self, index: usize, error: Error) {
        // However often it went to and fro before: whoever is left may be asked.
        if let Some(climber) = self.climbs.get_mut(index) {
            climber.switches = 0;
        }
        match self.choose(index, now()) {
            Choice::None(_) => self.end(index, Err(error)),
            _ if self.services.ends() && self.climbs.get(index).is_some_and(|climber| !climber.holds_stamp()) => {
                self.end(index, Err(error));
            }
            Choice::Now(tsa) => self.step(index, true, Some(tsa)),
            Choice::At(_) | Choice::Busy => {
                let preferred = self.preferred(index, now());
                self.step(index, true, preferred);
            }
        }
    }

    /// Sends the time-stamp requests whose turn it is; the moment when to look again.
    pub(super) fn send_stamps(&mut self) -> Option<Instant> {
        let mut wake: Option<Instant> = None;
        let mut stuck: VecDeque<(usize, Fetch)> = VecDeque::new();
        while let Some((index, fetch)) = self.stamps.pop_front() {
            let Some(climber) = self.climbs.get_mut(index).filter(|climber| climber.result.is_none()) else { continue };
            if climber.is_out {
                climber.missing.remove(&fetch.id());
                continue;
            }
            if !climber.holds_stamp() && self.services.ends() {
                self.end(index, Err(Error::Cancelled));
                continue;
            }
            // Who has not been turned down may ask anybody: when he has to wait, so has everyone behind him.
            let is_free = climber.switches == 0 && climber.tries.iter().all(|tries| *tries == 0);
            let moment = now();
            match self.choose(index, moment) {
                Choice::Now(tsa) if self.fits(index, tsa) => self.send_stamp(index, tsa, fetch, moment),
                Choice::Now(tsa) => {
                    // The request is made for another service's digest or policy: a new one is made.
                    if let Some(climber) = self.climbs.get_mut(index) {
                        climber.switches += 1;
                        climber.missing.remove(&fetch.id());
                    }
                    self.step(index, true, Some(tsa));
                }
                waits @ (Choice::At(_) | Choice::Busy) => {
                    if let Choice::At(at) = waits {
                        wake = Some(wake.map_or(at, |wake| wake.min(at)));
                    }
                    stuck.push_back((index, fetch));
                    if is_free {
                        break;
                    }
                }
                Choice::None(error) => self.end(index, Err(error)),
            }
        }
        stuck.append(&mut self.stamps);
        self.stamps = stuck;
        wake
    }

    fn send_stamp(&mut self, index: usize, tsa: usize, fetch: Fetch, moment: Instant) {
        let Some(url) = self.services.tsas.get(tsa).map(|tsa| tsa.url.clone()) else { return };
        let asked = match self.services.clock.now() {
            Ok(asked) => asked,
            Err(error) => return self.end(index, Err(error)),
        };
        let ticket = self.services.with_pace(tsa, |pace| pace.begin(moment));
        let sender = self.sender.clone();
        // A first one that is still in the queue when the run ends is not bought.
        let mut unless = self.services.finish.as_ref().map(|(stop, _)| Arc::clone(stop));
        if let Some(climber) = self.climbs.get_mut(index) {
            unless = unless.filter(|_| !climber.is_stamped);
            climber.awaited = climber.awaited.saturating_add(1);
        }
        self.services.pool.send_unless(unless, fetch.at(url), asked, move |arrival| {
            // Nobody waits any more when the call has ended.
            let _ = sender.send(Event::Stamped(index, tsa, ticket, arrival));
        });
    }

    /// Whether a climb's request can be sent to this service as it is.
    fn fits(&self, index: usize, tsa: usize) -> bool {
        let tsas = &self.services.tsas;
        let made_for = self.climbs.get(index).and_then(|climber| tsas.get(climber.made_for?));
        made_for.zip(tsas.get(tsa)).is_some_and(|(one, other)| one.takes_requests_of(other))
    }

    /// The service whose turn it is for a climb, in order of preference.
    fn choose(&self, index: usize, now: Instant) -> Choice {
        let Some(climber) = self.climbs.get(index) else { return Choice::Busy };
        if self.services.tsas.is_empty() {
            return Choice::None(Misuse::new("no time-stamping service was named").into());
        }
        let (mut at, mut is_busy, mut failing): (Option<Instant>, _, _) = (None, false, None);
        let mut is_spent = true;
        for (tsa, tries) in climber.tries.iter().enumerate() {
            if *tries > RETRIES || (climber.switches > MOST_SWITCHES && !self.fits(index, tsa)) {
                is_spent = false;
                continue;
            }
            match self.services.with_pace(tsa, |pace| pace.turn(now)) {
                Turn::Now => return Choice::Now(tsa),
                Turn::At(moment) => at = Some(at.map_or(moment, |at| at.min(moment))),
                Turn::Busy => is_busy = true,
                Turn::Failing(error) => failing = Some(error),
                Turn::Spent => continue,
            }
            is_spent = false;
        }
        let spent = || ServiceError::new(ErrorCode::ServiceBudget, Role::Timestamp).into();
        match at {
            Some(at) => Choice::At(at),
            None if is_busy => Choice::Busy,
            None if is_spent => Choice::None(spent()),
            None => Choice::None(climber.fault.clone().or(failing).unwrap_or_else(spent)),
        }
    }

    /// The service that a climb's next request is made for.
    pub(super) fn preferred(&self, index: usize, now: Instant) -> Option<usize> {
        if let Choice::Now(tsa) = self.choose(index, now) {
            return Some(tsa);
        }
        let climber = self.climbs.get(index)?;
        let may = |tsa: &usize| climber.tries.get(*tsa).is_some_and(|tries| *tries <= RETRIES);
        let waits =
            |tsa: &usize| matches!(self.services.with_pace(*tsa, |pace| pace.turn(now)), Turn::At(_) | Turn::Busy);
        let all = 0..climber.tries.len();
        all.clone().filter(may).find(waits).or_else(|| all.clone().find(may)).or(climber.made_for)
    }

    pub(super) fn host_of(&self, tsa: usize) -> Option<String> {
        self.services.tsas.get(tsa).map(super::Tsa::host)
    }
}

const MOST_SWITCHES: u32 = 4;
