//! Reading files: whole when small, by windows when large, and known again.

use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use super::access::{Place, open_named};
use super::open_own;
use crate::error::{Limit, Result};
use crate::source::{ReadAt, Source, to_usize};

/// What tells a file from itself after somebody wrote to it, without reading it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileIdentity {
    device: u64,
    inode: u64,
    len: u64,
    modified: (i64, i64),
    changed: (i64, i64),
}

impl FileIdentity {
    /// The identity that `metadata` tells of.
    #[must_use]
    pub fn of(metadata: &Metadata) -> Self {
        identity(metadata)
    }

    /// Length in bytes.
    #[must_use]
    #[allow(clippy::len_without_is_empty, reason = "a file's length is a fact about it, not a container's")]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Which file it is, by device and inode, whatever its name; `None` where the system has no such numbers.
    #[must_use]
    pub fn node(&self) -> Option<(u64, u64)> {
        cfg!(unix).then_some((self.device, self.inode))
    }

    /// When it was last written to, in seconds since 1970.
    #[must_use]
    pub fn modified_seconds(&self) -> i64 {
        self.modified.0
    }

    /// Whether both are one file, whatever was written to it in between.
    #[must_use]
    pub fn is_same_file(&self, other: &FileIdentity) -> bool {
        (self.device, self.inode) == (other.device, other.inode)
    }

    /// Whether nobody has written to it since well before `time`.
    ///
    /// Systems stamp files by a coarse clock: of two writes within its tick the second leaves no trace.
    #[must_use]
    pub fn was_settled(&self, time: std::time::SystemTime) -> bool {
        let time = time.duration_since(std::time::UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let last = self.modified.0.max(self.changed.0).saturating_add(COARSE_SECONDS);
        u64::try_from(last).is_ok_and(|last| last <= time)
    }

    /// All of it as bytes, to be hashed.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(56);
        for number in [self.device, self.inode, self.len] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        for number in [self.modified.0, self.modified.1, self.changed.0, self.changed.1] {
            bytes.extend_from_slice(&number.to_be_bytes());
        }
        bytes
    }
}

/// A file that is read by windows and notices when somebody writes to it.
#[derive(Debug)]
pub struct FileSource {
    file: Arc<File>,
    identity: FileIdentity,
}

impl FileSource {
    /// Takes an open file.
    ///
    /// # Errors
    /// What the system says.
    pub fn new(file: File) -> Result<Self> {
        FileSource::shared(Arc::new(file))
    }

    /// As [`FileSource::new`], where others have the file, too.
    pub(super) fn shared(file: Arc<File>) -> Result<Self> {
        let identity = FileIdentity::of(&file.metadata()?);
        Ok(FileSource { file, identity })
    }

    /// What it was when it was opened.
    #[must_use]
    pub fn identity(&self) -> &FileIdentity {
        &self.identity
    }

    /// The bytes: all of them in memory when they are few.
    ///
    /// # Errors
    /// `state.document-changed` when it shrinks meanwhile; reading faults.
    pub fn into_source(self) -> Result<Source> {
        let len = self.identity.len;
        if len > WHOLE_BYTES {
            return Ok(Source::from_reader(Arc::new(self), len));
        }
        let file = Source::from_reader(Arc::new(self), len);
        let mut bytes = vec![0; to_usize(len)?];
        file.read_exact(0, &mut bytes)?;
        file.check_unchanged()?;
        Ok(Source::from_bytes(bytes))
    }
}

impl ReadAt for FileSource {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        read_at(&self.file, offset, buffer)
    }

    fn is_unchanged(&self) -> io::Result<bool> {
        Ok(FileIdentity::of(&self.file.metadata()?) == self.identity)
    }

    fn as_file(&self) -> Option<&File> {
        Some(&self.file)
    }
}

/// A file that is opened for each piece that is read, and notices when somebody writes to it.
#[derive(Debug)]
struct OnDemand {
    place: Place,
    identity: FileIdentity,
}

impl ReadAt for OnDemand {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        read_at(&self.place.open()?, offset, buffer)
    }

    fn is_unchanged(&self) -> io::Result<bool> {
        Ok(FileIdentity::of(&self.place.open()?.metadata()?) == self.identity)
    }
}

/// As [`open`], but between two pieces it is neither open nor in memory: for thousands of files at once.
///
/// # Errors
/// As [`open`].
pub fn open_on_demand(path: &Path) -> Result<(Source, FileIdentity)> {
    on_demand(Place::Named(path.to_owned()))
}

pub(super) fn on_demand(place: Place) -> Result<(Source, FileIdentity)> {
    // What can't be read is said now.
    let identity = FileIdentity::of(&place.open()?.metadata()?);
    let len = identity.len;
    Ok((Source::from_reader(Arc::new(OnDemand { place, identity: identity.clone() }), len), identity))
}

/// Opens the regular file at `path`, and tells what it is.
///
/// # Errors
/// What the system says; a folder, device or pipe is refused.
pub fn open(path: &Path) -> Result<(Source, FileIdentity)> {
    let file = FileSource::new(open_named(path)?)?;
    let identity = file.identity.clone();
    Ok((file.into_source()?, identity))
}

/// All bytes of the file at `path`, which may also be a pipe, if there are at most `limit`.
///
/// # Errors
/// `limit.exceeded` under the given name; what the system says.
pub fn read_bounded(path: &Path, name: &'static str, limit: u64) -> Result<Vec<u8>> {
    bounded(File::open(path)?, name, limit)
}

/// As [`read_bounded`], for a name that this program makes itself: nothing but a regular file is read, and no link
/// leads to it.
///
/// # Errors
/// As [`read_bounded`].
pub fn read_own(path: &Path, name: &'static str, limit: u64) -> Result<Vec<u8>> {
    bounded(open_own(File::options().read(true), path)?, name, limit)
}

fn bounded(file: File, name: &'static str, limit: u64) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    file.take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    let found = crate::source::to_u64(bytes.len());
    if found > limit { Err(Limit::new(name, limit, found).into()) } else { Ok(bytes) }
}

#[cfg(unix)]
fn identity(metadata: &Metadata) -> FileIdentity {
    use std::os::unix::fs::MetadataExt;
    FileIdentity {
        device: metadata.dev(),
        inode: metadata.ino(),
        len: metadata.size(),
        modified: (metadata.mtime(), metadata.mtime_nsec()),
        changed: (metadata.ctime(), metadata.ctime_nsec()),
    }
}

#[cfg(not(unix))]
fn identity(metadata: &Metadata) -> FileIdentity {
    let since = |time: io::Result<std::time::SystemTime>| {
        let since = time.ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok()).unwrap_or_default();
        (i64::try_from(since.as_secs()).unwrap_or(i64::MAX), i64::from(since.subsec_nanos()))
    };
    FileIdentity {
        device: 0,
        inode: 0,
        len: metadata.len(),
        modified: since(metadata.modified()),
        changed: since(metadata.created()),
    }
}

#[cfg(unix)]
fn read_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    std::os::unix::fs::FileExt::read_at(file, buffer, offset)
}

#[cfg(windows)]
fn read_at(file: &File, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
    std::os::windows::fs::FileExt::seek_read(file, buffer, offset)
}

// FAT counts in steps of two seconds.
const COARSE_SECONDS: i64 = 3;
// Up to here one read costs less than several windows.
const WHOLE_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;
    use crate::error::ErrorCode;

    fn large() -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("large");
        std::fs::write(&path, vec![7; 1_200_000]).unwrap();
        (dir, path)
    }

    #[test]
    fn a_large_file_is_not_in_memory_and_notices_a_writer() {
        let (_dir, path) = large();
        let (source, identity) = open(&path).unwrap();
        assert!(source.as_file().is_some());
        assert_eq!((source.len(), identity.len()), (1_200_000, 1_200_000));
        source.check_unchanged().unwrap();
        File::options().append(true).open(&path).unwrap().write_all(b"x").unwrap();
        assert_eq!(source.check_unchanged().unwrap_err().code(), ErrorCode::DocumentChanged);
        assert_ne!(open(&path).unwrap().1, identity);
    }

    #[test]
    fn a_file_on_demand_is_not_open_and_notices_a_writer() {
        let (_dir, path) = large();
        let (source, identity) = open_on_demand(&path).unwrap();
        assert!(source.as_file().is_none());
        assert_eq!((source.len(), identity.len()), (1_200_000, 1_200_000));
        assert_eq!(&*source.window(1_199_998..1_200_000).unwrap(), [7, 7]);
        source.check_unchanged().unwrap();
        File::options().append(true).open(&path).unwrap().write_all(b"x").unwrap();
        assert_eq!(source.check_unchanged().unwrap_err().code(), ErrorCode::DocumentChanged);
        std::fs::remove_file(&path).unwrap();
        assert!(source.window(0..1).is_err() && open_on_demand(&path).is_err());
    }

    #[test]
    fn a_shrunken_file_is_a_changed_document() {
        let (_dir, path) = large();
        let (source, _) = open(&path).unwrap();
        File::options().write(true).open(&path).unwrap().set_len(10).unwrap();
        assert_eq!(source.window(5..15).unwrap_err().code(), ErrorCode::DocumentChanged);
    }

    #[test]
    fn a_small_file_is_in_memory() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("small");
        std::fs::write(&path, b"hello").unwrap();
        let (source, _) = open(&path).unwrap();
        assert!(source.as_file().is_none());
        assert_eq!(&*source.window(0..5).unwrap(), b"hello");
    }

    #[test]
    fn folders_missing_files_and_long_files_are_refused() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(open(dir.path()).unwrap_err().code(), ErrorCode::IoOther);
        assert_eq!(open(&dir.path().join("none")).unwrap_err().code(), ErrorCode::IoNotFound);
        let path = dir.path().join("long");
        std::fs::write(&path, b"hello").unwrap();
        assert_eq!(read_bounded(&path, "key_bytes", 5).unwrap(), b"hello");
        assert_eq!(read_bounded(&path, "key_bytes", 4).unwrap_err().code(), ErrorCode::LimitExceeded);
    }
}
