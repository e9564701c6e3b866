//! Unsigned properties for a signature that is there: time-stamps, and what proves certificates.
//!
//! In: a signatures file, tokens, validation data. Out: the file with new elements behind the unsigned properties that
//! were there, or among values that no archive time-stamp covers; every other byte stays. Decided here and nowhere
//! else: which new element goes where, and that nothing signed or stamped changes by it.

use super::archive::{Data, Imprints, Kind, PartForm, Stamped};
use super::budget::Budget;
use super::edit::Edit;
use super::octets::Transform;
use super::read::{SignatureFile, elements};
use super::signature::{Parts, Signature};
use super::unsigned::{self, TimeStampKind};
use super::values::{Bare, Values, held};
use super::vocabulary::Vocabulary;
use super::{XADES, XADES141};
use crate::answers::ValidationData;
use crate::answers::timestamp::Token;
use crate::digest::{Digest, DigestAlgorithm, State, to_hex};
use crate::error::{Error, ErrorCode, Misuse, Refusal, Result};
use crate::limits::Limits;
use crate::time::derive;
use crate::xml::{Document, Element, Method};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A signatures file on its way up: bytes, to which unsigned properties are added.
pub(crate) struct Extension {
    document: Document,
    file: SignatureFile,
    limits: Limits,
}

impl Extension {
    /// Reads a signatures file of any maker.
    ///
    /// # Errors
    /// As [`SignatureFile::read`].
    pub(crate) fn open(bytes: &[u8], limits: &Limits, budget: &Budget) -> Result<Self> {
        let document = Document::parse(bytes, limits)?;
        let file = SignatureFile::of(&document, limits, budget)?;
        Ok(Extension { document, file, limits: limits.clone() })
    }

    /// The signatures, as they are now.
    pub(crate) fn signatures(&self) -> &[Signature] {
        self.file.signatures()
    }

    /// What the unsigned properties of a signature hold; bare OCSP responses are completed.
    pub(crate) fn held(&self, index: usize) -> Result<ValidationData> {
        let list = unsigned::list(self.parts(index)?.qualifying)?;
        Ok(list.map(|list| held(list, Bare::Completed, &self.limits)).unwrap_or_default())
    }

    /// What a new signature time-stamp is over: the SignatureValue element.
    ///
    /// # Errors
    /// [`Error::Misuse`] for a signature that is not there.
    pub(crate) fn stamp_imprint(&self, index: usize, algorithm: DigestAlgorithm) -> Result<Digest> {
        let mut state = State::new(algorithm);
        let budget = Budget::new(&self.limits);
        self.transform(index)?.feed(self.parts(index)?.value, &mut state, &budget)?;
        Ok(state.finish())
    }

    /// Adds a SignatureTimeStamp.
    ///
    /// # Errors
    /// `signature.broken` when the signature covers the place where it would stand; a limit of the file.
    pub(crate) fn put_stamp(&mut self, index: usize, token: &Token, nonce: &[u8; 32]) -> Result<()> {
        self.put_token(index, "SignatureTimeStamp", token, nonce)
    }

    /// Adds what is not there yet: `signer` to CertificateValues and RevocationValues, or, where an archive time-stamp
    /// covers them, behind it; the data of time-stamps, by their numbers, to a TimeStampValidationData.
    ///
    /// # Errors
    /// As [`Extension::put_stamp`].
    pub(crate) fn put_data(
        &mut self,
        index: usize,
        signer: &ValidationData,
        stamps: &[(usize, ValidationData)],
    ) -> Result<()> {
        let signature = self.signature(index)?;
        let parts = self.parts(index)?;
        let list = unsigned::list(parts.qualifying)?;
        let words = Vocabulary::within(innermost(parts.qualifying)?);
        let mut known = list.map(|list| held(list, Bare::LeftOut, &self.limits)).unwrap_or_default();
        signature.certificates.iter().for_each(|one| known.add_certificate(one));
        for stamp in &signature.time_stamps {
            if let Ok(token) = Token::read(&stamp.token, &self.limits) {
                token.certificates().iter().for_each(|one| known.add_certificate(one));
            }
        }

        let new = signer.without(&known);
        known.add_all(&new);
        let (mut edits, mut content, mut others) = (Vec::new(), String::new(), ValidationData::default());
        if list.is_some_and(are_values_covered) {
            others.add_all(&new);
        } else {
            self.values(list, &new, &words, (&mut edits, &mut content))?;
        }
        let mut first = None;
        for (number, data) in stamps {
            let stamp =
                signature.time_stamps.get(*number).ok_or_else(|| Misuse::new("no time-stamp of that number"))?;
            let new = data.without(&known);
            known.add_all(&new);
            if !new.is_empty() {
                first = first.or(stamp.id.as_deref());
                others.add_all(&new);
            }
        }
        if list.is_some_and(comes_too_late) {
            others = ValidationData::default();
        }
        // One container at most between two archive time-stamps: some readers see only the first.
        match list.and_then(open_container) {
            _ if others.is_empty() => {}
            Some(container) => {
                let words = Vocabulary::within(container);
                edits.extend(Values::of(&others, &words)?.merge_container(&self.document, container, &words));
            }
            None => content.push_str(&Values::of(&others, &words)?.container(&words, first)),
        }
        if !content.is_empty() {
            edits.push(self.append(&parts, &content)?);
        }
        if edits.is_empty() { Ok(()) } else { self.apply(edits) }
    }

    /// What a new archive time-stamp is over.
    ///
    /// # Errors
    /// What `data` returns.
    pub(crate) fn archive_imprint(
        &self,
        index: usize,
        algorithm: DigestAlgorithm,
        known: &mut Imprints,
        budget: &Budget,
        data: &mut Data<'_>,
    ) -> Result<Digest> {
        let kind = Kind { transform: self.transform(index)?, form: PartForm::Referenced, algorithm };
        self.stamped(index, budget)?.imprint(None, kind, known, data)
    }

    /// What the archive time-stamp with this number among the time-stamps is over; `None` where that can't be computed.
    ///
    /// # Errors
    /// What `data` returns.
    pub(crate) fn archive_imprint_of(
        &self,
        (index, stamp): (usize, usize),
        form: PartForm,
        algorithm: DigestAlgorithm,
        known: &mut Imprints,
        budget: &Budget,
        data: &mut Data<'_>,
    ) -> Result<Option<Digest>> {
        if self.signature(index)?.obstacle.is_some() {
            return Ok(None);
        }
        let list = unsigned::list(self.parts(index)?.qualifying)?;
        let Some((_, element)) = list.and_then(|list| unsigned::stamps(list).nth(stamp)) else { return Ok(None) };
        let Some(transform) = unsigned::transform(element)? else { return Ok(None) };
        let kind = Kind { transform, form, algorithm };
        self.stamped(index, budget)?.imprint(Some(element), kind, known, data).map(Some)
    }

    /// Adds an ArchiveTimeStamp.
    ///
    /// # Errors
    /// As [`Extension::put_stamp`].
    pub(crate) fn put_archive(&mut self, index: usize, token: &Token, nonce: &[u8; 32]) -> Result<()> {
        self.put_token(index, "ArchiveTimeStamp", token, nonce)
    }

    /// The file as it is now.
    pub(crate) fn bytes(&self) -> &[u8] {
        self.document.bytes()
    }

    fn stamped<'a>(&'a self, index: usize, budget: &'a Budget) -> Result<Stamped<'a>> {
        let (parts, references) = (self.parts(index)?, &self.signature(index)?.references);
        Ok(Stamped { document: &self.document, parts, references, limits: &self.limits, budget })
    }

    /// The canonicalization of new time-stamps: that of the signed properties, so that those who feed them into an
    /// archive time-stamp by the one or by the other get the same octets.
    fn transform(&self, index: usize) -> Result<Transform> {
        let references = self.signature(index)?.references.iter().filter(|reference| reference.name.is_none());
        let mut own = references.filter_map(|reference| match reference.transforms.as_slice() {
            [only] if only.prefixes.is_empty() => Some(only.method),
            _ => None,
        });
        let method = own.next().unwrap_or(Transform::EXCLUSIVE.method);
        Ok(Transform { method: Method { comments: false, ..method }, prefixes: Vec::new() })
    }

    fn put_token(&mut self, index: usize, name: &str, token: &Token, nonce: &[u8; 32]) -> Result<()> {
        let parts = self.parts(index)?;
        let words = Vocabulary::within(innermost(parts.qualifying)?);
        let id = format!(r#" Id="{}""#, self.free_id(name, nonce)?);
        let method = words.algorithm("CanonicalizationMethod", self.transform(index)?.method.uri());
        let content = method + &words.xades("EncapsulatedTimeStamp", &STANDARD.encode(token.as_bytes()));
        let element = match name {
            "SignatureTimeStamp" => words.top(name, &id, &content),
            _ => words.newer(name, &id, &content),
        };
        self.apply(vec![self.append(&parts, &element)?])
    }

    /// The changes for values of the signer, which nothing covers yet, and what of them goes behind all that is there.
    fn values(
        &self,
        list: Option<Element<'_>>,
        new: &ValidationData,
        words: &Vocabulary<'_>,
        (edits, content): (&mut Vec<Edit>, &mut String),
    ) -> Result<()> {
        let values = Values::of(new, words)?;
        match list.and_then(|list| list.child(XADES, "CertificateValues")) {
            _ if !values.has_certificates() => {}
            Some(there) => {
                let own = Values::of(new, &Vocabulary::within(there))?;
                edits.push(own.merge_certificates(&self.document, there));
            }
            None => content.push_str(&values.certificate_values(words)),
        }
        match list.and_then(|list| list.child(XADES, "RevocationValues")) {
            _ if !values.has_revocation() => {}
            Some(there) => {
                let words = Vocabulary::within(there);
                edits.extend(Values::of(new, &words)?.merge_revocation(&self.document, there, &words));
            }
            None => content.push_str(&values.revocation_values(words)),
        }
        Ok(())
    }

    /// Puts elements behind the unsigned properties of a signature.
    fn append(&self, parts: &Parts<'_>, content: &str) -> Result<Edit> {
        let qualifying = parts.qualifying;
        if let Some(list) = unsigned::list(qualifying)? {
            return Ok(Edit::at_end_of(&self.document, list, content));
        }
        let properties = super::node::optional(qualifying, XADES, "UnsignedProperties")?;
        let words = Vocabulary::within(innermost(qualifying)?);
        let list = words.top("UnsignedSignatureProperties", "", content);
        Ok(match properties {
            // Properties of data objects stand behind those of the signature.
            Some(properties) => match properties.children().next() {
                Some(first) => Edit::before(first, &list),
                None => Edit::at_end_of(&self.document, properties, &list),
            },
            None => Edit::at_end_of(&self.document, qualifying, &words.top("UnsignedProperties", "", &list)),
        })
    }

    fn apply(&mut self, edits: Vec<Edit>) -> Result<()> {
        let bytes = Edit::apply(&self.document, edits);
        let next = Extension::open(&bytes, &self.limits, &Budget::new(&self.limits))?;
        let (before, after) = (self.signatures(), next.signatures());
        let is_kept = before.len() == after.len() && before.iter().zip(after).all(|(old, new)| new.still_is(old));
        if !is_kept {
            let detail = "it covers the place where its proof would stand";
            return Err(Refusal::new(ErrorCode::SignatureBroken).detail(detail).into());
        }
        *self = next;
        Ok(())
    }

    /// An Id that the file does not have.
    fn free_id(&self, name: &str, nonce: &[u8; 32]) -> Result<String> {
        (0..=u8::MAX)
            .map(|n| derive(&[b"eseal-xades-stamp", nonce, name.as_bytes(), &[n]]))
            .map(|id| format!("T-{}", to_hex(id.get(..16).unwrap_or_default())))
            .find(|id| self.document.by_id(id).is_none())
            .ok_or(Error::Bug("every Id is taken"))
    }

    fn signature(&self, index: usize) -> Result<&Signature> {
        Ok(self.signatures().get(index).ok_or_else(no_such_signature)?)
    }

    fn parts(&self, index: usize) -> Result<Parts<'_>> {
        Parts::read(*elements(&self.document)?.get(index).ok_or_else(no_such_signature)?)
    }
}

/// What is there of the elements around unsigned properties.
fn innermost(qualifying: Element<'_>) -> Result<Element<'_>> {
    let properties = || super::node::optional(qualifying, XADES, "UnsignedProperties");
    let found = unsigned::list(qualifying)?.map_or_else(properties, |list| Ok(Some(list)))?;
    Ok(found.unwrap_or(qualifying))
}

/// The last archive time-stamp.
fn last_archive(list: Element<'_>) -> Option<Element<'_>> {
    unsigned::stamps(list).filter(|(kind, _)| *kind == TimeStampKind::Archive).map(|(_, stamp)| stamp).last()
}

/// Whether an archive time-stamp covers CertificateValues or RevocationValues.
fn are_values_covered(list: Element<'_>) -> bool {
    let Some(last) = last_archive(list) else { return false };
    let values = ["CertificateValues", "RevocationValues"].into_iter().filter_map(|name| list.child(XADES, name));
    values.into_iter().any(|values| values.offset() < last.offset())
}

/// A TimeStampValidationData that no archive time-stamp covers.
fn open_container(list: Element<'_>) -> Option<Element<'_>> {
    let last = last_archive(list).map(|stamp| stamp.offset());
    let mut containers = list.children_named(XADES141, "TimeStampValidationData");
    containers.find(|container| last.is_none_or(|last| container.offset() > last))
}

/// Whether an archive time-stamp stands before every TimeStampValidationData. libdigidocpp puts the first one of a
/// signature into what the first archive time-stamp is over, wherever it stands: one that comes now would break that
/// time-stamp there, so it is left out.
fn comes_too_late(list: Element<'_>) -> bool {
    let first = |name| list.children_named(XADES141, name).map(|child| child.offset()).min();
    let (archive, container) = (first("ArchiveTimeStamp"), first("TimeStampValidationData"));
    archive.is_some_and(|archive| container.is_none_or(|container| container > archive))
}

fn no_such_signature() -> Misuse {
    Misuse::new("no signature of that number")
}

#[cfg(test)]
mod tests;
