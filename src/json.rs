//! JSON that people and programs write: what comes in is read into a type, or refused by what is wrong with it.
//!
//! In: bytes. Out: a value, or a [`Malformed`] with the place, and in words what is wrong there: a name that is
//! unknown, missing or there twice, a value of another kind, or what makes it no JSON at all. Decided here: that no
//! such word repeats a value, which may be a secret.
//!
//! Only what was refused is looked at again, so what is sound costs nothing more. For the command and the calls of
//! services; not a part of the public face.

use serde::de::DeserializeOwned;

use crate::error::{ErrorCode, Malformed, Mistake, Slip};
use crate::source::to_u64;

mod fault;
mod node;

use fault::Fault;
use node::{Node, Reason};

pub use crate::error::nearest;

/// Reads a text.
///
/// # Errors
/// [`Malformed`] with `code`, offset, line and column.
pub fn read<T: DeserializeOwned>(bytes: &[u8], code: ErrorCode) -> Result<T, Malformed> {
    whole(bytes, code, true)
}

/// Reads a line of a list, whose number the caller knows.
///
/// # Errors
/// [`Malformed`] with `code` and the offset in the line.
pub fn read_line<T: DeserializeOwned>(line: &[u8], code: ErrorCode) -> Result<T, Malformed> {
    whole(line, code, false)
}

/// Whether the text is an object that has the name `name`.
#[must_use]
pub fn has_name(bytes: &[u8], name: &str) -> bool {
    Node::read(bytes).is_ok_and(|node| node.has(name))
}

/// What is wrong with a value that was read: `path` names it, `wanted` says what it should be.
#[must_use]
pub fn not(code: ErrorCode, path: impl Into<String>, wanted: impl Into<String>) -> Malformed {
    Malformed::new(code).mistake(Mistake::new(path, Slip::Not(wanted.into())))
}

fn whole<T: DeserializeOwned>(bytes: &[u8], code: ErrorCode, has_lines: bool) -> Result<T, Malformed> {
    let value = serde_json::from_slice(bytes).map_err(|error| explain::<T>(bytes, &error, code, has_lines))?;
    // Serde takes a list for an object, its values in the order of the fields; whoever writes one means something else.
    let is_list = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'[');
    let fault = is_list.then(|| Node::read(bytes).ok().and_then(|node| T::deserialize(&node).err())).flatten();
    match fault.and_then(|fault| Some(Mistake::new(fault.path, fault.slip?))) {
        Some(mistake) => Err(Malformed::at(code, 0).mistake(mistake)),
        None => Ok(value),
    }
}

fn explain<T: DeserializeOwned>(
    bytes: &[u8],
    error: &serde_json::Error,
    code: ErrorCode,
    has_lines: bool,
) -> Malformed {
    let (mut place, path, slip) = match encoding(bytes) {
        Some(slip) => ((1, 1), String::new(), Some(slip)),
        None => match Node::read(bytes) {
            Err((reason, place)) => (place, String::new(), Some(slip_of(reason, bytes))),
            Ok(node) => {
                let fault = T::deserialize(&node).err().unwrap_or_default();
                let Fault { path, slip } = fault;
                (node::place_of(error), path, slip)
            }
        },
    };
    place.0 = place.0.max(1);
    let before = bytes.split_inclusive(|b| *b == b'\n').take(place.0 - 1).map(<[u8]>::len).sum::<usize>();
    let offset = before.saturating_add(place.1.saturating_sub(1)).min(bytes.len());
    let malformed = Malformed::at(code, to_u64(offset));
    let Some(slip) = slip else { return malformed };
    let mistake = Mistake::new(path, slip);
    let is_placed = has_lines && !bytes.is_empty();
    malformed.mistake(match is_placed {
        true => mistake.place(to_u64(place.0), to_u64(place.1.max(1))),
        false => mistake,
    })
}

/// What is wrong before anything is read.
fn encoding(bytes: &[u8]) -> Option<Slip> {
    let is_utf_16 = bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff");
    let has_zeros = matches!(bytes, [0, _, ..] | [_, 0, ..]);
    match bytes {
        _ if is_utf_16 || has_zeros => Some(Slip::Encoding("it looks like UTF-16")),
        [0xef, 0xbb, 0xbf, ..] => Some(Slip::Syntax("it begins with a byte order mark")),
        _ if bytes.iter().all(u8::is_ascii_whitespace) => Some(Slip::Empty),
        _ => None,
    }
}

fn slip_of(reason: Reason, bytes: &[u8]) -> Slip {
    match reason {
        _ if std::str::from_utf8(bytes).is_err() => Slip::Encoding("some bytes are no text"),
        Reason::Truncated => Slip::Syntax("it is no JSON: it ends too early"),
        Reason::Trailing => Slip::Syntax("something follows the JSON"),
        Reason::Deep => Slip::Syntax("it is nested too deep"),
        Reason::Syntax => Slip::Syntax("it is no JSON"),
        Reason::Large => Slip::Syntax("it is not what is wanted, and too large to say more"),
    }
}

#[cfg(test)]
mod tests;
