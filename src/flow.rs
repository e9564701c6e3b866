//! The pipeline all formats go through, still without files, network, clock or key.
//!
//! `Source → Document → Prepared → Signed → Output`: a stage is a type, a step consumes it.

mod awaited;
mod document;
mod essentials;
mod inputs;
mod prepare_all;
mod prepared;
mod signed;
mod state;
mod upgrade;

pub use awaited::Awaited;
pub use document::{Document, Format, Inspection};
pub use inputs::Inputs;
pub use prepare_all::prepare_all;
pub use prepared::Prepared;
pub use signed::{Fill, Signed};
pub use state::StateSummary;
pub use upgrade::{AddedTimeStamp, FetchedRevocation, Forecast, SignerQuestion, Step};
pub use upgrade::{Upgrade, UpgradePlan, UpgradeReport};
