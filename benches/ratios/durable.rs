//! From disk to disk: many small PDFs through the command, every result on the disk before it has its name.
//!
//! Set beside the key operations alone, measured in the same run on as many threads. By the clock: what counts is when
//! the night's work is done.

use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};

use super::inputs::{self, Kind};
use super::{Result, micros, ratio, row, rsa_key, rsa_pair};

pub(crate) fn table(folder: &Path) -> Result<()> {
    let (from, to) = (folder.join("documents"), folder.join("sealed"));
    // As a house has them: some folders of a thousand each.
    for n in 0..DOCUMENTS {
        let part = from.join(format!("{:02}", n / 1_000));
        if n % 1_000 == 0 {
            fs::create_dir_all(&part)?;
        }
        let kind = if n % 2 == 0 { Kind::Table } else { Kind::Streams };
        fs::write(part.join(format!("{n}.pdf")), inputs::document(kind, 6, 30_000))?;
    }
    rsa_key(folder)?;
    let pair = rsa_pair(folder)?;
    let workers = std::thread::available_parallelism()?.get();
    let before = key_alone(&pair, workers)?;
    let at = Instant::now();
    let mut seal = Command::new(env!("CARGO_BIN_EXE_eseal"));
    seal.arg("seal").arg(&from).arg("--out").arg(&to).arg("--key").arg(folder.join("key.pem"));
    seal.arg("--cert").arg(folder.join("cert.pem")).args(["--json", "--jobs", &workers.to_string()]);
    let ended = seal.stdin(Stdio::null()).stdout(fs::File::create(folder.join("lines"))?).stderr(Stdio::inherit());
    let ended = ended.status()?;
    let took = at.elapsed();
    if !ended.success() {
        return Err(format!("eseal ended with {ended}").into());
    }
    // The machine may have been busier before than after.
    let alone = (before + key_alone(&pair, workers)?) / 2;
    let each = took / u32::try_from(DOCUMENTS)?;
    row(
        &format!(
            "seal {DOCUMENTS} PDFs of 30 KB with RSA-2048 from disk to disk, durable / key operations over {workers} workers"
        ),
        "1.5",
        ratio(each, alone),
        format!(
            "{:.0} µs / {:.0} µs each, by the clock; {:.1} s in all",
            micros(each),
            micros(alone),
            took.as_secs_f64()
        ),
    );
    let disk = disk_alone(&to, &folder.join("copies"))?;
    row(
        "writing and syncing the same files alone, 8 at a time / key operations",
        "",
        ratio(disk, alone),
        format!("{:.0} µs each, by the clock", micros(disk)),
    );
    row(
        "sealing 200,000 of them",
        "",
        format!("{:.1} min", took.as_secs_f64() * 200_000.0 / DOCUMENTS as f64 / 60.0),
        "extrapolated: each document costs the same".to_owned(),
    );
    Ok(())
}

/// Time of one of 2,000 key operations over all workers, by the clock.
fn key_alone(pair: &RsaKeyPair, workers: usize) -> Result<Duration> {
    let next = AtomicUsize::new(0);
    let at = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                let (random, mut value) = (SystemRandom::new(), vec![0; pair.public_modulus_len()]);
                while next.fetch_add(1, Ordering::Relaxed) < SIGNATURES {
                    pair.sign(&RSA_PKCS1_SHA256, &random, &[7; 200], &mut value).expect("signs");
                }
            });
        }
    });
    Ok(at.elapsed() / u32::try_from(SIGNATURES)?)
}

/// Time of one of the sealed files when all of them are written again, by the clock: what the file system takes.
fn disk_alone(from: &Path, to: &Path) -> Result<Duration> {
    let mut files = Vec::new();
    for part in fs::read_dir(from)?.filter_map(std::result::Result::ok).filter(|part| part.path().is_dir()) {
        fs::create_dir_all(to.join(part.file_name()))?;
        for file in fs::read_dir(part.path())? {
            files.push((file?.path(), to.join(part.file_name())));
        }
    }
    let next = AtomicUsize::new(0);
    let at = Instant::now();
    std::thread::scope(|scope| {
        let work = || {
            while let Some((file, to)) = files.get(next.fetch_add(1, Ordering::Relaxed)) {
                let bytes = fs::read(file).expect("reads");
                let mut copy = fs::File::create_new(to.join(file.file_name().expect("a name"))).expect("creates");
                copy.write_all(&bytes).and_then(|()| copy.sync_all()).expect("writes");
            }
        };
        (0..8).for_each(|_| drop(scope.spawn(work)));
    });
    Ok(at.elapsed() / u32::try_from(files.len())?)
}

const DOCUMENTS: usize = 20_000;
const SIGNATURES: usize = 2_000;
