//! Whether a signature is worth proving: that it is sound in itself, and which time-stamps are over it.

use std::sync::Arc;

use crate::answers::timestamp::Token;
use crate::cms::Signer;
use crate::error::{Error, ErrorCode, Refusal, Result};
use crate::limits::Limits;
use crate::pades::coverage::Coverage;
use crate::pades::dss::{Dss, Named};
use crate::pades::signature::Signature;
use crate::pades::{DETACHED, SUB_FILTER, TIME_STAMP};
use crate::pdf::Document;
use crate::pki::Certificate;
use crate::signing::{Stamp, StampKind, Subject};

/// A document time-stamp that is sound: it fits what it covers, and its own signature verifies.
#[derive(Debug)]
pub(crate) struct DocumentStamp {
    pub(crate) token: Arc<Token>,
    /// What lies before is under it.
    before: u64,
    end: u64,
    /// What the DSS named when it was made.
    named: Named,
}

impl DocumentStamp {
    /// The sound ones among `signatures`, in the order in which they were made.
    ///
    /// # Errors
    /// Reading faults.
    pub(crate) fn all<'a>(
        document: &Document,
        signatures: impl IntoIterator<Item = &'a Signature>,
    ) -> Result<Vec<Self>> {
        let mut stamps = Vec::new();
        for signature in signatures {
            if let (Some(token), Ok(covered)) = (sound_token(signature, document.limits()), &signature.covered) {
                let then = document.as_of(covered.end());
                let named = then.map_or_else(|| Ok(Named::default()), |then| Named::read(&then))?;
                let (before, end) = (covered.before(), covered.end());
                stamps.push(DocumentStamp { token, before, end, named });
            }
        }
        stamps.sort_by_key(|stamp| stamp.end);
        Ok(stamps)
    }

    /// Whether all of a signature that ends at `end` is under it.
    pub(crate) fn covers(&self, end: u64) -> bool {
        end <= self.before
    }

    /// What it is to a signature by `signer`: with revocation data before it, it keeps all that proves the signature.
    pub(crate) fn kind(&self, dss: &Dss, signer: Option<&Certificate>) -> StampKind {
        let proves = signer.is_some_and(|signer| dss.proves(&self.named, signer));
        if proves { StampKind::Archive } else { StampKind::Document }
    }
}

/// The time-stamps over the value of a signature, which stand in its CMS structure.
#[derive(Debug, Default)]
pub(crate) struct ValueStamps {
    pub(crate) sound: Vec<Arc<Token>>,
    /// Whether there is one that is not over this value, or was altered.
    pub(crate) has_broken: bool,
    /// Whether there is one whose certificate is not there, or not for time-stamps.
    pub(crate) has_unfit: bool,
}

impl ValueStamps {
    pub(crate) fn of(signer: &Signer, limits: &Limits) -> Self {
        let mut stamps = ValueStamps::default();
        for bytes in signer.time_stamps() {
            let checked = Token::read(bytes, limits).and_then(|token| {
                let unknown = || Error::from(Refusal::new(ErrorCode::TimestampImprint));
                let algorithm = token.info().imprint_algorithm().ok_or_else(unknown)?;
                token.check(&algorithm.digest(signer.value()))?;
                Ok(token)
            });
            match checked {
                Ok(token) => stamps.sound.push(Arc::new(token)),
                // Worth nothing, but no forgery.
                Err(error) if error.code() == ErrorCode::TimestampCertificate => stamps.has_unfit = true,
                Err(_) => stamps.has_broken = true,
            }
        }
        stamps
    }
}

/// A signature as a subject, with what is wrong with it, and all time-stamps over it.
pub(crate) fn subject(signature: &Signature, stamps: &[DocumentStamp], dss: &Dss, limits: &Limits) -> Subject {
    let signer = signature.contents.signer();
    let value_stamps = signature.contents.value_stamps(limits);
    let fault = fault(signature, value_stamps);
    let certificate = signer.and_then(Signer::certificate).cloned();
    let in_value =
        value_stamps.sound.iter().map(|token| Stamp { kind: StampKind::Signature, token: Arc::clone(token) });
    let over = stamps.iter().filter(|stamp| signature.end().is_some_and(|end| stamp.covers(end)));
    let over = over.map(|stamp| Stamp { kind: stamp.kind(dss, certificate.as_ref()), token: Arc::clone(&stamp.token) });
    Subject {
        name: signature.field.clone(),
        stamps: in_value.chain(over).collect(),
        certificates: signature.cms().map(|cms| cms.certificates().to_vec()).unwrap_or_default(),
        signer: certificate,
        fault: fault.map(|fault| fault.file(signature.field.clone()).into()),
    }
}

fn fault(signature: &Signature, stamps: &ValueStamps) -> Option<Refusal> {
    if signature.sub_filter != SUB_FILTER {
        return Some(Refusal::new(ErrorCode::SignatureKind));
    }
    broken(signature, stamps).map(|detail| Refusal::new(ErrorCode::SignatureBroken).detail(detail))
}

/// Why a signature or document time-stamp is not sound in itself; `signature.kind` for one that is not looked at.
///
/// Others than [`fault`] does, it takes signatures without CAdES attributes for what they are.
pub(crate) fn unsound(signature: &Signature, limits: &Limits) -> Option<Refusal> {
    let detail = match signature.sub_filter.as_str() {
        TIME_STAMP => sound_token(signature, limits)
            .is_none()
            .then(|| altered(signature, false).unwrap_or("it is no time-stamp over what it covers")),
        SUB_FILTER => {
            let signer = signature.cms().ok().and_then(|cms| cms.signers().first());
            broken(signature, &signer.map(|signer| ValueStamps::of(signer, limits)).unwrap_or_default())
        }
        DETACHED => altered(signature, true),
        _ => return Some(Refusal::new(ErrorCode::SignatureKind).file(signature.field.clone())),
    };
    detail.map(|detail| Refusal::new(ErrorCode::SignatureBroken).detail(detail).file(signature.field.clone()))
}

fn broken(signature: &Signature, stamps: &ValueStamps) -> Option<&'static str> {
    if let Some(detail) = altered(signature, true) {
        return Some(detail);
    }
    let Ok(cms) = signature.cms() else { return None };
    let [signer] = cms.signers() else { return None };
    match signer.names_its_certificate() {
        Some(true) => {}
        Some(false) => return Some("it names another certificate"),
        None => return Some("it does not name its certificate"),
    }
    if signer.content_type().is_none_or(|signed| signed != cms.content_type()) {
        return Some("the signed type of its content is another");
    }
    stamps.has_broken.then_some("a time-stamp in it does not fit")
}

/// What is wrong with what it covers, with its digest or with its value, whatever kind of signature it is.
fn altered(signature: &Signature, is_over_document: bool) -> Option<&'static str> {
    if signature.contents.bytes().iter().all(|byte| *byte == 0) {
        return Some("its placeholder was never filled");
    }
    if signature.covered.is_err() {
        return Some("its ByteRange is not one around its Contents");
    }
    if signature.coverage == Coverage::Odd {
        return Some("it covers neither the whole document nor one of its revisions");
    }
    let Ok(cms) = signature.cms() else {
        return Some("its Contents can't be read");
    };
    let [signer] = cms.signers() else {
        return Some("it has not one signer");
    };
    if signer.certificate().is_none() {
        return Some("it does not hold its signer's certificate");
    }
    if signer.digest_algorithm().is_none() || signer.algorithm().is_none() {
        return Some("its algorithms are not known");
    }
    if !is_over_document {
        return None;
    }
    if signature.digest.and_then(|digest| signer.digest_matches(&digest)) != Some(true) {
        return Some("the signed digest is not the document's");
    }
    (signer.verifies() != Some(true)).then_some("its value does not verify")
}

fn sound_token(signature: &Signature, limits: &Limits) -> Option<Arc<Token>> {
    if signature.sub_filter != TIME_STAMP || signature.coverage == Coverage::Odd {
        return None;
    }
    let token = signature.contents.token(limits)?;
    token.check(signature.digest.as_ref()?).ok()?;
    Some(Arc::clone(token))
}
