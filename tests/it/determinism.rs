//! Equal arguments give equal bytes: twice, with one worker and with eight, in any order.

use std::collections::BTreeMap;
use std::sync::Arc;

use eseal::batch::Batch;
use eseal::{DataFile, Document, Limits, Source};

use crate::key::{file, moment, plan, sign};
use crate::sign::SOUND;

/// Signs the samples in the order of `names`; the state and the document of each.
fn run(workers: usize, names: &[&'static str]) -> BTreeMap<&'static str, (Vec<u8>, Vec<u8>)> {
    let (plan, moment) = (Arc::new(plan("p256")), moment(5));
    let work = |name: &'static str| {
        let source = Source::from_bytes(file(&format!("pdf/{name}.pdf")));
        let document = Document::open(source, &Limits::default())?;
        let prepared = document.prepare(&plan, moment.for_document(name.as_bytes()))?;
        let (state, value) = (prepared.to_state()?, sign(prepared.to_be_signed()));
        let mut out = Vec::new();
        prepared.finalize(value)?.output().write_to(&mut out)?;
        Ok((name, state, out))
    };
    let mut order = Vec::new();
    let mut results = BTreeMap::new();
    Batch::new(workers, 4).run(names.iter().map(|name| (1, *name)), work, |index, result| {
        let (name, state, out) = result.expect("sample is signed");
        assert_eq!(names[index], name);
        order.push(index);
        results.insert(name, (state, out));
    });
    assert!(order.is_sorted(), "results come in input order");
    assert_eq!(results.len(), names.len());
    results
}

#[test]
fn workers_and_order_change_no_byte() {
    let names = SOUND.to_vec();
    let expected = run(1, &names);
    assert!(run(1, &names) == expected, "the same call twice");
    assert!(run(8, &names) == expected, "eight workers");
    let mut shuffled = names.clone();
    // A fixed permutation: every seventh, as twenty and seven have no common divisor.
    for (n, name) in shuffled.iter_mut().enumerate() {
        *name = names[n * 7 % names.len()];
    }
    assert_ne!(shuffled, names);
    assert!(run(8, &shuffled) == expected, "another order");
}

#[test]
fn containers_are_the_same_with_any_number_of_workers() {
    let plan = plan("p256");
    let run = |workers: usize, names: &[usize]| {
        let work = |n: usize| {
            let content = vec![u8::try_from(n).unwrap(); n * 9_000];
            let files = || vec![DataFile::new(format!("{n}.txt"), Source::from_bytes(content.as_slice()))];
            let moment = moment(5).for_document(&[u8::try_from(n).unwrap()]);
            let prepared = Document::new_container(files(), &Limits::default())?.prepare(&plan, moment)?;
            let value = sign(prepared.to_be_signed());
            let mut made = Vec::new();
            prepared.finalize(value)?.output().write_to(&mut made)?;
            let document = Document::open(Source::from_bytes(made.as_slice()), &Limits::default())?;
            let prepared = document.prepare(&plan, moment)?;
            let value = sign(prepared.to_be_signed());
            let mut added = Vec::new();
            prepared.finalize(value)?.output().write_to(&mut added)?;
            Ok((n, made, added))
        };
        let mut results = BTreeMap::new();
        Batch::new(workers, 4).run(names.iter().map(|n| (1, *n)), work, |_, result| {
            let (n, made, added) = result.expect("is signed");
            results.insert(n, (made, added));
        });
        results
    };
    let names: Vec<usize> = (0..20).collect();
    let expected = run(1, &names);
    assert!(run(8, &names) == expected, "eight workers");
    let shuffled: Vec<usize> = (0..20).map(|n| n * 7 % 20).collect();
    assert!(run(8, &shuffled) == expected, "another order");
}

#[test]
fn another_moment_or_name_gives_another_id() {
    let document = Document::open(Source::from_bytes(file("pdf/minimal.pdf")), &Limits::default()).unwrap();
    let id = |moment| document.prepare(&plan("p256"), moment).unwrap().id().to_owned();
    let ids = [id(moment(1)), id(moment(2)), id(moment(1).for_document(b"a")), id(moment(1).for_document(b"b"))];
    let different: std::collections::BTreeSet<_> = ids.iter().collect();
    assert_eq!(different.len(), ids.len());
    assert_eq!(id(moment(1)), ids[0]);
}
