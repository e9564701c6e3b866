//! Whose a value is that does not verify: what the other sessions of the store wait for is looked through.

use std::sync::OnceLock;

use eseal::error::{MadeOver, Mismatch};
use eseal::store::Store;
use eseal::{Awaited, Limits, SignatureValue, StateSummary};

use super::finalize::PREPARED;

/// What the sessions of a store wait for, read when the first value does not verify.
#[derive(Default)]
pub(crate) struct Whose(OnceLock<Awaited<String>>);

impl Whose {
    /// The mismatch of a value that came for `id`, with the session that it is meant for if there is one.
    pub(crate) fn tell(
        &self,
        store: &Store,
        id: &str,
        value: &SignatureValue,
        mismatch: Mismatch,
        limits: &Limits,
    ) -> Mismatch {
        if !mismatch.may_be_of_another() {
            return mismatch;
        }
        let awaited = self.0.get_or_init(|| awaited(store, limits));
        let Some(other) = awaited.whose(&id.to_owned(), value, &mismatch) else { return mismatch };
        let name = store.record(other).ok().map(|record| record.input);
        Mismatch::new(Some(MadeOver::OtherSession { id: other.clone(), name }))
    }
}

/// What can't be read waits for nothing that could be told.
fn awaited(store: &Store, limits: &Limits) -> Awaited<String> {
    let read = |id: String| {
        let state = StateSummary::read(&store.load_step(&id, PREPARED).ok()?, limits).ok()?;
        Some((id, state))
    };
    let entries = store.entries().unwrap_or_default();
    Awaited::new(entries.into_iter().take(SESSIONS).filter_map(|entry| read(entry.id)))
}

/// Sessions that are looked through.
const SESSIONS: usize = 10_000;
