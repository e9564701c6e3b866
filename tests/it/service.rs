//! Upgrades driven over HTTP, against an authority on the loopback.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use eseal::service::{Cache, FolderTransport, Http, HttpSettings, Services, Tsa};
use eseal::system::SystemClock;
use eseal::{
    Certificate, Clock, Document, ErrorCode, Level, Limits, Moment, Plan, SignatureValue, Source, Step, Transport,
    Upgrade, UpgradePlan,
};

use crate::authority::server::Server;

fn upgrades(server: &Server, level: Level, count: u8) -> Vec<Upgrade> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/pdf/table-lf.pdf");
    let document = Document::open(Source::from_bytes(std::fs::read(path).unwrap()), &Limits::default()).unwrap();
    let plan = Plan::new(Certificate::from_der(&server.authority.person).unwrap(), &[]).unwrap().level(level);
    let raised = UpgradePlan::new(level, [Certificate::from_der(&server.authority.root).unwrap()]).unwrap();
    let one = |nonce| {
        let moment = Moment::new(SystemClock.now().unwrap(), [nonce; 32]);
        let prepared = document.prepare(&plan, moment).unwrap();
        let digest = prepared.to_be_signed().digest().unwrap().as_bytes().to_vec();
        let value = SignatureValue::ecdsa_der(server.authority.sign(&digest));
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
        // One answer serves all whose time-stamps are not of a later second; it may be one of an earlier call.
        let seconds = usize::try_from(SystemClock.now().unwrap().as_unix() - begun).unwrap() + 1;
        most += questions * seconds;
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
