//! CMS signatures (RFC 5652): attributes to be signed, SignedData around a value, and SignedData that others made.
//!
//! Our own are plain concatenations of parts that are computed once a plan, as an [`Identity`]. Foreign ones are
//! read as they stand: the received order of the signed attributes decides.

mod attributes;
mod embedded;
mod mismatch;
mod read;
mod signed_data;
mod signer;
mod token;
mod value;

pub(crate) use attributes::{Identity, issuer_serial, message_digest_of, signed_attributes};
pub(crate) use embedded::Embedded;
pub(crate) use read::SignedData;
pub(crate) use signed_data::{signed_data, signed_data_len_max, time_stamp_attribute};
pub(crate) use signer::Signer;
pub(crate) use token::{TstDetails, TstInfo};
pub(crate) use value::{accept_value, accept_value_among};
