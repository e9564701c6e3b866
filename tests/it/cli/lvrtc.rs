//! `eseal lvrtc`: the calls of the service as its clients make them, over a directory.

use std::fs;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

use super::services::Services;
use super::{Bench, conforms, testdata};

/// A store, services, and a signer who is certified by them.
struct House {
    bench: Bench,
    services: Services,
}

impl House {
    fn new() -> House {
        let bench = Bench::new();
        let services = Services::start(&bench);
        bench.write("hello.txt", b"hello\n");
        House { bench, services }
    }

    /// A call without a body, which succeeds.
    #[track_caller]
    fn call(&self, line: &str) -> Value {
        let ended = self.bench.run(&format!("lvrtc --store work {line}")).ends(0);
        let answer: Value = serde_json::from_str(ended.text()).unwrap();
        answer["data"].clone()
    }

    /// A call with a body: how it ends, and the answer, which is as its schema says.
    #[track_caller]
    fn post(&self, call: &str, request: &Value, status: i32) -> Value {
        let line = format!("lvrtc {call} --store work {}", self.services.options());
        let ended = self.bench.run_with(&line, request.to_string().as_bytes()).ends(status);
        let answer: Value = serde_json::from_str(ended.text()).unwrap();
        let schema = match call.split(' ').next().unwrap() {
            _ if answer.get("error").is_some() => "lvrtc-error",
            "calculate-digest" => "lvrtc-digests",
            "add-document-digest" => "lvrtc-files",
            _ => "lvrtc-results",
        };
        conforms(schema, &answer);
        if status != 2 {
            conforms(&format!("lvrtc-{}", call.split(' ').next().unwrap()), request);
        }
        answer
    }

    /// A session with these files.
    #[track_caller]
    fn session(&self, files: &[&str]) -> String {
        let session = self.call("start")["sessionId"].as_str().unwrap().to_owned();
        for file in files {
            self.call(&format!("upload {session} {file}"));
        }
        session
    }

    /// What the key must sign, in the order of the sessions; all of them succeed.
    #[track_caller]
    fn calculate(&self, sessions: &[&str], flags: Value) -> Vec<Value> {
        let answer = self.post("calculate-digest", &self.request(sessions, flags), 0);
        answer["data"]["sessionDigests"].as_array().unwrap().clone()
    }

    fn request(&self, sessions: &[&str], flags: Value) -> Value {
        let mut request = json!({"sessions": names(sessions), "certificate": self.text("cert.pem")});
        request.as_object_mut().unwrap().extend(flags.as_object().unwrap().clone());
        request
    }

    fn text(&self, name: &str) -> String {
        String::from_utf8(self.bench.read(name)).unwrap()
    }

    /// The values for rows of digests, as the key elsewhere makes them.
    fn values(&self, rows: &[Value]) -> Value {
        let values: Vec<Value> = rows.iter().map(|row| value_row(&row["sessionId"], &self.value(row))).collect();
        json!({"sessionSignatureValues": values})
    }

    /// The value for one row: DER.
    fn value(&self, row: &Value) -> Vec<u8> {
        let line = self.bench.sign_with("key.der", &[json!({"id": "x", "digest": row["digest"]})]);
        let line: Value = serde_json::from_str(&line).unwrap();
        BASE64_STANDARD.decode(line["signature"].as_str().unwrap()).unwrap()
    }

    /// Both halves for these sessions.
    #[track_caller]
    fn sign(&self, sessions: &[&str], flags: Value) -> Vec<Value> {
        let rows = self.calculate(sessions, flags);
        let answer = self.post("finalize-signing", &self.values(&rows), 0);
        answer["data"]["results"].as_array().unwrap().clone()
    }

    /// The level and the data files of the document of a session, as they are after a download.
    #[track_caller]
    fn downloaded(&self, session: &str, to: &str) -> Value {
        let row = self.call(&format!("download {session} --out {to}"));
        assert_eq!(row["size"].as_u64().unwrap(), self.bench.read(to).len() as u64);
        self.bench.run(&format!("inspect {to} --json")).ends(0).lines("inspect").remove(0)
    }
}

fn names(sessions: &[&str]) -> Vec<Value> {
    sessions.iter().map(|session| json!({"sessionId": session})).collect()
}

fn value_row(session: &Value, value: &[u8]) -> Value {
    json!({"sessionId": session, "signatureValue": BASE64_STANDARD.encode(value)})
}

/// A certificate of the made-up PKI.
fn pki(name: &str) -> String {
    fs::read_to_string(testdata("pki").join(name)).unwrap()
}

/// The codes of the rows, `-` where there is none.
fn codes(answer: &Value) -> Vec<String> {
    let data = &answer["data"];
    let rows = data.get("results").or(data.get("sessionDigests")).unwrap().as_array().unwrap();
    rows.iter().map(|row| row["error"]["code"].as_str().unwrap_or("-").to_owned()).collect()
}

fn claimed(inspected: &Value) -> Vec<&str> {
    let signatures = inspected["signatures"].as_array().unwrap().iter();
    let signatures = signatures.filter(|signature| signature["sub_filter"] != "ETSI.RFC3161");
    signatures.map(|signature| signature["level_claimed"].as_str().unwrap()).collect()
}

#[test]
fn a_pdf_goes_from_start_to_archive_and_every_call_may_be_made_again() {
    let house = House::new();
    let session = house.session(&["a.pdf"]);
    let first = house.calculate(&[&session], json!({"signAsPdf": true}));
    assert_eq!((first[0]["prepared"].as_str(), first[0]["digest_algorithm"].as_str()), (Some("new"), Some("SHA256")));
    let again = house.calculate(&[&session], json!({"signAsPdf": "true"}));
    assert_eq!((again[0]["prepared"].as_str(), &again[0]["digest"]), (Some("again"), &first[0]["digest"]));
    let values = house.values(&first);
    let done = house.post("finalize-signing", &values, 0);
    let row = &done["data"]["results"][0];
    assert_eq!((row["sessionId"].as_str(), row["level"].as_str()), (Some(&*session), Some("B-LT")));
    let counts = house.services.counts();
    let twice = house.post("finalize-signing", &values, 0);
    assert_eq!(
        (&twice["data"]["results"][0]["documentId"], &twice["data"]["results"][0]["again"]),
        (&row["documentId"], &json!(true))
    );
    assert_eq!(house.services.counts(), counts, "nobody was asked again");
    let listed = house.call(&format!("list {session}"));
    assert_eq!(
        (listed.as_array().unwrap().len(), &listed[0]["id"], &listed[0]["level"]),
        (1, &row["documentId"], &json!("B-LT"))
    );
    assert_eq!(claimed(&house.downloaded(&session, "lt.pdf")), ["B-LT"]);
    let archive = json!({"sessions": names(&[&session]), "authCertificate": pki("authn.pem")});
    assert_eq!(house.post("add-archive", &archive, 0)["data"]["results"][0]["level"], "B-LTA");
    assert_eq!(house.post("add-archive", &archive, 0)["data"]["results"][0]["again"], true);
    house.downloaded(&session, "lta.pdf");
    house.post("add-archive --renew", &archive, 0);
    assert!(
        house.downloaded(&session, "renewed.pdf")["bytes"].as_u64() > Some(house.bench.read("lta.pdf").len() as u64)
    );
    assert!(house.bench.read("renewed.pdf").starts_with(&house.bench.read("lta.pdf")));
    house.call(&format!("close {session}"));
    let gone = house.bench.run(&format!("lvrtc --store work list {session}")).ends(2);
    assert_eq!(serde_json::from_str::<Value>(gone.text()).unwrap()["error"]["code"], "session.unknown");
}

#[test]
fn containers_are_made_added_to_and_nested() {
    let house = House::new();
    let session = house.session(&["hello.txt", "a.pdf"]);
    house.sign(&[&session], json!({}));
    let once = house.downloaded(&session, "once.edoc");
    assert_eq!((once["data_files"].as_array().unwrap().len(), claimed(&once)), (2, vec!["B-LT"]));
    // The next signer of the same session: the flags say that the container gets his signature.
    house.sign(&[&session], json!({"createNewEdoc": false}));
    assert_eq!(claimed(&house.downloaded(&session, "twice.edoc")), ["B-LT", "B-LT"]);
    // A container that comes from outside, added to and nested.
    let (added, nested) = (house.session(&["once.edoc"]), house.session(&["once.edoc"]));
    let row = house.call(&format!("list {added}"));
    assert_eq!(row[0]["includedDocuments"].as_array().unwrap().len(), 2);
    house.sign(&[&added], json!({"createNewEdoc": false}));
    house.sign(&[&nested], json!({"createNewEdoc": "true"}));
    assert_eq!(claimed(&house.downloaded(&added, "added.edoc")).len(), 2);
    let outer = house.downloaded(&nested, "nested.edoc");
    assert_eq!((outer["data_files"][0]["name"].as_str(), claimed(&outer).len()), (Some("once.edoc"), 1));
}

#[test]
fn files_that_stay_elsewhere_are_signed_by_digest_and_put_in_afterwards() {
    let house = House::new();
    let session = house.session(&[]);
    let digest = BASE64_STANDARD.encode(eseal::DigestAlgorithm::Sha256.digest(b"hello\n").as_bytes());
    let request = json!({"files": [{"name": "hello.txt", "digest": digest, "digest_algorithm": "SHA256"}], "signatureIndex": "2"});
    let rows = house.post(&format!("add-document-digest {session}"), &request, 0);
    assert_eq!((&rows["data"][0]["type"], &rows["data"][0]["size"]), (&json!("hash"), &Value::Null));
    house.sign(&[&session], json!({}));
    let fileless = house.downloaded(&session, "fileless.edoc");
    assert_eq!(fileless["signatures"][0]["file"], "META-INF/signatures2.xml");
    house.bench.run("fill fileless.edoc hello.txt --out filled").ends(0);
    let filled = house.bench.run("inspect filled/fileless.edoc --json").ends(0).lines("inspect").remove(0);
    assert_eq!(filled["data_files"][0]["name"], "hello.txt");
    for (digest, algorithm) in [
        // base64(hex(hash)), 48 bytes under the name of 32, and another algorithm
        (BASE64_STANDARD.encode(eseal::DigestAlgorithm::Sha256.digest(b"hello\n").to_hex()), "SHA256"),
        (BASE64_STANDARD.encode([1; 48]), "SHA256"),
        (BASE64_STANDARD.encode([1; 48]), "SHA384"),
    ] {
        let request = json!({"files": [{"name": "b", "digest": digest, "digest_algorithm": algorithm}]});
        let answer = house.post(&format!("add-document-digest {session}"), &request, 2);
        assert_eq!(answer["error"]["code"], "lvrtc.request");
    }
}

#[test]
fn a_batch_has_one_summary_and_each_session_its_own_fault() {
    let house = House::new();
    let ids: Vec<String> = house.call("start --amount 4")["sessionIds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|id| id.as_str().unwrap().to_owned())
        .collect();
    let [one, text, two, empty] = [&*ids[0], &*ids[1], &*ids[2], &*ids[3]];
    house.call(&format!("upload {one} a.pdf"));
    house.call(&format!("upload {text} hello.txt --name b.pdf"));
    house.call(&format!("upload {two} a.pdf"));
    house.bench.sample("c.pdf", "xref-stream.pdf");
    let unknown = "0".repeat(64);
    let request = house.request(&[one, text, &unknown, two, empty, "nonsense"], json!({"signAsPdf": true}));
    let answer = house.post("calculate-digest", &request, 1);
    assert_eq!(codes(&answer), ["-", "session.form", "session.unknown", "-", "session.empty", "session.unknown"]);
    let rows = answer["data"]["sessionDigests"].as_array().unwrap();
    let digest = |n: usize| BASE64_STANDARD.decode(rows[n]["digest"].as_str().unwrap()).unwrap();
    let summary = eseal::batch::digests_summary(eseal::DigestAlgorithm::Sha256, [&*digest(0), &digest(3)]);
    assert_eq!(answer["data"]["digests_summary"], BASE64_STANDARD.encode(summary.as_bytes()));
    assert_eq!(
        (&answer["data"]["algorithm"], &answer["data"]["signature_algorithm"]),
        (&json!("SHA256"), &json!("ecdsa"))
    );
    assert_eq!(rows[0]["verification_code"], eseal::batch::verification_code(&digest(0)));
    // Two PDFs in one session, and a container beside another file.
    house.call(&format!("upload {two} c.pdf"));
    let answer = house.post("calculate-digest", &house.request(&[two], json!({"signAsPdf": true})), 1);
    assert_eq!((codes(&answer), &answer["data"]["digests_summary"]), (vec!["session.form".to_owned()], &Value::Null));
    // The good session is finished although the others are not.
    let mut values = house.values(&rows[..1]);
    let list = values["sessionSignatureValues"].as_array_mut().unwrap();
    list.push(value_row(&json!(text), &[1]));
    list.push(json!({"sessionId": unknown, "signatureValue": "AAAA"}));
    list.push(json!({"sessionId": empty, "signatureValue": "*"}));
    let answer = house.post("finalize-signing", &values, 1);
    assert_eq!(codes(&answer), ["-", "session.not-prepared", "session.unknown", "values.malformed"]);
}

#[test]
fn values_that_are_not_the_sessions_own_never_make_a_file() {
    let house = House::new();
    let (one, two) = (house.session(&["a.pdf"]), house.session(&["hello.txt"]));
    let rows = [house.calculate(&[&one], json!({"signAsPdf": true})), house.calculate(&[&two], json!({}))].concat();
    let (first, second) = (house.value(&rows[0]), house.value(&rows[1]));
    let finalize = |values: &[(&str, &[u8])]| {
        let rows: Vec<Value> = values.iter().map(|(session, value)| value_row(&json!(session), value)).collect();
        codes(&house.post("finalize-signing", &json!({"sessionSignatureValues": rows}), 1))
    };
    assert_eq!(finalize(&[(&one, &second), (&two, &first)]), ["signature.mismatch", "signature.mismatch"]);
    let fixed = p256::ecdsa::Signature::from_der(&first).unwrap().to_bytes().to_vec();
    let trailing = [&*first, &[0]].concat();
    let mut long = first.clone();
    long.splice(1..4, [first[1] + 1, 2, first[3] + 1, 0]);
    let wrong =
        [fixed[1..].to_vec(), trailing, long, first[..first.len() - 1].to_vec(), vec![0; 64], b"canary".to_vec()];
    for value in wrong {
        let codes = finalize(&[(&one, &value)]);
        assert!(["signature.mismatch", "signature.encoding"].contains(&&*codes[0]), "{codes:?}");
    }
    for session in [&one, &two] {
        assert!(house.call(&format!("list {session}"))[0].get("level").is_none());
    }
    // Nothing is lost by that: the right value comes, here as r and s.
    let rows = json!({"sessionSignatureValues": [value_row(&json!(one), &fixed)]});
    house.post("finalize-signing", &rows, 0);
    let other = house.value(&house.calculate(&[&two], json!({}))[0]);
    assert_eq!(finalize(&[(&one, &other)]), ["session.value-other"]);
}

#[test]
fn certificates_for_signing_and_for_authentication_are_told_apart() {
    let house = House::new();
    let session = house.session(&["a.pdf"]);
    let calculate = |certificate: &str, status: i32| {
        let request = json!({"sessions": names(&[&session]), "certificate": certificate, "signAsPdf": true});
        house.post("calculate-digest", &request, status)
    };
    for (certificate, code) in [
        ("authn.pem", "lvrtc.certificate"),
        ("auth.pem", "lvrtc.certificate"),
        ("ed25519.pem", "lvrtc.key"),
        ("weak1024.pem", "certificate.key.weak"),
    ] {
        assert_eq!(calculate(&pki(certificate), 2)["error"]["code"], code, "{certificate}");
    }
    assert_eq!(codes(&calculate(&pki("expired.pem"), 1)), ["certificate.expired"]);
    // The digest goes with the key, but RSA keys sign SHA-256 whatever their size; another certificate prepares anew.
    let mut prepared = Vec::new();
    for (certificate, algorithm, key) in [
        ("rsa2048.pem", "SHA256", "rsa"),
        ("rsa4096.pem", "SHA256", "rsa"),
        ("p384.pem", "SHA384", "ecdsa"),
        ("p256.pem", "SHA256", "ecdsa"),
    ] {
        let answer = calculate(&pki(certificate), 0);
        let row = &answer["data"]["sessionDigests"][0];
        assert_eq!(
            (&row["digest_algorithm"], &answer["data"]["signature_algorithm"]),
            (&json!(algorithm), &json!(key))
        );
        assert_eq!(answer["data"]["algorithm"], "SHA256");
        prepared.push(row["prepared"].as_str().unwrap().to_owned());
    }
    assert_eq!(prepared, ["new", "anew", "anew", "anew"]);
    let mut values = house.values(&house.calculate(&[&session], json!({"signAsPdf": true})));
    for certificate in [house.text("cert.pem"), pki("p256.pem")] {
        values["authCertificate"] = certificate.into();
        assert_eq!(house.post("finalize-signing", &values, 2)["error"]["code"], "lvrtc.auth-certificate");
    }
    values["authCertificate"] = pki("authn.pem").into();
    house.post("finalize-signing", &values, 0);
}

#[test]
fn a_service_that_fails_costs_a_retry_and_no_signature() {
    let house = House::new();
    let session = house.session(&["a.pdf"]);
    let values = house.values(&house.calculate(&[&session], json!({"signAsPdf": true})));
    let without = house.bench.run_with("lvrtc --store work finalize-signing", values.to_string().as_bytes()).ends(1);
    let answer: Value = serde_json::from_str(without.text()).unwrap();
    assert_eq!(codes(&answer), ["service.offline"]);
    house.services.fail(Some(403));
    let row = &house.post("finalize-signing", &values, 1)["data"]["results"][0];
    assert_eq!((&row["error"]["code"], &row["error"]["reached"]), (&json!("service.refused"), &json!("B-B")));
    house.services.fail(None);
    house.services.silence(true);
    // The key is not asked again: ECDSA would give another value.
    let lower = house.post("finalize-signing --timeout 1 --accept-lower", &values, 0);
    assert_eq!(lower["data"]["results"][0]["level"], "B-T");
    assert_eq!(claimed(&house.downloaded(&session, "lower.pdf")), ["B-T"]);
}

#[test]
fn a_revoked_signer_buys_no_time_stamp() {
    let house = House::new();
    house.services.revoke();
    let (pdf, text) = (house.session(&["a.pdf"]), house.session(&["hello.txt"]));
    let request = json!({"sessions": names(&[&pdf, &text])});
    let answer = house.post("eseal-create --key key.der --cert cert.pem", &request, 1);
    assert_eq!(codes(&answer), ["certificate.revoked", "certificate.revoked"]);
    assert_eq!((&answer["data"]["results"][0]["error"]["reached"], house.services.counts()), (&json!("B-B"), (0, 1)));
}

#[test]
fn eseals_are_made_with_a_key_at_hand_and_with_one_that_comes_along() {
    let house = House::new();
    let (pdf, text) = (house.session(&["a.pdf"]), house.session(&["hello.txt"]));
    let request = json!({"sessions": names(&[&pdf]), "signAsPdf": true, "createNewEdoc": false});
    let key = "--key key.der --cert cert.pem";
    let row = &house.post(&format!("eseal-create {key}"), &request, 0)["data"]["results"][0];
    assert_eq!((&row["level"], row.get("error")), (&json!("B-LT"), None));
    assert_eq!(house.post(&format!("eseal-create {key}"), &request, 0)["data"]["results"][0]["again"], true);
    assert_eq!(claimed(&house.downloaded(&pdf, "sealed.pdf")), ["B-LT"]);
    // A PFX, and its password encrypted to the key of this house.
    let house_key = "--password-key $KEYS/rsa.pem";
    let public = house.bench.run(&format!("lvrtc public-key {house_key}")).ends(0);
    assert!(public.text().starts_with("-----BEGIN PUBLIC KEY-----\n"));
    house.bench.write("public.pem", &public.out);
    house.bench.write("password", b"test\n");
    let pfx = fs::read(testdata("keys").join("rsa.p12")).unwrap();
    let encrypt = |options: &str| {
        let line = format!("encrypt-password --service-key public.pem --password-file password {options}");
        house.bench.run(&line).ends(0).text().trim_end().to_owned()
    };
    let mut request =
        json!({"sessions": names(&[&text]), "signKey": BASE64_STANDARD.encode(&pfx), "signKeyPassword": encrypt("")});
    for options in ["", "--oaep-sha1"] {
        request["signKeyPassword"] = encrypt(options).into();
        // Nobody here issued that key's certificate, so B-B it is.
        let answer = house.post(&format!("eseal-create {house_key} --level b-b"), &request, 0);
        assert_eq!(answer["data"]["results"][0]["level"], "B-B");
    }
    // A wrong password, one encrypted to another key, and what is no ciphertext: one and the same answer.
    house.bench.write("password", b"wrong\n");
    let wrong = encrypt("");
    let foreign = house.bench.run("encrypt-password --lvrtc-production --password-file password").ends(0);
    let mut errors = Vec::new();
    for password in [&*wrong, foreign.text().trim_end(), "AAAA", "*", ""] {
        request["signKeyPassword"] = password.into();
        errors.push(house.post(&format!("eseal-create {house_key} --level b-b"), &request, 2));
    }
    assert_eq!(errors[0]["error"]["code"], "key.encrypted-password");
    assert!(errors.iter().all(|error| *error == errors[0]), "{errors:?}");
    // Two keys, none, the wrong kind of certificate.
    request["signKeyPassword"] = wrong.into();
    assert_eq!(house.post(&format!("eseal-create {key}"), &request, 2)["error"]["code"], "misuse");
    let bare = json!({"sessions": names(&[&text])});
    assert_eq!(house.post("eseal-create", &bare, 2)["error"]["code"], "misuse");
    let swapped = json!({"sessions": names(&[&text]), "authCertificate": house.text("cert.pem")});
    assert_eq!(house.post(&format!("eseal-create {key}"), &swapped, 2)["error"]["code"], "lvrtc.auth-certificate");
}

#[test]
fn a_request_that_fails_as_a_whole_says_so_in_json() {
    let house = House::new();
    let session = house.session(&["a.pdf"]);
    let whole = |line: &str, input: &str| {
        let ended = house.bench.run_with(line, input.as_bytes()).ends(2);
        let answer: Value = serde_json::from_str(ended.text()).unwrap();
        conforms("lvrtc-error", &answer);
        assert!(!ended.text().contains("canary") && !ended.err.contains("canary"), "{}", ended.err);
        answer["error"]["code"].as_str().unwrap().to_owned()
    };
    for (line, input, code) in [
        ("lvrtc start", "", "misuse"),
        ("lvrtc --store work start --amount 0", "", "lvrtc.request"),
        ("lvrtc --store work start --amount 101", "", "lvrtc.request"),
        ("lvrtc --store nowhere list 0", "", "io.not-found"),
        ("lvrtc --store work list 0", "", "session.unknown"),
        ("lvrtc --store work calculate-digest", "", "lvrtc.request"),
        ("lvrtc --store work calculate-digest", "{\"sessions\":\"canary\"}", "lvrtc.request"),
        ("lvrtc --store work calculate-digest --limit line-bytes=10", "{\"sessions\":[]}", "limit.exceeded"),
        ("lvrtc --store work calculate-digest --level b-x", "{}", "misuse"),
        ("lvrtc --store work add-archive", "{\"sessions\":[{\"sessionId\":\"a\"}]}", "misuse"),
        ("lvrtc public-key", "", "misuse"),
        ("lvrtc public-key --password-key $KEYS/ec.pem", "", "key.unsupported"),
    ] {
        assert_eq!(whole(line, input), code, "{line}");
    }
    assert_eq!(whole(&format!("lvrtc --store work upload {session} -"), ""), "misuse");
    assert_eq!(whole(&format!("lvrtc --store work upload {session} nothing"), ""), "io.not-found");
    assert_eq!(whole(&format!("lvrtc --store work download {session} {session} --out x"), ""), "session.file-unknown");
    assert_eq!(whole(&format!("lvrtc --store work delete {session} x"), ""), "session.file-unknown");
    house.bench.write("there", b"kept");
    assert_eq!(whole(&format!("lvrtc --store work download {session} --out there"), ""), "io.target-exists");
    assert_eq!(house.bench.read("there"), b"kept");
    house.bench.run(&format!("lvrtc --store work download {session} --out there --overwrite")).ends(0);
    let out = house.bench.run(&format!("lvrtc download {session} --out - --store work")).ends(0).out;
    assert_eq!((&out, &out), (&house.bench.read("there"), &house.bench.read("a.pdf")));
    house.bench.run_with(&format!("lvrtc upload {session} - --name b.txt --store work"), b"b").ends(0);
    let taken = house.bench.run_with(&format!("lvrtc upload {session} - --name b.txt --store work"), b"c").ends(2);
    assert!(taken.text().contains("session.name-taken"));
    let listed = house.call(&format!("list {session}"));
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let gone = house.call(&format!("delete {session} {}", listed[1]["id"].as_str().unwrap()));
    assert_eq!(gone["id"], listed[1]["id"]);
}

#[test]
fn the_services_names_of_calls_are_known_and_answers_have_their_shape() {
    let house = House::new();
    let answer = |line: &str, schema: &str| {
        let ended = house.bench.run(&format!("lvrtc --store work {line}")).ends(0);
        let answer: Value = serde_json::from_str(ended.text()).unwrap();
        conforms(schema, &answer);
        answer["data"].clone()
    };
    let session = answer("start", "lvrtc-started")["sessionId"].as_str().unwrap().to_owned();
    answer("start --amount 2", "lvrtc-started");
    let file = answer(&format!("upload {session} a.pdf"), "lvrtc-file");
    assert_eq!(answer(&format!("upload {session} a.pdf"), "lvrtc-file"), file, "the same once more");
    answer(&format!("list {session}"), "lvrtc-files");
    answer(&format!("download {session} --out b.pdf"), "lvrtc-file");
    house.post("CalculateDigest", &json!({}), 2);
    house.post("eSealCreate", &json!({}), 2);
    answer(&format!("delete {session} {}", file["id"].as_str().unwrap()), "lvrtc-deleted");
    answer(&format!("close {session}"), "lvrtc-started");
}

#[test]
fn the_store_is_looked_after_by_the_same_verb() {
    let house = House::new();
    let (open, waiting) = (house.session(&["hello.txt"]), house.session(&["a.pdf"]));
    house.calculate(&[&waiting], json!({"signAsPdf": true}));
    house.bench.run("prepare a.pdf --cert $KEYS/ec-certificate.pem --store work").ends(0);
    let list = |options: &str| house.bench.run(&format!("sessions --store work list {options} --json")).ends(0);
    let lines = list("");
    let lines: Vec<Value> = lines.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    conforms("sessions", &lines[0]);
    lines[1..].iter().for_each(|line| conforms("sessions-lvrtc", line));
    assert_eq!(list("--pending").text().lines().count(), 2);
    let shown = house
        .bench
        .run(&format!("sessions --store work show {} --json", &waiting[..8]))
        .ends(0)
        .lines_of("sessions-lvrtc");
    assert_eq!(
        (&shown[0]["session"], &shown[0]["status"], &shown[0]["files"][0]["name"]),
        (&json!(waiting), &json!("prepared"), &json!("a.pdf"))
    );
    let text = house.bench.run(&format!("sessions --store work show {open}")).ends(0);
    assert!(text.text().contains("hello.txt, 6 bytes"), "{}", text.text());
    house.bench.run("sessions --store work expire --older-than 1h").ends(0);
    assert_eq!(list("").text().lines().count(), 3);
    house.bench.run(&format!("sessions --store work purge {open}")).ends(0);
    house.bench.run(&format!("sessions --store work purge {open}")).ends(1);
    assert_eq!(list("").text().lines().count(), 2);
    let removed =
        house.bench.run("sessions --store work expire --older-than 0s --json").ends(0).lines("sessions-removed");
    assert_eq!(removed.len(), 2);
    assert!(list("").text().is_empty());
}

#[test]
fn settings_of_the_file_count_for_the_calls() {
    let house = House::new();
    let file = format!("store = 'work'\nlevel = 'b-t'\ntsa = ['{}']\ntrust = ['root.pem']\n", house.services.tsa());
    house.bench.write("eseal.toml", file.as_bytes());
    let session = house.session(&["a.pdf"]);
    let run = |call: &str, request: Value| {
        let ended =
            house.bench.run_with(&format!("lvrtc {call} --config eseal.toml"), request.to_string().as_bytes()).ends(0);
        serde_json::from_str::<Value>(ended.text()).unwrap()["data"].clone()
    };
    let rows = run("calculate-digest", house.request(&[&session], json!({"signAsPdf": true})));
    let done = run("finalize-signing", house.values(rows["sessionDigests"].as_array().unwrap()));
    assert_eq!(done["results"][0]["level"], "B-T");
}
