//! How many bytes of room a signature gets.

use crate::cms::signed_data_len_max;
use crate::error::{Error, Result};
use crate::signing::Plan;
use crate::signing::plan::Level;

/// Room in bytes for the CMS structure of `plan`, at most `most` where the format has a bound.
///
/// # Errors
/// `signature.too-large` when the largest possible signature does not fit: better now than after
/// somebody has signed.
pub(crate) fn reserve_bytes(plan: &Plan, most: Option<usize>) -> Result<usize> {
    let needed = signed_data_len_max(plan.identity());
    let token = if plan.wanted_level() > Level::Bb { TOKEN_BYTES } else { 0 };
    let certificates: usize = plan.embedded().map(|certificate| certificate.as_der().len()).sum();
    let estimate = FRAME_BYTES + plan.certificate().key().value_bytes_max() + certificates + token;
    let wanted = match plan.reserved_bytes() {
        Some(bytes) => bytes,
        None => estimate.max(needed).next_multiple_of(ROUND_BYTES).min(most.unwrap_or(usize::MAX)),
    };
    let reserved = wanted.min(most.unwrap_or(usize::MAX));
    if reserved < needed {
        return Err(Error::PlaceholderTooSmall { reserved, needed });
    }
    Ok(reserved)
}

const FRAME_BYTES: usize = 1_200;
/// Room for a time-stamp token.
pub(crate) const TOKEN_BYTES: usize = 8_192;
const ROUND_BYTES: usize = 1_024;
