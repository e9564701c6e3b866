//! Who may answer for an issuer, and whether this response's signer is one of them.

use super::read::{ResponderId, Response};
use super::{Question, Responder, fault, key_bits};
use crate::der::Reader;
use crate::digest::DigestAlgorithm;
use crate::error::{ErrorCode, Limit, Result};
use crate::limits::Limits;
use crate::pki::extensions::KeyUsage;
use crate::pki::{AlgorithmIdentifier, Certificate, is_strong, oid, same_name};
use crate::time::Time;

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
        match verifies(response, candidate, question.at) {
            Verified::Yes => {}
            Verified::Weakly => return Err(fault(ErrorCode::OcspSignature).detail("a weak algorithm or key").into()),
            Verified::No => {
                broken.get_or_insert(fault(ErrorCode::OcspSignature));
                continue;
            }
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
    if same_name(signer.subject_der(), issuer.subject_der()) && signer.key().is_same_key(issuer.key()) {
        return Ok(Responder::Issuer);
    }
    if signer == question.certificate {
        return Err("it answers for itself");
    }
    let is_signed = || match question.verified {
        Some(verified) => verified.is_signed_by(signer, issuer),
        None => signer.is_signed_by(issuer.key()),
    };
    if !same_name(signer.issuer_der(), issuer.subject_der()) || !is_signed() {
        return Err("it is not certified by the issuer itself");
    }
    let extensions = signer.extensions().map_err(|_| "its certificate's extensions can't be read")?;
    if extensions.has_unknown_critical {
        return Err("its certificate has a critical extension that is unknown");
    }
    if !extensions.extended_key_usage.as_ref().is_some_and(|usage| usage.has(oid::OCSP_SIGNING)) {
        return Err("its certificate is not for OCSP signing");
    }
    if !extensions.key_usage.is_none_or(KeyUsage::signs_data) {
        return Err("its certificate's key usage is not for signing");
    }
    let time = response.produced_at();
    if time < signer.not_before() || time > signer.not_after() {
        return Err("its certificate was not valid at that time");
    }
    Ok(Responder::Delegate { certificate: signer.clone(), has_no_check: extensions.has_ocsp_no_check })
}

fn is_named(certificate: &Certificate, id: &ResponderId) -> bool {
    match id {
        ResponderId::Name(name) => same_name(certificate.subject_der(), name),
        ResponderId::Key(hash) => key_bits(certificate)
            .is_ok_and(|bits| DigestAlgorithm::Sha1ForLegacyValidation.digest(bits).as_bytes() == hash.as_slice()),
    }
}

enum Verified {
    Yes,
    Weakly,
    No,
}

fn verifies(response: &Response, signer: &Certificate, at: Time) -> Verified {
    let (message, algorithm, value) = response.signature();
    let mut reader = Reader::der(algorithm, ErrorCode::OcspMalformed);
    let algorithm = AlgorithmIdentifier::read(&mut reader).ok().and_then(|read| read.signature(signer.key(), None));
    match algorithm {
        Some(algorithm) if signer.key().verify(algorithm, message, value) => {
            if is_strong(algorithm, signer.key(), at) {
                Verified::Yes
            } else {
                Verified::Weakly
            }
        }
        _ => Verified::No,
    }
}
