//! A result: what it takes from its sources plus what is new, written in one pass.
//!
//! In: what a format decided. Out: bytes to any writer, each copied byte compared with the digest that was signed.
//! Decided here and nowhere else: that nothing is handed out whose source is not the one that was signed.

use std::fmt;
use std::io::Write;
use std::ops::Range;
use std::sync::Arc;

use crate::digest::{Digest, DigestAlgorithm, State};
use crate::error::{ErrorCode, Result, StateError};
use crate::source::{Source, to_u64};

/// A document to be written: what it takes from its sources, and what is new.
///
/// Nothing of the sources is in memory. While they are copied their digests are computed and compared with
/// those that were signed.
#[derive(Clone)]
pub struct Output(Inner);

#[derive(Clone)]
enum Inner {
    Update(Arc<Update>),
    Made(Arc<dyn Make>),
}

/// The beginning of one source, and new bytes after it.
pub(crate) struct Update {
    pub(crate) source: Source,
    /// How many bytes of the source stay; what comes after them is replaced.
    pub(crate) kept: u64,
    /// What is compared: together the ranges are all of `0..kept`.
    pub(crate) checks: Vec<Check>,
    pub(crate) tail: Vec<Piece>,
}

/// Ranges of a source, in order, and the digest of what they hold together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Check {
    pub(crate) digest: Digest,
    pub(crate) ranges: Vec<Range<u64>>,
}

impl Check {
    /// One range.
    pub(crate) fn of(digest: Digest, range: Range<u64>) -> Self {
        Check { digest, ranges: std::iter::once(range).collect() }
    }
}

/// New bytes.
#[derive(Clone)]
pub(crate) enum Piece {
    /// These.
    Bytes(Vec<u8>),
    /// So many zero digits (`0`), as the rest of a hole.
    Zeros(usize),
}

/// A result that is made of many sources.
pub(crate) trait Make: Send + Sync {
    /// Writes all of it, and makes sure that each source is what was signed.
    fn write(&self, sink: &mut dyn Sink) -> Result<()>;

    /// Reads the sources once and makes sure that they are what was signed.
    fn verify_sources(&self) -> Result<()>;

    /// Its length, where that is known before it is written.
    fn len(&self) -> Option<u64>;
}

/// Where a result goes.
pub(crate) trait Sink {
    /// Writes new bytes.
    fn write(&mut self, bytes: &[u8]) -> Result<()>;

    /// Copies `range` of `source`, and shows what was written to `seen`, in order.
    fn copy(&mut self, source: &Source, range: Range<u64>, seen: &mut dyn FnMut(&[u8])) -> Result<()>;
}

/// Any writer as a sink.
pub(crate) struct Stream<W>(pub(crate) W);

impl Output {
    pub(crate) fn update(update: Update) -> Self {
        Output(Inner::Update(Arc::new(update)))
    }

    pub(crate) fn made(made: Arc<dyn Make>) -> Self {
        Output(Inner::Made(made))
    }

    /// Length in bytes; `None` where something is compressed on the way out.
    #[must_use]
    pub fn len(&self) -> Option<u64> {
        match &self.0 {
            Inner::Update(update) => Some(update.kept.saturating_add(update.tail_len())),
            Inner::Made(made) => made.len(),
        }
    }

    /// Whether there is nothing to write.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == Some(0)
    }

    /// Writes all of it, and makes sure that the sources are what was signed. Returns how many bytes it wrote.
    ///
    /// Use [`Output::verify_source`] first where what was written can't be thrown away.
    ///
    /// # Errors
    /// `state.other-document`, `state.document-changed` or `asice.digest`: throw away what was written. Faults of
    /// reading and writing: the same.
    pub fn write_to(&self, out: impl Write) -> Result<u64> {
        let mut counted = Counted { out, written: 0 };
        let mut stream = Stream(&mut counted);
        self.write_sink(&mut stream)?;
        counted.out.flush()?;
        Ok(counted.written)
    }

    /// Writes all of it to `sink`.
    pub(crate) fn write_sink(&self, sink: &mut dyn Sink) -> Result<()> {
        match &self.0 {
            Inner::Update(update) => {
                let mut checking = Checking::new(&update.checks);
                sink.copy(&update.source, 0..update.kept, &mut |bytes| checking.see(bytes))?;
                checking.finish(&update.source)?;
                for piece in &update.tail {
                    piece.write(&mut |bytes| sink.write(bytes))?;
                }
                Ok(())
            }
            Inner::Made(made) => made.write(sink),
        }
    }

    /// Reads the sources once and makes sure that they are what was signed.
    ///
    /// # Errors
    /// `state.other-document`, `state.document-changed` or `asice.digest`; reading faults.
    pub fn verify_source(&self) -> Result<()> {
        match &self.0 {
            Inner::Update(update) => update.verify(&update.source),
            Inner::Made(made) => made.verify_sources(),
        }
    }

    /// The one source it begins with, where there is one: a signed document in place of an unsigned one.
    pub(crate) fn as_update(&self) -> Option<&Update> {
        match &self.0 {
            Inner::Update(update) => Some(update),
            Inner::Made(_) => None,
        }
    }
}

impl fmt::Debug for Output {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if matches!(self.0, Inner::Update(_)) { "update" } else { "made" };
        f.debug_struct("Output").field("kind", &kind).field("len", &self.len()).finish()
    }
}

impl Update {
    /// The whole of a source, whose digest is known, and new bytes after it.
    pub(crate) fn after(source: Source, digest: Digest, tail: Vec<Piece>) -> Self {
        let kept = source.len();
        Update { checks: vec![Check::of(digest, 0..kept)], kept, source, tail }
    }

    /// The new bytes.
    pub(crate) fn tail_bytes(&self) -> Result<Vec<u8>> {
        let mut tail = Vec::with_capacity(crate::source::to_usize(self.tail_len())?);
        for piece in &self.tail {
            piece.write(&mut |bytes| {
                tail.extend_from_slice(bytes);
                Ok(())
            })?;
        }
        Ok(tail)
    }

    /// Makes sure that the beginning of `copy` is what was signed.
    pub(crate) fn verify(&self, copy: &Source) -> Result<()> {
        let mut checking = Checking::new(&self.checks);
        copy.for_each(0..self.kept, |bytes| {
            checking.see(bytes);
            Ok(())
        })?;
        checking.finish(&self.source)
    }

    fn tail_len(&self) -> u64 {
        self.tail.iter().map(Piece::len).sum()
    }
}

/// Checks while the bytes they are about go by, from offset 0 on.
pub(crate) struct Checking<'a> {
    checks: &'a [Check],
    states: Vec<State>,
    /// The ranges of all checks in the order of their offsets: end, and whose it is.
    ranges: Vec<(Range<u64>, usize)>,
    next: usize,
    at: u64,
}

impl<'a> Checking<'a> {
    pub(crate) fn new(checks: &'a [Check]) -> Self {
        let owned =
            |(owner, check): (usize, &Check)| check.ranges.iter().map(|r| (r.clone(), owner)).collect::<Vec<_>>();
        let mut ranges: Vec<_> = checks.iter().enumerate().flat_map(owned).collect();
        ranges.sort_by_key(|(range, _)| (range.start, range.end));
        let states = checks.iter().map(|check| State::new(check.digest.algorithm())).collect();
        Checking { checks, states, ranges, next: 0, at: 0 }
    }

    /// Takes the next bytes.
    pub(crate) fn see(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let Some((range, owner)) = self.ranges.get(self.next) else { break };
            if self.at >= range.end {
                self.next += 1;
                continue;
            }
            // What no range holds is passed over.
            let is_inside = self.at >= range.start;
            let until = if is_inside { range.end } else { range.start };
            let here = usize::try_from(until - self.at).unwrap_or(usize::MAX).min(bytes.len());
            let (now, later) = bytes.split_at(here);
            if let (true, Some(state)) = (is_inside, self.states.get_mut(*owner)) {
                state.update(now);
            }
            self.at += to_u64(here);
            bytes = later;
        }
        self.at += to_u64(bytes.len());
    }

    /// Compares, after all bytes went by.
    pub(crate) fn finish(self, source: &Source) -> Result<()> {
        source.check_unchanged()?;
        if self.holds() { Ok(()) } else { Err(StateError::new(ErrorCode::StateOtherDocument).into()) }
    }

    /// Whether the bytes that went by are those that are wanted.
    pub(crate) fn holds(self) -> bool {
        self.states.into_iter().zip(self.checks).all(|(state, check)| state.finish() == check.digest)
    }
}

impl<W: Write> Sink for Stream<W> {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        Ok(self.0.write_all(bytes)?)
    }

    fn copy(&mut self, source: &Source, range: Range<u64>, seen: &mut dyn FnMut(&[u8])) -> Result<()> {
        source.for_each(range, |bytes| {
            seen(bytes);
            Ok(self.0.write_all(bytes)?)
        })
    }
}

impl fmt::Debug for Piece {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Piece::Bytes(bytes) => write!(f, "{} bytes", bytes.len()),
            Piece::Zeros(digits) => write!(f, "{digits} zeros"),
        }
    }
}

impl Piece {
    fn len(&self) -> u64 {
        match self {
            Piece::Bytes(bytes) => to_u64(bytes.len()),
            Piece::Zeros(digits) => to_u64(*digits),
        }
    }

    fn write(&self, out: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        match self {
            Piece::Bytes(bytes) => out(bytes),
            Piece::Zeros(digits) => {
                let mut digits = *digits;
                while digits > 0 {
                    let part = ZEROS.get(..digits.min(ZEROS.len())).unwrap_or_default();
                    out(part)?;
                    digits -= part.len();
                }
                Ok(())
            }
        }
    }
}

struct Counted<W> {
    out: W,
    written: u64,
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        let written = self.out.write(bytes)?;
        self.written += to_u64(written);
        Ok(written)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}

/// The digest of a part of a source.
pub(crate) fn digest_of(source: &Source, range: Range<u64>, algorithm: DigestAlgorithm) -> Result<Digest> {
    let mut state = State::new(algorithm);
    source.for_each(range, |bytes| {
        state.update(bytes);
        Ok(())
    })?;
    source.check_unchanged()?;
    Ok(state.finish())
}

const ZEROS: [u8; 1024] = [b'0'; 1024];
