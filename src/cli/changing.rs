//! Inputs that are changed themselves: held from their first byte to their last, in turn where several names lead to one.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::{Duration, Instant};

use eseal::error::Misuse;
use eseal::system::{FileIdentity, Held, UndoKey};
use eseal::{ErrorCode, Result};

use super::report::{now, printable};
use super::run::Ready;
use super::{Outcome, Stop, args, config};

/// What it takes to change inputs in place.
pub(crate) struct Changing {
    key: OnceLock<Arc<UndoKey>>,
    /// Where the key is, when nothing was to be changed at first.
    state: Option<PathBuf>,
    cancel: Arc<AtomicBool>,
    order: Mutex<Order>,
}

/// Which files were named before, and which names lead to one of them once more.
#[derive(Default)]
struct Order {
    seen: BTreeSet<(u64, u64)>,
    again: BTreeSet<PathBuf>,
}

/// A document that is changed, and the key for its undo file.
pub(crate) struct Change {
    pub(crate) held: Held,
    pub(crate) key: Arc<UndoKey>,
    /// What it was when it was read.
    pub(crate) identity: FileIdentity,
}

impl Changing {
    /// Makes sure, where `--in-place` was said, that there is a key for undo files.
    pub(crate) fn new(results: &args::Results, cancel: &Arc<AtomicBool>) -> Outcome<Changing> {
        let state = config::state_dir(results.state_dir.as_deref());
        let key = OnceLock::new();
        if results.in_place {
            let _ = key.set(Arc::new(key_of(state.as_deref())?));
        }
        Ok(Changing { key, state, cancel: Arc::clone(cancel), order: Mutex::default() })
    }

    /// Takes note that the document at `path` is to be changed; in the order of the inputs.
    pub(crate) fn expect(&self, path: &Path) {
        // What can't be looked at now is a fault later.
        let Ok(metadata) = path.metadata() else { return };
        let mut order = self.order.lock().unwrap_or_else(PoisonError::into_inner);
        // Without such numbers whoever comes too early waits, and is told that it is another one's turn.
        let node = FileIdentity::of(&metadata).node();
        if node.is_some_and(|node| !order.seen.insert(node)) {
            order.again.insert(path.to_owned());
        }
    }

    /// Holds the document at `path` if that is possible at once: nobody else has it, and no input before it is the same.
    pub(crate) fn try_hold(&self, path: &Path) -> Result<Option<Held>> {
        let is_again = self.order.lock().unwrap_or_else(PoisonError::into_inner).again.contains(path);
        if is_again {
            return Ok(None);
        }
        match Held::open(path) {
            Err(error) if error.code() == ErrorCode::StateBusy => Ok(None),
            held => held.map(Some),
        }
    }

    /// Waits for the document at `path`, since `since`, until it is free or the run ends.
    pub(crate) fn hold(&self, path: &Path, since: Instant) -> Result<Held> {
        hold(path, since, &self.cancel)
    }

    /// Takes back what a crashed run did to a document that is held.
    pub(crate) fn begin(&self, held: Held, given: &Path, ready: &mut Ready) -> Result<Change> {
        let key = self.key()?;
        if held.restore(&key)? {
            ready.notes.push(format!(
                "eseal: {}: a run that crashed was taken back first",
                printable(&given.to_string_lossy())
            ));
        }
        let identity = held.identity()?;
        Ok(Change { held, key, identity })
    }

    fn key(&self) -> Result<Arc<UndoKey>> {
        if let Some(key) = self.key.get() {
            return Ok(Arc::clone(key));
        }
        // What is changed was said by an earlier call.
        let state = self.state.as_deref().ok_or_else(|| Misuse::new(NO_STATE))?;
        let key = UndoKey::open(state)?;
        Ok(Arc::clone(self.key.get_or_init(|| Arc::new(key))))
    }
}

/// Waits for the document at `path`, since `since`, until it is free or `cancel` is set.
pub(crate) fn hold(path: &Path, since: Instant, cancel: &AtomicBool) -> Result<Held> {
    Held::wait(path, PATIENCE.saturating_sub(now().saturating_duration_since(since)), cancel)
}

/// The key in this state directory, or why nothing can be changed in place.
fn key_of(state: Option<&Path>) -> Outcome<UndoKey> {
    let state = state.ok_or_else(|| Stop::Usage(NO_STATE.into()))?;
    UndoKey::open(state).map_err(|error| {
        let state = state.display();
        Stop::Usage(format!(
            "--in-place keeps its key for undo files in {state}: {error}; --state-dir DIR names another"
        ))
    })
}

const NO_STATE: &str = "--in-place needs a place for its key for undo files: --state-dir DIR, or XDG_STATE_HOME or HOME in the environment";
// How long a document is waited for that somebody else changes.
const PATIENCE: Duration = Duration::from_secs(30);
