//! PEM armour (RFC 7468, and the older header lines of OpenSSL) and bare base64.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

/// One `-----BEGIN …-----` block.
#[derive(Clone)]
pub(crate) struct Block {
    /// What stands after `BEGIN`.
    pub(crate) label: String,
    /// How the bytes are encrypted, as OpenSSL did before PKCS #8, where they are.
    pub(crate) encryption: Option<Encryption>,
    /// The decoded bytes; wiped when dropped, for they may be a key.
    pub(crate) bytes: Zeroizing<Vec<u8>>,
}

/// What `DEK-Info` says behind `Proc-Type: 4,ENCRYPTED` (RFC 1421); empty where there is none that can be read.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Encryption {
    /// OpenSSL's name of the cipher.
    pub(crate) cipher: String,
    /// Its initialization vector, which is the salt as well.
    pub(crate) iv: Vec<u8>,
}

/// All blocks, in their order; text between them is skipped. `None`: a block is damaged.
pub(crate) fn blocks(text: &[u8]) -> Option<Vec<Block>> {
    let mut found = Vec::new();
    let mut lines = lines(text);
    while let Some(line) = lines.next() {
        let Some(label) = marker(line, b"-----BEGIN ") else { continue };
        let mut base64 = Zeroizing::new(Vec::new());
        let (mut is_encrypted, mut encryption) = (false, Encryption::default());
        loop {
            let line = lines.next()?;
            if let Some(end) = marker(line, b"-----END ") {
                (end == label).then_some(())?;
                break;
            }
            match line.iter().position(|&b| b == b':').and_then(|colon| line.split_at_checked(colon)) {
                None => base64.extend_from_slice(line),
                Some((b"Proc-Type", kind)) => is_encrypted |= kind.ends_with(b"ENCRYPTED"),
                Some((b"DEK-Info", info)) => encryption = Encryption::read(info).unwrap_or_default(),
                // Whatever else a mail program wrote there says nothing about the bytes.
                Some(_) => {}
            }
        }
        let bytes = Zeroizing::new(STANDARD.decode(base64.as_slice()).ok()?);
        let label = String::from_utf8(label.to_vec()).ok()?;
        found.push(Block { label, encryption: is_encrypted.then_some(encryption), bytes });
    }
    Some(found)
}

impl Encryption {
    /// From `: AES-128-CBC,00112233…`.
    fn read(info: &[u8]) -> Option<Encryption> {
        let text = str::from_utf8(info).ok()?.trim_start_matches(':');
        let (cipher, digits) = text.split_once(',')?;
        let digits = digits.trim().as_bytes().as_chunks::<2>();
        let (pairs, []) = digits else { return None };
        let byte = |pair: &[u8; 2]| {
            let is_hex = pair.iter().all(u8::is_ascii_hexdigit);
            is_hex.then(|| u8::from_str_radix(str::from_utf8(pair).ok()?, 16).ok()).flatten()
        };
        Some(Encryption { cipher: cipher.trim().to_owned(), iv: pairs.iter().map(byte).collect::<Option<_>>()? })
    }
}

/// What the blocks say that they are, also where what they hold can't be read.
pub(crate) fn labels(text: &[u8]) -> impl Iterator<Item = &str> {
    lines(text).filter_map(|line| str::from_utf8(marker(line, b"-----BEGIN ")?).ok())
}

/// Lines as any system ends them, without the blanks around them.
fn lines(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    without_mark(text).split(|&b| matches!(b, b'\n' | b'\r')).map(<[u8]>::trim_ascii)
}

/// The text without the mark that some editors put before UTF-8.
pub(crate) fn without_mark(text: &[u8]) -> &[u8] {
    text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text)
}

/// The bytes behind base64 without armour, white space ignored.
pub(crate) fn bare_base64(text: &[u8]) -> Option<Vec<u8>> {
    let compact: Vec<u8> = without_mark(text).iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    if compact.is_empty() { None } else { STANDARD.decode(compact).ok() }
}

fn marker<'a>(line: &'a [u8], start: &[u8]) -> Option<&'a [u8]> {
    line.strip_prefix(start)?.strip_suffix(b"-----")
}

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

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
    fn lines_end_as_any_system_ends_them() {
        let text = "-----BEGIN A-----\nAQ\nID\n-----END A-----\n-----BEGIN B-----\n\nBA==\n-----END B-----";
        for end in ["\n", "\r\n", "\r", " \r\n\t"] {
            let blocks = blocks(text.replace('\n', end).as_bytes()).unwrap();
            let seen: Vec<_> = blocks.iter().map(|block| (block.label.as_str(), block.bytes.as_slice())).collect();
            assert_eq!(seen, [("A", &[1, 2, 3][..]), ("B", &[4][..])], "{end:?}");
        }
        assert_eq!(labels(b"x\r-----BEGIN A-----\r!\n -----BEGIN B-----").collect::<Vec<_>>(), ["A", "B"]);
    }

    #[test]
    fn reads_how_openssl_encrypted_a_block() {
        let text = |headers: &str| format!("\u{feff}-----BEGIN K-----\n{headers}\n\nAQID\n-----END K-----\n");
        let read = |headers: &str| blocks(text(headers).as_bytes()).unwrap().remove(0).encryption;
        let aes = Encryption { cipher: "AES-128-CBC".to_owned(), iv: vec![1, 0xab] };
        assert_eq!(read("Proc-Type: 4,ENCRYPTED\r\nDEK-Info: AES-128-CBC,01Ab"), Some(aes));
        for odd in ["", "\nDEK-Info: AES-128-CBC", "\nDEK-Info: A,012", "\nDEK-Info: A,0g", "\nDEK-Info: A,+1"] {
            assert_eq!(read(&format!("Proc-Type: 4,ENCRYPTED{odd}")).unwrap().iv, [0; 0], "{odd}");
        }
        assert_eq!(read("Proc-Type: 4,MIC-CLEAR\nComment: none"), None);
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
