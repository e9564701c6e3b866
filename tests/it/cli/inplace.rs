//! Documents that are changed themselves: by whom, when not, and what a crash leaves.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use super::services::Services;
use super::{Bench, Ended};

const KEY: &str = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem";
const FIXED: &str =
    "--time 2027-01-02T03:04:05Z --nonce 5555555555555555555555555555555555555555555555555555555555555555";
const UNDO: &str = ".a.pdf.eseal-undo";

/// What somebody who sends documents can send with them: an undo file that makes `a.pdf` another document.
fn supplied(bench: &Bench) -> (Vec<u8>, Vec<u8>) {
    use base64::prelude::{BASE64_STANDARD, Engine};
    let (own, theirs) = (bench.read("a.pdf"), fs::read(super::testdata("pdf").join("table-lf.pdf")).unwrap());
    let undo = format!("eseal-undo-2 {} 0\nold {}\n", theirs.len(), BASE64_STANDARD.encode(&theirs));
    let end = eseal::DigestAlgorithm::Sha256.digest(undo.as_bytes()).to_hex();
    bench.write(UNDO, format!("{undo}end {end}\n").as_bytes());
    (own, theirs)
}

/// A run that is killed by the system in the middle of `a.pdf`, after it has written its undo file.
fn crash(bench: &Bench) {
    let line =
        format!("seal a.pdf --in-place {KEY} {FIXED}").replace("$KEYS", super::testdata("keys").to_str().unwrap());
    // Blocks of 512 or 1,024 bytes: room for the undo file and half a signature.
    let shell = format!("ulimit -c 0; ulimit -f 4; exec \"$0\" {line}");
    let command = bench.command(&[]);
    let mut shell_command = Command::new("sh");
    shell_command.arg("-c").arg(shell).arg(command.get_program()).current_dir(command.get_current_dir().unwrap());
    shell_command.envs(command.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ended = Ended::from(shell_command.stdin(Stdio::null()).output().unwrap());
    assert_ne!(ended.status, 0, "{}", ended.err);
    assert!(bench.path(UNDO).exists(), "{}", ended.err);
}

#[track_caller]
fn code(ended: Ended) -> String {
    let lines = ended.ends(1).lines("finalize");
    lines[0]["error"]["code"].as_str().unwrap().to_owned()
}

fn sound_signatures(bench: &Bench, name: &str) -> usize {
    let lines = bench.run(&format!("inspect {name} --json")).ends(0).lines("inspect");
    let signatures = lines[0]["signatures"].as_array().unwrap().clone();
    let is_sound = |s: &&serde_json::Value| s["signature_verifies"] == true && s["digest_matches"] == true;
    let sound = signatures.iter().filter(is_sound).count();
    assert_eq!(sound, signatures.len(), "{}", lines[0]);
    sound
}

#[test]
fn an_undo_file_that_came_with_a_document_changes_nothing() {
    let bench = Bench::new();
    let (own, theirs) = supplied(&bench);
    let undo = bench.read(UNDO);
    let services = Services::start(&bench);
    let as_before = |ended: Ended| {
        assert!(ended.err.contains("an undo file waits"), "{}", ended.err);
        assert_eq!((bench.read("a.pdf"), bench.read(UNDO)), (own.clone(), undo.clone()));
    };
    let inspected = bench.run("inspect a.pdf --json").ends(0);
    let remarks = inspected.lines("inspect")[0]["remarks"].to_string();
    assert!(remarks.contains("an undo file waits"), "{remarks}");
    as_before(inspected);
    as_before(bench.run(&format!("seal a.pdf {KEY}")).ends(0));
    assert!(bench.read("a-signed.pdf").starts_with(&own));
    let prepared = bench.run("prepare a.pdf --cert $KEYS/ec-certificate.pem --store work --json").ends(0);
    let values = bench.sign(&prepared.lines("prepare"));
    as_before(prepared);
    let finalize =
        |options: &str| bench.run_with(&format!("finalize --store work --values - {options}"), values.as_bytes());
    as_before(finalize("--out out").ends(0));
    assert!(bench.read("out/a.pdf").starts_with(&own));
    // A document without a signature has nothing to be raised, whatever the undo file says.
    as_before(bench.run(&format!("extend a.pdf --level b-t {} --out up", services.options())));
    for line in [
        format!("seal a.pdf --in-place {KEY} --json"),
        format!("extend a.pdf --level b-t {} --in-place --json", services.options()),
        "restore a.pdf --json".into(),
    ] {
        assert_eq!(code(bench.run(&line)), "undo.foreign", "{line}");
    }
    assert_eq!(code(finalize("--in-place --json")), "undo.foreign");
    assert_eq!((bench.read("a.pdf"), bench.read(UNDO)), (own.clone(), undo));
    // Whoever wants it says so, and sees both digests.
    let hex = |bytes: &[u8]| eseal::DigestAlgorithm::Sha256.digest(bytes).to_hex();
    let refused = bench.run("restore a.pdf").ends(1).err;
    assert!(refused.contains(&hex(&own)) && refused.contains(&hex(&theirs)), "{refused}");
    let accepted = bench.run("restore --accept a.pdf --json").ends(0);
    assert!(accepted.err.contains(&hex(&own)) && accepted.err.contains(&hex(&theirs)), "{}", accepted.err);
    let line = &accepted.lines("restore")[0];
    assert_eq!((&line["own"], &line["changed"]), (&false.into(), &true.into()));
    assert_eq!((&line["found_sha256"], &line["sha256"]), (&hex(&own).into(), &hex(&theirs).into()));
    assert_eq!(bench.read("a.pdf"), theirs);
    assert!(!bench.path(UNDO).exists());
    let nothing = bench.run("restore a.pdf --json").ends(0).lines("restore");
    assert_eq!(nothing[0]["skipped"], "nothing to restore");
}

#[test]
fn an_undo_file_beside_a_container_to_be_filled_changes_nothing() {
    let bench = Bench::new();
    bench.write("hello.txt", b"hello");
    bench.run(&format!("seal hello.txt {KEY}")).ends(0);
    let before = bench.read("hello.txt.asice");
    bench.write(".hello.txt.asice.eseal-undo", b"eseal-undo-2 0 0\nold \n");
    let codes = bench.run("fill hello.txt.asice hello.txt --in-place --json").ends(1).codes("fill");
    assert_eq!(codes["hello.txt.asice"], "undo.foreign");
    assert_eq!(bench.read("hello.txt.asice"), before);
    let inspected = bench.run("inspect hello.txt.asice --json").ends(0).lines("inspect");
    assert!(inspected[0]["remarks"].to_string().contains("an undo file waits"));
}

#[test]
fn a_crashed_run_is_taken_back_by_the_next_that_changes_the_document() {
    let bench = Bench::new();
    let old = bench.read("a.pdf");
    bench.run(&format!("seal a.pdf --out ref {KEY} {FIXED}")).ends(0);
    crash(&bench);
    let half = bench.read("a.pdf");
    assert!(half.starts_with(&old) && half.len() > old.len());
    // Whoever only reads it changes nothing.
    let inspected = bench.run("inspect a.pdf");
    assert!(inspected.err.contains("an undo file waits"), "{}", inspected.err);
    assert_eq!(bench.read("a.pdf"), half);
    // Another account's key is another one.
    bench.write("other/.keep", b"");
    let other = bench.path("other").display().to_string();
    assert_eq!(code(bench.run(&format!("seal a.pdf --in-place {KEY} --state-dir {other} --json"))), "undo.foreign");
    assert_eq!(bench.read("a.pdf"), half);
    let ended = bench.run(&format!("seal a.pdf --in-place {KEY} {FIXED}")).ends(0);
    assert!(ended.err.contains("taken back"), "{}", ended.err);
    assert!(bench.read("a.pdf").starts_with(&old));
    assert_eq!(sound_signatures(&bench, "a.pdf"), 1);
    assert!(!bench.path(UNDO).exists());
}

#[test]
fn restore_puts_back_what_a_crashed_run_changed() {
    let bench = Bench::new();
    let old = bench.read("a.pdf");
    crash(&bench);
    // A copy of both is no document of ours, but may be taken by name.
    for name in ["a.pdf", UNDO] {
        bench.write(&format!("copy/{name}"), &bench.read(name));
    }
    assert_eq!(code(bench.run("restore copy/a.pdf --json")), "undo.foreign");
    bench.run("restore copy/a.pdf --accept").ends(0);
    assert_eq!(bench.read("copy/a.pdf"), old);
    let line = &bench.run("restore a.pdf --json").ends(0).lines("restore")[0];
    assert_eq!((&line["own"], &line["changed"], &line["bytes"]), (&true.into(), &true.into(), &old.len().into()));
    assert_eq!((bench.read("a.pdf"), bench.path(UNDO).exists()), (old, false));
}

#[cfg(unix)]
#[test]
fn an_undo_file_is_for_those_who_may_read_the_document() {
    use std::os::unix::fs::PermissionsExt;
    for mode in [0o600, 0o640] {
        let bench = Bench::new();
        fs::set_permissions(bench.path("a.pdf"), fs::Permissions::from_mode(mode)).unwrap();
        crash(&bench);
        assert_eq!(bench.path(UNDO).metadata().unwrap().permissions().mode() & 0o7777, mode);
    }
}

#[cfg(unix)]
#[test]
fn pipes_and_links_under_our_names_stop_nobody_for_ever() {
    let bench = Bench::new();
    let old = bench.read("a.pdf");
    let pipe = |name: &str| assert!(Command::new("mkfifo").arg(bench.path(name)).status().unwrap().success());
    pipe(UNDO);
    bench.run("inspect a.pdf").ends(0);
    bench.run(&format!("seal a.pdf {KEY} --out out")).ends(0);
    assert_eq!(code(bench.run(&format!("seal a.pdf --in-place {KEY} --json"))), "undo.foreign");
    assert_eq!(code(bench.run("restore a.pdf --accept --json")), "undo.foreign");
    fs::remove_file(bench.path(UNDO)).unwrap();
    // A link to an undo file, even to one of ours.
    crash(&bench);
    fs::rename(bench.path(UNDO), bench.path("elsewhere")).unwrap();
    std::os::unix::fs::symlink("elsewhere", bench.path(UNDO)).unwrap();
    assert_eq!(code(bench.run(&format!("seal a.pdf --in-place {KEY} --json"))), "undo.foreign");
    fs::remove_file(bench.path(UNDO)).unwrap();
    bench.write("a.pdf", &old);
    for name in ["..a.pdf.eseal-undo.eseal-tmp", "out/.b.pdf.eseal-tmp"] {
        pipe(name);
    }
    assert_eq!(code(bench.run(&format!("seal a.pdf --in-place {KEY} --json"))), "io.other");
    bench.sample("b.pdf", "minimal.pdf");
    assert_eq!(code(bench.run(&format!("seal b.pdf --out out {KEY} --json"))), "io.other");
    assert_eq!(bench.read("a.pdf"), old);
}

#[test]
fn without_a_place_for_the_key_nothing_is_changed_in_place() {
    let bench = Bench::new();
    let old = bench.read("a.pdf");
    let line = format!("seal a.pdf {KEY} --in-place").replace("$KEYS", super::testdata("keys").to_str().unwrap());
    let run = |more: &str, home: Option<&str>| {
        let line = format!("{line} {more}");
        let mut command = bench.command(&line.split_whitespace().collect::<Vec<_>>());
        command.env_remove("XDG_STATE_HOME").env_remove("HOME");
        home.into_iter().for_each(|home| _ = command.env("HOME", bench.path(home)));
        Ended::from(command.output().unwrap())
    };
    let refused = run("", None).ends(2);
    assert!(refused.err.contains("--state-dir"), "{}", refused.err);
    // Where it can't be made: a file stands there.
    let refused = run("--state-dir a.pdf", None).ends(2);
    assert!(refused.err.contains("--state-dir"), "{}", refused.err);
    bench.write("bad/undo.key", b"too short");
    let refused = run("--state-dir bad", None).ends(2);
    assert!(refused.err.contains("--state-dir"), "{}", refused.err);
    assert_eq!(bench.read("a.pdf"), old);
    run("--state-dir state", None).ends(0);
    run("", Some("home")).ends(0);
    assert_eq!(sound_signatures(&bench, "a.pdf"), 2);
    for key in ["state/undo.key", "home/.local/state/eseal/undo.key"] {
        assert_eq!(bench.read(key).len(), 32);
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(bench.path(key).metadata().unwrap().permissions().mode() & 0o7777, 0o600);
        }
    }
}

#[cfg(unix)]
#[test]
fn what_nobody_may_write_to_is_not_changed() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    let (old, _) = supplied(&bench);
    fs::set_permissions(bench.path("a.pdf"), fs::Permissions::from_mode(0o444)).unwrap();
    bench.run("inspect a.pdf").ends(0);
    assert_eq!(code(bench.run(&format!("seal a.pdf --in-place {KEY} --json"))), "io.permission");
    assert_eq!(code(bench.run("restore a.pdf --accept --json")), "io.permission");
    assert_eq!(bench.read("a.pdf"), old);
}

/// Changes a document while its time-stamp is waited for, in one of three ways, and says what it is now.
fn change(path: &Path, way: usize) -> Vec<u8> {
    let mut bytes = fs::read(path).unwrap();
    let at = bytes.len() / 2;
    bytes[at] ^= 1;
    match way {
        0 => fs::write(path, &bytes).unwrap(),
        // As quick as it was written, and as old as before.
        1 => {
            let modified = path.metadata().unwrap().modified().unwrap();
            let file = fs::File::options().write(true).open(path).unwrap();
            std::io::Write::write_all(&mut &file, &bytes).unwrap();
            file.set_modified(modified).unwrap();
        }
        // The same bytes in another file.
        _ => {
            bytes[at] ^= 1;
            let beside = path.with_extension("new");
            fs::write(&beside, &bytes).unwrap();
            fs::rename(beside, path).unwrap();
        }
    }
    bytes
}

#[test]
fn a_document_that_changes_meanwhile_is_not_written_to() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    let key = "--key key.der --cert cert.pem";
    bench.write("big.bin", &vec![7; 2 << 20]);
    bench.run(&format!("seal big.bin --compress store {key}")).ends(0);
    let names = ["a.pdf", "big.bin.asice"];
    let original = names.map(|name| bench.read(name));
    for way in 0..3 {
        for (name, original) in names.iter().zip(&original) {
            bench.write(name, original);
            let (path, seen) = (bench.path(name), std::sync::Arc::new(std::sync::Mutex::new(Vec::new())));
            let changed = std::sync::Arc::clone(&seen);
            services.before_stamp(move || *changed.lock().unwrap() = change(&path, way));
            let line = format!("seal {name} --in-place --level b-t {key} --tsa {} --json", services.tsa());
            assert_eq!(code(bench.run(&line)), "state.other-document", "{name} {way}");
            assert!(bench.read(name) == *seen.lock().unwrap(), "{name} {way}");
        }
    }
    assert_eq!(bench.files().iter().filter(|name| name.contains("eseal-")).count(), 0, "{:?}", bench.files());
    // And with nobody in between both are signed.
    for (name, original) in names.iter().zip(&original) {
        bench.write(name, original);
        bench.run(&format!("seal {name} --in-place --level b-t {key} --tsa {}", services.tsa())).ends(0);
    }
    assert_eq!((sound_signatures(&bench, "a.pdf"), sound_signatures(&bench, "big.bin.asice")), (1, 2));
}

#[test]
fn two_names_of_one_document_give_both_signatures() {
    let bench = Bench::new();
    fs::create_dir(bench.path("in")).unwrap();
    for round in 0..12 {
        bench.sample("in/a.pdf", "minimal.pdf");
        fs::hard_link(bench.path("in/a.pdf"), bench.path("in/b.pdf")).unwrap();
        let jobs = round % 4 + 1;
        let lines = bench.run(&format!("seal in --in-place {KEY} --jobs {jobs} --json")).ends(0).lines("finalize");
        assert_eq!((lines.len(), sound_signatures(&bench, "in/b.pdf")), (2, 2), "{round}");
        fs::remove_file(bench.path("in/b.pdf")).unwrap();
    }
}

#[test]
fn two_names_and_two_spellings_of_one_document_give_all_signatures_with_time_stamps() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    let options = format!("--key key.der --cert cert.pem --level b-t --tsa {} --json", services.tsa());
    fs::hard_link(bench.path("a.pdf"), bench.path("b.pdf")).unwrap();
    bench.sample("c.pdf", "minimal.pdf");
    let lines = bench.run(&format!("seal a.pdf ./a.pdf c.pdf b.pdf --in-place {options}")).ends(0).lines("finalize");
    let names: Vec<_> = lines.iter().map(|line| line["input"].as_str().unwrap()).collect();
    assert_eq!(names, ["a.pdf", "./a.pdf", "c.pdf", "b.pdf"]);
    assert_eq!((sound_signatures(&bench, "a.pdf"), sound_signatures(&bench, "c.pdf")), (3, 1));
    // Raised in place, too: the second finds what the first has done.
    let up = format!("extend a.pdf b.pdf --level b-lta {} --in-place --json", services.options());
    bench.run(&up).ends(0).lines("extend");
    assert!(sound_signatures(&bench, "b.pdf") >= 3);
}

#[test]
fn two_runs_over_one_document_give_both_signatures() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    fs::hard_link(bench.path("a.pdf"), bench.path("b.pdf")).unwrap();
    let line = format!("seal b.pdf --in-place {KEY}").replace("$KEYS", super::testdata("keys").to_str().unwrap());
    let mut second = bench.command(&line.split_whitespace().collect::<Vec<_>>());
    second.stdout(Stdio::null()).stderr(Stdio::null());
    let (tell, told) = std::sync::mpsc::channel();
    // The second begins while the first waits for its time-stamp.
    services.before_stamp(move || tell.send(second.spawn().unwrap()).unwrap());
    let line = format!("seal a.pdf --in-place --level b-t --key key.der --cert cert.pem --tsa {}", services.tsa());
    bench.run(&line).ends(0);
    assert!(told.recv().unwrap().wait().unwrap().success());
    assert_eq!(sound_signatures(&bench, "a.pdf"), 2);
}

#[test]
fn a_value_for_a_document_that_changed_since_is_not_written() {
    let bench = Bench::new();
    let prepared = bench.run("prepare a.pdf --cert $KEYS/ec-certificate.pem --store work --json").ends(0);
    let values = bench.sign(&prepared.lines("prepare"));
    let changed = change(&bench.path("a.pdf"), 1);
    let ended = bench.run_with("finalize --store work --values - --in-place --json", values.as_bytes());
    assert_eq!(code(ended), "state.other-document");
    assert_eq!((bench.read("a.pdf"), bench.files()), (changed, vec!["a.pdf".to_owned()]));
}
