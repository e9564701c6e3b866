//! What went wrong with a session, or with a whole request.

use serde::{Deserialize, Serialize};

use crate::batch::SessionFailure;
use crate::error::{Error, Retry};

/// A fault as a client sees it: `{"code","message"}`, and whether trying again can help.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Fault {
    /// What happened: one of [`ErrorCode`](crate::ErrorCode) here, another service's own there.
    #[serde(default)]
    pub code: String,
    /// The same in words.
    #[serde(default)]
    pub message: String,
    /// `never`, `later` or `prepare-again`; the service has no such thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry: Option<String>,
    /// The level that was reached and is kept, such as `B-T`; the service has no such thing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reached: Option<String>,
}

#[derive(Serialize)]
struct Whole<'a> {
    error: &'a Fault,
}

impl Fault {
    /// A fault of a caller's own.
    #[must_use]
    pub fn new(code: impl Into<String>, message: impl Into<String>) -> Self {
        Fault { code: code.into(), message: message.into(), retry: None, reached: None }
    }

    /// The answer to a request that failed as a whole.
    #[must_use]
    pub fn to_json(&self) -> String {
        serde_json::to_string(&Whole { error: self }).unwrap_or_default()
    }

    /// Whether the same call can succeed later.
    #[must_use]
    pub fn is_passing(&self) -> bool {
        self.retry.as_deref() == Some(Retry::Later.as_str())
    }
}

impl From<&Error> for Fault {
    fn from(error: &Error) -> Self {
        Fault {
            code: error.code().as_str().to_owned(),
            message: error.to_string(),
            retry: Some(error.retry().as_str().to_owned()),
            reached: None,
        }
    }
}

impl From<&SessionFailure> for Fault {
    fn from(failure: &SessionFailure) -> Self {
        let reached = failure.reached.map(|level| level.as_str().to_owned());
        Fault { reached, ..Fault::from(&failure.error) }
    }
}
