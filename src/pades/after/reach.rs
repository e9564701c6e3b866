//! What leads to objects: for some numbers of interest, from where the document uses them.
//!
//! A walk over all that pages, form and catalog lead to, at most so many objects; an object that several pages use is
//! found from each of them, as long as that costs little.

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet};

use crate::error::Result;
use crate::pades::signature::finding;
use crate::pdf::{Document, Form, Object, Reference, fields, page_tree};

/// From where an object is used, the most harmless first. Pages count from 1, fields are places in the form.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Use {
    /// By the document security store.
    Evidence,
    /// By the description of the document.
    Metadata,
    /// By an entry of the catalog.
    Catalog(String),
    /// By an entry of the trailer.
    Trailer(String),
    /// By an entry of the form; an empty one is the form itself, or a list of fields.
    Form(String),
    /// By an annotation.
    Annotation(usize),
    /// As the list of annotations.
    Annotations(usize),
    /// By a field, under this key; an empty one is the field itself, or a widget of it.
    Field(usize, String),
    /// By what a page shows.
    Content(usize),
    /// As a node of the page tree.
    Tree,
    /// As a page.
    Page(usize),
}

impl Use {
    /// Uses of a higher rank make those of a lower one no matter.
    fn rank(&self) -> u8 {
        match self {
            Use::Evidence => 0,
            Use::Metadata => 1,
            // It leads to what it is the structure of: annotations, and what they show.
            Use::Catalog(key) if key == "StructTreeRoot" => 2,
            // A widget is an annotation of its page, but what it is the field says.
            Use::Annotation(_) => 3,
            Use::Catalog(_)
            | Use::Trailer(_)
            | Use::Form(_)
            | Use::Annotations(_)
            | Use::Field(..)
            | Use::Content(_)
            | Use::Tree
            | Use::Page(_) => 4,
        }
    }
}

/// Which uses were found.
pub(super) struct Reach {
    uses: BTreeMap<u32, BTreeSet<Use>>,
    /// Whether all was walked over.
    pub(super) is_complete: bool,
    pub(super) pages: Vec<Reference>,
    pub(super) form: Form,
}

impl Reach {
    /// Looks for `wanted` in `document`, at most as many objects as `left` says.
    ///
    /// # Errors
    /// When page tree, form or catalog can't be read; `limit.exceeded`.
    pub(super) fn of(document: &Document, wanted: &BTreeSet<u32>, left: &Cell<u64>) -> Result<Reach> {
        let (pages, nodes) = page_tree(document)?;
        let form = fields(document)?;
        let mut walk =
            Walk { document, wanted, stops: BTreeSet::new(), uses: BTreeMap::new(), left, is_complete: true };
        nodes.iter().for_each(|node| walk.note(node.number, &Use::Tree));
        for (index, page) in pages.iter().enumerate() {
            walk.note(page.number, &Use::Page(index.saturating_add(1)));
        }
        // Signatures refer to the catalog, and that to everything.
        walk.stops.insert(document.catalog()?.0.number);
        walk.stops.extend(pages.iter().chain(&nodes).map(|node| node.number));
        walk.pages(&pages)?;
        walk.form(&form)?;
        walk.catalog()?;
        let Walk { uses, is_complete, .. } = walk;
        Ok(Reach { uses, is_complete, pages, form })
    }

    /// The uses of an object that matter.
    pub(super) fn uses(&self, number: u32) -> Vec<Use> {
        let Some(uses) = self.uses.get(&number) else { return Vec::new() };
        let highest = uses.iter().map(Use::rank).max();
        uses.iter().filter(|one| Some(one.rank()) == highest).cloned().collect()
    }
}

struct Walk<'a> {
    document: &'a Document,
    wanted: &'a BTreeSet<u32>,
    /// Catalog, pages and nodes of their tree, which lead everywhere.
    stops: BTreeSet<u32>,
    uses: BTreeMap<u32, BTreeSet<Use>>,
    left: &'a Cell<u64>,
    is_complete: bool,
}

impl Walk<'_> {
    fn pages(&mut self, pages: &[Reference]) -> Result<()> {
        let mut seen = Seen::default();
        let mut at_ease = AT_EASE;
        for (index, page) in pages.iter().enumerate() {
            let number = index.saturating_add(1);
            let Ok(Object::Dictionary(page)) = finding(self.document.object(*page))? else { continue };
            let before = self.left.get();
            let content = page.entries().filter(|(key, _)| !matches!(key.as_bytes(), b"Parent" | b"Annots" | b"B"));
            let content = content.flat_map(|(_, value)| inside(&value)).collect();
            self.walk(content, &Use::Content(number), &mut seen)?;
            if let Some(list) = page.reference("Annots") {
                self.note(list.number, &Use::Annotations(number));
            }
            if let Ok(Object::Array(annotations)) = finding(self.document.get(&page, "Annots"))? {
                let all = self.document.walk(&annotations)?.flat_map(|one| inside(&one)).collect();
                self.walk(all, &Use::Annotation(number), &mut seen)?;
            }
            // What pages share is looked at for each of them, unless that is too much.
            at_ease = at_ease.saturating_sub(before.saturating_sub(self.left.get()));
            if at_ease > 0 {
                seen = Seen::default();
            }
        }
        Ok(())
    }

    fn form(&mut self, form: &Form) -> Result<()> {
        if let Some(reference) = form.reference {
            self.note(reference.number, &Use::Form(String::new()));
        }
        let Some(dictionary) = &form.dictionary else { return Ok(()) };
        let mut seen = Seen::default();
        for (key, value) in dictionary.entries() {
            match (key.as_bytes(), value) {
                (b"Fields", Object::Reference(list)) => self.note(list.number, &Use::Form(String::new())),
                (b"Fields", _) => {}
                (name, value) => self.walk(inside(&value), &Use::Form(text(name)), &mut seen)?,
            }
        }
        // Fields lead to each other in many ways.
        let places = form.fields.iter().flat_map(|field| field.widgets.iter().chain([&field.reference]));
        self.stops.extend(places.map(|place| place.number));
        let mut seen = Seen::default();
        for (index, field) in form.fields.iter().enumerate() {
            for place in field.widgets.iter().chain([&field.reference]) {
                self.note(place.number, &Use::Field(index, String::new()));
                let Ok(Object::Dictionary(dictionary)) = finding(self.document.object(*place))? else { continue };
                for (key, value) in dictionary.entries() {
                    match (key.as_bytes(), value) {
                        (b"Parent" | b"P", _) => {}
                        (b"Kids", Object::Reference(list)) => self.note(list.number, &Use::Form(String::new())),
                        (b"Kids", _) => {}
                        (name, value) => self.walk(inside(&value), &Use::Field(index, text(name)), &mut seen)?,
                    }
                }
            }
        }
        Ok(())
    }

    fn catalog(&mut self) -> Result<()> {
        let (_, catalog) = self.document.catalog()?;
        let mut seen = Seen::default();
        for (key, value) in catalog.entries() {
            let found = match key.as_bytes() {
                b"Pages" | b"AcroForm" => continue,
                b"DSS" | b"Extensions" => Use::Evidence,
                b"Metadata" => Use::Metadata,
                name => Use::Catalog(text(name)),
            };
            // What the security store shares with others is found from both.
            let mut own = Seen::default();
            let seen = if found == Use::Evidence { &mut own } else { &mut seen };
            self.walk(inside(&value), &found, seen)?;
        }
        for (key, value) in self.document.trailer().entries() {
            let found = match key.as_bytes() {
                b"Root" | b"Encrypt" | b"DecodeParms" | b"Length" => continue,
                b"Info" => Use::Metadata,
                name => Use::Trailer(text(name)),
            };
            self.walk(inside(&value), &found, &mut Seen::default())?;
        }
        Ok(())
    }

    /// Walks over all that `todo` lead to, pages left out.
    fn walk(&mut self, mut todo: Vec<Reference>, found: &Use, seen: &mut Seen) -> Result<()> {
        while let Some(reference) = todo.pop() {
            if self.stops.contains(&reference.number) || !seen.insert(reference.number) {
                continue;
            }
            let Some(left) = self.left.get().checked_sub(1) else {
                self.is_complete = false;
                return Ok(());
            };
            self.left.set(left);
            self.note(reference.number, found);
            // What can't be read leads nowhere.
            if let Ok(object) = finding(self.document.object(reference))? {
                todo.extend(inside(&object));
            }
        }
        Ok(())
    }

    fn note(&mut self, number: u32, found: &Use) {
        if self.wanted.contains(&number) {
            let uses = self.uses.entry(number).or_default();
            if uses.len() < MOST_USES {
                uses.insert(found.clone());
            }
        }
    }
}

type Seen = BTreeSet<u32>;

/// What an object refers to.
fn inside(object: &Object) -> Vec<Reference> {
    match object {
        Object::Reference(reference) => vec![*reference],
        Object::Array(array) => array.references().collect(),
        Object::Dictionary(dictionary) => dictionary.references().collect(),
        Object::Stream(stream) => stream.dictionary.references().collect(),
        _ => Vec::new(),
    }
}

fn text(name: &[u8]) -> String {
    String::from_utf8_lossy(name).into_owned()
}

const MOST_USES: usize = 16;
// So many objects may be looked at more than once.
const AT_EASE: u64 = 200_000;
