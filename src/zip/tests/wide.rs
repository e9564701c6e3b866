//! ZIP64: where numbers need it, nowhere else, and no lies in it.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use super::build::*;
use super::deflate::deflated;
use super::record::{Directory, DosTime, Header};
use super::*;
use crate::output::Sink;
use crate::source::ReadAt;

/// What was written; copied ranges are kept as their length alone and read as zeros.
#[derive(Default, Clone)]
struct Sparse {
    written: BTreeMap<u64, Vec<u8>>,
    len: u64,
}

impl Sink for Sparse {
    fn write(&mut self, bytes: &[u8]) -> Result<()> {
        self.written.insert(self.len, bytes.to_vec());
        self.len += to_u64(bytes.len());
        Ok(())
    }

    fn copy(&mut self, _: &Source, range: Range<u64>, _: &mut dyn FnMut(&[u8])) -> Result<()> {
        self.len += range.end - range.start;
        Ok(())
    }
}

impl ReadAt for Sparse {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
        for (n, byte) in buffer.iter_mut().enumerate() {
            let at = offset + to_u64(n);
            let (start, bytes) = self.written.range(..=at).next_back().unwrap();
            *byte = bytes.get(usize::try_from(at - start).unwrap()).copied().unwrap_or(0);
        }
        Ok(buffer.len())
    }
}

impl Sparse {
    fn zeros(writer: &mut Writer<'_>, name: &str, size: u64) {
        let nothing = Source::from_bytes(*b"");
        writer.stored(name, noon(), 0x1234_5678, size, &mut |sink| sink.copy(&nothing, 0..size, &mut |_| {})).unwrap();
    }

    fn open(self) -> Archive {
        let len = self.len;
        Archive::open(&Source::from_reader(Arc::new(self), len), &Limits::default()).unwrap()
    }

    fn holds(&self, bytes: &[u8]) -> bool {
        self.written.values().any(|written| written.windows(bytes.len()).any(|window| window == bytes))
    }
}

#[test]
fn records_of_what_moves_are_those_that_would_be_written() {
    let made = |has_first: bool| {
        let mut sink = Sparse::default();
        let mut writer = Writer::new(&mut sink);
        writer.mimetype(b"application/x").unwrap();
        if has_first {
            writer.bytes("first", noon(), Packing::Store, b"hi").unwrap();
        }
        writer.bytes("second", noon(), Packing::Store, b"ho").unwrap();
        Sparse::zeros(&mut writer, "large", 5 << 30);
        writer.bytes("after", noon(), Packing::Deflate(2), &[9; 100]).unwrap();
        writer.finish(b"").unwrap();
        sink.open()
    };
    let archive = made(true);
    let gone = archive.find("first").unwrap().clone();
    let place = |entry: &Entry| match entry.header {
        header if header < gone.header => Some(header),
        header if header == gone.header => None,
        header => Some(header - (gone.end - gone.header)),
    };
    let moved = archive.directory_moved(&place).unwrap();
    let expected = made(false).directory().unwrap();
    assert_eq!((moved.count, moved.records), (4, expected.records));
}

#[test]
fn a_large_file_and_what_follows_it() {
    let mut sink = Sparse::default();
    let mut writer = Writer::new(&mut sink);
    writer.mimetype(b"application/x").unwrap();
    let before = writer.offset();
    Sparse::zeros(&mut writer, "large", 5 << 30);
    assert_eq!(writer.offset() - before, 30 + 5 + 20 + (5 << 30));
    writer.bytes("after", noon(), Packing::Deflate(2), &[9; 100]).unwrap();
    let len = writer.finish(b"").unwrap();
    assert_eq!(len, sink.len);
    assert!(sink.holds(&END_64) && sink.holds(&LOCATOR_64));
    let archive = sink.open();
    assert!(archive.remarks().is_empty());
    let large = archive.find("large").unwrap();
    assert_eq!((large.size, large.packed, large.extra_bytes), (5 << 30, 5 << 30, 20));
    let after = archive.find("after").unwrap();
    assert_eq!((after.header, after.extra_bytes), (large.end, 0));
    assert_eq!(content(&archive, "after"), [9; 100]);
    // The mimetype in front is untouched by it.
    assert_eq!(archive.entries()[0].data.start, 38);
}

#[test]
fn the_last_sizes_that_need_no_wide_numbers_and_the_first_that_do() {
    for (size, is_wide) in [(u64::from(u32::MAX) - 1, false), (u64::from(u32::MAX), true)] {
        let mut sink = Sparse::default();
        let mut writer = Writer::new(&mut sink);
        Sparse::zeros(&mut writer, "a", size);
        writer.finish(b"").unwrap();
        // The directory is behind 4 GiB in any case.
        assert!(sink.holds(&END_64));
        let archive = sink.open();
        assert_eq!(archive.entries()[0].size, size);
        assert_eq!(archive.entries()[0].extra_bytes == 20, is_wide);
        assert_eq!(archive.entries()[0].end, 31 + archive.entries()[0].extra_bytes + size);
    }
    for (size, is_wide) in [(u64::from(u32::MAX) - 32, false), (u64::from(u32::MAX) - 31, true)] {
        let mut sink = Sparse::default();
        let mut writer = Writer::new(&mut sink);
        Sparse::zeros(&mut writer, "a", size);
        writer.finish(b"").unwrap();
        assert_eq!(sink.holds(&END_64), is_wide);
        assert_eq!(sink.open().entries().len(), 1);
    }
}

#[test]
fn as_many_entries_as_fit_and_one_more() {
    for (count, is_wide) in [(65_534_u32, false), (65_535, true), (65_536, true)] {
        let bytes =
            written(|writer| (0..count).try_for_each(|n| writer.bytes(&n.to_string(), noon(), Packing::Store, b"")));
        assert_eq!(bytes.windows(4).any(|window| window == END_64), is_wide);
        assert_eq!(open(&bytes).unwrap_err().code(), ErrorCode::LimitExceeded);
        let limits = Limits { zip_entries: 70_000, ..Limits::default() };
        let archive = Archive::open(&Source::from_bytes(bytes), &limits).unwrap();
        assert_eq!(archive.entries().len(), usize::try_from(count).unwrap());
        assert_eq!(archive.find("65533").unwrap().name, "65533");
        assert!(archive.remarks().is_empty());
    }
}

#[test]
fn a_streamed_entry_that_may_grow_beyond_four_gib_has_wide_numbers_from_the_start() {
    let data = deflated(b"content", 6).unwrap();
    let header = Header {
        name: "a",
        method: Method::Deflated,
        flags: FLAG_UTF8 | FLAG_DESCRIPTOR,
        needed: 20,
        modified: DosTime::FIRST,
        crc32: crc32fast::hash(b"content"),
        packed: to_u64(data.len()),
        size: 7,
        is_wide: true,
    };
    let mut bytes = [header.local().unwrap(), data, header.descriptor()].concat();
    let offset = to_u64(bytes.len());
    let mut directory = Directory::default();
    header.append_central(0, &mut directory).unwrap();
    bytes.extend(directory.end(offset, b"").unwrap());
    let archive = open(&bytes).unwrap();
    let entry = &archive.entries()[0];
    assert_eq!((entry.extra_bytes, entry.end - entry.data.end), (20, 24));
    assert_eq!(content(&archive, "a"), b"content");
}

const ALL: u32 = u32::MAX;

#[test]
fn reads_wide_numbers_that_need_not_be_and_says_so() {
    let wide_entry = Part::stored("a", b"12345").change(|part| {
        (part.local.size, part.local.packed) = (ALL, ALL);
        part.local.extra = extra(EXTRA_ZIP64, &wide(&[5, 5]));
    });
    let both = wide_entry.clone().change(|part| {
        (part.central.size, part.central.packed, part.header) = (ALL, ALL, Some(ALL));
        part.central.extra = extra(EXTRA_ZIP64, &wide(&[5, 5, 0]));
    });
    let only_size = wide_entry.clone().change(|part| {
        part.central.size = ALL;
        part.central.extra = extra(EXTRA_ZIP64, &wide(&[5]));
    });
    let with_disk = wide_entry.clone().change(|part| {
        part.disk = u16::MAX;
        part.central.extra = extra(EXTRA_ZIP64, &[0; 4]);
    });
    assert!(open(&Zip::of(&[wide_entry]).bytes()).unwrap().remarks().is_empty());
    assert!(open(&Zip::of(&[with_disk]).bytes()).unwrap().remarks().is_empty());
    for part in [both, only_size] {
        let archive = open(&Zip::of(&[part]).bytes()).unwrap();
        assert_eq!(archive.remarks(), ["entries with a ZIP64 field that they need not have: 1"]);
        assert_eq!(content(&archive, "a"), b"12345");
    }
    let zip = Zip { wide: Some(wide_end), ..Zip::of(&[Part::stored("a", b"")]) };
    let changes: [fn(&mut Ending); 5] = [
        |end| end.offset = ALL,
        |end| end.size = ALL,
        |end| (end.count, end.count_here) = (u16::MAX, u16::MAX),
        |end| (end.count, end.disks) = (u16::MAX, (u16::MAX, u16::MAX)),
        |_| {},
    ];
    for change in changes {
        let archive = open(&zip.ending(change)).unwrap();
        assert_eq!(archive.remarks(), ["the end record uses ZIP64 where it need not"]);
    }
}

#[test]
fn refuses_lies_in_wide_fields_of_entries() {
    let part = || Part::stored("a", b"12345");
    let central = |size: u32, packed: u32, field: &[u8]| {
        part().change(|part| {
            (part.central.size, part.central.packed) = (size, packed);
            part.central.extra = field.to_vec();
        })
    };
    let local = |size: u32, packed: u32, field: &[u8]| {
        part().change(|part| {
            (part.local.size, part.local.packed) = (size, packed);
            part.local.extra = field.to_vec();
        })
    };
    let field = |numbers: &[u64]| extra(EXTRA_ZIP64, &wide(numbers));
    for (part, code) in [
        (central(ALL, 5, b""), ErrorCode::ZipZip64),
        (central(ALL, ALL, &field(&[5])), ErrorCode::ZipZip64),
        (central(ALL, 5, &field(&[5, 5])), ErrorCode::ZipZip64),
        (central(5, 5, &field(&[5])), ErrorCode::ZipZip64),
        (central(5, 5, &field(&[])), ErrorCode::ZipZip64),
        (central(ALL, 5, &field(&[6])), ErrorCode::ZipMismatch),
        (central(ALL, 5, &field(&[u64::MAX])), ErrorCode::ZipMismatch),
        (local(ALL, ALL, b""), ErrorCode::ZipZip64),
        (local(ALL, ALL, &field(&[5])), ErrorCode::ZipZip64),
        (local(ALL, ALL, &field(&[5, 5, 0])), ErrorCode::ZipZip64),
        (local(5, 5, &field(&[6, 5])), ErrorCode::ZipZip64),
        (local(ALL, 5, &field(&[5, 6])), ErrorCode::ZipZip64),
        (local(ALL, ALL, &field(&[6, 5])), ErrorCode::ZipMismatch),
        (local(ALL, ALL, &field(&[0, 0])), ErrorCode::ZipMismatch),
    ] {
        assert_eq!(open(&Zip::of(&[part]).bytes()).unwrap_err().code(), code);
    }
    let far = part().change(|part| {
        part.header = Some(ALL);
        part.central.extra = extra(EXTRA_ZIP64, &wide(&[u64::MAX]));
    });
    assert_eq!(open(&Zip::of(&[Part::stored("b", b""), far]).bytes()).unwrap_err().code(), ErrorCode::ZipHeader);
}

#[test]
fn refuses_lies_in_the_wide_end() {
    let parts = [Part::stored("a", b"")];
    let zip = || Zip { wide: Some(wide_end), ..Zip::of(&parts) };
    let code = |bytes: &[u8]| open(bytes).map(|_| ()).unwrap_err().code();
    // Missing.
    let changes: [fn(&mut Ending); 4] =
        [|end| end.offset = ALL, |end| end.size = ALL, |end| end.count = u16::MAX, |end| end.count_here = u16::MAX];
    for change in changes {
        assert_eq!(code(&Zip::of(&parts).ending(change)), ErrorCode::ZipZip64);
    }
    // Every byte of the record and the locator counts, but for the two versions.
    let sound = zip().ending(|end| end.offset = ALL);
    open(&sound).unwrap();
    let start = sound.len() - 22 - 76;
    for at in (start..start + 76).filter(|at| !(start + 12..start + 16).contains(at)) {
        let mut bytes = sound.clone();
        bytes[at] ^= 0x40;
        assert!(open(&bytes).is_err(), "byte {}", at - start);
    }
    // Two records that say different things.
    let changes: [fn(&mut Ending); 6] = [
        |end| (end.offset, end.count, end.count_here) = (ALL, 2, 2),
        |end| (end.offset, end.size) = (ALL, 48),
        |end| (end.count, end.count_here) = (0, 0),
        |end| end.size += 1,
        |end| end.offset -= 1,
        |end| (end.size, end.offset) = (ALL, 30),
    ];
    for change in changes {
        assert_eq!(code(&zip().ending(change)), ErrorCode::ZipZip64);
    }
    let gap =
        Zip { wide: Some(|count, size, offset| [b"x", &wide_end(count, size, offset + 1)[..]].concat()), ..zip() };
    assert_eq!(code(&gap.ending(|end| end.offset = ALL)), ErrorCode::ZipDirectory);
    let moved =
        Zip { wide: Some(|count, size, offset| [b"x", &wide_end(count, size + 1, offset)[..]].concat()), ..zip() };
    assert_eq!(code(&moved.ending(|end| (end.offset, end.size) = (ALL, ALL))), ErrorCode::ZipDirectory);
}
