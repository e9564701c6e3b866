//! Second half: the CMS structure into the hole.

use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::output::{Output, Piece, Update};
use crate::pdf::text::push_hex;
use crate::signing::Tail;
use crate::source::Source;

/// The finished document: the source, and the tail with `cms` in its hole.
///
/// # Errors
/// [`Error::PlaceholderTooSmall`] when it does not fit.
pub(crate) fn finalize(source: &Source, source_digest: &Digest, tail: &Tail, cms: &[u8]) -> Result<Output> {
    Ok(Output::update(update(source, source_digest, tail, cms)?))
}

/// The same, as what is appended.
///
/// # Errors
/// As [`finalize`].
pub(super) fn update(source: &Source, source_digest: &Digest, tail: &Tail, cms: &[u8]) -> Result<Update> {
    let digits = tail.hole().len();
    let needed = cms.len().saturating_mul(2);
    let Some(rest) = digits.checked_sub(needed) else {
        return Err(Error::PlaceholderTooSmall { reserved: digits / 2, needed: cms.len() });
    };
    let mut filled = Vec::with_capacity(tail.before().len() + needed);
    filled.extend_from_slice(tail.before());
    push_hex(&mut filled, cms);
    let pieces = vec![Piece::Bytes(filled), Piece::Zeros(rest), Piece::Bytes(tail.after().to_vec())];
    Ok(Update::after(source.clone(), *source_digest, pieces))
}
