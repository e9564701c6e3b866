//! Strings: the token, the bytes it means, and the text those mean.

use std::fmt;

use super::lex::is_white;
use crate::source::Bytes;

/// A string as it stands in the file.
#[derive(Clone)]
pub(crate) struct PdfString(Bytes);

impl PdfString {
    /// The string that stands as `raw`, with its parentheses or angle brackets.
    pub(crate) fn new(raw: Bytes) -> Self {
        PdfString(raw)
    }

    /// The token, with its parentheses or angle brackets.
    pub(crate) fn raw(&self) -> &[u8] {
        &self.0
    }

    /// Whether it is written as hexadecimal digits.
    pub(crate) fn is_hex(&self) -> bool {
        self.0.first() == Some(&b'<')
    }

    /// The bytes it means.
    pub(crate) fn decode(&self) -> Vec<u8> {
        let inner = self.0.get(1..self.0.len().saturating_sub(1)).unwrap_or_default();
        if self.is_hex() { decode_hex(inner) } else { decode_literal(inner) }
    }

    /// The text it means: UTF-16 or UTF-8 where a byte order mark says so, PDFDocEncoding otherwise.
    pub(crate) fn to_text(&self) -> String {
        let bytes = self.decode();
        if let Some(rest) = bytes.strip_prefix(b"\xfe\xff") {
            return decode_utf16(rest, u16::from_be_bytes);
        }
        if let Some(rest) = bytes.strip_prefix(b"\xff\xfe") {
            return decode_utf16(rest, u16::from_le_bytes);
        }
        if let Some(rest) = bytes.strip_prefix(b"\xef\xbb\xbf") {
            return String::from_utf8_lossy(rest).into_owned();
        }
        bytes.iter().map(|byte| pdf_doc_encoding(*byte)).collect()
    }
}

impl fmt::Debug for PdfString {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "string of {} bytes", self.0.len())
    }
}

fn decode_hex(inner: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(inner.len() / 2);
    let mut digits = inner.iter().filter(|byte| !is_white(**byte)).map(|byte| match byte {
        b'0'..=b'9' => byte - b'0',
        b'a'..=b'f' => byte - b'a' + 10,
        b'A'..=b'F' => byte - b'A' + 10,
        _ => 0,
    });
    while let Some(high) = digits.next() {
        bytes.push(high << 4 | digits.next().unwrap_or(0));
    }
    bytes
}

fn decode_literal(inner: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner.iter().copied().peekable();
    while let Some(byte) = rest.next() {
        match byte {
            b'\\' => match rest.next() {
                Some(b'n') => bytes.push(b'\n'),
                Some(b'r') => bytes.push(b'\r'),
                Some(b't') => bytes.push(b'\t'),
                Some(b'b') => bytes.push(8),
                Some(b'f') => bytes.push(12),
                Some(b'\n') | None => {}
                Some(b'\r') => {
                    rest.next_if_eq(&b'\n');
                }
                Some(first @ b'0'..=b'7') => {
                    let mut value = u16::from(first - b'0');
                    for _ in 0..2 {
                        if let Some(next) = rest.next_if(|byte| matches!(byte, b'0'..=b'7')) {
                            value = value * 8 + u16::from(next - b'0');
                        }
                    }
                    bytes.push(value.to_le_bytes()[0]);
                }
                Some(other) => bytes.push(other),
            },
            // An end of line inside a string is one line feed, however it is written.
            b'\r' => {
                rest.next_if_eq(&b'\n');
                bytes.push(b'\n');
            }
            other => bytes.push(other),
        }
    }
    bytes
}

fn decode_utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> String {
    let pairs = bytes.chunks(2).map(|pair| match pair {
        [a, b] => unit([*a, *b]),
        _ => 0xfffd,
    });
    char::decode_utf16(pairs).map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER)).collect()
}

fn pdf_doc_encoding(byte: u8) -> char {
    let special = match byte {
        0x18..=0x1f => LOW.get(usize::from(byte - 0x18)),
        0x80..=0xa0 => HIGH.get(usize::from(byte - 0x80)),
        _ => None,
    };
    special.copied().unwrap_or(char::from(byte))
}

// ISO 32000-1, annex D.3; the rest is Latin-1.
const LOW: [char; 8] = ['\u{2d8}', '\u{2c7}', '\u{2c6}', '\u{2d9}', '\u{2dd}', '\u{2db}', '\u{2da}', '\u{2dc}'];
const HIGH: [char; 33] = [
    '\u{2022}', '\u{2020}', '\u{2021}', '\u{2026}', '\u{2014}', '\u{2013}', '\u{192}', '\u{2044}', '\u{2039}',
    '\u{203a}', '\u{2212}', '\u{2030}', '\u{201e}', '\u{201c}', '\u{201d}', '\u{2018}', '\u{2019}', '\u{201a}',
    '\u{2122}', '\u{fb01}', '\u{fb02}', '\u{141}', '\u{152}', '\u{160}', '\u{178}', '\u{17d}', '\u{131}', '\u{142}',
    '\u{153}', '\u{161}', '\u{17e}', '\u{fffd}', '\u{20ac}',
];

#[cfg(test)]
mod tests {
    use super::*;

    fn string(raw: &[u8]) -> PdfString {
        PdfString::new(Bytes::from(raw.to_vec()))
    }

    #[test]
    fn decodes_escapes_and_line_ends() {
        let raw = b"(a\\(b\\)\\n\\101\\0\\7778\\\r\nx\r\ny(z)\\q)";
        assert_eq!(string(raw).decode(), b"a(b)\nA\0\xff8x\ny(z)q");
        assert_eq!(string(b"<41 4\n2 5>").decode(), b"ABP");
    }

    #[test]
    fn reads_three_encodings_of_text() {
        assert_eq!(string(b"<FEFF0101D83DDE00>").to_text(), "ā😀");
        assert_eq!(string(b"<EFBBBFC481>").to_text(), "ā");
        assert_eq!(string(b"(\\240 \\030 \\351)").to_text(), "€ ˘ é");
        assert_eq!(string(b"<FEFF01>").to_text(), "\u{fffd}");
    }
}
