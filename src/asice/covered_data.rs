//! The data that references lead to, for the imprints of archive time-stamps.

use std::collections::BTreeMap;

use crate::asice::hashes::Hashes;
use crate::digest::{Digest, DigestAlgorithm, State};
use crate::error::{ErrorCode, Limit, Refusal, Result};
use crate::limits::Limits;
use crate::source::{Source, to_u64};
use crate::xades::{self, Budget, Imprints, PartForm, Reference, Signature};
use crate::zip::{Archive, Entry};

/// Where the data files are.
pub(super) enum DataFiles {
    /// In a container.
    Held(Archive),
    /// Still outside, by their names; what is known by its digest alone is not among them.
    Given(BTreeMap<String, Source>),
}

/// What imprints of archive time-stamps are computed from.
pub(super) struct Ground<'a> {
    pub(super) data: &'a DataFiles,
    pub(super) hashes: &'a Hashes,
    pub(super) limits: &'a Limits,
    pub(super) budget: &'a Budget,
}

impl Ground<'_> {
    /// What the archive time-stamp `stamp` of a signature is over, or a new one; the data are read only as far as
    /// neither `hashes` nor `known` has them. `None` where it can't be computed.
    ///
    /// # Errors
    /// `asice.data-missing`; `asice.digest` for a file that was not looked at before and is not the signed one;
    /// [`Error::LimitExceeded`](crate::Error::LimitExceeded); reading faults.
    pub(super) fn imprint(
        &self,
        (file, index): (&xades::Extension, usize),
        stamp: Option<(usize, PartForm)>,
        algorithm: DigestAlgorithm,
        known: &mut Imprints,
    ) -> Result<Option<Digest>> {
        let Some(signature) = file.signatures().get(index) else { return Ok(None) };
        let mut start = None;
        let mut number = 0_usize;
        let mut data = |reference: &Reference, state: &mut State| {
            number = number.saturating_add(1);
            match *start.get_or_insert_with(|| self.hashes.start(&self.data.lead(signature), algorithm)) {
                Some((done, after)) if number <= done => {
                    state.clone_from(after);
                    Ok(())
                }
                _ => self.feed(reference, state),
            }
        };
        match stamp {
            Some((stamp, form)) => {
                file.archive_imprint_of((index, stamp), form, algorithm, known, self.budget, &mut data)
            }
            None => file.archive_imprint(index, algorithm, known, self.budget, &mut data).map(Some),
        }
    }

    /// The digest of what a reference leads to, after its transforms, by its own algorithm; `None` where the algorithm
    /// is not known.
    pub(super) fn digest(&self, reference: &Reference) -> Result<Option<Digest>> {
        let Some(algorithm) = reference.algorithm else { return Ok(None) };
        let mut state = State::new(algorithm);
        self.octets(reference, &mut |bytes| {
            state.update(bytes);
            self.budget.stamped(to_u64(bytes.len()))
        })?;
        Ok(Some(state.finish()))
    }

    fn feed(&self, reference: &Reference, state: &mut State) -> Result<()> {
        let is_known = self.data.name_of(reference).is_some_and(|name| self.hashes.of(name).is_some());
        let mut own = reference.algorithm.filter(|_| !is_known).map(State::new);
        // The first file is hashed once where one state can be both.
        let is_both = state.is_empty() && own.as_ref().is_some_and(|own| own.algorithm() == state.algorithm());
        self.octets(reference, &mut |bytes| {
            if !is_both {
                state.update(bytes);
            }
            own.iter_mut().for_each(|own| own.update(bytes));
            self.budget.stamped(to_u64(bytes.len()))
        })?;
        let Some(own) = own else { return Ok(()) };
        if is_both {
            state.clone_from(&own);
        }
        let is_signed = reference.expected() == Some(own.finish());
        let altered = || Refusal::new(ErrorCode::AsiceDigest).file(self.data.name_of(reference).unwrap_or_default());
        if is_signed { Ok(()) } else { Err(altered().into()) }
    }

    fn octets(&self, reference: &Reference, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let (data, limits) = (self.data, self.limits);
        let Some((first, others)) = reference.transforms.split_first() else {
            return data.bytes(reference, take);
        };
        let mut bytes = Vec::new();
        let most = limits.xml_bytes;
        if let Some(found) = data.size(reference).filter(|size| *size > most) {
            return Err(Limit::new("xml_bytes", most, found).into());
        }
        data.bytes(reference, &mut |piece| {
            bytes.extend_from_slice(piece);
            Ok(())
        })?;
        let mut octets = first.of_bytes(&bytes, limits, self.budget)?;
        for transform in others {
            octets = transform.of_bytes(&octets, limits, self.budget)?;
        }
        take(&octets)
    }
}

impl DataFiles {
    /// The files that the references of a signature begin with, as far as their bytes themselves are signed.
    pub(super) fn lead(&self, signature: &Signature) -> Vec<String> {
        let DataFiles::Held(archive) = self else { return Vec::new() };
        let plain = |reference: &&Reference| reference.name.is_some() && reference.transforms.is_empty();
        let files = signature.references.iter().take_while(plain);
        files.map_while(|reference| entry_of(archive, reference)).map(|entry| entry.name.clone()).collect()
    }

    /// Bytes of all files.
    pub(super) fn len(&self) -> u64 {
        match self {
            DataFiles::Held(archive) => archive.inflated_bytes(),
            DataFiles::Given(files) => files.values().map(Source::len).fold(0, u64::saturating_add),
        }
    }

    /// The bytes of the file as they stand.
    fn bytes(&self, reference: &Reference, take: &mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()> {
        let missing = || Refusal::new(ErrorCode::AsiceDataMissing).file(reference.name.as_deref().unwrap_or_default());
        match self {
            DataFiles::Held(archive) => archive.for_each(entry_of(archive, reference).ok_or_else(missing)?, take),
            DataFiles::Given(files) => {
                let source = reference.name.as_ref().and_then(|name| files.get(name)).ok_or_else(missing)?;
                source.for_each(0..source.len(), |bytes| take(bytes))?;
                source.check_unchanged()
            }
        }
    }

    fn size(&self, reference: &Reference) -> Option<u64> {
        match self {
            DataFiles::Held(archive) => Some(entry_of(archive, reference)?.size),
            DataFiles::Given(files) => Some(files.get(reference.name.as_ref()?)?.len()),
        }
    }

    fn name_of<'a>(&'a self, reference: &'a Reference) -> Option<&'a str> {
        match self {
            DataFiles::Held(archive) => entry_of(archive, reference).map(|entry| entry.name.as_str()),
            DataFiles::Given(_) => reference.name.as_deref(),
        }
    }
}

/// The entry that a reference leads to: its URI decoded, else read in one of the ways in which some makers write it.
pub(super) fn entry_of<'a>(archive: &'a Archive, reference: &Reference) -> Option<&'a Entry> {
    match &reference.old_name {
        Some(bytes) => archive.find_old(bytes),
        None => reference.names().iter().find_map(|name| archive.find(name)),
    }
}
