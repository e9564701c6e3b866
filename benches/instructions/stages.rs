//! The stages that are counted, each once on warm ground.
//!
//! What a stage needs is made before, outside of what is counted: documents, values, answers of services.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::hint::black_box;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use eseal::{
    Certificate, Compress, Document, Evidence, Fetch, Level, Limits, Plan, Prepared, Role, SignatureValue, Signer as _,
    Source, Step, UpgradePlan,
};

use super::Result;
use super::authority::{Authority, Manner};
use super::inputs::{self, Kind, example_key, moment, plan};

/// Their names, in the order in which they are run.
pub(crate) const NAMES: &[&str] = &[
    "open a PDF with a table",
    "open a PDF with object streams",
    "prepare a PDF",
    "prepare a PDF of 10,000 objects",
    "save the state of a PDF",
    "resume and finalize a PDF",
    "write a signed PDF",
    "inspect a PDF with four signatures",
    "prepare a container of 20 files",
    "resume and finalize a container",
    "write a container, stored",
    "prepare one more signature",
    "inspect a container of 20 files",
    "raise a PDF to B-T",
    "raise a PDF to B-LT",
    "raise a PDF to B-LTA",
    "raise a container to B-LTA",
];

/// Runs all of them, and prints what there is of the processor that libraries choose their code by.
pub(crate) fn run() -> Result<()> {
    println!("{}", processor());
    let mut stages = 0;
    let mut stage = |mut work: Box<dyn FnMut() -> usize>| {
        black_box(work());
        measured_stage(&mut *work);
        stages += 1;
    };
    pdfs(&mut stage)?;
    containers(&mut stage)?;
    raised(&mut stage)?;
    if stages == NAMES.len() { Ok(()) } else { Err(format!("{stages} stages, {} names", NAMES.len()).into()) }
}

/// Valgrind collects what happens in here. Its name is part of the call of valgrind.
#[inline(never)]
fn measured_stage(work: &mut dyn FnMut() -> usize) -> usize {
    black_box(work())
}

type Stage<'a> = dyn FnMut(Box<dyn FnMut() -> usize>) + 'a;

fn pdfs(stage: &mut Stage<'_>) -> Result<()> {
    let source = |kind, objects| Source::from_shared(Arc::new(inputs::document(kind, objects, 10 << 10)));
    let (table, streams, large) = (source(Kind::Table, 6), source(Kind::Streams, 6), source(Kind::Streams, 10_000));
    for source in [&table, &streams] {
        let source = source.clone();
        stage(Box::new(move || size_of_val(&open(&source))));
    }
    for source in [&table, &large] {
        let (source, plan) = (source.clone(), plan());
        stage(Box::new(move || size_of_val(&open(&source).prepare(&plan, moment()).expect("prepares"))));
    }
    let prepared = Rc::new(open(&table).prepare(&plan(), moment())?);
    let (state, value) = (prepared.to_state()?, example_key().sign(prepared.to_be_signed())?);
    stage(Box::new(move || prepared.to_state().expect("a state").len()));
    finish(stage, &state, &value, move || table.clone().into())?;

    let mut bytes = inputs::document(Kind::Table, 6, 10 << 10);
    for _ in 0..4 {
        let document = Document::open(Source::from_bytes(bytes), &Limits::default())?;
        bytes = written(&eseal::seal::seal(&document, &plan(), &example_key(), moment())?)?;
    }
    inspect(stage, bytes);
    Ok(())
}

fn containers(stage: &mut Stage<'_>) -> Result<()> {
    let (files, plan) = (inputs::data_files(20), plan().compress(Compress::Store));
    let prepare = {
        let (files, plan) = (files.clone(), plan.clone());
        move || {
            let new = Document::new_container(files.clone(), &Limits::default()).expect("can be a container");
            new.prepare(&plan, moment()).expect("prepares")
        }
    };
    let prepared = prepare();
    let (state, value) = (prepared.to_state()?, example_key().sign(prepared.to_be_signed())?);
    let bytes = written(&prepared.finalize(value.clone())?)?;
    stage(Box::new(move || size_of_val(&prepare())));
    finish(stage, &state, &value, move || files.clone().into())?;
    let source = Source::from_bytes(bytes.clone());
    stage(Box::new(move || size_of_val(&open(&source).prepare(&plan, moment()).expect("prepares"))));
    inspect(stage, bytes);
    Ok(())
}

/// The second half: resume and finalize, then write.
fn finish(
    stage: &mut Stage<'_>,
    state: &[u8],
    value: &SignatureValue,
    inputs: impl Fn() -> eseal::Inputs + 'static,
) -> Result<()> {
    let signed = Prepared::resume(state, inputs(), &Limits::default())?.finalize(value.clone())?;
    let (state, value) = (state.to_vec(), value.clone());
    stage(Box::new(move || {
        let prepared = Prepared::resume(&state, inputs(), &Limits::default()).expect("resumes");
        size_of_val(&prepared.finalize(value.clone()).expect("verifies"))
    }));
    stage(Box::new(move || {
        signed.output().write_to(io::sink()).expect("writes");
        0
    }));
    Ok(())
}

fn inspect(stage: &mut Stage<'_>, bytes: Vec<u8>) {
    let source = Source::from_bytes(bytes);
    stage(Box::new(move || size_of_val(&open(&source).inspect().expect("reads"))));
}

/// From B-B to each level, with answers that are at hand.
fn raised(stage: &mut Stage<'_>) -> Result<()> {
    let authority = Authority::new(Some("http://authority.example"));
    let plan = Plan::new(Certificate::from_der(&authority.person)?, &[])?.level(Level::Blta).compress(Compress::Store);
    let root = Certificate::from_der(&authority.root)?;
    let pdf = Source::from_bytes(inputs::document(Kind::Table, 6, 10 << 10));
    let container = Document::new_container(inputs::data_files(1), &Limits::default())?;
    let sign = |document: &Document| -> Result<Source> {
        let prepared = document.prepare(&plan, moment())?;
        let digest = prepared.to_be_signed().digest().ok_or("no digest")?.as_bytes().to_vec();
        Ok(Source::from_bytes(written(&prepared.finalize(SignatureValue::ecdsa_der(authority.sign(&digest)))?)?))
    };
    let (pdf, container) = (sign(&open(&pdf))?, sign(&container)?);
    let authority = Rc::new(authority);
    let all = [(&pdf, Level::Bt), (&pdf, Level::Blt), (&pdf, Level::Blta), (&container, Level::Blta)];
    for (source, level) in all {
        let plan = UpgradePlan::new(level, [root.clone()])?;
        let (source, authority) = (source.clone(), Rc::clone(&authority));
        // Asked in the first round, which is not counted.
        let answers = RefCell::new(BTreeMap::new());
        stage(Box::new(move || {
            let mut upgrade = open(&source).upgrade(&plan, moment()).expect("is sound");
            loop {
                match upgrade.step().expect("goes on") {
                    Step::Need(fetches) => {
                        for fetch in &fetches {
                            let mut answers = answers.borrow_mut();
                            let evidence = answers.entry(fetch.id()).or_insert_with(|| answer(&authority, fetch));
                            upgrade.supply(evidence.clone(), moment().time());
                        }
                    }
                    Step::Done(output) => {
                        assert_eq!(upgrade.reached(), level, "all the way");
                        break output.len().map_or(0, |len| len as usize);
                    }
                    _ => unreachable!("no other steps yet"),
                }
            }
        }));
    }
    Ok(())
}

fn answer(authority: &Authority, fetch: &Fetch) -> Evidence {
    let (body, now) = (fetch.body().unwrap_or_default(), moment().time().as_unix());
    let content = match fetch.role() {
        Role::Timestamp => authority.time_stamp(body, now, Manner::default()),
        _ => authority.ocsp(body, now, Manner::default()),
    };
    Evidence::answer(fetch.id(), Source::from_bytes(content))
}

fn open(source: &Source) -> Document {
    Document::open(source.clone(), &Limits::default()).expect("opens")
}

fn written(signed: &eseal::Signed) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    signed.output().write_to(&mut bytes)?;
    Ok(bytes)
}

#[cfg(target_arch = "x86_64")]
fn processor() -> String {
    let mut found = vec!["x86_64"];
    macro_rules! look {
        ($($feature:tt)*) => { $(if std::is_x86_feature_detected!($feature) { found.push($feature); })* };
    }
    look!("sse4.2" "pclmulqdq" "avx" "avx2" "bmi2" "avx512f");
    found.join(" ")
}

#[cfg(not(target_arch = "x86_64"))]
fn processor() -> String {
    std::env::consts::ARCH.to_owned()
}
