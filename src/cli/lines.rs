//! The JSON lines: their keys and their order are a promise, described in `docs/schema`.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine};
use eseal::error::MadeOver;
use eseal::{Certificate, Error, FetchedRevocation, Format, ToBeSigned};
use serde::Serialize;

use super::inputs::PassedOver;

/// A line of `prepare`.
#[derive(Debug, Serialize)]
pub(crate) struct Prepared {
    pub(crate) input: String,
    pub(crate) id: String,
    pub(crate) format: &'static str,
    pub(crate) digest: Option<String>,
    pub(crate) digest_hex: Option<String>,
    pub(crate) digest_algorithm: Option<&'static str>,
    pub(crate) digest_oid: Option<&'static str>,
    pub(crate) signature_algorithm: String,
    pub(crate) signature_oid: &'static str,
    pub(crate) to_be_signed: String,
    pub(crate) remarks: Vec<String>,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
}

impl Prepared {
    pub(crate) fn new(
        input: String,
        format: Format,
        id: &str,
        to_be_signed: &ToBeSigned,
        remarks: Vec<String>,
        reference: Option<String>,
    ) -> Self {
        let digest = to_be_signed.digest();
        Prepared {
            input,
            id: id.to_owned(),
            format: format.signature(),
            digest: digest.map(|digest| BASE64_STANDARD.encode(digest.as_bytes())),
            digest_hex: digest.map(eseal::Digest::to_hex),
            digest_algorithm: digest.map(|digest| digest.algorithm().name()),
            digest_oid: digest.map(|digest| digest.algorithm().oid()),
            signature_algorithm: to_be_signed.algorithm().to_string(),
            signature_oid: to_be_signed.algorithm().oid(),
            to_be_signed: BASE64_STANDARD.encode(to_be_signed.as_bytes()),
            remarks,
            reference,
        }
    }
}

/// A line of `finalize` and `seal`.
#[derive(Debug, Serialize)]
pub(crate) struct Signed {
    pub(crate) input: String,
    /// The data files of a container that was named with `--into`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) files: Option<Vec<String>>,
    pub(crate) id: String,
    pub(crate) output: String,
    pub(crate) level: &'static str,
    pub(crate) bytes: u64,
    pub(crate) source_sha256: Option<String>,
    pub(crate) signer: Signer,
    pub(crate) signing_time: String,
    pub(crate) timestamps: Vec<TimeStamp>,
    pub(crate) revocation: Vec<Revocation>,
    pub(crate) remarks: Vec<String>,
    pub(crate) seconds: f64,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
}

/// A time-stamp that was added.
#[derive(Debug, Serialize)]
pub(crate) struct TimeStamp {
    /// Unknown where the answer came out of a file.
    pub(crate) url: Option<String>,
    pub(crate) gen_time: String,
    pub(crate) serial: String,
    pub(crate) policy: String,
}

/// What was fetched about revocation and embedded.
#[derive(Debug, Serialize)]
pub(crate) struct Revocation {
    kind: &'static str,
    url: Option<String>,
    this_update: String,
}

impl From<&FetchedRevocation> for Revocation {
    fn from(fetched: &FetchedRevocation) -> Self {
        Revocation { kind: fetched.kind, url: fetched.url.clone(), this_update: fetched.this_update.to_string() }
    }
}

/// A line of `extend`: that of `finalize`, with null for what only a new signature has.
#[derive(Debug, Serialize)]
pub(crate) struct Extended {
    pub(crate) input: String,
    pub(crate) id: Option<String>,
    /// None where nothing was to do.
    pub(crate) output: Option<String>,
    pub(crate) unchanged: bool,
    pub(crate) level: &'static str,
    pub(crate) protected_until: Option<String>,
    pub(crate) bytes: u64,
    pub(crate) source_sha256: Option<String>,
    pub(crate) signer: Option<Signer>,
    pub(crate) signing_time: Option<String>,
    pub(crate) timestamps: Vec<TimeStamp>,
    pub(crate) revocation: Vec<Revocation>,
    pub(crate) left_out: Vec<LeftOut>,
    pub(crate) seconds: f64,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
}

/// A signature that stays as it is.
#[derive(Debug, Serialize)]
pub(crate) struct LeftOut {
    pub(crate) signature: String,
    pub(crate) error: Fault,
}

/// A line of `extend --dry-run`.
#[derive(Debug, Serialize)]
pub(crate) struct Forecast {
    pub(crate) input: String,
    pub(crate) level: &'static str,
    pub(crate) would_reach: &'static str,
    pub(crate) timestamps: usize,
    pub(crate) tsa: Option<String>,
    pub(crate) fetches: Vec<Fetch>,
    pub(crate) left_out: Vec<LeftOut>,
    pub(crate) bytes: u64,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
}

/// A line of `seal --dry-run`.
#[derive(Debug, Serialize)]
pub(crate) struct WouldSeal {
    pub(crate) input: String,
    pub(crate) output: String,
    pub(crate) level: &'static str,
    pub(crate) timestamps: u64,
    pub(crate) tsa: Option<String>,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
}

/// Something that would be asked for.
#[derive(Debug, Serialize)]
pub(crate) struct Fetch {
    kind: &'static str,
    urls: Vec<String>,
}

impl From<&eseal::Fetch> for Fetch {
    fn from(fetch: &eseal::Fetch) -> Self {
        Fetch { kind: fetch.role().as_str(), urls: fetch.urls().to_vec() }
    }
}

/// A line of `fill`: that of `finalize`, with null for what only a signature has.
#[derive(Debug, Default, Serialize)]
pub(crate) struct Filled {
    pub(crate) input: String,
    pub(crate) files: Vec<String>,
    pub(crate) id: Option<String>,
    pub(crate) output: String,
    pub(crate) level: Option<&'static str>,
    pub(crate) bytes: u64,
    pub(crate) source_sha256: Option<String>,
    pub(crate) signer: Option<Signer>,
    pub(crate) signing_time: Option<String>,
    pub(crate) timestamps: Vec<TimeStamp>,
    pub(crate) revocation: Vec<Revocation>,
    pub(crate) seconds: f64,
}

/// Whose signature it is.
#[derive(Debug, Serialize)]
pub(crate) struct Signer {
    subject: String,
    serial: String,
    sha256: String,
}

impl Signer {
    pub(crate) fn subject(&self) -> &str {
        &self.subject
    }
}

impl From<&Certificate> for Signer {
    fn from(certificate: &Certificate) -> Self {
        Signer {
            subject: certificate.subject().to_owned(),
            serial: certificate.serial(),
            sha256: certificate.sha256().to_hex(),
        }
    }
}

/// A line of `restore`.
#[derive(Debug, Serialize)]
pub(crate) struct Restored {
    pub(crate) input: String,
    /// Whether this account had made the undo file for this very document.
    pub(crate) own: bool,
    /// Whether anything of the document changed.
    pub(crate) changed: bool,
    pub(crate) found_bytes: u64,
    pub(crate) found_sha256: String,
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

/// A document that was left out.
#[derive(Debug, Serialize)]
pub(crate) struct Skipped {
    pub(crate) input: String,
    pub(crate) skipped: &'static str,
    /// The result that is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) output: Option<String>,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<String>,
}

/// A document that failed.
#[derive(Debug, Serialize)]
pub(crate) struct Failure<'a> {
    pub(crate) input: &'a str,
    pub(crate) error: Fault,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) reached: Option<&'static str>,
    #[serde(rename = "ref", skip_serializing_if = "Option::is_none")]
    pub(crate) reference: Option<&'a str>,
}

/// What went wrong.
#[derive(Debug, Serialize)]
pub(crate) struct Fault {
    pub(crate) code: &'static str,
    pub(crate) message: String,
    pub(crate) offset: Option<u64>,
    pub(crate) retry: &'static str,
    pub(crate) scope: &'static str,
    /// What a value was made over that does not verify, where that can be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) made_over: Option<&'static str>,
    /// The session that it is meant for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) session: Option<String>,
}

impl From<&Error> for Fault {
    fn from(error: &Error) -> Self {
        let made_over = match error {
            Error::SignatureMismatch(mismatch) => mismatch.made_over.as_ref(),
            _ => None,
        };
        let session = match made_over {
            Some(MadeOver::OtherSession { id, .. }) => Some(id.clone()),
            _ => None,
        };
        Fault {
            code: error.code().as_str(),
            message: error.to_string(),
            offset: error.offset(),
            retry: error.retry().as_str(),
            scope: error.scope().as_str(),
            made_over: made_over.map(MadeOver::as_str),
            session,
        }
    }
}

/// The only line of `summary`.
#[derive(Debug, Serialize)]
pub(crate) struct DigestsSummary {
    pub(crate) digests_summary: String,
    pub(crate) digests_summary_algorithm: &'static str,
    pub(crate) digests: Vec<Code>,
}

/// A digest of the summary and the code that a person compares.
#[derive(Debug, Serialize)]
pub(crate) struct Code {
    pub(crate) input: Option<String>,
    pub(crate) id: Option<String>,
    pub(crate) verification_code: String,
}

/// What `--summary` writes about the run.
#[derive(Debug, Serialize)]
pub(crate) struct RunSummary {
    pub(crate) run: String,
    pub(crate) version: &'static str,
    pub(crate) begin: String,
    /// None while it runs, and when it was killed.
    pub(crate) end: Option<String>,
    pub(crate) done: u64,
    pub(crate) skipped: u64,
    pub(crate) gone: u64,
    pub(crate) failed: u64,
    pub(crate) not_begun: Option<u64>,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) seconds: f64,
    pub(crate) exit: Option<u8>,
    pub(crate) reason: Option<String>,
    pub(crate) reason_code: Option<&'static str>,
    pub(crate) errors: BTreeMap<&'static str, u64>,
    pub(crate) remarks: BTreeMap<&'static str, u64>,
    /// Those that were bought, by the service's address.
    pub(crate) timestamps: BTreeMap<String, u64>,
    pub(crate) certificates: Vec<Ending>,
    pub(crate) passed_over: PassedOver,
}

/// Until when a certificate of the signer's is good.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Ending {
    pub(crate) subject: String,
    pub(crate) not_after: String,
    pub(crate) days_left: i64,
}

/// A line of `errors`.
#[derive(Debug, Serialize)]
pub(crate) struct Explained {
    pub(crate) code: &'static str,
    pub(crate) message: &'static str,
    pub(crate) cause: &'static str,
    pub(crate) remedy: &'static str,
    pub(crate) retry: &'static str,
    pub(crate) scope: &'static str,
}

/// A line as text, with its keys in their order.
pub(crate) fn json(line: &impl Serialize) -> eseal::Result<String> {
    serde_json::to_string(line).map_err(|_| Error::Bug("a line is no JSON"))
}
