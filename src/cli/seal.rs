//! `eseal seal`: both halves with a key that is at hand.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use eseal::batch::Journal;
use eseal::key::{LocalKey, needs_password};
use eseal::system::{Existing, read_bounded};
use eseal::{Certificate, Limits, Result, Signer, Source, seal};

use super::args::{self, Seal};
use super::config::{self, Common};
use super::documents::Opened;
use super::inputs::{self, Input, Inputs, Item, Origin, Unusable};
use super::prepare::{ALREADY_SIGNED, skipped, tasks};
use super::report::{Report, now};
use super::run::{Ready, Run};
use super::secrets::password;
use super::signed::{self, DONE_BEFORE, Facts};
use super::signing::{Signing, certificates};
use super::targets::{Target, Targets, collision};
use super::{Outcome, Stop};

/// `eseal seal`.
pub(crate) fn run(args: &Seal, common: &Common) -> Outcome {
    let targets = Targets::new(&args.results);
    let journal = signed::journal_path(&args.resume, &targets)?;
    let mut run = Run::new(config::Run::new(&args.run)?);
    let manifest = args.manifest.manifest.as_deref();
    let inputs = inputs::read(&args.inputs, manifest, targets.out(), &common.limits, &run.cancel)?;
    let is_stdin = matches!(&inputs, Inputs::Known(items) if items.iter().flatten().any(|i| i.origin == Origin::Stdin));
    // Standard output carries the document, so what is to be said goes aside.
    let mut report = if is_stdin { Report::aside(common) } else { Report::new(common) };
    let earlier = signed::earlier(&args.resume, journal.as_deref())?;
    let known = |input: &Input| earlier.as_ref().is_some_and(|journal| journal.done(&input.name()).is_some());
    if let Inputs::Known(items) = &inputs {
        // What an interrupted run has written is looked at one by one.
        let rule = if args.resume.resume { targets.replacing() } else { targets.clone() };
        rule.check_all(items, known, &mut report)?;
    }
    let key = open_key(&args.key, &args.certificates, common, &mut report)?;
    let (certificate, chain) = key.chain().split_first().ok_or_else(|| Stop::Usage("--cert FILE is needed".into()))?;
    let signing = Signing::new(&args.signature, certificate, chain)?;
    report.detail(&format!("eseal: signing as {} with {}", certificate.subject(), signing.algorithm()));
    run.journal = if is_stdin { None } else { signed::begin(&args.resume, journal.as_deref())? };
    let job = Job {
        key: &key,
        signing,
        targets,
        resume: args.resume.resume,
        earlier,
        taken: Mutex::default(),
        limits: common.limits.clone(),
    };
    run.catch_interrupts()?;
    run.over(tasks(inputs, &mut report), |item| job.work(item), &mut report)
}

/// Opens the key; its password is asked for once.
fn open_key(
    args: &args::Key,
    certificates_args: &args::Certificates,
    common: &Common,
    report: &mut Report,
) -> Outcome<LocalKey> {
    let path = args.key.as_deref().ok_or_else(|| Stop::Usage("--key FILE is needed".into()))?;
    let about = || Stop::about(path.display().to_string());
    let (signer, chain) = certificates(certificates_args, &common.limits)?;
    let given: Vec<Certificate> = signer.into_iter().chain(chain).collect();
    let bytes = read_bounded(path, "key_bytes", common.limits.key_bytes).map_err(about())?;
    let password = match needs_password(&bytes) {
        true => password(&args.password, &format!("Password of {}", path.display()), &common.limits)?,
        false => None,
    };
    let alias = args.key_alias.as_deref();
    let key = LocalKey::open(&bytes, password.as_ref(), alias, &given, &common.limits).map_err(about())?;
    for warning in key.warnings() {
        report.note(&format!("eseal: {}: {warning}", path.display()));
    }
    Ok(key)
}

struct Job<'a> {
    key: &'a LocalKey,
    signing: Signing,
    targets: Targets,
    resume: bool,
    earlier: Option<Journal>,
    /// Targets of inputs that come one by one.
    taken: Mutex<BTreeSet<PathBuf>>,
    limits: Limits,
}

impl Job<'_> {
    fn work(&self, item: Item) -> Result<Ready> {
        let started = now();
        let input = item.map_err(|Unusable { error, .. }| error)?;
        let mut ready = Ready::default();
        if self.earlier.as_ref().is_some_and(|journal| journal.done(&input.name()).is_some()) {
            ready.line = skipped(&input, DONE_BEFORE)?;
            return Ok(ready);
        }
        let nowhere = "a folder as input needs --out or --in-place";
        let target = self.targets.of(&input).ok_or_else(|| eseal::error::Misuse::new(nowhere))?;
        self.take(&target)?;
        let opened = Opened::input(&input, &mut ready)?;
        if let (Target::File(path), true) = (&target, self.resume)
            && self.is_result(path, &opened.source)
        {
            ready.line = skipped(&input, DONE_BEFORE)?;
            return Ok(ready);
        }
        self.targets.check(&target)?;
        let document = opened.document(self.signing.recovery, &self.limits)?;
        if self.signing.skip_signed && document.signed_last_by(self.signing.certificate())? {
            ready.line = skipped(&input, ALREADY_SIGNED)?;
            return Ok(ready);
        }
        let plan = self.signing.plan(&input.own);
        let signed = seal::seal(&document, &plan, self.key, self.signing.moment(&input))?;
        let existing = if self.targets.overwrite { Existing::Replace } else { Existing::Keep };
        opened.place(signed.output(), &target, existing, &mut ready)?;
        let facts = Facts { input: input.name(), reference: input.own.reference, target: &target, started };
        facts.tell(&signed, &mut ready)?;
        Ok(ready)
    }

    /// One target is for one input, also when inputs come one by one.
    fn take(&self, target: &Target) -> Result<()> {
        let (Target::File(path) | Target::InPlace(path)) = target else { return Ok(()) };
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        if taken.insert(path.clone()) { Ok(()) } else { Err(collision()) }
    }

    /// Whether an interrupted run has written this result, and only its journal does not say so.
    fn is_result(&self, path: &Path, source: &Source) -> bool {
        let check = || -> Result<bool> {
            let (result, _) = eseal::system::open(path)?;
            if result.len() <= source.len() {
                return Ok(false);
            }
            let mut at = 0;
            let mut is_prefix = true;
            source.for_each(0..source.len(), |bytes| {
                let end = at + u64::try_from(bytes.len()).unwrap_or(u64::MAX);
                is_prefix &= *result.window(at..end)? == *bytes;
                at = end;
                Ok(())
            })?;
            let document = eseal::Document::open(result, &self.limits)?;
            Ok(is_prefix && document.signed_last_by(self.signing.certificate())?)
        };
        path.is_file() && check().unwrap_or(false)
    }
}
