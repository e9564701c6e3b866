//! `eseal prepare`: digests to sign go out, states stay in the store.

use std::path::{Path, PathBuf};

use eseal::store::{Record, Store, StoredPath};
use eseal::system::FileIdentity;
use eseal::{Digest, Limits, Result, Source, State, StateSummary, ToBeSigned};

use super::args::Prepare;
use super::config::{self, Common};
use super::documents::{Opened, need};
use super::inputs::{self, Input, Inputs, Item, Origin, Unusable};
use super::report::{Report, printable};
use super::run::{Line, Ready, Run, Task};
use super::signing::{Signing, certificates};
use super::targets::{Target, Targets};
use super::{Outcome, Stop, lines};

/// `eseal prepare`.
pub(crate) fn run(args: &Prepare, common: &Common) -> Outcome {
    let directory = config::store(args.store.as_deref())?;
    let (signer, mut chain) = certificates(&args.certificates, &common.limits)?;
    let mut signer = signer.into_iter();
    let certificate = signer.next().ok_or_else(|| Stop::Usage("--cert FILE is needed".into()))?;
    chain.extend(signer);
    let signing = Signing::new(&args.signature, &certificate, &chain)?;
    let targets = Targets::new(&args.results);
    let mut run = Run::new(config::Run::new(&args.run)?);
    let mut report = Report::new(common);
    let manifest = args.manifest.manifest.as_deref();
    let inputs = inputs::read(&args.inputs, manifest, targets.out(), &common.limits, &run.cancel)?;
    if let (Inputs::Known(items), true) = (&inputs, targets.is_told()) {
        // Whether a target exists is asked when it is written; `prepare` writes none.
        targets.replacing().check_all(items, |_| false, &mut report)?;
    }
    let store = Store::create(directory, &common.limits).map_err(Stop::about(directory.display().to_string()))?;
    report.detail(&format!("eseal: for {} with {}", certificate.subject(), signing.algorithm()));
    let job = Job { store, signing, targets, limits: common.limits.clone() };
    run.catch_interrupts()?;
    run.over(tasks(inputs, &mut report), |item| job.work(item), &mut report)
}

/// The inputs as tasks of a run.
pub(crate) fn tasks(inputs: Inputs, report: &mut Report) -> Box<dyn Iterator<Item = Task<Item>> + Send> {
    let task = |item: Item| match item {
        Ok(input) => Task {
            name: input.name(),
            reference: input.own.reference.clone(),
            need: need(&input.given),
            input: Ok(input),
        },
        Err(fault) => Task { name: fault.name.clone(), reference: fault.reference.clone(), need: 0, input: Err(fault) },
    };
    match inputs {
        Inputs::Known(items) => {
            report.expect(u64::try_from(items.len()).unwrap_or(u64::MAX));
            Box::new(items.into_iter().map(task))
        }
        Inputs::Coming(items) => Box::new(items.map(task)),
    }
}

struct Job {
    store: Store,
    signing: Signing,
    targets: Targets,
    limits: Limits,
}

impl Job {
    fn work(&self, item: Item) -> Result<Ready> {
        let input = item.map_err(|Unusable { error, .. }| error)?;
        let mut ready = Ready::default();
        let opened = Opened::input(&input, &mut ready)?;
        let path = match input.origin {
            Origin::Stdin => None,
            Origin::File | Origin::Folder => Some(std::path::absolute(&input.given)?),
        };
        let identity = path.as_deref().zip(opened.identity.as_ref());
        let key = identity.map(|(path, identity)| self.signing.key(&input, path, identity));
        let record = self.record(&input, path.as_deref(), key.as_ref())?;
        if let (Some(key), Some(identity)) = (&key, &opened.identity)
            && let Some(known) = self.known(key, identity, &opened.source)
        {
            if !self.store.record(known.id()).is_ok_and(|stored| stored == record) {
                ready.states.push(self.store.save_record(known.id(), &record)?);
            }
            ready.line = line(&input, known.id(), known.to_be_signed())?;
            return Ok(ready);
        }
        let document = opened.document(self.signing.recovery, &self.limits)?;
        if self.signing.skip_signed && document.signed_last_by(self.signing.certificate())? {
            ready.line = skipped(&input, ALREADY_SIGNED)?;
            return Ok(ready);
        }
        let prepared = document.prepare(&self.signing.plan(&input.own), self.signing.moment(&input))?;
        ready.states.push(self.store.save(prepared.id(), 1, &prepared.to_state()?)?);
        ready.states.push(self.store.save_record(prepared.id(), &record)?);
        ready.state_names.extend(self.store.names(prepared.id())?);
        if let Some(key) = &key {
            self.store.remember(key, prepared.id())?;
        }
        ready.line = line(&input, prepared.id(), prepared.to_be_signed())?;
        Ok(ready)
    }

    /// What an earlier call prepared from the same bytes with the same options.
    fn known(&self, key: &Digest, identity: &FileIdentity, source: &Source) -> Option<StateSummary> {
        let (id, since) = self.store.find(key).ok()??;
        // A damaged entry is as good as none: the document is prepared anew.
        let state = self.store.load_step(&id, 1).ok()?;
        let summary = StateSummary::read(&state, &self.limits).ok()?;
        let cheap = source.len() <= CHEAP_BYTES;
        let is_same = match cheap || !identity.was_settled(since) {
            true => {
                let known = summary.source_digest()?;
                digest(source, known.algorithm()).ok()? == known
            }
            false => summary.source_len() == source.len(),
        };
        is_same.then_some(summary)
    }

    fn record(&self, input: &Input, path: Option<&Path>, key: Option<&Digest>) -> Result<Record> {
        let mut record = Record::new(input.name(), &input.relative);
        record.in_folder = input.origin == Origin::Folder;
        record.path = path.map(StoredPath::from);
        record.reference.clone_from(&input.own.reference);
        record.key = key.map(Digest::to_hex);
        if self.targets.is_told() || input.own.output.is_some() {
            record.output = match self.targets.of(input) {
                Some(Target::File(path) | Target::InPlace(path)) => Some(absolute(&path)?),
                Some(Target::Stdout) | None => None,
            };
        }
        Ok(record)
    }
}

fn absolute(path: &Path) -> Result<StoredPath> {
    let path: PathBuf = std::path::absolute(path)?;
    Ok(path.as_path().into())
}

fn digest(source: &Source, algorithm: eseal::DigestAlgorithm) -> Result<Digest> {
    let mut state = State::new(algorithm);
    source.for_each(0..source.len(), |bytes| {
        state.update(bytes);
        Ok(())
    })?;
    Ok(state.finish())
}

fn line(input: &Input, id: &str, to_be_signed: &ToBeSigned) -> Result<Line> {
    Line::prepared(input.name(), id, to_be_signed, input.own.reference.clone())
}

impl Line {
    /// The line of `prepare`, which `sessions` prints once more.
    pub(crate) fn prepared(name: String, id: &str, tbs: &ToBeSigned, reference: Option<String>) -> Result<Line> {
        let line = lines::Prepared::new(name, id, tbs, reference);
        // Ed25519 has no digest: its key signs the bytes themselves.
        let digest = line.digest.as_deref().unwrap_or("(to_be_signed, see --json)");
        let text = format!("{}  prepared  {}  {digest}", printable(&line.input), line.id);
        Ok(Line { json: lines::json(&line)?, text, is_skipped: false })
    }
}

/// The line of a document that is left out.
pub(crate) fn skipped(input: &Input, why: &'static str) -> Result<Line> {
    let line = lines::Skipped { input: input.name(), skipped: why, reference: input.own.reference.clone() };
    let text = format!("{}  left out  {why}", printable(&line.input));
    Ok(Line { json: lines::json(&line)?, text, is_skipped: true })
}

/// Why a document is left out: see `--skip-signed`.
pub(crate) const ALREADY_SIGNED: &str = "signed already";

// Hashing this much takes less time than a person notices.
const CHEAP_BYTES: u64 = 16 << 20;
