//! `eseal extend` and `eseal fetch`.

use std::path::PathBuf;

use clap::Args;

use super::{Climb, Inputs, Manifest, Moment, Results, Resume, Run, Services};

/// `eseal extend`.
#[derive(Debug, Args)]
pub(crate) struct Extend {
    #[command(flatten)]
    pub(crate) inputs: Inputs,
    #[command(flatten)]
    pub(crate) manifest: Manifest,
    /// The level to reach: b-t, b-lt or b-lta.
    #[arg(long, value_name = "LEVEL")]
    pub(crate) level: Option<String>,
    /// Add an archive time-stamp also to what is at the level.
    #[arg(long, conflicts_with = "renew_before")]
    pub(crate) renew: bool,
    /// The same, but only where the last time-stamp's certificate ends within this time: a number with s, m, h or d.
    #[arg(long, value_name = "AGE")]
    pub(crate) renew_before: Option<String>,
    /// Say what would be asked of whom, and how much would be added; send and write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Ask nobody, but write the open requests into this folder, for `eseal fetch` on another machine.
    ///
    /// The same call again takes the answers from there and writes what is to be asked next. B-LTA takes three rounds.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["dry_run", "record", "cache"])]
    pub(crate) ask: Option<PathBuf>,
    /// Certificates that may be issuers, so that they need not be fetched; repeatable, a file may hold several.
    #[arg(long, value_name = "FILE")]
    pub(crate) chain: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) climb: Climb,
    #[command(flatten)]
    pub(crate) results: Results,
    #[command(flatten)]
    pub(crate) resume: Resume,
    #[command(flatten)]
    pub(crate) run: Run,
    #[command(flatten)]
    pub(crate) moment: Moment,
}

/// `eseal fetch`.
#[derive(Debug, Args)]
pub(crate) struct Fetch {
    /// The folder that `extend --ask` wrote requests into; the answers go there, too.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
    #[command(flatten)]
    pub(crate) services: Services,
}
