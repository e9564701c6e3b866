//! Until when a signature of a certificate, a CRL or an answer is worth something.
//!
//! The dates are those of ETSI TS 119 312 V1.5.1, as DSS carries them. A signature that existed before is sound:
//! `at` is the time for which that is proved, or now.

use super::public_key::{KeyKind, PublicKey};
use crate::digest::DigestAlgorithm;
use crate::signature::SignatureAlgorithm;
use crate::time::Time;

/// Whether nobody could forge a signature of `key` under `algorithm` at `at`.
pub(crate) fn is_strong(algorithm: SignatureAlgorithm, key: &PublicKey, at: Time) -> bool {
    let before = |end: i64| at.as_unix() < end;
    let digest_holds = match algorithm {
        SignatureAlgorithm::RsaPkcs1(digest)
        | SignatureAlgorithm::RsaPss(digest)
        | SignatureAlgorithm::Ecdsa(_, digest) => {
            digest != DigestAlgorithm::Sha1ForLegacyValidation || before(SHA1_END)
        }
        SignatureAlgorithm::Ed25519 => true,
    };
    let key_holds = match key.kind() {
        KeyKind::Rsa { bits } | KeyKind::RsaPss { bits } => bits >= 1_900 || (bits >= 1_024 && before(RSA_1024_END)),
        _ => true,
    };
    digest_holds && key_holds
}

const SHA1_END: i64 = 1_343_779_200; // 2012-08-01
const RSA_1024_END: i64 = 1_569_888_000; // 2019-10-01

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::Certificate;

    #[test]
    fn weak_algorithms_end() {
        let key = |pem: &[u8]| Certificate::parse(pem).unwrap().key().clone();
        let strong = key(include_bytes!("../../testdata/pki/rsa2048.pem"));
        let weak = key(include_bytes!("../../testdata/pki/weak1024.pem"));
        let at = |text: &str| Time::parse_rfc3339(text).unwrap();
        let sha256 = SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256);
        let sha1 = SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha1ForLegacyValidation);
        let (old, new) = (at("2012-07-31T23:59:59Z"), at("2012-08-01T00:00:00Z"));
        assert!(is_strong(sha1, &strong, old) && !is_strong(sha1, &strong, new) && is_strong(sha256, &strong, new));
        let (old, new) = (at("2019-09-30T23:59:59Z"), at("2019-10-01T00:00:00Z"));
        assert!(is_strong(sha256, &weak, old) && !is_strong(sha256, &weak, new));
    }
}
