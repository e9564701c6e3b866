//! Cross-references: the chain of sections from the newest to the oldest, and what they say of a number.
//!
//! Nothing is unpacked for an entry nobody asks for: a table stays in the file, a stream stays rows of bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::bounds::Bounds;
use super::filter::Decoder;
use super::object::{Dictionary, Object};
use super::window::{Windows, parse_at};
use crate::error::{Error, ErrorCode, Limit, Malformed, Refusal, Result};
use crate::source::{Source, to_u64};

mod stream;
mod table;

use stream::Rows;
use table::{Form, Table};

pub(crate) use stream::read_data;

/// What the latest section is; an update follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
// Complete: ISO 32000-1, 7.5.4 and 7.5.8.
pub(crate) enum SectionKind {
    /// A table.
    Table,
    /// A stream.
    Stream,
    /// A table whose trailer names a stream.
    Hybrid,
}

/// Where an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
// Complete: ISO 32000-1, table 18.
pub(crate) enum Entry {
    /// At an offset of the file.
    Offset {
        /// Where `n g obj` stands.
        offset: u64,
        /// Its generation.
        generation: u16,
    },
    /// In an object stream.
    InStream {
        /// Number of the stream.
        stream: u32,
        /// Position in it, from 0.
        index: u32,
    },
}

/// What one section says of a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Listed {
    /// Nothing.
    No,
    /// That it is free.
    Free,
    /// Where it is.
    Used(Entry),
}

/// One cross-reference section. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct Section {
    /// Offset that `startxref` or `Prev` names.
    pub(crate) offset: u64,
    /// Offset after its trailer or stream dictionary.
    pub(crate) end: u64,
    /// Its trailer, or the dictionary of its stream.
    pub(crate) trailer: Dictionary,
    /// The number of objects it claims.
    pub(crate) size: u64,
    // White space between the offset and `xref`.
    before: u64,
    table: Option<Arc<Table>>,
    rows: Option<Arc<Rows>>,
}

impl Section {
    /// How its table and its trailer are written.
    fn form(&self) -> Form {
        let mut form = self.table.as_ref().map_or(Form::Sound, |table| table.form());
        let nothing = |key| matches!(self.trailer.get(key), Some(Object::Integer(0)));
        if self.before > 0 {
            form.worse(Form::Harmless);
        }
        // Nothing stands at 0; and numbers from Size on are said not to be there.
        if nothing("Prev") || nothing("XRefStm") || self.size < self.listed_end() {
            form.worse(Form::Broken(self.offset));
        }
        form
    }

    /// Table, stream or both.
    pub(crate) fn kind(&self) -> SectionKind {
        match (&self.table, &self.rows) {
            (Some(_), Some(_)) => SectionKind::Hybrid,
            (Some(_), None) => SectionKind::Table,
            (None, _) => SectionKind::Stream,
        }
    }

    /// The numbers that it lists; one that stands in table and stream comes twice.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> {
        let tables = self.table.iter().flat_map(|table| table.ranges());
        let ranges = tables.chain(self.rows.iter().flat_map(|rows| rows.ranges()));
        ranges.flat_map(|(first, count)| first..first.saturating_add(count)).filter_map(|n| u32::try_from(n).ok())
    }

    /// Where it says that the object `number` is: its table and its stream may say two things.
    pub(crate) fn places(&self, source: &Source, number: u32) -> Result<impl Iterator<Item = Entry>> {
        let table = match &self.table {
            Some(table) => table.find(source, number)?,
            None => Listed::No,
        };
        let rows = self.rows.as_ref().map_or(Listed::No, |rows| rows.find(number));
        let used = |listed| if let Listed::Used(entry) = listed { Some(entry) } else { None };
        Ok([used(table), used(rows)].into_iter().flatten())
    }

    /// Whether it is a stream alone.
    pub(crate) fn is_stream(&self) -> bool {
        self.table.is_none()
    }

    /// The number after the highest that it lists.
    fn listed_end(&self) -> u64 {
        let table = self.table.as_ref().map_or(0, |table| table.listed_end());
        table.max(self.rows.as_ref().map_or(0, |rows| rows.listed_end()))
    }

    /// The number after the highest that it claims, lists, names, or has itself: a stream need not list itself.
    fn size_end(&self) -> u64 {
        let named = self.rows.as_ref().map_or(0, |rows| rows.named_end());
        self.size.max(self.listed_end()).max(named)
    }
}

/// All sections of a document, the newest first.
#[derive(Debug, Clone)]
pub(crate) struct Chain {
    sections: Vec<Section>,
    hybrid: bool,
    form: Form,
}

/// What readers of old and new kind find for a number.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reading {
    /// The entry, by the rules for readers that know cross-reference streams.
    pub(crate) entry: Option<Entry>,
    /// Whether every kind of reader finds the same, or those that know no streams find nothing.
    pub(crate) agreed: bool,
    /// Whether readers that know no streams find nothing, and others something.
    pub(crate) hidden: bool,
}

impl Chain {
    /// Reads the section at `startxref` and all before it.
    ///
    /// # Errors
    /// The first thing that is wrong with one of them.
    pub(crate) fn read(source: &Source, startxref: u64, limits: &Bounds, decoder: &mut Decoder) -> Result<Chain> {
        let mut sections: Vec<Section> = Vec::new();
        let mut seen = BTreeSet::new();
        // An update may name the stream of an earlier section once more.
        let mut streams: BTreeMap<u64, Option<Arc<Rows>>> = BTreeMap::new();
        let mut form = Form::Sound;
        let mut entries = 0_u64;
        let mut next = Some(startxref);
        let mut hybrid = false;
        while let Some(offset) = next {
            let here = sections.last().map_or(source.len(), |section| section.offset);
            if !seen.insert(offset) {
                return Err(Malformed::at(ErrorCode::PdfXrefCycle, here).into());
            }
            if to_u64(seen.len()) > limits.pdf_sections {
                return Err(Limit::new("pdf_sections", limits.pdf_sections, to_u64(seen.len())).at(offset).into());
            }
            let first = sections.is_empty();
            if offset == 0 || offset >= source.len() {
                let code = if first { ErrorCode::PdfStartxref } else { ErrorCode::PdfXref };
                return Err(Malformed::at(code, here).numbers(source.len(), offset).into());
            }
            let mut section = section_at(source, offset, limits, decoder, first)?;
            form.worse(section.form());
            let is_new = if let Some(stream) =
                offset_in(&section.trailer, "XRefStm", &section)?.filter(|_| section.table.is_some())
            {
                if seen.contains(&stream) {
                    return Err(Malformed::at(ErrorCode::PdfXrefCycle, offset).into());
                }
                hybrid = true;
                let known = streams.get(&stream).cloned();
                let is_new = known.is_none();
                section.rows = match known {
                    Some(rows) => rows,
                    None => hidden_rows(source, stream, &section.trailer, limits, decoder)?,
                };
                streams.insert(stream, section.rows.clone());
                is_new
            } else {
                true
            };
            entries = entries.saturating_add(section.table.as_ref().map_or(0, |table| table.count()));
            entries = entries.saturating_add(section.rows.as_ref().filter(|_| is_new).map_or(0, |rows| rows.count()));
            if entries > limits.pdf_xref_entries {
                return Err(Limit::new("pdf_xref_entries", limits.pdf_xref_entries, entries).at(offset).into());
            }
            let end = section.size.max(section.listed_end());
            if end > limits.pdf_objects.saturating_add(1) {
                return Err(Limit::new("pdf_objects", limits.pdf_objects, end - 1).at(offset).into());
            }
            next = offset_in(&section.trailer, "Prev", &section)?;
            sections.push(section);
        }
        if let Some(table) = sections.last_mut().and_then(|oldest| oldest.table.as_mut().and_then(Arc::get_mut)) {
            table.start_at_zero(source)?;
            form.worse(table.form());
            form.worse(if table.is_one_from_zero() { Form::Sound } else { Form::Harmless });
        }
        let listed_end = sections.iter().map(Section::listed_end).max().unwrap_or(0);
        if let Some(latest) = sections.first().filter(|latest| latest.size < listed_end) {
            form.worse(Form::Broken(latest.offset));
        }
        Ok(Chain { sections, hybrid, form })
    }

    /// What is wrong with it, where common readers do not agree on what is meant.
    pub(crate) fn fault(&self) -> Option<Malformed> {
        match self.form {
            Form::Broken(offset) => Some(Malformed::at(ErrorCode::PdfXref, offset)),
            Form::Sound | Form::Harmless => None,
        }
    }

    /// Whether it is not as ISO 32000-1, 7.5.4 wants it, but common readers agree on it.
    pub(crate) fn is_odd(&self) -> bool {
        self.form == Form::Harmless
    }

    /// Whether streams hide objects from readers that know tables alone.
    pub(crate) fn is_hybrid(&self) -> bool {
        self.hybrid
    }

    /// The first object that readers of different kind find in different places.
    pub(crate) fn contradiction(&self, source: &Source) -> Result<Option<u32>> {
        if !self.hybrid {
            return Ok(None);
        }
        for number in self.listed() {
            if !self.find(source, number)?.agreed {
                return Ok(Some(number));
            }
        }
        Ok(None)
    }

    /// All numbers that any section lists, in order.
    pub(crate) fn listed(&self) -> impl Iterator<Item = u32> {
        let tables = self.sections.iter().filter_map(|section| section.table.as_ref());
        let rows = self.sections.iter().filter_map(|section| section.rows.as_ref());
        let tables = tables.flat_map(|table| table.ranges()).collect::<Vec<_>>();
        let mut ranges: Vec<(u64, u64)> = rows.flat_map(|rows| rows.ranges()).chain(tables).collect();
        ranges.sort_unstable();
        let mut from = 0;
        ranges.into_iter().flat_map(move |(first, count)| {
            let (start, end) = (first.max(from), first.saturating_add(count));
            from = from.max(end);
            (start..end).filter_map(|number| u32::try_from(number).ok())
        })
    }

    /// This chain with one more section before it, at `startxref` of `source`, whose `Prev` must be `previous`.
    ///
    /// # Errors
    /// The first thing that is wrong with the new section.
    pub(crate) fn with_update(
        &self,
        source: &Source,
        startxref: u64,
        previous: u64,
        limits: &Bounds,
        decoder: &mut Decoder,
    ) -> Result<Chain> {
        let section = section_at(source, startxref, limits, decoder, true)?;
        if section.trailer.get("XRefStm").is_some() {
            return Err(Malformed::at(ErrorCode::PdfXref, startxref).into());
        }
        match offset_in(&section.trailer, "Prev", &section)? {
            Some(linked) if linked == previous => {
                let sections = std::iter::once(section).chain(self.sections.iter().cloned()).collect();
                Ok(Chain { sections, ..*self })
            }
            // It stands alone, in place of those that were odd.
            None => Ok(Chain { sections: vec![section], hybrid: false, form: Form::Sound }),
            Some(_) => Err(Malformed::at(ErrorCode::PdfXref, startxref).into()),
        }
    }

    /// The chain without the sections that were written behind `end`.
    pub(crate) fn as_of(&self, end: u64) -> Chain {
        let sections = self.sections.iter().skip_while(|section| section.offset >= end).cloned().collect();
        Chain { sections, ..*self }
    }

    /// The part of it that begins with the section at `startxref`, where all of that lies before `end`.
    pub(crate) fn from(&self, startxref: u64, end: u64) -> Option<Chain> {
        let sections: Vec<Section> = self.sections.iter().skip_while(|one| one.offset != startxref).cloned().collect();
        let is_there = !sections.is_empty() && sections.iter().all(|section| section.end <= end);
        is_there.then_some(Chain { sections, ..*self })
    }

    /// The sections, the newest first.
    pub(crate) fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The number after the highest that any section lists, claims, names, or has itself.
    pub(crate) fn size(&self) -> u64 {
        self.sections.iter().map(Section::size_end).max().unwrap_or(0)
    }

    /// What the chain says of `number`.
    pub(crate) fn find(&self, source: &Source, number: u32) -> Result<Reading> {
        let new = self.search(source, number, Reader::New)?;
        let (mut agreed, mut hidden) = (true, false);
        if self.hybrid {
            let old = self.search(source, number, Reader::Old)?;
            hidden = old.is_none() && new.is_some();
            agreed = (hidden || new == old) && new == self.search(source, number, Reader::StreamFirst)?;
        }
        Ok(Reading { entry: new, agreed, hidden })
    }

    fn search(&self, source: &Source, number: u32, reader: Reader) -> Result<Option<Entry>> {
        for section in &self.sections {
            let table = match &section.table {
                Some(table) => table.find(source, number)?,
                None => Listed::No,
            };
            let rows = match &section.rows {
                // A reader that knows no streams still needs those that are the only section.
                Some(rows) if section.table.is_none() || reader != Reader::Old => rows.find(number),
                _ => Listed::No,
            };
            let listed = match (reader, table, rows) {
                (Reader::StreamFirst, table, Listed::No) => table,
                (Reader::StreamFirst, _, rows) => rows,
                (_, Listed::Used(entry), _) => Listed::Used(entry),
                (_, table, Listed::No) => table,
                (_, _, rows) => rows,
            };
            match listed {
                Listed::No => {}
                Listed::Free => return Ok(None),
                Listed::Used(entry) => return Ok(Some(entry)),
            }
        }
        Ok(None)
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    // Tables alone.
    Old,
    // A table, and what it calls free or does not list from its stream.
    New,
    // The stream before its table, as some do.
    StreamFirst,
}

/// The offset that `key` of a trailer names; 0 is none, as some producers write it.
fn offset_in(trailer: &Dictionary, key: &str, section: &Section) -> Result<Option<u64>> {
    match trailer.get(key) {
        None | Some(Object::Null | Object::Integer(0)) => Ok(None),
        Some(Object::Integer(value)) if value > 0 => Ok(u64::try_from(value).ok()),
        Some(_) => Err(Malformed::at(ErrorCode::PdfXref, section.offset).into()),
    }
}

fn section_at(source: &Source, offset: u64, limits: &Bounds, decoder: &mut Decoder, first: bool) -> Result<Section> {
    let start = parse_at(source, offset, limits, |parser| {
        parser.skip_white();
        Ok((parser.offset(), parser.peek()))
    })?;
    match start {
        (at, Some(b'x')) => table_at(source, offset, at, limits),
        (at, Some(b'0'..=b'9')) => {
            let stream = stream::read(source, at, limits, decoder)?;
            Ok(Section { offset, ..stream })
        }
        (at, _) => {
            let code = if first { ErrorCode::PdfStartxref } else { ErrorCode::PdfXref };
            Err(Malformed::at(code, at).into())
        }
    }
}

fn table_at(source: &Source, offset: u64, at: u64, limits: &Bounds) -> Result<Section> {
    let mut windows = Windows::new(source);
    let (table, end) = Table::read(source, &mut windows, at, limits)?;
    let (trailer, end) = parse_at(source, end, limits, |parser| {
        parser.skip_space();
        if !parser.keyword(b"trailer") {
            return Err(parser.fault(ErrorCode::PdfTrailer));
        }
        let trailer = parser.dictionary(ErrorCode::PdfTrailer)?;
        Ok((trailer, parser.offset()))
    })?;
    let size = size_of(&trailer, offset)?;
    let before = at.saturating_sub(offset);
    Ok(Section { offset, end, trailer, size, before, table: Some(Arc::new(table)), rows: None })
}

/// The rows of the stream at `offset`, which the section with `trailer` names beside its table.
fn hidden_rows(
    source: &Source,
    offset: u64,
    trailer: &Dictionary,
    limits: &Bounds,
    decoder: &mut Decoder,
) -> Result<Option<Arc<Rows>>> {
    let stream = stream::read(source, offset, limits, decoder)?;
    if stream.trailer.get("Encrypt").is_some_and(|encrypt| !encrypt.is_null()) {
        return Err(Refusal::at(ErrorCode::PdfEncrypted, offset).into());
    }
    let root = |trailer: &Dictionary| trailer.reference("Root");
    match (root(&stream.trailer), root(trailer)) {
        (Some(hidden), shown) if Some(hidden) != shown => {
            Err(Error::from(Malformed::at(ErrorCode::PdfHybrid, offset).object(hidden.number)))
        }
        _ => Ok(stream.rows),
    }
}

fn size_of(trailer: &Dictionary, offset: u64) -> Result<u64> {
    let size = trailer.integer("Size").and_then(|size| u64::try_from(size).ok());
    size.ok_or_else(|| Malformed::at(ErrorCode::PdfTrailer, offset).into())
}
