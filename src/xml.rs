//! XML: characters, escapes, and the ways to write XML canonically.

use std::fmt;

use crate::error::{Misuse, Result};

/// How the signed parts of a new XML signature are written before they are hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Canonicalization {
    /// Exclusive XML Canonicalization 1.0.
    #[default]
    Exclusive,
    /// Canonical XML 1.1.
    Inclusive11,
}

impl Canonicalization {
    /// The name, such as `exclusive`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Canonicalization::Exclusive => "exclusive",
            Canonicalization::Inclusive11 => "1.1",
        }
    }

    /// The canonicalization named `exclusive` or `1.1`.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        match name {
            "exclusive" => Ok(Canonicalization::Exclusive),
            "1.1" => Ok(Canonicalization::Inclusive11),
            _ => Err(Misuse::new("canonicalization is none of exclusive, 1.1").into()),
        }
    }

    pub(crate) fn method(self) -> Method {
        let form = match self {
            Canonicalization::Exclusive => Form::Exclusive,
            Canonicalization::Inclusive11 => Form::Inclusive11,
        };
        Method { form, comments: false }
    }
}

impl fmt::Display for Canonicalization {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Inclusive10,
    Inclusive11,
    Exclusive,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Method {
    pub(crate) form: Form,
    pub(crate) comments: bool,
}

impl Method {
    pub(crate) fn uri(self) -> &'static str {
        match (self.form, self.comments) {
            (Form::Inclusive10, false) => "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
            (Form::Inclusive10, true) => "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
            (Form::Inclusive11, false) => "http://www.w3.org/2006/12/xml-c14n11",
            (Form::Inclusive11, true) => "http://www.w3.org/2006/12/xml-c14n11#WithComments",
            (Form::Exclusive, false) => "http://www.w3.org/2001/10/xml-exc-c14n#",
            (Form::Exclusive, true) => "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        }
    }
}

/// Whether XML 1.0 can hold the text.
pub(crate) fn is_xml_text(text: &str) -> bool {
    let is_char = |c| matches!(c, '\t' | '\n' | '\r' | ' '..='\u{fffd}' | '\u{1_0000}'..);
    text.chars().all(is_char)
}

/// Appends text as canonical XML writes it between tags.
pub(crate) fn escape_text(text: &str, out: &mut String) {
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '\r' => out.push_str("&#xD;"),
            c => out.push(c),
        }
    }
}
