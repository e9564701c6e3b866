//! `eseal seal` and `eseal demo`: inputs, names of results, journal.

use super::Bench;

const KEY: &str = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem";

#[test]
fn the_demonstration_leaves_only_signed_files() {
    let bench = Bench::new();
    let ended = bench.run("demo --json").ends(0);
    assert!(ended.lines("finalize").len() >= 5);
    let found = bench.run("inspect eseal-demo --json").ends(0).lines("inspect");
    assert!(found.iter().all(|line| line["signatures"][0]["signature_verifies"] == true));
    assert!(
        bench.files().iter().all(|name| name.ends_with(".pdf") || name == "eseal-demo/notice.txt.asice"),
        "{:?}",
        bench.files()
    );
    bench.run("demo").ends(2);
    let again = bench.run("demo --overwrite").ends(0);
    assert!(again.err.contains("Nobody trusts"), "{}", again.err);
}

#[test]
fn a_folder_is_signed_in_order_with_any_number_of_jobs() {
    let fixed = format!("--time 2027-01-02T03:04:05Z --nonce {}", "7".repeat(64));
    let mut seen = Vec::new();
    for jobs in [1, 2, 8] {
        let bench = Bench::new();
        for n in 0..20 {
            bench.sample(&format!("in/{n:02}.pdf"), if n % 2 == 0 { "minimal.pdf" } else { "xref-stream.pdf" });
        }
        bench.write("in/10.pdf", b"%PDF-1.7 broken");
        // RSA signs the same bytes alike.
        let key = "--key $KEYS/rsa.pem --cert $KEYS/rsa-certificate.pem";
        let ended = bench.run(&format!("seal in --out out {key} --jobs {jobs} --json --no-sync {fixed}")).ends(1);
        let names: Vec<_> =
            ended.lines("finalize").iter().map(|line| line["input"].as_str().unwrap().to_owned()).collect();
        assert!(names.is_sorted() && names.len() == 20, "{names:?}");
        assert!(!bench.path("out/10.pdf").exists());
        seen.push((0..20).filter(|n| *n != 10).map(|n| bench.read(&format!("out/{n:02}.pdf"))).collect::<Vec<_>>());
    }
    assert!(seen.iter().all(|files| *files == seen[0]));
}

#[test]
fn a_folder_needs_a_place_for_its_results() {
    let bench = Bench::new();
    bench.sample("in/a.pdf", "minimal.pdf");
    bench.run(&format!("seal in {KEY}")).ends(2);
    bench.run(&format!("seal in {KEY} --in-place --out out")).ends(2);
    bench.run(&format!("seal in {KEY} --in-place")).ends(0);
    assert_eq!(bench.files(), ["a.pdf", "in/a.pdf"]);
}

#[test]
fn collisions_and_existing_targets_are_all_told_before_anything_is_signed() {
    let bench = Bench::new();
    for name in ["x/a.pdf", "y/a.pdf", "y/b.pdf", "y/c.pdf"] {
        bench.sample(name, "minimal.pdf");
    }
    bench.write("out/b.pdf", b"mine");
    let codes = bench.run(&format!("seal x y --out out {KEY} --json")).ends(2).codes("finalize");
    assert_eq!(codes.len(), 2);
    assert_eq!((&*codes["y/a.pdf"], &*codes["y/b.pdf"]), ("io.collision", "io.target-exists"));
    assert_eq!(bench.files().iter().filter(|name| name.starts_with("out/")).count(), 1);
    bench.run(&format!("seal y --out out {KEY} --overwrite")).ends(0);
    assert!(bench.read("out/b.pdf").starts_with(b"%PDF"));
}

#[test]
fn one_document_through_a_pipe() {
    let bench = Bench::new();
    let input = bench.read("a.pdf");
    let ended = bench.run_with(&format!("seal - {KEY}"), &input).ends(0);
    assert!(ended.out.starts_with(&input) && ended.out.len() > input.len());
    assert_eq!(bench.files(), ["a.pdf"]);
    bench.write("piped.pdf", &ended.out);
    let found = bench.run("inspect piped.pdf --json").ends(0).lines("inspect");
    assert_eq!(found[0]["signatures"][0]["signature_verifies"], true);
    let failed = bench.run_with(&format!("seal - {KEY}"), b"no pdf").ends(1);
    assert!(failed.out.is_empty());
}

#[test]
fn signed_documents_are_left_out_when_asked() {
    let bench = Bench::new();
    bench.run(&format!("seal a.pdf --in-place {KEY}")).ends(0);
    let once = bench.read("a.pdf");
    let lines = bench.run(&format!("seal a.pdf --in-place --skip-signed {KEY} --json")).ends(0).lines("finalize");
    assert_eq!(lines[0]["skipped"], "signed already");
    assert_eq!(bench.read("a.pdf"), once);
    let other = "--key $KEYS/ec384.pem --cert $KEYS/ec384-certificate.pem";
    bench.run(&format!("seal a.pdf --in-place --skip-signed {other}")).ends(0);
    assert!(bench.read("a.pdf").starts_with(&once) && bench.read("a.pdf").len() > once.len());
}

#[test]
fn resume_does_only_the_rest_also_when_the_journal_lacks_a_line() {
    let bench = Bench::new();
    for name in ["in/a.pdf", "in/b.pdf", "in/c.pdf"] {
        bench.sample(name, "minimal.pdf");
    }
    bench.run(&format!("seal in --out out {KEY}")).ends(0);
    let journal = String::from_utf8(bench.read("out/.eseal-run")).unwrap();
    assert_eq!(journal.lines().count(), 4, "what began, and three documents");
    let before = bench.read("out/b.pdf");
    // As if the run had died: one line is missing, one result is, and a temporary file is left.
    let kept: Vec<_> = journal.split_inclusive('\n').take(2).collect();
    bench.write("out/.eseal-run", [kept.concat().as_str(), "{\"input\":\"in"].concat().as_bytes());
    std::fs::remove_file(bench.path("out/c.pdf")).unwrap();
    bench.write("out/.c.pdf.eseal-tmp", b"half");
    bench.run(&format!("seal in --out out {KEY}")).ends(2);
    let lines = bench.run(&format!("seal in --out out --resume {KEY} --json")).ends(0).lines("finalize");
    let skipped: Vec<_> = lines.iter().map(|line| line.get("skipped").is_some()).collect();
    assert_eq!(skipped, [true, true, false]);
    assert_eq!(bench.read("out/b.pdf"), before);
    assert!(!bench.path("out/.c.pdf.eseal-tmp").exists());
    // A file that is no result is not taken for one.
    bench.write("out/a.pdf", b"mine");
    bench.write("out/.eseal-run", b"");
    let codes = bench.run(&format!("seal in --out out --resume {KEY} --json")).ends(1).codes("finalize");
    assert_eq!(codes["in/a.pdf"], "io.target-exists");
    assert_eq!(bench.read("out/a.pdf"), b"mine");
    bench.run(&format!("seal a.pdf --resume {KEY}")).ends(2);
}

#[test]
fn names_from_a_list() {
    let bench = Bench::new();
    bench.sample("with\nline.pdf", "minimal.pdf");
    let line = format!("seal --files-from - --out out {KEY} --json");
    bench.run_with(&line, b"a.pdf\r\n\ngone.pdf\n").ends(1).lines("finalize");
    bench.run_with(&format!("{line} -0 --overwrite"), b"a.pdf\0with\nline.pdf").ends(0).lines("finalize");
    let codes = bench.run_with(&format!("{line} --overwrite"), b"a.pdf\na.pdf\n").ends(1);
    assert_eq!(codes.lines("finalize")[1]["error"]["code"], "io.collision");
}

#[cfg(unix)]
#[test]
fn the_result_has_the_permissions_of_its_input() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    std::fs::set_permissions(bench.path("a.pdf"), std::fs::Permissions::from_mode(0o640)).unwrap();
    bench.run(&format!("seal a.pdf {KEY}")).ends(0);
    assert_eq!(bench.path("a-signed.pdf").metadata().unwrap().permissions().mode() & 0o777, 0o640);
}
