//! What proves that a certificate was good: its path, and for each certificate of it what says that it is not revoked.
//!
//! In: a claim, what the document holds, and the answers so far. Out: validation data, or what is still to be asked.
//! Decided here and nowhere else: what counts as a proof, and where to ask next when an answer is no good.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::answers::{Answer, Answers};
use super::plan::UpgradePlan;
use crate::answers::ValidationData;
use crate::answers::ocsp::{self, Responder};
use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{CertificateError, Error, ErrorCode, Limit, Result};
use crate::evidence::Fetch;
use crate::limits::Limits;
use crate::pki::crl::{self, Crl};
use crate::pki::path::{self, Built, Path, Purpose};
use crate::pki::{Certificate, same_name};
use crate::source::to_u64;
use crate::time::Time;

/// That a certificate was good at a time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Claim {
    /// SHA-256 of the certificate.
    certificate: Digest,
    is_stamp: bool,
    at: Time,
}

impl Claim {
    fn new(certificate: &Certificate, purpose: Purpose, at: Time) -> Self {
        Claim { certificate: certificate.sha256(), is_stamp: purpose == Purpose::Timestamping, at }
    }
}

/// What there is to prove a claim with.
pub(super) struct Evidences<'a> {
    pub(super) plan: &'a UpgradePlan,
    pub(super) held: &'a ValidationData,
    /// Certificates that came with signatures and time-stamps.
    pub(super) known: &'a [Certificate],
    pub(super) answers: &'a Answers,
    pub(super) limits: &'a Limits,
}

/// How far a proof is.
#[derive(Debug, Clone)]
pub(super) enum Proof {
    Complete(ValidationData),
    /// Answers to these are missing.
    Open(Vec<Fetch>),
}

/// Proofs that are complete, and paths that were found: a later step does not look for them again.
#[derive(Debug, Default)]
pub(super) struct Proved {
    paths: BTreeMap<Claim, Path>,
    proofs: BTreeMap<Claim, ValidationData>,
}

impl Proved {
    /// Proves that `certificate` was good at `at`, for signing documents or time-stamps. Answers that are no good for
    /// what they were asked are added to `unfit`.
    ///
    /// # Errors
    /// `certificate.path`, `certificate.revoked`, `certificate.on-hold`, `revocation.missing`; what is wrong with the
    /// last answer that could have proved it.
    pub(super) fn prove(
        &mut self,
        certificate: &Certificate,
        purpose: Purpose,
        at: Time,
        evidences: &Evidences<'_>,
        unfit: &mut Unfit,
    ) -> Result<Proof> {
        let claim = Claim::new(certificate, purpose, at);
        if let Some(data) = self.proofs.get(&claim) {
            return Ok(Proof::Complete(data.clone()));
        }
        let mut work = Work::new(evidences, at);
        let found = match self.paths.get(&claim) {
            Some(path) => Some(path.clone()),
            None => work.path(certificate, purpose)?,
        };
        let Some(path) = found else { return Ok(Proof::Open(work.open)) };
        self.paths.entry(claim.clone()).or_insert_with(|| path.clone());
        work.take_path(&path, purpose == Purpose::Signer);
        let ran = work.run();
        unfit.append(&mut work.unfit);
        ran?;
        if !work.open.is_empty() {
            return Ok(Proof::Open(work.open));
        }
        self.proofs.insert(claim, work.data.clone());
        Ok(Proof::Complete(work.data))
    }

    /// Finds the path of a time-stamp's certificate, without a look at revocation.
    ///
    /// # Errors
    /// `certificate.path`.
    pub(super) fn find_path(
        &mut self,
        certificate: &Certificate,
        at: Time,
        evidences: &Evidences<'_>,
    ) -> Result<Option<Vec<Fetch>>> {
        let claim = Claim::new(certificate, Purpose::Timestamping, at);
        let mut work = Work::new(evidences, at);
        Ok(match work.path(certificate, Purpose::Timestamping)? {
            Some(path) => {
                self.paths.insert(claim, path);
                None
            }
            None => Some(work.open),
        })
    }
}

/// Looks for what says that a signer's certificate is not revoked now; what is still to be asked for that. Those that
/// it leads to are not looked at.
///
/// # Errors
/// As [`Proved::prove`].
pub(super) fn state_of(
    signer: &Certificate,
    at: Time,
    evidences: &Evidences<'_>,
    unfit: &mut Unfit,
) -> Result<Vec<Fetch>> {
    let mut work = Work::new(evidences, at);
    let Some(path) = work.path(signer, Purpose::Signer)? else { return Ok(work.open) };
    if let Some((certificate, issuer)) = path.pairs().next() {
        work.push(certificate, issuer, None, false);
    }
    let ran = work.run();
    unfit.append(&mut work.unfit);
    ran.map(|()| work.open)
}

/// Answers by their request, and what is wrong with them.
pub(super) type Unfit = Vec<([u8; 32], Error)>;

/// A certificate whose status is to be found.
struct Pair {
    certificate: Certificate,
    issuer: Certificate,
    /// An answer has to be of this time or later: the document's signer may have been revoked in between.
    not_older_than: Option<Time>,
    /// It signed an OCSP response itself, so that another such one does not vouch for it.
    is_responder: bool,
}

/// One claim being proved.
struct Work<'a> {
    evidences: &'a Evidences<'a>,
    at: Time,
    known: Vec<Certificate>,
    queue: VecDeque<Pair>,
    seen: BTreeSet<Vec<u8>>,
    data: ValidationData,
    open: Vec<Fetch>,
    unfit: Unfit,
}

impl<'a> Work<'a> {
    fn new(evidences: &'a Evidences<'a>, at: Time) -> Self {
        let given = evidences.known.iter().chain(evidences.held.certificates()).chain(evidences.plan.known.iter());
        let mut known: Vec<Certificate> = given.chain(evidences.answers.certificates()).cloned().collect();
        // Chains come from several places; the search looks at each certificate once.
        let mut seen = BTreeSet::new();
        known.retain(|one| seen.insert(one.sha256().as_bytes().to_vec()));
        Work {
            evidences,
            at,
            known,
            queue: VecDeque::new(),
            seen: BTreeSet::new(),
            data: ValidationData::default(),
            open: Vec::new(),
            unfit: Vec::new(),
        }
    }

    /// The path of a certificate; none while issuers are being asked for.
    fn path(&mut self, certificate: &Certificate, purpose: Purpose) -> Result<Option<Path>> {
        let Evidences { plan, limits, answers, .. } = self.evidences;
        let missing = match path::build(certificate, &self.known, &plan.anchors, self.at, purpose, limits)? {
            Built::Path(path) => return Ok(Some(path)),
            Built::Missing(missing) => missing,
        };
        let mut fault = missing.error;
        for (_, urls) in missing.issuers {
            if urls.is_empty() {
                continue;
            }
            let fetch = Fetch::certificate(urls);
            match answers.get(&fetch.id()) {
                None => self.ask(fetch)?,
                Some(answer) => {
                    if let Err(error) = &answer.content {
                        fault = error.clone();
                    }
                }
            }
        }
        if self.open.is_empty() { Err(fault) } else { Ok(None) }
    }

    fn take_path(&mut self, path: &Path, is_signer: bool) {
        let certificates = path.certificates();
        // Whoever judges later has the trusted one already.
        let below = certificates.len().saturating_sub(1).max(1);
        certificates.iter().take(below).for_each(|one| self.data.add_certificate(one));
        for (n, (certificate, issuer)) in path.pairs().enumerate() {
            let not_older_than = (is_signer && n == 0).then_some(self.at);
            self.push(certificate, issuer, not_older_than, false);
        }
    }

    fn push(&mut self, certificate: &Certificate, issuer: &Certificate, not_older_than: Option<Time>, responder: bool) {
        if self.seen.insert(certificate.sha256().as_bytes().to_vec()) {
            let (certificate, issuer) = (certificate.clone(), issuer.clone());
            self.queue.push_back(Pair { certificate, issuer, not_older_than, is_responder: responder });
        }
    }

    /// Looks at all of them, also after a fault: answers that are no good are all found at once.
    fn run(&mut self) -> Result<()> {
        let mut fault = None;
        while let Some(pair) = self.queue.pop_front() {
            let (limit, found) = (self.evidences.limits.path_signatures, to_u64(self.seen.len()));
            if found > limit {
                return Err(Limit::new("path_signatures", limit, found).into());
            }
            let extensions = pair.certificate.extensions()?;
            let is_exempt = extensions.has_no_revocation || extensions.is_short_term;
            if !is_exempt && let Err(error) = self.status(&pair) {
                fault = fault.or(Some(error));
            }
        }
        fault.map_or(Ok(()), Err)
    }

    /// Finds what says that the certificate is not revoked, or asks.
    fn status(&mut self, pair: &Pair) -> Result<()> {
        let questions = questions(pair, self.at)?;
        if self.by_ocsp(pair, &questions)? || self.by_crl(pair, &questions)? {
            return Ok(());
        }
        let mut fault = None;
        for fetch in questions {
            let id = fetch.id();
            let Some(answer) = self.evidences.answers.get(&id) else { return self.ask(fetch) };
            let unfit = self.unfit.iter().rev().find(|(other, _)| *other == id).map(|(_, error)| error.clone());
            let new = unfit.or(answer.content.as_ref().err().cloned());
            // That a list is of yesterday is no news where a service should have answered.
            let is_worth_it = |error: &Error| fault.is_none() || error.code() != ErrorCode::CrlStale;
            fault = new.filter(is_worth_it).or(fault);
        }
        let nowhere = || about(CertificateError::new(ErrorCode::RevocationMissing).into(), &pair.certificate);
        Err(fault.unwrap_or_else(nowhere))
    }

    fn by_ocsp(&mut self, pair: &Pair, questions: &[Fetch]) -> Result<bool> {
        let Evidences { plan, held, answers, limits, .. } = self.evidences;
        let fetched = answers.ocsp().map(|(id, answer, response)| (response, Some((id, answer))));
        for (response, answer) in fetched.chain(held.ocsp().iter().map(|response| (response, None))) {
            // One that the document holds has to be of the time that it speaks for, whenever it is looked at.
            let at = answer.map_or(self.at.max(response.produced_at()), |(_, answer)| answer.received);
            let question = ocsp::Question::new(&pair.certificate, &pair.issuer, at)
                .known(&self.known)
                .verified(plan.anchors.verified())
                .skew_seconds(SKEW_SECONDS);
            let question = pair.not_older_than.map_or(question, |time| question.not_older_than(time));
            let status = match response.check(&question, limits) {
                Ok(status) => status,
                Err(error) => {
                    self.note(answer, questions, error);
                    continue;
                }
            };
            if let Err(error) = status.require_good() {
                return Err(self.turned_down(answer, about(error, &pair.certificate)));
            }
            if let Responder::Delegate { certificate, has_no_check } = &status.responder {
                if !has_no_check && pair.is_responder {
                    continue;
                }
                self.data.add_certificate(certificate);
                if !has_no_check {
                    self.push(certificate, &pair.issuer, None, true);
                }
            }
            self.data.add_ocsp(response);
            return Ok(true);
        }
        Ok(false)
    }

    fn by_crl(&mut self, pair: &Pair, questions: &[Fetch]) -> Result<bool> {
        let Evidences { held, answers, limits, plan, .. } = self.evidences;
        let fetched = answers.crls().map(|(id, answer, crl)| (crl, Some((id, answer))));
        let mut reasons: Option<crl::Reasons> = None;
        let mut used = Vec::new();
        for (list, answer) in fetched.chain(held.crls().iter().map(|crl| (crl, None))) {
            let at = answer.map_or(self.at.max(list.this_update()), |(_, answer)| answer.received);
            let Some(signer) = self.signer_of(list, pair, at)? else { continue };
            let question = crl::Question::new(&pair.certificate, &signer, at).skew_seconds(SKEW_SECONDS);
            let question = pair.not_older_than.map_or(question, |time| question.not_older_than(time));
            let status = match list.check(&question, limits) {
                Ok(status) => status,
                Err(error) => {
                    self.note(answer, questions, error);
                    continue;
                }
            };
            if let Some(revocation) = &status.revocation {
                return Err(self.turned_down(answer, about(revocation.error(), &pair.certificate)));
            }
            reasons = Some(reasons.map_or(status.reasons, |others| others | status.reasons));
            used.push((list.clone(), signer));
            if reasons.is_some_and(crl::Reasons::are_all) {
                for (list, signer) in used {
                    self.data.add_crl(&list);
                    if !plan.anchors.contains(&signer) {
                        self.data.add_certificate(&signer);
                    }
                }
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// What an answer says against the certificate. Another one may say otherwise later: a suspension may be lifted.
    fn turned_down(&mut self, answer: Option<(&[u8; 32], &Answer)>, error: Error) -> Error {
        self.unfit.extend(answer.map(|(id, _)| (*id, error.clone())));
        error
    }

    /// Notes what is wrong with an answer, if it is one to these questions; others need not be about the certificate.
    fn note(&mut self, answer: Option<(&[u8; 32], &Answer)>, questions: &[Fetch], error: Error) {
        if let Some((id, answer)) = answer
            && questions.iter().any(|fetch| fetch.id() == *id)
        {
            self.unfit.push((*id, answer.fault(error)));
        }
    }

    /// Who signed a list: the certificate's issuer, or somebody with a path of its own.
    fn signer_of(&mut self, list: &Crl, pair: &Pair, at: Time) -> Result<Option<Certificate>> {
        if same_name(pair.issuer.subject_der(), list.issuer_der()) {
            return Ok(Some(pair.issuer.clone()));
        }
        let Evidences { plan, limits, .. } = self.evidences;
        let named = self.known.iter().filter(|one| same_name(one.subject_der(), list.issuer_der()));
        for signer in named.cloned().collect::<Vec<_>>() {
            if !list.is_signed_by(&signer, at)? {
                continue;
            }
            let built = path::build(&signer, &self.known, &plan.anchors, self.at, Purpose::CrlSigning, limits)?;
            if let Built::Path(path) = built {
                self.take_path(&path, false);
                return Ok(Some(signer));
            }
        }
        Ok(None)
    }

    fn ask(&mut self, fetch: Fetch) -> Result<()> {
        let (limit, found) = (self.evidences.limits.fetches, to_u64(self.evidences.answers.count(fetch.role())));
        if found >= limit {
            return Err(Limit::new("fetches", limit, found.saturating_add(1)).into());
        }
        if !self.open.iter().any(|other| other.id() == fetch.id()) {
            self.open.push(fetch);
        }
        Ok(())
    }
}

/// Where to ask for the status of a certificate, in order: OCSP, then the lists.
fn questions(pair: &Pair, at: Time) -> Result<Vec<Fetch>> {
    let extensions = pair.certificate.extensions()?;
    let mut questions = Vec::new();
    if !extensions.ocsp_urls.is_empty() {
        let question = ocsp::Question::new(&pair.certificate, &pair.issuer, at);
        let fetch = Fetch::ocsp(extensions.ocsp_urls.clone(), question.to_der(OCSP_HASH)?);
        // For the signer this is checked; of the others a newer answer is better, but services make some in advance.
        questions.push(fetch.newer_than(at));
    }
    for point in &extensions.crl_points {
        let urls: Vec<String> = point.urls().map(str::to_owned).collect();
        if !urls.is_empty() {
            questions.push(Fetch::crl(urls));
        }
    }
    Ok(questions)
}

/// Names the certificate that an error is about.
fn about(error: Error, certificate: &Certificate) -> Error {
    match error {
        Error::Certificate(mut fault) => {
            fault.subject = Some(certificate.subject().to_owned());
            fault.certificate = Some(Box::new(certificate.sha256()));
            Error::Certificate(fault)
        }
        other => other,
    }
}

/// How far the clocks of services and of this machine may differ.
pub(super) const SKEW_SECONDS: u64 = 300;
/// The hash that every OCSP service knows.
const OCSP_HASH: DigestAlgorithm = DigestAlgorithm::Sha1ForLegacyValidation;
