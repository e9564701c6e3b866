//! Of what kind a file is, by its name.

use crate::asice::layout::ASICE;
use crate::error::{Misuse, Result};
use crate::xml::is_xml_text;

/// The media type that goes with the name, `application/octet-stream` where it tells nothing.
pub(crate) fn of_name(name: &str) -> String {
    let extension = name.rsplit_once('.').map(|(_, extension)| extension.to_ascii_lowercase());
    match extension.as_deref() {
        // Known to nobody else.
        Some("asice" | "sce" | "edoc" | "bdoc") => ASICE.to_owned(),
        Some("asics" | "scs") => "application/vnd.etsi.asic-s+zip".to_owned(),
        _ => mime_guess::from_path(name).first_raw().unwrap_or(UNKNOWN).to_owned(),
    }
}

/// Makes sure that a media type that was told can be written: `type/subtype`, perhaps with parameters (RFC 2045, 5.1).
pub(crate) fn check(media_type: &str) -> Result<()> {
    let is_token = |part: &str| {
        !part.is_empty() && part.bytes().all(|c| c.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&c))
    };
    let (essence, _) = media_type.split_once(';').unwrap_or((media_type, ""));
    let sound = essence.trim().split_once('/').is_some_and(|(kind, sub)| is_token(kind) && is_token(sub));
    if sound && is_xml_text(media_type) { Ok(()) } else { Err(Misuse::new("media type is not type/subtype").into()) }
}

const UNKNOWN: &str = "application/octet-stream";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_kinds() {
        for (name, expected) in [
            ("a.txt", "text/plain"),
            ("A.PDF", "application/pdf"),
            ("inner.asice", ASICE),
            ("inner.EDOC", ASICE),
            ("a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
            ("noextension", UNKNOWN),
            ("dir.pdf/plain", UNKNOWN),
        ] {
            assert_eq!(of_name(name), expected, "{name}");
        }
    }

    #[test]
    fn what_is_no_media_type_is_refused() {
        for good in ["text/plain", "text/plain; charset=utf-8", "application/vnd.etsi.asic-e+zip"] {
            check(good).unwrap();
        }
        for bad in ["", "text", "/plain", "text/", "te xt/plain", "text/plain\u{1}", "text/pl/ain"] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
