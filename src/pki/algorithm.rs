//! AlgorithmIdentifiers: read from certificates and signatures, written for our own.

use super::oid;
use super::public_key::{KeyKind, PublicKey};
use crate::der::{self, Reader};
use crate::digest::DigestAlgorithm;
use crate::error::{ErrorCode, Result};
use crate::signature::SignatureAlgorithm;

/// An AlgorithmIdentifier as it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct AlgorithmIdentifier<'a> {
    /// Content of the object identifier.
    pub(crate) oid: &'a [u8],
    /// The parameters, complete; `None` where they are absent.
    pub(crate) parameters: Option<&'a [u8]>,
}

impl<'a> AlgorithmIdentifier<'a> {
    /// Reads the next element.
    pub(crate) fn read(reader: &mut Reader<'a>) -> Result<Self> {
        let mut inside = reader.sequence()?;
        let oid = inside.read(der::OID)?.content();
        let parameters = if inside.is_empty() { None } else { Some(inside.element()?.raw()) };
        inside.end()?;
        Ok(AlgorithmIdentifier { oid, parameters })
    }

    /// The digest algorithm it names; parameters absent or NULL.
    pub(crate) fn digest(&self) -> Option<DigestAlgorithm> {
        self.has_no_parameters().then(|| digest_algorithm(self.oid)).flatten()
    }

    /// The signature algorithm it names for a key, where `digest` goes with names that leave the digest open.
    pub(crate) fn signature(&self, key: &PublicKey, digest: Option<DigestAlgorithm>) -> Option<SignatureAlgorithm> {
        use DigestAlgorithm::{Sha1ForLegacyValidation as Sha1, Sha256, Sha384, Sha512};
        let ecdsa = |digest| match key.kind() {
            KeyKind::Ec(curve) => Some(SignatureAlgorithm::Ecdsa(curve, digest)),
            _ => None,
        };
        let plain = |algorithm| (self.has_no_parameters() && key.is_rsa()).then_some(algorithm);
        match self.oid {
            oid::RSA => plain(SignatureAlgorithm::RsaPkcs1(digest?)),
            oid::RSA_SHA1 => plain(SignatureAlgorithm::RsaPkcs1(Sha1)),
            oid::RSA_SHA256 => plain(SignatureAlgorithm::RsaPkcs1(Sha256)),
            oid::RSA_SHA384 => plain(SignatureAlgorithm::RsaPkcs1(Sha384)),
            oid::RSA_SHA512 => plain(SignatureAlgorithm::RsaPkcs1(Sha512)),
            oid::RSA_PSS if key.is_rsa() => {
                let pss = read_pss(self.parameters?)?;
                (pss.salt_bytes == pss.digest.len_bytes()).then_some(SignatureAlgorithm::RsaPss(pss.digest))
            }
            oid::ECDSA_SHA1 => ecdsa(Sha1),
            oid::ECDSA_SHA256 => ecdsa(Sha256),
            oid::ECDSA_SHA384 => ecdsa(Sha384),
            oid::ECDSA_SHA512 => ecdsa(Sha512),
            // Some signers name the key's type, or its curve, instead of the algorithm.
            oid::EC | oid::P256 | oid::P384 | oid::P521 => ecdsa(digest?),
            oid::ED25519 if self.parameters.is_none() && key.kind() == KeyKind::Ed25519 => {
                Some(SignatureAlgorithm::Ed25519)
            }
            _ => None,
        }
    }

    /// The digest that a signature of this algorithm signs, if it signs one and says which.
    pub(crate) fn signed_digest(&self) -> Option<DigestAlgorithm> {
        match self.oid {
            oid::RSA_SHA1 | oid::ECDSA_SHA1 => Some(DigestAlgorithm::Sha1ForLegacyValidation),
            oid::RSA_SHA256 | oid::ECDSA_SHA256 => Some(DigestAlgorithm::Sha256),
            oid::RSA_SHA384 | oid::ECDSA_SHA384 => Some(DigestAlgorithm::Sha384),
            oid::RSA_SHA512 | oid::ECDSA_SHA512 => Some(DigestAlgorithm::Sha512),
            oid::RSA_PSS => read_pss(self.parameters?).map(|pss| pss.digest),
            _ => None,
        }
    }

    /// Whether its parameters are absent or NULL.
    pub(crate) fn has_no_parameters(&self) -> bool {
        matches!(self.parameters, None | Some([der::NULL, 0]))
    }
}

/// Parameters of RSASSA-PSS with the same digest for the message and for MGF1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pss {
    pub(crate) digest: DigestAlgorithm,
    pub(crate) salt_bytes: usize,
}

/// Reads RSASSA-PSS-params (RFC 8017, A.2.3); absent fields have their defaults, which are SHA-1.
pub(crate) fn read_pss(parameters: &[u8]) -> Option<Pss> {
    let mut outer = Reader::der(parameters, ErrorCode::DerMalformed);
    let mut inside = outer.sequence().ok()?;
    outer.end().ok()?;
    let mut digest = DigestAlgorithm::Sha1ForLegacyValidation;
    let mut mask = digest;
    let mut salt_bytes = 20;
    if let Some(tagged) = inside.optional(der::context(0)).ok()? {
        digest = AlgorithmIdentifier::read(&mut tagged.reader().ok()?).ok()?.digest()?;
    }
    if let Some(tagged) = inside.optional(der::context(1)).ok()? {
        let generator = AlgorithmIdentifier::read(&mut tagged.reader().ok()?).ok()?;
        let mut hash = Reader::der(generator.parameters?, ErrorCode::DerMalformed);
        mask = AlgorithmIdentifier::read(&mut hash).ok()?.digest()?;
        (generator.oid == oid::MGF1).then_some(())?;
    }
    if let Some(tagged) = inside.optional(der::context(2)).ok()? {
        let salt = tagged.reader().ok()?.read(der::INTEGER).ok()?.small().ok()?;
        salt_bytes = usize::try_from(salt).ok()?;
    }
    if let Some(tagged) = inside.optional(der::context(3)).ok()? {
        let trailer = tagged.reader().ok()?.read(der::INTEGER).ok()?.small().ok()?;
        (trailer == 1).then_some(())?;
    }
    inside.end().ok()?;
    (digest == mask).then_some(Pss { digest, salt_bytes })
}

/// The digest algorithm behind an object identifier.
pub(crate) fn digest_algorithm(oid: &[u8]) -> Option<DigestAlgorithm> {
    match oid {
        oid::SHA1 => Some(DigestAlgorithm::Sha1ForLegacyValidation),
        oid::SHA256 => Some(DigestAlgorithm::Sha256),
        oid::SHA384 => Some(DigestAlgorithm::Sha384),
        oid::SHA512 => Some(DigestAlgorithm::Sha512),
        _ => None,
    }
}

/// The AlgorithmIdentifier of a digest, with NULL.
pub(crate) fn digest_algorithm_der(algorithm: DigestAlgorithm) -> Vec<u8> {
    der::sequence(&[&der::tlv(der::OID, &[digest_oid(algorithm)]), &NULL])
}

/// The AlgorithmIdentifier of CMS: RSA with NULL, PSS with all parameters, the others without any.
pub(crate) fn signature_algorithm_der(algorithm: SignatureAlgorithm) -> Vec<u8> {
    use DigestAlgorithm::{Sha1ForLegacyValidation as Sha1, Sha256, Sha384, Sha512};
    let named = |oid: &[u8], parameters: &[u8]| der::sequence(&[&der::tlv(der::OID, &[oid]), parameters]);
    match algorithm {
        SignatureAlgorithm::RsaPkcs1(Sha256) => named(oid::RSA_SHA256, &NULL),
        SignatureAlgorithm::RsaPkcs1(Sha384) => named(oid::RSA_SHA384, &NULL),
        SignatureAlgorithm::RsaPkcs1(Sha512) => named(oid::RSA_SHA512, &NULL),
        SignatureAlgorithm::RsaPkcs1(Sha1) => named(oid::RSA_SHA1, &NULL),
        SignatureAlgorithm::RsaPss(digest) => named(oid::RSA_PSS, &pss_parameters(digest)),
        SignatureAlgorithm::Ecdsa(_, Sha256) => named(oid::ECDSA_SHA256, &[]),
        SignatureAlgorithm::Ecdsa(_, Sha384) => named(oid::ECDSA_SHA384, &[]),
        SignatureAlgorithm::Ecdsa(_, Sha512) => named(oid::ECDSA_SHA512, &[]),
        SignatureAlgorithm::Ecdsa(_, Sha1) => named(oid::ECDSA_SHA1, &[]),
        SignatureAlgorithm::Ed25519 => named(oid::ED25519, &[]),
    }
}

/// The object identifier of a digest.
pub(crate) fn digest_oid(algorithm: DigestAlgorithm) -> &'static [u8] {
    match algorithm {
        DigestAlgorithm::Sha256 => oid::SHA256,
        DigestAlgorithm::Sha384 => oid::SHA384,
        DigestAlgorithm::Sha512 => oid::SHA512,
        DigestAlgorithm::Sha1ForLegacyValidation => oid::SHA1,
    }
}

fn pss_parameters(digest: DigestAlgorithm) -> Vec<u8> {
    let hash = digest_algorithm_der(digest);
    let mask = der::sequence(&[&der::tlv(der::OID, &[oid::MGF1]), &hash]);
    // At most 64, so one octet.
    let salt = u8::try_from(digest.len_bytes()).unwrap_or_default();
    der::sequence(&[
        &der::tlv(der::context(0), &[&hash]),
        &der::tlv(der::context(1), &[&mask]),
        &der::tlv(der::context(2), &[&[der::INTEGER, 1, salt]]),
    ])
}

const NULL: [u8; 2] = [der::NULL, 0];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::digest::from_hex;

    #[test]
    fn pss_parameters_are_written_in_full() {
        let vectors: serde_json::Value = serde_json::from_str(include_str!("../../testdata/vectors/pss.json")).unwrap();
        let cases = vectors["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 3);
        for case in cases {
            let digest = DigestAlgorithm::from_name(case["digest"].as_str().unwrap()).unwrap();
            let expected = from_hex(case["algorithm_identifier"].as_str().unwrap().as_bytes()).unwrap();
            assert_eq!(signature_algorithm_der(SignatureAlgorithm::RsaPss(digest)), expected);
            let mut reader = Reader::der(&expected, ErrorCode::DerMalformed);
            let read = read_pss(AlgorithmIdentifier::read(&mut reader).unwrap().parameters.unwrap()).unwrap();
            assert_eq!(read, Pss { digest, salt_bytes: digest.len_bytes() });
        }
    }

    #[test]
    fn object_identifiers_agree_with_the_dotted_names() {
        use DigestAlgorithm::{Sha1ForLegacyValidation as Sha1, Sha256, Sha384, Sha512};
        for digest in [Sha1, Sha256, Sha384, Sha512] {
            assert_eq!(crate::der::oid_text(digest_oid(digest)), digest.oid());
            assert_eq!(digest_algorithm(digest_oid(digest)), Some(digest));
            let curve = crate::signature::Curve::P256;
            for algorithm in [
                SignatureAlgorithm::RsaPkcs1(digest),
                SignatureAlgorithm::RsaPss(digest),
                SignatureAlgorithm::Ecdsa(curve, digest),
                SignatureAlgorithm::Ed25519,
            ] {
                let written = signature_algorithm_der(algorithm);
                let mut reader = Reader::der(&written, ErrorCode::DerMalformed);
                let read = AlgorithmIdentifier::read(&mut reader).unwrap();
                assert_eq!(crate::der::oid_text(read.oid), algorithm.oid());
            }
        }
    }
}
