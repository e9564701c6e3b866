//! OCSP (RFC 6960): the question after one certificate, and what an answer says about it.
//!
//! Comes in: a certificate with its issuer, and the answer of a service or out of a document. Goes out: the request's
//! bytes, and the certificate's [`Status`], signed by the issuer or by a responder that the issuer itself certified.
//! Whether that responder's certificate is revoked is not looked at: the status says whether it has to be.
//! A response keeps the bytes it came with: those are embedded.

mod read;
mod responder;
mod single;

pub(crate) use read::Response;

use crate::der::{self, Reader};
use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{ErrorCode, Limit, Result, ServiceError};
use crate::evidence::Role;
use crate::limits::Limits;
use crate::pki::{AlgorithmIdentifier, Certificate, Revocation, Verified, digest_algorithm_der, oid};
use crate::source::to_u64;
use crate::time::Time;
use single::{Single, Verdict};

/// A certificate, and who issued it: what an answer has to be about, and when.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Question<'a> {
    certificate: &'a Certificate,
    issuer: &'a Certificate,
    known: &'a [Certificate],
    at: Time,
    not_older_than: Option<Time>,
    skew_seconds: u64,
    nonce: Option<&'a [u8]>,
    verified: Option<&'a Verified>,
}

/// What a response says about a certificate, after all checks.
#[derive(Debug, Clone)]
pub(crate) struct Status {
    /// When and why it was revoked; `None`: it was not.
    pub(crate) revocation: Option<Revocation>,
    /// The last moment at which this was known to be so.
    pub(crate) this_update: Time,
    /// When there will be news.
    pub(crate) next_update: Option<Time>,
    /// When the response was signed.
    pub(crate) produced_at: Time,
    /// Certificates that expired since then are still answered for.
    pub(crate) archive_cutoff: Option<Time>,
    /// Who signed the response.
    pub(crate) responder: Responder,
}

/// Who signed a response.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Responder {
    /// The issuer of the certificate.
    Issuer,
    /// A responder with a certificate of the issuer's.
    Delegate {
        certificate: Certificate,
        /// The issuer wants it trusted without a look at its revocation.
        has_no_check: bool,
    },
}

impl<'a> Question<'a> {
    /// Asks for the status of `certificate`, which `issuer` issued, at the moment `at`.
    pub(crate) fn new(certificate: &'a Certificate, issuer: &'a Certificate, at: Time) -> Self {
        Question {
            certificate,
            issuer,
            known: &[],
            at,
            not_older_than: None,
            skew_seconds: 0,
            nonce: None,
            verified: None,
        }
    }

    /// Names more certificates that the responder's may be among.
    #[must_use]
    pub(crate) fn known(self, known: &'a [Certificate]) -> Self {
        Question { known, ..self }
    }

    /// Wants an answer that was made at `time` or later; clocks that differ are not allowed for here.
    #[must_use]
    pub(crate) fn not_older_than(self, time: Time) -> Self {
        Question { not_older_than: Some(time), ..self }
    }

    /// Allows for clocks that differ by so much.
    #[must_use]
    pub(crate) fn skew_seconds(self, seconds: u64) -> Self {
        Question { skew_seconds: seconds, ..self }
    }

    /// Remembers whose responder it was there.
    #[must_use]
    pub(crate) fn verified(self, verified: &'a Verified) -> Self {
        Question { verified: Some(verified), ..self }
    }

    /// Sends a nonce of 1 to 32 bytes; an answer may be without one, but not with another.
    #[must_use]
    pub(crate) fn nonce(self, nonce: &'a [u8]) -> Self {
        Question { nonce: Some(nonce), ..self }
    }

    /// The OCSPRequest; services know SHA-1, and not all of them more, as the hash that names an issuer.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) when the issuer's key can't be read.
    pub(crate) fn to_der(self, algorithm: DigestAlgorithm) -> Result<Vec<u8>> {
        let octets = |digest: Digest| der::tlv(der::OCTET_STRING, &[digest.as_bytes()]);
        let id = der::sequence(&[
            &digest_algorithm_der(algorithm),
            &octets(algorithm.digest(self.issuer.subject_der())),
            &octets(algorithm.digest(key_bits(self.issuer)?)),
            self.certificate.serial_der(),
        ]);
        let list = der::sequence(&[&der::sequence(&[&id])]);
        let extensions = self.nonce.map(nonce_extensions).unwrap_or_default();
        Ok(der::sequence(&[&der::sequence(&[&list, &extensions])]))
    }
}

impl Response {
    /// The status of the certificate, if this is an answer to the question: about this certificate, of this time, and
    /// signed by who may.
    ///
    /// The latest of several statuses counts, and of two at once the worse.
    ///
    /// # Errors
    /// [`Error::Service`](crate::Error::Service) with a code `ocsp.…`; a revoked certificate is none, see
    /// [`Status::require_good`].
    pub(crate) fn check(&self, question: &Question<'_>, limits: &Limits) -> Result<Status> {
        let single = self.find(question)?;
        let responder = responder::check(self, question, limits)?;
        if let (Some(sent), Some(found)) = (question.nonce, self.nonce())
            && sent != found
        {
            return Err(fault(ErrorCode::OcspNonce).into());
        }
        self.check_times(single, question, limits)?;
        let revocation = match single.verdict {
            Verdict::Good if is_forgotten(single, question.certificate) => {
                return Err(fault(ErrorCode::OcspExpired).time(question.certificate.not_after()).into());
            }
            Verdict::Good => None,
            Verdict::Revoked { time, reason } => Some(Revocation { time, reason }),
            Verdict::Unknown => return Err(fault(ErrorCode::OcspUnknown).into()),
        };
        Ok(Status {
            revocation,
            this_update: single.this_update,
            next_update: single.next_update,
            produced_at: self.produced_at(),
            archive_cutoff: single.archive_cutoff,
            responder,
        })
    }

    fn find(&self, question: &Question<'_>) -> Result<&Single> {
        let mut found: Option<&Single> = None;
        for single in self.singles() {
            let weight = |single: &Single| (single.this_update, single.verdict != Verdict::Good);
            let is_better = found.is_none_or(|other| weight(single) > weight(other));
            if is_better && is_about(single, question)? {
                found = Some(single);
            }
        }
        Ok(found.ok_or_else(|| fault(ErrorCode::OcspCertificate))?)
    }

    fn check_times(&self, single: &Single, question: &Question<'_>, limits: &Limits) -> Result<()> {
        let at = question.at.as_unix();
        let skew = i64::try_from(question.skew_seconds).unwrap_or(i64::MAX);
        let stale = |why: &str, time| Err(fault(ErrorCode::OcspStale).detail(why).time(time).into());
        let (made, produced) = (single.this_update, self.produced_at());
        if made.as_unix() > at.saturating_add(skew) {
            return stale("it is from the future", made);
        }
        if produced.as_unix() < made.as_unix().saturating_sub(skew) {
            return stale("it was signed before the time that it speaks of", produced);
        }
        let age = i64::try_from(limits.ocsp_age_seconds).unwrap_or(i64::MAX);
        match single.next_update {
            Some(next) if next.as_unix() < at.saturating_sub(skew) => return stale("it ended", next),
            None if made.as_unix() < at.saturating_sub(age) => return stale("it is too old and names no end", made),
            _ => {}
        }
        match question.not_older_than {
            Some(least) if made < least && produced < least => stale("it is older than what it has to confirm", made),
            _ => Ok(()),
        }
    }
}

impl Status {
    /// Refuses a certificate that is revoked or on hold.
    ///
    /// # Errors
    /// [`Error::Certificate`](crate::Error::Certificate) with the code `certificate.revoked` or `certificate.on-hold`.
    pub(crate) fn require_good(&self) -> Result<()> {
        self.revocation.map_or(Ok(()), |revocation| Err(revocation.error()))
    }
}

/// Whether the certificate had expired, and the service does not say that it still remembers it (RFC 6960, 4.4.4).
fn is_forgotten(single: &Single, certificate: &Certificate) -> bool {
    let end = certificate.not_after();
    single.this_update > end && single.archive_cutoff.is_none_or(|cutoff| cutoff > end)
}

/// Whether the CertID is the question's, by the hash that the answer chose.
fn is_about(single: &Single, question: &Question<'_>) -> Result<bool> {
    let Some(algorithm) = single.hash else { return Ok(false) };
    let is = |bytes: &[u8], hash: &[u8]| algorithm.digest(bytes).as_bytes() == hash;
    // RFC 6960 hashes the name as the certificate has it; where the issuer writes its own name otherwise, some hash that.
    let names = [question.certificate.issuer_der(), question.issuer.subject_der()];
    Ok(single.serial == question.certificate.serial_der()
        && names.iter().any(|name| is(name, &single.name_hash))
        && is(key_bits(question.issuer)?, &single.key_hash))
}

/// The bits of the public key, without tag, length and count of unused bits.
fn key_bits(certificate: &Certificate) -> Result<&[u8]> {
    let mut spki = Reader::der(certificate.spki_der(), ErrorCode::CertificateMalformed).sequence()?;
    AlgorithmIdentifier::read(&mut spki)?;
    spki.read(der::BIT_STRING)?.bit_bytes()
}

/// The `[2]` of a TBSRequest.
fn nonce_extensions(nonce: &[u8]) -> Vec<u8> {
    let value = der::tlv(der::OCTET_STRING, &[&der::tlv(der::OCTET_STRING, &[nonce])]);
    let extension = der::sequence(&[&der::tlv(der::OID, &[oid::OCSP_NONCE]), &value]);
    der::tlv(der::context(2), &[&der::sequence(&[&extension])])
}

/// Refuses more than a service may send.
fn check_len(bytes: &[u8], limits: &Limits) -> Result<()> {
    let len = to_u64(bytes.len());
    if len > limits.answer_bytes {
        return Err(Limit::new("answer_bytes", limits.answer_bytes, len).into());
    }
    Ok(())
}

fn fault(code: ErrorCode) -> ServiceError {
    ServiceError::new(code, Role::Ocsp)
}

#[cfg(test)]
mod tests;
