//! What proves later that certificates were good: certificates, OCSP responses, revocation lists.

use std::sync::Arc;

use super::ocsp::Response;
use crate::pki::Certificate;
use crate::pki::crl::Crl;

/// What a document carries so that its signatures can be judged without asking anybody.
///
/// Each thing is there once, in the order in which it came.
#[derive(Debug, Clone, Default)]
pub(crate) struct ValidationData {
    certificates: Vec<Certificate>,
    ocsp: Vec<Arc<Response>>,
    crls: Vec<Arc<Crl>>,
}

impl ValidationData {
    /// Adds a certificate that is not there yet.
    pub(crate) fn add_certificate(&mut self, certificate: &Certificate) {
        if !self.certificates.contains(certificate) {
            self.certificates.push(certificate.clone());
        }
    }

    /// Adds a response that is not there yet.
    pub(crate) fn add_ocsp(&mut self, response: &Arc<Response>) {
        if !self.ocsp.iter().any(|other| other.as_bytes() == response.as_bytes()) {
            self.ocsp.push(Arc::clone(response));
        }
    }

    /// Adds a list that is not there yet.
    pub(crate) fn add_crl(&mut self, crl: &Arc<Crl>) {
        if !self.crls.iter().any(|other| other.is_same_as(crl)) {
            self.crls.push(Arc::clone(crl));
        }
    }

    /// Adds all that is not there yet.
    pub(crate) fn add_all(&mut self, other: &ValidationData) {
        other.certificates.iter().for_each(|one| self.add_certificate(one));
        other.ocsp.iter().for_each(|one| self.add_ocsp(one));
        other.crls.iter().for_each(|one| self.add_crl(one));
    }

    /// What of this is not in `other`.
    #[must_use]
    pub(crate) fn without(&self, other: &ValidationData) -> ValidationData {
        let is_new_ocsp = |one: &Arc<Response>| !other.ocsp.iter().any(|known| known.as_bytes() == one.as_bytes());
        let is_new_crl = |one: &Arc<Crl>| !other.crls.iter().any(|known| known.is_same_as(one));
        ValidationData {
            certificates: self.certificates.iter().filter(|one| !other.certificates.contains(one)).cloned().collect(),
            ocsp: self.ocsp.iter().filter(|one| is_new_ocsp(one)).cloned().collect(),
            crls: self.crls.iter().filter(|one| is_new_crl(one)).cloned().collect(),
        }
    }

    /// Whether there is nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.certificates.is_empty() && self.ocsp.is_empty() && self.crls.is_empty()
    }

    pub(crate) fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    pub(crate) fn ocsp(&self) -> &[Arc<Response>] {
        &self.ocsp
    }

    pub(crate) fn crls(&self) -> &[Arc<Crl>] {
        &self.crls
    }
}
