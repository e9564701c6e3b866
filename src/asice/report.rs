//! What was found in a container, as plain values.

use crate::pades::TimestampReport;
use crate::time::Time;

/// What [`Document::inspect`](crate::Document::inspect) found in a container. No verdict on trust.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ContainerInspection {
    /// Length of the container in bytes.
    pub bytes: u64,
    /// What its `mimetype` entry says.
    pub mimetype: String,
    /// Everything it holds, in the order of its directory.
    pub entries: Vec<EntryReport>,
    /// The files that are, or should be, signed.
    pub data_files: Vec<DataFileReport>,
    /// Its signatures, in the order of their files.
    pub signatures: Vec<ContainerSignature>,
    /// What is odd about it.
    pub remarks: Vec<String>,
}

/// An entry of the ZIP.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntryReport {
    /// Its name.
    pub name: String,
    /// Its size in bytes when unpacked.
    pub bytes: u64,
    /// The bytes that it takes in the container.
    pub packed: u64,
    /// `stored` or `deflated`.
    pub method: &'static str,
}

/// A data file.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct DataFileReport {
    /// Its name.
    pub name: String,
    /// Its size in bytes; `None` where the container does not hold it.
    pub bytes: Option<u64>,
    /// What the manifest, else a signature, says that it is.
    pub media_type: Option<String>,
    /// Whether the container holds it.
    pub is_present: bool,
}

/// A signature of a container.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ContainerSignature {
    /// The entry that it is in.
    pub file: String,
    /// Its `Id`.
    pub id: Option<String>,
    /// The data files that it refers to, in its order.
    pub covers: Vec<String>,
    /// Whether these are all data files of the container, and nothing else stands in it but signatures.
    pub covers_all: bool,
    /// Those of them that are not what was signed.
    pub differs: Vec<String>,
    /// Whether all digests are those of the files; `None` where a file is not there or a digest can't be computed.
    pub digest_matches: Option<bool>,
    /// Whether the value verifies with the signer's certificate; `None` where that could not be tried.
    pub signature_verifies: Option<bool>,
    /// Subject of the signer's certificate.
    pub signer: Option<String>,
    /// The common name in it.
    pub signer_name: Option<String>,
    /// The claimed time of signing.
    pub signed_at: Option<Time>,
    /// The baseline level that its form claims.
    pub level_claimed: Option<&'static str>,
    /// The algorithm of its value, as the URI that it is written with.
    pub algorithm: String,
    /// The roles that the signer claims.
    pub roles: Vec<String>,
    /// Where it was made, in the signer's words.
    pub place: Vec<String>,
    /// What the signer commits to, as URIs or object identifiers.
    pub commitments: Vec<String>,
    /// The identifier of the policy that it was made under.
    pub policy: Option<String>,
    /// Its time-stamps.
    pub timestamps: Vec<TimestampReport>,
    /// Whether no time-stamp of it was found to be over something else, or altered.
    pub timestamps_fit: bool,
    /// When the certificate of the last sound archive time-stamp ends: to be renewed before.
    pub protected_until: Option<Time>,
    /// What is odd about it.
    pub remarks: Vec<String>,
}
