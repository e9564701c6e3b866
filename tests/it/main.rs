//! The one test binary: a module a theme.

mod key;
mod corpus;
mod layers;
mod sign;
mod state;
