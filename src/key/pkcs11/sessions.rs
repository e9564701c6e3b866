//! Sessions of one token, one for each thread that signs at a time.

use std::sync::{Condvar, Mutex, PoisonError};

use cryptoki::error::{Error as TokenError, RvError};
use cryptoki::session::Session;

use super::Pkcs11Token;
use super::fault::{fault_of, key_fault};
use crate::error::Result;

/// Sessions that wait for work. Whoever takes one has it alone; who finds none waits.
pub(super) struct Sessions {
    free: Mutex<Vec<Session>>,
    given_back: Condvar,
    count: usize,
    // After the sessions: closing them needs the module.
    token: Pkcs11Token,
}

impl Sessions {
    /// As many as asked for, or as the token gives; `first` is one of them and logged in, so all are.
    pub(super) fn new(token: Pkcs11Token, first: Session, count: usize) -> Result<Sessions> {
        let mut free = vec![first];
        while free.len() < count {
            match token.open_session() {
                Ok(session) => free.push(session),
                Err(TokenError::Pkcs11(RvError::SessionCount | RvError::DeviceMemory | RvError::HostMemory, _)) => {
                    break;
                }
                Err(error) => return Err(fault_of(error)),
            }
        }
        Ok(Sessions { count: free.len(), free: Mutex::new(free), given_back: Condvar::new(), token })
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    /// Does `work` with a session of its own.
    pub(super) fn with<T>(&self, work: impl FnOnce(&Session) -> Result<T, TokenError>) -> Result<T> {
        let mut taken = self.take();
        let Some(session) = &taken.session else { return Err(crate::Error::Bug("a session without one")) };
        let done = work(session);
        if done.is_err()
            && let Ok(fresh) = self.token.open_session()
        {
            // An operation that failed half-way may go on in its session. The fresh one is opened before that is
            // closed, since the login ends with the last of them.
            taken.session = Some(fresh);
        }
        done.map_err(|error| key_fault(&error).into())
    }

    fn take(&self) -> Taken<'_> {
        let mut free = self.free.lock().unwrap_or_else(PoisonError::into_inner);
        loop {
            match free.pop() {
                Some(session) => return Taken { from: self, session: Some(session) },
                None => free = self.given_back.wait(free).unwrap_or_else(PoisonError::into_inner),
            }
        }
    }
}

/// A session in use; given back when dropped, so also by a thread that panics, since others may wait for it.
struct Taken<'a> {
    from: &'a Sessions,
    session: Option<Session>,
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        self.from.free.lock().unwrap_or_else(PoisonError::into_inner).extend(self.session.take());
        self.from.given_back.notify_one();
    }
}
