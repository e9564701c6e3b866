use std::collections::BTreeMap;

use super::*;
use crate::digest::from_hex;
use crate::error::Error;
use crate::pki::Reason;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/testdata/services/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn certificate(name: &str) -> Certificate {
    Certificate::parse(&file(name)).unwrap()
}

fn hex(text: &str) -> Vec<u8> {
    from_hex(text.as_bytes()).unwrap()
}

fn moment(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

#[test]
fn requests_are_those_of_the_worked_example() {
    let vector: serde_json::Value =
        serde_json::from_str(include_str!("../../../testdata/vectors/certificate.json")).unwrap();
    let own = Certificate::parse(vector["certificate"].as_str().unwrap().as_bytes()).unwrap();
    let question = Question::new(&own, &own, moment("2026-01-02T03:04:05Z"));
    let sha1 = "30433041303f303d303b300906052b0e03021a05000414c618c5c59fe46e21e147321faabae6f44df1c1630414983951f71412ff\
                d9d3c4a665d5382566c97084ad02020102";
    assert_eq!(question.to_der(DigestAlgorithm::Sha1ForLegacyValidation).unwrap(), hex(sha1));
    let nonce = [7; 16];
    let with_nonce = question.nonce(&nonce).to_der(DigestAlgorithm::Sha1ForLegacyValidation).unwrap();
    let extension = hex(&format!("a2233021301f06092b060105050730010204120410{}", "07".repeat(16)));
    assert!(with_nonce.ends_with(&extension));
    let sha256 = question.to_der(DigestAlgorithm::Sha256).unwrap();
    let key = hex("d502e2ac6c0b23d8a895a86967f515464f00b9a1eab9d2e5094027678961658f");
    let name = hex("6805ac824df3ad3fe7de0b884a0f361974371261fe6f9c6bb4e10d48e072ad1a");
    assert!([key, name].iter().all(|hash| sha256.windows(32).any(|part| part == hash)));
}

#[test]
fn recorded_answers_are_taken_or_refused_by_name() {
    let index: serde_json::Value = serde_json::from_slice(&file("index.json")).unwrap();
    let cases = index["ocsp"].as_array().unwrap();
    assert_eq!(cases.len(), 96);
    let mut seen = BTreeMap::new();
    for case in cases {
        assert_eq!(case.as_object().unwrap().len(), 12, "every field is used");
        let text = |field: &str| case[field].as_str();
        let (name, expected) = (text("file").unwrap(), text("expected").unwrap());
        let subject = certificate(text("certificate").unwrap());
        let issuer = certificate(text("issuer").unwrap());
        let known: Vec<_> =
            case["known"].as_array().unwrap().iter().map(|known| certificate(known.as_str().unwrap())).collect();
        let nonce = text("nonce").map(hex);
        let mut question = Question::new(&subject, &issuer, moment(text("at").unwrap())).known(&known).skew_seconds(60);
        if let Some(nonce) = &nonce {
            question = question.nonce(nonce);
        }
        if let Some(time) = text("not_older_than") {
            question = question.not_older_than(moment(time));
        }
        if let Some(request) = text("request") {
            let digest = match text("digest").unwrap() {
                "sha1" => DigestAlgorithm::Sha1ForLegacyValidation,
                other => DigestAlgorithm::from_name(other).unwrap(),
            };
            assert_eq!(question.to_der(digest).unwrap(), hex(request), "{name}");
        }
        let bytes = file(name);
        let is_basic = case["is_basic"].as_bool().unwrap();
        let read = if is_basic { Response::from_basic } else { Response::read };
        let response = read(&bytes, &Limits::default());
        if let Ok(response) = &response {
            assert!(is_basic != (response.as_bytes() == bytes), "{name}: kept as it came");
            assert!(Response::read(response.as_bytes(), &Limits::default()).is_ok(), "{name}: complete");
        }
        let status = response.and_then(|response| response.check(&question, &Limits::default()));
        let judged = status.clone().and_then(|status| status.require_good());
        let found = judged.as_ref().map_or_else(|error| error.code().as_str(), |()| "ok");
        assert_eq!(found, expected, "{name}: {judged:?}");
        let delegate = status.ok().map(|status| match status.responder {
            Responder::Issuer => "issuer",
            Responder::Delegate { has_no_check: true, .. } => "no-check",
            Responder::Delegate { .. } => "check",
        });
        assert_eq!(delegate, text("delegate"), "{name}");
        if let Err(error) = judged
            && expected.starts_with("ocsp")
        {
            let error = error.of_service(Role::Ocsp, Some("ocsp.example"));
            assert!(error.to_string().contains("(ocsp ocsp.example)"), "{name}: {error}");
        }
        *seen.entry(found).or_insert(0) += 1;
    }
    assert_eq!(seen.len(), 13, "each code of OCSP, and good: {seen:?}");
}

fn made(name: &str) -> Result<Status> {
    let (subject, issuer) = (certificate("made-person.cer"), certificate("made-ca.cer"));
    let response = Response::read(&file(&format!("made-{name}.ors")), &Limits::default())?;
    response.check(&Question::new(&subject, &issuer, response.produced_at()), &Limits::default())
}

#[test]
fn a_status_tells_times_reason_and_responder() {
    let good = made("good").unwrap();
    assert_eq!(good.revocation, None);
    assert_eq!(good.next_update.unwrap().as_unix() - good.this_update.as_unix(), 3600);
    assert_eq!(
        good.responder,
        Responder::Delegate { certificate: certificate("made-responder.cer"), has_no_check: true }
    );
    let cutoff = made("cutoff").unwrap();
    assert_eq!(cutoff.this_update.as_unix() - cutoff.archive_cutoff.unwrap().as_unix(), 900 * 86_400);
    let revoked = made("revoked-reason").unwrap().revocation.unwrap();
    assert_eq!(revoked.reason, Some(Reason::KeyCompromise));
    let error = made("revoked").unwrap().require_good().unwrap_err();
    assert!(matches!(error, Error::Certificate(error) if error.time == Some(revoked.time)));
}

#[test]
fn no_changed_byte_makes_another_status() {
    let good = file("made-by-key.ors");
    let (subject, issuer) = (certificate("made-person.cer"), certificate("made-ca.cer"));
    let check = |bytes: &[u8]| {
        let response = Response::read(bytes, &Limits::default())?;
        response.check(&Question::new(&subject, &issuer, response.produced_at()), &Limits::default())
    };
    let status = check(&good).unwrap();
    for at in 0..good.len() {
        let mut changed = good.clone();
        changed[at] ^= 0x10;
        if let Ok(other) = check(&changed) {
            assert_eq!(format!("{other:?}"), format!("{status:?}"), "{at}");
        }
    }
}

#[test]
fn answers_are_bounded() {
    let bytes = file("made-others.ors");
    let name = |limits: Limits| match Response::read(&bytes, &limits) {
        Err(Error::LimitExceeded(limit)) => limit.name,
        _ => "none",
    };
    assert_eq!(name(Limits { answer_bytes: 100, ..Limits::default() }), "answer_bytes");
    assert_eq!(name(Limits { ocsp_answers: 2, ..Limits::default() }), "ocsp_answers");
    let many = file("made-many-certificates.ors");
    let limits = Limits { certificates: 3, ..Limits::default() };
    assert!(matches!(Response::read(&many, &limits), Err(Error::LimitExceeded(limit)) if limit.name == "certificates"));
}
