//! Which bytes a signature covers (ISO 32000-1, 12.8.1): exact equalities, never a sum.

use std::fmt;

use crate::digest::DigestAlgorithm;
use crate::error::{ErrorCode, Limit, Malformed, Result};
use crate::pades::contents::Contents;
use crate::pades::digests::Part;
use crate::pades::permission::EarlierSignature;
use crate::pdf::{Dictionary, Document, Object};
use crate::source::Bytes;

/// What a ByteRange covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Coverage {
    /// All but the signature itself.
    WholeFile,
    /// Everything up to the end of an earlier revision.
    Revision {
        /// Which, counted from 1.
        number: usize,
        /// How many there are.
        of: usize,
    },
    /// Neither: some bytes before its end are not covered, or it ends in the middle of a revision.
    Odd,
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Coverage::WholeFile => f.write_str("whole file"),
            Coverage::Revision { number, of } => write!(f, "revision {number} of {of}"),
            Coverage::Odd => f.write_str("odd"),
        }
    }
}

/// A ByteRange that is `[0 a b c]` around exactly its own Contents.
#[derive(Debug, Clone)]
pub(crate) struct Covered {
    /// End of the first part, start and length of the second.
    before: u64,
    after: u64,
    rest: u64,
}

impl Covered {
    /// Checks the ByteRange of `signature`, whose numbers are `numbers`, against its `contents`.
    ///
    /// # Errors
    /// `pdf.byte-range` or `pdf.contents` with the offset.
    pub(crate) fn read(
        document: &Document,
        signature: &EarlierSignature,
        numbers: &[u64],
        contents: &Contents,
    ) -> Result<Self> {
        let fault = |code, offset| {
            let fault = Malformed::at(code, offset);
            signature.reference.map_or(fault.clone(), |reference| fault.object(reference.number))
        };
        let [0, before, after, rest] = numbers else {
            return Err(fault(ErrorCode::PdfByteRange, 0).into());
        };
        let len = document.source().len();
        let inside = before < after && after.checked_add(*rest).is_some_and(|end| end <= len);
        if !inside {
            return Err(fault(ErrorCode::PdfByteRange, *before).into());
        }
        let limit = document.limits().pdf_contents_bytes;
        if (after - before) / 2 > limit {
            return Err(Limit::new("pdf_contents_bytes", limit, (after - before) / 2).at(*before).into());
        }
        if !contents.is_between(*before, *after) {
            let gap = document.source().window(*before..*after)?;
            let digits = gap.strip_prefix(b"<").and_then(|gap| gap.strip_suffix(b">"));
            let digits = digits.filter(|digits| digits.len() % 2 == 0 && digits.iter().all(u8::is_ascii_hexdigit));
            let digits = digits.ok_or_else(|| fault(ErrorCode::PdfByteRange, *before))?;
            if !contents.is_written(digits) {
                return Err(fault(ErrorCode::PdfContents, *before).into());
            }
            contents.found_between(*before, *after);
        }
        Ok(Covered { before: *before, after: *after, rest: *rest })
    }

    /// Where the second part ends.
    pub(crate) fn end(&self) -> u64 {
        self.after.saturating_add(self.rest)
    }

    /// Where the hole begins: everything before is covered.
    pub(crate) fn before(&self) -> u64 {
        self.before
    }

    /// What is hashed.
    pub(crate) fn part(&self, algorithm: DigestAlgorithm) -> Part {
        Part { algorithm, before: self.before, after: self.after, end: self.end() }
    }

    /// What that is of the document, whose revisions end at `ends`.
    pub(crate) fn coverage(&self, document: &Document, ends: &[u64]) -> Result<Coverage> {
        let end = self.end();
        if end == document.source().len() {
            return Ok(Coverage::WholeFile);
        }
        for (n, revision) in ends.iter().enumerate() {
            // The line end after %%EOF may be left out of the range.
            let left: Option<Bytes> = match revision.checked_sub(end) {
                Some(0..=2) => Some(document.source().window(end..*revision)?),
                _ => None,
            };
            if left.is_some_and(|left| left.iter().all(|byte| matches!(byte, b'\r' | b'\n'))) {
                let whole = n + 1 == ends.len() && *revision == document.source().len();
                let part = Coverage::Revision { number: n + 1, of: ends.len() };
                return Ok(if whole { Coverage::WholeFile } else { part });
            }
        }
        Ok(Coverage::Odd)
    }
}

/// The numbers of ByteRange; empty where there is anything but a few whole numbers.
pub(crate) fn numbers(document: &Document, signature: &EarlierSignature) -> Result<Vec<u64>> {
    numbers_in(document, &signature.dictionary)
}

/// The same of a signature's dictionary.
pub(crate) fn numbers_in(document: &Document, dictionary: &Dictionary) -> Result<Vec<u64>> {
    let Object::Array(range) = document.get(dictionary, "ByteRange")? else {
        return Ok(Vec::new());
    };
    let numbers = range.items().take(MOST_NUMBERS + 1).map(|item| match item {
        Object::Integer(n) => u64::try_from(n).ok(),
        _ => None,
    });
    let numbers = numbers.collect::<Option<Vec<u64>>>().unwrap_or_default();
    Ok(if numbers.len() > MOST_NUMBERS { Vec::new() } else { numbers })
}

const MOST_NUMBERS: usize = 16;
