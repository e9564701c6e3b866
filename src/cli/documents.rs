//! Documents on their way in and results on their way out, one at a time.

use std::fs::{self, File, Permissions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

use eseal::error::Refusal;
use eseal::system::{self, Existing, FileIdentity, Staged};
use eseal::{Document, ErrorCode, Limits, Output, Recovery, Result, Source};

use super::inputs::{Input, Origin, is_pdf_name};
use super::run::Ready;
use super::targets::Target;

/// A document's bytes, and what the file system says of them.
pub(crate) struct Opened {
    pub(crate) source: Source,
    /// None for standard input.
    pub(crate) identity: Option<FileIdentity>,
    permissions: Option<Permissions>,
    path: PathBuf,
}

impl Opened {
    /// Opens the bytes of an input; takes back first what a crashed run did to it.
    pub(crate) fn input(input: &Input, ready: &mut Ready) -> Result<Opened> {
        if input.origin != Origin::Stdin {
            return Opened::path(&input.given, ready);
        }
        let mut bytes = Vec::new();
        io::stdin().lock().read_to_end(&mut bytes)?;
        ready.bytes_in = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
        // Named as a PDF: what is no PDF is said to be none.
        let path = input.relative.clone();
        Ok(Opened { source: Source::from_bytes(bytes), identity: None, permissions: None, path })
    }

    /// As [`Opened::input`] for the file at `path`.
    pub(crate) fn path(path: &Path, ready: &mut Ready) -> Result<Opened> {
        if system::restore(path)? {
            ready.notes.push(format!("eseal: {}: a run that crashed was taken back first", path.display()));
        }
        let (source, identity) = system::open(path)?;
        ready.bytes_in = source.len();
        let permissions = Some(path.metadata()?.permissions());
        Ok(Opened { source, identity: Some(identity), permissions, path: path.to_owned() })
    }

    /// The document in it: what is named `.pdf` or begins as a PDF is one.
    pub(crate) fn document(&self, recovery: Recovery, limits: &Limits) -> Result<Document> {
        if !is_pdf_name(&self.path) && !self.source.window_up_to(0, 5)?.starts_with(b"%PDF-") {
            return Err(Refusal::new(ErrorCode::InputFormat).into());
        }
        Document::open_with(self.source.clone(), limits, recovery)
    }

    /// Makes a result ready: staged beside its target, appended in place, or on standard output.
    pub(crate) fn place(&self, output: &Output, target: &Target, existing: Existing, ready: &mut Ready) -> Result<()> {
        match target {
            Target::File(path) => {
                let staged = match Staged::write(output, path, self.permissions.clone()) {
                    Err(error) if error.code() == ErrorCode::IoNotFound => {
                        fs::create_dir_all(path.parent().unwrap_or(Path::new(".")))?;
                        Staged::write(output, path, self.permissions.clone())?
                    }
                    staged => staged?,
                };
                ready.bytes_out = staged.len()?;
                ready.staged = Some((staged, existing));
                Ok(())
            }
            Target::InPlace(path) => {
                ready.bytes_out = output.len().unwrap_or_default();
                system::append(path, output)
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

/// Memory that a document of this file takes while it is worked on.
pub(crate) fn need(path: &Path) -> u64 {
    let len = path.metadata().map_or(0, |metadata| metadata.len());
    // A small file is in memory with its objects, of a large one only windows are.
    OVERHEAD_BYTES + len.min(WHOLE_BYTES).saturating_mul(3)
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

const OVERHEAD_BYTES: u64 = 128 << 10;
const WHOLE_BYTES: u64 = 1 << 20;
