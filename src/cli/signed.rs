//! The line of a signed document.

use std::time::Instant;

use eseal::batch::Done;
use eseal::{AddedTimeStamp, Error, Prepared, Result, Signed, UpgradeReport};

use super::asking::Asking;
use super::lines;
use super::report::{printable, size};
use super::run::{Line, Ready};

/// What is told of a signed document besides what it says itself.
pub(crate) struct Facts {
    pub(crate) input: String,
    /// The data files of a container that was named itself.
    pub(crate) files: Option<Vec<String>>,
    pub(crate) reference: Option<String>,
    /// Where the result goes.
    pub(crate) output: String,
    /// What is odd about earlier signatures.
    pub(crate) remarks: Vec<String>,
    pub(crate) started: Instant,
    /// The journal's line, but for the id.
    pub(crate) done: Option<Done>,
}

/// The line of a signed document that is not written yet.
pub(crate) struct Told {
    line: lines::Signed,
    started: Instant,
    done: Option<Done>,
}

impl Facts {
    /// What the document says itself, before it climbs to another level.
    pub(crate) fn of(self, signed: &Signed) -> Result<Told> {
        let line = lines::Signed {
            id: signed.id().to_owned(),
            output: self.output,
            level: signed.level().as_str(),
            bytes: 0,
            source_sha256: signed.source_sha256()?.map(|digest| digest.to_hex()),
            signer: signed.certificate()?.into(),
            signing_time: signed.signing_time().to_string(),
            timestamps: Vec::new(),
            revocation: Vec::new(),
            remarks: self.remarks,
            seconds: 0.0,
            files: self.files,
            input: self.input,
            reference: self.reference,
        };
        Ok(Told { line, started: self.started, done: self.done })
    }

    /// Fills in the line and the journal's, after the result was made ready.
    pub(crate) fn tell(self, signed: &Signed, ready: &mut Ready) -> Result<()> {
        self.of(signed)?.tell(ready)
    }
}

impl Told {
    /// The name of the input.
    pub(crate) fn input(&self) -> &str {
        &self.line.input
    }

    /// The same of the document at the level that it reached.
    pub(crate) fn raised(self, report: &UpgradeReport, asking: &Asking) -> Told {
        let line = lines::Signed {
            level: report.level.as_str(),
            timestamps: time_stamps(report, asking),
            revocation: report.revocation.iter().map(lines::Revocation::from).collect(),
            ..self.line
        };
        Told { line, ..self }
    }

    /// Fills in the line and the journal's, after the result was made ready.
    pub(crate) fn tell(self, ready: &mut Ready) -> Result<()> {
        let seconds = self.started.elapsed().as_secs_f64();
        let line = lines::Signed { bytes: ready.bytes_out, seconds, ..self.line };
        let (input, output) = (printable(&line.input), printable(&line.output));
        let text = format!("{input}  signed  {}  {output}  {}", line.level, size(line.bytes));
        ready.remarks.clone_from(&line.remarks);
        ready.line = Line { json: lines::json(&line)?, text, ..Line::default() };
        ready.journal = self.done.map(|done| done.id(line.id));
        Ok(())
    }
}

/// What is said of earlier signatures that are not sound, and of all else that is odd about the document.
pub(crate) fn remarks(prepared: &Prepared) -> Vec<String> {
    let remark = |(signature, error): &(String, Error)| {
        format!("{EARLIER_SIGNATURE} {}: {error} [{}]", signature.escape_debug(), error.code())
    };
    prepared.unsound().iter().map(remark).chain(prepared.remarks().iter().cloned()).collect()
}

/// What a remark on an earlier signature begins with.
pub(crate) const EARLIER_SIGNATURE: &str = "earlier signature";

/// The time-stamps that were added.
pub(crate) fn time_stamps(report: &UpgradeReport, asking: &Asking) -> Vec<lines::TimeStamp> {
    let line = |stamp: &AddedTimeStamp| lines::TimeStamp {
        url: stamp.host.as_deref().map(|host| asking.url_of(host).to_owned()),
        gen_time: stamp.time.clone(),
        serial: stamp.serial.clone(),
        policy: stamp.policy.clone(),
    };
    report.time_stamps.iter().map(line).collect()
}
