//! The saved state between two steps: 4-byte magic, kind, version, JSON.
//!
//! What is read is hostile: limits first, then checked constructors, then what is to be signed is
//! computed again and compared. All versions are read; the lowest that can hold the content is written.

mod v1;

use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{Error, ErrorCode, Limit, Result, StateError};
use crate::evidence::Role;
use crate::flow::Format;
use crate::flow::essentials::{Body, Essentials};
use crate::limits::Limits;
use crate::pki::Certificate;
use crate::signature::ToBeSigned;
use crate::signing::Level;
use crate::source::to_u64;
use crate::time::{Moment, Time};

/// What a saved state says, without the document it belongs to.
#[derive(Debug, Clone)]
pub struct StateSummary(Saved);

/// What was read from a state.
#[derive(Debug, Clone)]
pub(crate) struct Saved {
    pub(crate) kind: Kind,
    pub(crate) essentials: Essentials,
    pub(crate) value: Option<Vec<u8>>,
}

/// Which stage the state is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Prepared,
    Signed,
}

impl StateSummary {
    /// Reads a state.
    ///
    /// # Errors
    /// [`Error::State`](crate::Error::State) when it is damaged or of an unknown version.
    pub fn read(state: &[u8], limits: &Limits) -> Result<Self> {
        read(state, limits).map(StateSummary)
    }

    /// The id of the preparation.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.essentials.id
    }

    /// What the key must sign.
    #[must_use]
    pub fn to_be_signed(&self) -> &ToBeSigned {
        &self.0.essentials.to_be_signed
    }

    /// Its format.
    #[must_use]
    pub fn format(&self) -> Format {
        self.0.essentials.format()
    }

    /// Length of the document in bytes; for a new container of all files it takes content from.
    #[must_use]
    pub fn source_len(&self) -> u64 {
        match &self.0.essentials.body {
            Body::Pdf(body) => body.source_state.len(),
            Body::Container(draft) => draft.source_len(),
        }
    }

    /// Digest of the document; for a new container of its one file.
    #[must_use]
    pub fn source_digest(&self) -> Option<Digest> {
        match &self.0.essentials.body {
            Body::Pdf(body) => Some(body.source_digest),
            Body::Container(draft) => draft.only_digest(),
        }
    }

    /// The names of the files that a new container takes content from: they must be given again.
    #[must_use]
    pub fn data_files(&self) -> Vec<&str> {
        match &self.0.essentials.body {
            Body::Pdf(_) => Vec::new(),
            Body::Container(draft) => draft.files_to_give(),
        }
    }

    /// The signer's certificate.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        self.0.essentials.certificates.first()
    }

    /// The level that the plan of the preparation named.
    #[must_use]
    pub fn wanted_level(&self) -> Level {
        self.0.essentials.level
    }

    /// The claimed time of signing.
    #[must_use]
    pub fn signing_time(&self) -> Time {
        self.0.essentials.moment.time()
    }

    /// The full name of the field of a PDF that is signed.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.0.essentials.body.field()
    }

    /// Whether a value has verified already.
    #[must_use]
    pub fn is_signed(&self) -> bool {
        self.0.kind == Kind::Signed
    }
}

/// What is kept of an upgrade: what it began with, and what it was answered.
#[derive(Debug, Clone)]
pub(crate) struct SavedUpgrade {
    pub(crate) origin: Origin,
    pub(crate) moment: Moment,
    pub(crate) stamps: Vec<SavedStamp>,
    pub(crate) answers: Vec<SavedAnswer>,
}

/// What an upgrade began with.
#[derive(Debug, Clone)]
pub(crate) enum Origin {
    /// The state of a document that was signed here.
    Signed(Vec<u8>),
    /// A document that somebody signed: its length.
    Document(u64),
}

/// How a time-stamp was asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SavedStamp {
    pub(crate) unit: u64,
    pub(crate) step: u64,
    pub(crate) digest: DigestAlgorithm,
    pub(crate) policy: Option<String>,
    pub(crate) has_nonce: bool,
}

/// An answer as it came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SavedAnswer {
    pub(crate) id: [u8; 32],
    pub(crate) role: Role,
    pub(crate) url: Option<String>,
    pub(crate) host: Option<String>,
    pub(crate) received: Time,
    pub(crate) content: Vec<u8>,
}

/// The bytes of a state; with a value that has verified it is one of a signed document.
pub(crate) fn write(essentials: &Essentials, value: Option<&[u8]>) -> Result<Vec<u8>> {
    let kind = if value.is_some() { KIND_SIGNED } else { KIND_PREPARED };
    Ok(framed(kind, &v1::write(essentials, value)?))
}

/// The bytes of an upgrade's state.
pub(crate) fn write_upgrade(upgrade: &SavedUpgrade) -> Result<Vec<u8>> {
    Ok(framed(KIND_UPGRADE, &v1::write_upgrade(upgrade)?))
}

/// Reads what [`write`] wrote, or what pretends to be that; of an upgrade what it began with.
pub(crate) fn read(state: &[u8], limits: &Limits) -> Result<Saved> {
    let (kind, body) = unframed(state, limits)?;
    if kind == KIND_UPGRADE {
        return match v1::read_upgrade(body, limits)?.origin {
            Origin::Signed(state) if state.get(MAGIC.len()) == Some(&KIND_SIGNED) => read(&state, limits),
            _ => Err(malformed()),
        };
    }
    let (essentials, value) = v1::read(body, limits)?;
    let kind = match (kind, &value) {
        (KIND_PREPARED, None) => Kind::Prepared,
        (KIND_SIGNED, Some(_)) => Kind::Signed,
        _ => return Err(malformed()),
    };
    Ok(Saved { kind, essentials, value })
}

/// Reads what [`write_upgrade`] wrote, or what pretends to be that.
pub(crate) fn read_upgrade(state: &[u8], limits: &Limits) -> Result<SavedUpgrade> {
    match unframed(state, limits)? {
        (KIND_UPGRADE, body) => v1::read_upgrade(body, limits),
        _ => Err(malformed()),
    }
}

fn framed(kind: u8, body: &[u8]) -> Vec<u8> {
    [MAGIC, &[kind], &VERSION_1.to_be_bytes(), body].concat()
}

fn unframed<'a>(state: &'a [u8], limits: &Limits) -> Result<(u8, &'a [u8])> {
    if to_u64(state.len()) > limits.state_bytes {
        return Err(Limit::new("state_bytes", limits.state_bytes, to_u64(state.len())).into());
    }
    let rest = state.strip_prefix(MAGIC).ok_or_else(malformed)?;
    let (kind, rest) = rest.split_first().ok_or_else(malformed)?;
    let (version, body) = rest.split_first_chunk::<2>().ok_or_else(malformed)?;
    if u16::from_be_bytes(*version) != VERSION_1 {
        return Err(StateError::new(ErrorCode::StateVersion).into());
    }
    Ok((*kind, body))
}

fn malformed() -> Error {
    StateError::new(ErrorCode::StateMalformed).into()
}

const MAGIC: &[u8] = b"eSe\x1a";
const KIND_PREPARED: u8 = 1;
const KIND_SIGNED: u8 = 2;
const KIND_UPGRADE: u8 = 3;
const VERSION_1: u16 = 1;
