//! What a time-stamp token says (RFC 3161, 2.4.2).

use crate::der::{self, Reader, oid_text};
use crate::digest::DigestAlgorithm;
use crate::error::{ErrorCode, Result};
use crate::pki::AlgorithmIdentifier;
use crate::time::Time;

/// The content of a time-stamp token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct TstInfo {
    time: Time,
    fraction: String,
    policy: String,
    imprint_algorithm: Option<DigestAlgorithm>,
    imprint: Vec<u8>,
}

impl TstInfo {
    /// Reads the content of a token's SignedData.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) with the code `cms.malformed`.
    pub(crate) fn parse(content: &[u8]) -> Result<Self> {
        let mut outer = Reader::der(content, ErrorCode::CmsMalformed);
        let mut fields = outer.sequence()?;
        outer.end()?;
        if fields.read(der::INTEGER)?.small()? != 1 {
            return Err(fields.fault());
        }
        let policy = oid_text(fields.read(der::OID)?.content());
        let mut message = fields.sequence()?;
        let imprint_algorithm = AlgorithmIdentifier::read(&mut message)?.digest();
        let imprint = message.read(der::OCTET_STRING)?.content().to_vec();
        message.end()?;
        fields.read(der::INTEGER)?.integer()?;
        let (time, fraction) = fields.read(der::GENERALIZED_TIME)?.time()?;
        // Accuracy, ordering, nonce, name and extensions follow.
        if !fields.is_well_formed() {
            return Err(fields.fault());
        }
        Ok(TstInfo { time, fraction: fraction.to_owned(), policy, imprint_algorithm, imprint })
    }

    /// The second of the stamp.
    pub(crate) fn time(&self) -> Time {
        self.time
    }

    /// The time of the stamp with the fraction it carries, such as `2026-11-21T21:34:56.123Z`.
    pub(crate) fn time_text(&self) -> String {
        let text = self.time.to_string();
        match (self.fraction.as_str(), text.strip_suffix('Z')) {
            ("", _) | (_, None) => text,
            (fraction, Some(seconds)) => format!("{seconds}.{fraction}Z"),
        }
    }

    /// The policy of the stamp in dotted form.
    pub(crate) fn policy(&self) -> &str {
        &self.policy
    }

    /// The digest algorithm of what is stamped, where it is known.
    pub(crate) fn imprint_algorithm(&self) -> Option<DigestAlgorithm> {
        self.imprint_algorithm
    }

    /// The digest of what is stamped.
    pub(crate) fn imprint(&self) -> &[u8] {
        &self.imprint
    }

    /// Whether it stamps `message`; `None` for an unknown digest.
    pub(crate) fn stamps(&self, message: &[u8]) -> Option<bool> {
        Some(self.imprint_algorithm?.digest(message).as_bytes() == self.imprint)
    }
}
