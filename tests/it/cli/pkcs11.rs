//! Keys on a token: SoftHSM's, where it is installed (Debian: softhsm2, opensc). Where it is not, the tests say so.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::{Bench, Ended, testdata};

const MODULES: [&str; 4] = [
    "/usr/lib/softhsm/libsofthsm2.so",
    "/usr/lib/x86_64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib/aarch64-linux-gnu/softhsm/libsofthsm2.so",
    "/usr/lib64/pkcs11/libsofthsm2.so",
];

/// A token `house` for the files of `bench`: its key `label` is `signer.key` with the certificate `signer.pem`, its PIN
/// stands in `pin` and `run/eseal/pin`. The module, and the settings of SoftHSM; `None` where a tool is missing.
pub(crate) fn house(bench: &Bench, label: &str) -> Option<(String, String)> {
    let module = MODULES.into_iter().find(|module| Path::new(module).exists())?;
    Command::new("pkcs11-tool").arg("--version").output().ok()?;
    let (place, conf) = (bench.path("tokens"), bench.path("softhsm.conf"));
    fs::create_dir_all(&place).unwrap();
    fs::write(&conf, format!("directories.tokendir = {}\nobjectstore.backend = file\n", place.display())).unwrap();
    let tool = |name: &str, line: &str| {
        let mut command = Command::new(name);
        command.args(line.split_whitespace()).args(["--pin", "8842"]).current_dir(bench.path(""));
        let done = command.env("SOFTHSM2_CONF", &conf).output().unwrap();
        assert!(done.status.success(), "{name}: {done:?}");
    };
    tool("softhsm2-util", "--init-token --free --label house --so-pin 12345678");
    tool("softhsm2-util", &format!("--import signer.key --token house --label {label} --id 01"));
    bench.write("signer.der", eseal::Certificate::parse(&bench.read("signer.pem")).unwrap().as_der());
    let write = "--token-label house --login --type cert --id 01 --write-object signer.der";
    tool("pkcs11-tool", &format!("--module {module} --label {label} {write}"));
    for pin in ["pin", "run/eseal/pin"] {
        bench.write(pin, b"8842\n");
    }
    Some((module.to_owned(), conf.display().to_string()))
}

/// A folder to work in, with a token of its own: label `house`, PIN `canary-8842`.
struct Token {
    bench: Bench,
    module: &'static str,
}

impl Token {
    /// `None` where there is no SoftHSM.
    fn new(keys: &[&str]) -> Option<Token> {
        let Some(module) = MODULES.into_iter().find(|module| Path::new(module).exists()) else {
            eprintln!("skipped: there is no SoftHSM here");
            return None;
        };
        let token = Token { bench: Bench::new(), module };
        let place = token.bench.path("work/tokens");
        fs::create_dir_all(&place).unwrap();
        token.bench.write(
            "work/softhsm.conf",
            format!("directories.tokendir = {}\nobjectstore.backend = file\nlog.level = ERROR\n", place.display())
                .as_bytes(),
        );
        token.bench.write("work/pin", b"canary-8842\n");
        token.softhsm(&["--init-token", "--free", "--label", "house", "--so-pin", "12345678"]);
        for (n, key) in keys.iter().enumerate() {
            token.import("house", key, &format!("0{}", n + 1));
        }
        Some(token)
    }

    fn softhsm(&self, arguments: &[&str]) {
        self.tool("softhsm2-util", &[arguments, &["--pin", "canary-8842"]].concat());
    }

    fn import(&self, label: &str, key: &str, id: &str) {
        let file = testdata("keys").join(format!("{key}.pem"));
        self.softhsm(&["--import", file.to_str().unwrap(), "--token", label, "--label", key, "--id", id]);
    }

    fn tool(&self, name: &str, arguments: &[&str]) {
        let conf = self.bench.path("work/softhsm.conf");
        let done = Command::new(name).args(arguments).env("SOFTHSM2_CONF", conf).output().unwrap();
        assert!(done.status.success(), "{name}: {done:?}");
    }

    fn command(&self, line: &str) -> Command {
        let line = line.replace("$KEYS", testdata("keys").to_str().unwrap()).replace("$MODULE", self.module);
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut command = self.bench.command(&words);
        command.env("SOFTHSM2_CONF", self.bench.path("work/softhsm.conf"));
        command
    }

    fn run(&self, line: &str) -> Ended {
        let ended = Ended::from(self.command(line).output().unwrap());
        assert!(!format!("{ended:?}").contains("canary"), "the PIN is seen nowhere: {ended:?}");
        ended
    }

    /// Seals with the key `uri` names.
    fn seal(&self, uri: &str, rest: &str) -> Ended {
        self.run(&format!("seal --key pkcs11:{uri} --pkcs11-module $MODULE --pin-file work/pin {rest}"))
    }
}

#[track_caller]
fn is_sound(bench: &Bench, name: &str) {
    let found = bench.run(&format!("inspect {name} --json")).ends(0).lines("inspect").remove(0);
    let last = found["signatures"].as_array().unwrap().last().unwrap();
    assert!(last["signature_verifies"] == true && last["digest_matches"] == true, "{found}");
}

#[test]
fn each_kind_of_key_seals_in_each_way_it_can() {
    let keys = ["rsa", "ec", "ec384", "ec521", "ed25519"];
    let Some(token) = Token::new(&keys) else { return };
    for key in keys {
        for (n, more) in ["", "--digest sha512", "--pss", "--pss --digest sha384"].iter().enumerate() {
            if n > 1 && key != "rsa" || n == 1 && key == "ed25519" {
                continue;
            }
            let uri = format!("token=house;object={key}");
            let out = format!("{key}-{n}");
            token.seal(&uri, &format!("a.pdf --cert $KEYS/{key}-certificate.pem --out {out} {more}")).ends(0);
            is_sound(&token.bench, &format!("{out}/a.pdf"));
        }
        token.bench.write("hello.txt", b"hello");
        let line = format!("hello.txt --cert $KEYS/{key}-certificate.pem --out {key}");
        token.seal(&format!("object={key}"), &line).ends(0);
        is_sound(&token.bench, &format!("{key}/hello.txt.asice"));
    }
}

#[test]
fn certificates_on_the_token_are_found() {
    let Some(token) = Token::new(&["rsa", "ec"]) else { return };
    let der = |name: &str| -> PathBuf {
        let pem = fs::read(testdata("keys").join(name)).unwrap();
        let path = token.bench.path(&format!("work/{name}.der"));
        fs::write(&path, eseal::Certificate::parse(&pem).unwrap().as_der()).unwrap();
        path
    };
    let certificates = [("rsa-certificate.pem", "01"), ("ec-certificate.pem", "02"), ("ca.pem", "07")];
    for (name, id) in certificates {
        let file = der(name);
        let file = file.to_str().unwrap();
        let write = ["--module", token.module, "--login", "--pin", "canary-8842", "--type", "cert", "--id", id];
        token.tool("pkcs11-tool", &[&write[..], &["--token-label", "house", "--write-object", file]].concat());
    }
    for key in ["rsa", "ec"] {
        let line = format!("a.pdf --json --out {key}");
        let ended = token.seal(&format!("token=house;object={key};type=private"), &line).ends(0);
        let subject = ended.lines("finalize")[0]["signer"]["subject"].clone();
        assert_eq!(subject, format!("CN=Test key {key}"));
        is_sound(&token.bench, &format!("{key}/a.pdf"));
    }
    // By id, by alias, and by a certificate's own address.
    for (uri, more) in [("id=%02", ""), ("", "--key-alias 02"), ("", "--key-alias ec"), ("object=ec;type=cert", "")] {
        token.seal(uri, &format!("a.pdf --out out --overwrite {more}")).ends(0);
    }
}

/// Writes a certificate onto the token.
fn keep(token: &Token, pem: &Path, id: &str) {
    let path = token.bench.path("work/certificate.der");
    fs::write(&path, eseal::Certificate::parse(&fs::read(pem).unwrap()).unwrap().as_der()).unwrap();
    let write = ["--module", token.module, "--login", "--pin", "canary-8842", "--type", "cert", "--id", id];
    let object = ["--token-label", "house", "--write-object", path.to_str().unwrap()];
    token.tool("pkcs11-tool", &[&write[..], &object].concat());
}

#[test]
fn after_a_renewal_the_token_signs_with_the_valid_certificate() {
    let Some(token) = Token::new(&["ec"]) else { return };
    let renewed = testdata("keys/renewed");
    for name in ["old", "new", "next", "older"] {
        keep(&token, &renewed.join(format!("{name}.pem")), "01");
    }
    let signer = |more: &str| {
        let ended = token.seal("token=house;object=ec", &format!("a.pdf --json --out out --overwrite {more}")).ends(0);
        ended.lines("finalize")[0]["signer"]["subject"].as_str().unwrap().to_owned()
    };
    assert_eq!(signer(""), "CN=Test key new");
    let nonce = "00".repeat(32);
    assert_eq!(signer(&format!("--time 2020-06-01T00:00:00Z --nonce {nonce}")), "CN=Test key old");
    assert_eq!(signer(&format!("--cert {}/newer.pem", renewed.display())), "CN=Test key newer");
    let old = format!("a.pdf --out never --cert {}/old.pem", renewed.display());
    assert!(token.seal("object=ec", &old).ends(3).err.contains("certificate.expired"));
}

#[test]
fn keys_of_one_label_are_told_apart_by_their_ids() {
    let Some(token) = Token::new(&["ec"]) else { return };
    let file = testdata("keys").join("ec384.pem");
    token.softhsm(&["--import", file.to_str().unwrap(), "--token", "house", "--label", "ec", "--id", "0a"]);
    let cert = "a.pdf --cert $KEYS/ec-certificate.pem --out out --overwrite";
    let ended = token.seal("object=ec", cert).ends(3);
    for words in ["key.several", "ec (id 01)", "ec (id 0a)"] {
        assert!(ended.err.contains(words), "{}", ended.err);
    }
    token.seal("object=ec", &format!("{cert} --key-alias 01")).ends(0);
    token.seal("object=ec;id=%01", cert).ends(0);
    token.seal("object=ec", "a.pdf --cert $KEYS/ec384-certificate.pem --out out --overwrite --key-alias 0A").ends(0);
}

#[test]
fn what_is_not_told_apart_is_named() {
    let Some(token) = Token::new(&["ec", "ec384"]) else { return };
    token.softhsm(&["--init-token", "--free", "--label", "second", "--so-pin", "12345678"]);
    let cert = "a.pdf --cert $KEYS/ec-certificate.pem --out out --overwrite";
    for (uri, status, words) in [
        ("token=house", 3, vec!["key.several", "ec", "ec384"]),
        ("", 3, vec!["key.token-several", "house", "second"]),
        ("token=none", 3, vec!["key.token]", "house", "second"]),
        ("token=house;object=none", 3, vec!["key.none"]),
        ("token=house;object=ec384", 3, vec!["key.certificate"]),
        ("token=house;object=ec;colour=red", 2, vec!["key.uri", "offset 29"]),
        ("token=house;object=ec?pin-value=1", 2, vec!["key.uri-pin"]),
        ("token=house;object=ec", 0, vec![]),
    ] {
        let ended = token.seal(uri, cert).ends(status);
        assert!(words.iter().all(|word| ended.err.contains(word)), "{uri}: {}", ended.err);
    }
    assert!(token.run(&format!("seal --key pkcs11:object=ec {cert}")).ends(2).err.contains("--pkcs11-module"));
    let ended = token.run(&format!("seal --key pkcs11:token=house;object=ec --pkcs11-module $MODULE {cert}")).ends(2);
    assert!(ended.err.contains("--pin-file"), "{}", ended.err);
    let ended = token.run(&format!("seal --key pkcs11:object=ec --pkcs11-module a.pdf {cert}")).ends(3);
    assert!(ended.err.contains("key.module"), "{}", ended.err);
    // Module and PIN as the URI names them.
    let pin = token.bench.path("work/pin");
    let uri = format!("token=house;object=ec?module-path={}&pin-source=file:{}", token.module, pin.display());
    token.run(&format!("seal --key pkcs11:{uri} {cert}")).ends(0);
}

#[test]
fn a_wrong_pin_is_tried_once_a_run() {
    let Some(token) = Token::new(&["ec"]) else { return };
    token.bench.write("work/pin", b"wrong-pin\n");
    for n in 0..20 {
        token.bench.sample(&format!("in/{n}.pdf"), "minimal.pdf");
    }
    let line = "in --cert $KEYS/ec-certificate.pem --out out --jobs 4";
    let ended = token.seal("token=house", line).ends(3);
    assert_eq!(ended.err.matches("key.pin]").count(), 1, "{}", ended.err);
    assert!(ended.err.contains("CKR_PIN_INCORRECT"), "{}", ended.err);
    assert!(!token.bench.files().iter().any(|file| file.starts_with("out/")), "nothing was begun");
    token.bench.write("work/pin", b"canary-8842");
    token.seal("token=house", line).ends(0);
}

#[test]
fn many_threads_share_few_sessions() {
    let Some(token) = Token::new(&["rsa"]) else { return };
    for n in 0..40 {
        token.bench.sample(&format!("in/{n}.pdf"), "minimal.pdf");
    }
    for sessions in [1, 3, 8] {
        let line = format!(
            "in --cert $KEYS/rsa-certificate.pem --out out{sessions} --jobs 8 --key-sessions {sessions} --verbose"
        );
        let ended = token.seal("object=rsa", &line).ends(0);
        assert!(ended.err.contains(&format!("{sessions} sessions")), "{}", ended.err);
        for n in 0..40 {
            is_sound(&token.bench, &format!("out{sessions}/{n}.pdf"));
        }
    }
}

#[test]
fn a_token_that_is_removed_stops_the_run() {
    let Some(token) = Token::new(&["ec"]) else { return };
    for n in 0..3 {
        token.bench.sample(&format!("{n}.pdf"), "minimal.pdf");
    }
    let line = "seal --key pkcs11:token=house --pkcs11-module $MODULE --pin-file work/pin --files-from - --json \
                --cert $KEYS/ec-certificate.pem --out out --jobs 1";
    let mut child = token.command(line).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let (mut names, mut lines) = (child.stdin.take().unwrap(), BufReader::new(child.stdout.take().unwrap()));
    writeln!(names, "0.pdf").unwrap();
    let mut first = String::new();
    lines.read_line(&mut first).unwrap();
    assert!(first.contains("out/0.pdf"), "{first}");
    fs::remove_dir_all(token.bench.path("work/tokens")).unwrap();
    writeln!(names, "1.pdf\n2.pdf").unwrap();
    drop(names);
    // Whoever stops listening now would be another reason to end.
    let mut rest = String::new();
    lines.read_to_string(&mut rest).unwrap();
    let second: serde_json::Value = serde_json::from_str(rest.lines().next().unwrap()).unwrap();
    assert_eq!((&second["error"]["code"], &second["error"]["scope"]), (&"key.gone".into(), &"run".into()), "{second}");
    assert_eq!(child.wait().unwrap().code(), Some(3));
    assert_eq!(token.bench.files().iter().filter(|file| file.ends_with("/0.pdf")).count(), 1);
    assert!(!token.bench.files().iter().any(|file| file == "out/1.pdf" || file == "out/2.pdf"));
}
