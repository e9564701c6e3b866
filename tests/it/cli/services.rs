//! The tests' authority behind a socket of this machine, for the command: it can be told to fail.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use base64::prelude::{BASE64_STANDARD, Engine};
use eseal::system::{OsEntropy, SystemClock};
use p256::pkcs8::EncodePrivateKey as _;

use super::Bench;
use crate::authority::{Authority, Manner};

/// The services, until the test ends.
pub(crate) struct Services {
    port: u16,
    state: Arc<State>,
}

#[derive(Default)]
struct State {
    stamps: AtomicUsize,
    statuses: AtomicUsize,
    /// What the time-stamping service answers instead: a status of HTTP.
    fault: Mutex<Option<u16>>,
    /// What the OCSP responder answers instead.
    is_silent: Mutex<bool>,
    /// What happens before the next time-stamp is given.
    before_stamp: Mutex<Option<Before>>,
    /// How many wait for a time-stamp, while answers are held back.
    waiting: AtomicUsize,
    held: Mutex<bool>,
    released: Condvar,
    forgets_nonces: AtomicBool,
    /// Whether everybody is revoked.
    is_revoked: Mutex<bool>,
}

type Before = Box<dyn FnOnce() + Send>;

impl Services {
    /// Starts them, and puts `root.pem`, and `key.der` and `cert.pem` of a signer, into the folder of the test.
    pub(crate) fn start(bench: &Bench) -> Services {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let authority = Arc::new(Authority::new(Some(&format!("http://127.0.0.1:{port}"))));
        bench.write("root.pem", pem("CERTIFICATE", &authority.root).as_bytes());
        bench.write("cert.pem", pem("CERTIFICATE", &authority.person).as_bytes());
        let key = p256::SecretKey::from_slice(&PERSON).unwrap();
        bench.write("key.der", key.to_pkcs8_der().unwrap().as_bytes());
        let seen = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (authority, state) = (Arc::clone(&authority), Arc::clone(&seen));
                std::thread::spawn(move || serve(stream.unwrap(), &authority, &state));
            }
        });
        Services { port, state }
    }

    pub(crate) fn tsa(&self) -> String {
        format!("http://127.0.0.1:{}/tsa", self.port)
    }

    /// What `eseal` has to be told to reach a level: services and trust.
    pub(crate) fn options(&self) -> String {
        format!("--tsa {} --trust root.pem", self.tsa())
    }

    /// Time-stamps and OCSP answers that were given so far.
    pub(crate) fn counts(&self) -> (usize, usize) {
        (self.state.stamps.load(Ordering::SeqCst), self.state.statuses.load(Ordering::SeqCst))
    }

    /// Lets the time-stamping service fail with a status of HTTP, or work again.
    pub(crate) fn fail(&self, status: Option<u16>) {
        *self.state.fault.lock().unwrap() = status;
    }

    /// Lets something happen while the next time-stamp is waited for.
    pub(crate) fn before_stamp(&self, what: impl FnOnce() + Send + 'static) {
        *self.state.before_stamp.lock().unwrap() = Some(Box::new(what));
    }

    /// Holds time-stamps back until [`Services::release`].
    pub(crate) fn hold(&self) {
        *self.state.held.lock().unwrap() = true;
    }

    pub(crate) fn release(&self) {
        *self.state.held.lock().unwrap() = false;
        self.state.released.notify_all();
    }

    /// Waits until so many wait for a time-stamp.
    pub(crate) fn until_waiting(&self, count: usize) {
        while self.state.waiting.load(Ordering::SeqCst) < count {
            std::thread::yield_now();
        }
    }

    /// Lets the time-stamping service leave nonces out.
    pub(crate) fn without_nonce(&self) {
        self.state.forgets_nonces.store(true, Ordering::SeqCst);
    }

    /// Lets the OCSP responder say that everybody is revoked.
    pub(crate) fn revoke(&self) {
        *self.state.is_revoked.lock().unwrap() = true;
    }

    /// Lets the OCSP responder fail, or work again.
    pub(crate) fn silence(&self, is_silent: bool) {
        *self.state.is_silent.lock().unwrap() = is_silent;
    }
}

fn serve(stream: TcpStream, authority: &Authority, state: &State) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut stream = stream;
    loop {
        let (mut first, mut length) = (String::new(), 0);
        if reader.read_line(&mut first).unwrap_or(0) == 0 {
            return;
        }
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line.trim().is_empty() {
                break;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().unwrap();
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).unwrap();
        let path = first.split(' ').nth(1).unwrap();
        if path == "/tsa" {
            state.waiting.fetch_add(1, Ordering::SeqCst);
            let held = state.held.lock().unwrap();
            drop(state.released.wait_while(held, |held| *held).unwrap());
        }
        let (status, answer) = match path {
            "/tsa" => match *state.fault.lock().unwrap() {
                Some(status) => (status, Vec::new()),
                None => {
                    let before = state.before_stamp.lock().unwrap().take();
                    before.into_iter().for_each(|before| before());
                    state.stamps.fetch_add(1, Ordering::SeqCst);
                    (200, {
                        let forgets_nonces = state.forgets_nonces.load(Ordering::SeqCst);
                        authority.time_stamp(&body, now(), Manner { forgets_nonces, ..Manner::default() })
                    })
                }
            },
            "/ocsp" if *state.is_silent.lock().unwrap() => (503, Vec::new()),
            "/ocsp" => {
                state.statuses.fetch_add(1, Ordering::SeqCst);
                let manner = Manner { is_revoked: *state.is_revoked.lock().unwrap(), ..Manner::default() };
                (200, authority.ocsp(&body, now(), manner))
            }
            "/root" => (200, authority.root.clone()),
            _ => (404, Vec::new()),
        };
        let head = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n\r\n", answer.len());
        if stream.write_all(&[head.as_bytes(), &answer].concat()).is_err() {
            return;
        }
    }
}

fn now() -> i64 {
    eseal::draw_moment(&SystemClock, &OsEntropy).unwrap().time().as_unix()
}

fn pem(label: &str, der: &[u8]) -> String {
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der))
}

// The key of the authority's person.
const PERSON: [u8; 32] = [2; 32];
