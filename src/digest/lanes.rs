//! Several messages hashed side by side on one core.
//!
//! In: messages whose pieces come as they are asked for, and the states they go on from. Out: the states at their
//! ends, the very same as one message after another would give. Decided here and nowhere else: which messages share
//! a step, and when too few are left to do so. A lane takes the next message as soon as its own ends.

use std::fmt;

use sha2::block_api::compress256;

use crate::digest::{DigestAlgorithm, State, Words};
use crate::error::Result;
use crate::source::{Source, to_u64};

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod reading;
#[cfg(target_arch = "x86_64")]
mod sha_extensions;
#[cfg(test)]
mod tests;
#[cfg(any(test, target_arch = "x86_64"))]
mod vectors;

pub(crate) use reading::{Hashed, Reading};

/// How SHA-256 is computed over several messages at once; results never depend on it.
///
/// `system::kernels` has those that this processor can, the default is none of them:
/// one message at a time, on any processor.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Kernel(Choice);

#[derive(Clone, Copy, PartialEq, Eq, Default)]
enum Choice {
    #[default]
    OneByOne,
    #[cfg(target_arch = "x86_64")]
    ShaExtensions(sha_extensions::ShaExtensions),
    #[cfg(target_arch = "x86_64")]
    Avx2(avx2::Avx2),
    #[cfg(target_arch = "x86_64")]
    Avx512(avx512::Avx512, Option<sha_extensions::ShaExtensions>),
}

impl Kernel {
    /// One message at a time: what there is on any processor.
    #[must_use]
    pub fn portable() -> Self {
        Kernel::default()
    }

    /// All that this processor can, the widest first and [`Kernel::portable`] last.
    ///
    /// Each has shown that it computes as `sha2` does: a processor that lacks what it reports to have, or does it
    /// wrong, costs speed and never a digest.
    pub(crate) fn available() -> Vec<Kernel> {
        Kernel::reported().into_iter().filter(|kernel| kernel.is_right()).collect()
    }

    /// Whether messages of all lanes, of different lengths, have the digests that `sha2` gives them.
    fn is_right(self) -> bool {
        let sizes = (1..=self.lanes()).map(|lane| lane.saturating_add(1).saturating_mul(CHECKED_BYTES));
        let samples: Vec<Vec<u8>> = sizes.map(|size| (0..=u8::MAX).cycle().skip(size).take(size).collect()).collect();
        let sources: Vec<Source> = samples.iter().cloned().map(Source::from_bytes).collect();
        let found = self.hash_all(DigestAlgorithm::Sha256, &sources);
        let right = |(found, sample): (Result<State>, &Vec<u8>)| {
            found.is_ok_and(|state| state.finish() == DigestAlgorithm::Sha256.digest(sample))
        };
        found.len() == samples.len() && found.into_iter().zip(&samples).all(right)
    }

    /// All that this processor reports to have.
    pub(crate) fn reported() -> Vec<Kernel> {
        let mut found = Vec::new();
        #[cfg(target_arch = "x86_64")]
        {
            let extensions = sha_extensions::ShaExtensions::detect();
            found.extend(avx512::Avx512::detect().map(|avx512| Choice::Avx512(avx512, extensions)));
            found.extend(extensions.map(Choice::ShaExtensions));
            found.extend(avx2::Avx2::detect().map(Choice::Avx2));
        }
        found.push(Choice::OneByOne);
        found.into_iter().map(Kernel).collect()
    }

    /// What it uses, such as `SHA extensions`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self.0 {
            Choice::OneByOne => "sha2",
            #[cfg(target_arch = "x86_64")]
            Choice::ShaExtensions(_) => "SHA extensions",
            #[cfg(target_arch = "x86_64")]
            Choice::Avx2(_) => "AVX2",
            #[cfg(target_arch = "x86_64")]
            Choice::Avx512(..) => "AVX-512",
        }
    }

    /// How many messages it takes at once.
    #[must_use]
    pub fn lanes(self) -> usize {
        match self.0 {
            Choice::OneByOne => 1,
            #[cfg(target_arch = "x86_64")]
            Choice::ShaExtensions(_) => 3,
            #[cfg(target_arch = "x86_64")]
            Choice::Avx2(_) => 8,
            #[cfg(target_arch = "x86_64")]
            Choice::Avx512(..) => 16,
        }
    }

    /// Hashes all of `sources` side by side; a large one is read piece by piece. The states come in their order.
    ///
    /// SHA-256 is what goes side by side; other algorithms are computed one after another.
    ///
    /// # Errors
    /// Of each source on its own: reading faults, `state.document-changed`.
    pub fn hash_all(self, algorithm: DigestAlgorithm, sources: &[Source]) -> Vec<Result<State>> {
        struct All<'a> {
            algorithm: DigestAlgorithm,
            waiting: std::iter::Enumerate<std::slice::Iter<'a, Source>>,
            done: Vec<(usize, Result<State>)>,
        }
        impl Work for All<'_> {
            type Message = (usize, Reading);

            fn next(&mut self) -> Option<(State, Self::Message)> {
                let (index, source) = self.waiting.next()?;
                let reading = Reading::new(source, self.algorithm);
                Some((reading.begin(), (index, reading)))
            }

            fn done(&mut self, (index, reading): Self::Message, state: Result<State>) {
                self.done.push((index, reading.end(state).map(|hashed| hashed.state)));
            }
        }
        let mut all = All { algorithm, waiting: sources.iter().enumerate(), done: Vec::with_capacity(sources.len()) };
        self.run(&mut all);
        all.done.sort_by_key(|(index, _)| *index);
        all.done.into_iter().map(|(_, state)| state).collect()
    }

    /// Hashes message after message of `work`, as many at once as this kernel takes, until there are no more.
    ///
    /// Each comes back with its state, in the order in which they end.
    pub(crate) fn run<W: Work>(self, work: &mut W) {
        let mut lanes = Vec::with_capacity(self.lanes());
        loop {
            while lanes.len() < self.lanes()
                && let Some((state, message)) = work.next()
            {
                admit(Lane { state, message, at: 0 }, &mut lanes, work);
            }
            if lanes.is_empty() {
                return;
            }
            self.step(&mut lanes);
            // Each lane that has come to the end of its piece gets the next one, or is free.
            let mut index = 0;
            while index < lanes.len() {
                if lanes.get(index).is_some_and(|lane| !lane.blocks().is_empty()) {
                    index += 1;
                } else {
                    admit(lanes.swap_remove(index), &mut lanes, work);
                }
            }
        }
    }

    /// Goes on by as many blocks as all lanes have.
    fn step<M: Message>(self, lanes: &mut [Lane<M>]) {
        let count = lanes.iter().map(|lane| lane.blocks().len()).min().unwrap_or(0);
        let mut runs: Vec<Run<'_>> = lanes.iter_mut().filter_map(|lane| lane.run(count)).collect();
        self.compress(&mut runs);
    }

    /// Takes the blocks of all runs, which have the same number of them, into their words.
    fn compress(self, runs: &mut [Run<'_>]) {
        match self.0 {
            Choice::OneByOne => one_by_one(runs),
            #[cfg(target_arch = "x86_64")]
            Choice::ShaExtensions(extensions) => extensions.compress(runs),
            #[cfg(target_arch = "x86_64")]
            Choice::Avx2(avx2) if runs.len() > 1 => avx2.compress(runs),
            #[cfg(target_arch = "x86_64")]
            Choice::Avx2(_) => one_by_one(runs),
            // Half empty it takes as long as full, and no longer less than what three lanes do.
            #[cfg(target_arch = "x86_64")]
            Choice::Avx512(_, Some(extensions)) if runs.len() <= 8 => extensions.compress(runs),
            #[cfg(target_arch = "x86_64")]
            Choice::Avx512(_, None) if runs.len() == 1 => one_by_one(runs),
            #[cfg(target_arch = "x86_64")]
            Choice::Avx512(avx512, _) => avx512.compress(runs),
        }
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Bytes to be hashed, piece by piece.
pub(crate) trait Message {
    /// The piece it is at; none before the first [`Message::advance`].
    fn piece(&self) -> &[u8];

    /// Goes on to the next piece, which may be empty; false when there is none.
    fn advance(&mut self) -> Result<bool>;
}

/// Where messages come from and go to.
pub(crate) trait Work {
    /// A message; it carries what tells it from others.
    type Message: Message;

    /// The next message and the state that it goes on from.
    fn next(&mut self) -> Option<(State, Self::Message)>;

    /// Takes a message back with the state at its end.
    fn done(&mut self, message: Self::Message, state: Result<State>);
}

impl<T> Message for (T, Reading) {
    fn piece(&self) -> &[u8] {
        self.1.piece()
    }

    fn advance(&mut self) -> Result<bool> {
        self.1.advance()
    }
}

/// A message on its way: all bytes of its piece before `at` are in the state.
struct Lane<M> {
    state: State,
    message: M,
    at: usize,
}

impl<M: Message> Lane<M> {
    /// Brings it to where a whole block is at hand and none is begun; false at the message's end.
    fn settle(&mut self) -> Result<bool> {
        loop {
            if !self.blocks().is_empty() {
                return Ok(true);
            }
            let rest = self.message.piece().get(self.at..).unwrap_or_default();
            let begun = self.state.pending_len;
            // A block that is begun takes what it lacks; what follows may be whole blocks again.
            let loose = match &self.state.words {
                Words::Narrow(_) if begun > 0 => rest.len().min(BLOCK_BYTES.saturating_sub(begun)),
                _ => rest.len(),
            };
            self.state.update(rest.get(..loose).unwrap_or_default());
            self.at = self.at.saturating_add(loose);
            if self.at >= self.message.piece().len() {
                self.at = 0;
                if !self.message.advance()? {
                    return Ok(false);
                }
            }
        }
    }

    /// Whole blocks that can be taken at once: only SHA-256 has any.
    fn blocks(&self) -> &[[u8; BLOCK_BYTES]] {
        match &self.state.words {
            Words::Narrow(_) if self.state.pending_len == 0 => {
                self.message.piece().get(self.at..).unwrap_or_default().as_chunks().0
            }
            _ => &[],
        }
    }

    /// Its next `count` blocks, which from here on count as taken.
    fn run(&mut self, count: usize) -> Option<Run<'_>> {
        let bytes = count.saturating_mul(BLOCK_BYTES);
        let part = self.message.piece().get(self.at..self.at.saturating_add(bytes))?;
        self.at = self.at.saturating_add(bytes);
        self.state.len = self.state.len.wrapping_add(to_u64(bytes));
        match &mut self.state.words {
            Words::Narrow(words) => Some(Run { words, blocks: part.as_chunks().0 }),
            _ => None,
        }
    }
}

/// Puts a lane that has a block at hand among the others, and gives back the message of one that has none.
fn admit<W: Work>(mut lane: Lane<W::Message>, lanes: &mut Vec<Lane<W::Message>>, work: &mut W) {
    match lane.settle() {
        Ok(true) => lanes.push(lane),
        Ok(false) => work.done(lane.message, Ok(lane.state)),
        Err(error) => work.done(lane.message, Err(error)),
    }
}

/// Words of a state and the blocks that go into them.
struct Run<'a> {
    words: &'a mut [u32; 8],
    blocks: &'a [[u8; BLOCK_BYTES]],
}

fn one_by_one(runs: &mut [Run<'_>]) {
    for run in runs {
        compress256(run.words, run.blocks);
    }
}

const BLOCK_BYTES: usize = 64;
// No whole number of blocks.
const CHECKED_BYTES: usize = 77;

/// The round constants (FIPS 180-4, 4.2.2), as many together as there are words in a block.
#[cfg(any(test, target_arch = "x86_64"))]
#[rustfmt::skip]
const K: [[u32; 16]; 4] = [
    [
        0x428a_2f98, 0x7137_4491, 0xb5c0_fbcf, 0xe9b5_dba5, 0x3956_c25b, 0x59f1_11f1, 0x923f_82a4, 0xab1c_5ed5,
        0xd807_aa98, 0x1283_5b01, 0x2431_85be, 0x550c_7dc3, 0x72be_5d74, 0x80de_b1fe, 0x9bdc_06a7, 0xc19b_f174,
    ],
    [
        0xe49b_69c1, 0xefbe_4786, 0x0fc1_9dc6, 0x240c_a1cc, 0x2de9_2c6f, 0x4a74_84aa, 0x5cb0_a9dc, 0x76f9_88da,
        0x983e_5152, 0xa831_c66d, 0xb003_27c8, 0xbf59_7fc7, 0xc6e0_0bf3, 0xd5a7_9147, 0x06ca_6351, 0x1429_2967,
    ],
    [
        0x27b7_0a85, 0x2e1b_2138, 0x4d2c_6dfc, 0x5338_0d13, 0x650a_7354, 0x766a_0abb, 0x81c2_c92e, 0x9272_2c85,
        0xa2bf_e8a1, 0xa81a_664b, 0xc24b_8b70, 0xc76c_51a3, 0xd192_e819, 0xd699_0624, 0xf40e_3585, 0x106a_a070,
    ],
    [
        0x19a4_c116, 0x1e37_6c08, 0x2748_774c, 0x34b0_bcb5, 0x391c_0cb3, 0x4ed8_aa4a, 0x5b9c_ca4f, 0x682e_6ff3,
        0x748f_82ee, 0x78a5_636f, 0x84c8_7814, 0x8cc7_0208, 0x90be_fffa, 0xa450_6ceb, 0xbef9_a3f7, 0xc671_78f2,
    ],
];
