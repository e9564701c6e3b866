//! The signed properties of a signature: what the signer says about himself and the files.

use std::collections::BTreeMap;

use super::XADES;
use super::node::{attribute, base64, digest, malformed, optional, required, text};
use crate::cms::issuer_serial;
use crate::der;
use crate::digest::DigestAlgorithm;
use crate::error::Result;
use crate::pki::Certificate;
use crate::time::Time;
use crate::xml::Element;

/// What the signed properties say.
#[derive(Debug, Default)]
pub(super) struct Claimed {
    pub(super) signing_time: Option<Time>,
    pub(super) certificate: Option<CertificateName>,
    pub(super) roles: Vec<String>,
    /// City, street, state, postal code and country, as far as they are given.
    pub(super) place: Vec<String>,
    pub(super) policy: Option<String>,
    pub(super) commitments: Vec<String>,
    /// Media types by the Id of the reference.
    pub(super) media_types: BTreeMap<String, String>,
}

/// How the signed properties name the signer's certificate.
#[derive(Debug)]
pub(super) struct CertificateName {
    algorithm: Option<DigestAlgorithm>,
    digest: Vec<u8>,
    issuer_serial: Option<Vec<u8>>,
}

impl Claimed {
    pub(super) fn read(properties: Element<'_>, remarks: &mut Vec<String>) -> Result<Claimed> {
        let mut claimed = Claimed::default();
        if let Some(about_signature) = optional(properties, XADES, "SignedSignatureProperties")? {
            claimed.read_signer(about_signature, remarks)?;
        }
        if let Some(about_files) = optional(properties, XADES, "SignedDataObjectProperties")? {
            claimed.read_files(about_files, remarks)?;
        }
        Ok(claimed)
    }

    fn read_signer(&mut self, properties: Element<'_>, remarks: &mut Vec<String>) -> Result<()> {
        if let Some(element) = optional(properties, XADES, "SigningTime")? {
            self.signing_time = Time::parse_rfc3339(text(element)?.trim()).ok();
            if self.signing_time.is_none() {
                remarks.push("the time of signing is none, or has no time zone".into());
            }
        } else {
            remarks.push("no time of signing is signed".into());
        }
        self.certificate = read_certificate(properties)?;
        if let Some(element) = optional(properties, XADES, "SignaturePolicyIdentifier")? {
            self.policy = Some(read_policy(element)?);
        }
        for name in ["SignatureProductionPlace", "SignatureProductionPlaceV2"] {
            if let Some(place) = optional(properties, XADES, name)? {
                self.place.extend(texts(place.children()));
            }
        }
        for name in ["SignerRole", "SignerRoleV2"] {
            let Some(role) = optional(properties, XADES, name)? else { continue };
            if let Some(claimed) = optional(role, XADES, "ClaimedRoles")? {
                self.roles.extend(texts(claimed.children_named(XADES, "ClaimedRole")));
            }
        }
        Ok(())
    }

    fn read_files(&mut self, properties: Element<'_>, remarks: &mut Vec<String>) -> Result<()> {
        for format in properties.children_named(XADES, "DataObjectFormat") {
            let id = attribute(format, "ObjectReference")?.strip_prefix('#').ok_or_else(|| malformed(format))?;
            let Some(media_type) = optional(format, XADES, "MimeType")? else { continue };
            let media_type = text(media_type)?.trim().to_owned();
            if self.media_types.insert(id.to_owned(), media_type).is_some() {
                remarks.push(format!("the format of #{id} is given twice"));
            }
        }
        for commitment in properties.children_named(XADES, "CommitmentTypeIndication") {
            let id = required(commitment, XADES, "CommitmentTypeId")?;
            self.commitments.push(text(required(id, XADES, "Identifier")?)?.trim().to_owned());
        }
        Ok(())
    }
}

impl CertificateName {
    /// Whether this is the certificate; `None` for a digest that is not known.
    pub(super) fn names(&self, certificate: &Certificate) -> Option<bool> {
        Some(self.algorithm?.digest(certificate.as_der()).as_bytes() == self.digest)
    }

    /// What is odd about how it names `certificate`.
    pub(super) fn remark(&self, certificate: &Certificate) -> Option<&'static str> {
        if self.algorithm == Some(DigestAlgorithm::Sha1ForLegacyValidation) {
            return Some("the signer's certificate is named by SHA-1, which is broken");
        }
        let named = self.issuer_serial.as_deref()?;
        if named == issuer_serial(certificate) {
            None
        } else if named == der::sequence(&[certificate.issuer_der(), certificate.serial_der()]) {
            Some("IssuerSerialV2 has the form of CMS")
        } else {
            Some("IssuerSerialV2 names another certificate than the digest beside it")
        }
    }
}

/// The first certificate of SigningCertificate or SigningCertificateV2, of which at most one is there.
fn read_certificate(properties: Element<'_>) -> Result<Option<CertificateName>> {
    let first = optional(properties, XADES, "SigningCertificate")?;
    let second = optional(properties, XADES, "SigningCertificateV2")?;
    let element = match (first, second) {
        (Some(_), Some(second)) => return Err(malformed(second)),
        (None, None) => return Ok(None),
        (Some(one), None) | (None, Some(one)) => one,
    };
    let named = element.child(XADES, "Cert").ok_or_else(|| malformed(element))?;
    let (algorithm, digest) = digest(required(named, XADES, "CertDigest")?)?;
    let issuer_serial = optional(named, XADES, "IssuerSerialV2")?.map(base64).transpose()?;
    Ok(Some(CertificateName { algorithm, digest, issuer_serial }))
}

fn read_policy(element: Element<'_>) -> Result<String> {
    let Some(policy) = optional(element, XADES, "SignaturePolicyId")? else {
        required(element, XADES, "SignaturePolicyImplied")?;
        return Ok("implied".into());
    };
    let id = required(policy, XADES, "SigPolicyId")?;
    Ok(text(required(id, XADES, "Identifier")?)?.trim().to_owned())
}

/// Texts of elements that hold nothing else; some makers leave empty ones.
fn texts<'a>(elements: impl Iterator<Item = Element<'a>>) -> impl Iterator<Item = String> {
    elements.filter_map(|element| element.text()).map(|text| text.trim().to_owned()).filter(|text| !text.is_empty())
}
