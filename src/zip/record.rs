//! The bytes of records: local headers, descriptors, the directory and what ends it.

use super::{
    CENTRAL, DESCRIPTOR, END, END_64, END_64_BYTES, EXTRA_ZIP64, FLAG_DESCRIPTOR, LOCAL, LOCATOR_64, METHOD_DEFLATED,
    METHOD_STORED, Method, NARROW, NARROW_COUNT,
};
use crate::error::{Misuse, Result};
use crate::source::to_u64;
use crate::time::Time;

/// Records of a central directory, one after the other.
#[derive(Debug, Clone, Default)]
pub(crate) struct Directory {
    pub(super) records: Vec<u8>,
    pub(super) count: u64,
}

impl Directory {
    /// The directory at `offset`, and all that ends the ZIP.
    pub(super) fn end(self, offset: u64, comment: &[u8]) -> Result<Vec<u8>> {
        let too_long = |_| Misuse::new("comment of a ZIP above 65,535 bytes");
        let comment_len = u16::try_from(comment.len()).map_err(too_long)?;
        if comment.windows(END.len()).any(|window| window == END) {
            return Err(Misuse::new("comment of a ZIP that looks like its end").into());
        }
        let Directory { records: mut out, count } = self;
        let size = to_u64(out.len());
        let count_16 = narrow_count(count);
        let (size_32, offset_32) = (narrow(size), narrow(offset));
        if count_16 == NARROW_COUNT || size_32 == NARROW || offset_32 == NARROW {
            let record_at = offset.saturating_add(size);
            let mut record = Record(&mut out);
            record.bytes(&END_64).u64(END_64_BYTES - 12).u16(VERSION_WIDE).u16(VERSION_WIDE);
            record.u32(0).u32(0).u64(count).u64(count).u64(size).u64(offset);
            record.bytes(&LOCATOR_64).u32(0).u64(record_at).u32(1);
        }
        let mut record = Record(&mut out);
        record.bytes(&END).u16(0).u16(0).u16(count_16).u16(count_16).u32(size_32).u32(offset_32);
        record.u16(comment_len).bytes(comment);
        Ok(out)
    }
}

/// All that is said of an entry that is written.
pub(super) struct Header<'a> {
    pub(super) name: &'a str,
    pub(super) method: Method,
    pub(super) flags: u16,
    pub(super) needed: u16,
    pub(super) modified: DosTime,
    pub(super) crc32: u32,
    pub(super) packed: u64,
    pub(super) size: u64,
    /// The local header has a ZIP64 field: a size needs it, or may.
    pub(super) is_wide: bool,
}

impl Header<'_> {
    /// The local header. With a descriptor, CRC-32 and sizes come after the data.
    pub(super) fn local(&self) -> Result<Vec<u8>> {
        let comes_later = self.flags & FLAG_DESCRIPTOR != 0;
        let (crc32, packed, size) = if comes_later { (0, 0, 0) } else { (self.crc32, self.packed, self.size) };
        let mut out = Vec::new();
        let mut record = Record(&mut out);
        record.bytes(&LOCAL).u16(self.version()).u16(self.flags).u16(self.method()).time(self.modified).u32(crc32);
        if self.is_wide {
            record.u32(NARROW).u32(NARROW).u16(self.name_len()?).u16(u16::try_from(WIDE_EXTRA_BYTES).unwrap_or(0));
            record.bytes(self.name.as_bytes()).u16(EXTRA_ZIP64).u16(16).u64(size).u64(packed);
        } else {
            record.u32(narrow(packed)).u32(narrow(size)).u16(self.name_len()?).u16(0).bytes(self.name.as_bytes());
        }
        Ok(out)
    }

    /// The descriptor, as wide as the local header announced it.
    pub(super) fn descriptor(&self) -> Vec<u8> {
        let mut out = Vec::new();
        let mut record = Record(&mut out);
        record.bytes(&DESCRIPTOR).u32(self.crc32);
        if self.is_wide {
            record.u64(self.packed).u64(self.size);
        } else {
            record.u32(narrow(self.packed)).u32(narrow(self.size));
        }
        out
    }

    /// Appends the record of the entry at `offset`.
    pub(super) fn append_central(&self, offset: u64, directory: &mut Directory) -> Result<()> {
        let wide: Vec<u64> =
            [self.size, self.packed, offset].into_iter().filter(|number| narrow(*number) == NARROW).collect();
        let version = if wide.is_empty() { self.version() } else { VERSION_WIDE };
        let wide_len = u16::try_from(wide.len().saturating_mul(8)).unwrap_or(0);
        let extra_len = if wide.is_empty() { 0 } else { wide_len.saturating_add(4) };
        let mut record = Record(&mut directory.records);
        // Made on FAT, without attributes: a reader gives the file the rights that it gives any new file.
        record.bytes(&CENTRAL).u16(version.max(VERSION_USUAL)).u16(version).u16(self.flags).u16(self.method());
        record.time(self.modified).u32(self.crc32).u32(narrow(self.packed)).u32(narrow(self.size));
        record.u16(self.name_len()?).u16(extra_len).u16(0).u16(0).u16(0).u32(0).u32(narrow(offset));
        record.bytes(self.name.as_bytes());
        if !wide.is_empty() {
            record.u16(EXTRA_ZIP64).u16(wide_len);
            wide.iter().for_each(|number| {
                record.u64(*number);
            });
        }
        directory.count = directory.count.saturating_add(1);
        Ok(())
    }

    fn version(&self) -> u16 {
        if self.is_wide { VERSION_WIDE } else { self.needed }
    }

    fn method(&self) -> u16 {
        match self.method {
            Method::Stored => METHOD_STORED,
            Method::Deflated => METHOD_DEFLATED,
        }
    }

    fn name_len(&self) -> Result<u16> {
        Ok(u16::try_from(self.name.len()).map_err(|_| Misuse::new("name of an entry above 65,535 bytes"))?)
    }
}

/// Date and time as FAT knows them: from 1980 to 2107, every other second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DosTime {
    time: u16,
    date: u16,
}

impl DosTime {
    /// The first one, 1980-01-01.
    pub(super) const FIRST: DosTime = DosTime { time: 0, date: (1 << 5) | 1 };
    const LAST: DosTime = DosTime { time: (23 << 11) | (59 << 5) | 29, date: (127 << 9) | (12 << 5) | 31 };
}

impl From<Time> for DosTime {
    /// In UTC, cut down to what there is.
    fn from(time: Time) -> Self {
        let ((year, month, day), (hour, minute, second)) = time.to_utc();
        if year < 1980 {
            return DosTime::FIRST;
        }
        if year > 2107 {
            return DosTime::LAST;
        }
        let fields = |high: i64, middle: i64, low: i64, shift: u32| {
            u16::try_from((high << shift) | (middle << 5) | low).unwrap_or_default()
        };
        DosTime { time: fields(hour, minute, second / 2, 11), date: fields(year - 1980, month, day, 9) }
    }
}

/// Bytes to which numbers are appended, little-endian.
struct Record<'a>(&'a mut Vec<u8>);

impl Record<'_> {
    fn bytes(&mut self, bytes: &[u8]) -> &mut Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn u16(&mut self, number: u16) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    fn u32(&mut self, number: u32) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    fn u64(&mut self, number: u64) -> &mut Self {
        self.bytes(&number.to_le_bytes())
    }

    fn time(&mut self, modified: DosTime) -> &mut Self {
        self.u16(modified.time).u16(modified.date)
    }
}

/// The number, or the mark that a ZIP64 record has it.
pub(super) fn narrow(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(NARROW)
}

fn narrow_count(count: u64) -> u16 {
    u16::try_from(count).unwrap_or(NARROW_COUNT)
}

/// A mimetype needs nothing but a ZIP of the first version.
pub(super) const VERSION_FIRST: u16 = 10;
pub(super) const VERSION_USUAL: u16 = 20;
const VERSION_WIDE: u16 = 45;
const WIDE_EXTRA_BYTES: u64 = 20;
