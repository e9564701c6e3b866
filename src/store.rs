//! Prepared documents between the two halves, and sessions, as a directory.
//!
//! In and out: the library's states as they are, and a record of what the command needs beside each.
//! Decided here: names of files, who may read them, and which state of an entry counts. What is in a state is
//! the library's affair, and it trusts none of it.
//!
//! ```text
//! DIR/ab/<id>.<n>.eseal   the state after step n, created exclusively; the highest n counts
//! DIR/ab/<id>.json        the record
//! DIR/keys/cd/<key>       the id that was prepared under this key
//! DIR/ab/<session>/       a session: see [`SessionDirectory`]
//! ```

use std::fs::{self, DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::digest::Digest;
use crate::error::{Error, ErrorCode, Result, StateError};
use crate::limits::Limits;
use crate::system::{open_own, read_own};

mod directory;
mod record;
mod session;

pub use directory::SessionDirectory;
pub use record::{MadeOf, Record, StoredFile, StoredPath};
pub use session::{Content, FileId, SessionId, SessionStore};

/// A directory of prepared documents.
#[derive(Debug, Clone)]
pub struct Store {
    directory: PathBuf,
    limits: Limits,
}

/// What [`Store::entries`] tells of one entry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Entry {
    /// Its id: 64 hexadecimal digits.
    pub id: String,
    /// The number of its last state.
    pub step: u32,
    /// When that state was written.
    pub changed: SystemTime,
}

/// The right to add to an entry.
#[derive(Debug)]
pub struct EntryLock {
    _file: File,
}

impl Store {
    /// How many states an entry has at most: prepared, signed, and what came of each try to raise it.
    pub const STEPS: u32 = 16;

    /// Opens the store at `directory`, and makes it when it is not there.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(directory: &Path, limits: &Limits) -> Result<Self> {
        make_directory(directory)?;
        Ok(Store { directory: directory.to_owned(), limits: limits.clone() })
    }

    /// Opens the store at `directory`, which must be there.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(directory: &Path, limits: &Limits) -> Result<Self> {
        fs::read_dir(directory)?;
        Ok(Store { directory: directory.to_owned(), limits: limits.clone() })
    }

    /// Writes the state of step `step`, and returns the open file so that it can be synced.
    ///
    /// The same bytes twice are written once.
    ///
    /// # Errors
    /// `store.malformed` when other bytes stand there already; what the system says.
    pub fn save(&self, id: &str, step: u32, state: &[u8]) -> Result<File> {
        let path = self.state_path(id, step)?;
        match create_file(&path, state) {
            Err(Error::Io(e)) if e.kind() == io::ErrorKind::AlreadyExists => {
                if self.read(&path)? == state {
                    Ok(open_own(File::options().read(true), &path)?)
                } else {
                    Err(malformed())
                }
            }
            other => other,
        }
    }

    /// Writes or replaces the record of `id`, and returns the open file so that it can be synced.
    ///
    /// # Errors
    /// What the system says.
    pub fn save_record(&self, id: &str, record: &Record) -> Result<File> {
        let path = self.path(id, "json")?;
        let bytes = serde_json::to_vec(record).map_err(io::Error::from)?;
        match create_file(&path, &bytes) {
            Err(Error::Io(e)) if e.kind() == io::ErrorKind::AlreadyExists => {
                use crate::system::{Existing, Staged};
                let permissions = path.metadata()?.permissions();
                Staged::write_bytes(&bytes, &path, Some(permissions))?.commit(Existing::Replace)?;
                Ok(open_own(File::options().read(true), &path)?)
            }
            other => other,
        }
    }

    /// Paths in the directories that must be synced, too, for the entry's names to last: see
    /// [`sync_directory`](crate::system::sync_directory).
    ///
    /// # Errors
    /// `store.unknown` for what is no id.
    pub fn names(&self, id: &str) -> Result<[PathBuf; 2]> {
        let record = self.path(id, "json")?;
        let fan = record.parent().unwrap_or(&self.directory).to_owned();
        Ok([record, fan])
    }

    /// Keeps other processes from adding to `id` until the lock is dropped.
    ///
    /// Some network file systems have no locks; a step is still written once there.
    ///
    /// # Errors
    /// `store.busy` while another process has it; `store.unknown` when there is no such entry.
    pub fn lock(&self, id: &str) -> Result<EntryLock> {
        let path = self.state_path(id, 1)?;
        // Network file systems lock only what may be written.
        let opened = match OpenOptions::new().read(true).write(true).open(&path) {
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => File::open(&path),
            opened => opened,
        };
        let file = match opened {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(unknown()),
            opened => opened?,
        };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Err(StateError::new(ErrorCode::StoreBusy).into()),
            Ok(()) | Err(TryLockError::Error(_)) => Ok(EntryLock { _file: file }),
        }
    }

    /// The last state of `id` and its step.
    ///
    /// # Errors
    /// `store.unknown` when there is none.
    pub fn load(&self, id: &str) -> Result<(u32, Vec<u8>)> {
        let mut last = None;
        // Steps are few; the next number is the next name.
        for step in 1..=STEPS {
            match self.read(&self.state_path(id, step)?) {
                Ok(state) => last = Some((step, state)),
                Err(Error::Io(e)) if e.kind() == io::ErrorKind::NotFound => break,
                Err(e) => return Err(e),
            }
        }
        last.ok_or_else(unknown)
    }

    /// The state of `id` after step `step`.
    ///
    /// # Errors
    /// `store.unknown` when there is none.
    pub fn load_step(&self, id: &str, step: u32) -> Result<Vec<u8>> {
        match self.read(&self.state_path(id, step)?) {
            Err(Error::Io(e)) if e.kind() == io::ErrorKind::NotFound => Err(unknown()),
            other => other,
        }
    }

    /// The record of `id`.
    ///
    /// # Errors
    /// `store.unknown`, `store.malformed`.
    pub fn record(&self, id: &str) -> Result<Record> {
        match self.read(&self.path(id, "json")?) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|_| malformed()),
            Err(Error::Io(e)) if e.kind() == io::ErrorKind::NotFound => Err(unknown()),
            Err(e) => Err(e),
        }
    }

    /// The id that was prepared under `key`, if its state is still there, and since when.
    ///
    /// # Errors
    /// What the system says.
    pub fn find(&self, key: &Digest) -> Result<Option<(String, SystemTime)>> {
        let path = self.key_path(key);
        let id = match self.read(&path) {
            Ok(bytes) => String::from_utf8(bytes).map_err(|_| malformed())?,
            Err(Error::Io(e)) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) => return Err(e),
        };
        let since = path.metadata()?.modified()?;
        Ok(self.state_path(&id, 1).is_ok_and(|path| path.exists()).then_some((id, since)))
    }

    /// Remembers that `id` was prepared under `key`. Losing this costs another preparation, so it is not synced.
    ///
    /// # Errors
    /// What the system says.
    pub fn remember(&self, key: &Digest, id: &str) -> Result<()> {
        use crate::system::{Existing, Staged};
        let path = self.key_path(key);
        match create_file(&path, id.as_bytes()) {
            Ok(_) => Ok(()),
            Err(Error::Io(e)) if e.kind() == io::ErrorKind::AlreadyExists => {
                let permissions = path.metadata()?.permissions();
                Staged::write_bytes(id.as_bytes(), &path, Some(permissions))?.commit(Existing::Replace)
            }
            Err(e) => Err(e),
        }
    }

    /// All entries, sorted by id.
    ///
    /// # Errors
    /// What the system says.
    pub fn entries(&self) -> Result<Vec<Entry>> {
        let mut entries: Vec<Entry> = Vec::new();
        for fan in sorted_names(&self.directory)? {
            if fan.len() != FAN || !is_hex(&fan) {
                continue;
            }
            let directory = self.directory.join(&fan);
            for name in sorted_names(&directory)? {
                let Some((id, step)) = state_name(&name) else { continue };
                let changed = directory.join(&name).symlink_metadata()?.modified()?;
                match entries.last_mut().filter(|last| last.id == id) {
                    Some(last) if last.step > step => {}
                    Some(last) => (last.step, last.changed) = (step, changed),
                    None => entries.push(Entry { id: id.to_owned(), step, changed }),
                }
            }
        }
        Ok(entries)
    }

    /// Removes an entry: first its states, so that what is left of it after a crash is no entry.
    ///
    /// # Errors
    /// `store.unknown`; what the system says.
    pub fn remove(&self, id: &str) -> Result<()> {
        let mut steps = Vec::new();
        for step in 1..=STEPS {
            let path = self.state_path(id, step)?;
            if path.symlink_metadata().is_err() {
                break;
            }
            steps.push(path);
        }
        if steps.is_empty() {
            return Err(unknown());
        }
        let key = self.record(id).ok().and_then(|record| record.key);
        // The last first: an earlier state must not count again when removing stops half-way.
        for path in steps.iter().rev().chain([&self.path(id, "json")?]) {
            remove_file(path)?;
        }
        match key.filter(|key| key.len() == ID && is_hex(key)).map(|key| self.key_file(&key)) {
            // The same document may have been prepared anew meanwhile: then the key is that entry's.
            Some(path) if self.read(&path).is_ok_and(|found| found == id.as_bytes()) => remove_file(&path),
            _ => Ok(()),
        }
    }

    fn state_path(&self, id: &str, step: u32) -> Result<PathBuf> {
        self.path(id, &format!("{step}.eseal"))
    }

    fn path(&self, id: &str, suffix: &str) -> Result<PathBuf> {
        // Nothing but digits becomes part of a path.
        let fan = id.get(..FAN).filter(|_| id.len() == ID && is_hex(id)).ok_or_else(unknown)?;
        Ok(self.directory.join(fan).join(format!("{id}.{suffix}")))
    }

    fn key_path(&self, key: &Digest) -> PathBuf {
        self.key_file(&key.to_hex())
    }

    fn key_file(&self, hex: &str) -> PathBuf {
        self.directory.join("keys").join(hex.get(..FAN).unwrap_or_default()).join(hex)
    }

    fn read(&self, path: &Path) -> Result<Vec<u8>> {
        match read_own(path, "state_bytes", self.limits.state_bytes) {
            // A link would lead out of the store, and a pipe would be waited for.
            Err(Error::Io(e)) if e.kind() == io::ErrorKind::InvalidInput => Err(malformed()),
            read => read,
        }
    }
}

/// Creates a file that only its owner may read, exclusively; one that could not be written is gone.
fn create_file(path: &Path, bytes: &[u8]) -> Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let opened = match options.open(path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => {
            path.parent().map_or(Ok(()), make_directory)?;
            options.open(path)
        }
        opened => opened,
    };
    let mut file = opened?;
    if let Err(e) = file.write_all(bytes) {
        remove_file(path)?;
        return Err(e.into());
    }
    Ok(file)
}

fn make_directory(path: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    Ok(builder.create(path)?)
}

fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e.into()),
        _ => Ok(()),
    }
}

fn sorted_names(directory: &Path) -> Result<Vec<String>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        // What is no text is none of ours.
        names.extend(entry?.file_name().into_string());
    }
    names.sort();
    Ok(names)
}

fn state_name(name: &str) -> Option<(&str, u32)> {
    let (id, step) = name.strip_suffix(".eseal")?.split_once('.')?;
    let step = step.parse().ok().filter(|step| (1..=STEPS).contains(step))?;
    (id.len() == ID && is_hex(id)).then_some((id, step))
}

fn is_hex(text: &str) -> bool {
    text.bytes().all(|c| matches!(c, b'0'..=b'9' | b'a'..=b'f'))
}

fn unknown() -> Error {
    StateError::new(ErrorCode::StoreUnknown).into()
}

fn malformed() -> Error {
    StateError::new(ErrorCode::StoreMalformed).into()
}

const FAN: usize = 2;
const ID: usize = 64;
const STEPS: u32 = Store::STEPS;

#[cfg(test)]
mod tests;
