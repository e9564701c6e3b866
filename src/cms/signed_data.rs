//! SignedData around a value: one signer, detached content, no revocation data.

use super::attributes::{Identity, attribute};
use crate::der;
use crate::pki::oid;

/// The ContentInfo in DER.
///
/// `signed_attributes` is the SET of [`signed_attributes`](super::signed_attributes), `value` is in the form of
/// CMS, `unsigned` the content of the unsigned attributes, if there are any.
pub(crate) fn signed_data(
    identity: &Identity,
    signed_attributes: &[u8],
    value: &[u8],
    unsigned: Option<&[u8]>,
) -> Vec<u8> {
    let unsigned_len = unsigned.map_or(0, |content| element_len(content.len()));
    let signer_len = VERSION_1.len()
        + identity.issuer_and_serial.len()
        + identity.digest_algorithm.len()
        + signed_attributes.len()
        + identity.signature_algorithm.len()
        + element_len(value.len())
        + unsigned_len;
    let signed_len = VERSION_1.len()
        + element_len(identity.digest_algorithm.len())
        + element_len(element_len(oid::DATA.len()))
        + identity.certificates.len()
        + element_len(element_len(signer_len));
    let content_len = element_len(oid::SIGNED_DATA.len()) + element_len(element_len(signed_len));

    let mut out = Vec::with_capacity(element_len(content_len));
    der::header(&mut out, der::SEQUENCE, content_len);
    der::write(&mut out, der::OID, oid::SIGNED_DATA);
    der::header(&mut out, der::context(0), element_len(signed_len));
    der::header(&mut out, der::SEQUENCE, signed_len);
    out.extend_from_slice(&VERSION_1);
    der::write(&mut out, der::SET, &identity.digest_algorithm);
    der::header(&mut out, der::SEQUENCE, element_len(oid::DATA.len()));
    der::write(&mut out, der::OID, oid::DATA);
    out.extend_from_slice(&identity.certificates);
    der::header(&mut out, der::SET, element_len(signer_len));
    der::header(&mut out, der::SEQUENCE, signer_len);
    out.extend_from_slice(&VERSION_1);
    out.extend_from_slice(&identity.issuer_and_serial);
    out.extend_from_slice(&identity.digest_algorithm);
    // The SET that was signed, under its implicit tag.
    out.push(der::context(0));
    out.extend_from_slice(signed_attributes.get(1..).unwrap_or_default());
    out.extend_from_slice(&identity.signature_algorithm);
    der::write(&mut out, der::OCTET_STRING, value);
    if let Some(content) = unsigned {
        der::write(&mut out, der::context(1), content);
    }
    out
}

/// Length of the longest SignedData without unsigned attributes.
pub(crate) fn signed_data_len_max(identity: &Identity) -> usize {
    let attributes = vec![0; identity.attributes_bytes];
    signed_data(identity, &attributes, &vec![0; identity.value_bytes_max], None).len()
}

/// What [`signed_data`] takes as unsigned attributes so that the signature carries the time-stamp `token`.
pub(crate) fn time_stamp_attribute(token: &[u8]) -> Vec<u8> {
    attribute(oid::SIGNATURE_TIME_STAMP, token)
}

fn element_len(content: usize) -> usize {
    let octets = usize::try_from(content.checked_ilog2().unwrap_or(0) / 8 + 1).unwrap_or(1);
    content + if content < 0x80 { 2 } else { 2 + octets }
}

const VERSION_1: [u8; 3] = [der::INTEGER, 1, 1];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn element_lengths_are_those_that_are_written() {
        for content in [0, 1, 127, 128, 255, 256, 65_535, 65_536, 1 << 24] {
            let mut out = Vec::new();
            der::header(&mut out, der::SET, content);
            assert_eq!(element_len(content), out.len() + content, "{content}");
        }
    }
}
