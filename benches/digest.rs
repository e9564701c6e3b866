//! Messages hashed side by side, by each kernel that this processor has.

#![allow(clippy::expect_used, reason = "a bench that can't run must say so")]
#![allow(clippy::as_conversions, reason = "lengths of its own making")]
#![allow(missing_docs, reason = "made by criterion's macros")]

mod inputs;

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use eseal::{DigestAlgorithm, Source, system};

/// 48 messages: as many as fill the lanes of each kernel several times.
const MESSAGES: usize = 48;

fn kernels(criterion: &mut Criterion, name: &str, messages: &[Source]) {
    let mut group = criterion.benchmark_group(format!("hash {name}"));
    group.throughput(Throughput::Bytes(messages.iter().map(Source::len).sum()));
    for kernel in system::kernels() {
        group.bench_with_input(BenchmarkId::from_parameter(kernel.name()), messages, |b, messages| {
            b.iter(|| black_box(kernel.hash_all(DigestAlgorithm::Sha256, messages)));
        });
    }
    group.finish();
}

fn equal(criterion: &mut Criterion) {
    for kib in [1, 4, 16, 64, 256, 1024] {
        let messages: Vec<_> = (0..MESSAGES).map(|n| Source::from_bytes(vec![n as u8; kib << 10])).collect();
        kernels(criterion, &format!("48 messages of {kib} KiB"), &messages);
    }
}

fn mixed(criterion: &mut Criterion) {
    let messages = inputs::mixed(MESSAGES);
    kernels(criterion, "48 messages of 10 KB to 1 MB", &messages);
}

criterion_group!(benches, equal, mixed);
criterion_main!(benches);
