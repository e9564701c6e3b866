//! Containers through the library: made, added to, signed by digest and filled.

use eseal::system::{UndoKey, append, open as open_file};
use eseal::{
    Canonicalization, Compress, ContainerInspection, DataFile, Document, Error, ErrorCode, Limits, Plan, Prepared,
    Signed, Source, StateSummary, Time,
};

use crate::key::{file, moment, plan, sign};

const FILES: [(&str, &[u8]); 4] = [
    ("hello.txt", b"hello\n"),
    ("empty.bin", b""),
    ("dir/L\u{12b}gums 1+2 (a&b) 'c' #d: \u{1f600}.pdf", b"%PDF-1.4 no real one"),
    ("zeros.dat", &[0; 300_000]),
];

fn data_files(files: &[(&str, &[u8])]) -> Vec<DataFile> {
    files.iter().map(|(name, bytes)| DataFile::new(*name, Source::from_bytes(*bytes))).collect()
}

fn limits() -> Limits {
    Limits::default()
}

fn open(bytes: &[u8]) -> Document {
    Document::open(Source::from_bytes(bytes), &limits()).expect("opens")
}

fn inspect(bytes: &[u8]) -> ContainerInspection {
    open(bytes).inspect().expect("reads").into_container().expect("is a container")
}

fn code(result: Result<impl std::fmt::Debug, Error>) -> ErrorCode {
    result.expect_err("is refused").code()
}

fn written(signed: &Signed) -> Vec<u8> {
    let mut out = Vec::new();
    let len = signed.output().write_to(&mut out).expect("writes");
    assert_eq!(len, u64::try_from(out.len()).unwrap());
    assert!(signed.output().len().is_none_or(|known| known == len));
    out
}

/// Both halves of a new container, through a saved state and without one: the same bytes.
fn made(files: &[(&str, &[u8])], plan: &Plan, n: u8) -> Vec<u8> {
    let prepared = Document::new_container(data_files(files), &limits()).unwrap().prepare(plan, moment(n)).unwrap();
    let (value, state) = (sign(prepared.to_be_signed()), prepared.to_state().unwrap());
    let at_once = written(&prepared.finalize(value.clone()).unwrap());
    let later = Prepared::resume(&state, data_files(files), &limits()).unwrap();
    assert_eq!(later.to_state().unwrap(), state);
    let signed = later.finalize(value).unwrap();
    let again = Signed::resume(&signed.to_state().unwrap(), data_files(files), &limits()).unwrap();
    assert_eq!(written(&signed), at_once);
    assert_eq!(written(&again), at_once);
    at_once
}

/// One more signature, both halves.
fn added(bytes: &[u8], plan: &Plan, n: u8) -> Vec<u8> {
    let prepared = open(bytes).prepare(plan, moment(n)).unwrap();
    let (value, state) = (sign(prepared.to_be_signed()), prepared.to_state().unwrap());
    let prepared = Prepared::resume(&state, Source::from_bytes(bytes), &limits()).unwrap();
    written(&prepared.finalize(value).unwrap())
}

fn plans() -> Vec<Plan> {
    let plan = plan("p256");
    vec![
        plan.clone(),
        plan.clone().compress(Compress::Store).canonicalization(Canonicalization::Inclusive11),
        plan.compress(Compress::Deflate(9)).role("Valdes loceklis").unwrap().city("R\u{12b}ga").unwrap(),
    ]
}

fn assert_sound(bytes: &[u8], signatures: usize) {
    let report = inspect(bytes);
    assert_eq!(report.signatures.len(), signatures);
    for signature in &report.signatures {
        assert_eq!((signature.digest_matches, signature.signature_verifies), (Some(true), Some(true)), "{report:?}");
        assert!(signature.covers_all && signature.remarks.is_empty(), "{signature:?}");
        assert_eq!(signature.level_claimed, Some("B-B"));
    }
    assert!(report.remarks.is_empty(), "{:?}", report.remarks);
}

#[test]
fn new_containers_are_read_as_they_were_made() {
    for (n, plan) in plans().iter().enumerate() {
        let bytes = made(&FILES, plan, u8::try_from(n).unwrap());
        assert_sound(&bytes, 1);
        let report = inspect(&bytes);
        let names: Vec<&str> = report.data_files.iter().map(|one| one.name.as_str()).collect();
        assert_eq!(names, FILES.map(|(name, _)| name));
        let types: Vec<_> = report.data_files.iter().map(|one| one.media_type.as_deref().unwrap()).collect();
        assert_eq!(types, ["text/plain", "application/octet-stream", "application/pdf", "application/octet-stream"]);
        assert_eq!(&bytes[38..69], b"application/vnd.etsi.asic-e+zip");
        assert_eq!(report.signatures[0].file, "META-INF/signatures0.xml");
        assert_eq!(report.signatures[0].covers, FILES.map(|(name, _)| name));
    }
}

#[test]
fn adding_a_signature_keeps_every_entry_as_it_is() {
    for plan in plans() {
        let mut bytes = made(&FILES, &plan, 1);
        for n in 2..=10 {
            let more = added(&bytes, &plan, n);
            let kept = inspect(&bytes).entries.len();
            let start = directory_offset(&bytes);
            assert_eq!(bytes[..start], more[..start], "entries are copied raw");
            assert_eq!(inspect(&more).entries.len(), kept + 1);
            bytes = more;
        }
        assert_sound(&bytes, 10);
    }
}

#[test]
fn a_state_does_not_depend_on_the_size_of_the_data() {
    let large = vec![7; 2_000_000];
    let document = Document::new_container(data_files(&[("a.bin", &large)]), &limits()).unwrap();
    let prepared = document.prepare(&plan("p256"), moment(1)).unwrap();
    let state = prepared.to_state().unwrap();
    assert!(state.len() < 8_000, "{}", state.len());
    let summary = StateSummary::read(&state, &limits()).unwrap();
    assert_eq!((summary.data_files(), summary.source_len()), (vec!["a.bin"], 2_000_000));
    assert_eq!(summary.format().signature(), "xades");
}

#[test]
fn altered_data_is_never_written() {
    let prepare = |files: &[(&str, &[u8])], plan: &Plan| {
        let document = Document::new_container(data_files(files), &limits()).unwrap();
        document.prepare(plan, moment(3)).unwrap()
    };
    for plan in plans() {
        let prepared = prepare(&FILES, &plan);
        let (value, state) = (sign(prepared.to_be_signed()), prepared.to_state().unwrap());
        let mut other = FILES;
        other[0].1 = b"hullo\n";
        let signed = Prepared::resume(&state, data_files(&other), &limits()).unwrap().finalize(value.clone()).unwrap();
        assert_eq!(code(signed.output().write_to(std::io::sink())), ErrorCode::AsiceDigest);
        assert_eq!(code(signed.output().verify_source()), ErrorCode::AsiceDigest);
        other[0].1 = b"hello!\n";
        assert_eq!(code(Prepared::resume(&state, data_files(&other), &limits())), ErrorCode::AsiceDigest);
        assert_eq!(code(Prepared::resume(&state, data_files(&FILES[1..]), &limits())), ErrorCode::AsiceFileMissing);
    }
}

#[test]
fn an_altered_container_is_never_added_to() {
    for plan in plans() {
        let bytes = made(&FILES, &plan, 1);
        let prepared = open(&bytes).prepare(&plan, moment(2)).unwrap();
        let (value, state) = (sign(prepared.to_be_signed()), prepared.to_state().unwrap());
        let start = directory_offset(&bytes);
        // Every byte up to the directory counts when the result is written, the directory before.
        for at in (0..bytes.len()).step_by(97).chain([0, 38, start - 1, start, bytes.len() - 1]) {
            let mut altered = bytes.clone();
            altered[at] ^= 1;
            let again = Prepared::resume(&state, Source::from_bytes(altered), &limits()).unwrap();
            let signed = again.finalize(value.clone());
            let result = signed.and_then(|signed| signed.output().write_to(std::io::sink()));
            assert_eq!(code(result), ErrorCode::StateOtherDocument, "byte {at}");
        }
    }
}

#[test]
fn a_broken_container_gets_no_other_signature() {
    let bytes = made(&FILES, &plans()[1], 1);
    let at = bytes.windows(6).position(|window| window == b"hello\n").unwrap();
    let mut broken = bytes.clone();
    broken[at] ^= 1;
    // With the right CRC-32 it is a sound ZIP of an altered file.
    let crc = |bytes: &[u8]| crc32fast::hash(bytes).to_le_bytes();
    let (old, new) = (crc(b"hello\n"), crc(&broken[at..at + 6]));
    for place in bytes.windows(4).enumerate().filter(|(_, window)| *window == old).map(|(n, _)| n) {
        broken[place..place + 4].copy_from_slice(&new);
    }
    assert_eq!(inspect(&broken).signatures[0].digest_matches, Some(false));
    assert_eq!(code(open(&broken).prepare(&plan("p256"), moment(2))), ErrorCode::AsiceDigest);
}

/// A stored container in which `old`, in the entry that lies between `from` and `to`, has become `new` of that length.
fn altered(bytes: &[u8], from: &[u8], to: &[u8], old: &[u8], new: &[u8]) -> Vec<u8> {
    assert_eq!(old.len(), new.len());
    let find = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).position(|window| window == what).unwrap();
    let start = bytes.windows(from.len()).position(|window| window == from).unwrap();
    let end = start + find(&bytes[start..], to) + to.len();
    let mut entry = bytes[start..end].to_vec();
    let at = find(&entry, old);
    entry[at..at + old.len()].copy_from_slice(new);
    let (before, after) = (crc32fast::hash(&bytes[start..end]).to_le_bytes(), crc32fast::hash(&entry).to_le_bytes());
    let mut out = bytes.to_vec();
    out[start..end].copy_from_slice(&entry);
    let places: Vec<usize> = (0..bytes.len() - 4).filter(|at| bytes[*at..*at + 4] == before).collect();
    assert_eq!(places.len(), 2, "local header and directory");
    places.into_iter().for_each(|at| out[at..at + 4].copy_from_slice(&after));
    out
}

#[test]
fn what_can_not_be_compared_is_not_filled_in() {
    let plan = plan("p256").compress(Compress::Store);
    let prepared =
        Document::new_container(by_digest(&FILES[..1]), &limits()).unwrap().prepare(&plan, moment(1)).unwrap();
    let value = sign(prepared.to_be_signed());
    let fileless = written(&prepared.finalize(value).unwrap());
    let (from, to) = (b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<asic", b"</asic:XAdESSignatures>");
    let other = altered(
        &fileless,
        from,
        to,
        b"xmlenc#sha256\"></ds:DigestMethod><ds:DigestValue>WJG1",
        b"xmlenc#sha999\"></ds:DigestMethod><ds:DigestValue>WJG1",
    );
    let time = Time::parse_rfc3339("2026-02-03T04:05:06Z").unwrap();
    assert!(open(&fileless).fill(&data_files(&FILES[..1]), Compress::Auto, time).is_ok());
    let refused = open(&other).fill(&data_files(&FILES[..1]), Compress::Auto, time);
    assert_eq!(code(refused), ErrorCode::XadesReference);
}

#[test]
fn a_manifest_that_can_not_be_repeated_is_a_fault_of_its_container() {
    let bytes = made(&FILES[..1], &plan("p256").compress(Compress::Store), 1);
    let (from, to) = (b"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<manifest", b"</manifest:manifest>");
    let blank = altered(&bytes, from, to, b"\"text/plain\"", b"\"          \"");
    let error = open(&blank).prepare(&plan("p256"), moment(2)).unwrap_err();
    assert_eq!((error.code(), error.scope()), (ErrorCode::AsiceManifest, eseal::Scope::Document));
}

#[test]
fn names_that_no_container_can_hold_are_refused() {
    let one = |name: &str| code(Document::new_container(data_files(&[(name, b"x")]), &limits()));
    for name in ["", "/a", "../a", "a/../b", "a\\b", "C:/a", "mimetype", "META-INF/x", "a\u{0}", "a\u{202e}b", "a/"] {
        assert_eq!(one(name), ErrorCode::AsiceName, "{name:?}");
    }
    for names in [["a", "a"], ["a", "A"], ["\u{e9}", "e\u{301}"], ["a", "a/b"]] {
        let files = names.map(|name| (name, &b"x"[..]));
        assert_eq!(
            code(Document::new_container(data_files(&files), &limits())),
            ErrorCode::AsiceDuplicate,
            "{names:?}"
        );
    }
    assert_eq!(code(Document::new_container(Vec::new(), &limits())), ErrorCode::AsiceEmpty);
}

fn by_digest(files: &[(&str, &[u8])]) -> Vec<DataFile> {
    let digest = |bytes: &[u8]| eseal::DigestAlgorithm::Sha256.digest(bytes);
    let known = |(name, bytes): &(&str, &[u8])| DataFile::by_digest(*name, digest(bytes));
    files.iter().map(known).collect()
}

#[test]
fn signed_by_digest_and_filled_later() {
    for plan in plans() {
        let document = Document::new_container(by_digest(&FILES), &limits()).unwrap();
        let prepared = document.prepare(&plan, moment(4)).unwrap();
        let (value, state) = (sign(prepared.to_be_signed()), prepared.to_state().unwrap());
        assert!(StateSummary::read(&state, &limits()).unwrap().data_files().is_empty());
        let fileless = written(&Prepared::resume(&state, Vec::new(), &limits()).unwrap().finalize(value).unwrap());
        let report = inspect(&fileless);
        assert!(report.data_files.iter().all(|one| !one.is_present && one.bytes.is_none()));
        assert_eq!((report.data_files.len(), report.signatures[0].digest_matches), (4, None));

        // Another signature needs the digests once more.
        assert_eq!(code(open(&fileless).prepare(&plan, moment(5))), ErrorCode::AsiceDataMissing);
        let known = open(&fileless).assume(by_digest(&FILES)).unwrap();
        let prepared = known.prepare(&plan, moment(5)).unwrap();
        let value = sign(prepared.to_be_signed());
        let twice = written(&prepared.finalize(value).unwrap());
        assert_eq!(inspect(&twice).signatures.len(), 2);
        let mut wrong = FILES;
        wrong[0].1 = b"hullo\n";
        let known = open(&fileless).assume(by_digest(&wrong)).unwrap();
        assert_eq!(code(known.prepare(&plan, moment(5))), ErrorCode::AsiceDigest);

        let time = Time::parse_rfc3339("2026-02-03T04:05:06Z").unwrap();
        let fill = |files: &[(&str, &[u8])]| -> Result<Vec<u8>, Error> {
            let mut out = Vec::new();
            open(&twice).fill(&data_files(files), Compress::Auto, time)?.write_to(&mut out)?;
            Ok(out)
        };
        assert_sound(&fill(&FILES).unwrap(), 2);
        let mut shuffled = FILES;
        shuffled.reverse();
        assert_eq!(fill(&shuffled).unwrap(), fill(&FILES).unwrap(), "the order in which files are given is no matter");
        let altered = [FILES[0], ("empty.bin", b"x"), FILES[2], FILES[3]];
        assert_eq!(code(fill(&altered)), ErrorCode::AsiceDigest);
        let renamed = [("hullo.txt", FILES[0].1), FILES[1], FILES[2], FILES[3]];
        assert_eq!(code(fill(&renamed)), ErrorCode::AsiceUnknownFile);
        assert_eq!(code(fill(&FILES[..3])), ErrorCode::AsiceFileMissing);
        let extra = [FILES[0], FILES[1], FILES[2], FILES[3], ("more.txt", b"x")];
        assert_eq!(code(fill(&extra)), ErrorCode::AsiceUnknownFile);
        let double = [FILES[0], FILES[0], FILES[1], FILES[2], FILES[3]];
        assert_eq!(code(fill(&double)), ErrorCode::AsiceDuplicate);
        let full = fill(&FILES).unwrap();
        assert_eq!(code(open(&full).fill(&data_files(&FILES[..1]), Compress::Auto, time)), ErrorCode::AsiceUnknownFile);
    }
}

#[test]
fn a_file_known_by_another_digest_keeps_its_own() {
    let digest = eseal::DigestAlgorithm::Sha512.digest(FILES[0].1);
    let files = vec![DataFile::by_digest("hello.txt", digest).size(6).media_type("text/x-greeting")];
    let prepared = Document::new_container(files, &limits()).unwrap().prepare(&plan("p256"), moment(6)).unwrap();
    let signed_info = String::from_utf8(prepared.to_be_signed().as_bytes().to_vec()).unwrap();
    assert!(signed_info.contains("http://www.w3.org/2001/04/xmlenc#sha512"));
    let value = sign(prepared.to_be_signed());
    let fileless = written(&prepared.finalize(value).unwrap());
    let time = Time::parse_rfc3339("2026-02-03T04:05:06Z").unwrap();
    let mut out = Vec::new();
    open(&fileless).fill(&data_files(&FILES[..1]), Compress::Store, time).unwrap().write_to(&mut out).unwrap();
    assert_sound(&out, 1);
    assert_eq!(inspect(&out).data_files[0].media_type.as_deref(), Some("text/x-greeting"));
    // A signature that is added names it by SHA-256, and looks whether the earlier one is right.
    assert_sound(&added(&out, &plan("p256"), 7), 2);
}

#[test]
fn told_digests_cost_no_reading() {
    // What stands beside headers and the directory may be read with them.
    struct NoData(Vec<u8>, std::ops::Range<u64>);
    impl eseal::ReadAt for NoData {
        fn read_at(&self, offset: u64, buffer: &mut [u8]) -> std::io::Result<usize> {
            let end = offset + u64::try_from(buffer.len()).unwrap();
            assert!(end <= self.1.start || offset >= self.1.end, "the data are not read: {offset}..{end}");
            let at = usize::try_from(offset).unwrap();
            let part = &self.0[at..(at + buffer.len()).min(self.0.len())];
            buffer[..part.len()].copy_from_slice(part);
            Ok(part.len())
        }
    }
    let large: Vec<u8> = (0..1_000_000_u32).map(|n| n.to_le_bytes()[0]).collect();
    let store = plan("p256").compress(Compress::Store);
    let bytes = made(&[("large.bin", &large)], &store, 1);
    let start = u64::try_from(bytes.windows(64).position(|window| window == &large[..64]).unwrap()).unwrap();
    let len = u64::try_from(bytes.len()).unwrap();
    let source = Source::from_reader(std::sync::Arc::new(NoData(bytes.clone(), start + 4_096..start + 900_000)), len);
    let known = Document::open(source, &limits()).unwrap().assume(by_digest(&[("large.bin", &large)])).unwrap();
    let prepared = known.prepare(&store, moment(2)).unwrap();
    let value = sign(prepared.to_be_signed());
    let state = prepared.to_state().unwrap();
    assert!(prepared.finalize(value.clone()).is_ok());
    // Whoever writes it to another place does read, and compare.
    let resumed = Prepared::resume(&state, Source::from_bytes(bytes.clone()), &limits()).unwrap();
    assert_sound(&written(&resumed.finalize(value.clone()).unwrap()), 2);
    let mut altered = bytes;
    altered[usize::try_from(start).unwrap() + 5] ^= 1;
    let resumed = Prepared::resume(&state, Source::from_bytes(altered), &limits()).unwrap();
    let signed = resumed.finalize(value).unwrap();
    assert_eq!(code(signed.output().write_to(std::io::sink())), ErrorCode::StateOtherDocument);
}

#[test]
fn in_place_and_streamed_are_the_same() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.asice");
    for plan in plans() {
        let bytes = made(&FILES, &plan, 1);
        let expected = added(&bytes, &plan, 2);
        std::fs::write(&path, &bytes).unwrap();
        let (source, _) = open_file(&path).unwrap();
        let prepared = Document::open(source, &limits()).unwrap().prepare(&plan, moment(2)).unwrap();
        let value = sign(prepared.to_be_signed());
        append(&path, prepared.finalize(value).unwrap().output(), &UndoKey::new([7; 32])).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), expected);
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1);
    }
}

#[test]
fn a_container_in_a_container_is_a_data_file() {
    let inner = made(&FILES, &plans()[0], 1);
    let outer = made(&[("inner.asice", &inner)], &plans()[0], 2);
    assert_sound(&outer, 1);
    let report = inspect(&outer);
    assert_eq!(report.data_files[0].media_type.as_deref(), Some("application/vnd.etsi.asic-e+zip"));
    assert_eq!(report.data_files.len(), 1);
}

#[test]
fn a_damaged_state_is_refused() {
    let prepared = Document::new_container(data_files(&FILES), &limits()).unwrap();
    let state = prepared.prepare(&plan("p256"), moment(1)).unwrap().to_state().unwrap();
    for at in 0..state.len() {
        let mut damaged = state.clone();
        damaged[at] ^= 1;
        assert!(Prepared::resume(&damaged, data_files(&FILES), &limits()).is_err(), "byte {at}");
    }
    let pdf = Document::open(Source::from_bytes(file("pdf/minimal.pdf")), &limits()).unwrap();
    let pdf = pdf.prepare(&plan("p256"), moment(1)).unwrap().to_state().unwrap();
    assert_eq!(code(Prepared::resume(&pdf, data_files(&FILES), &limits())), ErrorCode::Misuse);
    assert_eq!(code(Prepared::resume(&state, Source::from_bytes("x"), &limits())), ErrorCode::Misuse);
}

fn directory_offset(bytes: &[u8]) -> usize {
    let end = &bytes[bytes.len() - 22..];
    u32::from_le_bytes(end[16..20].try_into().unwrap()) as usize
}
