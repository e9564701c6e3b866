//! Signing a file in place: after a crash and the next call it is the old file or the new one.
//!
//! Before the first new byte, what is about to be written over is written and synced to `.NAME.eseal-undo` beside the
//! file, with the old length and what the rest is known by; after the last one is synced, that file is deleted.
//! Whoever opens a document calls [`restore`] first.

use std::fs::{self, File, OpenOptions};
use std::io::{Seek, SeekFrom, Write};
use std::path::Path;

use super::undo::{self, Before, Found, Undo};
use super::{open, sync_directory};
use crate::error::{ErrorCode, Misuse, Result, StateError};
use crate::output::Output;
use crate::source::to_u64;

/// Writes what `output` adds into the file at `path`, which must be its source.
///
/// Whether the file's bytes are those that were signed is the caller's to know: right after they were
/// read for `prepare` that is so, otherwise [`Output::verify_source`] makes sure of it.
///
/// # Errors
/// `state.document-changed` when the file has another length than the source or was written to
/// meanwhile. When writing fails the file is what it was before.
/// [`Error::Misuse`](crate::Error::Misuse) for a container that is made anew.
pub fn append(path: &Path, output: &Output) -> Result<()> {
    let update = output.as_update().ok_or(Misuse::new("a container made anew can't be written in place"))?;
    let tail = update.tail_bytes()?;
    // Through a link the undo file belongs beside the file itself.
    let path = fs::canonicalize(path)?;
    let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
    let (kept, len) = (update.kept, update.source.len());
    update.source.check_unchanged()?;
    if file.metadata()?.len() != len {
        return Err(StateError::new(ErrorCode::DocumentChanged).into());
    }
    let old = update.source.window(kept..len)?.to_vec();
    let before = Before { len, checks: update.checks.clone(), old };
    let undo = Undo::create(&path, &before)?;
    let written = write_at(&mut file, kept, &tail, kept.saturating_add(to_u64(tail.len())));
    if written.is_err() {
        write_at(&mut file, kept, &before.old, len)?;
    }
    undo.remove()?;
    written
}

/// Takes a file back to what it was before a run that crashed while it signed it in place.
///
/// Returns whether there was anything to take back, so that the caller can say so.
///
/// # Errors
/// `state.other-document` when the beginning of the file is not what the undo file tells of: both are left
/// as they are. What the system says.
pub fn restore(path: &Path) -> Result<bool> {
    if !undo::is_beside(path)? && !path.is_symlink() {
        return Ok(false);
    }
    let path = fs::canonicalize(path)?;
    let (undo_path, before) = match undo::find(&path)? {
        None => return Ok(false),
        Some(Found::Cut(undo_path)) => {
            // It was not synced yet, so the file itself was not touched.
            fs::remove_file(undo_path)?;
            return Ok(false);
        }
        Some(Found::Complete(undo_path, before)) => (undo_path, before),
    };
    let (source, identity) = open(&path)?;
    before.check(&source)?;
    let is_as_before = identity.len() == before.len && *source.window(before.kept()..before.len)? == *before.old;
    if !is_as_before {
        let mut file = OpenOptions::new().write(true).open(&path)?;
        write_at(&mut file, before.kept(), &before.old, before.len)?;
    }
    fs::remove_file(&undo_path)?;
    sync_directory(&path)?;
    Ok(!is_as_before)
}

/// Writes `bytes` at `offset`, after which the file has `len` bytes, and waits for the disk.
fn write_at(file: &mut File, offset: u64, bytes: &[u8], len: u64) -> Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)?;
    file.set_len(len)?;
    Ok(file.sync_all()?)
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::super::beside;
    use super::*;
    use crate::digest::DigestAlgorithm;
    use crate::output::{Check, Piece, Update};

    const OLD: &[u8] = b"the old document";
    const KEPT: u64 = 8;

    fn before(bytes: &[u8]) -> Before {
        let digest = |part: &[u8]| DigestAlgorithm::Sha256.digest(part);
        let kept = bytes.get(..8).unwrap();
        let checks = vec![Check::of(digest(&kept[..3]), 0..3), Check::of(digest(&kept[3..]), 3..KEPT)];
        Before { len: 16, checks, old: bytes[8..].to_vec() }
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

    fn leave_undo(path: &Path, before: &Before) {
        // As a run that was killed leaves it.
        std::mem::forget(Undo::create(path, before).unwrap());
        let undo = undo_of(path);
        let bytes = fs::read(&undo).unwrap();
        fs::remove_file(&undo).unwrap();
        fs::write(&undo, bytes).unwrap();
    }

    #[test]
    fn writes_over_the_end_and_leaves_nothing_else() {
        for tail in [&b"signature, then the directory"[..], b"less"] {
            let (dir, path, output) = file(tail);
            append(&path, &output).unwrap();
            assert_eq!(fs::read(&path).unwrap(), [&OLD[..8], tail].concat());
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
            assert!(!restore(&path).unwrap());
            // The source has another length now.
            assert_eq!(append(&path, &output).unwrap_err().code(), ErrorCode::DocumentChanged);
        }
    }

    #[test]
    fn a_document_whose_bytes_all_stay_is_appended_to() {
        let (_dir, path, _) = file(b"");
        let (source, _) = open(&path).unwrap();
        let digest = DigestAlgorithm::Sha256.digest(OLD);
        let output = Output::update(Update::after(source, digest, vec![Piece::Bytes(b" and new".to_vec())]));
        append(&path, &output).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"the old document and new");
    }

    #[test]
    fn a_crash_at_any_step_gives_the_old_file() {
        let (_dir, path, _) = file(b"");
        let undo = undo_of(&path);
        leave_undo(&path, &before(OLD));
        let text = fs::read(&undo).unwrap();
        for cut in 0..text.len() {
            fs::write(&undo, &text[..cut]).unwrap();
            assert!(!restore(&path).unwrap());
            assert!(!undo.exists());
            assert_eq!(fs::read(&path).unwrap(), OLD);
        }
        for written in ["document", "Xocument", "XXXXXXXX", "XXXXXXXXXXXX", "XXX", ""] {
            fs::write(&path, [&OLD[..8], written.as_bytes()].concat()).unwrap();
            fs::write(&undo, &text).unwrap();
            assert_eq!(restore(&path).unwrap(), written != "document");
            assert!(!undo.exists());
            assert_eq!(fs::read(&path).unwrap(), OLD);
        }
    }

    #[test]
    fn an_undo_file_of_another_document_changes_nothing() {
        let (_dir, path, _) = file(b"");
        leave_undo(&path, &before(b"another document"));
        assert_eq!(restore(&path).unwrap_err().code(), ErrorCode::StateOtherDocument);
        assert_eq!(fs::read(&path).unwrap(), OLD);
        assert!(undo_of(&path).exists());
        fs::write(&path, b"short").unwrap();
        assert_eq!(restore(&path).unwrap_err().code(), ErrorCode::StateOtherDocument);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_leads_to_the_file_itself() {
        let (dir, path, output) = file(b"new end");
        let link = dir.path().join("link.asice");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        leave_undo(&path, &before(OLD));
        fs::write(&path, b"the old X").unwrap();
        assert!(restore(&link).unwrap());
        let (source, _) = open(&path).unwrap();
        let update = output.as_update().unwrap();
        let tail = vec![Piece::Bytes(b"new end".to_vec())];
        let output = Output::update(Update { source, kept: KEPT, checks: update.checks.clone(), tail });
        append(&link, &output).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"the old new end");
        assert!(link.is_symlink());
    }
}
