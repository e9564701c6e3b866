//! Canonical octets that other implementations gave: `testdata/canonical.py` says how.

use serde::Deserialize;

use super::*;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vectors {
    origin: String,
    documents: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    name: String,
    text: String,
    forms: Vec<Expected>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Expected {
    method: String,
    /// The part that is meant; the whole document where there is none.
    id: Option<String>,
    #[serde(default)]
    prefixes: Vec<String>,
    by: String,
    octets: String,
}

#[test]
fn canonical_octets_are_those_of_other_implementations() {
    let vectors: Vectors = serde_json::from_str(include_str!("../../../testdata/vectors/canonical.json")).unwrap();
    let mut count = 0;
    for case in &vectors.documents {
        let document = parse(&case.text);
        for expected in &case.forms {
            let method = Method::from_uri(&expected.method).expect("a method we know");
            let prefixes: Vec<&str> = expected.prefixes.iter().map(String::as_str).collect();
            let found = match &expected.id {
                Some(id) => {
                    let element = document.by_id(id).expect("the Id is there");
                    octets(|out| super::super::canonical(element, method, &prefixes, out))
                }
                None => octets(|out| canonical_document(&document, method, &prefixes, out)),
            };
            assert_eq!(found, expected.octets, "{}, {method:?}, {:?}, {}", case.name, expected.id, expected.by);
            count += 1;
        }
    }
    assert!(count > 200, "{count} vectors from {}", vectors.origin);
}
