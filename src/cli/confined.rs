//! Folders that a name out of data does not leave: that of results, or a manifest's.

use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use eseal::error::Refusal;
use eseal::{Error, ErrorCode, Result};

/// Makes sure that a file of the name `path` would be in `folder`, which need not be there yet.
///
/// Links count as what they lead to, but for the last name: a result takes that name's place, whatever has it.
///
/// # Errors
/// `io.outside`
pub(crate) fn check_inside(folder: &Path, path: &Path) -> Result<()> {
    let absolute = std::path::absolute(path).ok();
    let parent = absolute.as_deref().filter(|path| path.file_name().is_some()).and_then(Path::parent);
    let is_inside = parent.and_then(real).zip(real(folder)).is_some_and(|(parent, folder)| parent.starts_with(folder));
    // The folder itself, written with a separator at its end, is no name in it.
    if is_inside { Ok(()) } else { Err(outside()) }
}

/// Whether all of a path leads down.
pub(crate) fn leads_down(path: &Path) -> bool {
    path.components().all(|part| matches!(part, Component::Normal(_))) && path.file_name().is_some()
}

/// `io.outside`
pub(crate) fn outside() -> Error {
    Refusal::new(ErrorCode::IoOutside).into()
}

/// The path without links, as far as it is there; `None` where that can't be told.
fn real(path: &Path) -> Option<PathBuf> {
    let absolute = std::path::absolute(path).ok()?;
    let (mut known, mut missing) = (absolute.as_path(), Vec::new());
    loop {
        match fs::canonicalize(known) {
            Ok(real) => return Some(missing.iter().rev().fold(real, |path, name| path.join(name))),
            // A link that leads nowhere may lead somewhere by the time it is used.
            Err(e) if e.kind() == io::ErrorKind::NotFound && known.symlink_metadata().is_err() => {
                missing.push(known.file_name()?);
                known = known.parent()?;
            }
            Err(_) => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_stays_in_its_folder() {
        let dir = tempfile::tempdir().unwrap();
        let out = dir.path().join("out");
        let is_inside = |name: &str| check_inside(&out, &out.join(name)).is_ok();
        for there in [false, true] {
            for name in ["a.pdf", "sub/a.pdf", "./a.pdf", "a/b/c.pdf", "..a.pdf", out.join("b.pdf").to_str().unwrap()] {
                assert!(is_inside(name), "{name}");
            }
            for name in
                ["", ".", "..", "../a.pdf", "sub/../../a.pdf", "../out2/a.pdf", "/tmp/a.pdf", "sub/..", "a\0b/c"]
            {
                assert!(!is_inside(name), "{name} {there}");
            }
            fs::create_dir_all(out.join("sub")).unwrap();
        }
        assert_eq!(check_inside(&out, &out.join("../a")).unwrap_err().code(), ErrorCode::IoOutside);
        assert!(leads_down(Path::new("a/b")) && !leads_down(Path::new("../b")) && !leads_down(Path::new("/b")));
    }

    #[cfg(unix)]
    #[test]
    fn links_count_as_what_they_lead_to() {
        use std::os::unix::fs::symlink;
        let dir = tempfile::tempdir().unwrap();
        let (out, other) = (dir.path().join("out"), dir.path().join("other"));
        for folder in ["out/sub", "other"] {
            fs::create_dir_all(dir.path().join(folder)).unwrap();
        }
        symlink(&other, out.join("away")).unwrap();
        symlink("sub", out.join("down")).unwrap();
        symlink(dir.path().join("nowhere"), out.join("nowhere")).unwrap();
        symlink(&out, dir.path().join("link")).unwrap();
        symlink(other.join("a.pdf"), out.join("a.pdf")).unwrap();
        // It is the link that a result replaces.
        for name in ["down/a.pdf", "a.pdf"] {
            assert!(check_inside(&out, &out.join(name)).is_ok(), "{name}");
            assert!(check_inside(&dir.path().join("link"), &dir.path().join("link").join(name)).is_ok(), "{name}");
        }
        for name in ["away/a.pdf", "away/new/a.pdf", "nowhere/a.pdf", "down/../away/a.pdf"] {
            assert!(check_inside(&out, &out.join(name)).is_err(), "{name}");
        }
    }
}
