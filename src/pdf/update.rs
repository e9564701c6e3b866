//! Writes an incremental update: changed and new objects, and a cross-reference section of the kind
//! the document's latest section has (ISO 32000-1, 7.5.6).
//!
//! In: objects as finished bytes. Out: the bytes to be appended. Decided here: where each object
//! lies, what the section and the trailer say, and where the hole of a signature is.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::error::{Error, Limit, Result};
use crate::pdf::text::{hex_string, name};
use crate::pdf::{Charge, Dictionary, Document, Entry, Form, Object, Reference, SectionKind};
use crate::signing::Tail;
use crate::source::to_u64;

/// Objects that are to be appended to a document.
pub(crate) struct Update<'a> {
    document: &'a Document,
    objects: BTreeMap<Reference, Body>,
    next: u32,
    // Numbers from `next` on that something refers to already.
    taken: BTreeSet<u32>,
    // Object streams whose numbers are among these.
    streams: BTreeSet<u32>,
    // All that the document has, where the section lists it anew.
    complete: Option<BTreeMap<u32, Row>>,
    // For them.
    held: Option<Charge>,
}

/// An object's bytes between `obj` and `endobj`.
enum Body {
    Plain(Vec<u8>),
    Signature(SignatureBody),
}

impl Body {
    fn len(&self) -> usize {
        match self {
            Body::Plain(bytes) => bytes.len(),
            Body::Signature(body) => {
                body.before_range.len()
                    + BYTE_RANGE_BYTES
                    + body.before_hole.len()
                    + body.hole_digits
                    + body.after_hole.len()
            }
        }
    }
}

/// A signature dictionary with room for its ByteRange and for its Contents.
pub(crate) struct SignatureBody {
    /// The dictionary up to and with `/ByteRange `.
    pub(crate) before_range: Vec<u8>,
    /// From behind the ByteRange up to and with the `<` of Contents.
    pub(crate) before_hole: Vec<u8>,
    /// Hexadecimal digits of room.
    pub(crate) hole_digits: usize,
    /// From the `>` of Contents on.
    pub(crate) after_hole: Vec<u8>,
}

/// What was written.
pub(crate) struct Written {
    /// All bytes to append; the hole is zero digits.
    pub(crate) bytes: Vec<u8>,
    /// The room of the signature, if the update has one.
    pub(crate) hole: Option<Hole>,
    /// Where each object begins, and its bytes within the update.
    pub(crate) objects: Vec<(Reference, u64, Range<usize>)>,
}

/// The room for Contents of a signature.
pub(crate) struct Hole {
    /// Its digits within the update.
    pub(crate) digits: Range<usize>,
    /// The four numbers of the ByteRange.
    pub(crate) byte_range: [u64; 4],
}

impl Written {
    /// The update as one that waits for its signature.
    pub(crate) fn into_tail(self) -> Result<Tail> {
        let tail = self.hole.and_then(|hole| Tail::new(self.bytes, hole.digits));
        tail.ok_or(Error::Bug("update without a hole"))
    }
}

impl<'a> Update<'a> {
    /// An update of `document` without objects yet.
    pub(crate) fn new(document: &'a Document) -> Result<Self> {
        let (objects, taken, streams) = (BTreeMap::new(), BTreeSet::new(), BTreeSet::new());
        let complete = if document.is_rebuilt() { Some(rows(document)?) } else { None };
        let mut update = Update { document, objects, next: document.size(), taken, streams, complete, held: None };
        update.step_over_dictionary(document.trailer());
        let (root, catalog) = document.catalog()?;
        update.step_over(root, &catalog)?;
        Ok(update)
    }

    /// Gives no new object a number that `dictionary`, the object `reference`, refers to, or that stands in the same
    /// object stream: a reference that leads nowhere is null, and must not lead to what is new.
    pub(crate) fn step_over(&mut self, reference: Reference, dictionary: &Dictionary) -> Result<()> {
        self.step_over_dictionary(dictionary);
        self.step_over_stream(reference)
    }

    fn step_over_stream(&mut self, reference: Reference) -> Result<()> {
        if let Some(Entry::InStream { stream, .. }) = self.document.entry(reference.number)?
            && self.streams.insert(stream)
        {
            let near = self.near();
            self.taken.extend(self.document.numbers_in(stream, &near)?);
        }
        Ok(())
    }

    fn step_over_dictionary(&mut self, dictionary: &Dictionary) {
        let near = self.near();
        self.taken.extend(dictionary.references().map(|one| one.number).filter(|number| near.contains(number)));
    }

    /// The numbers that new objects can get.
    fn near(&self) -> Range<u32> {
        self.next..self.next.saturating_add(MOST_NEW)
    }

    /// The same for what the fields of `form` refer to.
    pub(crate) fn step_over_fields(&mut self, form: &Form) -> Result<()> {
        let near = self.near();
        self.taken.extend(form.beyond.iter().filter(|number| near.contains(number)));
        for field in &form.fields {
            self.step_over_stream(field.reference)?;
        }
        Ok(())
    }

    /// Makes its section list all that the document has, so that nobody needs the document's own.
    ///
    /// Not where an object is not at the place that is listed, which a section of ours must not repeat; nor where a
    /// table would have to list far more unused numbers than used ones.
    pub(crate) fn stand_alone(&mut self) -> Result<()> {
        if self.next > MOST_LISTED {
            return Ok(());
        }
        let rows = match rows(self.document) {
            Ok(rows) => rows,
            Err(Error::Malformed(_)) => return Ok(()),
            Err(other) => return Err(other),
        };
        let Ok(held) = self.document.charge(rows.len().saturating_mul(ROW_BYTES)) else { return Ok(()) };
        let is_stream = self.document.kind() == SectionKind::Stream;
        self.held = Some(held);
        if is_stream || self.next <= FREE_LINES || to_u64(rows.len()).saturating_mul(8) >= u64::from(self.next) {
            self.complete = Some(rows);
        }
        Ok(())
    }

    /// A reference for a new object: a number never used before.
    pub(crate) fn fresh(&mut self) -> Result<Reference> {
        while self.taken.remove(&self.next) {
            self.next = self.next.saturating_add(1);
        }
        let number = self.next;
        let limit = self.document.limits().pdf_objects;
        if u64::from(number) > limit {
            return Err(Limit::new("pdf_objects", limit, u64::from(number)).into());
        }
        self.next = number.saturating_add(1);
        Ok(Reference { number, generation: 0 })
    }

    /// Writes `body` as the object `reference`, new or in place of what it was.
    pub(crate) fn put(&mut self, reference: Reference, body: Vec<u8>) {
        self.objects.insert(reference, Body::Plain(body));
    }

    /// Whether the object `reference` is among those that are written.
    pub(crate) fn has(&self, reference: Reference) -> bool {
        self.objects.contains_key(&reference)
    }

    /// Writes the signature dictionary as the object `reference`.
    pub(crate) fn put_signature(&mut self, reference: Reference, body: SignatureBody) {
        self.objects.insert(reference, Body::Signature(body));
    }

    /// The bytes to append; `id` becomes the second half of the trailer's ID (the first, too, where there was none).
    pub(crate) fn write(mut self, id: &[u8]) -> Result<Written> {
        let stream = self.section_is_stream();
        let own = if stream { Some(self.fresh()?) } else { None };
        let room = self.objects.values().map(|body| body.len() + OBJECT_BYTES).sum::<usize>() + SECTION_BYTES;
        // The bodies, and all of them written.
        let _held = self.document.charge(room.saturating_mul(2))?;
        let mut writer = Writer::new(self.document, room)?;
        for (reference, body) in &self.objects {
            writer.object(*reference, body);
        }
        let startxref = writer.offset();
        let mut rows = self.complete.clone().unwrap_or_default();
        for (reference, offset, _) in &writer.objects {
            rows.insert(reference.number, Row::Offset { offset: *offset, generation: reference.generation });
        }
        match own {
            Some(own) => {
                rows.insert(own.number, Row::Offset { offset: startxref, generation: 0 });
                writer.stream_section(own, &rows, &self.trailer(id)?);
            }
            None => {
                let complete = self.complete.is_some().then_some(self.next);
                let lines = complete.and_then(|size| usize::try_from(size).ok()).unwrap_or(0);
                let _held = self.document.charge(lines.saturating_mul(LINE_BYTES))?;
                writer.table_section(&rows, &self.trailer(id)?, complete)?;
            }
        }
        writer.push(format!("startxref\n{startxref}\n%%EOF\n").as_bytes());
        writer.finish()
    }

    // Whoever mixes the two kinds makes a file that Acrobat can't read.
    fn section_is_stream(&self) -> bool {
        let mut rows = self.complete.iter().flat_map(BTreeMap::values);
        self.document.kind() == SectionKind::Stream || rows.any(|row| matches!(row, Row::InStream { .. }))
    }

    /// The trailer's entries: all that the last one had, but for what belongs to its own section.
    fn trailer(&self, id: &[u8]) -> Result<Vec<u8>> {
        let old = self.document.trailer();
        let mut out = Vec::new();
        for (key, value) in old.raw_entries() {
            if !OWN_KEYS.contains(&&*key) {
                push_entry(&mut out, &key, value);
            }
        }
        push_entry(&mut out, b"Size", self.next.to_string().as_bytes());
        if self.complete.is_none() {
            push_entry(&mut out, b"Prev", self.document.startxref().to_string().as_bytes());
        }
        let second = hex_string(id);
        let first = self.first_id(old)?.unwrap_or_else(|| second.clone());
        push_entry(&mut out, b"ID", &[b"[", first.as_slice(), b" ", &second, b"]"].concat());
        Ok(out)
    }

    fn first_id(&self, trailer: &Dictionary) -> Result<Option<Vec<u8>>> {
        let Object::Array(id) = self.document.get(trailer, "ID")? else {
            return Ok(None);
        };
        Ok(match id.items().next() {
            Some(Object::String(first)) => Some(first.raw().to_vec()),
            _ => None,
        })
    }
}

#[derive(Clone, Copy)]
enum Row {
    Offset { offset: u64, generation: u16 },
    InStream { stream: u32, index: u32 },
}

struct Writer {
    base: u64,
    bytes: Vec<u8>,
    /// Where the ByteRange stands, and the digits of the hole.
    signature: Option<(usize, Range<usize>)>,
    objects: Vec<(Reference, u64, Range<usize>)>,
}

impl Writer {
    /// A writer of about `room` bytes.
    fn new(document: &Document, room: usize) -> Result<Self> {
        let base = document.source().len();
        let last = document.source().window(base.saturating_sub(1)..base)?;
        let ends_a_line = matches!(last.last(), Some(b'\n' | b'\r'));
        // A line feed after a lone carriage return would make one line end of two.
        let mut bytes = Vec::with_capacity(room);
        if !ends_a_line {
            bytes.push(b'\n');
        }
        Ok(Writer { base, bytes, signature: None, objects: Vec::new() })
    }

    fn offset(&self) -> u64 {
        self.base.saturating_add(to_u64(self.bytes.len()))
    }

    fn push(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    fn object(&mut self, reference: Reference, body: &Body) {
        let offset = self.offset();
        self.push(format!("{} {} obj\n", reference.number, reference.generation).as_bytes());
        let start = self.bytes.len();
        match body {
            Body::Plain(bytes) => self.push(bytes),
            Body::Signature(body) => {
                self.push(&body.before_range);
                let byte_range_at = self.bytes.len();
                self.bytes.resize(byte_range_at + BYTE_RANGE_BYTES, b' ');
                self.push(&body.before_hole);
                let hole = self.bytes.len();
                self.bytes.resize(hole + body.hole_digits, b'0');
                self.signature = Some((byte_range_at, hole..self.bytes.len()));
                self.push(&body.after_hole);
            }
        }
        self.objects.push((reference, offset, start..self.bytes.len()));
        self.push(b"\nendobj\n");
    }

    /// `complete` is the size of a section that stands alone, in which unused numbers are listed as free.
    fn table_section(&mut self, rows: &BTreeMap<u32, Row>, trailer: &[u8], complete: Option<u32>) -> Result<()> {
        let mut lines: BTreeMap<u32, [u8; 20]> = BTreeMap::new();
        for number in 0..complete.unwrap_or(1) {
            lines.insert(number, *b"0000000000 65535 f \n");
        }
        for (number, row) in rows {
            // Rows in object streams make the section a stream, so there are none here.
            if let Row::Offset { offset, generation } = row {
                if *offset > TABLE_OFFSET_MAX {
                    return Err(Limit::new("pdf_table_offset", TABLE_OFFSET_MAX, *offset).into());
                }
                lines.insert(*number, line(*offset, *generation));
            }
        }
        self.push(b"xref\n");
        for run in runs(lines.keys().copied()) {
            self.push(format!("{} {}\n", run.start, run.end.saturating_sub(run.start)).as_bytes());
            for (_, line) in lines.range(run) {
                self.push(line);
            }
        }
        self.push(b"trailer\n<<");
        self.push(trailer);
        self.push(b" >>\n");
        Ok(())
    }

    fn stream_section(&mut self, own: Reference, rows: &BTreeMap<u32, Row>, trailer: &[u8]) {
        let widest = self.offset() > u64::from(u32::MAX);
        let width = if widest { 8 } else { 4 };
        let mut data = Vec::with_capacity(rows.len() * (width + 3));
        for row in rows.values() {
            let (kind, second, third) = match row {
                Row::Offset { offset, generation } => (1, *offset, *generation),
                // More members than 65,535 are refused when the object stream is read.
                Row::InStream { stream, index } => (2, u64::from(*stream), u16::try_from(*index).unwrap_or(u16::MAX)),
            };
            data.push(kind);
            data.extend(second.to_be_bytes().iter().skip(8 - width));
            data.extend(third.to_be_bytes());
        }
        let mut index = String::new();
        for run in runs(rows.keys().copied()) {
            index.push_str(&format!("{} {} ", run.start, run.end.saturating_sub(run.start)));
        }
        let head = format!("/Type /XRef /W [1 {width} 2] /Index [{}] /Length {}", index.trim_end(), data.len());
        self.push(format!("{} {} obj\n<< {head}", own.number, own.generation).as_bytes());
        self.push(trailer);
        self.push(b" >>\nstream\n");
        self.push(&data);
        self.push(b"\nendstream\nendobj\n");
    }

    fn finish(mut self) -> Result<Written> {
        let Some((byte_range_at, digits)) = self.signature.take() else {
            return Ok(Written { bytes: self.bytes, hole: None, objects: self.objects });
        };
        let (Some(open), Some(close)) = (digits.start.checked_sub(1), digits.end.checked_add(1)) else {
            return Err(Error::Bug("hole without brackets"));
        };
        let before = self.base.saturating_add(to_u64(open));
        let after = self.base.saturating_add(to_u64(close));
        let byte_range = [0, before, after, self.offset().saturating_sub(after)];
        let text = format!("[{} {} {} {}]", byte_range[0], byte_range[1], byte_range[2], byte_range[3]);
        let area = byte_range_at..byte_range_at + BYTE_RANGE_BYTES;
        for (to, from) in self.bytes.get_mut(area).unwrap_or_default().iter_mut().zip(text.bytes()) {
            *to = from;
        }
        Ok(Written { bytes: self.bytes, hole: Some(Hole { digits, byte_range }), objects: self.objects })
    }
}

/// All that `document` has, each object where it is.
fn rows(document: &Document) -> Result<BTreeMap<u32, Row>> {
    let mut rows = BTreeMap::new();
    for (number, entry) in document.in_use()? {
        let row = match entry {
            Entry::Offset { offset, generation } => {
                let found = document.location(Reference { number, generation })?;
                Row::Offset { offset: found.unwrap_or(offset), generation }
            }
            Entry::InStream { stream, index } => Row::InStream { stream, index },
        };
        rows.insert(number, row);
    }
    Ok(rows)
}

/// The line of an object in a table; the offset has ten digits at most.
fn line(offset: u64, generation: u16) -> [u8; 20] {
    let mut line = *b"0000000000 00000 n \n";
    let (digits, rest) = line.split_at_mut(10);
    put_digits(digits, offset);
    put_digits(rest.get_mut(1..6).unwrap_or_default(), u64::from(generation));
    line
}

/// Fills `area` with the last digits of `number`.
fn put_digits(area: &mut [u8], mut number: u64) {
    for digit in area.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number % 10).unwrap_or(0);
        number /= 10;
    }
}

/// Consecutive numbers as ranges.
fn runs(numbers: impl Iterator<Item = u32>) -> Vec<Range<u32>> {
    let mut runs: Vec<Range<u32>> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some(run) if run.end == number => run.end = number.saturating_add(1),
            _ => runs.push(number..number.saturating_add(1)),
        }
    }
    runs
}

fn push_entry(to: &mut Vec<u8>, key: &[u8], value: &[u8]) {
    to.push(b' ');
    to.extend_from_slice(name(key).as_bytes());
    to.push(b' ');
    to.extend_from_slice(value);
}

// `[0 a b c]` with room for 20 digits a number: the area's width is signed, so it can't grow later.
const BYTE_RANGE_BYTES: usize = 66;

// More than what stands around an object, and in a section of a few objects.
const OBJECT_BYTES: usize = 64;
const SECTION_BYTES: usize = 1024;

// A line of a table: in a tree whose nodes are not always full, and written.
const LINE_BYTES: usize = 56;

// A table has ten digits for an offset; a cross-reference stream has no such bound.
const TABLE_OFFSET_MAX: u64 = 9_999_999_999;

// No update has more new objects.
const MOST_NEW: u32 = 1 << 16;
// A row in a map, whose nodes are not always full.
const ROW_BYTES: usize = 48;
// A document of more objects gets an ordinary update.
const MOST_LISTED: u32 = 500_000;
// So many lines of a table may all be for unused numbers.
const FREE_LINES: u32 = 10_000;

// Keys that describe the section itself, or are written anew.
const OWN_KEYS: [&[u8]; 12] =
    [b"Prev", b"XRefStm", b"Size", b"ID", b"Type", b"W", b"Index", b"Filter", b"DecodeParms", b"Length", b"F", b"DL"];
