//! Certificates that the issuing CA of `testdata/signers` could have made: all of one key.

use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::DecodePrivateKey as _;

use super::*;
use crate::der;
use crate::pki::oid;

/// A certificate under way; `issuer` and `subject` are common names.
struct Made<'a> {
    subject: &'a str,
    issuer: &'a str,
    extensions: Vec<Vec<u8>>,
}

impl Made<'_> {
    fn signed(&self) -> Certificate {
        let name = |text: &str| {
            let attribute =
                der::sequence(&[&der::tlv(der::OID, &[oid::COMMON_NAME]), &der::tlv(0x0c, &[text.as_bytes()])]);
            der::sequence(&[&der::tlv(der::SET, &[&attribute])])
        };
        let algorithm = der::sequence(&[&der::tlv(der::OID, &[oid::ECDSA_SHA256])]);
        let time = |text: &str| der::tlv(der::UTC_TIME, &[text.as_bytes()]);
        let issuing = Certificate::parse(include_bytes!("../../../../testdata/signers/issuing.pem")).unwrap();
        let extensions = self.extensions.concat();
        let extensions = if extensions.is_empty() {
            extensions
        } else {
            der::tlv(der::context(3), &[&der::sequence(&[&extensions])])
        };
        let signed = der::sequence(&[
            &der::tlv(der::context(0), &[&[der::INTEGER, 1, 2]]),
            &[der::INTEGER, 1, 7],
            &algorithm,
            &name(self.issuer),
            &der::sequence(&[&time("250101000000Z"), &time("300101000000Z")]),
            &name(self.subject),
            issuing.spki_der(),
            &extensions,
        ]);
        let key = include_str!("../../../../testdata/signers/issuing.key");
        let value: p256::ecdsa::Signature = p256::ecdsa::SigningKey::from_pkcs8_pem(key).unwrap().sign(&signed);
        let value = der::tlv(der::BIT_STRING, &[&[0], value.to_der().as_bytes()]);
        Certificate::from_der(&der::sequence(&[&signed, &algorithm, &value])).unwrap()
    }
}

fn made(subject: &str, issuer: &str, extensions: &[Vec<u8>]) -> Certificate {
    Made { subject, issuer, extensions: extensions.to_vec() }.signed()
}

fn extension(id: &[u8], is_critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if is_critical { &[der::BOOLEAN, 1, 0xff] } else { &[] };
    der::sequence(&[&der::tlv(der::OID, &[id]), critical, &der::tlv(der::OCTET_STRING, &[value])])
}

fn ca() -> Vec<u8> {
    extension(oid::BASIC_CONSTRAINTS, true, &der::sequence(&[&[der::BOOLEAN, 1, 0xff]]))
}

fn names_of(path: &Path) -> Vec<&str> {
    path.certificates().iter().map(Certificate::subject).collect()
}

#[test]
fn of_several_ways_the_first_that_holds_is_taken() {
    let (root, other) = (made("Root", "Root", &[ca()]), made("Other", "Other", &[ca()]));
    let sound = made("CA", "Root", &[ca()]);
    let usage = extension(oid::KEY_USAGE, true, &[der::BIT_STRING, 2, 1, 2]);
    let crossed = made("CA", "Other", &[ca(), usage]);
    let leaf = made("Leaf", "CA", &[]);
    for known in [[crossed.clone(), sound.clone()], [sound.clone(), crossed.clone()]] {
        let path = find(&leaf, &known, &[root.clone(), other.clone()], noon()).unwrap().into_path().unwrap();
        assert_eq!(path.certificates(), [leaf.clone(), sound.clone(), root.clone()]);
    }
    let alone = find(&leaf, &[crossed], &[root, other], noon());
    assert_eq!(fault(alone), (PathFault::KeyUsage, "CN=CA".into()));
}

#[test]
fn circles_end() {
    // Both CAs certify each other, and themselves, under several names of the same key.
    let ring: Vec<Certificate> = [("A", "B"), ("B", "C"), ("C", "A"), ("A", "A"), ("B", "B"), ("A", "C"), ("C", "B")]
        .iter()
        .map(|(subject, issuer)| made(subject, issuer, &[ca()]))
        .collect();
    let leaf = made("Leaf", "A", &[]);
    assert_eq!(fault(find(&leaf, &ring, &[], noon())).0, PathFault::Untrusted);
    let root = made("Root", "Root", &[ca()]);
    let way_out = [ring, vec![made("C", "Root", &[ca()])]].concat();
    let path = find(&leaf, &way_out, &[root], noon()).unwrap().into_path().unwrap();
    assert_eq!(names_of(&path).first().copied(), Some("CN=Leaf"));
    assert_eq!(names_of(&path).last().copied(), Some("CN=Root"));
}

#[test]
fn issuers_say_that_they_are_and_keep_to_their_room() {
    let root = made("Root", "Root", &[ca()]);
    let leaf = made("Leaf", "CA", &[]);
    let through =
        |extensions: &[Vec<u8>]| find(&leaf, &[made("CA", "Root", extensions)], std::slice::from_ref(&root), noon());
    assert!(through(&[ca()]).is_ok());
    assert_eq!(fault(through(&[])), (PathFault::NotCa, "CN=CA".into()));
    let without = extension(oid::BASIC_CONSTRAINTS, true, &[0x30, 0]);
    assert_eq!(fault(through(&[without])), (PathFault::NotCa, "CN=CA".into()));
    // Roots without any extension are as old as trusted; what an anchor says of itself is kept.
    let under = |root: Certificate, ca: Certificate| find(&leaf, &[ca], &[root], noon());
    assert!(under(made("Root", "Root", &[]), made("CA", "Root", &[ca()])).is_ok());
    let usage = extension(oid::KEY_USAGE, true, &[der::BIT_STRING, 2, 1, 2]);
    assert_eq!(fault(under(made("Root", "Root", &[usage]), made("CA", "Root", &[ca()]))).0, PathFault::NotCa);
    let no_room = der::sequence(&[&[der::BOOLEAN, 1, 0xff], &[der::INTEGER, 1, 0]]);
    let narrow = made("Root", "Root", &[extension(oid::BASIC_CONSTRAINTS, true, &no_room)]);
    assert_eq!(fault(under(narrow, made("CA", "Root", &[ca()]))), (PathFault::PathLength, "CN=CA".into()));
}

#[test]
fn critical_extensions_have_to_be_known_and_single() {
    let root = made("Root", "Root", &[ca()]);
    let leaf =
        |extensions: &[Vec<u8>]| find(&made("Leaf", "Root", extensions), &[], std::slice::from_ref(&root), noon());
    let unknown = |is_critical| extension(&[0x2a, 3], is_critical, &[5, 0]);
    assert!(leaf(&[unknown(false)]).is_ok());
    assert_eq!(fault(leaf(&[unknown(true)])), (PathFault::UnknownExtension, "CN=Leaf".into()));
    assert_eq!(fault(leaf(&[unknown(false), unknown(false)])), (PathFault::Malformed, "CN=Leaf".into()));
    assert!(leaf(&[extension(oid::QC_STATEMENTS, true, &[0x30, 0])]).is_ok());
    assert_eq!(fault(leaf(&[extension(oid::EXTENDED_KEY_USAGE, false, &[5, 0])])).0, PathFault::Malformed);
}

#[test]
fn time_stamps_are_not_made_by_cas() {
    let root = made("Root", "Root", &[ca()]);
    let purpose = der::sequence(&[&der::tlv(der::OID, &[oid::TIME_STAMPING])]);
    let stamping = |is_critical| extension(oid::EXTENDED_KEY_USAGE, is_critical, &purpose);
    let check = |extensions: &[Vec<u8>]| {
        let target = made("TSA", "Root", extensions);
        build(&target, &[], &Anchors::new([root.clone()]), noon(), Purpose::Timestamping, &Limits::default())
    };
    assert!(check(&[stamping(true)]).is_ok());
    assert_eq!(fault(check(&[stamping(false)])).0, PathFault::ExtendedKeyUsage);
    assert_eq!(fault(check(&[stamping(true), ca()])).0, PathFault::IsCa);
    assert_eq!(fault(check(&[])).0, PathFault::ExtendedKeyUsage);
}

#[test]
fn what_revocation_needs_is_read() {
    let url = |text: &str| der::tlv(der::context_primitive(6), &[text.as_bytes()]);
    let description = |method: &[u8], text: &str| der::sequence(&[&der::tlv(der::OID, &[method]), &url(text)]);
    let information = der::sequence(&[
        &description(oid::OCSP, "ldap://a/"),
        &description(oid::OCSP, "http://a/"),
        &description(oid::CA_ISSUERS, "HTTPS://b/"),
    ]);
    let point = |fields: &[&[u8]]| der::sequence(fields);
    let full = |text: &str| der::tlv(der::context(0), &[&der::tlv(der::context(0), &[&url(text)])]);
    let issuer = der::tlv(der::context(2), &[&der::tlv(der::context(4), &[&[0x30, 0]])]);
    let points = der::sequence(&[
        &point(&[&full("http://c/"), &der::tlv(der::context_primitive(1), &[&[6, 0x40]])]),
        &point(&[&issuer]),
    ]);
    let certificate = made(
        "Leaf",
        "CA",
        &[
            extension(oid::AUTHORITY_INFORMATION, false, &information),
            extension(oid::CRL_DISTRIBUTION_POINTS, false, &points),
            extension(oid::NO_REVOCATION_AVAILABLE, false, &[5, 0]),
            extension(oid::VALIDITY_ASSURED_SHORT_TERM, false, &[5, 0]),
        ],
    );
    let read = certificate.extensions().unwrap();
    assert_eq!(
        (read.ocsp_urls.as_slice(), read.issuer_urls.as_slice()),
        (&["http://a/".into()][..], &["HTTPS://b/".into()][..])
    );
    let [first, second] = read.crl_points.as_slice() else { panic!() };
    assert_eq!((first.urls().collect::<Vec<_>>(), first.reasons), (vec!["http://c/"], Some(0x4000)));
    assert!(second.name.is_none() && second.crl_issuers.len() == 1);
    assert!(read.has_no_revocation && read.is_short_term && !read.has_ocsp_no_check && read.is_ca.is_none());
}
