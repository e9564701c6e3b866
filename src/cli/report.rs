//! What is printed: results on standard output, complaints and progress on standard error.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use eseal::{Error, Level};
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use serde::Serialize;

use super::config::Common;
use super::inputs::PassedOver;
use super::ledger::{Ledger, Note};
use super::lines::{Failure, Fault};
use super::progress::Progress;
pub(crate) use super::visible::printable;
use super::visible::printable_lines;
use super::{Outcome, Stop, complain, lines, signed};

/// Prints the lines of a run and counts them.
pub(crate) struct Report {
    json: bool,
    quiet: bool,
    verbose: bool,
    out: Box<dyn Write>,
    bar: Option<(ProgressBar, Arc<Progress>)>,
    started: Instant,
    counts: Counts,
    /// That it ended before its time, and whether it can be taken up.
    interrupted: Option<bool>,
    ledger: Arc<Ledger>,
}

/// What a run has done so far.
#[derive(Debug, Clone, Default)]
pub(crate) struct Counts {
    pub(crate) done: u64,
    pub(crate) skipped: u64,
    /// Of those that were skipped, how many had a result that is gone.
    pub(crate) gone: u64,
    pub(crate) failed: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    /// Remarks about earlier signatures.
    pub(crate) remarks: u64,
    pub(crate) errors: BTreeMap<&'static str, u64>,
}

impl Report {
    /// A report on standard output.
    pub(crate) fn new(common: &Common) -> Self {
        Report::to(common, Box::new(io::BufWriter::new(io::stdout())))
    }

    /// A report on standard error, because standard output carries a document.
    pub(crate) fn aside(common: &Common) -> Self {
        Report::to(common, Box::new(io::stderr()))
    }

    fn to(common: &Common, out: Box<dyn Write>) -> Self {
        Report {
            json: common.json,
            quiet: common.quiet,
            verbose: common.verbose,
            out,
            bar: None,
            started: now(),
            counts: Counts::default(),
            interrupted: None,
            ledger: Arc::clone(&common.ledger),
        }
    }

    /// Shows a bar for `total` documents, when somebody is watching.
    pub(crate) fn expect(&mut self, total: u64) {
        self.ledger.expect(total);
        let watched = io::stderr().is_terminal() && !self.quiet && total > 1;
        let plain = super::secrets::is_set("NO_COLOR");
        let template = if plain { PLAIN_BAR } else { BAR };
        if let (true, Ok(style)) = (watched, ProgressStyle::with_template(template)) {
            let progress = Progress::new(&self.ledger, now());
            let says = Arc::clone(&progress);
            let style = style.with_key("says", move |state: &ProgressState, out: &mut dyn std::fmt::Write| {
                let left = state.len().unwrap_or_default().saturating_sub(state.pos());
                let _ = out.write_str(&says.text(now(), left));
            });
            let bar = ProgressBar::new(total).with_style(style);
            // Also while a service is waited for: then nothing else would draw it.
            bar.enable_steady_tick(TICK);
            self.bar = Some((bar, progress));
        }
    }

    pub(crate) fn counts(&mut self) -> &mut Counts {
        &mut self.counts
    }

    /// One result: an object with `--json`, else the text.
    pub(crate) fn line(&mut self, json: &str, text: &str) -> Outcome<()> {
        match (self.json, self.quiet) {
            (_, true) => Ok(()),
            (true, false) => self.print(&self.ledger.stamped(json)),
            (false, false) => self.print(&printable_lines(text)),
        }
    }

    /// As [`Report::line`], for what is no text yet.
    pub(crate) fn object(&mut self, object: &impl Serialize, text: &str) -> Outcome<()> {
        let json = lines::json(object).map_err(Stop::about(""))?;
        self.line(&json, text)
    }

    /// One failure: an object with `--json`, and a complaint in any case.
    ///
    /// `reached` is the level that a document on its way to another one has.
    pub(crate) fn failure(
        &mut self,
        input: &str,
        reference: Option<&str>,
        error: &Error,
        reached: Option<Level>,
    ) -> Outcome<()> {
        self.counts.failed += 1;
        *self.counts.errors.entry(error.code().as_str()).or_default() += 1;
        if self.json {
            let line = Failure { input, error: Fault::from(error), reached: reached.map(Level::as_str), reference };
            let json = lines::json(&line).map_err(Stop::about(""))?;
            return self.print(&self.ledger.stamped(&json));
        }
        let reached = reached.map_or_else(String::new, |level| format!(", {level} was reached"));
        self.note(&format!("eseal: {}: {error} [{}]{reached}", printable(input), error.code()));
        Ok(())
    }

    /// A complaint or a remark.
    pub(crate) fn note(&mut self, text: &str) {
        match &self.bar {
            Some((bar, _)) => bar.suspend(|| complain(text)),
            None => complain(text),
        }
    }

    /// A remark that the summary counts.
    pub(crate) fn remark(&mut self, note: &Note) {
        self.ledger.remarked(note.kind);
        self.note(&note.text);
    }

    /// What searches of folders left out.
    pub(crate) fn passed_over(&mut self, passed_over: PassedOver) {
        self.ledger.passed_over(passed_over);
    }

    /// Says why the run ends.
    pub(crate) fn because(&mut self, code: &'static str, text: impl Into<String>) {
        self.ledger.because(code, text);
    }

    /// The run ended before its time; whether it can be taken up with `--resume`.
    pub(crate) fn interrupted(&mut self, is_resumable: bool) {
        self.interrupted = Some(is_resumable);
    }

    /// How many inputs were not begun, where that is known; `not_begun` of those that came, if all of them did.
    pub(crate) fn left(&self, not_begun: Option<u64>) -> Option<u64> {
        self.ledger.count(&self.counts);
        not_begun.into_iter().for_each(|count| self.ledger.all_came(count));
        self.ledger.not_begun()
    }

    /// What is said with `--verbose` only.
    pub(crate) fn detail(&mut self, text: &str) {
        if self.verbose {
            self.note(text);
        }
    }

    /// What is odd about a document that is done.
    pub(crate) fn remarks(&mut self, input: &str, remarks: &[String]) {
        for remark in remarks {
            self.counts.remarks += 1;
            let is_earlier = remark.starts_with(signed::EARLIER_SIGNATURE);
            self.ledger.remarked(if is_earlier { "earlier-signature" } else { "document" });
            self.detail(&format!("eseal: {}: {remark}", printable(input)));
        }
    }

    /// So many documents are through.
    pub(crate) fn advance(&mut self, documents: u64) -> Outcome<()> {
        self.ledger.count(&self.counts);
        self.say_remarks();
        if let Some((bar, progress)) = &self.bar {
            let failed = self.counts.failed;
            progress.note(now(), self.counts.done.saturating_add(failed), failed);
            bar.inc(documents);
        }
        self.flush()
    }

    /// Prints the remarks that came up where nothing can be printed.
    pub(crate) fn say_remarks(&mut self) {
        for note in self.ledger.take_later() {
            self.remark(&note);
        }
    }

    /// Everything that was printed is on its way to the reader.
    pub(crate) fn flush(&mut self) -> Outcome<()> {
        self.out.flush().map_err(gone)
    }

    /// The closing line.
    pub(crate) fn finish(&mut self) {
        if let Some((bar, _)) = self.bar.take() {
            bar.finish_and_clear();
        }
        if self.counts.gone > 0 {
            let text = format!(
                "eseal: {} results that were made before are gone: moved away, or lost; --redo-missing makes them anew",
                self.counts.gone
            );
            self.remark(&Note::new("gone", text));
        }
        self.say_remarks();
        self.ledger.count(&self.counts);
        let ended = self.interrupted.map(|is_resumable| {
            let left = self.ledger.not_begun().map_or("the rest".to_owned(), |count| count.to_string());
            let how = if is_resumable { " with --resume" } else { "" };
            format!("interrupted, {left} not begun, run again{how}")
        });
        match ended {
            Some(ended) if self.quiet || self.json => complain(&format!("eseal: {ended}")),
            Some(ended) => complain(&format!("{ended}: {}", closing(&self.counts, self.started.elapsed()))),
            None if self.quiet || self.json => {}
            None => complain(&closing(&self.counts, self.started.elapsed())),
        }
    }

    fn print(&mut self, line: &str) -> Outcome<()> {
        let out = &mut self.out;
        let mut print = || writeln!(out, "{line}");
        match &self.bar {
            Some((bar, _)) => bar.suspend(print),
            None => print(),
        }
        .map_err(gone)
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        self.ledger.count(&self.counts);
    }
}

/// The moment now, to measure how long something takes.
pub(crate) fn now() -> Instant {
    #[expect(clippy::disallowed_methods, reason = "only what is reported as duration depends on it")]
    Instant::now()
}

/// The time now, to tell how old files are.
pub(crate) fn wall_clock() -> SystemTime {
    #[expect(clippy::disallowed_methods, reason = "what is compared is how old files are now")]
    SystemTime::now()
}

/// A size as people read it.
pub(crate) fn size(bytes: u64) -> String {
    match bytes {
        0..10_000 => format!("{bytes} bytes"),
        10_000..10_000_000 => format!("{} KB", bytes / 1_000),
        _ => format!("{} MB", bytes / 1_000_000),
    }
}

fn closing(counts: &Counts, took: Duration) -> String {
    let all = counts.done + counts.failed;
    let mut line = format!("{} done", counts.done);
    for (count, what) in [(counts.skipped, "left out"), (counts.failed, "failed"), (counts.remarks, "remarks")] {
        if count > 0 {
            line.push_str(&format!(", {count} {what}"));
        }
    }
    // Counts are far below the 53 bits that a double takes exactly.
    let rate = f64::from(u32::try_from(all).unwrap_or(u32::MAX)) / took.as_secs_f64().max(1e-9);
    format!("{line}, {}, {took:.2?}, {rate:.0} documents/s", size(counts.bytes_in))
}

fn gone(error: io::Error) -> Stop {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Stop::ReaderGone,
        _ => Stop::Error("standard output".into(), error.into()),
    }
}

/// The kind of remarks about earlier signatures that are not sound.
const BAR: &str = "{bar:30.cyan} {pos}/{len}  {elapsed}  {says}";
const PLAIN_BAR: &str = "{bar:30} {pos}/{len}  {elapsed}  {says}";
const TICK: Duration = Duration::from_secs(1);
