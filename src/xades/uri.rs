//! Names of data files as URIs of references.

/// The URI of the data file `name`: UTF-8, percent-encoded but for letters, digits and `-._~/`.
///
/// This is the narrowest of the forms in use; each reader understands it.
pub(crate) fn encode_uri(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for byte in name.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte) {
            out.push(char::from(byte));
        } else {
            let digit = |n: u8| char::from_digit(u32::from(n), 16).unwrap_or('0').to_ascii_uppercase();
            out.extend(['%', digit(byte >> 4), digit(byte & 15)]);
        }
    }
    out
}

/// The bytes behind a URI: percent-encoding undone once, `+` is a plus sign; `None` where it is malformed.
pub(crate) fn decode_uri(uri: &str) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(uri.len());
    let mut rest = uri.as_bytes();
    while let Some((&byte, after)) = rest.split_first() {
        rest = after;
        if byte == b'%' {
            let (pair, after) = rest.split_at_checked(2)?;
            out.extend(crate::digest::from_hex(pair)?);
            rest = after;
        } else {
            out.push(byte);
        }
    }
    Some(out)
}
