//! `META-INF/manifest.xml`: which files a container has, and of what kind they are (OpenDocument 1.2, part 3).

use std::collections::BTreeMap;

use crate::asice::layout::{ASICE, is_data_file};
use crate::error::{ErrorCode, Malformed, Result};
use crate::limits::Limits;
use crate::xml;

/// The manifest of a container that holds these files.
pub(crate) fn write<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> Vec<u8> {
    let mut out: Vec<u8> = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n\
         <manifest:manifest xmlns:manifest=\"{NAMESPACE}\" manifest:version=\"1.2\">"
    )
    .into_bytes();
    for (name, media_type) in std::iter::once((ROOT, ASICE)).chain(files) {
        out.extend(b"<manifest:file-entry manifest:full-path=\"");
        xml::escape_attribute(name, &mut out);
        out.extend(b"\" manifest:media-type=\"");
        xml::escape_attribute(media_type, &mut out);
        out.extend(b"\"></manifest:file-entry>");
    }
    out.extend(b"</manifest:manifest>");
    out
}

/// What a manifest says.
#[derive(Debug)]
pub(crate) struct Manifest {
    /// The media type of each data file that it lists.
    pub(crate) files: BTreeMap<String, String>,
    /// That of the container itself, where it is told.
    pub(crate) container: Option<String>,
    /// Of how many elements it consists.
    pub(crate) elements: usize,
}

/// Reads a manifest.
///
/// # Errors
/// `asice.manifest` when it is none, or lists a file twice; `xml.*`.
pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Manifest> {
    let malformed = |offset: u64| Malformed::at(ErrorCode::AsiceManifest, offset);
    let document = xml::Document::parse(bytes, limits)?;
    let root = document.root();
    if !root.is(NAMESPACE, "manifest") {
        return Err(malformed(root.offset()).into());
    }
    let (mut files, mut container) = (BTreeMap::new(), None);
    for entry in root.children() {
        if !entry.is(NAMESPACE, "file-entry") {
            continue;
        }
        let path = entry.attribute_in(NAMESPACE, "full-path").ok_or_else(|| malformed(entry.offset()))?;
        let media_type = entry.attribute_in(NAMESPACE, "media-type").unwrap_or_default();
        if path == ROOT {
            container = Some(media_type.to_owned());
        }
        if is_data_file(path) && files.insert(path.to_owned(), media_type.to_owned()).is_some() {
            return Err(malformed(entry.offset()).into());
        }
    }
    Ok(Manifest { files, container, elements: document.count() })
}

/// The path that stands for the container itself.
const ROOT: &str = "/";
const NAMESPACE: &str = "urn:oasis:names:tc:opendocument:xmlns:manifest:1.0";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote() {
        let files = [("a & \"b\" <c>.txt", "text/plain"), ("dir/ā 😀.pdf", "application/pdf")];
        let bytes = write(files.into_iter());
        let read = read(&bytes, &Limits::default()).unwrap();
        assert_eq!(read.container.as_deref(), Some(ASICE));
        assert_eq!(read.files, files.into_iter().map(|(a, b)| (a.to_owned(), b.to_owned())).collect());
    }

    #[test]
    fn a_file_twice_and_another_root_are_refused() {
        let twice = write([("a", "x/y"), ("a", "x/y")].into_iter());
        assert_eq!(read(&twice, &Limits::default()).unwrap_err().code(), ErrorCode::AsiceManifest);
        assert_eq!(read(b"<a/>", &Limits::default()).unwrap_err().code(), ErrorCode::AsiceManifest);
        let pathless = format!("<m:manifest xmlns:m='{NAMESPACE}'><m:file-entry/></m:manifest>");
        assert_eq!(read(pathless.as_bytes(), &Limits::default()).unwrap_err().code(), ErrorCode::AsiceManifest);
    }
}
