//! `eseal restore`: puts back what a run that crashed has changed in place.

use std::path::{Path, PathBuf};

use eseal::Result;
use eseal::system::{UndoKey, held_at_once};

use super::args::Restore;
use super::changing::hold;
use super::config::{self, Common};
use super::report::{Report, now, printable};
use super::run::{Line, Ready, Run, Task};
use super::{Outcome, Stop, lines};

/// `eseal restore`.
pub(crate) fn run(args: &Restore, common: &Common) -> Outcome {
    let state = config::state_dir(args.state_dir.as_deref());
    // What is accepted by name needs no key.
    let key = match &state {
        Some(state) => UndoKey::find(state).map_err(Stop::about(state.display().to_string()))?,
        None => None,
    };
    let mut run = Run::new(config::Run { jobs: held_at_once().min(config::Run::plain().jobs), ..config::Run::plain() });
    run.holds = true;
    run.catch_interrupts(common)?;
    let cancel = run.cancel.clone();
    let task = |path: &PathBuf| {
        let name = path.to_string_lossy().into_owned();
        Task { name, reference: None, need: 0, input: path.clone() }
    };
    let work = |path: PathBuf| {
        let held = hold(&path, now(), &cancel)?;
        let mut ready = Ready::default();
        let Some(undo) = held.undo_file(key.as_ref())? else {
            ready.line = nothing(&path)?;
            return Ok(ready);
        };
        let is_ours = undo.is_ours();
        let (found, restored) = held.versions(&undo)?;
        let line = lines::Restored {
            input: path.to_string_lossy().into_owned(),
            own: is_ours,
            changed: false,
            found_bytes: found.bytes,
            found_sha256: found.sha256.to_hex(),
            bytes: restored.as_ref().unwrap_or(&found).bytes,
            sha256: restored.as_ref().unwrap_or(&found).sha256.to_hex(),
        };
        if !is_ours && !args.accept {
            if restored.is_some() {
                super::complain(&versions(&line));
            }
            undo.check_ours()?;
        }
        let changed = held.take_back(undo)?;
        if !is_ours {
            ready.notes.push(versions(&line));
        }
        let line = lines::Restored { changed, ..line };
        let what = if changed { "restored" } else { "as it was" };
        let text = format!("{}  {what}  SHA-256 {}", printable(&line.input), line.sha256);
        ready.line = Line { json: lines::json(&line)?, text, ..Line::default() };
        Ok(ready)
    };
    run.over(args.files.iter().map(task), work, &mut Report::new(common))
}

/// The line of a document beside which nothing waits.
fn nothing(path: &Path) -> Result<Line> {
    let line = lines::Skipped {
        input: path.to_string_lossy().into_owned(),
        skipped: "nothing to restore",
        output: None,
        reference: None,
    };
    let text = format!("{}  left out  {}", printable(&line.input), line.skipped);
    Ok(Line { json: lines::json(&line)?, text, is_skipped: true, ..Line::default() })
}

/// What the document is, and what it would become, for whoever has to decide.
fn versions(line: &lines::Restored) -> String {
    format!(
        "eseal: {}: as it is: {} bytes, SHA-256 {}; by the undo file: {} bytes, SHA-256 {}",
        printable(&line.input),
        line.found_bytes,
        line.found_sha256,
        line.bytes,
        line.sha256
    )
}
