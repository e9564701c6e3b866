//! What signers take for the digest, or hash once more, by mistake.

use base64::prelude::{BASE64_STANDARD, Engine};

use crate::cms::message_digest_of;
use crate::der;
use crate::digest::{Digest, DigestAlgorithm, to_hex};
use crate::error::MadeOver;
use crate::pki::digest_algorithm_der;
use crate::signature::ToBeSigned;

/// All guesses about one value.
pub(super) struct Guesses<'a> {
    bytes: &'a [u8],
    /// That of the bytes to be signed; for Ed25519, which signs the bytes, the one that somebody would take.
    digest: Digest,
    /// What may stand where the digest should.
    in_place: Vec<(MadeOver, Vec<u8>)>,
    /// What may have been hashed instead of the bytes.
    messages: Vec<(MadeOver, Vec<u8>)>,
}

impl<'a> Guesses<'a> {
    pub(super) fn new(asked: &'a ToBeSigned) -> Self {
        let bytes = asked.as_bytes();
        let digest = asked.algorithm().digest().digest(bytes);
        let info = digest_info(&digest);
        let mut in_place: Vec<_> =
            inner_digests(bytes).into_iter().map(|one| (MadeOver::DocumentDigest, one)).collect();
        in_place.push((MadeOver::DigestInfo, info.clone()));
        in_place.push((MadeOver::NotHashed, bytes.to_vec()));
        let mut messages = vec![(MadeOver::DigestHashed, digest.as_bytes().to_vec())];
        for (text, written) in texts(digest.as_bytes()) {
            in_place.push((MadeOver::DigestText { text, is_hashed: false }, written.clone()));
            messages.push((MadeOver::DigestText { text, is_hashed: true }, written));
        }
        messages.push((MadeOver::DigestInfoHashed, info));
        messages.extend(texts(bytes).into_iter().map(|(text, written)| (MadeOver::BytesAsText { text }, written)));
        Guesses { bytes, digest, in_place, messages }
    }

    /// The digest that was asked for.
    pub(super) fn digest(&self) -> &[u8] {
        self.digest.as_bytes()
    }

    /// Its algorithm.
    pub(super) fn hash(&self) -> DigestAlgorithm {
        self.digest.algorithm()
    }

    /// The guess that stands as it is where the digest should.
    pub(super) fn in_place(&self, found: &[u8]) -> Option<MadeOver> {
        self.in_place.iter().find(|(_, guess)| guess == found).map(|(made_over, _)| made_over.clone())
    }

    /// The guess that was hashed by `hash`.
    pub(super) fn hashed(&self, hash: DigestAlgorithm, found: &[u8]) -> Option<MadeOver> {
        let fits = |guess: &[u8]| hash.digest(guess).as_bytes() == found;
        self.messages.iter().find(|(_, guess)| fits(guess)).map(|(made_over, _)| made_over.clone())
    }

    /// The first guess that is accepted as a digest, where nothing but that can be asked.
    pub(super) fn find(&self, hash: DigestAlgorithm, accepts: impl Fn(&[u8]) -> bool) -> Option<MadeOver> {
        let hashed = self.messages.iter().find(|(_, guess)| accepts(hash.digest(guess).as_bytes()));
        let found = hashed.or_else(|| self.in_place.iter().find(|(_, guess)| accepts(guess)));
        found.map(|(made_over, _)| made_over.clone())
    }

    /// The first guess that is accepted as a message, which is not hashed before it is signed.
    pub(super) fn find_message(&self, accepts: impl Fn(&[u8]) -> bool) -> Option<MadeOver> {
        let is_other = |made_over: &MadeOver| matches!(made_over, MadeOver::BytesAsText { .. });
        let texts = self.messages.iter().filter(|(made_over, _)| is_other(made_over));
        let guesses = self.in_place.iter().filter(|(_, guess)| guess != self.bytes).chain(texts);
        let mut accepted = guesses.filter(|(_, guess)| accepts(guess));
        accepted.next().map(|(made_over, _)| made_over.clone())
    }
}

/// The digests inside what is signed: message-digest of the attributes of CMS, those of references of XML.
fn inner_digests(bytes: &[u8]) -> Vec<Vec<u8>> {
    if let Some(digest) = message_digest_of(bytes) {
        return vec![digest];
    }
    let text = str::from_utf8(bytes).unwrap_or_default();
    let values = text.split("DigestValue>").skip(1).filter_map(|rest| rest.split_once('<')).map(|(value, _)| value);
    let digests = values.filter_map(|value| BASE64_STANDARD.decode(value.trim()).ok());
    digests.filter(|digest| !digest.is_empty()).take(INNER_DIGESTS).collect()
}

/// The bytes as people and programs write them.
fn texts(bytes: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let hex = to_hex(bytes);
    let kinds = [
        (["hexadecimal text", "hexadecimal text with a line end"], hex.clone()),
        (["hexadecimal text in capitals", "hexadecimal text in capitals with a line end"], hex.to_ascii_uppercase()),
        (["base64 text", "base64 text with a line end"], BASE64_STANDARD.encode(bytes)),
    ];
    let into_bytes = |(name, text): (&'static str, String)| (name, text.into_bytes());
    let with_ends = |([bare, ended], text): ([&'static str; 2], String)| {
        [(bare, text.clone()), (ended, format!("{text}\n")), (ended, format!("{text}\r\n"))].map(into_bytes)
    };
    kinds.into_iter().flat_map(with_ends).collect()
}

fn digest_info(digest: &Digest) -> Vec<u8> {
    let algorithm = digest_algorithm_der(digest.algorithm());
    der::sequence(&[&algorithm, &der::tlv(der::OCTET_STRING, &[digest.as_bytes()])])
}

/// References of a container of many files: each costs a verification.
const INNER_DIGESTS: usize = 8;
