//! A time-stamping service: where it is, how it wants to be asked, and how much.

use std::fmt;
use std::time::Duration;

use super::address::Address;
use crate::der;
use crate::digest::DigestAlgorithm;
use crate::error::{Misuse, Result};
use crate::pki::Certificate;
use crate::secret::Secret;

/// A time-stamping service of the caller's choice.
///
/// Its host may be asked wherever it is, also in the caller's own network.
#[derive(Clone)]
pub struct Tsa {
    pub(super) url: String,
    pub(super) policy: Option<String>,
    pub(super) digest: DigestAlgorithm,
    pub(super) has_nonce: bool,
    pub(super) identity: Option<(Vec<Certificate>, Secret)>,
    pub(super) authorization: Option<Authorization>,
    pub(super) ca: Vec<Certificate>,
    pub(super) proxy: Option<String>,
    pub(super) timeout: Option<Duration>,
    pub(super) rate: Option<u32>,
    pub(super) budget: Option<u64>,
}

#[derive(Clone)]
pub(super) enum Authorization {
    Basic(String, Secret),
    Bearer(Secret),
}

impl Tsa {
    /// The service at `url`: `http` or `https`.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) for any other address, and for one that names a user.
    pub fn new(url: impl Into<String>) -> Result<Self> {
        let url = url.into();
        check(&url)?;
        Ok(Tsa {
            url,
            policy: None,
            digest: DigestAlgorithm::Sha256,
            has_nonce: true,
            identity: None,
            authorization: None,
            ca: Vec::new(),
            proxy: None,
            timeout: None,
            rate: None,
            budget: None,
        })
    }

    /// The policy to ask for, in dotted form.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) when it is no object identifier.
    pub fn policy(self, policy: &str) -> Result<Self> {
        der::oid(policy).ok_or_else(|| Misuse::new("the policy is no object identifier"))?;
        Ok(Tsa { policy: Some(policy.to_owned()), ..self })
    }

    /// The digest to send: SHA-256 where nothing is said.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) for SHA-1.
    pub fn digest(self, digest: DigestAlgorithm) -> Result<Self> {
        if digest == DigestAlgorithm::Sha1ForLegacyValidation {
            return Err(Misuse::new("time-stamps are not asked for with SHA-1").into());
        }
        Ok(Tsa { digest, ..self })
    }

    /// Asks without a nonce, for a service that does not return it.
    ///
    /// That an answer is this request's is then told by what is stamped alone, and that it is no old one by its time.
    #[must_use]
    pub fn without_nonce(self) -> Self {
        Tsa { has_nonce: false, ..self }
    }

    /// Who the caller is, by TLS: a certificate, its issuers, and the private key in PEM without a password.
    #[must_use]
    pub fn client_key(self, chain: Vec<Certificate>, pem: Secret) -> Self {
        Tsa { identity: Some((chain, pem)), ..self }
    }

    /// Who the caller is, by name and password.
    #[must_use]
    pub fn basic(self, username: impl Into<String>, password: Secret) -> Self {
        Tsa { authorization: Some(Authorization::Basic(username.into(), password)), ..self }
    }

    /// Who the caller is, by a token.
    #[must_use]
    pub fn bearer(self, token: Secret) -> Self {
        Tsa { authorization: Some(Authorization::Bearer(token)), ..self }
    }

    /// The only certificates that the service's TLS certificate may lead to.
    #[must_use]
    pub fn ca(self, certificates: Vec<Certificate>) -> Self {
        Tsa { ca: certificates, ..self }
    }

    /// The proxy through which it is reached.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) as [`Tsa::new`].
    pub fn proxy(self, url: impl Into<String>) -> Result<Self> {
        let url = url.into();
        check(&url)?;
        Ok(Tsa { proxy: Some(url), ..self })
    }

    /// How long a whole exchange may take.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Tsa { timeout: Some(timeout), ..self }
    }

    /// How many requests it may get in a minute; they are spaced evenly.
    #[must_use]
    pub fn rate(self, requests_a_minute: u32) -> Self {
        Tsa { rate: Some(requests_a_minute), ..self }
    }

    /// How many time-stamps it may be asked for in one run.
    #[must_use]
    pub fn budget(self, time_stamps: u64) -> Self {
        Tsa { budget: Some(time_stamps), ..self }
    }

    /// Where it is.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Its host, as messages name it.
    #[must_use]
    pub fn host(&self) -> String {
        Address::parse(&self.url).map(|address| address.host().to_owned()).unwrap_or_default()
    }

    /// Whether a request made for one is also one for the other.
    pub(super) fn takes_requests_of(&self, other: &Tsa) -> bool {
        self.digest == other.digest && self.policy == other.policy && self.has_nonce == other.has_nonce
    }
}

impl fmt::Debug for Tsa {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tsa").field("url", &self.url).finish_non_exhaustive()
    }
}

pub(super) fn check(url: &str) -> Result<Address> {
    Ok(Address::parse(url).ok_or_else(|| Misuse::new("a service's address is http or https, without a user"))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_http_addresses_and_shows_no_secret() {
        let secret = || Secret::from("canary".to_owned());
        let tsa = Tsa::new("https://tsa.example/x").unwrap().basic("me", secret()).client_key(Vec::new(), secret());
        assert!(!format!("{tsa:?}").contains("canary"));
        assert!(!format!("{:?}", tsa.bearer(secret())).contains("canary"));
        for bad in ["ftp://a", "http://me:canary@a/", "tsa.example"] {
            let error = Tsa::new(bad).unwrap_err();
            assert!(!format!("{error} {error:?}").contains("canary"));
            assert!(Tsa::new("http://a").unwrap().proxy(bad).is_err());
        }
        assert!(Tsa::new("http://a").unwrap().policy("x").is_err());
        assert!(Tsa::new("http://a").unwrap().digest(DigestAlgorithm::Sha1ForLegacyValidation).is_err());
    }
}
