//! The worked example of a signed PDF that others have judged, read back number by number.

use eseal::{Coverage, DigestAlgorithm, Document, Limits, Source, Time};

use crate::key::file;

const VECTOR: &str = "pdf/minimal-signed.pdf";

fn sha256(bytes: &[u8]) -> String {
    DigestAlgorithm::Sha256.digest(bytes).to_hex()
}

#[test]
fn the_example_reads_as_it_was_made() {
    let bytes = file(VECTOR);
    assert_eq!(bytes.len(), 3_216);
    assert_eq!(sha256(&bytes), "5b19261e612e7b9b7e5c6c85cc498dface6b80f23a20b910d3977f2e5ef91b5e");
    assert!(bytes.starts_with(&file("pdf/minimal.pdf")));
    let report =
        Document::open(Source::from_bytes(bytes), &Limits::default()).unwrap().inspect().unwrap().into_pdf().unwrap();
    assert_eq!(
        report.revisions.iter().map(|r| (r.end, r.kind)).collect::<Vec<_>>(),
        [(405, "table"), (3_216, "table")]
    );
    let [signature] = report.signatures.as_slice() else { panic!("one signature") };
    assert_eq!(signature.field, "Signature1");
    assert_eq!(signature.sub_filter, "ETSI.CAdES.detached");
    assert_eq!(signature.byte_range, [0, 881, 2931, 285]);
    assert_eq!(signature.covers, Coverage::WholeFile);
    assert_eq!((signature.digest_matches, signature.signature_verifies), (Some(true), Some(true)));
    assert_eq!(signature.signer.as_deref(), Some("CN=h8 test,C=LV"));
    assert_eq!(signature.signed_at, Some(Time::parse_rfc3339("2026-01-02T03:04:05Z").unwrap()));
    assert_eq!(signature.level_claimed, Some("B-B"));
    assert_eq!(signature.remarks, Vec::<String>::new());
}

#[test]
fn its_digests_are_the_examples() {
    let bytes = file(VECTOR);
    let covered = [&bytes[..881], &bytes[2931..]].concat();
    assert_eq!(sha256(&covered), "29155f5086e0085f958b269ed21426849ad050ec04098d38610c10ee1fd923b1");
    let digits = std::str::from_utf8(&bytes[882..2930]).unwrap();
    let contents: Vec<u8> =
        (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect();
    let cms = &contents[..712];
    assert_eq!(sha256(cms), "30780e353a4a961bee0f8fd9e268f2a07eab88c289b12220b83b6c5962c69187");
    assert!(contents[712..].iter().all(|byte| *byte == 0));
    // The key under which validation data of this signature stand: SHA-1 of Contents with its padding.
    let sha1 = |bytes: &[u8]| DigestAlgorithm::Sha1ForLegacyValidation.digest(bytes).to_hex().to_uppercase();
    assert_eq!(sha1(&contents), "4162A0750FE4A7DDD81F5082B52CA29916A27FD5");
    assert_eq!(sha1(cms), "F85C0E1E257D9FEE3477316869968C03F71A2847");
}

#[test]
fn a_flipped_bit_is_seen_wherever_it_is() {
    let bytes = file(VECTOR);
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let Ok(document) = Document::open(Source::from_bytes(changed), &Limits::default()) else { continue };
        let Ok(Some(report)) = document.inspect().map(eseal::Inspection::into_pdf) else { continue };
        let sound = report.signatures.iter().any(|signature| {
            let verifies = signature.digest_matches == Some(true) && signature.signature_verifies == Some(true);
            verifies && signature.covers == Coverage::WholeFile && signature.remarks.is_empty()
        });
        // Lower-case digits are the same Contents, and the padding after the CMS is part of no signature.
        assert!(!sound || (882..2930).contains(&at), "byte {at}");
    }
}
