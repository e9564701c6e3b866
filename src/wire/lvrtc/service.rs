//! The service's calls on this machine: a request comes in, its answer goes out, the sessions lie in a store.
//!
//! Decided here: which algorithm a key signs by, which certificate is for what, and that a fault of one session is its
//! own, in every call. Nothing here is billed, so a certificate for authentication is looked at and goes nowhere.

use super::answer::{
    CalculatedDigest, DigestRow, Digests, Done, FileRow, Files, IncludedRow, ResultRow, Results, Started,
};
use super::fault::Fault;
use super::read::refused;
use super::request::{AddArchive, AddDocumentDigest, CalculateDigest, ESealCreate, FinalizeSigning};
use crate::batch::{FileKind, Form, IncludedFile, Rearchive, SessionClimb, SessionFailure, SessionFile, SessionResult};
use crate::batch::{Sessions, digests_summary};
use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{Error, ErrorCode, KeyError, Refusal, Result};
use crate::pki::{Certificate, KeyKind, issuers};
use crate::provider::Signer;
use crate::signature::SignatureAlgorithm;
use crate::signing::{Level, Plan};
use crate::source::Source;
use crate::store::{FileId, SessionId};

/// The service: sessions, and what its operator has decided.
///
/// Every call may be made again: what was done already is answered, not done once more.
///
/// ```
/// use std::sync::Arc;
/// use eseal::batch::Sessions;
/// use eseal::store::SessionDirectory;
/// use eseal::system::{OsEntropy, SystemClock};
/// use eseal::wire::lvrtc::{CalculateDigest, FinalizeSigning, Service, SessionSignatureValue};
/// use eseal::{Limits, SignatureValue, Source};
/// # fn main() -> eseal::Result<()> {
/// # let directory = tempfile::tempdir().unwrap();
/// # let directory = directory.path();
/// # let testdata = |name| std::fs::read(format!("{}/testdata/{name}", env!("CARGO_MANIFEST_DIR"))).unwrap();
/// # let (pdf, certificate) = (testdata("pdf/minimal.pdf"), testdata("signers/p256.pem"));
/// # let certificate = eseal::Certificate::parse(&certificate)?;
/// let limits = Limits::default();
/// let store = Arc::new(SessionDirectory::create(directory, &limits)?);
/// let service = Service::new(Sessions::new(store, Arc::new(SystemClock), Arc::new(OsEntropy), &limits));
/// let session = service.start(None)?.sessions()[0].clone();
/// service.upload(&session, "contract.pdf", &Source::from_bytes(pdf))?;
/// let mut request = CalculateDigest::new(vec![session.clone()], certificate);
/// request.sign_as_pdf = true;
/// println!("{}", service.calculate_digest(&request)?.to_json());
///
/// // Elsewhere the key signs. What it did not sign is that session's fault, and makes no file.
/// let value = SessionSignatureValue::new(session, &SignatureValue::ecdsa(vec![1; 64]));
/// let results = service.finalize_signing(&FinalizeSigning::new(vec![value]), None)?;
/// assert_eq!(results.rows[0].result.as_ref().unwrap_err().code, "signature.mismatch");
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Service {
    sessions: Sessions,
    level: Level,
    known: Vec<Certificate>,
}

impl Service {
    /// The service over `sessions`; signatures go to B-LT, as LVRTC's do.
    #[must_use]
    pub fn new(sessions: Sessions) -> Self {
        Service { sessions, level: Level::Blt, known: Vec::new() }
    }

    /// The level that signatures go to. It is fixed for a session when its digest is calculated.
    #[must_use]
    pub fn level(self, level: Level) -> Self {
        Service { level, ..self }
    }

    /// Certificates that may be issuers of signers; those that are go into the signature.
    #[must_use]
    pub fn known(self, known: Vec<Certificate>) -> Self {
        Service { known, ..self }
    }

    /// `start`: one session, or a list of `amount`, 1 to 100.
    ///
    /// # Errors
    /// `lvrtc.request`; as [`Sessions::start`].
    pub fn start(&self, amount: Option<usize>) -> Result<Started> {
        if amount.is_some_and(|amount| !(1..=AMOUNT).contains(&amount)) {
            return Err(refused("amount is not 1 to 100"));
        }
        let mut ids = self.sessions.start(amount.unwrap_or(1))?.into_iter().map(|id| id.to_string());
        match amount {
            Some(_) => Ok(Started::Many(ids.collect())),
            None => ids.next().map(Started::One).ok_or(Error::Bug("no session was started")),
        }
    }

    /// `upload`: a file with its content.
    ///
    /// # Errors
    /// As [`Sessions::upload`].
    pub fn upload(&self, session: &str, name: &str, content: &Source) -> Result<FileRow> {
        self.sessions.upload(&SessionId::parse(session)?, name, content).map(FileRow::from)
    }

    /// `addDocumentDigest`: files that stay elsewhere.
    ///
    /// # Errors
    /// As [`Sessions::add_digests`].
    pub fn add_document_digest(&self, session: &str, request: &AddDocumentDigest) -> Result<Files> {
        let id = SessionId::parse(session)?;
        let files = self.sessions.add_digests(&id, &request.data_files(), request.signature_index)?;
        Ok(Files { rows: files.into_iter().map(FileRow::from).collect() })
    }

    /// `list`: the files of a session; once it is signed, the signed one.
    ///
    /// # Errors
    /// As [`Sessions::list`].
    pub fn list(&self, session: &str) -> Result<Files> {
        let files = self.sessions.list(&SessionId::parse(session)?)?;
        Ok(Files { rows: files.into_iter().map(FileRow::from).collect() })
    }

    /// `download`: the file that is named, or the only one.
    ///
    /// # Errors
    /// As [`Sessions::download`].
    pub fn download(&self, session: &str, file: Option<&str>) -> Result<(FileRow, Source)> {
        let (id, file) = (SessionId::parse(session)?, file.map(FileId::parse).transpose()?);
        let (file, source) = self.sessions.download(&id, file.as_ref())?;
        Ok((file.into(), source))
    }

    /// `delete`: a file out of a session.
    ///
    /// # Errors
    /// As [`Sessions::delete`].
    pub fn delete(&self, session: &str, file: &str) -> Result<()> {
        self.sessions.delete(&SessionId::parse(session)?, &FileId::parse(file)?)
    }

    /// `close`: a session with all that belongs to it.
    ///
    /// # Errors
    /// As [`Sessions::close`].
    pub fn close(&self, session: &str) -> Result<()> {
        self.sessions.close(&SessionId::parse(session)?)
    }

    /// `CalculateDigest`: what the key must sign, for each session.
    ///
    /// RSA keys sign SHA-256 whatever their size, for clients append `-sha256`; on curves the digest goes with the size.
    ///
    /// # Errors
    /// What is wrong for all sessions: `lvrtc.certificate`, `lvrtc.key`, and as [`Plan::new`].
    pub fn calculate_digest(&self, request: &CalculateDigest) -> Result<Digests> {
        let plan = self.plan(&request.certificate, &[])?;
        let form = form(request.sign_as_pdf, request.create_new_edoc);
        let mut rows = Vec::with_capacity(request.sessions.len());
        // Of many sessions only the digests are kept.
        for sessions in request.sessions.chunks(TOGETHER) {
            let calculated = over(parsed(sessions), |ids| self.sessions.prepare(&ids, &plan, form));
            for (session_id, calculated) in sessions.iter().zip(calculated) {
                let digest = calculated.and_then(|calculated| {
                    let digest = calculated.to_be_signed.digest().copied();
                    let digest = digest.ok_or(Error::Bug("a key of this contract signs a digest"))?;
                    Ok(CalculatedDigest { digest, prepared: Some(calculated.prepared) })
                });
                let result = digest.map_err(|error| Fault::from(&error));
                rows.push(DigestRow { session_id: session_id.clone(), result });
            }
        }
        let signature_algorithm = Some(key_name(plan.algorithm()).to_owned());
        Ok(Digests { digests_summary: summary(&rows), rows, signature_algorithm })
    }

    /// `finalizeSigning`: the values come in, the documents go to their level.
    ///
    /// One session's fault, also a value that is not its own, leaves the others alone, unlike at the service.
    ///
    /// # Errors
    /// What is wrong for all sessions: `lvrtc.auth-certificate`.
    pub fn finalize_signing(&self, request: &FinalizeSigning, climb: Option<&SessionClimb<'_>>) -> Result<Results> {
        check_authentication(request.auth_certificate.as_ref())?;
        let value = |row: &super::SessionSignatureValue| {
            let (id, value) = (SessionId::parse(&row.session_id)?, row.value()?);
            match &request.auth_certificate {
                Some(certificate) if self.sessions.signer(&id)?.as_ref() == Some(certificate) => {
                    Err(no_authentication())
                }
                _ => Ok((id, value)),
            }
        };
        let values: Vec<Result<_>> = request.values.iter().map(value).collect();
        let results = over(values, |values| self.sessions.finalize(values, climb));
        Ok(answer(request.values.iter().map(|row| &row.session_id), results))
    }

    /// `addArchive`: an archive time-stamp for each document, whoever signed it.
    ///
    /// At the service a second call adds a second one; here it is answered as before, unless `again` says otherwise.
    ///
    /// # Errors
    /// What is wrong for all sessions: `lvrtc.auth-certificate`.
    pub fn add_archive(&self, request: &AddArchive, climb: &SessionClimb<'_>, again: Rearchive) -> Result<Results> {
        check_authentication(request.auth_certificate.as_ref())?;
        let results = over(parsed(&request.sessions), |ids| self.sessions.archive(&ids, climb, again));
        Ok(answer(request.sessions.iter(), results))
    }

    /// `eSealCreate`: all of it with a key that is at hand.
    ///
    /// # Errors
    /// What is wrong for all sessions: `lvrtc.certificate`, `lvrtc.auth-certificate`, `lvrtc.key`, as [`Plan::new`].
    pub fn eseal_create(
        &self,
        request: &ESealCreate,
        signer: &dyn Signer,
        climb: Option<&SessionClimb<'_>>,
    ) -> Result<Results> {
        let own = signer.chain().first().ok_or_else(|| KeyError::new(ErrorCode::KeyCertificate))?;
        check_authentication(request.auth_certificate.as_ref())?;
        if request.auth_certificate.as_ref() == Some(own) {
            return Err(no_authentication());
        }
        let plan = self.plan(own, signer.chain())?;
        let form = form(request.sign_as_pdf, request.create_new_edoc);
        let results = over(parsed(&request.sessions), |ids| self.sessions.seal(&ids, &plan, form, signer, climb));
        Ok(answer(request.sessions.iter(), results))
    }

    /// The plan of a signer, with those of the known certificates that are his issuers.
    fn plan(&self, certificate: &Certificate, chain: &[Certificate]) -> Result<Plan> {
        if certificate.is_for_authentication() {
            return Err(Refusal::new(ErrorCode::LvrtcCertificate).into());
        }
        let pool: Vec<Certificate> = chain.iter().chain(&self.known).cloned().collect();
        let (chain, _) = issuers(certificate, &pool);
        let plan = Plan::new(certificate.clone(), &chain)?.level(self.level);
        match certificate.key().kind() {
            KeyKind::Rsa { .. } => plan.digest(DigestAlgorithm::Sha256),
            KeyKind::Ec(_) => Ok(plan),
            _ => Err(Refusal::new(ErrorCode::LvrtcKey).into()),
        }
    }
}

impl From<SessionFile> for FileRow {
    fn from(file: SessionFile) -> Self {
        let kind = match file.kind {
            FileKind::Content => "file",
            FileKind::Digest => "hash",
        };
        FileRow {
            id: file.id.to_string(),
            name: file.name,
            size: file.size,
            kind: kind.to_owned(),
            included_documents: file.included.into_iter().map(IncludedRow::from).collect(),
            level: file.level.map(|level| level.as_str().to_owned()),
        }
    }
}

impl From<IncludedFile> for IncludedRow {
    fn from(file: IncludedFile) -> Self {
        let id = Some(file.id.to_string());
        IncludedRow { id, name: file.name, size: Some(file.size), kind: "file".to_owned() }
    }
}

impl From<SessionResult> for Done {
    fn from(result: SessionResult) -> Self {
        Done { level: Some(result.level), document_id: Some(result.file.id.to_string()), is_again: result.is_again }
    }
}

fn form(sign_as_pdf: bool, create_new_edoc: bool) -> Form {
    match (sign_as_pdf, create_new_edoc) {
        (true, _) => Form::Pdf,
        (false, true) => Form::NewContainer,
        (false, false) => Form::AddToContainer,
    }
}

/// The digest over the digests of the rows without a fault, in their order.
fn summary(rows: &[DigestRow]) -> Option<Digest> {
    let mut digests = rows.iter().filter_map(|row| row.result.as_ref().ok()).peekable();
    digests.peek()?;
    Some(digests_summary(DigestAlgorithm::Sha256, digests.map(|row| row.digest.as_bytes())))
}

fn key_name(algorithm: SignatureAlgorithm) -> &'static str {
    match algorithm {
        SignatureAlgorithm::Ecdsa(..) => "ecdsa",
        _ => "rsa",
    }
}

fn check_authentication(certificate: Option<&Certificate>) -> Result<()> {
    if certificate.is_some_and(Certificate::is_for_signing) { Err(no_authentication()) } else { Ok(()) }
}

fn no_authentication() -> Error {
    Refusal::new(ErrorCode::LvrtcAuthCertificate).into()
}

fn parsed(sessions: &[String]) -> Vec<Result<SessionId>> {
    sessions.iter().map(|id| SessionId::parse(id)).collect()
}

/// Does `work` on what is sound, and puts the faults of the rest in their places.
fn over<T, R, E: From<Error>>(
    items: Vec<Result<T>>,
    work: impl FnOnce(Vec<T>) -> Vec<Result<R, E>>,
) -> Vec<Result<R, E>> {
    let (mut good, mut faults) = (Vec::with_capacity(items.len()), Vec::with_capacity(items.len()));
    for item in items {
        faults.push(item.map(|item| good.push(item)).err());
    }
    let mut done = work(good).into_iter();
    let lost = || Err(Error::Bug("a session without a result").into());
    faults.into_iter().map(|fault| fault.map_or_else(|| done.next().unwrap_or_else(lost), |e| Err(e.into()))).collect()
}

fn answer<'a>(
    sessions: impl Iterator<Item = &'a String>,
    results: Vec<Result<SessionResult, SessionFailure>>,
) -> Results {
    let row = |(id, result): (&String, Result<SessionResult, SessionFailure>)| ResultRow {
        session_id: id.clone(),
        result: result.map(Done::from).map_err(|failure| Fault::from(&failure)),
    };
    Results { rows: sessions.zip(results).map(row).collect() }
}

/// As many as the service starts at once.
const AMOUNT: usize = 100;
const TOGETHER: usize = 256;
