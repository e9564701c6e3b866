//! What an empty field demands of its signature (seed values, ISO 32000-1, 12.7.4.5, table 234).

use crate::error::{ErrorCode, Refusal, Result};
use crate::pades::{FILTER, SUB_FILTER};
use crate::pdf::Document;
use crate::pdf::Field;
use crate::pdf::{Dictionary, Object};
use crate::signing::Plan;

/// Refuses a signature that the field's required seed values rule out.
///
/// Recommendations (values whose bit in `Ff` is not set) are not looked at.
pub(crate) fn check(document: &Document, field: &Field, plan: &Plan) -> Result<()> {
    let Object::Dictionary(seed) = document.get(&field.dictionary(document)?, "SV")? else {
        return Ok(());
    };
    let demands = Demands { document, seed: &seed, required: integer(document, &seed, "Ff")?.unwrap_or(0) };
    if demands.are_met(plan)? {
        Ok(())
    } else {
        Err(Refusal::new(ErrorCode::PdfSeedValue).object(field.reference.number).into())
    }
}

struct Demands<'a> {
    document: &'a Document,
    seed: &'a Dictionary,
    required: i64,
}

impl Demands<'_> {
    fn are_met(&self, plan: &Plan) -> Result<bool> {
        let reason = plan.labels().reason.as_deref();
        Ok(self.lists("Filter", FILTER_BIT, |name| name == FILTER.as_bytes())?
            && self.lists("SubFilter", SUB_FILTER_BIT, |name| name == SUB_FILTER.as_bytes())?
            && self.lists("DigestMethod", DIGEST_BIT, |name| {
                name.eq_ignore_ascii_case(plan.algorithm().digest().name().replace('-', "").as_bytes())
            })?
            && self.lists("Reasons", REASONS_BIT, |text| reason.is_some_and(|reason| reason.as_bytes() == text))?
            && self.wants_no(ADD_REV_INFO_BIT, "AddRevInfo")?
            && self.wants_no(LOCK_DOCUMENT_BIT, "LockDocument")?
            && self.wants_no(LEGAL_BIT, "LegalAttestation")?
            && self.version_is_known()?
            && self.is_approval()?
            && self.time_stamp_is_optional()?
            && self.certificate_fits(plan)?)
    }

    fn requires(&self, bit: u32) -> bool {
        self.required & (1 << bit) != 0
    }

    /// Whether a required list (or single value) has an item that fits.
    fn lists(&self, key: &str, bit: u32, fits: impl Fn(&[u8]) -> bool) -> Result<bool> {
        if !self.requires(bit) {
            return Ok(true);
        }
        let text_fits = |object: &Object| match object {
            Object::Name(name) => fits(name.as_bytes()),
            Object::String(text) => fits(text.to_text().as_bytes()),
            _ => false,
        };
        Ok(match self.document.get(self.seed, key)? {
            Object::Array(array) => {
                let mut found = false;
                for item in array.items() {
                    found = found || text_fits(&self.document.resolve(&item)?);
                }
                found
            }
            Object::Null => true,
            single => text_fits(&single),
        })
    }

    /// Things that are not made here: fine unless they are required and asked for.
    fn wants_no(&self, bit: u32, key: &str) -> Result<bool> {
        if !self.requires(bit) {
            return Ok(true);
        }
        Ok(matches!(self.document.get(self.seed, key)?, Object::Null | Object::Boolean(false)))
    }

    fn version_is_known(&self) -> Result<bool> {
        let version = integer(self.document, self.seed, "V")?.unwrap_or(1);
        Ok(!self.requires(V_BIT) || version <= 3)
    }

    /// `MDP` with `P` above 0 asks for a certification.
    fn is_approval(&self) -> Result<bool> {
        let Object::Dictionary(mdp) = self.document.get(self.seed, "MDP")? else {
            return Ok(true);
        };
        Ok(integer(self.document, &mdp, "P")?.unwrap_or(0) == 0)
    }

    fn time_stamp_is_optional(&self) -> Result<bool> {
        let Object::Dictionary(stamp) = self.document.get(self.seed, "TimeStamp")? else {
            return Ok(true);
        };
        Ok(integer(self.document, &stamp, "Ff")?.unwrap_or(0) == 0)
    }

    /// Of the demands on the certificate only the list of allowed certificates can be judged here.
    fn certificate_fits(&self, plan: &Plan) -> Result<bool> {
        let Object::Dictionary(wanted) = self.document.get(self.seed, "Cert")? else {
            return Ok(true);
        };
        let required = integer(self.document, &wanted, "Ff")?.unwrap_or(0);
        if required & !1 != 0 {
            return Ok(false);
        }
        let Object::Array(subjects) = self.document.get(&wanted, "Subject")? else {
            return Ok(true);
        };
        let mut found = required == 0;
        for subject in subjects.items() {
            if let Object::String(der) = self.document.resolve(&subject)? {
                found = found || der.decode() == plan.certificate().as_der();
            }
        }
        Ok(found)
    }
}

fn integer(document: &Document, dictionary: &Dictionary, key: &str) -> Result<Option<i64>> {
    Ok(match document.get(dictionary, key)? {
        Object::Integer(n) => Some(n),
        _ => None,
    })
}

const FILTER_BIT: u32 = 0;
const SUB_FILTER_BIT: u32 = 1;
const V_BIT: u32 = 2;
const REASONS_BIT: u32 = 3;
const LEGAL_BIT: u32 = 4;
const ADD_REV_INFO_BIT: u32 = 5;
const DIGEST_BIT: u32 = 6;
const LOCK_DOCUMENT_BIT: u32 = 7;
