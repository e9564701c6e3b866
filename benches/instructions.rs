//! Instructions each stage takes: `cargo bench --bench instructions` counts them under valgrind and holds them against
//! `instructions/baseline.tsv`.
//!
//! Unlike time, they are the same whatever else the machine does, so they may gate a change: a stage that takes more
//! than 3 % above the baseline ends the program with status 1. Not counted is what hashes and what calculates with
//! keys: valgrind shows no SHA extensions, and little of it is this crate's. `-- --renew` writes the baseline anew, after
//! a change that is worth its instructions or has saved some.
//!
//! Another compiler, valgrind, C library or processor gives other numbers. The baseline says whose it has; elsewhere
//! they are printed and nothing is compared.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a bench that can't run must say so")]
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    dead_code,
    unreachable_pub,
    reason = "it uses a part of the tests' authority"
)]
#![allow(clippy::as_conversions, reason = "lengths of its own making")]

#[path = "../tests/authority/mod.rs"]
mod authority;
mod inputs;
#[path = "instructions/profile.rs"]
mod profile;
#[path = "instructions/stages.rs"]
mod stages;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

type Result<T> = std::result::Result<T, Box<dyn std::error::Error>>;

fn main() -> Result<ExitCode> {
    let arguments: Vec<_> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        // This program under valgrind.
        ["count"] => stages::run().map(|()| ExitCode::SUCCESS),
        [] => compare(),
        ["--renew"] => renew(),
        _ => Err("wants nothing, or --renew".into()),
    }
}

/// Holds what is counted now against the baseline.
fn compare() -> Result<ExitCode> {
    let Some(now) = count()? else {
        println!("skipped: valgrind is not here, so no instructions were counted");
        return Ok(ExitCode::SUCCESS);
    };
    let baseline = Baseline::read(&fs::read_to_string(path())?)?;
    let foreign = baseline.made_with != now.made_with;
    if foreign {
        println!(
            "not compared: the baseline was counted with {}\n{:16}this is {}",
            baseline.made_with, "", now.made_with
        );
    }
    let (mut is_worse, mut is_better) = (false, false);
    for name in stages::NAMES {
        let count = now.counts[*name];
        let Some(&before) = baseline.counts.get(*name) else {
            println!("{name:40} {count:>12}  is not in the baseline");
            is_worse |= !foreign;
            continue;
        };
        let change = count as f64 / before as f64 * 100.0 - 100.0;
        println!("{name:40} {count:>12}  {change:+.1} % of {before}");
        is_worse |= change > TOLERANCE && !foreign;
        is_better |= change < -TOLERANCE && !foreign;
    }
    if is_worse || is_better {
        println!("to take these numbers for the baseline: cargo bench --bench instructions -- --renew");
    }
    if is_worse {
        println!("worse than the baseline by more than {TOLERANCE} %, or not in it");
        return Ok(ExitCode::FAILURE);
    }
    Ok(ExitCode::SUCCESS)
}

fn renew() -> Result<ExitCode> {
    let now = count()?.ok_or("valgrind is not here")?;
    fs::write(path(), now.write())?;
    println!("{}", path().display());
    Ok(ExitCode::SUCCESS)
}

/// Instructions of each stage, and with what they were counted.
struct Baseline {
    made_with: String,
    counts: BTreeMap<String, u64>,
}

impl Baseline {
    fn read(text: &str) -> Result<Baseline> {
        let mut lines = text.lines().filter(|line| !line.starts_with('#'));
        let made_with = lines.next().ok_or("the baseline is empty")?.to_owned();
        let count = |line: &str| -> Result<_> {
            let (name, count) = line.split_once('\t').ok_or_else(|| format!("no count in {line:?}"))?;
            Ok((name.to_owned(), count.parse()?))
        };
        Ok(Baseline { made_with, counts: lines.map(count).collect::<Result<_>>()? })
    }

    fn write(&self) -> String {
        let head = "# Instructions of each stage, without hashing and keys. Written by: cargo bench --bench instructions -- --renew\n";
        let rows = stages::NAMES.iter().map(|name| format!("{name}\t{}\n", self.counts[*name]));
        format!("{head}{}\n{}", self.made_with, rows.collect::<String>())
    }
}

/// Runs all stages under valgrind; `None` where there is none.
fn count() -> Result<Option<Baseline>> {
    let Ok(version) = line_of(Command::new("valgrind").arg("--version")) else { return Ok(None) };
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("profile");
    let mut valgrind = Command::new("valgrind");
    valgrind.args(["--tool=callgrind", "--compress-strings=no", "--compress-pos=no"]);
    // Collected is what happens inside of it, and written at its end: a profile for each stage.
    valgrind.args([
        "--toggle-collect=instructions::stages::measured_stage",
        "--dump-after=instructions::stages::measured_stage",
    ]);
    valgrind.arg(format!("--callgrind-out-file={}", out.display()));
    let child = valgrind.arg(std::env::current_exe()?).arg("count").output()?;
    if !child.status.success() {
        return Err(format!("valgrind: {}", String::from_utf8_lossy(&child.stderr)).into());
    }
    let mut counts = BTreeMap::new();
    for (n, name) in stages::NAMES.iter().enumerate() {
        let profile = PathBuf::from(format!("{}.{}", out.display(), n + 1));
        counts.insert((*name).to_owned(), profile::counted(&fs::read_to_string(profile)?)?);
    }
    let processor = String::from_utf8(child.stdout)?;
    let compiler = line_of(Command::new("rustc").arg("--version").current_dir(env!("CARGO_MANIFEST_DIR")))?;
    let library = line_of(Command::new("getconf").arg("GNU_LIBC_VERSION"))?;
    let made_with = format!("{compiler}, {version}, {library}, {}", processor.trim());
    Ok(Some(Baseline { made_with, counts }))
}

fn line_of(command: &mut Command) -> Result<String> {
    let output = command.output()?;
    if !output.status.success() {
        return Err(format!("{command:?} failed").into());
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/instructions/baseline.tsv")
}

/// So many per cent more than the baseline are too many.
const TOLERANCE: f64 = 3.0;
