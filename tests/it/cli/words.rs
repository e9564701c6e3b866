//! What is malformed is named: requests, lists, settings, missing passwords, and files of containers.

use super::services::Services;
use super::{Bench, conforms, testdata};

/// The message of a request that is refused, from standard output as from standard error.
#[track_caller]
fn refused(bench: &Bench, call: &str, request: &[u8]) -> String {
    let ended = bench.run_with(&format!("lvrtc --store S {call}"), request).ends(2);
    let answer: serde_json::Value = serde_json::from_str(ended.text()).unwrap();
    conforms("lvrtc-error", &answer);
    assert_eq!(answer["error"]["code"], "lvrtc.request", "{answer}");
    let message = answer["error"]["message"].as_str().unwrap().to_owned();
    assert!(ended.err.contains(&message) && !message.contains("canary") && message.len() < 500, "{message}");
    message
}

#[test]
fn a_malformed_request_says_what_is_wrong_with_it() {
    let bench = Bench::new();
    bench.run("lvrtc --store S start").ends(0);
    let long = format!(r#"{{"{}":"canary"}}"#, r"x\u001b".repeat(100_000));
    for (request, said) in [
        (
            &br#"{"sessions":[{"sessionId":"a"}],"certificate":"","signAsPDF":true}"#[..],
            r#""signAsPDF"; did you mean "signAsPdf"?"#,
        ),
        (
            br#"{"data":{"sessions":[],"certificate":"","signAsPDF":true}}"#,
            r#""signAsPDF" in data; did you mean "signAsPdf"?"#,
        ),
        (br#"{"data":{"sessions":[],"certificate":""},"more":1}"#, r#"there is no name "more""#),
        (
            br#"{"sessions":[{"sesionId":"a"}],"certificate":""}"#,
            r#""sesionId" in sessions[0]; did you mean "sessionId"?"#,
        ),
        (b"{\n\"sessions\": [{\"sessionId\": \"a\"}]\n}", r#"line 3, column 1: "certificate" is missing"#),
        (br#"{"sessions":null,"certificate":""}"#, "sessions is null, where a list is wanted"),
        (br#"{"sessions":"canary","certificate":""}"#, "sessions is text, where a list is wanted"),
        (
            br#"{"sessions":[{"sessionId":7}],"certificate":""}"#,
            "sessions[0].sessionId is a number, where text is wanted",
        ),
        (
            br#"{"sessions":[{"sessionId":"a"}],"certificate":"","signAsPdf":"canary"}"#,
            "signAsPdf is not true or false",
        ),
        (
            br#"{"sessions":[{"sessionId":"a"}],"certificate":"","signAsPdf":1}"#,
            "signAsPdf is a number, where true or false is wanted",
        ),
        (br#"{"sessions":[],"sessions":[],"certificate":""}"#, r#""sessions" stands there twice"#),
        (br#"{"sessions":[{"sessionId":"a"},{"sessionId":"a"}],"certificate":""}"#, "sessions[1].sessionId"),
        (br#"[{"sessions":[]}]"#, "it is a list, where an object is wanted"),
        (b"", "it is empty"),
        (b"not JSON", "it is no JSON"),
        (br#"{"sessions":[{"sessionId":"a"}"#, "it ends too early"),
        (br#"{"sessions":[],"certificate":""} x"#, "something follows the JSON"),
        (b"\xff\xfe{\0}\0", "it looks like UTF-16"),
        (long.as_bytes(), "there is no name"),
    ] {
        let message = refused(&bench, "calculate-digest", request);
        assert!(message.contains(said), "{}: {message}", String::from_utf8_lossy(&request[..request.len().min(90)]));
    }
    for (call, request, said) in [
        (
            "finalize-signing",
            r#"{"sessionSignatureValues":[{"sessionId":"a","signaturValue":""}]}"#,
            r#""signaturValue" in sessionSignatureValues[0]; did you mean "signatureValue"?"#,
        ),
        ("add-archive", r#"{"session":[]}"#, r#"did you mean "sessions"?"#),
        ("eseal-create", r#"{"sessions":[],"signkey":"canary"}"#, r#"did you mean "signKey"?"#),
        ("add-document-digest X", r#"{"files":[{"name":"a","digest":"canary!"}]}"#, "files[0].digest is not base64"),
        (
            "add-document-digest X",
            r#"{"files":[],"signatureIndex":"-1"}"#,
            "signatureIndex is not a whole number from 0",
        ),
    ] {
        let message = refused(&bench, call, request.as_bytes());
        assert!(message.contains(said), "{request}: {message}");
    }
}

#[test]
fn a_wrong_line_of_a_manifest_is_named_and_the_others_are_done() {
    let bench = Bench::new();
    let lines = [
        r#"{"input":"a.pdf","output":"1.pdf"}"#,
        "",
        r#"{"input":"a.pdf","reasn":"canary"}"#,
        r#"{"input":"a.pdf","output":"4.pdf"}"#,
        r#"{"input":"a.pdf","field":7}"#,
        r#"{"reason":"x"}"#,
        "a.pdf",
    ];
    bench.write("list", format!("\u{feff}{}\r\n", lines.join("\r\n")).as_bytes());
    let ended =
        bench.run("seal --manifest list --out out --json --key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem").ends(1);
    let said: Vec<(String, String)> = ended
        .lines("finalize")
        .iter()
        .map(|line| {
            let text = |value: &serde_json::Value| value.as_str().unwrap_or("-").to_owned();
            (text(&line["input"]), text(&line["error"]["message"]))
        })
        .collect();
    let expected = [
        ("a.pdf", "-"),
        ("line 3", r#"there is no name "reasn"; did you mean "reason"?"#),
        ("a.pdf", "-"),
        ("line 5", "field is a number, where text is wanted"),
        ("line 6", r#""input" is missing"#),
        ("line 7", "it is no JSON"),
    ];
    assert_eq!(said.len(), expected.len(), "{said:?}");
    for ((input, message), (line, part)) in said.iter().zip(expected) {
        assert!(input == line && message.contains(part) && !message.contains("canary"), "{input}: {message}");
    }
    assert!(bench.path("out/1.pdf").exists() && bench.path("out/4.pdf").exists());
}

#[test]
fn lines_of_other_lists_are_named_too() {
    let bench = Bench::new();
    bench.run("prepare a.pdf --cert $KEYS/ec-certificate.pem --store work").ends(0);
    bench.write("values", b"\n{\"id\":\"1\",\"signatur\":\"canary\"}\n{\"id\":\"2\",\"signature\":\"*\"}\n");
    let ended = bench.run("finalize --store work --values values --json --out out").ends(1);
    let lines = ended.lines("finalize");
    let message = |n: usize| lines[n]["error"]["message"].as_str().unwrap();
    assert_eq!(lines[0]["input"], "line 2");
    assert!(
        message(0).contains("\"signature\" is missing") && message(1).contains("signature is not base64"),
        "{lines:?}"
    );
    bench.write("digests", b"{\"name\":\"a\",\"digest\":\"AAAA\",\"digest_algorithm\":\"SHA-256\"}\n");
    let ended =
        bench.run("seal --digests digests --into a.asice --key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem").ends(2);
    assert!(ended.err.contains("digests, line 1") && ended.err.contains("the 32 bytes of SHA-256"), "{}", ended.err);
    let ended = bench.run_with("summary", b"\n{\"digest\":7}").ends(2);
    assert!(ended.err.contains("line 2") && ended.err.contains("digest is a number"), "{}", ended.err);
    bench.write("failed", b"{\"input\":\"a.pdf\"}\n[]\n");
    let ended = bench.run("inspect a.pdf --failed-from failed").ends(2);
    assert!(ended.err.contains("failed, line 2"), "{}", ended.err);
}

#[test]
fn settings_are_named_with_their_line() {
    let bench = Bench::new();
    for (file, said) in [
        (
            &b"json = true\nreasn = 'canary'\n"[..],
            "eseal.toml: line 2: reasn: there is no such setting; did you mean reason?",
        ),
        (b"jobs = 'canary'\n", "eseal.toml: line 1: jobs: wants a number"),
        (b"\njson = canary\n", "eseal.toml: line 2: not a TOML file"),
        (
            b"[limit]\npdf-dept = 1\n",
            "eseal.toml: line 1: limit: pdf-dept: there is no such limit; did you mean pdf-depth?",
        ),
        (
            b"[[tsa]]\nurl = 'http://a'\nnonse = false\n",
            "eseal.toml: line 3: tsa 1: nonse: there is no such setting; did you mean nonce?",
        ),
        (b"\xff\xfej\0", "it looks like UTF-16"),
    ] {
        bench.write("eseal.toml", file);
        let ended = bench.run("inspect a.pdf --config eseal.toml").ends(2);
        assert!(ended.err.contains(said) && !ended.err.contains("canary"), "{}", ended.err);
    }
}

#[test]
fn no_password_is_not_a_wrong_one() {
    let bench = Bench::new();
    bench.run("lvrtc --store S start").ends(0);
    bench.write("wrong", b"wrong\n");
    for key in ["ec.p12", "rsa.p12", "ec-encrypted.pem", "ec-encrypted-des3.pem"] {
        let line = format!("seal a.pdf --out out --key $KEYS/{key} --cert $KEYS/ec-certificate.pem");
        let ended = bench.run(&line).ends(3);
        let is_told = ["key.password-missing", "no terminal", "--password-file FILE", "--password-env VAR"];
        assert!(is_told.iter().all(|part| ended.err.contains(part)) && !ended.err.contains("wrong"), "{}", ended.err);
        let ended = bench.run(&format!("{line} --password-file wrong")).ends(3);
        assert!(ended.err.contains("[key.password]"), "{}", ended.err);
    }
    let ended = bench.run("lvrtc public-key --password-key $KEYS/rsa.p12").ends(2);
    assert!(
        ended.err.contains("key.password-missing") && ended.text().contains("key.password-missing"),
        "{}",
        ended.err
    );
    let ended = bench.run("encrypt-password --service-key $KEYS/rsa-certificate.pem").ends(2);
    assert!(ended.err.contains("no password was given") && ended.err.contains("no terminal"), "{}", ended.err);
    // An empty password is one.
    bench.run("seal a.pdf --out out --key $KEYS/empty-password.p12").ends(0);
}

#[test]
fn a_blocked_address_is_named_with_its_port_and_the_option_that_allows_it() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    // The responder is on the same port as the time-stamping service, whose address was named; another port is not.
    let line =
        format!("seal a.pdf --key key.der --cert cert.pem --level b-lt --out out --json --tsa {}", services.tsa());
    bench.run(&format!("{line} --trust root.pem")).ends(0);
    let other = services.tsa().replace("127.0.0.1", "localhost");
    let line = format!(
        "seal a.pdf --key key.der --cert cert.pem --level b-lt --out blocked --json --tsa {other} --trust root.pem"
    );
    let ended = bench.run(&line);
    assert!(ended.status != 0, "{}", ended.err);
    let port = services.tsa().rsplit_once(':').unwrap().1.trim_end_matches("/tsa").to_owned();
    let said = format!("port {port}): --allow-host 127.0.0.1:{port} allows it");
    let all = format!("{}{}", ended.text(), ended.err);
    assert!(all.contains(&said), "{all}");
    bench.run(&format!("{line} --allow-host 127.0.0.1:{port} --overwrite")).ends(0);
}

#[test]
fn a_service_without_nonces_is_asked_without_one() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    services.without_nonce();
    let settings = |rest: &str| format!("trust = ['root.pem']\n[[tsa]]\nurl = '{}'\n{rest}", services.tsa());
    bench.write("with.toml", settings("").as_bytes());
    bench.write("without.toml", settings("nonce = false\n").as_bytes());
    let line = "seal a.pdf --key key.der --cert cert.pem --out out --json";
    let ended = bench.run(&format!("{line} --level b-t --config with.toml"));
    let all = format!("{}{}", ended.text(), ended.err);
    assert!(ended.status != 0 && all.contains("timestamp.nonce"), "{all}");
    for level in ["b-t", "b-lta"] {
        bench.run(&format!("{line} --level {level} --config without.toml --overwrite")).ends(0);
    }
    // Also where a store goes on with what an earlier call has got.
    bench.run("prepare a.pdf --cert cert.pem --store work --level b-lta --json").ends(0);
    let remedy = bench.run("errors timestamp.nonce").ends(0);
    assert!(remedy.text().contains("nonce = false"), "{}", remedy.text());
}

#[test]
fn a_fault_in_a_container_names_the_file_that_it_is_in() {
    let bench = Bench::new();
    let key = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem";
    bench.write("hello.txt", b"hello");
    bench.run(&format!("seal hello.txt --compress store {key}")).ends(0);
    let sound = bench.read("hello.txt.asice");
    let doctype = |name: &str, find: &[u8], put: &[u8]| {
        // In place, with the CRC that it had: then the content is said to be damaged.
        let at = sound.windows(find.len()).position(|window| window == find).unwrap();
        let mut bytes = sound.clone();
        bytes[at..at + find.len()].copy_from_slice(put);
        bench.write(name, &bytes);
    };
    doctype("damaged.asice", b"<manifest:manifest", b"<manifest:manifesT");
    let ended = bench.run("inspect damaged.asice --json").ends(1);
    let error = &ended.lines("inspect")[0]["error"];
    assert!(error["message"].as_str().unwrap().contains("\"META-INF/manifest.xml\""), "{error}");
    let with_doctype = testdata("asice").join("faults/manifest-doctype.asice");
    let ended = bench.run(&format!("inspect {} --json", with_doctype.display())).ends(1);
    let error = &ended.lines("inspect")[0]["error"];
    assert_eq!(error["code"], "xml.doctype");
    assert!(error["message"].as_str().unwrap().contains("(\"META-INF/manifest.xml\")"), "{error}");
}
