//! Which of the inputs are worked on: all, or those that failed; and whether there are any.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use eseal::json::read_line;
use eseal::{ErrorCode, Limits};
use serde::Deserialize;

use super::{Inputs, Item};
use crate::cli::list::List;
use crate::cli::report::Report;
use crate::cli::{Exit, Outcome, Stop, args};

/// What failed in an earlier run, by name and reference.
#[derive(Debug, Default)]
pub(crate) struct Failed(BTreeMap<(String, Option<String>), bool>);

/// As much of a run's line as is needed; of other keys there may be any.
#[derive(Deserialize)]
struct Line {
    input: String,
    #[serde(rename = "ref")]
    reference: Option<String>,
    error: Option<serde::de::IgnoredAny>,
}

impl Failed {
    /// The lines of a run with `--json`. Of several about one input the last counts.
    pub(crate) fn read(path: &Path, limits: &Limits, cancel: &Arc<AtomicBool>) -> Outcome<Failed> {
        let mut failed = Failed::default();
        for (n, line) in List::open(path, b'\n', limits, cancel)? {
            let about = || format!("{}, line {n}", path.display());
            let line = line.map_err(Stop::about(about()))?;
            let line: Line = read_line(&line, ErrorCode::InputMalformed).map_err(|fault| {
                let what = fault.mistake.map(|mistake| format!(": {mistake}")).unwrap_or_default();
                Stop::Usage(format!("--failed-from: {}: no line of a run with --json{what}", about()))
            })?;
            failed.0.insert((line.input, line.reference), line.error.is_some());
        }
        Ok(failed)
    }

    fn has(&self, item: &Item) -> bool {
        // All inputs are one result, and fail together.
        if item.as_ref().is_ok_and(|input| input.packed().is_some()) {
            return self.0.values().any(|failed| *failed);
        }
        let key = match item {
            Ok(input) => (input.name(), input.own.reference.clone()),
            Err(fault) => (fault.name.clone(), fault.reference.clone()),
        };
        self.0.get(&key).is_some_and(|failed| *failed)
    }
}

/// How many inputs there are, and whether there must be some.
#[derive(Debug)]
pub(crate) struct Came {
    count: Arc<AtomicU64>,
    /// Some are required.
    require: bool,
    of: &'static str,
}

impl Came {
    /// Keeps those inputs that are to be worked on, and counts them. Where none is among those that are known and some
    /// are required, nothing begins.
    pub(crate) fn select(
        inputs: Inputs,
        args: &args::Inputs,
        limits: &Limits,
        cancel: &Arc<AtomicBool>,
    ) -> Outcome<(Inputs, Came)> {
        let failed = args.failed_from.as_deref().map(|path| Failed::read(path, limits, cancel)).transpose()?;
        let of = if failed.is_some() { "none of the inputs failed" } else { "there is no input" };
        let is_kept = move |item: &Item| failed.as_ref().is_none_or(|failed| failed.has(item));
        let came = Came { count: Arc::default(), require: args.require_input, of };
        let count = Arc::clone(&came.count);
        let inputs = match inputs {
            Inputs::Known(items) => {
                let items: Vec<Item> = items.into_iter().filter(is_kept).collect();
                count.store(u64::try_from(items.len()).unwrap_or(u64::MAX), Ordering::Relaxed);
                if items.is_empty() && came.require {
                    return Err(Stop::Usage(came.text()));
                }
                Inputs::Known(items)
            }
            Inputs::Coming(items) => Inputs::Coming(Box::new(items.filter(is_kept).inspect(move |_| {
                count.fetch_add(1, Ordering::Relaxed);
            }))),
        };
        Ok((inputs, came))
    }

    /// Says so where none came.
    pub(crate) fn end(&self, exit: Exit, report: &mut Report) -> Exit {
        if exit != Exit::Good || self.count.load(Ordering::Relaxed) > 0 {
            return exit;
        }
        report.note(&format!("eseal: {}", self.text()));
        if self.require { Exit::Usage } else { exit }
    }

    fn text(&self) -> String {
        format!("nothing to do: {}", self.of)
    }
}

/// Refuses results that would go where a folder's documents are: their names are taken, and the folder of the results
/// is none that is searched.
pub(crate) fn check_out(inputs: &args::Inputs, out: Option<&Path>) -> Outcome<()> {
    let Some(out) = out.and_then(|out| fs::canonicalize(out).ok()) else { return Ok(()) };
    let is_out = |path: &&PathBuf| path.is_dir() && fs::canonicalize(path).is_ok_and(|path| path == out);
    match inputs.inputs.iter().find(is_out) {
        Some(path) => Err(Stop::Usage(format!(
            "--out is {} itself, the folder of the inputs: --in-place signs them where they are, another --out writes beside",
            path.display()
        ))),
        None => Ok(()),
    }
}
