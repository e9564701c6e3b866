//! What is in a document.

#![allow(clippy::expect_used, reason = "a bench that can't run must say so")]
#![allow(clippy::as_conversions, reason = "lengths of its own making")]
#![allow(missing_docs, reason = "made by criterion's macros")]

mod inputs;

use std::hint::black_box;
use std::io::Cursor;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use eseal::{Document, Limits, Source};
use inputs::Kind;

/// A document of 50 KB with so many signatures.
fn signed(times: usize) -> Vec<u8> {
    let (plan, key) = (inputs::plan(), inputs::example_key());
    let mut bytes = inputs::document(Kind::Table, 6, 50 << 10);
    for _ in 0..times {
        let document = Document::open(Source::from_bytes(bytes), &Limits::default()).expect("opens");
        let mut out = Cursor::new(Vec::new());
        let signed = eseal::seal::seal(&document, &plan, &key, inputs::moment()).expect("signs");
        signed.output().write_to(&mut out).expect("writes");
        bytes = out.into_inner();
    }
    bytes
}

fn inspect(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("inspect 50 KB");
    for times in [0, 1, 10] {
        let bytes = Arc::new(signed(times));
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        group.bench_with_input(BenchmarkId::new("signatures", times), &bytes, |b, bytes| {
            b.iter(|| {
                let source = Source::from_shared(Arc::clone(bytes));
                black_box(Document::open(source, &Limits::default()).expect("opens").inspect().expect("reads"))
            });
        });
    }
    group.finish();
}

fn containers(criterion: &mut Criterion) {
    let new = Document::new_container(inputs::data_files(100), &Limits::default()).expect("can be a container");
    let signed = eseal::seal::seal(&new, &inputs::plan(), &inputs::example_key(), inputs::moment()).expect("signs");
    let mut bytes = Vec::new();
    signed.output().write_to(&mut bytes).expect("writes");
    let bytes = Arc::new(bytes);
    let mut group = criterion.benchmark_group("inspect a container");
    group.throughput(Throughput::Bytes(bytes.len() as u64));
    group.bench_function("100 files of 30 KB", |b| {
        b.iter(|| {
            let source = Source::from_shared(Arc::clone(&bytes));
            black_box(Document::open(source, &Limits::default()).expect("opens").inspect().expect("reads"))
        });
    });
    group.finish();
}

criterion_group!(benches, inspect, containers);
criterion_main!(benches);
