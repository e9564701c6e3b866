//! An object as it was read: its bytes, and a list of what stands where in them.
//!
//! All of an object is one list in the order of the file, each array and dictionary before what is in it. An item
//! takes 16 bytes, whatever it is: what it means is read from the bytes when somebody asks.

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;

use super::bounds::Charge;
use super::object::{Array, Dictionary, Name, Object, Reference, decoded};
use super::string::PdfString;
use crate::source::Bytes;

/// All items of one object, and the bytes that they came from.
#[derive(Debug)]
pub(crate) struct Tape {
    bytes: Bytes,
    items: Vec<Item>,
    charge: Charge,
}

/// Something that stands in an object.
#[derive(Debug, Clone, Copy)]
pub(super) struct Item {
    pub(super) kind: Kind,
    /// Where it stands, counted from the beginning of the object.
    pub(super) start: u32,
    pub(super) end: u32,
    /// Of an array or dictionary how many items are inside; of a whole number its value, of a reference the object, of
    /// a name whether anything is escaped.
    pub(super) more: u32,
}

/// What an item is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Null,
    Boolean(bool),
    /// A whole number that is `more`.
    Integer,
    /// A whole number that is not.
    WideInteger,
    Real,
    Name,
    String,
    Array,
    Dictionary,
    /// A reference with this generation.
    Reference(u16),
}

impl Tape {
    /// What stands in `bytes`, the first of `items` all of it.
    pub(super) fn new(bytes: Bytes, items: Vec<Item>, charge: Charge) -> Self {
        Tape { bytes, items, charge }
    }

    /// What stands at `at`.
    pub(super) fn object(tape: &Arc<Tape>, at: usize) -> Object {
        let Some(item) = tape.items.get(at) else { return Object::Null };
        let token = || tape.bytes.slice(item.span());
        match item.kind {
            Kind::Null => Object::Null,
            Kind::Boolean(value) => Object::Boolean(value),
            Kind::Integer => Object::Integer(i64::from(item.more)),
            Kind::WideInteger => {
                let text = std::str::from_utf8(tape.raw(at)).ok();
                text.and_then(|text| text.parse().ok()).map_or(Object::Null, Object::Integer)
            }
            Kind::Real => Object::Real(token()),
            Kind::Name => Object::Name(Name::from_token(tape.bytes.slice(item.span().start + 1..item.span().end))),
            Kind::String => Object::String(PdfString::new(token())),
            Kind::Array => Object::Array(Array::new(Arc::clone(tape), at)),
            Kind::Dictionary => Object::Dictionary(Dictionary::new(Arc::clone(tape), at)),
            Kind::Reference(generation) => Object::Reference(Reference { number: item.more, generation }),
        }
    }

    /// The bytes of the item at `at`.
    pub(super) fn raw(&self, at: usize) -> &[u8] {
        let span = self.items.get(at).map_or(0..0, |item| item.span());
        self.bytes.get(span).unwrap_or_default()
    }

    /// Where the item at `at` stands, counted from the beginning of the one at `outer`.
    pub(super) fn span_within(&self, at: usize, outer: usize) -> Range<usize> {
        let origin = self.items.get(outer).map_or(0, |item| item.span().start);
        let span = self.items.get(at).map_or(0..0, |item| item.span());
        span.start.saturating_sub(origin)..span.end.saturating_sub(origin)
    }

    /// The name at `at`.
    pub(super) fn name(&self, at: usize) -> Cow<'_, [u8]> {
        name(&self.items, &self.bytes, at)
    }

    /// Whether a name stands at `at`, and this one.
    pub(super) fn is_name(&self, at: usize, wanted: &[u8]) -> bool {
        self.items.get(at).is_some_and(|item| item.kind == Kind::Name) && *self.name(at) == *wanted
    }

    /// Where the keys of the dictionary at `at` stand; the value comes right after its key.
    pub(super) fn keys(&self, at: usize) -> impl Iterator<Item = usize> {
        keys(&self.items, at)
    }

    /// Where the value of `key` in the dictionary at `at` stands.
    pub(super) fn find(&self, at: usize, key: &[u8]) -> Option<usize> {
        self.keys(at).find(|name| *self.name(*name) == *key).map(|name| name + 1)
    }

    /// All references inside of the item at `at`.
    pub(super) fn references(&self, at: usize) -> impl Iterator<Item = Reference> {
        let inside = self.items.get(inside(&self.items, at)).unwrap_or_default();
        inside.iter().filter_map(|item| match item.kind {
            Kind::Reference(generation) => Some(Reference { number: item.more, generation }),
            _ => None,
        })
    }

    /// Whether nothing but references and null is inside of the item at `at`.
    pub(super) fn is_of_references(&self, at: usize) -> bool {
        let inside = self.items.get(inside(&self.items, at)).unwrap_or_default();
        inside.iter().all(|item| matches!(item.kind, Kind::Reference(_) | Kind::Null))
    }

    /// Bytes of memory that it takes.
    pub(super) fn held_bytes(&self) -> usize {
        self.charge.bytes()
    }
}

impl Item {
    /// Where it stands, counted from the beginning of the object.
    pub(super) fn span(&self) -> Range<usize> {
        index(self.start)..index(self.end)
    }
}

/// The elements of an array, one after the other.
#[derive(Debug, Clone)]
pub(crate) struct Items {
    tape: Arc<Tape>,
    left: Range<usize>,
}

impl Items {
    /// What is in the array at `at` of `tape`.
    pub(super) fn inside(tape: &Arc<Tape>, at: usize) -> Self {
        Items { tape: Arc::clone(tape), left: inside(&tape.items, at) }
    }
}

impl Iterator for Items {
    type Item = Object;

    fn next(&mut self) -> Option<Object> {
        if self.left.is_empty() {
            return None;
        }
        let at = self.left.start;
        self.left.start = after(&self.tape.items, at);
        Some(Tape::object(&self.tape, at))
    }
}

/// Where the second value of a key stands that has two different ones in the dictionary at `at`.
///
/// `bytes` begin where the object does; `order` is room for the places of the keys.
pub(super) fn contradiction(items: &[Item], bytes: &[u8], at: usize, order: &mut Vec<u32>) -> Option<usize> {
    let key = |at: &u32| name(items, bytes, index(*at));
    order.clear();
    order.extend(keys(items, at).filter_map(|key| u32::try_from(key).ok()));
    // Nearly all are small, and nearly none has a key twice.
    let twice = |n: usize, name: &u32| order.iter().take(n).any(|before| key(before) == key(name));
    if order.len() <= FEW && !order.iter().enumerate().any(|(n, name)| twice(n, name)) {
        return None;
    }
    order.sort_unstable_by(|a, b| key(a).cmp(&key(b)).then(a.cmp(b)));
    let value = |key: &u32| items.get(index(*key) + 1);
    let raw = |key: &u32| value(key).and_then(|item| bytes.get(item.span())).unwrap_or_default();
    let mut pairs = order.iter().zip(order.iter().skip(1));
    let (_, second) = pairs.find(|(a, b)| key(a) == key(b) && raw(a) != raw(b))?;
    value(second).map(|item| item.span().start)
}

fn keys(items: &[Item], at: usize) -> impl Iterator<Item = usize> {
    let mut left = inside(items, at);
    std::iter::from_fn(move || {
        let key = left.start;
        if left.is_empty() {
            return None;
        }
        left.start = after(items, key + 1);
        Some(key)
    })
}

/// Where that stands which is inside of the item at `at`.
fn inside(items: &[Item], at: usize) -> Range<usize> {
    at + 1..after(items, at)
}

/// Where the item after the one at `at` and all inside of it stands.
fn after(items: &[Item], at: usize) -> usize {
    match items.get(at) {
        Some(Item { kind: Kind::Array | Kind::Dictionary, more, .. }) => at + 1 + index(*more),
        _ => at + 1,
    }
}

/// What the name at `at` means.
fn name<'a>(items: &[Item], bytes: &'a [u8], at: usize) -> Cow<'a, [u8]> {
    let Some(item) = items.get(at) else { return Cow::Borrowed(&[]) };
    let token = bytes.get(item.span()).and_then(|token| token.get(1..)).unwrap_or_default();
    if item.more == 0 { Cow::Borrowed(token) } else { decoded(token) }
}

fn index(n: u32) -> usize {
    usize::try_from(n).unwrap_or(usize::MAX)
}

// Up to so many entries, comparing each with each takes less than sorting.
const FEW: usize = 16;
