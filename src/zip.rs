//! ZIP files: read strictly, written plainly.
//!
//! In: a source, or entries one after the other. Out: entries with checked content, or the bytes of a ZIP.
//! Decided here and nowhere else: that every byte of a ZIP belongs to exactly one record and that no two
//! readers can see two contents in it, which names are safe and which are the same, and when ZIP64 is used.
//! What an entry means is others' affair.

use crate::error::{Error, ErrorCode, Malformed};

mod ahead;
mod archive;
mod begin;
mod central;
mod code_page;
mod compress;
mod content;
mod deflate;
mod end;
mod extra;
mod fields;
mod local;
mod name;
mod record;
mod shift;
mod write;

pub(crate) use archive::{Archive, Entry};
pub(crate) use begin::Begin;
pub(crate) use code_page::CodePage;
pub use compress::Compress;
pub(crate) use compress::Packing;
pub(crate) use name::{Names, check_name};
pub(crate) use write::Writer;

/// How the data of an entry are kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// As they are.
    Stored,
    /// Deflated (RFC 1951).
    Deflated,
}

/// A fault at `offset`.
fn fault(code: ErrorCode, offset: u64) -> Error {
    Malformed::at(code, offset).into()
}

const LOCAL: [u8; 4] = *b"PK\x03\x04";
const CENTRAL: [u8; 4] = *b"PK\x01\x02";
const END: [u8; 4] = *b"PK\x05\x06";
const END_64: [u8; 4] = *b"PK\x06\x06";
const LOCATOR_64: [u8; 4] = *b"PK\x06\x07";
const DESCRIPTOR: [u8; 4] = *b"PK\x07\x08";

const LOCAL_BYTES: u64 = 30;
const CENTRAL_BYTES: u64 = 46;
const END_BYTES: u64 = 22;
const END_64_BYTES: u64 = 56;
const LOCATOR_64_BYTES: u64 = 20;

/// The number that stands for "see the ZIP64 record".
const NARROW: u32 = u32::MAX;
const NARROW_COUNT: u16 = u16::MAX;

const FLAG_ENCRYPTED: u16 = 1 << 0;
const FLAG_DESCRIPTOR: u16 = 1 << 3;
const FLAG_PATCHED: u16 = 1 << 5;
const FLAG_STRONGLY_ENCRYPTED: u16 = 1 << 6;
const FLAG_UTF8: u16 = 1 << 11;
const FLAG_MASKED: u16 = 1 << 13;

const METHOD_STORED: u16 = 0;
const METHOD_DEFLATED: u16 = 8;

const EXTRA_ZIP64: u16 = 0x0001;
const EXTRA_UNICODE_PATH: u16 = 0x7075;

// Below this size a great ratio does no harm.
const RATIO_FREE_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests;
