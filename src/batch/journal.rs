//! What a run has done, one JSON line a document, so that the next run does only the rest.
//!
//! ```text
//! {"journal":2,"process":…,"start":…,"host":…}    a run began; what follows is of this version
//! {"input":…,"output":…,"id":…,"document":…,"result":…,"source":{…}}
//! ```
//! Version 1 had no first line and the first three keys only. A program that knows version 1 alone refuses the first
//! line of version 2.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::error::{Busy, Error, ErrorCode, Misuse, Refusal, Result};
use crate::source::to_u64;
use crate::store::StoredPath;
use crate::system::{Holder, open_own};

/// A file to which a line is added for each document, after its result has its name. One run at a time has it.
#[derive(Debug)]
pub struct Journal {
    file: File,
    done: Vec<Done>,
}

/// A document that is done.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Done {
    /// The input's name as it was given.
    pub input: String,
    /// Where its result is, as it was printed.
    pub output: String,
    /// Its id, where it had one.
    pub id: Option<String>,
    /// Which document it was and what it was made from; none in version 1.
    pub made: Option<Made>,
}

/// What tells a document and its source from others.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Made {
    /// The input's absolute path, without links.
    pub document: StoredPath,
    /// The result's absolute path.
    pub result: StoredPath,
    /// What was read; none where the result took the document's place.
    pub source: Option<Trace>,
}

/// What a file was, or all files of a container.
#[derive(Debug, Clone, PartialEq, Eq)]
// Complete: a caller that has all of it makes one.
pub struct Trace {
    /// How many files.
    pub files: u64,
    /// How many bytes they have together.
    pub bytes: u64,
    /// When the last of them was written to, in seconds since 1970.
    pub modified: i64,
    /// SHA-256 over names and all that the file system says of them, in hexadecimal.
    pub stat: String,
    /// Whether that tells a change by itself: nobody had written to them for a while.
    pub settled: bool,
    /// SHA-256 of the one file, or over names, lengths and bytes of several, in hexadecimal.
    pub sha256: String,
}

impl Done {
    /// A line of the journal.
    #[must_use]
    pub fn new(input: impl Into<String>, output: impl Into<String>, id: Option<String>) -> Self {
        Done { input: input.into(), output: output.into(), id, made: None }
    }

    /// The same under an id.
    #[must_use]
    pub fn id(self, id: impl Into<String>) -> Self {
        Done { id: Some(id.into()), ..self }
    }

    /// The same with what tells the document and its source from others.
    #[must_use]
    pub fn made(self, made: Made) -> Self {
        Done { made: Some(made), ..self }
    }
}

impl Made {
    /// Both paths are absolute.
    #[must_use]
    pub fn new(document: &Path, result: &Path, source: Option<Trace>) -> Self {
        Made { document: document.into(), result: result.into(), source }
    }
}

impl Journal {
    /// Opens the journal at `path`, or begins one.
    ///
    /// A last line that a crash has cut is dropped: its document is done again. Nothing else is ever cut.
    ///
    /// # Errors
    /// `run.busy` while another run has it; `resume.journal` for any other file, a link or a pipe, which stays as it is;
    /// what the system says.
    pub fn open(path: &Path) -> Result<Self> {
        let mut options = OpenOptions::new();
        let opened = open_own(options.create(true).truncate(false).read(true).append(true), path);
        let file = match opened {
            Err(e) if e.kind() == io::ErrorKind::InvalidInput => return Err(no_journal(NOT_REGULAR)),
            opened => opened?,
        };
        // Where there are no locks, the lock on the folder of the results is all there is.
        let is_busy = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
        let read = read(&file);
        if is_busy {
            let last = read.ok().and_then(|read| read.last);
            return Err(Error::Busy(Box::new(last.map(Busy::from).unwrap_or_default())));
        }
        let Lines { done, complete, .. } = read?;
        file.set_len(complete)?;
        Ok(Journal { file, done })
    }

    /// What stands in the journal at `path`, which stays as it is; another run may be writing to it.
    ///
    /// # Errors
    /// As [`Journal::open`], but for `run.busy`.
    pub fn read(path: &Path) -> Result<Vec<Done>> {
        match open_own(OpenOptions::new().read(true), path) {
            Err(e) if e.kind() == io::ErrorKind::InvalidInput => Err(no_journal(NOT_REGULAR)),
            opened => Ok(read(&opened?)?.done),
        }
    }

    /// Forgets what is done: another run begins.
    ///
    /// # Errors
    /// What the system says.
    pub fn restart(&mut self) -> Result<()> {
        self.done.clear();
        Ok(self.file.set_len(0)?)
    }

    /// Says that a run begins, and which.
    ///
    /// # Errors
    /// What the system and its clock say.
    pub fn begin(&mut self) -> Result<()> {
        let Holder { process, start, host } = Holder::this()?;
        self.write(&v2::Begin { journal: VERSION, process, start, host })
    }

    /// What is done, in the order in which it was.
    #[must_use]
    pub fn entries(&self) -> &[Done] {
        &self.done
    }

    /// What is known of `input`, by the name that was given, if it is done. It is looked for from the end.
    #[must_use]
    pub fn done(&self, input: &str) -> Option<&Done> {
        self.done.iter().rev().find(|done| done.input == input)
    }

    /// Makes sure that there is room for these lines, where the system can: before their results get their names.
    ///
    /// # Errors
    /// `io.disk-full`.
    pub fn make_room<'a>(&self, lines: impl IntoIterator<Item = &'a Done>) -> Result<()> {
        let mut bytes: u64 = 0;
        for done in lines {
            let Some(made) = &done.made else { continue };
            let line = serde_json::to_vec(&v2::Line::new(done, made)).map_err(io::Error::from)?;
            bytes = bytes.saturating_add(to_u64(line.len()) + 1);
        }
        if bytes == 0 { Ok(()) } else { allocate(&self.file, bytes) }
    }

    /// Adds a document whose result has its name, behind what [`Journal::begin`] has said.
    ///
    /// # Errors
    /// [`Error::Misuse`] for what has no [`Made`]; what the system says.
    pub fn add(&mut self, done: Done) -> Result<()> {
        let made = done.made.as_ref().ok_or(Misuse::new("a line of the journal says what was made"))?;
        self.write(&v2::Line::new(&done, made))?;
        self.done.push(done);
        Ok(())
    }

    /// Waits until the lines are on the disk.
    ///
    /// # Errors
    /// What the system says.
    pub fn sync(&self) -> Result<()> {
        Ok(self.file.sync_data()?)
    }

    fn write(&mut self, line: &impl Serialize) -> Result<()> {
        let mut line = serde_json::to_vec(line).map_err(io::Error::from)?;
        line.push(b'\n');
        // One call for one line: a crash cuts the last line at most.
        Ok(self.file.write_all(&line)?)
    }
}

/// Takes so many bytes behind the end of the file, which stays where it is.
#[cfg(target_os = "linux")]
fn allocate(file: &File, bytes: u64) -> Result<()> {
    use rustix::fs::{FallocateFlags, fallocate};
    match fallocate(file, FallocateFlags::KEEP_SIZE, file.metadata()?.len(), bytes) {
        Err(error @ (rustix::io::Errno::NOSPC | rustix::io::Errno::DQUOT)) => Err(io::Error::from(error).into()),
        // Not every file system can; then writing tells.
        _ => Ok(()),
    }
}

#[cfg(not(target_os = "linux"))]
fn allocate(_: &File, _: u64) -> Result<()> {
    Ok(())
}

/// What stands in a journal.
#[derive(Default)]
struct Lines {
    done: Vec<Done>,
    /// Who began to write to it last.
    last: Option<Holder>,
    /// Up to where its lines are complete.
    complete: u64,
}

fn read(file: &File) -> Result<Lines> {
    let mut lines = Lines::default();
    let mut version = 1;
    let mut reader = BufReader::new(file);
    let mut line = Vec::new();
    while (&mut reader).take(LINE_BYTES).read_until(b'\n', &mut line)? > 0 {
        let Some(text) = line.strip_suffix(b"\n") else {
            return if is_cut(&line, lines.complete > 0) { Ok(lines) } else { Err(no_journal(NOT_LINES)) };
        };
        match serde_json::from_slice::<v2::Begin>(text) {
            Ok(v2::Begin { journal, process, start, host }) => {
                version = journal;
                lines.last = Some(Holder { process, start, host });
            }
            Err(_) => lines.done.push(entry(text, version).ok_or_else(|| no_journal(NOT_LINES))?),
        }
        if version > VERSION {
            return Err(no_journal(NEWER));
        }
        lines.complete += to_u64(line.len());
        line.clear();
    }
    Ok(lines)
}

fn entry(text: &[u8], version: u32) -> Option<Done> {
    match version {
        1 => serde_json::from_slice::<v1::Line>(text).map(Done::from).ok(),
        _ => serde_json::from_slice::<v2::Line>(text).map(Done::from).ok(),
    }
}

/// The lines of version 1; frozen.
mod v1 {
    use super::{Deserialize, Done};

    #[derive(Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Line {
        input: String,
        output: String,
        id: Option<String>,
    }

    impl From<Line> for Done {
        fn from(Line { input, output, id }: Line) -> Done {
            Done { input, output, id, made: None }
        }
    }
}

/// The lines of version 2.
mod v2 {
    use super::{Deserialize, Done, Made, Serialize, StoredPath, Trace};

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Begin {
        pub(super) journal: u32,
        pub(super) process: u32,
        pub(super) start: String,
        pub(super) host: Option<String>,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    pub(super) struct Line {
        input: String,
        output: String,
        id: Option<String>,
        document: StoredPath,
        result: StoredPath,
        source: Option<Source>,
    }

    #[derive(Serialize, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Source {
        files: u64,
        bytes: u64,
        modified: i64,
        stat: String,
        settled: bool,
        sha256: String,
    }

    impl Line {
        pub(super) fn new(done: &Done, made: &Made) -> Line {
            let source = made.source.clone().map(|trace| {
                let Trace { files, bytes, modified, stat, settled, sha256 } = trace;
                Source { files, bytes, modified, stat, settled, sha256 }
            });
            let (document, result) = (made.document.clone(), made.result.clone());
            let Done { input, output, id, .. } = done.clone();
            Line { input, output, id, document, result, source }
        }
    }

    impl From<Line> for Done {
        fn from(Line { input, output, id, document, result, source }: Line) -> Done {
            let source = source.map(|source| {
                let Source { files, bytes, modified, stat, settled, sha256 } = source;
                Trace { files, bytes, modified, stat, settled, sha256 }
            });
            Done { input, output, id, made: Some(Made { document, result, source }) }
        }
    }
}

/// Whether this is the beginning of a line of ours that a crash has cut. A file that begins with it is no journal, but
/// for one whose first run died at once.
fn is_cut(line: &[u8], is_behind_others: bool) -> bool {
    let begins_as = |with: &[u8]| line.starts_with(with) || with.starts_with(line);
    // Some file systems have zeros where bytes were not written any more.
    let is_ours = begins_as(BEGIN) || (is_behind_others && (begins_as(DONE) || line.iter().all(|byte| *byte == 0)));
    is_ours && to_u64(line.len()) < LINE_BYTES
}

fn no_journal(why: &'static str) -> Error {
    Refusal { detail: Some(why), ..Refusal::new(ErrorCode::ResumeJournal) }.into()
}

const VERSION: u32 = 2;
const BEGIN: &[u8] = b"{\"journal\":2,";
const DONE: &[u8] = b"{\"input\":\"";
const NOT_REGULAR: &str = "a link, pipe, device or folder";
const NOT_LINES: &str = "its lines are others";
const NEWER: &str = "it is of a newer version";
// Three paths of full length, each byte of them escaped.
const LINE_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn trace(byte: u8) -> Trace {
        let hex = format!("{byte:02x}").repeat(32);
        Trace { files: 1, bytes: 7, modified: 1_790_000_000, stat: hex.clone(), settled: true, sha256: hex }
    }

    fn done(name: &str) -> Done {
        let made = Made::new(Path::new("/in").join(name).as_path(), Path::new("/out/x"), Some(trace(7)));
        Done::new(name, format!("out/{name}"), Some("1".into())).made(made)
    }

    fn folder() -> (tempfile::TempDir, std::path::PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(".eseal-run");
        (dir, path)
    }

    fn detail(opened: Result<Journal>) -> String {
        let error = opened.unwrap_err();
        assert_eq!(error.code(), ErrorCode::ResumeJournal);
        error.to_string()
    }

    #[test]
    fn what_is_done_is_known_and_a_cut_line_is_not() {
        let (_dir, path) = folder();
        let (a, b) = (done("a.pdf"), done("b\n.pdf"));
        let mut journal = Journal::open(&path).unwrap();
        journal.begin().unwrap();
        journal.add(a.clone()).unwrap();
        journal.add(b.clone()).unwrap();
        journal.sync().unwrap();
        drop(journal);
        let whole = std::fs::read(&path).unwrap();
        for cut in 0..=whole.len() {
            std::fs::write(&path, &whole[..cut]).unwrap();
            let mut journal = Journal::open(&path).unwrap();
            let lines = whole[..cut].iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(journal.done("a.pdf"), (lines > 1).then_some(&a));
            assert_eq!(journal.done("b\n.pdf"), (lines > 2).then_some(&b));
            journal.begin().unwrap();
            journal.add(b.clone()).unwrap();
            drop(journal);
            assert_eq!(Journal::open(&path).unwrap().done("b\n.pdf"), Some(&b));
        }
        // Zeros in place of a line that was not written any more.
        std::fs::write(&path, [&whole[..], &[0; 5000]].concat()).unwrap();
        assert_eq!(Journal::open(&path).unwrap().entries().len(), 2);
        assert_eq!(std::fs::read(&path).unwrap(), whole);
    }

    #[test]
    fn a_journal_of_the_first_version_is_read_for_ever_and_goes_on() {
        let (_dir, path) = folder();
        let old = include_bytes!("../../testdata/journal/v1.jsonl");
        std::fs::write(&path, old).unwrap();
        let mut journal = Journal::open(&path).unwrap();
        let known = Done::new("in/a.pdf", "out/a.pdf", Some("5f".repeat(32)));
        assert_eq!(journal.entries(), [known.clone(), Done::new("in/b.pdf", "out/b.pdf", None)]);
        journal.begin().unwrap();
        journal.add(done("c.pdf")).unwrap();
        drop(journal);
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.entries().len(), 3);
        assert!(std::fs::read(&path).unwrap().starts_with(old));
    }

    #[test]
    fn a_line_of_the_second_version_stands_for_ever() {
        let (_dir, path) = folder();
        let text = include_bytes!("../../testdata/journal/v2.jsonl");
        std::fs::write(&path, text).unwrap();
        let journal = Journal::open(&path).unwrap();
        assert_eq!(journal.entries(), [done("a.pdf")]);
        let entry = &journal.entries()[0];
        let line = serde_json::to_vec(&v2::Line::new(entry, entry.made.as_ref().unwrap())).unwrap();
        assert_eq!(&line, text.split(|byte| *byte == b'\n').nth(1).unwrap());
        // A program that knows version 1 alone refuses each line.
        for line in text.split(|byte| *byte == b'\n') {
            assert!(serde_json::from_slice::<v1::Line>(line).is_err());
        }
    }

    #[test]
    fn another_file_is_no_journal_and_stays() {
        let (_dir, path) = folder();
        let valid = r#"{"input":"a","output":"b","id":null}"#.to_owned();
        for text in [
            "dear diary\n".to_owned(),
            "dear diary".to_owned(),
            "\0\0\0".to_owned(),
            "{\"input\":\"a".to_owned(),
            valid.clone(),
            format!("{valid}\ndear diary\n{valid}\n"),
            format!("{valid}\ndear diary"),
            format!("{valid}\n{}", "{\"input\":\"x".repeat(200_000)),
            format!("{valid}\n{{\"journal\":3,\"process\":1,\"start\":\"\",\"host\":null}}\n"),
            "{\"journal\":2,\"process\":1,\"start\":\"\",\"host\":null,\"more\":1}\n".to_owned(),
            format!("{{\"journal\":2,\"process\":1,\"start\":\"\",\"host\":null}}\n{valid}\n"),
        ] {
            std::fs::write(&path, &text).unwrap();
            detail(Journal::open(&path));
            assert_eq!(std::fs::read_to_string(&path).unwrap(), text);
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_or_pipe_is_no_journal() {
        let (dir, path) = folder();
        let other = dir.path().join("other");
        std::fs::write(&other, b"mine").unwrap();
        for target in [&other, &dir.path().join("none")] {
            std::os::unix::fs::symlink(target, &path).unwrap();
            assert!(detail(Journal::open(&path)).contains("link"));
            std::fs::remove_file(&path).unwrap();
        }
        assert_eq!((std::fs::read(&other).unwrap(), dir.path().join("none").exists()), (b"mine".to_vec(), false));
        assert!(std::process::Command::new("mkfifo").arg(&path).status().unwrap().success());
        detail(Journal::open(&path));
    }

    #[test]
    fn one_run_at_a_time_has_it() {
        let (dir, path) = folder();
        let mut journal = Journal::open(&path).unwrap();
        journal.begin().unwrap();
        journal.add(done("a.pdf")).unwrap();
        std::fs::hard_link(&path, dir.path().join("other name")).unwrap();
        for name in [".eseal-run", "./.eseal-run", "other name"] {
            let Err(Error::Busy(busy)) = Journal::open(&dir.path().join(name)) else { panic!("{name}") };
            assert_eq!(busy.process, Some(std::process::id()));
        }
        drop(journal);
        assert_eq!(Journal::open(&path).unwrap().entries().len(), 1);
    }
}
