//! First half: the signatures file with a hole for the value, and the SignedInfo that is signed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::algorithm::signature_uri;
use super::properties::{digest_elements, put, signed_properties};
use super::uri::encode_uri;
use super::{ASIC, DS, SIGNED_PROPERTIES_TYPE, XADES};
use crate::digest::{Digest, DigestAlgorithm, to_hex};
use crate::error::{ErrorCode, Misuse, Refusal, Result};
use crate::pki::Certificate;
use crate::signing::Plan;
use crate::time::{Time, derive};
use crate::xml::{Canonicalization, is_xml_text};

/// One file that is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DataReference {
    /// The entry's name in the container.
    pub(crate) name: String,
    /// Digest of its content.
    pub(crate) digest: Digest,
    pub(crate) media_type: String,
}

/// The Ids of one signature, all of them with the same beginning.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Ids {
    prefix: String,
}

impl Ids {
    /// Ids that no other signature has, as long as the nonce is drawn once.
    pub(crate) fn from_nonce(nonce: &[u8; 32]) -> Self {
        let id = derive(&[b"eseal-xades", nonce]);
        // An Id is an NCName: it begins with a letter.
        Ids { prefix: format!("S-{}", to_hex(id.get(..16).unwrap_or_default())) }
    }

    /// Ids that begin with `prefix`; `None` unless it is a letter, then letters, digits and `-`, all of them ASCII.
    pub(crate) fn with_prefix(prefix: &str) -> Option<Self> {
        let is_name = prefix.starts_with(|c: char| c.is_ascii_alphabetic())
            && prefix.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        is_name.then(|| Ids { prefix: prefix.to_owned() })
    }

    pub(super) fn signature(&self) -> &str {
        &self.prefix
    }

    pub(super) fn reference(&self, number: usize) -> String {
        format!("{}-R{number}", self.prefix)
    }

    pub(super) fn signed_properties(&self) -> String {
        format!("{}-SP", self.prefix)
    }

    pub(super) fn value(&self) -> String {
        format!("{}-SIG", self.prefix)
    }
}

/// A signatures file with a hole for the value, and what is signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Draft {
    /// From the XML declaration to the start tag of SignatureValue.
    pub(crate) before: Vec<u8>,
    /// From the end tag of SignatureValue to the end of the file.
    pub(crate) after: Vec<u8>,
    /// SignedInfo in its canonical form.
    pub(crate) signed_info: Vec<u8>,
}

/// Writes the signature of `plan` over files that are known by name and digest.
///
/// What is signed is written twice, once for the file and once as its canonical form has it; the two differ in
/// namespace declarations alone. Nothing is parsed.
///
/// # Errors
/// [`Error::Certificate`](crate::Error::Certificate) when the certificate is not valid at `time`;
/// [`Error::Refused`](crate::Error::Refused) when there is no file;
/// [`Error::Misuse`](crate::Error::Misuse) for a media type that can be none, or a digest that is SHA-1.
pub(crate) fn prepare(plan: &Plan, ids: &Ids, time: Time, references: &[DataReference]) -> Result<Draft> {
    plan.check_time(time)?;
    check(references)?;
    let form = plan.wanted_canonicalization();
    let scope = Scope::of(form);
    let mut properties = Vec::new();
    let on_properties = (scope.on_signed_properties.as_str(), scope.on_ds_in_properties.as_str());
    signed_properties(&mut properties, on_properties, plan, ids, time, references);
    let properties_digest = DigestAlgorithm::Sha256.digest(&properties);

    let info = |out: &mut Vec<u8>, on_top: &str| signed_info(out, on_top, plan, ids, references, &properties_digest);
    let mut canonical = Vec::new();
    info(&mut canonical, &scope.on_signed_info);

    let mut before = start(ids);
    info(&mut before, "");
    put(&mut before, &value_start(ids));
    let mut after = after_value(ids, plan.embedded());
    signed_properties(&mut after, ("", ""), plan, ids, time, references);
    put(&mut after, END);
    Ok(Draft { before, after, signed_info: canonical })
}

/// What stands before SignedInfo.
pub(super) fn start(ids: &Ids) -> Vec<u8> {
    let id = ids.signature();
    format!(r#"{DECLARATION}<asic:XAdESSignatures xmlns:asic="{ASIC}"><ds:Signature xmlns:ds="{DS}" Id="{id}">"#)
        .into_bytes()
}

/// The text of SignedInfo in the file, which follows from its canonical form.
pub(super) fn as_in_the_file(signed_info: &[u8]) -> Option<Vec<u8>> {
    [Canonicalization::Exclusive, Canonicalization::Inclusive11].into_iter().find_map(|form| {
        let canonical = format!("<ds:SignedInfo{}>", Scope::of(form).on_signed_info);
        let rest = signed_info.strip_prefix(canonical.as_bytes())?;
        Some([b"<ds:SignedInfo>", rest].concat())
    })
}

/// What stands between SignedInfo and the value.
pub(super) fn value_start(ids: &Ids) -> String {
    format!(r#"<ds:SignatureValue Id="{}">"#, ids.value())
}

/// What stands between the value and the signed properties.
pub(super) fn after_value<'a>(ids: &Ids, certificates: impl Iterator<Item = &'a Certificate>) -> Vec<u8> {
    let mut out = b"</ds:SignatureValue><ds:KeyInfo><ds:X509Data>".to_vec();
    for certificate in certificates {
        let text = STANDARD.encode(certificate.as_der());
        put(&mut out, &format!("<ds:X509Certificate>{text}</ds:X509Certificate>"));
    }
    put(&mut out, "</ds:X509Data></ds:KeyInfo><ds:Object>");
    let target = ids.signature();
    put(&mut out, &format!(r##"<xades:QualifyingProperties xmlns:xades="{XADES}" Target="#{target}">"##));
    out
}

fn check(references: &[DataReference]) -> Result<()> {
    if references.is_empty() {
        return Err(Refusal::new(ErrorCode::AsiceEmpty).into());
    }
    for reference in references {
        let media_type = &reference.media_type;
        // Readers cut white space off, and would then see another one.
        if media_type.is_empty() || media_type.trim() != media_type || !is_xml_text(media_type) {
            return Err(Misuse::new("media type is empty, or has characters it can't have").into());
        }
        if reference.digest.algorithm() == DigestAlgorithm::Sha1ForLegacyValidation {
            return Err(Misuse::new("digest is none of SHA-256, SHA-384, SHA-512").into());
        }
    }
    Ok(())
}

/// Appends `ds:SignedInfo` in canonical form, with these namespace declarations.
fn signed_info(
    out: &mut Vec<u8>,
    on_top: &str,
    plan: &Plan,
    ids: &Ids,
    references: &[DataReference],
    properties_digest: &Digest,
) {
    let method = plan.wanted_canonicalization().method().uri();
    put(out, &format!("<ds:SignedInfo{on_top}>"));
    put(out, &format!(r#"<ds:CanonicalizationMethod Algorithm="{method}"></ds:CanonicalizationMethod>"#));
    let algorithm = signature_uri(plan.algorithm());
    put(out, &format!(r#"<ds:SignatureMethod Algorithm="{algorithm}"></ds:SignatureMethod>"#));
    for (number, reference) in references.iter().enumerate() {
        let (id, uri) = (ids.reference(number), encode_uri(&reference.name));
        put(out, &format!(r#"<ds:Reference Id="{id}" URI="{uri}">"#));
        digest_elements(out, "", &reference.digest);
        put(out, "</ds:Reference>");
    }
    let properties = ids.signed_properties();
    put(out, &format!(r##"<ds:Reference Type="{SIGNED_PROPERTIES_TYPE}" URI="#{properties}">"##));
    put(out, &format!(r#"<ds:Transforms><ds:Transform Algorithm="{method}"></ds:Transform></ds:Transforms>"#));
    digest_elements(out, "", properties_digest);
    put(out, "</ds:Reference></ds:SignedInfo>");
}

/// Namespace declarations that canonical forms show and the file does not.
struct Scope {
    on_signed_info: String,
    on_signed_properties: String,
    on_ds_in_properties: String,
}

impl Scope {
    fn of(form: Canonicalization) -> Self {
        let (asic, ds) = (format!(r#" xmlns:asic="{ASIC}""#), format!(r#" xmlns:ds="{DS}""#));
        let xades = format!(r#" xmlns:xades="{XADES}""#);
        match form {
            // Each element declares what it uses and none above it has.
            Canonicalization::Exclusive => {
                Scope { on_signed_info: ds.clone(), on_signed_properties: xades, on_ds_in_properties: ds }
            }
            // The uppermost element declares all that is in scope, sorted by prefix.
            Canonicalization::Inclusive11 => Scope {
                on_signed_info: format!("{asic}{ds}"),
                on_signed_properties: format!("{asic}{ds}{xades}"),
                on_ds_in_properties: String::new(),
            },
        }
    }
}

/// What stands after the signed properties.
pub(super) const END: &str = "</xades:QualifyingProperties></ds:Object></ds:Signature></asic:XAdESSignatures>";
const DECLARATION: &str = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
