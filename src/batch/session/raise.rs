//! Many sessions on their way up together, and their results under their names.

use super::held::Held;
use super::record::{Base64, File};
use super::{Form, SessionClimb, SessionFailure, SessionResult, Sessions};
use crate::error::{Error, ErrorCode, Result};
use crate::flow::{Upgrade, UpgradePlan, UpgradeReport};
use crate::limits::Limits;
use crate::output::Output;
use crate::provider::draw_moment;
use crate::service::Unfinished;
use crate::signing::Level;
use crate::store::{Content, FileId, SessionId};
use crate::time::Moment;

/// How far a session is.
pub(super) enum Raised {
    Failed(SessionFailure),
    /// There is nothing to write.
    Done(Box<SessionResult>),
    Climbing(Box<Upgrade>, Level),
    Reached(Box<Output>, Level, Option<Box<UpgradeReport>>),
}

/// What a result takes the place of.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Way {
    Signature,
    Archive,
}

impl Sessions {
    /// Brings all that climb to their levels, writes the results, and says what became of each, in order.
    pub(super) fn finish_all(
        &self,
        sessions: Vec<Result<Held>>,
        raised: Vec<Raised>,
        climb: Option<&SessionClimb<'_>>,
    ) -> Vec<Result<SessionResult, SessionFailure>> {
        self.finish(sessions, raised, climb, Way::Signature)
    }

    /// The same for archive time-stamps.
    pub(super) fn archive_all(
        &self,
        sessions: Vec<Result<Held>>,
        raised: Vec<Raised>,
        climb: &SessionClimb<'_>,
    ) -> Vec<Result<SessionResult, SessionFailure>> {
        self.finish(sessions, raised, Some(climb), Way::Archive)
    }

    fn finish(
        &self,
        mut sessions: Vec<Result<Held>>,
        raised: Vec<Raised>,
        climb: Option<&SessionClimb<'_>>,
        way: Way,
    ) -> Vec<Result<SessionResult, SessionFailure>> {
        let raised = self.climb(&mut sessions, raised, climb, way);
        let old: Vec<Result<Vec<FileId>>> =
            sessions.iter().map(|held| held.as_ref().map_err(Error::clone).and_then(Held::file_ids)).collect();
        let items: Vec<(&mut Result<Held>, Raised)> = sessions.iter_mut().zip(raised).collect();
        // A time-stamp that was bought is in a result, also where the call was cancelled meanwhile.
        let written = self.each_to_the_end(items, |(held, raised)| match held {
            Ok(held) => Ok(self.write(held, raised, way)),
            Err(error) => Ok(Err(error.clone().into())),
        });
        let ids: Vec<SessionId> = sessions.iter().flatten().map(|held| held.id).collect();
        // What a record names is on the disk before the record is.
        let mut synced = self.store.sync(&ids);
        let mut results = Vec::with_capacity(sessions.len());
        for (held, written) in sessions.iter_mut().zip(written) {
            let flat = written.unwrap_or_else(|error| Err(error.into()));
            results.push(match (held, flat, &synced) {
                (_, Err(failure), _) => Err(failure),
                (_, _, Err(error)) => Err(error.clone().into()),
                (Ok(held), Ok(result), Ok(())) if !result.is_again => {
                    self.keep(held).map(|()| result).map_err(SessionFailure::from)
                }
                (_, Ok(result), Ok(())) => Ok(result),
            });
        }
        synced = synced.and_then(|()| self.store.sync(&ids));
        let mut ends = Vec::with_capacity(results.len());
        for ((held, old), result) in sessions.into_iter().zip(old).zip(results) {
            ends.push(match (held, old, result, &synced) {
                (_, _, Ok(_), Err(error)) => Err(error.clone().into()),
                (Ok(held), Ok(old), Ok(result), Ok(())) if !result.is_again => {
                    // The session is finished; a file that could not be removed goes with it.
                    let _ = self.clear(&held.id, &old, &held.record);
                    Ok(result)
                }
                (_, _, result, _) => result,
            });
        }
        ends
    }

    /// Asks the services, for all at once.
    fn climb(
        &self,
        sessions: &mut [Result<Held>],
        raised: Vec<Raised>,
        climb: Option<&SessionClimb<'_>>,
        way: Way,
    ) -> Vec<Raised> {
        let mut upgrades = Vec::new();
        let mut places = Vec::new();
        for raised in raised {
            match (raised, climb) {
                (Raised::Climbing(upgrade, wanted), Some(_)) => {
                    upgrades.push(*upgrade);
                    places.push(Place::Climbs(wanted));
                }
                (other, _) => places.push(Place::Settled(other)),
            }
        }
        let mut arrived = climb.map(|climb| climb.services.complete_all(upgrades)).unwrap_or_default().into_iter();
        let lost = || Raised::Failed(Error::Bug("an upgrade has no result").into());
        let mut settled = Vec::with_capacity(places.len());
        for (place, held) in places.into_iter().zip(sessions) {
            settled.push(match (place, held, climb) {
                (Place::Settled(raised), _, _) => raised,
                (Place::Climbs(wanted), Ok(held), Some(climb)) => match arrived.next() {
                    Some(arrived) => self.settle(held, wanted, arrived, climb, way),
                    None => lost(),
                },
                _ => lost(),
            });
        }
        settled
    }

    /// The document where the level, or one that will do, is reached; else what was reached is kept.
    fn settle(
        &self,
        held: &mut Held,
        wanted: Level,
        arrived: Result<Upgrade, Box<Unfinished>>,
        climb: &SessionClimb<'_>,
        way: Way,
    ) -> Raised {
        let (upgrade, fault) = match arrived {
            Ok(upgrade) => (upgrade, None),
            Err(unfinished) => (unfinished.upgrade, Some(unfinished.error)),
        };
        let (reached, report) = (upgrade.reached(), upgrade.report());
        let left_out = report.left_out.first().map(|(_, error)| error.clone());
        match fault.or(left_out.filter(|_| reached < wanted)) {
            Some(error) if !(climb.accepts_lower && may_stay_lower(&error)) => {
                let kept = upgrade.to_state().and_then(|state| self.keep_raised(held, &state, way));
                Raised::Failed(SessionFailure { error: kept.err().unwrap_or(error), reached: Some(reached) })
            }
            _ => match upgrade.output() {
                Ok(output) => Raised::Reached(Box::new(output), reached, Some(Box::new(report))),
                Err(error) => Raised::Failed(SessionFailure { error, reached: Some(reached) }),
            },
        }
    }

    fn keep_raised(&self, held: &mut Held, state: &[u8], way: Way) -> Result<()> {
        let state = Some(Base64::new(state));
        let place = match way {
            Way::Archive => Some(&mut held.record.archiving),
            Way::Signature => {
                let waiting = held.record.waiting.as_mut();
                waiting.and_then(|waiting| waiting.signed.as_mut()).map(|signed| &mut signed.raised)
            }
        };
        match place {
            Some(place) if *place != state => {
                *place = state;
                self.keep(held)
            }
            _ => Ok(()),
        }
    }

    /// Writes a result, and says in the record what the session is by that.
    fn write(&self, held: &mut Held, raised: Raised, way: Way) -> Result<SessionResult, SessionFailure> {
        let (output, level, report) = match raised {
            Raised::Failed(failure) => return Err(failure),
            Raised::Done(result) => return Ok(*result),
            Raised::Climbing(..) => return Err(Error::Bug("a session was left on its way").into()),
            Raised::Reached(output, level, report) => (output, level, report),
        };
        let file = self.write_file(held, &output, level, way).map_err(|error| {
            // What was verified is kept: the same call goes on from there.
            SessionFailure { error, reached: Some(level) }
        })?;
        let told = file.to_session_file()?;
        match way {
            Way::Signature => held.finish(file),
            Way::Archive => held.finish_archive(file),
        }
        Ok(SessionResult { level, file: told, is_again: false, report: report.map(|report| *report) })
    }

    fn write_file(&self, held: &Held, output: &Output, level: Level, way: Way) -> Result<File> {
        let name = match (way, held.record.files.as_slice()) {
            (Way::Archive, [only]) => only.name.clone(),
            _ => {
                let form = held.record.waiting.as_ref().map(|waiting| Form::from(waiting.form));
                let is_new = match form {
                    Some(Form::Pdf) => false,
                    Some(Form::AddToContainer) => self.only_container(held)?.is_none(),
                    Some(Form::NewContainer) | None => true,
                };
                held.result_name(is_new)
            }
        };
        // Never the id of a file that it is made of: that one is needed until the record names this one.
        let origin: Vec<&str> = held.record.files.iter().map(|file| &*file.id).collect();
        let parts = [held.id.as_bytes().as_slice(), b"result", name.as_bytes(), origin.concat().as_bytes()].concat();
        let id = FileId::of(&[&parts, level.as_str().as_bytes()]);
        let size = self.store.put(&held.id, &id, Content::Output(output))?;
        let included = self.included(&name, &self.store.open(&held.id, &id)?)?;
        let level = Some(level.as_str().to_owned());
        Ok(File { id: id.to_string(), name, size: Some(size), digest: None, level, included })
    }

    /// A moment of this session's own.
    pub(super) fn moment_of(&self, held: &Held, label: &[u8]) -> Result<Moment> {
        let moment = draw_moment(self.clock.as_ref(), self.entropy.as_ref())?;
        Ok(moment.for_document(&[held.id.as_bytes(), label].concat()))
    }
}

impl SessionClimb<'_> {
    /// The plan for this level.
    pub(super) fn plan(&self, level: Level, limits: &Limits) -> Result<UpgradePlan> {
        let plan = UpgradePlan::new(level, self.trusted.iter().cloned())?;
        Ok(plan.known(self.known.iter().cloned()).limits(limits))
    }
}

enum Place {
    Settled(Raised),
    Climbs(Level),
}

/// Whether a document may stay at the level that was reached. What says that the signature is worth nothing is no matter
/// of levels.
fn may_stay_lower(error: &Error) -> bool {
    matches!(error, Error::Service(_)) || error.code() == ErrorCode::CertificatePath
}
