//! The end of a ZIP: which of its bytes are the central directory.

use std::ops::Range;

use super::fields::Fields;
use super::{
    CENTRAL, CENTRAL_BYTES, END, END_64, END_64_BYTES, END_BYTES, LOCATOR_64, LOCATOR_64_BYTES, NARROW, NARROW_COUNT,
    fault,
};
use crate::Limits;
use crate::error::{ErrorCode, Limit, Malformed, Result};
use crate::source::{Bytes, Source, to_u64, to_usize};

/// What the end record and its ZIP64 form say, once they agree.
pub(super) struct End {
    /// Records of the central directory.
    pub(super) count: u64,
    pub(super) directory: Range<u64>,
    pub(super) comment: Vec<u8>,
    /// A ZIP64 record stands for a number that would fit without.
    pub(super) is_needlessly_wide: bool,
    tail: Tail,
}

impl End {
    /// Finds and checks the end of `source`.
    pub(super) fn find(source: &Source, limits: &Limits) -> Result<End> {
        let len = source.len();
        let start = len.saturating_sub(TAIL_BYTES);
        let tail = Tail { bytes: source.window(start..len)?, start };
        let at = tail.end_record()?;
        let mut told = Told::read(&tail, at).ok_or_else(|| fault(ErrorCode::ZipDirectory, at))?;
        let comment = tail.from(at.saturating_add(END_BYTES)).to_vec();
        within("zip_comment_bytes", limits.zip_comment_bytes, to_u64(comment.len()), at)?;
        let (limit, is_needlessly_wide) = told.widen(source, &tail, at)?;
        if told.disks != (0, 0) {
            return Err(fault(ErrorCode::ZipSpecial, at));
        }
        if told.count_here != told.count {
            return Err(Malformed::at(ErrorCode::ZipDirectory, at).numbers(told.count, told.count_here).into());
        }
        within("zip_entries", limits.zip_entries, told.count, at)?;
        let directory = told.directory(source, limit)?;
        Ok(End { count: told.count, directory, comment, is_needlessly_wide, tail })
    }

    /// The bytes of the central directory.
    pub(super) fn directory_bytes(&self, source: &Source, limits: &Limits) -> Result<Bytes> {
        let (at, len) = (self.directory.start, self.directory.end.saturating_sub(self.directory.start));
        let record = CENTRAL_BYTES
            .saturating_add(limits.zip_name_bytes)
            .saturating_add(limits.zip_extra_bytes)
            .saturating_add(limits.zip_comment_bytes);
        let (least, most) = (self.count.saturating_mul(CENTRAL_BYTES), self.count.saturating_mul(record));
        if len < least {
            return Err(Malformed::at(ErrorCode::ZipDirectory, at).numbers(least, len).into());
        }
        if len > most {
            return Err(Malformed::at(ErrorCode::ZipDirectory, at).numbers(most, len).into());
        }
        match at.checked_sub(self.tail.start) {
            Some(skip) => {
                let skip = to_usize(skip)?;
                Ok(self.tail.bytes.slice(skip..skip.saturating_add(to_usize(len)?)))
            }
            None => source.window(self.directory.clone()),
        }
    }
}

/// The last bytes of the source: as many as the end records can take.
struct Tail {
    bytes: Bytes,
    start: u64,
}

impl Tail {
    /// Offset of the end record: the last thing that looks like one, and the only one that ends with the file.
    fn end_record(&self) -> Result<u64> {
        let mut last = None;
        let mut fitting = Vec::new();
        for (n, window) in self.bytes.windows(END.len()).enumerate() {
            if window == END {
                let at = self.start.saturating_add(to_u64(n));
                last = Some(at);
                fitting.extend(self.end_of(at).filter(|end| *end == self.len()).map(|_| at));
            }
        }
        let Some(last) = last else { return Err(fault(ErrorCode::ZipNotZip, self.len())) };
        if fitting == [last] {
            return Ok(last);
        }
        if fitting.is_empty() {
            return match self.end_of(last) {
                Some(end) if end < self.len() => Err(fault(ErrorCode::ZipTrailing, end)),
                Some(_) | None => Err(fault(ErrorCode::ZipDirectory, last)),
            };
        }
        // Readers that search from the end would take the last, others the one that fits.
        Err(fault(ErrorCode::ZipTrailing, last))
    }

    /// Where the end record at `at` says that its comment ends.
    fn end_of(&self, at: u64) -> Option<u64> {
        let comment = Told::read(self, at)?.comment;
        at.checked_add(END_BYTES)?.checked_add(u64::from(comment))
    }

    fn from(&self, offset: u64) -> &[u8] {
        let skip = offset.checked_sub(self.start).and_then(|skip| to_usize(skip).ok());
        skip.and_then(|skip| self.bytes.get(skip..)).unwrap_or_default()
    }

    fn len(&self) -> u64 {
        self.start.saturating_add(to_u64(self.bytes.len()))
    }
}

/// The numbers of the end record; once widened, those that count.
struct Told {
    disks: (u32, u32),
    count_here: u64,
    count: u64,
    size: u64,
    offset: u64,
    comment: u16,
}

impl Told {
    fn read(tail: &Tail, at: u64) -> Option<Told> {
        let mut fields = Fields::new(tail.from(at));
        fields.signature(END)?;
        Some(Told {
            disks: (u32::from(fields.u16()?), u32::from(fields.u16()?)),
            count_here: u64::from(fields.u16()?),
            count: u64::from(fields.u16()?),
            size: u64::from(fields.u32()?),
            offset: u64::from(fields.u32()?),
            comment: fields.u16()?,
        })
    }

    /// Takes the numbers of the ZIP64 record where there is one; returns where the directory must end, and whether
    /// a number would have fitted without.
    fn widen(&mut self, source: &Source, tail: &Tail, at: u64) -> Result<(u64, bool)> {
        let malformed = |offset: u64| fault(ErrorCode::ZipZip64, offset);
        let narrow = [
            (self.count_here, u64::from(NARROW_COUNT)),
            (self.count, u64::from(NARROW_COUNT)),
            (self.size, u64::from(NARROW)),
            (self.offset, u64::from(NARROW)),
        ];
        let wants_wide = narrow.iter().any(|(told, mark)| told == mark);
        let locator_at = at.checked_sub(LOCATOR_64_BYTES);
        let Some(locator_at) = locator_at.filter(|offset| tail.from(*offset).starts_with(&LOCATOR_64)) else {
            return if wants_wide { Err(malformed(at)) } else { Ok((at, false)) };
        };
        let record_at = locate(tail, locator_at).ok_or_else(|| malformed(locator_at))?;
        // A record elsewhere, or with room for more, would leave bytes that belong to nobody.
        if record_at.checked_add(END_64_BYTES) != Some(locator_at) {
            return Err(malformed(locator_at));
        }
        let record = source.window(record_at..locator_at)?;
        let wide = Told::read_wide(&record).ok_or_else(|| malformed(record_at))?;
        // Some writers add the record to any ZIP. Where both say the same, no reader is misled.
        let mut is_needless = !wants_wide;
        for ((told, mark), value) in narrow.into_iter().zip([wide.count_here, wide.count, wide.size, wide.offset]) {
            if told != value && told != mark {
                return Err(malformed(record_at));
            }
            is_needless |= told == mark && value < mark;
        }
        let disks = [(self.disks.0, wide.disks.0), (self.disks.1, wide.disks.1)];
        if disks.iter().any(|(told, value)| told != value && *told != u32::from(NARROW_COUNT)) {
            return Err(malformed(record_at));
        }
        *self = Told { comment: self.comment, ..wide };
        Ok((record_at, is_needless))
    }

    fn read_wide(record: &[u8]) -> Option<Told> {
        let mut fields = Fields::new(record);
        fields.signature(END_64)?;
        // The size of what follows: the first version of the record, without private data.
        (fields.u64()? == END_64_BYTES - 12).then_some(())?;
        let _made_by = fields.u16()?;
        let _needed = fields.u16()?;
        Some(Told {
            disks: (fields.u32()?, fields.u32()?),
            count_here: fields.u64()?,
            count: fields.u64()?,
            size: fields.u64()?,
            offset: fields.u64()?,
            comment: 0,
        })
    }

    /// The directory, which must end where `limit` says.
    fn directory(&self, source: &Source, limit: u64) -> Result<Range<u64>> {
        let end = self.offset.checked_add(self.size).filter(|end| *end <= limit);
        let Some(end) = end else {
            return Err(Malformed::at(ErrorCode::ZipDirectory, self.offset).numbers(limit, self.size).into());
        };
        if end == limit {
            return Ok(self.offset..end);
        }
        // Something before the first entry moves the directory away from where it is said to be.
        let moved = limit.saturating_sub(self.size);
        let is_moved = self.size == 0 || *source.window_up_to(moved, 4)? == CENTRAL;
        Err(if is_moved { fault(ErrorCode::ZipPrefix, 0) } else { fault(ErrorCode::ZipGap, end) })
    }
}

/// Offset of the ZIP64 end record, as the locator tells it.
fn locate(tail: &Tail, at: u64) -> Option<u64> {
    let mut fields = Fields::new(tail.from(at));
    fields.signature(LOCATOR_64)?;
    let disk = fields.u32()?;
    let offset = fields.u64()?;
    // Some writers count no disk at all.
    let disks = fields.u32()?;
    (disk == 0 && disks <= 1).then_some(offset)
}

/// Refuses `found` above the limit `name`.
pub(super) fn within(name: &'static str, limit: u64, found: u64, offset: u64) -> Result<()> {
    if found <= limit { Ok(()) } else { Err(Limit::new(name, limit, found).at(offset).into()) }
}

const TAIL_BYTES: u64 = END_BYTES + 65_535 + LOCATOR_64_BYTES + END_64_BYTES;
