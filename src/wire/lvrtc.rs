//! The contract of LVRTC's signing service: what its calls take and answer, and the calls themselves on this machine.
//!
//! In: the service's JSON, also with the slips that its own page has: with and without the wrapper `data`,
//! `sessionDigest` for `sessionDigests` and `diggest` for `digest`, flags as text, a file in a list or alone,
//! certificates with line breaks or in PEM. Out: values, and the corrected form: always wrapped, names as documented
//! in words, extras of ours beside them. Decided here: what a request must have, and how a fault looks to a client.
//!
//! A request with a name that is not known is refused: a misspelt flag would sign something else. An answer may have
//! more than is known here.

mod answer;
mod fault;
mod read;
mod request;
mod service;

pub use answer::{CalculatedDigest, Deleted, DigestRow, Digests, Done, FileRow, Files, IncludedRow};
pub use answer::{ResultRow, Results, Started};
pub use fault::Fault;
pub use request::{
    AddArchive, AddDocumentDigest, CalculateDigest, ESealCreate, FinalizeSigning, SessionSignatureValue,
};
pub use service::Service;

#[cfg(test)]
mod tests;
