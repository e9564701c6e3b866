//! Containers: of each file its own, of all one, one more signature; beside PDFs in one run.

use std::fs;

use serde_json::Value;

use super::{Bench, Ended};

const KEY: &str = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem";

pub(super) fn inspect(bench: &Bench, name: &str) -> Value {
    bench.run(&format!("inspect {name} --json")).ends(0).lines("inspect").remove(0)
}

/// The container is sound, and each of its signatures is, over these files.
#[track_caller]
pub(super) fn holds(bench: &Bench, name: &str, files: &[&str], signatures: usize) -> Value {
    let found = inspect(bench, name);
    let names: Vec<_> = found["data_files"].as_array().unwrap().iter().map(|f| f["name"].as_str().unwrap()).collect();
    assert_eq!(names, files, "{found}");
    assert_eq!(found["signatures"].as_array().unwrap().len(), signatures, "{found}");
    for signature in found["signatures"].as_array().unwrap() {
        let says = |key: &str| signature[key] == true;
        assert!(says("covers_all") && says("digest_matches") && says("signature_verifies"), "{signature}");
        assert_eq!(signature["level_claimed"], "B-B");
    }
    found
}

/// The lines of a run that goes well, with the names of inputs and outputs.
#[track_caller]
pub(super) fn results(ended: Ended) -> Vec<(String, String)> {
    let lines = ended.ends(0).lines("finalize");
    let text = |line: &Value, key: &str| line[key].as_str().unwrap().to_owned();
    lines.iter().map(|line| (text(line, "input"), text(line, "output"))).collect()
}

pub(super) fn pair(input: &str, output: &str) -> (String, String) {
    (input.to_owned(), output.to_owned())
}

#[test]
fn a_file_gets_a_container_of_its_own_and_a_pdf_stays_one() {
    let bench = Bench::new();
    bench.write("hello.txt", b"hello");
    bench.write("no-name", b"%PDF-1.7 broken");
    bench.write("empty", b"");
    let found = results(bench.run(&format!("seal hello.txt a.pdf empty {KEY} --json")));
    assert_eq!(
        found,
        [pair("hello.txt", "hello.txt.asice"), pair("a.pdf", "a-signed.pdf"), pair("empty", "empty.asice")]
    );
    let hello = holds(&bench, "hello.txt.asice", &["hello.txt"], 1);
    assert_eq!((&hello["format"], &hello["data_files"][0]["media_type"]), (&"asice".into(), &"text/plain".into()));
    holds(&bench, "empty.asice", &["empty"], 1);
    // What begins as a PDF is one, under any name.
    assert_eq!(bench.run(&format!("seal no-name {KEY} --json")).ends(1).codes("finalize")["no-name"], "pdf.startxref");
    let edoc = results(bench.run(&format!("seal hello.txt a.pdf --format edoc {KEY} --json --out out")));
    assert_eq!(edoc, [pair("hello.txt", "out/hello.txt.edoc"), pair("a.pdf", "out/a.pdf.edoc")]);
    assert_eq!(holds(&bench, "out/a.pdf.edoc", &["a.pdf"], 1)["format"], "edoc");
}

#[test]
fn one_file_tells_its_digest_and_several_do_not() {
    let bench = Bench::new();
    bench.write("hello.txt", b"hello");
    bench.write("other.txt", b"other");
    let line = bench.run(&format!("seal hello.txt {KEY} --json")).ends(0).lines("finalize").remove(0);
    assert_eq!(line["source_sha256"], eseal::DigestAlgorithm::Sha256.digest(b"hello").to_hex());
    assert!(line.get("files").is_none());
    let line = bench.run(&format!("seal hello.txt other.txt --into b.asice {KEY} --json")).ends(0);
    let line = line.lines("finalize").remove(0);
    assert!(line["source_sha256"].is_null());
    assert_eq!(line["files"], serde_json::json!(["hello.txt", "other.txt"]));
}

#[test]
fn all_inputs_go_into_one_under_their_names_in_the_folder() {
    let bench = Bench::new();
    let names = ["d/a+b & c's #1.txt", "d/s/āž 😀.txt", "d/s/x.asice", "d/.hidden"];
    for name in names {
        bench.write(name, name.as_bytes());
    }
    bench.write("d/.x.eseal-tmp", b"ours");
    fs::create_dir(bench.path("sub")).unwrap();
    let line = format!("seal a.pdf d --into sub/all.asice {KEY} --json");
    let found = bench.run(&line).ends(0).lines("finalize");
    assert_eq!((&found[0]["input"], &found[0]["output"]), (&"sub/all.asice".into(), &"sub/all.asice".into()));
    let files = ["a.pdf", ".hidden", "a+b & c's #1.txt", "s/x.asice", "s/āž 😀.txt"];
    assert_eq!(found[0]["files"], serde_json::json!(files));
    holds(&bench, "sub/all.asice", &files, 1);
    // The result is not among its own files, and is not replaced unasked.
    bench.run(&line).ends(2);
    bench.run(&format!("seal . --into all.edoc {KEY} --overwrite")).ends(0);
    bench.run(&format!("seal . --into all.edoc {KEY} --overwrite")).ends(0);
    assert!(!inspect(&bench, "all.edoc")["data_files"].to_string().contains("all.edoc"));
    for wrong in [
        "--into all.zip",
        "--into all.asice --format edoc",
        "--into all.asice --in-place",
        "--into .asice --format pdf",
    ] {
        bench.run(&format!("seal d {wrong} {KEY}")).ends(2);
    }
    let twice = bench.run(&format!("seal d/.hidden d --into twice.asice {KEY} --json")).ends(1).codes("finalize");
    assert_eq!(twice["twice.asice"], "asice.duplicate");
    let gone = bench.run(&format!("seal a.pdf gone.txt --into gone.asice {KEY} --json")).ends(1).codes("finalize");
    assert_eq!(gone["gone.txt"], "io.not-found");
    assert!(!bench.path("gone.asice").exists() && !bench.path("twice.asice").exists());
}

#[test]
fn a_folder_is_its_documents_or_all_of_its_files() {
    let bench = Bench::new();
    bench.write("d/a.txt", b"a");
    bench.sample("d/s/b.pdf", "minimal.pdf");
    bench.run(&format!("seal d {KEY} --all-files")).ends(2);
    assert_eq!(results(bench.run(&format!("seal d --out one {KEY} --json"))), [pair("d/s/b.pdf", "one/s/b.pdf")]);
    let all = results(bench.run(&format!("seal d --out two --all-files {KEY} --json")));
    assert_eq!(all, [pair("d/a.txt", "two/a.txt.asice"), pair("d/s/b.pdf", "two/s/b.pdf")]);
    holds(&bench, "two/a.txt.asice", &["a.txt"], 1);
    // Neither results nor states nor journals are inputs of the next run.
    let sealed = format!("seal . --out ./d/out --all-files {KEY} --overwrite --json");
    let count = results(bench.run(&sealed)).len();
    assert_eq!(results(bench.run(&sealed)).len(), count);
    let prepared = "prepare d --all-files --cert $KEYS/ec-certificate.pem --store d/work --json";
    let first = bench.run(prepared).ends(0).facts();
    assert_eq!(bench.run(prepared).ends(0).facts(), first);
}

#[test]
fn a_container_gets_one_more_signature_or_is_wrapped() {
    let bench = Bench::new();
    bench.write("hello.txt", b"hello");
    bench.run(&format!("seal hello.txt {KEY}")).ends(0);
    let first = bench.read("hello.txt.asice");
    let other = "--key $KEYS/ec384.pem --cert $KEYS/ec384-certificate.pem";
    let second = results(bench.run(&format!("seal hello.txt.asice {other} --json")));
    assert_eq!(second, [pair("hello.txt.asice", "hello.txt-signed.asice")]);
    holds(&bench, "hello.txt-signed.asice", &["hello.txt"], 2);
    assert_eq!(bench.read("hello.txt.asice"), first);
    results(bench.run(&format!("seal hello.txt.asice --in-place {other} --json")));
    let names: Vec<_> = holds(&bench, "hello.txt.asice", &["hello.txt"], 2)["signatures"]
        .as_array()
        .unwrap()
        .iter()
        .map(|signature| signature["file"].as_str().unwrap().to_owned())
        .collect();
    assert_eq!(names, ["META-INF/signatures0.xml", "META-INF/signatures1.xml"]);
    let again = bench.run(&format!("seal hello.txt.asice --in-place --skip-signed {other} --json")).ends(0);
    assert_eq!(again.lines("finalize")[0]["skipped"], "signed already");
    let nested = results(bench.run(&format!("seal hello.txt.asice --nest {KEY} --json")));
    assert_eq!(nested, [pair("hello.txt.asice", "hello.txt.asice.asice")]);
    holds(&bench, "hello.txt.asice.asice", &["hello.txt.asice"], 1);
    assert_eq!(bench.files().iter().filter(|name| name.starts_with('.')).count(), 0);
}

#[test]
fn a_name_and_its_bytes_must_agree() {
    let bench = Bench::new();
    bench.write("hello.txt", b"hello");
    bench.run(&format!("seal hello.txt {KEY}")).ends(0);
    bench.write("zip.pdf", &bench.read("hello.txt.asice"));
    bench.write("text.asice", b"hello");
    bench.write("pdf.edoc", &bench.read("a.pdf"));
    bench.write("cut.asice", b"PK\x03\x04");
    let codes = bench.run(&format!("seal zip.pdf text.asice pdf.edoc cut.asice {KEY} --json")).ends(1);
    let codes = codes.codes("finalize");
    for name in ["zip.pdf", "text.asice", "pdf.edoc"] {
        assert_eq!(codes[name], "input.format", "{name}");
    }
    assert!(codes["cut.asice"].starts_with("zip."), "{codes:?}");
    let as_pdf = bench.run(&format!("seal hello.txt.asice hello.txt --format pdf {KEY} --json")).ends(1);
    let as_pdf = as_pdf.codes("finalize");
    assert_eq!((&*as_pdf["hello.txt.asice"], &*as_pdf["hello.txt"]), ("input.format", "pdf.not-a-pdf"));
    assert_eq!(bench.run("inspect hello.txt --json").ends(1).codes("inspect")["hello.txt"], "input.format");
    bench.run(&format!("seal hello.txt --format doc {KEY}")).ends(2);
}

#[test]
fn what_a_result_may_not_replace_is_said_before_anything_is_done() {
    let bench = Bench::new();
    bench.write("a.txt", b"a");
    bench.run(&format!("seal a.txt {KEY}")).ends(0);
    let before = bench.read("a.txt.asice");
    // The container that is made of one input is another input.
    let line = format!("seal a.txt a.txt.asice {KEY} --json");
    for options in ["", "--overwrite"] {
        let codes = bench.run(&format!("{line} {options}")).ends(2).codes("finalize");
        assert_eq!(codes["a.txt"], "io.collision");
    }
    let into = bench.run(&format!("seal a.txt.asice --into a.txt.asice --overwrite {KEY} --json")).ends(2);
    assert_eq!(into.codes("finalize")["a.txt.asice"], "io.collision");
    bench.run(&format!("seal a.pdf a.txt --in-place {KEY}")).ends(2);
    assert_eq!(
        (bench.read("a.txt.asice"), bench.files()),
        (before, ["a.pdf", "a.txt", "a.txt.asice"].map(String::from).into())
    );
}

#[test]
fn standard_input_is_a_document_by_its_bytes_or_a_file_by_the_name_of_its_container() {
    let bench = Bench::new();
    bench.write("hello.txt", b"hello");
    bench.run(&format!("seal hello.txt {KEY}")).ends(0);
    let ended = bench.run_with(&format!("seal - {KEY}"), &bench.read("hello.txt.asice")).ends(0);
    bench.write("piped.asice", &ended.out);
    holds(&bench, "piped.asice", &["hello.txt"], 2);
    let refused = bench.run_with(&format!("seal - {KEY} --json"), b"hello").ends(1);
    assert!(refused.out.is_empty() && refused.err.contains("--into"), "{}", refused.err);
    let named = bench.run_with(&format!("seal - --into note.txt.asice {KEY} --json"), b"a note").ends(0);
    assert_eq!(named.lines("finalize")[0]["files"], serde_json::json!(["note.txt"]));
    holds(&bench, "note.txt.asice", &["note.txt"], 1);
}

#[test]
fn what_is_too_long_for_memory_comes_through_a_pipe_as_well() {
    let bench = Bench::new();
    let long: Vec<u8> = (0..3_000_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    bench.run_with(&format!("seal - --into long.bin.asice {KEY}"), &long).ends(0);
    holds(&bench, "long.bin.asice", &["long.bin"], 1);
    let twice = bench.run_with(&format!("seal - {KEY}"), &bench.read("long.bin.asice")).ends(0);
    bench.write("twice.asice", &twice.out);
    holds(&bench, "twice.asice", &["long.bin"], 2);

    let mut pdf = b"%PDF-1.7\n".to_vec();
    let mut offsets = Vec::new();
    let stream = [format!("<< /Length {} >>\nstream\n", long.len()).as_bytes(), &long, b"\nendstream"].concat();
    let page = b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 9 9] /Contents 4 0 R >>";
    for object in
        [&b"<< /Type /Catalog /Pages 2 0 R >>"[..], b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>", page, &stream]
    {
        offsets.push(pdf.len());
        pdf.extend([format!("{} 0 obj\n", offsets.len()).as_bytes(), object, b"\nendobj\n"].concat());
    }
    let table: String = offsets.iter().map(|offset| format!("{offset:010} 00000 n \n")).collect();
    let end = pdf.len();
    let trailer = format!("trailer\n<< /Size 5 /Root 1 0 R >>\nstartxref\n{end}\n%%EOF\n");
    pdf.extend(format!("xref\n0 5\n0000000000 65535 f \n{table}{trailer}").into_bytes());
    let signed = bench.run_with(&format!("seal - {KEY}"), &pdf).ends(0).out;
    assert!(signed.starts_with(&pdf));
    bench.write("signed.pdf", &signed);
    let found = bench.run("inspect signed.pdf --json").ends(0).lines("inspect").remove(0);
    assert_eq!(
        (&found["signatures"][0]["signature_verifies"], &found["signatures"][0]["digest_matches"]),
        (&true.into(), &true.into())
    );
}

#[test]
fn both_halves_of_a_mixed_run() {
    let bench = Bench::new();
    bench.write("d/hello.txt", b"hello");
    bench.write("d/s/hello.txt", b"hello too");
    bench.run(&format!("seal d/hello.txt --into old.asice {KEY}")).ends(0);
    let old = bench.read("old.asice");
    let prepare = "--cert $KEYS/ec-certificate.pem --store work --json";
    let mixed = format!("prepare d a.pdf old.asice --all-files {prepare}");
    let first = bench.run(&mixed).ends(0);
    let mut lines = first.lines("prepare");
    let formats: Vec<_> = lines.iter().map(|line| line["format"].as_str().unwrap()).collect();
    assert_eq!(formats, ["xades", "xades", "pades", "xades"]);
    let packed = format!("prepare d --into all.asice {prepare}");
    let second = bench.run(&packed).ends(0);
    lines.extend(second.lines("prepare"));
    // The same bytes and options answer the same lines; other bytes do not.
    let again = [&mixed, &packed].map(|line| bench.run(line).ends(0).facts());
    assert_eq!(again, [first.facts(), second.facts()]);
    bench.write("values", bench.sign(&lines).as_bytes());
    let finalize = "finalize --store work --values values --json --out out";
    let done = bench.run(finalize).ends(0).lines("finalize");
    let outputs: Vec<_> = done.iter().map(|line| line["output"].as_str().unwrap()).collect();
    assert_eq!(
        outputs,
        ["out/hello.txt.asice", "out/s/hello.txt.asice", "out/a.pdf", "out/old.asice", "out/all.asice"]
    );
    assert_eq!(done[4]["files"], serde_json::json!(["hello.txt", "s/hello.txt"]));
    assert!(done[3].get("files").is_none() && done[3]["source_sha256"].is_null());
    holds(&bench, "out/s/hello.txt.asice", &["hello.txt"], 1);
    holds(&bench, "out/all.asice", &["hello.txt", "s/hello.txt"], 1);
    holds(&bench, "out/old.asice", &["hello.txt"], 2);
    assert_eq!(bench.read("old.asice"), old);
    // Once more: the same results are there; with --resume nothing is to do.
    bench.run(finalize).ends(0);
    let again = bench.run(&format!("{finalize} --resume")).ends(0).lines("finalize");
    assert!(again.iter().all(|line| line["skipped"] == "done before"));
    bench.run("sessions --store work show --json 0 1 2 3 4 5 6 7 8 9 a b c d e f");
    let id = lines[4]["id"].as_str().unwrap();
    let shown = bench.run(&format!("sessions --store work show {id} --json")).ends(0).lines("sessions-show");
    assert!(shown[0]["field"].is_null() && shown[0]["source_digest"].is_null());
}

#[test]
fn files_that_were_prepared_are_looked_for_and_compared() {
    let bench = Bench::new();
    bench.write("d/hello.txt", b"hello");
    bench.write("d/s/hello.txt", b"hello too");
    let prepare = "--cert $KEYS/ec-certificate.pem --store work --json";
    let mut lines = bench.run(&format!("prepare d --into all.asice {prepare}")).ends(0).lines("prepare");
    lines.extend(bench.run(&format!("prepare d --all-files {prepare}")).ends(0).lines("prepare"));
    bench.write("values", bench.sign(&lines).as_bytes());
    fs::rename(bench.path("d"), bench.path("moved")).unwrap();
    let finalize = "finalize --store work --values values --json --out out";
    let gone = bench.run(finalize).ends(1).codes("finalize");
    assert!(gone.values().all(|code| code == "io.not-found"), "{gone:?}");
    bench.write("moved/s/hello.txt", b"HELLO too");
    let changed = bench.run(&format!("{finalize} --source moved")).ends(1).codes("finalize");
    assert_eq!(changed["d/hello.txt"], "-");
    assert!(changed["all.asice"] != "-" && changed["d/s/hello.txt"] != "-", "{changed:?}");
    assert_eq!(bench.files().iter().filter(|name| name.ends_with(".asice")).count(), 1);
    bench.write("moved/s/hello.txt", b"hello too");
    // The values were kept.
    bench.run("finalize --store work --source moved --out out").ends(0);
    holds(&bench, "out/all.asice", &["hello.txt", "s/hello.txt"], 1);
    // A new container was prepared, so there is nothing to sign in place.
    bench.run("finalize --store work --source moved --in-place").ends(3);
}

#[test]
fn prepare_notices_that_a_file_of_several_changed() {
    let bench = Bench::new();
    bench.write("d/1", b"one");
    bench.write("d/2", b"two");
    let line = "prepare d --into all.asice --cert $KEYS/ec-certificate.pem --store work --json";
    let first = bench.run(line).ends(0).facts();
    assert_eq!(bench.run(line).ends(0).facts(), first);
    // As many bytes, in the same moment: no time of the file tells them apart.
    bench.write("d/2", b"TWO");
    let second = bench.run(line).ends(0).facts();
    assert_ne!(second, first);
    for other in ["--media-type 1=text/html", "--role director", "--compress store", "--c14n 1.1"] {
        assert_ne!(bench.run(&format!("{line} {other}")).ends(0).facts(), second, "{other}");
    }
}

#[test]
fn resume_knows_what_a_run_has_written() {
    let bench = Bench::new();
    for name in ["d/a.txt", "d/b.txt", "d/c.txt"] {
        bench.write(name, name.as_bytes());
    }
    bench.run(&format!("seal d/a.txt --into d/x.asice {KEY}")).ends(0);
    let line = format!("seal d --all-files --out out {KEY} --json");
    bench.run(&line).ends(0);
    // As if the run had died before its journal was written.
    bench.write("out/.eseal-run", b"");
    fs::remove_file(bench.path("out/b.txt.asice")).unwrap();
    bench.write("out/c.txt.asice", &bench.read("out/a.txt.asice"));
    let lines = bench.run(&format!("{line} --resume")).ends(1).lines("finalize");
    let skipped: Vec<_> = lines.iter().map(|line| line.get("skipped").is_some()).collect();
    assert_eq!(skipped, [true, false, false, true]);
    assert_eq!(lines[2]["error"]["code"], "io.target-exists");
    // A file that is another one by now has no result yet.
    bench.write("out/.eseal-run", b"");
    bench.write("d/a.txt", b"D/A.TXT");
    let codes = bench.run(&format!("{line} --resume")).ends(1).codes("finalize");
    assert_eq!(codes["d/a.txt"], "io.target-exists");
}

#[test]
fn lists_and_manifests_name_files_of_any_kind() {
    let bench = Bench::new();
    bench.write("d/hello.txt", b"hello");
    bench.write("other.txt", b"other");
    let packed =
        bench.run_with(&format!("seal --files-from - --into all.asice {KEY} --json"), b"d\nother.txt\na.pdf\n");
    let packed = packed.ends(0).lines("finalize");
    assert_eq!(packed[0]["files"], serde_json::json!(["hello.txt", "other.txt", "a.pdf"]));
    let gone = bench.run_with(&format!("seal --files-from - --into gone.asice {KEY} --json"), b"d\ngone.txt\n");
    assert_eq!(gone.ends(1).codes("finalize")["gone.txt"], "io.not-found");
    let manifest = r#"{"input":"other.txt","output":"x.asice","ref":"7"}
{"input":"a.pdf"}
"#;
    let done = bench.run_with(&format!("seal --manifest - --out out {KEY} --json"), manifest.as_bytes()).ends(0);
    let done = done.lines("finalize");
    assert_eq!((&done[0]["output"], &done[0]["ref"]), (&"out/x.asice".into(), &"7".into()));
    assert_eq!(done[1]["output"], "out/a.pdf");
    holds(&bench, "out/x.asice", &["other.txt"], 1);
}

#[test]
fn a_key_does_not_go_into_a_container_of_its_folder() {
    let bench = Bench::new();
    for name in ["ec.pem", "ec-certificate.pem"] {
        bench.write(&format!("d/{name}"), &fs::read(super::testdata("keys").join(name)).unwrap());
    }
    let line = "seal d --into all.asice --key d/ec.pem --cert d/ec-certificate.pem --json";
    let done = bench.run(line).ends(0).lines("finalize");
    assert_eq!(done[0]["files"], serde_json::json!(["ec-certificate.pem"]));
}

#[test]
fn options_of_containers() {
    let bench = Bench::new();
    bench.write("hello.txt", b"hello");
    let policy = format!("1.2.3.4:SHA-256:{}:http://example.org/p", "A".repeat(43) + "=");
    let options = format!(
        "--role director --role owner --city Rīga --country LV --commitment proof-of-approval --policy {policy} \
         --c14n 1.1 --compress deflate:9 --media-type hello.txt=text/x-greeting"
    );
    bench.run(&format!("seal hello.txt {KEY} {options}")).ends(0);
    let found = holds(&bench, "hello.txt.asice", &["hello.txt"], 1);
    assert_eq!(found["data_files"][0]["media_type"], "text/x-greeting");
    let signature = &found["signatures"][0];
    assert_eq!(
        (&signature["roles"], &signature["place"], &signature["policy"]),
        (&serde_json::json!(["director", "owner"]), &serde_json::json!(["Rīga", "LV"]), &"urn:oid:1.2.3.4".into())
    );
    assert_eq!(signature["commitments"].as_array().unwrap().len(), 1);
    // A PDF has no place for these.
    for option in ["--role director", "--city Riga", "--country LV", "--commitment proof-of-origin"] {
        let ended = bench.run(&format!("seal a.pdf --overwrite {KEY} {option} --json")).ends(1);
        assert_eq!(ended.lines("failure")[0]["error"]["code"], "pdf.claims");
    }
    bench.run(&format!("seal a.pdf {KEY} --compress store --c14n 1.1")).ends(0);
    for wrong in [
        "--compress fast",
        "--c14n 2.0",
        "--commitment proof",
        "--policy 1.2.3",
        "--media-type hello.txt",
        "--media-type other.txt=text/plain",
    ] {
        bench.run(&format!("seal hello.txt --overwrite {KEY} {wrong}")).ends(2);
    }
}

#[test]
fn a_container_in_words() {
    let bench = Bench::new();
    bench.write("hello.txt", b"hello");
    bench.run(&format!("seal hello.txt {KEY}")).ends(0);
    let text = bench.run("inspect hello.txt.asice").ends(0);
    let lines: Vec<_> = text.text().lines().collect();
    assert!(lines[0].starts_with("hello.txt.asice  ") && lines[0].ends_with("1 data file"), "{}", lines[0]);
    assert_eq!(lines[1], "  hello.txt: 5 bytes, text/plain");
    let signature = "  META-INF/signatures0.xml: covers all data files, digests match, value verifies, B-B, ";
    assert!(lines[2].starts_with(signature) && lines[2].ends_with("; trust not checked"), "{}", lines[2]);
}

#[test]
fn equal_bytes_with_any_number_of_jobs() {
    let fixed = format!("--time 2027-01-02T03:04:05Z --nonce {}", "7".repeat(64));
    // RSA signs the same bytes alike.
    let key = "--key $KEYS/rsa.pem --cert $KEYS/rsa-certificate.pem";
    let mut seen = Vec::new();
    for jobs in [1, 2, 8] {
        let bench = Bench::new();
        for n in 0..12 {
            bench.write(&format!("d/{n:02}.txt"), &vec![b'0' + n; 5_000]);
        }
        bench.run(&format!("seal d --all-files --out out {key} {fixed} --jobs {jobs} --no-sync")).ends(0);
        bench.run(&format!("seal d --into all.asice {key} {fixed} --jobs {jobs} --no-sync")).ends(0);
        let mut all: Vec<_> = (0..12).map(|n| bench.read(&format!("out/{n:02}.txt.asice"))).collect();
        all.push(bench.read("all.asice"));
        seen.push(all);
    }
    assert!(seen.iter().all(|files| *files == seen[0]));
}

#[test]
fn more_files_than_are_held_open() {
    let bench = Bench::new();
    for n in 0..300 {
        bench.write(&format!("d/{}/{n}.txt", n % 7), format!("file {n}").repeat(n).as_bytes());
    }
    let lines = bench.run("prepare d --into all.asice --cert $KEYS/ec-certificate.pem --store work --json").ends(0);
    let lines = lines.lines("prepare");
    bench.write("values", bench.sign(&lines).as_bytes());
    let done = bench.run("finalize --store work --values values --json").ends(0).lines("finalize");
    assert_eq!(done[0]["files"].as_array().unwrap().len(), 300);
    let found = inspect(&bench, "all.asice");
    assert_eq!(found["signatures"][0]["digest_matches"], true);
}

#[cfg(unix)]
#[test]
fn a_container_is_read_by_those_who_may_read_its_files() {
    use std::os::unix::fs::PermissionsExt;
    let bench = Bench::new();
    for (name, mode) in [("a.sh", 0o755), ("b.txt", 0o640)] {
        bench.write(name, b"text");
        fs::set_permissions(bench.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }
    bench.run(&format!("seal a.sh b.txt {KEY}")).ends(0);
    bench.run(&format!("seal a.sh b.txt --into all.asice {KEY}")).ends(0);
    let mode = |name: &str| bench.path(name).metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!([mode("a.sh.asice"), mode("b.txt.asice"), mode("all.asice")], [0o644, 0o640, 0o640]);
}
