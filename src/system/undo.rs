//! What takes a file back to what it was before it was signed in place, and whose undo files are believed.
//!
//! Text of one fact a line, that a person can read: length, how many bytes stay, how long the file may have become,
//! which file it is, what the bytes that stay must be, the bytes that were written over; and an authentication code of
//! all this under the account's own key. Without it, whoever sends documents could send what they are to become.

use std::fmt::Write as _;
use std::fs::{self, Metadata, OpenOptions, Permissions};
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Existing, Staged, UndoKey, beside, open_options, sync_directory};
use crate::digest::{Digest, DigestAlgorithm, State, from_hex};
use crate::error::{ErrorCode, Refusal, Result, StateError};
use crate::output::{Check, Checking};
use crate::source::{Source, to_u64};

/// An undo file that waits beside a document: see [`Held::undo_file`](super::Held::undo_file).
#[derive(Debug)]
pub struct UndoFile {
    path: PathBuf,
    content: Content,
    /// Why it is not this account's own, made for this very file.
    foreign: Option<&'static str>,
}

/// What a document is, or would become.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Version {
    /// Its length.
    pub bytes: u64,
    /// SHA-256 of all of it.
    pub sha256: Digest,
}

#[derive(Debug)]
enum Content {
    Complete(Before),
    /// Of an older version, which wrote it under its name and touched the document only when it was complete.
    Cut,
    Unreadable,
}

impl UndoFile {
    /// What stands under the name of an undo file beside the document at `path`, of which `metadata` tells.
    pub(super) fn find(document: &Path, metadata: &Metadata, key: Option<&UndoKey>) -> Result<Option<UndoFile>> {
        let path = beside(document, UNDO)?;
        let unreadable = |path, why| Ok(Some(UndoFile { path, content: Content::Unreadable, foreign: Some(why) }));
        match path.symlink_metadata() {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Ok(found) if !found.is_file() => return unreadable(path, NOT_REGULAR),
            found => found?,
        };
        let file = match open_options(OpenOptions::new().read(true)).open(&path) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(e) if e.kind() == io::ErrorKind::PermissionDenied => return unreadable(path, "it can't be read"),
            file => file?,
        };
        let found = file.metadata()?;
        if !found.is_file() {
            return unreadable(path, NOT_REGULAR);
        }
        if found.len() > UNDO_BYTES {
            return unreadable(path, "it is too long");
        }
        let mut bytes = Vec::new();
        file.take(UNDO_BYTES).read_to_end(&mut bytes)?;
        let (content, foreign) = read(&bytes, &Place::of(metadata), key);
        let foreign = if is_trusted_owner(&found, metadata) { foreign } else { Some("it belongs to another account") };
        Ok(Some(UndoFile { path, content, foreign }))
    }

    /// Whether this account has made it for this very file.
    #[must_use]
    pub fn is_ours(&self) -> bool {
        self.foreign.is_none()
    }

    /// Makes sure that this account has made it for this very file.
    ///
    /// # Errors
    /// `undo.foreign`.
    pub fn check_ours(&self) -> Result<()> {
        self.foreign.map_or(Ok(()), |why| Err(Refusal::new(ErrorCode::UndoForeign).detail(why).into()))
    }

    /// What the file would be, where it can be read.
    pub(super) fn before(&self) -> Option<&Before> {
        match &self.content {
            Content::Complete(before) => Some(before),
            Content::Cut | Content::Unreadable => None,
        }
    }

    /// Whether the document was not touched yet when it was written.
    pub(super) fn is_cut(&self) -> bool {
        matches!(self.content, Content::Cut)
    }

    /// Deletes it: what the document is now, it stays.
    pub(super) fn remove(self) -> Result<()> {
        fs::remove_file(&self.path)?;
        sync_directory(&self.path)
    }
}

/// What a file was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Before {
    /// Its length.
    pub(super) len: u64,
    /// Its length when it is changed; whoever finds it longer finds what somebody else has added.
    pub(super) new_len: Option<u64>,
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

    /// Whether the change can have made `file` as long as it is.
    pub(super) fn explains(&self, file: &Source) -> bool {
        self.new_len.is_none_or(|new_len| file.len() <= self.len.max(new_len))
    }

    /// The digest of what `file` would become.
    pub(super) fn digest(&self, file: &Source) -> Result<Digest> {
        let mut state = State::new(DigestAlgorithm::Sha256);
        file.for_each(0..self.kept().min(file.len()), |bytes| {
            state.update(bytes);
            Ok(())
        })?;
        state.update(&self.old);
        Ok(state.finish())
    }

    fn to_text(&self, place: &Place, key: &UndoKey) -> String {
        let new_len = self.new_len.unwrap_or(self.len);
        let mut text = format!("{MAGIC} {} {} {new_len}\n{place}\n", self.len, self.kept());
        for check in &self.checks {
            let _ = write!(text, "check {} {}", check.digest.algorithm().name(), check.digest.to_hex());
            for range in &check.ranges {
                let _ = write!(text, " {}-{}", range.start, range.end);
            }
            text.push('\n');
        }
        let _ = writeln!(text, "old {}", STANDARD.encode(&self.old));
        let code = key.code(text.as_bytes());
        text.push_str("hmac-sha256 ");
        code.iter().for_each(|byte| _ = write!(text, "{byte:02x}"));
        text.push('\n');
        text
    }

    /// What stands between the first words of the first line and the last line.
    fn parse(head: &str, lines: std::str::Lines<'_>) -> Option<Before> {
        let mut head = head.split(' ');
        let (len, kept): (u64, u64) = (head.next()?.parse().ok()?, head.next()?.parse().ok()?);
        let new_len = head.next().map(|word| word.parse().ok()).map_or(Some(None), |len: Option<u64>| len.map(Some))?;
        let (mut checks, mut old) = (Vec::new(), None);
        for line in lines {
            match line.split_once(' ')? {
                ("check", check) => checks.push(parse_check(check)?),
                ("old", bytes) => old = Some(STANDARD.decode(bytes).ok()?),
                _ => return None,
            }
        }
        let before = Before { len, new_len, checks, old: old? };
        (before.kept() == kept).then_some(before)
    }
}

/// Which file it is: what nobody can give to another one.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Place(String);

impl Place {
    #[cfg(unix)]
    pub(super) fn of(metadata: &Metadata) -> Place {
        use std::os::unix::fs::MetadataExt;
        // Some file systems do not say when a file was made.
        let born = metadata.created().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let born = born.map_or("none".into(), |born| format!("{}.{:09}", born.as_secs(), born.subsec_nanos()));
        let (device, inode, owner) = (metadata.dev(), metadata.ino(), metadata.uid());
        Place(format!("file device {device} inode {inode} born {born} owner {owner}"))
    }

    #[cfg(not(unix))]
    pub(super) fn of(metadata: &Metadata) -> Place {
        let born = metadata.created().ok().and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        let born = born.map_or("none".into(), |born| format!("{}.{:09}", born.as_secs(), born.subsec_nanos()));
        Place(format!("file device none inode none born {born} owner none"))
    }
}

impl std::fmt::Display for Place {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an undo file says, and why it is not to be believed, if so.
fn read(bytes: &[u8], place: &Place, key: Option<&UndoKey>) -> (Content, Option<&'static str>) {
    if let Some((body, code)) = split_last(bytes, "hmac-sha256 ") {
        let is_coded =
            key.map(|key| from_hex(code.as_bytes()).is_some_and(|code| key.verifies(body.as_bytes(), &code)));
        let mut lines = body.lines();
        let head = lines.next().and_then(|head| head.strip_prefix(MAGIC)?.strip_prefix(' '));
        let told = lines.next();
        let before = head.and_then(|head| Before::parse(head, lines));
        let foreign = match is_coded {
            None => Some("this account has no key for undo files"),
            Some(false) => Some("this account's key has not made it"),
            Some(true) if told != Some(&*place.0) => Some("it was made for another file"),
            Some(true) => None,
        };
        return before.map_or((Content::Unreadable, foreign.or(Some(DAMAGED))), |it| (Content::Complete(it), foreign));
    }
    if let Some((body, end)) = split_last(bytes, "end ") {
        let mut lines = body.lines();
        let head = lines.next().and_then(|head| head.strip_prefix(OLD_MAGIC)?.strip_prefix(' '));
        let before = head.and_then(|head| Before::parse(head, lines));
        let is_whole = end == DigestAlgorithm::Sha256.digest(body.as_bytes()).to_hex();
        return match before.filter(|_| is_whole) {
            Some(before) => (Content::Complete(before), Some("it is an older version's, which nothing vouches for")),
            None => (Content::Unreadable, Some(DAMAGED)),
        };
    }
    let is_begun = bytes.starts_with(OLD_MAGIC.as_bytes()) || OLD_MAGIC.as_bytes().starts_with(bytes);
    (if is_begun { Content::Cut } else { Content::Unreadable }, Some("it is not complete"))
}

/// All lines but the last one, and what stands behind `word` in that.
fn split_last<'a>(bytes: &'a [u8], word: &str) -> Option<(&'a str, &'a str)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let body_len = text.strip_suffix('\n')?.rfind('\n')?.checked_add(1)?;
    let (body, last) = text.split_at_checked(body_len)?;
    Some((body, last.strip_suffix('\n')?.strip_prefix(word)?))
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

/// Whether this process or the document's owner has made it.
#[cfg(unix)]
fn is_trusted_owner(undo: &Metadata, document: &Metadata) -> bool {
    use std::os::unix::fs::MetadataExt;
    [rustix::process::geteuid().as_raw(), document.uid()].contains(&undo.uid())
}

#[cfg(not(unix))]
fn is_trusted_owner(_: &Metadata, _: &Metadata) -> bool {
    true
}

/// The undo file of one document that is changed now.
pub(super) struct Undo {
    path: PathBuf,
}

impl Undo {
    /// Writes it and waits for the disk: from here on the document may be written to. It is there as a whole or not.
    ///
    /// Who may read the document may read what was in it, and nobody else.
    pub(super) fn create(document: &Path, metadata: &Metadata, before: &Before, key: &UndoKey) -> Result<Undo> {
        let path = beside(document, UNDO)?;
        let text = before.to_text(&Place::of(metadata), key);
        let staged = Staged::write_bytes(text.as_bytes(), &path, Some(private(metadata)))?;
        staged.give_to_owner_of(metadata)?;
        staged.sync()?;
        match staged.commit(Existing::Keep) {
            Err(error) if error.code() == ErrorCode::IoTargetExists => {
                return Err(Refusal::new(ErrorCode::UndoForeign).detail("it came while the document was read").into());
            }
            committed => committed?,
        }
        let undo = Undo { path };
        match sync_directory(&undo.path) {
            Ok(()) => Ok(undo),
            Err(error) => {
                undo.remove()?;
                Err(error)
            }
        }
    }

    /// Deletes it: what the document is now, it stays.
    pub(super) fn remove(self) -> Result<()> {
        fs::remove_file(&self.path)?;
        sync_directory(&self.path)
    }
}

#[cfg(unix)]
fn private(_: &Metadata) -> Permissions {
    std::os::unix::fs::PermissionsExt::from_mode(0o600)
}

#[cfg(not(unix))]
fn private(metadata: &Metadata) -> Permissions {
    metadata.permissions()
}

/// The name that an undo file of the document at `path` has.
pub(super) fn name_for(document: &Path) -> Result<PathBuf> {
    beside(document, UNDO)
}

/// Whether something stands beside the document at `path` under the name of an undo file; a look that costs nothing.
#[must_use]
pub fn undo_waits(path: &Path) -> bool {
    let is_beside = |path: &Path| beside(path, UNDO).is_ok_and(|undo| undo.symlink_metadata().is_ok());
    // Through a link it is beside the file itself.
    is_beside(path) || (path.is_symlink() && fs::canonicalize(path).is_ok_and(|path| is_beside(&path)))
}

const UNDO: &str = "eseal-undo";
const MAGIC: &str = "eseal-undo-3";
const OLD_MAGIC: &str = "eseal-undo-2";
const NOT_REGULAR: &str = "it is no regular file";
const DAMAGED: &str = "it is damaged";
// A directory of a million entries, in base64.
const UNDO_BYTES: u64 = 256 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    fn before(old: &[u8]) -> Before {
        let digest = DigestAlgorithm::Sha384.digest(b"x");
        let checks = vec![
            Check { digest, ranges: vec![0..7, 9..10] },
            Check { digest: DigestAlgorithm::Sha256.digest(b""), ranges: vec![] },
        ];
        Before { len: 100, new_len: Some(120), checks, old: old.to_vec() }
    }

    fn believed(text: &[u8], place: &str, key: &UndoKey) -> Option<Before> {
        match read(text, &Place(place.into()), Some(key)) {
            (Content::Complete(before), None) => Some(before),
            (_, why) => {
                assert!(why.is_some());
                None
            }
        }
    }

    #[test]
    fn believes_what_it_wrote_for_this_file_and_nothing_else() {
        let (key, other) = (UndoKey::new([1; 32]), UndoKey::new([2; 32]));
        for old in [&b""[..], b"PK\x01\x02 the directory"] {
            let before = before(old);
            let text = before.to_text(&Place("file 1".into()), &key);
            assert_eq!(believed(text.as_bytes(), "file 1", &key), Some(before.clone()));
            assert_eq!(believed(text.as_bytes(), "file 2", &key), None);
            assert_eq!(believed(text.as_bytes(), "file 1", &other), None);
            assert!(read(text.as_bytes(), &Place("file 1".into()), None).1.is_some());
            for cut in 0..text.len() {
                assert_eq!(believed(&text.as_bytes()[..cut], "file 1", &key), None);
            }
            for at in 0..text.len() {
                let mut bent = text.clone().into_bytes();
                bent[at] ^= 1;
                assert_eq!(believed(&bent, "file 1", &key), None, "{at}");
            }
        }
    }

    #[test]
    fn reads_what_an_older_version_wrote_without_believing_it() {
        let body = format!("eseal-undo-2 100 98\ncheck SHA-256 {} 0-98\nold QUI=\n", "0".repeat(64));
        let end = DigestAlgorithm::Sha256.digest(body.as_bytes()).to_hex();
        let text = format!("{body}end {end}\n");
        let (content, foreign) = read(text.as_bytes(), &Place("x".into()), Some(&UndoKey::new([1; 32])));
        let Content::Complete(before) = content else { panic!("not read") };
        assert_eq!((before.len, before.new_len, &*before.old), (100, None, &b"AB"[..]));
        assert!(foreign.is_some());
        for cut in 0..text.len() {
            let (content, foreign) = read(&text.as_bytes()[..cut], &Place("x".into()), None);
            assert!(!matches!(content, Content::Complete(_)) && foreign.is_some(), "{cut}");
        }
        assert!(matches!(read(b"", &Place("x".into()), None).0, Content::Cut));
        assert!(matches!(read(b"dear diary", &Place("x".into()), None).0, Content::Unreadable));
    }
}
