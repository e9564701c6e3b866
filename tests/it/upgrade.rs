//! The climb from B-B to B-LTA, with an authority in memory.

use eseal::{
    Certificate, DataFile, Document, ErrorCode, Evidence, Fetch, Inspection, Level, Limits, Moment, Plan, Role,
    SignatureValue, Signed, Source, Step, Time, Upgrade, UpgradePlan,
};

use crate::authority::{Authority, Manner};
use crate::state::vector;

const NOW: &str = "2026-01-02T03:04:05Z";

fn moment(nonce: u8) -> Moment {
    Moment::new(Time::parse_rfc3339(NOW).unwrap(), [nonce; 32])
}

fn authority() -> Authority {
    Authority::new(Some("http://authority.example"))
}

fn upgrade_plan(authority: &Authority, level: Level) -> UpgradePlan {
    UpgradePlan::new(level, [Certificate::from_der(&authority.root).unwrap()]).unwrap()
}

fn plan(authority: &Authority, level: Level) -> Plan {
    Plan::new(Certificate::from_der(&authority.person).unwrap(), &[]).unwrap().level(level)
}

fn sign(authority: &Authority, document: &Document, level: Level) -> Signed {
    let prepared = document.prepare(&plan(authority, level), moment(7)).unwrap();
    let digest = prepared.to_be_signed().digest().unwrap().as_bytes().to_vec();
    prepared.finalize(SignatureValue::ecdsa_der(authority.sign(&digest))).unwrap()
}

fn pdf(name: &str) -> Source {
    let path = format!("{}/testdata/pdf/{name}", env!("CARGO_MANIFEST_DIR"));
    Source::from_bytes(std::fs::read(path).unwrap())
}

fn document(source: Source) -> Document {
    Document::open(source, &Limits::default()).unwrap()
}

/// How requests are answered, and which came.
struct Service<'a> {
    authority: &'a Authority,
    manner: Manner,
    /// Seconds after the moment.
    clock: i64,
    asked: Vec<Role>,
}

impl Service<'_> {
    fn answer(&mut self, fetch: &Fetch) -> (Evidence, Time) {
        self.asked.push(fetch.role());
        let time = moment(0).time().as_unix() + self.clock;
        self.clock += 1;
        let content = match fetch.role() {
            Role::Timestamp => self.authority.time_stamp(fetch.body().unwrap(), time, self.manner),
            Role::Ocsp => self.authority.ocsp(fetch.body().unwrap(), time, self.manner),
            Role::Certificate => self.authority.root.clone(),
            other => panic!("{other} is not served"),
        };
        (
            Evidence::answer(fetch.id(), Source::from_bytes(content)).host("authority.example"),
            Time::from_unix(time).unwrap(),
        )
    }

    fn climb(&mut self, upgrade: &mut Upgrade) -> eseal::Result<Vec<u8>> {
        for _ in 0..20 {
            match upgrade.step()? {
                Step::Done(output) => {
                    let mut written = Vec::new();
                    output.write_to(&mut written)?;
                    return Ok(written);
                }
                Step::Need(fetches) => {
                    for fetch in &fetches {
                        let (evidence, received) = self.answer(fetch);
                        upgrade.supply(evidence, received);
                    }
                }
                _ => unreachable!(),
            }
        }
        panic!("it goes on for ever");
    }
}

fn service(authority: &Authority) -> Service<'_> {
    Service { authority, manner: Manner::default(), clock: 1, asked: Vec::new() }
}

/// Levels and verdicts of all signatures.
fn levels(bytes: &[u8]) -> Vec<(Option<&'static str>, Option<bool>, usize)> {
    match document(Source::from_bytes(bytes.to_vec())).inspect().unwrap() {
        Inspection::Pdf(found) => found
            .signatures
            .iter()
            .map(|one| (one.level_claimed, one.signature_verifies, one.timestamps.len()))
            .collect(),
        Inspection::Container(found) => found
            .signatures
            .iter()
            .map(|one| (one.level_claimed, one.signature_verifies, one.timestamps.len()))
            .collect(),
        _ => unreachable!(),
    }
}

#[test]
fn a_pdf_climbs_step_by_step() {
    let authority = authority();
    for (level, name, asked) in [
        (Level::Bt, "B-T", vec![Role::Timestamp]),
        (Level::Blt, "B-LT", vec![Role::Timestamp, Role::Ocsp, Role::Ocsp]),
        (Level::Blta, "B-LTA", vec![Role::Timestamp, Role::Ocsp, Role::Ocsp, Role::Timestamp]),
    ] {
        for file in ["table-lf.pdf", "xref-stream.pdf"] {
            let signed = sign(&authority, &document(pdf(file)), level);
            let mut upgrade = signed.upgrade(&upgrade_plan(&authority, level), moment(8)).unwrap();
            let mut service = service(&authority);
            let written = service.climb(&mut upgrade).unwrap();
            assert_eq!(upgrade.reached(), level);
            assert_eq!(service.asked, asked, "{name}");
            let found = levels(&written);
            assert_eq!((found[0].0, found[0].1), (Some(name), Some(true)), "{file}");
            assert!(found.iter().all(|one| one.1 == Some(true)), "{found:?}");
        }
    }
}

/// A PDF at a level, made in one go.
fn made(authority: &Authority, file: &str, level: Level) -> Vec<u8> {
    let signed = sign(authority, &document(pdf(file)), level);
    service(authority).climb(&mut signed.upgrade(&upgrade_plan(authority, level), moment(8)).unwrap()).unwrap()
}

fn code(result: eseal::Result<Vec<u8>>) -> ErrorCode {
    result.unwrap_err().code()
}

#[test]
fn what_somebody_signed_climbs_and_is_renewed() {
    let authority = authority();
    let mut bytes = made(&authority, "table-crlf.pdf", Level::Bb);
    for (level, name) in [(Level::Bt, "B-T"), (Level::Blt, "B-LT"), (Level::Blta, "B-LTA")] {
        let mut upgrade =
            document(Source::from_bytes(bytes.clone())).upgrade(&upgrade_plan(&authority, level), moment(9)).unwrap();
        let raised = service(&authority).climb(&mut upgrade).unwrap();
        assert!(raised.starts_with(&bytes), "nothing is written over");
        assert!(!upgrade.report().is_unchanged);
        assert_eq!(levels(&raised)[0].0, Some(name));
        // At the level it is left alone.
        let mut again =
            document(Source::from_bytes(raised.clone())).upgrade(&upgrade_plan(&authority, level), moment(9)).unwrap();
        let mut service = service(&authority);
        assert_eq!(service.climb(&mut again).unwrap(), raised);
        assert!(again.report().is_unchanged && service.asked.is_empty(), "{name}: {:?}", service.asked);
        bytes = raised;
    }
    for n in 1..3 {
        let plan = upgrade_plan(&authority, Level::Blta).renew();
        let mut upgrade = document(Source::from_bytes(bytes.clone())).upgrade(&plan, moment(10 + n)).unwrap();
        let raised = service(&authority).climb(&mut upgrade).unwrap();
        assert!(raised.starts_with(&bytes) && raised.len() > bytes.len());
        assert_eq!(upgrade.report().time_stamps.len(), 1);
        assert_eq!(upgrade.report().protected_until, Some(Time::parse_rfc3339("2035-01-01T00:00:00Z").unwrap()));
        bytes = raised;
    }
    let ending = |text: &str| {
        let plan = upgrade_plan(&authority, Level::Blta).renew_ending_before(Time::parse_rfc3339(text).unwrap());
        let mut upgrade = document(Source::from_bytes(bytes.clone())).upgrade(&plan, moment(20)).unwrap();
        service(&authority).climb(&mut upgrade).unwrap().len() > bytes.len()
    };
    assert!(!ending("2034-12-31T00:00:00Z"), "it lasts longer");
    assert!(ending("2035-01-02T00:00:00Z"), "it ends before");
}

#[test]
fn it_is_saved_and_taken_up_after_each_answer() {
    let authority = authority();
    let plan = upgrade_plan(&authority, Level::Blta);
    let whole = made(&authority, "minimal.pdf", Level::Blta);
    let signed = sign(&authority, &document(pdf("minimal.pdf")), Level::Blta);
    let mut upgrade = signed.upgrade(&plan, moment(8)).unwrap();
    let mut service = service(&authority);
    let mut rounds = 0;
    let output = loop {
        match upgrade.step().unwrap() {
            Step::Done(output) => break output,
            Step::Need(fetches) => {
                // One answer, then another process.
                let (evidence, received) = service.answer(&fetches[0]);
                upgrade.supply(evidence, received);
                let state = upgrade.to_state().unwrap();
                upgrade = Upgrade::resume(&state, pdf("minimal.pdf"), &plan).unwrap();
                assert_eq!(upgrade.to_state().unwrap(), state, "nothing is lost and nothing added");
                rounds += 1;
            }
            _ => unreachable!(),
        }
    };
    let mut written = Vec::new();
    output.write_to(&mut written).unwrap();
    // ECDSA values of the authority are made by RFC 6979, so that equal requests have equal answers.
    assert_eq!((rounds, written == whole), (4, true));
    // A document that somebody else signed, too.
    let mut upgrade = document(Source::from_bytes(whole.clone())).upgrade(&plan.clone().renew(), moment(9)).unwrap();
    assert!(matches!(upgrade.step().unwrap(), Step::Need(_)));
    let state = upgrade.to_state().unwrap();
    assert!(Upgrade::resume(&state, Source::from_bytes(whole.clone()), &plan).is_ok());
    let other = Upgrade::resume(&state, pdf("minimal.pdf"), &plan).map(|_| Vec::new());
    assert_eq!(code(other), ErrorCode::StateOtherDocument);
}

#[test]
fn a_revoked_signer_stops_it_and_what_was_reached_stays() {
    let authority = authority();
    let signed = sign(&authority, &document(pdf("minimal.pdf")), Level::Blta);
    let mut upgrade = signed.upgrade(&upgrade_plan(&authority, Level::Blta), moment(8)).unwrap();
    let mut service = service(&authority);
    service.manner.is_revoked = true;
    assert_eq!(code(service.climb(&mut upgrade)), ErrorCode::CertificateRevoked);
    assert_eq!(upgrade.reached(), Level::Bt);
    let mut written = Vec::new();
    upgrade.output().unwrap().write_to(&mut written).unwrap();
    assert_eq!(levels(&written)[0].0, Some("B-T"));
    // A suspension may be lifted: neither the next try nor the next process takes the old answer for news.
    let state = upgrade.to_state().unwrap();
    service.manner.is_revoked = false;
    let plan = upgrade_plan(&authority, Level::Blta);
    let mut resumed = Upgrade::resume(&state, pdf("minimal.pdf"), &plan).unwrap();
    upgrade.retry();
    for upgrade in [&mut upgrade, &mut resumed] {
        assert_eq!(levels(&service.climb(upgrade).unwrap())[0].0, Some("B-LTA"));
    }
}

#[test]
fn a_bad_answer_is_named_and_asked_again() {
    let authority = authority();
    let signed = sign(&authority, &document(pdf("minimal.pdf")), Level::Blt);
    let mut upgrade = signed.upgrade(&upgrade_plan(&authority, Level::Blt), moment(8)).unwrap();
    let mut service = service(&authority);
    // A clock that is an hour ahead, another document's stamp, and no stamp at all.
    let Step::Need(fetches) = upgrade.step().unwrap() else { panic!() };
    let now = moment(0).time();
    let ahead = authority.time_stamp(fetches[0].body().unwrap(), now.as_unix() + 3_600, Manner::default());
    let other = {
        let signed = sign(&authority, &document(pdf("table-lf.pdf")), Level::Bt);
        let mut upgrade = signed.upgrade(&upgrade_plan(&authority, Level::Bt), moment(8)).unwrap();
        let Step::Need(fetches) = upgrade.step().unwrap() else { panic!() };
        authority.time_stamp(fetches[0].body().unwrap(), now.as_unix(), Manner::default())
    };
    for (answer, expected) in [
        (ahead, ErrorCode::TimestampTime),
        (other, ErrorCode::TimestampImprint),
        (b"<html>".to_vec(), ErrorCode::TimestampMalformed),
    ] {
        upgrade.supply(Evidence::answer(fetches[0].id(), Source::from_bytes(answer)).host("tsa.example"), now);
        let error = upgrade.step().unwrap_err();
        assert_eq!(error.code(), expected);
        assert!(error.to_string().contains("tsa tsa.example"), "{error}");
        assert_eq!(upgrade.reached(), Level::Bb);
        upgrade.retry();
    }
    // Nobody trusts this one.
    let stranger = UpgradePlan::new(Level::Bt, [Certificate::from_der(&authority.person).unwrap()]).unwrap();
    let signed = sign(&authority, &document(pdf("minimal.pdf")), Level::Bt);
    let untrusted = service.climb(&mut signed.upgrade(&stranger, moment(8)).unwrap());
    assert_eq!(code(untrusted), ErrorCode::TimestampUntrusted);
    assert_eq!(levels(&service.climb(&mut upgrade).unwrap())[0].0, Some("B-LT"));
}

#[test]
fn an_ocsp_answer_from_before_the_time_stamp_will_not_do() {
    let authority = authority();
    let signed = sign(&authority, &document(pdf("minimal.pdf")), Level::Blt);
    let mut upgrade = signed.upgrade(&upgrade_plan(&authority, Level::Blt), moment(8)).unwrap();
    let mut service = service(&authority);
    let Step::Need(fetches) = upgrade.step().unwrap() else { panic!() };
    let (evidence, received) = service.answer(&fetches[0]);
    upgrade.supply(evidence, received);
    let Step::Need(fetches) = upgrade.step().unwrap() else { panic!() };
    assert!(fetches.iter().any(|fetch| fetch.not_older_than() == Some(received)));
    service.clock = 0;
    for fetch in &fetches {
        let (evidence, received) = service.answer(fetch);
        service.clock = 0;
        upgrade.supply(evidence, received);
    }
    assert_eq!(code(service.climb(&mut upgrade)), ErrorCode::OcspStale);
    service.clock = 5;
    upgrade.retry();
    assert!(service.climb(&mut upgrade).is_ok());
}

#[test]
fn a_token_too_large_for_the_signature_goes_into_the_document() {
    let authority = authority();
    let signed = sign(&authority, &document(pdf("minimal.pdf")), Level::Blt);
    let mut upgrade = signed.upgrade(&upgrade_plan(&authority, Level::Blt), moment(8)).unwrap();
    let mut service = service(&authority);
    service.manner.padding = 12_000;
    let written = service.climb(&mut upgrade).unwrap();
    // Into the signature, into too small a room of the document, into one that is large enough.
    assert_eq!(service.asked.iter().filter(|role| **role == Role::Timestamp).count(), 3);
    assert_eq!(upgrade.report().time_stamps.len(), 1);
    assert_eq!(levels(&written)[0].0, Some("B-LT"));
}

fn data_files() -> Vec<DataFile> {
    let file = |(name, bytes): (&str, &[u8])| DataFile::new(name, Source::from_bytes(bytes));
    [("hello.txt", &b"hello\n"[..]), ("dir/L\u{12b}gums.bin", &[0; 70_000])].map(file).to_vec()
}

#[test]
fn a_container_climbs_and_is_renewed() {
    let authority = authority();
    for (level, name) in [(Level::Bt, "B-T"), (Level::Blt, "B-LT"), (Level::Blta, "B-LTA")] {
        let new = Document::new_container(data_files(), &Limits::default()).unwrap();
        let mut upgrade = sign(&authority, &new, level).upgrade(&upgrade_plan(&authority, level), moment(8)).unwrap();
        let mut first = service(&authority);
        let written = first.climb(&mut upgrade).unwrap();
        assert_eq!(levels(&written).iter().map(|one| (one.0, one.1)).collect::<Vec<_>>(), [(Some(name), Some(true))]);
        // Once more in what is there, and both raised.
        let more = sign(&authority, &document(Source::from_bytes(written.clone())), Level::Bb);
        let mut two = Vec::new();
        more.output().write_to(&mut two).unwrap();
        let plan = upgrade_plan(&authority, Level::Blta).renew();
        let mut upgrade = document(Source::from_bytes(two.clone())).upgrade(&plan, moment(9)).unwrap();
        let mut second = service(&authority);
        let raised = second.climb(&mut upgrade).unwrap();
        let found = levels(&raised);
        assert!(found.iter().all(|one| (one.0, one.1) == (Some("B-LTA"), Some(true))), "{found:?}");
        assert_eq!(upgrade.report().left_out.len(), 0);
        let mut again = document(Source::from_bytes(raised.clone()))
            .upgrade(&upgrade_plan(&authority, Level::Blta), moment(9))
            .unwrap();
        assert_eq!(service(&authority).climb(&mut again).unwrap(), raised);
        assert!(again.report().is_unchanged);
    }
}

#[test]
fn version_1_of_an_upgrade_is_written_and_read_as_ever() {
    let authority = authority();
    let plan = upgrade_plan(&authority, Level::Blta);
    let signed = sign(&authority, &document(pdf("minimal.pdf")), Level::Blta);
    let mut upgrade = signed.upgrade(&plan, moment(8)).unwrap();
    let mut service = service(&authority);
    for name in ["upgrade-stamped.state", "upgrade-proved.state", "upgrade-done.state"] {
        let Step::Need(fetches) = upgrade.step().unwrap() else { panic!("{name}") };
        for fetch in &fetches {
            let (evidence, received) = service.answer(fetch);
            upgrade.supply(evidence, received);
        }
        let state = upgrade.to_state().unwrap();
        vector(name, &state);
        assert_eq!(Upgrade::resume(&state, pdf("minimal.pdf"), &plan).unwrap().to_state().unwrap(), state);
    }
    // What it began with can be finished without going on.
    let state =
        std::fs::read(format!("{}/testdata/state/v1/upgrade-stamped.state", env!("CARGO_MANIFEST_DIR"))).unwrap();
    let signed = Signed::resume(&state, pdf("minimal.pdf"), &Limits::default()).unwrap();
    let mut written = Vec::new();
    signed.output().write_to(&mut written).unwrap();
    assert_eq!(levels(&written)[0].0, Some("B-B"));
    let damaged: Vec<u8> = state.iter().enumerate().map(|(n, b)| if n == 400 { b ^ 1 } else { *b }).collect();
    let refused = Upgrade::resume(&damaged, pdf("minimal.pdf"), &plan).map(|_| Vec::new());
    assert_eq!(code(refused), ErrorCode::StateMalformed);
}
