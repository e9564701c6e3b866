//! Sessions: files that wait for a signature, over hours, processes and crashes.
//!
//! In: files or their digests, a plan, signature values. Out: what keys must sign, and signed documents. Every call may
//! be made again: what was done already is answered, not done once more. Decided here and nowhere else: what a session
//! is at each step, what may follow, and what is kept when something fails. Where the bytes lie is the
//! [`SessionStore`]'s affair.
//!
//! ```text
//! open ──prepare──▶ prepared ──finalize: the value verifies──▶ signed ──level reached──▶ finished ──archive──▶ archived
//!   ▲ upload, delete    │ prepare with other arguments            │ a service fails: finalize again      │
//!   └───────────────────┘                                         └──▶ stays signed                      └─▶ prepare: the next signer
//! ```

mod archive;
mod files;
mod finalize;
mod held;
mod prepare;
mod raise;
mod record;
mod signer;
mod values;
mod whose;

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use crate::digest::Kernel;
use crate::error::{ErrorCode, Result};
use crate::limits::Limits;
use crate::provider::{Clock, Entropy};
use crate::store::{SessionId, SessionStore};
use record::Record;
pub use values::{FileKind, Form, IncludedFile, Phase, Preparation, Rearchive, SessionClimb, SessionDigest};
pub use values::{SessionFailure, SessionFile, SessionResult, SessionStatus};

/// Sessions in a store.
///
/// ```
/// use std::sync::Arc;
/// use eseal::batch::{Form, Sessions};
/// use eseal::store::SessionDirectory;
/// use eseal::system::{OsEntropy, SystemClock};
/// use eseal::{Limits, Plan, Source, Time};
/// # use eseal::Signer;
/// # fn main() -> eseal::Result<()> {
/// # let directory = tempfile::tempdir().unwrap();
/// # let directory = directory.path();
/// # let key = eseal::key::throw_away(&OsEntropy, "Nobody", Time::parse_rfc3339("2026-01-02T03:04:05Z")?)?;
/// # let plan = Plan::new(key.chain()[0].clone(), &[])?.allow_expired();
/// # let content = Source::from_bytes("hello\n");
/// let limits = Limits::default();
/// let store = Arc::new(SessionDirectory::create(directory, &limits)?);
/// let sessions = Sessions::new(store, Arc::new(SystemClock), Arc::new(OsEntropy), &limits);
/// let id = sessions.start(1)?[0];
/// sessions.upload(&id, "hello.txt", &content)?;
/// let prepared = sessions.prepare(&[id], &plan, Form::NewContainer).remove(0)?;
///
/// // Elsewhere, perhaps hours later: the key signs prepared.to_be_signed.digest().
/// # let value = key.sign(&prepared.to_be_signed)?;
/// let signed = sessions.finalize(vec![(id, value)], None).remove(0).map_err(|failure| failure.error)?;
/// let (file, source) = sessions.download(&id, Some(&signed.file.id))?;
/// # assert_eq!((file.name.as_str(), file.size), ("hello.txt.edoc", Some(source.len())));
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
pub struct Sessions {
    store: Arc<dyn SessionStore>,
    clock: Arc<dyn Clock>,
    entropy: Arc<dyn Entropy>,
    limits: Limits,
    workers: usize,
    kernel: Kernel,
    patience: Duration,
    cancel: Arc<AtomicBool>,
}

impl Sessions {
    /// Sessions in `store`, with one worker.
    #[must_use]
    pub fn new(
        store: Arc<dyn SessionStore>,
        clock: Arc<dyn Clock>,
        entropy: Arc<dyn Entropy>,
        limits: &Limits,
    ) -> Self {
        let (limits, cancel) = (limits.clone(), Arc::default());
        let kernel = Kernel::portable();
        Sessions { store, clock, entropy, limits, workers: 1, kernel, patience: PATIENCE, cancel }
    }

    /// How many threads work on the sessions of a call; at least one.
    #[must_use]
    pub fn workers(self, workers: usize) -> Self {
        Sessions { workers: workers.max(1), ..self }
    }

    /// What documents of several sessions are hashed by, side by side: [`fastest_kernel`](crate::system::fastest_kernel)
    /// finds the best one.
    #[must_use]
    pub fn kernel(self, kernel: Kernel) -> Self {
        Sessions { kernel, ..self }
    }

    /// How long a call waits for a session that somebody else works on: a minute where nothing is said.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Sessions { patience, ..self }
    }

    /// Stops when `stop` is set: sessions that were not begun end with [`Error::Cancelled`](crate::Error::Cancelled).
    #[must_use]
    pub fn cancel_on(self, stop: &Arc<AtomicBool>) -> Self {
        Sessions { cancel: Arc::clone(stop), ..self }
    }

    /// Starts so many sessions.
    ///
    /// # Errors
    /// What the store says, or the source of random bytes.
    pub fn start(&self, amount: usize) -> Result<Vec<SessionId>> {
        let record = Record::default().to_bytes()?;
        let mut ids = Vec::new();
        // What is not on the disk yet is remembered, so a part at a time.
        while ids.len() < amount {
            let part = ids.len();
            for _ in 0..held::WINDOW.min(amount.saturating_sub(part)) {
                let id = SessionId::draw(self.entropy.as_ref())?;
                self.store.create(&id, &record)?;
                ids.push(id);
            }
            self.store.sync(ids.get(part..).unwrap_or_default())?;
        }
        Ok(ids)
    }

    /// How far a session is.
    ///
    /// # Errors
    /// `session.unknown`; `store.malformed`.
    pub fn status(&self, id: &SessionId) -> Result<SessionStatus> {
        let (step, record) = self.load(id)?;
        let failed = record.failed.clone();
        Ok(SessionStatus { phase: record.phase(), files: record.session_files()?, failed, step })
    }

    /// Ends a session: its files and states are gone.
    ///
    /// # Errors
    /// `session.unknown`, `session.busy`.
    pub fn close(&self, id: &SessionId) -> Result<()> {
        let _held = self.lock(id)?;
        self.store.remove(id)
    }

    /// All sessions, and when each was last changed.
    ///
    /// # Errors
    /// What the store says.
    pub fn sessions(&self) -> Result<Vec<(SessionId, SystemTime)>> {
        self.store.sessions()
    }

    /// Ends the sessions that were last changed before `time`, and says which; one that somebody works on stays.
    ///
    /// # Errors
    /// What the store says.
    pub fn expire(&self, time: SystemTime) -> Result<Vec<SessionId>> {
        let mut ended = Vec::new();
        for (id, _) in self.sessions()?.into_iter().filter(|(_, changed)| *changed < time) {
            match self.store.try_lock(&id) {
                Ok(None) => continue,
                Ok(Some(_held)) => match self.store.remove(&id) {
                    Ok(()) => ended.push(id),
                    Err(error) if error.code() == ErrorCode::SessionUnknown => {}
                    Err(error) => return Err(error),
                },
                Err(error) if error.code() == ErrorCode::SessionUnknown => {}
                Err(error) => return Err(error),
            }
        }
        Ok(ended)
    }

    fn load(&self, id: &SessionId) -> Result<(u64, Record)> {
        let (step, bytes) = self.store.load(id)?;
        Ok((step, Record::read(&bytes, &self.limits)?))
    }
}

impl std::fmt::Debug for Sessions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Sessions").field("workers", &self.workers).finish_non_exhaustive()
    }
}

const PATIENCE: Duration = Duration::from_secs(60);
