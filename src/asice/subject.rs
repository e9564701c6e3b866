//! Whether a signature of a container is sound, and which time-stamps are over it.

use std::sync::Arc;

use crate::answers::timestamp::Token;
use crate::asice::container::Container;
use crate::asice::covered_data::{Ground, entry_of};
use crate::digest::Digest;
use crate::error::{ErrorCode, Refusal, Result};
use crate::limits::Limits;
use crate::signing::{Stamp, StampKind, Subject};
use crate::xades::{self, Imprints, PartForm, Reference, Signature, TimeStamp, TimeStampKind};

/// What a signature is looked at with.
pub(super) struct Judge<'a> {
    pub(super) container: &'a Container,
    pub(super) ground: Ground<'a>,
}

impl Judge<'_> {
    /// The signature number `index` of `file`, which is the entry `entry` and called `name`.
    ///
    /// # Errors
    /// Reading faults. What does not verify is a fault of the subject.
    pub(super) fn subject(&self, file: &xades::Extension, index: usize, entry: &str, name: String) -> Result<Subject> {
        let mut subject = Subject { name, signer: None, certificates: Vec::new(), stamps: Vec::new(), fault: None };
        let Some(signature) = file.signatures().get(index) else { return Ok(subject) };
        subject.signer.clone_from(&signature.signer);
        subject.certificates.clone_from(&signature.certificates);
        let fault = match fault_of(signature) {
            Some(fault) => Some(fault),
            None => match self.fault_of_files(signature)? {
                Some(fault) => Some(fault),
                None => self.read_stamps(file, index, &mut subject.stamps)?,
            },
        };
        let refusal = |detail| Refusal::new(ErrorCode::SignatureBroken).file(entry).detail(detail);
        subject.fault = fault.map(|detail| refusal(detail).into());
        Ok(subject)
    }

    fn fault_of_files(&self, signature: &Signature) -> Result<Option<&'static str>> {
        if signature.files().next().is_none() {
            return Ok(Some("it covers no data file"));
        }
        for reference in signature.files() {
            let Some(expected) = reference.expected() else {
                return Ok(Some("the digest of a data file is not known"));
            };
            if self.matches(reference, expected)? == Some(false) {
                return Ok(Some("a data file is not the one that was signed"));
            }
        }
        Ok(None)
    }

    /// Whether a file is the signed one; `None` where it is not there.
    fn matches(&self, reference: &Reference, expected: Digest) -> Result<Option<bool>> {
        let entry = entry_of(self.container.archive(), reference);
        let name = entry.map(|entry| entry.name.as_str()).or(reference.name.as_deref()).unwrap_or_default();
        if let Some(told) = self.container.assumed(name).filter(|_| reference.transforms.is_empty()) {
            return Ok((told.algorithm() == expected.algorithm()).then(|| *told == expected));
        }
        if entry.is_none() {
            return Ok(None);
        }
        let known = self.ground.hashes.of(name).filter(|_| reference.transforms.is_empty()).unwrap_or_default();
        if let Some(found) = known.iter().find(|digest| digest.algorithm() == expected.algorithm()) {
            return Ok(Some(*found == expected));
        }
        Ok(self.ground.digest(reference)?.map(|found| found == expected))
    }

    /// Reads the time-stamps, and says what is wrong with the first that is not sound.
    fn read_stamps(
        &self,
        file: &xades::Extension,
        index: usize,
        stamps: &mut Vec<Stamp>,
    ) -> Result<Option<&'static str>> {
        let mut known = Imprints::default();
        let Some(signature) = file.signatures().get(index) else { return Ok(None) };
        if signature.obstacle.is_some() {
            return Ok(signature.obstacle);
        }
        for number in 0..signature.time_stamps.len() {
            let (token, fit) = match self.ground.look_at(file, (index, number), &mut known)? {
                Look::Unreadable => return Ok(Some("a time-stamp can't be read")),
                Look::Read { token, imprint } => {
                    let fits = imprint.is_some_and(|imprint| token.info().imprint() == imprint.as_bytes());
                    (token, imprint.filter(|_| fits))
                }
            };
            let Some(imprint) = fit else { return Ok(Some("a time-stamp is not over what it should be over")) };
            if token.check(&imprint).is_err() {
                return Ok(Some("a time-stamp is not sound"));
            }
            let kind = match signature.time_stamps.get(number).map(|stamp| stamp.kind) {
                Some(TimeStampKind::Archive) => StampKind::Archive,
                _ => StampKind::Signature,
            };
            stamps.push(Stamp { kind, token });
        }
        Ok(None)
    }
}

/// What can be said of a time-stamp.
pub(super) enum Look {
    Unreadable,
    /// The token, and what it should be over, by its own algorithm; `None` where that can't be computed.
    Read {
        token: Arc<Token>,
        imprint: Option<Digest>,
    },
}

impl Ground<'_> {
    /// Reads the time-stamp `number` of the signature `index`, and computes what it should be over; `known` is what
    /// was found for others of the same signature.
    ///
    /// # Errors
    /// Reading faults; that a data file is not there is none.
    pub(super) fn look_at(
        &self,
        file: &xades::Extension,
        (index, number): (usize, usize),
        known: &mut Imprints,
    ) -> Result<Look> {
        let stamp = file.signatures().get(index).and_then(|signature| signature.time_stamps.get(number));
        let Some(stamp) = stamp else { return Ok(Look::Unreadable) };
        let Ok(token) = Token::read(&stamp.token, self.limits).map(Arc::new) else { return Ok(Look::Unreadable) };
        let Some(algorithm) = token.info().imprint_algorithm() else { return Ok(Look::Read { token, imprint: None }) };
        let imprint = match stamp.kind {
            TimeStampKind::Signature => stamp.covered.as_deref().map(|covered| algorithm.digest(covered)),
            TimeStampKind::Archive => {
                let mut imprint = |form| match self.imprint((file, index), Some((number, form)), algorithm, known) {
                    Err(error) if matches!(error.code(), ErrorCode::AsiceDataMissing | ErrorCode::AsiceDigest) => {
                        Ok(None)
                    }
                    other => other,
                };
                let usual = imprint(PartForm::Referenced)?;
                let fits = usual.is_none_or(|imprint| token.info().imprint() == imprint.as_bytes());
                if fits { usual } else { imprint(PartForm::Stamped)? }
            }
        };
        Ok(Look::Read { token, imprint })
    }
}

/// How a signature is called: by its file, with its number where there are several.
pub(super) fn subject_name(entry: &str, index: usize, count: usize) -> String {
    if count == 1 { entry.to_owned() } else { format!("{entry}#{}", index.saturating_add(1)) }
}

/// Why a signature is not sound, as far as the data files have nothing to do with it.
pub(super) fn unsound(signature: &Signature, limits: &Limits) -> Option<&'static str> {
    let fits = |stamp: &TimeStamp| {
        let token = Token::read(&stamp.token, limits).ok()?;
        let imprint = token.info().imprint_algorithm()?.digest(stamp.covered.as_deref()?);
        token.check(&imprint).ok()
    };
    let mut stamps = signature.time_stamps.iter().filter(|stamp| stamp.kind == TimeStampKind::Signature);
    fault_of(signature).or_else(|| stamps.any(|stamp| fits(stamp).is_none()).then_some("a time-stamp is not sound"))
}

fn fault_of(signature: &Signature) -> Option<&'static str> {
    if signature.signer.is_none() {
        return Some("it does not name the signer's certificate, or does not hold it");
    }
    match (signature.value_verifies(), signature.properties_match()) {
        (Some(false), _) => Some("its value does not verify"),
        (None, _) => Some("its algorithm is not known, or not the key's"),
        (_, Some(false)) => Some("its signed properties are not those that were signed"),
        (_, None) => Some("the digest of its signed properties is not known"),
        (Some(true), Some(true)) => None,
    }
}
