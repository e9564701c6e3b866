//! Steps of climbs on threads: what costs processor time, and nothing that waits.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Condvar, Mutex, PoisonError};

use crate::digest::DigestAlgorithm;
use crate::error::{Error, Result};
use crate::evidence::{Evidence, Fetch};
use crate::flow::{SignerQuestion, Upgrade};
use crate::time::Time;

/// What is driven: an [`Upgrade`], or what a test puts in its place.
pub(super) trait Climb: Send {
    fn step(&mut self) -> Result<Next>;
    fn supply(&mut self, evidence: Evidence, received: Time);
    fn retry(&mut self);
    fn stamp_with(&mut self, digest: DigestAlgorithm, policy: Option<&str>) -> Result<()>;
    fn stamp_nonce(&mut self, _is_sent: bool) {}
}

/// What comes next.
pub(super) enum Next {
    Done,
    Need(Vec<Fetch>),
}

impl Climb for Upgrade {
    fn step(&mut self) -> Result<Next> {
        let needs = self.needs()?;
        Ok(if needs.is_empty() { Next::Done } else { Next::Need(needs) })
    }

    fn supply(&mut self, evidence: Evidence, received: Time) {
        Upgrade::supply(self, evidence, received);
    }

    fn retry(&mut self) {
        Upgrade::retry(self);
    }

    fn stamp_with(&mut self, digest: DigestAlgorithm, policy: Option<&str>) -> Result<()> {
        Upgrade::stamp_with(self, digest, policy)
    }

    fn stamp_nonce(&mut self, is_sent: bool) {
        Upgrade::stamp_nonce(self, is_sent);
    }
}

impl Climb for SignerQuestion {
    fn step(&mut self) -> Result<Next> {
        let needs = SignerQuestion::step(self)?;
        Ok(if needs.is_empty() { Next::Done } else { Next::Need(needs) })
    }

    fn supply(&mut self, evidence: Evidence, received: Time) {
        SignerQuestion::supply(self, evidence, received);
    }

    fn retry(&mut self) {
        SignerQuestion::retry(self);
    }

    fn stamp_with(&mut self, _: DigestAlgorithm, _: Option<&str>) -> Result<()> {
        Ok(())
    }
}

/// What to do with a climb, named by its number, before its next step.
pub(super) struct Task {
    pub(super) index: usize,
    pub(super) supplies: Vec<(Evidence, Time)>,
    pub(super) retry: bool,
    pub(super) stamp_with: Option<StampWith>,
}

/// How a service wants to be asked for time-stamps.
pub(super) struct StampWith {
    pub(super) digest: DigestAlgorithm,
    pub(super) policy: Option<String>,
    pub(super) has_nonce: bool,
}

impl Task {
    /// Does it; a panic is this climb's fault alone.
    pub(super) fn run(self, climb: &mut impl Climb) -> Result<Next> {
        let steps = AssertUnwindSafe(|| {
            for (evidence, received) in self.supplies {
                climb.supply(evidence, received);
            }
            if self.retry {
                climb.retry();
            }
            if let Some(StampWith { digest, policy, has_nonce }) = self.stamp_with {
                climb.stamp_with(digest, policy.as_deref())?;
                climb.stamp_nonce(has_nonce);
            }
            climb.step()
        });
        catch_unwind(steps).unwrap_or(Err(Error::Bug("a panic was caught")))
    }
}

/// Tasks that wait for a worker.
pub(super) struct Tasks {
    inner: Mutex<(VecDeque<Task>, bool)>,
    more: Condvar,
}

impl Tasks {
    pub(super) fn new() -> Self {
        Tasks { inner: Mutex::new((VecDeque::new(), false)), more: Condvar::new() }
    }

    pub(super) fn push(&self, task: Task) {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner).0.push_back(task);
        self.more.notify_one();
    }

    /// The next one; `None` when there will be none.
    pub(super) fn take(&self) -> Option<Task> {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            if let Some(task) = inner.0.pop_front() {
                return Some(task);
            }
            if inner.1 {
                return None;
            }
            inner = self.more.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Lets the workers go when it is dropped, however that comes about.
    pub(super) fn close_on_drop(&self) -> Closing<'_> {
        Closing(self)
    }
}

pub(super) struct Closing<'a>(&'a Tasks);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        self.0.inner.lock().unwrap_or_else(PoisonError::into_inner).1 = true;
        self.0.more.notify_all();
    }
}
