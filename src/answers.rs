//! Answers of services: tokens and responses, which are CMS and certificates again.
//!
//! Comes in: bytes from a service or out of a document. Goes out: requests to be sent, and a token or a certificate's
//! status that has been checked in all but its path: who is trusted is not decided here.

pub(crate) mod ocsp;
pub(crate) mod timestamp;
mod validation_data;

pub(crate) use validation_data::ValidationData;
