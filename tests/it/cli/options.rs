//! Options, settings and the small verbs.

use super::{Bench, testdata};

#[test]
fn wrong_use_is_two_and_help_is_none() {
    let bench = Bench::new();
    for line in ["", "nonsense", "seal --nonsense", "prepare a.pdf", "sessions list", "errors no.such", "seal"] {
        bench.run(line).ends(2);
    }
    for line in ["help", "--version", "seal --help", "help prepare", "man", "completions bash", "completions fish"] {
        assert!(!bench.run(line).ends(0).out.is_empty(), "{line}");
    }
}

#[test]
fn nothing_is_offered_that_does_not_work() {
    let bench = Bench::new();
    for verb in ["prepare", "finalize", "seal", "inspect"] {
        let help = bench.run(&format!("{verb} --help")).ends(0);
        // Secrets are never typed as arguments.
        for option in ["--password ", "--pin "] {
            assert!(!help.text().contains(option), "{verb} {option}");
        }
    }
    // Levels are fixed at `prepare`, and what is asked for later is said later.
    let line = "prepare a.pdf --cert $KEYS/ec-certificate.pem --store work";
    bench.run(&format!("{line} --level b-t --tsa http://tsa.example/")).ends(2);
    bench.run(&format!("{line} --level b-t")).ends(0);
    bench.run("finalize --store work --level b-t").ends(2);
}

#[test]
fn settings_come_from_a_file_and_the_command_line_wins() {
    let bench = Bench::new();
    let settings = format!(
        "key = '{0}/ec.pem'\ncert = '{0}/ec-certificate.pem'\nout = 'from-file'\njson = true\nreason = 'r'\n",
        testdata("keys").display()
    );
    bench.write("eseal.toml", settings.as_bytes());
    bench.run("seal a.pdf --config eseal.toml").ends(0).lines("finalize");
    bench.run("seal a.pdf --config eseal.toml --out typed").ends(0);
    assert!(bench.path("from-file/a.pdf").exists() && bench.path("typed/a.pdf").exists());
    bench.write("secret.toml", b"password = 'canary-77'");
    let ended = bench.run("seal a.pdf --config secret.toml").ends(2);
    assert!(ended.err.contains("password-file") && !ended.err.contains("canary"), "{}", ended.err);
}

#[test]
fn a_summary_over_the_digests() {
    let bench = Bench::new();
    bench.write("bad.pdf", b"");
    let prepared = bench.run("prepare a.pdf bad.pdf --cert $KEYS/ec-certificate.pem --store work --json").ends(1);
    let line = bench.run_with("summary --json", &prepared.out).ends(0).lines("summary").remove(0);
    assert_eq!(line["digests"].as_array().unwrap().len(), 1);
    let known = r#"{"digest":"wRX+DNmDdlDrMK8X/MEdersGZbsgTiSFHi26domxjwA=","digest_algorithm":"SHA256"}"#;
    let ended = bench.run_with("summary", format!("{known}\n{known}\n{known}\n").as_bytes()).ends(0);
    assert!(
        ended.text().starts_with("wHFzv/TWNZ6yxxwJNXlXu9FeXDAX5rVcZPpbj9JFRrI=  SHA-256\n6849"),
        "{}",
        ended.text()
    );
    bench.run_with("summary", b"").ends(2);
    bench.run_with("summary", b"{}").ends(2);
}

#[test]
fn passwords_are_encrypted_to_a_key_that_is_named() {
    let bench = Bench::new();
    bench.write("password", "pārole\n".as_bytes());
    bench.run("encrypt-password --password-file password").ends(2);
    bench.run("encrypt-password --password-file password --service-key $KEYS/ec-certificate.pem").ends(3);
    let own = "encrypt-password --password-file password --json --service-key $KEYS/rsa-certificate.pem";
    let first = bench.run(own).ends(0);
    first.lines("encrypt-password");
    assert_ne!(bench.run(own).ends(0).facts(), first.facts());
    bench.run(&format!("{own} --oaep-sha1")).ends(0).lines("encrypt-password");
    let production = bench.run("encrypt-password --password-file password --lvrtc-production").ends(0);
    assert!(production.err.contains("2024-01-05") && production.err.contains("SHA-256"), "{}", production.err);
}

#[test]
fn errors_are_explained() {
    let bench = Bench::new();
    assert_eq!(bench.run("errors --json").ends(0).lines_of("errors").len(), eseal::ErrorCode::ALL.len());
    let text = bench.run("errors pdf.xref.cycle").ends(0);
    assert!(text.text().contains("Remedy"), "{}", text.text());
}
