//! BER as software writes that streams its output, turned into the one form that strict readers take.

use std::ops::Range;

use zeroize::Zeroizing;

use super::{CONSTRUCTED, END_OF_CONTENTS, OCTET_STRING, UTF8_STRING, header, parse_header};
use crate::error::{Error, ErrorCode, Limit, Malformed, Result};
use crate::source::to_u64;

/// The first element of `bytes` with lengths that are definite and as short as can be, and with strings in one piece;
/// and how many of `bytes` it took.
///
/// Nothing else is changed: values stay as they stand, sets are not sorted. A string under a tag of its context can't
/// be told from other things and stays in pieces. One pass measures and one writes, so each byte is looked at twice
/// whatever the nesting, and the copy, which may hold a key, is never moved and is wiped when it is dropped.
///
/// # Errors
/// Malformed under `code` with the offset; [`Error::LimitExceeded`] for what is nested deeper than `depth_limit`.
pub(crate) fn definite(bytes: &[u8], depth_limit: u64, code: ErrorCode) -> Result<(Zeroizing<Vec<u8>>, usize)> {
    let mut walk = Walk { bytes, at: 0, depth_limit, code, open: Vec::new(), pieces: Vec::new() };
    loop {
        walk.element()?;
        walk.close()?;
        if walk.open.is_empty() {
            return Ok((walk.written(), walk.at));
        }
    }
}

struct Walk<'a> {
    bytes: &'a [u8],
    at: usize,
    depth_limit: u64,
    code: ErrorCode,
    /// What is around the place where we are, the innermost last.
    open: Vec<Open>,
    /// What is to be written, in its order.
    pieces: Vec<Piece>,
}

/// A constructed element that is not over yet.
struct Open {
    /// Its number among the pieces.
    piece: usize,
    /// Where it ends; `None`: where its end stands.
    end: Option<usize>,
    /// Where the nearest element around it, or itself, ends for certain.
    bound: usize,
    /// The tag of the string whose parts it holds.
    string: Option<u8>,
}

struct Piece {
    /// `None`: a part of a string, which has no header any more.
    tag: Option<u8>,
    /// Bytes of the content when written.
    length: usize,
    /// Where the content of a primitive element stands; empty for others.
    content: Range<usize>,
}

impl Walk<'_> {
    /// Reads a whole primitive element, or the header of a constructed one.
    fn element(&mut self) -> Result<()> {
        let depth = to_u64(self.open.len());
        if depth >= self.depth_limit {
            return Err(Limit::new("der_depth", self.depth_limit, depth + 1).at(to_u64(self.at)).into());
        }
        let (bound, joined) = self.open.last().map_or((self.bytes.len(), None), |outer| (outer.bound, outer.string));
        let rest = self.bytes.get(self.at..bound).unwrap_or_default();
        let (tag, header_len, length) = parse_header(rest, true).ok_or_else(|| self.fault())?;
        let start = self.at + header_len;
        let end = length.map(|length| start.checked_add(length).filter(|end| *end <= bound));
        let Some(end) = end.map_or(Some(None), |end| end.map(Some)) else { return Err(self.fault()) };
        let own = tag & !CONSTRUCTED;
        if joined.is_some_and(|whole| own != whole && own != OCTET_STRING) {
            return Err(self.fault());
        }
        let header = joined.is_none();
        if tag & CONSTRUCTED == 0 {
            let end = end.ok_or_else(|| self.fault())?;
            self.pieces.push(Piece { tag: header.then_some(tag), length: end - start, content: start..end });
            self.at = end;
            let written = self.pieces.last().map_or(0, Piece::len);
            self.add(written);
        } else {
            let string = is_string(own).then_some(own);
            let piece = Piece { tag: header.then_some(string.unwrap_or(tag)), length: 0, content: 0..0 };
            self.open.push(Open {
                piece: self.pieces.len(),
                end,
                bound: end.unwrap_or(bound),
                string: joined.or(string),
            });
            self.pieces.push(piece);
            self.at = start;
        }
        Ok(())
    }

    /// Ends every element that is over here.
    fn close(&mut self) -> Result<()> {
        while let Some(last) = self.open.last() {
            match last.end {
                Some(end) if self.at < end => return Ok(()),
                Some(_) => {}
                None => {
                    let rest = self.bytes.get(self.at..last.bound).unwrap_or_default();
                    if rest.is_empty() {
                        return Err(self.fault());
                    }
                    if !rest.starts_with(&END_OF_CONTENTS) {
                        return Ok(());
                    }
                    self.at += END_OF_CONTENTS.len();
                }
            }
            let written = self.pieces.get(last.piece).map_or(0, Piece::len);
            self.open.pop();
            self.add(written);
        }
        Ok(())
    }

    /// The element around the place where we are grows by `length`.
    fn add(&mut self, length: usize) {
        if let Some(piece) = self.open.last().and_then(|outer| self.pieces.get_mut(outer.piece)) {
            piece.length += length;
        }
    }

    fn written(&self) -> Zeroizing<Vec<u8>> {
        let mut out = Zeroizing::new(Vec::with_capacity(self.pieces.first().map_or(0, Piece::len)));
        for piece in &self.pieces {
            if let Some(tag) = piece.tag {
                header(&mut out, tag, piece.length);
            }
            out.extend_from_slice(self.bytes.get(piece.content.clone()).unwrap_or_default());
        }
        out
    }

    fn fault(&self) -> Error {
        Malformed::at(self.code, to_u64(self.at)).into()
    }
}

impl Piece {
    /// Bytes with the header.
    fn len(&self) -> usize {
        let mut start = Vec::new();
        if let Some(tag) = self.tag {
            header(&mut start, tag, self.length);
        }
        start.len() + self.length
    }
}

/// Whether `tag` is that of a string which BER may split. Bit strings are left as they are: nothing splits them.
fn is_string(tag: u8) -> bool {
    matches!(tag, OCTET_STRING | UTF8_STRING | 0x12..=0x16 | 0x19..=0x1e)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(bytes: &[u8]) -> Result<(Vec<u8>, usize)> {
        definite(bytes, 8, ErrorCode::DerMalformed).map(|(out, used)| (out.to_vec(), used))
    }

    #[test]
    fn what_is_definite_stays_as_it_is() {
        for bytes in [
            &[0x30, 0][..],
            &[2, 1, 7],
            &[0x30, 7, 0x30, 3, 2, 1, 7, 5, 0],
            &[&[0x30, 0x81, 0x83, 4, 0x81, 0x80][..], &[9; 128]].concat(),
        ] {
            assert_eq!(of(bytes).unwrap(), (bytes.to_vec(), bytes.len()), "{bytes:02x?}");
        }
    }

    #[test]
    fn lengths_become_definite_and_short() {
        let nested = [0x30, 0x80, 0x30, 0x80, 4, 0x82, 0, 1, 7, 0, 0, 0xa0, 0x80, 5, 0, 0, 0, 0, 0, 9, 9];
        assert_eq!(of(&nested).unwrap(), (vec![0x30, 9, 0x30, 3, 4, 1, 7, 0xa0, 2, 5, 0], nested.len() - 2));
    }

    #[test]
    fn strings_come_in_one_piece_however_they_were_split() {
        let split = [0x24, 0x80, 4, 2, 1, 2, 0x24, 0x80, 4, 1, 3, 0x24, 3, 4, 1, 4, 0, 0, 4, 0, 0, 0];
        assert_eq!(of(&split).unwrap(), (vec![4, 4, 1, 2, 3, 4], split.len()));
        assert_eq!(of(&[0x24, 0x80, 0, 0]).unwrap().0, [4, 0]);
        // A character string in parts of its own kind, and of octets.
        assert_eq!(of(&[0x3e, 8, 0x1e, 2, 0, 65, 4, 2, 0, 66]).unwrap().0, [0x1e, 4, 0, 65, 0, 66]);
        // What is no part of a string does not stand in one.
        for other in [&[0x24, 3, 2, 1, 7][..], &[0x24, 0x80, 0x30, 0, 0, 0], &[0x2c, 3, 0x13, 1, 65]] {
            assert!(of(other).is_err(), "{other:02x?}");
        }
        // A string under a tag of its context stays in pieces.
        assert_eq!(of(&[0xa0, 0x80, 4, 1, 7, 4, 1, 8, 0, 0]).unwrap().0, [0xa0, 6, 4, 1, 7, 4, 1, 8]);
    }

    #[test]
    fn faults_have_an_offset_and_nesting_has_an_end() {
        for (bytes, offset) in [
            (&[][..], 0),
            (&[0x30, 0x80], 2),
            (&[0x30, 0x80, 2, 1, 7], 5),
            (&[0x30, 2, 4, 1], 2),
            (&[0x30, 3, 0x30, 0x80, 5, 0, 0, 0], 4),
            (&[0x30, 4, 0x30, 0x80, 5, 0, 0, 0], 6),
            (&[0x30, 5, 0x30, 0x80, 5, 0, 0, 0], 6),
            (&[4, 0x80, 0, 0], 0),
            (&[0x30, 0x84, 0xff, 0xff, 0xff, 0xff], 0),
            (&[0, 0], 0),
        ] {
            let error = of(bytes).unwrap_err();
            assert_eq!((error.code(), error.offset()), (ErrorCode::DerMalformed, Some(offset)), "{bytes:02x?}");
        }
        let deep = |n: usize| [&[0x30, 0x80].repeat(n)[..], &[0, 0].repeat(n)].concat();
        assert_eq!(of(&deep(8)).unwrap().0.len(), 16);
        assert_eq!(of(&deep(9)).unwrap_err().code(), ErrorCode::LimitExceeded);
    }

    #[test]
    fn many_small_pieces_are_one_pass() {
        let split = [&[0x24, 0x80][..], &[4, 1, 7].repeat(300_000), &[0, 0]].concat();
        let (out, used) = definite(&split, 4, ErrorCode::DerMalformed).unwrap();
        assert_eq!((out.len(), used), (300_005, split.len()));
    }
}
