use std::path::Path;

use crate::pdf::{Document, Recovery, fields, first_page, page_number};
use crate::{Limits, Source};

/// Opens all PDFs below the directory `ESEAL_CORPUS` (when compiled) and prints what became of each.
#[test]
#[ignore = "needs a directory of files"]
fn corpus() {
    let root = option_env!("ESEAL_CORPUS").unwrap_or("target/corpora");
    let mut todo = vec![Path::new(root).to_path_buf()];
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            todo.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        if path.extension().is_none_or(|ext| !ext.eq_ignore_ascii_case("pdf")) {
            continue;
        }
        let source = Source::from_bytes(std::fs::read(&path).unwrap());
        for recovery in [Recovery::Refuse, Recovery::Rebuild] {
            match describe(&source, recovery) {
                Ok(text) => println!("OK\t{recovery:?}\t{}\t{text}", path.display()),
                Err(error) => println!("ERR\t{recovery:?}\t{}\t{} {error}", path.display(), error.code().as_str()),
            }
        }
    }
}

fn describe(source: &Source, recovery: Recovery) -> crate::Result<String> {
    let document = Document::open(source, &Limits::default(), recovery)?;
    let (page, _) = first_page(&document)?;
    let number = page_number(&document, page)?;
    let fields = fields(&document)?.fields.len();
    let revisions = document.revisions()?.len();
    let (kind, size, rebuilt) = (document.kind(), document.size(), document.is_rebuilt());
    Ok(format!("{kind:?} size {size} fields {fields} revisions {revisions} page {number:?} rebuilt {rebuilt}"))
}

/// Measures opening with catalog, page and form, of the files named in `ESEAL_FILES` (when compiled).
#[test]
#[ignore = "needs files, and a release build"]
#[expect(clippy::disallowed_methods, reason = "a measurement")]
fn speed() {
    for path in option_env!("ESEAL_FILES").unwrap_or_default().split(':').filter(|path| !path.is_empty()) {
        let bytes = std::sync::Arc::new(std::fs::read(path).unwrap());
        let times = if bytes.len() < 100_000 { 10_000 } else { 20 };
        let start = std::time::Instant::now();
        for _ in 0..times {
            let source = Source::from_shared(std::sync::Arc::clone(&bytes));
            describe(&source, Recovery::Refuse).unwrap();
        }
        let all = start.elapsed() / times;
        let start = std::time::Instant::now();
        for _ in 0..times {
            let source = Source::from_shared(std::sync::Arc::clone(&bytes));
            Document::open(&source, &Limits::default(), Recovery::Refuse).unwrap();
        }
        println!("{path}: open {:?}, all {all:?}", start.elapsed() / times);
    }
}
