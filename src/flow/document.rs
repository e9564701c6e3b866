//! An opened document of any format.

use std::fmt;

use crate::asice::{self, Container, ContainerInspection, ContainerSignature, DataFile, NewContainer};
use crate::digest::Kernel;
use crate::digest::lanes::Reading;
use crate::error::{Error, ErrorCode, Misuse, Refusal, Result};
use crate::flow::prepare_all::{Parts, prepare_all};
use crate::flow::{Inputs, Prepared, Upgrade, UpgradePlan};
use crate::limits::Limits;
use crate::output::Output;
use crate::pades::{self, PdfInspection};
use crate::pdf::{self, Recovery};
use crate::pki::Certificate;
use crate::signing::Plan;
use crate::source::Source;
use crate::time::{Moment, Time};
use crate::zip::Compress;

/// A format that is signed here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Format {
    /// PDF, signed as PAdES.
    Pdf,
    /// ASiC-E container with XAdES.
    Asice,
    /// The same under the name that it has in Latvia.
    Edoc,
}

impl Format {
    /// The name of its files, such as `pdf`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Pdf => "pdf",
            Format::Asice => "asice",
            Format::Edoc => "edoc",
        }
    }

    /// The format of this name.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) when there is none.
    pub fn from_name(name: &str) -> Result<Self> {
        let all = [Format::Pdf, Format::Asice, Format::Edoc];
        let found = all.into_iter().find(|format| format.as_str().eq_ignore_ascii_case(name));
        found.ok_or_else(|| Misuse::new("format is not pdf, asice or edoc").into())
    }

    /// Bytes of a file's beginning from which [`Format::of_beginning`] can tell.
    pub const BEGINNING_BYTES: u64 = 4096;

    /// What a file with this beginning is meant as, whatever its name: a PDF, or an ASiC-E container, whose `mimetype`
    /// comes first. `None` for everything else, other containers and office documents too.
    ///
    /// Whether it is a sound one, [`Document::open`] says.
    ///
    /// ```
    /// use eseal::Format;
    /// let edoc = b"PK\x03\x04\x0a\0\0\0\0\0\0\0\0\0\x8a\x21\xf9\x45\x1f\0\0\0\x1f\0\0\0\x08\0\0\0\
    ///     mimetypeapplication/vnd.etsi.asic-e+zipPK\x03\x04";
    /// assert_eq!(Format::of_beginning(edoc), Some(Format::Asice));
    /// assert_eq!(Format::of_beginning(b"%PDF-1.7"), Some(Format::Pdf));
    /// assert_eq!(Format::of_beginning(b"hello"), None);
    /// ```
    #[must_use]
    pub fn of_beginning(bytes: &[u8]) -> Option<Self> {
        match bytes {
            _ if bytes.starts_with(b"%PDF-") => Some(Format::Pdf),
            _ if asice::begins_as_asice(bytes) => Some(Format::Asice),
            _ => None,
        }
    }

    /// The kind of signature it gets, such as `pades`.
    #[must_use]
    pub fn signature(self) -> &'static str {
        match self {
            Format::Pdf => "pades",
            Format::Asice | Format::Edoc => "xades",
        }
    }
}

/// A document that was opened: its structure is sound, only what signing needs was read.
pub struct Document(Kind);

#[expect(clippy::large_enum_variant, reason = "one a document, and moved seldom: a box would cost each an allocation")]
enum Kind {
    Pdf(pdf::Document),
    Container(Container),
    New(NewContainer),
}

/// What is kept of a document while its bytes are hashed.
pub(super) enum Begun {
    /// What is to be appended.
    Pdf(pades::Draft),
    /// Nothing: a container's signature begins with the digests.
    Container,
}

/// What was found in a document. No verdict on trust.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Inspection {
    /// A PDF.
    Pdf(PdfInspection),
    /// A container.
    Container(ContainerInspection),
}

impl Inspection {
    /// What was found in a PDF, if it is one.
    #[must_use]
    pub fn into_pdf(self) -> Option<PdfInspection> {
        match self {
            Inspection::Pdf(found) => Some(found),
            Inspection::Container(_) => None,
        }
    }

    /// What was found in a container, if it is one.
    #[must_use]
    pub fn into_container(self) -> Option<ContainerInspection> {
        match self {
            Inspection::Container(found) => Some(found),
            Inspection::Pdf(_) => None,
        }
    }
}

impl Inspection {
    /// Whether every digest, value and time-stamp of its signatures fits: `false` where one does not, `None` where one
    /// could not be tried. A document that nobody has signed fits.
    ///
    /// What was changed after a signature is no matter of this: look at what is said of each.
    #[must_use]
    pub fn fits(&self) -> Option<bool> {
        let found: Vec<Option<bool>> = match self {
            Inspection::Pdf(found) => {
                let all = |one: &pades::SignatureReport| {
                    [one.digest_matches, one.signature_verifies, Some(one.timestamps_fit)]
                };
                found.signatures.iter().flat_map(all).collect()
            }
            Inspection::Container(found) => {
                let all =
                    |one: &ContainerSignature| [one.digest_matches, one.signature_verifies, Some(one.timestamps_fit)];
                found.signatures.iter().flat_map(all).collect()
            }
        };
        if found.contains(&Some(false)) { Some(false) } else { found.iter().all(Option::is_some).then_some(true) }
    }
}

impl Document {
    /// Opens a sound document: a PDF, or an ASiC-E container.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) with the offset of the first thing that is
    /// wrong, `pdf.not-a-pdf` for what is neither; [`Error::LimitExceeded`](crate::Error::LimitExceeded).
    pub fn open(source: Source, limits: &Limits) -> Result<Self> {
        Document::open_with(source, limits, Recovery::Refuse)
    }

    /// Opens a document, and says what to do with a PDF whose cross-references are broken.
    ///
    /// # Errors
    /// As [`Document::open`].
    pub fn open_with(source: Source, limits: &Limits, recovery: Recovery) -> Result<Self> {
        if asice::is_zip(&source)? {
            return Ok(Document(Kind::Container(Container::open(&source, limits)?)));
        }
        Ok(Document(Kind::Pdf(pdf::Document::open(&source, limits, recovery)?)))
    }

    /// A container that is still to be made, of files with content and of files known by digest.
    ///
    /// # Errors
    /// `asice.name`, `asice.duplicate`, `asice.empty`.
    pub fn new_container(files: Vec<DataFile>, limits: &Limits) -> Result<Self> {
        Ok(Document(Kind::New(NewContainer::new(files, limits)?)))
    }

    /// Takes these data files of a container at their digests, in place of reading them.
    ///
    /// For a container that was signed by digest and does not hold its files, and for digests that are known from
    /// the same run: then another signature costs nothing for the size of the data. The caller vouches for them.
    ///
    /// # Errors
    /// `asice.unknown-file` for a name that the container does not know; [`Error::Misuse`](crate::Error::Misuse)
    /// where this is no container or a file comes with its content.
    pub fn assume(self, files: Vec<DataFile>) -> Result<Self> {
        match self.0 {
            Kind::Container(container) => Ok(Document(Kind::Container(container.assume(files)?))),
            Kind::Pdf(_) | Kind::New(_) => Err(Misuse::new("digests of data files are for existing containers").into()),
        }
    }

    /// Gives the signature file of a container that is still to be made this number in its name, in place of 0.
    ///
    /// For containers that are signed by digest, one for each signer, and put together afterwards.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) for any other document.
    pub fn signature_index(self, index: u32) -> Result<Self> {
        match self.0 {
            Kind::New(new) => Ok(Document(Kind::New(new.signature_index(index)))),
            Kind::Pdf(_) | Kind::Container(_) => {
                Err(Misuse::new("the number of a signature file is for containers that are still to be made").into())
            }
        }
    }

    /// Its format; whether a container is called `asice` or `edoc` is its name's affair.
    #[must_use]
    pub fn format(&self) -> Format {
        match self.0 {
            Kind::Pdf(_) => Format::Pdf,
            Kind::Container(_) | Kind::New(_) => Format::Asice,
        }
    }

    /// Whether it is a PDF that could be read only by scanning it for objects ([`Recovery::Rebuild`]).
    #[must_use]
    pub fn is_rebuilt(&self) -> bool {
        matches!(&self.0, Kind::Pdf(pdf) if pdf.is_rebuilt())
    }

    /// What is in it: revisions, fields, entries, signatures, and what another signature has to respect.
    ///
    /// Digests and signature values are computed; no verdict on trust is given.
    ///
    /// # Errors
    /// When the document can't be read. A signature that does not verify is a finding, no error.
    pub fn inspect(&self) -> Result<Inspection> {
        match &self.0 {
            Kind::Pdf(pdf) => pades::inspect(pdf).map(Inspection::Pdf),
            Kind::Container(container) => container.inspect().map(Inspection::Container),
            Kind::New(_) => Err(Misuse::new("a container that is still to be made can't be inspected").into()),
        }
    }

    /// Whether the signature that was added last is by `certificate`.
    ///
    /// # Errors
    /// When the document can't be read.
    pub fn signed_last_by(&self, certificate: &Certificate) -> Result<bool> {
        match &self.0 {
            Kind::Pdf(pdf) => pades::signed_last_by(pdf, certificate),
            Kind::Container(container) => container.signed_last_by(certificate),
            Kind::New(_) => Ok(false),
        }
    }

    /// Computes what the key must sign, and what is to be added to the document.
    ///
    /// Sources are not copied: the result holds only new bytes. The same document, plan and moment give the same
    /// bytes. Nothing is sent anywhere. [`prepare_all`] does the same for many documents, faster.
    ///
    /// # Errors
    /// [`Error::Refused`](crate::Error::Refused) when an earlier signature, a lock or the form
    /// forbids another signature: ask the document's owner.
    /// [`Error::Certificate`](crate::Error::Certificate) when the certificate is not valid at the moment.
    pub fn prepare(&self, plan: &Plan, moment: Moment) -> Result<Prepared> {
        let result = prepare_all(&[(self, plan, moment)], Kernel::portable()).pop();
        result.unwrap_or(Err(Error::Bug("a document without a result")))
    }

    /// Does all of [`Document::prepare`] that comes before bytes are hashed, and says which are to be.
    pub(super) fn begin(&self, plan: &Plan, moment: &Moment) -> Result<(Begun, Vec<Reading>)> {
        match &self.0 {
            Kind::Pdf(pdf) => {
                if !plan.claims().is_empty() {
                    return Err(Refusal::new(ErrorCode::PdfClaims).into());
                }
                let draft = pades::prepare(pdf, plan, moment)?;
                let reading = Reading::new(pdf.source(), plan.algorithm().digest());
                let reading = match &draft.looked {
                    Some(looked) => looked.with(reading),
                    None => reading,
                };
                Ok((Begun::Pdf(draft), vec![reading]))
            }
            Kind::Container(container) => Ok((Begun::Container, asice::begin(container, plan, moment)?)),
            Kind::New(new) => Ok((Begun::Container, asice::begin_new(new, plan, moment)?)),
        }
    }

    /// Does all that comes after; `parts` are what [`Document::begin`] wanted to be read.
    pub(super) fn end(&self, plan: &Plan, moment: Moment, begun: Begun, mut parts: Parts) -> Result<Prepared> {
        match (&self.0, begun) {
            (Kind::Pdf(pdf), Begun::Pdf(mut draft)) => {
                let hashed = parts.next().unwrap_or(Err(Error::Bug("a document that was not read")))?;
                let looked = draft.looked.take().map(|looked| looked.unsound(pdf.limits())).transpose()?;
                Prepared::of_pdf(pdf.source(), plan, moment, draft, hashed.state)
                    .with_unsound(looked.unwrap_or_default(), plan)
            }
            (Kind::Container(container), Begun::Container) => {
                let draft = asice::prepare(container, plan, &moment, parts)?;
                let unsound = container.earlier()?.unsound(plan.earlier_to_look_at(), container.limits());
                Prepared::of_container(Inputs::from(container.source().clone()), plan, moment, draft)?
                    .with_remarks(container.left_open(REMARKS)?)
                    .with_unsound(unsound, plan)
            }
            (Kind::New(new), Begun::Container) => {
                let draft = asice::prepare_new(new, plan, &moment, parts)?;
                Prepared::of_container(Inputs::from(new.files().to_vec()), plan, moment, draft)
            }
            (Kind::Pdf(_), Begun::Container) | (_, Begun::Pdf(_)) => Err(Error::Bug("a half of another document")),
        }
    }

    /// Begins to raise what anybody signed. Every signature is checked first; one that is broken is left out.
    ///
    /// # Errors
    /// When the document can't be read, has no signature (`document.unsigned`), or all of them are broken
    /// (`signature.broken`).
    pub fn upgrade(&self, plan: &UpgradePlan, moment: Moment) -> Result<Upgrade> {
        match &self.0 {
            Kind::Pdf(pdf) => Upgrade::of_pdf(pdf, plan, moment),
            Kind::Container(container) => Upgrade::of_container(container, plan, moment),
            Kind::New(_) => Err(Misuse::new("a container that is still to be made has no signatures").into()),
        }
    }

    /// Puts files into a container that was signed by their digests; as new entries they are dated `modified`.
    ///
    /// # Errors
    /// `asice.digest` for an altered file, `asice.unknown-file` for one that no signature covers or that is there
    /// already, `asice.file-missing` when not all are given.
    pub fn fill(&self, files: &[DataFile], compress: Compress, modified: Time) -> Result<Output> {
        match &self.0 {
            Kind::Container(container) => container.fill(files, compress, modified),
            Kind::Pdf(_) | Kind::New(_) => Err(Refusal::new(ErrorCode::InputFormat).into()),
        }
    }
}

/// What is said of one document beside its signatures.
const REMARKS: usize = 16;

impl fmt::Debug for Document {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Document").field("format", &self.format()).finish_non_exhaustive()
    }
}
