//! The kinds of sections, alone and together, and what is tolerated in them.

use std::sync::Arc;

use super::build::{Build, CATALOG, PAGE, PAGES, code, hybrid, kinds, linearized, open, used};
use crate::error::ErrorCode;
use crate::pdf::{Document, Entry, Object, Recovery, Reference, SectionKind, first_page, page_number};
use crate::source::ReadAt;
use crate::{Limits, Source};

fn reference(number: u32) -> Reference {
    Reference { number, generation: 0 }
}

#[test]
fn opens_every_kind() {
    let found: Vec<_> = kinds()
        .into_iter()
        .map(|(name, build)| {
            let document = build.open().unwrap();
            let (page, _) = first_page(&document).unwrap();
            assert_eq!((page, page_number(&document, page).unwrap()), (reference(3), Some(1)), "{name}");
            assert_eq!(document.startxref(), build.last.unwrap(), "{name}");
            assert!(!document.is_rebuilt() && !document.has_tail(), "{name}");
            let revisions = document.revisions().unwrap();
            assert_eq!(revisions.last().unwrap().end, build.at(), "{name}");
            (name, document.kind(), document.size(), revisions.len())
        })
        .collect();
    let expected = [
        ("table", SectionKind::Table, 4, 1),
        ("stream", SectionKind::Stream, 5, 1),
        ("objects", SectionKind::Stream, 6, 1),
        ("updated", SectionKind::Table, 5, 2),
        ("updated stream", SectionKind::Stream, 8, 2),
        ("hybrid", SectionKind::Hybrid, 7, 1),
        ("linearized", SectionKind::Table, 5, 1),
    ];
    assert_eq!(found, expected);
}

#[test]
fn reads_the_same_through_any_source() {
    struct Slow(Vec<u8>);
    impl ReadAt for Slow {
        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
            let rest = &self.0[usize::try_from(offset).unwrap()..];
            let len = rest.len().min(buffer.len()).min(1_000);
            buffer[..len].copy_from_slice(&rest[..len]);
            Ok(len)
        }
    }
    for (name, build) in kinds() {
        let padded = build.clone().object(9, &format!("({})", "x".repeat(30_000))).table("");
        let half = padded.bytes.len() / 2;
        let memory = Source::from_bytes(&padded.bytes[..half]);
        let slow = Source::from_reader(Arc::new(Slow(padded.bytes.clone())), padded.at());
        for source in [memory.joined(Arc::new(padded.bytes[half..].to_vec())), slow] {
            let document = Document::open(&source, &Limits::default(), Recovery::Refuse).unwrap();
            let Object::String(long) = document.object(reference(9)).unwrap() else { panic!("{name}") };
            assert_eq!(long.decode().len(), 30_000);
            assert_eq!(first_page(&document).unwrap().0, reference(3), "{name}");
        }
    }
}

#[test]
fn finds_entries_and_locations() {
    let build = Build::new().object_stream(4, "", &[(1, CATALOG), (2, PAGES)]).object(3, PAGE).xref_stream(5, "");
    let offset = match build.open().unwrap().entry(3).unwrap() {
        Some(Entry::Offset { offset, generation: 0 }) => offset,
        other => panic!("{other:?}"),
    };
    let document = build.open().unwrap();
    assert_eq!(document.location(reference(3)).unwrap(), Some(offset));
    assert_eq!(document.location(reference(2)).unwrap(), None);
    assert_eq!(document.entry(2).unwrap(), Some(Entry::InStream { stream: 4, index: 1 }));
    assert_eq!(document.entry(99).unwrap(), None);
    let numbers: Vec<_> = document.in_use().unwrap().into_iter().map(|(number, _)| number).collect();
    assert_eq!(numbers, [1, 2, 3, 4, 5]);
}

#[test]
fn newer_revisions_win_and_freed_objects_are_gone() {
    let build = Build::minimal().object(4, "(old)").object(5, "(kept)").table("");
    let build = build.object(4, "(new)").table("");
    let at = build.at();
    let freed =
        format!("xref\n4 1\n0000000000 00001 f \ntrailer\n<</Size 6/Root 1 0 R/Prev {}>>\n", build.last.unwrap());
    let document = build.open().unwrap();
    let text = |document: &Document, number| match document.object(reference(number)).unwrap() {
        Object::String(string) => string.to_text(),
        other => format!("{other:?}"),
    };
    assert_eq!((text(&document, 4), text(&document, 5)), ("new".into(), "kept".into()));
    let document = build.section(&freed).open().unwrap();
    assert_eq!((text(&document, 4), text(&document, 5)), ("Null".into(), "kept".into()));
    let ends: Vec<_> = document.revisions().unwrap().iter().map(|revision| revision.end).collect();
    assert_eq!((ends.len(), ends[1]), (3, at));
    let other = Reference { number: 5, generation: 1 };
    assert!(document.object(other).unwrap().is_null(), "a reference to another generation is null");
}

#[test]
fn tolerates_lines_of_other_length() {
    for eol in ["\n", " \r\n", "\r", "  \r\n"] {
        let build = Build::minimal();
        let lines = build.lines(eol);
        let document = build.section(&format!("xref\n{lines}trailer\n<</Size 4/Root 1 0 R>>\n")).open().unwrap();
        assert_eq!(first_page(&document).unwrap().0, reference(3), "{eol:?}");
    }
    // One subsection whose first and last line are regular, but two between are not.
    let build = Build::minimal();
    let all: Vec<u64> = build
        .listed
        .values()
        .map(|entry| match entry {
            Entry::Offset { offset, .. } => *offset,
            Entry::InStream { .. } => 0,
        })
        .collect();
    let section = format!(
        "xref\n0 4\n0000000000 65535 f \n{:010} 00000 n\n{:010} 00000 n  \n{:010} 00000 n \ntrailer\n<</Size 4/Root 1 0 R>>\n",
        all[0], all[1], all[2]
    );
    assert_eq!(first_page(&build.section(&section).open().unwrap()).unwrap().0, reference(3));
}

#[test]
fn tolerates_what_common_readers_agree_on() {
    let build = Build::minimal();
    let lines = build.lines(" \n").replace("0 1\n0000000000 65535 f \n1 1\n", "1 4\n0000000000 65535 f \n");
    let lines = lines.replace("2 1\n", "").replace("3 1\n", "");
    for section in [
        // These two are read, but not signed.
        format!("xref\n{lines}trailer\n<</Size 4/Root 1 0 R>>\n"),
        format!("\n \r\nxref\n{}trailer\n<</Size 2/Root 1 0 R/Prev 0>>\n", build.lines(" \n")),
        format!("xref \n{}trailer<</Size 4/Root 1 0 R>>", build.lines("\r\n")),
    ] {
        let document = build.clone().section(&section).open().unwrap();
        assert_eq!((first_page(&document).unwrap().0, document.size() >= 4), (reference(3), true), "{section}");
    }
    // White space before the object, and after `obj`.
    let mut spaced = Build::new().object(1, CATALOG).object(2, PAGES);
    spaced.list(3, Entry::Offset { offset: spaced.at(), generation: 0 });
    let spaced = spaced.raw(format!("\r\n 3  0\tobj  \r\n{PAGE}endobj ")).table("");
    assert_eq!(first_page(&spaced.open().unwrap()).unwrap().0, reference(3));
    let ends = ["", "\n", "\r\n\0\0\0", "   "];
    for end in ends {
        let file = Build::minimal().table("");
        let cut = file.bytes.len() - 1;
        assert!(used(&[&file.bytes[..cut], end.as_bytes()].concat(), &Limits::default()).is_ok());
    }
}

#[test]
fn hybrid_readings_must_agree_on_what_is_used() {
    let document = hybrid(&[]).open().unwrap();
    assert!(first_page(&document).is_ok());
    // Readers that know no streams find nothing there, which is what streams hide objects for.
    assert!(matches!(document.object(reference(4)).unwrap(), Object::String(text) if text.to_text() == "hidden"));
    assert!(document.is_hidden(4).unwrap() && !document.is_hidden(3).unwrap());
    assert_eq!(document.contradiction().unwrap(), None);
    let other = hybrid(&[(3, Entry::InStream { stream: 5, index: 0 })]);
    assert_eq!(other.code(), ErrorCode::PdfHybrid);
    assert_eq!(other.open().unwrap().contradiction().unwrap(), Some(3));
    assert!(other.rebuild().is_err(), "a scan can't know which reading is meant");
}

#[test]
fn an_update_may_name_the_stream_of_a_hybrid_once_more() {
    let first = hybrid(&[]);
    let text = String::from_utf8_lossy(&first.bytes).into_owned();
    let stream = text.rsplit_once("/XRefStm ").unwrap().1.split_once('>').unwrap().0.to_owned();
    let again = first.clone().object(3, PAGE).table(&format!("/XRefStm {stream}"));
    let document = again.open().unwrap();
    assert_eq!((document.kind(), document.contradiction().unwrap()), (SectionKind::Hybrid, None));
    assert!(first_page(&document).is_ok() && document.object(reference(4)).is_ok());
    // A revision between that changed what the stream lists: the repeated stream leads back to the old object.
    let between = first.object(4, "(new)").table("").object(3, PAGE).table(&format!("/XRefStm {stream}"));
    assert_eq!(between.open().unwrap().contradiction().unwrap(), Some(4));
    // Rows that many sections name are counted once.
    let mut many = again;
    for _ in 0..100 {
        many = many.table(&format!("/XRefStm {stream}"));
    }
    let limits = Limits { pdf_xref_entries: 120, ..Limits::default() };
    assert!(used(&many.bytes, &limits).is_ok());
}

#[test]
fn follows_extended_object_streams_without_reading_the_extension() {
    let build = Build::new()
        .object_stream(4, "/Extends 5 0 R", &[(1, CATALOG), (2, PAGES)])
        .object_stream(5, "/Extends 4 0 R", &[(3, PAGE)])
        .xref_stream(6, "");
    assert!(first_page(&build.open().unwrap()).is_ok());
}

#[test]
fn refuses_broken_sections() {
    let minimal = Build::minimal();
    let lines = minimal.lines(" \n");
    let trailer = "trailer\n<</Size 4/Root 1 0 R>>\n";
    let section = |text: &str| minimal.clone().section(text).code();
    let cases = [
        (section("xrex\n0 1\n"), ErrorCode::PdfXref),
        (section(&format!("xref\n{lines}{}", trailer.replace("/Root 1 0 R", ""))), ErrorCode::PdfTrailer),
        (section(&format!("xref\n{lines}{}", trailer.replace("/Size 4", ""))), ErrorCode::PdfTrailer),
        (section(&format!("xref\n{lines}trailer\n")), ErrorCode::PdfTrailer),
        (section(&format!("xref\n{lines}0 9\n{trailer}")), ErrorCode::PdfXref),
        (section(&format!("xref\n{lines}3 1\n0000000009 00000 n \n{trailer}")), ErrorCode::PdfXref),
        (section(&format!("xref\n{lines}9 1\n0000000009 00000 x \n{trailer}")), ErrorCode::PdfXref),
        (section(&format!("xref\n{lines}{}", trailer.replace("/Size", "/Prev (a)/Size"))), ErrorCode::PdfXref),
        (section(&format!("xref\n{lines}{}", trailer.replace("/Size", "/Prev 99999/Size"))), ErrorCode::PdfXref),
        (section(&format!("xref\n{lines}{}", trailer.replace("Size 4", "Size 2147483648"))), ErrorCode::LimitExceeded),
        (section(&format!("xref\n0 4294967296\n{lines}{trailer}")), ErrorCode::LimitExceeded),
        (section("4 0 obj\n<</Type/XRef>>\nendobj\n"), ErrorCode::PdfXref),
        (minimal.clone().table("/Encrypt 9 0 R").code(), ErrorCode::PdfEncrypted),
        (minimal.clone().xref_stream(4, "/Encrypt 9 0 R").code(), ErrorCode::PdfEncrypted),
    ];
    for (i, (found, expected)) in cases.into_iter().enumerate() {
        assert_eq!(found, expected, "case {i}");
    }
}

#[test]
fn refuses_broken_streams_of_cross_references() {
    let stream = |dictionary: &str, data: &[u8]| {
        let build = Build::minimal();
        let at = build.at();
        let build = build.stream(4, &format!("/Type/XRef/Root 1 0 R{dictionary}"), data);
        code(&build.raw(format!("startxref\n{at}\n%%EOF\n")).bytes)
    };
    let cases = [
        ("/Size 5/W[9 1 1]", ErrorCode::PdfXref),
        ("/Size 5/W[1 1]", ErrorCode::PdfXref),
        ("/Size 5/W[0 0 0]", ErrorCode::PdfXref),
        ("/Size 5/W[1 -1 1]", ErrorCode::PdfXref),
        ("/Size 5", ErrorCode::PdfXref),
        ("/Size 5/W[1 1 1]", ErrorCode::PdfXref),
        ("/Size 1/W[1 1 1]/Index[0]", ErrorCode::PdfXref),
        ("/Size 1/W[1 1 1]/Index[0 1 0 1]", ErrorCode::PdfXref),
        ("/Size 1/W[1 1 1]/Index 0", ErrorCode::PdfXref),
        ("/Size 1/W[1 1 1]/Index[0 4294967296]", ErrorCode::LimitExceeded),
        ("/Size 2147483648/W[1 1 1]", ErrorCode::LimitExceeded),
        ("/W[1 1 1]", ErrorCode::PdfTrailer),
        ("/Size 1/W[1 1 1]/Filter/LZWDecode", ErrorCode::PdfFilter),
        ("/Size 1/W[1 1 1]/Filter/FlateDecode", ErrorCode::PdfFilterData),
    ];
    for (dictionary, expected) in cases {
        assert_eq!(stream(dictionary, b"\0\0\0\0\0\0"), expected, "{dictionary}");
    }
}

#[test]
fn catches_cycles_and_long_chains_of_sections() {
    let build = Build::minimal();
    let at = build.at();
    assert_eq!(build.clone().table(&format!("/Prev {at}")).code(), ErrorCode::PdfXrefCycle);
    assert_eq!(build.clone().table(&format!("/XRefStm {at}")).code(), ErrorCode::PdfXrefCycle);
    let mut long = build.table("");
    for _ in 0..5 {
        long = long.table("");
    }
    let limits = Limits { pdf_sections: 5, ..Limits::default() };
    assert_eq!(used(&long.bytes, &limits).unwrap_err().code(), ErrorCode::LimitExceeded);
    assert!(open(&long.bytes).is_ok());
    let entries = Limits { pdf_xref_entries: 3, ..Limits::default() };
    assert_eq!(used(&long.bytes, &entries).unwrap_err().code(), ErrorCode::LimitExceeded);
    assert_eq!(linearized().open().unwrap().revisions().unwrap().len(), 1);
}
