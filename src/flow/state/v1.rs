//! Version 1 of the saved state. Frozen: what it wrote once is read and written the same for ever.

mod pades;
mod upgrade;
mod xades;

pub(super) use upgrade::{read as read_upgrade, write as write_upgrade};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::digest::DigestAlgorithm;
use crate::error::{Error, ErrorCode, Result, StateError};
use crate::flow::essentials::{Body, Essentials};
use crate::limits::Limits;
use crate::pki::Certificate;
use crate::signature::{Curve, SignatureAlgorithm};
use crate::source::to_u64;
use crate::time::{Moment, Time};

pub(super) fn write(essentials: &Essentials, value: Option<&[u8]>) -> Result<Vec<u8>> {
    match &essentials.body {
        Body::Pdf(pdf) => pades::write(essentials, pdf, value),
        Body::Container(draft) => xades::write(essentials, draft, value),
    }
}

pub(super) fn read(body: &[u8], limits: &Limits) -> Result<(Essentials, Option<Vec<u8>>)> {
    let parsed = match serde_json::from_slice::<Head>(body).ok().map(|head| head.format) {
        Some(Format::Pades) => pades::parse(body, limits),
        Some(Format::Xades) => xades::parse(body, limits),
        None => None,
    };
    // Whatever is wrong with a state, the remedy is the same, so it is one error.
    parsed.ok_or_else(|| StateError::new(ErrorCode::StateMalformed).into())
}

/// Which of the bodies it is.
#[derive(Deserialize)]
struct Head {
    format: Format,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Format {
    Pades,
    Xades,
}

/// SHA-256 of a body whose own field for it is empty: tells damage from content, and is no protection against intent.
fn check_of(body: &impl Serialize) -> Result<String> {
    Ok(STANDARD.encode(DigestAlgorithm::Sha256.digest(&bytes_of(body)?).as_bytes()))
}

fn bytes_of(body: &impl Serialize) -> Result<Vec<u8>> {
    serde_json::to_vec(body).map_err(|_| Error::Bug("state can't be written"))
}

fn moment_of(time: i64, nonce: &str) -> Option<Moment> {
    let nonce: [u8; 32] = STANDARD.decode(nonce).ok()?.try_into().ok()?;
    Some(Moment::new(Time::from_unix(time).ok()?, nonce))
}

fn certificates_of(texts: &[String], limits: &Limits) -> Option<Vec<Certificate>> {
    let read = |text: &String| Certificate::from_der(&STANDARD.decode(text).ok()?).ok();
    (to_u64(texts.len()) <= limits.certificates).then(|| texts.iter().map(read).collect())?
}

fn value_of(text: Option<&String>) -> Option<Option<Vec<u8>>> {
    match text {
        Some(text) => STANDARD.decode(text).ok().map(Some),
        None => Some(None),
    }
}

fn algorithm_name(algorithm: SignatureAlgorithm) -> &'static str {
    let known = ALGORITHMS.iter().find(|(known, _)| *known == algorithm);
    known.map_or("unknown", |(_, name)| name)
}

fn algorithm_named(name: &str) -> Option<SignatureAlgorithm> {
    ALGORITHMS.iter().find(|(_, known)| *known == name).map(|(algorithm, _)| *algorithm)
}

const ALGORITHMS: [(SignatureAlgorithm, &str); 16] = {
    use DigestAlgorithm::{Sha256, Sha384, Sha512};
    use SignatureAlgorithm::{Ecdsa, Ed25519, RsaPkcs1, RsaPss};
    [
        (RsaPkcs1(Sha256), "rsa-pkcs1-sha256"),
        (RsaPkcs1(Sha384), "rsa-pkcs1-sha384"),
        (RsaPkcs1(Sha512), "rsa-pkcs1-sha512"),
        (RsaPss(Sha256), "rsa-pss-sha256"),
        (RsaPss(Sha384), "rsa-pss-sha384"),
        (RsaPss(Sha512), "rsa-pss-sha512"),
        (Ecdsa(Curve::P256, Sha256), "ecdsa-p256-sha256"),
        (Ecdsa(Curve::P256, Sha384), "ecdsa-p256-sha384"),
        (Ecdsa(Curve::P256, Sha512), "ecdsa-p256-sha512"),
        (Ecdsa(Curve::P384, Sha256), "ecdsa-p384-sha256"),
        (Ecdsa(Curve::P384, Sha384), "ecdsa-p384-sha384"),
        (Ecdsa(Curve::P384, Sha512), "ecdsa-p384-sha512"),
        (Ecdsa(Curve::P521, Sha256), "ecdsa-p521-sha256"),
        (Ecdsa(Curve::P521, Sha384), "ecdsa-p521-sha384"),
        (Ecdsa(Curve::P521, Sha512), "ecdsa-p521-sha512"),
        (Ed25519, "ed25519"),
    ]
};
