//! What primitive elements hold: numbers, strings, object identifiers, times.

use std::borrow::Cow;
use std::fmt::Write as _;

use super::{CONSTRUCTED, Element, GENERALIZED_TIME, OCTET_STRING, Reader, UTC_TIME};
use crate::error::Result;
use crate::time::Time;

impl<'a> Element<'a> {
    /// The bytes of an INTEGER, which must be written with as few as possible.
    pub(crate) fn integer(&self) -> Result<&'a [u8]> {
        match self.content() {
            [] | [0, 0..=0x7f, ..] | [0xff, 0x80..=0xff, ..] => Err(self.fault()),
            bytes => Ok(bytes),
        }
    }

    /// The magnitude of an INTEGER that is not negative, without leading zero.
    pub(crate) fn unsigned(&self) -> Result<&'a [u8]> {
        match self.integer()? {
            [0x80..=0xff, ..] => Err(self.fault()),
            [0, magnitude @ ..] if !magnitude.is_empty() => Ok(magnitude),
            magnitude => Ok(magnitude),
        }
    }

    /// An INTEGER that is not negative and not above 2^32.
    pub(crate) fn small(&self) -> Result<u32> {
        let magnitude = self.unsigned()?;
        if magnitude.len() > 4 {
            return Err(self.fault());
        }
        Ok(magnitude.iter().fold(0, |n, &b| n << 8 | u32::from(b)))
    }

    /// A BOOLEAN; in DER true is `FF`.
    pub(crate) fn boolean(&self) -> Result<bool> {
        match self.content() {
            [0] => Ok(false),
            [0xff] => Ok(true),
            [_] if self.rules.ber => Ok(true),
            _ => Err(self.fault()),
        }
    }

    /// A BIT STRING of whole bytes.
    pub(crate) fn bit_bytes(&self) -> Result<&'a [u8]> {
        match self.content() {
            [0, bytes @ ..] if self.tag() & CONSTRUCTED == 0 => Ok(bytes),
            _ => Err(self.fault()),
        }
    }

    /// The first sixteen bits of a BIT STRING, the first as the highest.
    pub(crate) fn bits(&self) -> Result<u16> {
        let (unused, bytes) = self.content().split_first().ok_or_else(|| self.fault())?;
        if *unused > 7 || (*unused > 0 && bytes.is_empty()) {
            return Err(self.fault());
        }
        let byte = |n: usize| u16::from(bytes.get(n).copied().unwrap_or_default());
        Ok(byte(0) << 8 | byte(1))
    }

    /// The bytes of an OCTET STRING, also of one that BER has split.
    pub(crate) fn octets(&self) -> Result<Cow<'a, [u8]>> {
        if self.tag() & CONSTRUCTED == 0 {
            return Ok(Cow::Borrowed(self.content()));
        }
        let mut parts = self.reader()?;
        let mut whole = Vec::new();
        while !parts.is_empty() {
            whole.extend_from_slice(&parts.read(OCTET_STRING)?.octets()?);
        }
        Ok(Cow::Owned(whole))
    }

    /// The second that a UTCTime or GeneralizedTime names, and the digits of its fraction.
    ///
    /// Only UTC is taken; fractions, which time-stamps and OCSP answers carry, only in GeneralizedTime.
    pub(crate) fn time(&self) -> Result<(Time, &'a str)> {
        parse_time(self.tag(), self.content()).ok_or_else(|| self.fault())
    }
}

impl Reader<'_> {
    /// Whether all that is left are well-formed elements.
    pub(crate) fn is_well_formed(&self) -> bool {
        let mut reader = self.clone();
        while !reader.is_empty() {
            if reader.element().is_err() {
                return false;
            }
        }
        true
    }
}

/// The dotted form of an object identifier's content; malformed ones as hexadecimal digits.
pub(crate) fn oid_text(content: &[u8]) -> String {
    let mut text = String::new();
    let mut arc = 0_u64;
    let mut sound = content.last().is_some_and(|b| b & 0x80 == 0);
    for &b in content {
        sound &= arc <= u64::MAX >> 8 && !(arc == 0 && b == 0x80);
        arc = arc << 7 | u64::from(b & 0x7f);
        if b & 0x80 == 0 {
            let written = if text.is_empty() {
                let root = (arc / 40).min(2);
                write!(text, "{root}.{}", arc - root * 40)
            } else {
                write!(text, ".{arc}")
            };
            sound &= written.is_ok();
            arc = 0;
        }
    }
    if sound { text } else { format!("#{}", crate::digest::to_hex(content)) }
}

fn parse_time(tag: u8, text: &[u8]) -> Option<(Time, &str)> {
    let text = std::str::from_utf8(text).ok()?.strip_suffix('Z')?;
    let (digits, fraction) = match text.split_once('.') {
        Some((digits, fraction)) if tag == GENERALIZED_TIME && !fraction.is_empty() => (digits, fraction),
        Some(_) => return None,
        None => (text, ""),
    };
    let all_digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    let year_digits = match (tag, digits.len()) {
        (UTC_TIME, 12) => 2,
        (GENERALIZED_TIME, 14) => 4,
        _ => return None,
    };
    if !all_digits(digits) || !all_digits(fraction) {
        return None;
    }
    let (year, rest) = digits.split_at_checked(year_digits)?;
    let number = |from: usize| rest.get(from..from + 2)?.parse::<i64>().ok();
    let year = match year.parse::<i64>().ok()? {
        // RFC 5280, 4.1.2.5.1
        short @ 0..50 if year_digits == 2 => 2000 + short,
        short if year_digits == 2 => 1900 + short,
        year => year,
    };
    let time = Time::from_utc((year, number(0)?, number(2)?), (number(4)?, number(6)?, number(8)?)).ok()?;
    Some((time, fraction))
}

#[cfg(test)]
mod tests {
    use super::super::{BIT_STRING, INTEGER};
    use super::*;
    use crate::error::ErrorCode;

    fn with<T>(tag: u8, content: &[u8], read: impl Fn(&Element<'_>) -> Result<T>) -> Result<T> {
        let bytes = super::super::tlv(tag, &[content]);
        let element = Reader::der(&bytes, ErrorCode::DerMalformed).element().unwrap();
        read(&element)
    }

    #[test]
    fn integers_are_minimal() {
        assert_eq!(with(INTEGER, &[0, 0x80], |e| e.small()).unwrap(), 128);
        assert_eq!(with(INTEGER, &[0], |e| e.small()).unwrap(), 0);
        for bad in [&[][..], &[0, 1], &[0xff, 0x80]] {
            assert!(with(INTEGER, bad, |e| e.integer().map(<[u8]>::to_vec)).is_err(), "{bad:02x?}");
        }
        assert!(with(INTEGER, &[0x80], |e| e.small()).is_err(), "negative");
        assert!(with(INTEGER, &[1, 0, 0, 0, 0], |e| e.small()).is_err(), "too large");
    }

    #[test]
    fn bits_come_highest_first() {
        assert_eq!(with(BIT_STRING, &[6, 0x40], |e| e.bits()).unwrap(), 0x4000);
        assert!(with(BIT_STRING, &[], |e| e.bits()).is_err());
        assert!(with(BIT_STRING, &[8, 0x40], |e| e.bits()).is_err());
    }

    #[test]
    fn times_are_read_with_fractions() {
        let utc = |text: &[u8]| with(UTC_TIME, text, |e| e.time().map(|t| t.0.to_string()));
        let general = |text: &[u8]| with(GENERALIZED_TIME, text, |e| e.time().map(|t| format!("{}+{}", t.0, t.1)));
        assert_eq!(utc(b"490102030405Z").unwrap(), "2049-01-02T03:04:05Z");
        assert_eq!(utc(b"500102030405Z").unwrap(), "1950-01-02T03:04:05Z");
        assert_eq!(general(b"20261121213456.123Z").unwrap(), "2026-11-21T21:34:56Z+123");
        for bad in [&b"2601020304Z"[..], b"260102030405", b"260102030405.1Z", b"26010203040\xffZ", b"261302030405Z"] {
            assert!(utc(bad).is_err());
        }
        assert!(general(b"20260102030405.Z").is_err());
        assert!(general(b"20260102030405+0200").is_err());
    }

    #[test]
    fn object_identifiers_have_a_dotted_form() {
        assert_eq!(oid_text(&[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 7, 2]), "1.2.840.113549.1.7.2");
        assert_eq!(oid_text(&[0x55, 4, 3]), "2.5.4.3");
        assert_eq!(oid_text(&[0x88, 0x37, 3]), "2.999.3");
        assert_eq!(oid_text(&[0x2a, 0x80, 1]), "#2a8001");
        assert_eq!(oid_text(&[0x2a, 0x86]), "#2a86");
        assert_eq!(oid_text(&[]), "#");
        assert_eq!(oid_text(&[0xff; 20]), format!("#{}", "ff".repeat(20)));
    }

    #[test]
    fn split_octet_strings_are_joined() {
        let bytes = [0x24, 0x80, 4, 2, 1, 2, 0x24, 3, 4, 1, 3, 0, 0];
        let mut reader = Reader::ber(&bytes, 8, ErrorCode::DerMalformed);
        assert_eq!(reader.read(OCTET_STRING).unwrap().octets().unwrap().as_ref(), [1, 2, 3]);
    }
}
