//! How tables are written: what is signed, with which section, and what is not.

use super::build::{Build, open};
use crate::Limits;
use crate::pdf::{Document, Recovery, first_page};

/// What is made of a table.
#[derive(Debug, PartialEq, Eq)]
enum Taken {
    Sound,
    Harmless,
    Broken,
}

/// The table of a minimal document: `end` after each line, with changes to all of it.
fn table(end: &str, changes: &[(&str, &str)]) -> Build {
    let build = Build::minimal();
    let lines = build.lines(end).replace(&format!("f{end}1 1\n"), &format!("f{end}"));
    let lines = lines.replace("2 1\n", "").replace("3 1\n", "").replace("0 1\n", "0 4\n");
    let text = format!("xref\n{lines}trailer\n<</Size 4/Root 1 0 R>>\n");
    build.section(&changes.iter().fold(text, |text, (from, to)| text.replacen(from, to, 1)))
}

fn taken(build: &Build) -> Taken {
    let document = build.open().unwrap();
    assert!(first_page(&document).is_ok(), "it is read whatever it is like");
    let rebuilt = build.rebuild().unwrap();
    assert_eq!(rebuilt.is_rebuilt(), document.fault().is_some(), "recovery rebuilds what nothing is signed on");
    assert!(rebuilt.fault().is_none());
    match document.fault() {
        Some(_) => Taken::Broken,
        None if document.is_odd() => Taken::Harmless,
        None => Taken::Sound,
    }
}

#[test]
fn ends_of_lines() {
    for end in [" \n", " \r", "\r\n"] {
        assert_eq!(taken(&table(end, &[])), Taken::Sound, "{end:?}");
    }
    for end in ["\n", "\r", " \r\n", "  \r\n", "\n\n", "\r\r", "\n\r", "\n "] {
        assert_eq!(taken(&table(end, &[])), Taken::Harmless, "{end:?}");
    }
    for end in ["  ", " \0", "\0\n", "\t\n", "\t\t", "\0\0", "\x0c\n", "\t", "\0", " ", "\t\r\n"] {
        assert_eq!(taken(&table(end, &[])), Taken::Broken, "{end:?}");
    }
}

#[test]
fn one_line_in_the_middle() {
    let one = |end: &str| taken(&table(" \n", &[(" 00000 n \n", &format!(" 00000 n{end}"))]));
    assert_eq!(one("\r\n"), Taken::Sound);
    assert_eq!((one("\n"), one(" \r\n"), one("\n\n")), (Taken::Harmless, Taken::Harmless, Taken::Harmless));
    assert_eq!((one("\t\n"), one("\0\n"), one("  ")), (Taken::Broken, Taken::Broken, Taken::Broken));
}

#[test]
fn headings_columns_and_what_stands_around() {
    let with = |from: &str, to: &str| taken(&table(" \n", &[(from, to)]));
    for (from, to) in [("xref\n", "xref \r\n"), ("0 4\n", "0 4 \n"), ("trailer\n", "\ntrailer "), ("65535", "00000")] {
        assert_eq!(with(from, to), Taken::Sound, "{to:?}");
    }
    for (from, to) in [("xref\n", "\n xref\n"), ("0 4\n", "0  4\n"), ("0 4\n", "0\n4\n"), ("0 4\n", "0 4 ")] {
        assert_eq!(with(from, to), Taken::Harmless, "{to:?}");
    }
    for (from, to) in [
        ("0 4\n", "0\t4\n"),
        ("0 4\n", "0 4\t\n"),
        ("xref\n", "xref\0\n"),
        ("0 4\n", "1 4\n"),
        ("/Size 4", "/Size 3"),
        ("/Size 4", "/Size 1"),
        ("/Root", "/Prev 0/Root"),
        ("/Root", "/XRefStm 0/Root"),
        ("0000000000 65535 f", "0 65535 f"),
        ("0000000000 65535 f", "0000000000\t65535 f"),
    ] {
        assert_eq!(with(from, to), Taken::Broken, "{to:?}");
    }
    assert_eq!(with("/Size 4", "/Size 40"), Taken::Sound, "more are claimed than are listed");
    assert_eq!(with("0000000000 65535 f", "0000000000 65535 n"), Taken::Harmless);
}

#[test]
fn gaps_matter_in_the_oldest_table_alone() {
    let split = Build::minimal().table("");
    assert_eq!(taken(&split), Taken::Harmless);
    let gap = Build::minimal().object(9, "(far)").table("");
    assert_eq!(taken(&gap), Taken::Harmless);
    let without_zero = table(" \n", &[("0 4\n0000000000 65535 f \n", "1 3\n")]);
    assert_eq!(taken(&without_zero), Taken::Harmless);
    let update = table(" \n", &[]).object(9, "(far)");
    let update = Build { highest: 9, ..update }.table("");
    assert_eq!(taken(&update), Taken::Sound);
    // What is wrong with an earlier section is wrong with the document.
    let earlier = table("\t\n", &[]).object(3, super::build::PAGE).table("");
    assert_eq!(taken(&earlier), Taken::Broken);
    let size = Build { highest: 1, ..table(" \n", &[]) }.object(1, super::build::CATALOG).table("");
    assert_eq!(taken(&size), Taken::Broken, "what the latest section claims counts for all");
}

#[test]
fn a_stream_that_lists_more_than_it_claims_is_broken() {
    let sound = Build::minimal().xref_stream(4, "");
    assert_eq!(taken(&sound), Taken::Sound);
    let at = sound.bytes.windows(6).position(|window| window == b"Size 5").unwrap();
    let mut bytes = sound.bytes;
    bytes[at + 5] = b'4';
    let document = open(&bytes).unwrap();
    assert!(document.fault().is_some());
    let source = crate::Source::from_bytes(bytes);
    assert!(Document::open(&source, &Limits::default(), Recovery::Rebuild).unwrap().is_rebuilt());
}
