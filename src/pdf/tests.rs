//! Whole documents, built here: what opens, what is refused, and with which code.

use std::path::Path;

use super::*;
use crate::{Limits, Source};

/// Opens all PDFs below the directory `ESEAL_CORPUS` and prints what became of each.
#[test]
#[ignore = "needs a directory of files"]
fn corpus() {
    let root = option_env!("ESEAL_CORPUS").unwrap_or("/tmp/corpora");
    let mut todo = vec![Path::new(root).to_path_buf()];
    while let Some(path) = todo.pop() {
        if path.is_dir() {
            todo.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        if path.extension().is_none_or(|ext| !ext.eq_ignore_ascii_case("pdf")) {
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        let source = Source::from_bytes(bytes);
        for recovery in [Recovery::Refuse, Recovery::Rebuild] {
            let result = Document::open(&source, &Limits::default(), recovery).and_then(|document| {
                let (page, _) = first_page(&document)?;
                let number = page_number(&document, page)?;
                let form = fields(&document)?;
                let revisions = document.revisions()?;
                Ok(format!(
                    "{:?} size {} fields {} revisions {} page {:?} rebuilt {}",
                    document.kind(),
                    document.size(),
                    form.fields.len(),
                    revisions.len(),
                    number,
                    document.is_rebuilt()
                ))
            });
            match result {
                Ok(text) => println!("OK\t{recovery:?}\t{}\t{text}", path.display()),
                Err(error) => println!("ERR\t{recovery:?}\t{}\t{} {error}", path.display(), error.code().as_str()),
            }
        }
    }
}
