//! A run over many documents: workers make results ready, here they get their names and are reported.
//!
//! Results that are ready together are one window: their files are synced, then renamed, then their directories
//! are synced, then the journal, then their lines are printed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use eseal::batch::{Batch, Done, Journal, Together};
use eseal::system::{Existing, Reserved, RunLock, Staged, SystemClock, held_at_once, sync_directory};
use eseal::{Clock, Error, ErrorCode, Level, Result, Role, Scope, Upgrade};

use super::changing::Change;
use super::climb::{Climb, Climbed};
use super::config::{self, Common};
use super::inputs::Tally;
use super::ledger::Note;
use super::report::Report;
use super::{Exit, Outcome, Stop};

/// What a worker has made of an input.
pub(crate) enum Made<'a> {
    Ready(Box<Ready>),
    /// A document that is to be raised, and what is done when it was, or could not be.
    Climbing(Box<Upgrade>, Finish<'a>),
    /// A document that somebody else has now, maybe an input before it: it comes when those are done.
    Later(Later<'a>),
}

impl Made<'_> {
    /// The result, where nothing climbs.
    pub(crate) fn ready(self) -> Result<Ready> {
        match self {
            Made::Ready(ready) => Ok(*ready),
            Made::Climbing(..) => Err(Error::Bug("a document climbs that was not to")),
            Made::Later(_) => Err(Error::Bug("a document was not waited for")),
        }
    }
}

impl From<Ready> for Made<'_> {
    fn from(ready: Ready) -> Self {
        Made::Ready(Box::new(ready))
    }
}

/// What is done with a document after its climb.
pub(crate) type Finish<'a> = Box<dyn FnOnce(Climbed) -> Result<Ready> + Send + 'a>;

/// Waits for a document and works on it.
pub(crate) type Later<'a> = Box<dyn FnOnce() -> Result<Made<'a>> + Send + 'a>;

/// What a worker has made ready.
#[derive(Default)]
pub(crate) struct Ready {
    /// States that must last before anything else happens.
    pub(crate) states: Vec<File>,
    /// Paths whose directories hold their names.
    pub(crate) state_names: Vec<PathBuf>,
    /// The target, before there is a result.
    pub(crate) reserved: Option<Reserved>,
    /// The result, complete but not under its name.
    pub(crate) staged: Option<(Staged, Existing)>,
    /// The document that the result is to replace, held until it has done so.
    pub(crate) change: Option<Change>,
    /// For the journal, once the result has its name.
    pub(crate) journal: Option<Done>,
    pub(crate) line: Line,
    /// Why there is no result, and the level that was reached; what was reached is kept in `states`.
    pub(crate) unfinished: Option<(Error, Level)>,
    /// Some of its signatures stay as they are.
    pub(crate) is_partial: bool,
    /// Remarks for people.
    pub(crate) notes: Notes,
    /// What is odd about a document that is done: in its line, counted, and said with `--verbose`.
    pub(crate) remarks: Vec<String>,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

/// Remarks about a document.
#[derive(Debug, Default)]
pub(crate) struct Notes(Vec<Note>);

impl Notes {
    pub(crate) fn push(&mut self, note: impl Into<Note>) {
        self.0.push(note.into());
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn iter(&self) -> std::slice::Iter<'_, Note> {
        self.0.iter()
    }
}

/// What is printed for one document.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) json: String,
    pub(crate) text: String,
    /// Nothing was done, because nothing was to do.
    pub(crate) is_skipped: bool,
    /// That is so although its result is gone.
    pub(crate) is_gone: bool,
}

/// An input on its way through the batch: how it is called, and how many bytes of memory it needs.
#[derive(Debug)]
pub(crate) struct Task<T> {
    pub(crate) name: String,
    pub(crate) reference: Option<String>,
    pub(crate) need: u64,
    pub(crate) input: T,
}

/// The run: options, the flag that ends it, the journal.
pub(crate) struct Run {
    pub(crate) options: config::Run,
    pub(crate) cancel: Arc<AtomicBool>,
    /// Ends it where it stands.
    at_once: Arc<AtomicBool>,
    interrupted: Arc<AtomicBool>,
    pub(crate) journal: Option<Journal>,
    /// What searches of folders leave out.
    pub(crate) passed_over: Tally,
    /// Inputs are changed themselves: each is an open file until its result is written.
    pub(crate) holds: bool,
    /// The folder of the results is this run's alone until it ends; after the journal, which lies in it.
    pub(crate) locks: Vec<RunLock>,
}

impl Run {
    pub(crate) fn new(options: config::Run) -> Run {
        Run {
            options,
            cancel: Arc::default(),
            at_once: Arc::default(),
            interrupted: Arc::default(),
            journal: None,
            locks: Vec::new(),
            passed_over: Tally::default(),
            holds: false,
        }
    }

    /// From here on Ctrl-C ends the run in order, for which it has a while; a second one ends it at once. Before, and
    /// while a password is typed, it ends the process.
    pub(crate) fn catch_interrupts(&self, common: &Common) -> Outcome<()> {
        let (cancel, interrupted) = (Arc::clone(&self.cancel), Arc::clone(&self.interrupted));
        let (at_once, ledger) = (Arc::clone(&self.at_once), Arc::clone(&common.ledger));
        let mut count = 0_u32;
        let set = ctrlc::set_handler(move || {
            interrupted.store(true, Ordering::Relaxed);
            cancel.store(true, Ordering::Relaxed);
            count = count.saturating_add(1);
            at_once.store(count > 1, Ordering::Relaxed);
            let patience = match count {
                1 => TO_THE_END + AT_ONCE,
                2 => AT_ONCE,
                _ => Duration::ZERO,
            };
            // Whatever is waited for: a file, a pipe, a service.
            let ledger = Arc::clone(&ledger);
            std::thread::spawn(move || {
                std::thread::sleep(patience);
                if ledger.is_closed() {
                    // It is about to end by itself.
                    std::thread::sleep(AT_ONCE);
                }
                ledger.because(ErrorCode::Cancelled.as_str(), "interrupted, and it did not come to an end by itself");
                let exit = ledger.close(Exit::Interrupted, None);
                std::process::exit(exit.status().into());
            });
        });
        set.map_err(|e| Stop::Error("signal handler".into(), std::io::Error::other(e).into()))
    }

    /// What ends services: in order, or at once.
    pub(crate) fn ends(&self) -> Ends {
        Ends { in_order: Arc::clone(&self.cancel), at_once: Arc::clone(&self.at_once) }
    }

    /// The same where nothing is worth being finished.
    pub(crate) fn ends_at_once(&self) -> Ends {
        Ends { in_order: Arc::clone(&self.cancel), at_once: Arc::clone(&self.cancel) }
    }

    /// Works on all tasks, and says how it went.
    pub(crate) fn over<T: Send>(
        &mut self,
        tasks: impl Iterator<Item = Task<T>> + Send,
        work: impl Fn(T) -> Result<Ready> + Sync,
        report: &mut Report,
    ) -> Outcome {
        let work = |input| work(input).map(Made::from);
        self.drive(WINDOW, tasks, |batch, tasks, sink| batch.run_grouped(tasks, work, sink), all_ready, report)
    }

    /// As [`Run::over`], where a worker does one stage for several inputs together, and documents may have to climb.
    pub(crate) fn over_together<'a, T: Send>(
        &mut self,
        climb: Option<&Climb>,
        tasks: impl Iterator<Item = Task<T>> + Send,
        work: &impl Together<T, Done = Made<'a>>,
        report: &mut Report,
    ) -> Outcome {
        let start = |batch: &Batch, tasks: Inputs<'_, T>, sink: Sink<'_, Made<'a>>| {
            batch.run_together(tasks, work, sink);
        };
        match climb {
            Some(climb) => self.drive_climbing(climb, tasks, start, report),
            None => self.drive(WINDOW, tasks, start, all_ready, report),
        }
    }

    /// As [`Run::over`], where documents may have to climb: those that are ready together do so together.
    pub(crate) fn over_climbing<'a, T: Send>(
        &mut self,
        climb: &Climb,
        tasks: impl Iterator<Item = Task<T>> + Send,
        work: impl Fn(T) -> Result<Made<'a>> + Sync,
        report: &mut Report,
    ) -> Outcome {
        self.drive_climbing(climb, tasks, |batch, tasks, sink| batch.run_grouped(tasks, work, sink), report)
    }

    fn drive_climbing<'a, T: Send>(
        &mut self,
        climb: &Climb,
        tasks: impl Iterator<Item = Task<T>> + Send,
        start: impl FnOnce(&Batch, Inputs<'_, T>, Sink<'_, Made<'a>>),
        report: &mut Report,
    ) -> Outcome {
        let (jobs, ends) = (self.options.shares().0, self.ends());
        let window = if climb.asking.has_somebody() { CLIMBING_WINDOW } else { WINDOW };
        self.drive(window, tasks, start, |made| raise(climb, made, jobs, &ends), report)
    }

    /// Works on all tasks, `window` of them in flight at most, and makes results of what is ready together. `start`
    /// runs a batch over the inputs.
    fn drive<'a, T: Send>(
        &mut self,
        window: usize,
        tasks: impl Iterator<Item = Task<T>> + Send,
        start: impl FnOnce(&Batch, Inputs<'_, T>, Sink<'_, Made<'a>>),
        mut settle: impl FnMut(Vec<Result<Made<'a>>>) -> Outcome<Vec<Result<Ready>>>,
        report: &mut Report,
    ) -> Outcome {
        let names = Mutex::new(VecDeque::new());
        let tasks = tasks.map(|task| {
            names.lock().unwrap_or_else(PoisonError::into_inner).push_back((task.name, task.reference));
            (task.need, task.input)
        });
        let mut verdict = Verdict { exit: Exit::Good, stop: None, not_begun: 0 };
        let (all_came, ends) = (AtomicBool::new(false), Arc::clone(&self.cancel));
        let mut tasks = tasks;
        let tasks = std::iter::from_fn(|| {
            let task = tasks.next();
            if task.is_none() && !ends.load(Ordering::Relaxed) {
                all_came.store(true, Ordering::Relaxed);
            }
            task
        });
        let cancel = Arc::clone(&self.cancel);
        let window = if self.holds { window.min(held_at_once()) } else { window };
        let (workers, memory) = self.options.shares();
        // A batch has as many in flight as it has workers, at least.
        let workers = if self.holds { workers.min(window) } else { workers };
        let batch = Batch::new(workers, window).memory_budget(memory).cancel_on(&cancel);
        let over = self.end_in_time();
        start(&batch, Box::new(tasks), &mut |_, results| {
            let group: Vec<Name> = {
                let mut names = names.lock().unwrap_or_else(PoisonError::into_inner);
                results.iter().map(|_| names.pop_front().unwrap_or_default()).collect()
            };
            if verdict.stop.is_some() {
                return;
            }
            if let Err(stop) = self.in_turn(group, results, &mut settle, report, &mut verdict) {
                verdict.stop = Some(stop);
                cancel.store(true, Ordering::Relaxed);
            }
        });
        let is_over = over.is_some_and(|over| over.stop());
        let left = report.left(all_came.into_inner().then_some(verdict.not_begun));
        self.end(verdict, is_over && left != Some(0), report)
    }

    /// Watches the clock, where the run has an end.
    fn end_in_time(&self) -> Option<Deadline> {
        let until = self.options.until?;
        let (cancel, is_over) = (Arc::clone(&self.cancel), Arc::new(AtomicBool::new(false)));
        let over = Arc::clone(&is_over);
        let (stop, stopped) = mpsc::channel::<()>();
        let watch = move || {
            loop {
                // The clock may be set, and the machine may sleep: it is asked again and again.
                let left = SystemClock.now().map_or(0, |now| until.as_unix().saturating_sub(now.as_unix()));
                if left <= 0 {
                    over.store(true, Ordering::Relaxed);
                    return cancel.store(true, Ordering::Relaxed);
                }
                match stopped.recv_timeout(LOOK_AT_CLOCK) {
                    Err(RecvTimeoutError::Timeout) => {}
                    _ => return,
                }
            }
        };
        Some(Deadline { is_over, stop, watch: std::thread::spawn(watch) })
    }

    /// Makes results of those that are ready, then of those that wait for a document, each in its turn.
    fn in_turn<'a>(
        &mut self,
        group: Vec<Name>,
        made: Vec<Result<Made<'a>>>,
        settle: &mut impl FnMut(Vec<Result<Made<'a>>>) -> Outcome<Vec<Result<Ready>>>,
        report: &mut Report,
        verdict: &mut Verdict,
    ) -> Outcome<()> {
        let (mut there, mut places) = (Vec::with_capacity(made.len()), Vec::with_capacity(made.len()));
        for made in made {
            match made {
                Ok(Made::Later(later)) => places.push(Some(later)),
                made => {
                    places.push(None);
                    there.push(made);
                }
            }
        }
        // Whoever waits does not keep the others of its group from being signed.
        let mut settled = settle(there)?.into_iter();
        let mut window = Vec::new();
        for (name, later) in group.into_iter().zip(places) {
            let Some(later) = later else {
                window.push((name, settled.next().unwrap_or(Err(Error::Bug("a result is missing")))));
                continue;
            };
            // What it waits for may be one of those before it.
            self.window(std::mem::take(&mut window), report, verdict)?;
            let mut made = Vec::new();
            match self.cancel.load(Ordering::Relaxed) {
                true => made.push(Err(Error::Cancelled)),
                false => Batch::new(1, 1).run([(0, later)], |later| later(), |_, result| made.push(result)),
            }
            let settled = settle(made)?;
            self.window(settled.into_iter().map(|ready| (name.clone(), ready)).collect(), report, verdict)?;
        }
        self.window(window, report, verdict)
    }

    fn window(&mut self, mut window: Vec<Named>, report: &mut Report, verdict: &mut Verdict) -> Outcome<()> {
        if window.is_empty() {
            return Ok(());
        }
        let documents = u64::try_from(window.len()).unwrap_or(u64::MAX);
        if self.options.sync {
            sync(&mut window);
        }
        self.make_room(&mut window);
        let directories = commit(&mut window);
        self.make_last(&directories)?;
        // What has its name is told, whatever becomes of the journal.
        let noted = self.note(&window);
        for ((name, reference), result) in window {
            match result {
                Ok(ready) => match &ready.unfinished {
                    None => {
                        if ready.is_partial && verdict.exit == Exit::Good {
                            verdict.exit = Exit::Failed;
                        }
                        print(&name, ready, report)?;
                    }
                    // Interrupted on its way: what was reached is kept, and that is all there is to say.
                    Some((Error::Cancelled, _)) => verdict.not_begun = verdict.not_begun.saturating_add(1),
                    Some((error, reached)) => {
                        ready.notes.iter().for_each(|note| report.remark(note));
                        report.failure(&name, reference.as_deref(), error, Some(*reached))?;
                        self.judge(error, report, verdict);
                    }
                },
                // Not begun, because the run ends: it is untouched, and that is all there is to say.
                Err(Error::Cancelled) => verdict.not_begun = verdict.not_begun.saturating_add(1),
                // The result itself went to standard output.
                Err(error) if error.code() == ErrorCode::IoReaderGone => return Err(Stop::ReaderGone),
                Err(error) => {
                    report.failure(&name, reference.as_deref(), &error, None)?;
                    self.judge(&error, report, verdict);
                }
            }
        }
        report.advance(documents)?;
        noted
    }

    /// A result for whose line in the journal there is no room gets no name.
    fn make_room(&self, window: &mut [Named]) {
        let Some(journal) = &self.journal else { return };
        let lines = window.iter().filter_map(|(_, result)| result.as_ref().ok()?.journal.as_ref());
        let Err(error) = journal.make_room(lines) else { return };
        for (_, result) in window {
            if result.as_ref().is_ok_and(|ready| ready.staged.is_some()) {
                *result = Err(error.clone());
            }
        }
    }

    /// Makes new names last.
    fn make_last(&self, directories: &BTreeMap<PathBuf, PathBuf>) -> Outcome<()> {
        if self.options.sync {
            for path in directories.values() {
                sync_directory(path).map_err(Stop::about(path.display().to_string()))?;
            }
        }
        Ok(())
    }

    /// Says in the journal what is done.
    fn note(&mut self, window: &[Named]) -> Outcome<()> {
        let Some(journal) = &mut self.journal else { return Ok(()) };
        let mut added = false;
        for done in window.iter().filter_map(|(_, result)| result.as_ref().ok()?.journal.clone()) {
            journal.add(done).map_err(Stop::about("journal"))?;
            added = true;
        }
        if added && self.options.sync { journal.sync().map_err(Stop::about("journal")) } else { Ok(()) }
    }

    fn judge(&self, error: &Error, report: &mut Report, verdict: &mut Verdict) {
        if error.scope() == Scope::Run || is_refusal_of_all(error) {
            verdict.exit = Exit::Stopped;
            report.because(error.code().as_str(), error.to_string());
            self.cancel.store(true, Ordering::Relaxed);
        } else if verdict.exit == Exit::Good {
            verdict.exit = Exit::Failed;
        }
        let failed = report.counts().failed;
        if failed >= self.options.max_failures {
            report.because("max-failures", format!("{failed} documents failed, and --max-failures allows no more"));
            self.cancel.store(true, Ordering::Relaxed);
        }
    }

    fn end(&self, verdict: Verdict, is_late: bool, report: &mut Report) -> Outcome {
        let is_interrupted = self.interrupted.load(Ordering::Relaxed);
        let exit = match &verdict.stop {
            Some(stop) => stop.exit(),
            None if is_interrupted || is_late => Exit::Interrupted,
            None => verdict.exit,
        };
        if verdict.stop.is_none() && exit == Exit::Interrupted {
            match is_interrupted {
                true => report.because(ErrorCode::Cancelled.as_str(), "interrupted by a signal"),
                false => report.because("until", "the time of --until has come"),
            }
            report.interrupted(self.journal.is_some());
        }
        report.passed_over(self.passed_over.sum());
        report.finish();
        match verdict.stop {
            Some(stop) => Err(stop),
            None => report.flush().map(|()| exit),
        }
    }
}

/// Whether no time-stamping service wants to serve this caller: the last one that was left has refused.
fn is_refusal_of_all(error: &Error) -> bool {
    let Error::Service(fault) = error else { return false };
    fault.role == Role::Timestamp && matches!(fault.code, ErrorCode::ServiceRefused | ErrorCode::TimestampRejected)
}

/// What ends services.
#[derive(Debug, Clone)]
pub(crate) struct Ends {
    pub(crate) in_order: Arc<AtomicBool>,
    pub(crate) at_once: Arc<AtomicBool>,
}

/// The watch over the clock.
struct Deadline {
    is_over: Arc<AtomicBool>,
    stop: Sender<()>,
    watch: JoinHandle<()>,
}

impl Deadline {
    /// Ends the watch; whether the time had come.
    fn stop(self) -> bool {
        drop(self.stop);
        let _ = self.watch.join();
        self.is_over.load(Ordering::Relaxed)
    }
}

struct Verdict {
    exit: Exit,
    stop: Option<Stop>,
    /// Inputs that came, and were not begun, or were given up on their way.
    not_begun: u64,
}

/// What a batch takes, and where it puts results that are ready together.
type Inputs<'a, T> = Box<dyn Iterator<Item = (u64, T)> + Send + 'a>;
type Sink<'a, R> = &'a mut dyn FnMut(usize, Vec<Result<R>>);

/// An input's name and its reference.
type Name = (String, Option<String>);
type Named = (Name, Result<Ready>);

/// The results of documents of which none climbs.
fn all_ready(made: Vec<Result<Made<'_>>>) -> Outcome<Vec<Result<Ready>>> {
    Ok(made.into_iter().map(|made| made?.ready()).collect())
}

/// Lets those that are ready together climb together, and makes results of them, in their order.
fn raise(climb: &Climb, made: Vec<Result<Made<'_>>>, jobs: usize, ends: &Ends) -> Outcome<Vec<Result<Ready>>> {
    let mut upgrades = Vec::new();
    let mut places = Vec::with_capacity(made.len());
    for made in made {
        places.push(match made {
            Ok(Made::Ready(ready)) => Place::Settled(Box::new(Ok(*ready))),
            Ok(Made::Climbing(upgrade, finish)) => {
                upgrades.push(*upgrade);
                Place::Climbing(finish)
            }
            Ok(Made::Later(_)) => Place::Settled(Box::new(Err(Error::Bug("a document was not waited for")))),
            Err(error) => Place::Settled(Box::new(Err(error))),
        });
    }
    if upgrades.is_empty() {
        return Ok(places.into_iter().map(|place| place.settle(None)).collect());
    }
    let mut climbed = climb.complete_all(upgrades, jobs, ends)?.into_iter();
    let places = places.into_iter().map(|place| {
        let climbed = if matches!(place, Place::Climbing(_)) { climbed.next() } else { None };
        (0, (place, climbed))
    });
    let places: Vec<_> = places.collect();
    let mut results = Vec::with_capacity(places.len());
    Batch::new(jobs, places.len()).run(
        places,
        |(place, climbed)| place.settle(climbed),
        |_, ready| results.push(ready),
    );
    Ok(results)
}

/// A document of a group: it has its result, or it is away.
enum Place<'a> {
    Settled(Box<Result<Ready>>),
    Climbing(Finish<'a>),
}

impl Place<'_> {
    fn settle(self, climbed: Option<Climbed>) -> Result<Ready> {
        match (self, climbed) {
            (Place::Settled(ready), _) => *ready,
            (Place::Climbing(finish), Some(climbed)) => finish(climbed),
            (Place::Climbing(_), None) => Err(Error::Bug("a document did not come back")),
        }
    }
}

/// Waits until states and results are on the disk. A result whose bytes may not last gets no name.
///
/// Several threads wait at once: a file system writes its journal once for all who wait, else once for each.
fn sync(window: &mut [Named]) {
    let share = window.len().div_ceil(SYNCING).max(1);
    std::thread::scope(|scope| {
        let mut parts = window.chunks_mut(share);
        let first = parts.next();
        parts.for_each(|part| drop(scope.spawn(|| sync_all(part))));
        first.map(sync_all);
    });
}

fn sync_all(window: &mut [Named]) {
    let mut directories = BTreeSet::new();
    for (_, result) in window {
        let Ok(ready) = result else { continue };
        let mut sync = || -> Result<()> {
            ready.states.iter().try_for_each(File::sync_all)?;
            for path in &ready.state_names {
                if directories.insert(path.parent().map(Path::to_owned)) {
                    sync_directory(path)?;
                }
            }
            ready.staged.as_ref().map_or(Ok(()), |(staged, _)| staged.sync())
        };
        if let Err(error) = sync() {
            *result = Err(error);
        }
    }
}

/// Gives results their names, and tells in which directories: a file of each stands for it.
fn commit(window: &mut [Named]) -> BTreeMap<PathBuf, PathBuf> {
    let mut directories = BTreeMap::new();
    for (_, result) in window {
        let Ok(ready) = result else { continue };
        let Some((staged, existing)) = ready.staged.take() else { continue };
        let target = staged.target().to_owned();
        // What the result was made from must still be there when it is replaced.
        let change = ready.change.take();
        let unchanged = change.as_ref().map_or(Ok(()), |change| change.held.check_unchanged(&change.identity));
        match unchanged.and_then(|()| staged.commit(existing)) {
            Ok(()) => drop(directories.insert(target.parent().unwrap_or(Path::new("")).to_owned(), target)),
            Err(error) => *result = Err(error),
        }
    }
    directories
}

fn print(name: &str, ready: Ready, report: &mut Report) -> Outcome<()> {
    ready.notes.iter().for_each(|note| report.remark(note));
    report.remarks(name, &ready.remarks);
    let counts = report.counts();
    if ready.line.is_skipped {
        counts.skipped += 1;
        counts.gone += u64::from(ready.line.is_gone);
    } else {
        counts.done += 1;
    }
    counts.bytes_in += ready.bytes_in;
    counts.bytes_out += ready.bytes_out;
    report.line(&ready.line.json, &ready.line.text)
}

/// How long what has begun may take after the run was ended.
pub(crate) const TO_THE_END: Duration = Duration::from_secs(30);
const AT_ONCE: Duration = Duration::from_secs(2);
const LOOK_AT_CLOCK: Duration = Duration::from_millis(500);
// Few enough that a window of open files fits into what systems allow a process.
const WINDOW: usize = 64;
// Threads that wait for the disk.
const SYNCING: usize = 8;
// While services are waited for, more must be on its way to them.
const CLIMBING_WINDOW: usize = 256;
