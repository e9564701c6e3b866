//! Preparing PDFs of 30 KB beside the hash alone, and beside what pyHanko and DSS take for the same documents in the
//! same run, where `PYHANKO` names a Python that has it and `DSS` a folder with its jars: `benches/compare/run`.

use std::fs;
use std::hint::black_box;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use eseal::batch::Batch;
use eseal::{Document, Limits, Source, prepare_all, system};
use sha2::{Digest as _, Sha256};

use super::inputs::{self, Kind, example_certificate, moment, plan};
use super::{Result, cpu, least, micros, ratio, row};

/// A table of its own.
pub(crate) fn table(folder: &Path) -> Result<()> {
    let documents: Vec<_> = (0..DOCUMENTS).map(|n| inputs::document(Kind::Table, 6 + n % 3, 30_000)).collect();
    let sources: Vec<_> = documents.iter().map(|bytes| Source::from_bytes(bytes.as_slice())).collect();
    let paths: Vec<PathBuf> = (0..documents.len()).map(|n| folder.join(format!("{n}.pdf"))).collect();
    documents.iter().zip(&paths).try_for_each(|(bytes, path)| fs::write(path, bytes))?;
    let certificate = folder.join("certificate.der");
    fs::write(&certificate, example_certificate().as_der())?;
    let each = |time: Duration| time / documents.len() as u32;
    let told = |time: Duration| format!("{:.1} µs each", micros(time));

    let bytes: u64 = sources.iter().map(Source::len).sum();
    let openssl = super::lanes::openssl_speed()?;
    let floor = Duration::from_secs_f64(bytes as f64 / documents.len() as f64 / openssl / 1e6);
    println!("| what | bound | measured | |\n|---|--:|--:|---|");
    row("hash 30 KB: `openssl speed`, blocks of 16 KiB", "", format!("{openssl:.0} MB/s"), told(floor));
    let hash = each(cpu(20, || documents.iter().for_each(|bytes| _ = black_box(Sha256::digest(bytes.as_slice()))))?);
    row("hash 30 KB: `sha2`", "", "1".to_owned(), told(hash));

    let (plan, limits, kernel) = (plan(), Limits::default(), system::fastest_kernel());
    let open = |source: &Source| Document::open(source.clone(), &limits).expect("opens");
    let one = each(cpu(20, || {
        sources.iter().for_each(|source| drop(black_box(open(source).prepare(&plan, moment()).expect("prepares"))));
    })?);
    row("prepare a PDF of 30 KB / `sha2`", "", ratio(one, hash), told(one));
    let group = |sources: &[Source]| {
        let opened: Vec<_> = sources.iter().map(open).collect();
        let all: Vec<_> = opened.iter().map(|document| (document, &plan, moment())).collect();
        let prepared = black_box(prepare_all(&all, kernel));
        assert!(prepared.iter().all(std::result::Result::is_ok), "prepares");
        prepared.len()
    };
    let batch = each(cpu(20, || sources.chunks(64).map(group).sum::<usize>())?);
    row("the same in a batch, one core / `sha2`", "2", ratio(batch, hash), told(batch));
    let run = |workers| {
        let passes = (0..20).map(|_| {
            let at = Instant::now();
            let groups = sources.chunks(25).map(|sources| (0, sources));
            Batch::new(workers, 64).run(groups, |sources| Ok(group(sources)), |_, result| assert!(result.is_ok()));
            at.elapsed()
        });
        Ok(each(passes.min().unwrap_or_default()))
    };
    let (alone, both) = (least(|| run(1))?, least(|| run(2))?);
    row(
        "two cores against one",
        "at least 1.7",
        ratio(alone, both),
        format!("{} / {}, by the clock", told(alone), told(both)),
    );

    if let Some(others) = pyhanko(&certificate, &paths)? {
        row("pyHanko / eseal in a batch, one core", "", ratio(others, batch), told(others));
        row("pyHanko / eseal in a batch, two cores", "at least 500", ratio(others, both), told(both));
    }
    if let Some((first, others)) = dss(&certificate, &paths)? {
        let more = format!("{}; the first of a process {:.0} ms", told(others), micros(first) / 1e3);
        row("DSS, warm / eseal in a batch, one core", "at least 25", ratio(others, batch), more);
    }
    Ok(())
}

/// CPU time of one document.
fn pyhanko(certificate: &Path, paths: &[PathBuf]) -> Result<Option<Duration>> {
    let Some(python) = variable("PYHANKO") else { return Ok(None) };
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/compare/with_pyhanko.py");
    let answer = answer(Command::new(python).arg(script).arg(certificate).args(paths))?;
    Ok(Some(Duration::from_nanos(answer.parse()?)))
}

/// CPU time of the first document of a process, and of one later.
fn dss(certificate: &Path, paths: &[PathBuf]) -> Result<Option<(Duration, Duration)>> {
    let Some(folder) = variable("DSS") else { return Ok(None) };
    let program = concat!(env!("CARGO_MANIFEST_DIR"), "/benches/compare/Dss.java");
    let mut java = Command::new("java");
    // It would say something for each document.
    java.arg("-Dorg.slf4j.simpleLogger.defaultLogLevel=off");
    java.arg("-cp").arg(format!("{folder}/*")).arg(program).arg(certificate).args(paths);
    let answer = answer(&mut java)?;
    let (first, warm) = answer.split_once(' ').ok_or("Dss.java failed")?;
    Ok(Some((Duration::from_nanos(first.parse()?), Duration::from_nanos(warm.parse()?))))
}

fn variable(name: &str) -> Option<String> {
    #[allow(clippy::disallowed_methods, reason = "says what to measure against")]
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

fn answer(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(String::from_utf8_lossy(&output.stderr).into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

const DOCUMENTS: usize = 200;
