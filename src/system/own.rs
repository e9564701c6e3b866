//! Files under names that this program makes itself: nobody's pipe is waited for there, and no link leads away.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::Path;

use super::open_options;

/// Opens the regular file at `path`; a link, pipe, device or folder is refused.
pub(crate) fn open_own(options: &mut OpenOptions, path: &Path) -> io::Result<File> {
    let is_another_kind = || path.symlink_metadata().is_ok_and(|found| !found.is_file());
    match open_options(options).open(path) {
        // The system's words for a link or a pipe without a reader don't help.
        Err(_) if is_another_kind() => Err(not_regular()),
        Ok(file) if is_another_kind() || !file.metadata()?.is_file() => Err(not_regular()),
        opened => opened,
    }
}

fn not_regular() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, "not a regular file, but a link, pipe, device or folder")
}
