//! Signature values as users and services hand them over, in the forms that CMS may have them in.

use super::PublicKey;
use super::ecdsa::{ecdsa_der_from_fixed, is_strict_ecdsa_der};
use crate::error::{ErrorCode, Malformed, Result};
use crate::signature::{Curve, Encoding, SignatureAlgorithm, SignatureValue};
use crate::source::to_u64;

/// What `value` may be in the form of CMS. An ECDSA value of undeclared encoding is taken as strict DER and, where it
/// is exactly as long, as r ‖ s.
///
/// # Errors
/// `signature.encoding` when it is not written as its kind wants.
pub(crate) fn value_forms(
    value: &SignatureValue,
    key: &PublicKey,
    algorithm: SignatureAlgorithm,
) -> Result<Vec<Vec<u8>>> {
    match algorithm {
        SignatureAlgorithm::RsaPkcs1(_) | SignatureAlgorithm::RsaPss(_) => {
            of_length(value, Encoding::Rsa, key.value_bytes_max())
        }
        SignatureAlgorithm::Ed25519 => of_length(value, Encoding::Eddsa, key.value_bytes_max()),
        SignatureAlgorithm::Ecdsa(curve, _) => ecdsa(value, curve),
    }
}

fn of_length(value: &SignatureValue, wanted: Encoding, length: usize) -> Result<Vec<Vec<u8>>> {
    let bytes = value.as_bytes();
    if value.encoding() != wanted && value.encoding() != Encoding::Undeclared {
        return Err(encoding_fault().into());
    }
    if bytes.len() != length {
        return Err(encoding_fault().numbers(to_u64(length), to_u64(bytes.len())).into());
    }
    Ok(vec![bytes.to_vec()])
}

fn ecdsa(value: &SignatureValue, curve: Curve) -> Result<Vec<Vec<u8>>> {
    let bytes = value.as_bytes();
    let der = || is_strict_ecdsa_der(bytes, curve).then(|| bytes.to_vec());
    let fixed = || ecdsa_der_from_fixed(bytes, curve);
    let forms: Vec<_> = match value.encoding() {
        Encoding::EcdsaDer => der().into_iter().collect(),
        Encoding::EcdsaFixed => fixed().into_iter().collect(),
        Encoding::Undeclared => der().into_iter().chain(fixed()).collect(),
        Encoding::Rsa | Encoding::Eddsa => Vec::new(),
    };
    if forms.is_empty() { Err(encoding_fault().into()) } else { Ok(forms) }
}

fn encoding_fault() -> Malformed {
    Malformed::new(ErrorCode::SignatureEncoding)
}
