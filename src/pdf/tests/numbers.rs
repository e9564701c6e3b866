//! Numbers for new objects: none that is in use, whoever lists it.

use super::build::{Build, CATALOG, PAGE, PAGES, hybrid};
use crate::pdf::update::Update;
use crate::pdf::{Document, Entry, Reference, way_to_first_page};

fn fresh(build: &Build, times: usize) -> Vec<u32> {
    let document = build.open().unwrap();
    fresh_of(&document, times)
}

fn fresh_of(document: &Document, times: usize) -> Vec<u32> {
    let mut update = Update::new(document).unwrap();
    for (reference, node) in way_to_first_page(document).unwrap() {
        update.step_over(reference, &node).unwrap();
    }
    (0..times).map(|_| update.fresh().unwrap().number).collect()
}

/// A section that does not list its own stream, whose number is `own`, and claims `size`.
fn silent(mut build: Build, own: u32, size: u32, more: &str) -> Build {
    let at = build.at();
    let (mut rows, mut index) = (Vec::new(), String::new());
    for (number, entry) in &build.listed {
        index.push_str(&format!("{number} 1 "));
        let (kind, second, third) = match entry {
            Entry::Offset { offset, generation } => (1, u32::try_from(*offset).unwrap(), *generation),
            Entry::InStream { stream, index } => (2, *stream, u16::try_from(*index).unwrap()),
        };
        rows.push(kind);
        rows.extend(second.to_be_bytes());
        rows.extend(third.to_be_bytes());
    }
    let prev = build.prev();
    let dictionary = format!("/Type/XRef/Size {size}/W[1 4 2]/Index[{index}]/Root 1 0 R{prev}{more}");
    build = build.stream(own, &dictionary, &rows);
    build.listed.clear();
    build.last = Some(at);
    build.raw(format!("startxref\n{at}\n%%EOF\n"))
}

#[test]
fn a_stream_need_not_list_itself() {
    assert_eq!(fresh(&Build::minimal().xref_stream(4, ""), 1), [5]);
    assert_eq!(fresh(&silent(Build::minimal(), 4, 4, ""), 1), [5]);
    assert_eq!(fresh(&silent(Build::minimal(), 40, 4, ""), 1), [41]);
    // In an earlier revision, and in the stream of a hybrid.
    let two = silent(silent(Build::minimal(), 9, 4, "").object(3, PAGE), 4, 4, "");
    assert_eq!(fresh(&two, 1), [10]);
    assert_eq!(fresh(&hybrid(&[]), 1), [7]);
    // Each number is used once, also by what is appended later.
    let update = silent(Build::minimal(), 4, 4, "").object(5, "(new)").table("");
    assert_eq!(fresh(&update, 2), [6, 7]);
}

#[test]
fn an_object_stream_need_not_be_listed() {
    let mut build = Build::new().object(1, CATALOG).object(2, PAGES).object(3, PAGE);
    build.list(4, Entry::InStream { stream: 30, index: 0 });
    assert_eq!(fresh(&silent(build, 5, 5, ""), 1), [31]);
    // Nor the objects in it.
    let mut build = Build::new().object_stream(4, "", &[(1, CATALOG), (2, PAGES), (3, PAGE), (6, "(unlisted)")]);
    build.listed.remove(&6);
    build.highest = 4;
    assert_eq!(fresh(&build.xref_stream(5, ""), 2), [7, 8]);
}

#[test]
fn what_leads_nowhere_does_not_lead_to_what_is_new() {
    let build = Build::new()
        .object(1, "<</Type/Catalog/Pages 2 0 R/Names[4 0 R<</A 6 0 R>>]>>")
        .object(2, "<</Type/Pages/Kids[3 0 R 7 0 R]/Count 2>>")
        .object(3, "<</Type/Page/Parent 2 0 R/Annots[8 0 R]/Far 8000000 0 R>>");
    assert_eq!(fresh(&build.clone().table("/Info 9 0 R"), 3), [5, 10, 11]);
    let mut scanned = build;
    scanned.bytes.extend_from_slice(b"trailer<</Root 1 0 R>>");
    assert_eq!(fresh_of(&scanned.rebuild().unwrap(), 3), [5, 9, 10]);
    let document = Build::minimal().table("").open().unwrap();
    assert!(document.object(Reference { number: 99, generation: 0 }).unwrap().is_null());
}
