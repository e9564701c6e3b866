//! Entry point of the fuzz target for containers: what is made is read, added to and filled, by two readers.

use std::collections::BTreeMap;
use std::io::Read as _;

use super::signing::{moment, plan, sign};
use crate::zip::Archive;
use crate::{
    Canonicalization, Compress, ContainerInspection, DataFile, DigestAlgorithm, Document, Inputs, Inspection, Limits,
    Plan, Prepared, Source,
};

/// Makes a container of what `data` describes, adds a signature, signs the same files by digest and fills them in; and
/// takes `data` itself as a container and adds to that.
///
/// The first byte says how; then come files, each after a line with its name and one byte with its length times 16.
pub fn container_round_trip(data: &[u8]) {
    let Some((how, rest)) = data.split_first() else { return };
    foreign(data);
    let files = files(rest);
    let Some(plan) = plan().map(|plan| with_options(plan, *how)) else { return };
    let Some(made) = make(&files, &plan) else { return };
    check(&made, &files, 1);
    let twice = add(&made, &plan);
    assert!(twice.is_some(), "what was made is added to");
    check(&twice.unwrap_or_default(), &files, 2);
    let filled = fill(&files, &plan);
    assert!(filled.is_some(), "what is signed with content is signed by digest, and filled");
    check(&filled.unwrap_or_default(), &files, 1);
}

fn make(files: &[(String, &[u8])], plan: &Plan) -> Option<Vec<u8>> {
    signed(&Document::new_container(with_content(files), &limits()).ok()?, plan, with_content(files))
}

/// The container with one more signature; its entries stay as they are.
fn add(bytes: &[u8], plan: &Plan) -> Option<Vec<u8>> {
    let source = Source::from_bytes(bytes);
    let more = signed(&Document::open(source.clone(), &limits()).ok()?, plan, source)?;
    let start = directory_offset(bytes);
    assert!(more.get(..start) == bytes.get(..start), "entries are copied raw");
    Some(more)
}

fn fill(files: &[(String, &[u8])], plan: &Plan) -> Option<Vec<u8>> {
    let by_digest = files.iter().map(|(name, bytes)| {
        DataFile::by_digest(name, DigestAlgorithm::Sha256.digest(bytes)).size(u64::try_from(bytes.len()).unwrap_or(0))
    });
    let fileless = signed(&Document::new_container(by_digest.collect(), &limits()).ok()?, plan, Vec::new())?;
    let document = Document::open(Source::from_bytes(fileless), &limits()).ok()?;
    let mut filled = Vec::new();
    let output = document.fill(&with_content(files), Compress::Auto, moment()?.time()).ok()?;
    output.write_to(&mut filled).ok()?;
    Some(filled)
}

fn with_content(files: &[(String, &[u8])]) -> Vec<DataFile> {
    files.iter().map(|(name, bytes)| DataFile::new(name, Source::from_bytes(*bytes))).collect()
}

/// Both halves, at once and through a saved state.
fn signed(document: &Document, plan: &Plan, inputs: impl Into<Inputs>) -> Option<Vec<u8>> {
    let prepared = document.prepare(plan, moment()?).ok()?;
    let (value, state) = (sign(prepared.to_be_signed())?, prepared.to_state().ok()?);
    let at_once = written(prepared, value.clone());
    let later = Prepared::resume(&state, inputs, &limits());
    assert!(later.is_ok(), "a state is taken up: {:?}", later.err());
    assert!(written(later.ok()?, value) == at_once, "a saved state gives the same bytes");
    Some(at_once)
}

fn written(prepared: Prepared, value: crate::SignatureValue) -> Vec<u8> {
    let mut out = Vec::new();
    let result = prepared.finalize(value).and_then(|signed| signed.output().write_to(&mut out));
    assert_eq!(result.ok(), u64::try_from(out.len()).ok(), "what was prepared is written");
    out
}

/// By our own reader, and by hand.
fn check(bytes: &[u8], files: &[(String, &[u8])], signatures: usize) {
    let Some(report) = inspect(bytes) else { return };
    assert_eq!(report.signatures.len(), signatures);
    for signature in &report.signatures {
        let verdict = (signature.digest_matches, signature.signature_verifies, signature.covers_all);
        assert_eq!(verdict, (Some(true), Some(true), true), "{:?}", signature.remarks);
    }
    let expected: BTreeMap<&str, &[u8]> = files.iter().map(|(name, bytes)| (name.as_str(), *bytes)).collect();
    let mut found = 0;
    let mut at = 0_usize;
    // Local headers one after the other, as they must stand: without descriptors below 4 MiB.
    while let Some(header) = bytes.get(at..).filter(|rest| rest.starts_with(b"PK\x03\x04")) {
        let number = |from: usize, len: usize| {
            let part = header.get(from..from + len).unwrap_or_default();
            part.iter().rev().fold(0_usize, |n, byte| n << 8 | usize::from(*byte))
        };
        let (method, packed, size) = (number(8, 2), number(18, 4), number(22, 4));
        let name_end = 30 + number(26, 2);
        let data = name_end + number(28, 2);
        let name = header.get(30..name_end).map(String::from_utf8_lossy).unwrap_or_default();
        let raw = header.get(data..data + packed).unwrap_or_default();
        let mut content = raw.to_vec();
        if method == 8 {
            content.clear();
            assert!(flate2::read::DeflateDecoder::new(raw).read_to_end(&mut content).is_ok());
        }
        assert_eq!(content.len(), size);
        if let Some(expected) = expected.get(&*name) {
            assert!(content == *expected, "the file is in it as it was");
            found += 1;
        }
        at += data + packed;
    }
    assert_eq!(found, expected.len(), "all files are in it");
    assert_eq!(at, directory_offset(bytes), "nothing stands between the entries and the directory");
}

/// A container of anybody: looked at without a fault, and what gets another signature keeps its entries.
fn foreign(data: &[u8]) {
    let Ok(document) = Document::open(Source::from_bytes(data), &limits()) else { return };
    let Ok(before) = document.inspect() else { return };
    let (Some(before), Some(plan)) = (before.into_container(), plan()) else { return };
    let Some(more) = add(data, &plan) else { return };
    let Some(after) = inspect(&more) else { return };
    assert_eq!(after.entries.len(), before.entries.len().saturating_add(1));
    for (old, new) in before.signatures.iter().zip(&after.signatures) {
        let verdict = |one: &crate::ContainerSignature| (one.digest_matches, one.signature_verifies);
        assert_eq!(verdict(old), verdict(new), "an earlier signature is judged as before");
    }
}

fn inspect(bytes: &[u8]) -> Option<ContainerInspection> {
    let report = Document::open(Source::from_bytes(bytes), &limits()).and_then(|document| document.inspect());
    let report = report.map(Inspection::into_container);
    assert!(matches!(report, Ok(Some(_))), "what was signed is read: {:?}", report.err());
    report.ok().flatten()
}

fn directory_offset(bytes: &[u8]) -> usize {
    let archive = Archive::open(&Source::from_bytes(bytes), &limits());
    archive.ok().and_then(|archive| usize::try_from(archive.directory_offset()).ok()).unwrap_or_default()
}

fn files(mut rest: &[u8]) -> Vec<(String, &[u8])> {
    let mut files = Vec::new();
    while let Some(end) = rest.iter().position(|byte| *byte == b'\n').filter(|_| files.len() < 8) {
        let (name, after) = rest.split_at(end);
        let Some((len, after)) = after.get(1..).and_then(<[u8]>::split_first) else { break };
        let (content, after) = after.split_at(after.len().min(usize::from(*len) * 16));
        files.push((String::from_utf8_lossy(name).into_owned(), content));
        rest = after;
    }
    files
}

fn with_options(plan: Plan, how: u8) -> Plan {
    let compress = [Compress::Auto, Compress::Store, Compress::Deflate(1), Compress::Deflate(9)];
    let forms = [Canonicalization::Exclusive, Canonicalization::Inclusive11];
    let compress = compress.get(usize::from(how & 3)).copied().unwrap_or_default();
    plan.compress(compress).canonicalization(forms.get(usize::from(how >> 2 & 1)).copied().unwrap_or_default())
}

fn limits() -> Limits {
    Limits { zip_total_bytes: 16 << 20, zip_entries: 1_000, ..Limits::default() }
}
