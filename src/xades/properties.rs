//! The signed properties of a new signature.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::algorithm::digest_uri;
use super::prepare::{DataReference, Ids};
use crate::cms::issuer_serial;
use crate::digest::Digest;
use crate::signing::{Claims, Commitment, Plan, Policy};
use crate::time::Time;
use crate::xml::escape_text;

/// Appends `xades:SignedProperties` in canonical form, with these namespace declarations on itself and on each
/// element of XML Signature below it.
pub(super) fn signed_properties(
    out: &mut Vec<u8>,
    (on_top, on_ds): (&str, &str),
    plan: &Plan,
    ids: &Ids,
    time: Time,
    references: &[DataReference],
) {
    put(out, &format!(r#"<xades:SignedProperties{on_top} Id="{}">"#, ids.signed_properties()));
    put(out, "<xades:SignedSignatureProperties>");
    element(out, "xades:SigningTime", &time.to_string());
    signing_certificate(out, on_ds, plan);
    let claims = plan.claims();
    if let Some(policy) = &claims.policy {
        signature_policy(out, on_ds, policy);
    }
    production_place(out, claims);
    signer_role(out, claims);
    put(out, "</xades:SignedSignatureProperties><xades:SignedDataObjectProperties>");
    for (number, reference) in references.iter().enumerate() {
        let id = ids.reference(number);
        put(out, &format!(r##"<xades:DataObjectFormat ObjectReference="#{id}">"##));
        element(out, "xades:MimeType", &reference.media_type);
        put(out, "</xades:DataObjectFormat>");
    }
    for commitment in &claims.commitments {
        commitment_type(out, commitment);
    }
    put(out, "</xades:SignedDataObjectProperties></xades:SignedProperties>");
}

/// Appends DigestMethod and DigestValue.
pub(super) fn digest_elements(out: &mut Vec<u8>, on_ds: &str, digest: &Digest) {
    let algorithm = digest_uri(digest.algorithm());
    put(out, &format!(r#"<ds:DigestMethod{on_ds} Algorithm="{algorithm}"></ds:DigestMethod>"#));
    let value = STANDARD.encode(digest.as_bytes());
    put(out, &format!("<ds:DigestValue{on_ds}>{value}</ds:DigestValue>"));
}

fn signing_certificate(out: &mut Vec<u8>, on_ds: &str, plan: &Plan) {
    let certificate = plan.certificate();
    put(out, "<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>");
    digest_elements(out, on_ds, &certificate.sha256());
    put(out, "</xades:CertDigest>");
    element(out, "xades:IssuerSerialV2", &STANDARD.encode(issuer_serial(certificate)));
    put(out, "</xades:Cert></xades:SigningCertificateV2>");
}

fn signature_policy(out: &mut Vec<u8>, on_ds: &str, policy: &Policy) {
    put(out, "<xades:SignaturePolicyIdentifier><xades:SignaturePolicyId><xades:SigPolicyId>");
    identifier(out, policy.oid());
    put(out, "</xades:SigPolicyId><xades:SigPolicyHash>");
    digest_elements(out, on_ds, policy.digest());
    put(out, "</xades:SigPolicyHash>");
    if let Some(uri) = policy.location() {
        put(out, "<xades:SigPolicyQualifiers><xades:SigPolicyQualifier>");
        element(out, "xades:SPURI", uri);
        put(out, "</xades:SigPolicyQualifier></xades:SigPolicyQualifiers>");
    }
    put(out, "</xades:SignaturePolicyId></xades:SignaturePolicyIdentifier>");
}

fn production_place(out: &mut Vec<u8>, claims: &Claims) {
    if claims.city.is_none() && claims.country.is_none() {
        return;
    }
    put(out, "<xades:SignatureProductionPlaceV2>");
    for (name, text) in [("xades:City", &claims.city), ("xades:CountryName", &claims.country)] {
        if let Some(text) = text {
            element(out, name, text);
        }
    }
    put(out, "</xades:SignatureProductionPlaceV2>");
}

fn signer_role(out: &mut Vec<u8>, claims: &Claims) {
    if claims.roles.is_empty() {
        return;
    }
    put(out, "<xades:SignerRoleV2><xades:ClaimedRoles>");
    for role in &claims.roles {
        element(out, "xades:ClaimedRole", role);
    }
    put(out, "</xades:ClaimedRoles></xades:SignerRoleV2>");
}

fn commitment_type(out: &mut Vec<u8>, commitment: &Commitment) {
    put(out, "<xades:CommitmentTypeIndication><xades:CommitmentTypeId>");
    match commitment {
        Commitment::Known { xades, .. } => element(out, "xades:Identifier", &format!("{COMMITMENT_URI}{xades}")),
        Commitment::Other(oid) => identifier(out, oid),
    }
    put(out, "</xades:CommitmentTypeId><xades:AllSignedDataObjects></xades:AllSignedDataObjects>");
    put(out, "</xades:CommitmentTypeIndication>");
}

fn identifier(out: &mut Vec<u8>, oid: &str) {
    put(out, &format!(r#"<xades:Identifier Qualifier="OIDAsURN">urn:oid:{oid}</xades:Identifier>"#));
}

fn element(out: &mut Vec<u8>, name: &str, text: &str) {
    put(out, &format!("<{name}>"));
    escape_text(text, out);
    put(out, &format!("</{name}>"));
}

/// Appends what needs no escapes.
pub(super) fn put(out: &mut Vec<u8>, text: &str) {
    out.extend_from_slice(text.as_bytes());
}

// The version stands in it for historical reasons (EN 319 132-1, 5.2.3).
const COMMITMENT_URI: &str = "http://uri.etsi.org/01903/v1.2.2#";
