//! An existing container.

use crate::asice::{ContainerInspection, DataFile};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::output::Output;
use crate::pki::Certificate;
use crate::source::Source;
use crate::time::Time;

/// A container that was opened.
pub(crate) struct Container {
    source: Source,
}

impl Container {
    pub(crate) fn open(source: &Source, _limits: &Limits) -> Result<Self> {
        Ok(Container { source: source.clone() })
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) fn assume(self, _files: Vec<DataFile>) -> Result<Self> {
        Ok(self)
    }

    pub(crate) fn inspect(&self) -> Result<ContainerInspection> {
        Err(Error::Bug("skeleton"))
    }

    pub(crate) fn signed_last_by(&self, _certificate: &Certificate) -> Result<bool> {
        Err(Error::Bug("skeleton"))
    }

    pub(crate) fn fill(&self, _files: Vec<DataFile>, _modified: Time) -> Result<Output> {
        Err(Error::Bug("skeleton"))
    }
}

/// Whether it begins as a ZIP does.
pub(crate) fn is_zip(source: &Source) -> Result<bool> {
    Ok(source.window_up_to(0, 4)?.starts_with(b"PK"))
}
