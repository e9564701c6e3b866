//! Whether a signer's certificate is good, asked before the first time-stamp is bought.
//!
//! In: the signer's certificates, a plan, answers as they come. Out: requests, and at last a verdict. An answer is of
//! use for this alone: what a document is proved with has to be later than its time-stamp, and is asked for then.

use std::collections::BTreeMap;
use std::fmt;

use super::answers::Answers;
use super::collect::{self, Evidences, Unfit};
use super::plan::UpgradePlan;
use crate::answers::ValidationData;
use crate::error::{Misuse, Result};
use crate::evidence::{Evidence, Fetch};
use crate::pki::Certificate;
use crate::time::Time;

/// A question about a signer's certificate, as steps: what is needed, and what to do with it.
///
/// A document whose signer is revoked can't reach B-LT, but it has cost a time-stamp by the time that is known.
/// `service::Services` ask this by themselves; whoever sends requests himself asks it once before the first time-stamp.
///
/// ```no_run
/// # fn send(_: &eseal::Fetch) -> eseal::Evidence { unimplemented!() }
/// # fn now() -> eseal::Time { unimplemented!() }
/// # fn main() -> eseal::Result<()> {
/// # let (plan, chain): (eseal::UpgradePlan, Vec<eseal::Certificate>) = unimplemented!();
/// let mut question = eseal::SignerQuestion::new(&plan, &chain, now())?;
/// loop {
///     let fetches = question.step()?;
///     if fetches.is_empty() {
///         break; // nothing speaks against it
///     }
///     fetches.iter().for_each(|fetch| question.supply(send(fetch), now()));
/// }
/// # Ok(())
/// # }
/// ```
pub struct SignerQuestion {
    plan: UpgradePlan,
    signer: Certificate,
    chain: Vec<Certificate>,
    at: Time,
    asked: BTreeMap<[u8; 32], Fetch>,
    answers: Answers,
}

impl SignerQuestion {
    /// Asks about the first certificate of `chain`; the others may be its issuers. `now` is the time at which it is
    /// asked.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) without a certificate, or where the plan trusts nobody.
    pub fn new(plan: &UpgradePlan, chain: &[Certificate], now: Time) -> Result<Self> {
        let signer = chain.first().ok_or_else(|| Misuse::new("no certificate to ask about"))?;
        if plan.anchors.is_empty() {
            return Err(Misuse::new("an answer about a certificate counts only where somebody is trusted").into());
        }
        Ok(SignerQuestion {
            plan: plan.clone(),
            signer: signer.clone(),
            chain: chain.to_vec(),
            at: now,
            asked: BTreeMap::new(),
            answers: Answers::default(),
        })
    }

    /// What is needed next; nothing when the certificate is good, or is of a kind that is never revoked.
    ///
    /// # Errors
    /// `certificate.revoked` and `certificate.on-hold` with the signer's SHA-256 in
    /// [`CertificateError::certificate`](crate::error::CertificateError): sign nothing with it. All else means that it
    /// is not known: a service failed, its answer is no good, or no path leads to a trusted certificate.
    pub fn step(&mut self) -> Result<Vec<Fetch>> {
        let held = ValidationData::default();
        let evidences = Evidences {
            plan: &self.plan,
            held: &held,
            known: &self.chain,
            answers: &self.answers,
            limits: &self.plan.limits,
        };
        let mut unfit = Unfit::new();
        let found = collect::state_of(&self.signer, self.at, &evidences, &mut unfit);
        unfit.into_iter().for_each(|(id, error)| self.answers.refuse(&id, error));
        let open = found?;
        self.asked = open.iter().map(|fetch| (fetch.id(), fetch.clone())).collect();
        Ok(open)
    }

    /// Takes the answer to a request, in any order; `received` is the time when it came.
    pub fn supply(&mut self, evidence: Evidence, received: Time) {
        if let Some(fetch) = self.asked.get(&evidence.fetch_id()) {
            self.answers.add(fetch, &evidence, received, &self.plan.limits);
        }
    }

    /// Forgets failures and answers that were refused: the next step asks again.
    pub fn retry(&mut self) {
        self.answers.forget_failures();
    }
}

impl fmt::Debug for SignerQuestion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SignerQuestion").field("signer", &self.signer.subject()).finish_non_exhaustive()
    }
}
