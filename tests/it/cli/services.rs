//! Services on this machine: a time-stamping service and an OCSP responder, with certificates of their own.
//!
//! Everything is signed with P-256 keys that do not vary, under a root that only these tests trust.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use eseal::DigestAlgorithm;
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::Signer as _;

use self::der::{context, element, int, octets, oid, seq, set, short_time, time, tlv};
use super::Bench;

mod der;

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
}

impl Services {
    /// Starts them, and puts `root.pem`, and `key.pem` and `cert.pem` of a signer, into the folder of the test.
    pub(crate) fn start(bench: &Bench) -> Services {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(State::default());
        let pki = Arc::new(Pki::new(port));
        bench.write("root.pem", pem("CERTIFICATE", &pki.root).as_bytes());
        bench.write("cert.pem", pem("CERTIFICATE", &pki.signer).as_bytes());
        bench.write("key.pem", &pkcs8(&key(SIGNER)));
        let seen = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (pki, state) = (Arc::clone(&pki), Arc::clone(&seen));
                std::thread::spawn(move || serve(stream.unwrap(), &pki, &state));
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

    /// Lets the OCSP responder fail, or work again.
    pub(crate) fn silence(&self, is_silent: bool) {
        *self.state.is_silent.lock().unwrap() = is_silent;
    }
}

fn serve(stream: TcpStream, pki: &Pki, state: &State) {
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
        let (status, answer) = match path {
            "/tsa" => match *state.fault.lock().unwrap() {
                Some(status) => (status, Vec::new()),
                None => {
                    state.stamps.fetch_add(1, Ordering::SeqCst);
                    (200, pki.stamp(&body))
                }
            },
            "/ocsp" if *state.is_silent.lock().unwrap() => (503, Vec::new()),
            "/ocsp" => {
                state.statuses.fetch_add(1, Ordering::SeqCst);
                (200, pki.status(&body))
            }
            _ => (404, Vec::new()),
        };
        let head = format!("HTTP/1.1 {status} x\r\nContent-Length: {}\r\n\r\n", answer.len());
        if stream.write_all(&[head.as_bytes(), &answer].concat()).is_err() {
            return;
        }
    }
}

/// The certificates of the services and of a signer.
struct Pki {
    root: Vec<u8>,
    tsa: Vec<u8>,
    signer: Vec<u8>,
}

impl Pki {
    fn new(port: u16) -> Pki {
        let url = format!("http://127.0.0.1:{port}/ocsp");
        // CA: basic constraints, keyCertSign and cRLSign.
        let ca = [extension("2.5.29.19", true, &seq(&[&tlv(1, &[0xff])])), extension("2.5.29.15", true, &[3, 2, 1, 6])];
        let usage = extension("2.5.29.15", true, &[3, 2, 6, 0xc0]);
        let stamping = extension("2.5.29.37", true, &seq(&[&oid("1.3.6.1.5.5.7.3.8")]));
        let access = seq(&[&oid("1.3.6.1.5.5.7.48.1"), &tlv(0x86, url.as_bytes())]);
        let access = extension("1.3.6.1.5.5.7.1.1", false, &seq(&[&access]));
        Pki {
            root: certificate(1, "Root", ROOT, &ca),
            tsa: certificate(2, "TSA", TSA, &[usage.clone(), stamping, access.clone()]),
            signer: certificate(3, "Signer", SIGNER, &[usage, access]),
        }
    }

    /// A TimeStampResp (RFC 3161) for a TimeStampReq.
    fn stamp(&self, request: &[u8]) -> Vec<u8> {
        // Version, imprint, then where they are wanted policy, nonce and the certificate.
        let fields = element::children(request);
        let imprint = fields[1];
        let nonce = fields.iter().skip(2).find(|field| field[0] == 2).copied().unwrap_or_default();
        let policy = fields.iter().find(|field| field[0] == 6).map(|field| field.to_vec());
        let info = seq(&[
            &int(&[1]),
            &policy.unwrap_or_else(|| oid("1.2.3.4.1")),
            imprint,
            &int(&sha256(request)[..8]),
            &time(0),
            nonce,
        ]);
        let certificate_id = seq(&[&seq(&[&seq(&[&octets(&sha256(&self.tsa))])])]);
        let attributes = [
            attribute("1.2.840.113549.1.9.3", &oid(TST_INFO)),
            attribute("1.2.840.113549.1.9.4", &octets(&sha256(&info))),
            attribute("1.2.840.113549.1.9.16.2.47", &certificate_id),
        ];
        let attributes: Vec<&[u8]> = attributes.iter().map(Vec::as_slice).collect();
        let digest = seq(&[&oid("2.16.840.1.101.3.4.2.1")]);
        let mut signed_attributes = set(&attributes);
        let value = sign(TSA, &signed_attributes);
        signed_attributes[0] = 0xa0;
        let signer = seq(&[
            &int(&[1]),
            &seq(&[&name("Root"), &int(&[2])]),
            &digest,
            &signed_attributes,
            &seq(&[&oid(ECDSA)]),
            &octets(&value),
        ]);
        let content = seq(&[
            &int(&[3]),
            &set(&[&digest]),
            &seq(&[&oid(TST_INFO), &context(0, &octets(&info))]),
            &context(0, &self.tsa),
            &set(&[&signer]),
        ]);
        let token = seq(&[&oid("1.2.840.113549.1.7.2"), &context(0, &content)]);
        seq(&[&seq(&[&int(&[0])]), &token])
    }

    /// An OCSPResponse (RFC 6960) that the root signs: the certificate is good.
    fn status(&self, request: &[u8]) -> Vec<u8> {
        let list = element::children(element::children(request)[0]);
        let list = list.into_iter().find(|field| field[0] == 0x30).unwrap();
        let good = |id: &[u8]| seq(&[id, &tlv(0x80, &[]), &time(0), &context(0, &time(600))]);
        let singles: Vec<Vec<u8>> =
            element::children(list).iter().map(|request| good(element::children(request)[0])).collect();
        let singles: Vec<&[u8]> = singles.iter().map(Vec::as_slice).collect();
        let data = seq(&[&context(1, &name("Root")), &time(0), &seq(&singles)]);
        let value = sign(ROOT, &data);
        let basic = seq(&[&data, &seq(&[&oid(ECDSA)]), &bits(&value)]);
        let bytes = seq(&[&oid("1.3.6.1.5.5.7.48.1.1"), &octets(&basic)]);
        seq(&[&tlv(10, &[0]), &context(0, &bytes)])
    }
}

/// A certificate that the root gives.
fn certificate(serial: u8, subject: &str, number: u8, extensions: &[Vec<u8>]) -> Vec<u8> {
    let point = key(number).verifying_key().to_sec1_point(false).as_bytes().to_vec();
    let public = seq(&[&seq(&[&oid("1.2.840.10045.2.1"), &oid("1.2.840.10045.3.1.7")]), &bits(&point)]);
    let extensions: Vec<&[u8]> = extensions.iter().map(Vec::as_slice).collect();
    let body = seq(&[
        &context(0, &int(&[2])),
        &int(&[serial]),
        &seq(&[&oid(ECDSA)]),
        &name("Root"),
        &seq(&[&short_time(-86_400 * 30), &short_time(86_400 * 365)]),
        &name(subject),
        &public,
        &context(3, &seq(&extensions)),
    ]);
    let value = sign(ROOT, &body);
    seq(&[&body, &seq(&[&oid(ECDSA)]), &bits(&value)])
}

fn extension(id: &str, is_critical: bool, content: &[u8]) -> Vec<u8> {
    let critical = if is_critical { tlv(1, &[0xff]) } else { Vec::new() };
    seq(&[&oid(id), &critical, &octets(content)])
}

fn attribute(id: &str, value: &[u8]) -> Vec<u8> {
    seq(&[&oid(id), &set(&[value])])
}

fn name(common: &str) -> Vec<u8> {
    seq(&[&set(&[&seq(&[&oid("2.5.4.3"), &tlv(12, common.as_bytes())])])])
}

fn bits(bytes: &[u8]) -> Vec<u8> {
    tlv(3, &[&[0], bytes].concat())
}

fn sign(number: u8, bytes: &[u8]) -> Vec<u8> {
    let value: p256::ecdsa::Signature = key(number).sign(bytes);
    value.to_der().as_bytes().to_vec()
}

fn key(number: u8) -> SigningKey {
    SigningKey::from_slice(&[number; 32]).unwrap()
}

/// The private key as PKCS#8 with its public half.
fn pkcs8(key: &SigningKey) -> Vec<u8> {
    let point = key.verifying_key().to_sec1_point(false).as_bytes().to_vec();
    let private = seq(&[&int(&[1]), &octets(&key.to_bytes()), &context(1, &bits(&point))]);
    let algorithm = seq(&[&oid("1.2.840.10045.2.1"), &oid("1.2.840.10045.3.1.7")]);
    seq(&[&int(&[0]), &algorithm, &octets(&private)])
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    DigestAlgorithm::Sha256.digest(bytes).as_bytes().to_vec()
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64::prelude::{BASE64_STANDARD, Engine};
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", BASE64_STANDARD.encode(der))
}

const ROOT: u8 = 1;
const TSA: u8 = 2;
const SIGNER: u8 = 3;
const ECDSA: &str = "1.2.840.10045.4.3.2";
const TST_INFO: &str = "1.2.840.113549.1.9.16.1.4";
