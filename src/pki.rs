//! Certificates and public keys: DER in; names, times, keys and verdicts about signature values out.
//!
//! Decided here and nowhere else: which keys are strong enough to sign with, which algorithm goes with a key,
//! whether a signature value verifies, which path leads to a trusted certificate, and what a CRL says.

mod algorithm;
mod certificate;
mod constraints;
pub(crate) mod crl;
mod distribution;
mod ecdsa;
pub(crate) mod extensions;
mod general_name;
mod issuers;
mod name;
mod newest;
pub(crate) mod oid;
pub(crate) mod path;
mod pem;
mod policy;
mod public_key;
mod revocation;
mod strength;
mod value;
mod verified;
#[cfg(feature = "aws-lc")]
mod verify_aws;
mod verify_pure;

pub(crate) use algorithm::{AlgorithmIdentifier, digest_algorithm, digest_algorithm_der, signature_algorithm_der};
pub use certificate::Certificate;
pub(crate) use ecdsa::{ecdsa_der_from_fixed, ecdsa_fixed_from_der, is_strict_ecdsa_der};
pub(crate) use issuers::{issuers, issuers_of};
pub(crate) use name::same_name;
pub(crate) use newest::newest_of;
pub(crate) use pem::{Block, blocks, labels, without_mark};
pub use public_key::{KeyKind, Padding, PublicKey};
pub(crate) use revocation::{Reason, Revocation};
pub(crate) use strength::is_strong;
pub(crate) use value::value_forms;
pub(crate) use verified::Verified;
pub(crate) use verify_pure::rsa_key;
