//! From bytes to tokens and objects, within one window.
//!
//! A parser never reads beyond its window; when it wanted to, it says so, and the caller comes back with a
//! larger one (`window.rs`). Strict where a value is used, lenient where bytes are only carried along. What an object
//! takes in memory is charged while it grows.

use std::ops::Range;
use std::sync::Arc;

use super::bounds::{Bounds, Charge};
use super::object::{Dictionary, Object};
use super::tape::{Item, Kind, Tape, contradiction};
use crate::error::{Error, ErrorCode, Limit, Malformed, Result};
use crate::source::{Bytes, to_u64};

/// Reads tokens and objects from a window.
pub(crate) struct Parser<'a> {
    bytes: &'a Bytes,
    data: &'a [u8],
    at: usize,
    base: u64,
    object: Option<u32>,
    bounds: &'a Bounds,
    hit_end: bool,
    copies: bool,
    // The object that is being read: where it begins, what is in it, and what that takes.
    origin: usize,
    items: Vec<Item>,
    charge: Option<Charge>,
    keys: Vec<u32>,
}

impl<'a> Parser<'a> {
    /// A parser for `bytes`, whose first byte has the offset `base`.
    pub(crate) fn new(bytes: &'a Bytes, base: u64, bounds: &'a Bounds) -> Self {
        Parser {
            bytes,
            data: bytes,
            at: 0,
            base,
            object: None,
            bounds,
            hit_end: false,
            copies: false,
            origin: 0,
            items: Vec::new(),
            charge: None,
            keys: Vec::new(),
        }
    }

    /// Gives each object bytes of its own, so that it does not keep the whole window alive.
    pub(crate) fn copying(self, copies: bool) -> Self {
        Parser { copies, ..self }
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
        self.begin();
        self.nested(0)?;
        Ok(Tape::object(&self.finish()?, 0))
    }

    /// The dictionary that comes next; anything else is `code`.
    pub(crate) fn dictionary(&mut self, code: ErrorCode) -> Result<Dictionary> {
        self.begin();
        if !self.data.get(self.at..).is_some_and(|rest| rest.starts_with(b"<<")) {
            self.hit_end |= self.at.saturating_add(2) > self.data.len();
            return Err(self.fault(code));
        }
        self.entries(0)?;
        Ok(Dictionary::new(self.finish()?, 0))
    }

    fn begin(&mut self) {
        self.skip_space();
        self.origin = self.at;
        self.items.clear();
    }

    /// What was read since the beginning of the object.
    fn finish(&mut self) -> Result<Arc<Tape>> {
        let mut items = std::mem::take(&mut self.items);
        if items.len() < items.capacity() / 2 {
            items.shrink_to_fit();
        }
        let bytes = self.bytes.slice(self.origin..self.at);
        let mut charge = match self.charge.take() {
            Some(charge) => charge,
            None => self.bounds.charge(0)?,
        };
        charge.shrink_to(items.capacity() * size_of::<Item>());
        charge.grow(size_of::<Tape>() + if self.copies { bytes.len() } else { 0 })?;
        let bytes = if self.copies { Bytes::from(bytes.to_vec()) } else { bytes };
        Ok(Arc::new(Tape::new(bytes, items, charge)))
    }

    /// Notes what stands from `start` to here.
    fn push(&mut self, kind: Kind, start: usize, more: u32) -> Result<()> {
        if self.items.len() == self.items.capacity() {
            self.make_room()?;
        }
        let (start, end) = (self.place(start)?, self.place(self.at)?);
        self.items.push(Item { kind, start, end, more });
        Ok(())
    }

    /// Notes that the array or dictionary whose item is at `place` ends here.
    fn close(&mut self, place: usize) -> Result<()> {
        let end = self.place(self.at)?;
        let inside = u32::try_from(self.items.len() - place - 1).map_err(|_| Error::Bug("more items than bytes"))?;
        if let Some(item) = self.items.get_mut(place) {
            (item.end, item.more) = (end, inside);
        }
        Ok(())
    }

    fn make_room(&mut self) -> Result<()> {
        let more = self.items.capacity().clamp(USUAL_ITEMS, MOST_MORE_ITEMS);
        let bytes = more * size_of::<Item>();
        match &mut self.charge {
            Some(charge) => charge.grow(bytes)?,
            None => self.charge = Some(self.bounds.charge(bytes)?),
        }
        self.items.reserve_exact(more);
        Ok(())
    }

    /// `at` as it is counted from the beginning of the object.
    fn place(&self, at: usize) -> Result<u32> {
        let place = at - self.origin;
        u32::try_from(place).map_err(|_| Limit::new("pdf_object_bytes", u32::MAX.into(), to_u64(place)).into())
    }

    /// A fault at the next byte: `code`, or that the file ends here.
    pub(crate) fn fault(&mut self, code: ErrorCode) -> Error {
        let code = if self.peek().is_none() && self.object.is_none() { ErrorCode::PdfTruncated } else { code };
        Malformed { object: self.object, ..Malformed::at(code, self.offset()) }.into()
    }

    fn nested(&mut self, depth: u64) -> Result<()> {
        let most = self.bounds.pdf_depth.min(MOST_DEPTH);
        if depth > most {
            return Err(Limit::new("pdf_depth", most, depth).at(self.offset()).into());
        }
        self.skip_space();
        let start = self.at;
        match self.peek() {
            Some(b'/') => self.name(),
            Some(b'(') => self.literal(),
            Some(b'[') => self.array(depth),
            Some(b'<') if self.data.get(self.at + 1) == Some(&b'<') => self.entries(depth),
            Some(b'<') => self.hexadecimal(),
            Some(b'0'..=b'9' | b'+' | b'-' | b'.') => self.number(),
            Some(_) if self.keyword(b"null") => self.push(Kind::Null, start, 0),
            Some(_) if self.keyword(b"true") => self.push(Kind::Boolean(true), start, 0),
            Some(_) if self.keyword(b"false") => self.push(Kind::Boolean(false), start, 0),
            _ => Err(self.fault(ErrorCode::PdfSyntax)),
        }
    }

    fn number(&mut self) -> Result<()> {
        let start = self.at;
        let token = self.regular("pdf_name_bytes")?;
        let text = self.data.get(token).unwrap_or_default();
        let digits = text.strip_prefix(b"-").or_else(|| text.strip_prefix(b"+")).unwrap_or(text);
        if !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) {
            let value = std::str::from_utf8(text).ok().and_then(|text| text.parse::<i64>().ok());
            let Some(value) = value else {
                self.at = start;
                return Err(self.fault(ErrorCode::PdfSyntax));
            };
            let Ok(number) = u32::try_from(value) else {
                return self.push(Kind::WideInteger, start, 0);
            };
            let generation = if digits.len() == text.len() { self.generation() } else { None };
            return self.push(generation.map_or(Kind::Integer, Kind::Reference), start, number);
        }
        // Odd ones, such as `0.-5`, are carried along; nothing here computes with a real number.
        let plausible = text.iter().all(|b| b.is_ascii_digit() || b"+-.".contains(b));
        if plausible && text.iter().any(u8::is_ascii_digit) {
            return self.push(Kind::Real, start, 0);
        }
        self.at = start;
        Err(self.fault(ErrorCode::PdfSyntax))
    }

    /// Steps over what makes a reference of the number before it, if that comes next.
    fn generation(&mut self) -> Option<u16> {
        let start = self.at;
        self.skip_space();
        let generation = self.peek().filter(u8::is_ascii_digit).and_then(|_| self.unsigned());
        if let Some(generation) = generation.and_then(|generation| u16::try_from(generation).ok()) {
            self.skip_space();
            if self.keyword(b"R") {
                return Some(generation);
            }
        }
        self.at = start;
        None
    }

    fn name(&mut self) -> Result<()> {
        let start = self.at;
        self.at += 1;
        let token = self.regular("pdf_name_bytes")?;
        let is_escaped = self.data.get(token).is_some_and(|token| token.contains(&b'#'));
        self.push(Kind::Name, start, is_escaped.into())
    }

    fn regular(&mut self, limit: &'static str) -> Result<Range<usize>> {
        let start = self.at;
        while self.peek().is_some_and(is_regular) {
            self.at += 1;
        }
        let (len, most) = (to_u64(self.at - start), self.bounds.pdf_name_bytes);
        if len > most {
            return Err(Limit::new(limit, most, len).at(self.offset() - len).into());
        }
        Ok(start..self.at)
    }

    fn literal(&mut self) -> Result<()> {
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
                b')' if open == 1 => return self.push(Kind::String, start, 0),
                b')' => open -= 1,
                _ => {}
            }
        }
        Err(self.fault(ErrorCode::PdfSyntax))
    }

    fn hexadecimal(&mut self) -> Result<()> {
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
        self.push(Kind::String, start, 0)
    }

    fn array(&mut self, depth: u64) -> Result<()> {
        let place = self.items.len();
        self.push(Kind::Array, self.at, 0)?;
        self.at += 1;
        loop {
            self.skip_space();
            if self.take(b"]") {
                return self.close(place);
            }
            self.nested(depth + 1)?;
        }
    }

    fn entries(&mut self, depth: u64) -> Result<()> {
        let place = self.items.len();
        self.push(Kind::Dictionary, self.at, 0)?;
        self.at += 2;
        let mut count = 0_usize;
        loop {
            self.skip_space();
            if self.take(b">>") {
                break;
            }
            if self.peek() != Some(b'/') {
                return Err(self.fault(ErrorCode::PdfSyntax));
            }
            self.name()?;
            self.nested(depth + 1)?;
            count += 1;
        }
        self.close(place)?;
        let _charge = if count > MANY_KEYS { Some(self.bounds.charge(count * size_of::<u32>())?) } else { None };
        let object = self.data.get(self.origin..).unwrap_or_default();
        if let Some(second) = contradiction(&self.items, object, place, &mut self.keys) {
            let offset = self.base.saturating_add(to_u64(self.origin + second));
            let fault = Malformed { object: self.object, ..Malformed::at(ErrorCode::PdfDuplicateKey, offset) };
            return Err(fault.into());
        }
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

// Most objects have no more; large ones grow by a MiB.
const USUAL_ITEMS: usize = 32;
const MOST_MORE_ITEMS: usize = (1 << 20) / size_of::<Item>();

// What finding keys that stand twice takes is counted from here on.
const MANY_KEYS: usize = 1_024;
