//! Earlier signatures that are looked at while a document is hashed to be signed once more.
//!
//! In: the signatures that are there. Out: each that is not sound, with what is wrong with it. The bytes are read once,
//! for the new signature and for them; a document without signatures pays nothing.

use std::sync::{Arc, Mutex, PoisonError};

use crate::digest::lanes::Reading;
use crate::error::{Error, ErrorCode, Refusal, Result};
use crate::limits::Limits;
use crate::pades::check::unsound;
use crate::pades::digests::Pass;
use crate::pades::permission::Earlier;
use crate::pades::signature::{Signature, parts, take_digests, unhashed};
use crate::pdf::Document;

/// Signatures whose bytes are on their way.
pub(crate) struct Looked {
    signatures: Vec<Signature>,
    /// Fields of those that can't be read.
    unread: Vec<String>,
    pass: Arc<Mutex<Pass>>,
}

impl Looked {
    /// Reads the first `most` signatures; `None` where there is none.
    ///
    /// # Errors
    /// When the document can't be read; a signature that can't is a finding.
    pub(crate) fn at(document: &Document, earlier: &Earlier, most: usize) -> Result<Option<Self>> {
        let chosen = earlier.signatures.get(..most).unwrap_or(&earlier.signatures);
        if chosen.is_empty() {
            return Ok(None);
        }
        let (mut signatures, mut unread) = (Vec::new(), Vec::new());
        for (read, signature) in unhashed(document, chosen)?.into_iter().zip(chosen) {
            match read {
                Ok(read) => signatures.push(read),
                Err(_) => unread.push(signature.field.clone()),
            }
        }
        let pass = Pass::new(document.source().len(), parts(&signatures), &[]);
        Ok(Some(Looked { signatures, unread, pass: Arc::new(Mutex::new(pass)) }))
    }

    /// Lets `reading`, which is of the whole document, serve the signatures, too.
    pub(crate) fn with(&self, reading: Reading) -> Reading {
        let pass = Arc::clone(&self.pass);
        reading.shown_to(move |bytes| pass.lock().unwrap_or_else(PoisonError::into_inner).see(bytes))
    }

    /// The signatures that are not sound, by their fields, and why; once all bytes went by.
    pub(crate) fn unsound(self, limits: &Limits) -> Result<Vec<(String, Error)>> {
        let Looked { mut signatures, unread, pass } = self;
        let pass = Arc::into_inner(pass).ok_or(Error::Bug("a document is still being read"))?;
        let digests = pass.into_inner().unwrap_or_else(PoisonError::into_inner).finish(&[])?;
        take_digests(&mut signatures, digests.of_parts);
        let found = signatures.iter().filter_map(|one| Some((one.field.clone(), unsound(one, limits)?.into())));
        let unread = unread.into_iter().map(|field| {
            let refusal = Refusal::new(ErrorCode::SignatureBroken).detail("it can't be read").file(field.clone());
            (field, refusal.into())
        });
        Ok(found.chain(unread).collect())
    }
}
