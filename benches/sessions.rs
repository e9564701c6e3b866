//! Sessions through a store: what each call costs a session, and how much memory many take: `cargo bench --bench sessions`.
//!
//! `cargo bench --bench sessions -- COUNT DIRECTORY BYTES` takes another number of sessions, another place for the store
//! than the system's temporary folder, and other documents than of 30 KB; in a folder in memory nothing waits for a disk.
//! Peak memory is that of the process so far: run it with two counts to see what a session adds.

#![allow(clippy::expect_used, clippy::indexing_slicing, reason = "a bench that can't run must say so")]
#![allow(clippy::as_conversions, clippy::disallowed_methods, reason = "it measures time")]

mod inputs;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use eseal::batch::{Form, Sessions};
use eseal::store::{SessionDirectory, SessionId};
use eseal::system::{OsEntropy, SystemClock};
use eseal::{DigestAlgorithm, Limits, SignatureValue, Signer as _, Source};
use inputs::Kind;

const COUNT: usize = 1_000;
const BYTES: usize = 30 << 10;

fn main() {
    let mut arguments = std::env::args().skip(1).filter(|argument| !argument.starts_with("--"));
    let count: usize = arguments.next().map_or(COUNT, |count| count.parse().expect("a number"));
    let place = arguments.next().map_or_else(std::env::temp_dir, PathBuf::from);
    let bytes: usize = arguments.next().map_or(BYTES, |bytes| bytes.parse().expect("a number"));
    let directory = tempfile::tempdir_in(place).expect("a folder");
    let limits = Limits::default();
    let store = SessionDirectory::create(directory.path(), &limits).expect("a store");
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let sessions = Sessions::new(Arc::new(store), Arc::new(SystemClock), Arc::new(OsEntropy), &limits).workers(workers);
    let (key, plan) = (inputs::example_key(), inputs::plan());
    let content = Source::from_bytes(inputs::document(Kind::Table, 6, bytes));

    println!("{count} sessions of a PDF of {} bytes, {workers} workers", content.len());
    println!("| call | a session | | peak memory |\n|---|--:|---|--:|");
    let hashed = time(count, || {
        (0..count).for_each(|_| {
            let bytes = content.window(0..content.len()).expect("reads");
            std::hint::black_box(DigestAlgorithm::Sha256.digest(&bytes));
        });
    });
    println!("| `sha2` alone, one core | {hashed:.1} µs | | {} |", peak());
    let row = |call: &str, took: f64| println!("| {call} | {took:.1} µs | × {:.1} | {} |", took / hashed, peak());

    let mut ids: Vec<SessionId> = Vec::new();
    row("start", time(count, || ids = sessions.start(count).expect("starts")));
    row(
        "upload",
        time(count, || ids.iter().for_each(|id| drop(sessions.upload(id, "a.pdf", &content).expect("is taken in")))),
    );
    // As a client has them: an id and a value for each.
    let mut values: Vec<(SessionId, Vec<u8>)> = Vec::with_capacity(count);
    row(
        "prepare, P-256 signature included",
        time(count, || {
            for ids in ids.chunks(WINDOW) {
                for (id, digest) in ids.iter().zip(sessions.prepare(ids, &plan, Form::Pdf)) {
                    let value = key.sign(&digest.expect("prepares").to_be_signed).expect("signs");
                    values.push((*id, value.as_bytes().to_vec()));
                }
            }
        }),
    );
    row(
        "finalize, B-B",
        time(count, || {
            for values in values.chunks(WINDOW) {
                let values = values.iter().map(|(id, value)| (*id, SignatureValue::ecdsa_der(value.as_slice())));
                let results = sessions.finalize(values.collect(), None);
                assert!(results.iter().all(|result| result.as_ref().is_ok_and(|result| !result.is_again)));
            }
        }),
    );
    row("list", time(count, || ids.iter().for_each(|id| assert_eq!(sessions.list(id).expect("lists").len(), 1))));
}

/// Microseconds a session.
fn time(count: usize, work: impl FnOnce()) -> f64 {
    let begun = Instant::now();
    work();
    begun.elapsed().as_secs_f64() * 1e6 / count as f64
}

/// The most memory that this process has had, where the system tells.
fn peak() -> String {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let kib = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse().ok());
    kib.map_or(String::new(), |kib: u32| format!("{:.1} MiB", f64::from(kib) / 1024.0))
}

// So many are answered at a time, and forgotten.
const WINDOW: usize = 256;
