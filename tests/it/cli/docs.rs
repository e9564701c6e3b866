//! Every command that the README and the pages of `docs` print runs as it is printed.
//!
//! Each block of shell runs in a folder of its own, in which what the page speaks of is at hand. Addresses and paths
//! that no test can have are replaced by those of this machine ([`STAND_INS`]); what can't run at all stands in
//! [`NOT_RUN`] with the reason. Both lists are looked at from both sides.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{SystemTime, UNIX_EPOCH};

use super::services::Services;
use super::{Bench, pkcs11, testdata};

/// Commands that are not run here, and why.
const NOT_RUN: &[(&str, &str)] = &[
    (
        "cargo run --release -- demo",
        "builds the release; the demo itself runs in `.ci/run` and in the tests of the command",
    ),
    ("cargo test", "is what runs this"),
];

/// What a page says, and what stands in its place here.
const STAND_INS: &[(&str, &str)] = &[
    // The tests' authority on the loopback.
    ("https://tsa.example/", "$TSA"),
    ("https://tsa.example", "$TSA"),
    ("/var/", "$ROOT/var/"),
    ("/srv/", "$ROOT/srv/"),
    ("/etc/", "$ROOT/etc/"),
    ("/run/", "$ROOT/run/"),
    ("/usr/lib/softhsm/libsofthsm2.so", "$MODULE"),
    ("softhsm2.so", "$MODULE"),
    // A password that a person types.
    ("-topk8 -v2", "-topk8 -passout file:seal.password -v2"),
    // What another machine does.
    (
        "# Elsewhere: the signing service signs",
        "value=$(jq -r .data.sessionDigests[0].digest digests.json | base64 -d | \
         openssl pkeyutl -sign -inkey signer.key -pkeyopt digest:sha256 | base64 -w0) #",
    ),
];

/// A block of shell, and where it stands.
struct Block {
    place: String,
    text: String,
}

fn blocks() -> Vec<Block> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages: Vec<PathBuf> = fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    pages.retain(|page| page.extension().is_some_and(|ending| ending == "md"));
    pages.push(root.join("README.md"));
    pages.sort();
    let mut blocks = Vec::new();
    for page in pages {
        let mut open: Option<Block> = None;
        for (n, line) in fs::read_to_string(&page).unwrap().lines().enumerate() {
            match (&mut open, line.strip_prefix("```")) {
                (None, Some("sh")) => {
                    let place = format!("{}:{}", page.strip_prefix(root).unwrap().display(), n + 2);
                    open = Some(Block { place, text: String::new() });
                }
                // Nothing hides behind another name of a shell.
                (None, Some(kind)) => {
                    assert!(["", "toml", "rust", "rust,no_run", "json", "text"].contains(&kind), "{kind}")
                }
                (Some(_), Some(_)) => blocks.extend(open.take()),
                (Some(block), None) => block.text.push_str(&format!("{line}\n")),
                (None, None) => {}
            }
        }
        assert!(open.is_none(), "{}: a block without an end", page.display());
    }
    blocks
}

/// The folder that a page speaks of.
fn furnished() -> (Bench, Services) {
    let bench = Bench::new();
    let services = Services::start(&bench);
    for name in
        ["contract.pdf", "plans.pdf", "invoices/1.pdf", "invoices/2026/2.pdf", "var/spool/invoices/1.pdf", "in/1.pdf"]
    {
        bench.sample(name, "demo/contract.pdf");
    }
    for (name, text) in [("report.docx", "a report"), ("contract/a.txt", "hello"), ("contract/b/c.txt", "more")] {
        bench.write(name, text.as_bytes());
    }
    fs::rename(bench.path("root.pem"), bench.path("roots.pem")).unwrap();
    fs::rename(bench.path("cert.pem"), bench.path("signer.pem")).unwrap();
    for folder in ["var/log/eseal", "etc/eseal", "run/eseal", "srv"] {
        fs::create_dir_all(bench.path(folder)).unwrap();
    }
    bench.write("seal.password", b"correct horse\n");
    bench.write("other.password", b"test\n");
    fs::copy(testdata("keys").join("rsa.p12"), bench.path("other.p12")).unwrap();
    let digests = ["a.txt", "b/c.txt"].map(|name| {
        let digest = eseal::DigestAlgorithm::Sha256.digest(&bench.read(&format!("contract/{name}")));
        format!("{{\"name\":\"{name}\",\"digest\":\"{}\",\"digest_algorithm\":\"SHA256\"}}\n", digest.to_hex())
    });
    bench.write("digests.jsonl", digests.concat().as_bytes());
    let root = bench.path("").display().to_string();
    let settings = format!(
        "key = '{root}/seal.p12'\npassword-file = '{root}/seal.password'\ntrust = ['{root}/roots.pem']\n\
         [[tsa]]\nurl = '{}'\n",
        services.tsa()
    );
    bench.write("etc/eseal/eseal.toml", settings.as_bytes());
    let script = "openssl pkey -in key.der -inform DER -out signer.key && \
                  openssl pkcs12 -export -inkey signer.key -in signer.pem -passout file:seal.password -out seal.p12";
    shell(&bench, script, &[]);
    for folder in ["archive", "srv/archive"] {
        let line = format!("seal contract.pdf --key key.der --cert signer.pem --out {folder}");
        bench.run(&line).ends(0);
    }
    (bench, services)
}

fn shell(bench: &Bench, script: &str, variables: &[(&str, &str)]) {
    let binary = Path::new(env!("CARGO_BIN_EXE_eseal")).parent().unwrap();
    let path = format!("{}:{}", binary.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("bash");
    command.args(["-euo", "pipefail", "-c", script]).current_dir(bench.path("")).env("PATH", path);
    let done = command.envs(variables.iter().copied()).stdin(std::process::Stdio::null()).output().unwrap();
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{script}\n{}{said}", String::from_utf8_lossy(&done.stdout));
}

/// The script of a block: stand-ins in their places, what is not run left out, and the status that a comment promises.
fn script(text: &str, used: &mut Vec<usize>, not_run: &mut Vec<usize>) -> String {
    let mut script = String::new();
    for line in text.lines() {
        if let Some(n) = NOT_RUN.iter().position(|(command, _)| line.trim_start().starts_with(command)) {
            not_run.push(n);
            continue;
        }
        let mut line = line.to_owned();
        for (n, (page, here)) in STAND_INS.iter().enumerate() {
            // What was put in is not looked at again.
            if line.contains(page) && !line.contains(here) && !(*page == "softhsm2.so" && line.contains("$MODULE")) {
                line = line.replace(page, here);
                used.push(n);
            }
        }
        let (command, comment) = line.split_once(" #").unwrap_or((&line, ""));
        let command = match comment.split_once("exit status ") {
            Some((_, status)) => {
                let status: String = status.chars().take_while(char::is_ascii_digit).collect();
                let until = if comment.contains("until") { "0|" } else { "" };
                format!(
                    "{{ {command}; }} && status=0 || status=$?; case $status in {until}{status}) ;; *) exit 99;; esac"
                )
            }
            None => command.to_owned(),
        };
        script.push_str(&format!("{command}\n"));
    }
    script
}

#[test]
fn every_command_of_the_pages_runs_as_it_is_printed() {
    for (tool, flag) in [("bash", "--version"), ("jq", "--version"), ("openssl", "version"), ("base64", "--version")] {
        if Command::new(tool).arg(flag).output().is_err() {
            eprintln!("skipped: {tool} is needed");
            return;
        }
    }
    let (mut used, mut not_run) = (Vec::new(), Vec::new());
    let blocks = blocks();
    assert!(blocks.len() >= 14, "{}", blocks.len());
    for Block { place, text } in blocks {
        let mut script = script(&text, &mut used, &mut not_run);
        let (bench, services) = furnished();
        let mut variables = vec![("TSA", services.tsa()), ("ROOT", bench.path("").display().to_string())];
        if script.contains("$MODULE") {
            match pkcs11::house(&bench, "seal") {
                Some((module, conf)) => variables.extend([("MODULE", module), ("SOFTHSM2_CONF", conf)]),
                None => {
                    eprintln!("{place}: the token is left out: there is no SoftHSM or no OpenSC here");
                    script = script
                        .replace("\\\n", " ")
                        .lines()
                        .filter(|line| !line.contains("$MODULE"))
                        .collect::<Vec<_>>()
                        .join("\n");
                }
            }
        }
        // Noon, so that `--until 05:30` is hours away.
        let seconds = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        let hour = i64::try_from(seconds / 3_600 % 24).unwrap();
        variables.push(("TZ", format!("NOON{}", hour - 12)));
        let variables: Vec<(&str, &str)> = variables.iter().map(|(name, value)| (*name, value.as_str())).collect();
        eprintln!("{place}");
        shell(&bench, &script, &variables);
    }
    for (n, (page, _)) in STAND_INS.iter().enumerate() {
        assert!(used.contains(&n), "no page says {page:?} any more");
    }
    for (n, (command, why)) in NOT_RUN.iter().enumerate() {
        assert!(not_run.contains(&n) && !why.is_empty(), "no page says {command:?} any more");
    }
}
