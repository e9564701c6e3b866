//! Lists that the issuing CA of `testdata/signers` could have made.

use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::DecodePrivateKey as _;

use super::*;
use crate::der;
use crate::pki::oid;
use crate::pki::revocation::{Reason, Revocation};

/// A list under way.
#[derive(Clone, Default)]
pub(super) struct List {
    no_next_update: bool,
    entries: Vec<Entry>,
    extensions: Vec<Vec<u8>>,
    version_1: bool,
}

pub(super) type Entry = Vec<u8>;

impl List {
    pub(super) fn entries(self, entries: Vec<Entry>) -> Self {
        List { entries, ..self }
    }

    fn extension(mut self, extension: Vec<u8>) -> Self {
        self.extensions.push(extension);
        self
    }

    /// An issuing distribution point of these fields.
    fn scope(self, fields: &[&[u8]]) -> Self {
        self.extension(extension(oid::ISSUING_DISTRIBUTION_POINT, true, &der::sequence(fields)))
    }

    pub(super) fn signed(&self) -> Vec<u8> {
        let algorithm = der::sequence(&[&der::tlv(der::OID, &[oid::ECDSA_SHA256])]);
        let version: &[u8] = if self.version_1 { &[] } else { &[der::INTEGER, 1, 1] };
        let next = if self.no_next_update { Vec::new() } else { utc("261124000000Z") };
        let entries = self.entries.concat();
        let entries = if entries.is_empty() { entries } else { der::sequence(&[&entries]) };
        let extensions = self.extensions.concat();
        let extensions = if extensions.is_empty() {
            extensions
        } else {
            der::tlv(der::context(0), &[&der::sequence(&[&extensions])])
        };
        let issuer = issuing();
        let signed = der::sequence(&[
            version,
            &algorithm,
            issuer.subject_der(),
            &utc("261123000000Z"),
            &next,
            &entries,
            &extensions,
        ]);
        let key = String::from_utf8(file("signers", "issuing.key")).unwrap();
        let value: p256::ecdsa::Signature = p256::ecdsa::SigningKey::from_pkcs8_pem(&key).unwrap().sign(&signed);
        let value = der::tlv(der::BIT_STRING, &[&[0], value.to_der().as_bytes()]);
        der::sequence(&[&signed, &algorithm, &value])
    }

    /// What is said about `certificate`, by its code where it is an error.
    fn about(&self, certificate: &Certificate) -> std::result::Result<Option<Revocation>, &'static str> {
        let signer = issuing();
        let question = Question::new(certificate, &signer, noon());
        let status = read(&self.signed()).and_then(|crl| crl.check(&question, &Limits::default()));
        status.map(|status| status.revocation).map_err(|error| error.code().as_str())
    }
}

pub(super) fn issuing() -> Certificate {
    Certificate::parse(&file("signers", "issuing.pem")).unwrap()
}

/// One of its certificates.
pub(super) fn subject() -> Certificate {
    Certificate::parse(&file("signers", "p256.pem")).unwrap()
}

pub(super) fn noon() -> Time {
    time("2026-11-23T12:00:00Z")
}

/// An entry of 23 November 2026.
pub(super) fn entry(serial: &[u8]) -> Entry {
    der::sequence(&[&der::tlv(der::INTEGER, &[serial]), &utc("261123000000Z")])
}

fn entry_with(serial: &[u8], date: &str, extensions: &[Vec<u8>]) -> Entry {
    let extensions = der::sequence(&[&extensions.concat()]);
    der::sequence(&[&der::tlv(der::INTEGER, &[serial]), &utc(date), &extensions])
}

fn own_serial() -> Vec<u8> {
    let subject = subject();
    der::Reader::der(subject.serial_der(), ErrorCode::DerMalformed).element().unwrap().content().to_vec()
}

fn reason(number: u8) -> Vec<u8> {
    extension(oid::CRL_REASON, false, &[der::ENUMERATED, 1, number])
}

fn issuer_is(name: &[u8]) -> Vec<u8> {
    extension(oid::CERTIFICATE_ISSUER, true, &der::sequence(&[&der::tlv(der::context(4), &[name])]))
}

fn extension(id: &[u8], is_critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if is_critical { &[der::BOOLEAN, 1, 0xff] } else { &[] };
    der::sequence(&[&der::tlv(der::OID, &[id]), critical, &der::tlv(der::OCTET_STRING, &[value])])
}

fn utc(text: &str) -> Vec<u8> {
    der::tlv(der::UTC_TIME, &[text.as_bytes()])
}

fn revoked(time_text: &str, reason: Option<Reason>) -> std::result::Result<Option<Revocation>, &'static str> {
    Ok(Some(Revocation { time: time(time_text), reason }))
}

const TRUE: [u8; 1] = [0xff];

#[test]
fn entries_are_found_by_serial_number() {
    let (list, subject, own) = (List::default(), subject(), own_serial());
    assert_eq!(list.about(&subject), Ok(None));
    assert_eq!(list.clone().entries(vec![entry(&[1]), entry(&own[1..])]).about(&subject), Ok(None));
    let one = list.clone().entries(vec![entry(&[1]), entry(&own), entry(&[2])]);
    assert_eq!(one.about(&subject), revoked("2026-11-23T00:00:00Z", None));
    // Of several the one that weighs most; what is removed is none.
    let later = entry_with(&own, "261122000000Z", &[reason(1)]);
    let hold = entry_with(&own, "261101000000Z", &[reason(6)]);
    let removed = entry_with(&own, "261101000000Z", &[reason(8)]);
    let expected = revoked("2026-11-22T00:00:00Z", Some(Reason::KeyCompromise));
    assert_eq!(list.clone().entries(vec![hold.clone(), later, entry(&own), removed.clone()]).about(&subject), expected);
    let held = revoked("2026-11-01T00:00:00Z", Some(Reason::CertificateHold));
    assert_eq!(list.clone().entries(vec![removed.clone(), hold]).about(&subject), held);
    assert_eq!(list.entries(vec![removed]).about(&subject), Ok(None));
}

#[test]
fn a_list_speaks_about_what_its_scope_names() {
    let (list, user, ca) = (List::default(), subject(), issuing());
    let flag = |number| der::tlv(der::context_primitive(number), &[&TRUE]);
    assert_eq!(list.clone().scope(&[&flag(1)]).about(&user), Ok(None));
    assert_eq!(list.clone().scope(&[&flag(2)]).about(&user), Err("crl.scope"));
    assert_eq!(list.clone().scope(&[&flag(5)]).about(&user), Err("crl.scope"));
    assert_eq!(list.clone().about(&ca), Err("crl.scope"), "another issuer");
    // A point that the certificate does not name.
    let uri = der::tlv(der::context_primitive(6), &[b"http://other/"]);
    let name = der::tlv(der::context(0), &[&der::tlv(der::context(0), &[&uri])]);
    assert_eq!(list.clone().scope(&[&name]).about(&user), Err("crl.scope"));
    // Some reasons only: an entry counts, silence does not.
    let some = list.scope(&[&der::tlv(der::context_primitive(3), &[&[6, 0x40]])]);
    let signer = issuing();
    let crl = read(&some.signed()).unwrap();
    let status = crl.check(&Question::new(&user, &signer, noon()), &Limits::default()).unwrap();
    assert!(!status.reasons.are_all());
    assert_eq!(status.require_good().unwrap_err().code(), ErrorCode::CrlScope);
    let found = some.entries(vec![entry_with(&own_serial(), "261123000000Z", &[reason(1)])]);
    assert_eq!(found.about(&user), revoked("2026-11-23T00:00:00Z", Some(Reason::KeyCompromise)));
}

#[test]
fn entries_of_an_indirect_list_are_of_the_issuer_that_was_named_last() {
    let (own, other) = (own_serial(), certificate("i1"));
    let indirect = List::default().scope(&[&der::tlv(der::context_primitive(4), &[&TRUE])]);
    let named = entry_with(&[1], "261123000000Z", &[issuer_is(other.subject_der())]);
    let foreign = indirect.clone().entries(vec![named.clone(), entry(&own)]);
    assert_eq!(foreign.about(&subject()), Ok(None));
    let back = entry_with(&[2], "261123000000Z", &[issuer_is(issuing().subject_der())]);
    let again = indirect.entries(vec![named.clone(), back, entry(&own)]);
    assert_eq!(again.about(&subject()), revoked("2026-11-23T00:00:00Z", None));
    assert_eq!(List::default().entries(vec![named]).about(&subject()), Err("crl.extension"), "not an indirect one");
}

#[test]
fn what_is_critical_has_to_be_known() {
    let (list, subject, unknown) = (List::default(), subject(), [0x2a, 3]);
    assert_eq!(list.clone().extension(extension(&unknown, false, &[5, 0])).about(&subject), Ok(None));
    assert_eq!(list.clone().extension(extension(&unknown, true, &[5, 0])).about(&subject), Err("crl.extension"));
    let of = |critical| vec![entry_with(&[1], "261123000000Z", &[extension(&unknown, critical, &[5, 0])])];
    assert_eq!(list.clone().entries(of(false)).about(&subject), Ok(None));
    assert_eq!(list.clone().entries(of(true)).about(&subject), Err("crl.extension"), "also in the entry of another");
    let delta = extension(oid::DELTA_CRL_INDICATOR, true, &[der::INTEGER, 1, 1]);
    assert_eq!(list.clone().extension(delta.clone()).about(&subject), Err("crl.delta"));
    assert_eq!(list.extension(delta.clone()).extension(delta).about(&subject), Err("crl.malformed"), "twice");
}

#[test]
fn old_and_odd_forms_are_read() {
    let subject = subject();
    let old = List { version_1: true, ..List::default() };
    assert_eq!(old.clone().entries(vec![entry(&[1])]).about(&subject), Ok(None));
    assert_eq!(old.extension(extension(&[0x2a, 3], false, &[5, 0])).about(&subject), Err("crl.malformed"));
    let endless = List { no_next_update: true, ..List::default() };
    assert_eq!(endless.about(&subject), Ok(None));
    let (signer, crl) = (issuing(), read(&endless.signed()).unwrap());
    let later = Question::new(&subject, &signer, time("2026-11-24T00:00:01Z"));
    assert_eq!(crl.check(&later, &Limits::default()).unwrap_err().code(), ErrorCode::CrlStale, "after a day");
}

#[test]
fn expired_certificates_are_kept_where_the_list_says_so() {
    let (expired, signer) = (certificate("expired"), certificate("i1"));
    assert_eq!(expired.not_after(), time("2022-01-01T00:00:00Z"));
    let since = |text: &str| {
        let value = der::tlv(der::GENERALIZED_TIME, &[text.as_bytes()]);
        let list = List::default().extension(extension(oid::EXPIRED_CERTIFICATES_ON_CRL, false, &value));
        read(&list.signed()).unwrap().expired_since().unwrap()
    };
    assert_eq!(since("20220101000000Z"), expired.not_after());
    let crl = read(&file("services/crl", "i1.crl")).unwrap();
    let question = Question::new(&expired, &signer, time("2026-11-22T12:00:00Z"));
    assert_eq!(crl.check(&question, &Limits::default()).unwrap_err().code(), ErrorCode::CrlExpired);
    let mut keeping = crl.clone();
    keeping.extensions.expired_since = Some(since("20220101000000Z"));
    assert_eq!(keeping.check(&question, &Limits::default()).unwrap().revocation, None);
    keeping.extensions.expired_since = Some(since("20220101000001Z"));
    assert_eq!(keeping.check(&question, &Limits::default()).unwrap_err().code(), ErrorCode::CrlExpired);
}
