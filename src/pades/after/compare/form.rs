//! The forms of two readings, field by field, and the annotations that are no field's.

use std::collections::{BTreeMap, BTreeSet};

use super::super::ChangeKind;
use super::super::reach::Reach;
use super::{Compare, dictionary, kind_of};
use crate::error::Result;
use crate::pades::as_signed::quoted;
use crate::pades::coverage::numbers_in;
use crate::pades::field::{is_signature, is_signed};
use crate::pdf::{Document, Field, Form, Object, Reference, Value, changed_keys, fields, is_same};

impl Compare<'_> {
    /// Compares forms field by field, then what is left of the annotations.
    pub(super) fn form(&mut self, reach: &Reach) -> Result<()> {
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

// Hidden, or not to be viewed (ISO 32000-1, table 165).
const HIDDEN: i64 = 2 | 32;
// What filling in a form changes in a field and its widgets.
const VALUES: [&str; 13] = ["V", "AP", "AS", "DA", "F", "Ff", "I", "M", "MK", "NM", "Q", "RV", "Type"];
