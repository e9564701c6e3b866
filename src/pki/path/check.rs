//! The rules that a complete path has to keep (RFC 5280, 6.1).

use super::Purpose;
use crate::error::{CertificateError, Error, ErrorCode, PathFault, Result};
use crate::pki::constraints::{Comparisons, names, permits};
use crate::pki::extensions::{Extensions, NameConstraints};
use crate::pki::name::same_name;
use crate::pki::policy::PolicyState;
use crate::pki::strength::is_strong;
use crate::pki::{Certificate, oid};
use crate::time::Time;

/// Checks `path`: the target, its issuers, the anchor. Its signatures verify already.
///
/// What the anchor's certificate says of path length and names is kept, too; its validity is the caller's affair.
pub(super) fn check(path: &[Certificate], at: Time, purpose: Purpose, comparisons: &mut Comparisons) -> Result<()> {
    let Some((anchor, below)) = path.split_last() else { return Err(Error::Bug("a path without certificates")) };
    let Some((target, issuers)) = below.split_first() else {
        // The target itself is trusted.
        let extensions = read(anchor)?;
        check_validity(anchor, at)?;
        return check_purpose(extensions, purpose).map_err(|fault| fault_at(fault, anchor));
    };
    let mut rules =
        Rules { issuer: anchor, path_len: None, constraints: Vec::new(), policies: PolicyState::new(below.len()) };
    let extensions = read(anchor)?;
    check_anchor(anchor, extensions).map_err(|fault| fault_at(fault, anchor))?;
    rules.path_len = extensions.path_len;
    rules.constraints.extend(&extensions.name_constraints);
    for certificate in issuers.iter().rev() {
        let extensions = read(certificate)?;
        let is_self_issued = same_name(certificate.subject_der(), certificate.issuer_der());
        rules.check_each(certificate, extensions, at, !is_self_issued, comparisons)?;
        let policies = rules.policies.pass_issuer(&extensions.policies, is_self_issued);
        policies
            .and_then(|()| rules.pass_issuer(extensions, is_self_issued))
            .map_err(|fault| fault_at(fault, certificate))?;
        rules.issuer = certificate;
    }
    let extensions = read(target)?;
    rules.check_each(target, extensions, at, true, comparisons)?;
    let policies = rules.policies.pass_last(&extensions.policies);
    policies.and_then(|()| check_purpose(extensions, purpose)).map_err(|fault| fault_at(fault, target))
}

/// What the certificates above ask of the next one.
struct Rules<'a> {
    issuer: &'a Certificate,
    /// How many CAs may follow.
    path_len: Option<u32>,
    constraints: Vec<&'a NameConstraints>,
    policies: PolicyState<'a>,
}

impl<'a> Rules<'a> {
    fn check_each(
        &self,
        certificate: &Certificate,
        extensions: &Extensions,
        at: Time,
        is_named: bool,
        comparisons: &mut Comparisons,
    ) -> Result<()> {
        check_validity(certificate, at)?;
        let key = self.issuer.key();
        if !certificate.signature_algorithm(key).is_some_and(|algorithm| is_strong(algorithm, key, at)) {
            return Err(fault_at(PathFault::Algorithm, certificate));
        }
        if extensions.has_unknown_critical {
            return Err(fault_at(PathFault::UnknownExtension, certificate));
        }
        if is_named && !self.constraints.is_empty() {
            let names = names(certificate, extensions).map_err(|_| fault_at(PathFault::Malformed, certificate))?;
            for constraints in &self.constraints {
                if !permits(constraints, &names, comparisons)? {
                    return Err(fault_at(PathFault::NameConstraints, certificate));
                }
            }
        }
        Ok(())
    }

    /// RFC 5280, 6.1.4 (g) to (n).
    fn pass_issuer(&mut self, extensions: &'a Extensions, is_self_issued: bool) -> Result<(), PathFault> {
        if extensions.is_ca != Some(true) {
            return Err(PathFault::NotCa);
        }
        if extensions.key_usage.is_some_and(|usage| !usage.signs_certificates()) {
            return Err(PathFault::KeyUsage);
        }
        if !is_self_issued && let Some(left) = self.path_len {
            self.path_len = Some(left.checked_sub(1).ok_or(PathFault::PathLength)?);
        }
        if let Some(own) = extensions.path_len {
            self.path_len = Some(self.path_len.unwrap_or(own).min(own));
        }
        self.constraints.extend(&extensions.name_constraints);
        Ok(())
    }
}

fn check_validity(certificate: &Certificate, at: Time) -> Result<()> {
    let fault = |fault, time| {
        let error = CertificateError::new(ErrorCode::CertificatePath).on_path(fault, certificate.subject());
        Err(error.time(time).into())
    };
    if at < certificate.not_before() {
        return fault(PathFault::NotYetValid, certificate.not_before());
    }
    if at > certificate.not_after() {
        return fault(PathFault::Expired, certificate.not_after());
    }
    Ok(())
}

/// An old root without extensions is a CA because it is trusted; any other has to say so.
fn check_anchor(anchor: &Certificate, extensions: &Extensions) -> Result<(), PathFault> {
    if extensions.is_ca != Some(true) && anchor.has_extensions() {
        return Err(PathFault::NotCa);
    }
    if extensions.key_usage.is_some_and(|usage| !usage.signs_certificates()) {
        return Err(PathFault::KeyUsage);
    }
    Ok(())
}

fn check_purpose(extensions: &Extensions, purpose: Purpose) -> Result<(), PathFault> {
    let usage = extensions.key_usage;
    let extended = extensions.extended_key_usage.as_ref();
    let is_used = match purpose {
        Purpose::Signer | Purpose::Timestamping | Purpose::OcspSigning => usage.is_none_or(|usage| usage.signs_data()),
        Purpose::CrlSigning => usage.is_none_or(|usage| usage.signs_crls()),
        Purpose::Ca => usage.is_none_or(|usage| usage.signs_certificates()),
    };
    let has_purpose = match purpose {
        Purpose::Timestamping => extended.is_some_and(|extended| extended.is_only(oid::TIME_STAMPING)),
        Purpose::OcspSigning => extended.is_some_and(|extended| extended.has(oid::OCSP_SIGNING)),
        Purpose::Signer | Purpose::CrlSigning | Purpose::Ca => true,
    };
    if purpose == Purpose::Ca && extensions.is_ca != Some(true) {
        Err(PathFault::NotCa)
    } else if purpose == Purpose::Timestamping && extensions.is_ca == Some(true) {
        Err(PathFault::IsCa)
    } else if !is_used {
        Err(PathFault::KeyUsage)
    } else if !has_purpose {
        Err(PathFault::ExtendedKeyUsage)
    } else {
        Ok(())
    }
}

fn read(certificate: &Certificate) -> Result<&Extensions> {
    certificate.extensions().map_err(|_| fault_at(PathFault::Malformed, certificate))
}

fn fault_at(fault: PathFault, certificate: &Certificate) -> Error {
    CertificateError::new(ErrorCode::CertificatePath).on_path(fault, certificate.subject()).into()
}
