//! Faults of documents: bytes that are not what their format says, sound input that is not signed, bounds.

use std::fmt;

use super::code::ErrorCode;
use super::mistake::Mistake;
use super::place;

/// Where and how bytes differ from their format.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Malformed {
    /// What is wrong.
    pub code: ErrorCode,
    /// Offset in the input, or in the decoded stream of `object` where the code says so.
    pub offset: Option<u64>,
    /// PDF object number.
    pub object: Option<u32>,
    /// The file of a container that it is in: where its content is read the offset counts in that.
    pub file: Option<String>,
    /// The number that should be there.
    pub expected: Option<u64>,
    /// The number that is there.
    pub found: Option<u64>,
    /// What is wrong with a text that people and programs write.
    pub mistake: Option<Box<Mistake>>,
}

impl Malformed {
    /// A fault without a known place.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        Malformed { code, offset: None, object: None, file: None, expected: None, found: None, mistake: None }
    }

    /// A fault at `offset`.
    #[must_use]
    pub fn at(code: ErrorCode, offset: u64) -> Self {
        Malformed { offset: Some(offset), ..Malformed::new(code) }
    }

    /// Names the PDF object it is in.
    #[must_use]
    pub fn object(self, number: u32) -> Self {
        Malformed { object: Some(number), ..self }
    }

    /// Names the file of a container that it is in.
    #[must_use]
    pub fn file(self, name: impl Into<String>) -> Self {
        Malformed { file: Some(name.into()), ..self }
    }

    /// Says what is wrong with the text.
    #[must_use]
    pub fn mistake(self, mistake: Mistake) -> Self {
        Malformed { mistake: Some(Box::new(mistake)), ..self }
    }

    /// Adds both numbers.
    #[must_use]
    pub fn numbers(self, expected: u64, found: u64) -> Self {
        Malformed { expected: Some(expected), found: Some(found), ..self }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.message())?;
        named(f, self.file.as_deref())?;
        place(f, self.object, self.offset)?;
        if let Some(mistake) = &self.mistake {
            return write!(f, ": {mistake}");
        }
        match (self.expected, self.found) {
            // The remedy depends on the number.
            (_, Some(found)) if self.code == ErrorCode::PdfHeader => {
                write!(f, ": {found} found; cut them off, as `tail -c +{}` does", found.saturating_add(1))
            }
            (Some(expected), Some(found)) => write!(f, ": {expected} expected, {found} found"),
            (None, Some(found)) => write!(f, ": {found} found"),
            (Some(expected), None) => write!(f, ": {expected} expected"),
            (None, None) => Ok(()),
        }
    }
}

/// Why sound input was not signed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Refusal {
    /// What stands in the way.
    pub code: ErrorCode,
    /// Offset in the input.
    pub offset: Option<u64>,
    /// PDF object number.
    pub object: Option<u32>,
    /// The file of a container, or the field of a PDF, that it is about.
    pub file: Option<String>,
    /// What exactly is wrong, where the code leaves it open.
    pub detail: Option<&'static str>,
}

impl Refusal {
    /// A refusal without a known place.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        Refusal { code, offset: None, object: None, file: None, detail: None }
    }

    /// A refusal because of what stands at `offset`.
    #[must_use]
    pub fn at(code: ErrorCode, offset: u64) -> Self {
        Refusal { offset: Some(offset), ..Refusal::new(code) }
    }

    /// Names the PDF object that stands in the way.
    #[must_use]
    pub fn object(self, number: u32) -> Self {
        Refusal { object: Some(number), ..self }
    }

    /// Names the file of a container that it is about.
    #[must_use]
    pub fn file(self, name: impl Into<String>) -> Self {
        Refusal { file: Some(name.into()), ..self }
    }

    /// Says what exactly is wrong.
    #[must_use]
    pub fn detail(self, text: &'static str) -> Self {
        Refusal { detail: Some(text), ..self }
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.message())?;
        named(f, self.file.as_deref())?;
        place(f, self.object, self.offset)?;
        self.detail.map_or(Ok(()), |detail| write!(f, ": {detail}"))
    }
}

/// The bound that was reached.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limit {
    /// Name of the field of [`Limits`](crate::Limits), or `pdf_table_offset`: ten digits, a bound of the format's own.
    pub name: &'static str,
    /// Its value.
    pub limit: u64,
    /// What the input asked for; where only a lower bound is known, that.
    pub found: u64,
    /// The file of a container that it is about.
    pub file: Option<String>,
    /// Offset in the input.
    pub offset: Option<u64>,
}

impl Limit {
    /// `found` is more than `limit`.
    #[must_use]
    pub fn new(name: &'static str, limit: u64, found: u64) -> Self {
        Limit { name, limit, found, file: None, offset: None }
    }

    /// Names the file of a container that it is about.
    #[must_use]
    pub fn file(self, name: impl Into<String>) -> Self {
        Limit { file: Some(name.into()), ..self }
    }

    /// Names the place.
    #[must_use]
    pub fn at(self, offset: u64) -> Self {
        Limit { offset: Some(offset), ..self }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "limit {} is {}, at least {} is needed", self.name, self.limit, self.found)?;
        named(f, self.file.as_deref())?;
        place(f, None, self.offset)
    }
}

/// The file that it is about.
fn named(f: &mut fmt::Formatter<'_>, file: Option<&str>) -> fmt::Result {
    let Some(file) = file else { return Ok(()) };
    let (most, rest) = (file.char_indices().nth(LONGEST_NAME), "…");
    let (shown, rest) = most.map_or((file, ""), |(at, _)| (file.get(..at).unwrap_or_default(), rest));
    // Escaped: a name can hold what would mislead on a terminal.
    write!(f, " (\"{}{rest}\")", shown.escape_debug())
}

// What is longer says no more.
const LONGEST_NAME: usize = 200;
