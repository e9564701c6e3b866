//! A container that is still to be made.

use crate::asice::DataFile;
use crate::error::Result;
use crate::limits::Limits;

/// Data files that shall become a container.
pub(crate) struct NewContainer {
    files: Vec<DataFile>,
}

impl NewContainer {
    pub(crate) fn new(files: Vec<DataFile>, _limits: &Limits) -> Result<Self> {
        Ok(NewContainer { files })
    }

    pub(crate) fn files(&self) -> &[DataFile] {
        &self.files
    }
}
