//! First half: a field, a signature dictionary with a hole, and the update that carries them.

use crate::error::{ErrorCode, Malformed, Refusal, Result};
use crate::pades::archival::{claimed_part, most_bytes};
use crate::pades::coverage::numbers;
use crate::pades::field::{Target, choose};
use crate::pades::looked::Looked;
use crate::pades::permission::{Earlier, FieldLock};
use crate::pades::{FILTER, SUB_FILTER, placement, reread, seed_value};
use crate::pdf::text::{name, text_string};
use crate::pdf::update::SignatureBody;
use crate::pdf::{Document, Form, Object, decoded, fields, find};
use crate::signing::{Plan, Tail, reserve_bytes};
use crate::time::{Moment, derive};

/// What is to be appended to the document, and in which field the signature stands.
pub(crate) struct Draft {
    pub(crate) tail: Tail,
    pub(crate) field: String,
    /// Earlier signatures, which are to be looked at while the document is hashed.
    pub(crate) looked: Option<Looked>,
}

/// Makes the update that signs `document`; nothing is hashed and nothing sent.
///
/// What was made is read again before it is returned.
///
/// # Errors
/// [`Error::Refused`](crate::Error::Refused) when an earlier signature, a lock, a seed value or an
/// XFA form stands in the way; [`Error::Malformed`](crate::Error::Malformed) with the offset when the
/// document is damaged; [`Error::PlaceholderTooSmall`](crate::Error::PlaceholderTooSmall).
pub(crate) fn prepare(document: &Document, plan: &Plan, moment: &Moment) -> Result<Draft> {
    plan.check_time(moment.time())?;
    if let Some(fault) = document.fault() {
        return Err(fault.into());
    }
    if let Some(number) = document.contradiction()? {
        return Err(Malformed::new(ErrorCode::PdfHybrid).object(number).into());
    }
    let form = fields(document)?;
    let earlier = require_fit(document, &form)?;
    let target = choose(document, &form, plan.field_name())?;
    earlier.check(target.name())?;
    let mut lock = None;
    if let Target::Existing(field) = &target {
        seed_value::check(document, field, plan)?;
        if let Object::Dictionary(dictionary) = document.get(&field.dictionary(document)?, "Lock")? {
            lock = FieldLock::read(document, &dictionary, None)?;
        }
    }
    let (root, catalog) = document.catalog()?;
    let part = claimed_part(document, &catalog)?;
    let hole_digits = reserve_bytes(plan, most_bytes(part))?.saturating_mul(2);

    let mut update = placement::update(document, &form)?;
    if placement::is_odd(document)? && earlier.signatures.is_empty() && !names_byte_range(document)? {
        update.stand_alone()?;
    }
    let signature = update.fresh()?;
    placement::place(document, &form, &target, signature, part == Some(1), &mut update)?;
    let reference = lock.map(|lock| lock_reference(&lock, &root.to_string()));
    update.put_signature(signature, signature_body(plan, moment, reference.as_deref(), hole_digits));
    let id = derive(&[moment.nonce(), b"pdf-id"]);
    let written = update.write(id.get(..16).unwrap_or_default())?;
    reread::check_signed(document, &written, target.name(), signature)?;
    let looked = Looked::at(document, &earlier, plan.earlier_to_look_at())?;
    document.rest();
    Ok(Draft { tail: written.into_tail()?, field: target.name().to_owned(), looked })
}

/// The signatures that are there, unless this is a document that nothing is appended to.
///
/// # Errors
/// [`Error::Refused`](crate::Error::Refused) for a form in XFA and for a damaged document that is signed.
pub(super) fn require_fit(document: &Document, form: &Form) -> Result<Earlier> {
    if let Some(dictionary) = &form.dictionary
        && !matches!(document.get(dictionary, "XFA")?, Object::Null)
    {
        return Err(Refusal::new(ErrorCode::PdfXfa).into());
    }
    let earlier = Earlier::read(document, form)?;
    if document.is_rebuilt() || document.has_tail() {
        refuse_if_signed(document, &earlier)?;
    }
    refuse_if_cut(document, &earlier)?;
    Ok(earlier)
}

/// Refuses a document that is shorter than one of its signatures says: something was cut off.
fn refuse_if_cut(document: &Document, earlier: &Earlier) -> Result<()> {
    for signature in &earlier.signatures {
        let numbers = numbers(document, signature)?;
        for (start, len) in numbers.as_chunks::<2>().0.iter().map(|[start, len]| (*start, *len)) {
            if start.checked_add(len).is_none_or(|end| end > document.source().len()) {
                let fault = Malformed::at(ErrorCode::PdfByteRange, start);
                return Err(signature.reference.map_or(fault.clone(), |r| fault.object(r.number)).into());
            }
        }
    }
    Ok(())
}

/// Refuses the repair of what was signed, also where the damage hides the signature from the form.
fn refuse_if_signed(document: &Document, earlier: &Earlier) -> Result<()> {
    if !earlier.signatures.is_empty() || names_byte_range(document)? {
        return Err(Refusal::new(ErrorCode::PdfRecoverSigned).into());
    }
    Ok(())
}

/// Whether a ByteRange stands anywhere in the file, also where nothing leads to it.
fn names_byte_range(document: &Document) -> Result<bool> {
    let mut found = false;
    // The name may lie across two pieces.
    let mut last = Vec::new();
    document.source().for_each(0..document.source().len(), |piece| {
        last.extend_from_slice(piece.get(..LONGEST_BYTE_RANGE).unwrap_or(piece));
        found = found || has_byte_range(&last) || has_byte_range(piece);
        last = piece.get(piece.len().saturating_sub(LONGEST_BYTE_RANGE)..).unwrap_or_default().to_vec();
        Ok(())
    })?;
    Ok(found)
}

fn has_byte_range(bytes: &[u8]) -> bool {
    let mut from = 0;
    while let Some(at) = bytes.get(from..).and_then(|rest| find(rest, b"/")) {
        from = from.saturating_add(at).saturating_add(1);
        let name = bytes.get(from..).unwrap_or_default();
        let name = name.get(..name.len().min(LONGEST_BYTE_RANGE)).unwrap_or_default();
        if name.first().is_some_and(|first| matches!(first, b'B' | b'#')) && decoded(name).starts_with(BYTE_RANGE) {
            return true;
        }
    }
    false
}

fn signature_body(plan: &Plan, moment: &Moment, reference: Option<&[u8]>, hole_digits: usize) -> SignatureBody {
    let mut body = format!("<< /Type /Sig /Filter /{FILTER} /SubFilter /{SUB_FILTER} /M ({})", moment.time().to_pdf())
        .into_bytes();
    let labels = plan.labels();
    let texts = [
        ("Name", &labels.name),
        ("Reason", &labels.reason),
        ("Location", &labels.location),
        ("ContactInfo", &labels.contact),
    ];
    for (key, text) in texts {
        if let Some(text) = text {
            body.extend(format!(" /{key} ").bytes());
            body.extend(text_string(text));
        }
    }
    if let Some(reference) = reference {
        body.extend(b" /Reference [");
        body.extend(reference);
        body.push(b']');
    }
    body.extend(b" /ByteRange ");
    SignatureBody {
        before_range: body,
        before_hole: b" /Contents <".to_vec(),
        hole_digits,
        after_hole: b"> >>".to_vec(),
    }
}

/// The signature reference that puts the field's `Lock` into force (ISO 32000-1, 12.8.2.4).
fn lock_reference(lock: &FieldLock, catalog: &str) -> Vec<u8> {
    let action = name(lock.action.as_str().as_bytes());
    let mut params = format!("<< /Type /TransformParams /V /1.2 /Action {action}").into_bytes();
    if !lock.fields.is_empty() {
        let fields: Vec<Vec<u8>> = lock.fields.iter().map(|field| text_string(field)).collect();
        params.extend(b" /Fields [");
        params.extend(fields.join(&b' '));
        params.push(b']');
    }
    if let Some(p) = lock.permissions {
        params.extend(format!(" /P {p}").bytes());
    }
    let head = b"<< /Type /SigRef /TransformMethod /FieldMDP /TransformParams ";
    [head, params.as_slice(), b" >> /Data ", catalog.as_bytes(), b" >>"].concat()
}

const BYTE_RANGE: &[u8] = b"ByteRange";
// Each letter can stand as `#42`; and the solidus.
const LONGEST_BYTE_RANGE: usize = 1 + 3 * BYTE_RANGE.len();
