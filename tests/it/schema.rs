//! `docs/schema` and `docs/errors.md` say what is so.

#![expect(clippy::disallowed_methods, reason = "a variable says that the page shall be written anew")]

use std::fs;
use std::process::Command;

use serde_json::Value;

fn docs(name: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").join(name)
}

#[test]
fn each_schema_is_sound_and_open_for_new_keys() {
    let mut count = 0;
    for entry in fs::read_dir(docs("schema")).unwrap() {
        let path = entry.unwrap().path();
        let schema: Value = serde_json::from_slice(&fs::read(&path).unwrap()).unwrap();
        assert!(jsonschema::meta::is_valid(&schema), "{}", path.display());
        assert_eq!(schema["$schema"], "https://json-schema.org/draft/2020-12/schema", "{}", path.display());
        // What we read is refused when it holds what we do not know, what we print may grow.
        let inputs = ["add-document-digest", "calculate-digest", "finalize-signing", "add-archive", "eseal-create"];
        let is_request = inputs.iter().any(|call| path.ends_with(format!("lvrtc-{call}.json")));
        let is_input = is_request || path.ends_with("manifest.json") || path.ends_with("data-file.json");
        assert_eq!(schema["additionalProperties"], !is_input, "{}", path.display());
        assert!(!schema["required"].as_array().unwrap().is_empty(), "{}", path.display());
        count += 1;
    }
    assert!(count >= 10);
}

#[test]
fn each_documented_key_is_required() {
    for (name, keys) in [
        (
            "prepare",
            "input id format digest digest_hex digest_algorithm digest_oid signature_algorithm signature_oid to_be_signed time run",
        ),
        ("values", "id signature"),
        (
            "finalize",
            "input id output level bytes source_sha256 signer signing_time timestamps revocation seconds time run",
        ),
        (
            "extend",
            "input id output unchanged level protected_until bytes source_sha256 signer signing_time timestamps revocation left_out seconds time run",
        ),
        ("forecast", "input level would_reach timestamps tsa fetches left_out bytes time run"),
        ("would-seal", "input output level timestamps tsa time run"),
        ("fetch", "answer kind time run"),
        (
            "fill",
            "input files id output level bytes source_sha256 signer signing_time timestamps revocation seconds time run",
        ),
        ("restore", "input own changed found_bytes found_sha256 bytes sha256 time run"),
        ("inspect", "input format bytes signatures fits remarks time run"),
        ("inspect then", "revisions fields certification"),
        ("inspect else", "entries data_files"),
        ("failure", "input error time run"),
        ("skipped", "input skipped time run"),
        (
            "run",
            "run version begin end done skipped failed not_begun bytes_in bytes_out seconds exit reason reason_code errors remarks timestamps certificates",
        ),
        ("lvrtc-calculate-digest", "sessions certificate"),
        ("lvrtc-finalize-signing", "sessionSignatureValues"),
        ("lvrtc-digests", "data"),
        ("lvrtc-results", "data"),
        ("lvrtc-error", "error"),
        ("sessions-lvrtc", "session status changed failed files time run"),
        ("data-file", "name digest digest_algorithm"),
        ("manifest", "input"),
    ] {
        // What only one kind of document has stands in a part of its own.
        let (name, part) = name.split_once(' ').unwrap_or((name, ""));
        let schema: Value =
            serde_json::from_slice(&fs::read(docs("schema").join(format!("{name}.json"))).unwrap()).unwrap();
        let schema = if part.is_empty() { &schema } else { &schema[part] };
        for key in keys.split_whitespace() {
            assert!(schema["required"].as_array().unwrap().contains(&key.into()), "{name} {key}");
        }
    }
}

/// `ESEAL_REWRITE_DOCS=1 cargo test` writes the page anew.
#[test]
fn the_page_of_errors_is_the_commands() {
    let printed = Command::new(env!("CARGO_BIN_EXE_eseal")).args(["errors", "--markdown"]).output().unwrap().stdout;
    if std::env::var_os("ESEAL_REWRITE_DOCS").is_some() {
        fs::write(docs("errors.md"), &printed).unwrap();
    }
    let page = fs::read(docs("errors.md")).unwrap();
    assert!(page == printed, "docs/errors.md differs: ESEAL_REWRITE_DOCS=1 cargo test the_page_of_errors");
    let text = String::from_utf8(page).unwrap();
    for code in eseal::ErrorCode::ALL {
        assert!(text.contains(&format!("\n## {code}\n")), "{code}");
    }
}

/// `ESEAL_REWRITE_DOCS=1 cargo test` writes the table anew.
#[test]
fn the_table_of_exit_statuses_is_the_commands() {
    let printed = Command::new(env!("CARGO_BIN_EXE_eseal")).args(["man", "--statuses"]).output().unwrap().stdout;
    let printed = String::from_utf8(printed).unwrap();
    let page = fs::read_to_string(docs("operating.md")).unwrap();
    let (head, rest) = page.split_once("<!-- begin of the table: eseal man --statuses -->\n").unwrap();
    let (_, tail) = rest.split_once("<!-- end of the table -->\n").unwrap();
    let expected =
        format!("{head}<!-- begin of the table: eseal man --statuses -->\n{printed}<!-- end of the table -->\n{tail}");
    if std::env::var_os("ESEAL_REWRITE_DOCS").is_some() {
        fs::write(docs("operating.md"), &expected).unwrap();
    }
    let page = fs::read_to_string(docs("operating.md")).unwrap();
    assert!(page == expected, "docs/operating.md differs: ESEAL_REWRITE_DOCS=1 cargo test the_table_of_exit");
}

/// `ESEAL_REWRITE_DOCS=1 cargo test` writes the table anew.
#[test]
fn the_page_of_limits_is_the_librarys() {
    let limits = eseal::Limits::default();
    let mut table = "| limit | default | what |\n|---|--:|---|\n".to_owned();
    for name in eseal::Limits::NAMES {
        let (value, about) = (limits.value(name).unwrap(), eseal::Limits::about(name).unwrap());
        let about = about.trim().trim_end_matches('.');
        table += &format!("| `{}` | {} | {about} |\n", name.replace('_', "-"), readable(name, value));
    }
    let page = fs::read_to_string(docs("limits.md")).unwrap();
    let (head, _) = page.split_once("| limit |").unwrap();
    let expected = head.to_owned() + &table;
    if std::env::var_os("ESEAL_REWRITE_DOCS").is_some() {
        fs::write(docs("limits.md"), &expected).unwrap();
    }
    let page = fs::read_to_string(docs("limits.md")).unwrap();
    assert!(page == expected, "docs/limits.md differs: ESEAL_REWRITE_DOCS=1 cargo test the_page_of_limits");
}

/// Bytes in the largest unit that leaves nothing over, other numbers in groups of three digits.
fn readable(name: &str, value: u64) -> String {
    let units = [("GiB", 30), ("MiB", 20), ("KiB", 10)];
    let unit = units.into_iter().find(|(_, shift)| value >= 1 << shift && value.is_multiple_of(1 << shift));
    if let (true, Some((unit, shift))) = (name.ends_with("_bytes"), unit) {
        return format!("{} {unit}", value >> shift);
    }
    let digits = value.to_string();
    let groups: Vec<&str> =
        digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
    groups.join(",")
}

/// Each page of `docs` is named in its index, and each relative link of a page leads to something.
#[test]
fn pages_are_listed_and_their_links_lead_somewhere() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
    let index = fs::read_to_string(docs("README.md")).unwrap();
    let mut pages = vec![root.join("README.md"), root.join("examples/README.md")];
    for entry in fs::read_dir(docs("")).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        assert!(name == "README.md" || index.contains(&format!("({name})")), "{name} is not in docs/README.md");
        if name.ends_with(".md") {
            pages.push(path);
        }
    }
    for page in pages {
        let text = fs::read_to_string(&page).unwrap();
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            let path = link.split('#').next().unwrap();
            let is_here = !path.is_empty() && !path.contains("://");
            assert!(!is_here || page.parent().unwrap().join(path).exists(), "{}: {link}", page.display());
        }
    }
}
