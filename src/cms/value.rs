//! Signature values on their way in: strict conversion, then verification.

use crate::cms::mismatch;
use crate::error::Result;
use crate::pki::{Certificate, value_forms};
use crate::signature::{SignatureValue, ToBeSigned};

/// The value in the form of CMS, once it has verified with the certificate.
///
/// An ECDSA value of undeclared encoding is tried as strict DER and, where it is exactly as long, as r ‖ s; the
/// one that verifies counts.
///
/// # Errors
/// As [`accept_value_among`].
pub(crate) fn accept_value(
    value: &SignatureValue,
    certificate: &Certificate,
    to_be_signed: &ToBeSigned,
) -> Result<Vec<u8>> {
    accept_value_among(value, certificate, &[], to_be_signed)
}

/// As [`accept_value`]; `others` are certificates that only tell whose value it is when it is not the signer's.
///
/// # Errors
/// [`Error::SignatureMismatch`](crate::Error::SignatureMismatch) when it does not verify, with what it was made over
/// where that can be told; [`Error::Malformed`](crate::Error::Malformed) with the code `signature.encoding` when it is not written as its kind wants.
pub(crate) fn accept_value_among(
    value: &SignatureValue,
    certificate: &Certificate,
    others: &[Certificate],
    to_be_signed: &ToBeSigned,
) -> Result<Vec<u8>> {
    let key = certificate.key();
    let algorithm = to_be_signed.algorithm();
    let forms = value_forms(value, key, algorithm)?;
    let verifies = |form: &&Vec<u8>| key.verify(algorithm, to_be_signed.as_bytes(), form);
    match forms.iter().find(verifies) {
        Some(form) => Ok(form.clone()),
        None => Err(mismatch::explain(&forms, certificate, others, to_be_signed).into()),
    }
}

#[cfg(test)]
mod tests;
