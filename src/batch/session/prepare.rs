//! First half of a session: what its key must sign.

use std::collections::BTreeMap;

use super::held::{Held, container, windows};
use super::record::{Base64, Waiting};
use super::{Form, Preparation, SessionDigest, Sessions};
use crate::asice::DataFile;
use crate::batch::Together;
use crate::digest::{DigestAlgorithm, State};
use crate::error::{Error, ErrorCode, Refusal, Result, StateError};
use crate::flow::{Document, Format, Inputs, Prepared, StateSummary, prepare_all};
use crate::provider::draw_moment;
use crate::signature::ToBeSigned;
use crate::signing::Plan;
use crate::source::{Source, to_u64};
use crate::store::SessionId;
use crate::time::Moment;

impl Sessions {
    /// What the key of each session must sign, in the order given.
    ///
    /// With the same arguments as before the answer is the same; with others the session is prepared anew. A session
    /// that is signed already is prepared for one more signature.
    ///
    /// # Errors
    /// Each session's own: `session.unknown`, `session.empty`, `session.form`, `session.mixed`, `session.unfinished`,
    /// `session.busy`; what [`Document::open`] and [`Document::prepare`] say, and the store.
    pub fn prepare(&self, ids: &[SessionId], plan: &Plan, form: Form) -> Vec<Result<SessionDigest>> {
        let mut results = Vec::with_capacity(ids.len());
        for window in windows(ids.to_vec(), |id| *id) {
            let mut held = self.hold_all(&window);
            results.extend(self.prepare_held(&mut held, plan, form));
        }
        results
    }

    /// The same for sessions in hand.
    pub(super) fn prepare_held(
        &self,
        sessions: &mut [Result<Held>],
        plan: &Plan,
        form: Form,
    ) -> Vec<Result<SessionDigest>> {
        let key = key_of(plan, form);
        let moment = match draw_moment(self.clock.as_ref(), self.entropy.as_ref()) {
            Ok(moment) => moment,
            Err(error) => return sessions.iter().map(|_| Err(error.clone())).collect(),
        };
        let work = Preparing { sessions: self, plan, form, key: &key, moment };
        let results = self.all_together(sessions, &work);
        let new = |(held, result): (&Result<Held>, &Result<SessionDigest>)| match (held, result) {
            (Ok(held), Ok(digest)) if digest.prepared != Preparation::Again => Some(held.id),
            _ => None,
        };
        let written: Vec<SessionId> = sessions.iter().zip(&results).filter_map(new).collect();
        match self.store.sync(&written) {
            Ok(()) => results,
            Err(error) => results.into_iter().map(|result| result.and(Err(error.clone()))).collect(),
        }
    }

    /// A document that can't be signed is known as such; what was done before stays.
    fn note_failure(&self, held: &mut Held, error: &Error) -> Result<()> {
        let code = error.code().as_str();
        let is_documents = matches!(error, Error::Malformed(_) | Error::Refused(_)) && !code.starts_with("session.");
        if is_documents && held.record.waiting.is_none() && held.record.failed.as_deref() != Some(code) {
            held.record.failed = Some(code.to_owned());
            self.keep(held)?;
        }
        Ok(())
    }

    /// What the session's files are when they are signed so.
    fn document(&self, held: &Held, form: Form) -> Result<Document> {
        match (form, held.record.files.is_empty()) {
            (_, true) => Err(Refusal::new(ErrorCode::SessionEmpty).into()),
            (Form::Pdf, false) => self.pdf(held),
            (Form::AddToContainer, false) => match self.only_container(held)? {
                Some(source) => {
                    let document = Document::open(source, &self.limits)?;
                    let files = Sessions::told(held)?;
                    if files.is_empty() { Ok(document) } else { document.assume(files) }
                }
                None => self.new_container(held),
            },
            (Form::NewContainer, false) => self.new_container(held),
        }
    }

    fn pdf(&self, held: &Held) -> Result<Document> {
        let [only] = held.record.files.as_slice() else {
            return Err(Refusal::new(ErrorCode::SessionForm).into());
        };
        let no_pdf = || Refusal::new(ErrorCode::SessionForm).file(&*only.name);
        if only.digest.is_some() {
            return Err(no_pdf().into());
        }
        let opened = Document::open(self.store.open(&held.id, &only.id()?)?, &self.limits);
        match opened {
            Ok(document) if document.format() == Format::Pdf => Ok(document),
            Err(error) if !is_no_pdf(&error) => Err(error),
            _ => Err(no_pdf().into()),
        }
    }

    fn new_container(&self, held: &Held) -> Result<Document> {
        let document = Document::new_container(self.files_of(held)?, &self.limits)?;
        match held.record.signature_index {
            Some(index) => document.signature_index(index),
            None => Ok(document),
        }
    }

    /// What is known by digest alone: added so, or signed so before.
    fn told(held: &Held) -> Result<Vec<DataFile>> {
        let mut files: BTreeMap<&str, DataFile> = BTreeMap::new();
        for file in held.record.told.iter().chain(&held.record.files) {
            if let Some(by_digest) = file.by_digest()? {
                files.insert(&file.name, by_digest);
            }
        }
        Ok(files.into_values().collect())
    }

    /// The container that is the session's only file with content.
    pub(super) fn only_container(&self, held: &Held) -> Result<Option<Source>> {
        let mut containers = Vec::new();
        let mut others = 0_usize;
        for file in held.record.files.iter().filter(|file| file.digest.is_none()) {
            let source = self.store.open(&held.id, &file.id()?)?;
            match container(&file.name, &source, &self.limits)? {
                Some(_) => containers.push(source),
                None => others = others.saturating_add(1),
            }
        }
        match (containers.pop(), containers.is_empty() && others == 0) {
            (None, _) => Ok(None),
            (Some(only), true) => Ok(Some(only)),
            (Some(_), false) => Err(Refusal::new(ErrorCode::SessionMixed).into()),
        }
    }

    /// The bytes that a waiting signature was prepared from.
    pub(super) fn inputs(&self, held: &Held, form: Form) -> Result<Inputs> {
        let container = if form == Form::AddToContainer { self.only_container(held)? } else { None };
        match (form, container) {
            (Form::Pdf, _) => self.only_file(held).map(Inputs::from),
            (_, Some(container)) => Ok(Inputs::from(container)),
            (_, None) => Ok(Inputs::from(self.files_of(held)?)),
        }
    }
}

/// What all sessions of a call are prepared with. Their bytes are hashed side by side.
struct Preparing<'a> {
    sessions: &'a Sessions,
    plan: &'a Plan,
    form: Form,
    key: &'a str,
    moment: Moment,
}

/// A session before its bytes are hashed.
enum Begun<'a> {
    /// An earlier call did it.
    Again(Box<ToBeSigned>),
    Open(Box<Open<'a>>),
}

struct Open<'a> {
    held: &'a mut Held,
    document: Document,
    moment: Moment,
    prepared: Preparation,
}

impl<'a> Together<&'a mut Held> for Preparing<'_> {
    type Begun = Begun<'a>;
    type Shared = Option<Result<Prepared>>;
    type Done = SessionDigest;

    fn begin(&self, held: &'a mut Held) -> Result<Begun<'a>> {
        let mut prepared = Preparation::New;
        if let Some(waiting) = &held.record.waiting {
            if waiting.key == self.key {
                let summary = StateSummary::read(&waiting.prepared.to_bytes()?, &self.sessions.limits)?;
                return Ok(Begun::Again(Box::new(summary.to_be_signed().clone())));
            }
            if waiting.signed.is_some() {
                return Err(StateError::new(ErrorCode::SessionUnfinished).into());
            }
            prepared = Preparation::Anew;
        }
        match self.sessions.document(held, self.form) {
            Ok(document) => {
                // Each preparation has a nonce of its own, also the next signer's in the same session.
                let name = [held.id.as_bytes().as_slice(), self.key.as_bytes()].concat();
                let moment = self.moment.for_document(&name);
                Ok(Begun::Open(Box::new(Open { held, document, moment, prepared })))
            }
            Err(error) => {
                self.sessions.note_failure(held, &error)?;
                Err(error)
            }
        }
    }

    fn together(&self, begun: &[Begun<'a>]) -> Vec<Result<Option<Result<Prepared>>>> {
        let open = begun.iter().filter_map(|one| match one {
            Begun::Open(open) => Some((&open.document, self.plan, open.moment)),
            Begun::Again(_) => None,
        });
        let open: Vec<_> = open.collect();
        let mut prepared = prepare_all(&open, self.sessions.kernel).into_iter();
        let one = |begun: &Begun<'_>| if matches!(begun, Begun::Open(_)) { prepared.next() } else { None };
        begun.iter().map(one).map(Ok).collect()
    }

    fn finish(&self, begun: Begun<'a>, shared: Option<Result<Prepared>>) -> Result<SessionDigest> {
        let open = match begun {
            Begun::Again(to_be_signed) => {
                return Ok(SessionDigest { to_be_signed: *to_be_signed, prepared: Preparation::Again });
            }
            Begun::Open(open) => *open,
        };
        let made = match shared.unwrap_or(Err(Error::Bug("a session was not prepared"))) {
            Ok(made) => made,
            Err(error) => {
                self.sessions.note_failure(open.held, &error)?;
                return Err(error);
            }
        };
        let (key, state) = (self.key.to_owned(), Base64::new(&made.to_state()?));
        open.held.record.waiting = Some(Waiting { key, form: self.form.into(), prepared: state, signed: None });
        open.held.record.failed = None;
        self.sessions.keep(open.held)?;
        Ok(SessionDigest { to_be_signed: made.to_be_signed().clone(), prepared: open.prepared })
    }
}

/// All that the bytes of a preparation depend on, but for the files.
pub(super) fn key_of(plan: &Plan, form: Form) -> String {
    let mut state = State::new(DigestAlgorithm::Sha256);
    let mut field = |bytes: &[u8]| {
        state.update(&to_u64(bytes.len()).to_be_bytes());
        state.update(bytes);
    };
    field(b"eseal-session-1");
    plan.embedded().for_each(|certificate| field(certificate.as_der()));
    field(format!("{form:?} {plan:?}").as_bytes());
    state.finish().to_hex()
}

/// Whether it is the request that does not fit, and not the document.
fn is_no_pdf(error: &Error) -> bool {
    let code = error.code();
    code == ErrorCode::PdfNotPdf || code.as_str().starts_with("zip.") || code.as_str().starts_with("asice.")
}
