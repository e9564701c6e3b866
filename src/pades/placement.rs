//! Where the new signature is hung up: form, field, page and catalog.
//!
//! Everything that is there is kept byte for byte; entries are added or replaced, never taken away.

use crate::error::Result;
use crate::pades::changes::Changes;
use crate::pades::field::Target;
use crate::pdf::Document;
use crate::pdf::text::text_string;
use crate::pdf::update::Update;
use crate::pdf::{Dictionary, Object, Reference};
use crate::pdf::{Field, Form};
use crate::pdf::{first_page, way_to_first_page};

/// Whether the cross-references are odd, or lead to white space before an object on the way to the page.
pub(crate) fn is_odd(document: &Document) -> Result<bool> {
    if document.is_rebuilt() || document.is_hybrid() {
        return Ok(false);
    }
    let mut way = vec![document.catalog()?.0];
    way.extend(way_to_first_page(document)?.iter().map(|(reference, _)| *reference));
    for reference in way {
        if !document.is_at_its_place(reference)? {
            return Ok(true);
        }
    }
    Ok(document.is_odd())
}

/// An update of `document` that gives no new object a number which anything on the way to field and page refers to.
pub(crate) fn update<'a>(document: &'a Document, form: &Form) -> Result<Update<'a>> {
    let mut update = Update::new(document)?;
    if let (Some(reference), Some(dictionary)) = (form.reference, &form.dictionary) {
        update.step_over(reference, dictionary)?;
    }
    update.step_over_fields(form)?;
    for (reference, node) in way_to_first_page(document)? {
        update.step_over(reference, &node)?;
    }
    Ok(update)
}

/// Adds to `update` all that leads from the catalog to `signature`.
pub(crate) fn place(
    document: &Document,
    form: &Form,
    target: &Target<'_>,
    signature: Reference,
    with_appearance: bool,
    update: &mut Update<'_>,
) -> Result<()> {
    let mut placement = Placement { document, update, fields_array: None };
    let new_field = match target {
        Target::Existing(field) => {
            let value = signature.to_string();
            let body = field.dictionary(document)?.with(&[("V", value.as_bytes())]);
            placement.update.put(field.reference, body);
            None
        }
        Target::New { name } => {
            let field = placement.update.fresh()?;
            Some((field, name))
        }
    };
    let (root, catalog) = document.catalog()?;
    let mut catalog_changes = Changes::default();
    placement.hang_in_form(form, new_field.map(|(field, _)| field), &catalog, &mut catalog_changes)?;
    catalog_changes.name_extension(document, placement.update, &catalog)?;
    if let Some((field, name)) = new_field {
        let page = placement.hang_on_page(field)?;
        let body = placement.widget(name, page, signature, with_appearance)?;
        placement.update.put(field, body);
    }
    if let Some(body) = catalog_changes.apply(&catalog) {
        placement.update.put(root, body);
    }
    show_to_all(document, form, target, update)
}

/// Writes again, as it is, what a hybrid document hides from readers that know no streams of cross-references and
/// what leads to the new signature: the update's table shows it to all.
fn show_to_all(document: &Document, form: &Form, target: &Target<'_>, update: &mut Update<'_>) -> Result<()> {
    let way = way_to_first_page(document)?;
    let (root, _) = document.catalog()?;
    let mut shown: Vec<Reference> = way.iter().map(|(reference, _)| *reference).chain([root]).collect();
    shown.extend(form.reference);
    let arrays = [(form.dictionary.as_ref(), "Fields"), (way.last().map(|(_, page)| page), "Annots")];
    let arrays = arrays.iter().filter_map(|(dictionary, key)| dictionary.and_then(|dictionary| dictionary.get(key)));
    shown.extend(arrays.filter_map(|array| array.as_reference()));
    if let Target::Existing(field) = target {
        shown.extend(&field.widgets);
        let above = |other: &&Field| field.name.starts_with(&other.name) && other.kids;
        shown.extend(form.fields.iter().filter(above).map(|above| above.reference));
    }
    for reference in shown {
        if update.has(reference) || !document.is_hidden(reference.number)? {
            continue;
        }
        match document.object(reference)? {
            Object::Dictionary(dictionary) => update.put(reference, dictionary.raw().to_vec()),
            Object::Array(array) => update.put(reference, array.raw().to_vec()),
            _ => {}
        }
    }
    Ok(())
}

struct Placement<'a, 'b> {
    document: &'a Document,
    update: &'a mut Update<'b>,
    /// The array object that holds the form's fields, when it was extended.
    fields_array: Option<Reference>,
}

impl Placement<'_, '_> {
    /// Adds `field` to the form's fields, sets `SigFlags` to 3, and makes the form where there is none.
    fn hang_in_form(
        &mut self,
        form: &Form,
        field: Option<Reference>,
        catalog: &Dictionary,
        catalog_changes: &mut Changes,
    ) -> Result<()> {
        let Some(dictionary) = &form.dictionary else {
            let list = field.map(|field| field.to_string()).unwrap_or_default();
            let reference = self.update.fresh()?;
            self.update.put(reference, format!("<< /Fields [{list}] /SigFlags 3 >>").into_bytes());
            catalog_changes.set("AcroForm", reference.to_string());
            return Ok(());
        };
        let mut changes = Changes::default();
        if let Some(field) = field {
            self.fields_array = changes.append(self.document, self.update, dictionary, "Fields", &[field])?;
        }
        let flags = match self.document.get(dictionary, "SigFlags")? {
            Object::Integer(flags) => flags,
            _ => 0,
        };
        if flags & SIG_FLAGS != SIG_FLAGS {
            changes.set("SigFlags", (flags | SIG_FLAGS).to_string());
        }
        // Viewers would draw the fields anew, and with that change what was signed.
        if matches!(self.document.get(dictionary, "NeedAppearances")?, Object::Boolean(true)) {
            changes.set("NeedAppearances", "false");
        }
        if let Some(body) = changes.apply(dictionary) {
            match form.reference {
                Some(reference) => self.update.put(reference, body),
                None => catalog_changes.set("AcroForm", body),
            }
        }
        debug_assert!(form.reference.is_some() || catalog.get("AcroForm").is_some());
        Ok(())
    }

    /// Adds the widget to the annotations of the first page.
    fn hang_on_page(&mut self, field: Reference) -> Result<Reference> {
        let (reference, page) = first_page(self.document)?;
        if let (Some(Object::Reference(annotations)), Some(fields)) = (page.get("Annots"), self.fields_array)
            && annotations == fields
        {
            // One array serves as the list of fields and of annotations: it has the field already.
            return Ok(reference);
        }
        let mut changes = Changes::default();
        changes.append(self.document, self.update, &page, "Annots", &[field])?;
        if let Some(body) = changes.apply(&page) {
            self.update.put(reference, body);
        }
        Ok(reference)
    }

    /// The field merged with its invisible widget.
    fn widget(&mut self, name: &str, page: Reference, signature: Reference, with_appearance: bool) -> Result<Vec<u8>> {
        let mut body = b"<< /Type /Annot /Subtype /Widget /FT /Sig /T ".to_vec();
        body.extend(text_string(name));
        body.extend(format!(" /F {PRINT_AND_LOCKED} /Rect [0 0 0 0] /P {page} /V {signature}").bytes());
        if with_appearance {
            let appearance = self.update.fresh()?;
            self.update.put(appearance, EMPTY_FORM.to_vec());
            body.extend(format!(" /AP << /N {appearance} >>").bytes());
        }
        body.extend(b" >>");
        Ok(body)
    }
}

// SignaturesExist and AppendOnly (ISO 32000-1, table 219).
const SIG_FLAGS: i64 = 3;
// Print and Locked (ISO 32000-1, table 165).
const PRINT_AND_LOCKED: u32 = 132;
const EMPTY_FORM: &[u8] = b"<< /Type /XObject /Subtype /Form /BBox [0 0 0 0] /Length 0 >>\nstream\n\nendstream";
