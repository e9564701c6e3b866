//! A signature that somebody made, as far as its level is concerned.

use std::sync::Arc;

use crate::answers::timestamp::Token;
use crate::error::Error;
use crate::pki::Certificate;
use crate::time::Time;

/// A signature in a document: who made it, and which time-stamps are over it.
#[derive(Debug, Clone)]
pub(crate) struct Subject {
    /// The field of a PDF, or the signature file of a container.
    pub(crate) name: String,
    /// The signer's certificate, which the signature itself names.
    pub(crate) signer: Option<Certificate>,
    /// Certificates that came with the signature.
    pub(crate) certificates: Vec<Certificate>,
    /// The time-stamps over it, in the order in which they were made; each fits what it is over.
    pub(crate) stamps: Vec<Stamp>,
    /// Why nothing can be added to prove it: `signature.broken` and what is wrong.
    pub(crate) fault: Option<Error>,
}

/// A time-stamp over a signature.
#[derive(Debug, Clone)]
pub(crate) struct Stamp {
    pub(crate) kind: StampKind,
    pub(crate) token: Arc<Token>,
}

/// What a time-stamp is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StampKind {
    /// The signature value.
    Signature,
    /// A PDF as it was before there was anything to prove the signature.
    Document,
    /// The signature with all that proves it.
    Archive,
}

impl Subject {
    /// The earliest moment at which the signature is proved to have existed.
    pub(crate) fn existed_at(&self) -> Option<Time> {
        self.stamps.iter().map(|stamp| stamp.token.time()).min()
    }

    /// The archive time-stamp that was made last: what protects all the rest.
    pub(crate) fn protector(&self) -> Option<&Stamp> {
        self.stamps.iter().rev().find(|stamp| stamp.kind == StampKind::Archive)
    }
}
