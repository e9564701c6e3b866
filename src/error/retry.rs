//! What a caller does about a fault: try again or not, and with what else.

/// Whether trying again can help.
// Complete: a caller has no fourth thing to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// The same call will fail again.
    Never,
    /// The same call can succeed later.
    Later,
    /// Prepare the document again, then sign the new digest.
    PrepareAgain,
}

impl Retry {
    /// The word used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Retry::Never => "never",
            Retry::Later => "later",
            Retry::PrepareAgain => "prepare-again",
        }
    }
}

/// What else a fault concerns.
// Complete: document, service, and run are the three that a batch tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// This document alone.
    Document,
    /// Every document that needs the same service.
    Service,
    /// Every document of the run.
    Run,
}

impl Scope {
    /// The word used in JSON.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Document => "document",
            Scope::Service => "service",
            Scope::Run => "run",
        }
    }
}
