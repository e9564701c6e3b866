//! What comes into a session and goes out of it.

use super::held::{Held, container};
use super::record::{File, FileDigest, Included, Record};
use super::{SessionFile, Sessions};
use crate::asice::DataFile;
use crate::digest::{Digest, DigestAlgorithm, State};
use crate::error::{Error, ErrorCode, Limit, Misuse, Refusal, Result, StateError};
use crate::source::{Source, to_u64};
use crate::store::{Content, FileId, SessionId};

impl Sessions {
    /// Takes a file into a session. The same name and content once more is answered as before.
    ///
    /// What was prepared is void after that: its digest is to be calculated anew.
    ///
    /// # Errors
    /// `session.unknown`, `session.name-taken`, `session.unfinished`; [`Error::LimitExceeded`]; what the source says.
    pub fn upload(&self, id: &SessionId, name: &str, content: &Source) -> Result<SessionFile> {
        let mut held = self.hold(id)?;
        let digest = digest_of(content)?;
        let file_id = FileId::of(&[id.as_bytes(), name.as_bytes(), digest.as_bytes()]);
        if let Some(known) = known(&held.record, name, &file_id)? {
            // A power cut may have taken the content of what nobody was told of yet.
            if !self.store.open(id, &file_id).and_then(|kept| digest_of(&kept)).is_ok_and(|kept| kept == digest) {
                self.store.put(id, &file_id, Content::Source(content))?;
                self.store.sync(std::slice::from_ref(id))?;
            }
            return Ok(known);
        }
        self.check_room(&held, 1)?;
        let size = self.store.put(id, &file_id, Content::Source(content))?;
        let included = self.included(name, &self.store.open(id, &file_id)?)?;
        let file = File {
            id: file_id.to_string(),
            name: name.to_owned(),
            size: Some(size),
            digest: None,
            level: None,
            included,
        };
        let told = file.to_session_file()?;
        self.add(&mut held, vec![file])?;
        Ok(told)
    }

    /// Takes files that are known by their digests alone into a session. The same once more are answered as before.
    ///
    /// `signature_index` is the number in the name of the signature file, for containers of several signers that are
    /// put together afterwards.
    ///
    /// # Errors
    /// `session.unknown`, `session.name-taken`, `session.unfinished`; [`Error::Misuse`] for a file with content.
    pub fn add_digests(
        &self,
        id: &SessionId,
        files: &[DataFile],
        signature_index: Option<u32>,
    ) -> Result<Vec<SessionFile>> {
        let mut held = self.hold(id)?;
        let mut told = Vec::new();
        let mut new: Vec<File> = Vec::new();
        for file in files {
            let no_digest = || Misuse::new("a file that is added by digest has no content");
            let (digest, size) = file.told_digest().ok_or_else(no_digest)?;
            let algorithm = digest.algorithm().name().as_bytes();
            let file_id = FileId::of(&[id.as_bytes(), file.name().as_bytes(), algorithm, digest.as_bytes()]);
            if new.iter().any(|other| other.name == file.name() && other.id != file_id.to_string()) {
                return Err(Refusal::new(ErrorCode::SessionNameTaken).file(file.name()).into());
            }
            if let Some(known) = known(&held.record, file.name(), &file_id)? {
                told.push(known);
                continue;
            }
            let file = File {
                id: file_id.to_string(),
                name: file.name().to_owned(),
                size,
                digest: Some(FileDigest::new(digest)),
                level: None,
                included: Vec::new(),
            };
            told.push(file.to_session_file()?);
            if !new.contains(&file) {
                new.push(file);
            }
        }
        let is_index_new = signature_index.is_some() && signature_index != held.record.signature_index;
        if !new.is_empty() || is_index_new {
            self.check_room(&held, new.len())?;
            held.record.signature_index = signature_index.or(held.record.signature_index);
            self.add(&mut held, new)?;
        }
        Ok(told)
    }

    /// The files of a session: what was taken in, or, once it is signed, its document.
    ///
    /// # Errors
    /// `session.unknown`.
    pub fn list(&self, id: &SessionId) -> Result<Vec<SessionFile>> {
        self.load(id)?.1.session_files()
    }

    /// The content of a file: the one that is named, or the only one.
    ///
    /// # Errors
    /// `session.unknown`; `session.file-unknown`, also for a file whose content is not here.
    pub fn download(&self, id: &SessionId, file: Option<&FileId>) -> Result<(SessionFile, Source)> {
        let files = self.list(id)?;
        let unknown = || StateError::new(ErrorCode::SessionFileUnknown);
        let found = match (file, files.as_slice()) {
            (Some(wanted), files) => files.iter().find(|file| file.id == *wanted).ok_or_else(unknown)?,
            (None, [only]) => only,
            (None, _) => return Err(unknown().into()),
        };
        let source = self.store.open(id, &found.id)?;
        match found.size {
            Some(size) if size != source.len() => Err(StateError::new(ErrorCode::StoreMalformed).into()),
            _ => Ok((found.clone(), source)),
        }
    }

    /// Takes a file out of a session. What was prepared is void after that, also a signature that waits for its level.
    ///
    /// # Errors
    /// `session.unknown`, `session.file-unknown`.
    pub fn delete(&self, id: &SessionId, file: &FileId) -> Result<()> {
        let mut held = self.hold(id)?;
        let wanted = file.to_string();
        if !held.record.files.iter().any(|file| file.id == wanted) {
            return Err(StateError::new(ErrorCode::SessionFileUnknown).into());
        }
        held.record.files.retain(|file| file.id != wanted);
        held.record.reopen();
        self.keep(&mut held)?;
        self.store.sync(std::slice::from_ref(id))?;
        self.store.remove_file(id, file)
    }

    /// The entries of a result, where it is a container.
    pub(super) fn included(&self, name: &str, source: &Source) -> Result<Vec<Included>> {
        let Some(container) = container(name, source, &self.limits)? else { return Ok(Vec::new()) };
        let entry = |entry: &crate::zip::Entry| Included { name: entry.name.clone(), size: entry.size };
        Ok(container.data_files().map(entry).collect())
    }

    fn check_room(&self, held: &Held, more: usize) -> Result<()> {
        if held.record.waiting.as_ref().is_some_and(|waiting| waiting.signed.is_some()) {
            return Err(StateError::new(ErrorCode::SessionUnfinished).into());
        }
        let (limit, found) = (self.limits.session_files, to_u64(held.record.files.len().saturating_add(more)));
        if found > limit { Err(Limit::new("session_files", limit, found).into()) } else { Ok(()) }
    }

    fn add(&self, held: &mut Held, files: Vec<File>) -> Result<()> {
        held.record.files.extend(files);
        held.record.reopen();
        self.keep(held)?;
        self.store.sync(std::slice::from_ref(&held.id))
    }
}

/// The file of this id, if it is there already; another one of its name stands in the way.
fn known(record: &Record, name: &str, id: &FileId) -> Result<Option<SessionFile>> {
    let wanted = id.to_string();
    if let Some(known) = record.files.iter().find(|file| file.id == wanted) {
        return known.to_session_file().map(Some);
    }
    match record.files.iter().find(|file| file.name == name) {
        // The digests of what a container covers, and does not hold, have the names of its files, not its own.
        Some(_) => Err(Refusal::new(ErrorCode::SessionNameTaken).file(name).into()),
        None => Ok(None),
    }
}

fn digest_of(source: &Source) -> Result<Digest> {
    let mut state = State::new(DigestAlgorithm::Sha256);
    source.for_each(0..source.len(), |bytes| {
        state.update(bytes);
        Ok::<(), Error>(())
    })?;
    source.check_unchanged()?;
    Ok(state.finish())
}
