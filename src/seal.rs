//! Sealing with a key at hand, and the password that a remote sealing service wants encrypted.

use crate::error::Result;
use crate::flow::{Document, Signed};
use crate::provider::Signer;
use crate::signing::Plan;
use crate::time::Moment;

mod password;
mod service_key;

pub use password::{LVRTC_PRODUCTION_KEY, LVRTC_PRODUCTION_KEY_SHA256, LVRTC_PRODUCTION_KEY_VALID_FROM};
pub use password::{PasswordPadding, encrypt_password};
pub use service_key::ServiceKey;

/// Both halves with a key that is at hand.
///
/// The key signs once; its value is verified before it is embedded, as any other's.
///
/// # Errors
/// As [`Document::prepare`], [`Signer::sign`] and [`Prepared::finalize`](crate::Prepared::finalize).
pub fn seal(document: &Document, plan: &Plan, signer: &dyn Signer, moment: Moment) -> Result<Signed> {
    let prepared = document.prepare(plan, moment)?;
    let value = signer.sign(prepared.to_be_signed())?;
    prepared.finalize(value)
}
