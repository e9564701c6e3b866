//! The signatures that a container has already.

use std::collections::{BTreeMap, BTreeSet};

use crate::asice::container::Container;
use crate::asice::covered_data::entry_of;
use crate::asice::layout::{is_signature_file, number_of};
use crate::asice::subject::{subject_name, unsound};
use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{Error, ErrorCode, Limit, Refusal, Result};
use crate::limits::Limits;
use crate::pki::Certificate;
use crate::source::to_u64;
use crate::xades::{Reference, Signature, SignatureFile};
use crate::zip::Entry;

/// The signature files of a container, in the order of their numbers.
#[derive(Default)]
pub(crate) struct Earlier {
    files: Vec<(String, SignatureFile)>,
    /// Names as entries have them, for each reference of each signature.
    covered: Vec<Vec<Covered>>,
    /// Under which digests each file is signed.
    digests: BTreeMap<String, Vec<Digest>>,
    /// What signatures first say that a file is.
    media_types: BTreeMap<String, String>,
    /// Files of which some signature tells no digest that can be compared.
    incomparable: BTreeSet<String>,
}

/// A data file that a signature refers to.
pub(crate) struct Covered {
    pub(crate) name: String,
    pub(crate) digest: Option<Digest>,
    pub(crate) media_type: Option<String>,
    /// Whether the reference has to be read leniently to lead to an entry.
    pub(crate) is_odd: bool,
}

impl Covered {
    /// Where the manifest says that the file is something else than what is signed of it: both, in words.
    pub(crate) fn contradiction(&self, container: &Container) -> Option<String> {
        let signed = self.media_type.as_deref()?;
        let told = container.media_type(&self.name).filter(|told| !told.trim().is_empty())?;
        let is_same = told.trim().eq_ignore_ascii_case(signed.trim());
        let name = self.name.escape_debug();
        let words =
            || format!("{name} is signed as {}, the manifest says {}", signed.escape_debug(), told.escape_debug());
        (!is_same).then(words)
    }
}

impl Earlier {
    /// Reads all signature files of a container.
    ///
    /// # Errors
    /// `xml.*` and `xades.*` when one can't be read.
    pub(crate) fn read(container: &Container) -> Result<Self> {
        let limits = container.limits();
        let archive = container.archive();
        let entries = signature_entries(container)?;
        let budget = container.budget()?;
        let mut files = Vec::with_capacity(entries.len());
        let mut covered: Vec<Vec<Covered>> = Vec::new();
        for entry in entries {
            budget.file(entry.size)?;
            let bytes = archive.read(entry, "xml_bytes", limits.xml_bytes)?;
            let file = SignatureFile::read(&bytes, limits, &budget).map_err(|fault| fault.in_file(&entry.name))?;
            for signature in file.signatures() {
                covered.push(signature.references.iter().filter_map(|one| resolve(container, one)).collect());
            }
            files.push((entry.name.clone(), file));
        }
        let mut earlier = Earlier { files, covered, ..Earlier::default() };
        for one in earlier.covered.iter().flatten() {
            earlier.digests.entry(one.name.clone()).or_default().extend(one.digest);
            if one.digest.is_none() {
                earlier.incomparable.insert(one.name.clone());
            }
            if let Some(media_type) = &one.media_type {
                earlier.media_types.entry(one.name.clone()).or_insert_with(|| media_type.clone());
            }
        }
        Ok(earlier)
    }

    /// Each signature: the entry that it is in, what it says, and the files that it covers.
    pub(crate) fn signatures(&self) -> impl Iterator<Item = (&str, &Signature, &[Covered])> {
        let signatures =
            self.files.iter().flat_map(|(name, file)| file.signatures().iter().map(move |one| (name.as_str(), one)));
        signatures.zip(&self.covered).map(|((name, signature), covered)| (name, signature, covered.as_slice()))
    }

    /// The names of all files that are covered, once each.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.digests.keys().map(String::as_str)
    }

    /// Whether any signature covers the file `name`.
    pub(crate) fn covers(&self, name: &str) -> bool {
        self.digests.contains_key(name)
    }

    /// What the signatures say that the file `name` is.
    pub(crate) fn media_type(&self, name: &str) -> Option<String> {
        self.media_types.get(name).cloned()
    }

    /// The digest algorithms of the references to data files.
    pub(crate) fn algorithms(&self) -> Vec<DigestAlgorithm> {
        let mut algorithms: Vec<DigestAlgorithm> = Vec::new();
        for digest in self.covered.iter().flatten().filter_map(|one| one.digest) {
            if !algorithms.contains(&digest.algorithm()) {
                algorithms.push(digest.algorithm());
            }
        }
        algorithms
    }

    /// Makes sure that each earlier signature covers every data file that is there.
    ///
    /// # Errors
    /// `asice.unsigned-file`.
    pub(crate) fn check_coverage(&self, container: &Container) -> Result<()> {
        for covered in &self.covered {
            let names: BTreeSet<&str> = covered.iter().map(|one| one.name.as_str()).collect();
            if let Some(entry) = container.data_files().find(|entry| !names.contains(entry.name.as_str())) {
                return Err(Refusal::at(ErrorCode::AsiceUnsigned, entry.header).file(&entry.name).into());
            }
        }
        Ok(())
    }

    /// Makes sure that `digest` is the signed one wherever the file `name` was signed with this algorithm.
    ///
    /// # Errors
    /// `asice.digest`.
    pub(crate) fn check_digest(&self, name: &str, digest: &Digest) -> Result<()> {
        let mut signed = self.digests.get(name).into_iter().flatten();
        match signed.any(|one| one.algorithm() == digest.algorithm() && one != digest) {
            true => Err(Refusal::new(ErrorCode::AsiceDigest).file(name).into()),
            false => Ok(()),
        }
    }

    /// Makes sure that each signature that covers the file `name` tells a digest that can be compared.
    ///
    /// # Errors
    /// `xades.reference`.
    pub(crate) fn check_comparable(&self, name: &str) -> Result<()> {
        match self.incomparable.contains(name) {
            true => Err(Refusal::new(ErrorCode::XadesReference).file(name).into()),
            false => Ok(()),
        }
    }

    /// The first `most` signatures that are not sound, by their files, and why. What they say of data files is compared
    /// when those are read.
    pub(crate) fn unsound(&self, most: usize, limits: &Limits) -> Vec<(String, Error)> {
        let all = self.files.iter().flat_map(|(entry, file)| {
            let signatures = file.signatures();
            signatures.iter().enumerate().map(move |(index, one)| (entry, signatures.len(), index, one))
        });
        let mut found = Vec::new();
        for (entry, count, index, signature) in all.take(most) {
            if let Some(detail) = unsound(signature, limits) {
                let refusal = Refusal::new(ErrorCode::SignatureBroken).file(entry).detail(detail);
                found.push((subject_name(entry, index, count), refusal.into()));
            }
        }
        found
    }

    /// The signer of the last signature.
    pub(crate) fn last_signer(&self) -> Option<&Certificate> {
        self.files.last()?.1.signatures().last()?.signer.as_ref()
    }
}

/// The signature files of a container, in the order of their numbers.
///
/// # Errors
/// A limit.
pub(super) fn signature_entries(container: &Container) -> Result<Vec<&Entry>> {
    let all = container.archive().entries().iter();
    let mut entries: Vec<_> = all.filter(|entry| !entry.is_folder && is_signature_file(&entry.name)).collect();
    let (limit, found) = (container.limits().asice_signature_files, to_u64(entries.len()));
    if found > limit {
        return Err(Limit::new("asice_signature_files", limit, found).into());
    }
    entries.sort_by_key(|entry| (number_of(&entry.name), entry.header));
    Ok(entries)
}

/// The file that a reference leads to: its URI decoded, else read in one of the ways in which some makers write it.
fn resolve(container: &Container, reference: &Reference) -> Option<Covered> {
    let decoded = reference.name.as_ref()?;
    let found = entry_of(container.archive(), reference).map(|entry| &entry.name);
    Some(Covered {
        name: found.unwrap_or(decoded).clone(),
        // Of the file as it stands; where something was done to it first, nobody here knows.
        digest: reference.expected().filter(|_| reference.transforms.is_empty()),
        media_type: reference.media_type.clone(),
        is_odd: reference.old_name.is_none() && found.is_some_and(|found| found != decoded),
    })
}
