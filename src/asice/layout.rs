//! Which entries of a container are what, and what new ones are called.

use crate::error::{ErrorCode, Refusal, Result};
use crate::limits::Limits;
use crate::zip;

/// What the `mimetype` entry of an ASiC-E container says (EN 319 162-1, annex A.1).
pub(crate) const ASICE: &str = "application/vnd.etsi.asic-e+zip";
pub(crate) const MIMETYPE: &str = "mimetype";
pub(crate) const MANIFEST: &str = "META-INF/manifest.xml";

/// Whether an entry of this name is to be signed.
pub(crate) fn is_data_file(name: &str) -> bool {
    name != MIMETYPE && !is_meta(name) && !name.ends_with('/')
}

/// Whether an entry of this name holds XAdES signatures.
pub(crate) fn is_signature_file(name: &str) -> bool {
    let Some(file) = name.strip_prefix(META).filter(|file| !file.contains('/')) else { return false };
    let file = file.to_ascii_lowercase();
    file.contains("signatures") && file.ends_with(".xml")
}

/// Whether an entry of this name is part of a kind of signature that is not added to: CAdES, ASiC-S, evidence records.
pub(crate) fn is_other_signature(name: &str) -> bool {
    let Some(file) = name.strip_prefix(META) else { return false };
    let file = file.to_ascii_lowercase();
    let is_manifest = file.starts_with("asic") && file.contains("manifest") && file.ends_with(".xml");
    is_manifest || [".p7s", ".tst", ".ers"].iter().any(|end| file.ends_with(end)) || file.starts_with("evidencerecord")
}

/// Whether it holds signatures here, and not to validators: they tell letters apart.
pub(crate) fn is_odd_signature_file(name: &str) -> bool {
    is_signature_file(name) && !(name.contains("signatures") && name.ends_with(".xml"))
}

/// Whether an entry of this name stands where signatures do, and is to validators neither one nor a part of one: what
/// others put there is covered by no signature that covers the data files.
pub(crate) fn is_stranger(name: &str) -> bool {
    let is_known = name == MANIFEST || is_signature_file(name) || is_other_signature(name);
    is_meta(name) && !name.ends_with('/') && (!is_known || is_odd_signature_file(name))
}

/// The number in a signature file's name, such as 2 in `META-INF/edoc-signatures-S2.xml`.
pub(crate) fn number_of(name: &str) -> Option<u64> {
    let name = name.strip_prefix(META)?;
    let (stem, ending) = name.split_at_checked(name.len().checked_sub(4)?)?;
    if !ending.eq_ignore_ascii_case(".xml") {
        return None;
    }
    let digits = stem.len() - stem.bytes().rev().take_while(u8::is_ascii_digit).count();
    stem.get(digits..)?.parse().ok()
}

/// The name of one more signature file: above every number that is used, and no entry's in other letters or a folder's.
pub(crate) fn next_signature_file<'a>(names: impl Iterator<Item = &'a str> + Clone) -> String {
    let used = names.clone().filter(|name| is_signature_file(name)).map(|name| number_of(name).unwrap_or(0));
    let next = used.max().map_or(0, |highest| highest.saturating_add(1));
    let mut taken = zip::Names::default();
    for name in names {
        // Among themselves they were looked at when the container was opened.
        let _ = taken.insert(name);
    }
    let free = (next..=u64::MAX).map(signature_file).find(|name| taken.insert(name));
    free.unwrap_or_else(|| signature_file(next))
}

/// The name of the signature file of this number.
pub(crate) fn signature_file(number: u64) -> String {
    format!("{META}signatures{number}.xml")
}

/// Makes sure that a data file can have this name.
pub(crate) fn check_data_file(name: &str, limits: &Limits) -> Result<()> {
    let refused = || Refusal::new(ErrorCode::AsiceName).file(name);
    zip::check_name(name, limits).map_err(|_| refused())?;
    let lower = name.to_lowercase();
    let is_reserved = lower == MIMETYPE || lower == "meta-inf" || lower.starts_with("meta-inf/");
    if is_reserved || name.ends_with('/') { Err(refused().into()) } else { Ok(()) }
}

fn is_meta(name: &str) -> bool {
    name.starts_with(META)
}

const META: &str = "META-INF/";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tells_what_an_entry_is() {
        for name in ["a.txt", "dir/META-INF/x", "signatures0.xml", "mimetype.txt"] {
            assert!(is_data_file(name), "{name}");
        }
        for name in ["mimetype", "META-INF/manifest.xml", "dir/"] {
            assert!(!is_data_file(name), "{name}");
        }
        for name in ["META-INF/signatures0.xml", "META-INF/edoc-signatures-S1.xml", "META-INF/Signatures.XML"] {
            assert!(is_signature_file(name), "{name}");
        }
        for name in ["META-INF/signature.p7s", "META-INF/ASiCManifest001.xml", "META-INF/timestamp.tst"] {
            assert!(is_other_signature(name) && !is_signature_file(name), "{name}");
        }
        assert!(!is_signature_file("META-INF/sub/signatures0.xml") && !is_other_signature(MANIFEST));
        for name in [
            "META-INF/contract.pdf",
            "META-INF/signature.xml",
            "META-INF/sub/signatures0.xml",
            "META-INF/signatures0.xml.bak",
            "META-INF/MANIFEST.XML",
            "META-INF/SIGNATURES0.XML",
        ] {
            assert!(is_stranger(name) && !is_data_file(name), "{name}");
        }
        for name in [MANIFEST, MIMETYPE, "a.txt", "META-INF/", "META-INF/signatures0.xml", "META-INF/signature.p7s"] {
            assert!(!is_stranger(name), "{name}");
        }
    }

    #[test]
    fn the_next_name_is_above_all() {
        let next = |names: &[&str]| next_signature_file(names.iter().copied());
        assert_eq!(next(&["a.txt", "META-INF/manifest.xml"]), "META-INF/signatures0.xml");
        assert_eq!(next(&["META-INF/signatures.xml"]), "META-INF/signatures1.xml");
        assert_eq!(next(&["META-INF/edoc-signatures-S1.xml"]), "META-INF/signatures2.xml");
        assert_eq!(next(&["META-INF/signatures001.xml", "META-INF/signatures2.xml"]), "META-INF/signatures3.xml");
        assert_eq!(next(&["META-INF/signatures0.xml", "META-INF/SIGNATURES1.XML"]), "META-INF/signatures2.xml");
        assert_eq!(next(&["META-INF/Signatures0.xml/a"]), "META-INF/signatures1.xml");
        let huge = format!("META-INF/signatures{}.xml", u64::MAX);
        assert_eq!(next(&[&huge]), huge);
    }

    #[test]
    fn reserved_and_unsafe_names_are_refused() {
        let limits = Limits::default();
        for name in ["mimetype", "MIMETYPE", "META-INF/a", "meta-inf/a", "META-INF", "a/", "../a", "/a", "a//b", ""] {
            assert_eq!(check_data_file(name, &limits).unwrap_err().code(), ErrorCode::AsiceName, "{name}");
        }
        for name in ["a", "dir/ā b.txt", "😀.txt", "it's #1; 2+2 & more: x.txt"] {
            check_data_file(name, &limits).unwrap();
        }
    }
}
