//! Verification without C code: `rsa`, `p256`, `p384`, `p521`, `ed25519-dalek`.
//!
//! What comes here has the right length and range already; the key may be of any size.

use rsa::traits::SignatureScheme as _;
use signature::hazmat::PrehashVerifier as _;

use super::algorithm::digest_oid;
use super::public_key::{Material, PublicKey};
use crate::der;
use crate::digest::{Digest, DigestAlgorithm};
use crate::signature::{Curve, SignatureAlgorithm};

/// Whether `value` signs `message`.
pub(super) fn verify(key: &PublicKey, algorithm: SignatureAlgorithm, message: &[u8], value: &[u8]) -> bool {
    match (&key.material, algorithm) {
        (Material::Ed25519(point), SignatureAlgorithm::Ed25519) => ed25519(point, message, value).is_some(),
        _ => verify_digest(key, algorithm, &algorithm.digest().digest(message), value),
    }
}

/// The same where only the message's digest is at hand: nothing that Ed25519 signed.
pub(super) fn verify_digest(key: &PublicKey, algorithm: SignatureAlgorithm, hashed: &Digest, value: &[u8]) -> bool {
    let (digest, bytes) = (hashed.algorithm(), hashed.as_bytes());
    match (&key.material, algorithm) {
        (Material::Rsa { modulus, exponent, .. }, SignatureAlgorithm::RsaPkcs1(named)) if named == digest => {
            rsa_pkcs1(modulus, exponent, &digest_info_prefix(digest, &NULL), bytes, value)
        }
        (Material::Rsa { modulus, exponent, .. }, SignatureAlgorithm::RsaPss(named)) if named == digest => {
            rsa_pss(modulus, exponent, digest, bytes, value).is_some()
        }
        (Material::Ec { curve, point }, SignatureAlgorithm::Ecdsa(_, named)) if named == digest => {
            ecdsa(*curve, point, bytes, value).is_some()
        }
        _ => false,
    }
}

/// The same for an RSA signature whose DigestInfo has no parameters.
pub(super) fn verify_without_null(
    key: &PublicKey,
    algorithm: SignatureAlgorithm,
    message: &[u8],
    value: &[u8],
) -> bool {
    match (&key.material, algorithm) {
        (Material::Rsa { modulus, exponent, .. }, SignatureAlgorithm::RsaPkcs1(digest)) => {
            rsa_pkcs1(modulus, exponent, &digest_info_prefix(digest, &[]), digest.digest(message).as_bytes(), value)
        }
        _ => false,
    }
}

/// An RSA key of up to 16,384 bits, for foreign signatures may be made with more than ours.
pub(crate) fn rsa_key(modulus: &[u8], exponent: &[u8]) -> Option<rsa::RsaPublicKey> {
    let number = rsa::BoxedUint::from_be_slice_vartime;
    rsa::RsaPublicKey::new_with_size_limits(number(modulus), number(exponent), 512..=16_384).ok()
}

fn rsa_pkcs1(modulus: &[u8], exponent: &[u8], prefix: &[u8], hashed: &[u8], value: &[u8]) -> bool {
    let Some(key) = rsa_key(modulus, exponent) else { return false };
    // The library builds the expected block from this prefix and compares; nothing is parsed.
    let scheme = rsa::Pkcs1v15Sign { hash_len: Some(hashed.len()), prefix: prefix.into() };
    scheme.verify(&key, hashed, value).is_ok()
}

fn rsa_pss(modulus: &[u8], exponent: &[u8], digest: DigestAlgorithm, hashed: &[u8], value: &[u8]) -> Option<()> {
    let key = rsa_key(modulus, exponent)?;
    match digest {
        DigestAlgorithm::Sha256 => rsa::Pss::<sha2::Sha256>::new().verify(&key, hashed, value).ok(),
        DigestAlgorithm::Sha384 => rsa::Pss::<sha2::Sha384>::new().verify(&key, hashed, value).ok(),
        DigestAlgorithm::Sha512 => rsa::Pss::<sha2::Sha512>::new().verify(&key, hashed, value).ok(),
        DigestAlgorithm::Sha1ForLegacyValidation => rsa::Pss::<sha1::Sha1>::new().verify(&key, hashed, value).ok(),
    }
}

/// `value` to the power of the exponent, as long as the modulus.
pub(super) fn recover(modulus: &[u8], exponent: &[u8], value: &[u8]) -> Option<Vec<u8>> {
    let key = rsa_key(modulus, exponent)?;
    let bits = u32::try_from(modulus.len()).ok()?.checked_mul(8)?;
    let number = rsa::BoxedUint::from_be_slice(value, bits).ok()?;
    let padded = rsa::hazmat::rsa_encrypt(&key, &number).ok()?.to_be_bytes_trimmed_vartime();
    let zeros = modulus.len().checked_sub(padded.len())?;
    Some([&vec![0; zeros], &*padded].concat())
}

/// Whether a value in DER signs these bytes in the place of a digest.
pub(super) fn ecdsa(curve: Curve, point: &[u8], digest: &[u8], value: &[u8]) -> Option<()> {
    // The libraries refuse digests shorter than half the field; zeros in front change no number.
    let zeros = curve.order_bytes().saturating_sub(digest.len());
    let digest = [vec![0; zeros], digest.to_vec()].concat();
    match curve {
        Curve::P256 => {
            let value = p256::ecdsa::Signature::from_der(value).ok()?;
            p256::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?.verify_prehash(&digest, &value).ok()
        }
        Curve::P384 => {
            let value = p384::ecdsa::Signature::from_der(value).ok()?;
            p384::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?.verify_prehash(&digest, &value).ok()
        }
        Curve::P521 => {
            let value = p521::ecdsa::Signature::from_der(value).ok()?;
            p521::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?.verify_prehash(&digest, &value).ok()
        }
    }
}

fn ed25519(point: &[u8; 32], message: &[u8], value: &[u8]) -> Option<()> {
    let key = ed25519_dalek::VerifyingKey::from_bytes(point).ok()?;
    let value = ed25519_dalek::Signature::from_slice(value).ok()?;
    key.verify_strict(message, &value).ok()
}

/// What stands before the digest in a DigestInfo.
fn digest_info_prefix(digest: DigestAlgorithm, parameters: &[u8]) -> Vec<u8> {
    let algorithm = der::sequence(&[&der::tlv(der::OID, &[digest_oid(digest)]), parameters]);
    let octets = vec![0; digest.len_bytes()];
    let mut info = der::sequence(&[&algorithm, &der::tlv(der::OCTET_STRING, &[&octets])]);
    info.truncate(info.len() - octets.len());
    info
}

const NULL: [u8; 2] = [der::NULL, 0];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::to_hex;

    #[test]
    fn digest_infos_are_those_of_rfc_8017() {
        let prefix = |digest| to_hex(&digest_info_prefix(digest, &NULL));
        assert_eq!(prefix(DigestAlgorithm::Sha256), "3031300d060960864801650304020105000420");
        assert_eq!(prefix(DigestAlgorithm::Sha384), "3041300d060960864801650304020205000430");
        assert_eq!(prefix(DigestAlgorithm::Sha512), "3051300d060960864801650304020305000440");
        assert_eq!(prefix(DigestAlgorithm::Sha1ForLegacyValidation), "3021300906052b0e03021a05000414");
    }
}
