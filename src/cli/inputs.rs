//! What is to be worked on: files, folders, lists and manifests as one sequence of inputs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use eseal::error::Malformed;
use eseal::{Error, ErrorCode, Limits, Result};
use serde::Deserialize;

use super::list::List;
use super::{Outcome, Stop, args};

/// One document to work on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    /// The name as it was given, for a file in a folder the folder's and the rest.
    pub(crate) given: PathBuf,
    /// What is below the folder that was given, or the file's own name: results keep it.
    pub(crate) relative: PathBuf,
    pub(crate) origin: Origin,
    /// What the manifest says about this document alone.
    pub(crate) own: Own,
}

/// Where an input's bytes are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Origin {
    Stdin,
    /// It was named itself.
    File,
    /// It was found in a folder that was named.
    Folder,
}

/// A line of a manifest, without its input.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Own {
    pub(crate) output: Option<PathBuf>,
    pub(crate) field: Option<String>,
    pub(crate) reason: Option<String>,
    pub(crate) location: Option<String>,
    pub(crate) reference: Option<String>,
}

/// What can't be an input: its name, its reference, and why.
#[derive(Debug)]
pub(crate) struct Unusable {
    pub(crate) name: String,
    pub(crate) reference: Option<String>,
    pub(crate) error: Error,
}

/// An input, or what can't be one.
pub(crate) type Item = Result<Input, Unusable>;

/// Inputs in the order in which their results are printed.
pub(crate) enum Inputs {
    /// All are known before anything begins.
    Known(Vec<Item>),
    /// They come one by one.
    Coming(Box<dyn Iterator<Item = Item> + Send>),
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ManifestLine {
    input: String,
    output: Option<String>,
    field: Option<String>,
    reason: Option<String>,
    location: Option<String>,
    #[serde(rename = "ref")]
    reference: Option<String>,
}

impl Input {
    /// The name as it is printed.
    pub(crate) fn name(&self) -> String {
        self.given.to_string_lossy().into_owned()
    }

    fn new(given: PathBuf, relative: PathBuf, origin: Origin) -> Input {
        Input { given, relative, origin, own: Own::default() }
    }
}

/// What the command line names; the folder that results go to is not searched.
pub(crate) fn read(
    inputs: &args::Inputs,
    manifest: Option<&Path>,
    out: Option<&Path>,
    limits: &Limits,
    cancel: &Arc<AtomicBool>,
) -> Outcome<Inputs> {
    let out = out.and_then(|out| fs::canonicalize(out).ok());
    if let Some(path) = manifest {
        let lines = List::open(path, b'\n', limits, cancel)?.enumerate();
        return Ok(Inputs::Coming(Box::new(lines.flat_map(move |(n, line)| manifest_line(n, line, out.as_deref())))));
    }
    if let Some(path) = &inputs.files_from {
        let delimiter = if inputs.null { 0 } else { b'\n' };
        let lines = List::open(path, delimiter, limits, cancel)?.enumerate();
        let named = lines.flat_map(move |(n, line)| match line.and_then(path_of) {
            Ok(path) => expand(&path, out.as_deref()),
            Err(error) => vec![Err(line_fault(n, error))],
        });
        return Ok(Inputs::Coming(Box::new(named)));
    }
    let stdin = inputs.inputs.iter().filter(|path| path.as_os_str() == "-").count();
    if inputs.inputs.is_empty() {
        return Err(Stop::Usage("no input; `eseal help` says what can be one".into()));
    }
    if stdin > 0 && inputs.inputs.len() > 1 {
        return Err(Stop::Usage("`-` stands alone: it is one document on standard input".into()));
    }
    if stdin > 0 {
        let input = Input::new("-".into(), "stdin.pdf".into(), Origin::Stdin);
        return Ok(Inputs::Known(vec![Ok(input)]));
    }
    Ok(Inputs::Known(inputs.inputs.iter().flat_map(|path| expand(path, out.as_deref())).collect()))
}

/// A file as itself, a folder as the PDFs below it, sorted.
fn expand(given: &Path, out: Option<&Path>) -> Vec<Item> {
    match fs::metadata(given) {
        Ok(metadata) if metadata.is_dir() => walk(given, out),
        Ok(_) => {
            let relative = PathBuf::from(given.file_name().unwrap_or(given.as_os_str()));
            vec![Ok(Input::new(given.to_owned(), relative, Origin::File))]
        }
        Err(error) => vec![Err(unusable(given, error))],
    }
}

/// The PDFs below a folder; what can't be read is in its place in the order.
fn walk(root: &Path, out: Option<&Path>) -> Vec<Item> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::new()];
    while let Some(below) = folders.pop() {
        let folder = root.join(&below);
        if out.is_some_and(|out| fs::canonicalize(&folder).is_ok_and(|folder| folder == out)) {
            continue;
        }
        let entries = match fs::read_dir(&folder) {
            Ok(entries) => entries,
            Err(error) => {
                found.push((below, Err(unusable(&folder, error))));
                continue;
            }
        };
        for entry in entries {
            let entry = match entry {
                Ok(entry) => entry,
                Err(error) => {
                    found.push((below.clone(), Err(unusable(&folder, error))));
                    break;
                }
            };
            let relative = below.join(entry.file_name());
            // A link to a folder is not followed: it may lead back.
            if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                folders.push(relative);
            } else if is_pdf_name(&relative) {
                let input = Input::new(root.join(&relative), relative.clone(), Origin::Folder);
                found.push((relative, Ok(input)));
            }
        }
    }
    found.sort_by(|(a, _), (b, _)| a.cmp(b));
    found.into_iter().map(|(_, item)| item).collect()
}

/// Whether a name ends in `.pdf`, in any letter case.
pub(crate) fn is_pdf_name(path: &Path) -> bool {
    path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("pdf"))
}

fn manifest_line(n: usize, line: Result<Vec<u8>>, out: Option<&Path>) -> Vec<Item> {
    let malformed = || Error::from(Malformed::new(ErrorCode::InputMalformed));
    let parsed = line.and_then(|line| serde_json::from_slice::<ManifestLine>(&line).map_err(|_| malformed()));
    let line = match parsed {
        Ok(line) => line,
        Err(error) => return vec![Err(line_fault(n, error))],
    };
    let own = Own {
        output: line.output.map(PathBuf::from),
        field: line.field,
        reason: line.reason,
        location: line.location,
        reference: line.reference,
    };
    let path = PathBuf::from(line.input);
    if path.is_dir() && own.output.is_some() {
        // One name for many results.
        let error = io::Error::from(io::ErrorKind::IsADirectory);
        return vec![Err(Unusable { reference: own.reference, ..unusable(&path, error) })];
    }
    let with_own = |item: Item| match item {
        Ok(input) => Ok(Input { own: own.clone(), ..input }),
        Err(fault) => Err(Unusable { reference: own.reference.clone(), ..fault }),
    };
    expand(&path, out).into_iter().map(with_own).collect()
}

fn unusable(path: &Path, error: io::Error) -> Unusable {
    Unusable { name: path.to_string_lossy().into_owned(), reference: None, error: error.into() }
}

fn line_fault(n: usize, error: Error) -> Unusable {
    Unusable { name: format!("line {}", n + 1), reference: None, error }
}

#[cfg(unix)]
fn path_of(line: Vec<u8>) -> Result<PathBuf> {
    Ok(<std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(line).into())
}

#[cfg(not(unix))]
fn path_of(line: Vec<u8>) -> Result<PathBuf> {
    let text = String::from_utf8(line).map_err(|_| Malformed::new(ErrorCode::InputMalformed))?;
    Ok(text.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(items: Vec<Item>) -> Vec<String> {
        let name = |item: Item| match item {
            Ok(input) => input.relative.to_string_lossy().into_owned(),
            Err(fault) => format!("{} {}", fault.name, fault.error.code()),
        };
        items.into_iter().map(name).collect()
    }

    #[test]
    fn a_folder_is_its_pdfs_sorted_without_the_results() {
        let dir = tempfile::tempdir().unwrap();
        for name in ["b.pdf", "a.PDF", "notes.txt", "sub/c.pdf", "out/a.pdf", "sub/.d.pdf.eseal-tmp", "B/x.pdf"] {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"").unwrap();
        }
        let out = fs::canonicalize(dir.path().join("out")).unwrap();
        assert_eq!(names(expand(dir.path(), Some(&out))), ["B/x.pdf", "a.PDF", "b.pdf", "sub/c.pdf"]);
        let named = dir.path().join("notes.txt");
        assert_eq!(names(expand(&named, None)), ["notes.txt"]);
        let missing = dir.path().join("none");
        assert_eq!(names(expand(&missing, None)), [format!("{} io.not-found", missing.display())]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_folder_is_not_followed() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a.pdf"), b"").unwrap();
        std::os::unix::fs::symlink(dir.path(), dir.path().join("loop")).unwrap();
        assert_eq!(names(expand(dir.path(), None)), ["a.pdf"]);
    }

    #[test]
    fn a_manifest_line_brings_its_own_options() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a.pdf");
        fs::write(&path, b"").unwrap();
        let line = serde_json::json!({"input": path, "reason": "because", "ref": "7"}).to_string().into_bytes();
        let items = manifest_line(0, Ok(line), None);
        let own = &items[0].as_ref().unwrap().own;
        assert_eq!((own.reason.as_deref(), own.reference.as_deref()), (Some("because"), Some("7")));
        for line in ["", "[]", r#"{"output":"x"}"#, r#"{"input":"a","resaon":"x"}"#] {
            assert_eq!(names(manifest_line(4, Ok(line.into()), None)), ["line 5 input.malformed"]);
        }
    }
}
