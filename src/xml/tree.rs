//! The document as a tree: handles that know where they stand in the bytes.
//!
//! Nodes lie in one list in the order of the document; what is below a node follows it directly. Attributes and
//! namespace declarations lie in lists of their own, those of one element together and in canonical order.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::ops::Range;

use super::XML_NAMESPACE;
use super::span::Span;
use super::value::{Place, SECTION, value};
use crate::source::to_u64;

/// A well-formed document, with its bytes.
pub(crate) struct Document {
    pub(super) text: String,
    pub(super) nodes: Vec<NodeData>,
    pub(super) attributes: Vec<Attribute>,
    pub(super) declarations: Vec<Declaration>,
    /// Attributes that give their element an Id, in the order of their values.
    pub(super) ids: Vec<IdData>,
    pub(super) root: usize,
    /// Elements, comments and instructions.
    pub(super) count: usize,
}

pub(super) struct NodeData {
    pub(super) kind: Kind,
    /// `None` at the top of the document.
    pub(super) parent: Option<usize>,
    pub(super) span: Span,
    /// The first node that is not below this one.
    pub(super) end: usize,
}

// Complete: what XPath knows, but for attributes and namespaces, which belong to their element here.
pub(super) enum Kind {
    Element(Tag),
    /// A run of character data, references and CDATA sections.
    Text,
    Comment,
    /// A processing instruction.
    Instruction,
}

/// The start tag of an element.
pub(super) struct Tag {
    pub(super) name: Span,
    pub(super) namespace: Binding,
    pub(super) attributes: Span,
    pub(super) declarations: Span,
}

pub(super) struct Attribute {
    pub(super) name: Span,
    pub(super) namespace: Binding,
    pub(super) value: Value,
}

pub(super) struct Declaration {
    /// Empty for the default namespace.
    pub(super) prefix: Span,
    pub(super) uri: Value,
}

/// The declaration that gives a name its namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Binding {
    None,
    /// The prefix `xml`, which needs none.
    Xml,
    /// One of [`Document::declarations`].
    Declared(usize),
}

pub(super) enum Value {
    /// Means what is written.
    Written(Span),
    Other(Box<str>),
}

impl Value {
    pub(super) fn of<'a>(&'a self, text: &'a str) -> &'a str {
        match self {
            Value::Written(span) => span.of(text),
            Value::Other(own) => own,
        }
    }
}

pub(super) struct IdData {
    /// One of [`Document::attributes`].
    pub(super) attribute: usize,
    pub(super) node: usize,
}

/// Local part of a qualified name.
pub(super) fn local(name: &str) -> &str {
    name.split_once(':').map_or(name, |(_, local)| local)
}

/// Prefix of a qualified name; empty where there is none.
pub(super) fn prefix(name: &str) -> &str {
    name.split_once(':').map_or("", |(prefix, _)| prefix)
}

impl Document {
    /// How many elements, comments and instructions it has.
    pub(crate) fn count(&self) -> usize {
        self.count
    }

    /// The bytes it was read from.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.text.as_bytes()
    }

    /// Whether it begins with a byte order mark, which means nothing in UTF-8.
    pub(crate) fn has_byte_order_mark(&self) -> bool {
        self.text.starts_with('\u{feff}')
    }

    /// The document element.
    pub(crate) fn root(&self) -> Element<'_> {
        Element { document: self, index: self.root }
    }

    /// The element whose `Id` (as XML Signature and XAdES write it) or `xml:id` has this value.
    ///
    /// There is at most one, also when `ID` and `id` are counted, which are never looked up.
    pub(crate) fn by_id(&self, id: &str) -> Option<Element<'_>> {
        let at = self.ids.binary_search_by(|own| self.id_value(own).cmp(id)).ok()?;
        let found = self.ids.get(at)?;
        let attribute = self.attributes.get(found.attribute)?;
        let name = attribute.name.of(&self.text);
        (name == "Id" || attribute.namespace == Binding::Xml).then_some(Element { document: self, index: found.node })
    }

    pub(super) fn id_value(&self, id: &IdData) -> &str {
        self.attributes.get(id.attribute).map_or("", |attribute| attribute.value.of(&self.text))
    }

    pub(super) fn uri(&self, binding: Binding) -> &str {
        match binding {
            Binding::None => "",
            Binding::Xml => XML_NAMESPACE,
            Binding::Declared(at) => self.declarations.get(at).map_or("", |one| one.uri.of(&self.text)),
        }
    }

    /// What the attribute is ordered by: its namespace, then its local name.
    pub(super) fn key(&self, attribute: &Attribute) -> (&str, &str) {
        (self.uri(attribute.namespace), local(attribute.name.of(&self.text)))
    }
}

/// Any node but attributes and namespaces.
#[derive(Clone, Copy)]
pub(crate) struct Node<'a> {
    pub(super) document: &'a Document,
    pub(super) index: usize,
}

impl<'a> Node<'a> {
    /// The element, if it is one.
    pub(crate) fn element(&self) -> Option<Element<'a>> {
        let data = self.document.nodes.get(self.index)?;
        matches!(data.kind, Kind::Element(_)).then_some(Element { document: self.document, index: self.index })
    }

    /// The element it stands in.
    pub(crate) fn parent(&self) -> Option<Element<'a>> {
        let parent = self.document.nodes.get(self.index)?.parent?;
        Some(Element { document: self.document, index: parent })
    }

    /// Whether it is `element` or anywhere in it.
    pub(crate) fn is_within(&self, element: Element<'_>) -> bool {
        std::ptr::eq(self.document, element.document) && (element.index..element.end()).contains(&self.index)
    }
}

/// An element of a document.
#[derive(Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(super) document: &'a Document,
    pub(super) index: usize,
}

/// The same element of the same document, not one that looks alike.
impl PartialEq for Element<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.document, other.document) && self.index == other.index
    }
}

impl Eq for Element<'_> {}

impl<'a> Element<'a> {
    /// Its namespace; empty where it has none.
    pub(crate) fn namespace(&self) -> &'a str {
        self.tag().map_or("", |tag| self.document.uri(tag.namespace))
    }

    /// Its name without prefix.
    pub(crate) fn local(&self) -> &'a str {
        local(self.name())
    }

    /// Whether it has this name.
    pub(crate) fn is(&self, namespace: &str, local: &str) -> bool {
        self.local() == local && self.namespace() == namespace
    }

    /// The value of the attribute `local` that is in no namespace.
    pub(crate) fn attribute(&self, local: &str) -> Option<&'a str> {
        self.attribute_in("", local)
    }

    /// The value of the attribute `local` of `namespace`.
    pub(crate) fn attribute_in(&self, namespace: &str, local: &str) -> Option<&'a str> {
        let found = self.attributes().iter().find(|one| self.document.key(one) == (namespace, local))?;
        Some(found.value.of(&self.document.text))
    }

    /// The element around it.
    pub(crate) fn parent(&self) -> Option<Element<'a>> {
        self.node().parent()
    }

    /// The elements directly in it.
    pub(crate) fn children(&self) -> impl Iterator<Item = Element<'a>> + use<'a> {
        self.nodes().filter_map(|node| node.element())
    }

    /// The elements of this name directly in it.
    pub(crate) fn children_named<'n>(
        &self,
        namespace: &'n str,
        local: &'n str,
    ) -> impl Iterator<Item = Element<'a>> + use<'a, 'n> {
        self.children().filter(move |child| child.is(namespace, local))
    }

    /// The first element of this name directly in it. Whether there may be more is the caller's affair.
    pub(crate) fn child(&self, namespace: &str, local: &str) -> Option<Element<'a>> {
        self.children_named(namespace, local).next()
    }

    /// The elements below it at any depth, in the order of the document.
    pub(crate) fn descendants(&self) -> impl Iterator<Item = Element<'a>> + use<'a> {
        let document = self.document;
        (self.index.saturating_add(1)..self.end()).filter_map(move |index| Node { document, index }.element())
    }

    /// Its character data, when it holds nothing else: no element, comment, instruction or CDATA section.
    pub(crate) fn text(&self) -> Option<Cow<'a, str>> {
        let mut nodes = self.nodes();
        let Some(only) = nodes.next() else { return Some(Cow::Borrowed("")) };
        let data = self.document.nodes.get(only.index)?;
        let written = data.span.of(&self.document.text);
        let is_plain = nodes.next().is_none() && matches!(data.kind, Kind::Text) && !written.contains(SECTION);
        is_plain.then(|| value(written, Place::Content))
    }

    /// Whether nothing but elements and white space stands directly in it.
    pub(crate) fn has_only_elements(&self) -> bool {
        self.nodes().all(|node| {
            node.element().is_some()
                || node.document.nodes.get(node.index).is_some_and(|data| is_blank(data, &self.document.text))
        })
    }

    /// Where it stands in the bytes: from the `<` of its start tag to after the `>` of its end tag.
    pub(crate) fn range(&self) -> Range<usize> {
        self.data().map_or(0..0, |data| data.span.range())
    }

    /// Where it begins.
    pub(crate) fn offset(&self) -> u64 {
        to_u64(self.range().start)
    }

    /// How many nodes it and all that is in it are.
    pub(crate) fn node_count(&self) -> usize {
        self.end().saturating_sub(self.index)
    }

    /// How many namespaces it and the elements around it declare.
    pub(crate) fn scope_count(&self) -> usize {
        std::iter::once(*self).chain(self.ancestors()).map(|element| element.declarations().count()).sum()
    }

    /// It as a node, for the predicate of a document subset.
    pub(crate) fn node(&self) -> Node<'a> {
        Node { document: self.document, index: self.index }
    }

    /// A prefix that means `namespace` where this element's content stands; empty: the default namespace does.
    pub(crate) fn prefix_of(&self, namespace: &str) -> Option<&'a str> {
        let mut hidden = BTreeSet::new();
        for element in std::iter::once(*self).chain(self.ancestors()) {
            for (prefix, uri) in element.declarations() {
                if hidden.insert(prefix) && uri == namespace {
                    return Some(prefix);
                }
            }
        }
        None
    }

    /// Name with prefix.
    pub(super) fn name(&self) -> &'a str {
        self.tag().map_or("", |tag| tag.name.of(&self.document.text))
    }

    /// In canonical order.
    pub(super) fn attributes(&self) -> &'a [Attribute] {
        self.tag().map_or(&[], |tag| tag.attributes.items(&self.document.attributes))
    }

    /// Prefixes and namespaces, in canonical order; that of `xml` is left out, for it says nothing.
    pub(super) fn declarations(&self) -> impl Iterator<Item = (&'a str, &'a str)> + use<'a> {
        let (tag, document) = (self.tag(), self.document);
        tag.map_or(&[][..], |tag| tag.declarations.items(&document.declarations))
            .iter()
            .map(|one| (one.prefix.of(&document.text), one.uri.of(&document.text)))
            .filter(|(prefix, _)| *prefix != "xml")
    }

    /// The elements around it, from the inside out.
    pub(super) fn ancestors(&self) -> impl Iterator<Item = Element<'a>> + use<'a> {
        std::iter::successors(self.parent(), Element::parent)
    }

    /// The first node that is not in it.
    pub(super) fn end(&self) -> usize {
        self.data().map_or(0, |data| data.end)
    }

    /// The nodes directly in it.
    fn nodes(&self) -> impl Iterator<Item = Node<'a>> + use<'a> {
        let (document, end) = (self.document, self.end());
        let mut next = self.index.saturating_add(1);
        std::iter::from_fn(move || {
            let index = next;
            next = document.nodes.get(index).filter(|_| index < end)?.end;
            Some(Node { document, index })
        })
    }

    fn data(&self) -> Option<&'a NodeData> {
        self.document.nodes.get(self.index)
    }

    fn tag(&self) -> Option<&'a Tag> {
        match &self.data()?.kind {
            Kind::Element(tag) => Some(tag),
            _ => None,
        }
    }
}

fn is_blank(data: &NodeData, text: &str) -> bool {
    let written = data.span.of(text);
    matches!(data.kind, Kind::Text) && written.bytes().all(super::chars::is_white)
}
