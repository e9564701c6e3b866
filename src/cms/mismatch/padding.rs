//! What RSA pads before it signs: PKCS#1 v1.5 and PSS (RFC 8017, 9), read instead of compared.

use std::fmt;

use super::DIGESTS;
use crate::digest::DigestAlgorithm;

/// What stands behind the padding of PKCS#1 v1.5 for signatures.
pub(super) fn pkcs1(block: &[u8]) -> Option<&[u8]> {
    let filled = block.strip_prefix(&[0, 1])?;
    let filling = filled.iter().take_while(|byte| **byte == 0xff).count();
    filled.get(filling..).filter(|_| filling >= FILLING_MIN)?.strip_prefix(&[0])
}

/// A block that PSS padded, with all but the digest in it.
pub(super) struct Pss {
    pub(super) hash: DigestAlgorithm,
    mask: DigestAlgorithm,
    salt: Vec<u8>,
    check: Vec<u8>,
}

impl Pss {
    /// How PSS may have padded a block for a modulus of so many bits; hardly ever more than one way.
    pub(super) fn all(block: &[u8], bits: u32) -> Vec<Pss> {
        let pairs = DIGESTS.into_iter().flat_map(|hash| DIGESTS.into_iter().map(move |mask| (hash, mask)));
        pairs.filter_map(|(hash, mask)| Pss::read(block, bits, hash, mask)).collect()
    }

    fn read(block: &[u8], bits: u32, hash: DigestAlgorithm, mask: DigestAlgorithm) -> Option<Pss> {
        // The number is below 2^(bits − 1); what is above in its first byte is zero.
        let unused = bits.checked_sub(1)?.checked_next_multiple_of(8)?.checked_sub(bits - 1)?;
        let length = usize::try_from(bits.checked_sub(1)?.div_ceil(8)).ok()?;
        let zeros = block.len().checked_sub(length)?;
        let (front, encoded) = block.split_at_checked(zeros)?;
        let masked = encoded.strip_suffix(&[0xbc])?;
        let (masked, check) = masked.split_at_checked(masked.len().checked_sub(hash.len_bytes())?)?;
        let top = 0xff_u8.checked_shr(unused)?;
        if front.iter().any(|byte| *byte != 0) || masked.first().is_none_or(|first| first & !top != 0) {
            return None;
        }
        let mut plain: Vec<u8> =
            masked.iter().zip(mgf1(mask, check, masked.len())).map(|(byte, mask)| byte ^ mask).collect();
        if let Some(first) = plain.first_mut() {
            *first &= top;
        }
        let filling = plain.iter().take_while(|byte| **byte == 0).count();
        let salt = plain.get(filling..)?.strip_prefix(&[1])?.to_vec();
        Some(Pss { hash, mask, salt, check: check.to_vec() })
    }

    /// Whether it is over this digest.
    pub(super) fn holds(&self, digest: &[u8]) -> bool {
        let whole = [&[0; 8], digest, &self.salt].concat();
        self.hash.digest(&whole).as_bytes() == self.check
    }
}

impl fmt::Display for Pss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PSS with a salt of {} bytes and MGF1 with {}", self.salt.len(), self.mask.name())
    }
}

fn mgf1(hash: DigestAlgorithm, seed: &[u8], length: usize) -> Vec<u8> {
    let mut mask = Vec::with_capacity(length + hash.len_bytes());
    for counter in 0_u32.. {
        if mask.len() >= length {
            break;
        }
        mask.extend_from_slice(hash.digest(&[seed, &counter.to_be_bytes()].concat()).as_bytes());
    }
    mask.truncate(length);
    mask
}

const FILLING_MIN: usize = 8;
