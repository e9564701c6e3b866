//! The loop against climbs and services that do what a test says.

use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use super::complete::complete_all;
use super::work::{Climb, Next};
use super::*;
use crate::digest::DigestAlgorithm;
use crate::evidence::{Evidence, Fetch, Role};
use crate::source::Source;
use crate::system::SystemClock;
use crate::time::Time;

mod fakes;

use fakes::{Document, Net};

fn fault(code: ErrorCode) -> Result<&'static str, ServiceError> {
    Err(ServiceError::new(code, Role::Timestamp))
}

fn services(net: &Arc<Net>, hosts: &[&str]) -> Services {
    let tsas = hosts.iter().map(|host| Tsa::new(format!("http://{host}/")).unwrap()).collect();
    of_tsas(net, tsas)
}

fn of_tsas(net: &Arc<Net>, tsas: Vec<Tsa>) -> Services {
    let net: Arc<dyn Transport> = Arc::<Net>::clone(net);
    let services = Services { unit: Duration::from_millis(2), ..Services::new(net, Arc::new(SystemClock)) };
    services.workers(2).tsas(tsas)
}

/// The first rest after a fault. What takes longer than any test depends on no machine's speed.
fn rests(services: Services, unit: Duration) -> Services {
    Services { unit, ..services }.paced()
}

fn codes(results: &[Result<()>]) -> Vec<Option<ErrorCode>> {
    results.iter().map(|result| result.as_ref().err().map(Error::code)).collect()
}

#[test]
fn each_question_is_asked_once_after_all_time_stamps() {
    for workers in [1, 4] {
        let net = Arc::new(Net::new());
        let mut documents = Document::many(100);
        documents[7].is_archived = true;
        let results = complete_all(&services(&net, &["tsa.example"]).workers(workers), &mut documents);
        assert!(results.iter().all(Result::is_ok), "{results:?}");
        assert_eq!(
            ["tsa.example", "ocsp.example", "crl.example"].map(|host| net.count(host)),
            [101, 2, 1],
            "one time-stamp each, one question for each issuer, one list"
        );
        let first = net.asked().iter().position(|(role, _)| *role == Role::Ocsp).unwrap();
        let before = net.asked()[..first].iter().filter(|(role, _)| *role == Role::Timestamp).count();
        assert_eq!(before, 100);
        assert!(net.most.load(Ordering::SeqCst) <= 16);
    }
}

#[test]
fn results_are_in_the_order_given_and_failures_stay_alone() {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let refuse = |fetch: &Fetch, _| match fetch.body().unwrap()[0] {
        3 => fault(ErrorCode::ServiceRefused),
        _ => Ok("good"),
    };
    let net = Arc::new(Net::new().host("tsa.example", refuse));
    let mut documents = Document::many(9);
    documents[5].panics = true;
    let results = complete_all(&services(&net, &["tsa.example"]), &mut documents);
    std::panic::set_hook(hook);
    let expected: Vec<_> = (0..9)
        .map(|n| match n {
            3 => Some(ErrorCode::ServiceRefused),
            5 => Some(ErrorCode::Bug),
            _ => None,
        })
        .collect();
    assert_eq!(codes(&results), expected);
}

#[test]
fn the_next_service_is_asked_when_one_fails_or_its_token_is_refused() {
    for answer in [fault(ErrorCode::ServiceRefused), fault(ErrorCode::ServiceTimeout), Ok("bad")] {
        let first = answer.clone();
        let net = Arc::new(Net::new().host("tsa.example", move |_, _| first.clone()));
        let other = Tsa::new("http://other.example/").unwrap().digest(DigestAlgorithm::Sha512).unwrap();
        let tsas = vec![Tsa::new("http://tsa.example/").unwrap(), other.policy("1.2.3").unwrap()];
        let services = || rests(of_tsas(&net, tsas.clone()), Duration::from_secs(60));
        let mut documents = Document::many(40);
        let results = complete_all(&services(), &mut documents);
        assert!(results.iter().all(Result::is_ok), "{answer:?} {results:?}");
        assert!(documents.iter().all(|one| one.digest == DigestAlgorithm::Sha512 && one.policy.is_some()));
        assert_eq!(net.count("other.example"), 40);
        // Those that are out together when the first one fails; what a token is worth is known only when a climb has
        // looked at it, and meanwhile others may ask, once each.
        let most = if answer.is_ok() { 40 } else { 20 };
        let asked = net.count("tsa.example");
        assert!(asked <= most, "a service that fails is left alone: {asked} after {answer:?}");

        let services = services();
        for some in [1, 40] {
            assert!(complete_all(&services, &mut Document::many(some)).iter().all(Result::is_ok));
            assert_eq!(net.count("tsa.example"), asked + 1, "whoever comes later leaves it alone, too");
        }
    }
}

#[test]
fn who_went_to_and_fro_between_services_may_still_ask_the_one_left() {
    let other = Tsa::new("http://other.example/").unwrap().digest(DigestAlgorithm::Sha512).unwrap();
    for is_late in [false, true] {
        let tsas = vec![Tsa::new("http://tsa.example/").unwrap(), other.clone()];
        let services = of_tsas(&Arc::new(Net::new()), tsas);
        let perform = |task: work::Task| complete::Event::Stepped(task.index, Ok(Next::Done));
        let (sender, _receiver) = std::sync::mpsc::channel();
        let mut run = complete::Run::new(&services, 1, sender, None, &perform);
        run.begin(0);
        let climber = &mut run.climbs[0];
        (climber.is_out, climber.switches, climber.stamped_by) = (false, 100, vec![0]);
        assert_eq!(climber.made_for, Some(0));
        let refused = ServiceError::new(ErrorCode::TimestampRejected, Role::Timestamp);
        match is_late {
            true => assert!(run.turned_down(0, &refused)),
            false => run.tsa_failed(0, 0, pace::Ticket::default(), &refused),
        }
        run.next_tsa(0, refused.into());
        assert_eq!((run.climbs[0].made_for, run.climbs[0].result.is_none()), (Some(1), true));
    }
}

#[test]
fn a_passing_fault_is_tried_again_and_a_lasting_one_ends_soon() {
    let net = Arc::new(Net::new().host("tsa.example", |_, count| match count {
        0 | 1 => fault(ErrorCode::ServiceUnavailable),
        _ => Ok("good"),
    }));
    let results = complete_all(&services(&net, &["tsa.example"]), &mut [Document::new(0)]);
    assert_eq!((codes(&results), net.count("tsa.example")), (vec![None], 3));

    let net = Arc::new(Net::new().host("tsa.example", |_, _| fault(ErrorCode::ServiceUnavailable)));
    // The third rest, which nobody waits for, is long enough for a slow machine to see it.
    let services = rests(services(&net, &["tsa.example"]), Duration::from_millis(300));
    let results = complete_all(&services, &mut Document::many(100));
    assert!(codes(&results).iter().all(|code| *code == Some(ErrorCode::ServiceUnavailable)));
    assert!(net.count("tsa.example") <= 20 + 3, "{}", net.count("tsa.example"));
}

#[test]
fn questions_are_repeated_while_their_fault_passes() {
    let flaky = |code| move |_: &Fetch, count| if count < 2 { fault(code) } else { Ok("good") };
    let net = Net::new().host("ocsp.example", flaky(ErrorCode::ServiceUnreachable));
    let net = Arc::new(net.host("crl.example", flaky(ErrorCode::ServiceRefused)));
    let results = complete_all(&services(&net, &["tsa.example"]), &mut Document::many(20));
    assert!(codes(&results).iter().all(|code| *code == Some(ErrorCode::ServiceRefused)), "{results:?}");
    assert_eq!(net.count("crl.example"), 1, "a refusal is remembered");

    // An answer that says to come back: the step finds out.
    let net = Net::new().host("ocsp.example", |_, count| Ok(if count < 2 { "bad" } else { "good" }));
    let net = Arc::new(net);
    let results = complete_all(&services(&net, &["tsa.example"]), &mut [Document::new(0)]);
    assert_eq!((codes(&results), net.count("ocsp.example")), (vec![None], 3));
}

#[test]
fn a_kept_answer_that_is_refused_is_asked_for_anew() {
    let net = Arc::new(Net::new().host("crl.example", |_, count| Ok(if count == 0 { "good" } else { "better" })));
    let services = services(&net, &["tsa.example"]);
    assert!(complete_all(&services, &mut [Document::new(0)])[0].is_ok());
    assert!(complete_all(&services, &mut [Document::new(1)])[0].is_ok());
    assert_eq!(net.count("crl.example"), 1, "kept");
    let crl = Fetch::crl(vec!["http://crl.example/".to_owned()]);
    let now = services.clock.now().unwrap();
    let content = Source::from_bytes("bad");
    services.cache.put(&crl, cache::Entry { content, asked: now, received: now });
    assert!(complete_all(&services, &mut [Document::new(2)])[0].is_ok());
    assert_eq!(net.count("crl.example"), 2);
    // A suspension that was kept may have been lifted since; one that is news counts.
    let content = Source::from_bytes("bad: on hold");
    services.cache.put(&crl, cache::Entry { content, asked: now, received: now });
    assert!(complete_all(&services, &mut [Document::new(3)])[0].is_ok());
    assert_eq!(net.count("crl.example"), 3);
    let net = Arc::new(Net::new().host("crl.example", |_, _| Ok("bad: on hold")));
    let results = complete_all(&self::services(&net, &["tsa.example"]), &mut [Document::new(4)]);
    assert_eq!((codes(&results), net.count("crl.example")), (vec![Some(ErrorCode::CertificateOnHold)], 1));
}

#[test]
fn the_budget_ends_the_run() {
    let net = Arc::new(Net::new());
    let tsas =
        vec![Tsa::new("http://tsa.example/").unwrap().budget(3), Tsa::new("http://other.example/").unwrap().budget(2)];
    let services = of_tsas(&net, tsas);
    let mut ends = BTreeMap::new();
    for _ in 0..2 {
        for code in codes(&complete_all(&services, &mut Document::many(4))) {
            *ends.entry(code).or_insert(0) += 1;
        }
    }
    assert_eq!(ends, BTreeMap::from([(None, 5), (Some(ErrorCode::ServiceBudget), 3)]));
    assert_eq!((net.count("tsa.example"), net.count("other.example")), (3, 2));
    assert_eq!(ErrorCode::ServiceBudget.scope(), crate::error::Scope::Run);
}

#[test]
fn a_rate_sends_what_is_too_much_to_the_next_service() {
    let net = Arc::new(Net::new());
    let tsas = vec![Tsa::new("http://tsa.example/").unwrap().rate(1), Tsa::new("http://other.example/").unwrap()];
    let results = complete_all(&of_tsas(&net, tsas), &mut Document::many(20));
    assert!(results.iter().all(Result::is_ok));
    assert_eq!((net.count("tsa.example"), net.count("other.example")), (1, 19));
}

#[test]
fn a_slow_host_holds_up_its_own_share_only() {
    struct Asks(Vec<Fetch>, usize);
    impl Climb for Asks {
        fn step(&mut self) -> Result<Next> {
            Ok(if self.1 == self.0.len() { Next::Done } else { Next::Need(self.0.clone()) })
        }
        fn supply(&mut self, _: Evidence, _: Time) {
            self.1 += 1;
        }
        fn retry(&mut self) {}
        fn stamp_with(&mut self, _: DigestAlgorithm, _: Option<&str>) -> Result<()> {
            Ok(())
        }
    }
    let net = Arc::new(Net::new().host("quick.example", |_, _| Ok("good")));
    let services = services(&net, &[]).requests(4);
    let ask = |host: &str, count: u8| {
        let url = vec![format!("http://{host}/")];
        (0..count).map(|n| Asks(vec![Fetch::ocsp(url.clone(), vec![host.len().try_into().unwrap(), n])], 0)).collect()
    };
    std::thread::scope(|scope| {
        let mut slow: Vec<Asks> = ask("slow.example", 9);
        let services = &services;
        let waits = scope.spawn(move || complete_all(services, &mut slow).len());
        while net.count("slow.example") < 4 {
            std::thread::yield_now();
        }
        // All of the pool waits for the slow host, and yet:
        let mut quick: Vec<Asks> = ask("quick.example", 20);
        assert!(complete_all(services, &mut quick).iter().all(Result::is_ok));
        assert_eq!(net.count("slow.example"), 4);
        net.open();
        assert_eq!(waits.join().unwrap(), 9);
    });
}

#[test]
fn the_same_question_of_two_calls_is_one_flight() {
    let net = Arc::new(Net::new());
    let services = services(&net, &[]);
    let fetch = Fetch::certificate(vec!["http://slow.example/".to_owned()]);
    let (sender, receiver) = std::sync::mpsc::channel();
    for _ in 0..5 {
        let sender = sender.clone();
        services.pool.ask(fetch.clone(), Time::from_unix(5).unwrap(), move |arrival| sender.send(arrival).unwrap());
    }
    let newer = fetch.newer_than(Time::from_unix(6).unwrap());
    services.pool.ask(newer, Time::from_unix(7).unwrap(), move |arrival| sender.send(arrival).unwrap());
    net.open();
    let asked: Vec<i64> = receiver.iter().map(|arrival| arrival.asked.as_unix()).collect();
    assert_eq!(asked.iter().filter(|asked| **asked == 5).count(), 5);
    assert_eq!((asked.len(), net.count("slow.example")), (6, 2));
}

#[test]
fn archive_time_stamps_and_cancelling() {
    let net = Arc::new(Net::new());
    let mut documents: Vec<Document> = (0..30).map(Document::archived).collect();
    assert!(complete_all(&services(&net, &["tsa.example"]), &mut documents).iter().all(Result::is_ok));
    assert_eq!(net.count("tsa.example"), 60);

    let stop = Arc::new(AtomicBool::new(true));
    let services = services(&net, &["tsa.example"]).cancel_on(&stop);
    let results = complete_all(&services, &mut Document::many(5));
    assert!(codes(&results).iter().all(|code| *code == Some(ErrorCode::Cancelled)));
    assert!(complete_all(&services, &mut Vec::<Document>::new()).is_empty());
}

#[test]
fn what_holds_a_time_stamp_is_finished_when_the_run_ends() {
    for (is_archived, fails) in [(false, false), (true, false), (false, true)] {
        let stop = Arc::new(AtomicBool::new(false));
        let seen = Arc::clone(&stop);
        let net = Net::new().host("tsa.example", move |_, count| {
            if count == 9 {
                seen.store(true, Ordering::SeqCst);
            }
            // What fails after the end is not asked for once more.
            if fails && count >= 9 { fault(ErrorCode::ServiceUnavailable) } else { Ok("good") }
        });
        let net = Arc::new(net);
        let services = services(&net, &["tsa.example"]).requests(4).finish_on(&stop, Duration::from_secs(600));
        let gauge = services.gauge();
        let mut documents: Vec<Document> = (0..60).map(Document::new).collect();
        documents.iter_mut().for_each(|document| document.is_archived = is_archived);
        let results = complete_all(&services, &mut documents);
        let good = results.iter().filter(|result| result.is_ok()).count();
        assert!(results.iter().flat_map(|result| result.as_ref().err()).all(|e| e.code() == ErrorCode::Cancelled));
        let asked = net.count("tsa.example");
        if fails {
            assert!((1..=9).contains(&good) && asked <= 9 + 4, "{good} of {asked}");
        } else {
            assert_eq!(good * if is_archived { 2 } else { 1 }, asked, "each time-stamp is in a result");
            assert_eq!(gauge.time_stamps(), [("http://tsa.example/".to_owned(), u64::try_from(asked).unwrap())]);
            assert!((1..60).contains(&good), "{good}");
        }
        assert!(gauge.waiting().is_empty(), "{gauge:?}");
    }
}

#[test]
fn what_takes_too_long_after_the_end_is_given_up() {
    let stop = Arc::new(AtomicBool::new(true));
    let net = Arc::new(Net::new());
    let services = services(&net, &["tsa.example"]).finish_on(&stop, Duration::ZERO);
    let results = complete_all(&services, &mut Document::many(5));
    assert!(codes(&results).iter().all(|code| *code == Some(ErrorCode::Cancelled)));
    assert_eq!(net.count("tsa.example"), 0, "nothing is begun");
}

#[test]
fn without_a_network_each_document_asks_once() {
    let net = Net::new().host("tsa.example", |_, _| fault(ErrorCode::ServiceOffline));
    let net = Arc::new(net);
    let tsas = ["http://tsa.example/", "http://other.example/"];
    let tsas = tsas.map(|url| Tsa::new(url).unwrap().rate(1).budget(100)).to_vec();
    let results = complete_all(&of_tsas(&net, tsas).offline(), &mut Document::many(50));
    assert!(codes(&results).iter().all(|code| *code == Some(ErrorCode::ServiceOffline)));
    assert_eq!((net.count("tsa.example"), net.count("other.example")), (50, 0));
}

#[test]
fn without_a_service_there_is_no_time_stamp() {
    let net = Arc::new(Net::new());
    let results = complete_all(&services(&net, &[]), &mut Document::many(2));
    assert!(codes(&results).iter().all(|code| *code == Some(ErrorCode::Misuse)));
}
