//! Whose signature value a session waits for.

use super::Sessions;
use crate::error::Result;
use crate::flow::StateSummary;
use crate::pki::Certificate;
use crate::store::SessionId;

impl Sessions {
    /// The certificate that a session was prepared for; nothing where it waits for no value.
    ///
    /// # Errors
    /// `session.unknown`, `store.malformed`.
    pub fn signer(&self, id: &SessionId) -> Result<Option<Certificate>> {
        let (_, record) = self.load(id)?;
        let Some(waiting) = &record.waiting else { return Ok(None) };
        let summary = StateSummary::read(&waiting.prepared.to_bytes()?, &self.limits)?;
        Ok(summary.certificate().cloned())
    }
}
