//! What is on a token: the key that is meant, and the certificates.

use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;

use super::fault::{fault_of, printable};
use crate::der::{self, Reader};
use crate::digest::to_hex;
use crate::error::{ErrorCode, KeyError, Limit, Result};
use crate::key::Pkcs11Uri;
use crate::limits::Limits;
use crate::pki::{Certificate, KeyKind, PublicKey};
use crate::source::to_u64;

/// A private key on the token.
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
            (Some(last), false) => {
                let names = keys.iter().chain([&last]).map(Key::name).collect();
                Err(KeyError::several(names).into())
            }
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

    fn name(&self) -> String {
        match self.label.as_str() {
            "" => format!("id {}", to_hex(&self.id)),
            label => printable(label),
        }
    }

    /// The key's own certificate among those that were given and those on the token.
    ///
    /// An RSA key shows its modulus, other keys their public half beside them; where a token keeps neither, the id
    /// that a certificate on it shares with the key tells, and then the one certificate that was given first. A wrong
    /// one is noticed at the first value, which does not verify.
    pub(super) fn certificate(
        &self,
        session: &Session,
        given: &[Certificate],
        there: &[TokenCertificate],
        limits: &Limits,
    ) -> Result<Certificate> {
        let mut all = given.iter().chain(there.iter().map(|found| &found.certificate));
        let no_certificate = || KeyError::new(ErrorCode::KeyCertificate).into();
        if let Some(modulus) = &self.modulus {
            let modulus = without_zeros(modulus);
            let is_own = |key: &PublicKey| key.rsa_parts().is_some_and(|(_, own, _)| without_zeros(own) == modulus);
            return all.find(|certificate| is_own(certificate.key())).cloned().ok_or_else(no_certificate);
        }
        if let Some(point) = self.point(session, limits)? {
            let is_own = |key: &PublicKey| key.point().is_some_and(|own| own == point);
            return all.find(|certificate| is_own(certificate.key())).cloned().ok_or_else(no_certificate);
        }
        let by_id = there.iter().find(|found| !self.id.is_empty() && found.id == self.id);
        let own = by_id.map(|found| &found.certificate).or(given.first());
        // What is known not to be RSA can't have an RSA certificate, and so on: only keys that hide all come here.
        own.filter(|own| own.key().kind() != KeyKind::Other).cloned().ok_or_else(no_certificate)
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
