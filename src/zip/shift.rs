//! Records of a directory that are kept while their entries move.

use super::fields::Fields;
use super::record::Directory;
use super::{Archive, CENTRAL_BYTES, EXTRA_ZIP64, Entry, NARROW, fault};
use crate::error::{ErrorCode, Result};
use crate::source::to_usize;

impl Archive {
    /// The records of the entries for which `place` knows a new offset of the header, which is at most the old one;
    /// the others are left out. All else stays byte for byte, so that a number that stood in a ZIP64 field does so
    /// still.
    ///
    /// # Errors
    /// `zip.directory` when the directory is not the one that was read any more; reading faults.
    pub(crate) fn directory_moved(&self, place: &dyn Fn(&Entry) -> Option<u64>) -> Result<Directory> {
        let all = self.directory()?.records;
        let changed = || fault(ErrorCode::ZipDirectory, self.directory_offset());
        let mut rest = all.as_slice();
        let mut kept = Directory::default();
        for entry in self.entries() {
            let len = record_len(rest).ok_or_else(changed)?;
            let (record, after) = rest.split_at_checked(len).ok_or_else(changed)?;
            rest = after;
            let Some(offset) = place(entry) else { continue };
            let mut record = record.to_vec();
            move_to(&mut record, offset.min(entry.header)).ok_or_else(changed)?;
            kept.records.extend_from_slice(&record);
            kept.count = kept.count.saturating_add(1);
        }
        Ok(kept)
    }
}

/// The length of the record that `bytes` begin with.
fn record_len(bytes: &[u8]) -> Option<usize> {
    let mut fields = Fields::new(bytes.get(LENGTHS_AT..)?);
    let lens = [fields.u16()?, fields.u16()?, fields.u16()?];
    to_usize(lens.into_iter().map(u64::from).sum::<u64>().saturating_add(CENTRAL_BYTES)).ok()
}

/// Writes the offset where the old one stands.
fn move_to(record: &mut [u8], offset: u64) -> Option<()> {
    let old = Fields::new(record.get(OFFSET_AT..)?).u32()?;
    if old != NARROW {
        let place = record.get_mut(OFFSET_AT..OFFSET_AT.checked_add(4)?)?;
        place.copy_from_slice(&u32::try_from(offset).ok()?.to_le_bytes());
        return Some(());
    }
    let at = wide_offset_at(record)?;
    record.get_mut(at..at.checked_add(8)?)?.copy_from_slice(&offset.to_le_bytes());
    Some(())
}

/// Where in a record the offset stands in its ZIP64 field: after the sizes that refer to it.
fn wide_offset_at(record: &[u8]) -> Option<usize> {
    let mut sizes = Fields::new(record.get(SIZES_AT..)?);
    let before = [sizes.u32()?, sizes.u32()?].into_iter().filter(|size| *size == NARROW).count();
    let mut lens = Fields::new(record.get(LENGTHS_AT..)?);
    let (name_len, extra_len) = (usize::from(lens.u16()?), usize::from(lens.u16()?));
    let extra_at = to_usize(CENTRAL_BYTES).ok()?.checked_add(name_len)?;
    let extra = record.get(extra_at..extra_at.checked_add(extra_len)?)?;
    let mut fields = Fields::new(extra);
    loop {
        let (id, len) = (fields.u16()?, fields.u16()?);
        let at = extra.len().checked_sub(fields.len())?;
        if id == EXTRA_ZIP64 {
            return extra_at.checked_add(at)?.checked_add(before.checked_mul(8)?);
        }
        fields.bytes(len)?;
    }
}

const SIZES_AT: usize = 20;
const LENGTHS_AT: usize = 28;
const OFFSET_AT: usize = 42;
