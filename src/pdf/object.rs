//! What a PDF is made of: values that keep the bytes they came from.
//!
//! An object is kept as it was read, on a tape (`tape.rs`); the values here are views of it, made when they are
//! asked for and cheap to clone.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;

use super::string::PdfString;
use super::tape::{Items, Tape};
use crate::source::Bytes;

/// A PDF object. Cheap to clone.
// Complete: ISO 32000-1, 7.3 has no others.
#[derive(Debug, Clone)]
pub(crate) enum Object {
    /// `null`, or an object that is not there.
    Null,
    /// `true` or `false`.
    Boolean(bool),
    /// A whole number.
    Integer(i64),
    /// Any other number, as it stands in the file.
    Real(Bytes),
    /// `/Name`.
    Name(Name),
    /// `(text)` or `<74657874>`.
    String(PdfString),
    /// `[ … ]`.
    Array(Array),
    /// `<< … >>`.
    Dictionary(Dictionary),
    /// A dictionary with data after it.
    Stream(Stream),
    /// `12 0 R`.
    Reference(Reference),
}

impl Object {
    /// Whether it is `null`.
    pub(crate) fn is_null(&self) -> bool {
        matches!(self, Object::Null)
    }

    /// The whole number it is.
    pub(crate) fn as_integer(&self) -> Option<i64> {
        match self {
            Object::Integer(value) => Some(*value),
            _ => None,
        }
    }

    /// The number it is, whole or not.
    pub(crate) fn to_number(&self) -> Option<f64> {
        match self {
            Object::Integer(value) => i32::try_from(*value).ok().map(f64::from),
            Object::Real(raw) => std::str::from_utf8(raw).ok()?.parse().ok(),
            _ => None,
        }
    }

    /// The reference it is.
    pub(crate) fn as_reference(&self) -> Option<Reference> {
        match self {
            Object::Reference(reference) => Some(*reference),
            _ => None,
        }
    }

    /// Bytes of memory that it keeps.
    pub(crate) fn held_bytes(&self) -> usize {
        match self {
            Object::Array(Array { tape, .. })
            | Object::Dictionary(Dictionary { tape, .. })
            | Object::Stream(Stream { dictionary: Dictionary { tape, .. }, .. }) => tape.held_bytes(),
            _ => 0,
        }
    }
}

/// A name, decoded: `#20` is a space.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Name(Bytes);

impl Name {
    /// The name that stands after the solidus as `token`.
    pub(crate) fn from_token(token: Bytes) -> Self {
        match decoded(&token) {
            Cow::Borrowed(_) => Name(token),
            Cow::Owned(bytes) => Name(Bytes::from(bytes)),
        }
    }

    /// The decoded bytes.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl PartialEq<str> for Name {
    fn eq(&self, other: &str) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "/{}", self.as_bytes().escape_ascii())
    }
}

/// Number and generation of an indirect object.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Reference {
    /// Object number.
    pub(crate) number: u32,
    /// Generation.
    pub(crate) generation: u16,
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} R", self.number, self.generation)
    }
}

/// What the token of a name means: `#20` is a space.
pub(crate) fn decoded(token: &[u8]) -> Cow<'_, [u8]> {
    if !token.contains(&b'#') {
        return Cow::Borrowed(token);
    }
    let mut bytes = Vec::with_capacity(token.len());
    let mut rest = token;
    while let Some((&first, after)) = rest.split_first() {
        let escaped = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
        let value = escaped
            .filter(|two| first == b'#' && two.bytes().all(|b| b.is_ascii_hexdigit()))
            .and_then(|two| u8::from_str_radix(two, 16).ok());
        bytes.push(value.unwrap_or(first));
        rest = if value.is_some() { after.get(2..).unwrap_or_default() } else { after };
    }
    Cow::Owned(bytes)
}

/// An array and its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Array {
    tape: Arc<Tape>,
    at: usize,
}

impl Array {
    /// The array that stands at `at` of `tape`.
    pub(super) fn new(tape: Arc<Tape>, at: usize) -> Self {
        Array { tape, at }
    }

    /// Its elements.
    pub(crate) fn items(&self) -> Items {
        Items::inside(&self.tape, self.at)
    }

    /// All references in it, however deep.
    pub(crate) fn references(&self) -> impl Iterator<Item = Reference> {
        self.tape.references(self.at)
    }

    /// Whether all its elements are references, or null, which stands for none.
    pub(crate) fn is_of_references(&self) -> bool {
        self.tape.is_of_references(self.at)
    }

    /// Its bytes, with brackets.
    pub(crate) fn raw(&self) -> &[u8] {
        self.tape.raw(self.at)
    }

    /// Its bytes with `item` as last element, all else byte for byte.
    pub(crate) fn with_appended(&self, item: &[u8]) -> Vec<u8> {
        let raw = self.raw();
        let body = raw.strip_suffix(b"]").unwrap_or(raw);
        let mut bytes = Vec::with_capacity(raw.len() + item.len() + 1);
        bytes.extend_from_slice(body);
        if self.items().next().is_some() {
            bytes.push(b' ');
        }
        bytes.extend_from_slice(item);
        bytes.push(b']');
        bytes
    }
}

/// A dictionary and its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Dictionary {
    tape: Arc<Tape>,
    at: usize,
}

impl Dictionary {
    /// The dictionary that stands at `at` of `tape`.
    pub(super) fn new(tape: Arc<Tape>, at: usize) -> Self {
        Dictionary { tape, at }
    }

    /// Its bytes, from `<<` to `>>`.
    pub(crate) fn raw(&self) -> &[u8] {
        self.tape.raw(self.at)
    }

    /// The value of `key`, not resolved.
    pub(crate) fn get(&self, key: &str) -> Option<Object> {
        self.tape.find(self.at, key.as_bytes()).map(|value| Tape::object(&self.tape, value))
    }

    /// The value of `key` where that is a reference.
    pub(crate) fn reference(&self, key: &str) -> Option<Reference> {
        self.get(key)?.as_reference()
    }

    /// The value of `key` where that is a whole number.
    pub(crate) fn integer(&self, key: &str) -> Option<i64> {
        self.get(key)?.as_integer()
    }

    /// All references in it, however deep.
    pub(crate) fn references(&self) -> impl Iterator<Item = Reference> {
        self.tape.references(self.at)
    }

    /// Keys and values in the order of the file.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (Name, Object)> {
        let name = |at| match Tape::object(&self.tape, at) {
            Object::Name(name) => name,
            _ => Name(Bytes::default()),
        };
        self.tape.keys(self.at).map(move |key| (name(key), Tape::object(&self.tape, key + 1)))
    }

    /// Keys and the bytes of their values, in the order of the file.
    pub(crate) fn raw_entries(&self) -> impl Iterator<Item = (Cow<'_, [u8]>, &[u8])> {
        self.tape.keys(self.at).map(|key| (self.tape.name(key), self.tape.raw(key + 1)))
    }

    /// Whether `/Type` is `name`.
    pub(crate) fn is_type(&self, name: &str) -> bool {
        self.tape.find(self.at, b"Type").is_some_and(|value| self.tape.is_name(value, name.as_bytes()))
    }

    /// Its bytes with the value of each key in `changes` replaced, and missing keys added at the end; all else
    /// byte for byte. Keys are written as they are, so they must need no escape.
    pub(crate) fn with(&self, changes: &[(&str, &[u8])]) -> Vec<u8> {
        let raw = self.raw();
        let more: usize = changes.iter().map(|(key, value)| key.len() + value.len() + 4).sum();
        let mut bytes = Vec::with_capacity(raw.len() + more);
        let mut from = 0;
        for key in self.tape.keys(self.at) {
            let Some((_, value)) = changes.iter().find(|(name, _)| self.tape.is_name(key, name.as_bytes())) else {
                continue;
            };
            let span = self.tape.span_within(key + 1, self.at);
            bytes.extend_from_slice(raw.get(from..span.start).unwrap_or_default());
            if bytes.last().is_some_and(|last| !super::lex::is_white(*last)) {
                bytes.push(b' ');
            }
            bytes.extend_from_slice(value);
            from = span.end;
        }
        let end = raw.len().saturating_sub(2);
        bytes.extend_from_slice(raw.get(from..end).unwrap_or_default());
        for (key, value) in changes.iter().filter(|(key, _)| self.tape.find(self.at, key.as_bytes()).is_none()) {
            bytes.extend_from_slice(b"\n/");
            bytes.extend_from_slice(key.as_bytes());
            bytes.push(b' ');
            bytes.extend_from_slice(value);
        }
        bytes.extend_from_slice(b">>");
        bytes
    }
}

/// A stream: its dictionary, and where its data begin in the file.
#[derive(Debug, Clone)]
pub(crate) struct Stream {
    /// The dictionary before the data.
    pub(crate) dictionary: Dictionary,
    /// Offset of the first byte of data.
    pub(crate) start: u64,
    /// Object number.
    pub(crate) number: u32,
}

#[cfg(test)]
mod tests {
    use super::super::bounds::Bounds;
    use super::super::lex::Parser;
    use super::*;
    use crate::Limits;

    fn parse(text: &str) -> Object {
        let bytes = Bytes::from(text.as_bytes().to_vec());
        let bounds = Bounds::new(&Limits::default());
        let mut parser = Parser::new(&bytes, 0, &bounds);
        parser.object().unwrap()
    }

    #[test]
    fn changes_a_dictionary_and_leaves_all_else() {
        let Object::Dictionary(dictionary) = parse("<</A(x)/B 5%c\n/C<</A 1>>/D/E>>") else { panic!() };
        let changed = dictionary.with(&[("A", b"7 0 R"), ("C", b"[]"), ("D", b"null"), ("New", b"/N")]);
        assert_eq!(changed, b"<</A 7 0 R/B 5%c\n/C []/D null\n/New /N>>");
        assert_eq!(dictionary.with(&[]), dictionary.raw());
        assert_eq!(dictionary.raw_entries().nth(2).map(|(_, value)| value), Some(b"<</A 1>>".as_slice()));
        let Object::Dictionary(twice) = parse("<</A 1/A 1>>") else { panic!() };
        assert_eq!(twice.with(&[("A", b"2")]), b"<</A 2/A 2>>");
        let Object::Dictionary(empty) = parse("<<>>") else { panic!() };
        assert_eq!(empty.with(&[("A", b"2")]), b"<<\n/A 2>>");
    }

    #[test]
    fn appends_to_an_array() {
        let Object::Array(array) = parse("[1 0 R%c\n]") else { panic!() };
        assert_eq!(array.with_appended(b"2 0 R"), b"[1 0 R%c\n 2 0 R]");
        let Object::Array(empty) = parse("[ ]") else { panic!() };
        assert_eq!(empty.with_appended(b"2 0 R"), b"[ 2 0 R]");
    }

    #[test]
    fn decodes_names() {
        let Object::Name(name) = parse("/A#20B#4#zz#4e") else { panic!() };
        assert_eq!(name.as_bytes(), b"A B#4#zzN");
        assert!(matches!(parse("/"), Object::Name(name) if name.as_bytes().is_empty()));
    }

    #[test]
    fn tells_numbers_from_references() {
        let Object::Array(array) = parse("[1 0 R 1 0 +5 -07 4. -.5 1 2 3 R]") else { panic!() };
        let kinds: Vec<_> = array
            .items()
            .map(|item| match item {
                Object::Integer(value) => format!("i{value}"),
                Object::Real(text) => format!("r{}", text.escape_ascii()),
                Object::Reference(reference) => reference.to_string(),
                other => format!("{other:?}"),
            })
            .collect();
        assert_eq!(kinds, ["1 0 R", "i1", "i0", "i5", "i-7", "r4.", "r-.5", "i1", "2 3 R"]);
    }
}
