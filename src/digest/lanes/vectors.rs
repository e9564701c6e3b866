//! SHA-256 of as many messages as a vector register has words: word n of each message in one vector.
//!
//! One algorithm over the few operations that a processor's vectors have; `avx2` and `avx512` bring them.

use super::{BLOCK_BYTES, K, Run};

/// What vectors of `L` words can do. A value of the type is the proof that the processor can do it, too.
///
/// All methods are inlined into the one function that is compiled for the processor's features.
pub(super) trait Vectors<const L: usize>: Copy {
    /// `L` words, those of four messages in each group of 16 bytes.
    type Vector: Copy;

    fn splat(self, word: u32) -> Self::Vector;
    fn load_words(self, words: &[u32; L]) -> Self::Vector;
    fn store_words(self, vector: Self::Vector) -> [u32; L];
    fn add(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    fn xor(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// Bits of `b` where `a` has ones, else of `c`.
    fn choose(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    /// What two of the three have.
    fn majority(self, a: Self::Vector, b: Self::Vector, c: Self::Vector) -> Self::Vector;
    fn shift<const RIGHT: i32>(self, a: Self::Vector) -> Self::Vector;
    /// To the right; `LEFT` is 32 less `RIGHT`.
    fn rotate<const RIGHT: i32, const LEFT: i32>(self, a: Self::Vector) -> Self::Vector;
    /// In group g the bytes of message `4g + first` from `16 * quarter` on.
    fn rows(self, blocks: &[&[u8; BLOCK_BYTES]; L], quarter: usize, first: usize) -> Self::Vector;
    /// The other order of bytes in each word.
    fn swap_bytes(self, a: Self::Vector) -> Self::Vector;
    /// In each group the words a0 b0 a1 b1.
    fn low_words(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// In each group the words a2 b2 a3 b3.
    fn high_words(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// In each group the words a0 a1 b0 b1.
    fn low_pairs(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
    /// In each group the words a2 a3 b2 b3.
    fn high_pairs(self, a: Self::Vector, b: Self::Vector) -> Self::Vector;
}

/// Takes the blocks of up to `L` runs, which have the same number of them, into their words.
#[inline(always)]
pub(super) fn compress<const L: usize, V: Vectors<L>>(v: V, runs: &mut [Run<'_>]) {
    let Some(first) = runs.first().map(|run| run.blocks) else { return };
    // Lanes without a message go along with the first one's blocks; what comes of it is left where it is.
    let blocks: [&[[u8; BLOCK_BYTES]]; L] = std::array::from_fn(|n| runs.get(n).map_or(first, |run| run.blocks));
    let mut rows = [[0; L]; 8];
    for (n, run) in runs.iter().enumerate() {
        for (row, word) in rows.iter_mut().zip(&*run.words) {
            if let Some(to) = row.get_mut(n) {
                *to = *word;
            }
        }
    }
    let [a, b, c, d, e, f, g, h] = &rows;
    let mut state = [
        v.load_words(a),
        v.load_words(b),
        v.load_words(c),
        v.load_words(d),
        v.load_words(e),
        v.load_words(f),
        v.load_words(g),
        v.load_words(h),
    ];
    let count = blocks.iter().map(|blocks| blocks.len()).min().unwrap_or(0);
    for at in 0..count {
        let now = std::array::from_fn(|n| blocks.get(n).and_then(|blocks| blocks.get(at)).unwrap_or(&[0; BLOCK_BYTES]));
        state = block(v, state, &now);
    }
    let [a, b, c, d, e, f, g, h] = state;
    let rows = [
        v.store_words(a),
        v.store_words(b),
        v.store_words(c),
        v.store_words(d),
        v.store_words(e),
        v.store_words(f),
        v.store_words(g),
        v.store_words(h),
    ];
    for (n, run) in runs.iter_mut().enumerate() {
        for (word, row) in run.words.iter_mut().zip(&rows) {
            if let Some(from) = row.get(n) {
                *word = *from;
            }
        }
    }
}

/// One block of each message (FIPS 180-4, 6.2.2).
#[inline(always)]
fn block<const L: usize, V: Vectors<L>>(
    v: V,
    before: [V::Vector; 8],
    blocks: &[&[u8; BLOCK_BYTES]; L],
) -> [V::Vector; 8] {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = before;
    let ([w0, w1, w2, w3], [w4, w5, w6, w7]) = (quarter(v, blocks, 0), quarter(v, blocks, 1));
    let ([w8, w9, w10, w11], [w12, w13, w14, w15]) = (quarter(v, blocks, 2), quarter(v, blocks, 3));
    let mut w = [w0, w1, w2, w3, w4, w5, w6, w7, w8, w9, w10, w11, w12, w13, w14, w15];
    for (n, k) in K.iter().enumerate() {
        let is_last = n == 3;
        // The names go round in place of the values.
        macro_rules! round {
            ($n:literal: $a:ident $b:ident $c:ident $d:ident $e:ident $f:ident $g:ident $h:ident) => {
                let sum = v.xor(v.rotate::<6, 26>($e), v.rotate::<11, 21>($e), v.rotate::<25, 7>($e));
                let input = v.add(v.splat(k[$n]), w[$n]);
                let first = v.add(v.add($h, input), v.add(sum, v.choose($e, $f, $g)));
                let sum = v.xor(v.rotate::<2, 30>($a), v.rotate::<13, 19>($a), v.rotate::<22, 10>($a));
                $d = v.add($d, first);
                $h = v.add(first, v.add(sum, v.majority($a, $b, $c)));
                if !is_last {
                    let (x, y) = (w[($n + 1) % 16], w[($n + 14) % 16]);
                    let x = v.xor(v.rotate::<7, 25>(x), v.rotate::<18, 14>(x), v.shift::<3>(x));
                    let y = v.xor(v.rotate::<17, 15>(y), v.rotate::<19, 13>(y), v.shift::<10>(y));
                    w[$n] = v.add(v.add(w[$n], x), v.add(w[($n + 9) % 16], y));
                }
            };
        }
        round!(0: a b c d e f g h);
        round!(1: h a b c d e f g);
        round!(2: g h a b c d e f);
        round!(3: f g h a b c d e);
        round!(4: e f g h a b c d);
        round!(5: d e f g h a b c);
        round!(6: c d e f g h a b);
        round!(7: b c d e f g h a);
        round!(8: a b c d e f g h);
        round!(9: h a b c d e f g);
        round!(10: g h a b c d e f);
        round!(11: f g h a b c d e);
        round!(12: e f g h a b c d);
        round!(13: d e f g h a b c);
        round!(14: c d e f g h a b);
        round!(15: b c d e f g h a);
    }
    let [a0, b0, c0, d0, e0, f0, g0, h0] = before;
    [v.add(a, a0), v.add(b, b0), v.add(c, c0), v.add(d, d0), v.add(e, e0), v.add(f, f0), v.add(g, g0), v.add(h, h0)]
}

/// Words `4 * quarter` to `4 * quarter + 3` of all blocks: each group of four messages is turned by itself.
#[inline(always)]
fn quarter<const L: usize, V: Vectors<L>>(v: V, blocks: &[&[u8; BLOCK_BYTES]; L], quarter: usize) -> [V::Vector; 4] {
    let (a, b) = (v.rows(blocks, quarter, 0), v.rows(blocks, quarter, 1));
    let (c, d) = (v.rows(blocks, quarter, 2), v.rows(blocks, quarter, 3));
    let (ab_low, ab_high) = (v.low_words(a, b), v.high_words(a, b));
    let (cd_low, cd_high) = (v.low_words(c, d), v.high_words(c, d));
    [
        v.swap_bytes(v.low_pairs(ab_low, cd_low)),
        v.swap_bytes(v.high_pairs(ab_low, cd_low)),
        v.swap_bytes(v.low_pairs(ab_high, cd_high)),
        v.swap_bytes(v.high_pairs(ab_high, cd_high)),
    ]
}

/// The 16 bytes of the block of message `message` from `16 * quarter` on.
#[inline(always)]
pub(super) fn part<'a, const L: usize>(
    blocks: &[&'a [u8; BLOCK_BYTES]; L],
    quarter: usize,
    message: usize,
) -> &'a [u8; 16] {
    let block: Option<&'a [u8; BLOCK_BYTES]> = blocks.get(message).copied();
    block.and_then(|block| block.as_chunks::<16>().0.get(quarter)).unwrap_or(&[0; 16])
}
