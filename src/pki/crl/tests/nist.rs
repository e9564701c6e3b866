//! NIST's PKITS, the CRLs included.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

use super::*;
use crate::error::Malformed;
use crate::pki::crl::check::Status;
use crate::pki::crl::scope::Reasons;
use crate::pki::path::{Anchors, Path, Purpose, build};

#[test]
fn certificates_are_judged_as_nist_expects() {
    let suite = Suite::read();
    let mut different = BTreeMap::new();
    let mut judged = 0;
    for case in suite.cases.as_array().unwrap() {
        let is_open = case["policies"] == serde_json::json!(["anyPolicy"]) && case["inhibit"] == serde_json::json!([]);
        if is_open {
            judged += 1;
            let verdict = suite.judge(case);
            if verdict.is_ok() != case["valid"].as_bool().unwrap() {
                different.insert(case["name"].as_str().unwrap(), verdict.map_err(|error| error.to_string()));
            }
        }
    }
    assert_eq!(judged, 214);
    let names: Vec<&str> = different.keys().copied().collect();
    assert_eq!(names, DIFFERENT, "{different:#?}");
}

struct Suite {
    cases: Value,
    certificates: BTreeMap<String, Certificate>,
    crls: BTreeMap<String, Crl>,
}

impl Suite {
    fn read() -> Suite {
        let mut value: Value = serde_json::from_slice(&file("pkits", "pkits.json")).unwrap();
        let der = |text: &Value| STANDARD.decode(text.as_str().unwrap()).unwrap();
        let certificate =
            |(name, text): (&String, &Value)| Some((name.clone(), Certificate::from_der(&der(text)).ok()?));
        let crl = |(name, text): (&String, &Value)| Some((name.clone(), read(&der(text)).ok()?));
        let certificates = value["certificates"].as_object().unwrap().iter().filter_map(certificate).collect();
        let crls = value["crls"].as_object().unwrap().iter().filter_map(crl).collect();
        Suite { cases: value["cases"].take(), certificates, crls }
    }

    /// Builds the path, then asks each list about each certificate of it.
    fn judge(&self, case: &Value) -> Result<()> {
        let at = time("2020-01-01T00:00:00Z");
        let limits = Limits::default();
        let names = |kind: &str| case[kind].as_array().unwrap().iter().map(|name| name.as_str().unwrap());
        let malformed = || Malformed::new(ErrorCode::CertificateMalformed);
        let certificates = names("path").map(|name| self.certificates.get(name).ok_or_else(malformed).cloned());
        let certificates = certificates.collect::<std::result::Result<Vec<_>, _>>()?;
        let anchors = Anchors::new(certificates.first().cloned());
        let find =
            |target: &Certificate, purpose| build(target, &certificates, &anchors, at, purpose, &limits)?.into_path();
        let path = find(certificates.last().unwrap(), Purpose::Signer)?;
        // The issuers on the path first: they tell whether the others' certificates for signing lists are good.
        let crls: Vec<&Crl> = names("crls").filter_map(|name| self.crls.get(name)).collect();
        let (mut signers, mut others) = (Vec::new(), Vec::new());
        for signer in &certificates {
            if let Ok(own) = find(signer, Purpose::CrlSigning) {
                if path.certificates().contains(signer) { signers.push(signer) } else { others.push((signer, own)) }
            }
        }
        for (signer, own) in others {
            // One that only its own list speaks about is good until that says otherwise.
            if !matches!(is_good(&own, &crls, &signers, at), Err(Error::Certificate(_))) {
                signers.push(signer);
            }
        }
        is_good(&path, &crls, &signers, at)
    }
}

/// Whether none is revoked, and of each that is said by complete lists.
fn is_good(path: &Path, crls: &[&Crl], signers: &[&Certificate], at: Time) -> Result<()> {
    for (certificate, _) in path.pairs() {
        let mut covered: Option<Reasons> = None;
        let mut why = Err(fault(ErrorCode::CrlScope).into());
        for (crl, signer) in crls.iter().flat_map(|crl| signers.iter().map(move |signer| (crl, signer))) {
            match crl.check(&Question::new(certificate, signer, at), &Limits::default()) {
                Ok(Status { revocation: Some(revocation), .. }) => return Err(revocation.error()),
                Ok(status) => covered = Some(covered.map_or(status.reasons, |before| before | status.reasons)),
                Err(error) => why = Err(error),
            }
        }
        if !covered.is_some_and(Reasons::are_all) {
            return why;
        }
    }
    Ok(())
}

const DIFFERENT: &[&str] = &[
    // Nobody signs documents with DSA.
    "4.1.4 Valid DSA Signatures Test4",
    "4.1.5 Valid DSA Parameter Inheritance Test5",
    // Delta CRLs are not used: the complete list before them decides.
    "4.15.4 Invalid delta-CRL Test4",
    "4.15.5 Valid delta-CRL Test5",
];
