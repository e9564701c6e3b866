//! Second half of a session: its value comes in, its document goes to its level.

use super::held::{Held, windows};
use super::prepare::key_of;
use super::raise::Raised;
use super::record::{Base64, Done, File, Signed as SavedSigned, Waiting};
use super::whose::Whose;
use super::{Form, SessionClimb, SessionFailure, SessionResult, Sessions};
use crate::digest::DigestAlgorithm;
use crate::error::{Error, ErrorCode, Result, ServiceError, StateError};
use crate::evidence::Role;
use crate::flow::{Inputs, Prepared, Signed, StateSummary, Upgrade};
use crate::output::Output;
use crate::provider::Signer;
use crate::signature::SignatureValue;
use crate::signing::{Level, Plan};
use crate::store::SessionId;

/// A session on its way through the second half.
enum Stage {
    /// An earlier call did it.
    Done(SessionResult),
    /// At the level that it was prepared for.
    Signed(Box<Output>),
    /// Above B-B.
    Climbing(Box<Upgrade>, Level),
}

impl Sessions {
    /// Takes the signature value of each session, and raises its document to the level that its preparation named;
    /// without `climb` that can only be B-B.
    ///
    /// A value that has verified is kept: where a service fails, the same call goes on from there. Once a session is
    /// finished, its value is answered with the same result. All else leaves the session where it was.
    ///
    /// # Errors
    /// Each session's own: [`Error::SignatureMismatch`] and `signature.encoding`; `session.not-prepared`,
    /// `session.value-other`; what services say, and the store.
    pub fn finalize(
        &self,
        values: Vec<(SessionId, SignatureValue)>,
        climb: Option<&SessionClimb<'_>>,
    ) -> Vec<Result<SessionResult, SessionFailure>> {
        let mut results = Vec::with_capacity(values.len());
        for window in windows(values, |(id, _)| *id) {
            let (ids, values): (Vec<SessionId>, Vec<SignatureValue>) = window.into_iter().unzip();
            let held = self.hold_all(&ids);
            results.extend(self.finalize_held(held, values.into_iter().map(Ok).collect(), climb));
        }
        results
    }

    /// Both halves with a key at hand. Asked again with the same arguments, a finished session is answered as before.
    ///
    /// # Errors
    /// As [`Sessions::prepare`], [`Signer::sign`] and [`Sessions::finalize`].
    pub fn seal(
        &self,
        ids: &[SessionId],
        plan: &Plan,
        form: Form,
        signer: &dyn Signer,
        climb: Option<&SessionClimb<'_>>,
    ) -> Vec<Result<SessionResult, SessionFailure>> {
        let key = key_of(plan, form);
        let mut results = Vec::with_capacity(ids.len());
        for window in windows(ids.to_vec(), |id| *id) {
            let mut held = self.hold_all(&window);
            let again: Vec<Option<Result<SessionResult>>> = held.iter().map(|held| again(held, &key)).collect();
            let mut open: Vec<Result<Held>> = Vec::new();
            for (held, again) in held.drain(..).zip(&again) {
                if again.is_none() {
                    open.push(held);
                }
            }
            let digests = self.prepare_held(&mut open, plan, form);
            // A value that has verified is not asked for once more: ECDSA would give another one.
            let is_signed = |held: &Result<Held>| held.as_ref().is_ok_and(|held| held.waiting_value().is_some());
            let items = open.iter().map(is_signed).zip(digests).collect();
            let values = self.each(items, |(is_signed, digest)| match digest {
                Ok(_) if is_signed => Ok(SignatureValue::undeclared([])),
                Ok(digest) => signer.sign(&digest.to_be_signed),
                Err(error) => Err(error),
            });
            let mut sealed = self.finalize_held(open, values, climb).into_iter();
            let lost = || Err(Error::Bug("a session without a result").into());
            results.extend(again.into_iter().map(|again| match again {
                Some(again) => again.map_err(SessionFailure::from),
                None => sealed.next().unwrap_or_else(lost),
            }));
        }
        results
    }

    fn finalize_held(
        &self,
        mut sessions: Vec<Result<Held>>,
        values: Vec<Result<SignatureValue>>,
        climb: Option<&SessionClimb<'_>>,
    ) -> Vec<Result<SessionResult, SessionFailure>> {
        let items: Vec<(&mut Result<Held>, &Result<SignatureValue>)> = sessions.iter_mut().zip(&values).collect();
        let mut stages = self.each(items, |(held, value)| match (held, value) {
            (Ok(held), Ok(value)) => self.accept(held, value, climb),
            (Err(error), _) => Err(error.clone()),
            (_, Err(error)) => Err(error.clone()),
        });
        // Values that have verified are on the disk before anybody is asked for anything.
        let ids: Vec<SessionId> = sessions.iter().flatten().map(|held| held.id).collect();
        let synced = self.store.sync(&ids);
        // To look through a store takes time, in which a power cut must not cost what was signed.
        let mut whose = Whose::new(self, &sessions);
        for ((stage, held), value) in stages.iter_mut().zip(&sessions).zip(&values) {
            if let (Err(error), Ok(held), Ok(value)) = (&mut *stage, held, value) {
                *error = whose.tell(error.clone(), &held.id, value);
            }
        }
        let mut raised = Vec::with_capacity(stages.len());
        for (held, stage) in sessions.iter().zip(stages) {
            let reached = held.as_ref().ok().and_then(Held::waiting_value).map(|_| Level::Bb);
            raised.push(match (stage, &synced) {
                (Err(error), _) => Raised::Failed(SessionFailure { error, reached }),
                (_, Err(error)) => Raised::Failed(error.clone().into()),
                (Ok(Stage::Done(result)), Ok(())) => Raised::Done(Box::new(result)),
                (Ok(Stage::Signed(output)), Ok(())) => Raised::Reached(output, Level::Bb, None),
                (Ok(Stage::Climbing(upgrade, wanted)), Ok(())) => Raised::Climbing(upgrade, wanted),
            });
        }
        self.finish_all(sessions, raised, climb)
    }

    /// Verifies a value and keeps it: from here on nobody has to sign again.
    fn accept(&self, held: &mut Held, value: &SignatureValue, climb: Option<&SessionClimb<'_>>) -> Result<Stage> {
        let digest = DigestAlgorithm::Sha256.digest(value.as_bytes()).to_hex();
        let Some(Waiting { form, prepared, signed, .. }) = held.record.waiting.clone() else {
            return held.finished(&digest)?.map(Stage::Done).ok_or_else(|| match held.record.done {
                Some(_) => StateError::new(ErrorCode::SessionValue).into(),
                None => StateError::new(ErrorCode::SessionNotPrepared).into(),
            });
        };
        let is_told = !value.as_bytes().is_empty();
        match signed {
            Some(signed) if is_told && signed.value != digest => Err(StateError::new(ErrorCode::SessionValue).into()),
            Some(SavedSigned { state, raised, .. }) => {
                let inputs = self.inputs(held, form.into())?;
                match raised {
                    Some(raised) => self.resume(held, &raised.to_bytes()?, inputs, climb),
                    None => self.begin(held, Signed::resume(&state.to_bytes()?, inputs, &self.limits)?, climb),
                }
            }
            None => {
                // What this session was finished with before it was prepared for the next signer.
                if let Some(result) = held.finished(&digest)? {
                    return Ok(Stage::Done(result));
                }
                let inputs = self.inputs(held, form.into())?;
                let prepared = Prepared::resume(&prepared.to_bytes()?, inputs, &self.limits)?;
                let signed = prepared.finalize(value.clone())?;
                let state = Base64::new(&signed.to_state()?);
                if let Some(waiting) = &mut held.record.waiting {
                    waiting.signed = Some(SavedSigned { value: digest, state, raised: None });
                }
                self.keep(held)?;
                self.begin(held, signed, climb)
            }
        }
    }

    /// The way from B-B.
    fn begin(&self, held: &Held, signed: Signed, climb: Option<&SessionClimb<'_>>) -> Result<Stage> {
        let wanted = signed.wanted_level();
        if wanted == Level::Bb {
            return Ok(Stage::Signed(Box::new(signed.into_output())));
        }
        let climb = climb.ok_or_else(nobody_to_ask)?;
        let moment = self.moment_of(held, b"upgrade")?;
        let upgrade = signed.upgrade(&climb.plan(wanted, &self.limits)?, moment)?;
        Ok(Stage::Climbing(Box::new(upgrade), wanted))
    }

    /// The way from where an earlier call got to.
    fn resume(&self, held: &Held, state: &[u8], inputs: Inputs, climb: Option<&SessionClimb<'_>>) -> Result<Stage> {
        let waiting = held.record.waiting.as_ref().ok_or(Error::Bug("a session that waits for nothing goes on"))?;
        let prepared = StateSummary::read(&waiting.prepared.to_bytes()?, &self.limits)?;
        let wanted = prepared.wanted_level();
        let climb = climb.ok_or_else(nobody_to_ask)?;
        let upgrade = Upgrade::resume(state, inputs, &climb.plan(wanted, &self.limits)?)?;
        Ok(Stage::Climbing(Box::new(upgrade), wanted))
    }
}

impl Held {
    /// The value of the signature under way, if one has verified.
    fn waiting_value(&self) -> Option<&str> {
        Some(&self.record.waiting.as_ref()?.signed.as_ref()?.value)
    }

    /// The result, if the session was finished with this value.
    fn finished(&self, value: &str) -> Result<Option<SessionResult>> {
        let done = self.record.done.as_ref().filter(|done| done.value.as_deref() == Some(value));
        done.map_or(Ok(None), |done| self.told(done))
    }

    /// What was done last, told again.
    pub(super) fn told(&self, done: &Done) -> Result<Option<SessionResult>> {
        let Some(file) = self.result(&done.file)? else { return Ok(None) };
        let level = file.level.unwrap_or(Level::Bb);
        Ok(Some(SessionResult { level, file, is_again: true, report: None }))
    }

    /// What the session is once its signature is in place: its record without what led there.
    pub(super) fn finish(&mut self, file: File) {
        let waiting = self.record.waiting.take();
        let value = waiting.as_ref().and_then(|waiting| Some(waiting.signed.as_ref()?.value.clone()));
        self.record.done =
            Some(Done { key: waiting.map(|waiting| waiting.key), value, is_archived: false, file: file.id.clone() });
        let by_digest = self.record.files.drain(..).filter(|file| file.digest.is_some());
        let told: Vec<File> = by_digest.collect();
        self.record.told.retain(|old| !told.iter().any(|new| new.name == old.name));
        self.record.told.extend(told);
        self.record.files.push(file);
        self.record.failed = None;
    }

    /// The name of its result: that of the document that is signed, or the first file's with the ending of a container.
    pub(super) fn result_name(&self, is_new: bool) -> String {
        let mut contents = self.record.files.iter().filter(|file| file.digest.is_none());
        let first = contents.next().or(self.record.files.first());
        let name = first.map_or("document", |file| &*file.name);
        let base = name.rsplit('/').next().unwrap_or(name);
        if is_new { format!("{base}.edoc") } else { base.to_owned() }
    }
}

/// What an earlier call with the same arguments has done.
fn again(held: &Result<Held>, key: &str) -> Option<Result<SessionResult>> {
    let held = held.as_ref().ok().filter(|held| held.record.waiting.is_none())?;
    let done = held.record.done.as_ref().filter(|done| done.key.as_deref() == Some(key))?;
    held.told(done).transpose()
}

fn nobody_to_ask() -> Error {
    ServiceError::new(ErrorCode::ServiceOffline, Role::Timestamp).detail("no time-stamping service was named").into()
}
