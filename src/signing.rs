//! What all formats share: the plan of a signature, the room it takes, the bytes to be appended.
//!
//! In: certificates and options. Out: a [`Plan`] that is known to be possible, and the [`Tail`] a
//! format fills. Decided here and nowhere else: how much room a signature gets.

mod claims;
mod plan;
mod reserve;
mod subject;
mod tail;

pub use claims::Policy;
pub(crate) use claims::{Claims, Commitment};
pub use plan::{Level, Plan};
pub(crate) use reserve::{TOKEN_BYTES, reserve_bytes};
pub(crate) use subject::{Stamp, StampKind, Subject};
pub(crate) use tail::Tail;
