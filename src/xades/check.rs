//! A saved draft is hostile: it is read as any signature is, and compared with what it must say.

use super::budget::Budget;
use super::finalize::fill;
use super::prepare::{self, DataReference, Draft, Ids};
use super::read::SignatureFile;
use super::signature::Signature;
use super::uri::encode_uri;
use crate::error::{Error, ErrorCode, Result, StateError};
use crate::limits::Limits;
use crate::pki::Certificate;
use crate::signature::SignatureAlgorithm;
use crate::time::Time;

/// Reads what stands before and after the hole, and makes sure that it signs these files, with this certificate and
/// algorithm, at this time, and nothing else, and that the hole is where the value stands.
///
/// Claims of the signer and the policy are whatever they are.
///
/// # Errors
/// [`Error::State`] with the code `state.malformed`; [`Error::LimitExceeded`].
pub(crate) fn read_draft(
    before: Vec<u8>,
    after: Vec<u8>,
    certificates: &[Certificate],
    algorithm: SignatureAlgorithm,
    time: Time,
    references: &[DataReference],
    limits: &Limits,
) -> Result<Draft> {
    let malformed = || Error::from(StateError::new(ErrorCode::StateMalformed));
    let file =
        SignatureFile::read(&fill(&before, DUMMY, &after), limits, &Budget::new(limits)).map_err(
            |error| match error {
                Error::LimitExceeded(_) => error,
                // Where in the saved bytes the fault lies is of no use to anybody.
                _ => malformed(),
            },
        )?;
    let [signature] = file.signatures() else { return Err(malformed()) };
    let signed_info = signature.signed_info().ok_or_else(malformed)?.to_vec();
    let draft = Draft { before, after, signed_info };
    let is_ours = is_written_by_us(&draft, signature)
        && signature.properties_match() == Some(true)
        && signature.certificates == certificates
        && signature.signer.as_ref() == certificates.first()
        && signature.algorithm == Some(algorithm)
        && signature.signing_time == Some(time)
        && signature.level_claimed == "B-B"
        && signature.time_stamps.is_empty()
        && signs(signature, references);
    if is_ours { Ok(draft) } else { Err(malformed()) }
}

/// [`read_draft`] for one that is at hand: the same must come out.
#[cfg(test)]
pub(super) fn check_draft(
    draft: &Draft,
    certificates: &[Certificate],
    algorithm: SignatureAlgorithm,
    time: Time,
    references: &[DataReference],
    limits: &Limits,
) -> Result<()> {
    let (before, after) = (draft.before.clone(), draft.after.clone());
    let read = read_draft(before, after, certificates, algorithm, time, references, limits)?;
    if read == *draft { Ok(()) } else { Err(StateError::new(ErrorCode::StateMalformed).into()) }
}

/// Whether all that is not signed is what stands there in each draft of ours, and the value stands in the hole.
fn is_written_by_us(draft: &Draft, signature: &Signature) -> bool {
    let Some(ids) = signature.id.as_deref().and_then(Ids::with_prefix) else { return false };
    let Some(signed_info) = prepare::as_in_the_file(&draft.signed_info) else { return false };
    let before = [&prepare::start(&ids), &signed_info, prepare::value_start(&ids).as_bytes()].concat();
    draft.before == before
        && draft.after.starts_with(&prepare::after_value(&ids, signature.certificates.iter()))
        && draft.after.ends_with(prepare::END.as_bytes())
        && signature.value() == DUMMY
}

fn signs(signature: &Signature, references: &[DataReference]) -> bool {
    // The last reference is that to the signed properties.
    signature.references.len() == references.len().saturating_add(1)
        && signature.files().count() == references.len()
        && signature.files().zip(references).all(|(signed, file)| {
            signed.uri == encode_uri(&file.name)
                && signed.expected() == Some(file.digest)
                && signed.media_type.as_deref() == Some(&file.media_type)
                && signed.transforms.is_empty()
        })
}

/// Stands in for the value while the file is read.
const DUMMY: &[u8] = &[0];

#[cfg(test)]
mod tests;
