//! Reading and writing JSON of the service: bounds, the wrapper, and values that come in more than one form.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::{DeserializeOwned, IgnoredAny, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize};

use crate::digest::{Digest, DigestAlgorithm};
use crate::error::{Error, ErrorCode, Limit, Refusal, Result};
use crate::json;
use crate::limits::Limits;
use crate::pki::Certificate;
use crate::secret::Secret;
use crate::source::to_u64;

/// What everything is wrapped in.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wrapped<T> {
    data: T,
}

/// Reads `T`, wrapped in `data` or not.
pub(super) fn read<T: DeserializeOwned>(bytes: &[u8], limits: &Limits) -> Result<T> {
    if to_u64(bytes.len()) > limits.line_bytes {
        return Err(Limit::new("line_bytes", limits.line_bytes, to_u64(bytes.len())).into());
    }
    // Editors of Windows put a mark before what they write.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let code = ErrorCode::LvrtcRequest;
    let value = match is_wrapped(bytes) {
        true => json::read::<Wrapped<T>>(bytes, code).map(|wrapped| wrapped.data),
        false => json::read::<T>(bytes, code).map_err(|fault| {
            // What is wrong is then said of the whole: what stands beside the wrapper, too.
            let in_wrapper = json::has_name(bytes, "data").then(|| json::read::<Wrapped<T>>(bytes, code).err());
            in_wrapper.flatten().unwrap_or(fault)
        }),
    };
    value.map_err(Error::from)
}

/// Writes `value`, wrapped in `data`.
pub(super) fn write(value: &impl Serialize) -> String {
    // There is nothing in these values that JSON can't say.
    serde_json::to_string(&Wrapped { data: value }).unwrap_or_default()
}

/// Makes sure that a list is neither empty nor longer than the limit.
pub(super) fn check_rows(rows: usize, empty: &'static str, limits: &Limits) -> Result<()> {
    match to_u64(rows) {
        0 => Err(refused(empty)),
        found if found > limits.wire_rows => Err(Limit::new("wire_rows", limits.wire_rows, found).into()),
        _ => Ok(()),
    }
}

/// A value that must be there.
pub(super) fn required<T>(value: Option<T>, missing: &'static str) -> Result<T> {
    value.ok_or_else(|| refused(missing))
}

/// One certificate in base64, with line breaks or without, or in PEM.
pub(super) fn certificate(text: &str, limits: &Limits) -> Result<Certificate> {
    // Base64 in lines is at most half as long again.
    let (most, found) = (limits.certificate_bytes.saturating_mul(2), to_u64(text.len()));
    if found > most {
        return Err(Limit::new("certificate_bytes", limits.certificate_bytes, found).into());
    }
    let mut all = Certificate::parse_all(text.as_bytes())?.into_iter();
    match (all.next(), all.next()) {
        (Some(certificate), None) => Ok(certificate),
        _ => Err(refused("one certificate is wanted, there are several")),
    }
}

/// The certificate as the service writes it.
pub(super) fn certificate_text(certificate: &Certificate) -> String {
    STANDARD.encode(certificate.as_der())
}

/// The digest of the file `index`, as the service takes it: SHA-256 alone.
pub(super) fn file_digest(index: usize, text: &str, algorithm: Option<&str>) -> Result<Digest> {
    let not = |name: &str, wanted: &str| not(format!("files[{index}].{name}"), wanted);
    let is_known =
        algorithm.is_none_or(|name| DigestAlgorithm::from_name(name).is_ok_and(|it| it == DigestAlgorithm::Sha256));
    if !is_known {
        return Err(not("digest_algorithm", "SHA256"));
    }
    let bytes = STANDARD.decode(text).map_err(|_| not("digest", "base64"))?;
    Digest::new(DigestAlgorithm::Sha256, &bytes).map_err(|_| not("digest", "the 32 bytes of SHA-256"))
}

/// The name of an algorithm as the service writes it, such as `SHA256`.
pub(super) fn algorithm_name(algorithm: DigestAlgorithm) -> String {
    algorithm.name().replace('-', "")
}

/// `lvrtc.request`, in words.
pub(super) fn refused(detail: &'static str) -> Error {
    Refusal::new(ErrorCode::LvrtcRequest).detail(detail).into()
}

/// `lvrtc.request`, about the value that `path` names.
pub(super) fn not(path: impl Into<String>, wanted: &str) -> Error {
    json::not(ErrorCode::LvrtcRequest, path, wanted).into()
}

/// True or false, also as text or left out.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Flag(pub(super) bool);

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl Visitor<'_> for Seen {
            type Value = Flag;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("true or false")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Flag, E> {
                Ok(Flag(value))
            }
            fn visit_unit<E>(self) -> Result<Flag, E> {
                Ok(Flag(false))
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Flag, E> {
                match text {
                    _ if text.eq_ignore_ascii_case("true") => Ok(Flag(true)),
                    _ if text.eq_ignore_ascii_case("false") => Ok(Flag(false)),
                    _ => Err(E::invalid_value(Unexpected::Other("text"), &self)),
                }
            }
        }
        deserializer.deserialize_any(Seen)
    }
}

/// A number from 0, also as text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Index(pub(super) u32);

impl<'de> Deserialize<'de> for Index {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl Visitor<'_> for Seen {
            type Value = Index;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a whole number from 0")
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Index, E> {
                u32::try_from(number).map(Index).map_err(|_| E::invalid_value(Unexpected::Unsigned(number), &self))
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Index, E> {
                // A sign is none of the digits.
                let number = Some(text).filter(|text| text.bytes().all(|c| c.is_ascii_digit()));
                let number = number.and_then(|text| text.parse().ok());
                number.map(Index).ok_or_else(|| E::invalid_value(Unexpected::Other("text"), &self))
            }
        }
        deserializer.deserialize_any(Seen)
    }
}

/// A text that is a secret: not one copy more than there has to be.
#[derive(Debug, Clone)]
pub(super) struct SecretText(pub(super) Secret);

impl<'de> Deserialize<'de> for SecretText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Seen;
        impl Visitor<'_> for Seen {
            type Value = SecretText;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("text")
            }
            fn visit_str<E>(self, text: &str) -> Result<SecretText, E> {
                Ok(SecretText(Secret::new(text.as_bytes().to_vec())))
            }
        }
        deserializer.deserialize_str(Seen)
    }
}

/// Whether there is nothing but the wrapper.
fn is_wrapped(bytes: &[u8]) -> bool {
    let is_object = bytes.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'{');
    is_object && serde_json::from_slice::<Wrapped<IgnoredAny>>(bytes).is_ok()
}
