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

    /// What a first time-stamp has to be over. `room` is for the token of a PDF's document time-stamp.
    pub(super) fn stamp(&self, unit: usize, digest: DigestAlgorithm, room: usize, nonce: &[u8; 32]) -> Result<Wanted> {
        match self {
            Carrier::Pdf(pdf) => document_stamp(pdf, digest, room, nonce),
            Carrier::Fresh(fresh) => Ok(Wanted { imprint: digest.digest(&fresh.signature.value), draft: None }),
            Carrier::Container(container) => {
                Ok(Wanted { imprint: container.stamp_imprint(unit, digest)?, draft: None })
            }
        }
    }

    /// Puts the first time-stamp in. A token that does not fit into the signature of a PDF leaves it without one:
    /// then the subject has no time-stamp yet, and the next one is the document's.
    ///
    /// # Errors
    /// [`Error::PlaceholderTooSmall`]: a larger room is needed.
    pub(super) fn put_stamp(
        &mut self,
        unit: usize,
        wanted: Wanted,
        token: &Arc<Token>,
        nonce: &[u8; 32],
    ) -> Result<()> {
        match self {
            Carrier::Pdf(pdf) => put_document_stamp(pdf, wanted, token, StampKind::Document),
            Carrier::Fresh(fresh) => {
                let settled = match fresh.settle(Some(token)) {
                    Err(Error::PlaceholderTooSmall { .. }) => fresh.settle(None)?,
                    other => other?,
                };
                *self = Carrier::Pdf(Box::new(settled));
                Ok(())
            }
            Carrier::Container(container) => container.put_stamp(unit, token, nonce),
        }
    }

    /// Puts in what proves the signatures, and their time-stamps, unless it holds all of it.
    pub(super) fn put_data(&mut self, unit: usize, data: &Collected, nonce: &[u8; 32]) -> Result<()> {
        let held = self.held(unit)?;
        let new = data.without(&held);
        match self {
            // Some look for certificates in the DSS alone, though they are in the signature, too.
            Carrier::Pdf(pdf) if !new.is_empty() || !pdf.has_data() => pdf.put_data(&data.together(), nonce),
            Carrier::Container(container) if !new.is_empty() => container.put_data(unit, &new.signer, &new.stamps),
            Carrier::Pdf(_) | Carrier::Container(_) => Ok(()),
            Carrier::Fresh(_) => Err(Error::Bug("data without a time-stamp")),
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

    /// What an archive time-stamp has to be over.
    pub(super) fn archive(
        &mut self,
        unit: usize,
        digest: DigestAlgorithm,
        room: usize,
        nonce: &[u8; 32],
    ) -> Result<Wanted> {
        match self {
            Carrier::Pdf(pdf) => document_stamp(pdf, digest, room, nonce),
            Carrier::Fresh(_) => Err(Error::Bug("an archive time-stamp before the first one")),
            Carrier::Container(container) => {
                Ok(Wanted { imprint: container.archive_imprint(unit, digest)?, draft: None })
            }
        }
    }

    /// Puts the archive time-stamp in.
    pub(super) fn put_archive(
        &mut self,
        unit: usize,
        wanted: Wanted,
        token: &Arc<Token>,
        nonce: &[u8; 32],
    ) -> Result<()> {
        match self {
            Carrier::Pdf(pdf) => put_document_stamp(pdf, wanted, token, StampKind::Archive),
            Carrier::Fresh(_) => Err(Error::Bug("an archive time-stamp before the first one")),
            Carrier::Container(container) => container.put_archive(unit, token, nonce),
        }
    }

    /// The digest that a PDF's time-stamps get, where another one would mean to read it again.
    pub(super) fn digest(&self, wanted: DigestAlgorithm) -> DigestAlgorithm {
        match self {
            Carrier::Pdf(pdf) => pdf.digest_algorithm(wanted),
            Carrier::Fresh(_) | Carrier::Container(_) => wanted,
        }
    }

    /// The document as far as it got.
    pub(super) fn output(&self, modified: Time) -> Result<Output> {
        match self {
            Carrier::Pdf(pdf) => pdf.output(),
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

fn document_stamp(pdf: &pades::Extension, digest: DigestAlgorithm, room: usize, nonce: &[u8; 32]) -> Result<Wanted> {
    let draft = pdf.stamp(pdf.digest_algorithm(digest), room, nonce)?;
    Ok(Wanted { imprint: draft.imprint, draft: Some(draft) })
}

fn put_document_stamp(pdf: &mut pades::Extension, wanted: Wanted, token: &Arc<Token>, kind: StampKind) -> Result<()> {
    let draft = wanted.draft.ok_or(Error::Bug("a document time-stamp without a place"))?;
    pdf.put_stamp(draft, token, kind)
}
