use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::*;
use crate::batch::digests_summary;
use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{ErrorCode, Result};
use crate::limits::Limits;
use crate::pki::Certificate;

const PEM: &str = include_str!("../../../testdata/pki/rsa2048.pem");
const ONE: &str = "4xZX5G+R4gTbK2r6RlismZw4EBftvbSDcE3lXfpLMM4=";

fn limits() -> Limits {
    Limits::default()
}

fn bare() -> String {
    PEM.lines().filter(|line| !line.starts_with('-')).collect()
}

fn calculate(json: &str) -> Result<CalculateDigest> {
    CalculateDigest::from_json(json.as_bytes(), &limits())
}

fn digests(json: &str) -> Result<Digests> {
    Digests::from_json(json.as_bytes(), &limits())
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> ErrorCode {
    result.unwrap_err().code()
}

#[test]
fn flags_come_as_they_are_as_text_or_not_at_all() {
    let base = bare();
    for (flags, expected) in [
        ("", (false, false)),
        (r#","signAsPdf":true"#, (true, false)),
        (r#","signAsPdf":"true","createNewEdoc":"True""#, (true, true)),
        (r#","signAsPdf":"false","createNewEdoc":null"#, (false, false)),
    ] {
        let json = format!(r#"{{"sessions":[{{"sessionId":"a"}}],"certificate":"{base}"{flags}}}"#);
        for json in [json.clone(), format!(r#"{{"data":{json}}}"#)] {
            let read = calculate(&json).unwrap();
            assert_eq!((read.sign_as_pdf, read.create_new_edoc), expected, "{flags}");
            assert_eq!(calculate(&read.to_json()).unwrap(), read);
        }
    }
    for flags in
        [r#","signAsPdf":1"#, r#","signAsPdf":"yes""#, r#","signAsPDF":true"#, r#","signAsPdf":true,"signAsPdf":false"#]
    {
        let json = format!(r#"{{"sessions":[{{"sessionId":"a"}}],"certificate":"{base}"{flags}}}"#);
        assert_eq!(code(calculate(&json)), ErrorCode::LvrtcRequest, "{flags}");
    }
}

#[test]
fn a_certificate_comes_in_base64_in_lines_or_in_pem() {
    let expected = Certificate::parse(PEM.as_bytes()).unwrap();
    let lines: String = PEM.lines().filter(|line| !line.starts_with('-')).flat_map(|line| [line, "\r\n"]).collect();
    for text in [bare(), lines, PEM.to_owned()] {
        let json = serde_json::json!({"sessions": [{"sessionId": "a"}], "certificate": text}).to_string();
        assert_eq!(calculate(&json).unwrap().certificate, expected);
    }
    for (text, fault) in [
        ("", ErrorCode::CertificateMalformed),
        ("MIIG/j.......<sign certificate base64 here>.......xFP/IP==", ErrorCode::CertificateMalformed),
        (&bare().replace('/', "_"), ErrorCode::CertificateMalformed),
        (&format!("{PEM}{PEM}"), ErrorCode::LvrtcRequest),
        (&"A".repeat(1 << 20), ErrorCode::LimitExceeded),
    ] {
        let json = serde_json::json!({"sessions": [{"sessionId": "a"}], "certificate": text}).to_string();
        assert_eq!(code(calculate(&json)), fault, "{text:.40}");
    }
}

#[test]
fn requests_that_say_too_little_too_much_or_one_thing_twice_are_refused() {
    let base = bare();
    for json in [
        String::new(),
        "null".into(),
        "[]".into(),
        "{}".into(),
        r#"{"data":null}"#.into(),
        format!(r#"{{"certificate":"{base}"}}"#),
        format!(r#"{{"sessions":[],"certificate":"{base}"}}"#),
        r#"{"sessions":[{"sessionId":"a"}]}"#.into(),
        format!(r#"{{"sessions":["a"],"certificate":"{base}"}}"#),
        format!(r#"{{"sessions":[{{"sessionId":"a"}},{{"sessionId":"a"}}],"certificate":"{base}"}}"#),
        format!(r#"{{"sessions":[{{"sessionId":"a"}}],"certificate":"{base}"}} x"#),
        format!(r#"{{"data":{{"sessions":[{{"sessionId":"a"}}],"certificate":"{base}"}},"more":1}}"#),
    ] {
        assert_eq!(code(calculate(&json)), ErrorCode::LvrtcRequest, "{json:.60}");
    }
    let mut few = limits();
    few.wire_rows = 1;
    let json = format!(r#"{{"sessions":[{{"sessionId":"a"}},{{"sessionId":"b"}}],"certificate":"{base}"}}"#);
    assert_eq!(code(CalculateDigest::from_json(json.as_bytes(), &few)), ErrorCode::LimitExceeded);
    few.line_bytes = 10;
    assert_eq!(code(CalculateDigest::from_json(json.as_bytes(), &few)), ErrorCode::LimitExceeded);
}

#[test]
fn a_malformed_request_is_told_by_its_offset_and_not_by_its_text() {
    let error = calculate("{\n  \"sessions\": \"canary\"\n}").unwrap_err();
    assert_eq!(error.offset(), Some(23));
    assert!(!error.to_string().contains("canary"), "{error}");
}

#[test]
fn files_by_digest_are_those_of_sha_256() {
    let read = |algorithm: &str, digest: &str| {
        let json = format!(r#"{{"files":[{{"name":"a.txt","digest":"{digest}"{algorithm}}}],"signatureIndex":"3"}}"#);
        AddDocumentDigest::from_json(json.as_bytes(), &limits())
    };
    for algorithm in ["", r#","digest_algorithm":"SHA256""#, r#","digest_algorithm":"SHA-256""#] {
        let request = read(algorithm, ONE).unwrap();
        assert_eq!((request.files[0].0.as_str(), request.signature_index), ("a.txt", Some(3)));
        assert_eq!(AddDocumentDigest::from_json(request.to_json().as_bytes(), &limits()).unwrap(), request);
    }
    let hex = "e31657e46f91e204db2b6afa4658ac999c381017edbdb483704de55dfa4b30ce";
    for (algorithm, digest) in [
        (r#","digest_algorithm":"SHA384""#, ONE),
        ("", hex),
        ("", &STANDARD.encode(hex)),
        ("", &ONE.replace('+', "-")),
        ("", &STANDARD.encode([0; 48])),
        ("", ""),
    ] {
        assert_eq!(code(read(algorithm, digest)), ErrorCode::LvrtcRequest, "{algorithm} {digest}");
    }
    for (index, expected) in [("0", Some(0)), ("\"12\"", Some(12)), ("null", None)] {
        let json = format!(r#"{{"files":[{{"name":"a","digest":"{ONE}"}}],"signatureIndex":{index}}}"#);
        assert_eq!(AddDocumentDigest::from_json(json.as_bytes(), &limits()).unwrap().signature_index, expected);
    }
    for index in ["-1", "\"+1\"", "\"\"", "1.5", "\"99999999999\"", "[]"] {
        let json = format!(r#"{{"files":[{{"name":"a","digest":"{ONE}"}}],"signatureIndex":{index}}}"#);
        assert_eq!(code(AddDocumentDigest::from_json(json.as_bytes(), &limits())), ErrorCode::LvrtcRequest, "{index}");
    }
}

#[test]
fn a_value_that_is_no_base64_is_its_sessions_fault_alone() {
    let json = r#"{"sessionSignatureValues":[{"sessionId":"a","signatureValue":"AAEC_w=="},{"sessionId":"b","signatureValue":"AAEC\n/w"},{"sessionId":"c","signatureValue":""}]}"#;
    let request = FinalizeSigning::from_json(json.as_bytes(), &limits()).unwrap();
    let values: Vec<_> =
        request.values.iter().map(|row| row.value().map(|value| value.as_bytes().to_vec()).ok()).collect();
    assert_eq!(values, [None, Some(vec![0, 1, 2, 255]), None]);
    assert_eq!(FinalizeSigning::from_json(request.to_json().as_bytes(), &limits()).unwrap(), request);
    let written = SessionSignatureValue::new("a", &crate::SignatureValue::rsa([0, 1, 2, 255]));
    assert_eq!(written.signature_value, "AAEC/w==");
}

#[test]
fn the_secrets_of_a_seal_are_not_shown() {
    let json = r#"{"sessions":[{"sessionId":"a"}],"signKey":"canary","signKeyPassword":"canary"}"#;
    let request = ESealCreate::from_json(json.as_bytes(), &limits()).unwrap();
    assert_eq!(request.sign_key.as_ref().unwrap().expose(), b"canary");
    assert!(!format!("{request:?}").contains("canary"));
    let archive = AddArchive::from_json(br#"{"sessions":[{"sessionId":"a"}]}"#, &limits()).unwrap();
    assert_eq!(AddArchive::from_json(archive.to_json().as_bytes(), &limits()).unwrap(), archive);
}

#[test]
fn digests_are_read_with_the_slips_of_the_page_and_written_without() {
    let read = digests(&format!(r#"{{"sessionDigest":[{{"sessionId":"a","diggest":"{ONE}"}}],"algorithm":"SHA256"}}"#))
        .unwrap();
    let written: serde_json::Value = serde_json::from_str(&read.to_json()).unwrap();
    let row =
        serde_json::json!({"sessionId": "a", "digest": ONE, "digest_algorithm": "SHA256", "verification_code": "2540"});
    assert_eq!(written["data"]["sessionDigests"], serde_json::json!([row]));
    assert_eq!(written["data"]["algorithm"], "SHA256");
    assert!(written["data"]["digests_summary"].is_null());
    assert_eq!(digests(&read.to_json()).unwrap(), read);
}

#[test]
fn the_live_service_labels_the_summary_and_not_the_digests() {
    // P-384: 48 bytes, and SHA256 beside the summary over them.
    let long = STANDARD.encode([7; 48]);
    let summary = digests_summary(DigestAlgorithm::Sha256, [&[7_u8; 48][..]]);
    let json = format!(
        r#"{{"data":{{"sessionDigests":[{{"sessionId":"a","digest":"{long}","digest_algorithm":null}},{{"sessionId":"b","error":{{"code":"x","message":"y"}}}}],"digests_summary":"{}","algorithm":"SHA256","signature_algorithm":"ecdsa"}}}}"#,
        STANDARD.encode(summary.as_bytes())
    );
    let read = digests(&json).unwrap();
    assert_eq!(read.rows[0].result.as_ref().unwrap().digest, Digest::new(DigestAlgorithm::Sha384, &[7; 48]).unwrap());
    assert_eq!(read.rows[1].result.as_ref().unwrap_err().code, "x");
    assert_eq!((read.digests_summary, read.has_fault()), (Some(summary), true));
    assert_eq!(digests(&read.to_json()).unwrap(), read);
    let long = format!(r#"{{"sessionDigests":[{{"sessionId":"a","digest":"{long}","digest_algorithm":"SHA256"}}]}}"#);
    for json in [
        &*long,
        r#"{"sessionDigests":[{"sessionId":"a"}]}"#,
        r#"{"sessionDigests":[{"sessionId":"a","digest":"AAAA"}]}"#,
        r#"{"sessionDigests":[],"digests_summary":"AAAA"}"#,
        r#"{"sessionDigests":[],"algorithm":"MD5"}"#,
        r#"{"sessionDigests":[],"sessionDigest":[]}"#,
        "{}",
    ] {
        assert_eq!(code(digests(json)), ErrorCode::LvrtcRequest, "{json:.60}");
    }
}

#[test]
fn results_succeed_where_the_error_is_null_or_left_out() {
    let json = r#"{"data":{"results":[{"sessionId":"a"},{"sessionId":"b","error":null},{"error":{"code":"signing:addArchive"}}]}}"#;
    let read = Results::from_json(json.as_bytes(), &limits()).unwrap();
    assert_eq!(read.rows.iter().map(|row| row.result.is_ok()).collect::<Vec<_>>(), [true, true, false]);
    assert_eq!(Results::from_json(read.to_json().as_bytes(), &limits()).unwrap(), read);
}

#[test]
fn files_come_alone_or_in_a_list() {
    let row = r#"{"id":"1","name":"a.pdf","size":5,"type":"file","includedDocuments":[]}"#;
    let read = |json: String| Files::from_json(json.as_bytes(), &limits()).unwrap();
    let one = read(format!(r#"{{"data":{row}}}"#));
    assert_eq!(one, read(format!(r#"{{"data":[{row}]}}"#)));
    assert_eq!(one, read(format!("[{row}]")));
    assert_eq!(read(one.to_json()), one);
    assert_eq!(read(one.rows[0].to_json()), one);
    for started in [Started::One("a".into()), Started::Many(vec!["a".into(), "b".into()])] {
        assert_eq!(Started::from_json(started.to_json().as_bytes(), &limits()).unwrap(), started);
    }
}

#[test]
fn a_fault_says_what_and_whether_to_try_again() {
    let fault = Fault::from(&crate::Error::SignatureMismatch(Box::default()));
    let written: serde_json::Value = serde_json::from_str(&fault.to_json()).unwrap();
    assert_eq!(
        (written["error"]["code"].as_str(), written["error"]["retry"].as_str()),
        (Some("signature.mismatch"), Some("never"))
    );
    assert!(!fault.is_passing());
}
