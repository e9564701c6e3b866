//! All of a prepared document but its inputs: what the saved state holds, and what is computed from it.

use crate::asice;
use crate::cms::{Identity, signed_attributes, signed_data};
use crate::digest::{Digest, State, to_hex};
use crate::error::{ErrorCode, Result, StateError};
use crate::flow::{Format, Inputs};
use crate::output::{Output, Piece, Update};
use crate::pades;
use crate::pki::Certificate;
use crate::signature::{SignatureAlgorithm, ToBeSigned};
use crate::signing::{Level, Tail};
use crate::source::Source;
use crate::time::{Moment, derive};

/// All of a prepared document but its inputs: what the saved state holds.
#[derive(Debug, Clone)]
pub(crate) struct Essentials {
    pub(crate) moment: Moment,
    /// The signer's certificate, then its issuers without roots.
    pub(crate) certificates: Vec<Certificate>,
    pub(crate) algorithm: SignatureAlgorithm,
    pub(crate) level: Level,
    pub(crate) to_be_signed: ToBeSigned,
    pub(crate) id: String,
    pub(crate) body: Body,
}

/// What depends on the format.
#[derive(Debug, Clone)]
pub(crate) enum Body {
    Pdf(PdfBody),
    Container(asice::Draft),
}

/// What is to be appended to a PDF, and where.
#[derive(Debug, Clone)]
pub(crate) struct PdfBody {
    pub(crate) source_digest: Digest,
    /// The digest at the end of the source, to go on from with a later update.
    pub(crate) source_state: State,
    pub(crate) field: String,
    pub(crate) tail: Tail,
}

impl Essentials {
    pub(crate) fn signer(&self) -> Result<&Certificate> {
        self.certificates.first().ok_or_else(|| StateError::new(ErrorCode::StateMalformed).into())
    }

    pub(crate) fn identity(&self) -> Result<Identity> {
        let issuers = self.certificates.get(1..).unwrap_or_default();
        Ok(Identity::new(self.signer()?, issuers, self.algorithm))
    }

    pub(crate) fn format(&self) -> Format {
        match &self.body {
            Body::Pdf(_) => Format::Pdf,
            Body::Container(_) => Format::Asice,
        }
    }

    /// Whether these inputs can be those that were prepared, as far as that costs nothing.
    pub(crate) fn check_inputs(&self, inputs: &Inputs) -> Result<()> {
        match &self.body {
            Body::Pdf(body) if inputs.document()?.len() == body.source_state.len() => Ok(()),
            Body::Pdf(_) => Err(StateError::new(ErrorCode::StateOtherDocument).into()),
            Body::Container(draft) if draft.is_new() => draft.check_files(inputs.files()?),
            Body::Container(draft) => draft.check_source(inputs.document()?),
        }
    }

    /// The finished document with `value`, which has verified.
    pub(crate) fn output(&self, inputs: &Inputs, value: &[u8]) -> Result<Output> {
        match &self.body {
            Body::Pdf(body) => {
                let cms = signed_data(&self.identity()?, self.to_be_signed.as_bytes(), value, None);
                pades::finalize(inputs.document()?, &body.source_digest, &body.tail, &cms)
            }
            Body::Container(draft) if draft.is_new() => {
                asice::finalize_new(draft, inputs.files()?, value, self.algorithm, self.moment.time())
            }
            Body::Container(draft) => {
                asice::finalize(draft, inputs.document()?, value, self.algorithm, self.moment.time())
            }
        }
    }
}

impl Body {
    pub(crate) fn field(&self) -> Option<&str> {
        match self {
            Body::Pdf(body) => Some(&body.field),
            Body::Container(_) => None,
        }
    }
}

impl PdfBody {
    /// The document with its hole still empty.
    pub(crate) fn unfilled(&self, source: &Source) -> Output {
        let tail = vec![Piece::Bytes(self.tail.bytes().to_vec())];
        Output::update(Update::after(source.clone(), self.source_digest, tail))
    }

    /// What is signed, from the digest at the end of the source and the tail after it.
    pub(crate) fn to_be_signed(&self, identity: &Identity, algorithm: SignatureAlgorithm) -> ToBeSigned {
        let mut state = self.source_state.clone();
        // The angle brackets around the hole belong to it: ByteRange leaves them out.
        let (before, after) = (self.tail.before(), self.tail.after());
        state.update(before.get(..before.len().saturating_sub(1)).unwrap_or_default());
        state.update(after.get(1..).unwrap_or_default());
        ToBeSigned::new(signed_attributes(identity, &state.finish()), algorithm)
    }
}

/// `SHA-256("eseal-id" ‖ nonce ‖ to_be_signed)` as hexadecimal digits.
pub(crate) fn id(moment: &Moment, to_be_signed: &ToBeSigned) -> String {
    to_hex(&derive(&[b"eseal-id", moment.nonce(), to_be_signed.as_bytes()]))
}
