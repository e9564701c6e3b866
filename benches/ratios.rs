//! The numbers of the README as ratios, measured in one run: `cargo bench --bench ratios`.
//!
//! CPU time, so that other load on the machine changes little; `openssl dgst` and `cp` are the least of three.
//! Needs openssl, cp, a Linux `/proc`, and 4 GiB in the temporary folder. What needs a fresh process (memory,
//! files) is measured in a child: this program, called with the name of the step.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a bench that can't run must say so")]
#![allow(clippy::as_conversions, reason = "lengths and ratios of its own making")]
#![allow(clippy::disallowed_methods, reason = "it measures time")]
#![allow(clippy::unwrap_used, dead_code, unreachable_pub, reason = "it uses a part of the tests' authority")]

#[path = "../tests/authority/mod.rs"]
mod authority;
#[path = "ratios/compare.rs"]
mod compare;
#[path = "ratios/containers.rs"]
mod containers;
#[path = "ratios/durable.rs"]
mod durable;
#[path = "ratios/evidence.rs"]
mod evidence;
mod inputs;
#[path = "ratios/lanes.rs"]
mod lanes;

use std::fs::{self, OpenOptions};
use std::hint::black_box;
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use eseal::batch::Batch;
use eseal::key::LocalKey;
use eseal::system::{Existing, Staged};
use eseal::{Certificate, Document, Limits, Plan, Prepared, Signer, Source, system};
use inputs::{Kind, example_key, moment, plan};
use sha2::{Digest as _, Sha256};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

const GIB: u64 = 1 << 30;

fn main() -> Result<()> {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    if let Some(done) = containers::part(&arguments).or_else(|| evidence::part(&arguments)) {
        return done;
    }
    match arguments[..] {
        ["prepare", path] => child(|| prepare_file(Path::new(path)).map(drop)),
        ["finalize", path, target, sync] => finalize_file(Path::new(path), Path::new(target), sync == "sync"),
        ["small"] => small_documents(),
        ["compare"] => compare::table(tempfile::tempdir()?.path()),
        ["lanes"] => lanes::table(),
        ["evidence"] => evidence::table(tempfile::tempdir()?.path()),
        ["durable"] => durable::table(tempfile::tempdir()?.path()),
        ["containers"] => containers::table(tempfile::tempdir()?.path()),
        _ => table(),
    }
}

fn table() -> Result<()> {
    let folder = tempfile::tempdir()?;
    println!("| what | bound | measured | |\n|---|--:|--:|---|");
    gigabyte(folder.path())?;
    many_objects(folder.path())?;
    small_documents()?;
    lanes::table()?;
    sealing(folder.path())?;
    containers::table(folder.path())?;
    evidence::table(folder.path())
}

fn row(what: &str, bound: &str, measured: String, more: String) {
    println!("| {what} | {bound} | {measured} | {more} |");
}

/// 1 GiB: prepare, finalize to a new file, fill the hole in place.
fn gigabyte(folder: &Path) -> Result<()> {
    let (path, target) = (folder.join("1g.pdf"), folder.join("1g-signed.pdf"));
    inputs::document_file(&path, Kind::Table, 6, GIB)?;
    let hash = least(|| cpu_of(Command::new("openssl").args(["dgst", "-sha256"]).arg(&path)))?;
    let copied = folder.join("copy.pdf");
    let copy = least(|| {
        let time = cpu_of(Command::new("cp").arg(&path).arg(&copied))?;
        fs::remove_file(&copied)?;
        Ok(time)
    })?;

    let mut resident = 0;
    let prepare = least(|| {
        let (time, memory) = step(&["prepare", text(&path)?])?;
        resident = resident.max(memory);
        Ok(time)
    })?;
    row("prepare 1 GiB / `openssl dgst`", "1.10", ratio(prepare, hash), format!("{} / {}", ms(prepare), ms(hash)));
    row("prepare 1 GiB, resident memory", "24 MiB", format!("{:.1} MiB", resident as f64 / 1024.0), String::new());

    let write = |how: &str| {
        least(|| {
            let (time, _) = step(&["finalize", text(&path)?, text(&target)?, how])?;
            fs::remove_file(&target)?;
            Ok(time)
        })
    };
    let finalize = write("no-sync")?;
    row(
        "finalize 1 GiB to a new file / (`cp` + `openssl dgst`)",
        "1.25",
        ratio(finalize, copy + hash),
        format!("{} / ({} + {})", ms(finalize), ms(copy), ms(hash)),
    );
    let at = Instant::now();
    step(&["finalize", text(&path)?, text(&target)?, "sync"])?;
    row("the same with sync, by the clock", "", format!("{:.1} s", at.elapsed().as_secs_f64()), String::new());
    fs::remove_file(&target)?;

    let mut times = Vec::new();
    for bytes in [1 << 20, GIB] {
        inputs::document_file(&path, Kind::Table, 6, bytes)?;
        times.push(fill_in_place(&path)?);
    }
    row(
        "fill the hole in place, 1 GiB / 1 MiB",
        "independent",
        ratio(times[1], times[0]),
        format!("{:.0} µs / {:.0} µs", micros(times[1]), micros(times[0])),
    );
    fs::remove_file(&path)?;
    Ok(())
}

/// Appends the prepared tail to the file, then measures how long the signature takes to get into its hole.
fn fill_in_place(path: &Path) -> Result<Duration> {
    let prepared = prepare_file(path)?;
    let value = example_key().sign(prepared.to_be_signed())?;
    let signed = prepared.finalize(value)?;
    let fill = signed.fill()?;
    let file = OpenOptions::new().read(true).write(true).open(path)?;
    file.write_all_at(&fill.tail, fill.tail_offset)?;
    let mut times = Vec::new();
    for _ in 0..200 {
        let at = Instant::now();
        let mut found = vec![0; fill.tail.len()];
        file.read_exact_at(&mut found, fill.tail_offset)?;
        assert_eq!(found, fill.tail, "the prepared tail is there");
        file.write_all_at(&fill.hole, fill.hole_offset)?;
        times.push(at.elapsed());
        file.write_all_at(&fill.tail, fill.tail_offset)?;
    }
    times.sort();
    Ok(times[times.len() / 2])
}

/// 400,000 objects, in a table (32 MB) and in object streams (7 MB).
fn many_objects(folder: &Path) -> Result<()> {
    let plan = plan();
    for (name, kind, bound) in [("a table", Kind::Table, "2"), ("object streams", Kind::Streams, "4")] {
        let bytes = Arc::new(inputs::document(kind, 400_000, 0));
        let hash = cpu(10, || black_box(Sha256::digest(bytes.as_slice())))?;
        let prepare = cpu(10, || prepare_bytes(&bytes, &plan))?;
        row(
            &format!("prepare 400,000 objects in {name} ({:.1} MB) / hash", bytes.len() as f64 / 1e6),
            bound,
            ratio(prepare, hash),
            format!("{} / {}", ms(prepare), ms(hash)),
        );
        let path = folder.join("many.pdf");
        fs::write(&path, bytes.as_slice())?;
        let (_, resident) = step(&["prepare", text(&path)?])?;
        row(
            "the same from a file, resident memory",
            "32 MiB",
            format!("{:.1} MiB", resident as f64 / 1024.0),
            String::new(),
        );
    }
    Ok(())
}

/// 1,000 documents of 1 to 50 KB, half of them with object streams.
fn small_documents() -> Result<()> {
    let documents: Vec<_> = inputs::small(1000).into_iter().map(Arc::new).collect();
    let plan = plan();
    let hash = cpu(20, || documents.iter().for_each(|d| _ = black_box(Sha256::digest(d.as_slice()))))?;
    let prepare = cpu(20, || documents.iter().for_each(|d| prepare_bytes(d, &plan)))?;
    let each = micros(prepare) / 1000.0;
    row(
        "prepare 1,000 documents of 1-50 KB / hash",
        "5",
        ratio(prepare, hash),
        format!("{} / {}; {each:.1} µs each", ms(prepare), ms(hash)),
    );

    // By the clock: what counts is that the second worker brings something.
    let run = |workers| {
        let at = Instant::now();
        for _ in 0..40 {
            let inputs = documents.iter().map(|d| (d.len() as u64, d));
            Batch::new(workers, 1024).run(
                inputs,
                |d| {
                    prepare_bytes(d, &plan);
                    Ok(())
                },
                |_, result| assert!(result.is_ok()),
            );
        }
        Ok(at.elapsed())
    };
    let (one, two) = (least(|| run(1))?, least(|| run(2))?);
    row(
        "the same, two workers against one",
        "at least 1.8",
        format!("{:.2}", one.as_secs_f64() / two.as_secs_f64()),
        format!("{} / {}, by the clock", ms(one / 40), ms(two / 40)),
    );
    Ok(())
}

/// An RSA-2048 key with a certificate of its own, made by openssl in `folder`.
fn rsa_key(folder: &Path) -> Result<LocalKey> {
    let (key, certificate) = (folder.join("key.pem"), folder.join("cert.pem"));
    let options = "req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=bench -addext keyUsage=critical,nonRepudiation";
    let mut make = Command::new("openssl");
    cpu_of(make.args(options.split(' ')).arg("-keyout").arg(&key).arg("-out").arg(&certificate))?;
    let certificate = Certificate::parse(&fs::read(&certificate)?)?;
    Ok(LocalKey::open(&fs::read(&key)?, None, None, &[certificate], &Limits::default())?)
}

/// The key that [`rsa_key`] has made in `folder`, bare.
fn rsa_pair(folder: &Path) -> Result<RsaKeyPair> {
    let der = folder.join("key.der");
    let convert = "pkcs8 -topk8 -nocrypt -outform DER -in";
    let mut make = Command::new("openssl");
    cpu_of(make.args(convert.split(' ')).arg(folder.join("key.pem")).arg("-out").arg(&der))?;
    Ok(RsaKeyPair::from_pkcs8(&fs::read(&der)?)?)
}

/// 10 KB with RSA-2048 against the bare key operation.
fn sealing(folder: &Path) -> Result<()> {
    let key = rsa_key(folder)?;
    let certificate = key.chain().first().ok_or("no certificate")?.clone();
    let plan = Plan::new(certificate, &[])?.allow_expired();
    let bytes = Arc::new(inputs::document(Kind::Table, 6, 10 << 10));
    let bare = rsa_pair(folder)?;
    let mut value = vec![0; bare.public_modulus_len()];
    let random = SystemRandom::new();
    let sign = || bare.sign(&RSA_PKCS1_SHA256, &random, &[7; 200], &mut value).expect("signs");
    let alone = cpu(1000, sign)?;
    let sealed = cpu(1000, || {
        let document = Document::open(Source::from_shared(Arc::clone(&bytes)), &Limits::default()).expect("opens");
        let prepared = document.prepare(&plan, moment()).expect("prepares");
        let value = key.sign(prepared.to_be_signed()).expect("signs");
        let signed = prepared.finalize(value).expect("verifies");
        signed.output().write_to(io::sink()).expect("writes")
    })?;
    row(
        "seal 10 KB with RSA-2048 / bare key operation",
        "1.25",
        ratio(sealed, alone),
        format!("{:.0} µs / {:.0} µs", micros(sealed), micros(alone)),
    );
    Ok(())
}

fn prepare_bytes(bytes: &Arc<Vec<u8>>, plan: &Plan) {
    let document = Document::open(Source::from_shared(Arc::clone(bytes)), &Limits::default()).expect("opens");
    black_box(document.prepare(plan, moment()).expect("prepares"));
}

fn prepare_file(path: &Path) -> Result<Prepared> {
    let (source, _) = system::open(path)?;
    Ok(Document::open(source, &Limits::default())?.prepare(&plan(), moment())?)
}

/// Preparing is not measured, finalizing is: resume, check the value, write.
fn finalize_file(path: &Path, target: &Path, sync: bool) -> Result<()> {
    let prepared = prepare_file(path)?;
    let (state, value) = (prepared.to_state()?, example_key().sign(prepared.to_be_signed())?);
    drop(prepared);
    child(|| {
        let (source, _) = system::open(path)?;
        let signed = Prepared::resume(&state, source, &Limits::default())?.finalize(value)?;
        let staged = Staged::write(signed.output(), target, None)?;
        if sync {
            staged.sync()?;
        }
        Ok(staged.commit(Existing::Replace)?)
    })
}

/// Does the step and prints its CPU time in nanoseconds and the most memory it had, in KiB.
fn child(step: impl FnOnce() -> Result<()>) -> Result<()> {
    let before = cpu_now()?;
    step()?;
    let time = cpu_now()?.saturating_sub(before);
    let status = fs::read_to_string("/proc/self/status")?;
    let peak = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .and_then(|line| line.split_whitespace().next())
        .unwrap_or("0");
    writeln!(io::stdout(), "{} {peak}", time.as_nanos())?;
    Ok(())
}

/// Runs `child` in a process of its own: CPU time, peak of resident memory in KiB.
fn step(arguments: &[&str]) -> Result<(Duration, u64)> {
    let output = Command::new(std::env::current_exe()?).args(arguments).stderr(Stdio::inherit()).output()?;
    let answer = String::from_utf8(output.stdout)?;
    let (time, memory) = answer.trim().split_once(' ').ok_or_else(|| format!("{arguments:?} failed"))?;
    Ok((Duration::from_nanos(time.parse()?), memory.parse()?))
}

fn least(mut measure: impl FnMut() -> Result<Duration>) -> Result<Duration> {
    let times = [measure()?, measure()?, measure()?];
    Ok(times.into_iter().min().unwrap_or_default())
}

/// CPU time of one of three times `times` calls on this thread, after a first call that warms up.
///
/// The least of several measurements: whoever shares the processor's caches and its other thread only makes it longer.
fn cpu<R>(times: u32, mut call: impl FnMut() -> R) -> Result<Duration> {
    black_box(call());
    let (measurements, times) = if times < 4 { (3, times) } else { (12, times / 4) };
    let mut found = Duration::MAX;
    for _ in 0..measurements {
        let before = cpu_now()?;
        for _ in 0..times {
            black_box(call());
        }
        found = found.min(cpu_now()?.saturating_sub(before) / times);
    }
    Ok(found)
}

/// CPU time of this thread. The kernel brings it up to date at each tick and each switch of tasks; so switch first.
fn cpu_now() -> Result<Duration> {
    std::thread::sleep(Duration::from_micros(50));
    let text = fs::read_to_string("/proc/thread-self/schedstat")?;
    Ok(Duration::from_nanos(text.split_whitespace().next().unwrap_or("0").parse()?))
}

/// CPU time of another program, in the kernel's ticks of 10 ms.
fn cpu_of(command: &mut Command) -> Result<Duration> {
    let ticks = || -> Result<u64> {
        let stat = fs::read_to_string("/proc/self/stat")?;
        // After the name in brackets: state is field 3, time of ended children fields 16 and 17.
        let fields: Vec<_> = stat.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
        Ok(fields[13].parse::<u64>()? + fields[14].parse::<u64>()?)
    };
    let before = ticks()?;
    let output = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).output()?;
    if !output.status.success() {
        return Err(format!("{command:?}: {}", String::from_utf8_lossy(&output.stderr)).into());
    }
    Ok(Duration::from_millis(10 * (ticks()? - before)))
}

fn text(path: &Path) -> Result<&str> {
    Ok(path.to_str().ok_or("a path that is no text")?)
}

fn ratio(a: Duration, b: Duration) -> String {
    format!("{:.2}", a.as_secs_f64() / b.as_secs_f64())
}

fn ms(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1e3)
}

fn micros(time: Duration) -> f64 {
    time.as_secs_f64() * 1e6
}
