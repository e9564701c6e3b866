//! A result on its way to its name: written beside the target, synced, renamed.

use std::fs::{self, File, Metadata, OpenOptions, Permissions, TryLockError};
use std::io::{self, Seek, SeekFrom, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::{FileIdentity, FileSource, beside, directory_of, open_options};
use crate::error::{Error, Result};
use crate::output::{Output, Sink, Stream};
use crate::source::Source;

/// What to do with a file that has the target's name already.
// Complete: there is no third thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Existing {
    /// Leave it and fail.
    Keep,
    /// Replace it.
    Replace,
}

/// A complete result under a temporary name; it is deleted unless it is committed.
#[derive(Debug)]
pub struct Staged {
    file: Option<File>,
    temporary: PathBuf,
    target: PathBuf,
}

/// A target that is ours before there is a result: its temporary name is taken, and as long as this lives nobody else
/// writes there.
#[derive(Debug)]
pub struct Reserved(Staged, Option<Permissions>);

impl Reserved {
    /// Takes `target`. Whether a file of that name is there is the caller's to ask, afterwards: who had the target
    /// before may have given a result its name just now.
    ///
    /// # Errors
    /// While another run has it, or where a file system without locks leaves that open; what the system says.
    pub fn new(target: &Path, permissions: Option<Permissions>) -> Result<Self> {
        let temporary = beside(target, TEMPORARY)?;
        let file = create(&temporary, permissions.is_some())?;
        Ok(Reserved(Staged { file: Some(file), temporary, target: target.to_owned() }, permissions))
    }

    /// Writes `output` there.
    ///
    /// # Errors
    /// As [`Staged::write`].
    pub fn write(self, output: &Output) -> Result<Staged> {
        self.fill(|file| copy_to(output, file))
    }

    fn fill(self, fill: impl FnOnce(&File) -> Result<()>) -> Result<Staged> {
        // From here on dropping it removes the file.
        let Reserved(staged, permissions) = self;
        if let Some(file) = &staged.file {
            fill(file)?;
            if let Some(permissions) = permissions {
                file.set_permissions(permissions)?;
            }
        }
        Ok(staged)
    }
}

impl Staged {
    /// Writes `output` beside `target`, with the permissions of the input where they are given.
    ///
    /// A temporary file that a crashed run left is removed; one that another run is writing is not.
    ///
    /// # Errors
    /// `state.other-document` and `state.document-changed` as [`Output::write_to`]; what the system says.
    pub fn write(output: &Output, target: &Path, permissions: Option<Permissions>) -> Result<Self> {
        Staged::with(target, permissions, |file| copy_to(output, file))
    }

    /// Writes all bytes of `source` beside `target`: copied inside the kernel where it is a file.
    ///
    /// # Errors
    /// `state.document-changed`; what the system says.
    pub fn write_source(source: &Source, target: &Path, permissions: Option<Permissions>) -> Result<Self> {
        Staged::with(target, permissions, |mut file| {
            let Some(mut from) = source.as_file() else {
                source.for_each(0..source.len(), |bytes| Ok(file.write_all(bytes)?))?;
                return source.check_unchanged();
            };
            // Nothing else uses the cursor of a source's file: windows are read at their offsets.
            from.seek(SeekFrom::Start(0))?;
            let copied = io::copy(&mut io::Read::take(&mut from, source.len()), &mut file)?;
            if copied == source.len() {
                source.check_unchanged()
            } else {
                Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())
            }
        })
    }

    /// Writes `bytes` beside `target`.
    ///
    /// # Errors
    /// What the system says.
    pub fn write_bytes(bytes: &[u8], target: &Path, permissions: Option<Permissions>) -> Result<Self> {
        Staged::with(target, permissions, |mut file| Ok(file.write_all(bytes)?))
    }

    /// Where it will be.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// How many bytes it has.
    ///
    /// # Errors
    /// What the system says.
    #[allow(clippy::len_without_is_empty, reason = "a file's length is a fact about it, not a container's")]
    pub fn len(&self) -> Result<u64> {
        match &self.file {
            Some(file) => Ok(file.metadata()?.len()),
            None => Err(Error::Bug("staged file is closed")),
        }
    }

    /// Gives it the owner and permissions of the file that `metadata` tells of, as far as the system lets us: never more
    /// permissions than that has.
    pub(super) fn give_to_owner_of(&self, metadata: &Metadata) -> Result<()> {
        match &self.file {
            Some(file) => give_to_owner_of(file, metadata),
            None => Err(Error::Bug("staged file is closed")),
        }
    }

    /// Waits until its bytes are on the disk.
    ///
    /// # Errors
    /// What the system says.
    pub fn sync(&self) -> Result<()> {
        match &self.file {
            Some(file) => Ok(file.sync_all()?),
            None => Err(Error::Bug("staged file is closed")),
        }
    }

    /// Gives it its name. [`sync_directory`] afterwards makes the name last.
    ///
    /// # Errors
    /// `io.target-exists`; what the system says. The temporary file is gone in any case.
    pub fn commit(mut self, existing: Existing) -> Result<()> {
        match existing {
            Existing::Replace => fs::rename(&self.temporary, &self.target)?,
            Existing::Keep => self.commit_new()?,
        }
        // Closing gives the lock back; the temporary name is gone by now.
        self.file = None;
        Ok(())
    }

    fn with(target: &Path, permissions: Option<Permissions>, fill: impl FnOnce(&File) -> Result<()>) -> Result<Self> {
        Reserved::new(target, permissions)?.fill(fill)
    }

    // In one step, which fails when the name is taken: a rename that replaces nothing where there is such a thing, else
    // a link.
    fn commit_new(&self) -> Result<()> {
        match rename_new(&self.temporary, &self.target) {
            Err(e) if e.kind() != io::ErrorKind::AlreadyExists => self.link_new(),
            renamed => Ok(renamed?),
        }
    }

    fn link_new(&self) -> Result<()> {
        match fs::hard_link(&self.temporary, &self.target) {
            Ok(()) => Ok(fs::remove_file(&self.temporary)?),
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Err(e.into()),
            // File systems without links: look, then rename.
            Err(_) if self.target.symlink_metadata().is_err() => Ok(fs::rename(&self.temporary, &self.target)?),
            Err(_) => Err(io::Error::from(io::ErrorKind::AlreadyExists).into()),
        }
    }
}

impl Drop for Staged {
    fn drop(&mut self) {
        if self.file.is_some() {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

/// Renames a file to a name that must be free.
#[cfg(target_os = "linux")]
pub(super) fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    Ok(renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE)?)
}

#[cfg(not(target_os = "linux"))]
pub(super) fn rename_new(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// Makes the names in the directory of `path` last.
///
/// # Errors
/// What the system says.
pub fn sync_directory(path: &Path) -> Result<()> {
    #[cfg(unix)]
    File::open(directory_of(path))?.sync_all()?;
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// Writes `output` to the empty file `file`: copied inside the kernel where the source is a file, too.
///
/// Copied bytes are hashed as they stand in `file`, so what is compared with the signed digest is what was written.
///
/// # Errors
/// `state.other-document` and `state.document-changed`: throw `file` away. What the system says.
pub fn copy_to(output: &Output, file: &File) -> Result<()> {
    let mut sink = FileSink { file, buffered: io::BufWriter::with_capacity(BUFFER_BYTES, file) };
    output.write_sink(&mut sink)?;
    Ok(sink.buffered.flush()?)
}

/// A file that nobody else writes to, as the place where an output goes.
struct FileSink<'a> {
    file: &'a File,
    buffered: io::BufWriter<&'a File>,
}

impl Sink for FileSink<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.buffered.write_all(bytes)?)
    }

    fn copy(&mut self, source: &Source, range: Range<u64>, seen: &mut dyn FnMut(&[u8])) -> Result<()> {
        let Some(mut from) = source.as_file() else {
            return Stream(&mut self.buffered).copy(source, range, seen);
        };
        self.buffered.flush()?;
        let mut file = self.file;
        let start = file.stream_position()?;
        let len = range.end.saturating_sub(range.start);
        // Nothing else uses the cursor of a source's file: windows are read at their offsets.
        from.seek(SeekFrom::Start(range.start))?;
        io::copy(&mut io::Read::take(&mut from, len), &mut file)?;
        let end = start.saturating_add(len);
        // The copy was opened for reading, too; its own length is checked by reading all of it.
        let copy = Source::from_reader(Arc::new(FileSource::new(file.try_clone()?)?), end);
        copy.for_each(start..end, |bytes| {
            seen(bytes);
            Ok(())
        })?;
        file.seek(SeekFrom::Start(end))?;
        Ok(())
    }
}

#[cfg(unix)]
fn give_to_owner_of(file: &File, metadata: &Metadata) -> Result<()> {
    use std::os::unix::fs::{MetadataExt, PermissionsExt, fchown};
    let own = file.metadata()?;
    let mut mode = metadata.mode() & 0o666;
    let (owner, group) = (Some(metadata.uid()), Some(metadata.gid()));
    let is_given = (own.uid(), own.gid()) == (metadata.uid(), metadata.gid()) || fchown(file, owner, group).is_ok();
    if !is_given && own.gid() != metadata.gid() && fchown(file, None, group).is_err() {
        // What its group may do is not for another one.
        mode &= 0o606;
    }
    Ok(file.set_permissions(Permissions::from_mode(mode))?)
}

#[cfg(not(unix))]
fn give_to_owner_of(file: &File, metadata: &Metadata) -> Result<()> {
    Ok(file.set_permissions(metadata.permissions())?)
}

// Created by us alone, and locked as long as we live: so what is there unlocked is a crashed run's.
fn create(temporary: &Path, private: bool) -> Result<File> {
    for _ in 0..ATTEMPTS {
        let mut options = OpenOptions::new();
        options.read(true).write(true).create_new(true);
        #[cfg(unix)]
        if private {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        }
        #[cfg(not(unix))]
        let _ = private;
        match options.open(temporary) {
            Ok(file) if is_ours(&file, temporary)? => return Ok(file),
            Ok(_) => {}
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => remove_orphan(temporary)?,
            Err(e) => return Err(e.into()),
        }
    }
    Err(busy().into())
}

/// Removes what a crashed run left beside `target`; what another run is writing stays.
pub(super) fn remove_orphan_of(target: &Path) -> Result<()> {
    remove_orphan(&beside(target, TEMPORARY)?)
}

fn remove_orphan(temporary: &Path) -> Result<()> {
    // Somebody else may have put a pipe or a link there: neither is waited for, followed or removed.
    match temporary.symlink_metadata() {
        Ok(metadata) if !metadata.is_file() => return Err(in_the_way(temporary).into()),
        _ => {}
    }
    let opened = match open_options(OpenOptions::new().read(true).write(true)).open(temporary) {
        Err(e) if e.kind() == io::ErrorKind::PermissionDenied => {
            open_options(OpenOptions::new().read(true)).open(temporary)
        }
        opened => opened,
    };
    let file = match opened {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    if !file.metadata()?.is_file() {
        return Err(in_the_way(temporary).into());
    }
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(busy().into()),
        // It may be a living run's: only a person can tell.
        Err(TryLockError::Error(_)) => Err(undecided(temporary).into()),
        Ok(()) if is_named(&file, temporary)? => Ok(fs::remove_file(temporary)?),
        Ok(()) => Err(busy().into()),
    }
}

/// Takes the lock, and makes sure that the name still leads to this very file.
fn is_ours(file: &File, path: &Path) -> Result<bool> {
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => return Ok(false),
        // Some network file systems have no locks; names are still created exclusively there.
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    is_named(file, path)
}

fn is_named(file: &File, path: &Path) -> Result<bool> {
    match path.symlink_metadata() {
        Ok(metadata) => Ok(FileIdentity::of(&metadata) == FileIdentity::of(&file.metadata()?)),
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(e) => Err(e.into()),
    }
}

fn busy() -> io::Error {
    io::Error::new(io::ErrorKind::ResourceBusy, "another run is writing this file")
}

fn in_the_way(temporary: &Path) -> io::Error {
    let name = temporary.file_name().unwrap_or_default().to_string_lossy();
    let what = format!("no regular file stands where \"{}\" is to be written", name.escape_debug());
    io::Error::new(io::ErrorKind::InvalidInput, what)
}

fn undecided(temporary: &Path) -> io::Error {
    let what = "there are no locks here: if no other run is writing it, remove";
    io::Error::new(io::ErrorKind::ResourceBusy, format!("{what} {}", temporary.display()))
}

const TEMPORARY: &str = "eseal-tmp";
const BUFFER_BYTES: usize = 64 << 10;
const ATTEMPTS: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::DigestAlgorithm;
    use crate::error::ErrorCode;
    use crate::output::{Piece, Update};

    fn output(source: Source, bytes: &[u8]) -> Output {
        let digest = DigestAlgorithm::Sha256.digest(bytes);
        Output::update(Update::after(source, digest, vec![Piece::Bytes(b"tail".to_vec()), Piece::Zeros(3)]))
    }

    fn names(dir: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(dir).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn a_large_file_is_copied_and_verified() {
        let dir = tempfile::tempdir().unwrap();
        let bytes: Vec<u8> = (0..2_000_000_u32).map(|n| n.to_be_bytes()[3]).collect();
        fs::write(dir.path().join("in"), &bytes).unwrap();
        let (source, _) = super::super::open(&dir.path().join("in")).unwrap();
        let target = dir.path().join("out");
        let staged = Staged::write(&output(source.clone(), &bytes), &target, None).unwrap();
        assert!(!target.exists());
        staged.sync().unwrap();
        staged.commit(Existing::Keep).unwrap();
        sync_directory(&target).unwrap();
        assert_eq!(fs::read(&target).unwrap(), [&bytes[..], b"tail000"].concat());
        assert_eq!(names(dir.path()), ["in", "out"]);
        // Another document's digest: nothing stays.
        let error = Staged::write(&output(source, b"other"), &dir.path().join("no"), None).unwrap_err();
        assert_eq!(error.code(), ErrorCode::StateOtherDocument);
        assert_eq!(names(dir.path()), ["in", "out"]);
    }

    #[test]
    fn an_existing_target_is_kept_unless_asked() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("out");
        fs::write(&target, b"old").unwrap();
        let staged = Staged::write_bytes(b"new", &target, None).unwrap();
        assert_eq!(staged.commit(Existing::Keep).unwrap_err().code(), ErrorCode::IoTargetExists);
        assert_eq!(fs::read(&target).unwrap(), b"old");
        Staged::write_bytes(b"new", &target, None).unwrap().commit(Existing::Replace).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(names(dir.path()), ["out"]);
    }

    #[test]
    fn without_such_a_rename_a_link_does_the_same() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("out");
        Staged::write_bytes(b"new", &target, None).unwrap().link_new().unwrap();
        assert_eq!(
            Staged::write_bytes(b"newer", &target, None).unwrap().link_new().unwrap_err().code(),
            ErrorCode::IoTargetExists
        );
        assert_eq!((fs::read(&target).unwrap(), names(dir.path())), (b"new".to_vec(), vec!["out".to_owned()]));
    }

    #[test]
    fn a_crashed_runs_file_is_removed_and_a_living_ones_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("out");
        fs::write(dir.path().join(".out.eseal-tmp"), b"half").unwrap();
        let living = Staged::write_bytes(b"one", &target, None).unwrap();
        assert!(Staged::write_bytes(b"two", &target, None).is_err());
        living.commit(Existing::Keep).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"one");
        assert_eq!(names(dir.path()), ["out"]);
    }

    #[test]
    fn a_reserved_target_is_nobody_elses() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("out");
        let reserved = Reserved::new(&target, None).unwrap();
        assert!(Reserved::new(&dir.path().join("./out"), None).is_err());
        assert!(Staged::write_bytes(b"two", &target, None).is_err());
        let source = Source::from_bytes(b"one".to_vec());
        reserved.write(&output(source, b"one")).unwrap().commit(Existing::Keep).unwrap();
        assert!(fs::read(&target).unwrap().starts_with(b"one"));
        drop(Reserved::new(&target, None).unwrap());
        assert_eq!(names(dir.path()), ["out"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_pipe_or_a_link_under_the_temporary_name_is_neither_followed_nor_waited_for() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        let dir = tempfile::tempdir().unwrap();
        let (target, temporary) = (dir.path().join("out"), dir.path().join(".out.eseal-tmp"));
        let refusal = || Staged::write_bytes(b"new", &target, None).unwrap_err();
        mknodat(CWD, &temporary, FileType::Fifo, Mode::RWXU, 0).unwrap();
        assert!(refusal().to_string().contains(".out.eseal-tmp"));
        fs::remove_file(&temporary).unwrap();
        fs::write(dir.path().join("victim"), b"victim").unwrap();
        std::os::unix::fs::symlink("victim", &temporary).unwrap();
        assert_eq!(refusal().code(), ErrorCode::IoOther);
        assert_eq!(fs::read(dir.path().join("victim")).unwrap(), b"victim");
        assert_eq!(names(dir.path()), [".out.eseal-tmp", "victim"]);
    }

    #[cfg(unix)]
    #[test]
    fn permissions_are_the_inputs() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("out");
        let staged = Staged::write_bytes(b"new", &target, Some(Permissions::from_mode(0o640))).unwrap();
        staged.commit(Existing::Keep).unwrap();
        assert_eq!(fs::metadata(&target).unwrap().permissions().mode() & 0o777, 0o640);
    }

    #[test]
    fn a_name_of_full_length_has_room_for_its_temporary() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("n".repeat(255));
        Staged::write_bytes(b"new", &target, None).unwrap().commit(Existing::Keep).unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
    }
}
