//! Many documents at once on one core and on two, against hashing one at a time.

use std::hint::black_box;
use std::process::Command;
use std::time::{Duration, Instant};

use eseal::batch::Batch;
use eseal::{DigestAlgorithm, Document, Limits, Source, prepare_all, system};
use sha2::{Digest as _, Sha256};

use crate::inputs::{self, Kind, moment, plan};
use crate::{Result, cpu, least, micros, ms, ratio, row};

/// All rows of this part.
pub(crate) fn table() -> Result<()> {
    throughput()?;
    documents()
}

/// Messages of 10 KB to 1 MB, in memory.
fn throughput() -> Result<()> {
    let messages = inputs::mixed(240);
    let bytes: u64 = messages.iter().map(Source::len).sum();
    let kernel = system::fastest_kernel();
    let hash = || black_box(kernel.hash_all(DigestAlgorithm::Sha256, &messages)).iter().all(|state| state.is_ok());
    let lanes = bytes as f64 / 1e6 / cpu(5, hash)?.as_secs_f64();
    let single = openssl_speed()?;
    row(
        &format!("hash 10 KB-1 MB on one core ({kernel:?}) / `openssl speed`, 16 KiB"),
        "at least 1.6",
        format!("{:.2}", lanes / single),
        format!("{lanes:.0} MB/s / {single:.0} MB/s"),
    );
    // By the clock: each worker takes every other group of the messages.
    let run = |workers| {
        let passes = (0..5).map(|_| {
            let at = Instant::now();
            let groups = messages.chunks(24).map(|group| (0, group));
            let work = |group| Ok(kernel.hash_all(DigestAlgorithm::Sha256, group).len());
            Batch::new(workers, 64).run(groups, work, |_, result| assert!(result.is_ok()));
            at.elapsed()
        });
        Ok(passes.min().unwrap_or_default())
    };
    let (one, two) = (least(|| run(1))?, least(|| run(2))?);
    row(
        "the same, two workers against one",
        "at least 1.7",
        format!("{:.2}", one.as_secs_f64() / two.as_secs_f64()),
        format!("{} / {}, by the clock", ms(one), ms(two)),
    );
    Ok(())
}

/// 10,000 documents of 30 KB: opened, prepared side by side, and dropped, 64 at a time.
fn documents() -> Result<()> {
    let documents: Vec<_> = (0..500).map(|n| inputs::document(Kind::Table, 6 + n % 3, 30_000)).collect();
    let sources: Vec<_> = documents.iter().map(|bytes| Source::from_bytes(bytes.as_slice())).collect();
    let (plan, limits, kernel) = (plan(), Limits::default(), system::fastest_kernel());
    let rounds = 10_000 / documents.len() as u32;
    let hash = cpu(rounds, || documents.iter().for_each(|bytes| _ = black_box(Sha256::digest(bytes.as_slice()))))?;
    let prepare = cpu(rounds, || {
        for group in sources.chunks(64) {
            let opened: Vec<_> =
                group.iter().map(|source| Document::open(source.clone(), &limits).expect("opens")).collect();
            let all: Vec<_> = opened.iter().map(|document| (document, &plan, moment())).collect();
            black_box(prepare_all(&all, kernel)).iter().for_each(|prepared| assert!(prepared.is_ok()));
        }
    })?;
    let each = |time: Duration| micros(time) / documents.len() as f64;
    row(
        "prepare 10,000 documents of 30 KB side by side / hash one at a time",
        "2",
        ratio(prepare, hash),
        format!("{:.1} µs / {:.1} µs each", each(prepare), each(hash)),
    );
    Ok(())
}

/// What openssl itself says of SHA-256 over blocks of 16 KiB, in MB/s: the best of three.
pub(crate) fn openssl_speed() -> Result<f64> {
    let mut best = 0.0_f64;
    for _ in 0..3 {
        let mut command = Command::new("openssl");
        command.args(["speed", "-mr", "-seconds", "1", "-bytes", "16384", "-evp", "sha256"]);
        let answer = String::from_utf8(command.output()?.stdout)?;
        // `+F:22:sha256:1499000000.00`
        let line = answer.lines().find_map(|line| line.strip_prefix("+F:")).ok_or("no speed")?;
        best = best.max(line.rsplit(':').next().unwrap_or_default().trim().parse::<f64>()? / 1e6);
    }
    Ok(best)
}
