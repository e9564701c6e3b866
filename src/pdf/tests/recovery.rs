//! What recovery lifts, and what a scan finds.

use super::build::{Build, CATALOG, PAGE, PAGES, kinds, open};
use crate::error::{Error, ErrorCode};
use crate::pdf::{Document, Object, Recovery, Reference, SectionKind, fields, first_page};
use crate::{Limits, Source};

fn text(document: &Document, number: u32) -> String {
    match document.object(Reference { number, generation: 0 }).unwrap() {
        Object::String(string) => string.to_text(),
        other => format!("{other:?}"),
    }
}

#[test]
fn sound_files_are_not_rebuilt() {
    for (name, build) in kinds() {
        let document = build.rebuild().unwrap();
        assert!(!document.is_rebuilt() && !document.has_tail(), "{name}");
    }
}

#[test]
fn the_tail_is_lifted_without_rebuilding() {
    let tail = Build::minimal().table("").raw("half a revision").rebuild().unwrap();
    assert!(!tail.is_rebuilt() && tail.has_tail());
    let half = Build::minimal().object(7, "(old)").table("").object(7, "(new)").rebuild().unwrap();
    assert_eq!((half.is_rebuilt(), text(&half, 7)), (false, "old".to_owned()));
}

#[test]
fn bytes_before_the_header_are_never_lifted() {
    // Offsets that count from the header, and from the beginning of the file.
    let relative = |before: &[u8]| {
        let mut build = Build::minimal().table("");
        build.bytes.splice(0..0, before.iter().copied());
        build
    };
    let absolute = |before: &[u8]| {
        let mut build = Build { bytes: [before, &Build::new().bytes].concat(), ..Build::new() };
        build = build.object(1, CATALOG).object(2, PAGES).object(3, PAGE);
        build.table("")
    };
    let junk = vec![b'x'; 1_000];
    for before in [b"\xef\xbb\xbf".as_slice(), b"\n", b"\r\n", b" ", b"\0", b"MIME-Version: 1.0\n\n", &junk] {
        assert!(open(&relative(before).bytes[before.len()..]).is_ok(), "what is left is sound");
        for build in [relative(before), absolute(before)] {
            for opened in [build.open(), build.rebuild()] {
                let Err(Error::Malformed(fault)) = opened else { panic!("opened") };
                let len = u64::try_from(before.len()).unwrap();
                assert_eq!((fault.code, fault.offset, fault.found), (ErrorCode::PdfHeader, Some(0), Some(len)));
                let remedy = format!("cut them off, as `tail -c +{}` does", len + 1);
                assert!(fault.to_string().ends_with(&remedy), "{fault}");
            }
        }
    }
}

#[test]
fn a_scan_takes_the_last_of_each_object() {
    let broken = Build::minimal().object(7, "(old)").object(7, "(new)").raw("trailer <</Root 1 0 R/ID[(a)(b)]>>");
    let document = broken.rebuild().unwrap();
    assert!(document.is_rebuilt());
    assert_eq!((document.kind(), document.size(), text(&document, 7)), (SectionKind::Table, 8, "new".to_owned()));
    assert!(document.trailer().get("ID").is_some());
    let numbers: Vec<_> = document.in_use().unwrap().iter().map(|(number, _)| *number).collect();
    assert_eq!(numbers, [1, 2, 3, 7]);
}

#[test]
fn a_scan_reads_object_streams_in_the_order_of_the_file() {
    let build = Build::new()
        .object(8, "(first)")
        .object_stream(4, "", &[(1, CATALOG), (2, PAGES), (3, PAGE), (8, "(second)"), (9, "(first)")])
        .object(9, "(second)");
    for whole in [build.clone().xref_stream(5, ""), build] {
        let mut bytes = whole.bytes;
        bytes.extend_from_slice(b"\nstartxref\n7\n%%EOF\n");
        let source = Source::from_bytes(bytes);
        let document = Document::open(&source, &Limits::default(), Recovery::Rebuild).unwrap();
        assert!(document.is_rebuilt());
        assert_eq!(document.kind(), SectionKind::Stream);
        assert_eq!((text(&document, 8), text(&document, 9)), ("second".into(), "second".into()));
        assert!(first_page(&document).is_ok() && fields(&document).is_ok());
    }
}

#[test]
fn a_scan_steps_over_the_data_of_streams() {
    let inner = Build::minimal().object(7, "(inner)").table("").bytes;
    let build = Build::minimal().object(7, "(outer)").stream(8, "", &inner);
    let document = build.clone().raw("trailer<</Root 1 0 R>>").rebuild().unwrap();
    assert_eq!(text(&document, 7), "outer");
    let encrypted = build.raw("trailer<</Root 1 0 R/Encrypt 9 0 R>>").rebuild();
    assert_eq!(encrypted.err().unwrap().code(), ErrorCode::PdfEncrypted);
}

#[test]
fn a_scan_ends_with_an_error_where_nothing_can_be_found() {
    let code = |build: Build| build.rebuild().err().unwrap().code();
    assert_eq!(code(Build::new()), ErrorCode::PdfTrailer);
    assert_eq!(code(Build::new().object(1, CATALOG)), ErrorCode::PdfPages);
    assert_eq!(code(Build::new().object(99_999_999, "1")), ErrorCode::LimitExceeded);
    let twice = Build::minimal().object(3, "<</Type/Page/A 1/A 2>>");
    assert_eq!(code(twice), ErrorCode::PdfDuplicateKey);
    let limits = Limits { pdf_rebuild_bytes: 10, ..Limits::default() };
    let source = Source::from_bytes(Build::minimal().bytes);
    let error = Document::open(&source, &limits, Recovery::Rebuild).err().unwrap();
    assert_eq!(error.code(), ErrorCode::LimitExceeded);
}

#[test]
fn a_scan_takes_linear_time() {
    for piece in ["1 0 obj <<", "1 0 obj (", "1 0 obj [", "1 0 obj <", "trailer <</A ", "1 0 obj<<>>stream\n"] {
        let mut build = Build::minimal();
        for _ in 0..(1 << 20) / piece.len() {
            build.bytes.extend_from_slice(piece.as_bytes());
        }
        // Either answer is fine; that there is one soon is the point.
        let _ = build.rebuild();
    }
}
