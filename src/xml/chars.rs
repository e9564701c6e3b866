//! Which characters XML 1.0 knows, and which of them make names.

/// Whether XML 1.0 can hold `text`: no control characters but TAB, LF and CR, no U+FFFE and U+FFFF.
pub(crate) fn is_xml_text(text: &str) -> bool {
    first_forbidden(text).is_none()
}

/// Offset of the first character that XML 1.0 forbids.
pub(super) fn first_forbidden(text: &str) -> Option<usize> {
    text.bytes().enumerate().find_map(|(at, byte)| {
        let forbidden = match byte {
            b'\t' | b'\n' | b'\r' => false,
            0..0x20 => true,
            // U+FFFE and U+FFFF are EF BF BE and EF BF BF.
            0xef => matches!(text.as_bytes().get(at..at.saturating_add(3)), Some([_, 0xbf, 0xbe | 0xbf])),
            _ => false,
        };
        forbidden.then_some(at)
    })
}

/// Whether a character reference may name `c`.
pub(super) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | ' '..='\u{d7ff}' | '\u{e000}'..='\u{fffd}' | '\u{10000}'..)
}

pub(super) fn is_white(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

/// Whether a name without a colon may begin with `c` (XML 1.0, fifth edition).
pub(super) fn begins_name(c: char) -> bool {
    matches!(c,
        'a'..='z' | 'A'..='Z' | '_' | '\u{c0}'..='\u{d6}' | '\u{d8}'..='\u{f6}' | '\u{f8}'..='\u{2ff}'
        | '\u{370}'..='\u{37d}' | '\u{37f}'..='\u{1fff}' | '\u{200c}'..='\u{200d}' | '\u{2070}'..='\u{218f}'
        | '\u{2c00}'..='\u{2fef}' | '\u{3001}'..='\u{d7ff}' | '\u{f900}'..='\u{fdcf}' | '\u{fdf0}'..='\u{fffd}'
        | '\u{10000}'..='\u{effff}')
}

/// Whether a name without a colon may go on with `c`.
pub(super) fn continues_name(c: char) -> bool {
    begins_name(c) || matches!(c, '0'..='9' | '-' | '.' | '\u{b7}' | '\u{300}'..='\u{36f}' | '\u{203f}'..='\u{2040}')
}

/// Whether `text` is a name without a colon.
pub(super) fn is_name(text: &str) -> bool {
    text.starts_with(begins_name) && text.chars().all(continues_name)
}
