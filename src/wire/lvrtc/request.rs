//! What the service's calls take.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use serde::{Deserialize, Serialize};

use super::read::{
    Flag, Index, SecretText, certificate, certificate_text, check_rows, file_digest, not, read, refused, required,
};
use crate::asice::DataFile;
use crate::digest::Digest;
use crate::error::{ErrorCode, Limit, Malformed, Result};
use crate::key::LocalKey;
use crate::limits::Limits;
use crate::pki::Certificate;
use crate::seal::ServiceKey;
use crate::secret::Secret;
use crate::signature::SignatureValue;
use crate::source::to_u64;

/// `addDocumentDigest`: files that stay elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddDocumentDigest {
    /// Name and SHA-256 of each.
    pub files: Vec<(String, Digest)>,
    /// Which signature file of the container that is put together later: `signatures0.xml` is the first.
    pub signature_index: Option<u32>,
}

/// `CalculateDigest`: what a key must sign, for each session.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct CalculateDigest {
    /// The sessions, as they were written.
    pub sessions: Vec<String>,
    /// The signer's certificate.
    pub certificate: Certificate,
    /// Sign the PDF itself; else a container.
    pub sign_as_pdf: bool,
    /// Put a container that is there into a new one; else add a signature to it.
    pub create_new_edoc: bool,
}

/// `finalizeSigning`: what the key has made.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct FinalizeSigning {
    /// A value for each session.
    pub values: Vec<SessionSignatureValue>,
    /// The person's certificate for authentication.
    pub auth_certificate: Option<Certificate>,
}

/// The value for one session, as it was written.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[non_exhaustive]
pub struct SessionSignatureValue {
    /// The session.
    pub session_id: String,
    /// The value in base64.
    pub signature_value: String,
}

/// `addArchive`: one more archive time-stamp.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct AddArchive {
    /// The sessions, as they were written.
    pub sessions: Vec<String>,
    /// The certificate for authentication.
    pub auth_certificate: Option<Certificate>,
}

/// `eSealCreate`: all of it with a key that travels, or with one that is at hand.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct ESealCreate {
    /// The sessions, as they were written.
    pub sessions: Vec<String>,
    /// Sign the PDF itself; else a container.
    pub sign_as_pdf: bool,
    /// Put a container that is there into a new one; else add a signature to it.
    pub create_new_edoc: bool,
    /// The key: a PFX in base64.
    pub sign_key: Option<Secret>,
    /// The password of the PFX, encrypted to the service's key, in base64.
    pub sign_key_password: Option<Secret>,
    /// The certificate for authentication that goes with the seal.
    pub auth_certificate: Option<Certificate>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawSession {
    session_id: String,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RawFile {
    name: String,
    digest: String,
    digest_algorithm: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawAddDocumentDigest {
    files: Vec<RawFile>,
    signature_index: Option<Index>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawCalculateDigest {
    sessions: Vec<RawSession>,
    certificate: String,
    #[serde(default)]
    sign_as_pdf: Flag,
    #[serde(default)]
    create_new_edoc: Flag,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawFinalizeSigning {
    session_signature_values: Vec<SessionSignatureValue>,
    auth_certificate: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawAddArchive {
    sessions: Vec<RawSession>,
    auth_certificate: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawESealCreate {
    sessions: Vec<RawSession>,
    #[serde(default)]
    sign_as_pdf: Flag,
    #[serde(default)]
    create_new_edoc: Flag,
    sign_key: Option<SecretText>,
    sign_key_password: Option<SecretText>,
    auth_certificate: Option<String>,
}

/// What any of the requests has, as far as it has it.
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Body<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    sessions: Option<Vec<RawSession>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_signature_values: Option<&'a [SessionSignatureValue]>,
    #[serde(skip_serializing_if = "Option::is_none")]
    files: Option<Vec<RawFile>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    signature_index: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sign_as_pdf: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    create_new_edoc: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    auth_certificate: Option<String>,
}

impl AddDocumentDigest {
    /// Files by name and SHA-256.
    #[must_use]
    pub fn new(files: Vec<(String, Digest)>) -> Self {
        AddDocumentDigest { files, signature_index: None }
    }

    /// Reads the request.
    ///
    /// # Errors
    /// `lvrtc.request`, also for a digest that is no SHA-256; `limit.exceeded`.
    pub fn from_json(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let raw: RawAddDocumentDigest = read(bytes, limits)?;
        check_rows(raw.files.len(), "files is empty", limits)?;
        let file = |(index, file): (usize, RawFile)| {
            Ok((file.name, file_digest(index, &file.digest, file.digest_algorithm.as_deref())?))
        };
        let files = raw.files.into_iter().enumerate().map(file).collect::<Result<_>>()?;
        Ok(AddDocumentDigest { files, signature_index: raw.signature_index.map(|Index(index)| index) })
    }

    /// The request as the service wants it.
    #[must_use]
    pub fn to_json(&self) -> String {
        let raw = |(name, digest): &(String, Digest)| RawFile {
            name: name.clone(),
            digest: BASE64.encode(digest.as_bytes()),
            digest_algorithm: Some("SHA256".to_owned()),
        };
        let files = Some(self.files.iter().map(raw).collect());
        bare(&Body { files, signature_index: self.signature_index.map(|index| index.to_string()), ..Body::default() })
    }

    /// The files as those of a container.
    #[must_use]
    pub fn data_files(&self) -> Vec<DataFile> {
        self.files.iter().map(|(name, digest)| DataFile::by_digest(name, *digest)).collect()
    }
}

impl CalculateDigest {
    /// A container for each session, or one more signature in the one that is there.
    #[must_use]
    pub fn new(sessions: Vec<String>, certificate: Certificate) -> Self {
        CalculateDigest { sessions, certificate, sign_as_pdf: false, create_new_edoc: false }
    }

    /// Reads the request.
    ///
    /// # Errors
    /// `lvrtc.request`, `certificate.malformed`, `limit.exceeded`.
    pub fn from_json(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let raw: RawCalculateDigest = read(bytes, limits)?;
        Ok(CalculateDigest {
            sessions: sessions(raw.sessions, limits)?,
            certificate: certificate(&raw.certificate, limits)?,
            sign_as_pdf: raw.sign_as_pdf.0,
            create_new_edoc: raw.create_new_edoc.0,
        })
    }

    /// The request as the service wants it.
    #[must_use]
    pub fn to_json(&self) -> String {
        bare(&Body {
            sessions: raw_sessions(&self.sessions),
            certificate: Some(certificate_text(&self.certificate)),
            sign_as_pdf: Some(self.sign_as_pdf),
            create_new_edoc: Some(self.create_new_edoc),
            ..Body::default()
        })
    }
}

impl FinalizeSigning {
    /// These values, and no certificate for authentication.
    #[must_use]
    pub fn new(values: Vec<SessionSignatureValue>) -> Self {
        FinalizeSigning { values, auth_certificate: None }
    }

    /// Reads the request. What is wrong with a value is one session's affair: see [`SessionSignatureValue::value`].
    ///
    /// # Errors
    /// `lvrtc.request`, `certificate.malformed`, `limit.exceeded`.
    pub fn from_json(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let raw: RawFinalizeSigning = read(bytes, limits)?;
        let values = raw.session_signature_values;
        check_rows(values.len(), "sessionSignatureValues is empty", limits)?;
        check_once("sessionSignatureValues", values.iter().map(|value| &*value.session_id))?;
        Ok(FinalizeSigning { values, auth_certificate: auth_certificate(raw.auth_certificate, limits)? })
    }

    /// The request as the service wants it.
    #[must_use]
    pub fn to_json(&self) -> String {
        bare(&Body {
            session_signature_values: Some(&self.values),
            auth_certificate: self.auth_certificate.as_ref().map(certificate_text),
            ..Body::default()
        })
    }
}

impl SessionSignatureValue {
    /// What the key has made for a session.
    #[must_use]
    pub fn new(session_id: impl Into<String>, value: &SignatureValue) -> Self {
        let signature_value = BASE64.encode(value.as_bytes());
        SessionSignatureValue { session_id: session_id.into(), signature_value }
    }

    /// The value itself: RSA, or ECDSA as DER or as r ‖ s, whichever verifies.
    ///
    /// # Errors
    /// `values.malformed` when it is not base64.
    pub fn value(&self) -> Result<SignatureValue> {
        // Services wrap lines and leave padding out; which bytes are meant is clear all the same.
        let text: Vec<u8> = self.signature_value.bytes().filter(|c| !c.is_ascii_whitespace()).collect();
        let bytes = BASE64.decode(text).ok().filter(|bytes| !bytes.is_empty());
        let bytes = bytes.ok_or_else(|| Malformed::new(ErrorCode::ValuesMalformed))?;
        Ok(SignatureValue::undeclared(bytes))
    }
}

impl AddArchive {
    /// These sessions, and no certificate for authentication.
    #[must_use]
    pub fn new(sessions: Vec<String>) -> Self {
        AddArchive { sessions, auth_certificate: None }
    }

    /// Reads the request.
    ///
    /// # Errors
    /// `lvrtc.request`, `certificate.malformed`, `limit.exceeded`.
    pub fn from_json(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let raw: RawAddArchive = read(bytes, limits)?;
        let auth_certificate = auth_certificate(raw.auth_certificate, limits)?;
        Ok(AddArchive { sessions: sessions(raw.sessions, limits)?, auth_certificate })
    }

    /// The request as the service wants it.
    #[must_use]
    pub fn to_json(&self) -> String {
        bare(&Body {
            sessions: raw_sessions(&self.sessions),
            auth_certificate: self.auth_certificate.as_ref().map(certificate_text),
            ..Body::default()
        })
    }
}

impl ESealCreate {
    /// A container for each session, or one more signature in the one that is there, by a key that is at hand.
    #[must_use]
    pub fn new(sessions: Vec<String>) -> Self {
        ESealCreate {
            sessions,
            sign_as_pdf: false,
            create_new_edoc: false,
            sign_key: None,
            sign_key_password: None,
            auth_certificate: None,
        }
    }

    /// Whether a key came along.
    #[must_use]
    pub fn has_key(&self) -> bool {
        self.sign_key.is_some()
    }

    /// The key that came along, opened with the password that was encrypted to `house`, the key of this house.
    ///
    /// # Errors
    /// `lvrtc.request` when there is no key, no password or no base64; else as [`ServiceKey::open_key`].
    pub fn open_key(&self, house: &ServiceKey, limits: &Limits) -> Result<LocalKey> {
        let key = required(self.sign_key.as_ref(), "signKey is missing")?;
        let password = required(self.sign_key_password.as_ref(), "signKeyPassword is missing")?;
        let text: Vec<u8> = key.expose().iter().copied().filter(|c| !c.is_ascii_whitespace()).collect();
        let text = Secret::new(text);
        let key = Secret::new(BASE64.decode(text.expose()).map_err(|_| refused("signKey is not base64"))?);
        let found = to_u64(key.expose().len());
        if found > limits.key_bytes {
            return Err(Limit::new("key_bytes", limits.key_bytes, found).into());
        }
        let password = std::str::from_utf8(password.expose()).unwrap_or_default();
        house.open_key(key.expose(), password, &[], limits)
    }

    /// Reads the request. It is not written again: what would be written are secrets.
    ///
    /// # Errors
    /// `lvrtc.request`, `certificate.malformed`, `limit.exceeded`.
    pub fn from_json(bytes: &[u8], limits: &Limits) -> Result<Self> {
        let raw: RawESealCreate = read(bytes, limits)?;
        let secret = |text: Option<SecretText>| text.map(|SecretText(secret)| secret);
        Ok(ESealCreate {
            sessions: sessions(raw.sessions, limits)?,
            sign_as_pdf: raw.sign_as_pdf.0,
            create_new_edoc: raw.create_new_edoc.0,
            sign_key: secret(raw.sign_key),
            sign_key_password: secret(raw.sign_key_password),
            auth_certificate: auth_certificate(raw.auth_certificate, limits)?,
        })
    }
}

fn sessions(raw: Vec<RawSession>, limits: &Limits) -> Result<Vec<String>> {
    check_rows(raw.len(), "sessions is empty", limits)?;
    check_once("sessions", raw.iter().map(|session| &*session.session_id))?;
    Ok(raw.into_iter().map(|session| session.session_id).collect())
}

/// Makes sure that no session stands there twice: its second answer would be a matter of luck.
fn check_once<'a>(list: &str, ids: impl Iterator<Item = &'a str>) -> Result<()> {
    let mut seen = BTreeSet::new();
    match ids.enumerate().find(|(_, id)| !seen.insert(*id)) {
        Some((index, _)) => {
            Err(not(format!("{list}[{index}].sessionId"), "another than before: a session stands there twice"))
        }
        None => Ok(()),
    }
}

fn raw_sessions(ids: &[String]) -> Option<Vec<RawSession>> {
    Some(ids.iter().map(|id| RawSession { session_id: id.clone() }).collect())
}

fn auth_certificate(text: Option<String>, limits: &Limits) -> Result<Option<Certificate>> {
    text.map(|text| certificate(&text, limits)).transpose()
}

/// A request, which is not wrapped.
fn bare(body: &Body<'_>) -> String {
    serde_json::to_string(body).unwrap_or_default()
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);
