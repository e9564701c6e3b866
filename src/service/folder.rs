//! Answers in files: taken from there, kept there, or asked for there so that another machine can bring them.
//!
//! In: requests. Out: answers out of a directory, or of another transport and then into the directory. Each request
//! stands for itself, so that files can be moved and deleted one by one:
//!
//! ```text
//! tsa-<SHA-256 of the TimeStampReq>.tsq     .tsr
//! ocsp-<SHA-256 of the OCSPRequest>.orq     .ors    with .url: an address a line
//! crl-<SHA-256 of the first address>.url    .crl
//! aia-<SHA-256 of the first address>.url    .cer
//! ```

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::digest::DigestAlgorithm;
use crate::error::{Error, ErrorCode, Result, ServiceError};
use crate::evidence::{Evidence, Fetch, Role};
use crate::limits::Limits;
use crate::provider::Transport;
use crate::source::Source;
use crate::system::{self, Existing, Staged};
use crate::time::Time;

/// Brings answers out of directories, and keeps those that another transport brings.
pub struct FolderTransport {
    answers: Vec<PathBuf>,
    record: Option<PathBuf>,
    ask: Option<PathBuf>,
    next: Option<Arc<dyn Transport>>,
    limits: Limits,
}

impl FolderTransport {
    /// Without a directory nothing is at hand: `service.offline`.
    #[must_use]
    pub fn new(limits: &Limits) -> Self {
        FolderTransport { answers: Vec::new(), record: None, ask: None, next: None, limits: limits.clone() }
    }

    /// Takes answers out of `directory`, if it has them.
    #[must_use]
    pub fn answers(mut self, directory: impl Into<PathBuf>) -> Self {
        self.answers.push(directory.into());
        self
    }

    /// What is in no directory is asked for by `transport`.
    #[must_use]
    pub fn or_else(self, transport: Arc<dyn Transport>) -> Self {
        FolderTransport { next: Some(transport), ..self }
    }

    /// Keeps what the other transport brings in `directory`, with the requests.
    #[must_use]
    pub fn record(self, directory: impl Into<PathBuf>) -> Self {
        FolderTransport { record: Some(directory.into()), ..self }
    }

    /// Writes requests that nobody answers to `directory`.
    #[must_use]
    pub fn ask(self, directory: impl Into<PathBuf>) -> Self {
        FolderTransport { ask: Some(directory.into()), ..self }
    }

    fn find(&self, fetch: &Fetch) -> Option<Source> {
        let names = Kept::all_of(fetch);
        let paths = self.answers.iter().flat_map(|folder| names.iter().map(|name| folder.join(name.answer())));
        paths.into_iter().find_map(|path| read_kept(&path, fetch.role(), &self.limits))
    }
}

impl Transport for FolderTransport {
    fn exchange(&self, fetch: &Fetch) -> Evidence {
        if let Some(content) = self.find(fetch) {
            return Evidence::answer(fetch.id(), content);
        }
        let fault = |detail: &str| {
            let fault = ServiceError::new(ErrorCode::ServiceOffline, fetch.role()).detail(detail);
            Evidence::failure(fetch.id(), fault)
        };
        let Some(next) = &self.next else {
            return match self.ask.as_ref().map(|folder| write_request(folder, fetch)) {
                None => fault(&Kept::of(fetch).answer()),
                Some(Ok(name)) => fault(&format!("asked for in {name}")),
                Some(Err(error)) => fault(&format!("the request can't be written: {error}")),
            };
        };
        let evidence = next.exchange(fetch);
        if let (Some(folder), Ok(content)) = (&self.record, evidence.content()) {
            let kept = write_request(folder, fetch)
                .and_then(|_| write_source(&folder.join(Kept::of(fetch).answer()), content));
            if let Err(error) = kept {
                return fault(&format!("the answer can't be kept: {error}"));
            }
        }
        evidence
    }
}

impl std::fmt::Debug for FolderTransport {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FolderTransport")
            .field("answers", &self.answers)
            .field("ask", &self.ask)
            .finish_non_exhaustive()
    }
}

/// The requests in `directory` that have no answer there, by name.
///
/// # Errors
/// What the system says.
pub(super) fn open_requests(directory: &Path, limits: &Limits) -> Result<Vec<(Kept, Result<Fetch>)>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        if let Some(name) = entry?.file_name().to_str().and_then(Kept::of_request) {
            names.push(name);
        }
    }
    names.sort_by(|one, other| one.stem.cmp(&other.stem));
    names.retain(|name| fs::symlink_metadata(directory.join(name.answer())).is_err());
    Ok(names
        .into_iter()
        .map(|name| {
            let fetch = read_request(directory, &name, limits);
            (name, fetch)
        })
        .collect())
}

/// The names under which a request and its answer are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kept {
    pub(super) role: Role,
    pub(super) stem: String,
}

impl Kept {
    pub(super) fn of(fetch: &Fetch) -> Self {
        Kept::all_of(fetch).into_iter().next().unwrap_or_else(|| Kept::new(fetch.role(), b""))
    }

    /// An answer of any of the addresses is the same.
    fn all_of(fetch: &Fetch) -> Vec<Self> {
        match fetch.body() {
            Some(body) => vec![Kept::new(fetch.role(), body)],
            None => fetch.urls().iter().map(|url| Kept::new(fetch.role(), url.as_bytes())).collect(),
        }
    }

    fn new(role: Role, key: &[u8]) -> Self {
        Kept { role, stem: format!("{role}-{}", DigestAlgorithm::Sha256.digest(key).to_hex()) }
    }

    /// The one whose request has this file name.
    fn of_request(file: &str) -> Option<Self> {
        let (stem, ending) = file.split_once('.')?;
        let (word, hex) = stem.split_once('-')?;
        let role = ROLES.into_iter().find(|role| role.as_str() == word)?;
        let is_hex = hex.len() == 64 && hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
        let name = Kept { role, stem: stem.to_owned() };
        (is_hex && ending == name.request_ending()).then_some(name)
    }

    pub(super) fn answer(&self) -> String {
        let ending = match self.role {
            Role::Timestamp => "tsr",
            Role::Ocsp => "ors",
            Role::Crl => "crl",
            Role::Certificate => "cer",
        };
        format!("{}.{ending}", self.stem)
    }

    fn request_ending(&self) -> &'static str {
        match self.role {
            Role::Timestamp => "tsq",
            Role::Ocsp => "orq",
            Role::Crl | Role::Certificate => "url",
        }
    }
}

fn write_request(folder: &Path, fetch: &Fetch) -> Result<String> {
    fs::create_dir_all(folder)?;
    let name = Kept::of(fetch);
    let request = format!("{}.{}", name.stem, name.request_ending());
    if !fetch.urls().is_empty() && fetch.role() != Role::Timestamp {
        let mut lines = fetch.urls().join("\n");
        lines.push('\n');
        write_bytes(&folder.join(format!("{}.url", name.stem)), lines.as_bytes())?;
    }
    if let Some(body) = fetch.body() {
        write_bytes(&folder.join(&request), body)?;
    }
    Ok(request)
}

fn read_request(folder: &Path, name: &Kept, limits: &Limits) -> Result<Fetch> {
    let read = |ending: &str| {
        system::read_own(&folder.join(format!("{}.{ending}", name.stem)), "answer_bytes", limits.answer_bytes)
    };
    let urls = || -> Result<Vec<String>> {
        let text = String::from_utf8(read("url")?).map_err(|e| Error::from(io::Error::other(e)))?;
        Ok(text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
    };
    Ok(match name.role {
        Role::Timestamp => Fetch::time_stamp(read("tsq")?),
        Role::Ocsp => Fetch::ocsp(urls()?, read("orq")?),
        Role::Crl => Fetch::crl(urls()?),
        Role::Certificate => Fetch::certificate(urls()?),
    })
}

/// How long an answer of this kind may be.
pub(super) fn most_bytes(role: Role, limits: &Limits) -> u64 {
    match role {
        Role::Timestamp | Role::Ocsp => limits.answer_bytes,
        Role::Crl => limits.crl_bytes,
        Role::Certificate => limits.certificate_bytes,
    }
}

/// The file at `path`, if it is one and not too long.
pub(super) fn read_kept(path: &Path, role: Role, limits: &Limits) -> Option<Source> {
    let (source, _) = system::open(path).ok()?;
    (source.len() <= most_bytes(role, limits)).then_some(source)
}

/// Writes `source` beside `path`, and renames it.
pub(super) fn write_source(path: &Path, source: &Source) -> Result<()> {
    // Long ones are not read into memory; who reads meanwhile sees none.
    Staged::write_source(source, path, None)?.commit(Existing::Replace)
}

fn write_bytes(path: &Path, bytes: &[u8]) -> Result<()> {
    Staged::write_bytes(bytes, path, None)?.commit(Existing::Replace)
}

/// The two times in a small file beside an answer.
pub(super) fn write_times(path: &Path, asked: Time, received: Time) -> Result<()> {
    write_bytes(path, format!("{asked} {received}\n").as_bytes())
}

pub(super) fn read_times(path: &Path) -> Option<(Time, Time)> {
    let bytes = system::read_own(path, "line_bytes", 100).ok()?;
    let text = String::from_utf8(bytes).ok()?;
    let (asked, received) = text.trim_end().split_once(' ')?;
    Some((Time::parse_rfc3339(asked).ok()?, Time::parse_rfc3339(received).ok()?))
}

const ROLES: [Role; 4] = [Role::Timestamp, Role::Ocsp, Role::Crl, Role::Certificate];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::{Services, Tsa};
    use crate::system::SystemClock;

    /// Answers everything with its request, or its address, but for one host.
    struct Echo;

    impl Transport for Echo {
        fn exchange(&self, fetch: &Fetch) -> Evidence {
            let url = fetch.urls().first().unwrap();
            if url.contains("down.example") {
                let fault = ServiceError::new(ErrorCode::ServiceRefused, fetch.role());
                return Evidence::failure(fetch.id(), fault.status(403));
            }
            Evidence::answer(fetch.id(), Source::from_bytes(fetch.body().unwrap_or(url.as_bytes())))
        }
    }

    fn questions() -> [Fetch; 4] {
        let urls = |name: &str| vec![format!("http://a.example/{name}"), format!("http://b.example/{name}")];
        [
            Fetch::time_stamp(b"stamp".to_vec()),
            Fetch::ocsp(urls("ocsp"), b"status".to_vec()),
            Fetch::crl(urls("crl")),
            Fetch::certificate(urls("cer")),
        ]
    }

    fn text(evidence: &Evidence) -> Result<String, ErrorCode> {
        let content = evidence.content().map_err(|fault| fault.code)?;
        Ok(String::from_utf8(content.window(0..content.len()).unwrap().to_vec()).unwrap())
    }

    const ANSWERS: [&str; 4] = ["stamp", "status", "http://a.example/crl", "http://a.example/cer"];

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    fn asking(tsas: &[&str]) -> Services {
        let tsas = tsas.iter().map(|url| Tsa::new(*url).unwrap()).collect();
        Services::new(Arc::new(Echo), Arc::new(SystemClock)).tsas(tsas)
    }

    #[test]
    fn what_one_machine_asks_another_one_answers() {
        let dir = tempfile::tempdir().unwrap();
        let folder = dir.path().join("evidence");
        let limits = Limits::default();
        let offline = FolderTransport::new(&limits).answers(&folder).ask(&folder);
        for fetch in questions() {
            let fault = offline.exchange(&fetch);
            assert_eq!(text(&fault), Err(ErrorCode::ServiceOffline));
        }
        let hex = |key: &str| DigestAlgorithm::Sha256.digest(key.as_bytes()).to_hex();
        let (crl, cer) = (hex("http://a.example/crl"), hex("http://a.example/cer"));
        let mut expected = vec![
            format!("tsa-{}.tsq", hex("stamp")),
            format!("ocsp-{}.orq", hex("status")),
            format!("ocsp-{}.url", hex("status")),
            format!("crl-{crl}.url"),
            format!("aia-{cer}.url"),
        ];
        expected.sort();
        assert_eq!(names(&folder), expected);
        let lines = fs::read_to_string(folder.join(format!("crl-{crl}.url"))).unwrap();
        assert_eq!(lines, "http://a.example/crl\nhttp://b.example/crl\n");

        // Files that are no requests are left alone.
        for name in ["notes.txt", "tsa-x.tsq", "crl-../x.url", &format!("xyz-{crl}.url"), &format!("crl-{crl}.tsq")] {
            let _ = fs::write(folder.join(name), b"x");
        }
        let fetched = asking(&["http://down.example/", "http://up.example/"]).fetch(&folder, &limits).unwrap();
        assert_eq!(fetched.len(), 4);
        assert!(fetched.iter().all(|one| one.result.is_ok()), "{fetched:?}");
        assert!(asking(&[]).fetch(&folder, &limits).unwrap().is_empty(), "nothing is open any more");
        for (fetch, answer) in questions().iter().zip(ANSWERS) {
            assert_eq!(text(&offline.exchange(fetch)).as_deref(), Ok(answer));
        }
        // The same list at its other address.
        fs::rename(
            folder.join(format!("crl-{crl}.crl")),
            folder.join(format!("crl-{}.crl", hex("http://b.example/crl"))),
        )
        .unwrap();
        assert!(text(&offline.exchange(&questions()[2])).is_ok());
    }

    #[test]
    fn what_is_not_answered_stays_open() {
        let dir = tempfile::tempdir().unwrap();
        let limits = Limits::default();
        let asks = FolderTransport::new(&limits).ask(dir.path());
        asks.exchange(&Fetch::time_stamp(b"stamp".to_vec()));
        asks.exchange(&Fetch::crl(vec!["http://down.example/".to_owned()]));
        let codes = |services: Services| -> Vec<Option<ErrorCode>> {
            let fetched = services.fetch(dir.path(), &limits).unwrap();
            fetched.iter().map(|one| one.result.as_ref().err().map(Error::code)).collect()
        };
        assert_eq!(codes(asking(&[])), [Some(ErrorCode::ServiceRefused), Some(ErrorCode::Misuse)]);
        assert_eq!(codes(asking(&["http://down.example/"])), [Some(ErrorCode::ServiceRefused); 2]);
        assert_eq!(codes(asking(&["http://up.example/"])), [Some(ErrorCode::ServiceRefused), None]);
        assert_eq!(codes(asking(&["http://up.example/"])), [Some(ErrorCode::ServiceRefused)]);
    }

    #[test]
    fn what_was_recorded_is_answered_without_a_network() {
        let dir = tempfile::tempdir().unwrap();
        let limits = Limits::default();
        let record = FolderTransport::new(&limits).or_else(Arc::new(Echo)).record(dir.path());
        let offline = FolderTransport::new(&limits).answers(dir.path());
        for (fetch, answer) in questions().into_iter().map(|fetch| fetch.at("http://a.example/crl")).zip(ANSWERS) {
            assert_eq!(text(&offline.exchange(&fetch)), Err(ErrorCode::ServiceOffline));
            let answer = answer.replace("/cer", "/crl");
            assert_eq!(text(&record.exchange(&fetch)), Ok(answer.clone()));
            assert_eq!(text(&offline.exchange(&fetch)), Ok(answer));
        }
        let long = Limits { answer_bytes: 3, ..limits };
        let offline = FolderTransport::new(&long).answers(dir.path());
        assert_eq!(text(&offline.exchange(&questions()[0])), Err(ErrorCode::ServiceOffline));
    }
}
