//! Names become addresses here, and a connection goes to the very address that was looked at.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::net::{IpAddr, SocketAddr, ToSocketAddrs};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use ureq::config::Config;
use ureq::http::Uri;
use ureq::unversioned::resolver::{ResolvedSocketAddrs, Resolver};
use ureq::unversioned::transport::NextTimeout;

use crate::service::address::{Address, Allowed, is_public};
use crate::service::complete::now;

/// Looks up a name.
pub(super) trait Lookup: Send + Sync {
    fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>>;
}

/// The system's way to look up names.
pub(super) struct SystemLookup;

impl Lookup for SystemLookup {
    fn lookup(&self, host: &str) -> io::Result<Vec<IpAddr>> {
        Ok((host, 0).to_socket_addrs()?.map(|address| address.ip()).collect())
    }
}

/// A name leads nowhere but to networks that may not be asked.
#[derive(Debug)]
pub(super) struct Blocked;

impl fmt::Display for Blocked {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the address is not one that may be asked")
    }
}

impl std::error::Error for Blocked {}

/// Looks up names, and leaves out what may not be asked.
pub(super) struct CheckedResolver {
    allowed: Allowed,
    lookup: Arc<dyn Lookup>,
    /// Connections are used again, but the library looks up their names all the same.
    known: Mutex<BTreeMap<String, (Instant, Vec<IpAddr>)>>,
}

impl CheckedResolver {
    pub(super) fn new(allowed: Allowed, lookup: Arc<dyn Lookup>) -> Self {
        CheckedResolver { allowed, lookup, known: Mutex::default() }
    }

    fn addresses(&self, host: &str, timeout: NextTimeout) -> Result<Vec<IpAddr>, ureq::Error> {
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let moment = now();
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, addresses)) = known().get(host).filter(|(at, _)| moment.duration_since(*at) < FRESH) {
            return Ok(addresses.clone());
        }
        let (sender, receiver) = mpsc::sync_channel(1);
        let (lookup, name) = (Arc::clone(&self.lookup), host.to_owned());
        // The system's lookup knows no timeout.
        std::thread::Builder::new().name("eseal-lookup".to_owned()).spawn(move || {
            let _ = sender.send(lookup.lookup(&name));
        })?;
        let addresses = match receiver.recv_timeout(*timeout.after) {
            Ok(Ok(addresses)) => addresses,
            Ok(Err(_)) | Err(RecvTimeoutError::Disconnected) => return Err(ureq::Error::HostNotFound),
            Err(RecvTimeoutError::Timeout) => return Err(ureq::Error::Timeout(timeout.reason)),
        };
        let mut known = known();
        if known.len() >= NAMES {
            known.clear();
        }
        known.insert(host.to_owned(), (moment, addresses.clone()));
        Ok(addresses)
    }
}

impl Resolver for CheckedResolver {
    fn resolve(&self, uri: &Uri, _: &Config, timeout: NextTimeout) -> Result<ResolvedSocketAddrs, ureq::Error> {
        let blocked = || ureq::Error::Other(Box::new(Blocked));
        let address = Address::parse(&uri.to_string()).ok_or_else(blocked)?;
        let found = self.addresses(address.host(), timeout)?;
        if found.is_empty() {
            return Err(ureq::Error::HostNotFound);
        }
        let is_allowed = self.allowed.contains(address.host(), address.port());
        let mut checked = self.empty();
        for ip in found.into_iter().filter(|ip| is_allowed || is_public(*ip)).take(MOST) {
            checked.push(SocketAddr::new(ip, address.port()));
        }
        if checked.is_empty() { Err(blocked()) } else { Ok(checked) }
    }
}

impl fmt::Debug for CheckedResolver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CheckedResolver").finish_non_exhaustive()
    }
}

const FRESH: Duration = Duration::from_secs(30);
const NAMES: usize = 1_024;
// The library has room for 16.
const MOST: usize = 8;
