//! All digests over parts of a document, in one pass.
//!
//! In: what is to be hashed, and what a later update goes on from. Out: a digest for each part, and the states at the
//! end. Whatever the number of signatures, each byte before their holes is hashed once an algorithm.

use crate::digest::{Digest, DigestAlgorithm, State};
use crate::error::{Error, Result};
use crate::source::{Source, to_u64};

/// The bytes of a signature: the document up to `end` without the hole from `before` to `after`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub(crate) algorithm: DigestAlgorithm,
    pub(crate) before: u64,
    pub(crate) after: u64,
    pub(crate) end: u64,
}

/// What a pass gave.
#[derive(Debug)]
pub(crate) struct Digests {
    /// In the order of the parts.
    pub(crate) of_parts: Vec<Digest>,
    /// After the last byte, in the order of the algorithms.
    pub(crate) at_end: Vec<State>,
}

/// Hashes `parts`, and all of `source` with each of the algorithms `to_end`.
///
/// # Errors
/// Reading faults; `state.document-changed`.
pub(crate) fn digests(source: &Source, parts: &[Part], to_end: &[DigestAlgorithm]) -> Result<Digests> {
    let mut pass = Pass::new(source.len(), parts.to_vec(), to_end);
    source.for_each(0..pass.end(), |bytes| {
        pass.see(bytes);
        Ok(())
    })?;
    source.check_unchanged()?;
    pass.finish(to_end)
}

/// A pass that somebody else reads for.
pub(crate) struct Pass {
    parts: Vec<Part>,
    /// One state for each algorithm, and until where it is needed.
    rolling: Vec<(State, u64)>,
    /// For each part the state behind its hole.
    behind: Vec<Option<State>>,
    /// Where something begins or ends, the next one last.
    borders: Vec<u64>,
    at: u64,
}

impl Pass {
    /// Over `len` bytes.
    pub(crate) fn new(len: u64, parts: Vec<Part>, to_end: &[DigestAlgorithm]) -> Self {
        let mut rolling: Vec<(State, u64)> = Vec::new();
        let wanted = parts.iter().map(|part| (part.algorithm, part.before));
        for (algorithm, until) in wanted.chain(to_end.iter().map(|algorithm| (*algorithm, len))) {
            match rolling.iter_mut().find(|(state, _)| state.algorithm() == algorithm) {
                Some((_, known)) => *known = (*known).max(until),
                None => rolling.push((State::new(algorithm), until)),
            }
        }
        let mut borders: Vec<u64> = parts.iter().flat_map(|part| [part.before, part.after, part.end]).collect();
        borders.extend(rolling.iter().map(|(_, until)| *until));
        borders.sort_unstable_by(|a, b| b.cmp(a));
        borders.dedup();
        let behind = vec![None; parts.len()];
        let mut pass = Pass { parts, rolling, behind, borders, at: 0 };
        pass.cross();
        pass
    }

    fn end(&self) -> u64 {
        self.borders.first().copied().unwrap_or(0)
    }

    /// Takes the next bytes.
    pub(crate) fn see(&mut self, bytes: &[u8]) {
        bytes.chunks(CHUNK_BYTES).for_each(|chunk| self.see_chunk(chunk));
    }

    fn see_chunk(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let Some(border) = self.borders.last() else { return };
            let until = usize::try_from(border.saturating_sub(self.at)).unwrap_or(usize::MAX);
            let (now, later) = bytes.split_at(until.min(bytes.len()));
            for (state, until) in &mut self.rolling {
                if self.at < *until {
                    state.update(now);
                }
            }
            for (part, state) in self.parts.iter().zip(&mut self.behind) {
                if let (Some(state), true) = (state, part.after <= self.at && self.at < part.end) {
                    state.update(now);
                }
            }
            self.at = self.at.saturating_add(to_u64(now.len()));
            self.cross();
            bytes = later;
        }
    }

    /// Leaves the borders behind that are reached, and starts what starts there.
    fn cross(&mut self) {
        while self.borders.last().is_some_and(|border| *border <= self.at) {
            self.borders.pop();
            for (part, state) in self.parts.iter().zip(&mut self.behind) {
                if part.before == self.at {
                    let same = self.rolling.iter().find(|(state, _)| state.algorithm() == part.algorithm);
                    *state = same.map(|(state, _)| state.clone());
                }
            }
        }
    }

    /// What was found, once all bytes went by.
    ///
    /// # Errors
    /// [`Error::Bug`] when they did not.
    pub(crate) fn finish(self, to_end: &[DigestAlgorithm]) -> Result<Digests> {
        let is_complete = self.parts.iter().all(|part| part.end <= self.at);
        let of_parts: Option<Vec<Digest>> = self.behind.into_iter().map(|state| state.map(State::finish)).collect();
        let find = |algorithm: &DigestAlgorithm| self.rolling.iter().find(|(state, _)| state.algorithm() == *algorithm);
        let at_end: Option<Vec<State>> = to_end.iter().map(|wanted| Some(find(wanted)?.0.clone())).collect();
        match (of_parts, at_end) {
            (Some(of_parts), Some(at_end)) if is_complete => Ok(Digests { of_parts, at_end }),
            _ => Err(Error::Bug("a part beyond the document was to be hashed")),
        }
    }
}

// Several states take their turns over bytes that are still in the cache.
const CHUNK_BYTES: usize = 16 << 10;

#[cfg(test)]
mod tests {
    use super::*;
    use DigestAlgorithm::{Sha1ForLegacyValidation, Sha256, Sha384, Sha512};

    #[test]
    fn each_part_has_the_digest_that_it_has_alone() {
        let bytes: Vec<u8> = (0..100_000_u32).map(|n| u8::try_from(n % 251).unwrap()).collect();
        let part = |algorithm, before, after, end| Part { algorithm, before, after, end };
        let parts = [
            part(Sha256, 0, 1, 100_000),
            part(Sha256, 40_000, 50_000, 60_000),
            part(Sha384, 70_000, 80_000, 80_000),
            part(Sha1ForLegacyValidation, 16_384, 16_385, 99_999),
            part(Sha256, 40_000, 50_000, 60_000),
            part(Sha512, 99_998, 99_999, 100_000),
        ];
        let slow = Source::from_bytes(&bytes[..30_001]).joined(std::sync::Arc::new(bytes[30_001..].to_vec()));
        for source in [Source::from_bytes(bytes.clone()), slow] {
            let found = digests(&source, &parts, &[Sha512, Sha256]).unwrap();
            for (part, digest) in parts.iter().zip(&found.of_parts) {
                let [before, after, end] = [part.before, part.after, part.end].map(|n| usize::try_from(n).unwrap());
                let alone = part.algorithm.digest(&[&bytes[..before], &bytes[after..end]].concat());
                assert_eq!(*digest, alone, "{part:?}");
            }
            let at_end: Vec<Digest> = found.at_end.into_iter().map(State::finish).collect();
            assert_eq!(at_end, [Sha512.digest(&bytes), Sha256.digest(&bytes)]);
        }
    }

    #[test]
    fn nothing_is_read_for_nothing() {
        let found = digests(&Source::from_bytes(vec![7; 10]), &[], &[]).unwrap();
        assert!(found.of_parts.is_empty() && found.at_end.is_empty());
        let beyond = Part { algorithm: Sha256, before: 4, after: 5, end: 11 };
        assert!(digests(&Source::from_bytes(vec![7; 10]), &[beyond], &[]).is_err());
    }
}
