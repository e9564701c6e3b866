//! Contents of signatures: decoded once, however many signatures share them.
//!
//! A hole is mostly zeros, and one may be the Contents of every signature of a document. So what is kept of it is
//! what is not zero, it is charged to the document, and all that is read from it is read once.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use crate::answers::timestamp::Token;
use crate::cms::{SignedData, Signer};
use crate::error::{Limit, Result};
use crate::limits::Limits;
use crate::pades::check::ValueStamps;
use crate::pades::permission::EarlierSignature;
use crate::pdf::{Charge, Document, Object, Reference};
use crate::source::to_u64;

/// What a hole holds.
#[derive(Debug)]
pub(crate) struct Contents {
    /// Without the zeros at its end that belong to nothing.
    bytes: Vec<u8>,
    /// With them.
    len: usize,
    /// The CMS structure in it, and how long that is.
    cms: Result<(SignedData, usize)>,
    token: OnceLock<Option<Arc<Token>>>,
    stamps: OnceLock<ValueStamps>,
    /// Where its digits were found last.
    place: Mutex<Option<(u64, u64)>>,
    _charge: Charge,
}

impl Contents {
    /// The CMS structure in it, and how long that is.
    pub(crate) fn cms(&self) -> &Result<(SignedData, usize)> {
        &self.cms
    }

    /// Its bytes, but for zeros at the end.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The signer, where there is one.
    pub(crate) fn signer(&self) -> Option<&Signer> {
        self.cms.as_ref().ok().and_then(|(cms, _)| cms.signers().first())
    }

    /// The time-stamp that it is, not yet checked.
    pub(crate) fn token(&self, limits: &Limits) -> Option<&Arc<Token>> {
        let read = || Token::read(&self.bytes, limits).ok().map(Arc::new);
        self.token.get_or_init(read).as_ref()
    }

    /// The time-stamps over its signer's value.
    pub(crate) fn value_stamps(&self, limits: &Limits) -> &ValueStamps {
        let read = || self.signer().map(|signer| ValueStamps::of(signer, limits)).unwrap_or_default();
        self.stamps.get_or_init(read)
    }

    /// Whether it was found between these offsets.
    pub(super) fn is_between(&self, before: u64, after: u64) -> bool {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) == Some((before, after))
    }

    pub(super) fn found_between(&self, before: u64, after: u64) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = Some((before, after));
    }

    /// Whether `digits` mean it.
    pub(super) fn is_written(&self, digits: &[u8]) -> bool {
        if digits.len() / 2 != self.len || !digits.len().is_multiple_of(2) {
            return false;
        }
        let value = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        let (pairs, _) = digits.as_chunks::<2>();
        let (written, zeros) = pairs.split_at_checked(self.bytes.len()).unwrap_or((pairs, &[]));
        let is_same = |([high, low], byte): (&[u8; 2], &u8)| {
            value(*high).zip(value(*low)).is_some_and(|(high, low)| high << 4 | low == *byte)
        };
        written.iter().zip(&self.bytes).all(is_same) && zeros.iter().all(|zero| zero == b"00")
    }

    fn new(document: &Document, mut bytes: Vec<u8>) -> Result<Self> {
        // Until it is clear how much of it is zeros, all of it is held.
        let mut charge = document.charge(bytes.len())?;
        let len = bytes.len();
        let cms = SignedData::parse(&bytes, document.limits());
        let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        bytes.truncate(used.max(cms.as_ref().map_or(0, |(_, len)| *len)));
        bytes.shrink_to_fit();
        charge.shrink_to(0);
        document.grow(&mut charge, bytes.len().saturating_mul(COPIES))?;
        Ok(Contents {
            bytes,
            len,
            cms,
            token: OnceLock::new(),
            stamps: OnceLock::new(),
            place: Mutex::default(),
            _charge: charge,
        })
    }
}

/// The Contents of a document's signatures.
pub(crate) struct Holes<'a> {
    document: &'a Document,
    read: BTreeMap<Reference, Arc<Contents>>,
}

impl<'a> Holes<'a> {
    /// Of `document`; nothing is read yet.
    pub(crate) fn new(document: &'a Document) -> Self {
        Holes { document, read: BTreeMap::new() }
    }

    /// The Contents of `signature`, as the parsed object has them.
    ///
    /// # Errors
    /// `limit.exceeded`; reading faults. That there is no CMS structure in it is said by [`Contents::cms`].
    pub(crate) fn contents(&mut self, signature: &EarlierSignature) -> Result<Arc<Contents>> {
        // A string of its own, or one in the dictionary.
        let place = signature.dictionary.reference("Contents").or(signature.reference);
        if let Some(contents) = place.and_then(|place| self.read.get(&place)) {
            return Ok(Arc::clone(contents));
        }
        let contents = Arc::new(Contents::new(self.document, self.decode(signature)?)?);
        if let Some(place) = place {
            self.read.insert(place, Arc::clone(&contents));
        }
        Ok(contents)
    }

    fn decode(&self, signature: &EarlierSignature) -> Result<Vec<u8>> {
        let Object::String(contents) = self.document.get(&signature.dictionary, "Contents")? else {
            return Ok(Vec::new());
        };
        let limit = self.document.limits().pdf_contents_bytes;
        let least = to_u64(contents.raw().len() / DIGITS_AND_WHITE);
        if least > limit {
            return Err(Limit::new("pdf_contents_bytes", limit, least).into());
        }
        let bytes = contents.decode();
        if to_u64(bytes.len()) > limit {
            return Err(Limit::new("pdf_contents_bytes", limit, to_u64(bytes.len())).into());
        }
        Ok(bytes)
    }
}

// Itself, what is parsed from it, and its time-stamps parsed once more.
const COPIES: usize = 3;
// So many bytes of a string mean one at least, unless nearly all is white space.
const DIGITS_AND_WHITE: usize = 16;
