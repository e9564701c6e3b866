//! The unsigned properties of a signature: time-stamps, and the level they claim.

use super::node::{base64, optional};
use super::octets::{Octets, Transform};
use super::{DS, XADES, XADES141};
use crate::error::Result;
use crate::xml::Element;

/// A time-stamp token as it stands, with what it is over.
#[derive(Debug, Clone)]
pub(crate) struct TimeStamp {
    pub(crate) kind: TimeStampKind,
    /// The complete token.
    pub(crate) token: Vec<u8>,
    /// What a signature time-stamp is made over; `None` for archive time-stamps, which are over the files too, and
    /// for canonicalizations that are not known.
    pub(crate) covered: Option<Vec<u8>>,
}

/// What a time-stamp is for.
// Complete: the two that the baseline levels have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TimeStampKind {
    Signature,
    Archive,
}

/// What the unsigned properties hold.
#[derive(Debug, Default)]
pub(super) struct Unsigned {
    pub(super) time_stamps: Vec<TimeStamp>,
    has_revocation: bool,
}

impl Unsigned {
    pub(super) fn read(
        qualifying: Element<'_>,
        value: Element<'_>,
        octets: &mut Octets<'_>,
        remarks: &mut Vec<String>,
    ) -> Result<Unsigned> {
        let mut unsigned = Unsigned::default();
        let Some(properties) = optional(qualifying, XADES, "UnsignedProperties")? else { return Ok(unsigned) };
        let Some(list) = optional(properties, XADES, "UnsignedSignatureProperties")? else { return Ok(unsigned) };
        for child in list.children() {
            match (child.namespace(), child.local()) {
                (XADES, "SignatureTimeStamp") => {
                    unsigned.add(TimeStampKind::Signature, child, value, octets, remarks)?;
                }
                (XADES141, "ArchiveTimeStamp") => {
                    unsigned.add(TimeStampKind::Archive, child, value, octets, remarks)?
                }
                (XADES, "RevocationValues") | (XADES141, "AnyValidationData") => unsigned.has_revocation = true,
                (XADES, "CertificateValues") | (XADES141, "TimeStampValidationData") => {}
                (XADES, "CounterSignature") => {
                    remarks.push("it has a counter-signature, which is not looked at".into())
                }
                (_, other) => {
                    remarks.push(format!("it has the unsigned property {other}, which no baseline level has"))
                }
            }
        }
        Ok(unsigned)
    }

    /// The baseline level that the properties look like.
    pub(super) fn level(&self) -> &'static str {
        let has = |kind| self.time_stamps.iter().any(|stamp| stamp.kind == kind);
        match (has(TimeStampKind::Signature), self.has_revocation, has(TimeStampKind::Archive)) {
            (false, _, _) => "B-B",
            (true, false, _) => "B-T",
            (true, true, false) => "B-LT",
            (true, true, true) => "B-LTA",
        }
    }

    fn add(
        &mut self,
        kind: TimeStampKind,
        element: Element<'_>,
        value: Element<'_>,
        octets: &mut Octets<'_>,
        remarks: &mut Vec<String>,
    ) -> Result<()> {
        let transform = match optional(element, DS, "CanonicalizationMethod")? {
            Some(method) => Transform::read(method),
            None => Some(Transform::IMPLIED),
        };
        let tokens: Vec<_> = element.children_named(XADES, "EncapsulatedTimeStamp").collect();
        if tokens.len() != 1 {
            remarks.push(format!("a time-stamp holds {} tokens", tokens.len()));
        }
        for token in tokens {
            let covered = match (&transform, kind) {
                (Some(transform), TimeStampKind::Signature) => Some(octets.of(value, transform)?),
                _ => None,
            };
            self.time_stamps.push(TimeStamp { kind, token: base64(token)?, covered });
        }
        Ok(())
    }
}
