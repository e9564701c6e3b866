//! Extra fields of a header: only those are looked at that change what the header says.

use super::fields::Fields;
use super::{CodePage, EXTRA_UNICODE_PATH, EXTRA_ZIP64, fault};
use crate::error::{ErrorCode, Result};

/// The extra fields that matter here.
#[derive(Debug, Default)]
pub(super) struct Extra<'a> {
    /// 64-bit numbers in place of 32-bit ones.
    pub(super) zip64: Option<&'a [u8]>,
    /// The header's name again, in UTF-8.
    unicode_name: Option<&'a str>,
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
                EXTRA_UNICODE_PATH => extra.unicode_name = Some(same_name(data, name).ok_or_else(malformed)?),
                _ => {}
            }
        }
        seen.sort_unstable();
        if seen.is_sorted_by(|a, b| a < b) { Ok(extra) } else { Err(malformed()) }
    }

    /// The letters of a name that is no UTF-8: those told here, else those of code page 437.
    pub(super) fn unicode_name(&self, name: &[u8]) -> String {
        self.unicode_name.map_or_else(|| CodePage::Cp437.decode(name), str::to_owned)
    }
}

/// The name in a Unicode Path field (version, CRC-32 of the header's name, name), which must be the header's name
/// again: the same bytes, or what a code page makes of them. Else two readers could see two names.
fn same_name<'a>(data: &'a [u8], name: &[u8]) -> Option<&'a str> {
    let mut fields = Fields::new(data);
    let is_of_this = fields.bytes(1) == Some(&[1]) && fields.u32() == Some(crc32fast::hash(name));
    let told = str::from_utf8(data.get(data.len() - fields.len()..)?).ok()?;
    let is_same = match str::from_utf8(name) {
        Ok(name) => told == name,
        Err(_) => CodePage::ALL.iter().any(|page| page.decode(name) == told),
    };
    (is_of_this && is_same).then_some(told)
}
