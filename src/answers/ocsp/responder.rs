//! Who may answer for an issuer, and whether this response's signer is one of them.

use super::read::{ResponderId, Response};
use super::{Question, Responder, fault, key_bits};
use crate::answers::purpose;
use crate::der::Reader;
use crate::digest::DigestAlgorithm;
use crate::error::{ErrorCode, Limit, Result};
use crate::limits::Limits;
use crate::pki::{AlgorithmIdentifier, Certificate};

/// Who signed the response, if that is the issuer or a responder that the issuer itself certified for OCSP, and that
/// was valid when it signed.
pub(super) fn check(response: &Response, question: &Question<'_>, limits: &Limits) -> Result<Responder> {
    // Several certificates can have the name or key that is named; more than a few are an attack on our time.
    let mut tried = 0;
    let mut broken = None;
    let candidates = std::iter::once(question.issuer).chain(response.certificates()).chain(question.known);
    for candidate in candidates.filter(|candidate| is_named(candidate, response.responder_id())) {
        tried += 1;
        if tried > limits.certificates {
            return Err(Limit::new("certificates", limits.certificates, tried).into());
        }
        if !verifies(response, candidate) {
            broken.get_or_insert(fault(ErrorCode::OcspSignature));
            continue;
        }
        match authority(response, candidate, question) {
            Ok(responder) => return Ok(responder),
            Err(why) => broken = Some(fault(ErrorCode::OcspResponder).detail(why)),
        }
    }
    let missing = || fault(ErrorCode::OcspResponder).detail("its certificate is not at hand");
    Err(broken.unwrap_or_else(missing).into())
}

/// As whom a certificate whose key made the signature may answer, or why it may not.
fn authority(response: &Response, signer: &Certificate, question: &Question<'_>) -> Result<Responder, &'static str> {
    let issuer = question.issuer;
    if signer.subject_der() == issuer.subject_der() && signer.key().is_same_key(issuer.key()) {
        return Ok(Responder::Issuer);
    }
    if signer == question.certificate {
        return Err("it answers for itself");
    }
    if !issuer.issued(signer) {
        return Err("it is not certified by the issuer itself");
    }
    if !purpose::is_for_ocsp_signing(signer) {
        return Err("its certificate is not for OCSP signing");
    }
    if !signer.may_sign_documents() {
        return Err("its certificate's key usage is not for signing");
    }
    let time = response.produced_at();
    if time < signer.not_before() || time > signer.not_after() {
        return Err("its certificate was not valid at that time");
    }
    Ok(Responder::Delegate { certificate: signer.clone(), has_no_check: purpose::has_ocsp_no_check(signer) })
}

fn is_named(certificate: &Certificate, id: &ResponderId) -> bool {
    match id {
        ResponderId::Name(name) => certificate.subject_der() == name.as_slice(),
        ResponderId::Key(hash) => key_bits(certificate)
            .is_ok_and(|bits| DigestAlgorithm::Sha1ForLegacyValidation.digest(bits).as_bytes() == hash.as_slice()),
    }
}

fn verifies(response: &Response, signer: &Certificate) -> bool {
    let (message, algorithm, value) = response.signature();
    let mut reader = Reader::der(algorithm, ErrorCode::OcspMalformed);
    let algorithm = AlgorithmIdentifier::read(&mut reader).ok().and_then(|read| read.signature(signer.key(), None));
    algorithm.is_some_and(|algorithm| signer.key().verify(algorithm, message, value))
}
