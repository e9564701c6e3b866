use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::check::check_draft;
use super::octets::{Octets, Transform};
use super::uri::{decode_uri, encode_uri};
use super::*;
use crate::Signer as _;
use crate::digest::DigestAlgorithm;
use crate::error::ErrorCode;
use crate::key::LocalKey;
use crate::limits::Limits;
use crate::pki::Certificate;
use crate::signature::{SignatureAlgorithm, SignatureValue, ToBeSigned};
use crate::signing::{Plan, Policy};
use crate::time::Time;
use crate::xml::{Canonicalization, Document};

pub(super) const FILES: [&[u8]; 2] =
    [include_bytes!("../../testdata/xades/hello-exclusive.xml"), include_bytes!("../../testdata/xades/hello-1.1.xml")];
const FORMS: [Canonicalization; 2] = [Canonicalization::Exclusive, Canonicalization::Inclusive11];

fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

pub(super) fn signer() -> Certificate {
    let vector = json(include_str!("../../testdata/vectors/certificate.json"));
    Certificate::parse(vector["certificate"].as_str().unwrap().as_bytes()).unwrap()
}

pub(super) fn time() -> Time {
    Time::parse_rfc3339("2026-01-02T03:04:05Z").unwrap()
}

pub(super) fn hello() -> DataReference {
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
        let draft = prepare(&plan, &Ids::with_prefix("S0").unwrap(), time(), &[hello()]).unwrap();
        assert_eq!(draft.signed_info.len(), number("signed_info_bytes"));
        assert_eq!(sha256(&draft.signed_info), text("signed_info_sha256"));
        let properties = STANDARD.encode(crate::digest::from_hex(text("signed_properties_sha256").as_bytes()).unwrap());
        assert!(String::from_utf8(draft.signed_info.clone()).unwrap().contains(&format!(">{properties}<")));

        let to_be_signed = ToBeSigned::new(draft.signed_info.clone(), plan.algorithm());
        let value = SignatureValue::ecdsa(STANDARD.decode(text("value")).unwrap());
        let value = crate::cms::accept_value(&value, &signer(), &to_be_signed).unwrap();
        let made = finalize(&draft.before, &value, plan.algorithm(), &draft.after).unwrap();
        assert_eq!(String::from_utf8(made).unwrap(), String::from_utf8(file.to_vec()).unwrap());

        let limits = Limits::default();
        let document = Document::parse(file, &limits).unwrap();
        let transform = Transform { method: form.method(), prefixes: Vec::new() };
        let budget = Budget::new(&limits);
        let mut octets = Octets::new(&limits, &budget);
        for (id, part) in [("S0-SP", "signed_properties"), ("S0-SIG", "value_element")] {
            let canonical = octets.of(document.by_id(id).unwrap(), &transform).unwrap();
            assert_eq!(canonical.len(), number(&format!("{part}_bytes")));
            assert_eq!(sha256(&canonical), text(&format!("{part}_sha256")));
        }
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

#[test]
fn signatures_of_every_kind_of_key_verify() {
    let keys: [(&[u8], &[u8]); 5] = [
        (include_bytes!("../../testdata/keys/rsa.pem"), include_bytes!("../../testdata/keys/rsa-certificate.pem")),
        (include_bytes!("../../testdata/keys/ec.pem"), include_bytes!("../../testdata/keys/ec-certificate.pem")),
        (include_bytes!("../../testdata/keys/ec384.pem"), include_bytes!("../../testdata/keys/ec384-certificate.pem")),
        (include_bytes!("../../testdata/keys/ec521.pem"), include_bytes!("../../testdata/keys/ec521-certificate.pem")),
        (
            include_bytes!("../../testdata/keys/ed25519.pem"),
            include_bytes!("../../testdata/keys/ed25519-certificate.pem"),
        ),
    ];
    for (key, certificate) in keys {
        let certificate = Certificate::parse(certificate).unwrap();
        let given = [certificate.clone()];
        let key = LocalKey::dangerous_allow_unhardened_rsa(key, None, None, &given, &Limits::default()).unwrap();
        let plan = || Plan::new(certificate.clone(), &[]).unwrap().allow_expired();
        let with = |digest| plan().digest(digest).ok();
        let plans = [Some(plan()), plan().pss().ok(), with(DigestAlgorithm::Sha256), with(DigestAlgorithm::Sha512)];
        for plan in plans.into_iter().flatten() {
            for form in FORMS {
                let plan = plan.clone().canonicalization(form);
                let references = [hello(), DataReference { name: "Līgums 🖋 & \"#1\".pdf".into(), ..hello() }];
                let draft = prepare(&plan, &Ids::from_nonce(&[7; 32]), time(), &references).unwrap();
                let to_be_signed = ToBeSigned::new(draft.signed_info.clone(), plan.algorithm());
                let value = key.sign(&to_be_signed).unwrap();
                let value = crate::cms::accept_value(&value, &certificate, &to_be_signed).unwrap();
                let file = finalize(&draft.before, &value, plan.algorithm(), &draft.after).unwrap();
                let file = SignatureFile::read(&file, &Limits::default(), &Budget::new(&Limits::default())).unwrap();
                let [signature] = file.signatures() else { panic!("one signature") };
                assert_eq!(signature.algorithm, Some(plan.algorithm()));
                assert_eq!(signature.value_verifies(), Some(true), "{}", plan.algorithm());
                assert_eq!(signature.properties_match(), Some(true));
                assert_eq!(signature.remarks, [""; 0]);
                let names: Vec<_> = signature.files().filter_map(|file| file.name.as_deref()).collect();
                assert_eq!(names, ["hello.txt", "Līgums 🖋 & \"#1\".pdf"]);
                check_draft(
                    &draft,
                    std::slice::from_ref(&certificate),
                    plan.algorithm(),
                    time(),
                    &references,
                    &Limits::default(),
                )
                .unwrap();
            }
        }
    }
}

#[test]
fn claims_are_written_and_read() {
    let policy = Policy::new("1.2.3", DigestAlgorithm::Sha512.digest(b"policy")).unwrap();
    for form in FORMS {
        let plan = Plan::new(signer(), &[])
            .unwrap()
            .canonicalization(form)
            .policy(policy.clone().uri("https://example.com/a?b=1&c=<2>").unwrap());
        let plan = plan.role("Valdes <loceklis> & \"co\"\r\n").unwrap().role("second").unwrap();
        let plan = plan.city("Rīga").unwrap().country("LV").unwrap();
        let plan = plan.commitment("proof-of-approval").unwrap().commitment("2.999.1").unwrap();
        let draft = prepare(&plan, &Ids::with_prefix("S0").unwrap(), time(), &[hello()]).unwrap();
        check_draft(&draft, &[signer()], plan.algorithm(), time(), &[hello()], &Limits::default()).unwrap();
        let file = finalize(&draft.before, &VALUE, plan.algorithm(), &draft.after).unwrap();
        let file = SignatureFile::read(&file, &Limits::default(), &Budget::new(&Limits::default())).unwrap();
        let signature = &file.signatures()[0];
        assert_eq!(signature.properties_match(), Some(true), "the canonical form is the one that is read");
        assert_eq!(signature.value_verifies(), Some(false));
        assert_eq!(signature.roles, ["Valdes <loceklis> & \"co\"", "second"]);
        assert_eq!(signature.place, ["Rīga", "LV"]);
        assert_eq!(signature.policy.as_deref(), Some("urn:oid:1.2.3"));
        assert_eq!(signature.commitments, ["http://uri.etsi.org/01903/v1.2.2#ProofOfApproval", "urn:oid:2.999.1"]);
        assert_eq!(signature.signing_time, Some(time()));
        assert_eq!(signature.files().next().unwrap().media_type.as_deref(), Some("text/plain"));
    }
}

#[test]
fn equal_arguments_give_equal_bytes_and_other_nonces_other_ids() {
    let plan = Plan::new(signer(), &[]).unwrap();
    let draft = |nonce| prepare(&plan, &Ids::from_nonce(&[nonce; 32]), time(), &[hello()]).unwrap();
    assert_eq!(draft(1), draft(1));
    assert_ne!(draft(1).before, draft(2).before);
}

#[test]
fn thousands_of_files_are_signed() {
    let plan = Plan::new(signer(), &[]).unwrap();
    let references: Vec<_> = (0..10_000).map(|n| DataReference { name: format!("{n}.txt"), ..hello() }).collect();
    let draft = prepare(&plan, &Ids::from_nonce(&[7; 32]), time(), &references).unwrap();
    check_draft(&draft, &[signer()], plan.algorithm(), time(), &references, &Limits::default()).unwrap();
}

#[test]
fn what_can_not_be_signed_is_refused() {
    let plan = Plan::new(signer(), &[]).unwrap();
    let prepare =
        |references: &[DataReference], time| prepare(&plan, &Ids::with_prefix("S0").unwrap(), time, references);
    let code = |references: &[DataReference]| prepare(references, time()).unwrap_err().code();
    assert_eq!(code(&[]), ErrorCode::AsiceEmpty);
    for media_type in ["", "a\0", " text/plain", "text/plain\n"] {
        assert_eq!(code(&[DataReference { media_type: media_type.into(), ..hello() }]), ErrorCode::Misuse);
    }
    let sha1 = DigestAlgorithm::Sha1ForLegacyValidation.digest(b"");
    assert_eq!(code(&[DataReference { digest: sha1, ..hello() }]), ErrorCode::Misuse);
    let late = Time::parse_rfc3339("2036-01-01T00:00:00Z").unwrap();
    assert_eq!(prepare(&[hello()], late).unwrap_err().code(), ErrorCode::CertificateExpired);
    let algorithm = SignatureAlgorithm::Ecdsa(crate::Curve::P256, DigestAlgorithm::Sha256);
    assert_eq!(finalize(b"", &[0; 64], algorithm, b"").unwrap_err().code(), ErrorCode::Bug);
}

/// Some ECDSA value: r = s = 1.
const VALUE: [u8; 8] = [0x30, 6, 2, 1, 1, 2, 1, 1];
