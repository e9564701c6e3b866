//! A response as it stands, read but not judged.

use std::ops::Range;

use super::single::{Known, Single, read_extensions, read_time};
use super::{check_len, fault};
use crate::der::{self, Reader};
use crate::error::{Error, ErrorCode, Limit, Malformed, Result};
use crate::limits::Limits;
use crate::pki::{Certificate, oid};
use crate::source::to_u64;
use crate::time::Time;

/// A successful response, with the bytes it came with.
#[derive(Debug, Clone)]
pub(crate) struct Response {
    bytes: Vec<u8>,
    to_be_signed: Range<usize>,
    algorithm: Range<usize>,
    value: Range<usize>,
    responder: ResponderId,
    produced_at: Time,
    singles: Vec<Single>,
    nonce: Option<Vec<u8>>,
    certificates: Vec<Certificate>,
}

/// How a response names its signer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum ResponderId {
    /// The Name as it stands.
    Name(Vec<u8>),
    /// SHA-1 of the key's bits.
    Key(Vec<u8>),
}

impl Response {
    /// Reads a complete OCSPResponse in DER.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the code `ocsp.malformed`; [`Error::Service`] with the code `ocsp.status` or
    /// `ocsp.unavailable` when it says that there is no answer.
    pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Result<Self> {
        check_len(bytes, limits)?;
        let mut outer = Reader::der(bytes, ErrorCode::OcspMalformed);
        let mut fields = outer.sequence()?;
        outer.end()?;
        let status = fields.read(der::ENUMERATED)?.small()?;
        if status != SUCCESSFUL {
            return Err(refusal(status));
        }
        let mut tagged = fields.read(der::context(0))?.reader()?;
        fields.end()?;
        let mut content = tagged.sequence()?;
        tagged.end()?;
        if content.read(der::OID)?.content() != oid::OCSP_BASIC {
            return Err(content.fault());
        }
        let basic = content.read(der::OCTET_STRING)?.content();
        content.end()?;
        read_basic(bytes, basic, limits)
    }

    /// Reads a bare BasicOCSPResponse, as some documents have it, and puts it into an OCSPResponse.
    ///
    /// # Errors
    /// As [`Response::read`].
    pub(crate) fn from_basic(basic: &[u8], limits: &Limits) -> Result<Self> {
        check_len(basic, limits)?;
        let content = der::sequence(&[&der::tlv(der::OID, &[oid::OCSP_BASIC]), &der::tlv(der::OCTET_STRING, &[basic])]);
        Response::read(&der::sequence(&[&[der::ENUMERATED, 1, 0], &der::tlv(der::context(0), &[&content])]), limits)
    }

    /// The complete OCSPResponse: this is what is embedded.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The earliest moment that it speaks of.
    pub(crate) fn this_update(&self) -> Time {
        self.singles.iter().map(|single| single.this_update).min().unwrap_or(self.produced_at)
    }

    /// When it was signed.
    pub(crate) fn produced_at(&self) -> Time {
        self.produced_at
    }

    /// The certificates inside, as far as they can be read.
    pub(crate) fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// Whether it says anything about `certificate`, good or bad, new or old.
    pub(crate) fn names(&self, certificate: &Certificate) -> bool {
        self.singles.iter().any(|single| {
            let name = single.hash.map(|hash| hash.digest(certificate.issuer_der()));
            single.serial == certificate.serial_der()
                && name.is_some_and(|name| name.as_bytes() == single.name_hash.as_slice())
        })
    }

    pub(super) fn responder_id(&self) -> &ResponderId {
        &self.responder
    }

    pub(super) fn singles(&self) -> &[Single] {
        &self.singles
    }

    pub(super) fn nonce(&self) -> Option<&[u8]> {
        self.nonce.as_deref()
    }

    /// The signed ResponseData, the AlgorithmIdentifier, the signature value.
    pub(super) fn signature(&self) -> (&[u8], &[u8], &[u8]) {
        let part = |range: &Range<usize>| self.bytes.get(range.clone()).unwrap_or_default();
        (part(&self.to_be_signed), part(&self.algorithm), part(&self.value))
    }
}

fn read_basic(bytes: &[u8], basic: &[u8], limits: &Limits) -> Result<Response> {
    let mut outer = Reader::der(basic, ErrorCode::OcspMalformed);
    let mut fields = outer.sequence()?;
    outer.end()?;
    let data = fields.read(der::SEQUENCE)?;
    let algorithm = fields.read(der::SEQUENCE)?.raw();
    let value = fields.read(der::BIT_STRING)?.bit_bytes()?;
    let certificates = fields.optional(der::context(0))?;
    fields.end()?;

    let mut inside = data.reader()?;
    if let Some(version) = inside.optional(der::context(0))?
        && version.reader()?.read(der::INTEGER)?.small()? != 0
    {
        return Err(version.fault());
    }
    let responder = read_responder(&mut inside)?;
    let produced_at = read_time(&mut inside)?;
    let mut list = inside.sequence()?;
    let mut singles = Vec::new();
    while !list.is_empty() {
        singles.push(Single::read(&mut list)?);
        let count = to_u64(singles.len());
        if count > limits.ocsp_answers {
            return Err(Limit::new("ocsp_answers", limits.ocsp_answers, count).into());
        }
    }
    let mut nonce = None;
    if let Some(tagged) = inside.optional(der::context(1))? {
        read_extensions(&tagged, |id, value| match id {
            oid::OCSP_NONCE => {
                nonce = Some(nonce_in(value));
                Ok(Known::Yes)
            }
            // "Revoked" may stand for a certificate that was never issued: it is as little good.
            oid::OCSP_EXTENDED_REVOKE => Ok(Known::Yes),
            _ => Ok(Known::No),
        })?;
    }
    inside.end()?;
    let certificates = match certificates {
        Some(tagged) => read_certificates(&mut tagged.reader()?.sequence()?, limits)?,
        None => Vec::new(),
    };
    let place = |part: &[u8]| {
        let start = part.as_ptr().addr().saturating_sub(bytes.as_ptr().addr());
        start..start.saturating_add(part.len())
    };
    Ok(Response {
        to_be_signed: place(data.raw()),
        algorithm: place(algorithm),
        value: place(value),
        bytes: bytes.to_vec(),
        responder,
        produced_at,
        singles,
        nonce,
        certificates,
    })
}

/// The nonce is an OCTET STRING inside; some services repeat what they were sent without it.
fn nonce_in(value: &[u8]) -> Vec<u8> {
    let mut reader = Reader::der(value, ErrorCode::OcspMalformed);
    let inner = reader.read(der::OCTET_STRING).ok().filter(|_| reader.is_empty());
    inner.map_or(value, |inner| inner.content()).to_vec()
}

fn read_responder(inside: &mut Reader<'_>) -> Result<ResponderId> {
    if let Some(tagged) = inside.optional(der::context(1))? {
        return Ok(ResponderId::Name(tagged.reader()?.read(der::SEQUENCE)?.raw().to_vec()));
    }
    let tagged = inside.read(der::context(2))?;
    Ok(ResponderId::Key(tagged.reader()?.read(der::OCTET_STRING)?.content().to_vec()))
}

/// Those that can be read: the response can be good without the others.
fn read_certificates(list: &mut Reader<'_>, limits: &Limits) -> Result<Vec<Certificate>> {
    let mut certificates = Vec::new();
    let mut count = 0;
    while !list.is_empty() {
        let element = list.element()?;
        count += 1;
        if count > limits.certificates {
            return Err(Limit::new("certificates", limits.certificates, count).into());
        }
        if to_u64(element.raw().len()) <= limits.certificate_bytes {
            certificates.extend(Certificate::from_der(element.raw()));
        }
    }
    Ok(certificates)
}

/// OCSPResponseStatus (RFC 6960, 4.2.1).
fn refusal(status: u32) -> Error {
    let (code, name) = match status {
        1 => (ErrorCode::OcspStatus, "malformedRequest"),
        2 => (ErrorCode::OcspUnavailable, "internalError"),
        3 => (ErrorCode::OcspUnavailable, "tryLater"),
        5 => (ErrorCode::OcspStatus, "sigRequired"),
        6 => (ErrorCode::OcspStatus, "unauthorized"),
        _ => return Malformed::new(ErrorCode::OcspMalformed).into(),
    };
    fault(code).status(status).detail(name).into()
}

const SUCCESSFUL: u32 = 0;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nonces_are_read_with_and_without_their_octet_string() {
        assert_eq!(nonce_in(&[4, 2, 7, 8]), [7, 8]);
        assert_eq!(nonce_in(&[7, 8]), [7, 8]);
        assert_eq!(nonce_in(&[4, 1, 7, 8]), [4, 1, 7, 8]);
        assert!(nonce_in(&[]).is_empty());
    }
}
