//! What is on a token: the key that is meant, and the certificates.

use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use super::fault::{fault_of, printable};
use crate::der::{self, Reader};
use crate::digest::to_hex;
use crate::error::{ErrorCode, KeyError, Limit, Result};
use crate::key::Pkcs11Uri;
use crate::key::own::Own;
use crate::limits::Limits;
use crate::pki::{Certificate, KeyKind, PublicKey};
use crate::source::to_u64;

/// A private key on the token.
#[derive(Clone)]
pub(super) struct Key {
    pub(super) handle: ObjectHandle,
    pub(super) wants_pin_each_time: bool,
    label: String,
    id: Vec<u8>,
    /// Of an RSA key.
    modulus: Option<Vec<u8>>,
}

/// A certificate on the token, with the id that it shares with its key.
pub(super) struct TokenCertificate {
    id: Vec<u8>,
    pub(super) certificate: Certificate,
}

impl Key {
    /// The one key that is meant.
    ///
    /// # Errors
    /// `key.none`, `key.several`; the token's faults.
    pub(super) fn find(session: &Session, uri: &Pkcs11Uri, alias: Option<&str>, limits: &Limits) -> Result<Key> {
        let mut template = vec![Attribute::Class(ObjectClass::PRIVATE_KEY), Attribute::Token(true)];
        template.extend(uri.object.iter().map(|label| Attribute::Label(label.clone().into_bytes())));
        template.extend(uri.id.iter().map(|id| Attribute::Id(id.clone())));
        let mut keys = Vec::new();
        for handle in find(session, &template, limits)? {
            let (key, can_sign) = Key::read(session, handle)?;
            if can_sign && alias.is_none_or(|alias| key.is_called(alias)) {
                keys.push(key);
            }
        }
        match (keys.pop(), keys.is_empty()) {
            (Some(key), true) => Ok(key),
            (Some(last), false) => Err(KeyError::several(Key::names(&[keys, vec![last]].concat())).into()),
            (None, _) => Err(KeyError::new(ErrorCode::KeyNone).into()),
        }
    }

    fn read(session: &Session, handle: ObjectHandle) -> Result<(Key, bool)> {
        let wanted = [
            AttributeType::Label,
            AttributeType::Id,
            AttributeType::Sign,
            AttributeType::AlwaysAuthenticate,
            AttributeType::Modulus,
        ];
        let mut key = Key { handle, wants_pin_each_time: false, label: String::new(), id: Vec::new(), modulus: None };
        let mut can_sign = true;
        for attribute in session.get_attributes(handle, &wanted).map_err(fault_of)? {
            match attribute {
                Attribute::Label(label) => key.label = String::from_utf8_lossy(&label).into_owned(),
                Attribute::Id(id) => key.id = id,
                Attribute::Sign(is_so) => can_sign = is_so,
                Attribute::AlwaysAuthenticate(is_so) => key.wants_pin_each_time = is_so,
                Attribute::Modulus(modulus) if !modulus.is_empty() => key.modulus = Some(modulus),
                _ => {}
            }
        }
        Ok((key, can_sign))
    }

    /// Whether `alias` is the key's label, or its id in hexadecimal digits.
    fn is_called(&self, alias: &str) -> bool {
        self.label == alias || to_hex(&self.id).eq_ignore_ascii_case(alias)
    }

    /// What tells the keys apart: their labels, and the ids where labels alone do not.
    fn names(keys: &[Key]) -> Vec<String> {
        let is_shared = |key: &Key| keys.iter().filter(|other| other.label == key.label).count() > 1;
        let id = |key: &Key| if key.id.is_empty() { "no id".to_owned() } else { format!("id {}", to_hex(&key.id)) };
        keys.iter()
            .map(|key| match key.label.as_str() {
                "" => id(key),
                label if is_shared(key) => format!("{} ({})", printable(label), id(key)),
                label => printable(label),
            })
            .collect()
    }

    /// The key's own certificates among those that were given and those on the token.
    ///
    /// An RSA key shows its modulus, other keys their public half beside them; where a token keeps neither, the id
    /// that certificates on it share with the key tells, and then the one certificate that was given first. A wrong
    /// one is noticed at the first value, which does not verify.
    ///
    /// # Errors
    /// `key.certificate` when there is none; the token's faults.
    pub(super) fn certificates(
        &self,
        session: &Session,
        given: &[Certificate],
        there: Vec<TokenCertificate>,
        limits: &Limits,
    ) -> Result<Own> {
        let all = |there: Vec<TokenCertificate>| there.into_iter().map(|found| found.certificate).collect();
        if let Some(modulus) = &self.modulus {
            let modulus = without_zeros(modulus);
            let is_own = |key: &PublicKey| key.rsa_parts().is_some_and(|(_, own, _)| without_zeros(own) == modulus);
            return Own::new(given, all(there), |one| is_own(one.key()));
        }
        if let Some(point) = self.point(session, limits)? {
            return Own::new(given, all(there), |one| one.key().point().is_some_and(|own| own == point));
        }
        // What is known not to be RSA can't have an RSA certificate, and so on: only keys that hide all come here.
        let is_known = |one: &Certificate| one.key().kind() != KeyKind::Other;
        let has_same_id = |found: &&TokenCertificate| !self.id.is_empty() && found.id == self.id;
        let of_id: Vec<_> = there.iter().filter(has_same_id).map(|found| found.certificate.clone()).collect();
        let of_id = if of_id.is_empty() { given.first().cloned().into_iter().collect() } else { of_id };
        Own::new(given, all(there), |one| is_known(one) && of_id.contains(one))
    }

    /// The point of the public key that has the same id.
    fn point(&self, session: &Session, limits: &Limits) -> Result<Option<Vec<u8>>> {
        let mut template = vec![Attribute::Class(ObjectClass::PUBLIC_KEY), Attribute::Token(true)];
        match (self.id.is_empty(), self.label.is_empty()) {
            (false, _) => template.push(Attribute::Id(self.id.clone())),
            (true, false) => template.push(Attribute::Label(self.label.clone().into_bytes())),
            (true, true) => return Ok(None),
        }
        for handle in find(session, &template, limits)? {
            let attributes = session.get_attributes(handle, &[AttributeType::EcPoint]).map_err(fault_of)?;
            if let Some(Attribute::EcPoint(point)) = attributes.into_iter().next() {
                // By the standard an OCTET STRING with the point in it; some give the point itself.
                let mut reader = Reader::der(&point, ErrorCode::KeyMalformed);
                let inside = reader.read(der::OCTET_STRING).ok().filter(|_| reader.is_empty());
                return Ok(Some(inside.map_or_else(|| point.clone(), |inside| inside.content().to_vec())));
            }
        }
        Ok(None)
    }
}

/// All certificates on the token; what is none that can be read is left out.
pub(super) fn certificates(session: &Session, limits: &Limits) -> Result<Vec<TokenCertificate>> {
    let template = [Attribute::Class(ObjectClass::CERTIFICATE), Attribute::Token(true)];
    let mut found = Vec::new();
    for handle in find(session, &template, limits)? {
        let (mut id, mut value) = (Vec::new(), Vec::new());
        for attribute in session.get_attributes(handle, &[AttributeType::Id, AttributeType::Value]).map_err(fault_of)? {
            match attribute {
                Attribute::Id(bytes) => id = bytes,
                Attribute::Value(bytes) => value = bytes,
                _ => {}
            }
        }
        if to_u64(value.len()) > limits.certificate_bytes {
            continue;
        }
        if let Ok(certificate) = Certificate::from_der(&value) {
            found.push(TokenCertificate { id, certificate });
        }
    }
    Ok(found)
}

fn find(session: &Session, template: &[Attribute], limits: &Limits) -> Result<Vec<ObjectHandle>> {
    let mut found = Vec::new();
    for handle in session.iter_objects(template).map_err(fault_of)? {
        found.push(handle.map_err(fault_of)?);
        if to_u64(found.len()) > limits.pkcs11_objects {
            return Err(Limit::new("pkcs11_objects", limits.pkcs11_objects, to_u64(found.len())).into());
        }
    }
    Ok(found)
}

fn without_zeros(number: &[u8]) -> &[u8] {
    let zeros = number.iter().take_while(|byte| **byte == 0).count();
    number.get(zeros..).unwrap_or_default()
}
