//! Signatures that a document has already: each that is not sound is told of, in the read that hashes the document.

use std::io;
use std::sync::{Arc, Mutex};

use eseal::{DataFile, Document, Error, ErrorCode, Limits, ReadAt, Source};

use crate::key::{file, moment, plan, sign};
use crate::sign::signed;

fn open(bytes: &[u8]) -> Document {
    Document::open(Source::from_bytes(bytes), &Limits::default()).unwrap()
}

/// Signatures that are not sound: where they stand, the code, what is wrong.
fn unsound(bytes: &[u8]) -> Vec<(String, ErrorCode, Option<&'static str>)> {
    let prepared = open(bytes).prepare(&plan("p256"), moment(99)).unwrap();
    let state = prepared.to_state().unwrap();
    let resumed = eseal::Prepared::resume(&state, Source::from_bytes(bytes), &Limits::default()).unwrap();
    assert!(resumed.unsound().is_empty());
    let detail = |error: &Error| match error {
        Error::Refused(refusal) => refusal.detail,
        other => panic!("{other}"),
    };
    prepared.unsound().iter().map(|(name, error)| (name.clone(), error.code(), detail(error))).collect()
}

#[track_caller]
fn is_broken(bytes: &[u8], name: &str, detail: &str) {
    assert_eq!(unsound(bytes), [(name.to_owned(), ErrorCode::SignatureBroken, Some(detail))]);
    let strict = open(bytes).prepare(&plan("p256").require_sound(), moment(99));
    assert_eq!(strict.unwrap_err().code(), ErrorCode::SignatureBroken);
}

/// A PDF that is changed where no reader looks, after `count` signatures.
fn altered(count: u8) -> Vec<u8> {
    let mut bytes = file("pdf/table-lf.pdf");
    (1..=count).for_each(|n| bytes = signed(&bytes, n));
    // The comment of binary bytes behind the header.
    let at = bytes.iter().position(|byte| *byte >= 0x80).unwrap();
    bytes[at] ^= 1;
    bytes
}

#[test]
fn sound_signatures_get_no_word() {
    for name in ["table-lf", "xref-stream", "revisions"] {
        let bytes = file(&format!("pdf/{name}.pdf"));
        assert!(unsound(&bytes).is_empty());
        let once = signed(&bytes, 1);
        assert!(unsound(&once).is_empty());
        assert!(unsound(&signed(&once, 2)).is_empty(), "{name}");
        open(&once).prepare(&plan("p256").require_sound(), moment(3)).unwrap();
    }
    for name in ["dss-b-lta-p256-second", "pyhanko-b-lta-eseal-p384", "dss-b-t-p256-docmdp2-second"] {
        assert!(unsound(&file(&format!("pdf/signed/{name}.pdf"))).is_empty(), "{name}");
    }
    for name in ["dss-lta-rsa", "libdigidocpp-lta-p384"] {
        assert!(unsound(&file(&format!("asice/{name}.asice"))).is_empty(), "{name}");
    }
}

#[test]
fn a_document_that_was_changed_after_it_was_signed() {
    is_broken(&altered(1), "Signature1", "the signed digest is not the document's");
    let names: Vec<String> = unsound(&altered(3)).into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["Signature1", "Signature2", "Signature3"]);
}

#[test]
fn sixteen_are_looked_at_but_all_where_it_is_required() {
    let mut bytes = file("pdf/table-lf.pdf");
    (1..=17).for_each(|n| bytes = signed(&bytes, n));
    // The value of the last one: its ByteRange leaves it out, so that its digest stays.
    let at = bytes.windows(9).rposition(|window| window == b"/Contents").unwrap();
    let value = at + bytes[at..].windows(4).position(|window| window == b"0000").unwrap() - 40;
    bytes[value] = if bytes[value] == b'1' { b'2' } else { b'1' };
    assert!(unsound(&bytes).is_empty());
    let strict = open(&bytes).prepare(&plan("p256").require_sound(), moment(99));
    assert_eq!(strict.unwrap_err().code(), ErrorCode::SignatureBroken);
}

#[test]
fn a_placeholder_that_was_never_filled() {
    let unfilled = file("pdf/unfilled.pdf");
    is_broken(&unfilled, "Signature1", "its placeholder was never filled");
    let mut out = Vec::new();
    let prepared = open(&file("pdf/table-lf.pdf")).prepare(&plan("p256"), moment(1)).unwrap();
    prepared.output().unwrap().write_to(&mut out).unwrap();
    is_broken(&out, "Signature1", "its placeholder was never filled");
}

#[test]
fn a_byte_range_that_is_odd() {
    let bytes = signed(&file("pdf/table-lf.pdf"), 1);
    let at = bytes.windows(12).position(|window| window == b"/ByteRange [").unwrap() + 12;
    let mut odd = bytes;
    // Not from the first byte on.
    assert_eq!(&odd[at..at + 2], b"0 ");
    odd[at] = b'1';
    is_broken(&odd, "Signature1", "its ByteRange is not one around its Contents");
}

#[test]
fn another_kind_is_no_forgery() {
    let bytes = signed(&file("pdf/table-lf.pdf"), 1);
    let from = b"/SubFilter /ETSI.CAdES.detached";
    let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
    let mut other = bytes;
    other[at..at + from.len()].copy_from_slice(b"/SubFilter /adbe.pkcs7.sha1    ");
    let found = unsound(&other);
    assert_eq!(found, [("Signature1".to_owned(), ErrorCode::SignatureKind, None)]);
    let strict = open(&other).prepare(&plan("p256").require_sound(), moment(99));
    assert_eq!(strict.unwrap_err().code(), ErrorCode::SignatureKind);
}

#[test]
fn a_container_whose_signature_was_altered() {
    let files = vec![DataFile::new("a.txt", Source::from_bytes("text"))];
    let document = Document::new_container(files, &Limits::default()).unwrap();
    let prepared = document.prepare(&plan("p256").compress(eseal::Compress::Store), moment(1)).unwrap();
    let value = sign(prepared.to_be_signed());
    let mut bytes = Vec::new();
    prepared.finalize(value).unwrap().output().write_to(&mut bytes).unwrap();
    assert!(unsound(&bytes).is_empty());
    let changed = with_signature(&bytes, |text| text.replacen("<xades:SigningTime>2", "<xades:SigningTime>1", 1));
    is_broken(&changed, "META-INF/signatures0.xml", "its signed properties are not those that were signed");
}

/// The container with another signature file: what it says is replaced by as many bytes, and its CRC-32 with it.
fn with_signature(container: &[u8], change: impl Fn(String) -> String) -> Vec<u8> {
    let inspection = open(container).inspect().unwrap().into_container().unwrap();
    let entry = inspection.entries.iter().find(|entry| entry.name == "META-INF/signatures0.xml").unwrap();
    assert_eq!(entry.method, "stored");
    let start = container.windows(5).rposition(|window| window == b"<?xml").unwrap();
    let end = start + usize::try_from(entry.bytes).unwrap();
    let old = container[start..end].to_vec();
    let new = change(String::from_utf8(old.clone()).unwrap()).into_bytes();
    assert!(new != old && new.len() == old.len());
    let (old_crc, new_crc) = (crc32fast::hash(&old).to_le_bytes(), crc32fast::hash(&new).to_le_bytes());
    let mut bytes = [&container[..start], &new, &container[end..]].concat();
    for at in 0..bytes.len() - 4 {
        if bytes[at..at + 4] == old_crc {
            bytes[at..at + 4].copy_from_slice(&new_crc);
        }
    }
    bytes
}

#[test]
fn the_document_is_read_once_for_all_of_it() {
    let read = |bytes: Vec<u8>| {
        let len = u64::try_from(bytes.len()).unwrap();
        let counted = Arc::new(Counted { bytes, read: Mutex::new(0) });
        let document =
            Document::open(Source::from_reader(Arc::<Counted>::clone(&counted), len), &Limits::default()).unwrap();
        let before = *counted.read.lock().unwrap();
        let prepared = document.prepare(&plan("p256"), moment(9)).unwrap();
        let after = *counted.read.lock().unwrap();
        (prepared.unsound().len(), after - before, len)
    };
    // Long enough that the windows around what is parsed are little of it.
    let long = |count: u8| {
        let mut bytes = file("pdf/table-lf.pdf");
        let at = bytes.iter().position(|byte| *byte >= 0x80).unwrap();
        let end = at + bytes[at..].iter().position(|byte| *byte == b'\n').unwrap();
        assert!(end < bytes.len());
        bytes.extend(b"\n%".iter().chain(&[b'x'; 1 << 20]).chain(b"\n"));
        let again = String::from_utf8_lossy(&file("pdf/table-lf.pdf")).into_owned();
        let start = again[again.rfind("startxref").unwrap()..].to_owned();
        bytes.extend(start.as_bytes());
        (1..=count).for_each(|n| bytes = signed(&bytes, n));
        let at = bytes.iter().position(|byte| *byte >= 0x80).unwrap();
        bytes[at] ^= 1;
        bytes
    };
    let (none, plain, len) = read(long(0));
    let (three, looked, longer) = read(long(3));
    assert_eq!((none, three), (0, 3));
    assert!(plain < len + (1 << 18), "{plain} of {len}");
    assert!(looked < longer + (1 << 19), "{looked} of {longer}");
}

struct Counted {
    bytes: Vec<u8>,
    read: Mutex<u64>,
}

impl ReadAt for Counted {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let start = usize::try_from(offset).unwrap();
        buffer.copy_from_slice(&self.bytes[start..start + buffer.len()]);
        *self.read.lock().unwrap() += u64::try_from(buffer.len()).unwrap();
        Ok(buffer.len())
    }
}
