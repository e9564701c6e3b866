//! Deflating, with the same result however the content is cut into pieces.

use flate2::{Compression, FlushCompress, Status};

use super::RATIO_FREE_BYTES;
use crate::Limits;
use crate::error::{Error, ErrorCode, Misuse, Result, StateError};
use crate::source::{to_u64, to_usize};

/// `bytes` as raw deflate.
///
/// # Errors
/// [`Error::Misuse`] for a level that is not 1 to 9.
pub(super) fn deflated(bytes: &[u8], level: u8) -> Result<Vec<u8>> {
    let mut deflating = Deflating::new(level, to_u64(bytes.len()))?;
    let mut out = Vec::new();
    for block in bytes.chunks(BLOCK_BYTES) {
        deflating.push(block, &mut out)?;
    }
    deflating.finish(&mut out)?;
    Ok(out)
}

/// What `size` bytes were packed to, made long enough that readers which bound all entries of a ZIP together take
/// any number of them: empty blocks in front mean nothing.
pub(super) fn within_ratio(packed: Vec<u8>, size: u64) -> Vec<u8> {
    let least = if size > FREE_BYTES { size.div_ceil(Limits::default().zip_ratio) } else { 0 };
    let missing = least.saturating_sub(to_u64(packed.len()));
    let Ok(count) = usize::try_from(missing.div_ceil(to_u64(EMPTY_BLOCK.len()))) else { return packed };
    if count == 0 { packed } else { [EMPTY_BLOCK.repeat(count), packed].concat() }
}

/// Content of a known size on its way into an entry.
///
/// What would shrink more than the default limits let a reader accept ends in blocks that are stored: a hundred
/// megabytes of zeros stay a file that everybody opens.
pub(super) struct Deflating {
    compress: flate2::Compress,
    /// Content that waits until a block is full: the compressor looks at how its input is cut.
    block: Vec<u8>,
    /// Bytes that the content must have.
    size: u64,
    /// The least that it may be packed to.
    least: u64,
    taken: u64,
    made: u64,
    is_storing: bool,
}

impl Deflating {
    pub(super) fn new(level: u8, size: u64) -> Result<Self> {
        if !(1..=9).contains(&level) {
            return Err(Misuse::new("compression level is not 1 to 9").into());
        }
        let ratio = Limits::default().zip_ratio;
        Ok(Deflating {
            compress: flate2::Compress::new(Compression::new(u32::from(level)), false),
            block: Vec::new(),
            size,
            least: if size > RATIO_FREE_BYTES { size.div_ceil(ratio) } else { 0 },
            taken: 0,
            made: 0,
            is_storing: false,
        })
    }

    /// Takes the next piece; what can be written is appended to `out`.
    pub(super) fn push(&mut self, mut piece: &[u8], out: &mut Vec<u8>) -> Result<()> {
        self.taken = self.taken.saturating_add(to_u64(piece.len()));
        if self.taken > self.size {
            return Err(changed());
        }
        while !piece.is_empty() {
            if self.block.is_empty() && piece.len() >= BLOCK_BYTES {
                let (block, rest) = piece.split_at(BLOCK_BYTES);
                self.block(block, rest.len(), out)?;
                piece = rest;
                continue;
            }
            let (now, rest) = piece.split_at(piece.len().min(BLOCK_BYTES - self.block.len()));
            self.block.extend_from_slice(now);
            piece = rest;
            if self.block.len() == BLOCK_BYTES {
                let block = std::mem::take(&mut self.block);
                self.block(&block, rest.len(), out)?;
                self.block = block;
                self.block.clear();
            }
        }
        Ok(())
    }

    /// Writes what is left. `state.document-changed` when the content had another size.
    pub(super) fn finish(mut self, out: &mut Vec<u8>) -> Result<u64> {
        if self.taken != self.size {
            return Err(changed());
        }
        let block = std::mem::take(&mut self.block);
        self.block(&block, 0, out)?;
        if self.is_storing {
            self.store(&[], LAST, out)?;
        } else {
            self.run(&[], FlushCompress::Finish, out)?;
        }
        Ok(self.made)
    }

    /// Packs one block; `waiting` bytes were taken, too, but come after it.
    fn block(&mut self, block: &[u8], waiting: usize, out: &mut Vec<u8>) -> Result<()> {
        let left = self.size.saturating_sub(self.taken).saturating_add(to_u64(waiting));
        // Even if this block became nothing, storing all that follows would be enough: then it may be deflated.
        if !self.is_storing && self.made.saturating_add(left) < self.least {
            self.run(&[], FlushCompress::Sync, out)?;
            self.is_storing = true;
        }
        if !self.is_storing {
            return self.run(block, FlushCompress::None, out);
        }
        block.chunks(STORED_BYTES).try_for_each(|part| self.store(part, MORE, out))
    }

    fn run(&mut self, mut input: &[u8], flush: FlushCompress, out: &mut Vec<u8>) -> Result<()> {
        loop {
            out.reserve(ROOM_BYTES);
            let (read, made) = (self.compress.total_in(), self.compress.total_out());
            let status = self.compress.compress_vec(input, out, flush);
            let status = status.map_err(|_| Error::Bug("the compressor failed"))?;
            let read = to_usize(self.compress.total_in().saturating_sub(read))?;
            self.made = self.made.saturating_add(self.compress.total_out().saturating_sub(made));
            input = input.get(read..).unwrap_or_default();
            let is_done = match flush {
                FlushCompress::Finish => status == Status::StreamEnd,
                // With room left, nothing waits inside.
                _ => input.is_empty() && out.len() < out.capacity(),
            };
            if is_done {
                return Ok(());
            }
        }
    }

    /// A stored block: its kind, its length twice, its bytes. It begins on a byte of its own.
    fn store(&mut self, bytes: &[u8], kind: u8, out: &mut Vec<u8>) -> Result<()> {
        let len = u16::try_from(bytes.len()).map_err(|_| Error::Bug("a stored block is too long"))?;
        let before = out.len();
        out.push(kind);
        out.extend_from_slice(&len.to_le_bytes());
        out.extend_from_slice(&(!len).to_le_bytes());
        out.extend_from_slice(bytes);
        self.made = self.made.saturating_add(to_u64(out.len().saturating_sub(before)));
        Ok(())
    }
}

fn changed() -> Error {
    StateError::new(ErrorCode::DocumentChanged).into()
}

const BLOCK_BYTES: usize = 64 << 10;
const ROOM_BYTES: usize = 64 << 10;
const STORED_BYTES: usize = 65_535;
/// Ten thousand files of this size are far from what a ZIP may inflate to whatever it was packed to.
const FREE_BYTES: u64 = 16 << 10;
const EMPTY_BLOCK: [u8; 5] = [MORE, 0, 0, 0xff, 0xff];
const MORE: u8 = 0;
const LAST: u8 = 1;
