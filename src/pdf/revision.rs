//! Where revisions end: what a signature of theirs could have covered.

use super::bounds::Bounds;
use super::lex::is_white;
use super::tail::{STARTXREF, end_mark, find};
use super::window::Windows;
use super::xref::{Section, SectionKind};
use crate::error::{ErrorCode, Result};
use crate::source::{Source, to_u64};

/// A revision: the document as it was once saved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Revision {
    /// Offset after its `%%EOF` and the one end of line after that.
    pub(crate) end: u64,
    /// The kind of its cross-reference section.
    pub(crate) kind: SectionKind,
}

/// The revisions that `sections` (the newest first) make up, the oldest first.
///
/// A section whose `Prev` leads forward, as in a linearized file, is one revision together with that one. A
/// section that no `startxref` with `%%EOF` names is no revision of its own.
pub(crate) fn revisions(source: &Source, sections: &[Section], limits: &Bounds) -> Result<Vec<Revision>> {
    let mut revisions = Vec::new();
    let mut to = source.len();
    let mut rest = sections;
    while let Some(newest) = rest.first() {
        let forward = rest.iter().zip(rest.iter().skip(1)).take_while(|(a, b)| b.offset > a.offset).count();
        let (group, older) = rest.split_at_checked(forward + 1).unwrap_or((rest, &[]));
        let from = group.iter().map(|section| section.end).max().unwrap_or(to);
        if let Some(end) = revision_end(source, from, to, newest.offset, limits)? {
            revisions.push(Revision { end, kind: newest.kind() });
        }
        to = group.iter().map(|section| section.offset).fold(to, u64::min);
        rest = older;
    }
    revisions.reverse();
    Ok(revisions)
}

/// The end of the revision whose `startxref`, somewhere in `from..to`, is `startxref`.
fn revision_end(source: &Source, from: u64, to: u64, startxref: u64, limits: &Bounds) -> Result<Option<u64>> {
    let mut windows = Windows::new(source);
    let word = to_u64(STARTXREF.len());
    let mut at = from;
    while at.saturating_add(word) <= to {
        let window = windows.at(at, word)?;
        let Some(place) = find(window, STARTXREF) else {
            at = at.saturating_add(to_u64(window.len()).saturating_sub(word - 1).max(1));
            continue;
        };
        at = at.saturating_add(to_u64(place));
        match end_mark(source, at, limits) {
            Ok(mark) if mark.startxref == startxref && mark.end <= to => {
                return Ok(Some(mark.end.saturating_add(line_end(source, mark.end)?)));
            }
            Err(error) if !matches!(error.code(), ErrorCode::PdfStartxref | ErrorCode::PdfTruncated) => {
                return Err(error);
            }
            _ => at = at.saturating_add(word),
        }
    }
    Ok(None)
}

/// The length of the end of line at `at`.
fn line_end(source: &Source, at: u64) -> Result<u64> {
    let bytes = source.window_up_to(at, 2)?;
    Ok(match &*bytes {
        b"\r\n" => 2,
        [first, ..] if is_white(*first) && matches!(first, b'\r' | b'\n') => 1,
        _ => 0,
    })
}
