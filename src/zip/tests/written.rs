//! What the writer writes, and that the reader reads it.

use super::build::*;
use super::deflate::deflated;
use super::*;

#[test]
fn mimetype_is_the_vector() {
    let bytes = written(|writer| writer.mimetype(b"application/vnd.etsi.asic-e+zip"));
    let expected = "504b03040a0000000000000021008a21f9451f0000001f000000080000006d696d65747970656170706c69636174696f6e2f766e642e657473692e617369632d652b7a6970";
    let found: String = bytes[..69].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(found, expected);
    let archive = open(&bytes).unwrap();
    assert_eq!(archive.directory_offset(), 69);
    assert_eq!(archive.entries()[0].data, 38..69);
    assert_eq!(archive.entries()[0].flags, 0);
}

#[test]
fn an_entry_is_written_byte_by_byte_as_agreed() {
    let bytes = written(|writer| writer.bytes("ā", noon(), Packing::Store, b"hi"));
    let mut expected =
        b"PK\x03\x04\x14\0\0\x08\0\0\x5c\x64\x22\x5c\xac\x2a\x93\xd8\x02\0\0\0\x02\0\0\0\x02\0\0\0\xc4\x81hi".to_vec();
    expected.extend(b"PK\x01\x02\x14\0\x14\0\0\x08\0\0\x5c\x64\x22\x5c\xac\x2a\x93\xd8\x02\0\0\0\x02\0\0\0\x02\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\xc4\x81");
    expected.extend(b"PK\x05\x06\0\0\0\0\x01\0\x01\0\x30\0\0\0\x22\0\0\0\0\0");
    assert_eq!(bytes, expected);
}

#[test]
fn reads_what_it_wrote() {
    let text = b"a sentence that comes back again and again. ".repeat(4_000);
    let bytes = written(|writer| {
        writer.mimetype(b"application/x")?;
        writer.bytes("empty", noon(), Packing::Store, b"")?;
        writer.bytes("empty too", noon(), Packing::Deflate(6), b"")?;
        writer.bytes("text", noon(), Packing::Deflate(2), &text)?;
        writer.stored("copied", noon(), crc32fast::hash(&text), u64::try_from(text.len()).unwrap(), &mut |sink| {
            sink.copy(&Source::from_bytes(&text[..]), 0..100, &mut |_| {})?;
            sink.write(&text[100..])
        })?;
        writer.deflated("streamed", noon(), 9, u64::try_from(text.len()).unwrap(), &mut |take| {
            text.chunks(777).try_for_each(take)
        })
    });
    let archive = open(&bytes).unwrap();
    let names: Vec<_> = archive.entries().iter().map(|entry| entry.name.as_str()).collect();
    assert_eq!(names, ["mimetype", "empty", "empty too", "text", "copied", "streamed"]);
    assert!(archive.remarks().is_empty());
    for name in ["text", "copied", "streamed"] {
        assert_eq!(content(&archive, name), text, "{name}");
    }
    assert!(content(&archive, "empty").is_empty() && content(&archive, "empty too").is_empty());
    assert!(archive.entries().iter().all(|entry| !entry.has_descriptor));
}

#[test]
fn what_is_large_when_packed_is_streamed() {
    let noise = noise(5 << 20);
    let size = to_u64(noise.len());
    let make = |piece: usize| {
        written(|writer| {
            writer.deflated("noise", noon(), 6, size, &mut |take| noise.chunks(piece).try_for_each(&mut *take))?;
            writer.bytes("after", noon(), Packing::Store, b"after")
        })
    };
    let bytes = make(noise.len());
    let archive = open(&bytes).unwrap();
    let entry = &archive.entries()[0];
    assert_eq!((entry.flags, entry.has_descriptor, entry.end - entry.data.end), (0x808, true, 16));
    assert!(content(&archive, "noise") == noise && content(&archive, "after") == b"after");
    assert!(archive.remarks().is_empty());
    assert!(make(9_973) == bytes, "the same bytes, however they come");
}

#[test]
fn deflates_the_same_however_content_is_cut() {
    let text: Vec<u8> = noise(300_000).iter().map(|byte| byte % 9).collect();
    for level in 1..=9 {
        let whole = deflated(&text, level).unwrap();
        for piece in [1_000, 65_535, 65_536, 65_537, 200_000] {
            let mut deflating = super::deflate::Deflating::new(level, to_u64(text.len())).unwrap();
            let mut out = Vec::new();
            text.chunks(piece).for_each(|piece| deflating.push(piece, &mut out).unwrap());
            assert_eq!(deflating.finish(&mut out).unwrap(), to_u64(out.len()));
            assert!(out == whole, "level {level}, pieces of {piece}");
        }
    }
    assert!(deflated(b"", 0).is_err() && deflated(b"", 10).is_err());
}

#[test]
fn nothing_shrinks_beyond_what_a_reader_accepts() {
    for (zeros, rest) in [(1 << 20, 0), ((1 << 20) + 1, 0), (20 << 20, 0), (20 << 20, 3_000), (3 << 20, 70_000)] {
        let mut data = vec![0; zeros];
        data.extend(noise(rest));
        for level in [1, 2, 9] {
            let bytes = written(|writer| writer.bytes("zeros", noon(), Packing::Deflate(level), &data));
            let archive = open(&bytes).unwrap();
            let entry = &archive.entries()[0];
            assert!(content(&archive, "zeros") == data);
            let needed = if data.len() > 1 << 20 { entry.size.div_ceil(200) } else { 0 };
            assert!(entry.packed >= needed && entry.packed < needed + 200_000, "{zeros} {rest} {}", entry.packed);
        }
    }
}

#[test]
fn content_of_another_size_is_a_changed_document() {
    let mut bytes = Vec::new();
    let mut stream = Stream(&mut bytes);
    let mut writer = Writer::new(&mut stream);
    for size in [2, 4] {
        let deflated = writer.deflated("a", noon(), 2, size, &mut |take| take(b"123"));
        assert_eq!(deflated.unwrap_err().code(), ErrorCode::DocumentChanged);
        let stored = writer.stored("a", noon(), 0, size, &mut |sink| sink.write(b"123"));
        assert_eq!(stored.unwrap_err().code(), ErrorCode::DocumentChanged);
    }
}

#[test]
fn goes_on_with_a_directory_and_keeps_every_byte() {
    let old = Zip::of(&[
        Part::stored("mimetype", b"x").change(|part| part.local.extra = extra(0xcafe, &[1, 2])),
        Part::deflated("a", b"aaaaaaaaaaaaaaaaaa").change(|part| part.comment = b"made by hand".into()),
    ])
    .ending(|end| end.comment = b"kept".into());
    let archive = open(&old).unwrap();
    let kept = usize::try_from(archive.directory_offset()).unwrap();
    let mut bytes = old[..kept].to_vec();
    let mut stream = Stream(&mut bytes);
    let mut writer = Writer::continuing(&mut stream, archive.directory_offset(), archive.directory().unwrap());
    writer.bytes("META-INF/signatures0.xml", noon(), Packing::Store, b"<x/>").unwrap();
    assert_eq!(writer.finish(archive.comment()).unwrap(), to_u64(bytes.len()));
    let new = open(&bytes).unwrap();
    assert_eq!(&bytes[..kept], &old[..kept]);
    assert_eq!(new.entries()[..2], archive.entries()[..]);
    assert_eq!(content(&new, "META-INF/signatures0.xml"), b"<x/>");
    assert_eq!(new.comment(), b"kept");
    let start = usize::try_from(new.directory_offset()).unwrap();
    assert_eq!(bytes[start..start + 46 + 47 + 8 + 12], old[kept..old.len() - 26]);
}

#[test]
fn refuses_what_it_could_not_read_again() {
    for comment in [&b"PK\x05\x06"[..], &[b'c'; 65_536]] {
        let mut bytes = Vec::new();
        let mut stream = Stream(&mut bytes);
        assert_eq!(Writer::new(&mut stream).finish(comment).unwrap_err().code(), ErrorCode::Misuse);
    }
    let mut bytes = Vec::new();
    let mut stream = Stream(&mut bytes);
    let name = "n".repeat(65_536);
    assert!(Writer::new(&mut stream).bytes(&name, noon(), Packing::Store, b"").is_err());
}

#[test]
fn tells_times_as_fat_does() {
    for (time, expected) in [
        ("0001-01-01T00:00:00Z", [0, 0, 0x21, 0]),
        ("1979-12-31T23:59:59Z", [0, 0, 0x21, 0]),
        ("1980-01-01T00:00:01Z", [0, 0, 0x21, 0]),
        ("2026-01-02T12:34:57+00:00", [0x5c, 0x64, 0x22, 0x5c]),
        ("2107-12-31T23:59:59Z", [0x7d, 0xbf, 0x9f, 0xff]),
        ("9999-01-01T00:00:00Z", [0x7d, 0xbf, 0x9f, 0xff]),
    ] {
        let time = Time::parse_rfc3339(time).unwrap();
        let bytes = written(|writer| writer.bytes("a", time, Packing::Store, b""));
        assert_eq!(bytes[10..14], expected, "{time}");
    }
}

#[test]
fn decides_by_the_beginning_whether_to_deflate() {
    let decide = |probe: &[u8], size: u64| Compress::Auto.decide(probe, size, 200).unwrap().0;
    let text = b"Some words, and some other words that are not the same. ".repeat(1_000);
    assert_eq!(decide(&text, 60_000), Packing::Deflate(2));
    assert_eq!(decide(&text, 1 << 40), Packing::Deflate(2));
    assert_eq!(decide(&noise(65_536), 65_536), Packing::Store);
    assert_eq!(decide(b"", 0), Packing::Store);
    assert_eq!(decide(b"short", 5), Packing::Store);
    // Zeros shrink a thousandfold: that is a bomb above 1 MiB, and welcome below.
    assert_eq!(decide(&[0; 65_536], 1 << 20), Packing::Deflate(2));
    assert_eq!(decide(&[0; 65_536], (1 << 20) + 1), Packing::Store);
    // Only so much is looked at.
    assert_eq!(decide(&[noise(65_536), text.clone()].concat(), 1 << 20), Packing::Store);
    assert_eq!(Compress::Store.decide(&[0; 100], 100, 200).unwrap(), (Packing::Store, None));
    assert_eq!(Compress::Deflate(7).decide(b"x", 1, 200).unwrap(), (Packing::Deflate(7), None));
    // What was packed to decide is not packed again, where it is the whole file.
    let packed = deflated(&text, 2).unwrap();
    assert_eq!(Compress::Auto.decide(&text, 56_000, 200).unwrap().1, Some(packed));
    assert_eq!(Compress::Auto.decide(&text, 56_001, 200).unwrap().1, None);
    assert!(Compress::Deflate(0).decide(b"x", 1, 200).is_err() && Compress::Deflate(10).decide(b"x", 1, 200).is_err());
}

#[test]
fn compression_has_names() {
    for (name, compress) in [
        ("auto", Compress::Auto),
        ("store", Compress::Store),
        ("deflate:1", Compress::Deflate(1)),
        ("deflate:9", Compress::Deflate(9)),
    ] {
        assert_eq!(Compress::from_name(name).unwrap(), compress);
        assert_eq!(compress.to_string(), name);
    }
    assert_eq!(Compress::from_name("Deflate").unwrap(), Compress::Deflate(6));
    assert_eq!(Compress::default(), Compress::Auto);
    for name in ["", "deflate:", "deflate:0", "deflate:10", "deflate:a", "deflate6", "zstd", "stored"] {
        assert!(Compress::from_name(name).is_err(), "{name}");
    }
}

/// Bytes that nothing makes shorter, the same each time.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1_u64;
    let next = || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}

#[test]
fn any_number_of_small_files_is_read_again_however_they_shrink() {
    let zeros = vec![0; 1 << 20];
    let (crc32, size) = (crc32fast::hash(&zeros), to_u64(zeros.len()));
    let packed = deflated(&zeros, 6).unwrap();
    assert!(packed.len() < zeros.len() / 900);
    let bytes = written(|writer| {
        writer.bytes("first", noon(), Packing::Deflate(6), &zeros)?;
        (0..600).try_for_each(|n| writer.packed(&format!("f{n}"), noon(), crc32, size, packed.clone()))?;
        writer.deflated("last", noon(), 6, size, &mut |take| take(&zeros))
    });
    let archive = open(&bytes).unwrap();
    for name in ["first", "f599", "last"] {
        let entry = archive.find(name).unwrap();
        assert!(entry.packed * Limits::default().zip_ratio >= entry.size, "{name}");
        assert_eq!(content(&archive, name), zeros, "{name}");
    }
    // What shrinks as files do is packed as ever.
    let text = b"a line of an honest protocol\n".repeat(500);
    let bytes = written(|writer| writer.bytes("text", noon(), Packing::Deflate(6), &text));
    assert_eq!(open(&bytes).unwrap().find("text").unwrap().packed, to_u64(deflated(&text, 6).unwrap().len()));
}
