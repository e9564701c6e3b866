//! The bytes appended to a document, with a hole for the signature.

use std::fmt;
use std::ops::Range;

/// Bytes to be appended to a source; the hole is a run of `0` digits that the signature will fill.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Tail {
    bytes: Vec<u8>,
    hole: Range<usize>,
}

impl Tail {
    /// A tail whose `hole` lies inside `bytes`; `None` otherwise.
    pub(crate) fn new(bytes: Vec<u8>, hole: Range<usize>) -> Option<Self> {
        let inside = hole.start <= hole.end && hole.end <= bytes.len();
        inside.then_some(Tail { bytes, hole })
    }

    /// All bytes, the hole being zero digits.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Where the hole is.
    pub(crate) fn hole(&self) -> Range<usize> {
        self.hole.clone()
    }

    /// What stands before the hole.
    pub(crate) fn before(&self) -> &[u8] {
        self.bytes.get(..self.hole.start).unwrap_or_default()
    }

    /// What stands after the hole.
    pub(crate) fn after(&self) -> &[u8] {
        self.bytes.get(self.hole.end..).unwrap_or_default()
    }
}

impl fmt::Debug for Tail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes with a hole of {} digits", self.bytes.len(), self.hole.len())
    }
}
