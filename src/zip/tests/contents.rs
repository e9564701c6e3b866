//! Content that is not what its headers say.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::build::*;
use super::*;
use crate::error::Error;
use crate::source::ReadAt;

fn read(zip: &Zip) -> Result<Vec<u8>> {
    let archive = open(&zip.bytes())?;
    archive.read(&archive.entries()[0], "zip_entry_bytes", u64::MAX)
}

/// Raw deflate of whatever ratio.
fn squeezed(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

/// A deflated entry whose headers agree with each other.
fn entry(data: &[u8], size: usize, crc32: u32) -> Zip {
    let part = Part::deflated("a", b"").both(|head| {
        (head.packed, head.size) = (u32::try_from(data.len()).unwrap(), u32::try_from(size).unwrap());
        head.crc32 = crc32;
    });
    Zip::of(&[part.change(|part| part.data = data.into())])
}

#[test]
fn refuses_damaged_content() {
    let text = b"some text, some text".repeat(10);
    let (data, crc32) = (squeezed(&text), crc32fast::hash(&text));
    assert_eq!(read(&entry(&data, text.len(), crc32)).unwrap(), text);
    let mut flipped = data.clone();
    flipped[5] ^= 4;
    for zip in [
        entry(&data, text.len(), crc32 ^ 1),
        entry(&data, text.len() + 1, crc32),
        entry(&data, text.len() - 1, crc32),
        entry(&data, 0, crc32),
        entry(&data[..data.len() - 1], text.len(), crc32),
        entry(&[&data[..], b"x"].concat(), text.len(), crc32),
        entry(&flipped, text.len(), crc32),
        entry(b"", 0, 0),
        entry(b"\x07", 0, 0),
        Zip::of(&[Part::stored("a", &text).both(|head| head.crc32 ^= 1)]),
    ] {
        assert_eq!(read(&zip).unwrap_err().code(), ErrorCode::ZipData);
    }
}

#[test]
fn never_hands_out_more_than_was_declared() {
    let bomb = squeezed(&vec![0; 20 << 20]);
    let zip = entry(&bomb, 100_000, 0);
    let archive = open(&zip.bytes()).unwrap();
    let mut seen = 0;
    let result = archive.for_each(&archive.entries()[0], &mut |piece| {
        seen += piece.len();
        Ok(())
    });
    assert_eq!(result.unwrap_err().code(), ErrorCode::ZipData);
    assert!(seen <= 100_000);
}

#[test]
fn refuses_bombs_before_inflating() {
    let zeros = vec![0; 3 << 20];
    let zip = entry(&squeezed(&zeros), zeros.len(), crc32fast::hash(&zeros));
    match open(&zip.bytes()).unwrap_err() {
        Error::LimitExceeded(limit) => {
            assert_eq!((limit.name, limit.limit), ("zip_ratio", 200));
            assert!(limit.found > 900, "{}", limit.found);
        }
        other => panic!("{other}"),
    }
    // Up to 1 MiB a ratio does no harm.
    let zeros = vec![0; 1 << 20];
    assert_eq!(read(&entry(&squeezed(&zeros), zeros.len(), crc32fast::hash(&zeros))).unwrap(), zeros);
    // A size without any data.
    assert_eq!(open(&entry(b"", 2 << 20, 0).bytes()).unwrap_err().code(), ErrorCode::LimitExceeded);
    let many: Vec<_> = (0..4).map(|n| Part::deflated(&n.to_string(), &[7; 1_000])).collect();
    let limits = Limits { zip_total_bytes: 3_999, ..Limits::default() };
    match Archive::open(&Source::from_bytes(Zip::of(&many).bytes()), &limits).unwrap_err() {
        Error::LimitExceeded(limit) => assert_eq!((limit.name, limit.found), ("zip_total_bytes", 4_000)),
        other => panic!("{other}"),
    }
}

#[test]
fn a_reading_limit_is_the_callers() {
    let archive = open(&Zip::of(&[Part::stored("a", b"12345")]).bytes()).unwrap();
    let entry = &archive.entries()[0];
    assert_eq!(archive.read(entry, "asice_mimetype_bytes", 5).unwrap(), b"12345");
    match archive.read(entry, "asice_mimetype_bytes", 4).unwrap_err() {
        Error::LimitExceeded(limit) => assert_eq!((limit.name, limit.found), ("asice_mimetype_bytes", 5)),
        other => panic!("{other}"),
    }
}

#[test]
fn shows_raw_bytes_once_and_in_order() {
    let content: Vec<u8> = (0..300_000_u64).map(|n| u8::try_from(n * n / 7 % 251).unwrap()).collect();
    let bytes = Zip::of(&[Part::deflated("a", &content), Part::stored("b", &content)]).bytes();
    for source in [Source::from_bytes(&bytes[..]), slow(&bytes)] {
        let archive = Archive::open(&source, &Limits::default()).unwrap();
        for entry in archive.entries() {
            let (mut raw, mut plain) = (Vec::new(), Vec::new());
            let mut take = |piece: &[u8]| {
                plain.extend_from_slice(piece);
                Ok(())
            };
            archive.for_each_with_raw(entry, &mut |piece| raw.extend_from_slice(piece), &mut take).unwrap();
            let data = usize::try_from(entry.data.start).unwrap()..usize::try_from(entry.data.end).unwrap();
            assert!(raw == bytes[data] && plain == content, "{}", entry.name);
        }
    }
}

#[test]
fn a_stop_of_the_taker_is_passed_on() {
    let archive = open(&Zip::of(&[Part::stored("a", b"12345")]).bytes()).unwrap();
    let result = archive.for_each(&archive.entries()[0], &mut |_| Err(Error::Cancelled));
    assert_eq!(result.unwrap_err().code(), ErrorCode::Cancelled);
}

#[test]
fn opens_with_few_and_short_reads() {
    struct Counting(Vec<u8>, AtomicU64, AtomicU64);
    impl ReadAt for Counting {
        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.2.fetch_add(to_u64(buffer.len()), Ordering::Relaxed);
            buffer.copy_from_slice(&self.0[usize::try_from(offset).unwrap()..][..buffer.len()]);
            Ok(buffer.len())
        }
    }
    // The tail with the directory is one read; each header another, unless several stand close together.
    for (size, reads, read_bytes) in [(30_000, 201, 280_000), (10, 12, 32_000)] {
        let parts: Vec<_> = (100..300).map(|n| Part::stored(&n.to_string(), &vec![7; size])).collect();
        let bytes = Zip::of(&parts).bytes();
        let len = to_u64(bytes.len());
        let reader = Arc::new(Counting(bytes, AtomicU64::new(0), AtomicU64::new(0)));
        let source = Source::from_reader(reader.clone(), len);
        assert_eq!(Archive::open(&source, &Limits::default()).unwrap().entries().len(), 200);
        let counted = (reader.1.load(Ordering::Relaxed), reader.2.load(Ordering::Relaxed));
        assert!(counted.0 <= reads && counted.1 <= read_bytes, "{counted:?}");
    }
}

/// The same bytes behind a reader that gives few at a time.
fn slow(bytes: &[u8]) -> Source {
    struct Slow(Vec<u8>);
    impl ReadAt for Slow {
        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
            let rest = &self.0[usize::try_from(offset).unwrap()..];
            let n = rest.len().min(buffer.len()).min(1_000);
            buffer[..n].copy_from_slice(&rest[..n]);
            Ok(n)
        }
    }
    Source::from_reader(Arc::new(Slow(bytes.to_vec())), to_u64(bytes.len()))
}
