//! Certificates and revocation data that others put into a CMS structure, beside the certificates in their place.
//!
//! Adobe's signers keep them in a signed attribute, CAdES in unsigned ones, plain CMS in a field of its own. None of
//! it is written here. What can't be read is passed over.

use crate::der::{self, Element, Reader};
use crate::error::{ErrorCode, Result};
use crate::limits::Limits;
use crate::pki::{Certificate, oid};
use crate::source::to_u64;

/// What was found, in the order of the structure.
#[derive(Debug, Default)]
pub(crate) struct Embedded {
    pub(crate) certificates: Vec<Certificate>,
    /// Each a CertificateList.
    pub(crate) crls: Vec<Vec<u8>>,
    /// Each an OCSPResponse.
    pub(crate) ocsp: Vec<Vec<u8>>,
    /// Each a BasicOCSPResponse without its OCSPResponse.
    pub(crate) basic_ocsp: Vec<Vec<u8>>,
}

impl Embedded {
    /// Looks through the SignedData at the beginning of `bytes`.
    pub(crate) fn read(bytes: &[u8], limits: &Limits) -> Self {
        let mut found = Embedded::default();
        // Where it can't be read on, what was found before is good nevertheless.
        let _ = found.look_through(bytes, limits);
        found
    }

    fn look_through(&mut self, bytes: &[u8], limits: &Limits) -> Result<()> {
        let mut info = Reader::ber(bytes, limits.der_depth, ErrorCode::CmsMalformed).sequence()?;
        info.read(der::OID)?;
        let mut fields = info.read(der::context(0))?.reader()?.sequence()?;
        fields.read(der::INTEGER)?;
        fields.read(der::SET)?;
        fields.read(der::SEQUENCE)?;
        fields.optional(der::context(0))?;
        if let Some(set) = fields.optional(der::context(1))? {
            self.add_choices(&mut set.reader()?)?;
        }
        let mut signers = fields.read(der::SET)?.reader()?;
        while !signers.is_empty() {
            let mut signer = signers.sequence()?;
            while !signer.is_empty() {
                let field = signer.element()?;
                if field.tag() == der::context(0) || field.tag() == der::context(1) {
                    // The signer's identifier may have the first of these tags, too, but then it is no constructed one.
                    self.add_attributes(&field, limits)?;
                }
            }
        }
        Ok(())
    }

    fn add_attributes(&mut self, set: &Element<'_>, limits: &Limits) -> Result<()> {
        let mut attributes = set.reader()?;
        while !attributes.is_empty() {
            let mut attribute = attributes.sequence()?;
            let kind = attribute.read(der::OID)?.content();
            let mut values = attribute.read(der::SET)?.reader()?;
            while !values.is_empty() {
                let value = values.element()?;
                match kind {
                    oid::ADOBE_REVOCATION => self.add_values(&value, Responses::Complete)?,
                    oid::REVOCATION_VALUES => self.add_values(&value, Responses::Bare)?,
                    oid::CERTIFICATE_VALUES => self.add_certificates(&value, limits)?,
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// RevocationInfoArchival of Adobe or RevocationValues of CAdES: CRLs under `[0]`, responses under `[1]`.
    fn add_values(&mut self, value: &Element<'_>, responses: Responses) -> Result<()> {
        let mut fields = value.reader()?;
        if let Some(tagged) = fields.optional(der::context(0))? {
            add_all(&mut self.crls, &tagged)?;
        }
        if let Some(tagged) = fields.optional(der::context(1))? {
            add_all(if responses == Responses::Bare { &mut self.basic_ocsp } else { &mut self.ocsp }, &tagged)?;
        }
        Ok(())
    }

    fn add_certificates(&mut self, value: &Element<'_>, limits: &Limits) -> Result<()> {
        let mut list = value.reader()?;
        while !list.is_empty() && to_u64(self.certificates.len()) < limits.certificates {
            self.certificates.extend(Certificate::from_der(list.element()?.raw()));
        }
        Ok(())
    }

    /// RevocationInfoChoices (RFC 5652, 10.2.1): CRLs as they are, all else under `[1]` with its kind.
    fn add_choices(&mut self, choices: &mut Reader<'_>) -> Result<()> {
        while !choices.is_empty() {
            let choice = choices.element()?;
            if choice.tag() == der::SEQUENCE {
                self.crls.push(choice.raw().to_vec());
            } else if choice.tag() == der::context(1) {
                let mut other = choice.reader()?;
                if other.read(der::OID)?.content() == oid::OCSP_RESPONSE_INFO {
                    self.ocsp.push(other.element()?.raw().to_vec());
                }
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Responses {
    Complete,
    Bare,
}

fn add_all(to: &mut Vec<Vec<u8>>, tagged: &Element<'_>) -> Result<()> {
    let mut list = tagged.reader()?.sequence()?;
    while !list.is_empty() {
        to.push(list.element()?.raw().to_vec());
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_places_are_looked_into() {
        let certificate = include_str!("../../testdata/signers/p256.pem");
        let certificate = Certificate::parse(certificate.as_bytes()).unwrap();
        let oid = |content: &[u8]| der::tlv(der::OID, &[content]);
        let item = |n: u8| der::sequence(&[&[der::INTEGER, 1, n]]);
        let attribute = |kind: &[u8], value: &[u8]| der::sequence(&[&oid(kind), &der::tlv(der::SET, &[value])]);
        let values = |crl: u8, ocsp: u8| {
            let list = |n, item: &[u8]| der::tlv(der::context(n), &[&der::sequence(&[item])]);
            der::sequence(&[&list(0, &item(crl)), &list(1, &item(ocsp))])
        };
        let choices = [
            item(1),
            der::tlv(der::context(1), &[&oid(oid::OCSP_RESPONSE_INFO), &item(2)]),
            der::tlv(der::context(1), &[&oid(oid::DATA), &item(9)]),
        ];
        let unsigned = [
            attribute(oid::CERTIFICATE_VALUES, &der::sequence(&[certificate.as_der()])),
            attribute(oid::REVOCATION_VALUES, &values(5, 6)),
        ];
        let signer = der::sequence(&[
            &[der::INTEGER, 1, 3],
            &[der::context_primitive(0), 1, 7],
            &der::sequence(&[]),
            &der::tlv(der::context(0), &[&attribute(oid::ADOBE_REVOCATION, &values(3, 4))]),
            &der::sequence(&[]),
            &[der::OCTET_STRING, 0],
            &der::tlv(der::context(1), &[&unsigned.concat()]),
        ]);
        let signed = der::sequence(&[
            &[der::INTEGER, 1, 5],
            &der::tlv(der::SET, &[]),
            &der::sequence(&[]),
            &der::tlv(der::context(1), &[&choices.concat()]),
            &der::tlv(der::SET, &[&signer]),
        ]);
        let whole = der::sequence(&[&oid(oid::SIGNED_DATA), &der::tlv(der::context(0), &[&signed])]);
        let found = Embedded::read(&[&whole[..], &[0; 9]].concat(), &Limits::default());
        assert_eq!(found.certificates, [certificate]);
        assert_eq!(found.crls, [item(1), item(3), item(5)]);
        assert_eq!(found.ocsp, [item(2), item(4)]);
        assert_eq!(found.basic_ocsp, [item(6)]);
        for n in 0..whole.len() {
            Embedded::read(&whole[..n], &Limits::default());
        }
    }
}
