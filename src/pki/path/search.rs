//! Candidates for the next issuer, one after the other, to the first path that holds.

use std::collections::BTreeMap;

use super::{Anchors, Built, Missing, Path, Purpose, check};
use crate::error::{CertificateError, Error, ErrorCode, Limit, PathFault, Result};
use crate::limits::Limits;
use crate::pki::Certificate;
use crate::pki::constraints::Comparisons;
use crate::pki::name::NameKey;
use crate::source::to_u64;
use crate::time::Time;

/// One search; certificates are named by their place in the pool, the target has the first.
pub(super) struct Search<'a> {
    pool: Vec<Member<'a>>,
    places: BTreeMap<&'a [u8], usize>,
    anchors: &'a Anchors,
    at: Time,
    purpose: Purpose,
    limits: &'a Limits,
    /// Whether the first was signed by the second's key.
    signed_by: BTreeMap<(usize, usize), bool>,
    comparisons: Comparisons,
    /// Why the first path that ended at an anchor does not hold.
    broken: Option<Error>,
    dead_ends: BTreeMap<usize, PathFault>,
    is_too_long: bool,
}

/// A certificate that may be on the way.
struct Member<'a> {
    certificate: &'a Certificate,
    name: NameKey,
    is_anchor: bool,
}

/// A certificate on the way, and who may have issued it.
struct Step {
    certificate: usize,
    candidates: Vec<usize>,
    next: usize,
    has_issuer: bool,
    /// Why a candidate that should be the issuer, by name and key identifier, is none.
    fault: Option<PathFault>,
}

impl<'a> Search<'a> {
    pub(super) fn new(
        target: &'a Certificate,
        known: &'a [Certificate],
        anchors: &'a Anchors,
        at: Time,
        purpose: Purpose,
        limits: &'a Limits,
    ) -> Self {
        let mut search = Search {
            pool: Vec::new(),
            places: BTreeMap::new(),
            anchors,
            at,
            purpose,
            limits,
            signed_by: BTreeMap::new(),
            comparisons: Comparisons::new(limits.path_names),
            broken: None,
            dead_ends: BTreeMap::new(),
            is_too_long: false,
        };
        for certificate in std::iter::once(target).chain(known) {
            search.add(certificate);
        }
        search
    }

    /// Puts a certificate into the pool, unless it is there.
    fn add(&mut self, certificate: &'a Certificate) {
        let next = self.pool.len();
        if *self.places.entry(certificate.as_der()).or_insert(next) == next {
            let name = NameKey::of(certificate.subject_der());
            let is_anchor = self.anchors.named(&name).contains(certificate);
            self.pool.push(Member { certificate, name, is_anchor });
        }
    }

    fn certificate(&self, place: usize) -> Option<&'a Certificate> {
        self.pool.get(place).map(|member| member.certificate)
    }

    fn is_anchor(&self, place: usize) -> bool {
        self.pool.get(place).is_some_and(|member| member.is_anchor)
    }

    pub(super) fn run(mut self) -> Result<Built> {
        if self.is_anchor(TARGET)
            && let Some(path) = self.checked(vec![TARGET])?
        {
            return Ok(Built::Path(path));
        }
        let mut steps = vec![self.step(TARGET)];
        while let Some(step) = steps.last_mut() {
            let Some(&candidate) = step.candidates.get(step.next) else {
                if !step.has_issuer {
                    let fault = step.fault.unwrap_or(PathFault::IssuerMissing);
                    self.dead_ends.entry(step.certificate).or_insert(fault);
                }
                steps.pop();
                continue;
            };
            step.next += 1;
            let subject = step.certificate;
            if !self.is_signed_by(subject, candidate)? {
                step.fault = step.fault.or_else(|| self.fault_of_issuer(subject, candidate));
                continue;
            }
            step.has_issuer = true;
            if steps.iter().any(|step| self.is_same_entity(step.certificate, candidate)) {
                continue;
            }
            if to_u64(steps.len()) >= self.limits.path_depth {
                self.is_too_long = true;
            } else if self.is_anchor(candidate) {
                let path = steps.iter().map(|step| step.certificate).chain([candidate]).collect();
                if let Some(path) = self.checked(path)? {
                    return Ok(Built::Path(path));
                }
            } else {
                steps.push(self.step(candidate));
            }
        }
        self.without_path()
    }

    /// The path, if it holds; otherwise the fault is noted.
    fn checked(&mut self, places: Vec<usize>) -> Result<Option<Path>> {
        let path: Vec<Certificate> = places.into_iter().filter_map(|place| self.certificate(place).cloned()).collect();
        match check::check(&path, self.at, self.purpose, &mut self.comparisons) {
            Ok(()) => return Ok(Some(Path(path))),
            Err(error @ Error::LimitExceeded(_)) => return Err(error),
            Err(error) => self.broken = self.broken.take().or(Some(error)),
        }
        Ok(None)
    }

    /// Who may have issued it by name: the trusted first, then those whose key identifier fits.
    fn step(&mut self, place: usize) -> Step {
        let mut candidates = Vec::new();
        if let Some(certificate) = self.certificate(place) {
            let issuer = NameKey::of(certificate.issuer_der());
            let anchors = self.anchors;
            anchors.named(&issuer).iter().for_each(|anchor| self.add(anchor));
            let named = self.pool.iter().enumerate().filter(|(_, member)| member.name == issuer);
            candidates = named.map(|(place, _)| place).collect();
        }
        candidates.sort_by_cached_key(|other| {
            let fits = self.key_id_relation(place, *other);
            (!self.is_anchor(*other), fits == Some(false), fits.is_none(), !self.is_valid(*other))
        });
        Step { certificate: place, candidates, next: 0, has_issuer: false, fault: None }
    }

    /// Whether the key identifiers of subject and issuer agree; `None`: one has none.
    fn key_id_relation(&self, subject: usize, issuer: usize) -> Option<bool> {
        let wanted = self.certificate(subject)?.extensions().ok()?.authority_key_id.as_deref()?;
        Some(self.certificate(issuer)?.subject_key_id()? == wanted)
    }

    fn is_valid(&self, place: usize) -> bool {
        self.certificate(place).is_some_and(|c| (c.not_before()..=c.not_after()).contains(&self.at))
    }

    fn is_signed_by(&mut self, subject: usize, issuer: usize) -> Result<bool> {
        if let Some(verdict) = self.signed_by.get(&(subject, issuer)) {
            return Ok(*verdict);
        }
        let done = to_u64(self.signed_by.len()) + 1;
        if done > self.limits.path_signatures {
            return Err(Limit::new("path_signatures", self.limits.path_signatures, done).into());
        }
        let (Some(certificate), Some(signer)) = (self.certificate(subject), self.certificate(issuer)) else {
            return Ok(false);
        };
        let verdict = self.anchors.verified().is_signed_by(certificate, signer);
        self.signed_by.insert((subject, issuer), verdict);
        Ok(verdict)
    }

    /// Whether both have the same name and key: the second way through the same CA is a loop.
    fn is_same_entity(&self, one: usize, other: usize) -> bool {
        let (Some(a), Some(b)) = (self.pool.get(one), self.pool.get(other)) else { return false };
        one == other || (a.name == b.name && a.certificate.key().is_same_key(b.certificate.key()))
    }

    /// Why `issuer` is none, unless its key identifier says that another one of its name is meant.
    fn fault_of_issuer(&self, subject: usize, issuer: usize) -> Option<PathFault> {
        let (certificate, signer) = (self.certificate(subject)?, self.certificate(issuer)?);
        let is_known = certificate.signature_algorithm(signer.key()).is_some();
        let fault = if is_known { PathFault::Signature } else { PathFault::Algorithm };
        (self.key_id_relation(subject, issuer) != Some(false)).then_some(fault)
    }

    fn without_path(self) -> Result<Built> {
        if let Some(broken) = self.broken {
            return Err(broken);
        }
        let mut issuers = Vec::new();
        let mut error = None;
        for (place, fault) in &self.dead_ends {
            let Some(certificate) = self.certificate(*place) else { continue };
            let urls = certificate.extensions().map(|read| read.issuer_urls.clone()).unwrap_or_default();
            if !urls.is_empty() {
                issuers.push((certificate.clone(), urls));
            }
            error = error.or(Some(fault_of(*fault, certificate)));
        }
        if self.is_too_long {
            let depth = self.limits.path_depth;
            error = error.or(Some(Limit::new("path_depth", depth, depth + 1).into()));
        }
        // Nothing is missing where all ways end at roots, or in circles.
        let error = error.or_else(|| self.last_root().map(|root| fault_of(PathFault::Untrusted, root)));
        let error = error.unwrap_or(Error::Bug("a search without an end"));
        if issuers.is_empty() { Err(error) } else { Ok(Built::Missing(Missing { issuers, error })) }
    }

    /// The self-signed certificate that was reached, or else the last one that signed another.
    fn last_root(&self) -> Option<&Certificate> {
        let signers = self.signed_by.iter().filter(|(_, verdict)| **verdict).map(|((_, issuer), _)| *issuer);
        let mut reached: Vec<usize> = signers.collect();
        reached.sort_by_key(|place| self.signed_by.get(&(*place, *place)) == Some(&true));
        reached.last().and_then(|place| self.certificate(*place))
    }
}

fn fault_of(fault: PathFault, certificate: &Certificate) -> Error {
    CertificateError::new(ErrorCode::CertificatePath).on_path(fault, certificate.subject()).into()
}

const TARGET: usize = 0;
