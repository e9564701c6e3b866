//! Both halves with a local key.

#![allow(clippy::expect_used, reason = "a bench that can't run must say so")]
#![allow(missing_docs, reason = "made by criterion's macros")]

mod inputs;

use std::hint::black_box;
use std::io;
use std::sync::Arc;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use eseal::{Document, Limits, Source};
use inputs::Kind;

fn seal(criterion: &mut Criterion) {
    let (plan, key) = (inputs::plan(), inputs::example_key());
    let bytes = Arc::new(inputs::document(Kind::Table, 6, 10 << 10));
    let mut group = criterion.benchmark_group("seal");
    group.throughput(Throughput::Elements(1));
    group.bench_function("10 KB, P-256", |b| {
        b.iter(|| {
            let document = Document::open(Source::from_shared(Arc::clone(&bytes)), &Limits::default()).expect("opens");
            let signed = eseal::seal::seal(&document, &plan, &key, inputs::moment()).expect("signs");
            black_box(signed.output().write_to(io::sink()).expect("writes"))
        });
    });
    group.finish();
}

criterion_group!(benches, seal);
criterion_main!(benches);
