//! Decodes the streams a reader needs: Flate with PNG predictors, within bounds.
//!
//! Other filters are refused by name; content streams are never decoded here.

use flate2::{Decompress, FlushDecompress, Status};

use super::bounds::{Bounds, Charge};
use super::lex::Parser;
use super::object::{Dictionary, Object};
use crate::Limits;
use crate::error::{Error, ErrorCode, Limit, Malformed, Result};
use crate::source::{Bytes, to_u64, to_usize};

/// Inflates streams of one document and counts what comes out.
#[derive(Default)]
pub(crate) struct Decoder {
    inflate: Option<Decompress>,
    total: u64,
}

impl Decoder {
    /// Decodes `data` as `dictionary` says; what comes out is charged as long as the charge lives. Faults name `object`.
    ///
    /// # Errors
    /// `pdf.filter.unsupported`, `pdf.filter.data`; [`Error::LimitExceeded`] for what grows too large.
    pub(crate) fn decode(
        &mut self,
        dictionary: &Dictionary,
        data: Bytes,
        object: u32,
        bounds: &Bounds,
    ) -> Result<(Bytes, Charge)> {
        let steps = steps(dictionary, object, bounds)?;
        let mut charge = bounds.charge(data.len())?;
        let mut bytes = data;
        if steps.is_empty() {
            self.count(to_u64(bytes.len()), bounds)?;
        }
        for predictor in steps {
            let (mut output, taken) = self.inflate(&bytes, object, bounds)?;
            predictor.undo(&mut output, object)?;
            (bytes, charge) = (Bytes::from(output), taken);
        }
        Ok((bytes, charge))
    }

    fn inflate(&mut self, input: &[u8], object: u32, bounds: &Bounds) -> Result<(Vec<u8>, Charge)> {
        let damaged = || Error::from(Malformed::new(ErrorCode::PdfFilterData).object(object));
        let inflate = self.inflate.get_or_insert_with(|| Decompress::new(true));
        inflate.reset(true);
        let mut output = Vec::with_capacity(input.len().saturating_mul(4).clamp(512, FIRST_OUTPUT));
        let mut charge = bounds.charge(output.capacity())?;
        loop {
            let consumed = to_usize(inflate.total_in())?;
            let rest = input.get(consumed..).unwrap_or_default();
            let before = output.len();
            let status = inflate.decompress_vec(rest, &mut output, FlushDecompress::Finish).map_err(|_| damaged())?;
            let len = to_u64(output.len());
            if len > bounds.pdf_stream_bytes.min(bounds.pdf_streams_bytes.saturating_sub(self.total)) {
                // What was thrown away counts, too: asked for again and again, it would cost as often.
                self.count(len, bounds)?;
                return Err(exceeded("pdf_stream_bytes", bounds.pdf_stream_bytes, output.len()));
            }
            match status {
                Status::StreamEnd => break,
                // With room left and nothing written, the input has ended before the stream has.
                Status::Ok | Status::BufError if output.len() < output.capacity() && output.len() == before => {
                    if ends_without_checksum(input, &output) {
                        break;
                    }
                    return Err(damaged());
                }
                Status::Ok | Status::BufError if output.len() < output.capacity() => {}
                Status::Ok | Status::BufError => {
                    let more = output.len().clamp(512, MOST_MORE_OUTPUT);
                    if let Err(full) = charge.grow(more) {
                        self.count(len, bounds)?;
                        return Err(full);
                    }
                    output.reserve_exact(more);
                }
            }
        }
        self.count(to_u64(output.len()), bounds)?;
        if output.len() < output.capacity() / 2 {
            output.shrink_to_fit();
        }
        charge.shrink_to(output.capacity());
        Ok((output, charge))
    }

    fn count(&mut self, len: u64, bounds: &Bounds) -> Result<()> {
        self.total = self.total.saturating_add(len);
        if self.total > bounds.pdf_streams_bytes {
            let (limit, found) = (bounds.pdf_streams_bytes, self.total);
            return Err(Limit::new("pdf_streams_bytes", limit, found).into());
        }
        bounds.count_decoded(len)
    }
}

/// Whether nothing but the end mark or the checksum is missing, as some producers leave it: `input` was read
/// to its end without a fault and gave `decoded`.
fn ends_without_checksum(input: &[u8], decoded: &[u8]) -> bool {
    let data = input.trim_ascii_end();
    if data.ends_with(b"\0\0\xff\xff") || input.ends_with(b"\0\0\xff\xff") {
        return true;
    }
    let Some(blocks) = input.get(2..) else { return false };
    let mut inflate = Decompress::new(false);
    // The same comes out once more: only how much of it matters, so it goes where there is little room.
    let mut piece = vec![0; FIRST_OUTPUT.min(decoded.len().saturating_add(1))];
    loop {
        let rest = usize::try_from(inflate.total_in()).ok().and_then(|consumed| blocks.get(consumed..));
        let before = (inflate.total_in(), inflate.total_out());
        match inflate.decompress(rest.unwrap_or_default(), &mut piece, FlushDecompress::None) {
            Ok(Status::StreamEnd) => return inflate.total_out() == to_u64(decoded.len()),
            Ok(_) if before != (inflate.total_in(), inflate.total_out()) => {}
            _ => return false,
        }
    }
}

/// Decodes what follows the dictionary at the start of `data`, as a stream without an object is for tests.
pub(crate) fn decode_described(data: &[u8], limits: &Limits) -> Option<Vec<u8>> {
    let bytes = Bytes::from(data.to_vec());
    let bounds = Bounds::new(limits);
    let mut parser = Parser::new(&bytes, 0, &bounds);
    let dictionary = parser.dictionary(ErrorCode::PdfStream).ok()?;
    let at = to_usize(parser.offset()).ok()?;
    let (decoded, _) = Decoder::default().decode(&dictionary, bytes.slice(at..bytes.len()), 0, &bounds).ok()?;
    Some(decoded.to_vec())
}

/// What was done to the bytes before they were deflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Predictor {
    None,
    Png { row: usize, pixel: usize },
}

impl Predictor {
    fn read(parameters: Option<Object>, object: u32) -> Result<Predictor> {
        let unsupported = || Error::from(Malformed::new(ErrorCode::PdfFilter).object(object));
        let dictionary = match parameters {
            None | Some(Object::Null) => return Ok(Predictor::None),
            Some(Object::Dictionary(dictionary)) => dictionary,
            Some(_) => return Err(unsupported()),
        };
        let number = |key, default| match dictionary.get(key) {
            None | Some(Object::Null) => Ok(default),
            Some(Object::Integer(value)) => usize::try_from(value).map_err(|_| unsupported()),
            Some(_) => Err(unsupported()),
        };
        match number("Predictor", 1)? {
            1 => return Ok(Predictor::None),
            10..=15 => {}
            _ => return Err(unsupported()),
        }
        let (columns, colors, bits) = (number("Columns", 1)?, number("Colors", 1)?, number("BitsPerComponent", 8)?);
        let pixel_bits = colors.checked_mul(bits).filter(|bits| (1..=MOST_PIXEL_BITS).contains(bits));
        let row_bits = pixel_bits.and_then(|bits| bits.checked_mul(columns)).filter(|bits| *bits > 0);
        let (Some(pixel_bits), Some(row_bits)) = (pixel_bits, row_bits) else { return Err(unsupported()) };
        Ok(Predictor::Png { row: row_bits.div_ceil(8), pixel: pixel_bits.div_ceil(8) })
    }

    fn undo(self, data: &mut Vec<u8>, object: u32) -> Result<()> {
        let Predictor::Png { row, pixel } = self else { return Ok(()) };
        let line = row.checked_add(1).ok_or_else(|| Malformed::new(ErrorCode::PdfFilter).object(object))?;
        let damaged = || Error::from(Malformed::new(ErrorCode::PdfFilterData).object(object));
        // Above the first row are zeros. The row is as long as the data at most, whatever is declared.
        let mut above = vec![0; row.min(data.len())];
        // Each row goes where it stood, but for the byte before each that says how it was filtered.
        let (mut from, mut to) = (0, 0);
        while let Some(kind) = data.get(from).copied() {
            let end = from.saturating_add(line).min(data.len());
            let encoded = data.get(from + 1..end).unwrap_or_default();
            let len = encoded.len();
            unfilter(kind, &mut above, encoded, pixel).ok_or_else(damaged)?;
            let decoded = above.get(..len).ok_or_else(damaged)?;
            data.get_mut(to..to + len).ok_or_else(damaged)?.copy_from_slice(decoded);
            (from, to) = (end, to + len);
        }
        data.truncate(to);
        Ok(())
    }
}

/// Decodes the row `encoded` over the one `above` it.
fn unfilter(kind: u8, above: &mut [u8], encoded: &[u8], pixel: usize) -> Option<()> {
    match kind {
        0 => above.get_mut(..encoded.len())?.copy_from_slice(encoded),
        // Nearly all rows of cross-reference streams are of this kind, and there are many.
        2 => above.iter_mut().zip(encoded).for_each(|(byte, change)| *byte = byte.wrapping_add(*change)),
        1 | 3 | 4 => {
            let mut corners = [0; MOST_PIXEL_BITS / 8];
            for (i, change) in encoded.iter().enumerate() {
                let left = i.checked_sub(pixel).and_then(|i| above.get(i)).copied().unwrap_or(0);
                let corner = corners.get_mut(i % pixel)?;
                let byte = above.get_mut(i)?;
                let up = *byte;
                let guess = match kind {
                    1 => left,
                    3 => left.midpoint(up),
                    _ => paeth(left, up, *corner),
                };
                *corner = up;
                *byte = guess.wrapping_add(*change);
            }
        }
        _ => return None,
    }
    Some(())
}

fn paeth(left: u8, up: u8, corner: u8) -> u8 {
    let guess = i16::from(left) + i16::from(up) - i16::from(corner);
    let distance = |byte: u8| (guess - i16::from(byte)).abs();
    [left, up, corner].into_iter().min_by_key(|byte| distance(*byte)).unwrap_or(0)
}

fn steps(dictionary: &Dictionary, object: u32, bounds: &Bounds) -> Result<Vec<Predictor>> {
    let unsupported = || Error::from(Malformed::new(ErrorCode::PdfFilter).object(object));
    let most = to_usize(bounds.pdf_filters).unwrap_or(usize::MAX);
    let all = |key| match dictionary.get(key) {
        None | Some(Object::Null) => Vec::new(),
        Some(Object::Array(array)) => array.items().take(most.saturating_add(1)).collect(),
        Some(single) => vec![single],
    };
    let filters = all("Filter");
    if filters.is_empty() {
        return Ok(Vec::new());
    }
    if filters.len() > most {
        return Err(exceeded("pdf_filters", bounds.pdf_filters, filters.len()));
    }
    let mut parameters = all("DecodeParms").into_iter();
    let mut steps = Vec::with_capacity(filters.len());
    for filter in filters {
        match filter {
            Object::Name(name) if &name == "FlateDecode" => steps.push(Predictor::read(parameters.next(), object)?),
            _ => return Err(unsupported()),
        }
    }
    Ok(steps)
}

fn exceeded(name: &'static str, limit: u64, found: usize) -> Error {
    Limit::new(name, limit, to_u64(found)).into()
}

// Beyond this, output grows by what has been seen, and at most by so much at a time.
const FIRST_OUTPUT: usize = 1 << 20;
const MOST_MORE_OUTPUT: usize = 4 << 20;
const MOST_PIXEL_BITS: usize = 256;

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn deflate(data: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(data).unwrap();
        encoder.finish().unwrap()
    }

    fn decode(dictionary: &str, data: &[u8], limits: &Limits) -> Result<Vec<u8>> {
        let raw = Bytes::from(dictionary.as_bytes().to_vec());
        let bounds = Bounds::new(limits);
        let dictionary = Parser::new(&raw, 0, &bounds).dictionary(ErrorCode::PdfStream).unwrap();
        let data = Bytes::from(data.to_vec());
        Decoder::default().decode(&dictionary, data, 7, &bounds).map(|(decoded, _)| decoded.to_vec())
    }

    fn code(dictionary: &str, data: &[u8]) -> ErrorCode {
        decode(dictionary, data, &Limits::default()).unwrap_err().code()
    }

    const FLATE: &str = "<</Filter/FlateDecode>>";

    #[test]
    fn undoes_each_png_predictor() {
        // One row per kind, three columns: what each means for [1 2 3] above [4 6 9] and so on.
        let rows = [0, 1, 2, 3, 1, 4, 2, 3, 2, 1, 1, 1, 3, 1, 1, 1, 4, 1, 1, 1];
        let plain = decode(
            "<</Filter[/FlateDecode]/DecodeParms[<</Predictor 15/Columns 3>>]>>",
            &deflate(&rows),
            &Limits::default(),
        );
        assert_eq!(plain.unwrap(), [1, 2, 3, 4, 6, 9, 5, 7, 10, 3, 6, 9, 4, 7, 10]);
    }

    #[test]
    fn refuses_other_filters_and_predictors_by_name() {
        for dictionary in [
            "<</Filter/LZWDecode>>",
            "<</Filter[/ASCIIHexDecode/FlateDecode]>>",
            "<</Filter 5>>",
            "<</Filter/FlateDecode/DecodeParms<</Predictor 2>>>>",
            "<</Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 0>>>>",
            "<</Filter/FlateDecode/DecodeParms<</Predictor 12/Columns -1>>>>",
            "<</Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 9223372036854775807/Colors 4>>>>",
        ] {
            assert_eq!(code(dictionary, &deflate(b"abc")), ErrorCode::PdfFilter, "{dictionary}");
        }
    }

    #[test]
    fn refuses_damaged_data_and_unknown_row_kinds() {
        let mut data = deflate(&[7; 5_000]);
        let middle = data.len() / 2;
        assert_eq!(code(FLATE, &data[..middle]), ErrorCode::PdfFilterData);
        assert_eq!(
            code("<</Filter/FlateDecode/DecodeParms<</Predictor 12/Columns 3>>>>", &data),
            ErrorCode::PdfFilterData
        );
        *data.last_mut().unwrap() ^= 1;
        assert_eq!(code(FLATE, &data), ErrorCode::PdfFilterData);
        assert_eq!(code(FLATE, b""), ErrorCode::PdfFilterData);
    }

    #[test]
    fn takes_data_without_checksum_or_end_mark() {
        let data = deflate(b"some text, some text");
        for cut in 1..=4 {
            let plain = decode(FLATE, &data[..data.len() - cut], &Limits::default()).unwrap();
            assert_eq!(plain, b"some text, some text");
        }
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
        encoder.write_all(b"flushed").unwrap();
        encoder.flush().unwrap();
        assert_eq!(decode(FLATE, encoder.get_ref(), &Limits::default()).unwrap(), b"flushed");
    }

    #[test]
    fn bounds_bombs_sums_and_chains() {
        let limits =
            Limits { pdf_stream_bytes: 10_000, pdf_streams_bytes: 15_000, pdf_filters: 2, ..Limits::default() };
        let bomb = deflate(&vec![0; 1 << 20]);
        assert_eq!(decode(FLATE, &bomb, &limits).unwrap_err().code(), ErrorCode::LimitExceeded);
        let twice = deflate(&deflate(&vec![0; 9_000]));
        assert_eq!(decode("<</Filter[/FlateDecode/FlateDecode]>>", &twice, &limits).unwrap().len(), 9_000);
        let three = "<</Filter[/FlateDecode/FlateDecode/FlateDecode]>>";
        assert_eq!(decode(three, &twice, &limits).unwrap_err().code(), ErrorCode::LimitExceeded);
        let mut decoder = Decoder::default();
        let raw = Bytes::from(FLATE.as_bytes().to_vec());
        let bounds = Bounds::new(&limits);
        let dictionary = Parser::new(&raw, 0, &bounds).dictionary(ErrorCode::PdfStream).unwrap();
        let data = Bytes::from(deflate(&vec![0; 9_000]));
        decoder.decode(&dictionary, data.clone(), 1, &bounds).unwrap();
        assert_eq!(decoder.decode(&dictionary, data, 1, &bounds).unwrap_err().code(), ErrorCode::LimitExceeded);
    }

    #[test]
    fn counts_what_it_throws_away() {
        let limits = Limits { pdf_stream_bytes: 1 << 20, pdf_streams_bytes: 3 << 20, ..Limits::default() };
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::best());
        std::io::Write::write_all(&mut encoder, &[0; 2 << 20]).unwrap();
        let bomb = Bytes::from(encoder.finish().unwrap());
        let bytes = Bytes::from(b"<< /Filter /FlateDecode >>".to_vec());
        let bounds = Bounds::new(&limits);
        let dictionary = Parser::new(&bytes, 0, &bounds).dictionary(ErrorCode::PdfStream).unwrap();
        let mut decoder = Decoder::default();
        let mut fault = || decoder.decode(&dictionary, bomb.clone(), 0, &bounds).unwrap_err().to_string();
        assert!(fault().contains("pdf_stream_bytes"));
        assert!((0..4).any(|_| fault().contains("pdf_streams_bytes")));
    }
}
