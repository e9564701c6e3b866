//! Whom services are asked through: the network, folders of answers, or nobody.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use eseal::service::{Cache, FolderTransport, Http, HttpSettings, Services, Tsa};
use eseal::system::SystemClock;
use eseal::{Clock, Limits, Result, Secret, Time, Transport, key};

use super::config::Common;
use super::run::{Ends, TO_THE_END};
use super::secrets::{hide, secret_in_run};
use super::signing::read_certificates;
use super::tsa::{self, TsaTable};
use super::waiting::read_waiting;
use super::{Outcome, Stop, args};

/// What was said about services.
pub(crate) struct Asking {
    tsas: Vec<TsaTable>,
    allow_host: Vec<String>,
    proxy: Option<String>,
    timeout: Option<Duration>,
    requests: usize,
    cache: Option<PathBuf>,
    evidence: Option<PathBuf>,
    record: Option<PathBuf>,
    ask: Option<PathBuf>,
    /// The time that was named in place of the clock's.
    time: Option<Time>,
}

impl Asking {
    /// Services that may be asked over the network.
    pub(crate) fn new(args: &args::Services, common: &Common) -> Outcome<Asking> {
        let tsas = tsa::chosen(&args.tsa, &common.tsa_tables).map_err(|what| Stop::Usage(format!("--tsa: {what}")))?;
        if args.requests == Some(0) {
            return Err(Stop::Usage("--requests wants at least 1".into()));
        }
        Ok(Asking {
            tsas,
            allow_host: args.allow_host.clone(),
            proxy: args.proxy.clone(),
            timeout: args.timeout.map(|seconds| Duration::from_secs(seconds.into())),
            requests: args.requests.unwrap_or(REQUESTS),
            cache: args.cache.clone(),
            evidence: None,
            record: None,
            ask: None,
            time: None,
        })
    }

    /// The same on the way to a level, where folders may stand in for the network.
    pub(crate) fn climbing(
        args: &args::Climb,
        ask: Option<&Path>,
        time: Option<Time>,
        common: &Common,
    ) -> Outcome<Asking> {
        Ok(Asking {
            evidence: args.evidence.clone(),
            record: args.record.clone(),
            ask: ask.map(Path::to_owned),
            time,
            ..Asking::new(&args.services, common)?
        })
    }

    /// Whether anybody or anything can answer.
    pub(crate) fn has_somebody(&self) -> bool {
        !self.tsas.is_empty() || self.is_offline()
    }

    /// The address of the preferred time-stamping service.
    pub(crate) fn preferred(&self) -> Option<&str> {
        self.tsas.first().map(|tsa| &*tsa.url)
    }

    /// The address of the time-stamping service on this host.
    pub(crate) fn url_of<'a>(&'a self, host: &'a str) -> &'a str {
        let is_it = |tsa: &&TsaTable| host_of(&tsa.url).is_some_and(|found| found.eq_ignore_ascii_case(host));
        self.tsas.iter().find(is_it).map_or(host, |tsa| &*tsa.url)
    }

    /// The services, ready to be asked; `workers` threads do what lies between the answers.
    pub(crate) fn services(&self, workers: usize, limits: &Limits, ends: &Ends) -> Outcome<Services> {
        let mut tsas = Vec::with_capacity(self.tsas.len());
        for table in &self.tsas {
            tsas.push(if self.is_offline() { only_asked(table)? } else { set_up(table, limits, &ends.in_order)? });
        }
        if self.is_offline() && tsas.is_empty() {
            tsas.push(Tsa::new(NOBODY).map_err(Stop::about("--evidence"))?);
        }
        let transport = self.transport(&tsas, limits)?;
        let clock: Arc<dyn Clock> = match self.time {
            Some(time) => Arc::new(Stopped(time)),
            None => Arc::new(SystemClock),
        };
        let mut cache = Cache::default();
        if let Some(folder) = &self.cache {
            cache = cache.directory(folder, limits).map_err(Stop::about(folder.display().to_string()))?;
        }
        let services = Services::new(transport, clock).tsas(tsas).requests(self.requests).workers(workers);
        let services = services.cache(cache).finish_on(&ends.in_order, TO_THE_END).cancel_on(&ends.at_once);
        Ok(if self.is_offline() { services.offline() } else { services })
    }

    pub(crate) fn is_offline(&self) -> bool {
        self.evidence.is_some() || self.ask.is_some()
    }

    fn transport(&self, tsas: &[Tsa], limits: &Limits) -> Outcome<Arc<dyn Transport>> {
        if self.is_offline() {
            let folders = self.evidence.iter().chain(&self.ask);
            let files = folders.fold(FolderTransport::new(limits), |files, folder| files.answers(folder));
            return Ok(match &self.ask {
                Some(folder) => Arc::new(files.ask(folder)),
                None => Arc::new(files),
            });
        }
        let mut settings = HttpSettings::new(limits);
        for host in &self.allow_host {
            settings = settings.allow(host).map_err(Stop::about("--allow-host"))?;
        }
        if let Some(proxy) = &self.proxy {
            settings = settings.proxy(proxy).map_err(Stop::about("--proxy"))?;
        }
        if let Some(timeout) = self.timeout {
            settings = settings.timeout(timeout);
        }
        let http = Http::new(settings, tsas).map_err(Stop::about("--tsa"))?;
        Ok(match &self.record {
            Some(folder) => Arc::new(FolderTransport::new(limits).or_else(Arc::new(http)).record(folder)),
            None => Arc::new(http),
        })
    }
}

/// A service with what its requests depend on.
fn only_asked(table: &TsaTable) -> Outcome<Tsa> {
    let about = || Stop::about(format!("tsa {}", table.url));
    let tsa = Tsa::new(&*table.url).map_err(about())?;
    let tsa = match &table.policy {
        Some(policy) => tsa.policy(policy).map_err(about())?,
        None => tsa,
    };
    let tsa = if table.nonce == Some(false) { tsa.without_nonce() } else { tsa };
    table.digest.map_or(Ok(tsa.clone()), |digest| tsa.digest(digest)).map_err(about())
}

/// A service with all that its table says, and what stands in the files that the table names.
fn set_up(table: &TsaTable, limits: &Limits, cancel: &Arc<AtomicBool>) -> Outcome<Tsa> {
    let about = || Stop::about(format!("tsa {}", table.url));
    let mut tsa = only_asked(table)?;
    if let (Some(chain), Some(key)) = (&table.client_cert, &table.client_key_file) {
        let password = table.client_key_password_file.as_deref();
        let password = password.map(|path| secret_in_run(path, limits, cancel)).transpose()?;
        hide();
        let pem = read_waiting(key, "key_bytes", limits.key_bytes, cancel);
        let pem = pem.and_then(|bytes| key::to_pem(&bytes, password.as_ref(), limits));
        let pem: Secret = pem.map_err(Stop::about(key.display().to_string()))?;
        tsa = tsa.client_key(read_certificates(chain, limits)?, pem);
    }
    if let (Some(username), Some(path)) = (&table.username, &table.password_file) {
        tsa = tsa.basic(&**username, secret_in_run(path, limits, cancel)?);
    }
    if let Some(path) = &table.bearer_file {
        tsa = tsa.bearer(secret_in_run(path, limits, cancel)?);
    }
    if let Some(path) = &table.ca {
        tsa = tsa.ca(read_certificates(path, limits)?);
    }
    if let Some(proxy) = &table.proxy {
        tsa = tsa.proxy(&**proxy).map_err(about())?;
    }
    let tsa = table.timeout.map_or(tsa.clone(), |seconds| tsa.timeout(Duration::from_secs(seconds.into())));
    let tsa = table.rate.map_or(tsa.clone(), |rate| tsa.rate(rate));
    Ok(table.budget.map_or(tsa.clone(), |budget| tsa.budget(budget.into())))
}

/// A clock that shows the time that was named: for tests.
struct Stopped(Time);

impl Clock for Stopped {
    fn now(&self) -> Result<Time> {
        Ok(self.0)
    }
}

/// The host of an address, without its port.
fn host_of(url: &str) -> Option<&str> {
    let authority = url.split_once("://")?.1.split(['/', '?', '#']).next()?;
    let end = match authority.rfind(']') {
        Some(end) => end.checked_add(1)?,
        None => authority.find(':').unwrap_or(authority.len()),
    };
    authority.get(..end)
}

const REQUESTS: usize = 16;
// Whose answers come out of files need not be named.
const NOBODY: &str = "http://time-stamps.invalid/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_host_of_an_address() {
        for (url, host) in [
            ("http://tsa.example/x", "tsa.example"),
            ("https://tsa.example:8443", "tsa.example"),
            ("http://127.0.0.1:9/x:1", "127.0.0.1"),
            ("http://[::1]:80/", "[::1]"),
        ] {
            assert_eq!(host_of(url), Some(host));
        }
    }
}
