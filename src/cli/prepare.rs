//! `eseal prepare`: digests to sign go out, states stay in the store.

use std::borrow::Cow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use eseal::batch::Together;
use eseal::store::{MadeOf, Record, Store, StoredFile, StoredPath};
use eseal::system::fastest_kernel;
use eseal::{
    Digest, DigestAlgorithm, Document, Error, Format, Kernel, Limits, Moment, Plan, Prepared, Result, StateSummary,
    ToBeSigned, prepare_all,
};

use super::args::Prepare;
use super::changing::Changing;
use super::config::{self, Common};
use super::confined::leads_down;
use super::containers::Containers;
use super::documents::{Opened, need};
use super::inputs::{self, Came, Input, Inputs, Item, Origin, Unusable, Walk};
use super::report::{Report, printable};
use super::run::{Later, Line, Made, Ready, Run, Task};
use super::signing::{Signing, certificates, time};
use super::targets::{Target, Targets};
use super::waiting::Stdin;
use super::{Outcome, Stop, lines, signed};

/// `eseal prepare`.
pub(crate) fn run(args: &Prepare, common: &Common) -> Outcome {
    let directory = config::store(args.store.as_deref())?;
    let (certificate, chain) = certificates(&args.certificates, time(&args.signature.moment)?, &common.limits)?;
    let certificate = certificate.ok_or_else(|| Stop::Usage("--cert FILE is needed".into()))?;
    let signing = Signing::new(&args.signature, &certificate, &chain)?;
    let targets = Targets::new(&args.results).of_manifest(&args.manifest);
    let mut run = Run::new(config::Run::new(&args.run)?.within(&common.limits));
    // Changed in place is what `finalize` does; that it can't is better known before anybody signs.
    Changing::new(&args.results, &run.cancel)?;
    inputs::check_out(&args.inputs, targets.out())?;
    let mut report = Report::new(common);
    let manifest = args.manifest.manifest.as_deref();
    let containers = Arc::new(Containers::new(&args.containers, &common.limits, &run.cancel)?);
    let walk = Walk::new(args.inputs.all_files || containers.named().is_some(), common, &run.passed_over)
        .following(args.inputs.follow_links)
        .in_place(args.results.in_place)
        .into(targets.out());
    let inputs = inputs::read(&args.inputs, manifest, walk, Some(&containers), &common.limits, &run.cancel)?;
    containers.check(&inputs)?;
    let (inputs, came) = Came::select(inputs, &args.inputs, &common.limits, &run.cancel)?;
    if let (Inputs::Known(items), true) = (&inputs, targets.is_told() || containers.named().is_some()) {
        // Whether a target exists is asked when it is written; `prepare` writes none.
        targets.replacing().check_all(items, |_, _| false, &mut report)?;
    }
    let store = Store::create(directory, &common.limits).map_err(Stop::about(directory.display().to_string()))?;
    common.ledger.certificates(std::iter::once(&certificate).chain(&chain));
    report.say_remarks();
    report.detail(&format!("eseal: for {} with {}", certificate.subject(), signing.algorithm()));
    let kernel = fastest_kernel();
    let (stdin, limits) = (Stdin::new(&run.cancel), common.limits.clone());
    let job = Job { store, signing, containers, targets, kernel, stdin, limits };
    report.detail(&format!("eseal: hashing with {}", job.kernel.name()));
    run.catch_interrupts(common)?;
    let exit = run.over_together(None, tasks(inputs, &mut report), &&job, &mut report)?;
    Ok(came.end(exit, &mut report))
}

/// The inputs as tasks of a run.
pub(crate) fn tasks(inputs: Inputs, report: &mut Report) -> Box<dyn Iterator<Item = Task<Item>> + Send> {
    let task = |item: Item| match item {
        Ok(input) => {
            Task { name: input.name(), reference: input.own.reference.clone(), need: need(&input), input: Ok(input) }
        }
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
    containers: Arc<Containers>,
    targets: Targets,
    kernel: Kernel,
    stdin: Stdin,
    limits: Limits,
}

/// An input before its bytes are hashed, with what is needed of it afterwards.
pub(crate) enum Begun<'a, O> {
    /// Nothing is to be hashed: it was done before, or is left out.
    Settled(Box<Ready>),
    Open(Box<(ToPrepare<'a>, O)>),
    /// It is somebody else's turn.
    Later(Later<'a>),
}

/// What is hashed side by side.
pub(crate) struct ToPrepare<'a> {
    pub(crate) document: Document,
    pub(crate) plan: Cow<'a, Plan>,
    pub(crate) moment: Moment,
}

impl<O> From<Ready> for Begun<'_, O> {
    fn from(ready: Ready) -> Self {
        Begun::Settled(ready.into())
    }
}

impl<'a, O> Begun<'a, O> {
    /// Prepares those that are open, side by side.
    pub(crate) fn prepare_all(begun: &[Self], kernel: Kernel) -> Vec<Result<Option<Prepared>>> {
        let all: Vec<_> = begun.iter().filter_map(Begun::arguments).collect();
        let mut prepared = prepare_all(&all, kernel).into_iter();
        begun.iter().map(|one| one.arguments().and_then(|_| prepared.next()).transpose()).collect()
    }

    fn arguments(&self) -> Option<(&Document, &Plan, Moment)> {
        let Begun::Open(open) = self else { return None };
        let ToPrepare { document, plan, moment } = &open.0;
        Some((document, plan, *moment))
    }

    /// Goes on with what was prepared.
    pub(crate) fn finish(
        self,
        prepared: Option<Prepared>,
        work: impl FnOnce(ToPrepare<'a>, O, Prepared) -> Result<Made<'a>>,
    ) -> Result<Made<'a>> {
        match (self, prepared) {
            (Begun::Settled(ready), _) => Ok((*ready).into()),
            (Begun::Later(later), _) => Ok(Made::Later(later)),
            (Begun::Open(open), Some(prepared)) => work(open.0, open.1, prepared),
            (Begun::Open(_), None) => Err(Error::Bug("a document that was not prepared")),
        }
    }
}

struct Open {
    input: Input,
    opened: Opened,
    record: Record,
    key: Option<Digest>,
    ready: Ready,
}

impl<'a> Together<Item> for &'a Job {
    type Begun = Begun<'a, Open>;
    type Shared = Option<Prepared>;
    type Done = Made<'a>;

    fn begin(&self, item: Item) -> Result<Self::Begun> {
        self.open(item)
    }

    fn together(&self, begun: &[Self::Begun]) -> Vec<Result<Option<Prepared>>> {
        Begun::prepare_all(begun, self.kernel)
    }

    fn finish(&self, begun: Self::Begun, prepared: Option<Prepared>) -> Result<Made<'a>> {
        begun.finish(prepared, |ToPrepare { document, .. }, open, prepared| {
            self.keep(open, document.format(), &prepared).map(Made::from)
        })
    }
}

impl Job {
    fn open(&self, item: Item) -> Result<Begun<'_, Open>> {
        let input = item.map_err(|Unusable { error, .. }| *error)?;
        let mut ready = Ready::default();
        self.targets.check_place(&input)?;
        let opened = Opened::input(&input, &self.stdin, &mut ready)?;
        let path = match input.origin {
            Origin::Stdin => None,
            Origin::File | Origin::Folder => Some(std::path::absolute(&input.given)?),
        };
        let identity = path.as_deref().zip(opened.identity());
        let content = self.containers.content();
        let key = identity.map(|(path, identity)| self.signing.key(&input, path, &identity, content.as_bytes()));
        let mut record = self.record(&input, path.as_deref(), key.as_ref())?;
        if let Some(key) = &key
            && let Some((known, content, remarks)) = self.known(key, &opened)
        {
            (record.content, record.remarks) = (content, remarks);
            if !self.store.record(known.id()).is_ok_and(|stored| stored == record) {
                ready.states.push(self.store.save_record(known.id(), &record)?);
            }
            ready.remarks.clone_from(&record.remarks);
            ready.line = line(&input, known.format(), known.id(), known.to_be_signed(), record.remarks)?;
            return Ok(Begun::Settled(ready.into()));
        }
        let document = opened.document(&self.containers, self.signing.recovery, &self.limits)?;
        if self.signing.skip_signed && document.signed_last_by(self.signing.certificate())? {
            ready.line = skipped(&input, ALREADY_SIGNED)?;
            return Ok(Begun::Settled(ready.into()));
        }
        if input.origin == Origin::Stdin && document.format() != Format::Pdf {
            record.relative = Path::new("stdin.asice").into();
        }
        let (plan, moment) = (self.signing.plan(&input.own), self.signing.moment(&input));
        let to_prepare = ToPrepare { document, plan, moment };
        Ok(Begun::Open(Box::new((to_prepare, Open { input, opened, record, key, ready }))))
    }

    /// Keeps what was prepared.
    fn keep(&self, open: Open, format: Format, prepared: &Prepared) -> Result<Ready> {
        let Open { input, opened, mut record, key, mut ready } = open;
        let state = prepared.to_state()?;
        record.remarks = signed::remarks(prepared);
        if key.is_some() {
            record.content = content_of(&opened, &StateSummary::read(&state, &self.limits)?)?;
        }
        ready.states.push(self.store.save(prepared.id(), 1, &state)?);
        ready.states.push(self.store.save_record(prepared.id(), &record)?);
        ready.state_names.extend(self.store.names(prepared.id())?);
        if let Some(key) = &key {
            self.store.remember(key, prepared.id())?;
        }
        ready.remarks.clone_from(&record.remarks);
        ready.line = line(&input, format, prepared.id(), prepared.to_be_signed(), record.remarks)?;
        Ok(ready)
    }

    /// What an earlier call prepared from the same bytes with the same options, and what its record says of them.
    fn known(&self, key: &Digest, opened: &Opened) -> Option<(StateSummary, Option<String>, Vec<String>)> {
        let (id, since) = self.store.find(key).ok()??;
        // A damaged entry is as good as none: the document is prepared anew.
        let state = self.store.load_step(&id, 1).ok()?;
        let summary = StateSummary::read(&state, &self.limits).ok()?;
        let Record { content, remarks, .. } = self.store.record(&id).ok()?;
        let cheap = opened.len() <= CHEAP_BYTES;
        let is_settled = opened.was_settled(since);
        let is_same = match (summary.source_digest(), &content) {
            (Some(known), _) if cheap || !is_settled => opened.digest(known.algorithm()).ok()? == known,
            (None, Some(known)) if !is_settled => opened.digest(DigestAlgorithm::Sha256).ok()?.to_hex() == *known,
            _ => is_settled && summary.source_len() == opened.len(),
        };
        is_same.then_some((summary, content, remarks))
    }

    fn record(&self, input: &Input, path: Option<&Path>, key: Option<&Digest>) -> Result<Record> {
        // A container that was named anywhere has a name below each folder that the second half may name.
        let own_name = Path::new(input.relative.file_name().unwrap_or_default());
        let relative = if leads_down(&input.relative) { &input.relative } else { own_name };
        let mut record = Record::new(input.name(), relative);
        record.in_folder = input.origin == Origin::Folder;
        record.reference.clone_from(&input.own.reference);
        record.key = key.map(Digest::to_hex);
        match &input.made_of {
            None => record.path = path.map(StoredPath::from),
            Some(_) => record.made_of = Some(self.made_of(input)?),
        }
        if self.targets.is_told() || input.own.output.is_some() || input.packed().is_some() {
            record.output = match self.targets.of(input) {
                Some(Target::File(path) | Target::InPlace(path)) => Some(absolute(&path)?),
                Some(Target::Stdout) | None => None,
            };
        }
        Ok(record)
    }

    /// The files of a new container, as `finalize` finds them again.
    fn made_of(&self, input: &Input) -> Result<MadeOf> {
        let mut files = Vec::new();
        for part in input.made_of.iter().flat_map(|made_of| &made_of.parts) {
            let path = part.path.as_deref().map(absolute).transpose()?;
            files.push(StoredFile::new(&*part.name, path));
        }
        files.extend(self.containers.names_by_digest().map(|name| StoredFile::new(name, None)));
        Ok(MadeOf::new(input.packed().is_some(), files))
    }
}

/// What tells these files from others of the same names, where neither the state nor their times do so later.
fn content_of(opened: &Opened, summary: &StateSummary) -> Result<Option<String>> {
    #[expect(clippy::disallowed_methods, reason = "what is compared is how old the files are now")]
    let now = SystemTime::now();
    if summary.source_digest().is_some() || opened.was_settled(now) || opened.len() > CHEAP_BYTES {
        return Ok(None);
    }
    Ok(Some(opened.digest(DigestAlgorithm::Sha256)?.to_hex()))
}

fn absolute(path: &Path) -> Result<StoredPath> {
    let path: PathBuf = std::path::absolute(path)?;
    Ok(path.as_path().into())
}

fn line(input: &Input, format: Format, id: &str, to_be_signed: &ToBeSigned, remarks: Vec<String>) -> Result<Line> {
    let line = lines::Prepared::new(input.name(), format, id, to_be_signed, remarks, input.own.reference.clone());
    // Ed25519 has no digest: its key signs the bytes themselves.
    let digest = line.digest.as_deref().unwrap_or("(to_be_signed, see --json)");
    let text = format!("{}  prepared  {}  {digest}", printable(&line.input), line.id);
    Ok(Line { json: lines::json(&line)?, text, ..Line::default() })
}

/// The line of a document that is left out.
pub(crate) fn skipped(input: &Input, why: &'static str) -> Result<Line> {
    let line =
        lines::Skipped { input: input.name(), skipped: why, output: None, reference: input.own.reference.clone() };
    let text = format!("{}  left out  {why}", printable(&line.input));
    Ok(Line { json: lines::json(&line)?, text, is_skipped: true, ..Line::default() })
}

/// Why a document is left out: see `--skip-signed`.
pub(crate) const ALREADY_SIGNED: &str = "signed already";

// Hashing this much takes less time than a person notices.
const CHEAP_BYTES: u64 = 16 << 20;
