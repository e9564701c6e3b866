//! Where results go, and how a run over many documents goes.

use std::path::PathBuf;

use clap::Args;

/// Where results go.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Results")]
pub(crate) struct Results {
    /// Write results here, under their inputs' names.
    #[arg(long, value_name = "DIR", conflicts_with = "in_place")]
    pub(crate) out: Option<PathBuf>,
    /// Change the inputs themselves; after a crash each is the old or the new file.
    #[arg(long)]
    pub(crate) in_place: bool,
    /// Replace existing results.
    #[arg(long)]
    pub(crate) overwrite: bool,
    /// Keep this account's key for the undo files of --in-place here [default: $XDG_STATE_HOME/eseal, else
    /// ~/.local/state/eseal].
    #[arg(long, value_name = "DIR")]
    pub(crate) state_dir: Option<PathBuf>,
}

/// How a run over many documents goes.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Run")]
pub(crate) struct Run {
    /// Work on so many documents at once [default: the number of processors].
    #[arg(long, value_name = "N")]
    pub(crate) jobs: Option<usize>,
    /// Memory for documents in flight, such as `512M`; each that is worked on may take `pdf-memory-bytes` of it.
    #[arg(long, value_name = "BYTES")]
    pub(crate) memory: Option<String>,
    /// Stop after so many failures.
    #[arg(long, value_name = "N")]
    pub(crate) max_failures: Option<u64>,
    /// Write to a file, as JSON, what the run came to: counts, times, reasons; however it ends.
    #[arg(long, value_name = "FILE")]
    pub(crate) summary: Option<PathBuf>,
    /// Begin nothing new after this time of the day, on the clock of this place (TZ); the next one that comes.
    ///
    /// The run then ends as with Ctrl-C: what has a time-stamp is finished, and --resume does the rest.
    #[arg(long, value_name = "HH:MM")]
    pub(crate) until: Option<String>,
    /// Warn when the signer's certificate, or one of its chain, ends within so many days [default: 30].
    #[arg(long, value_name = "DAYS")]
    pub(crate) warn_days: Option<u32>,
    /// Do not wait for the disk; for measuring only.
    #[arg(long)]
    pub(crate) no_sync: bool,
}

/// What was done already.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Run")]
pub(crate) struct Resume {
    /// Leave out what the journal of an earlier run says is done; a source that changed since is a failure, and signed
    /// anew with --overwrite.
    #[arg(long)]
    pub(crate) resume: bool,
    /// Do anew what is done by the journal, but has no result any more.
    #[arg(long, requires = "resume")]
    pub(crate) redo_missing: bool,
    /// Wait while another run works on the same folder of results or with the same journal.
    #[arg(long)]
    pub(crate) wait: bool,
    /// Keep the journal here [default: `.eseal-run` in --out].
    #[arg(long, value_name = "FILE")]
    pub(crate) journal: Option<PathBuf>,
}
