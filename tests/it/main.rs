//! The one test binary: a module a theme.

mod corpus;
mod key;
mod layers;
mod sign;
mod state;
