//! Finishing a file that was written with its hole empty.

use std::fs::File;
use std::io::{Seek, SeekFrom, Write};

use crate::error::{ErrorCode, Result, StateError};
use crate::flow::Fill;
use crate::source::{Source, to_u64};

/// Puts the signature into a file that holds a prepared document with its hole empty.
///
/// Length and appended bytes are compared, nothing is hashed: what it costs does not depend on the file's size. That the
/// bytes before are those that were signed is the caller's to know. A crash in the middle leaves a file that another
/// call finishes.
///
/// # Errors
/// `state.other-document` when the file does not end with the prepared bytes; then it is untouched.
pub fn fill_hole(mut file: &File, fill: &Fill) -> Result<()> {
    let other = || StateError::new(ErrorCode::StateOtherDocument);
    let len = file.metadata()?.len();
    if len != fill.tail_offset.saturating_add(to_u64(fill.tail.len())) {
        return Err(other().into());
    }
    let copy = super::FileSource::new(file.try_clone()?)?;
    let tail = Source::from_reader(std::sync::Arc::new(copy), len).window(fill.tail_offset..len)?;
    let start = crate::source::to_usize(fill.hole_offset.saturating_sub(fill.tail_offset))?;
    let hole = start..start.saturating_add(fill.hole.len());
    let outside = |bytes: &[u8]| Some((bytes.get(..hole.start)?.to_vec(), bytes.get(hole.end..)?.to_vec()));
    // The hole itself may be half full, from a call that was cut short.
    if outside(&tail).is_none() || outside(&tail) != outside(&fill.tail) {
        return Err(other().into());
    }
    file.seek(SeekFrom::Start(fill.hole_offset))?;
    file.write_all(&fill.hole)?;
    Ok(file.sync_data()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCE: &[u8] = b"document";

    fn fill() -> Fill {
        let tail = b" before<00000000>after".to_vec();
        Fill { tail_offset: 8, tail, hole_offset: 8 + 8, hole: b"c0ffee00".to_vec() }
    }

    fn file(bytes: &[u8]) -> (tempfile::TempDir, File, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.pdf");
        std::fs::write(&path, bytes).unwrap();
        let file = File::options().read(true).write(true).open(&path).unwrap();
        (dir, file, path)
    }

    #[test]
    fn fills_an_empty_a_half_full_and_a_full_hole() {
        for hole in ["00000000", "c0ff0000", "c0ffee00"] {
            let bytes = [SOURCE, b" before<", hole.as_bytes(), b">after"].concat();
            let (_dir, file, path) = file(&bytes);
            fill_hole(&file, &fill()).unwrap();
            assert_eq!(std::fs::read(path).unwrap(), b"document before<c0ffee00>after");
        }
    }

    #[test]
    fn another_file_is_left_as_it_is() {
        for bytes in [&b"document"[..], b"document before<00000000>aftex", b"document before<00000000>after "] {
            let (_dir, file, path) = file(bytes);
            assert_eq!(fill_hole(&file, &fill()).unwrap_err().code(), ErrorCode::StateOtherDocument);
            assert_eq!(std::fs::read(path).unwrap(), bytes);
        }
    }
}
