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
    serial: Vec<u8>,
    /// The elements after the time.
    rest: Vec<u8>,
}

/// What may follow the time in a time-stamp token.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct TstDetails {
    /// The time is exact to this many microseconds.
    pub(crate) accuracy_micros: Option<u64>,
    /// The nonce, as the content of an INTEGER.
    pub(crate) nonce: Option<Vec<u8>>,
    /// Whether it has a critical extension; none is known.
    pub(crate) has_critical_extension: bool,
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
        let serial = fields.read(der::INTEGER)?.integer()?.to_vec();
        let (time, fraction) = fields.read(der::GENERALIZED_TIME)?.time()?;
        // Accuracy, ordering, nonce, name and extensions follow.
        if !fields.is_well_formed() {
            return Err(fields.fault());
        }
        let mut rest = Vec::new();
        while !fields.is_empty() {
            rest.extend_from_slice(fields.element()?.raw());
        }
        Ok(TstInfo { time, fraction: fraction.to_owned(), policy, imprint_algorithm, imprint, serial, rest })
    }

    /// Reads what follows the time.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) with the code `timestamp.malformed`.
    pub(crate) fn details(&self) -> Result<TstDetails> {
        let mut fields = Reader::der(&self.rest, ErrorCode::TimestampMalformed);
        let mut details = TstDetails::default();
        if let Some(accuracy) = fields.optional(der::SEQUENCE)? {
            details.accuracy_micros = Some(read_accuracy(&mut accuracy.reader()?)?);
        }
        if let Some(ordering) = fields.optional(der::BOOLEAN)? {
            ordering.boolean()?;
        }
        details.nonce = fields.optional(der::INTEGER)?.map(|nonce| nonce.content().to_vec());
        fields.optional(der::context(0))?;
        if let Some(extensions) = fields.optional(der::context(1))? {
            let mut extensions = extensions.reader()?;
            while !extensions.is_empty() {
                let mut extension = extensions.sequence()?;
                extension.read(der::OID)?;
                if let Some(critical) = extension.optional(der::BOOLEAN)? {
                    details.has_critical_extension |= critical.boolean()?;
                }
            }
        }
        fields.end()?;
        Ok(details)
    }

    /// The serial number of the stamp, as the content of an INTEGER.
    pub(crate) fn serial(&self) -> &[u8] {
        &self.serial
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

fn read_accuracy(fields: &mut Reader<'_>) -> Result<u64> {
    let mut micros = 0_u64;
    for (tag, unit) in [(der::INTEGER, 1_000_000), (der::context_primitive(0), 1_000), (der::context_primitive(1), 1)] {
        if let Some(number) = fields.optional(tag)? {
            micros = micros.saturating_add(u64::from(number.small()?).saturating_mul(unit));
        }
    }
    fields.end()?;
    Ok(micros)
}
