//! Signature values on their way in: strict conversion, then verification.

use crate::error::{Error, Result};
use crate::pki::{Certificate, value_forms};
use crate::signature::{SignatureValue, ToBeSigned};

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
    let forms = value_forms(value, key, algorithm)?;
    let verifies = |form: &Vec<u8>| key.verify(algorithm, to_be_signed.as_bytes(), form);
    forms.into_iter().find(verifies).ok_or(Error::SignatureMismatch)
}

#[cfg(test)]
mod tests;
