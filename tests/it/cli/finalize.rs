//! `eseal finalize`: values that fit, values that do not, and doing it twice.

use serde_json::Value;

use super::{Bench, Ended};

fn prepared(bench: &Bench, inputs: &str) -> Vec<Value> {
    let line = format!("prepare {inputs} --cert $KEYS/ec-certificate.pem --store work --json");
    bench.run(&line).ends(0).lines("prepare")
}

fn finalize(bench: &Bench, values: &str, options: &str) -> Ended {
    bench.run_with(&format!("finalize --store work --values - --json {options}"), values.as_bytes())
}

fn two() -> Bench {
    let bench = Bench::new();
    bench.sample("b.pdf", "xref-stream.pdf");
    bench
}

#[test]
fn values_for_some_finish_those() {
    let bench = two();
    let lines = prepared(&bench, "a.pdf b.pdf");
    finalize(&bench, &bench.sign(&lines[1..]), "").ends(0).lines("finalize");
    assert_eq!(bench.files(), ["a.pdf", "b-signed.pdf", "b.pdf"]);
    let pending = bench.run("sessions --store work list --pending --json").ends(0).lines("sessions");
    assert_eq!(pending.len(), 1);
    assert_eq!(pending[0]["id"], lines[0]["id"]);
}

#[test]
fn twice_gives_the_same_bytes() {
    let bench = two();
    let values = bench.sign(&prepared(&bench, "a.pdf"));
    finalize(&bench, &values, "--out one").ends(0);
    finalize(&bench, &values, "--out two").ends(0);
    assert_eq!(bench.read("one/a.pdf"), bench.read("two/a.pdf"));
    // The result is there already, and it is this one.
    finalize(&bench, &values, "--out two").ends(0);
    // Without values: what has verified is written once more, where it was written last.
    std::fs::remove_file(bench.path("two/a.pdf")).unwrap();
    bench.run("finalize --store work").ends(0);
    assert_eq!(bench.read("one/a.pdf"), bench.read("two/a.pdf"));
    // Another file is not replaced.
    bench.write("two/a.pdf", b"mine");
    let codes = finalize(&bench, &values, "--out two").ends(1).codes("finalize");
    assert_eq!(codes["a.pdf"], "io.target-exists");
    assert_eq!(bench.read("two/a.pdf"), b"mine");
    finalize(&bench, &values, "--out two --overwrite").ends(0);
    assert_eq!(bench.read("one/a.pdf"), bench.read("two/a.pdf"));
}

#[test]
fn swapped_values_are_refused_and_the_right_ones_still_come() {
    let bench = two();
    let lines = prepared(&bench, "a.pdf b.pdf");
    let right = bench.sign(&lines);
    let (a, b) = (lines[0]["id"].as_str().unwrap(), lines[1]["id"].as_str().unwrap());
    let swapped = right.replace(a, "x").replace(b, a).replace("\"x\"", &format!("\"{b}\""));
    let ended = finalize(&bench, &swapped, "");
    assert!(ended.ends(1).codes("finalize").values().all(|code| code == "signature.mismatch"));
    assert_eq!(bench.files(), ["a.pdf", "b.pdf"]);
    finalize(&bench, &right, "").ends(0);
}

#[test]
fn values_that_are_none() {
    let bench = two();
    let lines = prepared(&bench, "a.pdf b.pdf");
    let (a, b) = (lines[0]["id"].as_str().unwrap(), lines[1]["id"].as_str().unwrap());
    let unknown = "0".repeat(64);
    let values = format!(
        r#"{{"id":"{a}","signature":"AAAA"}}
{{"id":"{b}","signature":"no base64!"}}
{{"id":"{unknown}","signature":"AAAA"}}
{{"id":"../../etc/passwd","signature":"AAAA"}}
nothing
"#
    );
    let codes = finalize(&bench, &values, "").ends(1).codes("finalize");
    assert_eq!(codes["a.pdf"], "signature.encoding");
    assert_eq!(codes["b.pdf"], "values.malformed");
    assert_eq!((&*codes[&unknown], &*codes["../../etc/passwd"]), ("store.unknown", "store.unknown"));
    assert_eq!(codes["line 5"], "values.malformed");
    assert_eq!(bench.files(), ["a.pdf", "b.pdf"]);
}

#[test]
fn the_same_value_twice_is_fine_and_another_is_not() {
    let bench = two();
    let lines = prepared(&bench, "a.pdf");
    let value = bench.sign(&lines);
    assert_eq!(finalize(&bench, &value.repeat(2), "").ends(0).lines("finalize").len(), 1);
    let other = value.replace("\"signature\":\"", "\"signature\":\"AAAA");
    let ended = finalize(&bench, &format!("{value}{other}"), "--out out").ends(1).lines("finalize");
    assert_eq!(ended[1]["error"]["code"], "values.twice");
}

#[test]
fn a_services_array_is_taken_in_the_order_of_the_digests() {
    let bench = two();
    bench.write("bad.pdf", b"no pdf");
    let ended = bench.run("prepare a.pdf bad.pdf b.pdf --cert $KEYS/ec-certificate.pem --store work --json").ends(1);
    bench.write("order", &ended.out);
    let lines: Vec<_> = ended.lines("prepare").into_iter().filter(|line| line.get("error").is_none()).collect();
    let values = bench.sign(&lines);
    let signatures: Vec<Value> =
        values.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["signature"].clone()).collect();
    let array = serde_json::json!({ "signatures": signatures }).to_string();
    finalize(&bench, &array, "--order order").ends(0).lines("finalize");
    let short = serde_json::json!({ "signatures": signatures[..1] }).to_string();
    finalize(&bench, &short, "--order order").ends(2);
}

#[test]
fn a_changed_document_is_refused_and_nothing_is_written() {
    let bench = two();
    let lines = prepared(&bench, "a.pdf");
    let values = bench.sign(&lines);
    let right = bench.read("a.pdf");
    let mut wrong = right.clone();
    wrong[20] ^= 1;
    for changed in [wrong, [&right[..], b" "].concat(), right[1..].to_vec(), Vec::new()] {
        bench.write("a.pdf", &changed);
        let codes = finalize(&bench, &values, "").ends(1).codes("finalize");
        assert_eq!(codes["a.pdf"], "state.other-document");
        assert_eq!(bench.files(), ["a.pdf"].map(String::from).into_iter().chain(["b.pdf".into()]).collect::<Vec<_>>());
    }
    // The document is elsewhere by now, and the value was kept.
    std::fs::remove_file(bench.path("a.pdf")).unwrap();
    bench.write("moved/a.pdf", &right);
    assert_eq!(finalize(&bench, &values, "").ends(1).codes("finalize")["a.pdf"], "io.not-found");
    finalize(&bench, &values, "--source moved --out out").ends(0);
    assert!(bench.read("out/a.pdf").starts_with(&right));
}

#[test]
fn in_place_leaves_one_file() {
    let bench = two();
    let before = bench.read("a.pdf");
    let values = bench.sign(&prepared(&bench, "a.pdf"));
    finalize(&bench, &values, "--in-place").ends(0);
    assert_eq!(bench.files(), ["a.pdf", "b.pdf"]);
    assert!(bench.read("a.pdf").starts_with(&before) && bench.read("a.pdf").len() > before.len());
}

#[test]
fn a_folder_keeps_its_shape() {
    let bench = Bench::new();
    bench.sample("in/x/a.pdf", "minimal.pdf");
    bench.sample("in/y/a.PDF", "minimal.pdf");
    let values = bench.sign(&prepared(&bench, "in"));
    finalize(&bench, &values, "").ends(3);
    finalize(&bench, &values, "--out out").ends(0);
    assert_eq!(bench.files(), ["a.pdf", "in/x/a.pdf", "in/y/a.PDF", "out/.eseal-run", "out/x/a.pdf", "out/y/a.PDF"]);
}

#[test]
fn resume_does_only_the_rest() {
    let bench = two();
    let values = bench.sign(&prepared(&bench, "a.pdf b.pdf"));
    let first = values.lines().next().unwrap();
    finalize(&bench, first, "--out out").ends(0);
    let lines = finalize(&bench, &values, "--out out --resume").ends(0).lines("finalize");
    assert_eq!((lines[0]["skipped"].as_str(), lines[1]["level"].as_str()), (Some("done before"), Some("B-B")));
}

#[test]
fn sessions_expire_and_are_purged() {
    let bench = two();
    let lines = prepared(&bench, "a.pdf b.pdf");
    bench.run("sessions --store work expire --older-than 1h").ends(0);
    let id = lines[0]["id"].as_str().unwrap();
    bench.run(&format!("sessions --store work show {} --json", &id[..10])).ends(0).lines("sessions-show");
    bench.run(&format!("sessions --store work purge {id} --json")).ends(0).lines("sessions-removed");
    bench.run(&format!("sessions --store work purge {id}")).ends(1);
    assert_eq!(bench.run("sessions --store work list --json").ends(0).lines("sessions").len(), 1);
    bench.run("sessions --store work expire --older-than 0s").ends(0);
    assert!(bench.run("sessions list --store work").ends(0).out.is_empty());
    bench.run("sessions --store nowhere list").ends(2);
}
