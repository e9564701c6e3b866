//! The first half: open, plan, append, hash.

#![allow(clippy::expect_used, reason = "a bench that can't run must say so")]
#![allow(clippy::as_conversions, reason = "lengths of its own making")]
#![allow(missing_docs, reason = "made by criterion's macros")]

mod inputs;

use std::hint::black_box;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use eseal::{Document, Limits, Source};
use inputs::Kind;

fn prepare(source: &Arc<Vec<u8>>, plan: &eseal::Plan) {
    let document = Document::open(Source::from_shared(Arc::clone(source)), &Limits::default()).expect("opens");
    black_box(document.prepare(plan, inputs::moment()).expect("prepares"));
}

fn small(criterion: &mut Criterion) {
    let documents: Vec<_> = inputs::small(1000).into_iter().map(Arc::new).collect();
    let plan = inputs::plan();
    let mut group = criterion.benchmark_group("prepare");
    group.throughput(Throughput::Bytes(documents.iter().map(|d| d.len() as u64).sum()));
    group.bench_function("1000 documents of 1-50 KB", |b| b.iter(|| documents.iter().for_each(|d| prepare(d, &plan))));
    group.finish();
}

fn many_objects(criterion: &mut Criterion) {
    let plan = inputs::plan();
    let mut group = criterion.benchmark_group("prepare 400,000 objects");
    group.sample_size(10);
    for (name, kind) in [("table", Kind::Table), ("object streams", Kind::Streams)] {
        let document = Arc::new(inputs::document(kind, 400_000, 0));
        group.throughput(Throughput::Bytes(document.len() as u64));
        group.bench_with_input(BenchmarkId::from_parameter(name), &document, |b, d| b.iter(|| prepare(d, &plan)));
    }
    group.finish();
}

fn containers(criterion: &mut Criterion) {
    let plan = inputs::plan();
    let mut group = criterion.benchmark_group("prepare a container");
    for count in [1, 100, 1_000] {
        let new = Document::new_container(inputs::data_files(count), &Limits::default()).expect("can be a container");
        group.throughput(Throughput::Bytes(count as u64 * 30_000));
        group.bench_function(BenchmarkId::new("files of 30 KB", count), |b| {
            b.iter(|| black_box(new.prepare(&plan, inputs::moment()).expect("prepares")));
        });
    }
    group.finish();
}

criterion_group!(benches, small, many_objects, containers);
criterion_main!(benches);
