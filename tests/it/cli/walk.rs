//! Folders as inputs: nothing outside of them is found, and nothing that belongs to the run.

use std::fs;
use std::os::unix::fs::symlink;

use super::{Bench, testdata};

/// A folder `in` with a document, and links out of it.
fn bench() -> Bench {
    let bench = Bench::new();
    bench.sample("in/a.pdf", "minimal.pdf");
    bench.write("in/notes.txt", b"notes");
    bench.sample("outside/b.pdf", "minimal.pdf");
    bench.write("outside/id_rsa", b"secret");
    symlink("../outside/id_rsa", bench.path("in/more.txt")).unwrap();
    symlink("../outside/b.pdf", bench.path("in/b.pdf")).unwrap();
    symlink("../outside", bench.path("in/folder")).unwrap();
    bench
}

fn key(bench: &Bench, name: &str) {
    bench.write(name, &fs::read(testdata("keys").join("rsa.pem")).unwrap());
}

fn pipe(bench: &Bench, name: &str) {
    fs::create_dir_all(bench.path(name).parent().unwrap()).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(bench.path(name)).status().unwrap().success());
}

const CERT: &str = "--cert $KEYS/rsa-certificate.pem";

#[test]
fn links_out_of_a_folder_are_not_packed_and_are_said() {
    let bench = bench();
    pipe(&bench, "in/pipe");
    let ended = bench.run(&format!("seal in --into all.asice --json --summary run.json --key $KEYS/rsa.pem {CERT}"));
    assert_eq!(ended.status, 0, "{}", ended.err);
    assert_eq!(ended.lines("finalize")[0]["files"], serde_json::json!(["a.pdf", "notes.txt"]));
    assert!(ended.err.contains("in: left out 3 links") && ended.err.contains("--follow-links"), "{}", ended.err);
    assert!(ended.err.contains("in/folder, which leads to a folder"), "{}", ended.err);
    assert!(ended.err.contains("left out 1 name"), "{}", ended.err);
    let summary: serde_json::Value = serde_json::from_slice(&bench.read("run.json")).unwrap();
    assert_eq!(summary["passed_over"], serde_json::json!({"links": 3, "special": 1, "own": 0}));
}

#[test]
fn the_key_is_not_packed_under_any_name() {
    let bench = Bench::new();
    bench.write("in/notes.txt", b"notes");
    key(&bench, "key.pem");
    symlink("../key.pem", bench.path("in/link.txt")).unwrap();
    fs::hard_link(bench.path("key.pem"), bench.path("in/hard.txt")).unwrap();
    for (options, name) in [("--all-files", "seal in --out out"), ("", "seal in --into all.asice")] {
        for follow in ["", "--follow-links"] {
            let ended = bench.run(&format!("{name} {options} {follow} --overwrite --json --key key.pem {CERT}"));
            assert_eq!(ended.status, 0, "{}", ended.err);
            let line = &ended.lines("finalize")[0];
            assert_eq!(ended.lines("finalize").len(), 1, "{line}");
            assert!(!line.to_string().contains("hard") && !line.to_string().contains("link"), "{line}");
            assert!(ended.err.contains("left out 1 file that belongs to this run"), "{}", ended.err);
        }
    }
}

#[test]
fn what_the_configuration_names_is_not_packed() {
    let bench = Bench::new();
    for name in ["notes.txt", "pin", "bearer", "client.key", "list", "lvrtc.pem", "trust.pem"] {
        bench.write(&format!("in/{name}"), b"secret");
    }
    key(&bench, "in/key.pem");
    // What is for other verbs and other services is no document either.
    let settings = "key = 'in/key.pem'\npin-file = 'in/pin'\npassword-key = 'in/lvrtc.pem'\ntrust = ['in/trust.pem']\n\
                    [[tsa]]\nurl = 'http://tsa.invalid'\nusername = 'u'\npassword_file = 'in/bearer'\n\
                    client_cert = 'in/trust.pem'\nclient_key_file = 'in/client.key'\n";
    bench.write("in/eseal.toml", settings.as_bytes());
    bench.write("in/list", b"in\n");
    let ended =
        bench.run(&format!("seal --files-from in/list --into in/all.asice --config in/eseal.toml --json {CERT}"));
    assert_eq!(ended.status, 0, "{}", ended.err);
    assert_eq!(ended.lines("finalize")[0]["files"], serde_json::json!(["notes.txt"]), "{}", ended.err);
}

#[test]
fn in_place_changes_nothing_outside() {
    let bench = bench();
    let before = bench.read("outside/b.pdf");
    for options in ["", "--follow-links"] {
        let ended = bench.run(&format!("seal in --in-place {options} --json --key $KEYS/rsa.pem {CERT}"));
        assert_eq!((ended.status, ended.lines("finalize").len()), (0, 1), "{}", ended.err);
        assert_eq!(bench.read("outside/b.pdf"), before);
    }
    let extended = bench.run("inspect in --json");
    assert_eq!(extended.lines("inspect")[0]["signatures"].as_array().unwrap().len(), 2);
    fs::hard_link(bench.path("outside/b.pdf"), bench.path("in/c.pdf")).unwrap();
    let ended = bench.run(&format!("seal in --in-place --key $KEYS/rsa.pem {CERT}"));
    assert!(ended.err.contains("1 file with other names (hard links)"), "{}", ended.err);
}

#[test]
fn what_is_named_itself_may_be_a_link() {
    let bench = bench();
    let sign = format!("--out out --overwrite --json --key $KEYS/rsa.pem {CERT}");
    bench.write("list", b"in/b.pdf\n");
    bench.write("manifest", br#"{"input":"in/b.pdf"}"#);
    for inputs in ["in/b.pdf", "--files-from list", "--manifest manifest"] {
        let ended = bench.run(&format!("seal {inputs} {sign}"));
        assert_eq!((ended.status, ended.lines("finalize").len()), (0, 1), "{inputs}: {}", ended.err);
    }
    // A folder that is named through a link is one, too; what links are in it is the same.
    bench.write("list", b"in/folder\nin\n");
    let ended = bench.run(&format!("seal --files-from list {sign}"));
    assert_eq!(
        ended.lines("finalize").iter().map(|line| line["input"].clone()).collect::<Vec<_>>(),
        ["in/folder/b.pdf", "in/a.pdf"]
    );
    assert!(ended.err.contains("left out 2 links"), "{}", ended.err);
}

#[test]
fn a_container_is_filled_without_what_links_lead_to() {
    let bench = bench();
    let digest = eseal::DigestAlgorithm::Sha256.digest(b"notes").to_hex();
    let data = format!(r#"{{"name":"notes.txt","digest":"{digest}","digest_algorithm":"SHA-256"}}"#);
    let ended = bench.run(&format!("seal --data-file {data} --into in/c.asice --key $KEYS/rsa.pem {CERT}"));
    assert_eq!(ended.status, 0, "{}", ended.err);
    fs::remove_file(bench.path("in/a.pdf")).unwrap();
    let ended = bench.run("fill in/c.asice in --json");
    assert_eq!(ended.status, 0, "{}", ended.err);
    assert_eq!(ended.lines("fill")[0]["files"], serde_json::json!(["notes.txt"]));
    assert!(ended.err.contains("left out 3 links"), "{}", ended.err);
}

/// A manifest of one line.
fn manifest(bench: &Bench, name: &str, output: &str) {
    bench.write(name, serde_json::json!({"input": "a.pdf", "output": output}).to_string().as_bytes());
}

#[test]
fn a_manifest_writes_into_the_folder_of_the_results_or_its_own() {
    let bench = Bench::new();
    bench.write("lists/x", b"");
    bench.write("away/x", b"");
    fs::create_dir(bench.path("out")).unwrap();
    symlink("../away", bench.path("out/link")).unwrap();
    let absolute = bench.path("absolute.pdf").to_str().unwrap().to_owned();
    let sign = format!("--key $KEYS/rsa.pem {CERT} --json");
    let outside =
        ["../escape.pdf", "sub/../../escape.pdf", "link/escape.pdf", "link/new/escape.pdf", &*absolute, "", ".."];
    for output in outside {
        manifest(&bench, "list", output);
        let ended = bench.run(&format!("seal --manifest list --out out {sign}"));
        assert_eq!(ended.ends(1).codes("finalize")["a.pdf"], "io.outside", "{output}");
        let ended = bench.run(&format!("prepare --manifest list --out out --store work {CERT} --json"));
        assert_eq!(ended.ends(1).codes("prepare")["a.pdf"], "io.outside", "{output}");
    }
    assert!(bench.files().iter().all(|name| !name.contains("escape") && !name.contains("absolute")));
    manifest(&bench, "list", "sub/b.pdf");
    bench.run(&format!("seal --manifest list --out out {sign}")).ends(0);
    assert!(bench.path("out/sub/b.pdf").exists());
    // Without --out it is the manifest's own folder, of standard input the current one.
    for (list, output, status) in
        [("list", "c.pdf", 0), ("list", "../c.pdf", 1), ("lists/list", "lists/d.pdf", 0), ("lists/list", "d.pdf", 1)]
    {
        manifest(&bench, list, output);
        bench.run(&format!("seal --manifest {list} {sign}")).ends(status);
        assert_eq!(bench.path(output).exists(), status == 0, "{output}");
    }
    for (output, status) in [("e.pdf", 0), ("../e.pdf", 1)] {
        let line = serde_json::json!({"input": "a.pdf", "output": output}).to_string();
        bench.run_with(&format!("seal --manifest - {sign}"), line.as_bytes()).ends(status);
    }
    manifest(&bench, "list", &absolute);
    bench.run(&format!("seal --manifest list --out out --allow-outside {sign}")).ends(0);
    assert!(bench.path("absolute.pdf").exists());
}

#[test]
fn a_record_of_the_store_leads_out_of_nothing() {
    let bench = Bench::new();
    let prepare = "prepare a.pdf --cert $KEYS/ec-certificate.pem --store work --json";
    let prepared = bench.run(prepare).ends(0).lines("prepare");
    bench.write("values", bench.sign(&prepared).as_bytes());
    let id = prepared[0]["id"].as_str().unwrap();
    let record = format!("work/{}/{id}.json", &id[..2]);
    let text = String::from_utf8(bench.read(&record)).unwrap();
    let absolute = bench.path("absolute.pdf").to_str().unwrap().to_owned();
    for relative in ["../escape.pdf", &*absolute] {
        bench.write(&record, text.replace(r#""relative":"a.pdf""#, &format!(r#""relative":"{relative}""#)).as_bytes());
        for options in ["--out out", "--out out --source ."] {
            let ended = bench.run(&format!("finalize --store work --values values {options} --json")).ends(1);
            assert_eq!(ended.codes("finalize")["a.pdf"], "io.outside", "{relative}");
        }
    }
    assert!(!bench.path("escape.pdf").exists() && !bench.path("absolute.pdf").exists());
    bench.run("finalize --store work --values values --out out --allow-outside").ends(0);
    assert!(bench.path("absolute.pdf").exists());
}

#[test]
fn a_container_that_was_named_anywhere_is_finalized_into_any_folder() {
    let bench = Bench::new();
    let into = bench.path("x/all.asice");
    let prepare =
        format!("prepare a.pdf --into {} --cert $KEYS/ec-certificate.pem --store work --json", into.display());
    let prepared = bench.run(&prepare).ends(0).lines("prepare");
    bench.write("values", bench.sign(&prepared).as_bytes());
    bench.run("finalize --store work --values values --out out").ends(0);
    assert!(bench.path("out/all.asice").exists() && !into.exists());
}

#[test]
fn names_are_what_they_look_like() {
    let bench = Bench::new();
    bench.sample("in/x\u{202e}fdp.pdf", "minimal.pdf");
    bench.sample("in/y\u{1b}[2J\n.pdf", "minimal.pdf");
    bench.write("in/z\u{2066}.pdf", b"nothing");
    let sign = format!("--out out --key $KEYS/rsa.pem {CERT}");
    let ended = bench.run(&format!("seal in {sign}")).ends(1);
    for shown in ["x\\u{202e}fdp.pdf", "y\\u{1b}[2J\\u{a}.pdf"] {
        assert!(ended.text().contains(shown), "{}", ended.text());
    }
    assert!(ended.err.contains("z\\u{2066}.pdf"), "{}", ended.err);
    assert!(!ended.text().contains('\u{202e}') && !ended.err.contains('\u{2066}'));
    let ended = bench.run("inspect in --json");
    assert_eq!(ended.lines("inspect")[0]["input"], "in/x\u{202e}fdp.pdf");
}

/// A command that waits for ever, after it was told to end.
fn ends_when_told(mut command: std::process::Command, is_waiting: impl Fn(u32) -> bool) -> std::process::ExitStatus {
    use std::process::Stdio;
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let writer = child.stdin.take();
    while !is_waiting(child.id()) {
        assert!(child.try_wait().unwrap().is_none(), "it does not wait");
        std::thread::yield_now();
    }
    assert!(std::process::Command::new("kill").arg(child.id().to_string()).status().unwrap().success());
    let status = child.wait().unwrap();
    drop(writer);
    status
}

#[cfg(target_os = "linux")]
#[test]
fn a_run_that_waits_ends_when_it_is_told_and_its_memory_is_its_own() {
    let bench = Bench::new();
    let keys = testdata("keys");
    let (key, cert) = (keys.join("rsa.pem"), keys.join("rsa-certificate.pem"));
    let own = ["--key", key.to_str().unwrap(), "--cert", cert.to_str().unwrap()];
    // The handler of signals is set.
    let catches = |id: u32| {
        let status = fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
        let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:\t").map(str::to_owned));
        caught.and_then(|bits| u64::from_str_radix(&bits, 16).ok()).is_some_and(|bits| bits & (1 << 14) != 0)
    };
    let undumped = |id: u32| {
        let limits = fs::read_to_string(format!("/proc/{id}/limits")).unwrap_or_default();
        limits.lines().any(|line| line.starts_with("Max core file size") && line.split_whitespace().nth(4) == Some("0"))
    };
    for line in [&["seal", "-"][..], &["seal", "-", "--into", "x.asice"], &["seal", "--manifest", "-"]] {
        let status = ends_when_told(bench.command(&[line, &own].concat()), |id| catches(id) && undumped(id));
        assert_eq!(status.code(), Some(130), "{line:?}");
    }
    for line in [&["inspect", "-"][..], &["inspect", "--files-from", "-"]] {
        assert_eq!(ends_when_told(bench.command(line), catches).code(), Some(130), "{line:?}");
    }
    assert_eq!(bench.files(), ["a.pdf"]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_pipe_under_a_name_of_ours_is_not_waited_for() {
    let bench = Bench::new();
    let prepare = "prepare a.pdf --cert $KEYS/ec-certificate.pem --store work --json";
    let prepared = bench.run(prepare).ends(0).lines("prepare");
    bench.write("values", bench.sign(&prepared).as_bytes());
    let id = prepared[0]["id"].as_str().unwrap();
    for (name, code) in [("json", "store.malformed"), ("1.eseal", "store.malformed")] {
        let name = format!("work/{}/{id}.{name}", &id[..2]);
        let bytes = bench.read(&name);
        fs::remove_file(bench.path(&name)).unwrap();
        pipe(&bench, &name);
        let ended = bench.run("finalize --store work --values values --out out --json").ends(1);
        assert_eq!(ended.lines("finalize")[0]["error"]["code"], code);
        fs::remove_file(bench.path(&name)).unwrap();
        bench.write(&name, &bytes);
    }
    pipe(&bench, "ask/run.json");
    let line = "extend a.pdf --level b-t --ask ask --json";
    assert_ne!(bench.run(line).status, 0);
}
