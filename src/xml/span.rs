//! A part of the text, or of a list of the tree, in 8 bytes instead of 16.

use std::ops::Range;

/// From `start` to before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

/// The longest text a [`Span`] can speak of.
pub(super) const MOST: u32 = u32::MAX;

impl Span {
    /// Both numbers are below [`MOST`]: the reader has compared the length of the text.
    pub(super) fn new(start: usize, end: usize) -> Self {
        Span { start: small(start), end: small(end) }
    }

    pub(super) fn start(self) -> usize {
        wide(self.start)
    }

    pub(super) fn end(self) -> usize {
        wide(self.end)
    }

    pub(super) fn range(self) -> Range<usize> {
        self.start()..self.end()
    }

    /// The part of `text`.
    pub(super) fn of(self, text: &str) -> &str {
        text.get(self.range()).unwrap_or_default()
    }

    /// The part of `list`.
    pub(super) fn items<T>(self, list: &[T]) -> &[T] {
        list.get(self.range()).unwrap_or_default()
    }
}

fn small(n: usize) -> u32 {
    u32::try_from(n).unwrap_or(MOST)
}

fn wide(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}
