//! Both ends of a file: the header, the last `startxref`, and what follows it.

use super::bounds::Bounds;
use super::lex::{Parser, is_white};
use crate::error::{ErrorCode, Malformed, Result};
use crate::source::{Source, to_u64};

/// How a file begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Header {
    /// Offset of `%PDF-`.
    pub(crate) offset: u64,
    /// The version it names.
    pub(crate) version: (u8, u8),
}

/// Finds the header.
pub(crate) fn header(source: &Source) -> Result<Header> {
    let window = source.window_up_to(0, HEADER_WINDOW)?;
    let at = find(&window, b"%PDF-").ok_or_else(|| Malformed::at(ErrorCode::PdfNotPdf, 0))?;
    let version = window.get(at.saturating_add(5)..).and_then(version).unwrap_or((1, 0));
    Ok(Header { offset: to_u64(at), version })
}

/// Reads `1.7`.
pub(crate) fn version(text: &[u8]) -> Option<(u8, u8)> {
    match text {
        [major @ b'0'..=b'9', b'.', minor @ b'0'..=b'9', ..] => Some((major - b'0', minor - b'0')),
        _ => None,
    }
}

/// How a file ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tail {
    /// The number after the last `startxref`.
    pub(crate) startxref: u64,
    /// Offset of the first byte after its `%%EOF` that is neither white space nor NUL.
    pub(crate) junk: Option<u64>,
}

/// Finds the last `startxref`, searching backward in growing windows.
pub(crate) fn tail(source: &Source, limits: &Bounds) -> Result<Tail> {
    let at = last_startxref(source)?.ok_or_else(|| Malformed::at(ErrorCode::PdfStartxref, source.len()))?;
    let end = end_mark(source, at, limits)?;
    Ok(Tail { startxref: end.startxref, junk: first_junk(source, end.end)? })
}

/// What stands at the end of a revision.
#[derive(Debug, Clone, Copy)]
pub(crate) struct EndMark {
    /// The number after `startxref`.
    pub(crate) startxref: u64,
    /// Offset after `%%EOF`.
    pub(crate) end: u64,
}

/// Reads `startxref`, its number and `%%EOF` at `at`.
pub(crate) fn end_mark(source: &Source, at: u64, limits: &Bounds) -> Result<EndMark> {
    let mut len = END_MARK_WINDOW;
    loop {
        let window = source.window_up_to(at, len)?;
        let mut parser = Parser::new(&window, at, limits);
        let found = read_end_mark(&mut parser);
        if !parser.hit_end() || at.saturating_add(len) >= source.len() || len >= limits.pdf_object_bytes {
            return found;
        }
        len = len.saturating_mul(4);
    }
}

fn read_end_mark(parser: &mut Parser<'_>) -> Result<EndMark> {
    parser.take(b"startxref");
    parser.skip_white();
    let Some(startxref) = parser.unsigned() else { return Err(parser.fault(ErrorCode::PdfStartxref)) };
    parser.skip_white();
    if !parser.take(b"%%EOF") {
        return Err(parser.fault(ErrorCode::PdfTruncated));
    }
    Ok(EndMark { startxref, end: parser.offset() })
}

fn last_startxref(source: &Source) -> Result<Option<u64>> {
    let mut end = source.len();
    let mut len = BACKWARD_WINDOW;
    loop {
        let start = end.saturating_sub(len);
        let window = source.window(start..end)?;
        if let Some(at) = find_last(&window, STARTXREF) {
            return Ok(Some(start.saturating_add(to_u64(at))));
        }
        if start == 0 {
            return Ok(None);
        }
        // The word may lie across the border of two windows.
        end = start.saturating_add(to_u64(STARTXREF.len() - 1)).min(source.len());
        len = len.saturating_mul(4).min(LARGEST_WINDOW);
    }
}

/// The first byte from `from` on that is neither white space nor NUL.
fn first_junk(source: &Source, from: u64) -> Result<Option<u64>> {
    let mut at = from;
    while at < source.len() {
        let window = source.window_up_to(at, LARGEST_WINDOW)?;
        if let Some(junk) = window.iter().position(|byte| !is_white(*byte)) {
            return Ok(Some(at.saturating_add(to_u64(junk))));
        }
        at = at.saturating_add(to_u64(window.len()));
    }
    Ok(None)
}

/// Where `needle` stands first.
pub(crate) fn find(data: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut from = 0;
    loop {
        let at = from + data.get(from..)?.iter().position(|byte| *byte == first)?;
        if data.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        from = at + 1;
    }
}

pub(crate) fn find_last(data: &[u8], needle: &[u8]) -> Option<usize> {
    let first = *needle.first()?;
    let mut to = data.len();
    loop {
        let at = data.get(..to)?.iter().rposition(|byte| *byte == first)?;
        if data.get(at..)?.starts_with(needle) {
            return Some(at);
        }
        to = at;
    }
}

pub(crate) const STARTXREF: &[u8] = b"startxref";
const HEADER_WINDOW: u64 = 1_024;
const END_MARK_WINDOW: u64 = 128;
const BACKWARD_WINDOW: u64 = 1 << 10;
const LARGEST_WINDOW: u64 = 1 << 20;
