//! What the command keeps beside a state: where the document is and where its result goes.

use std::path::{Path, PathBuf};

use base64::prelude::{BASE64_STANDARD, Engine};
use serde::{Deserialize, Serialize};

/// The record of one entry, `<id>.json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Record {
    version: u32,
    /// The input's name as it was given.
    pub input: String,
    /// Its absolute path; none for standard input.
    pub path: Option<StoredPath>,
    /// Its path below the folder that was given, which its result keeps.
    pub relative: StoredPath,
    /// Whether it was found in a folder that was given.
    pub in_folder: bool,
    /// Where the result goes, where `prepare` was told.
    pub output: Option<StoredPath>,
    /// The caller's own reference, from the manifest.
    pub reference: Option<String>,
    /// Under which key the entry is found again: 64 hexadecimal digits.
    pub key: Option<String>,
    /// The files of a new container; none for a document.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_of: Option<MadeOf>,
    /// SHA-256 over all that was read, where the times of the files could not tell a change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<String>,
    /// What is odd about signatures that the document had before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
}

/// The files of a new container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct MadeOf {
    /// Whether the container was named itself, in place of its only file.
    pub is_named: bool,
    /// The files, those that are known by digest, too.
    pub files: Vec<StoredFile>,
}

impl MadeOf {
    /// The files of a container.
    #[must_use]
    pub fn new(is_named: bool, files: Vec<StoredFile>) -> Self {
        MadeOf { is_named, files }
    }
}

/// A file of a new container.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct StoredFile {
    /// Its name in the container.
    pub name: String,
    /// Its absolute path; none for standard input, and where only its digest is known.
    pub path: Option<StoredPath>,
}

impl StoredFile {
    /// The file of this name.
    #[must_use]
    pub fn new(name: impl Into<String>, path: Option<StoredPath>) -> Self {
        StoredFile { name: name.into(), path }
    }
}

impl Record {
    /// The record of the input of this name, whose result is named after `relative`.
    #[must_use]
    pub fn new(input: impl Into<String>, relative: &Path) -> Self {
        Record {
            version: 1,
            input: input.into(),
            path: None,
            relative: relative.into(),
            in_folder: false,
            output: None,
            reference: None,
            key: None,
            made_of: None,
            content: None,
            remarks: Vec::new(),
        }
    }
}

/// A path in JSON: text where it is text, else its bytes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, deny_unknown_fields)]
// Complete: a path is text or it is not.
pub enum StoredPath {
    /// A path that is text.
    Text(String),
    /// A path that is none.
    Bytes {
        /// Base64 of its bytes.
        base64: String,
    },
}

impl From<&Path> for StoredPath {
    fn from(path: &Path) -> Self {
        match path.to_str() {
            Some(text) => StoredPath::Text(text.to_owned()),
            None => StoredPath::Bytes { base64: BASE64_STANDARD.encode(path.as_os_str().as_encoded_bytes()) },
        }
    }
}

impl StoredPath {
    /// The path, if this system can have it.
    #[must_use]
    pub fn to_path(&self) -> Option<PathBuf> {
        match self {
            StoredPath::Text(text) => Some(PathBuf::from(text)),
            StoredPath::Bytes { base64 } => path_of(BASE64_STANDARD.decode(base64).ok()?),
        }
    }
}

#[cfg(unix)]
fn path_of(bytes: Vec<u8>) -> Option<PathBuf> {
    Some(<std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(bytes).into())
}

#[cfg(not(unix))]
fn path_of(bytes: Vec<u8>) -> Option<PathBuf> {
    String::from_utf8(bytes).ok().map(PathBuf::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_reads_as_it_was_written() {
        let mut record = Record::new("a.pdf", Path::new("sub/a.pdf"));
        record.path = Some(Path::new("/home/a.pdf").into());
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
        assert!(serde_json::from_str::<Record>(&text.replace("\"key\"", "\"kex\"")).is_err());
    }

    #[test]
    fn a_record_of_a_container_names_its_files_and_others_have_no_word_of_it() {
        let mut record = Record::new("a.asice", Path::new("a.asice"));
        let text = serde_json::to_string(&record).unwrap();
        assert!(!text.contains("made_of") && !text.contains("content"));
        record.made_of = Some(MadeOf::new(true, vec![StoredFile::new("a", Some(Path::new("/a").into()))]));
        record.content = Some("00".into());
        let text = serde_json::to_string(&record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    }

    #[cfg(unix)]
    #[test]
    fn a_path_that_is_no_text_comes_back() {
        use std::os::unix::ffi::OsStrExt;
        for name in [&b"plain"[..], b"\xff\xfe", "ā".as_bytes()] {
            let path = Path::new(std::ffi::OsStr::from_bytes(name));
            let text = serde_json::to_string(&StoredPath::from(path)).unwrap();
            assert_eq!(serde_json::from_str::<StoredPath>(&text).unwrap().to_path().unwrap(), path);
        }
    }
}
