//! Reads PDF documents: bytes in, objects out, nothing changed and nothing repaired unasked.
//!
//! What comes in is a [`Source`](crate::Source); what goes out are the objects somebody asked for, each with
//! the bytes it came from, so that an update can splice instead of writing anew. Decided here and nowhere
//! else: which object a number means, where a revision ends, and which faults of a file are tolerated.
//!
//! Tolerated, because common readers agree on the meaning: white space before `xref` and before `n g obj`;
//! lines of a table that end otherwise, but in a line end; an oldest table of several subsections; compressed data
//! that lack nothing but their checksum or end mark. Read, but not signed without recovery: other lines; `Size` below
//! the numbers in use; `Prev 0`; an oldest table whose first subsection starts at 1 although its first entry is that
//! of object 0. All else is refused with its offset.

mod bounds;
mod document;
mod filter;
mod form;
mod lex;
mod object;
mod object_stream;
mod pages;
mod rebuild;
mod revision;
mod same;
mod string;
mod tail;
mod tape;
pub(crate) mod text;
pub(crate) mod update;
mod window;
mod xref;

#[cfg(test)]
mod tests;

pub(crate) use bounds::Charge;
pub(crate) use document::{Document, History};
pub(crate) use form::{Field, FieldKind, Form, Value, fields};
pub(crate) use object::{Array, Dictionary, Object, Reference, decoded};
pub(crate) use pages::{PageNumbers, first_page, last_page, page_number, page_tree, way_to_first_page};
pub(crate) use same::{changed_keys, is_same};
pub(crate) use tail::find;
pub(crate) use xref::{Entry, SectionKind};

pub(crate) use filter::decode_described;

/// What to do with a document whose cross-references are broken.
// Complete: a third way would be a guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Recovery {
    /// Refuse it, with the offset of the first thing that is wrong.
    #[default]
    Refuse,
    /// Lift the check for bytes after the end, and find the objects by scanning where the cross-references lead nowhere. An update then carries a complete cross-reference section.
    Rebuild,
}
