//! Containers: one large file, a thousand small ones in one container, a thousand containers.
//!
//! The last are set beside libdigidocpp where `PYDIGIDOC` names a Python that has pydigidoc.

use std::cell::Cell;
use std::fs;
use std::hint::black_box;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use eseal::batch::Batch;
use eseal::key::LocalKey;
use eseal::system::{self, Existing, Staged};
use eseal::{
    Certificate, Compress, DataFile, DigestAlgorithm, Document, Limits, Plan, Prepared, SignatureValue, Signer, Source,
};
use sha2::{Digest as _, Sha256};

use super::inputs::{self, Kind, example_key, moment, plan};
use super::{GIB, Result, child, cpu, cpu_of, least, micros, ms, ratio, row, rsa_key, step, text};

/// What is done in a process of its own, by the name of the step.
pub(crate) fn part(arguments: &[&str]) -> Option<Result<()>> {
    match *arguments {
        ["container-prepare", path] => Some(child(|| prepare_file(Path::new(path)).map(drop))),
        ["container-finalize", path, target] => Some(finalize_file(Path::new(path), Path::new(target))),
        ["container-add", path] => Some(warm().and_then(|()| child(|| add(Path::new(path), None)))),
        ["container-add-known", path, data] => Some(add_known(Path::new(path), Path::new(data))),
        _ => None,
    }
}

pub(crate) fn table(folder: &Path) -> Result<()> {
    gigabyte(folder)?;
    thousand_files()?;
    thousand_containers(folder)
}

fn gigabyte(folder: &Path) -> Result<()> {
    let (path, target) = (folder.join("1g.bin"), folder.join("1g.asice"));
    inputs::document_file(&path, Kind::Table, 6, GIB)?;
    let hash = least(|| cpu_of(Command::new("openssl").args(["dgst", "-sha256"]).arg(&path)))?;
    let copied = folder.join("copy.bin");
    let copy = least(|| {
        let time = cpu_of(Command::new("cp").arg(&path).arg(&copied))?;
        fs::remove_file(&copied)?;
        Ok(time)
    })?;
    let resident = Cell::new(0);
    let run = |arguments: &[&str]| {
        let (time, memory) = step(arguments)?;
        resident.set(resident.get().max(memory));
        Ok(time)
    };
    let prepare = least(|| run(&["container-prepare", text(&path)?]))?;
    row(
        "prepare a container of one 1 GiB file / `openssl dgst`",
        "1.15",
        ratio(prepare, hash),
        format!("{} / {}", ms(prepare), ms(hash)),
    );
    let finalize = least(|| run(&["container-finalize", text(&path)?, text(&target)?]))?;
    row(
        "write it, stored / (`cp` + `openssl dgst`)",
        "1.3",
        ratio(finalize, copy + hash),
        format!("{} / ({} + {})", ms(finalize), ms(copy), ms(hash)),
    );
    fs::File::open(&target)?.sync_all()?;
    let added = least(|| run(&["container-add", text(&target)?]))?;
    row(
        "add a signature to it in place / `openssl dgst`",
        "1.15",
        ratio(added, hash),
        format!("{} / {}", ms(added), ms(hash)),
    );
    row(
        "the same three, resident memory",
        "32 MiB",
        format!("{:.1} MiB", resident.get() as f64 / 1024.0),
        String::new(),
    );

    let mut times = vec![least(|| run(&["container-add-known", text(&target)?, text(&path)?]))?];
    inputs::document_file(&path, Kind::Table, 6, 1 << 20)?;
    run(&["container-finalize", text(&path)?, text(&target)?])?;
    least(|| run(&["container-add", text(&target)?]))?;
    times.push(least(|| run(&["container-add-known", text(&target)?, text(&path)?]))?);
    row(
        "add a signature with the data's digest known, 1 GiB / 1 MiB",
        "independent",
        ratio(times[0], times[1]),
        format!("{:.0} µs / {:.0} µs", micros(times[0]), micros(times[1])),
    );
    fs::remove_file(&path)?;
    fs::remove_file(&target)?;
    Ok(())
}

fn thousand_files() -> Result<()> {
    let files = words(1_000);
    let sources: Vec<Source> = files.iter().map(|file| Source::from_bytes(file.as_slice())).collect();
    let hash = cpu(10, || files.iter().for_each(|file| _ = black_box(Sha256::digest(file))))?;
    let plan = plan();
    let prepare = cpu(10, || black_box(new(&sources).prepare(&plan, moment()).expect("prepares")))?;
    row(
        "prepare 1,000 files of 30 KB in one container / hash",
        "3",
        ratio(prepare, hash),
        format!("{} / {}", ms(prepare), ms(hash)),
    );
    let write = |sources: &[Source], compress| {
        let prepared = new(sources).prepare(&plan.clone().compress(compress), moment())?;
        let (value, state) = (example_key().sign(prepared.to_be_signed())?, prepared.to_state()?);
        cpu(3, || {
            let prepared = Prepared::resume(&state, data_files(sources), &Limits::default()).expect("resumes");
            let signed = prepared.finalize(value.clone()).expect("verifies");
            black_box(signed.output().write_to(io::sink()).expect("writes"))
        })
    };
    let twice: Vec<Source> = sources.iter().chain(&sources).cloned().collect();
    for (name, compress) in [("stored", Compress::Store), ("deflated", Compress::Auto)] {
        let (one, two) = (write(&sources, compress)?, write(&twice, compress)?);
        row(
            &format!("finish 2,000 files in one container, {name} / 1,000"),
            "linear",
            ratio(two, one),
            format!("{} / {}", ms(two), ms(one)),
        );
    }
    Ok(())
}

/// By the clock, as throughput is what counts: a batch on two workers beside a library that knows none.
fn thousand_containers(folder: &Path) -> Result<()> {
    // In memory where that can be had: some file systems take longer to make a file than all the rest takes.
    let shared = Path::new("/dev/shm");
    let scratch = if shared.is_dir() { tempfile::tempdir_in(shared)? } else { tempfile::tempdir_in(folder)? };
    let from = scratch.path().join("files");
    fs::create_dir_all(&from)?;
    let passes = Cell::new(0);
    let fresh = || -> Result<PathBuf> {
        passes.set(passes.get() + 1);
        let to = scratch.path().join(format!("containers-{}", passes.get()));
        fs::create_dir_all(&to)?;
        Ok(to)
    };
    let mut paths = Vec::new();
    for (n, file) in words(1_000).iter().enumerate() {
        let path = from.join(format!("{n}.txt"));
        fs::write(&path, file)?;
        paths.push(path);
    }
    let key = rsa_key(folder)?;
    let certificate = key.chain().first().ok_or("no certificate")?.clone();
    let theirs = libdigidocpp(scratch.path(), &certificate, &paths, &fresh()?)?;
    for (name, compress, bound) in
        [("stored", Compress::Store, "at least 20"), ("deflated", Compress::Auto, "at least 5")]
    {
        let plan = Plan::new(certificate.clone(), &[])?.allow_expired().compress(compress);
        let ours = least(|| containers(&plan, &key, &paths, &fresh()?))? / 1_000;
        let last = scratch.path().join(format!("containers-{}", passes.get()));
        let size = fs::metadata(last.join("0.txt.asice"))?.len();
        let (measured, more) = match theirs {
            Some((time, other)) => {
                let times = format!("{:.0} µs / {:.0} µs, by the clock", micros(time), micros(ours));
                (ratio(time, ours), format!("{times}; {other} / {size} bytes"))
            }
            None => ("—".to_owned(), format!("— / {:.0} µs, {size} bytes", micros(ours))),
        };
        row(
            &format!("1,000 containers of a 30 KB file, {name}, two workers: libdigidocpp / eseal"),
            bound,
            measured,
            more,
        );
    }
    Ok(())
}

/// Time of preparing and writing all of them; what the key takes is left out.
fn containers(plan: &Plan, key: &LocalKey, paths: &[PathBuf], to: &Path) -> Result<Duration> {
    let mut prepared = Vec::new();
    let at = Instant::now();
    let prepare = |path: &PathBuf| {
        let (source, _) = system::open(path)?;
        Document::new_container(vec![DataFile::new("data.txt", source)], &Limits::default())?.prepare(plan, moment())
    };
    let batch = Batch::new(2, 1024);
    batch.run(paths.iter().map(|path| (30_000, path)), prepare, |_, result| prepared.push(result.expect("prepares")));
    let first = at.elapsed();
    let sign = |one: Prepared| -> eseal::Result<_> {
        let value = key.sign(one.to_be_signed())?;
        Ok((one, value))
    };
    let signed = prepared.into_iter().map(sign).collect::<eseal::Result<Vec<_>>>()?;
    let at = Instant::now();
    let finish = |((prepared, value), path): ((Prepared, SignatureValue), &PathBuf)| {
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let signed = prepared.finalize(value)?;
        Staged::write(signed.output(), &to.join(format!("{name}.asice")), None)?.commit(Existing::Replace)
    };
    let inputs = signed.into_iter().zip(paths).map(|one| (30_000, one));
    batch.run(inputs, finish, |_, result| result.expect("writes"));
    Ok(first + at.elapsed())
}

/// Time and size of one of libdigidocpp's, where it is at hand.
fn libdigidocpp(
    folder: &Path,
    certificate: &Certificate,
    paths: &[PathBuf],
    to: &Path,
) -> Result<Option<(Duration, u64)>> {
    #[allow(clippy::disallowed_methods, reason = "says which Python to measure against")]
    let Some(python) = std::env::var_os("PYDIGIDOC") else { return Ok(None) };
    let der = folder.join("certificate.der");
    fs::write(&der, certificate.as_der())?;
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/compare/libdigidocpp.py");
    let output = Command::new(python).arg(script).arg(&der).arg(to).args(paths).output()?;
    let answer = String::from_utf8(output.stdout)?;
    let (time, size) = answer.trim().split_once(' ').ok_or("libdigidocpp.py failed")?;
    Ok(Some((Duration::from_nanos(time.parse()?), size.parse()?)))
}

/// The first signature of a process gathers entropy for longer than all the rest takes.
fn warm() -> Result<()> {
    let prepared = new(&[Source::from_bytes("x")]).prepare(&plan(), moment())?;
    example_key().sign(prepared.to_be_signed())?;
    Ok(())
}

fn stored() -> Plan {
    plan().compress(Compress::Store)
}

fn prepare_file(path: &Path) -> Result<Prepared> {
    let (source, _) = system::open(path)?;
    let new = Document::new_container(vec![DataFile::new("data.bin", source)], &Limits::default())?;
    Ok(new.prepare(&stored(), moment())?)
}

/// Preparing is not measured, finalizing is.
fn finalize_file(path: &Path, target: &Path) -> Result<()> {
    let prepared = prepare_file(path)?;
    let (state, value) = (prepared.to_state()?, example_key().sign(prepared.to_be_signed())?);
    drop(prepared);
    child(|| {
        let (source, _) = system::open(path)?;
        let prepared = Prepared::resume(&state, vec![DataFile::new("data.bin", source)], &Limits::default())?;
        let signed = prepared.finalize(value)?;
        Ok(Staged::write(signed.output(), target, None)?.commit(Existing::Replace)?)
    })
}

fn add(path: &Path, known: Option<DataFile>) -> Result<()> {
    let (source, _) = system::open(path)?;
    let mut document = Document::open(source, &Limits::default())?;
    if let Some(file) = known {
        document = document.assume(vec![file])?;
    }
    let prepared = document.prepare(&stored(), moment())?;
    let value = example_key().sign(prepared.to_be_signed())?;
    Ok(system::append(path, prepared.finalize(value)?.output(), &system::UndoKey::new([7; 32]))?)
}

/// The digest is known from before, as in a run that has just signed the same container.
fn add_known(path: &Path, data: &Path) -> Result<()> {
    let (source, _) = system::open(data)?;
    let mut state = eseal::State::new(DigestAlgorithm::Sha256);
    source.for_each(0..source.len(), |bytes| {
        state.update(bytes);
        Ok(())
    })?;
    let file = DataFile::by_digest("data.bin", state.finish());
    warm()?;
    child(|| add(path, Some(file)))
}

fn new(sources: &[Source]) -> Document {
    Document::new_container(data_files(sources), &Limits::default()).expect("can be a container")
}

fn data_files(sources: &[Source]) -> Vec<DataFile> {
    sources.iter().enumerate().map(|(n, source)| DataFile::new(format!("{n}.txt"), source.clone())).collect()
}

/// So many texts of 30 KB.
fn words(count: usize) -> Vec<Vec<u8>> {
    (0..count).map(|n| inputs::words(n as u64 + 1, 30_000)).collect()
}
