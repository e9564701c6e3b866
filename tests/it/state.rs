//! The saved state: frozen vectors, and what is done about damaged ones.

use eseal::{Compress, DataFile, Document, ErrorCode, Limits, Prepared, Signed, Source, StateSummary};

use crate::key::{file, moment, plan, sign};

fn prepared() -> Prepared {
    let source = Source::from_bytes(file("pdf/minimal.pdf"));
    Document::open(source, &Limits::default()).unwrap().prepare(&plan("p256"), moment(9)).unwrap()
}

fn source() -> Source {
    Source::from_bytes(file("pdf/minimal.pdf"))
}

/// Compares with the vector; `ESEAL_NEW_VECTORS=1` writes one that is not there yet, never another over it.
pub fn vector(name: &str, bytes: &[u8]) {
    let path = format!("{}/testdata/state/v1/{name}", env!("CARGO_MANIFEST_DIR"));
    if std::env::var_os("ESEAL_NEW_VECTORS").is_some() && !std::path::Path::new(&path).exists() {
        std::fs::write(&path, bytes).unwrap();
    }
    assert!(std::fs::read(&path).unwrap() == bytes, "{name} is not written as it was");
}

/// What the vectors of containers are about.
fn data_files() -> Vec<DataFile> {
    let file = |(name, bytes): (&str, &[u8])| DataFile::new(name, Source::from_bytes(bytes));
    [("hello.txt", &b"hello\n"[..]), ("dir/L\u{12b}gums.bin", &[0; 70_000])].map(file).to_vec()
}

#[test]
fn version_1_of_containers_is_written_and_read_as_ever() {
    let limits = Limits::default();
    let plan = plan("p256").role("Valdes loceklis").unwrap();
    let new = Document::new_container(data_files(), &limits).unwrap().prepare(&plan, moment(9)).unwrap();
    let state = new.to_state().unwrap();
    vector("new-container.state", &state);
    let again = Prepared::resume(&state, data_files(), &limits).unwrap();
    assert_eq!(again.to_state().unwrap(), state);
    let value = sign(again.to_be_signed());
    let signed = again.finalize(value).unwrap();
    vector("new-container-signed.state", &signed.to_state().unwrap());
    assert_eq!(
        Signed::resume(&file("state/v1/new-container-signed.state"), data_files(), &limits).unwrap().id(),
        signed.id()
    );

    // The bytes of a container are those of the compressor's version; the state is about one that was stored.
    let stored = plan.compress(Compress::Store);
    let prepared = Document::new_container(data_files(), &limits).unwrap().prepare(&stored, moment(9)).unwrap();
    let value = sign(prepared.to_be_signed());
    let mut made = Vec::new();
    prepared.finalize(value).unwrap().output().write_to(&mut made).unwrap();
    vector("stored.asice", &made);
    let source = Source::from_bytes(made);
    let added = Document::open(source.clone(), &limits).unwrap().prepare(&stored, moment(10)).unwrap();
    let state = added.to_state().unwrap();
    vector("added.state", &state);
    let again = Prepared::resume(&file("state/v1/added.state"), source.clone(), &limits).unwrap();
    assert_eq!(again.to_state().unwrap(), state);
    let value = sign(again.to_be_signed());
    let signed = again.finalize(value).unwrap();
    let mut out = Vec::new();
    signed.output().write_to(&mut out).unwrap();
    vector("added.asice", &out);
    let summary = StateSummary::read(&state, &limits).unwrap();
    assert_eq!((summary.format().as_str(), summary.source_len()), ("asice", source.len()));
}

#[test]
fn version_1_is_written_and_read_as_ever() {
    let state = prepared().to_state().unwrap();
    vector("prepared.state", &state);
    let again = Prepared::resume(&state, source(), &Limits::default()).unwrap();
    assert_eq!(again.to_state().unwrap(), state);
    let value = sign(again.to_be_signed());
    let signed = again.finalize(value).unwrap();
    vector("signed.state", &signed.to_state().unwrap());
    let mut out = Vec::new();
    signed.output().write_to(&mut out).unwrap();
    vector("signed.pdf", &out);
    let again = Signed::resume(&file("state/v1/signed.state"), source(), &Limits::default()).unwrap();
    assert_eq!(again.to_state().unwrap(), file("state/v1/signed.state"));
    let mut twice = Vec::new();
    again.output().write_to(&mut twice).unwrap();
    assert!(twice == out);
}

#[test]
fn a_summary_says_what_the_state_holds() {
    let summary = StateSummary::read(&file("state/v1/prepared.state"), &Limits::default()).unwrap();
    let prepared = prepared();
    assert_eq!(summary.id(), prepared.id());
    assert_eq!(summary.to_be_signed(), prepared.to_be_signed());
    assert_eq!(summary.source_len(), 405);
    assert_eq!(
        summary.source_digest().unwrap().to_hex(),
        "00abe9c59efe9d1317a88e4b3de3a6ad53184e24058acabb29bd3080a62d275b"
    );
    assert_eq!((summary.field(), summary.is_signed()), (Some("Signature1"), false));
    assert!(StateSummary::read(&file("state/v1/signed.state"), &Limits::default()).unwrap().is_signed());
}

#[test]
fn every_flipped_byte_is_noticed() {
    let limits = Limits::default();
    let state = file("state/v1/signed.state");
    let whole = StateSummary::read(&state, &limits).unwrap();
    for at in 0..state.len() {
        for bit in [0x01, 0x20, 0x80] {
            let mut damaged = state.clone();
            damaged[at] ^= bit;
            // What still reads must still be the same signature of the same document.
            if let Ok(signed) = Signed::resume(&damaged, source(), &limits) {
                let mut out = Vec::new();
                signed.output().write_to(&mut out).unwrap();
                assert!(out == file("state/v1/signed.pdf"), "byte {at} changed the document");
                assert_eq!(signed.id(), whole.id(), "byte {at}");
            }
        }
    }
    for len in 0..state.len() {
        assert!(Signed::resume(&state[..len], source(), &limits).is_err(), "cut at {len}");
    }
}

#[test]
fn a_state_is_refused_by_what_it_is_not_for() {
    let limits = Limits::default();
    let state = prepared().to_state().unwrap();
    let code = |result: eseal::Result<Prepared>| result.unwrap_err().code();
    let longer = Source::from_bytes([file("pdf/minimal.pdf"), b"\n".to_vec()].concat());
    assert_eq!(code(Prepared::resume(&state, longer, &limits)), ErrorCode::StateOtherDocument);
    assert_eq!(code(Prepared::resume(&file("state/v1/signed.state"), source(), &limits)), ErrorCode::StateMalformed);
    let mut newer = state.clone();
    newer[6] = 2;
    assert_eq!(code(Prepared::resume(&newer, source(), &limits)), ErrorCode::StateVersion);
    let mut small = Limits::default();
    small.state_bytes = 100;
    assert_eq!(code(Prepared::resume(&state, source(), &small)), ErrorCode::LimitExceeded);

    // Same length, another byte: noticed while the result is written, which is then thrown away.
    let mut bytes = file("pdf/minimal.pdf");
    bytes[20] ^= 1;
    let prepared = Prepared::resume(&state, Source::from_bytes(bytes), &limits).unwrap();
    let value = sign(prepared.to_be_signed());
    let signed = prepared.finalize(value).unwrap();
    assert_eq!(signed.output().verify_source().unwrap_err().code(), ErrorCode::StateOtherDocument);
    assert_eq!(signed.output().write_to(Vec::new()).unwrap_err().code(), ErrorCode::StateOtherDocument);
}

#[test]
fn a_prepared_file_is_finished_by_filling_its_hole() {
    let prepared = prepared();
    let mut file = Vec::new();
    prepared.output().unwrap().write_to(&mut file).unwrap();
    let value = sign(prepared.to_be_signed());
    let signed = prepared.finalize(value).unwrap();
    let fill = signed.fill().unwrap();
    let at = |n: u64| usize::try_from(n).unwrap();
    assert_eq!(file[at(fill.tail_offset)..], fill.tail);
    file[at(fill.hole_offset)..][..fill.hole.len()].copy_from_slice(&fill.hole);
    let mut whole = Vec::new();
    signed.output().write_to(&mut whole).unwrap();
    assert!(file == whole);
}
