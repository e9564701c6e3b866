//! One SignerInfo of a foreign SignedData.

use crate::der::{self, Element, Reader, oid_text};
use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{ErrorCode, Result};
use crate::pki::{AlgorithmIdentifier, Certificate, digest_algorithm, oid};
use crate::signature::SignatureAlgorithm;
use crate::time::Time;

/// A signer, with what he signed.
#[derive(Debug)]
pub(crate) struct Signer {
    certificate: Option<Certificate>,
    digest_algorithm: Option<DigestAlgorithm>,
    digest_oid: String,
    signature_oid: String,
    algorithm: Option<SignatureAlgorithm>,
    value: Vec<u8>,
    attributes: Option<Attributes>,
    time_stamps: Vec<Vec<u8>>,
    remarks: Vec<&'static str>,
}

#[derive(Debug, Default)]
struct Attributes {
    /// As a SET, in the received order.
    der: Vec<u8>,
    content_type: Option<Vec<u8>>,
    message_digest: Option<Vec<u8>>,
    signing_time: Option<Time>,
    signing_certificate: Option<CertificateHash>,
    protected: Option<(Vec<u8>, Vec<u8>)>,
    is_sorted: bool,
    has_duplicates: bool,
}

/// The first certificate that signing-certificate or signing-certificate-v2 names.
#[derive(Debug, Clone)]
struct CertificateHash {
    algorithm: Option<DigestAlgorithm>,
    hash: Vec<u8>,
}

impl Signer {
    /// Reads the next SignerInfo; the signer's certificate is looked for in `certificates`.
    pub(super) fn read(reader: &mut Reader<'_>, certificates: &[Certificate]) -> Result<Signer> {
        let mut fields = reader.sequence()?;
        fields.read(der::INTEGER)?.small()?;
        let identifier = fields.element()?;
        let digest = AlgorithmIdentifier::read(&mut fields)?;
        let attributes = fields.optional(der::context(0))?.map(|set| Attributes::read(&set)).transpose()?;
        let signature = AlgorithmIdentifier::read(&mut fields)?;
        let value = fields.read(der::OCTET_STRING)?.octets()?.into_owned();
        let time_stamps = fields.optional(der::context(1))?.map_or(Ok(Vec::new()), |set| time_stamps(&set))?;
        fields.end()?;

        let hash = attributes.as_ref().and_then(|attributes| attributes.signing_certificate.clone());
        let certificate = find(&identifier, hash.as_ref(), certificates)?;
        let digest_algorithm = digest.digest();
        let key = certificate.as_ref().map(Certificate::key);
        let mut signer = Signer {
            digest_algorithm,
            digest_oid: oid_text(digest.oid),
            signature_oid: oid_text(signature.oid),
            algorithm: key.and_then(|key| signature.signature(key, digest_algorithm)),
            certificate,
            value,
            attributes,
            time_stamps,
            remarks: Vec::new(),
        };
        signer.note_oddities(&digest, &signature);
        Ok(signer)
    }

    /// The signer's certificate, where it is among those of the SignedData.
    pub(crate) fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// The digest algorithm of the content, where it is known.
    pub(crate) fn digest_algorithm(&self) -> Option<DigestAlgorithm> {
        self.digest_algorithm
    }

    /// The digest algorithm's object identifier in dotted form.
    pub(crate) fn digest_oid(&self) -> &str {
        &self.digest_oid
    }

    /// The signature algorithm, where it is known and fits the certificate's key.
    pub(crate) fn algorithm(&self) -> Option<SignatureAlgorithm> {
        self.algorithm
    }

    /// The signature algorithm's object identifier in dotted form.
    pub(crate) fn signature_oid(&self) -> &str {
        &self.signature_oid
    }

    /// The signature value.
    pub(crate) fn value(&self) -> &[u8] {
        &self.value
    }

    /// The signed attributes as they were signed: a SET in the received order.
    pub(crate) fn signed_attributes(&self) -> Option<&[u8]> {
        self.attributes.as_ref().map(|attributes| attributes.der.as_slice())
    }

    /// The signed type of the content in dotted form.
    pub(crate) fn content_type(&self) -> Option<String> {
        self.attributes.as_ref()?.content_type.as_deref().map(oid_text)
    }

    /// The time that the signer claims.
    pub(crate) fn signing_time(&self) -> Option<Time> {
        self.attributes.as_ref()?.signing_time
    }

    /// Signature time-stamps: complete tokens, as they stand.
    pub(crate) fn time_stamps(&self) -> &[Vec<u8>] {
        &self.time_stamps
    }

    /// Whether the signed attributes name the signer's certificate by a hash that fits; `None` when they name
    /// none, or by an unknown digest.
    pub(crate) fn names_its_certificate(&self) -> Option<bool> {
        let named = self.attributes.as_ref()?.signing_certificate.as_ref()?;
        named.matches(self.certificate.as_ref()?)
    }

    /// Whether the signed message digest is `content`; `None` without signed attributes.
    pub(crate) fn digest_matches(&self, content: &Digest) -> Option<bool> {
        let attributes = self.attributes.as_ref()?;
        let matches = attributes.message_digest.as_deref() == Some(content.as_bytes());
        Some(matches && !attributes.has_duplicates && self.digest_algorithm == Some(content.algorithm()))
    }

    /// Whether the value verifies over the signed attributes; `None` without attributes, without the signer's
    /// certificate, or with an unknown algorithm.
    pub(crate) fn verifies(&self) -> Option<bool> {
        let (key, algorithm) = (self.certificate.as_ref()?.key(), self.algorithm?);
        let message = self.signed_attributes()?;
        Some(key.verify(algorithm, message, &self.value) || key.verify_without_null(algorithm, message, &self.value))
    }

    /// What is odd, though it may verify.
    pub(crate) fn remarks(&self) -> &[&'static str] {
        &self.remarks
    }

    fn note_oddities(&mut self, digest: &AlgorithmIdentifier<'_>, signature: &AlgorithmIdentifier<'_>) {
        let mut note = |odd: bool, remark| {
            if odd {
                self.remarks.push(remark);
            }
        };
        let Some(attributes) = &self.attributes else {
            return note(true, "nothing but the content is signed: there are no signed attributes");
        };
        note(!attributes.is_sorted, "the signed attributes are not in DER order");
        note(attributes.has_duplicates, "a signed attribute stands twice, or has not one value");
        note(attributes.content_type.is_none(), "the signed attributes have no content-type");
        note(attributes.message_digest.is_none(), "the signed attributes have no message-digest");
        note(attributes.signing_certificate.is_none(), "the signed attributes do not name the signer's certificate");
        if let Some((protected_digest, protected_signature)) = &attributes.protected {
            let same = protected_digest.as_slice() == digest.oid && protected_signature.as_slice() == signature.oid;
            note(!same, "the protected algorithms are not those of the signature");
        }
        let signed_with = self.algorithm.map(SignatureAlgorithm::digest);
        let differs = signed_with.is_some() && self.digest_algorithm.is_some() && signed_with != self.digest_algorithm;
        note(differs, "content and signed attributes are hashed by two algorithms");
    }
}

impl Attributes {
    fn read(set: &Element<'_>) -> Result<Self> {
        // Under a definite and under an indefinite length the SET is the same.
        let mut found = Attributes { der: der::tlv(der::SET, &[set.content()]), is_sorted: true, ..Default::default() };
        let mut seen: Vec<&[u8]> = Vec::new();
        let mut last: &[u8] = &[];
        let mut elements = set.reader()?;
        while !elements.is_empty() {
            let element = elements.element()?;
            found.is_sorted &= last <= element.raw();
            last = element.raw();
            let mut attribute = element.reader()?;
            let kind = attribute.read(der::OID)?.content();
            let mut values = attribute.read(der::SET)?.reader()?;
            attribute.end()?;
            found.has_duplicates |= seen.contains(&kind) || values.is_empty();
            seen.push(kind);
            if values.is_empty() {
                continue;
            }
            let value = values.element()?;
            let is_single = values.is_empty();
            found.has_duplicates |= !is_single;
            match kind {
                oid::CONTENT_TYPE => found.content_type = Some(value.content().to_vec()),
                oid::MESSAGE_DIGEST => found.message_digest = Some(value.octets()?.into_owned()),
                oid::SIGNING_TIME => found.signing_time = value.time().ok().map(|(time, _)| time),
                oid::SIGNING_CERTIFICATE => {
                    found.signing_certificate.get_or_insert(CertificateHash::read(&value, Version::One)?);
                }
                oid::SIGNING_CERTIFICATE_V2 => {
                    found.signing_certificate = Some(CertificateHash::read(&value, Version::Two)?);
                }
                oid::ALGORITHM_PROTECTION => found.protected = protected(&value)?,
                _ => {}
            }
        }
        Ok(found)
    }
}

enum Version {
    One,
    Two,
}

impl CertificateHash {
    /// Reads SigningCertificate or SigningCertificateV2 (RFC 5035) up to the first hash.
    fn read(value: &Element<'_>, version: Version) -> Result<Self> {
        let mut first = value.reader()?.sequence()?.sequence()?;
        let algorithm = match (version, first.peek()) {
            (Version::One, _) => Some(DigestAlgorithm::Sha1ForLegacyValidation),
            (Version::Two, Some(der::SEQUENCE)) => digest_algorithm(AlgorithmIdentifier::read(&mut first)?.oid),
            (Version::Two, _) => Some(DigestAlgorithm::Sha256),
        };
        Ok(CertificateHash { algorithm, hash: first.read(der::OCTET_STRING)?.octets()?.into_owned() })
    }

    fn matches(&self, certificate: &Certificate) -> Option<bool> {
        Some(self.algorithm?.digest(certificate.as_der()).as_bytes() == self.hash)
    }
}

/// The object identifiers in CMSAlgorithmProtection (RFC 6211).
fn protected(value: &Element<'_>) -> Result<Option<(Vec<u8>, Vec<u8>)>> {
    let mut inside = value.reader()?;
    let digest = AlgorithmIdentifier::read(&mut inside)?.oid.to_vec();
    let signature = inside.optional(der::context(1))?.map(|tagged| tagged.reader()?.read(der::OID)).transpose()?;
    Ok(signature.map(|oid| (digest, oid.content().to_vec())))
}

/// The certificate that the signer's identifier names; where the name is written otherwise, the one with the
/// serial number and the signed hash.
fn find(
    identifier: &Element<'_>,
    hash: Option<&CertificateHash>,
    certificates: &[Certificate],
) -> Result<Option<Certificate>> {
    if identifier.tag() != der::SEQUENCE {
        let named = |certificate: &&Certificate| certificate.subject_key_id() == Some(identifier.content());
        return Ok(certificates.iter().find(named).cloned());
    }
    let mut inside = identifier.reader()?;
    let issuer = inside.read(der::SEQUENCE)?.raw();
    let serial = inside.read(der::INTEGER)?.content();
    inside.end()?;
    let of_serial = |certificate: &&Certificate| {
        let mut reader = Reader::der(certificate.serial_der(), ErrorCode::CmsMalformed);
        reader.element().is_ok_and(|number| number.content() == serial)
    };
    let by_name = certificates.iter().filter(of_serial).find(|certificate| certificate.issuer_der() == issuer);
    let by_hash = || {
        let hashed = |certificate: &&Certificate| hash.and_then(|hash| hash.matches(certificate)) == Some(true);
        certificates.iter().filter(of_serial).find(hashed)
    };
    Ok(by_name.or_else(by_hash).cloned())
}

fn time_stamps(set: &Element<'_>) -> Result<Vec<Vec<u8>>> {
    let mut tokens = Vec::new();
    let mut elements = set.reader()?;
    while !elements.is_empty() {
        let mut attribute = elements.sequence()?;
        let kind = attribute.read(der::OID)?.content();
        let mut values = attribute.read(der::SET)?.reader()?;
        while kind == oid::SIGNATURE_TIME_STAMP && !values.is_empty() {
            tokens.push(values.element()?.raw().to_vec());
        }
    }
    Ok(tokens)
}
