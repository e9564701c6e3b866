//! PEM armour (RFC 7468, and the older header lines of OpenSSL) and bare base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// One `-----BEGIN …-----` block.
#[derive(Clone)]
pub(crate) struct Block {
    /// What stands after `BEGIN`.
    pub(crate) label: String,
    /// Whether `Proc-Type` or another header line precedes the data.
    pub(crate) has_headers: bool,
    /// The decoded bytes; wiped when dropped, for they may be a key.
    pub(crate) bytes: Zeroizing<Vec<u8>>,
}

/// All blocks, in their order; text between them is skipped. `None`: a block is damaged.
pub(crate) fn blocks(text: &[u8]) -> Option<Vec<Block>> {
    let mut found = Vec::new();
    let mut lines = text.split(|&b| b == b'\n').map(<[u8]>::trim_ascii);
    while let Some(line) = lines.next() {
        let Some(label) = marker(line, b"-----BEGIN ") else { continue };
        let mut base64 = Zeroizing::new(Vec::new());
        let mut has_headers = false;
        loop {
            let line = lines.next()?;
            if let Some(end) = marker(line, b"-----END ") {
                (end == label).then_some(())?;
                break;
            }
            if line.contains(&b':') {
                has_headers = true;
            } else {
                base64.extend_from_slice(line);
            }
        }
        let bytes = if has_headers { Vec::new() } else { STANDARD.decode(base64.as_slice()).ok()? };
        let label = String::from_utf8(label.to_vec()).ok()?;
        found.push(Block { label, has_headers, bytes: Zeroizing::new(bytes) });
    }
    Some(found)
}

/// The bytes behind base64 without armour, white space ignored.
pub(crate) fn bare_base64(text: &[u8]) -> Option<Vec<u8>> {
    let compact: Vec<u8> = text.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    if compact.is_empty() { None } else { STANDARD.decode(compact).ok() }
}

fn marker<'a>(line: &'a [u8], start: &[u8]) -> Option<&'a [u8]> {
    line.strip_prefix(start)?.strip_suffix(b"-----")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_blocks_between_text() {
        let text = b"Bag Attributes\r\n-----BEGIN A-----\r\nAQID\r\n-----END A-----\r\nx\n-----BEGIN B-----\nBA==\n-----END B-----";
        let found = blocks(text).unwrap();
        let seen: Vec<_> = found.iter().map(|b| (b.label.as_str(), b.bytes.as_slice())).collect();
        assert_eq!(seen, [("A", &[1, 2, 3][..]), ("B", &[4][..])]);
    }

    #[test]
    fn refuses_damaged_blocks() {
        for text in [
            "-----BEGIN A-----\nAQID\n",
            "-----BEGIN A-----\nAQ!D\n-----END A-----",
            "-----BEGIN A-----\n-----END B-----",
        ] {
            assert!(blocks(text.as_bytes()).is_none(), "{text}");
        }
        assert_eq!(bare_base64(b" AQ\nID "), Some(vec![1, 2, 3]));
        assert_eq!(bare_base64(b" \n"), None);
    }
}
