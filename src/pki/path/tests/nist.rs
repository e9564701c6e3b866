//! NIST's PKITS: 249 cases with the expected verdict.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::*;

#[test]
fn paths_are_judged_as_nist_expects() {
    let suite = Suite::read();
    let mut different = Vec::new();
    let mut judged = 0;
    for case in suite.value["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        let is_open =
            case["policies"] == serde_json::json!(["anyPolicy"]) && case["inhibit"].as_array().unwrap().is_empty();
        let section: Vec<u32> = name.split([' ', '.']).take(3).filter_map(|n| n.parse().ok()).collect();
        let expected = case["valid"].as_bool().unwrap();
        let is_about_crls =
            matches!(section[..2], [4, 4 | 14 | 15]) || matches!(section[..], [4, 7, 4 | 5] | [4, 5, 2 | 5 | 7]);
        // The initial policy settings are not ours to choose; revocation is not judged here.
        if !is_open || (is_about_crls && !expected) {
            continue;
        }
        judged += 1;
        let verdict = suite.path(case);
        if verdict.is_ok() != expected {
            different.push((name, verdict.map(|_| ()).map_err(|e| e.to_string())));
        }
    }
    let names: Vec<&str> = different.iter().map(|(name, _)| *name).collect();
    // DSA: nobody signs documents with it.
    assert_eq!(
        names,
        ["4.1.4 Valid DSA Signatures Test4", "4.1.5 Valid DSA Parameter Inheritance Test5"],
        "{different:#?}"
    );
    assert_eq!(judged, 168);
}

struct Suite {
    value: Value,
    certificates: BTreeMap<String, Certificate>,
}

impl Suite {
    fn read() -> Suite {
        let value: Value = serde_json::from_str(include_str!("../../../../testdata/pkits/pkits.json")).unwrap();
        let der = |text: &Value| STANDARD.decode(text.as_str().unwrap()).unwrap();
        // Two have a damaged signature that is no BIT STRING of whole bytes any more: they are no certificates to us.
        let read = |(name, text): (&String, &Value)| Some((name.clone(), Certificate::from_der(&der(text)).ok()?));
        let all = value["certificates"].as_object().unwrap();
        let certificates: BTreeMap<_, _> = all.iter().filter_map(read).collect();
        assert_eq!((all.len(), certificates.len()), (405, 403));
        Suite { value, certificates }
    }

    fn path(&self, case: &Value) -> Result<Path> {
        let names = case["path"].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
        let malformed = || crate::error::Malformed::new(ErrorCode::CertificateMalformed);
        let read = |name| self.certificates.get(name).cloned().ok_or_else(malformed);
        let path = names.map(read).collect::<std::result::Result<Vec<Certificate>, _>>()?;
        let (anchor, rest) = path.split_first().unwrap();
        let (target, known) = rest.split_last().unwrap();
        find(target, known, std::slice::from_ref(anchor), time("2020-01-01T00:00:00Z"))?.into_path()
    }
}
