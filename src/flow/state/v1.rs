//! Version 1 of the saved state. Frozen: what it wrote once is read and written the same for ever.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::cms::Identity;
use crate::digest::{DigestAlgorithm, State};
use crate::error::{Error, ErrorCode, Result, StateError};
use crate::flow::essentials::{Body as Kind, Essentials, PdfBody, id};
use crate::limits::Limits;
use crate::pdf::find;
use crate::pki::Certificate;
use crate::signature::{Curve, SignatureAlgorithm};
use crate::signing::{Level, Tail};
use crate::source::to_u64;
use crate::time::{Moment, Time};

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    id: String,
    format: String,
    source: SourceEnd,
    time: i64,
    nonce: String,
    level: String,
    algorithm: String,
    certificates: Vec<String>,
    field: String,
    tail_before: String,
    hole_digits: u64,
    tail_after: String,
    to_be_signed: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    value: Option<String>,
    /// SHA-256 of the body with this field empty: tells damage from content, and is no protection against intent.
    check: String,
}

impl Body {
    fn check(&mut self) -> Result<String> {
        self.check.clear();
        let bytes = serde_json::to_vec(self).map_err(|_| Error::Bug("state can't be written"))?;
        Ok(STANDARD.encode(DigestAlgorithm::Sha256.digest(&bytes).as_bytes()))
    }
}

/// The digest at the end of the source, finished and as it goes on.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct SourceEnd {
    length: u64,
    digest: String,
    state: String,
}

pub(super) fn write(essentials: &Essentials, value: Option<&[u8]>) -> Result<Vec<u8>> {
    let Kind::Pdf(pdf) = &essentials.body else { return Err(Error::Bug("skeleton")) };
    let tail = &pdf.tail;
    let mut body = Body {
        id: essentials.id.clone(),
        format: PADES.to_owned(),
        source: SourceEnd {
            length: pdf.source_state.len(),
            digest: STANDARD.encode(pdf.source_digest.as_bytes()),
            state: STANDARD.encode(pdf.source_state.to_bytes()?),
        },
        time: essentials.moment.time().as_unix(),
        nonce: STANDARD.encode(essentials.moment.nonce()),
        level: essentials.level.as_str().to_owned(),
        algorithm: algorithm_name(essentials.algorithm).to_owned(),
        certificates: essentials.certificates.iter().map(|c| STANDARD.encode(c.as_der())).collect(),
        field: pdf.field.clone(),
        tail_before: STANDARD.encode(tail.before()),
        hole_digits: to_u64(tail.hole().len()),
        tail_after: STANDARD.encode(tail.after()),
        to_be_signed: STANDARD.encode(essentials.to_be_signed.as_bytes()),
        value: value.map(|value| STANDARD.encode(value)),
        check: String::new(),
    };
    body.check = body.check()?;
    serde_json::to_vec(&body).map_err(|_| Error::Bug("state can't be written"))
}

pub(super) fn read(body: &[u8], limits: &Limits) -> Result<(Essentials, Option<Vec<u8>>)> {
    // Whatever is wrong with a state, the remedy is the same, so it is one error.
    parse(body, limits).ok_or_else(|| StateError::new(ErrorCode::StateMalformed).into())
}

fn parse(body: &[u8], limits: &Limits) -> Option<(Essentials, Option<Vec<u8>>)> {
    let mut body: Body = serde_json::from_slice(body).ok()?;
    let check = body.check.clone();
    (body.check().ok()? == check).then_some(())?;
    let value = match &body.value {
        Some(value) => Some(STANDARD.decode(value).ok()?),
        None => None,
    };
    if body.format != PADES || to_u64(body.certificates.len()) > limits.certificates {
        return None;
    }
    let algorithm = algorithm_named(&body.algorithm)?;
    let source_state = State::from_bytes(algorithm.digest(), &STANDARD.decode(&body.source.state).ok()?).ok()?;
    let source_digest = source_state.clone().finish();
    let same_source = source_state.len() == body.source.length
        && STANDARD.decode(&body.source.digest).ok()? == source_digest.as_bytes();
    let nonce: [u8; 32] = STANDARD.decode(&body.nonce).ok()?.try_into().ok()?;
    let moment = Moment::new(Time::from_unix(body.time).ok()?, nonce);
    let mut certificates = Vec::new();
    for certificate in &body.certificates {
        certificates.push(Certificate::from_der(&STANDARD.decode(certificate).ok()?).ok()?);
    }
    let tail = parse_tail(&body, limits)?;
    let pdf = PdfBody { source_digest, source_state, field: body.field, tail };
    let before = pdf.tail.before();
    // The length of the hole is not in what is signed, but it follows from the ByteRange, which is.
    let range = byte_range(body.source.length, &pdf.tail)?;
    let same_hole = find(before, range.as_bytes()).is_some();
    let dated = find(before, format!("/M ({})", moment.time().to_pdf()).as_bytes()).is_some();
    let issuers = certificates.get(1..).unwrap_or_default();
    let again = pdf.to_be_signed(&Identity::new(certificates.first()?, issuers, algorithm), algorithm);
    let essentials = Essentials {
        moment,
        certificates,
        algorithm,
        level: Level::from_name(&body.level).ok()?,
        to_be_signed: crate::ToBeSigned::new(STANDARD.decode(&body.to_be_signed).ok()?, algorithm),
        id: body.id,
        body: Kind::Pdf(pdf),
    };
    // The time stands in the signature dictionary, the nonce in the id: neither can be changed here alone.
    let same_moment = essentials.id == id(&moment, &again) && dated;
    let sound = same_source && same_hole && same_moment && again == essentials.to_be_signed;
    sound.then_some((essentials, value))
}

fn byte_range(source: u64, tail: &Tail) -> Option<String> {
    let open = source.checked_add(to_u64(tail.hole().start.checked_sub(1)?))?;
    let close = source.checked_add(to_u64(tail.hole().end.checked_add(1)?))?;
    let end = source.checked_add(to_u64(tail.bytes().len()))?;
    Some(format!("/ByteRange [0 {open} {close} {}]", end.checked_sub(close)?))
}

fn parse_tail(body: &Body, limits: &Limits) -> Option<Tail> {
    // Two digits a byte; the hole is not in the state, so its length is only a claim.
    let sound = body.hole_digits.is_multiple_of(2) && body.hole_digits / 2 <= limits.pdf_contents_bytes;
    let digits = usize::try_from(body.hole_digits).ok().filter(|_| sound)?;
    let mut bytes = STANDARD.decode(&body.tail_before).ok()?;
    let start = bytes.len();
    bytes.resize(start.checked_add(digits)?, b'0');
    let hole = start..bytes.len();
    bytes.extend(STANDARD.decode(&body.tail_after).ok()?);
    let tail = Tail::new(bytes, hole)?;
    let brackets = tail.before().ends_with(b"<") && tail.after().starts_with(b">");
    brackets.then_some(tail)
}

fn algorithm_name(algorithm: SignatureAlgorithm) -> &'static str {
    let known = ALGORITHMS.iter().find(|(known, _)| *known == algorithm);
    known.map_or("unknown", |(_, name)| name)
}

fn algorithm_named(name: &str) -> Option<SignatureAlgorithm> {
    ALGORITHMS.iter().find(|(_, known)| *known == name).map(|(algorithm, _)| *algorithm)
}

const PADES: &str = "pades";

const ALGORITHMS: [(SignatureAlgorithm, &str); 16] = {
    use DigestAlgorithm::{Sha256, Sha384, Sha512};
    use SignatureAlgorithm::{Ecdsa, Ed25519, RsaPkcs1, RsaPss};
    [
        (RsaPkcs1(Sha256), "rsa-pkcs1-sha256"),
        (RsaPkcs1(Sha384), "rsa-pkcs1-sha384"),
        (RsaPkcs1(Sha512), "rsa-pkcs1-sha512"),
        (RsaPss(Sha256), "rsa-pss-sha256"),
        (RsaPss(Sha384), "rsa-pss-sha384"),
        (RsaPss(Sha512), "rsa-pss-sha512"),
        (Ecdsa(Curve::P256, Sha256), "ecdsa-p256-sha256"),
        (Ecdsa(Curve::P256, Sha384), "ecdsa-p256-sha384"),
        (Ecdsa(Curve::P256, Sha512), "ecdsa-p256-sha512"),
        (Ecdsa(Curve::P384, Sha256), "ecdsa-p384-sha256"),
        (Ecdsa(Curve::P384, Sha384), "ecdsa-p384-sha384"),
        (Ecdsa(Curve::P384, Sha512), "ecdsa-p384-sha512"),
        (Ecdsa(Curve::P521, Sha256), "ecdsa-p521-sha256"),
        (Ecdsa(Curve::P521, Sha384), "ecdsa-p521-sha384"),
        (Ecdsa(Curve::P521, Sha512), "ecdsa-p521-sha512"),
        (Ed25519, "ed25519"),
    ]
};
