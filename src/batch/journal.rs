//! What a run has done, one JSON line a document, so that the next run does only the rest.

use std::collections::BTreeMap;
use std::fs::{File, OpenOptions};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::Result;

/// A file to which a line is added for each document, after its result has its name.
#[derive(Debug)]
pub struct Journal {
    file: File,
    done: BTreeMap<String, Done>,
}

/// A document that is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[non_exhaustive]
pub struct Done {
    /// The input's name as it was given.
    pub input: String,
    /// Where its result is.
    pub output: String,
    /// Its id, where it had one.
    pub id: Option<String>,
}

impl Done {
    /// A line of the journal.
    #[must_use]
    pub fn new(input: impl Into<String>, output: impl Into<String>, id: Option<String>) -> Self {
        Done { input: input.into(), output: output.into(), id }
    }
}

impl Journal {
    /// Opens the journal at `path`, or begins one.
    ///
    /// A last line that a crash has cut is dropped: its document is done again.
    ///
    /// # Errors
    /// What the system says; `io.other` when the file is no journal.
    pub fn open(path: &Path) -> Result<Self> {
        let file = OpenOptions::new().create(true).truncate(false).read(true).append(true).open(path)?;
        let mut done = BTreeMap::new();
        let mut complete = 0;
        let mut reader = BufReader::new(&file);
        let mut line = Vec::new();
        while (&mut reader).take(LINE_BYTES).read_until(b'\n', &mut line)? > 0 {
            let Some(text) = line.strip_suffix(b"\n") else { break };
            let entry: Done = serde_json::from_slice(text)
                .map_err(|_| io::Error::new(io::ErrorKind::InvalidData, "the file is no journal of a run"))?;
            complete += crate::source::to_u64(line.len());
            done.insert(entry.input.clone(), entry);
            line.clear();
        }
        file.set_len(complete)?;
        Ok(Journal { file, done })
    }

    /// Forgets what is done: another run begins.
    ///
    /// # Errors
    /// What the system says.
    pub fn restart(&mut self) -> Result<()> {
        self.done.clear();
        Ok(self.file.set_len(0)?)
    }

    /// What is known of `input`, if it is done.
    #[must_use]
    pub fn done(&self, input: &str) -> Option<&Done> {
        self.done.get(input)
    }

    /// Adds a document whose result has its name.
    ///
    /// # Errors
    /// What the system says.
    pub fn add(&mut self, done: Done) -> Result<()> {
        let mut line = serde_json::to_vec(&done).map_err(io::Error::from)?;
        line.push(b'\n');
        // One call for one line: a crash cuts the last line at most.
        self.file.write_all(&line)?;
        self.done.insert(done.input.clone(), done);
        Ok(())
    }

    /// Waits until the lines are on the disk.
    ///
    /// # Errors
    /// What the system says.
    pub fn sync(&self) -> Result<()> {
        Ok(self.file.sync_data()?)
    }
}

// Two paths of full length, each byte of them escaped.
const LINE_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_done_is_known_and_a_cut_line_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".eseal-run");
        let (a, b) = (Done::new("a.pdf", "out/a.pdf", Some("1".into())), Done::new("b\n.pdf", "out/b.pdf", None));
        let mut journal = Journal::open(&path).unwrap();
        journal.add(a.clone()).unwrap();
        journal.add(b.clone()).unwrap();
        journal.sync().unwrap();
        let whole = std::fs::read(&path).unwrap();
        for cut in 0..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let mut journal = Journal::open(&path).unwrap();
            let lines = whole[..cut].iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(journal.done("a.pdf"), (lines > 0).then_some(&a));
            assert_eq!(journal.done("b\n.pdf"), (lines > 1).then_some(&b));
            journal.add(b.clone()).unwrap();
            assert_eq!(Journal::open(&path).unwrap().done("b\n.pdf"), Some(&b));
        }
    }

    #[test]
    fn another_file_is_no_journal_and_stays() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("notes");
        std::fs::write(&path, b"dear diary\n").unwrap();
        assert!(Journal::open(&path).is_err());
        assert_eq!(std::fs::read(&path).unwrap(), b"dear diary\n");
    }
}
