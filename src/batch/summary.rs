//! One digest over many, and the code that a person compares on two screens.

use crate::digest::{Digest, DigestAlgorithm, State};

/// The digest over the digests, in their order: what TrustedX-like services call `digests_summary`.
#[must_use]
pub fn digests_summary<'a>(algorithm: DigestAlgorithm, digests: impl IntoIterator<Item = &'a [u8]>) -> Digest {
    let mut state = State::new(algorithm);
    for digest in digests {
        state.update(digest);
    }
    state.finish()
}

/// Four digits to compare before a PIN is entered: the last two bytes of SHA-256(digest), modulo 10,000.
#[must_use]
pub fn verification_code(digest: &[u8]) -> String {
    let hash = DigestAlgorithm::Sha256.digest(digest);
    let last = hash.as_bytes().last_chunk::<2>().map_or(0, |last| u16::from_be_bytes(*last));
    format!("{:04}", last % 10_000)
}

#[cfg(test)]
mod tests {
    use base64::prelude::{BASE64_STANDARD, Engine};

    use super::*;

    #[test]
    fn known_summaries_and_codes() {
        let once = "4xZX5G+R4gTbK2r6RlismZw4EBftvbSDcE3lXfpLMM4=";
        let thrice = "wRX+DNmDdlDrMK8X/MEdersGZbsgTiSFHi26domxjwA=";
        for (digest, times, summary, code) in [
            ("SGVsbG8gd29ybGQ=", 1, "ZOyIygCyaOW6GjVnihtTFtIS9PNmskdyMlNKiuyjfzw=", "2572"),
            (once, 1, "IsAkvS+2hg3jUoq6FhJC6HngZ1z/dJUdnl46V+DGMPw=", "2540"),
            (thrice, 3, "wHFzv/TWNZ6yxxwJNXlXu9FeXDAX5rVcZPpbj9JFRrI=", "6849"),
        ] {
            let digest = BASE64_STANDARD.decode(digest).unwrap();
            let all = std::iter::repeat_n(&digest[..], times);
            assert_eq!(BASE64_STANDARD.encode(digests_summary(DigestAlgorithm::Sha256, all).as_bytes()), summary);
            assert_eq!(verification_code(&digest), code);
        }
    }
}
