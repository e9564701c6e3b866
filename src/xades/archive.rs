//! What an archive time-stamp is made over (EN 319 132-1, 5.5.2.2).

use super::node::malformed;
use super::octets::{Octets, Transform};
use super::reference::Reference;
use super::signature::Parts;
use super::unsigned;
use crate::digest::{Digest, DigestAlgorithm, State};
use crate::error::Result;
use crate::limits::Limits;
use crate::xml::{Document, Element};

/// Feeds the octets of a reference to a file, after its transforms, into the state.
pub(crate) type Data<'d> = dyn FnMut(&Reference, &mut State) -> Result<()> + 'd;

/// How signed parts of the signatures file itself are fed.
// Complete: what the standard says, and what one maker does instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PartForm {
    /// By their reference's own canonicalization, where it has one.
    Referenced,
    /// By the time-stamp's, as libdigidocpp does it.
    Stamped,
}

/// The canonicalization of an archive time-stamp, the time-stamp itself unless it is still to come, and how parts are fed.
pub(super) type Place<'a> = (&'a Transform, Option<Element<'a>>, PartForm);

/// The imprint of an archive time-stamp that stands, or will stand, before `until`, or at the end of the unsigned
/// properties: the data of all references; SignedInfo, value and KeyInfo; the unsigned properties before it; other
/// Objects.
pub(super) fn imprint(
    document: &Document,
    parts: &Parts<'_>,
    references: &[Reference],
    (transform, until, form): Place<'_>,
    algorithm: DigestAlgorithm,
    limits: &Limits,
    data: &mut Data<'_>,
) -> Result<Digest> {
    let mut state = State::new(algorithm);
    let mut octets = Octets::new(limits);
    for reference in references {
        if reference.name.is_some() {
            data(reference, &mut state)?;
            continue;
        }
        let target = document.by_id(reference.uri.trim_start_matches('#'));
        let target = target.ok_or_else(|| malformed(parts.signed_info))?;
        // A part of the file without a canonicalization of its own takes the time-stamp's.
        let implied = std::slice::from_ref(transform);
        let has_own = !reference.transforms.is_empty() && form == PartForm::Referenced;
        let transforms = if has_own { &reference.transforms } else { implied };
        state.update(&octets.referenced(target, transforms)?);
    }
    for element in [Some(parts.signed_info), Some(parts.value), parts.key_info].into_iter().flatten() {
        transform.feed(element, &mut state);
    }
    let properties = unsigned::list(parts.qualifying)?;
    for element in properties.iter().flat_map(Element::children).take_while(|child| Some(*child) != until) {
        transform.feed(element, &mut state);
    }
    let holds_properties = |object: &Element<'_>| parts.qualifying.parent() == Some(*object);
    for object in parts.objects.iter().filter(|object| !holds_properties(object)) {
        transform.feed(*object, &mut state);
    }
    Ok(state.finish())
}
