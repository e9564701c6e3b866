//! The bytes of a document: in memory, or behind anything that answers `read_at`.
//!
//! Nothing is mapped: a mapped file that somebody truncates kills the whole process. What is read
//! is asked for as windows; whoever needs all of it reads it in pieces.

use std::fmt;
use std::io;
use std::ops::{Deref, Range};
use std::sync::Arc;

use crate::error::{Error, ErrorCode, Malformed, Result, StateError};

/// Bytes that can be read at any offset: a file, an object store, a database.
///
/// The bytes must not change while a [`Source`] on them is in use. What does change is noticed
/// at the latest when the result is written, as `state.document-changed`.
pub trait ReadAt: Send + Sync {
    /// Reads into `buffer` from `offset`; returns how many bytes came, 0 at the end.
    ///
    /// # Errors
    /// What the system says.
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize>;

    /// Whether length and time of change are still what they were when it was opened.
    ///
    /// # Errors
    /// What the system says.
    fn is_unchanged(&self) -> io::Result<bool> {
        Ok(true)
    }

    /// The open file behind it, if there is one, so that the system can copy inside the kernel.
    fn as_file(&self) -> Option<&std::fs::File> {
        None
    }
}

/// A document's bytes. Cheap to clone; nothing is copied.
#[derive(Clone)]
pub struct Source {
    inner: Inner,
    len: u64,
}

#[derive(Clone)]
enum Inner {
    Memory(Arc<Vec<u8>>),
    Reader(Arc<dyn ReadAt>),
    Joined { base: Arc<Source>, tail: Arc<Vec<u8>> },
}

impl Source {
    /// Bytes in memory.
    #[must_use]
    pub fn from_bytes(bytes: impl Into<Vec<u8>>) -> Self {
        Source::from_shared(Arc::new(bytes.into()))
    }

    /// Bytes in memory that others hold, too.
    #[must_use]
    pub fn from_shared(bytes: Arc<Vec<u8>>) -> Self {
        let len = to_u64(bytes.len());
        Source { inner: Inner::Memory(bytes), len }
    }

    /// `len` bytes behind `reader`.
    #[must_use]
    pub fn from_reader(reader: Arc<dyn ReadAt>, len: u64) -> Self {
        Source { inner: Inner::Reader(reader), len }
    }

    /// This source with `tail` after it, as if both were one file.
    #[must_use]
    pub(crate) fn joined(&self, tail: Arc<Vec<u8>>) -> Self {
        let len = self.len.saturating_add(to_u64(tail.len()));
        Source { inner: Inner::Joined { base: Arc::new(self.clone()), tail }, len }
    }

    /// Its first `len` bytes, or all of it where that is shorter.
    #[must_use]
    pub(crate) fn up_to(&self, len: u64) -> Source {
        let len = len.min(self.len);
        match &self.inner {
            Inner::Joined { base, .. } if len <= base.len => base.up_to(len),
            // What is shorter is not what the open file holds.
            Inner::Reader(reader) if len < self.len => {
                Source { inner: Inner::Reader(Arc::clone(reader)), len }.joined(Arc::default())
            }
            _ => Source { len, ..self.clone() },
        }
    }

    /// Length in bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether there is not a single byte.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether windows cost no copy and keep no memory alive of their own.
    #[must_use]
    pub(crate) fn is_in_memory(&self) -> bool {
        match &self.inner {
            Inner::Memory(_) => true,
            Inner::Reader(_) => false,
            Inner::Joined { base, .. } => base.is_in_memory(),
        }
    }

    /// How many bytes from `offset` on a window gives without copying them.
    #[must_use]
    pub(crate) fn at_hand(&self, offset: u64) -> u64 {
        match &self.inner {
            Inner::Memory(_) => self.len.saturating_sub(offset),
            Inner::Joined { base, .. } if offset < base.len => base.at_hand(offset),
            Inner::Joined { .. } => self.len.saturating_sub(offset),
            Inner::Reader(_) => 0,
        }
    }

    /// The bytes of `range`, which must lie inside the source.
    ///
    /// # Errors
    /// `pdf.truncated` when the range reaches beyond the end; reading faults.
    pub fn window(&self, range: Range<u64>) -> Result<Bytes> {
        let Some(len) = range.end.checked_sub(range.start).filter(|_| range.end <= self.len) else {
            return Err(Malformed::at(ErrorCode::PdfTruncated, range.start).into());
        };
        match &self.inner {
            Inner::Memory(bytes) => {
                let (start, end) = (to_usize(range.start)?, to_usize(range.end)?);
                return Ok(Bytes { data: Arc::clone(bytes), start, end });
            }
            Inner::Joined { base, .. } if range.end <= base.len => return base.window(range),
            Inner::Joined { base, tail } if range.start >= base.len => {
                let (start, end) = (to_usize(range.start - base.len)?, to_usize(range.end - base.len)?);
                return Ok(Bytes { data: Arc::clone(tail), start, end });
            }
            Inner::Joined { .. } | Inner::Reader(_) => {}
        }
        let mut buffer = vec![0; to_usize(len)?];
        self.read_exact(range.start, &mut buffer)?;
        Ok(Bytes::from(buffer))
    }

    /// The bytes from `offset` on, `len` of them or as many as there are.
    ///
    /// # Errors
    /// Reading faults.
    pub fn window_up_to(&self, offset: u64, len: u64) -> Result<Bytes> {
        let start = offset.min(self.len);
        self.window(start..start.saturating_add(len).min(self.len))
    }

    /// Fills `buffer` from `offset`.
    ///
    /// # Errors
    /// `state.document-changed` when the bytes that were announced are not there any more.
    pub fn read_exact(&self, offset: u64, buffer: &mut [u8]) -> Result<()> {
        match &self.inner {
            Inner::Memory(bytes) => {
                let start = to_usize(offset)?;
                let end = start.checked_add(buffer.len());
                let part = end.and_then(|end| bytes.get(start..end)).ok_or_else(changed)?;
                buffer.copy_from_slice(part);
                Ok(())
            }
            Inner::Reader(reader) => read_fully(reader.as_ref(), offset, buffer),
            Inner::Joined { base, tail } => {
                let from_base = base.len.saturating_sub(offset).min(to_u64(buffer.len()));
                let (first, second) = buffer.split_at_mut(to_usize(from_base)?);
                if !first.is_empty() {
                    base.read_exact(offset, first)?;
                }
                let start = to_usize(offset.saturating_sub(base.len))?;
                let end = start.checked_add(second.len());
                let part = end.and_then(|end| tail.get(start..end)).ok_or_else(changed)?;
                second.copy_from_slice(part);
                Ok(())
            }
        }
    }

    /// Hands the bytes of `range` to `take`, in order, in pieces of at most 64 KiB.
    ///
    /// # Errors
    /// Reading faults, and whatever `take` returns.
    pub fn for_each(&self, range: Range<u64>, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        if let Inner::Memory(bytes) = &self.inner {
            let part = bytes.get(to_usize(range.start)?..to_usize(range.end)?);
            return take(part.ok_or_else(changed)?);
        }
        let mut buffer = vec![0; PIECE_BYTES];
        let mut at = range.start;
        while at < range.end {
            let left = usize::try_from(range.end - at).unwrap_or(PIECE_BYTES);
            let piece = buffer.get_mut(..left.min(PIECE_BYTES)).unwrap_or_default();
            self.read_exact(at, piece)?;
            take(piece)?;
            at += to_u64(piece.len());
        }
        Ok(())
    }

    /// The bytes of `range` in order, piece by piece as they are asked for: of at most `piece_bytes` each where they are
    /// read, all at once where they are in memory.
    pub(crate) fn pieces(&self, range: Range<u64>, piece_bytes: usize) -> Pieces {
        Pieces { source: self.clone(), left: range, piece_bytes, piece: Piece::Read(Vec::new()) }
    }

    /// Makes sure that nobody wrote to the document since it was opened, as far as its maker can tell.
    ///
    /// # Errors
    /// `state.document-changed`.
    pub fn check_unchanged(&self) -> Result<()> {
        match &self.inner {
            Inner::Memory(_) => Ok(()),
            Inner::Reader(reader) => reader.is_unchanged()?.then_some(()).ok_or_else(changed),
            Inner::Joined { base, .. } => base.check_unchanged(),
        }
    }

    /// The open file that holds exactly these bytes, if there is one.
    #[must_use]
    pub fn as_file(&self) -> Option<&std::fs::File> {
        match &self.inner {
            Inner::Reader(reader) => reader.as_file(),
            _ => None,
        }
    }
}

impl fmt::Debug for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("len", &self.len).finish_non_exhaustive()
    }
}

/// A part of a source on its way: one piece at a time is in memory.
pub(crate) struct Pieces {
    source: Source,
    left: Range<u64>,
    piece_bytes: usize,
    piece: Piece,
}

enum Piece {
    Shared(Bytes),
    Read(Vec<u8>),
}

impl Pieces {
    /// The source.
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// The piece it is at; none before the first [`Pieces::advance`].
    pub(crate) fn piece(&self) -> &[u8] {
        match &self.piece {
            Piece::Shared(bytes) => bytes,
            Piece::Read(buffer) => buffer,
        }
    }

    /// Goes on to the next piece; false when there is none.
    ///
    /// # Errors
    /// Reading faults; a range that reaches beyond the end.
    pub(crate) fn advance(&mut self) -> Result<bool> {
        if self.left.is_empty() {
            self.piece = Piece::Read(Vec::new());
            return Ok(false);
        }
        if let Inner::Memory(_) = &self.source.inner {
            self.piece = Piece::Shared(self.source.window(self.left.clone())?);
            self.left.start = self.left.end;
            return Ok(true);
        }
        let left = usize::try_from(self.left.end - self.left.start).unwrap_or(usize::MAX);
        let Piece::Read(buffer) = &mut self.piece else { return Err(Error::Bug("a source that has changed its kind")) };
        buffer.resize(left.min(self.piece_bytes), 0);
        self.source.read_exact(self.left.start, buffer)?;
        self.left.start += to_u64(buffer.len());
        Ok(true)
    }
}

/// A piece of a source: shared, cheap to clone and to cut.
#[derive(Clone, Default)]
pub struct Bytes {
    data: Arc<Vec<u8>>,
    start: usize,
    end: usize,
}

impl Bytes {
    /// The part `range` of these bytes, without copying; cut at the end where it reaches beyond.
    #[must_use]
    pub fn slice(&self, range: Range<usize>) -> Bytes {
        let start = self.start.saturating_add(range.start).min(self.end);
        let end = self.start.saturating_add(range.end).clamp(start, self.end);
        Bytes { data: Arc::clone(&self.data), start, end }
    }
}

impl Bytes {
    /// These bytes, without a copy where nobody else holds them.
    pub(crate) fn into_vec(self) -> Vec<u8> {
        let (start, end) = (self.start, self.end);
        match Arc::try_unwrap(self.data) {
            Ok(data) if start == 0 && end == data.len() => data,
            Ok(data) => data.get(start..end).unwrap_or_default().to_vec(),
            Err(shared) => shared.get(start..end).unwrap_or_default().to_vec(),
        }
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        self.data.get(self.start..self.end).unwrap_or_default()
    }
}

impl From<Vec<u8>> for Bytes {
    fn from(bytes: Vec<u8>) -> Self {
        let end = bytes.len();
        Bytes { data: Arc::new(bytes), start: 0, end }
    }
}

impl PartialEq for Bytes {
    fn eq(&self, other: &Bytes) -> bool {
        **self == **other
    }
}

impl Eq for Bytes {}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.len())
    }
}

/// A length or offset in memory as one in a file.
pub(crate) fn to_u64(n: usize) -> u64 {
    u64::try_from(n).unwrap_or(u64::MAX)
}

/// An offset in a file as one in memory.
pub(crate) fn to_usize(n: u64) -> Result<usize> {
    usize::try_from(n).map_err(|_| Error::Bug("offset beyond the address space"))
}

fn read_fully(reader: &dyn ReadAt, mut offset: u64, mut buffer: &mut [u8]) -> Result<()> {
    while !buffer.is_empty() {
        match reader.read_at(offset, buffer) {
            Ok(0) => return Err(changed()),
            Ok(n) => {
                buffer = buffer.get_mut(n..).ok_or(Error::Bug("read_at returned too much"))?;
                offset = offset.saturating_add(to_u64(n));
            }
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
    Ok(())
}

fn changed() -> Error {
    StateError::new(ErrorCode::DocumentChanged).into()
}

// Large enough that the cost of a call disappears, small enough to stay in a second-level cache that others
// use, too: 256 KiB took up to 1.4 times the time on a busy machine, 32 and 64 KiB never did.
const PIECE_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests {
    use super::*;

    struct Slow(Vec<u8>);

    impl ReadAt for Slow {
        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
            let rest = &self.0[usize::try_from(offset).unwrap().min(self.0.len())..];
            let n = rest.len().min(buffer.len()).min(3);
            buffer[..n].copy_from_slice(&rest[..n]);
            Ok(n)
        }
    }

    #[test]
    fn windows_agree_for_memory_reader_and_joined() {
        let all: Vec<u8> = (0..=200).collect();
        let sources = [
            Source::from_bytes(all.clone()),
            Source::from_reader(Arc::new(Slow(all.clone())), 201),
            Source::from_bytes(&all[..77]).joined(Arc::new(all[77..].to_vec())),
        ];
        for source in sources {
            assert_eq!(&*source.window(70..90).unwrap(), &all[70..90]);
            assert_eq!(&*source.window_up_to(190, 100).unwrap(), &all[190..]);
            assert!(source.window(200..202).is_err());
            for len in [0, 60, 77, 150, 201, 300] {
                let (begun, end) = (source.up_to(len), len.min(201));
                assert_eq!((begun.len(), begun.as_file().is_none()), (end, true));
                assert_eq!(&*begun.window_up_to(0, 999).unwrap(), &all[..usize::try_from(end).unwrap()]);
                assert!(begun.window(0..end + 1).is_err());
            }
            let mut seen = Vec::new();
            source
                .for_each(3..150, |piece| {
                    seen.extend_from_slice(piece);
                    Ok(())
                })
                .unwrap();
            assert_eq!(seen, &all[3..150]);
        }
    }

    #[test]
    fn a_shrunken_reader_is_a_changed_document() {
        let source = Source::from_reader(Arc::new(Slow(vec![0; 10])), 20);
        let error = source.window(5..15).unwrap_err();
        assert_eq!(error.code(), ErrorCode::DocumentChanged);
    }
}
