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

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, SystemTime};

use crate::error::{Error, ErrorCode, Result};
use crate::flow::UpgradeReport;
use crate::limits::Limits;
use crate::pki::Certificate;
use crate::provider::{Clock, Entropy};
use crate::service::Services;
use crate::signature::ToBeSigned;
use crate::signing::Level;
use crate::store::{FileId, SessionId, SessionStore};
use record::Record;

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
    patience: Duration,
    cancel: Arc<AtomicBool>,
}

/// What a session's files become.
// Complete: the contract of the services has these three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One PDF with a signature inside.
    Pdf,
    /// A container that is the only file gets one more signature; other files go into a new one.
    AddToContainer,
    /// A new container of all files, also where one of them is a container.
    NewContainer,
}

/// A file of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionFile {
    /// Its id: the same name and content have the same one.
    pub id: FileId,
    /// Its name.
    pub name: String,
    /// Its length in bytes, where that is known.
    pub size: Option<u64>,
    /// Whether its content is here.
    pub kind: FileKind,
    /// The level of the signature that was added here, if it is a result.
    pub level: Option<Level>,
    /// What a container holds.
    pub included: Vec<IncludedFile>,
}

/// Whether a file's content is in the session.
// Complete: it is there or it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// With its content.
    Content,
    /// Known by its digest alone.
    Digest,
}

/// A data file of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IncludedFile {
    /// An id of its own; it can't be downloaded by it.
    pub id: FileId,
    /// Its name in the container.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
}

/// How far a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// It takes files.
    Open,
    /// It waits for a signature value.
    Prepared,
    /// A value has verified; its level is not reached yet.
    Signed,
    /// Signed, at its level.
    Finished,
    /// An archive time-stamp was added.
    Archived,
    /// Its document can't be signed.
    Failed,
}

impl Phase {
    /// The word for it, such as `prepared`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Open => "open",
            Phase::Prepared => "prepared",
            Phase::Signed => "signed",
            Phase::Finished => "finished",
            Phase::Archived => "archived",
            Phase::Failed => "failed",
        }
    }
}

/// What is known of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStatus {
    /// How far it is.
    pub phase: Phase,
    /// Its files, as [`Sessions::list`] gives them.
    pub files: Vec<SessionFile>,
    /// The code of why its document can't be signed, where that is so.
    pub failed: Option<String>,
    /// The number of its last step: it grows with each change.
    pub step: u64,
}

/// What the key of a session must sign.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SessionDigest {
    /// It.
    pub to_be_signed: ToBeSigned,
    /// Whether it was computed now.
    pub prepared: Preparation,
}

/// How a preparation came about.
// Complete: there was none, the same, or another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preparation {
    /// There was none before.
    New,
    /// An earlier call with the same arguments made it: the digest is the same.
    Again,
    /// One with other arguments was there: what it gave out is void.
    Anew,
}

impl Preparation {
    /// The word for it: `new`, `again`, `anew`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Preparation::New => "new",
            Preparation::Again => "again",
            Preparation::Anew => "anew",
        }
    }
}

/// What a session has become.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SessionResult {
    /// The level of its document.
    pub level: Level,
    /// Its document.
    pub file: SessionFile,
    /// Whether an earlier call did it, and this one only says so.
    pub is_again: bool,
    /// What was done on the way to the level, where services were asked.
    pub report: Option<UpgradeReport>,
}

/// Why a session did not become what it should, and what was reached.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SessionFailure {
    /// Why.
    pub error: Error,
    /// The level that was reached: the signature has verified and is kept.
    pub reached: Option<Level>,
}

impl From<Error> for SessionFailure {
    fn from(error: Error) -> Self {
        SessionFailure { error, reached: None }
    }
}

impl std::fmt::Display for SessionFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for SessionFailure {}

/// Whom sessions ask and believe on the way to a level above B-B.
pub struct SessionClimb<'a> {
    services: &'a Services,
    trusted: Vec<Certificate>,
    known: Vec<Certificate>,
    accepts_lower: bool,
}

impl<'a> SessionClimb<'a> {
    /// Asks `services`; only paths that end at one of `trusted` count.
    #[must_use]
    pub fn new(services: &'a Services, trusted: Vec<Certificate>) -> Self {
        SessionClimb { services, trusted, known: Vec::new(), accepts_lower: false }
    }

    /// Certificates that may be issuers, so that they need not be fetched.
    #[must_use]
    pub fn known(self, known: Vec<Certificate>) -> Self {
        SessionClimb { known, ..self }
    }

    /// Where a service fails, the level that was reached will do.
    #[must_use]
    pub fn accept_lower(self) -> Self {
        SessionClimb { accepts_lower: true, ..self }
    }
}

/// What is done with a session that this house has archived already.
// Complete: one more or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rearchive {
    /// The earlier result is answered.
    Never,
    /// It gets another archive time-stamp.
    Again,
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
        Sessions { store, clock, entropy, limits, workers: 1, patience: PATIENCE, cancel }
    }

    /// How many threads work on the sessions of a call; at least one.
    #[must_use]
    pub fn workers(self, workers: usize) -> Self {
        Sessions { workers: workers.max(1), ..self }
    }

    /// How long a call waits for a session that somebody else works on: a minute where nothing is said.
    #[must_use]
    pub fn patience(self, patience: Duration) -> Self {
        Sessions { patience, ..self }
    }

    /// Stops when `stop` is set: sessions that were not begun end with [`Error::Cancelled`].
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
        for _ in 0..amount {
            let id = SessionId::draw(self.entropy.as_ref())?;
            self.store.create(&id, &record)?;
            ids.push(id);
        }
        self.store.sync(&ids)?;
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
