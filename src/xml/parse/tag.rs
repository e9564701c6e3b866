//! Start tags: names, attributes, and the namespaces they declare and use.

use std::borrow::Cow;

use super::{Builder, bounded, check_references};
use crate::error::{ErrorCode, Result};
use crate::xml::chars::is_name;
use crate::xml::scan::fault;
use crate::xml::span::Span;
use crate::xml::tree::{Attribute, Binding, Declaration, IdData, Tag, Value, local, prefix};
use crate::xml::value::{Place, value};
use crate::xml::{XML_NAMESPACE, XMLNS_NAMESPACE};

impl<'a> Builder<'a> {
    /// What follows the `<` of a start tag, to its end; whether the element ends with it.
    pub(super) fn tag(&mut self) -> Result<(Tag, bool)> {
        let name = self.spanned_name()?;
        let attributes = self.document.attributes.len();
        let declarations = self.document.declarations.len();
        let is_empty = loop {
            let has_blank = self.scanner.skip_white();
            if self.scanner.eat(">") {
                break false;
            }
            if self.scanner.eat("/>") {
                break true;
            }
            if !has_blank {
                return Err(self.scanner.syntax());
            }
            self.attribute(attributes, declarations)?;
        };
        self.declare(declarations)?;
        let namespace = self.binding(name)?;
        self.resolve(attributes)?;
        let tag = Tag {
            name,
            namespace,
            attributes: Span::new(attributes, self.document.attributes.len()),
            declarations: Span::new(declarations, self.document.declarations.len()),
        };
        Ok((tag, is_empty))
    }

    fn spanned_name(&mut self) -> Result<Span> {
        let start = self.scanner.at();
        self.scanner.qualified_name()?;
        Ok(Span::new(start, self.scanner.at()))
    }

    /// An attribute or declaration of the element whose others begin at these places of the lists.
    fn attribute(&mut self, attributes: usize, declarations: usize) -> Result<()> {
        let name = self.spanned_name()?;
        self.equals()?;
        let start = self.scanner.at().saturating_add(1);
        let written = self.scanner.quoted()?;
        if let Some(at) = written.find('<') {
            return Err(fault(ErrorCode::XmlSyntax, start.saturating_add(at)));
        }
        check_references(written, start)?;
        let meaning = value(written, Place::Attribute);
        let value = match meaning {
            Cow::Borrowed(_) => Value::Written(Span::new(start, start.saturating_add(written.len()))),
            Cow::Owned(own) => Value::Other(own.into_boxed_str()),
        };
        let declared = match name.of(self.text) {
            "xmlns" => Some(Span::new(name.end(), name.end())),
            text if prefix(text) == "xmlns" => Some(Span::new(name.start().saturating_add(6), name.end())),
            _ => None,
        };
        match declared {
            Some(prefix) => {
                self.document.declarations.push(Declaration { prefix, uri: value });
                let count = self.document.declarations.len().saturating_sub(declarations);
                bounded("xml_namespaces", self.limits.xml_namespaces, count, name.start())
            }
            None => {
                self.document.attributes.push(Attribute { name, namespace: Binding::None, value });
                let count = self.document.attributes.len().saturating_sub(attributes);
                bounded("xml_attributes", self.limits.xml_attributes, count, name.start())
            }
        }
    }

    /// Checks and orders the declarations of the element and binds their prefixes.
    fn declare(&mut self, from: usize) -> Result<()> {
        let text = self.text;
        let own = self.document.declarations.get_mut(from..).unwrap_or_default();
        own.sort_by_key(|one| (one.prefix.of(text), one.prefix.start()));
        for pair in own.windows(2) {
            if let [first, second] = pair
                && first.prefix.of(text) == second.prefix.of(text)
            {
                return Err(fault(ErrorCode::XmlDuplicateAttribute, second.prefix.start()));
            }
        }
        for (at, one) in own.iter().enumerate() {
            let (prefix, uri) = (one.prefix.of(text), one.uri.of(text));
            if !may_declare(prefix, uri) {
                return Err(fault(ErrorCode::XmlNamespace, one.prefix.start()));
            }
            if prefix != "xml" {
                self.scope.bind(prefix, from.saturating_add(at));
            }
        }
        bounded("xml_namespaces_in_scope", self.limits.xml_namespaces_in_scope, self.scope.len(), self.scanner.at())
    }

    /// What binds the prefix of `name`, or stands for names without one.
    fn binding(&self, name: Span) -> Result<Binding> {
        match prefix(name.of(self.text)) {
            "" => Ok(self.scope.get("").map_or(Binding::None, Binding::Declared)),
            "xml" => Ok(Binding::Xml),
            declared => match self.scope.get(declared) {
                Some(at) => Ok(Binding::Declared(at)),
                None => Err(fault(ErrorCode::XmlNamespace, name.start())),
            },
        }
    }

    /// Finds the namespaces of the element's attributes and puts them in canonical order.
    fn resolve(&mut self, from: usize) -> Result<()> {
        let mut own = self.document.attributes.split_off(from);
        for attribute in &mut own {
            // The default namespace is not for attributes.
            if !prefix(attribute.name.of(self.text)).is_empty() {
                attribute.namespace = self.binding(attribute.name)?;
            }
        }
        let document = &self.document;
        own.sort_by(|a, b| document.key(a).cmp(&document.key(b)).then(a.name.start().cmp(&b.name.start())));
        for pair in own.windows(2) {
            if let [first, second] = pair
                && document.key(first) == document.key(second)
            {
                return Err(fault(ErrorCode::XmlDuplicateAttribute, second.name.start()));
            }
        }
        self.document.attributes.append(&mut own);
        Ok(())
    }

    /// Remembers the attributes that give the element just added an Id.
    pub(super) fn note_ids(&mut self, node: usize) -> Result<()> {
        let Some(super::Kind::Element(tag)) = self.document.nodes.get(node).map(|data| &data.kind) else {
            return Ok(());
        };
        for attribute in tag.attributes.range() {
            let Some(one) = self.document.attributes.get(attribute) else { break };
            let name = one.name.of(self.text);
            let is_id = match one.namespace {
                Binding::None => matches!(name, "Id" | "ID" | "id"),
                Binding::Xml => local(name) == "id",
                Binding::Declared(_) => false,
            };
            // Some readers take blanks out of an `xml:id`, others don't: without any they agree.
            if is_id && one.namespace == Binding::Xml && !is_name(one.value.of(self.text)) {
                return Err(fault(ErrorCode::XmlSyntax, one.name.start()));
            }
            if is_id {
                self.document.ids.push(IdData { attribute, node });
            }
        }
        Ok(())
    }

    /// Orders the Ids by their values; each may be there once.
    pub(super) fn sort_ids(&mut self) -> Result<()> {
        let mut ids = std::mem::take(&mut self.document.ids);
        ids.sort_by(|a, b| {
            let by_value = self.document.id_value(a).cmp(self.document.id_value(b));
            by_value.then(a.attribute.cmp(&b.attribute))
        });
        for pair in ids.windows(2) {
            if let [first, second] = pair
                && self.document.id_value(first) == self.document.id_value(second)
            {
                let place = self.document.attributes.get(second.attribute).map_or(0, |one| one.name.start());
                return Err(fault(ErrorCode::XmlDuplicateId, place));
            }
        }
        self.document.ids = ids;
        Ok(())
    }
}

/// Whether namespaces allow the declaration: reserved names mean what they mean, and Canonical XML knows no
/// relative namespaces.
fn may_declare(prefix: &str, uri: &str) -> bool {
    match prefix {
        "xml" => uri == XML_NAMESPACE,
        "xmlns" => false,
        "" if uri.is_empty() => true,
        _ => uri != XML_NAMESPACE && uri != XMLNS_NAMESPACE && has_scheme(uri),
    }
}

fn has_scheme(uri: &str) -> bool {
    uri.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    })
}
