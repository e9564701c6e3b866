//! A ZIP that was looked at from its first byte to its last.

use std::collections::BTreeMap;
use std::ops::Range;

use super::ahead::Ahead;
use super::central::{Central, Oddities};
use super::end::End;
use super::local::Place;
use super::name::{Names, is_safe};
use super::record::Directory;
use super::{CodePage, Method, central, fault, local};
use crate::Limits;
use crate::error::{Error, ErrorCode, Result};
use crate::source::{Source, to_u64};

/// A ZIP whose every byte is owned by exactly one record.
///
/// Content is read later, and checked while it is.
#[derive(Debug, Clone)]
pub(crate) struct Archive {
    pub(super) source: Source,
    entries: Vec<Entry>,
    /// Numbers of entries in the order of their names.
    by_name: Vec<usize>,
    /// Numbers of entries whose names are no UTF-8, by the bytes of these.
    by_old_name: BTreeMap<Vec<u8>, usize>,
    directory: Range<u64>,
    comment: Vec<u8>,
    remarks: Vec<String>,
}

/// An entry, of which directory and local header say the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    /// A safe name; that of a folder ends with `/`.
    pub(crate) name: String,
    /// The bytes of a name that is no UTF-8; `name` has its letters as a code page reads them.
    pub(crate) old_name: Option<Vec<u8>>,
    pub(crate) method: Method,
    pub(crate) flags: u16,
    pub(crate) crc32: u32,
    /// Bytes when inflated.
    pub(crate) size: u64,
    /// Bytes in the archive.
    pub(crate) packed: u64,
    /// Offset of the local header.
    pub(crate) header: u64,
    /// The raw data.
    pub(crate) data: Range<u64>,
    /// After the data and the descriptor.
    pub(crate) end: u64,
    /// Length of the extra fields of the local header.
    pub(crate) extra_bytes: u64,
    pub(crate) has_descriptor: bool,
    pub(crate) is_folder: bool,
    pub(crate) comment: Vec<u8>,
}

impl Archive {
    /// Reads the directory and every local header of `source`, and makes sure that they agree and that no byte
    /// is left over or claimed twice.
    ///
    /// # Errors
    /// Any `zip.*` but `zip.data`; [`Error::LimitExceeded`].
    pub(crate) fn open(source: &Source, limits: &Limits) -> Result<Archive> {
        let end = End::find(source, limits)?;
        let directory = end.directory.clone();
        let bytes = end.directory_bytes(source, limits)?;
        let (records, oddities) = central::read(&bytes, directory.start, end.count, limits)?;
        let mut remarks = oddities.remarks();
        if end.is_needlessly_wide {
            remarks.push("the end record uses ZIP64 where it need not".to_owned());
        }
        let (places, is_in_order) = places(source, &records, directory.start, limits)?;
        if !is_in_order {
            remarks.push("the directory lists entries in another order than they stand in".to_owned());
        }
        let entries: Vec<_> =
            records.into_iter().zip(places).map(|(record, place)| Entry::new(record, place)).collect();
        let by_name = by_name(&entries);
        let old = |(n, entry): (usize, &Entry)| Some((entry.old_name.clone()?, n));
        let by_old_name = entries.iter().enumerate().filter_map(old).collect();
        Ok(Archive { source: source.clone(), entries, by_name, by_old_name, directory, comment: end.comment, remarks })
    }

    /// The entries, in the order of the directory.
    pub(crate) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entry of exactly this name.
    pub(crate) fn find(&self, name: &str) -> Option<&Entry> {
        let named = |n: usize| self.entries.get(n).map_or("", |entry| entry.name.as_str());
        let found = self.by_name.binary_search_by(|n| named(*n).cmp(name)).ok()?;
        self.by_name.get(found).and_then(|n| self.entries.get(*n))
    }

    /// Bytes of all entries when inflated.
    pub(crate) fn inflated_bytes(&self) -> u64 {
        self.entries.iter().map(|entry| entry.size).fold(0, u64::saturating_add)
    }

    /// The entry whose name is no UTF-8 and has exactly these bytes.
    pub(crate) fn find_old(&self, name: &[u8]) -> Option<&Entry> {
        self.entries.get(*self.by_old_name.get(name)?)
    }

    /// Reads names that are no UTF-8 in the code page that gives the most names that are known elsewhere, of several
    /// the likeliest; without any that is known nothing changes. Which entry is which hangs on the bytes, not on this.
    ///
    /// # Errors
    /// `zip.duplicate` when two entries would be one to some system, `zip.name` when one is not safe.
    pub(crate) fn named_as_known(mut self, is_known: impl Fn(&str) -> bool) -> Result<Archive> {
        let old = |entry: &Entry| entry.old_name.clone().filter(|_| !is_known(&entry.name));
        let unknown: Vec<(usize, Vec<u8>)> =
            self.entries.iter().enumerate().filter_map(|(n, entry)| Some((n, old(entry)?))).collect();
        let known = |page: CodePage| unknown.iter().filter(|(_, name)| is_known(&page.decode(name))).count();
        // Of equal ones the last counts, which is the likeliest.
        let best = CodePage::ALL.iter().rev().map(|page| (known(*page), *page)).max_by_key(|(count, _)| *count);
        let Some((_, page)) = best.filter(|(count, _)| *count > 0) else { return Ok(self) };
        for (n, name) in &unknown {
            if let Some(entry) = self.entries.get_mut(*n) {
                entry.name = page.decode(name);
                if !is_safe(entry.name.strip_suffix('/').unwrap_or(&entry.name)) {
                    return Err(fault(ErrorCode::ZipName, entry.header));
                }
            }
        }
        let mut names = Names::default();
        if let Some(twice) = self.entries.iter().find(|entry| !names.insert(&entry.name)) {
            return Err(fault(ErrorCode::ZipDuplicate, twice.header));
        }
        self.by_name = by_name(&self.entries);
        self.remarks.push(format!("names that are known are read in code page {}", page.number()));
        Ok(self)
    }

    /// Where the directory begins: everything before it is entries.
    pub(crate) fn directory_offset(&self) -> u64 {
        self.directory.start
    }

    pub(crate) fn comment(&self) -> &[u8] {
        &self.comment
    }

    /// What is lawful but odd, in words.
    pub(crate) fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// The records of the directory as they are, to be continued by a [`Writer`](super::Writer).
    pub(crate) fn directory(&self) -> Result<Directory> {
        let records = self.source.window(self.directory.clone())?.to_vec();
        Ok(Directory { records, count: to_u64(self.entries.len()) })
    }
}

impl Entry {
    fn new(record: Central, place: Place) -> Entry {
        Entry {
            name: record.name,
            old_name: record.old_name,
            method: record.method,
            flags: record.flags,
            crc32: record.crc32,
            size: record.size,
            packed: record.packed,
            header: record.header,
            data: place.data,
            end: place.end,
            extra_bytes: place.extra_bytes,
            has_descriptor: place.has_descriptor,
            is_folder: record.is_folder,
            comment: record.comment,
        }
    }
}

/// Numbers of entries in the order of their names.
fn by_name(entries: &[Entry]) -> Vec<usize> {
    let mut by_name: Vec<_> = (0..entries.len()).collect();
    by_name.sort_by_key(|n| entries.get(*n).map(|entry| entry.name.as_str()));
    by_name
}

/// Where the entries stand, in the order of `records`, and whether that is the order they stand in. Together they
/// fill the bytes from 0 to `end`.
fn places(source: &Source, records: &[Central], end: u64, limits: &Limits) -> Result<(Vec<Place>, bool)> {
    let mut order: Vec<_> = records.iter().enumerate().collect();
    order.sort_by_key(|(_, record)| record.header);
    let first = order.first().map_or(end, |(_, record)| record.header);
    if first > 0 {
        return Err(fault(ErrorCode::ZipPrefix, 0));
    }
    if let Some((_, last)) = order.last().filter(|(_, last)| last.header >= end) {
        return Err(fault(ErrorCode::ZipHeader, last.header));
    }
    let nexts = order.iter().skip(1).map(|(_, record)| record.header).chain([end]);
    let mut ahead = Ahead::new(source);
    let mut found = Vec::new();
    for ((n, record), next) in order.iter().zip(nexts) {
        found.push((*n, local::place(&mut ahead, record, next, limits).map_err(|fault| fault.in_file(&record.name))?));
    }
    let is_in_order = found.is_sorted_by_key(|(n, _)| *n);
    found.sort_by_key(|(n, _)| *n);
    if found.len() != records.len() {
        return Err(Error::Bug("an entry without a place"));
    }
    Ok((found.into_iter().map(|(_, place)| place).collect(), is_in_order))
}

impl Oddities {
    fn remarks(&self) -> Vec<String> {
        let kinds = [
            (self.folders, "folder entries"),
            (self.unmarked_names, "names beyond ASCII without the UTF-8 flag"),
            (self.old_names, "names that are no UTF-8, shown as a code page of DOS reads them"),
            (self.needlessly_wide, "entries with a ZIP64 field that they need not have"),
            (self.unknown_flags, "entries with flags of unknown meaning"),
        ];
        kinds.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{what}: {count}")).collect()
    }
}
