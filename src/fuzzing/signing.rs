//! Signing whatever can be opened, and taking up whatever claims to be a saved state.

use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::pkcs8::DecodePrivateKey;
use sha2::{Digest as _, Sha256};

use super::pdf_limits;
use crate::cms::message_digest_of;
use crate::{Certificate, Document, Limits, Moment, Plan, Prepared, Recovery, Signed, Source, StateSummary};
use crate::{Coverage, Inspection, SignatureReport, SignatureValue, Time, ToBeSigned};

/// Takes `data` as a state of a known document, and as changes to a sound state of it: offset (2 bytes), byte.
///
/// What is taken up must be refused, or finish into a document that keeps its prefix.
pub fn state(data: &[u8]) {
    resume(data);
    let Some(mut changed) = sound_state() else { return };
    for change in data.chunks_exact(3) {
        let [high, low, byte] = *change else { continue };
        let at = usize::from(u16::from_be_bytes([high, low]));
        if let Some(place) = changed.get_mut(at) {
            *place = byte;
        }
    }
    resume(&changed);
}

/// Signs `data` by both readings: any input that opens is refused with an error, or gives a file that opens again,
/// whose new signature verifies, and which keeps its prefix.
pub fn sign_round_trip(data: &[u8]) {
    let (Some(plan), Some(moment)) = (plan(), moment()) else { return };
    let limits = pdf_limits();
    for recovery in [Recovery::Refuse, Recovery::Rebuild] {
        let source = Source::from_bytes(data);
        let Ok(document) = Document::open_with(source.clone(), &limits, recovery) else { continue };
        let Ok(prepared) = document.prepare(&plan, moment) else { continue };
        // Opened anew: what a document may cost counts from where it was opened.
        let again =
            Document::open_with(source.clone(), &limits, recovery).and_then(|again| again.prepare(&plan, moment));
        assert_eq!(
            again.map(|p| p.to_state().ok()).ok(),
            Some(prepared.to_state().ok()),
            "equal arguments, equal bytes"
        );
        let Some(value) = sign(prepared.to_be_signed()) else { continue };
        let signed = prepared.finalize(value);
        assert!(signed.is_ok(), "a good value is taken: {:?}", signed.err());
        let Ok(signed) = signed else { continue };
        check(data, &document, &signed);
    }
}

/// The written document begins with `source`, its new signature covers all of it and verifies, earlier ones are judged
/// as before, and it opens without recovery: what was rebuilt has a complete section now.
fn check(source: &[u8], document: &Document, signed: &Signed) {
    let mut written = Vec::new();
    let len = signed.output().write_to(&mut written);
    assert_eq!(len.ok(), u64::try_from(written.len()).ok(), "what is written is counted");
    assert!(written.starts_with(source), "the source is a prefix");

    // Once by hand, without any of the code that reads PDFs.
    let (before, after, end) = byte_range(written.get(source.len()..).unwrap_or_default());
    assert_eq!(end, written.len(), "ByteRange goes to the end");
    let mut digest = Sha256::new();
    digest.update(written.get(..before).unwrap_or_default());
    digest.update(written.get(after..).unwrap_or_default());
    let state = signed.to_state();
    let summary = state.and_then(|state| StateSummary::read(&state, &Limits::default()));
    let signed_digest = summary.ok().and_then(|s| message_digest_of(s.to_be_signed().as_bytes()));
    assert_eq!(signed_digest, Some(digest.finalize().to_vec()), "the digest that was signed is the document's");

    let earlier = document.inspect().map(Inspection::into_pdf);
    let shared = Source::from_bytes(written);
    // Whatever the source cost, a signature more may cost more.
    let room = Limits { pdf_parsed_bytes: Limits::default().pdf_parsed_bytes, ..pdf_limits() };
    let document = Document::open(shared, &room);
    assert!(document.is_ok(), "what was signed opens: {:?}", document.err());
    let (Ok(Some(earlier)), Ok(document)) = (earlier, document) else { return };
    let report = document.inspect().map(Inspection::into_pdf);
    assert!(matches!(report, Ok(Some(_))), "what was signed is read: {:?}", report.err());
    let Ok(Some(report)) = report else { return };
    let new = report.signatures.iter().find(|one| Some(one.field.as_str()) == signed.field());
    let verdict = new.map(|one| (one.covers, one.digest_matches, one.signature_verifies));
    assert_eq!(verdict, Some((Coverage::WholeFile, Some(true), Some(true))), "the new signature is good");
    for old in &earlier.signatures {
        let same = |new: &&SignatureReport| new.field == old.field && new.byte_range == old.byte_range;
        let new = report.signatures.iter().find(same);
        let verdicts = |one: &SignatureReport| (one.digest_matches, one.signature_verifies);
        assert_eq!(new.map(verdicts), Some(verdicts(old)), "an earlier signature is judged as before");
    }
}

/// ByteRange of the new signature: offset of `<`, offset after `>`, end.
fn byte_range(tail: &[u8]) -> (usize, usize, usize) {
    let numbers = tail
        .windows(BYTE_RANGE.len())
        .rposition(|window| window == BYTE_RANGE)
        .and_then(|at| tail.get(at.saturating_add(BYTE_RANGE.len())..))
        .and_then(|rest| rest.split(|byte| *byte == b']').next())
        .and_then(|text| std::str::from_utf8(text).ok())
        .map(|text| text.split_whitespace().filter_map(|number| number.parse().ok()).collect::<Vec<usize>>());
    match numbers.as_deref() {
        Some([0, before, after, len]) => (*before, *after, after.saturating_add(*len)),
        _ => (0, 0, 0),
    }
}

fn resume(state: &[u8]) {
    let limits = pdf_limits();
    let _ = StateSummary::read(state, &limits);
    let source = Source::from_bytes(DOCUMENT);
    if let Ok(signed) = Signed::resume(state, source.clone(), &limits) {
        let _ = signed.output().write_to(std::io::sink());
    }
    let Ok(prepared) = Prepared::resume(state, source, &limits) else { return };
    let Some(value) = sign(prepared.to_be_signed()) else { return };
    let Ok(signed) = prepared.finalize(value) else { return };
    let mut written = Vec::new();
    // The state's digest of the source may be forged; then it is noticed here.
    if signed.output().write_to(&mut written).is_ok() {
        assert!(written.starts_with(DOCUMENT), "the source is a prefix");
    }
}

fn sound_state() -> Option<Vec<u8>> {
    let document = Document::open(Source::from_bytes(DOCUMENT), &pdf_limits()).ok()?;
    document.prepare(&plan()?, moment()?).ok()?.to_state().ok()
}

pub(super) fn plan() -> Option<Plan> {
    Plan::new(Certificate::parse(CERTIFICATE).ok()?, &[]).ok()
}

pub(super) fn moment() -> Option<Moment> {
    Some(Moment::new(Time::from_utc((2026, 1, 2), (3, 4, 5)).ok()?, [7; 32]))
}

pub(super) fn sign(to_be_signed: &ToBeSigned) -> Option<SignatureValue> {
    let key = p256::SecretKey::from_pkcs8_pem(KEY).ok()?;
    let value: p256::ecdsa::Signature =
        p256::ecdsa::SigningKey::from(key).sign_prehash(to_be_signed.digest()?.as_bytes()).ok()?;
    Some(SignatureValue::ecdsa_fixed(value.to_bytes().to_vec()))
}

const BYTE_RANGE: &[u8] = b"/ByteRange [";
const DOCUMENT: &[u8] = include_bytes!("../../testdata/pdf/minimal.pdf");
/// A key that everybody knows; see `testdata/README.md`.
const KEY: &str = include_str!("../../testdata/pki/example.key.pem");
const CERTIFICATE: &[u8] = include_bytes!("../../testdata/pki/example.pem");
