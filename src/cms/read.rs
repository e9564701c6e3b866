//! SignedData that others made, in DER or BER: what stands there, and whether it fits together.
//!
//! Nothing is encoded again: signed attributes are checked in the order they were received in (RFC 5652, 5.4 wants
//! DER order; signers that did not sort signed what they wrote), tokens keep their bytes. Trust is not looked at.

use std::borrow::Cow;

use super::signer::Signer;
use crate::der::{self, Reader, oid_text};
use crate::error::{ErrorCode, Limit, Result};
use crate::limits::Limits;
use crate::pki::{AlgorithmIdentifier, Certificate, oid};
use crate::source::to_u64;

/// A SignedData.
#[derive(Debug)]
pub(crate) struct SignedData {
    version: u32,
    content_type: Vec<u8>,
    content: Option<Vec<u8>>,
    certificates: Vec<Certificate>,
    unreadable_certificates: usize,
    signers: Vec<Signer>,
}

impl SignedData {
    /// Reads the first element of `bytes`, and says how long it is: what follows, such as zeros that fill
    /// `Contents` up, is not looked at.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) with the code `cms.malformed` when the structure can't be
    /// read; certificates that can't are skipped and counted.
    pub(crate) fn parse(bytes: &[u8], limits: &Limits) -> Result<(SignedData, usize)> {
        let mut outer = Reader::ber(bytes, limits.der_depth, ErrorCode::CmsMalformed);
        let whole = outer.read(der::SEQUENCE)?;
        let length = whole.raw().len();
        if to_u64(length) > limits.cms_bytes {
            return Err(Limit::new("cms_bytes", limits.cms_bytes, to_u64(length)).into());
        }
        let mut info = whole.reader()?;
        if info.read(der::OID)?.content() != oid::SIGNED_DATA {
            return Err(info.fault());
        }
        let mut tagged = info.read(der::context(0))?.reader()?;
        info.end()?;
        let mut fields = tagged.sequence()?;
        tagged.end()?;
        Ok((read_fields(&mut fields, limits)?, length))
    }

    /// The version of the structure: 3 around a time-stamp.
    pub(crate) fn version(&self) -> u32 {
        self.version
    }

    /// The type of the content in dotted form.
    pub(crate) fn content_type(&self) -> String {
        oid_text(&self.content_type)
    }

    /// The content, where it is inside.
    pub(crate) fn content(&self) -> Option<&[u8]> {
        self.content.as_deref()
    }

    /// Whether the content is a time-stamp's.
    pub(crate) fn is_time_stamp(&self) -> bool {
        self.content_type == oid::TST_INFO
    }

    /// The certificates in their order, as far as they can be read.
    pub(crate) fn certificates(&self) -> &[Certificate] {
        &self.certificates
    }

    /// How many certificates can't be read.
    pub(crate) fn unreadable_certificates(&self) -> usize {
        self.unreadable_certificates
    }

    /// The signers as they stand; a PAdES signature has exactly one.
    pub(crate) fn signers(&self) -> &[Signer] {
        &self.signers
    }
}

fn read_fields(fields: &mut Reader<'_>, limits: &Limits) -> Result<SignedData> {
    let version = fields.read(der::INTEGER)?.small()?;
    let mut algorithms = fields.read(der::SET)?.reader()?;
    while !algorithms.is_empty() {
        AlgorithmIdentifier::read(&mut algorithms)?;
    }
    let mut encapsulated = fields.sequence()?;
    let content_type = encapsulated.read(der::OID)?.content().to_vec();
    let content = match encapsulated.optional(der::context(0))? {
        Some(tagged) => {
            let content = tagged.reader()?.element()?;
            // PKCS #7 allowed any type here; CMS has octets alone.
            let octets = if content.tag() & 0x1f == der::OCTET_STRING {
                content.octets()?
            } else {
                Cow::Borrowed(content.raw())
            };
            Some(octets.into_owned())
        }
        None => None,
    };
    encapsulated.end()?;
    let mut certificates = Vec::new();
    let mut unreadable_certificates = 0;
    if let Some(set) = fields.optional(der::context(0))? {
        let mut set = set.reader()?;
        while !set.is_empty() {
            let element = set.element()?;
            let count = to_u64(certificates.len() + unreadable_certificates) + 1;
            if count > limits.certificates {
                return Err(Limit::new("certificates", limits.certificates, count).into());
            }
            let is_small = to_u64(element.raw().len()) <= limits.certificate_bytes;
            match is_small.then(|| Certificate::from_der(element.raw())) {
                Some(Ok(certificate)) => certificates.push(certificate),
                _ => unreadable_certificates += 1,
            }
        }
    }
    // CRLs and other revocation data: not what is looked at here.
    fields.optional(der::context(1))?;
    let mut infos = fields.read(der::SET)?.reader()?;
    fields.end()?;
    let mut signers = Vec::new();
    while !infos.is_empty() {
        signers.push(Signer::read(&mut infos, &certificates)?);
    }
    Ok(SignedData { version, content_type, content, certificates, unreadable_certificates, signers })
}

#[cfg(test)]
mod tests;
