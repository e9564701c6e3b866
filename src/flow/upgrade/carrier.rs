//! The document on its way up, whatever its format.
//!
//! A unit is what gets time-stamps of its own: a PDF with all its signatures, or one signature of a container.

use std::sync::Arc;

use super::Signature;
use crate::answers::ValidationData;
use crate::answers::timestamp::Token;
use crate::asice;
use crate::cms::{signed_data, time_stamp_attribute};
use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{Error, Result};
use crate::flow::Inputs;
use crate::flow::essentials::{Body, PdfBody};
use crate::limits::Limits;
use crate::output::Output;
use crate::pades::{self, StampDraft};
use crate::signing::{Stamp, StampKind, Subject};
use crate::time::Time;

/// A document that is being raised.
pub(super) enum Carrier {
    Pdf(Box<pades::Extension>),
    /// A PDF whose signature can still take a time-stamp itself.
    Fresh(Box<Fresh>),
    Container(Box<asice::Extension>),
}

/// A PDF that was just signed.
#[derive(Debug)]
pub(super) struct Fresh {
    inputs: Inputs,
    signature: Arc<Signature>,
    limits: Limits,
    subject: [Subject; 1],
    held: ValidationData,
}

/// What a time-stamp is asked for.
#[derive(Debug)]
pub(super) struct Wanted {
    pub(super) imprint: Digest,
    /// Where it goes in a PDF.
    draft: Option<StampDraft>,
}

impl Fresh {
    pub(super) fn new(inputs: Inputs, signature: Arc<Signature>, limits: &Limits) -> Result<Self> {
        let essentials = &signature.essentials;
        let mut held = ValidationData::default();
        essentials.certificates.iter().for_each(|one| held.add_certificate(one));
        let subject = Subject {
            name: essentials.body.field().unwrap_or_default().to_owned(),
            signer: Some(essentials.signer()?.clone()),
            certificates: essentials.certificates.clone(),
            stamps: Vec::new(),
            fault: None,
        };
        Ok(Fresh { inputs, signature, limits: limits.clone(), subject: [subject], held })
    }

    /// The signature is final with this token in it, or without.
    fn settle(&self, token: Option<&Arc<Token>>) -> Result<pades::Extension> {
        let Signature { essentials, value } = &*self.signature;
        let Body::Pdf(PdfBody { source_digest, source_state, tail, .. }) = &essentials.body else {
            return Err(Error::Bug("no PDF"));
        };
        let unsigned = token.map(|token| time_stamp_attribute(token.as_bytes()));
        let attributes = essentials.to_be_signed.as_bytes();
        let cms = signed_data(&essentials.identity()?, attributes, value, unsigned.as_deref());
        let [mut subject] = self.subject.clone();
        let stamp = |token: &Arc<Token>| Stamp { kind: StampKind::Signature, token: Arc::clone(token) };
        subject.stamps.extend(token.map(stamp));
        pades::Extension::signed(
            self.inputs.document()?,
            *source_digest,
            source_state,
            tail,
            &cms,
            subject,
            &self.limits,
        )
    }
}

impl Carrier {
    pub(super) fn units(&self) -> usize {
        match self {
            Carrier::Pdf(_) | Carrier::Fresh(_) => 1,
            Carrier::Container(container) => container.subjects().len(),
        }
    }

    /// The signatures of a unit.
    pub(super) fn subjects(&self, unit: usize) -> &[Subject] {
        match self {
            Carrier::Pdf(pdf) => pdf.subjects(),
            Carrier::Fresh(fresh) => &fresh.subject,
            Carrier::Container(container) => {
                container.subjects().get(unit).map_or(&[], |subject| std::slice::from_ref(subject))
            }
        }
    }

    /// What proves it already.
    pub(super) fn held(&self, unit: usize) -> Result<ValidationData> {
        match self {
            Carrier::Pdf(pdf) => Ok(pdf.held().clone()),
            Carrier::Fresh(fresh) => Ok(fresh.held.clone()),
            Carrier::Container(container) => container.held(unit),
        }
    }

    /// What a time-stamp has to be over: the first one, or one for the archive. `room` is for the token of a PDF's
    /// document time-stamp.
    pub(super) fn stamp(
        &self,
        unit: usize,
        is_archive: bool,
        digest: DigestAlgorithm,
        room: usize,
        nonce: &[u8; 32],
    ) -> Result<Wanted> {
        let imprint = match self {
            Carrier::Pdf(pdf) => {
                let draft = pdf.stamp(digest, room, nonce)?;
                return Ok(Wanted { imprint: draft.imprint, draft: Some(draft) });
            }
            Carrier::Fresh(_) if is_archive => return Err(TOO_EARLY),
            Carrier::Fresh(fresh) => digest.digest(&fresh.signature.value),
            Carrier::Container(container) if is_archive => container.archive_imprint(unit, digest)?,
            Carrier::Container(container) => container.stamp_imprint(unit, digest)?,
        };
        Ok(Wanted { imprint, draft: None })
    }

    /// Puts a time-stamp in. A token that does not fit into the signature of a PDF leaves it without one: then the
    /// subject has no time-stamp yet, and the next one is the document's.
    ///
    /// # Errors
    /// [`Error::PlaceholderTooSmall`]: a larger room is needed.
    pub(super) fn put_stamp(
        &mut self,
        unit: usize,
        is_archive: bool,
        wanted: Wanted,
        token: &Arc<Token>,
        nonce: &[u8; 32],
    ) -> Result<()> {
        match self {
            Carrier::Pdf(pdf) => {
                let draft = wanted.draft.ok_or(Error::Bug("a document time-stamp without a place"))?;
                let kind = if is_archive { StampKind::Archive } else { StampKind::Document };
                pdf.put_stamp(draft, token, kind)
            }
            Carrier::Fresh(_) if is_archive => Err(TOO_EARLY),
            Carrier::Fresh(fresh) => {
                let settled = match fresh.settle(Some(token)) {
                    Err(Error::PlaceholderTooSmall { .. }) => fresh.settle(None)?,
                    other => other?,
                };
                *self = Carrier::Pdf(Box::new(settled));
                Ok(())
            }
            Carrier::Container(container) if is_archive => container.put_archive(unit, token, nonce),
            Carrier::Container(container) => container.put_stamp(unit, token, nonce),
        }
    }

    /// Puts in what proves the signatures, and their time-stamps, unless it holds all of it.
    pub(super) fn put_data(
        &mut self,
        unit: usize,
        data: &Collected,
        held: &ValidationData,
        nonce: &[u8; 32],
    ) -> Result<()> {
        let new = data.without(held);
        match self {
            // Some look for certificates in the DSS alone, though they are in the signature, too.
            Carrier::Pdf(pdf) if !new.is_empty() || !pdf.has_data() => pdf.put_data(&data.together(), nonce),
            Carrier::Container(container) if !new.is_empty() => container.put_data(unit, &new.signer, &new.stamps),
            Carrier::Pdf(_) | Carrier::Container(_) => Ok(()),
            Carrier::Fresh(_) => Err(TOO_EARLY),
        }
    }

    /// Whether anything was added since it was signed or opened.
    pub(super) fn is_changed(&self) -> bool {
        match self {
            Carrier::Pdf(pdf) => pdf.is_changed(),
            Carrier::Fresh(_) => false,
            Carrier::Container(container) => container.is_changed(),
        }
    }

    /// The document as far as it got.
    pub(super) fn output(&self, modified: Time) -> Result<Output> {
        match self {
            Carrier::Pdf(pdf) => Ok(pdf.output()),
            Carrier::Fresh(fresh) => fresh.signature.essentials.output(&fresh.inputs, &fresh.signature.value),
            Carrier::Container(container) => container.output(modified),
        }
    }
}

/// Validation data, apart for the signer and for each time-stamp: containers keep them so.
#[derive(Debug, Default)]
pub(super) struct Collected {
    pub(super) signer: ValidationData,
    /// With the number of the time-stamp among those of the subject.
    pub(super) stamps: Vec<(usize, ValidationData)>,
}

impl Collected {
    /// What is not in `held`, each thing once.
    fn without(&self, held: &ValidationData) -> Collected {
        let signer = self.signer.without(held);
        let stamps = self.stamps.iter().map(|(n, data)| (*n, data.without(held).without(&signer)));
        Collected { stamps: stamps.filter(|(_, data)| !data.is_empty()).collect(), signer }
    }

    fn is_empty(&self) -> bool {
        self.signer.is_empty() && self.stamps.is_empty()
    }

    /// All of it.
    fn together(&self) -> ValidationData {
        let mut all = self.signer.clone();
        self.stamps.iter().for_each(|(_, data)| all.add_all(data));
        all
    }
}

const TOO_EARLY: Error = Error::Bug("an archive time-stamp before the first one, or data");
