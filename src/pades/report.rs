//! What was found in a document, as plain values.

use crate::cms::TstInfo;
use crate::pades::TIME_STAMP;
use crate::pades::after::After;
use crate::pades::coverage::Coverage;
use crate::time::Time;

/// What [`Document::inspect`](crate::Document::inspect) found in a PDF. No verdict on trust.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct PdfInspection {
    /// Length of the document in bytes.
    pub bytes: u64,
    /// Its revisions, oldest first.
    pub revisions: Vec<Revision>,
    /// The fields of its form.
    pub fields: Vec<FieldReport>,
    /// Its signatures and document time-stamps, in the order of the fields.
    pub signatures: Vec<SignatureReport>,
    /// `P` of its certification, 1 to 3, if it has one.
    pub certification: Option<u8>,
    /// The part of PDF/A that it claims.
    pub pdfa_part: Option<u8>,
    /// What is odd about it.
    pub remarks: Vec<String>,
}

/// One state of the document, as an incremental update left it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Revision {
    /// Offset of its end, line end after `%%EOF` included.
    pub end: u64,
    /// `table`, `stream` or `hybrid`: the kind of its cross-reference section.
    pub kind: &'static str,
}

/// A form field.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct FieldReport {
    /// Its full name.
    pub name: String,
    /// `Sig`, `Tx`, `Btn`, `Ch`, or whatever stands there; empty where nothing does.
    pub field_type: String,
    /// Whether it is a signature field with a value.
    pub signed: bool,
    /// The page of its first widget, counted from 1.
    pub page: Option<u32>,
    /// The rectangle of its first widget in default user space: left, bottom, right, top.
    pub rect: Option<[f64; 4]>,
    /// The lock that signing it puts into force.
    pub lock: Option<Lock>,
}

/// Which fields a signature locks.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Lock {
    /// `All`, `Include` or `Exclude`.
    pub action: &'static str,
    /// The names to include or exclude.
    pub fields: Vec<String>,
    /// `P`: what is still allowed in the document afterwards.
    pub permissions: Option<u8>,
}

/// A signature, or a document time-stamp.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct SignatureReport {
    /// Full name of its field.
    pub field: String,
    /// How Contents is to be read, such as `ETSI.CAdES.detached`.
    pub sub_filter: String,
    /// The numbers of ByteRange as they stand there.
    pub byte_range: Vec<u64>,
    /// What the ByteRange covers.
    pub covers: Coverage,
    /// Whether the document's digest is the signed one; `None` where that could not be computed.
    pub digest_matches: Option<bool>,
    /// Whether the value verifies with the signer's certificate; `None` where that could not be tried.
    pub signature_verifies: Option<bool>,
    /// Subject of the signer's certificate.
    pub signer: Option<String>,
    /// The common name in it.
    pub signer_name: Option<String>,
    /// The claimed time of signing; for a time-stamp its own.
    pub signed_at: Option<Time>,
    /// The baseline level that its form claims.
    pub level_claimed: Option<&'static str>,
    /// Its time-stamps: those over its value, then document time-stamps over all of it; of a document time-stamp itself
    /// its own first.
    pub timestamps: Vec<TimestampReport>,
    /// Whether no time-stamp in it was found to be over something else, or altered.
    pub timestamps_fit: bool,
    /// The last second of the certificate behind the last archive time-stamp over it: until then it should get another.
    pub protected_until: Option<Time>,
    /// The signer, as the signature itself calls him.
    pub name: Option<String>,
    /// The reason that it gives.
    pub reason: Option<String>,
    /// The place that it gives.
    pub location: Option<String>,
    /// How to reach the signer, as it says.
    pub contact: Option<String>,
    /// What came after it; `None` where it covers the whole file, or what it covers can't be told.
    pub after: Option<After>,
    /// What is odd about it.
    pub remarks: Vec<String>,
}

/// A time-stamp token.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TimestampReport {
    /// When it was made, to the second.
    pub gen_time: Time,
    /// The same with the fraction of a second that it carries.
    pub gen_time_text: String,
    /// The policy it was made under, as dotted object identifier.
    pub policy: String,
}

impl SignatureReport {
    /// Whether it is a document time-stamp.
    #[must_use]
    pub fn is_timestamp(&self) -> bool {
        self.sub_filter == TIME_STAMP
    }
}

impl TimestampReport {
    pub(crate) fn new(info: &TstInfo) -> Self {
        TimestampReport { gen_time: info.time(), gen_time_text: info.time_text(), policy: info.policy().to_owned() }
    }
}
