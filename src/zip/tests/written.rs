//! What the writer writes, and that the reader reads it.

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
    assert_eq!(stored_len("ā", 2), 34);
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
