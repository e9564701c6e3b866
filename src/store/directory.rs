//! Sessions in a directory.
//!
//! ```text
//! DIR/ab/<session>/<n>.session   the record after step n, under its name in one stroke; the highest whole one counts
//! DIR/ab/<session>/<file>        a file of the session
//! ```
//!
//! A record ends with the SHA-256 of what stands before: one that a crash has cut is known as such, and the step
//! before it counts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, DirBuilder, File, Permissions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::SystemTime;

use super::session::{Content, FileId, SessionId, SessionStore};
use crate::digest::DigestAlgorithm;
use crate::error::{Error, ErrorCode, Result, StateError};
use crate::limits::Limits;
use crate::source::Source;
use crate::system::{Existing, FileSource, Staged, open_own, read_own, sync_directory};

/// Sessions below a directory that only its owner may read.
#[derive(Debug)]
pub struct SessionDirectory {
    directory: PathBuf,
    limits: Limits,
    unsynced: Mutex<BTreeMap<SessionId, Unsynced>>,
}

/// What was written for a session and is perhaps not on the disk yet.
#[derive(Debug, Default)]
struct Unsynced {
    files: BTreeSet<PathBuf>,
    /// Its own name is not there yet.
    is_new: bool,
}

impl SessionDirectory {
    /// Opens the store at `directory`, and makes it when it is not there.
    ///
    /// # Errors
    /// What the system says.
    pub fn create(directory: &Path, limits: &Limits) -> Result<Self> {
        make_directories(directory)?;
        SessionDirectory::open(directory, limits)
    }

    /// Opens the store at `directory`, which must be there.
    ///
    /// # Errors
    /// What the system says.
    pub fn open(directory: &Path, limits: &Limits) -> Result<Self> {
        fs::read_dir(directory)?;
        Ok(SessionDirectory { directory: directory.to_owned(), limits: limits.clone(), unsynced: Mutex::default() })
    }

    fn place(&self, id: &SessionId) -> PathBuf {
        let name = id.to_string();
        self.directory.join(name.get(..FAN).unwrap_or_default()).join(name)
    }

    fn note(&self, id: &SessionId, path: PathBuf) {
        let mut unsynced = self.unsynced.lock().unwrap_or_else(PoisonError::into_inner);
        unsynced.entry(*id).or_default().files.insert(path);
    }

    /// Writes the record of a step under its name, which must be free.
    fn write(&self, id: &SessionId, step: u64, record: &[u8]) -> Result<()> {
        let path = self.place(id).join(format!("{step}.{RECORD}"));
        let sum = DigestAlgorithm::Sha256.digest(record);
        let staged = match Staged::write_bytes(&[record, sum.as_bytes()].concat(), &path, private()) {
            // Somebody else is writing the same step.
            Err(Error::Io(e)) if e.kind() == io::ErrorKind::ResourceBusy => {
                return Err(fault(ErrorCode::SessionConflict));
            }
            staged => staged?,
        };
        match staged.commit(Existing::Keep) {
            Err(error) if error.code() == ErrorCode::IoTargetExists => Err(fault(ErrorCode::SessionConflict)),
            Err(error) => Err(error),
            Ok(()) => {
                self.note(id, path);
                Ok(())
            }
        }
    }

    /// The numbers of the steps that are there, the highest first.
    fn steps(&self, id: &SessionId) -> Result<Vec<u64>> {
        let entries = match fs::read_dir(self.place(id)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(fault(ErrorCode::SessionUnknown)),
            entries => entries?,
        };
        let mut steps = Vec::new();
        for entry in entries {
            steps.extend(entry?.file_name().to_str().and_then(step_of));
        }
        steps.sort_unstable_by(|a, b| b.cmp(a));
        Ok(steps)
    }

    /// The record of a step, if it is whole.
    fn read(&self, id: &SessionId, step: u64) -> Result<Option<Vec<u8>>> {
        let path = self.place(id).join(format!("{step}.{RECORD}"));
        let mut bytes = match read_own(&path, "session_bytes", self.limits.session_bytes) {
            // A link would lead out of the store, and a pipe would be waited for.
            Err(Error::Io(e)) if e.kind() == io::ErrorKind::InvalidInput => return Ok(None),
            read => read?,
        };
        let Some((record, sum)) = bytes.split_last_chunk::<SUM>() else { return Ok(None) };
        let is_whole = DigestAlgorithm::Sha256.digest(record).as_bytes() == sum;
        let len = record.len();
        bytes.truncate(len);
        Ok(is_whole.then_some(bytes))
    }
}

impl SessionStore for SessionDirectory {
    fn create(&self, id: &SessionId, record: &[u8]) -> Result<()> {
        let place = self.place(id);
        if let Some(fan) = place.parent() {
            make_directories(fan)?;
        }
        match make_directory(&place) {
            Err(Error::Io(e)) if e.kind() == io::ErrorKind::AlreadyExists => Err(fault(ErrorCode::SessionConflict)),
            Err(error) => Err(error),
            Ok(()) => {
                let mut unsynced = self.unsynced.lock().unwrap_or_else(PoisonError::into_inner);
                unsynced.entry(*id).or_default().is_new = true;
                drop(unsynced);
                self.write(id, 1, record)
            }
        }
    }

    fn load(&self, id: &SessionId) -> Result<(u64, Vec<u8>)> {
        let steps = self.steps(id)?;
        let last = steps.first().copied().unwrap_or(0);
        for step in steps {
            match self.read(id, step) {
                Ok(Some(record)) => return Ok((last, record)),
                // Somebody else went on and has cleared it away.
                Err(Error::Io(e)) if e.kind() == io::ErrorKind::NotFound => {
                    return Err(fault(ErrorCode::SessionConflict));
                }
                Ok(None) => {}
                Err(error) => return Err(error),
            }
        }
        Err(fault(ErrorCode::StoreMalformed))
    }

    fn save(&self, id: &SessionId, step: u64, record: &[u8]) -> Result<()> {
        self.write(id, step, record)?;
        // The one before stays: it counts where this one does not outlast a power cut.
        for old in self.steps(id)?.into_iter().filter(|old| old.saturating_add(1) < step) {
            let path = self.place(id).join(format!("{old}.{RECORD}"));
            remove_file(&path)?;
            let mut unsynced = self.unsynced.lock().unwrap_or_else(PoisonError::into_inner);
            unsynced.get_mut(id).map(|session| session.files.remove(&path));
        }
        Ok(())
    }

    fn try_lock(&self, id: &SessionId) -> Result<Option<Box<dyn Send>>> {
        let place = self.place(id);
        let opened = if cfg!(unix) { File::open(&place) } else { File::create(place.join("lock")) };
        let file = match opened {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(fault(ErrorCode::SessionUnknown)),
            opened => opened?,
        };
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Ok(None),
            // Some network file systems have no locks; a step is still written once there.
            Ok(()) | Err(TryLockError::Error(_)) => Ok(Some(Box::new(file))),
        }
    }

    fn put(&self, id: &SessionId, file: &FileId, content: Content<'_>) -> Result<u64> {
        let path = self.place(id).join(file.to_string());
        let staged = match content {
            Content::Output(output) => Staged::write(output, &path, private())?,
            Content::Source(source) => Staged::write_source(source, &path, private())?,
        };
        let len = staged.len()?;
        staged.commit(Existing::Replace)?;
        self.note(id, path);
        Ok(len)
    }

    fn open(&self, id: &SessionId, file: &FileId) -> Result<Source> {
        let path = self.place(id).join(file.to_string());
        match open_own(File::options().read(true), &path) {
            Ok(file) => FileSource::new(file)?.into_source(),
            // No link leads out of the store, and no pipe is waited for.
            Err(e) if matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidInput) => {
                Err(fault(ErrorCode::SessionFileUnknown))
            }
            Err(e) => Err(e.into()),
        }
    }

    fn remove_file(&self, id: &SessionId, file: &FileId) -> Result<()> {
        remove_file(&self.place(id).join(file.to_string()))
    }

    fn remove(&self, id: &SessionId) -> Result<()> {
        let place = self.place(id);
        // Under another name first: what is left of it after a crash is no session.
        let gone = place.with_extension("removed");
        match fs::rename(&place, &gone) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Err(fault(ErrorCode::SessionUnknown)),
            renamed => renamed?,
        }
        self.unsynced.lock().unwrap_or_else(PoisonError::into_inner).remove(id);
        Ok(fs::remove_dir_all(&gone)?)
    }

    fn sessions(&self) -> Result<Vec<(SessionId, SystemTime)>> {
        let mut found = Vec::new();
        for fan in fs::read_dir(&self.directory)? {
            let fan = fan?;
            if fan.file_name().len() != FAN || !fan.file_type()?.is_dir() {
                continue;
            }
            for entry in fs::read_dir(fan.path())? {
                let entry = entry?;
                let id = entry.file_name().to_str().and_then(|name| SessionId::parse(name).ok());
                if let (Some(id), true) = (id, entry.file_type()?.is_dir()) {
                    found.push((id, entry.metadata()?.modified()?));
                }
            }
        }
        found.sort();
        Ok(found)
    }

    fn sync(&self, ids: &[SessionId]) -> Result<()> {
        let (mut files, mut directories) = (Vec::new(), BTreeSet::new());
        let mut taken = Vec::new();
        {
            let mut unsynced = self.unsynced.lock().unwrap_or_else(PoisonError::into_inner);
            for id in ids {
                let Some(session) = unsynced.remove(id) else { continue };
                let place = self.place(id);
                if let (Some(fan), true) = (place.parent(), session.is_new) {
                    directories.extend([fan.to_owned(), self.directory.clone()]);
                }
                directories.insert(place);
                files.extend(session.files.iter().cloned());
                taken.push((*id, session));
            }
        }
        // A name in a directory stands for the directory.
        let names: Vec<PathBuf> = directories.iter().map(|path| path.join(RECORD)).collect();
        let synced = each(&files, &|path| Ok(open_own(File::options().read(true), path)?.sync_all()?));
        let synced = synced.and_then(|()| each(&names, &|path| sync_directory(path)));
        if synced.is_err() {
            // Whoever asks again has it tried again.
            let mut unsynced = self.unsynced.lock().unwrap_or_else(PoisonError::into_inner);
            for (id, session) in taken {
                let kept = unsynced.entry(id).or_default();
                kept.files.extend(session.files);
                kept.is_new |= session.is_new;
            }
        }
        synced
    }
}

/// Several at once: the disk puts together what waits at the same time.
fn each(paths: &[PathBuf], sync: &(dyn Fn(&Path) -> Result<()> + Sync)) -> Result<()> {
    let run = |share: &[PathBuf]| share.iter().try_for_each(|path| sync(path));
    if paths.len() < SYNCS {
        return run(paths);
    }
    let share = paths.len().div_ceil(SYNCS);
    std::thread::scope(|scope| {
        let threads: Vec<_> = paths.chunks(share).map(|share| scope.spawn(move || run(share))).collect();
        threads
            .into_iter()
            .try_for_each(|thread| thread.join().unwrap_or(Err(Error::Bug("a panic while files were synced"))))
    })
}

fn step_of(name: &str) -> Option<u64> {
    let digits = name.strip_suffix(RECORD)?.strip_suffix('.')?;
    digits.parse().ok().filter(|step: &u64| step.to_string() == digits)
}

fn make_directories(path: &Path) -> Result<()> {
    private_builder(true).create(path).map_err(Error::from)
}

fn make_directory(path: &Path) -> Result<()> {
    private_builder(false).create(path).map_err(Error::from)
}

fn private_builder(recursive: bool) -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(recursive);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

#[cfg(unix)]
#[allow(clippy::unnecessary_wraps, reason = "other systems have no such permissions")]
fn private() -> Option<Permissions> {
    Some(std::os::unix::fs::PermissionsExt::from_mode(0o600))
}

#[cfg(not(unix))]
fn private() -> Option<Permissions> {
    None
}

fn remove_file(path: &Path) -> Result<()> {
    match fs::remove_file(path) {
        Err(e) if e.kind() != io::ErrorKind::NotFound => Err(e.into()),
        _ => Ok(()),
    }
}

fn fault(code: ErrorCode) -> Error {
    StateError::new(code).into()
}

const FAN: usize = 2;
const SUM: usize = 32;
const RECORD: &str = "session";
const SYNCS: usize = 8;
