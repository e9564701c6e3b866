//! What a signer says about the signature besides its time: roles, place, commitments, policy.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{Misuse, Result};
use crate::xml::is_xml_text;

/// The claims of a plan, each known to be possible.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Claims {
    pub(crate) roles: Vec<String>,
    pub(crate) city: Option<String>,
    pub(crate) country: Option<String>,
    pub(crate) commitments: Vec<Commitment>,
    pub(crate) policy: Option<Policy>,
}

impl Claims {
    /// Whether nothing is claimed.
    pub(crate) fn is_empty(&self) -> bool {
        *self == Claims::default()
    }
}

/// The policy under which a signature is made (EN 319 122-1, 5.2.9): an identifier, and the digest of its text.
///
/// Nobody here reads the policy, or checks that the signature follows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    oid: String,
    digest: Digest,
    uri: Option<String>,
}

impl Policy {
    /// The policy of this dotted object identifier, whose document has this digest.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) when `oid` is none, or the digest is SHA-1.
    pub fn new(oid: impl Into<String>, digest: Digest) -> Result<Self> {
        let oid = oid.into();
        if !is_oid(&oid) {
            return Err(Misuse::new("policy is no dotted object identifier").into());
        }
        if digest.algorithm() == DigestAlgorithm::Sha1ForLegacyValidation {
            return Err(Misuse::new("digest is none of SHA-256, SHA-384, SHA-512").into());
        }
        Ok(Policy { oid, digest, uri: None })
    }

    /// Says where the document can be fetched.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) when it is empty or has characters that XML can't hold.
    pub fn uri(self, uri: impl Into<String>) -> Result<Self> {
        Ok(Policy { uri: Some(text(uri.into())?), ..self })
    }

    /// Reads `OID:ALG:BASE64` or `OID:ALG:BASE64:URI`, such as `1.2.3:SHA-256:n4bQ…=:https://example.com/policy`.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) when a part is not what it should be.
    pub fn parse(line: &str) -> Result<Self> {
        let mut parts = line.splitn(4, ':');
        let (Some(oid), Some(algorithm), Some(digest)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(Misuse::new("policy is not OID:ALG:BASE64[:URI]").into());
        };
        let digest = STANDARD.decode(digest).map_err(|_| Misuse::new("digest of the policy is no base64"))?;
        let policy = Policy::new(oid, Digest::new(DigestAlgorithm::from_name(algorithm)?, &digest)?)?;
        match parts.next() {
            Some(uri) => policy.uri(uri),
            None => Ok(policy),
        }
    }

    /// The dotted object identifier.
    #[must_use]
    pub fn oid(&self) -> &str {
        &self.oid
    }

    /// The digest of the policy's document.
    #[must_use]
    pub fn digest(&self) -> &Digest {
        &self.digest
    }

    /// Where the document can be fetched.
    #[must_use]
    pub fn location(&self) -> Option<&str> {
        self.uri.as_deref()
    }
}

/// What the signer commits to by signing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Commitment {
    /// One of EN 319 122-1, 5.2.3: the dotted object identifier, and the last part of the identifier in XAdES.
    Known { oid: &'static str, xades: &'static str },
    /// Another one, by its dotted object identifier.
    Other(String),
}

impl Commitment {
    /// The commitment of this name, or of this dotted object identifier.
    pub(crate) fn from_name(name: &str) -> Result<Self> {
        if let Some((_, oid, xades)) = COMMITMENTS.iter().find(|(known, oid, _)| *known == name || *oid == name) {
            Ok(Commitment::Known { oid, xades })
        } else if is_oid(name) {
            Ok(Commitment::Other(name.to_owned()))
        } else {
            Err(Misuse::new("commitment is neither a known name nor a dotted object identifier").into())
        }
    }
}

/// A text that a signature can carry.
pub(super) fn text(text: String) -> Result<String> {
    if text.is_empty() {
        return Err(Misuse::new("text of the signature is empty").into());
    }
    if !is_xml_text(&text) {
        return Err(Misuse::new("text of the signature has characters that XML 1.0 can't hold").into());
    }
    Ok(text)
}

/// Whether it is an object identifier in dotted form (X.660: the first arc is 0, 1 or 2; below 2 the second is
/// at most 39).
fn is_oid(text: &str) -> bool {
    let is_arc = |arc: &str| {
        let digits = !arc.is_empty() && arc.len() <= ARC_DIGITS && arc.bytes().all(|b| b.is_ascii_digit());
        digits && (arc == "0" || !arc.starts_with('0'))
    };
    let arcs: Vec<&str> = text.split('.').collect();
    let [first, second, ..] = arcs.as_slice() else { return false };
    let second_fits = match *first {
        "0" | "1" => second.parse::<u8>().is_ok_and(|arc| arc < 40),
        "2" => true,
        _ => false,
    };
    second_fits && text.len() <= OID_BYTES && arcs.iter().all(|arc| is_arc(arc))
}

// A UUID below 2.25 has 39 digits.
const ARC_DIGITS: usize = 39;
const OID_BYTES: usize = 256;

/// Name, object identifier (CAdES) and the end of the URI (XAdES).
const COMMITMENTS: [(&str, &str, &str); 6] = [
    ("proof-of-origin", "1.2.840.113549.1.9.16.6.1", "ProofOfOrigin"),
    ("proof-of-receipt", "1.2.840.113549.1.9.16.6.2", "ProofOfReceipt"),
    ("proof-of-delivery", "1.2.840.113549.1.9.16.6.3", "ProofOfDelivery"),
    ("proof-of-sender", "1.2.840.113549.1.9.16.6.4", "ProofOfSender"),
    ("proof-of-approval", "1.2.840.113549.1.9.16.6.5", "ProofOfApproval"),
    ("proof-of-creation", "1.2.840.113549.1.9.16.6.6", "ProofOfCreation"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_policy_is_read_from_one_line() {
        let digest = STANDARD.encode([7; 32]);
        let policy = Policy::parse(&format!("1.2.3:sha256:{digest}:https://example.com:8080/p")).unwrap();
        assert_eq!(policy.oid(), "1.2.3");
        assert_eq!(policy.digest(), &Digest::new(DigestAlgorithm::Sha256, &[7; 32]).unwrap());
        assert_eq!(policy.location(), Some("https://example.com:8080/p"));
        assert_eq!(Policy::parse(&format!("1.2.3:SHA-256:{digest}")).unwrap().location(), None);
        for bad in ["", "1.2.3", "1.2.3:SHA-256", "1.2.3:SHA-256:AAAA", "1.2.3:SHA-1:AAAA", "1.2.3:SHA-256:*"] {
            assert!(Policy::parse(bad).is_err(), "{bad}");
        }
        for bad in [format!("x:SHA-256:{digest}"), format!("1.2:SHA-256:{digest}:"), format!("1.2:SHA-384:{digest}")] {
            assert!(Policy::parse(&bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn commitments_have_names_and_numbers() {
        let approval = Commitment::Known { oid: "1.2.840.113549.1.9.16.6.5", xades: "ProofOfApproval" };
        assert_eq!(Commitment::from_name("proof-of-approval").unwrap(), approval);
        assert_eq!(Commitment::from_name("1.2.840.113549.1.9.16.6.5").unwrap(), approval);
        assert_eq!(Commitment::from_name("1.3.6").unwrap(), Commitment::Other("1.3.6".into()));
        assert!(Commitment::from_name("approval").is_err());
    }

    #[test]
    fn object_identifiers_are_strict() {
        for good in ["0.0", "1.39.1", "2.999.0", "2.25.340282366920938463463374607431768211455"] {
            assert!(is_oid(good), "{good}");
        }
        for bad in ["", "1", "3.1", "1.40", "1.2.", "1..2", "1.02", "1.2 ", "+1.2", "1.2.x", ".1.2"] {
            assert!(!is_oid(bad), "{bad}");
        }
        assert!(!is_oid(&"1.".repeat(400)));
    }

    #[test]
    fn texts_are_what_xml_can_hold() {
        assert!(text("Valdes loceklis 🖋 <&>\t".into()).is_ok());
        for bad in ["", "\0", "\u{1b}", "\u{ffff}", "\u{fffe}"] {
            assert!(text(bad.into()).is_err(), "{bad:?}");
        }
    }
}
