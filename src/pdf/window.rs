//! Reading a source piece by piece: growing windows for objects, a moving one for scans.

use super::bounds::Bounds;
use super::lex::Parser;
use super::object::{Object, Reference, Stream};
use crate::error::{ErrorCode, Limit, Malformed, Result};
use crate::source::{Bytes, Source, to_u64, to_usize};

/// Lets `read` parse at `offset`, again with a larger window as long as it runs into the end of one.
pub(crate) fn parse_at<T>(
    source: &Source,
    offset: u64,
    bounds: &Bounds,
    mut read: impl FnMut(&mut Parser<'_>) -> Result<T>,
) -> Result<T> {
    let mut len = FIRST_WINDOW.max(source.at_hand(offset)).min(bounds.pdf_object_bytes);
    loop {
        let window = source.window_up_to(offset, len)?;
        let mut parser = Parser::new(&window, offset, bounds).copying(!source.is_in_memory());
        let result = read(&mut parser);
        let complete = offset.saturating_add(to_u64(window.len())) >= source.len();
        if complete || !parser.hit_end() {
            return result;
        }
        if len >= bounds.pdf_object_bytes {
            return Err(Limit::new("pdf_object_bytes", len, len.saturating_add(1)).at(offset).into());
        }
        len = len.saturating_mul(GROWTH).min(bounds.pdf_object_bytes);
    }
}

/// An indirect object and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Indirect {
    /// Number and generation as they stand there.
    pub(crate) reference: Reference,
    /// Offset of its number.
    pub(crate) offset: u64,
    /// The object; of a stream, where its data begin.
    pub(crate) object: Object,
    /// Offset after `endobj`, or of a stream's data.
    pub(crate) end: u64,
}

/// Reads `n g obj …` at `offset`, white space before it allowed.
pub(crate) fn indirect_at(source: &Source, offset: u64, bounds: &Bounds) -> Result<Indirect> {
    let mut reached = offset;
    let found = parse_at(source, offset, bounds, |parser| {
        let found = indirect(parser);
        reached = parser.offset();
        found
    });
    bounds.count_parsed(to_usize(reached.saturating_sub(offset))?)?;
    found
}

/// Reads `n g obj …`.
pub(crate) fn indirect(parser: &mut Parser<'_>) -> Result<Indirect> {
    parser.skip_white();
    let offset = parser.offset();
    let Some(reference) = heading(parser) else {
        return Err(Malformed::at(ErrorCode::PdfObjectNumber, offset).into());
    };
    let object = parser.object()?;
    parser.skip_space();
    let object = match object {
        Object::Dictionary(dictionary) if parser.keyword(b"stream") => {
            let start = data_start(parser)?;
            Object::Stream(Stream { dictionary, start, number: reference.number })
        }
        other if parser.keyword(b"endobj") => other,
        _ => return Err(parser.fault(ErrorCode::PdfSyntax)),
    };
    Ok(Indirect { reference, offset, object, end: parser.offset() })
}

/// Steps over `n g obj`.
pub(crate) fn heading(parser: &mut Parser<'_>) -> Option<Reference> {
    let number = u32::try_from(parser.unsigned()?).ok()?;
    parser.skip_space();
    let generation = u16::try_from(parser.unsigned()?).ok()?;
    parser.skip_space();
    parser.keyword(b"obj").then_some(Reference { number, generation })
}

fn data_start(parser: &mut Parser<'_>) -> Result<u64> {
    while parser.take(b" ") || parser.take(b"\t") {}
    if parser.take(b"\r\n") || parser.take(b"\n") || parser.take(b"\r") {
        return Ok(parser.offset());
    }
    Err(parser.fault(ErrorCode::PdfStream))
}

/// A window that moves over a source, mostly forward.
pub(crate) struct Windows<'a> {
    source: &'a Source,
    bytes: Bytes,
    start: u64,
    step: u64,
}

impl<'a> Windows<'a> {
    /// Over `source`; nothing is read yet.
    pub(crate) fn new(source: &'a Source) -> Self {
        Windows { source, bytes: Bytes::default(), start: 0, step: FIRST_WINDOW / GROWTH }
    }

    /// The bytes from `offset` on: at least `len` of them, or all that are left.
    pub(crate) fn at(&mut self, offset: u64, len: u64) -> Result<&[u8]> {
        let end = self.start.saturating_add(to_u64(self.bytes.len()));
        if offset < self.start || offset.saturating_add(len).min(self.source.len()) > end {
            self.step = self.step.saturating_mul(GROWTH).min(LAST_WINDOW);
            self.bytes = self.source.window_up_to(offset, self.step.max(len))?;
            self.start = offset.min(self.source.len());
        }
        let skip = to_usize(offset.min(self.source.len()).saturating_sub(self.start))?;
        Ok(self.bytes.get(skip..).unwrap_or_default())
    }
}

const FIRST_WINDOW: u64 = 4 << 10;
const LAST_WINDOW: u64 = 256 << 10;
const GROWTH: u64 = 4;
