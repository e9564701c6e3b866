//! A container of which some entries are other ones, and all the rest is copied as it stands.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::sync::Arc;

use crate::error::Result;
use crate::output::{Make, Output, Piece, Sink, Stream, Update};
use crate::source::{Source, to_u64};
use crate::time::Time;
use crate::zip::{Archive, Entry, Method, Packing, Writer};

/// The container with other content in the entries that `changed` names, which move to its end, packed as they were.
/// Nothing else is inflated, deflated or hashed.
///
/// # Errors
/// Reading faults.
pub(super) fn rewrite(
    source: &Source,
    archive: &Archive,
    changed: &BTreeMap<&str, &[u8]>,
    modified: Time,
) -> Result<Output> {
    let mut entries: Vec<&Entry> = archive.entries().iter().collect();
    entries.sort_by_key(|entry| entry.header);
    let is_changed = |entry: &&Entry| changed.contains_key(entry.name.as_str());

    let mut runs: Vec<Range<u64>> = Vec::new();
    let mut places = BTreeMap::new();
    let mut len = 0_u64;
    for entry in entries.iter().copied().filter(|entry| !is_changed(entry)) {
        places.insert(entry.header, len);
        len = len.saturating_add(entry.end.saturating_sub(entry.header));
        match runs.last_mut() {
            Some(run) if run.end == entry.header => run.end = entry.end,
            _ => runs.push(entry.header..entry.end),
        }
    }

    let mut tail = Vec::new();
    let mut sink = Stream(&mut tail);
    let directory = archive.directory_moved(&|entry| places.get(&entry.header).copied())?;
    let mut writer = Writer::continuing(&mut sink, len, directory);
    let mut written = BTreeSet::new();
    for entry in entries.into_iter().filter(is_changed) {
        let Some(bytes) = changed.get(entry.name.as_str()).filter(|_| written.insert(entry.header)) else { continue };
        let packing = match entry.method {
            Method::Stored => Packing::Store,
            Method::Deflated => Packing::Deflate(LEVEL),
        };
        writer.bytes(&entry.name, modified, packing, bytes)?;
    }
    writer.finish(archive.comment())?;

    match runs.as_slice() {
        // What was hashed in this process is not hashed again: that nobody wrote to it since is looked at.
        [only] if only.start == 0 => {
            let (source, tail) = (source.clone(), vec![Piece::Bytes(tail)]);
            Ok(Output::update(Update { source, kept: len, checks: Vec::new(), tail }))
        }
        _ => Ok(Output::made(Arc::new(Moved { source: source.clone(), runs, tail }))),
    }
}

/// Parts of a source, and new bytes after them.
struct Moved {
    source: Source,
    runs: Vec<Range<u64>>,
    tail: Vec<u8>,
}

impl Make for Moved {
    fn write(&self, sink: &mut dyn Sink) -> Result<()> {
        for run in &self.runs {
            sink.copy(&self.source, run.clone(), &mut |_| {})?;
        }
        self.verify_sources()?;
        sink.write(&self.tail)
    }

    fn verify_sources(&self) -> Result<()> {
        self.source.check_unchanged()
    }

    fn len(&self) -> Option<u64> {
        let kept: u64 = self.runs.iter().map(|run| run.end.saturating_sub(run.start)).sum();
        Some(kept.saturating_add(to_u64(self.tail.len())))
    }
}

/// Signature files are base64 for the most part.
const LEVEL: u8 = 6;
