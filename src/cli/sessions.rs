//! `eseal sessions`: what is in the store, and getting rid of it.

use std::path::PathBuf;
use std::time::{Duration, SystemTime};

use eseal::store::{Entry, Record, Store};
use eseal::system::time_of;
use eseal::{ErrorCode, Limits, Result, StateSummary};
use serde::Serialize;

use super::args::{Sessions, SessionsAction};
use super::config::{self, Common};
use super::finalize::SIGNED;
use super::lines::{self, Signer};
use super::report::{Report, printable};
use super::{Exit, Outcome, Stop};

mod service;

use service::ServiceSessions;

/// A line of `sessions list`: that of `prepare`, and how far the entry is.
#[derive(Debug, Serialize)]
struct Listed {
    #[serde(flatten)]
    prepared: lines::Prepared,
    status: &'static str,
    changed: String,
}

/// A line of `sessions show`.
#[derive(Debug, Serialize)]
struct Shown {
    #[serde(flatten)]
    listed: Listed,
    path: Option<PathBuf>,
    output: Option<PathBuf>,
    field: Option<String>,
    signer: Option<Signer>,
    signing_time: String,
    source_bytes: u64,
    source_digest: Option<String>,
}

/// A line of `sessions expire` and `sessions purge`.
#[derive(Debug, Serialize)]
struct Removed<'a> {
    id: &'a str,
    removed: bool,
}

/// `eseal sessions`.
pub(crate) fn run(args: &Sessions, common: &Common) -> Outcome {
    let directory = config::store(args.store.as_deref())?;
    let store = Store::open(directory, &common.limits).map_err(Stop::about(directory.display().to_string()))?;
    let entries = store.entries().map_err(Stop::about(directory.display().to_string()))?;
    let service = ServiceSessions::open(directory, &common.limits);
    let service = service.map_err(Stop::about(directory.display().to_string()))?;
    let mut verb =
        Verb { store, service, limits: common.limits.clone(), report: Report::new(common), exit: Exit::Good };
    match &args.action {
        SessionsAction::List { pending } => verb.list(&entries, *pending)?,
        SessionsAction::Show { ids } => verb.show(&entries, ids)?,
        SessionsAction::Expire { older_than } => {
            let age = age(older_than).ok_or_else(|| Stop::Usage(format!("no age: {older_than:?}; try 24h")))?;
            verb.remove(entries.iter().filter(|entry| is_older(entry, age)).map(|entry| &*entry.id))?;
            verb.expire(age)?;
        }
        SessionsAction::Purge { ids, all: false } => verb.remove(ids.iter().map(String::as_str))?,
        SessionsAction::Purge { all: true, .. } => {
            verb.remove(entries.iter().map(|entry| &*entry.id))?;
            let names: Vec<String> = verb.service.names().collect();
            verb.remove(names.iter().map(String::as_str))?;
        }
    }
    verb.report.flush()?;
    Ok(verb.exit)
}

struct Verb {
    store: Store,
    service: ServiceSessions,
    limits: Limits,
    report: Report,
    exit: Exit,
}

impl Verb {
    fn list(&mut self, entries: &[Entry], pending: bool) -> Outcome<()> {
        for entry in entries {
            match self.read(entry) {
                Ok((summary, _)) if pending && summary.is_signed() => {}
                Ok((summary, record)) => {
                    let line = listed(entry, &summary, record).map_err(Stop::about(&*entry.id))?;
                    let input = printable(&line.prepared.input);
                    let text = format!("{}  {}  {}  {input}", line.prepared.id, line.status, line.changed);
                    self.report.object(&line, &text)?;
                }
                Err(error) => self.fail(&entry.id, &error)?,
            }
        }
        for (id, line) in self.service.lines("", pending).collect::<Vec<_>>() {
            match line {
                Ok(line) => self.report.object(&line, &line.text())?,
                Err(error) => self.fail(&id, &error)?,
            }
        }
        Ok(())
    }

    fn show(&mut self, entries: &[Entry], ids: &[String]) -> Outcome<()> {
        for id in ids {
            let mut found = entries.iter().filter(|entry| entry.id.starts_with(id)).peekable();
            let sessions: Vec<_> = self.service.lines(id, false).collect();
            if found.peek().is_none() && sessions.is_empty() {
                let unknown = eseal::error::StateError::new(ErrorCode::StoreUnknown);
                self.fail(id, &unknown.into())?;
            }
            for entry in found {
                match self.read(entry).and_then(|(summary, record)| shown(entry, &summary, record)) {
                    Ok(line) => self.report.object(&line, &text(&line))?,
                    Err(error) => self.fail(&entry.id, &error)?,
                }
            }
            for (id, line) in sessions {
                match line {
                    Ok(line) => self.report.object(&line, &line.full_text())?,
                    Err(error) => self.fail(&id, &error)?,
                }
            }
        }
        Ok(())
    }

    fn expire(&mut self, age: Duration) -> Outcome<()> {
        for id in self.service.expire(age).map_err(Stop::about("--store"))? {
            let id = id.to_string();
            self.report.object(&Removed { id: &id, removed: true }, &format!("{id}  removed"))?;
        }
        Ok(())
    }

    fn remove<'a>(&mut self, ids: impl Iterator<Item = &'a str>) -> Outcome<()> {
        for id in ids {
            let removed = match self.store.remove(id) {
                Err(error) if error.code() == ErrorCode::StoreUnknown => self.service.close(id),
                other => other,
            };
            match removed {
                Ok(()) => self.report.object(&Removed { id, removed: true }, &format!("{id}  removed"))?,
                Err(error) => self.fail(id, &error)?,
            }
        }
        Ok(())
    }

    fn read(&self, entry: &Entry) -> Result<(StateSummary, Record)> {
        let state = self.store.load_step(&entry.id, entry.step.min(SIGNED))?;
        Ok((StateSummary::read(&state, &self.limits)?, self.store.record(&entry.id)?))
    }

    fn fail(&mut self, id: &str, error: &eseal::Error) -> Outcome<()> {
        self.exit = Exit::Failed;
        self.report.failure(id, None, error, None)
    }
}

fn listed(entry: &Entry, summary: &StateSummary, record: Record) -> Result<Listed> {
    Ok(Listed {
        prepared: lines::Prepared::new(
            record.input,
            summary.format(),
            summary.id(),
            summary.to_be_signed(),
            record.remarks,
            record.reference,
        ),
        status: if summary.is_signed() { "signed" } else { "pending" },
        changed: time_of(entry.changed)?.to_string(),
    })
}

fn shown(entry: &Entry, summary: &StateSummary, record: Record) -> Result<Shown> {
    Ok(Shown {
        path: record.path.as_ref().and_then(|path| path.to_path()),
        output: record.output.as_ref().and_then(|path| path.to_path()),
        field: summary.field().map(str::to_owned),
        signer: summary.certificate().map(Signer::from),
        signing_time: summary.signing_time().to_string(),
        source_bytes: summary.source_len(),
        source_digest: summary
            .source_digest()
            .map(|digest| format!("{}:{}", digest.algorithm().name(), digest.to_hex())),
        listed: listed(entry, summary, record)?,
    })
}

fn text(line: &Shown) -> String {
    let prepared = &line.listed.prepared;
    let text_of = |text: Option<&str>| text.map_or("-".into(), printable);
    let path = |path: &Option<PathBuf>| text_of(path.as_ref().map(|path| path.to_string_lossy()).as_deref());
    let rows = [
        ("Id", prepared.id.clone()),
        ("Input", printable(&prepared.input)),
        ("Status", line.listed.status.to_owned()),
        ("Changed", line.listed.changed.clone()),
        ("Document", path(&line.path)),
        ("Result", path(&line.output)),
        ("Field", line.field.as_deref().map_or_else(String::new, printable)),
        ("Signer", text_of(line.signer.as_ref().map(Signer::subject))),
        ("Signed at", line.signing_time.clone()),
        ("Bytes", line.source_bytes.to_string()),
        ("Digest", line.source_digest.clone().unwrap_or_default()),
        ("To sign", prepared.digest_hex.clone().unwrap_or_else(|| "the bytes themselves, see --json".into())),
        ("Algorithm", prepared.signature_algorithm.clone()),
    ];
    rows.map(|(name, value)| format!("{name:10} {value}")).join("\n")
}

fn is_older(entry: &Entry, age: Duration) -> bool {
    // A clock that was set back makes entries younger, never older.
    entry.changed.elapsed().is_ok_and(|since| since >= age)
        || (age.is_zero() && entry.changed <= SystemTime::UNIX_EPOCH)
}

/// `90s`, `15m`, `24h`, `30d`.
pub(crate) fn age(text: &str) -> Option<Duration> {
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let seconds = match unit {
        "s" => 1,
        "m" => 60,
        "h" => 3_600,
        "d" => 86_400,
        _ => return None,
    };
    digits.parse::<u64>().ok()?.checked_mul(seconds).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages() {
        assert_eq!(age("24h"), Some(Duration::from_secs(86_400)));
        assert_eq!(age("0s"), Some(Duration::ZERO));
        for text in ["", "h", "24", "1w", "-1h", "ā"] {
            assert_eq!(age(text), None, "{text}");
        }
    }
}
