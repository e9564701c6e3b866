//! Canonical forms: sound in themselves, and the same octets that xml-sec gives.
//!
//! Its known differences are left out: it refuses a byte order mark, leaves ends of lines in comments, instructions
//! and CDATA sections as they are, and has limits of its own. What it refuses is not compared.

#![no_main]

use xml_sec::c14n::{C14nAlgorithm, canonicalize_xml};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    eseal::fuzzing::canonical(data);
    let Some(forms) = eseal::fuzzing::canonical_forms(data) else { return };
    let text = std::str::from_utf8(data).expect("what was read is UTF-8");
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    for (uri, octets) in forms {
        let algorithm = C14nAlgorithm::from_uri(uri).expect("it knows all six");
        if let Ok(other) = canonicalize_xml(text.as_bytes(), &algorithm) {
            assert_eq!(String::from_utf8_lossy(&other), String::from_utf8_lossy(&octets), "{uri}");
        }
    }
});
