//! Higher levels: `--level`, `eseal extend` and `eseal fetch`, against services on this machine.

use std::collections::BTreeSet;

use super::services::Services;
use super::{Bench, Ended};

const KEY: &str = "--key key.der --cert cert.pem";

impl Ended {
    /// The levels of the documents, and of failures the one that was reached, with the code behind it.
    #[track_caller]
    fn levels(&self, schema: &str) -> Vec<String> {
        let level = |line: serde_json::Value| match line["error"]["code"].as_str() {
            Some(code) => format!("{} {code}", line["reached"].as_str().unwrap_or("-")),
            None => line["level"].as_str().unwrap().to_owned(),
        };
        self.lines(schema).into_iter().map(level).collect()
    }
}

/// The levels that `inspect` reads in files of the folder.
#[track_caller]
fn claimed(bench: &Bench, names: &str) -> Vec<String> {
    let lines = bench.run(&format!("inspect {names} --json")).ends(0).lines("inspect");
    let levels = lines.iter().flat_map(|line| line["signatures"].as_array().unwrap());
    let signatures = levels.filter(|signature| signature["sub_filter"] != "ETSI.RFC3161");
    signatures.map(|signature| signature["level_claimed"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn sealing_climbs_to_the_level_and_asks_once_for_all() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    bench.write("b.txt", b"text");
    for (level, stamps) in [("b-t", 2), ("b-lt", 2), ("b-lta", 4)] {
        let before = services.counts();
        let line = format!("seal a.pdf b.txt {KEY} {} --level {level} --out {level} --json", services.options());
        let ended = bench.run(&line).ends(0);
        assert_eq!(ended.levels("finalize"), [level.to_uppercase(), level.to_uppercase()]);
        let mut seconds = BTreeSet::new();
        for line in ended.lines("finalize") {
            let added = line["timestamps"].as_array().unwrap();
            assert_eq!((added.len(), added[0]["url"].as_str()), (stamps / 2, Some(&*services.tsa())));
            seconds.insert(added[0]["gen_time"].as_str().unwrap()[..19].to_owned());
            assert_eq!(line["revocation"].as_array().unwrap().is_empty(), level == "b-t");
        }
        let after = services.counts();
        assert_eq!(after.0 - before.0, stamps);
        // Signer and time-stamping service, each once for both documents; an answer that is older than the second
        // one's time-stamp would be none for it.
        let questions = after.1 - before.1;
        match (level, seconds.len()) {
            ("b-t", _) => assert_eq!(questions, 0),
            // And the signer once more, before the first time-stamp was bought.
            (_, 1) => assert_eq!(questions, 3),
            _ => assert!((3..=5).contains(&questions), "{questions}"),
        }
        assert_eq!(claimed(&bench, level), [level.to_uppercase(), level.to_uppercase()]);
    }
}

#[test]
fn what_a_level_needs_is_said_before_anything_is_done() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    let tsa = services.tsa();
    for line in [
        format!("seal a.pdf {KEY} --level b-t"),
        format!("seal a.pdf {KEY} --level b-lt --tsa {tsa}"),
        format!("seal a.pdf {KEY} --level b-t --tsa http://me:canary@127.0.0.1/"),
        format!("seal a.pdf {KEY} --level b-x --tsa {tsa}"),
        format!("extend a.pdf --tsa {tsa}"),
        format!("extend a.pdf --level b-b --tsa {tsa}"),
        format!("extend a.pdf --level b-lta --tsa {tsa}"),
        "extend a.pdf --level b-t".into(),
        format!("extend a.pdf --level b-t --tsa {tsa} --renew-before soon"),
        format!("extend a.pdf --level b-t --tsa {tsa} --evidence e --record r"),
        format!("extend a.pdf --level b-t --tsa {tsa} --requests 0"),
    ] {
        let ended = bench.run(&line).ends(2);
        assert!(!ended.err.contains("canary"), "{}", ended.err);
    }
    assert_eq!((services.counts(), bench.path("a-signed.pdf").exists()), ((0, 0), false));
    let ended = bench.run(&format!("seal a.pdf {KEY} --level b-t --tsa {tsa}")).ends(0);
    assert!(ended.err.contains("--trust"), "{}", ended.err);
}

#[test]
fn documents_are_raised_and_left_alone_where_they_are_there() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    bench.write("in/b.txt", b"text");
    bench.sample("in/a.pdf", "minimal.pdf");
    bench.run(&format!("seal in --all-files --out bb {KEY}")).ends(0);
    let options = services.options();
    bench.run(&format!("extend bb --level b-lt {options}")).ends(2);
    let ended = bench.run(&format!("extend bb --level b-lt {options} --out up --json")).ends(0);
    assert_eq!(ended.levels("extend"), ["B-LT", "B-LT"]);
    assert!(bench.read("up/a.pdf").starts_with(&bench.read("bb/a.pdf")));
    let counts = services.counts();
    let again = bench.run(&format!("extend up --level b-lt {options} --in-place --json")).ends(0).lines("extend");
    assert!(again.iter().all(|line| line["unchanged"] == true && line["output"].is_null()), "{again:?}");
    assert_eq!(services.counts(), counts);
    bench.run(&format!("extend up --level b-lta {options} --in-place")).ends(0);
    assert_eq!(claimed(&bench, "up/a.pdf up/b.txt.asice"), ["B-LTA", "B-LTA"]);
    let before = bench.read("up/a.pdf");
    let early = bench.run(&format!("extend up/a.pdf --level b-lta {options} --in-place --renew-before 1d --json"));
    assert_eq!(early.ends(0).lines("extend")[0]["unchanged"], true);
    assert_eq!(bench.read("up/a.pdf"), before);
    let line = format!("extend up --level b-lta {options} --in-place --renew-before 9999d --json");
    let renewed = bench.run(&line).ends(0).lines("extend");
    assert!(renewed.iter().all(|line| line["timestamps"].as_array().unwrap().len() == 1), "{renewed:?}");
    assert!(renewed.iter().all(|line| line["protected_until"].is_string()), "{renewed:?}");
    bench.run(&format!("extend bb/a.pdf --level b-t {options}")).ends(0);
    assert!(bench.path("bb/a-extended.pdf").exists());
}

#[test]
fn what_has_no_signature_and_what_is_broken_is_no_obstacle_for_others() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    bench.run(&format!("seal a.pdf {KEY} --out bb")).ends(0);
    bench.sample("bb/unsigned.pdf", "minimal.pdf");
    let mut broken = bench.read("bb/a.pdf");
    let at = broken.windows(4).position(|four| four == b"/Typ").unwrap();
    broken[at + 1] ^= 0x20;
    bench.write("bb/broken.pdf", &broken);
    let line = format!("extend bb --level b-t {} --out up --json", services.options());
    let codes = bench.run(&line).ends(1).codes("extend");
    assert_eq!((&*codes["bb/a.pdf"], &*codes["bb/unsigned.pdf"]), ("-", "document.unsigned"));
    assert_ne!(codes["bb/broken.pdf"], "-");
    assert_eq!(bench.files().iter().filter(|name| name.starts_with("up/") && name.ends_with(".pdf")).count(), 1);
}

#[test]
fn a_signature_that_is_broken_is_left_out_and_told() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    bench.write("b.txt", b"text");
    bench.run(&format!("seal b.txt {KEY}")).ends(0);
    bench.run("seal b.txt.asice --in-place --key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem").ends(0);
    // Nobody here trusts the second signer: his signature can't be raised, the other one can.
    let line = format!("extend b.txt.asice --level b-lt {} --json", services.options());
    let lines = bench.run(&line).ends(1).lines("extend");
    assert_eq!((lines[0]["level"].as_str(), lines[0]["unchanged"].as_bool()), (Some("B-LT"), Some(false)));
    let left_out = lines[0]["left_out"].as_array().unwrap();
    assert_eq!(left_out.len(), 1, "{left_out:?}");
    assert_eq!(left_out[0]["error"]["code"], "certificate.path");
}

#[test]
fn a_dry_run_sends_and_writes_nothing() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    bench.run(&format!("seal a.pdf {KEY} --in-place")).ends(0);
    let before = bench.files();
    let line = format!("extend a.pdf --level b-lta {} --dry-run --json", services.options());
    let line = bench.run(&line).ends(0).lines("forecast").remove(0);
    assert_eq!((line["level"].as_str(), line["would_reach"].as_str()), (Some("B-B"), Some("B-LTA")));
    assert_eq!((line["timestamps"].as_u64(), line["tsa"].as_str()), (Some(2), Some(&*services.tsa())));
    assert_eq!(line["fetches"][0]["kind"], "ocsp");
    assert!(line["bytes"].as_u64().unwrap() > 10_000);
    assert_eq!((services.counts(), bench.files()), ((0, 0), before));
    bench.run("extend a.pdf --level b-lta --dry-run").ends(2);
    bench.run(&format!("extend a.pdf --level b-lt {} --in-place", services.options())).ends(0);
    let lines = |level| bench.run(&format!("extend a.pdf --level {level} --dry-run --trust root.pem --json")).ends(0);
    let there = lines("b-lt").lines("forecast").remove(0);
    assert_eq!((there["level"].as_str(), there["would_reach"].as_str()), (Some("B-LT"), Some("B-LT")));
    assert_eq!((there["timestamps"].as_u64(), there["bytes"].as_u64()), (Some(0), Some(0)));
    let above = lines("b-lta").lines("forecast").remove(0);
    assert_eq!((above["level"].as_str(), above["timestamps"].as_u64()), (Some("B-LT"), Some(1)));
    bench.run("extend a.pdf --level b-lta --dry-run --trust root.pem").ends(0);
}

#[test]
fn a_service_that_fails_leaves_no_output_and_says_how_far_it_got() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    services.fail(Some(403));
    let line = format!("seal a.pdf {KEY} {} --level b-lt --json", services.options());
    let refused = bench.run(&line);
    assert_eq!(refused.levels("finalize"), ["B-B service.refused"]);
    assert_eq!(refused.status, 3, "nobody else is left to be asked");
    assert!(!bench.path("a-signed.pdf").exists());
    services.fail(None);
    services.silence(true);
    let line = format!("seal a.pdf {KEY} {} --level b-lt", services.options());
    let failed = bench.run(&format!("{line} --json")).ends(1);
    assert_eq!(failed.levels("finalize"), ["B-T service.unavailable"]);
    assert_eq!(failed.lines("finalize")[0]["error"]["retry"], "later");
    assert!(!bench.path("a-signed.pdf").exists());
    let lower = bench.run(&format!("{line} --accept-lower --json")).ends(0);
    assert_eq!(lower.levels("finalize"), ["B-T"]);
    assert!(lower.err.contains("B-T instead of B-LT"), "{}", lower.err);
    assert_eq!(claimed(&bench, "a-signed.pdf"), ["B-T"]);
    // From there nothing is gained, so there is nothing to write.
    let line = format!("extend a-signed.pdf --level b-lta {} --accept-lower --json", services.options());
    assert_eq!(bench.run(&line).ends(1).levels("extend"), ["B-T service.unavailable"]);
    services.silence(false);
    services.fail(Some(503));
    bench.run(&format!("extend a-signed.pdf --level b-lt {} --in-place", services.options())).ends(0);
    assert_eq!(bench.run(&line).ends(1).levels("extend"), ["B-LT service.unavailable"]);
    assert!(!bench.path("a-signed-extended.pdf").exists());
}

#[test]
fn finalizing_goes_on_where_a_service_was_down() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    bench.write("b.txt", b"text");
    let line = "prepare a.pdf b.txt --cert cert.pem --store work --level b-lt --out signed --json";
    let prepared = bench.run(line).ends(0).lines("prepare");
    bench.write("values.jsonl", bench.sign_with("key.der", &prepared).as_bytes());
    let options = services.options();
    // Without services the values are kept all the same.
    let ended = bench.run("finalize --store work --values values.jsonl --json").ends(1);
    assert_eq!(ended.levels("finalize"), ["B-B service.offline", "B-B service.offline"]);
    services.silence(true);
    let ended = bench.run(&format!("finalize --store work {options} --json")).ends(1);
    assert_eq!(ended.levels("finalize"), ["B-T service.unavailable", "B-T service.unavailable"]);
    let stamps = services.counts().0;
    assert_eq!((stamps, bench.path("signed").exists()), (2, false));
    // What was reached is there: with the lower level accepted nobody is asked for another time-stamp.
    let ended = bench.run(&format!("finalize --store work {options} --accept-lower --json")).ends(0);
    assert_eq!(ended.levels("finalize"), ["B-T", "B-T"]);
    services.silence(false);
    let ended = bench.run(&format!("finalize --store work {options} --json")).ends(0);
    assert_eq!(ended.levels("finalize"), ["B-LT", "B-LT"]);
    assert_eq!((services.counts().0, claimed(&bench, "signed")), (stamps, vec!["B-LT".into(), "B-LT".into()]));
    // Once more the same: it is there.
    let (before, counts) = (bench.read("signed/a.pdf"), services.counts());
    let ended = bench.run(&format!("finalize --store work --values values.jsonl {options} --json")).ends(0);
    assert_eq!(ended.levels("finalize"), ["B-LT", "B-LT"]);
    assert_eq!((bench.read("signed/a.pdf"), services.counts()), (before, counts));
    assert_eq!(bench.run("sessions --store work list --json").ends(0).lines("sessions")[0]["status"], "signed");
}

#[test]
fn a_machine_without_network_asks_in_rounds() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    bench.write("in/b.txt", b"text");
    bench.sample("in/a.pdf", "minimal.pdf");
    bench.run(&format!("seal in --all-files --out bb {KEY}")).ends(0);
    let ask = "extend bb --out up --level b-lta --trust root.pem --ask asked --evidence asked";
    let ended = bench.run(&format!("{ask} --json")).ends(1);
    assert!(ended.err.contains("round 1 is open"), "{}", ended.err);
    assert_eq!(ended.levels("extend"), ["B-B service.offline", "B-B service.offline"]);
    let mut rounds = 0;
    while bench.run(ask).status != 0 {
        rounds += 1;
        assert!(rounds <= 4, "{}", bench.run(ask).err);
        let fetched = bench.run(&format!("fetch asked --tsa {} --json", services.tsa())).ends(0);
        assert!(!fetched.lines("fetch").is_empty());
    }
    assert_eq!(rounds, 3);
    assert_eq!(services.counts(), (4, 2));
    assert_eq!(claimed(&bench, "up/a.pdf up/b.txt.asice"), ["B-LTA", "B-LTA"]);
    assert!(bench.run(&format!("fetch asked --tsa {}", services.tsa())).ends(0).out.is_empty());
    // The answers are evidence of the same run at any later time.
    let again = bench.run(&format!("{ask} --overwrite")).ends(0);
    assert!(!again.err.contains("open"), "{}", again.err);
    assert_eq!(services.counts(), (4, 2));
}

#[test]
fn a_mixed_archive_goes_on_round_by_round_until_all_of_it_is_there() {
    for place in ["--out up", "", "--in-place --state-dir state"] {
        let bench = Bench::new();
        let services = Services::start(&bench);
        let options = services.options();
        bench.write("b.txt", b"text");
        for level in ["b-b", "b-t", "b-lt", "b-lta"] {
            bench.run(&format!("seal a.pdf b.txt {KEY} {options} --level {level} --out in/{level}")).ends(0);
            std::fs::remove_file(bench.path(&format!("in/{level}/.eseal-run"))).unwrap();
        }
        let inputs = ["b-b", "b-t", "b-lt", "b-lta"].map(|level| format!("in/{level}/a.pdf in/{level}/b.txt.asice"));
        let inputs = if place.starts_with("--out") { "in".into() } else { inputs.join(" ") };
        let ask = format!("extend {inputs} {place} --level b-lta --trust root.pem --ask asked");
        let mut rounds = 0;
        loop {
            let ended = bench.run(&ask);
            assert!(!ended.err.contains("io.target-exists"), "{place}: {}", ended.err);
            if ended.status == 0 {
                break;
            }
            let ended = ended.ends(1);
            assert!(ended.err.contains("is open"), "{}", ended.err);
            rounds += 1;
            assert!(rounds <= 5, "{place}: {}", ended.err);
            bench.run(&format!("fetch asked --tsa {}", services.tsa())).ends(0);
        }
        assert!(rounds >= 2, "documents of all levels end in different rounds");
        let raised = match place {
            "--out up" => "up",
            "" => {
                "in/b-b/a-extended.pdf in/b-b/b.txt-extended.asice in/b-t/a-extended.pdf in/b-t/b.txt-extended.asice \
                 in/b-lt/a-extended.pdf in/b-lt/b.txt-extended.asice"
            }
            _ => "in",
        };
        let levels = claimed(&bench, raised);
        assert!(levels.len() >= 6 && levels.iter().all(|level| level == "B-LTA"), "{place}: {levels:?}");
        // All of it is there: the same call again changes nothing and asks for nothing.
        let counts = services.counts();
        bench.run(&ask).ends(0);
        assert_eq!(services.counts(), counts);
    }
}

#[test]
fn answers_that_were_recorded_give_the_same_document_without_services() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    bench.write("b.txt", b"text");
    let time = eseal::draw_moment(&eseal::system::SystemClock, &eseal::system::OsEntropy).unwrap().time();
    let fixed = format!("--time {time} --nonce {}", "7".repeat(64));
    bench.run(&format!("seal a.pdf b.txt {KEY} {fixed} --out bb")).ends(0);
    // Each with a folder of its own: who is stamped a second later asks the same question again, and its later answer
    // takes the place of the earlier.
    for name in ["a.pdf", "b.txt.asice"] {
        let line = format!("extend bb/{name} --level b-lta --trust root.pem {fixed}");
        bench.run(&format!("{line} --tsa {} --record kept-{name} --out one", services.tsa())).ends(0);
        let counts = services.counts();
        bench.run(&format!("{line} --evidence kept-{name} --out two")).ends(0);
        assert_eq!(services.counts(), counts);
        assert!(bench.read(&format!("one/{name}")) == bench.read(&format!("two/{name}")), "{name}");
    }
    let ended = bench.run("extend bb --level b-lta --trust root.pem --evidence empty --out three --json").ends(1);
    assert_eq!(ended.levels("extend"), ["B-B service.offline", "B-B service.offline"]);
}

#[test]
fn a_table_sets_a_service_up() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    let table = format!(
        "trust = ['root.pem']\nlevel = 'b-t'\n[[tsa]]\nurl = '{}'\npolicy = '1.2.3.4'\ndigest = 'sha512'\nbudget = 1\n",
        services.tsa()
    );
    bench.write("eseal.toml", table.as_bytes());
    let ended = bench.run(&format!("seal a.pdf {KEY} --config eseal.toml --json")).ends(0);
    assert_eq!(ended.lines("finalize")[0]["timestamps"][0]["policy"], "1.2.3.4");
    bench.sample("in/a.pdf", "minimal.pdf");
    bench.sample("in/b.pdf", "minimal.pdf");
    // A second one is not in the budget: the run stops. One worker, so that the first is the first to ask.
    let ended = bench.run(&format!("seal in --out out {KEY} --config eseal.toml --jobs 1 --json")).ends(3);
    assert_eq!(ended.levels("finalize"), ["B-T", "B-B service.budget"]);
    bench.write("secret.toml", b"[[tsa]]\nurl = 'http://a/'\npassword = 'canary'");
    let ended = bench.run(&format!("seal a.pdf {KEY} --config secret.toml")).ends(2);
    assert!(!ended.err.contains("canary"), "{}", ended.err);
}

#[test]
fn resume_knows_what_was_raised_also_when_the_journal_lacks_a_line() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    for name in ["in/a.pdf", "in/b.pdf", "in/c.pdf"] {
        bench.sample(name, "minimal.pdf");
    }
    bench.run(&format!("seal in --out bb {KEY}")).ends(0);
    let line = format!("extend bb --out up --level b-lt {}", services.options());
    bench.run(&line).ends(0);
    let journal = String::from_utf8(bench.read("up/.eseal-run")).unwrap();
    bench.write("up/.eseal-run", journal.split_inclusive('\n').take(2).collect::<String>().as_bytes());
    std::fs::remove_file(bench.path("up/c.pdf")).unwrap();
    let lines = bench.run(&format!("{line} --resume --json")).ends(0).lines("extend");
    let skipped: Vec<_> = lines.iter().map(|line| line.get("skipped").is_some()).collect();
    assert_eq!(skipped, [true, true, false]);
}

#[test]
fn one_document_through_a_pipe() {
    let bench = Bench::new();
    let services = Services::start(&bench);
    let signed = bench.run_with(&format!("seal - {KEY}"), &bench.read("a.pdf")).ends(0).out;
    let line = format!("extend - --level b-t {}", services.options());
    let raised = bench.run_with(&line, &signed).ends(0).out;
    assert!(raised.starts_with(&signed) && raised.len() > signed.len());
    assert_eq!(bench.run_with(&line, &raised).ends(0).out, raised);
}
