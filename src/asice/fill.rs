//! Putting files into a container that was signed by their digests.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::asice::container::Container;
use crate::asice::data_file::Content;
use crate::asice::draft::{Planned, Sources};
use crate::asice::finalize::Part;
use crate::asice::layout::check_data_file;
use crate::asice::measure::measure;
use crate::asice::{DataFile, prepare::DIGEST};
use crate::digest::{Digest, DigestAlgorithm, State};
use crate::error::{ErrorCode, Limit, Misuse, Refusal, Result, StateError};
use crate::output::{Make, Output, Sink, digest_of};
use crate::source::{Source, to_u64};
use crate::time::Time;
use crate::zip::{Archive, Compress, Names, Writer};

impl Container {
    /// The container with these files in it: exactly those that its signatures cover and that it does not hold.
    ///
    /// # Errors
    /// `asice.digest` for an altered file, `asice.unknown-file` for one that is not wanted, `asice.file-missing` when
    /// not all are given.
    pub(crate) fn fill(&self, files: &[DataFile], compress: Compress, modified: Time) -> Result<Output> {
        let earlier = self.earlier()?;
        let held: BTreeSet<&str> = self.archive().entries().iter().map(|entry| entry.name.as_str()).collect();
        let wanted: BTreeSet<&str> = earlier.names().filter(|name| !held.contains(name)).collect();
        let mut names = Names::default();
        for name in &held {
            // Among themselves they were looked at when the container was opened.
            let _ = names.insert(name);
        }
        let mut given = BTreeSet::new();
        for file in files {
            if matches!(file.content(), Content::Digest { .. }) {
                return Err(Misuse::new("a container is filled with files, not with digests").into());
            }
            let refused = |code| Refusal::new(code).file(file.name());
            if !wanted.contains(file.name()) {
                return Err(refused(ErrorCode::AsiceUnknownFile).into());
            }
            check_data_file(file.name(), self.limits())?;
            if !given.insert(file.name()) || !names.insert(file.name()) {
                return Err(refused(ErrorCode::AsiceDuplicate).into());
            }
        }
        if let Some(missing) = wanted.iter().find(|name| !given.contains(*name)) {
            return Err(Refusal::new(ErrorCode::AsiceFileMissing).file(*missing).into());
        }
        let entries = to_u64(held.len()).saturating_add(to_u64(given.len()));
        if entries > self.limits().zip_entries {
            return Err(Limit::new("zip_entries", self.limits().zip_entries, entries).into());
        }

        let sources = Sources::new(files);
        let algorithms: Vec<DigestAlgorithm> =
            std::iter::once(DIGEST).chain(earlier.algorithms().into_iter().filter(|one| *one != DIGEST)).collect();
        let mut parts = Vec::with_capacity(given.len());
        for name in given {
            let source = sources.of(name)?.clone();
            earlier.check_comparable(name)?;
            let (measured, digests) = measure(&source, &algorithms)?;
            digests.iter().try_for_each(|digest| earlier.check_digest(name, digest))?;
            let digest = digests.into_iter().next().ok_or(crate::Error::Bug("a pass over a file without a digest"))?;
            parts.push(Part {
                name: name.to_owned(),
                digest,
                planned: Planned { measured, is_held: source.is_in_memory() },
                source,
            });
        }
        let archive = self.archive().clone();
        let frame = digest_of(self.source(), 0..archive.directory_offset(), DIGEST)?;
        Ok(Output::made(Arc::new(Filled { source: self.source().clone(), archive, frame, parts, compress, modified })))
    }
}

/// What a fileless container becomes.
struct Filled {
    source: Source,
    archive: Archive,
    /// Digest of the entries that are there.
    frame: Digest,
    parts: Vec<Part>,
    compress: Compress,
    modified: Time,
}

impl Make for Filled {
    fn write(&self, sink: &mut dyn Sink) -> Result<()> {
        let kept = self.archive.directory_offset();
        let mut state = State::new(self.frame.algorithm());
        sink.copy(&self.source, 0..kept, &mut |bytes| state.update(bytes))?;
        self.source.check_unchanged()?;
        if state.finish() != self.frame {
            return Err(StateError::new(ErrorCode::DocumentChanged).into());
        }
        let mut writer = Writer::continuing(sink, kept, self.archive.directory()?);
        for part in &self.parts {
            part.write(&mut writer, self.compress, self.modified)?;
        }
        writer.finish(self.archive.comment()).map(|_| ())
    }

    fn verify_sources(&self) -> Result<()> {
        let now = digest_of(&self.source, 0..self.archive.directory_offset(), DIGEST)?;
        if now != self.frame {
            return Err(StateError::new(ErrorCode::DocumentChanged).into());
        }
        self.parts.iter().try_for_each(Part::verify)
    }

    fn len(&self) -> Option<u64> {
        None
    }
}
