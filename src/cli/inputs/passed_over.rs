//! What searches of folders have left out: said at once, and counted for the summary of the run.

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use serde::Serialize;

use crate::cli::complain;
use crate::cli::report::printable;

/// What one search, or all of a run, left out.
#[derive(Debug, Clone, Default, Serialize)]
pub(crate) struct PassedOver {
    /// Links, of which some may lead to folders.
    pub(crate) links: u64,
    /// What is neither file nor folder: pipes, sockets, devices.
    pub(crate) special: u64,
    /// What belongs to the run: its key, passwords, settings, lists, results.
    pub(crate) own: u64,
    /// A link among them that leads to a folder.
    #[serde(skip)]
    pub(crate) folder: Option<PathBuf>,
    /// Files that have other names, too, and are not left out.
    #[serde(skip)]
    pub(crate) shared: u64,
    /// Each thing that was left out, in words.
    #[serde(skip)]
    pub(crate) named: Vec<String>,
}

/// What all searches of a run have left out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tally(Arc<Mutex<PassedOver>>);

impl Tally {
    /// Adds what the search of `root` has left out, and says it.
    pub(super) fn add(&self, root: &Path, found: PassedOver, follow: bool) {
        for named in &found.named {
            complain(&format!("eseal: {}", printable(named)));
        }
        for line in found.lines(follow) {
            complain(&format!("eseal: {}: {}", printable(&root.to_string_lossy()), printable(&line)));
        }
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.links += found.links;
        all.special += found.special;
        all.own += found.own;
    }

    /// The sum.
    pub(crate) fn sum(&self) -> PassedOver {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl PassedOver {
    fn lines(&self, follow: bool) -> Vec<String> {
        let mut lines = Vec::new();
        if self.links > 0 {
            let folder = self.folder.as_deref().map(Path::display);
            let folder =
                folder.map_or_else(String::new, |folder| format!(", such as {folder}, which leads to a folder"));
            let why = match follow {
                true => "they lead out of the folder",
                false => "--follow-links follows those that stay in the folder",
            };
            lines.push(format!("left out {}{folder}; {why}", number(self.links, "link")));
        }
        if self.special > 0 {
            let what = "neither files nor folders, but pipes, sockets or devices";
            lines.push(format!("left out {}: {what}", number(self.special, "name")));
        }
        if self.own > 0 {
            let what = if self.own == 1 { "belongs" } else { "belong" };
            let own = number(self.own, "file");
            lines.push(format!("left out {own} that {what} to this run: key, passwords, settings, lists, results"));
        }
        if self.shared > 0 {
            let shared = number(self.shared, "file");
            lines.push(format!(
                "{shared} with other names (hard links): what is done in place is seen under all of them"
            ));
        }
        lines
    }
}

fn number(count: u64, what: &str) -> String {
    if count == 1 { format!("1 {what}") } else { format!("{count} {what}s") }
}
