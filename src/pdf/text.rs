//! Text and names as PDF tokens (ISO 32000-1, 7.3.4, 7.3.5, 7.9.2).

use std::fmt::Write as _;

/// `text` as a text string: a literal for printable ASCII, else hexadecimal digits of
/// PDFDocEncoding where that has all characters, else of UTF-16BE with its mark.
pub(crate) fn text_string(text: &str) -> Vec<u8> {
    if text.chars().all(|c| matches!(c, ' '..='~')) {
        return literal(text);
    }
    // Above 0xA0 PDFDocEncoding is Latin-1, but for the soft hyphen.
    let latin = |c: char| u8::try_from(c).ok().filter(|b| matches!(b, b' '..=b'~' | 0xa1..=0xac | 0xae..=0xff));
    let bytes = text.chars().map(latin).collect::<Option<Vec<u8>>>().unwrap_or_else(|| {
        let units = std::iter::once(0xfeff).chain(text.encode_utf16());
        units.flat_map(u16::to_be_bytes).collect()
    });
    hex_string(&bytes)
}

/// `bytes` as a hexadecimal string token, upper case.
pub(crate) fn hex_string(bytes: &[u8]) -> Vec<u8> {
    let mut token = Vec::with_capacity(bytes.len() * 2 + 2);
    token.push(b'<');
    push_hex(&mut token, bytes);
    token.push(b'>');
    token
}

/// Appends upper-case hexadecimal digits.
pub(crate) fn push_hex(to: &mut Vec<u8>, bytes: &[u8]) {
    let digit = |n: u8| if n < 10 { b'0' + n } else { b'A' + n - 10 };
    to.extend(bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]));
}

/// A name token; everything but letters, digits and a few harmless signs is written as `#xx`.
pub(crate) fn name(bytes: &[u8]) -> String {
    let mut token = String::from("/");
    for byte in bytes {
        if byte.is_ascii_alphanumeric() || b"._-+:".contains(byte) {
            token.push(char::from(*byte));
        } else {
            // Writing to a String can't fail.
            let _ = write!(token, "#{byte:02X}");
        }
    }
    token
}

fn literal(text: &str) -> Vec<u8> {
    let mut token = Vec::with_capacity(text.len() + 2);
    token.push(b'(');
    for byte in text.bytes() {
        if matches!(byte, b'(' | b')' | b'\\') {
            token.push(b'\\');
        }
        token.push(byte);
    }
    token.push(b')');
    token
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_takes_the_narrowest_form() {
        assert_eq!(text_string("a(b)\\"), b"(a\\(b\\)\\\\)");
        assert_eq!(text_string("\u{fc}"), b"<FC>");
        assert_eq!(text_string("\u{101}"), b"<FEFF0101>");
        assert_eq!(text_string("a\u{ad}"), b"<FEFF006100AD>");
        assert_eq!(text_string("\u{1f58a}"), b"<FEFFD83DDD8A>");
        assert_eq!(text_string("a\nb"), b"<FEFF0061000A0062>");
    }

    #[test]
    fn names_escape_delimiters() {
        assert_eq!(name(b"A b/#"), "/A#20b#2F#23");
    }
}
