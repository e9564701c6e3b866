//! The entries: read one after the other, in windows.

use std::ops::Range;

use super::{Crl, malformed};
use crate::der::{self, Reader, parse_der_header};
use crate::error::{ErrorCode, Result};
use crate::pki::extensions::Extension;
use crate::pki::general_name::GeneralName;
use crate::pki::revocation::{Reason, Revocation};
use crate::pki::{Certificate, oid, same_name};
use crate::source::{Source, to_u64};
use crate::time::Time;

/// One entry, as it stands in a window.
pub(super) struct Entry<'a> {
    serial: &'a [u8],
    time: Time,
    reason: Option<Reason>,
    /// Whose certificates this entry and those after it are about, where it is said.
    pub(super) issuer: Option<Vec<u8>>,
    pub(super) has_unknown_critical: bool,
}

impl<'a> Entry<'a> {
    /// Reads what is inside an entry.
    pub(super) fn read(mut fields: Reader<'a>) -> Result<Self> {
        let serial = fields.read(der::INTEGER)?.integer()?;
        let (time, _) = fields.element()?.time()?;
        let mut entry = Entry { serial, time, reason: None, issuer: None, has_unknown_critical: false };
        if let Some(list) = fields.optional(der::SEQUENCE)? {
            let mut list = list.reader()?;
            while !list.is_empty() {
                entry.take(&Extension::read(&mut list)?)?;
            }
        }
        fields.end()?;
        Ok(entry)
    }

    fn take(&mut self, extension: &Extension<'_>) -> Result<()> {
        match extension.id {
            oid::CRL_REASON => {
                let number = extension.value()?.read(der::ENUMERATED)?.small()?;
                self.reason = Some(Reason::from_number(number));
            }
            oid::CERTIFICATE_ISSUER => {
                let names = GeneralName::read_all(extension.sequence()?)?;
                self.issuer = names.iter().find_map(GeneralName::directory).map(<[u8]>::to_vec);
                // Who is meant by no Name is nobody that could be compared.
                self.has_unknown_critical |= self.issuer.is_none();
            }
            _ => self.has_unknown_critical |= extension.is_critical,
        }
        Ok(())
    }
}

/// Hands what is inside of each entry in `range` to `take`, and the bytes of all to `hash`, in order.
pub(super) fn walk(
    source: &Source,
    range: Range<u64>,
    hash: &mut dyn FnMut(&[u8]),
    take: &mut dyn FnMut(Reader<'_>) -> Result<()>,
) -> Result<()> {
    let mut at = range.start;
    while at < range.end {
        let window = source.window_up_to(at, WINDOW_BYTES.min(range.end - at))?;
        let mut reader = Reader::der_at(&window, at, ErrorCode::CrlMalformed);
        while is_whole(reader.rest()) {
            take(reader.sequence()?)?;
        }
        let read = window.len() - reader.rest().len();
        // Not one entry fits: the window, or what is left, is too small for what it says of itself.
        if read == 0 {
            return Err(malformed(at));
        }
        hash(window.get(..read).unwrap_or_default());
        at += to_u64(read);
    }
    Ok(())
}

/// The entry about `certificate`; of several the one that weighs most, and of these the earliest.
pub(super) fn find(crl: &Crl, certificate: &Certificate) -> Result<Option<Revocation>> {
    let mut serial = Reader::der(certificate.serial_der(), ErrorCode::CertificateMalformed);
    let serial = serial.read(der::INTEGER)?.content();
    let mut issuer: Option<Vec<u8>> = None;
    let mut found: Option<Revocation> = None;
    walk(&crl.source, crl.entries.clone(), &mut |_| {}, &mut |fields| {
        // Who is meant follows from the entries before it in an indirect list alone.
        if !crl.extensions.scope.is_indirect() && fields.clone().read(der::INTEGER)?.content() != serial {
            return Ok(());
        }
        let entry = Entry::read(fields)?;
        issuer = entry.issuer.or(issuer.take());
        let is_about =
            entry.serial == serial && same_name(issuer.as_deref().unwrap_or(&crl.issuer), certificate.issuer_der());
        // Only a list of changes says that an entry is gone.
        if is_about && entry.reason != Some(Reason::RemoveFromCrl) {
            let other = Revocation { time: entry.time, reason: entry.reason };
            let weight = |revocation: &Revocation| (revocation.is_hold(), revocation.time);
            found = Some(found.filter(|found| weight(found) <= weight(&other)).unwrap_or(other));
        }
        Ok(())
    })?;
    Ok(found)
}

/// Whether a whole element stands at the beginning; what can't be the beginning of one is taken for whole, too, so
/// that its reader finds the fault.
fn is_whole(bytes: &[u8]) -> bool {
    match parse_der_header(bytes) {
        Some((_, header_len, len)) => header_len.saturating_add(len) <= bytes.len(),
        None => bytes.len() >= HEADER_BYTES_MAX,
    }
}

/// Honest entries have some 40 bytes, with the name of another issuer some 200.
const WINDOW_BYTES: u64 = 256 << 10;
const HEADER_BYTES_MAX: usize = 6;
