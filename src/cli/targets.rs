//! Where results go, worked out before anything is signed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eseal::error::{Misuse, Refusal};
use eseal::system::NewFolders;
use eseal::{Error, ErrorCode, Result};

use super::args::{Manifest, Results};
use super::confined::check_inside;
use super::inputs::{Input, Item, MadeOf, Origin};
use super::report::Report;
use super::{Exit, Outcome, Stop};

/// Where the result of one document goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    Stdout,
    /// The input itself.
    InPlace(PathBuf),
    File(PathBuf),
}

/// The rule by which results are named.
#[derive(Debug, Clone)]
pub(crate) struct Targets {
    out: Option<PathBuf>,
    in_place: bool,
    pub(crate) overwrite: bool,
    /// What is added to the name of a result that stands beside its input.
    what: &'static str,
    names: Names,
    /// Folders that were made for results so far.
    pub(crate) folders: Arc<NewFolders>,
}

/// What is known of names that do not come from the command line.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Names {
    /// They may lead anywhere.
    Trusted,
    /// They stand in the manifest in this folder.
    Manifest(PathBuf),
    /// They stand in a store.
    Store,
}

impl Targets {
    pub(crate) fn new(results: &Results) -> Targets {
        let Results { out, in_place, overwrite, .. } = results.clone();
        Targets { out, in_place, overwrite, what: "signed", names: Names::Trusted, folders: Arc::default() }
    }

    /// The same rule for results that are called otherwise.
    pub(crate) fn called(self, what: &'static str) -> Targets {
        Targets { what, ..self }
    }

    /// The same rule for a manifest, whose outputs stay in the folder of the results, or else in its own.
    pub(crate) fn of_manifest(self, args: &Manifest) -> Targets {
        let names = match &args.manifest {
            Some(_) if args.allow_outside => Names::Trusted,
            Some(path) if path.as_os_str() != "-" => Names::Manifest(path.parent().unwrap_or(Path::new("")).to_owned()),
            _ => Names::Manifest(PathBuf::new()),
        };
        Targets { names, ..self }
    }

    /// The same rule for records of a store, whose names stay in the folder of the results.
    pub(crate) fn of_store(self, allow_outside: bool) -> Targets {
        Targets { names: if allow_outside { Names::Trusted } else { Names::Store }, ..self }
    }

    /// The same rule, but what exists is no obstacle.
    pub(crate) fn replacing(&self) -> Targets {
        Targets { overwrite: true, ..self.clone() }
    }

    /// Whether the command line says where results go.
    pub(crate) fn is_told(&self) -> bool {
        self.out.is_some() || self.in_place
    }

    /// The folder of the results, if there is one.
    pub(crate) fn out(&self) -> Option<&Path> {
        self.out.as_deref()
    }

    /// The target of one input; `None` for a file of a folder, when nobody said where results go.
    pub(crate) fn of(&self, input: &Input) -> Option<Target> {
        if let Some(output) = &input.own.output {
            return Some(Target::File(self.out.as_ref().map_or_else(|| output.clone(), |out| out.join(output))));
        }
        let made_of = input.made_of.as_ref();
        match (input.origin, &self.out) {
            (Origin::Stdin, _) => Some(Target::Stdout),
            _ if self.in_place && made_of.is_none() => Some(Target::InPlace(input.given.clone())),
            (_, Some(out)) => Some(Target::File(out.join(&input.relative))),
            (Origin::File, None) => Some(Target::File(match made_of {
                None => beside(&input.given, self.what),
                Some(MadeOf { is_named: true, .. }) => input.relative.clone(),
                Some(_) => input.given.with_file_name(input.relative.file_name().unwrap_or_default()),
            })),
            (Origin::Folder, None) => None,
        }
    }

    /// As [`Targets::of`], where a folder without a place for results is wrong use.
    pub(crate) fn of_told(&self, input: &Input) -> Outcome<Target> {
        self.check_place(input).map_err(|error| Stop::Error(input.name(), error))?;
        self.of(input).ok_or_else(|| Stop::Usage("a folder as input needs --out DIR or --in-place".into()))
    }

    /// Refuses a new container in place, because its files would be gone, and a name that leads out of its folder.
    pub(crate) fn check_place(&self, input: &Input) -> Result<()> {
        if self.in_place && input.made_of.is_some() && input.own.output.is_none() {
            return Err(Misuse::new("a new container is made beside its files, not in place").into());
        }
        let here = Path::new(".");
        let out = self.out.as_deref();
        match (&self.names, &input.own.output) {
            (Names::Manifest(folder), Some(output)) => {
                let folder = Some(&**folder).filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(here);
                out.map_or_else(|| check_inside(folder, output), |out| check_inside(out, &out.join(output)))
            }
            (Names::Store, _) if !self.in_place => {
                let out = out.unwrap_or(here);
                check_inside(out, &out.join(&input.relative))
            }
            _ => Ok(()),
        }
    }

    /// Whether the target may be written: `io.target-exists` when it is there and nobody said to replace it.
    pub(crate) fn check(&self, target: &Target) -> Result<()> {
        match target {
            Target::File(path) if !self.overwrite && path.symlink_metadata().is_ok() => Err(exists()),
            _ => Ok(()),
        }
    }

    /// Reports each collision and each existing target; with one of them nothing is to be done.
    pub(crate) fn check_all(
        &self,
        items: &[Item],
        skip: impl Fn(&Input, &Target) -> bool,
        report: &mut Report,
    ) -> Outcome<()> {
        let mut folders = Folders::default();
        let read: BTreeMap<PathBuf, &Input> = inputs_by_path(items, &mut folders);
        let mut taken: BTreeSet<PathBuf> = BTreeSet::new();
        let mut bad = false;
        for input in items.iter().flatten() {
            let target = self.of_told(input)?;
            if skip(input, &target) {
                continue;
            }
            let (Target::File(path) | Target::InPlace(path)) = &target else { continue };
            // A result in place of a file that is still to be read for another one.
            let is_read = matches!(target, Target::File(_)) && {
                let reader = folders.absolute(path).and_then(|path| read.get(&path).copied());
                reader.is_some_and(|reader| !std::ptr::eq(reader, input) || input.made_of.is_some())
            };
            let fault = match is_read || !taken.insert(path.clone()) {
                true => Err(collision()),
                false => self.check(&target),
            };
            if let Err(error) = fault {
                report.failure(&input.name(), input.own.reference.as_deref(), &error, None)?;
                bad = true;
            }
        }
        report.flush()?;
        if bad { Err(Stop::Said(Exit::Usage)) } else { Ok(()) }
    }
}

impl Target {
    /// The file, if it is one.
    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Target::Stdout => None,
            Target::InPlace(path) | Target::File(path) => Some(path),
        }
    }

    /// The path as it is printed.
    pub(crate) fn name(&self) -> String {
        match self {
            Target::Stdout => "-".into(),
            Target::InPlace(path) | Target::File(path) => path.to_string_lossy().into_owned(),
        }
    }
}

/// `io.collision`: two inputs lead to one target.
pub(crate) fn collision() -> Error {
    Refusal::new(ErrorCode::IoCollision).into()
}

/// `io.target-exists`.
fn exists() -> Error {
    io::Error::from(io::ErrorKind::AlreadyExists).into()
}

/// Each file that is read, and the first input that it is read for.
fn inputs_by_path<'a>(items: &'a [Item], folders: &mut Folders) -> BTreeMap<PathBuf, &'a Input> {
    let mut read = BTreeMap::new();
    for input in items.iter().flatten().filter(|input| input.origin != Origin::Stdin) {
        let parts = input.made_of.iter().flat_map(|made_of| &made_of.parts).filter_map(|part| part.path.as_ref());
        let own = input.made_of.is_none().then_some(&input.given);
        for path in parts.chain(own).filter_map(|path| folders.absolute(path)) {
            read.entry(path).or_insert(input);
        }
    }
    read
}

/// Where folders really are; each is asked for once.
#[derive(Debug, Default)]
pub(crate) struct Folders(BTreeMap<PathBuf, Option<PathBuf>>);

impl Folders {
    /// The path without links on its way, as far as it exists.
    pub(crate) fn absolute(&mut self, path: &Path) -> Option<PathBuf> {
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name()?;
        if let Some(known) = self.0.get(folder) {
            return known.as_ref().map(|folder| folder.join(name));
        }
        let found = fs::canonicalize(folder).or_else(|_| std::path::absolute(folder)).ok();
        self.0.entry(folder.to_owned()).or_insert(found).as_ref().map(|folder| folder.join(name))
    }
}

/// `contract.pdf` → `contract-signed.pdf`.
pub(crate) fn beside(path: &Path, what: &str) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_os_string();
    name.push(format!("-{what}"));
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::inputs::{Own, Part};

    fn input(given: &str, relative: &str, origin: Origin) -> Input {
        let (given, relative) = (given.into(), relative.into());
        Input { given, relative, origin, inside: None, expected: None, made_of: None, own: Own::default() }
    }

    fn container(given: &str, relative: &str, origin: Origin) -> Input {
        let parts = vec![Part { name: "a".into(), path: Some(given.into()), inside: None }];
        Input { made_of: Some(MadeOf { parts, is_named: false }), ..input(given, relative, origin) }
    }

    #[test]
    fn results_keep_the_shape_of_a_folder() {
        let mut targets = Targets {
            out: Some("out".into()),
            in_place: false,
            overwrite: false,
            what: "signed",
            names: Names::Trusted,
            folders: Arc::default(),
        };
        let (file, folder) = (input("x/a.PDF", "a.PDF", Origin::File), input("d/s/b.pdf", "s/b.pdf", Origin::Folder));
        assert_eq!(targets.of(&file), Some(Target::File("out/a.PDF".into())));
        assert_eq!(targets.of(&folder), Some(Target::File("out/s/b.pdf".into())));
        targets.out = None;
        assert_eq!(targets.of(&file), Some(Target::File("x/a-signed.PDF".into())));
        assert_eq!(targets.of(&folder), None);
        targets.in_place = true;
        assert_eq!(targets.of(&folder), Some(Target::InPlace("d/s/b.pdf".into())));
        assert_eq!(targets.of(&input("-", "stdin.pdf", Origin::Stdin)), Some(Target::Stdout));
    }

    #[test]
    fn a_new_container_is_named_after_its_file_or_as_it_was_named() {
        let mut targets = Targets {
            out: None,
            in_place: false,
            overwrite: false,
            what: "signed",
            names: Names::Trusted,
            folders: Arc::default(),
        };
        let file = container("x/a.txt", "a.txt.asice", Origin::File);
        let folder = container("d/s/b.txt", "s/b.txt.edoc", Origin::Folder);
        let mut named = container("x/all.asice", "x/all.asice", Origin::File);
        named.made_of.as_mut().unwrap().is_named = true;
        assert_eq!(targets.of(&file), Some(Target::File("x/a.txt.asice".into())));
        assert_eq!(targets.of(&folder), None);
        assert_eq!(targets.of(&named), Some(Target::File("x/all.asice".into())));
        targets.out = Some("out".into());
        assert_eq!(targets.of(&folder), Some(Target::File("out/s/b.txt.edoc".into())));
        assert_eq!(targets.of(&named), Some(Target::File("out/x/all.asice".into())));
        targets.in_place = true;
        assert_eq!(targets.check_place(&file).unwrap_err().code(), ErrorCode::Misuse);
        assert!(targets.check_place(&input("x/a.asice", "a.asice", Origin::File)).is_ok());
    }

    #[test]
    fn a_manifest_names_its_output() {
        let targets = Targets {
            out: Some("out".into()),
            in_place: false,
            overwrite: false,
            what: "signed",
            names: Names::Trusted,
            folders: Arc::default(),
        };
        let mut named = input("x/a.pdf", "a.pdf", Origin::File);
        named.own.output = Some("y/b.pdf".into());
        assert_eq!(targets.of(&named), Some(Target::File("out/y/b.pdf".into())));
    }
}
