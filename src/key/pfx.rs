//! PFX files (PKCS #12, RFC 7292): MAC, encrypted parts, bags.

use zeroize::Zeroizing;

use super::cipher;
use super::kdf::{self, Budget, Hash, Password, Purpose};
use crate::der::{self, Reader};
use crate::digest::to_hex;
use crate::error::{Error, ErrorCode, KeyError, Limit, Result};
use crate::limits::Limits;
use crate::pki::{AlgorithmIdentifier, Certificate, oid};
use crate::secret::Secret;
use crate::source::to_u64;

/// What a PFX holds.
#[derive(Default)]
pub(super) struct Contents {
    pub(super) keys: Vec<KeyBag>,
    pub(super) certificates: Vec<Certificate>,
    /// Whether a MAC guards it against changes.
    pub(super) has_mac: bool,
}

/// One private key.
pub(super) struct KeyBag {
    pub(super) pkcs8: Zeroizing<Vec<u8>>,
    friendly_name: Option<String>,
    local_key_id: Option<String>,
}

impl KeyBag {
    /// What tells the keys apart: their friendly names, and the localKeyIds in hexadecimal digits where names alone
    /// do not.
    pub(super) fn names(keys: &[KeyBag]) -> Vec<String> {
        let is_shared = |key: &KeyBag| keys.iter().filter(|other| other.friendly_name == key.friendly_name).count() > 1;
        keys.iter()
            .map(|key| match (&key.friendly_name, &key.local_key_id) {
                (Some(name), Some(id)) if is_shared(key) => format!("{name} (id {id})"),
                (Some(name), _) => name.clone(),
                (None, Some(id)) => id.clone(),
                (None, None) => "(without a name)".to_owned(),
            })
            .collect()
    }

    /// Whether `alias` names this key.
    pub(super) fn is_called(&self, alias: &str) -> bool {
        self.friendly_name.as_deref() == Some(alias)
            || self.local_key_id.as_deref().is_some_and(|id| id.eq_ignore_ascii_case(alias))
    }
}

/// Whether the bytes, in [definite](der::definite) form, begin as a PFX does: a SEQUENCE with version 3 and a
/// ContentInfo.
pub(super) fn is_pfx(bytes: &[u8]) -> bool {
    let parse = || {
        let mut inside = Reader::der(bytes, ErrorCode::KeyMalformed).sequence()?;
        let version = inside.read(der::INTEGER)?.small()?;
        inside.sequence()?.read(der::OID)?;
        Ok::<_, Error>(version == 3)
    };
    parse().unwrap_or(false)
}

/// Reads all keys and certificates of a PFX in [definite](der::definite) form.
///
/// What is encrypted or wrapped in it may be BER all the same, and is made definite in its turn; the MAC is over the
/// wrapped octets as they came.
///
/// # Errors
/// [`Error::Key`]: `key.password` when the MAC or a padding is wrong, which may also be damage; `key.malformed`
/// and `key.unsupported` for what is seen before any password matters. [`Error::LimitExceeded`] before a
/// derivation that would take too long.
pub(super) fn open(bytes: &[u8], password: &Secret, limits: &Limits) -> Result<Contents> {
    let mut outer = Reader::ber(bytes, limits.der_depth, ErrorCode::KeyMalformed);
    let mut pfx = outer.sequence()?;
    outer.end()?;
    if pfx.read(der::INTEGER)?.small()? != 3 {
        return Err(KeyError::new(ErrorCode::KeyMalformed).into());
    }
    let (kind, content) = content_info(&mut pfx)?;
    if kind != oid::DATA {
        return Err(KeyError::new(ErrorCode::KeyUnsupported).into());
    }
    let safe = content.ok_or_else(|| pfx.fault())?.read(der::OCTET_STRING)?.octets()?;
    let mac = if pfx.is_empty() { None } else { Some(Mac::read(&mut pfx)?) };
    pfx.end()?;

    let mut budget = Budget::new(limits);
    let mut result = Err(KeyError::new(ErrorCode::KeyPassword).into());
    let forms = Password::forms(password);
    // Forms that the MAC can't tell apart are right or wrong together.
    let mut verdicts: Vec<(&Password, bool)> = Vec::new();
    for form in &forms {
        if let Some(mac) = &mac {
            let known = verdicts.iter().find(|(other, _)| mac.sees_the_same(form, other)).map(|(_, verdict)| *verdict);
            let is_right = known.map_or_else(|| mac.verify(&safe, form, &mut budget), Ok)?;
            verdicts.push((form, is_right));
            if !is_right {
                continue;
            }
        }
        result = read_safe(&safe, form, limits, &mut budget);
        match &result {
            Err(Error::Key(e)) if e.code == ErrorCode::KeyPassword => {}
            _ => break,
        }
    }
    let mut contents = result?;
    contents.has_mac = mac.is_some();
    Ok(contents)
}

struct Mac<'a> {
    algorithm: AlgorithmIdentifier<'a>,
    value: Vec<u8>,
    salt: Vec<u8>,
    iterations: u32,
}

impl<'a> Mac<'a> {
    fn read(pfx: &mut Reader<'a>) -> Result<Self> {
        let mut inside = pfx.sequence()?;
        let mut info = inside.sequence()?;
        let algorithm = AlgorithmIdentifier::read(&mut info)?;
        let value = info.read(der::OCTET_STRING)?.octets()?.into_owned();
        info.end()?;
        let salt = inside.read(der::OCTET_STRING)?.octets()?.into_owned();
        let iterations = inside.optional(der::INTEGER)?.map_or(Ok(1), |element| element.small())?;
        inside.end()?;
        Ok(Mac { algorithm, value, salt, iterations })
    }

    fn verify(&self, message: &[u8], password: &Password, budget: &mut Budget) -> Result<bool> {
        let unsupported = |oid: &[u8]| KeyError::new(ErrorCode::KeyUnsupported).detail(der::oid_text(oid));
        let oid = self.algorithm.oid;
        if oid == PBMAC1 {
            // RFC 9579: derivation and HMAC are in the parameters, salt and iterations beside them do not count.
            let parameters = self.algorithm.parameters.ok_or_else(|| unsupported(oid))?;
            let mut inside = Reader::ber(parameters, 16, ErrorCode::KeyMalformed).sequence()?;
            let kdf = AlgorithmIdentifier::read(&mut inside)?;
            let scheme = AlgorithmIdentifier::read(&mut inside)?;
            inside.end()?;
            let hash = Hash::of_hmac(scheme.oid).ok_or_else(|| unsupported(scheme.oid))?;
            let key = cipher::derive(&kdf, password, None, budget)?;
            return Ok(kdf::is_hmac(hash, &key, message, &self.value));
        }
        let hash = Hash::of(oid).filter(|_| self.algorithm.has_no_parameters()).ok_or_else(|| unsupported(oid))?;
        budget.take(self.iterations)?;
        let key = kdf::pkcs12(password, &self.salt, self.iterations, hash, Purpose::Mac, hash.len_bytes());
        Ok(kdf::is_hmac(hash, &key, message, &self.value))
    }

    /// Whether the MAC can't tell two forms of a password apart.
    fn sees_the_same(&self, one: &Password, other: &Password) -> bool {
        if self.algorithm.oid == PBMAC1 { one.bytes() == other.bytes() } else { one.is_as_wide(other) }
    }
}

/// Type and content of a ContentInfo.
fn content_info<'a>(reader: &mut Reader<'a>) -> Result<(&'a [u8], Option<Reader<'a>>)> {
    let mut inside = reader.sequence()?;
    let kind = inside.read(der::OID)?.content();
    let content = inside.optional(der::context(0))?.map(|tagged| tagged.reader()).transpose()?;
    Ok((kind, content))
}

fn read_safe(safe: &[u8], password: &Password, limits: &Limits, budget: &mut Budget) -> Result<Contents> {
    let mut contents = Contents::default();
    let mut bags = 0;
    let (safe, _) = der::definite(safe, limits.der_depth, ErrorCode::KeyMalformed)?;
    let mut parts = Reader::ber(&safe, limits.der_depth, ErrorCode::KeyMalformed).sequence()?;
    while !parts.is_empty() {
        let (kind, content) = content_info(&mut parts)?;
        let mut content = content.ok_or_else(|| parts.fault())?;
        match kind {
            oid::DATA => {
                let plain = Zeroizing::new(content.read(der::OCTET_STRING)?.octets()?.into_owned());
                read_bags(&plain, password, limits, budget, &mut contents, &mut bags)?;
            }
            oid::ENCRYPTED_DATA => {
                let mut encrypted = content.sequence()?;
                encrypted.read(der::INTEGER)?;
                let mut info = encrypted.sequence()?;
                info.read(der::OID)?;
                let algorithm = AlgorithmIdentifier::read(&mut info)?;
                let data = info.read(der::context_primitive(0))?.octets()?;
                let plain = cipher::decrypt(&algorithm, password, &data, budget)?;
                let read = read_bags(&plain, password, limits, budget, &mut contents, &mut bags);
                // Wrong keys leave a sound padding once in 256 times: what can't be read then is no news.
                read.map_err(|error| if is_malformed(&error) { wrong_password() } else { error })?;
            }
            _ => return Err(KeyError::new(ErrorCode::KeyUnsupported).into()),
        }
    }
    Ok(contents)
}

fn read_bags(
    bytes: &[u8],
    password: &Password,
    limits: &Limits,
    budget: &mut Budget,
    contents: &mut Contents,
    bags: &mut usize,
) -> Result<()> {
    let (bytes, _) = der::definite(bytes, limits.der_depth, ErrorCode::KeyMalformed)?;
    let mut open = vec![Reader::ber(&bytes, limits.der_depth, ErrorCode::KeyMalformed).sequence()?];
    while let Some(mut list) = open.pop() {
        if list.is_empty() {
            continue;
        }
        *bags += 1;
        if to_u64(*bags) > limits.pfx_bags {
            return Err(Limit::new("pfx_bags", limits.pfx_bags, to_u64(*bags)).into());
        }
        let mut bag = list.sequence()?;
        open.push(list);
        let kind = bag.read(der::OID)?.content();
        let value = bag.read(der::context(0))?;
        let names = Names::read(&mut bag)?;
        match kind {
            KEY_BAG => {
                let key = value.reader()?.read(der::SEQUENCE)?.raw();
                contents.keys.push(names.for_key(Zeroizing::new(key.to_vec())));
            }
            SHROUDED_KEY_BAG => {
                let key = decrypt_pkcs8(&mut value.reader()?, password, budget)?;
                contents.keys.push(names.for_key(key));
            }
            CERTIFICATE_BAG => {
                let mut certificate = value.reader()?.sequence()?;
                let kind = certificate.read(der::OID)?.content();
                let der = certificate.read(der::context(0))?.reader()?.read(der::OCTET_STRING)?.octets()?;
                // What is no certificate that can be read is no certificate of the key either.
                if let (X509_CERTIFICATE, Ok(certificate)) = (kind, Certificate::from_der(&der)) {
                    contents.certificates.push(certificate);
                }
            }
            SAFE_CONTENTS_BAG => open.push(value.reader()?.sequence()?),
            _ => {}
        }
    }
    Ok(())
}

/// The PrivateKeyInfo inside an EncryptedPrivateKeyInfo, the next element.
pub(super) fn decrypt_pkcs8(
    reader: &mut Reader<'_>,
    password: &Password,
    budget: &mut Budget,
) -> Result<Zeroizing<Vec<u8>>> {
    let mut inside = reader.sequence()?;
    let algorithm = AlgorithmIdentifier::read(&mut inside)?;
    let data = inside.read(der::OCTET_STRING)?.octets()?;
    inside.end()?;
    only_sequence(&cipher::decrypt(&algorithm, password, &data, budget)?)
}

/// The definite form of what was decrypted, if it is one SEQUENCE: what a wrong password gives is none, though its
/// padding is sound once in 256 times.
///
/// # Errors
/// `key.password`
pub(super) fn only_sequence(plain: &[u8]) -> Result<Zeroizing<Vec<u8>>> {
    match der::definite(plain, PKCS8_DEPTH, ErrorCode::KeyMalformed) {
        Ok((key, length)) if length == plain.len() && key.first() == Some(&der::SEQUENCE) => Ok(key),
        _ => Err(wrong_password()),
    }
}

#[derive(Default)]
struct Names {
    friendly_name: Option<String>,
    local_key_id: Option<String>,
}

impl Names {
    fn read(bag: &mut Reader<'_>) -> Result<Self> {
        let mut names = Names::default();
        let Some(set) = bag.optional(der::SET)? else { return Ok(names) };
        let mut attributes = set.reader()?;
        while !attributes.is_empty() {
            let mut attribute = attributes.sequence()?;
            let kind = attribute.read(der::OID)?.content();
            let mut values = attribute.read(der::SET)?.reader()?;
            match kind {
                FRIENDLY_NAME => {
                    let (units, _) = values.element()?.content().as_chunks::<2>();
                    let units: Vec<u16> = units.iter().copied().map(u16::from_be_bytes).collect();
                    names.friendly_name = Some(String::from_utf16_lossy(&units));
                }
                LOCAL_KEY_ID => names.local_key_id = Some(to_hex(values.element()?.content())),
                _ => {}
            }
        }
        Ok(names)
    }

    fn for_key(self, pkcs8: Zeroizing<Vec<u8>>) -> KeyBag {
        KeyBag { pkcs8, friendly_name: self.friendly_name, local_key_id: self.local_key_id }
    }
}

fn is_malformed(error: &Error) -> bool {
    error.code() == ErrorCode::KeyMalformed
}

fn wrong_password() -> Error {
    KeyError::new(ErrorCode::KeyPassword).into()
}

/// Nesting of a private key with its attributes.
const PKCS8_DEPTH: u64 = 16;
const KEY_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x01";
const SHROUDED_KEY_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x02";
const CERTIFICATE_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x03";
const SAFE_CONTENTS_BAG: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x0a\x01\x06";
const X509_CERTIFICATE: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x16\x01";
const FRIENDLY_NAME: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x14";
const LOCAL_KEY_ID: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x15";
const PBMAC1: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0e";
