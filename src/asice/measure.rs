//! One pass over a file that is to go into a container.

use std::sync::Arc;

use crate::digest::{Digest, DigestAlgorithm, State};
use crate::error::Result;
use crate::source::Source;
use crate::zip::{Compress, Packing};

/// How a file will stand in the container. A saved one says as much.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measured {
    pub(crate) size: u64,
    pub(crate) crc32: u32,
    pub(crate) packing: Packing,
}

/// What of a file is in memory since it was measured, and has not to be read and compared again.
#[derive(Debug, Clone)]
pub(crate) enum Held {
    /// Nothing: its bytes are elsewhere, or it was measured in another process.
    Nothing,
    /// All of it: memory that nobody writes to.
    Content,
    /// All of it, deflated.
    Packed(Arc<Vec<u8>>),
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

/// Reads all of `source` once: its digests, and how it will stand in the container.
pub(crate) fn measure(
    source: &Source,
    algorithms: &[DigestAlgorithm],
    compress: Compress,
    ratio_limit: u64,
) -> Result<(Measured, Held, Vec<Digest>)> {
    let probe = source.window_up_to(0, PROBE_BYTES)?;
    let (packing, packed) = compress.decide(&probe, source.len(), ratio_limit)?;
    let held = match packed {
        _ if !source.is_in_memory() => Held::Nothing,
        Some(packed) => Held::Packed(Arc::new(packed)),
        None => Held::Content,
    };
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
    Ok((Measured { size: source.len(), crc32: crc.finalize(), packing }, held, digests.finish()))
}

const PROBE_BYTES: u64 = 64 << 10;
const PIECE_BYTES: usize = 16 << 10;
