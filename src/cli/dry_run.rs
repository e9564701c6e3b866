//! `eseal seal --dry-run`: what would be done, where results would go, and how many time-stamps that takes.
//!
//! Documents are read, and prepared as if they were to be signed, so that each finds its fault as in the run itself.
//! The key is not used, nobody is asked, nothing is written.

use std::collections::BTreeSet;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use eseal::error::Misuse;
use eseal::{Level, Limits, Result};

use super::climb::Climb;
use super::containers::Containers;
use super::documents::{Opened, begins_with};
use super::inputs::{Item, Unusable};
use super::lines;
use super::past::{Before, DONE_BEFORE, Past, resume_changed};
use super::prepare::{ALREADY_SIGNED, skipped};
use super::report::{Report, printable};
use super::run::{Line, Ready};
use super::signing::Signing;
use super::targets::{Target, Targets, collision};
use super::waiting::Stdin;

/// All that a run would know.
pub(crate) struct DryRun<'a> {
    pub(crate) signing: Signing,
    pub(crate) climb: Option<&'a Climb>,
    pub(crate) containers: Arc<Containers>,
    pub(crate) targets: Targets,
    pub(crate) past: Past,
    /// What an interrupted run has written counts.
    pub(crate) resume: bool,
    pub(crate) stdin: Stdin,
    pub(crate) limits: Limits,
    pub(crate) taken: Mutex<BTreeSet<PathBuf>>,
}

impl DryRun<'_> {
    /// What would become of one input.
    pub(crate) fn forecast(&self, item: Item) -> Result<Ready> {
        let input = item.map_err(|Unusable { error, .. }| *error)?;
        let mut ready = Ready::default();
        self.targets.check_place(&input)?;
        let nowhere = "a folder as input needs --out or --in-place";
        let target = self.targets.of(&input).ok_or_else(|| Misuse::new(nowhere))?;
        let before = self.past.of(&input, &target, None, &self.containers)?;
        if let Some(line) = self.past.settle(&before, &input.name(), input.own.reference.as_deref())? {
            return Ok(Ready { line, ..ready });
        }
        self.take(&target)?;
        let opened = Opened::input(&input, &self.stdin, &mut ready)?;
        if self.is_written(&target, &opened) {
            return Ok(Ready { line: skipped(&input, DONE_BEFORE)?, ..ready });
        }
        self.targets.check(&target).map_err(|error| self.past.obstacle(&before, error))?;
        let document = opened.document(&self.containers, self.signing.recovery, &self.limits)?;
        let is_ours = document.signed_last_by(self.signing.certificate())?;
        match before {
            Before::InPlace if is_ours => return Ok(Ready { line: skipped(&input, DONE_BEFORE)?, ..ready }),
            Before::InPlace if !self.targets.overwrite => return Err(resume_changed()),
            _ => {}
        }
        if self.signing.skip_signed && is_ours {
            return Ok(Ready { line: skipped(&input, ALREADY_SIGNED)?, ..ready });
        }
        let plan = self.signing.plan(&input.own);
        document.prepare(&plan, self.signing.moment(&input))?;
        let level = self.signing.level();
        let line = lines::WouldSeal {
            input: input.name(),
            output: target.name(),
            level: level.as_str(),
            timestamps: time_stamps(level),
            tsa: self.climb.and_then(|climb| climb.asking.preferred()).map(str::to_owned),
            reference: input.own.reference,
        };
        let (input, output) = (printable(&line.input), printable(&line.output));
        let text = format!("{input}  would be signed  {}  {output}  {} time-stamps", line.level, line.timestamps);
        ready.line = Line { json: lines::json(&line)?, text, ..Line::default() };
        Ok(ready)
    }

    /// The whole of it, in a sentence.
    pub(crate) fn close(&self, report: &mut Report) {
        let documents = report.counts().done;
        let stamps = documents.saturating_mul(time_stamps(self.signing.level()));
        report.note(&format!(
            "eseal: {documents} documents would be signed with {stamps} time-stamps; nothing was written"
        ));
    }

    fn is_written(&self, target: &Target, opened: &Opened) -> bool {
        let Target::File(path) = target else { return false };
        let check = || -> Result<bool> {
            let (result, _) = eseal::system::open(path)?;
            let document = eseal::Document::open(result.clone(), &self.limits)?;
            let source = opened.source().map_or(Ok(false), |source| begins_with(&result, source))?;
            Ok(source && document.signed_last_by(self.signing.certificate())?)
        };
        self.resume && path.is_file() && check().unwrap_or(false)
    }

    fn take(&self, target: &Target) -> Result<()> {
        let (Target::File(path) | Target::InPlace(path)) = target else { return Ok(()) };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.insert(path.clone()) { Ok(()) } else { Err(collision()) }
    }
}

/// How many a document takes on its way from the key to this level.
fn time_stamps(level: Level) -> u64 {
    match level {
        Level::Bb => 0,
        // The second is over all that proves the first.
        Level::Blta => 2,
        _ => 1,
    }
}
