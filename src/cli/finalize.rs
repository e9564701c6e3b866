//! `eseal finalize`: signature values come in, signed documents go out.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eseal::store::{Record, Store};
use eseal::system::Existing;
use eseal::{Error, ErrorCode, Limits, Prepared, Result, SignatureValue, Signed, StateSummary};

use super::args::Finalize;
use super::config::{self, Common};
use super::documents::{Opened, holds, need};
use super::inputs::{Input, Origin, Own};
use super::report::{Report, now};
use super::run::{Line, Ready, Run, Task};
use super::signed::{self, DONE_BEFORE, Facts};
use super::targets::{Target, Targets};
use super::values::{self, Value};
use super::{Outcome, Stop, lines};

/// `eseal finalize`.
pub(crate) fn run(args: &Finalize, common: &Common) -> Outcome {
    let directory = config::store(args.store.as_deref())?;
    let targets = Targets::new(&args.results);
    let journal = signed::journal_path(&args.resume, &targets)?;
    let store = Store::open(directory, &common.limits).map_err(Stop::about(directory.display().to_string()))?;
    let mut run = Run::new(config::Run::new(&args.run)?);
    let mut report = Report::new(common);
    let values: Box<dyn Iterator<Item = Value> + Send> = match &args.values {
        Some(path) => values::read(path, args.order.as_deref(), &common.limits, &run.cancel)?,
        None => Box::new(verified(&store, &common.limits)?.into_iter()),
    };
    let earlier = signed::earlier(&args.resume, journal.as_deref())?;
    run.journal = signed::begin(&args.resume, journal.as_deref())?;
    let job = Arc::new(Job {
        store,
        targets,
        source: args.source.clone(),
        has_values: args.values.is_some(),
        limits: common.limits.clone(),
    });
    let namer = Arc::clone(&job);
    let tasks = values.map(move |value| {
        let record = namer.store.record(&value.id);
        let name = record.as_ref().map_or_else(|_| value.id.clone(), |record| record.input.clone());
        let is_done = earlier.as_ref().and_then(|journal| journal.done(&name));
        let is_done = is_done.is_some_and(|done| done.id.as_ref() == Some(&value.id));
        let path = record.as_ref().ok().and_then(|record| namer.document(record).ok());
        let reference = record.as_ref().ok().and_then(|record| record.reference.clone());
        Task { name, reference, need: path.map_or(0, |path| need(&path)), input: Work { value, record, is_done } }
    });
    run.catch_interrupts()?;
    run.over(tasks, |work| job.work(work), &mut report)
}

/// Entries whose value has verified already.
fn verified(store: &Store, limits: &Limits) -> Outcome<Vec<Value>> {
    let entries = store.entries().map_err(Stop::about("--store"))?;
    let is_signed = |id: &str| {
        let state = store.load(id).and_then(|(_, state)| StateSummary::read(&state, limits));
        state.map_or(true, |state| state.is_signed())
    };
    let ids = entries.into_iter().map(|entry| entry.id).filter(|id| is_signed(id));
    // The value is in the state.
    Ok(ids.map(|id| Value { id, value: Ok(SignatureValue::undeclared([])) }).collect())
}

struct Work {
    value: Value,
    record: Result<Record>,
    is_done: bool,
}

struct Job {
    store: Store,
    targets: Targets,
    source: Option<PathBuf>,
    has_values: bool,
    limits: Limits,
}

impl Job {
    fn work(&self, Work { value, record, is_done }: Work) -> Result<Ready> {
        let started = now();
        let mut ready = Ready::default();
        let signature = value.value?;
        let mut record = record?;
        if is_done {
            let line = lines::Skipped { input: record.input, skipped: DONE_BEFORE, reference: record.reference };
            let text = format!("{}  left out  {DONE_BEFORE}", line.input);
            ready.line = Line { json: lines::json(&line)?, text, is_skipped: true };
            return Ok(ready);
        }
        let path = self.document(&record)?;
        let target = self.target(&record, &path)?;
        let opened = Opened::path(&path, &mut ready)?;
        let signed = if self.has_values {
            self.accept(&value.id, &opened, signature, &mut ready)?
        } else {
            let (_, state) = self.store.load(&value.id)?;
            Signed::resume(&state, opened.source.clone(), &self.limits)?
        };
        let output = signed.output();
        match &target {
            Target::InPlace(_) => {
                // What was signed may be long ago.
                output.verify_source()?;
                ready.states.iter().try_for_each(std::fs::File::sync_all)?;
                opened.place(output, &target, Existing::Replace, &mut ready)?;
            }
            // Finalizing is a pure function: what a run before this one has written is the result.
            Target::File(path) if path.symlink_metadata().is_ok() && holds(path, output)? => {
                ready.bytes_out = output.len().unwrap_or_default();
            }
            _ => {
                self.targets.check(&target)?;
                let existing = if self.targets.overwrite { Existing::Replace } else { Existing::Keep };
                opened.place(output, &target, existing, &mut ready)?;
            }
        }
        if let Target::File(path) = &target {
            // A later call without values finds the result where this one has put it.
            let told = Some(std::path::absolute(path)?.as_path().into());
            if record.output != told {
                record.output = told;
                self.store.save_record(&value.id, &record)?;
            }
        }
        let facts = Facts { input: record.input, reference: record.reference, target: &target, started };
        facts.tell(&signed, &mut ready)?;
        Ok(ready)
    }

    /// Verifies the value and keeps it: from here on nobody has to sign again.
    fn accept(&self, id: &str, opened: &Opened, value: SignatureValue, ready: &mut Ready) -> Result<Signed> {
        let state = self.store.load_step(id, PREPARED)?;
        let signed = Prepared::resume(&state, opened.source.clone(), &self.limits)?.finalize(value)?;
        match self.store.save(id, SIGNED, &signed.to_state()?) {
            Ok(file) => ready.states.push(file),
            Err(error) if error.code() == ErrorCode::StoreMalformed => return Err(values::twice()),
            Err(error) => return Err(error),
        }
        ready.state_names.extend(self.store.names(id)?);
        Ok(signed)
    }

    /// Where the document of an entry is.
    fn document(&self, record: &Record) -> Result<PathBuf> {
        let missing = || Error::from(io::Error::from(io::ErrorKind::NotFound));
        let relative = record.relative.to_path().ok_or_else(missing)?;
        match &self.source {
            None => record.path.as_ref().and_then(|path| path.to_path()).ok_or_else(missing),
            Some(folder) => {
                let name = relative.file_name().map(Path::new).unwrap_or(&relative);
                let candidates = [folder.join(&relative), folder.join(name)];
                candidates.into_iter().find(|path| path.exists()).ok_or_else(missing)
            }
        }
    }

    /// Where the result goes: where this command line says, else where that of `prepare` said.
    fn target(&self, record: &Record, path: &Path) -> Result<Target> {
        let told = record.output.as_ref().and_then(|output| output.to_path());
        match told.filter(|_| !self.targets.is_told()) {
            Some(output) if record.path.as_ref().and_then(|path| path.to_path()).as_ref() == Some(&output) => {
                Ok(Target::InPlace(path.to_owned()))
            }
            Some(output) => Ok(Target::File(output)),
            None => {
                let relative = record.relative.to_path().unwrap_or_else(|| path.to_owned());
                let origin = if record.in_folder { Origin::Folder } else { Origin::File };
                let input = Input { given: path.to_owned(), relative, origin, own: Own::default() };
                let nowhere = "a document of a folder needs --out or --in-place";
                self.targets.of(&input).ok_or_else(|| eseal::error::Misuse::new(nowhere).into())
            }
        }
    }
}

// Steps of an entry in the store.
const PREPARED: u32 = 1;
const SIGNED: u32 = 2;
