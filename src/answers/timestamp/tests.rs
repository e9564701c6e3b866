use std::collections::BTreeMap;

use super::*;
use crate::cms::SignedData;
use crate::digest::{DigestAlgorithm, from_hex};
use crate::error::{Error, Retry};

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/testdata/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn hello() -> Digest {
    DigestAlgorithm::Sha256.digest(b"hello\n")
}

fn hex(text: &str) -> Vec<u8> {
    from_hex(text.as_bytes()).unwrap()
}

#[test]
fn requests_are_those_of_openssl() {
    let without = "30390201013031300d0609608648016503040201050004205891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e8\
                   46f6be030101ff";
    let with = "30430201013031300d0609608648016503040201050004205891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6\
                be0302087e2c91023bb43e7b0101ff";
    assert_eq!(Request::new(hello()).to_der(), hex(without));
    assert_eq!(Request::new(hello()).nonce(&hex("7e2c91023bb43e7b")).to_der(), hex(with));
    assert_eq!(Request::new(hello()).nonce(&hex("00007e2c91023bb43e7b")).to_der(), hex(with), "a number");
}

#[test]
fn nonces_are_positive_and_short() {
    let integer = |nonce: &[u8]| unsigned_der(magnitude(nonce));
    assert_eq!(integer(&[0x80]), [2, 2, 0, 0x80]);
    assert_eq!(integer(&[0, 0]), [2, 1, 0]);
    assert_eq!(integer(&[0, 1]), [2, 1, 1]);
    for seed in [[0; 32], [0xff; 32]] {
        let nonce = Request::new(hello()).nonce_from(&seed).nonce.unwrap();
        assert_eq!(nonce.len(), 8);
        assert!((0x40..0x80).contains(&nonce[0]));
    }
}

#[test]
fn policies_are_object_identifiers() {
    assert!(Request::new(hello()).policy("1.2.3").is_ok());
    assert_eq!(Request::new(hello()).policy("low").unwrap_err().code(), ErrorCode::Misuse);
}

#[test]
fn recorded_answers_are_taken_or_refused_by_name() {
    let index: serde_json::Value = serde_json::from_slice(&file("services/index.json")).unwrap();
    let cases = index["timestamp"].as_array().unwrap();
    assert_eq!(cases.len(), 52);
    let mut seen = BTreeMap::new();
    for case in cases {
        assert_eq!(case.as_object().unwrap().len(), 7, "every field is used");
        let text = |field: &str| case[field].as_str();
        let (name, expected) = (text("file").unwrap(), text("expected").unwrap());
        let mut request = Request::new(DigestAlgorithm::from_name(text("digest").unwrap()).unwrap().digest(b"hello\n"));
        if let Some(nonce) = text("nonce") {
            request = request.nonce(&hex(nonce));
        }
        if let Some(policy) = text("policy") {
            request = request.policy(policy).unwrap();
        }
        assert_eq!(request.to_der(), hex(text("request").unwrap()), "{name}");
        let now = Time::parse_rfc3339(text("now").unwrap()).unwrap();
        let answer = file(&format!("services/{name}"));
        match accept(&answer, &request, now, 300, &Limits::default()) {
            Ok(token) => {
                assert_eq!(expected, "ok", "{name}");
                assert!(answer.windows(token.as_bytes().len()).any(|part| part == token.as_bytes()), "{name}: kept");
                let again = Token::read(&[token.as_bytes(), &[0; 40]].concat(), &Limits::default()).unwrap();
                assert_eq!(again.as_bytes(), token.as_bytes(), "{name}");
                again.check(&request.imprint).unwrap();
                assert!(token.certificates().contains(token.certificate().unwrap()));
                *seen.entry("ok").or_insert(0) += 1;
            }
            Err(error) => {
                assert_eq!(error.code().as_str(), expected, "{name}: {error}");
                *seen.entry(error.code().as_str()).or_insert(0) += 1;
                let error = error.of_service(Role::Timestamp, Some("tsa.example"));
                assert!(error.to_string().contains("(tsa tsa.example)"), "{name}: {error}");
            }
        }
    }
    assert_eq!(seen.len(), 10, "each code of a time-stamp but that of its path: {seen:?}");
}

#[test]
fn a_token_tells_its_time_exactly() {
    let request = Request::new(hello());
    let token = |name: &str| {
        let answer = file(&format!("services/{name}.tsr"));
        let mut outer = Reader::ber(&answer, 8, ErrorCode::TimestampMalformed).sequence().unwrap();
        outer.element().unwrap();
        Token::read(outer.element().unwrap().raw(), &Limits::default()).unwrap()
    };
    let exact = token("made-accuracy");
    exact.check(&request.imprint).unwrap();
    assert_eq!(exact.accuracy_micros(), Some(1_500_001));
    assert_eq!(exact.info().serial(), [7]);
    assert_eq!(exact.info().policy(), "1.2.3.4");
    assert_eq!(token("made-good").accuracy_micros(), None);
    assert!(token("made-fraction").info().time_text().ends_with(".12Z"));
}

#[test]
fn a_service_that_refuses_says_why() {
    let refused = |name: &str| {
        let now = Time::from_unix(0).unwrap();
        accept(&file(&format!("services/{name}.tsr")), &Request::new(hello()), now, 0, &Limits::default()).unwrap_err()
    };
    let never = refused("fault-rejected");
    assert_eq!(
        never.to_string(),
        "the time-stamping service rejected the request (tsa): status 2: rejection, badAlg, “no”"
    );
    assert_eq!(never.retry(), Retry::Never);
    let later = refused("made-system-failure");
    assert_eq!(
        later.to_string(),
        "the time-stamping service can't stamp now (tsa): status 2: rejection, systemFailure, “rīt \\u{1b}[2J”"
    );
    assert_eq!(later.retry(), Retry::Later);
}

#[test]
fn tokens_of_documents_are_sound_and_belong_to_one_value() {
    let index: serde_json::Value = serde_json::from_slice(&file("services/index.json")).unwrap();
    let cases = index["tokens"].as_array().unwrap();
    assert_eq!(cases.len(), 8);
    for case in cases {
        assert_eq!(case.as_object().unwrap().len(), 4, "every field is used");
        let text = |field: &str| case[field].as_str().unwrap();
        let name = text("file");
        let bytes = file(&format!("services/{name}"));
        let token = Token::read(&bytes, &Limits::default()).unwrap();
        assert!(bytes.starts_with(token.as_bytes()), "{name}");
        assert_eq!(token.time().to_string(), text("time"), "{name}");
        let algorithm = DigestAlgorithm::from_name(text("digest")).unwrap();
        token.check(&Digest::new(algorithm, &hex(text("imprint"))).unwrap()).unwrap();
        token.check_strength(token.time()).unwrap();
        let transplanted = token.check(&algorithm.digest(b"another value")).unwrap_err();
        assert_eq!(transplanted.code(), ErrorCode::TimestampImprint, "{name}");
    }
    let no_token = Token::read(&file("cms/dss-b-rsa.der"), &Limits::default()).unwrap_err();
    assert_eq!(no_token.code(), ErrorCode::TimestampMalformed);
}

#[test]
fn a_token_stamps_the_value_that_carries_it() {
    for name in ["dss-t-p384.der", "pyhanko-t-rsa.der"] {
        let (signed, _) = SignedData::parse(&file(&format!("cms/{name}")), &Limits::default()).unwrap();
        let signer = &signed.signers()[0];
        let token = Token::read(&signer.time_stamps()[0], &Limits::default()).unwrap();
        assert_eq!(token.as_bytes(), signer.time_stamps()[0]);
        let algorithm = token.info().imprint_algorithm().unwrap();
        token.check(&algorithm.digest(signer.value())).unwrap();
    }
}

#[test]
fn no_changed_byte_makes_another_token_good() {
    let good = file("services/made-good.tsr");
    let request = Request::new(hello()).nonce(&hex("7e2c91023bb43e7b"));
    let now = |token: &Token| token.time();
    let check = |answer: &[u8]| -> Result<Token> {
        let mut outer = Reader::ber(answer, 8, ErrorCode::TimestampMalformed).sequence()?;
        outer.element()?;
        let at = now(&Token::read(outer.element()?.raw(), &Limits::default())?);
        accept(answer, &request, at, 0, &Limits::default())
    };
    let token = check(&good).unwrap();
    for at in 0..good.len() {
        let mut changed = good.clone();
        changed[at] ^= 0x10;
        if let Ok(other) = check(&changed) {
            // Outside of what is signed: the status and what is unsigned of the SignedData.
            assert_eq!(other.info(), token.info(), "{at}");
            assert_eq!(other.certificate().unwrap(), token.certificate().unwrap(), "{at}");
        }
    }
}

#[test]
fn answers_are_bounded() {
    let limits = Limits { answer_bytes: 100, ..Limits::default() };
    let now = Time::from_unix(0).unwrap();
    let error = accept(&file("services/good-sha256.tsr"), &Request::new(hello()), now, 0, &limits).unwrap_err();
    assert!(matches!(error, Error::LimitExceeded(limit) if limit.name == "answer_bytes"));
}
