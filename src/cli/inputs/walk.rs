//! The files below a folder, in the order of their names.

use std::fs;
use std::path::{Path, PathBuf};

use eseal::Format;

use super::{Found, Origin, Unusable, unusable};
use crate::cli::containers::format_of;

/// Which files of a folder are taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Walk {
    /// All of them, whatever their names.
    pub(crate) all: bool,
    /// Folders and files that are left out: where results and states go, keys.
    without: Vec<PathBuf>,
}

impl Walk {
    /// Leaves out what is at these paths.
    pub(crate) fn new<'a>(all: bool, without: impl IntoIterator<Item = &'a Path>) -> Walk {
        let canonical = |path: &Path| {
            let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
            // What is not there yet may come to be there while the folder is read.
            fs::canonicalize(path).ok().or_else(|| Some(fs::canonicalize(folder).ok()?.join(path.file_name()?)))
        };
        Walk { all, without: without.into_iter().filter_map(canonical).collect() }
    }

    /// What is below `root`; what can't be read is in its place in the order.
    pub(crate) fn below(&self, root: &Path) -> Vec<Result<Found, Unusable>> {
        let mut found = Vec::new();
        let mut folders = vec![PathBuf::new()];
        while let Some(below) = folders.pop() {
            let folder = root.join(&below);
            let canonical = if self.without.is_empty() { None } else { fs::canonicalize(&folder).ok() };
            let is_left_out = |path: Option<PathBuf>| path.is_some_and(|path| self.without.contains(&path));
            if is_left_out(canonical.clone()) {
                continue;
            }
            let entries = match fs::read_dir(&folder) {
                Ok(entries) => entries,
                Err(error) => {
                    found.push((below, Err(unusable(&folder, error))));
                    continue;
                }
            };
            for entry in entries {
                let entry = match entry {
                    Ok(entry) => entry,
                    Err(error) => {
                        found.push((below.clone(), Err(unusable(&folder, error))));
                        break;
                    }
                };
                let relative = below.join(entry.file_name());
                // A link to a folder is not followed: it may lead back.
                if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                    folders.push(relative);
                } else if self.takes(&root.join(&relative))
                    && !is_left_out(canonical.as_ref().map(|folder| folder.join(entry.file_name())))
                {
                    let given = root.join(&relative);
                    found.push((relative.clone(), Ok(Found { given, relative, origin: Origin::Folder })));
                }
            }
        }
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        found.into_iter().map(|(_, item)| item).collect()
    }

    fn takes(&self, path: &Path) -> bool {
        match format_of(path) {
            _ if is_ours(path) => false,
            Some(Format::Pdf | Format::Asice | Format::Edoc) => true,
            _ => self.all && !path.is_dir(),
        }
    }
}

/// Whether it is a file that a run of this command leaves beside its results.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let is_passing = name.starts_with(b".") && (name.ends_with(b".eseal-tmp") || name.ends_with(b".eseal-undo"));
    is_passing || name == b".eseal-run"
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(found: Vec<Result<Found, Unusable>>) -> Vec<String> {
        found.into_iter().map(|found| found.unwrap().relative.to_string_lossy().into_owned()).collect()
    }

    fn folder(names: &[&str]) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        for name in names {
            let path = dir.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"").unwrap();
        }
        dir
    }

    #[test]
    fn a_folder_is_its_documents_sorted_without_the_results() {
        let dir =
            folder(&["b.pdf", "a.PDF", "notes.txt", "sub/c.pdf", "out/a.pdf", "sub/.d.pdf.eseal-tmp", "B/x.edoc"]);
        let walk = Walk::new(false, [&*dir.path().join("out")]);
        assert_eq!(names(walk.below(dir.path())), ["B/x.edoc", "a.PDF", "b.pdf", "sub/c.pdf"]);
    }

    #[test]
    fn all_files_are_all_but_ours() {
        let dir =
            folder(&["b.pdf", ".hidden", "notes.txt", "x/all.asice", ".b.pdf.eseal-tmp", "x/.eseal-run", "work/aa/1"]);
        let walk = Walk::new(true, [&*dir.path().join("work"), &*dir.path().join("x/all.asice")]);
        assert_eq!(names(walk.below(dir.path())), [".hidden", "b.pdf", "notes.txt"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_link_to_a_folder_is_not_followed() {
        let dir = folder(&["a.pdf"]);
        std::os::unix::fs::symlink(dir.path(), dir.path().join("loop")).unwrap();
        assert_eq!(names(Walk::default().below(dir.path())), ["a.pdf"]);
        assert_eq!(names(Walk::new(true, []).below(dir.path())), ["a.pdf"]);
    }
}
