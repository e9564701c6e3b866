//! What paths and revocation need of a certificate's extensions.

use super::distribution::DistributionPoint;
use super::general_name::GeneralName;
use super::oid;
use super::policy::Policies;
use crate::der::{self, Reader};
use crate::error::{ErrorCode, Result};

/// The extensions of a certificate, each at most once.
#[derive(Debug, Clone, Default)]
pub(crate) struct Extensions {
    /// Whether the extension is there, and says that the key is a CA's.
    pub(crate) is_ca: Option<bool>,
    /// How many CAs may follow.
    pub(crate) path_len: Option<u32>,
    pub(crate) key_usage: Option<KeyUsage>,
    pub(crate) extended_key_usage: Option<ExtendedKeyUsage>,
    /// The issuer's key identifier, as the certificate has it.
    pub(crate) authority_key_id: Option<Vec<u8>>,
    pub(crate) alternative_names: Vec<GeneralName>,
    pub(crate) name_constraints: Option<NameConstraints>,
    pub(crate) policies: Policies,
    /// Where to ask for the status, over HTTP.
    pub(crate) ocsp_urls: Vec<String>,
    /// Where the issuer's certificates are, over HTTP.
    pub(crate) issuer_urls: Vec<String>,
    pub(crate) crl_points: Vec<DistributionPoint>,
    /// An OCSP responder that need not be checked for revocation.
    pub(crate) has_ocsp_no_check: bool,
    /// Its issuer does not revoke it (RFC 9608).
    pub(crate) has_no_revocation: bool,
    /// It is so short-lived that its issuer does not revoke it (EN 319 412-1).
    pub(crate) is_short_term: bool,
    /// There is a critical extension that is not known here.
    pub(crate) has_unknown_critical: bool,
}

/// What a key may be used for, by the bits of RFC 5280, 4.2.1.3.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct KeyUsage(u16);

/// Purposes of a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ExtendedKeyUsage {
    pub(crate) is_critical: bool,
    /// Contents of the object identifiers.
    pub(crate) purposes: Vec<Vec<u8>>,
}

/// Which names may be given below a CA; distances are never there in certificates of RFC 5280.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct NameConstraints {
    pub(crate) permitted: Vec<GeneralName>,
    pub(crate) excluded: Vec<GeneralName>,
}

impl KeyUsage {
    const DIGITAL_SIGNATURE: u16 = 1 << 15;
    const NON_REPUDIATION: u16 = 1 << 14;
    const CERTIFICATES: u16 = 1 << 10;
    const CRLS: u16 = 1 << 9;

    /// Whether documents, time-stamps or answers may be signed.
    pub(crate) fn signs_data(self) -> bool {
        self.0 & (Self::DIGITAL_SIGNATURE | Self::NON_REPUDIATION) != 0
    }

    /// Whether certificates may be signed.
    pub(crate) fn signs_certificates(self) -> bool {
        self.0 & Self::CERTIFICATES != 0
    }

    /// Whether CRLs may be signed.
    pub(crate) fn signs_crls(self) -> bool {
        self.0 & Self::CRLS != 0
    }
}

impl ExtendedKeyUsage {
    /// Whether `purpose` is among the purposes.
    pub(crate) fn has(&self, purpose: &[u8]) -> bool {
        self.purposes.iter().any(|other| other == purpose)
    }

    /// Whether `purpose` is the only one, and the extension is critical.
    pub(crate) fn is_only(&self, purpose: &[u8]) -> bool {
        self.is_critical && self.has(purpose) && self.purposes.len() == 1
    }
}

impl Extensions {
    /// Reads the `[3]` of a certificate.
    pub(crate) fn read(tagged: &[u8]) -> Result<Self> {
        let mut read = Extensions::default();
        let mut seen: Vec<&[u8]> = Vec::new();
        let mut outer = Reader::der(tagged, CODE);
        let mut inside = outer.read(der::context(3))?.reader()?;
        let mut list = inside.sequence()?;
        inside.end()?;
        while !list.is_empty() {
            let extension = Extension::read(&mut list)?;
            if seen.contains(&extension.id) {
                return Err(list.fault());
            }
            seen.push(extension.id);
            read.take(&extension)?;
        }
        Ok(read)
    }

    fn take(&mut self, extension: &Extension<'_>) -> Result<()> {
        match extension.id {
            oid::BASIC_CONSTRAINTS => self.take_basic_constraints(extension.sequence()?)?,
            oid::KEY_USAGE => self.key_usage = Some(KeyUsage(extension.value()?.read(der::BIT_STRING)?.bits()?)),
            oid::EXTENDED_KEY_USAGE => {
                let purposes = object_identifiers(extension.sequence()?)?;
                self.extended_key_usage = Some(ExtendedKeyUsage { is_critical: extension.is_critical, purposes });
            }
            oid::AUTHORITY_KEY_ID => {
                let id = extension.sequence()?.optional(der::context_primitive(0))?;
                self.authority_key_id = id.map(|id| id.content().to_vec());
            }
            oid::SUBJECT_ALTERNATIVE_NAME => self.alternative_names = GeneralName::read_all(extension.sequence()?)?,
            oid::NAME_CONSTRAINTS => self.name_constraints = Some(name_constraints(extension.sequence()?)?),
            oid::CERTIFICATE_POLICIES => self.policies.read_policies(extension.sequence()?)?,
            oid::POLICY_MAPPINGS => self.policies.read_mappings(extension.sequence()?)?,
            oid::POLICY_CONSTRAINTS => self.policies.read_constraints(extension.sequence()?)?,
            oid::INHIBIT_ANY_POLICY => {
                self.policies.inhibit_any = Some(extension.value()?.read(der::INTEGER)?.small()?);
            }
            oid::AUTHORITY_INFORMATION => self.take_authority_information(extension.sequence()?)?,
            oid::CRL_DISTRIBUTION_POINTS => self.crl_points = DistributionPoint::read_all(extension.sequence()?)?,
            oid::OCSP_NO_CHECK => self.has_ocsp_no_check = true,
            oid::NO_REVOCATION_AVAILABLE => self.has_no_revocation = true,
            oid::VALIDITY_ASSURED_SHORT_TERM => self.is_short_term = true,
            // They say nothing that a path depends on.
            oid::SUBJECT_KEY_ID | oid::ISSUER_ALTERNATIVE_NAME | oid::QC_STATEMENTS => {}
            _ => self.has_unknown_critical |= extension.is_critical,
        }
        Ok(())
    }

    fn take_basic_constraints(&mut self, mut inside: Reader<'_>) -> Result<()> {
        let is_ca = inside.optional(der::BOOLEAN)?.map(|flag| flag.boolean()).transpose()?;
        self.is_ca = Some(is_ca.unwrap_or(false));
        self.path_len = inside.optional(der::INTEGER)?.map(|number| number.small()).transpose()?;
        inside.end()
    }

    fn take_authority_information(&mut self, mut list: Reader<'_>) -> Result<()> {
        while !list.is_empty() {
            let mut description = list.sequence()?;
            let method = description.read(der::OID)?.content();
            let place = GeneralName::read(&description.element()?)?;
            description.end()?;
            let urls = match method {
                oid::OCSP => &mut self.ocsp_urls,
                oid::CA_ISSUERS => &mut self.issuer_urls,
                _ => continue,
            };
            urls.extend(place.http_url().map(str::to_owned));
        }
        Ok(())
    }
}

/// An extension of a certificate, a CRL, or an entry of a CRL.
pub(super) struct Extension<'a> {
    pub(super) id: &'a [u8],
    pub(super) is_critical: bool,
    content: Reader<'a>,
}

impl<'a> Extension<'a> {
    /// Reads the next element.
    pub(super) fn read(list: &mut Reader<'a>) -> Result<Self> {
        let mut inside = list.sequence()?;
        let id = inside.read(der::OID)?.content();
        let is_critical = inside.optional(der::BOOLEAN)?.map(|flag| flag.boolean()).transpose()?.unwrap_or(false);
        let content = inside.read(der::OCTET_STRING)?.inner()?;
        inside.end()?;
        Ok(Extension { id, is_critical, content })
    }

    /// What is inside: exactly one element.
    pub(super) fn value(&self) -> Result<Reader<'a>> {
        let mut after = self.content.clone();
        after.element()?;
        after.end()?;
        Ok(self.content.clone())
    }

    /// What is inside the SEQUENCE that is inside.
    pub(super) fn sequence(&self) -> Result<Reader<'a>> {
        self.value()?.sequence()
    }
}

/// Contents of all object identifiers that are left.
fn object_identifiers(mut list: Reader<'_>) -> Result<Vec<Vec<u8>>> {
    let mut found = Vec::new();
    while !list.is_empty() {
        found.push(list.read(der::OID)?.content().to_vec());
    }
    Ok(found)
}

fn name_constraints(mut inside: Reader<'_>) -> Result<NameConstraints> {
    let mut subtrees = |number| -> Result<Vec<GeneralName>> {
        let Some(list) = inside.optional(der::context(number))? else { return Ok(Vec::new()) };
        let mut list = list.reader()?;
        let mut names = Vec::new();
        while !list.is_empty() {
            let mut subtree = list.sequence()?;
            names.push(GeneralName::read(&subtree.element()?)?);
            // RFC 5280 leaves no other distances than none.
            subtree.end()?;
        }
        Ok(names)
    };
    let (permitted, excluded) = (subtrees(0)?, subtrees(1)?);
    inside.end()?;
    Ok(NameConstraints { permitted, excluded })
}

const CODE: ErrorCode = ErrorCode::CertificateMalformed;
