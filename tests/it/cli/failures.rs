//! Bad input: each has its own code, a sentence, and leaves nothing half-written.

use super::Bench;

const KEY: &str = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem";

#[test]
fn each_bad_document_has_its_code() {
    let bench = Bench::new();
    for (name, sample) in [
        ("cycle", "prev-cycle"),
        ("junk", "header-junk"),
        ("tail", "tail-junk"),
        ("start", "startxref-beyond"),
        ("encrypted", "encrypted"),
        ("locked", "docmdp-1"),
        ("kids", "kids-cycle"),
        ("xfa", "xfa"),
    ] {
        bench.sample(&format!("in/{name}.pdf"), &format!("{sample}.pdf"));
    }
    bench.write("in/empty.pdf", b"");
    bench.write("in/text.pdf", b"hello");
    bench.write("note.asice", b"hello");
    let before = bench.files();
    let ended = bench.run(&format!("seal in note.asice a.pdf --out out {KEY} --json"));
    let codes = ended.ends(1).codes("finalize");
    for (name, code) in [
        ("in/cycle.pdf", "pdf.xref.cycle"),
        ("in/junk.pdf", "pdf.header"),
        ("in/tail.pdf", "pdf.tail"),
        ("in/start.pdf", "pdf.startxref"),
        ("in/encrypted.pdf", "pdf.encrypted"),
        ("in/locked.pdf", "pdf.locked"),
        ("in/kids.pdf", "pdf.object.cycle"),
        ("in/xfa.pdf", "pdf.form.xfa"),
        ("in/empty.pdf", "pdf.not-a-pdf"),
        ("in/text.pdf", "pdf.not-a-pdf"),
        ("note.asice", "input.format"),
        ("a.pdf", "-"),
    ] {
        assert_eq!(codes[name], code, "{name}");
    }
    let mut after = bench.files();
    after.retain(|name| !before.contains(name));
    assert_eq!(after, ["out/.eseal-run", "out/a.pdf"]);
}

#[test]
fn failures_are_said_on_standard_error() {
    let bench = Bench::new();
    bench.sample("b.pdf", "prev-cycle.pdf");
    let ended = bench.run(&format!("seal b.pdf a.pdf {KEY}")).ends(1);
    assert!(ended.err.contains("eseal: b.pdf: cross-reference sections form a cycle"), "{}", ended.err);
    assert!(ended.text().starts_with("a.pdf  signed  B-B  a-signed.pdf"), "{}", ended.text());
    let quiet = bench.run(&format!("seal b.pdf a.pdf {KEY} --quiet --overwrite")).ends(1);
    assert!(quiet.out.is_empty() && quiet.err.lines().count() == 1, "{}", quiet.err);
}

#[test]
fn recovery_is_asked_for_by_name() {
    let bench = Bench::new();
    bench.sample("b.pdf", "broken-xref.pdf");
    bench.run(&format!("seal b.pdf {KEY}")).ends(1);
    bench.run("inspect b.pdf").ends(1);
    bench.run("inspect b.pdf --recover").ends(0);
    bench.run(&format!("seal b.pdf {KEY} --recover")).ends(0);
    bench.run("inspect b-signed.pdf").ends(0);
}

#[test]
fn what_is_not_there_fails_alone() {
    let bench = Bench::new();
    let codes = bench.run(&format!("seal gone.pdf a.pdf {KEY} --json")).ends(1).codes("finalize");
    assert_eq!((&*codes["gone.pdf"], &*codes["a.pdf"]), ("io.not-found", "-"));
}

#[cfg(unix)]
#[test]
fn an_unreadable_entry_is_a_failure_in_its_place() {
    use std::fs::{Permissions, set_permissions};
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    bench.sample("in/a.pdf", "minimal.pdf");
    bench.sample("in/sub/b.pdf", "minimal.pdf");
    bench.sample("in/z.pdf", "minimal.pdf");
    std::os::unix::fs::symlink("nowhere", bench.path("in/dangling.pdf")).unwrap();
    set_permissions(bench.path("in/sub"), Permissions::from_mode(0o000)).unwrap();
    let ended = bench.run(&format!("seal in --out out --follow-links {KEY} --json")).ends(1);
    set_permissions(bench.path("in/sub"), Permissions::from_mode(0o700)).unwrap();
    let codes = ended.codes("finalize");
    assert_eq!(codes["in/dangling.pdf"], "io.not-found");
    assert_eq!((&*codes["in/a.pdf"], &*codes["in/z.pdf"]), ("-", "-"));
    // Whoever may read everything reads this, too.
    let is_root = codes.contains_key("in/sub/b.pdf");
    assert!(is_root || codes["in/sub"] == "io.permission", "{codes:?}");
}

#[test]
fn limits_are_named() {
    let bench = Bench::new();
    bench.sample("deep.pdf", "xref-stream.pdf");
    let ended = bench.run(&format!("seal deep.pdf {KEY} --limit pdf-stream-bytes=10")).ends(1);
    assert!(ended.err.contains("limit pdf_stream_bytes is 10"), "{}", ended.err);
    bench.run(&format!("seal a.pdf {KEY} --limit nonsense=1")).ends(2);
    bench.run(&format!("seal a.pdf {KEY} --limit pdf-depth")).ends(2);
}

#[test]
fn recovery_may_stand_in_the_configuration() {
    let bench = Bench::new();
    bench.sample("tab.pdf", "faults/xref-subsection-starts-at-1.pdf");
    bench.sample("junk.pdf", "faults/bytes-before-header.pdf");
    bench.write("house.toml", b"recover = true\n");
    let plain = bench.run(&format!("seal tab.pdf junk.pdf --out out {KEY} --json")).ends(1).codes("finalize");
    assert_eq!((&*plain["tab.pdf"], &*plain["junk.pdf"]), ("pdf.xref.malformed", "pdf.header"));
    let found = bench.run("inspect tab.pdf --json").ends(0).lines("inspect");
    assert!(found[0]["remarks"][0].as_str().unwrap().contains("malformed cross-reference section"), "{found:?}");
    let ended = bench.run(&format!("seal tab.pdf junk.pdf --out out --config house.toml {KEY} --json --overwrite"));
    let codes = ended.ends(1).codes("finalize");
    assert_eq!((&*codes["tab.pdf"], &*codes["junk.pdf"]), ("-", "pdf.header"));
    let found = bench.run("inspect out/tab.pdf --json").ends(0).lines("inspect");
    assert_eq!(found[0]["signatures"][0]["signature_verifies"], true);
}
