//! What comes in pieces and can't be read again: kept in memory, and in a file without a name once it is long.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::PathBuf;
use std::sync::Arc;

use crate::digest::to_hex;
use crate::error::Result;
use crate::provider::Entropy as _;
use crate::source::{ReadAt, Source, to_u64};
use crate::system::{FileSource, OsEntropy};

/// All that `reader` gives, such as standard input: in memory up to 1 MiB, in a file of the temporary directory beyond.
///
/// The file has no name where the system reads files without one; it is gone with the last who uses the source.
///
/// # Errors
/// What the system says, of reading or of the temporary directory.
pub fn spool(mut reader: impl Read) -> Result<Source> {
    let mut spool = Spool::new();
    let mut buffer = vec![0; BUFFER_BYTES];
    loop {
        match reader.read(&mut buffer) {
            Ok(0) => return spool.finish(),
            Ok(len) => spool.add(buffer.get(..len).unwrap_or_default())?,
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            Err(e) => return Err(e.into()),
        }
    }
}

/// Takes pieces, and becomes a source.
pub(crate) struct Spool {
    memory: Vec<u8>,
    file: Option<(File, PathBuf)>,
    len: u64,
}

impl Spool {
    pub(crate) fn new() -> Self {
        Spool { memory: Vec::new(), file: None, len: 0 }
    }

    #[cfg_attr(not(feature = "http"), allow(dead_code, reason = "the HTTP client alone has a limit"))]
    pub(crate) fn len(&self) -> u64 {
        self.len
    }

    pub(crate) fn add(&mut self, piece: &[u8]) -> Result<()> {
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

    pub(crate) fn finish(mut self) -> Result<Source> {
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

// Nearly every CRL is shorter, and most documents.
const MEMORY_BYTES: u64 = 1 << 20;
const BUFFER_BYTES: usize = 64 << 10;

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

    #[test]
    fn a_reader_is_read_to_its_end() {
        struct Halting<'a>(&'a [u8], bool);
        impl Read for Halting<'_> {
            fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
                self.1 = !self.1;
                if self.1 { Err(io::ErrorKind::Interrupted.into()) } else { self.0.read(buffer) }
            }
        }
        for len in [0, 1, 1 << 20, (1 << 20) + 1, 3_000_000] {
            let all: Vec<u8> = (0..len).map(|n: u32| n.to_le_bytes()[1]).collect();
            let source = spool(Halting(&all, false)).unwrap();
            assert_eq!(source.as_file().is_some(), len > 1 << 20);
            assert_eq!(&*source.window(0..source.len()).unwrap(), all.as_slice());
        }
        struct Broken;
        impl Read for Broken {
            fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
        }
        assert!(spool(Broken).is_err());
    }
}
