//! Two runs at once: into one folder, with one journal, to one target.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Stdio};

use super::services::Services;
use super::{Bench, Ended, testdata};

const KEY: &str = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem";
const SERVED: &str = "--key key.der --cert cert.pem";

/// A run that has begun, and goes on as long as its standard input is open.
struct Begun {
    child: Child,
    input: ChildStdin,
}

/// A run that has done one document and waits for the next.
fn begin(bench: &Bench, options: &str) -> Begun {
    let line = format!("seal --manifest - --json {options} {KEY}").replace("$KEYS", testdata("keys").to_str().unwrap());
    let words: Vec<&str> = line.split_whitespace().collect();
    let mut command = bench.command(&words);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"{\"input\":\"a.pdf\",\"output\":\"first.pdf\"}\n").unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert!(line.contains("first.pdf"), "{line}");
    Begun { child, input }
}

impl Begun {
    fn end(self) -> Ended {
        drop(self.input);
        Ended::from(self.child.wait_with_output().unwrap())
    }
}

/// Starts a run and leaves it alone.
fn start(bench: &Bench, line: &str) -> Child {
    let line = line.replace("$KEYS", testdata("keys").to_str().unwrap());
    let words: Vec<&str> = line.split_whitespace().collect();
    bench.command(&words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

#[track_caller]
fn is_busy(ended: Ended, first: &Child) {
    let ended = ended.ends(2);
    let told = format!("process {} since 20", first.id());
    assert!(ended.err.contains("run.busy") && ended.err.contains(&told), "{}", ended.err);
}

#[cfg(unix)]
#[test]
fn the_second_run_into_a_folder_ends_at_once_and_tells_who_the_first_is() {
    let bench = Bench::new();
    bench.sample("b.pdf", "minimal.pdf");
    let first = begin(&bench, "--out out");
    std::os::unix::fs::symlink("out", bench.path("link")).unwrap();
    for out in ["out", "./out/", "link", bench.path("out").to_str().unwrap()] {
        is_busy(bench.run(&format!("seal b.pdf --out {out} {KEY}")), &first.child);
    }
    is_busy(bench.run("extend b.pdf --out out --level b-t --tsa http://127.0.0.1:9/"), &first.child);
    // Nothing of them is there, and a walk does not find the lock.
    let found = bench.run(&format!("seal out --all-files --out elsewhere {KEY} --json")).ends(0).lines("finalize");
    assert_eq!(found.len(), 1);
    assert!(!first.end().ends(0).err.contains("busy"));
    bench.run(&format!("seal b.pdf --out out {KEY}")).ends(0);
    assert!(!bench.files().iter().any(|name| name.contains("lock") || name.contains("tmp")), "{:?}", bench.files());
}

#[test]
fn the_second_run_with_a_journal_ends_at_once() {
    let bench = Bench::new();
    bench.sample("b.pdf", "minimal.pdf");
    let first = begin(&bench, "--out out --journal log");
    is_busy(bench.run(&format!("seal b.pdf --out other --journal ./log {KEY}")), &first.child);
    is_busy(bench.run(&format!("seal b.pdf --journal log --resume {KEY}")), &first.child);
    assert_eq!(bench.files().iter().filter(|name| name.starts_with("other")).count(), 0);
    first.end().ends(0);
    bench.run(&format!("seal b.pdf --out other --journal log {KEY}")).ends(0);
}

#[test]
fn who_waits_gets_his_turn() {
    let bench = Bench::new();
    bench.sample("b.pdf", "minimal.pdf");
    let first = begin(&bench, "--out out");
    let mut second = start(&bench, &format!("seal b.pdf --out out --wait --json {KEY}"));
    let mut told = String::new();
    BufReader::new(second.stderr.as_mut().unwrap()).read_line(&mut told).unwrap();
    assert!(told.contains("waiting") && told.contains(&first.child.id().to_string()), "{told}");
    assert!(!bench.path("out/b.pdf").exists());
    first.end().ends(0);
    Ended::from(second.wait_with_output().unwrap()).ends(0);
    assert!(bench.path("out/b.pdf").exists());
}

#[cfg(unix)]
#[test]
fn waiting_ends_with_a_signal_and_a_crash_gives_the_folder_back() {
    let bench = Bench::new();
    bench.sample("b.pdf", "minimal.pdf");
    let mut first = begin(&bench, "--out out");
    let mut second = start(&bench, &format!("seal b.pdf --out out --wait {KEY}"));
    let mut told = String::new();
    BufReader::new(second.stderr.as_mut().unwrap()).read_line(&mut told).unwrap();
    assert!(told.contains("waiting"), "{told}");
    std::process::Command::new("kill").args(["-TERM", &second.id().to_string()]).status().unwrap();
    assert!(!second.wait().unwrap().success());
    first.child.kill().unwrap();
    first.child.wait().unwrap();
    assert!(bench.path("out/.eseal-lock").exists());
    bench.run(&format!("seal b.pdf --out out --resume {KEY}")).ends(0);
    assert!(!bench.path("out/.eseal-lock").exists());
}

#[test]
fn a_run_that_is_refused_leaves_nothing() {
    let bench = Bench::new();
    bench.sample("x/a.pdf", "minimal.pdf");
    bench.run(&format!("seal a.pdf x/a.pdf --out deep/out {KEY}")).ends(2);
    assert!(!bench.path("deep").exists());
}

#[test]
fn nobody_buys_a_time_stamp_for_a_target_that_another_run_has() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    let options = services.options();
    bench.run(&format!("seal a.pdf --out bb {SERVED}")).ends(0);
    let prepare = "prepare a.pdf --cert cert.pem --store work --level b-t --json";
    let values = bench.sign_with("key.der", &bench.run(prepare).ends(0).lines("prepare"));
    bench.write("values", values.as_bytes());
    for (first, second) in [
        // Beside the input, and into its folder by name.
        (format!("seal a.pdf {SERVED} --level b-t {options}"), format!("seal ./a.pdf {SERVED} --level b-t {options}")),
        (
            format!("extend bb/a.pdf --level b-t {options}"),
            format!("extend bb/../bb/a.pdf --level b-t {options} --overwrite"),
        ),
        // One entry of a store, whatever the targets.
        (
            format!("finalize --store work --values values --out one {options}"),
            format!("finalize --store work --values values --out two {options}"),
        ),
    ] {
        let bought = services.counts().0;
        services.hold();
        let running = start(&bench, &first);
        services.until_waiting(bought + 1);
        let ended = bench.run(&second).ends(1);
        assert!(ended.err.contains("another run"), "{}", ended.err);
        services.release();
        Ended::from(running.wait_with_output().unwrap()).ends(0);
        assert_eq!(services.counts().0, bought + 1, "{second}");
        // It has its name now, and nobody buys another one for it.
        if !second.contains("--overwrite") && !second.contains("two") {
            let ended = bench.run(&second).ends(2);
            assert!(ended.err.contains("io.target-exists"), "{}", ended.err);
            assert_eq!(services.counts().0, bought + 1);
        }
    }
    // What is finished elsewhere is written here without another time-stamp.
    let bought = services.counts().0;
    bench.run(&format!("finalize --store work --values values --out two {options}")).ends(0);
    assert_eq!(services.counts().0, bought);
}

#[test]
fn a_target_that_exists_costs_no_time_stamp() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    bench.write("out/a.pdf", b"mine");
    let line = format!("--out out {} --json", services.options());
    let listed = format!("seal --files-from - --level b-t {SERVED} {line}");
    let codes = bench.run_with(&listed, b"a.pdf\n").ends(1).codes("finalize");
    assert_eq!(codes["a.pdf"], "io.target-exists");
    let prepare = "prepare a.pdf --cert cert.pem --store work --level b-t --json";
    let values = bench.sign_with("key.der", &bench.run(prepare).ends(0).lines("prepare"));
    let codes = bench.run_with(&format!("finalize --store work --values - {line}"), values.as_bytes()).ends(1);
    assert_eq!(codes.codes("finalize")["a.pdf"], "io.target-exists");
    assert_eq!((services.counts().0, bench.read("out/a.pdf")), (0, b"mine".to_vec()));
    // The value is kept: with another folder it goes on.
    bench.run(&format!("finalize --store work --out free {}", services.options())).ends(0);
    assert_eq!(services.counts().0, 1);
}
