//! `eseal lvrtc`: the service's calls over a directory. Bodies come on standard input, answers go to standard output.
//!
//! What an answer says is the library's affair; decided here: where bytes come from and go to, and how the command ends.

use std::ffi::OsStr;
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use eseal::batch::{Rearchive, SessionClimb, Sessions};
use eseal::seal::ServiceKey;
use eseal::service::Services;
use eseal::store::SessionDirectory;
use eseal::system::{self, Existing, OsEntropy, Staged, SystemClock, fastest_kernel, read_bounded, sync_directory};
use eseal::wire::lvrtc::{
    AddArchive, AddDocumentDigest, CalculateDigest, Deleted, ESealCreate, Fault, FileRow, FinalizeSigning, Service,
    Started,
};
use eseal::{Error, ErrorCode, Level, Limits, Secret, Signer, Source};

use super::args::{Lvrtc, LvrtcCall};
use super::climb::Climb;
use super::config::{self, Common};
use super::report::Report;
use super::run::Run;
use super::secrets::{hide, password, with_options};
use super::signing::{certificates, level, now};
use super::waiting::Stdin;
use super::{Exit, Outcome, Stop, key};

/// What a call says, and how the command ends then.
struct Answer {
    json: String,
    exit: Exit,
}

/// `eseal lvrtc`.
pub(crate) fn run(args: &Lvrtc, common: &Common) -> Outcome {
    let stop = match call(args, common) {
        Ok(Some(Answer { json, exit })) => return print(&json).map(|()| exit),
        Ok(None) => return Ok(Exit::Good),
        Err(stop) => stop,
    };
    let fault = match &stop {
        Stop::Error(_, error) if error.code() != ErrorCode::IoReaderGone => Fault::from(error),
        Stop::Usage(what) => Fault::new(ErrorCode::Misuse.as_str(), what),
        _ => return Err(stop),
    };
    stop.say();
    print(&fault.to_json())?;
    Ok(Exit::Usage)
}

fn call(args: &Lvrtc, common: &Common) -> Outcome<Option<Answer>> {
    if let LvrtcCall::PublicKey = args.call {
        let house = house_key(args, &common.limits)?;
        write_out(house.public_pem().as_bytes())?;
        return Ok(None);
    }
    let desk = Desk::new(args, common)?;
    match &args.call {
        LvrtcCall::CalculateDigest => desk.calculate_digest().map(Some),
        LvrtcCall::FinalizeSigning => desk.finalize_signing().map(Some),
        LvrtcCall::AddArchive { renew } => desk.add_archive(*renew).map(Some),
        LvrtcCall::EsealCreate => desk.eseal_create(args, common).map(Some),
        LvrtcCall::Download { session, id, out, overwrite } => desk.download(session, id.as_deref(), out, *overwrite),
        files => desk.files(files).map(|json| json.map(|json| Answer { json, exit: Exit::Good })),
    }
}

/// Where a call is answered.
struct Desk {
    service: Service,
    level: Level,
    climb: Climb,
    jobs: usize,
    /// What ends it.
    run: Run,
    limits: Limits,
    common: Common,
}

impl Desk {
    fn new(args: &Lvrtc, common: &Common) -> Outcome<Desk> {
        let directory = config::store(args.store.as_deref())?;
        let jobs = args.jobs.unwrap_or_else(|| config::Run::plain().jobs);
        if jobs == 0 {
            return Err(Stop::Usage("--jobs wants at least 1".into()));
        }
        let level = args.level.as_deref().map_or(Ok(Level::Blt), |name| level(Some(name)))?;
        let climb = Climb::now(&args.climb, &args.certificates.chain, common)?;
        let (_, chain) = certificates(&args.certificates, now()?, &common.limits)?;
        let limits = &common.limits;
        // The first call makes the store; the others must find it, so that a misspelt name is said.
        let store = match args.call {
            LvrtcCall::Start { .. } => SessionDirectory::create(directory, limits),
            _ => SessionDirectory::open(directory, limits),
        };
        let store = store.map_err(Stop::about(directory.display().to_string()))?;
        let run = Run::new(config::Run::plain());
        let sessions = Sessions::new(Arc::new(store), Arc::new(SystemClock), Arc::new(OsEntropy), limits);
        let sessions = sessions.workers(jobs).kernel(fastest_kernel()).cancel_on(&run.cancel);
        let service = Service::new(sessions).level(level).known(chain);
        Ok(Desk { service, level, climb, jobs, run, limits: limits.clone(), common: common.clone() })
    }

    /// Calls about sessions and their files.
    fn files(&self, call: &LvrtcCall) -> Outcome<Option<String>> {
        let json = match call {
            LvrtcCall::Start { amount } => self.service.start(*amount).map(|started| started.to_json()),
            LvrtcCall::Upload { session, file, name } => {
                return self.upload(session, file, name.as_deref()).map(|row| Some(row.to_json()));
            }
            LvrtcCall::AddDocumentDigest { session } => {
                let request = self.request(AddDocumentDigest::from_json)?;
                self.service.add_document_digest(session, &request).map(|files| files.to_json())
            }
            LvrtcCall::List { session } => self.service.list(session).map(|files| files.to_json()),
            LvrtcCall::Delete { session, id } => self.service.delete(session, id).map(|()| Deleted::new(id).to_json()),
            LvrtcCall::Close { session } => {
                self.service.close(session).map(|()| Started::One(session.clone()).to_json())
            }
            _ => return Ok(None),
        };
        json.map(Some).map_err(whole())
    }

    fn download(&self, session: &str, id: Option<&str>, out: &Path, overwrite: bool) -> Outcome<Option<Answer>> {
        let (row, source) = self.service.download(session, id).map_err(whole())?;
        if out.as_os_str() == "-" {
            let pieces = source.for_each(0..source.len(), |piece| Ok(io::stdout().lock().write_all(piece)?));
            return pieces.map(|()| None).map_err(whole());
        }
        save(&source, out, overwrite).map_err(Stop::about(out.display().to_string()))?;
        Ok(Some(Answer { json: row.to_json(), exit: Exit::Good }))
    }

    fn calculate_digest(&self) -> Outcome<Answer> {
        let request = self.request(CalculateDigest::from_json)?;
        self.run.catch_interrupts(&self.common)?;
        let answer = self.service.calculate_digest(&request).map_err(whole())?;
        Ok(self.answer(answer.to_json(), answer.has_fault()))
    }

    fn finalize_signing(&self) -> Outcome<Answer> {
        let request = self.request(FinalizeSigning::from_json)?;
        self.run.catch_interrupts(&self.common)?;
        let services = self.services()?;
        let climb = self.climbing(services.as_ref());
        let answer = self.service.finalize_signing(&request, climb.as_ref()).map_err(whole())?;
        services.iter().for_each(|services| self.climb.tell_signers(services));
        Ok(self.answer(answer.to_json(), answer.has_fault()))
    }

    fn add_archive(&self, renew: bool) -> Outcome<Answer> {
        let request = self.request(AddArchive::from_json)?;
        self.climb.check_use(Level::Blta)?;
        self.run.catch_interrupts(&self.common)?;
        let services = self.climb.services(self.jobs, &self.run.ends())?;
        let climb = self.climb.of_sessions(&services);
        let again = if renew { Rearchive::Again } else { Rearchive::Never };
        let answer = self.service.add_archive(&request, &climb, again).map_err(whole())?;
        Ok(self.answer(answer.to_json(), answer.has_fault()))
    }

    fn eseal_create(&self, args: &Lvrtc, common: &Common) -> Outcome<Answer> {
        let request = self.request(ESealCreate::from_json)?;
        self.climb.check_use(self.level)?;
        // A password may be typed here, and Ctrl-C then ends the process.
        let signer = signer(args, &request, common)?;
        self.run.catch_interrupts(&self.common)?;
        let services = self.services()?;
        let climb = self.climbing(services.as_ref());
        let answer = self.service.eseal_create(&request, signer.as_ref(), climb.as_ref()).map_err(whole())?;
        services.iter().for_each(|services| self.climb.tell_signers(services));
        Ok(self.answer(answer.to_json(), answer.has_fault()))
    }

    /// An answer with a row for each session.
    fn answer(&self, json: String, has_fault: bool) -> Answer {
        let exit = match has_fault {
            true if self.run.cancel.load(Ordering::Relaxed) => Exit::Interrupted,
            true => Exit::Failed,
            false => Exit::Good,
        };
        Answer { json, exit }
    }

    /// The request on standard input; it may hold a key.
    fn request<T>(&self, read: impl FnOnce(&[u8], &Limits) -> Result<T, Error>) -> Outcome<T> {
        let most = self.limits.line_bytes;
        let mut bytes = Vec::new();
        let taken = io::stdin().lock().take(most.saturating_add(1)).read_to_end(&mut bytes);
        let body = Secret::new(bytes);
        taken.map_err(|e| Stop::Error("standard input".into(), e.into()))?;
        read(body.expose(), &self.limits).map_err(whole())
    }

    fn upload(&self, session: &str, file: &Path, name: Option<&str>) -> Outcome<FileRow> {
        let about = || Stop::about(file.display().to_string());
        let own = || file.file_name().and_then(OsStr::to_str).filter(|_| file.as_os_str() != "-");
        let nameless = || Stop::Usage("--name NAME is needed: the file has none of its own that is text".into());
        let name = name.or_else(own).ok_or_else(nameless)?;
        let source = match file.as_os_str() == "-" {
            true => Stdin::new(&self.run.cancel).source().map_err(about())?,
            false => system::open(file).map_err(about())?.0,
        };
        self.service.upload(session, name, &source).map_err(about())
    }

    /// The services, where anybody or anything can answer.
    fn services(&self) -> Outcome<Option<Services>> {
        if !self.climb.asking.has_somebody() {
            return Ok(None);
        }
        self.climb.services(self.jobs, &self.run.ends()).map(Some)
    }

    fn climbing<'a>(&self, services: Option<&'a Services>) -> Option<SessionClimb<'a>> {
        services.map(|services| self.climb.of_sessions(services))
    }
}

/// The key of `--key`, or the one that came with the request.
fn signer(args: &Lvrtc, request: &ESealCreate, common: &Common) -> Outcome<Box<dyn Signer>> {
    if request.has_key() {
        if args.password_key.is_none() {
            return Err(Stop::Usage("the request has a signKey: --password-key FILE is needed".into()));
        }
        let house = house_key(args, &common.limits)?;
        let key = request.open_key(&house, &common.limits).map_err(whole())?;
        return Ok(Box::new(key.valid_at(now()?)));
    }
    key::open(&args.key, &args.certificates, now()?, common, &mut Report::aside(common))
}

/// The key of this house, to which passwords are encrypted.
fn house_key(args: &Lvrtc, limits: &Limits) -> Outcome<ServiceKey> {
    let path = args.password_key.as_deref().ok_or_else(|| Stop::Usage("--password-key FILE is needed".into()))?;
    let about = || Stop::about(path.display().to_string());
    hide();
    let bytes = Secret::new(read_bounded(path, "key_bytes", limits.key_bytes).map_err(about())?);
    let password = match eseal::key::needs_password(bytes.expose()) {
        true => password(&args.key.password, &format!("Password of {}", path.display()), limits)?,
        false => None,
    };
    let key = ServiceKey::open(bytes.expose(), password.as_ref(), args.key.key_alias.as_deref(), limits);
    key.map_err(|error| about()(with_options(error)))
}

/// Writes a file whole, or not at all.
fn save(source: &Source, out: &Path, overwrite: bool) -> Result<(), Error> {
    let staged = Staged::write_source(source, out, None)?;
    staged.sync()?;
    staged.commit(if overwrite { Existing::Replace } else { Existing::Keep })?;
    sync_directory(out)
}

fn whole() -> impl FnOnce(Error) -> Stop {
    Stop::about("")
}

fn print(json: &str) -> Outcome<()> {
    write_out(format!("{json}\n").as_bytes())
}

fn write_out(bytes: &[u8]) -> Outcome<()> {
    super::shell::write(bytes).map(|_| ())
}
