//! Answers that serve more than one document: in memory, and in a directory between runs.
//!
//! In: answers and the times when they were asked for. Out: those that are still of use. Time-stamps are never kept.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::folder::{self, Kept};
use crate::error::Result;
use crate::evidence::{Fetch, Role};
use crate::limits::Limits;
use crate::source::Source;
use crate::time::Time;

/// Answers of OCSP services, revocation lists and issuers' certificates, for a while.
#[derive(Debug)]
pub struct Cache {
    directory: Option<PathBuf>,
    entries: usize,
    limits: Limits,
    inner: Mutex<BTreeMap<[u8; 32], Entry>>,
}

#[derive(Debug, Clone)]
pub(super) struct Entry {
    pub(super) content: Source,
    pub(super) asked: Time,
    pub(super) received: Time,
}

impl Cache {
    /// In memory, at most `entries` answers.
    #[must_use]
    pub fn new(entries: usize) -> Self {
        Cache { directory: None, entries, limits: Limits::default(), inner: Mutex::default() }
    }

    /// Also in `directory`, which is made when it is not there. Whoever can write there can withhold news about
    /// certificates for an hour, but not forge any.
    ///
    /// # Errors
    /// What the system says.
    pub fn directory(self, directory: &Path, limits: &Limits) -> Result<Self> {
        std::fs::create_dir_all(directory)?;
        Ok(Cache { directory: Some(directory.to_owned()), limits: limits.clone(), ..self })
    }

    /// An answer that may serve, at the time `now`.
    pub(super) fn get(&self, fetch: &Fetch, now: Time) -> Option<Entry> {
        let held = self.lock().get(&fetch.id()).cloned();
        if let Some(entry) = held.filter(|entry| serves(fetch, entry, now, MEMORY_SECONDS)) {
            return Some(entry);
        }
        let (path, times) = self.paths(fetch)?;
        let (asked, received) = folder::read_times(&times)?;
        let content = folder::read_kept(&path, fetch.role(), &self.limits)?;
        let entry = Entry { content, asked, received };
        serves(fetch, &entry, now, DISK_SECONDS).then_some(entry)
    }

    /// Keeps an answer.
    pub(super) fn put(&self, fetch: &Fetch, entry: Entry) {
        if fetch.role() == Role::Timestamp || self.entries == 0 {
            return;
        }
        if let Some((path, times)) = self.paths(fetch) {
            // A cache that can't be written costs time only. The times go last: an answer is never taken for newer.
            let _ = folder::write_source(&path, &entry.content)
                .and_then(|()| folder::write_times(&times, entry.asked, entry.received));
        }
        let mut inner = self.lock();
        inner.insert(fetch.id(), entry);
        while inner.len() > self.entries {
            let Some(oldest) = inner.iter().min_by_key(|(_, entry)| entry.asked).map(|(id, _)| *id) else { break };
            inner.remove(&oldest);
        }
    }

    /// Forgets an answer that turned out to be of no use.
    pub(super) fn forget(&self, fetch: &Fetch, received: Time) {
        let mut inner = self.lock();
        if inner.get(&fetch.id()).is_none_or(|entry| entry.received == received) {
            inner.remove(&fetch.id());
            if let Some((_, times)) = self.paths(fetch) {
                let _ = std::fs::remove_file(times);
            }
        }
    }

    fn paths(&self, fetch: &Fetch) -> Option<(PathBuf, PathBuf)> {
        let directory = self.directory.as_ref().filter(|_| fetch.role() != Role::Timestamp)?;
        let stem = Kept::of(fetch).stem;
        Some((directory.join(&stem), directory.join(format!("{stem}.time"))))
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<[u8; 32], Entry>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Cache {
    fn default() -> Self {
        Cache::new(ENTRIES)
    }
}

/// Whether a kept answer may still serve. What it says is looked at by whoever asked; he may refuse it and ask again.
fn serves(fetch: &Fetch, entry: &Entry, now: Time, crl_seconds: i64) -> bool {
    let age = now.as_unix().saturating_sub(entry.received.as_unix());
    match fetch.role() {
        Role::Timestamp => false,
        Role::Ocsp => {
            (0..=DAY_SECONDS).contains(&age) && fetch.not_older_than().is_none_or(|limit| entry.asked >= limit)
        }
        Role::Crl => (0..=crl_seconds).contains(&age),
        Role::Certificate => (0..=DAY_SECONDS).contains(&age),
    }
}

const ENTRIES: usize = 4_096;
const MEMORY_SECONDS: i64 = 10 * 60;
const DISK_SECONDS: i64 = 60 * 60;
const DAY_SECONDS: i64 = 24 * 60 * 60;

#[cfg(test)]
mod tests {
    use super::*;

    fn time(seconds: i64) -> Time {
        Time::from_unix(1_700_000_000 + seconds).unwrap()
    }

    fn entry(asked: i64, received: i64) -> Entry {
        Entry { content: Source::from_bytes(b"x".to_vec()), asked: time(asked), received: time(received) }
    }

    #[test]
    fn an_answer_serves_what_it_is_not_too_old_for() {
        let ocsp = |limit: i64| Fetch::ocsp(Vec::new(), vec![1]).newer_than(time(limit));
        let crl = Fetch::crl(vec!["http://a/".to_owned()]).newer_than(time(5));
        let tsa = Fetch::time_stamp(vec![1]);
        let cache = Cache::new(8);
        for fetch in [&ocsp(0), &crl, &tsa] {
            cache.put(fetch, entry(10, 12));
        }
        assert!(cache.get(&ocsp(10), time(12)).is_some());
        assert!(cache.get(&ocsp(11), time(12)).is_none(), "asked before the moment");
        assert!(cache.get(&ocsp(10), time(11)).is_none(), "from the future");
        assert!(cache.get(&crl, time(600)).is_some() && cache.get(&crl, time(700)).is_none());
        assert!(cache.get(&tsa, time(12)).is_none());
        cache.forget(&crl, time(11));
        assert!(cache.get(&crl, time(600)).is_some(), "a newer one than the one that was refused");
        cache.forget(&crl, time(12));
        assert!(cache.get(&crl, time(600)).is_none());
    }

    #[test]
    fn the_oldest_answers_go_first() {
        let of = |n: u8| Fetch::ocsp(Vec::new(), vec![n]);
        let cache = Cache::new(2);
        for n in [3, 1, 2] {
            cache.put(&of(n), entry(n.into(), n.into()));
        }
        let left: Vec<u8> = (1..=3).filter(|n| cache.get(&of(*n), time(9)).is_some()).collect();
        assert_eq!(left, [2, 3]);
    }

    #[test]
    fn a_directory_keeps_answers_between_runs() {
        let dir = tempfile::tempdir().unwrap();
        let open = || Cache::new(8).directory(&dir.path().join("cache"), &Limits::default()).unwrap();
        let crl = Fetch::crl(vec!["http://a/".to_owned()]);
        open().put(&crl, entry(10, 12));
        let again = open().get(&crl, time(700)).unwrap();
        assert_eq!((again.asked, again.received), (time(10), time(12)));
        assert_eq!(&*again.content.window(0..1).unwrap(), b"x");
        assert!(open().get(&crl, time(4000)).is_none());
        open().forget(&crl, time(12));
        assert!(open().get(&crl, time(700)).is_none());
    }
}
