//! Documents on their way in and results on their way out, one at a time.

use std::fs::{File, Permissions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::time::SystemTime;

use eseal::batch::Trace;
use eseal::error::StateError;
use eseal::system::{self, Below, Existing, FileIdentity, FileSource, Held, NewFolders, Reserved, Staged};
use eseal::{
    DataFile, Digest, DigestAlgorithm, Document, Error, ErrorCode, Format, Limits, Output, Recovery, Result, Source,
    State,
};

use super::changing::{Change, Changing};
use super::complain;
use super::containers::{Containers, check_format};
use super::inputs::{Input, Origin, Part};
use super::past::{count, stat};
use super::report::printable;
use super::run::Ready;
use super::targets::Target;
use super::waiting::Stdin;

/// What a document is made from, and what the file system says of it.
pub(crate) struct Opened {
    given: Given,
    /// Of each file, in order; none of standard input.
    identities: Vec<FileIdentity>,
    /// What is given to the result.
    permissions: Option<Permissions>,
    /// Where the document is in the folder that was named.
    inside: Option<Below>,
    /// Where the document itself is changed.
    change: Option<Change>,
}

enum Given {
    /// A document.
    Document(Source, Option<Format>),
    /// The files of a new container, by their names there.
    Files(Vec<(String, Source)>),
}

impl Opened {
    /// Opens the bytes of an input as they are.
    pub(crate) fn input(input: &Input, stdin: &Stdin, ready: &mut Ready) -> Result<Opened> {
        if let Some(made_of) = &input.made_of {
            return Opened::files(&made_of.parts, stdin, ready);
        }
        if input.origin != Origin::Stdin {
            let opened = Opened::open(&input.given, input.inside.as_ref(), input.expected, ready)?;
            return Ok(Opened { inside: input.inside.clone(), ..opened });
        }
        let source = stdin.source()?;
        ready.bytes_in = source.len();
        if check_format(&source, None).is_err() {
            complain(STDIN_ADVICE);
        }
        Ok(Opened { given: Given::Document(source, None), ..Opened::empty() })
    }

    /// As [`Opened::input`] for the document at `path`.
    pub(crate) fn path(path: &Path, expected: Option<Format>, ready: &mut Ready) -> Result<Opened> {
        Opened::open(path, None, expected, ready)
    }

    fn open(path: &Path, inside: Option<&Below>, expected: Option<Format>, ready: &mut Ready) -> Result<Opened> {
        if system::undo_waits(path) {
            // Said at once: what is half-written may not be readable.
            complain(&format!("eseal: {}: {UNDO_WAITS}", printable(&path.to_string_lossy())));
        }
        let file = open_file(path, inside)?;
        let permissions = Some(file.metadata()?.permissions());
        let file = FileSource::new(file)?;
        let identities = vec![file.identity().clone()];
        let source = file.into_source()?;
        ready.bytes_in = source.len();
        Ok(Opened { given: Given::Document(source, expected), identities, permissions, ..Opened::empty() })
    }

    /// Opens a document that is held, to be changed itself; takes back first what a crashed run did to it.
    pub(crate) fn held(
        held: Held,
        path: &Path,
        inside: Option<&Below>,
        expected: Option<Format>,
        changing: &Changing,
        ready: &mut Ready,
    ) -> Result<Opened> {
        // What a link leads to by now is not the document that was found.
        check_place(&held, inside)?;
        let change = changing.begin(held, path, ready)?;
        let source = change.held.source()?;
        ready.bytes_in = source.len();
        let permissions = Some(change.held.permissions()?);
        let (given, identities) = (Given::Document(source, expected), vec![change.identity.clone()]);
        Ok(Opened { given, identities, permissions, inside: inside.cloned(), change: Some(change) })
    }

    /// As [`Opened::input`] for the files of a new container.
    pub(crate) fn files(parts: &[Part], stdin: &Stdin, ready: &mut Ready) -> Result<Opened> {
        let mut opened = Opened::empty();
        let mut files = Vec::with_capacity(parts.len());
        for part in parts {
            let source = match &part.path {
                None => stdin.source()?,
                Some(path) => {
                    opened.part(path, part.inside.as_ref(), parts.len()).map_err(|error| naming(path, error))?
                }
            };
            ready.bytes_in += source.len();
            files.push((part.name.clone(), source));
        }
        opened.given = Given::Files(files);
        Ok(opened)
    }

    fn empty() -> Opened {
        Opened {
            given: Given::Files(Vec::new()),
            identities: Vec::new(),
            permissions: None,
            inside: None,
            change: None,
        }
    }

    fn part(&mut self, path: &Path, inside: Option<&Below>, of: usize) -> Result<Source> {
        let file = open_file(path, inside)?;
        let permissions = file.metadata()?.permissions();
        let (source, identity) = match inside {
            _ if of <= OPEN_AT_ONCE => {
                let file = FileSource::new(file)?;
                let identity = file.identity().clone();
                (file.into_source()?, identity)
            }
            Some(inside) => inside.open_on_demand()?,
            None => system::open_on_demand(path)?,
        };
        self.identities.push(identity);
        self.permissions = Some(shared(self.permissions.take(), permissions));
        Ok(source)
    }

    /// The document in it, with the data files that are known by digest.
    pub(crate) fn document(&self, containers: &Containers, recovery: Recovery, limits: &Limits) -> Result<Document> {
        let by_digest = containers.by_digest();
        match &self.given {
            Given::Document(source, expected) => {
                check_format(source, *expected)?;
                let document = Document::open_with(source.clone(), limits, recovery)?;
                if by_digest.is_empty() { Ok(document) } else { document.assume(by_digest) }
            }
            Given::Files(files) => {
                let content = files.iter().map(|(name, source)| containers.data_file(name, source.clone()));
                Document::new_container(content.chain(by_digest).collect(), limits)
            }
        }
    }

    /// What the second half needs of it.
    pub(crate) fn inputs(&self) -> eseal::Inputs {
        match &self.given {
            Given::Document(source, _) => source.clone().into(),
            Given::Files(_) => self.data_files().into(),
        }
    }

    /// The files, to be put into a container.
    pub(crate) fn data_files(&self) -> Vec<DataFile> {
        self.files_by_name().map(|(name, source)| DataFile::new(name, source.clone())).collect()
    }

    /// The bytes of all of it.
    pub(crate) fn sources(&self) -> Vec<&Source> {
        match &self.given {
            Given::Document(source, _) => vec![source],
            Given::Files(files) => files.iter().map(|(_, source)| source).collect(),
        }
    }

    /// The files of a new container, by their names there.
    pub(crate) fn files_by_name(&self) -> impl Iterator<Item = (&str, &Source)> {
        let files = match &self.given {
            Given::Document(..) => None,
            Given::Files(files) => Some(files),
        };
        files.into_iter().flatten().map(|(name, source)| (&**name, source))
    }

    /// The document, if it is one already.
    pub(crate) fn source(&self) -> Option<&Source> {
        match &self.given {
            Given::Document(source, _) => Some(source),
            Given::Files(_) => None,
        }
    }

    /// The names of the files that become data files, and what the file system says of each; none of standard input.
    pub(crate) fn identity(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        if let Given::Files(files) = &self.given {
            for (name, _) in files {
                bytes.extend_from_slice(name.as_bytes());
                bytes.push(0);
            }
        }
        self.identities.iter().for_each(|identity| bytes.extend(identity.to_bytes()));
        (self.identities.len() == self.sources().len()).then_some(bytes)
    }

    /// Whether nobody has written to any file of it since well before `time`.
    pub(crate) fn was_settled(&self, time: std::time::SystemTime) -> bool {
        self.identities.iter().all(|identity| identity.was_settled(time))
    }

    pub(crate) fn len(&self) -> u64 {
        self.sources().iter().map(|source| source.len()).sum()
    }

    /// Digest of all of it: of the bytes themselves where it is one file, else of lengths and bytes.
    pub(crate) fn digest(&self, algorithm: DigestAlgorithm) -> Result<Digest> {
        digest_of(&self.sources(), algorithm)
    }

    /// What tells the files from others later, `told` being what else the result is made of; none of standard input.
    ///
    /// `since` is when the first of them was not open yet, `known` the digest of the only one where it is known.
    pub(crate) fn trace(&self, told: &[u8], since: SystemTime, known: Option<Digest>) -> Result<Option<Trace>> {
        if self.identities.len() != self.sources().len() {
            return Ok(None);
        }
        let (files, bytes) = count(&self.identities);
        let modified = self.identities.iter().map(FileIdentity::modified_seconds).max().unwrap_or_default();
        let stat = stat(self.files_by_name().map(|(name, _)| name), &self.identities, told);
        let (settled, sha256) = (self.was_settled(since), self.content(told, known)?);
        Ok(Some(Trace { files, bytes, modified, stat, settled, sha256 }))
    }

    /// SHA-256 of the only file, or over names, lengths and bytes of several and what else was told, in hexadecimal.
    pub(crate) fn content(&self, told: &[u8], known: Option<Digest>) -> Result<String> {
        let (sources, algorithm) = (self.sources(), DigestAlgorithm::Sha256);
        if let ([source], true) = (&*sources, told.is_empty()) {
            return Ok(known.map_or_else(|| digest_of(&[source], algorithm), Ok)?.to_hex());
        }
        let mut state = State::new(algorithm);
        state.update(told);
        for source in sources {
            state.update(digest_of(&[source], algorithm)?.as_bytes());
        }
        for (name, _) in self.files_by_name() {
            state.update(algorithm.digest(name.as_bytes()).as_bytes());
        }
        Ok(state.finish().to_hex())
    }

    /// Takes the target, where it is a file: from here on no other run writes there.
    pub(crate) fn reserve(&self, target: &Target, folders: &NewFolders, ready: &mut Ready) -> Result<()> {
        let Target::File(path) = target else { return Ok(()) };
        let reserve = || Reserved::new(path, self.permissions.clone());
        ready.reserved = Some(match reserve() {
            Err(error) if error.code() == ErrorCode::IoNotFound => {
                folders.make(path.parent().unwrap_or(Path::new(".")))?;
                reserve()?
            }
            reserved => reserved?,
        });
        Ok(())
    }

    /// Makes a result ready: staged beside its target, appended in place, or on standard output.
    pub(crate) fn place(self, output: &Output, target: &Target, existing: Existing, ready: &mut Ready) -> Result<()> {
        match target {
            Target::File(_) => {
                if ready.reserved.is_none() {
                    self.reserve(target, &NewFolders::default(), ready)?;
                }
                let reserved = ready.reserved.take().ok_or(Error::Bug("a target that is not reserved"))?;
                let staged = reserved.write(output)?;
                ready.bytes_out = staged.len()?;
                ready.staged = Some((staged, existing));
                Ok(())
            }
            Target::InPlace(_) => {
                let change = self.change.ok_or(Error::Bug("a document that is changed and not held"))?;
                check_place(&change.held, self.inside.as_ref())?;
                match change.held.append(output, &change.key) {
                    // What is changed stands in the middle: the whole file is made anew, and takes the old one's place.
                    Err(error) if error.code() == ErrorCode::Misuse => {
                        let staged = Staged::write(output, change.held.path(), self.permissions)?;
                        ready.bytes_out = staged.len()?;
                        ready.staged = Some((staged, Existing::Replace));
                        // Nobody else may have it until it has its place.
                        ready.change = Some(change);
                        Ok(())
                    }
                    appended => {
                        appended?;
                        ready.bytes_out = change.held.identity()?.len();
                        Ok(())
                    }
                }
            }
            Target::Stdout => {
                // What has gone into a pipe can't be thrown away, so the source is looked at first.
                output.verify_source()?;
                let mut out = io::stdout().lock();
                ready.bytes_out = output.write_to(&mut out)?;
                Ok(out.flush()?)
            }
        }
    }
}

/// Makes sure that a document of a folder, which is changed in place, is still the one that is held, and no link leads to it.
fn check_place(held: &Held, inside: Option<&Below>) -> Result<()> {
    let Some(inside) = inside else { return Ok(()) };
    match FileIdentity::of(&inside.open_file()?.metadata()?).node() == held.identity()?.node() {
        true => Ok(()),
        false => Err(StateError::new(ErrorCode::StateOtherDocument).into()),
    }
}

/// Opens a file that was named, or one of a folder that was.
fn open_file(path: &Path, inside: Option<&Below>) -> Result<File> {
    inside.map_or_else(|| system::open_file(path), Below::open_file)
}

/// Digest of one source, or of the lengths and bytes of several.
pub(crate) fn digest_of(sources: &[&Source], algorithm: DigestAlgorithm) -> Result<Digest> {
    let mut state = State::new(algorithm);
    for source in sources {
        if sources.len() != 1 {
            state.update(&source.len().to_be_bytes());
        }
        source.for_each(0..source.len(), |bytes| {
            state.update(bytes);
            Ok(())
        })?;
    }
    Ok(state.finish())
}

/// Memory that an input takes while it is worked on.
pub(crate) fn need(input: &Input) -> u64 {
    match &input.made_of {
        None => need_of_document(&input.given),
        Some(made_of) => need_of_files(&made_of.parts),
    }
}

/// Memory that the document at `path` takes.
pub(crate) fn need_of_document(path: &Path) -> u64 {
    // A small file is in memory with its objects, of a large one only windows are.
    OVERHEAD_BYTES + len(path).min(WHOLE_BYTES).saturating_mul(3)
}

/// Memory that a container of these files takes.
pub(crate) fn need_of_files(parts: &[Part]) -> u64 {
    let paths = parts.iter().filter_map(|part| part.path.as_deref());
    let count = u64::try_from(parts.len()).unwrap_or(u64::MAX);
    let (content, packed) = if parts.len() > OPEN_AT_ONCE {
        // They are read piece by piece, and one at a time is packed.
        (0, PACKED_BYTES)
    } else {
        let lens: Vec<u64> = paths.map(len).collect();
        let largest = lens.iter().copied().max().unwrap_or_default();
        (lens.iter().map(|len| (*len).min(WHOLE_BYTES)).sum(), largest.min(PACKED_BYTES))
    };
    OVERHEAD_BYTES.saturating_add(count.saturating_mul(ENTRY_BYTES)).saturating_add(content).saturating_add(packed)
}

fn len(path: &Path) -> u64 {
    path.metadata().map_or(0, |metadata| metadata.len())
}

/// The same fault of the system, with the file among many that it is about.
fn naming(path: &Path, error: Error) -> Error {
    match error {
        Error::Io(error) => io::Error::new(error.kind(), format!("{}: {error}", path.display())).into(),
        other => other,
    }
}

/// What both may do, without running it: a container is read by those who may read each of its files.
#[cfg(unix)]
fn shared(before: Option<Permissions>, next: Permissions) -> Permissions {
    use std::os::unix::fs::PermissionsExt;
    let mode = before.map_or(0o666, |before| before.mode()) & next.mode() & 0o666;
    Permissions::from_mode(mode)
}

#[cfg(not(unix))]
fn shared(before: Option<Permissions>, next: Permissions) -> Permissions {
    before.unwrap_or(next)
}

/// Whether the file at `path` holds exactly this result.
pub(crate) fn holds(path: &Path, output: &Output) -> Result<bool> {
    let metadata = path.symlink_metadata()?;
    if !metadata.is_file() || output.len().is_some_and(|len| len != metadata.len()) {
        return Ok(false);
    }
    let mut same = Same { file: io::BufReader::new(File::open(path)?), is_same: true };
    Ok(output.write_to(&mut same)? == metadata.len() && same.is_same)
}

/// Whether a result is a document and something after it.
pub(crate) fn begins_with(result: &Source, source: &Source) -> Result<bool> {
    if result.len() <= source.len() {
        return Ok(false);
    }
    let mut at = 0;
    let mut is_prefix = true;
    source.for_each(0..source.len(), |bytes| {
        let end = at + u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        is_prefix &= *result.window(at..end)? == *bytes;
        at = end;
        Ok(())
    })?;
    Ok(is_prefix)
}

/// A writer that compares what is written with a file.
struct Same {
    file: io::BufReader<File>,
    is_same: bool,
}

impl Write for Same {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.is_same {
            let mut there = vec![0; bytes.len()];
            self.is_same = self.file.read_exact(&mut there).is_ok() && there == bytes;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What is said of a document that is only read, where a crashed run that changed it has left its undo file.
pub(crate) const UNDO_WAITS: &str =
    "an undo file waits beside it: the document is read as it is; `eseal restore` puts back what a crashed run changed";

const STDIN_ADVICE: &str =
    "eseal: standard input is neither PDF nor container; --into NAME.asice makes one that holds it as the file NAME";
const OVERHEAD_BYTES: u64 = 128 << 10;
// What is known of a file beside its content: names, digests, headers, its part of the signature.
const ENTRY_BYTES: u64 = 4 << 10;
// Up to here a packed file is in memory.
const PACKED_BYTES: u64 = 4 << 20;
// So many small files are in memory, or large ones open; more are opened when they are read.
const OPEN_AT_ONCE: usize = 64;
const WHOLE_BYTES: u64 = 1 << 20;
