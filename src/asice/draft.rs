//! What is to be added to a container.

use crate::asice::DataFile;
use crate::digest::Digest;
use crate::error::{Error, Result};
use crate::source::Source;

/// What is to be added.
#[derive(Debug, Clone)]
pub(crate) struct Draft {}

impl Draft {
    pub(crate) fn is_new(&self) -> bool {
        true
    }
    pub(crate) fn signed_info(&self) -> Result<Vec<u8>> {
        Err(Error::Bug("skeleton"))
    }
    pub(crate) fn check_files(&self, _files: &[DataFile]) -> Result<()> {
        Err(Error::Bug("skeleton"))
    }
    pub(crate) fn check_source(&self, _source: &Source) -> Result<()> {
        Err(Error::Bug("skeleton"))
    }
    pub(crate) fn only_digest(&self) -> Option<Digest> {
        None
    }
    pub(crate) fn source_len(&self) -> u64 {
        0
    }
    pub(crate) fn files_to_give(&self) -> Vec<&str> {
        Vec::new()
    }
}
