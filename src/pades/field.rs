//! Which field a signature goes into.

use std::collections::BTreeSet;

use crate::error::{Error, ErrorCode, Refusal, Result};
use crate::pdf::{Dictionary, Document, Field, FieldKind, Form, Object, Reference, first_page, last_page};

/// The field to be signed.
pub(crate) enum Target<'a> {
    /// A new field at the end of the form's `Fields`.
    New {
        /// Its partial name, which is its full name, too.
        name: String,
    },
    /// An empty signature field that is there already.
    Existing(&'a Field),
}

impl Target<'_> {
    /// The field's full name.
    pub(crate) fn name(&self) -> &str {
        match self {
            Target::New { name } => name,
            Target::Existing(field) => &field.name,
        }
    }
}

/// The field of the full name `wanted`, or the next free `SignatureN`.
///
/// # Errors
/// [`Error::Refused`](crate::Error::Refused) when a widget outside the form has the name, or the field has a value, is none for signatures,
/// stands twice, or would need parents that do not exist.
pub(crate) fn choose<'a>(document: &Document, form: &'a Form, wanted: Option<&str>) -> Result<Target<'a>> {
    let Some(wanted) = wanted else {
        return Ok(Target::New { name: next_free(form, &strays(document, form)?, "Signature") });
    };
    let mut found = form.fields.iter().filter(|field| field.name == wanted);
    let Some(field) = found.next() else {
        return if wanted.is_empty() || wanted.contains('.') {
            Err(Refusal::new(ErrorCode::PdfFieldMissing).into())
        } else if form.fields.iter().any(|field| is_below(&field.name, wanted)) {
            Err(Refusal::new(ErrorCode::PdfFieldType).into())
        } else if strays(document, form)?.iter().any(|stray| stray == wanted || is_below(stray, wanted)) {
            Err(Refusal::new(ErrorCode::PdfFieldDuplicate).into())
        } else {
            Ok(Target::New { name: wanted.to_owned() })
        };
    };
    let refuse = |code| Err(Refusal::new(code).object(field.reference.number).into());
    if found.next().is_some() {
        return refuse(ErrorCode::PdfFieldDuplicate);
    }
    if !is_signature(field) {
        return refuse(ErrorCode::PdfFieldType);
    }
    if is_signed(field) {
        return refuse(ErrorCode::PdfFieldTaken);
    }
    Ok(Target::Existing(field))
}

/// Whether the field is one for signatures, and not merely the parent of some.
pub(crate) fn is_signature(field: &Field) -> bool {
    !field.kids && field.kind == Some(FieldKind::Signature)
}

/// Whether the field has a value.
pub(crate) fn is_signed(field: &Field) -> bool {
    is_signature(field) && field.value.is_some()
}

/// `prefix` with the first number that makes it a name of its own.
///
/// Names of inner nodes count, too: `Signature1.date` takes `Signature1`; and so do those of `strays`.
pub(crate) fn next_free(form: &Form, strays: &[String], prefix: &str) -> String {
    let number = |name: &String| {
        let rest = name.strip_prefix(prefix)?;
        let digits = rest.split('.').next().unwrap_or_default();
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        digits.parse::<u32>().ok().filter(|_| is_plain)
    };
    // There are more numbers than fields, so one of the first is free.
    let names = form.fields.iter().map(|field| &field.name).chain(strays);
    let mut taken: Vec<u32> = names.filter_map(number).collect();
    taken.sort_unstable();
    let free = taken.iter().fold(1_u32, |free, taken| if *taken == free { free.saturating_add(1) } else { free });
    format!("{prefix}{free}")
}

/// Names of widgets that stand on the first or the last page and outside the form: a merge leaves such, and viewers
/// show them as fields.
///
/// Other pages are not read for this.
pub(crate) fn strays(document: &Document, form: &Form) -> Result<Vec<String>> {
    let known: BTreeSet<Reference> =
        form.fields.iter().flat_map(|field| field.widgets.iter().chain([&field.reference])).copied().collect();
    let (first, page) = first_page(document)?;
    let mut names = Vec::new();
    add_strays(document, &known, &page, &mut names)?;
    match last_page(document) {
        Ok((last, page)) if last != first => add_strays(document, &known, &page, &mut names)?,
        // What is wrong with it is no concern of a signature on the first page.
        Ok(_) | Err(Error::Malformed(_) | Error::LimitExceeded(_)) => {}
        Err(other) => return Err(other),
    }
    Ok(names)
}

fn add_strays(
    document: &Document,
    known: &BTreeSet<Reference>,
    page: &Dictionary,
    names: &mut Vec<String>,
) -> Result<()> {
    let Some(Object::Array(annotations)) = unless_malformed(document.get(page, "Annots"))? else { return Ok(()) };
    for item in annotations.items().take(MOST_ANNOTATIONS) {
        if item.as_reference().is_some_and(|reference| known.contains(&reference)) {
            continue;
        }
        if let Some(Object::Dictionary(annotation)) = unless_malformed(document.resolve(&item))?
            && matches!(annotation.get("Subtype"), Some(Object::Name(kind)) if &kind == "Widget")
            && let Some(name) = unless_malformed(full_name(document, known, annotation))?.flatten()
        {
            names.push(name);
        }
    }
    Ok(())
}

/// The name of a field from what stands above it; `None` where it has none, or belongs to a field that is known.
pub(crate) fn full_name(
    document: &Document,
    known: &BTreeSet<Reference>,
    mut node: Dictionary,
) -> Result<Option<String>> {
    let mut parts = Vec::new();
    for _ in 0..document.limits().pdf_tree_depth {
        if let Object::String(title) = document.get(&node, "T")? {
            parts.push(title.to_text());
        }
        let parent = node.reference("Parent");
        if parent.is_some_and(|parent| known.contains(&parent)) {
            return Ok(None);
        }
        let Object::Dictionary(above) = document.get(&node, "Parent")? else { break };
        node = above;
    }
    parts.retain(|part| !part.is_empty());
    parts.reverse();
    Ok((!parts.is_empty()).then(|| parts.join(".")))
}

/// What is wrong with an annotation is no concern of a signature beside it.
fn unless_malformed<T>(result: Result<T>) -> Result<Option<T>> {
    match result {
        Ok(found) => Ok(Some(found)),
        Err(Error::Malformed(_) | Error::LimitExceeded(_)) => Ok(None),
        Err(other) => Err(other),
    }
}

fn is_below(name: &str, parent: &str) -> bool {
    name.strip_prefix(parent).is_some_and(|rest| rest.starts_with('.'))
}

// Of a page with more, the rest is not read for their names.
const MOST_ANNOTATIONS: usize = 1_024;
