//! The files below a folder, in the order of their names.
//!
//! Nothing outside of it is found: links are left out, or with `--follow-links` those that lead out. What belongs to the
//! run itself, such as its key, is known by device and inode, whatever name leads to it.

use std::collections::BTreeSet;
use std::fs::{self, Metadata};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use eseal::Format;
use eseal::system::{Below, FOLDER_LOCK, FileIdentity};

use super::passed_over::{PassedOver, Tally};
use super::{Found, Origin, Unusable, unusable};
use crate::cli::config::Common;
use crate::cli::containers::{format_of, told_by};

/// Which files of a folder are taken.
#[derive(Debug, Clone, Default)]
pub(crate) struct Walk {
    /// All of them, whatever they are.
    pub(crate) all: bool,
    /// Links are followed as long as they stay in the folder.
    follow: bool,
    /// What is found is changed where it is.
    in_place: bool,
    /// Each thing that is left out is named.
    verbose: bool,
    own: Own,
    /// The folder of the results.
    out: Option<PathBuf>,
    tally: Tally,
}

/// What belongs to the run: where results and states go, the key, settings and all that they name.
#[derive(Debug, Clone, Default)]
struct Own {
    nodes: BTreeSet<(u64, u64)>,
    /// What is not there yet may come to be there while the folder is read.
    paths: BTreeSet<PathBuf>,
}

impl Walk {
    /// Takes documents, or all files; says on standard error, and to `tally`, what it leaves out.
    pub(crate) fn new(all: bool, common: &Common, tally: &Tally) -> Walk {
        let walk = Walk { all, verbose: common.verbose, tally: tally.clone(), ..Walk::default() };
        walk.without(common.equipment.iter().map(|path| &**path))
    }

    /// Leaves out what is at these paths, too.
    pub(crate) fn without<'a>(mut self, paths: impl IntoIterator<Item = &'a Path>) -> Walk {
        paths.into_iter().for_each(|path| self.own.add(path));
        self
    }

    /// Results go to this folder.
    pub(crate) fn into(self, out: Option<&Path>) -> Walk {
        Walk { out: out.map(Path::to_owned), ..self }
    }

    /// Where results go.
    pub(crate) fn out(&self) -> Option<&Path> {
        self.out.as_deref()
    }

    /// Follows links that stay in the folder.
    pub(crate) fn following(self, follow: bool) -> Walk {
        Walk { follow, ..self }
    }

    /// Is for what is changed in place.
    pub(crate) fn in_place(self, in_place: bool) -> Walk {
        Walk { in_place, ..self }
    }

    /// What is below `root`; what can't be read is in its place in the order.
    pub(crate) fn below(&self, root: &Path) -> Vec<Result<Found, Unusable>> {
        let mut search = Search {
            walk: self,
            root,
            folder: Arc::from(root),
            found: Vec::new(),
            links: Vec::new(),
            nodes: BTreeSet::new(),
            passed_over: PassedOver::default(),
        };
        search.run();
        let Search { mut found, passed_over, .. } = search;
        self.tally.add(root, passed_over, self.follow);
        found.sort_by(|(a, _), (b, _)| a.cmp(b));
        found.into_iter().map(|(_, item)| item).collect()
    }

    /// Whether its name is enough for a file to be taken.
    fn takes(&self, path: &Path) -> bool {
        match format_of(path) {
            _ if is_ours(path) => false,
            Some(Format::Pdf | Format::Asice | Format::Edoc) => true,
            _ => self.all,
        }
    }
}

impl Own {
    fn add(&mut self, path: &Path) {
        if path.as_os_str() == "-" {
            return;
        }
        // In a state directory lies a key, which other names may lead to.
        self.nodes.extend(path.join(UNDO_KEY).metadata().ok().as_ref().and_then(node));
        match path.metadata().ok().as_ref().and_then(node) {
            Some(node) => drop(self.nodes.insert(node)),
            None => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
                let folder = fs::canonicalize(folder).ok();
                self.paths.extend(folder.zip(path.file_name()).map(|(folder, name)| folder.join(name)));
            }
        }
    }

    /// Whether it is this file or folder; `path` is without links on its way.
    fn has(&self, metadata: &Metadata, path: Option<&Path>) -> bool {
        node(metadata).is_some_and(|node| self.nodes.contains(&node))
            || path.is_some_and(|path| self.paths.contains(path))
    }
}

/// One search of one folder.
struct Search<'a> {
    walk: &'a Walk,
    root: &'a Path,
    /// The folder that is not left.
    folder: Arc<Path>,
    found: Vec<(PathBuf, Result<Found, Unusable>)>,
    /// What is to be followed after all else is known.
    links: Vec<PathBuf>,
    /// What was found, where that is asked.
    nodes: BTreeSet<(u64, u64)>,
    passed_over: PassedOver,
}

impl Search<'_> {
    fn run(&mut self) {
        let mut folders = vec![PathBuf::new()];
        while let Some(below) = folders.pop() {
            if let Err(error) = self.folder(&below, &mut folders) {
                let fault = unusable(&self.root.join(&below), error);
                self.found.push((below, Err(fault)));
            }
        }
        let mut links = std::mem::take(&mut self.links);
        links.sort();
        links.into_iter().for_each(|relative| self.link(relative));
    }

    fn folder(&mut self, below: &Path, folders: &mut Vec<PathBuf>) -> std::io::Result<()> {
        let walk = self.walk;
        let folder = self.root.join(below);
        let canonical = if walk.own.paths.is_empty() { None } else { fs::canonicalize(&folder).ok() };
        if walk.own.has(&folder.metadata()?, canonical.as_deref()) {
            return Ok(());
        }
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let relative = below.join(entry.file_name());
            let kind = match entry.file_type() {
                // It is gone meanwhile.
                Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
                kind => kind?,
            };
            if kind.is_dir() {
                folders.push(relative);
            } else if kind.is_symlink() {
                self.see_link(relative);
            } else if !kind.is_file() {
                if walk.takes(&relative) {
                    self.leave_out(&relative, "neither file nor folder", |passed_over| &mut passed_over.special);
                }
            } else {
                let inside = Below::new(Arc::clone(&self.folder), &relative);
                let told = match walk.takes(&relative) {
                    true => None,
                    false if is_ours(&relative) => continue,
                    // A container has any name.
                    false => match told_by(inside.open_file()) {
                        Some(Format::Asice) => Some(Format::Asice),
                        _ => continue,
                    },
                };
                let metadata = match entry.metadata() {
                    // It is gone meanwhile.
                    Err(e) if e.kind() == std::io::ErrorKind::NotFound => continue,
                    metadata => metadata?,
                };
                let canonical = canonical.as_ref().map(|folder| folder.join(entry.file_name()));
                self.take(relative, (inside, told), &metadata, canonical.as_deref());
            }
        }
        Ok(())
    }

    fn take(
        &mut self,
        relative: PathBuf,
        (inside, told): (Below, Option<Format>),
        metadata: &Metadata,
        canonical: Option<&Path>,
    ) {
        if self.walk.own.has(metadata, canonical) {
            return self.leave_out(&relative, "it belongs to this run", |passed_over| &mut passed_over.own);
        }
        if self.walk.follow {
            self.nodes.extend(node(metadata));
        }
        self.passed_over.shared += u64::from(self.walk.in_place && names(metadata) > 1);
        let given = self.root.join(&relative);
        let found = Found { given, relative: relative.clone(), origin: Origin::Folder, inside: Some(inside), told };
        self.found.push((relative, Ok(found)));
    }

    fn see_link(&mut self, relative: PathBuf) {
        let is_folder = self.root.join(&relative).is_dir();
        if !is_folder && !self.walk.takes(&relative) {
            return;
        }
        if self.walk.follow {
            return self.links.push(relative);
        }
        if is_folder && self.passed_over.folder.is_none() {
            self.passed_over.folder = Some(self.root.join(&relative));
        }
        self.leave_out(&relative, "it is a link", |passed_over| &mut passed_over.links);
    }

    /// Follows a link, if it stays in the folder and leads to what is not found under its own name.
    fn link(&mut self, relative: PathBuf) {
        let given = self.root.join(&relative);
        let real = fs::canonicalize(&given).and_then(|real| Ok((fs::canonicalize(self.root)?, real.metadata()?, real)));
        let (folder, metadata, real) = match real {
            Ok(found) => found,
            Err(error) => return self.found.push((relative, Err(unusable(&given, error)))),
        };
        let Ok(inside) = real.strip_prefix(&folder) else {
            if metadata.is_dir() && self.passed_over.folder.is_none() {
                self.passed_over.folder = Some(given);
            }
            return self.leave_out(&relative, "it leads out of the folder", |passed_over| &mut passed_over.links);
        };
        // What is in a folder of the folder is found there; so is a file whose own name is taken.
        if metadata.is_dir() || node(&metadata).is_some_and(|node| self.nodes.contains(&node)) {
            return;
        }
        if !metadata.is_file() {
            return self.leave_out(&relative, "neither file nor folder", |passed_over| &mut passed_over.special);
        }
        // Nothing of the run's own becomes a document because a link leads there.
        let mut folders = inside.ancestors().skip(1).map(|above| folder.join(above));
        if folders.any(|above| above.metadata().is_ok_and(|metadata| self.walk.own.has(&metadata, Some(&above))))
            || is_ours(&real)
        {
            return self.leave_out(&relative, "it belongs to this run", |passed_over| &mut passed_over.own);
        }
        let inside = Below::new(Arc::from(&*folder), inside);
        self.take(relative, (inside, None), &metadata, Some(&real));
    }

    fn leave_out(&mut self, relative: &Path, why: &str, count: impl FnOnce(&mut PassedOver) -> &mut u64) {
        *count(&mut self.passed_over) += 1;
        if self.walk.verbose {
            self.passed_over.named.push(format!("{}: left out: {why}", self.root.join(relative).display()));
        }
    }
}

/// Which file it is, whatever its name.
fn node(metadata: &Metadata) -> Option<(u64, u64)> {
    FileIdentity::of(metadata).node()
}

#[cfg(unix)]
fn names(metadata: &Metadata) -> u64 {
    std::os::unix::fs::MetadataExt::nlink(metadata)
}

#[cfg(not(unix))]
fn names(_: &Metadata) -> u64 {
    1
}

/// Whether it is a file that a run of this command leaves beside its results.
fn is_ours(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().as_encoded_bytes();
    let is_passing = name.starts_with(b".") && (name.ends_with(b".eseal-tmp") || name.ends_with(b".eseal-undo"));
    is_passing || name == b".eseal-run" || name == FOLDER_LOCK.as_bytes()
}

const UNDO_KEY: &str = "undo.key";

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

    fn walk(all: bool) -> Walk {
        Walk { all, ..Walk::default() }
    }

    #[test]
    fn a_folder_is_its_documents_sorted_without_the_results() {
        let dir =
            folder(&["b.pdf", "a.PDF", "notes.txt", "sub/c.pdf", "out/a.pdf", "sub/.d.pdf.eseal-tmp", "B/x.edoc"]);
        let walk = walk(false).without([&*dir.path().join("out")]);
        assert_eq!(names(walk.below(dir.path())), ["B/x.edoc", "a.PDF", "b.pdf", "sub/c.pdf"]);
    }

    #[test]
    fn all_files_are_all_but_ours() {
        let dir = folder(&[
            "b.pdf",
            ".hidden",
            "notes.txt",
            "x/all.asice",
            ".b.pdf.eseal-tmp",
            "x/.eseal-run",
            ".eseal-lock",
            "work/aa/1",
        ]);
        let (into, later) = (dir.path().join("x/all.asice"), dir.path().join("x/later"));
        let walk = walk(true).without([&*dir.path().join("work"), &*into, &*later]);
        // It comes to be there while the folder is read.
        fs::write(&later, b"").unwrap();
        assert_eq!(names(walk.below(dir.path())), [".hidden", "b.pdf", "notes.txt"]);
    }

    #[cfg(unix)]
    fn link(dir: &tempfile::TempDir, to: &Path, name: &str) {
        std::os::unix::fs::symlink(to, dir.path().join(name)).unwrap();
    }

    #[cfg(unix)]
    fn passed_over(walk: &Walk) -> (u64, u64, u64) {
        let sum = walk.tally.sum();
        (sum.links, sum.special, sum.own)
    }

    #[cfg(unix)]
    #[test]
    fn no_link_is_followed_and_each_is_counted() {
        let (dir, outside) = (folder(&["a.pdf", "sub/b.pdf"]), folder(&["c.pdf", "id_rsa"]));
        link(&dir, dir.path(), "loop");
        link(&dir, Path::new("sub"), "again");
        link(&dir, outside.path(), "outside");
        link(&dir, &outside.path().join("c.pdf"), "c.pdf");
        link(&dir, &outside.path().join("none"), "none.pdf");
        // Of a link that would not be taken anyway nobody is told.
        link(&dir, &outside.path().join("id_rsa"), "notes.txt");
        for (all, links) in [(false, 5), (true, 6)] {
            let walk = walk(all);
            assert_eq!(names(walk.below(dir.path())), ["a.pdf", "sub/b.pdf"]);
            assert_eq!(passed_over(&walk), (links, 0, 0));
        }
        // The folder itself may be named through a link.
        link(&outside, dir.path(), "in");
        assert_eq!(names(walk(false).below(&outside.path().join("in"))), ["a.pdf", "sub/b.pdf"]);
    }

    #[cfg(unix)]
    #[test]
    fn followed_links_stay_in_the_folder_and_each_file_is_taken_once() {
        let (dir, outside) = (folder(&["a.pdf", "sub/b.pdf", "data/7f", "store/s"]), folder(&["c.pdf", "in.pdf"]));
        link(&dir, dir.path(), "loop");
        link(&dir, Path::new("sub"), "again");
        link(&dir, Path::new("a.pdf"), "a2.pdf");
        link(&dir, Path::new("data/7f"), "x.pdf");
        link(&dir, Path::new("x.pdf"), "y.pdf");
        link(&dir, Path::new("../y.pdf"), "sub/z.pdf");
        link(&dir, Path::new("store/s"), "s.pdf");
        link(&dir, outside.path(), "outside");
        link(&dir, &outside.path().join("c.pdf"), "c.pdf");
        link(&dir, Path::new("self.pdf"), "self.pdf");
        // Out, and back in again.
        link(&outside, &dir.path().join("data/7f"), "back.pdf");
        link(&dir, &outside.path().join("back.pdf"), "back.pdf");
        let walk = walk(false).without([&*dir.path().join("store")]).following(true);
        let (found, faults): (Vec<_>, Vec<_>) = walk.below(dir.path()).into_iter().partition(Result::is_ok);
        assert_eq!(names(found), ["a.pdf", "back.pdf", "sub/b.pdf"]);
        assert_eq!(passed_over(&walk), (2, 0, 1));
        // A document that was meant and is not there is missed.
        assert_eq!(faults.len(), 1);
    }

    #[cfg(unix)]
    #[test]
    fn what_belongs_to_the_run_is_known_by_any_name() {
        let dir = folder(&["in/a.txt", "in/key.pem", "password"]);
        let folder = dir.path().join("in");
        fs::hard_link(folder.join("key.pem"), folder.join("other.pem")).unwrap();
        fs::hard_link(dir.path().join("password"), folder.join("notes.txt")).unwrap();
        link(&dir, &dir.path().join("password"), "in/link.txt");
        link(&dir, &folder.join("key.pem"), "named");
        let walk = walk(true).without([&*dir.path().join("named"), &*dir.path().join("password"), Path::new("-")]);
        assert_eq!(names(walk.below(&folder)), ["a.txt"]);
        assert_eq!(passed_over(&walk), (1, 0, 3));
    }

    #[cfg(unix)]
    #[test]
    fn pipes_are_passed_over() {
        let dir = folder(&["a.pdf"]);
        for name in ["b.pdf", "other"] {
            assert!(std::process::Command::new("mkfifo").arg(dir.path().join(name)).status().unwrap().success());
        }
        let _socket = std::os::unix::net::UnixListener::bind(dir.path().join("c.pdf")).unwrap();
        let (some, all) = (walk(false), walk(true));
        assert_eq!((names(some.below(dir.path())), passed_over(&some)), (vec!["a.pdf".to_owned()], (0, 2, 0)));
        assert_eq!((names(all.below(dir.path())), passed_over(&all)), (vec!["a.pdf".to_owned()], (0, 3, 0)));
    }

    #[cfg(unix)]
    #[test]
    fn what_became_a_link_after_the_search_is_not_opened() {
        let (dir, outside) = (folder(&["a.pdf", "sub/b.pdf"]), folder(&["a.pdf", "b.pdf"]));
        let found: Vec<Found> = walk(false).below(dir.path()).into_iter().map(Result::unwrap).collect();
        fs::remove_file(dir.path().join("a.pdf")).unwrap();
        link(&dir, &outside.path().join("a.pdf"), "a.pdf");
        fs::rename(dir.path().join("sub"), dir.path().join("was")).unwrap();
        link(&dir, outside.path(), "sub");
        for found in found {
            assert!(found.inside.unwrap().open().unwrap_err().to_string().contains("link"), "{:?}", found.given);
        }
    }
}
