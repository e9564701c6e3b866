//! What an earlier run has done, what became of it since, and the lines of the journal about what this one does.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use eseal::batch::{Done, Journal, Made, Trace};
use eseal::error::Refusal;
use eseal::store::StoredPath;
use eseal::system::{FileIdentity, RunLock};
use eseal::{Digest, DigestAlgorithm, Error, ErrorCode, Result, State};

use super::containers::Containers;
use super::documents::Opened;
use super::inputs::{Input, Origin};
use super::report::{Report, printable};
use super::run::{Line, Ready};
use super::targets::{Folders, Target, Targets};
use super::waiting::Stdin;
use super::{Exit, Outcome, Stop, args, lines};

/// What the journal knows, and what was said about doing things again.
#[derive(Default)]
pub(crate) struct Past {
    /// Whether a journal is kept at all.
    is_kept: bool,
    overwrite: bool,
    redo_missing: bool,
    entries: Vec<Entry>,
    by_document: BTreeMap<PathBuf, Vec<usize>>,
    folders: Mutex<Folders>,
}

/// A line of the journal, with its paths as they are on this machine.
struct Entry {
    done: Done,
    result: PathBuf,
    is_in_place: bool,
}

/// What is known of an input before it is opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Before {
    /// Nothing.
    Unknown,
    Done,
    /// It is done, and its result, which was there, is gone.
    Gone(String),
    /// Its source is another one now.
    Changed,
    /// By a journal of version 1 it is done, but its source is newer than the result.
    Newer,
    /// It is done, and its result took its place: the document itself has to say so.
    InPlace,
}

impl Past {
    /// What stands in the journal that is taken up; nothing without one. Only a journal that is kept gets lines.
    pub(crate) fn new(args: &args::Resume, targets: &Targets, journal: Option<&Journal>, is_kept: bool) -> Past {
        let entries = journal.filter(|_| args.resume).map(Journal::entries).unwrap_or_default();
        Past::of_entries(args, targets, entries, is_kept)
    }

    /// The same for a run that writes nothing.
    pub(crate) fn looked_at(args: &args::Resume, targets: &Targets, journal: Option<&Path>) -> Outcome<Past> {
        let path = journal.filter(|path| args.resume && path.symlink_metadata().is_ok());
        let entries = path.map(|path| Journal::read(path).map_err(Stop::about(path.display().to_string())));
        Ok(Past::of_entries(args, targets, &entries.transpose()?.unwrap_or_default(), false))
    }

    fn of_entries(args: &args::Resume, targets: &Targets, entries: &[Done], is_kept: bool) -> Past {
        let mut past =
            Past { is_kept, overwrite: targets.overwrite, redo_missing: args.redo_missing, ..Past::default() };
        entries.iter().for_each(|done| past.add(done.clone()));
        past
    }

    fn add(&mut self, done: Done) {
        let stored = |path: &StoredPath| path.to_path();
        let paths = match &done.made {
            Some(made) => stored(&made.document).zip(stored(&made.result)),
            None => self.document(Path::new(&done.input)).zip(self.absolute(Path::new(&done.output))),
        };
        // A path of another system is none of a document here.
        let Some((document, result)) = paths else { return };
        self.by_document.entry(document.clone()).or_default().push(self.entries.len());
        self.entries.push(Entry { is_in_place: document == result, done, result });
    }

    /// Whether the journal knows this input.
    pub(crate) fn knows(&self, input: &Input, target: &Target) -> bool {
        self.find(input, target, None).is_some()
    }

    /// What is known of `input`; with `id`, only of its result under that id.
    ///
    /// Where the file system can't tell whether the source is what it was, it is read.
    pub(crate) fn of(
        &self,
        input: &Input,
        target: &Target,
        id: Option<&str>,
        containers: &Containers,
    ) -> Result<Before> {
        let Some(entry) = self.find(input, target, id) else { return Ok(Before::Unknown) };
        let is_there = || is_file(&entry.result) || matches!(target, Target::File(path) if is_file(path));
        let Some(made) = &entry.done.made else {
            return Ok(match (is_there(), newest(input).zip(entry.modified(target))) {
                (true, Some((source, result))) if source <= result => Before::Done,
                (true, Some(_)) => Before::Newer,
                _ => Before::Unknown,
            });
        };
        if entry.is_in_place {
            return Ok(Before::InPlace);
        }
        match &made.source {
            Some(trace) => match changed(input, trace, containers)? {
                None => Ok(Before::Unknown),
                Some(true) => Ok(Before::Changed),
                Some(false) if is_there() => Ok(Before::Done),
                Some(false) => Ok(Before::Gone(entry.done.output.clone())),
            },
            None if is_there() => Ok(Before::Done),
            None => Ok(Before::Gone(entry.done.output.clone())),
        }
    }

    /// What is printed of an input that is left alone because of what is known; `None` where it is to be done.
    pub(crate) fn settle(&self, before: &Before, input: &str, reference: Option<&str>) -> Result<Option<Line>> {
        match before {
            Before::Done => left_out(input, reference, DONE_BEFORE, None).map(Some),
            Before::Gone(output) if !self.redo_missing => left_out(input, reference, GONE, Some(output)).map(Some),
            Before::Changed if !self.overwrite => Err(resume_changed()),
            _ => Ok(None),
        }
    }

    /// What is to be said of a target that exists, or of a document that was to be signed in place and is another one.
    pub(crate) fn obstacle(&self, before: &Before, error: Error) -> Error {
        if *before == Before::Newer { resume_changed() } else { error }
    }

    /// The journal's line about what was made from `opened`, which was opened after `since`.
    ///
    /// `known` is the source's digest where it is one file whose digest is known.
    pub(crate) fn entry(
        &self,
        input: &Input,
        target: &Target,
        opened: &Opened,
        containers: &Containers,
        since: SystemTime,
        known: Option<Digest>,
    ) -> Result<Option<Done>> {
        let (Target::File(path) | Target::InPlace(path)) = target else { return Ok(None) };
        let paths = self.document(&input.given).zip(self.absolute(path));
        let Some((document, result)) = paths.filter(|_| self.is_kept) else { return Ok(None) };
        let trace = match target {
            Target::InPlace(_) => None,
            _ => opened.trace(&told(containers), since, known)?,
        };
        let result = if matches!(target, Target::InPlace(_)) { document.clone() } else { result };
        Ok(Some(Done::new(input.name(), target.name(), None).made(Made::new(&document, &result, trace))))
    }

    fn find(&self, input: &Input, target: &Target, id: Option<&str>) -> Option<&Entry> {
        if input.origin == Origin::Stdin || self.entries.is_empty() {
            return None;
        }
        let known = self.by_document.get(&self.document(&input.given)?)?;
        let known = || known.iter().rev().filter_map(|at| self.entries.get(*at));
        let mut known = known().filter(|entry| id.is_none() || entry.done.id.as_deref() == id);
        let all: Vec<&Entry> = known.by_ref().collect();
        let result = match target {
            Target::File(path) => self.absolute(path),
            Target::InPlace(_) => all.iter().find(|entry| entry.is_in_place).map(|entry| entry.result.clone()),
            Target::Stdout => None,
        };
        let same = all.iter().find(|entry| result.as_ref() == Some(&entry.result));
        // Results may go elsewhere by now. Two names of one file are two documents, and so is what names its own result.
        let name = |path: &Path| path.file_name().map(ToOwned::to_owned);
        let other = || {
            let is_other = input.own.output.is_none() && matches!(target, Target::File(_));
            let named = |entry: &&&Entry| name(Path::new(&entry.done.input)) == name(&input.given);
            if is_other { all.iter().filter(|entry| !entry.is_in_place).find(named) } else { None }
        };
        same.or_else(other).copied()
    }

    /// Where a document really is: without links.
    fn document(&self, given: &Path) -> Option<PathBuf> {
        if given.is_symlink()
            && let Ok(path) = fs::canonicalize(given)
        {
            return Some(path);
        }
        self.absolute(given)
    }

    fn absolute(&self, path: &Path) -> Option<PathBuf> {
        self.folders.lock().unwrap_or_else(PoisonError::into_inner).absolute(path)
    }
}

impl Entry {
    fn modified(&self, target: &Target) -> Option<SystemTime> {
        let of = |path: &Path| path.metadata().and_then(|metadata| metadata.modified()).ok();
        let targets = if let Target::File(path) = target { of(path) } else { None };
        of(&self.result).or(targets)
    }
}

/// When the files of an input were written to last.
fn newest(input: &Input) -> Option<SystemTime> {
    let times: Option<Vec<_>> = files(input).map(|path| path.metadata().ok()?.modified().ok()).collect();
    times?.into_iter().max()
}

/// The files of an input that have a name.
fn files(input: &Input) -> Box<dyn Iterator<Item = &Path> + '_> {
    match &input.made_of {
        None => Box::new(std::iter::once(&*input.given)),
        Some(made_of) => Box::new(made_of.parts.iter().filter_map(|part| part.path.as_deref())),
    }
}

/// Whether the source is another one than `trace` tells of; `None` where it is not there.
fn changed(input: &Input, trace: &Trace, containers: &Containers) -> Result<Option<bool>> {
    let mut seen = Vec::new();
    for path in files(input) {
        match path.metadata() {
            Ok(metadata) => seen.push(FileIdentity::of(&metadata)),
            Err(_) => return Ok(None),
        }
    }
    let names = input.made_of.iter().flat_map(|made_of| &made_of.parts).map(|part| &*part.name);
    let told = told(containers);
    if trace.settled && trace.stat == stat(names, &seen, &told) {
        return Ok(Some(false));
    }
    if (trace.files, trace.bytes) != count(&seen) {
        return Ok(Some(true));
    }
    // Touched, copied back, written to with the old time restored, or too young to tell: the bytes decide.
    let opened = Opened::input(input, &Stdin::default(), &mut Ready::default())?;
    Ok(Some(opened.content(&told, None)? != trace.sha256))
}

/// How many files, and how many bytes they have.
pub(crate) fn count(seen: &[FileIdentity]) -> (u64, u64) {
    let files = u64::try_from(seen.len()).unwrap_or(u64::MAX);
    (files, seen.iter().fold(0, |bytes, file| bytes.saturating_add(file.len())))
}

/// Digest over all that tells files from themselves after somebody wrote to them, without reading them.
pub(crate) fn stat<'a>(names: impl Iterator<Item = &'a str>, seen: &[FileIdentity], told: &'a [u8]) -> String {
    let mut state = State::new(DigestAlgorithm::Sha256);
    for part in names.map(str::as_bytes).chain([told]) {
        state.update(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        state.update(part);
    }
    seen.iter().for_each(|file| state.update(&file.to_bytes()));
    state.finish().to_hex()
}

/// What else a container is made of.
fn told(containers: &Containers) -> Vec<u8> {
    if containers.has_digests() { containers.content().into_bytes() } else { Vec::new() }
}

fn is_file(path: &Path) -> bool {
    path.is_file()
}

/// The line of a document that is left out.
fn left_out(input: &str, reference: Option<&str>, why: &'static str, output: Option<&str>) -> Result<Line> {
    let line = lines::Skipped {
        input: input.to_owned(),
        skipped: why,
        output: output.map(str::to_owned),
        reference: reference.map(str::to_owned),
    };
    let output = output.map_or_else(String::new, |output| format!("  {}", printable(output)));
    let text = format!("{}  left out  {why}{output}", printable(input));
    Ok(Line { json: lines::json(&line)?, text, is_skipped: true, is_gone: why == GONE })
}

/// `resume.changed`.
pub(crate) fn resume_changed() -> Error {
    Refusal::new(ErrorCode::ResumeChanged).into()
}

/// Where the journal of a run is: where `--journal` says, else among the results.
pub(crate) fn journal_path(args: &args::Resume, targets: &Targets) -> Outcome<Option<PathBuf>> {
    let path = args.journal.clone().or_else(|| targets.out().map(|out| out.join(JOURNAL)));
    if args.resume && path.is_none() {
        return Err(Stop::Usage("--resume needs the journal of the earlier run: --out DIR or --journal FILE".into()));
    }
    Ok(path)
}

/// What a run has to itself: the folders that it writes to, and the journal where there is one already.
pub(crate) struct Alone {
    pub(crate) journal: Option<Journal>,
    // Given back after the journal, so that a folder made for nothing is empty by then.
    locks: Vec<RunLock>,
}

impl Alone {
    /// Takes both, or ends with `run.busy`; with `--wait` it waits until they are free.
    pub(crate) fn take(
        args: &args::Resume,
        folders: &[Option<&Path>],
        journal: Option<&Path>,
        cancel: &AtomicBool,
        report: &mut Report,
    ) -> Outcome<Alone> {
        let mut waiting = Waiting { wait: args.wait, cancel, report, is_said: false };
        let mut locks: Vec<RunLock> = Vec::new();
        let mut taken: Vec<PathBuf> = Vec::new();
        for folder in folders.iter().flatten() {
            // Two of them may be one.
            if fs::canonicalize(folder).is_ok_and(|path| taken.contains(&path)) {
                continue;
            }
            locks.push(waiting.until(folder, RunLock::of_folder)?);
            taken.extend(fs::canonicalize(folder));
        }
        let journal = journal.filter(|path| path.symlink_metadata().is_ok());
        let journal = journal.map(|path| waiting.until(path, Journal::open)).transpose()?;
        Ok(Alone { journal, locks })
    }

    /// The journal of this run: the earlier one goes on with `--resume`, else it begins anew. The locks are to be kept.
    pub(crate) fn begin(self, args: &args::Resume, path: Option<&Path>) -> Outcome<(Option<Journal>, Vec<RunLock>)> {
        let Alone { journal, locks } = self;
        let Some(path) = path else { return Ok((None, locks)) };
        let open = || -> Result<Journal> {
            let mut journal = match journal {
                Some(journal) => journal,
                None => {
                    if let Some(folder) = path.parent() {
                        fs::create_dir_all(folder)?;
                    }
                    Journal::open(path)?
                }
            };
            if !args.resume {
                journal.restart()?;
            }
            journal.begin()?;
            Ok(journal)
        };
        let journal = open().map_err(Stop::about(path.display().to_string()))?;
        Ok((Some(journal), locks))
    }
}

struct Waiting<'a> {
    wait: bool,
    cancel: &'a AtomicBool,
    report: &'a mut Report,
    is_said: bool,
}

impl Waiting<'_> {
    fn until<T>(&mut self, path: &Path, take: impl Fn(&Path) -> Result<T>) -> Outcome<T> {
        loop {
            match take(path) {
                Err(Error::Busy(busy)) if self.wait => {
                    if !std::mem::replace(&mut self.is_said, true) {
                        self.report.note(&format!("eseal: {}: waiting: {busy}", path.display()));
                    }
                }
                taken => return taken.map_err(Stop::about(path.display().to_string())),
            }
            if self.cancel.load(Ordering::Relaxed) {
                return Err(Stop::Said(Exit::Interrupted));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
    }
}

/// Why a document is left out: see `--resume`.
pub(crate) const DONE_BEFORE: &str = "done before";
/// Why it is left out although there is no result: see `--redo-missing`.
const GONE: &str = "result gone";
const JOURNAL: &str = ".eseal-run";
const LOOK_AGAIN: Duration = Duration::from_millis(100);
