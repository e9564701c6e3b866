//! From bytes to the tree. Strict: the first thing that is wrong is named with its offset.

use super::chars::{first_forbidden, is_white};
use super::scan::{Scanner, fault};
use super::scope::Scope;
use super::span::{self, Span};
use super::tree::{Document, Kind, NodeData, Tag};
use super::value::{SECTION, SECTION_END, reference};
use crate::Limits;
use crate::error::{ErrorCode, Limit, Result};
use crate::source::to_u64;

mod tag;

impl Document {
    /// Reads a document: UTF-8, XML 1.0 with namespaces, no document type declaration, every Id once.
    pub(crate) fn parse(bytes: &[u8], limits: &Limits) -> Result<Document> {
        let most = limits.xml_bytes.min(u64::from(span::MOST));
        bounded("xml_bytes", most, bytes.len(), 0)?;
        let text = std::str::from_utf8(bytes).map_err(|e| fault(ErrorCode::XmlEncoding, e.valid_up_to()))?;
        if let Some(at) = first_forbidden(text) {
            return Err(fault(ErrorCode::XmlEncoding, at));
        }
        let mut builder = Builder::new(text, limits);
        builder.declaration()?;
        while builder.item()? {}
        builder.finish()
    }
}

/// The tree as far as it has been read.
struct Builder<'a> {
    text: &'a str,
    scanner: Scanner<'a>,
    limits: &'a Limits,
    document: Document,
    open: Vec<Open>,
    /// Prefixes, and which declaration binds them.
    scope: Scope<'a, usize>,
    root: Option<usize>,
    /// Elements, comments and instructions.
    count: usize,
}

/// An element whose end tag has not come.
struct Open {
    node: usize,
    start: usize,
    name: Span,
    /// Length of the scope outside.
    scope: usize,
}

impl<'a> Builder<'a> {
    fn new(text: &'a str, limits: &'a Limits) -> Self {
        let document = Document {
            text: text.to_owned(),
            nodes: Vec::new(),
            attributes: Vec::new(),
            declarations: Vec::new(),
            ids: Vec::new(),
            root: 0,
            count: 0,
        };
        let (scanner, open, scope) = (Scanner::new(text), Vec::new(), Scope::new());
        Builder { text, scanner, limits, document, open, scope, root: None, count: 0 }
    }

    /// The byte order mark and `<?xml version="1.0" encoding="UTF-8" standalone="…"?>`, each only if it is there.
    fn declaration(&mut self) -> Result<()> {
        self.scanner.eat("\u{feff}");
        let rest = self.scanner.rest();
        if !rest.strip_prefix("<?xml").is_some_and(|after| after.bytes().next().is_some_and(is_white)) {
            return Ok(());
        }
        self.scanner.eat("<?xml");
        let Some(version) = self.pseudo_attribute("version")? else { return Err(self.scanner.syntax()) };
        if version != "1.0" {
            return Err(self.scanner.fault(ErrorCode::XmlEncoding));
        }
        if self.pseudo_attribute("encoding")?.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("UTF-8")) {
            return Err(self.scanner.fault(ErrorCode::XmlEncoding));
        }
        if self.pseudo_attribute("standalone")?.is_some_and(|answer| !["yes", "no"].contains(&answer)) {
            return Err(self.scanner.syntax());
        }
        self.scanner.skip_white();
        self.scanner.expect("?>")
    }

    /// White space, `name = "value"`, if that comes next.
    fn pseudo_attribute(&mut self, name: &str) -> Result<Option<&'a str>> {
        let rest = self.scanner.rest();
        let body = rest.trim_start_matches([' ', '\t', '\r', '\n']);
        if body.len() == rest.len() || !body.starts_with(name) {
            return Ok(None);
        }
        self.scanner.skip_white();
        self.scanner.eat(name);
        self.equals()?;
        self.scanner.quoted().map(Some)
    }

    fn equals(&mut self) -> Result<()> {
        self.scanner.skip_white();
        self.scanner.expect("=")?;
        self.scanner.skip_white();
        Ok(())
    }

    /// The next piece of markup or text; `false` at the end.
    fn item(&mut self) -> Result<bool> {
        match self.scanner.peek() {
            None => return Ok(false),
            Some(b'<') => {}
            Some(_) => return self.text().map(|()| true),
        }
        let start = self.scanner.at();
        if self.scanner.eat("</") {
            self.end_tag(start)?;
        } else if self.scanner.eat("<?") {
            self.instruction(start)?;
        } else if self.scanner.eat("<!--") {
            self.comment(start)?;
        } else if self.scanner.rest().starts_with(SECTION) {
            self.section()?;
        } else if self.scanner.rest().starts_with("<!") {
            let code = match self.scanner.rest().starts_with("<!DOCTYPE") {
                true => ErrorCode::XmlDoctype,
                false => ErrorCode::XmlSyntax,
            };
            return Err(self.scanner.fault(code));
        } else {
            self.start_tag(start)?;
        }
        Ok(true)
    }

    fn end_tag(&mut self, start: usize) -> Result<()> {
        let name = self.scanner.qualified_name()?;
        let Some(open) = self.open.pop().filter(|open| open.name.of(self.text) == name) else {
            return Err(fault(ErrorCode::XmlSyntax, start));
        };
        self.scanner.skip_white();
        self.scanner.expect(">")?;
        self.close(&open);
        Ok(())
    }

    /// The element ends here.
    fn close(&mut self, open: &Open) {
        let end = self.document.nodes.len();
        if let Some(node) = self.document.nodes.get_mut(open.node) {
            node.span = Span::new(open.start, self.scanner.at());
            node.end = end;
        }
        self.scope.close(open.scope);
    }

    fn instruction(&mut self, start: usize) -> Result<()> {
        let target = self.scanner.name()?;
        if target.eq_ignore_ascii_case("xml") {
            return Err(fault(ErrorCode::XmlSyntax, start));
        }
        if !self.scanner.eat("?>") {
            if !self.scanner.skip_white() {
                return Err(self.scanner.syntax());
            }
            self.scanner.until("?>")?;
        }
        self.add(Kind::Instruction, start).map(|_| ())
    }

    fn comment(&mut self, start: usize) -> Result<()> {
        self.scanner.until("--")?;
        self.scanner.expect(">")?;
        self.add(Kind::Comment, start).map(|_| ())
    }

    fn section(&mut self) -> Result<()> {
        let start = self.scanner.at();
        self.scanner.eat(SECTION);
        if self.open.is_empty() {
            return Err(fault(ErrorCode::XmlSyntax, start));
        }
        self.scanner.until(SECTION_END)?;
        self.add_text(start);
        Ok(())
    }

    fn text(&mut self) -> Result<()> {
        let start = self.scanner.at();
        let rest = self.scanner.rest();
        let written = self.scanner.take(rest.find('<').unwrap_or(rest.len()));
        if self.open.is_empty() {
            return match written.bytes().position(|byte| !is_white(byte)) {
                Some(at) => Err(fault(ErrorCode::XmlSyntax, start.saturating_add(at))),
                None => Ok(()),
            };
        }
        if let Some(at) = written.find(SECTION_END) {
            return Err(fault(ErrorCode::XmlSyntax, start.saturating_add(at)));
        }
        check_references(written, start)?;
        self.add_text(start);
        Ok(())
    }

    /// Character data from `start` to here; goes on with the text before it, if nothing stands between.
    fn add_text(&mut self, start: usize) {
        let end = self.scanner.at();
        if let Some(last) = self.document.nodes.last_mut()
            && matches!(last.kind, Kind::Text)
            && last.span.end() == start
        {
            last.span = Span::new(last.span.start(), end);
            return;
        }
        self.push(Kind::Text, start);
    }

    /// A node that counts.
    fn add(&mut self, kind: Kind, start: usize) -> Result<usize> {
        self.count = self.count.saturating_add(1);
        bounded("xml_elements", self.limits.xml_elements, self.count, start)?;
        Ok(self.push(kind, start))
    }

    /// A node from `start` to here.
    fn push(&mut self, kind: Kind, start: usize) -> usize {
        let index = self.document.nodes.len();
        let parent = self.open.last().map(|open| open.node);
        let span = Span::new(start, self.scanner.at());
        self.document.nodes.push(NodeData { kind, parent, span, end: index.saturating_add(1) });
        index
    }

    fn start_tag(&mut self, start: usize) -> Result<()> {
        if self.open.is_empty() && self.root.is_some() {
            return Err(self.scanner.syntax());
        }
        bounded("xml_depth", self.limits.xml_depth, self.open.len().saturating_add(1), start)?;
        self.scanner.eat("<");
        let scope = self.scope.len();
        let (tag, is_empty): (Tag, bool) = self.tag()?;
        let name = tag.name;
        let node = self.add(Kind::Element(tag), start)?;
        self.root.get_or_insert(node);
        self.note_ids(node)?;
        let open = Open { node, start, name, scope };
        if is_empty {
            self.close(&open);
        } else {
            self.open.push(open);
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Document> {
        let Some(root) = self.root.filter(|_| self.open.is_empty()) else { return Err(self.scanner.syntax()) };
        self.document.root = root;
        self.document.count = self.count;
        self.sort_ids()?;
        Ok(self.document)
    }
}

/// Every `&` begins a reference to a character XML has.
fn check_references(written: &str, offset: usize) -> Result<()> {
    for (at, _) in written.match_indices('&') {
        let rest = written.get(at..).unwrap_or_default();
        reference(rest).map_err(|code| fault(code, offset.saturating_add(at)))?;
    }
    Ok(())
}

fn bounded(name: &'static str, limit: u64, found: usize, offset: usize) -> Result<()> {
    let found = to_u64(found);
    if found > limit { Err(Limit::new(name, limit, found).at(to_u64(offset)).into()) } else { Ok(()) }
}
