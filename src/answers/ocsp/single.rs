//! One SingleResponse: the status of one certificate.

use crate::der::{self, Element, Reader};
use crate::digest::DigestAlgorithm;
use crate::error::{ErrorCode, Result};
use crate::pki::{AlgorithmIdentifier, Reason, oid};
use crate::time::Time;

/// The status of the certificate that a CertID names.
#[derive(Debug, Clone)]
pub(super) struct Single {
    /// `None`: a hash that is not known.
    pub(super) hash: Option<DigestAlgorithm>,
    pub(super) name_hash: Vec<u8>,
    pub(super) key_hash: Vec<u8>,
    /// The serial number with tag and length.
    pub(super) serial: Vec<u8>,
    pub(super) verdict: Verdict,
    pub(super) this_update: Time,
    pub(super) next_update: Option<Time>,
    pub(super) archive_cutoff: Option<Time>,
}

/// What the responder says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Good,
    Revoked { time: Time, reason: Option<Reason> },
    Unknown,
}

impl Single {
    pub(super) fn read(list: &mut Reader<'_>) -> Result<Self> {
        let mut fields = list.sequence()?;
        let mut id = fields.sequence()?;
        let hash = AlgorithmIdentifier::read(&mut id)?.digest();
        let name_hash = id.read(der::OCTET_STRING)?.content().to_vec();
        let key_hash = id.read(der::OCTET_STRING)?.content().to_vec();
        let serial = id.read(der::INTEGER)?.raw().to_vec();
        id.end()?;
        let verdict = Verdict::read(&fields.element()?)?;
        let this_update = read_time(&mut fields)?;
        let next_update =
            fields.optional(der::context(0))?.map(|tagged| read_time(&mut tagged.reader()?)).transpose()?;
        let mut archive_cutoff = None;
        if let Some(tagged) = fields.optional(der::context(1))? {
            read_extensions(&tagged, |id, value| {
                match id {
                    oid::OCSP_ARCHIVE_CUTOFF => {
                        archive_cutoff = Some(read_time(&mut Reader::der(value, ErrorCode::OcspMalformed))?);
                    }
                    _ => return Ok(Known::No),
                }
                Ok(Known::Yes)
            })?;
        }
        fields.end()?;
        Ok(Single { hash, name_hash, key_hash, serial, verdict, this_update, next_update, archive_cutoff })
    }
}

impl Verdict {
    fn read(choice: &Element<'_>) -> Result<Self> {
        const GOOD: u8 = der::context_primitive(0);
        const REVOKED: u8 = der::context(1);
        const UNKNOWN: u8 = der::context_primitive(2);
        match choice.tag() {
            GOOD => Ok(Verdict::Good),
            UNKNOWN => Ok(Verdict::Unknown),
            REVOKED => {
                let mut fields = choice.reader()?;
                let time = read_time(&mut fields)?;
                let reason = fields.optional(der::context(0))?;
                let reason = reason.map(|tagged| tagged.reader()?.read(der::ENUMERATED)?.small()).transpose()?;
                fields.end()?;
                Ok(Verdict::Revoked { time, reason: reason.map(Reason::from_number) })
            }
            _ => Err(choice.fault()),
        }
    }
}

/// Whether an extension was understood.
pub(super) enum Known {
    Yes,
    No,
}

/// Shows the extensions inside an explicit tag; a critical one that is not known is a fault.
pub(super) fn read_extensions(tagged: &Element<'_>, mut take: impl FnMut(&[u8], &[u8]) -> Result<Known>) -> Result<()> {
    let mut inside = tagged.reader()?;
    let mut list = inside.sequence()?;
    inside.end()?;
    while !list.is_empty() {
        let mut extension = list.sequence()?;
        let id = extension.read(der::OID)?.content();
        let is_critical = extension.optional(der::BOOLEAN)?.map(|flag| flag.boolean()).transpose()?.unwrap_or(false);
        let value = extension.read(der::OCTET_STRING)?;
        extension.end()?;
        let known = take(id, value.content())?;
        if is_critical && matches!(known, Known::No) {
            return Err(value.fault());
        }
    }
    Ok(())
}

/// A GeneralizedTime; fractions of a second, which the profile forbids and services send, are cut off.
pub(super) fn read_time(reader: &mut Reader<'_>) -> Result<Time> {
    Ok(reader.read(der::GENERALIZED_TIME)?.time()?.0)
}
