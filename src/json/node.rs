//! Any JSON as it was written, names that stand there twice included, and its way into a type.

use std::borrow::Cow;
use std::cell::Cell;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Unexpected, Visitor};
use serde::forward_to_deserialize_any;

use super::fault::Fault;

/// A value. Texts are borrowed wherever they can be: they may be secrets.
#[derive(Debug)]
pub(super) enum Node<'a> {
    Null,
    Bool(bool),
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(Cow<'a, str>),
    List(Vec<Node<'a>>),
    Object(Vec<(Cow<'a, str>, Node<'a>)>),
}

/// Why there is no value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reason {
    Syntax,
    Truncated,
    Trailing,
    Deep,
    Large,
}

/// Line and column, both from 1, as far as they are known.
pub(super) fn place_of(error: &serde_json::Error) -> (usize, usize) {
    (error.line(), error.column())
}

impl<'a> Node<'a> {
    /// Reads a value, or says why there is none and where.
    pub(super) fn read(bytes: &'a [u8]) -> Result<Node<'a>, (Reason, (usize, usize))> {
        let room = Cell::new(MOST);
        let mut reader = serde_json::Deserializer::from_slice(bytes);
        let read = Seed(&room).deserialize(&mut reader);
        let reason = |error: &serde_json::Error| match error.classify() {
            serde_json::error::Category::Eof => Reason::Truncated,
            serde_json::error::Category::Data => Reason::Large,
            // The reader has no other name for it.
            _ if error.to_string().starts_with("recursion limit") => Reason::Deep,
            _ => Reason::Syntax,
        };
        let node = read.map_err(|error| (reason(&error), place_of(&error)))?;
        reader.end().map_err(|error| (Reason::Trailing, place_of(&error)))?;
        Ok(node)
    }

    fn kind(&self) -> Unexpected<'_> {
        match self {
            Node::Null => Unexpected::Unit,
            Node::Bool(value) => Unexpected::Bool(*value),
            Node::Unsigned(value) => Unexpected::Unsigned(*value),
            Node::Signed(value) => Unexpected::Signed(*value),
            Node::Float(value) => Unexpected::Float(*value),
            Node::Text(text) => Unexpected::Str(text),
            Node::List(_) => Unexpected::Seq,
            Node::Object(_) => Unexpected::Map,
        }
    }

    pub(super) fn has(&self, name: &str) -> bool {
        matches!(self, Node::Object(fields) if fields.iter().any(|(key, _)| key == name))
    }
}

struct Seed<'r>(&'r Cell<usize>);

impl<'a> DeserializeSeed<'a> for Seed<'_> {
    type Value = Node<'a>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Node<'a>, D::Error> {
        let left = self.0.get().checked_sub(1).ok_or_else(|| D::Error::custom("too many values"))?;
        self.0.set(left);
        deserializer.deserialize_any(self)
    }
}

impl<'a> Visitor<'a> for Seed<'_> {
    type Value = Node<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_unit<E>(self) -> Result<Node<'a>, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Node<'a>, E> {
        Ok(Node::Bool(value))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Node<'a>, E> {
        Ok(Node::Unsigned(value))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Node<'a>, E> {
        Ok(Node::Signed(value))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Node<'a>, E> {
        Ok(Node::Float(value))
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<Node<'a>, E> {
        Ok(Node::Text(Cow::Borrowed(text)))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node<'a>, E> {
        Ok(Node::Text(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut items: A) -> Result<Node<'a>, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element_seed(Seed(self.0))? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut fields: A) -> Result<Node<'a>, A::Error> {
        let mut object = Vec::new();
        while let Some(key) = fields.next_key_seed(Seed(self.0))? {
            let Node::Text(key) = key else { return Err(A::Error::custom("a name is text")) };
            object.push((key, fields.next_value_seed(Seed(self.0))?));
        }
        Ok(Node::Object(object))
    }
}

impl<'de> Deserializer<'de> for &'de Node<'_> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self {
            Node::Null => visitor.visit_unit(),
            Node::Bool(value) => visitor.visit_bool(*value),
            Node::Unsigned(value) => visitor.visit_u64(*value),
            Node::Signed(value) => visitor.visit_i64(*value),
            Node::Float(value) => visitor.visit_f64(*value),
            Node::Text(text) => visitor.visit_borrowed_str(text),
            Node::List(items) => visitor.visit_seq(Items { all: items, next: 0 }),
            Node::Object(fields) => visitor.visit_map(Fields { all: fields, next: 0 }),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        match self {
            Node::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Fault> {
        match self {
            Node::Object(_) => self.deserialize_any(visitor),
            _ => Err(Fault::invalid_type(self.kind(), &visitor)),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map enum identifier ignored_any
    }
}

/// The items of a list; what is wrong with one gets its number.
struct Items<'de, 'a> {
    all: &'de [Node<'a>],
    next: usize,
}

impl<'de> SeqAccess<'de> for Items<'de, '_> {
    type Error = Fault;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        let index = self.next;
        let Some(item) = self.all.get(index) else { return Ok(None) };
        self.next += 1;
        seed.deserialize(item).map(Some).map_err(|fault| fault.at(index))
    }
}

/// The fields of an object; what is wrong with one gets its name.
struct Fields<'de, 'a> {
    all: &'de [(Cow<'a, str>, Node<'a>)],
    next: usize,
}

impl<'de> MapAccess<'de> for Fields<'de, '_> {
    type Error = Fault;

    fn next_key_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Fault> {
        match self.all.get(self.next) {
            Some((name, _)) => seed.deserialize(Name(name)).map(Some),
            None => Ok(None),
        }
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Fault> {
        let Some((name, value)) = self.all.get(self.next) else { return Err(Fault::default()) };
        self.next += 1;
        seed.deserialize(value).map_err(|fault| fault.within(name))
    }
}

/// The name of a field.
struct Name<'de>(&'de str);

impl<'de> Deserializer<'de> for Name<'de> {
    type Error = Fault;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Fault> {
        visitor.visit_borrowed_str(self.0)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
        newtype_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

// What is larger is not taken apart to be explained: 100,000 values take some megabytes.
const MOST: usize = 100_000;
