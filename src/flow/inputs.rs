//! The bytes that a prepared document was made of, given once more.

use std::fmt;

use crate::asice::DataFile;
use crate::error::{Misuse, Result};
use crate::source::Source;

/// What the second half needs besides the state: the document, or the data files of a new container.
#[derive(Clone)]
pub struct Inputs(Given);

#[derive(Clone)]
enum Given {
    One(Source),
    Files(Vec<DataFile>),
}

impl Inputs {
    /// The one document.
    pub(crate) fn document(&self) -> Result<&Source> {
        match &self.0 {
            Given::One(source) => Ok(source),
            Given::Files(_) => Err(Misuse::new("data files given, but a document was prepared").into()),
        }
    }

    /// The data files.
    pub(crate) fn files(&self) -> Result<&[DataFile]> {
        match &self.0 {
            Given::Files(files) => Ok(files),
            Given::One(_) => Err(Misuse::new("a document given, but data files were prepared").into()),
        }
    }
}

impl From<Source> for Inputs {
    fn from(source: Source) -> Self {
        Inputs(Given::One(source))
    }
}

impl From<Vec<DataFile>> for Inputs {
    fn from(files: Vec<DataFile>) -> Self {
        Inputs(Given::Files(files))
    }
}

impl fmt::Debug for Inputs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Given::One(source) => source.fmt(f),
            Given::Files(files) => write!(f, "{} data files", files.len()),
        }
    }
}
