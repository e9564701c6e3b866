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
        let is_input = path.ends_with("manifest.json") || path.ends_with("data-file.json");
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
            "input id format digest digest_hex digest_algorithm digest_oid signature_algorithm signature_oid to_be_signed",
        ),
        ("values", "id signature"),
        ("finalize", "input id output level bytes source_sha256 signer signing_time timestamps revocation seconds"),
        (
            "extend",
            "input id output unchanged level protected_until bytes source_sha256 signer signing_time timestamps revocation left_out seconds",
        ),
        ("forecast", "input level would_reach timestamps tsa fetches left_out bytes"),
        ("fetch", "answer kind"),
        ("fill", "input files id output level bytes source_sha256 signer signing_time timestamps revocation seconds"),
        ("inspect", "input format bytes signatures remarks"),
        ("inspect then", "revisions fields certification"),
        ("inspect else", "entries data_files"),
        ("failure", "input error"),
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
