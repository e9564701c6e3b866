//! What an archive time-stamp is made over (EN 319 132-1, 5.5.2.2).

use super::budget::Budget;
use super::node::malformed;
use super::octets::{Octets, Transform};
use super::reference::Reference;
use super::signature::Parts;
use super::unsigned;
use crate::digest::{Digest, DigestAlgorithm, State};
use crate::error::{Error, Result};
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

/// How an archive time-stamp is made over what it is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Kind {
    /// The canonicalization that it names.
    pub(super) transform: Transform,
    pub(super) form: PartForm,
    pub(super) algorithm: DigestAlgorithm,
}

/// What the archive time-stamps of one signature are over, as far as it was hashed: nearly all of it is the same for
/// all of one kind, and the data files are the larger part.
#[derive(Debug, Default)]
pub(crate) struct Imprints {
    begun: Vec<Begun>,
    /// Why what they are all over can't be hashed.
    fault: Option<Error>,
}

/// What all time-stamps of one kind are over, up to some unsigned property.
#[derive(Debug)]
struct Begun {
    kind: Kind,
    state: State,
    /// How many unsigned properties the state is over.
    properties: usize,
}

impl Begun {
    fn is_of(&self, kind: &Kind, properties: usize) -> bool {
        self.kind == *kind && self.properties <= properties
    }
}

/// The signature whose archive time-stamps are looked at.
pub(super) struct Stamped<'a> {
    pub(super) document: &'a Document,
    pub(super) parts: Parts<'a>,
    pub(super) references: &'a [Reference],
    pub(super) limits: &'a Limits,
    pub(super) budget: &'a Budget,
}

impl Stamped<'_> {
    /// The imprint of an archive time-stamp that stands, or will stand, before `until`, or at the end of the unsigned
    /// properties: the data of all references; SignedInfo, value and KeyInfo; the unsigned properties before it; other
    /// Objects.
    ///
    /// What `known` has of a time-stamp that stands before this one is not hashed again.
    pub(super) fn imprint(
        &self,
        until: Option<Element<'_>>,
        kind: Kind,
        known: &mut Imprints,
        data: &mut Data<'_>,
    ) -> Result<Digest> {
        let list = unsigned::list(self.parts.qualifying)?;
        let before = list.iter().flat_map(Element::children).take_while(|child| Some(*child) != until);
        let before: Vec<Element<'_>> = before.collect();
        let count = before.len();
        self.budget.steps(count.saturating_add(self.parts.objects.len()))?;
        if !known.begun.iter().any(|one| one.is_of(&kind, count)) {
            if let Some(fault) = &known.fault {
                return Err(fault.clone());
            }
            let state = self.signed(&kind, data).inspect_err(|error| known.fault = Some(error.clone()))?;
            known.begun.push(Begun { kind: kind.clone(), state, properties: 0 });
        }
        let begun = known.begun.iter_mut().find(|one| one.is_of(&kind, count));
        let begun = begun.ok_or(Error::Bug("what a time-stamp is over was not begun"))?;
        for element in before.into_iter().skip(begun.properties) {
            begun.kind.transform.feed(element, &mut begun.state, self.budget)?;
        }
        begun.properties = count;
        let mut state = begun.state.clone();
        let holds_properties = |object: &Element<'_>| self.parts.qualifying.parent() == Some(*object);
        for object in self.parts.objects.iter().filter(|object| !holds_properties(object)) {
            begun.kind.transform.feed(*object, &mut state, self.budget)?;
        }
        Ok(state.finish())
    }

    /// What was there when it was signed.
    fn signed(&self, kind: &Kind, data: &mut Data<'_>) -> Result<State> {
        let mut state = State::new(kind.algorithm);
        let mut octets = Octets::new(self.limits, self.budget);
        for reference in self.references {
            if reference.name.is_some() {
                data(reference, &mut state)?;
                continue;
            }
            let target = self.document.by_id(reference.uri.trim_start_matches('#'));
            let target = target.ok_or_else(|| malformed(self.parts.signed_info))?;
            // A part of the file without a canonicalization of its own takes the time-stamp's.
            let implied = std::slice::from_ref(&kind.transform);
            let has_own = !reference.transforms.is_empty() && kind.form == PartForm::Referenced;
            let transforms = if has_own { &reference.transforms } else { implied };
            state.update(&octets.referenced(target, transforms)?);
        }
        for element in [Some(self.parts.signed_info), Some(self.parts.value), self.parts.key_info].into_iter().flatten()
        {
            kind.transform.feed(element, &mut state, self.budget)?;
        }
        Ok(state)
    }
}
