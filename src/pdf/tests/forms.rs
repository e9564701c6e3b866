//! Page tree and form.

use super::build::{Build, CATALOG, PAGE, used};
use crate::Limits;
use crate::error::ErrorCode;
use crate::pdf::{Form, Reference, Value, fields, first_page, page_number};

fn form(objects: &[(u32, &str)]) -> crate::Result<Form> {
    let catalog = "<</Type/Catalog/Pages 2 0 R/AcroForm 10 0 R>>";
    let mut build = Build::new().object(1, catalog).object(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>").object(3, PAGE);
    for (number, body) in objects {
        build = build.object(*number, body);
    }
    fields(&build.table("").open()?)
}

fn code(objects: &[(u32, &str)]) -> ErrorCode {
    form(objects).unwrap_err().code()
}

fn reference(number: u32) -> Reference {
    Reference { number, generation: 0 }
}

#[test]
fn fields_inherit_and_widgets_are_no_fields() {
    let form = form(&[
        (10, "<</Fields[null 11 0 R 15 0 R null 11 0 R 99 0 R]>>"),
        (11, "<</T(top)/FT/Sig/Ff 3/V 20 0 R/Kids[null 12 0 R 13 0 R]>>"),
        (12, "<</T<FEFF00e90101>/Parent 11 0 R/Kids[14 0 R]>>"),
        (13, "<</T(own)/FT/Tx/Ff 0/V null/Subtype/Widget/Parent 11 0 R>>"),
        (14, "<</Subtype/Widget/Parent 12 0 R>>"),
        (15, "<</T(alone\\050)/FT/Btn/Subtype/Widget>>"),
        (20, "<</Type/Sig>>"),
    ])
    .unwrap();
    assert_eq!(form.reference, Some(reference(10)));
    let described: Vec<_> = form
        .fields
        .iter()
        .map(|field| {
            let kind = field.kind.as_ref().map(|kind| String::from_utf8_lossy(kind.as_bytes()).into_owned());
            let value = field.value.map(|value| match value {
                Value::At(reference) | Value::In(reference) => reference.number,
            });
            let widgets: Vec<_> = field.widgets.iter().map(|widget| widget.number).collect();
            (field.name.as_str(), kind.unwrap_or_default(), field.flags, value, widgets, field.kids)
        })
        .collect();
    let expected = [
        ("top", "Sig".to_owned(), 3, Some(20), vec![], true),
        ("top.éā", "Sig".to_owned(), 3, Some(20), vec![14], false),
        ("top.own", "Tx".to_owned(), 0, Some(20), vec![13], false),
        ("alone(", "Btn".to_owned(), 0, None, vec![15], false),
    ];
    assert_eq!(described, expected);
}

#[test]
fn a_value_that_leads_nowhere_is_none() {
    let form = form(&[
        (10, "<</Fields[11 0 R 12 0 R 14 0 R 16 0 R]>>"),
        (11, "<</T(gone)/FT/Sig/V 99 0 R>>"),
        (12, "<</T(above)/V 99 0 R/Kids[13 0 R]>>"),
        (13, "<</T(kid)/FT/Sig/Parent 12 0 R>>"),
        (14, "<</T(signed)/FT/Sig/V 20 0 R/Kids[15 0 R]>>"),
        (15, "<</T(kid)/V 21 0 R/Parent 14 0 R>>"),
        (16, "<</T(null)/FT/Sig/V 21 0 R>>"),
        (20, "<</Type/Sig>>"),
        (21, "null"),
    ]);
    let values: Vec<_> = form.unwrap().fields.into_iter().map(|field| (field.name, field.value.is_some())).collect();
    let expected = [
        ("gone", false),
        // Whether a field that is none for signatures has a value is nothing to us.
        ("above", true),
        ("above.kid", false),
        ("signed", true),
        ("signed.kid", true),
        ("null", false),
    ];
    assert_eq!(values, expected.map(|(name, value)| (name.to_owned(), value)));
}

#[test]
fn refuses_broken_forms() {
    assert_eq!(code(&[(10, "5")]), ErrorCode::PdfForm);
    assert_eq!(code(&[(10, "<</Fields 5>>")]), ErrorCode::PdfForm);
    assert_eq!(code(&[(10, "<</Fields[<</T(a)>>]>>")]), ErrorCode::PdfForm);
    assert_eq!(code(&[(10, "<</Fields[11 0 R]>>"), (11, "[]")]), ErrorCode::PdfForm);
    assert_eq!(code(&[(10, "<</Fields[11 0 R]>>"), (11, "<</T/a>>")]), ErrorCode::PdfForm);
    assert_eq!(code(&[(10, "<</Fields[11 0 R]>>"), (11, "<</T(a)/Kids 7>>")]), ErrorCode::PdfForm);
    assert_eq!(code(&[(10, "<</Fields[11 0 R]>>"), (11, "<</T(a)/Ff/x>>")]), ErrorCode::PdfForm);
    assert_eq!(code(&[(10, "<</Fields[11 0 R]>>"), (11, "<</T(a)/FT 1>>")]), ErrorCode::PdfForm);
    assert_eq!(code(&[(10, "<</Fields[11 0 R]>>"), (11, "<</T(a)/Kids[11 0 R]>>")]), ErrorCode::PdfObjectCycle);
    let pair = [(10, "<</Fields[11 0 R]>>"), (11, "<</T(a)/Kids[12 0 R]>>"), (12, "<</T(b)/Kids[11 0 R]>>")];
    assert_eq!(code(&pair), ErrorCode::PdfObjectCycle);
    assert!(form(&[]).unwrap().dictionary.is_none(), "a form that is not there is none");
}

#[test]
fn deep_and_wide_forms_are_bounded() {
    let mut build = Build::new().object(1, "<</Type/Catalog/Pages 2 0 R/AcroForm<</Fields[10 0 R]>>>>");
    build = build.object(2, "<</Type/Pages/Kids[3 0 R]/Count 1>>").object(3, PAGE);
    for number in 10..100 {
        build = build.object(number, &format!("<</T(f)/Kids[{} 0 R]>>", number + 1));
    }
    let bytes = build.table("").bytes;
    assert_eq!(used(&bytes, &Limits::default()).unwrap_err().code(), ErrorCode::LimitExceeded);
    let limits = Limits { pdf_tree_depth: 1_000, ..Limits::default() };
    assert!(used(&bytes, &limits).is_ok());
    let limits = Limits { pdf_fields: 50, ..limits };
    assert_eq!(used(&bytes, &limits).unwrap_err().code(), ErrorCode::LimitExceeded);
}

#[test]
fn counts_pages_through_the_tree() {
    let document = Build::new()
        .object(1, CATALOG)
        .object(2, "<</Type/Pages/Kids[null 4 0 R 99 0 R 5 0 R 3 0 R]/Count 4>>")
        .object(3, PAGE)
        .object(4, "<</Type/Pages/Kids[]/Count 0/Parent 2 0 R>>")
        .object(5, "<</Type/Pages/Kids[6 0 R 7 0 R 8 0 R]/Count 3/Parent 2 0 R>>")
        .object(6, "<</Type/Page/Parent 5 0 R>>")
        .object(7, "<</Type/Page/Parent 5 0 R>>")
        .object(8, "<</Parent 5 0 R>>")
        .object(9, "<</Type/Page/Parent 5 0 R>>")
        .table("")
        .open()
        .unwrap();
    assert_eq!(first_page(&document).unwrap().0, reference(6));
    let numbers: Vec<_> = [6, 7, 8, 3, 9].map(|page| page_number(&document, reference(page)).unwrap()).into();
    assert_eq!(numbers, [Some(1), Some(2), Some(3), Some(4), None]);
}

#[test]
fn refuses_broken_page_trees() {
    let tree = |pages: &str| Build::new().object(1, CATALOG).object(2, pages).object(3, PAGE).table("").code();
    assert_eq!(tree("<</Type/Pages/Kids[]/Count 0>>"), ErrorCode::PdfPages);
    assert_eq!(tree("<</Type/Pages/Kids 3 0 R/Count 1>>"), ErrorCode::PdfPages);
    assert_eq!(tree("<</Type/Pages/Kids[<<>>]/Count 1>>"), ErrorCode::PdfPages);
    assert_eq!(tree("<</Type/Pages/Kids[2 0 R]/Count 1>>"), ErrorCode::PdfObjectCycle);
    assert_eq!(tree("<</Type/Page>>"), ErrorCode::PdfPages);
    assert_eq!(tree("null"), ErrorCode::PdfPages);
    let catalog = |body: &str| Build::new().object(1, body).table("").code();
    assert_eq!(catalog("<</Type/Pages>>"), ErrorCode::PdfCatalog);
    assert_eq!(catalog("[]"), ErrorCode::PdfCatalog);
    assert_eq!(catalog("<</Type/Catalog>>"), ErrorCode::PdfPages);
}
