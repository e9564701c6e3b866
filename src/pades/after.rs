//! What came after a signature: which objects are others now than in the revision that it covers, and what they are.
//!
//! In: the signatures, and the document as each of them covers it. Out: for each what changed, by the least that it
//! reaches: evidence, metadata, signatures, the form, annotations, content. No verdict on whether that was allowed.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::error::Result;
use crate::pades::as_signed::Made;
use crate::pades::coverage::Coverage;
use crate::pades::signature::finding;
use crate::pdf::{Document, History, Reference};

mod compare;
mod reach;

/// What kind of thing a change is, the most harmless first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum ChangeKind {
    /// Objects that nothing leads to.
    Unused,
    /// What proves signatures: certificates, answers about revocation, document time-stamps.
    Evidence,
    /// What describes the document: XMP, the information dictionary.
    Metadata,
    /// A signature, or a field for one.
    Signature,
    /// Values of form fields, and what shows them.
    Form,
    /// Annotations, and form fields themselves.
    Annotation,
    /// Anything else: pages, entries of the catalog, earlier signatures.
    Content,
}

impl ChangeKind {
    /// Its name, such as `evidence`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            ChangeKind::Unused => "unused",
            ChangeKind::Evidence => "evidence",
            ChangeKind::Metadata => "metadata",
            ChangeKind::Signature => "signature",
            ChangeKind::Form => "form",
            ChangeKind::Annotation => "annotation",
            ChangeKind::Content => "content",
        }
    }
}

/// Something that is otherwise than in the revision that a signature covers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub struct Change {
    /// What kind of thing it is.
    pub kind: ChangeKind,
    /// What it is, in a few words: `page 1 changed`.
    pub what: String,
    /// What of it, where that can be said: `Contents, Resources`.
    pub detail: String,
    /// The object that is another one.
    pub object: Option<u32>,
}

impl Change {
    fn remark(&self) -> String {
        let object = self.object.map(|number| format!("object {number}"));
        let details: Vec<&str> = [Some(self.detail.as_str()), object.as_deref()].into_iter().flatten().collect();
        let details = details.into_iter().filter(|one| !one.is_empty()).collect::<Vec<_>>().join("; ");
        match details.is_empty() {
            true => format!("after it: {}", self.what),
            false => format!("after it: {} ({details})", self.what),
        }
    }
}

/// What came after a signature.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct After {
    /// What is otherwise, the least harmless first, and of many only so many.
    pub changes: Vec<Change>,
    /// How many bytes behind it belong to no object, no cross-reference section and no end mark.
    pub unowned_bytes: u64,
    /// Why not all was compared.
    pub not_compared: Option<String>,
}

impl After {
    /// The kind of the least harmless change.
    #[must_use]
    pub fn kind(&self) -> Option<ChangeKind> {
        self.changes.iter().map(|change| change.kind).max()
    }

    /// All of it in a few words, such as `evidence only` or `page 1 changed`; `None` where nothing came.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        let mut parts: Vec<&str> = Vec::new();
        for change in self.changes.iter().filter(|change| change.kind > ChangeKind::Metadata) {
            if !parts.contains(&change.what.as_str()) {
                parts.push(&change.what);
            }
        }
        let left = parts.len().saturating_sub(MOST_PARTS);
        parts.truncate(MOST_PARTS);
        let has = |kind| self.changes.iter().any(|change| change.kind == kind);
        let mut text = match (has(ChangeKind::Evidence), has(ChangeKind::Metadata)) {
            _ if !parts.is_empty() => parts.join(", "),
            (true, true) => "evidence and metadata only".to_owned(),
            (true, false) => "evidence only".to_owned(),
            (false, true) => "metadata only".to_owned(),
            (false, false) if has(ChangeKind::Unused) => "nothing that is used".to_owned(),
            (false, false) => String::new(),
        };
        if left > 0 {
            text += &format!(", and {left} more");
        }
        if let Some(reason) = &self.not_compared {
            text += if text.is_empty() { "not compared" } else { ", not all compared" };
            text += &format!(" ({reason})");
        }
        (!text.is_empty()).then_some(text)
    }

    /// All that is more than another signature, with the objects; and what belongs to nobody.
    pub(crate) fn remarks(&self) -> Vec<String> {
        let told: Vec<&Change> = self.changes.iter().filter(|change| change.kind > ChangeKind::Signature).collect();
        let mut remarks: Vec<String> = told.iter().take(MOST_TOLD).map(|change| change.remark()).collect();
        if told.len() > MOST_TOLD {
            remarks.push(format!("after it: {} more changes, at least", told.len() - MOST_TOLD));
        }
        if self.unowned_bytes > 0 {
            remarks.push(nobodys(self.unowned_bytes, "it"));
        }
        remarks
    }
}

/// That so many bytes behind something belong to nobody.
pub(crate) fn nobodys(bytes: u64, behind: &str) -> String {
    match bytes {
        1 => format!("1 byte behind {behind} belongs to nobody"),
        _ => format!("{bytes} bytes behind {behind} belong to nobody"),
    }
}

/// What came after each of `made`; `None` for one that covers the whole file, or nothing that can be told.
///
/// `stamps` are the dictionaries of document time-stamps that fit.
///
/// # Errors
/// When the document can't be read; that it can't be compared is a finding.
pub(crate) fn after(
    document: &Document,
    history: &History<'_>,
    made: &[Made],
    stamps: &BTreeSet<Reference>,
) -> Result<Vec<Option<After>>> {
    let end_of = |made: &Made| made.signature.end().filter(|_| made.signature.coverage != Coverage::WholeFile);
    let ends: BTreeSet<u64> = made.iter().filter(|one| one.is_at_home()).filter_map(end_of).collect();
    let gaps = match ends.first() {
        Some(first) => finding(history.unowned(*first))?.unwrap_or_default(),
        None => Vec::new(),
    };
    let budget = Cell::new(document.limits().pdf_reads);
    let (mut changes, mut fault) = (BTreeSet::new(), None);
    let mut known = BTreeMap::new();
    let mut next: Option<Document> = None;
    for end in ends.iter().rev() {
        // Each is compared with the next one: what happens later, happens to all that come before.
        let compared = match finding(history.at(*end))? {
            Ok(then) => {
                let newer = next.as_ref().unwrap_or(document);
                let found = finding(compare::between(history, &then, newer, stamps, &budget))?;
                next = Some(then);
                found
            }
            Err(error) => Err(error),
        };
        match compared {
            Ok(found) => changes.extend(found),
            Err(error) => fault = Some(error.to_string()),
        }
        while changes.len() > MOST_CHANGES {
            changes.pop_first();
        }
        let after = After {
            changes: changes.iter().rev().cloned().collect(),
            unowned_bytes: gaps.iter().map(|gap| behind(gap, *end)).sum(),
            not_compared: fault.clone(),
        };
        known.insert(*end, after);
    }
    let tell = |one: &Made| {
        let end = end_of(one)?;
        match known.get(&end) {
            Some(after) if one.is_at_home() => Some(after.clone()),
            _ => Some(After { not_compared: Some(NOT_AT_HOME.to_owned()), ..After::default() }),
        }
    };
    Ok(made.iter().map(tell).collect())
}

/// How many bytes of `gap` lie behind `end`.
fn behind(gap: &Range<u64>, end: u64) -> u64 {
    gap.end.saturating_sub(gap.start.max(end))
}

const NOT_AT_HOME: &str = "it does not stand in a revision that it covers";
const MOST_PARTS: usize = 6;
const MOST_TOLD: usize = 12;
const MOST_CHANGES: usize = 64;
