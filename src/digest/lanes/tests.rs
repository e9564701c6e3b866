use proptest::prelude::*;
use sha2::Digest as _;

use super::vectors::{self, Vectors};
use super::*;
use crate::error::{Error, ErrorCode};

/// What vectors do, word by word.
#[derive(Clone, Copy)]
struct Words;

impl<const L: usize> Vectors<L> for Words {
    type Vector = [u32; L];

    fn splat(self, word: u32) -> [u32; L] {
        [word; L]
    }
    fn load_words(self, words: &[u32; L]) -> [u32; L] {
        *words
    }
    fn store_words(self, vector: [u32; L]) -> [u32; L] {
        vector
    }
    fn add(self, a: [u32; L], b: [u32; L]) -> [u32; L] {
        std::array::from_fn(|n| a[n].wrapping_add(b[n]))
    }
    fn xor(self, a: [u32; L], b: [u32; L], c: [u32; L]) -> [u32; L] {
        std::array::from_fn(|n| a[n] ^ b[n] ^ c[n])
    }
    fn choose(self, a: [u32; L], b: [u32; L], c: [u32; L]) -> [u32; L] {
        std::array::from_fn(|n| (a[n] & b[n]) | (!a[n] & c[n]))
    }
    fn majority(self, a: [u32; L], b: [u32; L], c: [u32; L]) -> [u32; L] {
        std::array::from_fn(|n| (a[n] & b[n]) | (a[n] & c[n]) | (b[n] & c[n]))
    }
    fn shift<const RIGHT: i32>(self, a: [u32; L]) -> [u32; L] {
        a.map(|word| word >> RIGHT)
    }
    fn rotate<const RIGHT: i32, const LEFT: i32>(self, a: [u32; L]) -> [u32; L] {
        assert_eq!(RIGHT + LEFT, 32);
        a.map(|word| word.rotate_right(RIGHT.cast_unsigned()))
    }
    fn rows(self, blocks: &[&[u8; BLOCK_BYTES]; L], quarter: usize, first: usize) -> [u32; L] {
        std::array::from_fn(|n| {
            let at = 16 * quarter + 4 * (n % 4);
            u32::from_le_bytes(blocks[n / 4 * 4 + first][at..at + 4].try_into().unwrap())
        })
    }
    fn swap_bytes(self, a: [u32; L]) -> [u32; L] {
        a.map(u32::swap_bytes)
    }
    fn low_words(self, a: [u32; L], b: [u32; L]) -> [u32; L] {
        groups(a, b, [(0, 0), (1, 0), (0, 1), (1, 1)])
    }
    fn high_words(self, a: [u32; L], b: [u32; L]) -> [u32; L] {
        groups(a, b, [(0, 2), (1, 2), (0, 3), (1, 3)])
    }
    fn low_pairs(self, a: [u32; L], b: [u32; L]) -> [u32; L] {
        groups(a, b, [(0, 0), (0, 1), (1, 0), (1, 1)])
    }
    fn high_pairs(self, a: [u32; L], b: [u32; L]) -> [u32; L] {
        groups(a, b, [(0, 2), (0, 3), (1, 2), (1, 3)])
    }
}

fn groups<const L: usize>(a: [u32; L], b: [u32; L], order: [(usize, usize); 4]) -> [u32; L] {
    std::array::from_fn(|n| {
        let (from, word) = order[n % 4];
        [a, b][from][n / 4 * 4 + word]
    })
}

/// `count` bytes that no two messages share.
fn bytes(seed: usize, count: usize) -> Vec<u8> {
    (0..count).map(|n| u8::try_from((n * 7 + seed * 131 + n / 251 * (seed + 3)) % 256).unwrap()).collect()
}

fn by_words<const L: usize>(runs: &mut [Run<'_>])
where
    Words: Vectors<L>,
{
    vectors::compress::<L, Words>(Words, runs);
}

/// Compresses `blocks` blocks of each of `count` messages, and compares with `sha2`.
fn check_compress(count: usize, blocks: usize, compress: &dyn Fn(&mut [Run<'_>])) {
    let messages: Vec<Vec<u8>> = (0..count).map(|n| bytes(n, blocks * 64)).collect();
    let begin = |n: usize| -> [u32; 8] { std::array::from_fn(|w| u32::try_from(n * 1000 + w * 77).unwrap()) };
    let mut found: Vec<[u32; 8]> = (0..count).map(begin).collect();
    let mut expected = found.clone();
    let parts = messages.iter().map(|message| message.as_chunks().0);
    for (words, blocks) in expected.iter_mut().zip(parts.clone()) {
        compress256(words, blocks);
    }
    let mut runs: Vec<Run<'_>> = found.iter_mut().zip(parts).map(|(words, blocks)| Run { words, blocks }).collect();
    compress(&mut runs);
    drop(runs);
    assert_eq!(found, expected, "{count} messages of {blocks} blocks");
}

#[test]
fn the_algorithm_over_vectors_is_sha_256_for_any_width() {
    for blocks in 0..4 {
        for count in 1..=16 {
            check_compress(count, blocks, &by_words::<16>);
        }
        for count in 1..=8 {
            check_compress(count, blocks, &by_words::<8>);
        }
    }
}

#[test]
fn each_kernel_is_sha_256_for_any_number_of_messages() {
    for kernel in Kernel::reported() {
        for count in 1..=kernel.lanes() {
            for blocks in 0..5 {
                check_compress(count, blocks, &|runs| kernel.compress(runs));
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[test]
fn vectors_of_the_processor_do_what_words_do() {
    if let Some(avx2) = avx2::Avx2::detect() {
        compare_operations::<8, _>(avx2);
        for count in 1..=8 {
            check_compress(count, 3, &|runs| avx2.compress(runs));
        }
    }
    if let Some(avx512) = avx512::Avx512::detect() {
        compare_operations::<16, _>(avx512);
        for count in 1..=16 {
            check_compress(count, 3, &|runs| avx512.compress(runs));
        }
    }
}

#[cfg(target_arch = "x86_64")]
fn compare_operations<const L: usize, V: Vectors<L>>(v: V) {
    let all: Vec<u32> = bytes(5, 12 * L).as_chunks::<4>().0.iter().map(|b| u32::from_be_bytes(*b)).collect();
    let word = |from: usize| -> [u32; L] { std::array::from_fn(|n| all[from * L + n]) };
    let (a, b, c) = (word(0), word(1), word(2));
    let (x, y, z) = (v.load_words(&a), v.load_words(&b), v.load_words(&c));
    let same = |found: V::Vector, expected: [u32; L]| assert_eq!(v.store_words(found), expected);
    same(v.splat(0xdead_beef), Words.splat(0xdead_beef));
    same(v.add(x, y), Words.add(a, b));
    same(v.xor(x, y, z), Words.xor(a, b, c));
    same(v.choose(x, y, z), Words.choose(a, b, c));
    same(v.majority(x, y, z), Words.majority(a, b, c));
    same(v.shift::<3>(x), Words.shift::<3>(a));
    same(v.shift::<10>(x), Words.shift::<10>(a));
    same(v.rotate::<7, 25>(x), Words.rotate::<7, 25>(a));
    same(v.swap_bytes(x), Words.swap_bytes(a));
    same(v.low_words(x, y), Words.low_words(a, b));
    same(v.high_words(x, y), Words.high_words(a, b));
    same(v.low_pairs(x, y), Words.low_pairs(a, b));
    same(v.high_pairs(x, y), Words.high_pairs(a, b));
    let messages: Vec<Vec<u8>> = (0..L).map(|n| bytes(n, 64)).collect();
    let blocks: [&[u8; 64]; L] = std::array::from_fn(|n| messages[n].first_chunk().unwrap());
    for (quarter, first) in (0..4).flat_map(|quarter| (0..4).map(move |first| (quarter, first))) {
        same(v.rows(&blocks, quarter, first), Words.rows(&blocks, quarter, first));
    }
}

#[test]
fn every_small_length_beside_others() {
    let all = bytes(1, 400);
    for kernel in Kernel::reported() {
        let sources: Vec<Source> = (0..all.len()).map(|n| Source::from_bytes(&all[..n])).collect();
        let states = kernel.hash_all(DigestAlgorithm::Sha256, &sources);
        assert_eq!(states.len(), sources.len());
        for (n, state) in states.into_iter().enumerate() {
            let state = state.unwrap();
            assert_eq!(state.len(), to_u64(n));
            assert_eq!(state.finish().as_bytes(), sha2::Sha256::digest(&all[..n]).as_slice(), "{kernel:?} {n}");
        }
    }
}

#[test]
fn other_algorithms_go_one_by_one() {
    let sources: Vec<Source> = (0..40).map(|n| Source::from_bytes(bytes(n, n * 31))).collect();
    for kernel in Kernel::reported() {
        for algorithm in [DigestAlgorithm::Sha384, DigestAlgorithm::Sha512, DigestAlgorithm::Sha1ForLegacyValidation] {
            for (n, state) in kernel.hash_all(algorithm, &sources).into_iter().enumerate() {
                assert_eq!(state.unwrap().finish(), algorithm.digest(&bytes(n, n * 31)));
            }
        }
    }
}

/// Pieces as a test cuts them; it fails instead of giving piece `fails_at`.
struct Cut {
    index: usize,
    pieces: Vec<Vec<u8>>,
    next: usize,
    fails_at: Option<usize>,
}

impl Message for Cut {
    fn piece(&self) -> &[u8] {
        self.next.checked_sub(1).map_or(&[], |now| &self.pieces[now])
    }

    fn advance(&mut self) -> Result<bool> {
        if self.fails_at == Some(self.next) {
            return Err(Error::SignatureMismatch(Box::default()));
        }
        self.next += 1;
        Ok(self.next <= self.pieces.len())
    }
}

struct Cuts {
    begun: Vec<u8>,
    waiting: Vec<Cut>,
    done: Vec<(usize, Result<State>)>,
}

impl Work for Cuts {
    type Message = Cut;

    fn next(&mut self) -> Option<(State, Cut)> {
        let mut state = State::new(DigestAlgorithm::Sha256);
        state.update(&self.begun);
        Some((state, self.waiting.pop()?))
    }

    fn done(&mut self, message: Cut, state: Result<State>) {
        self.done.push((message.index, state));
    }
}

#[test]
fn a_message_that_fails_takes_no_other_with_it() {
    for kernel in Kernel::reported() {
        let cut = |index| Cut {
            index,
            pieces: vec![bytes(index, 100), bytes(index, 70)],
            next: 0,
            fails_at: (index % 3 == 0).then_some(index % 2),
        };
        let mut work = Cuts { begun: Vec::new(), waiting: (0..50).map(cut).collect(), done: Vec::new() };
        kernel.run(&mut work);
        work.done.sort_by_key(|(index, _)| *index);
        for (index, state) in work.done {
            match state {
                Ok(state) => {
                    let whole = [bytes(index, 100), bytes(index, 70)].concat();
                    assert_eq!(state.finish(), DigestAlgorithm::Sha256.digest(&whole));
                    assert_ne!(index % 3, 0);
                }
                Err(error) => {
                    assert_eq!(error.code(), ErrorCode::SignatureMismatch);
                    assert_eq!(index % 3, 0);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_messages_in_any_pieces_after_any_beginning(
        begun in proptest::collection::vec(any::<u8>(), 0..200),
        messages in proptest::collection::vec(
            proptest::collection::vec(proptest::collection::vec(any::<u8>(), 0..300), 0..6), 0..40),
    ) {
        for kernel in Kernel::reported() {
            let cut = |(index, pieces): (usize, &Vec<Vec<u8>>)| Cut { index, pieces: pieces.clone(), next: 0, fails_at: None };
            let waiting = messages.iter().enumerate().map(cut).collect();
            let mut work = Cuts { begun: begun.clone(), waiting, done: Vec::new() };
            kernel.run(&mut work);
            prop_assert_eq!(work.done.len(), messages.len());
            for (index, state) in work.done {
                let whole = [begun.clone(), messages[index].concat()].concat();
                let state = state.unwrap();
                // The saved form has words, pending bytes and length: all of the state is the same.
                let mut alone = State::new(DigestAlgorithm::Sha256);
                alone.update(&whole);
                prop_assert_eq!(state.to_bytes().unwrap(), alone.to_bytes().unwrap());
            }
        }
    }
}

#[test]
fn only_what_computes_right_is_used() {
    assert_eq!(Kernel::available(), Kernel::reported());
    assert!(Kernel::reported().into_iter().all(Kernel::is_right));
}
