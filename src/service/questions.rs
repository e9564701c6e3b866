//! Questions other than for time-stamps: each is asked once for all climbs that have it.

use std::collections::BTreeMap;
use std::time::Instant;

use super::cache::Entry;
use super::complete::{Event, RETRIES, Run, after, is_passing, now};
use super::pool::Arrival;
use crate::evidence::{Evidence, Fetch};
use crate::time::Time;

/// What climbs ask for, and what failed.
#[derive(Default)]
pub(super) struct Questions {
    /// Questions by number; those that were answered are gone.
    open: BTreeMap<usize, Question>,
    count: usize,
    /// Failures count for this call.
    failures: BTreeMap<[u8; 32], (Evidence, Time)>,
}

struct Question {
    fetch: Fetch,
    /// The climbs that have it.
    climbs: Vec<usize>,
    since: Instant,
    /// Not before this; `None`: it is out.
    at: Option<Instant>,
    asked: Option<Time>,
    tries: u32,
}

impl Run<'_> {
    /// A climb has a question.
    pub(super) fn ask(&mut self, index: usize, fetch: Fetch) {
        if let Some((evidence, received)) = self.questions.failures.get(&fetch.id()).cloned() {
            return self.supply(index, evidence, received, None);
        }
        if self.answer_kept(&fetch, &[index]) {
            return;
        }
        let joined = self.questions.open.values_mut().find(|question| {
            let is_new_enough = match (question.at, question.asked) {
                (None, Some(asked)) => fetch.not_older_than().is_none_or(|limit| asked >= limit),
                _ => true,
            };
            question.fetch.id() == fetch.id() && is_new_enough
        });
        match joined {
            Some(question) => {
                question.climbs.push(index);
                let latest = question.fetch.not_older_than().max(fetch.not_older_than());
                if let Some(latest) = latest.filter(|_| question.at.is_some()) {
                    question.fetch = question.fetch.clone().newer_than(latest);
                }
            }
            None => {
                let since = now();
                let question = Question { fetch, climbs: vec![index], since, at: Some(since), asked: None, tries: 0 };
                self.questions.open.insert(self.questions.count, question);
                self.questions.count += 1;
            }
        }
    }

    /// Sends the questions whose time has come; the moment when to look again.
    pub(super) fn send_questions(&mut self) -> Option<Instant> {
        let moment = now();
        let mut wake: Option<Instant> = None;
        let mut ready = Vec::new();
        for (number, question) in &self.questions.open {
            let Some(mut at) = question.at else { continue };
            // What has to be newer than time-stamps is asked once all of them are there.
            if self.unstamped > 0 && question.fetch.not_older_than().is_some() {
                at = at.max(after(question.since, self.services.patience));
            }
            if at <= moment {
                ready.push(*number);
            } else {
                wake = Some(wake.map_or(at, |wake| wake.min(at)));
            }
        }
        for number in ready {
            self.send_question(number);
        }
        wake
    }

    fn send_question(&mut self, number: usize) {
        let Some(mut question) = self.questions.open.remove(&number) else { return };
        let asked = match self.services.clock.now() {
            Ok(asked) => asked,
            Err(error) => return question.climbs.iter().for_each(|index| self.end(*index, Err(error.clone()))),
        };
        if question.tries == 0 && self.answer_kept(&question.fetch, &question.climbs) {
            return;
        }
        question.at = None;
        question.asked = Some(asked);
        let (fetch, sender) = (question.fetch.clone(), self.sender.clone());
        self.questions.open.insert(number, question);
        self.services.pool.ask(fetch, asked, move |arrival| {
            // Nobody waits any more when the call has ended.
            let _ = sender.send(Event::Answered(number, arrival));
        });
    }

    pub(super) fn answered(&mut self, number: usize, arrival: &Arrival) {
        let Some(mut question) = self.questions.open.remove(&number) else { return };
        match arrival.evidence.content() {
            Ok(content) => {
                let entry = Entry { content: content.clone(), asked: arrival.asked, received: arrival.received };
                self.services.cache.put(&question.fetch, entry);
            }
            Err(fault) => {
                let moment = now();
                let wait = self
                    .services
                    .unit
                    .saturating_mul(1 << question.tries.min(RETRIES))
                    .max(self.services.rest_of(fault));
                let at = moment.checked_add(wait);
                let is_in_time = at.is_some_and(|at| at.duration_since(question.since) <= self.services.patience);
                if is_passing(fault.code) && question.tries < RETRIES && is_in_time {
                    question.tries += 1;
                    question.at = at;
                    self.questions.open.insert(number, question);
                    return;
                }
                let failure = (arrival.evidence.clone(), arrival.received);
                self.questions.failures.insert(question.fetch.id(), failure);
            }
        }
        let fetch = arrival.evidence.content().is_ok().then_some((&question.fetch, false));
        for index in &question.climbs {
            self.supply(*index, arrival.evidence.clone(), arrival.received, fetch);
        }
    }

    /// Answers with what was kept, if it may serve.
    fn answer_kept(&mut self, fetch: &Fetch, climbs: &[usize]) -> bool {
        let Ok(time) = self.services.clock.now() else { return false };
        let Some(entry) = self.services.cache.get(fetch, time) else { return false };
        for index in climbs {
            let evidence = Evidence::answer(fetch.id(), entry.content.clone());
            self.supply(*index, evidence, entry.received, Some((fetch, true)));
        }
        true
    }
}
