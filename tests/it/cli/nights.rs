//! A nightly run that ends early or badly: what it costs, what it leaves, what it says.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, Command, Stdio};

use serde_json::Value;

use super::services::Services;
use super::{Bench, Ended, conforms, testdata};

const KEY: &str = "--key key.der --cert cert.pem";

/// A folder `in` with so many documents.
fn bench(count: usize) -> Bench {
    let bench = Bench::new();
    for n in 0..count {
        bench.sample(&format!("in/{n:02}.pdf"), "minimal.pdf");
    }
    bench
}

fn summary(bench: &Bench) -> Value {
    let summary: Value = serde_json::from_slice(&bench.read("summary")).unwrap();
    conforms("run", &summary);
    summary
}

#[test]
fn a_revoked_seal_costs_no_time_stamp_and_stops_the_run() {
    let bench = bench(60);
    let services = Services::start(&bench);
    services.revoke();
    let line = format!("seal in --out out {KEY} --level b-lt {} --json --summary summary", services.options());
    let ended = bench.run(&line).ends(3);
    assert_eq!(services.counts(), (0, 1), "no time-stamp, one question");
    let lines = ended.lines("finalize");
    assert_eq!(lines[0]["error"]["code"], "certificate.revoked");
    assert_eq!((&lines[0]["error"]["scope"], &lines[0]["reached"]), (&"run".into(), &"B-B".into()));
    let summary = summary(&bench);
    assert_eq!((&summary["exit"], &summary["reason_code"]), (&3.into(), &"certificate.revoked".into()));
    assert_eq!((&summary["done"], &summary["timestamps"]), (&0.into(), &serde_json::json!({})));
    assert!(bench.files().iter().all(|name| !name.starts_with("out/") || name == "out/.eseal-run"));
    // At B-T nobody asks; what is at hand in files is nobody's to sell.
    bench.run(&format!("seal in/00.pdf --out bt {KEY} --level b-t {}", services.options())).ends(0);
    assert_eq!(services.counts(), (1, 1));
}

#[test]
fn a_revoked_signer_is_found_by_finalize_before_a_time_stamp_is_bought() {
    let bench = bench(5);
    let services = Services::start(&bench);
    services.revoke();
    let prepared = bench.run("prepare in --cert cert.pem --level b-lt --store work --out out --json").ends(0);
    bench.write("values", bench.sign_with("key.der", &prepared.lines("prepare")).as_bytes());
    let line = format!("finalize --store work --values values --summary summary --json {}", services.options());
    let ended = bench.run(&line).ends(3);
    assert!(ended.codes("finalize").values().all(|code| code == "certificate.revoked"));
    assert_eq!(summary(&bench)["reason_code"], "certificate.revoked");
    assert_eq!(services.counts(), (0, 1));
    // The values are kept: once more without them it is the same, and still nothing is bought.
    bench.run(&format!("finalize --store work {}", services.options())).ends(3);
    assert_eq!(services.counts(), (0, 2));
}

#[test]
fn who_is_not_known_to_be_revoked_may_sign() {
    let bench = bench(3);
    let services = Services::start(&bench);
    services.silence(true);
    let line = format!("seal in --out out {KEY} --level b-lt {} --json --summary summary", services.options());
    let ended = bench.run(&line).ends(1);
    assert_eq!(services.counts(), (3, 0), "the run goes on");
    assert!(ended.err.contains("was not known before the first time-stamp"), "{}", ended.err);
    let told = summary(&bench);
    assert_eq!(told["remarks"]["signer-unknown"], 1);
    assert_eq!(told["timestamps"][services.tsa()], 3, "they were bought all the same");
    services.silence(false);
    let ended = bench.run(&format!("{line} --overwrite")).ends(0);
    assert!(!ended.err.contains("not known"), "{}", ended.err);
    // What was recorded lacks nothing. Answers are of now, so the clock is stopped there.
    let now = eseal::draw_moment(&eseal::system::SystemClock, &eseal::system::OsEntropy).unwrap().time();
    let moment = format!("--time {now} --nonce {}", "7".repeat(64));
    let store = |name: &str| {
        let line = format!("prepare in --cert cert.pem --level b-lt --store {name} --out {name}-out --json {moment}");
        bench.run(&line).ends(0).lines("prepare")
    };
    let prepared = store("work");
    assert_eq!(prepared[0]["id"], store("other")[0]["id"]);
    bench.write("values", bench.sign_with("key.der", &prepared).as_bytes());
    let finalize = |store: &str, more: &str| {
        bench.run(&format!("finalize --store {store} --values values {moment} --summary summary {more}")).ends(0)
    };
    finalize("work", &format!("{} --record answers", services.options()));
    let before = services.counts();
    let ended = finalize("other", "--trust root.pem --evidence answers");
    assert!(!ended.err.contains("not known"), "{}", ended.err);
    assert_eq!((services.counts(), &summary(&bench)["timestamps"]), (before, &serde_json::json!({})));
}

#[test]
fn a_seal_that_leads_to_nobody_trusted_costs_no_time_stamp() {
    let bench = bench(3);
    let services = Services::start(&bench);
    let line =
        format!("seal in --out out {KEY} --level b-lt --tsa {} --trust $KEYS/ec-certificate.pem", services.tsa());
    let ended = bench.run(&format!("{line} --summary summary")).ends(3);
    assert!(ended.err.contains("[certificate.path]"), "{}", ended.err);
    assert_eq!((services.counts().0, &summary(&bench)["reason_code"]), (0, &"certificate.path".into()));
}

fn seal(bench: &Bench, services: &Services, more: &[&str]) -> Child {
    let tsa = services.tsa();
    let line =
        ["seal", "in", "--out", "out", "--key", "key.der", "--cert", "cert.pem", "--level", "b-t", "--tsa", &tsa];
    let mut command =
        bench.command(&[&line[..], &["--trust", "root.pem", "--json", "--summary", "summary"], more].concat());
    command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn signal(child: &Child, name: &str) {
    Command::new("kill").args([name, &child.id().to_string()]).status().unwrap();
}

/// Until the command has taken note of the signal: what it says is in the summary then, or it is over.
fn results(bench: &Bench) -> usize {
    bench.files().iter().filter(|name| name.starts_with("out/") && name.ends_with(".pdf")).count()
}

#[cfg(unix)]
#[test]
fn what_holds_a_time_stamp_is_finished_after_an_interruption() {
    for name in ["-INT", "-TERM"] {
        let bench = bench(40);
        let services = Services::start(&bench);
        services.hold();
        let child = seal(&bench, &services, &["--requests", "8"]);
        // Some are asked for; the others wait for their turn, and lose it.
        services.until_waiting(1);
        signal(&child, name);
        until_ending(&child);
        services.release();
        let ended = Ended::from(child.wait_with_output().unwrap()).ends(130);
        let done = services.counts().0;
        assert!((1..=8).contains(&done) && results(&bench) == done, "{done} {}", ended.err);
        assert_eq!(ended.lines("finalize").len(), done);
        let said = format!("interrupted, {} not begun, run again with --resume", 40 - done);
        assert!(ended.err.contains(&said), "{}", ended.err);
        let summary = summary(&bench);
        assert_eq!(
            (&summary["exit"], &summary["not_begun"], &summary["done"]),
            (&130.into(), &(40 - done).into(), &done.into())
        );
        assert_eq!(
            (&summary["reason_code"], &summary["timestamps"][services.tsa()]),
            (&"cancelled".into(), &done.into())
        );
        // The rest, and nothing twice.
        Ended::from(seal(&bench, &services, &["--resume"]).wait_with_output().unwrap()).ends(0);
        assert_eq!((services.counts().0, results(&bench)), (40, 40));
    }
}

/// Waits until a signal was delivered: the kernel then has none that waits.
#[cfg(unix)]
fn until_ending(child: &Child) {
    let status = format!("/proc/{}/status", child.id());
    while let Ok(text) = std::fs::read_to_string(&status) {
        let pending = text.lines().find_map(|line| line.strip_prefix("ShdPnd:")).unwrap_or("0");
        if pending.trim().bytes().all(|digit| digit == b'0') {
            break;
        }
        std::thread::yield_now();
    }
    // The handler's thread reads a pipe; the loop looks at its flag ten times a second.
    std::thread::sleep(std::time::Duration::from_millis(400));
}

#[cfg(unix)]
#[test]
fn a_second_signal_ends_it_at_once() {
    let bench = bench(4);
    let services = Services::start(&bench);
    services.hold();
    let child = seal(&bench, &services, &[]);
    services.until_waiting(1);
    signal(&child, "-INT");
    until_ending(&child);
    signal(&child, "-INT");
    let ended = Ended::from(child.wait_with_output().unwrap()).ends(130);
    services.release();
    assert!(ended.out.is_empty() && results(&bench) == 0);
    assert_eq!(summary(&bench)["exit"], 130);
    assert!(!bench.files().iter().any(|name| name.ends_with("eseal-tmp")));
}

#[test]
fn nothing_is_begun_after_the_time_of_until() {
    let bench = bench(2);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    // A zone in which it is noon in a few seconds.
    let behind = (now % 86_400 + 86_400 - (12 * 3_600 - 15)) % 86_400;
    let zone = format!("XXX{}:{:02}:{:02}", behind / 3_600, behind / 60 % 60, behind % 60);
    let keys = testdata("keys");
    let key = [keys.join("ec.pem"), keys.join("ec-certificate.pem")].map(|path| path.to_str().unwrap().to_owned());
    let line = ["seal", "--files-from", "-", "--out", "out", "--json", "--until", "12:00", "--summary", "summary"];
    let mut command = bench.command(&[&line[..], &["--key", &key[0], "--cert", &key[1]]].concat());
    command.env("TZ", zone).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"in/00.pdf\n").unwrap();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    let mut line = String::new();
    out.read_line(&mut line).unwrap();
    conforms("finalize", &serde_json::from_str(&line).unwrap());
    // Nobody says that there is no more: the clock does.
    let ended = Ended::from(child.wait_with_output().unwrap()).ends(130);
    drop(input);
    assert!(ended.err.contains("interrupted, the rest not begun, run again with --resume"), "{}", ended.err);
    assert_eq!((&summary(&bench)["reason_code"], &summary(&bench)["done"]), (&"until".into(), &1.into()));
    for wrong in ["24:00", "2", "noon"] {
        let ended = bench.run(&format!("inspect a.pdf --until {wrong}")).ends(2);
        assert!(ended.err.contains("--until wants a time of the day"), "{}", ended.err);
    }
    // What is done before it is just done.
    let key = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem";
    bench.run(&format!("seal in --out other {key} --until 00:00")).ends(0);
}

#[test]
fn the_summary_is_written_however_it_ends() {
    let bench = bench(1);
    let key = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem";
    let of = |line: &str, status: i32| {
        std::fs::remove_file(bench.path("summary")).unwrap_or_default();
        bench.run(&format!("{line} --summary summary")).ends(status);
        let summary = summary(&bench);
        assert_eq!(summary["exit"], status, "{line}");
        assert!(summary["end"].is_string() && summary["version"].is_string());
        (summary["reason_code"].as_str().unwrap_or("-").to_owned(), summary)
    };
    assert_eq!(of(&format!("seal in --out out {key}"), 0).0, "-");
    let (code, told) = of(&format!("seal in --out out {key}"), 2);
    assert_eq!((&*code, &told["errors"]["io.target-exists"]), ("misuse", &1.into()));
    assert_eq!(of(&format!("seal in --out out2 {key} --limit nonsense=1"), 2).0, "misuse");
    assert_eq!(of(&format!("seal in --out out2 {key} --jobs 0"), 2).0, "misuse");
    assert_eq!(of("seal in --out out2 --key $KEYS/none.pem", 2).0, "io.not-found");
    assert_eq!(of("seal in --out out2 --key a.pdf", 3).0, "key.malformed");
    assert_eq!(of(&format!("seal in gone.pdf --out out3 {key}"), 1).0, "failures");
    assert_eq!(of("finalize --store nowhere --values a.pdf", 2).0, "io.not-found");
    bench.write("bad.toml", b"no such = 'thing'");
    assert_eq!(of(&format!("seal in --out out4 {key} --config bad.toml"), 2).0, "misuse");
    bench.write("bad.toml", b"nonsense = 'thing'");
    assert_eq!(of(&format!("seal in --out out4 {key} --config bad.toml"), 2).0, "misuse");
    // One that can't be written is said before anything is done.
    for place in ["nowhere/summary", "in"] {
        let ended = bench.run(&format!("seal in --out out5 {key} --summary {place}")).ends(2);
        assert!(ended.err.contains(place) && !bench.path("out5").exists(), "{}", ended.err);
    }
    // Among the results, whose folder is not there yet; and where no file is.
    bench.run(&format!("seal in --out out6 {key} --summary out6/log/summary")).ends(0);
    assert!(bench.path("out6/log/summary").exists());
    let ended = bench.run(&format!("seal in --out out7 {key} --quiet --summary /dev/stdout")).ends(0);
    conforms("run", &serde_json::from_str(ended.text()).unwrap());
}

#[test]
fn a_run_that_was_killed_has_no_end() {
    let bench = bench(2);
    let services = Services::start(&bench);
    services.hold();
    let mut child = seal(&bench, &services, &[]);
    services.until_waiting(1);
    child.kill().unwrap();
    child.wait().unwrap();
    services.release();
    let summary = summary(&bench);
    assert!(summary["end"].is_null() && summary["exit"].is_null() && summary["begin"].is_string(), "{summary}");
}

#[test]
fn lines_and_summary_name_the_run() {
    let bench = bench(2);
    let fixed = format!("--time 2030-01-02T03:04:05Z --nonce {}", "7".repeat(64));
    let key = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem";
    let stamps = |out: &str| {
        let line = format!("seal in gone.pdf --out {out} {key} --json --summary summary {fixed}");
        let lines = bench.run(&line).ends(1).lines("finalize");
        let of = |line: &Value| (line["time"].clone(), line["run"].clone());
        let stamps: Vec<_> = lines.iter().map(of).collect();
        assert_eq!(stamps.len(), 3);
        assert!(stamps.iter().all(|stamp| *stamp == stamps[0]) && summary(&bench)["run"] == stamps[0].1);
        stamps
    };
    let one = stamps("one");
    assert_eq!((&one[0].0, &one), (&"2030-01-02T03:04:05Z".into(), &stamps("two")));
    // By themselves two runs have two names.
    let run = || bench.run("inspect a.pdf --json").ends(0).lines("inspect")[0]["run"].clone();
    assert_ne!(run(), run());
    // What is quiet says what failed, and nothing else.
    let lines = bench.run(&format!("seal in gone.pdf --out three {key} --json --quiet")).ends(1).lines("finalize");
    assert_eq!((lines.len(), &lines[0]["input"]), (1, &"gone.pdf".into()));
}

#[test]
fn a_certificate_that_ends_soon_is_told() {
    let bench = bench(1);
    let services = Services::start(&bench);
    let line = |out: &str, more: &str| {
        let line = format!("seal in --out {out} {KEY} --level b-t {} --summary summary {more}", services.options());
        bench.run(&line).ends(0).err
    };
    assert!(!line("one", "").contains("ends in"));
    let told = summary(&bench);
    let left = told["certificates"][0]["days_left"].as_i64().unwrap();
    assert_eq!(told["certificates"][0]["not_after"], "2035-01-01T00:00:00Z");
    assert_eq!(told["remarks"], serde_json::json!({}));
    let said = line("two", &format!("--warn-days {}", left + 1));
    assert!(said.contains("CN=Person: it ends in "), "{said}");
    assert_eq!(summary(&bench)["remarks"]["certificate-ending"], 1);
    bench.write("days.toml", format!("warn_days = {}", left + 1).as_bytes());
    assert!(line("three", "--config days.toml").contains("it ends in "));
    let fixed = format!("--time 2034-12-31T12:00:00Z --nonce {}", "7".repeat(64));
    let ended = bench.run(&format!("prepare in --cert cert.pem --store work {fixed}")).ends(0);
    assert!(ended.err.contains("it ends today"), "{}", ended.err);
}
