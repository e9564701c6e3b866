//! Entry points shared by the fuzz targets and the tests that replay their corpora.
//!
//! Each panics when something holds that must not; none is part of the public interface.

use std::sync::Arc;

mod answers;
mod containers;
mod crl;
mod crypto;
mod lanes;
mod pieces;
mod session;
mod signing;
mod upgrade;
mod wire;
mod xades;
mod xml;
mod zip;

pub use answers::{ocsp, timestamp};
pub use containers::container_round_trip;
pub use crl::crl;
pub use crypto::{certificate, cms, pfx, pkcs11_uri, sig_value};
pub use lanes::digest_lanes;
pub use session::session_record;
pub use signing::{sign_round_trip, state};
pub use upgrade::upgrade_state;
pub use wire::wire_lvrtc;
pub use xades::xades_read;
pub use xml::{canonical, canonical_forms, canonical_part, xml_tree};
pub use zip::zip_open;

use crate::pdf::{Document, Object, fields, first_page, page_number};
use crate::{Limits, Recovery, Source};

/// Opens `data` as a PDF both ways, and reads all that signing reads.
pub fn pdf_open(data: &[u8]) {
    let limits = pdf_limits();
    let shared = Arc::new(data.to_vec());
    for recovery in [Recovery::Refuse, Recovery::Rebuild] {
        let first = read_all(&shared, &limits, recovery);
        assert_eq!(first, read_all(&shared, &limits, recovery), "the same bytes read twice");
    }
}

/// As much as a document may cost here, where instrumented code takes ten times as long, and each is read several times.
fn pdf_limits() -> Limits {
    Limits { pdf_reads: 5_000, pdf_streams_bytes: 32 << 20, pdf_parsed_bytes: 1 << 20, ..Limits::default() }
}

/// Decodes `data` as a stream: one line with its dictionary, then its bytes.
pub fn pdf_filters(data: &[u8]) {
    let limits = Limits { pdf_stream_bytes: 1 << 20, pdf_streams_bytes: 2 << 20, ..Limits::default() };
    crate::pdf::decode_described(data, &limits);
}

fn read_all(shared: &Arc<Vec<u8>>, limits: &Limits, recovery: Recovery) -> String {
    let source = Source::from_shared(Arc::clone(shared));
    let document = match Document::open(&source, limits, recovery) {
        Ok(document) => document,
        Err(error) => return format!("{error} {:?}", error.code()),
    };
    let mut seen = format!("{:?} {} {}", document.kind(), document.size(), document.is_rebuilt());
    match first_page(&document) {
        Ok((page, _)) => seen += &format!("{page} {:?}", page_number(&document, page).map_err(|e| e.code())),
        Err(error) => seen += &error.to_string(),
    }
    match fields(&document) {
        Ok(form) => {
            for field in &form.fields {
                assert_eq!(
                    document.object(field.reference).map(|o| matches!(o, Object::Dictionary(_))).ok(),
                    Some(true)
                );
                seen += &format!("{} {:?} {}", field.name, field.kind, field.flags);
            }
        }
        Err(error) => seen += &error.to_string(),
    }
    match document.revisions() {
        Ok(revisions) => {
            assert!(revisions.is_sorted_by_key(|revision| revision.end), "revisions in order");
            assert!(revisions.iter().all(|revision| revision.end <= source.len()));
            seen += &format!("{revisions:?}");
        }
        Err(error) => seen += &error.to_string(),
    }
    seen += &format!("{:?}", document.effective_version().map_err(|e| e.code()));
    if document.size() < 10_000 {
        let numbers = document.in_use().map(|all| all.iter().map(|(number, _)| *number).collect::<Vec<_>>());
        if let Ok(numbers) = &numbers {
            assert!(numbers.iter().all(|number| *number < document.size()), "size is above all numbers");
        }
        seen += &format!("{:?}", numbers.map_err(|e| e.code()));
    }
    assert!(document.reads() <= limits.pdf_reads, "reads are bounded");
    seen
}
