//! What the service's calls answer.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::fault::Fault;
use super::read::{algorithm_name, read, refused, required, write};
use crate::batch::{Preparation, verification_code};
use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{Limit, Result};
use crate::limits::Limits;
use crate::signing::Level;
use crate::source::to_u64;

/// The answer of `start`.
// Complete: one session, or a list of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Started {
    /// One session.
    #[serde(rename = "sessionId")]
    One(String),
    /// As many as were asked for.
    #[serde(rename = "sessionIds")]
    Many(Vec<String>),
}

/// The answer of `delete`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Deleted {
    /// The file that is gone.
    pub id: String,
}

/// The answer of `list` and `addDocumentDigest`; that of `upload` is one of these rows.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Files {
    /// The files of the session; once it is signed, the signed one alone.
    pub rows: Vec<FileRow>,
}

/// A file of a session.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
#[non_exhaustive]
pub struct FileRow {
    /// Names it within the session.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its size in bytes, where the content is here.
    #[serde(default)]
    pub size: Option<u64>,
    /// `file`, or `hash` where only the digest is here.
    #[serde(default, rename = "type")]
    pub kind: String,
    /// What is in it, where it is a container.
    #[serde(default)]
    pub included_documents: Vec<IncludedRow>,
    /// The level of the signature that was added here, of what came of signing; the service has no such thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
}

/// A file in a container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct IncludedRow {
    /// An id of its own; it can't be downloaded by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// Its name in the container.
    pub name: String,
    /// Its size in bytes, where the content is there.
    #[serde(default)]
    pub size: Option<u64>,
    /// `file`, or `hash` where only the digest is there.
    #[serde(default, rename = "type")]
    pub kind: String,
}

/// The answer of `CalculateDigest`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Digests {
    /// A row for each session, in the order of the request.
    pub rows: Vec<DigestRow>,
    /// The digest over all digests of the rows; nothing where no row has one.
    pub digests_summary: Option<Digest>,
    /// `rsa` or `ecdsa`.
    pub signature_algorithm: Option<String>,
}

/// What became of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DigestRow {
    /// The session, as the request wrote it.
    pub session_id: String,
    /// What the key must sign, or why there is nothing.
    pub result: Result<CalculatedDigest, Fault>,
}

/// What a key must sign.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CalculatedDigest {
    /// The digest; its algorithm is told for each row, because it is not always the same.
    pub digest: Digest,
    /// How it came about; the service has no such thing.
    pub prepared: Option<Preparation>,
}

/// The answer of `finalizeSigning`, `addArchive` and `eSealCreate`.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Results {
    /// A row for each session, in the order of the request.
    pub rows: Vec<ResultRow>,
}

/// What became of one session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ResultRow {
    /// The session, as the request wrote it; the service leaves it out of some faults.
    pub session_id: String,
    /// What was reached, or why it was not.
    pub result: Result<Done, Fault>,
}

/// A session that is where it should be; the service says no more than its name.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Done {
    /// The level that the document has now.
    pub level: Option<Level>,
    /// The signed document: a name for `download`.
    pub document_id: Option<String>,
    /// Whether it was so already, and nothing was done.
    pub is_again: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    Many(Vec<FileRow>),
    One(FileRow),
}

#[derive(Serialize, Deserialize)]
struct RawDigests {
    #[serde(rename = "sessionDigests", alias = "sessionDigest")]
    rows: Option<Vec<RawDigestRow>>,
    digests_summary: Option<String>,
    algorithm: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature_algorithm: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct RawDigestRow {
    #[serde(rename = "sessionId")]
    session_id: String,
    #[serde(alias = "diggest", skip_serializing_if = "Option::is_none")]
    digest: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    digest_algorithm: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none", skip_deserializing)]
    verification_code: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    prepared: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Fault>,
}

#[derive(Serialize, Deserialize)]
struct RawResults {
    results: Option<Vec<RawResult>>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct RawResult {
    #[serde(default)]
    session_id: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    level: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    document_id: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    again: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Fault>,
}

impl Started {
    /// Reads the answer.
    ///
    /// # Errors
    /// `lvrtc.request`, `limit.exceeded`.
    pub fn from_json(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let started: Started = read(bytes, limits)?;
        check_rows(started.sessions().len(), limits)?;
        Ok(started)
    }

    /// The answer as it is sent.
    #[must_use]
    pub fn to_json(&self) -> String {
        write(self)
    }

    /// The sessions.
    #[must_use]
    pub fn sessions(&self) -> &[String] {
        match self {
            Started::One(id) => std::slice::from_ref(id),
            Started::Many(ids) => ids,
        }
    }
}

impl Deleted {
    /// The file that is gone.
    #[must_use]
    pub fn new(id: impl Into<String>) -> Self {
        Deleted { id: id.into() }
    }

    /// The answer as it is sent.
    #[must_use]
    pub fn to_json(&self) -> String {
        write(self)
    }
}

impl Files {
    /// Reads the answer, also one file alone.
    ///
    /// # Errors
    /// `lvrtc.request`, `limit.exceeded`.
    pub fn from_json(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let rows = match read(bytes, limits)? {
            OneOrMany::Many(rows) => rows,
            OneOrMany::One(row) => vec![row],
        };
        check_rows(rows.len(), limits)?;
        Ok(Files { rows })
    }

    /// The answer as it is sent.
    #[must_use]
    pub fn to_json(&self) -> String {
        write(&self.rows)
    }
}

impl FileRow {
    /// The answer of `upload` as it is sent.
    #[must_use]
    pub fn to_json(&self) -> String {
        write(self)
    }
}

impl Digests {
    /// Reads the answer. Without a name of its own a row's digest has the algorithm of its length.
    ///
    /// # Errors
    /// `lvrtc.request`, also where a name and a length do not fit; `limit.exceeded`.
    pub fn from_json(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let raw: RawDigests = read(bytes, limits)?;
        let rows = required(raw.rows, "sessionDigests is missing")?;
        check_rows(rows.len(), limits)?;
        let rows = rows.into_iter().map(DigestRow::from_raw).collect::<Result<_>>()?;
        let algorithm = raw.algorithm.as_deref().map_or(Ok(DigestAlgorithm::Sha256), named)?;
        let summary = raw.digests_summary.filter(|text| !text.is_empty());
        let digests_summary = summary.map(|text| digest(&text, Some(algorithm))).transpose()?;
        Ok(Digests { rows, digests_summary, signature_algorithm: raw.signature_algorithm })
    }

    /// The answer as it is sent.
    #[must_use]
    pub fn to_json(&self) -> String {
        let algorithm = self.digests_summary.map_or(DigestAlgorithm::Sha256, |summary| summary.algorithm());
        write(&RawDigests {
            rows: Some(self.rows.iter().map(RawDigestRow::from).collect()),
            digests_summary: self.digests_summary.map(|summary| STANDARD.encode(summary.as_bytes())),
            algorithm: Some(algorithm_name(algorithm)),
            signature_algorithm: self.signature_algorithm.clone(),
        })
    }

    /// Whether a row has an error.
    #[must_use]
    pub fn has_fault(&self) -> bool {
        self.rows.iter().any(|row| row.result.is_err())
    }
}

impl DigestRow {
    fn from_raw(raw: RawDigestRow) -> Result<Self> {
        let result = match (raw.error, raw.digest) {
            (Some(fault), None) => Err(fault),
            (None, Some(text)) => {
                let algorithm = raw.digest_algorithm.as_deref().map(named).transpose()?;
                let prepared = raw.prepared.as_deref().map(preparation).transpose()?;
                Ok(CalculatedDigest { digest: digest(&text, algorithm)?, prepared })
            }
            _ => return Err(refused("a row has neither digest nor error, or both")),
        };
        Ok(DigestRow { session_id: raw.session_id, result })
    }
}

impl From<&DigestRow> for RawDigestRow {
    fn from(row: &DigestRow) -> Self {
        let (calculated, error) = (row.result.as_ref().ok(), row.result.as_ref().err().cloned());
        RawDigestRow {
            session_id: row.session_id.clone(),
            digest: calculated.map(|found| STANDARD.encode(found.digest.as_bytes())),
            digest_algorithm: calculated.map(|found| algorithm_name(found.digest.algorithm())),
            verification_code: calculated.map(|found| verification_code(found.digest.as_bytes())),
            prepared: calculated.and_then(|found| Some(found.prepared?.as_str().to_owned())),
            error,
        }
    }
}

impl Results {
    /// Reads the answer.
    ///
    /// # Errors
    /// `lvrtc.request`, `limit.exceeded`.
    pub fn from_json(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let raw: RawResults = read(bytes, limits)?;
        let rows = required(raw.results, "results is missing")?;
        check_rows(rows.len(), limits)?;
        Ok(Results { rows: rows.into_iter().map(ResultRow::from_raw).collect::<Result<_>>()? })
    }

    /// The answer as it is sent.
    #[must_use]
    pub fn to_json(&self) -> String {
        write(&RawResults { results: Some(self.rows.iter().map(RawResult::from).collect()) })
    }

    /// Whether a row has an error.
    #[must_use]
    pub fn has_fault(&self) -> bool {
        self.rows.iter().any(|row| row.result.is_err())
    }
}

impl ResultRow {
    fn from_raw(raw: RawResult) -> Result<Self> {
        let level = raw.level.as_deref().map(|name| Level::from_name(name).map_err(|_| refused("unknown level")));
        let done = Done { level: level.transpose()?, document_id: raw.document_id, is_again: raw.again };
        Ok(ResultRow { session_id: raw.session_id, result: raw.error.map_or(Ok(done), Err) })
    }
}

impl From<&ResultRow> for RawResult {
    fn from(row: &ResultRow) -> Self {
        let (done, error) = (row.result.as_ref().ok(), row.result.as_ref().err().cloned());
        RawResult {
            session_id: row.session_id.clone(),
            level: done.and_then(|done| done.level).map(|level| level.as_str().to_owned()),
            document_id: done.and_then(|done| done.document_id.clone()),
            again: done.is_some_and(|done| done.is_again),
            error,
        }
    }
}

fn preparation(word: &str) -> Result<Preparation> {
    let all = [Preparation::New, Preparation::Again, Preparation::Anew];
    required(all.into_iter().find(|it| it.as_str() == word), "prepared is none of new, again, anew")
}

fn named(name: &str) -> Result<DigestAlgorithm> {
    DigestAlgorithm::from_name(name).map_err(|_| refused("unknown digest algorithm"))
}

/// A digest in base64, of the algorithm that was named, or of the one that its length tells.
fn digest(text: &str, algorithm: Option<DigestAlgorithm>) -> Result<Digest> {
    let bytes = STANDARD.decode(text).map_err(|_| refused("digest is not base64"))?;
    let of_length = || {
        let all = [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512];
        all.into_iter().find(|algorithm| algorithm.len_bytes() == bytes.len())
    };
    let algorithm = required(algorithm.or_else(of_length), "digest is as long as none")?;
    Digest::new(algorithm, &bytes).map_err(|_| refused("digest has not the length of its algorithm"))
}

fn check_rows(rows: usize, limits: &Limits) -> Result<()> {
    let found = to_u64(rows);
    if found > limits.wire_rows {
        return Err(Limit::new("wire_rows", limits.wire_rows, found).into());
    }
    Ok(())
}
