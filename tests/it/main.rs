//! The one test binary: a module a theme.

mod layers;
mod sign;
