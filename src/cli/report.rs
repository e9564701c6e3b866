//! What is printed: results on standard output, complaints and progress on standard error.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant, SystemTime};

use eseal::{Error, Level};
use indicatif::{ProgressBar, ProgressStyle};
use serde::Serialize;

use super::config::Common;
use super::inputs::PassedOver;
use super::lines::{Failure, Fault, RunSummary};
pub(crate) use super::visible::printable;
use super::visible::printable_lines;
use super::{Exit, Outcome, Stop, complain, lines};

/// Prints the lines of a run and counts them.
pub(crate) struct Report {
    json: bool,
    quiet: bool,
    verbose: bool,
    out: Box<dyn Write>,
    bar: Option<ProgressBar>,
    started: Instant,
    counts: Counts,
}

/// What a run has done so far.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    pub(crate) done: u64,
    pub(crate) skipped: u64,
    /// Of those that were skipped, how many had a result that is gone.
    pub(crate) gone: u64,
    pub(crate) failed: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    remarks: BTreeMap<&'static str, u64>,
    errors: BTreeMap<&'static str, u64>,
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
        }
    }

    /// Shows a bar for `total` documents, when somebody is watching.
    pub(crate) fn expect(&mut self, total: u64) {
        let watched = io::stderr().is_terminal() && !self.quiet && total > 1;
        let plain = super::secrets::is_set("NO_COLOR");
        let template = if plain { PLAIN_BAR } else { BAR };
        if let (true, Ok(style)) = (watched, ProgressStyle::with_template(template)) {
            self.bar = Some(ProgressBar::new(total).with_style(style));
        }
    }

    pub(crate) fn counts(&mut self) -> &mut Counts {
        &mut self.counts
    }

    /// One result: an object with `--json`, else the text.
    pub(crate) fn line(&mut self, json: &str, text: &str) -> Outcome<()> {
        match (self.json, self.quiet) {
            (true, _) => self.print(json),
            (false, true) => Ok(()),
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
            return self.object(&line, "");
        }
        let reached = reached.map_or_else(String::new, |level| format!(", {level} was reached"));
        self.note(&format!("eseal: {}: {error} [{}]{reached}", printable(input), error.code()));
        Ok(())
    }

    /// A complaint or a remark.
    pub(crate) fn note(&mut self, text: &str) {
        match &self.bar {
            Some(bar) => bar.suspend(|| complain(text)),
            None => complain(text),
        }
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
            *self.counts.remarks.entry(EARLIER_SIGNATURE).or_default() += 1;
            self.detail(&format!("eseal: {}: {remark}", printable(input)));
        }
    }

    /// So many documents are through.
    pub(crate) fn advance(&mut self, documents: u64) -> Outcome<()> {
        if let Some(bar) = &self.bar {
            bar.inc(documents);
        }
        self.flush()
    }

    /// Everything that was printed is on its way to the reader.
    pub(crate) fn flush(&mut self) -> Outcome<()> {
        self.out.flush().map_err(gone)
    }

    /// The closing line, and what `--summary` wants.
    pub(crate) fn finish(&mut self, exit: Exit, passed_over: PassedOver) -> RunSummary {
        if let Some(bar) = self.bar.take() {
            bar.finish_and_clear();
        }
        let seconds = self.started.elapsed().as_secs_f64();
        let counts = &mut self.counts;
        let summary = RunSummary {
            done: counts.done,
            skipped: counts.skipped,
            gone: counts.gone,
            failed: counts.failed,
            bytes_in: counts.bytes_in,
            bytes_out: counts.bytes_out,
            seconds,
            exit: exit.status(),
            remarks: std::mem::take(&mut counts.remarks),
            errors: std::mem::take(&mut counts.errors),
            passed_over,
        };
        if summary.gone > 0 {
            complain(&format!(
                "eseal: {} results that were made before are gone: moved away, or lost; --redo-missing makes them anew",
                summary.gone
            ));
        }
        if !self.quiet && !self.json {
            complain(&closing(&summary));
        }
        summary
    }

    fn print(&mut self, line: &str) -> Outcome<()> {
        let out = &mut self.out;
        let mut print = || writeln!(out, "{line}");
        match &self.bar {
            Some(bar) => bar.suspend(print),
            None => print(),
        }
        .map_err(gone)
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

fn closing(summary: &RunSummary) -> String {
    let all = summary.done + summary.failed;
    let took = Duration::from_secs_f64(summary.seconds);
    let remarks = summary.remarks.values().sum();
    let mut line = format!("{} done", summary.done);
    for (count, what) in [(summary.skipped, "left out"), (summary.failed, "failed"), (remarks, "remarks")] {
        if count > 0 {
            line.push_str(&format!(", {count} {what}"));
        }
    }
    // Counts are far below the 53 bits that a double takes exactly.
    let rate = f64::from(u32::try_from(all).unwrap_or(u32::MAX)) / summary.seconds.max(1e-9);
    format!("{line}, {}, {took:.2?}, {rate:.0} documents/s", size(summary.bytes_in))
}

fn gone(error: io::Error) -> Stop {
    match error.kind() {
        io::ErrorKind::BrokenPipe => Stop::ReaderGone,
        _ => Stop::Error("standard output".into(), error.into()),
    }
}

/// The kind of remarks about earlier signatures that are not sound.
const EARLIER_SIGNATURE: &str = "earlier-signature";
const BAR: &str = "{bar:30.cyan} {pos}/{len}  {per_sec}  {eta} left";
const PLAIN_BAR: &str = "{bar:30} {pos}/{len}  {per_sec}  {eta} left";
