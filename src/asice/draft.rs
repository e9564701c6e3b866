//! What is to be added to a container, and what the key must sign: all that is kept between the two halves.

use std::ops::Range;

use crate::asice::DataFile;
use crate::asice::data_file::Content;
use crate::asice::layout::{check_data_file, is_signature_file};
use crate::asice::measure::Measured;
use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{ErrorCode, Refusal, Result, StateError};
use crate::limits::Limits;
use crate::output::Check;
use crate::source::Source;
use crate::xades::DataReference;
use crate::zip::{Archive, Compress, Method};

/// A signature file with a hole for its value, and the container that it goes into.
#[derive(Debug, Clone)]
pub(crate) struct Draft {
    pub(crate) base: Base,
    /// The name of the entry that will hold the signature.
    pub(crate) signature_file: String,
    pub(crate) before: Vec<u8>,
    pub(crate) after: Vec<u8>,
    /// Canonical, as it is signed.
    pub(crate) signed_info: Vec<u8>,
    /// The files that are signed, in the order of the references.
    pub(crate) references: Vec<DataReference>,
    pub(crate) compress: Compress,
}

/// What the signature goes into.
#[derive(Debug, Clone)]
pub(crate) enum Base {
    /// A container that is still to be made; for each reference its file, `None` where that is known by digest
    /// alone.
    New(Vec<Option<Planned>>),
    /// An existing one.
    Added(Frame),
}

/// A file that will stand in a new container.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Planned {
    pub(crate) measured: Measured,
    /// Whether it is in memory that nobody has written to since it was measured, so that it has not to be compared
    /// again. Not saved.
    pub(crate) is_held: bool,
}

/// What an existing container must be: its bytes without those of stored data files, which have digests of their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Frame {
    pub(crate) len: u64,
    /// Where its directory begins: what stands before stays.
    pub(crate) kept: u64,
    /// Of the bytes before the directory that no reference covers as they stand.
    pub(crate) digest: Digest,
    /// Of the directory and what follows it.
    pub(crate) directory: Digest,
    /// For each reference whether its file was read; otherwise its digest was told.
    pub(crate) was_read: Vec<bool>,
}

impl Draft {
    /// Whether the container is still to be made.
    pub(crate) fn is_new(&self) -> bool {
        matches!(self.base, Base::New(_))
    }

    /// Whether its parts fit each other; a saved one is hostile.
    pub(crate) fn is_sound(&self, limits: &Limits) -> bool {
        let files = match &self.base {
            Base::New(planned) => planned.len(),
            Base::Added(frame) => frame.was_read.len(),
        };
        let names = self.references.iter().all(|one| check_data_file(&one.name, limits).is_ok());
        files == self.references.len() && names && is_signature_file(&self.signature_file)
    }

    /// Whether these can be the files that were prepared, as far as that costs nothing.
    pub(crate) fn check_files(&self, files: &[DataFile]) -> Result<()> {
        let Base::New(planned) = &self.base else { return Ok(()) };
        let sources = Sources::new(files);
        for (reference, planned) in self.references.iter().zip(planned) {
            let Some(planned) = planned else { continue };
            if sources.of(&reference.name)?.len() != planned.measured.size {
                return Err(Refusal::new(ErrorCode::AsiceDigest).file(&reference.name).into());
            }
        }
        Ok(())
    }

    /// Whether this can be the container that was prepared, as far as that costs nothing.
    pub(crate) fn check_source(&self, source: &Source) -> Result<()> {
        match &self.base {
            Base::Added(frame) if frame.len == source.len() => Ok(()),
            _ => Err(StateError::new(ErrorCode::StateOtherDocument).into()),
        }
    }

    /// The digest of the one file of a new container.
    pub(crate) fn only_digest(&self) -> Option<Digest> {
        match (&self.base, self.references.as_slice()) {
            (Base::New(_), [only]) => Some(only.digest),
            _ => None,
        }
    }

    /// How many bytes are read for it.
    pub(crate) fn source_len(&self) -> u64 {
        match &self.base {
            Base::New(planned) => planned.iter().flatten().map(|one| one.measured.size).sum(),
            Base::Added(frame) => frame.len,
        }
    }

    /// The names of the files that a new container takes content from.
    pub(crate) fn files_to_give(&self) -> Vec<&str> {
        let Base::New(planned) = &self.base else { return Vec::new() };
        let names = self.references.iter().zip(planned);
        names.filter(|(_, planned)| planned.is_some()).map(|(reference, _)| reference.name.as_str()).collect()
    }
}

impl Frame {
    /// What its digests are made with.
    pub(crate) const DIGEST: DigestAlgorithm = DigestAlgorithm::Sha256;

    /// What is compared while the container is copied up to its directory.
    pub(crate) fn checks(&self, archive: &Archive, references: &[DataReference]) -> Vec<Check> {
        let mut checks = Vec::new();
        let mut elsewhere = Vec::new();
        for (reference, was_read) in references.iter().zip(&self.was_read) {
            let Some(entry) = archive.find(&reference.name) else { continue };
            match entry.method {
                Method::Stored => {
                    checks.push(Check::of(reference.digest, entry.data.clone()));
                    elsewhere.push(entry.data.clone());
                }
                Method::Deflated if *was_read => {}
                // Its packed bytes were never looked at.
                Method::Deflated => elsewhere.push(entry.data.clone()),
            }
        }
        checks.push(Check { digest: self.digest, ranges: rest(archive.directory_offset(), elsewhere) });
        checks
    }
}

/// Files with content, found by name.
pub(crate) struct Sources<'a>(Vec<(&'a str, &'a Source)>);

impl<'a> Sources<'a> {
    pub(crate) fn new(files: &'a [DataFile]) -> Self {
        let with_content = |file: &'a DataFile| match file.content() {
            Content::Source(source) => Some((file.name(), source)),
            Content::Digest { .. } => None,
        };
        let mut sources: Vec<_> = files.iter().filter_map(with_content).collect();
        sources.sort_by_key(|(name, _)| *name);
        Sources(sources)
    }

    /// The content of the file `name`.
    ///
    /// # Errors
    /// `asice.file-missing` when it was not given, or only by digest.
    pub(crate) fn of(&self, name: &str) -> Result<&'a Source> {
        let found = self.0.binary_search_by_key(&name, |(name, _)| *name).ok().and_then(|at| self.0.get(at));
        let missing = || Refusal::new(ErrorCode::AsiceFileMissing).file(name);
        Ok(found.map(|(_, source)| *source).ok_or_else(missing)?)
    }
}

/// What of `0..end` lies in none of the ranges.
fn rest(end: u64, mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    ranges.sort_by_key(|range| (range.start, range.end));
    let mut rest = Vec::new();
    let mut at = 0;
    for range in ranges {
        if range.start > at {
            rest.push(at..range.start);
        }
        at = at.max(range.end);
    }
    if end > at {
        rest.push(at..end);
    }
    rest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rest_is_what_no_range_holds() {
        assert_eq!(rest(10, vec![]), std::slice::from_ref(&(0..10)));
        assert_eq!(rest(10, vec![4..6, 0..2]), [2..4, 6..10]);
        assert_eq!(rest(10, vec![2..2, 0..2, 8..10]), std::slice::from_ref(&(2..8)));
        assert_eq!(rest(0, vec![]), []);
    }

    #[test]
    fn files_are_found_by_name() {
        let files = [DataFile::new("b", Source::from_bytes("2")), DataFile::new("a", Source::from_bytes("11"))];
        let sources = Sources::new(&files);
        assert_eq!((sources.of("a").unwrap().len(), sources.of("b").unwrap().len()), (2, 1));
        assert_eq!(sources.of("c").unwrap_err().code(), ErrorCode::AsiceFileMissing);
    }
}
