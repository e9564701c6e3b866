//! `eseal prepare`, and the five lines of shell that stand in the README.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Bench, testdata};

const PREPARE: &str = "prepare a.pdf --cert $KEYS/ec-certificate.pem --store work --json";

#[test]
fn five_lines_of_shell_sign_a_document() {
    let has = |tool: &str| Command::new(tool).arg("--version").output().is_ok();
    if !has("jq") || !(has("openssl") || Command::new("openssl").arg("version").output().is_ok()) {
        eprintln!("skipped: jq and openssl are needed");
        return;
    }
    let bench = Bench::new();
    bench.sample("contract.pdf", "demo/contract.pdf");
    fs::copy(testdata("keys").join("rsa-certificate.pem"), bench.path("signer.pem")).unwrap();
    fs::copy(testdata("keys").join("rsa.pem"), bench.path("signer.key")).unwrap();
    let script = r#"
        set -e
        eseal prepare contract.pdf --cert signer.pem --store work --json > digests.jsonl
        jq -r .digest digests.jsonl | base64 -d > dtbs.bin
        openssl pkeyutl -sign -inkey signer.key -pkeyopt digest:sha256 -in dtbs.bin -out value.bin
        jq -c --arg s "$(base64 -w0 value.bin)" '{id, signature: $s}' digests.jsonl > values.jsonl
        eseal finalize --store work --values values.jsonl --out signed
    "#;
    let binary = Path::new(env!("CARGO_BIN_EXE_eseal")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let done = Command::new("sh").args(["-c", script]).current_dir(bench.path("")).env("PATH", path).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let found = bench.run("inspect --json signed/contract.pdf").ends(0).lines("inspect");
    let signature = &found[0]["signatures"][0];
    assert_eq!(
        (signature["signature_verifies"].as_bool(), signature["covers"].as_str()),
        (Some(true), Some("whole file"))
    );
    assert!(bench.read("signed/contract.pdf").starts_with(&bench.read("contract.pdf")));
}

#[test]
fn the_same_bytes_and_options_answer_the_same_lines() {
    let bench = Bench::new();
    let first = bench.run(PREPARE).ends(0);
    first.lines("prepare");
    assert_eq!(bench.run(PREPARE).ends(0).facts(), first.facts());
    assert_eq!(bench.run("sessions --store work list --pending --json").ends(0).lines("sessions").len(), 1);
    // Where the result goes does not change what is signed.
    assert_eq!(bench.run(&format!("{PREPARE} --out elsewhere")).ends(0).facts(), first.facts());
    for other in ["--reason because", "--digest sha512", "--field Other"] {
        assert_ne!(bench.run(&format!("{PREPARE} {other}")).ends(0).facts(), first.facts(), "{other}");
    }
}

#[test]
fn other_bytes_under_the_same_name_are_prepared_anew() {
    let bench = Bench::new();
    let first = bench.run(PREPARE).ends(0);
    let mut bytes = bench.read("a.pdf");
    bytes.push(b' ');
    bench.write("a.pdf", &bytes);
    let second = bench.run(PREPARE).ends(0);
    assert_ne!(second.facts(), first.facts());
    // As many bytes, in the same moment: no time of the file tells them apart.
    *bytes.last_mut().unwrap() = b'\n';
    bench.write("a.pdf", &bytes);
    assert_ne!(bench.run(PREPARE).ends(0).facts(), second.facts());
}

#[test]
fn time_and_nonce_together_give_equal_bytes() {
    let fixed = format!("--time 2027-01-02T03:04:05Z --nonce {}", "5".repeat(64));
    let lines: Vec<_> = [1, 2].map(|_| Bench::new().run(&format!("{PREPARE} {fixed}")).ends(0).out).into();
    assert_eq!(lines[0], lines[1]);
    Bench::new().run(&format!("{PREPARE} --time 2027-01-02T03:04:05Z")).ends(2);
}

#[test]
fn ed25519_signs_the_bytes_themselves() {
    let bench = Bench::new();
    let line = PREPARE.replace("ec-", "ed25519-");
    let lines = bench.run(&line).ends(0).lines("prepare");
    assert!(lines[0]["digest"].is_null() && lines[0]["digest_hex"].is_null());
    assert_eq!(lines[0]["signature_oid"], "1.3.101.112");
}

#[test]
fn a_manifest_gives_each_document_its_own_options() {
    let bench = Bench::new();
    bench.sample("b.pdf", "xref-stream.pdf");
    let manifest = r#"{"input":"a.pdf","reason":"first","ref":"17","output":"x/one.pdf"}
{"input":"b.pdf","field":"Other"}
{"input":"gone.pdf","ref":"18"}
{"inputs":"a.pdf"}
"#;
    let ended =
        bench.run_with("prepare --manifest - --cert $KEYS/ec-certificate.pem --store work --json", manifest.as_bytes());
    let lines = ended.ends(1).lines("prepare");
    assert_eq!((&lines[0]["ref"], &lines[2]["ref"]), (&"17".into(), &"18".into()));
    assert_eq!(lines[3]["error"]["code"], "input.malformed");
    bench.write("values", bench.sign(&lines[..2]).as_bytes());
    let done = bench.run("finalize --store work --values values --json").ends(0).lines("finalize");
    assert_eq!(done[0]["ref"], "17");
    let one = bench.path("x/one.pdf").canonicalize().unwrap();
    assert_eq!(Path::new(done[0]["output"].as_str().unwrap()).canonicalize().unwrap(), one);
    let found = bench.run("inspect b-signed.pdf --json").ends(0).lines("inspect");
    assert_eq!(found[0]["signatures"][0]["field"], "Other");
}

#[test]
fn a_line_is_answered_before_the_next_is_asked_for() {
    use std::io::{BufRead, BufReader, Write};
    use std::process::Stdio;
    let bench = Bench::new();
    let certificate = testdata("keys").join("ec-certificate.pem");
    let arguments =
        ["prepare", "--files-from", "-", "--store", "work", "--json", "--cert", certificate.to_str().unwrap()];
    let mut child = bench.command(&arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut to, mut from) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    for n in 0..3 {
        let name = format!("{n}.pdf");
        bench.sample(&name, "minimal.pdf");
        writeln!(to, "{name}").unwrap();
        let mut line = String::new();
        from.read_line(&mut line).unwrap();
        assert!(line.starts_with(&format!("{{\"input\":\"{name}\"")), "{line}");
    }
    drop(to);
    assert!(child.wait().unwrap().success());
}
