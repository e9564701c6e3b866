//! Bytes behind a reader.

use std::io;

use crate::source::ReadAt;

/// The same bytes behind a reader that gives few at a time.
pub(super) struct Pieces(pub(super) Vec<u8>);

impl ReadAt for Pieces {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = usize::try_from(offset).ok().and_then(|skip| self.0.get(skip..)).unwrap_or_default();
        let len = rest.len().min(buffer.len()).min(777);
        if let (Some(to), Some(from)) = (buffer.get_mut(..len), rest.get(..len)) {
            to.copy_from_slice(from);
        }
        Ok(len)
    }
}
