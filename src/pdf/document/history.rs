//! The document as it was: what its first bytes are, what was written behind them, and which objects that changed.

use std::cell::Cell;
use std::ops::Range;
use std::sync::Mutex;

use super::super::filter::Decoder;
use super::super::lex::is_white;
use super::super::object::{Object, Reference, Stream};
use super::super::revision::revisions;
use super::super::same::is_same;
use super::super::tail::{STARTXREF, find_last, tail};
use super::super::window::{indirect_at, parse_at};
use super::super::xref::{Chain, Entry, Section};
use super::{Bounds, Cache, Document, Index, fresh_number};
use crate::error::{Error, ErrorCode, Limit, Malformed, Refusal, Result};
use crate::source::to_u64;

/// Earlier readings of a document. What they parse together is bounded as what the document parses is, beside that.
pub(crate) struct History<'a> {
    document: &'a Document,
    bounds: Bounds,
    /// How many had cross-references that the document does not use any more.
    apart: Cell<usize>,
    /// How many entries of sections were looked at.
    looked: Cell<u64>,
}

impl<'a> History<'a> {
    /// Of `document`; nothing is read yet.
    pub(crate) fn new(document: &'a Document) -> Self {
        History { document, bounds: document.bounds.anew(), apart: Cell::new(0), looked: Cell::new(0) }
    }

    /// The document that the first `end` bytes are, by their own last `startxref`.
    ///
    /// # Errors
    /// The first thing that is wrong with it: they need not be one.
    pub(crate) fn at(&self, end: u64) -> Result<Document> {
        let source = self.document.source.up_to(end);
        let end = tail(&source, &self.bounds)?;
        let known = match &self.document.index {
            Index::Chain(chain) => chain.from(end.startxref, source.len()),
            Index::Rebuilt(_) => None,
        };
        let mut decoder = Decoder::default();
        let chain = match known {
            Some(chain) => chain,
            None => {
                self.apart.set(self.apart.get() + 1);
                if self.apart.get() > MOST_APART {
                    return Err(Limit::new("pdf_sections", to_u64(MOST_APART), to_u64(self.apart.get())).into());
                }
                Chain::read(&source, end.startxref, &self.bounds, &mut decoder)?
            }
        };
        let is_encrypted = |one: &&Section| one.trailer.get("Encrypt").is_some_and(|encrypt| !encrypt.is_null());
        if let Some(section) = chain.sections().iter().find(is_encrypted) {
            return Err(Refusal::at(ErrorCode::PdfEncrypted, section.offset).into());
        }
        let latest = chain.sections().first().ok_or(Error::Bug("chain without a section"))?;
        let (trailer, startxref) = (latest.trailer.clone(), end.startxref);
        let size = fresh_number(chain.size(), &self.bounds)?;
        let cache = Mutex::new(Cache { decoder, ..Cache::default() });
        let (bounds, header, tail) = (self.bounds.clone(), self.document.header, end.junk.is_some());
        Ok(Document { source, bounds, header, startxref, tail, trailer, index: Index::Chain(chain), size, cache })
    }

    /// What lies behind `from` and belongs to nobody: neither to a cross-reference section there, nor to one of its
    /// objects, nor to its end mark. White space between these is no matter; what follows the last end mark is nobody's,
    /// whatever it is.
    ///
    /// # Errors
    /// Reading faults; `limit.exceeded`.
    pub(crate) fn unowned(&self, from: u64) -> Result<Vec<Range<u64>>> {
        let (source, len) = (&self.document.source, self.document.source.len());
        let Index::Chain(chain) = &self.document.index else { return Ok(Vec::new()) };
        let mut owned = Vec::new();
        for section in chain.sections().iter().filter(|section| section.offset >= from) {
            owned.extend(self.place_of(section)?);
            for number in section.numbers() {
                self.look()?;
                for entry in section.places(source, number)? {
                    if let Entry::Offset { offset, .. } = entry
                        && offset >= from
                    {
                        owned.extend(self.span(offset)?);
                    }
                }
            }
        }
        let ends = revisions(source, chain.sections(), &self.bounds)?;
        let last = ends.last().map_or(from, |revision| revision.end).max(from);
        for revision in ends.iter().filter(|revision| revision.end > from) {
            let start = revision.end.saturating_sub(END_MARK).max(from);
            let mark = source.window(start..revision.end)?;
            let at = find_last(&mark, STARTXREF).map_or(revision.end, |at| start.saturating_add(to_u64(at)));
            owned.push(at..revision.end);
        }
        owned.sort_unstable_by_key(|span| (span.start, span.end));
        let (mut gaps, mut at) = (Vec::new(), from);
        for span in owned.into_iter().chain(std::iter::once(last..last)) {
            if span.start.min(len) > at {
                gaps.extend(self.written(at..span.start.min(len))?);
            }
            at = at.max(span.end);
        }
        if at < len {
            gaps.push(at..len);
        }
        Ok(gaps)
    }

    /// The numbers of objects that may be others in `after` than they were in `before`, in order.
    ///
    /// # Errors
    /// Reading faults; `limit.exceeded`; where readers of different kind find an object in different places.
    pub(crate) fn touched(&self, before: &Document, after: &Document) -> Result<Vec<u32>> {
        let mut numbers: Vec<u32> = Vec::new();
        match (&before.index, &after.index) {
            (Index::Chain(old), Index::Chain(new)) if is_continued(old, new) => {
                let added = new.sections().len().saturating_sub(old.sections().len());
                for number in new.sections().iter().take(added).flat_map(Section::numbers) {
                    self.look()?;
                    numbers.push(number);
                }
            }
            _ => {
                for (number, _) in before.in_use()?.into_iter().chain(after.in_use()?) {
                    self.look()?;
                    numbers.push(number);
                }
            }
        }
        numbers.sort_unstable();
        numbers.dedup();
        let mut touched = Vec::new();
        for number in numbers {
            if before.entry(number)? == after.entry(number)? {
                continue;
            }
            touched.push(number);
            // Whatever stands in a stream that is another one now.
            if let Some((_, Object::Stream(stream))) = before.numbered(number)?
                && stream.dictionary.is_type("ObjStm")
            {
                touched.extend(before.numbers_in(number, &(0..u32::MAX))?);
            }
        }
        touched.sort_unstable();
        touched.dedup();
        Ok(touched)
    }

    /// Whether the object `number` means the same in both, the data of a stream byte for byte.
    ///
    /// # Errors
    /// Reading faults; `limit.exceeded`.
    pub(crate) fn is_same(&self, number: u32, before: &Document, after: &Document) -> Result<bool> {
        match (before.numbered(number)?, after.numbered(number)?) {
            (None, None) => Ok(true),
            (Some((old, before_it)), Some((new, after_it))) if old == new && is_same(&before_it, &after_it) => {
                match (&before_it, &after_it) {
                    (Object::Stream(old), Object::Stream(new)) => self.has_same_data((before, old), (after, new)),
                    _ => Ok(true),
                }
            }
            _ => Ok(false),
        }
    }

    fn has_same_data(&self, before: (&Document, &Stream), after: (&Document, &Stream)) -> Result<bool> {
        let len = before.0.length(before.1)?;
        if len != after.0.length(after.1)? {
            return Ok(false);
        }
        let mut at = 0_u64;
        while at < len {
            let piece = len.saturating_sub(at).min(PIECE);
            let window = |(document, stream): (&Document, &Stream)| {
                let from = stream.start.saturating_add(at);
                document.source.window(from..from.saturating_add(piece))
            };
            let (one, other) = (window(before)?, window(after)?);
            self.bounds.count_parsed(one.len())?;
            if one != other {
                return Ok(false);
            }
            at = at.saturating_add(piece);
        }
        Ok(true)
    }

    /// Where the section itself stands, without its end mark.
    fn place_of(&self, section: &Section) -> Result<impl Iterator<Item = Range<u64>> + use<>> {
        let stream = match section.trailer.get("XRefStm") {
            _ if section.is_stream() => Some(section.offset),
            Some(Object::Integer(hidden)) => u64::try_from(hidden).ok(),
            _ => None,
        };
        let stream = stream.map_or(Ok(None), |offset| self.span(offset))?;
        Ok(std::iter::once(section.offset..section.end).chain(stream))
    }

    /// Where the object at `offset` stands, to behind its `endobj`; nothing where there is none.
    fn span(&self, offset: u64) -> Result<Option<Range<u64>>> {
        let source = &self.document.source;
        let span = indirect_at(source, offset, &self.bounds).and_then(|found| {
            let Object::Stream(stream) = &found.object else { return Ok(found.offset..found.end) };
            let end = stream.start.saturating_add(self.document.length(stream)?);
            let end = parse_at(source, end, &self.bounds, |parser| {
                parser.skip_white();
                if !parser.take(b"endstreamendobj") && parser.keyword(b"endstream") {
                    parser.skip_white();
                    parser.keyword(b"endobj");
                }
                Ok(parser.offset())
            })?;
            Ok(found.offset..end)
        });
        match span {
            Ok(span) => Ok(Some(span)),
            Err(Error::Malformed(_)) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// The part of `gap` that is not white space around it.
    ///
    /// # Errors
    /// Reading faults.
    pub(crate) fn written(&self, gap: Range<u64>) -> Result<Option<Range<u64>>> {
        let (mut first, mut last) = (None, gap.start);
        let mut at = gap.start;
        self.document.source.for_each(gap, |piece| {
            let is_dark = |byte: &u8| !is_white(*byte);
            if let Some(place) = piece.iter().position(is_dark) {
                first = first.or(Some(at.saturating_add(to_u64(place))));
            }
            if let Some(place) = piece.iter().rposition(is_dark) {
                last = at.saturating_add(to_u64(place)).saturating_add(1);
            }
            at = at.saturating_add(to_u64(piece.len()));
            Ok(())
        })?;
        Ok(first.map(|first| first..last))
    }

    fn look(&self) -> Result<()> {
        let (limit, looked) = (self.bounds.pdf_xref_entries, self.looked.get().saturating_add(1));
        self.looked.set(looked);
        if looked > limit {
            return Err(Limit::new("pdf_xref_entries", limit, looked).into());
        }
        Ok(())
    }
}

impl Document {
    /// The object `number`, whatever its generation; `None` where there is none.
    ///
    /// # Errors
    /// Reading faults.
    pub(crate) fn numbered(&self, number: u32) -> Result<Option<(Reference, Object)>> {
        let generation = match self.entry(number)? {
            None => return Ok(None),
            Some(Entry::Offset { generation, .. }) => generation,
            Some(Entry::InStream { .. }) => 0,
        };
        let reference = Reference { number, generation };
        let object = self.object(reference)?;
        Ok((!object.is_null()).then_some((reference, object)))
    }

    /// Whether the object `reference` stands around all of `place`.
    ///
    /// # Errors
    /// Reading faults.
    pub(crate) fn is_around(&self, reference: Reference, place: &Range<u64>) -> Result<bool> {
        match self.location(reference)? {
            Some(start) if start < place.start => Ok(indirect_at(&self.source, start, &self.bounds)?.end >= place.end),
            _ => Ok(false),
        }
    }

    fn length(&self, stream: &Stream) -> Result<u64> {
        let length = self.get(&stream.dictionary, "Length")?.as_integer().and_then(|len| u64::try_from(len).ok());
        let is_inside = |len: &u64| stream.start.checked_add(*len).is_some_and(|end| end <= self.source.len());
        let length = length.filter(is_inside);
        length.ok_or_else(|| Malformed::at(ErrorCode::PdfStream, stream.start).object(stream.number).into())
    }
}

/// Whether `new` is `old` with sections before it.
fn is_continued(old: &Chain, new: &Chain) -> bool {
    let offsets = |chain: &Chain| chain.sections().iter().map(|one| one.offset).collect::<Vec<u64>>();
    offsets(new).ends_with(&offsets(old))
}

// Each is read from the file once more.
const MOST_APART: usize = 16;
// `startxref`, its number and `%%EOF`, with white space between them.
const END_MARK: u64 = 256;
const PIECE: u64 = 64 << 10;
