//! SHA-256 through the processor's SHA extensions, two or three messages interleaved.
//!
//! One message leaves these instructions waiting for each other most of the time: each takes four or more cycles and
//! needs the result of the one before. Two others fill the gaps.

use std::arch::x86_64::{
    __m128i, _mm_add_epi32, _mm_alignr_epi8, _mm_blend_epi16, _mm_loadu_si128, _mm_set_epi64x, _mm_sha256msg1_epu32,
    _mm_sha256msg2_epu32, _mm_sha256rnds2_epu32, _mm_shuffle_epi8, _mm_shuffle_epi32, _mm_storeu_si128,
};

use super::{BLOCK_BYTES, K, Run, one_by_one};

/// Proof that the processor has the SHA extensions, SSSE3 and SSE4.1: only [`ShaExtensions::detect`] makes one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct ShaExtensions(());

impl ShaExtensions {
    pub(super) fn detect() -> Option<Self> {
        let is_there =
            is_x86_feature_detected!("sha") && is_x86_feature_detected!("ssse3") && is_x86_feature_detected!("sse4.1");
        is_there.then_some(ShaExtensions(()))
    }

    /// Three at a time, then what is left.
    pub(super) fn compress(self, runs: &mut [Run<'_>]) {
        let (threes, rest) = runs.as_chunks_mut::<3>();
        for three in threes {
            self.interleave(three);
        }
        match rest.as_chunks_mut::<2>() {
            ([two], _) => self.interleave(two),
            (_, one) => one_by_one(one),
        }
    }

    #[expect(unsafe_code, reason = "only the processor's own instructions are that fast")]
    fn interleave<const N: usize>(self, runs: &mut [Run<'_>; N]) {
        // SAFETY: `self` exists only where all the features that `interleave` is compiled for were detected.
        unsafe { interleave(runs) }
    }
}

/// One 16-byte vector of each message.
type Row<const N: usize> = [__m128i; N];

#[target_feature(enable = "sha,ssse3,sse4.1")]
fn interleave<const N: usize>(runs: &mut [Run<'_>; N]) {
    let zero = _mm_set_epi64x(0, 0);
    // The instructions keep the words as A B E F and C D G H.
    let (mut abef, mut cdgh) = ([zero; N], [zero; N]);
    for ((abef, cdgh), run) in abef.iter_mut().zip(&mut cdgh).zip(&*runs) {
        (*abef, *cdgh) = gather(run.words);
    }
    let count = runs.iter().map(|run| run.blocks.len()).min().unwrap_or(0);
    for at in 0..count {
        let mut w = [[zero; N]; 4];
        for (n, run) in runs.iter().enumerate() {
            if let Some(block) = run.blocks.get(at) {
                let words = words_of(block);
                for (row, words) in w.iter_mut().zip(words) {
                    if let Some(to) = row.get_mut(n) {
                        *to = words;
                    }
                }
            }
        }
        let (abef_before, cdgh_before) = (abef, cdgh);
        for (n, k) in K.iter().enumerate() {
            let ([k0, k1, k2, k3], _) = k.as_chunks::<4>() else { return };
            let is_last = n == 3;
            let [w0, w1, w2, w3] = &mut w;
            four_rounds(&mut abef, &mut cdgh, w0, k0);
            four_rounds(&mut abef, &mut cdgh, w1, k1);
            if !is_last {
                schedule(w0, w1, w2, w3);
            }
            four_rounds(&mut abef, &mut cdgh, w2, k2);
            if !is_last {
                schedule(w1, w2, w3, w0);
            }
            four_rounds(&mut abef, &mut cdgh, w3, k3);
            if !is_last {
                schedule(w2, w3, w0, w1);
                schedule(w3, w0, w1, w2);
            }
        }
        add(&mut abef, &abef_before);
        add(&mut cdgh, &cdgh_before);
    }
    for ((abef, cdgh), run) in abef.iter().zip(&cdgh).zip(runs) {
        scatter(*abef, *cdgh, run.words);
    }
}

#[target_feature(enable = "sha,ssse3,sse4.1")]
#[inline]
fn four_rounds<const N: usize>(abef: &mut Row<N>, cdgh: &mut Row<N>, w: &Row<N>, k: &[u32; 4]) {
    let k = load_words(k);
    for ((abef, cdgh), w) in abef.iter_mut().zip(cdgh).zip(w) {
        let sum = _mm_add_epi32(*w, k);
        *cdgh = _mm_sha256rnds2_epu32(*cdgh, *abef, sum);
        *abef = _mm_sha256rnds2_epu32(*abef, *cdgh, _mm_shuffle_epi32::<0x0e>(sum));
    }
}

/// The message words that follow `w3`, in the place of `w0`, which has been used.
#[target_feature(enable = "sha,ssse3,sse4.1")]
#[inline]
fn schedule<const N: usize>(w0: &mut Row<N>, w1: &Row<N>, w2: &Row<N>, w3: &Row<N>) {
    for (((w0, w1), w2), w3) in w0.iter_mut().zip(w1).zip(w2).zip(w3) {
        let sum = _mm_add_epi32(_mm_sha256msg1_epu32(*w0, *w1), _mm_alignr_epi8::<4>(*w3, *w2));
        *w0 = _mm_sha256msg2_epu32(sum, *w3);
    }
}

#[target_feature(enable = "sha,ssse3,sse4.1")]
#[inline]
fn add<const N: usize>(to: &mut Row<N>, from: &Row<N>) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = _mm_add_epi32(*to, *from);
    }
}

/// The sixteen words of a block, whose bytes come the most significant first.
#[target_feature(enable = "sha,ssse3,sse4.1")]
#[inline]
fn words_of(block: &[u8; BLOCK_BYTES]) -> [__m128i; 4] {
    let swap = _mm_set_epi64x(0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
    let ([a, b, c, d], _) = block.as_chunks::<16>() else { return [swap; 4] };
    [
        _mm_shuffle_epi8(load(a), swap),
        _mm_shuffle_epi8(load(b), swap),
        _mm_shuffle_epi8(load(c), swap),
        _mm_shuffle_epi8(load(d), swap),
    ]
}

#[target_feature(enable = "sha,ssse3,sse4.1")]
#[inline]
fn gather(words: &[u32; 8]) -> (__m128i, __m128i) {
    let ([abcd, efgh], _) = words.as_chunks::<4>() else { return (_mm_set_epi64x(0, 0), _mm_set_epi64x(0, 0)) };
    // In vectors the first word is the lowest: d c b a -> c d a b, and h g f e -> e f g h.
    let cdab = _mm_shuffle_epi32::<0xb1>(load_words(abcd));
    let efgh = _mm_shuffle_epi32::<0x1b>(load_words(efgh));
    (_mm_alignr_epi8::<8>(cdab, efgh), _mm_blend_epi16::<0xf0>(efgh, cdab))
}

#[target_feature(enable = "sha,ssse3,sse4.1")]
#[inline]
fn scatter(abef: __m128i, cdgh: __m128i, words: &mut [u32; 8]) {
    let feba = _mm_shuffle_epi32::<0x1b>(abef);
    let dchg = _mm_shuffle_epi32::<0xb1>(cdgh);
    if let ([abcd, efgh], _) = words.as_chunks_mut::<4>() {
        store_words(_mm_blend_epi16::<0xf0>(feba, dchg), abcd);
        store_words(_mm_alignr_epi8::<8>(dchg, feba), efgh);
    }
}

#[expect(unsafe_code, reason = "the load takes a pointer")]
#[target_feature(enable = "sse2")]
#[inline]
fn load(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: a reference to 16 bytes is readable for the 16 bytes of the load, which asks for no alignment.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

#[expect(unsafe_code, reason = "the load takes a pointer")]
#[target_feature(enable = "sse2")]
#[inline]
fn load_words(words: &[u32; 4]) -> __m128i {
    // SAFETY: a reference to four words is readable for the 16 bytes of the load, which asks for no alignment.
    unsafe { _mm_loadu_si128(words.as_ptr().cast()) }
}

#[expect(unsafe_code, reason = "the store takes a pointer")]
#[target_feature(enable = "sse2")]
#[inline]
fn store_words(vector: __m128i, words: &mut [u32; 4]) {
    // SAFETY: an exclusive reference to four words is writable for the 16 bytes of the store, which asks for no
    // alignment; any bytes are words.
    unsafe { _mm_storeu_si128(words.as_mut_ptr().cast(), vector) }
}
