use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::digest::{Digest, DigestAlgorithm, to_hex};
use crate::error::ErrorCode;
use crate::pki::{Certificate, KeyKind, ecdsa_der_from_fixed};
use crate::signature::{Curve, SignatureAlgorithm, SignatureValue, ToBeSigned};
use crate::signing::{Plan, Policy};
use crate::time::Time;
use crate::xml::Canonicalization;

const FILES: [&[u8]; 2] =
    [include_bytes!("../../testdata/xades/hello-exclusive.xml"), include_bytes!("../../testdata/xades/hello-1.1.xml")];
const FORMS: [Canonicalization; 2] = [Canonicalization::Exclusive, Canonicalization::Inclusive11];

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

fn signer() -> Certificate {
    let vector = json(include_str!("../../testdata/vectors/certificate.json"));
    Certificate::parse(vector["certificate"].as_str().unwrap().as_bytes()).unwrap()
}

fn time() -> Time {
    Time::parse_rfc3339("2026-01-02T03:04:05Z").unwrap()
}

fn hello() -> DataReference {
    let digest = DigestAlgorithm::Sha256.digest(b"hello\n");
    DataReference { name: "hello.txt".into(), digest, media_type: "text/plain".into() }
}

#[test]
fn worked_example_is_byte_for_byte() {
    let vectors = json(include_str!("../../testdata/vectors/xades.json"));
    let cases = vectors["cases"].as_array().unwrap();
    assert_eq!(cases.len(), 2);
    for (case, file) in cases.iter().zip(FILES) {
        assert_eq!(case.as_object().unwrap().len(), 11, "every field is used");
        let text = |name: &str| case[name].as_str().unwrap();
        let number = |name: &str| usize::try_from(case[name].as_u64().unwrap()).unwrap();
        let sha256 = |bytes: &[u8]| DigestAlgorithm::Sha256.digest(bytes).to_hex();
        assert_eq!(text("file"), format!("hello-{}.xml", text("canonicalization")));
        assert_eq!((file.len(), sha256(file)), (number("file_bytes"), text("file_sha256").to_owned()));

        let form = Canonicalization::from_name(text("canonicalization")).unwrap();
        let plan = Plan::new(signer(), &[]).unwrap().canonicalization(form);
        let draft = prepare(&plan, &Ids::with_prefix("S0"), time(), &[hello()]).unwrap();
        assert_eq!(draft.signed_info.len(), number("signed_info_bytes"));
        assert_eq!(sha256(&draft.signed_info), text("signed_info_sha256"));
        let properties = STANDARD.encode(crate::digest::from_hex(text("signed_properties_sha256").as_bytes()).unwrap());
        assert!(String::from_utf8(draft.signed_info.clone()).unwrap().contains(&format!(">{properties}<")));

        let to_be_signed = ToBeSigned::new(draft.signed_info.clone(), plan.algorithm());
        let value = SignatureValue::ecdsa(STANDARD.decode(text("value")).unwrap());
        let value = crate::cms::accept_value(&value, &signer(), &to_be_signed).unwrap();
        let made = finalize(&draft.before, &value, plan.algorithm(), &draft.after).unwrap();
        assert_eq!(String::from_utf8(made).unwrap(), String::from_utf8(file.to_vec()).unwrap());
    }
}

#[test]
fn names_become_uris_and_names_again() {
    // The first three are worked examples.
    for (name, uri) in [
        ("Līgums 1+2 (a&b).pdf", "L%C4%ABgums%201%2B2%20%28a%26b%29.pdf"),
        ("dir/ä%20.txt", "dir/%C3%A4%2520.txt"),
        ("it's#1;v=2?.txt", "it%27s%231%3Bv%3D2%3F.txt"),
        ("-._~/Az09", "-._~/Az09"),
        ("🖋", "%F0%9F%96%8B"),
    ] {
        assert_eq!(encode_uri(name), uri);
        assert_eq!(decode_uri(uri).as_deref(), Some(name.as_bytes()));
    }
    assert_eq!(decode_uri("Līgums+%c4%ab"), Some("Līgums+ī".into()), "raw letters, plus, small digits");
    assert_eq!(decode_uri("%252e"), Some("%2e".into()), "once");
    for bad in ["%", "a%4", "%4g", "%%41", "%+1"] {
        assert_eq!(decode_uri(bad), None, "{bad}");
    }
}
