//! Entry points of the fuzz targets for XML: the tree says what the bytes say, canonical forms are fixed points.

use crate::Limits;
use crate::error::Result;
use crate::xml::{self, Document, Element, Method};

/// Reads a document; what the tree says of its elements is where the bytes say it.
pub fn xml_tree(data: &[u8]) {
    let limits = Limits::default();
    let Ok(document) = Document::parse(data, &limits) else { return };
    assert_eq!(document.bytes(), data);
    let root = document.root();
    assert!(root.parent().is_none());
    for element in std::iter::once(root).chain(root.descendants()) {
        check_element(&document, element);
    }
}

fn check_element(document: &Document, element: Element<'_>) {
    let range = element.range();
    let bytes = document.bytes().get(range.clone()).unwrap_or_default();
    assert!(bytes.starts_with(b"<") && bytes.ends_with(b">"));
    let mut from = range.start;
    for child in element.children() {
        assert!(child.parent() == Some(element) && child.node().is_within(element));
        assert!(child.range().start > from && child.range().end < range.end, "children in order, within their parent");
        from = child.range().end.saturating_sub(1);
    }
    for id in [element.attribute("Id"), element.attribute_in(xml::XML_NAMESPACE, "id")].into_iter().flatten() {
        assert!(document.by_id(id) == Some(element), "an Id leads to its element");
    }
    if let Some(text) = element.text() {
        assert!(xml::is_xml_text(&text) && element.children().next().is_none());
        let mut escaped = Vec::new();
        xml::escape_text(&text, &mut escaped);
        let again = [b"<a>", escaped.as_slice(), b"</a>"].concat();
        let again = Document::parse(&again, &Limits::default());
        let meaning = again.as_ref().ok().and_then(|again| again.root().text());
        assert_eq!(meaning, Some(text), "escaped text means the same");
    }
}

/// Writes the canonical forms of a document and of its parts: each is well-formed and its own canonical form.
pub fn canonical(data: &[u8]) {
    let Ok(document) = Document::parse(data, &Limits::default()) else { return };
    for method in Method::all() {
        let whole = octets(|out| xml::canonical_document(&document, method, &[], out));
        fixed_point(&whole, method);
        let all = octets(|out| xml::canonical_subset(&document, method, &[], &|_| true, out));
        assert!(all == whole, "all nodes are the document");
        let part = octets(|out| xml::canonical(document.root(), method, &[], out));
        assert!(contains(&whole, &part), "the document element is a part of its document");
        let last = document.root().descendants().last().unwrap_or_else(|| document.root());
        fixed_point(&octets(|out| xml::canonical(last, method, &["#default", "a"], out)), method);
    }
}

fn fixed_point(form: &[u8], method: Method) {
    // What is inherited makes a part longer than it was.
    let limits = Limits { xml_attributes: 1 << 20, xml_namespaces: 1 << 20, ..Limits::default() };
    let again = Document::parse(form, &limits)
        .map(|document| octets(|out| xml::canonical_document(&document, method, &["#default", "a"], out)));
    assert_eq!(again.ok().as_deref(), Some(form), "{method:?} of a canonical form is the same");
}

/// The six canonical forms of a document, each with its name as an algorithm, to be compared with another's.
#[must_use]
pub fn canonical_forms(data: &[u8]) -> Option<Vec<(&'static str, Vec<u8>)>> {
    let document = Document::parse(data, &Limits::default()).ok()?;
    let forms =
        Method::all().map(|method| (method.uri(), octets(|out| xml::canonical_document(&document, method, &[], out))));
    Some(forms.collect())
}

/// The canonical form `uri` of the element `id`, to be compared with another's.
#[must_use]
pub fn canonical_part(data: &[u8], id: &str, uri: &str, prefixes: &[&str]) -> Option<Vec<u8>> {
    let document = Document::parse(data, &Limits::default()).ok()?;
    let (element, method) = (document.by_id(id)?, Method::from_uri(uri)?);
    Some(octets(|out| xml::canonical(element, method, prefixes, out)))
}

fn octets(write: impl FnOnce(&mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()>) -> Vec<u8> {
    let mut all = Vec::new();
    let written = write(&mut |piece| {
        all.extend_from_slice(piece);
        Ok(())
    });
    assert!(written.is_ok(), "memory takes all");
    all
}

fn contains(whole: &[u8], part: &[u8]) -> bool {
    part.is_empty() || whole.windows(part.len()).any(|window| window == part)
}
