//! An identity that nobody trusts, made in memory, for trying things out.

use zeroize::Zeroizing;

use super::file::KeyFile;
use super::local::{LocalKey, Rsa};
use super::private::PrivateKey;
use super::sign_pure::PureKey;
use crate::der;
use crate::digest::DigestAlgorithm;
use crate::error::{Error, Result};
use crate::pki::{Certificate, oid, signature_algorithm_der};
use crate::provider::Entropy;
use crate::signature::{Curve, SignatureAlgorithm, ToBeSigned};
use crate::time::Time;

/// Makes a P-256 key and a self-signed certificate for it, valid for a year around `now`.
///
/// Its key usage is nonRepudiation alone. Nobody trusts it, and it is gone when it is dropped.
///
/// # Errors
/// What `entropy` says.
pub fn throw_away(entropy: &dyn Entropy, name: &str, now: Time) -> Result<LocalKey> {
    let key = draw_key(entropy)?;
    let mut serial = [0; 16];
    entropy.fill(&mut serial)?;
    // Positive, and not shortened by a leading zero.
    if let Some(first) = serial.first_mut() {
        *first = *first & 0x3f | 0x40;
    }
    let algorithm = SignatureAlgorithm::Ecdsa(Curve::P256, DigestAlgorithm::Sha256);
    let to_be_signed = to_be_signed(&key, &serial, name, now, algorithm)?;
    let asked = ToBeSigned::new(to_be_signed.clone(), algorithm);
    let value = PureKey::new(&key).and_then(|key| key.sign(&asked)).ok_or(Error::Bug("a fresh key can't sign"))?;
    let signature = der::tlv(der::BIT_STRING, &[&[0], &value]);
    let der = der::sequence(&[&to_be_signed, &signature_algorithm_der(algorithm), &signature]);
    let certificates = vec![Certificate::from_der(&der)?];
    LocalKey::assemble(KeyFile { key, certificates, warnings: Vec::new() }, &[], Rsa::Hardened)
}

fn draw_key(entropy: &dyn Entropy) -> Result<PrivateKey> {
    // A scalar outside the curve's order comes up once in 2^32 times.
    for _ in 0..8 {
        let mut scalar = Zeroizing::new(vec![0; Curve::P256.order_bytes()]);
        entropy.fill(&mut scalar)?;
        let key = PrivateKey::Ec(Curve::P256, scalar);
        if key.public_key().is_ok() {
            return Ok(key);
        }
    }
    Err(Error::Bug("the source of random bytes gives no key"))
}

fn to_be_signed(
    key: &PrivateKey,
    serial: &[u8],
    name: &str,
    now: Time,
    algorithm: SignatureAlgorithm,
) -> Result<Vec<u8>> {
    let public = key.public_key()?;
    let point = public.ec_point().unwrap_or_default();
    let spki = der::sequence(&[
        &der::sequence(&[&der::tlv(der::OID, &[oid::EC]), &der::tlv(der::OID, &[oid::P256])]),
        &der::tlv(der::BIT_STRING, &[&[0], point]),
    ]);
    let attribute =
        der::sequence(&[&der::tlv(der::OID, &[oid::COMMON_NAME]), &der::tlv(der::UTF8_STRING, &[name.as_bytes()])]);
    let name = der::sequence(&[&der::tlv(der::SET, &[&attribute])]);
    let usage = der::sequence(&[
        &der::tlv(der::OID, &[oid::KEY_USAGE]),
        &[der::BOOLEAN, 1, 0xff],
        &der::tlv(der::OCTET_STRING, &[&[der::BIT_STRING, 2, 6, 0x40]]),
    ]);
    let validity = der::sequence(&[&time(now, -HALF_A_YEAR)?, &time(now, HALF_A_YEAR)?]);
    Ok(der::sequence(&[
        &der::tlv(der::context(0), &[&[der::INTEGER, 1, 2]]),
        &der::tlv(der::INTEGER, &[serial]),
        &signature_algorithm_der(algorithm),
        &name,
        &validity,
        &name,
        &spki,
        &der::tlv(der::context(3), &[&der::sequence(&[&usage])]),
    ]))
}

/// RFC 5280, 4.1.2.5: two digits of the year up to 2049, then four.
fn time(now: Time, seconds: i64) -> Result<Vec<u8>> {
    let text: String =
        Time::from_unix(now.as_unix() + seconds)?.to_string().chars().filter(char::is_ascii_alphanumeric).collect();
    let text = text.replace('T', "");
    Ok(match text.strip_prefix("19").or_else(|| text.strip_prefix("20")) {
        Some(short) if ("1950".."2050").contains(&text.get(..4).unwrap_or_default()) => {
            der::tlv(der::UTC_TIME, &[short.as_bytes()])
        }
        _ => der::tlv(der::GENERALIZED_TIME, &[text.as_bytes()]),
    })
}

const HALF_A_YEAR: i64 = 365 * 86_400 / 2;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::provider::Signer as _;

    struct Counting;

    impl Entropy for Counting {
        fn fill(&self, buffer: &mut [u8]) -> Result<()> {
            for (byte, n) in buffer.iter_mut().zip(1..) {
                *byte = n;
            }
            Ok(())
        }
    }

    #[test]
    fn the_identity_is_sound_and_signs() {
        for (now, first) in
            [("2026-01-02T03:04:05Z", "2025-07-03T15:04:05Z"), ("2049-12-01T00:00:00Z", "2049-06-01T12:00:00Z")]
        {
            let key = throw_away(&Counting, "nobody, \"trusts\" this", Time::parse_rfc3339(now).unwrap()).unwrap();
            let certificate = key.certificate().unwrap();
            assert!(certificate.is_self_signed() && certificate.may_sign_documents() && !certificate.is_ca());
            assert_eq!(certificate.subject(), "CN=nobody\\, \\\"trusts\\\" this");
            assert_eq!(certificate.not_before().to_string(), first);
            assert_eq!(certificate.not_after().as_unix() - certificate.not_before().as_unix(), 2 * HALF_A_YEAR);
            let asked = ToBeSigned::new(b"x".to_vec(), certificate.key().algorithm().unwrap());
            let value = key.sign(&asked).unwrap();
            assert!(certificate.key().verify(asked.algorithm(), b"x", value.as_bytes()));
        }
    }
}
