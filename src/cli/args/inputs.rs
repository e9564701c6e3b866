//! What is worked on.

use std::path::PathBuf;

use clap::Args;

/// What is worked on.
#[derive(Debug, Clone, Args)]
pub(crate) struct Inputs {
    /// Files, folders (all `*.pdf` below them), or `-` for standard input.
    #[arg(value_name = "INPUT")]
    pub(crate) inputs: Vec<PathBuf>,
    /// Read names from a file, or from standard input with `-`; one a line.
    #[arg(long, value_name = "LIST", conflicts_with = "inputs")]
    pub(crate) files_from: Option<PathBuf>,
    /// Names in the list end with NUL instead of a line end.
    #[arg(long, short = '0', requires = "files_from")]
    pub(crate) null: bool,
}

/// Inputs with options of their own.
#[derive(Debug, Clone, Args)]
pub(crate) struct Manifest {
    /// Read one JSON object a line: input, output, field, reason, location, ref; `-` is standard input.
    #[arg(long, value_name = "LIST", conflicts_with_all = ["inputs", "files_from"])]
    pub(crate) manifest: Option<PathBuf>,
}
