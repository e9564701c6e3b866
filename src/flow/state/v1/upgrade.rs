//! What is kept of an upgrade.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{check_of, moment_of};
use crate::digest::DigestAlgorithm;
use crate::error::{ErrorCode, Result, StateError};
use crate::evidence::Role;
use crate::flow::state::{Origin, SavedAnswer, SavedStamp, SavedUpgrade};
use crate::limits::Limits;
use crate::source::to_u64;
use crate::time::Time;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    /// SHA-256 of all of this with this field empty.
    check: String,
    /// The state of a document that was signed here.
    signed: Option<String>,
    /// The length of a document that somebody else signed.
    document_bytes: Option<u64>,
    time: i64,
    nonce: String,
    stamps: Vec<Stamp>,
    answers: Vec<Answer>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Stamp {
    unit: u64,
    step: u64,
    digest: String,
    policy: Option<String>,
    /// Left out where the request has a nonce, as all had when this was frozen.
    #[serde(default, skip_serializing_if = "is_false")]
    without_nonce: bool,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Answer {
    id: String,
    role: String,
    url: Option<String>,
    host: Option<String>,
    received: i64,
    content: String,
}

pub(in crate::flow::state) fn write(upgrade: &SavedUpgrade) -> Result<Vec<u8>> {
    let (signed, document_bytes) = match &upgrade.origin {
        Origin::Signed(state) => (Some(STANDARD.encode(state)), None),
        Origin::Document(len) => (None, Some(*len)),
    };
    let stamp = |stamp: &SavedStamp| Stamp {
        unit: stamp.unit,
        step: stamp.step,
        digest: stamp.digest.name().to_owned(),
        policy: stamp.policy.clone(),
        without_nonce: !stamp.has_nonce,
    };
    let answer = |answer: &SavedAnswer| Answer {
        id: STANDARD.encode(answer.id),
        role: answer.role.as_str().to_owned(),
        url: answer.url.clone(),
        host: answer.host.clone(),
        received: answer.received.as_unix(),
        content: STANDARD.encode(&answer.content),
    };
    let mut body = Body {
        check: String::new(),
        signed,
        document_bytes,
        time: upgrade.moment.time().as_unix(),
        nonce: STANDARD.encode(upgrade.moment.nonce()),
        stamps: upgrade.stamps.iter().map(stamp).collect(),
        answers: upgrade.answers.iter().map(answer).collect(),
    };
    body.check = check_of(&body)?;
    super::bytes_of(&body)
}

pub(in crate::flow::state) fn read(body: &[u8], limits: &Limits) -> Result<SavedUpgrade> {
    parse(body, limits).ok_or_else(|| StateError::new(ErrorCode::StateMalformed).into())
}

fn parse(body: &[u8], limits: &Limits) -> Option<SavedUpgrade> {
    let mut body: Body = serde_json::from_slice(body).ok()?;
    let check = std::mem::take(&mut body.check);
    if check_of(&body).ok()? != check {
        return None;
    }
    let most = limits.fetches.saturating_mul(4);
    if to_u64(body.answers.len()) > most || to_u64(body.stamps.len()) > most {
        return None;
    }
    let origin = match (&body.signed, body.document_bytes) {
        (Some(state), None) => Origin::Signed(STANDARD.decode(state).ok()?),
        (None, Some(len)) => Origin::Document(len),
        _ => return None,
    };
    Some(SavedUpgrade {
        origin,
        moment: moment_of(body.time, &body.nonce)?,
        stamps: body.stamps.into_iter().map(stamp).collect::<Option<_>>()?,
        answers: body.answers.into_iter().map(answer).collect::<Option<_>>()?,
    })
}

fn stamp(stamp: Stamp) -> Option<SavedStamp> {
    let digest = DigestAlgorithm::from_name(&stamp.digest).ok()?;
    let has_nonce = !stamp.without_nonce;
    Some(SavedStamp { unit: stamp.unit, step: stamp.step, digest, policy: stamp.policy, has_nonce })
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it so")]
fn is_false(flag: &bool) -> bool {
    !flag
}

fn answer(answer: Answer) -> Option<SavedAnswer> {
    let roles = [Role::Timestamp, Role::Ocsp, Role::Crl, Role::Certificate];
    Some(SavedAnswer {
        id: STANDARD.decode(&answer.id).ok()?.try_into().ok()?,
        role: roles.into_iter().find(|role| role.as_str() == answer.role)?,
        url: answer.url,
        host: answer.host,
        received: Time::from_unix(answer.received).ok()?,
        content: STANDARD.decode(&answer.content).ok()?,
    })
}
