//! Which inputs are worked on, where their results go, and what a dry run says of both.

use std::fs;

use super::services::Services;
use super::{Bench, Ended};

const KEY: &str = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem";
const SERVED: &str = "--key key.der --cert cert.pem";

fn folder() -> Bench {
    let bench = Bench::new();
    bench.sample("in/a.pdf", "minimal.pdf");
    bench.sample("in/sub/b.pdf", "minimal.pdf");
    bench
}

fn inputs(ended: &Ended, schema: &str) -> Vec<String> {
    ended.lines(schema).iter().map(|line| line["input"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn what_failed_is_done_again_under_the_same_targets() {
    let bench = folder();
    bench.write("in/sub/b.pdf", b"%PDF-1.7 broken");
    bench.write("in/sub/c.pdf", b"%PDF-1.7 broken");
    let line = format!("seal in --out out {KEY} --json");
    let first = bench.run(&line).ends(1);
    bench.write("lines.jsonl", &first.out);
    bench.sample("in/sub/b.pdf", "minimal.pdf");
    let again = bench.run(&format!("{line} --failed-from lines.jsonl")).ends(1);
    assert_eq!(inputs(&again, "finalize"), ["in/sub/b.pdf", "in/sub/c.pdf"]);
    assert!(bench.path("out/sub/b.pdf").exists());
    // The lines of both runs in one file: the last word counts.
    bench.write("lines.jsonl", &[first.out, again.out].concat());
    bench.sample("in/sub/c.pdf", "minimal.pdf");
    let third = bench.run(&format!("{line} --failed-from lines.jsonl")).ends(0);
    assert_eq!(inputs(&third, "finalize"), ["in/sub/c.pdf"]);
    bench.write("lines.jsonl", &third.out);
    let none = bench.run(&format!("{line} --failed-from lines.jsonl")).ends(0);
    assert!(none.out.is_empty() && none.err.contains("nothing to do"), "{}", none.err);
    bench.run(&format!("{line} --failed-from lines.jsonl --require-input")).ends(2);
    bench.write("lines.jsonl", b"dear diary\n");
    bench.run(&format!("{line} --failed-from lines.jsonl")).ends(2);
    bench.run(&format!("{line} --failed-from none.jsonl")).ends(2);
}

#[test]
fn what_failed_of_a_manifest_keeps_its_own_output() {
    let bench = folder();
    bench.write("x.pdf", b"%PDF-1.7 broken");
    bench.write(
        "list",
        b"{\"input\":\"x.pdf\",\"output\":\"one/x.pdf\",\"ref\":\"1\"}\n{\"input\":\"a.pdf\",\"ref\":\"2\",\"output\":\"two/a.pdf\"}\n",
    );
    let line = format!("seal --manifest list --out out {KEY} --json");
    bench.write("lines.jsonl", &bench.run(&line).ends(1).out);
    bench.sample("x.pdf", "minimal.pdf");
    let again = bench.run(&format!("{line} --failed-from lines.jsonl")).ends(0).lines("finalize");
    assert_eq!((again.len(), &again[0]["ref"], &again[0]["output"]), (1, &"1".into(), &"out/one/x.pdf".into()));
}

#[test]
fn a_list_keeps_the_shape_below_its_base() {
    let bench = folder();
    let line = format!("seal --files-from - --base in --out out {KEY} --json");
    let ended = bench.run_with(&line, b"in/a.pdf\n./in/sub/../sub/b.pdf\na.pdf\nin/none.pdf\n").ends(1);
    let codes = ended.codes("finalize");
    assert_eq!((&*codes["a.pdf"], &*codes["in/none.pdf"]), ("io.outside", "io.not-found"));
    assert!(bench.path("out/a.pdf").exists() && bench.path("out/sub/b.pdf").exists());
    bench.run_with(&line.replace("--out out", "--out folders"), b"in/sub\n").ends(0);
    assert!(bench.path("folders/sub/b.pdf").exists());
    bench.run_with(&line.replace("--base in", "--base nowhere"), b"").ends(2);
    bench.run(&format!("seal in/sub/b.pdf in/a.pdf --base in --out named {KEY}")).ends(0);
    assert!(bench.path("named/a.pdf").exists() && bench.path("named/sub/b.pdf").exists());
    bench.run(&format!("seal in --base in --out whole {KEY}")).ends(0);
    assert!(bench.path("whole/a.pdf").exists() && bench.path("whole/sub/b.pdf").exists());
}

#[cfg(unix)]
#[test]
fn results_into_the_folder_of_the_inputs_are_refused() {
    let bench = folder();
    let before = bench.files();
    std::os::unix::fs::symlink("in", bench.path("link")).unwrap();
    let absolute = bench.path("in").to_str().unwrap().to_owned();
    for (input, out) in [("in", "in"), ("./in/", "in"), ("in", "link"), ("link", "in"), (&*absolute, "in/sub/..")] {
        for verb in [format!("seal {input} {KEY}"), format!("extend {input} --level b-t --tsa http://127.0.0.1:9/")] {
            let ended = bench.run(&format!("{verb} --out {out}")).ends(2);
            assert!(ended.err.contains("--in-place"), "{}", ended.err);
        }
    }
    fs::remove_file(bench.path("link")).unwrap();
    assert_eq!(bench.files(), before);
    let listed = bench.run_with(&format!("seal --files-from - --out in {KEY} --json"), b"in\n").ends(1);
    assert_eq!(listed.codes("finalize")["in"], "io.collision");
    // Inside of it is a place for results, and is not searched the next time.
    bench.run(&format!("seal in --out in/out {KEY}")).ends(0);
    let again = bench.run(&format!("seal in --out in/out --resume {KEY} --json")).ends(0);
    assert_eq!(again.lines("finalize").len(), 2);
}

#[test]
fn an_empty_input_is_told_and_may_be_wrong_use() {
    let bench = Bench::new();
    fs::create_dir(bench.path("in")).unwrap();
    for line in
        [format!("seal in --out out {KEY}"), "inspect in".into(), format!("seal --files-from - --out out {KEY}")]
    {
        let ended = bench.run(&line).ends(0);
        assert!(ended.err.contains("nothing to do"), "{line}: {}", ended.err);
        let ended = bench.run(&format!("{line} --require-input")).ends(2);
        assert!(ended.err.contains("nothing to do"), "{line}: {}", ended.err);
    }
    assert!(!bench.run(&format!("seal a.pdf {KEY} --require-input")).ends(0).err.contains("nothing to do"));
}

#[test]
fn a_dry_run_says_what_would_be_done_and_does_nothing() {
    let bench = folder();
    let services = Services::start(&bench);
    let options = services.options();
    bench.write("in/note.txt", b"text");
    bench.run(&format!("seal in/a.pdf --out out {SERVED}")).ends(0);
    let before = bench.files();
    let line = format!("seal in --all-files --out out --level b-lta --resume {options} --json --dry-run");
    // The certificate is enough.
    let ended = bench.run(&format!("{line} --cert cert.pem")).ends(0);
    let lines = ended.lines("would-seal");
    let told: Vec<_> = lines.iter().map(|line| (line["output"].as_str(), line["timestamps"].as_u64())).collect();
    assert_eq!(told, [(None, None), (Some("out/note.txt.asice"), Some(2)), (Some("out/sub/b.pdf"), Some(2))]);
    assert_eq!((&lines[0]["skipped"], &lines[1]["tsa"]), (&"done before".into(), &services.tsa().into()));
    assert!(ended.err.contains("2 documents would be signed with 4 time-stamps"), "{}", ended.err);
    bench.run(&format!("{line} {SERVED}")).ends(0);
    bench.run(&line).ends(2);
    // It ends as the run would.
    let plain = format!("seal in --out out {KEY} --dry-run");
    assert!(bench.run(&plain).ends(2).err.contains("io.target-exists"));
    bench.write("in/broken.pdf", b"%PDF-1.7 broken");
    let codes = bench.run(&format!("{plain} --overwrite --json")).ends(1).codes("would-seal");
    assert_eq!((&*codes["in/a.pdf"], &*codes["in/broken.pdf"]), ("-", "pdf.startxref"));
    let expired = format!("--time 2099-01-02T03:04:05Z --nonce {}", "7".repeat(64));
    bench.run(&format!("{plain} --overwrite {expired}")).ends(3);
    bench.run(&format!("seal in/a.pdf --in-place {KEY} --dry-run --state-dir state")).ends(0);
    fs::remove_file(bench.path("in/broken.pdf")).unwrap();
    let mut after = bench.files();
    after.retain(|name| !name.starts_with("state/"));
    assert_eq!((after, services.counts()), (before, (0, 0)));
}
