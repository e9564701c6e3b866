//! How many inputs a worker takes at once.
//!
//! Handing over an input costs a few microseconds, as much as a tenth of a small document, and several are hashed side
//! by side in half the time. So a worker takes several while they are quick, and one at a time as soon as they are not:
//! no result is held back noticeably.

use std::time::{Duration, Instant};

/// A worker's share, by how long its last one took.
pub(super) struct Pace {
    inputs: usize,
    most: usize,
}

impl Pace {
    /// Begins with one input; never takes more than `most`.
    pub(super) fn new(most: usize) -> Self {
        Pace { inputs: 1, most: most.max(1) }
    }

    /// How many inputs to take.
    pub(super) fn inputs(&self) -> usize {
        self.inputs
    }

    /// Does the work on a share, and learns from how long that takes.
    #[expect(clippy::disallowed_methods, reason = "it measures how long work takes; no result depends on it")]
    pub(super) fn over<R>(&mut self, work: impl FnOnce() -> R) -> R {
        let begun = Instant::now();
        let result = work();
        self.learn(begun.elapsed());
        result
    }

    /// A clock for one share.
    #[expect(clippy::disallowed_methods, reason = "it measures how long work takes; no result depends on it")]
    pub(super) fn begin() -> Begun {
        Begun(Instant::now())
    }

    fn learn(&mut self, took: Duration) {
        if took > TOO_LONG {
            self.inputs = 1;
        } else if took < SHORT {
            self.inputs = self.inputs.saturating_mul(2).min(self.most);
        }
    }
}

/// When a share began.
pub(super) struct Begun(Instant);

impl Begun {
    /// Whether those that are begun should go on together without waiting for more: they are not quick, or large.
    pub(super) fn is_over(&self) -> bool {
        self.0.elapsed() > TOO_LONG
    }
}

// Long enough for a share of large documents to be hashed side by side, too short to be noticed.
const SHORT: Duration = Duration::from_millis(3);
const TOO_LONG: Duration = Duration::from_millis(16);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_more_while_quick_and_one_when_slow() {
        let mut pace = Pace::new(10);
        for expected in [1, 2, 4, 8, 10, 10] {
            assert_eq!(pace.inputs(), expected);
            pace.learn(Duration::from_micros(100));
        }
        pace.learn(Duration::from_millis(8));
        assert_eq!(pace.inputs(), 10);
        pace.learn(Duration::from_millis(17));
        assert_eq!(pace.inputs(), 1);
        assert_eq!(Pace::new(0).inputs(), 1);
    }
}
