//! Sessions through all that may happen to them: services that fail, crashes, two at once, calls made again.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use eseal::batch::{
    Form, Phase, Preparation, Rearchive, SessionClimb, SessionDigest, SessionFailure, SessionResult, Sessions,
};
use eseal::error::ServiceError;
use eseal::service::{Cache, Services, Tsa};
use eseal::store::{Content, FileId, SessionDirectory, SessionId, SessionStore};
use eseal::system::OsEntropy;
use eseal::{
    Certificate, Clock, DataFile, DigestAlgorithm, Document, Entropy, Error, ErrorCode, Evidence, Fetch, Inspection,
    Level, Limits, Plan, Result, Role, SignatureValue, Signer, Source, Time, ToBeSigned, Transport,
};

use crate::authority::{Authority, Manner};
use crate::state::vector;

/// An authority that answers in memory, unless it is down.
struct Net {
    authority: Arc<Authority>,
    is_down: AtomicBool,
    stamps: AtomicUsize,
    /// Whether the call is to end with the next time-stamp, and what ends it.
    is_last: AtomicBool,
    stop: Arc<AtomicBool>,
}

impl Transport for Net {
    fn exchange(&self, fetch: &Fetch) -> Evidence {
        let time = Stopped.now().unwrap().as_unix();
        let body = fetch.body().unwrap_or_default();
        let content = match fetch.role() {
            Role::Timestamp if self.is_down.load(Ordering::SeqCst) => {
                let fault = ServiceError::new(ErrorCode::ServiceRefused, Role::Timestamp);
                return Evidence::failure(fetch.id(), fault);
            }
            Role::Timestamp => {
                self.stamps.fetch_add(1, Ordering::SeqCst);
                self.stop.store(self.is_last.load(Ordering::SeqCst), Ordering::SeqCst);
                self.authority.time_stamp(body, time, Manner::default())
            }
            Role::Ocsp => self.authority.ocsp(body, time, Manner::default()),
            _ => self.authority.root.clone(),
        };
        Evidence::answer(fetch.id(), Source::from_bytes(content))
    }
}

struct Stopped;

impl Clock for Stopped {
    fn now(&self) -> Result<Time> {
        Time::parse_rfc3339("2026-01-02T03:04:05Z")
    }
}

/// The person of the authority, as a key at hand.
struct Person(Arc<Authority>, Vec<Certificate>);

impl Signer for Person {
    fn chain(&self) -> &[Certificate] {
        &self.1
    }

    fn sign(&self, to_be_signed: &ToBeSigned) -> Result<SignatureValue> {
        Ok(SignatureValue::ecdsa_der(self.0.sign(to_be_signed.digest().unwrap().as_bytes())))
    }
}

struct House {
    directory: tempfile::TempDir,
    authority: Arc<Authority>,
    net: Arc<Net>,
    services: Services,
    sessions: Sessions,
}

impl House {
    fn new() -> House {
        let directory = tempfile::tempdir().unwrap();
        let authority = Arc::new(Authority::new(Some("http://authority.example")));
        let is_down = AtomicBool::new(false);
        let (is_last, stop) = (AtomicBool::new(false), Arc::new(AtomicBool::new(false)));
        let stamps = AtomicUsize::new(0);
        let net =
            Arc::new(Net { authority: Arc::clone(&authority), is_down, stamps, is_last, stop: Arc::clone(&stop) });
        let tsa = Tsa::new("http://authority.example/tsa").unwrap();
        let services = Services::new(net.clone(), Arc::new(Stopped)).tsas(vec![tsa]).cache(Cache::new(0));
        let services = services.finish_on(&stop, Duration::from_secs(600));
        let sessions = sessions(directory.path()).workers(2).cancel_on(&stop);
        House { directory, authority, net, services, sessions }
    }

    fn plan(&self, level: Level) -> Plan {
        Plan::new(Certificate::from_der(&self.authority.person).unwrap(), &[]).unwrap().level(level)
    }

    fn climb(&self) -> SessionClimb<'_> {
        SessionClimb::new(&self.services, vec![Certificate::from_der(&self.authority.root).unwrap()])
    }

    fn person(&self) -> Person {
        Person(Arc::clone(&self.authority), vec![Certificate::from_der(&self.authority.person).unwrap()])
    }

    fn value(&self, digest: &SessionDigest) -> SignatureValue {
        self.person().sign(&digest.to_be_signed).unwrap()
    }

    /// A session with these files.
    fn with(&self, files: &[(&str, Source)]) -> SessionId {
        let id = self.sessions.start(1).unwrap()[0];
        for (name, content) in files {
            self.sessions.upload(&id, name, content).unwrap();
        }
        id
    }

    fn prepare(&self, id: &SessionId, level: Level, form: Form) -> Result<SessionDigest> {
        self.sessions.prepare(std::slice::from_ref(id), &self.plan(level), form).remove(0)
    }

    fn finalize(&self, id: &SessionId, value: SignatureValue) -> Result<SessionResult, SessionFailure> {
        self.sessions.finalize(vec![(*id, value)], Some(&self.climb())).remove(0)
    }

    fn archive(&self, id: &SessionId, again: Rearchive) -> Result<SessionResult, SessionFailure> {
        self.sessions.archive(std::slice::from_ref(id), &self.climb(), again).remove(0)
    }

    fn down(&self, is_down: bool) {
        self.net.is_down.store(is_down, Ordering::SeqCst);
    }

    fn phase(&self, id: &SessionId) -> Phase {
        self.sessions.status(id).unwrap().phase
    }

    /// The document of a session.
    fn document(&self, id: &SessionId) -> Vec<u8> {
        let (file, source) = self.sessions.download(id, None).unwrap();
        let bytes = source.window(0..source.len()).unwrap().to_vec();
        assert_eq!(file.size, Some(source.len()));
        bytes
    }

    fn place(&self, id: &SessionId) -> PathBuf {
        let id = id.to_string();
        self.directory.path().join(&id[..2]).join(&id)
    }
}

fn sessions(directory: &Path) -> Sessions {
    let store = SessionDirectory::create(directory, &Limits::default()).unwrap();
    Sessions::new(Arc::new(store), Arc::new(Stopped), Arc::new(OsEntropy), &Limits::default())
}

fn pdf() -> Source {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/pdf/minimal.pdf");
    Source::from_bytes(fs::read(path).unwrap())
}

fn hello() -> Source {
    Source::from_bytes("hello\n")
}

/// Level and verdict of each signature.
fn signatures(bytes: &[u8]) -> Vec<(Option<&'static str>, bool)> {
    let document = Document::open(Source::from_bytes(bytes), &Limits::default()).unwrap();
    match document.inspect().unwrap() {
        Inspection::Pdf(found) => found
            .signatures
            .iter()
            .filter(|one| one.sub_filter != "ETSI.RFC3161")
            .map(|one| (one.level_claimed, one.signature_verifies == Some(true)))
            .collect(),
        Inspection::Container(found) => found
            .signatures
            .iter()
            .map(|one| (one.level_claimed, one.signature_verifies == Some(true) && one.covers_all))
            .collect(),
        _ => panic!(),
    }
}

fn code<T: std::fmt::Debug>(result: Result<T>) -> ErrorCode {
    result.unwrap_err().code()
}

fn failure(result: Result<SessionResult, SessionFailure>) -> (ErrorCode, Option<Level>) {
    let failure = result.unwrap_err();
    (failure.error.code(), failure.reached)
}

#[test]
fn a_session_goes_from_file_to_archive_and_to_the_next_signer() {
    let house = House::new();
    for (name, content, form) in [
        ("a.pdf", pdf(), Form::Pdf),
        ("hello.txt", hello(), Form::AddToContainer),
        ("a.pdf", pdf(), Form::NewContainer),
    ] {
        let id = house.with(&[(name, content)]);
        assert_eq!(house.phase(&id), Phase::Open);
        let digest = house.prepare(&id, Level::Blt, form).unwrap();
        assert_eq!((house.phase(&id), digest.prepared), (Phase::Prepared, Preparation::New));
        let result = house.finalize(&id, house.value(&digest)).unwrap();
        assert_eq!((result.level, result.is_again, house.phase(&id)), (Level::Blt, false, Phase::Finished));
        let files = house.sessions.list(&id).unwrap();
        assert_eq!(files, std::slice::from_ref(&result.file));
        let expected = if form == Form::Pdf { name.to_owned() } else { format!("{name}.edoc") };
        assert_eq!(result.file.name, expected);
        let included: Vec<&str> = result.file.included.iter().map(|one| &*one.name).collect();
        assert_eq!(included, if form == Form::Pdf { vec![] } else { vec![name] });
        assert_eq!(signatures(&house.document(&id)), [(Some("B-LT"), true)]);

        let archived = house.archive(&id, Rearchive::Never).unwrap();
        assert_eq!((archived.level, house.phase(&id)), (Level::Blta, Phase::Archived));
        assert_eq!(signatures(&house.document(&id)), [(Some("B-LTA"), true)]);

        // The next signer signs what is there by now.
        let next = if form == Form::Pdf { Form::Pdf } else { Form::AddToContainer };
        let digest = house.prepare(&id, Level::Bb, next).unwrap();
        assert_eq!(digest.prepared, Preparation::New);
        house.finalize(&id, house.value(&digest)).unwrap();
        let found = signatures(&house.document(&id));
        assert_eq!((found.len(), found.iter().all(|(_, is_good)| *is_good)), (2, true), "{found:?}");
        assert_eq!(house.sessions.list(&id).unwrap()[0].name, expected);
        house.sessions.close(&id).unwrap();
        assert_eq!(code(house.sessions.status(&id)), ErrorCode::SessionUnknown);
        assert!(!house.place(&id).exists());
    }
}

#[test]
fn every_call_may_be_made_again() {
    let house = House::new();
    let id = house.with(&[("a.pdf", pdf())]);
    let first = house.sessions.upload(&id, "a.pdf", &pdf()).unwrap();
    assert_eq!(house.sessions.list(&id).unwrap(), std::slice::from_ref(&first));
    assert_eq!(code(house.sessions.upload(&id, "a.pdf", &hello())), ErrorCode::SessionNameTaken);
    // Content that a power cut has taken comes back with the same call.
    fs::write(house.place(&id).join(first.id.to_string()), b"").unwrap();
    assert_eq!(house.sessions.upload(&id, "a.pdf", &pdf()).unwrap(), first);
    assert_eq!(Some(house.document(&id).len() as u64), first.size);

    let digest = house.prepare(&id, Level::Blta, Form::Pdf).unwrap();
    let again = house.prepare(&id, Level::Blta, Form::Pdf).unwrap();
    assert_eq!((again.prepared, again.to_be_signed.as_bytes()), (Preparation::Again, digest.to_be_signed.as_bytes()));
    let anew = house.prepare(&id, Level::Blt, Form::Pdf).unwrap();
    assert_eq!(anew.prepared, Preparation::Anew);
    assert_ne!(anew.to_be_signed.as_bytes(), digest.to_be_signed.as_bytes());
    // The value for what was given out first is void.
    assert_eq!(failure(house.finalize(&id, house.value(&digest))), (ErrorCode::SignatureMismatch, None));
    assert_eq!(house.phase(&id), Phase::Prepared);

    let value = house.value(&anew);
    house.finalize(&id, value.clone()).unwrap();
    let (document, stamps) = (house.document(&id), house.net.stamps.load(Ordering::SeqCst));
    let step = house.sessions.status(&id).unwrap().step;
    let again = house.finalize(&id, value.clone()).unwrap();
    assert_eq!((again.is_again, again.level), (true, Level::Blt));
    assert_eq!(failure(house.finalize(&id, SignatureValue::ecdsa_der([7]))), (ErrorCode::SessionValue, None));
    assert_eq!(house.document(&id), document);
    assert_eq!(house.net.stamps.load(Ordering::SeqCst), stamps);
    assert_eq!(house.sessions.status(&id).unwrap().step, step);

    house.archive(&id, Rearchive::Never).unwrap();
    let archived = house.document(&id);
    assert!(house.archive(&id, Rearchive::Never).unwrap().is_again);
    assert_eq!(house.document(&id), archived);
    // The value is still known for what it is.
    assert!(house.finalize(&id, value).unwrap().is_again);
    assert!(!house.archive(&id, Rearchive::Again).unwrap().is_again);
    assert!(house.document(&id).len() > archived.len());
}

#[test]
fn a_time_stamp_that_was_bought_is_in_a_result_when_the_call_ends() {
    let house = House::new();
    let content = Source::from_bytes("hello\n");
    let id = house.with(&[("hello.txt", content)]);
    let digest = house.prepare(&id, Level::Blta, Form::NewContainer).unwrap();
    house.net.is_last.store(true, Ordering::SeqCst);
    let result = house.finalize(&id, house.value(&digest)).unwrap();
    assert_eq!((result.level, house.net.stamps.load(Ordering::SeqCst)), (Level::Blta, 2));
    assert_eq!(house.phase(&id), Phase::Finished);
}

#[test]
fn a_service_that_fails_leaves_what_was_reached() {
    let house = House::new();
    let id = house.with(&[("a.pdf", pdf())]);
    let digest = house.prepare(&id, Level::Blt, Form::Pdf).unwrap();
    let value = house.value(&digest);
    house.down(true);
    assert_eq!(failure(house.finalize(&id, value.clone())), (ErrorCode::ServiceRefused, Some(Level::Bb)));
    assert_eq!(house.phase(&id), Phase::Signed);
    assert_eq!(house.sessions.list(&id).unwrap()[0].level, None);
    // Without anybody to ask it is no better, and a verified value is not given up for another signer's.
    let alone = house.sessions.finalize(vec![(id, value.clone())], None).remove(0);
    assert_eq!(failure(alone), (ErrorCode::ServiceOffline, Some(Level::Bb)));
    assert_eq!(code(house.prepare(&id, Level::Bb, Form::Pdf)), ErrorCode::SessionUnfinished);
    assert_eq!(code(house.sessions.upload(&id, "b", &hello())), ErrorCode::SessionUnfinished);
    assert_eq!(failure(house.archive(&id, Rearchive::Never)).0, ErrorCode::SessionUnfinished);
    // Another process goes on.
    house.down(false);
    let other = sessions(house.directory.path());
    let result = other.finalize(vec![(id, value)], Some(&house.climb())).remove(0).unwrap();
    assert_eq!((result.level, result.is_again), (Level::Blt, false));

    house.down(true);
    assert_eq!(failure(house.archive(&id, Rearchive::Never)), (ErrorCode::ServiceRefused, Some(Level::Blt)));
    assert_eq!(house.phase(&id), Phase::Finished);
    house.down(false);
    assert_eq!(house.archive(&id, Rearchive::Never).unwrap().level, Level::Blta);

    // Where a lower level will do, the session is finished with it.
    let id = house.with(&[("hello.txt", hello())]);
    let digest = house.prepare(&id, Level::Blt, Form::NewContainer).unwrap();
    house.down(true);
    let climb = house.climb().accept_lower();
    let result = house.sessions.finalize(vec![(id, house.value(&digest))], Some(&climb)).remove(0).unwrap();
    assert_eq!((result.level, house.phase(&id)), (Level::Bb, Phase::Finished));
}

#[test]
fn what_cannot_be_one_document_is_refused() {
    let house = House::new();
    let refused = |files: &[(&str, Source)], form| code(house.prepare(&house.with(files), Level::Bb, form));
    assert_eq!(refused(&[], Form::Pdf), ErrorCode::SessionEmpty);
    assert_eq!(refused(&[("a.pdf", hello())], Form::Pdf), ErrorCode::SessionForm);
    assert_eq!(refused(&[("a.pdf", pdf()), ("b.pdf", pdf())], Form::Pdf), ErrorCode::SessionForm);
    assert_eq!(refused(&[("../a", hello())], Form::NewContainer), ErrorCode::AsiceName);
    let signed = house.with(&[("hello.txt", hello())]);
    let digest = house.prepare(&signed, Level::Bb, Form::NewContainer).unwrap();
    house.finalize(&signed, house.value(&digest)).unwrap();
    let container = Source::from_bytes(house.document(&signed));
    let both = [("c.edoc", container.clone()), ("hello.txt", hello())];
    assert_eq!(refused(&both, Form::AddToContainer), ErrorCode::SessionMixed);
    assert_eq!(refused(&[("c.edoc", container.clone())], Form::Pdf), ErrorCode::SessionForm);
    // In a new container it is a file like any other.
    let id = house.with(&both);
    let digest = house.prepare(&id, Level::Bb, Form::NewContainer).unwrap();
    let result = house.finalize(&id, house.value(&digest)).unwrap();
    assert_eq!(result.file.included.len(), 2);
    // A ZIP that is no container is a file, too; one that is called a container is not.
    let zip = Source::from_bytes(b"PK\x03\x04 and nothing more".to_vec());
    let id = house.with(&[("a.docx", zip.clone())]);
    house.prepare(&id, Level::Bb, Form::AddToContainer).unwrap();
    let id = house.sessions.start(1).unwrap()[0];
    assert_eq!(code(house.sessions.upload(&id, "a.asice", &zip)), ErrorCode::ZipNotZip);
    // A document that can't be signed is known as such until its file is gone.
    let broken = Source::from_bytes(b"%PDF-1.7\nnothing".to_vec());
    let id = house.with(&[("a.pdf", broken)]);
    let fault = code(house.prepare(&id, Level::Bb, Form::Pdf));
    let status = house.sessions.status(&id).unwrap();
    assert_eq!((status.phase, status.failed.as_deref()), (Phase::Failed, Some(fault.as_str())));
    house.sessions.delete(&id, &status.files[0].id).unwrap();
    assert_eq!(house.phase(&id), Phase::Open);
    assert_eq!(code(house.sessions.delete(&id, &status.files[0].id)), ErrorCode::SessionFileUnknown);
    // Nothing was prepared, or nothing is signed.
    let id = house.with(&[("a.pdf", pdf())]);
    assert_eq!(failure(house.finalize(&id, SignatureValue::ecdsa_der([7]))), (ErrorCode::SessionNotPrepared, None));
    assert_eq!(failure(house.archive(&id, Rearchive::Never)), (ErrorCode::DocumentUnsigned, None));
    let nobody = SessionId::parse(&"0".repeat(64)).unwrap();
    assert_eq!(code(house.prepare(&nobody, Level::Bb, Form::Pdf)), ErrorCode::SessionUnknown);
    assert!(SessionId::parse(&"A".repeat(64)).is_err() && FileId::parse("../x").is_err());
}

#[test]
fn a_container_keeps_the_name_under_which_it_came() {
    let house = House::new();
    let signed = house.with(&[("hello.txt", hello())]);
    let digest = house.prepare(&signed, Level::Bb, Form::NewContainer).unwrap();
    assert_eq!(house.finalize(&signed, house.value(&digest)).unwrap().file.name, "hello.txt.edoc");
    let container = Source::from_bytes(house.document(&signed));
    for (name, form, result, count) in [
        ("c.sce", Form::AddToContainer, "c.sce", 2),
        ("c.zip", Form::AddToContainer, "c.zip", 2),
        ("c", Form::AddToContainer, "c", 2),
        ("c.sce", Form::NewContainer, "c.sce.edoc", 1),
    ] {
        let id = house.with(&[(name, container.clone())]);
        let digest = house.prepare(&id, Level::Bb, form).unwrap();
        assert_eq!(house.finalize(&id, house.value(&digest)).unwrap().file.name, result);
        assert_eq!(signatures(&house.document(&id)).len(), count);
    }
    // One that is cut is not taken for a file like any other, whatever its name.
    let cut = Source::from_bytes(container.window(0..container.len() - 30).unwrap().to_vec());
    let id = house.sessions.start(1).unwrap()[0];
    assert!(code(house.sessions.upload(&id, "c", &cut)).as_str().starts_with("zip."));
}

#[test]
fn a_file_that_came_later_makes_what_was_prepared_void() {
    let house = House::new();
    let id = house.with(&[("a.txt", hello())]);
    let digest = house.prepare(&id, Level::Bb, Form::NewContainer).unwrap();
    house.sessions.upload(&id, "b.txt", &hello()).unwrap();
    assert_eq!(failure(house.finalize(&id, house.value(&digest))), (ErrorCode::SessionNotPrepared, None));
    let digest = house.prepare(&id, Level::Bb, Form::NewContainer).unwrap();
    house.finalize(&id, house.value(&digest)).unwrap();
    assert_eq!(house.sessions.list(&id).unwrap()[0].included.len(), 2);
}

#[test]
fn files_known_by_digest_make_a_container_without_them_and_take_another_signer() {
    let house = House::new();
    let digest_of = |text: &str| DigestAlgorithm::Sha256.digest(text.as_bytes());
    let id = house.sessions.start(1).unwrap()[0];
    let files = [DataFile::by_digest("a.txt", digest_of("a")), DataFile::by_digest("b.txt", digest_of("b")).size(1)];
    let rows = house.sessions.add_digests(&id, &files, Some(3)).unwrap();
    assert_eq!(house.sessions.add_digests(&id, &files, None).unwrap(), rows);
    let other = [DataFile::by_digest("a.txt", digest_of("c"))];
    assert_eq!(code(house.sessions.add_digests(&id, &other, None)), ErrorCode::SessionNameTaken);
    assert_eq!(code(house.sessions.download(&id, Some(&rows[0].id))), ErrorCode::SessionFileUnknown);
    assert_eq!(code(house.prepare(&id, Level::Bb, Form::Pdf)), ErrorCode::SessionForm);
    for signer in 0..2 {
        let digest = house.prepare(&id, Level::Blt, Form::AddToContainer).unwrap();
        house.finalize(&id, house.value(&digest)).unwrap();
        let container = Source::from_bytes(house.document(&id));
        let document = Document::open(container, &Limits::default()).unwrap();
        let contents =
            [("a.txt", "a"), ("b.txt", "b")].map(|(name, text)| DataFile::new(name, Source::from_bytes(text)));
        let mut filled = Vec::new();
        let time = Stopped.now().unwrap();
        document.fill(&contents, eseal::Compress::default(), time).unwrap().write_to(&mut filled).unwrap();
        assert_eq!(signatures(&filled), vec![(Some("B-LT"), true); signer + 1]);
        let Inspection::Container(found) = document.inspect().unwrap() else { panic!() };
        assert_eq!(found.signatures[signer].file, format!("META-INF/signatures{}.xml", 3 + signer));
    }
    // Its data are elsewhere, so that nothing can protect them here.
    assert_eq!(failure(house.archive(&id, Rearchive::Never)).0, ErrorCode::AsiceDataMissing);
}

#[test]
fn sealing_is_both_halves_and_may_be_asked_again() {
    let house = House::new();
    let ids = [house.with(&[("a.pdf", pdf())]), house.with(&[("b.pdf", pdf())]), house.with(&[])];
    let (plan, person) = (house.plan(Level::Blt), house.person());
    let seal = |level: Option<&SessionClimb<'_>>| house.sessions.seal(&ids, &plan, Form::Pdf, &person, level);
    house.down(true);
    let failed: Vec<_> = seal(Some(&house.climb())).into_iter().map(failure).collect();
    let refused = (ErrorCode::ServiceRefused, Some(Level::Bb));
    assert_eq!(failed, [refused, refused, (ErrorCode::SessionEmpty, None)]);
    house.down(false);
    for is_again in [false, true] {
        let mut results = seal(Some(&house.climb()));
        assert_eq!(failure(results.pop().unwrap()), (ErrorCode::SessionEmpty, None));
        for (result, id) in results.into_iter().zip(&ids) {
            let result = result.unwrap();
            assert_eq!((result.is_again, result.level), (is_again, Level::Blt));
            assert_eq!(signatures(&house.document(id)), [(Some("B-LT"), true)]);
        }
    }
}

#[test]
fn wrong_values_in_any_order_never_make_a_file() {
    let house = House::new();
    let ids: Vec<SessionId> =
        (0..4).map(|n| house.with(&[(&*format!("{n}.txt"), Source::from_bytes(vec![n]))])).collect();
    let digests = house.sessions.prepare(&ids, &house.plan(Level::Bb), Form::NewContainer);
    let values: Vec<SignatureValue> = digests.into_iter().map(|digest| house.value(&digest.unwrap())).collect();
    for shift in 1..4 {
        let shifted = values.iter().cycle().skip(shift).cloned();
        let results = house.sessions.finalize(ids.iter().copied().zip(shifted).collect(), None);
        for (result, meant) in results.into_iter().zip(ids.iter().cycle().skip(shift)) {
            let told = result.as_ref().map_err(ToString::to_string).unwrap_err().clone();
            assert!(told.ends_with(&format!("it is that of session {meant}")), "{told}");
            assert_eq!(failure(result), (ErrorCode::SignatureMismatch, None));
        }
    }
    assert!(ids.iter().all(|id| house.phase(id) == Phase::Prepared));
    // The right ones in a shuffled order, each twice.
    let order = [2, 0, 3, 1, 1, 2, 3, 0];
    let results = house.sessions.finalize(order.map(|n| (ids[n], values[n].clone())).to_vec(), None);
    let again: Vec<bool> = results.into_iter().map(|result| result.unwrap().is_again).collect();
    assert_eq!(again, [false, false, false, false, true, true, true, true]);
}

#[test]
fn two_at_once_finish_a_session_once() {
    let house = House::new();
    let ids: Vec<SessionId> = (0..12).map(|_| house.with(&[("a.pdf", pdf())])).collect();
    let digests = house.sessions.prepare(&ids, &house.plan(Level::Bt), Form::Pdf);
    let values: Vec<_> = ids.iter().zip(digests).map(|(id, digest)| (*id, house.value(&digest.unwrap()))).collect();
    let first = Mutex::new(0);
    std::thread::scope(|scope| {
        for n in 0..3 {
            let (house, values, first) = (&house, &values, &first);
            scope.spawn(move || {
                // As another process would: with a store of its own, and in another order.
                let sessions = sessions(house.directory.path());
                let mut values = values.clone();
                values.rotate_left(n * 4);
                for result in sessions.finalize(values, Some(&house.climb())) {
                    *first.lock().unwrap() += usize::from(!result.unwrap().is_again);
                }
            });
        }
    });
    assert_eq!((*first.lock().unwrap(), house.net.stamps.load(Ordering::SeqCst)), (12, 12));
    // Whoever does not want to wait is told so.
    let hurried = sessions(house.directory.path()).patience(Duration::ZERO);
    let _held = fs::File::open(house.place(&ids[0])).map(|file| file.lock().map(|()| file)).unwrap();
    let result = hurried.finalize(vec![values[0].clone()], None).remove(0);
    assert_eq!(failure(result), (ErrorCode::SessionBusy, None));
}

/// A store whose process dies when it has written so many steps more.
#[derive(Debug)]
struct Dying {
    store: SessionDirectory,
    left: AtomicUsize,
}

impl SessionStore for Dying {
    fn create(&self, id: &SessionId, record: &[u8]) -> Result<()> {
        self.store.create(id, record)
    }
    fn load(&self, id: &SessionId) -> Result<(u64, Vec<u8>)> {
        self.store.load(id)
    }
    fn save(&self, id: &SessionId, step: u64, record: &[u8]) -> Result<()> {
        match self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| left.checked_sub(1)) {
            Ok(_) => self.store.save(id, step, record),
            Err(_) => Err(Error::from(std::io::Error::other("dead"))),
        }
    }
    fn try_lock(&self, id: &SessionId) -> Result<Option<Box<dyn Send>>> {
        self.store.try_lock(id)
    }
    fn put(&self, id: &SessionId, file: &FileId, content: Content<'_>) -> Result<u64> {
        self.store.put(id, file, content)
    }
    fn open(&self, id: &SessionId, file: &FileId) -> Result<Source> {
        self.store.open(id, file)
    }
    fn remove_file(&self, id: &SessionId, file: &FileId) -> Result<()> {
        self.store.remove_file(id, file)
    }
    fn remove(&self, id: &SessionId) -> Result<()> {
        self.store.remove(id)
    }
    fn sessions(&self) -> Result<Vec<(SessionId, SystemTime)>> {
        self.store.sessions()
    }
    fn sync(&self, ids: &[SessionId]) -> Result<()> {
        self.store.sync(ids)
    }
}

#[test]
fn a_result_takes_no_files_place_before_the_record_names_it() {
    for (name, content, form) in [("a.pdf", pdf(), Form::Pdf), ("hello.txt", hello(), Form::AddToContainer)] {
        let mut house = House::new();
        let store = SessionDirectory::create(house.directory.path(), &Limits::default()).unwrap();
        let dying = Arc::new(Dying { store, left: AtomicUsize::new(usize::MAX) });
        house.sessions = Sessions::new(dying.clone(), Arc::new(Stopped), Arc::new(OsEntropy), &Limits::default());
        let id = house.with(&[(name, content)]);
        // The same person signs three times; each time all but the last step is written.
        for count in 1..=3 {
            let digest = house.prepare(&id, Level::Bb, form).unwrap();
            let before = house.document(&id);
            dying.left.store(1, Ordering::SeqCst);
            let value = house.value(&digest);
            house.finalize(&id, value.clone()).unwrap_err();
            assert_eq!((house.phase(&id), house.document(&id)), (Phase::Signed, before));
            dying.left.store(usize::MAX, Ordering::SeqCst);
            assert!(!house.finalize(&id, value).unwrap().is_again);
            let found = signatures(&house.document(&id));
            assert_eq!((found.len(), found.iter().all(|(_, is_good)| *is_good)), (count, true), "{found:?}");
        }
    }
}

#[test]
fn a_step_that_a_crash_has_cut_does_not_count() {
    let house = House::new();
    let id = house.with(&[("a.pdf", pdf())]);
    let digest = house.prepare(&id, Level::Bb, Form::Pdf).unwrap();
    let last = house.sessions.status(&id).unwrap().step;
    let path = house.place(&id).join(format!("{last}.session"));
    let whole = fs::read(&path).unwrap();
    for cut in [0, 1, 31, 32, whole.len() / 2, whole.len() - 1] {
        fs::write(&path, &whole[..cut]).unwrap();
        assert_eq!(house.phase(&id), Phase::Open, "{cut}");
    }
    // The number is used up; what was lost is made again.
    let again = house.prepare(&id, Level::Bb, Form::Pdf).unwrap();
    assert_eq!((again.prepared, house.sessions.status(&id).unwrap().step), (Preparation::New, last + 1));
    assert_ne!(again.to_be_signed.as_bytes(), digest.to_be_signed.as_bytes());
    house.finalize(&id, house.value(&again)).unwrap();
    let mut flipped = whole.clone();
    flipped[10] ^= 1;
    for entry in fs::read_dir(house.place(&id)).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some() {
            fs::write(path, &flipped).unwrap();
        }
    }
    assert_eq!(code(house.sessions.status(&id)), ErrorCode::StoreMalformed);
}

#[test]
fn old_sessions_expire_and_those_in_hand_do_not() {
    let house = House::new();
    let ids = house.sessions.start(3).unwrap();
    let _held = fs::File::open(house.place(&ids[1])).map(|file| file.lock().map(|()| file)).unwrap();
    assert!(house.sessions.expire(SystemTime::now() - Duration::from_secs(3600)).unwrap().is_empty());
    let mut ended = house.sessions.expire(SystemTime::now() + Duration::from_secs(3600)).unwrap();
    ended.sort();
    let mut expected = vec![ids[0], ids[2]];
    expected.sort();
    assert_eq!(ended, expected);
    let left: Vec<SessionId> = house.sessions.sessions().unwrap().into_iter().map(|(id, _)| id).collect();
    assert_eq!(left, [ids[1]]);
}

/// Random bytes that do not surprise.
struct Sevens;

impl Entropy for Sevens {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        buffer.fill(7);
        Ok(())
    }
}

#[test]
fn version_1_of_a_session_is_written_and_read_as_ever() {
    let mut house = House::new();
    let store = SessionDirectory::create(house.directory.path(), &Limits::default()).unwrap();
    house.sessions = Sessions::new(Arc::new(store), Arc::new(Stopped), Arc::new(Sevens), &Limits::default());
    let id = house.with(&[("hello.txt", hello())]);
    let digest = DigestAlgorithm::Sha256.digest(b"a");
    house.sessions.add_digests(&id, &[DataFile::by_digest("a.txt", digest).size(1)], Some(2)).unwrap();
    let record = || {
        let step = house.sessions.status(&id).unwrap().step;
        let mut bytes = fs::read(house.place(&id).join(format!("{step}.session"))).unwrap();
        bytes.truncate(bytes.len() - 32);
        // By what a plan is known is an affair of one version of this crate.
        let mut record: serde_json::Value = serde_json::from_slice(&bytes).unwrap();
        for part in ["waiting", "done"] {
            if let Some(key) = record.get_mut(part).and_then(|part| part.get_mut("key")) {
                *key = "0".repeat(64).into();
            }
        }
        serde_json::to_vec(&record).unwrap()
    };
    let prepared = house.prepare(&id, Level::Blt, Form::NewContainer).unwrap();
    let value = house.value(&prepared);
    vector("session-prepared.json", &record());
    house.down(true);
    failure(house.finalize(&id, value.clone()));
    vector("session-signed.json", &record());
    let signed = record();
    house.down(false);
    house.finalize(&id, value.clone()).unwrap();
    vector("session-finished.json", &record());
    let finished = house.document(&id);
    // A session of an earlier version goes on as any other.
    for old in fs::read_dir(house.place(&id)).unwrap() {
        let path = old.unwrap().path();
        if path.extension().is_some() {
            fs::remove_file(path).unwrap();
        }
    }
    let sum = DigestAlgorithm::Sha256.digest(&signed);
    fs::write(house.place(&id).join("5.session"), [&signed, sum.as_bytes()].concat()).unwrap();
    let again = FileId::parse(
        serde_json::from_slice::<serde_json::Value>(&signed).unwrap()["files"][0]["id"].as_str().unwrap(),
    );
    fs::write(house.place(&id).join(again.unwrap().to_string()), b"hello\n").unwrap();
    assert_eq!(house.phase(&id), Phase::Signed);
    assert!(!house.finalize(&id, value).unwrap().is_again);
    assert_eq!(house.document(&id), finished);
}
