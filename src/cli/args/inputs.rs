//! What is worked on, and what becomes of it.

use std::path::PathBuf;

use clap::Args;

/// What is worked on.
#[derive(Debug, Clone, Args)]
pub(crate) struct Inputs {
    /// Files, folders (all `*.pdf`, `*.asice`, `*.edoc` and other ASiC-E containers below them), or `-` for standard input.
    #[arg(value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Read names from a file, or from standard input with `-`; one a line.
    #[arg(long, value_name = "LIST", conflicts_with = "inputs")]
    pub(crate) files_from: Option<PathBuf>,
    /// Names in the list end with NUL instead of a line end.
    #[arg(long, short = '0', requires = "files_from")]
    pub(crate) null: bool,
    /// Results of files that are named one by one, such as in a list, keep the shape of folders below this one.
    #[arg(long, value_name = "DIR")]
    pub(crate) base: Option<PathBuf>,
    /// Of the inputs, do only those that failed by these lines of an earlier run with --json; `-` is standard input.
    ///
    /// Name the same inputs and the same place for results as before, so each result goes where it was to go.
    #[arg(long, value_name = "LINES")]
    pub(crate) failed_from: Option<PathBuf>,
    /// No input is wrong use (exit status 2) instead of nothing to do.
    #[arg(long)]
    pub(crate) require_input: bool,
    /// Take all files of a folder, whatever their names, but for the key and what runs leave there.
    #[arg(long)]
    pub(crate) all_files: bool,
    /// Follow links in a folder, as long as they stay in it; each file is taken once. What is named itself may be a link
    /// in any case.
    #[arg(long)]
    pub(crate) follow_links: bool,
}

/// Inputs with options of their own.
#[derive(Debug, Clone, Args)]
pub(crate) struct Manifest {
    /// Read one JSON object a line: input, output, field, reason, location, ref; `-` is standard input.
    #[arg(long, value_name = "LIST", conflicts_with_all = ["inputs", "files_from"])]
    pub(crate) manifest: Option<PathBuf>,
    /// An output of the manifest may be anywhere: also outside of --out, or else of the manifest's folder.
    #[arg(long)]
    pub(crate) allow_outside: bool,
}

/// What becomes of files that are no PDFs.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Containers")]
pub(crate) struct Containers {
    /// pdf, asice or edoc [default: a PDF stays one, an ASiC-E container of any name gets one more signature, everything
    /// else goes into an .asice of its own].
    #[arg(long, value_name = "FORMAT")]
    pub(crate) format: Option<String>,
    /// Put all inputs into one container; folders with all their files, under their names in the folder.
    #[arg(long, value_name = "NAME.asice", conflicts_with_all = ["manifest", "in_place"])]
    pub(crate) into: Option<PathBuf>,
    /// Put a container into a new one, instead of adding a signature to it.
    #[arg(long)]
    pub(crate) nest: bool,
    /// Read data files that are known by digest, one JSON object a line: name, digest, digest_algorithm, size,
    /// media_type; for --into, or for one container that does not hold them.
    #[arg(long, value_name = "LIST")]
    pub(crate) digests: Option<PathBuf>,
    /// A data file that is known by digest, as such an object; repeatable.
    #[arg(long, value_name = "JSON")]
    pub(crate) data_file: Vec<String>,
    /// Say what a data file is, such as `notes.txt=text/plain`; repeatable.
    #[arg(long, value_name = "NAME=TYPE")]
    pub(crate) media_type: Vec<String>,
}
