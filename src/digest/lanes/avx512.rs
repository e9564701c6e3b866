//! SHA-256 of sixteen messages in the sixteen words of AVX-512's vectors.
//!
//! The algorithm is the one of [`vectors`], which is checked with AVX2 and without any vectors; here are only the
//! instructions: a rotation and any function of three vectors are one each.

use std::arch::x86_64::{
    __m128i, __m512i, _mm_loadu_si128, _mm512_add_epi32, _mm512_castsi128_si512, _mm512_inserti32x4,
    _mm512_loadu_si512, _mm512_ror_epi32, _mm512_set_epi64, _mm512_set1_epi32, _mm512_shuffle_epi8, _mm512_srli_epi32,
    _mm512_storeu_si512, _mm512_ternarylogic_epi32, _mm512_unpackhi_epi32, _mm512_unpackhi_epi64,
    _mm512_unpacklo_epi32, _mm512_unpacklo_epi64,
};

use super::vectors::{self, Vectors, part};
use super::{BLOCK_BYTES, Run};

/// Proof that the processor has AVX-512 F and BW: only [`Avx512::detect`] makes one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Avx512(());

impl Avx512 {
    pub(super) fn detect() -> Option<Self> {
        (is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("avx512bw")).then_some(Avx512(()))
    }

    /// Sixteen at a time.
    #[expect(unsafe_code, reason = "only the processor's own instructions are that fast")]
    pub(super) fn compress(self, runs: &mut [Run<'_>]) {
        for sixteen in runs.chunks_mut(LANES) {
            // SAFETY: `self` exists only where AVX-512 F and BW were detected.
            unsafe { compress(self, sixteen) }
        }
    }
}

#[target_feature(enable = "avx512f,avx512bw")]
fn compress(avx512: Avx512, runs: &mut [Run<'_>]) {
    vectors::compress::<LANES, Avx512>(avx512, runs);
}

/// An instruction that works on registers.
macro_rules! instruction {
    ($proof:ident, $call:expr) => {{
        let Avx512(()) = $proof;
        // SAFETY: the proof exists only where AVX-512 F and BW were detected. The instruction reads and writes no memory.
        unsafe { $call }
    }};
}

#[expect(unsafe_code, reason = "instructions of AVX-512, each behind the proof that it is there")]
impl Vectors<LANES> for Avx512 {
    type Vector = __m512i;

    #[inline(always)]
    fn splat(self, word: u32) -> __m512i {
        instruction!(self, _mm512_set1_epi32(word.cast_signed()))
    }

    #[inline(always)]
    fn load_words(self, words: &[u32; LANES]) -> __m512i {
        // SAFETY: AVX-512 F was detected; sixteen words are readable for the 64 bytes of the load, which asks for no
        // alignment.
        unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
    }

    #[inline(always)]
    fn store_words(self, vector: __m512i) -> [u32; LANES] {
        let mut words = [0; LANES];
        // SAFETY: AVX-512 F was detected; sixteen words are writable for the 64 bytes of the store, which asks for no
        // alignment.
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), vector) };
        words
    }

    #[inline(always)]
    fn add(self, a: __m512i, b: __m512i) -> __m512i {
        instruction!(self, _mm512_add_epi32(a, b))
    }

    #[inline(always)]
    fn xor(self, a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        instruction!(self, _mm512_ternarylogic_epi32::<0x96>(a, b, c))
    }

    #[inline(always)]
    fn choose(self, a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        instruction!(self, _mm512_ternarylogic_epi32::<0xca>(a, b, c))
    }

    #[inline(always)]
    fn majority(self, a: __m512i, b: __m512i, c: __m512i) -> __m512i {
        instruction!(self, _mm512_ternarylogic_epi32::<0xe8>(a, b, c))
    }

    #[inline(always)]
    fn shift<const RIGHT: i32>(self, a: __m512i) -> __m512i {
        // The instruction's immediate is unsigned here, the constant of the rotation is not.
        match RIGHT {
            3 => instruction!(self, _mm512_srli_epi32::<3>(a)),
            _ => instruction!(self, _mm512_srli_epi32::<10>(a)),
        }
    }

    #[inline(always)]
    fn rotate<const RIGHT: i32, const LEFT: i32>(self, a: __m512i) -> __m512i {
        instruction!(self, _mm512_ror_epi32::<RIGHT>(a))
    }

    #[inline(always)]
    fn rows(self, blocks: &[&[u8; BLOCK_BYTES]; LANES], quarter: usize, first: usize) -> __m512i {
        let (zero, one) = (load(part(blocks, quarter, first)), load(part(blocks, quarter, 4 + first)));
        let (two, three) = (load(part(blocks, quarter, 8 + first)), load(part(blocks, quarter, 12 + first)));
        let one = instruction!(self, _mm512_inserti32x4::<1>(_mm512_castsi128_si512(zero), one));
        instruction!(self, _mm512_inserti32x4::<3>(_mm512_inserti32x4::<2>(one, two), three))
    }

    #[inline(always)]
    fn swap_bytes(self, a: __m512i) -> __m512i {
        let (high, low) = (0x0c0d_0e0f_0809_0a0b, 0x0405_0607_0001_0203);
        instruction!(self, _mm512_shuffle_epi8(a, _mm512_set_epi64(high, low, high, low, high, low, high, low)))
    }

    #[inline(always)]
    fn low_words(self, a: __m512i, b: __m512i) -> __m512i {
        instruction!(self, _mm512_unpacklo_epi32(a, b))
    }

    #[inline(always)]
    fn high_words(self, a: __m512i, b: __m512i) -> __m512i {
        instruction!(self, _mm512_unpackhi_epi32(a, b))
    }

    #[inline(always)]
    fn low_pairs(self, a: __m512i, b: __m512i) -> __m512i {
        instruction!(self, _mm512_unpacklo_epi64(a, b))
    }

    #[inline(always)]
    fn high_pairs(self, a: __m512i, b: __m512i) -> __m512i {
        instruction!(self, _mm512_unpackhi_epi64(a, b))
    }
}

#[expect(unsafe_code, reason = "the load takes a pointer")]
#[inline(always)]
fn load(bytes: &[u8; 16]) -> __m128i {
    // SAFETY: a reference to 16 bytes is readable for the 16 bytes of the load, which asks for no alignment; every
    // x86-64 processor has SSE2.
    unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) }
}

const LANES: usize = 16;
