//! Taking up whatever claims to be the record of a session.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

use super::pdf_limits;
use super::signing::{moment, plan, sign};
use crate::batch::{Form, Phase, Sessions};
use crate::error::{ErrorCode, Result, StateError};
use crate::store::{Content, FileId, SessionId, SessionStore};
use crate::{Clock, Entropy, Limits, SignatureValue, Source, Time};

/// Takes `data` as a session's record, and as changes to a sound one (offset of 2 bytes, byte).
///
/// Whatever it is, it is refused, or prepared and signed as a fresh one.
pub fn session_record(data: &[u8]) {
    go_through(data);
    let Some(mut changed) = sound() else { return };
    for change in data.chunks_exact(3) {
        let [high, low, byte] = *change else { continue };
        let at = usize::from(u16::from_be_bytes([high, low]));
        if let Some(place) = changed.get_mut(at) {
            *place = byte;
        }
    }
    go_through(&changed);
}

fn go_through(record: &[u8]) {
    let Some(plan) = plan() else { return };
    let (memory, id) = (Arc::new(Memory::default()), SessionId::draw(&Fixed));
    let Ok(id) = id else { return };
    if memory.create(&id, record).is_err() {
        return;
    }
    let sessions = sessions(&memory);
    let Ok(status) = sessions.status(&id) else {
        assert!(sessions.prepare(&[id], &plan, Form::Pdf).iter().all(Result::is_err), "a damaged record is refused");
        return;
    };
    for file in &status.files {
        assert!(memory.put(&id, &file.id, Content::Source(&Source::from_bytes(DOCUMENT))).is_ok());
    }
    // Values that nobody gave finish nothing that is not finished.
    for result in sessions.finalize(vec![(id, SignatureValue::undeclared(b"no value".as_slice()))], None) {
        assert!(result.is_err_and(|failure| failure.reached.is_none() || status.phase == Phase::Signed));
    }
    for form in [Form::Pdf, Form::AddToContainer, Form::NewContainer] {
        for digest in sessions.prepare(&[id], &plan, form) {
            let Ok(digest) = digest else { continue };
            assert!(sessions.status(&id).is_ok_and(|now| [Phase::Prepared, Phase::Signed].contains(&now.phase)));
            let Some(value) = sign(&digest.to_be_signed) else { continue };
            for result in sessions.finalize(vec![(id, value)], None) {
                let Ok(result) = result else { continue };
                assert!(sessions.download(&id, Some(&result.file.id)).is_ok(), "a result is there");
            }
        }
    }
}

/// The record of a session that waits for a value.
fn sound() -> Option<Vec<u8>> {
    let (memory, plan) = (Arc::new(Memory::default()), plan()?);
    let sessions = sessions(&memory);
    let id = *sessions.start(1).ok()?.first()?;
    sessions.upload(&id, "a.pdf", &Source::from_bytes(DOCUMENT)).ok()?;
    sessions.prepare(&[id], &plan, Form::Pdf).pop()?.ok()?;
    memory.load(&id).ok().map(|(_, record)| record)
}

fn sessions(memory: &Arc<Memory>) -> Sessions {
    let limits = Limits { session_bytes: 1 << 20, ..pdf_limits() };
    Sessions::new(Arc::<Memory>::clone(memory), Arc::new(Fixed), Arc::new(Fixed), &limits)
}

/// A clock that stands, and bytes that do not surprise.
struct Fixed;

impl Clock for Fixed {
    fn now(&self) -> Result<Time> {
        moment().map(|moment| moment.time()).ok_or(crate::Error::Bug("no moment"))
    }
}

impl Entropy for Fixed {
    fn fill(&self, buffer: &mut [u8]) -> Result<()> {
        buffer.fill(7);
        Ok(())
    }
}

/// One session in memory.
#[derive(Default)]
struct Memory {
    records: Mutex<BTreeMap<u64, Vec<u8>>>,
    files: Mutex<BTreeMap<FileId, Source>>,
}

impl SessionStore for Memory {
    fn create(&self, id: &SessionId, record: &[u8]) -> Result<()> {
        self.save(id, 1, record)
    }

    fn load(&self, _: &SessionId) -> Result<(u64, Vec<u8>)> {
        let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let last = records.last_key_value().map(|(step, record)| (*step, record.clone()));
        last.ok_or_else(|| StateError::new(ErrorCode::SessionUnknown).into())
    }

    fn save(&self, _: &SessionId, step: u64, record: &[u8]) -> Result<()> {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        match records.insert(step, record.to_vec()) {
            None => Ok(()),
            Some(_) => Err(StateError::new(ErrorCode::SessionConflict).into()),
        }
    }

    fn try_lock(&self, _: &SessionId) -> Result<Option<Box<dyn Send>>> {
        Ok(Some(Box::new(())))
    }

    fn put(&self, _: &SessionId, file: &FileId, content: Content<'_>) -> Result<u64> {
        let source = match content {
            Content::Source(source) => source.clone(),
            Content::Output(output) => {
                let mut bytes = Vec::new();
                output.write_to(&mut bytes)?;
                Source::from_bytes(bytes)
            }
        };
        let len = source.len();
        self.files.lock().unwrap_or_else(PoisonError::into_inner).insert(*file, source);
        Ok(len)
    }

    fn open(&self, _: &SessionId, file: &FileId) -> Result<Source> {
        let files = self.files.lock().unwrap_or_else(PoisonError::into_inner);
        files.get(file).cloned().ok_or_else(|| StateError::new(ErrorCode::SessionFileUnknown).into())
    }

    fn remove_file(&self, _: &SessionId, file: &FileId) -> Result<()> {
        self.files.lock().unwrap_or_else(PoisonError::into_inner).remove(file);
        Ok(())
    }

    fn remove(&self, _: &SessionId) -> Result<()> {
        Ok(())
    }

    fn sessions(&self) -> Result<Vec<(SessionId, SystemTime)>> {
        Ok(Vec::new())
    }

    fn sync(&self, _: &[SessionId]) -> Result<()> {
        Ok(())
    }
}

const DOCUMENT: &[u8] = include_bytes!("../../testdata/pdf/minimal.pdf");
