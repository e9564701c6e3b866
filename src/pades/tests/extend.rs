//! What is there, and what is appended.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::maker::{key, signed, token};
use super::*;
use crate::answers::ValidationData;
use crate::answers::ocsp::Response;
use crate::digest::DigestAlgorithm::{self, Sha256, Sha384, Sha512};
use crate::error::ErrorCode;
use crate::pades::inspect;
use crate::pdf::update::Update;
use crate::pdf::{Object, fields};
use crate::pki::crl::Crl;
use crate::provider::Signer as _;
use crate::source::{ReadAt, to_u64};
use StampKind::{Archive, Document as Plain, Signature};

#[test]
fn what_others_signed_is_read_with_its_time_stamps() {
    // File, time-stamps over each signature, levels, and how much proves them.
    type Case = (&'static str, &'static [&'static [StampKind]], &'static [&'static str], [usize; 3]);
    let cases: &[Case] = &[
        ("dss-b-b-eseal-p384", &[&[]], &["B-B"], [2, 0, 0]),
        ("pyhanko-b-t-eseal-p384", &[&[Signature]], &["B-T"], [4, 0, 0]),
        ("dss-b-lt-p256-hybrid", &[&[Signature]], &["B-LT"], [6, 3, 0]),
        ("dss-b-lt-p256-xrefstream", &[&[Signature]], &["B-LT"], [6, 3, 0]),
        ("dss-b-t-p256-docmdp2-second", &[&[Signature], &[Signature]], &["B-LT", "B-T"], [7, 3, 0]),
        ("dss-b-lta-eseal-p384", &[&[Signature, Archive]], &["B-LTA"], [6, 3, 0]),
        ("pyhanko-b-lta-eseal-p384", &[&[Signature, Archive]], &["B-LTA"], [6, 3, 0]),
        (
            "dss-b-lta-p256-second",
            &[&[Signature, Archive, Archive], &[Signature, Archive]],
            &["B-LTA", "B-LTA"],
            [7, 7, 0],
        ),
    ];
    for (name, stamps, levels, held) in cases {
        let document = open(file(&format!("signed/{name}")));
        let extension = Extension::open(&document, &[]).unwrap();
        assert!(
            extension.subjects().iter().all(|subject| subject.fault.is_none() && subject.signer.is_some()),
            "{name}"
        );
        assert_eq!(kinds(&extension), *stamps, "{name}");
        let found = extension.held();
        assert_eq!([found.certificates().len(), found.ocsp().len(), found.crls().len()], *held, "{name}");
        assert!(!extension.is_changed());
        assert!(written(&extension) == file(&format!("signed/{name}")), "{name} stays as it is");

        let report = inspect(&document).unwrap();
        let reports = report.signatures.iter().filter(|report| report.sub_filter == "ETSI.CAdES.detached");
        for ((report, level), stamps) in reports.zip(*levels).zip(*stamps) {
            assert_eq!(report.level_claimed, Some(*level), "{name}");
            assert_eq!(report.timestamps.len(), stamps.len(), "{name}");
            let until = report.protected_until.map(|time| time.to_string());
            assert_eq!(until.as_deref(), stamps.contains(&Archive).then_some("2040-01-01T00:00:00Z"), "{name}");
        }
    }
}

#[test]
fn a_signed_document_climbs_and_is_renewed() {
    let data = proofs("signed/dss-b-lta-eseal-p384");
    let before = file("signed/dss-b-b-eseal-p384");
    let mut extension = Extension::open(&open(before.clone()), &[]).unwrap();
    stamp(&mut extension, Sha256, Plain, 1);
    extension.put_data(&data, &[2; 32]).unwrap();
    stamp(&mut extension, Sha256, Archive, 3);
    let after = written(&extension);
    assert!(after.starts_with(&before) && extension.is_changed());
    let document = open(after.clone());
    assert_eq!(document.revisions().unwrap().len(), 5);
    let mut again = Extension::open(&document, &[Sha512]).unwrap();
    assert_eq!(kinds(&again), [[Plain, Archive]]);
    assert!(again.subjects().iter().all(|subject| subject.fault.is_none()));
    assert!(data.without(again.held()).is_empty(), "all that was put in is there");
    assert_eq!(extension.held().certificates().len(), again.held().certificates().len());
    again.put_data(&data, &[4; 32]).unwrap();
    assert!(!again.is_changed(), "what is there is not put in again");

    again.put_data(&proofs("signed/pyhanko-b-lta-eseal-p384"), &[4; 32]).unwrap();
    stamp(&mut again, Sha512, Archive, 5);
    let renewed = written(&again);
    assert!(renewed.starts_with(&after));
    let document = open(renewed);
    assert_eq!(kinds(&Extension::open(&document, &[]).unwrap()), [[Plain, Archive, Archive]]);
    let report = inspect(&document).unwrap();
    let signature = report.signatures.first().unwrap();
    assert_eq!((signature.level_claimed, signature.timestamps.len()), (Some("B-LTA"), 3));
    assert_eq!(signature.protected_until.unwrap().to_string(), "2046-08-09T13:14:21Z");
    assert!(
        report.signatures.iter().all(|one| one.digest_matches == Some(true) && one.signature_verifies == Some(true))
    );
    let names: Vec<&str> = report.fields.iter().map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["Signature1", "Timestamp1", "Timestamp2", "Timestamp3"]);
}

#[test]
fn equal_arguments_give_equal_bytes() {
    let made = |n: u8| {
        let mut extension = Extension::open(&open(file("signed/dss-b-b-eseal-p384")), &[]).unwrap();
        extension.put_data(&proofs("signed/dss-b-lta-eseal-p384"), &[n; 32]).unwrap();
        (extension.stamp(Sha256, 4_096, &[n; 32]).unwrap().imprint, Sha256.digest(&written(&extension)))
    };
    assert_eq!(made(1), made(1));
    assert_ne!(made(1), made(2), "the nonce is in the ID");
}

#[test]
fn what_is_signed_here_climbs_without_being_read_again() {
    for (name, signer, digest) in
        [("table-lf", "p256", Sha256), ("xref-stream", "p384", Sha384), ("hybrid", "ed25519", Sha512)]
    {
        let document = open(file(name));
        let mut extension = signed(&document, signer);
        assert!(extension.is_changed());
        let bare = open(written(&extension));
        let reread = Extension::open(&bare, &[digest]).unwrap();
        assert_eq!(kinds(&reread), [[Signature]], "{name}");
        assert!(reread.subjects()[0].fault.is_none(), "{name}");
        assert_eq!(reread.subjects()[0].name, extension.subjects()[0].name);
        // The digest goes on from the end of the source, with the algorithm that the signature has.
        let wanted = extension.stamp(Sha256, 4_096, &[9; 32]).unwrap();
        assert_eq!(wanted.imprint.algorithm(), digest, "{name}");
        let [one, other] = [&extension, &reread].map(|extension| extension.stamp(digest, 4_096, &[9; 32]).unwrap());
        assert_eq!(one.imprint, other.imprint, "{name}");
        assert_eq!(wanted.imprint, one.imprint, "{name}");

        let data = proofs("signed/dss-b-lta-eseal-p384");
        extension.put_data(&data, &[2; 32]).unwrap();
        stamp(&mut extension, digest, Archive, 3);
        let after = written(&extension);
        assert!(after.starts_with(&file(name)), "{name}");
        let document = open(after);
        let found = Extension::open(&document, &[]).unwrap();
        assert_eq!(found.subjects()[0].stamps.len(), 2, "{name}");
        assert!(data.without(found.held()).is_empty(), "{name}");
    }
}

#[test]
fn a_store_that_is_there_keeps_its_order_and_its_entries_by_signature() {
    for name in ["pyhanko-b-lta-eseal-p384", "dss-b-lt-p256-xrefstream", "dss-b-lt-p256-hybrid"] {
        let before = open(file(&format!("signed/{name}")));
        let mut extension = Extension::open(&before, &[]).unwrap();
        let mut data = ValidationData::default();
        let response = std::fs::read(format!("{}/testdata/services/good.ors", env!("CARGO_MANIFEST_DIR"))).unwrap();
        data.add_ocsp(&Arc::new(Response::read(&response, &Limits::default()).unwrap()));
        let crl = std::fs::read(format!("{}/testdata/services/crl/i1.crl", env!("CARGO_MANIFEST_DIR")));
        if let Ok(crl) = crl {
            data.add_crl(&Arc::new(Crl::read(&Source::from_bytes(crl), &Limits::default()).unwrap()));
        }
        data.add_certificate(&key("tsa").chain()[0]);
        data.add_all(extension.held());
        extension.put_data(&data, &[1; 32]).unwrap();
        let after = open(written(&extension));
        let lists = |document: &Document, key: &str| {
            let (_, catalog) = document.catalog().unwrap();
            let Object::Dictionary(dss) = document.get(&catalog, "DSS").unwrap() else { panic!("{name}") };
            match document.get(&dss, key).unwrap() {
                Object::Array(array) => array.raw().to_vec(),
                Object::Dictionary(vri) => vri.raw().to_vec(),
                _ => Vec::new(),
            }
        };
        for (key, more) in [("Certs", true), ("OCSPs", true), ("VRI", false)] {
            let (old, new) = (lists(&before, key), lists(&after, key));
            if more {
                assert!(new.starts_with(old.strip_suffix(b"]").unwrap()) && new.len() > old.len(), "{name} {key}");
            } else {
                assert!(new == old, "{name} {key}");
            }
        }
        assert!(data.without(Extension::open(&after, &[]).unwrap().held()).is_empty(), "{name}");
    }
}

#[test]
fn the_document_is_read_once() {
    struct Counting(Vec<u8>, AtomicU64);
    impl ReadAt for Counting {
        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
            let rest = &self.0[usize::try_from(offset).unwrap().min(self.0.len())..];
            let n = rest.len().min(buffer.len());
            buffer[..n].copy_from_slice(&rest[..n]);
            self.1.fetch_add(to_u64(n), Ordering::Relaxed);
            Ok(n)
        }
    }
    // Ten megabytes that nothing refers to, then two signatures.
    let small = open(file("table-lf"));
    let mut update = Update::new(&small).unwrap();
    let reference = update.fresh().unwrap();
    let data = vec![b'x'; 10 << 20];
    update
        .put(reference, [format!("<< /Length {} >>\nstream\n", data.len()).as_bytes(), &data, b"\nendstream"].concat());
    let large = [file("table-lf"), update.write(b"0123456789abcdef").unwrap().bytes].concat();
    let once = written(&signed(&open(large), "p256"));
    let twice = written(&signed(&open(once), "p384"));
    let len = to_u64(twice.len());
    let counting = Arc::new(Counting(twice, AtomicU64::new(0)));
    let source = Source::from_reader(Arc::<Counting>::clone(&counting), len);
    let document = Document::open(&source, &Limits::default(), Recovery::Refuse).unwrap();
    let mut extension = Extension::open(&document, &[Sha256]).unwrap();
    assert_eq!(kinds(&extension), [[Signature], [Signature]]);
    stamp(&mut extension, Sha256, Plain, 1);
    extension.put_data(&proofs("signed/dss-b-lta-eseal-p384"), &[2; 32]).unwrap();
    stamp(&mut extension, Sha256, Archive, 3);
    let read = counting.1.load(Ordering::Relaxed);
    assert!(read < len + len / 5, "{read} of {len} bytes were read");
}

#[test]
fn room_and_state_of_a_draft_are_checked() {
    let document = open(file("signed/dss-b-b-eseal-p384"));
    let mut extension = Extension::open(&document, &[]).unwrap();
    let small = extension.stamp(Sha256, 100, &[1; 32]).unwrap();
    let fitting = token(&small.imprint, "20270102030406Z");
    let error = extension.put_stamp(small, &fitting, Plain).unwrap_err();
    assert_eq!(error.code(), ErrorCode::PlaceholderTooSmall);
    assert!(!extension.is_changed() && extension.subjects()[0].stamps.is_empty());
    let early = extension.stamp(Sha256, 4_096, &[1; 32]).unwrap();
    stamp(&mut extension, Sha256, Plain, 1);
    assert_eq!(extension.put_stamp(early, &fitting, Plain).unwrap_err().code(), ErrorCode::Misuse);
}

#[test]
fn a_certification_that_forbids_all_else_allows_proof() {
    for name in ["docmdp-1", "fieldmdp-all"] {
        let document = open(file(name));
        let mut extension = Extension::open(&document, &[]).unwrap();
        stamp(&mut extension, Sha256, Plain, 1);
        extension.put_data(&proofs("signed/dss-b-lta-eseal-p384"), &[2; 32]).unwrap();
        let after = open(written(&extension));
        assert!(fields(&after).unwrap().fields.iter().any(|field| field.name == "Timestamp1"), "{name}");
    }
}

fn proofs(name: &str) -> ValidationData {
    Extension::open(&open(file(name)), &[]).unwrap().held().clone()
}

fn stamp(extension: &mut Extension, algorithm: DigestAlgorithm, kind: StampKind, n: u8) {
    let draft = extension.stamp(algorithm, 4_096, &[n; 32]).unwrap();
    let token = token(&draft.imprint, &format!("2027010203040{n}Z"));
    extension.put_stamp(draft, &token, kind).unwrap();
}
