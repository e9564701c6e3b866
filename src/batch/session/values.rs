//! What calls on sessions take and give, as values.

use crate::error::Error;
use crate::flow::UpgradeReport;
use crate::pki::Certificate;
use crate::service::Services;
use crate::signature::ToBeSigned;
use crate::signing::Level;
use crate::store::FileId;

/// What a session's files become.
// Complete: the contract of the services has these three.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// One PDF with a signature inside.
    Pdf,
    /// A container that is the only file gets one more signature; other files go into a new one.
    AddToContainer,
    /// A new container of all files, also where one of them is a container.
    NewContainer,
}

/// A file of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionFile {
    /// Its id: the same name and content have the same one.
    pub id: FileId,
    /// Its name.
    pub name: String,
    /// Its length in bytes, where that is known.
    pub size: Option<u64>,
    /// Whether its content is here.
    pub kind: FileKind,
    /// The level of the signature that was added here, if it is a result.
    pub level: Option<Level>,
    /// What a container holds.
    pub included: Vec<IncludedFile>,
}

/// Whether a file's content is in the session.
// Complete: it is there or it is not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// With its content.
    Content,
    /// Known by its digest alone.
    Digest,
}

/// A data file of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct IncludedFile {
    /// An id of its own; it can't be downloaded by it.
    pub id: FileId,
    /// Its name in the container.
    pub name: String,
    /// Its length in bytes.
    pub size: u64,
}

/// How far a session is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Phase {
    /// It takes files.
    Open,
    /// It waits for a signature value.
    Prepared,
    /// A value has verified; its level is not reached yet.
    Signed,
    /// Signed, at its level.
    Finished,
    /// An archive time-stamp was added.
    Archived,
    /// Its document can't be signed.
    Failed,
}

impl Phase {
    /// The word for it, such as `prepared`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Phase::Open => "open",
            Phase::Prepared => "prepared",
            Phase::Signed => "signed",
            Phase::Finished => "finished",
            Phase::Archived => "archived",
            Phase::Failed => "failed",
        }
    }
}

/// What is known of a session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SessionStatus {
    /// How far it is.
    pub phase: Phase,
    /// Its files, as [`Sessions::list`](crate::batch::Sessions::list) gives them.
    pub files: Vec<SessionFile>,
    /// The code of why its document can't be signed, where that is so.
    pub failed: Option<String>,
    /// The number of its last step: it grows with each change.
    pub step: u64,
}

/// What the key of a session must sign.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SessionDigest {
    /// It.
    pub to_be_signed: ToBeSigned,
    /// Whether it was computed now.
    pub prepared: Preparation,
}

/// How a preparation came about.
// Complete: there was none, the same, or another one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Preparation {
    /// There was none before.
    New,
    /// An earlier call with the same arguments made it: the digest is the same.
    Again,
    /// One with other arguments was there: what it gave out is void.
    Anew,
}

impl Preparation {
    /// The word for it: `new`, `again`, `anew`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Preparation::New => "new",
            Preparation::Again => "again",
            Preparation::Anew => "anew",
        }
    }
}

/// What a session has become.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SessionResult {
    /// The level of its document.
    pub level: Level,
    /// Its document.
    pub file: SessionFile,
    /// Whether an earlier call did it, and this one only says so.
    pub is_again: bool,
    /// What was done on the way to the level, where services were asked.
    pub report: Option<UpgradeReport>,
}

/// Why a session did not become what it should, and what was reached.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct SessionFailure {
    /// Why.
    pub error: Error,
    /// The level that was reached: the signature has verified and is kept.
    pub reached: Option<Level>,
}

impl From<Error> for SessionFailure {
    fn from(error: Error) -> Self {
        SessionFailure { error, reached: None }
    }
}

impl std::fmt::Display for SessionFailure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl std::error::Error for SessionFailure {}

/// Whom sessions ask and believe on the way to a level above B-B.
pub struct SessionClimb<'a> {
    pub(super) services: &'a Services,
    pub(super) trusted: Vec<Certificate>,
    pub(super) known: Vec<Certificate>,
    pub(super) accepts_lower: bool,
}

impl<'a> SessionClimb<'a> {
    /// Asks `services`; only paths that end at one of `trusted` count.
    #[must_use]
    pub fn new(services: &'a Services, trusted: Vec<Certificate>) -> Self {
        SessionClimb { services, trusted, known: Vec::new(), accepts_lower: false }
    }

    /// Certificates that may be issuers, so that they need not be fetched.
    #[must_use]
    pub fn known(self, known: Vec<Certificate>) -> Self {
        SessionClimb { known, ..self }
    }

    /// Where a service fails, the level that was reached will do.
    #[must_use]
    pub fn accept_lower(self) -> Self {
        SessionClimb { accepts_lower: true, ..self }
    }
}

/// What is done with a session that this house has archived already.
// Complete: one more or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rearchive {
    /// The earlier result is answered.
    Never,
    /// It gets another archive time-stamp.
    Again,
}
