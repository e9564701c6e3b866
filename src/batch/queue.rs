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
    closed: bool,
    ended: bool,
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
            closed: false,
            ended: false,
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
            // Whoever cancels only sets a flag, so it is looked at now and then.
            let waited = self.room.wait_timeout(inner, LOOK_FOR_CANCEL);
            inner = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let index = inner.taken;
        inner.taken += 1;
        inner.used = inner.used.saturating_add(need);
        inner.needs.push_back(need);
        inner.waiting.push_back((index, input));
        self.input.notify_one();
        true
    }

    /// The next input for a worker; `None` when there will be none.
    pub(super) fn take(&self) -> Option<(usize, T)> {
        let mut inner = self.lock();
        loop {
            if inner.ended {
                return None;
            }
            if let Some(next) = inner.waiting.pop_front() {
                return Some(next);
            }
            if inner.closed {
                return None;
            }
            inner = self.input.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Takes a result from a worker.
    pub(super) fn finish(&self, index: usize, result: Result<R>) {
        let mut inner = self.lock();
        inner.done.insert(index, result);
        if index == inner.handed {
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
            inner = self.result.wait(inner).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// Says that the sink is done with `count` results.
    pub(super) fn release(&self, count: usize) {
        let mut inner = self.lock();
        for _ in 0..count {
            let need = inner.needs.pop_front().unwrap_or(0);
            inner.used = inner.used.saturating_sub(need);
        }
        self.room.notify_one();
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
