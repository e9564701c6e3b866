//! `eseal extend`: documents that anybody signed come in, the same at a higher level go out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Instant, SystemTime};

use eseal::batch::Done;
use eseal::error::Misuse;
use eseal::system::{Existing, Held};
use eseal::{
    Document, Error, Inspection, Level, Limits, Moment, Recovery, Result, Source, Step, Time, Upgrade, UpgradeReport,
};

use super::args::Extend;
use super::ask::Ask;
use super::changing::Changing;
use super::climb::{Climb, Climbed, Renew};
use super::config::{self, Common};
use super::containers::Containers;
use super::documents::{Opened, begins_with};
use super::inputs::{self, Came, Input, Inputs, Item, Origin, Unusable, Walk};
use super::ledger::Note;
use super::past::{self, Alone, Before, DONE_BEFORE, Past};
use super::prepare::{skipped, tasks};
use super::report::{Report, now, printable, size, wall_clock};
use super::run::{Line, Made, Ready, Run};
use super::sessions::age;
use super::signed::time_stamps;
use super::signing::level;
use super::targets::{Target, Targets, collision};
use super::waiting::Stdin;
use super::{Outcome, Stop, args, lines};

/// `eseal extend`.
pub(crate) fn run(args: &Extend, common: &Common) -> Outcome {
    let level = wanted(args)?;
    let targets = Targets::new(&args.results).called("extended").of_manifest(&args.manifest);
    let journal = past::journal_path(&args.resume, &targets)?;
    let mut run = Run::new(config::Run::new(&args.run)?.within(&common.limits));
    let changing = Changing::new(&args.results, &run.cancel)?;
    run.holds = args.results.in_place && !args.dry_run;
    inputs::check_out(&args.inputs, targets.out())?;
    let walk = Walk::new(args.inputs.all_files, common, &run.passed_over)
        .without(journal.as_deref())
        .following(args.inputs.follow_links)
        .in_place(args.results.in_place)
        .into(targets.out());
    let manifest = args.manifest.manifest.as_deref();
    let inputs = inputs::read(&args.inputs, manifest, walk, None, &common.limits, &run.cancel)?;
    let (inputs, came) = Came::select(inputs, &args.inputs, &common.limits, &run.cancel)?;
    let is_stdin = matches!(&inputs, Inputs::Known(items) if items.iter().flatten().any(|i| i.origin == Origin::Stdin));
    // Standard output carries the document, unless none is written.
    let mut report = if is_stdin && !args.dry_run { Report::aside(common) } else { Report::new(common) };
    let journal = journal.filter(|_| !is_stdin && !args.dry_run);
    let out = targets.out().filter(|_| !is_stdin && !args.dry_run);
    let folders = [out, args.ask.as_deref()];
    let alone = Alone::take(&args.resume, &folders, journal.as_deref(), &run.cancel, &mut report)?;
    let (climb, ask) = climb(args, level, common)?;
    // Another round of the same questions goes on with what the ones before have not got to; all of it is done anew
    // where results are to be replaced.
    let goes_on = ask.as_ref().is_some_and(Ask::goes_on) && !targets.overwrite;
    let resume = args::Resume { resume: args.resume.resume || goes_on, ..args.resume.clone() };
    let past = Past::new(&resume, &targets, alone.journal.as_ref(), journal.is_some());
    if let (Inputs::Known(items), false) = (&inputs, args.dry_run) {
        // What an interrupted run, or an earlier round, has written is looked at one by one.
        let rule = if resume.resume { targets.replacing() } else { targets.clone() };
        rule.check_all(items, |input, target| past.knows(input, target), &mut report)?;
    }
    if let Some(warning) = climb.warning(level).filter(|_| !args.dry_run) {
        report.remark(&Note::new("unchecked", warning));
    }
    (run.journal, run.locks) = alone.begin(&resume, journal.as_deref())?;
    let job = Job {
        level,
        climb,
        targets,
        changing,
        resume: resume.resume,
        past,
        taken: Mutex::default(),
        stdin: Stdin::new(&run.cancel),
        containers: Containers::default(),
        limits: common.limits.clone(),
    };
    run.catch_interrupts(common)?;
    let tasks = tasks(inputs, &mut report);
    if args.dry_run {
        let exit = run.over(tasks, |item| job.forecast(item), &mut report)?;
        return Ok(came.end(exit, &mut report));
    }
    let tasks = tasks.inspect(|task| job.expect(&task.input));
    let exit = run.over_climbing(&job.climb, tasks, |item| job.work(item), &mut report)?;
    let exit = came.end(exit, &mut report);
    match ask {
        Some(ask) => ask.end(exit),
        None => Ok(exit),
    }
}

/// The level that was named: above B-B, because that is what each signature is.
fn wanted(args: &Extend) -> Outcome<Level> {
    match &args.level {
        None => Err(Stop::Usage("--level LEVEL is needed: b-t, b-lt or b-lta".into())),
        Some(name) => match level(Some(name))? {
            Level::Bb => Err(Stop::Usage("--level b-b: each signature is that; b-t, b-lt and b-lta are above".into())),
            level => Ok(level),
        },
    }
}

/// What all documents share on their way, and the round of questions that it is part of.
fn climb(args: &Extend, level: Level, common: &Common) -> Outcome<(Climb, Option<Ask>)> {
    let mut climb = Climb::new(&args.climb, &args.chain, &args.moment, args.ask.as_deref(), common)?;
    if args.dry_run {
        // Nobody is asked; who would be is said.
        climb.plan(level).map_err(|_| Stop::Usage("B-LT and B-LTA need --trust FILE".into()))?;
    } else {
        climb.check_use(level)?;
    }
    let ask = match &args.ask {
        None => None,
        Some(folder) => {
            let (ask, moment) = Ask::begin(folder, climb.moment())?;
            climb = climb.at(moment);
            Some(ask)
        }
    };
    let renew = match &args.renew_before {
        None if args.renew => Renew::Always,
        None => Renew::Never,
        Some(text) => {
            let age = age(text).and_then(|age| i64::try_from(age.as_secs()).ok());
            let until = age.and_then(|age| climb.moment().time().as_unix().checked_add(age));
            let until = until.and_then(|until| Time::from_unix(until).ok());
            Renew::EndingBefore(
                until.ok_or_else(|| Stop::Usage(format!("--renew-before: no time {text:?}; try 180d")))?,
            )
        }
    };
    Ok((climb.renewing(renew), ask))
}

struct Job {
    level: Level,
    climb: Climb,
    targets: Targets,
    changing: Changing,
    resume: bool,
    past: Past,
    /// Targets of inputs that come one by one.
    taken: Mutex<BTreeSet<PathBuf>>,
    stdin: Stdin,
    /// None: nothing becomes a container here.
    containers: Containers,
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

impl Job {
    /// Takes note of an input that is to be changed itself, in the order of the inputs.
    fn expect(&self, item: &Item) {
        if let Ok(input) = item
            && let Some(Target::InPlace(path)) = self.targets.of(input)
        {
            self.changing.expect(&path);
        }
    }

    fn work(&self, item: Item) -> Result<Made<'_>> {
        let (started, since) = (now(), wall_clock());
        let input = item.map_err(|Unusable { error, .. }| *error)?;
        let nowhere = "a folder as input needs --out or --in-place";
        self.targets.check_place(&input)?;
        let target = self.targets.of(&input).ok_or_else(|| Misuse::new(nowhere))?;
        // What was raised in place says itself how far it is.
        let before = self.past.of(&input, &target, None, &self.containers)?;
        if let Some(line) = self.past.settle(&before, &input.name(), input.own.reference.as_deref())? {
            return Ok(Ready { line, ..Ready::default() }.into());
        }
        self.take(&target)?;
        let turn = Turn { input, target, before, since, started };
        let Target::InPlace(path) = &turn.target else { return self.raise(turn, None) };
        match self.changing.try_hold(path)? {
            Some(held) => self.raise(turn, Some(held)),
            None => Ok(Made::Later(Box::new(move || {
                let held = self.changing.hold(&turn.input.given, turn.started)?;
                self.raise(turn, Some(held))
            }))),
        }
    }

    fn raise(&self, turn: Turn, held: Option<Held>) -> Result<Made<'_>> {
        let Turn { input, target, before, since, started } = turn;
        let mut ready = Ready::default();
        let (opened, document) = self.open(&input, held, &mut ready)?;
        if self.is_result(&target, &opened) {
            return self.written_before(&input, &target, &opened, since, ready);
        }
        self.check(&target, &before)?;
        let mut upgrade = document.upgrade(&self.climb.plan(self.level)?, self.moment(&input))?;
        // Only then it is known which level it has; what is wrong is said again when it climbs.
        if !matches!(upgrade.step(), Ok(Step::Done(_))) {
            // From here on time-stamps are bought, so the result must be sure of its name.
            opened.reserve(&target, &self.targets.folders, &mut ready)?;
            if self.is_result(&target, &opened) {
                return self.written_before(&input, &target, &opened, since, ready);
            }
            self.check(&target, &before)?;
        }
        let done = self.past.entry(&input, &target, &opened, &self.containers, since, None)?;
        let existing = if self.targets.overwrite { Existing::Replace } else { Existing::Keep };
        let (name, before) = (input.name(), upgrade.reached());
        let finish = move |climbed: Climbed| {
            let (upgrade, is_to_be_written) = self.settle(&name, before, climbed, &mut ready);
            if !is_to_be_written {
                return Ok(ready);
            }
            let report = upgrade.report();
            // Whoever reads from a pipe wants the document in any case.
            let is_written = !report.is_unchanged || target == Target::Stdout;
            if is_written {
                opened.place(&upgrade.output()?, &target, existing, &mut ready)?;
            }
            ready.is_partial = !report.left_out.is_empty();
            for (signature, error) in &report.left_out {
                let (name, signature) = (printable(&name), printable(signature));
                let text = format!("eseal: {name}: {signature} stays as it is: {error} [{}]", error.code());
                ready.notes.push(Note::new("left-out", text));
            }
            let output = is_written.then(|| target.name());
            let line = lines::Extended {
                input: name,
                id: None,
                output,
                unchanged: report.is_unchanged,
                level: report.level.as_str(),
                protected_until: report.protected_until.map(|time| time.to_string()),
                bytes: ready.bytes_out,
                source_sha256: None,
                signer: None,
                signing_time: None,
                timestamps: time_stamps(&report, &self.climb.asking),
                revocation: report.revocation.iter().map(lines::Revocation::from).collect(),
                left_out: left_out(&report),
                seconds: started.elapsed().as_secs_f64(),
                reference: input.own.reference,
            };
            tell(line, done, &mut ready)?;
            Ok(ready)
        };
        Ok(Made::Climbing(Box::new(upgrade), Box::new(finish)))
    }

    /// What it would take; nothing is sent, and nothing is written.
    fn forecast(&self, item: Item) -> Result<Ready> {
        let input = item.map_err(|Unusable { error, .. }| *error)?;
        let mut ready = Ready::default();
        let (_, document) = self.open(&input, None, &mut ready)?;
        let mut upgrade = document.upgrade(&self.climb.plan(self.level)?, self.moment(&input))?;
        let is_unchanged = matches!(upgrade.step()?, Step::Done(_));
        let forecast = upgrade.forecast()?;
        let report = upgrade.report();
        let line = lines::Forecast {
            input: input.name(),
            level: upgrade.reached().as_str(),
            would_reach: if is_unchanged { upgrade.reached() } else { self.level }.as_str(),
            timestamps: forecast.time_stamps,
            tsa: self.climb.asking.preferred().map(str::to_owned),
            fetches: forecast.fetches.iter().map(lines::Fetch::from).collect(),
            left_out: left_out(&report),
            bytes: forecast.bytes,
            reference: input.own.reference,
        };
        let text = format!(
            "{}  {} to {}  {} time-stamps, {} other requests  {} more",
            printable(&line.input),
            line.level,
            line.would_reach,
            line.timestamps,
            line.fetches.len(),
            size(line.bytes)
        );
        ready.is_partial = !line.left_out.is_empty();
        ready.line = Line { json: lines::json(&line)?, text, ..Line::default() };
        Ok(ready)
    }

    fn open(&self, input: &Input, held: Option<Held>, ready: &mut Ready) -> Result<(Opened, Document)> {
        let own = &input.own;
        if own.field.is_some() || own.reason.is_some() || own.location.is_some() {
            return Err(Misuse::new("field, reason and location are for new signatures").into());
        }
        let opened = match held {
            Some(held) => {
                Opened::held(held, &input.given, input.inside.as_ref(), input.expected, &self.changing, ready)?
            }
            None => Opened::input(input, &self.stdin, ready)?,
        };
        let document = opened.document(&self.containers, Recovery::Refuse, &self.limits)?;
        Ok((opened, document))
    }

    fn moment(&self, input: &Input) -> Moment {
        self.climb.moment().for_document(input.given.as_os_str().as_encoded_bytes())
    }

    /// As [`Climb::settle`]; where nothing was gained there is nothing to write either.
    fn settle(&self, name: &str, before: Level, climbed: Climbed, ready: &mut Ready) -> (Upgrade, bool) {
        let fault = climbed.as_ref().err().map(|unfinished| unfinished.error.clone());
        let (upgrade, is_to_be_written) = self.climb.settle(name, self.level, climbed, ready);
        match fault.filter(|_| is_to_be_written && upgrade.reached() == before) {
            Some(error) => {
                ready.notes.clear();
                ready.unfinished = Some((error, before));
                (upgrade, false)
            }
            None => (upgrade, is_to_be_written),
        }
    }

    /// One target is for one input, also when inputs come one by one.
    fn take(&self, target: &Target) -> Result<()> {
        let (Target::File(path) | Target::InPlace(path)) = target else { return Ok(()) };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.insert(path.clone()) { Ok(()) } else { Err(collision()) }
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
    ) -> Result<Made<'_>> {
        ready.reserved = None;
        ready.line = skipped(input, DONE_BEFORE)?;
        ready.journal = self.past.entry(input, target, opened, &self.containers, since, None)?;
        Ok(ready.into())
    }

    /// Whether an interrupted run, or another one meanwhile, has written this result, and only the journal does not
    /// say so.
    fn is_result(&self, target: &Target, opened: &Opened) -> bool {
        match (target, opened.source()) {
            (Target::File(path), Some(source)) if self.resume => self.is_raised(path, source),
            _ => false,
        }
    }

    fn is_raised(&self, path: &Path, source: &Source) -> bool {
        let check = || -> Result<bool> {
            let (result, _) = eseal::system::open(path)?;
            let document = Document::open(result.clone(), &self.limits)?;
            // What is at the level needs nothing more.
            let mut upgrade = document.upgrade(&self.climb.plan(self.level)?, self.climb.moment())?;
            if !matches!(upgrade.step()?, Step::Done(_)) {
                return Ok(false);
            }
            match (document.inspect()?, Document::open(source.clone(), &self.limits)?.inspect()?) {
                (Inspection::Container(found), Inspection::Container(before)) => {
                    let values = |container: &eseal::ContainerInspection| container.signatures.len();
                    Ok(found.data_files == before.data_files && values(&found) == values(&before))
                }
                (Inspection::Pdf(_), Inspection::Pdf(_)) => begins_with(&result, source),
                _ => Ok(false),
            }
        };
        path.is_file() && check().unwrap_or(false)
    }
}

fn left_out(report: &UpgradeReport) -> Vec<lines::LeftOut> {
    let line =
        |(signature, error): &(String, Error)| lines::LeftOut { signature: signature.clone(), error: error.into() };
    report.left_out.iter().map(line).collect()
}

fn tell(line: lines::Extended, done: Option<Done>, ready: &mut Ready) -> Result<()> {
    let input = printable(&line.input);
    let text = match &line.output {
        Some(output) => format!("{input}  extended  {}  {}  {}", line.level, printable(output), size(line.bytes)),
        None => format!("{input}  unchanged  {}", line.level),
    };
    ready.line = Line { json: lines::json(&line)?, text, is_skipped: line.unchanged, ..Line::default() };
    ready.journal = done.filter(|_| line.output.is_some());
    Ok(())
}
