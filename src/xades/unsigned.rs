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
    /// The `Id` of its element.
    pub(crate) id: Option<String>,
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
    /// Why what its time-stamps are over can't be computed here.
    pub(super) obstacle: Option<&'static str>,
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
        let Some(list) = list(qualifying)? else { return Ok(unsigned) };
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
                (namespace, other) => {
                    if (namespace, other) == (XADES, "ArchiveTimeStamp") {
                        unsigned.obstacle = Some("it has an archive time-stamp of the old kind");
                    }
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
        let transform = transform(element)?;
        if transform.is_none() {
            self.obstacle = Some("the canonicalization of a time-stamp is not known");
        }
        if kind == TimeStampKind::Archive && element.child(XADES, "Include").is_some() {
            self.obstacle = Some("it has a distributed archive time-stamp");
            remarks.push("an archive time-stamp names what it is over, which is not looked at".into());
        }
        let tokens: Vec<_> = element.children_named(XADES, "EncapsulatedTimeStamp").collect();
        if tokens.len() != 1 {
            self.obstacle = Some("a time-stamp holds not one token");
            remarks.push(format!("a time-stamp holds {} tokens", tokens.len()));
        }
        for token in tokens {
            let covered = match (&transform, kind) {
                (Some(transform), TimeStampKind::Signature) => Some(octets.of(value, transform)?),
                _ => None,
            };
            octets.budget.time_stamp()?;
            let id = element.attribute("Id").map(str::to_owned);
            self.time_stamps.push(TimeStamp { kind, id, token: base64(token)?, covered });
        }
        Ok(())
    }
}

/// The element whose children the unsigned properties of a signature are.
pub(super) fn list(qualifying: Element<'_>) -> Result<Option<Element<'_>>> {
    match optional(qualifying, XADES, "UnsignedProperties")? {
        Some(properties) => optional(properties, XADES, "UnsignedSignatureProperties"),
        None => Ok(None),
    }
}

/// The time-stamps among the unsigned properties, in the order of [`Unsigned::time_stamps`].
pub(super) fn stamps<'a>(list: Element<'a>) -> impl Iterator<Item = (TimeStampKind, Element<'a>)> {
    list.children().filter_map(|child| match (child.namespace(), child.local()) {
        (XADES, "SignatureTimeStamp") => Some((TimeStampKind::Signature, child)),
        (XADES141, "ArchiveTimeStamp") => Some((TimeStampKind::Archive, child)),
        _ => None,
    })
}

/// The canonicalization that a time-stamp names, or the implied one; `None` where it is not known.
pub(super) fn transform(stamp: Element<'_>) -> Result<Option<Transform>> {
    Ok(match optional(stamp, DS, "CanonicalizationMethod")? {
        Some(method) => Transform::read(method),
        None => Some(Transform::IMPLIED),
    })
}
