//! Keys at hand: a PFX, PEM or PKCS#8 file, or a PKCS#11 token in; a [`Signer`](crate::Signer) out.
//!
//! Decided here and nowhere else: how key files are decrypted, which of several keys is taken, which certificate
//! goes with it. A key is parsed once; its secret numbers are wiped when it is dropped and never printed.

mod cipher;
mod decrypt;
mod file;
mod foreign;
mod kdf;
mod local;
mod own;
mod pfx;
#[cfg(feature = "pkcs11")]
mod pkcs11;
mod pkcs11_uri;
mod private;
mod throw_away;

#[cfg(feature = "aws-lc")]
mod sign_aws;
mod sign_pure;

pub(crate) use decrypt::DecryptingKey;
pub use file::{needs_password, to_pem};
pub use local::LocalKey;
#[cfg(feature = "pkcs11")]
pub use pkcs11::{Pkcs11Key, Pkcs11Module, Pkcs11Token};
pub use pkcs11_uri::Pkcs11Uri;
pub use throw_away::throw_away;
