//! What lies between feeder, workers and sink: one lock, three conditions.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::error::Result;

/// Inputs on their way to the workers, and results on their way to the sink.
pub(super) struct Queue<'a, T, R> {
    window: usize,
    budget: u64,
    cancel: &'a AtomicBool,
    inner: Mutex<Inner<T, R>>,
    /// For the feeder: there is room.
    room: Condvar,
    /// For the workers: there is an input, or the end.
    input: Condvar,
    /// For the sink: the next result is there, or the end.
    result: Condvar,
}

struct Inner<T, R> {
    waiting: VecDeque<(usize, T)>,
    done: BTreeMap<usize, Result<R>>,
    /// What each input in flight needs, first the one whose result is next to go out.
    needs: VecDeque<u64>,
    used: u64,
    taken: usize,
    handed: usize,
    /// The feeder waits for memory, not for the window.
    budget_is_short: bool,
    closed: bool,
    ended: bool,
    /// Who waits: waking nobody costs a call into the system all the same.
    idle_workers: usize,
    feeder_waits: bool,
    sink_waits: bool,
}

impl<'a, T, R> Queue<'a, T, R> {
    pub(super) fn new(window: usize, budget: u64, cancel: &'a AtomicBool) -> Self {
        let inner = Inner {
            waiting: VecDeque::new(),
            done: BTreeMap::new(),
            needs: VecDeque::new(),
            used: 0,
            taken: 0,
            handed: 0,
            budget_is_short: false,
            closed: false,
            ended: false,
            idle_workers: 0,
            feeder_waits: false,
            sink_waits: false,
        };
        Queue {
            window,
            budget,
            cancel,
            inner: Mutex::new(inner),
            room: Condvar::new(),
            input: Condvar::new(),
            result: Condvar::new(),
        }
    }

    /// Waits for room and adds an input; false when the batch was cancelled or has ended.
    pub(super) fn push(&self, need: u64, input: T) -> bool {
        let mut inner = self.lock();
        loop {
            if inner.ended || self.cancel.load(Ordering::Relaxed) {
                return false;
            }
            let fits = inner.used.checked_add(need).is_some_and(|sum| sum <= self.budget);
            if inner.needs.is_empty() || (inner.needs.len() < self.window && fits) {
                break;
            }
            inner.budget_is_short = !fits;
            // Whoever cancels only sets a flag, so it is looked at now and then.
            inner.feeder_waits = true;
            let waited = self.room.wait_timeout(inner, LOOK_FOR_CANCEL);
            inner = waited.unwrap_or_else(PoisonError::into_inner).0;
            inner.feeder_waits = false;
        }
        let index = inner.taken;
        inner.taken += 1;
        inner.used = inner.used.saturating_add(need);
        inner.needs.push_back(need);
        inner.waiting.push_back((index, input));
        if inner.idle_workers > 0 {
            self.input.notify_one();
        }
        true
    }

    /// The next inputs for a worker with their indices: one, or as many as are there already, up to `most`.
    /// `None` when there will be none.
    pub(super) fn take(&self, most: usize) -> Option<Vec<(usize, T)>> {
        let mut inner = self.lock();
        loop {
            if inner.ended {
                return None;
            }
            if !inner.waiting.is_empty() {
                let count = most.clamp(1, inner.waiting.len());
                return Some(inner.waiting.drain(..count).collect());
            }
            if inner.closed {
                return None;
            }
            inner.idle_workers += 1;
            inner = self.input.wait(inner).unwrap_or_else(PoisonError::into_inner);
            inner.idle_workers -= 1;
        }
    }

    /// Takes results from a worker.
    pub(super) fn finish(&self, results: Vec<(usize, Result<R>)>) {
        let mut inner = self.lock();
        inner.done.extend(results);
        if inner.sink_waits && inner.done.contains_key(&inner.handed) {
            self.result.notify_one();
        }
    }

    /// All results that can go out now, with the index of the first; waits for the first of them.
    pub(super) fn ready(&self) -> Option<(usize, Vec<Result<R>>)> {
        let mut inner = self.lock();
        loop {
            let first = inner.handed;
            let mut results = Vec::new();
            while let Some(result) = inner.done.remove(&(first + results.len())) {
                results.push(result);
            }
            if !results.is_empty() {
                inner.handed += results.len();
                return Some((first, results));
            }
            if inner.closed && inner.handed == inner.taken {
                return None;
            }
            inner.sink_waits = true;
            inner = self.result.wait(inner).unwrap_or_else(PoisonError::into_inner);
            inner.sink_waits = false;
        }
    }

    /// Says that the sink is done with `count` results.
    pub(super) fn release(&self, count: usize) {
        let mut inner = self.lock();
        for _ in 0..count {
            let need = inner.needs.pop_front().unwrap_or(0);
            inner.used = inner.used.saturating_sub(need);
        }
        // Waking the feeder for each result would cost more than a small document: it is woken when half of the
        // window is free, or when what it has in hand may fit into memory now.
        if inner.feeder_waits && (inner.needs.len() <= self.window / 2 || inner.budget_is_short) {
            self.room.notify_one();
        }
    }

    /// No further input comes, once the guard is dropped: also when the iterator panics.
    pub(super) fn close_on_drop(&self) -> impl Drop + '_ {
        OnDrop(|| {
            self.lock().closed = true;
            self.input.notify_all();
            self.result.notify_all();
        })
    }

    /// Lets feeder and workers go once the guard is dropped: also when the sink panics.
    pub(super) fn end_on_drop(&self) -> impl Drop + '_ {
        OnDrop(|| {
            self.lock().ended = true;
            self.input.notify_all();
            self.room.notify_all();
        })
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T, R>> {
        // No code of a caller runs under the lock, so what it protects is whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

struct OnDrop<F: FnMut()>(F);

impl<F: FnMut()> Drop for OnDrop<F> {
    fn drop(&mut self) {
        (self.0)();
    }
}

const LOOK_FOR_CANCEL: Duration = Duration::from_millis(50);
