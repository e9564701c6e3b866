//! Content of entries, checked while it goes by.

use flate2::{Decompress, FlushDecompress, Status};

use super::{Archive, DESCRIPTOR, Entry, Method, fault};
use crate::error::{ErrorCode, Limit, Result};
use crate::source::{to_u64, to_usize};

impl Archive {
    /// Hands the inflated content of `entry` to `take`, in pieces. Only when it returns `Ok` were size and CRC-32
    /// right; never more than the declared size is handed out.
    ///
    /// # Errors
    /// `zip.data`; reading faults; whatever `take` returns.
    pub(crate) fn for_each(&self, entry: &Entry, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        self.for_each_with_raw(entry, &mut |_| {}, take)
    }

    /// The same, and shows the raw bytes to `raw` as they are read: each byte once, in order.
    ///
    /// # Errors
    /// As above.
    pub(crate) fn for_each_with_raw(
        &self,
        entry: &Entry,
        raw: &mut dyn FnMut(&[u8]),
        take: &mut dyn FnMut(&[u8]) -> Result<()>,
    ) -> Result<()> {
        let ends = entry.is_open_ended().then(Ends::default);
        let mut content = Content { entry, crc32: crc32fast::Hasher::new(), size: 0, ends, take };
        let mut inflating = match entry.method {
            Method::Stored => None,
            Method::Deflated => Some(Inflating::new(entry.size)?),
        };
        self.source.for_each(entry.data.clone(), |window| {
            // A source in memory hands out all at once: pieces that stay in the cache are read only once from memory.
            for piece in window.chunks(PIECE_BYTES) {
                raw(piece);
                match &mut inflating {
                    None => content.see(piece)?,
                    Some(inflating) => inflating.push(piece, &mut content)?,
                }
            }
            Ok(())
        })?;
        if inflating.is_some_and(|inflating| !inflating.is_at_end) {
            return Err(content.damaged());
        }
        content.finish()
    }

    /// The whole content, refused above `limit` before anything is inflated.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`](crate::Error::LimitExceeded) under the name `limit_name`; `zip.data`.
    pub(crate) fn read(&self, entry: &Entry, limit_name: &'static str, limit: u64) -> Result<Vec<u8>> {
        if entry.size > limit {
            return Err(Limit::new(limit_name, limit, entry.size).at(entry.header).file(&entry.name).into());
        }
        let mut bytes = Vec::new();
        self.for_each(entry, &mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        Ok(bytes)
    }
}

impl Entry {
    /// Whether only the directory tells where its content ends: some readers look for its descriptor in the content.
    pub(crate) fn is_open_ended(&self) -> bool {
        self.method == Method::Stored && self.has_descriptor
    }

    /// Makes sure that content of this size and CRC-32 is this entry's.
    ///
    /// # Errors
    /// `zip.data`.
    pub(crate) fn check_content(&self, size: u64, crc32: u32) -> Result<()> {
        let is_right = size == self.size && crc32 == self.crc32;
        if is_right { Ok(()) } else { Err(fault(ErrorCode::ZipData, self.data.start).in_file(&self.name)) }
    }
}

/// What came out so far.
struct Content<'a> {
    entry: &'a Entry,
    crc32: crc32fast::Hasher,
    size: u64,
    ends: Option<Ends>,
    take: &'a mut dyn FnMut(&[u8]) -> Result<()>,
}

impl Content<'_> {
    fn see(&mut self, piece: &[u8]) -> Result<()> {
        self.size = self.size.saturating_add(to_u64(piece.len()));
        if self.size > self.entry.size {
            return Err(self.damaged());
        }
        if self.ends.as_mut().is_some_and(|ends| ends.are_in(piece)) {
            return Err(fault(ErrorCode::ZipMismatch, self.entry.data.start).in_file(&self.entry.name));
        }
        self.crc32.update(piece);
        (self.take)(piece)
    }

    fn finish(self) -> Result<()> {
        self.entry.check_content(self.size, self.crc32.finalize())
    }

    fn damaged(&self) -> crate::Error {
        fault(ErrorCode::ZipData, self.entry.data.start).in_file(&self.entry.name)
    }
}

/// What a reader that knows local headers alone takes for the end of stored content: a descriptor with the CRC-32 of
/// what stands before it.
#[derive(Default)]
struct Ends {
    /// Of all before what waits.
    crc32: crc32fast::Hasher,
    /// The last bytes, which may begin one.
    waiting: Vec<u8>,
}

impl Ends {
    /// Whether there is one in what came so far.
    fn are_in(&mut self, piece: &[u8]) -> bool {
        self.waiting.extend_from_slice(piece);
        let bytes = std::mem::take(&mut self.waiting);
        let mut summed = 0;
        for (at, window) in bytes.windows(MARK_BYTES).enumerate() {
            let Some(crc32) = window.strip_prefix(&DESCRIPTOR) else { continue };
            self.crc32.update(bytes.get(summed..at).unwrap_or_default());
            summed = at;
            if self.crc32.clone().finalize().to_le_bytes() == crc32 {
                return true;
            }
        }
        let rest = summed.max(bytes.len().saturating_sub(MARK_BYTES - 1));
        self.crc32.update(bytes.get(summed..rest).unwrap_or_default());
        self.waiting.extend_from_slice(bytes.get(rest..).unwrap_or_default());
        false
    }
}

struct Inflating {
    inflate: Decompress,
    buffer: Vec<u8>,
    is_at_end: bool,
}

impl Inflating {
    fn new(size: u64) -> Result<Self> {
        // One more than the content shows whether more would come.
        let room = size.saturating_add(1).min(to_u64(PIECE_BYTES));
        Ok(Inflating { inflate: Decompress::new(false), buffer: vec![0; to_usize(room)?], is_at_end: false })
    }

    fn push(&mut self, mut packed: &[u8], content: &mut Content<'_>) -> Result<()> {
        loop {
            if self.is_at_end {
                return if packed.is_empty() { Ok(()) } else { Err(content.damaged()) };
            }
            let (read, made) = (self.inflate.total_in(), self.inflate.total_out());
            let status = self.inflate.decompress(packed, &mut self.buffer, FlushDecompress::None);
            let status = status.map_err(|_| content.damaged())?;
            let read = to_usize(self.inflate.total_in().saturating_sub(read))?;
            let made = to_usize(self.inflate.total_out().saturating_sub(made))?;
            packed = packed.get(read..).unwrap_or_default();
            content.see(self.buffer.get(..made).unwrap_or_default())?;
            self.is_at_end = status == Status::StreamEnd;
            // A full buffer may mean that more is waiting.
            if !self.is_at_end && packed.is_empty() && made < self.buffer.len() {
                return Ok(());
            }
            if !self.is_at_end && read == 0 && made == 0 {
                return Err(content.damaged());
            }
        }
    }
}

const PIECE_BYTES: usize = 64 << 10;
/// Signature and CRC-32 of a descriptor.
const MARK_BYTES: usize = 8;
