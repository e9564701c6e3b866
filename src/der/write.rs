//! New elements from their parts.

use super::{OID, SEQUENCE};

/// Appends identifier and length of an element with `length` bytes of content.
pub(crate) fn header(out: &mut Vec<u8>, tag: u8, length: usize) {
    out.push(tag);
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let octets = length.to_be_bytes();
            let zeros = octets.iter().take_while(|&&b| b == 0).count();
            let used = octets.get(zeros..).unwrap_or_default();
            // A usize has at most eight octets.
            out.push(0x80 | u8::try_from(used.len()).unwrap_or_default());
            out.extend_from_slice(used);
        }
    }
}

/// Appends an element.
pub(crate) fn write(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    header(out, tag, content.len());
    out.extend_from_slice(content);
}

/// Appends an element whose content is made of `parts`.
pub(crate) fn write_all(out: &mut Vec<u8>, tag: u8, parts: &[&[u8]]) {
    header(out, tag, parts.iter().map(|part| part.len()).sum());
    for part in parts {
        out.extend_from_slice(part);
    }
}

/// An element whose content is made of `parts`.
pub(crate) fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(parts.iter().map(|part| part.len()).sum::<usize>() + 6);
    write_all(&mut out, tag, parts);
    out
}

/// A SEQUENCE of `parts`.
pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    tlv(SEQUENCE, parts)
}

/// An OBJECT IDENTIFIER from its dotted form, such as `1.3.6.1.4.1`; `None` where it is none.
pub(crate) fn oid(text: &str) -> Option<Vec<u8>> {
    let mut arcs = text.split('.').map(|arc| {
        let is_number =
            !arc.is_empty() && arc.bytes().all(|b| b.is_ascii_digit()) && (arc == "0" || !arc.starts_with('0'));
        is_number.then(|| arc.parse::<u64>().ok()).flatten()
    });
    let (root, second) = (arcs.next()??, arcs.next()??);
    (root <= 2 && (root == 2 || second < 40)).then_some(())?;
    let mut content = base_128((root * 40).checked_add(second)?);
    for arc in arcs {
        content.extend(base_128(arc?));
    }
    Some(tlv(OID, &[&content]))
}

/// Seven bits an octet, all but the last with the highest bit set.
fn base_128(number: u64) -> Vec<u8> {
    let mut octets = Vec::new();
    let mut left = number;
    loop {
        let more = if octets.is_empty() { 0 } else { 0x80 };
        octets.push(u8::try_from(left & 0x7f).unwrap_or_default() | more);
        left >>= 7;
        if left == 0 {
            break;
        }
    }
    octets.reverse();
    octets
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_are_the_shortest() {
        let head = |n| {
            let mut out = Vec::new();
            header(&mut out, 4, n);
            out
        };
        assert_eq!(head(0), [4, 0]);
        assert_eq!(head(127), [4, 127]);
        assert_eq!(head(128), [4, 0x81, 128]);
        assert_eq!(head(256), [4, 0x82, 1, 0]);
        assert_eq!(head(0x1_0000), [4, 0x83, 1, 0, 0]);
        assert_eq!(sequence(&[&[1], &[2, 3]]), [0x30, 3, 1, 2, 3]);
    }

    #[test]
    fn object_identifiers_are_written_as_they_are_read() {
        for text in ["1.2.840.113549.1.7.2", "2.5.4.3", "2.999.3", "0.4.0.194121.2.1", "1.3.6.1.4.1.4146.2.3"] {
            let written = oid(text).unwrap();
            assert_eq!(super::super::oid_text(&written[2..]), text);
        }
        assert_eq!(oid("1.2.840.113549").unwrap(), [6, 6, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d]);
        for text in [
            "",
            "1",
            "1.",
            ".1",
            "3.1",
            "1.40",
            "1.2.x",
            "1.02",
            "1.2.-1",
            "1.2.99999999999999999999",
            "2.18446744073709551615",
        ] {
            assert_eq!(oid(text), None, "{text}");
        }
    }
}
