//! Claims about paths, on the certificates of a made-up PKI and on NIST's suite.

use super::*;
use crate::error::{ErrorCode, PathFault};

mod made;
mod nist;

macro_rules! pem {
    ($name:literal) => {
        Certificate::parse(include_bytes!(concat!("../../../testdata/pki/", $name, ".pem"))).unwrap()
    };
}

fn time(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

fn noon() -> Time {
    time("2026-01-02T12:00:00Z")
}

fn find(target: &Certificate, known: &[Certificate], anchors: &[Certificate], at: Time) -> Result<Built> {
    build(target, known, &Anchors::new(anchors.to_vec()), at, Purpose::Signer, &Limits::default())
}

/// The fault, and the name of the certificate at fault.
fn fault(result: Result<Built>) -> (PathFault, String) {
    match result.and_then(Built::into_path) {
        Err(Error::Certificate(error)) => {
            assert_eq!(error.code, ErrorCode::CertificatePath);
            (error.fault.unwrap(), error.subject.unwrap())
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn finds_the_way_in_any_order_and_with_strangers_in_between() {
    let (root, i1, e1, leaf) = (pem!("root"), pem!("i1"), pem!("e1"), pem!("rsa2048"));
    let expected = [leaf.clone(), i1.clone(), root.clone()];
    for known in [vec![i1.clone()], vec![root.clone(), e1.clone(), leaf.clone(), i1.clone(), i1.clone()]] {
        let path = find(&leaf, &known, std::slice::from_ref(&root), noon()).unwrap().into_path().unwrap();
        assert_eq!(path.certificates(), expected);
        let pairs: Vec<_> = path.pairs().map(|(one, issuer)| (one.clone(), issuer.clone())).collect();
        assert_eq!(pairs, [(leaf.clone(), i1.clone()), (i1.clone(), root.clone())]);
    }
    let path = find(&leaf, &[], std::slice::from_ref(&i1), noon()).unwrap().into_path().unwrap();
    assert_eq!(path.certificates(), [leaf.clone(), i1.clone()], "an issuing CA may be the trusted one");
    let path = find(&leaf, &[i1], std::slice::from_ref(&leaf), noon()).unwrap().into_path().unwrap();
    assert_eq!(path.certificates(), [leaf], "so may the certificate itself");
}

#[test]
fn a_missing_issuer_is_to_be_fetched_where_the_certificate_says() {
    let (root, leaf) = (pem!("root"), pem!("rsa2048"));
    let Built::Missing(missing) = find(&leaf, &[pem!("e1")], std::slice::from_ref(&root), noon()).unwrap() else {
        panic!()
    };
    let urls = vec!["http://127.0.0.1:9471/main/certs/i1/ca.crt".to_owned()];
    assert_eq!(missing.issuers, [(leaf.clone(), urls)]);
    let subject = leaf.subject().to_owned();
    assert_eq!(fault(find(&leaf, &[], &[root], noon())), (PathFault::IssuerMissing, subject));
}

#[test]
fn impostors_of_equal_name_lead_nowhere() {
    let (root, i1, leaf) = (pem!("root"), pem!("i1"), pem!("eseal-rsa"));
    let (false_root, false_i1, false_leaf) = (pem!("rogue-root"), pem!("rogue-i1"), pem!("rogue-eseal-rsa"));
    assert_eq!(false_i1.subject(), i1.subject());
    let pool = [false_root.clone(), false_i1.clone(), i1.clone()];
    let path = find(&leaf, &pool, std::slice::from_ref(&root), noon()).unwrap().into_path().unwrap();
    assert_eq!(path.certificates(), [leaf, i1, root.clone()]);
    let subject = false_root.subject().to_owned();
    assert_eq!(fault(find(&false_leaf, &pool, &[root], noon())), (PathFault::Untrusted, subject));
    let path = find(&false_leaf, &pool, std::slice::from_ref(&false_root), noon()).unwrap().into_path().unwrap();
    assert_eq!(path.certificates(), [false_leaf, false_i1, false_root]);
}

#[test]
fn every_certificate_below_the_anchor_is_valid_at_the_time() {
    let (root, i1, leaf) = (pem!("root"), pem!("i1"), pem!("rsa2048"));
    let at = |text| find(&leaf, std::slice::from_ref(&i1), std::slice::from_ref(&root), time(text));
    assert!(at("2020-01-01T00:00:00Z").is_ok() && at("2040-01-01T00:00:00Z").is_ok());
    assert_eq!(fault(at("2019-12-31T23:59:59Z")), (PathFault::NotYetValid, leaf.subject().to_owned()));
    assert_eq!(fault(at("2040-01-01T00:00:01Z")), (PathFault::Expired, leaf.subject().to_owned()));
    assert_eq!(fault(at("2048-01-01T00:00:01Z")), (PathFault::Expired, i1.subject().to_owned()));
}

#[test]
fn a_certificate_serves_its_purpose_alone() {
    let (root, i1) = (pem!("root"), pem!("i1"));
    let anchors = Anchors::new([root.clone()]);
    let known = [i1.clone(), pem!("e1")];
    let check = |target: &Certificate, purpose| {
        build(target, &known, &anchors, noon(), purpose, &Limits::default()).map(|built| built.into_path().is_ok())
    };
    let all = [Purpose::Signer, Purpose::Timestamping, Purpose::OcspSigning, Purpose::CrlSigning, Purpose::Ca];
    for (target, purposes) in [
        (pem!("rsa2048"), vec![Purpose::Signer]),
        (pem!("eseal-p384"), vec![Purpose::Signer]),
        (pem!("tsa"), vec![Purpose::Signer, Purpose::Timestamping]),
        (pem!("i1-ocsp"), vec![Purpose::Signer, Purpose::OcspSigning]),
        (i1.clone(), vec![Purpose::CrlSigning, Purpose::Ca]),
        (pem!("auth"), vec![]),
    ] {
        let fit: Vec<Purpose> =
            all.into_iter().filter(|purpose| check(&target, *purpose).is_ok_and(|fits| fits)).collect();
        assert_eq!(fit, purposes, "{target:?}");
    }
    let signer = pem!("rsa2048");
    let leaf_as_anchor = find(&pem!("i1"), &[], std::slice::from_ref(&signer), noon());
    assert_eq!(fault(leaf_as_anchor), (PathFault::IssuerMissing, i1.subject().to_owned()));
}

#[test]
fn the_search_has_a_budget() {
    let (root, i1, leaf) = (pem!("root"), pem!("i1"), pem!("rsa2048"));
    let search = |limits: Limits| {
        build(&leaf, std::slice::from_ref(&i1), &Anchors::new([root.clone()]), noon(), Purpose::Signer, &limits)
    };
    assert!(search(Limits { path_signatures: 2, path_depth: 3, ..Limits::default() }).is_ok());
    for limits in [Limits { path_signatures: 1, ..Limits::default() }, Limits { path_depth: 2, ..Limits::default() }] {
        assert_eq!(search(limits).unwrap_err().code(), ErrorCode::LimitExceeded);
    }
}

#[test]
fn extensions_are_read_once_and_completely() {
    let tsa = pem!("tsa");
    let read = tsa.extensions().unwrap();
    assert_eq!(read.ocsp_urls, ["http://127.0.0.1:9471/main/ocsp/root"]);
    assert_eq!(read.issuer_urls, ["http://127.0.0.1:9471/main/certs/root/ca.crt"]);
    let urls: Vec<&str> = read.crl_points.iter().flat_map(|point| point.urls()).collect();
    assert_eq!(urls, ["http://127.0.0.1:9471/main/crls/root/latest.crl"]);
    assert_eq!(read.is_ca, Some(false));
    assert_eq!(read.authority_key_id.as_deref(), pem!("root").subject_key_id());
    assert!(!read.has_ocsp_no_check && !read.has_no_revocation && !read.is_short_term && !read.has_unknown_critical);
    let responder = pem!("i1-ocsp");
    assert!(responder.extensions().unwrap().has_ocsp_no_check && responder.extensions().unwrap().ocsp_urls.is_empty());
    assert_eq!(pem!("i1").extensions().unwrap().path_len, Some(0));
    assert!(std::ptr::eq(read, tsa.extensions().unwrap()));
}
