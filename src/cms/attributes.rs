//! The signed attributes of PAdES: content-type, message-digest, signing-certificate-v2, and nothing else.

use crate::der::{self, Reader};
use crate::digest::{Digest, DigestAlgorithm};
use crate::error::ErrorCode;
use crate::pki::{Certificate, digest_algorithm_der, oid, signature_algorithm_der};
use crate::signature::SignatureAlgorithm;

/// What of the signer goes into each of his signatures, computed once a plan.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    pub(super) digest_algorithm: Vec<u8>,
    pub(super) signature_algorithm: Vec<u8>,
    pub(super) issuer_and_serial: Vec<u8>,
    /// The `[0]` element of SignedData.
    pub(super) certificates: Vec<u8>,
    pub(super) value_bytes_max: usize,
    pub(super) attributes_bytes: usize,
    before_digest: Vec<u8>,
    after_digest: Vec<u8>,
}

impl Identity {
    /// The signer, and its issuers as [`issuers_of`](crate::pki::issuers_of) orders them.
    pub(crate) fn new(signer: &Certificate, issuers: &[Certificate], algorithm: SignatureAlgorithm) -> Self {
        let parts: Vec<&[u8]> = std::iter::once(signer).chain(issuers).map(Certificate::as_der).collect();
        let (before_digest, after_digest) = attributes_template(signer, algorithm.digest());
        Identity {
            digest_algorithm: match algorithm {
                // RFC 8419, 3: the digest of Ed25519 is named without parameters.
                SignatureAlgorithm::Ed25519 => der::sequence(&[&der::tlv(der::OID, &[oid::SHA512])]),
                other => digest_algorithm_der(other.digest()),
            },
            signature_algorithm: signature_algorithm_der(algorithm),
            issuer_and_serial: der::sequence(&[signer.issuer_der(), signer.serial_der()]),
            certificates: der::tlv(der::context(0), &parts),
            value_bytes_max: signer.key().value_bytes_max(),
            attributes_bytes: before_digest.len() + algorithm.digest().len_bytes() + after_digest.len(),
            before_digest,
            after_digest,
        }
    }
}

/// The signed attributes as DER SET, which is what is signed; in SignerInfo only the first byte differs.
pub(crate) fn signed_attributes(identity: &Identity, message_digest: &Digest) -> Vec<u8> {
    let mut out = Vec::with_capacity(identity.attributes_bytes);
    out.extend_from_slice(&identity.before_digest);
    out.extend_from_slice(message_digest.as_bytes());
    out.extend_from_slice(&identity.after_digest);
    out
}

/// The message digest in signed attributes of ours.
pub(crate) fn message_digest_of(signed_attributes: &[u8]) -> Option<Vec<u8>> {
    let mut outer = Reader::der(signed_attributes, ErrorCode::CmsMalformed);
    let mut set = outer.read(der::SET).ok()?.reader().ok()?;
    outer.end().ok()?;
    while !set.is_empty() {
        let mut attribute = set.sequence().ok()?;
        if attribute.read(der::OID).ok()?.content() == oid::MESSAGE_DIGEST {
            let mut values = attribute.read(der::SET).ok()?.reader().ok()?;
            return Some(values.read(der::OCTET_STRING).ok()?.content().to_vec());
        }
    }
    None
}

/// The signing-certificate-v2 attribute with issuer and serial number.
pub(super) fn signing_certificate_v2(signer: &Certificate, hash: DigestAlgorithm) -> Vec<u8> {
    // DER leaves the default, SHA-256, out.
    let algorithm = match hash {
        DigestAlgorithm::Sha256 => Vec::new(),
        other => digest_algorithm_der(other),
    };
    let digest = hash.digest(signer.as_der());
    let certificate_id =
        der::sequence(&[&algorithm, &der::tlv(der::OCTET_STRING, &[digest.as_bytes()]), &issuer_serial(signer)]);
    let value = der::sequence(&[&der::sequence(&[&certificate_id])]);
    attribute(oid::SIGNING_CERTIFICATE_V2, &value)
}

/// IssuerSerial: GeneralNames with one directoryName, and the serial number.
pub(crate) fn issuer_serial(signer: &Certificate) -> Vec<u8> {
    let names = der::sequence(&[&der::tlv(der::context(4), &[signer.issuer_der()])]);
    der::sequence(&[&names, signer.serial_der()])
}

/// An Attribute with one value.
pub(super) fn attribute(kind: &[u8], value: &[u8]) -> Vec<u8> {
    der::sequence(&[&der::tlv(der::OID, &[kind]), &der::tlv(der::SET, &[value])])
}

/// The SET before and after the bytes of the message digest.
///
/// A SET OF is sorted by the encodings of its elements. Those of equal length differ in their object
/// identifiers, so the digest never decides the order and the SET can be made before it is known.
fn attributes_template(signer: &Certificate, digest: DigestAlgorithm) -> (Vec<u8>, Vec<u8>) {
    let placeholder = vec![0; digest.len_bytes()];
    let message_digest = attribute(oid::MESSAGE_DIGEST, &der::tlv(der::OCTET_STRING, &[&placeholder]));
    let mut sorted = [
        attribute(oid::CONTENT_TYPE, &der::tlv(der::OID, &[oid::DATA])),
        message_digest.clone(),
        signing_certificate_v2(signer, DigestAlgorithm::Sha256),
    ];
    sorted.sort();
    let parts: Vec<&[u8]> = sorted.iter().map(Vec::as_slice).collect();
    let set = der::tlv(der::SET, &parts);
    let after: usize = parts.iter().rev().take_while(|part| **part != message_digest).map(|part| part.len()).sum();
    let end = set.len() - after;
    let (before, rest) = set.split_at(end - placeholder.len());
    (before.to_vec(), rest.get(placeholder.len()..).unwrap_or_default().to_vec())
}

#[cfg(test)]
mod tests;
