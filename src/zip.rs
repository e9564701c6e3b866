//! ZIP archives.

use std::fmt;

use crate::error::{Misuse, Result};

/// How new data files are packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Compress {
    /// Deflated where that makes them smaller by a tenth, else stored.
    #[default]
    Auto,
    /// Stored.
    Store,
    /// Deflated at this level, from 1 to 9.
    Deflate(u8),
}

impl Compress {
    /// The packing named `auto`, `store`, `deflate` or `deflate:6`.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "auto" => Ok(Compress::Auto),
            "store" => Ok(Compress::Store),
            "deflate" => Ok(Compress::Deflate(6)),
            _ => match name.strip_prefix("deflate:").map(str::as_bytes) {
                Some([level @ b'1'..=b'9']) => Ok(Compress::Deflate(level - b'0')),
                _ => Err(Misuse::new("compression is none of auto, store, deflate, deflate:1 to deflate:9").into()),
            },
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
