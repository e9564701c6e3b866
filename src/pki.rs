//! Certificates and public keys: DER in; names, times, keys and verdicts about signature values out.
//!
//! Decided here and nowhere else: which keys are strong enough to sign with, which algorithm goes with a key,
//! and whether a signature value verifies. Paths to a trust anchor are not built here.

mod algorithm;
mod certificate;
mod ecdsa;
mod issuers;
mod name;
pub(crate) mod oid;
mod pem;
mod public_key;
#[cfg(feature = "aws-lc")]
mod verify_aws;
mod verify_pure;

pub(crate) use algorithm::{AlgorithmIdentifier, digest_algorithm, digest_algorithm_der, signature_algorithm_der};
pub use certificate::Certificate;
pub(crate) use ecdsa::{ecdsa_der_from_fixed, ecdsa_fixed_from_der, is_strict_ecdsa_der};
pub(crate) use issuers::{issuers, issuers_of};
pub(crate) use pem::{Block, blocks};
pub use public_key::{KeyKind, Padding, PublicKey};
pub(crate) use verify_pure::rsa_key;
