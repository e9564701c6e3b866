//! Sealing with a key at hand, and the password that a remote sealing service wants encrypted.

mod password;

pub use password::{LVRTC_PRODUCTION_KEY, LVRTC_PRODUCTION_KEY_SHA256, LVRTC_PRODUCTION_KEY_VALID_FROM};
pub use password::{PasswordPadding, encrypt_password};
