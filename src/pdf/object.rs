//! What a PDF is made of: values that keep the bytes they came from.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::string::PdfString;
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
}

/// A name, decoded: `#20` is a space.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Name(Bytes);

impl Name {
    /// The name that stands after the solidus as `token`.
    pub(crate) fn from_token(token: Bytes) -> Self {
        if !token.contains(&b'#') {
            return Name(token);
        }
        let mut bytes = Vec::with_capacity(token.len());
        let mut rest: &[u8] = &token;
        while let Some((&first, after)) = rest.split_first() {
            let escaped = after.get(..2).and_then(|two| std::str::from_utf8(two).ok());
            let value = escaped
                .filter(|two| first == b'#' && two.bytes().all(|b| b.is_ascii_hexdigit()))
                .and_then(|two| u8::from_str_radix(two, 16).ok());
            bytes.push(value.unwrap_or(first));
            rest = if value.is_some() { after.get(2..).unwrap_or_default() } else { after };
        }
        Name(Bytes::from(bytes))
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

/// An array and its bytes.
#[derive(Debug, Clone)]
pub(crate) struct Array {
    raw: Bytes,
    items: Arc<[Object]>,
}

impl Array {
    /// The array that stands as `raw`.
    pub(crate) fn new(raw: Bytes, items: Vec<Object>) -> Self {
        Array { raw, items: items.into() }
    }

    /// Its elements.
    pub(crate) fn items(&self) -> &[Object] {
        &self.items
    }

    /// Its bytes, with brackets.
    pub(crate) fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// Its bytes with `item` as last element, all else byte for byte.
    pub(crate) fn with_appended(&self, item: &[u8]) -> Vec<u8> {
        let body = self.raw.strip_suffix(b"]").unwrap_or(&self.raw);
        let mut bytes = Vec::with_capacity(self.raw.len() + item.len() + 1);
        bytes.extend_from_slice(body);
        if !self.items.is_empty() {
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
    raw: Bytes,
    entries: Arc<[(Name, Range<usize>, Object)]>,
}

impl Dictionary {
    /// The dictionary that stands as `raw`; the ranges of its values count from there.
    pub(crate) fn new(raw: Bytes, entries: Vec<(Name, Range<usize>, Object)>) -> Self {
        Dictionary { raw, entries: entries.into() }
    }

    /// Its bytes, from `<<` to `>>`.
    pub(crate) fn raw(&self) -> &[u8] {
        &self.raw
    }

    /// The value of `key`, not resolved.
    pub(crate) fn get(&self, key: &str) -> Option<&Object> {
        self.entries.iter().find(|(name, _, _)| name == key).map(|(_, _, value)| value)
    }

    /// Keys and values in the order of the file.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (&Name, &Object)> {
        self.entries.iter().map(|(name, _, value)| (name, value))
    }

    /// Keys and the bytes of their values, in the order of the file.
    pub(crate) fn raw_entries(&self) -> impl Iterator<Item = (&Name, &[u8])> {
        self.entries.iter().map(|(name, span, _)| (name, self.raw.get(span.clone()).unwrap_or_default()))
    }

    /// Whether `/Type` is `name`.
    pub(crate) fn is_type(&self, name: &str) -> bool {
        matches!(self.get("Type"), Some(Object::Name(found)) if found == name)
    }

    /// Its bytes with the value of each key in `changes` replaced, and missing keys added at the end; all else
    /// byte for byte. Keys are written as they are, so they must need no escape.
    pub(crate) fn with(&self, changes: &[(&str, &[u8])]) -> Vec<u8> {
        let more: usize = changes.iter().map(|(key, value)| key.len() + value.len() + 4).sum();
        let mut bytes = Vec::with_capacity(self.raw.len() + more);
        let mut from = 0;
        for (name, span, _) in self.entries.iter() {
            let Some((_, value)) = changes.iter().find(|(key, _)| name == *key) else { continue };
            bytes.extend_from_slice(self.raw.get(from..span.start).unwrap_or_default());
            if bytes.last().is_some_and(|last| !super::lex::is_white(*last)) {
                bytes.push(b' ');
            }
            bytes.extend_from_slice(value);
            from = span.end;
        }
        let end = self.raw.len().saturating_sub(2);
        bytes.extend_from_slice(self.raw.get(from..end).unwrap_or_default());
        for (key, value) in changes.iter().filter(|(key, _)| self.get(key).is_none()) {
            bytes.extend_from_slice(b"\n/");
            bytes.extend_from_slice(key.as_bytes());
            bytes.push(b' ');
            bytes.extend_from_slice(value);
        }
        bytes.extend_from_slice(b">>");
        bytes
    }

    /// Where the second value of a key stands that has two different ones.
    pub(crate) fn contradiction(&self) -> Option<usize> {
        // Nearly all are small, and nearly none has a key twice.
        let is_small = self.entries.len() <= SMALL;
        let names = || self.entries.iter().map(|(name, _, _)| name.as_bytes());
        if is_small && names().enumerate().all(|(n, name)| !names().take(n).any(|before| before == name)) {
            return None;
        }
        let mut order: Vec<_> = self.entries.iter().map(|(name, span, _)| (name.as_bytes(), span)).collect();
        order.sort_by(|a, b| a.0.cmp(b.0).then(a.1.start.cmp(&b.1.start)));
        let pairs = order.iter().zip(order.iter().skip(1));
        let differ = |a: &Range<usize>, b: &Range<usize>| self.raw.get(a.clone()) != self.raw.get(b.clone());
        pairs.filter(|(a, b)| a.0 == b.0 && differ(a.1, b.1)).map(|(_, b)| b.1.start).next()
    }
}

// Up to so many entries, comparing each with each takes less than sorting.
const SMALL: usize = 16;

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
    use super::super::lex::Parser;
    use super::*;
    use crate::Limits;

    fn parse(text: &str) -> Object {
        let bytes = Bytes::from(text.as_bytes().to_vec());
        let limits = Limits::default();
        let mut parser = Parser::new(&bytes, 0, &limits);
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
            .iter()
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
