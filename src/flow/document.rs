//! An opened document of any format.

use std::fmt;

use crate::error::Result;
use crate::flow::Prepared;
use crate::limits::Limits;
use crate::pades::{self, Inspection};
use crate::pdf::{self, Recovery};
use crate::pki::Certificate;
use crate::signing::Plan;
use crate::source::Source;
use crate::time::Moment;

/// A format that is signed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// PDF, signed as PAdES.
    Pdf,
}

impl Format {
    /// The name of its files, such as `pdf`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Pdf => "pdf",
        }
    }

    /// The kind of signature it gets, such as `pades`.
    #[must_use]
    pub fn signature(self) -> &'static str {
        match self {
            Format::Pdf => "pades",
        }
    }
}

/// A document that was opened: its structure is sound, only what signing needs was read.
pub struct Document {
    pdf: pdf::Document,
}

impl Document {
    /// Opens a sound document.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) with the offset of the first thing that is
    /// wrong; [`Error::LimitExceeded`](crate::Error::LimitExceeded).
    pub fn open(source: Source, limits: &Limits) -> Result<Self> {
        Document::open_with(source, limits, Recovery::Refuse)
    }

    /// Opens a document, and says what to do with one whose cross-references are broken.
    ///
    /// # Errors
    /// As [`Document::open`].
    pub fn open_with(source: Source, limits: &Limits, recovery: Recovery) -> Result<Self> {
        Ok(Document { pdf: pdf::Document::open(&source, limits, recovery)? })
    }

    /// Its format.
    #[must_use]
    pub fn format(&self) -> Format {
        Format::Pdf
    }

    /// Its bytes.
    #[must_use]
    pub fn source(&self) -> &Source {
        self.pdf.source()
    }

    /// What is in it: revisions, fields, signatures, and what another signature has to respect.
    ///
    /// Digests and signature values are computed; no verdict on trust is given.
    ///
    /// # Errors
    /// When the document can't be read. A signature that does not verify is a finding, no error.
    pub fn inspect(&self) -> Result<Inspection> {
        pades::inspect(&self.pdf)
    }

    /// Whether the signature that was added last is by `certificate`.
    ///
    /// # Errors
    /// When the document can't be read.
    pub fn signed_last_by(&self, certificate: &Certificate) -> Result<bool> {
        pades::signed_last_by(&self.pdf, certificate)
    }

    /// Adds a signature field and a hole, and computes what the key must sign.
    ///
    /// The source is not copied: the result holds only the bytes to be appended. The same document,
    /// plan and moment give the same bytes. Nothing is sent anywhere.
    ///
    /// # Errors
    /// [`Error::Refused`](crate::Error::Refused) when an earlier signature, a lock or the form
    /// forbids another signature: ask the document's owner.
    /// [`Error::Certificate`](crate::Error::Certificate) when the certificate is not valid at the moment.
    pub fn prepare(&self, plan: &Plan, moment: Moment) -> Result<Prepared> {
        let draft = pades::prepare(&self.pdf, plan, &moment)?;
        Prepared::new(self.source(), plan, moment, draft)
    }
}

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("format", &self.format()).field("source", self.source()).finish()
    }
}
