//! `eseal inspect`: what it says of documents that were changed after they were signed, and how it ends.

use serde_json::{Value, json};

use super::Bench;

const KEY: &str = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem";

fn bench(samples: &[&str]) -> Bench {
    let bench = Bench::new();
    for name in samples {
        bench.sample(&format!("{name}.pdf"), &format!("changed/{name}.pdf"));
    }
    bench
}

/// The only line of what is said of a document.
fn inspect(bench: &Bench, name: &str) -> Value {
    bench.run(&format!("inspect {name} --json")).ends(0).lines("inspect").remove(0)
}

#[test]
fn people_see_the_common_name_and_the_times() {
    let bench = bench(&["sound", "content-after-lt"]);
    let text = bench.run("inspect sound.pdf").ends(0);
    let name = "value verifies, B-B, Piemēra Zīmogs TEST eSeal RSA, 2026-11-30T09:25:44Z; trust not checked";
    assert!(text.text().contains(name), "{}", text.text());
    let text = bench.run("inspect content-after-lt.pdf").ends(0);
    let times = ", RSATWO SIGNER TEST, 2026-11-30T09:32:38Z, time-stamp 2026-11-30T09:";
    assert!(text.text().contains(times), "{}", text.text());
    let found = &inspect(&bench, "sound.pdf")["signatures"][0];
    assert_eq!(found["signer_name"], "Piemēra Zīmogs TEST eSeal RSA");
    assert!(found["signer"].as_str().unwrap().starts_with("organizationIdentifier=NTRLV-00000000000,CN="));
}

#[test]
fn check_ends_with_1_where_something_does_not_fit() {
    let bench = bench(&["sound", "content-after-lt"]);
    bench.write("hello.txt", b"hello");
    bench.run(&format!("seal hello.txt {KEY} --compress store")).ends(0);
    bench.sample("unfilled.pdf", "unfilled.pdf");
    // Nobody signed it; and what came after a signature is said, but the signature fits.
    for name in ["a.pdf", "sound.pdf", "content-after-lt.pdf", "hello.txt.asice"] {
        let ended = bench.run(&format!("inspect {name} --check --json")).ends(0);
        assert_eq!((&ended.lines("inspect")[0]["fits"], ended.err.as_str()), (&json!(true), ""), "{name}");
    }
    let mut altered = bench.read("sound.pdf");
    let at = altered.iter().position(|byte| *byte >= 0x80).unwrap();
    altered[at] ^= 1;
    bench.write("altered.pdf", &altered);
    // The value itself lies in the hole, which is not under the digest.
    let mut value = bench.read("sound.pdf");
    let at = value.windows(64).position(|window| window == [b'0'; 64]).unwrap();
    let at = value[..at].iter().rposition(|byte| *byte != b'0').unwrap() - 8;
    value[at] = if value[at] == b'1' { b'2' } else { b'1' };
    bench.write("value.pdf", &value);
    let mut container = bench.read("hello.txt.asice");
    let at = container.windows(5).position(|window| window == b"hello").unwrap();
    let data = at + container[at..].windows(5).skip(1).position(|window| window == b"hello").unwrap() + 1;
    container[data..data + 5].copy_from_slice(b"jello");
    let (old, new) = (crc32fast::hash(b"hello").to_le_bytes(), crc32fast::hash(b"jello").to_le_bytes());
    for at in 0..container.len() - 4 {
        if container[at..at + 4] == old {
            container[at..at + 4].copy_from_slice(&new);
        }
    }
    bench.write("altered.asice", &container);
    for (name, fits) in [
        ("altered.pdf", json!(false)),
        ("value.pdf", json!(false)),
        ("altered.asice", json!(false)),
        ("unfilled.pdf", Value::Null),
    ] {
        let ended = bench.run(&format!("inspect {name} --check --json")).ends(1);
        assert_eq!(ended.lines("inspect")[0]["fits"], fits, "{name}");
        assert!(ended.err.contains(&format!("eseal: {name}: a digest")), "{}", ended.err);
        // It could be read, and that is all that is asked for without the option.
        assert_eq!(inspect(&bench, name)["fits"], fits);
    }
    let ended = bench.run("inspect altered.pdf sound.pdf --check --quiet").ends(1);
    assert!(ended.out.is_empty() && ended.err.contains("altered.pdf") && !ended.err.contains("sound"), "{}", ended.err);
}

#[test]
fn a_signature_over_the_sha_1_of_a_document_is_judged_by_that() {
    let bench = bench(&["enveloped-sha1"]);
    let found = inspect(&bench, "enveloped-sha1.pdf");
    assert_eq!(found["fits"], true, "{found}");
    assert!(found["signatures"][0]["remarks"].to_string().contains("SHA-1"), "{found}");
    // The document; then the digest of it that was signed, in the middle of the CMS structure.
    let sound = bench.read("enveloped-sha1.pdf");
    let mut altered = sound.clone();
    altered[20] ^= 1;
    bench.write("document.pdf", &altered);
    let at = sound.windows(8).position(|window| window == b"a0160414").unwrap() + 8;
    altered.clone_from(&sound);
    altered[at] = if altered[at] == b'0' { b'1' } else { b'0' };
    bench.write("digest.pdf", &altered);
    for name in ["document.pdf", "digest.pdf"] {
        bench.run(&format!("inspect {name} --check")).ends(1);
        assert_eq!(inspect(&bench, name)["fits"], false, "{name}");
    }
}
