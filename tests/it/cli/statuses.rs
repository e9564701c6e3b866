//! Each verb ends as the table of exit statuses says: every status of the table is provoked.

use std::collections::BTreeMap;
use std::fs::File;
use std::process::Stdio;

use super::services::Services;
use super::{Bench, testdata};

/// What is told of a status: `–` where a verb does not end so.
type Row = BTreeMap<i32, String>;

fn table(bench: &Bench) -> BTreeMap<String, Row> {
    let text = bench.run("man --statuses").ends(0).text().to_owned();
    let (_, verbs) = text.split_once("| verb |").unwrap();
    let mut lines = verbs.lines();
    let statuses: Vec<i32> = lines.next().unwrap().split('|').filter_map(|cell| cell.trim().parse().ok()).collect();
    assert_eq!(statuses, [0, 1, 2, 3, 130]);
    let rows = lines.skip(1).map(|line| {
        let mut cells = line.trim_matches('|').split('|').map(str::trim);
        let verb = cells.next().unwrap().trim_matches('`').to_owned();
        (verb, statuses.iter().copied().zip(cells.map(str::to_owned)).collect())
    });
    rows.collect()
}

/// A folder in which each verb has what it works on.
fn furnished() -> (Bench, Services, String) {
    let bench = Bench::new();
    let services = Services::start(&bench);
    bench.write("bad.pdf", b"no pdf");
    bench.write("pw", b"test\n");
    bench.write("none", b"");
    bench.write("hello.txt", b"hello");
    bench.write("in-place.pdf", &bench.read("a.pdf"));
    bench.write(".in-place.pdf.eseal-undo", b"not this account's own");
    let prepared = bench.run("prepare a.pdf --cert $KEYS/ec-certificate.pem --store work --json").ends(0);
    bench.write("digests.jsonl", &prepared.out);
    let id = prepared.lines("prepare")[0]["id"].as_str().unwrap().to_owned();
    bench.write("wrong.jsonl", format!("{{\"id\":\"{id}\",\"signature\":\"AAAA\"}}").as_bytes());
    bench.write("values.jsonl", bench.sign(&prepared.lines("prepare")).as_bytes());
    let data = eseal::DigestAlgorithm::Sha256.digest(b"hello").to_hex();
    let line = format!("{{\"name\":\"hello.txt\",\"digest\":\"{data}\",\"digest_algorithm\":\"SHA-256\"}}");
    bench.write("data.jsonl", line.as_bytes());
    let key = "--key key.der --cert cert.pem";
    bench.run(&format!("seal --digests data.jsonl --into empty.asice {key}")).ends(0);
    bench.run(&format!("seal a.pdf --out signed {key}")).ends(0);
    // Requests that wait for their answers.
    let ask = "extend signed --level b-t --trust root.pem --out raised --ask";
    bench.run(&format!("{ask} asked")).ends(1);
    bench.run(&format!("{ask} asked-too").replace("raised", "raised-too")).ends(1);
    let session = bench.run("lvrtc --store S start").ends(0);
    let session: serde_json::Value = serde_json::from_str(session.text()).unwrap();
    (bench, services, session["data"]["sessionId"].as_str().unwrap().to_owned())
}

#[test]
fn each_verb_ends_in_every_way_that_the_table_tells() {
    let (bench, services, session) = furnished();
    let tsa = services.tsa();
    let table = table(&bench);
    let key = "--key key.der --cert cert.pem";
    // What succeeds, may be called again, and prints something.
    let good: &[(&str, String)] = &[
        ("demo", "demo --overwrite".into()),
        ("inspect", "inspect a.pdf".into()),
        ("prepare", "prepare a.pdf --cert $KEYS/ec-certificate.pem --store work".into()),
        ("finalize", "finalize --store work --values values.jsonl --out done --overwrite".into()),
        ("seal", format!("seal a.pdf --out sealed --overwrite {key}")),
        ("extend", format!("extend signed --level b-t --tsa {tsa} --trust root.pem --out raised --overwrite")),
        ("fetch", format!("fetch asked --tsa {tsa}")),
        ("fill", "fill empty.asice hello.txt --out full --overwrite".into()),
        ("restore", "restore a.pdf".into()),
        ("summary", "summary digests.jsonl".into()),
        ("encrypt-password", "encrypt-password --password-file pw --service-key $KEYS/rsa-certificate.pem".into()),
        ("lvrtc", format!("lvrtc --store S list {session}")),
        ("sessions", "sessions --store work list".into()),
        ("errors", "errors bug".into()),
        ("completions", "completions bash".into()),
        ("man", "man seal".into()),
    ];
    assert_eq!(good.len(), table.len());
    // What fails for some, and what stops for all.
    let request = r#"{"sessions":[{"sessionId":"00000000-0000-4000-8000-000000000000"}],"certificate":"$PEM"}"#;
    let certificate = String::from_utf8(bench.read("cert.pem")).unwrap().replace('\n', "\\n");
    let request = request.replace("$PEM", &certificate);
    let more: &[(&str, i32, &str, &str)] = &[
        ("demo", 1, "demo --out a.pdf/below", ""),
        ("inspect", 1, "inspect a.pdf bad.pdf", ""),
        ("prepare", 1, "prepare a.pdf bad.pdf --cert $KEYS/ec-certificate.pem --store work", ""),
        ("prepare", 3, "prepare a.pdf --cert bad.pdf --store work", ""),
        ("finalize", 1, "finalize --store work --values wrong.jsonl --out wrong", ""),
        ("seal", 1, "seal a.pdf bad.pdf --out sealed --overwrite --key key.der --cert cert.pem", ""),
        ("seal", 3, "seal a.pdf --out sealed --overwrite --key $KEYS/ec.p12 --password-file none", ""),
        ("extend", 1, "extend a.pdf --level b-t --tsa http://127.0.0.1:9/ --trust root.pem", ""),
        ("fetch", 1, "fetch asked-too --tsa http://127.0.0.1:9/", ""),
        ("fill", 1, "fill empty.asice a.pdf --out full --overwrite", ""),
        ("restore", 1, "restore in-place.pdf", ""),
        ("summary", 2, "summary a.pdf", ""),
        ("encrypt-password", 3, "encrypt-password --password-file pw --service-key $KEYS/ec-certificate.pem", ""),
        ("lvrtc", 1, "lvrtc --store S calculate-digest", &request),
        ("lvrtc", 2, "lvrtc --store S calculate-digest", "{}"),
        ("sessions", 1, "sessions --store work show ffff", ""),
        ("errors", 2, "errors no.such", ""),
        ("completions", 2, "completions csh", ""),
        ("man", 2, "man sign", ""),
    ];
    let mut seen: Vec<(String, i32)> = Vec::new();
    let mut saw = |verb: &str, status: i32, how: &str| {
        let told = table[verb].get(&status).map_or("–", String::as_str);
        assert!(told != "–" && !told.is_empty(), "{verb} ends with {status} ({how}), which the table does not tell");
        seen.push((verb.to_owned(), status));
    };
    for (verb, line) in good {
        bench.run(line).ends(0);
        saw(verb, 0, line);
        bench.run(&format!("{verb} --nonsense")).ends(2);
        saw(verb, 2, "--nonsense");
        let keys = testdata("keys");
        // In place of what is done already.
        let line = line.replace("fetch asked ", "fetch asked-too ").replace("$KEYS", keys.to_str().unwrap());
        let words: Vec<&str> = line.split_whitespace().collect();
        // A disk without room.
        if let Ok(full) = File::options().write(true).open("/dev/full") {
            let done = bench.command(&words).stdout(full).stderr(Stdio::piped()).output().unwrap();
            assert_eq!(done.status.code(), Some(3), "{line}: {}", String::from_utf8_lossy(&done.stderr));
        }
        saw(verb, 3, "a full disk");
        if *verb == "fetch" {
            std::fs::remove_dir_all(bench.path("asked-too")).unwrap();
            bench.run("extend signed --level b-t --trust root.pem --out raised-too --ask asked-too").ends(1);
        }
        // A reader that is gone before anything is said.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let done = bench.command(&words).stdout(writer).stderr(Stdio::piped()).output().unwrap();
        assert_eq!(done.status.code(), Some(130), "{line}: {}", String::from_utf8_lossy(&done.stderr));
        saw(verb, 130, "no reader");
        if *verb == "fetch" {
            std::fs::remove_dir_all(bench.path("asked-too")).unwrap();
            bench.run("extend signed --level b-t --trust root.pem --out raised-too --ask asked-too").ends(1);
        }
    }
    for (verb, status, line, input) in more {
        bench.run_with(line, input.as_bytes()).ends(*status);
        saw(verb, *status, line);
    }
    for (verb, row) in &table {
        for (status, told) in row {
            assert_eq!(told != "–", seen.contains(&(verb.clone(), *status)), "{verb} {status}: {told}");
        }
    }
}

#[test]
fn interruptions_and_what_all_share_are_told_apart() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    // Every service refuses: each document waits for one, none of them failed for good.
    services.fail(Some(503));
    let line = format!("seal a.pdf --key key.der --cert cert.pem --level b-t --out out {}", services.options());
    let ended = bench.run(&line);
    assert!([1, 3].contains(&ended.status), "{}", ended.err);
    services.fail(None);
    bench.run(&line).ends(0);
    services.revoke();
    bench.run(&format!("{line} --overwrite --level b-lt")).ends(3);
}
