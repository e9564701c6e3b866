//! Signatures files of any maker.

use super::budget::Budget;
use super::node::malformed;
use super::octets::Octets;
use super::signature::Signature;
use super::{ASIC, ASIC_OTHERS, DS};
use crate::error::{Limit, Result};
use crate::limits::Limits;
use crate::source::to_u64;
use crate::xml::{Document, Element};

/// A signatures file: one signature, or several.
#[derive(Debug, Clone)]
pub(crate) struct SignatureFile {
    signatures: Vec<Signature>,
}

impl SignatureFile {
    /// Reads the file, and computes what its signatures are made over.
    ///
    /// Signatures stand directly below the root, or are the root; those anywhere else are not seen.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) with a code `xml.…`, `xades.malformed` or `xades.reference` and
    /// the offset; [`Error::LimitExceeded`](crate::Error::LimitExceeded).
    pub(crate) fn read(bytes: &[u8], limits: &Limits, budget: &Budget) -> Result<SignatureFile> {
        SignatureFile::of(&Document::parse(bytes, limits)?, limits, budget)
    }

    /// The same of a document that is at hand.
    ///
    /// # Errors
    /// As [`SignatureFile::read`].
    pub(super) fn of(document: &Document, limits: &Limits, budget: &Budget) -> Result<SignatureFile> {
        budget.elements(document.count())?;
        let elements = elements(document)?;
        let (limit, found) = (limits.xades_signatures, to_u64(elements.len()));
        if found > limit {
            return Err(Limit::new("xades_signatures", limit, found).into());
        }
        budget.signatures(elements.len())?;
        let mut octets = Octets::new(limits, budget);
        let read = |element: Element<'_>| Signature::read(document, element, &mut octets);
        let mut signatures = elements.into_iter().map(read).collect::<Result<Vec<_>>>()?;
        if document.has_byte_order_mark() {
            let remark = "its file begins with a byte order mark";
            signatures.iter_mut().for_each(|signature| signature.remarks.push(remark.to_owned()));
        }
        Ok(SignatureFile { signatures })
    }

    /// The signatures in the order of the file; there is at least one.
    pub(crate) fn signatures(&self) -> &[Signature] {
        &self.signatures
    }
}

/// The signatures of a file; there is at least one.
pub(super) fn elements(document: &Document) -> Result<Vec<Element<'_>>> {
    let root = document.root();
    let elements: Vec<Element<'_>> = if root.is(DS, "Signature") {
        vec![root]
    } else if is_list(root) && root.has_only_elements() {
        root.children().collect()
    } else {
        return Err(malformed(root));
    };
    if elements.is_empty() { Err(malformed(root)) } else { Ok(elements) }
}

/// Whether the root is one that holds signatures: also under names that other makers gave it.
fn is_list(root: Element<'_>) -> bool {
    let namespace = root.namespace();
    match root.local() {
        "XAdESSignatures" => namespace == ASIC || ASIC_OTHERS.contains(&namespace),
        "document-signatures" => namespace == OPEN_DOCUMENT,
        _ => false,
    }
}

const OPEN_DOCUMENT: &str = "urn:oasis:names:tc:opendocument:xmlns:digitalsignature:1.0";

#[cfg(test)]
mod tests;
