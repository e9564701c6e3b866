//! `eseal finalize`: signature values come in, signed documents go out.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use eseal::error::ServiceError;
use eseal::store::{Entry, EntryLock, Record, Store, StoredPath};
use eseal::system::{Existing, Held};
use eseal::{
    Error, ErrorCode, Level, Limits, Output, Prepared, Result, Role, SignatureValue, Signed, StateSummary, Step,
    Upgrade,
};

use super::args::Finalize;
use super::changing::Changing;
use super::climb::{Climb, Climbed};
use super::config::{self, Common};
use super::confined::{leads_down, outside};
use super::containers::Containers;
use super::documents::{Opened, holds, need_of_document, need_of_files};
use super::inputs::{Input, MadeOf, Origin, Own, Part};
use super::ledger::{Ledger, Note};
use super::past::{self, Alone, Before, Past};
use super::report::{Report, now, wall_clock};
use super::run::{Made, Ready, Run, Task};
use super::signed::Facts;
use super::targets::{Target, Targets};
use super::values::{self, Value};
use super::waiting::Stdin;
use super::whose::Whose;
use super::{Exit, Outcome, Stop};

/// `eseal finalize`.
pub(crate) fn run(args: &Finalize, common: &Common) -> Outcome {
    let directory = config::store(args.store.as_deref())?;
    let targets = Targets::new(&args.results).of_store(args.allow_outside);
    let journal = past::journal_path(&args.resume, &targets)?;
    let store = Store::open(directory, &common.limits).map_err(Stop::about(directory.display().to_string()))?;
    let mut run = Run::new(config::Run::new(&args.run)?.within(&common.limits));
    let changing = Changing::new(&args.results, &run.cancel)?;
    // Where results go may have been said when they were prepared.
    run.holds = true;
    let mut report = Report::new(common);
    let values: Box<dyn Iterator<Item = Value> + Send> = match &args.values {
        Some(path) => values::read(path, args.order.as_deref(), &common.limits, &run.cancel)?,
        None => Box::new(verified(&store, &common.limits)?.into_iter()),
    };
    let alone = Alone::take(&args.resume, &[targets.out()], journal.as_deref(), &run.cancel, &mut report)?;
    let past = Past::new(&args.resume, &targets, alone.journal.as_ref(), journal.is_some());
    (run.journal, run.locks) = alone.begin(&args.resume, journal.as_deref())?;
    let job = Arc::new(Job {
        store,
        targets,
        changing,
        past,
        containers: Containers::default(),
        source: args.source.clone(),
        allow_outside: args.allow_outside,
        has_values: args.values.is_some(),
        climb: Climb::new(&args.climb, &args.chain, &args.moment, None, common)?,
        ledger: Arc::clone(&common.ledger),
        whose: Whose::default(),
        limits: common.limits.clone(),
    });
    let namer = Arc::clone(&job);
    let tasks = values.map(move |value| {
        let record = namer.store.record(&value.id);
        let name = record.as_ref().map_or_else(|_| value.id.clone(), |record| record.input.clone());
        let found = record.as_ref().ok().and_then(|record| namer.find(&value.id, record).ok());
        if let (Ok(record), Some(found)) = (&record, &found)
            && let Ok(Target::InPlace(path)) = namer.target(record, found)
        {
            namer.changing.expect(&path);
        }
        let reference = record.as_ref().ok().and_then(|record| record.reference.clone());
        Task { name, reference, need: found.map_or(0, |found| found.need()), input: Work { value, record } }
    });
    run.catch_interrupts(common)?;
    let exit = run.over_climbing(&job.climb, tasks, |work| job.work(work), &mut report)?;
    // A store may hold documents of several signers, and those of others go on; where there are none, it is the run's.
    let counts = report.counts();
    let refusals = [ErrorCode::CertificateRevoked, ErrorCode::CertificateOnHold].map(ErrorCode::as_str);
    let is_all = counts.done == 0 && counts.errors.keys().all(|code| refusals.contains(code));
    if exit == Exit::Failed && is_all && job.climb.is_every_signer_refused() {
        report.because(refusals[0], "the signer's certificate is revoked, or on hold");
        return Ok(Exit::Stopped);
    }
    Ok(exit)
}

/// Entries whose value has verified already.
fn verified(store: &Store, limits: &Limits) -> Outcome<Vec<Value>> {
    let entries = store.entries().map_err(Stop::about("--store"))?;
    let is_signed = |entry: &Entry| {
        let state = store.load_step(&entry.id, entry.step.min(SIGNED));
        state.and_then(|state| StateSummary::read(&state, limits)).map_or(true, |state| state.is_signed())
    };
    let ids = entries.into_iter().filter(is_signed).map(|entry| entry.id);
    // The value is in the state.
    Ok(ids.map(|id| Value { id, value: Ok(SignatureValue::undeclared([])) }).collect())
}

struct Work {
    value: Value,
    record: Result<Record>,
}

struct Job {
    store: Store,
    targets: Targets,
    changing: Changing,
    past: Past,
    /// None: what a container is made of stands in its record.
    containers: Containers,
    source: Option<PathBuf>,
    allow_outside: bool,
    has_values: bool,
    climb: Climb,
    ledger: Arc<Ledger>,
    whose: Whose,
    limits: Limits,
}

/// A value that has come, its document, and where the result goes.
struct Turn {
    id: String,
    signature: SignatureValue,
    record: Record,
    found: Found,
    input: Input,
    target: Target,
    since: SystemTime,
    started: Instant,
}

/// An entry of the store, its document, and where the result goes.
struct Place {
    id: String,
    record: Record,
    opened: Opened,
    target: Target,
    /// What an earlier call may have written, because a lower level was accepted.
    before: Option<Output>,
    /// Nobody else adds to the entry meanwhile.
    _lock: Option<EntryLock>,
}

impl Job {
    fn work(&self, Work { value, record }: Work) -> Result<Made<'_>> {
        let (started, since) = (now(), wall_clock());
        let Value { id, value } = value;
        let signature = value?;
        let record = record?;
        let found = self.find(&id, &record)?;
        let target = self.target(&record, &found)?;
        let input = Input { given: found.given(&record), ..found.input(&record) };
        let before = match self.past.of(&input, &target, Some(&id), &self.containers)? {
            Before::InPlace => Before::Done,
            before => before,
        };
        if let Some(line) = self.past.settle(&before, &record.input, record.reference.as_deref())? {
            return Ok(Ready { line, ..Ready::default() }.into());
        }
        let turn = Turn { id, signature, record, found, input, target, since, started };
        let Target::InPlace(path) = &turn.target else { return self.finish(turn, None) };
        match self.changing.try_hold(path)? {
            Some(held) => self.finish(turn, Some(held)),
            None => Ok(Made::Later(Box::new(move || {
                let held = match &turn.target {
                    Target::InPlace(path) => Some(self.changing.hold(path, turn.started)?),
                    _ => None,
                };
                self.finish(turn, held)
            }))),
        }
    }

    fn finish(&self, turn: Turn, held: Option<Held>) -> Result<Made<'_>> {
        let Turn { id, signature, record, found, input, target, since, started } = turn;
        let mut ready = Ready::default();
        let opened = match (&found, held) {
            (Found::Document(path), Some(held)) => Opened::held(held, path, None, None, &self.changing, &mut ready)?,
            (Found::Document(path), None) => Opened::path(path, None, &mut ready)?,
            (Found::Files(parts), _) => Opened::files(parts, &Stdin::default(), &mut ready)?,
        };
        let signed = self.stage(&id, &opened, signature, &mut ready)?;
        self.ledger.certificates([signed.certificate()?]);
        let named = record.made_of.as_ref().filter(|made_of| made_of.is_named);
        let files = named.map(|made_of| made_of.files.iter().map(|file| file.name.clone()).collect());
        let source = signed.source_sha256()?;
        let done = self.past.entry(&input, &target, &opened, &self.containers, since, source)?;
        let (input, reference) = (record.input.clone(), record.reference.clone());
        let remarks = record.remarks.clone();
        let facts = Facts { input, files, reference, output: target.name(), remarks, started, done };
        let (told, level) = (facts.of(&signed)?, signed.wanted_level());
        if level == Level::Bb {
            let place = Place { id, record, opened, target, before: None, _lock: None };
            self.write(place, signed.output(), &mut ready)?;
            told.tell(&mut ready)?;
            return Ok(ready.into());
        }
        let lock = match self.store.lock(&id) {
            Err(error) => {
                ready.unfinished = Some((error, Level::Bb));
                return Ok(ready.into());
            }
            lock => lock.ok(),
        };
        let (mut upgrade, step, state) = match self.begin(&id, signed, &opened) {
            Ok(begun) => begun,
            Err(Error::Misuse(misuse)) => {
                // The values of all documents are kept, also where nobody is named who could raise them.
                let offline = ServiceError::new(ErrorCode::ServiceOffline, Role::Timestamp).detail(misuse.what);
                ready.unfinished = Some((offline.into(), Level::Bb));
                return Ok(ready.into());
            }
            Err(error) => return Err(error),
        };
        if let Some(warning) = self.climb.warning(level) {
            ready.notes.push(Note::new("unchecked", warning));
        }
        let before = if step > SIGNED { Some(upgrade.output()?) } else { None };
        let place = Place { id, record, opened, target, before, _lock: lock };
        if let Err(error) = self.reserve(&place, &mut upgrade, &mut ready) {
            // The value is kept, and nothing is bought for a result without a name.
            ready.unfinished = Some((error, upgrade.reached()));
            return Ok(ready.into());
        }
        let finish = move |climbed: Climbed| {
            let (upgrade, is_to_be_written) = self.climb.settle(told.input(), level, climbed, &mut ready);
            self.keep(&place.id, step, &state, &upgrade, &mut ready)?;
            if is_to_be_written {
                self.write(place, &upgrade.output()?, &mut ready)?;
                told.raised(&upgrade.report(), &self.climb.asking).tell(&mut ready)?;
            }
            Ok(ready)
        };
        Ok(Made::Climbing(Box::new(upgrade), Box::new(finish)))
    }

    /// The document with its value.
    fn stage(&self, id: &str, opened: &Opened, value: SignatureValue, ready: &mut Ready) -> Result<Signed> {
        if self.has_values {
            return self.accept(id, opened, value, ready);
        }
        let (step, state) = self.store.load(id)?;
        let state = if step > SIGNED { self.store.load_step(id, SIGNED)? } else { state };
        Signed::resume(&state, opened.inputs(), &self.limits)
    }

    /// The climb from where it is, which step of the entry that is, and its state.
    ///
    /// Nobody else adds to the entry any more.
    fn begin(&self, id: &str, signed: Signed, opened: &Opened) -> Result<(Upgrade, u32, Vec<u8>)> {
        let level = signed.wanted_level();
        let (step, state) = self.store.load(id)?;
        if step > SIGNED {
            let mut upgrade = Upgrade::resume(&state, opened.inputs(), &self.climb.plan(level)?)?;
            // With the answers that are there it gets as far as it got before; what is missing is asked for later.
            let _ = upgrade.step();
            return Ok((upgrade, step, state));
        }
        self.climb.check(level)?;
        let moment = self.climb.moment().for_document(signed.id().as_bytes());
        Ok((signed.upgrade(&self.climb.plan(level)?, moment)?, SIGNED, Vec::new()))
    }

    /// Keeps what was reached, so that a later call goes on from there, or gives the same result.
    fn keep(&self, id: &str, step: u32, earlier: &[u8], upgrade: &Upgrade, ready: &mut Ready) -> Result<()> {
        let state = upgrade.to_state()?;
        if state != earlier && step < Store::STEPS {
            ready.states.push(self.store.save(id, step + 1, &state)?);
            ready.state_names.extend(self.store.names(id)?);
        }
        Ok(())
    }

    /// Takes the target before anything is bought for it.
    fn reserve(&self, place: &Place, upgrade: &mut Upgrade, ready: &mut Ready) -> Result<()> {
        place.opened.reserve(&place.target, &self.targets.folders, ready)?;
        let Target::File(path) = &place.target else { return Ok(()) };
        // With all answers there the result is known, and compared with what is there.
        let is_free = path.symlink_metadata().is_err()
            || is_held(path, place.before.as_ref())?
            || matches!(upgrade.step(), Ok(Step::Done(_)));
        if is_free { Ok(()) } else { self.targets.check(&place.target) }
    }

    /// Puts the result where it belongs.
    fn write(&self, place: Place, output: &Output, ready: &mut Ready) -> Result<()> {
        let Place { id, mut record, opened, target, before, _lock } = place;
        match &target {
            Target::InPlace(_) => {
                // What was signed may be long ago: before the first new byte it is compared with what is there.
                ready.states.iter().try_for_each(std::fs::File::sync_all)?;
                opened.place(output, &target, Existing::Replace, ready)?;
            }
            // With the same answers this is a pure function: what a run before this one has written is the result.
            Target::File(path) if path.symlink_metadata().is_ok() && holds(path, output)? => {
                ready.bytes_out = path.metadata()?.len();
            }
            Target::File(path) if is_held(path, before.as_ref())? => {
                // The level that was accepted before gives way to the one that was wanted.
                opened.place(output, &target, Existing::Replace, ready)?;
            }
            _ => {
                self.targets.check(&target)?;
                let existing = if self.targets.overwrite { Existing::Replace } else { Existing::Keep };
                opened.place(output, &target, existing, ready)?;
            }
        }
        if let Target::File(path) = &target {
            // A later call without values finds the result where this one has put it.
            let told = Some(std::path::absolute(path)?.as_path().into());
            if record.output != told {
                record.output = told;
                self.store.save_record(&id, &record)?;
            }
        }
        Ok(())
    }

    /// Verifies the value and keeps it: from here on nobody has to sign again.
    fn accept(&self, id: &str, opened: &Opened, value: SignatureValue, ready: &mut Ready) -> Result<Signed> {
        let state = self.store.load_step(id, PREPARED)?;
        let prepared = Prepared::resume(&state, opened.inputs(), &self.limits)?;
        let signed = prepared.finalize(value.clone()).map_err(|error| match error {
            Error::SignatureMismatch(mismatch) => {
                self.whose.tell(&self.store, id, &value, *mismatch, &self.limits).into()
            }
            error => error,
        })?;
        match self.store.save(id, SIGNED, &signed.to_state()?) {
            Ok(file) => ready.states.push(file),
            Err(error) if error.code() == ErrorCode::StoreMalformed => return Err(values::twice()),
            Err(error) => return Err(error),
        }
        ready.state_names.extend(self.store.names(id)?);
        Ok(signed)
    }

    /// Where the document of an entry is, or where the files of its new container are.
    fn find(&self, id: &str, record: &Record) -> Result<Found> {
        let Some(made_of) = &record.made_of else {
            let relative = record.relative.to_path().ok_or_else(missing)?;
            return self.place(record.path.as_ref(), &[&relative]).map(Found::Document);
        };
        let summary = StateSummary::read(&self.store.load_step(id, PREPARED)?, &self.limits)?;
        let wanted: BTreeSet<&str> = summary.data_files().into_iter().collect();
        let mut parts = Vec::new();
        for file in made_of.files.iter().filter(|file| wanted.contains(&*file.name)) {
            // In a folder of its own the only file of a container has another path than name.
            let relative = record.relative.to_path().filter(|_| !made_of.is_named);
            let relative = relative.map_or_else(|| PathBuf::from(&file.name), |path| path.with_extension(""));
            let path = self.place(file.path.as_ref(), &[&relative, Path::new(&file.name)])?;
            parts.push(Part { name: file.name.clone(), path: Some(path), inside: None });
        }
        Ok(Found::Files(parts))
    }

    /// Where a file is by now: where it was, or below `--source`.
    fn place(&self, stored: Option<&StoredPath>, relative: &[&Path]) -> Result<PathBuf> {
        let Some(folder) = &self.source else { return stored.and_then(StoredPath::to_path).ok_or_else(missing) };
        if !self.allow_outside && !relative.iter().all(|path| leads_down(path)) {
            return Err(outside());
        }
        let base = relative.iter().filter_map(|path| path.file_name()).map(Path::new);
        let mut candidates = relative.iter().copied().chain(base).map(|path| folder.join(path));
        candidates.find(|path| path.exists()).ok_or_else(missing)
    }

    /// Where the result goes: where this command line says, else where that of `prepare` said.
    fn target(&self, record: &Record, found: &Found) -> Result<Target> {
        let told = record.output.as_ref().and_then(|output| output.to_path());
        match told.filter(|_| !self.targets.is_told()) {
            Some(output) => match found {
                Found::Document(path)
                    if record.path.as_ref().and_then(StoredPath::to_path).as_ref() == Some(&output) =>
                {
                    Ok(Target::InPlace(path.clone()))
                }
                _ => Ok(Target::File(output)),
            },
            None => {
                let input = found.input(record);
                self.targets.check_place(&input)?;
                let nowhere = "a document of a folder needs --out or --in-place";
                self.targets.of(&input).ok_or_else(|| eseal::error::Misuse::new(nowhere).into())
            }
        }
    }
}

/// What an entry was prepared from.
enum Found {
    Document(PathBuf),
    Files(Vec<Part>),
}

impl Found {
    /// What the entry is known by in a journal.
    fn given(&self, record: &Record) -> PathBuf {
        let named = record.made_of.as_ref().filter(|made_of| made_of.is_named);
        match (self, named) {
            (Found::Files(_), Some(_)) => PathBuf::from(&record.input),
            _ => self.input(record).given,
        }
    }

    fn need(&self) -> u64 {
        match self {
            Found::Document(path) => need_of_document(path),
            Found::Files(parts) => need_of_files(parts),
        }
    }

    /// The input once more, as far as the name of its result depends on it.
    fn input(&self, record: &Record) -> Input {
        let is_named = record.made_of.as_ref().is_some_and(|made_of| made_of.is_named);
        let (given, made_of) = match self {
            Found::Document(path) => (path.clone(), None),
            Found::Files(parts) => {
                let first = parts.first().and_then(|part| part.path.clone()).unwrap_or_default();
                (first, Some(MadeOf { parts: parts.clone(), is_named }))
            }
        };
        let relative = record.relative.to_path().unwrap_or_else(|| given.clone());
        let origin = if record.in_folder { Origin::Folder } else { Origin::File };
        Input { given, relative, origin, inside: None, expected: None, made_of, own: Own::default() }
    }
}

fn is_held(path: &Path, output: Option<&Output>) -> Result<bool> {
    match output.filter(|_| path.symlink_metadata().is_ok()) {
        Some(output) => holds(path, output),
        None => Ok(false),
    }
}

fn missing() -> Error {
    io::Error::from(io::ErrorKind::NotFound).into()
}

// Steps of an entry in the store; those above are of documents on their way to a higher level.
pub(crate) const PREPARED: u32 = 1;
pub(crate) const SIGNED: u32 = 2;
