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
    out: &mut String,
    (on_top, on_ds): (&str, &str),
    plan: &Plan,
    ids: &Ids,
    time: Time,
    references: &[DataReference],
) {
    out.push_str(&format!(r#"<xades:SignedProperties{on_top} Id="{}">"#, ids.signed_properties()));
    out.push_str("<xades:SignedSignatureProperties>");
    element(out, "xades:SigningTime", &time.to_string());
    signing_certificate(out, on_ds, plan);
    let claims = plan.claims();
    if let Some(policy) = &claims.policy {
        signature_policy(out, on_ds, policy);
    }
    production_place(out, claims);
    signer_role(out, claims);
    out.push_str("</xades:SignedSignatureProperties><xades:SignedDataObjectProperties>");
    for (number, reference) in references.iter().enumerate() {
        let id = ids.reference(number);
        out.push_str(&format!(r##"<xades:DataObjectFormat ObjectReference="#{id}">"##));
        element(out, "xades:MimeType", &reference.media_type);
        out.push_str("</xades:DataObjectFormat>");
    }
    for commitment in &claims.commitments {
        commitment_type(out, commitment);
    }
    out.push_str("</xades:SignedDataObjectProperties></xades:SignedProperties>");
}

/// Appends DigestMethod and DigestValue.
pub(super) fn digest_elements(out: &mut String, on_ds: &str, digest: &Digest) {
    let algorithm = digest_uri(digest.algorithm());
    out.push_str(&format!(r#"<ds:DigestMethod{on_ds} Algorithm="{algorithm}"></ds:DigestMethod>"#));
    let value = STANDARD.encode(digest.as_bytes());
    out.push_str(&format!("<ds:DigestValue{on_ds}>{value}</ds:DigestValue>"));
}

fn signing_certificate(out: &mut String, on_ds: &str, plan: &Plan) {
    let certificate = plan.certificate();
    out.push_str("<xades:SigningCertificateV2><xades:Cert><xades:CertDigest>");
    digest_elements(out, on_ds, &certificate.sha256());
    out.push_str("</xades:CertDigest>");
    element(out, "xades:IssuerSerialV2", &STANDARD.encode(issuer_serial(certificate)));
    out.push_str("</xades:Cert></xades:SigningCertificateV2>");
}

fn signature_policy(out: &mut String, on_ds: &str, policy: &Policy) {
    out.push_str("<xades:SignaturePolicyIdentifier><xades:SignaturePolicyId><xades:SigPolicyId>");
    identifier(out, policy.oid());
    out.push_str("</xades:SigPolicyId><xades:SigPolicyHash>");
    digest_elements(out, on_ds, policy.digest());
    out.push_str("</xades:SigPolicyHash>");
    if let Some(uri) = policy.location() {
        out.push_str("<xades:SigPolicyQualifiers><xades:SigPolicyQualifier>");
        element(out, "xades:SPURI", uri);
        out.push_str("</xades:SigPolicyQualifier></xades:SigPolicyQualifiers>");
    }
    out.push_str("</xades:SignaturePolicyId></xades:SignaturePolicyIdentifier>");
}

fn production_place(out: &mut String, claims: &Claims) {
    if claims.city.is_none() && claims.country.is_none() {
        return;
    }
    out.push_str("<xades:SignatureProductionPlaceV2>");
    for (name, text) in [("xades:City", &claims.city), ("xades:CountryName", &claims.country)] {
        if let Some(text) = text {
            element(out, name, text);
        }
    }
    out.push_str("</xades:SignatureProductionPlaceV2>");
}

fn signer_role(out: &mut String, claims: &Claims) {
    if claims.roles.is_empty() {
        return;
    }
    out.push_str("<xades:SignerRoleV2><xades:ClaimedRoles>");
    for role in &claims.roles {
        element(out, "xades:ClaimedRole", role);
    }
    out.push_str("</xades:ClaimedRoles></xades:SignerRoleV2>");
}

fn commitment_type(out: &mut String, commitment: &Commitment) {
    out.push_str("<xades:CommitmentTypeIndication><xades:CommitmentTypeId>");
    match commitment {
        Commitment::Known { xades, .. } => element(out, "xades:Identifier", &format!("{COMMITMENT_URI}{xades}")),
        Commitment::Other(oid) => identifier(out, oid),
    }
    out.push_str("</xades:CommitmentTypeId><xades:AllSignedDataObjects></xades:AllSignedDataObjects>");
    out.push_str("</xades:CommitmentTypeIndication>");
}

fn identifier(out: &mut String, oid: &str) {
    out.push_str(&format!(r#"<xades:Identifier Qualifier="OIDAsURN">urn:oid:{oid}</xades:Identifier>"#));
}

fn element(out: &mut String, name: &str, text: &str) {
    out.push_str(&format!("<{name}>"));
    escape_text(text, out);
    out.push_str(&format!("</{name}>"));
}

// The version stands in it for historical reasons (EN 319 132-1, 5.2.3).
const COMMITMENT_URI: &str = "http://uri.etsi.org/01903/v1.2.2#";
