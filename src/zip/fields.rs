//! Numbers of a record, little-endian, one after the other.

/// What is left of a record. A method gives `None`, and takes nothing, where too little is left.
pub(super) struct Fields<'a>(&'a [u8]);

impl<'a> Fields<'a> {
    /// From the first byte on.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Fields(bytes)
    }

    /// The next `len` bytes.
    pub(super) fn bytes(&mut self, len: u16) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(usize::from(len))?;
        self.0 = rest;
        Some(taken)
    }

    /// Whether the next four bytes are `signature`, which is stepped over.
    pub(super) fn signature(&mut self, signature: [u8; 4]) -> Option<()> {
        self.0 = self.0.strip_prefix(&signature)?;
        Some(())
    }

    pub(super) fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_le_bytes)
    }

    pub(super) fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_le_bytes)
    }

    pub(super) fn u64(&mut self) -> Option<u64> {
        self.array().map(u64::from_le_bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (taken, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(*taken)
    }
}
