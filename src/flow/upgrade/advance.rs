//! How one unit gets on with the answers that are there.

use std::sync::Arc;

use super::answers::Content;
use super::carrier::Collected;
use super::collect::{Evidences, Proof, SKEW_SECONDS, Unfit};
use super::report::AddedTimeStamp;
use super::unit::{Pending, Stage};
use super::{Settings, Upgrade};
use crate::answers::ValidationData;
use crate::answers::timestamp::{self, Request, Token};
use crate::digest::to_hex;
use crate::error::{Error, ErrorCode, Result, Scope, ServiceError};
use crate::evidence::{Fetch, Role};
use crate::pki::Certificate;
use crate::pki::path::Purpose;
use crate::signing::{StampKind, Subject};
use crate::time::{Moment, derive};

impl Upgrade {
    /// Brings a unit as far as the answers allow, but not beyond a stage; what it needs to go on.
    pub(super) fn advance(&mut self, number: usize, last: Stage) -> Result<Vec<Fetch>> {
        loop {
            let Some(unit) = self.units.get(number) else { return Ok(Vec::new()) };
            if unit.is_left_out() || unit.stage > last {
                return Ok(Vec::new());
            }
            let open = match unit.stage {
                Stage::Done => return Ok(Vec::new()),
                Stage::Stamp => self.stamp(number, false)?,
                Stage::Collect => self.collect(number)?,
                Stage::Archive => self.stamp(number, true)?,
            };
            if !open.is_empty() {
                return Ok(open);
            }
        }
    }

    /// Asks for a time-stamp, or takes it and puts it in.
    fn stamp(&mut self, number: usize, is_archive: bool) -> Result<Vec<Fetch>> {
        let Some(unit) = self.units.get_mut(number) else { return Ok(Vec::new()) };
        let label: &[u8] = if is_archive { b"archive" } else { b"stamp" };
        let nonce = nonce_of(&self.moment, label, number, unit.steps);
        if unit.pending.is_none() {
            let key = (number_of(number), unit.steps);
            let of_plan = || Settings {
                digest: self.plan.digest,
                policy: self.plan.policy.clone(),
                has_nonce: self.plan.has_nonce,
            };
            let settings = self.settings.get(&key).cloned().unwrap_or_else(of_plan);
            let wanted = self.carrier.stamp(number, is_archive, settings.digest, unit.room, &nonce)?;
            let mut request = Request::new(wanted.imprint);
            if settings.has_nonce {
                request = request.nonce_from(&nonce);
            }
            if let Some(policy) = &settings.policy {
                request = request.policy(policy)?;
            }
            let fetch = Fetch::time_stamp(request.to_der());
            unit.pending = Some(Pending { wanted, request, fetch, settings });
        }
        let Some(pending) = &unit.pending else { return Ok(Vec::new()) };
        let (id, fetch) = (pending.fetch.id(), pending.fetch.clone());
        let token = match self.accept(number, &id)? {
            Accepted::Token(token) => token,
            Accepted::Missing => return Ok(vec![fetch]),
            Accepted::Open(fetches) => return Ok(fetches),
        };
        self.put(number, is_archive, &id, &token, &nonce)?;
        Ok(Vec::new())
    }

    /// The token that answers the request, after all checks.
    fn accept(&mut self, number: usize, id: &[u8; 32]) -> Result<Accepted> {
        let Some(answer) = self.answers.get(id).cloned() else { return Ok(Accepted::Missing) };
        let Content::Stamp(bytes) = answer.content? else { return Err(Error::Bug("no answer of a TSA")) };
        let Some(pending) = self.units.get(number).and_then(|unit| unit.pending.as_ref()) else {
            return Err(Error::Bug("a time-stamp that nobody waits for"));
        };
        // It was made after the request was, and before it came.
        let since = answer.received.as_unix().abs_diff(self.moment.time().as_unix());
        let tolerance = SKEW_SECONDS.saturating_add(since);
        let accepted = timestamp::accept(&bytes, &pending.request, answer.received, tolerance, &self.plan.limits);
        let refused = |error: Error| error.of_service(Role::Timestamp, answer.host.as_deref());
        let token = match accepted {
            Ok(token) => Arc::new(token),
            Err(error) => {
                let error = refused(error);
                self.answers.refuse(id, error.clone());
                return Err(error);
            }
        };
        match self.find_path(number, &token) {
            Ok(None) => Ok(Accepted::Token(token)),
            Ok(Some(fetches)) => Ok(Accepted::Open(fetches)),
            Err(error) => {
                let error = refused(untrusted(error));
                self.answers.refuse(id, error.clone());
                Err(error)
            }
        }
    }

    /// Looks for the path of a token's certificate; what to ask for where issuers are missing.
    fn find_path(&mut self, number: usize, token: &Token) -> Result<Option<Vec<Fetch>>> {
        if self.plan.anchors.is_empty() {
            return Ok(None);
        }
        let held = self.held(number)?;
        let evidences = Evidences {
            plan: &self.plan,
            held: &held,
            known: token.certificates(),
            answers: &self.answers,
            limits: &self.plan.limits,
        };
        self.proved.find_path(token.certificate()?, token.time(), &evidences)
    }

    fn put(
        &mut self,
        number: usize,
        is_archive: bool,
        id: &[u8; 32],
        token: &Arc<Token>,
        nonce: &[u8; 32],
    ) -> Result<()> {
        let Some(unit) = self.units.get_mut(number) else { return Ok(()) };
        let Some(Pending { wanted, settings, .. }) = unit.pending.take() else { return Ok(()) };
        self.settings.insert((number_of(number), unit.steps), settings);
        unit.steps = unit.steps.saturating_add(1);
        unit.held = None;
        match self.carrier.put_stamp(number, is_archive, wanted, token, nonce) {
            // The room is part of what is stamped: another time-stamp is needed, with more of it.
            Err(Error::PlaceholderTooSmall { needed, .. }) if needed > unit.room => {
                unit.room = needed.next_multiple_of(ROUND_BYTES);
                return Ok(());
            }
            other => other?,
        }
        let subjects = self.carrier.subjects(number).iter().zip(&unit.left_out);
        let is_stamped = subjects.clone().all(|(subject, fault)| fault.is_some() || !subject.stamps.is_empty());
        if !is_stamped {
            // It did not fit into the signature: the next one is the document's.
            return Ok(());
        }
        self.added.push(AddedTimeStamp {
            host: self.answers.get(id).and_then(|answer| answer.host.clone()),
            time: token.info().time_text(),
            serial: to_hex(token.info().serial()),
            policy: token.info().policy().to_owned(),
        });
        if is_archive {
            unit.after_archive();
        } else {
            unit.after_stamp(&self.plan);
        }
        Ok(())
    }

    /// What the document holds to prove a unit.
    fn held(&mut self, number: usize) -> Result<Arc<ValidationData>> {
        let Some(unit) = self.units.get_mut(number) else { return Ok(Arc::default()) };
        if let Some(held) = &unit.held {
            return Ok(Arc::clone(held));
        }
        let held = Arc::new(self.carrier.held(number)?);
        unit.held = Some(Arc::clone(&held));
        Ok(held)
    }

    /// Collects what proves the signatures of a unit, and puts it in when it is complete.
    fn collect(&mut self, number: usize) -> Result<Vec<Fetch>> {
        let held = self.held(number)?;
        let subjects: Vec<Subject> = self.carrier.subjects(number).to_vec();
        let mut collected = Collected::default();
        let mut open: Vec<Fetch> = Vec::new();
        for (n, subject) in subjects.iter().enumerate() {
            if self.units.get(number).and_then(|unit| unit.left_out.get(n)).is_none_or(Option::is_some) {
                continue;
            }
            match self.prove_subject(subject, &held, &mut collected) {
                Ok(fetches) => open.extend(fetches),
                Err(error) if error.scope() == Scope::Document => self.leave_out(number, n, error),
                Err(error) => return Err(error),
            }
        }
        if !open.is_empty() {
            return Ok(open);
        }
        let Some(unit) = self.units.get_mut(number) else { return Ok(open) };
        if unit.is_left_out() {
            return Ok(open);
        }
        let nonce = nonce_of(&self.moment, b"data", number, unit.steps);
        self.carrier.put_data(number, &collected, &held, &nonce)?;
        unit.held = None;
        unit.after_data(&self.plan);
        Ok(open)
    }

    fn prove_subject(
        &mut self,
        subject: &Subject,
        held: &ValidationData,
        collected: &mut Collected,
    ) -> Result<Vec<Fetch>> {
        let mut known: Vec<Certificate> = subject.certificates.clone();
        subject.stamps.iter().for_each(|stamp| known.extend_from_slice(stamp.token.certificates()));
        let evidences =
            Evidences { plan: &self.plan, held, known: &known, answers: &self.answers, limits: &self.plan.limits };
        let mut open = Vec::new();
        let mut unfit = Unfit::new();
        // What an archive time-stamp covers is proved by it: what is missing there is completed where that is possible.
        let last_archive = subject.stamps.iter().rposition(|stamp| stamp.kind == StampKind::Archive);
        let signer = subject.signer.as_ref().zip(subject.existed_at());
        // The first fault counts, but all answers are looked at, so that a next try asks anew for each that is no good.
        let mut fault: Option<Error> = None;
        let mut prove = || -> Result<()> {
            if let Some((signer, at)) = signer {
                match self.proved.prove(signer, Purpose::Signer, at, &evidences, &mut unfit) {
                    Ok(Proof::Complete(data)) => collected.signer.add_all(&data),
                    Ok(Proof::Open(fetches)) => open.extend(fetches),
                    Err(_) if last_archive.is_some() => {}
                    Err(error) => fault = Some(error),
                }
            }
            for (n, stamp) in subject.stamps.iter().enumerate() {
                let (certificate, at) = (stamp.token.certificate()?, stamp.token.time());
                match self.proved.prove(certificate, Purpose::Timestamping, at, &evidences, &mut unfit) {
                    Ok(Proof::Complete(data)) => collected.stamps.push((n, data)),
                    Ok(Proof::Open(fetches)) => open.extend(fetches),
                    Err(_) if last_archive.is_some_and(|last| n < last) => {}
                    Err(error) => fault = fault.take().or(Some(error)),
                }
            }
            fault.take().map_or(Ok(()), Err)
        };
        let proved = prove();
        unfit.into_iter().for_each(|(id, error)| self.answers.refuse(&id, error));
        proved.map(|()| open)
    }

    fn leave_out(&mut self, number: usize, subject: usize, error: Error) {
        if let Some(fault) = self.units.get_mut(number).and_then(|unit| unit.left_out.get_mut(subject)) {
            *fault = Some(error);
        }
    }
}

/// What became of a request for a time-stamp.
enum Accepted {
    Token(Arc<Token>),
    Missing,
    /// Issuers of its certificate are missing.
    Open(Vec<Fetch>),
}

/// A TSA that nobody trusts is a fault of the service.
fn untrusted(error: Error) -> Error {
    match error {
        Error::Certificate(fault) if fault.code == ErrorCode::CertificatePath => {
            let detail = [fault.fault.map(|fault| fault.to_string()), fault.subject].into_iter().flatten();
            let detail = detail.collect::<Vec<_>>().join(": ");
            ServiceError::new(ErrorCode::TimestampUntrusted, Role::Timestamp).detail(&detail).into()
        }
        other => other,
    }
}

/// SHA-256 over the document's nonce and what it is for.
fn nonce_of(moment: &Moment, label: &[u8], unit: usize, count: u64) -> [u8; 32] {
    derive(&[moment.nonce(), label, &number_of(unit).to_be_bytes(), &count.to_be_bytes()])
}

fn number_of(unit: usize) -> u64 {
    u64::try_from(unit).unwrap_or(u64::MAX)
}

/// Rooms are rounded up to this.
const ROUND_BYTES: usize = 1_024;
