//! SHA-256 of eight messages in the eight words of AVX2's vectors, for processors without the SHA extensions.

use std::arch::x86_64::{
    __m128i, __m256i, _mm_loadu_si128, _mm256_add_epi32, _mm256_and_si256, _mm256_andnot_si256, _mm256_loadu_si256,
    _mm256_or_si256, _mm256_set_epi64x, _mm256_set_m128i, _mm256_set1_epi32, _mm256_shuffle_epi8, _mm256_slli_epi32,
    _mm256_srli_epi32, _mm256_storeu_si256, _mm256_unpackhi_epi32, _mm256_unpackhi_epi64, _mm256_unpacklo_epi32,
    _mm256_unpacklo_epi64, _mm256_xor_si256,
};

use super::vectors::{self, Vectors, part};
use super::{BLOCK_BYTES, Run};

/// Proof that the processor has AVX2: only [`Avx2::detect`] makes one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Avx2(());

impl Avx2 {
    pub(super) fn detect() -> Option<Self> {
        is_x86_feature_detected!("avx2").then_some(Avx2(()))
    }

    /// Eight at a time.
    #[expect(unsafe_code, reason = "only the processor's own instructions are that fast")]
    pub(super) fn compress(self, runs: &mut [Run<'_>]) {
        for eight in runs.chunks_mut(LANES) {
            // SAFETY: `self` exists only where AVX2 was detected.
            unsafe { compress(self, eight) }
        }
    }
}

#[target_feature(enable = "avx2")]
fn compress(avx2: Avx2, runs: &mut [Run<'_>]) {
    vectors::compress::<LANES, Avx2>(avx2, runs);
}

/// An instruction that works on registers.
macro_rules! instruction {
    ($proof:ident, $call:expr) => {{
        let Avx2(()) = $proof;
        // SAFETY: the proof exists only where AVX2 was detected. The instruction reads and writes no memory.
        unsafe { $call }
    }};
}

#[expect(unsafe_code, reason = "instructions of AVX2, each behind the proof that it is there")]
impl Vectors<LANES> for Avx2 {
    type Vector = __m256i;

    #[inline(always)]
    fn splat(self, word: u32) -> __m256i {
        instruction!(self, _mm256_set1_epi32(word.cast_signed()))
    }

    #[inline(always)]
    fn load_words(self, words: &[u32; LANES]) -> __m256i {
        // SAFETY: AVX2 was detected; eight words are readable for the 32 bytes of the load, which asks for no alignment.
        unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store_words(self, vector: __m256i) -> [u32; LANES] {
        let mut words = [0; LANES];
        // SAFETY: AVX2 was detected; eight words are writable for the 32 bytes of the store, which asks for no alignment.
        unsafe { _mm256_storeu_si256(words.as_mut_ptr().cast(), vector) };
        words
    }

    #[inline(always)]
    fn add(self, a: __m256i, b: __m256i) -> __m256i {
        instruction!(self, _mm256_add_epi32(a, b))
    }

    #[inline(always)]
    fn xor(self, a: __m256i, b: __m256i, c: __m256i) -> __m256i {
        instruction!(self, _mm256_xor_si256(_mm256_xor_si256(a, b), c))
    }

    #[inline(always)]
    fn choose(self, a: __m256i, b: __m256i, c: __m256i) -> __m256i {
        instruction!(self, _mm256_or_si256(_mm256_and_si256(a, b), _mm256_andnot_si256(a, c)))
    }

    #[inline(always)]
    fn majority(self, a: __m256i, b: __m256i, c: __m256i) -> __m256i {
        instruction!(self, _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, _mm256_or_si256(a, b))))
    }

    #[inline(always)]
    fn shift<const RIGHT: i32>(self, a: __m256i) -> __m256i {
        instruction!(self, _mm256_srli_epi32::<RIGHT>(a))
    }

    #[inline(always)]
    fn rotate<const RIGHT: i32, const LEFT: i32>(self, a: __m256i) -> __m256i {
        instruction!(self, _mm256_or_si256(_mm256_srli_epi32::<RIGHT>(a), _mm256_slli_epi32::<LEFT>(a)))
    }

    #[inline(always)]
    fn rows(self, blocks: &[&[u8; BLOCK_BYTES]; LANES], quarter: usize, first: usize) -> __m256i {
        let (low, high) = (load(part(blocks, quarter, first)), load(part(blocks, quarter, 4 + first)));
        instruction!(self, _mm256_set_m128i(high, low))
    }

    #[inline(always)]
    fn swap_bytes(self, a: __m256i) -> __m256i {
        let (high, low) = (0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
        instruction!(self, _mm256_shuffle_epi8(a, _mm256_set_epi64x(high, low, high, low)))
    }

    #[inline(always)]
    fn low_words(self, a: __m256i, b: __m256i) -> __m256i {
        instruction!(self, _mm256_unpacklo_epi32(a, b))
    }

    #[inline(always)]
    fn high_words(self, a: __m256i, b: __m256i) -> __m256i {
        instruction!(self, _mm256_unpackhi_epi32(a, b))
    }

    #[inline(always)]
    fn low_pairs(self, a: __m256i, b: __m256i) -> __m256i {
        instruction!(self, _mm256_unpacklo_epi64(a, b))
    }

    #[inline(always)]
    fn high_pairs(self, a: __m256i, b: __m256i) -> __m256i {
        instruction!(self, _mm256_unpackhi_epi64(a, b))
    }
}

#[expect(unsafe_code, reason = "the load takes a pointer")]
#[inline(always)]
fn load(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: a reference to 16 bytes is readable for the 16 bytes of the load, which asks for no alignment; every
    // x86-64 processor has SSE2.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

const LANES: usize = 8;
