//! `eseal demo`: the bundled samples, sealed through the remote path by an identity that nobody trusts.

use std::path::PathBuf;

use eseal::batch::{Batch, verification_code};
use eseal::key::throw_away;
use eseal::system::{Existing, OsEntropy, Staged, SystemClock};
use eseal::{
    Clock, Document, Error, Limits, Moment, Plan, Prepared, Result, SignatureValue, Signer, Source, ToBeSigned,
    draw_moment,
};

use super::args::{self, Demo};
use super::config::{self, Common};
use super::inputs::{Input, Origin, Own};
use super::report::{Report, now};
use super::run::{Ready, Run, Task};
use super::signed::Facts;
use super::targets::{Target, Targets};
use super::{Outcome, Stop};

/// `eseal demo`.
pub(crate) fn run(args: &Demo, common: &Common) -> Outcome {
    let mut report = Report::new(common);
    let results = args::Results { out: Some(args.out.clone()), in_place: false, overwrite: args.overwrite };
    let targets = Targets::new(&results);
    let inputs: Vec<_> = SAMPLES.iter().map(|(name, _)| Ok(input(name))).collect();
    targets.check_all(&inputs, |_| false, &mut report)?;
    let about = || Stop::about("demo");
    let started = SystemClock.now().map_err(about())?;
    let key = throw_away(&OsEntropy, NAME, started).map_err(about())?;
    let first = key.chain().split_first().ok_or(Error::Bug("a key without certificate"));
    let (certificate, chain) = first.map_err(about())?;
    let plan = Plan::new(certificate.clone(), chain).map_err(about())?.reason("Demonstration");
    let moment = draw_moment(&SystemClock, &OsEntropy).map_err(about())?;
    if !common.json {
        report.note(PREFACE);
    }
    let mut run = Run::new(config::Run::plain());
    run.catch_interrupts()?;
    // Here the digests go out to whoever holds the key, and the values come back.
    let asked = prepare(&plan, moment, &common.limits, run.options.jobs);
    let values: Vec<_> = asked.into_iter().map(|asked| asked.and_then(|asked| answer(&key, asked))).collect();
    report.expect(u64::try_from(values.len()).unwrap_or(u64::MAX));
    if !common.json {
        report.line("", HEAD)?;
    }
    let existing = if args.overwrite { Existing::Replace } else { Existing::Keep };
    let tasks = SAMPLES.iter().zip(values).map(|((name, bytes), value)| Task {
        name: (*name).to_owned(),
        reference: None,
        need: 0,
        input: (*name, *bytes, value),
    });
    let out = args.out.clone();
    run.over(tasks, |(name, bytes, value)| finish(name, bytes, value?, out.join(name), existing), &mut report)
}

/// A document that waits: what is sent to the key, and what is kept.
struct Asked {
    to_be_signed: ToBeSigned,
    state: Vec<u8>,
}

/// The first half, for all samples at once.
fn prepare(plan: &Plan, moment: Moment, limits: &Limits, jobs: usize) -> Vec<Result<Asked>> {
    let mut asked = Vec::new();
    let samples = SAMPLES.iter().map(|sample| (0, sample));
    let work = |(name, bytes): &(&str, &[u8])| {
        let document = Document::open(Source::from_bytes(*bytes), limits)?;
        let prepared = document.prepare(plan, moment.for_document(name.as_bytes()))?;
        Ok(Asked { to_be_signed: prepared.to_be_signed().clone(), state: prepared.to_state()? })
    };
    Batch::new(jobs, SAMPLES.len()).run(samples, work, |_, result| asked.push(result));
    asked
}

/// What came back from the key, beside what was kept.
struct Answered {
    value: SignatureValue,
    code: String,
    state: Vec<u8>,
}

fn answer(key: &dyn Signer, asked: Asked) -> Result<Answered> {
    let digest = asked.to_be_signed.digest().ok_or(Error::Bug("an EC key signs a digest"))?;
    let code = verification_code(digest.as_bytes());
    Ok(Answered { value: key.sign(&asked.to_be_signed)?, code, state: asked.state })
}

/// The second half of one sample.
fn finish(name: &str, bytes: &[u8], answered: Answered, path: PathBuf, existing: Existing) -> Result<Ready> {
    let started = now();
    let mut ready = Ready::default();
    let source = Source::from_bytes(bytes);
    let prepared = Prepared::resume(&answered.state, source, &Limits::default())?;
    let signed = prepared.finalize(answered.value)?;
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let staged = Staged::write(signed.output(), &path, None)?;
    (ready.bytes_in, ready.bytes_out) = (u64::try_from(bytes.len()).unwrap_or(u64::MAX), staged.len()?);
    ready.staged = Some((staged, existing));
    let target = Target::File(path);
    let facts = Facts { input: name.to_owned(), reference: None, target: &target, started };
    facts.tell(&signed, &mut ready)?;
    let (before, after) = (ready.bytes_in, ready.bytes_out);
    ready.line.text =
        format!("{name:16} {before:>8} {after:>8}  {}  {}  {}", answered.code, signed.level(), target.name());
    Ok(ready)
}

fn input(name: &str) -> Input {
    Input { given: name.into(), relative: name.into(), origin: Origin::File, own: Own::default() }
}

macro_rules! samples {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/pdf/demo/", $name)))),+]
    };
}

const SAMPLES: &[(&str, &[u8])] =
    samples!["application.pdf", "certificate.pdf", "contract.pdf", "invoice.pdf", "letter.pdf", "minutes.pdf"];

const NAME: &str = "eseal demo, throw-away identity, trusted by nobody";
const PREFACE: &str = "\
The key and the certificate of this demonstration were made a moment ago and are gone when it ends.
Nobody trusts this identity: a viewer will show that the documents are signed and unchanged, by a stranger.
What happens: prepare (digests to sign) -> the key signs the digests elsewhere -> finalize (signed documents).
";
const HEAD: &str = "document           before    after  code  level  result";
