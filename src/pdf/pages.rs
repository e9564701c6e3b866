//! The page tree, as far as signing needs it: the first page, and which page an object is.

use std::collections::{BTreeMap, BTreeSet};

use super::document::Document;
use super::object::{Dictionary, Object, Reference};
use super::tape::Items;
use crate::error::{Error, ErrorCode, Limit, Malformed, Result};
use crate::source::to_u64;

/// The first page of the document.
///
/// # Errors
/// `pdf.pages` when there is none, `pdf.object.cycle`, [`Error::LimitExceeded`].
pub(crate) fn first_page(document: &Document) -> Result<(Reference, Dictionary)> {
    let found = Walk::new(document)?.run(|_, page, dictionary| Visit::Stop((page, dictionary.clone())), |_| None)?;
    found.map_err(|_| Malformed::new(ErrorCode::PdfPages).into())
}

/// The last page of the document, where the last of all kids leads to one.
///
/// # Errors
/// As [`first_page`].
pub(crate) fn last_page(document: &Document) -> Result<(Reference, Dictionary)> {
    let (root, catalog) = document.catalog()?;
    let malformed = |reference: Reference| Error::from(Malformed::new(ErrorCode::PdfPages).object(reference.number));
    let mut last = catalog.reference("Pages").ok_or_else(|| malformed(root))?;
    for depth in 0.. {
        too_deep(document, depth)?;
        let Object::Dictionary(node) = document.object(last)? else { return Err(malformed(last)) };
        match document.get(&node, "Kids")? {
            Object::Array(kids) => {
                last = kids.items().filter_map(|kid| kid.as_reference()).last().ok_or_else(|| malformed(last))?;
            }
            _ if depth > 0 && is_page(&node) => return Ok((last, node)),
            _ => return Err(malformed(last)),
        }
    }
    Err(malformed(last))
}

/// The nodes of the page tree down to the first page, which is the last of them.
///
/// # Errors
/// As [`first_page`].
pub(crate) fn way_to_first_page(document: &Document) -> Result<Vec<(Reference, Dictionary)>> {
    let mut way = Vec::new();
    let mut walk = Walk::new(document)?;
    walk.way = Some(&mut way);
    let found = walk.run(|_, page, dictionary| Visit::Stop((page, dictionary.clone())), |_| None)?;
    way.push(found.map_err(|_| Error::from(Malformed::new(ErrorCode::PdfPages)))?);
    Ok(way)
}

/// All pages in order, and the nodes of the tree above them.
///
/// # Errors
/// As [`first_page`].
pub(crate) fn page_tree(document: &Document) -> Result<(Vec<Reference>, Vec<Reference>)> {
    let (mut pages, mut nodes) = (Vec::new(), Vec::new());
    let mut walk = Walk::new(document)?;
    walk.way = Some(&mut nodes);
    let visit = |_, page, _: &Dictionary| {
        pages.push(page);
        Visit::<()>::Continue
    };
    let _ = walk.run(visit, |_| None)?;
    Ok((pages, nodes.into_iter().map(|(node, _)| node).collect()))
}

/// The number of the page that `page` is, from 1; `None` when it is not in the page tree.
pub(crate) fn page_number(document: &Document, page: Reference) -> Result<Option<u32>> {
    let ancestors = ancestors(document, page)?;
    // Nodes that the page does not name above itself are stepped over by their count.
    let skip = |node: &Node| if ancestors.contains(&node.reference) { None } else { node.count };
    let found = Walk::new(document)?
        .run(|before, found, _| if found == page { Visit::Stop(before) } else { Visit::Continue }, skip)?;
    Ok(found.ok().and_then(|before| u32::try_from(before + 1).ok()))
}

/// Page numbers of many objects: each page is looked for once, and where there are many, all are counted at once.
pub(crate) struct PageNumbers<'a> {
    document: &'a Document,
    known: BTreeMap<Reference, Result<Option<u32>>>,
    all: Option<BTreeMap<Reference, u32>>,
}

impl<'a> PageNumbers<'a> {
    /// Of `document`; nothing is read yet.
    pub(crate) fn new(document: &'a Document) -> Self {
        PageNumbers { document, known: BTreeMap::new(), all: None }
    }

    /// As [`page_number`].
    ///
    /// # Errors
    /// As there.
    pub(crate) fn number(&mut self, page: Reference) -> Result<Option<u32>> {
        if let Some(number) = self.all.as_ref().and_then(|all| all.get(&page)) {
            return Ok(Some(*number));
        }
        if let Some(known) = self.known.get(&page) {
            return known.clone();
        }
        if self.known.len() == FEW_PAGES && self.all.is_none() {
            // A tree that can't be counted as a whole may have sound parts.
            self.all = Some(all_numbers(self.document).unwrap_or_default());
            return self.number(page);
        }
        let number = page_number(self.document, page);
        self.known.insert(page, number.clone());
        number
    }
}

fn all_numbers(document: &Document) -> Result<BTreeMap<Reference, u32>> {
    let mut all = BTreeMap::new();
    let visit = |before: u64, page, _: &Dictionary| {
        all.extend(u32::try_from(before + 1).ok().map(|number| (page, number)));
        Visit::<()>::Continue
    };
    let _ = Walk::new(document)?.run(visit, |_| None)?;
    Ok(all)
}

fn ancestors(document: &Document, page: Reference) -> Result<BTreeSet<Reference>> {
    let mut seen = BTreeSet::new();
    let mut object = document.object(page)?;
    while let Object::Dictionary(node) = &object {
        let Some(parent) = node.reference("Parent") else { break };
        if !seen.insert(parent) {
            return Err(Malformed::new(ErrorCode::PdfObjectCycle).object(parent.number).into());
        }
        too_deep(document, to_u64(seen.len()))?;
        object = document.object(parent)?;
    }
    Ok(seen)
}

struct Node {
    reference: Reference,
    count: Option<u64>,
}

enum Visit<T> {
    Continue,
    Stop(T),
}

/// A walk over the pages in order, each node once.
struct Walk<'a> {
    document: &'a Document,
    // The root, and of each list above the one at the end what is still to visit.
    root: Option<Reference>,
    todo: Vec<Items>,
    // Takes up the nodes that were entered.
    way: Option<&'a mut Vec<(Reference, Dictionary)>>,
}

impl<'a> Walk<'a> {
    fn new(document: &'a Document) -> Result<Self> {
        let (root, catalog) = document.catalog()?;
        match catalog.get("Pages") {
            Some(Object::Reference(pages)) => Ok(Walk { document, root: Some(pages), todo: Vec::new(), way: None }),
            _ => Err(Malformed::new(ErrorCode::PdfPages).object(root.number).into()),
        }
    }

    /// Calls `visit` for each page with the number of pages before it, until that returns something; a node
    /// for which `skip` knows the number of pages is not entered. `Err` holds the number of pages.
    fn run<T>(
        mut self,
        mut visit: impl FnMut(u64, Reference, &Dictionary) -> Visit<T>,
        skip: impl Fn(&Node) -> Option<u64>,
    ) -> Result<Result<T, u64>> {
        let document = self.document;
        let mut seen = BTreeSet::new();
        let mut pages = 0_u64;
        let mut charge = document.charge(0)?;
        while let Some((reference, depth)) = self.step() {
            document.grow(&mut charge, SEEN_BYTES)?;
            if !seen.insert(reference) {
                return Err(Malformed::new(ErrorCode::PdfObjectCycle).object(reference.number).into());
            }
            let (limit, found) = (document.limits().pdf_pages, to_u64(seen.len()));
            if found > limit {
                return Err(Limit::new("pdf_pages", limit, found).into());
            }
            too_deep(document, depth)?;
            let malformed = || Error::from(Malformed::new(ErrorCode::PdfPages).object(reference.number));
            let dictionary = match document.object(reference)? {
                Object::Dictionary(dictionary) => dictionary,
                // A page that was removed without its reference.
                Object::Null if depth > 0 => continue,
                _ => return Err(malformed()),
            };
            match document.get(&dictionary, "Kids")? {
                Object::Array(kids) => {
                    let count = document.get(&dictionary, "Count")?.as_integer().and_then(|n| u64::try_from(n).ok());
                    if let Some(count) = skip(&Node { reference, count }) {
                        pages = pages.saturating_add(count);
                        continue;
                    }
                    if !kids.is_of_references() {
                        return Err(malformed());
                    }
                    self.todo.push(kids.items());
                    if let Some(way) = &mut self.way {
                        way.push((reference, dictionary.clone()));
                    }
                }
                Object::Null if depth > 0 && is_page(&dictionary) => {
                    if let Visit::Stop(found) = visit(pages, reference, &dictionary) {
                        return Ok(Ok(found));
                    }
                    pages = pages.saturating_add(1);
                }
                _ => return Err(malformed()),
            }
        }
        Ok(Err(pages))
    }

    /// The next node, and its depth.
    fn step(&mut self) -> Option<(Reference, u64)> {
        if let Some(root) = self.root.take() {
            return Some((root, 0));
        }
        while let Some(items) = self.todo.last_mut() {
            match items.next() {
                // Null is no page, as a reference that leads nowhere is none.
                Some(Object::Null) => {}
                Some(kid) => return kid.as_reference().map(|kid| (kid, to_u64(self.todo.len()))),
                None => drop(self.todo.pop()),
            }
        }
        None
    }
}

fn is_page(dictionary: &Dictionary) -> bool {
    dictionary.is_type("Page") || dictionary.get("Type").is_none()
}

fn too_deep(document: &Document, depth: u64) -> Result<()> {
    let limit = document.limits().pdf_tree_depth;
    if depth > limit {
        return Err(Limit::new("pdf_tree_depth", limit, depth).into());
    }
    Ok(())
}

// A reference in a set, whose nodes are not always full.
const SEEN_BYTES: usize = 16;
// So many pages are looked for one by one.
const FEW_PAGES: usize = 8;
