//! All of a prepared document but its source: what the saved state holds, and what is computed from it.

use crate::cms::{Identity, signed_attributes, signed_data};
use crate::digest::{Digest, State, to_hex};
use crate::error::{ErrorCode, Result, StateError};
use crate::output::Output;
use crate::pades;
use crate::pki::Certificate;
use crate::signature::{SignatureAlgorithm, ToBeSigned};
use crate::signing::{Level, Tail};
use crate::source::Source;
use crate::time::{Moment, derive};

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
