//! The signatures and document time-stamps of a PDF as they stand: read, and hashed in one pass, but not judged.

use std::sync::Arc;

use crate::cms::{SignedData, TstInfo};
use crate::digest::{Digest, DigestAlgorithm, State};
use crate::error::{Error, Result};
use crate::pades::contents::{Contents, Holes};
use crate::pades::coverage::{Coverage, Covered, numbers};
use crate::pades::digests::{Part, digests};
use crate::pades::permission::{Earlier, EarlierSignature};
use crate::pades::{ENVELOPED_SHA1, TIME_STAMP};
use crate::pdf::{Document, Object};
use crate::time::Time;

/// A signature or document time-stamp. What can't be read is kept as the fault that it is.
#[derive(Debug)]
pub(crate) struct Signature {
    /// Full name of its field.
    pub(crate) field: String,
    /// How Contents is to be read.
    pub(crate) sub_filter: String,
    /// `M`.
    pub(crate) claimed_time: Option<Time>,
    /// The numbers of ByteRange as they stand there.
    pub(crate) byte_range: Vec<u64>,
    pub(crate) covered: Result<Covered>,
    pub(crate) coverage: Coverage,
    /// What it is itself; others may have the same.
    pub(crate) contents: Arc<Contents>,
    /// Of what is covered, by the algorithm that the signature names.
    pub(crate) digest: Option<Digest>,
}

impl Signature {
    /// Whether it is a document time-stamp, by its name or by what it holds.
    pub(crate) fn is_time_stamp(&self) -> bool {
        self.sub_filter == TIME_STAMP || self.cms().is_ok_and(SignedData::is_time_stamp)
    }

    /// Where its ByteRange ends.
    pub(crate) fn end(&self) -> Option<u64> {
        self.covered.as_ref().ok().map(Covered::end)
    }

    /// What Contents holds.
    pub(crate) fn cms(&self) -> Result<&SignedData, &Error> {
        self.contents.cms().as_ref().map(|(cms, _)| cms)
    }

    /// Reads `signature`, whose document has revisions that end at `ends`.
    ///
    /// # Errors
    /// When it can't be read.
    pub(crate) fn read(
        document: &Document,
        signature: &EarlierSignature,
        holes: &mut Holes<'_>,
        ends: &[u64],
    ) -> Result<Self> {
        let sub_filter = match document.get(&signature.dictionary, "SubFilter")? {
            Object::Name(name) => String::from_utf8_lossy(name.as_bytes()).into_owned(),
            _ => String::new(),
        };
        let claimed_time = match document.get(&signature.dictionary, "M")? {
            Object::String(m) => Time::parse_pdf(&m.to_text()).ok(),
            _ => None,
        };
        // Where the range is wrong the structure can still be looked at.
        let contents = holes.contents(signature)?;
        let byte_range = numbers(document, signature)?;
        let covered = finding(Covered::read(document, signature, &byte_range, &contents))?;
        let coverage = match &covered {
            Ok(covered) => covered.coverage(document, ends)?,
            Err(_) => Coverage::Odd,
        };
        Ok(Signature {
            field: signature.field.clone(),
            byte_range,
            digest: None,
            sub_filter,
            claimed_time,
            covered,
            coverage,
            contents,
        })
    }

    /// What has to be hashed to judge it.
    pub(crate) fn part(&self) -> Option<Part> {
        let cms = self.cms().ok()?;
        let algorithm = if self.is_time_stamp() {
            TstInfo::parse(cms.content()?).ok()?.imprint_algorithm()?
        } else if self.sub_filter == ENVELOPED_SHA1 {
            DigestAlgorithm::Sha1ForLegacyValidation
        } else {
            let [signer] = cms.signers() else { return None };
            signer.digest_algorithm()?
        };
        Some(self.covered.as_ref().ok()?.part(algorithm))
    }
}

/// Reads all signatures and what they cover; with the states at the end of the document, one for each of `to_end`.
///
/// # Errors
/// When the document can't be read; a signature that can't is a finding.
pub(crate) fn signatures(
    document: &Document,
    earlier: &Earlier,
    to_end: &[DigestAlgorithm],
) -> Result<(Vec<Signature>, Vec<State>)> {
    let mut found = unhashed(document, &earlier.signatures)?.into_iter().collect::<Result<Vec<_>>>()?;
    let digests = digests(document.source(), &parts(&found), to_end)?;
    take_digests(&mut found, digests.of_parts);
    Ok((found, digests.at_end))
}

/// Reads signatures, but not what they cover; one that can't be read at all is the fault that it is.
///
/// # Errors
/// When the document can't be read.
pub(crate) fn unhashed(document: &Document, signatures: &[EarlierSignature]) -> Result<Vec<Result<Signature>>> {
    let ends: Vec<u64> = document.revisions()?.iter().map(|revision| revision.end).collect();
    let mut holes = Holes::new(document);
    signatures.iter().map(|signature| finding(Signature::read(document, signature, &mut holes, &ends))).collect()
}

/// What has to be hashed to judge them.
pub(crate) fn parts(signatures: &[Signature]) -> Vec<Part> {
    signatures.iter().filter_map(Signature::part).collect()
}

/// Gives them the digests of their [`parts`].
pub(crate) fn take_digests(signatures: &mut [Signature], of_parts: Vec<Digest>) {
    let mut of_parts = of_parts.into_iter();
    for signature in signatures {
        if signature.part().is_some() {
            signature.digest = of_parts.next();
        }
    }
}

/// A fault of what is looked at is a finding; a fault of reading is none.
pub(crate) fn finding<T>(result: Result<T>) -> Result<Result<T>> {
    match result {
        Err(error @ (Error::Malformed(_) | Error::LimitExceeded(_) | Error::Service(_) | Error::Refused(_))) => {
            Ok(Err(error))
        }
        other => other.map(Ok),
    }
}
