//! Exchanges over HTTP, with a host that may be hostile on the other side.
//!
//! In: requests with addresses. Out: bodies within bounds, or why there are none. Decided here and nowhere else: where a
//! connection may lead, which redirects are followed, what a status means. No proxy is taken from the environment.

use std::fmt;
use std::io::Read;
use std::sync::Arc;
use std::time::{Duration, Instant};

use ureq::Agent;
use ureq::http::{Response, header};

use super::address::{Address, Allowed, is_private_name};
use super::complete::now;
use super::folder::most_bytes;
use super::tsa::{Authorization, Tsa, check};
use crate::error::{ErrorCode, Result, ServiceError};
use crate::evidence::{Evidence, Fetch, Role};
use crate::limits::Limits;
use crate::pki::Certificate;
use crate::provider::{Clock, Transport};
use crate::source::{Source, to_u64};
use crate::system::{Spool, SystemClock};

mod agent;
mod date;
mod forward;
mod resolver;

use agent::Reach;
use resolver::{Blocked, Lookup, SystemLookup};

/// How services are reached.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    timeout: Duration,
    connect: Duration,
    allowed: Allowed,
    proxy: Option<String>,
    roots: Vec<Certificate>,
    limits: Limits,
}

impl HttpSettings {
    /// 20 seconds for a whole exchange, 5 of them to connect; no proxy; nothing but the public network.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        HttpSettings {
            timeout: Duration::from_secs(20),
            connect: Duration::from_secs(5),
            allowed: Allowed::default(),
            proxy: None,
            roots: Vec::new(),
            limits: limits.clone(),
        }
    }

    /// How long a whole exchange may take, with its redirects and the last byte of the answer.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        HttpSettings { timeout, ..self }
    }

    /// How long a connection may take to come about.
    #[must_use]
    pub fn connect(self, timeout: Duration) -> Self {
        HttpSettings { connect: timeout, ..self }
    }

    /// A host that may be asked wherever it is, also in the caller's own network: `HOST`, or `HOST:PORT`.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) for anything else.
    pub fn allow(mut self, host: &str) -> Result<Self> {
        self.allowed.add(host)?;
        Ok(self)
    }

    /// The proxy for all that has none of its own. It is the one that then looks up names: what they lead to can't be
    /// checked here, only addresses that are given as such.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) for what is no HTTP address, and for one that names a user.
    pub fn proxy(self, url: &str) -> Result<Self> {
        check(url)?;
        Ok(HttpSettings { proxy: Some(url.to_owned()), ..self })
    }

    /// The only certificates that TLS certificates may lead to, instead of the public ones.
    #[must_use]
    pub fn roots(self, certificates: Vec<Certificate>) -> Self {
        HttpSettings { roots: certificates, ..self }
    }
}

/// Exchanges over HTTP. Connections are kept and used again.
pub struct Http {
    settings: HttpSettings,
    general: Agent,
    tsas: Vec<(Tsa, Agent)>,
    clock: Arc<dyn Clock>,
}

impl Http {
    /// `tsas` are the services whose hosts may be asked, and how each of them is.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) for keys and certificates that can't be used.
    pub fn new(settings: HttpSettings, tsas: &[Tsa]) -> Result<Self> {
        Http::with_lookup(settings, tsas, Arc::new(SystemLookup))
    }

    fn with_lookup(mut settings: HttpSettings, tsas: &[Tsa], lookup: Arc<dyn Lookup>) -> Result<Self> {
        for tsa in tsas {
            settings.allowed.add_address(&check(&tsa.url)?);
        }
        let mut made: Vec<(Reach, Agent)> = Vec::new();
        let mut agent = |reach: Reach| -> Result<Agent> {
            if let Some((_, agent)) = made.iter().find(|(other, _)| *other == reach) {
                return Ok(agent.clone());
            }
            let agent = reach.agent(settings.allowed.clone(), Arc::clone(&lookup), settings.connect)?;
            made.push((reach, agent.clone()));
            Ok(agent)
        };
        let general = agent(Reach { proxy: settings.proxy.clone(), roots: settings.roots.clone(), identity: None })?;
        let mut reached = Vec::with_capacity(tsas.len());
        for tsa in tsas {
            let reach = Reach {
                proxy: tsa.proxy.clone().or_else(|| settings.proxy.clone()),
                roots: if tsa.ca.is_empty() { settings.roots.clone() } else { tsa.ca.clone() },
                identity: tsa.identity.clone().map(agent::Identity),
            };
            reached.push((tsa.clone(), agent(reach)?));
        }
        Ok(Http { settings, general, tsas: reached, clock: Arc::new(SystemClock) })
    }

    fn exchange_at(&self, fetch: &Fetch, url: &str, deadline: Instant) -> Result<(Source, String), ServiceError> {
        let fault = |code| ServiceError::new(code, fetch.role());
        let Some(mut address) = Address::parse(url) else {
            return Err(fault(ErrorCode::ServiceBlocked).detail("not an HTTP address"));
        };
        // Only who was asked for a time-stamp learns who asks.
        let tsa = self.tsas.iter().find(|(tsa, _)| fetch.role() == Role::Timestamp && tsa.url == url);
        let agent = tsa.map_or(&self.general, |(_, agent)| agent);
        let authorization = tsa.and_then(|(tsa, _)| tsa.authorization.as_ref());
        for _ in 0..=REDIRECTS {
            let host = address.host().to_owned();
            let named = |fault: ServiceError| fault.host(host.clone());
            // Names are judged where they are looked up; behind a proxy that is not here.
            if is_private_name(&host) && !self.settings.allowed.contains(&host, address.port()) {
                return Err(named(fault(ErrorCode::ServiceBlocked)).port(address.port()));
            }
            let answer = self.send(agent, fetch, &address, authorization, deadline);
            let mut answer = answer.map_err(|error| match named(fault_of(fetch.role(), &error)) {
                blocked if blocked.code == ErrorCode::ServiceBlocked => blocked.port(address.port()),
                fault => fault,
            })?;
            let status = answer.status().as_u16();
            match status {
                200 => return self.body(fetch, &mut answer).map(|source| (source, host.clone())).map_err(named),
                301 | 302 | 307 | 308 => {
                    let location = answer.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
                    match location.and_then(|location| address.redirected(location)) {
                        Some(next) => address = next,
                        None => {
                            let refused = fault(ErrorCode::ServiceRefused).status(status.into());
                            return Err(named(refused.detail("a redirect to another host")));
                        }
                    }
                }
                429 | 500.. => {
                    let refused = fault(ErrorCode::ServiceUnavailable).status(status.into());
                    let until = self.clock.now().ok().and_then(|now| date::retry_after(&answer, now));
                    return Err(named(until.into_iter().fold(refused, ServiceError::time)));
                }
                _ => return Err(named(fault(ErrorCode::ServiceRefused).status(status.into()))),
            }
        }
        Err(fault(ErrorCode::ServiceRefused).host(address.host()).detail("too many redirects"))
    }

    fn send(
        &self,
        agent: &Agent,
        fetch: &Fetch,
        address: &Address,
        authorization: Option<&Authorization>,
        deadline: Instant,
    ) -> Result<Response<ureq::Body>, ureq::Error> {
        let left = deadline.saturating_duration_since(now()).max(Duration::from_millis(1));
        let connect = self.settings.connect.min(left);
        macro_rules! prepared {
            ($request:expr) => {{
                let mut request = $request.header(header::ACCEPT, fetch.response_type());
                if let Some(authorization) = authorization {
                    request = request.header(header::AUTHORIZATION, agent::header_of(authorization));
                }
                request.config().timeout_global(Some(left)).timeout_connect(Some(connect)).build()
            }};
        }
        match fetch.body() {
            Some(body) => {
                let kind = fetch.request_type().unwrap_or("application/octet-stream");
                prepared!(agent.post(address.as_str()).content_type(kind)).send(body)
            }
            None => prepared!(agent.get(address.as_str())).call(),
        }
    }

    /// The body, in memory or in a file of its own, up to the limit and not a byte further.
    fn body(&self, fetch: &Fetch, answer: &mut Response<ureq::Body>) -> Result<Source, ServiceError> {
        let role = fetch.role();
        let most = most_bytes(role, &self.settings.limits);
        let too_large = || {
            let text = format!("more than {most} bytes");
            ServiceError::new(ErrorCode::ServiceTooLarge, role).detail(&text)
        };
        if answer.body().content_length().is_some_and(|len| len > most) {
            return Err(too_large());
        }
        let mut spool = Spool::new();
        let mut reader = answer.body_mut().as_reader();
        let mut buffer = vec![0; PIECE_BYTES];
        loop {
            let len = match reader.read(&mut buffer) {
                Ok(0) => break,
                Ok(len) => len,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
                Err(error) => return Err(fault_of(role, &ureq::Error::from(error))),
            };
            let piece = buffer.get(..len).unwrap_or_default();
            if spool.len().saturating_add(to_u64(len)) > most {
                return Err(too_large());
            }
            let spooled = spool.add(piece);
            spooled.map_err(|error| unreachable(role, &format!("the answer can't be kept: {error}")))?;
        }
        spool.finish().map_err(|error| unreachable(role, &format!("the answer can't be kept: {error}")))
    }
}

impl Transport for Http {
    fn exchange(&self, fetch: &Fetch) -> Evidence {
        let role = fetch.role();
        let tsa = self.tsas.iter().find(|(tsa, _)| role == Role::Timestamp && fetch.urls().contains(&tsa.url));
        let timeout = tsa.and_then(|(tsa, _)| tsa.timeout).unwrap_or(self.settings.timeout);
        let begun = now();
        let urls = fetch.urls().get(..ADDRESSES).unwrap_or(fetch.urls());
        let mut fault = ServiceError::new(ErrorCode::ServiceUnreachable, role).detail("no address");
        for (url, tried) in urls.iter().zip(1_u32..) {
            // Each address has its share of what the ones before it left.
            let others = u32::try_from(urls.len()).unwrap_or(1).saturating_sub(tried);
            let left = timeout.saturating_sub(now().saturating_duration_since(begun));
            let Some(deadline) = now().checked_add(left / others.saturating_add(1)) else { break };
            match self.exchange_at(fetch, url, deadline) {
                Ok((content, host)) => return Evidence::answer(fetch.id(), content).host(host),
                Err(error) => fault = error,
            }
        }
        Evidence::failure(fetch.id(), fault)
    }
}

impl fmt::Debug for Http {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tsas: Vec<&Tsa> = self.tsas.iter().map(|(tsa, _)| tsa).collect();
        f.debug_struct("Http").field("tsas", &tsas).finish_non_exhaustive()
    }
}

fn unreachable(role: Role, detail: &str) -> ServiceError {
    ServiceError::new(ErrorCode::ServiceUnreachable, role).detail(detail)
}

/// What the HTTP library says, without its words where they could hold somebody's input.
fn fault_of(role: Role, error: &ureq::Error) -> ServiceError {
    use ureq::{Error, Timeout};
    match error {
        Error::Timeout(Timeout::Connect | Timeout::Resolve) => unreachable(role, "no connection in time"),
        Error::Timeout(_) => ServiceError::new(ErrorCode::ServiceTimeout, role),
        Error::Other(other) if other.is::<Blocked>() => ServiceError::new(ErrorCode::ServiceBlocked, role),
        Error::HostNotFound => unreachable(role, "no such host"),
        Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(error) => unreachable(role, &format!("TLS: {error}")),
            None => unreachable(role, &error.kind().to_string()),
        },
        Error::Rustls(error) => unreachable(role, &format!("TLS: {error}")),
        Error::Tls(what) => unreachable(role, &format!("TLS: {what}")),
        Error::ConnectProxyFailed(_) => unreachable(role, "the proxy does not connect"),
        Error::Protocol(_) | Error::LargeResponseHeader(..) => unreachable(role, "the answer is not HTTP"),
        _ => unreachable(role, "the exchange failed"),
    }
}

const REDIRECTS: usize = 2;
// A certificate with a thousand addresses is no reason for a thousand requests.
const ADDRESSES: usize = 4;
const PIECE_BYTES: usize = 64 << 10;

#[cfg(test)]
mod tests;
