//! Signature values on their way in: lines with id, or a service's array in the order of the digests.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use eseal::error::{Limit, Malformed};
use eseal::json::{self, not, read_line};
use eseal::{DigestAlgorithm, Error, ErrorCode, Limits, Result, SignatureValue};
use serde::Deserialize;

use super::list::{List, without_mark};
use super::{Outcome, Stop};

/// A value and whose it is, or what was wrong with its line.
#[derive(Debug)]
pub(crate) struct Value {
    /// The id, or the line where there is none.
    pub(crate) id: String,
    pub(crate) value: Result<SignatureValue>,
}

#[derive(Debug, Deserialize)]
struct Line {
    id: String,
    signature: String,
    encoding: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Array {
    signatures: Vec<String>,
}

#[derive(Debug, Deserialize)]
struct OrderLine {
    id: Option<String>,
    error: Option<serde::de::IgnoredAny>,
    skipped: Option<serde::de::IgnoredAny>,
}

type Values = Box<dyn Iterator<Item = Value> + Send>;

/// The values of `path`, as they come; the same value twice comes once.
pub(crate) fn read(path: &Path, order: Option<&Path>, limits: &Limits, cancel: &Arc<AtomicBool>) -> Outcome<Values> {
    let values: Values = match order {
        Some(order) => Box::new(in_order(path, order, limits, cancel)?.into_iter()),
        None => Box::new(List::open(path, b'\n', limits, cancel)?.map(|(n, line)| one(n, line))),
    };
    let mut seen = BTreeMap::new();
    Ok(Box::new(values.filter_map(move |value| once(value, &mut seen))))
}

fn one(n: usize, line: Result<Vec<u8>>) -> Value {
    let fault = |error: Error| Value { id: format!("line {n}"), value: Err(error) };
    let line = match line.and_then(|line| Ok(read_line::<Line>(&line, ErrorCode::ValuesMalformed)?)) {
        Ok(line) => line,
        Err(error) => return fault(error),
    };
    let value = value("signature", &line.signature, line.encoding.as_deref());
    Value { id: line.id, value }
}

fn value(path: &str, text: &str, encoding: Option<&str>) -> Result<SignatureValue> {
    // Services wrap lines and leave padding out; which bytes are meant is clear all the same.
    let text: String = text.chars().filter(|c| !c.is_ascii_whitespace()).collect();
    let bytes = BASE64.decode(text).map_err(|_| not(ErrorCode::ValuesMalformed, path, "base64"))?;
    match encoding {
        None => Ok(SignatureValue::undeclared(bytes)),
        Some("rsa") => Ok(SignatureValue::rsa(bytes)),
        Some("ecdsa-der") => Ok(SignatureValue::ecdsa_der(bytes)),
        Some("ecdsa-fixed") => Ok(SignatureValue::ecdsa_fixed(bytes)),
        Some("eddsa") => Ok(SignatureValue::eddsa(bytes)),
        Some(_) => {
            let known = "one of rsa, ecdsa-der, ecdsa-fixed, eddsa";
            Err(not(ErrorCode::ValuesMalformed, "encoding", known).into())
        }
    }
}

/// `{"signatures":[…]}` with an id for each from the lines of `prepare --json`.
fn in_order(path: &Path, order: &Path, limits: &Limits, cancel: &Arc<AtomicBool>) -> Outcome<Vec<Value>> {
    let about = |path: &Path| Stop::about(path.display().to_string());
    let mut ids = Vec::new();
    for (n, line) in List::open(order, b'\n', limits, cancel)? {
        let about = || Stop::about(format!("{}, line {n}", order.display()));
        let line = line.and_then(|line| Ok(read_line::<OrderLine>(&line, ErrorCode::ValuesMalformed)?));
        let line = line.map_err(about())?;
        // What failed or was left out had no digest to sign.
        if line.error.is_none() && line.skipped.is_none() {
            let id = line.id.ok_or_else(|| not(ErrorCode::ValuesMalformed, "id", "there").into());
            ids.push(id.map_err(about())?);
        }
    }
    let text = whole(path, limits.line_bytes).map_err(about(path))?;
    let array = json::read::<Array>(without_mark(&text), ErrorCode::ValuesMalformed);
    let array = array.map_err(|fault| about(path)(fault.into()))?;
    if array.signatures.len() != ids.len() {
        let counts = format!("{} signatures for {} digests", array.signatures.len(), ids.len());
        return Err(Stop::Usage(format!("{}: {counts} in {}", path.display(), order.display())));
    }
    let pairs = ids.into_iter().zip(array.signatures).enumerate();
    Ok(pairs.map(|(n, (id, text))| Value { id, value: value(&format!("signatures[{n}]"), &text, None) }).collect())
}

fn whole(path: &Path, limit: u64) -> Result<Vec<u8>> {
    if path.as_os_str() != "-" {
        return eseal::system::read_bounded(path, "line_bytes", limit);
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().take(limit.saturating_add(1)).read_to_end(&mut bytes)?;
    let found = u64::try_from(bytes.len()).unwrap_or(u64::MAX);
    if found > limit { Err(Limit::new("line_bytes", limit, found).into()) } else { Ok(bytes) }
}

/// Drops the same value for the same id; another one is `values.twice`.
fn once(value: Value, seen: &mut BTreeMap<String, [u8; 32]>) -> Option<Value> {
    let Ok(bytes) = value.value.as_ref().map(SignatureValue::as_bytes) else { return Some(value) };
    let digest = DigestAlgorithm::Sha256.digest(bytes);
    let digest = digest.as_bytes().first_chunk::<32>().copied().unwrap_or_default();
    match seen.insert(value.id.clone(), digest) {
        None => Some(value),
        Some(earlier) if earlier == digest => None,
        Some(earlier) => {
            seen.insert(value.id.clone(), earlier);
            Some(Value { value: Err(twice()), ..value })
        }
    }
}

/// `values.twice`.
pub(crate) fn twice() -> Error {
    Malformed::new(ErrorCode::ValuesTwice).into()
}

const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

#[cfg(test)]
mod tests {
    use super::*;

    fn codes(text: &[&str]) -> Vec<(String, Option<ErrorCode>)> {
        let mut seen = BTreeMap::new();
        let lines = text.iter().enumerate().map(|(n, line)| one(n + 1, Ok(line.as_bytes().to_vec())));
        lines.filter_map(|v| once(v, &mut seen)).map(|v| (v.id, v.value.err().map(|e| e.code()))).collect()
    }

    #[test]
    fn the_same_value_twice_is_one_and_another_is_refused() {
        let (a, b) = (r#"{"id":"1","signature":"AAAA"}"#, r#"{"id":"1","signature":"AAAB"}"#);
        assert_eq!(codes(&[a, a]), [("1".into(), None)]);
        assert_eq!(codes(&[a, b, a]), [("1".into(), None), ("1".into(), Some(ErrorCode::ValuesTwice))]);
    }

    #[test]
    fn what_is_no_value_is_said_with_its_line() {
        for line in ["", "{}", r#"{"id":"1"}"#, r#"{"id":1,"signature":""}"#] {
            assert_eq!(codes(&[line]), [("line 1".into(), Some(ErrorCode::ValuesMalformed))]);
        }
        for line in [r#"{"id":"1","signature":"*"}"#, r#"{"id":"1","signature":"AAAA","encoding":"hex"}"#] {
            assert_eq!(codes(&[line]), [("1".into(), Some(ErrorCode::ValuesMalformed))]);
        }
    }

    #[test]
    fn base64_may_be_wrapped_and_without_padding() {
        for text in ["AAEC/w==", "AAEC/w", "AAEC\r\n/w==\n"] {
            assert_eq!(value("", text, None).unwrap().as_bytes(), [0, 1, 2, 255]);
        }
        assert!(value("", "AAEC_w==", None).is_err());
    }
}
