//! The climb of a signed PDF: what is there, and the revisions that are appended to it.
//!
//! In: a signed document, and later tokens and validation data. Out: what is to be stamped, and the document with all
//! that was put into it. Decided here: which bytes are appended, and that nothing that is there is touched. Nobody is
//! asked, and whom to trust is not looked at.

use std::sync::Arc;

use crate::answers::ValidationData;
use crate::answers::ocsp::Response;
use crate::answers::timestamp::Token;
use crate::cms::Embedded;
use crate::digest::{Digest, DigestAlgorithm, State};
use crate::error::{Error, ErrorCode, Misuse, Refusal, Result};
use crate::limits::Limits;
use crate::output::{Check, Output, Piece, Update};
use crate::pades::check::{DocumentStamp, subject};
use crate::pades::contents::Contents;
use crate::pades::dss::Dss;
use crate::pades::signature::{finding, signatures};
use crate::pades::stamp::StampDraft;
use crate::pades::{finalize, prepare, reread};
use crate::pdf::update::Update as PdfUpdate;
use crate::pdf::{Document, Recovery, fields};
use crate::pki::Certificate;
use crate::pki::crl::Crl;
use crate::signing::{Stamp, StampKind, Subject, Tail};
use crate::source::{Source, to_u64};
use crate::time::derive;

/// A signed PDF on its way up: what is there, and the revisions that were appended to it.
#[derive(Debug)]
pub(crate) struct Extension {
    /// What stays as it is.
    source: Source,
    /// Of the source, where it was hashed by somebody else at another time.
    source_digest: Option<Digest>,
    /// All that is appended.
    tail: Arc<Vec<u8>>,
    /// Source and tail.
    document: Document,
    /// Over all of the document.
    states: Vec<State>,
    subjects: Vec<Subject>,
    dss: Dss,
    held: ValidationData,
}

impl Extension {
    /// Reads and checks every signature of `document`: the digest over its ByteRange, its value, the certificate that
    /// it names, its own time-stamps, and that it covers a whole revision. What is wrong is the subject's fault.
    ///
    /// The document is read once, whatever is hashed: for its signatures, and with each of `algorithms` (SHA-256
    /// where there is none) for time-stamps to come.
    ///
    /// # Errors
    /// [`Error::Refused`](crate::Error::Refused) for a form in XFA and for a damaged document; [`Error::Malformed`](crate::Error::Malformed) when it can't be read.
    pub(crate) fn open(document: &Document, algorithms: &[DigestAlgorithm]) -> Result<Self> {
        let form = fields(document)?;
        let earlier = prepare::require_fit(document, &form)?;
        let mut to_end = algorithms.to_vec();
        if to_end.is_empty() {
            to_end.push(DigestAlgorithm::Sha256);
        }
        to_end.dedup();
        let (found, states) = signatures(document, &earlier, &to_end)?;
        let mut extension = Extension::new(document.source(), document.clone(), states)?;
        let stamps = DocumentStamp::all(document, &found)?;
        let mut held: Vec<&Arc<Contents>> = Vec::new();
        for signature in &found {
            let is_new = !held.iter().any(|contents| Arc::ptr_eq(contents, &signature.contents));
            if let Some(cms) = signature.cms().ok().filter(|_| is_new) {
                held.push(&signature.contents);
                extension.hold(signature.contents.bytes(), cms.certificates(), document.limits())?;
            }
            if !signature.is_time_stamp() {
                extension.subjects.push(subject(signature, &stamps, &extension.dss, document.limits()));
            }
        }
        let stamps: Vec<Stamp> = extension.subjects.iter().flat_map(|subject| subject.stamps.clone()).collect();
        for stamp in stamps.iter().filter(|stamp| stamp.kind == StampKind::Signature) {
            extension.hold(stamp.token.as_bytes(), stamp.token.certificates(), document.limits())?;
        }
        document.rest();
        extension.document.rest();
        Ok(extension)
    }

    /// Takes up a document that was just signed here; nothing of it is hashed again. `source_state` is the digest at
    /// the end of the source, by the algorithm that time-stamps to come will have; `cms` fills the hole of `tail`.
    ///
    /// # Errors
    /// [`Error::PlaceholderTooSmall`](crate::Error::PlaceholderTooSmall); [`Error::Malformed`](crate::Error::Malformed) when this is not the source that was prepared.
    pub(crate) fn signed(
        source: &Source,
        source_digest: Digest,
        source_state: &State,
        tail: &Tail,
        cms: &[u8],
        subject: Subject,
        limits: &Limits,
    ) -> Result<Self> {
        if source_state.len() != source.len() {
            return Err(Misuse::new("the state is not that of the source's end").into());
        }
        let tail = Arc::new(finalize::update(source, &source_digest, tail, cms)?.tail_bytes()?);
        let mut state = source_state.clone();
        state.update(&tail);
        // What was damaged was repaired by the update that signs it, but bytes before the header stay.
        let document = Document::open(&source.joined(Arc::clone(&tail)), limits, Recovery::Rebuild)?;
        if document.is_rebuilt() {
            return Err(Refusal::new(ErrorCode::PdfRecoverSigned).into());
        }
        let mut extension = Extension::new(source, document, vec![state])?;
        extension.tail = tail;
        extension.source_digest = Some(source_digest);
        extension.hold(cms, &subject.certificates, limits)?;
        for stamp in &subject.stamps {
            extension.hold(stamp.token.as_bytes(), stamp.token.certificates(), limits)?;
        }
        extension.subjects.push(subject);
        extension.document.rest();
        Ok(extension)
    }

    /// The signatures that are no document time-stamps, with all time-stamps over each: those in the signature itself,
    /// and every sound document time-stamp that covers it.
    pub(crate) fn subjects(&self) -> &[Subject] {
        &self.subjects
    }

    /// All that the document holds to prove them, in its DSS and in signatures and time-stamps.
    pub(crate) fn held(&self) -> &ValidationData {
        &self.held
    }

    /// A document time-stamp to be appended, with `room` bytes for the token, or as many as PDF/A allows. Its digest is
    /// by the wanted algorithm, unless the document would have to be read again for that.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) with the offset when the document is damaged; `limit.exceeded`.
    pub(crate) fn stamp(&self, wanted: DigestAlgorithm, room: usize, nonce: &[u8; 32]) -> Result<StampDraft> {
        let found = self.states.iter().find(|state| state.algorithm() == wanted).or(self.states.first());
        StampDraft::new(&self.document, found.ok_or(Error::Bug("a document that was not hashed"))?, room, nonce)
    }

    /// Appends `draft` with its token, which is then over every subject.
    ///
    /// # Errors
    /// [`Error::PlaceholderTooSmall`](crate::Error::PlaceholderTooSmall): draft again with more room.
    pub(crate) fn put_stamp(&mut self, draft: StampDraft, token: &Arc<Token>, kind: StampKind) -> Result<()> {
        if draft.base != self.document.source().len() {
            return Err(Misuse::new("the time-stamp was drafted for another state of the document").into());
        }
        let bytes = draft.fill(token)?;
        let tail = self.longer(&bytes);
        let document = self.document.with_update(&self.source.joined(Arc::clone(&tail)))?;
        self.append(tail, &bytes, document);
        for subject in &mut self.subjects {
            subject.stamps.push(Stamp { kind, token: Arc::clone(token) });
        }
        let limits = self.document.limits().clone();
        self.hold(token.as_bytes(), token.certificates(), &limits)
    }

    /// Whether its DSS holds anything.
    pub(crate) fn has_data(&self) -> bool {
        !self.dss.is_empty()
    }

    /// Appends a revision with what of `data` the DSS does not hold yet; where it holds all, nothing is appended.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) when the DSS that is there is none; `limit.exceeded`.
    pub(crate) fn put_data(&mut self, data: &ValidationData, nonce: &[u8; 32]) -> Result<()> {
        let mut update = PdfUpdate::new(&self.document)?;
        let Some(added) = self.dss.put(&self.document, data, &mut update)? else {
            return Ok(());
        };
        let id = derive(&[nonce, b"pdf-id"]);
        let written = update.write(id.get(..16).unwrap_or_default())?;
        let tail = self.longer(&written.bytes);
        let document = reread::check(&self.document, &written, &self.source.joined(Arc::clone(&tail)))?;
        self.dss.add(added, &document)?;
        self.append(tail, &written.bytes, document);
        self.held.add_all(data);
        Ok(())
    }

    /// Whether anything was appended to what came in.
    pub(crate) fn is_changed(&self) -> bool {
        !self.tail.is_empty()
    }

    /// The source and all that is appended.
    pub(crate) fn output(&self) -> Output {
        let kept = self.source.len();
        let checks = self.source_digest.map(|digest| Check::of(digest, 0..kept)).into_iter().collect();
        let tail = vec![Piece::Bytes(self.tail.to_vec())];
        Output::update(Update { source: self.source.clone(), kept, checks, tail })
    }

    fn new(source: &Source, document: Document, states: Vec<State>) -> Result<Self> {
        let dss = Dss::read(&document)?;
        let mut held = ValidationData::default();
        dss.add_to(&mut held);
        Ok(Extension {
            source: source.clone(),
            source_digest: None,
            tail: Arc::default(),
            document,
            states,
            subjects: Vec::new(),
            dss,
            held,
        })
    }

    /// Takes up what is in a signature or time-stamp.
    fn hold(&mut self, cms: &[u8], certificates: &[Certificate], limits: &Limits) -> Result<()> {
        let embedded = Embedded::read(cms, limits);
        let held = [self.held.certificates().len(), self.held.ocsp().len(), self.held.crls().len()];
        if to_u64(held.iter().sum()) > limits.pdf_dss_objects {
            return Ok(());
        }
        certificates.iter().chain(&embedded.certificates).for_each(|one| self.held.add_certificate(one));
        let complete = embedded.ocsp.iter().map(|bytes| Response::read(bytes, limits));
        let bare = embedded.basic_ocsp.iter().map(|bytes| Response::from_basic(bytes, limits));
        complete.chain(bare).flatten().for_each(|response| self.held.add_ocsp(&Arc::new(response)));
        for bytes in embedded.crls {
            if let Ok(crl) = finding(Crl::read(&Source::from_bytes(bytes), limits))? {
                self.held.add_crl(&Arc::new(crl));
            }
        }
        Ok(())
    }

    fn longer(&self, bytes: &[u8]) -> Arc<Vec<u8>> {
        Arc::new([self.tail.as_slice(), bytes].concat())
    }

    fn append(&mut self, tail: Arc<Vec<u8>>, bytes: &[u8], document: Document) {
        self.tail = tail;
        document.rest();
        self.document = document;
        for state in &mut self.states {
            state.update(bytes);
        }
    }
}
