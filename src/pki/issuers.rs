//! Which certificates stand between a signer and its root.

use crate::error::{CertificateError, ErrorCode, Result};
use crate::pki::Certificate;

/// The issuers of `signer` among `chain`, nearest first, without self-signed ones.
///
/// # Errors
/// [`Error::Certificate`](crate::Error::Certificate) with the code `certificate.chain` when a certificate of the
/// chain is no issuer of the signer's.
pub(crate) fn issuers_of(signer: &Certificate, chain: &[Certificate]) -> Result<Vec<Certificate>> {
    let (path, unrelated) = issuers(signer, chain);
    if unrelated > 0 {
        return Err(CertificateError::new(ErrorCode::CertificateChain).into());
    }
    Ok(path.into_iter().filter(|certificate| !certificate.is_self_signed()).collect())
}

/// The issuers of `certificate` in `pool`, nearest first, and how many of the pool are none.
///
/// Copies of `certificate` and of issuers do not count; validity and trust are not looked at.
pub(crate) fn issuers(certificate: &Certificate, pool: &[Certificate]) -> (Vec<Certificate>, usize) {
    let mut path = vec![certificate.clone()];
    let mut left: Vec<&Certificate> = pool.iter().filter(|other| *other != certificate).collect();
    let mut at = 0;
    while let Some(subject) = path.get(at).cloned() {
        let (found, others): (Vec<_>, Vec<_>) = left.into_iter().partition(|other| other.issued(&subject));
        for issuer in found {
            if !path.contains(issuer) {
                path.push(issuer.clone());
            }
        }
        left = others;
        at += 1;
    }
    let unrelated = left.len();
    (path.into_iter().skip(1).collect(), unrelated)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn issuers_are_ordered_and_roots_left_out() {
        let parse = |pem: &[u8]| Certificate::parse(pem).unwrap();
        let leaf = parse(include_bytes!("../../testdata/pki/rsa2048.pem"));
        let i1 = parse(include_bytes!("../../testdata/pki/i1.pem"));
        let e1 = parse(include_bytes!("../../testdata/pki/e1.pem"));
        let root = parse(include_bytes!("../../testdata/pki/root.pem"));
        let expected = std::slice::from_ref(&i1);
        for chain in
            [vec![i1.clone()], vec![root.clone(), i1.clone()], vec![leaf.clone(), i1.clone(), i1.clone(), root.clone()]]
        {
            assert_eq!(issuers_of(&leaf, &chain).unwrap(), expected);
        }
        for chain in [vec![e1.clone()], vec![root.clone()], vec![i1, e1]] {
            assert_eq!(issuers_of(&leaf, &chain).unwrap_err().code(), ErrorCode::CertificateChain);
        }
        assert!(issuers_of(&root, &[]).unwrap().is_empty());
    }
}
