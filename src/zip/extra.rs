//! Extra fields of a header: only those are looked at that change what the header says.

use super::fields::Fields;
use super::{EXTRA_UNICODE_PATH, EXTRA_ZIP64, fault};
use crate::error::{ErrorCode, Result};

/// The extra fields that matter here.
#[derive(Debug, Default)]
pub(super) struct Extra<'a> {
    /// 64-bit numbers in place of 32-bit ones.
    pub(super) zip64: Option<&'a [u8]>,
}

impl<'a> Extra<'a> {
    /// Reads the extra fields `bytes` of the header at `offset`, which belongs to the entry `name`.
    pub(super) fn read(bytes: &'a [u8], name: &[u8], offset: u64) -> Result<Extra<'a>> {
        let malformed = || fault(ErrorCode::ZipExtra, offset);
        let mut extra = Extra::default();
        let mut seen = Vec::new();
        let mut fields = Fields::new(bytes);
        while !fields.is_empty() {
            let (Some(id), Some(len)) = (fields.u16(), fields.u16()) else { return Err(malformed()) };
            let data = fields.bytes(len).ok_or_else(malformed)?;
            seen.push(id);
            match id {
                EXTRA_ZIP64 => extra.zip64 = Some(data),
                EXTRA_UNICODE_PATH if !is_same_name(data, name) => return Err(malformed()),
                _ => {}
            }
        }
        seen.sort_unstable();
        if seen.is_sorted_by(|a, b| a < b) { Ok(extra) } else { Err(malformed()) }
    }
}

/// Whether a Unicode Path field (version, CRC-32 of the header's name, name) says the header's name again.
fn is_same_name(data: &[u8], name: &[u8]) -> bool {
    let mut fields = Fields::new(data);
    let is_of_this = fields.bytes(1) == Some(&[1]) && fields.u32() == Some(crc32fast::hash(name));
    is_of_this && data.get(data.len() - fields.len()..) == Some(name)
}
