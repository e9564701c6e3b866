//! Claims about ZIPs, on files that are built byte by byte.

use super::*;
use crate::error::Result;
use crate::output::Stream;
use crate::source::{Source, to_u64};
use crate::{Limits, Time};

mod ambiguous;
mod build;
mod contents;
mod names;
mod refused;
mod wide;
mod written;

fn open(bytes: &[u8]) -> Result<Archive> {
    Archive::open(&Source::from_bytes(bytes), &Limits::default())
}

fn content(archive: &Archive, name: &str) -> Vec<u8> {
    archive.read(archive.find(name).unwrap(), "zip_entry_bytes", 1 << 30).unwrap()
}

/// What `make` writes.
fn written(make: impl FnOnce(&mut Writer<'_>) -> Result<()>) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut stream = Stream(&mut bytes);
    let mut writer = Writer::new(&mut stream);
    make(&mut writer).unwrap();
    let len = writer.finish(b"").unwrap();
    assert_eq!(len, u64::try_from(bytes.len()).unwrap());
    bytes
}

fn noon() -> Time {
    Time::parse_rfc3339("2026-01-02T12:34:57Z").unwrap()
}
