//! Which part of PDF/A a document claims, because that bounds what a signature may look like.

use crate::error::Result;
use crate::pdf::Document;
use crate::pdf::{Dictionary, Object, find};

/// The part of ISO 19005 in the document's XMP metadata, if it claims one.
///
/// Metadata that can't be read claim nothing: they bind nobody, and a signature does not touch them.
pub(crate) fn claimed_part(document: &Document, catalog: &Dictionary) -> Result<Option<u8>> {
    let Object::Stream(metadata) = document.get(catalog, "Metadata")? else {
        return Ok(None);
    };
    Ok(document.stream_data(&metadata).ok().and_then(|xmp| part_in(&xmp)))
}

/// The longest string that the part of PDF/A allows, if that is a bound for signatures.
pub(crate) fn most_bytes(part: Option<u8>) -> Option<usize> {
    // ISO 19005-2 and -3, 6.1.13.
    matches!(part, Some(2 | 3)).then_some(32_767)
}

/// `pdfaid:part` as element or as attribute, under whatever prefix the namespace has.
fn part_in(xmp: &[u8]) -> Option<u8> {
    let uri = find(xmp, NAMESPACE)?;
    let before = xmp.get(..uri)?;
    let declared = before.iter().rposition(|byte| *byte == b':')?;
    let prefix: Vec<u8> =
        before.get(declared + 1..)?.iter().copied().take_while(|byte| !matches!(byte, b'=' | b' ')).collect();
    let name = [prefix.as_slice(), b":part"].concat();
    let mut rest = xmp;
    while let Some(at) = find(rest, &name) {
        rest = rest.get(at + name.len()..)?;
        let value = rest.iter().find(|byte| !matches!(byte, b'>' | b'=' | b'"' | b'\'' | b' ' | b'\n' | b'\r' | b'\t'));
        if let Some(digit @ b'1'..=b'9') = value {
            return Some(digit - b'0');
        }
    }
    None
}

const NAMESPACE: &[u8] = b"http://www.aiim.org/pdfa/ns/id/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_element_and_attribute_under_any_prefix() {
        let element =
            br#"<rdf:Description xmlns:pdfaid="http://www.aiim.org/pdfa/ns/id/"><pdfaid:part>2</pdfaid:part>"#;
        let attribute = br#"<d xmlns:a = "http://www.aiim.org/pdfa/ns/id/" a:conformance="B" a:part = '1'/>"#;
        assert_eq!(part_in(element), Some(2));
        assert_eq!(part_in(attribute), Some(1));
        assert_eq!(part_in(b"<x/>"), None);
    }
}
