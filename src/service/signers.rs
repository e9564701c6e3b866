//! What is known of signers' certificates before a time-stamp is bought for their documents: each is asked about once.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use super::complete;
use super::{Cache, Services};
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::flow::{SignerQuestion, Upgrade, UpgradePlan};
use crate::pki::Certificate;
use crate::time::Time;

/// What is known of a signer's certificate.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum SignerState {
    /// Nothing speaks against it.
    Good,
    /// Nobody said: a service failed, its answer is no good, or no path leads to a trusted certificate.
    Unknown(Error),
}

/// By SHA-256 of the certificate.
#[derive(Default)]
pub(super) struct Signers(Mutex<BTreeMap<Digest, Known>>);

#[derive(Clone)]
struct Known {
    certificate: Certificate,
    asked: Time,
    /// Whoever comes second waits for the first.
    state: Arc<OnceLock<Result<SignerState>>>,
}

impl Services {
    /// What is known of the first certificate of `chain`, asked once as long as these services live; what speaks
    /// against it, after ten minutes anew. [`Services::complete_all`] asks it by itself.
    ///
    /// The answer is for this alone. It is not kept in the cache, and is never embedded in a document: what proves a
    /// signature has to be later than its time-stamp.
    ///
    /// # Errors
    /// `certificate.revoked` or `certificate.on-hold`, said by a verified answer about this very certificate: sign
    /// nothing with it.
    pub fn signer_state(&self, plan: &UpgradePlan, chain: &[Certificate]) -> Result<SignerState> {
        let unknown = |error: Error| Ok(SignerState::Unknown(error));
        let (Some(signer), now) = (chain.first(), self.clock.now()) else {
            return unknown(crate::error::Misuse::new("no certificate to ask about").into());
        };
        let now = match now {
            Ok(now) => now,
            Err(error) => return unknown(error),
        };
        let known = self.signers.known(signer, now);
        known.state.get_or_init(|| self.ask_about(plan, chain, now)).clone()
    }

    /// The signers that were asked about so far, and what is known of each: see [`Services::signer_state`].
    #[must_use]
    pub fn signers(&self) -> Vec<(Certificate, Result<SignerState>)> {
        let all = self.signers.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.values().filter_map(|known| Some((known.certificate.clone(), known.state.get()?.clone()))).collect()
    }

    /// Why no time-stamp is to be bought for a document.
    pub(super) fn turned_down(&self, upgrade: &Upgrade) -> Option<Error> {
        if self.is_offline || self.ends() {
            return None;
        }
        let (plan, chain) = upgrade.signer_to_ask_about()?;
        self.signer_state(plan, chain).err()
    }

    fn ask_about(&self, plan: &UpgradePlan, chain: &[Certificate], now: Time) -> Result<SignerState> {
        let asked = SignerQuestion::new(plan, chain, now)
            .and_then(|question| complete::complete_all(&self.asking_once(), &mut [question]).pop().unwrap_or(Ok(())));
        match asked {
            Ok(()) => Ok(SignerState::Good),
            Err(error) if speaks_against(&error, chain.first()) => Err(error),
            Err(error) => Ok(SignerState::Unknown(error)),
        }
    }

    /// The same services, but what they answer is not kept.
    fn asking_once(&self) -> Services {
        let stop = self.finish.as_ref().map_or(&self.cancel, |(stop, _)| stop);
        let services = Services::new(Arc::clone(&self.transport), Arc::clone(&self.clock)).cancel_on(stop);
        Services {
            pool: Arc::clone(&self.pool),
            cache: Cache::new(0),
            is_offline: self.is_offline,
            patience: self.patience,
            unit: self.unit,
            ..services
        }
    }

    /// Whether no further document is to be begun.
    pub(super) fn ends(&self) -> bool {
        let is_set = self.finish.as_ref().is_some_and(|(stop, _)| stop.load(Ordering::Relaxed));
        is_set || self.cancel.load(Ordering::Relaxed)
    }
}

impl Signers {
    fn known(&self, certificate: &Certificate, now: Time) -> Known {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let is_old = |known: &Known| {
            let is_refusal = known.state.get().is_some_and(Result::is_err);
            is_refusal && now.as_unix().saturating_sub(known.asked.as_unix()) > REFUSAL_SECONDS
        };
        let anew = || Known { certificate: certificate.clone(), asked: now, state: Arc::default() };
        let known = all.entry(certificate.sha256()).or_insert_with(anew);
        if is_old(known) {
            *known = anew();
        }
        known.clone()
    }
}

/// Whether it is a verified answer that speaks against this very certificate.
fn speaks_against(error: &Error, certificate: Option<&Certificate>) -> bool {
    match (error, certificate) {
        (Error::Certificate(fault), Some(certificate)) => fault.speaks_against(&certificate.sha256()),
        _ => false,
    }
}

// A suspension may be lifted, and a caller may live long.
const REFUSAL_SECONDS: i64 = 10 * 60;
