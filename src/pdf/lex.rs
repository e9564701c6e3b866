//! From bytes to tokens and objects, within one window.
//!
//! A parser never reads beyond its window; when it wanted to, it says so, and the caller comes back with a
//! larger one (`window.rs`). Strict where a value is used, lenient where bytes are only carried along.

use std::ops::Range;

use super::object::{Array, Dictionary, Name, Object, Reference};
use super::string::PdfString;
use crate::Limits;
use crate::error::{Error, ErrorCode, Limit, Malformed, Result};
use crate::source::{Bytes, to_u64, to_usize};

/// Reads tokens and objects from a window.
pub(crate) struct Parser<'a> {
    bytes: &'a Bytes,
    data: &'a [u8],
    at: usize,
    base: u64,
    object: Option<u32>,
    limits: &'a Limits,
    hit_end: bool,
}

impl<'a> Parser<'a> {
    /// A parser for `bytes`, whose first byte has the offset `base`.
    pub(crate) fn new(bytes: &'a Bytes, base: u64, limits: &'a Limits) -> Self {
        Parser { bytes, data: bytes, at: 0, base, object: None, limits, hit_end: false }
    }

    /// Names the object that errors are reported in.
    pub(crate) fn in_object(self, number: u32) -> Self {
        Parser { object: Some(number), ..self }
    }

    /// Whether a longer window could have given another result.
    pub(crate) fn hit_end(&self) -> bool {
        self.hit_end
    }

    /// Offset of the next byte.
    pub(crate) fn offset(&self) -> u64 {
        self.base.saturating_add(to_u64(self.at))
    }

    /// The next byte.
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let byte = self.data.get(self.at).copied();
        self.hit_end |= byte.is_none();
        byte
    }

    /// Steps over white space.
    pub(crate) fn skip_white(&mut self) {
        while self.peek().is_some_and(is_white) {
            self.at += 1;
        }
    }

    /// Steps over white space and comments.
    pub(crate) fn skip_space(&mut self) {
        loop {
            self.skip_white();
            if self.peek() != Some(b'%') {
                return;
            }
            while self.peek().is_some_and(|byte| byte != b'\r' && byte != b'\n') {
                self.at += 1;
            }
        }
    }

    /// Steps over `expected` if it comes next, whatever follows it.
    pub(crate) fn take(&mut self, expected: &[u8]) -> bool {
        let rest = self.data.get(self.at..).unwrap_or_default();
        if rest.starts_with(expected) {
            self.at += expected.len();
            return true;
        }
        self.hit_end |= rest.len() < expected.len() && expected.starts_with(rest);
        false
    }

    /// Steps over `word` if it comes next and ends there.
    pub(crate) fn keyword(&mut self, word: &[u8]) -> bool {
        let start = self.at;
        if self.take(word) && !self.peek().is_some_and(is_regular) {
            return true;
        }
        self.at = start;
        false
    }

    /// The decimal number that comes next, without sign.
    pub(crate) fn unsigned(&mut self) -> Option<u64> {
        let start = self.at;
        let mut value: u64 = 0;
        while let Some(byte) = self.peek().filter(u8::is_ascii_digit) {
            let next = value.checked_mul(10).and_then(|v| v.checked_add(u64::from(byte - b'0')));
            let Some(next) = next else {
                self.at = start;
                return None;
            };
            value = next;
            self.at += 1;
        }
        (self.at > start).then_some(value)
    }

    /// The object that comes next.
    pub(crate) fn object(&mut self) -> Result<Object> {
        self.nested(0)
    }

    /// The dictionary that comes next; anything else is `code`.
    pub(crate) fn dictionary(&mut self, code: ErrorCode) -> Result<Dictionary> {
        self.skip_space();
        if !self.data.get(self.at..).is_some_and(|rest| rest.starts_with(b"<<")) {
            self.hit_end |= self.at.saturating_add(2) > self.data.len();
            return Err(self.fault(code));
        }
        self.entries(0)
    }

    /// A fault at the next byte: `code`, or that the file ends here.
    pub(crate) fn fault(&mut self, code: ErrorCode) -> Error {
        let code = if self.peek().is_none() && self.object.is_none() { ErrorCode::PdfTruncated } else { code };
        Malformed { object: self.object, ..Malformed::at(code, self.offset()) }.into()
    }

    fn nested(&mut self, depth: u64) -> Result<Object> {
        let most = self.limits.pdf_depth.min(MOST_DEPTH);
        if depth > most {
            return Err(Limit::new("pdf_depth", most, depth).at(self.offset()).into());
        }
        self.skip_space();
        match self.peek() {
            Some(b'/') => self.name().map(Object::Name),
            Some(b'(') => self.literal().map(Object::String),
            Some(b'[') => self.array(depth).map(Object::Array),
            Some(b'<') if self.data.get(self.at + 1) == Some(&b'<') => self.entries(depth).map(Object::Dictionary),
            Some(b'<') => self.hexadecimal().map(Object::String),
            Some(b'0'..=b'9' | b'+' | b'-' | b'.') => self.number(),
            Some(_) if self.keyword(b"null") => Ok(Object::Null),
            Some(_) if self.keyword(b"true") => Ok(Object::Boolean(true)),
            Some(_) if self.keyword(b"false") => Ok(Object::Boolean(false)),
            _ => Err(self.fault(ErrorCode::PdfSyntax)),
        }
    }

    fn number(&mut self) -> Result<Object> {
        let start = self.at;
        let token = self.regular("pdf_name_bytes")?;
        let text = self.data.get(token.clone()).unwrap_or_default();
        let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
        if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
            let value = std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok());
            let Some(value) = value else {
                self.at = start;
                return Err(self.fault(ErrorCode::PdfSyntax));
            };
            return Ok(self.reference(value, digits.len() == text.len()).unwrap_or(Object::Integer(value)));
        }
        // Odd ones, such as `0.-5`, are carried along; nothing here computes with a real number.
        let plausible = text.iter().all(|b| b.is_ascii_digit() || b"+-.".contains(b));
        if plausible && text.iter().any(u8::is_ascii_digit) {
            return Ok(Object::Real(self.bytes.slice(token)));
        }
        self.at = start;
        Err(self.fault(ErrorCode::PdfSyntax))
    }

    fn reference(&mut self, number: i64, unsigned: bool) -> Option<Object> {
        let number = u32::try_from(number).ok().filter(|_| unsigned)?;
        let start = self.at;
        self.skip_space();
        let generation = self.peek().filter(u8::is_ascii_digit).and_then(|_| self.unsigned());
        if let Some(generation) = generation.and_then(|generation| u16::try_from(generation).ok()) {
            self.skip_space();
            if self.keyword(b"R") {
                return Some(Object::Reference(Reference { number, generation }));
            }
        }
        self.at = start;
        None
    }

    fn name(&mut self) -> Result<Name> {
        self.at += 1;
        let token = self.regular("pdf_name_bytes")?;
        Ok(Name::from_token(self.bytes.slice(token)))
    }

    fn regular(&mut self, limit: &'static str) -> Result<Range<usize>> {
        let start = self.at;
        while self.peek().is_some_and(is_regular) {
            self.at += 1;
        }
        let (len, most) = (to_u64(self.at - start), self.limits.pdf_name_bytes);
        if len > most {
            return Err(Limit::new(limit, most, len).at(self.offset() - len).into());
        }
        Ok(start..self.at)
    }

    fn literal(&mut self) -> Result<PdfString> {
        let start = self.at;
        let mut open = 0_u64;
        while let Some(byte) = self.peek() {
            self.at += 1;
            match byte {
                b'\\' => {
                    self.peek();
                    self.at += 1;
                }
                b'(' => open += 1,
                b')' if open == 1 => return Ok(PdfString::new(self.bytes.slice(start..self.at))),
                b')' => open -= 1,
                _ => {}
            }
        }
        Err(self.fault(ErrorCode::PdfSyntax))
    }

    fn hexadecimal(&mut self) -> Result<PdfString> {
        let start = self.at;
        self.at += 1;
        // Contents of a signature is thousands of digits, so many are judged together, not one by one.
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let many = rest.as_chunks::<DIGITS_AT_ONCE>().0.iter();
        // What is not filled is zeros.
        let plain = many.take_while(|digits| {
            **digits == [b'0'; DIGITS_AT_ONCE]
                || digits.iter().fold(true, |plain, byte| plain & byte.is_ascii_hexdigit())
        });
        self.at += plain.count() * DIGITS_AT_ONCE;
        let is_digit = |byte: u8| byte.is_ascii_hexdigit() || is_white(byte);
        while self.peek().is_some_and(is_digit) {
            self.at += 1;
        }
        if !self.take(b">") {
            return Err(self.fault(ErrorCode::PdfSyntax));
        }
        Ok(PdfString::new(self.bytes.slice(start..self.at)))
    }

    fn array(&mut self, depth: u64) -> Result<Array> {
        let start = self.at;
        self.at += 1;
        let mut items = Vec::new();
        loop {
            self.skip_space();
            if self.take(b"]") {
                return Ok(Array::new(self.bytes.slice(start..self.at), items));
            }
            items.push(self.nested(depth + 1)?);
        }
    }

    fn entries(&mut self, depth: u64) -> Result<Dictionary> {
        let start = self.at;
        self.at += 2;
        let mut entries = Vec::with_capacity(USUAL_ENTRIES);
        loop {
            self.skip_space();
            if self.take(b">>") {
                break;
            }
            if self.peek() != Some(b'/') {
                return Err(self.fault(ErrorCode::PdfSyntax));
            }
            let key = self.name()?;
            self.skip_space();
            let from = self.at - start;
            let value = self.nested(depth + 1)?;
            entries.push((key, from..self.at - start, value));
        }
        let dictionary = Dictionary::new(self.bytes.slice(start..self.at), entries);
        if let Some(second) = dictionary.contradiction() {
            let offset = self.base.saturating_add(to_u64(start + second));
            let fault = Malformed { object: self.object, ..Malformed::at(ErrorCode::PdfDuplicateKey, offset) };
            return Err(fault.into());
        }
        Ok(dictionary)
    }

    /// Moves on to `offset`, which must not lie before the window.
    pub(crate) fn seek(&mut self, offset: u64) -> Result<()> {
        self.at = to_usize(offset.saturating_sub(self.base))?;
        self.hit_end |= self.at > self.data.len();
        Ok(())
    }
}

/// White space as ISO 32000-1, 7.2.2 has it.
pub(crate) fn is_white(byte: u8) -> bool {
    matches!(byte, 0 | b'\t' | b'\n' | 0x0c | b'\r' | b' ')
}

/// Neither white space nor delimiter.
pub(crate) fn is_regular(byte: u8) -> bool {
    !is_white(byte) && !matches!(byte, b'(' | b')' | b'<' | b'>' | b'[' | b']' | b'{' | b'}' | b'/' | b'%')
}

// Parsing and dropping go down the stack, whatever the caller allows.
const MOST_DEPTH: u64 = 500;
const DIGITS_AT_ONCE: usize = 64;

// Most dictionaries have no more.
const USUAL_ENTRIES: usize = 8;
