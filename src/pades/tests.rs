//! Signed documents, and what becomes of them.

mod extend;
mod faults;
mod holes;
mod maker;

use crate::Limits;
use crate::pades::Extension;
use crate::pdf::{Document, Recovery};
use crate::signing::StampKind;
use crate::source::Source;

fn file(name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/testdata/pdf/{name}.pdf", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn open(bytes: impl Into<Vec<u8>>) -> Document {
    Document::open(&Source::from_bytes(bytes), &Limits::default(), Recovery::Refuse).unwrap()
}

fn written(extension: &Extension) -> Vec<u8> {
    let mut out = Vec::new();
    extension.output().write_to(&mut out).unwrap();
    out
}

fn kinds(extension: &Extension) -> Vec<Vec<StampKind>> {
    extension.subjects().iter().map(|subject| subject.stamps.iter().map(|stamp| stamp.kind).collect()).collect()
}
