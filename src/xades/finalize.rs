//! Second half: the value goes into the hole.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::error::{Error, Result};
use crate::pki::ecdsa_fixed_from_der;
use crate::signature::SignatureAlgorithm;

/// The complete signatures file. `value` has the form of CMS, as
/// [`accept_value`](crate::cms::accept_value) returns it; ECDSA values become r ‖ s of full width.
///
/// # Errors
/// [`Error::Bug`] for an ECDSA value that is no strict DER: an accepted one is.
pub(crate) fn finalize(before: &[u8], value: &[u8], algorithm: SignatureAlgorithm, after: &[u8]) -> Result<Vec<u8>> {
    match algorithm {
        SignatureAlgorithm::Ecdsa(curve, _) => {
            let fixed = ecdsa_fixed_from_der(value, curve);
            Ok(fill(before, &fixed.ok_or(Error::Bug("an accepted ECDSA value is strict DER"))?, after))
        }
        SignatureAlgorithm::RsaPkcs1(_) | SignatureAlgorithm::RsaPss(_) | SignatureAlgorithm::Ed25519 => {
            Ok(fill(before, value, after))
        }
    }
}

/// Puts a value into the hole.
pub(super) fn fill(before: &[u8], value: &[u8], after: &[u8]) -> Vec<u8> {
    [before, STANDARD.encode(value).as_bytes(), after].concat()
}
