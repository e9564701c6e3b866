//! A signature value that does not verify, and what it was made over instead.

use std::fmt;

use super::code::ErrorCode;

/// Why a value does not verify, where that can be told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Mismatch {
    /// What the value was made over, or how; `None` where nothing that is known fits.
    pub made_over: Option<MadeOver>,
}

impl Mismatch {
    /// A value that was made so.
    #[must_use]
    pub fn new(made_over: Option<MadeOver>) -> Self {
        Mismatch { made_over }
    }
}

/// What a value was made over instead of what was asked for, or what else about it is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum MadeOver {
    /// What another session waits for.
    OtherSession {
        /// The other session's id.
        id: String,
        /// Its document's name, where that is known.
        name: Option<String>,
    },
    /// The digest, hashed once more.
    DigestHashed,
    /// The digest written as text.
    DigestText {
        /// How it is written, such as `hexadecimal text`.
        text: &'static str,
        /// Whether the text was hashed, or stands where the digest should.
        is_hashed: bool,
    },
    /// The bytes to be signed written as text.
    BytesAsText {
        /// How they are written, such as `base64`.
        text: &'static str,
    },
    /// The digest inside a DigestInfo, hashed.
    DigestInfoHashed,
    /// The digest inside a DigestInfo, where it should stand alone.
    DigestInfo,
    /// The digest by another algorithm.
    OtherHash {
        /// Its name, or its object identifier.
        name: String,
    },
    /// The digest of the document or of a file in it: what is signed are the attributes, or the SignedInfo, around it.
    DocumentDigest,
    /// The digest, where the key signs the bytes themselves (Ed25519).
    DigestNotBytes {
        /// The name of the digest's algorithm.
        name: &'static str,
    },
    /// The bytes to be signed, which nobody hashed.
    NotHashed,
    /// What was asked for, but RSA's padding holds it without a DigestInfo.
    NoDigestInfo,
    /// What was asked for, but the DigestInfo lacks the NULL behind the algorithm.
    NoNull,
    /// What was asked for, in another RSA padding.
    OtherPadding {
        /// The padding of the value, such as `PSS with a salt of 20 bytes and MGF1 with SHA-1`.
        found: String,
        /// The padding that was asked for.
        asked: &'static str,
    },
    /// What was asked for, but the value's bytes are in another order.
    ByteOrder {
        /// Which, such as `little-endian`.
        order: &'static str,
    },
    /// A digest that is not known here.
    OtherDigest {
        /// The name of its algorithm, where the value tells it.
        name: Option<&'static str>,
        /// It, in hexadecimal digits.
        digest: String,
    },
    /// Another key made the value, or it is damaged.
    OtherKey {
        /// Whose certificate, of those that are given, verifies it (RFC 4514).
        subject: Option<String>,
    },
}

impl MadeOver {
    /// The word for it, such as `other-session`; words are added, never changed.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            MadeOver::OtherSession { .. } => "other-session",
            MadeOver::DigestHashed => "digest-hashed",
            MadeOver::DigestText { .. } => "digest-as-text",
            MadeOver::BytesAsText { .. } => "bytes-as-text",
            MadeOver::DigestInfoHashed => "digest-info-hashed",
            MadeOver::DigestInfo => "digest-info",
            MadeOver::OtherHash { .. } => "other-hash",
            MadeOver::DocumentDigest => "document-digest",
            MadeOver::DigestNotBytes { .. } => "digest-not-bytes",
            MadeOver::NotHashed => "not-hashed",
            MadeOver::NoDigestInfo => "no-digest-info",
            MadeOver::NoNull => "no-null",
            MadeOver::OtherPadding { .. } => "other-padding",
            MadeOver::ByteOrder { .. } => "byte-order",
            MadeOver::OtherDigest { .. } => "other-digest",
            MadeOver::OtherKey { .. } => "other-key",
        }
    }
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(ErrorCode::SignatureMismatch.message())?;
        self.made_over.as_ref().map_or(Ok(()), |made_over| write!(f, ": {made_over}"))
    }
}

impl fmt::Display for MadeOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            MadeOver::OtherSession { id, name: Some(name) } => {
                write!(f, "it is that of session {id} (\"{}\")", name.escape_debug())
            }
            MadeOver::OtherSession { id, name: None } => write!(f, "it is that of session {id}"),
            MadeOver::DigestHashed => f.write_str("the digest was hashed once more before it was signed"),
            MadeOver::DigestText { text, is_hashed: true } => {
                write!(f, "the {text} of the digest was hashed and signed, not its bytes")
            }
            MadeOver::DigestText { text, is_hashed: false } => {
                write!(f, "the {text} of the digest was signed, not its bytes")
            }
            MadeOver::BytesAsText { text } => {
                write!(f, "the {text} of the bytes to be signed was signed, not the bytes")
            }
            MadeOver::DigestInfoHashed => f.write_str("the digest was put into a DigestInfo and hashed once more"),
            MadeOver::DigestInfo => f.write_str("a DigestInfo stands where the digest should"),
            MadeOver::OtherHash { name } => write!(f, "it was made with {name}, which was not asked for"),
            MadeOver::DocumentDigest => {
                f.write_str("the digest of the document was signed, not that of the attributes around it")
            }
            MadeOver::DigestNotBytes { name } => {
                write!(f, "a {name} digest was signed, where the key must sign the bytes themselves")
            }
            MadeOver::NotHashed => f.write_str("the bytes to be signed were signed as they are, not their digest"),
            MadeOver::NoDigestInfo => f.write_str("there is no DigestInfo around the digest"),
            MadeOver::NoNull => f.write_str("the DigestInfo lacks the NULL behind the algorithm"),
            MadeOver::OtherPadding { found, asked } => write!(f, "its padding is {found}, {asked} was asked for"),
            MadeOver::ByteOrder { order } => write!(f, "its bytes are {order}"),
            MadeOver::OtherDigest { name: Some(name), digest } => {
                write!(f, "it was made over another {name} digest, {digest}")
            }
            MadeOver::OtherDigest { name: None, digest } => write!(f, "it was made over another digest, {digest}"),
            MadeOver::OtherKey { subject: Some(subject) } => {
                write!(f, "it was made with the key of \"{}\"", subject.escape_debug())
            }
            MadeOver::OtherKey { subject: None } => f.write_str("another key made it, or it is damaged"),
        }
    }
}
