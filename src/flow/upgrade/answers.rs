//! Answers as they came, each read once.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::answers::ocsp::Response;
use crate::cms::SignedData;
use crate::der;
use crate::error::{Error, ErrorCode, Limit, Result, ServiceError};
use crate::evidence::{Evidence, Fetch, Role};
use crate::limits::Limits;
use crate::pki::crl::Crl;
use crate::pki::{self, Certificate};
use crate::source::{Source, to_u64};
use crate::time::Time;

/// What came back for each request, by the request's id.
#[derive(Debug, Default)]
pub(super) struct Answers {
    all: BTreeMap<[u8; 32], Answer>,
    /// Ids in the order in which the answers came.
    order: Vec<[u8; 32]>,
}

/// The answer to one request.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) role: Role,
    pub(super) url: Option<String>,
    pub(super) host: Option<String>,
    pub(super) received: Time,
    pub(super) content: Result<Content>,
}

/// What an answer holds.
#[derive(Debug, Clone)]
pub(super) enum Content {
    /// A TimeStampResp, not looked at yet.
    Stamp(Arc<Vec<u8>>),
    Ocsp(Arc<Response>),
    Crl(Arc<Crl>),
    /// As they came, and read.
    Certificates(Arc<Vec<u8>>, Vec<Certificate>),
}

impl Answers {
    /// Reads the answer to `fetch`. What can't be read is an answer too: a failure.
    pub(super) fn add(&mut self, fetch: &Fetch, evidence: &Evidence, received: Time, limits: &Limits) {
        let host = evidence.host_name().map(str::to_owned);
        let content = match evidence.content() {
            Ok(source) => read(fetch.role(), source, limits).map_err(|e| e.of_service(fetch.role(), host.as_deref())),
            Err(error) => Err(error.clone().into()),
        };
        let url = fetch.urls().first().cloned();
        self.put(fetch.id(), Answer { role: fetch.role(), url, host, received, content });
    }

    /// Puts an answer in, in place of an earlier failure.
    pub(super) fn put(&mut self, id: [u8; 32], answer: Answer) {
        if self.all.get(&id).is_some_and(|known| known.content.is_ok()) {
            return;
        }
        if self.all.insert(id, answer).is_none() {
            self.order.push(id);
        }
    }

    /// The answer to the request of this id.
    pub(super) fn get(&self, id: &[u8; 32]) -> Option<&Answer> {
        self.all.get(id)
    }

    /// Turns an answer down, after it was looked at.
    pub(super) fn refuse(&mut self, id: &[u8; 32], error: Error) {
        if let Some(answer) = self.all.get_mut(id) {
            answer.content = Err(error);
        }
    }

    /// Forgets what failed.
    pub(super) fn forget_failures(&mut self) {
        self.all.retain(|_, answer| answer.content.is_ok());
        self.order.retain(|id| self.all.contains_key(id));
    }

    /// All of them, in the order in which they came.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&[u8; 32], &Answer)> {
        self.order.iter().filter_map(|id| Some((id, self.all.get(id)?)))
    }

    /// The OCSP responses.
    pub(super) fn ocsp(&self) -> impl Iterator<Item = (&[u8; 32], &Answer, &Arc<Response>)> {
        self.iter().filter_map(|(id, answer)| match &answer.content {
            Ok(Content::Ocsp(response)) => Some((id, answer, response)),
            _ => None,
        })
    }

    /// The revocation lists.
    pub(super) fn crls(&self) -> impl Iterator<Item = (&[u8; 32], &Answer, &Arc<Crl>)> {
        self.iter().filter_map(|(id, answer)| match &answer.content {
            Ok(Content::Crl(crl)) => Some((id, answer, crl)),
            _ => None,
        })
    }

    /// The certificates that were fetched.
    pub(super) fn certificates(&self) -> impl Iterator<Item = &Certificate> {
        self.iter().flat_map(|(_, answer)| match &answer.content {
            Ok(Content::Certificates(_, certificates)) => certificates.as_slice(),
            _ => &[],
        })
    }

    /// How many of a kind there are, failures too.
    pub(super) fn count(&self, role: Role) -> usize {
        self.all.values().filter(|answer| answer.role == role).count()
    }
}

impl Answer {
    /// Its bytes, for keeping; none for a failure.
    pub(super) fn to_bytes(&self) -> Result<Option<Vec<u8>>> {
        Ok(match &self.content {
            Ok(Content::Stamp(bytes) | Content::Certificates(bytes, _)) => Some(bytes.to_vec()),
            Ok(Content::Ocsp(response)) => Some(response.as_bytes().to_vec()),
            Ok(Content::Crl(crl)) => Some(crl.source().window(0..crl.source().len())?.to_vec()),
            Err(_) => None,
        })
    }

    /// The fault of this answer, as the service's.
    pub(super) fn fault(&self, error: Error) -> Error {
        error.of_service(self.role, self.host.as_deref())
    }
}

/// Reads an answer of this kind.
pub(super) fn read(role: Role, source: &Source, limits: &Limits) -> Result<Content> {
    if role == Role::Crl {
        let armoured = crl_in_pem(source, limits)?;
        return Ok(Content::Crl(Arc::new(Crl::read(armoured.as_ref().unwrap_or(source), limits)?)));
    }
    if source.len() > limits.answer_bytes {
        return Err(Limit::new("answer_bytes", limits.answer_bytes, source.len()).into());
    }
    let bytes = source.window(0..source.len())?;
    match role {
        Role::Timestamp => Ok(Content::Stamp(Arc::new(bytes.to_vec()))),
        Role::Ocsp => Ok(Content::Ocsp(Arc::new(Response::read(&bytes, limits)?))),
        _ => read_certificates(&bytes, limits).map(|found| Content::Certificates(Arc::new(bytes.to_vec()), found)),
    }
}

/// The list inside PEM or bare base64, in which some put it, though RFC 5280, 4.2.1.13 wants DER. `None` where it is
/// neither; lists may be large, so what begins as DER does is not looked at.
fn crl_in_pem(source: &Source, limits: &Limits) -> Result<Option<Source>> {
    if source.window_up_to(0, 1)?.first() == Some(&der::SEQUENCE) {
        return Ok(None);
    }
    // Base64 takes four bytes for three, and lines end.
    let most = limits.crl_bytes.saturating_mul(3) / 2;
    if source.len() > most {
        return Err(Limit::new("crl_bytes", most, source.len()).into());
    }
    Ok(pki::crl::from_pem(&source.window(0..source.len())?).map(Source::from_bytes))
}

/// Certificates as they are found behind an address: one, several after each other, PEM, or a `certs-only` CMS
/// structure (RFC 5280, 4.2.2.1).
fn read_certificates(bytes: &[u8], limits: &Limits) -> Result<Vec<Certificate>> {
    let found = match SignedData::parse(bytes, limits) {
        Ok((signed, _)) => signed.certificates().to_vec(),
        Err(_) => Certificate::parse_all(bytes)?,
    };
    if found.is_empty() {
        return Err(ServiceError::new(ErrorCode::CertificateMalformed, Role::Certificate).into());
    }
    match to_u64(found.len()) {
        count if count > limits.certificates => Err(Limit::new("certificates", limits.certificates, count).into()),
        _ => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use super::*;

    const LIST: &[u8] = include_bytes!("../../../testdata/services/crl/i1.crl");

    fn read_list(bytes: &[u8]) -> Result<Vec<u8>> {
        match read(Role::Crl, &Source::from_bytes(bytes), &Limits { crl_bytes: 4 << 10, ..Limits::default() })? {
            Content::Crl(list) => Ok(list.source().window(0..list.source().len())?.to_vec()),
            _ => Err(Error::Bug("a list is read as something else")),
        }
    }

    #[test]
    fn a_list_in_pem_is_the_list_in_it() {
        assert_eq!(read_list(LIST).unwrap(), LIST);
        let text = BASE64_STANDARD.encode(LIST);
        let lines: Vec<&str> = text.as_bytes().chunks(64).map(|line| str::from_utf8(line).unwrap()).collect();
        let pem = |label: &str, end: &str| {
            format!("-----BEGIN {label}-----{end}{}{end}-----END {label}-----{end}", lines.join(end))
        };
        for armoured in [
            pem("X509 CRL", "\n"),
            pem("X509 CRL", "\r\n"),
            format!("\u{feff}{}", pem("X509 CRL", "\n")),
            format!("Certificate Revocation List (CRL):\n{}", pem("X509 CRL", "\n")),
            text.clone(),
        ] {
            assert_eq!(read_list(armoured.as_bytes()).unwrap(), LIST, "{}", &armoured[..30]);
        }
        for bad in [pem("CERTIFICATE", "\n").replace("----\n", "----\n!"), pem("X509 CRL", "\n")[..500].to_owned()] {
            assert_eq!(read_list(bad.as_bytes()).unwrap_err().code(), ErrorCode::CrlMalformed);
        }
        let long = format!("{}{}", pem("X509 CRL", "\n"), "x".repeat(6 << 10));
        assert_eq!(read_list(long.as_bytes()).unwrap_err().code(), ErrorCode::LimitExceeded);
    }
}
