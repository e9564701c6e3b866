//! One pass over the data files: their digests, and how far hashing one after the other had come.
//!
//! An archive time-stamp is over the data of all references in their order. Where the files were hashed in just that
//! order, its imprint goes on from there, and the data are not read again.

use std::collections::{BTreeMap, BTreeSet};

use crate::answers::timestamp::Token;
use crate::asice::container::Container;
use crate::asice::covered_data::{DataFiles, entry_of};
use crate::digest::{Digest, DigestAlgorithm, State};
use crate::error::Result;
use crate::xades::{Signature, TimeStampKind};
use crate::zip::Entry;

/// What is to be computed in a pass over the data files.
#[derive(Default)]
pub(super) struct Wanted {
    /// The data files that are covered, by their headers.
    entries: BTreeSet<u64>,
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
    /// All that these signatures, their archive time-stamps, and new ones by these algorithms need.
    pub(super) fn of<'a>(
        signatures: impl Iterator<Item = &'a Signature>,
        container: &Container,
        data: &DataFiles,
        imprints: &[DigestAlgorithm],
    ) -> Self {
        let mut wanted = Wanted { imprints: imprints.to_vec(), ..Wanted::default() };
        for signature in signatures {
            for reference in signature.files() {
                let digest = reference.expected();
                digest.into_iter().for_each(|digest| add(&mut wanted.digests, digest.algorithm()));
                wanted.entries.extend(entry_of(container.archive(), reference).map(|entry| entry.header));
            }
            let archived = signature.time_stamps.iter().filter(|stamp| stamp.kind == TimeStampKind::Archive);
            for stamp in archived {
                let token = Token::read(&stamp.token, container.limits()).ok();
                let algorithm = token.and_then(|token| token.info().imprint_algorithm());
                algorithm.into_iter().for_each(|one| add(&mut wanted.imprints, one));
            }
            wanted.lead(data.lead(signature));
        }
        wanted
    }

    /// Adds a signature that begins with these files. Nearly always all signatures have the same ones.
    fn lead(&mut self, lead: Vec<String>) {
        if self.trail.is_empty() {
            self.trail = lead;
            self.stops.insert(self.trail.len());
        } else {
            self.stops.insert(common(&lead, &self.trail));
        }
    }
}

fn add(algorithms: &mut Vec<DigestAlgorithm>, algorithm: DigestAlgorithm) {
    if !algorithms.contains(&algorithm) {
        algorithms.push(algorithm);
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
    /// Reads the data files that are wanted and `chosen`, each once.
    ///
    /// # Errors
    /// `zip.data`; `state.document-changed`; reading faults.
    pub(super) fn read(container: &Container, wanted: &Wanted, chosen: impl Fn(&Entry) -> bool) -> Result<Self> {
        let mut entries = container.by_offset();
        entries.retain(|entry| wanted.entries.contains(&entry.header) && chosen(entry));
        let named: BTreeMap<&str, &Entry> = entries.iter().map(|entry| (entry.name.as_str(), *entry)).collect();
        let is_read = |name: &&String| named.contains_key(name.as_str());
        let trail: Vec<String> = wanted.trail.iter().take_while(is_read).cloned().collect();
        let stops: BTreeSet<usize> = wanted.stops.iter().map(|stop| trail.len().min(*stop)).collect();
        let last = stops.last().copied().unwrap_or(0);
        let first: Vec<&Entry> = trail.iter().take(last).filter_map(|name| named.get(name.as_str()).copied()).collect();
        let headers: BTreeSet<u64> = first.iter().map(|entry| entry.header).collect();
        let is_first = |entry: &&Entry| headers.contains(&entry.header);
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
