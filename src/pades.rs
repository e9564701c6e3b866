//! PDF signatures: PAdES baseline (EN 319 142-1) in ISO 32000 documents.
//!
//! In: a [`pdf::Document`](crate::pdf::Document) and a plan. Out: the tail with its hole, and later
//! the finished document. Decided here: which field is signed, what may not be touched, and what the
//! signature dictionary says.

mod after;
mod archival;
mod as_signed;
mod changes;
mod check;
mod contents;
mod coverage;
mod digests;
mod dss;
mod extend;
mod field;
mod finalize;
mod inspect;
mod looked;
mod permission;
mod placement;
mod prepare;
mod report;
mod reread;
mod seed_value;
mod signature;
mod stamp;

pub use after::{After, Change, ChangeKind};
pub use coverage::Coverage;
pub(crate) use extend::Extension;
pub(crate) use finalize::finalize;
pub(crate) use inspect::{inspect, signed_last_by};
pub(crate) use prepare::{Draft, prepare};
pub use report::{FieldReport, Lock, PdfInspection, Revision, SignatureReport, TimestampReport};
pub(crate) use stamp::StampDraft;

/// The handler that a signature names.
const FILTER: &str = "Adobe.PPKLite";
/// How Contents of a signature is to be read (EN 319 142-1, 5.2).
const SUB_FILTER: &str = "ETSI.CAdES.detached";
/// The same of a signature without CAdES attributes (ISO 32000-1, 12.8.3.3).
const DETACHED: &str = "adbe.pkcs7.detached";
/// CMS over the SHA-1 of the document, which is the content inside (ISO 32000-1, 12.8.3.3.1): read, never made.
const ENVELOPED_SHA1: &str = "adbe.pkcs7.sha1";
/// How Contents of a document time-stamp is to be read.
const TIME_STAMP: &str = "ETSI.RFC3161";

#[cfg(test)]
mod tests;
