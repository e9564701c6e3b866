//! Entry point of the fuzz target for requests and answers of signing services.

use crate::limits::Limits;
use crate::wire::lvrtc::{
    AddArchive, AddDocumentDigest, CalculateDigest, Digests, ESealCreate, Files, FinalizeSigning, Results, Started,
};

/// Reads `data` as each request and each answer; what is read comes back the same from what is written.
pub fn wire_lvrtc(data: &[u8]) {
    let limits = Limits { wire_rows: 64, ..Limits::default() };
    macro_rules! round_trip {
        ($($kind:ident),+) => {
            $(if let Ok(read) = $kind::from_json(data, &limits) {
                let written = read.to_json();
                let again = $kind::from_json(written.as_bytes(), &limits).ok();
                assert!(again.as_ref() == Some(&read), "{} differs when it is read again", stringify!($kind));
                assert_eq!(again.map(|again| again.to_json()), Some(written), "it is written in one way");
            })+
        };
    }
    round_trip!(AddDocumentDigest, CalculateDigest, FinalizeSigning, AddArchive, Started, Files, Digests, Results);
    if let Ok(request) = FinalizeSigning::from_json(data, &limits) {
        request.values.iter().for_each(|value| drop(value.value()));
    }
    drop(ESealCreate::from_json(data, &limits));
}
