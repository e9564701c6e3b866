//! What this processor hashes many messages with.

use std::hint::black_box;
use std::time::{Duration, Instant};

use crate::digest::{DigestAlgorithm, Kernel};
use crate::source::Source;

/// All that this processor can, the one with most messages at once first and [`Kernel::portable`] last.
#[must_use]
pub fn kernels() -> Vec<Kernel> {
    Kernel::available()
}

/// The kernel that is fastest here: each is tried for some ten microseconds.
///
/// Which one that is differs between makers of processors, and no list of theirs says so. Results don't depend on it.
#[must_use]
pub fn fastest_kernel() -> Kernel {
    let all = kernels();
    let most = all.iter().copied().map(Kernel::lanes).max().unwrap_or(1);
    let samples = vec![Source::from_bytes(vec![0x5a; SAMPLE_BYTES]); most];
    let timed = all.into_iter().map(|kernel| (time_per_message(kernel, &samples), kernel));
    timed.min_by_key(|(time, _)| *time).map_or(Kernel::portable(), |(_, kernel)| kernel)
}

/// The least of a few times for as many messages as it takes at once, divided by their number.
#[expect(clippy::disallowed_methods, reason = "it measures how long hashing takes; no result depends on it")]
fn time_per_message(kernel: Kernel, samples: &[Source]) -> Duration {
    let samples = samples.get(..kernel.lanes()).unwrap_or(samples);
    let count = u32::try_from(samples.len()).unwrap_or(1).max(1);
    let tries = (0..TRIES).map(|_| {
        let begun = Instant::now();
        black_box(kernel.hash_all(DigestAlgorithm::Sha256, samples));
        begun.elapsed()
    });
    tries.min().unwrap_or(Duration::MAX) / count
}

const SAMPLE_BYTES: usize = 4 << 10;
const TRIES: usize = 5;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_fastest_is_one_of_those_that_are_there() {
        let all = kernels();
        assert_eq!(all.last(), Some(&Kernel::portable()));
        assert!(all.contains(&fastest_kernel()));
        assert!(all.iter().all(|kernel| kernel.lanes() >= 1 && !kernel.name().is_empty()));
    }
}
