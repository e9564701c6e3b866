//! A thousand documents to higher levels, against services that take 50 ms for each answer: `cargo bench --bench services`.
//!
//! The services are in a process of their own: this program, called with `serve`. What is measured is wall time: it is
//! spent waiting, and the question is how well.

#![allow(clippy::expect_used, clippy::unwrap_used, reason = "a bench that can't run must say so")]
#![allow(clippy::indexing_slicing, clippy::as_conversions, reason = "lengths of its own making")]
#![allow(clippy::disallowed_methods, reason = "it measures time")]
#![allow(dead_code, unreachable_pub, reason = "it uses a part of the tests' authority")]

#[path = "../tests/authority/mod.rs"]
mod authority;
mod inputs;

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use authority::Authority;
use authority::server::Server;
use eseal::service::{Http, HttpSettings, Services, Tsa};
use eseal::system::SystemClock;
use eseal::{
    Certificate, Clock as _, Document, Level, Limits, Moment, Plan, SignatureValue, Signed, Source, Upgrade,
    UpgradePlan,
};
use inputs::Kind;

const DELAY: Duration = Duration::from_millis(50);
const DOCUMENTS: usize = 1_000;
const REQUESTS: usize = 16;

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("serve") => serve(),
        _ => table(),
    }
}

/// Says where it is, and ends when its caller does.
fn serve() {
    let server = Server::start(DELAY);
    println!("{}", server.url);
    let mut rest = String::new();
    let _ = std::io::stdin().read_to_string(&mut rest);
}

fn table() {
    let (mut child, url) = start();
    let authority = Authority::new(Some(&url));
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    println!("| what | bound | measured | |\n|---|--:|--:|---|");
    for level in [Level::Bt, Level::Blt, Level::Blta] {
        let stamps = if level == Level::Blta { 2 } else { 1 };
        let bound = DELAY * (DOCUMENTS * stamps / REQUESTS) as u32;
        // A run of its own: nothing is kept from the one before.
        let services = services(&url).workers(workers);
        let all = upgrades(&authority, level);
        let before = counts(&url);
        let begun = Instant::now();
        let results = services.complete_all(all);
        let took = begun.elapsed();
        assert!(results.iter().all(|result| result.as_ref().is_ok_and(|upgrade| upgrade.reached() == level)));
        let after = counts(&url);
        let [time_stamps, questions] = [0, 1].map(|n| after[n] - before[n]);
        println!(
            "| {DOCUMENTS} documents to {}, {REQUESTS} requests at once | {:.2} s × 1.15 | {:.3} s | × {:.3}; {time_stamps} time-stamps, {questions} OCSP questions, {workers} workers |",
            level.as_str(),
            bound.as_secs_f64(),
            took.as_secs_f64(),
            took.as_secs_f64() / bound.as_secs_f64(),
        );
    }
    drop(child.stdin.take());
    let _ = child.wait();
}

fn start() -> (Child, String) {
    let mut child = Command::new(std::env::current_exe().expect("a path"))
        .arg("serve")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("starts");
    let mut url = String::new();
    BufReader::new(child.stdout.take().expect("is piped")).read_line(&mut url).expect("says where it is");
    (child, url.trim().to_owned())
}

fn services(url: &str) -> Services {
    let tsa = Tsa::new(format!("{url}/tsa")).expect("an address");
    let http = Http::new(HttpSettings::new(&Limits::default()), std::slice::from_ref(&tsa)).expect("a client");
    Services::new(Arc::new(http), Arc::new(SystemClock)).tsas(vec![tsa]).requests(REQUESTS)
}

fn upgrades(authority: &Authority, level: Level) -> Vec<Upgrade> {
    let bytes = Arc::new(inputs::document(Kind::Table, 6, 10 << 10));
    let document = Document::open(Source::from_shared(bytes), &Limits::default()).expect("opens");
    let plan = Plan::new(certificate(&authority.person), &[]).expect("a plan");
    let raised = UpgradePlan::new(level, [certificate(&authority.root)]).expect("a plan");
    let now = SystemClock.now().expect("a time");
    let one = |n: usize| {
        let moment = Moment::new(now, [7; 32]).for_document(&n.to_be_bytes());
        let document = Document::open(signed(authority, &document, &plan, moment), &Limits::default()).expect("opens");
        document.upgrade(&raised, moment).expect("is sound")
    };
    (0..DOCUMENTS).map(one).collect()
}

fn signed(authority: &Authority, document: &Document, plan: &Plan, moment: Moment) -> Source {
    let prepared = document.prepare(plan, moment).expect("prepares");
    let digest = prepared.to_be_signed().digest().expect("a digest").as_bytes().to_vec();
    let signed: Signed = prepared.finalize(SignatureValue::ecdsa_der(authority.sign(&digest))).expect("fits");
    let mut bytes = Vec::new();
    signed.output().write_to(&mut bytes).expect("writes");
    Source::from_bytes(bytes)
}

fn certificate(der: &[u8]) -> Certificate {
    Certificate::from_der(der).expect("a certificate")
}

/// Time-stamps and questions so far.
fn counts(url: &str) -> [usize; 2] {
    let mut stream = TcpStream::connect(url.trim_start_matches("http://")).expect("connects");
    stream.write_all(b"GET /counts HTTP/1.1\r\nConnection: close\r\n\r\n").expect("asks");
    stream.shutdown(std::net::Shutdown::Write).expect("ends");
    let mut text = String::new();
    stream.read_to_string(&mut text).expect("answers");
    let mut numbers = text.lines().last().unwrap_or_default().split(' ').map(|n| n.parse().expect("a number"));
    [numbers.next().expect("a number"), numbers.next().expect("a number")]
}
