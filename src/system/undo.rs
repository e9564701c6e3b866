//! What takes a file back to what it was before it was signed in place.
//!
//! Text of one fact a line, so that a cut is seen and a person can read it: length, how many bytes stay, what these
//! must be, the bytes that were written over, and a digest of all this.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{Read, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::staged::{busy, is_ours};
use super::{beside, sync_directory};
use crate::digest::{Digest, DigestAlgorithm, from_hex};
use crate::error::{ErrorCode, Limit, Result, StateError};
use crate::output::{Check, Checking};
use crate::source::{Source, to_u64};

/// What a file was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Before {
    /// Its length.
    pub(super) len: u64,
    /// What its beginning is known by.
    pub(super) checks: Vec<Check>,
    /// The bytes from the end of its beginning to its own end.
    pub(super) old: Vec<u8>,
}

impl Before {
    /// How many bytes at its beginning nobody writes over.
    pub(super) fn kept(&self) -> u64 {
        self.len.saturating_sub(to_u64(self.old.len()))
    }

    /// Makes sure that the beginning of `file` is what it was.
    pub(super) fn check(&self, file: &Source) -> Result<()> {
        if file.len() < self.kept() {
            return Err(StateError::new(ErrorCode::StateOtherDocument).into());
        }
        let mut checking = Checking::new(&self.checks);
        file.for_each(0..self.kept(), |bytes| {
            checking.see(bytes);
            Ok(())
        })?;
        checking.finish(file)
    }

    fn to_text(&self) -> String {
        let mut text = format!("{MAGIC} {} {}\n", self.len, self.kept());
        for check in &self.checks {
            let _ = write!(text, "check {} {}", check.digest.algorithm().name(), check.digest.to_hex());
            for range in &check.ranges {
                let _ = write!(text, " {}-{}", range.start, range.end);
            }
            text.push('\n');
        }
        let _ = writeln!(text, "old {}", STANDARD.encode(&self.old));
        let _ = writeln!(text, "end {}", DigestAlgorithm::Sha256.digest(text.as_bytes()).to_hex());
        text
    }

    /// `None` for a text that was cut.
    fn parse(text: &str) -> Option<Before> {
        let body_len = text.strip_suffix('\n')?.rfind('\n')?.checked_add(1)?;
        let (body, end) = text.split_at_checked(body_len)?;
        let digest = DigestAlgorithm::Sha256.digest(body.as_bytes()).to_hex();
        (end == format!("end {digest}\n")).then_some(())?;
        let mut lines = body.lines();
        let mut head = lines.next()?.strip_prefix(MAGIC)?.split_whitespace();
        let (len, kept): (u64, u64) = (head.next()?.parse().ok()?, head.next()?.parse().ok()?);
        let (mut checks, mut old) = (Vec::new(), None);
        for line in lines {
            match line.split_once(' ')? {
                ("check", check) => checks.push(parse_check(check)?),
                ("old", bytes) => old = Some(STANDARD.decode(bytes).ok()?),
                _ => return None,
            }
        }
        let before = Before { len, checks, old: old? };
        (before.kept() == kept).then_some(before)
    }
}

fn parse_check(text: &str) -> Option<Check> {
    let mut words = text.split(' ');
    let algorithm = DigestAlgorithm::from_name(words.next()?).ok()?;
    let digest = Digest::new(algorithm, &from_hex(words.next()?.as_bytes())?).ok()?;
    let range = |word: &str| -> Option<Range<u64>> {
        let (start, end) = word.split_once('-')?;
        Some(start.parse().ok()?..end.parse().ok()?)
    };
    Some(Check { digest, ranges: words.map(range).collect::<Option<_>>()? })
}

/// The undo file of one document; locked as long as its writer lives.
pub(super) struct Undo {
    path: PathBuf,
    _lock: File,
}

impl Undo {
    /// Writes it and waits for the disk: from here on the document may be written to.
    pub(super) fn create(document: &Path, before: &Before) -> Result<Undo> {
        let path = beside(document, UNDO)?;
        let mut file = OpenOptions::new().write(true).create_new(true).open(&path)?;
        if !is_ours(&file, &path)? {
            return Err(busy().into());
        }
        let written = file.write_all(before.to_text().as_bytes()).and_then(|()| file.sync_all());
        let undo = Undo { path, _lock: file };
        if let Err(e) = written {
            undo.remove()?;
            return Err(e.into());
        }
        sync_directory(&undo.path)?;
        Ok(undo)
    }

    /// Deletes it: what the document is now, it stays.
    pub(super) fn remove(self) -> Result<()> {
        fs::remove_file(&self.path)?;
        sync_directory(&self.path)
    }
}

/// What an undo file says.
pub(super) enum Found {
    /// It was not complete, so the document was not touched yet.
    Cut(PathBuf),
    Complete(PathBuf, Before),
}

/// The undo file beside a document, if a crashed run has left one.
pub(super) fn find(document: &Path) -> Result<Option<Found>> {
    let path = beside(document, UNDO)?;
    let file = match File::open(&path) {
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        file => file?,
    };
    if !is_ours(&file, &path)? {
        return Err(busy().into());
    }
    let mut bytes = Vec::new();
    (&file).take(UNDO_BYTES.saturating_add(1)).read_to_end(&mut bytes)?;
    if to_u64(bytes.len()) > UNDO_BYTES {
        return Err(Limit::new("undo_file_bytes", UNDO_BYTES, to_u64(bytes.len())).into());
    }
    let before = std::str::from_utf8(&bytes).ok().and_then(Before::parse);
    Ok(Some(before.map_or_else(|| Found::Cut(path.clone()), |before| Found::Complete(path.clone(), before))))
}

/// Whether a name beside `path` says that a run crashed; a look that costs nothing.
pub(super) fn is_beside(path: &Path) -> Result<bool> {
    Ok(beside(path, UNDO)?.symlink_metadata().is_ok())
}

const UNDO: &str = "eseal-undo";
const MAGIC: &str = "eseal-undo-2";
// A directory of a million entries, in base64.
const UNDO_BYTES: u64 = 256 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_wrote_and_nothing_less() {
        let digest = DigestAlgorithm::Sha384.digest(b"x");
        let checks = vec![
            Check { digest, ranges: vec![0..7, 9..10] },
            Check { digest: DigestAlgorithm::Sha256.digest(b""), ranges: vec![] },
        ];
        for old in [vec![], b"PK\x01\x02 the directory".to_vec()] {
            let before = Before { len: 100, checks: checks.clone(), old };
            let text = before.to_text();
            assert_eq!(Before::parse(&text), Some(before));
            for cut in 0..text.len() {
                assert_eq!(Before::parse(&text[..cut]), None);
            }
            assert_eq!(Before::parse(&text.replace("9-10", "9-11")), None);
        }
    }
}
