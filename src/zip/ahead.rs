//! A small window that moves forward over a source, so that headers cost few reads.

use crate::error::Result;
use crate::source::{Bytes, Source, to_u64, to_usize};

/// The bytes around the place that is looked at.
pub(super) struct Ahead<'a> {
    source: &'a Source,
    bytes: Bytes,
    start: u64,
}

impl<'a> Ahead<'a> {
    /// Over `source`; nothing is read yet.
    pub(super) fn new(source: &'a Source) -> Self {
        Ahead { source, bytes: Bytes::default(), start: 0 }
    }

    /// The bytes from `offset` on: at least `len` of them, or all that are left.
    pub(super) fn at(&mut self, offset: u64, len: u64) -> Result<&[u8]> {
        let until = offset.saturating_add(len).min(self.source.len());
        if offset < self.start || until > self.start.saturating_add(to_u64(self.bytes.len())) {
            self.start = offset.min(self.source.len());
            self.bytes = self.source.window_up_to(self.start, len.max(STEP))?;
        }
        let skip = to_usize(offset.saturating_sub(self.start))?;
        Ok(self.bytes.get(skip..).unwrap_or_default())
    }
}

// A header with a long name and the descriptor before it: reading this much costs as little as reading four bytes.
const STEP: u64 = 1 << 10;
