//! Reads an update again before anybody signs it: what was written is what was meant.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::pdf::Document;
use crate::pdf::fields;
use crate::pdf::update::Written;
use crate::pdf::{Object, Reference};

/// Opens the document with the update behind it, and compares each object that the update carries.
///
/// # Errors
/// [`Error::Bug`]: the update is not released.
pub(crate) fn check(before: &Document, written: &Written, field: &str, signature: Reference) -> Result<()> {
    let joined = before.source().joined(Arc::new(written.tail.bytes().to_vec()));
    let after = before.with_update(&joined)?;
    ensure(after.catalog()?.0 == before.catalog()?.0, "update has another catalog")?;
    for (reference, offset, range) in &written.objects {
        ensure(after.location(*reference)? == Some(*offset), "object is not where the update says")?;
        let meant = written.tail.bytes().get(range.clone()).unwrap_or_default();
        ensure(reads_as(&after.object(*reference)?, meant), "object does not read as it was written")?;
    }
    let Object::Dictionary(dictionary) = after.object(signature)? else {
        return Err(Error::Bug("signature is no dictionary"));
    };
    let Object::Array(range) = after.get(&dictionary, "ByteRange")? else {
        return Err(Error::Bug("signature without ByteRange"));
    };
    let numbers = range.items().iter().map(|item| match item {
        Object::Integer(n) => u64::try_from(*n).ok(),
        _ => None,
    });
    ensure(numbers.eq(written.byte_range.iter().map(|n| Some(*n))), "ByteRange is not as it was meant")?;
    let form = fields(&after)?;
    let mut found = form.fields.iter().filter(|candidate| candidate.name == field);
    let value = found.next().and_then(|field| field.value.as_ref());
    ensure(matches!(value, Some(Object::Reference(value)) if *value == signature), "field has another value")?;
    ensure(found.next().is_none(), "field stands twice")
}

fn reads_as(object: &Object, meant: &[u8]) -> bool {
    match object {
        Object::Dictionary(dictionary) => dictionary.raw() == meant,
        Object::Array(array) => array.raw() == meant,
        Object::Stream(stream) => meant.starts_with(stream.dictionary.raw()),
        _ => false,
    }
}

fn ensure(holds: bool, what: &'static str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::Bug(what)) }
}
