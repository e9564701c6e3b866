//! Finds the objects of a file by scanning it, where its cross-references lead nowhere.
//!
//! The last object of a number wins. Data of streams are stepped over, so that a PDF inside a PDF is not taken
//! for the document. The time is linear in the length of the file, whatever it holds.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::bounds::{Bounds, Charge, is_full};
use super::filter::Decoder;
use super::lex::{Parser, is_regular, is_white};
use super::object::{Dictionary, Object, Reference, Stream};
use super::object_stream::ObjectStream;
use super::tail::find;
use super::window::{Indirect, Windows, indirect, indirect_at, parse_at};
use super::xref::{Entry, SectionKind, read_data};
use crate::error::{Error, ErrorCode, Limit, Malformed, Refusal, Result};
use crate::source::{Bytes, Source, to_u64};

/// What a scan found.
#[derive(Debug, Clone)]
pub(crate) struct Rebuilt {
    /// All objects.
    pub(crate) entries: BTreeMap<u32, Entry>,
    /// The last trailer with a `Root`, or one made for the last catalog.
    pub(crate) trailer: Dictionary,
    // For the entries.
    _charge: Arc<Charge>,
}

impl Rebuilt {
    /// The kind of section that can list all entries.
    pub(crate) fn kind(&self) -> SectionKind {
        let in_stream = |entry: &Entry| matches!(entry, Entry::InStream { .. });
        if self.entries.values().any(in_stream) { SectionKind::Stream } else { SectionKind::Table }
    }

    /// The number after the highest in use.
    pub(crate) fn size(&self) -> u64 {
        self.entries.last_key_value().map_or(1, |(last, _)| u64::from(*last) + 1)
    }
}

/// Scans all of `source`.
///
/// # Errors
/// `pdf.encrypted`; `pdf.trailer` when there is neither trailer nor catalog; [`Error::LimitExceeded`].
pub(crate) fn rebuild(source: &Source, limits: &Bounds, decoder: &mut Decoder) -> Result<Rebuilt> {
    if source.len() > limits.pdf_rebuild_bytes {
        return Err(Limit::new("pdf_rebuild_bytes", limits.pdf_rebuild_bytes, source.len()).into());
    }
    let mut scan = Scan {
        source,
        limits,
        found: BTreeMap::new(),
        charge: limits.charge(0)?,
        streams: Vec::new(),
        trailer: None,
        root: None,
        wasted: 0,
        no_endstream: false,
    };
    scan.run()?;
    scan.read_object_streams(decoder)?;
    scan.finish()
}

struct Scan<'a> {
    source: &'a Source,
    limits: &'a Bounds,
    // Entry, and the offset that decides which of two is the later.
    found: BTreeMap<u32, (u64, Entry)>,
    // For what was found.
    charge: Charge,
    // Object streams with their offsets.
    streams: Vec<(u64, Stream)>,
    trailer: Option<Dictionary>,
    root: Option<Reference>,
    // Bytes that were parsed in vain.
    wasted: u64,
    // Whether the rest of the file was searched for `endstream` in vain.
    no_endstream: bool,
}

enum Mark {
    Object(u64),
    Trailer(u64),
    End,
}

impl Scan<'_> {
    fn run(&mut self) -> Result<()> {
        let mut windows = Windows::new(self.source);
        let mut at = 0;
        loop {
            at = match next_mark(&mut windows, at)? {
                Mark::End => return Ok(()),
                Mark::Object(offset) => match self.attempt(offset, indirect)? {
                    Some(found) => self.take(found, &mut windows)?,
                    None => offset.saturating_add(1),
                },
                Mark::Trailer(offset) => {
                    let end = offset.saturating_add(to_u64(TRAILER.len()));
                    match self.attempt(end, |parser| parser.dictionary(ErrorCode::PdfTrailer))? {
                        Some(trailer) => {
                            let len = to_u64(trailer.raw().len());
                            self.take_trailer(&trailer)?;
                            end.saturating_add(len)
                        }
                        None => end,
                    }
                }
            };
        }
    }

    /// Parses at `offset`; what is no object is stepped over, but not without end.
    fn attempt<T>(&mut self, offset: u64, mut read: impl FnMut(&mut Parser<'_>) -> Result<T>) -> Result<Option<T>> {
        let mut reached = offset;
        let result = parse_at(self.source, offset, self.limits, |parser| {
            let result = read(parser);
            reached = parser.offset();
            result
        });
        match result {
            Ok(found) => Ok(Some(found)),
            // An earlier object of the number would take its place.
            Err(error) if error.code() == ErrorCode::PdfDuplicateKey || is_full(&error) => Err(error),
            Err(error @ (Error::Malformed(_) | Error::LimitExceeded(_))) => {
                self.wasted = self.wasted.saturating_add(reached.saturating_sub(offset));
                if self.wasted > self.source.len().saturating_add(WASTE) { Err(error) } else { Ok(None) }
            }
            Err(error) => Err(error),
        }
    }

    /// Notes an object; returns where to go on.
    fn take(&mut self, found: Indirect, windows: &mut Windows<'_>) -> Result<u64> {
        let Reference { number, generation } = found.reference;
        if u64::from(number) > self.limits.pdf_objects {
            return Err(Limit::new("pdf_objects", self.limits.pdf_objects, u64::from(number)).at(found.offset).into());
        }
        let offset = found.offset;
        if number > 0 {
            self.note(number, offset, Entry::Offset { offset, generation })?;
        }
        match found.object {
            Object::Dictionary(dictionary) if dictionary.is_type("Catalog") => self.root = Some(found.reference),
            Object::Stream(stream) => {
                if stream.dictionary.is_type("XRef") {
                    self.take_trailer(&stream.dictionary)?;
                }
                let end = self.stream_end(&stream, windows)?;
                if stream.dictionary.is_type("ObjStm") {
                    self.streams.push((offset, stream));
                }
                return Ok(end);
            }
            _ => {}
        }
        Ok(found.end)
    }

    fn note(&mut self, number: u32, offset: u64, entry: Entry) -> Result<()> {
        if self.found.insert(number, (offset, entry)).is_none() {
            self.charge.grow(FOUND_BYTES)?;
        }
        Ok(())
    }

    fn take_trailer(&mut self, trailer: &Dictionary) -> Result<()> {
        if trailer.get("Encrypt").is_some_and(|encrypt| !encrypt.is_null()) {
            return Err(Refusal::new(ErrorCode::PdfEncrypted).into());
        }
        if trailer.reference("Root").is_some() {
            self.trailer = Some(trailer.clone());
        }
        Ok(())
    }

    /// Where the data of `stream` end: where `Length` says, or at the next `endstream`.
    fn stream_end(&mut self, stream: &Stream, windows: &mut Windows<'_>) -> Result<u64> {
        if let Some(Object::Integer(length)) = stream.dictionary.get("Length") {
            let end = u64::try_from(length).ok().and_then(|length| stream.start.checked_add(length));
            if let Some(end) = end.filter(|end| *end <= self.source.len()) {
                let after = self.source.window_up_to(end, ENDSTREAM_WINDOW)?;
                let white = after.iter().take_while(|byte| is_white(**byte)).count();
                if after.get(white..).is_some_and(|after| after.starts_with(ENDSTREAM)) {
                    return Ok(end);
                }
            }
        }
        let mut at = if self.no_endstream { self.source.len() } else { stream.start };
        loop {
            let window = windows.at(at, to_u64(ENDSTREAM.len()))?;
            if let Some(place) = find(window, ENDSTREAM) {
                return Ok(at.saturating_add(to_u64(place)));
            }
            let len = to_u64(window.len());
            if at.saturating_add(len) >= self.source.len() {
                self.no_endstream = true;
                return Ok(stream.start);
            }
            at = at.saturating_add(len.saturating_sub(to_u64(ENDSTREAM.len() - 1)).max(1));
        }
    }

    fn read_object_streams(&mut self, decoder: &mut Decoder) -> Result<()> {
        for (offset, stream) in std::mem::take(&mut self.streams) {
            let is_latest = self.found.get(&stream.number).is_some_and(|(latest, _)| *latest == offset);
            let Some(length) = self.length(&stream)?.filter(|_| is_latest) else { continue };
            let opened = read_data(self.source, &stream, length, self.limits)
                .and_then(|data| decoder.decode(&stream.dictionary, data, stream.number, self.limits))
                .and_then(|data| ObjectStream::read(stream.number, &stream.dictionary, data, self.limits));
            let opened = match opened {
                Ok(opened) => opened,
                Err(Error::Malformed(_)) => continue,
                Err(error) => return Err(error),
            };
            for (number, index) in opened.numbers().zip(0_u32..) {
                if number == 0 || u64::from(number) > self.limits.pdf_objects {
                    continue;
                }
                let entry = Entry::InStream { stream: stream.number, index };
                if self.found.get(&number).is_none_or(|(earlier, _)| *earlier <= offset) {
                    self.note(number, offset, entry)?;
                    self.look_for_catalog(&opened, index, number);
                }
            }
        }
        Ok(())
    }

    fn look_for_catalog(&mut self, stream: &ObjectStream, index: u32, number: u32) {
        if self.trailer.is_none()
            && let Ok(Object::Dictionary(dictionary)) = stream.object(index, number, self.limits)
            && dictionary.is_type("Catalog")
        {
            self.root = Some(Reference { number, generation: 0 });
        }
    }

    fn length(&self, stream: &Stream) -> Result<Option<i64>> {
        match stream.dictionary.get("Length") {
            Some(Object::Integer(length)) => Ok(Some(length)),
            Some(Object::Reference(reference)) => match self.found.get(&reference.number) {
                Some((_, Entry::Offset { offset, .. })) => {
                    Ok(indirect_at(self.source, *offset, self.limits)?.object.as_integer())
                }
                _ => Ok(None),
            },
            _ => Ok(None),
        }
    }

    fn finish(self) -> Result<Rebuilt> {
        let entries = self.found.into_iter().map(|(number, (_, entry))| (number, entry)).collect();
        let trailer = match (self.trailer, self.root) {
            (Some(trailer), _) => trailer,
            (None, Some(root)) => {
                let raw = Bytes::from(format!("<</Root {root}>>").into_bytes());
                Parser::new(&raw, 0, self.limits).dictionary(ErrorCode::PdfTrailer)?
            }
            (None, None) => return Err(Malformed::at(ErrorCode::PdfTrailer, self.source.len()).into()),
        };
        Ok(Rebuilt { entries, trailer, _charge: Arc::new(self.charge) })
    }
}

/// The next `n g obj` or `trailer` from `at` on.
fn next_mark(windows: &mut Windows<'_>, mut at: u64) -> Result<Mark> {
    let mut inside_word = false;
    loop {
        let window = windows.at(at, LOOK_AHEAD.saturating_mul(2))?;
        let complete = to_u64(window.len()) < LOOK_AHEAD * 2;
        let last = if complete { window.len() } else { window.len() - LOOK_AHEAD_BYTES };
        for (i, byte) in window.iter().enumerate().take(last) {
            if !inside_word && matches!(byte, b'0'..=b'9' | b't') {
                let rest = window.get(i..).unwrap_or_default();
                let rest = rest.get(..rest.len().min(LOOK_AHEAD_BYTES)).unwrap_or_default();
                let offset = at.saturating_add(to_u64(i));
                if rest.starts_with(TRAILER) {
                    return Ok(Mark::Trailer(offset));
                }
                if is_heading(rest) {
                    return Ok(Mark::Object(offset));
                }
            }
            inside_word = is_regular(*byte);
        }
        if complete {
            return Ok(Mark::End);
        }
        at = at.saturating_add(to_u64(last));
    }
}

fn is_heading(text: &[u8]) -> bool {
    let digits = |text: &[u8]| text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let white = |text: &[u8]| text.iter().take_while(|byte| is_white(**byte)).count();
    let mut rest = text;
    for most in [10, 5] {
        let (number, gap) = (digits(rest), white(rest.get(digits(rest)..).unwrap_or_default()));
        if number == 0 || number > most || gap == 0 {
            return false;
        }
        rest = rest.get(number + gap..).unwrap_or_default();
    }
    rest.starts_with(b"obj")
}

// An entry in a tree, whose nodes are not always full.
const FOUND_BYTES: usize = 48;
const TRAILER: &[u8] = b"trailer";
const ENDSTREAM: &[u8] = b"endstream";
const ENDSTREAM_WINDOW: u64 = 16;
const LOOK_AHEAD: u64 = 64;
const LOOK_AHEAD_BYTES: usize = 64;
// A broken object or two in a small file must not end the scan.
const WASTE: u64 = 64 << 10;
