//! The calls of LVRTC's signing service as a library.

use std::sync::Arc;

use eseal::batch::Sessions;
use eseal::store::SessionDirectory;
use eseal::system::{OsEntropy, SystemClock};
use eseal::wire::lvrtc::{CalculateDigest, FinalizeSigning, Service, SessionSignatureValue};
use eseal::{Certificate, Level, Limits, SignatureValue, Source};
use proptest::prelude::*;

use crate::key::{certificate, file, sign_digest};

fn service(directory: &std::path::Path) -> Service {
    let limits = Limits::default();
    let store = Arc::new(SessionDirectory::create(directory, &limits).unwrap());
    let sessions = Sessions::new(store, Arc::new(SystemClock), Arc::new(OsEntropy), &limits);
    Service::new(sessions.workers(2)).level(Level::Bb)
}

/// A certificate that does not say what it is for is refused where it is the session's own.
#[test]
fn the_signing_certificate_is_no_certificate_for_authentication() {
    let directory = tempfile::tempdir().unwrap();
    let service = service(directory.path());
    let ids = service.start(Some(2)).unwrap().sessions().to_vec();
    let without_usage = Certificate::parse(&file("tls/server.pem")).unwrap();
    let signers = [certificate("p256"), without_usage];
    for (id, signer) in ids.iter().zip(&signers) {
        service.upload(id, "a.txt", &Source::from_bytes("text")).unwrap();
        let answer = service.calculate_digest(&CalculateDigest::new(vec![id.clone()], signer.clone())).unwrap();
        assert!(!answer.has_fault(), "{answer:?}");
    }
    let rows = ids.iter().map(|id| SessionSignatureValue::new(id.clone(), &SignatureValue::ecdsa_fixed([1; 64])));
    let mut request = FinalizeSigning::new(rows.collect());
    request.auth_certificate = Some(signers[1].clone());
    let answer = service.finalize_signing(&request, None).unwrap();
    let codes = answer.rows.iter().map(|row| row.result.as_ref().unwrap_err().code.clone());
    assert_eq!(codes.collect::<Vec<_>>(), ["signature.mismatch", "lvrtc.auth-certificate"]);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Values delivered in any wrong order never produce a file, and those in their places always do.
    #[test]
    fn only_the_own_value_makes_a_file(order in Just((0..6_usize).collect::<Vec<_>>()).prop_shuffle(), pdfs in 0..6_usize) {
        let directory = tempfile::tempdir().unwrap();
        let service = service(directory.path());
        let ids = service.start(Some(6)).unwrap().sessions().to_vec();
        for (n, id) in ids.iter().enumerate() {
            let (name, content) = if n < pdfs { ("a.pdf", file("pdf/minimal.pdf")) } else { ("a.txt", b"text".to_vec()) };
            service.upload(id, name, &Source::from_bytes(content)).unwrap();
        }
        let mut digests = Vec::new();
        for (part, as_pdf) in [(&ids[..pdfs], true), (&ids[pdfs..], false)] {
            if part.is_empty() {
                continue;
            }
            let mut request = CalculateDigest::new(part.to_vec(), certificate("p256"));
            request.sign_as_pdf = as_pdf;
            let answer = service.calculate_digest(&request).unwrap();
            digests.extend(answer.rows.into_iter().map(|row| row.result.unwrap().digest));
        }
        let value = |n: usize| SignatureValue::ecdsa_der(sign_digest(&digests[n]));
        let rows = ids.iter().zip(&order).map(|(id, n)| SessionSignatureValue::new(id.clone(), &value(*n)));
        let answer = service.finalize_signing(&FinalizeSigning::new(rows.collect()), None).unwrap();
        for (n, row) in answer.rows.iter().enumerate() {
            let listed = service.list(&ids[n]).unwrap();
            let is_own = order[n] == n;
            prop_assert_eq!(row.result.is_ok(), is_own);
            prop_assert_eq!(listed.rows[0].level.is_some(), is_own);
            if let Err(fault) = &row.result {
                prop_assert_eq!(&*fault.code, "signature.mismatch");
            }
        }
    }
}
