//! What kind of signature is made.

use clap::Args;

/// What kind of signature is made.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Signature")]
pub(crate) struct Signature {
    /// The level to reach: b-b, b-t, b-lt or b-lta [default: b-b].
    #[arg(long, value_name = "LEVEL")]
    pub(crate) level: Option<String>,
    /// sha256, sha384 or sha512 [default: sha256; for EC keys by their size].
    #[arg(long, value_name = "NAME")]
    pub(crate) digest: Option<String>,
    /// RSA keys sign with PSS.
    #[arg(long)]
    pub(crate) pss: bool,
    /// Room for the signature in bytes [default: estimated].
    #[arg(long, value_name = "BYTES")]
    pub(crate) reserve: Option<usize>,
    /// Sign in this empty field, or in a new one of this name.
    #[arg(long, value_name = "NAME")]
    pub(crate) field: Option<String>,
    /// Why it is signed.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: Option<String>,
    /// Where it is signed.
    #[arg(long, value_name = "TEXT")]
    pub(crate) location: Option<String>,
    /// Who signs, in words.
    #[arg(long, value_name = "TEXT")]
    pub(crate) name: Option<String>,
    /// How to reach the signer.
    #[arg(long, value_name = "TEXT")]
    pub(crate) contact: Option<String>,
    /// Containers: in which role it is signed, as claimed; repeatable.
    #[arg(long, value_name = "TEXT")]
    pub(crate) role: Vec<String>,
    /// Containers: the city in which it is signed.
    #[arg(long, value_name = "TEXT")]
    pub(crate) city: Option<String>,
    /// Containers: the country in which it is signed.
    #[arg(long, value_name = "TEXT")]
    pub(crate) country: Option<String>,
    /// Containers: what the signature commits to; proof-of-origin, -receipt, -delivery, -sender, -approval, -creation, or an
    /// OID.
    #[arg(long, value_name = "NAME|OID")]
    pub(crate) commitment: Option<String>,
    /// Containers: the policy it is made under; ALG and BASE64 are the digest of its document.
    #[arg(long, value_name = "OID:ALG:BASE64[:URI]")]
    pub(crate) policy: Option<String>,
    /// Containers: how XML is canonicalized, exclusive or 1.1 [default: exclusive].
    #[arg(long, value_name = "NAME")]
    pub(crate) c14n: Option<String>,
    /// Containers: deflate what shrinks (auto), nothing (store), or all (deflate[:LEVEL]) [default: auto].
    #[arg(long, value_name = "HOW")]
    pub(crate) compress: Option<String>,
    /// Leave out documents whose last signature is by the same certificate.
    #[arg(long)]
    pub(crate) skip_signed: bool,
    /// Refuse documents with an earlier signature that is not sound, in place of remarking it.
    #[arg(long)]
    pub(crate) require_sound: bool,
    /// Sign documents whose cross-references are broken, with complete ones of our own.
    #[arg(long)]
    pub(crate) recover: bool,
    /// Sign although the certificate has expired or is not valid yet.
    #[arg(long)]
    pub(crate) allow_expired: bool,
    #[command(flatten)]
    pub(crate) moment: Moment,
}

/// When it happens, for tests.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Signature")]
pub(crate) struct Moment {
    /// The claimed time of signing; with --nonce every run gives equal bytes, for tests.
    #[arg(long, value_name = "RFC3339", requires = "nonce")]
    pub(crate) time: Option<String>,
    /// 64 hexadecimal digits in place of random bytes, for tests.
    #[arg(long, value_name = "HEX", requires = "time")]
    pub(crate) nonce: Option<String>,
}
