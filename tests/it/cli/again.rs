//! `--resume`: what changed since, what is gone, and how a document is known again.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use super::{Bench, Ended};

const KEY: &str = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem";

impl Ended {
    /// What became of each input: a code, why it was left out, or `done`.
    #[track_caller]
    fn fates(&self, schema: &str) -> Vec<String> {
        let fate = |line: serde_json::Value| {
            let why = line["error"]["code"].as_str().or(line["skipped"].as_str());
            why.unwrap_or("done").to_owned()
        };
        self.lines(schema).into_iter().map(fate).collect()
    }
}

/// Two documents in a folder, sealed into `out`.
fn sealed() -> Bench {
    let bench = Bench::new();
    bench.sample("in/a.pdf", "minimal.pdf");
    bench.sample("in/b.pdf", "xref-stream.pdf");
    bench.run(&format!("seal in --out out {KEY}")).ends(0);
    bench
}

fn resume(bench: &Bench, options: &str) -> Ended {
    bench.run(&format!("seal in --out out --resume {KEY} --json {options}"))
}

/// A small PDF that `n` makes another one, of the same length.
fn variant(bench: &Bench, n: u8) -> Vec<u8> {
    // A digit of its version.
    let mut bytes = bench.read("a.pdf");
    bytes[7] = b'0' + n;
    bytes
}

#[test]
fn a_corrected_document_of_the_same_name_is_told_and_done_anew_when_asked() {
    let bench = sealed();
    let before = bench.read("out/a.pdf");
    bench.sample("in/a.pdf", "xref-stream.pdf");
    let ended = resume(&bench, "").ends(1);
    assert_eq!(ended.fates("finalize"), ["resume.changed", "done before"]);
    assert_eq!(bench.read("out/a.pdf"), before);
    // It stays a failure until somebody decides.
    assert_eq!(resume(&bench, "--redo-missing").ends(1).fates("finalize"), ["resume.changed", "done before"]);
    assert_eq!(resume(&bench, "--overwrite").ends(0).fates("finalize"), ["done", "done before"]);
    assert!(bench.read("out/a.pdf").starts_with(&bench.read("in/a.pdf")));
    assert_eq!(resume(&bench, "--overwrite").ends(0).fates("finalize"), ["done before", "done before"]);
}

#[test]
fn a_result_that_is_gone_is_named_and_counted_and_done_anew_when_asked() {
    let bench = sealed();
    fs::remove_file(bench.path("out/a.pdf")).unwrap();
    let ended = resume(&bench, "--summary sum").ends(0);
    assert_eq!(ended.fates("finalize"), ["result gone", "done before"]);
    assert_eq!(ended.lines("finalize")[0]["output"], "out/a.pdf");
    assert!(ended.err.contains("1 results") && ended.err.contains("--redo-missing"), "{}", ended.err);
    let summary: serde_json::Value = serde_json::from_slice(&bench.read("sum")).unwrap();
    assert_eq!((&summary["gone"], &summary["skipped"]), (&1.into(), &2.into()));
    assert!(!bench.path("out/a.pdf").exists());
    let text = bench.run(&format!("seal in --out out --resume {KEY}")).ends(0);
    assert!(text.text().contains("in/a.pdf  left out  result gone  out/a.pdf"), "{}", text.text());
    assert_eq!(resume(&bench, "--redo-missing").ends(0).fates("finalize"), ["done", "done before"]);
    assert!(bench.path("out/a.pdf").exists());
    // Gone and changed: the earlier version may have been sent.
    fs::remove_file(bench.path("out/a.pdf")).unwrap();
    bench.sample("in/a.pdf", "xref-stream.pdf");
    assert_eq!(resume(&bench, "--redo-missing").ends(1).fates("finalize"), ["resume.changed", "done before"]);
    assert_eq!(resume(&bench, "--overwrite").ends(0).fates("finalize"), ["done", "done before"]);
    bench.run(&format!("seal in --out out --redo-missing {KEY}")).ends(2);
}

#[test]
fn a_touched_file_is_no_changed_one_and_a_change_under_the_old_time_is() {
    let bench = Bench::new();
    bench.write("in/a.pdf", &variant(&bench, 6));
    let old = SystemTime::now() - Duration::from_secs(86_400);
    let touch = |time| File::options().write(true).open(bench.path("in/a.pdf")).unwrap().set_modified(time).unwrap();
    touch(old);
    bench.run(&format!("seal in --out out {KEY}")).ends(0);
    assert_eq!(resume(&bench, "").ends(0).fates("finalize"), ["done before"]);
    touch(SystemTime::now());
    assert_eq!(resume(&bench, "").ends(0).fates("finalize"), ["done before"]);
    // Copied back from somewhere: another file with the same bytes.
    let bytes = bench.read("in/a.pdf");
    fs::remove_file(bench.path("in/a.pdf")).unwrap();
    bench.write("in/a.pdf", &bytes);
    assert_eq!(resume(&bench, "").ends(0).fates("finalize"), ["done before"]);
    bench.write("in/a.pdf", &variant(&bench, 7));
    touch(old);
    assert_eq!(resume(&bench, "").ends(1).fates("finalize"), ["resume.changed"]);
}

#[cfg(unix)]
#[test]
fn another_spelling_is_the_same_document() {
    let bench = sealed();
    std::os::unix::fs::symlink("in", bench.path("link")).unwrap();
    std::os::unix::fs::symlink("out", bench.path("out-link")).unwrap();
    // As a pick-up leaves it: only the journal knows.
    fs::remove_file(bench.path("out/a.pdf")).unwrap();
    fs::remove_file(bench.path("out/b.pdf")).unwrap();
    let absolute = bench.path("in").to_str().unwrap().to_owned();
    for spelling in ["in", "./in", "in/", "in/../in", &absolute, "link", "in/a.pdf in/b.pdf"] {
        for out in ["out", "./out/", "out-link", bench.path("out").to_str().unwrap()] {
            let line = format!("seal {spelling} --out {out} --resume {KEY} --json");
            assert_eq!(bench.run(&line).ends(0).fates("finalize"), ["result gone", "result gone"], "{spelling} {out}");
        }
    }
    // Another document of the same name, and another name for the same file, are not done.
    bench.sample("other/a.pdf", "minimal.pdf");
    std::os::unix::fs::symlink("a.pdf", bench.path("in/c.pdf")).unwrap();
    let line = format!("seal other/a.pdf in/c.pdf --out out --resume {KEY} --json");
    assert_eq!(bench.run(&line).ends(0).fates("finalize"), ["done", "done"]);
}

#[cfg(unix)]
#[test]
fn names_that_are_no_text_are_not_mixed_up() {
    use std::os::unix::ffi::OsStringExt;
    let bench = Bench::new();
    let name = |byte: u8| bench.path("in").join(std::ffi::OsString::from_vec(vec![b'x', byte, b'.', b'p', b'd', b'f']));
    fs::create_dir(bench.path("in")).unwrap();
    fs::copy(bench.path("a.pdf"), name(0xff)).unwrap();
    bench.run(&format!("seal in --out out {KEY}")).ends(0);
    fs::copy(bench.path("a.pdf"), name(0xfe)).unwrap();
    assert_eq!(resume(&bench, "").ends(0).fates("finalize"), ["done", "done before"]);
}

#[test]
fn a_journal_of_the_first_version_counts_where_result_and_source_are_there() {
    let bench = sealed();
    let line = |name: &str| format!("{{\"input\":\"in/{name}\",\"output\":\"out/{name}\",\"id\":null}}\n");
    let old = || bench.write("out/.eseal-run", [line("a.pdf"), line("b.pdf")].concat().as_bytes());
    old();
    let signed = bench.read("out/a.pdf");
    assert_eq!(resume(&bench, "").ends(0).fates("finalize"), ["done before", "done before"]);
    assert_eq!(bench.read("out/a.pdf"), signed);
    // Its result is gone: nothing says more, so it is done.
    old();
    fs::remove_file(bench.path("out/a.pdf")).unwrap();
    assert_eq!(resume(&bench, "").ends(0).fates("finalize"), ["done", "done before"]);
    // Its source is newer than the result.
    old();
    let later = SystemTime::now() + Duration::from_secs(60);
    bench.sample("in/a.pdf", "xref-stream.pdf");
    File::options().write(true).open(bench.path("in/a.pdf")).unwrap().set_modified(later).unwrap();
    assert_eq!(resume(&bench, "").ends(1).fates("finalize"), ["resume.changed", "done before"]);
    old();
    assert_eq!(resume(&bench, "--overwrite").ends(0).fates("finalize"), ["done", "done before"]);
    // Newer, but the same: the result begins with it.
    old();
    File::options().write(true).open(bench.path("in/a.pdf")).unwrap().set_modified(later).unwrap();
    assert_eq!(resume(&bench, "").ends(0).fates("finalize"), ["done before", "done before"]);
}

#[test]
fn all_files_of_a_container_count() {
    let bench = Bench::new();
    bench.write("d/a.txt", b"aaa");
    bench.write("d/b.txt", b"bbb");
    let line = format!("seal d --into all.asice --out out {KEY} --json");
    bench.run(&line).ends(0);
    let again = |options: &str| bench.run(&format!("{line} --resume {options}"));
    assert_eq!(again("").ends(0).fates("finalize"), ["done before"]);
    for change in ["d/b.txt", "d/c.txt"] {
        bench.write(change, b"ccc");
        assert_eq!(again("").ends(1).fates("finalize"), ["resume.changed"], "{change}");
        assert_eq!(again("--overwrite").ends(0).fates("finalize"), ["done"]);
        assert_eq!(again("").ends(0).fates("finalize"), ["done before"]);
    }
    fs::rename(bench.path("d/c.txt"), bench.path("d/d.txt")).unwrap();
    assert_eq!(again("").ends(1).fates("finalize"), ["resume.changed"]);
}

#[test]
fn in_place_the_document_itself_says_whether_it_is_done() {
    let bench = Bench::new();
    bench.sample("in/a.pdf", "minimal.pdf");
    let line = format!("seal in --in-place --journal log {KEY} --json");
    bench.run(&line).ends(0);
    let once = bench.read("in/a.pdf");
    assert_eq!(bench.run(&format!("{line} --resume")).ends(0).fates("finalize"), ["done before"]);
    assert_eq!(bench.read("in/a.pdf"), once);
    bench.sample("in/a.pdf", "xref-stream.pdf");
    assert_eq!(bench.run(&format!("{line} --resume")).ends(1).fates("finalize"), ["resume.changed"]);
    assert_eq!(bench.run(&format!("{line} --resume --overwrite")).ends(0).fates("finalize"), ["done"]);
}

#[test]
fn a_second_half_knows_what_changed_and_what_is_gone() {
    let bench = Bench::new();
    let prepared = bench.run("prepare a.pdf --cert $KEYS/ec-certificate.pem --store work --json").ends(0);
    let values = bench.sign(&prepared.lines("prepare"));
    let again = |options: &str| {
        bench.run_with(&format!("finalize --store work --values - --out out --json {options}"), values.as_bytes())
    };
    again("").ends(0);
    assert_eq!(again("--resume").ends(0).fates("finalize"), ["done before"]);
    fs::remove_file(bench.path("out/a.pdf")).unwrap();
    assert_eq!(again("--resume").ends(0).fates("finalize"), ["result gone"]);
    assert_eq!(again("--resume --redo-missing").ends(0).fates("finalize"), ["done"]);
    bench.sample("a.pdf", "xref-stream.pdf");
    assert_eq!(again("--resume").ends(1).fates("finalize"), ["resume.changed"]);
    assert_eq!(again("--resume --overwrite").ends(1).fates("finalize"), ["state.other-document"]);
}

#[test]
fn a_file_that_is_no_journal_stays() {
    let bench = Bench::new();
    for text in ["dear diary", "dear diary\n", "\u{0}\u{0}"] {
        bench.write("notes", text.as_bytes());
        for options in ["", "--resume"] {
            let ended = bench.run(&format!("seal a.pdf --out out --journal notes {KEY} {options}")).ends(2);
            assert!(ended.err.contains("resume.journal"), "{}", ended.err);
        }
        assert_eq!(bench.read("notes"), text.as_bytes());
    }
    assert_eq!(bench.files(), ["a.pdf", "notes"]);
    // One that is empty is as good as new.
    bench.write("notes", b"");
    bench.run(&format!("seal a.pdf --out out --journal notes {KEY}")).ends(0);
    assert!(bench.read("notes").starts_with(b"{\"journal\":2,"));
}

#[cfg(unix)]
#[test]
fn a_link_or_a_pipe_is_no_journal() {
    let bench = Bench::new();
    bench.write("notes", b"mine");
    std::os::unix::fs::symlink("notes", bench.path("log")).unwrap();
    std::os::unix::fs::symlink("nowhere", bench.path("dangling")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(bench.path("pipe")).status().unwrap().success());
    for name in ["log", "dangling", "pipe", "/dev/null"] {
        let ended = bench.run(&format!("seal a.pdf --out out --journal {name} {KEY}")).ends(2);
        assert!(ended.err.contains("resume.journal"), "{name}: {}", ended.err);
    }
    assert_eq!((bench.read("notes"), bench.path("nowhere").exists()), (b"mine".to_vec(), false));
}
