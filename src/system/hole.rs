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
