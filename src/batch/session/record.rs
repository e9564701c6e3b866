//! What is kept of a session after each step: version 1 of its record.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};

use super::{FileKind, Form, IncludedFile, Phase, SessionFile};
use crate::asice::DataFile;
use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{Error, ErrorCode, Limit, Result, StateError};
use crate::limits::Limits;
use crate::signing::Level;
use crate::source::to_u64;
use crate::store::FileId;

/// A session after a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Record {
    version: u32,
    /// In the order in which they came.
    pub(super) files: Vec<File>,
    /// Files that were signed by their digests before, for the next signer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) told: Vec<File>,
    /// The number of the signature file of a container of digests.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) signature_index: Option<u32>,
    /// What waits for a value, or for its level.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) waiting: Option<Waiting>,
    /// What was done last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) done: Option<Done>,
    /// An upgrade to B-LTA that has not arrived, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) archiving: Option<Base64>,
    /// The code of why the document can't be signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) failed: Option<String>,
}

/// A file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct File {
    pub(super) id: String,
    pub(super) name: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) size: Option<u64>,
    /// Only where it is known by it alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<FileDigest>,
    /// Only of a result.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) level: Option<String>,
    /// Only of a container.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) included: Vec<Included>,
}

/// The digest of a file that is elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FileDigest {
    algorithm: String,
    value: Base64,
}

/// A data file of a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Included {
    pub(super) name: String,
    pub(super) size: u64,
}

/// A signature under way.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Waiting {
    /// What it was prepared with, as 64 hexadecimal digits.
    pub(super) key: String,
    pub(super) form: SavedForm,
    /// The state as it was prepared.
    pub(super) prepared: Base64,
    /// What was made of it with a value that has verified.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) signed: Option<Signed>,
}

/// A value that has verified.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Signed {
    /// SHA-256 of the value as it was given, in hexadecimal digits.
    pub(super) value: String,
    pub(super) state: Base64,
    /// How far it got on its way up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) raised: Option<Base64>,
}

/// What was done last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Done {
    /// What the signature was prepared with; none where only an archive time-stamp was added.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) key: Option<String>,
    /// SHA-256 of its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) value: Option<String>,
    pub(super) is_archived: bool,
    /// The result.
    pub(super) file: String,
}

/// [`Form`] in a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum SavedForm {
    Pdf,
    AddToContainer,
    NewContainer,
}

/// Bytes, as base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Base64(String);

impl Base64 {
    pub(super) fn new(bytes: &[u8]) -> Self {
        Base64(BASE64_STANDARD.encode(bytes))
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>> {
        BASE64_STANDARD.decode(&self.0).map_err(|_| malformed())
    }
}

impl From<Form> for SavedForm {
    fn from(form: Form) -> Self {
        match form {
            Form::Pdf => SavedForm::Pdf,
            Form::AddToContainer => SavedForm::AddToContainer,
            Form::NewContainer => SavedForm::NewContainer,
        }
    }
}

impl From<SavedForm> for Form {
    fn from(form: SavedForm) -> Self {
        match form {
            SavedForm::Pdf => Form::Pdf,
            SavedForm::AddToContainer => Form::AddToContainer,
            SavedForm::NewContainer => Form::NewContainer,
        }
    }
}

impl Default for Record {
    fn default() -> Self {
        Record {
            version: VERSION,
            files: Vec::new(),
            told: Vec::new(),
            signature_index: None,
            waiting: None,
            done: None,
            archiving: None,
            failed: None,
        }
    }
}

impl Record {
    /// Reads a record; it is not trusted.
    pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let found = to_u64(bytes.len());
        if found > limits.session_bytes {
            return Err(Limit::new("session_bytes", limits.session_bytes, found).into());
        }
        let record: Record = serde_json::from_slice(bytes).map_err(|_| malformed())?;
        if record.version != VERSION {
            return Err(StateError::new(ErrorCode::StateVersion).into());
        }
        // All or nothing: what one call refuses, no other goes on with.
        record.session_files()?;
        record.files.iter().chain(&record.told).try_for_each(|file| file.by_digest().map(drop))?;
        Ok(record)
    }

    pub(super) fn to_bytes(&self) -> Result<Vec<u8>> {
        serde_json::to_vec(self).map_err(|_| Error::Bug("a session's record can't be written"))
    }

    pub(super) fn phase(&self) -> Phase {
        match (&self.waiting, &self.done) {
            (Some(waiting), _) if waiting.signed.is_some() => Phase::Signed,
            (Some(_), _) => Phase::Prepared,
            _ if self.failed.is_some() => Phase::Failed,
            (None, Some(done)) if !self.files.iter().any(|file| file.id == done.file) => Phase::Open,
            (None, Some(done)) if done.is_archived => Phase::Archived,
            (None, Some(_)) => Phase::Finished,
            (None, None) => Phase::Open,
        }
    }

    pub(super) fn session_files(&self) -> Result<Vec<SessionFile>> {
        self.files.iter().map(File::to_session_file).collect()
    }

    /// Its files have changed: what was prepared is void.
    pub(super) fn reopen(&mut self) {
        self.waiting = None;
        self.archiving = None;
        self.failed = None;
    }
}

impl File {
    pub(super) fn id(&self) -> Result<FileId> {
        FileId::parse(&self.id).map_err(|_| malformed())
    }

    pub(super) fn to_session_file(&self) -> Result<SessionFile> {
        let id = self.id()?;
        let included = self.included.iter().map(|one| IncludedFile {
            id: FileId::of(&[self.id.as_bytes(), one.name.as_bytes()]),
            name: one.name.clone(),
            size: one.size,
        });
        Ok(SessionFile {
            id,
            name: self.name.clone(),
            size: self.size,
            kind: if self.digest.is_some() { FileKind::Digest } else { FileKind::Content },
            level: self.level.as_deref().map(Level::from_name).transpose().map_err(|_| malformed())?,
            included: included.collect(),
        })
    }

    /// As a data file, where it is known by its digest alone.
    pub(super) fn by_digest(&self) -> Result<Option<DataFile>> {
        let Some(digest) = &self.digest else { return Ok(None) };
        let algorithm = DigestAlgorithm::from_name(&digest.algorithm).map_err(|_| malformed())?;
        let digest = Digest::new(algorithm, &digest.value.to_bytes()?).map_err(|_| malformed())?;
        let file = DataFile::by_digest(&*self.name, digest);
        Ok(Some(self.size.map_or(file.clone(), |size| file.size(size))))
    }
}

impl FileDigest {
    pub(super) fn new(digest: &Digest) -> Self {
        FileDigest { algorithm: digest.algorithm().name().to_owned(), value: Base64::new(digest.as_bytes()) }
    }
}

pub(super) fn malformed() -> Error {
    StateError::new(ErrorCode::StoreMalformed).into()
}

const VERSION: u32 = 1;
