//! Cross-reference streams, kept as decoded rows.

use std::sync::Arc;

use super::{Entry, Listed, Section, size_of};
use crate::error::{Error, ErrorCode, Limit, Malformed, Result};
use crate::pdf::bounds::{Bounds, Charge};
use crate::pdf::filter::Decoder;
use crate::pdf::object::{Dictionary, Object, Stream};
use crate::pdf::tape::Items;
use crate::pdf::window::{indirect_at, parse_at};
use crate::source::{Bytes, Source, to_u64, to_usize};

/// Rows of one stream, and which numbers they are for.
#[derive(Debug)]
pub(crate) struct Rows {
    data: Bytes,
    layout: Layout,
    // First number, count, row of the first; sorted by number.
    ranges: Vec<(u64, u64, u64)>,
    // The number after the stream's own and after those of the object streams that it names, listed or not.
    named_end: u64,
    // For data and ranges.
    _charge: Charge,
}

/// How a row is divided.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layout {
    widths: [usize; 3],
}

/// Reads the cross-reference stream whose object begins at `offset`.
pub(crate) fn read(source: &Source, offset: u64, limits: &Bounds, decoder: &mut Decoder) -> Result<Section> {
    let malformed = || Error::from(Malformed::at(ErrorCode::PdfXref, offset));
    let found = indirect_at(source, offset, limits).map_err(|error| match error.code() {
        ErrorCode::PdfObjectNumber => malformed(),
        _ => error,
    })?;
    let number = found.reference.number;
    let Object::Stream(stream) = found.object else { return Err(malformed()) };
    let dictionary = &stream.dictionary;
    if !dictionary.is_type("XRef") {
        return Err(malformed());
    }
    let size = size_of(dictionary, offset)?;
    if size > limits.pdf_objects.saturating_add(1) {
        return Err(Limit::new("pdf_objects", limits.pdf_objects, size - 1).at(offset).into());
    }
    let layout = Layout::read(dictionary).ok_or_else(malformed)?;
    // An indirect length can't be looked up before this stream is read.
    let len = dictionary.integer("Length");
    let len = len.ok_or_else(|| Malformed::at(ErrorCode::PdfStream, offset).object(number))?;
    let data = read_data(source, &stream, len, limits)?;
    let (data, mut charge) = decoder.decode(dictionary, data, number, limits)?;
    let ranges = ranges(dictionary, size, layout, &data, &mut charge, limits, offset)?;
    let mut rows = Rows { data, layout, ranges, named_end: u64::from(number).saturating_add(1), _charge: charge };
    rows.named_end = rows.named_end.max(rows.object_streams_end(limits));
    let rows = Some(Arc::new(rows));
    Ok(Section {
        offset,
        end: found.end.saturating_add(u64::try_from(len).unwrap_or(0)),
        size,
        before: 0,
        table: None,
        rows,
        trailer: stream.dictionary,
    })
}

/// The data of `stream`, which take `len` bytes, as they stand in the file.
pub(crate) fn read_data(source: &Source, stream: &Stream, len: i64, limits: &Bounds) -> Result<Bytes> {
    let malformed = |at: u64| Error::from(Malformed::at(ErrorCode::PdfStream, at).object(stream.number));
    let end = u64::try_from(len).ok().and_then(|len| stream.start.checked_add(len));
    let end = end.ok_or_else(|| malformed(stream.start))?;
    if end > source.len() {
        return Err(Malformed::at(ErrorCode::PdfTruncated, stream.start).object(stream.number).into());
    }
    let len = end - stream.start;
    if len > limits.pdf_stream_bytes {
        return Err(Limit::new("pdf_stream_bytes", limits.pdf_stream_bytes, len).at(stream.start).into());
    }
    let closed = parse_at(source, end, limits, |parser| {
        parser.skip_white();
        Ok(parser.keyword(b"endstream") || parser.take(b"endstreamendobj"))
    })?;
    if !closed {
        return Err(malformed(end));
    }
    source.window(stream.start..end)
}

impl Rows {
    /// The number of rows.
    pub(crate) fn count(&self) -> u64 {
        self.ranges.iter().map(|(_, count, _)| count).sum()
    }

    /// The ranges of numbers that it lists.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = (u64, u64)> {
        self.ranges.iter().map(|(first, count, _)| (*first, *count))
    }

    /// The number after the highest that is listed.
    pub(crate) fn listed_end(&self) -> u64 {
        self.ranges.last().map_or(0, |(first, count, _)| first + count)
    }

    /// The number after its own, and after all that it names as object streams.
    pub(crate) fn named_end(&self) -> u64 {
        self.named_end
    }

    /// What the stream says of `number`.
    pub(crate) fn find(&self, number: u32) -> Listed {
        let number = u64::from(number);
        let after = self.ranges.partition_point(|(first, _, _)| *first <= number);
        match after.checked_sub(1).and_then(|i| self.ranges.get(i)) {
            Some((first, count, row)) if number - first < *count => self.row(row + (number - first)),
            _ => Listed::No,
        }
    }

    fn object_streams_end(&self, limits: &Bounds) -> u64 {
        let rows = self.ranges.iter().flat_map(|(_, count, row)| *row..row.saturating_add(*count));
        let streams = rows.filter_map(|row| match self.row(row) {
            Listed::Used(Entry::InStream { stream, .. }) => Some(u64::from(stream)),
            _ => None,
        });
        // No object can have a number above the limit.
        streams.filter(|stream| *stream <= limits.pdf_objects).max().map_or(0, |stream| stream.saturating_add(1))
    }

    fn row(&self, row: u64) -> Listed {
        let width = self.layout.width();
        let start = usize::try_from(row).ok().and_then(|row| row.checked_mul(width));
        let bytes = start.and_then(|start| self.data.get(start..start + width)).unwrap_or_default();
        self.layout.listed(bytes)
    }
}

impl Layout {
    /// Reads `W`.
    pub(crate) fn read(dictionary: &Dictionary) -> Option<Layout> {
        let Some(Object::Array(array)) = dictionary.get("W") else { return None };
        let width = |object: &Object| object.as_integer().and_then(|w| usize::try_from(w).ok()).filter(|w| *w <= 8);
        let items: Vec<Object> = array.items().take(4).collect();
        let [kind, second, third] = items.as_slice() else { return None };
        let widths = [width(kind)?, width(second)?, width(third)?];
        (widths != [0; 3]).then_some(Layout { widths })
    }

    fn width(self) -> usize {
        self.widths.iter().sum()
    }

    fn listed(self, bytes: &[u8]) -> Listed {
        let [a, b, _] = self.widths;
        let (kind, rest) = bytes.split_at_checked(a).unwrap_or_default();
        let (second, third) = rest.split_at_checked(b).unwrap_or_default();
        let kind = if a == 0 { 1 } else { big_endian(kind) };
        let (second, third) = (big_endian(second), big_endian(third));
        let entry = match kind {
            1 if second > 0 => u16::try_from(third).ok().map(|generation| Entry::Offset { offset: second, generation }),
            2 => match (u32::try_from(second), u32::try_from(third)) {
                (Ok(stream), Ok(index)) => Some(Entry::InStream { stream, index }),
                _ => None,
            },
            // Kinds to come are references to nothing, says ISO 32000-1, 7.5.8.3.
            _ => None,
        };
        entry.map_or(Listed::Free, Listed::Used)
    }
}

fn ranges(
    dictionary: &Dictionary,
    size: u64,
    layout: Layout,
    data: &[u8],
    charge: &mut Charge,
    limits: &Bounds,
    offset: u64,
) -> Result<Vec<(u64, u64, u64)>> {
    let malformed = || Error::from(Malformed::at(ErrorCode::PdfXref, offset));
    let mut ranges = Vec::new();
    let mut row = 0_u64;
    let mut numbers = match dictionary.get("Index") {
        None | Some(Object::Null) => None,
        Some(Object::Array(array)) => Some(array.items()),
        Some(_) => return Err(malformed()),
    };
    let mut whole = Some((0, size));
    loop {
        let pair = match &mut numbers {
            None => whole.take(),
            Some(numbers) => pair(numbers).ok_or_else(malformed)?,
        };
        let Some((first, count)) = pair else { break };
        let end = first.saturating_add(count);
        if end > limits.pdf_objects.saturating_add(1) {
            return Err(Limit::new("pdf_objects", limits.pdf_objects, end - 1).at(offset).into());
        }
        if count > 0 {
            if ranges.len() == ranges.capacity() {
                let more = ranges.len().clamp(4, MOST_MORE_RANGES);
                charge.grow(more * std::mem::size_of::<(u64, u64, u64)>())?;
                ranges.reserve_exact(more);
            }
            ranges.push((first, count, row));
        }
        row = row.saturating_add(count);
    }
    let rows = to_u64(data.len() / layout.width());
    if row > rows {
        return Err(Malformed::at(ErrorCode::PdfXref, offset).numbers(row, rows).into());
    }
    to_usize(row)?;
    ranges.sort_by_key(|(first, _, _)| *first);
    let twice = ranges.iter().zip(ranges.iter().skip(1)).any(|(a, b)| a.0 + a.1 > b.0);
    if twice { Err(malformed()) } else { Ok(ranges) }
}

/// The next two of `numbers`; nothing at their end, and none where something else stands there.
fn pair(numbers: &mut Items) -> Option<Option<(u64, u64)>> {
    let number = |object: &Object| object.as_integer().and_then(|n| u64::try_from(n).ok());
    let Some(first) = numbers.next() else { return Some(None) };
    Some(Some((number(&first)?, number(&numbers.next()?)?)))
}

fn big_endian(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |value, byte| value << 8 | u64::from(*byte))
}

// Many grow by a MiB or so.
const MOST_MORE_RANGES: usize = 1 << 15;
