//! Object streams: many objects in one compressed stream.

use super::lex::Parser;
use super::object::{Dictionary, Object};
use crate::Limits;
use crate::error::{Error, ErrorCode, Malformed, Result};
use crate::source::{Bytes, to_u64};

/// A decoded object stream.
#[derive(Debug)]
pub(crate) struct ObjectStream {
    number: u32,
    data: Bytes,
    // Object number and offset in the data.
    places: Vec<(u32, u64)>,
}

impl ObjectStream {
    /// Reads the table at the beginning of the decoded `data` of stream `number`.
    pub(crate) fn read(number: u32, dictionary: &Dictionary, data: Vec<u8>, limits: &Limits) -> Result<Self> {
        let malformed = || Error::from(Malformed::new(ErrorCode::PdfObjectStream).object(number));
        if !dictionary.is_type("ObjStm") {
            return Err(malformed());
        }
        let whole = |key| dictionary.get(key).and_then(Object::as_integer).and_then(|n| u64::try_from(n).ok());
        let (count, first) = (whole("N").ok_or_else(malformed)?, whole("First").ok_or_else(malformed)?);
        if first > to_u64(data.len()) {
            return Err(malformed());
        }
        let data = Bytes::from(data);
        let mut places = Vec::new();
        let mut parser = Parser::new(&data, 0, limits).in_object(number);
        for _ in 0..count {
            parser.skip_space();
            let object = parser.unsigned().and_then(|n| u32::try_from(n).ok()).ok_or_else(malformed)?;
            parser.skip_space();
            let offset = parser.unsigned().and_then(|n| n.checked_add(first)).ok_or_else(malformed)?;
            if parser.offset() > first || offset > to_u64(data.len()) {
                return Err(malformed());
            }
            places.push((object, offset));
        }
        Ok(ObjectStream { number, data, places })
    }

    /// The object at `index`, which must be `number`.
    pub(crate) fn object(&self, index: u32, number: u32, limits: &Limits) -> Result<Object> {
        let place = usize::try_from(index).ok().and_then(|index| self.places.get(index));
        match place {
            Some((found, offset)) if *found == number => {
                let mut parser = Parser::new(&self.data, 0, limits).in_object(self.number);
                parser.seek(*offset)?;
                parser.object()
            }
            Some((found, offset)) => {
                let fault = Malformed::at(ErrorCode::PdfObjectStream, *offset).object(self.number);
                Err(fault.numbers(u64::from(number), u64::from(*found)).into())
            }
            None => Err(Malformed::new(ErrorCode::PdfObjectStream).object(self.number).into()),
        }
    }

    /// The numbers of its objects, in order.
    pub(crate) fn numbers(&self) -> impl Iterator<Item = u32> {
        self.places.iter().map(|(number, _)| *number)
    }

    /// Bytes it keeps in memory.
    pub(crate) fn size(&self) -> usize {
        self.data.len()
    }
}
