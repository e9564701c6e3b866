//! An existing container: what it holds, and what its earlier signatures cover.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use crate::asice::data_file::Content;
use crate::asice::earlier::Earlier;
use crate::asice::layout::{MANIFEST, is_data_file, is_other_signature, is_stranger};
use crate::asice::manifest::Manifest;
use crate::asice::mimetype::{Kind, Mimetype};
use crate::asice::{DataFile, manifest};
use crate::digest::Digest;
use crate::error::{ErrorCode, Misuse, Refusal, Result};
use crate::limits::Limits;
use crate::pki::Certificate;
use crate::source::Source;
use crate::xades::Budget;
use crate::zip::{Archive, Entry};

/// A container that was opened: its ZIP is sound, and it says that it is ASiC-E.
pub(crate) struct Container {
    source: Source,
    limits: Limits,
    archive: Archive,
    mimetype: Mimetype,
    manifest: Option<BTreeMap<String, String>>,
    /// Bytes and elements of the manifest.
    manifest_size: (u64, usize),
    /// Digests that were told.
    assumed: BTreeMap<String, Digest>,
    /// Read when it is asked for, once.
    earlier: OnceLock<Earlier>,
    /// What is odd about what says which kind of container it is.
    oddities: Vec<String>,
}

impl Container {
    /// Opens a container of any maker.
    ///
    /// # Errors
    /// `zip.*` with the offset of what is wrong; `asice.mimetype` when it is no ASiC-E container; `asice.manifest`.
    pub(crate) fn open(source: &Source, limits: &Limits) -> Result<Self> {
        let archive = Archive::open(source, limits)?;
        let mimetype = Mimetype::read(&archive, limits)?;
        let mut oddities: Vec<String> = mimetype.remarks().collect();
        let (archive, manifest, manifest_size) = with_manifest(archive, limits)?;
        let told = manifest.as_ref().and_then(|manifest| manifest.container.as_deref());
        oddities.extend(told.filter(|told| *told != mimetype.kind.as_str()).map(|told| {
            format!("the manifest says that the container is \"{}\": validators refuse it", told.escape_debug())
        }));
        let manifest = manifest.map(|manifest| manifest.files);
        let (source, limits) = (source.clone(), limits.clone());
        let (assumed, earlier) = (BTreeMap::new(), OnceLock::new());
        Ok(Container { source, limits, archive, mimetype, manifest, manifest_size, assumed, earlier, oddities })
    }

    pub(crate) fn source(&self) -> &Source {
        &self.source
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }

    /// What one reading of all signature files may cost.
    ///
    /// # Errors
    /// [`Error::LimitExceeded`](crate::Error::LimitExceeded) when the manifest is too large already.
    pub(crate) fn budget(&self) -> Result<Budget> {
        let budget = Budget::new(&self.limits);
        let budget = budget.for_data(self.archive.inflated_bytes(), self.source.len(), self.limits.asice_stamped_ratio);
        let (bytes, elements) = self.manifest_size;
        budget.file(bytes)?;
        budget.elements(elements)?;
        Ok(budget)
    }

    pub(crate) fn archive(&self) -> &Archive {
        &self.archive
    }

    /// What its `mimetype` entry names.
    pub(crate) fn mimetype(&self) -> &'static str {
        self.mimetype.kind.as_str()
    }

    /// What is odd about what says which kind of container it is.
    pub(crate) fn oddities(&self) -> &[String] {
        &self.oddities
    }

    /// Takes the digests of these data files as told.
    pub(crate) fn assume(mut self, files: Vec<DataFile>) -> Result<Self> {
        let mut assumed = self.assumed.clone();
        let earlier = self.earlier()?;
        for file in &files {
            let Content::Digest { digest, size } = file.content() else {
                return Err(Misuse::new("a file of an existing container is told by its digest").into());
            };
            let entry = self.archive.find(file.name()).filter(|entry| self.is_data_file(entry));
            let is_known = entry.is_some() || earlier.covers(file.name()) || self.media_type(file.name()).is_some();
            if !is_known {
                return Err(Refusal::new(ErrorCode::AsiceUnknownFile).file(file.name()).into());
            }
            let other_size = entry.zip(*size).is_some_and(|(entry, size)| entry.size != size);
            let told_twice = assumed.insert(file.name().to_owned(), *digest).is_some_and(|old| old != *digest);
            if other_size || told_twice {
                return Err(Refusal::new(ErrorCode::AsiceDigest).file(file.name()).into());
            }
        }
        self.assumed = assumed;
        Ok(self)
    }

    /// The digest that was told for the file `name`.
    pub(crate) fn assumed(&self, name: &str) -> Option<&Digest> {
        self.assumed.get(name)
    }

    /// What the manifest says that the file `name` is.
    pub(crate) fn media_type(&self, name: &str) -> Option<String> {
        self.manifest.as_ref()?.get(name).cloned()
    }

    /// The files that the manifest lists.
    pub(crate) fn listed(&self) -> Option<impl Iterator<Item = &str>> {
        Some(self.manifest.as_ref()?.keys().map(String::as_str))
    }

    /// Whether an entry is to be signed.
    pub(crate) fn is_data_file(&self, entry: &Entry) -> bool {
        !entry.is_folder && is_data_file(&entry.name)
    }

    /// The data files that it holds, in the order of its directory.
    pub(crate) fn data_files(&self) -> impl Iterator<Item = &Entry> {
        self.archive.entries().iter().filter(|entry| self.is_data_file(entry))
    }

    /// The entries that stand among the signatures and belong to none, in the order of its directory.
    pub(crate) fn strangers(&self) -> impl Iterator<Item = &Entry> {
        self.archive.entries().iter().filter(|entry| !entry.is_folder && is_stranger(&entry.name))
    }

    /// All entries in the order of their bytes.
    pub(crate) fn by_offset(&self) -> Vec<&Entry> {
        let mut entries: Vec<&Entry> = self.archive.entries().iter().collect();
        entries.sort_by_key(|entry| entry.header);
        entries
    }

    /// Makes sure that one more XAdES signature may stand in it.
    pub(crate) fn check_can_be_added_to(&self) -> Result<()> {
        self.check_kind()?;
        // A validator takes the manifest as the list of what was there when it was signed.
        let manifest = self.manifest.as_ref().ok_or_else(|| Refusal::new(ErrorCode::AsiceManifest))?;
        match self.data_files().find(|entry| !manifest.contains_key(&entry.name)) {
            Some(entry) => Err(Refusal::at(ErrorCode::AsiceManifest, entry.header).file(&entry.name).into()),
            None => Ok(()),
        }
    }

    /// Makes sure that it is ASiC-E with XAdES alone, and that others take it as that: other kinds of signatures may
    /// cover those files, too, and a container that is none to validators has no signatures there.
    pub(crate) fn check_kind(&self) -> Result<()> {
        if self.mimetype.kind != Kind::Asice {
            return Err(Refusal::new(ErrorCode::AsiceKind).into());
        }
        self.mimetype.check_exact()?;
        match self.archive.entries().iter().find(|entry| is_other_signature(&entry.name)) {
            Some(other) => Err(Refusal::at(ErrorCode::AsiceKind, other.header).file(&other.name).into()),
            None => Ok(()),
        }
    }

    /// The names of the files that a signature must cover: those that it holds, then those that it only knows.
    pub(crate) fn files_to_sign<'a>(&'a self, earlier: &'a Earlier) -> Result<Vec<&'a str>> {
        let mut names: Vec<&str> = self.data_files().map(|entry| entry.name.as_str()).collect();
        let held: BTreeSet<&str> = names.iter().copied().collect();
        let listed = self.listed().into_iter().flatten();
        let known: BTreeSet<&str> = listed.chain(earlier.names()).filter(|name| !held.contains(name)).collect();
        names.extend(known);
        if names.is_empty() { Err(Refusal::new(ErrorCode::AsiceEmpty).into()) } else { Ok(names) }
    }

    /// What is signed already.
    pub(crate) fn earlier(&self) -> Result<&Earlier> {
        match self.earlier.get() {
            Some(earlier) => Ok(earlier),
            None => Earlier::read(self).map(|read| self.earlier.get_or_init(|| read)),
        }
    }

    /// Whether the signature that was added last is by `certificate`.
    pub(crate) fn signed_last_by(&self, certificate: &Certificate) -> Result<bool> {
        Ok(self.earlier()?.last_signer() == Some(certificate))
    }
}

/// The entries of a container under the names by which its manifest lists them.
///
/// # Errors
/// As [`Container::open`], but for the mimetype.
pub(super) fn open_archive(source: &Source, limits: &Limits) -> Result<Archive> {
    with_manifest(Archive::open(source, limits)?, limits).map(|(archive, ..)| archive)
}

/// The entries, the manifest, and its bytes and elements.
fn with_manifest(archive: Archive, limits: &Limits) -> Result<(Archive, Option<Manifest>, (u64, usize))> {
    let (manifest, size) = match archive.find(MANIFEST) {
        Some(entry) => {
            let manifest = manifest::read(&archive.read(entry, "xml_bytes", limits.xml_bytes)?, limits);
            let manifest = manifest.map_err(|fault| fault.in_file(MANIFEST))?;
            let size = (entry.size, manifest.elements);
            (Some(manifest), size)
        }
        None => (None, (0, 0)),
    };
    let is_listed = |name: &str| manifest.as_ref().is_some_and(|manifest| manifest.files.contains_key(name));
    Ok((archive.named_as_known(is_listed)?, manifest, size))
}

/// Whether it begins as a ZIP does.
pub(crate) fn is_zip(source: &Source) -> Result<bool> {
    let start = source.window_up_to(0, 4)?;
    // A local header, or the end record of an empty archive.
    Ok(start.starts_with(b"PK\x03\x04") || start.starts_with(b"PK\x05\x06"))
}
