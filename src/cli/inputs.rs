//! What is to be worked on: files, folders, lists and manifests as one sequence of inputs.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use eseal::error::Refusal;
use eseal::json::read_line;
use eseal::system::{Below, open_file};
use eseal::{Error, ErrorCode, Format, Limits, Result};
use serde::Deserialize;

use super::containers::{Containers, Fate, entry_name, format_of, stdin_part, told_by};
use super::list::List;
use super::{Outcome, Stop, args};

mod passed_over;
mod select;
mod walk;

pub(crate) use passed_over::{PassedOver, Tally};
pub(crate) use select::{Came, check_out};
pub(crate) use walk::Walk;

/// One document to work on, or files that become one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Input {
    /// The name as it was given, for a file in a folder the folder's and the rest.
    pub(crate) given: PathBuf,
    /// The name that its result keeps: for a file in a folder what is below that, with the container's ending where
    /// one is made of it.
    pub(crate) relative: PathBuf,
    pub(crate) origin: Origin,
    /// Where it is in the folder that was named, which is not left when it is opened.
    pub(crate) inside: Option<Below>,
    /// What its bytes must be, as far as its name says.
    pub(crate) expected: Option<Format>,
    /// The files of a new container.
    pub(crate) made_of: Option<MadeOf>,
    /// What the manifest says about this document alone.
    pub(crate) own: Own,
}

/// The files of a new container that have content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct MadeOf {
    pub(crate) parts: Vec<Part>,
    /// Whether the container was named itself, with `--into`.
    pub(crate) is_named: bool,
}

/// A file that goes into a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its name there.
    pub(crate) name: String,
    /// None for standard input.
    pub(crate) path: Option<PathBuf>,
    /// Where it is in the folder that was named, which is not left when it is opened.
    pub(crate) inside: Option<Below>,
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
    pub(crate) error: Box<Error>,
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

/// A file that was named, or found in a folder.
#[derive(Debug)]
pub(crate) struct Found {
    given: PathBuf,
    relative: PathBuf,
    origin: Origin,
    inside: Option<Below>,
    /// What its first bytes say that it is, where the search has looked.
    told: Option<Format>,
}

/// How files become inputs.
#[derive(Clone, Default)]
struct Rule {
    walk: Walk,
    /// None where nothing is signed, only looked at.
    containers: Option<Arc<Containers>>,
    /// The folder whose shape results keep, without links.
    base: Option<PathBuf>,
    /// The folder of the results, without links.
    out: Option<PathBuf>,
}

impl Input {
    /// The name as it is printed.
    pub(crate) fn name(&self) -> String {
        self.given.to_string_lossy().into_owned()
    }

    /// The names of the data files of a container that was named itself.
    pub(crate) fn packed(&self) -> Option<&[Part]> {
        self.made_of.as_ref().filter(|made_of| made_of.is_named).map(|made_of| &*made_of.parts)
    }

    fn stdin() -> Input {
        let (given, relative) = ("-".into(), "stdin.pdf".into());
        Input {
            given,
            relative,
            origin: Origin::Stdin,
            inside: None,
            expected: None,
            made_of: None,
            own: Own::default(),
        }
    }

    /// One container of all these.
    fn container(into: &Path, parts: Vec<Part>) -> Input {
        Input {
            given: into.to_owned(),
            relative: into.to_owned(),
            origin: Origin::File,
            inside: None,
            expected: None,
            made_of: Some(MadeOf { parts, is_named: true }),
            own: Own::default(),
        }
    }
}

/// What the command line names; where `walk` leads past is not searched. Without `containers` nothing becomes one.
pub(crate) fn read(
    inputs: &args::Inputs,
    manifest: Option<&Path>,
    walk: Walk,
    containers: Option<&Arc<Containers>>,
    limits: &Limits,
    cancel: &Arc<AtomicBool>,
) -> Outcome<Inputs> {
    let base = inputs.base.as_deref().map(|base| {
        let is_folder = fs::canonicalize(base).and_then(|base| fs::read_dir(&base).map(|_| base));
        is_folder.map_err(|error| Stop::Error(base.display().to_string(), error.into()))
    });
    let out = walk.out().and_then(|out| fs::canonicalize(out).ok());
    let rule = Rule { walk, containers: containers.cloned(), base: base.transpose()?, out };
    if let Some(path) = manifest {
        let lines = List::open(path, b'\n', limits, cancel)?;
        return Ok(Inputs::Coming(Box::new(lines.flat_map(move |(n, line)| rule.manifest_line(n, line)))));
    }
    if let Some(into) = containers.and_then(|containers| containers.named()) {
        let by_digest = containers.is_some_and(|containers| containers.has_digests());
        return packed(inputs, into, by_digest, &rule, limits, cancel).map(Inputs::Known);
    }
    if inputs.files_from.is_some() {
        let found = listed(inputs, &rule, limits, cancel)?;
        return Ok(Inputs::Coming(Box::new(found.map(move |found| rule.input(found?)))));
    }
    if is_stdin(inputs, false)? {
        return Ok(Inputs::Known(vec![Ok(Input::stdin())]));
    }
    let found = inputs.inputs.iter().flat_map(|path| rule.expand(path));
    Ok(Inputs::Known(found.map(|found| rule.input(found?)).collect()))
}

/// All inputs as the one container `into`, or what is wrong with them.
fn packed(
    inputs: &args::Inputs,
    into: &Path,
    by_digest: bool,
    rule: &Rule,
    limits: &Limits,
    cancel: &Arc<AtomicBool>,
) -> Outcome<Vec<Item>> {
    let found: Vec<_> = if inputs.files_from.is_some() {
        listed(inputs, rule, limits, cancel)?.collect()
    } else if is_stdin(inputs, by_digest)? {
        let part = stdin_part(into).map_err(Stop::about("--into"))?;
        return Ok(vec![Ok(Input::container(into, vec![part]))]);
    } else {
        inputs.inputs.iter().flat_map(|path| rule.expand(path)).collect()
    };
    let (mut parts, mut faults) = (Vec::new(), Vec::new());
    for found in found {
        match found.and_then(Part::try_from) {
            Ok(part) => parts.push(part),
            Err(fault) => faults.push(Err(fault)),
        }
    }
    // A container without one of its files is none.
    Ok(if faults.is_empty() { vec![Ok(Input::container(into, parts))] } else { faults })
}

/// Whether the one input is standard input; wrong use where it is one of several, or where there is none at all.
fn is_stdin(inputs: &args::Inputs, may_be_empty: bool) -> Outcome<bool> {
    let stdin = inputs.inputs.iter().any(|path| path.as_os_str() == "-");
    match inputs.inputs.len() {
        0 if !may_be_empty => Err(Stop::Usage("no input; `eseal help` says what can be one".into())),
        0 | 1 => Ok(stdin),
        _ if stdin => Err(Stop::Usage("`-` stands alone: it is one document on standard input".into())),
        _ => Ok(false),
    }
}

type Names = Box<dyn Iterator<Item = Result<Found, Unusable>> + Send>;

/// The files that a list names, as it comes.
fn listed(inputs: &args::Inputs, rule: &Rule, limits: &Limits, cancel: &Arc<AtomicBool>) -> Outcome<Names> {
    let path = inputs.files_from.as_deref().unwrap_or(Path::new("-"));
    let delimiter = if inputs.null { 0 } else { b'\n' };
    let lines = List::open(path, delimiter, limits, cancel)?;
    let rule = rule.clone();
    Ok(Box::new(lines.flat_map(move |(n, line)| match line.and_then(path_of) {
        Ok(path) => rule.expand(&path),
        Err(error) => vec![Err(line_fault(n, error))],
    })))
}

impl Rule {
    /// A file as itself, a folder as what is below it.
    fn expand(&self, given: &Path) -> Vec<Result<Found, Unusable>> {
        match fs::metadata(given) {
            // It is not searched: there would be results, and nothing else.
            Ok(metadata) if metadata.is_dir() && self.is_out(given) => {
                vec![Err(fault(given, Refusal::new(ErrorCode::IoCollision).into()))]
            }
            Ok(metadata) if metadata.is_dir() => {
                self.walk.below(given).into_iter().map(|found| self.based(found?)).collect()
            }
            Ok(_) => vec![self.based(Found::file(given))],
            Err(error) => vec![Err(unusable(given, error))],
        }
    }

    fn is_out(&self, folder: &Path) -> bool {
        self.out.as_ref().is_some_and(|out| fs::canonicalize(folder).is_ok_and(|folder| folder == *out))
    }

    /// With its name below the base, where there is one.
    fn based(&self, found: Found) -> Result<Found, Unusable> {
        let Some(base) = &self.base else { return Ok(found) };
        let folder = found.given.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let folder = fs::canonicalize(folder).map_err(|error| unusable(&found.given, error))?;
        let name = found.given.file_name().unwrap_or_default();
        match folder.strip_prefix(base) {
            Ok(below) => Ok(Found { relative: below.join(name), ..found }),
            Err(_) => Err(fault(&found.given, Refusal::new(ErrorCode::IoOutside).detail(NOT_BELOW).into())),
        }
    }

    /// A file as a document, or as the only file of a new container.
    fn input(&self, found: Found) -> Item {
        let fate = match &self.containers {
            Some(containers) => containers.fate(&found.given, || found.told()),
            None => Fate::Document(format_of(&found.given)),
        };
        let Found { given, mut relative, origin, inside, .. } = found;
        let (mut expected, mut made_of) = (None, None);
        match fate {
            Fate::Document(format) => expected = format,
            Fate::Wrapped(ending) => {
                let own_name = Path::new(given.file_name().unwrap_or_default());
                let name = entry_name(own_name).map_err(|error| fault(&given, error))?;
                let part = Part { name, path: Some(given.clone()), inside: inside.clone() };
                made_of = Some(MadeOf { parts: vec![part], is_named: false });
                relative.as_mut_os_string().push(format!(".{ending}"));
            }
        }
        Ok(Input { given, relative, origin, inside, expected, made_of, own: Own::default() })
    }

    fn manifest_line(&self, n: usize, line: Result<Vec<u8>>) -> Vec<Item> {
        let parsed = line.and_then(|line| Ok(read_line::<ManifestLine>(&line, ErrorCode::InputMalformed)?));
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
        self.expand(&path).into_iter().map(|found| with_own(found.and_then(|found| self.input(found)))).collect()
    }
}

impl Found {
    fn file(given: &Path) -> Found {
        let relative = PathBuf::from(given.file_name().unwrap_or(given.as_os_str()));
        Found { given: given.to_owned(), relative, origin: Origin::File, inside: None, told: None }
    }

    /// What its first bytes say that it is.
    fn told(&self) -> Option<Format> {
        let open = || self.inside.as_ref().map_or_else(|| open_file(&self.given), Below::open_file);
        self.told.or_else(|| told_by(open()))
    }
}

impl TryFrom<Found> for Part {
    type Error = Unusable;

    fn try_from(found: Found) -> Result<Part, Unusable> {
        match entry_name(&found.relative) {
            Ok(name) => Ok(Part { name, path: Some(found.given), inside: found.inside }),
            Err(error) => Err(fault(&found.given, error)),
        }
    }
}

/// Files and folders as parts of a container, in which folders are left out.
pub(crate) fn parts_of(path: &Path, walk: &Walk) -> Result<Vec<Part>> {
    let rule = Rule { walk: walk.clone(), ..Rule::default() };
    rule.expand(path).into_iter().map(|found| found.and_then(Part::try_from).map_err(|fault| *fault.error)).collect()
}

fn unusable(path: &Path, error: io::Error) -> Unusable {
    fault(path, error.into())
}

fn fault(path: &Path, error: Error) -> Unusable {
    Unusable { name: path.to_string_lossy().into_owned(), reference: None, error: error.into() }
}

fn line_fault(n: usize, error: Error) -> Unusable {
    Unusable { name: format!("line {n}"), reference: None, error: error.into() }
}

#[cfg(unix)]
fn path_of(line: Vec<u8>) -> Result<PathBuf> {
    Ok(<std::ffi::OsString as std::os::unix::ffi::OsStringExt>::from_vec(line).into())
}

#[cfg(not(unix))]
fn path_of(line: Vec<u8>) -> Result<PathBuf> {
    let text = String::from_utf8(line).map_err(|_| eseal::error::Malformed::new(ErrorCode::InputMalformed))?;
    Ok(text.into())
}

const NOT_BELOW: &str = "it is not below --base";

#[cfg(test)]
mod tests;
