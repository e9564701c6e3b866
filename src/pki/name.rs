//! Distinguished names: as text (RFC 4514), and compared (RFC 5280, 7.1).

use std::fmt::Write as _;

mod compare;

use crate::der::{self, Element, Reader, oid_text};
use crate::digest::to_hex;
use crate::error::{ErrorCode, Result};

pub(crate) use compare::{NameKey, is_below, same_name};

/// The text of a Name, the last part of the DER first.
pub(super) fn name_text(name: &[u8]) -> Result<String> {
    let mut parts = Vec::new();
    let mut reader = Reader::der(name, ErrorCode::CertificateMalformed).sequence()?;
    while !reader.is_empty() {
        let mut set = reader.read(der::SET)?.reader()?;
        let mut values = Vec::new();
        while !set.is_empty() {
            let mut attribute = set.sequence()?;
            let kind = attribute.read(der::OID)?.content();
            let value = attribute.element()?;
            attribute.end()?;
            values.push(attribute_text(kind, &value));
        }
        parts.push(values.join("+"));
    }
    parts.reverse();
    Ok(parts.join(","))
}

/// The strings of all attributes of `kind` in a Name.
pub(super) fn attribute_values(name: &[u8], kind: &[u8]) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let mut reader = Reader::der(name, ErrorCode::CertificateMalformed).sequence()?;
    while !reader.is_empty() {
        let mut set = reader.read(der::SET)?.reader()?;
        while !set.is_empty() {
            let mut attribute = set.sequence()?;
            if attribute.read(der::OID)?.content() == kind {
                found.extend(string(&attribute.element()?));
            }
        }
    }
    Ok(found)
}

fn attribute_text(kind: &[u8], value: &Element<'_>) -> String {
    match (short_name(kind), string(value)) {
        (Some(name), Some(text)) => format!("{name}={}", escape(&text)),
        (Some(name), None) => format!("{name}=#{}", to_hex(value.raw())),
        // RFC 4514, 2.4: a type that is known by its numbers has its value as DER.
        (None, _) => format!("{}=#{}", oid_text(kind), to_hex(value.raw())),
    }
}

fn string(value: &Element<'_>) -> Option<String> {
    let bytes = value.content();
    match value.tag() {
        UTF8_STRING | NUMERIC_STRING | PRINTABLE_STRING | IA5_STRING | VISIBLE_STRING => {
            String::from_utf8(bytes.to_vec()).ok()
        }
        // In practice Latin-1, whatever the standard says.
        TELETEX_STRING => Some(bytes.iter().copied().map(char::from).collect()),
        BMP_STRING => {
            let (units, []) = bytes.as_chunks::<2>() else { return None };
            let units: Vec<u16> = units.iter().copied().map(u16::from_be_bytes).collect();
            String::from_utf16(&units).ok()
        }
        UNIVERSAL_STRING => {
            let (units, []) = bytes.as_chunks::<4>() else { return None };
            units.iter().copied().map(|unit| char::from_u32(u32::from_be_bytes(unit))).collect()
        }
        _ => None,
    }
}

fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let last = text.chars().count().saturating_sub(1);
    for (at, c) in text.chars().enumerate() {
        match c {
            '"' | '+' | ',' | ';' | '<' | '>' | '\\' => out.extend(['\\', c]),
            '#' if at == 0 => out.extend(['\\', c]),
            ' ' if at == 0 || at == last => out.extend(['\\', c]),
            // Also what would steer a terminal, or turn the reading direction.
            c if c.is_control()
                || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}') =>
            {
                let mut utf8 = [0; 4];
                for b in c.encode_utf8(&mut utf8).bytes() {
                    // Writing to a String never fails.
                    let _ = write!(out, "\\{b:02X}");
                }
            }
            c => out.push(c),
        }
    }
    out
}

fn short_name(kind: &[u8]) -> Option<&'static str> {
    Some(match kind {
        [0x55, 4, 3] => "CN",
        [0x55, 4, 4] => "SN",
        [0x55, 4, 5] => "serialNumber",
        [0x55, 4, 6] => "C",
        [0x55, 4, 7] => "L",
        [0x55, 4, 8] => "ST",
        [0x55, 4, 9] => "STREET",
        [0x55, 4, 10] => "O",
        [0x55, 4, 11] => "OU",
        [0x55, 4, 12] => "title",
        [0x55, 4, 42] => "GN",
        [0x55, 4, 97] => "organizationIdentifier",
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x01" => "emailAddress",
        b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x01" => "UID",
        b"\x09\x92\x26\x89\x93\xf2\x2c\x64\x01\x19" => "DC",
        _ => return None,
    })
}

const UTF8_STRING: u8 = 0x0c;
const NUMERIC_STRING: u8 = 0x12;
const PRINTABLE_STRING: u8 = 0x13;
const TELETEX_STRING: u8 = 0x14;
const IA5_STRING: u8 = 0x16;
const VISIBLE_STRING: u8 = 0x1a;
const UNIVERSAL_STRING: u8 = 0x1c;
const BMP_STRING: u8 = 0x1e;

#[cfg(test)]
mod tests {
    use super::*;

    type Attribute<'a> = (&'a [u8], u8, &'a [u8]);

    fn name(parts: &[&[Attribute<'_>]]) -> Vec<u8> {
        let attribute = |(kind, tag, value): &Attribute<'_>| {
            der::sequence(&[&der::tlv(der::OID, &[kind]), &der::tlv(*tag, &[value])])
        };
        let set = |part: &&[Attribute<'_>]| der::tlv(der::SET, &[&part.iter().flat_map(attribute).collect::<Vec<_>>()]);
        der::sequence(&[&parts.iter().flat_map(set).collect::<Vec<_>>()])
    }

    #[test]
    fn special_characters_are_escaped() {
        let cn: &[u8] = &[0x55, 4, 3];
        let text = |value: &str| name_text(&name(&[&[(cn, UTF8_STRING, value.as_bytes())]])).unwrap();
        assert_eq!(text("SIA \"A, B\" + C;<D>\\"), "CN=SIA \\\"A\\, B\\\" \\+ C\\;\\<D\\>\\\\");
        assert_eq!(text(" #x "), "CN=\\ #x\\ ");
        assert_eq!(text("#x"), "CN=\\#x");
        assert_eq!(text("a\u{1b}[2J\u{202e}"), "CN=a\\1B[2J\\E2\\80\\AE");
        assert_eq!(text("Jānis"), "CN=Jānis");
    }

    #[test]
    fn order_is_reversed_and_unknown_types_are_hexadecimal() {
        let (cn, c): (&[u8], &[u8]) = (&[0x55, 4, 3], &[0x55, 4, 6]);
        let other: &[u8] = &[0x55, 4, 13];
        let bytes =
            name(&[&[(c, PRINTABLE_STRING, b"LV")], &[(cn, BMP_STRING, &[0, 0x41]), (other, UTF8_STRING, b"d")]]);
        assert_eq!(name_text(&bytes).unwrap(), "CN=A+2.5.4.13=#0c0164,C=LV");
        assert_eq!(name_text(&[0x30, 0]).unwrap(), "");
        assert!(name_text(&[0x30, 2, 0x30, 0]).is_err());
    }
}
