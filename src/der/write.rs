//! New elements from their parts.

use super::SEQUENCE;

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
}
