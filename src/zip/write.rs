//! Writing a ZIP, or going on with one: entry after entry, then the directory.

use std::ops::Range;

use super::compress::Packing;
use super::deflate::{Deflating, deflated, within_ratio};
use super::record::{Directory, DosTime, Header, VERSION_FIRST, VERSION_USUAL, narrow};
use super::{FLAG_DESCRIPTOR, FLAG_UTF8, Method, NARROW};
use crate::error::{ErrorCode, Result, StateError};
use crate::output::Sink;
use crate::source::{Source, to_u64};
use crate::time::Time;

/// A ZIP that is being written. Equal calls give equal bytes.
///
/// Names are taken as they are: see [`check_name`](super::check_name) and [`Names`](super::Names).
pub(crate) struct Writer<'a> {
    sink: Counting<'a>,
    directory: Directory,
}

impl<'a> Writer<'a> {
    /// A new ZIP.
    pub(crate) fn new(sink: &'a mut dyn Sink) -> Self {
        Writer::continuing(sink, 0, Directory::default())
    }

    /// Goes on after `offset` bytes that hold the entries of `directory`.
    pub(crate) fn continuing(sink: &'a mut dyn Sink, offset: u64, directory: Directory) -> Self {
        Writer { sink: Counting { sink, written: offset }, directory }
    }

    /// The entry by which a container is known. It must be the first: its content then stands at offset 38.
    pub(crate) fn mimetype(&mut self, content: &[u8]) -> Result<()> {
        let size = to_u64(content.len());
        let crc32 = crc32fast::hash(content);
        let header = Header {
            flags: 0,
            needed: VERSION_FIRST,
            ..header("mimetype", Method::Stored, DosTime::FIRST, crc32, size, size)
        };
        self.entry(&header, content)
    }

    /// An entry from bytes in memory.
    pub(crate) fn bytes(&mut self, name: &str, modified: Time, packing: Packing, bytes: &[u8]) -> Result<()> {
        let (modified, crc32, size) = (DosTime::from(modified), crc32fast::hash(bytes), to_u64(bytes.len()));
        match packing {
            Packing::Store => self.entry(&header(name, Method::Stored, modified, crc32, size, size), bytes),
            Packing::Deflate(level) => {
                let packed = within_ratio(deflated(bytes, level)?, size);
                let header = header(name, Method::Deflated, modified, crc32, to_u64(packed.len()), size);
                self.entry(&header, &packed)
            }
        }
    }

    /// An entry whose content, `size` bytes of this CRC-32, was deflated before.
    pub(crate) fn packed(&mut self, name: &str, modified: Time, crc32: u32, size: u64, packed: Vec<u8>) -> Result<()> {
        let packed = within_ratio(packed, size);
        let len = to_u64(packed.len());
        self.entry(&header(name, Method::Deflated, modified.into(), crc32, len, size), &packed)
    }

    /// A stored entry whose CRC-32 and size are known; `copy` writes exactly `size` bytes. Whether they have that
    /// CRC-32 is the caller's affair, who sees them.
    ///
    /// # Errors
    /// `state.document-changed` when `copy` wrote more or less; whatever it returns.
    pub(crate) fn stored(
        &mut self,
        name: &str,
        modified: Time,
        crc32: u32,
        size: u64,
        copy: &mut dyn FnMut(&mut dyn Sink) -> Result<()>,
    ) -> Result<()> {
        let header = header(name, Method::Stored, modified.into(), crc32, size, size);
        let offset = self.begin(&header)?;
        let before = self.offset();
        copy(&mut self.sink)?;
        if self.offset().saturating_sub(before) != size {
            return Err(StateError::new(ErrorCode::DocumentChanged).into());
        }
        header.append_central(offset, &mut self.directory)
    }

    /// A deflated entry; `read` hands out the content, `size` bytes, in pieces.
    ///
    /// Up to 4 MiB of packed bytes stay in memory, and the header tells their number; beyond, a descriptor does.
    ///
    /// # Errors
    /// `state.document-changed` when the content has another size; whatever `read` returns.
    pub(crate) fn deflated(
        &mut self,
        name: &str,
        modified: Time,
        level: u8,
        size: u64,
        read: &mut HandOut<'_>,
    ) -> Result<()> {
        let mut deflating = Deflating::new(level, size)?;
        let mut crc32 = crc32fast::Hasher::new();
        let mut waiting = Vec::new();
        let mut streamed = None;
        read(&mut |window| {
            for piece in window.chunks(PIECE_BYTES) {
                crc32.update(piece);
                deflating.push(piece, &mut waiting)?;
                let room = if streamed.is_some() { PIECE_BYTES } else { PACKED_IN_MEMORY };
                if waiting.len() > room {
                    if streamed.is_none() {
                        let header = streamed_header(name, modified, size);
                        streamed = Some((self.begin(&header)?, header));
                    }
                    self.sink.write(&waiting)?;
                    waiting.clear();
                }
            }
            Ok(())
        })?;
        let packed = deflating.finish(&mut waiting)?;
        let crc32 = crc32.finalize();
        match streamed {
            None => self.packed(name, modified, crc32, size, waiting),
            Some((offset, header)) => {
                let header = Header { crc32, packed, ..header };
                self.sink.write(&waiting)?;
                self.sink.write(&header.descriptor())?;
                header.append_central(offset, &mut self.directory)
            }
        }
    }

    /// Writes the directory and the end; returns the length of the whole ZIP.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) for a comment that can't be one; writing faults.
    pub(crate) fn finish(mut self, comment: &[u8]) -> Result<u64> {
        let end = self.directory.end(self.sink.written, comment)?;
        self.sink.write(&end)?;
        Ok(self.sink.written)
    }

    /// How long the ZIP is so far.
    pub(crate) fn offset(&self) -> u64 {
        self.sink.written
    }

    fn entry(&mut self, header: &Header<'_>, data: &[u8]) -> Result<()> {
        let offset = self.begin(header)?;
        self.sink.write(data)?;
        header.append_central(offset, &mut self.directory)
    }

    /// Writes the local header; returns its offset.
    fn begin(&mut self, header: &Header<'_>) -> Result<u64> {
        let offset = self.offset();
        self.sink.write(&header.local()?)?;
        Ok(offset)
    }
}

/// Hands out content, in pieces.
type HandOut<'a> = dyn FnMut(&mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> + 'a;

/// The usual header.
fn header(name: &str, method: Method, modified: DosTime, crc32: u32, packed: u64, size: u64) -> Header<'_> {
    let is_wide = narrow(packed) == NARROW || narrow(size) == NARROW;
    Header { name, method, flags: FLAG_UTF8, needed: VERSION_USUAL, modified, crc32, packed, size, is_wide }
}

/// The header of an entry whose data are written before their CRC-32 and length are known.
fn streamed_header(name: &str, modified: Time, size: u64) -> Header<'_> {
    // A fast compressor may make hopeless content an eighth longer.
    let most = size.saturating_add(size / 8).saturating_add(64);
    Header {
        flags: FLAG_UTF8 | FLAG_DESCRIPTOR,
        is_wide: narrow(most) == NARROW,
        ..header(name, Method::Deflated, modified.into(), 0, 0, size)
    }
}

/// A sink that knows how much went into it.
struct Counting<'a> {
    sink: &'a mut dyn Sink,
    written: u64,
}

impl Sink for Counting<'_> {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.sink.write(bytes)?;
        self.written = self.written.saturating_add(to_u64(bytes.len()));
        Ok(())
    }

    fn copy(&mut self, source: &Source, range: Range<u64>, seen: &mut dyn FnMut(&[u8])) -> Result<()> {
        let len = range.end.saturating_sub(range.start);
        self.sink.copy(source, range, seen)?;
        self.written = self.written.saturating_add(len);
        Ok(())
    }
}

const PACKED_IN_MEMORY: usize = 4 << 20;
const PIECE_BYTES: usize = 64 << 10;
