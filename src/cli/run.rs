//! A run over many documents: workers make results ready, here they get their names and are reported.
//!
//! Results that are ready together are one window: their files are synced, then renamed, then their directories
//! are synced, then the journal, then their lines are printed.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use eseal::batch::{Batch, Done, Journal};
use eseal::system::{Existing, Staged, sync_directory};
use eseal::{Error, ErrorCode, Result, Scope};

use super::config;
use super::report::Report;
use super::{Exit, Outcome, Stop};

/// What a worker has made ready.
#[derive(Debug, Default)]
pub(crate) struct Ready {
    /// States that must last before anything else happens.
    pub(crate) states: Vec<File>,
    /// Paths whose directories hold their names.
    pub(crate) state_names: Vec<PathBuf>,
    /// The result, complete but not under its name.
    pub(crate) staged: Option<(Staged, Existing)>,
    /// For the journal, once the result has its name.
    pub(crate) journal: Option<Done>,
    pub(crate) line: Line,
    /// Remarks for people.
    pub(crate) notes: Vec<String>,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
}

/// What is printed for one document.
#[derive(Debug, Default)]
pub(crate) struct Line {
    pub(crate) json: String,
    pub(crate) text: String,
    /// Nothing was done, because nothing was to do.
    pub(crate) is_skipped: bool,
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
    interrupted: Arc<AtomicBool>,
    pub(crate) journal: Option<Journal>,
}

impl Run {
    pub(crate) fn new(options: config::Run) -> Run {
        Run { options, cancel: Arc::default(), interrupted: Arc::default(), journal: None }
    }

    /// From here on Ctrl-C ends the run in order. Before, and while a password is typed, it ends the process.
    pub(crate) fn catch_interrupts(&self) -> Outcome<()> {
        let (cancel, interrupted) = (Arc::clone(&self.cancel), Arc::clone(&self.interrupted));
        let set = ctrlc::set_handler(move || {
            interrupted.store(true, Ordering::Relaxed);
            cancel.store(true, Ordering::Relaxed);
        });
        set.map_err(|e| Stop::Error("signal handler".into(), std::io::Error::other(e).into()))
    }

    /// Works on all tasks, and says how it went.
    pub(crate) fn over<T: Send>(
        &mut self,
        tasks: impl Iterator<Item = Task<T>> + Send,
        work: impl Fn(T) -> Result<Ready> + Sync,
        report: &mut Report,
    ) -> Outcome {
        let names = Mutex::new(VecDeque::new());
        let tasks = tasks.map(|task| {
            names.lock().unwrap_or_else(PoisonError::into_inner).push_back((task.name, task.reference));
            (task.need, task.input)
        });
        let mut verdict = Verdict { exit: Exit::Good, stop: None };
        let cancel = Arc::clone(&self.cancel);
        let batch = Batch::new(self.options.jobs, WINDOW).memory_budget(self.options.memory).cancel_on(&cancel);
        batch.run_grouped(tasks, work, |_, results| {
            let window: Vec<_> = {
                let mut names = names.lock().unwrap_or_else(PoisonError::into_inner);
                results.into_iter().map(|result| (names.pop_front().unwrap_or_default(), result)).collect()
            };
            if verdict.stop.is_none()
                && let Err(stop) = self.window(window, report, &mut verdict)
            {
                verdict.stop = Some(stop);
                cancel.store(true, Ordering::Relaxed);
            }
        });
        self.end(verdict, report)
    }

    fn window(&mut self, mut window: Vec<Named>, report: &mut Report, verdict: &mut Verdict) -> Outcome<()> {
        let documents = u64::try_from(window.len()).unwrap_or(u64::MAX);
        if self.options.sync {
            sync(&mut window);
        }
        let directories = commit(&mut window);
        self.make_last(&directories, &window)?;
        for ((name, reference), result) in window {
            match result {
                Ok(ready) => print(ready, report)?,
                // Not begun, because the run ends: it is untouched, and that is all there is to say.
                Err(Error::Cancelled) => {}
                // The result itself went to standard output.
                Err(error) if error.code() == ErrorCode::IoReaderGone => return Err(Stop::ReaderGone),
                Err(error) => {
                    report.failure(&name, reference.as_deref(), &error)?;
                    self.judge(&error, report, verdict);
                }
            }
        }
        report.advance(documents)
    }

    /// Makes new names last, and says in the journal what is done.
    fn make_last(&mut self, directories: &BTreeMap<PathBuf, PathBuf>, window: &[Named]) -> Outcome<()> {
        if self.options.sync {
            for path in directories.values() {
                sync_directory(path).map_err(Stop::about(path.display().to_string()))?;
            }
        }
        let Some(journal) = &mut self.journal else { return Ok(()) };
        let mut added = false;
        for done in window.iter().filter_map(|(_, result)| result.as_ref().ok()?.journal.clone()) {
            journal.add(done).map_err(Stop::about("journal"))?;
            added = true;
        }
        if added && self.options.sync { journal.sync().map_err(Stop::about("journal")) } else { Ok(()) }
    }

    fn judge(&self, error: &Error, report: &mut Report, verdict: &mut Verdict) {
        if error.scope() == Scope::Run {
            verdict.exit = Exit::Stopped;
            self.cancel.store(true, Ordering::Relaxed);
        } else if verdict.exit == Exit::Good {
            verdict.exit = Exit::Failed;
        }
        if report.counts().failed >= self.options.max_failures {
            self.cancel.store(true, Ordering::Relaxed);
        }
    }

    fn end(&self, verdict: Verdict, report: &mut Report) -> Outcome {
        let exit = match &verdict.stop {
            Some(stop) => stop.exit(),
            None if self.interrupted.load(Ordering::Relaxed) => Exit::Interrupted,
            None => verdict.exit,
        };
        let summary = report.finish(exit);
        if let Some(path) = &self.options.summary {
            let fault = || Stop::about(path.display().to_string());
            let bytes = serde_json::to_vec(&summary).map_err(|e| fault()(std::io::Error::from(e).into()))?;
            let staged = Staged::write_bytes(&[&bytes[..], b"\n"].concat(), path, None).map_err(fault())?;
            staged.commit(Existing::Replace).map_err(fault())?;
        }
        match verdict.stop {
            Some(stop) => Err(stop),
            None => report.flush().map(|()| exit),
        }
    }
}

struct Verdict {
    exit: Exit,
    stop: Option<Stop>,
}

type Named = ((String, Option<String>), Result<Ready>);

/// Waits until states and results are on the disk. A result whose bytes may not last gets no name.
fn sync(window: &mut [Named]) {
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
        match staged.commit(existing) {
            Ok(()) => drop(directories.insert(target.parent().unwrap_or(Path::new("")).to_owned(), target)),
            Err(error) => *result = Err(error),
        }
    }
    directories
}

fn print(ready: Ready, report: &mut Report) -> Outcome<()> {
    for note in &ready.notes {
        report.note(note);
    }
    let counts = report.counts();
    if ready.line.is_skipped {
        counts.skipped += 1;
    } else {
        counts.done += 1;
    }
    counts.bytes_in += ready.bytes_in;
    counts.bytes_out += ready.bytes_out;
    report.line(&ready.line.json, &ready.line.text)
}

// Few enough that a window of open files fits into what systems allow a process.
const WINDOW: usize = 64;
