//! A signer and a time-stamping service of the test's own.

use std::sync::Arc;

use super::{Document, Limits};
use crate::answers::timestamp::Token;
use crate::cms::{accept_value, signed_attributes, signed_data, time_stamp_attribute};
use crate::der;
use crate::digest::{Digest, DigestAlgorithm, State};
use crate::key::LocalKey;
use crate::pades::{Extension, prepare};
use crate::pki::{Certificate, digest_algorithm_der, oid, signature_algorithm_der};
use crate::provider::Signer as _;
use crate::signature::{SignatureAlgorithm, ToBeSigned};
use crate::signing::{Level, Plan, Stamp, StampKind, Subject};
use crate::time::{Moment, Time};

pub(super) fn key(name: &str) -> LocalKey {
    let path = |end: &str| format!("{}/testdata/signers/{name}.{end}", env!("CARGO_MANIFEST_DIR"));
    let certificate = Certificate::parse(&std::fs::read(path("pem")).unwrap()).unwrap();
    LocalKey::open(&std::fs::read(path("key")).unwrap(), None, None, &[certificate], &Limits::default()).unwrap()
}

/// A token over `imprint`, at `time` as `20270102030405Z`.
pub(super) fn token(imprint: &Digest, time: &str) -> Arc<Token> {
    let tsa = key("tsa");
    let certificate = &tsa.chain()[0];
    let oid = |content: &[u8]| der::tlv(der::OID, &[content]);
    let octets = |content: &[u8]| der::tlv(der::OCTET_STRING, &[content]);
    let attribute = |kind: &[u8], value: &[u8]| der::sequence(&[&oid(kind), &der::tlv(der::SET, &[value])]);
    let content = der::sequence(&[
        &[der::INTEGER, 1, 1],
        &der::oid("1.2.3").unwrap(),
        &der::sequence(&[&digest_algorithm_der(imprint.algorithm()), &octets(imprint.as_bytes())]),
        &[der::INTEGER, 1, 7],
        &der::tlv(der::GENERALIZED_TIME, &[time.as_bytes()]),
    ]);
    let sha256 = DigestAlgorithm::Sha256;
    let certificate_id = der::sequence(&[&octets(certificate.sha256().as_bytes())]);
    let attributes = der::tlv(
        der::SET,
        &[
            &attribute(oid::CONTENT_TYPE, &oid(oid::TST_INFO)),
            &attribute(oid::MESSAGE_DIGEST, &octets(sha256.digest(&content).as_bytes())),
            &attribute(oid::SIGNING_CERTIFICATE_V2, &der::sequence(&[&der::sequence(&[&certificate_id])])),
        ],
    );
    let algorithm = certificate.key().algorithm().unwrap();
    let to_be_signed = ToBeSigned::new(attributes.clone(), algorithm);
    let value = accept_value(&tsa.sign(&to_be_signed).unwrap(), certificate, &to_be_signed).unwrap();
    let signer = der::sequence(&[
        &[der::INTEGER, 1, 1],
        &der::sequence(&[certificate.issuer_der(), certificate.serial_der()]),
        &digest_algorithm_der(sha256),
        &[&[der::context(0)], &attributes[1..]].concat(),
        &signature_algorithm_der(algorithm),
        &octets(&value),
    ]);
    let signed = der::sequence(&[
        &[der::INTEGER, 1, 3],
        &der::tlv(der::SET, &[&digest_algorithm_der(sha256)]),
        &der::sequence(&[&oid(oid::TST_INFO), &der::tlv(der::context(0), &[&octets(&content)])]),
        &der::tlv(der::context(0), &[certificate.as_der()]),
        &der::tlv(der::SET, &[&signer]),
    ]);
    let info = der::sequence(&[&oid(oid::SIGNED_DATA), &der::tlv(der::context(0), &[&signed])]);
    Arc::new(Token::read(&info, &Limits::default()).unwrap())
}

/// `document` signed by `name`, with a time-stamp over the value.
pub(super) fn signed(document: &Document, name: &str) -> Extension {
    let key = key(name);
    let chain = std::fs::read(format!("{}/testdata/signers/chain.pem", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let chain = Certificate::parse_all(&chain).unwrap();
    let time = Time::parse_rfc3339("2027-01-02T03:04:04Z").unwrap();
    signed_with(document, &key, &chain, time, |imprint| token(imprint, "20270102030405Z"))
}

pub(super) fn signed_with(
    document: &Document,
    key: &LocalKey,
    chain: &[Certificate],
    time: Time,
    stamp: impl Fn(&Digest) -> Arc<Token>,
) -> Extension {
    let plan = Plan::new(key.chain()[0].clone(), chain).unwrap().level(Level::Blta);
    let moment = Moment::new(time, [7; 32]);
    let draft = prepare(document, &plan, &moment).unwrap();
    let algorithm: SignatureAlgorithm = plan.algorithm();
    let mut state = State::new(algorithm.digest());
    document
        .source()
        .for_each(0..document.source().len(), |bytes| {
            state.update(bytes);
            Ok(())
        })
        .unwrap();
    let mut covered = state.clone();
    let (before, after) = (draft.tail.before(), draft.tail.after());
    covered.update(&before[..before.len() - 1]);
    covered.update(&after[1..]);
    let attributes = signed_attributes(plan.identity(), &covered.finish());
    let to_be_signed = ToBeSigned::new(attributes.clone(), algorithm);
    let value = accept_value(&key.sign(&to_be_signed).unwrap(), plan.certificate(), &to_be_signed).unwrap();
    let stamp = stamp(&DigestAlgorithm::Sha256.digest(&value));
    let cms = signed_data(plan.identity(), &attributes, &value, Some(&time_stamp_attribute(stamp.as_bytes())));
    let subject = Subject {
        name: draft.field,
        signer: Some(plan.certificate().clone()),
        certificates: plan.embedded().cloned().collect(),
        stamps: vec![Stamp { kind: StampKind::Signature, token: stamp }],
        fault: None,
    };
    let digest = state.clone().finish();
    Extension::signed(document.source(), digest, &state, &draft.tail, &cms, subject, &Limits::default()).unwrap()
}
