//! Signature values on their way in: strict conversion, then verification.

use crate::error::{Error, ErrorCode, Malformed, Result};
use crate::pki::{Certificate, ecdsa_der_from_fixed, is_strict_ecdsa_der};
use crate::signature::{Curve, Encoding, SignatureAlgorithm, SignatureValue, ToBeSigned};
use crate::source::to_u64;

/// The value in the form of CMS, once it has verified with the certificate.
///
/// An ECDSA value of undeclared encoding is tried as strict DER and, where it is exactly as long, as r ‖ s; the
/// one that verifies counts.
///
/// # Errors
/// [`Error::SignatureMismatch`] when it does not verify; [`Error::Malformed`] with the code `signature.encoding`
/// when it is not written as its kind wants.
pub(crate) fn accept_value(
    value: &SignatureValue,
    certificate: &Certificate,
    to_be_signed: &ToBeSigned,
) -> Result<Vec<u8>> {
    let key = certificate.key();
    let algorithm = to_be_signed.algorithm();
    let forms = match algorithm {
        SignatureAlgorithm::RsaPkcs1(_) | SignatureAlgorithm::RsaPss(_) => {
            of_length(value, Encoding::Rsa, key.value_bytes_max())?
        }
        SignatureAlgorithm::Ed25519 => of_length(value, Encoding::Eddsa, key.value_bytes_max())?,
        SignatureAlgorithm::Ecdsa(curve, _) => ecdsa(value, curve)?,
    };
    let verifies = |form: &Vec<u8>| key.verify(algorithm, to_be_signed.as_bytes(), form);
    forms.into_iter().find(verifies).ok_or(Error::SignatureMismatch)
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

#[cfg(test)]
mod tests;
