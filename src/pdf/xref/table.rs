//! Cross-reference tables, left in the file: the place of an entry is computed, and verified when it is used.

use std::sync::OnceLock;

use super::{Entry, Listed};
use crate::error::{Error, ErrorCode, Limit, Malformed, Result};
use crate::pdf::bounds::{Bounds, Charge};
use crate::pdf::lex::is_white;
use crate::pdf::window::Windows;
use crate::source::{Source, to_u64, to_usize};

/// The subsections of one table, sorted by number.
#[derive(Debug)]
pub(crate) struct Table {
    subsections: Vec<Subsection>,
    form: Form,
    bounds: Bounds,
    // For the subsections.
    _charge: Charge,
}

/// How a table is written: the worst of it counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
// Complete: signed, signed with care, not signed.
pub(crate) enum Form {
    /// As ISO 32000-1, 7.5.4 wants it.
    #[default]
    Sound,
    /// As common readers take it: they agree on what it says.
    Harmless,
    /// With the offset of what is wrong.
    Broken(u64),
}

impl Form {
    /// The worse of the two; of two that are broken, the first.
    pub(crate) fn worse(&mut self, other: Form) {
        if *self < Form::Broken(0) {
            *self = (*self).max(other);
        }
    }
}

/// Entries that were read one by one, and what they take.
#[derive(Debug)]
struct Lines {
    lines: Vec<Listed>,
    _charge: Charge,
}

#[derive(Debug)]
struct Subsection {
    first: u64,
    count: u64,
    // Where the first entry stands.
    offset: u64,
    // The entries, where a line does not have 20 bytes.
    lines: OnceLock<Lines>,
}

impl Table {
    /// Reads the subsection headings of the table at `at`; returns where its trailer begins, too.
    pub(crate) fn read(source: &Source, windows: &mut Windows<'_>, at: u64, limits: &Bounds) -> Result<(Table, u64)> {
        let malformed = |at| Error::from(Malformed::at(ErrorCode::PdfXref, at));
        if !windows.at(at, 4)?.starts_with(b"xref") {
            return Err(malformed(at));
        }
        let mut form = Form::Sound;
        let mut at = end_line(windows, at.saturating_add(4), &mut form)?;
        let mut subsections: Vec<Subsection> = Vec::new();
        let mut charge = limits.charge(0)?;
        let mut entries = 0_u64;
        while windows.at(at, 1)?.first().is_some_and(u8::is_ascii_digit) {
            let (first, after) = number(windows, at)?.ok_or_else(|| malformed(at))?;
            let is_plain = windows.at(after, 2)?.first_chunk().is_some_and(|[a, b]| *a == b' ' && b.is_ascii_digit());
            form.worse(if is_plain { Form::Sound } else { Form::Harmless });
            let after = step(windows, after, &mut form)?.0;
            let (count, after) = number(windows, after)?.ok_or_else(|| malformed(at))?;
            entries = entries.saturating_add(count);
            if first.saturating_add(count) > limits.pdf_objects.saturating_add(1) {
                let last = first.saturating_add(count).saturating_sub(1);
                return Err(Limit::new("pdf_objects", limits.pdf_objects, last).at(at).into());
            }
            if to_u64(subsections.len()).max(entries) > limits.pdf_xref_entries {
                return Err(Limit::new("pdf_xref_entries", limits.pdf_xref_entries, entries).at(at).into());
            }
            let offset = end_line(windows, after, &mut form)?;
            let subsection = Subsection { first, count, offset, lines: OnceLock::new() };
            at = subsection.end(windows, source, limits, &mut form)?;
            if count > 0 {
                charge.grow(size_of::<Subsection>())?;
                subsections.push(subsection);
            }
        }
        let sorted = |a: &Subsection, b: &Subsection| a.first <= b.first;
        if !subsections.is_sorted_by(sorted) {
            subsections.sort_by_key(|subsection| subsection.first);
        }
        let pairs = subsections.iter().zip(subsections.iter().skip(1));
        if let Some((_, twice)) = pairs.into_iter().find(|(a, b)| a.first + a.count > b.first) {
            return Err(malformed(twice.offset));
        }
        Ok((Table { subsections, form, bounds: limits.clone(), _charge: charge }, at))
    }

    /// How it is written.
    pub(crate) fn form(&self) -> Form {
        self.form
    }

    /// Whether it is the one subsection from 0 on that the oldest table of a document must be.
    pub(crate) fn is_one_from_zero(&self) -> bool {
        matches!(self.subsections.as_slice(), [] | [Subsection { first: 0, .. }])
    }

    /// The ranges of numbers that it lists.
    pub(crate) fn ranges(&self) -> impl Iterator<Item = (u64, u64)> {
        self.subsections.iter().map(|subsection| (subsection.first, subsection.count))
    }

    /// The number of entries.
    pub(crate) fn count(&self) -> u64 {
        self.subsections.iter().map(|subsection| subsection.count).sum()
    }

    /// The number after the highest that is listed.
    pub(crate) fn listed_end(&self) -> u64 {
        self.subsections.last().map_or(0, |last| last.first + last.count)
    }

    /// Takes a first subsection that starts at 1 with the entry of object 0 for what it was meant to be.
    ///
    /// Only for the oldest section of a document, which must list object 0. Such a table is broken.
    pub(crate) fn start_at_zero(&mut self, source: &Source) -> Result<()> {
        let Some(first) = self.subsections.first_mut().filter(|first| first.first == 1) else { return Ok(()) };
        let line = source.window_up_to(first.offset, 18)?;
        if *line == *b"0000000000 65535 f" {
            first.first = 0;
            self.form.worse(Form::Broken(first.offset));
        }
        Ok(())
    }

    /// What the table says of `number`.
    pub(crate) fn find(&self, source: &Source, number: u32) -> Result<Listed> {
        let number = u64::from(number);
        let after = self.subsections.partition_point(|subsection| subsection.first <= number);
        let subsection = after.checked_sub(1).and_then(|i| self.subsections.get(i));
        match subsection {
            Some(subsection) if number - subsection.first < subsection.count => {
                subsection.entry(source, number - subsection.first, &self.bounds)
            }
            _ => Ok(Listed::No),
        }
    }
}

impl Subsection {
    /// Offset of what follows the entries, white space skipped.
    fn end(&self, windows: &mut Windows<'_>, source: &Source, bounds: &Bounds, form: &mut Form) -> Result<u64> {
        let end = self.count.checked_mul(LINE).and_then(|len| len.checked_add(self.offset));
        if let Some(end) = end.filter(|end| *end <= source.len()) {
            let regular = self.regular_lines(windows)?;
            let next = skip_white(windows, end)?;
            let follows = windows.at(next, 1)?.first().is_some_and(|byte| byte.is_ascii_digit() || *byte == b't');
            if let Some(lines) = regular.filter(|_| follows) {
                form.worse(lines);
                return Ok(next);
            }
        }
        let (lines, end) = self.read_lines(windows, bounds, form)?;
        let _ = self.lines.set(lines);
        skip_white(windows, end)
    }

    /// How lines of 20 bytes are written; `None` where one has another length.
    fn regular_lines(&self, windows: &mut Windows<'_>) -> Result<Option<Form>> {
        let (mut at, mut left) = (self.offset, self.count);
        let mut form = Form::Sound;
        while left > 0 {
            let (lines, _) = windows.at(at, LINE)?.as_chunks::<LINE_BYTES>();
            let lines = lines.get(..usize::try_from(left).unwrap_or(usize::MAX).min(lines.len())).unwrap_or_default();
            if lines.is_empty() {
                return Ok(None);
            }
            for line in lines {
                match line_form(line, at) {
                    Some(found) => form.worse(found),
                    None => return Ok(None),
                }
                at = at.saturating_add(LINE);
            }
            left = left.saturating_sub(to_u64(lines.len()));
        }
        Ok(Some(form))
    }

    fn entry(&self, source: &Source, index: u64, bounds: &Bounds) -> Result<Listed> {
        if self.lines.get().is_none() {
            let line = source.window_up_to(self.offset.saturating_add(index.saturating_mul(LINE)), LINE)?;
            if let Some(listed) = regular_line(&line) {
                return Ok(listed);
            }
            let (lines, _) = self.read_lines(&mut Windows::new(source), bounds, &mut Form::default())?;
            let _ = self.lines.set(lines);
        }
        let lines = self.lines.get().map(|lines| lines.lines.as_slice()).unwrap_or_default();
        Ok(lines.get(to_usize(index)?).copied().unwrap_or(Listed::No))
    }

    fn read_lines(&self, windows: &mut Windows<'_>, bounds: &Bounds, form: &mut Form) -> Result<(Lines, u64)> {
        let mut lines = Vec::new();
        let mut charge = bounds.charge(0)?;
        let mut at = self.offset;
        for _ in 0..self.count {
            at = skip_white(windows, at)?;
            form.worse(other_line_form(windows.at(at, LONGEST_LINE)?, at));
            let malformed = || Error::from(Malformed::at(ErrorCode::PdfXref, at));
            let (offset, after) = number(windows, at)?.ok_or_else(malformed)?;
            let (generation, after) = number(windows, after)?.ok_or_else(malformed)?;
            let after = skip_white(windows, after)?;
            let listed = windows.at(after, 1)?.first().and_then(|kind| listed(offset, generation, *kind));
            charge.grow(size_of::<Listed>())?;
            lines.push(listed.ok_or_else(malformed)?);
            at = after.saturating_add(1);
        }
        Ok((Lines { lines, _charge: charge }, at))
    }
}

/// How a line of 20 bytes is written; `None` where it is none.
fn line_form(line: &[u8; LINE_BYTES], at: u64) -> Option<Form> {
    let (columns, end) = line.split_at(COLUMNS);
    if !has_columns(columns) || !end.iter().copied().all(is_white) {
        return None;
    }
    Some(match end {
        b" \r" | b" \n" | b"\r\n" if !is_used_at_zero(columns) => Form::Sound,
        // Neither a blank alone nor a tab or NUL ends a line.
        end if is_line_end(end) => Form::Harmless,
        _ => Form::Broken(at),
    })
}

/// How a line of another length is written, which begins with these bytes.
fn other_line_form(bytes: &[u8], at: u64) -> Form {
    let rest = bytes.split_at_checked(COLUMNS).filter(|(columns, _)| has_columns(columns)).map(|(_, rest)| rest);
    let Some(rest) = rest else { return Form::Broken(at) };
    let white = rest.iter().take_while(|byte| is_white(**byte)).count();
    if is_line_end(rest.get(..white).unwrap_or_default()) { Form::Harmless } else { Form::Broken(at) }
}

/// Whether it is `0000000016 00000 n` or the like.
fn has_columns(text: &[u8]) -> bool {
    text.iter().enumerate().fold(true, |sound, (column, byte)| {
        sound
            & match column {
                10 | 16 => *byte == b' ',
                17 => matches!(byte, b'n' | b'f'),
                _ => byte.is_ascii_digit(),
            }
    })
}

/// Nothing stands before the header: some producers list unused numbers like this.
fn is_used_at_zero(columns: &[u8]) -> bool {
    columns.starts_with(b"0000000000") && columns.ends_with(b"n")
}

fn is_line_end(white: &[u8]) -> bool {
    white.iter().all(|byte| matches!(byte, b' ' | b'\r' | b'\n')) && white.iter().any(|byte| *byte != b' ')
}

/// Steps over white space, in which a line should end.
fn end_line(windows: &mut Windows<'_>, at: u64, form: &mut Form) -> Result<u64> {
    let (end, ends) = step(windows, at, form)?;
    form.worse(if ends { Form::Sound } else { Form::Harmless });
    Ok(end)
}

/// Steps over white space; also says whether a line ends in it. Tabs and NUL are none for a table.
fn step(windows: &mut Windows<'_>, at: u64, form: &mut Form) -> Result<(u64, bool)> {
    let end = skip_white(windows, at)?;
    let len = end.saturating_sub(at).min(MOST_WHITE);
    let white = windows.at(at, len)?.get(..to_usize(len)?).unwrap_or_default();
    form.worse(if white.iter().all(|byte| matches!(byte, b' ' | b'\r' | b'\n')) {
        Form::Sound
    } else {
        Form::Broken(at)
    });
    Ok((end, white.iter().any(|byte| matches!(byte, b'\r' | b'\n'))))
}

/// Reads `0000000016 00000 n` and two bytes of white space.
fn regular_line(line: &[u8]) -> Option<Listed> {
    let (offset, rest) = line.split_at_checked(10)?;
    let (generation, rest) = rest.strip_prefix(b" ")?.split_at_checked(5)?;
    match rest {
        [b' ', kind, a, b] if is_white(*a) && is_white(*b) => listed(digits(offset)?, digits(generation)?, *kind),
        _ => None,
    }
}

fn listed(offset: u64, generation: u64, kind: u8) -> Option<Listed> {
    match kind {
        b'f' => Some(Listed::Free),
        // Nothing stands before the header: some producers list unused numbers like this.
        b'n' if offset == 0 => Some(Listed::Free),
        b'n' => Some(Listed::Used(Entry::Offset { offset, generation: u16::try_from(generation).ok()? })),
        _ => None,
    }
}

fn digits(text: &[u8]) -> Option<u64> {
    text.iter().try_fold(0_u64, |value, byte| match byte {
        b'0'..=b'9' => value.checked_mul(10)?.checked_add(u64::from(byte - b'0')),
        _ => None,
    })
}

/// The decimal number at `at`, white space before it skipped, and where it ends.
fn number(windows: &mut Windows<'_>, at: u64) -> Result<Option<(u64, u64)>> {
    let at = skip_white(windows, at)?;
    let bytes = windows.at(at, MOST_DIGITS)?;
    let len = bytes.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let value = bytes.get(..len).filter(|text| !text.is_empty()).and_then(digits);
    Ok(value.map(|value| (value, at.saturating_add(to_u64(len)))))
}

fn skip_white(windows: &mut Windows<'_>, mut at: u64) -> Result<u64> {
    loop {
        let bytes = windows.at(at, 1)?;
        let white = bytes.iter().take_while(|byte| is_white(**byte)).count();
        at = at.saturating_add(to_u64(white));
        if white < bytes.len() || white == 0 {
            return Ok(at);
        }
    }
}

const LINE: u64 = 20;
const LINE_BYTES: usize = 20;
// What stands before the end of a line.
const COLUMNS: usize = 18;
const LONGEST_LINE: u64 = 32;
// So much white space is looked at more closely.
const MOST_WHITE: u64 = 64;
// One more than u64 can have, so that a longer number is seen as one.
const MOST_DIGITS: u64 = 21;
