//! One signature, read by a fixed path: nothing is looked for in the rest of the file.

use super::algorithm::signature_from_uri;
use super::claimed::Claimed;
use super::node::{attribute, base64, malformed, required};
use super::octets::{Octets, Transform};
use super::reference::{self, Reference};
use super::unsigned::{TimeStamp, Unsigned};
use super::{DS, XADES};
use crate::digest::DigestAlgorithm;
use crate::error::{Limit, Result};
use crate::pki::{Certificate, ecdsa_der_from_fixed};
use crate::signature::{Curve, SignatureAlgorithm};
use crate::source::to_u64;
use crate::time::Time;
use crate::xml::{Document, Element};

/// A signature that somebody made.
#[derive(Debug, Clone)]
pub(crate) struct Signature {
    pub(crate) id: Option<String>,
    /// In the order of SignedInfo: files, and parts of the signatures file.
    pub(crate) references: Vec<Reference>,
    /// The certificate of KeyInfo that the signed properties name.
    pub(crate) signer: Option<Certificate>,
    /// All certificates of KeyInfo.
    pub(crate) certificates: Vec<Certificate>,
    /// The time that the signer claims.
    pub(crate) signing_time: Option<Time>,
    /// The roles that the signer claims.
    pub(crate) roles: Vec<String>,
    /// Where it was made, in the words of the signer: city, street, state, postal code, country.
    pub(crate) place: Vec<String>,
    pub(crate) commitments: Vec<String>,
    pub(crate) policy: Option<String>,
    /// The baseline level that its form claims.
    pub(crate) level_claimed: &'static str,
    pub(crate) time_stamps: Vec<TimeStamp>,
    /// Why what its time-stamps are over can't be computed here.
    pub(crate) obstacle: Option<&'static str>,
    /// `None` where it is not known, does not fit the signer's key, or there is no signer.
    pub(crate) algorithm: Option<SignatureAlgorithm>,
    /// The algorithm's URI as it is written.
    pub(crate) method: String,
    /// What is odd, though it may verify.
    pub(crate) remarks: Vec<String>,
    /// Canonical; `None` where the canonicalization is not known.
    signed_info: Option<Vec<u8>>,
    value: Vec<u8>,
}

impl Signature {
    pub(super) fn read(document: &Document, element: Element<'_>, octets: &mut Octets<'_>) -> Result<Signature> {
        let parts = Parts::read(element)?;
        let mut remarks = Vec::new();
        let info = Info::read(parts.signed_info)?;
        let transform = Transform::read(info.canonicalization);
        let signed_info = transform.map(|transform| octets.of(parts.signed_info, &transform)).transpose()?;
        let scope = reference::Scope { document, signature: element, signed_properties: parts.signed_properties };
        let mut references = reference::read(&info.references, &scope, octets, &mut remarks)?;
        let claimed = Claimed::read(parts.signed_properties, &mut remarks)?;
        give_media_types(&mut references, &claimed, &mut remarks);
        let unsigned = Unsigned::read(parts.qualifying, parts.value, octets, &mut remarks)?;
        let certificates = certificates(parts.key_info, octets, &mut remarks)?;
        let signer = signer(&certificates, &claimed, &mut remarks);
        let algorithm = signer.as_ref().and_then(|signer| signature_from_uri(info.method, signer.key()));
        let mut signature = Signature {
            id: element.attribute("Id").map(str::to_owned),
            references,
            signer,
            certificates,
            signing_time: claimed.signing_time,
            roles: claimed.roles,
            place: claimed.place,
            commitments: claimed.commitments,
            policy: claimed.policy,
            level_claimed: unsigned.level(),
            time_stamps: unsigned.time_stamps,
            obstacle: unsigned.obstacle,
            algorithm,
            method: info.method.to_owned(),
            remarks,
            signed_info,
            value: base64(parts.value)?,
        };
        signature.note_oddities();
        Ok(signature)
    }

    /// The files that are signed.
    pub(crate) fn files(&self) -> impl Iterator<Item = &Reference> {
        self.references.iter().filter(|reference| reference.name.is_some())
    }

    /// Whether the value verifies over SignedInfo; `None` without the signer's certificate, or where the algorithm
    /// or the canonicalization is not known.
    pub(crate) fn value_verifies(&self) -> Option<bool> {
        let (key, algorithm) = (self.signer.as_ref()?.key(), self.algorithm?);
        let message = self.signed_info.as_deref()?;
        let Some(value) = self.cms_value(algorithm) else { return Some(false) };
        Some(key.verify(algorithm, message, &value) || key.verify_without_null(algorithm, message, &value))
    }

    /// Whether the signed properties, and what else of the file is signed, have the signed digests; `None` where
    /// one of the digests is not known and the others match.
    pub(crate) fn properties_match(&self) -> Option<bool> {
        let parts = || self.references.iter().filter(|reference| reference.name.is_none());
        if parts().any(|part| part.part_matches == Some(false)) {
            return Some(false);
        }
        parts().all(|part| part.part_matches.is_some()).then_some(true)
    }

    /// Whether all that is signed or stamped is what it was in `old`; more time-stamps may have come.
    pub(super) fn still_is(&self, old: &Signature) -> bool {
        let parts = |signature: &Signature| -> Vec<Option<bool>> {
            signature.references.iter().map(|reference| reference.part_matches).collect()
        };
        let stamps = self.time_stamps.get(..old.time_stamps.len());
        self.id == old.id
            && (&self.signed_info, &self.value) == (&old.signed_info, &old.value)
            && self.certificates == old.certificates
            && parts(self) == parts(old)
            && stamps.is_some_and(|stamps| {
                let same = |(new, old): (&TimeStamp, &TimeStamp)| new.token == old.token && new.covered == old.covered;
                stamps.iter().zip(&old.time_stamps).all(same)
            })
    }

    /// SignedInfo in its canonical form.
    pub(super) fn signed_info(&self) -> Option<&[u8]> {
        self.signed_info.as_deref()
    }

    pub(super) fn value(&self) -> &[u8] {
        &self.value
    }

    /// The value as CMS has it; `None` where it is not what its algorithm makes.
    fn cms_value(&self, algorithm: SignatureAlgorithm) -> Option<Vec<u8>> {
        match algorithm {
            SignatureAlgorithm::Ecdsa(curve, _) => ecdsa_der_from_fixed(&full_width(&self.value, curve)?, curve),
            _ => Some(self.value.clone()),
        }
    }

    fn note_oddities(&mut self) {
        let mut note = |odd: bool, remark: &str| {
            if odd {
                self.remarks.push(remark.to_owned());
            }
        };
        note(self.signed_info.is_none(), "the canonicalization of SignedInfo is not known");
        note(
            self.algorithm.is_none() && self.signer.is_some(),
            "the signature algorithm is not known, or not the key's",
        );
        if let Some(SignatureAlgorithm::Ecdsa(curve, _)) = self.algorithm {
            note(self.value.len() != 2 * curve.order_bytes(), "the value is not as wide as the curve's order");
        }
        let digest = self.algorithm.map(SignatureAlgorithm::digest);
        note(digest == Some(DigestAlgorithm::Sha1ForLegacyValidation), "it is signed by SHA-1, which is broken");
    }
}

/// The elements of a signature, each where it must stand (XML Signature, 4.1; EN 319 132-1, 4.4).
pub(super) struct Parts<'a> {
    pub(super) signed_info: Element<'a>,
    pub(super) value: Element<'a>,
    pub(super) key_info: Option<Element<'a>>,
    pub(super) objects: Vec<Element<'a>>,
    pub(super) qualifying: Element<'a>,
    signed_properties: Element<'a>,
}

impl<'a> Parts<'a> {
    pub(super) fn read(signature: Element<'a>) -> Result<Parts<'a>> {
        if !signature.is(DS, "Signature") || !signature.has_only_elements() {
            return Err(malformed(signature));
        }
        let mut children = signature.children();
        let mut next = |local| children.next().filter(|child| child.is(DS, local)).ok_or_else(|| malformed(signature));
        let (signed_info, value) = (next("SignedInfo")?, next("SignatureValue")?);
        let (mut key_info, mut objects) = (None, Vec::new());
        for child in children {
            if child.is(DS, "Object") {
                objects.push(child);
            } else if child.is(DS, "KeyInfo") && key_info.is_none() && objects.is_empty() {
                key_info = Some(child);
            } else {
                return Err(malformed(child));
            }
        }
        let mut found = objects.iter().flat_map(|object| object.children_named(XADES, "QualifyingProperties"));
        let qualifying = found.next().ok_or_else(|| malformed(signature))?;
        if let Some(second) = found.next() {
            return Err(malformed(second));
        }
        let own = signature.attribute("Id").ok_or_else(|| malformed(signature))?;
        if attribute(qualifying, "Target")?.strip_prefix('#') != Some(own) {
            return Err(malformed(qualifying));
        }
        let signed_properties = required(qualifying, XADES, "SignedProperties")?;
        Ok(Parts { signed_info, value, key_info, objects, qualifying, signed_properties })
    }
}

/// What SignedInfo holds.
struct Info<'a> {
    canonicalization: Element<'a>,
    method: &'a str,
    references: Vec<Element<'a>>,
}

impl<'a> Info<'a> {
    fn read(signed_info: Element<'a>) -> Result<Info<'a>> {
        let mut children = signed_info.children();
        let mut next =
            |local| children.next().filter(|child| child.is(DS, local)).ok_or_else(|| malformed(signed_info));
        let (canonicalization, method) = (next("CanonicalizationMethod")?, next("SignatureMethod")?);
        // Parameters would change what the algorithm's name says.
        let name = if method.children().next().is_none() { attribute(method, "Algorithm")? } else { "" };
        let references: Vec<Element<'a>> = children.collect();
        match references.iter().find(|child| !child.is(DS, "Reference")) {
            Some(other) => Err(malformed(*other)),
            None => Ok(Info { canonicalization, method: name, references }),
        }
    }
}

/// The certificates of KeyInfo; keys, names and places to fetch certificates from are not looked at.
fn certificates(
    key_info: Option<Element<'_>>,
    octets: &Octets<'_>,
    remarks: &mut Vec<String>,
) -> Result<Vec<Certificate>> {
    let data = key_info.iter().flat_map(|key_info| key_info.children_named(DS, "X509Data"));
    let elements: Vec<Element<'_>> = data.flat_map(|data| data.children_named(DS, "X509Certificate")).collect();
    let (limit, count) = (octets.limits.certificates, to_u64(elements.len()));
    if count > limit {
        return Err(Limit::new("certificates", limit, count).into());
    }
    let mut found = Vec::new();
    for element in elements {
        match Certificate::from_der(&base64(element)?) {
            Ok(certificate) => found.push(certificate),
            Err(_) => remarks.push("a certificate of KeyInfo can't be read".into()),
        }
    }
    Ok(found)
}

/// The certificate that the signed properties name: no other is ever tried, whatever the file offers.
fn signer(certificates: &[Certificate], claimed: &Claimed, remarks: &mut Vec<String>) -> Option<Certificate> {
    let Some(name) = &claimed.certificate else {
        remarks.push("no certificate is signed: any other of the same key would do".into());
        return None;
    };
    let Some(found) = certificates.iter().find(|certificate| name.names(certificate) == Some(true)) else {
        remarks.push("the signed properties name a certificate that KeyInfo does not hold".into());
        return None;
    };
    remarks.extend(name.remark(found).map(str::to_owned));
    Some(found.clone())
}

fn give_media_types(references: &mut [Reference], claimed: &Claimed, remarks: &mut Vec<String>) {
    for reference in references.iter_mut().filter(|reference| reference.name.is_some()) {
        reference.media_type = reference.id.as_ref().and_then(|id| claimed.media_types.get(id)).cloned();
        if reference.media_type.is_none() {
            remarks.push(format!("no media type is signed for reference {}", reference.uri));
        }
    }
}

/// r ‖ s of the curve's width; halves may be wider by zeros in front.
fn full_width(value: &[u8], curve: Curve) -> Option<Vec<u8>> {
    let width = curve.order_bytes();
    let (r, s) = value.split_at_checked(value.len() / 2).filter(|(r, s)| r.len() == s.len())?;
    let narrow = |half: &[u8]| {
        let (zeros, rest) = half.split_at_checked(half.len().checked_sub(width)?)?;
        zeros.iter().all(|&b| b == 0).then(|| rest.to_vec())
    };
    Some([narrow(r)?, narrow(s)?].concat())
}
