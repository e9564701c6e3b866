//! Whether two names are the same (RFC 5280, 7.1), and whether one lies below the other.

use unicode_normalization::UnicodeNormalization as _;

use super::string;
use crate::der::{self, Reader};
use crate::error::{ErrorCode, Result};

/// Whether two Names are equal: the same parts in the same order, strings without regard to their type, to case
/// and to blanks. What can't be read equals only its very bytes.
pub(crate) fn same_name(a: &[u8], b: &[u8]) -> bool {
    a == b || NameKey::of(a) == NameKey::of(b)
}

/// What equal names have in common: for looking them up.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct NameKey(Result<Vec<Part>, Vec<u8>>);

impl NameKey {
    /// The key of a Name.
    pub(crate) fn of(name: &[u8]) -> Self {
        NameKey(parts(name).map_err(|_| name.to_vec()))
    }
}

/// Whether the Name `name` begins with all parts of `base`.
pub(crate) fn is_below(name: &[u8], base: &[u8]) -> Result<bool> {
    let (name, base) = (parts(name)?, parts(base)?);
    Ok(name.starts_with(&base))
}

/// A part of a Name: its attributes, sorted, for a SET has no order.
type Part = Vec<(Vec<u8>, Value)>;

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Value {
    Text(String),
    Other(Vec<u8>),
}

fn parts(name: &[u8]) -> Result<Vec<Part>> {
    let mut outer = Reader::der(name, ErrorCode::CertificateMalformed);
    let mut reader = outer.sequence()?;
    outer.end()?;
    let mut parts = Vec::new();
    while !reader.is_empty() {
        let mut set = reader.read(der::SET)?.reader()?;
        let mut part = Part::new();
        while !set.is_empty() {
            let mut attribute = set.sequence()?;
            let kind = attribute.read(der::OID)?.content().to_vec();
            let value = attribute.element()?;
            attribute.end()?;
            part.push((kind, string(&value).map_or_else(|| Value::Other(value.raw().to_vec()), prepared)));
        }
        part.sort();
        parts.push(part);
    }
    Ok(parts)
}

/// The string preparation of RFC 4518: compatible characters, no case, one blank between words.
fn prepared(text: String) -> Value {
    let is_ascii = text.is_ascii();
    let folded: String = if is_ascii {
        text.to_ascii_lowercase()
    } else {
        text.nfkc().collect::<String>().to_uppercase().to_lowercase()
    };
    // The soft hyphen and its like are mapped to nothing.
    let words: Vec<String> = folded
        .split(|c: char| c.is_whitespace() || (is_ascii && c.is_ascii_control()))
        .map(|word| word.chars().filter(|c| !matches!(c, '\u{ad}' | '\u{200b}' | '\u{2060}' | '\u{feff}')).collect())
        .filter(|word: &String| !word.is_empty())
        .collect();
    let joined = words.join(" ");
    Value::Text(if is_ascii { joined } else { joined.nfkc().collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    const UTF8: u8 = 0x0c;
    const PRINTABLE: u8 = 0x13;

    fn name(parts: &[&[(u8, u8, &str)]]) -> Vec<u8> {
        let attribute = |(kind, tag, text): &(u8, u8, &str)| {
            der::sequence(&[&der::tlv(der::OID, &[&[0x55, 4, *kind]]), &der::tlv(*tag, &[text.as_bytes()])])
        };
        let set =
            |part: &&[(u8, u8, &str)]| der::tlv(der::SET, &[&part.iter().flat_map(attribute).collect::<Vec<_>>()]);
        der::sequence(&[&parts.iter().flat_map(set).collect::<Vec<_>>()])
    }

    #[test]
    fn strings_are_compared_without_case_blanks_and_type() {
        let one = name(&[&[(6, PRINTABLE, "LV")], &[(3, PRINTABLE, "Test  CA")]]);
        assert!(same_name(&one, &name(&[&[(6, PRINTABLE, "lv")], &[(3, UTF8, " TEST ca ")]])));
        assert!(same_name(
            &name(&[&[(3, UTF8, "ŽĪGURS \u{fb01}n")]]),
            &name(&[&[(3, UTF8, "zi\u{304}gurs fin".replace('z', "ž").as_str())]])
        ));
        for other in [
            name(&[&[(3, PRINTABLE, "Test  CA")], &[(6, PRINTABLE, "LV")]]),
            name(&[&[(6, PRINTABLE, "LV"), (3, PRINTABLE, "Test  CA")]]),
            name(&[&[(6, PRINTABLE, "LV")], &[(3, PRINTABLE, "TestCA")]]),
            name(&[&[(6, PRINTABLE, "LV")], &[(4, PRINTABLE, "Test CA")]]),
            name(&[&[(6, PRINTABLE, "LV")]]),
        ] {
            assert!(!same_name(&one, &other));
        }
        let pair = [(3, UTF8, "a"), (4, UTF8, "b")];
        assert!(same_name(&name(&[&pair]), &name(&[&[pair[1], pair[0]]])), "a SET has no order");
    }

    #[test]
    fn what_is_no_name_equals_itself_alone() {
        assert!(same_name(&[0x30, 1], &[0x30, 1]));
        assert!(!same_name(&[0x30, 1], &[0x30, 2]));
    }

    #[test]
    fn a_name_lies_below_its_beginning() {
        let base = name(&[&[(6, PRINTABLE, "LV")], &[(10, PRINTABLE, "Firm")]]);
        let below = name(&[&[(6, PRINTABLE, "LV")], &[(10, UTF8, "firm")], &[(3, UTF8, "x")]]);
        assert!(is_below(&below, &base).unwrap() && is_below(&base, &base).unwrap());
        assert!(!is_below(&base, &below).unwrap() && is_below(&base, &[0x30, 0]).unwrap());
    }
}
