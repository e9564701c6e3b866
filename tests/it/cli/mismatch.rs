//! What `signature.mismatch` says of a value: what it was made over, and whose it is.

use base64::prelude::{BASE64_STANDARD, Engine};
use eseal::DigestAlgorithm;
use rsa::pkcs8::DecodePrivateKey as _;
use rsa::signature::SignatureEncoding as _;
use serde_json::{Value, json};

use super::{Bench, testdata};

fn prepared(bench: &Bench, certificate: &str) -> Vec<Value> {
    bench.sample("b.pdf", "xref-stream.pdf");
    let line = format!("prepare a.pdf b.pdf --cert $KEYS/{certificate}.pem --store work --json");
    bench.run(&line).ends(0).lines("prepare")
}

/// The lines of `finalize`, none of which is a success, as they are told to scripts and to people.
#[track_caller]
fn refused(bench: &Bench, values: &str) -> (Vec<Value>, String) {
    let line = "finalize --store work --values - --out out";
    let lines = bench.run_with(&format!("{line} --json"), values.as_bytes()).ends(1).lines("finalize");
    let told = bench.run_with(line, values.as_bytes()).ends(1);
    let is_document = |file: &String| file.starts_with("out/") && !file.starts_with("out/.");
    assert!(!bench.files().iter().any(is_document), "nothing is written");
    (lines.into_iter().map(|line| line["error"].clone()).collect(), told.err + str::from_utf8(&told.out).unwrap())
}

/// The line with another digest in it, which is signed then.
fn with_digest(line: &Value, digest: &[u8]) -> Value {
    let mut line = line.clone();
    line["digest"] = json!(BASE64_STANDARD.encode(digest));
    line
}

#[test]
fn a_value_of_another_session_is_told_with_its_document() {
    let bench = Bench::new();
    let lines = prepared(&bench, "ec-certificate");
    let swapped = [
        json!({"id": lines[0]["id"], "digest": lines[1]["digest"]}),
        json!({"id": lines[1]["id"], "digest": lines[0]["digest"]}),
    ];
    let (errors, told) = refused(&bench, &bench.sign(&swapped));
    for (error, other) in errors.iter().zip([&lines[1], &lines[0]]) {
        assert_eq!((&error["code"], &error["made_over"]), (&json!("signature.mismatch"), &json!("other-session")));
        assert_eq!(error["session"], other["id"]);
        let (id, name) = (other["id"].as_str().unwrap(), other["input"].as_str().unwrap());
        assert!(error["message"].as_str().unwrap().ends_with(&format!("it is that of session {id} (\"{name}\")")));
        assert!(told.contains(id), "{told}");
    }
    bench.run_with("finalize --store work --values - --out out", bench.sign(&lines).as_bytes()).ends(0);
}

#[test]
fn what_was_hashed_or_written_by_mistake_is_told() {
    let bench = Bench::new();
    let lines = prepared(&bench, "ec-certificate");
    let digest = BASE64_STANDARD.decode(lines[0]["digest"].as_str().unwrap()).unwrap();
    let sha256 = |bytes: &[u8]| DigestAlgorithm::Sha256.digest(bytes).as_bytes().to_vec();
    let hex = lines[0]["digest_hex"].as_str().unwrap();
    for (signed, word, part) in [
        (sha256(&digest), "digest-hashed", "hashed once more"),
        (sha256(hex.as_bytes()), "digest-as-text", "hexadecimal text of the digest was hashed"),
        (sha256(lines[0]["digest"].as_str().unwrap().as_bytes()), "digest-as-text", "base64 text of the digest"),
        (
            DigestAlgorithm::Sha512
                .digest(&BASE64_STANDARD.decode(lines[0]["to_be_signed"].as_str().unwrap()).unwrap())
                .as_bytes()
                .to_vec(),
            "other-hash",
            "SHA-512",
        ),
    ] {
        let (errors, told) = refused(&bench, &bench.sign(&[with_digest(&lines[0], &signed)]));
        assert_eq!(errors[0]["made_over"], word, "{errors:?}");
        assert!(errors[0].get("session").is_none() && told.contains(part), "{told}");
    }
    let (errors, _) = refused(&bench, &bench.sign(&[with_digest(&lines[0], &[7; 32])]));
    assert!(errors[0].get("made_over").is_none(), "{errors:?}");
}

#[test]
fn a_value_of_rsa_shows_what_it_was_made_over() {
    let bench = Bench::new();
    let lines = prepared(&bench, "rsa-certificate");
    let key = rsa::RsaPrivateKey::from_pkcs8_pem(&std::fs::read_to_string(testdata("keys/rsa.pem")).unwrap()).unwrap();
    let sign = |padded: &[u8]| {
        use rsa::signature::hazmat::PrehashSigner as _;
        let value =
            rsa::pkcs1v15::SigningKey::<sha2::Sha256>::new_unprefixed(key.clone()).sign_prehash(padded).unwrap();
        json!({"id": lines[0]["id"], "signature": BASE64_STANDARD.encode(value.to_bytes())}).to_string()
    };
    let info = |digest: &[u8]| {
        let start = b"\x30\x31\x30\x0d\x06\x09\x60\x86\x48\x01\x65\x03\x04\x02\x01\x05\x00\x04\x20";
        [&start[..], digest].concat()
    };
    let digest = |n: usize| BASE64_STANDARD.decode(lines[n]["digest"].as_str().unwrap()).unwrap();
    for (padded, word) in [
        (digest(0), "no-digest-info"),
        (info(DigestAlgorithm::Sha256.digest(&digest(0)).as_bytes()), "digest-hashed"),
        (info(&digest(1)), "other-session"),
        (digest(1), "other-session"),
        (info(&[9; 32]), "other-digest"),
    ] {
        let (errors, _) = refused(&bench, &sign(&padded));
        assert_eq!(errors[0]["made_over"], word, "{errors:?}");
        assert_eq!(errors[0].get("session"), (word == "other-session").then_some(&lines[1]["id"]));
    }
    // The value of a key that nobody knows here.
    let other = json!({"id": lines[0]["id"], "signature": BASE64_STANDARD.encode([5; 256])}).to_string();
    assert_eq!(refused(&bench, &other).0[0]["made_over"], "other-key");
}
