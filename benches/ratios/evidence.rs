//! The climb to B-LTA: a thousand small PDFs with answers that were recorded, one large PDF, one large container.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use eseal::system;
use eseal::{
    Certificate, Compress, DataFile, Document, Evidence, Fetch, Level, Limits, Moment, Plan, Role, SignatureValue,
    Signed, Source, Step, Time, Upgrade, UpgradePlan,
};

use super::authority::{Authority, Manner};
use super::inputs::{self, Kind, moment};
use super::{GIB, Result, child, cpu, cpu_of, least, micros, ms, ratio, row, step, text};

/// What is done in a process of its own, by the name of the step.
pub(crate) fn part(arguments: &[&str]) -> Option<Result<()>> {
    match *arguments {
        ["evidence-sign", path] => Some(child(|| sign_and_climb(Path::new(path)))),
        ["evidence-extend", path] => Some(child(|| extend(Path::new(path)))),
        _ => None,
    }
}

pub(crate) fn table(folder: &Path) -> Result<()> {
    small_documents()?;
    gigabyte(folder)?;
    gigabyte_container(folder)
}

/// B-B to B-LTA, nobody asked: answers are at hand.
fn small_documents() -> Result<()> {
    let authority = authority();
    let documents: Vec<Arc<Vec<u8>>> =
        (0..200).map(|_| signed_pdf(&authority, 10 << 10).map(Arc::new)).collect::<Result<_>>()?;
    let plan = plan(&authority, Level::Blta)?;
    let mut recorded = Vec::new();
    for (n, bytes) in documents.iter().enumerate() {
        let mut answers = BTreeMap::new();
        climb(&mut upgrade(&plan, bytes, n)?, &mut |fetch| {
            let evidence = answer(&authority, fetch);
            answers.insert(fetch.id(), evidence.clone());
            evidence
        })?;
        recorded.push(answers);
    }
    let all = cpu(5, || {
        for (n, (bytes, answers)) in documents.iter().zip(&recorded).enumerate() {
            let mut upgrade = upgrade(&plan, bytes, n).expect("opens");
            climb(&mut upgrade, &mut |fetch| answers[&fetch.id()].clone()).expect("climbs");
        }
    })?;
    let each = all / 200;
    row(
        "B-B to B-LTA, 10 KB PDF, answers recorded, CPU",
        "1.5 ms",
        format!("{:.2} ms", micros(each) / 1000.0),
        String::new(),
    );
    Ok(())
}

/// Signing and climbing in one go, and climbing later.
fn gigabyte(folder: &Path) -> Result<()> {
    let path = folder.join("1g-evidence.pdf");
    inputs::document_file(&path, Kind::Table, 6, GIB)?;
    let hash = least(|| cpu_of(Command::new("openssl").args(["dgst", "-sha256"]).arg(&path)))?;
    let both = least(|| Ok(step(&["evidence-sign", text(&path)?])?.0))?;
    row(
        "sign 1 GiB and raise it to B-LTA, not written / `openssl dgst`",
        "1.2",
        ratio(both, hash),
        format!("{} / {}", ms(both), ms(hash)),
    );
    let (source, _) = system::open(&path)?;
    let signed = sign(&authority(), &Document::open(source, &Limits::default())?)?;
    let target = folder.join("1g-signed.pdf");
    signed.output().write_to(fs::File::create(&target)?)?;
    let later = least(|| Ok(step(&["evidence-extend", text(&target)?])?.0))?;
    row(
        "raise it from B-B to B-LTA later, not written / `openssl dgst`",
        "1.2",
        ratio(later, hash),
        format!("{} / {}", ms(later), ms(hash)),
    );
    fs::remove_file(&path)?;
    fs::remove_file(&target)?;
    Ok(())
}

fn gigabyte_container(folder: &Path) -> Result<()> {
    let (data, path) = (folder.join("1g-evidence.bin"), folder.join("1g-evidence.asice"));
    inputs::document_file(&data, Kind::Table, 6, GIB)?;
    let hash = least(|| cpu_of(Command::new("openssl").args(["dgst", "-sha256"]).arg(&data)))?;
    let authority = authority();
    let files = vec![DataFile::new("1g.bin", system::open(&data)?.0)];
    let signed = sign(&authority, &Document::new_container(files, &Limits::default())?)?;
    let mut raised = signed.upgrade(&plan(&authority, Level::Blt)?, moment())?;
    climb(&mut raised, &mut |fetch| answer(&authority, fetch))?;
    raised.output()?.write_to(fs::File::create(&path)?)?;
    fs::remove_file(&data)?;
    let mut resident = 0;
    let later = least(|| {
        let (time, memory) = step(&["evidence-extend", text(&path)?])?;
        resident = resident.max(memory);
        Ok(time)
    })?;
    row(
        "B-LT to B-LTA, container of 1 GiB, not written / `openssl dgst`",
        "1.2",
        ratio(later, hash),
        format!("{} / {}", ms(later), ms(hash)),
    );
    row(
        "the same, resident memory",
        "32 MiB",
        format!("{:.1} MiB", f64::from(u32::try_from(resident)?) / 1024.0),
        String::new(),
    );
    fs::remove_file(&path)?;
    Ok(())
}

fn sign_and_climb(path: &Path) -> Result<()> {
    let authority = authority();
    let (source, _) = system::open(path)?;
    let signed = sign(&authority, &Document::open(source, &Limits::default())?)?;
    let mut upgrade = signed.upgrade(&plan(&authority, Level::Blta)?, moment())?;
    climb(&mut upgrade, &mut |fetch| answer(&authority, fetch))
}

fn extend(path: &Path) -> Result<()> {
    let authority = authority();
    let (source, _) = system::open(path)?;
    let document = Document::open(source, &Limits::default())?;
    let mut upgrade = document.upgrade(&plan(&authority, Level::Blta)?, moment())?;
    climb(&mut upgrade, &mut |fetch| answer(&authority, fetch))
}

/// Goes on until it is done; small results are written to nowhere.
fn climb(upgrade: &mut Upgrade, ask: &mut dyn FnMut(&Fetch) -> Evidence) -> Result<()> {
    loop {
        match upgrade.step()? {
            Step::Need(fetches) => {
                fetches.iter().for_each(|fetch| upgrade.supply(ask(fetch), now()));
            }
            Step::Done(output) => {
                assert!(upgrade.is_done() && upgrade.report().left_out.is_empty(), "all the way");
                if output.len().is_some_and(|len| len < 1 << 20) {
                    output.write_to(io::sink())?;
                }
                return Ok(());
            }
            _ => return Err("an unknown step".into()),
        }
    }
}

fn answer(authority: &Authority, fetch: &Fetch) -> Evidence {
    let body = fetch.body().unwrap_or_default();
    let content = match fetch.role() {
        Role::Timestamp => authority.time_stamp(body, now().as_unix(), Manner::default()),
        _ => authority.ocsp(body, now().as_unix(), Manner::default()),
    };
    Evidence::answer(fetch.id(), Source::from_bytes(content))
}

fn upgrade(plan: &UpgradePlan, bytes: &Arc<Vec<u8>>, n: usize) -> Result<Upgrade> {
    let document = Document::open(Source::from_shared(Arc::clone(bytes)), &Limits::default())?;
    Ok(document.upgrade(plan, Moment::new(now(), [u8::try_from(n)?; 32]))?)
}

fn plan(authority: &Authority, level: Level) -> Result<UpgradePlan> {
    Ok(UpgradePlan::new(level, [Certificate::from_der(&authority.root)?])?)
}

fn signed_pdf(authority: &Authority, bytes: usize) -> Result<Vec<u8>> {
    let source = Source::from_bytes(inputs::document(Kind::Table, 6, bytes));
    let mut written = Vec::new();
    sign(authority, &Document::open(source, &Limits::default())?)?.output().write_to(&mut written)?;
    Ok(written)
}

fn sign(authority: &Authority, document: &Document) -> Result<Signed> {
    let certificate = Certificate::from_der(&authority.person)?;
    let plan = Plan::new(certificate, &[])?.level(Level::Blta).compress(Compress::Store);
    let prepared = document.prepare(&plan, moment())?;
    let digest = prepared.to_be_signed().digest().ok_or("no digest")?.as_bytes().to_vec();
    Ok(prepared.finalize(SignatureValue::ecdsa_der(authority.sign(&digest)))?)
}

fn authority() -> Authority {
    Authority::new(Some("http://authority.example"))
}

/// The second of all time-stamps and answers.
fn now() -> Time {
    moment().time()
}
