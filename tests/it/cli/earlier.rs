//! What is said of earlier signatures that are not sound.

use super::Bench;

const KEY: &str = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem";

fn bench() -> Bench {
    let bench = Bench::new();
    bench.sample("in/unfilled.pdf", "unfilled.pdf");
    bench.sample("in/plain.pdf", "minimal.pdf");
    bench
}

const REMARK: &str = "its placeholder was never filled";

#[test]
fn seal_says_which_and_counts_them() {
    let bench = bench();
    let ended = bench.run(&format!("seal in --out out {KEY} --json --summary run.json")).ends(0);
    let lines = ended.lines("finalize");
    assert_eq!(lines[0]["remarks"], serde_json::json!([]));
    let remark = lines[1]["remarks"][0].as_str().unwrap();
    assert!(remark.contains("Signature1") && remark.contains(REMARK) && remark.contains("[signature.broken]"));
    assert_eq!(lines[1]["remarks"].as_array().unwrap().len(), 1);
    let summary: serde_json::Value = serde_json::from_slice(&bench.read("run.json")).unwrap();
    assert_eq!(summary["remarks"], serde_json::json!({"earlier-signature": 1}));
    let quiet = bench.run(&format!("seal in --out out {KEY} --overwrite")).ends(0);
    assert!(!quiet.err.contains(REMARK) && quiet.err.contains("1 remarks"), "{}", quiet.err);
    let verbose = bench.run(&format!("seal in --out out {KEY} --overwrite --verbose")).ends(0);
    assert_eq!(verbose.err.matches(REMARK).count(), 1, "{}", verbose.err);
}

#[test]
fn seal_refuses_them_where_that_is_asked_for() {
    let bench = bench();
    let ended = bench.run(&format!("seal in --out out {KEY} --json --require-sound")).ends(1);
    assert_eq!(ended.codes("finalize")["in/unfilled.pdf"], "signature.broken");
    assert_eq!(bench.files().iter().filter(|name| name.starts_with("out/") && name.ends_with(".pdf")).count(), 1);
}

#[test]
fn prepare_says_it_each_time_and_finalize_once_more() {
    let bench = bench();
    let prepare = "prepare in/unfilled.pdf --store work --json --cert $KEYS/ec-certificate.pem";
    let ended = bench.run(prepare).ends(0);
    let first = ended.lines("prepare");
    assert!(first[0]["remarks"][0].as_str().unwrap().contains(REMARK));
    assert_eq!(bench.run(prepare).ends(0).facts(), ended.facts());
    assert_eq!(
        bench.run("sessions list --store work --json").ends(0).lines("sessions")[0]["remarks"],
        first[0]["remarks"]
    );
    bench.write("values.jsonl", bench.sign(&first).as_bytes());
    let line = bench.run("finalize --store work --values values.jsonl --out out --json").ends(0).lines("finalize");
    assert_eq!(line[0]["remarks"], first[0]["remarks"]);
    let strict = bench.run(&format!("{prepare} --require-sound")).ends(1);
    assert_eq!(strict.codes("prepare")["in/unfilled.pdf"], "signature.broken");
}
