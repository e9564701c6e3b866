//! A climb and a network that do what a test says.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};

use super::super::work::{Climb, Next};
use crate::digest::DigestAlgorithm;
use crate::error::{CertificateError, Error, ErrorCode, Result, ServiceError};
use crate::evidence::{Evidence, Fetch, Role};
use crate::provider::Transport;
use crate::source::Source;
use crate::time::Time;

/// A climb to B-LTA: a time-stamp, the status of its certificate and a list, another time-stamp.
pub(super) struct Document {
    name: u8,
    pub(super) digest: DigestAlgorithm,
    needed: Vec<Fetch>,
    answers: BTreeMap<[u8; 32], (Evidence, Time)>,
    stage: usize,
    pub(super) is_archived: bool,
    pub(super) panics: bool,
    pub(super) policy: Option<String>,
}

impl Document {
    pub(super) fn new(name: u8) -> Self {
        Document {
            name,
            digest: DigestAlgorithm::Sha256,
            needed: Vec::new(),
            answers: BTreeMap::new(),
            stage: 0,
            is_archived: false,
            panics: false,
            policy: None,
        }
    }

    pub(super) fn archived(name: u8) -> Self {
        Document { is_archived: true, ..Document::new(name) }
    }

    pub(super) fn many(count: u8) -> Vec<Self> {
        (0..count).map(Document::new).collect()
    }

    fn need(&self) -> Vec<Fetch> {
        let policy = self.policy.as_deref().unwrap_or_default();
        let mut request =
            vec![self.name, u8::try_from(self.stage).unwrap(), u8::try_from(self.digest.len_bytes()).unwrap()];
        request.extend_from_slice(policy.as_bytes());
        match self.stage {
            0 | 2 => vec![Fetch::time_stamp(request)],
            _ => {
                let stamped = self.answers.values().next().unwrap().1;
                vec![
                    // Two issuers for all documents.
                    Fetch::ocsp(vec!["http://ocsp.example/".to_owned()], vec![self.name % 2]).newer_than(stamped),
                    Fetch::crl(vec!["http://crl.example/".to_owned()]),
                ]
            }
        }
    }
}

impl Climb for Document {
    fn step(&mut self) -> Result<Next> {
        assert!(!self.panics, "a climb panics");
        if self.needed.is_empty() {
            self.needed = self.need();
        }
        for fetch in &self.needed {
            let Some((evidence, _)) = self.answers.get(&fetch.id()) else {
                return Ok(Next::Need(self.needed.clone()));
            };
            let content = evidence.content().map_err(|fault| Error::from(fault.clone()))?;
            let content = content.window(0..content.len()).unwrap();
            if content.starts_with(b"bad: on hold") {
                return Err(CertificateError::new(ErrorCode::CertificateOnHold).into());
            }
            if content.starts_with(b"bad") {
                let code = match fetch.role() {
                    Role::Timestamp => ErrorCode::TimestampRejected,
                    _ => ErrorCode::OcspUnavailable,
                };
                let fault = ServiceError::new(code, fetch.role());
                return Err(Error::from(fault).of_service(fetch.role(), evidence.host_name()));
            }
        }
        self.stage += 1;
        if self.stage == if self.is_archived { 3 } else { 2 } {
            return Ok(Next::Done);
        }
        self.needed = self.need();
        Ok(Next::Need(self.needed.clone()))
    }

    fn supply(&mut self, evidence: Evidence, received: Time) {
        self.answers.insert(evidence.fetch_id(), (evidence, received));
    }

    fn retry(&mut self) {
        let is_bad = |evidence: &Evidence| {
            evidence.content().is_ok_and(|content| !content.window(0..content.len()).unwrap().starts_with(b"bad"))
        };
        self.answers.retain(|_, (evidence, _)| is_bad(evidence));
    }

    fn stamp_with(&mut self, digest: DigestAlgorithm, policy: Option<&str>) -> Result<()> {
        (self.digest, self.policy) = (digest, policy.map(str::to_owned));
        if matches!(self.stage, 0 | 2) {
            self.needed = self.need();
        }
        Ok(())
    }
}

type Answer = Box<dyn Fn(&Fetch, usize) -> Result<&'static str, ServiceError> + Send + Sync>;

/// A network: hosts with what they answer to their n-th request, and what they were asked.
#[derive(Default)]
pub(super) struct Net {
    hosts: BTreeMap<&'static str, Answer>,
    asked: Mutex<Vec<(Role, String)>>,
    running: AtomicUsize,
    pub(super) most: AtomicUsize,
    gate: (Mutex<bool>, Condvar),
}

impl Net {
    pub(super) fn new() -> Self {
        let mut net = Net::default();
        for host in ["tsa.example", "other.example", "ocsp.example", "crl.example"] {
            net = net.host(host, |_, _| Ok("good"));
        }
        net
    }

    pub(super) fn host(
        mut self,
        host: &'static str,
        answer: impl Fn(&Fetch, usize) -> Result<&'static str, ServiceError> + Send + Sync + 'static,
    ) -> Self {
        self.hosts.insert(host, Box::new(answer));
        self
    }

    pub(super) fn asked(&self) -> MutexGuard<'_, Vec<(Role, String)>> {
        self.asked.lock().unwrap()
    }

    pub(super) fn count(&self, host: &str) -> usize {
        self.asked().iter().filter(|(_, asked)| asked == host).count()
    }

    /// Lets exchanges that wait at the gate go on.
    pub(super) fn open(&self) {
        *self.gate.0.lock().unwrap() = true;
        self.gate.1.notify_all();
    }

    fn wait(&self) {
        let mut is_open = self.gate.0.lock().unwrap();
        while !*is_open {
            is_open = self.gate.1.wait(is_open).unwrap();
        }
    }
}

impl Transport for Net {
    fn exchange(&self, fetch: &Fetch) -> Evidence {
        let now = self.running.fetch_add(1, Ordering::SeqCst) + 1;
        self.most.fetch_max(now, Ordering::SeqCst);
        let host = fetch.urls()[0].split('/').nth(2).unwrap().to_owned();
        let count = self.count(&host);
        self.asked().push((fetch.role(), host.clone()));
        let answer = match host.as_str() {
            "slow.example" => {
                self.wait();
                Ok("good")
            }
            host => self.hosts[host](fetch, count),
        };
        self.running.fetch_sub(1, Ordering::SeqCst);
        match answer {
            Ok(text) => Evidence::answer(fetch.id(), Source::from_bytes(text)).host(host),
            Err(fault) => Evidence::failure(fetch.id(), ServiceError { role: fetch.role(), ..fault }.host(host)),
        }
    }
}
