//! Reads XML into a tree that keeps offsets, and writes its canonical forms.
//!
//! What comes in are bytes of anybody's making; what goes out are elements with their namespaces, where each
//! stands in the bytes, and the octets of Canonical XML 1.0, 1.1 and exclusive, which signatures are made over.
//! Decided here and nowhere else: what is well-formed, which element an Id means, what is inherited by a part.
//!
//! Everything that lets two readers see two documents is refused: another encoding than UTF-8, any document type
//! declaration, entities of one's own, relative namespaces, an Id given twice. Nothing here recurses, and the
//! time is linear in the bytes: names are few per element and namespaces few per place, by
//! [`Limits`](crate::Limits).

mod canonical;
mod chars;
mod escape;
mod method;
mod parse;
mod scan;
mod scope;
mod span;
mod tree;
mod value;

#[cfg(test)]
mod tests;

pub(crate) use canonical::{canonical, canonical_document, canonical_subset};
pub(crate) use chars::is_xml_text;
pub(crate) use escape::{escape_attribute, escape_text};
pub(crate) use method::{Form, Method};
pub(crate) use tree::{Document, Element};

pub use method::Canonicalization;

/// The namespace of the prefix `xml`, which needs no declaration.
pub(crate) const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace of the prefix `xmlns`, which can't be declared.
const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";
