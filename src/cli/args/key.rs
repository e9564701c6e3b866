//! The key, what opens it, and the certificates.

use std::path::PathBuf;

use clap::Args;

/// The key, and what opens it.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Key")]
pub(crate) struct Key {
    /// The private key: PFX, PEM or PKCS#8; or where it is on a token, such as `pkcs11:token=NAME;object=KEY`. Of several
    /// certificates with it the one that is valid now is taken.
    #[arg(long, value_name = "FILE|pkcs11:URI")]
    pub(crate) key: Option<PathBuf>,
    /// Which of several keys in the file or on the token: its name, or its id in hexadecimal digits.
    #[arg(long, value_name = "NAME")]
    pub(crate) key_alias: Option<String>,
    /// The PKCS#11 module of the token's maker.
    #[arg(long, value_name = "SO")]
    pub(crate) pkcs11_module: Option<PathBuf>,
    /// How many threads sign on the token at the same time [default: the number of processors].
    #[arg(long, value_name = "N")]
    pub(crate) key_sessions: Option<usize>,
    /// Read the PIN from a file; one line end at its end is dropped, and a byte order mark.
    #[arg(long, value_name = "FILE")]
    pub(crate) pin_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) password: Password,
}

/// Where a password comes from: never from the command line.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Key")]
pub(crate) struct Password {
    /// Read the password from a file; one line end at its end is dropped, and a byte order mark.
    #[arg(long, value_name = "FILE", conflicts_with = "password_env")]
    pub(crate) password_file: Option<PathBuf>,
    /// Read the password from an environment variable.
    #[arg(long, value_name = "VAR")]
    pub(crate) password_env: Option<String>,
}

/// The signer's certificate.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Key")]
pub(crate) struct Certificates {
    /// The signer's certificate: PEM, DER or bare base64; of several of one key the one that is valid now.
    #[arg(long, value_name = "FILE")]
    pub(crate) cert: Option<PathBuf>,
    /// Its issuers; repeatable, a file may hold several.
    #[arg(long, value_name = "FILE")]
    pub(crate) chain: Vec<PathBuf>,
}
