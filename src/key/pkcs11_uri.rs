//! PKCS#11 URIs (RFC 7512): text in, what it names out.
//!
//! Decided here: which attributes count, and that a PIN never stands in a URI.

use std::path::{Path, PathBuf};

use crate::error::{ErrorCode, Limit, Malformed, Result};
use crate::limits::Limits;
use crate::source::to_u64;

/// Which token, which key on it, and through which module.
///
/// What a URI leaves out fits everything.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pkcs11Uri {
    pub(super) token: Option<String>,
    pub(super) manufacturer: Option<String>,
    pub(super) model: Option<String>,
    pub(super) serial: Option<String>,
    pub(super) slot_id: Option<u64>,
    pub(super) slot_manufacturer: Option<String>,
    pub(super) slot_description: Option<String>,
    pub(super) object: Option<String>,
    pub(super) id: Option<Vec<u8>>,
    module_path: Option<PathBuf>,
    module_name: Option<String>,
    pin_file: Option<PathBuf>,
}

impl Pkcs11Uri {
    /// Whether `text` begins as such a URI does.
    #[must_use]
    pub fn is_one(text: &str) -> bool {
        text.get(..SCHEME.len()).is_some_and(|scheme| scheme.eq_ignore_ascii_case(SCHEME))
    }

    /// Reads a URI.
    ///
    /// Known are token, manufacturer, model, serial, slot-id, slot-manufacturer, slot-description, object, id and
    /// type (private or cert: the certificate stands for its key), and module-path, module-name and pin-source with a
    /// file. Any other attribute is refused: leaving one out could mean another key.
    ///
    /// # Errors
    /// [`Error::Malformed`](crate::Error::Malformed): `key.uri` with the offset of what is wrong, `key.uri-pin` for
    /// `pin-value`; [`Error::LimitExceeded`](crate::Error::LimitExceeded).
    pub fn parse(text: &str, limits: &Limits) -> Result<Pkcs11Uri> {
        if to_u64(text.len()) > limits.pkcs11_uri_bytes {
            return Err(Limit::new("pkcs11_uri_bytes", limits.pkcs11_uri_bytes, to_u64(text.len())).into());
        }
        let rest = text.get(SCHEME.len()..).filter(|_| Pkcs11Uri::is_one(text)).ok_or_else(|| fault(0))?;
        let (path, query) = rest.split_once('?').map_or((rest, None), |(path, query)| (path, Some(query)));
        let mut uri = Pkcs11Uri::default();
        let mut seen = Vec::new();
        let after_path = SCHEME.len() + path.len() + 1;
        let attributes = split(path, ';', SCHEME.len()).map(|at| (Part::Path, at));
        for (part, (offset, attribute)) in attributes.chain(split_all(query, after_path)) {
            let (name, value) = attribute.split_once('=').ok_or_else(|| fault(offset))?;
            if seen.contains(&name) {
                return Err(fault(offset));
            }
            seen.push(name);
            uri.take(part, name, &Value { text: value, offset: offset + name.len() + 1, part }, offset)?;
        }
        Ok(uri)
    }

    /// The module's file, where the URI names one.
    #[must_use]
    pub fn module(&self) -> Option<PathBuf> {
        let named = || self.module_name.as_ref().map(|name| PathBuf::from(format!("lib{name}.so")));
        self.module_path.clone().or_else(named)
    }

    /// The file with the PIN, where the URI names one.
    #[must_use]
    pub fn pin_file(&self) -> Option<&Path> {
        self.pin_file.as_deref()
    }

    fn take(&mut self, part: Part, name: &str, value: &Value<'_>, offset: usize) -> Result<()> {
        match (part, name) {
            (Part::Path, "token") => self.token = Some(value.text()?),
            (Part::Path, "manufacturer") => self.manufacturer = Some(value.text()?),
            (Part::Path, "model") => self.model = Some(value.text()?),
            (Part::Path, "serial") => self.serial = Some(value.text()?),
            (Part::Path, "slot-manufacturer") => self.slot_manufacturer = Some(value.text()?),
            (Part::Path, "slot-description") => self.slot_description = Some(value.text()?),
            (Part::Path, "slot-id") => {
                let is_number = !value.text.is_empty() && value.text.bytes().all(|digit| digit.is_ascii_digit());
                let number = value.text.parse().ok().filter(|_| is_number);
                self.slot_id = Some(number.ok_or_else(|| fault(value.offset))?);
            }
            (Part::Path, "object") => self.object = Some(value.text()?),
            (Part::Path, "id") => self.id = Some(value.bytes()?),
            (Part::Path, "type") => {
                if !["private", "cert"].contains(&value.text()?.as_str()) {
                    return Err(fault(value.offset));
                }
            }
            (Part::Query, "module-path") => self.module_path = Some(value.path(value.text()?)?),
            (Part::Query, "module-name") => {
                let name = value.text()?;
                if name.is_empty() || name.contains(['/', '\\', '\0']) {
                    return Err(fault(value.offset));
                }
                self.module_name = Some(name);
            }
            (Part::Query, "pin-source") => {
                let text = value.text()?;
                let path = text.strip_prefix("file:").unwrap_or(&text);
                self.pin_file = Some(value.path(path.strip_prefix("//").unwrap_or(path).to_owned())?);
            }
            (Part::Query, "pin-value") => {
                return Err(Malformed::at(ErrorCode::KeyUriPin, to_u64(offset)).into());
            }
            _ => return Err(fault(offset)),
        }
        Ok(())
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    Path,
    Query,
}

/// A value as it stands in the URI.
struct Value<'a> {
    text: &'a str,
    offset: usize,
    part: Part,
}

impl Value<'_> {
    /// The bytes that stand there, `%41` for `A`.
    fn bytes(&self) -> Result<Vec<u8>> {
        let mut out = Vec::with_capacity(self.text.len());
        let mut rest = self.text.as_bytes();
        let mut at = self.offset;
        while let Some((first, after)) = rest.split_first() {
            let (byte, length) = match (first, after.split_at_checked(2)) {
                (b'%', Some((digits, _))) => (hex(digits).ok_or_else(|| fault(at))?, 3),
                (b'%', None) => return Err(fault(at)),
                (plain, _) if self.is_plain(*plain) => (*plain, 1),
                _ => return Err(fault(at)),
            };
            out.push(byte);
            at += length;
            rest = rest.get(length..).unwrap_or_default();
        }
        Ok(out)
    }

    fn text(&self) -> Result<String> {
        String::from_utf8(self.bytes()?).map_err(|_| fault(self.offset))
    }

    /// A path from the root: what is relative would be another file in another folder.
    fn path(&self, text: String) -> Result<PathBuf> {
        let is_absolute = text.starts_with('/') && !text.contains('\0');
        if is_absolute { Ok(PathBuf::from(text)) } else { Err(fault(self.offset)) }
    }

    /// `pk11-path-res-avail`, `pk11-query-res-avail` and the unreserved characters.
    fn is_plain(&self, byte: u8) -> bool {
        let always = byte.is_ascii_alphanumeric() || b"-._~:[]@!$'()*+,=".contains(&byte);
        always || byte == b'&' && self.part == Part::Path || b"/?|".contains(&byte) && self.part == Part::Query
    }
}

fn hex(digits: &[u8]) -> Option<u8> {
    let is_hex = digits.iter().all(u8::is_ascii_hexdigit);
    std::str::from_utf8(digits).ok().filter(|_| is_hex).and_then(|digits| u8::from_str_radix(digits, 16).ok())
}

/// The parts of `text` between separators, with their offsets; none of an empty text.
fn split(text: &str, separator: char, start: usize) -> impl Iterator<Item = (usize, &str)> {
    let mut offset = start;
    let parts = text.split(separator).map(move |part| {
        let at = offset;
        offset += part.len() + 1;
        (at, part)
    });
    parts.filter(move |_| !text.is_empty())
}

fn split_all(query: Option<&str>, start: usize) -> impl Iterator<Item = (Part, (usize, &str))> {
    query.into_iter().flat_map(move |query| split(query, '&', start)).map(|at| (Part::Query, at))
}

fn fault(offset: usize) -> crate::Error {
    Malformed::at(ErrorCode::KeyUri, to_u64(offset)).into()
}

const SCHEME: &str = "pkcs11:";

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Pkcs11Uri> {
        Pkcs11Uri::parse(text, &Limits::default())
    }

    #[test]
    fn reads_what_tools_print() {
        let uri = parse(
            "pkcs11:model=SoftHSM%20v2;manufacturer=SoftHSM%20project;serial=16a6c1;token=The%20house;id=%01%A2;object=seal;type=private\
             ?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:/run/pin",
        )
        .unwrap();
        let expected = Pkcs11Uri {
            token: Some("The house".into()),
            manufacturer: Some("SoftHSM project".into()),
            model: Some("SoftHSM v2".into()),
            serial: Some("16a6c1".into()),
            object: Some("seal".into()),
            id: Some(vec![1, 0xa2]),
            module_path: Some("/usr/lib/softhsm/libsofthsm2.so".into()),
            pin_file: Some("/run/pin".into()),
            ..Pkcs11Uri::default()
        };
        assert_eq!(uri, expected);
        assert_eq!(uri.module().unwrap(), Path::new("/usr/lib/softhsm/libsofthsm2.so"));
        assert_eq!(parse("PKCS11:?").unwrap(), Pkcs11Uri::default());
        assert_eq!(parse("pkcs11:slot-id=12;token=a&b").unwrap().slot_id, Some(12));
        assert_eq!(parse("pkcs11:?module-name=softhsm2").unwrap().module().unwrap(), Path::new("libsofthsm2.so"));
        for source in ["file:///run/pin", "file:/run/pin", "/run/pin"] {
            let uri = parse(&format!("pkcs11:?pin-source={source}")).unwrap();
            assert_eq!(uri.pin_file(), Some(Path::new("/run/pin")));
        }
    }

    #[test]
    fn refuses_the_rest_and_says_where() {
        for (text, offset) in [
            ("", 0),
            ("pkcs12:", 0),
            ("key.pem", 0),
            ("pkcs11:token", 7),
            ("pkcs11:token=a;", 15),
            ("pkcs11:;", 7),
            ("pkcs11:token=a;token=b", 15),
            ("pkcs11:token=a b", 14),
            ("pkcs11:token=%4", 13),
            ("pkcs11:token=a%zz", 14),
            ("pkcs11:token=%+1", 13),
            ("pkcs11:token=%ff", 13),
            ("pkcs11:token=ā", 13),
            ("pkcs11:colour=red", 7),
            ("pkcs11:type=public", 12),
            ("pkcs11:slot-id=+1", 15),
            ("pkcs11:slot-id=", 15),
            ("pkcs11:slot-id=99999999999999999999", 15),
            ("pkcs11:pin-source=/run/pin", 7),
            ("pkcs11:?token=a", 8),
            ("pkcs11:?pin-source=|/bin/echo", 19),
            ("pkcs11:?pin-source=pin", 19),
            ("pkcs11:?module-path=m.so", 20),
            ("pkcs11:?module-name=../m", 20),
            ("pkcs11:?module-name=", 20),
            ("pkcs11:?module-path=/a%00b", 20),
        ] {
            let error = parse(text).unwrap_err();
            assert_eq!((error.code(), error.offset()), (ErrorCode::KeyUri, Some(offset)), "{text}");
        }
        let long = format!("pkcs11:token={}", "a".repeat(4096));
        assert_eq!(parse(&long).unwrap_err().code(), ErrorCode::LimitExceeded);
    }

    #[test]
    fn a_pin_in_a_uri_is_refused_and_not_repeated() {
        let error = parse("pkcs11:token=a?pin-value=1234").unwrap_err();
        assert_eq!(error.code(), ErrorCode::KeyUriPin);
        assert!(!format!("{error} {error:?}").contains("1234"));
    }
}
