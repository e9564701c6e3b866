//! Data files that are known by digest: signed without them, filled in later.

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Value, json};

use super::{Bench, Ended};

const KEY: &str = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem";

fn digest(bytes: &[u8]) -> eseal::Digest {
    eseal::DigestAlgorithm::Sha256.digest(bytes)
}

fn data_file(name: &str, bytes: &[u8]) -> Value {
    let digest = BASE64_STANDARD.encode(digest(bytes).as_bytes());
    json!({"name": name, "digest": digest, "digest_algorithm": "SHA256", "size": bytes.len()})
}

/// `all.asice`, signed over `a.txt` and `s/b.txt` of which it holds neither; the files are in `d`.
fn fileless() -> Bench {
    let bench = Bench::new();
    let (a, b) = (b"the first file".repeat(100), b"another".repeat(3));
    bench.write("d/a.txt", &a);
    bench.write("d/s/b.txt", &b);
    let list = [data_file("a.txt", &a), data_file("s/b.txt", &b)];
    list.iter().for_each(|line| super::conforms("data-file", line));
    bench.write("list.jsonl", format!("{}\n{}\n", list[0], list[1]).as_bytes());
    let line = format!("seal --into all.asice --digests list.jsonl {KEY} --json");
    let done = bench.run(&line).ends(0).lines("finalize");
    assert_eq!(done[0]["files"], json!(["a.txt", "s/b.txt"]));
    bench
}

fn inspect(bench: &Bench, name: &str) -> Value {
    bench.run(&format!("inspect {name} --json")).ends(0).lines("inspect").remove(0)
}

#[track_caller]
fn code(ended: Ended) -> String {
    ended.ends(1).codes("fill").into_values().next().unwrap()
}

#[test]
fn signed_by_digest_then_filled() {
    let bench = fileless();
    let empty = inspect(&bench, "all.asice");
    assert!(empty["data_files"].as_array().unwrap().iter().all(|file| file["present"] == false));
    assert_eq!(empty["signatures"][0]["signature_verifies"], true);
    assert!(empty["signatures"][0]["digest_matches"].is_null());
    let filled = bench.run("fill all.asice d --json").ends(0).lines("fill");
    assert_eq!((&filled[0]["output"], &filled[0]["files"]), (&"all-filled.asice".into(), &json!(["a.txt", "s/b.txt"])));
    let full = inspect(&bench, "all-filled.asice");
    assert_eq!(full["signatures"][0]["digest_matches"], true);
    assert!(full["data_files"].as_array().unwrap().iter().all(|file| file["present"] == true));
    // By name, elsewhere, in place.
    bench.write("x=y", &b"another".repeat(3));
    bench.run("fill all.asice d/a.txt s/b.txt=x=y --out out").ends(0);
    bench.run("fill all.asice d/a.txt s/b.txt=d/s/b.txt").ends(2);
    bench.run("fill all.asice d/a.txt s/b.txt=d/s/b.txt --overwrite").ends(0);
    bench.run("fill all.asice d --in-place").ends(0);
    assert_eq!(inspect(&bench, "all.asice")["signatures"][0]["digest_matches"], true);
    assert_eq!(inspect(&bench, "out/all.asice")["signatures"][0]["digest_matches"], true);
    assert!(bench.files().iter().all(|name| !name.contains("eseal-")), "{:?}", bench.files());
}

#[test]
fn what_was_not_signed_is_not_filled_in() {
    let bench = fileless();
    let before = bench.read("all.asice");
    assert_eq!(code(bench.run("fill all.asice d/a.txt --json")), "asice.file-missing");
    assert_eq!(code(bench.run("fill all.asice d a.pdf --json")), "asice.unknown-file");
    assert_eq!(code(bench.run("fill all.asice d/a.txt b.txt=d/s/b.txt --json")), "asice.unknown-file");
    bench.write("d/a.txt", &b"THE first file".repeat(100));
    assert_eq!(code(bench.run("fill all.asice d --json")), "asice.digest");
    assert_eq!(code(bench.run("fill all.asice d --in-place --json")), "asice.digest");
    assert_eq!(code(bench.run("fill a.pdf d --json")), "input.format");
    bench.run("fill all.asice gone").ends(2);
    bench.run("fill all.asice").ends(2);
    assert_eq!(bench.read("all.asice"), before);
    assert!(!bench.path("all-filled.asice").exists());
}

#[test]
fn some_files_by_digest_some_with_content_through_both_halves() {
    let bench = Bench::new();
    bench.write("here.txt", b"here");
    let away = data_file("away.txt", b"away").to_string();
    let keys = super::testdata("keys").join("ec-certificate.pem");
    let arguments =
        ["prepare", "here.txt", "--into", "all.edoc", "--store", "work", "--json", "--data-file", &away, "--cert"];
    let prepared = bench.command(&[&arguments[..], &[keys.to_str().unwrap()]].concat()).output().unwrap();
    let prepared = Ended::from(prepared).ends(0).lines("prepare");
    bench.write("values", bench.sign(&prepared).as_bytes());
    let done = bench.run("finalize --store work --values values --json").ends(0).lines("finalize");
    assert_eq!(done[0]["files"], json!(["here.txt", "away.txt"]));
    bench.write("away.txt", b"away");
    bench.run("fill all.edoc away.txt --in-place").ends(0);
    let full = inspect(&bench, "all.edoc");
    assert_eq!((&full["format"], &full["signatures"][0]["digest_matches"]), (&"edoc".into(), &true.into()));
}

#[test]
fn a_second_signature_by_the_digests_of_a_container_without_its_files() {
    let bench = fileless();
    let other = "--key $KEYS/ec384.pem --cert $KEYS/ec384-certificate.pem";
    let codes = bench.run(&format!("seal all.asice --in-place {other} --json")).ends(1).codes("finalize");
    assert_eq!(codes["all.asice"], "asice.data-missing");
    bench.run(&format!("seal all.asice --digests list.jsonl --in-place {other}")).ends(0);
    bench.run("fill all.asice d --in-place").ends(0);
    let full = inspect(&bench, "all.asice");
    let signatures = full["signatures"].as_array().unwrap();
    assert!(
        signatures.len() == 2
            && signatures.iter().all(|s| s["digest_matches"] == true && s["signature_verifies"] == true)
    );
}

#[test]
fn digests_that_are_none_or_whose_container_nobody_knows() {
    let bench = fileless();
    bench.run(&format!("seal a.pdf d/a.txt --digests list.jsonl {KEY}")).ends(2);
    bench.run(&format!("seal d/a.txt --digests list.jsonl {KEY}")).ends(2);
    bench.run(&format!("seal --digests list.jsonl {KEY}")).ends(2);
    for line in [
        "nothing",
        "{}",
        r#"{"name":"a","digest":"AAAA","digest_algorithm":"SHA-256"}"#,
        r#"{"name":"a","digest":"AAAA","digest_algorithm":"MD5"}"#,
    ] {
        bench.write("bad.jsonl", line.as_bytes());
        let ended = bench.run(&format!("seal --into bad.asice --digests bad.jsonl {KEY}")).ends(2);
        assert!(ended.err.contains("bad.jsonl, line 1"), "{}", ended.err);
    }
    bench.write("name.jsonl", data_file("../a.txt", b"").to_string().as_bytes());
    let codes =
        bench.run(&format!("seal --into bad.asice --digests name.jsonl {KEY} --json")).ends(1).codes("finalize");
    assert_eq!(codes["bad.asice"], "asice.name");
    assert!(!bench.path("bad.asice").exists());
}
