//! Where the CRLs of a certificate are distributed, and which certificates a CRL is about.

use super::general_name::GeneralName;
use crate::der::{self, Element, Reader};
use crate::error::Result;

/// A distribution point in a certificate (RFC 5280, 4.2.1.13).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct DistributionPoint {
    pub(crate) name: Option<PointName>,
    /// The reasons that its CRLs list; all of them, where none are named.
    pub(crate) reasons: Option<u16>,
    /// Who signs its CRLs, where it is not the certificate's issuer.
    pub(crate) crl_issuers: Vec<GeneralName>,
}

/// How a point is named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum PointName {
    Full(Vec<GeneralName>),
    /// A last part to the name of the CRL's issuer: the attributes of a RelativeDistinguishedName.
    Relative(Vec<u8>),
}

impl DistributionPoint {
    /// Reads all points that are left.
    pub(super) fn read_all(mut list: Reader<'_>) -> Result<Vec<Self>> {
        let mut points = Vec::new();
        while !list.is_empty() {
            let mut inside = list.sequence()?;
            let name = inside.optional(der::context(0))?.map(|name| PointName::read(&name)).transpose()?;
            let reasons = inside.optional(der::context_primitive(1))?.map(|reasons| reasons.bits()).transpose()?;
            let issuers = inside.optional(der::context(2))?;
            let crl_issuers = issuers.map(|names| GeneralName::read_all(names.reader()?)).transpose()?;
            inside.end()?;
            points.push(DistributionPoint { name, reasons, crl_issuers: crl_issuers.unwrap_or_default() });
        }
        Ok(points)
    }

    /// Where the CRL is, over HTTP.
    pub(crate) fn urls(&self) -> impl Iterator<Item = &str> {
        let names = match &self.name {
            Some(PointName::Full(names)) => names.as_slice(),
            _ => &[],
        };
        names.iter().filter_map(GeneralName::http_url)
    }
}

impl PointName {
    /// Reads what is inside of `tagged`, a DistributionPointName.
    pub(super) fn read(tagged: &Element<'_>) -> Result<Self> {
        let mut choice = tagged.reader()?;
        let name = choice.element()?;
        choice.end()?;
        if name.tag() == der::context(0) {
            return GeneralName::read_all(name.reader()?).map(PointName::Full);
        }
        if name.tag() != der::context(1) {
            return Err(name.fault());
        }
        Ok(PointName::Relative(name.content().to_vec()))
    }

    /// The names, complete, where `issuer` is the Name that a relative one continues.
    pub(super) fn complete(&self, issuer: &[u8]) -> Vec<GeneralName> {
        match self {
            PointName::Full(names) => names.clone(),
            PointName::Relative(attributes) => {
                let parts = der::Reader::der(issuer, crate::error::ErrorCode::CertificateMalformed).sequence();
                let whole = parts.map(|parts| der::sequence(&[parts.rest(), &der::tlv(der::SET, &[attributes])]));
                whole.map(GeneralName::Directory).into_iter().collect()
            }
        }
    }
}
