//! Second opinions: the same objects as other libraries find.

use super::build::{Build, kinds};
use crate::pdf::{Object, Reference, first_page};

#[test]
fn finds_what_lopdf_finds() {
    for (name, build) in kinds() {
        let ours = build.open().unwrap();
        let theirs = lopdf::Document::load_mem(&build.bytes).unwrap();
        let (page, _) = first_page(&ours).unwrap();
        let (number, generation) = theirs.get_pages()[&1];
        assert_eq!((page.number, page.generation), (number, generation), "{name}");
        let root = theirs.trailer.get(b"Root").unwrap().as_reference().unwrap();
        assert_eq!(ours.catalog().unwrap().0, Reference { number: root.0, generation: root.1 }, "{name}");
        for ((number, generation), object) in &theirs.objects {
            // Objects that the two kinds of readers see differently are refused here.
            let Ok(found) = ours.object(Reference { number: *number, generation: *generation }) else { continue };
            assert!(same(&found, object), "{name}: object {number}: {found:?} {object:?}");
        }
    }
}

#[test]
fn finds_the_page_that_hayro_finds() {
    let plain = [("large", Build::minimal().object(9, "[1 2.5 /N#20 (s) <00> true null 1 0 R]").table(""))];
    for (name, build) in kinds().into_iter().chain(plain) {
        let ours = build.open().unwrap();
        let theirs = hayro_syntax::Pdf::new(std::sync::Arc::new(build.bytes.clone())).unwrap();
        assert_eq!(theirs.pages().len(), 1, "{name}");
        assert!(first_page(&ours).is_ok(), "{name}");
    }
}

fn same(ours: &Object, theirs: &lopdf::Object) -> bool {
    match (ours, theirs) {
        (Object::Null, lopdf::Object::Null) => true,
        (Object::Boolean(a), lopdf::Object::Boolean(b)) => a == b,
        (Object::Integer(a), lopdf::Object::Integer(b)) => a == b,
        (Object::Name(a), lopdf::Object::Name(b)) => a.as_bytes() == b.as_slice(),
        (Object::String(a), lopdf::Object::String(b, _)) => a.decode() == *b,
        (Object::Array(a), lopdf::Object::Array(b)) => {
            a.items().count() == b.len() && a.items().zip(b).all(|(a, b)| same(&a, b))
        }
        (Object::Reference(a), lopdf::Object::Reference(b)) => (a.number, a.generation) == *b,
        (Object::Dictionary(a), lopdf::Object::Dictionary(b)) => {
            a.entries().count() == b.len()
                && a.entries().all(|(key, value)| b.get(key.as_bytes()).is_ok_and(|other| same(&value, other)))
        }
        (Object::Stream(_), lopdf::Object::Stream(_)) => true,
        _ => false,
    }
}
