//! What is asked of services, and what came back, as values.
//!
//! Comes in: requests as bytes, addresses as they stand in certificates. Goes out: a [`Fetch`] that somebody else
//! sends, and an [`Evidence`] that somebody else brings. Decided here and nowhere else: how an answer finds its
//! request. Nothing is sent here, and no answer is looked at.

use std::fmt;

use crate::digest::{DigestAlgorithm, State};
use crate::error::ServiceError;
use crate::source::Source;
use crate::time::Time;

/// What a service is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Role {
    /// A time-stamp (RFC 3161).
    Timestamp,
    /// The status of one certificate (RFC 6960).
    Ocsp,
    /// A revocation list (RFC 5280).
    Crl,
    /// The issuer's certificate, where a certificate says it is.
    Certificate,
}

impl Role {
    /// The word used in messages and JSON: `tsa`, `ocsp`, `crl` or `aia`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Role::Timestamp => "tsa",
            Role::Ocsp => "ocsp",
            Role::Crl => "crl",
            Role::Certificate => "aia",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One exchange with a service: all that has to be sent, and where.
///
/// Addresses come out of certificates and may be hostile: whoever sends decides which hosts are spoken to.
#[derive(Clone, PartialEq, Eq)]
pub struct Fetch {
    role: Role,
    urls: Vec<String>,
    body: Option<Vec<u8>>,
    not_older_than: Option<Time>,
    id: [u8; 32],
}

impl Fetch {
    /// A question to a time-stamping service of the caller's choice: a DER TimeStampReq.
    #[must_use]
    pub fn time_stamp(request: Vec<u8>) -> Self {
        Fetch::new(Role::Timestamp, Vec::new(), Some(request))
    }

    /// A question for the status of a certificate: a DER OCSPRequest.
    #[must_use]
    pub fn ocsp(urls: Vec<String>, request: Vec<u8>) -> Self {
        Fetch::new(Role::Ocsp, urls, Some(request))
    }

    /// A revocation list, which is the same under each of the addresses.
    #[must_use]
    pub fn crl(urls: Vec<String>) -> Self {
        Fetch::new(Role::Crl, urls, None)
    }

    /// An issuer's certificate, which is the same under each of the addresses.
    #[must_use]
    pub fn certificate(urls: Vec<String>) -> Self {
        Fetch::new(Role::Certificate, urls, None)
    }

    /// Sends it to this address alone; it stays the same question.
    #[must_use]
    pub fn at(self, url: impl Into<String>) -> Self {
        Fetch { urls: vec![url.into()], ..self }
    }

    /// Says that an older answer, such as one of a cache, will not do.
    #[must_use]
    pub fn newer_than(self, time: Time) -> Self {
        Fetch { not_older_than: Some(time), ..self }
    }

    /// What is asked for.
    #[must_use]
    pub fn role(&self) -> Role {
        self.role
    }

    /// Addresses, the preferred one first; empty for a time-stamp, whose service the caller chooses.
    #[must_use]
    pub fn urls(&self) -> &[String] {
        &self.urls
    }

    /// What to send by POST; `None`: nothing, by GET.
    #[must_use]
    pub fn body(&self) -> Option<&[u8]> {
        self.body.as_deref()
    }

    /// The media type of the body, where there is one.
    #[must_use]
    pub fn request_type(&self) -> Option<&'static str> {
        match self.role {
            Role::Timestamp => Some("application/timestamp-query"),
            Role::Ocsp => Some("application/ocsp-request"),
            Role::Crl | Role::Certificate => None,
        }
    }

    /// The media type that the answer should have.
    #[must_use]
    pub fn response_type(&self) -> &'static str {
        match self.role {
            Role::Timestamp => "application/timestamp-reply",
            Role::Ocsp => "application/ocsp-response",
            Role::Crl => "application/pkix-crl",
            Role::Certificate => "application/pkix-cert",
        }
    }

    /// An answer that was true before this moment only is of no use; a time-stamp's is never of use twice.
    #[must_use]
    pub fn not_older_than(&self) -> Option<Time> {
        self.not_older_than
    }

    /// SHA-256 over role and body, or role and addresses: what an answer is paired with, in this process or another.
    #[must_use]
    pub fn id(&self) -> [u8; 32] {
        self.id
    }

    fn new(role: Role, urls: Vec<String>, body: Option<Vec<u8>>) -> Self {
        let mut state = State::new(DigestAlgorithm::Sha256);
        state.update(role.as_str().as_bytes());
        state.update(&[0]);
        match &body {
            Some(body) => state.update(body),
            None => state.update(urls.join("\n").as_bytes()),
        }
        let mut id = [0; 32];
        for (to, from) in id.iter_mut().zip(state.finish().as_bytes()) {
            *to = *from;
        }
        Fetch { role, urls, body, not_older_than: None, id }
    }
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Fetch").field("role", &self.role).field("urls", &self.urls).finish_non_exhaustive()
    }
}

/// The answer to a [`Fetch`], or why there is none.
#[derive(Debug, Clone)]
pub struct Evidence {
    fetch: [u8; 32],
    host: Option<String>,
    content: Result<Source, ServiceError>,
}

impl Evidence {
    /// The body of the answer to the [`Fetch`] with this [`id`](Fetch::id), as it came.
    #[must_use]
    pub fn answer(fetch: [u8; 32], content: Source) -> Self {
        Evidence { fetch, host: None, content: Ok(content) }
    }

    /// There is no answer to the [`Fetch`] with this [`id`](Fetch::id).
    #[must_use]
    pub fn failure(fetch: [u8; 32], error: ServiceError) -> Self {
        Evidence { fetch, host: error.host.clone(), content: Err(error) }
    }

    /// Names the host that answered, for messages about the answer.
    #[must_use]
    pub fn host(self, host: impl Into<String>) -> Self {
        Evidence { host: Some(host.into()), ..self }
    }

    /// The [`Fetch`] that it answers.
    #[must_use]
    pub fn fetch_id(&self) -> [u8; 32] {
        self.fetch
    }

    /// The host that answered, where it was named.
    #[must_use]
    pub fn host_name(&self) -> Option<&str> {
        self.host.as_deref()
    }

    /// The body of the answer.
    ///
    /// # Errors
    /// Why there is none.
    pub fn content(&self) -> Result<&Source, &ServiceError> {
        self.content.as_ref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::to_hex;
    use crate::error::{Error, ErrorCode, Malformed, Retry, Scope};

    #[test]
    fn a_fetch_is_known_by_its_role_and_what_it_asks() {
        let urls = |host: &str| vec![format!("http://{host}/latest.crl")];
        let all = [
            Fetch::time_stamp(vec![1]),
            Fetch::time_stamp(vec![2]),
            Fetch::ocsp(Vec::new(), vec![1]),
            Fetch::crl(urls("a")),
            Fetch::crl(urls("b")),
            Fetch::certificate(urls("a")),
        ];
        for (n, one) in all.iter().enumerate() {
            assert_eq!(one.request_type().is_some(), one.body().is_some());
            assert!(all.iter().skip(n + 1).all(|other| other.id() != one.id()), "{one:?}");
        }
        let elsewhere = Fetch::ocsp(urls("b"), vec![1]).newer_than(Time::from_unix(1).unwrap());
        assert_eq!(elsewhere.id(), Fetch::ocsp(Vec::new(), vec![1]).id(), "the same question");
        // Answers kept in files are found by this name.
        assert_eq!(
            to_hex(&Fetch::time_stamp(vec![1]).id()),
            to_hex(DigestAlgorithm::Sha256.digest(b"tsa\0\x01").as_bytes())
        );
    }

    #[test]
    fn faults_name_role_host_and_cause() {
        let error = ServiceError::new(ErrorCode::ServiceRefused, Role::Timestamp).host("tsa.example").status(403);
        let error = Error::from(error.detail("no \u{1b}[2J"));
        assert_eq!(error.to_string(), "the service refused the request (tsa tsa.example): status 403: no \\u{1b}[2J");
        assert_eq!((error.scope(), error.retry()), (Scope::Service, Retry::Never));
        let malformed =
            Error::from(Malformed::at(ErrorCode::OcspMalformed, 7)).of_service(Role::Ocsp, Some("a.example"));
        assert_eq!(malformed.to_string(), "malformed OCSP answer (ocsp a.example) at offset 7");
        assert_eq!((malformed.code(), malformed.offset()), (ErrorCode::OcspMalformed, Some(7)));
        assert_eq!(Error::Cancelled.of_service(Role::Crl, None).code(), ErrorCode::Cancelled);
    }
}
