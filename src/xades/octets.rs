//! The octets that digests and values are made over.

use super::budget::Budget;
use super::node::bad_reference;
use super::{DS, EXCLUSIVE};
use crate::digest::State;
use crate::error::{Limit, Result};
use crate::limits::Limits;
use crate::source::to_u64;
use crate::xml::{Document, Element, Form, Method, canonical, canonical_document};

/// A canonicalization with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Transform {
    pub(crate) method: Method,
    /// Prefixes that exclusive canonicalization treats as inclusive.
    pub(crate) prefixes: Vec<String>,
}

impl Transform {
    /// What takes place where no canonicalization is named.
    pub(super) const IMPLIED: Transform =
        Transform { method: Method { form: Form::Inclusive10, comments: false }, prefixes: Vec::new() };

    /// What new time-stamps take: what they are over does not depend on what stands around it.
    pub(super) const EXCLUSIVE: Transform =
        Transform { method: Method { form: Form::Exclusive, comments: false }, prefixes: Vec::new() };

    /// The canonicalization that `element` names in its attribute `Algorithm`; `None` for any other algorithm.
    pub(super) fn read(element: Element<'_>) -> Option<Transform> {
        let method = Method::from_uri(element.attribute("Algorithm")?)?;
        let mut prefixes = Vec::new();
        for child in element.children() {
            // Whatever else stands there would have a meaning that is not known here.
            let is_list = method.form == Form::Exclusive && child.is(EXCLUSIVE, "InclusiveNamespaces");
            let list = child.attribute("PrefixList").filter(|_| is_list)?;
            prefixes.extend(list.split_ascii_whitespace().map(str::to_owned));
        }
        Some(Transform { method, prefixes })
    }

    /// The canonicalizations of a reference.
    pub(super) fn read_all(reference: Element<'_>, limits: &Limits) -> Result<Vec<Transform>> {
        let Some(list) = super::node::optional(reference, DS, "Transforms")? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        for child in list.children() {
            let transform = Transform::read(child).filter(|_| child.is(DS, "Transform"));
            found.push(transform.ok_or_else(|| bad_reference(reference))?);
            if to_u64(found.len()) > limits.xades_transforms {
                let limit = Limit::new("xades_transforms", limits.xades_transforms, to_u64(found.len()));
                return Err(limit.at(reference.offset()).into());
            }
        }
        Ok(found)
    }

    fn prefixes(&self) -> Vec<&str> {
        self.prefixes.iter().map(String::as_str).collect()
    }

    /// Shows the canonical form of `element` where it stands to `state`.
    pub(super) fn feed(&self, element: Element<'_>, state: &mut State, budget: &Budget) -> Result<()> {
        budget.canonical_of(element)?;
        canonical(element, self.method, &self.prefixes(), &mut |piece| {
            state.update(piece);
            budget.canonical(to_u64(piece.len()))
        })
    }

    /// Canonical form of a document that is given as bytes.
    pub(crate) fn of_bytes(&self, bytes: &[u8], limits: &Limits, budget: &Budget) -> Result<Vec<u8>> {
        budget.canonical(to_u64(bytes.len()))?;
        let mut out = Vec::new();
        let document = Document::parse(bytes, limits)?;
        budget.canonical_of(document.root())?;
        canonical_document(&document, self.method, &self.prefixes(), &mut |piece| {
            out.extend_from_slice(piece);
            budget.canonical(to_u64(piece.len()))
        })?;
        Ok(out)
    }
}

/// Canonical forms of parts of one file, bounded in their sum: many references may name one large part.
pub(super) struct Octets<'l> {
    pub(super) limits: &'l Limits,
    pub(super) budget: &'l Budget,
    written: u64,
}

impl<'l> Octets<'l> {
    pub(super) fn new(limits: &'l Limits, budget: &'l Budget) -> Self {
        Octets { limits, budget, written: 0 }
    }

    /// The canonical form of `element` where it stands.
    pub(super) fn of(&mut self, element: Element<'_>, transform: &Transform) -> Result<Vec<u8>> {
        self.budget.canonical_of(element)?;
        let mut out = Vec::new();
        canonical(element, transform.method, &transform.prefixes(), &mut |piece| {
            out.extend_from_slice(piece);
            self.count(element, piece)
        })?;
        Ok(out)
    }

    /// What a reference `#Id` to `element` is made over (XML Signature, 4.3.3.2 and 4.3.3.3).
    pub(super) fn referenced(&mut self, element: Element<'_>, transforms: &[Transform]) -> Result<Vec<u8>> {
        let implied = Transform::IMPLIED;
        let (first, others) = transforms.split_first().unwrap_or((&implied, &[]));
        // Such a reference leaves comments out, whatever is done with its result.
        let method = Method { comments: false, ..first.method };
        let mut out = self.of(element, &Transform { method, prefixes: first.prefixes.clone() })?;
        for transform in others {
            out = transform.of_bytes(&out, self.limits, self.budget)?;
        }
        Ok(out)
    }

    fn count(&mut self, element: Element<'_>, octets: &[u8]) -> Result<()> {
        self.written = self.written.saturating_add(to_u64(octets.len()));
        self.budget.canonical(to_u64(octets.len()))?;
        let most = self.limits.xml_bytes.saturating_mul(SIGNED_TIMES);
        if self.written > most {
            return Err(Limit::new("xml_bytes", most, self.written).at(element.offset()).into());
        }
        Ok(())
    }
}

/// How many times the size of the largest file its signed parts may have together.
const SIGNED_TIMES: u64 = 4;
