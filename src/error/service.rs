//! Faults of services: who was asked, and what came of it.

use std::fmt;

use super::code::ErrorCode;
use super::place;
use crate::evidence::Role;

/// What a service did not do, or did wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServiceError {
    /// What happened.
    pub code: ErrorCode,
    /// What the service was asked for.
    pub role: Role,
    /// The service's host name; `None` where an answer was found in a document.
    pub host: Option<String>,
    /// The port there, where it is what matters.
    pub port: Option<u16>,
    /// The status that it gave: of HTTP, of RFC 3161 or of OCSP, as the code says.
    pub status: Option<u32>,
    /// Why, in words; a service's own words are cut short.
    pub detail: Option<String>,
    /// The moment that the answer names, where that is the reason.
    pub time: Option<crate::Time>,
    /// Offset in the answer.
    pub offset: Option<u64>,
}

impl ServiceError {
    /// A fault without further facts.
    #[must_use]
    pub fn new(code: ErrorCode, role: Role) -> Self {
        ServiceError { code, role, host: None, port: None, status: None, detail: None, time: None, offset: None }
    }

    /// Names the host.
    #[must_use]
    pub fn host(self, host: impl Into<String>) -> Self {
        ServiceError { host: Some(host.into()), ..self }
    }

    /// Names the port.
    #[must_use]
    pub fn port(self, port: u16) -> Self {
        ServiceError { port: Some(port), ..self }
    }

    /// Adds the status that the service gave.
    #[must_use]
    pub fn status(self, status: u32) -> Self {
        ServiceError { status: Some(status), ..self }
    }

    /// Says why, in at most 200 characters.
    #[must_use]
    pub fn detail(self, text: &str) -> Self {
        ServiceError { detail: Some(text.chars().take(200).collect()), ..self }
    }

    /// Adds the moment that matters.
    #[must_use]
    pub fn time(self, time: crate::Time) -> Self {
        ServiceError { time: Some(time), ..self }
    }
}

impl fmt::Display for ServiceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}", self.code.message(), self.role)?;
        if let Some(host) = &self.host {
            write!(f, " {}", host.escape_debug())?;
        }
        if let Some(port) = self.port {
            write!(f, ", port {port}")?;
        }
        f.write_str(")")?;
        place(f, None, self.offset)?;
        if let (ErrorCode::ServiceBlocked, Some(host), Some(port)) = (self.code, &self.host, self.port) {
            let host = if host.contains(':') { format!("[{host}]") } else { host.escape_debug().to_string() };
            write!(f, ": --allow-host {host}:{port} allows it")?;
        }
        if let Some(status) = self.status {
            write!(f, ": status {status}")?;
        }
        if let Some(detail) = &self.detail {
            // Escaped: a service's words can hold what would mislead on a terminal.
            write!(f, ": {}", detail.escape_debug())?;
        }
        if let Some(time) = self.time {
            write!(f, ": {time}")?;
        }
        Ok(())
    }
}
