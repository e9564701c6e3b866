//! Which field a signature goes into.

use crate::error::{ErrorCode, Refusal, Result};
use crate::pdf::{Field, FieldKind, Form};

/// The field to be signed.
pub(crate) enum Target<'a> {
    /// A new field at the end of the form's `Fields`.
    New {
        /// Its partial name, which is its full name, too.
        name: String,
    },
    /// An empty signature field that is there already.
    Existing(&'a Field),
}

impl Target<'_> {
    /// The field's full name.
    pub(crate) fn name(&self) -> &str {
        match self {
            Target::New { name } => name,
            Target::Existing(field) => &field.name,
        }
    }
}

/// The field of the full name `wanted`, or the next free `SignatureN`.
///
/// # Errors
/// [`Error::Refused`](crate::Error::Refused) when the field has a value, is none for signatures,
/// stands twice, or would need parents that do not exist.
pub(crate) fn choose<'a>(form: &'a Form, wanted: Option<&str>) -> Result<Target<'a>> {
    let Some(wanted) = wanted else {
        return Ok(Target::New { name: next_free(form, "Signature") });
    };
    let mut found = form.fields.iter().filter(|field| field.name == wanted);
    let Some(field) = found.next() else {
        return if wanted.is_empty() || wanted.contains('.') {
            Err(Refusal::new(ErrorCode::PdfFieldMissing).into())
        } else if form.fields.iter().any(|field| is_below(&field.name, wanted)) {
            Err(Refusal::new(ErrorCode::PdfFieldType).into())
        } else {
            Ok(Target::New { name: wanted.to_owned() })
        };
    };
    let refuse = |code| Err(Refusal::new(code).object(field.reference.number).into());
    if found.next().is_some() {
        return refuse(ErrorCode::PdfFieldDuplicate);
    }
    if !is_signature(field) {
        return refuse(ErrorCode::PdfFieldType);
    }
    if is_signed(field) {
        return refuse(ErrorCode::PdfFieldTaken);
    }
    Ok(Target::Existing(field))
}

/// Whether the field is one for signatures, and not merely the parent of some.
pub(crate) fn is_signature(field: &Field) -> bool {
    !field.kids && field.kind == Some(FieldKind::Signature)
}

/// Whether the field has a value.
pub(crate) fn is_signed(field: &Field) -> bool {
    is_signature(field) && field.value.is_some()
}

/// `prefix` with the first number that makes it a name of its own.
///
/// Names of inner nodes count, too: `Signature1.date` takes `Signature1`.
pub(crate) fn next_free(form: &Form, prefix: &str) -> String {
    let number = |field: &Field| {
        let rest = field.name.strip_prefix(prefix)?;
        let digits = rest.split('.').next().unwrap_or_default();
        let is_plain = digits.bytes().all(|byte| byte.is_ascii_digit()) && !digits.starts_with('0');
        digits.parse::<u32>().ok().filter(|_| is_plain)
    };
    // There are more numbers than fields, so one of the first is free.
    let mut taken: Vec<u32> = form.fields.iter().filter_map(number).collect();
    taken.sort_unstable();
    let free = taken.iter().fold(1_u32, |free, taken| if *taken == free { free.saturating_add(1) } else { free });
    format!("{prefix}{free}")
}

fn is_below(name: &str, parent: &str) -> bool {
    name.strip_prefix(parent).is_some_and(|rest| rest.starts_with('.'))
}
