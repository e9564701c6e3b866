//! A document that is changed in place: one open file from the first byte read to the last one written, locked.
//!
//! In: the path of a document. Out: its bytes, and the certainty that nobody else of this program changes them, under
//! whatever name. Decided here and nowhere else: which file may be changed in place, and when it is another one by now.

use std::fs::{self, File, OpenOptions, Permissions, TryLockError};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::{FileIdentity, FileSource, open_options};
use crate::error::{Error, ErrorCode, Refusal, Result, StateError};
use crate::source::Source;

/// A document that is changed in place: open, and locked until this is dropped.
///
/// The lock is on the document itself, so whoever comes by another of its names waits, too. It binds those who
/// ask for it, as every program of this crate does; what others write meanwhile is found out before the first new
/// byte: see [`Held::append`].
#[derive(Debug)]
pub struct Held {
    path: PathBuf,
    file: Arc<File>,
}

impl Held {
    /// Opens and locks the document at `path`; through a link, the file that it leads to.
    ///
    /// # Errors
    /// `state.busy` when somebody else has locked it; `io.lock` where its file system can't lock. `io.permission`
    /// also for what nobody may write to. What the system says; anything but a regular file is refused.
    pub fn open(path: &Path) -> Result<Self> {
        attempt(path)?.ok_or_else(busy)
    }

    /// As [`Held::open`], but waits as long as `patience` says for whoever has locked it.
    ///
    /// # Errors
    /// As [`Held::open`]; [`Error::Cancelled`] as soon as `stop` is set.
    pub fn wait(path: &Path, patience: Duration, stop: &AtomicBool) -> Result<Self> {
        // Counted rather than measured: what is slept is what is waited for.
        let mut left = patience;
        loop {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::Cancelled);
            }
            match attempt(path)? {
                Some(held) => return Ok(held),
                None if left.is_zero() => return Err(busy()),
                None => {
                    let step = left.min(STEP);
                    std::thread::sleep(step);
                    left = left.saturating_sub(step);
                }
            }
        }
    }

    /// Where it really is, without links on the way.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the file system says of it now.
    ///
    /// # Errors
    /// What the system says.
    pub fn identity(&self) -> Result<FileIdentity> {
        Ok(FileIdentity::of(&self.file.metadata()?))
    }

    /// Who may do what with it.
    ///
    /// # Errors
    /// What the system says.
    pub fn permissions(&self) -> Result<Permissions> {
        Ok(self.file.metadata()?.permissions())
    }

    /// Its bytes as they are now: in memory when they are few, else by windows of this very file.
    ///
    /// # Errors
    /// `state.document-changed` when it shrinks meanwhile; reading faults.
    pub fn source(&self) -> Result<Source> {
        self.reader()?.into_source()
    }

    /// Makes sure that its path still leads to it.
    ///
    /// # Errors
    /// `state.other-document`; what the system says.
    pub fn check_place(&self) -> Result<()> {
        if is_at(&self.file, &self.path)? { Ok(()) } else { Err(other()) }
    }

    /// As [`Held::check_place`], and that nobody has written to it since it was `identity`.
    ///
    /// # Errors
    /// `state.other-document`; what the system says.
    pub fn check_unchanged(&self, identity: &FileIdentity) -> Result<()> {
        self.check_place()?;
        if self.identity()? == *identity { Ok(()) } else { Err(other()) }
    }

    /// The open file.
    pub(super) fn file(&self) -> &File {
        &self.file
    }

    /// The open file to be read by windows, also where it is small.
    pub(super) fn reader(&self) -> Result<FileSource> {
        FileSource::shared(Arc::clone(&self.file))
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        // Sources that others still have keep the file open, but not locked.
        let _ = self.file.unlock();
    }
}

/// How many documents may be held at a time: each is an open file, and its result may be another.
#[must_use]
pub fn held_at_once() -> usize {
    #[cfg(unix)]
    {
        let limit = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        let files = limit.map_or(usize::MAX, |files| usize::try_from(files).unwrap_or(usize::MAX));
        (files.saturating_sub(FILES_FOR_THE_REST) / 2).clamp(1, MOST_HELD)
    }
    #[cfg(not(unix))]
    MOST_HELD
}

/// `None` when somebody else has locked it.
fn attempt(path: &Path) -> Result<Option<Held>> {
    for _ in 0..ATTEMPTS {
        let path = fs::canonicalize(path)?;
        let file = open_to_change(&path)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Ok(None),
            Err(TryLockError::Error(e)) => return Err(no_lock(&e)),
        }
        // Replaced before it was locked: the one that has the name by now is the document.
        if is_at(&file, &path)? {
            return Ok(Some(Held { path, file: Arc::new(file) }));
        }
    }
    Ok(None)
}

fn open_to_change(path: &Path) -> Result<File> {
    // Looked at before, because opening a device may do something; and after, because only that is certain.
    check_kind(&path.symlink_metadata()?)?;
    let file = open_options(OpenOptions::new().read(true).write(true)).open(path)?;
    check_kind(&file.metadata()?)?;
    Ok(file)
}

fn check_kind(metadata: &fs::Metadata) -> Result<()> {
    if !metadata.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file").into());
    }
    // The system lets the administrator's account write to it all the same.
    if metadata.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "nobody may write to the document").into());
    }
    Ok(())
}

/// Whether `path` leads to this file.
fn is_at(file: &File, path: &Path) -> Result<bool> {
    match path.symlink_metadata() {
        Ok(metadata) => Ok(FileIdentity::of(&metadata).node() == FileIdentity::of(&file.metadata()?).node()),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e.into()),
    }
}

/// `io.lock`: this file system can't lock, or has no room for another lock.
fn no_lock(e: &io::Error) -> Error {
    let detail = match e.kind() {
        io::ErrorKind::Unsupported => "the file system has no locks",
        _ => "the system gives no lock",
    };
    Refusal::new(ErrorCode::IoLock).detail(detail).into()
}

fn busy() -> Error {
    StateError::new(ErrorCode::StateBusy).into()
}

/// `state.other-document`.
pub(super) fn other() -> Error {
    StateError::new(ErrorCode::StateOtherDocument).into()
}

const STEP: Duration = Duration::from_millis(50);
const ATTEMPTS: usize = 8;
const MOST_HELD: usize = 256;
// Libraries, standard streams, connections, journals, directories that are synced.
#[cfg(unix)]
const FILES_FOR_THE_REST: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn document() -> (tempfile::TempDir, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.pdf");
        fs::write(&path, b"document").unwrap();
        (dir, path)
    }

    #[test]
    fn a_document_is_held_once_whatever_it_is_called() {
        let (dir, path) = document();
        let link = dir.path().join("b.pdf");
        fs::hard_link(&path, &link).unwrap();
        let held = Held::open(&path).unwrap();
        assert_eq!(Held::open(&link).unwrap_err().code(), ErrorCode::StateBusy);
        let stop = AtomicBool::new(false);
        let code = Held::wait(&link, Duration::from_millis(1), &stop).unwrap_err().code();
        assert_eq!(code, ErrorCode::StateBusy);
        stop.store(true, Ordering::Relaxed);
        assert_eq!(Held::wait(&link, Duration::MAX, &stop).unwrap_err().code(), ErrorCode::Cancelled);
        // A source that lives longer keeps nobody away.
        let source = held.reader().unwrap();
        drop(held);
        assert!(Held::open(&link).is_ok());
        drop(source);
    }

    #[test]
    fn whoever_waits_gets_the_file_that_has_the_name_by_then() {
        let (dir, path) = document();
        let held = Held::open(&path).unwrap();
        let stop = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| Held::wait(&path, Duration::MAX, &stop).unwrap());
            let new = dir.path().join("new");
            fs::write(&new, b"another").unwrap();
            fs::rename(&new, &path).unwrap();
            assert_eq!(held.check_place().unwrap_err().code(), ErrorCode::StateOtherDocument);
            drop(held);
            let got = waiting.join().unwrap();
            assert_eq!(&*got.source().unwrap().window(0..7).unwrap(), b"another");
        });
    }

    #[test]
    fn a_write_is_noticed() {
        let (_dir, path) = document();
        let held = Held::open(&path).unwrap();
        let identity = held.identity().unwrap();
        held.check_unchanged(&identity).unwrap();
        fs::write(&path, b"longer than before").unwrap();
        assert_eq!(held.check_unchanged(&identity).unwrap_err().code(), ErrorCode::StateOtherDocument);
    }

    #[cfg(unix)]
    #[test]
    fn what_nobody_may_write_to_and_what_is_no_file_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let (dir, path) = document();
        fs::set_permissions(&path, Permissions::from_mode(0o444)).unwrap();
        assert_eq!(Held::open(&path).unwrap_err().code(), ErrorCode::IoPermission);
        assert_eq!(Held::open(dir.path()).unwrap_err().code(), ErrorCode::IoOther);
        assert_eq!(Held::open(&dir.path().join("none")).unwrap_err().code(), ErrorCode::IoNotFound);
    }

    #[test]
    fn a_file_system_without_locks_is_said() {
        for kind in [io::ErrorKind::Unsupported, io::ErrorKind::Other] {
            assert_eq!(no_lock(&io::Error::from(kind)).code(), ErrorCode::IoLock);
        }
        assert!((1..=MOST_HELD).contains(&held_at_once()));
    }
}
