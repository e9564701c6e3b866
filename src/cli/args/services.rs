//! Whom to ask and whom to believe on the way to a higher level.

use std::path::PathBuf;

use clap::Args;

/// The services that may be asked.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Services")]
pub(crate) struct Services {
    /// A time-stamping service; repeatable, the preferred one first. What it wants for authorisation stands in a table
    /// [[tsa]] of the configuration file, where several can be set up once and for all.
    #[arg(long, value_name = "URL")]
    pub(crate) tsa: Vec<String>,
    /// A host that may be asked although its address is private or loopback; repeatable.
    #[arg(long, value_name = "HOST[:PORT]")]
    pub(crate) allow_host: Vec<String>,
    /// Reach services through this HTTP proxy, but for those whose table [[tsa]] names another. It is the proxy then
    /// that looks up names, so that only addresses given as numbers can be held back.
    #[arg(long, value_name = "URL")]
    pub(crate) proxy: Option<String>,
    /// Wait so long for a whole answer [default: 20].
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) timeout: Option<u32>,
    /// Have so many requests out at once [default: 16].
    #[arg(long, value_name = "N")]
    pub(crate) requests: Option<usize>,
    /// Keep OCSP answers, revocation lists and issuers' certificates here between runs.
    #[arg(long, value_name = "DIR")]
    pub(crate) cache: Option<PathBuf>,
}

/// What is believed, and what is done where the level is not reached.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Services")]
pub(crate) struct Climb {
    #[command(flatten)]
    pub(crate) services: Services,
    /// Certificates that are trusted, such as roots; repeatable, a file may hold several. B-LT and B-LTA need them.
    #[arg(long, value_name = "FILE")]
    pub(crate) trust: Vec<PathBuf>,
    /// Take answers from the files of this folder, and ask nobody.
    #[arg(long, value_name = "DIR", conflicts_with_all = ["record", "cache"])]
    pub(crate) evidence: Option<PathBuf>,
    /// Keep each answer in this folder, for --evidence.
    #[arg(long, value_name = "DIR")]
    pub(crate) record: Option<PathBuf>,
    /// Where the level can't be reached, write the one that was.
    #[arg(long)]
    pub(crate) accept_lower: bool,
}
