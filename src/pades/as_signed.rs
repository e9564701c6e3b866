//! Signatures as they were made: what is said of one comes from the revision that it covers.
//!
//! In: the signatures that fields of the document show, and earlier readings of it. Out: each signature once, as it stood
//! when it was made, and what is otherwise now. One that no field shows any more is found in the revision that had it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use crate::error::{Error, Result};
use crate::pades::contents::Holes;
use crate::pades::coverage::{Coverage, numbers, numbers_in};
use crate::pades::field::{full_name, is_signed};
use crate::pades::permission::{Earlier, EarlierSignature};
use crate::pades::signature::{Signature, finding};
use crate::pdf::{Dictionary, Document, Form, History, Object, Reference, Value, changed_keys, fields, find};
use crate::source::to_u64;

/// A signature as it was made.
pub(crate) struct Made {
    pub(crate) signature: Signature,
    pub(crate) labels: Labels,
    /// What is otherwise now.
    pub(crate) remarks: Vec<String>,
    /// Where its dictionary stands: when it was made, and in the fields that show it now.
    pub(crate) values: BTreeSet<Reference>,
    dictionary: Dictionary,
    /// The field that it was made in; `None` where the revision that it covers does not have it.
    holder: Option<Reference>,
    shown_by: Vec<Reference>,
    left_out: usize,
}

/// What a signer says of it, in words of his own.
#[derive(Debug, Default)]
pub(crate) struct Labels {
    pub(crate) name: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) contact: Option<String>,
}

/// The signatures of `document`, not yet hashed; and why some may be missing.
///
/// # Errors
/// When the document can't be read; that an earlier revision can't is a finding.
pub(crate) fn as_signed(
    document: &Document,
    history: &History<'_>,
    form: &Form,
    earlier: &Earlier,
) -> Result<(Vec<Made>, Option<String>)> {
    let ends = document.revisions()?.iter().map(|revision| revision.end).collect();
    let mut all = All { document, history, ends, found: Vec::new(), known: BTreeMap::new() };
    let mut holes = Holes::new(document);
    for signature in &earlier.signatures {
        all.add(signature, &mut holes)?;
    }
    let gone =
        finding(all.add_gone(form))?.err().map(|error| format!("earlier revisions were not all looked at: {error}"));
    all.found.iter_mut().for_each(Made::say_what_is_gone);
    Ok((all.found, gone))
}

struct All<'a> {
    document: &'a Document,
    history: &'a History<'a>,
    ends: Vec<u64>,
    found: Vec<Made>,
    known: BTreeMap<Place, usize>,
}

/// What a ByteRange leaves out, and where it ends.
type Place = (u64, u64, u64);

impl All<'_> {
    /// Takes up a signature that a field of the document shows.
    fn add(&mut self, shown: &EarlierSignature, holes: &mut Holes<'_>) -> Result<()> {
        if let Some(index) = self.as_made(shown)? {
            if let Some(made) = self.found.get_mut(index) {
                made.compare(shown);
            }
            return Ok(());
        }
        let signature = Signature::read(self.document, shown, holes, &self.ends)?;
        let mut made = Made::new(self.document, signature, shown, None)?;
        made.remarks.extend(self.left_out(&made.signature));
        made.shown_by.push(shown.holder);
        self.found.push(made);
        Ok(())
    }

    /// Which signature it is whose place `shown` names; `None` where the revision that it covers has no such.
    fn as_made(&mut self, shown: &EarlierSignature) -> Result<Option<usize>> {
        let Some(place) = place(&numbers(self.document, shown)?, self.document.source().len()) else { return Ok(None) };
        if let Some(index) = self.known.get(&place) {
            return Ok(Some(*index));
        }
        let Ok(then) = finding(self.history.at(place.2))? else { return Ok(None) };
        let Ok(Some(home)) = finding(home(&then, shown.holder, place))? else { return Ok(None) };
        let mut holes = Holes::new(&then);
        let Ok(mut signature) = finding(Signature::read(&then, &home, &mut holes, &[]))? else { return Ok(None) };
        signature.coverage = match &signature.covered {
            Ok(covered) => covered.coverage(self.document, &self.ends)?,
            Err(_) => Coverage::Odd,
        };
        let index = self.found.len();
        self.found.push(Made::new(&then, signature, &home, Some(home.holder))?);
        self.known.insert(place, index);
        Ok(Some(index))
    }

    /// How much of its own revision a signature does not cover.
    fn left_out(&self, signature: &Signature) -> Option<String> {
        let end = signature.end().filter(|_| signature.coverage == Coverage::Odd)?;
        let own = self.ends.iter().find(|own| **own > end)?;
        Some(format!("{} bytes of its own revision are not under it", own.saturating_sub(end)))
    }

    /// Looks through earlier revisions for signatures that no field shows any more.
    fn add_gone(&mut self, form: &Form) -> Result<()> {
        let len = self.document.source().len();
        let last = self.ends.last().copied().unwrap_or(0);
        // Behind the last revision may be others, which the last cross-references do not lead to.
        for end in self.ends_behind(last)? {
            if let Ok(then) = finding(self.history.at(end))? {
                self.add_gone_of(&then, &fields(&then)?)?;
            }
        }
        let mut watched = watched(self.document, form)?;
        let mut after = None;
        for end in self.ends.clone().into_iter().rev().filter(|end| *end < len) {
            let Ok(then) = finding(self.history.at(end))? else { continue };
            let touched = self.history.touched(&then, after.as_ref().unwrap_or(self.document))?;
            if touched.iter().any(|number| watched.binary_search(number).is_ok()) {
                let form = fields(&then)?;
                self.add_gone_of(&then, &form)?;
                watched = self::watched(&then, &form)?;
            }
            after = Some(then);
        }
        Ok(())
    }

    fn add_gone_of(&mut self, then: &Document, form: &Form) -> Result<()> {
        for field in form.fields.iter().filter(|field| is_signed(field)) {
            let Some(value) = field.value else { continue };
            let Object::Dictionary(dictionary) = value.read(then)? else { continue };
            let Some(place) = place(&numbers_in(then, &dictionary)?, self.document.source().len()) else { continue };
            if self.known.contains_key(&place) || to_u64(self.found.len()) >= then.limits().pdf_signatures {
                continue;
            }
            let reference = at(value);
            let gone = EarlierSignature { field: field.name.clone(), holder: field.reference, reference, dictionary };
            self.as_made(&gone)?;
        }
        Ok(())
    }

    /// Where end marks stand that lie behind the last revision.
    fn ends_behind(&self, last: u64) -> Result<Vec<u64>> {
        let mut ends = Vec::new();
        let mut at = last;
        let mut rest = Vec::new();
        let mut see = |piece: &[u8]| {
            // The mark may lie across two pieces.
            let start = at.saturating_sub(to_u64(rest.len()));
            at = at.saturating_add(to_u64(piece.len()));
            rest.extend_from_slice(piece);
            let mut from = 0;
            while let Some(place) = rest.get(from..).and_then(|rest| find(rest, MARK)) {
                from += place + MARK.len();
                if ends.len() < MOST_BEHIND {
                    ends.push(start.saturating_add(to_u64(from)));
                }
            }
            let kept = rest.len().saturating_sub(from).min(MARK.len() - 1);
            rest.drain(..rest.len().saturating_sub(kept));
        };
        self.document.source().for_each(last..self.document.source().len(), |bytes| {
            bytes.chunks(PIECE).for_each(&mut see);
            Ok(())
        })?;
        Ok(ends)
    }
}

impl Made {
    fn new(then: &Document, signature: Signature, home: &EarlierSignature, holder: Option<Reference>) -> Result<Self> {
        Ok(Made {
            signature,
            labels: Labels::read(then, &home.dictionary)?,
            remarks: Vec::new(),
            values: home.reference.into_iter().collect(),
            dictionary: home.dictionary.clone(),
            holder,
            shown_by: Vec::new(),
            left_out: 0,
        })
    }

    /// Says what is otherwise in a field that shows it now.
    fn compare(&mut self, shown: &EarlierSignature) {
        let is_its_own = self.holder == Some(shown.holder);
        if shown.field != self.signature.field {
            let field = quoted(&shown.field);
            self.say(if is_its_own {
                format!("its field is called {field} now")
            } else {
                format!("the field {field} shows it, too")
            });
        }
        let keys = changed_keys(&self.dictionary, &shown.dictionary);
        if !keys.is_empty() {
            let changed: Vec<String> = keys.iter().take(MOST_KEYS).map(|key| said(key, &shown.dictionary)).collect();
            let more = if keys.len() > MOST_KEYS { ", and more" } else { "" };
            let whose =
                if is_its_own { "its dictionary".to_owned() } else { format!("the one in {}", quoted(&shown.field)) };
            self.say(format!("{whose} is not the one that was signed: now {}{more}", changed.join(", ")));
        }
        self.shown_by.push(shown.holder);
        self.values.extend(shown.reference);
    }

    /// Whether the revision that it covers has it in a field.
    pub(crate) fn is_at_home(&self) -> bool {
        self.holder.is_some()
    }

    fn say_what_is_gone(&mut self) {
        let Some(holder) = self.holder else { return };
        if self.shown_by.is_empty() {
            self.say("no field shows it any more".to_owned());
        } else if !self.shown_by.contains(&holder) {
            self.say("its own field does not show it any more".to_owned());
        }
        if self.left_out > 0 {
            self.remarks.push(format!("{} more things are otherwise than when it was made", self.left_out));
        }
    }

    fn say(&mut self, remark: String) {
        if self.remarks.len() < MOST_REMARKS {
            self.remarks.push(remark);
        } else {
            self.left_out += 1;
        }
    }
}

impl Labels {
    fn read(document: &Document, dictionary: &Dictionary) -> Result<Self> {
        let text = |key| match finding(document.get(dictionary, key))? {
            Ok(Object::String(text)) => Ok::<_, Error>(Some(text.to_text())),
            _ => Ok(None),
        };
        Ok(Labels {
            name: text("Name")?,
            reason: text("Reason")?,
            location: text("Location")?,
            contact: text("ContactInfo")?,
        })
    }
}

/// What `numbers` leave out and where they end, where they are those of a ByteRange inside of `len` bytes.
fn place(numbers: &[u64], len: u64) -> Option<Place> {
    let [0, before, after, rest] = numbers else { return None };
    let end = after.checked_add(*rest)?;
    (before < after && end <= len).then_some((*before, *after, end))
}

/// The signature of `then` around the hole of `place`, in the field `likely` or in any other of the form.
fn home(then: &Document, likely: Reference, place: Place) -> Result<Option<EarlierSignature>> {
    let hole = place.0..place.1;
    if let Object::Dictionary(field) = then.object(likely)?
        && let Some(value) = match field.get("V") {
            Some(Object::Reference(value)) => Some(Value::At(value)),
            Some(Object::Dictionary(_)) => Some(Value::In(likely)),
            _ => None,
        }
        && let Some(dictionary) = around(then, value, likely, &hole, place)?
    {
        let name = full_name(then, &BTreeSet::new(), field)?.unwrap_or_default();
        return Ok(Some(EarlierSignature { field: name, holder: likely, reference: at(value), dictionary }));
    }
    for field in fields(then)?.fields.iter().filter(|field| is_signed(field)) {
        let Some(value) = field.value else { continue };
        if let Some(dictionary) = around(then, value, field.reference, &hole, place)? {
            let reference = at(value);
            return Ok(Some(EarlierSignature {
                field: field.name.clone(),
                holder: field.reference,
                reference,
                dictionary,
            }));
        }
    }
    Ok(None)
}

/// The dictionary that `value` is, where it stands around `hole` and says so.
fn around(
    then: &Document,
    value: Value,
    field: Reference,
    hole: &Range<u64>,
    wanted: Place,
) -> Result<Option<Dictionary>> {
    let holder = at(value).unwrap_or(field);
    let Object::Dictionary(dictionary) = value.read(then)? else { return Ok(None) };
    let is_it = place(&numbers_in(then, &dictionary)?, then.source().len()) == Some(wanted);
    Ok((is_it && then.is_around(holder, hole)?).then_some(dictionary))
}

/// The object of its own that a value is.
fn at(value: Value) -> Option<Reference> {
    match value {
        Value::At(reference) => Some(reference),
        Value::In(_) => None,
    }
}

/// The numbers of all objects without which a field can't leave the form, in order.
fn watched(document: &Document, form: &Form) -> Result<Vec<u32>> {
    let (root, catalog) = document.catalog()?;
    let mut numbers = vec![root.number];
    numbers.extend(catalog.reference("AcroForm").map(|form| form.number));
    let list = form.dictionary.as_ref().and_then(|form| form.reference("Fields"));
    numbers.extend(list.map(|list| list.number));
    numbers.extend(form.fields.iter().map(|field| field.reference.number));
    numbers.extend(form.fields.iter().filter(|field| is_signed(field)).filter_map(|field| match field.value {
        Some(Value::At(value)) => Some(value.number),
        _ => None,
    }));
    numbers.sort_unstable();
    Ok(numbers)
}

/// A key of a dictionary with what it says there, where people read that.
fn said(key: &[u8], dictionary: &Dictionary) -> String {
    let key = String::from_utf8_lossy(key).into_owned();
    match dictionary.get(&key) {
        None | Some(Object::Null) => format!("no {key}"),
        Some(Object::String(text)) if ["M", "Name", "Reason", "Location", "ContactInfo"].contains(&key.as_str()) => {
            format!("{key} {}", quoted(&text.to_text()))
        }
        Some(Object::Name(name)) => format!("{key} {}", quoted(&String::from_utf8_lossy(name.as_bytes()))),
        Some(_) => format!("another {key}"),
    }
}

/// A text of the document, not too long.
pub(super) fn quoted(text: &str) -> String {
    let more = if text.chars().nth(MOST_CHARACTERS).is_some() { "…" } else { "" };
    format!("\"{}{more}\"", text.chars().take(MOST_CHARACTERS).collect::<String>())
}

const MARK: &[u8] = b"%%EOF";
const PIECE: usize = 64 << 10;
const MOST_BEHIND: usize = 8;
const MOST_REMARKS: usize = 8;
const MOST_KEYS: usize = 8;
const MOST_CHARACTERS: usize = 80;
