//! One pass over the data files: their digests, and how far hashing one after the other had come.
//!
//! An archive time-stamp is over the data of all references in their order. Where the files were hashed in just that
//! order, its imprint goes on from there, and the data are not read again.

use std::collections::{BTreeMap, BTreeSet};

use crate::asice::container::Container;
use crate::digest::{Digest, DigestAlgorithm, State};
use crate::error::Result;
use crate::zip::Entry;

/// What is to be computed in a pass over the data files.
#[derive(Default)]
pub(super) struct Wanted {
    /// For the digest of each file.
    digests: Vec<DigestAlgorithm>,
    /// For the data of several files, one after the other.
    imprints: Vec<DigestAlgorithm>,
    /// The files to be read first, in this order: those that the first signature begins with.
    trail: Vec<String>,
    /// With how many of them other signatures begin, too.
    stops: BTreeSet<usize>,
}

impl Wanted {
    /// Adds an algorithm for imprints.
    pub(super) fn imprint(&mut self, algorithm: DigestAlgorithm) {
        if !self.imprints.contains(&algorithm) {
            self.imprints.push(algorithm);
        }
    }

    /// Adds an algorithm for digests.
    pub(super) fn digest(&mut self, algorithm: DigestAlgorithm) {
        if !self.digests.contains(&algorithm) {
            self.digests.push(algorithm);
        }
    }

    /// Adds a signature that begins with these files. Nearly always all signatures have the same ones.
    pub(super) fn lead(&mut self, lead: Vec<String>) {
        if self.trail.is_empty() {
            self.trail = lead;
            self.stops.insert(self.trail.len());
        } else {
            self.stops.insert(common(&lead, &self.trail));
        }
    }
}

/// What the pass found.
#[derive(Default)]
pub(super) struct Hashes {
    digests: BTreeMap<String, Vec<Digest>>,
    /// The files that were read first, in this order.
    trail: Vec<String>,
    /// By how many files of the trail they are over.
    states: BTreeMap<usize, Vec<State>>,
}

impl Hashes {
    /// Reads `entries` of a container, each once.
    ///
    /// # Errors
    /// `zip.data`; `state.document-changed`; reading faults.
    pub(super) fn read(container: &Container, entries: &[&Entry], wanted: &Wanted) -> Result<Self> {
        let named: BTreeMap<&str, &Entry> = entries.iter().map(|entry| (entry.name.as_str(), *entry)).collect();
        let is_read = |name: &&String| named.contains_key(name.as_str());
        let trail: Vec<String> = wanted.trail.iter().take_while(is_read).cloned().collect();
        let stops: BTreeSet<usize> = wanted.stops.iter().map(|stop| trail.len().min(*stop)).collect();
        let last = stops.last().copied().unwrap_or(0);
        let first: Vec<&Entry> = trail.iter().take(last).filter_map(|name| named.get(name.as_str()).copied()).collect();
        let is_first = |entry: &&Entry| first.iter().any(|one| one.header == entry.header);
        let rest =
            if last == 0 { entries.to_vec() } else { entries.iter().copied().filter(|e| !is_first(e)).collect() };

        let mut hashes = Hashes { trail, ..Hashes::default() };
        let mut rolling: Vec<State> = Vec::new();
        for (n, entry) in first.into_iter().enumerate() {
            let others = wanted.imprints.iter().copied().filter(|one| n == 0 && !wanted.digests.contains(one));
            let algorithms: Vec<DigestAlgorithm> = wanted.digests.iter().copied().chain(others).collect();
            let states = hash(container, entry, &algorithms, &mut rolling)?;
            if n == 0 {
                rolling.clone_from(&states);
            }
            let done = n.saturating_add(1);
            if stops.contains(&done) {
                hashes.states.insert(done, rolling.clone());
            }
            if n == 0 {
                rolling.retain(|state| wanted.imprints.contains(&state.algorithm()));
            }
            hashes.keep(entry, states);
        }
        for entry in rest {
            let states = hash(container, entry, &wanted.digests, &mut [])?;
            hashes.keep(entry, states);
        }
        container.source().check_unchanged()?;
        Ok(hashes)
    }

    /// The digests of the file `name`, if it was read.
    pub(super) fn of(&self, name: &str) -> Option<&[Digest]> {
        self.digests.get(name).map(Vec::as_slice)
    }

    /// How many files of `lead` were hashed one after the other, and the state after them.
    pub(super) fn start(&self, lead: &[String], algorithm: DigestAlgorithm) -> Option<(usize, &State)> {
        let most = common(lead, &self.trail);
        let mut states = self.states.iter().rev().filter(|(done, _)| **done <= most);
        states.find_map(|(done, states)| Some((*done, states.iter().find(|state| state.algorithm() == algorithm)?)))
    }

    fn keep(&mut self, entry: &Entry, states: Vec<State>) {
        self.digests.insert(entry.name.clone(), states.into_iter().map(State::finish).collect());
    }
}

fn hash(
    container: &Container,
    entry: &Entry,
    algorithms: &[DigestAlgorithm],
    rolling: &mut [State],
) -> Result<Vec<State>> {
    let mut states: Vec<State> = algorithms.iter().map(|algorithm| State::new(*algorithm)).collect();
    container.archive().for_each(entry, &mut |bytes| {
        states.iter_mut().chain(rolling.iter_mut()).for_each(|state| state.update(bytes));
        Ok(())
    })?;
    Ok(states)
}

/// How many names both lists begin with.
fn common(one: &[String], other: &[String]) -> usize {
    one.iter().zip(other).take_while(|(a, b)| a == b).count()
}
