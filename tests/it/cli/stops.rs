//! What stops a whole run: keys, certificates, a reader that goes away, an interruption.

use std::process::Stdio;

use super::{Bench, testdata};

#[test]
fn a_key_that_cannot_be_opened_stops_before_anything() {
    let bench = Bench::new();
    bench.write("wrong", b"wrong\n");
    bench.write("test", b"test\n");
    for (options, status, code) in [
        ("--key $KEYS/ec.p12 --password-file wrong", 3, "key.password"),
        ("--key $KEYS/ec.p12 --password-file test", 0, ""),
        ("--key $KEYS/no-key.p12 --password-file test", 3, "key.none"),
        ("--key a.pdf", 3, "key.malformed"),
        ("--key $KEYS/ec.pem", 3, "key.certificate"),
        ("--key $KEYS/ec.pem --cert $KEYS/ec384-certificate.pem", 3, "key.certificate"),
        ("--key $KEYS/ec.pem --cert a.pdf", 3, "certificate.malformed"),
        ("--key $KEYS/none.pem", 2, "io.not-found"),
        ("", 2, "--key"),
    ] {
        let ended = bench.run(&format!("seal a.pdf --out out --overwrite {options}")).ends(status);
        assert!(ended.err.contains(code), "{options}: {}", ended.err);
    }
}

#[test]
fn the_password_comes_from_a_variable_and_shows_nowhere() {
    let bench = Bench::new();
    let key = testdata("keys").join("ec.p12");
    let arguments =
        ["seal", "a.pdf", "--key", key.to_str().unwrap(), "--password-env", "ESEAL_TEST", "-v", "--overwrite"];
    let done = bench.command(&arguments).env("ESEAL_TEST", "test").output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let done = bench.command(&arguments).env("ESEAL_TEST", "canary-5f1c").output().unwrap();
    assert_eq!(done.status.code(), Some(3));
    assert!(!String::from_utf8_lossy(&done.stderr).contains("canary"));
    assert_eq!(bench.command(&arguments).output().unwrap().status.code(), Some(2));
}

#[test]
fn an_expired_certificate_stops_the_run_unless_allowed() {
    let bench = Bench::new();
    bench.sample("b.pdf", "xref-stream.pdf");
    let fixed = format!("--time 2099-01-02T03:04:05Z --nonce {}", "7".repeat(64));
    let line = format!("prepare a.pdf b.pdf --cert $KEYS/ec-certificate.pem --store work --json --jobs 1 {fixed}");
    let ended = bench.run(&line).ends(3);
    let lines = ended.lines("prepare");
    assert_eq!(lines[0]["error"]["code"], "certificate.expired");
    assert_eq!(lines[0]["error"]["scope"], "run");
    assert!(bench.run("sessions --store work list").ends(0).out.is_empty());
    bench.run(&format!("{line} --allow-expired")).ends(0);
}

#[test]
fn so_many_failures_are_enough() {
    let bench = Bench::new();
    for n in 0..200 {
        bench.write(&format!("in/{n:03}.pdf"), b"no pdf");
    }
    let ended = bench.run("inspect in --json --max-failures 3 --jobs 1 --summary summary").ends(1);
    let failures = ended.lines("inspect").len();
    assert!((3..200).contains(&failures), "{failures}");
    let summary: serde_json::Value = serde_json::from_slice(&bench.read("summary")).unwrap();
    super::conforms("run", &summary);
    assert_eq!(summary["errors"]["pdf.not-a-pdf"], failures);
}

#[test]
fn a_reader_that_goes_away_ends_the_run_quietly() {
    let bench = Bench::new();
    for n in 0..200 {
        bench.sample(&format!("in/{n:03}.pdf"), "minimal.pdf");
    }
    let mut child =
        bench.command(&["inspect", "in", "--json"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(130));
    assert!(!String::from_utf8_lossy(&done.stderr).contains("panicked"));
}

#[cfg(unix)]
#[test]
fn an_interruption_leaves_no_temporary_file() {
    use std::io::{BufRead, BufReader};
    use std::process::Command;
    let bench = Bench::new();
    for n in 0..2000 {
        bench.sample(&format!("in/{n:04}.pdf"), "minimal.pdf");
    }
    let (key, certificate) = (testdata("keys").join("ec.pem"), testdata("keys").join("ec-certificate.pem"));
    let arguments = ["seal", "in", "--out", "out", "--json", "--jobs", "1"];
    let keys = ["--key", key.to_str().unwrap(), "--cert", certificate.to_str().unwrap()];
    let mut child = bench.command(&[&arguments[..], &keys[..]].concat()).stdout(Stdio::piped()).spawn().unwrap();
    let mut first = String::new();
    let mut out = BufReader::new(child.stdout.take().unwrap());
    out.read_line(&mut first).unwrap();
    Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let rest = out.lines().count();
    assert_eq!(child.wait().unwrap().code(), Some(130));
    let files = bench.files();
    assert!(!files.iter().any(|name| name.ends_with("eseal-tmp")), "{files:?}");
    let results = files.iter().filter(|name| name.starts_with("out/") && name.ends_with(".pdf")).count();
    assert_eq!(results, rest + 1, "each result was reported");
    bench.run("seal in --out out --resume --key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem --no-sync").ends(0);
}
