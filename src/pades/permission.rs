//! What earlier signatures allow: certification (DocMDP) and locked fields (FieldMDP, `Lock`).

use crate::error::{ErrorCode, Refusal, Result};
use crate::pades::field::is_signed;
use crate::pdf::{Charge, Dictionary, Document, Form, Object, Reference, Value};

/// The signatures a document carries already, and what they ask of the next one.
#[derive(Debug, Default)]
pub(crate) struct Earlier {
    pub(crate) signatures: Vec<EarlierSignature>,
    /// `P` of the certification (ISO 32000-1, 12.8.2.2), if there is one.
    pub(crate) certification: Option<u8>,
    locks: Vec<FieldLock>,
}

/// A signature dictionary with the field it stands in.
#[derive(Debug)]
pub(crate) struct EarlierSignature {
    pub(crate) field: String,
    /// Where the field is.
    pub(crate) holder: Reference,
    /// Where the dictionary is, where it is an object of its own.
    pub(crate) reference: Option<Reference>,
    pub(crate) dictionary: Dictionary,
}

/// Fields that may not change any more, and who says so.
#[derive(Debug)]
pub(crate) struct FieldLock {
    pub(crate) action: Action,
    pub(crate) fields: Vec<String>,
    /// `P` of the lock: 1 forbids every change.
    pub(crate) permissions: Option<u8>,
    object: Option<u32>,
    /// For the names.
    _charge: Charge,
}

/// Which fields a lock names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Action {
    All,
    Include,
    Exclude,
}

impl Action {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Action::All => "All",
            Action::Include => "Include",
            Action::Exclude => "Exclude",
        }
    }
}

impl Earlier {
    /// Reads the signatures of `form`.
    pub(crate) fn read(document: &Document, form: &Form) -> Result<Self> {
        let mut earlier = Earlier::default();
        for field in form.fields.iter().filter(|field| is_signed(field)) {
            let Some(value) = field.value else { continue };
            let Object::Dictionary(dictionary) = value.read(document)? else {
                continue;
            };
            let reference = match value {
                Value::At(reference) => Some(reference),
                Value::In(_) => None,
            };
            earlier.count(document)?;
            earlier.add_references(document, &dictionary, reference)?;
            if let Object::Dictionary(lock) = document.get(&field.dictionary(document)?, "Lock")? {
                earlier.locks.extend(FieldLock::read(document, &lock, reference)?);
            }
            earlier.signatures.push(EarlierSignature {
                field: field.name.clone(),
                holder: field.reference,
                reference,
                dictionary,
            });
        }
        earlier.add_certification(document)?;
        Ok(earlier)
    }

    /// Refuses a change of the field `name` that an earlier signature forbids.
    pub(crate) fn check(&self, name: &str) -> Result<()> {
        if self.certification == Some(1) {
            return Err(Refusal::new(ErrorCode::PdfLocked).into());
        }
        for lock in &self.locks {
            let refusal = |code| match lock.object {
                Some(object) => Refusal::new(code).object(object),
                None => Refusal::new(code),
            };
            if lock.permissions == Some(1) {
                return Err(refusal(ErrorCode::PdfLocked).into());
            }
            if lock.covers(name) {
                return Err(refusal(ErrorCode::PdfFieldLocked).into());
            }
        }
        Ok(())
    }

    fn count(&self, document: &Document) -> Result<()> {
        let limit = document.limits().pdf_signatures;
        let found = crate::source::to_u64(self.signatures.len()).saturating_add(1);
        if found > limit {
            return Err(crate::error::Limit::new("pdf_signatures", limit, found).into());
        }
        Ok(())
    }

    /// The certification that the catalog names, whose signature may stand in no field.
    fn add_certification(&mut self, document: &Document) -> Result<()> {
        let (_, catalog) = document.catalog()?;
        let Object::Dictionary(perms) = document.get(&catalog, "Perms")? else {
            return Ok(());
        };
        if let Object::Dictionary(signature) = document.get(&perms, "DocMDP")? {
            self.add_references(document, &signature, None)?;
            // A certification without transform parameters is one with the default.
            self.certification.get_or_insert(DEFAULT_PERMISSION);
        }
        Ok(())
    }

    fn add_references(&mut self, document: &Document, signature: &Dictionary, at: Option<Reference>) -> Result<()> {
        let Object::Array(references) = document.get(signature, "Reference")? else {
            return Ok(());
        };
        for item in document.walk(&references)? {
            let Object::Dictionary(reference) = document.resolve(&item)? else { continue };
            let Object::Dictionary(params) = document.get(&reference, "TransformParams")? else {
                continue;
            };
            let method = document.get(&reference, "TransformMethod")?;
            if is_name(&method, b"DocMDP") {
                let p = permission(&document.get(&params, "P")?).unwrap_or(DEFAULT_PERMISSION);
                // Of several certifications the strictest counts.
                self.certification = Some(self.certification.map_or(p, |old| old.min(p)));
            } else if is_name(&method, b"FieldMDP") {
                self.locks.extend(FieldLock::read(document, &params, at)?);
            }
        }
        Ok(())
    }
}

impl FieldLock {
    /// Reads a `Lock` or the parameters of a FieldMDP transform: both have the same keys.
    pub(crate) fn read(document: &Document, from: &Dictionary, at: Option<Reference>) -> Result<Option<Self>> {
        let action = match document.get(from, "Action")? {
            Object::Name(name) if name.as_bytes() == b"Include" => Action::Include,
            Object::Name(name) if name.as_bytes() == b"Exclude" => Action::Exclude,
            Object::Name(name) if name.as_bytes() == b"All" => Action::All,
            _ => return Ok(None),
        };
        let mut fields = Vec::new();
        let mut charge = document.charge(0)?;
        if let Object::Array(names) = document.get(from, "Fields")? {
            for item in document.walk(&names)? {
                if let Object::String(name) = document.resolve(&item)? {
                    let name = name.to_text();
                    document.grow(&mut charge, size_of::<String>() + name.len())?;
                    fields.push(name);
                }
            }
        }
        let permissions = permission(&document.get(from, "P")?);
        Ok(Some(FieldLock {
            action,
            fields,
            permissions,
            object: at.map(|reference| reference.number),
            _charge: charge,
        }))
    }

    /// A field is named by its own name or by one of its ancestors'.
    fn covers(&self, name: &str) -> bool {
        let named = self.fields.iter().any(|field| {
            name.strip_prefix(field.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
        });
        match self.action {
            Action::All => true,
            Action::Include => named,
            Action::Exclude => !named,
        }
    }
}

fn permission(object: &Object) -> Option<u8> {
    match object {
        Object::Integer(n) => u8::try_from(*n).ok().filter(|n| (1..=3).contains(n)),
        _ => None,
    }
}

fn is_name(object: &Object, name: &[u8]) -> bool {
    matches!(object, Object::Name(found) if found.as_bytes() == name)
}

const DEFAULT_PERMISSION: u8 = 2;
