//! What a document may hold at a time, and how often it may be read.

use super::build::{Build, CATALOG, PAGE, PAGES, deflate, used};
use crate::error::Error;
use crate::pdf::tape::Item;
use crate::pdf::{Document, Form, Recovery, fields};
use crate::source::Source;
use crate::{Limits, Result};

const FORM: &str = "<</Type/Catalog/Pages 2 0 R/AcroForm 4 0 R>>";

/// A document whose form is `form` and whose other objects are `more`, each in an object stream of its own.
fn packed(form: &str, more: &[(u32, String)]) -> Vec<u8> {
    let objects = [(1, FORM.to_owned()), (2, PAGES.to_owned()), (3, PAGE.to_owned()), (4, form.to_owned())];
    let mut build = Build::new();
    let mut number = 10_000;
    for (object, body) in objects.iter().chain(more) {
        build = build.object_stream(number, "", &[(*object, body)]);
        number += 1;
    }
    build.xref_stream(number, "").bytes
}

/// The same without streams.
fn plain(form: &str, more: &[(u32, String)]) -> Vec<u8> {
    let mut build = Build::new().object(1, FORM).object(2, PAGES).object(3, PAGE).object(4, form);
    for (object, body) in more {
        build = build.object(*object, body);
    }
    build.table("").bytes
}

fn small() -> Limits {
    Limits { pdf_memory_bytes: 256 << 10, ..Limits::default() }
}

/// The limit that is met, if one is.
fn met(result: Result<Document>) -> Option<&'static str> {
    match result {
        Ok(_) => None,
        Err(Error::LimitExceeded(limit)) => Some(limit.name),
        Err(other) => panic!("{other}"),
    }
}

fn form_of(bytes: &[u8], limits: &Limits) -> Result<Form> {
    fields(&Document::open(&Source::from_bytes(bytes), limits, Recovery::Refuse)?)
}

#[test]
fn an_item_takes_16_bytes() {
    assert_eq!(size_of::<Item>(), 16);
}

#[test]
fn whatever_is_in_an_object_is_counted_while_it_grows() {
    let many = |item: &str| item.repeat(40_000);
    let numbered = |pattern: &dyn Fn(usize) -> String| (0..20_000).map(pattern).collect::<String>();
    let bombs = [
        format!("[{}]", many("0 ")),
        format!("[{}]", many("[]")),
        format!("[{}]", many("<<>>")),
        format!("[{}]", many("()")),
        format!("[{}]", many("<>")),
        format!("[{}]", many("/")),
        format!("[{}]", many("1 0 R ")),
        format!("[{}]", many("true ")),
        format!("[{}]", many(".1 ")),
        format!("[{}]", ("[<</A ".repeat(40) + "0" + &">>]".repeat(40)).repeat(500)),
        format!("<<{}>>", numbered(&|n| format!("/k{n} 0"))),
        format!("<<{}>>", "/A 0".repeat(20_000)),
        format!("[{}]", (0..300).map(|n| format!("/{n:04}{}", "n".repeat(1_000))).collect::<String>()),
    ];
    for bomb in bombs {
        let form = format!("<</Fields[]/X{bomb}>>");
        for bytes in [packed(&form, &[]), plain(&form, &[])] {
            let is_in_file = bytes.len() > 100_000 && bomb.starts_with("[/0000");
            let expected = if is_in_file { None } else { Some("pdf_memory_bytes") };
            assert_eq!(met(used(&bytes, &small())), expected, "{:.40}", bomb);
            assert_eq!(met(used(&bytes, &Limits::default())), None, "{:.40}", bomb);
        }
    }
}

#[test]
fn what_can_be_read_again_is_let_go() {
    // Each takes a third of what may be held; together they would take thirty times as much.
    let field = |n: u32| (100 + n, format!("<</FT/Tx/T(f{n})/X[{}]>>", "0 ".repeat(4_000)));
    let more: Vec<_> = (0..100).map(field).collect();
    let list: String = more.iter().map(|(number, _)| format!("{number} 0 R ")).collect();
    for bytes in [packed(&format!("<</Fields[{list}]>>"), &more), plain(&format!("<</Fields[{list}]>>"), &more)] {
        assert_eq!(form_of(&bytes, &small()).unwrap().fields.len(), 100);
    }
}

#[test]
fn names_of_fields_are_counted() {
    let kids: Vec<_> = (0..300).map(|n| (100 + n, format!("<</FT/Tx/T({n})/Parent 5 0 R>>"))).collect();
    let list: String = kids.iter().map(|(number, _)| format!("{number} 0 R ")).collect();
    let parent = |len: usize| (5, format!("<</T({})/Kids[{list}]>>", "n".repeat(len)));
    let file = |len| packed("<</Fields[5 0 R]>>", &[kids.as_slice(), &[parent(len)]].concat());
    assert_eq!(form_of(&file(100), &small()).unwrap().fields.len(), 301);
    assert_eq!(met(used(&file(5_000), &small())), Some("pdf_memory_bytes"));
}

#[test]
fn lists_that_many_share_are_not_walked_for_each() {
    // Each of the fields has the same kids, and each kid is one of them: 2,000 × 2,000 steps.
    let fields: Vec<_> = (0..2_000).map(|n| (100 + n, "<</T(x)/Kids 5 0 R>>".to_owned())).collect();
    let list: String = fields.iter().map(|_| "6 0 R ".to_owned()).collect();
    let more = [fields.as_slice(), &[(5, format!("[{list}]")), (6, "<</T(a)>>".to_owned())]].concat();
    let form: String = fields.iter().map(|(number, _)| format!("{number} 0 R ")).collect();
    let limits = Limits { pdf_fields: 3_000, ..Limits::default() };
    assert_eq!(met(used(&plain(&format!("<</Fields[{form}]>>"), &more), &limits)), Some("pdf_fields"));
}

#[test]
fn an_object_stream_counts_with_its_table() {
    let table: String = (0..30_000).map(|_| "9 0 ").collect();
    let data = format!("3 0 {table}{PAGE}");
    let first = data.len() - PAGE.len();
    let mut build = Build::new().object(1, CATALOG).object(2, PAGES);
    let stream = deflate(data.as_bytes());
    build = build.stream(4, &format!("/Type/ObjStm/N 30001/First {first}/Filter/FlateDecode"), &stream);
    build.list(3, crate::pdf::Entry::InStream { stream: 4, index: 0 });
    let bytes = build.xref_stream(5, "").bytes;
    assert_eq!(met(used(&bytes, &small())), Some("pdf_memory_bytes"));
    assert_eq!(met(used(&bytes, &Limits::default())), None);
}

#[test]
fn sections_are_counted() {
    let mut build = Build::minimal();
    for _ in 0..3 {
        build = build.object(3, PAGE).xref_stream(9, &format!("/X[{}]", "0 ".repeat(6_000)));
    }
    assert_eq!(met(used(&build.bytes, &small())), Some("pdf_memory_bytes"));
    assert_eq!(met(used(&build.bytes, &Limits::default())), None);
}

#[test]
fn the_length_of_an_object_is_bounded_in_object_streams_too() {
    let bytes = packed(&format!("<</Fields[]/X({})>>", "x".repeat(5_000)), &[]);
    let limits = |bytes| Limits { pdf_object_bytes: bytes, ..Limits::default() };
    assert_eq!(met(used(&bytes, &limits(4_000))), Some("pdf_object_bytes"));
    assert_eq!(met(used(&bytes, &limits(6_000))), None);
}

#[test]
fn what_is_parsed_again_and_again_is_bounded() {
    let bytes = packed("<</Fields[]>>", &[]);
    let limits = Limits { pdf_parsed_bytes: 100, ..Limits::default() };
    assert_eq!(met(used(&bytes, &limits)), Some("pdf_parsed_bytes"));
}
