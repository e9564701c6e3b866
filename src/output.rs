//! A result: ranges of the source plus new bytes, written in one pass.

use std::fmt;
use std::io::Write;
use std::ops::Range;

use crate::digest::{Digest, State};
use crate::error::{ErrorCode, Result, StateError};
use crate::source::{Source, to_u64};

/// A document to be written: what it takes from its source, and what is new.
///
/// Nothing of the source is in memory. While it is copied its digest is computed and compared with
/// the one that was signed.
#[derive(Debug, Clone)]
pub struct Output {
    source: Source,
    source_digest: Digest,
    pieces: Vec<Piece>,
}

/// A part of an [`Output`].
#[derive(Clone)]
pub(crate) enum Piece {
    /// The whole source.
    Source,
    /// New bytes.
    Bytes(Vec<u8>),
    /// So many zero digits (`0`), as the rest of a hole.
    Zeros(usize),
}

impl Output {
    pub(crate) fn new(source: Source, source_digest: Digest, pieces: Vec<Piece>) -> Self {
        Output { source, source_digest, pieces }
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.pieces.iter().map(|piece| piece.len(&self.source)).sum()
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The digest the source must have.
    #[must_use]
    pub fn source_digest(&self) -> &Digest {
        &self.source_digest
    }

    /// The source that is copied.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// Writes all of it, and makes sure that the source is the document that was signed.
    ///
    /// Use [`Output::verify_source`] first where what was written can't be thrown away.
    ///
    /// # Errors
    /// `state.other-document` or `state.document-changed`: throw away what was written. Faults of
    /// reading and writing: the same.
    pub fn write_to(&self, mut out: impl Write) -> Result<u64> {
        for piece in &self.pieces {
            match piece {
                Piece::Source => {
                    let mut state = State::new(self.source_digest.algorithm());
                    self.source.for_each(0..self.source.len(), |bytes| {
                        state.update(bytes);
                        Ok(out.write_all(bytes)?)
                    })?;
                    self.compare(state)?;
                }
                Piece::Bytes(bytes) => out.write_all(bytes)?,
                Piece::Zeros(digits) => write_zeros(&mut out, *digits)?,
            }
        }
        out.flush()?;
        Ok(self.len())
    }

    /// Reads the source once and makes sure that it is the document that was signed.
    ///
    /// # Errors
    /// `state.other-document` or `state.document-changed`; reading faults.
    pub fn verify_source(&self) -> Result<()> {
        self.verify(&self.source, 0..self.source.len())
    }

    /// Makes sure that `copy`, in `range`, is the document that was signed.
    pub(crate) fn verify(&self, copy: &Source, range: Range<u64>) -> Result<()> {
        let mut state = State::new(self.source_digest.algorithm());
        copy.for_each(range, |bytes| {
            state.update(bytes);
            Ok(())
        })?;
        self.compare(state)
    }

    /// The new bytes after the source, where that is all the output adds.
    ///
    /// # Errors
    /// [`Error::Bug`](crate::Error::Bug) when there is something before the source.
    pub fn tail(&self) -> Result<Vec<u8>> {
        let mut tail = Vec::new();
        let Some((Piece::Source, rest)) = self.pieces.split_first() else {
            return Err(crate::Error::Bug("output does not begin with its source"));
        };
        for piece in rest {
            match piece {
                Piece::Source => return Err(crate::Error::Bug("source stands twice in the output")),
                Piece::Bytes(bytes) => tail.extend_from_slice(bytes),
                Piece::Zeros(digits) => write_zeros(&mut tail, *digits)?,
            }
        }
        Ok(tail)
    }

    fn compare(&self, state: State) -> Result<()> {
        self.source.check_unchanged()?;
        if state.finish() == self.source_digest {
            Ok(())
        } else {
            Err(StateError::new(ErrorCode::StateOtherDocument).into())
        }
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Piece::Source => f.write_str("source"),
            Piece::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Piece::Zeros(digits) => write!(f, "{digits} zeros"),
        }
    }
}

impl Piece {
    fn len(&self, source: &Source) -> u64 {
        match self {
            Piece::Source => source.len(),
            Piece::Bytes(bytes) => to_u64(bytes.len()),
            Piece::Zeros(digits) => to_u64(*digits),
        }
    }
}

fn write_zeros(out: &mut impl Write, mut digits: usize) -> Result<()> {
    while digits > 0 {
        let part = ZEROS.get(..digits.min(ZEROS.len())).unwrap_or_default();
        out.write_all(part)?;
        digits -= part.len();
    }
    Ok(())
}

const ZEROS: [u8; 1024] = [b'0'; 1024];
