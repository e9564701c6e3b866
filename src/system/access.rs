//! Opening files without waiting for anybody, and without being led away.
//!
//! In: a name that a person gave, or a place below a folder that was searched. Out: regular files only. A pipe under such
//! a name is refused, where a plain open would wait for its other end.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::{FileIdentity, FileSource};
use crate::error::Result;
use crate::source::Source;

/// Opens the regular file at `path` to be read. Links lead on: somebody has named it.
///
/// # Errors
/// What the system says; a folder, device or pipe is refused.
pub fn open_file(path: &Path) -> Result<File> {
    Ok(open_named(path)?)
}

pub(super) fn open_named(path: &Path) -> io::Result<File> {
    // Opening a device can do something to it, so it is looked at first.
    if !path.metadata()?.is_file() {
        return Err(not_regular());
    }
    regular(|flags| with_flags(File::options().read(true), flags).open(path))
}

/// A file below a folder, on the way to which no link is followed: neither the file nor a folder between may be one.
///
/// What a search has found there may have become something else by the time it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Below {
    folder: Arc<Path>,
    relative: PathBuf,
}

impl Below {
    /// The file with the name `relative` below `folder`, which may itself be reached through links.
    #[must_use]
    pub fn new(folder: Arc<Path>, relative: impl Into<PathBuf>) -> Self {
        Below { folder, relative: relative.into() }
    }

    /// Opens it to be read.
    ///
    /// # Errors
    /// What the system says; a link on the way, a folder, device or pipe is refused.
    pub fn open_file(&self) -> Result<File> {
        Ok(self.open_it()?)
    }

    pub(super) fn open_it(&self) -> io::Result<File> {
        regular(|flags| open_below(&self.folder, &self.relative, flags))
    }

    /// Its bytes, and what it is, as [`open`](super::open) tells.
    ///
    /// # Errors
    /// As [`Below::open_file`].
    pub fn open(&self) -> Result<(Source, FileIdentity)> {
        let file = FileSource::new(self.open_file()?)?;
        let identity = file.identity().clone();
        Ok((file.into_source()?, identity))
    }

    /// The same for thousands of files at once, as [`open_on_demand`](super::open_on_demand) does it.
    ///
    /// # Errors
    /// As [`Below::open_file`].
    pub fn open_on_demand(&self) -> Result<(Source, FileIdentity)> {
        super::file::on_demand(Place::Below(self.clone()))
    }
}

/// Where a file is that is opened again and again.
#[derive(Debug)]
pub(super) enum Place {
    Named(PathBuf),
    Below(Below),
}

impl Place {
    pub(super) fn open(&self) -> io::Result<File> {
        match self {
            Place::Named(path) => open_named(path),
            Place::Below(below) => below.open_it(),
        }
    }
}

/// Opens without waiting, and takes nothing but a regular file.
pub(super) fn regular(mut open: impl FnMut(i32) -> io::Result<File>) -> io::Result<File> {
    let file = match open(NO_WAIT) {
        // Somebody holds a lease on a regular file: the system takes it back from them in its time.
        Err(e) if e.kind() == io::ErrorKind::WouldBlock => open(0)?,
        Err(e) if is_link(&e) => return Err(io::Error::new(io::ErrorKind::InvalidInput, LINK)),
        opened => opened?,
    };
    if file.metadata()?.is_file() { Ok(file) } else { Err(not_regular()) }
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file")
}

#[cfg(unix)]
pub(super) fn with_flags(options: &mut OpenOptions, flags: i32) -> &mut OpenOptions {
    std::os::unix::fs::OpenOptionsExt::custom_flags(options, flags)
}

#[cfg(not(unix))]
pub(super) fn with_flags(options: &mut OpenOptions, _: i32) -> &mut OpenOptions {
    options
}

#[cfg(unix)]
fn open_below(folder: &Path, relative: &Path, flags: i32) -> io::Result<File> {
    use rustix::fs::{Mode, OFlags, open, openat};
    let folders = OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC;
    let mut place = open(folder, folders, Mode::empty())?;
    let mut names = normal(relative)?.into_iter();
    let last = names.next_back().ok_or_else(not_regular)?;
    for name in names {
        // Beside a name that is asked to be a folder, some systems call a link no folder.
        place = match openat(&place, name, folders | OFlags::NOFOLLOW, Mode::empty()) {
            Err(rustix::io::Errno::NOTDIR) => return Err(io::Error::new(io::ErrorKind::InvalidInput, LINK)),
            opened => opened?,
        };
    }
    let flags = OFlags::from_bits_retain(u32::try_from(flags).unwrap_or_default());
    let flags = flags | OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    Ok(File::from(openat(&place, last, flags, Mode::empty())?))
}

#[cfg(not(unix))]
fn open_below(folder: &Path, relative: &Path, _: i32) -> io::Result<File> {
    let mut path = folder.to_owned();
    for name in normal(relative)? {
        path.push(name);
        if path.symlink_metadata()?.is_symlink() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, LINK));
        }
    }
    File::open(path)
}

/// The names on the way; a way that leads up is none.
fn normal(relative: &Path) -> io::Result<Vec<&std::ffi::OsStr>> {
    let name = |part| match part {
        Component::Normal(name) => Ok(name),
        _ => Err(io::Error::from(io::ErrorKind::InvalidFilename)),
    };
    relative.components().map(name).collect()
}

#[cfg(unix)]
fn is_link(error: &io::Error) -> bool {
    rustix::io::Errno::from_io_error(error) == Some(rustix::io::Errno::LOOP)
}

#[cfg(not(unix))]
fn is_link(_: &io::Error) -> bool {
    false
}

const LINK: &str = "a link stands where a file or folder was";
#[cfg(unix)]
#[allow(clippy::as_conversions, reason = "these few bits fit, and a constant has no other conversion")]
const NO_WAIT: i32 = rustix::fs::OFlags::NONBLOCK.bits() as i32;
#[cfg(not(unix))]
const NO_WAIT: i32 = 0;

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;
    use std::process::Command;

    use super::*;
    use crate::error::ErrorCode;

    fn below(dir: &Path, name: &str) -> Result<Vec<u8>> {
        let (source, _) = Below::new(dir.into(), name).open()?;
        Ok(source.window(0..source.len())?.to_vec())
    }

    #[test]
    fn no_link_is_followed_below_a_folder() {
        let dir = tempfile::tempdir().unwrap();
        let (folder, outside) = (dir.path().join("in"), dir.path().join("outside"));
        fs::create_dir_all(folder.join("sub/deep")).unwrap();
        fs::create_dir(&outside).unwrap();
        fs::write(folder.join("sub/deep/a"), b"inside").unwrap();
        fs::write(outside.join("a"), b"outside").unwrap();
        symlink(&outside, folder.join("deep")).unwrap();
        symlink("sub/deep/a", folder.join("a")).unwrap();
        symlink(&folder, dir.path().join("link")).unwrap();
        assert_eq!(below(&folder, "sub/deep/a").unwrap(), b"inside");
        // The folder itself may be named through a link.
        assert_eq!(below(&dir.path().join("link"), "sub/deep/a").unwrap(), b"inside");
        for name in ["a", "deep/a"] {
            assert!(below(&folder, name).unwrap_err().to_string().contains("link"), "{name}");
        }
        for name in ["../outside/a", "sub/../../outside/a", "/etc/passwd", "", "sub", "sub/deep/a/b"] {
            assert!(below(&folder, name).is_err(), "{name}");
        }
        assert_eq!(below(&folder, "none").unwrap_err().code(), ErrorCode::IoNotFound);
    }

    #[test]
    fn a_pipe_is_refused_at_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        assert_eq!(open_file(&path).unwrap_err().code(), ErrorCode::IoOther);
        assert_eq!(below(dir.path(), "pipe").unwrap_err().code(), ErrorCode::IoOther);
        assert_eq!(
            regular(|flags| with_flags(File::options().read(true), flags).open(&path)).unwrap_err().kind(),
            io::ErrorKind::InvalidInput
        );
    }
}
