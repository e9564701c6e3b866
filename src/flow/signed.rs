//! A document whose signature has verified.

use std::fmt;

use crate::cms::accept_value;
use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{ErrorCode, Misuse, Result, StateError};
use crate::flow::essentials::{Body, Essentials, PdfBody};
use crate::flow::state::{self, Kind, Saved};
use crate::flow::{Format, Inputs, Upgrade, UpgradePlan};
use crate::limits::Limits;
use crate::output::{Output, digest_of};
use crate::pki::Certificate;
use crate::signature::SignatureValue;
use crate::signing::Level;
use crate::source::to_u64;
use crate::time::{Moment, Time};

/// A signed document at level B-B, ready to be written.
#[derive(Debug)]
pub struct Signed {
    inputs: Inputs,
    essentials: Essentials,
    /// In the encoding of CMS.
    value: Vec<u8>,
    output: Output,
}

impl Signed {
    pub(crate) fn new(inputs: &Inputs, essentials: Essentials, value: Vec<u8>) -> Result<Self> {
        let output = essentials.output(inputs, &value)?;
        Ok(Signed { inputs: inputs.clone(), essentials, value, output })
    }

    /// Takes up what [`Signed::to_state`] saved; the value is verified once more.
    ///
    /// # Errors
    /// [`Error::State`](crate::Error::State): prepare again.
    pub fn resume(state: &[u8], inputs: impl Into<Inputs>, limits: &Limits) -> Result<Self> {
        let inputs = inputs.into();
        let Saved { kind: Kind::Signed, essentials, value: Some(value) } = state::read(state, limits)? else {
            return Err(StateError::new(ErrorCode::StateMalformed).into());
        };
        essentials.check_inputs(&inputs)?;
        // Saved in the encoding of CMS, which for EC keys is DER.
        let value = accept_value(&SignatureValue::undeclared(value), essentials.signer()?, &essentials.to_be_signed)?;
        Signed::new(&inputs, essentials, value)
    }

    /// What to keep so that a value that has verified is never lost.
    ///
    /// # Errors
    /// [`Error::Bug`](crate::Error::Bug) only.
    pub fn to_state(&self) -> Result<Vec<u8>> {
        state::write(&self.essentials, Some(&self.value))
    }

    /// The level that was reached.
    #[must_use]
    pub fn level(&self) -> Level {
        Level::Bb
    }

    /// The level that the plan of the preparation named: see [`Signed::upgrade`].
    #[must_use]
    pub fn wanted_level(&self) -> Level {
        self.essentials.level
    }

    /// Begins to raise it; a PDF is not read again for that.
    ///
    /// # Errors
    /// When the container that it was put into can't be read again.
    pub fn upgrade(self, plan: &UpgradePlan, moment: Moment) -> Result<Upgrade> {
        Upgrade::of_signed(self.inputs, self.essentials, self.value, plan, moment)
    }

    /// The id of the preparation.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.essentials.id
    }

    /// The full name of the field of a PDF that is signed.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.essentials.body.field()
    }

    /// The format of the document.
    #[must_use]
    pub fn format(&self) -> Format {
        self.essentials.format()
    }

    /// The signer's certificate.
    ///
    /// # Errors
    /// [`Error::State`](crate::Error::State) when the state held none.
    pub fn certificate(&self) -> Result<&Certificate> {
        self.essentials.signer()
    }

    /// SHA-256 of the document that was signed, or of the one file of a new container; `None` for a container of
    /// several files and for one that was there before. Only a PDF that was signed with another digest is read once
    /// more for this.
    ///
    /// # Errors
    /// Reading faults.
    pub fn source_sha256(&self) -> Result<Option<Digest>> {
        let known = match &self.essentials.body {
            Body::Pdf(body) => Some(body.source_digest),
            Body::Container(draft) => draft.only_digest(),
        };
        match self.output.as_update() {
            Some(update) if known.is_some_and(|known| known.algorithm() != DigestAlgorithm::Sha256) => {
                digest_of(&update.source, 0..update.source.len(), DigestAlgorithm::Sha256).map(Some)
            }
            _ => Ok(known.filter(|known| known.algorithm() == DigestAlgorithm::Sha256)),
        }
    }

    /// The claimed time of signing.
    #[must_use]
    pub fn signing_time(&self) -> Time {
        self.essentials.moment.time()
    }

    /// What to write.
    #[must_use]
    pub fn output(&self) -> &Output {
        &self.output
    }

    /// What to write.
    #[must_use]
    pub fn into_output(self) -> Output {
        self.output
    }

    /// For a prepared PDF that was written with its hole empty: the appended bytes as they must
    /// be there now, where they begin, and the bytes that fill the hole.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) for a container: it has no such hole.
    pub fn fill(&self) -> Result<Fill> {
        let (Body::Pdf(PdfBody { tail, .. }), Some(update)) = (&self.essentials.body, self.output.as_update()) else {
            return Err(Misuse::new("a container is written when it is signed").into());
        };
        let hole = update.tail_bytes()?.get(tail.hole()).unwrap_or_default().to_vec();
        let tail_offset = update.source.len();
        Ok(Fill {
            tail_offset,
            tail: tail.bytes().to_vec(),
            hole_offset: tail_offset.saturating_add(to_u64(tail.hole().start)),
            hole,
        })
    }
}

/// How to finish a file that was written by [`Prepared::output`](crate::Prepared::output).
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fill {
    /// Where the appended bytes begin: the length of the source.
    pub tail_offset: u64,
    /// The appended bytes with the empty hole; the file must end with exactly these.
    pub tail: Vec<u8>,
    /// Where the hole begins.
    pub hole_offset: u64,
    /// The bytes to write there.
    pub hole: Vec<u8>,
}

impl fmt::Debug for Fill {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} bytes at {}, of which {} at {}",
            self.tail.len(),
            self.tail_offset,
            self.hole.len(),
            self.hole_offset
        )
    }
}
