//! Two readings of a document compared: which objects are others in the later one, and what that is for whoever reads it.
//!
//! An object that was there is told by what leads to it there; one that is new matters where something that was there
//! leads to it, and that is otherwise then, too.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::reach::{Reach, Use};
use super::{Change, ChangeKind};
use crate::error::Result;
use crate::pades::signature::finding;
use crate::pdf::{Dictionary, Document, History, Object, Reference, changed_keys, page_tree};

mod form;

/// What is otherwise in `new` than in `old`, which is where `new` began.
///
/// # Errors
/// When one of them can't be read; `limit.exceeded`.
pub(super) fn between(
    history: &History<'_>,
    old: &Document,
    new: &Document,
    stamps: &BTreeSet<Reference>,
    left: &Cell<u64>,
) -> Result<BTreeSet<Change>> {
    let mut changed = BTreeSet::new();
    let mut has_new = false;
    let mut charge = old.charge(0)?;
    for number in history.touched(old, new)? {
        // What can't be read any more is not the same.
        if matches!(finding(history.is_same(number, old, new))?, Ok(true)) {
            continue;
        }
        match finding(old.numbered(number))? {
            Ok(None) => has_new = true,
            Ok(Some((_, Object::Stream(stream))))
                if stream.dictionary.is_type("XRef") || stream.dictionary.is_type("ObjStm") => {}
            _ => {
                old.grow(&mut charge, size_of::<Reference>())?;
                changed.insert(number);
            }
        }
    }
    let mut compare = Compare {
        old,
        new,
        stamps,
        changed,
        found: BTreeSet::new(),
        has_other_pages: false,
        has_other_form: false,
        annotations: BTreeSet::new(),
        entries: BTreeSet::new(),
        parts: BTreeMap::new(),
    };
    compare.catalog()?;
    if !compare.changed.is_empty() || compare.has_other_pages || compare.has_other_form {
        let reach = Reach::of(old, &compare.changed, left)?;
        compare.objects(&reach)?;
        compare.pages(&reach)?;
        compare.form(&reach)?;
    }
    if compare.found.is_empty() && has_new {
        compare.say(ChangeKind::Unused, "unused objects".to_owned(), String::new(), None);
    }
    Ok(compare.found)
}

struct Compare<'a> {
    old: &'a Document,
    new: &'a Document,
    stamps: &'a BTreeSet<Reference>,
    /// Objects that were there and are others now, or gone.
    changed: BTreeSet<u32>,
    found: BTreeSet<Change>,
    has_other_pages: bool,
    has_other_form: bool,
    /// Pages whose annotations are to be compared.
    annotations: BTreeSet<usize>,
    /// Which entries of the form are otherwise.
    entries: BTreeSet<String>,
    /// What of which fields is otherwise.
    parts: BTreeMap<usize, BTreeSet<String>>,
}

impl Compare<'_> {
    /// Compares the catalogs and the trailers, entry by entry.
    fn catalog(&mut self) -> Result<()> {
        let ((old_root, old), (new_root, new)) = (self.old.catalog()?, self.new.catalog()?);
        self.changed.remove(&old_root.number);
        for key in changed_keys(&old, &new) {
            let root = Some(new_root.number);
            match key.as_slice() {
                b"DSS" if is_store(self.new, &new)? => self.evidence(root),
                b"Extensions" | b"Version" => self.evidence(root),
                b"Metadata" => self.metadata(root),
                b"AcroForm" => self.has_other_form = true,
                b"Pages" => self.has_other_pages = true,
                b"Type" => {}
                name => {
                    let what = format!("catalog entry {} {}", String::from_utf8_lossy(name), fate(&key, &old, &new));
                    self.say(ChangeKind::Content, what, String::new(), root);
                }
            }
        }
        let about = |document: &Document| document.trailer().reference("Info");
        if about(self.old) != about(self.new) {
            self.metadata(about(self.new).map(|info| info.number));
        }
        Ok(())
    }

    /// Says of each object that is another one what it is.
    fn objects(&mut self, reach: &Reach) -> Result<()> {
        for number in std::mem::take(&mut self.changed) {
            let uses = reach.uses(number);
            if uses.is_empty() && reach.is_complete {
                self.say(ChangeKind::Unused, "unused objects".to_owned(), String::new(), Some(number));
            } else if uses.is_empty() {
                self.say(ChangeKind::Content, format!("object {number} changed"), String::new(), Some(number));
            }
            for found in uses {
                self.object(number, found)?;
            }
        }
        Ok(())
    }

    fn object(&mut self, number: u32, found: Use) -> Result<()> {
        match found {
            Use::Evidence => self.evidence(Some(number)),
            Use::Metadata => self.metadata(Some(number)),
            Use::Catalog(key) => {
                self.say(ChangeKind::Content, format!("catalog entry {key} changed"), String::new(), Some(number));
            }
            Use::Trailer(key) => {
                self.say(ChangeKind::Content, format!("trailer entry {key} changed"), String::new(), Some(number));
            }
            Use::Form(key) => {
                self.has_other_form = true;
                if !key.is_empty() {
                    self.entries.insert(key);
                }
            }
            Use::Field(index, key) => {
                self.has_other_form = true;
                let parts = self.parts.entry(index).or_default();
                if key.is_empty() {
                    let both = (dictionary(self.old, number)?, dictionary(self.new, number)?);
                    if let (Some(old), Some(new)) = both {
                        parts.extend(
                            changed_keys(&old, &new).iter().map(|key| String::from_utf8_lossy(key).into_owned()),
                        );
                    } else {
                        parts.insert(GONE.to_owned());
                    }
                } else {
                    parts.insert(key);
                }
            }
            Use::Annotation(page) => {
                let what = format!("annotations on page {page} changed");
                self.say(ChangeKind::Annotation, what, String::new(), Some(number));
            }
            Use::Annotations(page) => {
                self.annotations.insert(page);
            }
            Use::Content(page) => {
                let what = format!("page {page} changed");
                self.say(ChangeKind::Content, what, kind_of(self.new, number)?, Some(number));
            }
            Use::Tree => self.node(number)?,
            Use::Page(page) => self.page(page, number)?,
        }
        Ok(())
    }

    /// A node of the page tree: its list is compared as a whole, what else it says its pages inherit.
    fn node(&mut self, number: u32) -> Result<()> {
        self.has_other_pages = true;
        if let (Some(old), Some(new)) = (dictionary(self.old, number)?, dictionary(self.new, number)?) {
            let keys = said(&changed_keys(&old, &new), &["Kids", "Count", "Parent"]);
            if !keys.is_empty() {
                self.say(ChangeKind::Content, "what pages inherit changed".to_owned(), keys, Some(number));
            }
        }
        Ok(())
    }

    fn page(&mut self, page: usize, number: u32) -> Result<()> {
        let (Some(old), Some(new)) = (dictionary(self.old, number)?, dictionary(self.new, number)?) else {
            self.has_other_pages = true;
            let what = format!("page {page} changed");
            self.say(ChangeKind::Content, what, String::new(), Some(number));
            return Ok(());
        };
        let keys = changed_keys(&old, &new);
        if keys.iter().any(|key| key == b"Annots") {
            self.annotations.insert(page);
        }
        if keys.iter().any(|key| key == b"LastModified") {
            self.metadata(Some(number));
        }
        let keys = said(&keys, &["Annots", "LastModified"]);
        if !keys.is_empty() {
            self.say(ChangeKind::Content, format!("page {page} changed"), keys, Some(number));
        }
        Ok(())
    }

    /// Which pages were added, removed or moved.
    fn pages(&mut self, reach: &Reach) -> Result<()> {
        if !self.has_other_pages {
            return Ok(());
        }
        let (pages, _) = page_tree(self.new)?;
        let there: BTreeSet<Reference> = pages.iter().copied().collect();
        let before: BTreeSet<Reference> = reach.pages.iter().copied().collect();
        let places = |pages: &[Reference], others: &BTreeSet<Reference>| {
            let other = pages.iter().enumerate().filter(|(_, page)| !others.contains(page));
            other.map(|(index, page)| (index.saturating_add(1), page.number)).collect::<Vec<_>>()
        };
        for (page, number) in places(&reach.pages, &there) {
            self.say(ChangeKind::Content, format!("page {page} removed"), String::new(), Some(number));
        }
        for (page, number) in places(&pages, &before) {
            self.say(ChangeKind::Content, format!("page {page} added"), String::new(), Some(number));
        }
        let old_order = reach.pages.iter().filter(|page| there.contains(page));
        if !old_order.eq(pages.iter().filter(|page| before.contains(page))) {
            self.say(ChangeKind::Content, "pages moved".to_owned(), String::new(), None);
        }
        Ok(())
    }

    fn evidence(&mut self, object: Option<u32>) {
        self.say(ChangeKind::Evidence, "evidence".to_owned(), String::new(), object);
    }

    fn metadata(&mut self, object: Option<u32>) {
        self.say(ChangeKind::Metadata, "metadata".to_owned(), String::new(), object);
    }

    fn say(&mut self, kind: ChangeKind, what: String, detail: String, object: Option<u32>) {
        self.found.insert(Change { kind, what, detail, object });
        // The most harmless go first; so many are no help to anybody.
        if self.found.len() > super::MOST_CHANGES {
            self.found.pop_first();
        }
    }
}

/// The dictionary that the object `number` is.
fn dictionary(document: &Document, number: u32) -> Result<Option<Dictionary>> {
    Ok(match finding(document.numbered(number))? {
        Ok(Some((_, Object::Dictionary(dictionary)))) => Some(dictionary),
        _ => None,
    })
}

/// What the object is by its own account.
fn kind_of(document: &Document, number: u32) -> Result<String> {
    let Ok(Some((_, object))) = finding(document.numbered(number))? else { return Ok(String::new()) };
    let dictionary = match object {
        Object::Dictionary(dictionary) => dictionary,
        Object::Stream(stream) => stream.dictionary,
        _ => return Ok(String::new()),
    };
    let name = ["Subtype", "Type"].iter().find_map(|key| match dictionary.get(key) {
        Some(Object::Name(name)) => Some(String::from_utf8_lossy(name.as_bytes()).into_owned()),
        _ => None,
    });
    Ok(name.unwrap_or_default())
}

/// Whether the catalog's security store holds nothing but what such stores hold.
fn is_store(document: &Document, catalog: &Dictionary) -> Result<bool> {
    Ok(match document.get(catalog, "DSS")? {
        Object::Dictionary(store) => {
            store.entries().all(|(key, _)| matches!(key.as_bytes(), b"Type" | b"VRI" | b"Certs" | b"OCSPs" | b"CRLs"))
        }
        _ => false,
    })
}

/// What became of `key`.
fn fate(key: &[u8], old: &Dictionary, new: &Dictionary) -> &'static str {
    let has =
        |dictionary: &Dictionary| dictionary.entries().any(|(one, value)| one.as_bytes() == key && !value.is_null());
    match (has(old), has(new)) {
        (false, _) => "added",
        (_, false) => "removed",
        _ => "changed",
    }
}

/// The names of `keys` but for those `without`.
fn said(keys: &[Vec<u8>], without: &[&str]) -> String {
    let names = keys.iter().map(|key| String::from_utf8_lossy(key).into_owned());
    let names: Vec<String> = names.filter(|name| !without.contains(&name.as_str())).take(MOST_KEYS).collect();
    names.join(", ")
}

const GONE: &str = "object";
const MOST_KEYS: usize = 8;
