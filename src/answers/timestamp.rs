//! Time-stamps (RFC 3161): the request, and whether what came is the stamp that was asked for.
//!
//! Comes in: a digest, and the answer to a request for it. Goes out: the request's bytes, and a [`Token`] that fits
//! the request, is sound in itself and made by a certificate for time-stamps alone. Whether that certificate is
//! trusted, and not revoked, is for its path to say. A token keeps the bytes it came with: those are embedded.

mod token;

pub(crate) use token::Token;

use crate::der::{self, Element, Reader};
use crate::digest::Digest;
use crate::error::{ErrorCode, Limit, Misuse, Result, ServiceError};
use crate::evidence::Role;
use crate::limits::Limits;
use crate::pki::digest_algorithm_der;
use crate::source::to_u64;
use crate::time::Time;

/// What is asked of a time-stamping service. The certificate is always asked for, too.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Request {
    imprint: Digest,
    /// Without leading zeros.
    nonce: Option<Vec<u8>>,
    policy: Option<String>,
}

impl Request {
    /// Asks for a stamp over `imprint`.
    pub(crate) fn new(imprint: Digest) -> Self {
        Request { imprint, nonce: None, policy: None }
    }

    /// Adds a nonce, an unsigned number; it must come back.
    #[must_use]
    pub(crate) fn nonce(self, nonce: &[u8]) -> Self {
        Request { nonce: Some(magnitude(nonce).to_vec()), ..self }
    }

    /// Adds a nonce of eight bytes that is drawn from `seed`. Its first bits are `01`: some services lose leading
    /// zeros, others take a leading one for a sign.
    #[must_use]
    pub(crate) fn nonce_from(self, seed: &[u8; 32]) -> Self {
        let mut nonce: Vec<u8> = seed.iter().copied().take(8).collect();
        if let Some(first) = nonce.first_mut() {
            *first = *first & 0x3f | 0x40;
        }
        self.nonce(&nonce)
    }

    /// Asks for a policy, in dotted form.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) when it is no object identifier.
    pub(crate) fn policy(self, policy: &str) -> Result<Self> {
        der::oid(policy).ok_or_else(|| Misuse::new("the policy is no object identifier"))?;
        Ok(Request { policy: Some(policy.to_owned()), ..self })
    }

    /// The TimeStampReq.
    pub(crate) fn to_der(&self) -> Vec<u8> {
        let hash = der::tlv(der::OCTET_STRING, &[self.imprint.as_bytes()]);
        let imprint = der::sequence(&[&digest_algorithm_der(self.imprint.algorithm()), &hash]);
        let policy = self.policy.as_deref().and_then(der::oid).unwrap_or_default();
        let nonce = self.nonce.as_deref().map(unsigned_der).unwrap_or_default();
        der::sequence(&[&VERSION_1, &imprint, &policy, &nonce, &CERTIFICATE_WANTED])
    }
}

/// Reads a TimeStampResp, and checks that its token answers `request`, names a time within `tolerance_seconds` of
/// `now`, and is sound as [`Token::check`] says.
///
/// # Errors
/// [`Error::Service`](crate::Error::Service) and, where the answer can't be read,
/// [`Error::Malformed`](crate::Error::Malformed), with a code `timestamp.…`.
pub(crate) fn accept(
    response: &[u8],
    request: &Request,
    now: Time,
    tolerance_seconds: u64,
    limits: &Limits,
) -> Result<Token> {
    if to_u64(response.len()) > limits.answer_bytes {
        return Err(Limit::new("answer_bytes", limits.answer_bytes, to_u64(response.len())).into());
    }
    let mut outer = Reader::ber(response, limits.der_depth, ErrorCode::TimestampMalformed);
    let mut fields = outer.sequence()?;
    outer.end()?;
    check_status(&fields.read(der::SEQUENCE)?)?;
    let token = Token::read(fields.read(der::SEQUENCE)?.raw(), limits)?;
    fields.end()?;

    if token.version() != 3 {
        return Err(fault(ErrorCode::TimestampMalformed).detail("the SignedData is not of version 3").into());
    }
    token.check_imprint(&request.imprint)?;
    if let Some(nonce) = &request.nonce {
        let Some(found) = token.nonce() else {
            return Err(fault(ErrorCode::TimestampNonce).detail("it has none").into());
        };
        if is_negative(found) || magnitude(found) != nonce.as_slice() {
            return Err(fault(ErrorCode::TimestampNonce).into());
        }
    }
    if request.policy.as_deref().is_some_and(|policy| policy != token.info().policy()) {
        return Err(fault(ErrorCode::TimestampPolicy).detail(token.info().policy()).into());
    }
    let apart = token.info().time().as_unix().abs_diff(now.as_unix());
    if apart > tolerance_seconds {
        let error = fault(ErrorCode::TimestampTime).detail(&format!("{apart} seconds apart"));
        return Err(error.time(token.info().time()).into());
    }
    token.check(&request.imprint)?;
    token.check_strength(now)?;
    Ok(token)
}

/// Refuses every PKIStatusInfo but `granted` and `grantedWithMods`.
fn check_status(info: &Element<'_>) -> Result<()> {
    let mut fields = info.reader()?;
    let status = fields.read(der::INTEGER)?.small()?;
    if status <= GRANTED_WITH_MODS {
        return Ok(());
    }
    let mut words = vec![match status {
        2 => "rejection".to_owned(),
        3 => "waiting".to_owned(),
        4 => "revocation warning".to_owned(),
        5 => "revocation notification".to_owned(),
        _ => "an unknown status".to_owned(),
    }];
    let mut own_words = Vec::new();
    if let Some(texts) = fields.optional(der::SEQUENCE)? {
        let mut texts = texts.reader()?;
        while !texts.is_empty() {
            own_words.push(format!("“{}”", String::from_utf8_lossy(texts.element()?.content())));
        }
    }
    let failure = fields.optional(der::BIT_STRING)?.map(|bits| bits.content().to_vec()).unwrap_or_default();
    let failures = FAILURES.iter().filter(|(bit, _, _)| has_bit(&failure, *bit));
    let is_passing = status == 3 || failures.clone().any(|(_, _, is_passing)| *is_passing);
    words.extend(failures.map(|(_, name, _)| (*name).to_owned()));
    words.extend(own_words);
    let code = if is_passing { ErrorCode::TimestampUnavailable } else { ErrorCode::TimestampRejected };
    Err(fault(code).status(status).detail(&words.join(", ")).into())
}

/// Whether `bit`, counted from the first, is set in the content of a BIT STRING.
fn has_bit(content: &[u8], bit: usize) -> bool {
    content.get(1 + bit / 8).is_some_and(|octet| octet & (0x80 >> (bit % 8)) != 0)
}

fn fault(code: ErrorCode) -> ServiceError {
    ServiceError::new(code, Role::Timestamp)
}

/// An INTEGER from a number without sign.
fn unsigned_der(number: &[u8]) -> Vec<u8> {
    let sign: &[u8] = if number.is_empty() || is_negative(number) { &[0] } else { &[] };
    der::tlv(der::INTEGER, &[sign, number])
}

fn magnitude(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|&&b| b == 0).count();
    number.get(zeros..).unwrap_or_default()
}

fn is_negative(number: &[u8]) -> bool {
    number.first().is_some_and(|b| b & 0x80 != 0)
}

const VERSION_1: [u8; 3] = [der::INTEGER, 1, 1];
const CERTIFICATE_WANTED: [u8; 3] = [der::BOOLEAN, 1, 0xff];
const GRANTED_WITH_MODS: u32 = 1;
/// PKIFailureInfo (RFC 3161, 2.4.2): bit, name, whether it can pass.
const FAILURES: [(usize, &str, bool); 8] = [
    (0, "badAlg", false),
    (2, "badRequest", false),
    (5, "badDataFormat", false),
    (14, "timeNotAvailable", true),
    (15, "unacceptedPolicy", false),
    (16, "unacceptedExtension", false),
    (17, "addInfoNotAvailable", false),
    (25, "systemFailure", true),
];

#[cfg(test)]
mod tests;
