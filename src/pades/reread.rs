//! Reads an update again before anybody relies on it: what was written is what was meant.

use std::sync::Arc;

use crate::error::{Error, Result};
use crate::pdf::update::Written;
use crate::pdf::{Document, Object, Reference, Value, fields};
use crate::source::{Source, to_u64};

/// Opens `joined`, the document with the update behind it, and compares each object that the update carries.
///
/// # Errors
/// [`Error::Bug`]: the update is not released.
pub(crate) fn check(before: &Document, written: &Written, joined: &Source) -> Result<Document> {
    check_all(before, written, joined, |_, _| ())
}

/// Lets `see` see each object as it reads.
fn check_all(
    before: &Document,
    written: &Written,
    joined: &Source,
    mut see: impl FnMut(Reference, Object),
) -> Result<Document> {
    let after = before.with_update(joined)?;
    ensure(after.catalog()?.0 == before.catalog()?.0, "update has another catalog")?;
    for (reference, offset, range) in &written.objects {
        ensure(after.location(*reference)? == Some(*offset), "object is not where the update says")?;
        let meant = written.bytes.get(range.clone()).unwrap_or_default();
        let object = after.object(*reference)?;
        ensure(reads_as(&object, meant), "object does not read as it was written")?;
        see(*reference, object);
    }
    Ok(after)
}

/// The same for an update with a signature, the value of `field`.
///
/// # Errors
/// [`Error::Bug`]: the update is not released.
pub(crate) fn check_signed(before: &Document, written: &Written, field: &str, signature: Reference) -> Result<()> {
    let joined = before.source().joined(Arc::new(written.bytes.clone()));
    let mut read = None;
    let after = check_all(before, written, &joined, |reference, object| {
        if reference == signature {
            read = Some(object);
        }
    })?;
    let hole = written.hole.as_ref().ok_or(Error::Bug("signature without a hole"))?;
    let Some(Object::Dictionary(dictionary)) = read else {
        return Err(Error::Bug("signature is no dictionary"));
    };
    let Object::Array(range) = after.get(&dictionary, "ByteRange")? else {
        return Err(Error::Bug("signature without ByteRange"));
    };
    let numbers = range.items().map(|item| match item {
        Object::Integer(n) => u64::try_from(n).ok(),
        _ => None,
    });
    ensure(numbers.eq(hole.byte_range.iter().map(|n| Some(*n))), "ByteRange is not as it was meant")?;
    let form = fields(&after)?;
    let mut found = form.fields.iter().filter(|candidate| candidate.name == field);
    let value = found.next().and_then(|field| field.value);
    ensure(value == Some(Value::At(signature)), "field has another value")?;
    ensure(found.next().is_none(), "field stands twice")
}

fn reads_as(object: &Object, meant: &[u8]) -> bool {
    match object {
        Object::Dictionary(dictionary) => dictionary.raw() == meant,
        Object::Array(array) => array.raw() == meant,
        Object::Stream(stream) => {
            let head = stream.dictionary.raw();
            let data = meant.strip_prefix(head).and_then(|rest| rest.strip_prefix(STREAM));
            let data = data.and_then(|rest| rest.strip_suffix(END_STREAM));
            let len = stream.dictionary.integer("Length").map(u64::try_from);
            data.is_some_and(|data| len == Some(Ok(to_u64(data.len()))))
        }
        _ => false,
    }
}

fn ensure(holds: bool, what: &'static str) -> Result<()> {
    if holds { Ok(()) } else { Err(Error::Bug(what)) }
}

const STREAM: &[u8] = b"\nstream\n";
const END_STREAM: &[u8] = b"\nendstream";
