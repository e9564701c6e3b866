//! Canonical XML 1.0, 1.1 and exclusive: the octets that digests and signatures are made over.
//!
//! One walk over the list of nodes, with a stack of the elements that are open. Two scopes go with it: what
//! prefixes mean in the document, and what they mean in the output so far. A declaration is written where both
//! differ; the forms only choose which prefixes are asked about. So a part of a document is nothing special: its
//! apex is an element whose parent is not in the output.
//!
//! Recommendations: [1.0](https://www.w3.org/TR/2001/REC-xml-c14n-20010315),
//! [1.1](https://www.w3.org/TR/2008/REC-xml-c14n11-20080502/),
//! [exclusive](https://www.w3.org/TR/2002/REC-xml-exc-c14n-20020718/).

use std::collections::BTreeSet;
use std::ops::Range;

use super::escape::{escape_attribute, escape_text};
use super::method::{Form, Method};
use super::scope::Scope;
use super::tree::{Document, Element, Kind, Node, prefix};
use super::value::{Piece, Pieces, Place};
use crate::error::Result;

mod base;
mod inherit;

/// Writes `element` with all that is in it, as it stands in its document.
///
/// `prefixes` is the PrefixList of InclusiveNamespaces (`#default` or "" for the default namespace); only the
/// exclusive form looks at it. A reference `#Id` leaves comments out whatever the method of a transform says:
/// that is the caller's to know.
///
/// # Errors
/// What `out` returns: nothing is written after it. A short document may have a long form.
pub(crate) fn canonical(element: Element<'_>, method: Method, prefixes: &[&str], out: &mut Out<'_>) -> Result<()> {
    let nodes = element.index..element.end();
    Walk::new(element.document, method, prefixes, &|_| true, out).run(nodes)
}

/// Writes the whole document, with comments and instructions outside the document element.
///
/// # Errors
/// As [`canonical`].
pub(crate) fn canonical_document(
    document: &Document,
    method: Method,
    prefixes: &[&str],
    out: &mut Out<'_>,
) -> Result<()> {
    canonical_subset(document, method, prefixes, &|_| true, out)
}

/// Writes the nodes that `include` chooses. Attributes and namespaces go with their element; an element may be
/// in although what is around it is not.
///
/// # Errors
/// As [`canonical`].
pub(crate) fn canonical_subset(
    document: &Document,
    method: Method,
    prefixes: &[&str],
    include: &dyn Fn(Node<'_>) -> bool,
    out: &mut Out<'_>,
) -> Result<()> {
    Walk::new(document, method, prefixes, include, out).run(0..document.nodes.len())
}

/// Takes the octets, in pieces.
pub(crate) type Out<'o> = dyn FnMut(&[u8]) -> Result<()> + 'o;

struct Walk<'a, 'o> {
    document: &'a Document,
    method: Method,
    /// Prefixes that the exclusive form treats as the inclusive ones do.
    inclusive: BTreeSet<&'o str>,
    include: &'o dyn Fn(Node<'_>) -> bool,
    /// What prefixes mean in the document.
    scope: Scope<'a, &'a str>,
    /// What they mean in the output so far.
    written: Scope<'a, &'a str>,
    open: Vec<Open<'a>>,
    buffer: Vec<u8>,
    out: &'o mut Out<'o>,
}

/// An element that the walk is in.
struct Open<'a> {
    element: Element<'a>,
    is_included: bool,
    /// Lengths of both scopes outside.
    scope: usize,
    written: usize,
}

/// Pieces of the output are about this long.
const PIECE_BYTES: usize = 16 << 10;

impl<'a, 'o> Walk<'a, 'o> {
    fn new(
        document: &'a Document,
        method: Method,
        prefixes: &[&'o str],
        include: &'o dyn Fn(Node<'_>) -> bool,
        out: &'o mut Out<'o>,
    ) -> Self {
        let inclusive = prefixes.iter().map(|prefix| if *prefix == "#default" { "" } else { *prefix }).collect();
        let (scope, written) = (Scope::new(), Scope::new());
        Walk { document, method, inclusive, include, scope, written, open: Vec::new(), buffer: Vec::new(), out }
    }

    fn run(mut self, nodes: Range<usize>) -> Result<()> {
        let document = self.document;
        let around: Vec<Element<'a>> = Element { document, index: nodes.start }.ancestors().collect();
        for element in around.iter().rev() {
            self.enter_scope(*element);
        }
        for index in nodes {
            self.leave(index);
            let Some(data) = document.nodes.get(index) else { break };
            let node = Node { document, index };
            let is_included = (self.include)(node);
            let written = data.span.of(&document.text);
            match &data.kind {
                Kind::Element(_) => self.enter(Element { document, index }, is_included),
                _ if !is_included => {}
                Kind::Text => self.text(written),
                Kind::Comment if self.method.comments => self.markup(node, &[written]),
                Kind::Comment => {}
                Kind::Instruction => self.markup(node, &instruction(written)),
            }
            if self.buffer.len() >= PIECE_BYTES {
                self.flush()?;
            }
        }
        self.leave(usize::MAX);
        self.flush()
    }

    fn flush(&mut self) -> Result<()> {
        if !self.buffer.is_empty() {
            (self.out)(&self.buffer)?;
            self.buffer.clear();
        }
        Ok(())
    }

    fn put(&mut self, text: &str) {
        self.buffer.extend_from_slice(text.as_bytes());
    }

    /// Ends the elements that do not reach to the node `index`.
    fn leave(&mut self, index: usize) {
        while let Some(open) = self.open.pop_if(|open| open.element.end() <= index) {
            if open.is_included {
                self.put("</");
                self.put(open.element.name());
                self.put(">");
            }
            self.scope.close(open.scope);
            self.written.close(open.written);
        }
    }

    fn enter(&mut self, element: Element<'a>, is_included: bool) {
        let (scope, written) = (self.scope.len(), self.written.len());
        self.enter_scope(element);
        if is_included {
            let is_apex = self.open.last().is_none_or(|parent| !parent.is_included);
            self.put("<");
            self.put(element.name());
            self.namespaces(element, is_apex);
            self.attributes(element, is_apex);
            self.put(">");
        }
        self.open.push(Open { element, is_included, scope, written });
    }

    fn enter_scope(&mut self, element: Element<'a>) {
        for (prefix, uri) in element.declarations() {
            self.scope.bind(prefix, uri);
        }
    }

    /// Writes the declarations that are due at `element`; at an apex all that is in scope may be.
    fn namespaces(&mut self, element: Element<'a>, is_apex: bool) {
        let mut asked: BTreeSet<&'a str> = BTreeSet::new();
        let is_exclusive = self.method.form == Form::Exclusive;
        if is_exclusive {
            asked.insert(prefix(element.name()));
            let names = element.attributes().iter().map(|one| prefix(one.name.of(&self.document.text)));
            asked.extend(names.filter(|prefix| !prefix.is_empty() && *prefix != "xml"));
        }
        let is_asked = |prefix: &str| !is_exclusive || self.inclusive.contains(prefix);
        if is_apex {
            asked.extend(self.scope.iter().map(|(prefix, _)| prefix).filter(|prefix| is_asked(prefix)));
            // The default namespace may be one in the output although there is none here.
            asked.extend(is_asked("").then_some(""));
        } else {
            asked.extend(element.declarations().map(|(prefix, _)| prefix).filter(|prefix| is_asked(prefix)));
        }
        for prefix in asked {
            let uri = self.scope.get(prefix).unwrap_or_default();
            if prefix != "xml" && self.written.get(prefix).unwrap_or_default() != uri {
                self.written.bind(prefix, uri);
                self.put(if prefix.is_empty() { " xmlns" } else { " xmlns:" });
                self.put(prefix);
                self.put("=\"");
                escape_attribute(uri, &mut self.buffer);
                self.put("\"");
            }
        }
    }

    fn attributes(&mut self, element: Element<'a>, is_apex: bool) {
        if is_apex && self.method.form != Form::Exclusive && element.parent().is_some() {
            return self.attributes_with_inherited(element);
        }
        for one in element.attributes() {
            self.attribute(one.name.of(&self.document.text), one.value.of(&self.document.text));
        }
    }

    fn attribute(&mut self, name: &str, value: &str) {
        self.put(" ");
        self.put(name);
        self.put("=\"");
        escape_attribute(value, &mut self.buffer);
        self.put("\"");
    }

    fn text(&mut self, written: &str) {
        for piece in Pieces::new(written, Place::Content) {
            match piece {
                Piece::Text(text) => escape_text(text, &mut self.buffer),
                Piece::Char(c) => escape_text(c.encode_utf8(&mut [0; 4]), &mut self.buffer),
            }
        }
    }

    /// A comment or an instruction; outside the document element it has a line of its own.
    fn markup(&mut self, node: Node<'a>, parts: &[&str]) {
        let is_outside = node.parent().is_none();
        if is_outside && node.index > self.document.root {
            self.put("\n");
        }
        for part in parts {
            let mut lines = part.split("\r\n").flat_map(|line| line.split('\r'));
            self.put(lines.next().unwrap_or_default());
            for line in lines {
                self.put("\n");
                self.put(line);
            }
        }
        if is_outside && node.index < self.document.root {
            self.put("\n");
        }
    }
}

/// An instruction with one blank before its data, or none where there are no data.
fn instruction(written: &str) -> [&str; 3] {
    let Some((target, rest)) = written.split_once([' ', '\t', '\r', '\n']) else { return [written, "", ""] };
    match rest.trim_start_matches([' ', '\t', '\r', '\n']) {
        "?>" => [target, "", "?>"],
        data => [target, " ", data],
    }
}
