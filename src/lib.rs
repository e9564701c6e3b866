//! Signs documents in two halves, with the key somewhere else in between.
//!
//! The first half computes what a key has to sign and keeps a small state; the second takes the
//! signature value and writes the signed document. In between may lie a signing service, a card, a
//! person's consent, or a night. Documents never leave the house; only digests do.
//!
//! ```
//! use eseal::{Document, Limits, Moment, Plan, Prepared, SignatureValue, Source, Time};
//! # use eseal::key::LocalKey;
//! # use eseal::{Signer, Secret};
//! # fn main() -> eseal::Result<()> {
//! # let key = eseal::key::throw_away(&eseal::system::OsEntropy, "Nobody", Time::parse_rfc3339("2026-01-02T03:04:05Z")?)?;
//! # let certificate = key.chain()[0].clone();
//! # let pdf = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/pdf/table-lf.pdf")).unwrap();
//! // First half: no key, no network.
//! let plan = Plan::new(certificate, &[])?.reason("agreed");
//! let moment = Moment::new(Time::parse_rfc3339("2026-01-02T03:04:05Z")?, [7; 32]); // or draw_moment(…)
//! let document = Document::open(Source::from_bytes(pdf.clone()), &Limits::default())?;
//! let prepared = document.prepare(&plan, moment)?;
//! let (digest, state) = (prepared.to_be_signed().digest(), prepared.to_state()?);
//! # let digest = digest.copied(); let to_be_signed = prepared.to_be_signed().clone();
//! # drop(prepared);
//!
//! // Elsewhere: the key signs the digest.
//! # let value = { let _ = digest; key.sign(&to_be_signed)?.as_bytes().to_vec() };
//!
//! // Second half, perhaps in another process: a wrong value is refused, never embedded.
//! let prepared = Prepared::resume(&state, Source::from_bytes(pdf), &Limits::default())?;
//! let signed = prepared.finalize(SignatureValue::ecdsa(value))?;
//! let mut out = Vec::new();
//! signed.output().write_to(&mut out)?;
//! # let again = Document::open(Source::from_bytes(out), &Limits::default())?.inspect()?;
//! # assert_eq!(again.into_pdf().unwrap().signatures[0].signature_verifies, Some(true));
//! # Ok(())
//! # }
//! ```
//!
//! # The map
//!
//! A module uses what stands above it, never what stands below; a test holds the table.
//!
//! ```text
//! error limits source output digest time secret signature     values and bounds
//! evidence                                                    what is asked of services, and what came back
//! der                                                         bytes <-> ASN.1
//! pki                                                         certificates, keys, paths to a trusted one, CRLs
//! cms                                                         signed attributes, SignedData
//! answers                                                     time-stamps and OCSP: requests, and checks of what came
//! zip xml json                                                entries; elements and their canonical forms; what people write
//! signing                                                     plan, tail with its hole, reserve: what formats share
//! pdf                                                         reading just enough of a PDF; incremental updates
//! pades                                                       field placement permission dss stamp | prepare finalize extend inspect
//! xades                                                       properties | prepare finalize read
//! asice                                                       layout manifest data files | prepare finalize fill inspect
//! flow                                                        Document Prepared Signed, saved state: format-neutral
//! provider                                                    what the caller supplies: Clock Entropy Signer
//! system key batch store service seal wire                    the edges: the only modules that touch the world
//! fuzzing                                                     entry points shared by fuzz targets and corpus tests
//! main cli                                                    the command
//! ```
//!
//! `pdf` stands below `signing` because its update writes a signing tail; the files that read a PDF
//! know nothing of signatures, and the same test holds them to it.
//!
//! # Features
//!
//! `cli` (default) is the command. `aws-lc` (default) makes private-key operations and verification
//! three to five times faster and is hardened against timing attacks; it brings C code. `http` (default)
//! asks services over HTTP and TLS; it brings the same C code. `pkcs11` (default) signs with keys on tokens, through
//! the maker's module, which is loaded when it is named. Without default features there is neither C
//! code nor a command nor a network: the library prepares, verifies, encrypts passwords, signs with EC and
//! Ed25519 keys, and takes answers of services from whoever brings them.

#![cfg_attr(not(test), deny(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod batch;
pub mod error;
#[doc(hidden)]
pub mod fuzzing;
#[doc(hidden)]
pub mod json;
pub mod key;
pub mod seal;
pub mod service;
pub mod store;
pub mod system;
pub mod wire;

mod answers;
mod asice;
mod cms;
mod der;
mod digest;
mod evidence;
mod flow;
mod limits;
mod output;
mod pades;
mod pdf;
mod pki;
mod provider;
mod secret;
mod signature;
mod signing;
mod source;
mod time;
mod xades;
mod xml;
mod zip;

pub use asice::{ContainerInspection, ContainerSignature, DataFile, DataFileReport, EntryReport};
pub use digest::{Digest, DigestAlgorithm, Kernel, State};
pub use error::{Error, ErrorCode, Result, Retry, Scope};
pub use evidence::{Evidence, Fetch, Role};
pub use flow::{
    AddedTimeStamp, FetchedRevocation, Forecast, SignerQuestion, Step, Upgrade, UpgradePlan, UpgradeReport,
};
pub use flow::{Awaited, Document, Fill, Format, Inputs, Inspection, Prepared, Signed, StateSummary, prepare_all};
pub use limits::Limits;
pub use output::Output;
pub use pades::{
    After, Change, ChangeKind, Coverage, FieldReport, Lock, PdfInspection, Revision, SignatureReport, TimestampReport,
};
pub use pdf::Recovery;
pub use pki::{Certificate, KeyKind, Padding, PublicKey};
pub use provider::{Clock, Entropy, Signer, Transport, draw_moment};
pub use secret::Secret;
pub use signature::{Curve, Encoding, Message, SignatureAlgorithm, SignatureValue, ToBeSigned};
pub use signing::{Level, Plan, Policy};
pub use source::{Bytes, ReadAt, Source};
pub use time::{Moment, Time};
pub use xml::Canonicalization;
pub use zip::Compress;

// The example of the README is compiled with the tests.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
