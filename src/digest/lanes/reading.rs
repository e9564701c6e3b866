//! A part of a source on its way through a digest.

use std::ops::Range;

use crate::digest::lanes::Message;
use crate::digest::{DigestAlgorithm, State};
use crate::error::Result;
use crate::source::{Pieces, Source};

/// Bytes of a source that are read once: hashed, and if asked for, summed up as a ZIP entry's header wants it.
pub(crate) struct Reading {
    algorithm: DigestAlgorithm,
    pieces: Pieces,
    /// The part of the piece that is being hashed.
    now: Range<usize>,
    crc32: Option<crc32fast::Hasher>,
    also: Option<Box<Also>>,
}

/// Who else wants to see the bytes.
type Also = dyn FnMut(&[u8]) + Send;

/// What a [`Reading`] found.
#[derive(Clone, Debug)]
pub(crate) struct Hashed {
    /// The digest, which can go on.
    pub(crate) state: State,
    /// CRC-32, 0 where nobody asked.
    pub(crate) crc32: u32,
}

impl Reading {
    /// All of `source`.
    pub(crate) fn new(source: &Source, algorithm: DigestAlgorithm) -> Self {
        Reading::of(source, 0..source.len(), algorithm)
    }

    /// The bytes of `range`.
    pub(crate) fn of(source: &Source, range: Range<u64>, algorithm: DigestAlgorithm) -> Self {
        Reading { algorithm, pieces: source.pieces(range, READ_BYTES), now: 0..0, crc32: None, also: None }
    }

    /// With their CRC-32.
    pub(crate) fn with_crc32(self) -> Self {
        Reading { crc32: Some(crc32fast::Hasher::new()), ..self }
    }

    /// Shows all bytes to `also`, too, in their order.
    pub(crate) fn shown_to(self, also: impl FnMut(&[u8]) + Send + 'static) -> Self {
        Reading { also: Some(Box::new(also)), ..self }
    }

    /// The state it begins with.
    pub(crate) fn begin(&self) -> State {
        State::new(self.algorithm)
    }

    /// What was found, when `state` has taken all bytes.
    ///
    /// # Errors
    /// The fault that ended it; `state.document-changed`.
    pub(crate) fn end(self, state: Result<State>) -> Result<Hashed> {
        let state = state?;
        self.pieces.source().check_unchanged()?;
        Ok(Hashed { state, crc32: self.crc32.map_or(0, crc32fast::Hasher::finalize) })
    }
}

impl Message for Reading {
    fn piece(&self) -> &[u8] {
        self.pieces.piece().get(self.now.clone()).unwrap_or_default()
    }

    fn advance(&mut self) -> Result<bool> {
        if self.now.end >= self.pieces.piece().len() {
            if !self.pieces.advance()? {
                return Ok(false);
            }
            self.now = 0..0;
        }
        let (start, len) = (self.now.end, self.pieces.piece().len());
        if self.crc32.is_none() && self.also.is_none() {
            self.now = start..len;
            return Ok(true);
        }
        // A part at a time in the nearest cache, also where the source is one piece of memory.
        self.now = start..start.saturating_add(CACHED_BYTES).min(len);
        let part = self.pieces.piece().get(self.now.clone()).unwrap_or_default();
        if let Some(crc32) = &mut self.crc32 {
            crc32.update(part);
        }
        if let Some(also) = &mut self.also {
            also(part);
        }
        Ok(true)
    }
}

// So much of a large source is in memory.
const READ_BYTES: usize = 64 << 10;
const CACHED_BYTES: usize = 8 << 10;
