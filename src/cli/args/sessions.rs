//! `eseal sessions`: what is typed about the store.

use std::path::PathBuf;

use clap::{ArgAction, Args, Subcommand};

/// `eseal sessions`.
#[derive(Debug, Args)]
pub(crate) struct Sessions {
    /// The store.
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) store: Option<PathBuf>,
    #[command(subcommand)]
    pub(crate) action: SessionsAction,
}

/// What to do with the store.
#[derive(Debug, Subcommand)]
pub(crate) enum SessionsAction {
    /// List the entries; with --json the lines of `prepare` once more.
    List {
        /// Only what still waits for its value.
        #[arg(long)]
        pending: bool,
    },
    /// Show entries in full.
    Show {
        /// The ids, or the digits they begin with.
        #[arg(required = true, value_name = "ID")]
        ids: Vec<String>,
    },
    /// Remove entries that were last changed too long ago, finished or not.
    Expire {
        /// How long ago: a number with s, m, h or d.
        #[arg(long, value_name = "AGE")]
        older_than: String,
    },
    /// Remove entries, finished or not.
    Purge {
        /// The ids.
        #[arg(value_name = "ID", required_unless_present = "all")]
        ids: Vec<String>,
        /// Remove all of them.
        #[arg(long, conflicts_with = "ids", action = ArgAction::SetTrue)]
        all: bool,
    },
}
