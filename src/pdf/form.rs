//! Form fields with what they inherit.

use std::collections::BTreeSet;

use super::document::Document;
use super::object::{Dictionary, Name, Object, Reference};
use crate::error::{Error, ErrorCode, Limit, Malformed, Result};
use crate::source::to_u64;

/// The interactive form of a document.
#[derive(Debug, Clone, Default)]
pub(crate) struct Form {
    /// Where it is; `None` when it stands in the catalog itself, or there is none.
    pub(crate) reference: Option<Reference>,
    /// Its dictionary, if there is one.
    pub(crate) dictionary: Option<Dictionary>,
    /// Its fields, parents before their children.
    pub(crate) fields: Vec<Field>,
}

/// A field, terminal or not.
#[derive(Debug, Clone)]
pub(crate) struct Field {
    /// Full name, with dots.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) reference: Reference,
    /// What stands there.
    pub(crate) dictionary: Dictionary,
    /// `FT`, its own or inherited.
    pub(crate) kind: Option<Name>,
    /// `V`, its own or inherited, not resolved.
    pub(crate) value: Option<Object>,
    /// `DV`, its own or inherited, not resolved.
    pub(crate) default: Option<Object>,
    /// `Ff`, its own or inherited.
    pub(crate) flags: i64,
    /// Its widgets: itself where both are one dictionary.
    pub(crate) widgets: Vec<Reference>,
    /// Whether there are fields below it.
    pub(crate) kids: bool,
}

/// Reads the form and all its fields.
///
/// # Errors
/// `pdf.form`, `pdf.object.cycle`, [`Error::LimitExceeded`].
pub(crate) fn fields(document: &Document) -> Result<Form> {
    let (root, catalog) = document.catalog()?;
    let reference = catalog.get("AcroForm").and_then(Object::as_reference);
    let holder = reference.unwrap_or(root).number;
    let malformed = || Error::from(Malformed::new(ErrorCode::PdfForm).object(holder));
    let dictionary = match document.get(&catalog, "AcroForm")? {
        Object::Null => return Ok(Form::default()),
        Object::Dictionary(dictionary) => dictionary,
        _ => return Err(malformed()),
    };
    let mut walk = Walk { document, todo: Vec::new(), seen: BTreeSet::new(), fields: Vec::new(), links: Vec::new() };
    match document.get(&dictionary, "Fields")? {
        Object::Null => {}
        Object::Array(fields) => walk.push(fields.items(), None, holder)?,
        _ => return Err(malformed()),
    }
    while let Some((reference, parent)) = walk.todo.pop() {
        walk.visit(reference, parent)?;
    }
    Ok(Form { reference, dictionary: Some(dictionary), fields: walk.fields })
}

struct Walk<'a> {
    document: &'a Document,
    // Nodes still to visit, the next one last, with the position of the field above.
    todo: Vec<(Reference, Option<usize>)>,
    seen: BTreeSet<Reference>,
    fields: Vec<Field>,
    // For each field the position of the one above, and its depth.
    links: Vec<(Option<usize>, u64)>,
}

impl Walk<'_> {
    fn push(&mut self, items: &[Object], parent: Option<usize>, holder: u32) -> Result<()> {
        for item in items.iter().rev() {
            let Object::Reference(reference) = item else {
                return Err(Malformed::new(ErrorCode::PdfForm).object(holder).into());
            };
            self.todo.push((*reference, parent));
        }
        Ok(())
    }

    fn visit(&mut self, reference: Reference, parent: Option<usize>) -> Result<()> {
        let malformed = || Error::from(Malformed::new(ErrorCode::PdfForm).object(reference.number));
        let depth = self.check_ancestors(reference, parent)?;
        if !self.seen.insert(reference) {
            // Listed twice, and read once.
            return Ok(());
        }
        let limits = self.document.limits();
        let found = to_u64(self.seen.len());
        if found > limits.pdf_fields {
            return Err(Limit::new("pdf_fields", limits.pdf_fields, found).into());
        }
        if depth > limits.pdf_tree_depth {
            return Err(Limit::new("pdf_tree_depth", limits.pdf_tree_depth, depth).into());
        }
        let dictionary = match self.document.object(reference)? {
            Object::Dictionary(dictionary) => dictionary,
            // Removed, and its reference left behind.
            Object::Null => return Ok(()),
            _ => return Err(malformed()),
        };
        let kids = match self.document.get(&dictionary, "Kids")? {
            Object::Null => None,
            Object::Array(kids) => Some(kids),
            _ => return Err(malformed()),
        };
        let title = match self.document.get(&dictionary, "T")? {
            Object::Null => None,
            Object::String(title) => Some(title.to_text()),
            _ => return Err(malformed()),
        };
        let above = parent.and_then(|parent| self.fields.get_mut(parent));
        if let (None, None, Some(above)) = (&title, &kids, above) {
            above.widgets.push(reference);
            return Ok(());
        }
        let field = self.field(reference, dictionary, parent, title)?;
        if let Some(above) = parent.and_then(|parent| self.fields.get_mut(parent)) {
            above.kids = true;
        }
        let position = self.fields.len();
        self.fields.push(field);
        self.links.push((parent, depth));
        match kids {
            Some(kids) => self.push(kids.items(), Some(position), reference.number),
            None => Ok(()),
        }
    }

    fn field(
        &self,
        reference: Reference,
        dictionary: Dictionary,
        parent: Option<usize>,
        title: Option<String>,
    ) -> Result<Field> {
        let above = parent.and_then(|parent| self.fields.get(parent));
        let partial = title.unwrap_or_default();
        let name = match above {
            Some(above) if !above.name.is_empty() && !partial.is_empty() => format!("{}.{partial}", above.name),
            Some(above) if partial.is_empty() => above.name.clone(),
            _ => partial,
        };
        let malformed = || Error::from(Malformed::new(ErrorCode::PdfForm).object(reference.number));
        let kind = match self.document.get(&dictionary, "FT")? {
            Object::Null => above.and_then(|above| above.kind.clone()),
            Object::Name(kind) => Some(kind),
            _ => return Err(malformed()),
        };
        let flags = match self.document.get(&dictionary, "Ff")? {
            Object::Null => above.map_or(0, |above| above.flags),
            Object::Integer(flags) => flags,
            _ => return Err(malformed()),
        };
        let own = |key| dictionary.get(key).filter(|value| !value.is_null()).cloned();
        let value = own("V").or_else(|| above.and_then(|above| above.value.clone()));
        let default = own("DV").or_else(|| above.and_then(|above| above.default.clone()));
        let is_widget = matches!(self.document.get(&dictionary, "Subtype")?, Object::Name(name) if &name == "Widget");
        let widgets = if is_widget { vec![reference] } else { Vec::new() };
        Ok(Field { name, reference, dictionary, kind, value, default, flags, widgets, kids: false })
    }

    /// The depth below the form, once it is clear that `reference` is not above itself.
    fn check_ancestors(&self, reference: Reference, parent: Option<usize>) -> Result<u64> {
        let depth = parent.and_then(|parent| self.links.get(parent)).map_or(0, |(_, depth)| depth + 1);
        let mut above = parent;
        while let Some(position) = above {
            if self.fields.get(position).is_some_and(|field| field.reference == reference) {
                return Err(Malformed::new(ErrorCode::PdfObjectCycle).object(reference.number).into());
            }
            above = self.links.get(position).and_then(|(above, _)| *above);
        }
        Ok(depth)
    }
}
