//! ASN.1: bytes in, pieces of the same bytes out, and new pieces from parts.
//!
//! Nothing is copied and nothing is encoded again: an [`Element`] is a window of what was read, so that
//! signed bytes stay as they came. Whether only DER is taken, or also the indefinite lengths and split
//! strings of BER, is decided once, by the constructor of [`Reader`].

mod definite;
mod value;
mod write;

use crate::error::{Error, ErrorCode, Limit, Malformed, Result};
use crate::source::to_u64;

pub(crate) use definite::definite;
pub(crate) use value::oid_text;
pub(crate) use write::{header, oid, sequence, tlv, write};

/// One element: identifier, length and content, as they stand.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    tag: u8,
    raw: &'a [u8],
    content: &'a [u8],
    content_offset: u64,
    rules: Rules,
}

/// What is taken, how deep, and under which code a fault is reported.
#[derive(Debug, Clone, Copy)]
struct Rules {
    code: ErrorCode,
    ber: bool,
    depth: u64,
    depth_limit: u64,
}

/// Elements one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
    offset: u64,
    rules: Rules,
}

impl<'a> Reader<'a> {
    /// Reads DER; faults are reported as `code`.
    pub(crate) fn der(bytes: &'a [u8], code: ErrorCode) -> Self {
        let rules = Rules { code, ber: false, depth: 0, depth_limit: DER_DEPTH };
        Reader { rest: bytes, offset: 0, rules }
    }

    /// Reads DER that stands at `offset` of a file.
    pub(crate) fn der_at(bytes: &'a [u8], offset: u64, code: ErrorCode) -> Self {
        Reader { offset, ..Reader::der(bytes, code) }
    }

    /// Reads BER, nested no deeper than `depth_limit`; faults are reported as `code`.
    pub(crate) fn ber(bytes: &'a [u8], depth_limit: u64, code: ErrorCode) -> Self {
        Reader { rest: bytes, offset: 0, rules: Rules { code, ber: true, depth: 0, depth_limit } }
    }

    /// Whether nothing is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The tag of the next element, if there is one.
    pub(crate) fn peek(&self) -> Option<u8> {
        self.rest.first().copied()
    }

    /// The next element, whatever it is.
    pub(crate) fn element(&mut self) -> Result<Element<'a>> {
        let element = self.element_at(self.rules.depth)?;
        self.rest = self.rest.get(element.raw.len()..).unwrap_or_default();
        self.offset += to_u64(element.raw.len());
        Ok(element)
    }

    /// The next element, which must have `tag`.
    pub(crate) fn read(&mut self, tag: u8) -> Result<Element<'a>> {
        let offset = self.offset;
        match self.peek() {
            Some(found) if found == tag || (self.rules.ber && is_string(tag) && found == tag | CONSTRUCTED) => {
                self.element()
            }
            _ => Err(Malformed::at(self.rules.code, offset).into()),
        }
    }

    /// The next element, if it has `tag`.
    pub(crate) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>> {
        if self.peek() == Some(tag) { self.element().map(Some) } else { Ok(None) }
    }

    /// The content of the next element, which must be a SEQUENCE.
    pub(crate) fn sequence(&mut self) -> Result<Reader<'a>> {
        self.read(SEQUENCE)?.reader()
    }

    /// Nothing may be left.
    pub(crate) fn end(&self) -> Result<()> {
        if self.rest.is_empty() { Ok(()) } else { Err(self.fault()) }
    }

    /// What is left, as it stands.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// The fault that stands here.
    pub(crate) fn fault(&self) -> Error {
        Malformed::at(self.rules.code, self.offset).into()
    }

    fn element_at(&self, depth: u64) -> Result<Element<'a>> {
        let rules = Rules { depth: depth + 1, ..self.rules };
        if depth >= rules.depth_limit {
            return Err(Limit::new("der_depth", rules.depth_limit, depth + 1).at(self.offset).into());
        }
        let (tag, header_len, length) = parse_header(self.rest, rules.ber).ok_or_else(|| self.fault())?;
        let body = self.rest.get(header_len..).ok_or_else(|| self.fault())?;
        let content_offset = self.offset + to_u64(header_len);
        let (content, raw_len) = match length {
            Some(length) => {
                let content = body.get(..length).ok_or_else(|| self.fault())?;
                (content, header_len + length)
            }
            None => {
                let content = indefinite(body, content_offset, rules)?;
                (content, header_len + content.len() + END_OF_CONTENTS.len())
            }
        };
        let raw = self.rest.get(..raw_len).ok_or_else(|| self.fault())?;
        Ok(Element { tag, raw, content, content_offset, rules })
    }
}

impl<'a> Element<'a> {
    /// The identifier octet.
    pub(crate) fn tag(&self) -> u8 {
        self.tag
    }

    /// The element as it stands.
    pub(crate) fn raw(&self) -> &'a [u8] {
        self.raw
    }

    /// What is inside.
    pub(crate) fn content(&self) -> &'a [u8] {
        self.content
    }

    /// Reads what is inside; the element must be a constructed one.
    pub(crate) fn reader(&self) -> Result<Reader<'a>> {
        if self.tag & CONSTRUCTED == 0 {
            return Err(self.fault());
        }
        Ok(Reader { rest: self.content, offset: self.content_offset, rules: self.rules })
    }

    /// Reads the elements that an OCTET STRING in one piece holds.
    pub(crate) fn inner(&self) -> Result<Reader<'a>> {
        if self.tag != OCTET_STRING {
            return Err(self.fault());
        }
        Ok(Reader { rest: self.content, offset: self.content_offset, rules: self.rules })
    }

    /// The fault that this element is.
    pub(crate) fn fault(&self) -> Error {
        Malformed::at(self.rules.code, self.content_offset).into()
    }
}

/// Identifier, length of the header and length of the content of the DER element that begins here; the content
/// need not be there.
pub(crate) fn parse_der_header(bytes: &[u8]) -> Option<(u8, usize, usize)> {
    let (tag, header_len, length) = parse_header(bytes, false)?;
    Some((tag, header_len, length?))
}

/// Identifier, length of the header, length of the content (`None`: indefinite).
fn parse_header(bytes: &[u8], ber: bool) -> Option<(u8, usize, Option<usize>)> {
    let (&tag, rest) = bytes.split_first()?;
    // Long tags occur nowhere in what is read here, and a zero tag ends indefinite contents.
    if tag & 0x1f == 0x1f || tag == 0 {
        return None;
    }
    let (&first, rest) = rest.split_first()?;
    if first < 0x80 {
        return Some((tag, 2, Some(usize::from(first))));
    }
    let count = usize::from(first & 0x7f);
    if count == 0 {
        return (ber && tag & CONSTRUCTED != 0).then_some((tag, 2, None));
    }
    let octets = rest.get(..count)?;
    if count > 4 && !(ber && octets.iter().rev().skip(4).all(|&b| b == 0)) {
        return None;
    }
    let length = octets.iter().fold(0_u64, |n, &b| n << 8 | u64::from(b));
    let minimal = length >= 0x80 && octets.first() != Some(&0);
    (ber || minimal).then_some((tag, 2 + count, Some(usize::try_from(length).ok()?)))
}

/// The content before the end-of-contents octets.
fn indefinite(body: &[u8], offset: u64, rules: Rules) -> Result<&[u8]> {
    let mut reader = Reader { rest: body, offset, rules };
    loop {
        if reader.rest.starts_with(&END_OF_CONTENTS) {
            return Ok(body.get(..body.len() - reader.rest.len()).unwrap_or_default());
        }
        reader.element()?;
    }
}

fn is_string(tag: u8) -> bool {
    matches!(tag, BIT_STRING | OCTET_STRING) || (tag & 0xc0 == 0x80 && tag & CONSTRUCTED == 0)
}

pub(crate) const BOOLEAN: u8 = 0x01;
pub(crate) const INTEGER: u8 = 0x02;
pub(crate) const BIT_STRING: u8 = 0x03;
pub(crate) const OCTET_STRING: u8 = 0x04;
pub(crate) const NULL: u8 = 0x05;
pub(crate) const OID: u8 = 0x06;
pub(crate) const ENUMERATED: u8 = 0x0a;
pub(crate) const UTF8_STRING: u8 = 0x0c;
pub(crate) const UTC_TIME: u8 = 0x17;
pub(crate) const GENERALIZED_TIME: u8 = 0x18;
pub(crate) const SEQUENCE: u8 = 0x30;
pub(crate) const SET: u8 = 0x31;

/// The tag `[number]` of a constructed element.
pub(crate) const fn context(number: u8) -> u8 {
    0xa0 | number
}

/// The tag `[number]` of a primitive element.
pub(crate) const fn context_primitive(number: u8) -> u8 {
    0x80 | number
}

const CONSTRUCTED: u8 = 0x20;
const END_OF_CONTENTS: [u8; 2] = [0, 0];
// DER is read without looking ahead, so depth costs nothing; honest certificates stay below 20.
const DER_DEPTH: u64 = 64;

#[cfg(test)]
mod tests {
    use super::*;

    fn der(bytes: &[u8]) -> Result<Element<'_>> {
        Reader::der(bytes, ErrorCode::DerMalformed).element()
    }

    fn ber(bytes: &[u8]) -> Result<Element<'_>> {
        Reader::ber(bytes, 64, ErrorCode::DerMalformed).element()
    }

    #[test]
    fn der_takes_the_shortest_length_alone() {
        assert_eq!(der(&[4, 1, 7]).unwrap().content(), [7]);
        let long = [&[4, 0x81, 0x80][..], &[7; 128]].concat();
        assert_eq!(der(&long).unwrap().content(), [7; 128]);
        for bytes in [&[4, 0x81, 1, 7][..], &[4, 0x82, 0, 1, 7], &[0x30, 0x80, 0, 0], &[4, 0xff], &[4], &[], &[0, 0]] {
            assert!(der(bytes).is_err(), "{bytes:02x?}");
        }
        assert!(der(&[4, 0x85, 0, 0, 0, 0, 1, 7]).is_err());
        assert!(der(&[0x1f, 0x1f, 0]).is_err());
    }

    #[test]
    fn ber_takes_indefinite_and_long_lengths() {
        assert_eq!(ber(&[4, 0x85, 0, 0, 0, 0, 1, 7]).unwrap().content(), [7]);
        let nested = [0x30, 0x80, 0x30, 0x80, 4, 1, 7, 0, 0, 4, 0, 0, 0, 9];
        let element = ber(&nested).unwrap();
        assert_eq!(element.raw(), &nested[..13]);
        assert_eq!(element.content(), &nested[2..11]);
        assert!(ber(&[4, 0x80, 0, 0]).is_err(), "a primitive element has a length");
        assert!(ber(&[0x30, 0x80, 4, 1, 7]).is_err(), "no end");
    }

    #[test]
    fn depth_is_bounded() {
        let deep = [&[0x30, 0x80].repeat(100)[..], &[0, 0].repeat(100)].concat();
        assert_eq!(ber(&deep).unwrap_err().code(), ErrorCode::LimitExceeded);
    }

    #[test]
    fn faults_name_the_offset() {
        let bytes = [0x30, 5, 2, 1, 1, 4, 9];
        let mut reader = Reader::der(&bytes, ErrorCode::DerMalformed).sequence().unwrap();
        reader.element().unwrap();
        assert_eq!(reader.element().unwrap_err().offset(), Some(5));
    }
}
