//! One pass over a file that is to go into a container.

use crate::digest::{Digest, DigestAlgorithm, State};
use crate::error::Result;
use crate::source::Source;

/// What an entry's header says of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measured {
    pub(crate) size: u64,
    pub(crate) crc32: u32,
}

/// Digests of one content by several algorithms.
pub(crate) struct Digests(Vec<State>);

impl Digests {
    pub(crate) fn new(algorithms: &[DigestAlgorithm]) -> Self {
        Digests(algorithms.iter().map(|algorithm| State::new(*algorithm)).collect())
    }

    pub(crate) fn update(&mut self, bytes: &[u8]) {
        for state in &mut self.0 {
            state.update(bytes);
        }
    }

    pub(crate) fn finish(self) -> Vec<Digest> {
        self.0.into_iter().map(State::finish).collect()
    }
}

/// Reads all of `source` once.
pub(crate) fn measure(source: &Source, algorithms: &[DigestAlgorithm]) -> Result<(Measured, Vec<Digest>)> {
    let mut digests = Digests::new(algorithms);
    let mut crc = crc32fast::Hasher::new();
    source.for_each(0..source.len(), |bytes| {
        // A piece at a time in the nearest cache, also where the source is one piece of memory.
        for piece in bytes.chunks(PIECE_BYTES) {
            crc.update(piece);
            digests.update(piece);
        }
        Ok(())
    })?;
    source.check_unchanged()?;
    Ok((Measured { size: source.len(), crc32: crc.finalize() }, digests.finish()))
}

const PIECE_BYTES: usize = 16 << 10;
