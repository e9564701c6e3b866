//! `eseal demo`: the bundled samples, sealed through the remote path by an identity that nobody trusts.

use std::path::PathBuf;

use eseal::batch::{Batch, verification_code};
use eseal::key::throw_away;
use eseal::system::{Existing, OsEntropy, Staged, SystemClock};
use eseal::{
    Clock, DataFile, Document, Error, Inputs, Limits, Moment, Plan, Prepared, Result, SignatureValue, Signer, Source,
    ToBeSigned, draw_moment,
};

use super::args::{self, Demo};
use super::config::{self, Common};
use super::inputs::{Input, MadeOf, Origin, Own, Part};
use super::report::{Report, now};
use super::run::{Ready, Run, Task};
use super::signed::Facts;
use super::targets::{Target, Targets};
use super::{Outcome, Stop};

/// `eseal demo`.
pub(crate) fn run(args: &Demo, common: &Common) -> Outcome {
    let mut report = Report::new(common);
    let results =
        args::Results { out: Some(args.out.clone()), in_place: false, overwrite: args.overwrite, state_dir: None };
    let targets = Targets::new(&results);
    let inputs: Vec<_> = SAMPLES.iter().map(|sample| Ok(sample.input())).collect();
    targets.check_all(&inputs, |_, _| false, &mut report)?;
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
    run.catch_interrupts(common)?;
    // Here the digests go out to whoever holds the key, and the values come back.
    let asked = prepare(&plan, moment, &common.limits, run.options.jobs);
    let values: Vec<_> = asked.into_iter().map(|asked| asked.and_then(|asked| answer(&key, asked))).collect();
    report.expect(u64::try_from(values.len()).unwrap_or(u64::MAX));
    if !common.json {
        report.line("", HEAD)?;
    }
    let existing = if args.overwrite { Existing::Replace } else { Existing::Keep };
    let tasks = SAMPLES.iter().zip(values).map(|(sample, value)| Task {
        name: sample.name.to_owned(),
        reference: None,
        need: 0,
        input: (sample, value),
    });
    let out = args.out.clone();
    run.over(tasks, |(sample, value)| sample.finish(value?, out.join(sample.result), existing), &mut report)
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
    let work = |sample: &Sample| {
        let document = match sample.is_document() {
            true => Document::open(Source::from_bytes(sample.bytes), limits)?,
            false => Document::new_container(sample.files(), limits)?,
        };
        let prepared = document.prepare(plan, moment.for_document(sample.name.as_bytes()))?;
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

/// A bundled file.
struct Sample {
    name: &'static str,
    bytes: &'static [u8],
    /// The name of what is made of it.
    result: &'static str,
}

impl Sample {
    /// Whether it is signed itself; else it goes into a container.
    fn is_document(&self) -> bool {
        self.name == self.result
    }

    fn files(&self) -> Vec<DataFile> {
        vec![DataFile::new(self.name, Source::from_bytes(self.bytes))]
    }

    fn input(&self) -> Input {
        let part = Part { name: self.name.into(), path: None, inside: None };
        Input {
            given: self.name.into(),
            relative: self.result.into(),
            origin: Origin::File,
            inside: None,
            expected: None,
            made_of: (!self.is_document()).then(|| MadeOf { parts: vec![part], is_named: false }),
            own: Own::default(),
        }
    }

    /// The second half.
    fn finish(&self, answered: Answered, path: PathBuf, existing: Existing) -> Result<Ready> {
        let started = now();
        let mut ready = Ready::default();
        let inputs = match self.is_document() {
            true => Inputs::from(Source::from_bytes(self.bytes)),
            false => Inputs::from(self.files()),
        };
        let prepared = Prepared::resume(&answered.state, inputs, &Limits::default())?;
        let signed = prepared.finalize(answered.value)?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder)?;
        }
        let staged = Staged::write(signed.output(), &path, None)?;
        (ready.bytes_in, ready.bytes_out) = (u64::try_from(self.bytes.len()).unwrap_or(u64::MAX), staged.len()?);
        ready.staged = Some((staged, existing));
        let target = Target::File(path);
        let facts = Facts {
            input: self.name.to_owned(),
            files: None,
            reference: None,
            output: target.name(),
            remarks: Vec::new(),
            started,
            done: None,
        };
        facts.tell(&signed, &mut ready)?;
        let (name, before, after) = (self.name, ready.bytes_in, ready.bytes_out);
        ready.line.text =
            format!("{name:16} {before:>8} {after:>8}  {}  {}  {}", answered.code, signed.level(), target.name());
        Ok(ready)
    }
}

macro_rules! samples {
    ($($folder:literal $name:literal -> $result:literal),+ $(,)?) => {
        &[$(Sample {
            name: $name,
            bytes: include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/", $folder, "/demo/", $name)),
            result: $result,
        }),+]
    };
}

const SAMPLES: &[Sample] = samples![
    "pdf" "application.pdf" -> "application.pdf",
    "pdf" "certificate.pdf" -> "certificate.pdf",
    "pdf" "contract.pdf" -> "contract.pdf",
    "pdf" "invoice.pdf" -> "invoice.pdf",
    "pdf" "letter.pdf" -> "letter.pdf",
    "pdf" "minutes.pdf" -> "minutes.pdf",
    "asice" "notice.txt" -> "notice.txt.asice",
];

const NAME: &str = "eseal demo, throw-away identity, trusted by nobody";
const PREFACE: &str = "\
The key and the certificate of this demonstration were made a moment ago and are gone when it ends.
Nobody trusts this identity: a viewer will show that the documents are signed and unchanged, by a stranger.
What happens: prepare (digests to sign) -> the key signs the digests elsewhere -> finalize (signed documents).
What is no PDF goes into a container (ASiC-E).
";
const HEAD: &str = "document           before    after  code  level  result";
