//! Signing a file in place: after a crash and the next call it is the old file or the new one.
//!
//! Before the first new byte, what is about to be written over is written and synced to `.NAME.eseal-undo` beside the
//! file, with the old length and what the rest is known by, under the account's key; after the last one is synced, that
//! file is deleted. Whoever changes a document in place calls [`Held::restore`] first.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;
use std::sync::Arc;

use super::held::other;
use super::staged::remove_orphan_of;
use super::undo::{Before, Undo, UndoFile, Version, name_for};
use super::{Held, UndoKey};
use crate::digest::{DigestAlgorithm, State};
use crate::error::{ErrorCode, Misuse, Refusal, Result};
use crate::output::{Checking, Output, Update};
use crate::source::{Source, to_u64};

/// Writes what `output` adds into the file at `path`, which must be its source.
///
/// As [`Held::append`], for whoever has not held the document since its first byte was read: what is there now is
/// compared all the same.
///
/// # Errors
/// As [`Held::open`] and [`Held::append`].
pub fn append(path: &Path, output: &Output, key: &UndoKey) -> Result<()> {
    Held::open(path)?.append(output, key)
}

/// Takes a file back to what it was before a run that crashed while it signed it in place: see [`Held::restore`].
///
/// # Errors
/// As [`Held::open`] and [`Held::restore`].
pub fn restore(path: &Path, key: &UndoKey) -> Result<bool> {
    Held::open(path)?.restore(key)
}

impl Held {
    /// Writes what `output` adds into the document, which must be its source.
    ///
    /// Before the first new byte it is made sure that the path still leads to this file, and that the bytes in it
    /// now are those that were signed; they are read once more for that.
    ///
    /// # Errors
    /// `state.other-document` when the document is not what was signed, or another one has its name: nothing was
    /// written. `undo.foreign` when an undo file came to stand beside it meanwhile. When writing fails the file is
    /// what it was before. [`Error::Misuse`](crate::Error::Misuse) for a container that is made anew.
    pub fn append(&self, output: &Output, key: &UndoKey) -> Result<()> {
        let update = output.as_update().ok_or(Misuse::new("a container made anew can't be written in place"))?;
        let tail = update.tail_bytes()?;
        let new_len = update.kept.saturating_add(to_u64(tail.len()));
        let identity = self.identity()?;
        self.check_place()?;
        let old = self.compare(update)?;
        let before = Before { len: update.source.len(), new_len: Some(new_len), checks: update.checks.clone(), old };
        let undo = Undo::create(self.path(), &self.file().metadata()?, &before, key)?;
        // Reading all of it and waiting for the disk took a while.
        if let Err(error) = self.check_unchanged(&identity) {
            undo.remove()?;
            return Err(error);
        }
        let written = write_at(self.file(), update.kept, &tail, new_len);
        if written.is_err() {
            write_at(self.file(), update.kept, &before.old, before.len)?;
        }
        undo.remove()?;
        written
    }

    /// Takes the document back to what it was before a run that crashed while it signed it in place.
    ///
    /// Returns whether there was anything to take back, so that the caller can say so.
    ///
    /// # Errors
    /// `undo.foreign` when the undo file is not this account's own, made for this very file; `state.other-document`
    /// when the document is not what the undo file tells of, or somebody has added to it since. In both cases
    /// everything is left as it is. What the system says.
    pub fn restore(&self, key: &UndoKey) -> Result<bool> {
        match self.undo_file(Some(key))? {
            None => Ok(false),
            Some(undo) => {
                undo.check_ours()?;
                self.take_back(undo)
            }
        }
    }

    /// The undo file beside the document, if there is one, also when it is not this account's own.
    ///
    /// # Errors
    /// What the system says.
    pub fn undo_file(&self, key: Option<&UndoKey>) -> Result<Option<UndoFile>> {
        // Of a run that was killed while it wrote one.
        remove_orphan_of(&name_for(self.path())?)?;
        UndoFile::find(self.path(), &self.file().metadata()?, key)
    }

    /// The document as it is, and as `undo` would make it, where that can be read.
    ///
    /// # Errors
    /// Reading faults.
    pub fn versions(&self, undo: &UndoFile) -> Result<(Version, Option<Version>)> {
        let now = self.now()?;
        let mut state = State::new(DigestAlgorithm::Sha256);
        now.for_each(0..now.len(), |bytes| {
            state.update(bytes);
            Ok(())
        })?;
        let after = match undo.before() {
            Some(before) => Some(Version { bytes: before.len, sha256: before.digest(&now)? }),
            None => None,
        };
        Ok((Version { bytes: now.len(), sha256: state.finish() }, after))
    }

    /// Makes the document what `undo` says, whoever has made that, and deletes the undo file. Returns whether anything
    /// of the document changed.
    ///
    /// # Errors
    /// `state.other-document` when the beginning of the document is not what the undo file tells of, or it is longer
    /// than the change could make it; `undo.foreign` when the undo file can't be read. Both are left as they are.
    pub fn take_back(&self, undo: UndoFile) -> Result<bool> {
        let Some(before) = undo.before() else {
            if undo.is_cut() {
                // It was not synced yet, so the document was not touched.
                undo.remove()?;
                return Ok(false);
            }
            undo.check_ours()?;
            return Err(Refusal::new(ErrorCode::UndoForeign).into());
        };
        let now = self.now()?;
        before.check(&now)?;
        if !before.explains(&now) {
            return Err(other());
        }
        let is_as_before = now.len() == before.len && *now.window(before.kept()..before.len)? == *before.old;
        self.check_place()?;
        if !is_as_before {
            write_at(self.file(), before.kept(), &before.old, before.len)?;
        }
        undo.remove()?;
        Ok(!is_as_before)
    }

    /// The document as it is now, to be read by windows.
    fn now(&self) -> Result<Source> {
        let reader = self.reader()?;
        let len = reader.identity().len();
        Ok(Source::from_reader(Arc::new(reader), len))
    }

    /// Makes sure that the document is the source of `update`, and returns the bytes that are about to be written over.
    fn compare(&self, update: &Update) -> Result<Vec<u8>> {
        let (now, len) = (self.now()?, update.source.len());
        if now.len() != len || update.kept > len {
            return Err(other());
        }
        let mut checking = Checking::new(&update.checks);
        let read = now.for_each(0..update.kept, |bytes| {
            checking.see(bytes);
            Ok(())
        });
        let old = read.and_then(|()| now.window(update.kept..len)).map_err(is_other)?.to_vec();
        // What is written over is not signed, but was read: it must not say anything else by now.
        let is_same_end = match old.is_empty() {
            true => true,
            false if update.source.is_in_memory() => *update.source.window(update.kept..len)? == *old,
            false => update.source.check_unchanged().is_ok(),
        };
        if checking.holds() && is_same_end { Ok(old) } else { Err(other()) }
    }
}

/// What is cut while it is read is another document by now.
fn is_other(error: crate::Error) -> crate::Error {
    if error.code() == ErrorCode::DocumentChanged { other() } else { error }
}

/// Writes `bytes` at `offset`, after which the file has `len` bytes, and waits for the disk.
fn write_at(mut file: &File, offset: u64, bytes: &[u8], len: u64) -> Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)?;
    file.set_len(len)?;
    Ok(file.sync_all()?)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::PathBuf;

    use super::super::{beside, open};
    use super::*;
    use crate::digest::DigestAlgorithm;
    use crate::output::{Check, Piece};

    const OLD: &[u8] = b"the old document";
    const KEPT: u64 = 8;

    fn before(bytes: &[u8]) -> Before {
        let digest = |part: &[u8]| DigestAlgorithm::Sha256.digest(part);
        let kept = bytes.get(..8).unwrap();
        let checks = vec![Check::of(digest(&kept[..3]), 0..3), Check::of(digest(&kept[3..]), 3..KEPT)];
        Before { len: 16, new_len: Some(37), checks, old: bytes[8..].to_vec() }
    }

    /// A file of which the first eight bytes stay, as the entries of a container do.
    fn file(tail: &[u8]) -> (tempfile::TempDir, PathBuf, Output) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.asice");
        fs::write(&path, OLD).unwrap();
        let (source, _) = open(&path).unwrap();
        let checks = before(OLD).checks;
        let update = Update { source, kept: KEPT, checks, tail: vec![Piece::Bytes(tail.to_vec())] };
        (dir, path, Output::update(update))
    }

    fn undo_of(path: &Path) -> PathBuf {
        beside(path, "eseal-undo").unwrap()
    }

    fn key() -> UndoKey {
        UndoKey::new([7; 32])
    }

    /// As a run that was killed leaves it.
    fn leave_undo(path: &Path, before: &Before) {
        let path = fs::canonicalize(path).unwrap();
        std::mem::forget(Undo::create(&path, &path.metadata().unwrap(), before, &key()).unwrap());
    }

    #[test]
    fn writes_over_the_end_and_leaves_nothing_else() {
        for tail in [&b"signature, then the directory"[..], b"less"] {
            let (dir, path, output) = file(tail);
            append(&path, &output, &key()).unwrap();
            assert_eq!(fs::read(&path).unwrap(), [&OLD[..8], tail].concat());
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
            assert!(!restore(&path, &key()).unwrap());
            // The source has another length now.
            assert_eq!(append(&path, &output, &key()).unwrap_err().code(), ErrorCode::StateOtherDocument);
        }
    }

    #[test]
    fn a_document_whose_bytes_all_stay_is_appended_to() {
        let (_dir, path, _) = file(b"");
        let (source, _) = open(&path).unwrap();
        let digest = DigestAlgorithm::Sha256.digest(OLD);
        let output = Output::update(Update::after(source, digest, vec![Piece::Bytes(b" and new".to_vec())]));
        append(&path, &output, &key()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"the old document and new");
    }

    #[test]
    fn what_is_not_what_was_signed_is_not_written_to() {
        let bent: [&[u8]; 5] =
            [b"The old document", b"the old documenT", b"the old documen", b"the old document.", b""];
        for bytes in bent {
            let (dir, path, output) = file(b"new end");
            let held = Held::open(&path).unwrap();
            fs::write(&path, bytes).unwrap();
            assert_eq!(held.append(&output, &key()).unwrap_err().code(), ErrorCode::StateOtherDocument);
            assert_eq!((fs::read(&path).unwrap(), fs::read_dir(dir.path()).unwrap().count()), (bytes.to_vec(), 1));
        }
        // The same bytes in another file of this name.
        let (dir, path, output) = file(b"new end");
        let held = Held::open(&path).unwrap();
        fs::write(dir.path().join("new"), OLD).unwrap();
        fs::rename(dir.path().join("new"), &path).unwrap();
        assert_eq!(held.append(&output, &key()).unwrap_err().code(), ErrorCode::StateOtherDocument);
        assert_eq!(fs::read(&path).unwrap(), OLD);
    }

    #[test]
    fn a_crash_at_any_step_gives_the_old_file() {
        let (dir, path, _) = file(b"");
        for written in ["document", "Xocument", "XXXXXXXX", "XXXXXXXXXXXX", "XXX", ""] {
            leave_undo(&path, &before(OLD));
            fs::write(&path, [&OLD[..8], written.as_bytes()].concat()).unwrap();
            assert_eq!(restore(&path, &key()).unwrap(), written != "document");
            assert_eq!((fs::read(&path).unwrap(), fs::read_dir(dir.path()).unwrap().count()), (OLD.to_vec(), 1));
        }
        // Killed while the undo file was written.
        fs::write(dir.path().join("..a.asice.eseal-undo.eseal-tmp"), b"eseal-undo-3 1").unwrap();
        assert!(!restore(&path, &key()).unwrap());
        assert_eq!((fs::read(&path).unwrap(), fs::read_dir(dir.path()).unwrap().count()), (OLD.to_vec(), 1));
    }

    #[test]
    fn an_undo_file_of_another_document_changes_nothing() {
        let (_dir, path, _) = file(b"");
        leave_undo(&path, &before(b"another document"));
        assert_eq!(restore(&path, &key()).unwrap_err().code(), ErrorCode::StateOtherDocument);
        assert_eq!(fs::read(&path).unwrap(), OLD);
        assert!(undo_of(&path).exists());
        fs::write(&path, b"short").unwrap();
        assert_eq!(restore(&path, &key()).unwrap_err().code(), ErrorCode::StateOtherDocument);
    }

    #[test]
    fn what_somebody_added_since_is_not_cut_off() {
        let (_dir, path, _) = file(b"");
        leave_undo(&path, &before(OLD));
        let longer = [OLD, &[b'x'; 22]].concat();
        fs::write(&path, &longer).unwrap();
        assert_eq!(restore(&path, &key()).unwrap_err().code(), ErrorCode::StateOtherDocument);
        assert_eq!(fs::read(&path).unwrap(), longer);
    }

    #[test]
    fn an_undo_file_that_is_not_ours_is_taken_by_name_only() {
        let (dir, path, output) = file(b"new end");
        leave_undo(&path, &before(OLD));
        fs::write(&path, b"the old X").unwrap();
        let foreign = |key: &UndoKey| restore(&path, key).unwrap_err().code();
        assert_eq!(foreign(&UndoKey::new([8; 32])), ErrorCode::UndoForeign);
        // The same name and bytes in another file.
        fs::write(dir.path().join("new"), b"the old X").unwrap();
        fs::rename(dir.path().join("new"), &path).unwrap();
        assert_eq!(foreign(&key()), ErrorCode::UndoForeign);
        assert_eq!(fs::read(&path).unwrap(), b"the old X");
        let held = Held::open(&path).unwrap();
        let undo = held.undo_file(None).unwrap().unwrap();
        let version =
            |bytes: &[u8]| Version { bytes: to_u64(bytes.len()), sha256: DigestAlgorithm::Sha256.digest(bytes) };
        assert_eq!(held.versions(&undo).unwrap(), (version(b"the old X"), Some(version(OLD))));
        assert!(held.take_back(undo).unwrap());
        assert_eq!((fs::read(&path).unwrap(), fs::read_dir(dir.path()).unwrap().count()), (OLD.to_vec(), 1));
        drop((held, output));
    }

    #[test]
    fn an_undo_file_that_comes_meanwhile_stops_the_writing() {
        let (_dir, path, output) = file(b"new end");
        let held = Held::open(&path).unwrap();
        fs::write(undo_of(&path), b"anything").unwrap();
        assert_eq!(held.append(&output, &key()).unwrap_err().code(), ErrorCode::UndoForeign);
        assert_eq!(fs::read(&path).unwrap(), OLD);
        assert_eq!(fs::read(undo_of(&path)).unwrap(), b"anything");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_no_regular_file_is_never_an_undo_file() {
        use rustix::fs::{CWD, FileType, Mode, mknodat};
        let (dir, path, _) = file(b"");
        let undo = undo_of(&path);
        let refused = |wanted: ErrorCode| {
            let held = Held::open(&path).unwrap();
            assert_eq!(held.restore(&key()).unwrap_err().code(), wanted);
            let undo = held.undo_file(Some(&key())).unwrap().unwrap();
            assert_eq!(held.take_back(undo).unwrap_err().code(), wanted);
            assert_eq!(fs::read(&path).unwrap(), OLD);
        };
        mknodat(CWD, &undo, FileType::Fifo, Mode::RWXU, 0).unwrap();
        refused(ErrorCode::UndoForeign);
        fs::remove_file(&undo).unwrap();
        // A link to what would be one.
        leave_undo(&path, &before(OLD));
        let elsewhere = dir.path().join("elsewhere");
        fs::rename(&undo, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &undo).unwrap();
        refused(ErrorCode::UndoForeign);
        assert!(elsewhere.exists());
    }

    #[cfg(unix)]
    #[test]
    fn who_may_not_read_the_document_may_not_read_its_undo_file() {
        use std::os::unix::fs::{MetadataExt, PermissionsExt};
        for mode in [0o600, 0o640, 0o664] {
            let (_dir, path, _) = file(b"");
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            leave_undo(&path, &before(OLD));
            assert_eq!(undo_of(&path).metadata().unwrap().mode() & 0o7777, mode);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_leads_to_the_file_itself() {
        let (dir, path, output) = file(b"new end");
        let link = dir.path().join("link.asice");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        leave_undo(&path, &before(OLD));
        fs::write(&path, b"the old X").unwrap();
        assert!(restore(&link, &key()).unwrap());
        let (source, _) = open(&path).unwrap();
        let update = output.as_update().unwrap();
        let tail = vec![Piece::Bytes(b"new end".to_vec())];
        let output = Output::update(Update { source, kept: KEPT, checks: update.checks.clone(), tail });
        append(&link, &output, &key()).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"the old new end");
        assert!(link.is_symlink());
    }
}
