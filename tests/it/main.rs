//! The one test binary: a module a theme.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::as_conversions,
    clippy::disallowed_methods,
    unreachable_pub,
    reason = "a test fails by panicking, and runs in the world"
)]

#[path = "../authority/mod.rs"]
mod authority;
#[cfg(feature = "cli")]
mod cli;
mod conformance;
mod containers;
mod corpus;
mod determinism;
mod earlier;
mod key;
mod layers;
mod lvrtc;
mod odd;
#[cfg(feature = "cli")]
mod schema;
#[cfg(feature = "http")]
mod service;
mod session;
mod side_by_side;
mod sign;
mod state;
mod upgrade;
mod wycheproof;
