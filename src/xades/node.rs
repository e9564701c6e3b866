//! Elements of a signature: exactly as many as there may be, and nothing but text where text belongs.

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::DS;
use super::algorithm::digest_from_uri;
use crate::digest::DigestAlgorithm;
use crate::error::{Error, ErrorCode, Malformed, Result};
use crate::xml::Element;

/// The fault that `element` is.
pub(super) fn malformed(element: Element<'_>) -> Error {
    Malformed::at(ErrorCode::XadesMalformed, element.offset()).into()
}

/// The fault that `reference` is.
pub(super) fn bad_reference(reference: Element<'_>) -> Error {
    Malformed::at(ErrorCode::XadesReference, reference.offset()).into()
}

/// The only child of this name, if there is one.
pub(super) fn optional<'a>(parent: Element<'a>, namespace: &str, local: &str) -> Result<Option<Element<'a>>> {
    let mut found = parent.children_named(namespace, local);
    let first = found.next();
    match found.next() {
        Some(second) => Err(malformed(second)),
        None => Ok(first),
    }
}

/// The only child of this name.
pub(super) fn required<'a>(parent: Element<'a>, namespace: &str, local: &str) -> Result<Element<'a>> {
    optional(parent, namespace, local)?.ok_or_else(|| malformed(parent))
}

/// An attribute that must be there.
pub(super) fn attribute<'a>(element: Element<'a>, name: &str) -> Result<&'a str> {
    element.attribute(name).ok_or_else(|| malformed(element))
}

/// The text of an element that holds nothing else.
pub(super) fn text(element: Element<'_>) -> Result<Cow<'_, str>> {
    element.text().ok_or_else(|| malformed(element))
}

/// The bytes of an element that holds base64 and white space, and at least one byte.
pub(super) fn base64(element: Element<'_>) -> Result<Vec<u8>> {
    let text = text(element)?;
    let compact: Vec<u8> = text.bytes().filter(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n')).collect();
    let bytes = STANDARD.decode(compact).map_err(|_| malformed(element))?;
    if bytes.is_empty() { Err(malformed(element)) } else { Ok(bytes) }
}

/// DigestMethod and DigestValue below `parent`; `None` for a digest that is not known.
pub(super) fn digest(parent: Element<'_>) -> Result<(Option<DigestAlgorithm>, Vec<u8>)> {
    let method = required(parent, DS, "DigestMethod")?;
    let algorithm = digest_from_uri(attribute(method, "Algorithm")?);
    Ok((algorithm, base64(required(parent, DS, "DigestValue")?)?))
}
