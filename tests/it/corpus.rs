//! Replays seeds and crash files of the fuzz targets on the stable toolchain.

use std::fs;
use std::path::{Path, PathBuf};

/// Files of `folder` and below, in order.
fn files(folder: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join(folder)];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() { open.push(path) } else { found.push(path) }
        }
    }
    found.sort();
    found
}

fn replay(name: &str, more: &[&str], target: fn(&[u8])) {
    let (seeds, crashes) = (format!("fuzz/seeds/{name}"), format!("fuzz/crashes/{name}"));
    let mut count = 0;
    for folder in [&[seeds.as_str(), crashes.as_str()], more].concat() {
        for file in files(folder) {
            // The name of the file is what a failure needs first; the test harness shows it only then.
            println!("{}", file.display());
            target(&fs::read(&file).unwrap());
            count += 1;
        }
    }
    assert!(count > 0, "{name} has no seeds");
}

#[test]
fn pdf_open() {
    replay("pdf_open", &["testdata/pdf"], eseal::fuzzing::pdf_open);
}

#[test]
fn pdf_filters() {
    replay("pdf_filters", &[], eseal::fuzzing::pdf_filters);
}

#[test]
fn state() {
    replay("state", &[], eseal::fuzzing::state);
}

#[test]
fn upgrade_state() {
    replay("upgrade_state", &["testdata/pdf", "testdata/asice"], eseal::fuzzing::upgrade_state);
}

#[test]
fn session_record() {
    replay("session_record", &["testdata/state/v1"], eseal::fuzzing::session_record);
}

#[test]
fn digest_lanes() {
    replay("digest_lanes", &[], eseal::fuzzing::digest_lanes);
}

#[test]
fn sign_round_trip() {
    replay("sign_round_trip", &["testdata/pdf"], eseal::fuzzing::sign_round_trip);
}

#[test]
fn cms() {
    replay("cms", &["testdata/cms"], eseal::fuzzing::cms);
}

#[test]
fn pfx() {
    replay("pfx", &["testdata/keys"], eseal::fuzzing::pfx);
}

#[test]
fn pkcs11_uri() {
    replay("pkcs11_uri", &[], eseal::fuzzing::pkcs11_uri);
}

#[test]
fn crl() {
    replay("crl", &["testdata/services/crl"], eseal::fuzzing::crl);
}

#[test]
fn certificate() {
    replay("certificate", &["testdata/pki"], eseal::fuzzing::certificate);
}

#[test]
fn sig_value() {
    replay("sig_value", &[], eseal::fuzzing::sig_value);
}

#[test]
fn container_round_trip() {
    replay("container_round_trip", &["fuzz/seeds/zip_open"], eseal::fuzzing::container_round_trip);
}

#[test]
fn zip_open() {
    replay("zip_open", &[], eseal::fuzzing::zip_open);
}

#[test]
fn xades_read() {
    replay("xades_read", &["testdata/xades"], eseal::fuzzing::xades_read);
}

#[test]
fn xml_tree() {
    replay("xml_tree", &["fuzz/seeds/canonical"], eseal::fuzzing::xml_tree);
}

#[test]
fn canonical() {
    replay("canonical", &["fuzz/seeds/xml_tree"], eseal::fuzzing::canonical);
}

#[test]
fn wire_lvrtc() {
    replay("wire_lvrtc", &[], eseal::fuzzing::wire_lvrtc);
}

#[test]
fn timestamp() {
    replay("timestamp", &["testdata/services", "testdata/cms"], eseal::fuzzing::timestamp);
}

#[test]
fn ocsp() {
    replay("ocsp", &["testdata/services"], eseal::fuzzing::ocsp);
}
