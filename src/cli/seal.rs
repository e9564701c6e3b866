//! `eseal seal`: both halves with a key that is at hand.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use eseal::batch::Together;
use eseal::system::{Existing, Held, fastest_kernel};
use eseal::{
    ContainerInspection, DataFile, DigestAlgorithm, Document, Inspection, Kernel, Level, Limits, Moment, Prepared,
    Result, Signer,
};

use super::args::Seal;
use super::changing::Changing;
use super::climb::{Climb, Climbed};
use super::config::{self, Common};
use super::containers::Containers;
use super::documents::{Opened, begins_with, digest_of};
use super::dry_run::DryRun;
use super::inputs::{self, Came, Input, Inputs, Item, Origin, Own, Part, Unusable, Walk};
use super::key;
use super::ledger::Note;
use super::past::{self, Alone, Before, DONE_BEFORE, Past, resume_changed};
use super::prepare::{ALREADY_SIGNED, Begun, ToPrepare, skipped, tasks};
use super::report::{Report, now, wall_clock};
use super::run::{Made, Ready, Run};
use super::signed::{self, Facts};
use super::signing::{self, Signing, certificates};
use super::targets::{Target, Targets, collision};
use super::waiting::Stdin;
use super::{Outcome, Stop};

/// `eseal seal`.
pub(crate) fn run(args: &Seal, common: &Common) -> Outcome {
    let targets = Targets::new(&args.results).of_manifest(&args.manifest);
    let journal = past::journal_path(&args.resume, &targets)?;
    let mut run = Run::new(config::Run::new(&args.run)?.within(&common.limits));
    let changing = Changing::new(&args.results, &run.cancel)?;
    run.holds = args.results.in_place && !args.dry_run;
    inputs::check_out(&args.inputs, targets.out())?;
    let manifest = args.manifest.manifest.as_deref();
    let containers = Arc::new(Containers::new(&args.containers, &common.limits, &run.cancel)?);
    let pin_file = key::pin_file(&args.key, &common.limits);
    let walk = Walk::new(args.inputs.all_files || containers.named().is_some(), common, &run.passed_over)
        .without(journal.iter().chain(&pin_file).map(|path| &**path))
        .following(args.inputs.follow_links)
        .in_place(args.results.in_place)
        .into(targets.out());
    let inputs = inputs::read(&args.inputs, manifest, walk, Some(&containers), &common.limits, &run.cancel)?;
    containers.check(&inputs)?;
    let (inputs, came) = Came::select(inputs, &args.inputs, &common.limits, &run.cancel)?;
    let is_stdin = matches!(&inputs, Inputs::Known(items) if items.iter().flatten().any(|i| i.origin == Origin::Stdin));
    // Standard output carries the document, so what is to be said goes aside.
    let mut report = if is_stdin && !args.dry_run { Report::aside(common) } else { Report::new(common) };
    let journal = journal.filter(|_| !is_stdin);
    if args.dry_run {
        let known = Known { inputs, came, containers, targets, journal };
        return dry_run(args, common, &mut run, known, &mut report);
    }
    let out = targets.out().filter(|_| !is_stdin);
    let alone = Alone::take(&args.resume, &[out], journal.as_deref(), &run.cancel, &mut report)?;
    let past = Past::new(&args.resume, &targets, alone.journal.as_ref(), journal.is_some());
    if let Inputs::Known(items) = &inputs {
        // What an interrupted run has written is looked at one by one.
        let rule = if args.resume.resume { targets.replacing() } else { targets.clone() };
        rule.check_all(items, |input, target| past.knows(input, target), &mut report)?;
    }
    let time = signing::time(&args.signature.moment)?;
    let key = key::open(&args.key, &args.certificates, time, common, &mut report)?;
    let (certificate, chain) = key.chain().split_first().ok_or_else(|| Stop::Usage("--cert FILE is needed".into()))?;
    let signing = Signing::new(&args.signature, certificate, chain)?;
    report.detail(&format!("eseal: signing as {} with {}", certificate.subject(), signing.algorithm()));
    let climb = climb(args, signing.level(), common, &mut report)?;
    let climb = climb.map(|climb| climb.signed_by(key.chain(), signing.level()));
    common.ledger.certificates(key.chain());
    report.say_remarks();
    (run.journal, run.locks) = alone.begin(&args.resume, journal.as_deref())?;
    let job = Job {
        key: &*key,
        signing,
        climb: climb.as_ref(),
        containers,
        targets,
        changing,
        kernel: fastest_kernel(),
        resume: args.resume.resume,
        past,
        taken: Mutex::default(),
        stdin: Stdin::new(&run.cancel),
        limits: common.limits.clone(),
    };
    report.detail(&format!("eseal: hashing with {}", job.kernel.name()));
    run.catch_interrupts(common)?;
    let tasks = tasks(inputs, &mut report).inspect(|task| job.expect(&task.input));
    let exit = run.over_together(job.climb, tasks, &&job, &mut report)?;
    Ok(came.end(exit, &mut report))
}

/// What is known before the key is opened.
struct Known {
    inputs: Inputs,
    came: Came,
    containers: Arc<Containers>,
    targets: Targets,
    journal: Option<PathBuf>,
}

/// `eseal seal --dry-run`.
fn dry_run(args: &Seal, common: &Common, run: &mut Run, known: Known, report: &mut Report) -> Outcome {
    let Known { inputs, came, containers, targets, journal } = known;
    let past = Past::looked_at(&args.resume, &targets, journal.as_deref())?;
    if let Inputs::Known(items) = &inputs {
        let rule = if args.resume.resume { targets.replacing() } else { targets.clone() };
        rule.check_all(items, |input, target| past.knows(input, target), report)?;
    }
    let time = signing::time(&args.signature.moment)?;
    let (named, mut chain) = certificates(&args.certificates, time, &common.limits)?;
    let certificate = match named {
        Some(certificate) => certificate,
        None => {
            let key = key::open(&args.key, &args.certificates, time, common, report)?;
            let certificates = key.chain().split_first();
            let (own, issuers) = certificates.ok_or_else(|| Stop::Usage("--cert FILE is needed".into()))?;
            chain.extend_from_slice(issuers);
            own.clone()
        }
    };
    let signing = Signing::new(&args.signature, &certificate, &chain)?;
    let climb = climb(args, signing.level(), common, report)?;
    let job = DryRun {
        signing,
        climb: climb.as_ref(),
        containers,
        targets,
        past,
        resume: args.resume.resume,
        stdin: Stdin::new(&run.cancel),
        limits: common.limits.clone(),
        taken: Mutex::default(),
    };
    run.catch_interrupts(common)?;
    let exit = run.over(tasks(inputs, report), |item| job.forecast(item), report)?;
    job.close(report);
    Ok(came.end(exit, report))
}

/// The way to the level, where it is above what the key alone gives.
fn climb(args: &Seal, level: Level, common: &Common, report: &mut Report) -> Outcome<Option<Climb>> {
    if level == Level::Bb {
        return Ok(None);
    }
    let climb = Climb::new(&args.climb, &args.certificates.chain, &args.signature.moment, None, common)?;
    climb.check_use(level)?;
    if let Some(warning) = climb.warning(level) {
        report.remark(&Note::new("unchecked", warning));
    }
    Ok(Some(climb))
}

struct Job<'a> {
    key: &'a dyn Signer,
    signing: Signing,
    climb: Option<&'a Climb>,
    containers: Arc<Containers>,
    targets: Targets,
    changing: Changing,
    kernel: Kernel,
    resume: bool,
    past: Past,
    /// Targets of inputs that come one by one.
    taken: Mutex<BTreeSet<PathBuf>>,
    stdin: Stdin,
    limits: Limits,
}

/// An input, and where its result goes.
struct Turn {
    input: Input,
    target: Target,
    before: Before,
    since: SystemTime,
    started: Instant,
}

struct Open {
    input: Input,
    opened: Opened,
    target: Target,
    before: Before,
    since: SystemTime,
    started: Instant,
    ready: Ready,
}

impl<'a> Together<Item> for &'a Job<'a> {
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
        begun.finish(prepared, |ToPrepare { moment, .. }, open, prepared| self.sign(open, moment, prepared))
    }
}

impl<'a> Job<'a> {
    /// Takes note of an input that is to be changed itself, in the order of the inputs.
    fn expect(&self, item: &Item) {
        if let Ok(input) = item
            && let Some(Target::InPlace(path)) = self.targets.of(input)
        {
            self.changing.expect(&path);
        }
    }

    fn open(&'a self, item: Item) -> Result<Begun<'a, Open>> {
        let (started, since) = (now(), wall_clock());
        let input = item.map_err(|Unusable { error, .. }| *error)?;
        self.targets.check_place(&input)?;
        let nowhere = "a folder as input needs --out or --in-place";
        let target = self.targets.of(&input).ok_or_else(|| eseal::error::Misuse::new(nowhere))?;
        let before = self.past.of(&input, &target, None, &self.containers)?;
        if let Some(line) = self.past.settle(&before, &input.name(), input.own.reference.as_deref())? {
            return Ok(Begun::from(Ready { line, ..Ready::default() }));
        }
        self.take(&target)?;
        let held = match &target {
            Target::InPlace(path) => match self.changing.try_hold(path)? {
                Some(held) => Some(held),
                None => {
                    let turn = Turn { input, target, before, since, started };
                    return Ok(Begun::Later(Box::new(move || self.in_turn(turn))));
                }
            },
            _ => None,
        };
        self.begin(Turn { input, target, before, since, started }, held)
    }

    /// The whole way of a document that is waited for.
    fn in_turn(&'a self, turn: Turn) -> Result<Made<'a>> {
        let held = self.changing.hold(&turn.input.given, turn.started)?;
        let begun = self.begin(turn, Some(held))?;
        let mut prepared = Begun::prepare_all(std::slice::from_ref(&begun), self.kernel);
        Together::finish(&self, begun, prepared.pop().transpose()?.flatten())
    }

    fn begin(&'a self, turn: Turn, held: Option<Held>) -> Result<Begun<'a, Open>> {
        let Turn { input, target, before, since, started } = turn;
        let mut ready = Ready::default();
        let opened = match held {
            Some(held) => {
                Opened::held(held, &input.given, input.inside.as_ref(), input.expected, &self.changing, &mut ready)?
            }
            None => Opened::input(&input, &self.stdin, &mut ready)?,
        };
        if self.is_result(&target, &opened) {
            return self.written_before(&input, &target, &opened, since, ready).map(Begun::from);
        }
        self.check(&target, &before)?;
        let document = opened.document(&self.containers, self.signing.recovery, &self.limits)?;
        if before == Before::InPlace {
            if document.signed_last_by(self.signing.certificate())? {
                ready.line = skipped(&input, DONE_BEFORE)?;
                return Ok(Begun::Settled(ready.into()));
            }
            if !self.targets.overwrite {
                return Err(resume_changed());
            }
        }
        if self.signing.skip_signed && document.signed_last_by(self.signing.certificate())? {
            ready.line = skipped(&input, ALREADY_SIGNED)?;
            return Ok(Begun::Settled(ready.into()));
        }
        let (plan, moment) = (self.signing.plan(&input.own), self.signing.moment(&input));
        let to_prepare = ToPrepare { document, plan, moment };
        Ok(Begun::Open(Box::new((to_prepare, Open { input, opened, target, before, since, started, ready }))))
    }

    /// The second half: the key signs, and the result is made ready.
    fn sign(&'a self, open: Open, moment: Moment, prepared: Prepared) -> Result<Made<'a>> {
        let Open { input, opened, target, before, since, started, mut ready } = open;
        // From here on the key works and time-stamps are bought, so the result must be sure of its name.
        opened.reserve(&target, &self.targets.folders, &mut ready)?;
        if self.is_result(&target, &opened) {
            return self.written_before(&input, &target, &opened, since, ready).map(Made::from);
        }
        self.check(&target, &before)?;
        let remarks = signed::remarks(&prepared);
        let value = self.key.sign(prepared.to_be_signed())?;
        let signed = prepared.finalize(value)?;
        let existing = if self.targets.overwrite { Existing::Replace } else { Existing::Keep };
        let files = input.packed().map(|parts| self.names(parts));
        let (name, output) = (input.name(), target.name());
        let source = signed.source_sha256()?;
        let done = self.past.entry(&input, &target, &opened, &self.containers, since, source)?;
        let facts = Facts { input: name, files, reference: input.own.reference, output, remarks, started, done };
        let Some(climb) = self.climb else {
            opened.place(signed.output(), &target, existing, &mut ready)?;
            facts.tell(&signed, &mut ready)?;
            return Ok(ready.into());
        };
        let (told, level) = (facts.of(&signed)?, signed.wanted_level());
        let upgrade = signed.upgrade(&climb.plan(level)?, moment)?;
        let finish = move |climbed: Climbed| {
            let (upgrade, is_to_be_written) = climb.settle(told.input(), level, climbed, &mut ready);
            if is_to_be_written {
                opened.place(&upgrade.output()?, &target, existing, &mut ready)?;
                told.raised(&upgrade.report(), &climb.asking).tell(&mut ready)?;
            }
            Ok(ready)
        };
        Ok(Made::Climbing(Box::new(upgrade), Box::new(finish)))
    }

    /// One target is for one input, also when inputs come one by one.
    fn take(&self, target: &Target) -> Result<()> {
        let (Target::File(path) | Target::InPlace(path)) = target else { return Ok(()) };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.insert(path.clone()) { Ok(()) } else { Err(collision()) }
    }

    /// The names of all data files of a container.
    fn names(&self, parts: &[Part]) -> Vec<String> {
        let names = parts.iter().map(|part| &*part.name).chain(self.containers.names_by_digest());
        names.map(str::to_owned).collect()
    }

    /// Whether the target may be written, as far as nobody has said to replace it.
    fn check(&self, target: &Target, before: &Before) -> Result<()> {
        self.targets.check(target).map_err(|error| self.past.obstacle(before, error))
    }

    /// A document whose result was there, and not in the journal.
    fn written_before(
        &self,
        input: &Input,
        target: &Target,
        opened: &Opened,
        since: SystemTime,
        mut ready: Ready,
    ) -> Result<Ready> {
        ready.reserved = None;
        ready.line = skipped(input, DONE_BEFORE)?;
        ready.journal = self.past.entry(input, target, opened, &self.containers, since, None)?;
        Ok(ready)
    }

    /// Whether an interrupted run, or another one meanwhile, has written this result, and only the journal does not
    /// say so.
    fn is_result(&self, target: &Target, opened: &Opened) -> bool {
        let Target::File(path) = target else { return false };
        let check = || -> Result<bool> {
            let (result, _) = eseal::system::open(path)?;
            let document = Document::open(result.clone(), &self.limits)?;
            if !document.signed_last_by(self.signing.certificate())? {
                return Ok(false);
            }
            match document.inspect()? {
                Inspection::Container(found) => self.is_container_of(document, &found, opened),
                _ => opened.source().map_or(Ok(false), |source| begins_with(&result, source)),
            }
        };
        self.resume && path.is_file() && check().unwrap_or(false)
    }

    /// Whether a container has the data files of this input and one signature more.
    fn is_container_of(&self, result: Document, found: &ContainerInspection, opened: &Opened) -> Result<bool> {
        let before = match opened.source() {
            Some(source) => Document::open(source.clone(), &self.limits)?.inspect()?.into_container(),
            None => None,
        };
        let is_sound = found.signatures.last().is_some_and(|last| {
            let covers: BTreeSet<&str> = last.covers.iter().map(|name| &**name).collect();
            let covers_all = found.data_files.iter().all(|file| covers.contains(&*file.name));
            covers_all && last.signature_verifies == Some(true) && last.digest_matches != Some(false)
        });
        let files: Vec<_> = match &before {
            Some(before) => before.data_files.iter().map(|file| (&*file.name, file.bytes)).collect(),
            None => {
                let by_digest = self.containers.names_by_digest().map(|name| (name, None));
                opened.files_by_name().map(|(name, source)| (name, Some(source.len()))).chain(by_digest).collect()
            }
        };
        let there: BTreeMap<&str, Option<u64>> =
            found.data_files.iter().map(|file| (&*file.name, file.bytes.filter(|_| file.is_present))).collect();
        let has_all = files.len() == there.len()
            && files.iter().all(|(name, bytes)| there.get(name).is_some_and(|there| bytes.is_none() || there == bytes));
        let signatures = before.as_ref().map_or(0, |before| before.signatures.len()) + 1;
        if !is_sound || !has_all || found.signatures.len() != signatures {
            return Ok(false);
        }
        if before.is_none() {
            // Another signature over these digests is refused where the one that is there is over others.
            let plan = self.signing.plan(&Own::default());
            result.assume(self.told(opened)?)?.prepare(&plan, self.signing.run_moment())?;
        }
        Ok(true)
    }

    /// All files of a new container by their digests.
    fn told(&self, opened: &Opened) -> Result<Vec<DataFile>> {
        let mut files = self.containers.by_digest();
        for (name, source) in opened.files_by_name() {
            let digest = digest_of(&[source], DigestAlgorithm::Sha256)?;
            files.push(DataFile::by_digest(name, digest).size(source.len()));
        }
        Ok(files)
    }
}
