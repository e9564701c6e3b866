//! The key that tells this account's undo files from those that came with the documents.
//!
//! In: the account's state directory. Out: 32 bytes that nobody else reads, made when they are first needed.
//! Decided here and nowhere else: when such a file is not believed.

use std::fmt;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use zeroize::Zeroizing;

use super::staged::rename_new;
use super::{open_options, sync_directory};
use crate::error::Result;

/// The key under which undo files are authenticated: see [`append`](super::append()).
///
/// It can't be printed, and its memory is wiped when it is dropped.
#[derive(Clone)]
pub struct UndoKey(Zeroizing<[u8; KEY_BYTES]>);

impl UndoKey {
    /// A key that the caller keeps.
    #[must_use]
    pub fn new(bytes: [u8; 32]) -> Self {
        UndoKey(Zeroizing::new(bytes))
    }

    /// The key of the state directory `state`, `undo.key` in it; both are made where they are missing.
    ///
    /// Of two processes that make it at the same time both get the same one.
    ///
    /// # Errors
    /// As [`UndoKey::find`]; what the system says when it can't be made.
    pub fn open(state: &Path) -> Result<Self> {
        if let Some(key) = UndoKey::find(state)? {
            return Ok(key);
        }
        make_directory(state)?;
        make(state)?;
        UndoKey::find(state)?.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound).into())
    }

    /// The key of the state directory `state`, if there is one.
    ///
    /// # Errors
    /// What can't be this account's own secret is refused: a link, a file of another account, one that others may
    /// read, one of another length. What the system says.
    pub fn find(state: &Path) -> Result<Option<Self>> {
        let mut file = match open_options(OpenOptions::new().read(true)).open(state.join(NAME)) {
            Err(e) if e.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(_) if state.join(NAME).is_symlink() => return Err(refused("it is a link")),
            file => file?,
        };
        check(&file)?;
        let mut bytes = Zeroizing::new([0; KEY_BYTES]);
        file.read_exact(bytes.as_mut_slice())?;
        Ok(Some(UndoKey(bytes)))
    }

    /// The authentication code of `text`.
    pub(super) fn code(&self, text: &[u8]) -> [u8; 32] {
        self.mac(text).finalize().into_bytes().into()
    }

    /// Whether `code` is the authentication code of `text`; it takes as long for each code.
    pub(super) fn verifies(&self, text: &[u8], code: &[u8]) -> bool {
        self.mac(text).verify_slice(code).is_ok()
    }

    fn mac(&self, text: &[u8]) -> Hmac<Sha256> {
        // HMAC itself fills a shorter key up with zeros.
        let mut block = Zeroizing::new([0; BLOCK_BYTES]);
        block.iter_mut().zip(self.0.iter()).for_each(|(to, from)| *to = *from);
        let block: &[u8; BLOCK_BYTES] = &block;
        Hmac::<Sha256>::new(block.into()).chain_update(text)
    }
}

impl fmt::Debug for UndoKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UndoKey")
    }
}

/// Makes sure that an open file can be this account's own secret.
fn check(file: &File) -> Result<()> {
    let metadata = file.metadata()?;
    if !metadata.is_file() {
        return Err(refused("it is no regular file"));
    }
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if metadata.uid() != rustix::process::geteuid().as_raw() {
            return Err(refused("it belongs to another account"));
        }
        if metadata.mode() & 0o7777 != 0o600 {
            return Err(refused("its permissions are not 0600"));
        }
    }
    if metadata.len() != crate::source::to_u64(KEY_BYTES) {
        return Err(refused("it is not 32 bytes long"));
    }
    Ok(())
}

fn make_directory(state: &Path) -> Result<()> {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    Ok(builder.create(state)?)
}

/// Makes a key under a name of its own first, so that nobody reads half of it; whoever was quicker wins.
fn make(state: &Path) -> Result<()> {
    let (mut bytes, mut name) = (Zeroizing::new([0; KEY_BYTES]), [0; 16]);
    for buffer in [bytes.as_mut_slice(), name.as_mut_slice()] {
        getrandom::fill(buffer).map_err(io::Error::other)?;
    }
    let name = name.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    let (temporary, path) = (state.join(format!(".{NAME}.{name}")), state.join(NAME));
    let written = write_private(&temporary, bytes.as_slice());
    let named = written.and_then(|()| match rename_new(&temporary, &path) {
        Err(e) if e.kind() != io::ErrorKind::AlreadyExists => fs::hard_link(&temporary, &path),
        named => named,
    });
    // Gone by now where it got its name by a rename.
    let _ = fs::remove_file(&temporary);
    match named {
        Err(e) if e.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        named => {
            named?;
            sync_directory(&path)
        }
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    #[cfg(unix)]
    file.set_permissions(std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    file.write_all(bytes)?;
    file.sync_all()
}

fn refused(why: &str) -> crate::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("{NAME} is not this account's own secret: {why}")).into()
}

const NAME: &str = "undo.key";
const KEY_BYTES: usize = 32;
// What SHA-256 takes at a time.
const BLOCK_BYTES: usize = 64;

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;

    #[test]
    fn it_is_made_once_and_found_again() {
        let dir = tempfile::tempdir().unwrap();
        let state = dir.path().join("state/eseal");
        assert!(UndoKey::find(&state).unwrap().is_none());
        let key = UndoKey::open(&state).unwrap();
        let code = key.code(b"text");
        assert!(UndoKey::open(&state).unwrap().verifies(b"text", &code));
        assert!(!key.verifies(b"texts", &code) && !key.verifies(b"text", &code[..31]));
        assert_eq!(format!("{key:?}"), "UndoKey");
        let names: Vec<_> = fs::read_dir(&state).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(names, [NAME]);
    }

    #[test]
    fn all_who_make_it_at_the_same_time_get_the_same() {
        for _ in 0..20 {
            let dir = tempfile::tempdir().unwrap();
            let start = Barrier::new(8);
            let codes: Vec<_> = std::thread::scope(|scope| {
                let open = || {
                    start.wait();
                    UndoKey::open(dir.path()).unwrap().code(b"text")
                };
                let all: Vec<_> = (0..8).map(|_| scope.spawn(open)).collect();
                all.into_iter().map(|one| one.join().unwrap()).collect()
            });
            assert!(codes.iter().all(|code| code == &codes[0]));
        }
    }

    #[cfg(unix)]
    #[test]
    fn what_cannot_be_our_own_secret_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(NAME);
        let refusal = || UndoKey::open(dir.path()).unwrap_err().to_string();
        UndoKey::open(dir.path()).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(refusal().contains("0600"), "{}", refusal());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, [0; 31]).unwrap();
        assert!(refusal().contains("32 bytes"), "{}", refusal());
        let elsewhere = dir.path().join("elsewhere");
        fs::rename(&path, &elsewhere).unwrap();
        std::os::unix::fs::symlink(&elsewhere, &path).unwrap();
        assert!(refusal().contains("link"), "{}", refusal());
        fs::remove_file(&path).unwrap();
        fs::create_dir(&path).unwrap();
        assert!(refusal().contains("regular"), "{}", refusal());
    }
}
