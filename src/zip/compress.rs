//! Whether content is deflated, and how hard.

use std::fmt;

use super::RATIO_FREE_BYTES;
use super::deflate::deflated;
use crate::error::{Misuse, Result};
use crate::source::to_u64;

/// How the files of a new container are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Compress {
    /// The first 64 KiB of a file decide: what does not shrink by a tenth is stored, the rest deflated fast.
    #[default]
    Auto,
    /// As they are.
    Store,
    /// Deflated, from 1 (fast) to 9 (small).
    Deflate(u8),
}

impl Compress {
    /// Reads `auto`, `store`, `deflate` or `deflate:LEVEL`.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) when it is none of them.
    pub fn from_name(name: &str) -> Result<Self> {
        match name.to_ascii_lowercase().as_str() {
            "auto" => Ok(Compress::Auto),
            "store" => Ok(Compress::Store),
            "deflate" => Ok(Compress::Deflate(USUAL_LEVEL)),
            other => match other.strip_prefix("deflate:").map(str::as_bytes) {
                Some([level @ b'1'..=b'9']) => Ok(Compress::Deflate(level - b'0')),
                _ => Err(Misuse::new("compression is none of auto, store, deflate, deflate:1 to deflate:9").into()),
            },
        }
    }

    /// What is to be done with a file of `size` bytes that begins with `probe`: all of it, or 64 KiB. Where the probe
    /// is the whole file and had to be packed to decide, what it was packed to comes with it.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) for a level that does not exist.
    pub(crate) fn decide(self, probe: &[u8], size: u64, ratio_limit: u64) -> Result<(Packing, Option<Vec<u8>>)> {
        match self {
            Compress::Store => Ok((Packing::Store, None)),
            Compress::Deflate(level @ 1..=9) => Ok((Packing::Deflate(level), None)),
            Compress::Deflate(_) => Err(Misuse::new("compression level is not 1 to 9").into()),
            Compress::Auto => {
                let probe = probe.get(..PROBE_BYTES).unwrap_or(probe);
                let packed = deflated(probe, FAST_LEVEL)?;
                let (plain, least) = (to_u64(probe.len()), to_u64(packed.len()));
                let is_worth_it = least.saturating_mul(10) <= plain.saturating_mul(9);
                let is_too_much = size > RATIO_FREE_BYTES && plain > least.saturating_mul(ratio_limit);
                if is_worth_it && !is_too_much {
                    Ok((Packing::Deflate(FAST_LEVEL), (plain == size).then_some(packed)))
                } else {
                    Ok((Packing::Store, None))
                }
            }
        }
    }
}

impl fmt::Display for Compress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Compress::Auto => f.write_str("auto"),
            Compress::Store => f.write_str("store"),
            Compress::Deflate(level) => write!(f, "deflate:{level}"),
        }
    }
}

/// What was decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Packing {
    /// As it is.
    Store,
    /// Deflated at this level.
    Deflate(u8),
}

const PROBE_BYTES: usize = 64 << 10;
const FAST_LEVEL: u8 = 2;
const USUAL_LEVEL: u8 = 6;
