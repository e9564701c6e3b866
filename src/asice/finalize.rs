//! Second half.

use crate::asice::{DataFile, Draft};
use crate::error::{Error, Result};
use crate::output::Output;
use crate::signature::SignatureAlgorithm;
use crate::source::Source;
use crate::time::Time;

pub(crate) fn finalize(_: &Draft, _: &Source, _: &[u8], _: SignatureAlgorithm, _: Time) -> Result<Output> {
    Err(Error::Bug("skeleton"))
}

pub(crate) fn finalize_new(_: &Draft, _: &[DataFile], _: &[u8], _: SignatureAlgorithm, _: Time) -> Result<Output> {
    Err(Error::Bug("skeleton"))
}
