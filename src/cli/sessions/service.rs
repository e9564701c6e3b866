//! Sessions of the service's contract in the same store: a line for each, and getting rid of them.

use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use eseal::batch::{Phase, SessionStatus, Sessions};
use eseal::error::StateError;
use eseal::store::{SessionDirectory, SessionId};
use eseal::system::{OsEntropy, SystemClock, time_of};
use eseal::wire::lvrtc::FileRow;
use eseal::{ErrorCode, Limits, Result};
use serde::Serialize;

use super::super::report::printable;

/// The sessions of a store.
pub(super) struct ServiceSessions {
    sessions: Sessions,
    found: Vec<(SessionId, SystemTime)>,
}

/// A line of `sessions list` and `sessions show`.
#[derive(Debug, Serialize)]
pub(super) struct Line {
    session: String,
    status: &'static str,
    changed: String,
    /// Why its document can't be signed.
    failed: Option<String>,
    files: Vec<FileRow>,
}

impl ServiceSessions {
    pub(super) fn open(directory: &Path, limits: &Limits) -> Result<Self> {
        let store = Arc::new(SessionDirectory::open(directory, limits)?);
        let sessions = Sessions::new(store, Arc::new(SystemClock), Arc::new(OsEntropy), limits);
        let found = sessions.sessions()?;
        Ok(ServiceSessions { sessions, found })
    }

    /// The lines of those whose names begin so; `pending`: only of those that wait for a value.
    pub(super) fn lines(&self, begin: &str, pending: bool) -> impl Iterator<Item = (String, Result<Line>)> {
        let found = self.found.iter().map(|(id, changed)| (id, id.to_string(), *changed));
        let found = found.filter(move |(_, name, _)| name.starts_with(begin));
        found.filter_map(move |(id, name, changed)| {
            let status = match self.sessions.status(id) {
                Ok(status) if pending && status.phase != Phase::Prepared => return None,
                other => other,
            };
            let line = status.and_then(|status| line(&name, status, changed));
            Some((name, line))
        })
    }

    /// Ends those that were last changed so long ago, and says which.
    pub(super) fn expire(&self, age: Duration) -> Result<Vec<SessionId>> {
        #[expect(clippy::disallowed_methods, reason = "how old a session is depends on it, and nothing else")]
        let now = SystemTime::now();
        // Nothing is older than the beginning of time.
        now.checked_sub(age).map_or(Ok(Vec::new()), |time| self.sessions.expire(time))
    }

    /// Ends one.
    pub(super) fn close(&self, id: &str) -> Result<()> {
        let unknown = |_| StateError::new(ErrorCode::StoreUnknown);
        self.sessions.close(&SessionId::parse(id).map_err(unknown)?).map_err(|error| match error.code() {
            ErrorCode::SessionUnknown => StateError::new(ErrorCode::StoreUnknown).into(),
            _ => error,
        })
    }

    /// The names of all.
    pub(super) fn names(&self) -> impl Iterator<Item = String> {
        self.found.iter().map(|(id, _)| id.to_string())
    }
}

impl Line {
    /// The line for people.
    pub(super) fn text(&self) -> String {
        let names: Vec<String> = self.files.iter().map(|file| printable(&file.name)).collect();
        format!("{}  {}  {}  {}", self.session, self.status, self.changed, names.join(", "))
    }

    /// All of it for people.
    pub(super) fn full_text(&self) -> String {
        let mut text = format!("{:10} {}\n{:10} {}", "Session", self.session, "Status", self.status);
        text.push_str(&format!("\n{:10} {}", "Changed", self.changed));
        if let Some(code) = &self.failed {
            text.push_str(&format!("\n{:10} {code}", "Failed"));
        }
        for file in &self.files {
            let size = file.size.map_or_else(|| "by digest".to_owned(), |size| format!("{size} bytes"));
            text.push_str(&format!("\n{:10} {}, {size}, {}", "File", printable(&file.name), file.id));
        }
        text
    }
}

fn line(name: &str, status: SessionStatus, changed: SystemTime) -> Result<Line> {
    Ok(Line {
        session: name.to_owned(),
        status: status.phase.as_str(),
        changed: time_of(changed)?.to_string(),
        failed: status.failed,
        files: status.files.into_iter().map(FileRow::from).collect(),
    })
}
