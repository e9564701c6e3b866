//! The authority behind a socket of the loopback: time-stamps and OCSP answers over HTTP, after a while.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::{Authority, Manner};

/// A server that goes on as long as the process.
pub struct Server {
    pub authority: Arc<Authority>,
    pub url: String,
    counts: Arc<Counts>,
}

/// How often each service was asked.
#[derive(Default)]
struct Counts {
    time_stamps: AtomicUsize,
    ocsp: AtomicUsize,
    connections: AtomicUsize,
}

impl Server {
    /// Every answer comes `delay` after its request.
    pub fn start(delay: Duration) -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let authority = Arc::new(Authority::new(Some(&url)));
        let server = Server { authority, url, counts: Arc::default() };
        let (authority, counts) = (Arc::clone(&server.authority), Arc::clone(&server.counts));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (authority, counts) = (Arc::clone(&authority), Arc::clone(&counts));
                counts.connections.fetch_add(1, Ordering::SeqCst);
                std::thread::spawn(move || serve(stream.unwrap(), &authority, &counts, delay));
            }
        });
        server
    }

    /// Time-stamps, OCSP questions and connections so far.
    pub fn counts(&self) -> [usize; 3] {
        let Counts { time_stamps, ocsp, connections } = &*self.counts;
        [time_stamps, ocsp, connections].map(|count| count.load(Ordering::SeqCst))
    }
}

fn serve(mut stream: TcpStream, authority: &Authority, counts: &Counts, delay: Duration) {
    stream.set_nodelay(true).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    while let Some((path, body)) = read_request(&mut reader) {
        let now = SystemTime::now();
        let time = now.duration_since(UNIX_EPOCH).unwrap().as_secs() as i64;
        let answer = match path.as_str() {
            "/tsa" => {
                counts.time_stamps.fetch_add(1, Ordering::SeqCst);
                authority.time_stamp(&body, time, Manner::default())
            }
            "/ocsp" => {
                counts.ocsp.fetch_add(1, Ordering::SeqCst);
                authority.ocsp(&body, time, Manner::default())
            }
            "/root" => authority.root.clone(),
            "/counts" => {
                let [time_stamps, ocsp] = [&counts.time_stamps, &counts.ocsp].map(|n| n.load(Ordering::SeqCst));
                format!("{time_stamps} {ocsp}").into_bytes()
            }
            _ => Vec::new(),
        };
        std::thread::sleep(delay.saturating_sub(now.elapsed().unwrap_or_default()));
        let head = if answer.is_empty() { "HTTP/1.1 404 Not Found" } else { "HTTP/1.1 200 OK" };
        let head = format!("{head}\r\nContent-Length: {}\r\n\r\n", answer.len());
        if stream.write_all(&[head.as_bytes(), &answer].concat()).is_err() {
            break;
        }
    }
}

/// Path and body; nothing at the end of the connection.
fn read_request(reader: &mut BufReader<TcpStream>) -> Option<(String, Vec<u8>)> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let path = line.split(' ').nth(1)?.to_owned();
    let mut len = 0;
    loop {
        line.clear();
        reader.read_line(&mut line).ok()?;
        if line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            len = value.trim().parse().ok()?;
        }
    }
    let mut body = vec![0; len];
    reader.read_exact(&mut body).ok()?;
    Some((path, body))
}
