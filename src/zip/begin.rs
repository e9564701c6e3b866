//! The first entry of a ZIP, from its first bytes alone.

use flate2::{Decompress, FlushDecompress, Status};

use super::fields::Fields;
use super::{FLAG_DESCRIPTOR, LOCAL, METHOD_DEFLATED, METHOD_STORED};
use crate::source::to_usize;

/// What a ZIP begins with. Nothing is checked: whoever wants to know more opens it as an [`Archive`](super::Archive).
pub(crate) struct Begin<'a> {
    /// The name of the first entry as it stands there.
    pub(crate) name: &'a [u8],
    method: u16,
    /// Bytes of its content as it stands there, where that is said in front.
    packed: Option<u32>,
    /// All that is there after the name and the extra field.
    rest: &'a [u8],
}

impl<'a> Begin<'a> {
    /// Reads the local header that `bytes` begin with, if they do and hold all of it.
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Self> {
        let mut fields = Fields::new(bytes);
        fields.signature(LOCAL)?;
        let _needed = fields.u16()?;
        let (flags, method) = (fields.u16()?, fields.u16()?);
        let (_modified, _crc32) = (fields.u32()?, fields.u32()?);
        let (packed, _size) = (fields.u32()?, fields.u32()?);
        let (name_len, extra_len) = (fields.u16()?, fields.u16()?);
        let name = fields.bytes(name_len)?;
        fields.bytes(extra_len)?;
        let rest = bytes.get(bytes.len().checked_sub(fields.len())?..)?;
        let packed = (flags & FLAG_DESCRIPTOR == 0).then_some(packed);
        Some(Begin { name, method, packed, rest })
    }

    /// What its content begins with, at most `most` bytes, and whether that is all of it; `None` where it is not known
    /// how it is packed.
    pub(crate) fn content(&self, most: usize) -> Option<(Vec<u8>, bool)> {
        let packed = match self.packed {
            Some(packed) => self.rest.get(..to_usize(packed.into()).ok()?.min(self.rest.len()))?,
            None => self.rest,
        };
        match self.method {
            METHOD_STORED => {
                let taken = packed.get(..most.min(packed.len()))?;
                let is_all = self.packed.is_some_and(|packed| to_usize(packed.into()).ok() == Some(taken.len()));
                Some((taken.to_vec(), is_all))
            }
            METHOD_DEFLATED => {
                let mut content = Vec::with_capacity(most);
                let mut inflate = Decompress::new(false);
                let status = inflate.decompress_vec(packed, &mut content, FlushDecompress::Finish).ok()?;
                Some((content, status == Status::StreamEnd))
            }
            _ => None,
        }
    }
}
