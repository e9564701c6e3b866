//! Answers to requests that another machine wrote into a directory.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::time::Duration;

use super::Services;
use super::complete::now;
use super::folder::{self, Kept};
use super::pace::Turn;
use crate::error::{Error, ErrorCode, Misuse, Result, ServiceError};
use crate::evidence::{Evidence, Fetch, Role};
use crate::limits::Limits;

/// What became of an open request.
#[derive(Debug)]
#[non_exhaustive]
pub struct Fetched {
    /// The answer's file name.
    pub name: String,
    /// What was asked for.
    pub role: Role,
    /// Why there is no answer.
    pub result: Result<()>,
}

pub(super) fn fetch(services: &Services, directory: &Path, limits: &Limits) -> Result<Vec<Fetched>> {
    let requests = folder::open_requests(directory, limits)?;
    let (sender, receiver) = mpsc::channel();
    let mut all = Vec::with_capacity(requests.len());
    let mut sent = 0_usize;
    for (at, (kept, fetch)) in requests.into_iter().enumerate() {
        // Until it is known better.
        let fetched = Fetched { name: kept.answer(), role: kept.role, result: Err(Error::Cancelled) };
        all.push(fetched);
        let result = match fetch {
            Ok(fetch) if kept.role == Role::Timestamp => stamp(services, directory, &kept, &fetch),
            Ok(fetch) => {
                let (asked, sender, path) = (services.clock.now()?, sender.clone(), directory.join(kept.answer()));
                services.pool.ask(fetch, asked, move |arrival| {
                    let result = match arrival.evidence.content() {
                        Ok(content) => folder::write_source(&path, content),
                        Err(fault) => Err(fault.clone().into()),
                    };
                    // Nobody waits any more when the call has ended.
                    let _ = sender.send((at, result));
                });
                sent += 1;
                continue;
            }
            Err(error) => Err(error),
        };
        if let Some(fetched) = all.last_mut() {
            fetched.result = result;
        }
    }
    for _ in 0..sent {
        let Ok((at, result)) = until_cancelled(services, &receiver) else { break };
        if let Some(fetched) = all.get_mut(at) {
            fetched.result = result;
        }
    }
    Ok(all)
}

/// One after the other: they are few, and services differ in what they bear.
fn stamp(services: &Services, directory: &Path, kept: &Kept, fetch: &Fetch) -> Result<()> {
    let mut fault: Option<Error> = None;
    for (number, tsa) in services.tsas.iter().enumerate() {
        loop {
            if services.cancel.load(Ordering::Relaxed) {
                return Err(Error::Cancelled);
            }
            let moment = now();
            match services.with_pace(number, |pace| pace.turn(moment)) {
                Turn::Now => {}
                Turn::At(at) => {
                    std::thread::sleep(at.saturating_duration_since(moment).min(LOOK_AGAIN));
                    continue;
                }
                Turn::Busy => {
                    std::thread::sleep(LOOK_AGAIN);
                    continue;
                }
                Turn::Failing(error) => {
                    fault = Some(error);
                    break;
                }
                Turn::Spent => break,
            }
            let ticket = services.with_pace(number, |pace| pace.begin(moment));
            let evidence = exchange(services, fetch.clone().at(tsa.url.clone()));
            services.with_pace(number, |pace| pace.landed(evidence.as_ref().is_ok_and(|e| e.content().is_ok())));
            let evidence = match evidence {
                Ok(evidence) => evidence,
                Err(cancelled) => {
                    services.with_pace(number, |pace| pace.forget(ticket));
                    return Err(cancelled);
                }
            };
            match evidence.content() {
                Ok(content) => {
                    services.with_pace(number, |pace| pace.good(ticket));
                    return folder::write_source(&directory.join(kept.answer()), content);
                }
                Err(refused) => {
                    let (error, rest) = (Error::from(refused.clone()), services.rest_of(refused));
                    services.with_pace(number, |pace| pace.bad(now(), ticket, &error, 1, rest));
                    fault = Some(error);
                    break;
                }
            }
        }
    }
    if services.tsas.is_empty() {
        return Err(Misuse::new("no time-stamping service was named").into());
    }
    Err(fault.unwrap_or_else(|| ServiceError::new(ErrorCode::ServiceBudget, Role::Timestamp).into()))
}

/// Asks on a thread of its own: whoever gives up does not wait for an answer that may never come.
fn exchange(services: &Services, fetch: Fetch) -> Result<Evidence> {
    let (sender, receiver) = mpsc::channel();
    let transport = Arc::clone(&services.transport);
    // Nobody listens any more when the call was cancelled.
    std::thread::spawn(move || drop(sender.send(transport.exchange(&fetch))));
    until_cancelled(services, &receiver)
}

fn until_cancelled<T>(services: &Services, receiver: &Receiver<T>) -> Result<T> {
    while !services.cancel.load(Ordering::Relaxed) {
        match receiver.recv_timeout(LOOK_AGAIN) {
            Ok(answer) => return Ok(answer),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => return Err(Error::Bug("an answer was lost")),
        }
    }
    Err(Error::Cancelled)
}

const LOOK_AGAIN: Duration = Duration::from_millis(100);
