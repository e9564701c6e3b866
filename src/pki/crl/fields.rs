//! The fields before and after the entries.

use super::entries::{Entry, walk};
use super::scope::Scope;
use super::{Crl, malformed};
use crate::der::{self, Reader, parse_der_header};
use crate::digest::State;
use crate::error::{ErrorCode, Limit, Result};
use crate::evidence::Role;
use crate::limits::Limits;
use crate::pki::extensions::Extension;
use crate::pki::{AlgorithmIdentifier, oid};
use crate::source::{Source, to_u64};
use crate::time::Time;

/// What the extensions of a list say.
#[derive(Debug, Clone, Default)]
pub(super) struct Extensions {
    pub(super) scope: Scope,
    pub(super) is_delta: bool,
    pub(super) expired_since: Option<Time>,
    /// Of the list or of one of its entries.
    pub(super) has_unknown_critical: bool,
}

impl Crl {
    /// Reads a list in DER, each byte once and in order; what is needed of it later is kept, but no entry.
    ///
    /// # Errors
    /// `crl.malformed`; `limit.exceeded` above `crl_bytes`; reading faults.
    pub(crate) fn read(source: &Source, limits: &Limits) -> Result<Crl> {
        if source.len() > limits.crl_bytes {
            return Err(Limit::new("crl_bytes", limits.crl_bytes, source.len()).into());
        }
        read(source).map_err(|error| error.of_service(Role::Crl, None))
    }
}

fn read(source: &Source) -> Result<Crl> {
    let head = source.window_up_to(0, PART_BYTES)?;
    let (outer_start, outer_end) = sequence_at(&head, 0)?;
    if outer_end != source.len() {
        return Err(malformed(outer_end.min(source.len())));
    }
    let (inner_start, inner_end) = sequence_at(&head, outer_start)?;
    if inner_end > outer_end {
        return Err(malformed(outer_start));
    }
    let to_be_signed = outer_start..inner_end;

    // The window may reach beyond what is signed.
    let signed_head = until(&head, 0, inner_end);
    let mut fields = Reader::der_at(part(signed_head, inner_start), inner_start, CODE);
    let version = fields.optional(der::INTEGER)?.map(|version| version.small()).transpose()?;
    if !matches!(version, None | Some(1)) {
        return Err(malformed(inner_start));
    }
    let algorithm = fields.read(der::SEQUENCE)?.raw();
    let issuer = fields.read(der::SEQUENCE)?.raw().to_vec();
    let (this_update, _) = fields.element()?.time()?;
    let has_next = matches!(fields.peek(), Some(der::UTC_TIME | der::GENERALIZED_TIME));
    let next_update = if has_next { Some(fields.element()?.time()?.0) } else { None };
    let list_at = inner_end.min(to_u64(signed_head.len())) - to_u64(fields.rest().len());
    let entries = match fields.peek() {
        Some(der::SEQUENCE) => {
            let (start, end) = sequence_at(&head, list_at)?;
            start..end
        }
        _ => list_at..list_at,
    };
    if entries.end > inner_end {
        return Err(malformed(list_at));
    }

    let mut digest = AlgorithmIdentifier::read(&mut Reader::der(algorithm, CODE))?.signed_digest().map(State::new);
    let mut hash = |bytes: &[u8]| digest.iter_mut().for_each(|state| state.update(bytes));
    hash(part(until(&head, 0, entries.start), outer_start));
    let mut entry_count = 0_u64;
    let (mut has_unknown_critical, mut has_other_issuers) = (false, false);
    walk(source, entries.clone(), &mut hash, &mut |fields| {
        let entry = Entry::read(fields)?;
        entry_count += 1;
        has_unknown_critical |= entry.has_unknown_critical;
        has_other_issuers |= entry.issuer.is_some();
        Ok(())
    })?;

    // What follows the entries is short: extensions, and the signature.
    let tail_len = outer_end - entries.end;
    if tail_len > PART_BYTES {
        return Err(malformed(entries.end));
    }
    let tail = source.window_up_to(entries.end, tail_len)?;
    let signed_tail = until(&tail, entries.end, inner_end);
    hash(signed_tail);
    let mut fields = Reader::der_at(signed_tail, entries.end, CODE);
    let mut extensions = match fields.optional(der::context(0))? {
        Some(tagged) if version.is_some() => read_extensions(tagged.reader()?)?,
        Some(tagged) => return Err(tagged.fault()),
        None => Extensions::default(),
    };
    fields.end()?;
    // Entries that name an issuer have no meaning in a list that is not an indirect one.
    extensions.has_unknown_critical |= has_unknown_critical || (has_other_issuers && !extensions.scope.is_indirect());
    let mut signature = Reader::der_at(part(&tail, inner_end - entries.end), inner_end, CODE);
    // The algorithm stands twice; if the two differed, the signature would cover only one.
    if signature.read(der::SEQUENCE)?.raw() != algorithm {
        return Err(malformed(inner_end));
    }
    let value = signature.read(der::BIT_STRING)?.bit_bytes()?.to_vec();
    signature.end()?;

    Ok(Crl {
        source: source.clone(),
        to_be_signed,
        algorithm: algorithm.to_vec(),
        value,
        digest: digest.map(State::finish),
        issuer,
        this_update,
        next_update,
        entries,
        entry_count,
        extensions,
    })
}

fn read_extensions(mut tagged: Reader<'_>) -> Result<Extensions> {
    let mut read = Extensions::default();
    let mut seen: Vec<&[u8]> = Vec::new();
    let mut list = tagged.sequence()?;
    tagged.end()?;
    while !list.is_empty() {
        let extension = Extension::read(&mut list)?;
        if seen.contains(&extension.id) {
            return Err(list.fault());
        }
        seen.push(extension.id);
        match extension.id {
            oid::ISSUING_DISTRIBUTION_POINT => read.scope = Scope::read(extension.sequence()?)?,
            oid::DELTA_CRL_INDICATOR => read.is_delta = true,
            oid::EXPIRED_CERTIFICATES_ON_CRL => read.expired_since = Some(extension.value()?.element()?.time()?.0),
            oid::AUTHORITY_KEY_ID | oid::CRL_NUMBER | oid::ISSUER_ALTERNATIVE_NAME => {}
            _ => read.has_unknown_critical |= extension.is_critical,
        }
    }
    Ok(read)
}

/// Where the content of the SEQUENCE at `at` begins and ends; only its beginning must be in `window`, which begins
/// with the file.
fn sequence_at(window: &[u8], at: u64) -> Result<(u64, u64)> {
    match parse_der_header(part(window, at)) {
        Some((der::SEQUENCE, header_len, len)) => {
            let start = at + to_u64(header_len);
            Ok((start, start + to_u64(len)))
        }
        _ => Err(malformed(at)),
    }
}

/// `bytes` from `from` on.
fn part(bytes: &[u8], from: u64) -> &[u8] {
    usize::try_from(from).ok().and_then(|from| bytes.get(from..)).unwrap_or_default()
}

/// `window`, which begins at `start`, cut at `end`.
fn until(window: &[u8], start: u64, end: u64) -> &[u8] {
    let len = usize::try_from(end.saturating_sub(start)).unwrap_or(usize::MAX);
    window.get(..len).unwrap_or(window)
}

const CODE: ErrorCode = ErrorCode::CrlMalformed;
/// Room for what stands before the entries, and for what follows them.
const PART_BYTES: u64 = 256 << 10;
