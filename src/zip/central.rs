//! Records of the central directory.

use super::end::within;
use super::extra::Extra;
use super::fields::Fields;
use super::name::{Names, is_safe};
use super::{
    CENTRAL, FLAG_ENCRYPTED, FLAG_MASKED, FLAG_PATCHED, FLAG_STRONGLY_ENCRYPTED, FLAG_UTF8, METHOD_DEFLATED,
    METHOD_STORED, Method, NARROW, NARROW_COUNT, RATIO_FREE_BYTES, fault,
};
use crate::Limits;
use crate::error::{Error, ErrorCode, Limit, Result};
use crate::source::to_u64;

/// What the central directory says of an entry.
pub(super) struct Central {
    pub(super) name: String,
    /// The name as it stands there, where it is no UTF-8.
    pub(super) old_name: Option<Vec<u8>>,
    pub(super) method: Method,
    pub(super) flags: u16,
    pub(super) crc32: u32,
    pub(super) size: u64,
    pub(super) packed: u64,
    pub(super) header: u64,
    pub(super) is_folder: bool,
    pub(super) comment: Vec<u8>,
}

/// How many entries are lawful but odd, by what is odd about them.
#[derive(Debug, Default)]
pub(super) struct Oddities {
    pub(super) folders: u64,
    pub(super) unmarked_names: u64,
    pub(super) old_names: u64,
    pub(super) needlessly_wide: u64,
    pub(super) unknown_flags: u64,
}

/// Reads the `count` records that `bytes` must consist of; the first stands at `offset`.
pub(super) fn read(bytes: &[u8], offset: u64, count: u64, limits: &Limits) -> Result<(Vec<Central>, Oddities)> {
    let mut reading = Reading { limits, oddities: Oddities::default(), total: 0, packed: 0 };
    let (mut records, mut names) = (Vec::new(), Names::default());
    let mut fields = Fields::new(bytes);
    let at = |fields: &Fields<'_>| offset.saturating_add(to_u64(bytes.len().saturating_sub(fields.len())));
    for _ in 0..count {
        let here = at(&fields);
        let raw = Raw::read(&mut fields).ok_or_else(|| fault(ErrorCode::ZipDirectory, here))?;
        let record = reading.check(&raw, here).map_err(|fault| fault.in_file(&String::from_utf8_lossy(raw.name)))?;
        if !names.insert(&record.name) {
            return Err(fault(ErrorCode::ZipDuplicate, here).in_file(&record.name));
        }
        records.push(record);
    }
    reading.check_sum(offset)?;
    if fields.is_empty() { Ok((records, reading.oddities)) } else { Err(fault(ErrorCode::ZipDirectory, at(&fields))) }
}

/// A record as it stands there.
struct Raw<'a> {
    flags: u16,
    method: u16,
    crc32: u32,
    packed: u32,
    size: u32,
    disk: u16,
    attributes: u32,
    header: u32,
    name: &'a [u8],
    extra: &'a [u8],
    comment: &'a [u8],
}

impl<'a> Raw<'a> {
    fn read(fields: &mut Fields<'a>) -> Option<Raw<'a>> {
        fields.signature(CENTRAL)?;
        let _made_by = fields.u16()?;
        let _needed = fields.u16()?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        let _modified = fields.u32()?;
        let (crc32, packed, size) = (fields.u32()?, fields.u32()?, fields.u32()?);
        let (name, extra, comment) = (fields.u16()?, fields.u16()?, fields.u16()?);
        let disk = fields.u16()?;
        let _internal_attributes = fields.u16()?;
        let (attributes, header) = (fields.u32()?, fields.u32()?);
        let (name, extra, comment) = (fields.bytes(name)?, fields.bytes(extra)?, fields.bytes(comment)?);
        Some(Raw { flags, method, crc32, packed, size, disk, attributes, header, name, extra, comment })
    }
}

struct Reading<'a> {
    limits: &'a Limits,
    oddities: Oddities,
    /// Bytes of all entries so far when inflated.
    total: u64,
    /// Bytes of all entries so far.
    packed: u64,
}

impl Reading<'_> {
    fn check(&mut self, raw: &Raw<'_>, at: u64) -> Result<Central> {
        let limits = self.limits;
        within("zip_name_bytes", limits.zip_name_bytes, to_u64(raw.name.len()), at)?;
        within("zip_extra_bytes", limits.zip_extra_bytes, to_u64(raw.extra.len()), at)?;
        within("zip_comment_bytes", limits.zip_comment_bytes, to_u64(raw.comment.len()), at)?;
        let extra = Extra::read(raw.extra, raw.name, at)?;
        let (name, old_name) = self.name(raw, &extra, at)?;
        let wide = Wide::read(raw, &extra).ok_or_else(|| fault(ErrorCode::ZipZip64, at))?;
        if wide.disk != 0 {
            return Err(fault(ErrorCode::ZipSpecial, at));
        }
        self.oddities.needlessly_wide += u64::from(wide.is_needless);
        let method = self.method(raw, at)?;
        let record = Central {
            is_folder: name.ends_with('/'),
            name,
            old_name,
            method,
            flags: raw.flags,
            crc32: raw.crc32,
            size: wide.size,
            packed: wide.packed,
            header: wide.header,
            comment: raw.comment.to_vec(),
        };
        if record.method == Method::Stored && record.size != record.packed {
            return Err(fault(ErrorCode::ZipMismatch, at));
        }
        if !is_ordinary(&record, raw.attributes) {
            return Err(fault(ErrorCode::ZipSpecial, at));
        }
        self.oddities.folders += u64::from(record.is_folder);
        self.count(&record, at)?;
        Ok(record)
    }

    /// The name, and its bytes where it is no UTF-8.
    fn name(&mut self, raw: &Raw<'_>, extra: &Extra<'_>, at: u64) -> Result<(String, Option<Vec<u8>>)> {
        let is_marked = raw.flags & FLAG_UTF8 != 0;
        let (name, old_name) = match str::from_utf8(raw.name) {
            // Without the flag the name is in code page 437; most who leave it out mean UTF-8 all the same.
            Ok(name) => (name.to_owned(), None),
            Err(_) if is_marked => return Err(fault(ErrorCode::ZipName, at)),
            Err(_) => (extra.unicode_name(raw.name), Some(raw.name.to_vec())),
        };
        if !is_safe(name.strip_suffix('/').unwrap_or(&name)) {
            return Err(fault(ErrorCode::ZipName, at));
        }
        self.oddities.unmarked_names += u64::from(!is_marked && !name.is_ascii() && old_name.is_none());
        self.oddities.old_names += u64::from(old_name.is_some());
        Ok((name, old_name))
    }

    fn method(&mut self, raw: &Raw<'_>, at: u64) -> Result<Method> {
        if raw.flags & (FLAG_ENCRYPTED | FLAG_STRONGLY_ENCRYPTED | FLAG_MASKED) != 0 {
            return Err(fault(ErrorCode::ZipEncrypted, at));
        }
        if raw.flags & FLAG_PATCHED != 0 {
            return Err(fault(ErrorCode::ZipMethod, at));
        }
        self.oddities.unknown_flags += u64::from(raw.flags & !FLAGS_KNOWN != 0);
        match raw.method {
            METHOD_STORED => Ok(Method::Stored),
            METHOD_DEFLATED => Ok(Method::Deflated),
            _ => Err(fault(ErrorCode::ZipMethod, at)),
        }
    }

    /// What an entry inflates to is bounded here by what it says; when it is read, it must be just that.
    fn count(&mut self, record: &Central, at: u64) -> Result<()> {
        let (limits, size, packed) = (self.limits, record.size, record.packed);
        within("zip_entry_bytes", limits.zip_entry_bytes, size, at)?;
        self.total = self.total.saturating_add(size);
        self.packed = self.packed.saturating_add(packed);
        within("zip_total_bytes", limits.zip_total_bytes, self.total, at)?;
        if size > RATIO_FREE_BYTES && size > packed.saturating_mul(limits.zip_ratio) {
            let ratio = size.div_ceil(packed.max(1));
            return Err(Error::from(Limit::new("zip_ratio", limits.zip_ratio, ratio).at(at)));
        }
        Ok(())
    }

    /// Entries too small to be bounded by the ratio each, are bounded by it together.
    fn check_sum(&self, at: u64) -> Result<()> {
        let (ratio, free) = (self.limits.zip_ratio, self.limits.zip_free_bytes);
        if self.total <= free.saturating_add(self.packed.saturating_mul(ratio)) {
            return Ok(());
        }
        let found = self.total.saturating_sub(free).div_ceil(self.packed.max(1));
        Err(Error::from(Limit::new("zip_ratio", ratio, found).at(at)))
    }
}

impl Central {
    /// The name as it stands in the headers.
    pub(super) fn name_bytes(&self) -> &[u8] {
        self.old_name.as_deref().unwrap_or(self.name.as_bytes())
    }
}

/// The numbers of a record, where necessary from its ZIP64 field.
struct Wide {
    size: u64,
    packed: u64,
    header: u64,
    disk: u32,
    /// A number stands in the ZIP64 field that would fit without.
    is_needless: bool,
}

impl Wide {
    /// `None`: the field is missing, or holds other numbers than those that refer to it.
    fn read(raw: &Raw<'_>, extra: &Extra<'_>) -> Option<Wide> {
        let mut fields = Fields::new(extra.zip64.unwrap_or_default());
        let mut is_needless = false;
        let mut number = |narrow: u32| -> Option<u64> {
            if narrow != NARROW {
                return Some(u64::from(narrow));
            }
            let wide = fields.u64()?;
            is_needless |= wide < u64::from(NARROW);
            Some(wide)
        };
        let (size, packed, header) = (number(raw.size)?, number(raw.packed)?, number(raw.header)?);
        let disk = if raw.disk == NARROW_COUNT { fields.u32()? } else { u32::from(raw.disk) };
        let is_used = extra.zip64.is_none_or(|field| !field.is_empty());
        (fields.is_empty() && is_used).then_some(Wide { size, packed, header, disk, is_needless })
    }
}

/// Whether an entry is a file or a folder without content, and nothing else.
fn is_ordinary(record: &Central, attributes: u32) -> bool {
    // The upper half holds a Unix mode on most systems, zero on the others.
    let is_folder_by_attributes = match (attributes >> 16) & KIND_MASK {
        0 => attributes & DOS_FOLDER != 0,
        KIND_FILE => false,
        KIND_FOLDER => true,
        _ => return false,
    };
    if record.is_folder {
        // The shortest deflated form of nothing takes two bytes.
        record.size == 0 && record.packed <= 2
    } else {
        !is_folder_by_attributes
    }
}

const FLAGS_KNOWN: u16 = 0b110 | super::FLAG_DESCRIPTOR | FLAG_UTF8;

const KIND_MASK: u32 = 0o170_000;
const KIND_FILE: u32 = 0o100_000;
const KIND_FOLDER: u32 = 0o040_000;
const DOS_FOLDER: u32 = 0x10;
