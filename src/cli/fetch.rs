//! `eseal fetch`: what a machine without network asked for in a folder is answered on one that has it.

use eseal::service::Fetched;
use eseal::system::RunLock;
use eseal::{Scope, error};
use serde::Serialize;

use super::args::Fetch;
use super::asking::Asking;
use super::config::{Common, Run as Options};
use super::report::Report;
use super::run::Run;
use super::{Exit, Outcome, Stop};

/// A line of `fetch`.
#[derive(Debug, Serialize)]
struct Line<'a> {
    answer: &'a str,
    kind: &'static str,
}

/// `eseal fetch`.
pub(crate) fn run(args: &Fetch, common: &Common) -> Outcome {
    let run = Run::new(Options::plain());
    let services = Asking::new(&args.services, common)?.services(1, &common.limits, &run.ends_at_once())?;
    let about = || Stop::about(args.folder.display().to_string());
    std::fs::read_dir(&args.folder).map_err(|e| about()(e.into()))?;
    // Two at once would buy each time-stamp twice.
    let _lock = RunLock::of_folder(&args.folder).map_err(about())?;
    run.catch_interrupts(common)?;
    let fetched = services.fetch(&args.folder, &common.limits);
    let fetched = fetched.map_err(about())?;
    let mut report = Report::new(common);
    let mut exit = Exit::Good;
    for Fetched { name, role, result, .. } in &fetched {
        match result {
            Ok(()) => report.object(&Line { answer: name, kind: role.as_str() }, &format!("{name}  fetched"))?,
            Err(error::Error::Cancelled) => exit = Exit::Interrupted,
            Err(error) => {
                report.failure(name, None, error, None)?;
                exit = match (exit, error.scope()) {
                    (Exit::Good, Scope::Run) => Exit::Stopped,
                    (Exit::Good, _) => Exit::Failed,
                    (exit, _) => exit,
                };
            }
        }
    }
    report.flush()?;
    Ok(exit)
}
