use super::super::tests::{hello, signer, time};
use super::super::{Ids, prepare};
use super::*;
use crate::digest::DigestAlgorithm;
use crate::signature::Curve;
use crate::signing::Plan;

const ALGORITHM: SignatureAlgorithm = SignatureAlgorithm::Ecdsa(Curve::P256, DigestAlgorithm::Sha256);

fn draft() -> Draft {
    let plan = Plan::new(signer(), &[]).unwrap();
    prepare(&plan, &Ids::with_prefix("S0").unwrap(), time(), &[hello()]).unwrap()
}

fn check(draft: &Draft, references: &[DataReference]) -> Option<ErrorCode> {
    let checked = check_draft(draft, &[signer()], ALGORITHM, time(), references, &Limits::default());
    checked.err().map(|error| error.code())
}

#[test]
fn a_sound_draft_passes_and_nothing_else_may_be_expected_of_it() {
    let draft = draft();
    assert_eq!(check(&draft, &[hello()]), None);
    let other = |name: &str, text: &[u8], media_type: &str| DataReference {
        name: name.into(),
        digest: DigestAlgorithm::Sha256.digest(text),
        media_type: media_type.into(),
    };
    for references in [
        vec![],
        vec![hello(), hello()],
        vec![other("hello.txT", b"hello\n", "text/plain")],
        vec![other("hello.txt", b"hello", "text/plain")],
        vec![other("hello.txt", b"hello\n", "text/html")],
    ] {
        assert_eq!(check(&draft, &references), Some(ErrorCode::StateMalformed));
    }
    let limits = Limits::default();
    let later = Time::from_unix(time().as_unix() + 1).unwrap();
    let sha384 = SignatureAlgorithm::Ecdsa(Curve::P256, DigestAlgorithm::Sha384);
    let twice = [signer(), signer()];
    for (certificates, algorithm, time) in [
        (&[][..], ALGORITHM, time()),
        (&twice, ALGORITHM, time()),
        (&twice[..1], sha384, time()),
        (&twice[..1], ALGORITHM, later),
    ] {
        let checked = check_draft(&draft, certificates, algorithm, time, &[hello()], &limits);
        assert_eq!(checked.unwrap_err().code(), ErrorCode::StateMalformed);
    }
}

#[test]
fn any_changed_byte_is_noticed() {
    let good = draft();
    let mut passed = Vec::new();
    for at in 0..good.before.len() + good.after.len() + good.signed_info.len() {
        let mut changed = good.clone();
        let mut parts = changed.before.iter_mut().chain(&mut changed.after).chain(&mut changed.signed_info);
        *parts.nth(at).unwrap() ^= 1;
        if check(&changed, &[hello()]).is_none() {
            passed.push(at);
        }
    }
    assert_eq!(passed, [0; 0]);
}

#[test]
fn limits_are_told_as_limits() {
    let limits = Limits { xml_bytes: 100, ..Limits::default() };
    let checked = check_draft(&draft(), &[signer()], ALGORITHM, time(), &[hello()], &limits);
    assert_eq!(checked.unwrap_err().code(), ErrorCode::LimitExceeded);
}

#[test]
fn the_hole_is_where_the_value_stands() {
    let good = draft();
    for shift in [1, 2, 18] {
        let (head, tail) = good.before.split_at(good.before.len() - shift);
        let after = [tail, &good.after].concat();
        assert!(check(&Draft { before: head.to_vec(), after, ..good.clone() }, &[hello()]).is_some());
    }
    let spaced = Draft { before: [good.before.as_slice(), b" "].concat(), ..good };
    assert!(check(&spaced, &[hello()]).is_some());
}
