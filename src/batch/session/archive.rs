//! An archive time-stamp for a session's document, whoever signed it.

use super::held::{Held, windows};
use super::raise::Raised;
use super::record::{Done, File};
use super::{Rearchive, SessionClimb, SessionFailure, SessionResult, Sessions};
use crate::error::{ErrorCode, Result, StateError};
use crate::flow::{Document, Upgrade};
use crate::signing::Level;
use crate::store::SessionId;

impl Sessions {
    /// Raises the document of each session to B-LTA; one that is there already gets one more archive time-stamp.
    ///
    /// It need not have been signed here. A session that was archived by this very call before is answered as before,
    /// unless `again` says otherwise. Where a service fails, the same call goes on from there.
    ///
    /// # Errors
    /// Each session's own: `session.empty`, `session.unfinished`, `document.unsigned`, `signature.broken`; what
    /// [`Document::open`] says, the services, and the store.
    pub fn archive(
        &self,
        ids: &[SessionId],
        climb: &SessionClimb<'_>,
        again: Rearchive,
    ) -> Vec<Result<SessionResult, SessionFailure>> {
        let mut results = Vec::with_capacity(ids.len());
        for window in windows(ids.to_vec(), |id| *id) {
            let mut sessions = self.hold_all(&window);
            let items: Vec<&mut Result<Held>> = sessions.iter_mut().collect();
            let begun = self.each(items, |held| match held {
                Ok(held) => self.begin_archive(held, climb, again),
                Err(error) => Err(error.clone()),
            });
            let begun = begun.into_iter().map(|one| one.unwrap_or_else(|error| Raised::Failed(error.into())));
            let begun = begun.collect();
            results.extend(self.archive_all(sessions, begun, climb));
        }
        results
    }

    fn begin_archive(&self, held: &Held, climb: &SessionClimb<'_>, again: Rearchive) -> Result<Raised> {
        if held.record.waiting.as_ref().is_some_and(|waiting| waiting.signed.is_some()) {
            return Err(StateError::new(ErrorCode::SessionUnfinished).into());
        }
        let done = held.record.done.as_ref().filter(|done| done.is_archived);
        if let (Some(done), Rearchive::Never) = (done, again)
            && let Some(result) = held.told(done)?
        {
            return Ok(Raised::Done(Box::new(result)));
        }
        let source = self.only_file(held)?;
        let plan = climb.plan(Level::Blta, &self.limits)?.renew();
        let upgrade = match &held.record.archiving {
            Some(state) => Upgrade::resume(&state.to_bytes()?, source, &plan)?,
            None => Document::open(source, &self.limits)?.upgrade(&plan, self.moment_of(held, b"archive")?)?,
        };
        Ok(Raised::Climbing(Box::new(upgrade), Level::Blta))
    }
}

impl Held {
    /// What the session is once it is archived. The value it was signed with is still known.
    pub(super) fn finish_archive(&mut self, file: File) {
        let before = self.record.done.take();
        let (key, value) = before.map_or((None, None), |done| (done.key, done.value));
        self.record.done = Some(Done { key, value, is_archived: true, file: file.id.clone() });
        self.record.archiving = None;
        // What was prepared was for the document as it was before.
        self.record.waiting = None;
        self.record.files = vec![file];
    }
}
