//! A container on its way up: its signatures get time-stamps and what proves certificates.
//!
//! In: a container of any maker, or one that was just signed here; tokens and validation data. Out: what the
//! signatures are, what a time-stamp has to be over, and the container with other signature files. Decided here and
//! nowhere else: which signature is sound enough to be proved, and that nothing but its file changes.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::answers::ValidationData;
use crate::answers::timestamp::Token;
use crate::asice::container::{Container, open_archive};
use crate::asice::covered_data::{DataFiles, Ground};
use crate::asice::data_file::Content;
use crate::asice::earlier::signature_entries;
use crate::asice::finalize::{finalize_new_with, finalize_with};
use crate::asice::hashes::{Hashes, Wanted};
use crate::asice::rewrite::rewrite;
use crate::asice::subject::{Judge, subject_name};
use crate::asice::{DataFile, Draft};
use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{Error, Misuse, Refusal, Result};
use crate::limits::Limits;
use crate::output::{Output, Update};
use crate::signature::SignatureAlgorithm;
use crate::signing::{Stamp, StampKind, Subject};
use crate::source::Source;
use crate::time::Time;
use crate::xades::{self, Budget, Imprints};
use crate::zip::Archive;

/// A container on its way up. Each signature is a unit of its own.
pub(crate) struct Extension {
    base: Base,
    files: Vec<File>,
    units: Vec<Unit>,
    /// One for each unit, in the same order.
    subjects: Vec<Subject>,
    data: DataFiles,
    hashes: Hashes,
    limits: Limits,
}

/// What a container was just signed from.
pub(crate) enum Given {
    /// The files of a new one.
    Files(Vec<DataFile>),
    /// An existing one.
    Container(Source),
}

/// What is written apart from signature files.
enum Base {
    Opened { source: Source, archive: Archive },
    Signed { draft: Draft, given: Given },
}

/// A signature file.
struct File {
    entry: String,
    content: xades::Extension,
    is_changed: bool,
}

/// A signature: the number of its file, and its number in there.
#[derive(Clone, Copy)]
struct Unit {
    file: usize,
    index: usize,
}

impl Extension {
    /// Reads all signatures, and each data file once: `imprints` are the algorithms of archive time-stamps to come.
    ///
    /// # Errors
    /// `asice.kind` for another kind of container; `xml.*`, `xades.*` and `zip.data` for what can't be read. What does
    /// not verify is a fault of its subject.
    pub(crate) fn open(container: &Container, imprints: &[DigestAlgorithm]) -> Result<Self> {
        container.check_kind()?;
        let (archive, limits) = (container.archive(), container.limits());
        let budget = container.budget()?;
        let mut files = Vec::new();
        for entry in signature_entries(container)? {
            budget.file(entry.size)?;
            let bytes = archive.read(entry, "xml_bytes", limits.xml_bytes)?;
            let content = xades::Extension::open(&bytes, limits, &budget);
            let content = content.map_err(|fault| fault.in_file(&entry.name))?;
            files.push(File { entry: entry.name.clone(), content, is_changed: false });
        }
        let data = DataFiles::Held(archive.clone());
        let signatures = files.iter().flat_map(|file| file.content.signatures());
        let wanted = Wanted::of(signatures, container, &data, imprints);
        let hashes = Hashes::read(container, &wanted, |entry| container.assumed(&entry.name).is_none())?;
        let judge = Judge { container, ground: Ground { data: &data, hashes: &hashes, limits, budget: &budget } };
        let (mut units, mut subjects) = (Vec::new(), Vec::new());
        for (number, file) in files.iter().enumerate() {
            let count = file.content.signatures().len();
            for index in 0..count {
                let name = subject_name(&file.entry, index, count);
                subjects.push(judge.subject(&file.content, index, &file.entry, name)?);
                units.push(Unit { file: number, index });
            }
        }
        let base = Base::Opened { source: container.source().clone(), archive: archive.clone() };
        Ok(Extension { base, files, units, subjects, data, hashes, limits: limits.clone() })
    }

    /// Takes up a container that was just signed; its only unit is the new signature. Nothing is read again.
    ///
    /// # Errors
    /// [`Error::Bug`] when the draft is of the other kind than what is given.
    pub(crate) fn signed(
        draft: &Draft,
        given: Given,
        value: &[u8],
        algorithm: SignatureAlgorithm,
        limits: &Limits,
    ) -> Result<Self> {
        let bytes = xades::finalize(&draft.before, value, algorithm, &draft.after)?;
        let content = xades::Extension::open(&bytes, limits, &Budget::new(limits))?;
        let data = match &given {
            Given::Files(files) => DataFiles::Given(files.iter().filter_map(held_source).collect()),
            // Its directory was within the caller's limits when it was prepared.
            Given::Container(source) => DataFiles::Held(open_archive(source, &Limits::none())?),
        };
        let name = draft.signature_file.clone();
        let signature = content.signatures().first().ok_or(Error::Bug("a signature file without a signature"))?;
        let subject = Subject {
            name: name.clone(),
            signer: signature.signer.clone(),
            certificates: signature.certificates.clone(),
            stamps: Vec::new(),
            fault: None,
        };
        Ok(Extension {
            base: Base::Signed { draft: draft.clone(), given },
            files: vec![File { entry: name, content, is_changed: true }],
            units: vec![Unit { file: 0, index: 0 }],
            subjects: vec![subject],
            data,
            hashes: Hashes::default(),
            limits: limits.clone(),
        })
    }

    /// The signatures, one for each unit.
    pub(crate) fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// Certificates and revocation data that came with a signature and its time-stamps.
    ///
    /// # Errors
    /// [`Error::Misuse`] for a unit that is not there.
    pub(crate) fn held(&self, unit: usize) -> Result<ValidationData> {
        let (place, file) = self.place(unit)?;
        let mut held = file.content.held(place.index)?;
        if let Some(subject) = self.subjects.get(unit) {
            subject.certificates.iter().for_each(|one| held.add_certificate(one));
            let tokens = subject.stamps.iter().flat_map(|stamp| stamp.token.certificates());
            tokens.for_each(|one| held.add_certificate(one));
        }
        Ok(held)
    }

    /// What a new signature time-stamp is over.
    ///
    /// # Errors
    /// The fault of a signature that is not sound.
    pub(crate) fn stamp_imprint(&self, unit: usize, algorithm: DigestAlgorithm) -> Result<Digest> {
        let (place, file) = self.sound(unit)?;
        file.content.stamp_imprint(place.index, algorithm)
    }

    /// Adds a signature time-stamp.
    ///
    /// # Errors
    /// The fault of a signature that is not sound; `signature.broken` when nothing can be added to its file.
    pub(crate) fn put_stamp(&mut self, unit: usize, token: &Arc<Token>, nonce: &[u8; 32]) -> Result<()> {
        self.change(unit, |content, index| content.put_stamp(index, token, nonce))?;
        self.note(unit, StampKind::Signature, token);
        Ok(())
    }

    /// Adds what is not there yet: for the signer, and for time-stamps by their number in [`Subject::stamps`].
    ///
    /// # Errors
    /// As [`Extension::put_stamp`].
    pub(crate) fn put_data(
        &mut self,
        unit: usize,
        signer: &ValidationData,
        stamps: &[(usize, ValidationData)],
    ) -> Result<()> {
        self.change(unit, |content, index| content.put_data(index, signer, stamps))
    }

    /// What a new archive time-stamp is over. The data are read again only where hashing them began otherwise.
    ///
    /// # Errors
    /// `asice.data-missing`; `asice.digest`; the fault of a signature that is not sound.
    pub(crate) fn archive_imprint(&self, unit: usize, algorithm: DigestAlgorithm) -> Result<Digest> {
        let (place, file) = self.sound(unit)?;
        let budget = Budget::new(&self.limits);
        let budget = budget.for_data(self.data.len(), self.source_len(), self.limits.asice_stamped_ratio);
        let (data, hashes, limits) = (&self.data, &self.hashes, &self.limits);
        let ground = Ground { data, hashes, limits, budget: &budget };
        let imprint = ground.imprint((&file.content, place.index), None, algorithm, &mut Imprints::default())?;
        self.check_unchanged()?;
        imprint.ok_or(Error::Bug("an imprint of a signature that is not there"))
    }

    /// Adds an archive time-stamp.
    ///
    /// # Errors
    /// As [`Extension::put_stamp`].
    pub(crate) fn put_archive(&mut self, unit: usize, token: &Arc<Token>, nonce: &[u8; 32]) -> Result<()> {
        self.change(unit, |content, index| content.put_archive(index, token, nonce))?;
        self.note(unit, StampKind::Archive, token);
        Ok(())
    }

    /// Whether there is anything to write.
    pub(crate) fn is_changed(&self) -> bool {
        self.files.iter().any(|file| file.is_changed)
    }

    /// The container as it is now; entries of ours are as old as `modified`.
    ///
    /// # Errors
    /// `state.other-document`; reading faults.
    pub(crate) fn output(&self, modified: Time) -> Result<Output> {
        let signature = || {
            let only = self.files.first().ok_or(Error::Bug("a container that was signed without a signature"));
            only.map(|file| file.content.bytes().to_vec())
        };
        match &self.base {
            Base::Signed { draft, given: Given::Files(files) } => {
                finalize_new_with(draft, files, signature()?, modified)
            }
            Base::Signed { draft, given: Given::Container(source) } => {
                finalize_with(draft, source, signature()?, modified)
            }
            Base::Opened { source, .. } if !self.is_changed() => {
                let (source, kept) = (source.clone(), source.len());
                Ok(Output::update(Update { source, kept, checks: Vec::new(), tail: Vec::new() }))
            }
            Base::Opened { source, archive } => {
                let changed = self.files.iter().filter(|file| file.is_changed);
                let changed: BTreeMap<&str, &[u8]> =
                    changed.map(|file| (file.entry.as_str(), file.content.bytes())).collect();
                rewrite(source, archive, &changed, modified)
            }
        }
    }

    fn change(&mut self, unit: usize, change: impl FnOnce(&mut xades::Extension, usize) -> Result<()>) -> Result<()> {
        let (place, file) = self.sound(unit)?;
        let len = file.content.bytes().len();
        let Some(file) = self.files.get_mut(place.file) else { return Err(no_such_unit().into()) };
        let entry = file.entry.clone();
        change(&mut file.content, place.index).map_err(|error| match error {
            Error::Refused(refusal) => Refusal { file: Some(entry), ..*refusal }.into(),
            other => other,
        })?;
        // Whatever is added makes it longer.
        file.is_changed |= file.content.bytes().len() != len;
        Ok(())
    }

    fn note(&mut self, unit: usize, kind: StampKind, token: &Arc<Token>) {
        if let Some(subject) = self.subjects.get_mut(unit) {
            subject.stamps.push(Stamp { kind, token: Arc::clone(token) });
        }
    }

    fn check_unchanged(&self) -> Result<()> {
        match &self.base {
            Base::Opened { source, .. } | Base::Signed { given: Given::Container(source), .. } => {
                source.check_unchanged()
            }
            Base::Signed { .. } => Ok(()),
        }
    }

    /// Bytes of the container, as far as there is one yet.
    fn source_len(&self) -> u64 {
        match &self.base {
            Base::Opened { source, .. } | Base::Signed { given: Given::Container(source), .. } => source.len(),
            Base::Signed { given: Given::Files(_), .. } => self.data.len(),
        }
    }

    /// A unit that something may be added to.
    fn sound(&self, unit: usize) -> Result<(Unit, &File)> {
        match self.subjects.get(unit).and_then(|subject| subject.fault.clone()) {
            Some(fault) => Err(fault),
            None => self.place(unit),
        }
    }

    fn place(&self, unit: usize) -> Result<(Unit, &File)> {
        let place = *self.units.get(unit).ok_or_else(no_such_unit)?;
        Ok((place, self.files.get(place.file).ok_or_else(no_such_unit)?))
    }
}

fn held_source(file: &DataFile) -> Option<(String, Source)> {
    match file.content() {
        Content::Source(source) => Some((file.name().to_owned(), source.clone())),
        Content::Digest { .. } => None,
    }
}

fn no_such_unit() -> Misuse {
    Misuse::new("no unit of that number")
}

#[cfg(test)]
mod tests;
