//! A folder that one run at a time works on: the second learns who the first is.
//!
//! The lock is the system's, on a file that its holder has made, so a crash gives it back. Where a file system has no
//! locks the file itself is the lock, and one that a crash has left is removed by hand: the error names it.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{FileIdentity, SystemClock, open_own};
use crate::error::{Busy, Error, Result};
use crate::provider::Clock;

/// The right to work somewhere alone. It ends when this is dropped, or with the process.
#[derive(Debug)]
pub struct RunLock {
    file: Option<File>,
    path: PathBuf,
    _folder: NewFolders,
}

/// Folders that were made for results. Those that stay empty go again when this is dropped.
#[derive(Debug, Default)]
pub struct NewFolders(Mutex<BTreeSet<PathBuf>>);

impl NewFolders {
    /// Makes the folder and those above it that are not there.
    ///
    /// # Errors
    /// What the system says.
    pub fn make(&self, folder: &Path) -> Result<()> {
        let is_missing = |path: &&Path| !path.as_os_str().is_empty() && path.symlink_metadata().is_err();
        let missing: Vec<PathBuf> = folder.ancestors().take_while(is_missing).map(Path::to_owned).collect();
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend(missing);
        Ok(fs::create_dir_all(folder)?)
    }
}

impl Drop for NewFolders {
    fn drop(&mut self) {
        let made = self.0.get_mut().unwrap_or_else(PoisonError::into_inner);
        // What is below comes behind what is above. What has something in it stays.
        made.iter().rev().for_each(|folder| drop(fs::remove_dir(folder)));
    }
}

/// Who holds a lock, as it stands in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Holder {
    /// Number of the process.
    pub process: u32,
    /// When its run began, by RFC 3339.
    pub start: String,
    /// The machine it runs on, where that is known.
    pub host: Option<String>,
}

impl RunLock {
    /// Takes the folder at `folder`, which is made when it is not there. Through another spelling or a link it is the
    /// same folder.
    ///
    /// # Errors
    /// `run.busy` while another run has it; what the system says.
    pub fn of_folder(folder: &Path) -> Result<Self> {
        let made = NewFolders::default();
        made.make(folder)?;
        let (file, path) = take(&folder.join(FOLDER_LOCK))?;
        Ok(RunLock { file: Some(file), path, _folder: made })
    }
}

impl Drop for RunLock {
    fn drop(&mut self) {
        // The name goes while the lock is held, so that nobody's name but ours goes.
        let _ = fs::remove_file(&self.path);
        self.file = None;
    }
}

impl Holder {
    /// This process, now.
    ///
    /// # Errors
    /// What the clock says.
    pub fn this() -> Result<Self> {
        let host = fs::read_to_string(HOST).ok().map(|host| host.trim().to_owned()).filter(|host| !host.is_empty());
        Ok(Holder { process: std::process::id(), start: SystemClock.now()?.to_string(), host })
    }
}

impl From<Holder> for Busy {
    fn from(holder: Holder) -> Busy {
        Busy { process: Some(holder.process), start: Some(holder.start), host: holder.host, file: None }
    }
}

/// Makes the lock's file, and locks it.
fn take(path: &Path) -> Result<(File, PathBuf)> {
    let mut seen = Busy::default();
    for _ in 0..ATTEMPTS {
        match OpenOptions::new().read(true).write(true).create_new(true).open(path) {
            Ok(file) => {
                if claim(file.try_lock(), &file, path)? != Claim::Lost {
                    let text = serde_json::to_vec(&Holder::this()?).map_err(io::Error::from)?;
                    (&file).write_all(&text)?;
                    return Ok((file, path.to_owned()));
                }
            }
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => match look(path)? {
                Look::Gone => {}
                Look::Held(busy) => seen = busy,
                // Nobody gives it back without locks.
                Look::Unknown(busy) => return Err(Error::Busy(Box::new(busy))),
            },
            Err(e) => return Err(e.into()),
        }
        // Who is about to take it, or to look at it, is through in a moment.
        std::thread::sleep(A_MOMENT);
    }
    Err(Error::Busy(Box::new(seen)))
}

#[derive(Debug, PartialEq, Eq)]
enum Claim {
    Ours,
    /// The file system has no locks; the name was made by us alone.
    OursByName,
    Lost,
}

/// Whether a file that was just made is ours: somebody who took it for an orphan may have been faster.
fn claim(locked: Result<(), TryLockError>, file: &File, path: &Path) -> Result<Claim> {
    let claim = match locked {
        Err(TryLockError::WouldBlock) => return Ok(Claim::Lost),
        Err(TryLockError::Error(_)) => Claim::OursByName,
        Ok(()) => Claim::Ours,
    };
    Ok(if is_named(file, path)? { claim } else { Claim::Lost })
}

enum Look {
    /// It was a crashed run's, and is removed; or it went by itself.
    Gone,
    Held(Busy),
    Unknown(Busy),
}

/// Who has the lock that is there; one that nobody has is removed.
fn look(path: &Path) -> Result<Look> {
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    let opened = match open_own(&mut options, path) {
        // Another account's: a lock for reading is as good where the disk is this machine's.
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => open_own(OpenOptions::new().read(true), path),
        opened => opened,
    };
    let file = match opened {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(Look::Gone),
        opened => opened?,
    };
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Ok(Look::Held(told(&file))),
        Err(TryLockError::Error(_)) => Ok(Look::Unknown(Busy { file: Some(path.to_owned()), ..told(&file) })),
        Ok(()) => {
            if is_named(&file, path)? {
                fs::remove_file(path)?;
            }
            Ok(Look::Gone)
        }
    }
}

/// What the file says about its holder.
fn told(file: &File) -> Busy {
    let mut text = Vec::new();
    let read = file.take(TEXT_BYTES).read_to_end(&mut text);
    let holder = read.ok().and_then(|_| serde_json::from_slice::<Holder>(&text).ok());
    holder.map(Busy::from).unwrap_or_default()
}

/// Whether the name still leads to this very file.
fn is_named(file: &File, path: &Path) -> Result<bool> {
    match path.symlink_metadata() {
        Ok(metadata) => Ok(FileIdentity::of(&metadata).is_same_file(&FileIdentity::of(&file.metadata()?))),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e.into()),
    }
}

/// The name of a folder's lock.
pub const FOLDER_LOCK: &str = ".eseal-lock";
const HOST: &str = "/proc/sys/kernel/hostname";
const TEXT_BYTES: u64 = 4 << 10;
const ATTEMPTS: usize = 8;
const A_MOMENT: Duration = Duration::from_millis(5);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorCode;

    fn busy(taken: Result<RunLock>) -> Busy {
        match taken {
            Err(Error::Busy(busy)) => *busy,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_second_learns_who_the_first_is_and_nothing_stays() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a/b");
        let lock = RunLock::of_folder(&folder).unwrap();
        let found = busy(RunLock::of_folder(&dir.path().join("a/./b/")));
        assert_eq!((found.process, found.start.is_some(), found.file), (Some(std::process::id()), true, None));
        drop(lock);
        assert!(!dir.path().join("a").exists(), "folders that were made for nothing are gone");
        RunLock::of_folder(&folder).unwrap();
    }

    #[test]
    fn a_folder_with_something_in_it_stays() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("a/b");
        let lock = RunLock::of_folder(&folder).unwrap();
        fs::write(folder.join("result"), b"").unwrap();
        drop(lock);
        assert_eq!(fs::read_dir(&folder).unwrap().count(), 1);
    }

    #[test]
    fn what_a_crash_has_left_is_no_obstacle() {
        let dir = tempfile::tempdir().unwrap();
        for text in [&b"{\"process\":1,\"start\":\"2026-01-01T00:00:00Z\",\"host\":null}"[..], b"", b"half"] {
            fs::write(dir.path().join(FOLDER_LOCK), text).unwrap();
            RunLock::of_folder(dir.path()).unwrap();
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_or_pipe_under_the_name_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let (lock, other) = (dir.path().join(FOLDER_LOCK), dir.path().join("other"));
        fs::write(&other, b"mine").unwrap();
        std::os::unix::fs::symlink(&other, &lock).unwrap();
        assert_eq!(RunLock::of_folder(dir.path()).unwrap_err().code(), ErrorCode::IoOther);
        assert_eq!(fs::read(&other).unwrap(), b"mine");
        fs::remove_file(&lock).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(&lock).status().unwrap().success());
        assert_eq!(RunLock::of_folder(dir.path()).unwrap_err().code(), ErrorCode::IoOther);
    }

    #[test]
    fn without_locks_the_name_alone_counts() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("lock");
        let file = File::create(&path).unwrap();
        let none = || Err(TryLockError::Error(io::ErrorKind::Unsupported.into()));
        assert_eq!(claim(none(), &file, &path).unwrap(), Claim::OursByName);
        fs::remove_file(&path).unwrap();
        assert_eq!(claim(none(), &file, &path).unwrap(), Claim::Lost);
    }

    #[test]
    fn of_many_at_once_one_gets_it() {
        let dir = tempfile::tempdir().unwrap();
        for _ in 0..20 {
            fs::write(dir.path().join(FOLDER_LOCK), b"a crashed run's").unwrap();
            let taken: Vec<_> = std::thread::scope(|scope| {
                let all: Vec<_> = (0..4).map(|_| scope.spawn(|| RunLock::of_folder(dir.path()))).collect();
                all.into_iter().map(|one| one.join().unwrap()).collect()
            });
            assert_eq!(taken.iter().filter(|one| one.is_ok()).count(), 1);
        }
    }
}
