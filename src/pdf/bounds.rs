//! What a document may ask for, and what it holds already: its limits, and one account of memory and of work.
//!
//! Everything that grows with the document is charged here while it grows, and gives back what it took when it is
//! dropped. Readings of the same document (earlier revisions, the document after an update) share the account.

use std::ops::Deref;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::Limits;
use crate::error::{Error, Limit, Result};
use crate::source::to_u64;

/// The limits of a document with its account. Cheap to clone; clones share the account.
#[derive(Debug, Clone)]
pub(crate) struct Bounds(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    limits: Limits,
    held: Arc<AtomicU64>,
    parsed: AtomicU64,
    decoded: AtomicU64,
}

impl Bounds {
    /// Nothing is held yet.
    pub(crate) fn new(limits: &Limits) -> Self {
        Bounds::over(limits, Arc::default())
    }

    /// The same limits and the same account of memory, with an account of work of its own.
    pub(crate) fn anew(&self) -> Self {
        Bounds::over(self, Arc::clone(&self.0.held))
    }

    fn over(limits: &Limits, held: Arc<AtomicU64>) -> Self {
        let zero = || AtomicU64::new(0);
        Bounds(Arc::new(Inner { limits: limits.clone(), held, parsed: zero(), decoded: zero() }))
    }

    /// An account of `bytes` that are held from now on.
    ///
    /// # Errors
    /// `limit.exceeded` when that is more than the document may hold at a time.
    pub(crate) fn charge(&self, bytes: usize) -> Result<Charge> {
        let mut charge = Charge { bounds: self.clone(), bytes: 0 };
        charge.grow(bytes)?;
        Ok(charge)
    }

    /// Counts `bytes` of a document that were looked at, each time that they are.
    ///
    /// # Errors
    /// `limit.exceeded`: the same bytes are read again and again.
    pub(crate) fn count_parsed(&self, bytes: usize) -> Result<()> {
        let bytes = to_u64(bytes);
        let parsed = self.0.parsed.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if parsed > self.pdf_parsed_bytes {
            return Err(Limit::new("pdf_parsed_bytes", self.pdf_parsed_bytes, parsed).into());
        }
        Ok(())
    }

    /// Counts `bytes` that were decoded, over all readings of the document together.
    ///
    /// # Errors
    /// `limit.exceeded`: earlier revisions are decoded again and again.
    pub(crate) fn count_decoded(&self, bytes: u64) -> Result<()> {
        let most = self.pdf_streams_bytes.saturating_mul(READINGS);
        let decoded = self.0.decoded.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if decoded > most {
            return Err(Limit::new("pdf_streams_bytes", most, decoded).into());
        }
        Ok(())
    }
}

impl Deref for Bounds {
    type Target = Limits;

    fn deref(&self) -> &Limits {
        &self.0.limits
    }
}

/// Memory that is held, until this is dropped.
#[derive(Debug)]
pub(crate) struct Charge {
    bounds: Bounds,
    bytes: usize,
}

impl Charge {
    /// Holds `more` bytes as well.
    ///
    /// # Errors
    /// `limit.exceeded`, and nothing more is held.
    pub(crate) fn grow(&mut self, more: usize) -> Result<()> {
        let (held, limit) = (&self.bounds.0.held, self.bounds.pdf_memory_bytes);
        let sum = held.fetch_add(to_u64(more), Ordering::Relaxed).saturating_add(to_u64(more));
        if sum > limit {
            held.fetch_sub(to_u64(more), Ordering::Relaxed);
            return Err(Limit::new(MEMORY, limit, sum).into());
        }
        self.bytes = self.bytes.saturating_add(more);
        Ok(())
    }

    /// Gives back all beyond `bytes`.
    pub(crate) fn shrink_to(&mut self, bytes: usize) {
        let back = self.bytes.saturating_sub(bytes);
        self.bounds.0.held.fetch_sub(to_u64(back), Ordering::Relaxed);
        self.bytes -= back;
    }

    /// How many bytes it is for.
    pub(crate) fn bytes(&self) -> usize {
        self.bytes
    }
}

impl Drop for Charge {
    fn drop(&mut self) {
        self.shrink_to(0);
    }
}

/// Whether `error` says that too much is held at a time, so that it helps to let go what can be read again.
pub(crate) fn is_full(error: &Error) -> bool {
    matches!(error, Error::LimitExceeded(limit) if limit.name == MEMORY)
}

const MEMORY: &str = "pdf_memory_bytes";

// A document is read as it was before and after each of its signatures, and mostly little of it.
const READINGS: u64 = 4;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_dropped_may_be_held_again() {
        let bounds = Bounds::new(&Limits { pdf_memory_bytes: 100, pdf_parsed_bytes: 10, ..Limits::default() });
        let mut first = bounds.clone().charge(60).unwrap();
        let full = bounds.charge(41).unwrap_err();
        assert!(is_full(&full));
        assert_eq!(full.to_string(), "limit pdf_memory_bytes is 100, at least 101 is needed");
        assert!(first.grow(41).is_err());
        first.shrink_to(10);
        assert_eq!(first.bytes(), 10);
        let second = bounds.charge(90).unwrap();
        assert!(bounds.charge(1).is_err());
        drop(first);
        drop(second);
        assert!(bounds.charge(100).is_ok());
        bounds.count_parsed(10).unwrap();
        assert!(!is_full(&bounds.count_parsed(1).unwrap_err()));
        let other = bounds.anew();
        other.count_parsed(10).unwrap();
        let charge = other.charge(60).unwrap();
        assert!(bounds.charge(41).is_err());
        drop(charge);
        assert!(bounds.charge(100).is_ok());
    }
}
