//! XAdES baseline signatures (EN 319 132-1) in files of their own, as ASiC-E containers hold them.
//!
//! In: a plan, a moment, and names and digests of files. Out: a signatures file with a hole for the value, and the
//! canonical SignedInfo that the key signs. Signature files of any maker are read by one fixed path from the root;
//! what is reported of them is taken from the very elements that are signed.
//!
//! Decided here and nowhere else: what stands in a signature of ours, in which order, and how it is written. It is
//! written once, in its canonical form but for namespace declarations, and never again.

mod algorithm;
mod archive;
mod budget;
mod check;
mod claimed;
mod edit;
mod extend;
mod finalize;
mod node;
mod octets;
mod prepare;
mod properties;
mod read;
mod reference;
mod signature;
mod unsigned;
mod uri;
mod values;
mod vocabulary;

pub(crate) use archive::{Imprints, PartForm};
pub(crate) use budget::Budget;
pub(crate) use check::read_draft;
pub(crate) use extend::Extension;
pub(crate) use finalize::finalize;
pub(crate) use prepare::{DataReference, Draft, Ids, prepare};
pub(crate) use read::SignatureFile;
pub(crate) use reference::Reference;
pub(crate) use signature::Signature;
pub(crate) use unsigned::{TimeStamp, TimeStampKind};

// Namespaces.
const ASIC: &str = "http://uri.etsi.org/02918/v1.2.1#";
const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
const XADES: &str = "http://uri.etsi.org/01903/v1.3.2#";
const XADES141: &str = "http://uri.etsi.org/01903/v1.4.1#";
const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// An older one, and one that was mistyped by its maker.
const ASIC_OTHERS: [&str; 2] = ["http://uri.etsi.org/02918/v1.1.1#", "http://uri.etsi.org/2918/v1.2.1#"];

/// `Type` of the reference to the signed properties.
const SIGNED_PROPERTIES_TYPE: &str = "http://uri.etsi.org/01903#SignedProperties";

#[cfg(test)]
pub(super) mod tests;
