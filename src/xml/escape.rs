//! Text and attribute values as Canonical XML writes them.

/// Appends `text` as character data: `&amp;`, `&lt;`, `&gt;`, `&#xD;`.
pub(crate) fn escape_text(text: &str, out: &mut Vec<u8>) {
    escape(text, out, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'>' => Some("&gt;"),
        b'\r' => Some("&#xD;"),
        _ => None,
    });
}

/// Appends `value` as what stands between the quotation marks of an attribute.
pub(crate) fn escape_attribute(value: &str, out: &mut Vec<u8>) {
    escape(value, out, |byte| match byte {
        b'&' => Some("&amp;"),
        b'<' => Some("&lt;"),
        b'"' => Some("&quot;"),
        b'\t' => Some("&#x9;"),
        b'\n' => Some("&#xA;"),
        b'\r' => Some("&#xD;"),
        _ => None,
    });
}

fn escape(text: &str, out: &mut Vec<u8>, written: impl Fn(u8) -> Option<&'static str>) {
    let mut rest = text.as_bytes();
    while let Some((at, escaped)) = rest.iter().enumerate().find_map(|(at, byte)| Some((at, written(*byte)?))) {
        let (plain, after) = rest.split_at_checked(at).unwrap_or((rest, &[]));
        out.extend_from_slice(plain);
        out.extend_from_slice(escaped.as_bytes());
        rest = after.get(1..).unwrap_or_default();
    }
    out.extend_from_slice(rest);
}
