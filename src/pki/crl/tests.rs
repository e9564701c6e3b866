//! Claims about CRLs, on recorded and on made ones; NIST's suite is the judge of scopes and signers.

use std::io;
use std::sync::Arc;

use super::*;
use crate::limits::Limits;
use crate::source::{ReadAt, to_u64};

mod made;
mod nist;

fn time(text: &str) -> Time {
    Time::parse_rfc3339(text).unwrap()
}

fn read(bytes: &[u8]) -> Result<Crl> {
    Crl::read(&Source::from_bytes(bytes), &Limits::default())
}

fn file(folder: &str, name: &str) -> Vec<u8> {
    std::fs::read(format!("{}/testdata/{folder}/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

fn certificate(name: &str) -> Certificate {
    Certificate::parse(&file("pki", &format!("{name}.pem"))).unwrap()
}

#[test]
fn recorded_answers_are_judged_as_expected() {
    let index: serde_json::Value = serde_json::from_slice(&file("services/crl", "index.json")).unwrap();
    for case in index["cases"].as_array().unwrap() {
        let text = |name: &str| case[name].as_str().unwrap();
        let (about, signer) = (certificate(text("about")), certificate(text("signer")));
        let question = Question::new(&about, &signer, time(text("now")));
        let judged = read(&file("services/crl", text("file"))).and_then(|crl| {
            let status = crl.check(&question, &Limits::default())?;
            status.require_good()
        });
        let found = judged.as_ref().map_or_else(|error| error.code().as_str(), |()| "good");
        assert_eq!(found, text("expected"), "{case}");
        if let (Some(expected), Err(Error::Certificate(error))) = (case.get("time"), &judged) {
            assert_eq!(error.time.unwrap().to_string(), expected.as_str().unwrap());
        }
        assert!(text("url").starts_with('/'));
    }
}

#[test]
fn a_list_is_used_in_its_time_and_after_what_it_confirms() {
    let crl = read(&file("services/crl", "i1-2024.crl")).unwrap();
    let (about, signer) = (certificate("rsa2048"), certificate("i1"));
    let code = |question: Question<'_>| crl.check(&question, &Limits::default()).map(|_| ()).map_err(|e| e.code());
    let at = |text| Question::new(&about, &signer, time(text));
    assert_eq!(code(at("2024-05-02T00:04:00Z").skew_seconds(300)), Ok(()));
    assert_eq!(code(at("2024-05-02T00:06:00Z").skew_seconds(300)), Err(ErrorCode::CrlStale));
    assert_eq!(code(at("2024-04-30T23:56:00Z").skew_seconds(300)), Ok(()));
    assert_eq!(code(at("2024-05-01T12:00:00Z").not_older_than(time("2024-05-01T00:00:00Z"))), Ok(()));
    let later = at("2024-05-01T12:00:00Z").not_older_than(time("2024-05-01T00:00:01Z"));
    assert_eq!(code(later), Err(ErrorCode::CrlStale));
}

#[test]
fn no_cut_and_no_changed_byte_panics_or_verifies() {
    let bytes = file("services/crl", "i1.crl");
    let signer = certificate("i1");
    for length in 0..bytes.len() {
        assert_eq!(read(&bytes[..length]).unwrap_err().code(), ErrorCode::CrlMalformed);
    }
    assert!(read(&[bytes.as_slice(), &[0]].concat()).is_err(), "trailing byte");
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 1;
        let verdict = read(&changed).and_then(|crl| crl.is_signed_by(&signer, time("2026-11-22T00:00:00Z")));
        assert!(!verdict.unwrap_or(false), "{at}");
    }
}

/// The same bytes behind a reader that gives few at a time and counts them.
struct Pieces(Vec<u8>, std::sync::atomic::AtomicU64);

impl ReadAt for Pieces {
    fn read_at(&self, offset: u64, buffer: &mut [u8]) -> io::Result<usize> {
        let rest = &self.0[usize::try_from(offset).unwrap()..];
        let len = rest.len().min(buffer.len()).min(60_000);
        buffer[..len].copy_from_slice(&rest[..len]);
        self.1.fetch_add(to_u64(len), std::sync::atomic::Ordering::Relaxed);
        Ok(len)
    }
}

#[test]
fn a_long_list_is_read_once_in_windows() {
    let serials: Vec<Vec<u8>> = (0..100_000_u32).map(|n| [&[0x55; 12], n.to_be_bytes().as_slice()].concat()).collect();
    let entries: Vec<made::Entry> = serials.iter().map(|serial| made::entry(serial)).collect();
    let bytes = made::List::default().entries(entries).signed();
    assert!(bytes.len() > 3_500_000);
    let in_memory = read(&bytes).unwrap();
    let reader = Arc::new(Pieces(bytes.clone(), Default::default()));
    let source = Source::from_reader(reader.clone(), to_u64(bytes.len()));
    let crl = Crl::read(&source, &Limits::default()).unwrap();
    assert_eq!((crl.entry_count(), crl.digest), (100_000, in_memory.digest));
    let issuing = made::issuing();
    assert!(crl.is_signed_by(&issuing, made::noon()).unwrap());
    // What lies at the borders of windows is read twice.
    assert!(reader.1.load(std::sync::atomic::Ordering::Relaxed) < to_u64(bytes.len()) + (600 << 10));
    assert_eq!(crl.entry(&made::subject()).unwrap(), None);
    let few = Limits { crl_bytes: 1 << 20, ..Limits::default() };
    assert_eq!(Crl::read(&source, &few).unwrap_err().code(), ErrorCode::LimitExceeded);
}
