//! Why a value does not fit its type, as facts: serde's own errors are words, and may repeat what was read.

use std::fmt;

use serde::de::{Expected, Unexpected};

use crate::error::Slip;

/// What is wrong, and where.
#[derive(Debug, Default)]
pub(super) struct Fault {
    pub(super) path: String,
    /// `None` where nothing more can be said.
    pub(super) slip: Option<Slip>,
}

impl Fault {
    fn new(slip: Slip) -> Self {
        Fault { path: String::new(), slip: Some(slip) }
    }

    /// The same, in the value of the field `name`.
    pub(super) fn within(self, name: &str) -> Self {
        // A long name says no more than its beginning.
        let name: String = name.chars().take(64).collect();
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        Fault { path: format!("{name}{dot}{}", self.path), ..self }
    }

    /// The same, in the item `index` of a list.
    pub(super) fn at(self, index: usize) -> Self {
        let dot = if self.path.is_empty() || self.path.starts_with('[') { "" } else { "." };
        Fault { path: format!("[{index}]{dot}{}", self.path), ..self }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl std::error::Error for Fault {}

impl serde::de::Error for Fault {
    // Its words may hold a value.
    fn custom<T: fmt::Display>(_: T) -> Self {
        Fault::default()
    }

    fn invalid_type(found: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Fault::new(Slip::Kind { wanted: in_words(wanted), found: kind(found) })
    }

    fn invalid_value(_: Unexpected<'_>, wanted: &dyn Expected) -> Self {
        Fault::new(Slip::Not(in_words(wanted)))
    }

    fn invalid_length(_: usize, wanted: &dyn Expected) -> Self {
        Fault::new(Slip::Not(in_words(wanted)))
    }

    fn unknown_variant(_: &str, known: &'static [&'static str]) -> Self {
        Fault::new(Slip::Not(format!("one of {}", known.join(", "))))
    }

    fn unknown_field(name: &str, known: &'static [&'static str]) -> Self {
        let known = known.iter().map(|name| (*name).to_owned()).collect();
        Fault::new(Slip::UnknownName { name: name.to_owned(), known })
    }

    fn missing_field(name: &'static str) -> Self {
        Fault::new(Slip::MissingName(name.to_owned()))
    }

    fn duplicate_field(name: &'static str) -> Self {
        Fault::new(Slip::TwiceName(name.to_owned()))
    }
}

/// What a type wants, as a person would say it.
fn in_words(wanted: &dyn Expected) -> String {
    let text = wanted.to_string();
    match text.as_str() {
        "a string" | "a borrowed string" => "text".to_owned(),
        "a sequence" => "a list".to_owned(),
        "a boolean" => "true or false".to_owned(),
        "i8" | "i16" | "i32" | "i64" | "u8" | "u16" | "u32" | "u64" | "usize" => "a number".to_owned(),
        _ if text.starts_with("struct ") || text == "a map" => "an object".to_owned(),
        _ => text,
    }
}

fn kind(found: Unexpected<'_>) -> &'static str {
    match found {
        Unexpected::Bool(_) => "true or false",
        Unexpected::Unsigned(_) | Unexpected::Signed(_) | Unexpected::Float(_) => "a number",
        Unexpected::Char(_) | Unexpected::Str(_) | Unexpected::Bytes(_) => "text",
        Unexpected::Unit | Unexpected::Option => "null",
        Unexpected::Seq => "a list",
        Unexpected::Map => "an object",
        _ => "of another kind",
    }
}
