//! A document whose signature has verified.

use std::fmt;

use crate::cms::accept_value;
use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{Error, ErrorCode, Result, StateError};
use crate::flow::essentials::Essentials;
use crate::flow::state::{self, Kind, Saved};
use crate::limits::Limits;
use crate::output::{Output, digest_of};
use crate::pki::Certificate;
use crate::signature::SignatureValue;
use crate::signing::Level;
use crate::source::{Source, to_u64};
use crate::time::Time;

/// A signed document at level B-B, ready to be written.
#[derive(Debug)]
pub struct Signed {
    essentials: Essentials,
    /// In the encoding of CMS.
    value: Vec<u8>,
    output: Output,
}

impl Signed {
    pub(crate) fn new(source: Source, essentials: Essentials, value: Vec<u8>) -> Result<Self> {
        let output = essentials.output(&source, &value)?;
        Ok(Signed { essentials, value, output })
    }

    /// Takes up what [`Signed::to_state`] saved; the value is verified once more.
    ///
    /// # Errors
    /// [`Error::State`](crate::Error::State): prepare again.
    pub fn resume(state: &[u8], source: Source, limits: &Limits) -> Result<Self> {
        let Saved { kind: Kind::Signed, essentials, value: Some(value) } = state::read(state, limits)? else {
            return Err(StateError::new(ErrorCode::StateMalformed).into());
        };
        essentials.check_source(&source)?;
        // Saved in the encoding of CMS, which for EC keys is DER.
        let value = accept_value(&SignatureValue::undeclared(value), essentials.signer()?, &essentials.to_be_signed)?;
        Signed::new(source, essentials, value)
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

    /// The id of the preparation.
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
    ///
    /// # Errors
    /// [`Error::State`](crate::Error::State) when the state held none.
    pub fn certificate(&self) -> Result<&Certificate> {
        self.essentials.signer()
    }

    /// SHA-256 of the document that was signed; only where it was signed with another digest this reads it once more.
    ///
    /// # Errors
    /// Reading faults.
    pub fn source_sha256(&self) -> Result<Option<Digest>> {
        let known = self.essentials.source_digest;
        let update = self.output.as_update();
        match update.filter(|_| known.algorithm() != DigestAlgorithm::Sha256) {
            Some(update) => digest_of(&update.source, DigestAlgorithm::Sha256).map(Some),
            None => Ok(Some(known)),
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

    /// For a prepared document that was written with its hole empty: the appended bytes as they must
    /// be there now, where they begin, and the bytes that fill the hole.
    ///
    /// # Errors
    /// [`Error::Bug`](crate::Error::Bug) only.
    pub fn fill(&self) -> Result<Fill> {
        let start = self.essentials.tail.hole().start;
        let update = self.output.as_update().ok_or(Error::Bug("a PDF is an update of its source"))?;
        let hole = update.tail_bytes()?.get(self.essentials.tail.hole()).unwrap_or_default().to_vec();
        let tail_offset = update.source.len();
        Ok(Fill {
            tail_offset,
            tail: self.essentials.tail.bytes().to_vec(),
            hole_offset: tail_offset.saturating_add(to_u64(start)),
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
