//! Digests, and the state of one that is under way.
//!
//! The state is our own (words, pending block, length) over `sha2`'s compression function, so that
//! it can be cloned at the end of a document, saved between two calls, and be one of several
//! messages that are hashed side by side.

use std::fmt;

use sha2::block_api::{compress256, compress512};

use crate::error::{Error, ErrorCode, Misuse, Result, StateError};
use crate::source::to_u64;

pub(crate) mod lanes;

pub use lanes::Kernel;

/// A hash function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum DigestAlgorithm {
    /// SHA-256.
    Sha256,
    /// SHA-384.
    Sha384,
    /// SHA-512.
    Sha512,
    /// SHA-1, only to look at signatures that others made; nothing is signed with it.
    Sha1ForLegacyValidation,
}

impl DigestAlgorithm {
    /// The name, such as `SHA-256`.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            DigestAlgorithm::Sha256 => "SHA-256",
            DigestAlgorithm::Sha384 => "SHA-384",
            DigestAlgorithm::Sha512 => "SHA-512",
            DigestAlgorithm::Sha1ForLegacyValidation => "SHA-1",
        }
    }

    /// The object identifier in dotted form.
    #[must_use]
    pub fn oid(self) -> &'static str {
        match self {
            DigestAlgorithm::Sha256 => "2.16.840.1.101.3.4.2.1",
            DigestAlgorithm::Sha384 => "2.16.840.1.101.3.4.2.2",
            DigestAlgorithm::Sha512 => "2.16.840.1.101.3.4.2.3",
            DigestAlgorithm::Sha1ForLegacyValidation => "1.3.14.3.2.26",
        }
    }

    /// Length of its digests in bytes.
    #[must_use]
    pub fn len_bytes(self) -> usize {
        match self {
            DigestAlgorithm::Sha256 => 32,
            DigestAlgorithm::Sha384 => 48,
            DigestAlgorithm::Sha512 => 64,
            DigestAlgorithm::Sha1ForLegacyValidation => 20,
        }
    }

    /// The algorithm named `SHA-256`, `SHA256` or `sha256`, and so on; SHA-1 has no name here.
    ///
    /// # Errors
    /// [`Error::Misuse`] for any other name.
    pub fn from_name(name: &str) -> Result<Self> {
        match name.to_ascii_lowercase().replace('-', "").as_str() {
            "sha256" => Ok(DigestAlgorithm::Sha256),
            "sha384" => Ok(DigestAlgorithm::Sha384),
            "sha512" => Ok(DigestAlgorithm::Sha512),
            _ => Err(Misuse::new("digest is none of SHA-256, SHA-384, SHA-512").into()),
        }
    }

    /// The digest of `bytes`.
    #[must_use]
    pub fn digest(self, bytes: &[u8]) -> Digest {
        let mut state = State::new(self);
        state.update(bytes);
        state.finish()
    }
}

/// A finished digest with the algorithm it was made by.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Digest {
    algorithm: DigestAlgorithm,
    bytes: [u8; MAX_BYTES],
}

impl Digest {
    /// A digest that somebody else computed.
    ///
    /// # Errors
    /// [`Error::Misuse`] when `bytes` has not the algorithm's length.
    pub fn new(algorithm: DigestAlgorithm, bytes: &[u8]) -> Result<Self> {
        if bytes.len() != algorithm.len_bytes() {
            return Err(Misuse::new("digest has not its algorithm's length").into());
        }
        let mut digest = Digest { algorithm, bytes: [0; MAX_BYTES] };
        for (to, from) in digest.bytes.iter_mut().zip(bytes) {
            *to = *from;
        }
        Ok(digest)
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.algorithm.len_bytes()).unwrap_or_default()
    }

    /// The bytes as lower-case hexadecimal digits.
    #[must_use]
    pub fn to_hex(&self) -> String {
        to_hex(self.as_bytes())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.algorithm.name(), self.to_hex())
    }
}

/// A digest under way.
#[derive(Clone)]
pub struct State {
    algorithm: DigestAlgorithm,
    words: Words,
    pending: [u8; BLOCK_MAX],
    pending_len: usize,
    len: u64,
}

#[derive(Clone)]
enum Words {
    Narrow([u32; 8]),
    Wide([u64; 8]),
    Legacy(Box<sha1::Sha1>),
}

impl State {
    /// Nothing hashed yet.
    #[must_use]
    pub fn new(algorithm: DigestAlgorithm) -> Self {
        let words = match algorithm {
            DigestAlgorithm::Sha256 => Words::Narrow(IV_256),
            DigestAlgorithm::Sha384 => Words::Wide(IV_384),
            DigestAlgorithm::Sha512 => Words::Wide(IV_512),
            DigestAlgorithm::Sha1ForLegacyValidation => Words::Legacy(Box::default()),
        };
        State { algorithm, words, pending: [0; BLOCK_MAX], pending_len: 0, len: 0 }
    }

    /// The algorithm.
    #[must_use]
    pub fn algorithm(&self) -> DigestAlgorithm {
        self.algorithm
    }

    /// Number of bytes hashed so far.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.len
    }

    /// Whether nothing was hashed yet.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Goes on with `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        self.len = self.len.wrapping_add(to_u64(bytes.len()));
        match &mut self.words {
            Words::Legacy(sha1) => sha1::Digest::update(sha1.as_mut(), bytes),
            Words::Narrow(words) => {
                absorb::<64>(&mut self.pending, &mut self.pending_len, bytes, |blocks| {
                    compress256(words, blocks);
                });
            }
            Words::Wide(words) => {
                absorb::<128>(&mut self.pending, &mut self.pending_len, bytes, |blocks| {
                    compress512(words, blocks);
                });
            }
        }
    }

    /// The digest of all that came in.
    #[must_use]
    pub fn finish(mut self) -> Digest {
        let bits = u128::from(self.len) * 8;
        // FIPS 180-4, 5.1: one bit, zeros, and the length in bits at the end of a block.
        let (block, length_bytes) = match self.words {
            Words::Narrow(_) => (64, 8),
            _ => (128, 16),
        };
        let mut padding = [0; BLOCK_MAX * 2];
        let zeros = (2 * block - 1 - length_bytes - self.pending_len) % block;
        if let Some(first) = padding.first_mut() {
            *first = 0x80;
        }
        let end = 1 + zeros + length_bytes;
        let length = bits.to_be_bytes();
        for (to, from) in padding.iter_mut().take(end).rev().zip(length.iter().rev()).take(length_bytes) {
            *to = *from;
        }
        if !matches!(self.words, Words::Legacy(_)) {
            self.update(padding.get(..end).unwrap_or_default());
        }
        let mut bytes = [0; MAX_BYTES];
        match self.words {
            Words::Narrow(words) => fill(&mut bytes, words.iter().flat_map(|w| w.to_be_bytes())),
            Words::Wide(words) => {
                let length = self.algorithm.len_bytes();
                fill(&mut bytes, words.iter().flat_map(|w| w.to_be_bytes()).take(length));
            }
            Words::Legacy(sha1) => fill(&mut bytes, sha1::Digest::finalize(*sha1)),
        }
        Digest { algorithm: self.algorithm, bytes }
    }

    /// Words, pending bytes and length as bytes, to go on in another process.
    pub(crate) fn to_bytes(&self) -> Result<Vec<u8>> {
        let mut out = self.len.to_be_bytes().to_vec();
        match &self.words {
            Words::Narrow(words) => out.extend(words.iter().flat_map(|w| w.to_be_bytes())),
            Words::Wide(words) => out.extend(words.iter().flat_map(|w| w.to_be_bytes())),
            Words::Legacy(_) => return Err(Error::Bug("SHA-1 state is never saved")),
        }
        out.extend_from_slice(self.pending.get(..self.pending_len).unwrap_or_default());
        Ok(out)
    }

    /// Reads what [`State::to_bytes`] wrote.
    pub(crate) fn from_bytes(algorithm: DigestAlgorithm, bytes: &[u8]) -> Result<Self> {
        let damaged = || StateError::new(ErrorCode::StateMalformed);
        let mut state = State::new(algorithm);
        let (len, rest) = bytes.split_first_chunk::<8>().ok_or_else(damaged)?;
        state.len = u64::from_be_bytes(*len);
        let (block, pending) = match &mut state.words {
            Words::Narrow(words) => {
                let (saved, pending) = rest.split_at_checked(32).ok_or_else(damaged)?;
                for (word, bytes) in words.iter_mut().zip(saved.as_chunks::<4>().0) {
                    *word = u32::from_be_bytes(*bytes);
                }
                (64, pending)
            }
            Words::Wide(words) => {
                let (saved, pending) = rest.split_at_checked(64).ok_or_else(damaged)?;
                for (word, bytes) in words.iter_mut().zip(saved.as_chunks::<8>().0) {
                    *word = u64::from_be_bytes(*bytes);
                }
                (128, pending)
            }
            Words::Legacy(_) => return Err(damaged().into()),
        };
        if to_u64(pending.len()) != state.len % block {
            return Err(damaged().into());
        }
        fill(&mut state.pending, pending.iter().copied());
        state.pending_len = pending.len();
        Ok(state)
    }
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} over {} bytes so far", self.algorithm.name(), self.len)
    }
}

/// Lower-case hexadecimal digits.
#[must_use]
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0');
    let mut text = String::with_capacity(bytes.len() * 2);
    text.extend(bytes.iter().flat_map(|b| [digit(b >> 4), digit(b & 15)]));
    text
}

/// Bytes from hexadecimal digits of either case, two for each byte and nothing between them.
#[must_use]
pub(crate) fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_chunks::<2>();
    let digit = |c: u8| char::from(c).to_digit(16).and_then(|n| u8::try_from(n).ok());
    let byte = |[high, low]: &[u8; 2]| Some(digit(*high)? << 4 | digit(*low)?);
    if rest.is_empty() { pairs.iter().map(byte).collect() } else { None }
}

fn absorb<const BLOCK: usize>(
    pending: &mut [u8; BLOCK_MAX],
    pending_len: &mut usize,
    mut bytes: &[u8],
    mut compress: impl FnMut(&[[u8; BLOCK]]),
) {
    if *pending_len > 0 {
        let (now, later) = bytes.split_at(bytes.len().min(BLOCK - *pending_len));
        fill(pending.get_mut(*pending_len..).unwrap_or_default(), now.iter().copied());
        *pending_len += now.len();
        bytes = later;
        if *pending_len < BLOCK {
            return;
        }
        if let Some((block, _)) = pending.split_first_chunk::<BLOCK>() {
            compress(std::slice::from_ref(block));
        }
    }
    let (blocks, rest) = bytes.as_chunks::<BLOCK>();
    if !blocks.is_empty() {
        compress(blocks);
    }
    fill(pending, rest.iter().copied());
    *pending_len = rest.len();
}

fn fill(to: &mut [u8], from: impl IntoIterator<Item = u8>) {
    for (to, from) in to.iter_mut().zip(from) {
        *to = from;
    }
}

const MAX_BYTES: usize = 64;
const BLOCK_MAX: usize = 128;

// FIPS 180-4, 5.3.
const IV_256: [u32; 8] =
    [0x6a09_e667, 0xbb67_ae85, 0x3c6e_f372, 0xa54f_f53a, 0x510e_527f, 0x9b05_688c, 0x1f83_d9ab, 0x5be0_cd19];
const IV_384: [u64; 8] = [
    0xcbbb_9d5d_c105_9ed8,
    0x629a_292a_367c_d507,
    0x9159_015a_3070_dd17,
    0x152f_ecd8_f70e_5939,
    0x6733_2667_ffc0_0b31,
    0x8eb4_4a87_6858_1511,
    0xdb0c_2e0d_64f9_8fa7,
    0x47b5_481d_befa_4fa4,
];
const IV_512: [u64; 8] = [
    0x6a09_e667_f3bc_c908,
    0xbb67_ae85_84ca_a73b,
    0x3c6e_f372_fe94_f82b,
    0xa54f_f53a_5f1d_36f1,
    0x510e_527f_ade6_82d1,
    0x9b05_688c_2b3e_6c1f,
    0x1f83_d9ab_fb41_bd6b,
    0x5be0_cd19_137e_2179,
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_sha2_at_every_small_length() {
        use sha2::Digest as _;
        let bytes: Vec<u8> = (0..600_u32).map(|n| u8::try_from(n * 7 % 251).unwrap()).collect();
        for n in 0..bytes.len() {
            let part = &bytes[..n];
            assert_eq!(DigestAlgorithm::Sha256.digest(part).as_bytes(), sha2::Sha256::digest(part).as_slice());
            assert_eq!(DigestAlgorithm::Sha384.digest(part).as_bytes(), sha2::Sha384::digest(part).as_slice());
            assert_eq!(DigestAlgorithm::Sha512.digest(part).as_bytes(), sha2::Sha512::digest(part).as_slice());
            assert_eq!(
                DigestAlgorithm::Sha1ForLegacyValidation.digest(part).as_bytes(),
                sha1::Sha1::digest(part).as_slice()
            );
        }
    }

    #[test]
    fn goes_on_after_any_cut_and_after_being_saved() {
        let bytes: Vec<u8> = (0..400_u32).map(|n| u8::try_from(n % 256).unwrap()).collect();
        for algorithm in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512] {
            for cut in 0..bytes.len() {
                let mut state = State::new(algorithm);
                state.update(&bytes[..cut]);
                let mut state = State::from_bytes(algorithm, &state.to_bytes().unwrap()).unwrap();
                state.update(&bytes[cut..]);
                assert_eq!(state.finish(), algorithm.digest(&bytes));
            }
        }
    }

    #[test]
    fn refuses_a_damaged_saved_state() {
        let saved = State::new(DigestAlgorithm::Sha256).to_bytes().unwrap();
        for n in 0..saved.len() {
            assert!(State::from_bytes(DigestAlgorithm::Sha256, &saved[..n]).is_err());
        }
        let long = [saved, vec![0]].concat();
        assert!(State::from_bytes(DigestAlgorithm::Sha256, &long).is_err());
    }

    #[test]
    fn hex_both_ways() {
        assert_eq!(to_hex(&[0, 0xab]), "00ab");
        assert_eq!(from_hex(b"00aB"), Some(vec![0, 0xab]));
        assert_eq!(from_hex(b"0"), None);
        assert_eq!(from_hex(b"0g"), None);
    }
}
