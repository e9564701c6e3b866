//! The line of a signed document, and the journal of those that are done.

use std::path::{Path, PathBuf};
use std::time::Instant;

use eseal::batch::{Done, Journal};
use eseal::{Result, Signed};

use super::report::{printable, size};
use super::run::{Line, Ready};
use super::targets::{Target, Targets};
use super::{Outcome, Stop, args, lines};

/// What is told of a signed document besides what it says itself.
pub(crate) struct Facts<'a> {
    pub(crate) input: String,
    /// The data files of a container that was named itself.
    pub(crate) files: Option<Vec<String>>,
    pub(crate) reference: Option<String>,
    pub(crate) target: &'a Target,
    pub(crate) started: Instant,
}

impl Facts<'_> {
    /// Fills in the line and the journal's, after the result was made ready.
    pub(crate) fn tell(self, signed: &Signed, ready: &mut Ready) -> Result<()> {
        let line = lines::Signed {
            id: signed.id().to_owned(),
            output: self.target.name(),
            level: signed.level().as_str(),
            bytes: ready.bytes_out,
            source_sha256: signed.source_sha256()?.map(|digest| digest.to_hex()),
            signer: signed.certificate()?.into(),
            signing_time: signed.signing_time().to_string(),
            timestamps: Vec::new(),
            revocation: Vec::new(),
            seconds: self.started.elapsed().as_secs_f64(),
            files: self.files,
            input: self.input,
            reference: self.reference,
        };
        let (input, output) = (printable(&line.input), printable(&line.output));
        let text = format!("{input}  signed  {}  {output}  {}", line.level, size(line.bytes));
        ready.line = Line { json: lines::json(&line)?, text, is_skipped: false };
        ready.journal = Some(Done::new(line.input, line.output, Some(line.id)));
        Ok(())
    }
}

/// Where the journal of a run is: where `--journal` says, else among the results.
pub(crate) fn journal_path(args: &args::Resume, targets: &Targets) -> Outcome<Option<PathBuf>> {
    let path = args.journal.clone().or_else(|| targets.out().map(|out| out.join(JOURNAL)));
    if args.resume && path.is_none() {
        return Err(Stop::Usage("--resume needs the journal of the earlier run: --out DIR or --journal FILE".into()));
    }
    Ok(path)
}

/// The journal of the run that is taken up; none where no run has begun.
pub(crate) fn earlier(args: &args::Resume, path: Option<&Path>) -> Outcome<Option<Journal>> {
    match path.filter(|path| args.resume && path.exists()) {
        Some(path) => Journal::open(path).map(Some).map_err(Stop::about(path.display().to_string())),
        None => Ok(None),
    }
}

/// The journal of this run: the earlier one goes on with `--resume`, else it begins anew.
pub(crate) fn begin(args: &args::Resume, path: Option<&Path>) -> Outcome<Option<Journal>> {
    let Some(path) = path else { return Ok(None) };
    let open = || -> Result<Journal> {
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let mut journal = Journal::open(path)?;
        if !args.resume {
            journal.restart()?;
        }
        Ok(journal)
    };
    open().map(Some).map_err(Stop::about(path.display().to_string()))
}

/// Why a document is left out: see `--resume`.
pub(crate) const DONE_BEFORE: &str = "done before";
const JOURNAL: &str = ".eseal-run";
