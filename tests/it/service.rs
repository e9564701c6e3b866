//! Upgrades driven over HTTP, against an authority on the loopback.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use eseal::service::{Cache, FolderTransport, Http, HttpSettings, Services, SignerState, Tsa};
use eseal::system::SystemClock;
use eseal::{
    Certificate, Clock, Document, Error, ErrorCode, Evidence, Fetch, Level, Limits, Moment, Plan, Role, SignatureValue,
    SignerQuestion, Source, Step, Transport, Upgrade, UpgradePlan,
};

use crate::authority::server::Server;
use crate::authority::{Authority, Manner};

fn upgrades(server: &Server, level: Level, count: u8) -> Vec<Upgrade> {
    upgrades_of(&server.authority, level, count)
}

fn upgrades_of(authority: &Authority, level: Level, count: u8) -> Vec<Upgrade> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/pdf/table-lf.pdf");
    let document = Document::open(Source::from_bytes(std::fs::read(path).unwrap()), &Limits::default()).unwrap();
    let plan = Plan::new(Certificate::from_der(&authority.person).unwrap(), &[]).unwrap().level(level);
    let raised = UpgradePlan::new(level, [Certificate::from_der(&authority.root).unwrap()]).unwrap();
    let one = |nonce| {
        let moment = Moment::new(SystemClock.now().unwrap(), [nonce; 32]);
        let prepared = document.prepare(&plan, moment).unwrap();
        let digest = prepared.to_be_signed().digest().unwrap().as_bytes().to_vec();
        let value = SignatureValue::ecdsa_der(authority.sign(&digest));
        prepared.finalize(value).unwrap().upgrade(&raised, moment).unwrap()
    };
    (0..count).map(one).collect()
}

fn tsas(server: &Server) -> Vec<Tsa> {
    vec![Tsa::new(format!("{}/tsa", server.url)).unwrap()]
}

fn http(server: &Server) -> Arc<dyn Transport> {
    let settings = HttpSettings::new(&Limits::default()).timeout(Duration::from_secs(10));
    Arc::new(Http::new(settings, &tsas(server)).unwrap())
}

fn services(transport: Arc<dyn Transport>, tsas: Vec<Tsa>) -> Services {
    Services::new(transport, Arc::new(SystemClock)).tsas(tsas).workers(2)
}

#[test]
fn many_documents_share_their_questions() {
    let server = Server::start(Duration::ZERO);
    let services = services(http(&server), tsas(&server));
    let mut most = 0;
    for (level, [stamps, questions]) in [(Level::Bt, [8, 0]), (Level::Blt, [16, 2]), (Level::Blta, [32, 2])] {
        let begun = SystemClock.now().unwrap().as_unix();
        for result in services.complete_all(upgrades(&server, level, 8)) {
            let mut upgrade = result.unwrap();
            assert!(matches!(upgrade.step(), Ok(Step::Done(_))));
            assert_eq!(upgrade.reached(), level);
        }
        let [seen_stamps, seen_questions, connections] = server.counts();
        assert_eq!(seen_stamps, stamps);
        // One answer serves all whose time-stamps are not of a later second; it may be one of an earlier call. One more
        // came before the first time-stamp.
        let seconds = usize::try_from(SystemClock.now().unwrap().as_unix() - begun).unwrap() + 1;
        most += questions * seconds + usize::from(level == Level::Blt);
        assert!(seen_questions <= most, "{seen_questions}, at most {most}");
        assert!(connections <= 16, "{connections}");
    }
    let upgrade = services.complete(upgrades(&server, Level::Blta, 1).remove(0)).unwrap();
    assert_eq!((upgrade.reached(), upgrade.report().time_stamps.len()), (Level::Blta, 2));
}

#[test]
fn a_broken_service_leaves_what_was_reached() {
    let server = Server::start(Duration::ZERO);
    let nowhere = Tsa::new(format!("{}/nowhere", server.url)).unwrap();
    let alone = services(http(&server), vec![nowhere.clone()]);
    let unfinished = alone.complete(upgrades(&server, Level::Bt, 1).remove(0)).unwrap_err();
    assert_eq!(unfinished.error.code(), ErrorCode::ServiceRefused);
    assert!(unfinished.upgrade.output().is_ok() && unfinished.upgrade.to_state().is_ok());

    // The same upgrade goes on where there is somebody else to ask.
    let both = [vec![nowhere], tsas(&server)].concat();
    let mut upgrade = unfinished.upgrade;
    upgrade.retry();
    let upgrade = services(http(&server), both).complete(upgrade).unwrap();
    assert_eq!(upgrade.reached(), Level::Bt);
}

#[test]
fn another_machine_answers_and_a_record_repeats() {
    let server = Server::start(Duration::ZERO);
    let dir = tempfile::tempdir().unwrap();
    let limits = Limits::default();
    let offline = |folder: &Path| {
        let transport = FolderTransport::new(&limits).answers(folder).ask(folder);
        services(Arc::new(transport), tsas(&server)).offline().cache(Cache::new(0))
    };
    let mut upgrade = upgrades(&server, Level::Blta, 1).remove(0);
    let mut rounds = 0;
    // Each round asks the same again, and one thing more.
    let upgrade = loop {
        match offline(dir.path()).complete(upgrade) {
            Ok(upgrade) => break upgrade,
            Err(unfinished) => {
                assert_eq!(unfinished.error.code(), ErrorCode::ServiceOffline);
                upgrade = unfinished.upgrade;
                upgrade.retry();
            }
        }
        let fetched = services(http(&server), tsas(&server)).fetch(dir.path(), &limits).unwrap();
        assert!(!fetched.is_empty() && fetched.iter().all(|one| one.result.is_ok()), "{fetched:?}");
        rounds += 1;
        assert!(rounds <= 3);
    };
    assert_eq!((upgrade.reached(), rounds), (Level::Blta, 3));
}

/// The authority in memory: what it is asked, and how it answers about the person.
struct Office {
    authority: Authority,
    is_revoked: Mutex<bool>,
    is_silent: Mutex<bool>,
    stamps: AtomicUsize,
    statuses: AtomicUsize,
}

impl Office {
    fn new() -> Arc<Office> {
        Arc::new(Office {
            authority: Authority::new(Some("http://authority.example")),
            is_revoked: Mutex::new(false),
            is_silent: Mutex::new(false),
            stamps: AtomicUsize::new(0),
            statuses: AtomicUsize::new(0),
        })
    }

    fn services(self: &Arc<Self>) -> Services {
        let transport: Arc<dyn Transport> = Arc::<Office>::clone(self);
        services(transport, vec![Tsa::new("http://authority.example/tsa").unwrap()]).patience(Duration::ZERO)
    }

    fn counts(&self) -> (usize, usize) {
        (self.stamps.load(Ordering::SeqCst), self.statuses.load(Ordering::SeqCst))
    }
}

impl Transport for Office {
    fn exchange(&self, fetch: &Fetch) -> Evidence {
        let now = SystemClock.now().unwrap().as_unix();
        let body = fetch.body().unwrap_or_default();
        let content = match fetch.role() {
            Role::Timestamp => {
                self.stamps.fetch_add(1, Ordering::SeqCst);
                self.authority.time_stamp(body, now, Manner::default())
            }
            Role::Ocsp if *self.is_silent.lock().unwrap() => b"<html>".to_vec(),
            Role::Ocsp => {
                self.statuses.fetch_add(1, Ordering::SeqCst);
                self.authority.ocsp(
                    body,
                    now,
                    Manner { is_revoked: *self.is_revoked.lock().unwrap(), ..Manner::default() },
                )
            }
            _ => self.authority.root.clone(),
        };
        Evidence::answer(fetch.id(), Source::from_bytes(content)).host("authority.example")
    }
}

#[test]
fn a_revoked_signer_buys_no_time_stamp() {
    let office = Office::new();
    *office.is_revoked.lock().unwrap() = true;
    let services = office.services();
    for level in [Level::Blt, Level::Blta] {
        for result in services.complete_all(upgrades_of(&office.authority, level, 60)) {
            let unfinished = result.unwrap_err();
            assert_eq!(unfinished.error.code(), ErrorCode::CertificateRevoked);
            let Error::Certificate(fault) = &unfinished.error else { panic!() };
            assert_eq!(
                fault.certificate.as_deref().copied(),
                Some(Certificate::from_der(&office.authority.person).unwrap().sha256())
            );
            assert_eq!(unfinished.upgrade.reached(), Level::Bb);
        }
    }
    assert!(services.complete(upgrades_of(&office.authority, Level::Blt, 1).remove(0)).is_err());
    assert_eq!(office.counts(), (0, 1), "asked once");
    // Nobody wants to know at B-T.
    assert!(services.complete_all(upgrades_of(&office.authority, Level::Bt, 3)).iter().all(Result::is_ok));
    assert_eq!(office.counts(), (3, 1));
}

#[test]
fn who_is_not_known_to_be_revoked_may_sign_and_the_early_answer_is_asked_for_again() {
    let office = Office::new();
    *office.is_silent.lock().unwrap() = true;
    let services = office.services();
    let plan = UpgradePlan::new(Level::Blt, [Certificate::from_der(&office.authority.root).unwrap()]).unwrap();
    let chain = [Certificate::from_der(&office.authority.person).unwrap()];
    let state = services.signer_state(&plan, &chain);
    assert!(matches!(&state, Ok(SignerState::Unknown(error)) if error.code() == ErrorCode::OcspMalformed), "{state:?}");
    *office.is_silent.lock().unwrap() = false;
    assert!(services.complete_all(upgrades_of(&office.authority, Level::Blt, 4)).iter().all(Result::is_ok));
    let (stamps, statuses) = office.counts();
    // The signer's and the time-stamping unit's, of each second.
    assert!(stamps == 4 && statuses >= 2, "{statuses}");

    // A good one is asked about once before, and again after the time-stamps: the first answer is in no document.
    let office = Office::new();
    let services = office.services();
    assert!(matches!(services.signer_state(&plan, &chain), Ok(SignerState::Good)));
    assert!(matches!(services.signer_state(&plan, &chain), Ok(SignerState::Good)));
    assert_eq!(office.counts(), (0, 1));
    let upgrade = services.complete(upgrades_of(&office.authority, Level::Blt, 1).remove(0)).unwrap();
    assert_eq!((office.counts(), upgrade.report().revocation.len()), ((1, 3), 2));

    // Step by step, for whoever sends requests himself.
    let mut question = SignerQuestion::new(&plan, &chain, SystemClock.now().unwrap()).unwrap();
    let fetches = question.step().unwrap();
    assert_eq!(fetches.iter().map(Fetch::role).collect::<Vec<_>>(), [Role::Ocsp]);
    question.supply(office.exchange(&fetches[0]), SystemClock.now().unwrap());
    assert!(question.step().unwrap().is_empty());
    let nobody = UpgradePlan::new(Level::Bt, []).unwrap();
    assert!(SignerQuestion::new(&nobody, &chain, SystemClock.now().unwrap()).is_err());
}
