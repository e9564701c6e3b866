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
