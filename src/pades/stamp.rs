//! A document time-stamp to be appended: a field, a dictionary with a hole, and the update that carries them.

use std::ops::Range;

use crate::answers::timestamp::Token;
use crate::digest::{Digest, State};
use crate::error::{Error, Result};
use crate::pades::archival::most_bytes;
use crate::pades::field::{Target, next_free, strays};
use crate::pades::{FILTER, TIME_STAMP, archival, placement, reread};
use crate::pdf::text::push_hex;
use crate::pdf::update::SignatureBody;
use crate::pdf::{Document, fields};
use crate::source::{to_u64, to_usize};
use crate::time::derive;

/// An update that waits for its token.
#[derive(Debug)]
pub(crate) struct StampDraft {
    /// What is to be stamped.
    pub(crate) imprint: Digest,
    /// Length of the document that it goes behind.
    pub(super) base: u64,
    bytes: Vec<u8>,
    digits: Range<usize>,
}

impl StampDraft {
    /// A draft behind `document`, whose digest so far is `state`. Equal arguments give equal bytes.
    ///
    /// # Errors
    /// [`Error::Malformed`] with the offset when the document is damaged; `limit.exceeded`.
    pub(super) fn new(document: &Document, state: &State, room: usize, nonce: &[u8; 32]) -> Result<Self> {
        let (_, catalog) = document.catalog()?;
        let part = archival::claimed_part(document, &catalog)?;
        let room = most_bytes(part).map_or(room, |most| room.min(most));
        let form = fields(document)?;
        let target = Target::New { name: next_free(&form, &strays(document, &form)?, "Timestamp") };
        let mut update = placement::update(document, &form)?;
        let stamp = update.fresh()?;
        placement::place(document, &form, &target, stamp, part == Some(1), &mut update)?;
        update.put_signature(stamp, body(room.saturating_mul(2)));
        let id = derive(&[nonce, b"pdf-id"]);
        let written = update.write(id.get(..16).unwrap_or_default())?;
        reread::check_signed(document, &written, target.name(), stamp)?;
        let base = document.source().len();
        let hole = written.hole.ok_or(Error::Bug("time-stamp without a hole"))?;
        let mut imprint = state.clone();
        let [_, before, after, _] = hole.byte_range;
        let part = |offset: u64| to_usize(offset.saturating_sub(base));
        imprint.update(written.bytes.get(..part(before)?).unwrap_or_default());
        imprint.update(written.bytes.get(part(after)?..).unwrap_or_default());
        if imprint.len() != before.saturating_add(base).saturating_add(to_u64(written.bytes.len())) - after {
            return Err(Error::Bug("the state is not that of the document"));
        }
        Ok(StampDraft { imprint: imprint.finish(), base, bytes: written.bytes, digits: hole.digits })
    }

    /// The update with `token` in its hole.
    ///
    /// # Errors
    /// [`Error::PlaceholderTooSmall`].
    pub(super) fn fill(mut self, token: &Token) -> Result<Vec<u8>> {
        let mut digits = Vec::with_capacity(token.as_bytes().len().saturating_mul(2));
        push_hex(&mut digits, token.as_bytes());
        let hole = self.bytes.get_mut(self.digits.clone()).unwrap_or_default();
        if digits.len() > hole.len() {
            return Err(Error::PlaceholderTooSmall { reserved: hole.len() / 2, needed: token.as_bytes().len() });
        }
        for (to, from) in hole.iter_mut().zip(digits) {
            *to = from;
        }
        Ok(self.bytes)
    }
}

fn body(hole_digits: usize) -> SignatureBody {
    SignatureBody {
        before_range: format!("<< /Type /DocTimeStamp /Filter /{FILTER} /SubFilter /{TIME_STAMP} /ByteRange ")
            .into_bytes(),
        before_hole: b" /Contents <".to_vec(),
        hole_digits,
        after_hole: b"> >>".to_vec(),
    }
}
