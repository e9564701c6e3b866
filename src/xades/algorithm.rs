//! Algorithms by their URIs (RFC 9231; XML Encryption and XML Signature for the oldest).

use DigestAlgorithm::{Sha1ForLegacyValidation as Sha1, Sha256, Sha384, Sha512};

use crate::digest::DigestAlgorithm;
use crate::pki::{KeyKind, PublicKey};
use crate::signature::SignatureAlgorithm;

/// The URI of a digest.
pub(super) fn digest_uri(algorithm: DigestAlgorithm) -> &'static str {
    match algorithm {
        Sha1 => "http://www.w3.org/2000/09/xmldsig#sha1",
        Sha256 => "http://www.w3.org/2001/04/xmlenc#sha256",
        Sha384 => "http://www.w3.org/2001/04/xmldsig-more#sha384",
        Sha512 => "http://www.w3.org/2001/04/xmlenc#sha512",
    }
}

/// The digest of a URI, where it is known.
pub(super) fn digest_from_uri(uri: &str) -> Option<DigestAlgorithm> {
    [Sha1, Sha256, Sha384, Sha512].into_iter().find(|algorithm| digest_uri(*algorithm) == uri)
}

/// The URI of a signature algorithm.
pub(super) fn signature_uri(algorithm: SignatureAlgorithm) -> &'static str {
    match algorithm {
        SignatureAlgorithm::RsaPkcs1(Sha1) => "http://www.w3.org/2000/09/xmldsig#rsa-sha1",
        SignatureAlgorithm::RsaPkcs1(Sha256) => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256",
        SignatureAlgorithm::RsaPkcs1(Sha384) => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha384",
        SignatureAlgorithm::RsaPkcs1(Sha512) => "http://www.w3.org/2001/04/xmldsig-more#rsa-sha512",
        SignatureAlgorithm::RsaPss(Sha1) => "http://www.w3.org/2007/05/xmldsig-more#sha1-rsa-MGF1",
        SignatureAlgorithm::RsaPss(Sha256) => "http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1",
        SignatureAlgorithm::RsaPss(Sha384) => "http://www.w3.org/2007/05/xmldsig-more#sha384-rsa-MGF1",
        SignatureAlgorithm::RsaPss(Sha512) => "http://www.w3.org/2007/05/xmldsig-more#sha512-rsa-MGF1",
        SignatureAlgorithm::Ecdsa(_, Sha1) => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha1",
        SignatureAlgorithm::Ecdsa(_, Sha256) => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha256",
        SignatureAlgorithm::Ecdsa(_, Sha384) => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha384",
        SignatureAlgorithm::Ecdsa(_, Sha512) => "http://www.w3.org/2001/04/xmldsig-more#ecdsa-sha512",
        SignatureAlgorithm::Ed25519 => "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519",
    }
}

/// The signature algorithm of a URI, where it is known and made with a key of this kind.
///
/// Only what the kind of the key allows is looked at, so that no URI can turn a public key into a secret one.
pub(super) fn signature_from_uri(uri: &str, key: &PublicKey) -> Option<SignatureAlgorithm> {
    let digests = [Sha1, Sha256, Sha384, Sha512];
    let pss = digests.map(SignatureAlgorithm::RsaPss);
    let candidates = match key.kind() {
        KeyKind::Rsa { .. } => [digests.map(SignatureAlgorithm::RsaPkcs1), pss].concat(),
        KeyKind::RsaPss { .. } => pss.to_vec(),
        KeyKind::Ec(curve) => digests.map(|digest| SignatureAlgorithm::Ecdsa(curve, digest)).to_vec(),
        KeyKind::Ed25519 => vec![SignatureAlgorithm::Ed25519],
        KeyKind::Other => Vec::new(),
    };
    candidates.into_iter().find(|algorithm| signature_uri(*algorithm) == uri)
}
