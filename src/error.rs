//! What can go wrong, as one type: a variant for each thing a caller can do about it.
//!
//! Each error answers three questions: [`Error::code`] (what, for ever under this name),
//! [`Error::retry`] (is it worth another try) and [`Error::scope`] (does it concern this document
//! or the whole run). No message holds a secret or text of a document.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use crate::evidence::Role;

mod certificate;
mod code;
mod document;
mod mismatch;
mod mistake;
mod path;
mod retry;
mod service;

pub use certificate::CertificateError;
pub use code::ErrorCode;
pub use document::{Limit, Malformed, Refusal};
pub use mismatch::{MadeOver, Mismatch};
#[doc(hidden)]
pub use mistake::nearest;
pub use mistake::{Mistake, Slip};
pub use path::PathFault;
pub use retry::{Retry, Scope};
pub use service::ServiceError;

/// Result with this crate's [`Error`].
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why something was not done.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Error {
    /// The bytes are not what their format says. Reject the document or have it made anew.
    Malformed(Malformed),
    /// Sound input, but signing it so would break or mislead.
    Refused(Box<Refusal>),
    /// A bound of [`Limits`](crate::Limits) was reached. Raise the limit or reject the document.
    LimitExceeded(Limit),
    /// The signature does not fit in the room that was reserved. Prepare again with more room.
    PlaceholderTooSmall {
        /// Room in bytes.
        reserved: usize,
        /// Bytes the signature takes.
        needed: usize,
    },
    /// The value does not verify with the plan's certificate: it is another document's, another
    /// key's, or the wrong bytes were signed, which is told where it shows.
    SignatureMismatch(Box<Mismatch>),
    /// The certificate can't be used for this.
    Certificate(CertificateError),
    /// The saved state does not fit, or the document is not the one it was made for.
    State(StateError),
    /// The key can't be used.
    Key(KeyError),
    /// A service can't be reached, or its answer is not what was asked for.
    Service(Box<ServiceError>),
    /// Reading or writing failed.
    Io(Arc<io::Error>),
    /// Another run is at work there. Wait for it, or leave it to that one.
    Busy(Box<Busy>),
    /// A mistake of the calling code: an impossible combination of arguments.
    Misuse(Misuse),
    /// The caller asked to stop.
    Cancelled,
    /// An invariant of this crate broke: please report it.
    Bug(&'static str),
}

impl Error {
    /// The stable name of what happened.
    #[must_use]
    pub fn code(&self) -> ErrorCode {
        match self {
            Error::Malformed(e) => e.code,
            Error::Refused(e) => e.code,
            Error::LimitExceeded(_) => ErrorCode::LimitExceeded,
            Error::PlaceholderTooSmall { .. } => ErrorCode::PlaceholderTooSmall,
            Error::SignatureMismatch(_) => ErrorCode::SignatureMismatch,
            Error::Certificate(e) => e.code,
            Error::State(e) => e.code,
            Error::Key(e) => e.code,
            Error::Service(e) => e.code,
            Error::Io(e) => io_code(e),
            Error::Busy(_) => ErrorCode::RunBusy,
            Error::Misuse(e) => e.code,
            Error::Cancelled => ErrorCode::Cancelled,
            Error::Bug(_) => ErrorCode::Bug,
        }
    }

    /// Whether trying again can help, and from where.
    #[must_use]
    pub fn retry(&self) -> Retry {
        self.code().retry()
    }

    /// Whether this concerns one document, or everything that is still to do.
    #[must_use]
    pub fn scope(&self) -> Scope {
        match self {
            Error::Certificate(e) if e.is_shared => Scope::Run,
            _ => self.code().scope(),
        }
    }

    /// Offset in the input, where one is known.
    #[must_use]
    pub fn offset(&self) -> Option<u64> {
        match self {
            Error::Malformed(e) => e.offset,
            Error::Refused(e) => e.offset,
            Error::LimitExceeded(e) => e.offset,
            Error::Service(e) => e.offset,
            _ => None,
        }
    }

    /// The same fault, in the file `name` of a container, where it names no file yet.
    #[must_use]
    pub(crate) fn in_file(self, name: &str) -> Self {
        match self {
            Error::Malformed(e) if e.file.is_none() => e.file(name).into(),
            Error::Refused(e) if e.file.is_none() => e.file(name).into(),
            Error::LimitExceeded(e) if e.file.is_none() => e.file(name).into(),
            other => other,
        }
    }

    /// The same fault as one of the service whose answer was read; what is no fault of an answer stays as it is.
    #[must_use]
    pub(crate) fn of_service(self, role: Role, host: Option<&str>) -> Self {
        let host = || host.map(str::to_owned);
        match self {
            Error::Malformed(e) => {
                ServiceError { host: host(), offset: e.offset, ..ServiceError::new(e.code, role) }.into()
            }
            Error::Service(e) => ServiceError { host: e.host.clone().or_else(host), ..*e }.into(),
            other => other,
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Malformed(e) => e.fmt(f),
            Error::Refused(e) => e.fmt(f),
            Error::LimitExceeded(e) => e.fmt(f),
            Error::PlaceholderTooSmall { reserved, needed } => {
                write!(f, "signature takes {needed} bytes, {reserved} were reserved")
            }
            Error::Certificate(e) => e.fmt(f),
            Error::State(e) => f.write_str(e.code.message()),
            Error::Key(e) => e.fmt(f),
            Error::Service(e) => e.fmt(f),
            Error::Io(e) => write!(f, "{}: {e}", io_code(e).message()),
            Error::Busy(e) => e.fmt(f),
            Error::Misuse(e) => write!(f, "{}: {}", e.code.message(), e.what),
            Error::Bug(what) => write!(f, "{}: {what}", ErrorCode::Bug.message()),
            Error::SignatureMismatch(e) => e.fmt(f),
            Error::Cancelled => f.write_str(self.code().message()),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Error::Io(e) => Some(e.as_ref()),
            _ => None,
        }
    }
}

/// Why a saved state can't be resumed.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct StateError {
    /// What does not fit.
    pub code: ErrorCode,
}

/// Why a key can't be used.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct KeyError {
    /// What is wrong.
    pub code: ErrorCode,
    /// Names of the keys or tokens to choose from, where there are several.
    pub choices: Vec<String>,
    /// What a token says, such as `CKR_DEVICE_ERROR`.
    pub detail: Option<String>,
}

impl KeyError {
    /// A fault without further facts.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        KeyError { code, choices: Vec::new(), detail: None }
    }

    /// Several keys, and none was named.
    #[must_use]
    pub fn several(choices: Vec<String>) -> Self {
        KeyError { choices, ..KeyError::new(ErrorCode::KeySeveral) }
    }

    /// Adds what the token says.
    #[must_use]
    pub fn detail(self, detail: impl Into<String>) -> Self {
        KeyError { detail: Some(detail.into()), ..self }
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.message())?;
        if !self.choices.is_empty() {
            write!(f, ": {}", self.choices.join(", "))?;
        }
        if let Some(detail) = &self.detail {
            write!(f, " ({detail})")?;
        }
        Ok(())
    }
}

/// Who is at work, as far as that is known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Busy {
    /// Number of the process.
    pub process: Option<u32>,
    /// When its run began.
    pub start: Option<String>,
    /// The machine it runs on.
    pub host: Option<String>,
    /// The file that says so, where the file system has no locks and somebody has to look whether the run still lives.
    pub file: Option<PathBuf>,
}

impl fmt::Display for Busy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ErrorCode::RunBusy.message())?;
        if let Some(process) = self.process {
            write!(f, ": process {process}")?;
        }
        if let Some(start) = &self.start {
            write!(f, " since {start}")?;
        }
        if let Some(host) = &self.host {
            write!(f, " on {host}")?;
        }
        match &self.file {
            Some(file) => write!(f, "; there are no locks here: if it has ended, remove {}", file.display()),
            None => Ok(()),
        }
    }
}

/// A mistake of the calling code.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Misuse {
    /// Which rule was broken.
    pub code: ErrorCode,
    /// The argument, in words.
    pub what: &'static str,
}

impl Misuse {
    /// A combination of arguments that can't be.
    #[must_use]
    pub fn new(what: &'static str) -> Self {
        Misuse { code: ErrorCode::Misuse, what }
    }
}

macro_rules! from_parts {
    ($($part:ident => $variant:ident),+ $(,)?) => {
        $(impl From<$part> for Error {
            fn from(e: $part) -> Self {
                Error::$variant(e.into())
            }
        })+
    };
}

from_parts! {
    Malformed => Malformed,
    Refusal => Refused,
    Mismatch => SignatureMismatch,
    Limit => LimitExceeded,
    CertificateError => Certificate,
    StateError => State,
    KeyError => Key,
    Misuse => Misuse,
}

impl From<ServiceError> for Error {
    fn from(e: ServiceError) -> Self {
        Error::Service(Box::new(e))
    }
}

impl From<io::Error> for Error {
    fn from(e: io::Error) -> Self {
        Error::Io(Arc::new(e))
    }
}

impl StateError {
    /// A state that can't be used, for the reason that the code names.
    #[must_use]
    pub fn new(code: ErrorCode) -> Self {
        StateError { code }
    }
}

fn place(f: &mut fmt::Formatter<'_>, object: Option<u32>, offset: Option<u64>) -> fmt::Result {
    if let Some(object) = object {
        write!(f, " in object {object}")?;
    }
    if let Some(offset) = offset {
        write!(f, " at offset {offset}")?;
    }
    Ok(())
}

fn io_code(e: &io::Error) -> ErrorCode {
    match e.kind() {
        io::ErrorKind::NotFound => ErrorCode::IoNotFound,
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => ErrorCode::IoPermission,
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded | io::ErrorKind::FileTooLarge => {
            ErrorCode::IoDiskFull
        }
        io::ErrorKind::AlreadyExists => ErrorCode::IoTargetExists,
        io::ErrorKind::BrokenPipe => ErrorCode::IoReaderGone,
        _ => ErrorCode::IoOther,
    }
}
