//! Key files of other makers, several certificates of one key, and what editors leave in files beside them.

use std::fs;

use super::{Bench, Ended, testdata};

/// Copies a file of `testdata/keys` into the folder.
fn bring(bench: &Bench, name: &str, as_name: &str) {
    bench.write(as_name, &fs::read(testdata("keys").join(name)).unwrap());
}

/// The key `ec` with these certificates behind it, in a PEM file.
fn key_with(bench: &Bench, certificates: &[&str]) {
    let mut pem = fs::read(testdata("keys").join("ec.pem")).unwrap();
    for name in certificates {
        pem.extend(fs::read(testdata("keys/renewed").join(format!("{name}.pem"))).unwrap());
    }
    bench.write("work/key.pem", &pem);
}

fn said(ended: Ended) -> String {
    ended.err + str::from_utf8(&ended.out).unwrap()
}

#[track_caller]
fn signer(ended: Ended) -> String {
    ended.ends(0).lines("finalize")[0]["signer"]["subject"].as_str().unwrap().to_owned()
}

#[test]
fn of_several_certificates_of_one_key_the_valid_one_is_taken() {
    let bench = Bench::new();
    let seal = |rest: &str| bench.run(&format!("seal a.pdf --key work/key.pem --json --out out --overwrite {rest}"));
    for certificates in
        [&["old", "new"][..], &["new", "old"], &["next", "old", "new", "older"], &["old", "older", "next", "new"]]
    {
        key_with(&bench, certificates);
        assert_eq!(signer(seal("")), "CN=Test key new", "{certificates:?}");
    }
    key_with(&bench, &["new", "newer", "old"]);
    assert_eq!(signer(seal("")), "CN=Test key newer", "of several the one that began last");
    let renewed = testdata("keys/renewed");
    assert_eq!(signer(seal(&format!("--cert {}/new.pem", renewed.display()))), "CN=Test key new", "as it was named");
    let ended = seal(&format!("--cert {}/old.pem", renewed.display()));
    assert!(said(ended.ends(3)).contains("certificate.expired"));
    let nonce = "00".repeat(32);
    assert_eq!(signer(seal(&format!("--time 2020-06-01T00:00:00Z --nonce {nonce}"))), "CN=Test key old");
    assert_eq!(
        signer(seal(&format!("--time 2018-06-01T00:00:00Z --nonce {nonce} --allow-expired"))),
        "CN=Test key old"
    );
    key_with(&bench, &["older", "old"]);
    let text = said(seal("").ends(3));
    assert!(
        text.contains("certificate.expired") && text.contains("of 2 certificates of the key none is valid"),
        "{text}"
    );
    assert!(["2017-01-01", "2019-01-01", "2021-01-01"].iter().all(|date| text.contains(date)), "{text}");
    assert_eq!(signer(seal("--allow-expired")), "CN=Test key old", "the one that ran out last");
    key_with(&bench, &["next"]);
    assert!(said(seal("").ends(3)).contains("certificate.not-yet-valid"));
    // A certificate that is not the key's is not passed over in silence.
    key_with(&bench, &["new"]);
    assert!(said(seal("--cert $KEYS/rsa-certificate.pem").ends(3)).contains("key.certificate"));
}

#[test]
fn a_file_of_certificates_names_the_valid_one_for_a_key_elsewhere() {
    let bench = Bench::new();
    let pem = |name: &str| fs::read(testdata("keys/renewed").join(format!("{name}.pem"))).unwrap();
    bench.write("work/two.pem", &[pem("old"), pem("new")].concat());
    let line = "prepare a.pdf --cert work/two.pem --store work/store --json";
    let prepared = bench.run(line).ends(0).lines("prepare");
    bench.write("work/values", bench.sign(&prepared).as_bytes());
    let ended = bench.run("finalize --store work/store --values work/values --out out --json");
    assert_eq!(signer(ended), "CN=Test key new");
}

#[test]
fn key_files_of_other_makers_seal() {
    let bench = Bench::new();
    let shared = |name: &str| bench.path("work").join(name).display().to_string();
    for (name, password) in [
        ("others/bc-pkcs12.p12", "test"),
        ("others/bc-built-pbmac1-ber.p12", "test"),
        ("others/bc-built-scrypt-ber.p12", "test"),
        ("others/bc-pkcs12-aes256-aes128-gcm.p12", "test"),
        ("others/keytool-default-testing.p12", "testing"),
        ("others/openssl-sha1-rc4-128.p12", "test"),
        ("others/openssl-camellia-256.p12", "test"),
        ("others/windows-aes256.p12", "test"),
        ("others/headers-ec-aes128.pem", "test"),
    ] {
        bring(&bench, name, "work/key");
        // As an editor of Windows writes it.
        bench.write("work/password", format!("\u{feff}{password}\r\n").as_bytes());
        let line = format!(
            "seal a.pdf --key {} --cert $KEYS/ec-certificate.pem --password-file {} --out out --overwrite --json",
            shared("key"),
            shared("password")
        );
        assert_eq!(signer(bench.run(&line)), "CN=Test key ec", "{name}");
    }
    let mut pfx = bench.read("work/key");
    pfx.clear();
    pfx.extend(fs::read(testdata("keys/ec.p12")).unwrap());
    pfx.push(b'\n');
    bench.write("work/key", &pfx);
    let line = "seal a.pdf --key work/key --password-file work/password --out out --overwrite --json";
    assert_eq!(signer(bench.run(line)), "CN=Test key ec");
}

#[test]
fn a_mark_before_a_list_is_no_part_of_its_first_line() {
    let bench = Bench::new();
    let key = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem --json";
    bench.write("names", "\u{feff}a.pdf\r\n".as_bytes());
    bench.run(&format!("seal --files-from names {key} --out one")).ends(0);
    bench.write("names", "\u{feff}\n\na.pdf\n".as_bytes());
    bench.run(&format!("seal --files-from names {key} --out two")).ends(0);
    bench.write("lines", "\u{feff}{\"input\":\"a.pdf\",\"ref\":\"7\"}\n".as_bytes());
    let lines = bench.run(&format!("seal --manifest lines {key} --out three")).ends(0).lines("finalize");
    assert_eq!(lines[0]["ref"], "7");
}

#[test]
fn a_modulus_without_its_zero_is_judged_and_never_signed_with() {
    let bench = Bench::new();
    bring(&bench, "renewed/negative.pdf", "card.pdf");
    let found = bench.run("inspect card.pdf --json").ends(0).lines("inspect").remove(0);
    let signature = &found["signatures"][0];
    assert!(signature["digest_matches"] == true && signature["signature_verifies"] == true, "{found}");
    assert!(signature["signer"].as_str().unwrap().contains("Test key without zero"), "{found}");
    // One more signature beside it, by a sound key.
    let more = "seal card.pdf --key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem --out out --json";
    assert_eq!(signer(bench.run(more)), "CN=Test key ec");
    let found = bench.run("inspect out/card.pdf --json").ends(0).lines("inspect").remove(0);
    let signatures = found["signatures"].as_array().unwrap();
    assert!(signatures.len() == 2 && signatures.iter().all(|one| one["signature_verifies"] == true), "{found}");
    let negative = testdata("keys/renewed/negative.pem");
    for line in [
        format!("prepare a.pdf --cert {} --store work/store --json", negative.display()),
        format!("seal a.pdf --key $KEYS/rsa.pem --cert {} --out never --json", negative.display()),
    ] {
        let ended = bench.run(&line);
        assert!(ended.status != 0 && ended.err.contains("certificate.key.encoding"), "{ended:?}");
    }
    assert!(!bench.files().iter().any(|file| file.starts_with("never/")));
}

/// A ZIP of stored entries, each with its name as bytes and its flags.
fn zip(entries: &[(&[u8], u16, &[u8])]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for (name, flags, content) in entries {
        let offset = u32::try_from(out.len()).unwrap();
        let mut common = Vec::new();
        for number in [10, *flags, 0, 0, 0x21] {
            common.extend(number.to_le_bytes());
        }
        let size = u32::try_from(content.len()).unwrap();
        for number in [crc32fast::hash(content), size, size] {
            common.extend(number.to_le_bytes());
        }
        common.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
        common.extend([0, 0]);
        out.extend([b"PK\x03\x04", &common[..], name, content].concat());
        directory.extend([b"PK\x01\x02\x14\0", &common[..], &[0; 10], &offset.to_le_bytes(), name].concat());
    }
    let count = u16::try_from(entries.len()).unwrap().to_le_bytes();
    let (size, at) = (u32::try_from(directory.len()).unwrap(), u32::try_from(out.len()).unwrap());
    let end = [b"PK\x05\x06\0\0\0\0", &count[..], &count, &size.to_le_bytes(), &at.to_le_bytes(), &[0, 0]].concat();
    [out, directory, end].concat()
}

fn manifest(names: &[&str]) -> String {
    let files = ["/"]
        .iter()
        .chain(names)
        .map(|name| format!("<manifest:file-entry manifest:full-path=\"{name}\" manifest:media-type=\"text/plain\"/>"));
    format!(
        "<manifest:manifest xmlns:manifest=\"urn:oasis:names:tc:opendocument:xmlns:manifest:1.0\" \
         manifest:version=\"1.2\">{}</manifest:manifest>",
        files.collect::<String>()
    )
}

const MIMETYPE: (&[u8], u16, &[u8]) = (b"mimetype", 0, b"application/vnd.etsi.asic-e+zip");

#[test]
fn names_of_dos_are_shown_and_covered_by_their_bytes() {
    let bench = Bench::new();
    let key = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem --json";
    for (raw, shown, page) in [
        (&b"na\x84ve \xe1.txt"[..], "naäve ß.txt", None),
        (b"p\xfd\xa1loha \x9c.txt", "příloha ť.txt", Some("852")),
        (b"l\xd7gums \x89.txt", "lūgums ē.txt", Some("775")),
    ] {
        let manifest = manifest(&[shown, "b.txt"]);
        let whole = zip(&[
            MIMETYPE,
            (raw, 0, b"one"),
            (b"b.txt", 0, b"two"),
            (b"META-INF/manifest.xml", 0, manifest.as_bytes()),
        ]);
        bench.write("old.asice", &whole);
        bench.run(&format!("seal old.asice {key} --out out --overwrite")).ends(0);
        let found = bench.run("inspect out/old.asice --json").ends(0).lines("inspect").remove(0);
        let signature = &found["signatures"][0];
        assert!(signature["covers_all"] == true && signature["signature_verifies"] == true, "{found}");
        assert!(signature["digest_matches"] == true && signature["covers"][0] == shown, "{found}");
        let remarks = found["remarks"].to_string();
        assert!(remarks.contains("no UTF-8"), "{remarks}");
        assert_eq!(page.is_some(), remarks.contains("code page 852") || remarks.contains("code page 775"), "{remarks}");
        // What was there stands there byte for byte.
        let signed = bench.read("out/old.asice");
        assert!(signed.starts_with(&whole[..whole.windows(4).position(|four| four == b"PK\x01\x02").unwrap()]));
        // A second one covers the same.
        bench.run(&format!("seal out/old.asice {key} --in-place")).ends(0);
        let found = bench.run("inspect out/old.asice --json").ends(0).lines("inspect").remove(0);
        let signatures = found["signatures"].as_array().unwrap();
        assert!(signatures.len() == 2 && signatures.iter().all(|one| one["covers_all"] == true), "{found}");
    }
}

#[test]
fn a_reference_means_the_name_with_its_bytes() {
    let bench = Bench::new();
    let key = "--key $KEYS/ec.pem --cert $KEYS/ec-certificate.pem --json";
    let container = |names: &[&[u8]], xml: &[u8]| {
        let manifest = manifest(&["ä.txt"]);
        let mut entries = vec![MIMETYPE];
        entries.extend(names.iter().map(|name| (*name, 0, &b"one"[..])));
        entries.push((b"META-INF/manifest.xml", 0, manifest.as_bytes()));
        entries.push((b"META-INF/signatures0.xml", 0, xml));
        zip(&entries)
    };
    bench.write("84.txt", b"one");
    bench.run(&format!("seal 84.txt {key} --compress store")).ends(0);
    let made = bench.read("84.txt.asice");
    let at = |text: &[u8]| made.windows(text.len()).position(|window| window == text).unwrap();
    let end = b"</asic:XAdESSignatures>";
    let xml = String::from_utf8(made[at(b"<asic:XAdESSignatures")..at(end) + end.len()].to_vec()).unwrap();
    for (names, uri, covers) in [
        (&[&b"\x84.txt"[..]][..], "%84.txt", true),
        (&[b"\x84.txt"], "%C3%A4.txt", true),
        (&["ä.txt".as_bytes()], "%C3%A4.txt", true),
        // The bytes are others, though the letter is the same.
        (&["ä.txt".as_bytes()], "%84.txt", false),
        (&[b"\x85.txt"], "%84.txt", false),
    ] {
        bench.write("x.asice", &container(names, xml.replace("\"84.txt\"", &format!("\"{uri}\"")).as_bytes()));
        let found = bench.run("inspect x.asice --json").ends(0).lines("inspect").remove(0);
        let signature = &found["signatures"][0];
        assert_eq!(signature["covers_all"] == true && signature["digest_matches"] == true, covers, "{uri} {found}");
    }
    // Two names that look the same, or one that is marked as UTF-8 and is none, are refused.
    for (names, flags, code) in [
        (&[&b"\x84.txt"[..], "ä.txt".as_bytes()][..], 0, "zip.duplicate"),
        (&[b"\x84.txt"], 0x800, "zip.name"),
        (&[b"..\\\x84.txt"], 0, "zip.name"),
    ] {
        let mut entries = vec![MIMETYPE];
        entries.extend(names.iter().map(|name| (*name, flags, &b"one"[..])));
        bench.write("x.asice", &zip(&entries));
        let codes = bench.run("inspect x.asice --json").ends(1).codes("inspect");
        assert_eq!(codes["x.asice"], code);
    }
}
