//! Object streams: many objects in one compressed stream.

use super::bounds::{Bounds, Charge};
use super::lex::Parser;
use super::object::{Dictionary, Object};
use crate::error::{Error, ErrorCode, Limit, Malformed, Result};
use crate::source::{Bytes, to_u64, to_usize};

/// A decoded object stream.
#[derive(Debug)]
pub(crate) struct ObjectStream {
    number: u32,
    data: Bytes,
    // Object number and offset in the data.
    places: Vec<(u32, u32)>,
    // For data and places.
    charge: Charge,
}

impl ObjectStream {
    /// Reads the table at the beginning of the decoded `data` of stream `number`; `charge` is for them.
    pub(crate) fn read(
        number: u32,
        dictionary: &Dictionary,
        (data, mut charge): (Bytes, Charge),
        bounds: &Bounds,
    ) -> Result<Self> {
        let malformed = || Error::from(Malformed::new(ErrorCode::PdfObjectStream).object(number));
        if !dictionary.is_type("ObjStm") {
            return Err(malformed());
        }
        let whole = |key| dictionary.integer(key).and_then(|n| u64::try_from(n).ok());
        let (count, first) = (whole("N").ok_or_else(malformed)?, whole("First").ok_or_else(malformed)?);
        if first > to_u64(data.len()) {
            return Err(malformed());
        }
        let mut places = Vec::new();
        let mut parser = Parser::new(&data, 0, bounds).in_object(number);
        for _ in 0..count {
            parser.skip_space();
            let object = parser.unsigned().and_then(|n| u32::try_from(n).ok()).ok_or_else(malformed)?;
            parser.skip_space();
            let offset = parser.unsigned().and_then(|n| n.checked_add(first)).ok_or_else(malformed)?;
            if parser.offset() > first || offset > to_u64(data.len()) {
                return Err(malformed());
            }
            if places.len() == places.capacity() {
                let more = places.len().clamp(USUAL_PLACES, MOST_MORE_PLACES);
                charge.grow(more * size_of::<(u32, u32)>())?;
                places.reserve_exact(more);
            }
            places.push((object, u32::try_from(offset).map_err(|_| malformed())?));
        }
        Ok(ObjectStream { number, data, places, charge })
    }

    /// The object at `index`, which must be `number`. It does not keep the stream.
    pub(crate) fn object(&self, index: u32, number: u32, bounds: &Bounds) -> Result<Object> {
        let place = usize::try_from(index).ok().and_then(|index| self.places.get(index));
        match place {
            Some((found, offset)) if *found == number => self.object_at(u64::from(*offset), bounds),
            Some((found, offset)) => {
                let fault = Malformed::at(ErrorCode::PdfObjectStream, u64::from(*offset)).object(self.number);
                Err(fault.numbers(u64::from(number), u64::from(*found)).into())
            }
            None => Err(Malformed::new(ErrorCode::PdfObjectStream).object(self.number).into()),
        }
    }

    fn object_at(&self, offset: u64, bounds: &Bounds) -> Result<Object> {
        let start = to_usize(offset)?;
        let end = to_usize(offset.saturating_add(bounds.pdf_object_bytes).min(to_u64(self.data.len())))?;
        let window = self.data.slice(start..end);
        let mut parser = Parser::new(&window, offset, bounds).in_object(self.number).copying(true);
        let object = parser.object();
        bounds.count_parsed(to_usize(parser.offset().saturating_sub(offset))?)?;
        if parser.hit_end() && end < self.data.len() {
            let most = bounds.pdf_object_bytes;
            return Err(Limit::new("pdf_object_bytes", most, most.saturating_add(1)).into());
        }
        object
    }

    /// The numbers of its objects, in order.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> {
        self.places.iter().map(|(number, _)| *number)
    }

    /// Bytes of memory that it takes.
    pub(crate) fn held_bytes(&self) -> usize {
        self.charge.bytes()
    }
}

// Most have no more objects; many grow by a MiB.
const USUAL_PLACES: usize = 128;
const MOST_MORE_PLACES: usize = 1 << 17;
