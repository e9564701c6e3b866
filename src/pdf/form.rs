//! Form fields with what they inherit.

use std::collections::BTreeSet;

use super::bounds::Charge;
use super::document::Document;
use super::object::{Array, Dictionary, Name, Object, Reference};
use super::tape::Items;
use crate::error::{Error, ErrorCode, Limit, Malformed, Result};
use crate::source::to_u64;

/// The interactive form of a document.
#[derive(Debug, Default)]
pub(crate) struct Form {
    /// Where it is; `None` when it stands in the catalog itself, or there is none.
    pub(crate) reference: Option<Reference>,
    /// Its dictionary, if there is one.
    pub(crate) dictionary: Option<Dictionary>,
    /// Its fields, parents before their children.
    pub(crate) fields: Vec<Field>,
    /// Numbers that they refer to and no object has.
    pub(crate) beyond: BTreeSet<u32>,
    // For the fields.
    _charge: Option<Charge>,
}

/// A field, terminal or not. What else stands in its dictionary is read where it is needed: there may be many.
#[derive(Debug)]
pub(crate) struct Field {
    /// Full name, with dots.
    pub(crate) name: String,
    /// Where it is.
    pub(crate) reference: Reference,
    /// `FT`, its own or inherited.
    pub(crate) kind: Option<FieldKind>,
    /// Where `V` is, its own or inherited, if it is not null.
    pub(crate) value: Option<Value>,
    /// `Ff`, its own or inherited.
    pub(crate) flags: i64,
    /// Its widgets: itself where both are one dictionary.
    pub(crate) widgets: Vec<Reference>,
    /// Whether there are fields below it.
    pub(crate) kids: bool,
}

impl Field {
    /// What stands where it is.
    ///
    /// # Errors
    /// `pdf.form` when that is no dictionary any more; reading faults.
    pub(crate) fn dictionary(&self, document: &Document) -> Result<Dictionary> {
        match document.object(self.reference)? {
            Object::Dictionary(dictionary) => Ok(dictionary),
            _ => Err(Malformed::new(ErrorCode::PdfForm).object(self.reference.number).into()),
        }
    }
}

/// What a field is.
#[derive(Debug, Clone, PartialEq, Eq)]
// Complete: whatever else a file may say is `Other`.
pub(crate) enum FieldKind {
    /// `Sig`.
    Signature,
    /// `Tx`.
    Text,
    /// `Btn`.
    Button,
    /// `Ch`.
    Choice,
    /// Any other name.
    Other(Box<[u8]>),
}

impl FieldKind {
    fn from_name(name: &Name) -> Self {
        match name.as_bytes() {
            b"Sig" => FieldKind::Signature,
            b"Tx" => FieldKind::Text,
            b"Btn" => FieldKind::Button,
            b"Ch" => FieldKind::Choice,
            other => FieldKind::Other(other.into()),
        }
    }

    /// Its name.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        match self {
            FieldKind::Signature => b"Sig",
            FieldKind::Text => b"Tx",
            FieldKind::Button => b"Btn",
            FieldKind::Choice => b"Ch",
            FieldKind::Other(name) => name,
        }
    }
}

/// Where the value of a field is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
// Complete: a value is an object of its own or stands in a field.
pub(crate) enum Value {
    /// An object of its own.
    At(Reference),
    /// In the dictionary of this field.
    In(Reference),
}

impl Value {
    /// What it is.
    ///
    /// # Errors
    /// Reading faults.
    pub(crate) fn read(self, document: &Document) -> Result<Object> {
        match self {
            Value::At(reference) => document.resolve(&Object::Reference(reference)),
            Value::In(field) => match document.object(field)? {
                Object::Dictionary(dictionary) => document.get(&dictionary, "V"),
                _ => Ok(Object::Null),
            },
        }
    }
}

/// Reads the form and all its fields.
///
/// # Errors
/// `pdf.form`, `pdf.object.cycle`, [`Error::LimitExceeded`].
pub(crate) fn fields(document: &Document) -> Result<Form> {
    let (root, catalog) = document.catalog()?;
    let reference = catalog.reference("AcroForm");
    let holder = reference.unwrap_or(root).number;
    let malformed = || Error::from(Malformed::new(ErrorCode::PdfForm).object(holder));
    let dictionary = match document.get(&catalog, "AcroForm")? {
        Object::Null => return Ok(Form::default()),
        Object::Dictionary(dictionary) => dictionary,
        _ => return Err(malformed()),
    };
    let mut walk = Walk {
        document,
        todo: Vec::new(),
        seen: BTreeSet::new(),
        again: 0,
        fields: Vec::new(),
        links: Vec::new(),
        beyond: BTreeSet::new(),
        charge: document.charge(0)?,
    };
    match document.get(&dictionary, "Fields")? {
        Object::Null => {}
        Object::Array(fields) => walk.push(&fields, None, holder)?,
        _ => return Err(malformed()),
    }
    walk.run()?;
    Ok(Form {
        reference,
        dictionary: Some(dictionary),
        fields: walk.fields,
        beyond: walk.beyond,
        _charge: Some(walk.charge),
    })
}

struct Walk<'a> {
    document: &'a Document,
    // What is still to visit of each list above the one at the end, with the position of the field that has it.
    todo: Vec<(Items, Option<usize>)>,
    seen: BTreeSet<Reference>,
    // How many were listed again.
    again: u64,
    fields: Vec<Field>,
    // For each field the position of the one above, and its depth.
    links: Vec<(Option<usize>, u64)>,
    // Numbers that no object has.
    beyond: BTreeSet<u32>,
    // For all of these.
    charge: Charge,
}

impl Walk<'_> {
    fn run(&mut self) -> Result<()> {
        while let Some((items, parent)) = self.todo.last_mut() {
            match (items.next(), *parent) {
                (None, _) => drop(self.todo.pop()),
                (Some(Object::Reference(reference)), parent) => self.visit(reference, parent)?,
                // Null is no field, as a reference that leads nowhere is none.
                (Some(Object::Null), _) => {}
                (Some(_), _) => return Err(Error::Bug("a list of references with something else in it")),
            }
        }
        Ok(())
    }

    fn push(&mut self, list: &Array, parent: Option<usize>, holder: u32) -> Result<()> {
        if !list.is_of_references() {
            return Err(Malformed::new(ErrorCode::PdfForm).object(holder).into());
        }
        self.todo.push((list.items(), parent));
        Ok(())
    }

    fn visit(&mut self, reference: Reference, parent: Option<usize>) -> Result<()> {
        let malformed = || Error::from(Malformed::new(ErrorCode::PdfForm).object(reference.number));
        let depth = self.check_ancestors(reference, parent)?;
        if !self.seen.insert(reference) {
            // Listed twice, and read once.
            self.again += 1;
            let limit = self.document.limits().pdf_fields;
            if self.again > limit {
                return Err(Limit::new("pdf_fields", limit, self.again).into());
            }
            return Ok(());
        }
        self.document.grow(&mut self.charge, SEEN_BYTES)?;
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
        for number in dictionary.references().map(|one| one.number).filter(|number| *number >= self.document.size()) {
            if self.beyond.insert(number) {
                self.document.grow(&mut self.charge, SEEN_BYTES)?;
            }
        }
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
            return self.document.grow(&mut self.charge, size_of::<Reference>());
        }
        let field = self.field(reference, &dictionary, parent, title)?;
        let kind = match &field.kind {
            Some(FieldKind::Other(name)) => name.len(),
            _ => 0,
        };
        let own = size_of::<Field>() + size_of::<(Option<usize>, u64)>() + field.name.len() + kind;
        self.document.grow(&mut self.charge, own)?;
        if let Some(above) = parent.and_then(|parent| self.fields.get_mut(parent)) {
            above.kids = true;
        }
        let position = self.fields.len();
        if position == self.fields.capacity() {
            self.fields.reserve_exact(position.clamp(USUAL_FIELDS, MOST_MORE_FIELDS));
        }
        self.fields.push(field);
        self.links.push((parent, depth));
        match kids {
            Some(kids) => self.push(&kids, Some(position), reference.number),
            None => Ok(()),
        }
    }

    fn field(
        &self,
        reference: Reference,
        dictionary: &Dictionary,
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
        let kind = match self.document.get(dictionary, "FT")? {
            Object::Null => above.and_then(|above| above.kind.clone()),
            Object::Name(kind) => Some(FieldKind::from_name(&kind)),
            _ => return Err(malformed()),
        };
        let flags = match self.document.get(dictionary, "Ff")? {
            Object::Null => above.map_or(0, |above| above.flags),
            Object::Integer(flags) => flags,
            _ => return Err(malformed()),
        };
        let is_signature = kind == Some(FieldKind::Signature);
        let own = match dictionary.get("V") {
            None | Some(Object::Null) => None,
            Some(Object::Reference(value)) => Some(Value::At(value)),
            Some(_) => Some(Value::In(reference)),
        };
        let mut value = None;
        for candidate in [own, above.and_then(|above| above.value)].into_iter().flatten() {
            // A reference that leads nowhere is null. Values of other fields are of no use here, so they stay unread.
            let is_null = is_signature
                && matches!(candidate, Value::At(at) if self.document.resolve(&Object::Reference(at))?.is_null());
            if value.is_none() && !is_null {
                value = Some(candidate);
            }
        }
        let is_widget = matches!(self.document.get(dictionary, "Subtype")?, Object::Name(name) if &name == "Widget");
        let widgets = if is_widget { vec![reference] } else { Vec::new() };
        Ok(Field { name, reference, kind, value, flags, widgets, kids: false })
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

// A reference in a set, whose nodes are not always full.
const SEEN_BYTES: usize = 16;
// Most forms have no more; many fields grow by so many.
const USUAL_FIELDS: usize = 8;
const MOST_MORE_FIELDS: usize = 1 << 12;
