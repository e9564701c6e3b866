//! Local headers and data descriptors, compared with what the central directory says.

use std::ops::Range;

use super::ahead::Ahead;
use super::central::Central;
use super::end::within;
use super::extra::Extra;
use super::fields::Fields;
use super::{DESCRIPTOR, FLAG_DESCRIPTOR, LOCAL, LOCAL_BYTES, METHOD_DEFLATED, METHOD_STORED, Method, NARROW, fault};
use crate::Limits;
use crate::error::{ErrorCode, Malformed, Result};
use crate::source::to_u64;

/// Where the parts of an entry stand.
pub(super) struct Place {
    pub(super) data: Range<u64>,
    pub(super) end: u64,
    pub(super) extra_bytes: u64,
    pub(super) has_descriptor: bool,
}

/// Reads the local header of `entry`, which must be followed by its data and nothing else until `next`.
pub(super) fn place(ahead: &mut Ahead<'_>, entry: &Central, next: u64, limits: &Limits) -> Result<Place> {
    let at = entry.header;
    let name_len = to_u64(entry.name_bytes().len());
    let local = Local::read(ahead.at(at, LOCAL_BYTES)?).ok_or_else(|| fault(ErrorCode::ZipHeader, at))?;
    if u64::from(local.name_len) != name_len {
        return Err(fault(ErrorCode::ZipMismatch, at));
    }
    let extra_bytes = u64::from(local.extra_len);
    within("zip_extra_bytes", limits.zip_extra_bytes, extra_bytes, at)?;
    let data = at.saturating_add(LOCAL_BYTES).saturating_add(name_len).saturating_add(extra_bytes);
    let bytes = ahead.at(at, data.saturating_sub(at))?;
    let (name, extra) = local.name_and_extra(bytes).ok_or_else(|| fault(ErrorCode::ZipHeader, at))?;
    if name != entry.name_bytes() || local.flags != entry.flags || local.method != number(entry.method) {
        return Err(fault(ErrorCode::ZipMismatch, at));
    }
    local.compare(entry, &Extra::read(extra, name, at)?)?;

    let end = data.saturating_add(entry.packed);
    let Some(rest) = next.checked_sub(end) else { return Err(fault(ErrorCode::ZipOverlap, next)) };
    let has_descriptor = entry.flags & FLAG_DESCRIPTOR != 0;
    match rest {
        _ if has_descriptor => descriptor(ahead, entry, end, rest)?,
        0 => {}
        _ => return Err(fault(ErrorCode::ZipGap, end)),
    }
    Ok(Place { data: data..end, end: next, extra_bytes, has_descriptor })
}

/// The fixed part of a local header.
struct Local {
    flags: u16,
    method: u16,
    crc32: u32,
    packed: u32,
    size: u32,
    name_len: u16,
    extra_len: u16,
}

impl Local {
    fn read(bytes: &[u8]) -> Option<Local> {
        let mut fields = Fields::new(bytes);
        fields.signature(LOCAL)?;
        let _needed = fields.u16()?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        let _modified = fields.u32()?;
        let (crc32, packed, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let (name_len, extra_len) = (fields.u16()?, fields.u16()?);
        Some(Local { flags, method, crc32, packed, size, name_len, extra_len })
    }

    fn name_and_extra<'a>(&self, header: &'a [u8]) -> Option<(&'a [u8], &'a [u8])> {
        let mut fields = Fields::new(header);
        fields.bytes(u16::try_from(LOCAL_BYTES).ok()?)?;
        Some((fields.bytes(self.name_len)?, fields.bytes(self.extra_len)?))
    }

    /// CRC-32 and sizes: those of the directory, or zero where a descriptor tells them later.
    fn compare(&self, entry: &Central, extra: &Extra<'_>) -> Result<()> {
        let malformed = || fault(ErrorCode::ZipZip64, entry.header);
        let (size, packed) = match extra.zip64 {
            None if self.size == NARROW || self.packed == NARROW => return Err(malformed()),
            None => (u64::from(self.size), u64::from(self.packed)),
            Some(field) => {
                // In a local header the field holds both sizes, whichever of them refers to it.
                let mut fields = Fields::new(field);
                let (Some(size), Some(packed), true) = (fields.u64(), fields.u64(), fields.is_empty()) else {
                    return Err(malformed());
                };
                let is_same = |narrow: u32, wide: u64| narrow == NARROW || u64::from(narrow) == wide;
                if !is_same(self.size, size) || !is_same(self.packed, packed) {
                    return Err(malformed());
                }
                (size, packed)
            }
        };
        let comes_later = entry.flags & FLAG_DESCRIPTOR != 0;
        let agrees = |told: u64, found: u64| told == found || comes_later && told == 0;
        for (found, told) in
            [(size, entry.size), (packed, entry.packed), (u64::from(self.crc32), u64::from(entry.crc32))]
        {
            if !agrees(found, told) {
                return Err(Malformed::at(ErrorCode::ZipMismatch, entry.header).numbers(told, found).into());
            }
        }
        Ok(())
    }
}

/// Checks the data descriptor at `at`, which must fill the `len` bytes there: its length tells which form it has.
fn descriptor(ahead: &mut Ahead<'_>, entry: &Central, at: u64, len: u64) -> Result<()> {
    let (has_signature, is_wide) = match len {
        12 => (false, false),
        16 => (true, false),
        20 => (false, true),
        24 => (true, true),
        ..12 => return Err(fault(ErrorCode::ZipMismatch, at)),
        _ => return Err(fault(ErrorCode::ZipGap, at)),
    };
    let mut fields = Fields::new(ahead.at(at, len)?);
    let mut read = || {
        if has_signature {
            fields.signature(DESCRIPTOR)?;
        }
        let crc32 = fields.u32()?;
        let mut number = || if is_wide { fields.u64() } else { fields.u32().map(u64::from) };
        Some((crc32, number()?, number()?))
    };
    // Where nothing else ends the content, readers of local headers look for the signature.
    let can_be_found = has_signature || entry.method == Method::Deflated;
    if can_be_found && read() == Some((entry.crc32, entry.packed, entry.size)) {
        Ok(())
    } else {
        Err(fault(ErrorCode::ZipMismatch, at))
    }
}

fn number(method: Method) -> u16 {
    match method {
        Method::Stored => METHOD_STORED,
        Method::Deflated => METHOD_DEFLATED,
    }
}
