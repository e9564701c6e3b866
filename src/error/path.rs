//! What can be wrong on the way from a certificate to a trusted one.

use std::fmt;

/// The rule that a path of certificates breaks (RFC 5280, 6.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum PathFault {
    /// The issuer's certificate is not at hand.
    IssuerMissing,
    /// The way ends at a root that nobody trusts.
    Untrusted,
    /// The issuer's key did not make the signature.
    Signature,
    /// The signature is made with an algorithm or a key that was too weak by then, or is unknown.
    Algorithm,
    /// Not valid any more.
    Expired,
    /// Not valid yet.
    NotYetValid,
    /// An issuer that is no CA.
    NotCa,
    /// A CA's certificate where only an end entity's will do.
    IsCa,
    /// More CAs below it than it allows.
    PathLength,
    /// The key usage does not allow what the key is used for.
    KeyUsage,
    /// The extended key usage does not allow what the key is used for.
    ExtendedKeyUsage,
    /// A name outside of what an issuer may give names to.
    NameConstraints,
    /// No certificate policy is left where one is required.
    Policy,
    /// A critical extension that is not known.
    UnknownExtension,
    /// Extensions that can't be read, or one of them twice.
    Malformed,
}

impl PathFault {
    /// The word used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            PathFault::IssuerMissing => "issuer-missing",
            PathFault::Untrusted => "untrusted",
            PathFault::Signature => "signature",
            PathFault::Algorithm => "algorithm",
            PathFault::Expired => "expired",
            PathFault::NotYetValid => "not-yet-valid",
            PathFault::NotCa => "not-a-ca",
            PathFault::IsCa => "is-a-ca",
            PathFault::PathLength => "path-length",
            PathFault::KeyUsage => "key-usage",
            PathFault::ExtendedKeyUsage => "extended-key-usage",
            PathFault::NameConstraints => "name-constraints",
            PathFault::Policy => "policy",
            PathFault::UnknownExtension => "unknown-extension",
            PathFault::Malformed => "malformed",
        }
    }
}

impl fmt::Display for PathFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            PathFault::IssuerMissing => "the issuer's certificate is missing",
            PathFault::Untrusted => "nobody trusts the root",
            PathFault::Signature => "the issuer did not sign it",
            PathFault::Algorithm => "weak or unknown algorithm or key",
            PathFault::Expired => "expired",
            PathFault::NotYetValid => "not valid yet",
            PathFault::NotCa => "the issuer is no CA",
            PathFault::IsCa => "a CA does not do this itself",
            PathFault::PathLength => "too many CAs below it",
            PathFault::KeyUsage => "the key usage does not allow it",
            PathFault::ExtendedKeyUsage => "the extended key usage does not allow it",
            PathFault::NameConstraints => "a name that its issuers may not give",
            PathFault::Policy => "no common certificate policy",
            PathFault::UnknownExtension => "an unknown critical extension",
            PathFault::Malformed => "its extensions can't be read",
        })
    }
}
