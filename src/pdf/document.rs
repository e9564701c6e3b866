//! The document: from references to objects, reading only what is asked for.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::bounds::{Bounds, Charge, is_full};
use super::filter::Decoder;
use super::lex::Parser;
use super::object::{Array, Dictionary, Object, Reference, Stream};
use super::object_stream::ObjectStream;
use super::rebuild::{Rebuilt, rebuild};
use super::revision::{Revision, revisions};
use super::tail::{Header, header, tail, version};
use super::tape::Items;
use super::window::{heading, indirect_at, parse_at};
use super::xref::{Chain, Entry, SectionKind, read_data};
use super::{Recovery, fields, first_page};
use crate::Limits;
use crate::error::{Error, ErrorCode, Limit, Malformed, Refusal, Result};
use crate::source::{Bytes, Source, to_u64};

mod history;

pub(crate) use history::History;

/// An open PDF. Objects are read when they are asked for, and remembered.
pub(crate) struct Document {
    source: Source,
    bounds: Bounds,
    header: Header,
    startxref: u64,
    tail: bool,
    trailer: Dictionary,
    index: Index,
    size: u32,
    cache: Mutex<Cache>,
}

#[derive(Clone)]
enum Index {
    Chain(Chain),
    Rebuilt(Rebuilt),
}

#[derive(Default)]
struct Cache {
    objects: BTreeMap<Reference, Object>,
    // Bytes of memory that the objects take.
    held: usize,
    // The one used last is at the end.
    streams: Vec<(u32, Arc<ObjectStream>)>,
    decoder: Decoder,
    reads: u64,
    // How often an object was asked for, remembered or not.
    asked: u64,
}

impl Cache {
    /// Lets go what can be read again, objects first, which cost less; whether there was anything.
    fn let_go(&mut self) -> bool {
        self.held = 0;
        if !self.objects.is_empty() {
            self.objects.clear();
            return true;
        }
        let had = !self.streams.is_empty();
        self.streams.clear();
        had
    }
}

impl Document {
    /// Opens the document in `source`: reads its ends and its cross-references, and no object.
    ///
    /// With [`Recovery::Rebuild`] catalog, first page and form are read as well, so that what comes back
    /// can be worked with.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the first thing that is wrong; [`Error::Refused`] when it is encrypted;
    /// [`Error::LimitExceeded`].
    pub(crate) fn open(source: &Source, limits: &Limits, recovery: Recovery) -> Result<Document> {
        let header = header(source)?;
        // No original byte is ever changed, so they would stay, and every reader counts offsets its own way.
        if header.offset > 0 {
            return Err(Malformed::at(ErrorCode::PdfHeader, 0).numbers(0, header.offset).into());
        }
        let opened = Document::open_as_is(source, &Bounds::new(limits), header, recovery);
        if recovery == Recovery::Refuse {
            return opened;
        }
        let checked = opened.and_then(|document| {
            if let Some(fault) = document.fault() {
                return Err(fault.into());
            }
            document.check()?;
            Ok(document)
        });
        match checked {
            // Two readings, or two values of a key, are no damage that a scan could undo.
            Err(Error::Malformed(fault))
                if !matches!(fault.code, ErrorCode::PdfHybrid | ErrorCode::PdfDuplicateKey) =>
            {
                Document::open_rebuilt(source, &Bounds::new(limits), header)
            }
            other => other,
        }
    }

    fn open_as_is(source: &Source, bounds: &Bounds, header: Header, recovery: Recovery) -> Result<Document> {
        let tail = tail(source, bounds)?;
        if let Some(junk) = tail.junk.filter(|_| recovery == Recovery::Refuse) {
            return Err(Malformed::at(ErrorCode::PdfTail, junk).into());
        }
        let mut decoder = Decoder::default();
        let chain = Chain::read(source, tail.startxref, bounds, &mut decoder)?;
        for section in chain.sections() {
            if section.trailer.get("Encrypt").is_some_and(|encrypt| !encrypt.is_null()) {
                return Err(Refusal::at(ErrorCode::PdfEncrypted, section.offset).into());
            }
        }
        let latest = chain.sections().first().ok_or(Error::Bug("chain without a section"))?;
        if latest.trailer.reference("Root").is_none() {
            return Err(Malformed::at(ErrorCode::PdfTrailer, latest.offset).into());
        }
        let size = fresh_number(chain.size(), bounds)?;
        let cache = Mutex::new(Cache { decoder, ..Cache::default() });
        let (source, bounds) = (source.clone(), bounds.clone());
        let (startxref, tail) = (tail.startxref, tail.junk.is_some());
        let trailer = latest.trailer.clone();
        Ok(Document { source, bounds, header, startxref, tail, trailer, index: Index::Chain(chain), size, cache })
    }

    /// The document after `source`: this one's bytes with an update behind them. Of the cross-references only the
    /// update's own are read, so that looking at an update costs no second reading of the document.
    ///
    /// # Errors
    /// As [`Document::open`].
    pub(crate) fn with_update(&self, source: &Source) -> Result<Document> {
        let mut decoder = Decoder::default();
        let tail = tail(source, &self.bounds)?;
        let chain = match &self.index {
            Index::Chain(chain) => {
                chain.with_update(source, tail.startxref, self.startxref, &self.bounds, &mut decoder)?
            }
            // The update of a rebuilt document stands alone.
            Index::Rebuilt(_) => Chain::read(source, tail.startxref, &self.bounds, &mut decoder)?,
        };
        let latest = chain.sections().first().ok_or(Error::Bug("chain without a section"))?;
        let trailer = latest.trailer.clone();
        let size = fresh_number(chain.size(), &self.bounds)?;
        let cache = Mutex::new(Cache { decoder, ..Cache::default() });
        let (source, bounds, header) = (source.clone(), self.bounds.clone(), self.header);
        let (startxref, tail) = (tail.startxref, tail.junk.is_some());
        Ok(Document { source, bounds, header, startxref, tail, trailer, index: Index::Chain(chain), size, cache })
    }

    /// The document as it was when it ended at `end`: the objects that were there then. `None` where there was none.
    pub(crate) fn as_of(&self, end: u64) -> Option<Document> {
        let Index::Chain(chain) = &self.index else { return None };
        let chain = chain.as_of(end);
        let latest = chain.sections().first()?;
        let (trailer, startxref) = (latest.trailer.clone(), latest.offset);
        Some(Document { trailer, startxref, index: Index::Chain(chain), cache: Mutex::default(), ..self.clone() })
    }

    fn open_rebuilt(source: &Source, bounds: &Bounds, header: Header) -> Result<Document> {
        let mut decoder = Decoder::default();
        let rebuilt = rebuild(source, bounds, &mut decoder)?;
        let size = fresh_number(rebuilt.size(), bounds)?;
        let tail = tail(source, bounds).is_ok_and(|tail| tail.junk.is_some());
        let cache = Mutex::new(Cache { decoder, ..Cache::default() });
        let (source, bounds) = (source.clone(), bounds.clone());
        let trailer = rebuilt.trailer.clone();
        let index = Index::Rebuilt(rebuilt);
        let document = Document { source, bounds, header, startxref: 0, tail, trailer, index, size, cache };
        document.check()?;
        Ok(document)
    }

    fn check(&self) -> Result<()> {
        self.catalog()?;
        first_page(self)?;
        fields(self)?;
        Ok(())
    }

    /// The bytes it is read from.
    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    /// The limits it is read with.
    pub(crate) fn limits(&self) -> &Limits {
        &self.bounds
    }

    /// An account of `bytes` that are held for this document from now on, beside its objects.
    ///
    /// # Errors
    /// `limit.exceeded` when that is too much, although all is let go that can be read again.
    pub(crate) fn charge(&self, bytes: usize) -> Result<Charge> {
        self.with_room(|| self.bounds.charge(bytes))
    }

    /// Lets `charge` hold `more` bytes as well.
    ///
    /// # Errors
    /// As [`Document::charge`].
    pub(crate) fn grow(&self, charge: &mut Charge, more: usize) -> Result<()> {
        self.with_room(|| charge.grow(more))
    }

    /// Lets go what is remembered, where that is much: for a document that waits, perhaps with many others.
    pub(crate) fn rest(&self) {
        let mut cache = self.cache();
        let streams = cache.streams.iter().map(|(_, stream)| stream.held_bytes()).sum::<usize>();
        if cache.held.saturating_add(streams) > REMEMBERED_AT_REST {
            while cache.let_go() {}
        }
    }

    /// The elements of `array`, which count as read once more: for arrays that are walked again and again.
    ///
    /// # Errors
    /// `limit.exceeded`.
    pub(crate) fn walk(&self, array: &Array) -> Result<Items> {
        self.count(array.raw())?;
        Ok(array.items())
    }

    /// Counts `bytes` as read once more.
    ///
    /// # Errors
    /// `limit.exceeded`.
    pub(crate) fn count(&self, bytes: &[u8]) -> Result<()> {
        self.bounds.count_parsed(bytes.len())
    }

    /// The dictionary that `text` is, as if it stood in the document.
    ///
    /// # Errors
    /// [`Error::Malformed`] when it is none.
    pub(crate) fn parse_dictionary(&self, text: &[u8]) -> Result<Dictionary> {
        let bytes = Bytes::from(text.to_vec());
        Parser::new(&bytes, 0, &self.bounds).dictionary(ErrorCode::PdfObjectType)
    }

    /// The version in the header or in the catalog, whichever is higher.
    pub(crate) fn effective_version(&self) -> Result<(u8, u8)> {
        let (_, catalog) = self.catalog()?;
        let named = match self.get(&catalog, "Version")? {
            Object::Name(name) => version(name.as_bytes()),
            _ => None,
        };
        Ok(named.map_or(self.header.version, |named| named.max(self.header.version)))
    }

    /// The number after the last `startxref`; 0 when the cross-references were rebuilt, which have no `Prev`.
    pub(crate) fn startxref(&self) -> u64 {
        self.startxref
    }

    /// The kind of section that an update must have.
    pub(crate) fn kind(&self) -> SectionKind {
        match &self.index {
            Index::Chain(chain) => chain.sections().first().map_or(SectionKind::Table, |latest| latest.kind()),
            Index::Rebuilt(rebuilt) => rebuilt.kind(),
        }
    }

    /// The trailer of the latest section; of a stream section, its dictionary.
    pub(crate) fn trailer(&self) -> &Dictionary {
        &self.trailer
    }

    /// The first object number that nothing uses: above every `Size` and every number listed.
    pub(crate) fn size(&self) -> u32 {
        self.size
    }

    /// Whether the objects were found by scanning; the update must then carry [`Document::in_use`] completely.
    pub(crate) fn is_rebuilt(&self) -> bool {
        matches!(self.index, Index::Rebuilt(_))
    }

    /// Whether bytes other than white space follow the last `%%EOF`: opened only because recovery was asked for,
    /// and not to be signed when it carries signatures.
    pub(crate) fn has_tail(&self) -> bool {
        self.tail
    }

    /// What is wrong with the cross-references that were read in spite of it: nothing is signed on such.
    pub(crate) fn fault(&self) -> Option<Malformed> {
        match &self.index {
            Index::Chain(chain) => chain.fault(),
            Index::Rebuilt(_) => None,
        }
    }

    /// Whether its cross-references are written as they should not be, but common readers agree on them. Some of them
    /// repair such a document when they open it, and then find that a later update of it was changed.
    pub(crate) fn is_odd(&self) -> bool {
        matches!(&self.index, Index::Chain(chain) if chain.is_odd())
    }

    /// Whether streams of cross-references hide objects from readers that know tables alone.
    pub(crate) fn is_hybrid(&self) -> bool {
        matches!(&self.index, Index::Chain(chain) if chain.is_hybrid())
    }

    /// The first object that makes two documents of a hybrid one: readers of different kind find it in different
    /// places. What those that know no streams do not find at all is no difference.
    pub(crate) fn contradiction(&self) -> Result<Option<u32>> {
        match &self.index {
            Index::Chain(chain) => chain.contradiction(&self.source),
            Index::Rebuilt(_) => Ok(None),
        }
    }

    /// Whether readers that know no streams of cross-references do not find the object `number`, and others do.
    pub(crate) fn is_hidden(&self, number: u32) -> Result<bool> {
        match &self.index {
            Index::Chain(chain) if chain.is_hybrid() => Ok(chain.find(&self.source, number)?.hidden),
            _ => Ok(false),
        }
    }

    /// All objects in use, sorted by number.
    pub(crate) fn in_use(&self) -> Result<Vec<(u32, Entry)>> {
        let chain = match &self.index {
            Index::Rebuilt(rebuilt) => return Ok(rebuilt.entries.iter().map(|(n, entry)| (*n, *entry)).collect()),
            Index::Chain(chain) => chain,
        };
        let mut all = Vec::new();
        for number in chain.listed().filter(|number| *number > 0) {
            if let Some(entry) = self.entry(number)? {
                all.push((number, entry));
            }
        }
        Ok(all)
    }

    /// The revisions, the oldest first; of a rebuilt document the only one.
    pub(crate) fn revisions(&self) -> Result<Vec<Revision>> {
        match &self.index {
            Index::Chain(chain) => revisions(&self.source, chain.sections(), &self.bounds),
            Index::Rebuilt(_) => Ok(vec![Revision { end: self.source.len(), kind: self.kind() }]),
        }
    }

    /// Where the object `number` is; `None` when it is free or was never listed.
    ///
    /// # Errors
    /// `pdf.xref.hybrid` when readers of different kind find it in different places.
    pub(crate) fn entry(&self, number: u32) -> Result<Option<Entry>> {
        match &self.index {
            Index::Chain(chain) => {
                let reading = chain.find(&self.source, number)?;
                if !reading.agreed {
                    return Err(Malformed::new(ErrorCode::PdfHybrid).object(number).into());
                }
                Ok(reading.entry)
            }
            Index::Rebuilt(rebuilt) => Ok(rebuilt.entries.get(&number).copied()),
        }
    }

    /// The object that `reference` means, `Null` when there is none.
    pub(crate) fn object(&self, reference: Reference) -> Result<Object> {
        self.object_for(reference, 0)
    }

    /// `object`, or what it refers to.
    pub(crate) fn resolve(&self, object: &Object) -> Result<Object> {
        let mut object = object.clone();
        let mut seen = Vec::new();
        while let Object::Reference(reference) = object {
            if seen.contains(&reference) {
                return Err(Malformed::new(ErrorCode::PdfObjectCycle).object(reference.number).into());
            }
            seen.push(reference);
            if to_u64(seen.len()) > self.bounds.pdf_references {
                return Err(Limit::new("pdf_references", self.bounds.pdf_references, to_u64(seen.len())).into());
            }
            object = self.object(reference)?;
        }
        Ok(object)
    }

    /// The value of `key`, resolved; `Null` when there is none.
    pub(crate) fn get(&self, dictionary: &Dictionary, key: &str) -> Result<Object> {
        match dictionary.get(key) {
            None => Ok(Object::Null),
            Some(value @ Object::Reference(_)) => self.resolve(&value),
            Some(value) => Ok(value),
        }
    }

    /// The catalog and its reference.
    pub(crate) fn catalog(&self) -> Result<(Reference, Dictionary)> {
        let root = self.trailer().reference("Root");
        let root = root.ok_or_else(|| Malformed::new(ErrorCode::PdfTrailer))?;
        let malformed = || Error::from(Malformed::new(ErrorCode::PdfCatalog).object(root.number));
        match self.object(root)? {
            Object::Dictionary(catalog) if catalog.is_type("Catalog") => Ok((root, catalog)),
            Object::Dictionary(catalog) if catalog.get("Type").is_none() && catalog.get("Pages").is_some() => {
                Ok((root, catalog))
            }
            _ => Err(malformed()),
        }
    }

    /// Offset of `n g obj`; `None` when the object is in an object stream or nowhere.
    pub(crate) fn location(&self, reference: Reference) -> Result<Option<u64>> {
        match self.entry(reference.number)? {
            Some(Entry::Offset { offset, generation }) if generation == reference.generation => {
                let found = parse_at(&self.source, offset, &self.bounds, |parser| {
                    parser.skip_white();
                    let at = parser.offset();
                    Ok((at, heading(parser)))
                })?;
                if found.1 != Some(reference) {
                    return Err(Malformed::at(ErrorCode::PdfObjectNumber, offset).object(reference.number).into());
                }
                Ok(Some(found.0))
            }
            _ => Ok(None),
        }
    }

    /// Those of the numbers `among` that objects in the object stream `number` have, whether they are listed or not.
    pub(crate) fn numbers_in(&self, number: u32, among: &Range<u32>) -> Result<Vec<u32>> {
        Ok(self.object_stream(number, 0)?.numbers().filter(|number| among.contains(number)).collect())
    }

    /// Whether the object `reference` is exactly where the cross-references say, not behind white space.
    pub(crate) fn is_at_its_place(&self, reference: Reference) -> Result<bool> {
        match self.entry(reference.number)? {
            Some(Entry::Offset { offset, .. }) => {
                Ok(self.source.window_up_to(offset, 1)?.first().is_some_and(u8::is_ascii_digit))
            }
            _ => Ok(true),
        }
    }

    /// How many objects were read so far, without those that were remembered.
    pub(crate) fn reads(&self) -> u64 {
        self.cache().reads
    }

    /// The decoded data of `stream`.
    pub(crate) fn stream_data(&self, stream: &Stream) -> Result<Bytes> {
        // Whoever asks looks at it and lets it go, or keeps what has limits of its own.
        self.with_room(|| self.stream_data_for(stream, 0)).map(|(data, _)| data)
    }

    /// Does what needs memory; where there is not enough, once more without what can be read again.
    fn with_room<T>(&self, mut act: impl FnMut() -> Result<T>) -> Result<T> {
        for _ in 0..KINDS_REMEMBERED {
            match act() {
                Err(error) if is_full(&error) && self.cache().let_go() => {}
                other => return other,
            }
        }
        act()
    }

    fn object_for(&self, reference: Reference, depth: u64) -> Result<Object> {
        {
            let mut cache = self.cache();
            cache.asked = cache.asked.saturating_add(1);
            if cache.asked / REMEMBERED_READS > self.bounds.pdf_reads {
                let found = cache.asked / REMEMBERED_READS;
                return Err(Limit::new("pdf_reads", self.bounds.pdf_reads, found).into());
            }
            if let Some(object) = cache.objects.get(&reference) {
                return Ok(object.clone());
            }
        }
        let object = self.with_room(|| self.read(reference, depth))?;
        let mut cache = self.cache();
        let held = object.held_bytes();
        if cache.objects.len() >= REMEMBERED_OBJECTS || cache.held.saturating_add(held) > self.most_remembered() {
            cache.objects.clear();
            cache.held = 0;
        }
        cache.held = cache.held.saturating_add(held);
        cache.objects.insert(reference, object.clone());
        Ok(object)
    }

    /// How many bytes remembered objects, and as many object streams, may take.
    fn most_remembered(&self) -> usize {
        usize::try_from(self.bounds.pdf_memory_bytes / REMEMBERED_SHARE).unwrap_or(usize::MAX)
    }

    fn read(&self, reference: Reference, depth: u64) -> Result<Object> {
        match self.entry(reference.number)? {
            Some(Entry::Offset { offset, generation }) if generation == reference.generation => {
                self.count_read()?;
                self.read_at(offset, reference)
            }
            Some(Entry::InStream { stream, index }) if reference.generation == 0 => {
                self.count_read()?;
                self.object_stream(stream, depth)?.object(index, reference.number, &self.bounds)
            }
            _ => Ok(Object::Null),
        }
    }

    fn read_at(&self, offset: u64, reference: Reference) -> Result<Object> {
        if offset >= self.source.len() {
            return Err(Malformed::at(ErrorCode::PdfTruncated, offset).object(reference.number).into());
        }
        let found = indirect_at(&self.source, offset, &self.bounds).map_err(|error| match error {
            Error::Malformed(fault) => fault.object(reference.number).into(),
            other => other,
        })?;
        if found.reference != reference {
            let fault = Malformed::at(ErrorCode::PdfObjectNumber, offset).object(reference.number);
            return Err(fault.numbers(u64::from(reference.number), u64::from(found.reference.number)).into());
        }
        Ok(found.object)
    }

    fn object_stream(&self, number: u32, depth: u64) -> Result<Arc<ObjectStream>> {
        let mut cache = self.cache();
        if let Some(i) = cache.streams.iter().position(|(found, _)| *found == number) {
            let used = cache.streams.remove(i);
            let stream = Arc::clone(&used.1);
            cache.streams.push(used);
            return Ok(stream);
        }
        drop(cache);
        self.count_read()?;
        let malformed = || Error::from(Malformed::new(ErrorCode::PdfObjectStream).object(number));
        let Some(Entry::Offset { offset, generation }) = self.entry(number)? else { return Err(malformed()) };
        let Object::Stream(stream) = self.read_at(offset, Reference { number, generation })? else {
            return Err(malformed());
        };
        let data = self.stream_data_for(&stream, depth)?;
        let stream = Arc::new(ObjectStream::read(number, &stream.dictionary, data, &self.bounds)?);
        let mut cache = self.cache();
        cache.streams.push((number, Arc::clone(&stream)));
        let most = self.most_remembered();
        while cache.streams.len() > 1 && cache.streams.iter().map(|(_, s)| s.held_bytes()).sum::<usize>() > most {
            cache.streams.remove(0);
        }
        Ok(stream)
    }

    fn stream_data_for(&self, stream: &Stream, depth: u64) -> Result<(Bytes, Charge)> {
        let length = match stream.dictionary.get("Length") {
            Some(Object::Reference(_)) if depth >= self.bounds.pdf_references => {
                return Err(Malformed::new(ErrorCode::PdfObjectCycle).object(stream.number).into());
            }
            Some(Object::Reference(reference)) => self.object_for(reference, depth + 1)?.as_integer(),
            Some(Object::Integer(length)) => Some(length),
            _ => None,
        };
        let malformed = || Malformed::at(ErrorCode::PdfStream, stream.start).object(stream.number);
        let data = read_data(&self.source, stream, length.ok_or_else(malformed)?, &self.bounds)?;
        self.cache().decoder.decode(&stream.dictionary, data, stream.number, &self.bounds)
    }

    fn count_read(&self) -> Result<()> {
        let mut cache = self.cache();
        if cache.reads >= self.bounds.pdf_reads {
            return Err(Limit::new("pdf_reads", self.bounds.pdf_reads, cache.reads.saturating_add(1)).into());
        }
        cache.reads += 1;
        Ok(())
    }

    fn cache(&self) -> MutexGuard<'_, Cache> {
        // Nothing is left half done under the lock that a panic elsewhere could uncover.
        self.cache.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clone for Document {
    /// The same document, with the objects that were read so far.
    fn clone(&self) -> Self {
        let (objects, held) = {
            let cache = self.cache();
            (cache.objects.clone(), cache.held)
        };
        Document {
            source: self.source.clone(),
            bounds: self.bounds.clone(),
            trailer: self.trailer.clone(),
            index: self.index.clone(),
            cache: Mutex::new(Cache { objects, held, ..Cache::default() }),
            ..*self
        }
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("source", &self.source).field("size", &self.size).finish_non_exhaustive()
    }
}

fn fresh_number(size: u64, limits: &Limits) -> Result<u32> {
    u32::try_from(size.max(1)).map_err(|_| Limit::new("pdf_objects", limits.pdf_objects, size).into())
}

const REMEMBERED_OBJECTS: usize = 4_096;
const REMEMBERED_AT_REST: usize = 256 << 10;
// Objects and object streams.
const KINDS_REMEMBERED: usize = 2;
// The part of what a document may hold that remembered objects take at most, and as much object streams.
const REMEMBERED_SHARE: u64 = 8;
// To find a remembered object counts so much less than to read one.
const REMEMBERED_READS: u64 = 16;
