//! What a run comes to, from the moment its arguments are known: what each line carries, and what `--summary` writes.
//!
//! In: what verbs find out on their way. Out: the file of the summary, also after a bad night. Decided here: when a run
//! began, what it is called, and that its summary is written however it ends.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use eseal::service::Gauge;
use eseal::system::{Existing, OsEntropy, Staged, SystemClock};
use eseal::{Certificate, Clock, Digest, DigestAlgorithm, Entropy, Result, Time};

use super::inputs::PassedOver;
use super::report::{Counts, now, printable};
use super::signing::hex;
use super::{Exit, Outcome, Stop, args, complain, lines};

/// The run as it will be told.
pub(crate) struct Ledger {
    run: String,
    begun: Instant,
    begin: String,
    /// The time that was named in place of the clock's.
    fixed: Option<Time>,
    warn_days: u32,
    summary: Option<Summary>,
    inner: Mutex<Inner>,
}

#[derive(Default)]
struct Inner {
    counts: Counts,
    /// How many inputs there are, where that is known.
    total: Option<u64>,
    remarks: BTreeMap<&'static str, u64>,
    later: Vec<Note>,
    certificates: BTreeMap<Digest, lines::Ending>,
    gauge: Option<Gauge>,
    passed_over: PassedOver,
    reason: Option<Reason>,
    is_closed: bool,
}

/// Why a run ended as it did.
#[derive(Debug, Clone)]
pub(crate) struct Reason {
    pub(crate) code: &'static str,
    pub(crate) text: String,
}

/// A remark for people, and what kind it is of.
#[derive(Debug, Clone)]
pub(crate) struct Note {
    pub(crate) kind: &'static str,
    pub(crate) text: String,
}

impl Note {
    pub(crate) fn new(kind: &'static str, text: impl Into<String>) -> Note {
        Note { kind, text: text.into() }
    }
}

impl From<String> for Note {
    fn from(text: String) -> Self {
        Note::new("remark", text)
    }
}

/// Where the summary goes.
enum Summary {
    /// Written beside and renamed, so that whoever reads it sees one that is whole.
    Beside(PathBuf),
    /// What is no file, such as a pipe, takes the last one only.
    Into(PathBuf, Mutex<File>),
}

impl Ledger {
    /// Begins, and opens the file of the summary: one that can't be written is said before anything is done.
    pub(crate) fn open(verb: &args::Verb) -> Outcome<Arc<Ledger>> {
        let (run, moment) = (verb.run(), verb.moment());
        let named = moment.and_then(|moment| {
            Some((Time::parse_rfc3339(moment.time.as_deref()?).ok()?, hex(moment.nonce.as_deref()?)?))
        });
        let mut ledger = Ledger::begin(named, run.and_then(|run| run.warn_days).unwrap_or(WARN_DAYS));
        if let Some(path) = run.and_then(|run| run.summary.as_deref()) {
            ledger.summary = Some(Summary::open(path, verb.out()).map_err(about(path))?);
            // Whoever looks while it runs, or after it was killed, sees that it did not end.
            ledger.write(None, None).map_err(about(path))?;
        }
        Ok(Arc::new(ledger))
    }

    /// Writes the summary of a run whose settings could not be read.
    pub(crate) fn of_refused(path: &Path, stop: &Stop) {
        let ledger = Ledger { summary: Some(Summary::Beside(path.to_owned())), ..Ledger::begin(None, WARN_DAYS) };
        let reason = stop.reason();
        if let Err(error) = ledger.write(Some(stop.exit()), reason.as_ref()) {
            about(path)(error).say();
        }
    }

    fn begin(named: Option<(Time, [u8; 32])>, warn_days: u32) -> Ledger {
        let fixed = named.map(|(time, _)| time);
        let mut drawn = [0; 32];
        match &named {
            Some((_, nonce)) => drawn = *nonce,
            // What has no name of its own is told by its time.
            None => _ = OsEntropy.fill(&mut drawn),
        }
        let mut run = DigestAlgorithm::Sha256.digest(&[b"eseal-run", &drawn[..]].concat()).to_hex();
        run.truncate(32);
        let begin = time(fixed);
        Ledger { run, begun: now(), begin, fixed, warn_days, summary: None, inner: Mutex::default() }
    }

    /// A line with what all lines carry: the time, and the run's id.
    pub(crate) fn stamped(&self, json: &str) -> String {
        let Some(body) = json.strip_suffix('}') else { return json.to_owned() };
        let comma = if body == "{" { "" } else { "," };
        format!("{body}{comma}\"time\":\"{}\",\"run\":\"{}\"}}", time(self.fixed), self.run)
    }

    /// What was counted so far.
    pub(crate) fn count(&self, counts: &Counts) {
        self.lock().counts = counts.clone();
    }

    /// So many inputs are to be done.
    pub(crate) fn expect(&self, total: u64) {
        self.lock().total = Some(total);
    }

    /// How many inputs were not begun, where that is known.
    pub(crate) fn not_begun(&self) -> Option<u64> {
        self.lock().not_begun()
    }

    /// No other inputs come: of those that were there, so many were not begun.
    pub(crate) fn all_came(&self, not_begun: u64) {
        let mut inner = self.lock();
        let counts = &inner.counts;
        let all = [counts.done, counts.skipped, counts.failed, not_begun].into_iter().fold(0, u64::saturating_add);
        inner.total.get_or_insert(all);
    }

    /// Whether the summary was written.
    pub(crate) fn is_closed(&self) -> bool {
        self.lock().is_closed
    }

    /// A remark of this kind was made.
    pub(crate) fn remarked(&self, kind: &'static str) {
        let mut inner = self.lock();
        let count = inner.remarks.entry(kind).or_default();
        *count = count.saturating_add(1);
    }

    /// Keeps a remark until somebody can print it.
    pub(crate) fn say_later(&self, note: Note) {
        self.lock().later.push(note);
    }

    /// What was to be printed.
    pub(crate) fn take_later(&self) -> Vec<Note> {
        std::mem::take(&mut self.lock().later)
    }

    /// Tells until when the certificates of a signer are good, and warns of those that end soon.
    pub(crate) fn certificates<'a>(&self, certificates: impl IntoIterator<Item = &'a Certificate>) {
        let now = self.fixed.or_else(|| SystemClock.now().ok());
        let mut inner = self.lock();
        for certificate in certificates {
            if inner.certificates.contains_key(&certificate.sha256()) {
                continue;
            }
            let end = certificate.not_after();
            let left = now.map_or(0, |now| end.as_unix().saturating_sub(now.as_unix()).div_euclid(DAY));
            if left <= i64::from(self.warn_days) {
                let ends = match left {
                    ..0 => "has ended".to_owned(),
                    0 => "ends today".to_owned(),
                    1 => "ends in a day".to_owned(),
                    days => format!("ends in {days} days"),
                };
                let subject = printable(certificate.subject());
                inner.later.push(Note::new("certificate-ending", format!("eseal: {subject}: it {ends}: {end}")));
            }
            let line = lines::Ending {
                subject: certificate.subject().to_owned(),
                not_after: end.to_string(),
                days_left: left,
            };
            inner.certificates.insert(certificate.sha256(), line);
        }
    }

    /// What searches of folders left out.
    pub(crate) fn passed_over(&self, passed_over: PassedOver) {
        self.lock().passed_over = passed_over;
    }

    /// Looks at these services from here on.
    pub(crate) fn watch(&self, gauge: Gauge) {
        self.lock().gauge = Some(gauge);
    }

    /// How many requests wait for whom.
    pub(crate) fn waiting(&self) -> Vec<(String, usize)> {
        let gauge = self.lock().gauge.clone();
        gauge.map(|gauge| gauge.waiting()).unwrap_or_default()
    }

    /// Says why the run ends; what was said first counts.
    pub(crate) fn because(&self, code: &'static str, text: impl Into<String>) {
        self.lock().reason.get_or_insert_with(|| Reason { code, text: text.into() });
    }

    /// Writes the summary, once. How the command ends, where that can't be done.
    pub(crate) fn close(&self, exit: Exit, stop: Option<&Stop>) -> Exit {
        if std::mem::replace(&mut self.lock().is_closed, true) {
            return exit;
        }
        for note in self.take_later() {
            complain(&note.text);
            self.remarked(note.kind);
        }
        let known = self.lock().reason.clone();
        let reason = stop.and_then(Stop::reason).or(known).or_else(|| self.plain_reason(exit));
        let Some(summary) = &self.summary else { return exit };
        match (self.write(Some(exit), reason.as_ref()), exit) {
            (Ok(()), _) => exit,
            (Err(error), exit) => {
                about(summary.path())(error).say();
                if exit == Exit::Good { Exit::Failed } else { exit }
            }
        }
    }

    fn plain_reason(&self, exit: Exit) -> Option<Reason> {
        let failed = self.lock().counts.failed;
        let (code, text) = match exit {
            Exit::Good => return None,
            Exit::Failed if failed == 1 => ("failures", "1 document failed".to_owned()),
            Exit::Failed if failed > 0 => ("failures", format!("{failed} documents failed")),
            Exit::Failed => ("failures", "not all was done".to_owned()),
            Exit::Usage => ("misuse", format!("{failed} inputs can't be done so, and nothing was done")),
            Exit::Stopped => ("stopped", "a reason that all documents share".to_owned()),
            Exit::Interrupted => ("cancelled", "interrupted".to_owned()),
        };
        Some(Reason { code, text })
    }

    fn write(&self, exit: Option<Exit>, reason: Option<&Reason>) -> Result<()> {
        let Some(summary) = &self.summary else { return Ok(()) };
        let mut line = serde_json::to_vec(&self.summary_line(exit, reason)).map_err(std::io::Error::from)?;
        line.push(b'\n');
        summary.write(&line, exit.is_some())
    }

    fn summary_line(&self, exit: Option<Exit>, reason: Option<&Reason>) -> lines::RunSummary {
        let inner = self.lock();
        let counts = &inner.counts;
        let stamps = inner.gauge.as_ref().map(Gauge::time_stamps).unwrap_or_default();
        lines::RunSummary {
            run: self.run.clone(),
            version: env!("CARGO_PKG_VERSION"),
            begin: self.begin.clone(),
            end: exit.map(|_| time(self.fixed)),
            done: counts.done,
            skipped: counts.skipped,
            gone: counts.gone,
            failed: counts.failed,
            not_begun: inner.not_begun().filter(|_| exit.is_some()),
            bytes_in: counts.bytes_in,
            bytes_out: counts.bytes_out,
            seconds: self.begun.elapsed().as_secs_f64(),
            exit: exit.map(Exit::status),
            reason: reason.map(|reason| reason.text.clone()),
            reason_code: reason.map(|reason| reason.code),
            errors: counts.errors.clone(),
            remarks: inner.remarks.clone(),
            timestamps: stamps.into_iter().filter(|(_, count)| *count > 0).collect(),
            certificates: inner.certificates.values().cloned().collect(),
            passed_over: inner.passed_over.clone(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn not_begun(&self) -> Option<u64> {
        let counts = [self.counts.done, self.counts.skipped, self.counts.failed];
        Some(counts.into_iter().fold(self.total?, u64::saturating_sub))
    }
}

impl Default for Ledger {
    /// Of a run that writes no summary.
    fn default() -> Self {
        Ledger::begin(None, WARN_DAYS)
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("run", &self.run).finish_non_exhaustive()
    }
}

impl Summary {
    fn open(path: &Path, out: Option<&Path>) -> Result<Summary> {
        if path.metadata().is_ok_and(|found| !found.is_file() && !found.is_dir()) {
            // For reading, too: so a pipe that nobody reads yet is no reason to wait.
            let file = File::options().read(true).write(true).open(path)?;
            return Ok(Summary::Into(path.to_owned(), Mutex::new(file)));
        }
        // The folder of the results need not be there yet.
        if let (Some(folder), Some(out)) = (path.parent(), out)
            && folder.starts_with(out)
        {
            std::fs::create_dir_all(folder)?;
        }
        Ok(Summary::Beside(path.to_owned()))
    }

    fn path(&self) -> &Path {
        match self {
            Summary::Beside(path) | Summary::Into(path, _) => path,
        }
    }

    fn write(&self, line: &[u8], is_last: bool) -> Result<()> {
        match self {
            Summary::Beside(path) => Staged::write_bytes(line, path, None)?.commit(Existing::Replace),
            Summary::Into(_, file) if is_last => {
                Ok(file.lock().unwrap_or_else(PoisonError::into_inner).write_all(line)?)
            }
            Summary::Into(..) => Ok(()),
        }
    }
}

/// The kinds of remarks that were printed already.
#[derive(Default)]
pub(crate) struct Once(Mutex<BTreeSet<String>>);

impl Once {
    /// Whether this was not said before.
    pub(crate) fn is_new(&self, what: &str) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(what.to_owned())
    }
}

fn about(path: &Path) -> impl FnOnce(eseal::Error) -> Stop {
    Stop::about(path.display().to_string())
}

fn time(fixed: Option<Time>) -> String {
    let now = || SystemClock.now().map_or_else(|_| "1970-01-01T00:00:00Z".to_owned(), |time| time.to_string());
    fixed.map_or_else(now, |time| time.to_string())
}

const WARN_DAYS: u32 = 30;
const DAY: i64 = 86_400;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_moment_gives_the_same_stamps_every_time() {
        let named = Some((Time::parse_rfc3339("2026-01-02T03:04:05Z").unwrap(), [7; 32]));
        let lines: Vec<String> = (0..2).map(|_| Ledger::begin(named, 30).stamped("{\"a\":1}")).collect();
        assert_eq!(lines[0], lines[1]);
        let line: serde_json::Value = serde_json::from_str(&lines[0]).unwrap();
        assert_eq!((&line["a"], &line["time"]), (&1.into(), &"2026-01-02T03:04:05Z".into()));
        assert_eq!(line["run"].as_str().unwrap().len(), 32);
        assert_ne!(Ledger::default().run, Ledger::default().run);
        assert!(serde_json::from_str::<serde_json::Value>(&Ledger::default().stamped("{}")).is_ok());
    }

    #[test]
    fn the_first_reason_counts_and_the_summary_is_written_once() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("summary");
        let summary = Some(Summary::open(&path, None).unwrap());
        let ledger = Ledger { summary, ..Ledger::default() };
        ledger.because("one", "first");
        ledger.because("two", "second");
        assert_eq!(ledger.close(Exit::Stopped, None), Exit::Stopped);
        ledger.close(Exit::Good, None);
        let written: serde_json::Value = serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap();
        assert_eq!((&written["reason_code"], &written["exit"]), (&"one".into(), &3.into()));
    }
}
