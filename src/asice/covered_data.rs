//! The data that references lead to, for the imprints of archive time-stamps.

use std::collections::BTreeMap;

use crate::asice::hashes::Hashes;
use crate::digest::{Digest, DigestAlgorithm, State};
use crate::error::{ErrorCode, Refusal, Result};
use crate::limits::Limits;
use crate::source::Source;
use crate::xades::{self, PartForm, Reference, Signature};
use crate::zip::{Archive, Entry};

/// Where the data files are.
pub(super) enum DataFiles {
    /// In a container.
    Held(Archive),
    /// Still outside, by their names; what is known by its digest alone is not among them.
    Given(BTreeMap<String, Source>),
}

impl DataFiles {
    /// What the archive time-stamp `stamp` of a signature is over, or a new one; the data are read only as far as
    /// `hashes` does not know them. `None` where it can't be computed.
    ///
    /// # Errors
    /// `asice.data-missing`; `asice.digest` for a file that was not looked at before and is not the signed one;
    /// reading faults.
    pub(super) fn imprint(
        &self,
        (file, index): (&xades::Extension, usize),
        stamp: Option<(usize, PartForm)>,
        algorithm: DigestAlgorithm,
        hashes: &Hashes,
        limits: &Limits,
    ) -> Result<Option<Digest>> {
        let Some(signature) = file.signatures().get(index) else { return Ok(None) };
        let lead = self.lead(signature);
        let start = hashes.start(&lead, algorithm);
        let mut number = 0_usize;
        let mut data = |reference: &Reference, state: &mut State| {
            number = number.saturating_add(1);
            match start {
                Some((done, after)) if number <= done => {
                    state.clone_from(after);
                    Ok(())
                }
                _ => self.feed(reference, state, hashes, limits),
            }
        };
        match stamp {
            Some((stamp, form)) => file.archive_imprint_of(index, stamp, form, algorithm, &mut data),
            None => file.archive_imprint(index, algorithm, &mut data).map(Some),
        }
    }

    /// The files that the references of a signature begin with, as far as their bytes themselves are signed.
    pub(super) fn lead(&self, signature: &Signature) -> Vec<String> {
        let DataFiles::Held(archive) = self else { return Vec::new() };
        let plain = |reference: &&Reference| reference.name.is_some() && reference.transforms.is_empty();
        let files = signature.references.iter().take_while(plain);
        files.map_while(|reference| entry_of(archive, reference)).map(|entry| entry.name.clone()).collect()
    }

    /// The digest of what a reference leads to, after its transforms, by its own algorithm; `None` where the algorithm
    /// is not known.
    pub(super) fn digest(&self, reference: &Reference, limits: &Limits) -> Result<Option<Digest>> {
        let Some(algorithm) = reference.algorithm else { return Ok(None) };
        let mut state = State::new(algorithm);
        self.octets(reference, limits, &mut |bytes| state.update(bytes))?;
        Ok(Some(state.finish()))
    }

    fn feed(&self, reference: &Reference, state: &mut State, hashes: &Hashes, limits: &Limits) -> Result<()> {
        let is_known = self.name_of(reference).is_some_and(|name| hashes.of(name).is_some());
        let mut own = reference.algorithm.filter(|_| !is_known).map(State::new);
        // The first file is hashed once where one state can be both.
        let is_both = state.is_empty() && own.as_ref().is_some_and(|own| own.algorithm() == state.algorithm());
        self.octets(reference, limits, &mut |bytes| {
            if !is_both {
                state.update(bytes);
            }
            own.iter_mut().for_each(|own| own.update(bytes));
        })?;
        let Some(own) = own else { return Ok(()) };
        if is_both {
            state.clone_from(&own);
        }
        let is_signed = reference.expected() == Some(own.finish());
        let altered = || Refusal::new(ErrorCode::AsiceDigest).file(self.name_of(reference).unwrap_or_default());
        if is_signed { Ok(()) } else { Err(altered().into()) }
    }

    fn octets(&self, reference: &Reference, limits: &Limits, take: &mut dyn FnMut(&[u8])) -> Result<()> {
        let Some((first, others)) = reference.transforms.split_first() else {
            return self.bytes(reference, take);
        };
        let mut bytes = Vec::new();
        let most = limits.xml_bytes;
        if self.size(reference).is_some_and(|size| size > most) {
            let found = self.size(reference).unwrap_or_default();
            return Err(crate::error::Limit::new("xml_bytes", most, found).into());
        }
        self.bytes(reference, &mut |piece| bytes.extend_from_slice(piece))?;
        let mut octets = first.of_bytes(&bytes, limits)?;
        for transform in others {
            octets = transform.of_bytes(&octets, limits)?;
        }
        take(&octets);
        Ok(())
    }

    /// The bytes of the file as they stand.
    fn bytes(&self, reference: &Reference, take: &mut dyn FnMut(&[u8])) -> Result<()> {
        let mut see = |bytes: &[u8]| {
            take(bytes);
            Ok(())
        };
        let missing = || Refusal::new(ErrorCode::AsiceDataMissing).file(reference.name.as_deref().unwrap_or_default());
        match self {
            DataFiles::Held(archive) => archive.for_each(entry_of(archive, reference).ok_or_else(missing)?, &mut see),
            DataFiles::Given(files) => {
                let source = reference.name.as_ref().and_then(|name| files.get(name)).ok_or_else(missing)?;
                source.for_each(0..source.len(), see)?;
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
    reference.names().iter().find_map(|name| archive.find(name))
}
