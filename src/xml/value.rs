//! From what is written to what it means: ends of lines, references, CDATA sections, white space of attributes.

use std::borrow::Cow;

use super::chars::is_char;
use crate::error::ErrorCode;

/// What stands between tags, or between the quotation marks of an attribute.
// Complete: the two places of a document that hold values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Content,
    Attribute,
}

/// A stretch of a value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// As it is written.
    Text(&'a str),
    /// One character that is written otherwise.
    Char(char),
}

/// Goes through what is written and gives what it means.
pub(super) struct Pieces<'a> {
    rest: &'a str,
    place: Place,
    /// What is left of a CDATA section.
    section: Option<&'a str>,
}

impl<'a> Pieces<'a> {
    pub(super) fn new(written: &'a str, place: Place) -> Self {
        Pieces { rest: written, place, section: None }
    }

    /// The bytes that are not what they mean.
    fn is_special(&self, byte: u8) -> bool {
        match (self.section, self.place) {
            (Some(_), _) => byte == b'\r',
            (None, Place::Content) => matches!(byte, b'\r' | b'&' | b'<'),
            (None, Place::Attribute) => matches!(byte, b'\r' | b'&' | b'\n' | b'\t'),
        }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        loop {
            if self.section == Some("") {
                self.section = None;
            }
            let rest = self.section.unwrap_or(self.rest);
            if rest.is_empty() {
                return None;
            }
            let len = rest.bytes().position(|byte| self.is_special(byte)).unwrap_or(rest.len());
            let (piece, used) = if len > 0 {
                (Piece::Text(rest.get(..len)?), len)
            } else if let Some(body) = rest.strip_prefix(SECTION).filter(|_| self.section.is_none()) {
                let len = body.find(SECTION_END)?;
                self.section = body.get(..len);
                self.rest = body.get(len..)?.strip_prefix(SECTION_END)?;
                continue;
            } else {
                special(rest, self.place)?
            };
            let after = rest.get(used..)?;
            match &mut self.section {
                Some(section) => *section = after,
                None => self.rest = after,
            }
            return Some(piece);
        }
    }
}

pub(super) const SECTION: &str = "<![CDATA[";
pub(super) const SECTION_END: &str = "]]>";

/// The character that `rest` begins with, and how many bytes say it.
fn special<'a>(rest: &str, place: Place) -> Option<(Piece<'a>, usize)> {
    let line_end = match place {
        Place::Content => '\n',
        Place::Attribute => ' ',
    };
    if rest.starts_with("\r\n") {
        Some((Piece::Char(line_end), 2))
    } else if rest.starts_with(['\r', '\n']) {
        Some((Piece::Char(line_end), 1))
    } else if rest.starts_with('\t') {
        Some((Piece::Char(' '), 1))
    } else {
        let (c, len) = reference(rest).ok()?;
        Some((Piece::Char(c), len))
    }
}

/// The character that a reference at the beginning of `rest` stands for, and the reference's length.
pub(super) fn reference(rest: &str) -> Result<(char, usize), ErrorCode> {
    // The longest is `&#x10FFFF;`, but zeros may stand before.
    let body = rest.strip_prefix('&').ok_or(ErrorCode::XmlSyntax)?;
    let len = body.bytes().position(|byte| !(byte.is_ascii_alphanumeric() || byte == b'#')).unwrap_or(body.len());
    let (name, after) = body.split_at_checked(len).ok_or(ErrorCode::XmlSyntax)?;
    let c = match name {
        "amp" => '&',
        "lt" => '<',
        "gt" => '>',
        "quot" => '"',
        "apos" => '\'',
        _ => numbered(name)?,
    };
    if !after.starts_with(';') {
        return Err(ErrorCode::XmlSyntax);
    }
    Ok((c, len.saturating_add(2)))
}

fn numbered(name: &str) -> Result<char, ErrorCode> {
    let Some(number) = name.strip_prefix('#') else {
        // A name that XML does not define itself could only come from a document type declaration.
        let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic());
        return Err(if is_name { ErrorCode::XmlDoctype } else { ErrorCode::XmlSyntax });
    };
    let (digits, radix) = match number.strip_prefix('x') {
        Some(digits) => (digits, 16),
        None => (number, 10),
    };
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(ErrorCode::XmlSyntax);
    }
    let code = u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
    code.filter(|c| is_char(*c)).ok_or(ErrorCode::XmlEncoding)
}

/// The whole value; borrowed where it means what is written.
pub(super) fn value(written: &str, place: Place) -> Cow<'_, str> {
    let mut pieces = Pieces::new(written, place);
    match pieces.next() {
        None => Cow::Borrowed(""),
        Some(Piece::Text(all)) if all.len() == written.len() => Cow::Borrowed(written),
        Some(first) => {
            let mut whole = String::with_capacity(written.len());
            for piece in std::iter::once(first).chain(pieces) {
                match piece {
                    Piece::Text(text) => whole.push_str(text),
                    Piece::Char(c) => whole.push(c),
                }
            }
            Cow::Owned(whole)
        }
    }
}
