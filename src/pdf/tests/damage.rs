//! Damaged ends, damaged objects, and files cut anywhere.

use super::build::{Build, CATALOG, PAGE, PAGES, code, deflate, kinds, open, used};
use crate::error::{Error, ErrorCode};
use crate::pdf::{Entry, Object, Reference, first_page};
use crate::source::to_u64;
use crate::{Limits, fuzzing};

#[test]
fn names_what_is_wrong_with_the_ends() {
    let good = Build::minimal().table("").bytes;
    let with = |from: &str, to: &str| {
        let text: String = good.iter().map(|byte| char::from(*byte)).collect();
        text.replace(from, to).chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect::<Vec<u8>>()
    };
    let cases = [
        (Vec::new(), ErrorCode::PdfNotPdf),
        (b"PK\x03\x04".to_vec(), ErrorCode::PdfNotPdf),
        ([b"HTTP/1.1 200 OK\r\n\r\n", good.as_slice()].concat(), ErrorCode::PdfHeader),
        ([good.as_slice(), b"4 0 obj"].concat(), ErrorCode::PdfTail),
        (with("startxref", "startxerf"), ErrorCode::PdfStartxref),
        (with("startxref\n", "startxref\nx"), ErrorCode::PdfStartxref),
        (with("startxref\n", "startxref\n99"), ErrorCode::PdfStartxref),
        (with("startxref\n", "startxref\n0 "), ErrorCode::PdfTruncated),
        (with("%%EOF", "%%EO"), ErrorCode::PdfTruncated),
    ];
    for (i, (bytes, expected)) in cases.into_iter().enumerate() {
        assert_eq!(code(&bytes), expected, "case {i}");
    }
}

#[test]
fn finds_the_end_behind_much_white_space() {
    let mut bytes = Build::minimal().table("").bytes;
    bytes.extend(std::iter::repeat_n(b'\n', 300_000));
    assert!(used(&bytes, &Limits::default()).is_ok());
    bytes.push(b'x');
    let Err(Error::Malformed(fault)) = open(&bytes) else { panic!("accepted") };
    assert_eq!((fault.code, fault.offset), (ErrorCode::PdfTail, Some(to_u64(bytes.len()) - 1)));
}

#[test]
fn a_cut_file_is_refused_unless_cut_at_the_end_of_a_revision() {
    for (name, build) in kinds() {
        let bytes = &build.bytes;
        let ends: Vec<u64> = build.open().unwrap().revisions().unwrap().iter().map(|revision| revision.end).collect();
        for cut in 0..bytes.len() {
            let opened = used(&bytes[..cut], &Limits::default()).is_ok();
            // The end of line after the mark may be missing.
            let at_end = ends.iter().any(|end| to_u64(cut) == *end || to_u64(cut) + 1 == *end);
            assert_eq!(opened, at_end, "{name} cut at {cut}");
        }
    }
}

#[test]
fn every_changed_byte_gives_an_answer() {
    for (_, build) in kinds() {
        for place in 0..build.bytes.len() {
            let mut bytes = build.bytes.clone();
            bytes[place] ^= 0x11;
            fuzzing::pdf_open(&bytes);
            bytes.remove(place);
            fuzzing::pdf_open(&bytes);
        }
    }
}

#[test]
fn refuses_objects_that_two_readers_may_read_differently() {
    let page = |body: &str| Build::new().object(1, CATALOG).object(2, PAGES).object(3, body).table("").code();
    assert_eq!(page("<</Type/Page/Rotate 90/Parent 2 0 R/Rotate 0>>"), ErrorCode::PdfDuplicateKey);
    assert_eq!(page("<</Type/Page/Rotate 90/Parent 2 0 R/#52otate 0>>"), ErrorCode::PdfDuplicateKey);
    assert_eq!(page("<</Type/Page/A 9223372036854775808>>"), ErrorCode::PdfSyntax);
    let same = Build::new().object(1, CATALOG).object(2, PAGES).object(3, "<</Type/Page/Rotate 0/Rotate 0>>").table("");
    assert!(first_page(&same.open().unwrap()).is_ok());
}

#[test]
fn refuses_broken_objects() {
    let page = |body: &str| Build::new().object(1, CATALOG).object(2, PAGES).object(3, body).table("").code();
    for body in
        ["<</Type/Page", "<</Type/Page>> x", "<</Type/Page/A>>", "<</Type/Page/A<4x>>>", "<<Type/Page>>", "]", "--"]
    {
        assert_eq!(page(body), ErrorCode::PdfSyntax, "{body}");
    }
    assert_eq!(page("<</A(((>>"), ErrorCode::PdfTruncated);
    assert_eq!(page("<</Type/Page>>stream"), ErrorCode::PdfPages);
    assert_eq!(page("<</Type/Page>>stream x"), ErrorCode::PdfStream);
    assert_eq!(page(&format!("<</A{}>>", "[".repeat(1_000))), ErrorCode::LimitExceeded);
    assert_eq!(page(&format!("<</{}/B>>", "A".repeat(2_000))), ErrorCode::LimitExceeded);
    assert_eq!(page("5"), ErrorCode::PdfPages);
    assert_eq!(page("<</Type/Font>>"), ErrorCode::PdfPages);
}

#[test]
fn refuses_wrong_places() {
    let listed = |number, entry| {
        let mut build = Build::minimal();
        build.list(number, entry);
        build.table("").code()
    };
    let at = |offset| Entry::Offset { offset, generation: 0 };
    let first = 15;
    assert_eq!(listed(3, at(first)), ErrorCode::PdfObjectNumber);
    assert_eq!(listed(3, at(first + 1)), ErrorCode::PdfObjectNumber);
    assert_eq!(listed(3, at(999_999)), ErrorCode::PdfTruncated);
    assert_eq!(listed(1, at(0)), ErrorCode::PdfCatalog);
    let mut build = Build::minimal();
    build.list(3, Entry::Offset { offset: first, generation: 1 });
    let document = build.table("").open().unwrap();
    assert_eq!(first_page(&document).unwrap_err().code(), ErrorCode::PdfPages);
    let other = Reference { number: 3, generation: 1 };
    assert_eq!(document.location(other).unwrap_err().code(), ErrorCode::PdfObjectNumber);
}

#[test]
fn refuses_broken_object_streams() {
    let with = |dictionary: &str, data: &[u8]| {
        let mut build = Build::new().object(1, CATALOG).object(2, PAGES).stream(4, dictionary, data);
        build.list(3, Entry::InStream { stream: 4, index: 0 });
        build.xref_stream(5, "").code()
    };
    let page = format!("3 0 {PAGE}");
    let good = "/Type/ObjStm/N 1/First 4";
    assert_eq!(with(good, b"7 0 (other)"), ErrorCode::PdfObjectStream);
    assert_eq!(with("/N 1/First 4", page.as_bytes()), ErrorCode::PdfObjectStream);
    assert_eq!(with("/Type/ObjStm/N 1/First 400", page.as_bytes()), ErrorCode::PdfObjectStream);
    assert_eq!(with("/Type/ObjStm/N 1/First -4", page.as_bytes()), ErrorCode::PdfObjectStream);
    assert_eq!(with("/Type/ObjStm/N 1000000000000/First 4", page.as_bytes()), ErrorCode::PdfObjectStream);
    assert_eq!(with("/Type/ObjStm/N 0/First 4", page.as_bytes()), ErrorCode::PdfObjectStream);
    assert_eq!(with(good, b"3 999 x"), ErrorCode::PdfObjectStream);
    assert_eq!(with(good, b"3 0 <<"), ErrorCode::PdfSyntax);
    assert_eq!(with(&format!("{good}/Filter/DCTDecode"), page.as_bytes()), ErrorCode::PdfFilter);
    assert_eq!(with(&format!("{good}/Filter/FlateDecode"), page.as_bytes()), ErrorCode::PdfFilterData);
    let bomb = deflate(&vec![b' '; 70 << 20]);
    assert_eq!(with(&format!("{good}/Filter/FlateDecode"), &bomb), ErrorCode::LimitExceeded);
}

#[test]
fn checks_the_length_of_streams() {
    let with = |length: &str, more: &str| {
        let mut build = Build::new().object(1, CATALOG).object(2, PAGES);
        build.list(4, Entry::Offset { offset: build.at(), generation: 0 });
        let data = format!("3 0 {PAGE}");
        let heading = format!("4 0 obj\n<</Type/ObjStm/N 1/First 4/Length {length}>>\nstream\r\n");
        build = build.raw(heading).raw(data).raw("\r\nendstream\nendobj\n");
        build.list(3, Entry::InStream { stream: 4, index: 0 });
        let build = if more.is_empty() { build } else { build.object(6, more) };
        used(&build.xref_stream(5, "").bytes, &Limits::default()).map(drop).map_err(|error| error.code())
    };
    let len = (PAGE.len() + 4).to_string();
    assert_eq!(with(&len, ""), Ok(()));
    assert_eq!(with("6 0 R", &len), Ok(()));
    assert_eq!(with("9", ""), Err(ErrorCode::PdfStream));
    assert_eq!(with("-1", ""), Err(ErrorCode::PdfStream));
    assert_eq!(with("6 0 R", "(text)"), Err(ErrorCode::PdfStream));
    assert_eq!(with("99999", ""), Err(ErrorCode::PdfTruncated));
    assert_eq!(with("3 0 R", ""), Err(ErrorCode::PdfObjectCycle));
}

#[test]
fn chains_of_references_end() {
    let mut build = Build::minimal().object(10, "10 0 R").object(11, "12 0 R").object(12, "11 0 R");
    for number in 20..60 {
        build = build.object(number, &format!("{} 0 R", number + 1));
    }
    let document = build.object(60, "(end)").table("").open().unwrap();
    let resolve = |number| document.resolve(&Object::Reference(Reference { number, generation: 0 }));
    assert_eq!(resolve(10).unwrap_err().code(), ErrorCode::PdfObjectCycle);
    assert_eq!(resolve(11).unwrap_err().code(), ErrorCode::PdfObjectCycle);
    assert_eq!(resolve(20).unwrap_err().code(), ErrorCode::LimitExceeded);
    assert!(matches!(resolve(40).unwrap(), Object::String(_)));
    assert!(resolve(0).unwrap().is_null());
}

#[test]
fn reads_and_sizes_are_bounded() {
    let build =
        Build::new().object(1, CATALOG).object(2, PAGES).object(3, &format!("<</Type/Page/A({})>>", "x".repeat(9_000)));
    let bytes = build.table("").bytes;
    for limits in
        [Limits { pdf_reads: 2, ..Limits::default() }, Limits { pdf_object_bytes: 5_000, ..Limits::default() }]
    {
        assert_eq!(used(&bytes, &limits).unwrap_err().code(), ErrorCode::LimitExceeded);
    }
}
