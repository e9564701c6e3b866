//! X.509 certificates: what signing and looking at signatures need of them.

use std::fmt;
use std::ops::Range;
use std::sync::{Arc, OnceLock};

use super::algorithm::AlgorithmIdentifier;
use super::extensions::Extensions;
use super::name::{attribute_values, name_text};
use super::{PublicKey, oid, pem, value_forms};
use crate::der::{self, Element, Reader};
use crate::digest::{Digest, DigestAlgorithm, to_hex};
use crate::error::{ErrorCode, Malformed, Misuse, Result};
use crate::signature::{Message, SignatureAlgorithm, SignatureValue};
use crate::time::Time;

/// A certificate with the bytes it came from. Cloning is free.
#[derive(Clone)]
pub struct Certificate(Arc<Parsed>);

struct Parsed {
    der: Vec<u8>,
    to_be_signed: Range<usize>,
    serial: Range<usize>,
    issuer: Range<usize>,
    subject: Range<usize>,
    spki: Range<usize>,
    /// AlgorithmIdentifier of the issuer's signature.
    algorithm: Range<usize>,
    value: Range<usize>,
    issuer_text: String,
    subject_text: String,
    not_before: Time,
    not_after: Time,
    key: PublicKey,
    usage: Usage,
    sha256: Digest,
    /// The `[3]` around the extensions, empty where there are none.
    extensions_at: Range<usize>,
    extensions: OnceLock<Result<Extensions>>,
}

impl Certificate {
    /// Reads DER; anything after the certificate is an error.
    ///
    /// Keys of unknown kinds and weak ones are read too: [`PublicKey::check_strength`] refuses them.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed) with the code `certificate.malformed`.
    pub fn from_der(bytes: &[u8]) -> Result<Self> {
        parse(bytes).map(|parsed| Certificate(Arc::new(parsed)))
    }

    /// Reads one certificate in PEM, DER or bare base64; of several in PEM the first.
    ///
    /// # Errors
    /// As [`Certificate::from_der`].
    pub fn parse(bytes: &[u8]) -> Result<Self> {
        Certificate::parse_all(bytes)?.into_iter().next().ok_or_else(|| malformed().into())
    }

    /// Reads all certificates of a PEM bundle, or one in DER or bare base64.
    ///
    /// # Errors
    /// As [`Certificate::from_der`]; also when there is none.
    pub fn parse_all(bytes: &[u8]) -> Result<Vec<Self>> {
        if bytes.first() == Some(&der::SEQUENCE) {
            // A line end behind it is an editor's.
            let length = Reader::der(bytes, ErrorCode::CertificateMalformed).element()?.raw().len();
            let is_blank = bytes.get(length..).is_some_and(|behind| behind.iter().all(u8::is_ascii_whitespace));
            let der = bytes.get(..length).filter(|_| is_blank).unwrap_or(bytes);
            return Ok(vec![Certificate::from_der(der)?]);
        }
        let blocks = pem::blocks(bytes).ok_or_else(malformed)?;
        let certificates = blocks.iter().filter(|block| is_certificate(&block.label));
        let found = certificates.map(|block| Certificate::from_der(&block.bytes)).collect::<Result<Vec<_>>>()?;
        if !found.is_empty() {
            return Ok(found);
        }
        let bare = pem::bare_base64(bytes).ok_or_else(malformed)?;
        Ok(vec![Certificate::from_der(&bare)?])
    }

    /// The bytes it came from.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.0.der
    }

    /// Whom it is for (RFC 4514).
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.0.subject_text
    }

    /// The common name in its subject, as it stands there; of several the last one, which is the most specific.
    #[must_use]
    pub fn common_name(&self) -> Option<String> {
        let mut names = attribute_values(self.subject_der(), oid::COMMON_NAME).ok()?;
        names.retain(|name| !name.trim().is_empty());
        names.pop()
    }

    /// Who made it (RFC 4514).
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.0.issuer_text
    }

    /// The serial number's bytes in hexadecimal digits.
    #[must_use]
    pub fn serial(&self) -> String {
        let mut serial = Reader::der(self.serial_der(), ErrorCode::CertificateMalformed);
        serial.element().map(|number| to_hex(number.content())).unwrap_or_default()
    }

    /// SHA-256 of the whole certificate.
    #[must_use]
    pub fn sha256(&self) -> Digest {
        self.0.sha256
    }

    /// The first second of its validity.
    #[must_use]
    pub fn not_before(&self) -> Time {
        self.0.not_before
    }

    /// The last second of its validity.
    #[must_use]
    pub fn not_after(&self) -> Time {
        self.0.not_after
    }

    /// Whether it carries its own key's signature and its own name as issuer.
    #[must_use]
    pub fn is_self_signed(&self) -> bool {
        self.issued(self)
    }

    /// Whether it says of itself that it is a CA's.
    #[must_use]
    pub fn is_ca(&self) -> bool {
        self.0.usage.is_ca
    }

    /// Whether this is the issuer of `other`: the name is the same, and the signature verifies.
    ///
    /// Validity, purpose and revocation are not looked at.
    #[must_use]
    pub fn issued(&self, other: &Certificate) -> bool {
        self.subject_der() == other.issuer_der() && other.is_signed_by(self.key())
    }

    /// Whether `value` is a signature of the certificate's key over `message`, by this algorithm and no other.
    ///
    /// Mathematics alone: validity, key usage, revocation and trust are not looked at, nor is whether the algorithm
    /// is still strong: see [`PublicKey::check_strength`]. What is not written as the algorithm wants does not verify:
    /// RSA as long as the modulus, its DigestInfo with NULL, PSS with MGF1 over the same digest and a salt as long as
    /// the digest; ECDSA as strict DER or as r ‖ s of full width, as `value` declares it; Ed25519 as RFC 8032. Nor
    /// does a value of another algorithm than the key is for.
    ///
    /// # Errors
    /// [`Error::Misuse`](crate::Error::Misuse) for a digest with Ed25519, or by another digest algorithm than that of
    /// `algorithm`: give the bytes.
    ///
    /// ```
    /// use eseal::{Certificate, Message, SignatureValue};
    ///
    /// # fn answered(pem: &[u8], document: &[u8], answer: &[u8]) -> eseal::Result<bool> {
    /// let certificate = Certificate::parse(pem)?;
    /// let algorithm = certificate.key().algorithm()?;
    /// let value = SignatureValue::undeclared(answer);
    /// // The digest may stand for the bytes of a large document: `Message::Digest(&digest)`.
    /// certificate.verify_signature(algorithm, Message::Bytes(document), &value)
    /// # }
    /// # let pem = include_bytes!(concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/keys/ec-certificate.pem"));
    /// # assert_eq!(answered(pem, b"contract", b"no signature").ok(), Some(false));
    /// ```
    pub fn verify_signature<'m>(
        &self,
        algorithm: SignatureAlgorithm,
        message: impl Into<Message<'m>>,
        value: &SignatureValue,
    ) -> Result<bool> {
        let (key, message) = (self.key(), message.into());
        if let Message::Digest(digest) = message {
            if algorithm == SignatureAlgorithm::Ed25519 {
                return Err(Misuse::new("Ed25519 signs bytes, not their digest").into());
            }
            if digest.algorithm() != algorithm.digest() {
                return Err(Misuse::new("the digest is not made by the algorithm's own").into());
            }
        }
        if !key.is_for(algorithm) {
            return Ok(false);
        }
        // A value that is none of this key's is one that does not verify.
        let forms = value_forms(value, key, algorithm).unwrap_or_default();
        let verifies = |form: &Vec<u8>| match message {
            Message::Bytes(bytes) => key.verify(algorithm, bytes, form),
            Message::Digest(digest) => key.verify_digest(algorithm, digest, form),
        };
        Ok(forms.iter().any(verifies))
    }

    /// Whether the key usage allows signing documents: nonRepudiation or digitalSignature, or none is stated.
    #[must_use]
    pub fn may_sign_documents(&self) -> bool {
        self.0.usage.key_usage.is_none_or(|bits| bits & (DIGITAL_SIGNATURE | NON_REPUDIATION) != 0)
    }

    /// Whether it is for proving who somebody is, and not for signing documents: clientAuth without nonRepudiation.
    pub(crate) fn is_for_authentication(&self) -> bool {
        self.proves_identity() && self.0.usage.key_usage.is_none_or(|bits| bits & NON_REPUDIATION == 0)
    }

    /// Whether it is for signing documents, and not for proving who somebody is: nonRepudiation without clientAuth.
    pub(crate) fn is_for_signing(&self) -> bool {
        !self.proves_identity() && self.0.usage.key_usage.is_some_and(|bits| bits & NON_REPUDIATION != 0)
    }

    fn proves_identity(&self) -> bool {
        let purposes = self.extensions().ok().and_then(|extensions| extensions.extended_key_usage.as_ref());
        purposes.is_some_and(|purposes| purposes.has(oid::CLIENT_AUTHENTICATION))
    }

    /// The public key.
    #[must_use]
    pub fn key(&self) -> &PublicKey {
        &self.0.key
    }

    /// The issuer's Name as it stands.
    pub(crate) fn issuer_der(&self) -> &[u8] {
        self.part(&self.0.issuer)
    }

    /// The subject's Name as it stands.
    pub(crate) fn subject_der(&self) -> &[u8] {
        self.part(&self.0.subject)
    }

    /// The serial number as it stands, with tag and length.
    pub(crate) fn serial_der(&self) -> &[u8] {
        self.part(&self.0.serial)
    }

    /// The SubjectPublicKeyInfo as it stands.
    pub(crate) fn spki_der(&self) -> &[u8] {
        self.part(&self.0.spki)
    }

    /// The subject key identifier, where there is one.
    pub(crate) fn subject_key_id(&self) -> Option<&[u8]> {
        self.0.usage.subject_key_id.as_deref()
    }

    /// What paths and revocation need of the extensions; read at the first call.
    ///
    /// # Errors
    /// `certificate.malformed`, also when an extension is there twice.
    pub(crate) fn extensions(&self) -> Result<&Extensions> {
        let read = || match self.part(&self.0.extensions_at) {
            [] => Ok(Extensions::default()),
            tagged => Extensions::read(tagged),
        };
        self.0.extensions.get_or_init(read).as_ref().map_err(Clone::clone)
    }

    /// Whether it has any extension.
    pub(crate) fn has_extensions(&self) -> bool {
        !self.0.extensions_at.is_empty()
    }

    /// The algorithm of its issuer's signature, if it goes with `key`.
    pub(crate) fn signature_algorithm(&self, key: &PublicKey) -> Option<SignatureAlgorithm> {
        let mut reader = Reader::der(self.part(&self.0.algorithm), ErrorCode::CertificateMalformed);
        AlgorithmIdentifier::read(&mut reader).ok().and_then(|read| read.signature(key, None))
    }

    /// Whether its signature was made with `key`.
    pub(crate) fn is_signed_by(&self, key: &PublicKey) -> bool {
        let verifies = |algorithm| key.verify(algorithm, self.part(&self.0.to_be_signed), self.part(&self.0.value));
        self.signature_algorithm(key).is_some_and(verifies)
    }

    fn part(&self, range: &Range<usize>) -> &[u8] {
        self.0.der.get(range.clone()).unwrap_or_default()
    }
}

impl PartialEq for Certificate {
    fn eq(&self, other: &Self) -> bool {
        self.as_der() == other.as_der()
    }
}

impl Eq for Certificate {}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificate").field("subject", &self.subject()).field("serial", &self.serial()).finish()
    }
}

fn parse(bytes: &[u8]) -> Result<Parsed> {
    let code = ErrorCode::CertificateMalformed;
    let mut outer = Reader::der(bytes, code);
    let mut certificate = outer.sequence()?;
    outer.end()?;
    let to_be_signed = certificate.read(der::SEQUENCE)?;
    let mut algorithm = certificate.clone();
    AlgorithmIdentifier::read(&mut certificate)?;
    let algorithm = algorithm.element()?;
    let value = certificate.read(der::BIT_STRING)?.bit_bytes()?;
    certificate.end()?;

    let mut fields = to_be_signed.reader()?;
    fields.optional(der::context(0))?;
    let serial = fields.read(der::INTEGER)?;
    serial.integer()?;
    // The algorithm stands twice; if the two differed, the signature would cover only one.
    if fields.read(der::SEQUENCE)?.raw() != algorithm.raw() {
        return Err(fields.fault());
    }
    let issuer = fields.read(der::SEQUENCE)?;
    let mut validity = fields.sequence()?;
    let (not_before, _) = validity.element()?.time()?;
    let (not_after, _) = validity.element()?.time()?;
    validity.end()?;
    let subject = fields.read(der::SEQUENCE)?;
    let spki = fields.read(der::SEQUENCE)?;
    fields.optional(der::context_primitive(1))?;
    fields.optional(der::context_primitive(2))?;
    let extensions = fields.optional(der::context(3))?;
    fields.end()?;
    let usage = extensions.map(|element| read_extensions(&element)).transpose()?.unwrap_or_default();

    let place = |part: &[u8]| place_in(bytes, part);
    Ok(Parsed {
        der: bytes.to_vec(),
        to_be_signed: place(to_be_signed.raw()),
        serial: place(serial.raw()),
        issuer: place(issuer.raw()),
        subject: place(subject.raw()),
        spki: place(spki.raw()),
        algorithm: place(algorithm.raw()),
        value: place(value),
        issuer_text: name_text(issuer.raw())?,
        subject_text: name_text(subject.raw())?,
        not_before,
        not_after,
        key: PublicKey::from_spki(spki.raw(), code)?,
        usage,
        sha256: DigestAlgorithm::Sha256.digest(bytes),
        extensions_at: extensions.map_or(0..0, |tagged| place(tagged.raw())),
        extensions: OnceLock::new(),
    })
}

#[derive(Default)]
struct Usage {
    key_usage: Option<u16>,
    is_ca: bool,
    subject_key_id: Option<Vec<u8>>,
}

fn read_extensions(tagged: &Element<'_>) -> Result<Usage> {
    let mut usage = Usage::default();
    let mut tagged = tagged.reader()?;
    let mut list = tagged.sequence()?;
    tagged.end()?;
    while !list.is_empty() {
        let mut extension = list.sequence()?;
        let id = extension.read(der::OID)?.content();
        if let Some(critical) = extension.optional(der::BOOLEAN)? {
            critical.boolean()?;
        }
        let mut value = Reader::der(extension.read(der::OCTET_STRING)?.content(), ErrorCode::CertificateMalformed);
        extension.end()?;
        match id {
            oid::KEY_USAGE => usage.key_usage = Some(value.read(der::BIT_STRING)?.bits()?),
            oid::SUBJECT_KEY_ID => usage.subject_key_id = Some(value.read(der::OCTET_STRING)?.content().to_vec()),
            oid::BASIC_CONSTRAINTS => {
                let ca = value.sequence()?.optional(der::BOOLEAN)?;
                usage.is_ca = ca.map(|ca| ca.boolean()).transpose()?.unwrap_or(false);
            }
            _ => {}
        }
    }
    Ok(usage)
}

/// Where `part`, a window of `whole`, lies in it.
fn place_in(whole: &[u8], part: &[u8]) -> Range<usize> {
    let start = part.as_ptr().addr().saturating_sub(whole.as_ptr().addr());
    start..start + part.len()
}

fn is_certificate(label: &str) -> bool {
    matches!(label, "CERTIFICATE" | "X509 CERTIFICATE")
}

fn malformed() -> Malformed {
    Malformed::new(ErrorCode::CertificateMalformed)
}

const DIGITAL_SIGNATURE: u16 = 1 << 15;
const NON_REPUDIATION: u16 = 1 << 14;

#[cfg(test)]
mod tests;
