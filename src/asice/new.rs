//! A container that is still to be made.

use crate::asice::data_file::Content;
use crate::asice::layout::{check_data_file, signature_file};
use crate::asice::{DataFile, media_type};
use crate::digest::DigestAlgorithm;
use crate::error::{ErrorCode, Limit, Misuse, Refusal, Result};
use crate::limits::Limits;
use crate::source::to_u64;
use crate::zip::Names;

/// Data files that shall become a container.
pub(crate) struct NewContainer {
    files: Vec<DataFile>,
    signature_index: u32,
    limits: Limits,
}

impl NewContainer {
    /// Makes sure that a container can hold these files.
    ///
    /// # Errors
    /// `asice.empty`, `asice.name`, `asice.duplicate`; a limit of what readers, ours among them, take.
    pub(crate) fn new(files: Vec<DataFile>, limits: &Limits) -> Result<Self> {
        if files.is_empty() {
            return Err(Refusal::new(ErrorCode::AsiceEmpty).into());
        }
        let entries = to_u64(files.len()).saturating_add(OWN_ENTRIES);
        if entries > limits.zip_entries {
            return Err(Limit::new("zip_entries", limits.zip_entries, entries).into());
        }
        let mut names = Names::default();
        let mut total = 0_u64;
        for file in &files {
            check_data_file(file.name(), limits)?;
            if !names.insert(file.name()) {
                return Err(Refusal::new(ErrorCode::AsiceDuplicate).file(file.name()).into());
            }
            if let Some(told) = file.told_media_type() {
                media_type::check(told)?;
            }
            let size = check_content(file.content())?;
            if size > limits.zip_entry_bytes {
                return Err(Limit::new("zip_entry_bytes", limits.zip_entry_bytes, size).into());
            }
            total = total.saturating_add(size);
        }
        if total > limits.zip_total_bytes {
            return Err(Limit::new("zip_total_bytes", limits.zip_total_bytes, total).into());
        }
        Ok(NewContainer { files, signature_index: 0, limits: limits.clone() })
    }

    /// Its first signature file has this number in its name.
    pub(crate) fn signature_index(self, signature_index: u32) -> Self {
        NewContainer { signature_index, ..self }
    }

    /// The name of its signature file.
    pub(crate) fn signature_file(&self) -> String {
        signature_file(u64::from(self.signature_index))
    }

    pub(crate) fn files(&self) -> &[DataFile] {
        &self.files
    }

    pub(crate) fn limits(&self) -> &Limits {
        &self.limits
    }
}

/// The size of the content, 0 where it is not known.
fn check_content(content: &Content) -> Result<u64> {
    match content {
        Content::Source(source) => Ok(source.len()),
        Content::Digest { digest, .. } if digest.algorithm() == DigestAlgorithm::Sha1ForLegacyValidation => {
            Err(Misuse::new("SHA-1 digests are not signed").into())
        }
        Content::Digest { size, .. } => Ok(size.unwrap_or(0)),
    }
}

// `mimetype`, manifest, signature.
const OWN_ENTRIES: u64 = 3;
