//! Where sessions are kept: names, and what a store has to do.
//!
//! A session is a record that grows step by step, and files. What the record says is the caller's affair; a store keeps
//! it whole, numbers its steps, and lets nobody write the same step twice.

use std::fmt;
use std::time::SystemTime;

use crate::digest::{DigestAlgorithm, from_hex, to_hex};
use crate::error::{ErrorCode, Result, StateError};
use crate::output::Output;
use crate::provider::Entropy;
use crate::source::Source;

/// The name of a session: 64 hexadecimal digits that nobody can guess.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionId([u8; 32]);

/// The name of a file in a session: 64 hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FileId([u8; 32]);

impl SessionId {
    /// A new name.
    ///
    /// # Errors
    /// What `entropy` says.
    pub fn draw(entropy: &dyn Entropy) -> Result<Self> {
        let mut bytes = [0; 32];
        entropy.fill(&mut bytes)?;
        Ok(SessionId(bytes))
    }

    /// The name in `text`.
    ///
    /// # Errors
    /// `session.unknown` for what is no name: no session has it.
    pub fn parse(text: &str) -> Result<Self> {
        parse(text).map(SessionId).ok_or_else(|| StateError::new(ErrorCode::SessionUnknown).into())
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl FileId {
    /// The name that follows from `parts`, each told from the next.
    pub(crate) fn of(parts: &[&[u8]]) -> Self {
        let mut state = crate::digest::State::new(DigestAlgorithm::Sha256);
        for part in parts {
            state.update(&crate::source::to_u64(part.len()).to_be_bytes());
            state.update(part);
        }
        FileId(state.finish().as_bytes().first_chunk::<32>().copied().unwrap_or_default())
    }

    /// The name in `text`.
    ///
    /// # Errors
    /// `session.file-unknown` for what is no name: no file has it.
    pub fn parse(text: &str) -> Result<Self> {
        parse(text).map(FileId).ok_or_else(|| StateError::new(ErrorCode::SessionFileUnknown).into())
    }
}

fn parse(text: &str) -> Option<[u8; 32]> {
    // One name has one form: it becomes part of a path.
    let is_canonical = text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'));
    from_hex(text.as_bytes()).filter(|_| is_canonical)?.try_into().ok()
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

impl fmt::Display for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_hex(&self.0))
    }
}

impl fmt::Debug for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Debug for FileId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// Keeps sessions. [`SessionDirectory`](super::SessionDirectory) is the one that comes with the crate; a database or an
/// object store is another.
///
/// What is written counts at once for everybody who reads; [`SessionStore::sync`] makes it outlast a power cut.
pub trait SessionStore: Send + Sync {
    /// Makes a session with the record of its step 1.
    ///
    /// # Errors
    /// `session.conflict` when there is one of this name; what the system says.
    fn create(&self, id: &SessionId, record: &[u8]) -> Result<()>;

    /// The last record that is whole, and the number of the last step.
    ///
    /// That number may be higher than the record's where a crash has left a step half-written: it is used up.
    ///
    /// # Errors
    /// `session.unknown`; `store.malformed` when no record is whole.
    fn load(&self, id: &SessionId) -> Result<(u64, Vec<u8>)>;

    /// Adds the record of step `step`, whole or not at all.
    ///
    /// # Errors
    /// `session.conflict` when that step is there already.
    fn save(&self, id: &SessionId, step: u64, record: &[u8]) -> Result<()>;

    /// Keeps others from working on the session until what is returned is dropped; `None` when somebody else has it.
    ///
    /// A courtesy that spares work: what must not happen twice is kept from it by the steps' numbers.
    ///
    /// # Errors
    /// `session.unknown`; what the system says.
    fn try_lock(&self, id: &SessionId) -> Result<Option<Box<dyn Send>>>;

    /// Writes a file, whole or not at all; an earlier one of this name is replaced. Returns its length.
    ///
    /// # Errors
    /// What the output says, and the system.
    fn put(&self, id: &SessionId, file: &FileId, content: Content<'_>) -> Result<u64>;

    /// Opens a file.
    ///
    /// # Errors
    /// `session.file-unknown`; what the system says.
    fn open(&self, id: &SessionId, file: &FileId) -> Result<Source>;

    /// Removes a file, if it is there.
    ///
    /// # Errors
    /// What the system says.
    fn remove_file(&self, id: &SessionId, file: &FileId) -> Result<()>;

    /// Removes a session with all that belongs to it.
    ///
    /// # Errors
    /// `session.unknown`; what the system says.
    fn remove(&self, id: &SessionId) -> Result<()>;

    /// All sessions and when each was last changed, sorted by name.
    ///
    /// # Errors
    /// What the system says.
    fn sessions(&self) -> Result<Vec<(SessionId, SystemTime)>>;

    /// Waits until all that was written for these sessions is on the disk.
    ///
    /// # Errors
    /// What the system says.
    fn sync(&self, ids: &[SessionId]) -> Result<()>;
}

/// What is written to a file of a session.
// Complete: bytes come from a document or are one.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// Bytes as they are.
    Source(&'a Source),
    /// A result.
    Output(&'a Output),
}
