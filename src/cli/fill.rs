//! `eseal fill`: the files come after the signature, into a container that was signed by their digests.

use std::path::{Path, PathBuf};

use eseal::system::Existing;
use eseal::{Compress, DataFile, Format, Limits, Recovery, Result, Time};

use super::args::Fill;
use super::changing::Changing;
use super::config::{self, Common};
use super::containers::Containers;
use super::documents::{Opened, need_of_files};
use super::inputs::{Part, Walk, parts_of};
use super::report::{Report, now, printable, size};
use super::run::{Line, Ready, Run, Task};
use super::signing::{compress, moment};
use super::targets::{Target, Targets, beside};
use super::waiting::Stdin;
use super::{Outcome, Stop, lines};

/// `eseal fill`.
pub(crate) fn run(args: &Fill, common: &Common) -> Outcome {
    let mut run = Run::new(config::Run { sync: !args.no_sync, ..config::Run::plain() });
    let targets = Targets::new(&args.results);
    let target = target(&args.container, &targets);
    let own = target.path().into_iter().chain([&*args.container]);
    let walk = Walk::new(true, common, &run.passed_over).without(own).following(args.follow_links);
    let mut parts = Vec::new();
    for given in &args.files {
        parts.extend(named_parts(given, &walk).map_err(Stop::about(given.display().to_string()))?);
    }
    let name = args.container.to_string_lossy().into_owned();
    let output = target.name();
    targets.check(&target).map_err(Stop::about(&*output))?;
    let filling = Filling {
        changing: Changing::new(&args.results, &run.cancel)?,
        container: args.container.clone(),
        target,
        output,
        overwrite: targets.overwrite,
        compress: compress(args.compress.as_deref())?,
        modified: moment(&args.moment)?.time(),
        limits: common.limits.clone(),
    };
    run.catch_interrupts(common)?;
    let task = Task { name, reference: None, need: need_of_files(&parts), input: parts };
    run.over(std::iter::once(task), |parts| filling.work(&parts), &mut Report::new(common))
}

struct Filling {
    container: PathBuf,
    target: Target,
    changing: Changing,
    /// Its name as it is printed.
    output: String,
    overwrite: bool,
    compress: Compress,
    modified: Time,
    limits: Limits,
}

impl Filling {
    fn work(&self, parts: &[Part]) -> Result<Ready> {
        let started = now();
        let mut ready = Ready::default();
        let format = Some(Format::Asice);
        let opened = match &self.target {
            Target::InPlace(path) => {
                let held = self.changing.hold(path, started)?;
                Opened::held(held, path, None, format, &self.changing, &mut ready)?
            }
            _ => Opened::path(&self.container, format, &mut ready)?,
        };
        let document = opened.document(&Containers::default(), Recovery::Refuse, &self.limits)?;
        let files: Vec<DataFile> = Opened::files(parts, &Stdin::default(), &mut ready)?.data_files();
        let output = document.fill(&files, self.compress, self.modified)?;
        let existing = if self.overwrite { Existing::Replace } else { Existing::Keep };
        opened.place(&output, &self.target, existing, &mut ready)?;
        let line = lines::Filled {
            input: self.container.to_string_lossy().into_owned(),
            files: parts.iter().map(|part| part.name.clone()).collect(),
            output: self.output.clone(),
            bytes: ready.bytes_out,
            seconds: started.elapsed().as_secs_f64(),
            ..lines::Filled::default()
        };
        let (input, output) = (printable(&line.input), printable(&line.output));
        let text = format!("{input}  filled  {output}  {}", size(line.bytes));
        ready.line = Line { json: lines::json(&line)?, text, ..Line::default() };
        Ok(ready)
    }
}

/// Where the full container goes.
fn target(container: &Path, targets: &Targets) -> Target {
    let name = Path::new(container.file_name().unwrap_or_default());
    match targets.out() {
        Some(out) => Target::File(out.join(name)),
        None if targets.is_told() => Target::InPlace(container.to_owned()),
        None => Target::File(beside(container, "filled")),
    }
}

/// `FILE`, `FOLDER` or `NAME=FILE`: what exists as it stands is no `NAME=`.
fn named_parts(given: &Path, walk: &Walk) -> Result<Vec<Part>> {
    let text = given.to_str().filter(|_| given.symlink_metadata().is_err());
    let splits = text.into_iter().flat_map(|text| {
        text.match_indices('=').filter_map(move |(at, _)| Some((text.get(..at)?, Path::new(text.get(at + 1..)?))))
    });
    // Both may hold `=`: the file is the one that exists.
    match splits.filter(|(name, _)| !name.is_empty()).find(|(_, file)| file.is_file()) {
        Some((name, file)) => Ok(vec![Part { name: name.to_owned(), path: Some(file.to_owned()), inside: None }]),
        None => parts_of(given, walk),
    }
}
