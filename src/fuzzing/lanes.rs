//! Hash lanes against `sha2`.

use sha2::Digest as _;

use crate::digest::State;
use crate::digest::lanes::{Message, Work};
use crate::source::to_u64;
use crate::{DigestAlgorithm, Kernel, Result};

/// Hashes messages cut from `data` side by side, with each kernel of this processor.
///
/// A byte each says how long the next piece is, and whether it is the last of its message; the bytes of pieces are
/// those that follow it, wherever the next length stands.
pub fn digest_lanes(data: &[u8]) {
    let messages = messages(data);
    for kernel in Kernel::reported() {
        let mut lanes = Lanes { waiting: messages.iter().enumerate(), ended: 0 };
        kernel.run(&mut lanes);
        assert_eq!(lanes.ended, messages.len(), "{kernel:?} lost a message");
    }
}

fn messages(mut data: &[u8]) -> Vec<Vec<&[u8]>> {
    let (mut messages, mut pieces) = (Vec::new(), Vec::new());
    while let Some((length, rest)) = data.split_first() {
        // Lengths around blocks come up most: small ones count bytes, the others half blocks and what lies beside.
        let bytes = match usize::from(length & 0x7f) {
            small @ 0..64 => small,
            large => (large - 63) * 32 + usize::from(*length >> 7),
        };
        let piece = rest.get(..bytes.min(rest.len())).unwrap_or_default();
        pieces.push(piece);
        // Pieces overlap: few bytes of input make many messages.
        data = rest.get(bytes.min(7)..).unwrap_or_default();
        if length & 0x80 != 0 && messages.len() < MESSAGES {
            messages.push(std::mem::take(&mut pieces));
        }
    }
    messages.push(pieces);
    messages
}

struct Lanes<'a> {
    waiting: std::iter::Enumerate<std::slice::Iter<'a, Vec<&'a [u8]>>>,
    ended: usize,
}

struct Cut<'a> {
    pieces: &'a [&'a [u8]],
    begun: &'a [u8],
    next: usize,
}

impl Message for Cut<'_> {
    fn piece(&self) -> &[u8] {
        self.next.checked_sub(1).and_then(|now| self.pieces.get(now)).copied().unwrap_or_default()
    }

    fn advance(&mut self) -> Result<bool> {
        self.next += 1;
        Ok(self.next <= self.pieces.len())
    }
}

impl<'a> Work for Lanes<'a> {
    type Message = Cut<'a>;

    fn next(&mut self) -> Option<(State, Cut<'a>)> {
        let (index, pieces) = self.waiting.next()?;
        // Every third goes on from where somebody else has begun, some are of other algorithms.
        let algorithm = if index % 8 == 7 { DigestAlgorithm::Sha384 } else { DigestAlgorithm::Sha256 };
        let (begun, pieces) = match pieces.split_first() {
            Some((begun, rest)) if index % 3 == 0 => (*begun, rest),
            _ => (Default::default(), pieces.as_slice()),
        };
        let mut state = State::new(algorithm);
        state.update(begun);
        Some((state, Cut { pieces, begun, next: 0 }))
    }

    fn done(&mut self, message: Cut<'a>, state: Result<State>) {
        self.ended += 1;
        let whole = [message.begun, &message.pieces.concat()].concat();
        assert!(state.is_ok(), "no piece fails");
        let Ok(state) = state else { return };
        assert_eq!(state.len(), to_u64(whole.len()), "length");
        let expected = match state.algorithm() {
            DigestAlgorithm::Sha256 => sha2::Sha256::digest(&whole).to_vec(),
            _ => sha2::Sha384::digest(&whole).to_vec(),
        };
        assert_eq!(state.finish().as_bytes(), expected, "digest");
    }
}

const MESSAGES: usize = 64;
