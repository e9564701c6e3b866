//! Containers are told by what is in them, and what is odd in them is said.

use serde_json::{Value, json};

use super::containers::{holds, inspect, pair, results};
use super::{Bench, testdata};

const KEY: &str = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem";

/// A container of `testdata/asice/faults` under `name`.
fn fault(bench: &Bench, name: &str, sample: &str) {
    bench.write(name, &std::fs::read(testdata("asice/faults").join(sample)).unwrap());
}

/// The beginning of a ZIP with a `mimetype` of this kind, enough for a file that is a data file anyway.
fn begins(mimetype: &str) -> Vec<u8> {
    let len = u32::try_from(mimetype.len()).unwrap().to_le_bytes();
    let sizes = [[0; 4], len, len].concat();
    [b"PK\x03\x04\x0a\0\0\0\0\0\0\0\0\0", &*sizes, b"\x08\0\0\0mimetype", mimetype.as_bytes(), b"PK\x05\x06"].concat()
}

/// The same ZIP with another content of the same length in a stored entry.
fn with_content(zip: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    let sums = [old, new].map(|content| crc32fast::hash(content).to_le_bytes());
    replaced(&replaced(zip, old, new), &sums[0], &sums[1])
}

fn replaced(bytes: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let mut bytes = bytes.to_vec();
    while let Some(at) = bytes.windows(old.len()).position(|window| window == old) {
        bytes[at..at + old.len()].copy_from_slice(new);
    }
    bytes
}

fn remarks(found: &Value) -> Vec<String> {
    found["remarks"].as_array().unwrap().iter().map(|remark| remark.as_str().unwrap().to_owned()).collect()
}

const FILES: [&str; 2] = ["a.txt", "tabula.xlsx"];

#[test]
fn a_container_gets_one_more_signature_under_any_name() {
    let bench = Bench::new();
    let names = ["x.sce", "x.BDOC", "x.zip", "x", "x.docx", "x.asics"];
    for name in names {
        fault(&bench, name, "x.sce");
    }
    let all = names.join(" ");
    let signed = ["x-signed.sce", "x-signed.BDOC", "x-signed.zip", "x-signed", "x-signed.docx", "x-signed.asics"];
    let expected: Vec<_> = names.into_iter().zip(signed).map(|(name, signed)| pair(name, signed)).collect();
    assert_eq!(results(bench.run(&format!("seal {all} {KEY} --json"))), expected);
    for name in signed {
        assert_eq!(holds(&bench, name, &FILES, 2)["format"], "asice");
    }
    results(bench.run(&format!("seal {all} {KEY} --json --in-place")));
    results(bench.run(&format!("seal {all} {KEY} --json --out out --format edoc")));
    for name in names {
        holds(&bench, name, &FILES, 2);
        holds(&bench, &format!("out/{name}"), &FILES, 3);
    }
    let nested = results(bench.run(&format!("seal x.sce x {KEY} --json --nest")));
    assert_eq!(nested, [pair("x.sce", "x.sce.asice"), pair("x", "x.asice")]);
    holds(&bench, "x.asice", &["x"], 1);
    assert_eq!(bench.run_with(&format!("seal - --nest {KEY}"), &bench.read("x.sce")).ends(2).out, b"");
    bench.run(&format!("seal x.sce x --into all.asice {KEY}")).ends(0);
    holds(&bench, "all.asice", &["x.sce", "x"], 1);
}

#[test]
fn both_halves_take_a_container_under_any_name() {
    let bench = Bench::new();
    fault(&bench, "d/none", "x.sce");
    let lines = bench.run("prepare d --store work --json --cert $KEYS/ec-certificate.pem").ends(0).lines("prepare");
    assert_eq!((lines.len(), &lines[0]["format"]), (1, &json!("xades")));
    bench.write("values", bench.sign(&lines).as_bytes());
    let line = "finalize --store work --values values --json --out out";
    assert_eq!(results(bench.run(line)), [pair("d/none", "out/none")]);
    holds(&bench, "out/none", &FILES, 2);
}

#[test]
fn other_containers_and_documents_are_wrapped() {
    let bench = Bench::new();
    let kinds = [
        ("a.asics", "application/vnd.etsi.asic-s+zip"),
        ("b.odt", "application/vnd.oasis.opendocument.text"),
        ("c.epub", "application/epub+zip"),
        ("d.bdoc", "application/vnd.bdoc-1.0"),
        ("e", "application/vnd.etsi.asic-e+zipped"),
    ];
    for (name, mimetype) in kinds {
        bench.write(name, &begins(mimetype));
    }
    bench.write("f.docx", b"PK\x03\x04 an office document");
    for name in ["a.asics", "b.odt", "c.epub", "d.bdoc", "e", "f.docx"] {
        bench.run(&format!("seal {name} {KEY}")).ends(0);
        holds(&bench, &format!("{name}.asice"), &[name], 1);
    }
    // Under the name of one they are refused, and wrapped when that is asked for.
    bench.write("g.asice", &bench.read("f.docx"));
    assert!(bench.run(&format!("seal g.asice {KEY} --json")).ends(1).codes("finalize")["g.asice"].starts_with("zip."));
    bench.run(&format!("seal g.asice {KEY} --nest")).ends(0);
    holds(&bench, "g.asice.asice", &["g.asice"], 1);
}

#[test]
fn a_container_under_the_name_of_a_pdf_is_refused_until_somebody_says_what_it_is() {
    let bench = Bench::new();
    fault(&bench, "x.pdf", "x.sce");
    let refused = bench.run(&format!("seal x.pdf {KEY} --json")).ends(1).lines("finalize").remove(0);
    assert_eq!(refused["error"]["code"], "input.format");
    assert!(refused["error"]["message"].as_str().unwrap().ends_with("those of a container or another ZIP"));
    let said = results(bench.run(&format!("seal x.pdf {KEY} --json --format asice")));
    assert_eq!(said, [pair("x.pdf", "x-signed.pdf")]);
    assert_eq!(results(bench.run(&format!("seal x.pdf {KEY} --json --nest"))), [pair("x.pdf", "x.pdf.asice")]);
    holds(&bench, "x.pdf.asice", &["x.pdf"], 1);
}

#[test]
fn a_folder_has_its_containers_under_any_name() {
    let bench = Bench::new();
    for name in ["d/a.sce", "d/s/none", "d/s/z.zip"] {
        fault(&bench, name, "x.sce");
    }
    bench.write("d/notes.txt", b"notes");
    bench.write("d/b.odt", &begins("application/vnd.oasis.opendocument.text"));
    bench.write("d/office.zip", b"PK\x03\x04 of something else");
    let found = results(bench.run(&format!("seal d --out out {KEY} --json")));
    let expected = [pair("d/a.sce", "out/a.sce"), pair("d/s/none", "out/s/none"), pair("d/s/z.zip", "out/s/z.zip")];
    assert_eq!(found, expected);
    holds(&bench, "out/s/none", &FILES, 2);
    let all = results(bench.run(&format!("seal d --out all --all-files {KEY} --json")));
    let outputs: Vec<_> = all.iter().map(|(_, output)| &**output).collect();
    assert_eq!(
        outputs,
        ["all/a.sce", "all/b.odt.asice", "all/notes.txt.asice", "all/office.zip.asice", "all/s/none", "all/s/z.zip"]
    );
    let inspected = bench.run("inspect d --json").ends(0).lines("inspect");
    assert_eq!(
        inspected.iter().map(|line| line["input"].as_str().unwrap()).collect::<Vec<_>>(),
        ["d/a.sce", "d/s/none", "d/s/z.zip"]
    );
    bench.run(&format!("seal d --in-place {KEY}")).ends(0);
    holds(&bench, "d/s/z.zip", &FILES, 2);
}

#[test]
fn a_mimetype_with_a_line_end_is_said_and_gets_no_signature() {
    let bench = Bench::new();
    for name in ["x.asice", "x.zip", "d/none"] {
        fault(&bench, name, "mimetype-line-end.asice");
    }
    let ended = bench.run(&format!("seal x.asice x.zip d {KEY} --json --out out")).ends(1);
    assert!(ended.codes("finalize").values().all(|code| code == "asice.mimetype"), "{:?}", ended.codes("finalize"));
    assert!(ended.lines("finalize")[0]["error"]["message"].as_str().unwrap().contains("line end"));
    let raised = bench.run("extend x.zip --level b-t --tsa http://127.0.0.1:1 --json --out out").ends(1);
    assert_eq!(raised.codes("extend")["x.zip"], "asice.mimetype");
    let found = inspect(&bench, "x.zip");
    assert_eq!(found["mimetype"], "application/vnd.etsi.asic-e+zip");
    assert!(remarks(&found).iter().any(|remark| remark.contains("line end")), "{found}");
    bench.run(&format!("seal x.zip --nest {KEY}")).ends(0);
    holds(&bench, "x.zip.asice", &["x.zip"], 1);
    assert_eq!(bench.files().iter().filter(|name| name.starts_with("out/") && !name.starts_with("out/.")).count(), 0);
}

#[test]
fn what_no_signature_covers_is_said_by_inspect_and_before_one_more() {
    for (sample, name, words) in [
        ("extra-in-metainf.asice", "META-INF/evil.txt", "signed by nobody"),
        ("signature-file-other-name.asice", "META-INF/signature.xml", "no name of a signature file"),
    ] {
        let bench = Bench::new();
        fault(&bench, "x.asice", sample);
        let is_said =
            |remarks: &[String]| remarks.iter().filter(|r| r.contains(name) && r.contains(words)).count() == 1;
        let found = inspect(&bench, "x.asice");
        assert!(is_said(&remarks(&found)) && found["signatures"][0]["covers_all"] == false, "{found}");
        let seal = format!("seal x.asice --out out {KEY} --json");
        let line = bench.run(&format!("{seal} --summary run.json")).ends(0).lines("finalize").remove(0);
        assert!(is_said(&remarks(&line)), "{line}");
        let summary: Value = serde_json::from_slice(&bench.read("run.json")).unwrap();
        assert_eq!(summary["remarks"], json!({"document": 1}));
        let result = inspect(&bench, "out/x.asice");
        let signatures = result["signatures"].as_array().unwrap();
        assert_eq!(signatures.len(), 2);
        assert!(signatures.iter().all(|one| one["covers_all"] == false && one["signature_verifies"] == true));
        // What a run has written is known again all the same.
        bench.write("out/.eseal-run", b"");
        let again = bench.run(&format!("{seal} --resume")).ends(0).lines("finalize");
        assert_eq!(again[0]["skipped"], "done before");
    }
}

#[test]
fn a_manifest_that_contradicts_what_is_signed_is_said() {
    let bench = Bench::new();
    fault(&bench, "x.asice", "manifest-lies-type.asice");
    fault(&bench, "base.asice", "base.asice");
    let words = "a.txt is signed as text/plain, the manifest says application/pdf";
    let found = inspect(&bench, "x.asice");
    assert!(remarks(&found["signatures"][0]).iter().any(|remark| remark == words), "{found}");
    assert_eq!(found["signatures"][0]["covers_all"], true);
    let line = bench.run(&format!("seal x.asice {KEY} --json")).ends(0).lines("finalize").remove(0);
    assert!(remarks(&line).iter().any(|remark| remark.ends_with(words)), "{line}");
    let sound = bench.run(&format!("seal base.asice {KEY} --json")).ends(0).lines("finalize").remove(0);
    assert_eq!((sound["remarks"].clone(), remarks(&inspect(&bench, "base.asice"))), (json!([]), Vec::new()));
}

#[test]
fn the_file_that_differs_is_named() {
    let bench = Bench::new();
    fault(&bench, "x.asice", "base.asice");
    let bytes = bench.read("x.asice");
    bench.write("x.asice", &with_content(&bytes, b"hello 10 EUR\n", b"hello 99 EUR\n"));
    let signature = inspect(&bench, "x.asice")["signatures"][0].clone();
    assert_eq!((&signature["differs"], &signature["digest_matches"]), (&json!(["a.txt"]), &json!(false)));
    let text = bench.run("inspect x.asice").ends(0);
    assert!(text.text().contains("A DIGEST DIFFERS: a.txt"), "{}", text.text());
    let refused = bench.run(&format!("seal x.asice {KEY} --json")).ends(1).lines("finalize").remove(0);
    assert_eq!(refused["error"]["code"], "asice.digest");
}

#[test]
fn what_validators_take_otherwise_is_said() {
    let bench = Bench::new();
    fault(&bench, "x.asice", "base.asice");
    let base = bench.read("x.asice");
    let says = |found: &Value, words: &str| remarks(found).iter().any(|remark| remark.contains(words));
    // In other letters it is a signature file here, and none to others.
    bench.write("x.asice", &replaced(&base, b"META-INF/signatures0.xml", b"META-INF/SIGNATURES0.XML"));
    let found = inspect(&bench, "x.asice");
    assert!(says(&found, "META-INF/SIGNATURES0.XML") && found["signatures"][0]["covers_all"] == false, "{found}");
    let line = bench.run(&format!("seal x.asice {KEY} --json")).ends(0).lines("finalize").remove(0);
    assert!(says(&line, "META-INF/SIGNATURES0.XML"), "{line}");
    // The new one has a name of its own also for those that do not tell letters apart.
    assert_eq!(inspect(&bench, "x-signed.asice")["signatures"][1]["file"], "META-INF/signatures1.xml");

    let (from, to) = (&b"<?xml version"[..], &b"</manifest:manifest>"[..]);
    let place = |what: &[u8]| base.windows(what.len()).position(|window| window == what).unwrap();
    let manifest = &base[place(from)..place(to) + to.len()];
    let other = replaced(manifest, b"vnd.etsi.asic-e+zip", b"vnd.etsi.asic-x+zip");
    bench.write("y.asice", &with_content(&base, manifest, &other));
    let words = "the manifest says that the container is \"application/vnd.etsi.asic-x+zip\"";
    assert!(says(&inspect(&bench, "y.asice"), words));
    let line = bench.run(&format!("seal y.asice {KEY} --json")).ends(0).lines("finalize").remove(0);
    assert!(says(&line, words), "{line}");
}
