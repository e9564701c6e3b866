//! A document that waits for its signature value.

use crate::cms::accept_value;
use crate::digest::State;
use crate::error::{ErrorCode, Result, StateError};
use crate::flow::Signed;
use crate::flow::essentials::{Essentials, id, to_be_signed};
use crate::flow::state::{self, Kind, Saved};
use crate::limits::Limits;
use crate::output::{Output, Piece, Update};
use crate::pades::Draft;
use crate::pki::Certificate;
use crate::signature::{SignatureValue, ToBeSigned};
use crate::signing::Plan;
use crate::source::Source;
use crate::time::Moment;

/// What was prepared: the bytes to be appended with a hole in them, and what the key must sign.
///
/// It holds memory for the appended bytes only. [`Prepared::finalize`] consumes it.
#[derive(Debug)]
pub struct Prepared {
    source: Source,
    essentials: Essentials,
}

impl Prepared {
    pub(crate) fn new(source: &Source, plan: &Plan, moment: Moment, draft: Draft) -> Result<Self> {
        let mut source_state = State::new(plan.algorithm().digest());
        source.for_each(0..source.len(), |bytes| {
            source_state.update(bytes);
            Ok(())
        })?;
        source.check_unchanged()?;
        let to_be_signed = to_be_signed(&source_state, &draft.tail, plan.identity(), plan.algorithm());
        let essentials = Essentials {
            source_digest: source_state.clone().finish(),
            source_state,
            moment,
            certificates: plan.embedded().cloned().collect(),
            algorithm: plan.algorithm(),
            level: plan.wanted_level(),
            field: draft.field,
            tail: draft.tail,
            id: id(&moment, &to_be_signed),
            to_be_signed,
        };
        Ok(Prepared { source: source.clone(), essentials })
    }

    /// Takes up a saved state, perhaps in another process. The state is not trusted: what is to be
    /// signed is computed again from it and compared.
    ///
    /// The document itself is not read here; its digest is compared while the result is written.
    ///
    /// # Errors
    /// [`Error::State`](crate::Error::State): prepare again.
    pub fn resume(state: &[u8], source: Source, limits: &Limits) -> Result<Self> {
        let Saved { kind: Kind::Prepared, essentials, .. } = state::read(state, limits)? else {
            return Err(StateError::new(ErrorCode::StateMalformed).into());
        };
        essentials.check_source(&source)?;
        Ok(Prepared { source, essentials })
    }

    /// What the key must sign.
    #[must_use]
    pub fn to_be_signed(&self) -> &ToBeSigned {
        &self.essentials.to_be_signed
    }

    /// 64 hexadecimal digits that name this preparation: another moment gives another id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.essentials.id
    }

    /// The full name of the field that is signed.
    #[must_use]
    pub fn field(&self) -> &str {
        &self.essentials.field
    }

    /// The signer's certificate.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        self.essentials.certificates.first()
    }

    /// What to keep until the value comes. It holds no document, no password and no key.
    ///
    /// # Errors
    /// [`Error::Bug`](crate::Error::Bug) only.
    pub fn to_state(&self) -> Result<Vec<u8>> {
        state::write(&self.essentials, None)
    }

    /// The document with its hole still empty, for those who fill it in place later.
    #[must_use]
    pub fn output(&self) -> Output {
        let tail = vec![Piece::Bytes(self.essentials.tail.bytes().to_vec())];
        Output::update(Update::after(self.source.clone(), self.essentials.source_digest, tail))
    }

    /// Puts the signature in, after it has verified with the plan's certificate.
    ///
    /// A pure function: the same value gives the same bytes. Where the value may be wrong and another
    /// one may come, keep [`Prepared::to_state`].
    ///
    /// # Errors
    /// [`Error::SignatureMismatch`](crate::Error::SignatureMismatch) or `signature.encoding`: nothing
    /// was embedded. [`Error::PlaceholderTooSmall`](crate::Error::PlaceholderTooSmall): prepare again.
    pub fn finalize(self, value: SignatureValue) -> Result<Signed> {
        let certificate = self.essentials.signer()?;
        let value = accept_value(&value, certificate, &self.essentials.to_be_signed)?;
        Signed::new(self.source, self.essentials, value)
    }
}
