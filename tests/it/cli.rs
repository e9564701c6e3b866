//! The command as a person or a script meets it: what is printed, where results go, how it ends.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "what is shared by tests is a test, too"
)]
#![expect(clippy::disallowed_methods, reason = "the shell of a test needs the path of its tools")]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use p256::pkcs8::DecodePrivateKey;
use serde_json::Value;

mod again;
mod alone;
mod bombs;
mod changed;
mod containers;
mod docs;
mod earlier;
mod extend;
mod failures;
mod fill;
mod finalize;
mod inplace;
mod inspect;
mod keys;
mod lvrtc;
mod mismatch;
mod nights;
mod options;
mod pkcs11;
mod prepare;
mod seal;
mod selection;
mod services;
mod shells;
mod statuses;
mod stops;
mod told;
#[cfg(unix)]
mod walk;
mod words;

/// A folder to work in, and the command in it.
pub(crate) struct Bench {
    dir: tempfile::TempDir,
    /// Where the account of the test keeps its state.
    state: tempfile::TempDir,
}

/// What a call of the command gave.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) status: i32,
    pub(crate) out: Vec<u8>,
    pub(crate) err: String,
}

impl Bench {
    /// A folder with the sample `a.pdf` in it, and the certificate and key of an RSA signer.
    pub(crate) fn new() -> Bench {
        let bench = Bench { dir: tempfile::tempdir().unwrap(), state: tempfile::tempdir().unwrap() };
        bench.sample("a.pdf", "minimal.pdf");
        bench
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    /// Puts a document of `testdata/pdf` under `name`.
    pub(crate) fn sample(&self, name: &str, sample: &str) {
        self.write(name, &fs::read(testdata("pdf").join(sample)).unwrap());
    }

    pub(crate) fn write(&self, name: &str, bytes: &[u8]) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
    }

    /// All files below the folder, hidden ones, too, but for stores.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut names = Vec::new();
        let mut folders = vec![self.dir.path().to_owned()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    names.push(path.strip_prefix(self.dir.path()).unwrap().to_str().unwrap().to_owned());
                }
            }
        }
        names.retain(|name| !name.starts_with("work/"));
        names.sort();
        names
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_eseal"));
        command.current_dir(self.dir.path()).args(arguments).env_remove("NO_COLOR").stdin(Stdio::null());
        command.env("XDG_STATE_HOME", self.state.path());
        command
    }

    /// Runs `eseal` with the words of `line`; `$KEYS` is the folder of the test keys.
    pub(crate) fn run(&self, line: &str) -> Ended {
        self.run_with(line, &[])
    }

    /// As [`Bench::run`], with standard input.
    pub(crate) fn run_with(&self, line: &str, input: &[u8]) -> Ended {
        use std::io::Write;
        let keys = testdata("keys");
        let line = line.replace("$KEYS", keys.to_str().unwrap());
        let words: Vec<&str> = line.split_whitespace().collect();
        let mut command = self.command(&words);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        // A command that reads nothing may have closed it.
        let _ = child.stdin.take().unwrap().write_all(input);
        Ended::from(child.wait_with_output().unwrap())
    }

    /// Makes the lines of values for the lines of `prepare`, as a key elsewhere would.
    pub(crate) fn sign(&self, prepared: &[Value]) -> String {
        let pem = fs::read_to_string(testdata("keys").join("ec.pem")).unwrap();
        sign(&p256::SecretKey::from_pkcs8_pem(&pem).unwrap(), prepared)
    }

    /// As [`Bench::sign`], with the key in a file of the folder.
    pub(crate) fn sign_with(&self, key: &str, prepared: &[Value]) -> String {
        sign(&p256::SecretKey::from_pkcs8_der(&self.read(key)).unwrap(), prepared)
    }
}

fn sign(key: &p256::SecretKey, prepared: &[Value]) -> String {
    use base64::prelude::{BASE64_STANDARD, Engine};
    use p256::ecdsa::signature::hazmat::PrehashSigner;
    let key = p256::ecdsa::SigningKey::from(key);
    let mut lines = String::new();
    for line in prepared {
        let digest = BASE64_STANDARD.decode(line["digest"].as_str().unwrap()).unwrap();
        let value: p256::ecdsa::Signature = key.sign_prehash(&digest).unwrap();
        let signature = BASE64_STANDARD.encode(value.to_der().as_bytes());
        lines.push_str(&serde_json::json!({"id": line["id"], "signature": signature}).to_string());
        lines.push('\n');
    }
    lines
}

impl From<std::process::Output> for Ended {
    fn from(output: std::process::Output) -> Ended {
        let err = String::from_utf8(output.stderr).unwrap();
        Ended { status: output.status.code().unwrap_or(-1), out: output.stdout, err }
    }
}

impl Ended {
    #[track_caller]
    pub(crate) fn ends(self, status: i32) -> Ended {
        assert_eq!(self.status, status, "{}{}", String::from_utf8_lossy(&self.out), self.err);
        self
    }

    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.out).unwrap()
    }

    /// The lines, each of them checked against its schema: that of failures, of what is left out, or `schema`.
    #[track_caller]
    pub(crate) fn lines(&self, schema: &str) -> Vec<Value> {
        let lines: Vec<Value> = self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for line in &lines {
            let name = match line {
                _ if line.get("error").is_some() => "failure",
                _ if line.get("skipped").is_some() => "skipped",
                _ => schema,
            };
            conforms(name, line);
        }
        lines
    }

    /// The lines, without a look at what kind they are.
    pub(crate) fn lines_of(&self, schema: &str) -> Vec<Value> {
        let lines: Vec<Value> = self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        lines.iter().for_each(|line| conforms(schema, line));
        lines
    }

    /// The lines without what differs from run to run.
    pub(crate) fn facts(&self) -> Vec<Value> {
        let mut lines: Vec<Value> = self.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for line in &mut lines {
            let line = line.as_object_mut().unwrap();
            assert!(line.remove("time").is_some() && line.remove("run").is_some(), "{line:?}");
        }
        lines
    }

    /// Codes of failures by input, `-` for what succeeded.
    #[track_caller]
    pub(crate) fn codes(&self, schema: &str) -> BTreeMap<String, String> {
        let code = |line: &Value| line["error"]["code"].as_str().unwrap_or("-").to_owned();
        self.lines(schema).iter().map(|line| (line["input"].as_str().unwrap().to_owned(), code(line))).collect()
    }
}

/// A folder of `testdata`.
pub(crate) fn testdata(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("testdata").join(name)
}

/// Makes sure that a line is as its schema says, and that the schema knows each of its keys.
#[track_caller]
pub(crate) fn conforms(schema: &str, line: &Value) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema").join(schema).with_extension("json");
    let text = fs::read_to_string(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
    let schema: Value = serde_json::from_str(&text).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    if let Err(error) = validator.validate(line) {
        panic!("{}: {error} at {} in {line}", path.display(), error.instance_path());
    }
    for key in line.as_object().unwrap().keys() {
        assert!(schema["properties"].get(key).is_some(), "{} does not know {key}", path.display());
    }
    let part = if line["format"] == "pdf" { &schema["then"] } else { &schema["else"] };
    for (name, known) in part["properties"].as_object().into_iter().flatten() {
        for key in line[name].as_array().into_iter().flatten().flat_map(|item| item.as_object().unwrap().keys()) {
            assert!(known["items"]["properties"].get(key).is_some(), "{} does not know {name}, {key}", path.display());
        }
    }
}
