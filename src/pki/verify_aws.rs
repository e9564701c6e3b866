//! Verification by AWS-LC: three to five times faster than without C code.

use std::sync::OnceLock;

use aws_lc_rs::signature::{self as aws, ParsedPublicKey, VerificationAlgorithm};

use super::public_key::{Material, PublicKey};
use crate::digest::DigestAlgorithm::{self, Sha1ForLegacyValidation as Sha1, Sha256, Sha384, Sha512};
use crate::signature::{Curve, SignatureAlgorithm};

/// The key as the library wants it, made at its first use: a certificate verifies many values of a batch.
#[derive(Clone, Default)]
pub(super) struct Prepared(OnceLock<(SignatureAlgorithm, Option<ParsedPublicKey>)>);

/// Whether `value` signs `message`; `None` when the library has no such algorithm.
pub(super) fn verify(key: &PublicKey, algorithm: SignatureAlgorithm, message: &[u8], value: &[u8]) -> Option<bool> {
    let verifier = verifier(algorithm, key)?;
    let parse = || ParsedPublicKey::new(verifier, public_bytes(&key.material)).ok();
    let (prepared_for, prepared) = key.prepared.0.get_or_init(|| (algorithm, parse()));
    let verdict = |key: &ParsedPublicKey| key.verify_sig(message, value).is_ok();
    if *prepared_for == algorithm {
        Some(prepared.as_ref().is_some_and(verdict))
    } else {
        Some(parse().as_ref().is_some_and(verdict))
    }
}

fn public_bytes(material: &Material) -> &[u8] {
    match material {
        Material::Rsa { der, .. } => der,
        Material::Ec { point, .. } => point,
        Material::Ed25519(point) => point,
        Material::Other => &[],
    }
}

fn verifier(algorithm: SignatureAlgorithm, key: &PublicKey) -> Option<&'static dyn VerificationAlgorithm> {
    match algorithm {
        // The library takes 2,048 to 8,192 bits; other keys go the other way.
        SignatureAlgorithm::RsaPkcs1(_) | SignatureAlgorithm::RsaPss(_) if key.check_strength().is_err() => None,
        SignatureAlgorithm::RsaPkcs1(digest) => Some(match digest {
            Sha256 => &aws::RSA_PKCS1_2048_8192_SHA256,
            Sha384 => &aws::RSA_PKCS1_2048_8192_SHA384,
            Sha512 => &aws::RSA_PKCS1_2048_8192_SHA512,
            Sha1 => &aws::RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY,
        }),
        SignatureAlgorithm::RsaPss(digest) => match digest {
            Sha256 => Some(&aws::RSA_PSS_2048_8192_SHA256),
            Sha384 => Some(&aws::RSA_PSS_2048_8192_SHA384),
            Sha512 => Some(&aws::RSA_PSS_2048_8192_SHA512),
            Sha1 => None,
        },
        SignatureAlgorithm::Ecdsa(curve, digest) => ecdsa(curve, digest),
        SignatureAlgorithm::Ed25519 => Some(&aws::ED25519),
    }
}

fn ecdsa(curve: Curve, digest: DigestAlgorithm) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (curve, digest) {
        (Curve::P256, Sha256) => &aws::ECDSA_P256_SHA256_ASN1,
        (Curve::P256, Sha384) => &aws::ECDSA_P256_SHA384_ASN1,
        (Curve::P256, Sha512) => &aws::ECDSA_P256_SHA512_ASN1,
        (Curve::P256, Sha1) => &aws::ECDSA_P256_SHA1_ASN1,
        (Curve::P384, Sha256) => &aws::ECDSA_P384_SHA256_ASN1,
        (Curve::P384, Sha384) => &aws::ECDSA_P384_SHA384_ASN1,
        (Curve::P384, Sha512) => &aws::ECDSA_P384_SHA512_ASN1,
        (Curve::P521, Sha256) => &aws::ECDSA_P521_SHA256_ASN1,
        (Curve::P521, Sha384) => &aws::ECDSA_P521_SHA384_ASN1,
        (Curve::P521, Sha512) => &aws::ECDSA_P521_SHA512_ASN1,
        (Curve::P521, Sha1) => &aws::ECDSA_P521_SHA1_ASN1,
        (Curve::P384, Sha1) => return None,
    })
}
