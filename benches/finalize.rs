//! The second half: check the value, embed it, write.

#![allow(clippy::expect_used, reason = "a bench that can't run must say so")]
#![allow(clippy::as_conversions, reason = "lengths of its own making")]
#![allow(missing_docs, reason = "made by criterion's macros")]

mod inputs;

use std::hint::black_box;
use std::io;
use std::sync::Arc;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use eseal::{Document, Limits, Prepared, Signer, Source};
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

criterion_group!(benches, finalize);
criterion_main!(benches);
