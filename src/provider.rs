//! What the caller supplies: a clock, a source of random bytes, a key, a way to services.

use crate::error::Result;
use crate::evidence::{Evidence, Fetch};
use crate::pki::Certificate;
use crate::signature::{SignatureValue, ToBeSigned};
use crate::time::{Moment, Time};

/// Tells the time.
pub trait Clock: Send + Sync {
    /// The time now.
    ///
    /// # Errors
    /// When the clock can't be read.
    fn now(&self) -> Result<Time>;
}

/// Gives unpredictable bytes.
pub trait Entropy: Send + Sync {
    /// Fills `buffer`.
    ///
    /// # Errors
    /// When there are none to be had.
    fn fill(&self, buffer: &mut [u8]) -> Result<()>;
}

/// A key that is at hand: in a file, a token, or behind a service of the caller's.
pub trait Signer: Send + Sync {
    /// The key's certificate, then its issuers.
    fn chain(&self) -> &[Certificate];

    /// Signs [`ToBeSigned::digest`], or, for Ed25519, the bytes themselves.
    ///
    /// # Errors
    /// [`Error::Key`](crate::Error::Key) when the key can't.
    fn sign(&self, to_be_signed: &ToBeSigned) -> Result<SignatureValue>;
}

/// Brings a request to a service, and its answer back.
pub trait Transport: Send + Sync {
    /// Sends to the addresses of `fetch`, one after the other, until one answers. What is wrong with the exchange is
    /// said in the evidence; whether the answer is any good is not looked at.
    fn exchange(&self, fetch: &Fetch) -> Evidence;
}

/// The moment of a signature, or of a whole batch.
///
/// # Errors
/// What the clock or the source of random bytes says.
pub fn draw_moment(clock: &dyn Clock, entropy: &dyn Entropy) -> Result<Moment> {
    let mut nonce = [0; 32];
    entropy.fill(&mut nonce)?;
    Ok(Moment::new(clock.now()?, nonce))
}
