//! An answer as it comes: in memory, and in a file without a name once it is long.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;

use crate::digest::to_hex;
use crate::error::Result;
use crate::provider::Entropy as _;
use crate::source::{ReadAt, Source, to_u64};
use crate::system::{FileSource, OsEntropy};

/// Takes pieces, and becomes a source.
pub(super) struct Spool {
    memory: Vec<u8>,
    file: Option<(File, PathBuf)>,
    len: u64,
}

impl Spool {
    pub(super) fn new() -> Self {
        Spool { memory: Vec::new(), file: None, len: 0 }
    }

    pub(super) fn len(&self) -> u64 {
        self.len
    }

    pub(super) fn add(&mut self, piece: &[u8]) -> Result<()> {
        self.len = self.len.saturating_add(to_u64(piece.len()));
        match &mut self.file {
            Some((file, _)) => file.write_all(piece)?,
            None if self.len <= MEMORY_BYTES => self.memory.extend_from_slice(piece),
            None => {
                let (file, path) = self.file.insert(create()?);
                let _ = path;
                file.write_all(&std::mem::take(&mut self.memory))?;
                file.write_all(piece)?;
            }
        }
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Source> {
        let Some((file, path)) = self.file.take() else {
            return Ok(Source::from_bytes(std::mem::take(&mut self.memory)));
        };
        let spooled = Spooled { path, file: FileSource::new(file)? };
        Ok(Source::from_reader(Arc::new(spooled), self.len))
    }
}

impl Drop for Spool {
    fn drop(&mut self) {
        if let Some((_, path)) = &self.file {
            let _ = std::fs::remove_file(path);
        }
    }
}

/// The file goes with the last who reads it.
struct Spooled {
    path: PathBuf,
    file: FileSource,
}

impl ReadAt for Spooled {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        self.file.read_at(offset, buffer)
    }

    fn as_file(&self) -> Option<&File> {
        self.file.as_file()
    }
}

impl Drop for Spooled {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

fn create() -> Result<(File, PathBuf)> {
    let mut name = [0; 16];
    OsEntropy.fill(&mut name)?;
    let path = std::env::temp_dir().join(format!("eseal-{}.part", to_hex(&name)));
    let mut options = OpenOptions::new();
    options.read(true).write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let file = options.open(&path)?;
    // Where a file may be read without a name, nothing is left behind however the process ends.
    #[cfg(unix)]
    let _ = std::fs::remove_file(&path);
    Ok((file, path))
}

// Nearly every CRL is shorter.
const MEMORY_BYTES: u64 = 1 << 20;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_goes_into_a_file() {
        for (pieces, is_file) in [(1, false), (16, false), (17, true), (40, true)] {
            let mut spool = Spool::new();
            let mut all = Vec::new();
            for n in 0..pieces {
                let piece = vec![n; 64 << 10];
                spool.add(&piece).unwrap();
                all.extend_from_slice(&piece);
            }
            let source = spool.finish().unwrap();
            assert_eq!(source.as_file().is_some(), is_file);
            assert_eq!(&*source.window(0..source.len()).unwrap(), all.as_slice());
        }
    }
}
