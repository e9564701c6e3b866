//! Whose a value is that does not verify: what the other sessions wait for is looked through.

use std::collections::BTreeSet;

use super::Sessions;
use super::held::Held;
use super::record::Record;
use crate::error::{Error, MadeOver, Mismatch, Result};
use crate::flow::{Awaited, StateSummary};
use crate::signature::SignatureValue;
use crate::store::SessionId;

/// What the other sessions wait for, read when the first value does not verify.
pub(super) struct Whose<'a> {
    sessions: &'a Sessions,
    held: &'a [Result<Held>],
    awaited: Option<Awaited<SessionId>>,
}

impl<'a> Whose<'a> {
    /// Among the sessions of a call first, then among those of the store.
    pub(super) fn new(sessions: &'a Sessions, held: &'a [Result<Held>]) -> Self {
        Whose { sessions, held, awaited: None }
    }

    /// The same fault; of a value that is meant for another session, with that session.
    pub(super) fn tell(&mut self, error: Error, id: &SessionId, value: &SignatureValue) -> Error {
        let Error::SignatureMismatch(mismatch) = error else { return error };
        if !mismatch.may_be_of_another() {
            return Error::SignatureMismatch(mismatch);
        }
        let awaited = self.awaited.get_or_insert_with(|| self.sessions.awaited(self.held));
        match awaited.whose(id, value, &mismatch) {
            Some(other) => Mismatch::new(Some(MadeOver::OtherSession { id: other.to_string(), name: None })).into(),
            None => Error::SignatureMismatch(mismatch),
        }
    }
}

impl Sessions {
    /// What can't be read waits for nothing that could be told.
    fn awaited(&self, held: &[Result<Held>]) -> Awaited<SessionId> {
        let of = |record: &Record| {
            let state = record.waiting.as_ref()?.prepared.to_bytes().ok()?;
            StateSummary::read(&state, &self.limits).ok()
        };
        let here: BTreeSet<SessionId> = held.iter().flatten().map(|held| held.id).collect();
        let own = held.iter().flatten().filter_map(|held| Some((held.id, of(&held.record)?)));
        let there = self.store.sessions().unwrap_or_default().into_iter().map(|(id, _)| id);
        let there = there.filter(|id| !here.contains(id)).take(SESSIONS);
        Awaited::new(own.chain(there.filter_map(|id| Some((id, of(&self.load(&id).ok()?.1)?)))))
    }
}

/// Sessions of the store that are looked through.
const SESSIONS: usize = 10_000;
