//! What a value that does not verify was made over: the ways in which signers go wrong, tried one after the other.
//!
//! RSA gives back what was signed, which is compared with each guess. Values of EC and Ed25519 keys are verified
//! against each, which is some forty verifications at most; no guess depends on what is secret.

mod guess;
mod padding;

use crate::der::{self, Reader};
use crate::digest::{DigestAlgorithm, to_hex};
use crate::error::{ErrorCode, MadeOver, Mismatch};
use crate::pki::{
    AlgorithmIdentifier, Certificate, KeyKind, PublicKey, digest_algorithm, ecdsa_der_from_fixed, ecdsa_fixed_from_der,
};
use crate::signature::{Curve, SignatureAlgorithm, ToBeSigned};

use guess::Guesses;
use padding::Pss;

/// What a value was made over that does not verify, in each of its `forms` in CMS, with the certificate.
///
/// `others` are certificates whose keys may have made it instead.
pub(super) fn explain(
    forms: &[Vec<u8>],
    certificate: &Certificate,
    others: &[Certificate],
    asked: &ToBeSigned,
) -> Mismatch {
    let key = certificate.key();
    let guesses = Guesses::new(asked);
    let (made_over, may_be_other) = match asked.algorithm() {
        SignatureAlgorithm::RsaPkcs1(_) | SignatureAlgorithm::RsaPss(_) => {
            forms.first().map_or((None, true), |value| match rsa(value, key, asked, &guesses) {
                Rsa::MadeOver(made_over) => (Some(made_over), false),
                Rsa::Unknown => (None, false),
                Rsa::NotPadded => (None, true),
            })
        }
        SignatureAlgorithm::Ecdsa(curve, _) => {
            (forms.iter().find_map(|value| ecdsa(value, key, curve, asked, &guesses)), true)
        }
        SignatureAlgorithm::Ed25519 => (forms.iter().find_map(|value| ed25519(value, key, asked, &guesses)), true),
    };
    let other = || {
        let mut others = others.iter().take(OTHER_KEYS).filter(|other| !other.key().is_same_key(key));
        let verifies = |other: &&Certificate| {
            let is_signed = |value: &Vec<u8>| other.key().verify(asked.algorithm(), asked.as_bytes(), value);
            other.key().is_for(asked.algorithm()) && forms.iter().any(is_signed)
        };
        let subject = others.find(verifies).map(|other| other.subject().to_owned());
        // Values of other kinds may be over anything; RSA shows whose key it was not.
        (subject.is_some() || key.is_rsa()).then_some(MadeOver::OtherKey { subject })
    };
    Mismatch::new(made_over.or_else(|| if may_be_other { other() } else { None }))
}

/// What came out of an RSA value.
enum Rsa {
    MadeOver(MadeOver),
    /// It is the key's, over what is not known.
    Unknown,
    /// No padding: it is not the key's.
    NotPadded,
}

fn rsa(value: &[u8], key: &PublicKey, asked: &ToBeSigned, guesses: &Guesses<'_>) -> Rsa {
    let block = key.recover(value).unwrap_or_default();
    if let Some(padded) = padding::pkcs1(&block) {
        return pkcs1(padded, asked, guesses).map_or(Rsa::Unknown, Rsa::MadeOver);
    }
    let (KeyKind::Rsa { bits } | KeyKind::RsaPss { bits }) = key.kind() else { return Rsa::NotPadded };
    let pss = Pss::all(&block, bits);
    if !pss.is_empty() {
        return pss.iter().find_map(|pss| over_pss(pss, asked, guesses)).map_or(Rsa::Unknown, Rsa::MadeOver);
    }
    let backwards: Vec<u8> = value.iter().rev().copied().collect();
    match key.verify(asked.algorithm(), asked.as_bytes(), &backwards) {
        true => Rsa::MadeOver(MadeOver::ByteOrder { order: "little-endian" }),
        false => Rsa::NotPadded,
    }
}

/// What stands behind the padding of PKCS#1 v1.5.
fn pkcs1(padded: &[u8], asked: &ToBeSigned, guesses: &Guesses<'_>) -> Option<MadeOver> {
    let Some((algorithm, has_null, octets)) = digest_info(padded) else { return Some(bare(padded, guesses)) };
    let Some(hash) = digest_algorithm(algorithm) else {
        return Some(MadeOver::OtherHash { name: name_of(algorithm) });
    };
    if octets == hash.digest(asked.as_bytes()).as_bytes() {
        return match asked.algorithm() {
            SignatureAlgorithm::RsaPss(_) => {
                Some(MadeOver::OtherPadding { found: "PKCS#1 v1.5".to_owned(), asked: "PSS" })
            }
            _ if hash != guesses.hash() => Some(MadeOver::OtherHash { name: hash.name().to_owned() }),
            _ => (!has_null).then_some(MadeOver::NoNull),
        };
    }
    if octets == guesses.digest() {
        return Some(MadeOver::OtherHash { name: hash.name().to_owned() });
    }
    let known = guesses.in_place(octets).or_else(|| guesses.hashed(hash, octets));
    known.or_else(|| Some(MadeOver::OtherDigest { name: Some(hash.name()), digest: to_hex(octets) }))
}

/// What stands behind the padding where that is no DigestInfo.
fn bare(padded: &[u8], guesses: &Guesses<'_>) -> MadeOver {
    if padded == guesses.digest() {
        return MadeOver::NoDigestInfo;
    }
    let known = guesses.in_place(padded).or_else(|| guesses.hashed(guesses.hash(), padded));
    known.unwrap_or_else(|| match DIGESTS.iter().any(|hash| hash.len_bytes() == padded.len()) {
        true => MadeOver::OtherDigest { name: None, digest: to_hex(padded) },
        false => MadeOver::NoDigestInfo,
    })
}

fn over_pss(pss: &Pss, asked: &ToBeSigned, guesses: &Guesses<'_>) -> Option<MadeOver> {
    if pss.holds(pss.hash.digest(asked.as_bytes()).as_bytes()) {
        return Some(match asked.algorithm() {
            SignatureAlgorithm::RsaPss(hash) if hash == pss.hash => {
                MadeOver::OtherPadding { found: pss.to_string(), asked: "a salt as long as the digest, and its MGF1," }
            }
            SignatureAlgorithm::RsaPss(_) => MadeOver::OtherHash { name: pss.hash.name().to_owned() },
            _ => MadeOver::OtherPadding { found: "PSS".to_owned(), asked: "PKCS#1 v1.5" },
        });
    }
    guesses.find(pss.hash, |digest| pss.holds(digest))
}

/// Algorithm, whether NULL stands behind it, and digest of a DigestInfo (RFC 8017, 9.2).
fn digest_info(bytes: &[u8]) -> Option<(&[u8], bool, &[u8])> {
    let mut outer = Reader::der(bytes, ErrorCode::SignatureEncoding);
    let mut inside = outer.sequence().ok()?;
    outer.end().ok()?;
    let algorithm = AlgorithmIdentifier::read(&mut inside).ok()?;
    let octets = inside.read(der::OCTET_STRING).ok()?.content();
    inside.end().ok()?;
    Some((algorithm.oid, algorithm.parameters.is_some(), octets))
}

fn ecdsa(value: &[u8], key: &PublicKey, curve: Curve, asked: &ToBeSigned, guesses: &Guesses<'_>) -> Option<MadeOver> {
    for (order, fixed) in reordered(&ecdsa_fixed_from_der(value, curve)?) {
        let form = ecdsa_der_from_fixed(&fixed, curve);
        if form.is_some_and(|form| key.verify(asked.algorithm(), asked.as_bytes(), &form)) {
            return Some(MadeOver::ByteOrder { order });
        }
    }
    let other = DIGESTS.into_iter().filter(|hash| *hash != guesses.hash());
    let other = other.into_iter().find(|hash| key.verify_prehash(hash.digest(asked.as_bytes()).as_bytes(), value));
    let other = other.map(|hash| MadeOver::OtherHash { name: hash.name().to_owned() });
    other.or_else(|| guesses.find(guesses.hash(), |digest| key.verify_prehash(digest, value)))
}

fn ed25519(value: &[u8], key: &PublicKey, asked: &ToBeSigned, guesses: &Guesses<'_>) -> Option<MadeOver> {
    let verifies = |message: &[u8], value: &[u8]| key.verify(SignatureAlgorithm::Ed25519, message, value);
    let orders = reordered(value);
    if let Some((order, _)) = orders.into_iter().find(|(_, value)| verifies(asked.as_bytes(), value)) {
        return Some(MadeOver::ByteOrder { order });
    }
    let hash = DIGESTS.into_iter().find(|hash| verifies(hash.digest(asked.as_bytes()).as_bytes(), value));
    if let Some(hash) = hash {
        return Some(MadeOver::DigestNotBytes { name: hash.name() });
    }
    guesses.find_message(|message| verifies(message, value))
}

/// The two halves of a value in other orders.
fn reordered(value: &[u8]) -> Vec<(&'static str, Vec<u8>)> {
    let backwards = |part: &[u8]| part.iter().rev().copied().collect::<Vec<u8>>();
    let (first, second) = value.split_at(value.len() / 2);
    vec![
        ("little-endian", [backwards(first), backwards(second)].concat()),
        ("little-endian, and its halves are swapped", backwards(value)),
        ("in two halves that are swapped", [second, first].concat()),
    ]
}

/// The name of a digest that nothing is signed with here.
fn name_of(oid: &[u8]) -> String {
    let text = der::oid_text(oid);
    let known = NAMES.iter().find(|(known, _)| *known == text);
    known.map_or(text.clone(), |(_, name)| (*name).to_owned())
}

const DIGESTS: [DigestAlgorithm; 4] = [
    DigestAlgorithm::Sha256,
    DigestAlgorithm::Sha512,
    DigestAlgorithm::Sha384,
    DigestAlgorithm::Sha1ForLegacyValidation,
];
const NAMES: [(&str, &str); 6] = [
    ("1.2.840.113549.2.5", "MD5"),
    ("2.16.840.1.101.3.4.2.4", "SHA-224"),
    ("2.16.840.1.101.3.4.2.6", "SHA-512/256"),
    ("2.16.840.1.101.3.4.2.8", "SHA3-256"),
    ("2.16.840.1.101.3.4.2.9", "SHA3-384"),
    ("2.16.840.1.101.3.4.2.10", "SHA3-512"),
];
const OTHER_KEYS: usize = 8;

#[cfg(test)]
mod tests;
