//! What a service's certificate says that its key is for.

use crate::der::{self, Reader};
use crate::error::{ErrorCode, Result};
use crate::pki::{Certificate, oid};

/// Whether the extended key usage is critical and has time-stamping as its only purpose (RFC 3161, 2.3).
pub(super) fn is_for_time_stamping_alone(certificate: &Certificate) -> bool {
    let (purposes, is_critical) = purposes(certificate);
    is_critical && purposes == [oid::TIME_STAMPING]
}

/// Whether OCSP signing is among the purposes (RFC 6960, 4.2.2.2).
pub(super) fn is_for_ocsp_signing(certificate: &Certificate) -> bool {
    purposes(certificate).0.contains(&oid::OCSP_SIGNING)
}

/// Whether its issuer wants it trusted without a look at its revocation (RFC 6960, 4.2.2.2.1).
pub(super) fn has_ocsp_no_check(certificate: &Certificate) -> bool {
    extension(certificate, oid::OCSP_NO_CHECK).is_some()
}

/// The purposes, and whether the extension is critical; none where it is missing or can't be read.
fn purposes(certificate: &Certificate) -> (Vec<&[u8]>, bool) {
    let read = |value| -> Result<Vec<&[u8]>> {
        let mut purposes = Vec::new();
        let mut list = Reader::der(value, ErrorCode::CertificateMalformed).sequence()?;
        while !list.is_empty() {
            purposes.push(list.read(der::OID)?.content());
        }
        Ok(purposes)
    };
    let found = extension(certificate, oid::EXTENDED_KEY_USAGE);
    found.map_or((Vec::new(), false), |(value, is_critical)| (read(value).unwrap_or_default(), is_critical))
}

/// The content of the first extension `id`, and whether it is critical.
fn extension<'a>(certificate: &'a Certificate, id: &[u8]) -> Option<(&'a [u8], bool)> {
    let mut whole = Reader::der(certificate.as_der(), ErrorCode::CertificateMalformed);
    let mut fields = whole.sequence().ok()?.sequence().ok()?;
    let mut list = loop {
        let element = fields.element().ok()?;
        if element.tag() == der::context(3) {
            break element.reader().ok()?.sequence().ok()?;
        }
    };
    while !list.is_empty() {
        let mut extension = list.sequence().ok()?;
        let found = extension.read(der::OID).ok()?.content();
        let critical = extension.optional(der::BOOLEAN).ok()?;
        let is_critical = critical.is_some_and(|critical| critical.boolean().unwrap_or(false));
        if found == id {
            return Some((extension.read(der::OCTET_STRING).ok()?.content(), is_critical));
        }
    }
    None
}
