//! Entry point of the fuzz target for XAdES: any signatures file, and any name and text in one of ours.

use std::collections::BTreeSet;

use super::signing::{moment, plan, sign};
use crate::cms::accept_value;
use crate::xades::{self, Budget, DataReference, Ids, SignatureFile};
use crate::{Canonicalization, DigestAlgorithm, Limits, Plan, ToBeSigned};

/// Reads `data` as a signatures file. Where it is text, its first line is also a file's name, the second its media
/// type, and the rest a role in a signature of ours, which must then be read as it was meant.
pub fn xades_read(data: &[u8]) {
    let limits = Limits::default();
    if let Ok(file) = SignatureFile::read(data, &limits, &Budget::new(&limits)) {
        let again = SignatureFile::read(data, &limits, &Budget::new(&limits)).map(|again| format!("{again:?}"));
        assert_eq!(again.ok(), Some(format!("{file:?}")), "the same bytes read twice");
        assert!(!file.signatures().is_empty());
        for signature in file.signatures() {
            check_signature(signature);
        }
    }
    if let Ok(text) = std::str::from_utf8(data) {
        round_trip(text, Canonicalization::Exclusive);
        round_trip(text, Canonicalization::Inclusive11);
    }
}

fn check_signature(signature: &xades::Signature) {
    let verified = signature.value_verifies();
    assert!(verified.is_none() || (signature.signer.is_some() && signature.algorithm.is_some()));
    let _ = signature.properties_match();
    let mut names = BTreeSet::new();
    for file in signature.files() {
        let own = file.names();
        assert_eq!(own.first(), file.name.as_ref(), "the likeliest name comes first");
        assert!(names.insert(file.name.clone()), "each file is signed once");
        let escapes = own.first().is_some_and(|name| name.starts_with('/') || name.split('/').any(|part| part == ".."));
        assert!(!escapes, "no name leaves the container");
    }
    if let Some(signer) = &signature.signer {
        assert!(signature.certificates.contains(signer));
    }
}

fn round_trip(text: &str, form: Canonicalization) {
    let mut lines = text.splitn(3, '\n');
    let (name, media_type) = (lines.next().unwrap_or_default(), lines.next().unwrap_or("text/plain"));
    let limits = Limits::default();
    let is_ours = name == "mimetype" || name.to_ascii_lowercase().starts_with("meta-inf/");
    if crate::zip::check_name(name, &limits).is_err() || is_ours {
        return;
    }
    let Some(plan) = plan().and_then(|plan| with_role(plan, lines.next())) else { return };
    let plan = plan.canonicalization(form);
    let Some(moment) = moment() else { return };
    let digest = DigestAlgorithm::Sha256.digest(text.as_bytes());
    let references = [DataReference { name: name.to_owned(), digest, media_type: media_type.to_owned() }];
    let ids = Ids::from_nonce(moment.nonce());
    let Ok(draft) = xades::prepare(&plan, &ids, moment.time(), &references) else { return };
    let (certificate, algorithm) = (plan.certificate(), plan.algorithm());
    let certificates = std::slice::from_ref(certificate);
    let (before, after) = (draft.before.clone(), draft.after.clone());
    let read = xades::read_draft(before, after, certificates, algorithm, moment.time(), &references, &limits);
    assert!(read.as_ref().is_ok_and(|read| *read == draft), "a draft of ours is read as it was: {:?}", read.err());

    let to_be_signed = ToBeSigned::new(draft.signed_info.clone(), algorithm);
    let Some(value) = sign(&to_be_signed) else { return };
    let value = accept_value(&value, certificate, &to_be_signed);
    let file = value.and_then(|value| xades::finalize(&draft.before, &value, algorithm, &draft.after));
    let read = file.and_then(|file| SignatureFile::read(&file, &limits, &Budget::new(&limits)));
    assert!(read.is_ok(), "a file of ours is read: {:?}", read.err());
    for signature in read.iter().flat_map(SignatureFile::signatures) {
        assert_eq!(signature.value_verifies(), Some(true));
        assert_eq!(signature.properties_match(), Some(true));
        assert_eq!(signature.files().next().and_then(|file| file.name.as_deref()), Some(name));
        assert!(signature.remarks.is_empty(), "{:?}", signature.remarks);
    }
}

fn with_role(plan: Plan, role: Option<&str>) -> Option<Plan> {
    match role {
        Some(role) => plan.role(role).ok(),
        None => Some(plan),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn examples_and_their_damage_pass() {
        let file = include_bytes!("../../testdata/xades/hello-1.1.xml");
        xades_read(file);
        xades_read("Līgums 1+2 (a&b).pdf\napplication/pdf\n<&>\"'\r\n\u{85}\u{2028}".as_bytes());
        for at in (0..file.len()).step_by(7) {
            let mut changed = file.to_vec();
            changed[at] = changed[at].wrapping_add(1);
            xades_read(&changed);
        }
    }
}
