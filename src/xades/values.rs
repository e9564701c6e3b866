//! Certificates and revocation data among the unsigned properties (EN 319 132-1, 5.4).

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::edit::Edit;
use super::node::base64;
use super::vocabulary::Vocabulary;
use super::{XADES, XADES141};
use crate::answers::ValidationData;
use crate::answers::ocsp::Response;
use crate::error::Result;
use crate::limits::Limits;
use crate::pki::Certificate;
use crate::pki::crl::Crl;
use crate::source::Source;
use crate::xml::{Document, Element};

/// Whether OCSP responses count that lack what goes around their signed part.
// Complete: a response is whole, or it is not.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Bare {
    Completed,
    LeftOut,
}

/// What the unsigned properties `list` hold; what can't be read is left out.
pub(super) fn held(list: Element<'_>, bare: Bare, limits: &Limits) -> ValidationData {
    let mut reading = Reading { data: ValidationData::default(), bare, limits, left: MOST_VALUES };
    for child in list.children() {
        match (child.namespace(), child.local()) {
            (XADES, "CertificateValues" | "RevocationValues") => reading.values(child),
            (XADES141, "TimeStampValidationData" | "AnyValidationData") => {
                child.children().for_each(|values| reading.values(values));
            }
            _ => {}
        }
    }
    reading.data
}

struct Reading<'l> {
    data: ValidationData,
    bare: Bare,
    limits: &'l Limits,
    /// So many values more are looked at: each is compared with all others.
    left: usize,
}

impl Reading<'_> {
    fn values(&mut self, values: Element<'_>) {
        if values.is(XADES, "CertificateValues") {
            values.children_named(XADES, "EncapsulatedX509Certificate").for_each(|one| self.value(one));
        } else if values.is(XADES, "RevocationValues") {
            let lists = [("OCSPValues", "EncapsulatedOCSPValue"), ("CRLValues", "EncapsulatedCRLValue")];
            for (list, name) in lists {
                let found = values.children_named(XADES, list).flat_map(|list| list.children_named(XADES, name));
                found.for_each(|one| self.value(one));
            }
        }
    }

    fn value(&mut self, element: Element<'_>) {
        let is_der = element.attribute("Encoding").is_none_or(|encoding| encoding.ends_with("#DER"));
        let Some(left) = self.left.checked_sub(1).filter(|_| is_der) else { return };
        self.left = left;
        let Ok(bytes) = base64(element) else { return };
        match element.local() {
            "EncapsulatedX509Certificate" => {
                if let Ok(certificate) = Certificate::from_der(&bytes) {
                    self.data.add_certificate(&certificate);
                }
            }
            "EncapsulatedOCSPValue" => {
                let bare = || Response::from_basic(&bytes, self.limits).ok().filter(|_| self.bare == Bare::Completed);
                if let Some(response) = Response::read(&bytes, self.limits).ok().or_else(bare) {
                    self.data.add_ocsp(&Arc::new(response));
                }
            }
            _ => {
                if let Ok(crl) = Crl::read(&Source::from_bytes(bytes), self.limits) {
                    self.data.add_crl(&Arc::new(crl));
                }
            }
        }
    }
}

/// New values, as elements.
pub(super) struct Values {
    certificates: String,
    crls: String,
    ocsp: String,
}

impl Values {
    pub(super) fn of(data: &ValidationData, words: &Vocabulary<'_>) -> Result<Values> {
        let encoded = |name: &str, bytes: &[u8]| words.xades(name, &STANDARD.encode(bytes));
        let certificates = data.certificates().iter();
        let mut crls = String::new();
        for crl in data.crls() {
            crls.push_str(&encoded("EncapsulatedCRLValue", &crl.source().window(0..crl.source().len())?));
        }
        Ok(Values {
            certificates: certificates.map(|one| encoded("EncapsulatedX509Certificate", one.as_der())).collect(),
            crls,
            ocsp: data.ocsp().iter().map(|one| encoded("EncapsulatedOCSPValue", one.as_bytes())).collect(),
        })
    }

    pub(super) fn has_certificates(&self) -> bool {
        !self.certificates.is_empty()
    }

    pub(super) fn has_revocation(&self) -> bool {
        !self.crls.is_empty() || !self.ocsp.is_empty()
    }

    /// CertificateValues as a property of its own.
    pub(super) fn certificate_values(&self, words: &Vocabulary<'_>) -> String {
        words.top("CertificateValues", "", &self.certificates)
    }

    /// RevocationValues as a property of its own.
    pub(super) fn revocation_values(&self, words: &Vocabulary<'_>) -> String {
        words.top("RevocationValues", "", &self.revocation(words))
    }

    /// TimeStampValidationData with all, for the time-stamp of this `Id`.
    pub(super) fn container(&self, words: &Vocabulary<'_>, stamp: Option<&str>) -> String {
        let mut content = String::new();
        if self.has_certificates() {
            content.push_str(&words.xades("CertificateValues", &self.certificates));
        }
        if self.has_revocation() {
            content.push_str(&words.xades("RevocationValues", &self.revocation(words)));
        }
        let mut uri = Vec::new();
        stamp.into_iter().for_each(|id| crate::xml::escape_attribute(id, &mut uri));
        let uri = String::from_utf8_lossy(&uri);
        let attribute = if stamp.is_some() { format!(r##" URI="#{uri}""##) } else { String::new() };
        words.newer("TimeStampValidationData", &attribute, &content)
    }

    /// Adds the certificates to a CertificateValues that is there.
    pub(super) fn merge_certificates(&self, document: &Document, values: Element<'_>) -> Edit {
        Edit::at_end_of(document, values, &self.certificates)
    }

    /// Adds all to a TimeStampValidationData that is there: certificates, then the rest.
    pub(super) fn merge_container(
        &self,
        document: &Document,
        container: Element<'_>,
        words: &Vocabulary<'_>,
    ) -> Vec<Edit> {
        let mut edits = Vec::new();
        let (mut first, mut last) = (String::new(), String::new());
        match container.child(XADES, "CertificateValues") {
            _ if !self.has_certificates() => {}
            Some(values) => edits.push(self.merge_certificates(document, values)),
            None => first = words.xades("CertificateValues", &self.certificates),
        }
        match container.child(XADES, "RevocationValues") {
            _ if !self.has_revocation() => {}
            Some(values) => edits.extend(self.merge_revocation(document, values, words)),
            None => last = words.xades("RevocationValues", &self.revocation(words)),
        }
        match container.children().next() {
            Some(child) => edits.extend([Edit::before(child, &first), Edit::at_end_of(document, container, &last)]),
            None => edits.push(Edit::at_end_of(document, container, &(first + &last))),
        }
        edits
    }

    /// Adds the rest to a RevocationValues that is there: CRLs, OCSP responses, others, in this order.
    pub(super) fn merge_revocation(
        &self,
        document: &Document,
        values: Element<'_>,
        words: &Vocabulary<'_>,
    ) -> Vec<Edit> {
        let mut edits = Vec::new();
        let mut new = [String::new(), String::new()];
        let kinds = [("CRLValues", &self.crls), ("OCSPValues", &self.ocsp)];
        for ((name, content), new) in kinds.into_iter().zip(&mut new).filter(|((_, content), _)| !content.is_empty()) {
            match values.child(XADES, name) {
                Some(list) => edits.push(Edit::at_end_of(document, list, content)),
                None => *new = words.xades(name, content),
            }
        }
        let [crls, ocsp] = new;
        let first = values.children().next();
        let others = values.child(XADES, "OtherValues");
        match (first, others) {
            (Some(first), Some(others)) => {
                edits.extend([Edit::before(first, &crls), Edit::before(others, &ocsp)]);
            }
            (Some(first), None) => {
                edits.extend([Edit::before(first, &crls), Edit::at_end_of(document, values, &ocsp)]);
            }
            (None, _) => edits.push(Edit::at_end_of(document, values, &(crls + &ocsp))),
        }
        edits
    }

    /// What stands in RevocationValues.
    fn revocation(&self, words: &Vocabulary<'_>) -> String {
        let lists = [("CRLValues", &self.crls), ("OCSPValues", &self.ocsp)];
        let lists = lists.into_iter().filter(|(_, content)| !content.is_empty());
        lists.map(|(name, content)| words.xades(name, content)).collect()
    }
}

/// More than any signature needs in a hundred years of renewals.
const MOST_VALUES: usize = 2_048;
