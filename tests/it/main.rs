//! The one test binary: a module a theme.

mod key;
mod layers;
mod sign;
mod state;
