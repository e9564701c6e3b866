//! Which certificates a list is about, and for which reasons (RFC 5280, 5.2.5 and 6.3.3).

use std::ops::BitOr;

use super::Crl;
use crate::der::{self, Reader};
use crate::error::Result;
use crate::pki::distribution::{DistributionPoint, PointName};
use crate::pki::general_name::GeneralName;
use crate::pki::{Certificate, same_name};

/// Reasons that a list is complete for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Reasons(u16);

impl Reasons {
    // Bits 1 to 8; bit 0 is not used.
    const ALL: Reasons = Reasons(0x7f80);
    const NONE: Reasons = Reasons(0);

    /// Whether these are all there are: only then does silence mean that the certificate is good.
    pub(crate) fn are_all(self) -> bool {
        self.0 & Reasons::ALL.0 == Reasons::ALL.0
    }

    fn of(bits: Option<u16>) -> Self {
        bits.map_or(Reasons::ALL, |bits| Reasons(bits & Reasons::ALL.0))
    }
}

impl BitOr for Reasons {
    type Output = Reasons;

    fn bitor(self, other: Reasons) -> Reasons {
        Reasons(self.0 | other.0)
    }
}

/// The issuing distribution point; without one a list is about all certificates of its issuer.
#[derive(Debug, Clone, Default)]
pub(super) struct Scope {
    name: Option<PointName>,
    only_users: bool,
    only_cas: bool,
    only_attributes: bool,
    reasons: Option<u16>,
    is_indirect: bool,
}

impl Scope {
    pub(super) fn read(mut inside: Reader<'_>) -> Result<Self> {
        let name = inside.optional(der::context(0))?.map(|name| PointName::read(&name)).transpose()?;
        let flag = |inside: &mut Reader<'_>, number| -> Result<bool> {
            let flag = inside.optional(der::context_primitive(number))?;
            Ok(flag.map(|flag| flag.boolean()).transpose()?.unwrap_or(false))
        };
        let only_users = flag(&mut inside, 1)?;
        let only_cas = flag(&mut inside, 2)?;
        let reasons = inside.optional(der::context_primitive(3))?.map(|reasons| reasons.bits()).transpose()?;
        let is_indirect = flag(&mut inside, 4)?;
        let only_attributes = flag(&mut inside, 5)?;
        inside.end()?;
        Ok(Scope { name, only_users, only_cas, only_attributes, reasons, is_indirect })
    }

    /// Whether its entries may be of other issuers.
    pub(super) fn is_indirect(&self) -> bool {
        self.is_indirect
    }
}

/// The reasons for which `crl` is complete as to `certificate`; none where it is not about it.
pub(super) fn reasons(crl: &Crl, certificate: &Certificate) -> Result<Option<Reasons>> {
    let extensions = certificate.extensions()?;
    let scope = &crl.extensions.scope;
    let is_ca = extensions.is_ca == Some(true);
    if scope.only_attributes || (scope.only_users && is_ca) || (scope.only_cas && !is_ca) {
        return Ok(None);
    }
    // A list of the issuer's serves also where the certificate names no point, or another one.
    let implied = DistributionPoint {
        name: Some(PointName::Full(vec![GeneralName::Directory(certificate.issuer_der().to_vec())])),
        ..DistributionPoint::default()
    };
    let mut covered = Reasons::NONE;
    for point in extensions.crl_points.iter().chain([&implied]) {
        if is_of_point(crl, certificate, point) {
            covered = covered | Reasons(Reasons::of(scope.reasons).0 & Reasons::of(point.reasons).0);
        }
    }
    Ok((covered != Reasons::NONE).then_some(covered))
}

fn is_of_point(crl: &Crl, certificate: &Certificate, point: &DistributionPoint) -> bool {
    let scope = &crl.extensions.scope;
    let named = point.crl_issuers.iter().filter_map(GeneralName::directory);
    let is_issuer = match point.crl_issuers.as_slice() {
        [] => same_name(&crl.issuer, certificate.issuer_der()),
        _ => scope.is_indirect && named.clone().any(|name| same_name(name, &crl.issuer)),
    };
    let Some(own) = &scope.name else { return is_issuer };
    let own = own.complete(&crl.issuer);
    // A relative name continues that of the list's issuer.
    let base = named.clone().next().unwrap_or(certificate.issuer_der());
    let wanted = point.name.as_ref().map_or_else(|| point.crl_issuers.clone(), |name| name.complete(base));
    is_issuer && own.iter().any(|name| wanted.iter().any(|other| name.is_same(other)))
}
