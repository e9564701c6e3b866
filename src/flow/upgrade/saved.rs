//! An upgrade is kept as what it began with and the answers so far, and taken up by going through them again.

use super::answers::{Answer, read};
use super::plan::UpgradePlan;
use super::{Began, Settings, Upgrade};
use crate::error::{Error, ErrorCode, Result, StateError};
use crate::evidence::Role;
use crate::flow::state::{self, Origin, SavedAnswer, SavedStamp, SavedUpgrade};
use crate::flow::{Document, Inputs, Signed};
use crate::source::{Source, to_u64};

impl Upgrade {
    /// What to keep so that nothing that was reached is lost: the value that has verified, and every good answer.
    /// Lists above a mebibyte are left out; they are asked for again.
    ///
    /// # Errors
    /// [`Error::Bug`](crate::Error::Bug) only.
    pub fn to_state(&self) -> Result<Vec<u8>> {
        let mut answers = Vec::new();
        for (id, answer) in self.answers.iter() {
            let Some(content) = answer.to_bytes()? else { continue };
            if answer.role == Role::Crl && to_u64(content.len()) > CRL_BYTES {
                continue;
            }
            answers.push(SavedAnswer {
                id: *id,
                role: answer.role,
                url: answer.url.clone(),
                host: answer.host.clone(),
                received: answer.received,
                content,
            });
        }
        let stamps = self.settings.iter().map(|((unit, step), settings)| SavedStamp {
            unit: *unit,
            step: *step,
            digest: settings.digest,
            policy: settings.policy.clone(),
            has_nonce: settings.has_nonce,
        });
        let origin = match &self.origin {
            Began::Signed(signature) => Origin::Signed(state::write(&signature.essentials, Some(&signature.value))?),
            Began::Document(len) => Origin::Document(*len),
        };
        let saved = SavedUpgrade { origin, moment: self.moment, stamps: stamps.collect(), answers };
        state::write_upgrade(&saved)
    }

    /// Takes up what [`Upgrade::to_state`] saved, with the plan given anew: a state is not asked whom to trust.
    ///
    /// # Errors
    /// [`Error::State`](crate::Error::State): damaged, or of another document.
    pub fn resume(state: &[u8], inputs: impl Into<Inputs>, plan: &UpgradePlan) -> Result<Self> {
        let (inputs, limits) = (inputs.into(), &plan.limits);
        let saved = state::read_upgrade(state, limits)?;
        let mut upgrade = match &saved.origin {
            Origin::Signed(state) => Signed::resume(state, inputs, limits)?.upgrade(plan, saved.moment)?,
            Origin::Document(len) => {
                let source = inputs.document()?;
                if source.len() != *len {
                    return Err(StateError::new(ErrorCode::StateOtherDocument).into());
                }
                Document::open(source.clone(), limits)?.upgrade(plan, saved.moment)?
            }
        };
        for stamp in saved.stamps {
            let SavedStamp { unit, step, digest, policy, has_nonce } = stamp;
            upgrade.settings.insert((unit, step), Settings { digest, policy, has_nonce });
        }
        for one in saved.answers {
            let content = read(one.role, &Source::from_bytes(one.content), limits).map_err(|error| match error {
                Error::LimitExceeded(_) => error,
                // Where in the saved bytes the fault lies is of no use to anybody.
                _ => StateError::new(ErrorCode::StateMalformed).into(),
            })?;
            let answer =
                Answer { role: one.role, url: one.url, host: one.host, received: one.received, content: Ok(content) };
            upgrade.answers.put(one.id, answer);
        }
        Ok(upgrade)
    }
}

/// Longer lists are not kept.
const CRL_BYTES: u64 = 1 << 20;
