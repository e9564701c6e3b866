//! Where results go, worked out before anything is signed.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};

use eseal::error::Refusal;
use eseal::{Error, ErrorCode, Result};

use super::inputs::{Input, Item, Origin};
use super::report::Report;
use super::{Exit, Outcome, Stop, args};

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
}

impl Targets {
    pub(crate) fn new(results: &args::Results) -> Targets {
        Targets { out: results.out.clone(), in_place: results.in_place, overwrite: results.overwrite }
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
        match (input.origin, &self.out) {
            (Origin::Stdin, _) => Some(Target::Stdout),
            _ if self.in_place => Some(Target::InPlace(input.given.clone())),
            (_, Some(out)) => Some(Target::File(out.join(&input.relative))),
            (Origin::File, None) => Some(Target::File(beside(&input.given))),
            (Origin::Folder, None) => None,
        }
    }

    /// As [`Targets::of`], where a folder without a place for results is wrong use.
    pub(crate) fn of_told(&self, input: &Input) -> Outcome<Target> {
        self.of(input).ok_or_else(|| Stop::Usage("a folder as input needs --out DIR or --in-place".into()))
    }

    /// Whether the target may be written: `io.target-exists` when it is there and nobody said to replace it.
    pub(crate) fn check(&self, target: &Target) -> Result<()> {
        match target {
            Target::File(path) if !self.overwrite && path.symlink_metadata().is_ok() => Err(exists()),
            _ => Ok(()),
        }
    }

    /// Reports each collision and each existing target; with one of them nothing is to be done.
    pub(crate) fn check_all(&self, items: &[Item], skip: impl Fn(&Input) -> bool, report: &mut Report) -> Outcome<()> {
        let mut taken: BTreeMap<PathBuf, ()> = BTreeMap::new();
        let mut bad = false;
        for input in items.iter().flatten().filter(|input| !skip(input)) {
            let target = self.of_told(input)?;
            let (Target::File(path) | Target::InPlace(path)) = &target else { continue };
            let fault = match taken.insert(path.clone(), ()) {
                Some(()) => Err(collision()),
                None => self.check(&target),
            };
            if let Err(error) = fault {
                report.failure(&input.name(), input.own.reference.as_deref(), &error)?;
                bad = true;
            }
        }
        report.flush()?;
        if bad { Err(Stop::Said(Exit::Usage)) } else { Ok(()) }
    }
}

impl Target {
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

/// `contract.pdf` → `contract-signed.pdf`.
pub(crate) fn beside(path: &Path) -> PathBuf {
    let mut name = path.file_stem().unwrap_or_default().to_os_string();
    name.push("-signed");
    if let Some(extension) = path.extension() {
        name.push(".");
        name.push(extension);
    }
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::inputs::Own;

    fn input(given: &str, relative: &str, origin: Origin) -> Input {
        Input { given: given.into(), relative: relative.into(), origin, own: Own::default() }
    }

    #[test]
    fn results_keep_the_shape_of_a_folder() {
        let mut targets = Targets { out: Some("out".into()), in_place: false, overwrite: false };
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
    fn a_manifest_names_its_output() {
        let targets = Targets { out: Some("out".into()), in_place: false, overwrite: false };
        let mut named = input("x/a.pdf", "a.pdf", Origin::File);
        named.own.output = Some("y/b.pdf".into());
        assert_eq!(targets.of(&named), Some(Target::File("out/y/b.pdf".into())));
    }
}
