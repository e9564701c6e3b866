//! The second half: check the value, embed it, write.

#![allow(clippy::expect_used, reason = "a bench that can't run must say so")]
#![allow(clippy::as_conversions, reason = "lengths of its own making")]
#![allow(missing_docs, reason = "made by criterion's macros")]

mod inputs;

use std::hint::black_box;
use std::io;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use eseal::{Compress, Document, Limits, Prepared, Signer, Source};
use inputs::Kind;

fn finalize(criterion: &mut Criterion) {
    let (plan, key) = (inputs::plan(), inputs::example_key());
    let mut group = criterion.benchmark_group("finalize");
    for bytes in [10 << 10, 1 << 20, 16 << 20] {
        let source = Source::from_shared(Arc::new(inputs::document(Kind::Table, 6, bytes)));
        let document = Document::open(source.clone(), &Limits::default()).expect("opens");
        let prepared = document.prepare(&plan, inputs::moment()).expect("prepares");
        let state = prepared.to_state().expect("a state");
        let value = key.sign(prepared.to_be_signed()).expect("signs");
        group.throughput(Throughput::Bytes(bytes as u64));
        group.bench_function(BenchmarkId::new("resume and write", bytes), |b| {
            b.iter(|| {
                let prepared = Prepared::resume(&state, source.clone(), &Limits::default()).expect("resumes");
                let signed = prepared.finalize(value.clone()).expect("verifies");
                black_box(signed.output().write_to(io::sink()).expect("writes"))
            });
        });
    }
    group.finish();
}

fn containers(criterion: &mut Criterion) {
    let key = inputs::example_key();
    let files = inputs::data_files(100);
    let mut group = criterion.benchmark_group("finalize a container of 100 files of 30 KB");
    group.throughput(Throughput::Bytes(100 * 30_000));
    for compress in [Compress::Store, Compress::Auto] {
        let plan = inputs::plan().compress(compress);
        let new = Document::new_container(files.clone(), &Limits::default()).expect("can be a container");
        let prepared = new.prepare(&plan, inputs::moment()).expect("prepares");
        let state = prepared.to_state().expect("a state");
        let value = key.sign(prepared.to_be_signed()).expect("signs");
        group.bench_function(BenchmarkId::new("resume and write", compress), |b| {
            b.iter(|| {
                let prepared = Prepared::resume(&state, files.clone(), &Limits::default()).expect("resumes");
                let signed = prepared.finalize(value.clone()).expect("verifies");
                black_box(signed.output().write_to(io::sink()).expect("writes"))
            });
        });
    }
    group.finish();
}

criterion_group!(benches, finalize, containers);
criterion_main!(benches);
