//! Prepare, sign elsewhere, finalize, through the library.

use eseal::{Document, Error, ErrorCode, Limits, Prepared, Recovery, SignatureValue, Source};
use proptest::prelude::*;

use crate::key::{file, moment, plan, sign};

/// Samples that are signed as they are.
pub const SOUND: [&str; 20] = [
    "minimal",
    "table-lf",
    "table-cr",
    "table-crlf",
    "no-id",
    "no-eol",
    "tail-nul",
    "xref-stream",
    "xref-stream-no-id",
    "linearized",
    "linearized-stream",
    "hybrid",
    "revisions",
    "table-then-stream",
    "existing-field",
    "existing-field-lock",
    "field-and-widget",
    "field-names",
    "docmdp-2",
    "signed-twice",
];

fn open(bytes: &[u8]) -> Document {
    Document::open(Source::from_bytes(bytes), &Limits::default()).expect("sample opens")
}

/// Both halves, through a saved state.
pub fn signed(bytes: &[u8], n: u8) -> Vec<u8> {
    let prepared = open(bytes).prepare(&plan("p256"), moment(n)).expect("sample is prepared");
    let (value, state) = (sign(prepared.to_be_signed()), prepared.to_state().expect("state"));
    let prepared = Prepared::resume(&state, Source::from_bytes(bytes), &Limits::default()).expect("resumes");
    let mut out = Vec::new();
    prepared.finalize(value).expect("verifies").output().write_to(&mut out).expect("writes");
    out
}

fn code(result: Result<impl std::fmt::Debug, Error>) -> ErrorCode {
    result.expect_err("is refused").code()
}

#[test]
fn each_sound_sample_is_signed_and_stays_a_prefix() {
    for name in SOUND {
        let bytes = file(&format!("pdf/{name}.pdf"));
        let out = signed(&bytes, 7);
        assert!(out.starts_with(&bytes), "{name}");
        let report = open(&out).inspect().expect(name).into_pdf().expect(name);
        let last = report.signatures.iter().find(|s| s.covers == eseal::Coverage::WholeFile).expect(name);
        assert_eq!((last.digest_matches, last.signature_verifies), (Some(true), Some(true)), "{name}");
        assert_eq!(last.level_claimed, Some("B-B"), "{name}");
    }
}

#[test]
fn the_tenth_signature_leaves_the_nine_before_it_whole() {
    for name in ["table-lf", "xref-stream", "linearized", "hybrid"] {
        let mut bytes = file(&format!("pdf/{name}.pdf"));
        for n in 1..=10 {
            let out = signed(&bytes, n);
            assert!(out.starts_with(&bytes));
            bytes = out;
        }
        let report = open(&bytes).inspect().expect(name).into_pdf().expect(name);
        let names: Vec<&str> = report.signatures.iter().map(|s| s.field.as_str()).collect();
        let expected: Vec<String> = (1..=10).map(|n| format!("Signature{n}")).collect();
        assert_eq!(names, expected, "{name}");
        for signature in &report.signatures {
            assert_eq!((signature.digest_matches, signature.signature_verifies), (Some(true), Some(true)), "{name}");
            assert_ne!(signature.covers, eseal::Coverage::Odd, "{name} {}", signature.field);
        }
    }
}

#[test]
fn an_existing_field_is_used_by_its_full_name() {
    for (sample, field) in
        [("existing-field", "Approval"), ("field-and-widget", "A.Sig"), ("existing-field-lock", "Approval")]
    {
        let bytes = file(&format!("pdf/{sample}.pdf"));
        let prepared = open(&bytes).prepare(&plan("p256").field(field), moment(1)).expect(sample);
        assert_eq!(prepared.field(), Some(field));
        let before = open(&bytes).inspect().expect(sample).into_pdf().expect(sample).fields.len();
        let value = sign(prepared.to_be_signed());
        let mut out = Vec::new();
        prepared.finalize(value).expect(sample).output().write_to(&mut out).expect(sample);
        let report = open(&out).inspect().expect(sample).into_pdf().expect(sample);
        assert_eq!(report.fields.len(), before, "no field was added");
        assert!(report.fields.iter().any(|f| f.name == field && f.signed));
        // Signing it again is refused.
        assert_eq!(code(open(&out).prepare(&plan("p256").field(field), moment(2))), ErrorCode::PdfFieldTaken);
    }
}

#[test]
fn what_forbids_a_signature_is_respected() {
    for (sample, field, expected) in [
        ("docmdp-1", None, ErrorCode::PdfLocked),
        ("fieldmdp-all", Some("Other"), ErrorCode::PdfFieldLocked),
        ("xfa", None, ErrorCode::PdfXfa),
        ("byte-range-beyond", None, ErrorCode::PdfByteRange),
        ("duplicate-field-names", Some("Approval"), ErrorCode::PdfFieldDuplicate),
        ("existing-field-seed-sha1", Some("Approval"), ErrorCode::PdfSeedValue),
        ("existing-field", Some("No.Such"), ErrorCode::PdfFieldMissing),
        ("field-and-widget", Some("A"), ErrorCode::PdfFieldType),
    ] {
        let mut plan = plan("p256");
        if let Some(field) = field {
            plan = plan.field(field);
        }
        assert_eq!(code(open(&file(&format!("pdf/{sample}.pdf"))).prepare(&plan, moment(1))), expected, "{sample}");
    }
    // What the lock leaves open may be signed.
    let other = plan("p256").field("Other");
    open(&file("pdf/fieldmdp-exclude.pdf")).prepare(&other, moment(1)).expect("Other is excluded from the lock");
}

#[test]
fn a_damaged_document_is_repaired_only_when_asked_and_unsigned() {
    for (sample, expected) in [
        ("broken-xref", ErrorCode::PdfObjectNumber),
        ("startxref-beyond", ErrorCode::PdfStartxref),
        ("prev-cycle", ErrorCode::PdfXrefCycle),
        ("tail-junk", ErrorCode::PdfTail),
    ] {
        let bytes = file(&format!("pdf/{sample}.pdf"));
        let refused = Document::open(Source::from_bytes(&*bytes), &Limits::default())
            .and_then(|document| document.prepare(&plan("p256"), moment(1)));
        assert_eq!(code(refused), expected, "{sample}");
        let document = Document::open_with(Source::from_bytes(&*bytes), &Limits::default(), Recovery::Rebuild);
        let prepared = document.expect(sample).prepare(&plan("p256"), moment(1)).expect(sample);
        let value = sign(prepared.to_be_signed());
        let mut out = Vec::new();
        prepared.finalize(value).expect(sample).output().write_to(&mut out).expect(sample);
        assert!(out.starts_with(&bytes));
        // The result needs no repair any more.
        let report = open(&out).inspect().expect(sample).into_pdf().expect(sample);
        assert_eq!(report.signatures[0].signature_verifies, Some(true), "{sample}");
    }
    // Cut off the last line of a signed file: it must not be repaired.
    let signed = signed(&file("pdf/table-lf.pdf"), 1);
    let damaged = String::from_utf8_lossy(&signed).rfind("startxref").map(|at| &signed[..at]).expect("has startxref");
    let document = Document::open_with(Source::from_bytes(damaged), &Limits::default(), Recovery::Rebuild);
    let refused = document.and_then(|document| document.prepare(&plan("p256"), moment(2)));
    assert_eq!(code(refused), ErrorCode::PdfRecoverSigned);
}

#[test]
fn a_wrong_value_is_never_embedded() {
    let bytes = file("pdf/table-lf.pdf");
    let prepare = |n| open(&bytes).prepare(&plan("p256"), moment(n)).expect("prepares");
    let other = sign(prepare(2).to_be_signed());
    assert_eq!(code(prepare(1).finalize(other)), ErrorCode::SignatureMismatch);
    let right = sign(prepare(1).to_be_signed());
    for (value, expected) in [
        (SignatureValue::ecdsa(&right.as_bytes()[..63]), ErrorCode::SignatureEncoding),
        (SignatureValue::ecdsa(vec![0; 64]), ErrorCode::SignatureEncoding),
        (SignatureValue::ecdsa(Vec::new()), ErrorCode::SignatureEncoding),
        (SignatureValue::rsa(right.as_bytes()), ErrorCode::SignatureEncoding),
        (SignatureValue::ecdsa(vec![1; 64]), ErrorCode::SignatureMismatch),
    ] {
        assert_eq!(code(prepare(1).finalize(value)), expected);
    }
}

#[test]
fn room_is_checked_before_anybody_signs() {
    let document = open(&file("pdf/table-lf.pdf"));
    let error = document.prepare(&plan("p256").reserve(100), moment(1)).expect_err("too little room");
    assert_eq!(error.code(), ErrorCode::PlaceholderTooSmall);
    let Error::PlaceholderTooSmall { reserved: 100, needed } = error else { panic!("{error}") };
    document.prepare(&plan("p256").reserve(needed), moment(1)).expect("exactly enough");
}

#[test]
fn certificates_are_refused_outside_their_time_and_purpose() {
    let document = open(&file("pdf/table-lf.pdf"));
    let late = eseal::Moment::new(eseal::Time::parse_rfc3339("2099-01-01T00:00:00Z").expect("time"), [1; 32]);
    let early = eseal::Moment::new(eseal::Time::parse_rfc3339("2001-01-01T00:00:00Z").expect("time"), [1; 32]);
    assert_eq!(code(document.prepare(&plan("p256"), late)), ErrorCode::CertificateExpired);
    assert_eq!(code(document.prepare(&plan("p256"), early)), ErrorCode::CertificateNotYetValid);
    document.prepare(&plan("p256").allow_expired(), late).expect("asked for by name");
    let new = |name| eseal::Plan::new(crate::key::certificate(name), &[]);
    assert_eq!(code(new("rsa1024")), ErrorCode::CertificateKeyWeak);
    assert_eq!(code(new("brainpool")), ErrorCode::CertificateKeyUnsupported);
    assert_eq!(code(new("encipher")), ErrorCode::CertificateUsage);
    let stranger = [crate::key::certificate("p384")];
    assert_eq!(code(eseal::Plan::new(crate::key::certificate("p256"), &stranger)), ErrorCode::CertificateChain);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    /// Any sound document, any plan: what comes out opens, keeps its prefix, and all its signatures verify.
    #[test]
    fn what_is_signed_opens_again(
        sample in 0..SOUND.len(),
        rounds in 1_u8..4,
        reason in proptest::option::of(".{0,40}"),
        location in proptest::option::of("[ -~]{0,40}"),
        nonce: [u8; 32],
        field in proptest::option::of("[a-zA-Z\u{101} ()\\\\]{1,12}"),
    ) {
        let mut bytes = file(&format!("pdf/{}.pdf", SOUND[sample]));
        for round in 0..rounds {
            let mut plan = plan("p256");
            if let Some(reason) = &reason { plan = plan.reason(reason.as_str()); }
            if let Some(location) = &location { plan = plan.location(location.as_str()); }
            if let (0, Some(field)) = (round, &field) { plan = plan.field(format!("{field}x")); }
            let moment = eseal::Moment::new(moment(0).time(), nonce).for_document(&[round]);
            let before = open(&bytes).inspect().unwrap().into_pdf().unwrap().signatures;
            let prepared = open(&bytes).prepare(&plan, moment).unwrap();
            let value = sign(prepared.to_be_signed());
            let mut out = Vec::new();
            prepared.finalize(value).unwrap().output().write_to(&mut out).unwrap();
            prop_assert!(out.starts_with(&bytes));
            let after = open(&out).inspect().unwrap().into_pdf().unwrap();
            prop_assert_eq!(after.signatures.len(), before.len() + 1);
            for signature in &after.signatures {
                prop_assert_eq!(signature.signature_verifies, Some(true));
                prop_assert_eq!(signature.digest_matches, Some(true));
            }
            bytes = out;
        }
    }
}
