//! A session in hand: nobody else goes on with it meanwhile.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use super::record::Record;
use super::{SessionFile, Sessions};
use crate::asice::{Container, DataFile, is_zip};
use crate::batch::{Batch, Together};
use crate::error::{Error, ErrorCode, Limit, Refusal, Result, StateError};
use crate::flow::Format;
use crate::source::{Source, to_u64};
use crate::store::{FileId, SessionId};

/// A session in hand, with its record as it stands now.
pub(super) struct Held {
    pub(super) id: SessionId,
    /// The number of the last step.
    step: u64,
    pub(super) record: Record,
    _lock: Box<dyn Send>,
}

impl Sessions {
    /// Takes a session in hand, and waits for whoever has it.
    #[expect(clippy::disallowed_methods, reason = "waiting has an end; no result depends on the clock")]
    pub(super) fn lock(&self, id: &SessionId) -> Result<Box<dyn Send>> {
        let begun = Instant::now();
        loop {
            if let Some(lock) = self.store.try_lock(id)? {
                return Ok(lock);
            }
            if self.cancel.load(Ordering::Relaxed) {
                return Err(Error::Cancelled);
            }
            if begun.elapsed() >= self.patience {
                return Err(StateError::new(ErrorCode::SessionBusy).into());
            }
            std::thread::sleep(LOOK_AGAIN.min(self.patience));
        }
    }

    /// Takes a session in hand and reads its record.
    pub(super) fn hold(&self, id: &SessionId) -> Result<Held> {
        let lock = self.lock(id)?;
        let (step, record) = self.load(id)?;
        Ok(Held { id: *id, step, record, _lock: lock })
    }

    /// Takes all of them in hand, in one order for everybody, and gives them in the order of `ids`.
    pub(super) fn hold_all(&self, ids: &[SessionId]) -> Vec<Result<Held>> {
        let mut order: Vec<(usize, &SessionId)> = ids.iter().enumerate().collect();
        order.sort_by_key(|(_, id)| **id);
        let mut held: Vec<(usize, Result<Held>)> = order.into_iter().map(|(n, id)| (n, self.hold(id))).collect();
        held.sort_by_key(|(n, _)| *n);
        held.into_iter().map(|(_, held)| held).collect()
    }

    /// Writes the next step of a session.
    pub(super) fn keep(&self, held: &mut Held) -> Result<()> {
        let step = held.step.saturating_add(1);
        let record = held.record.to_bytes()?;
        let (limit, found) = (self.limits.session_bytes, to_u64(record.len()));
        if found > limit {
            return Err(Limit::new("session_bytes", limit, found).into());
        }
        self.store.save(&held.id, step, &record)?;
        held.step = step;
        Ok(())
    }

    /// The session's files, as they go into a container.
    pub(super) fn files_of(&self, held: &Held) -> Result<Vec<DataFile>> {
        let mut files = Vec::new();
        for file in &held.record.files {
            files.push(match file.by_digest()? {
                Some(by_digest) => by_digest,
                None => DataFile::new(&*file.name, self.store.open(&held.id, &file.id()?)?),
            });
        }
        Ok(files)
    }

    /// The content of the session's only file.
    pub(super) fn only_file(&self, held: &Held) -> Result<Source> {
        match held.record.files.as_slice() {
            [] => Err(Refusal::new(ErrorCode::SessionEmpty).into()),
            [only] if only.digest.is_none() => self.store.open(&held.id, &only.id()?),
            _ => Err(StateError::new(ErrorCode::SessionFileUnknown).into()),
        }
    }

    /// Removes files that the record does not name any more; what stays behind after a crash goes with the session.
    pub(super) fn clear(&self, id: &SessionId, old: &[FileId], record: &Record) -> Result<()> {
        let kept: BTreeSet<&str> = record.files.iter().map(|file| &*file.id).collect();
        old.iter()
            .filter(|file| !kept.contains(&*file.to_string()))
            .try_for_each(|file| self.store.remove_file(id, file))
    }

    /// Does `work` on all that are in hand, of which one stage is done for several of them at once.
    pub(super) fn all_together<'a, W: Together<&'a mut Held>>(
        &self,
        sessions: &'a mut [Result<Held>],
        work: &W,
    ) -> Vec<Result<W::Done>> {
        let (mut held, mut places) = (Vec::with_capacity(sessions.len()), Vec::with_capacity(sessions.len()));
        for session in sessions {
            places.push(match session {
                Ok(session) => {
                    held.push((0, session));
                    None
                }
                Err(error) => Some(error.clone()),
            });
        }
        let mut results = Vec::with_capacity(held.len());
        let batch = Batch::new(self.workers, WINDOW).cancel_on(&self.cancel);
        batch.run_together(held, work, |_, some| results.extend(some));
        // After a cancellation the rest was not begun.
        let mut results = results.into_iter();
        let next = |fault: Option<Error>| fault.map_or_else(|| results.next().unwrap_or(Err(Error::Cancelled)), Err);
        places.into_iter().map(next).collect()
    }

    /// Does `work` on each item with the workers, and gives the results in their order.
    pub(super) fn each<T: Send, R: Send>(&self, items: Vec<T>, work: impl Fn(T) -> Result<R> + Sync) -> Vec<Result<R>> {
        let count = items.len();
        let mut results = self.each_of(Batch::new(self.workers, WINDOW).cancel_on(&self.cancel), items, work);
        // After a cancellation the rest was not begun.
        results.resize_with(count, || Err(Error::Cancelled));
        results
    }

    /// As [`Sessions::each`], also after a cancellation: what was reached is to be kept.
    pub(super) fn each_to_the_end<T: Send, R: Send>(
        &self,
        items: Vec<T>,
        work: impl Fn(T) -> Result<R> + Sync,
    ) -> Vec<Result<R>> {
        self.each_of(Batch::new(self.workers, WINDOW), items, work)
    }

    fn each_of<T: Send, R: Send>(
        &self,
        batch: Batch,
        items: Vec<T>,
        work: impl Fn(T) -> Result<R> + Sync,
    ) -> Vec<Result<R>> {
        let mut results = Vec::with_capacity(items.len());
        batch.run(items.into_iter().map(|item| (0, item)), work, |_, result| results.push(result));
        results
    }
}

impl Held {
    /// The ids of its files, as they stand in the record.
    pub(super) fn file_ids(&self) -> Result<Vec<FileId>> {
        self.record.files.iter().map(super::record::File::id).collect()
    }

    /// The result of this id.
    pub(super) fn result(&self, id: &str) -> Result<Option<SessionFile>> {
        self.record.files.iter().find(|file| file.id == id).map(super::record::File::to_session_file).transpose()
    }
}

/// The container in `source`, if it is one, whatever its name: other ZIP archives, such as office documents, are files
/// like any other.
pub(super) fn container(name: &str, source: &Source, limits: &crate::Limits) -> Result<Option<Container>> {
    if !is_zip(source)? {
        return Ok(None);
    }
    let lower = name.to_ascii_lowercase();
    let is_named = [".asice", ".edoc", ".sce"].iter().any(|end| lower.ends_with(end));
    match Container::open(source, limits) {
        Ok(container) => Ok(Some(container)),
        Err(error) if is_named || matches!(error, Error::Io(_)) || is_container(source)? => Err(error),
        Err(_) => Ok(None),
    }
}

/// Whether its first bytes say that it is an ASiC-E container.
pub(super) fn is_container(source: &Source) -> Result<bool> {
    let begin = source.window_up_to(0, Format::BEGINNING_BYTES)?;
    Ok(Format::of_beginning(&begin) == Some(Format::Asice))
}

/// Splits sessions into parts that are worked on at once; no part has the same session twice.
pub(super) fn windows<T>(items: Vec<T>, id: impl Fn(&T) -> SessionId) -> Vec<Vec<T>> {
    let mut windows: Vec<Vec<T>> = Vec::new();
    let mut seen = BTreeSet::new();
    for item in items {
        let is_new = seen.insert(id(&item));
        match windows.last_mut().filter(|last| is_new && last.len() < WINDOW) {
            Some(last) => last.push(item),
            None => {
                seen = BTreeSet::from([id(&item)]);
                windows.push(vec![item]);
            }
        }
    }
    windows
}

/// Each session in hand is an open file.
pub(super) const WINDOW: usize = 256;
const LOOK_AGAIN: Duration = Duration::from_millis(20);
