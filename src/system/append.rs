//! Signing a file in place: after a crash and the next call it is the old file or the new one.
//!
//! Before the first new byte the old length and digest are written and synced to `.NAME.eseal-undo`
//! beside the file; after the last one is synced, that file is deleted. Whoever opens a document calls
//! [`restore`] first.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::staged::{busy, is_ours};
use super::{beside, open, sync_directory};
use crate::digest::{Digest, DigestAlgorithm, State};
use crate::error::{Error, ErrorCode, Misuse, Result, StateError};
use crate::output::Output;

/// Appends what `output` adds to the file at `path`, which must be its source.
///
/// Whether the file's bytes are those that were signed is the caller's to know: right after they were
/// read for `prepare` that is so, otherwise [`Output::verify_source`] makes sure of it.
///
/// # Errors
/// `state.document-changed` when the file has another length than the source or was written to
/// meanwhile. When writing fails the file is what it was before.
pub fn append(path: &Path, output: &Output) -> Result<()> {
    let update = output.as_update().ok_or(Misuse::new("a container made anew can't be written in place"))?;
    let tail = update.tail_bytes()?;
    // Through a link the undo file belongs beside the file itself.
    let path = fs::canonicalize(path)?;
    let mut file = OpenOptions::new().read(true).write(true).open(&path)?;
    let len = update.source.len();
    update.source.check_unchanged()?;
    if file.metadata()?.len() != len {
        return Err(StateError::new(ErrorCode::DocumentChanged).into());
    }
    let [check] = update.checks.as_slice() else { return Err(Error::Bug("several checks of one source")) };
    let undo = Undo::create(&path, len, &check.digest)?;
    let written = write_at(&mut file, len, &tail);
    if written.is_err() {
        file.set_len(len)?;
        file.sync_all()?;
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
    let beside_link = beside(path, UNDO)?;
    if beside_link.symlink_metadata().is_err() && !path.is_symlink() {
        return Ok(false);
    }
    let path = fs::canonicalize(path)?;
    let undo_path = beside(&path, UNDO)?;
    let undo = match File::open(&undo_path) {
        Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(false),
        undo => undo?,
    };
    if !is_ours(&undo, &undo_path)? {
        return Err(busy().into());
    }
    let mut text = String::new();
    (&undo).take(UNDO_BYTES).read_to_string(&mut text)?;
    let Some((len, digest)) = parse(&text) else {
        // It was not synced yet, so the file itself was not touched.
        fs::remove_file(&undo_path)?;
        return Ok(false);
    };
    let (source, identity) = open(&path)?;
    let mut state = State::new(digest.algorithm());
    if identity.len() >= len {
        source.for_each(0..len, |bytes| {
            state.update(bytes);
            Ok(())
        })?;
    }
    if state.finish() != digest {
        return Err(StateError::new(ErrorCode::StateOtherDocument).into());
    }
    let file = OpenOptions::new().write(true).open(&path)?;
    file.set_len(len)?;
    file.sync_all()?;
    fs::remove_file(&undo_path)?;
    sync_directory(&path)?;
    Ok(identity.len() > len)
}

/// The undo file of one append; locked as long as its writer lives.
struct Undo {
    path: PathBuf,
    _lock: File,
}

impl Undo {
    fn create(document: &Path, len: u64, digest: &Digest) -> Result<Undo> {
        let path = beside(document, UNDO)?;
        let mut options = OpenOptions::new();
        options.write(true).create_new(true);
        let mut file = options.open(&path)?;
        if !is_ours(&file, &path)? {
            return Err(busy().into());
        }
        let line = format!("{MAGIC} {len} {} {}\n", digest.algorithm().name(), digest.to_hex());
        let written = file.write_all(line.as_bytes()).and_then(|()| file.sync_all());
        let undo = Undo { path, _lock: file };
        if let Err(e) = written {
            undo.remove()?;
            return Err(e.into());
        }
        sync_directory(&undo.path)?;
        Ok(undo)
    }

    fn remove(self) -> Result<()> {
        fs::remove_file(&self.path)?;
        sync_directory(&self.path)
    }
}

fn write_at(file: &mut File, offset: u64, bytes: &[u8]) -> Result<()> {
    file.seek(SeekFrom::Start(offset))?;
    file.write_all(bytes)?;
    Ok(file.sync_all()?)
}

// The line end tells a complete line from one that was cut.
fn parse(text: &str) -> Option<(u64, Digest)> {
    let mut words = text.strip_suffix('\n')?.split(' ');
    let (magic, len) = (words.next()?, words.next()?.parse().ok()?);
    let algorithm = DigestAlgorithm::from_name(words.next()?).ok()?;
    let bytes = crate::digest::from_hex(words.next()?.as_bytes())?;
    let complete = magic == MAGIC && words.next().is_none();
    Digest::new(algorithm, &bytes).ok().filter(|_| complete).map(|digest| (len, digest))
}

const UNDO: &str = "eseal-undo";
const MAGIC: &str = "eseal-undo-1";
const UNDO_BYTES: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::output::{Piece, Update};

    const OLD: &[u8] = b"the old document";

    fn file() -> (tempfile::TempDir, PathBuf, Output) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.pdf");
        fs::write(&path, OLD).unwrap();
        let (source, _) = open(&path).unwrap();
        let digest = DigestAlgorithm::Sha256.digest(OLD);
        let output = Output::update(Update::after(source, digest, vec![Piece::Bytes(b" and new".to_vec())]));
        (dir, path, output)
    }

    fn digest(output: &Output) -> Digest {
        output.as_update().unwrap().checks[0].digest
    }

    fn undo_line(digest: &Digest) -> String {
        format!("{MAGIC} {} SHA-256 {}\n", OLD.len(), digest.to_hex())
    }

    #[test]
    fn appends_and_leaves_nothing_else() {
        let (dir, path, output) = file();
        append(&path, &output).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"the old document and new");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 1);
        assert!(!restore(&path).unwrap());
        // The source has another length now.
        assert_eq!(append(&path, &output).unwrap_err().code(), ErrorCode::DocumentChanged);
    }

    #[test]
    fn a_crash_at_any_step_gives_the_old_file() {
        let (_dir, path, output) = file();
        let undo = beside(&path, UNDO).unwrap();
        let line = undo_line(&digest(&output));
        for cut in 0..line.len() {
            fs::write(&undo, &line[..cut]).unwrap();
            assert!(!restore(&path).unwrap());
            assert!(!undo.exists());
            assert_eq!(fs::read(&path).unwrap(), OLD);
        }
        for written in ["", " and", " and new"] {
            fs::write(&path, [OLD, written.as_bytes()].concat()).unwrap();
            fs::write(&undo, &line).unwrap();
            assert_eq!(restore(&path).unwrap(), !written.is_empty());
            assert!(!undo.exists());
            assert_eq!(fs::read(&path).unwrap(), OLD);
        }
    }

    #[test]
    fn an_undo_file_of_another_document_truncates_nothing() {
        let (_dir, path, _) = file();
        let undo = beside(&path, UNDO).unwrap();
        let short = format!("{MAGIC} 3 SHA-256 {}\n", DigestAlgorithm::Sha256.digest(b"xyz").to_hex());
        for line in [undo_line(&DigestAlgorithm::Sha256.digest(b"another")), short] {
            fs::write(&undo, line).unwrap();
            assert_eq!(restore(&path).unwrap_err().code(), ErrorCode::StateOtherDocument);
            assert_eq!(fs::read(&path).unwrap(), OLD);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_leads_to_the_file_itself() {
        let (dir, path, output) = file();
        let link = dir.path().join("link.pdf");
        std::os::unix::fs::symlink(&path, &link).unwrap();
        let undo = beside(&path, UNDO).unwrap();
        fs::write(&path, [OLD, b" an"].concat()).unwrap();
        fs::write(&undo, undo_line(&digest(&output))).unwrap();
        assert!(restore(&link).unwrap());
        append(&link, &output).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"the old document and new");
        assert!(link.is_symlink());
    }
}
