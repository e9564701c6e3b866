//! Two readings of a document compared: which objects are others in the later one, and what that is for whoever reads it.
//!
//! An object that was there is told by what leads to it there; one that is new matters where something that was there
//! leads to it, and that is otherwise then, too.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use super::reach::{Reach, Use};
use super::{Change, ChangeKind};
use crate::error::Result;
use crate::pades::as_signed::quoted;
use crate::pades::coverage::numbers_in;
use crate::pades::field::{is_signature, is_signed};
use crate::pades::signature::finding;
use crate::pdf::{
    Dictionary, Document, Field, Form, History, Object, Reference, Value, changed_keys, fields, is_same, page_tree,
};

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

    /// Compares forms field by field, then what is left of the annotations.
    fn form(&mut self, reach: &Reach) -> Result<()> {
        if !self.has_other_form && self.annotations.is_empty() {
            return Ok(());
        }
        let form = fields(self.new)?;
        if self.has_other_form {
            let before: BTreeMap<Reference, (usize, &Field)> =
                reach.form.fields.iter().enumerate().map(|(index, field)| (field.reference, (index, field))).collect();
            for field in &form.fields {
                match before.get(&field.reference) {
                    Some((index, old)) => self.field(*index, old, field)?,
                    None => self.new_field(field)?,
                }
            }
            let now: BTreeSet<Reference> = form.fields.iter().map(|field| field.reference).collect();
            for gone in reach.form.fields.iter().filter(|field| !now.contains(&field.reference)) {
                let what = format!(
                    "{} {} removed",
                    if is_signed(gone) { "signed field" } else { "form field" },
                    quoted(&gone.name)
                );
                self.say(ChangeKind::Content, what, String::new(), Some(gone.reference.number));
            }
            self.form_entries(&reach.form, &form);
        }
        let old: BTreeSet<Reference> = reach.form.fields.iter().map(|field| field.reference).collect();
        let of_new_fields = form.fields.iter().filter(|field| !old.contains(&field.reference));
        let widgets: BTreeSet<Reference> = of_new_fields.flat_map(|field| field.widgets.iter().copied()).collect();
        for page in std::mem::take(&mut self.annotations) {
            if let Some(place) = page.checked_sub(1).and_then(|index| reach.pages.get(index)) {
                self.annotations_of(page, *place, &widgets)?;
            }
        }
        Ok(())
    }

    fn new_field(&mut self, field: &Field) -> Result<()> {
        let number = Some(field.reference.number);
        if is_signed(field) {
            return self.signature(field);
        }
        if is_signature(field) {
            self.say(ChangeKind::Signature, "an empty signature field".to_owned(), field.name.clone(), number);
        } else if !field.kids {
            self.say(ChangeKind::Form, format!("form field {} added", quoted(&field.name)), String::new(), number);
        }
        Ok(())
    }

    /// A field that has got a signature.
    fn signature(&mut self, field: &Field) -> Result<()> {
        let number = Some(field.reference.number);
        let Some(value) = field.value else { return Ok(()) };
        let end = match value.read(self.new)? {
            Object::Dictionary(dictionary) => match numbers_in(self.new, &dictionary)?.as_slice() {
                [_, _, after, rest] => after.checked_add(*rest),
                _ => None,
            },
            _ => None,
        };
        if end.is_some_and(|end| end <= self.old.source().len()) {
            let what = format!("field {} with an earlier signature", quoted(&field.name));
            self.say(ChangeKind::Content, what, String::new(), number);
        } else if matches!(value, Value::At(value) if self.stamps.contains(&value)) && !is_drawn(self.new, field)? {
            self.evidence(number);
        } else {
            self.say(ChangeKind::Signature, "another signature".to_owned(), field.name.clone(), number);
        }
        Ok(())
    }

    fn field(&mut self, index: usize, old: &Field, new: &Field) -> Result<()> {
        let number = Some(new.reference.number);
        let name = quoted(&new.name);
        if old.name != new.name {
            let what = format!("field {} is called {name}", quoted(&old.name));
            self.say(ChangeKind::Content, what, String::new(), number);
        }
        let mut parts = self.parts.remove(&index).unwrap_or_default();
        if old.value != new.value {
            parts.insert("V".to_owned());
        }
        // Lists of fields are compared as a whole.
        parts.retain(|key| !matches!(key.as_str(), "T" | "Kids" | "Parent"));
        if parts.is_empty() {
            return Ok(());
        }
        let keys = parts.iter().cloned().collect::<Vec<_>>().join(", ");
        match (is_signed(old), is_signed(new)) {
            (true, false) => self.say(ChangeKind::Content, format!("signature of {name} removed"), keys, number),
            (true, true) if parts.contains("V") => {
                self.say(ChangeKind::Content, format!("signature dictionary of {name} changed"), keys, number);
            }
            (false, true) => self.signature(new)?,
            (false, false) if !is_signature(old) && parts.iter().all(|key| VALUES.contains(&key.as_str())) => {
                self.say(ChangeKind::Form, "form values".to_owned(), new.name.clone(), number);
            }
            _ => self.say(ChangeKind::Annotation, format!("form field {name} changed"), keys, number),
        }
        Ok(())
    }

    fn form_entries(&mut self, old: &Form, new: &Form) {
        let keys: Vec<Vec<u8>> = match (&old.dictionary, &new.dictionary) {
            (Some(old), Some(new)) => changed_keys(old, new),
            (None, Some(new)) => new.entries().map(|(key, _)| key.as_bytes().to_vec()).collect(),
            (Some(_), None) => return self.say(ChangeKind::Content, "form removed".to_owned(), String::new(), None),
            (None, None) => Vec::new(),
        };
        let mut entries = std::mem::take(&mut self.entries);
        entries.extend(keys.iter().map(|key| String::from_utf8_lossy(key).into_owned()));
        // Fonts and defaults that new signatures and values are shown with.
        let has_new = self.found.iter().any(|one| matches!(one.kind, ChangeKind::Signature | ChangeKind::Form));
        for key in entries {
            let object = new.reference.map(|form| form.number);
            match key.as_str() {
                "Fields" | "SigFlags" => {}
                "DR" | "DA" | "Q" if has_new => {}
                "XFA" => self.say(ChangeKind::Content, "XFA form changed".to_owned(), String::new(), object),
                key => self.say(ChangeKind::Form, format!("form entry {key} changed"), String::new(), object),
            }
        }
    }

    /// Compares the lists of annotations of a page; those of new fields are told with them.
    fn annotations_of(&mut self, page: usize, place: Reference, of_new_fields: &BTreeSet<Reference>) -> Result<()> {
        let list = |document: &Document| -> Result<Vec<Object>> {
            let Some(page) = dictionary(document, place.number)? else { return Ok(Vec::new()) };
            match document.get(&page, "Annots")? {
                Object::Array(array) => Ok(document.walk(&array)?.collect()),
                _ => Ok(Vec::new()),
            }
        };
        let (old, new) = (list(self.old)?, list(self.new)?);
        let references =
            |list: &[Object]| list.iter().filter_map(Object::as_reference).collect::<BTreeSet<Reference>>();
        let (before, now) = (references(&old), references(&new));
        for added in now.difference(&before).filter(|one| !of_new_fields.contains(one)) {
            let what = format!("annotation added on page {page}");
            self.say(ChangeKind::Annotation, what, kind_of(self.new, added.number)?, Some(added.number));
        }
        for gone in before.difference(&now) {
            let what = format!("annotation removed from page {page}");
            self.say(ChangeKind::Annotation, what, String::new(), Some(gone.number));
        }
        // Those that stand in the list itself.
        let direct =
            |list: &[Object]| list.iter().filter(|one| one.as_reference().is_none()).cloned().collect::<Vec<_>>();
        let (old, new) = (direct(&old), direct(&new));
        if old.len() != new.len() || !old.iter().zip(&new).all(|(old, new)| is_same(old, new)) {
            let what = format!("annotations on page {page} changed");
            self.say(ChangeKind::Annotation, what, String::new(), Some(place.number));
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

/// Whether a viewer draws the field anywhere.
fn is_drawn(document: &Document, field: &Field) -> Result<bool> {
    for widget in &field.widgets {
        let Object::Dictionary(widget) = document.object(*widget)? else { continue };
        let flags = document.get(&widget, "F")?.as_integer().unwrap_or(0);
        let Object::Array(rect) = document.get(&widget, "Rect")? else { continue };
        let numbers: Vec<f64> = rect.items().take(4).filter_map(|item| item.to_number()).collect();
        let has_room = matches!(numbers.as_slice(), [left, bottom, right, top] if left != right && bottom != top);
        if has_room && flags & HIDDEN == 0 {
            return Ok(true);
        }
    }
    Ok(false)
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

// Hidden, or not to be viewed (ISO 32000-1, table 165).
const HIDDEN: i64 = 2 | 32;
// What filling in a form changes in a field and its widgets.
const VALUES: [&str; 13] = ["V", "AP", "AS", "DA", "F", "Ff", "I", "M", "MK", "NM", "Q", "RV", "Type"];
const GONE: &str = "object";
const MOST_KEYS: usize = 8;
