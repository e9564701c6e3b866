//! The saved state of a PDF.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use super::{Format, algorithm_name, algorithm_named, bytes_of, certificates_of, check_of, moment_of, value_of};
use crate::cms::Identity;
use crate::digest::State;
use crate::error::Result;
use crate::flow::essentials::{Body as Kind, Essentials, PdfBody, id};
use crate::limits::Limits;
use crate::pdf::find;
use crate::signature::ToBeSigned;
use crate::signing::{Level, Tail};
use crate::source::to_u64;

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Body {
    id: String,
    format: Format,
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
    check: String,
}

impl Body {
    fn check(&mut self) -> Result<String> {
        self.check.clear();
        check_of(self)
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

pub(super) fn write(essentials: &Essentials, pdf: &PdfBody, value: Option<&[u8]>) -> Result<Vec<u8>> {
    let tail = &pdf.tail;
    let mut body = Body {
        id: essentials.id.clone(),
        format: Format::Pades,
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
    bytes_of(&body)
}

pub(super) fn parse(body: &[u8], limits: &Limits) -> Option<(Essentials, Option<Vec<u8>>)> {
    let mut body: Body = serde_json::from_slice(body).ok()?;
    let check = body.check.clone();
    (body.check().ok()? == check).then_some(())?;
    let value = value_of(body.value.as_ref())?;
    let algorithm = algorithm_named(&body.algorithm)?;
    let source_state = State::from_bytes(algorithm.digest(), &STANDARD.decode(&body.source.state).ok()?).ok()?;
    let source_digest = source_state.clone().finish();
    let same_source = source_state.len() == body.source.length
        && STANDARD.decode(&body.source.digest).ok()? == source_digest.as_bytes();
    let moment = moment_of(body.time, &body.nonce)?;
    let certificates = certificates_of(&body.certificates, limits)?;
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
        to_be_signed: ToBeSigned::new(STANDARD.decode(&body.to_be_signed).ok()?, algorithm),
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
