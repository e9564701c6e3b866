//! A file that a container holds, or that it is known by.

use std::fmt;

use crate::digest::Digest;
use crate::source::Source;

/// A data file: its name in the container, and its content or its digest.
#[derive(Clone)]
pub struct DataFile {
    name: String,
    media_type: Option<String>,
    content: Content,
}

/// What is known of a data file.
#[derive(Clone)]
pub(crate) enum Content {
    /// All of it.
    Source(Source),
    /// Only its digest, and its size where that was told.
    Digest { digest: Digest, size: Option<u64> },
}

impl DataFile {
    /// The file `name` with this content; parts of its path are separated by `/`.
    #[must_use]
    pub fn new(name: impl Into<String>, source: Source) -> Self {
        DataFile { name: name.into(), media_type: None, content: Content::Source(source) }
    }

    /// The file `name` whose content is elsewhere: it is signed by its digest alone.
    ///
    /// The caller vouches for the digest; nobody can check it here.
    #[must_use]
    pub fn by_digest(name: impl Into<String>, digest: Digest) -> Self {
        DataFile { name: name.into(), media_type: None, content: Content::Digest { digest, size: None } }
    }

    /// Adds the size in bytes to a file that is known by its digest; a file with content has its own.
    #[must_use]
    pub fn size(mut self, bytes: u64) -> Self {
        if let Content::Digest { size, .. } = &mut self.content {
            *size = Some(bytes);
        }
        self
    }

    /// Says what kind of file it is, such as `text/plain`, in place of what its name and first bytes tell.
    #[must_use]
    pub fn media_type(mut self, media_type: impl Into<String>) -> Self {
        self.media_type = Some(media_type.into());
        self
    }

    /// Its name in the container.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its digest and size, where it is known by its digest alone.
    pub(crate) fn told_digest(&self) -> Option<(&Digest, Option<u64>)> {
        match &self.content {
            Content::Source(_) => None,
            Content::Digest { digest, size } => Some((digest, *size)),
        }
    }

    pub(crate) fn told_media_type(&self) -> Option<&str> {
        self.media_type.as_deref()
    }

    pub(crate) fn content(&self) -> &Content {
        &self.content
    }
}

impl fmt::Debug for DataFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let kind = if matches!(self.content, Content::Source(_)) { "with content" } else { "by digest" };
        f.debug_struct("DataFile").field("kind", &kind).finish_non_exhaustive()
    }
}
