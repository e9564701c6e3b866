//! Against servers on the loopback that do what a test says.

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, TcpListener, TcpStream};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use super::*;
use crate::error::Error;
use crate::secret::Secret;
use crate::time::Time;

mod mutual_tls;

/// What a server saw of a request.
#[derive(Debug, Clone, Default)]
struct Seen {
    head: String,
    body: Vec<u8>,
}

/// A server on the loopback; it ends with the test.
struct Server {
    port: u16,
    seen: Arc<Mutex<Vec<Seen>>>,
    connections: Arc<AtomicUsize>,
    is_over: Arc<AtomicBool>,
}

impl Server {
    /// Answers each request with the bytes that `answer` makes of it; an empty answer ends the connection.
    fn new(answer: impl Fn(&Seen) -> Vec<u8> + Send + Sync + 'static) -> Self {
        Server::writing(move |seen, stream| {
            let bytes = answer(seen);
            stream.write_all(&bytes).is_ok() && !bytes.is_empty()
        })
    }

    /// `write` says whether the connection stays.
    fn writing(write: impl Fn(&Seen, &mut TcpStream) -> bool + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let server = Server {
            port: listener.local_addr().unwrap().port(),
            seen: Arc::default(),
            connections: Arc::default(),
            is_over: Arc::default(),
        };
        let (seen, connections, is_over) =
            (Arc::clone(&server.seen), Arc::clone(&server.connections), Arc::clone(&server.is_over));
        let write = Arc::new(write);
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                if is_over.load(Ordering::SeqCst) {
                    break;
                }
                connections.fetch_add(1, Ordering::SeqCst);
                let (mut stream, seen, write) = (stream.unwrap(), Arc::clone(&seen), Arc::clone(&write));
                std::thread::spawn(move || {
                    let mut reader = BufReader::new(stream.try_clone().unwrap());
                    while let Some(request) = read_request(&mut reader) {
                        seen.lock().unwrap().push(request.clone());
                        if !write(&request, &mut stream) {
                            break;
                        }
                    }
                });
            }
        });
        server
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

fn read_request(reader: &mut impl BufRead) -> Option<Seen> {
    let mut seen = Seen::default();
    let mut len = 0;
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            len = value.trim().parse().unwrap();
        }
        if line == "\r\n" {
            break;
        }
        seen.head.push_str(&line);
    }
    seen.body = vec![0; len];
    reader.read_exact(&mut seen.body).ok()?;
    Some(seen)
}

fn ok(body: &[u8]) -> Vec<u8> {
    [format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len()).as_bytes(), body].concat()
}

fn status(line: &str) -> Vec<u8> {
    format!("HTTP/1.1 {line}\r\nContent-Length: 0\r\n\r\n").into_bytes()
}

/// Names that lead where a test says.
struct Names(Vec<(&'static str, Vec<IpAddr>)>);

impl Lookup for Names {
    fn lookup(&self, host: &str) -> std::io::Result<Vec<IpAddr>> {
        let found = self.0.iter().find(|(name, _)| *name == host);
        found.map(|(_, ips)| ips.clone()).ok_or_else(|| std::io::ErrorKind::NotFound.into())
    }
}

/// With a timeout that a slow machine doesn't reach.
fn settings() -> HttpSettings {
    HttpSettings::new(&Limits::default()).timeout(Duration::from_secs(60))
}

fn http() -> Http {
    Http::new(settings().allow("127.0.0.1").unwrap(), &[]).unwrap()
}

fn ocsp(url: String) -> Fetch {
    Fetch::ocsp(vec![url], b"question".to_vec())
}

fn body(evidence: &Evidence) -> Vec<u8> {
    let content = evidence.content().unwrap();
    content.window(0..content.len()).unwrap().to_vec()
}

fn code(evidence: &Evidence) -> Option<ErrorCode> {
    evidence.content().err().map(|fault| fault.code)
}

#[test]
fn sends_what_was_asked_and_uses_connections_again() {
    let server = Server::new(|_| ok(b"answer"));
    let http = http();
    for _ in 0..3 {
        let answer = http.exchange(&ocsp(server.url("/ocsp?x")));
        assert_eq!((body(&answer), answer.host_name()), (b"answer".to_vec(), Some("127.0.0.1")));
    }
    let answer = http.exchange(&Fetch::crl(vec![server.url("/a.crl")]));
    assert_eq!(body(&answer), b"answer");
    assert_eq!(server.connections.load(Ordering::SeqCst), 1);
    let seen = server.seen();
    let head = seen[0].head.to_ascii_lowercase();
    assert!(head.starts_with("post /ocsp?x http/1.1\r\n"), "{head}");
    assert!(head.contains("content-type: application/ocsp-request\r\n"));
    assert!(head.contains("accept: application/ocsp-response\r\n"));
    assert!(head.contains("user-agent: eseal/") && !head.contains("gzip") && !head.contains("authorization"));
    assert_eq!(seen[0].body, b"question");
    assert!(seen[3].head.starts_with("GET /a.crl HTTP/1.1\r\n"));
}

#[test]
fn a_status_says_what_went_wrong() {
    let date = "HTTP/1.1 503 x\r\nRetry-After: Fri, 31 Dec 2100 23:59:59 GMT\r\nContent-Length: 0\r\n\r\n";
    let server = Server::new(|seen| match seen.head.split(' ').nth(1).unwrap() {
        "/429" => b"HTTP/1.1 429 Slow\r\nRetry-After: 1000\r\nContent-Length: 0\r\n\r\n".to_vec(),
        "/503" => date.as_bytes().to_vec(),
        "/html" => ok(b"<html>"),
        "/garbage" => b"SSH-2.0-OpenSSH\r\n\r\n".to_vec(),
        "/nothing" => Vec::new(),
        path => status(&format!("{} Status", &path[1..])),
    });
    let http = http();
    for (path, expected, number) in [
        ("/401", Some(ErrorCode::ServiceRefused), Some(401)),
        ("/403", Some(ErrorCode::ServiceRefused), Some(403)),
        ("/404", Some(ErrorCode::ServiceRefused), Some(404)),
        ("/204", Some(ErrorCode::ServiceRefused), Some(204)),
        ("/304", Some(ErrorCode::ServiceRefused), Some(304)),
        ("/429", Some(ErrorCode::ServiceUnavailable), Some(429)),
        ("/500", Some(ErrorCode::ServiceUnavailable), Some(500)),
        ("/503", Some(ErrorCode::ServiceUnavailable), Some(503)),
        ("/html", None, None),
        ("/garbage", Some(ErrorCode::ServiceUnreachable), None),
        ("/nothing", Some(ErrorCode::ServiceUnreachable), None),
    ] {
        let answer = http.exchange(&ocsp(server.url(path)));
        let number_seen = answer.content().err().and_then(|fault| fault.status);
        assert_eq!((code(&answer), number_seen), (expected, number), "{path} {answer:?}");
        if expected.is_some() {
            assert_eq!(answer.host_name(), Some("127.0.0.1"));
        }
    }
    let time = |path: &str| http.exchange(&ocsp(server.url(path))).content().err().unwrap().time;
    let now = SystemClock.now().unwrap().as_unix();
    assert!((1_000..1_100).contains(&(time("/429").unwrap().as_unix() - now)));
    assert_eq!(time("/503"), Some(Time::parse_rfc3339("2100-12-31T23:59:59Z").unwrap()));
    assert_eq!(time("/500"), None);
}

#[test]
fn the_next_address_is_asked_when_one_fails() {
    let server = Server::new(|seen| if seen.head.contains("/bad") { status("500 x") } else { ok(b"answer") });
    let urls = vec![server.url("/bad"), server.url("/good"), server.url("/never")];
    assert_eq!(body(&http().exchange(&Fetch::ocsp(urls, vec![1]))), b"answer");
    assert_eq!(server.seen().len(), 2);
    assert_eq!(code(&http().exchange(&Fetch::crl(Vec::new()))), Some(ErrorCode::ServiceUnreachable));
    let many = vec![server.url("/bad"); 100];
    assert_eq!(code(&http().exchange(&Fetch::crl(many))), Some(ErrorCode::ServiceUnavailable));
    assert_eq!(server.seen().len(), 2 + 4);
}

#[test]
fn nobody_waits_longer_than_the_timeout() {
    let silent = Server::writing(|_, _| {
        std::thread::sleep(Duration::from_secs(60));
        false
    });
    let dribbling = Server::writing(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n");
        (0..2000).all(|_| {
            std::thread::sleep(Duration::from_millis(30));
            stream.write_all(b"x").is_ok()
        })
    });
    let dribbling_head = Server::writing(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nX: ");
        (0..2000).all(|_| {
            std::thread::sleep(Duration::from_millis(30));
            stream.write_all(b"x").is_ok()
        })
    });
    for server in [&silent, &dribbling, &dribbling_head] {
        let settings = settings().timeout(Duration::from_millis(400)).allow("127.0.0.1").unwrap();
        let begun = now();
        let answer = Http::new(settings, &[]).unwrap().exchange(&ocsp(server.url("/")));
        assert_eq!(code(&answer), Some(ErrorCode::ServiceTimeout), "{answer:?}");
        // Each of these servers would keep it for a minute.
        assert!(begun.elapsed() < Duration::from_secs(30));
    }
}

#[test]
fn an_answer_has_its_limit_and_is_whole() {
    let chunked = |seen: &Seen| seen.head.contains("/chunked");
    let server = Server::new(move |seen| match seen.head.split(' ').nth(1).unwrap() {
        "/endless" => b"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999\r\n\r\n".to_vec(),
        _ if chunked(seen) => {
            let chunk = [b"8000\r\n".to_vec(), vec![b'x'; 0x8000], b"\r\n".to_vec()].concat();
            [b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec(), chunk.repeat(100)].concat()
        }
        path => ok(&vec![b'x'; path[1..].parse().unwrap()]),
    });
    let http = http();
    let at = |path: &str| http.exchange(&ocsp(server.url(path)));
    assert_eq!(body(&at("/262144")).len(), 256 << 10);
    for path in ["/262145", "/chunked", "/endless"] {
        assert_eq!(code(&at(path)), Some(ErrorCode::ServiceTooLarge), "{path}");
    }
    let cut = Server::writing(|_, stream| {
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf");
        let _ = stream.shutdown(std::net::Shutdown::Both);
        false
    });
    assert_eq!(code(&http.exchange(&ocsp(cut.url("/")))), Some(ErrorCode::ServiceUnreachable));
    let list = http.exchange(&Fetch::crl(vec![server.url("/3000000")]));
    let list = list.content().unwrap();
    assert_eq!((list.len(), list.as_file().is_some()), (3_000_000, true), "a long list is kept in a file");
    let certificate = http.exchange(&Fetch::certificate(vec![server.url("/65537")]));
    assert_eq!(code(&certificate), Some(ErrorCode::ServiceTooLarge));
}

#[test]
fn two_redirects_at_the_same_host_are_followed() {
    let other = Server::new(|_| ok(b"other"));
    let elsewhere = other.url("/");
    let server = Server::new(move |seen| {
        let to = match seen.head.split(' ').nth(1).unwrap() {
            "/one" => "/two",
            "/two" => "three",
            "/loop" => "/loop",
            "/out" => &elsewhere,
            "/name" => "http://localhost/",
            "/file" => "file:///etc/passwd",
            _ => return ok(b"here"),
        };
        format!("HTTP/1.1 307 x\r\nLocation: {to}\r\nContent-Length: 0\r\n\r\n").into_bytes()
    });
    let http = http();
    assert_eq!(body(&http.exchange(&ocsp(server.url("/one")))), b"here");
    assert!(server.seen().iter().all(|seen| seen.head.starts_with("POST") && seen.body == b"question"));
    for path in ["/loop", "/out", "/name", "/file"] {
        assert_eq!(code(&http.exchange(&ocsp(server.url(path)))), Some(ErrorCode::ServiceRefused), "{path}");
    }
    assert_eq!(server.seen().len(), 3 + 3 + 3);
    assert!(other.seen().is_empty());
}

#[test]
fn addresses_of_the_house_are_blocked_unless_named() {
    let server = Server::new(|_| ok(b"inside"));
    let port = server.port;
    let ip = |text: &str| text.parse::<IpAddr>().unwrap();
    let names = || {
        Arc::new(Names(vec![
            ("loop.example", vec![ip("127.0.0.1")]),
            ("meta.example", vec![ip("169.254.169.254")]),
            ("mapped.example", vec![ip("::ffff:10.0.0.1")]),
            ("local.example", vec![ip("fd00::1"), ip("fe80::1")]),
        ]))
    };
    let http = Http::with_lookup(settings(), &[], names()).unwrap();
    for host in ["loop.example", "meta.example", "mapped.example", "local.example", "127.0.0.1", "[::1]", "localhost"] {
        let answer = http.exchange(&ocsp(format!("http://{host}:{port}/")));
        assert_eq!(code(&answer), Some(ErrorCode::ServiceBlocked), "{host}");
    }
    for url in ["http://2130706433/", "http://0x7f.1/", "ftp://a.example/", "ldap:///x", "http://a@b.example/"] {
        assert_eq!(code(&http.exchange(&ocsp(url.to_owned()))), Some(ErrorCode::ServiceBlocked), "{url}");
    }
    assert_eq!(code(&http.exchange(&ocsp("http://unknown.example/".to_owned()))), Some(ErrorCode::ServiceUnreachable));
    assert_eq!(server.connections.load(Ordering::SeqCst), 0);

    let url = format!("http://loop.example:{port}/");
    let tsa = Tsa::new(url.clone()).unwrap();
    for (settings, tsas) in [
        (settings().allow("loop.example").unwrap(), vec![]),
        (settings().allow(&format!("loop.example:{port}")).unwrap(), vec![]),
        (settings(), vec![tsa]),
    ] {
        let http = Http::with_lookup(settings, &tsas, names()).unwrap();
        assert_eq!(body(&http.exchange(&ocsp(url.clone()))), b"inside");
        let elsewhere = http.exchange(&ocsp(format!("http://127.0.0.1:{port}/")));
        assert_eq!(code(&elsewhere), Some(ErrorCode::ServiceBlocked));
    }
    let http = Http::with_lookup(settings().allow("loop.example:1").unwrap(), &[], names()).unwrap();
    assert_eq!(code(&http.exchange(&ocsp(url))), Some(ErrorCode::ServiceBlocked));
}

#[test]
fn a_closed_port_is_unreachable() {
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let answer = http().exchange(&ocsp(format!("http://127.0.0.1:{port}/")));
    assert_eq!(code(&answer), Some(ErrorCode::ServiceUnreachable));
}

#[test]
fn a_secret_goes_to_its_service_and_nowhere_else() {
    let server = Server::new(|seen| if seen.head.contains("/401") { status("401 x") } else { ok(b"answer") });
    let secret = || Secret::from("canary".to_owned());
    let basic = Tsa::new(server.url("/basic")).unwrap().basic("me", secret());
    let bearer = Tsa::new(server.url("/401")).unwrap().bearer(secret());
    let http = Http::new(settings(), &[basic, bearer]).unwrap();
    let stamp = |path: &str| http.exchange(&Fetch::time_stamp(vec![1]).at(server.url(path)));
    assert_eq!(body(&stamp("/basic")), b"answer");
    let refused = stamp("/401");
    assert_eq!(code(&refused), Some(ErrorCode::ServiceRefused));
    stamp("/other");
    http.exchange(&ocsp(server.url("/basic")));
    let seen: Vec<String> = server.seen().into_iter().map(|seen| seen.head.to_ascii_lowercase()).collect();
    assert!(seen[0].contains("authorization: basic bwu6y2fuyxj5\r\n"), "{}", seen[0]);
    assert!(seen[1].contains("authorization: bearer canary\r\n"));
    assert!(!seen[2].contains("authorization") && !seen[3].contains("authorization"));
    let error = Error::from(refused.content().unwrap_err().clone());
    assert!(!format!("{error} {error:?} {refused:?} {http:?}").contains("canary"));
}

#[test]
fn a_proxy_gets_whole_addresses_and_tunnels() {
    let target = Server::new(|_| ok(b"target"));
    let port = target.port;
    let proxy = Server::new(|seen| match seen.head.starts_with("CONNECT") {
        true => status("403 x"),
        false => ok(b"proxied"),
    });
    let url = proxy.url("");
    let names = || Arc::new(Names(Vec::new()));
    let http = Http::with_lookup(settings().proxy(&url).unwrap(), &[], names()).unwrap();
    // Its name is looked up by the proxy alone.
    for _ in 0..2 {
        assert_eq!(body(&http.exchange(&ocsp("http://ocsp.example/path?x".to_owned()))), b"proxied");
    }
    let seen = proxy.seen();
    assert!(seen[1].head.starts_with("POST http://ocsp.example/path?x HTTP/1.1\r\n"), "{}", seen[1].head);
    assert!(seen[1].head.to_ascii_lowercase().contains("host: ocsp.example\r\n"));
    assert_eq!(seen[1].body, b"question");
    assert_eq!(proxy.connections.load(Ordering::SeqCst), 1);
    for inside in [format!("http://127.0.0.1:{port}/"), "http://localhost/".to_owned(), "http://10.0.0.1/".to_owned()] {
        assert_eq!(code(&http.exchange(&ocsp(inside))), Some(ErrorCode::ServiceBlocked));
    }
    let tunnel = http.exchange(&ocsp("https://ocsp.example/".to_owned()));
    assert_eq!(code(&tunnel), Some(ErrorCode::ServiceUnreachable));
    assert!(proxy.seen().last().unwrap().head.starts_with("CONNECT ocsp.example:443 "));

    // A service's own proxy.
    let tsa = Tsa::new("http://tsa.example/").unwrap().proxy(url).unwrap();
    let http = Http::with_lookup(settings(), &[tsa], names()).unwrap();
    assert_eq!(body(&http.exchange(&Fetch::time_stamp(vec![1]).at("http://tsa.example/"))), b"proxied");
    assert_eq!(code(&http.exchange(&ocsp("http://tsa.example/".to_owned()))), Some(ErrorCode::ServiceUnreachable));
    assert!(target.seen().is_empty());
}
