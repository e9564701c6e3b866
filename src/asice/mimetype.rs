//! The `mimetype` entry: what says that a ZIP is a container, and of which kind.
//!
//! In: an archive, or the first bytes of a file. Decided here and nowhere else: what is taken for a container, and which
//! oddities of the entry other readers forgive.

use crate::asice::layout::{ASICE, MIMETYPE};
use crate::error::{Error, ErrorCode, Malformed, Refusal, Result};
use crate::limits::Limits;
use crate::zip::{Archive, Begin, Method};

/// What was found in the entry, and how it stands there.
pub(super) struct Mimetype {
    pub(super) kind: Kind,
    /// Where its content stands.
    offset: u64,
    has_extra: bool,
    has_descriptor: bool,
    /// Whether there is nothing but the media type, as it is written.
    is_exact: bool,
}

/// The kinds of containers that are opened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Asice,
    /// Opened to be looked at: a signature is added to ASiC-E alone.
    Asics,
}

impl Mimetype {
    /// Reads the entry, which must be the first and stored (EN 319 162-1, annex A.1).
    ///
    /// # Errors
    /// `asice.mimetype` when there is none or it names something else.
    pub(super) fn read(archive: &Archive, limits: &Limits) -> Result<Self> {
        let entry = archive.find(MIMETYPE).ok_or_else(|| refused(0))?;
        if entry.header != 0 || entry.method != Method::Stored {
            return Err(refused(entry.header));
        }
        let text = archive.read(entry, "asice_mimetype_bytes", limits.asice_mimetype_bytes)?;
        let offset = entry.data.start;
        let kind = Kind::meant(&text).ok_or_else(|| refused(offset))?;
        let (has_extra, has_descriptor) = (entry.extra_bytes > 0, entry.has_descriptor);
        Ok(Mimetype { kind, offset, has_extra, has_descriptor, is_exact: text == kind.as_str().as_bytes() })
    }

    /// What is odd about it.
    pub(super) fn remarks(&self) -> impl Iterator<Item = String> {
        let remarks = [
            (self.has_extra, "the mimetype entry has an extra field"),
            (self.has_descriptor, "the mimetype entry has a data descriptor"),
            (!self.is_exact, NOT_EXACT),
        ];
        remarks.into_iter().filter(|(is_so, _)| *is_so).map(|(_, remark)| remark.to_owned())
    }

    /// Makes sure that it is there letter by letter: what has a line end or a byte order mark is no container to others.
    ///
    /// # Errors
    /// `asice.mimetype`.
    pub(super) fn check_exact(&self) -> Result<()> {
        let refusal = || Refusal::at(ErrorCode::AsiceMimetype, self.offset).file(MIMETYPE).detail(NOT_EXACT);
        if self.is_exact { Ok(()) } else { Err(refusal().into()) }
    }
}

impl Kind {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Kind::Asice => ASICE,
            Kind::Asics => "application/vnd.etsi.asic-s+zip",
        }
    }

    /// The kind that whoever wrote this meant.
    fn meant(text: &[u8]) -> Option<Self> {
        let text = trimmed(text);
        [Kind::Asice, Kind::Asics].into_iter().find(|kind| text.eq_ignore_ascii_case(kind.as_str().as_bytes()))
    }
}

/// Whether a file that begins so is meant as an ASiC-E container: the first entry is the `mimetype`, and names it.
///
/// Also where the entry is compressed or has a line end: such a container is refused when it is opened or signed, and
/// nobody wants it wrapped unasked.
pub(crate) fn begins_as_asice(begin: &[u8]) -> bool {
    let Some(begin) = Begin::read(begin).filter(|begin| begin.name == MIMETYPE.as_bytes()) else { return false };
    match begin.content(MOST_BYTES) {
        Some((text, true)) => Kind::meant(&text) == Some(Kind::Asice),
        // Where it ends is said behind it.
        Some((text, false)) => {
            let text = trimmed(&text);
            text.get(..ASICE.len()).is_some_and(|text| Kind::meant(text) == Some(Kind::Asice))
        }
        None => false,
    }
}

/// Without what editors and scripts leave around a line of text.
fn trimmed(text: &[u8]) -> &[u8] {
    let mut text = text;
    loop {
        let rest = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        let rest = rest.trim_ascii();
        let rest = rest.strip_prefix(b"\0").unwrap_or(rest);
        let rest = rest.strip_suffix(b"\0").unwrap_or(rest);
        if rest.len() == text.len() {
            return text;
        }
        text = rest;
    }
}

fn refused(offset: u64) -> Error {
    Malformed::at(ErrorCode::AsiceMimetype, offset).file(MIMETYPE).into()
}

const NOT_EXACT: &str =
    "the mimetype has a line end, white space, a byte order mark or other letters: validators refuse it";
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";
// Enough for the media type and what stands around it.
const MOST_BYTES: usize = 128;

#[cfg(test)]
mod tests {
    use super::*;

    /// The beginning of a ZIP whose first entry is this.
    fn zip(name: &str, flags: u16, method: u16, packed: &[u8], extra: &[u8]) -> Vec<u8> {
        let u16 = |n: usize| u16::try_from(n).unwrap().to_le_bytes();
        let told = if flags & 8 == 0 { u32::try_from(packed.len()).unwrap() } else { 0 };
        let mut bytes = b"PK\x03\x04\x14\0".to_vec();
        bytes.extend([flags.to_le_bytes(), method.to_le_bytes()].concat());
        bytes.extend([0; 8]);
        bytes.extend([told.to_le_bytes(), told.to_le_bytes()].concat());
        bytes.extend([u16(name.len()), u16(extra.len())].concat());
        bytes.extend([name.as_bytes(), extra, packed, b"PK\x03\x04 and so on"].concat());
        bytes
    }

    fn deflated(text: &[u8]) -> Vec<u8> {
        let mut out = Vec::with_capacity(256);
        let mut deflate = flate2::Compress::new(flate2::Compression::best(), false);
        deflate.compress_vec(text, &mut out, flate2::FlushCompress::Finish).unwrap();
        out
    }

    #[test]
    fn a_container_is_told_by_its_first_entry() {
        let text = ASICE.as_bytes();
        for (what, bytes) in [
            ("plain", zip("mimetype", 0, 0, text, b"")),
            ("extra field", zip("mimetype", 0, 0, text, b"\xca\xfe\0\0")),
            ("descriptor", zip("mimetype", 8, 0, text, b"")),
            ("deflated", zip("mimetype", 0, 8, &deflated(text), b"")),
            ("deflated, descriptor", zip("mimetype", 8, 8, &deflated(text), b"")),
            ("line end", zip("mimetype", 0, 0, &[text, b"\r\n"].concat(), b"")),
            ("mark", zip("mimetype", 0, 0, &[BYTE_ORDER_MARK, text, b" \0"].concat(), b"")),
            ("letters", zip("mimetype", 0, 0, ASICE.to_uppercase().as_bytes(), b"")),
        ] {
            assert!(begins_as_asice(&bytes), "{what}");
            for len in 0..bytes.len() {
                let _ = begins_as_asice(&bytes[..len]);
            }
        }
        let longer = ASICE.to_owned() + "x";
        for (what, bytes) in [
            ("another name", zip("Mimetype", 0, 0, text, b"")),
            ("ASiC-S", zip("mimetype", 0, 0, Kind::Asics.as_str().as_bytes(), b"")),
            ("EPUB", zip("mimetype", 0, 0, b"application/epub+zip", b"")),
            ("longer", zip("mimetype", 0, 0, longer.as_bytes(), b"")),
            ("shorter", zip("mimetype", 0, 0, &text[1..], b"")),
            ("encoded otherwise", zip("mimetype", 0, 12, text, b"")),
            ("not deflated", zip("mimetype", 0, 8, b"\xff\xff\xff\xff", b"")),
            ("cut", zip("mimetype", 0, 0, text, b"")[..40].to_vec()),
            ("text", text.to_vec()),
            ("nothing", Vec::new()),
        ] {
            assert!(!begins_as_asice(&bytes), "{what}");
        }
    }
}
