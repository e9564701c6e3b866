//! The layers of the crate: a module uses modules above it in the map of `lib.rs`, never below.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// The map of `lib.rs`, from the foundation to the binary. Modules of one row may use each other.
const LAYERS: &[&[&str]] = &[
    &["error", "limits", "source", "output", "digest", "time", "secret", "signature", "evidence"],
    &["der"],
    &["pki"],
    &["cms"],
    &["answers"],
    &["zip", "xml", "json"],
    &["signing"],
    // Reading a PDF is syntax and knows nothing of signatures; its update writes a signing tail.
    &["pdf"],
    &["pades", "xades"],
    &["asice"],
    &["flow"],
    &["provider"],
    &["system", "key", "batch", "store", "service", "seal", "wire"],
    &["fuzzing"],
    &["main", "cli"],
];

#[test]
fn no_module_uses_a_layer_below_it() {
    let layer_of: BTreeMap<&str, usize> =
        LAYERS.iter().enumerate().flat_map(|(n, row)| row.iter().map(move |module| (*module, n))).collect();
    let mut faults = Vec::new();
    for file in sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))) {
        let module = module_of(&file);
        if module == "lib" {
            continue;
        }
        let own = layer_of.get(module.as_str()).unwrap_or_else(|| panic!("{module} is in no layer"));
        let text = fs::read_to_string(&file).expect("source is readable");
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for used in uses(code) {
            match layer_of.get(used.as_str()) {
                Some(layer) if layer > own => faults.push(format!("{} uses {used}", file.display())),
                Some(_) | None => {}
            }
        }
    }
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn the_reading_half_of_pdf_knows_nothing_of_signing() {
    for file in sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src/pdf"))) {
        let text = fs::read_to_string(&file).expect("source is readable");
        if file.ends_with("update.rs") {
            continue;
        }
        for used in uses(&text) {
            assert!(!["signing", "cms", "pki", "der"].contains(&used.as_str()), "{} uses {used}", file.display());
        }
    }
}

#[test]
fn only_edges_touch_the_world() {
    let edges = ["lib", "system", "key", "batch", "store", "service", "seal", "wire", "fuzzing", "main", "cli"];
    let world = [
        "std::fs::",
        "std::env",
        "std::net",
        "std::thread",
        "SystemTime",
        "std::process",
        "thread_local!",
        "static mut",
    ];
    for file in sources(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))) {
        if edges.contains(&module_of(&file).as_str()) {
            continue;
        }
        let text = fs::read_to_string(&file).expect("source is readable");
        let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
        for word in world {
            // A `ReadAt` may hand out its open file; the core never reads it.
            let code = code.replace("std::fs::File", "");
            assert!(!code.contains(word), "{} has {word}", file.display());
        }
    }
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("folder is readable") {
            let path = entry.expect("entry is readable").path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") && !is_test(&path) {
                found.push(path);
            }
        }
    }
    found.sort();
    assert!(!found.is_empty());
    found
}

fn is_test(path: &Path) -> bool {
    path.iter().any(|part| part == "tests" || part == "tests.rs")
}

fn module_of(file: &Path) -> String {
    let src = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"));
    let first = file.strip_prefix(src).expect("in src").components().next().expect("has a name");
    first.as_os_str().to_str().expect("is UTF-8").trim_end_matches(".rs").to_owned()
}

/// Names of modules after `crate::`, also in braces.
fn uses(code: &str) -> Vec<String> {
    let mut names = Vec::new();
    for part in code.split("crate::").skip(1) {
        let word = |text: &str| text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>();
        match part.strip_prefix('{') {
            Some(list) => {
                names.extend(list.split('}').next().unwrap_or_default().split(',').map(|item| word(item.trim())))
            }
            None => names.push(word(part)),
        }
    }
    names
}
