//! Claims about reading and canonical forms.

use super::*;
use crate::Limits;
use crate::error::{Error, ErrorCode, Result};

mod canonical;
mod costs;
mod reading;
mod vectors;

fn parse(text: &str) -> Document {
    Document::parse(text.as_bytes(), &Limits::default()).unwrap_or_else(|error| panic!("{error} in {text}"))
}

/// The code and offset that `text` is refused with.
fn refused(text: impl AsRef<[u8]>) -> (ErrorCode, u64) {
    let Err(error) = Document::parse(text.as_ref(), &Limits::default()) else {
        panic!("accepted: {}", String::from_utf8_lossy(text.as_ref()))
    };
    (error.code(), error.offset().expect("an offset"))
}

fn octets(write: impl FnOnce(&mut dyn FnMut(&[u8]) -> Result<()>) -> Result<()>) -> String {
    let mut all = Vec::new();
    let written = write(&mut |piece| {
        all.extend_from_slice(piece);
        Ok(())
    });
    assert!(written.is_ok(), "memory takes all");
    String::from_utf8(all).unwrap()
}
