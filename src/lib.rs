//! Signs documents in two halves, with the key somewhere else in between.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod error;
#[doc(hidden)]
pub mod fuzzing;

mod cms;
mod der;
mod digest;
mod limits;
mod output;
mod pdf;
mod pki;
mod provider;
mod secret;
mod signature;
mod source;
mod time;

pub use digest::{Digest, DigestAlgorithm, State};
pub use error::{Error, ErrorCode, Result, Retry, Scope};
pub use limits::Limits;
pub use output::Output;
pub use pdf::Recovery;
pub use pki::{Certificate, KeyKind, Padding, PublicKey};
pub use provider::{Clock, Entropy, Signer, draw_moment};
pub use secret::Secret;
pub use signature::{Curve, Encoding, SignatureAlgorithm, SignatureValue, ToBeSigned};
pub use source::{Bytes, ReadAt, Source};
pub use time::{Moment, Time};
