//! PDF signatures: PAdES baseline (EN 319 142-1) in ISO 32000 documents.
//!
//! In: a [`pdf::Document`](crate::pdf::Document) and a plan. Out: the tail with its hole, and later
//! the finished document. Decided here: which field is signed, what may not be touched, and what the
//! signature dictionary says.

mod archival;
mod coverage;
mod field;
mod finalize;
mod inspect;
mod permission;
mod placement;
mod prepare;
mod reread;
mod seed_value;

pub use coverage::Coverage;
pub(crate) use finalize::finalize;
pub use inspect::{FieldReport, Inspection, Lock, Revision, SignatureReport, TimestampReport};
pub(crate) use inspect::{inspect, signed_last_by};
pub(crate) use prepare::{Draft, prepare};
