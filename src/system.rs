//! The world outside: clock, random bytes, processor, files.
//!
//! In: paths, pipes, results to write. Out: sources to read from, files that are complete or not there.
//! Decided here and nowhere else: how a file is known again ([`FileIdentity`]), how a result gets
//! under its name ([`Staged`]), who may work where ([`RunLock`], [`Reserved`]), how a file that is signed in place is kept
//! from others ([`Held`]) and survives a crash ([`append()`]), and what this processor hashes with ([`kernels`]).

use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

use crate::error::{Error, Result};
use crate::time::Time;

mod access;
mod append;
mod file;
mod held;
mod hole;
mod lock;
mod memory;
mod own;
mod processor;
mod spool;
mod staged;
mod undo;
mod undo_key;

pub use access::{Below, open_file};
pub use append::{append, restore};
pub use file::{FileIdentity, FileSource, open, open_on_demand, read_bounded, read_own};
pub use held::{Held, held_at_once};
pub use hole::fill_hole;
pub use lock::{FOLDER_LOCK, Holder, NewFolders, RunLock};
pub use memory::hide_memory;
pub(crate) use own::open_own;
pub use processor::{fastest_kernel, kernels};
#[cfg(feature = "http")]
pub(crate) use spool::Spool;
pub use spool::spool;
pub use staged::{Existing, Reserved, Staged, copy_to, sync_directory};
pub use undo::{UndoFile, Version, undo_waits};
pub use undo_key::UndoKey;

/// The system's clock.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// The system's source of random bytes.
#[derive(Debug, Clone, Copy, Default)]
pub struct OsEntropy;

impl crate::provider::Clock for SystemClock {
    fn now(&self) -> Result<Time> {
        #[expect(clippy::disallowed_methods, reason = "this is the one place that asks the system's clock")]
        let now = SystemTime::now();
        time_of(now)
    }
}

impl crate::provider::Entropy for OsEntropy {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        getrandom::fill(buffer).map_err(|e| std::io::Error::other(e).into())
    }
}

/// A time of the system, such as a file's, as this crate's, without its fraction.
///
/// # Errors
/// [`Error::Bug`] outside the years 1 to 9999.
pub fn time_of(time: SystemTime) -> Result<Time> {
    let seconds = match time.duration_since(UNIX_EPOCH) {
        Ok(after) => i64::try_from(after.as_secs()).ok(),
        Err(before) => i64::try_from(before.duration().as_secs()).ok().map(|seconds| -seconds),
    };
    Time::from_unix(seconds.ok_or(Error::Bug("system time out of range"))?)
}

/// `.NAME.SUFFIX` beside `path`, cut where the name would become too long for a directory.
fn beside(path: &Path, suffix: &str) -> Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| std::io::Error::from(std::io::ErrorKind::InvalidFilename))?;
    let mut hidden = std::ffi::OsString::from(".");
    if name.len() + suffix.len() + 2 <= NAME_BYTES {
        hidden.push(name);
    } else {
        let digest = crate::DigestAlgorithm::Sha256.digest(name.as_encoded_bytes());
        hidden.push(digest.to_hex());
    }
    hidden.push(".");
    hidden.push(suffix);
    Ok(path.with_file_name(hidden))
}

/// Options to open a name that this program makes itself: no link is followed, and a pipe does not make it wait.
fn open_options(options: &mut OpenOptions) -> &mut OpenOptions {
    #[cfg(unix)]
    {
        use rustix::fs::OFlags;
        use std::os::unix::fs::OpenOptionsExt;
        let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
        // The bits are those of the platform's own flags, whose type is a C int.
        options.custom_flags(flags.bits().cast_signed());
    }
    options
}

/// The directory that `path` is in.
fn directory_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

// What Linux, macOS and Windows have in common.
const NAME_BYTES: usize = 255;
