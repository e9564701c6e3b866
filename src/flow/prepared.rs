//! A document that waits for its signature value.

use crate::asice;
use crate::cms::accept_value_among;
use crate::digest::State;
use crate::error::{Error, ErrorCode, Misuse, Result, StateError};
use crate::flow::essentials::{Body, Essentials, PdfBody, id};
use crate::flow::state::{self, Kind, Saved};
use crate::flow::{Inputs, Signed};
use crate::limits::Limits;
use crate::output::Output;
use crate::pades;
use crate::pki::Certificate;
use crate::signature::{SignatureValue, ToBeSigned};
use crate::signing::Plan;
use crate::source::Source;
use crate::time::Moment;

/// What was prepared: the bytes to be added with a hole in them, and what the key must sign.
///
/// It holds memory for the added bytes only. [`Prepared::finalize`] consumes it.
#[derive(Debug)]
pub struct Prepared {
    inputs: Inputs,
    essentials: Essentials,
    unsound: Vec<(String, Error)>,
    remarks: Vec<String>,
}

impl Prepared {
    /// `source_state` has taken all bytes of `source`.
    pub(crate) fn of_pdf(
        source: &Source,
        plan: &Plan,
        moment: Moment,
        draft: pades::Draft,
        source_state: State,
    ) -> Self {
        let source_digest = source_state.clone().finish();
        let body = PdfBody { source_digest, source_state, field: draft.field, tail: draft.tail };
        let to_be_signed = body.to_be_signed(plan.identity(), plan.algorithm());
        Prepared::new(Inputs::from(source.clone()), plan, moment, to_be_signed, Body::Pdf(body))
    }

    pub(crate) fn of_container(inputs: Inputs, plan: &Plan, moment: Moment, draft: asice::Draft) -> Result<Self> {
        let to_be_signed = ToBeSigned::new(draft.signed_info.clone(), plan.algorithm());
        Ok(Prepared::new(inputs, plan, moment, to_be_signed, Body::Container(draft)))
    }

    fn new(inputs: Inputs, plan: &Plan, moment: Moment, to_be_signed: ToBeSigned, body: Body) -> Self {
        let essentials = Essentials {
            moment,
            certificates: plan.embedded().cloned().collect(),
            algorithm: plan.algorithm(),
            level: plan.wanted_level(),
            id: id(&moment, &to_be_signed),
            to_be_signed,
            body,
        };
        Prepared { inputs, essentials, unsound: Vec::new(), remarks: Vec::new() }
    }

    /// Keeps what is wrong with earlier signatures, or refuses the document for it.
    pub(super) fn with_unsound(self, unsound: Vec<(String, Error)>, plan: &Plan) -> Result<Self> {
        match unsound.first() {
            Some((_, error)) if plan.requires_sound() => Err(error.clone()),
            _ => Ok(Prepared { unsound, ..self }),
        }
    }

    /// Keeps what is odd about the document otherwise.
    pub(super) fn with_remarks(self, remarks: Vec<String>) -> Self {
        Prepared { remarks, ..self }
    }

    /// Takes up a saved state, perhaps in another process. The state is not trusted: what is to be
    /// signed is computed again from it and compared.
    ///
    /// The document itself, or for a new container its data files, is not read here; digests are compared while the
    /// result is written.
    ///
    /// # Errors
    /// [`Error::State`](crate::Error::State): prepare again.
    pub fn resume(state: &[u8], inputs: impl Into<Inputs>, limits: &Limits) -> Result<Self> {
        let inputs = inputs.into();
        let Saved { kind: Kind::Prepared, essentials, .. } = state::read(state, limits)? else {
            return Err(StateError::new(ErrorCode::StateMalformed).into());
        };
        essentials.check_inputs(&inputs)?;
        Ok(Prepared { inputs, essentials, unsound: Vec::new(), remarks: Vec::new() })
    }

    /// What the key must sign.
    #[must_use]
    pub fn to_be_signed(&self) -> &ToBeSigned {
        &self.essentials.to_be_signed
    }

    /// 64 hexadecimal digits that name this preparation: another moment gives another id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.essentials.id
    }

    /// Earlier signatures of the document that are not sound, by field or signature file, each once, with the reason:
    /// the new signature stands beside them all the same, unless [`Plan::require_sound`] forbids it.
    ///
    /// `signature.broken`: its value or digest does not fit, its placeholder was never filled, or it does not cover a
    /// revision; `signature.kind`: a kind that is not looked at. They were checked while the document was hashed, the
    /// first 16 of them; whom to trust was not. Empty for what was taken up from a state.
    ///
    /// ```
    /// use eseal::{Document, Limits, Moment, Plan, Source, Time};
    /// # fn main() -> eseal::Result<()> {
    /// # let at = Time::parse_rfc3339("2026-01-02T03:04:05Z")?;
    /// # let key = eseal::key::throw_away(&eseal::system::OsEntropy, "Nobody", at)?;
    /// # let plan = Plan::new(eseal::Signer::chain(&key)[0].clone(), &[])?;
    /// # let pdf = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/pdf/table-lf.pdf")).to_vec();
    /// let document = Document::open(Source::from_bytes(pdf), &Limits::default())?;
    /// let prepared = document.prepare(&plan, Moment::new(at, [7; 32]))?;
    /// for (signature, error) in prepared.unsound() {
    ///     eprintln!("{signature}: {error} [{}]", error.code());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    #[must_use]
    pub fn unsound(&self) -> &[(String, Error)] {
        &self.unsound
    }

    /// What else is odd about the document and stays so: entries of a container that no signature covers, this one
    /// neither, and a manifest that contradicts what is signed; the first 16. Empty for what was taken up from a state.
    #[must_use]
    pub fn remarks(&self) -> &[String] {
        &self.remarks
    }

    /// The full name of the field of a PDF that is signed.
    #[must_use]
    pub fn field(&self) -> Option<&str> {
        self.essentials.body.field()
    }

    /// The signer's certificate.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        self.essentials.certificates.first()
    }

    /// What to keep until the value comes. It holds no document, no password and no key.
    ///
    /// # Errors
    /// [`Error::Bug`](crate::Error::Bug) only.
    pub fn to_state(&self) -> Result<Vec<u8>> {
        state::write(&self.essentials, None)
    }

    /// The PDF with its hole still empty, for those who fill it in place later.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) for a container: it has no such hole.
    pub fn output(&self) -> Result<Output> {
        match &self.essentials.body {
            Body::Pdf(body) => Ok(body.unfilled(self.inputs.document()?)),
            Body::Container(_) => Err(Misuse::new("a container is written when it is signed").into()),
        }
    }

    /// Puts the signature in, after it has verified with the plan's certificate.
    ///
    /// A pure function: the same value gives the same bytes. Where the value may be wrong and another
    /// one may come, keep [`Prepared::to_state`].
    ///
    /// # Errors
    /// [`Error::SignatureMismatch`](crate::Error::SignatureMismatch) or `signature.encoding`: nothing
    /// was embedded. [`Error::PlaceholderTooSmall`](crate::Error::PlaceholderTooSmall): prepare again.
    pub fn finalize(self, value: SignatureValue) -> Result<Signed> {
        let certificate = self.essentials.signer()?;
        let others = self.essentials.certificates.get(1..).unwrap_or_default();
        let value = accept_value_among(&value, certificate, others, &self.essentials.to_be_signed)?;
        Signed::new(&self.inputs, self.essentials, value)
    }
}
