//! A document that waits for its signature value.

use crate::cms::{Identity, accept_value, signed_attributes, signed_data};
use crate::digest::{Digest, State, to_hex};
use crate::error::{ErrorCode, Result, StateError};
use crate::flow::Signed;
use crate::flow::state::{self, Kind, Saved};
use crate::limits::Limits;
use crate::output::{Output, Piece};
use crate::pades::{self, Draft};
use crate::pki::Certificate;
use crate::signature::{SignatureAlgorithm, SignatureValue, ToBeSigned};
use crate::signing::{Level, Plan, Tail};
use crate::source::Source;
use crate::time::{Moment, derive};

/// What was prepared: the bytes to be appended with a hole in them, and what the key must sign.
///
/// It holds memory for the appended bytes only. [`Prepared::finalize`] consumes it.
#[derive(Debug)]
pub struct Prepared {
    source: Source,
    essentials: Essentials,
}

/// All of a prepared document but its source: what the saved state holds.
#[derive(Debug, Clone)]
pub(crate) struct Essentials {
    pub(crate) source_digest: Digest,
    /// The digest at the end of the source, to go on from with a later update.
    pub(crate) source_state: State,
    pub(crate) moment: Moment,
    /// The signer's certificate, then its issuers without roots.
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) algorithm: SignatureAlgorithm,
    pub(crate) level: Level,
    pub(crate) field: String,
    pub(crate) tail: Tail,
    pub(crate) to_be_signed: ToBeSigned,
    pub(crate) id: String,
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
        let pieces = vec![Piece::Source, Piece::Bytes(self.essentials.tail.bytes().to_vec())];
        Output::new(self.source.clone(), self.essentials.source_digest, pieces)
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

impl Essentials {
    pub(crate) fn signer(&self) -> Result<&Certificate> {
        self.certificates.first().ok_or_else(|| StateError::new(ErrorCode::StateMalformed).into())
    }

    pub(crate) fn identity(&self) -> Result<Identity> {
        let issuers = self.certificates.get(1..).unwrap_or_default();
        Ok(Identity::new(self.signer()?, issuers, self.algorithm))
    }

    pub(crate) fn check_source(&self, source: &Source) -> Result<()> {
        if source.len() == self.source_state.len() {
            Ok(())
        } else {
            Err(StateError::new(ErrorCode::StateOtherDocument).into())
        }
    }

    /// The finished document with `value`, which has verified.
    pub(crate) fn output(&self, source: &Source, value: &[u8]) -> Result<Output> {
        let cms = signed_data(&self.identity()?, self.to_be_signed.as_bytes(), value, None);
        pades::finalize(source, &self.source_digest, &self.tail, &cms)
    }
}

/// What is signed, from the digest at the end of the source and the tail after it.
pub(crate) fn to_be_signed(
    source_state: &State,
    tail: &Tail,
    identity: &Identity,
    algorithm: SignatureAlgorithm,
) -> ToBeSigned {
    let mut state = source_state.clone();
    // The angle brackets around the hole belong to it: ByteRange leaves them out.
    let (before, after) = (tail.before(), tail.after());
    state.update(before.get(..before.len().saturating_sub(1)).unwrap_or_default());
    state.update(after.get(1..).unwrap_or_default());
    ToBeSigned::new(signed_attributes(identity, &state.finish()), algorithm)
}

/// `SHA-256("eseal-id" ‖ nonce ‖ to_be_signed)` as hexadecimal digits.
pub(crate) fn id(moment: &Moment, to_be_signed: &ToBeSigned) -> String {
    to_hex(&derive(&[b"eseal-id", moment.nonce(), to_be_signed.as_bytes()]))
}
