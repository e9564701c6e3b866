//! References: what a signature is made over.

use std::collections::BTreeSet;

use super::node::{bad_reference, digest, malformed};
use super::octets::{Octets, Transform};
use super::uri::decode_uri;
use super::{DS, SIGNED_PROPERTIES_TYPE};
use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{Limit, Result};
use crate::source::to_u64;
use crate::xml::{Document, Element};
use crate::zip::CodePage;

/// One reference of a signature.
#[derive(Debug, Clone)]
pub(crate) struct Reference {
    pub(crate) id: Option<String>,
    /// As it is written.
    pub(crate) uri: String,
    /// The name of the data file; `None` for a part of the signatures file.
    pub(crate) name: Option<String>,
    /// The bytes of a name that is no UTF-8: it means the file whose name has the same bytes, and no other.
    pub(crate) old_name: Option<Vec<u8>>,
    /// `None` for a digest that is not known.
    pub(crate) algorithm: Option<DigestAlgorithm>,
    pub(crate) digest: Vec<u8>,
    /// What the signer says the file is.
    pub(crate) media_type: Option<String>,
    /// Canonicalizations between the file and its digest; nearly always none.
    pub(crate) transforms: Vec<Transform>,
    /// Whether the part of the signatures file has this digest; `None` for a file, or where it could not be tried.
    pub(crate) part_matches: Option<bool>,
}

impl Reference {
    /// The signed digest, where it is of a known kind and has the right length.
    pub(crate) fn expected(&self) -> Option<Digest> {
        Digest::new(self.algorithm?, &self.digest).ok()
    }

    /// What the entry may be called, the likeliest first: some makers write names without encoding them, or
    /// write `+` for a blank. Empty for a part of the signatures file, and for a name that is no UTF-8.
    pub(crate) fn names(&self) -> Vec<String> {
        let Some(name) = self.name.as_ref().filter(|_| self.old_name.is_none()) else { return Vec::new() };
        let with_blanks = decode_uri(&self.uri.replace('+', " ")).and_then(|bytes| String::from_utf8(bytes).ok());
        let others = std::iter::once(self.uri.clone()).chain(with_blanks);
        let mut names = vec![name.clone()];
        for other in others.map(|other| relative(&other).to_owned()) {
            if !names.contains(&other) {
                names.push(other);
            }
        }
        names
    }
}

/// The signature that references belong to, and where they may lead.
pub(super) struct Scope<'a> {
    pub(super) document: &'a Document,
    /// The signature itself.
    pub(super) signature: Element<'a>,
    pub(super) signed_properties: Element<'a>,
}

impl<'a> Scope<'a> {
    /// Whether `target` is, or lies in, the KeyInfo or an Object of the signature.
    fn has(&self, target: Element<'a>) -> bool {
        let mut path = std::iter::successors(Some(target), Element::parent);
        let part = path.find(|element| element.parent() == Some(self.signature));
        part.is_some_and(|part| part.is(DS, "KeyInfo") || part.is(DS, "Object"))
    }
}

/// Reads the references: exactly one to the signed properties, each file once.
pub(super) fn read<'a>(
    elements: &[Element<'a>],
    scope: &Scope<'a>,
    octets: &mut Octets<'_>,
    remarks: &mut Vec<String>,
) -> Result<Vec<Reference>> {
    let (limit, found) = (octets.limits.xades_references, to_u64(elements.len()));
    if found > limit {
        return Err(Limit::new("xades_references", limit, found).into());
    }
    octets.budget.references(elements.len())?;
    let mut references = Vec::new();
    let mut names = BTreeSet::new();
    let mut covers_properties = false;
    for &element in elements {
        let reference = match element.attribute("URI") {
            Some(uri) if uri.starts_with('#') => {
                let (reference, is_properties) = part(element, uri, scope, octets)?;
                if is_properties && covers_properties {
                    return Err(bad_reference(element));
                }
                covers_properties |= is_properties;
                reference
            }
            Some(uri) => file(element, uri, octets)?,
            None => return Err(bad_reference(element)),
        };
        if reference.name.as_ref().is_some_and(|name| !names.insert(name.clone())) {
            return Err(bad_reference(element));
        }
        note(&reference, remarks);
        references.push(reference);
    }
    if covers_properties { Ok(references) } else { Err(malformed(scope.signed_properties)) }
}

/// A reference to a part of the same file, which must be one of the same signature.
fn part<'a>(element: Element<'a>, uri: &str, scope: &Scope<'a>, octets: &mut Octets<'_>) -> Result<(Reference, bool)> {
    let id = uri.trim_start_matches('#');
    let target = scope.document.by_id(id).ok_or_else(|| bad_reference(element))?;
    let is_properties = target == scope.signed_properties;
    // Type and target agree, so that nobody takes another element for the signed properties.
    if is_properties != (element.attribute("Type") == Some(SIGNED_PROPERTIES_TYPE)) || !scope.has(target) {
        return Err(bad_reference(element));
    }
    let mut reference = common(element, uri, octets)?;
    if let Some(algorithm) = reference.algorithm {
        let bytes = octets.referenced(target, &reference.transforms)?;
        reference.part_matches = Some(algorithm.digest(&bytes).as_bytes() == reference.digest);
    }
    Ok((reference, is_properties))
}

fn file(element: Element<'_>, uri: &str, octets: &Octets<'_>) -> Result<Reference> {
    let bytes = decode_uri(uri).filter(|_| !has_scheme(uri) && !uri.contains('#'));
    let bytes = bytes.ok_or_else(|| bad_reference(element))?;
    let (name, old_name) = match String::from_utf8(bytes) {
        Ok(name) => (relative(&name).to_owned(), None),
        Err(bytes) => {
            let bytes = relative_bytes(bytes.as_bytes());
            (CodePage::Cp437.decode(bytes), Some(bytes.to_vec()))
        }
    };
    let name = Some(name).filter(|name| may_be_signed(name)).ok_or_else(|| bad_reference(element))?;
    if element.attribute("Type").is_some_and(|kind| kind.ends_with("#SignedProperties")) {
        return Err(bad_reference(element));
    }
    Ok(Reference { name: Some(name), old_name, ..common(element, uri, octets)? })
}

fn common(element: Element<'_>, uri: &str, octets: &Octets<'_>) -> Result<Reference> {
    let (algorithm, digest) = digest(element)?;
    Ok(Reference {
        id: element.attribute("Id").map(str::to_owned),
        uri: uri.to_owned(),
        name: None,
        old_name: None,
        algorithm,
        digest,
        media_type: None,
        transforms: Transform::read_all(element, octets.limits)?,
        part_matches: None,
    })
}

fn note(reference: &Reference, remarks: &mut Vec<String>) {
    let mut note = |odd: bool, remark: &str| {
        if odd {
            remarks.push(remark.replace("{}", &reference.uri));
        }
    };
    note(reference.algorithm.is_none(), "the digest algorithm of reference {} is not known");
    let is_sha1 = reference.algorithm == Some(DigestAlgorithm::Sha1ForLegacyValidation);
    note(is_sha1, "reference {} is signed by SHA-1, which is broken");
    note(
        reference.algorithm.is_some() && reference.expected().is_none(),
        "the digest of reference {} has a wrong length",
    );
    let Some(name) = &reference.name else { return };
    note(!reference.transforms.is_empty(), "reference {} signs a canonical form of the file, not its bytes");
    let decoded = decode_uri(&reference.uri);
    let plain = reference.old_name.as_deref().unwrap_or(name.as_bytes());
    note(reference.old_name.is_some(), "the name in reference {} is no UTF-8");
    note(decoded.is_some_and(|decoded| decoded != plain), "reference {} is not relative to the container");
}

/// Without what stands before names that are not plainly relative.
fn relative(name: &str) -> &str {
    let name = name.strip_prefix("./").unwrap_or(name);
    name.strip_prefix('/').unwrap_or(name)
}

fn relative_bytes(name: &[u8]) -> &[u8] {
    let name = name.strip_prefix(b"./").unwrap_or(name);
    name.strip_prefix(b"/").unwrap_or(name)
}

/// Whether an absolute URI is meant (RFC 3986, 3.1).
fn has_scheme(uri: &str) -> bool {
    let Some((scheme, _)) = uri.split_once(':') else { return false };
    scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || b"+-.".contains(&b))
}

/// Whether a data file may have this name: inside the container, and none of its own entries.
fn may_be_signed(name: &str) -> bool {
    let mut parts = name.split('/');
    let inside = parts.all(|part| !matches!(part, "" | "." | "..")) && !name.contains(['\0', '\\']);
    inside && name != "mimetype" && !name.to_ascii_lowercase().starts_with("meta-inf/")
}
